"""Files checked against the government's rules of machine readability, before any cleaning.

Nothing is changed: each breach is listed with its cell, and `annotate` writes a copy with comments
in the cells that can be mailed back to the office (see `notes`). No codebook is needed.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.codebook.waves import SUFFIXES
from analysis.errors import InputError, refusal
from analysis.intake import workbook, workbook_parts
from analysis.intake.files import read_file
from analysis.intake.headings import normalise
from analysis.intake.sheet import Look, Place, Sheet, address
from analysis.intake.tables import TOTAL
from analysis.spreadsheet import decode, separator
from analysis.text import LANGUAGES, Language, Model, Text, label
from analysis.yaml_file import packaged
from workbench.office import open_document, readability
from workbench.office.notes import annotate, check_place
from workbench.office.open_document import StyledSheet
from workbench.office.readability import CODE_TABLE, REMARK, UNIT_HEAD, Breach, CheckedTable


class Check(Model):
    """What is looked for: the rules it belongs to by edition, what is asked, what to do.

    `severity` weighs a breach in the score of its level; see data/readability.yml.
    """

    id: str
    rules: dict[int, str]
    severity: str
    title: Text
    advice: Text


_DATA = packaged("readability.yml", "workbench")
CHECKS = {id: Check(id=id, **entry) for id, entry in _DATA["checks"].items()}
JUDGED: dict[str, dict[Language, str]] = _DATA["judged"]
SCORES: dict[str, dict[str, int]] = _DATA["scores"]
UNREADABLE: dict[str, dict[str, str]] = _DATA["unreadable"]  # why, and what to do, in Japanese

COLUMNS = ["file", "sheet", "cell", "check", "rule_2020", "rule_2026", "level", "raw", "ja", "en"]
OPEN_DOCUMENT = refusal("audit.open_document", reason="open_document")
SHOWN = 12  # cells of one rule in the printed report


def audit(files: Iterable[str | Path], *, earlier: str | Path | None = None) -> pd.DataFrame:
    """All breaches of the rules of 2020 and 2026 in some files.

    Parameters
    ----------
    files : workbooks and text files; a file that is no readable table is itself a breach.
    earlier : the file of an earlier year, whose headings these should have.

    Returns
    -------
    pandas.DataFrame
        One row a breach: file, sheet, cell, check, its rule in each edition (empty where there is
        none), its level in that of 2026, raw (what the cell says), and a message in ja and en.

    Raises InputError: a file is missing or may not be opened, or the earlier one cannot be read.
    """
    inputs = [Path(file) for file in files]
    before = read_file(Path(earlier)) if earlier else []
    books = [(name, file, _read(file)) for file, name in zip(inputs, _names(inputs), strict=True)]
    explained = _explained([
        (name, [one.sheet for one in pages]) for name, _, pages in books if isinstance(pages, list)
    ])  # fmt: skip
    rows: list[list[str]] = []
    for name, file, pages in books:
        if isinstance(pages, InputError):
            rows.append(_finding(name, "", ("format", "", pages.what), pages))
            continue
        if file.suffix.lower() == open_document.SUFFIX:
            rows.append(_finding(name, "", ("format", "", OPEN_DOCUMENT.what), OPEN_DOCUMENT))
        for sheet, breach in _breaches(file, pages, before):
            if not _names_of(breach[2]) & explained.get(breach[0], set()):
                rows.append(_finding(name, sheet, breach))
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def _explained(tables: list[tuple[str, list[Sheet]]]) -> dict[str, set[str]]:
    """Check -> the headings that a code table among the files explains: codes, unit, one letter."""
    codes, units = set[str](), set[str]()
    for name, sheets in tables:
        for sheet in sheets:
            named = CODE_TABLE.search(name) or CODE_TABLE.search(sheet.sheet)
            if named and not sheet.text.empty:
                rows = sheet.text.map(normalise).to_numpy(object)
                stated = [head for head in range(rows.shape[1]) if UNIT_HEAD.match(rows[0, head])]
                codes |= {*rows.ravel()} - {""}
                units |= {*rows[(rows[:, stated] != "").any(axis=1)].ravel()} - {""}
    letters = {code for code in codes if len(code) == 1 and code.isalpha()}
    return {"code_table": codes, "units": units, "headings": letters}


def _names_of(heading: str) -> set[str]:
    """What a code table may call a column: 問3_1 or 問3 体制, also 問3."""
    parts = {normalise(part) for line in heading.split("\n") for part in (line, *line.split()[:1])}
    return parts | {part.rpartition("_")[0] for part in parts} - {""}


def _read(file: Path) -> list[StyledSheet] | InputError:
    """The sheets of a file, or why it is no table."""
    if file.is_dir():
        raise refusal("audit.folder", file=file, files=f"{file}/*")
    if not file.is_file():
        raise refusal("file.missing", file=file)
    try:
        file.open("rb").close()
    except OSError as error:  # it may be a good table
        raise refusal("file.not_opened", file=file, strerror=error.strerror) from None
    try:
        if file.suffix.lower() in SUFFIXES["sav"] | SUFFIXES["dta"]:
            raise refusal("audit.spss", file=file, reason="spss")
        if open_document.is_open_document(file):
            return open_document.read(file)
        return [StyledSheet(sheet) for sheet in read_file(file)]
    except InputError as error:
        return error


def _breaches(
    file: Path, pages: list[StyledSheet], before: list[Sheet]
) -> Iterator[tuple[str, Breach]]:
    """Sheet and breach, sheet by sheet in the order of the checks."""
    content, sheets = file.read_bytes(), [page.sheet for page in pages]
    pictures: Mapping[str, Sequence[str]] = {page.sheet.sheet: page.objects for page in pages}
    looks: Mapping[str, Mapping[Place, Look]] = {p.sheet.sheet: p.looks for p in pages}
    if file.suffix.lower() in SUFFIXES["workbook"]:
        parts = workbook_parts.unpack(content, file.name)
        names = workbook_parts.sheet_parts(parts)
        pictures, looks = workbook.objects(parts, names), workbook.Formats(parts, names).looks()
    for sheet in sheets:
        table = CheckedTable(sheet)
        own = [*readability.breaches(table)]
        own += [("objects", cell, "") for cell in pictures.get(sheet.sheet, ())]
        own += _look_breaches(table, looks.get(sheet.sheet, {}))
        if file.suffix.lower() in SUFFIXES["text"]:
            text = decode(content, file.name)
            broken = [*line_breaches(text, separator(text[:100_000]))]
            cells = {cell for _, cell, _ in broken}  # what looks odd there is that a line is broken
            own = [b for b in own if b[1] not in cells or b[0] not in {"spacing", "outside"}]
            own += broken
        for other in before:
            if other.sheet == sheet.sheet or len(before) == len(sheets) == 1:
                now, then = ({*filter(None, t.heads)} for t in (table, CheckedTable(other)))
                at = max(table.start - 1, 0)
                new = [(column, head) for column, head in enumerate(table.heads) if head]
                own += [("layout", address(at, c), head) for c, head in new if head not in then]
                own += [("layout", "", head) for head in sorted(then - now)]  # which are gone
        for breach in sorted(dict.fromkeys(own), key=lambda breach: list(CHECKS).index(breach[0])):
            yield sheet.sheet, breach
    for chart in pictures.keys() - {sheet.sheet for sheet in sheets}:  # a sheet of its own
        yield chart, ("objects", "", "")


def line_breaches(text: str, separator: str) -> Iterator[Breach]:
    """Records of a CSV file that are broken over lines, and unquoted commas.

    A record has as many values as the header of its table, which ends at a blank line.

    >>> list(line_breaches("項目,内容\\n所在地,東京都,港区\\n", ","))
    [('quoting', 'C2', '港区')]
    """
    width = 0
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # a cell may be that long
    for row, values in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator)):
        for column, value in enumerate(values):
            if "\n" in value or "\r" in value:
                yield "records", address(row, column), value
        if not any(values):
            width = 0
        elif not width:
            width = len(values) if len(values) > 1 else 0
        elif len(values) > width and any(values[width:]):
            yield "quoting", address(row, width), values[width]
        elif len(values) < width and not REMARK.match(values[0]):
            yield "records", address(row, 0), values[0]


def _look_breaches(table: CheckedTable, looks: Mapping[Place, Look]) -> Iterator[Breach]:
    """Data cells of a column that look otherwise than the rest of it, bands of rows excepted."""
    if not looks or table.blank:
        return
    rows = [
        row
        for row in (np.flatnonzero(table.filled[table.start :].any(axis=1)) + table.start).tolist()
        if not any(TOTAL.match(normalise(text)) for text in table.grid[row, :3])
    ]
    columns = np.flatnonzero(table.filled[table.start :].any(axis=0)).tolist()
    by_column = {c: {r: looks.get((r, c), ()) for r in rows if table.filled[r, c]} for c in columns}
    alternate = [{looks.get((r, c), ()) for r in rows[i::2] for c in columns} for i in (0, 1)]
    if all(len(own) == 1 for own in alternate):
        return  # bands that help the eye
    for column, own in by_column.items():
        usual = Counter(own.values()).most_common(1)[0][0] if own else ()
        for row, look in own.items():
            if look != usual:
                yield "looks", address(row, column), table.grid[row, column]


# --- the report -----------------------------------------------------------------------------------


def _finding(name: str, sheet: str, breach: Breach, error: InputError | None = None) -> list[str]:
    """The row of a breach; with `error`, of a file that cannot be read."""
    check, cell, raw = breach
    about = CHECKS[check]
    rules, advice = dict(about.rules), about.advice.model_dump()
    why = {language: _shown(raw, language) for language in LANGUAGES}
    if error:
        known = UNREADABLE[error.reason or "unknown"]
        why = {"ja": known["reason"], "en": error.what}
        advice = {"ja": known["advice"], "en": error.hint or advice["en"]}
        if error.reason == "open_document":
            del rules[2026]  # which has .ods beside .xlsx and CSV
    numbers, level = "・".join(rules.values()), rules.get(2026, "").partition("-")[0]
    ja, en = f"（{why['ja']}）" * bool(raw), f" ({why['en']})" * bool(raw)
    return [
        *(name, sheet, cell, check, rules.get(2020, ""), rules.get(2026, ""), level, raw),
        f"[{numbers}] {about.title.ja}{ja}。{advice['ja']}。",
        f"[{numbers}] {_capital(about.title.en)}{en}. {_capital(advice['en'])}.",
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def scores(findings: pd.DataFrame, file: str) -> dict[str, int]:
    """The points of a file by level of the rules of 2026, from 100 down to 0.

    Each rule that is breached takes points by its severity, however often; a fatal one takes all.
    The method is that of the guide to the rules; what a person has to judge does not count.
    """
    own = findings[findings["file"] == file].drop_duplicates("check")
    points = {}
    for level, weights in SCORES.items():
        severities = [CHECKS[check].severity for check in own.loc[own["level"] == level, "check"]]
        penalty = 100 if "fatal" in severities else sum(weights[s] for s in severities)
        points[level] = max(0, 100 - penalty)
    return points


def _names(files: Sequence[Path]) -> list[str]:
    """What each file is called: its own name, with its folders where two have the same."""
    own = [file.name for file in files]
    return [str(f) if own.count(f.name) > 1 else f.name for f in files]


def report(
    files: Sequence[Path],
    *,
    language: Language = "ja",
    annotate_to: Path | None = None,
    earlier: Path | None = None,
) -> str:
    """What ``workbench audit`` prints; with `annotate_to`, also the copy with comments."""
    if annotate_to and len(files) != 1:
        raise refusal("audit.one_at_a_time")
    if annotate_to:
        check_place(files[0], annotate_to)
    findings = audit(files, earlier=earlier)
    lines = []
    for file in _names(files):
        own = findings[findings["file"] == file]
        for sheet, group in own.groupby("sheet", sort=False):
            lines += [f"{file}  {sheet}".rstrip(), *_lines(group, language)]
        if own.empty:
            lines.append(label("audit.clean", language, file=file))
        lines.append(label("audit.scores", language, **scores(findings, file)))
    lines.append(label("audit.judged", language))
    lines += [f"  [{rule}] {text[language]}" for rule, text in JUDGED.items()]
    lines.append(label("audit.total", language, files=len(files), n=len(findings)))
    readable = not findings["check"].eq("format").any()
    if annotate_to and readable and findings["cell"].eq("").all():
        lines.append(label("audit.no_copy", language))
    elif annotate_to:
        annotate(files[0], findings, annotate_to, language=language)
        lines.append(label("audit.copy", language, file=annotate_to))
    return "\n".join(lines)


def _lines(findings: pd.DataFrame, language: Language) -> list[str]:
    """The breaches of one sheet, a check at a time."""
    lines = []
    for check, group in findings.groupby("check", sort=False):
        if check == "format":
            lines.append(f"  {group[language].iloc[0]}")
            continue
        about = CHECKS[str(check)]
        title, advice = about.title[language], about.advice[language]
        numbers, mark = "・".join(about.rules.values()), "：" if language == "ja" else ": "
        lines.append(f"  [{numbers}] {title}{mark}{advice}")
        cells = [
            f"{cell} {_shown(raw, language)}".strip()
            for cell, raw in zip(group["cell"], group["raw"], strict=True)
        ]
        more = len(cells) - SHOWN
        rest = label("audit.more", language, n=more) if more > 0 else ""
        lines.append("      " + ", ".join(filter(None, cells[:SHOWN])) + rest)
    return lines


def _shown(raw: str, language: Language) -> str:
    """The text of a cell as a message quotes it."""
    text = raw.replace("\r", "").replace("\n", "⏎")
    text = f"{text[:40]}…" if len(text) > 40 else text
    return (f"「{text}」" if language == "ja" else f'"{text}"') if raw else ""
