"""Differences of tables, notebooks, YAML files and pictures, cell by cell."""

from __future__ import annotations

import base64
import difflib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

TYPE = {"type", "類型", "second nearest", "次に近い類型"}  # columns that hold types
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
        if a is None or b is None:
            return 1.0
        return abs(a - b) / max(abs(a), abs(b), ABSOLUTE)


@dataclass(frozen=True)
class Cells:
    """What changed between two tables.

    `changed`: cells of rows and columns that both have. `added`, `removed`: rows of one only.
    `columns`: columns of one only, ``-`` or ``+`` before the name. `total`: cells compared.
    """

    changed: list[Cell]
    added: list[str]
    removed: list[str]
    columns: list[str]
    total: int

    @property
    def count(self) -> int:
        """How many places differ."""
        return len(self.changed) + len(self.added) + len(self.removed) + len(self.columns)

    @property
    def share(self) -> float:
        """The same as a share of what was compared, at most 1."""
        return min(1.0, self.count / max(self.total, 1))


def compare(before: str, after: str, types: Mapping[str, str] | None = None) -> Cells:
    """Compare two tables given as CSV.

    Rows are matched by the fewest leading columns that tell all rows of both tables apart.
    Numbers are the same within 1e-6 of their size. `types`: what the number of each type after is
    before.

    Examples
    --------
    >>> found = compare("who,n,p\\na,1,0.5\\nb,2,0.1\\n", "who,n,p\\na,1,0.50000001\\nb,3,0.1\\n")
    >>> found.changed, found.count
    ([Cell(row='b', column='n', before='2', after='3')], 1)
    """
    if before == after and not types:
        return Cells([], [], [], [], 0)
    a, b = _read(before), _read(after)
    if types:
        for column in TYPE & set(b.columns):
            b[column] = b[column].map(lambda kind: _called(kind, types))
    columns = [f"- {c}" for c in a if c not in b] + [f"+ {c}" for c in b if c not in a]
    common = [c for c in a if c in b]
    if not common:
        return Cells([], [], [], columns, a.size + b.size)
    names = _names(a) | _names(b)
    a, b = _keyed(a[common], b[common])
    both = a.index[a.index.isin(b.index)]
    old, new = a.loc[both].to_numpy(object), b.loc[both].to_numpy(object)
    changed = [
        Cell(_about(both[i], names), str(a.columns[j]), str(old[i, j]), str(new[i, j]))
        for i, j in np.argwhere(old != new)
        if not _same(str(old[i, j]), str(new[i, j]))
    ]
    added = [_about(row, names) for row in b.index[~b.index.isin(a.index)]]
    removed = [_about(row, names) for row in a.index[~a.index.isin(b.index)]]
    return Cells(changed, added, removed, columns, max(a.size, b.size))


def _called(kind: str, types: Mapping[str, str]) -> str:
    """A type, by its number or with its name, under the number of its counterpart before."""
    number, space, name = kind.partition(" ")
    called = types.get(number, f"+{number}") if number.isdigit() else number
    return f"{called}{space}{name}"


def _read(csv: str) -> pd.DataFrame:
    text = csv.lstrip("﻿")
    if not text.strip():
        return pd.DataFrame()  # a table of nothing, such as no findings
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)


def _keyed(a: pd.DataFrame, b: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both with an index of tuples that is unique in each."""
    columns = list(a.columns)
    for size in range(1, len(columns) + 1):
        key = columns[:size]
        if not a.duplicated(key).any() and not b.duplicated(key).any():
            return _indexed(a, key), _indexed(b, key)
    # rows that are alike in everything are told apart by their number among their like
    return (
        _indexed(a.assign(**{"": _among(a)}), [*columns, ""]),
        _indexed(b.assign(**{"": _among(b)}), [*columns, ""]),
    )


def _among(frame: pd.DataFrame) -> pd.Series:
    return frame.groupby(list(frame.columns)).cumcount().astype(str)


def _indexed(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    index = pd.Index(list(zip(*(frame[c] for c in key), strict=True)), tupleize_cols=False)
    return frame.drop(columns=key).set_axis(index)


def _names(frame: pd.DataFrame) -> dict[str, str]:
    """Names of municipalities by code, where a table has both."""
    if not {"code", "name"} <= set(frame):
        return {}
    return dict(zip(frame["code"], frame["name"], strict=True))


def _about(row: tuple[str, ...], names: dict[str, str]) -> str:
    """What a row is about, in a reader's words: a municipality by its name."""
    return " · ".join(shown(names.get(part, part)) for part in row if part)


def shown(value: str) -> str:
    """A value without the mark that keeps spreadsheets from running it, and not too precise."""
    number = _number(value)
    if number is not None and len(value) > 8 and not value.isdigit():
        return f"{number:.4g}"
    return value.removeprefix("'") if value[1:2] in set("=+-@") else value


def _number(value: str) -> float | None:
    try:
        number = float(value.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _same(a: str, b: str) -> bool:
    x, y = _number(a), _number(b)
    if x is None or y is None:
        return False
    return math.isclose(x, y, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


@dataclass(frozen=True)
class Value:
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


def cells(
    notebook: str, before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]
) -> list[CellSource]:
    """The cells of one notebook that differ, matched by nbdime; outputs are not there to differ.

    Examples
    --------
    >>> a = [{"cell_type": "code", "id": "x", "source": "n = 1"}]
    >>> [c.lines for c in cells("01", a, [{**a[0], "source": "n = 2"}])]
    [['- n = 1', '+ n = 2']]
    """
    if list(before) == list(after):
        return []
    from nbdime import diff_notebooks
    from nbdime.diff_format import DiffOp

    (patch,) = diff_notebooks(_notebook(before), _notebook(after)) or [{"diff": []}]
    found, gone, new = [], {}, {}
    for op in patch["diff"]:
        at = op.key
        if op.op == DiffOp.ADDRANGE:
            new[at] = [CellSource(notebook, c["id"], "", c["source"]) for c in op.valuelist]
        elif op.op == DiffOp.REMOVERANGE:
            for cell in before[at : at + op.length]:
                gone[cell["id"]] = CellSource(notebook, cell["id"], cell["source"], "")
        else:
            old = before[at]
            now = _patched(old, op.diff)
            if now["source"] != old["source"]:
                found.append(CellSource(notebook, now["id"], old["source"], now["source"]))
    return [*found, *_rejoined(gone, [cell for added in new.values() for cell in added])]


def _rejoined(gone: dict[str, CellSource], new: list[CellSource]) -> list[CellSource]:
    """Ids are stable: a cell that went and came under its id was rewritten or moved."""
    found = []
    for cell in new:
        old = gone.pop(cell.cell, None)
        before = old.before if old else ""
        if before != cell.after:
            found.append(CellSource(cell.notebook, cell.cell, before, cell.after))
    return [*found, *gone.values()]


def _notebook(cells: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    nothing: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    made = [{**cell, **nothing} for cell in cells]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _patched(cell: Mapping[str, str], diff: Any) -> Any:
    from nbdime import patch

    return patch({**cell, "metadata": {}}, diff)


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
    else:
        text = (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
        yield path, text


def _id(item: Any) -> str:
    if not isinstance(item, Mapping):
        return ""
    return str(item.get("id", item.get("code", "")))


WIDTH = 900  # pixels of a picture in the comparison
DIFFERS = 3  # of 255 in any channel: figures are drawn the same to the byte, so little is needed
MARK = (200, 30, 30)


def pictures(before: str, after: str) -> tuple[bytes, bytes, bytes, float]:
    """Before, after, and after in grey with what differs in red, as PNG of the same size.

    Parameters
    ----------
    before, after : PNG in base64, as a figure's data holds it.

    Returns
    -------
    three PNG, and the share of their area that is marked.
    """
    a, b = _opened(before), _opened(after)
    size = (max(a.width, b.width), max(a.height, b.height))
    a, b = _on_paper(a, size), _on_paper(b, size)
    apart = np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max(axis=2) > DIFFERS
    # a blur by 3 pixels leaves something wherever anything within 3 pixels differs
    mask = Image.fromarray(apart.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(3))
    mask = mask.point(lambda value: 255 * (value > 0))
    grey = Image.blend(b.convert("L").convert("RGB"), Image.new("RGB", size, "white"), 0.6)
    marked = Image.composite(Image.new("RGB", size, MARK), grey, mask)
    marked = Image.blend(marked, b, 0.3)
    return _png(a), _png(b), _png(marked), float(np.asarray(mask, bool).mean())


def _opened(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode("".join(png.split())))).convert("RGB")
    if image.width <= WIDTH:
        return image
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def _on_paper(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    paper = Image.new("RGB", size, "white")
    paper.paste(image)
    return paper


def _png(image: Image.Image) -> bytes:
    """Few colours are enough to see what changed, and keep the page small."""
    buffer = io.BytesIO()
    image.quantize(48, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", compress_level=7
    )
    return buffer.getvalue()
