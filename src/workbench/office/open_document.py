"""An OpenDocument spreadsheet (.ods) as the audit reads it: cells, marks, looks and objects.

The rules of 2026 have the format beside Excel and CSV. Waves do not take it in: an office saves it
as .xlsx.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from lxml import etree

from analysis.intake import workbook_parts
from analysis.intake.sheet import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    Look,
    Place,
    Sheet,
    address,
    typed,
)

SUFFIX, CONTENT = ".ods", "content.xml"
MOST = 2_000_000  # filled cells
DRAWN = ("{*}frame", "{*}custom-shape", "{*}rect", "{*}line", "{*}ellipse", "{*}polygon",
         "{*}path", "{*}g")  # fmt: skip
ASIDE = ("{*}annotation", *DRAWN)  # their words are not those of the cell
SIGNS = {"tab": " ", "s": " ", "line-break": "\n"}
UNSEEN = {"collapse", "filter"}
PLAIN = {"normal", "none", "transparent", "#000000", "false"}  # values of a look that is none
LOOKS = {"font-weight", "font-style", "color", "background-color", "text-underline-style"}


class StyledSheet(NamedTuple):
    """A sheet, the look of its cells that do not look plain, and the cells with objects."""

    sheet: Sheet
    looks: Mapping[Place, Look] = {}
    objects: Sequence[str] = ()


def is_open_document(file: Path) -> bool:
    """Whether a file is an OpenDocument spreadsheet with contents, by its name and its parts."""
    if file.suffix.lower() != SUFFIX or not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return CONTENT in archive.namelist()


def read(file: Path) -> list[StyledSheet]:
    """The sheets of an OpenDocument spreadsheet.

    Raises InputError: it is damaged, protected by a password, or larger than a table can be.
    """
    parts = workbook_parts.unpack(file.read_bytes(), file.name)
    reader = etree.XMLParser(
        resolve_entities=False, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(parts[CONTENT], reader)
        looks: dict[str, Look] = {}
        hidden: set[str] = set()  # styles of hidden tables
        for style in root.iter("{*}style"):
            name = _given(style).get("name", "")
            looks[name] = tuple(
                f"{kind} {value}"
                for part in style.iterchildren("{*}text-properties", "{*}table-cell-properties")
                for kind, value in sorted(_given(part).items())
                if kind in LOOKS and value not in PLAIN
            )
            if any(_given(part).get("display") == "false" for part in style):
                hidden.add(name)
        return [_page(file.name, table, looks, hidden) for table in root.iter("{*}table")]
    except (etree.LxmlError, KeyError, ValueError, OverflowError) as error:
        raise workbook_parts.broken(file.name, error) from None


def _page(
    file: str, table: etree._Element, looks: Mapping[str, Look], hidden: set[str]
) -> StyledSheet:
    """One table of the document as the audit takes it."""
    about, (defaults, unseen) = _given(table), _columns(table)
    values, styled, formulas = dict[Place, Any](), dict[Place, Look](), dict[Place, str]()
    merged, hidden_rows = list[tuple[int, int, int, int]](), list[range]()
    drawings = _outer(table, *DRAWN)
    objects = ["" for one in drawings if next(one.iterancestors("{*}table-row"), None) is None]
    below = 0
    for row in table.iter("{*}table-row"):
        attrs = _given(row)
        rows = range(below, below + _repeated(attrs, "rows", MAX_ROWS))
        below, right = rows.stop, 0
        hidden_rows += [rows] if attrs.get("visibility") in UNSEEN else []
        for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
            attrs, at = _given(cell), (rows.start, right)
            columns = range(right, right + _repeated(attrs, "columns", MAX_COLUMNS))
            right = columns.stop
            value = _value(attrs, "\n".join(map(_text, _outer(cell, "{*}p"))))
            if value != "":
                if len(values) + len(rows) * len(columns) > MOST:
                    raise ValueError("too many cells")
                values |= dict.fromkeys(product(rows, columns), value)
                for place in product(rows, columns):
                    default = defaults[place[1]] if place[1] < len(defaults) else ""
                    if look := looks.get(attrs.get("style-name") or default):
                        styled[place] = look
            if formula := attrs.get("formula"):
                formulas[at] = formula.partition(":")[2] or formula
            down, across = (int(attrs.get(f"number-{k}-spanned", 1)) for k in ("rows", "columns"))
            if down > 1 or across > 1:
                merged.append((*at, at[0] + down - 1, at[1] + across - 1))
            objects += [address(*at) for _ in _outer(cell, *DRAWN)]
    text, kind = _typed(values)
    height, width = text.shape
    sheet = Sheet(
        *(file, about.get("name", ""), text, kind),
        merged=tuple(merged),
        hidden_rows=frozenset(
            at for part in hidden_rows for at in range(height)[part.start : part.stop]
        ),
        hidden_columns=frozenset(np.flatnonzero(unseen[:width]).tolist()),
        hidden=about.get("style-name", "") in hidden,
        formulas=formulas,
    )
    return StyledSheet(sheet, styled, objects)


def _typed(values: Mapping[Place, Any]) -> tuple[pd.DataFrame, np.ndarray]:
    """Text and kind of every cell up to the last filled row and column."""
    height = 1 + max((row for row, _ in values), default=-1)
    width = 1 + max((column for _, column in values), default=-1)
    if height * width > MAX_CELLS:
        raise ValueError("too many cells")
    rows: list[list[Any]] = [[""] * width for _ in range(height)]
    for (row, column), value in values.items():
        rows[row][column] = value
    return typed(rows)


def _columns(table: etree._Element) -> tuple[list[str], list[bool]]:
    """Of each column the style of its cells, and whether it is hidden."""
    defaults, unseen = list[str](), list[bool]()
    for column in table.iter("{*}table-column"):
        attrs = _given(column)
        many = min(_repeated(attrs, "columns", MAX_COLUMNS), MAX_COLUMNS - len(defaults))
        defaults += [attrs.get("default-cell-style-name", "")] * many
        unseen += [attrs.get("visibility") in UNSEEN] * many
    return defaults, unseen


def _given(element: etree._Element) -> dict[str, str]:
    """The attributes of an element by their names without name space."""
    return {name.rpartition("}")[2]: value for name, value in element.attrib.items()}


def _outer(element: etree._Element, *kinds: str) -> Iterator[etree._Element]:
    """Elements of these kinds in another one, but for those inside a note or a drawing."""
    for inner in element.iterdescendants(*kinds):
        if next(inner.iterancestors(*ASIDE), None) is None:
            yield inner


def _text(paragraph: etree._Element) -> str:
    """The words of a paragraph, without those of notes and drawings in it."""
    words, walk = "", etree.iterwalk(paragraph, events=("start", "end"))
    for event, inner in walk:
        name = etree.QName(inner).localname
        if event == "end":
            words += "" if inner is paragraph else inner.tail or ""
        elif f"{{*}}{name}" in ASIDE:
            walk.skip_subtree()
        else:
            words += SIGNS.get(name, inner.text or "")
    return words


def _repeated(attributes: dict[str, str], what: str, most: int) -> int:
    return min(most, max(1, int(attributes.get(f"number-{what}-repeated", 1))))


def _value(attributes: dict[str, str], text: str) -> Any:
    """What a cell holds: a number, a day, true or false, or text."""
    kind = attributes.get("value-type", "string")
    if kind in {"float", "percentage", "currency"}:
        return float(attributes["value"])
    if kind == "boolean":
        return attributes.get("boolean-value") == "true"
    if kind == "date":
        day = dt.datetime.fromisoformat(attributes["date-value"])
        return day if day.time() != dt.time() else day.date()
    return text
