"""Files as received become one table of raw cells, each with its address.

Nothing is interpreted here and nothing is lost: every cell of every file is either in
`RawTable.text` or listed in `RawTable.outside` with the reason why it is no answer.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.codebook import municipality
from analysis.codebook.model import Codebook, Question
from analysis.codebook.wave import Wave, WaveFile
from analysis.errors import InputError
from analysis.intake.files import SUFFIXES, read_file
from analysis.intake.forms import Reply, read_forms
from analysis.intake.headings import Headings, normalise
from analysis.intake.tables import ANSWER, REASONS, SEARCHED_ROWS, Table, read_rows
from analysis.intake.workbook import CellKind, Sheet, address, column_letters

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


__all__ = ["CellKind", "RawTable", "Sheet", "read"]
OUTSIDE = ["file", "sheet", "cell", "text", "reason"]


def _nothing() -> np.ndarray:
    return np.zeros((0, 0), np.uint8)


class Headed(NamedTuple):
    """A heading whose number is that of a question and whose words are not."""

    file: str
    sheet: str
    cell: str
    text: str
    question: Question


@dataclass(frozen=True)
class RawTable:
    """The answers as they stand in the files.

    Attributes
    ----------
    text : one row a record, one column a question or variable (its name); dtype str, ``""`` empty.
    kind : `CellKind` of each cell, same shape.
    row, col : int32, broadcastable to that shape; 1-based place of a cell in its sheet, 0 where
        the file of that record has no such cell.
    file, sheet : of each record, in the order of `text`.
    column_variable : of each column, the question id or variable; ``@code``, ``@name`` and
        ``@prefecture`` where the codebook has no question for what identifies a municipality.
        Columns that mean nothing to the codebook are in `outside` (unmatched).
    outside : every other cell that is not empty: file, sheet, cell, text, reason (title, header,
        total, note, example, unmatched, hidden, sheet).
    number_format : (record, column) -> format that changes what the number means (``000000``, %).
    hidden : (file, sheet, place) of hidden rows and columns that hold answers, such as ``8:8``, and
        the answers of a hidden sheet, such as ``A2:F9``.
    merged : (record, column) of cells that a merged range covers -> (record, column) of the cell
        that holds its value.
    headed : headings that were understood by their number alone.
    """

    outside: pd.DataFrame
    text: pd.DataFrame = field(default_factory=pd.DataFrame)
    kind: np.ndarray = field(default_factory=_nothing)
    row: np.ndarray = field(default_factory=_nothing)
    col: np.ndarray = field(default_factory=_nothing)
    file: tuple[str, ...] = ()
    sheet: tuple[str, ...] = ()
    column_variable: tuple[str | None, ...] = ()
    number_format: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden: tuple[tuple[str, str, str], ...] = ()
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    headed: tuple[Headed, ...] = ()

    def address(self, i: int, j: int) -> str:
        """The cell's name in its file, such as ``C12``; empty where there is none."""
        row = int(np.broadcast_to(self.row, self.kind.shape)[i, j])
        col = int(np.broadcast_to(self.col, self.kind.shape)[i, j])
        return address(row - 1, col - 1) if row and col else ""

    def place(self, i: int) -> str:
        """Where a record stands: its file, its sheet and its first cell."""
        first = next((self.address(i, j) for j in range(self.kind.shape[1]) if self.kind[i, j]), "")
        return " ".join(part for part in (self.file[i], self.sheet[i], first) if part)


def read(wave: Wave, codebook: Codebook) -> RawTable:
    """Read all files of a wave in the order of ``wave.yml``.

    Raises
    ------
    InputError
        A file cannot be read, a sheet is missing, or a question of the codebook is not in it.
    """
    pieces: list[RawTable] = []
    others: list[Sheet] = []
    headed: dict[tuple[str, str], Headed] = {}
    for file in wave.files:
        headings, start = Headings(codebook, file.header), len(pieces)
        headings.check_header(file.path)
        books = [
            read_file(path, name=name, encoding=file.encoding)
            for path, name in paths_of(wave.folder, file)
        ]
        if file.layout == "form":
            forms = [sheet for book in books for sheet in book]
            check_followed(file, said_in(forms, file.header))
            for sheet in forms:
                refuse_table(sheet, headings)
            replies, no_forms = read_forms(forms, headings)
            pieces += [from_form(reply) for reply in replies]
            others += no_forms
        else:
            found: set[str] = set()
            for sheets in books:
                table = _read_table(sheets, file, headings)
                pieces.append(from_rows(table))
                found |= followed(table, file.header)
                others += [s for s in sheets if s.sheet != table.sheet.sheet]
            check_followed(file, found)
        headed = _by_number(pieces[start:], headings) | headed
    listed = {place for piece in pieces for place in zip(piece.file, piece.sheet, strict=True)}
    left = {(sheet.file, sheet.sheet): sheet for sheet in others}
    left = {place: sheet for place, sheet in left.items() if place not in listed}
    _check_left(list(left.values()), pieces, wave, codebook)
    pieces += [outside_only(sheet) for sheet in left.values()]
    _check_alike(pieces, codebook)
    return replace(join(pieces), headed=tuple(headed.values()))


def _check_left(
    sheets: list[Sheet], pieces: list[RawTable], wave: Wave, codebook: Codebook
) -> None:
    """Refuse a wave of which a sheet that is not read is a table of others than those who are."""
    chosen = {file.path for file in wave.files if file.sheet is not None}  # wave.yml says which
    headings, read = Headings(codebook), set[str]()
    for sheet in sheets:
        if sheet.file in chosen:
            continue
        there = max((listed(turned, headings) for turned in (sheet, sheet.turned)), key=len)
        if len(there) < 2:
            continue
        read = read or {
            municipality.named_in(text)
            for piece in pieces
            for name in piece.column_variable
            if name in headings.who
            for text in piece.text[name]
        }
        if lost := sorted(there - read):
            raise sheet.error(
                f"this sheet is not read, and {len(lost):,} of the municipalities that it lists "
                f"reply nowhere else ({', '.join(lost[:3])})",
                hint="name the sheets to be read in wave.yml, the file once for each",
            )


def _by_number(pieces: list[RawTable], headings: Headings) -> dict[tuple[str, str], Headed]:
    """By file (of a folder: the folder) and text, the first heading understood by number alone."""
    found: dict[tuple[str, str], Headed] = {}
    for piece in pieces:
        owner = headings.book.question_of
        read = {owner[n].id if n in owner else n for n in piece.column_variable if n}
        for cell in piece.outside[piece.outside["reason"] == "header"].itertuples():
            question = headings.by_number_alone(cell.text)
            if question is not None and question.id in read:
                place = (cell.file.rpartition("/")[0] or cell.file, cell.text)
                found.setdefault(
                    place, Headed(cell.file, cell.sheet, cell.cell, cell.text, question)
                )
    return found


def _check_alike(pieces: list[RawTable], book: Codebook) -> None:
    """Refuse files of which some have a question in one column and some in one an option."""
    for question in book:
        whole = [p for p in pieces if question.id in p.column_variable]
        parts = [p for p in pieces if {*question.variables} & {*p.column_variable}]
        if question.type == "multi" and whole and parts:
            raise InputError(
                f"{question.id} is one column here but several in {parts[0].file[0]}",
                file=whole[0].file[0],
                hint="bring both into one form, or make them waves of their own",
            )


def _read_table(sheets: list[Sheet], file: WaveFile, headings: Headings) -> Table:
    chosen = choose(sheets, file, headings)
    turned = chosen.turned if file.layout == "columns" else chosen
    return read_rows(turned, headings, ordered=file.codes == "order")


# --- putting together ---------------------------------------------------------------------------


def from_rows(table: Table) -> RawTable:
    """The raw table of one sheet with one record per row (or column, transposed)."""
    sheet, rows = table.sheet, table.rows
    names, columns = list(table.columns), list(table.columns.values())
    text = sheet.text.iloc[rows, columns]
    text = text.set_axis(names, axis=1).reset_index(drop=True)
    down = (rows[:, None] + 1).astype(np.int32)
    across = (np.array(columns)[None, :] + 1).astype(np.int32)
    record = {int(row): i for i, row in enumerate(rows)}
    column = {position: j for j, position in enumerate(columns)}
    return RawTable(
        text=text,
        kind=sheet.kind[np.ix_(rows, np.array(columns))],
        row=across if sheet.transposed else down,
        col=down if sheet.transposed else across,
        file=(sheet.file,) * len(rows),
        sheet=(sheet.sheet,) * len(rows),
        column_variable=tuple(names),
        outside=outside(sheet, table.mark),
        number_format={
            (record[r], column[c]): code
            for (r, c), code in sheet.number_format.items()
            if r in record and c in column
        },
        hidden=_hidden(sheet, record, column),
        merged={
            (record[r], column[c]): (record[r0], column[c0])
            for r0, c0, r1, c1 in sheet.merged
            if r0 in record and c0 in column
            for r in rows[(rows >= r0) & (rows <= r1)].tolist()  # a range may span the sheet
            for c in columns
            if c0 <= c <= c1 and (r, c) != (r0, c0)
        },
    )


def from_form(reply: Reply) -> RawTable:
    """The raw table of one form: one record, each answer with a place of its own."""
    sheet, names, places = reply.sheet, list(reply.cells), list(reply.cells.values())
    grid = sheet.text.to_numpy(object)
    at = [(r + 1, c + 1) for r, c in (place or (-1, -1) for place in places)]
    column = {place: j for j, place in enumerate(places) if place is not None}
    return RawTable(
        text=pd.DataFrame([[grid[p] if p else "" for p in places]], columns=names, dtype="str"),
        kind=np.array([[sheet.kind[p] if p else 0 for p in places]], np.uint8),
        row=np.array([[r for r, _ in at]], np.int32),
        col=np.array([[c for _, c in at]], np.int32),
        file=(sheet.file,),
        sheet=(sheet.sheet,),
        column_variable=tuple(names),
        outside=outside(sheet, reply.mark),
        number_format={(0, column[p]): f for p, f in sheet.number_format.items() if p in column},
        hidden=_hidden(sheet, {r: 0 for r, _ in column}, {c: 0 for _, c in column}),
    )


def outside_only(sheet: Sheet) -> RawTable:
    """A sheet that holds no answers: all its cells are listed."""
    reason = "hidden" if sheet.hidden else "sheet"
    return RawTable(outside(sheet, np.full(sheet.shape, REASONS.index(reason), np.uint8)))


def outside(sheet: Sheet, mark: np.ndarray) -> pd.DataFrame:
    """The cells that are not empty and no answer, with their reason."""
    rows, columns = np.nonzero((sheet.kind != CellKind.EMPTY) & (mark != ANSWER))
    cells = [sheet.address(int(r), int(c)) for r, c in zip(rows, columns, strict=True)]
    texts = np.empty(len(rows), dtype=object)
    for column in np.unique(columns):  # column by column: a table of texts may be large
        own = columns == column
        texts[own] = sheet.text.iloc[rows[own], int(column)].to_numpy(object)
    reasons = np.array(REASONS, dtype=object)[mark[rows, columns]]
    frame = pd.DataFrame({"cell": cells, "text": texts, "reason": reasons}, dtype="str")
    return frame.assign(file=sheet.file, sheet=sheet.sheet)[OUTSIDE].astype("str")


def _hidden(
    sheet: Sheet, record: dict[int, int], column: dict[int, int]
) -> tuple[tuple[str, str, str], ...]:
    if sheet.hidden:  # with all that is in it
        first, last = (sheet.address(pick(record), pick(column)) for pick in (min, max))
        return ((sheet.file, sheet.sheet, f"{first}:{last}"),)
    rows = sorted(sheet.hidden_rows & record.keys())
    columns = sorted(sheet.hidden_columns & column.keys())
    if sheet.transposed:
        rows, columns = columns, rows
    places = [f"{r + 1}:{r + 1}" for r in rows]
    places += [f"{column_letters(c)}:{column_letters(c)}" for c in columns]
    return tuple((sheet.file, sheet.sheet, place) for place in places)


def join(pieces: list[RawTable]) -> RawTable:
    """One table from those of several sheets; columns that a sheet lacks are empty there."""
    tables = [piece for piece in pieces if len(piece.file)]
    if not tables:
        raise InputError("the wave has no replies", hint="check files in wave.yml")
    names = list(dict.fromkeys(name for table in tables for name in table.column_variable))
    outside = pd.concat([piece.outside for piece in pieces], ignore_index=True)
    if len(tables) == 1:
        return RawTable(**{**vars(tables[0]), "outside": outside})
    starts = np.cumsum([0, *(len(table.file) for table in tables)])
    places = [[table.column_variable.index(n) if n in table.column_variable else -1
               for n in names] for table in tables]  # fmt: skip

    def spread(part: np.ndarray, table: RawTable, place: list[int]) -> np.ndarray:
        full = np.broadcast_to(part, table.kind.shape)
        padded = np.pad(full, ((0, 0), (0, 1)))  # the last column stands for a lacking one
        return padded[:, place]

    both = list(zip(tables, places, starts[:-1], strict=True))
    number = [{p: j for j, p in enumerate(place) if p >= 0} for place in places]
    return RawTable(
        text=pd.concat([t.text for t in tables], ignore_index=True)
        .reindex(columns=names).fillna("").astype("str"),
        kind=np.vstack([spread(t.kind, t, p) for t, p, _ in both]),
        row=np.vstack([spread(t.row, t, p) for t, p, _ in both]),
        col=np.vstack([spread(t.col, t, p) for t, p, _ in both]),
        file=tuple(f for t in tables for f in t.file),
        sheet=tuple(s for t in tables for s in t.sheet),
        column_variable=tuple(names),
        outside=outside,
        number_format={
            (int(i + start), at[j]): code
            for (t, _, start), at in zip(both, number, strict=True)
            for (i, j), code in t.number_format.items()
        },
        hidden=tuple(h for t in tables for h in t.hidden),
        merged={
            (int(i + start), at[j]): (int(i0 + start), at[j0])
            for (t, _, start), at in zip(both, number, strict=True)
            for (i, j), (i0, j0) in t.merged.items()
        },
    )  # fmt: skip
