"""A fault of a YAML file, of pydantic's too, in one sentence that names the entry."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from analysis.errors import Message

# the fault as pydantic names it -> what it means for who writes the file
FAULTS = {
    "extra_forbidden": Message("there is no entry of this name; check its spelling, or remove it"),
    "missing": Message("this entry is lacking; add it"),
    "too_short": Message("it is empty; give at least 1 entry"),
    "string_type": Message("it should be a text"),
    "int_type": Message("it should be a whole number"),
    "int_parsing": Message("it should be a whole number"),
    "float_type": Message("it should be a number"),
    "bool_type": Message("it should be true or false"),
    "date_type": Message("it should be a date such as 2020-10-03"),
    "date_parsing": Message("it should be a date such as 2020-10-03"),
    "date_from_datetime_parsing": Message("it should be a date such as 2020-10-03"),
    "tuple_type": Message("it should be a list"),
    "list_type": Message("it should be a list"),
    "dict_type": Message("it should have entries of its own, each with a name"),
    "model_type": Message("it should have entries of its own, each with a name"),
}


def describe_validation(error: ValidationError, content: Any) -> Message:
    """The first fault of a YAML file in one sentence that names the entry."""
    return described(error.errors(include_url=False)[0], content)


def described(fault: Any, content: Any) -> Message:
    """A fault in one sentence that names the entry."""
    place: list[str] = []
    node = content
    for part in fault["loc"]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        name = node.get("id", node.get("code")) if isinstance(node, dict) else None
        place.append(str(name) if isinstance(part, int) and name is not None else str(part))
    given = fault.get("input")
    if isinstance(given, bool) and fault["type"] != "extra_forbidden":
        what = Message("an unquoted yes/no/on/off is a YAML boolean, put it in quotes")
    elif fault["type"] == "string_type" and isinstance(given, int | float):
        what = Message(
            "this is a number and should be a text; write '{given}' in quotes", given=given
        )
    elif fault["type"] == "literal_error":
        known = re.findall("'([^']*)'", fault["ctx"]["expected"])
        what = Message("there is no value {given!r}; there are: {known}", given=given, known=known)
    else:
        what = FAULTS.get(fault["type"]) or Message("not valid ({msg})", msg=fault["msg"])
    return at(" > ".join(place) or Message("the file"), what)


def at(where: str, what: Message) -> Message:
    """A fault after the place where it is."""
    return Message("{where}: {fault}", where=where, fault=what)


def named(what: str, id: str) -> Message:
    """Which question, feature or other entry a fault is in."""
    return Message("{what} {id}", what=Message(what), id=id)
