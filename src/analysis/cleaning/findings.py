"""Findings: what cleaning changed, doubts or refused, one row each with its place in the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.cleaning.rules import RULES
from analysis.intake.read import RawTable
from analysis.text import Language, label

SEVERITIES = ("repaired", "doubtful", "refused")
COLUMNS = [
    *("file", "sheet", "cell", "code", "name", "question", "rule", "severity"),
    *("raw", "value", "ja", "en"),
]


class Note(NamedTuple):
    """A finding on one cell; `more` completes its sentence (Japanese, NUL, English)."""

    record: int
    column: int
    rule: str
    value: str = ""
    more: str = ""


def counted(findings: pd.DataFrame, language: Language) -> str:
    """How many there are of each severity, in words."""
    counts = findings["severity"].value_counts()
    return ("、" if language == "ja" else ", ").join(
        f"{label(f'severity.{kind}', language)} {counts.get(kind, 0)}" for kind in SEVERITIES
    )


def listed(
    notes: Sequence[Note], raw: RawTable, codes: np.ndarray, names: Mapping[str, str]
) -> pd.DataFrame:
    """The findings in the order of the files, with those on whole rows, columns and loose cells.

    `codes` per record; `names` of the municipalities by code.
    """
    cells = raw.text.to_numpy(object)
    said: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    rows = []
    for i, j, rule, value, more in sorted(notes, key=lambda note: note[:2]):
        text, code = str(cells[i, j]), str(codes[i] or "")
        key = (rule, text, value, more)
        if key not in said:
            said[key] = _messages(*key)
        question = str(raw.column_variable[j] or "").lstrip("@")
        place = (raw.file[i], raw.sheet[i], raw.address(i, j), code, names.get(code, ""), question)
        rows.append((*place, rule, RULES[rule].severity, text, value, *said[key]))
    loose = raw.outside[raw.outside["reason"] == "unmatched"]
    about = [("hidden", file, sheet, place, place) for file, sheet, place in raw.hidden]
    heads = raw.outside[raw.outside["reason"] == "header"]
    about += [("unmatched", *place) for place in _loose(loose, heads)]
    for one in raw.headed:
        told = _messages("heading", one.text, one.question.id, "\0".join(
            one.question.label[language] for language in ("ja", "en")))  # fmt: skip
        place = (one.file, one.sheet, one.cell, "", "", one.question.id)
        rows.append(
            (*place, "heading", RULES["heading"].severity, one.text, one.question.id, *told)
        )
    sheets = list(zip(raw.file, raw.sheet, strict=True))
    replies = Counter(sheets)
    alone = {s: str(code) for s, code in zip(sheets, codes, strict=True) if replies[s] == 1}
    for rule, file, sheet, cell, text in about:  # of a form, the one who filled it in
        severity, told = RULES[rule].severity, _messages(rule, text, "", "")
        code = alone.get((file, sheet), "")
        place = (file, sheet, cell, code, names.get(code, ""), "")
        rows.append((*place, rule, severity, text, "", *told))
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def _loose(cells: pd.DataFrame, heads: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """File, sheet, place and text of cells of no question; a column with a heading is told once."""
    column = cells["cell"].str.extract("([A-Z]+)", expand=False)
    headed = heads.assign(column=heads["cell"].str.extract("([A-Z]+)", expand=False))
    told = headed.groupby(["file", "sheet", "column"])["text"].last()
    for (file, sheet, letters), part in cells.groupby(["file", "sheet", column], sort=False):
        heading = told.get((file, sheet, letters), "")
        if heading and len(part) > 1:
            yield file, sheet, f"{part['cell'].iloc[0]}:{part['cell'].iloc[-1]}", heading
        else:
            yield from part[["file", "sheet", "cell", "text"]].itertuples(index=False, name=None)


def _messages(rule: str, raw: str, value: str, more: str) -> tuple[str, str]:
    ja, _, en = more.partition("\0")
    message = RULES[rule].message
    return (
        message("ja", raw=raw, value=value, more=ja),
        message("en", raw=raw, value=value, more=en or ja),
    )
