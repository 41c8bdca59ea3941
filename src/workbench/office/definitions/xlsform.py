"""XLSForm: the sheets survey and choices of a form for ODK or KoboToolbox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from analysis.intake.sheet import Sheet
from workbench.office.definitions.core import (
    Choice,
    Definition,
    Pattern,
    Texts,
    compared,
    id_of,
    numbers,
    with_rule,
)

TYPES = {
    "integer": "integer", "int": "integer", "decimal": "ratio", "range": "integer",
    "date": "date", "datetime": "date", "dateTime": "date", "text": "text", "string": "text",
}  # fmt: skip
SELECT = re.compile(r"(select_one|select_multiple|rank)\s+(\S+)(\s+or_other)?")
ENDS = re.compile(r"\.\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
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
    if not len(grid):
        return []
    heads = [str(text).strip().casefold() for text in grid[0]]
    return [
        {head: str(text).strip() for head, text in zip(heads, row, strict=True) if head and text}
        for row in grid[1:]
    ]


def _texts(row: Row) -> Texts:
    """The labels in Japanese and English; the only one of another language as the English one."""
    said = {head: text for head, text in row.items() if re.match(r"label(::|$)", head)}
    ja = next((t for head, t in said.items() if re.search(r"::.*(ja|日本)", head)), "")
    en = next((t for head, t in said.items() if re.search(r"::.*en", head)), "")
    return ja, en or said.get("label", "") or ("" if ja else next(iter(said.values()), ""))


def _add(
    found: Definition, row: Row, kind: str, choices: dict[str, list[Choice]], groups: list[Row]
) -> None:
    """One row of the survey; notes, calculations and what the device notes are no questions."""
    select, name = SELECT.match(kind), row["name"]
    if select is None and kind not in TYPES:
        return
    own = list(choices.get(select[2], [])) if select else []
    if select and not own:
        found.left[id_of(name)] = f"the list {select[2]} has no choices"
        return
    if select and select[3]:
        own.append(Choice("other", ("その他", "other")))
    group = groups[-1] if groups else {}
    table = "table-list" in group.get("appearance", "") and kind.startswith("select_one")
    if table:
        question = _item(found, row, group, own)
        if question is None:
            return
    else:
        question = found.add(name, _type(kind, own), _texts(row), own, **_more(row, kind))
    conditions = [one.get("relevant", "") for one in (*groups, *(() if table else (row,)))]
    text = " and ".join(f"({one})" for one in conditions if one)
    with_rule(found, question, text, _patterns(found))


def _type(kind: str, own: Sequence[Choice]) -> str:
    if kind.startswith(("select_multiple", "rank")):
        return "multi"
    return "single" if own else TYPES[kind]


def _more(row: Row, kind: str) -> dict[str, Any]:
    """What else an entry says: the range of a number, a text of several lines."""
    more: dict[str, Any] = {}
    ends = {sign[0]: value for sign, value in ENDS.findall(row.get("constraint", ""))}
    if TYPES.get(kind) in {"integer", "ratio"} and len(ends) == 2:
        more["range"] = numbers(ends[">"], ends["<"])
    if TYPES.get(kind) == "text" and "multiline" in row.get("appearance", ""):
        more["free"] = True
    return more


def _item(found: Definition, row: Row, group: Row, own: Sequence[Choice]) -> dict[str, Any] | None:
    """A line of a table of one list: a battery, made with its first line."""
    battery = found.find(group.get("name", ""))
    made = battery is None
    if battery is None:
        battery = found.add(group.get("name", ""), "battery", _texts(group), own, items=[{}])
        battery["items"] = []
    ja, en = _texts(row)
    item = {"id": id_of(row["name"]), "ja": ja or en or row["name"], "en": en or ja or row["name"]}
    battery["items"].append(item)
    return battery if made else None


def _patterns(found: Definition) -> list[Pattern]:
    """How a condition of XPath compares."""
    quoted = r"\s*['\"]([^'\"]*)['\"]"
    return [
        (
            rf"selected\(\s*\$\{{([\w-]+)\}}\s*,{quoted}\s*\)",
            lambda m: compared(found, m[1], "=", m[2]),
        ),
        (rf"\$\{{([\w-]+)\}}\s*(!=|=){quoted}", lambda m: compared(found, m[1], m[2], m[3])),
        (
            r"\$\{([\w-]+)\}\s*(!=|>=|<=|=|>|<)\s*(-?\d+(?:\.\d+)?)",
            lambda m: compared(found, m[1], m[2], m[3]),
        ),
    ]
