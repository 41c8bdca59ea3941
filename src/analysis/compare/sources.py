"""What the results were made of: notebook cells, codebooks, parameters, package versions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
