"""Differences of tables, notebooks, YAML files and pictures, cell by cell."""

from __future__ import annotations

import base64
import difflib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from PIL import Image, ImageChops, ImageFilter

from analysis.spreadsheet import plain

TYPES = ("type", "second")  # columns that hold a type
RELATIVE, ABSOLUTE = 1e-6, 1e-9  # what another processor's arithmetic may change


@dataclass(frozen=True)
class Cell:
    """One cell that changed; `row` says which, empty `before` or `after`: it was not there."""

    row: str
    column: str
    before: str
    after: str

    @property
    def change(self) -> float:
        """Size of the change relative to the larger number; 1 where either is no number."""
        a, b = _number(self.before), _number(self.after)
        size = abs(a - b) / max(abs(a), abs(b), ABSOLUTE)
        return 1.0 if math.isnan(size) else size

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

    @property
    def share(self) -> float:
        """The same as a share of what was compared, at most 1."""
        return min(1.0, self.count / max(self.total, 1))


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

    Examples
    --------
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
    key = _key(a, b, common)
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


def _key(a: _ReadTable, b: _ReadTable, common: list[str]) -> list[str]:
    """The fewest leading columns that tell all rows of both tables apart.

    Rows that are alike are told apart by their number, in a column of its own.
    """
    for size in range(1, len(common) + 1):
        if not any(table.ids.duplicated(common[:size]).any() for table in (a, b)):
            return common[:size]
    for table in (a, b):
        table.ids["#"] = table.texts["#"] = table.ids.groupby(common).cumcount().astype(str)
    return [*common, "#"]


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
            for column in frame.columns.intersection(TYPES):  # a number, perhaps with a name
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
            row: (at, " · ".join(shown(part) for part in name if part))
            for at, (row, name) in enumerate(zip(keys, names, strict=True))
        }


def _read(csv: str) -> pd.DataFrame:
    text = csv.lstrip("\ufeff")
    if not text.strip():
        return pd.DataFrame()  # a table of nothing, such as no findings
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)


def shown(value: str) -> str:
    """A value for a reader: rounded, without the mark that keeps a spreadsheet from running it."""
    number = _number(value)
    if not math.isnan(number) and len(value) > 8 and not value.isdigit():
        return f"{number:.4g}"
    return plain(value)


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


@dataclass(frozen=True)
class CellSource:
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


def sources(
    notebook: str, before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]
) -> list[CellSource]:
    """The cells of one notebook that differ, matched by their ids, which stay when a cell moves.

    Examples
    --------
    >>> a = [{"id": "x", "source": "n = 1"}]
    >>> [c.lines for c in sources("01", a, [{"id": "x", "source": "n = 2"}])]
    [['- n = 1', '+ n = 2']]
    """
    old, new = ({cell["id"]: cell["source"] for cell in cells} for cells in (before, after))
    both = ((id, old.get(id, ""), new.get(id, "")) for id in {**new, **old})
    return [CellSource(notebook, id, a, b) for id, a, b in both if a != b]


def entries(before: Any, after: Any) -> list[Value]:
    """Where two nested values (codebooks, parameters) differ; list items go by their id or code.

    Examples
    --------
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


WIDTH = 900  # pixels of a picture in the comparison
DIFFERS = 3  # of 255 in any channel: figures are drawn the same to the byte, so little is needed
RED = (200, 30, 30)


def pictures(before: str, after: str) -> tuple[bytes, bytes, bytes, float]:
    """Before, after, and after in grey with what differs in red, as PNG of the same size.

    Both are given as PNG in base64, as a figure's data holds it. With the three comes the share of
    their area that is marked.
    """
    one, other = _opened(before), _opened(after)
    size = (max(one.width, other.width), max(one.height, other.height))
    a, b = (Image.new("RGB", size, "white") for _ in range(2))
    a.paste(one)
    b.paste(other)
    apart = np.asarray(ImageChops.difference(a, b)).max(axis=2) > DIFFERS
    # a blur by 3 pixels leaves something wherever anything within 3 pixels differs
    mask = Image.fromarray(apart.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(3))
    mask = mask.point(lambda value: 255 * (value > 0))
    grey = Image.blend(b.convert("L").convert("RGB"), Image.new("RGB", size, "white"), 0.6)
    marked = Image.composite(Image.new("RGB", size, RED), grey, mask)
    marked = Image.blend(marked, b, 0.3)
    return _png(a), _png(b), _png(marked), float(np.asarray(mask, bool).mean())


def _opened(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode("".join(png.split())))).convert("RGB")
    if image.width <= WIDTH:
        return image
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def _png(image: Image.Image) -> bytes:
    """Few colours are enough to see what changed, and keep the page small."""
    buffer = io.BytesIO()
    image.quantize(48, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", compress_level=7
    )
    return buffer.getvalue()
