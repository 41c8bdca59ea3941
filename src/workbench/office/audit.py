"""Workbooks checked against the ministry's rules of machine readability, before any cleaning.

Nothing is changed: each breach is listed with its cell, and `annotate` writes a copy with comments
in the cells that can be mailed back to the office (see `notes`). No codebook is needed.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import count
from pathlib import Path
from xml.parsers.expat import ExpatError

import pandas as pd
import yaml

from analysis.errors import InputError
from analysis.intake import workbook
from analysis.intake.files import SUFFIXES, read_file
from analysis.intake.workbook import Sheet, address, column_number
from analysis.text import Language, Model, Text
from workbench import outputs
from workbench.office.notes import with_notes
from workbench.office.readability import Breach, breaches


class Rule(Model):
    """One check item: what is asked, and what to do about a breach."""

    id: str
    title: Text
    advice: Text


class Unreadable(Model):
    """Why a file cannot be read, and what the office can do, in Japanese."""

    reason: str
    advice: str


_DATA = yaml.safe_load(
    files("workbench").joinpath("data/readability.yml").read_text(encoding="utf-8")
)
RULES = {id: Rule(id=id, **entry) for id, entry in _DATA["rules"].items()}
UNREADABLE = {id: Unreadable(**entry) for id, entry in _DATA["unreadable"].items()}


COLUMNS = ["file", "sheet", "cell", "rule", "raw", "ja", "en"]
PARTS = re.compile(r"([A-Z]*)([0-9]*)")
SHOWN = 12  # cells of one rule in the printed report


def audit(files: Iterable[str | Path]) -> pd.DataFrame:
    """All breaches: file, sheet, cell, rule, raw, and a message in ja and en.

    A file that is no readable table is itself a breach of rule 1-1; a missing one is an error.
    """
    found: list[tuple[str, ...]] = []
    given = [Path(file) for file in files]
    for file, name in zip(given, _names(given), strict=True):
        if file.is_dir():
            hint = f"name the files in it, such as {file}/*"
            raise InputError("this is a folder", file=file, hint=hint)
        if not file.is_file():
            raise InputError("there is no such file", file=file, hint="check the path")
        if not os.access(file, os.R_OK):
            raise InputError("the file cannot be opened", file=file, hint="ask for the right to")
        try:
            if file.suffix.lower() in SUFFIXES["sav"] | SUFFIXES["dta"]:
                raise InputError(
                    "this is an SPSS file", file=file, hint="save it as .xlsx", reason="spss"
                )
            sheets = read_file(file)
        except InputError as error:
            found.append((name, "", "", "1-1", error.what, *_unreadable(error)))
            continue
        book = file.suffix.lower() in SUFFIXES["workbook"]
        pictures = workbook.objects(file.read_bytes()) if book else {}
        for sheet in sheets:
            all_of_it = [*breaches(sheet), *(("1-8", c, "") for c in pictures.get(sheet.sheet, ()))]
            found += [
                (name, sheet.sheet, cell, rule, raw, *_message(rule, raw))
                for rule, cell, raw in _sorted(all_of_it)
            ]
        for chart in pictures.keys() - {sheet.sheet for sheet in sheets}:  # a sheet of its own
            found.append((name, chart, "", "1-8", "", *_message("1-8", "")))
    return pd.DataFrame(found, columns=COLUMNS, dtype="str")


def _names(files: Sequence[Path]) -> list[str]:
    """What each file is called: its own name, with its folders where two have the same."""
    own = [file.name for file in files]
    return [str(f) if own.count(f.name) > 1 else f.name for f in files]


def annotate(
    file: str | Path, findings: pd.DataFrame, out: str | Path, *, language: Language = "ja"
) -> Path:
    """Write a copy of a workbook with a comment in every cell that breaks a rule.

    Raises
    ------
    InputError
        The file is no workbook, or `out` is a file that is no earlier copy of this kind.
    """
    file, out = Path(file), Path(out)
    check_place(file, out)
    pages = {sheet.sheet: sheet for sheet in read_file(file)}  # refuses damaged ones
    seen = [name for name, page in pages.items() if not page.hidden]
    notes: dict[str, dict[tuple[int, int], list[str]]] = {}
    own = findings[(findings["file"] == file.name) & (findings["cell"] != "")]
    for row in own.itertuples():
        name, said = str(row.sheet), str(getattr(row, language))
        if pages[name].hidden and row.rule == "H" and seen:
            name = seen[0]  # nobody would find it in the hidden sheet
        place = _place(pages[name], str(row.cell))
        if row.cell not in (address(*place), "A1"):
            said = f"{row.cell} {said}"
        notes.setdefault(name, {}).setdefault(place, []).append(said)
    texts = {
        name: {place: "\n".join(dict.fromkeys(said)) for place, said in told.items()}
        for name, told in notes.items()
    }
    try:
        content = with_notes(file.read_bytes(), texts)
    except (KeyError, IndexError, ValueError, ExpatError, zipfile.BadZipFile) as error:
        raise InputError(
            f"the workbook cannot be copied ({workbook.brief(error)})",
            file=file,
            hint=workbook.REPAIR,
        ) from None
    outputs.write({out: content}, "audit")
    return out


def check_place(file: Path, out: Path) -> None:
    """Refuse what would harm a file as received, or give a copy that Excel does not open."""
    if out.resolve() == file.resolve():
        raise InputError("a file as received is never changed", file=out, hint="name another file")
    suffix = file.suffix.lower()
    if suffix not in {".xlsx", ".xlsm"}:
        raise InputError(
            "comments can only be put into an Excel workbook", file=file, hint="save it as .xlsx"
        )
    if out.suffix.lower() != suffix:
        hint = f"call it {out.stem}{suffix}"
        raise InputError(f"the copy of a workbook {suffix} is one, too", file=out, hint=hint)
    outputs.refuse_others([out], "audit")


def _place(page: Sheet, cell: str) -> tuple[int, int]:
    """Where a comment is put: the first cell of a range that can be seen."""
    first = PARTS.match(cell)
    letters, digits = (first[1], first[2]) if first else ("", "")
    row = _shown_near(int(digits) - 1 if digits else 0, page.hidden_rows)
    column = _shown_near(column_number(letters) if letters else 0, page.hidden_columns)
    for top, left, bottom, right in page.merged:
        if top <= row <= bottom and left <= column <= right:
            return top, left
    return row, column


def _shown_near(at: int, hidden: frozenset[int]) -> int:
    """This row or column, else the next one before it, else after it, that is not hidden."""
    before = next((i for i in range(at, -1, -1) if i not in hidden), None)
    return before if before is not None else next(i for i in count(at) if i not in hidden)


def report(
    files: Sequence[Path], *, language: Language = "ja", annotate_to: Path | None = None
) -> str:
    """What ``workbench audit`` prints; with `annotate_to`, also the copy with comments."""
    if annotate_to and len(files) != 1:
        raise InputError("--annotate takes one workbook at a time", hint="audit them one by one")
    if annotate_to:
        check_place(files[0], annotate_to)
    findings = audit(files)
    ja = language == "ja"
    lines = []
    for (file, sheet), own in findings.groupby(["file", "sheet"], sort=False):
        lines.append(f"{file}  {sheet}".rstrip())
        for rule, group in own.groupby("rule", sort=False):
            if rule == "1-1":
                lines.append(f"  {group[language].iloc[0]}")
                continue
            about = RULES[str(rule)]
            colon = "：" if ja else ": "
            lines.append(f"  [{rule}] {about.title[language]}{colon}{about.advice[language]}")
            cells = [f"{c} {_shown(raw, language)}".strip()
                     for c, raw in zip(group["cell"], group["raw"], strict=True)]  # fmt: skip
            more = len(cells) - SHOWN
            rest = (f" ほか {more} 件" if ja else f" and {more} more") if more > 0 else ""
            lines.append("      " + ", ".join(filter(None, cells[:SHOWN])) + rest)
    clean = [name for name in _names(files) if name not in set(findings["file"])]
    lines += [f"{name}  " + ("指摘なし" if ja else "no breach") for name in clean]
    total = len(findings)
    lines.append(
        f"{len(files)} ファイル、指摘 {total} 件"
        if ja
        else f"{len(files)} file{'s' * (len(files) != 1)}, {total} breach{'es' * (total != 1)}"
    )
    readable = not findings["rule"].eq("1-1").any()
    if annotate_to and readable and findings["cell"].eq("").all():
        lines.append(
            "コメントを付けるセルがないため、写しは作りません"
            if ja
            else "no cell to comment on, so no copy was made"
        )
    elif annotate_to:
        annotate(files[0], findings, annotate_to, language=language)
        lines.append(
            f"コメント付きの写し：{annotate_to}" if ja else f"with comments: {annotate_to}"
        )
    return "\n".join(lines)


def _shown(raw: str, language: Language) -> str:
    """The text of a cell as a message quotes it."""
    shown = raw.replace("\r", "").replace("\n", "⏎")
    shown = f"{shown[:40]}…" if len(shown) > 40 else shown
    return (f"「{shown}」" if language == "ja" else f'"{shown}"') if raw else ""


def _message(rule: str, raw: str) -> tuple[str, str]:
    about = RULES[rule]
    ja, en = _shown(raw, "ja"), _shown(raw, "en")
    title = about.title.en[:1].upper() + about.title.en[1:]
    advice = about.advice.en[:1].upper() + about.advice.en[1:]
    return (
        f"[{rule}] {about.title.ja}{f'（{ja}）' if ja else ''}。{about.advice.ja}。",
        f"[{rule}] {title}{f' ({en})' if en else ''}. {advice}.",
    )


def _unreadable(error: InputError) -> tuple[str, str]:
    """What to tell of a file that cannot be read."""
    about = UNREADABLE[error.reason or "unknown"]
    hint = error.hint or RULES["1-1"].advice.en
    return (
        f"[1-1] {RULES['1-1'].title.ja}（{about.reason}）。{about.advice}。",
        f"[1-1] The file is Excel or CSV ({error.what}). {hint[:1].upper()}{hint[1:]}.",
    )


def _sorted(breaches: Iterable[Breach]) -> list[Breach]:
    """By rule, each breach once."""
    return sorted(dict.fromkeys(breaches), key=lambda breach: list(RULES).index(breach[0]))
