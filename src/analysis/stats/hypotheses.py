"""The questions of the working group, stated in the codebook with the direction expected.

What the primary ones were when a wave's first replies were cleaned is on record in
``data/codebooks/registered/WAVE.yml``. It is written once, by whichever command cleans the wave
first, and belongs into git: its date is that of the lock, and a later change of a primary
hypothesis, or of a question that it uses, is printed as a deviation.
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
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml
from pydantic import StrictInt, StrictStr, ValidationError

from analysis import paths
from analysis.codebook import yaml_file
from analysis.codebook.model import Codebook, Hypothesis
from analysis.codebook.rules import Expression
from analysis.errors import InputError, Message
from analysis.stats import inference
from analysis.stats.tabulate import aligned
from analysis.stats.thresholds import ALPHA, NOTABLE_EFFECT
from analysis.stats.thresholds import SMALLEST_GROUP as FEWEST
from analysis.text import Model

Word = Literal[
    "suggested", "illustrated", "not shown", "not testable", "withheld",
    "large", "medium", "small", "negligible", "reverse",
]  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """A hypothesis with what the answers say.

    `effect` is Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1, with its 95 %
    interval; `p` the exact or permutation p-value; both are of this hypothesis alone. `p_holm` is
    corrected among the primary ones that can be tested, or among the exploratory ones; `word` says
    what it allows. `least`: the least p-value that the number of arrangements allows. `shift`: the
    difference of two groups in the unit of the answers with its exact 95 % interval, not given
    within strata.
    """

    hypothesis: Hypothesis
    effect: float
    low: float
    high: float
    p: float
    p_holm: float
    n: tuple[int, ...]
    word: Word
    shift: inference.Effect | None = None
    least: float = float("nan")


def run(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, *, seed: int = 0
) -> list[Tested]:
    """Test every hypothesis of a codebook on its answers.

    Parameters
    ----------
    responses : one row a municipality. size_class : same index; strata of those that ask for it.
    """
    classes = aligned(size_class, responses.index, "size_class")
    raw = [_test(h, responses, classes, seed) for h in codebook.hypotheses]
    adjusted = np.array([e.p for e, _ in raw], float)
    for family in (True, False):
        mine = [
            at
            for at, (h, (e, _)) in enumerate(zip(codebook.hypotheses, raw, strict=True))
            if h.primary == family and word(h, e.estimate, e.p, e.n) != "not testable"
        ]
        adjusted[mine] = inference.holm(adjusted[mine])
    return [
        Tested(
            hypothesis=h,
            effect=e.estimate,
            low=e.low,
            high=e.high,
            p=e.p,
            p_holm=float(p),
            n=e.n,
            word=word(h, e.estimate, float(p), e.n),
            shift=shift,
            least=e.least,
        )
        for h, (e, shift), p in zip(codebook.hypotheses, raw, adjusted, strict=True)
    ]


def word(h: Hypothesis, effect: float, p: float, n: tuple[int, ...]) -> Word:
    """What may be said: never that something is the cause of something."""
    if np.isnan(effect) or np.isnan(p) or min(n) < FEWEST:
        return "not testable"
    towards = effect * h.expected
    if p <= ALPHA and towards > 0:
        return "suggested"
    return "illustrated" if towards >= NOTABLE_EFFECT else "not shown"


def _test(
    h: Hypothesis, responses: pd.DataFrame, size_class: pd.Series, seed: int
) -> tuple[inference.Effect, inference.Effect | None]:
    y = Expression(h.value).floats(responses)
    if h.x is not None:
        return inference.association(Expression(h.x).floats(responses), y, seed=seed), None
    assert h.group is not None
    belongs = Expression(h.group).floats(responses)
    known = ~np.isnan(belongs) & ~np.isnan(y)
    strata = None
    if h.within_size_class:
        classes = size_class.astype("str").to_numpy(object)
        known &= classes != "nan"
        strata = classes[known]
    group, values = belongs[known] > 0, y[known]
    shift = None if strata is not None else inference.difference(values, group, seed=seed)
    return inference.dominance(values, group, strata=strata, seed=seed), shift


# --- on record ------------------------------------------------------------------------------------

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


def register(wave: str, book: Codebook, received: pd.Series) -> None:
    """Put the primary hypotheses on record, unless this was done before or nothing may be written.

    Parameters
    ----------
    received : a row a reply, when it was sent (NaT where unknown).
    """
    file = paths.registration(wave)
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


def registered(wave: str) -> Registration | None:
    """What is on record for a wave; None where nothing is.

    Raises
    ------
    InputError : the file is there and cannot be read.
    """
    file = paths.registration(wave)
    if not file.is_file():
        return None
    try:
        return Registration.model_validate(yaml_file.load(file))
    except ValidationError as error:
        hint = Message("take the file back from git: it is never edited")
        raise InputError(
            "not a registration ({title})", file=file, hint=hint, title=error.title
        ) from None


def deviations(record: Registration, book: Codebook) -> list[Deviation]:
    """How the primary hypotheses of a codebook differ from those on record."""
    found: list[Deviation] = []
    for old, new in zip((record.hypotheses, record.definitions), section(book), strict=True):
        for id in dict.fromkeys([*old, *new]):
            if id in old and id in new:
                found += _changed(id, old[id], new[id])
            elif old is record.hypotheses:  # of a question that is used no more it says so
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
