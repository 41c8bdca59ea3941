"""REDCap: the data dictionary, a CSV with a row for each field.

As the tool exports it, or with the names that its API gives the columns (``field_name``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from analysis.intake.sheet import Sheet
from workbench.office.definitions.core import (
    Choice,
    Definition,
    Pattern,
    compared,
    id_of,
    numbers,
    with_rule,
)

NAME, KIND, LABEL = "Variable / Field Name", "Field Type", "Field Label"
CHOICES, CHECK = (
    "Choices, Calculations, OR Slider Labels",
    "Text Validation Type OR Show Slider Number",
)
LOW, HIGH, MATRIX = "Text Validation Min", "Text Validation Max", "Matrix Group Name"
LOGIC = "Branching Logic (Show field only if...)"
LISTS = {"radio": "single", "dropdown": "single", "checkbox": "multi"}
BY_API = {
    "field_name": NAME, "field_type": KIND, "field_label": LABEL, "identifier": "Identifier?",
    "select_choices_or_calculations": CHOICES, "section_header": "Section Header",
    "text_validation_type_or_show_slider_number": CHECK, "text_validation_min": LOW,
    "text_validation_max": HIGH, "branching_logic": LOGIC, "matrix_group_name": MATRIX,
}  # fmt: skip
YES_NO = (Choice("1", ("はい", "yes")), Choice("0", ("いいえ", "no")))


def read(sheets: Sequence[Sheet]) -> Definition | None:
    """The questionnaire, where a sheet has the columns of a data dictionary."""
    grid = sheets[0].text.to_numpy(object)
    if not len(grid):
        return None
    heads = [BY_API.get(name, name) for name in (str(text).strip() for text in grid[0])]
    if not {NAME, KIND, LABEL} <= {*heads}:
        return None
    blank = {"NA": ""} if BY_API.keys() & {*map(str, grid[0])} else {}  # as R writes what is empty
    rows = [
        dict(zip(heads, (blank.get(text, text) for text in map(str, row)), strict=True))
        for row in grid[1:]
    ]
    found = Definition("REDCap")
    for number, row in enumerate(rows):
        if number and row[NAME] and row.get("Identifier?", "").casefold() != "y":
            _add(found, row)
    return found


def _add(found: Definition, row: dict[str, str]) -> None:
    """One field; what is calculated, described or a file is no question."""
    kind, name, texts = row[KIND], row[NAME], (row[LABEL], "")
    if row[LABEL].isascii():
        texts = ("", row[LABEL])
    own = [
        Choice(code.strip(), (text.strip(), "") if not text.isascii() else ("", text.strip()))
        for code, comma, text in (one.partition(",") for one in row.get(CHOICES, "").split("|"))
        if comma
    ]
    if row.get(MATRIX) and kind == "radio":
        question = _item(found, row, own)
    elif kind in LISTS and own:
        question = found.add(name, LISTS[kind], texts, own)
    elif kind in ("yesno", "truefalse"):
        question = found.add(name, "binary", texts, YES_NO)
    elif kind in ("text", "notes"):
        question = found.add(name, _type(row), texts, **_more(row))
    else:
        return
    if question is not None:
        with_rule(found, question, row.get(LOGIC, ""), _patterns(found))


def _type(row: dict[str, str]) -> str:
    check = row.get(CHECK, "")
    if check == "integer":
        return "integer"
    if check.startswith("number"):
        return "ratio"
    return "date" if check.startswith("date") else "text"


def _more(row: dict[str, str]) -> dict[str, Any]:
    more: dict[str, Any] = {"free": row[KIND] == "notes"}
    if _type(row) in {"integer", "ratio"}:
        more["range"] = numbers(row.get(LOW, ""), row.get(HIGH, ""))
    return more


def _item(found: Definition, row: dict[str, str], own: Sequence[Choice]) -> dict[str, Any] | None:
    """A line of a matrix: a battery, made with its first line."""
    matrix = row[MATRIX]
    battery = found.find(matrix)
    made = battery is None
    if battery is None:
        heading = row.get("Section Header", "")
        texts = ("", heading) if heading.isascii() else (heading, "")
        battery = found.add(matrix, "battery", texts, own)
        battery["items"] = []
    text = row[LABEL] or row[NAME]
    battery["items"].append({"id": id_of(row[NAME]), "ja": text, "en": text})
    return battery if made else None


def _patterns(found: Definition) -> list[Pattern]:
    """How a branching logic compares."""

    def ticked(m: re.Match[str]) -> str | None:
        rule = compared(found, m[1], "=", m[2])
        return rule if m[3] == "1" or rule is None else f"not ({rule})"

    value = r"\s*['\"]?(-?[\w.]+)['\"]?"
    return [
        (rf"\[(\w+)\((\w+)\)\]\s*={value}", ticked),
        (rf"\[(\w+)\]\s*(<>|!=|>=|<=|=|>|<){value}", lambda m: compared(found, m[1], m[2], m[3])),
    ]
