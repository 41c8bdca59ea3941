"""Which year's table of a publication a file is: by its title, never by its columns.

A codebook lists its issues with the titles that tell them (`analysis.codebook.model.Issue`).
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.codebook.model import Codebook, Issue
from analysis.errors import InputError, Message
from analysis.intake.headings import normalise
from analysis.intake.sheet import Sheet

TITLED = 5  # rows in which a title stands


def of_sheets(sheets: Sequence[Sheet], book: Codebook) -> Issue | None:
    """The issue that the titles of a file tell; None of a codebook without issues.

    Raises
    ------
    InputError : no title, or those of several issues, are in the file, or it lacks the sheet.
    """
    if not book.issues:
        return None
    heads = [sheet.text.iloc[:TITLED].to_numpy(object).ravel() for sheet in sheets]
    texts = [str(text) for head in heads for text in head if text != ""]
    there = [
        issue
        for issue in book.issues
        if any(normalise(title) in normalise(text) for title in issue.titles for text in texts)
    ]
    if len(there) != 1:
        raise InputError(
            "no title of the codebook {book} is in the file, which begins with {first!r}"
            if not there
            else "the file has the titles of several issues ({there})",
            file=sheets[0].file if sheets else None,
            hint="the workbench knows {known}; give one of these files, or add the new year "
            "to the codebook under issues",
            book=book.id,
            first=texts[0][:60] if texts else "",
            there=[issue.id for issue in there],
            known=[f"{issue.id}（{issue.titles[0]}）" for issue in book.issues],
        )
    issue = there[0]
    if issue.sheet is not None and issue.sheet not in [sheet.sheet for sheet in sheets]:
        raise InputError(
            "the file is {issue} but has no sheet {wanted!r}",
            file=sheets[0].file,
            hint="there are: {there}",
            issue=issue.id,
            wanted=issue.sheet,
            there=[sheet.sheet for sheet in sheets] or Message("none"),
        )
    return issue


def check(sheets: Sequence[Sheet], book: Codebook, wanted: str | None) -> None:
    """Refuse a file of another issue than wave.yml gives."""
    issue = of_sheets(sheets, book)
    if issue is not None and issue.id != wanted:
        raise InputError(
            "the file is the issue {found}, and wave.yml says {wanted}",
            file=sheets[0].file,
            hint="write issue: {found} and as_of: {as_of}, or give the other file",
            found=issue.id,
            wanted=wanted,
            as_of=issue.as_of,
        )
