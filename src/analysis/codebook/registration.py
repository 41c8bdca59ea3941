"""The primary hypotheses of a wave on record, in ``data/codebooks/registered/WAVE.yml``.

Whichever command first cleans the wave writes the file, once; it belongs into git. A later change
of a primary hypothesis, or of a question that it uses, is printed as a deviation.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pydantic import StrictInt, StrictStr, ValidationError

from analysis import paths, yaml_file
from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.errors import refusal
from analysis.text import Model

HEAD = (
    "# Written once, when replies were first cleaned. Not to be edited: changes are deviations.\n"
)
MEANING = {"ja", "en", "type", "options", "items", "range", "unit", "ask_if", "missing_tokens"}
# how the files write an option and what it costs are no part of what was asked
UNSAID = {part: {"__all__": {"source", "cost"}} for part in ("options", "items")}


class Registration(Model):
    """The primary hypotheses of a wave as registered, and the `definitions` of their questions.

    `replies`: how many had been cleaned on `date`. `first_reply`: when the first of them was sent,
    where the wave asks for it. `sha256`: of both in canonical form.
    """

    codebook: StrictStr
    date: dt.date
    replies: StrictInt
    first_reply: dt.date | None
    sha256: StrictStr
    hypotheses: dict[str, dict[str, Any]]
    definitions: dict[str, dict[str, Any]]

    @property
    def before_replies(self) -> bool | None:
        """Whether it is older than the first reply; None where that has no date."""
        return None if self.first_reply is None else self.date < self.first_reply

    @property
    def intact(self) -> bool:
        """Whether the text is the one that the hash was taken of."""
        return self.sha256 == _hash(self.hypotheses, self.definitions)


@dataclass(frozen=True)
class Deviation:
    """One entry of a primary hypothesis (or question) that is not as registered."""

    id: str
    kind: Literal["changed", "added", "dropped"]
    field: str = ""
    before: str = ""
    after: str = ""


def section(book: Codebook) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The primary hypotheses of a codebook, and the questions that their rules use.

    Wording, options, ranges and skip rules of a question belong to its definition; how its column
    is recognised in a file does not.
    """
    primary = [h for h in book.hypotheses if h.primary]
    rules = [rule for h in primary for rule in (h.group, h.x, h.value) if rule]
    definitions: dict[str, dict[str, Any]] = {}
    while rules:
        for name in sorted(Expression(rules.pop()).names):
            question = book.by_name.get(name)
            if question is not None and question.id not in definitions:
                definitions[question.id] = question.model_dump(
                    mode="json", include=MEANING, exclude=UNSAID, exclude_defaults=True
                )
                rules += [question.ask_if] if question.ask_if else []
    dump = {h.id: h.model_dump(mode="json", exclude={"id"}, exclude_defaults=True) for h in primary}
    return dump, dict(sorted(definitions.items()))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _hash(*parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(_json(parts).encode("utf-8")).hexdigest()


def put_on_record(wave: str, book: Codebook, days: pd.Series) -> None:
    """Put the primary hypotheses on record, unless this was done before or nothing may be written.

    `days`: a row a reply, when it was sent (NaT where unknown).
    """
    file = paths.registration(wave)
    if not book.hypotheses or file.exists():
        return
    hypotheses, definitions = section(book)
    first = days.min()
    content = Registration(
        codebook=book.id,
        date=dt.date.today(),
        replies=len(days),
        first_reply=None if pd.isna(first) else first.date(),
        sha256=_hash(hypotheses, definitions),
        hypotheses=hypotheses,
        definitions=definitions,
    ).model_dump()
    text = HEAD + yaml_file.text_of(content, width=100)
    part = paths.beside(file)
    with contextlib.suppress(OSError):  # a checkout that is read-only has no registration
        try:
            paths.write_atomic(part, text)
            os.link(part, file)  # fails where another process was first
        finally:
            part.unlink(missing_ok=True)


def on_record(wave: str) -> Registration | None:
    """What is on record for a wave; None where nothing is. An InputError where it is unreadable."""
    file = paths.registration(wave)
    if not file.is_file():
        return None
    try:
        return Registration.model_validate(yaml_file.load(file))
    except ValidationError as error:
        raise refusal("codebook.no_registration", file=file, title=error.title) from None


def deviations(record: Registration, book: Codebook) -> list[Deviation]:
    """How the primary hypotheses of a codebook differ from those on record."""
    changes: list[Deviation] = []
    for old, new in zip((record.hypotheses, record.definitions), section(book), strict=True):
        for id in dict.fromkeys([*old, *new]):
            if id in old and id in new:
                for field in dict.fromkeys([*old[id], *new[id]]):
                    values = [entries[id].get(field, "") for entries in (old, new)]
                    before, after = (v if isinstance(v, str) else _json(v) for v in values)
                    if before != after:
                        changes.append(Deviation(id, "changed", field, before, after))
            elif old is record.hypotheses:  # of a question that is used no more it says so
                changes.append(Deviation(id, "dropped" if id in old else "added"))
    return changes
