"""The primary hypotheses as they were when a wave's first replies were cleaned.

``data/codebooks/registered/WAVE.yml`` is written once, by whichever command cleans the wave first,
and belongs into git: its date is that of the lock, and a later change of a primary hypothesis, or
of a question that it uses, is printed as a deviation.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import StrictInt, StrictStr, ValidationError

from analysis import paths
from analysis.codebook import yaml_file
from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.errors import InputError, Message
from analysis.text import Model

HEAD = (
    "# Written once, when replies were first cleaned. Not to be edited: changes are deviations.\n"
)
MEANING = {"ja", "en", "type", "options", "items", "range", "unit", "ask_if", "missing_tokens"}


class Registration(Model):
    """What is on record for a wave.

    `replies`: how many had been cleaned on `date`. `first_reply`: when the first of them was sent,
    where the wave asks for it. `sha256`: of the canonical text of `hypotheses` and `definitions`.
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
        """Whether it is older than the first reply; None where nobody knows when that was."""
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
    known = {**{question.id: question for question in book}, **book.question_of}
    used: dict[str, dict[str, Any]] = {}
    while rules:
        for name in sorted(Expression(rules.pop()).names):
            question = known.get(name)
            if question is not None and question.id not in used:
                used[question.id] = question.model_dump(
                    mode="json", include=MEANING, exclude_defaults=True
                )
                rules += [question.ask_if] if question.ask_if else []
    for entry in (
        part for q in used.values() for k in ("options", "items") for part in q.get(k, ())
    ):
        for name in {"source", "cost"} & entry.keys():
            del entry[name]
    dump = {h.id: h.model_dump(mode="json", exclude={"id"}, exclude_defaults=True) for h in primary}
    return dump, dict(sorted(used.items()))


def _hash(*parts: Mapping[str, Any]) -> str:
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def file_of(wave: str) -> Path:
    """Where the registration of a wave lies."""
    return paths.codebooks() / "registered" / f"{wave}.yml"


def register(wave: str, book: Codebook, received: pd.Series) -> None:
    """Put the primary hypotheses on record, unless this was done before or nothing may be written.

    Parameters
    ----------
    received : a row a reply, when it was sent (NaT where unknown).
    """
    file = file_of(wave)
    if not book.hypotheses or file.exists():
        return
    hypotheses, definitions = section(book)
    first = received.min()
    content = {
        "codebook": book.id,
        "date": dt.date.today(),
        "replies": len(received),
        "first_reply": None if pd.isna(first) else first.date(),
        "sha256": _hash(hypotheses, definitions),
        "hypotheses": hypotheses,
        "definitions": definitions,
    }
    text = HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
    beside = file.with_name(f".{wave}.{uuid.uuid4().hex[:8]}.part")
    with contextlib.suppress(OSError):  # a checkout that is read-only has no registration
        try:
            paths.write_atomic(beside, text)
            os.link(beside, file)  # fails where another process was first
        finally:
            beside.unlink(missing_ok=True)


def read(wave: str) -> Registration | None:
    """What is on record for a wave; None where nothing is.

    Raises
    ------
    InputError : the file is there and cannot be read.
    """
    file = file_of(wave)
    if not file.is_file():
        return None
    try:
        return Registration.model_validate(yaml_file.load(file))
    except ValidationError as error:
        hint = Message("take the file back from git: it is never edited")
        raise InputError(
            "not a registration ({title})", file=file, hint=hint, title=error.title
        ) from None


def deviations(registered: Registration, book: Codebook) -> list[Deviation]:
    """How the primary hypotheses of a codebook differ from those on record."""
    found: list[Deviation] = []
    registered_parts = (registered.hypotheses, registered.definitions)
    for old, new in zip(registered_parts, section(book), strict=True):
        for id in dict.fromkeys([*old, *new]):
            if id in old and id in new:
                found += _changed(id, old[id], new[id])
            elif old is registered.hypotheses:  # of a question that is used no more it says so
                found.append(Deviation(id, "dropped" if id in old else "added"))
    return found


def _changed(id: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Deviation]:
    for field in dict.fromkeys([*old, *new]):
        before, after = (_plain(entry.get(field)) for entry in (old, new))
        if before != after:
            yield Deviation(id, "changed", field, before, after)


def _plain(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
