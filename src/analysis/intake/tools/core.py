"""What the exports of form tools have in common: columns of questions, options, items and others.

A reader of each tool (`analysis.intake.tools`) makes an `Export` of the first rows of a
sheet; everything behind it, the match with a codebook and the draft of one, knows no tool.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.errors import InputError
from analysis.intake.headings import (
    NUMBERED,
    OTHER_OPTION,
    OTHER_WORDS,
    Headings,
    Meaning,
    is_personal,
    normalise,
    without_number,
    yaml_key,
)
from analysis.intake.sheet import CellKind, Place, Sheet

Kind = Literal["answer", "other", "received", "record", "personal"]
Head = Sequence[Sequence[str]]  # the first rows of a sheet
OTHER_SIGN = re.compile("その他|other")
SEARCHED = 3  # rows of a header, at most


@dataclass(frozen=True)
class Column:
    """One column of an export.

    Attributes
    ----------
    heading : as the file has it; the rows of a header joined by `` / ``.
    name : the tool's own name of the question (``Q2``), empty where it has none.
    text : what is asked.
    part, part_name : of an option or an item with a column of its own, its words and its name.
    kind : ``answer``; ``other``: the words beside an option "other"; ``received``: when the reply
        was sent; ``record``: what the tool notes for itself; ``personal``: who filled in the form.
    """

    heading: str
    name: str = ""
    text: str = ""
    part: str = ""
    part_name: str = ""
    kind: Kind = "answer"

    @property
    def question(self) -> str:
        """What the columns of one question share."""
        return self.name or self.text

    @property
    def has_part(self) -> bool:
        """Whether it is one option or item of several."""
        return bool(self.part or self.part_name)


@dataclass(frozen=True)
class Export:
    """The header of an export: its tool, how many rows it takes, and a `Column` for each column.

    `joined`: whether the tool writes several answers to one question into one cell. `repeats`:
    whether a record, whose id stands in the first column, may take several rows. `opens`: the
    column with a mark in the first row of each record. `finished`: the column that says whether the
    reply was completed, and the words (as `key` has them) of those that were `not_finished`.
    `unanswered`: what the tool writes of a question that was shown and not answered.
    """

    tool: str
    heads: int
    columns: tuple[Column, ...]
    joined: bool = False
    repeats: bool = False
    opens: int | None = None
    finished: int | None = None
    not_finished: frozenset[str] = frozenset()
    unanswered: str = ""

    def of_kind(self, *kinds: Kind) -> list[int]:
        """The positions of the columns of these kinds."""
        return [i for i, column in enumerate(self.columns) if column.kind in kinds]

    def marked(self, sheet: Sheet) -> Sheet:
        """The sheet in which the kind of a cell says that its question was not answered."""
        kind = sheet.kind.copy()
        kind[sheet.text.eq(self.unanswered).to_numpy()] = CellKind.UNSEEN
        return replace(sheet, kind=kind) if self.unanswered else sheet

    def unfinished(self, sheet: Sheet) -> list[Place]:
        """The cells that say of a reply that it was not completed."""
        if self.finished is None:
            return []
        unfinished = sheet.text[self.finished].iloc[self.heads :].map(key).isin(self.not_finished)
        return [(row + self.heads, self.finished) for row in np.flatnonzero(unfinished).tolist()]


HeadReader = Callable[[Head], Export | None]


def head_of(sheet: Sheet) -> list[list[str]]:
    """The first rows of a sheet as texts on one line each."""
    rows = sheet.text.iloc[:SEARCHED].to_numpy(object)
    return [[" ".join(str(text).split()) for text in row] for row in rows]


def key(text: str) -> str:
    """A heading without width, case, space and underscores, by `headings.normalise`."""
    return normalise(text).replace("_", "")


def keys(*texts: str) -> frozenset[str]:
    """Several headings, each as `key` has it."""
    return frozenset(map(key, texts))


def noted(
    columns: Iterable[Column], records: Collection[str], received: Sequence[str] = ()
) -> tuple[Column, ...]:
    """Columns with the kind of those that a tool writes for itself.

    Parameters
    ----------
    records : keys of headings that note the record, not an answer.
    received : keys of headings that say when the reply was sent, the best first.
    """
    columns = beside_other(columns)
    names = [{key(t) for t in (c.name, c.heading, "" if c.has_part else c.text) if t}
              for c in columns]  # fmt: skip
    sent = next((word for word in received if any(word in own for own in names)), None)
    with_kinds = []
    for column, own in zip(columns, names, strict=True):
        kind: Kind = column.kind
        if sent in own:
            kind, sent = "received", None
        elif kind == "personal" or any(
            map(is_personal, (column.name, column.text, column.heading))
        ):
            kind = "personal"
        elif not column.heading or not own.isdisjoint((*records, *received)):
            kind = "record"
        with_kinds.append(replace(column, kind=kind))
    return tuple(with_kinds)


def bracketed(heading: str) -> Column:
    """A heading with an option or item in brackets behind it.

    >>> bracketed("Q4. 取組の状況 [AI]").part, bracketed("Age group []").part
    ('AI', '[]')
    """
    match = re.fullmatch(r"(.*\S)\s*[\[［]([^\[\]［］]*)[\]］]\.?", heading)
    if match is None:
        return Column(heading, text=heading)
    return Column(heading, text=match[1], part=match[2].strip() or "[]")


PARTED = re.compile(r"(.*\S)(?<!その他)\s*(?:_|[:：](?!\d)|\s[-–]\s)\s*(\S.*)", re.S)


def parted(headings: Sequence[str]) -> list[Column]:
    """Split headings that share their words before a line or colon: options of one question.

    >>> [c.part for c in parted(["団体名", "Q2 業務_翻訳", "Q2 業務_要約", "Q3 職員_数"])]
    ['', '翻訳', '要約', '']
    """
    cut = [PARTED.fullmatch(heading) for heading in headings]
    shared = Counter(match[1] for match in cut if match)
    shared.update(headings)  # the question itself, beside the words of its "other"
    return [
        Column(heading, text=match[1], part=match[2])
        if match and shared[match[1]] > 1
        else Column(heading, text=heading)
        for heading, match in zip(headings, cut, strict=True)
    ]


def is_other(text: str) -> bool:
    """Whether the words of an option are those of "other"; other family members are none.

    >>> [is_other(text) for text in ("④その他（具体的に）", "[4] その他", "ア その他", "その他")]
    [True, True, True, True]
    >>> is_other("4 other family members")
    False
    """
    return OTHER_OPTION.fullmatch(without_number(text)) is not None


def beside_other(columns: Iterable[Column]) -> list[Column]:
    """Find the columns with the words beside "other" of an answer that has a column of its own.

    Names such as ``q2_other`` are those of the words beside "other" of ``q2``; so are words such as
    ``業務（その他の内容）`` of ``業務``, and ``問2 その他の内容`` of the one question 2.
    """
    columns = list(columns)
    whole = {c.text for c in columns if c.text and not c.has_part and c.kind != "other"}
    names = {column.name for column in columns if column.name}
    ticks = {(column.question, without_number(column.part)) for column in columns}
    owners = {normalise(column.text): column for column in reversed(columns) if column.text}
    owners |= _by_number(columns)
    with_others = []
    for column in columns:
        stem, _, last = column.name.rpartition("_")
        before, *behind = OTHER_SIGN.split(normalise(column.text), maxsplit=1)
        owner = owners.get(NUMBER_ALONE.sub(r"問\1", before.rstrip("-_:.、/([【「『")))
        part = without_number(column.part)
        sign = OTHER_SIGN.match(part)
        worded = sign and (column.question, sign[0]) in ticks and OTHER_WORDS.fullmatch(part)
        if sign and (column.text in whole or (worded and part != sign[0])):
            column = replace(column, part="", kind="other")
        elif last.casefold() in {"other", "oth", "specify"} and stem in names:
            column = replace(column, name=stem, kind="other")
        elif (
            behind and owner and not column.has_part and OTHER_WORDS.fullmatch("その他" + behind[0])
        ):
            column = replace(column, name=owner.name, text=owner.text, kind="other")
        with_others.append(column)
    return with_others


NUMBER_ALONE = re.compile(r"^(?:q|問|設問|質問)\.?0*([^\D0]\d*|0)$")


def _by_number(columns: Iterable[Column]) -> dict[str, Column]:
    """The column of each number that one question alone has, such as 問2; no words of "other"."""
    columns_of: dict[str, dict[str, Column]] = {}
    for column in columns:
        numbered = NUMBERED.match(normalise(column.text))
        if numbered and not numbered[2] and not OTHER_SIGN.match(numbered[3].lstrip("-_:.、")):
            columns_of.setdefault(f"問{numbered[1]}", {}).setdefault(column.text, column)
    return {number: next(iter(own.values())) for number, own in columns_of.items() if len(own) == 1}


# --- the codebook's questions -------------------------------------------------------------------


def targets(export: Export, sheet: Sheet, headings: Headings) -> dict[str, int]:
    """Question id or variable of the codebook -> the column of an export that holds it.

    Raises InputError: two columns are headed as one question.
    """
    sent = headings.book.identity("received")
    columns: dict[str, int] = {}
    named: dict[str, bool] = {}  # whether the column bears the very name of the question
    again = _numbered_again(export, headings)
    again |= headings.apart(np.array([[column.heading for column in export.columns]], object))
    for position in export.of_kind("answer", "received", "record"):
        column = export.columns[position]
        meanings = (headings.given(str(sheet.text.iat[row, position]), sheet.address(row, position))
                 for row in range(export.heads))  # fmt: skip
        target = next(filter(None, meanings), again.get(position))
        if target is None and column.kind != "record":  # it may say who replied: by header alone
            target = _target(column, headings)
        if target is None and column.kind == "received" and sent:
            target = sent.id
        if target is None:
            continue
        own = column.name == target or normalise(column.heading) in headings.known
        if target in columns:
            places = (0, columns[target]), (0, position)
            if column.has_part and headings.of_one_choice(column.part):
                raise apart(sheet, target, *places)
            if named[target] == own:
                raise headed_twice(sheet, headings, target, *places)
        if target not in columns or own:  # beside such a column another one is unmatched
            columns[target], named[target] = position, own
    for position in export.of_kind("other"):
        if target := _of_other(export.columns[position], headings, columns):
            columns.setdefault(target, position)
    return columns


def _numbered_again(export: Export, headings: Headings) -> dict[int, str]:
    """What the columns of one wording hold: 研修 and 研修2 that of the first and second so asked.

    Microsoft Forms numbers the words that it has written before.
    """
    targets_of: dict[str, list[str]] = {}  # words -> questions and items that have them, in order
    for question in headings.book:
        own = (question.ja, question.en, *question.source)
        for target, texts in [(question.id, own), *((i.id, i.words) for i in question.items)]:
            for words in dict.fromkeys(map(normalise, texts)):
                targets_of.setdefault(words, []).append(target)
    at = {normalise(export.columns[i].heading): i for i in export.of_kind("answer")}
    again: dict[int, str] = {}
    for words, targets in targets_of.items():
        names = [words, *(f"{words}{n}" for n in range(2, len(targets) + 1))]
        if len(targets) > 1 and at.keys() >= {*names}:
            again |= {at[name]: target for name, target in zip(names, targets, strict=True)}
    return again


def headed_twice(
    sheet: Sheet, headings: Headings, target: str, first: Place, second: Place
) -> InputError:
    """The error of two columns that are headed as one question, with the likelier one."""
    texts = [str(sheet.text.iat[place]) for place in (first, second)]
    likelier = (first, second)[headings.closest(target, texts) or 0]
    about = {"closer": sheet.address(*likelier), "entry": yaml_key(target), "target": target}
    about |= {"first": sheet.address(*first), "second": sheet.address(*second)}
    return sheet.refusal("replies.headed_twice", at=second, **about)


def apart(sheet: Sheet, id: str, first: Place, second: Place) -> InputError:
    """The error of one choice of which each option has a column: the headings of two of them."""
    two = {"first": sheet.address(*first), "second": sheet.address(*second)}
    return sheet.refusal("replies.options_apart", at=first, id=id, **two)


def _meaning(column: Column, headings: Headings) -> Meaning | None:
    """What a heading means by its whole, by what is asked, or by the tool's name of the question.

    The surest reading decides, so that words come before a number which they begin with. A part's
    own words are looked for as a source of the option or item (see `_target`).
    """
    texts = [column.text, column.name]
    if not column.has_part:
        texts = [column.text, column.heading, column.name, *column.heading.split(" / ")]
    known = [meaning for text in texts if text and (meaning := headings.meaning(text))]
    return max(known, key=lambda meaning: meaning.rank, default=None)


def _target(column: Column, headings: Headings) -> str | None:
    """The question or variable that a column holds."""
    meaning = _meaning(column, headings)
    if not column.has_part:
        return meaning.target if meaning else None
    if variable := headings.by_source(column.heading):
        return variable
    book = headings.book
    line = headings.known.get(normalise(column.heading))
    if line is not None and line.target in book:  # a line of a grid of boxes is a question
        return line.target
    if meaning is None or meaning.target not in book:
        return meaning.target if meaning else None
    question = book[meaning.target]
    if question.type in {"multi", "battery"}:
        parts = filter(None, (column.part, column.part_name))
        return next(filter(None, (headings.choice(question, part) for part in parts)), None)
    words = f"{question.id}_other"
    return words if is_other(column.part) and words in book else question.id


def _of_other(column: Column, headings: Headings, columns: dict[str, int]) -> str | None:
    """Where the words beside "other" belong: to the option where it has no column of its own."""
    beside_item = headings.known.get(normalise(column.heading))
    if beside_item is not None:
        return beside_item.target
    if (meaning := _meaning(column, headings)) is None:
        return None
    question = headings.book.by_name[meaning.target]
    if question.other_of is not None:
        return question.id
    option = question.other_option
    if option is None:
        return None
    tick = f"{question.id}_{option.code}"
    alone = question.type == "multi" and not {question.id, tick} & columns.keys()
    return tick if alone else f"{question.id}_other"
