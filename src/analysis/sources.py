"""Which files and sheets an entry of ``wave.yml`` means, and whether its headings are there."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from analysis import municipality
from analysis.errors import InputError
from analysis.headings import Headings, normalise
from analysis.layout import REASONS, SEARCHED_ROWS, Table
from analysis.readers import SUFFIXES
from analysis.sheet import CellKind, Sheet
from analysis.wave import WaveFile

IGNORED = ("~$", ".")  # lock files and hidden files


def paths_of(folder: Path, file: WaveFile) -> list[tuple[Path, str]]:
    """The file, or all files of a folder by name."""
    path = folder / file.path
    try:
        inside, is_folder = path.resolve().is_relative_to(folder.resolve()), path.is_dir()
    except (OSError, ValueError, RuntimeError):  # no such name, or a link to itself
        shown = file.path[:40].replace("\0", "")
        raise InputError(
            f"{shown!r} can be no file", file="wave.yml", hint="correct the path under files"
        ) from None
    if not inside:
        raise InputError("the file lies outside the wave's folder", file=file.path)
    if not is_folder:
        return [(_as_spelt(path), file.path)]
    known = set().union(*SUFFIXES.values())
    found = sorted(p for p in path.iterdir() if not p.name.startswith(IGNORED))
    for other in found:
        if other.suffix.lower() not in known:
            raise InputError(
                "the folder holds something that is no table",
                file=f"{file.path}/{other.name}",
                hint="move it out of the folder, or save it as .xlsx or .csv",
            )
    if not found:
        raise InputError("the folder holds no files", file=file.path, hint="add the replies to it")
    return [(p, f"{file.path}/{p.name}") for p in found]


def _as_spelt(path: Path) -> Path:
    """The file, or the one that reads the same: a Mac writes デ as two characters."""
    if not path.exists() and path.parent.is_dir():
        for other in path.parent.iterdir():
            if unicodedata.normalize("NFC", other.name) == unicodedata.normalize("NFC", path.name):
                return other
    return path


def choose(sheets: list[Sheet], file: WaveFile, headings: Headings) -> Sheet:
    """The sheet that ``wave.yml`` names, else the one visible sheet that has a header.

    Raises
    ------
    InputError
        There is no such sheet, or there are several tables and ``wave.yml`` does not say which.
    """
    if file.sheet is not None:
        for sheet in sheets:
            if sheet.sheet == file.sheet:
                return sheet
        there = "、".join(sheet.sheet for sheet in sheets if sheet.sheet) or "none (a text file)"
        raise InputError(
            f"there is no sheet {file.sheet!r}", file=sheets[0].file, hint=f"there are: {there}"
        )
    if not sheets:
        raise InputError("the workbook has no sheet of cells", file=file.path, hint="send another")
    visible = [sheet for sheet in sheets if not sheet.hidden] or sheets
    if len(visible) == 1:
        return visible[0]
    known = [_headed(sheet.turned if file.layout == "columns" else sheet, headings)
             for sheet in visible]  # fmt: skip
    best = max(known)
    rivals = [s for s, n in zip(visible, known, strict=True) if best >= 2 and 2 * n > best]
    if len(rivals) > 1:
        raise InputError(
            f"{len(rivals)} sheets have the headings of replies "
            f"({'、'.join(sheet.sheet for sheet in rivals)})",
            file=rivals[0].file,
            hint="name the sheet in wave.yml; for several, give the file once for each",
        )
    return visible[known.index(best)]


def _headed(sheet: Sheet, headings: Headings) -> int:
    """How many headings stand in one row, which a list of the questions does not have."""
    head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
    meant = {text: headings.meaning(text) for text in set(head[head != ""])}
    rows = ({meaning.target for text in row if (meaning := meant.get(text))} for row in head)
    return max(map(len, rows), default=0)


def listed(sheet: Sheet, headings: Headings) -> set[str]:
    """The replies of a table: what stands below a heading that names municipalities.

    Empty where the sheet is no table with a row for each. It is one where two municipalities or
    more stand below, and the heading of a question above them; or where most questions are in the
    line of that heading, whatever stands below it. For columns give ``sheet.turned``: a form with
    the answers beside their labels looks like one column, so that only the first of these counts.
    """
    head = sheet.text.iloc[:SEARCHED_ROWS].to_numpy(object)
    meant = {text: headings.meaning(text) for text in set(head[head != ""])}
    owner = headings.book.question_of
    whose = headings.who
    heads, asked = [], []
    for row, column in zip(*np.nonzero(head != ""), strict=True):
        target = meaning.target if (meaning := meant[head[row, column]]) else "@"
        if target in whose:
            heads.append((int(row), int(column)))
        elif not target.startswith("@"):
            asked.append((int(row), owner[target].id if target in owner else target))
    best: set[str] = set()
    for row, column in heads:
        below = [
            (at, municipality.named_in(text), text)
            for at, text in enumerate(sheet.text[column].iloc[row + 1 :], row + 1)
            if text != "" and at not in sheet.hidden_rows and headings.meaning(text) is None
        ]
        if sheet.transposed:  # in a form another label may stand behind the answer
            below = list(itertools.takewhile(lambda cell: cell[1], below))
        named = {key for _, key, _ in below if key}
        first = next((at for at, key, _ in below if key), 0)
        beside = {question for at, question in asked if at == row}
        most = 2 * len(beside) > len({question for _, question in asked})
        if len(named) >= 2 and any(at < first for at, _ in asked):
            best = max(best, named, key=len)
        elif most and not sheet.transposed and (named or len(below) >= 2):
            best = max(best, {text for *_, text in below}, key=len)
    return best


def refuse_table(sheet: Sheet, headings: Headings) -> None:
    """Refuse to read as a form what is a table of two municipalities or more."""
    for layout, turned in (("rows", sheet), ("columns", sheet.turned)):
        if len(there := listed(turned, headings)) >= 2:
            raise sheet.error(
                f"this is no form but a table of {len(there):,} replies "
                f"({', '.join(sorted(there)[:3])}{', ...' if len(there) > 3 else ''})",
                hint=f"give it layout: {layout} in wave.yml",
            )


def followed(table: Table, header: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The questions that stand in a table under a heading that ``wave.yml`` gives."""
    sheet, head = table.sheet, table.mark == REASONS.index("header")
    cells = [(int(r), int(c)) for r, c in zip(*np.nonzero(head), strict=True)]
    found = set()
    for target, texts in header.items():
        column, keys = table.columns.get(target), {normalise(text) for text in texts}
        if any(
            column in (None, c)  # of a question over several columns the heading stands anywhere
            and sheet.kind[r, c] != CellKind.EMPTY
            and (sheet.address(r, c) in texts or normalise(sheet.text.iat[r, c]) in keys)
            for r, c in cells
        ):
            found.add(target)
    return found


def said_in(sheets: Iterable[Sheet], header: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The questions of which a label that ``wave.yml`` gives stands anywhere in forms."""
    wanted = {normalise(text): target for target, texts in header.items() for text in texts}
    texts = (text for sheet in sheets for text in set(sheet.text.to_numpy(object).ravel()))
    return {wanted[key] for text in texts if (key := normalise(text)) in wanted}


def check_followed(file: WaveFile, found: set[str]) -> None:
    """Refuse a heading that ``wave.yml`` gives and no file has: another column would be taken."""
    for target, texts in file.header.items():
        if texts and target not in found:
            raise InputError(
                f"no heading of {target} in {file.path} is {' or '.join(texts)}",
                file="wave.yml",
                hint="correct it under header, as it stands in the file",
            )
