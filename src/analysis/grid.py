"""A table of the workbench as HTML that reads on a phone, in a column and on A4."""

from __future__ import annotations

import html
import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST = 200  # rows on a page; the embedded numbers and the workbook have them all
LONG_RUN = 4  # rows under one heading from which on it stands in a row of its own
SHEET = 52  # characters across a printed sheet that stay whole
NARROW, MIDDLE = 11.0, 22.0  # widths of columns in characters


def table(data: Mapping[str, Any], words: Mapping[str, str], numbers: str) -> str:
    """Caption, head and body, with the notes and a link to the `numbers` (safe HTML) under it."""
    rows, notes = data["rows"][:MOST], list(data["notes"])
    if len(data["rows"]) > MOST:
        notes.append(words["more"].format(most=MOST, n=len(data["rows"])))
    columns = data["columns"]
    labels = [column["label"] for column in columns]
    kinds = [
        "n" if column["numeric"] else _kind([labels[at], *(row[at] for row in rows)])
        for at, column in enumerate(columns)
    ]
    runs = _runs(rows) if kinds and kinds[0] != "n" else []
    grouped = len(columns) > 2 and max(map(len, runs), default=0) >= LONG_RUN
    if grouped:
        between = " / " if labels[0].isascii() else "／"
        same = [at for at, kind in enumerate(kinds) if at > 1 and kind != "n" and _alike(runs, at)]
        kept = [at for at in range(1, len(columns)) if at not in same]
        kinds = [kinds[at] for at in kept]
        body = "".join(_group(run, kept, kinds, {labels[at]: at for at in same}) for run in runs)
        labels = [f"{labels[0]}{between}{labels[1]}", *(labels[at] for at in kept[1:])]
    else:
        body = "".join(_bodies(runs or [[row] for row in rows], kinds))
    head = "".join(
        _heading("col", html.escape(label), f" class={kind}")
        for label, kind in zip(labels, kinds, strict=True)
    )
    title, caption = html.escape(data["title"]), html.escape(data["caption"])
    under = "".join(f"<p class='notes'>{html.escape(text)}</p>" for text in notes)
    return (
        f'<div class="scroll" id="table-{anchor(data["name"])}" tabindex="0" role="region" '
        f'aria-label="{title}">'
        f"<table{_classes(grouped, kinds)}>"
        f"<caption>{title}<small>{caption}</small></caption>"
        f"<thead><tr>{head}</thead>{body}</table></div>{under}{numbers}\n"
    )


def _classes(grouped: bool, kinds: Sequence[str]) -> str:
    """Of the table: whether its rows stand under headings, whether print must draw it together."""
    least = sum({"n": 5, "m": 6.5, "l": 9}.get(kind) or int(kind[1:]) for kind in kinds)
    names = ["grouped"] * grouped + ["wide"] * (least > SHEET)
    return f' class="{" ".join(names)}"' if names else ""


def anchor(name: object) -> str:
    """A name as part of an id."""
    return re.sub(r"[^\w-]", "-", str(name), flags=re.ASCII)


def _runs(rows: Sequence[Sequence[str]]) -> list[list[Sequence[str]]]:
    """Neighbouring rows with the same first cell."""
    return [list(run) for _, run in itertools.groupby(rows, key=lambda row: row[0])]


def _alike(runs: Sequence[Sequence[Sequence[str]]], at: int) -> bool:
    """Whether a column says the same of all rows of a run, in every run."""
    return all(len({row[at] for row in run}) == 1 for run in runs)


def _group(
    run: Sequence[Sequence[str]], kept: Sequence[int], kinds: Sequence[str], same: Mapping[str, int]
) -> str:
    """Rows under a heading, which frees its column and those that say the `same` of all rows."""
    said = [f"{label}: {run[0][at]}" for label, at in same.items() if run[0][at]]
    name = html.escape(str(run[0][0])) + "".join(f" <small>{html.escape(s)}</small>" for s in said)
    rows = "".join(f"<tr>{''.join(_cells([row[at] for at in kept], kinds))}" for row in run)
    return f"<tbody><tr><th scope=rowgroup colspan={len(kinds)}>{name}{rows}</tbody>"


def _bodies(runs: Sequence[Sequence[Sequence[str]]], kinds: Sequence[str]) -> Iterator[str]:
    """Rows one by one; a first cell that repeats the one above is joined with it."""
    apart = any(len(run) > 1 for run in runs)
    for at, run in enumerate(runs):
        start = "<tbody>" if apart or at == 0 else ""
        end = "</tbody>" if apart or at == len(runs) - 1 else ""
        first = f"<tr>{''.join(_cells(run[0], kinds, len(run)))}"
        rest = [f"<tr>{''.join(list(_cells(row, kinds))[1:])}" for row in run[1:]]
        yield start + first + "".join(rest) + end


def _cells(row: Sequence[str], kinds: Sequence[str], span: int = 1) -> Iterator[str]:
    """The cells of a row; the first is its heading unless it is a number."""
    for at, (value, kind) in enumerate(zip(row, kinds, strict=True)):
        text = html.escape(str(value))
        if at == 0 and kind != "n":
            yield _heading("row", text, f" rowspan={span}" if span > 1 else "")
        else:
            yield f"<td class=n>{text}" if kind == "n" and text else f"<td>{text}"


def _heading(scope: str, text: str, more: str) -> str:
    """A heading; an empty one heads nothing."""
    return f"<th scope={scope}{more}>{text}" if text.strip() else f"<td{more}>"


def _kind(texts: Sequence[str]) -> str:
    """How wide the heading keeps a column of text: short texts are never broken."""
    longest = max(map(width, texts), default=0.0)
    if longest <= NARROW:
        return f"w{math.ceil(longest + 1.2)}"  # with the space at its sides
    return "m" if longest <= MIDDLE else "l"


def width(text: str) -> float:
    """How wide a text is in Japanese characters.

    Examples
    --------
    >>> width("団体"), width("n = 15")
    (2.0, 2.88)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WFA" for c in str(text))
    slim = sum(c in " ,.()-/:" for c in str(text))
    signs = str(text).count("%")
    return round(wide + 0.3 * slim + 0.9 * signs + 0.57 * (len(str(text)) - wide - slim - signs), 2)


def scoped(fragment: str) -> str:
    """Cleaned HTML tables whose headings say what they are headings of.

    Examples
    --------
    >>> scoped("<tbody><tr><th>a</th><td>1</td></tr></tbody>")
    '<tbody><tr><th scope="row">a</th><td>1</td></tr></tbody>'
    """

    def part(match: re.Match[str]) -> str:
        scope = "col" if match[1] == "thead" else "row"
        return match[0].replace("<th>", f'<th scope="{scope}">')

    return re.sub(r"<(thead|tbody)>.*?</\1>", part, fragment, flags=re.S)
