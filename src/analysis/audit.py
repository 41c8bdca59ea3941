"""Workbooks checked against the ministry's rules of machine readability, before any cleaning.

Nothing is changed: each breach is listed with its cell, and `annotate` writes a copy with comments
in the cells that can be mailed back to the office. No codebook is needed.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import archive, paths
from analysis.breaches import Breach, breaches
from analysis.errors import InputError
from analysis.readability import RULES
from analysis.readers import read_file
from analysis.text import Language

COLUMNS = ["file", "sheet", "cell", "rule", "raw", "ja", "en"]
SHOWN = 12  # cells of one rule in the printed report


def audit(files: Iterable[str | Path]) -> pd.DataFrame:
    """All breaches: file, sheet, cell, rule, raw, and a message in ja and en.

    A file that is no readable table is itself a breach of rule 1-1; a missing one is an error.
    """
    found: list[tuple[str, ...]] = []
    for file in map(Path, files):
        if not file.is_file():
            raise InputError("there is no such file", file=file, hint="check the path")
        try:
            sheets = read_file(file)
        except InputError as error:
            found.append((file.name, "", "", "1-1", "", *_message("1-1", str(error))))
            continue
        pictures = archive.objects(file.read_bytes()) if sheets[0].sheet else {}
        for sheet in sheets:
            all_of_it = [*breaches(sheet), *(("1-8", c, "") for c in pictures.get(sheet.sheet, ()))]
            found += [
                (sheet.file, sheet.sheet, cell, rule, raw, *_message(rule, raw))
                for rule, cell, raw in _sorted(all_of_it)
            ]
    return pd.DataFrame(found, columns=COLUMNS, dtype="str")


def annotate(
    file: str | Path, findings: pd.DataFrame, out: str | Path, *, language: Language = "ja"
) -> Path:
    """Write a copy of a workbook with a comment in every cell that breaks a rule.

    Raises
    ------
    InputError
        The file is no workbook, or `out` is the file itself.
    """
    import openpyxl
    from openpyxl.comments import Comment

    file, out = Path(file), Path(out)
    if out.resolve() == file.resolve():
        raise InputError("a file as received is never changed", file=out, hint="name another file")
    if file.suffix.lower() not in {".xlsx", ".xlsm"}:
        raise InputError(
            "comments can only be put into an Excel workbook", file=file, hint="save it as .xlsx"
        )
    read_file(file)  # refuses what would harm openpyxl
    macros = file.suffix.lower() == ".xlsm"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl names what it cannot keep, such as slicers
        try:
            book = openpyxl.load_workbook(file, keep_vba=macros)
        except Exception as error:
            raise InputError(
                f"the workbook cannot be copied ({archive.brief(error)})",
                file=file,
                hint=archive.REPAIR,
            ) from None
    own = findings[(findings["file"] == file.name) & (findings["cell"] != "")]
    for (sheet, cell), group in own.groupby(["sheet", "cell"], sort=False):
        page = book[sheet]
        anchor = _anchor(page, str(cell))
        earlier = f"{anchor.comment.text}\n" if anchor.comment else ""
        text = earlier + "\n".join(dict.fromkeys(group[language]))
        anchor.comment = Comment(text, "workbench", width=320, height=40 + 40 * len(group))
    content = io.BytesIO()
    book.save(content)
    paths.write_atomic(out, content.getvalue())
    return out


def _anchor(page: Any, cell: str) -> Any:
    """The cell that a comment goes into: the first of a range, row or column."""
    first = cell.partition(":")[0]
    first = f"A{first}" if first.isdecimal() else first if first[-1].isdecimal() else f"{first}1"
    for merged in page.merged_cells.ranges:
        if first in merged:
            first = merged.start_cell.coordinate
    return page[first]


def report(
    files: Sequence[Path], *, language: Language = "ja", annotate_to: Path | None = None
) -> str:
    """What ``workbench audit`` prints; with `annotate_to`, also the copy with comments."""
    if annotate_to and len(files) != 1:
        raise InputError("--annotate takes one workbook at a time", hint="audit them one by one")
    findings = audit(files)
    ja = language == "ja"
    lines = []
    for (file, sheet), own in findings.groupby(["file", "sheet"], sort=False):
        lines.append(f"{file}  {sheet}".rstrip())
        for rule, group in own.groupby("rule", sort=False):
            about = RULES[str(rule)]
            lines.append(f"  [{rule}] {about.title[language]}: {about.advice[language]}")
            cells = [f"{c} {_shown(raw)}".strip() for c, raw in zip(group["cell"], group["raw"],
                                                                    strict=True)]  # fmt: skip
            more = len(cells) - SHOWN
            rest = (f" ほか {more} 件" if ja else f" and {more} more") if more > 0 else ""
            lines.append("      " + ", ".join(filter(None, cells[:SHOWN])) + rest)
    clean = [Path(f).name for f in files if Path(f).name not in set(findings["file"])]
    lines += [f"{name}  " + ("指摘なし" if ja else "no breach") for name in clean]
    total = len(findings)
    lines.append(
        f"{len(files)} ファイル、指摘 {total} 件"
        if ja
        else f"{len(files)} file(s), {total} breaches"
    )
    if annotate_to:
        annotate(files[0], findings, annotate_to, language=language)
        lines.append(
            f"コメント付きの写し: {annotate_to}" if ja else f"with comments: {annotate_to}"
        )
    return "\n".join(lines)


def _shown(raw: str) -> str:
    """The text of a cell as a message quotes it."""
    shown = raw.replace("\r", "").replace("\n", "⏎")
    return f"「{shown[:40]}」" if raw else ""


def _message(rule: str, raw: str) -> tuple[str, str]:
    about = RULES[rule]
    return (
        f"[{rule}] {about.title.ja}{_shown(raw)}。{about.advice.ja}。",
        f"[{rule}] {about.title.en}{_shown(raw)}: {about.advice.en}.",
    )


def _sorted(breaches: Iterable[Breach]) -> list[Breach]:
    """By rule, each breach once."""
    return sorted(dict.fromkeys(breaches), key=lambda breach: list(RULES).index(breach[0]))
