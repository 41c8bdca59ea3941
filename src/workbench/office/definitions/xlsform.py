"""XLSForm: the sheets survey and choices of a form for ODK or KoboToolbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from analysis.intake.sheet import Sheet
from workbench.office.definitions.core import Choice, Definition, Texts, id_of, in_both, numbers

TYPES = {
    "integer": "integer", "int": "integer", "decimal": "ratio", "range": "integer",
    "date": "date", "datetime": "date", "dateTime": "date", "text": "text", "string": "text",
}  # fmt: skip
SELECT = re.compile(r"(select_one|select_multiple|rank)\s+(\S+)(\s+or_other)?")
ENDS = re.compile(r"\.\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
QUOTED = r"\s*['\"](?P<value>[^'\"]*)['\"]"
RELEVANT = (
    rf"selected\(\s*\$\{{(?P<name>[\w-]+)\}}\s*,{QUOTED}\s*\)",
    rf"\$\{{(?P<name>[\w-]+)\}}\s*(?P<sign>!=|=){QUOTED}",
    r"\$\{(?P<name>[\w-]+)\}\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>-?\d+(?:\.\d+)?)",
)
Row = dict[str, str]


def read(sheets: Sequence[Sheet]) -> Definition | None:
    """The questionnaire, where there are sheets called survey and choices."""
    by_name = {sheet.sheet.casefold(): _rows(sheet) for sheet in sheets}
    if "survey" not in by_name or not any("type" in row for row in by_name["survey"]):
        return None
    settings = by_name.get("settings") or [{}]
    found = Definition(settings[0].get("form_title", "") or "XLSForm")
    choices: dict[str, list[Choice]] = {}
    for row in by_name.get("choices", []):
        name = row.get("list_name") or row.get("list name", "")
        if name and row.get("name"):
            choices.setdefault(name, []).append(Choice(row["name"], _texts(row)))
    groups: list[Row] = []
    for row in by_name["survey"]:
        kind = re.sub(r"\s+", " ", row.get("type", "").replace("_group", " group")).strip()
        if re.match(r"begin (group|repeat)", kind):
            groups.append(row)
        elif re.match(r"end (group|repeat)", kind):
            groups = groups[:-1]
        elif row.get("name"):
            _add(found, row, kind, choices, groups)
    return found


def _rows(sheet: Sheet) -> list[Row]:
    """The rows of a sheet by its headings in lower case."""
    grid = sheet.text.to_numpy(object)
    heads = [str(text).strip().casefold() for text in grid[0]] if len(grid) else []
    return [
        {head: str(text).strip() for head, text in zip(heads, row, strict=True) if head and text}
        for row in grid[1:]
    ]


def _texts(row: Row) -> Texts:
    """The labels of a row in Japanese and English."""
    heads = ((head.partition("::"), text) for head, text in row.items())
    return in_both({language: text for (label, _, language), text in heads if label == "label"})


def _add(
    found: Definition, row: Row, kind: str, choices: dict[str, list[Choice]], groups: list[Row]
) -> None:
    """One row of the survey; notes, calculations and what the device notes are no questions."""
    select, name = SELECT.match(kind), row["name"]
    own = list(choices.get(select[2], [])) if select else []
    if select is None and kind not in TYPES:
        return
    if select and not own:
        found.left[id_of(name)] = f"the list {select[2]} has no choices"
        return
    if select and select[3]:
        own.append(Choice("other", ("その他", "other")))
    asked = groups
    group = groups[-1] if groups else {}
    question: dict[str, Any] | None
    if "table-list" in group.get("appearance", "") and kind.startswith("select_one"):
        question = found.line(group.get("name", ""), _texts(group), own, name, _texts(row))
    else:
        asked = [*groups, row]
        many = kind.startswith(("select_multiple", "rank"))
        type_ = "multi" if many else "single" if own else TYPES[kind]
        more: dict[str, Any] = {}
        ends = {sign[0]: value for sign, value in ENDS.findall(row.get("constraint", ""))}
        if type_ in {"integer", "ratio"} and len(ends) == 2:
            more["range"] = numbers(ends[">"], ends["<"])
        if type_ == "text":
            more["free"] = "multiline" in row.get("appearance", "")
        question = found.add(name, type_, _texts(row), own, **more)
    conditions = [f"({one['relevant']})" for one in asked if one.get("relevant")]
    if question is not None:
        found.ask(question, " and ".join(conditions), RELEVANT)
