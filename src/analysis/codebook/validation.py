"""What is wrong with a YAML file, an entry or a rule: a sentence each that names the entry."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from analysis.codebook import yaml_file
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression, ExpressionError
from analysis.errors import InputError, Message

# the fault as pydantic names it -> what it means for who writes the file
FAULTS = {
    "extra_forbidden": Message("there is no entry of this name; check its spelling, or remove it"),
    "missing": Message("this entry is lacking; add it"),
    "empty": Message("it is empty; write a value, or remove the entry"),
    "too_short": Message("it is empty or too short; give at least {min_length}"),
    "too_long": Message("it has too many entries; give {max_length}"),
    "greater_than_equal": Message("it should not be below {ge}"),
    "invalid_key": Message("its name should be a text; put it in quotes"),
    "string_pattern_mismatch": Message("it takes ASCII letters, digits and _, a letter first"),
    "union_tag_not_found": Message("it should be a number, all, or a list of code and name"),
    "string_type": Message("it should be a text"),
    "int_type": Message("it should be a whole number"),
    "float_type": Message("it should be a number"),
    "bool_type": Message("it should be true or false"),
    "date_type": Message("it should be a date such as 2020-10-03"),
    "list_type": Message("it should be a list"),
    "dict_type": Message("it should have entries of its own, each with a name"),
}
ALIKE = {
    "string_too_short": "empty", "int_parsing": "int_type", "int_from_float": "int_type",
    "float_parsing": "float_type", "bool_parsing": "bool_type", "date_parsing": "date_type",
    "date_from_datetime_parsing": "date_type", "date_from_datetime_inexact": "date_type",
    "tuple_type": "list_type", "model_type": "dict_type",
}  # fmt: skip


Shaped = TypeVar("Shaped", bound=BaseModel)


def shaped(model: type[Shaped], content: Any, file: Path, hint: str | None = None) -> Shaped:
    """The content of a YAML file in its right shape.

    Raises InputError: its first fault in one sentence that names line and entry.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        if fault["loc"][-1:] == ("code",):
            hint = Message("put a code in quotes, such as '012025'")
        what, line = described(fault, content), yaml_file.line_of(file, fault["loc"])
        if line:
            what = Message("line {line}: {fault}", line=line, fault=what)
        raise InputError(what, file=file, hint=hint) from None


def described(fault: Any, content: Any) -> Message:
    """A fault in one sentence that names the entry."""
    place: list[str] = []
    node = content
    for part in fault["loc"]:
        lacks = node is not None and not (isinstance(node, dict) and part in node)
        if part == "[key]" or (isinstance(part, str) and lacks and fault["type"] != "missing"):
            continue  # of several kinds of value the one that was meant
        listed = isinstance(node, list) and isinstance(part, int)
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        names = ("id", "code", "path") if listed and isinstance(node, dict) else ()
        own = (str(node[name]) for name in names if node.get(name) is not None)
        place.append(next(own, str(part + 1 if listed else part)))
    given, type = fault.get("input"), ALIKE.get(fault["type"], fault["type"])
    if isinstance(given, bool) and type not in {"extra_forbidden", "union_tag_not_found"}:
        what = Message("an unquoted yes/no/on/off is a YAML boolean, put it in quotes")
    elif type == "string_type" and isinstance(given, int | float):
        what = Message(
            "this is a number and should be a text; write '{given}' in quotes", given=given
        )
    elif given is None:
        what = FAULTS["empty"]
    elif type == "literal_error":
        known = re.findall("'([^']*)'", fault["ctx"]["expected"])
        what = Message("there is no value {given!r}; there are: {known}", given=given, known=known)
    elif type == "dict_type" and fault.get("ctx", {}).get("class_name") == "Text":
        what = Message("it should have ja and en, the text in both languages")
    else:
        fits = FAULTS.get(type) or Message("{given!r} is no value of it", given=given)
        what = Message(fits.template, **{**fits.values, **fault.get("ctx", {})})
    return at(" > ".join(place) or Message("the file"), what)


def at(where: str, what: Message) -> Message:
    """A fault after the place where it is."""
    return Message("{where}: {fault}", where=where, fault=what)


def named(what: str, id: str) -> Message:
    """Which question, feature or other entry a fault is in."""
    return Message("{what} {id}", what=Message(what), id=id)


CHOICES = {"single", "multi", "ordinal", "battery"}
NOT_THERE = "the rule {rule!r} points to {id}, which does not exist"


def of_question(question: Question) -> Iterator[Message]:
    """Faults of one question but for its rules."""
    type = question.type
    if type in CHOICES and not question.options:
        yield Message("a question of type {type} needs options", type=type)
    if question.options and type not in {*CHOICES, "binary"}:
        yield Message("a question of type {type} has no options", type=type)
    if (type == "battery") != bool(question.items):
        yield Message("a battery needs items, and only a battery has them")
    if type == "binary" and {o.code for o in question.options} - {0, 1}:
        yield Message("the options of a binary question are 1 and 0")
    if question.max_choices is not None and type != "multi":
        yield Message("max_choices belongs to a question of type multi")
    if question.range is not None and type not in {"integer", "ratio", "date"}:
        yield Message("a question of type {type} has no range", type=type)
    elif question.range is not None:
        low, high = question.range
        if {isinstance(end, str) for end in (low, high)} != {type == "date"}:
            kind = Message("dates in quotes" if type == "date" else "numbers")
            yield Message(
                "the range of a question of type {type} is two {kind}", type=type, kind=kind
            )
        elif low > high:  # type: ignore[operator]
            yield Message("the range begins at {low} above its end {high}", low=low, high=high)
    yield from repeated("option code", [o.code for o in question.options])
    yield from repeated("option label", [o.ja for o in question.options])


def of_rule(
    rule: str | None,
    known: Mapping[str, Question],
    later: Collection[str] = (),
    *,
    truth: bool = False,
) -> Iterator[Message]:
    """Faults of one rule, which may name what is `known`: ids and variables of questions.

    `truth`: it must say true or false. `later`: names that are there, but only further on.
    """
    if rule is None:
        return
    try:
        expression = Expression(rule, truth=truth)
    except ExpressionError as error:
        yield error.what
        return
    for name in sorted(expression.names):
        if name in known:
            for fault in _misuse(name, known[name], expression):
                yield Message("the rule {rule!r} {fault}", rule=rule, fault=fault)
        elif name in later:
            yield Message("the rule {rule!r} points to {id}, which comes later", rule=rule, id=name)
        else:
            yield Message(NOT_THERE, rule=rule, id=name)
    for name, codes in expression.codes.items():
        question = known.get(name)
        if question is None or (question.type == "multi" and name != question.id):
            continue  # a column of one option has no codes
        if question.options and (gone := codes - {option.code for option in question.options}):
            yield Message(
                "the rule {rule!r} names option {code} of {id}, which has no such option",
                rule=rule,
                code=min(gone),
                id=name,
            )


def _misuse(name: str, question: Question, rule: Expression) -> Iterator[Message]:
    """How a rule uses a question that cannot be used so: its first fault."""
    single = name in rule.numbers | rule.truths
    if name in rule.chosen and not (question.type == "multi" and name == question.id):
        yield Message("asks which options of {id} are chosen, which is not of type multi", id=name)
    elif single and name not in question.variables:
        yield Message(
            "uses {id} as one value, but it has several ({first} to {last})",
            id=name,
            first=question.variables[0],
            last=question.variables[-1],
        )
    elif single and (type := question.type) in {"text", "date"}:
        yield Message("uses {id} as a number, but it is of type {type}", id=name, type=type)
    elif name in rule.truths and question.type not in {"binary", "multi"}:
        yield Message("uses {id} as true or false; write a comparison such as {id} >= 1", id=name)


def repeated(what: str, values: Iterable[object]) -> Iterator[Message]:
    """The values that are there more than once."""
    for value in twice(values):
        yield Message("{what} {value!r} stands more than once", what=Message(what), value=value)


def twice(values: Iterable[Any]) -> list[Any]:
    """The values that are there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
