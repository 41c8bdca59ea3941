"""What differs between two tables (cell by cell), notebooks, and YAML files (entry by entry)."""

from __future__ import annotations

import difflib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.spreadsheet import plain

KINDS = ("type", "second")  # columns that hold a type
RELATIVE, ABSOLUTE = 1e-6, 1e-9  # what another processor's arithmetic may change


@dataclass(frozen=True)
class Cell:
    """One cell that changed; `row` says which, empty `before` or `after`: it was not there."""

    row: str
    column: str
    before: str
    after: str

    @property
    def difference(self) -> str:
        """The number after less the number before; empty where either is no number."""
        more = _number(self.after) - _number(self.before)
        return "" if math.isnan(more) else f"{more:+.4g}"


@dataclass(frozen=True)
class Cells:
    """What changed between two tables.

    `changed`: cells of rows and columns that both have. `added`, `removed`: rows of one only.
    `columns`: columns of one only, ``-`` or ``+`` before the name. `total`: cells compared.
    """

    changed: Sequence[Cell] = ()
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    columns: Sequence[str] = ()
    total: int = 0

    @property
    def count(self) -> int:
        """How many places differ."""
        return sum(map(len, (self.changed, self.added, self.removed, self.columns)))


def compare(
    before: str,
    after: str,
    types: Mapping[str, str] | None = None,
    ids: tuple[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Cells:
    """Compare two tables given as CSV.

    Rows are matched by the fewest leading columns that tell all rows of both tables apart.
    Numbers are the same within 1e-6 of their size.

    Parameters
    ----------
    before, after : the tables with the labels that a reader sees, which the result has.
    types : what the number of each type after is before.
    ids : both tables with ids in the place of labels, which decide what is the same.
    names : what a reader calls a code or an id that a table shows all the same.

    >>> cells = compare("who,n,p\\na,1,0.5\\nb,2,0.1\\n", "who,n,p\\na,1,0.50000001\\nb,3,0.1\\n")
    >>> cells.changed, cells.count
    ([Cell(row='b', column='n', before='2', after='3')], 1)
    """
    if before == after and all(number == earlier for number, earlier in (types or {}).items()):
        return Cells()
    old_ids, new_ids = ids or (before, after)
    a = _ReadTable(before, old_ids, names or {}, {})
    b = _ReadTable(after, new_ids, names or {}, types or {})
    common = [c for c in a.ids if c in b.ids]
    columns = [f"- {a.headings[c]}" for c in a.ids if c not in common]
    columns += [f"+ {b.headings[c]}" for c in b.ids if c not in common]
    if not common:
        return Cells(columns=columns, total=a.ids.size + b.ids.size)
    key: list[str] = []  # the fewest leading columns that tell all rows of both tables apart
    for column in common:
        key.append(column)
        if not any(table.ids.duplicated(key).any() for table in (a, b)):
            break
    else:  # rows that are alike are told apart by their number
        for table in (a, b):
            table.ids["#"] = table.texts["#"] = table.ids.groupby(common).cumcount().astype(str)
        key.append("#")
    old, new = a.rows(key), b.rows(key)
    both = [(at, new[row][0], name) for row, (at, name) in old.items() if row in new]
    rest = [c for c in common if c not in key]
    x = a.ids[rest].to_numpy(object)[[i for i, _, _ in both]]
    y = b.ids[rest].to_numpy(object)[[j for _, j, _ in both]]
    changed = [
        Cell(name, a.headings[column], a.texts[column].iat[i], b.texts[column].iat[j])
        for r, c in np.argwhere(x != y)
        if not math.isclose(_number(x[r, c]), _number(y[r, c]), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        for column, (i, j, name) in [(rest[c], both[r])]
    ]
    added = [name for row, (_, name) in new.items() if row not in old]
    removed = [name for row, (_, name) in old.items() if row not in new]
    return Cells(changed, added, removed, columns, max(len(old), len(new)) * len(rest))


class _ReadTable:
    """A table of texts by ids, and cell for cell as a reader sees it, `headings` by columns."""

    def __init__(
        self, csv: str, ids: str, names: Mapping[str, str], types: Mapping[str, str]
    ) -> None:
        """Both from CSV, each type under the number of its counterpart in `types`."""
        self.ids, texts = _read(ids), _read(csv)
        heads = zip(self.ids, map(str, texts), strict=True)
        self.headings = {id: names.get(head, head) for id, head in heads}
        texts.columns = self.ids.columns
        for frame in (self.ids, texts) if types else ():
            for column in frame.columns.intersection(KINDS):  # a number, perhaps with a name
                frame[column] = frame[column].str.replace(
                    r"^\d+(?= |$)", lambda match: types.get(match[0], f"+{match[0]}"), regex=True
                )
        self.texts = texts.map(lambda text: names.get(text, text))

    def rows(self, key: list[str]) -> dict[tuple[str, ...], tuple[int, str]]:
        """The position of each row by these columns, and what a reader calls it."""
        named = dict.fromkeys("name" if c == "code" and "name" in self.ids else c for c in key)
        keys = self.ids[key].itertuples(index=False, name=None)
        names = self.texts[[*named]].itertuples(index=False, name=None)
        return {
            row: (at, " · ".join(legible(part) for part in name if part))
            for at, (row, name) in enumerate(zip(keys, names, strict=True))
        }


def _read(csv: str) -> pd.DataFrame:
    text = csv.lstrip("\ufeff")
    if not text.strip():
        return pd.DataFrame()  # a table of nothing, such as no findings
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)


def legible(value: str) -> str:
    """A value for a reader: rounded, without the mark that keeps a spreadsheet from running it."""
    number = _number(value)
    long = len(value) > 8 and not (value.isdigit() or math.isnan(number))
    return f"{number:.4g}" if long else plain(value)


def _number(value: str) -> float:
    """The number that a text is; NaN where it is none."""
    try:
        number = float(value.replace(",", ""))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


class Value(NamedTuple):
    """One thing that has another value; empty: it was not there."""

    what: str
    before: str
    after: str


class CellSource(NamedTuple):
    """The source of one cell; empty `before`: it is new, empty `after`: it is gone."""

    notebook: str
    cell: str
    before: str
    after: str

    @property
    def lines(self) -> list[str]:
        """A line diff: each line begins with ``+``, ``-`` or a space."""
        a, b = self.before.splitlines(), self.after.splitlines()
        return [line for line in difflib.ndiff(a, b) if line[0] != "?"]


def sources(notebook: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[CellSource]:
    """The cells of one notebook that differ, by their ids, which stay when a cell moves.

    >>> [cell.lines for cell in sources("01", {"x": "n = 1"}, {"x": "n = 2"})]
    [['- n = 1', '+ n = 2']]
    """
    both = ((id, old.get(id, ""), new.get(id, "")) for id in {**new, **old})
    return [CellSource(notebook, id, a, b) for id, a, b in both if a != b]


def entries(before: Any, after: Any) -> list[Value]:
    """Where two nested values (codebooks, parameters) differ; list items go by their id or code.

    >>> old = {"indices": [{"id": "rate", "from": "a / b"}]}
    >>> entries(old, {"indices": [{"id": "rate", "from": "a / c"}]})
    [Value(what='indices › rate › from', before='a / b', after='a / c')]
    """
    a, b = dict(_leaves(before, ())), dict(_leaves(after, ()))
    return [
        Value(" › ".join(path), a.get(path, ""), b.get(path, ""))
        for path in dict.fromkeys([*a, *b])
        if a.get(path) != b.get(path)
    ]


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list) and value and all(_id(item) for item in value):
        for item in value:
            inner = {k: v for k, v in item.items() if k not in ("id", "code")}
            yield from _leaves(inner or "✓", (*path, _id(item)))
    elif isinstance(value, str):
        yield path, value
    else:
        yield path, json.dumps(value, ensure_ascii=False, default=str)


def _id(item: Any) -> str:
    return str(item.get("id", item.get("code", ""))) if isinstance(item, Mapping) else ""
