"""REDCap: the data dictionary, a CSV with a row for each field.

As the tool exports it, or with the names that its API gives the columns (``field_name``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.intake.sheet import Sheet
from workbench.office.definitions.core import Choice, Definition, in_one, numbers

API = {  # the heading of each column -> its name in the API
    "Variable / Field Name": "field_name",
    "Field Type": "field_type",
    "Field Label": "field_label",
    "Identifier?": "identifier",
    "Section Header": "section_header",
    "Choices, Calculations, OR Slider Labels": "select_choices_or_calculations",
    "Text Validation Type OR Show Slider Number": "text_validation_type_or_show_slider_number",
    "Text Validation Min": "text_validation_min",
    "Text Validation Max": "text_validation_max",
    "Branching Logic (Show field only if...)": "branching_logic",
    "Matrix Group Name": "matrix_group_name",
}
LISTS = {"radio": "single", "dropdown": "single", "checkbox": "multi"}
YES_NO = (Choice("1", ("はい", "yes")), Choice("0", ("いいえ", "no")))
VALUE = r"\s*['\"]?(?P<value>-?[\w.]+)['\"]?"
LOGIC = (
    r"\[(?P<name>\w+)\((?P<value>\w+)\)\]\s*=\s*['\"]?(?:1\b|(?P<unless>-?[\w.]+))['\"]?",
    rf"\[(?P<name>\w+)\]\s*(?P<sign><>|!=|>=|<=|=|>|<){VALUE}",
)


def read(sheets: Sequence[Sheet]) -> Definition | None:
    """The questionnaire, where a sheet has the columns of a data dictionary."""
    grid = sheets[0].text.to_numpy(object)
    if not len(grid):
        return None
    given = [str(text).strip() for text in grid[0]]
    heads = [API.get(name, name) for name in given]
    if not {"field_name", "field_type", "field_label"} <= {*heads}:
        return None
    blank = {"NA": ""} if {*API.values()} & {*given} else {}  # as R writes what is empty
    found = Definition("REDCap")
    for line in grid[2:]:  # the first field is the number of the record
        texts = (blank.get(text, text) for text in map(str, line))
        row = dict.fromkeys(API.values(), "") | dict(zip(heads, texts, strict=True))
        if row["field_name"] and row["identifier"].casefold() != "y":
            _add(found, row)
    return found


def _add(found: Definition, row: dict[str, str]) -> None:
    """One field; what is calculated, described or a file is no question."""
    kind, name, texts = row["field_type"], row["field_name"], in_one(row["field_label"])
    own = [
        Choice(code.strip(), in_one(text.strip()))
        for code, comma, text in (
            one.partition(",") for one in row["select_choices_or_calculations"].split("|")
        )
        if comma
    ]
    question: dict[str, Any] | None
    if row["matrix_group_name"] and kind == "radio":
        asked, label = in_one(row["section_header"]), (row["field_label"], "")
        question = found.line(row["matrix_group_name"], asked, own, name, label)
    elif kind in LISTS and own:
        question = found.add(name, LISTS[kind], texts, own)
    elif kind in ("yesno", "truefalse"):
        question = found.add(name, "binary", texts, YES_NO)
    elif kind in ("text", "notes"):
        check = row["text_validation_type_or_show_slider_number"]
        kinds = {"integer": "integer", "number": "ratio", "date": "date"}
        type_ = next((of for start, of in kinds.items() if check.startswith(start)), "text")
        ends = numbers(row["text_validation_min"], row["text_validation_max"])
        between = ends if type_ in {"integer", "ratio"} else None
        question = found.add(name, type_, texts, free=kind == "notes", range=between)
    else:
        return
    if question is not None:
        found.ask(question, row["branching_logic"], LOGIC)
