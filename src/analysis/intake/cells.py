"""The tidy frame: one row a cell of the files as received, each with its place and what it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from analysis.intake.sheet import CellKind, Place, Sheet, column_letters
from analysis.text import Text

# why a cell is no answer
REASONS = (
    *("unmatched", "title", "header", "total", "note", "example", "hidden", "sheet"),
    # what a form tool notes for itself, of whoever filled in the form, and what is to be ignored
    *("record", "personal", "ignored"),
    "mark",  # beside the chosen option of a form, which is the answer; further cells of an answer
    "corrected",  # an answer that a query sheet which came back has corrected
    "unfinished",  # of a reply that was not completed, where wave.yml leaves such replies out
    "unsure",  # in a form: printed on it, or written by an office
    "another",  # in a form: the name of a municipality beside the one that replied
)
ANSWER = 255
OUTSIDE = ["file", "sheet", "cell", "text", "reason"]
Grid = dict[tuple[int, int], str]
EXCERPT = 200  # characters of a finding on several cells


class Remark(NamedTuple):
    """A finding of intake on a hidden row or column, a heading, or an answer that was corrected.

    `value` and `more` complete the sentence of the rule; `record` and `variable`: of an answer;
    `whose`: the municipality and the question that a correction was asked of.
    """

    rule: str
    file: str
    sheet: str
    cell: str
    text: str
    value: str = ""
    more: str | Text = ""
    record: int = -1
    variable: str = ""
    whose: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Received:
    """All cells of a wave as they stand in its files.

    Attributes
    ----------
    cells : one row a cell, each cell of the files once. The answers of a file come first, variable
        by variable, empty ones too; then its other cells that hold something.

        - ``file``, ``sheet``: where it stands; ``row``, ``column``: 1-based, as in the file.
        - ``text``: as written, dates ISO, each different one kept once; ``kind``: a `CellKind`.
        - ``number_format``: one that changes what a number means (``000000``, ``0%``), else empty.
        - ``covered``: of an empty cell that a merged range covers, the cell that holds its value
          and that value, such as ``E2: 1``.
        - ``stands_for``: what is read in a cell of a form that says it otherwise, such as the
          option of a mark in a matrix or the number amid printed words; else empty.
        - ``record``: number of the reply, from 0 in the order of the files; -1: part of none.
        - ``variable``: question id or variable of the codebook; ``@code``, ``@name``,
          ``@prefecture`` where the codebook has no question for what identifies a municipality.
        - ``reason``: why a cell is no answer: one of `REASONS`.
    remarks : what was noticed of hidden rows and columns and of headings.
    coloured : record and variable of the empty answers of tables that a colour may mark.
    """

    cells: pd.DataFrame
    remarks: tuple[Remark, ...] = ()
    coloured: tuple[tuple[int, str], ...] = ()

    @cached_property
    def n(self) -> int:
        """How many replies there are."""
        return int(self.cells["record"].max()) + 1

    @property
    def variables(self) -> list[str]:
        """The columns of answers, in the order in which the files have them."""
        return list(self.cells["variable"].cat.categories)

    @cached_property
    def positions(self) -> dict[str, np.ndarray]:
        """Variable -> per record the row of its cell in `cells`, -1 where its file has none."""
        codes = self.cells["variable"].cat.codes.to_numpy()
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(len(self.variables) + 1))
        records, places = self.cells["record"].to_numpy(), {}
        for variable, own in zip(self.variables, np.split(order, starts)[1:-1], strict=True):
            places[variable] = np.full(self.n, -1, np.int32)
            places[variable][records[own]] = own
        return places

    @cached_property
    def _written(self) -> np.ndarray:
        """Each different text of the cells, which all that say the same share."""
        return self.cells["text"].cat.categories.to_numpy(object)

    def texts(self, variable: str) -> np.ndarray:
        """The text of a variable per record, empty where its file has no such cell.

        Of a mark in a matrix it is the option that the mark stands for; of mere print it is empty.
        """
        at = self.positions[variable]
        texts = self._written[self.cells["text"].cat.codes.to_numpy()[at]]
        options = self.cells["stands_for"].cat
        codes = options.codes.to_numpy()[at]
        if codes.any():
            texts = np.where(codes > 0, options.categories.to_numpy(object)[codes], texts)
        return np.where((at < 0) | (self.kinds(variable) == CellKind.PRINTED), "", texts)

    def kinds(self, variable: str) -> np.ndarray:
        """The `CellKind` of a variable per record."""
        at = self.positions[variable]
        return np.where(at < 0, CellKind.EMPTY, self.cells["kind"].to_numpy()[at])

    def text(self, variable: str, record: int) -> str:
        """The text of one cell as `texts` gives it, empty where there is none."""
        at = self.positions[variable][record]
        none = at < 0 or self.cells["kind"].iat[at] == CellKind.PRINTED
        own = (self.cells[name].iat[at] for name in ("stands_for", "text"))
        return "" if none else next(filter(None, own), "")

    def place(self, record: int) -> str:
        """Where a record stands: its file, its sheet and its first cell that holds something."""
        at = (self.positions[name][record] for name in self.variables)
        kinds = self.cells["kind"].to_numpy()
        first = next((i for i in at if i >= 0 and kinds[i] != CellKind.EMPTY), None)
        cell = "" if first is None else str(addresses(self.cells.iloc[[first]])[0])
        return " ".join(filter(None, (*self.sources.loc[record], cell)))

    def formats(self, variable: str) -> dict[int, str]:
        """The number formats of a variable that change what its numbers mean, by record."""
        at = self.positions[variable]
        formats = self.cells["number_format"].cat
        codes = np.where(at < 0, 0, formats.codes.to_numpy()[at])
        return {i: str(formats.categories[codes[i]]) for i in np.flatnonzero(codes).tolist()}

    @cached_property
    def sources(self) -> pd.DataFrame:
        """File and sheet of each record, as its first cell has them."""
        cells, none = self.cells[["file", "sheet"]], len(self.cells)
        first = reduce(np.minimum, (np.where(at < 0, none, at) for at in self.positions.values()))
        return cells.take(first).set_axis(pd.RangeIndex(self.n, name="record"))

    @cached_property
    def outside(self) -> pd.DataFrame:
        """The cells of no reply: file, sheet, cell (such as ``C12``), text and reason."""
        own = self.cells[self.cells["record"] < 0].reset_index(drop=True)
        return own.assign(cell=addresses(own))[OUTSIDE].astype("str")


def excerpt(texts: Collection[str]) -> str:
    """The texts of several cells, or the beginning of them."""
    text = " / ".join(texts)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


def addresses(cells: pd.DataFrame) -> np.ndarray:
    """The names of cells in their files, such as ``C12``.

    >>> addresses(pd.DataFrame({"row": [12, 1], "column": [3, 28]})).tolist()
    ['C12', 'AB1']
    """
    columns = cells["column"].to_numpy()
    letters = np.array([*map(column_letters, range(columns.max(initial=0)))], object)
    return letters[columns - 1] + cells["row"].to_numpy().astype(str).astype(object)


@dataclass(frozen=True)
class Piece:
    """What one sheet gives: its answers, by variable and record, and a mark for each cell.

    Attributes
    ----------
    sheet : its cells as received.
    answers : variable -> position of its cell in each record, as rows and columns of the sheet.
    stands_for : of a lone record, variable -> the option that the mark in its cell stands for.
    kinds : of a lone record, variable -> what its cell is, where the sheet alone does not say it.
    unfinished : record -> the cell that says that it was not completed.
    coloured : as in `Received`.
    mark : per cell of the sheet ANSWER, or the position of its reason in REASONS.
    """

    sheet: Sheet
    mark: np.ndarray
    answers: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    stands_for: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, CellKind] = field(default_factory=dict)
    unfinished: dict[int, Place] = field(default_factory=dict)
    coloured: list[tuple[int, str]] = field(default_factory=list)


def unfinished(pieces: Sequence[Piece]) -> Iterator[Remark]:
    """A finding on each reply that was not completed and counts all the same."""
    for start, piece in numbered(pieces):
        sheet = piece.sheet
        for record, (row, column) in piece.unfinished.items():
            place = sheet.file, sheet.sheet, sheet.address(row, column)
            text, heading = (str(sheet.text.iat[at, column]) for at in (row, 0))
            yield Remark("unfinished", *place, text, more=heading, record=start + record)


def numbered(pieces: Sequence[Piece]) -> Iterator[tuple[int, Piece]]:
    """Each piece with the number of its first record."""
    start = 0
    for piece in pieces:
        yield start, piece
        start += len(next(iter(piece.answers.values()), ((),))[0])  # none in a sheet of notes


def concat(pieces: Sequence[Piece]) -> pd.DataFrame:
    """The tidy frame of several sheets, their records numbered one after the other."""
    parts: list[dict[str, Any]] = []
    start = 0
    for piece in pieces:
        parts.append(_cells(piece, start))
        start = max(start, int(parts[-1]["record"].max(initial=-1)) + 1)
    columns = {name: _joined([part.pop(name) for part in parts]) for name in [*parts[0]]}
    return pd.DataFrame(columns, copy=False)


def _joined(parts: list[Any]) -> Any:
    """One column of all parts, its categories in the order in which they come."""
    if len(parts) == 1:
        return parts[0]
    return (union_categoricals if isinstance(parts[0], pd.Categorical) else np.concatenate)(parts)


def _cells(piece: Piece, start: int) -> dict[str, Any]:
    """The answers, variable by variable, then what else holds something, in the sheet's order.

    `start`: the number of its first record.
    """
    sheet, names, places = piece.sheet, list(piece.answers), list(piece.answers.values())
    n = len(places[0][0]) if places else 0
    others = np.nonzero((sheet.kind != CellKind.EMPTY) & (piece.mark != ANSWER))
    if n > 1:  # of a table each variable is a column
        texts = [_once(sheet.text[across[0]].take(down)) for down, across in places]
    else:
        texts = [_once(_texts(sheet, *np.array(places, int).reshape(len(names), 2).T))]
    marks, answers = piece.mark[others], n * len(names)
    texts.append(_once(_texts(sheet, *others).mask(marks == REASONS.index("personal"), "")))
    text = union_categoricals(texts)  # first, since nothing takes more while it is made
    rows, columns = (
        np.concatenate([*(place[side] for place in places), others[side]], dtype=np.int32)
        for side in (0, 1)
    )
    starts, titles = zip(*(sheet.pages or ((0, sheet.sheet),)), strict=True)
    page = np.searchsorted(starts, rows, side="right").astype(np.int16) - 1
    options = {(int(r[0]), int(c[0])): piece.stands_for[name]
             for name, (r, c) in piece.answers.items() if name in piece.stands_for}  # fmt: skip
    kind = sheet.kind[rows, columns]
    kind[[names.index(name) for name in piece.kinds]] = [*piece.kinds.values()]
    values = {
        "text": text,
        "kind": kind,
        "file": _words(np.zeros(len(rows), np.int8), [sheet.file]),
        "sheet": _words(page, titles),
        "number_format": _sparse(sheet, sheet.number_format, rows, columns),
        "covered": _sparse(sheet, _covered(piece), rows, columns),
        "stands_for": _sparse(sheet, options, rows, columns),
    }
    rows += 1 - np.array(starts, np.int32)[page]  # in place: as the file counts them
    columns += 1
    down, across = (columns, rows) if sheet.transposed else (rows, columns)
    values |= {"row": down, "column": across.astype(np.int16)}
    del rows, columns, down, across, page  # large, and what follows is large too
    kinds = np.int32, np.int16, np.int8
    record, variable, reason = (np.full(len(text), -1, kind) for kind in kinds)
    variable[:answers].reshape(len(names), n)[:] = np.arange(len(names))[:, None]
    record[:answers].reshape(len(names), n)[:] = np.arange(start, start + n)
    reason[answers:] = marks
    values |= {"record": record, "variable": _words(variable, names)}
    return values | {"reason": _words(reason, REASONS)}


def _words(codes: np.ndarray, texts: Sequence[str]) -> pd.Categorical:
    """Of each cell a position in a list of few texts, or -1."""
    return pd.Categorical.from_codes(codes, pd.Index(list(texts), dtype="str"))


def _once(texts: pd.Series) -> pd.Categorical:
    """Each different text once, and which of them a cell holds: a survey repeats its answers."""
    return pd.Categorical.from_codes(*texts.factorize())


def _texts(sheet: Sheet, rows: np.ndarray, columns: np.ndarray) -> pd.Series:
    """The texts of scattered cells, read column by column: a table of texts may be large."""
    texts = np.empty(len(rows), dtype=object)
    for column in np.unique(columns):
        own = columns == column
        texts[own] = sheet.text[int(column)].take(rows[own]).to_numpy(object)
    return pd.Series(texts, dtype="str")


def _sparse(sheet: Sheet, texts: Grid, rows: np.ndarray, columns: np.ndarray) -> pd.Categorical:
    """A text for few of the cells of a sheet, empty for the others."""
    if not texts:
        return _words(np.zeros(len(rows), np.int8), [""])
    number = {text: code for code, text in enumerate(dict.fromkeys(["", *texts.values()]))}
    grid = np.zeros(sheet.shape, np.int32)
    for place, text in texts.items():
        grid[place] = number[text]
    return _words(grid[rows, columns], [*number])


def _covered(piece: Piece) -> Grid:
    """Of answers in a merged range that begins with an answer: its first cell, and what it says."""
    sheet, answer = piece.sheet, piece.mark == ANSWER
    covers: Grid = {}
    for top, left, bottom, right in sheet.merged:
        first = slice(top, top + 1), slice(left, left + 1)  # a range may lie beside all cells
        if not (answer[first] & (sheet.kind[first] != CellKind.EMPTY)).any():
            continue
        first_cell = f"{sheet.address(top, left)}: {sheet.text.iat[top, left]}"
        inside = np.argwhere(answer[top : bottom + 1, left : right + 1])[1:]  # not the first itself
        covers |= {(top + int(row), left + int(column)): first_cell for row, column in inside}
    return covers
