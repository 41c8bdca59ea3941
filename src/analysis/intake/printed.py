"""The printed side of a form: where the labels of its questions and options stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.codebook.questions import Question
from analysis.intake.headings import Headings, Meaning, normalise
from analysis.intake.sheet import CellKind, Sheet

Place = tuple[int, int]
RIGHT, BELOW, LEFT, ABOVE = (0, 1), (1, 0), (0, -1), (-1, 0)
RINGS = "○●◯〇◎レ✓✔"  # marks that an office writes
MARKS = RINGS + "☑■"  # and printed boxes that it fills
# a mark, an open box or brackets with or without a mark before an option's words
BOXED = re.compile(rf"^(?:[☑☒■□☐◻]|[(（\[［]\s*[{MARKS}]?\s*[)）\]］])\s*(?=\S)")
RINGED = re.compile(rf"^[{RINGS}]\s*(?=\S)")  # before an option's words, where others have none
TICKED = re.compile(rf"^[(（\[［]?\s*[{MARKS}☒]")
BRACKETS = {"(", ")", "（", "）", "[", "]", "［", "］"}  # printed around an answer
ARROWS = ("→", "⇒", "⇨", "➡")
ANSWER_WORDS = {
    "回答",
    "ご回答",
    "回答欄",
    "ご回答欄",
    "記入欄",
    "ご記入欄",
    "answer",
    "youranswer",
}
ONE_CHOICE = {"single", "ordinal", "binary"}
SEARCHED = 20_000  # cells of a form that are looked at


@dataclass(frozen=True)
class Form:
    """One filled-in form: where its labels stand."""

    sheet: Sheet
    labels: dict[str, Place]  # question id or variable -> its label
    words: frozenset[Place]  # all cells that are labels
    options: dict[str, dict[int, Place]]  # question of one choice -> code -> its option's cell
    across: dict[
        str, dict[int, Place]
    ]  # battery -> code -> its option's cell, above or left of all
    # question, or item of a battery -> code -> the cell with its box and its words
    boxed: dict[str, dict[int, Place]]
    ticked: frozenset[Place]  # of these cells, those of chosen options

    def crossing(self, battery: str, variable: str, code: int) -> Place | None:
        """Where the line of an item meets that of an option."""
        options, (row, column) = self.across[battery], self.labels[variable]
        down, over = options[code]
        return self.at(*((row, over) if in_a_row(options.values()) else (down, column)))

    def beside(self, target: str, way: Place, step: int = 1) -> Place | None:
        """The cell beside a label, past its merged range and past labels that mean the same.

        `step` 2: the cell behind that one, unless it is a label.
        """
        row, column = self.labels[target]
        left_over = step
        for _ in range(3 + step):
            row, column = self._step(row, column, way)
            height, width = self.sheet.shape
            if not (0 <= row < height and 0 <= column < width):
                return None
            if (row, column) not in self.words:
                left_over -= 1
                if not left_over:
                    return row, column
            elif left_over < step:
                return None  # what stands behind another label belongs to that
        return None

    def next_to(self, place: Place, way: Place = RIGHT) -> Place | None:
        """The next cell on one side of a cell and its merged range."""
        return self.at(*self._step(*place, way))

    def mark_of(self, code: int, place: Place, way: Place) -> Place | None:
        """The cell beside an option in which its mark is, past the one with its number."""
        beside = self.next_to(place, way)
        if beside and normalise(self.text(beside)).strip("().") == str(code):
            return self.next_to(beside, way) or beside
        return beside

    def _step(self, row: int, column: int, way: Place) -> Place:
        top, left, bottom, right = self._range(row, column)
        down = {1: bottom + 1, -1: top - 1}.get(way[0], row)
        return down, {1: right + 1, -1: left - 1}.get(way[1], column)

    def at(self, row: int, column: int) -> Place | None:
        """A place, if the sheet has it."""
        height, width = self.sheet.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def text(self, place: Place | None) -> str:
        """What stands in the cell."""
        return "" if place is None else str(self.sheet.text.iat[place]).strip()

    def _range(self, row: int, column: int) -> tuple[int, int, int, int]:
        for top, left, bottom, right in self.sheet.merged:
            if top <= row <= bottom and left <= column <= right:
                return top, left, bottom, right
        return row, column, row, column


def in_a_row(places: Iterable[Place]) -> bool:
    """Whether several cells stand beside each other."""
    rows = [row for row, _ in places]
    return len(rows) > 1 and len({*rows}) == 1


def is_answer_word(text: str) -> bool:
    """Whether a cell says that the answer is beside it."""
    return normalise(text).rstrip(":") in ANSWER_WORDS or text.rstrip().endswith(ARROWS)


def labels_of(sheet: Sheet, headings: Headings) -> Form:
    """What is printed on a sheet; of a label that stands twice, the surer or the first."""
    return _Search(sheet, headings).form()


class _Search:
    """Looks for labels, first those of questions, then of the options and items below them."""

    def __init__(self, sheet: Sheet, headings: Headings) -> None:
        self.sheet, self.headings = sheet, headings
        self.text = sheet.text.to_numpy(object)
        self.labels: dict[str, Place] = {}
        self.words: set[Place] = set()
        self.ticked: set[Place] = set()

    @cached_property
    def places(self) -> list[Place]:
        """The filled cells, row by row."""
        filled = np.argwhere(self.sheet.kind != CellKind.EMPTY)[:SEARCHED]
        return [(row, column) for row, column in filled.tolist()]

    def form(self) -> Form:
        """The labels, and the options of each question that has them."""
        best: dict[str, tuple[Meaning, Place]] = {}
        self.words |= {place for place in self.places if self.text[place].strip() in BRACKETS}
        for place in self.places:
            if (meaning := self.headings.meaning(self.text[place])) is None:
                continue
            self.words.add(place)
            if meaning.target not in best or best[meaning.target][0].rank < meaning.rank:
                best[meaning.target] = (meaning, place)
        self.labels = {target: place for target, (_, place) in best.items()}
        self._move_to_answers()
        asked = [question for question in self.headings.book if question.id in self.labels]
        starts = sorted(self.labels[question.id] for question in asked)
        for question in (q for q in asked if q.type in {"multi", "battery"}):
            self._label_parts(question, starts)
        options, across, boxed = (
            {q.id: found for q in asked if q.type in types and len(found := find(q)) > 1}
            for types, find in (
                (ONE_CHOICE, self._options),
                ({"battery"}, self._across),
                ({"multi", *ONE_CHOICE}, self._boxed),
            )
        )
        for question in (question for question in asked if question.type == "battery"):
            for item in (name for name in question.variables if name in self.labels):
                row, column = self.labels[item]
                line = [place for place in self.places if place[0] == row and place[1] > column]
                if len(found := self._boxed(question, line)) > 1:
                    boxed[item] = found
        self.words |= {place for found in boxed.values() for place in found.values()}
        return Form(
            self.sheet, self.labels, frozenset(self.words), options, across, boxed,
            frozenset(self.ticked),
        )  # fmt: skip

    def _move_to_answers(self) -> None:
        """Where a cell such as 回答 is behind or below a label, the answer is beside that cell."""
        for target, place in list(self.labels.items()):
            if target in self.headings.book or target.startswith("@"):
                cells = [p for p in self._region(place) if p > place]
                answers = [p for p in cells if is_answer_word(self.text[p])]
                if len(answers) == 1:
                    self.labels[target] = answers[0]
                    self.words.add(answers[0])

    def _label_parts(self, question: Question, starts: list[Place]) -> None:
        """The options of a multi or the items of a battery, down to the next question."""
        start = self.labels[question.id]
        end = next((row for row, _ in starts if row > start[0]), self.sheet.shape[0])
        for place in self.places:
            text = self.text[place]
            number = normalise(text).strip("()").isdecimal()
            if not start[0] <= place[0] < end or place in self.words or number:
                continue
            if self._is_list(question, text) or (
                question.type == "battery" and self.headings.option(question, text) is not None
            ):
                continue
            variable = self.headings.choice(question, text)
            if variable and variable not in self.labels:
                self.labels[variable] = place
                self.words.add(place)

    def _is_list(self, question: Question, text: str) -> bool:
        """Whether one cell holds the words of several options."""
        key = normalise(text)
        words = {normalise(option.ja) for option in question.options}
        return sum(word in key for word in words if word) > 1 and key not in words

    def _region(self, place: Place) -> Iterator[Place]:
        """The filled cells from a label to the row of the next one."""
        end = min((row for row, _ in self.labels.values() if row > place[0]), default=None)
        return (p for p in self.places if p[0] >= place[0] and (end is None or p[0] < end))

    def _options(self, question: Question, start: Place | None = None) -> dict[int, Place]:
        """The cells of the options of a question, from its label (or `start`) to the next one."""
        found: dict[int, Place] = {}
        for place in self._region(start or self.labels[question.id]):
            said = "" if place in self.words else self.text[place]
            code = self.headings.option(question, said)
            if code is None and question.type == "battery" and said.isdecimal():
                code = next((o.code for o in question.options if str(o.code) == said), None)
            if code is not None:
                found.setdefault(code, place)
        return found

    def _across(self, question: Question) -> dict[int, Place]:
        """The options of a matrix: a row above its items, or a column below a row of these."""
        items = [self.labels[name] for name in question.variables if name in self.labels]
        if not in_a_row(items):
            found = self._options(question)
            return found if in_a_row(found.values()) else {}
        found = self._options(question, items[0])
        return found if in_a_row((column, row) for row, column in found.values()) else {}

    def _boxed(self, question: Question, places: Iterable[Place] | None = None) -> dict[int, Place]:
        """The cells in which a box, ticked or open, is followed by the words of one option.

        Or, where no cell has a box, those with a mark before their words and those without.
        `places`: where they are looked for, default from the question's label to the next one.
        """
        boxed: dict[int, Place] = {}
        ringed: dict[int, Place] = {}
        bare: dict[int, Place] = {}
        for place in places or self._region(self.labels[question.id]):
            text = self.text[place]
            for sign, found in ((BOXED, boxed), (RINGED, ringed)):
                code = self.headings.option(question, sign.sub("", text))
                if code is not None and sign.match(text):
                    found.setdefault(code, place)
                    self.ticked |= {place} if TICKED.match(text) else set()
            if (code := self.headings.option(question, text)) is not None:
                bare.setdefault(code, place)
        return boxed or (bare | ringed if ringed else {})
