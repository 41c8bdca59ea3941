"""Which answers of two questionnaires of one survey may be compared, and how.

A crosswalk is a file in ``data/codebooks/crosswalks``. Each question of both codebooks stands in it
once: the same, compared by a rule in either (where it was split, merged or worded anew), ended, or
new. Two questions are never taken for the same because they have the same number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, StrictStr

from analysis import yaml_file
from analysis.codebook import waves
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression, ExpressionError, names_in, rule_faults
from analysis.errors import Message, refusal
from analysis.text import Model, Text
from analysis.yaml_file import at, duplicate_faults, entry, validate


class Shared(Text):
    """A quantity that both questionnaires hold: its rule in either, and what was changed.

    `note`: in what it is not quite the same.
    """

    id: StrictStr
    kind: Literal["split", "merged", "reworded"]
    before: StrictStr
    after: StrictStr
    note: Text | None = None

    @property
    def type(self) -> Literal["binary", "ratio"]:
        """As a question of what type it is compared: true or false, or a number."""
        return "binary" if _is_condition(self.before) else "ratio"


class Reason(Text):
    """A question of one questionnaire alone, and why."""

    id: StrictStr


class Crosswalk(Model):
    """What a crosswalk file says; `before` and `after` are the ids of codebooks.

    `same` maps a question before to the one after. A quantity in `shared` is true or false, or a
    number, by a rule of the codebook's language in either.
    """

    before: StrictStr
    after: StrictStr
    same: dict[StrictStr, StrictStr] = Field(default_factory=dict)
    shared: tuple[Shared, ...] = ()
    ended: tuple[Reason, ...] = ()
    new: tuple[Reason, ...] = ()

    @classmethod
    def between(cls, before: Codebook, after: Codebook) -> Crosswalk:
        """The crosswalk from one codebook to a later one.

        Raises InputError: there is none, or it does not fit the codebooks, with all its faults.
        """
        file = waves.crosswalks().get((before.id, after.id))
        if file is None:
            other = [q.id for q in before if q.id in after and _differs(q, after[q.id])]
            about = {"before": before.id, "after": after.id, "other": other or Message("none")}
            where = f"crosswalks/{before.id}-{after.id}.yml"
            raise refusal("codebook.no_crosswalk", file=where, **about)
        walk = validate(cls, yaml_file.load(file), file)
        if faults := list(walk.faults(before, after)):
            raise refusal("codebook.faults", file=file, n=len(faults), faults=faults)
        return walk

    def faults(self, before: Codebook, after: Codebook) -> Iterator[Message]:
        """What does not fit the codebooks, each naming the question."""
        for one in self.shared:
            if _is_condition(one.before) != _is_condition(one.after):
                fault = Message("one rule is true or false, the other a number")
                yield at(entry("shared", one.id), fault)
        names = self.variables(before, after)
        names |= {old: new for old, new in self.same.items() if old in before and new in after}
        for old, new in self.same.items():
            if old not in before or new not in after:
                continue
            what = _differs(before[old], after[new])
            rule = before[old].ask_if  # in the names after, of the questions that are the same
            gate = rule and re.sub(r"[A-Za-z_]\w*", lambda name: names.get(name[0], name[0]), rule)
            if what or gate != after[new].ask_if:
                yield Message(
                    "{old} and {new} are not the same, their {what} differs",
                    old=old,
                    new=new,
                    what=Message(what or "skip rule"),
                )
        sides = (
            (before, "before", [*self.same, *(one.id for one in self.ended)]),
            (after, "after", [*self.same.values(), *(one.id for one in self.new)]),
        )
        for book, side, listed in sides:
            ids = set(listed)
            for shared in self.shared:
                rule = getattr(shared, side)
                for fault in rule_faults(rule, book.by_name):
                    yield at(entry("shared", shared.id), at(book.id, fault))
                ids |= {question.id for question in book.using(names_in(rule))}
            for id in (id for id in listed if id not in book):
                yield Message("the codebook {book} has no question {id}", book=book.id, id=id)
            yield from duplicate_faults("question", listed)
            absent = (q.id for q in book if q.id not in ids and q.other_of is None)
            for id in absent:
                yield Message("question {id} of {book} is missing", id=id, book=book.id)

    def variables(self, before: Codebook, after: Codebook) -> dict[str, str]:
        """Column of the answers before -> column after, of the questions that are the same."""
        return {
            old: new
            for first, second in self.same.items()
            if first in before and second in after
            for old, new in zip(before[first].variables, after[second].variables, strict=False)
        }


def _differs(old: Question, new: Question) -> str:
    """In what two questions differ that are said to be the same; empty if in nothing."""
    codes = [[(o.code, o.ja) for o in question.options] for question in (old, new)]
    items = [[item.ja for item in question.items] for question in (old, new)]
    apart = {
        "type": old.type != new.type,
        "wording": old.ja != new.ja,
        "options": codes[0] != codes[1],
        "items": items[0] != items[1],
        "unit": old.unit != new.unit,
    }
    return next((what for what, differs in apart.items() if differs), "")


def _is_condition(rule: str) -> bool:
    """Whether a rule says true or false; a bare name is taken for its number."""
    try:
        return not rule.isidentifier() and bool(Expression(rule, truth=True))
    except ExpressionError:
        return False
