"""Definitions of questionnaires as form tools keep them, from which a codebook is drafted whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.intake.sheet import Sheet
from workbench.office.definitions import limesurvey, redcap, xlsform
from workbench.office.definitions.core import Definition


def find(file: Path, sheets: Sequence[Sheet]) -> Definition | None:
    """The definition that a file holds; None where it holds no questionnaire.

    Parameters
    ----------
    file : the structure of LimeSurvey (.lss, or the archive .lsa), or any other.
    sheets : of that other file: XLSForm, or the data dictionary of REDCap.

    Raises
    ------
    InputError
        The file is damaged.
    """
    if file.suffix.lower() in limesurvey.SUFFIXES:
        return limesurvey.read(file)
    readers = (xlsform.read, redcap.read)
    return next((found for read in readers if (found := read(sheets)) is not None), None)


__all__ = ["Definition", "find"]
