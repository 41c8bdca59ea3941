"""The printed side of a form: where the labels of its questions and options stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from analysis.codebook.questions import Question
from analysis.intake.headings import Headings, Meaning, normalise
from analysis.intake.sheet import CellKind, Place, Sheet

RIGHT, BELOW, LEFT, ABOVE = (0, 1), (1, 0), (0, -1), (-1, 0)
RINGS = "○●◯〇◎レ✓✔"  # marks that an office writes
MARKS = RINGS + "☑■"  # and printed boxes that it fills
# a mark, an open box or brackets with or without a mark before an option's words
BOXED = re.compile(rf"^(?:[☑☒■□☐◻]|[(（\[［]\s*[{MARKS}]?\s*[)）\]］])\s*(?=\S)")
RINGED = re.compile(rf"^[{RINGS}]\s*(?=\S)")  # before an option's words, where others have none
TICKED = re.compile(rf"^[(（\[［]?\s*[{MARKS}☒]")
BRACKETS = {"(", ")", "（", "）", "[", "]", "［", "］"}  # printed around an answer
ARROWS = ("→", "⇒", "⇨", "➡")
ANSWER_WORD = re.compile(r"ご?(?:回答欄?|記入欄)|(?:your)?answer")  # beside an answer
ONE_CHOICE = {"single", "ordinal", "binary"}
SEARCHED = 20_000  # cells of a form that are looked at
Options = dict[str, dict[int, Place]]


class Form:
    """One filled-in form: where its labels stand.

    Attributes
    ----------
    text_at : the texts of its sheet.
    labels : question id or variable -> its label; of one that stands twice, the surer or the first.
    words : all cells that are labels.
    options : question of one choice -> code -> the cell of its option.
    across : battery -> code -> the cell of its option, in a row or column beside all items.
    boxed : question, or item of a battery -> code -> the cell with its box and its words.
    ticked : of these cells, those of chosen options.
    """

    def __init__(self, sheet: Sheet, headings: Headings) -> None:
        self.sheet, self.headings = sheet, headings
        self.text_at = sheet.text.to_numpy(object)
        filled = np.argwhere(sheet.kind != CellKind.EMPTY)[:SEARCHED]
        self._places: list[Place] = [(row, column) for row, column in filled.tolist()]
        self.words = {place for place in self._places if self.text_at[place].strip() in BRACKETS}
        self.ticked: set[Place] = set()
        self.labels = self._labels()
        self._move_to_answers()
        asked = [question for question in headings.book if question.id in self.labels]
        batteries = [question for question in asked if question.type == "battery"]
        starts = sorted(self.labels[question.id] for question in asked)
        for question in asked:
            if question.type in {"multi", "battery"}:
                self._label_parts(question, starts)
                self._leave_answer(question)
        one = [question for question in asked if question.type in ONE_CHOICE]
        several = [question for question in asked if question.type in {"multi", *ONE_CHOICE}]
        self.options = _of_several((q.id, self._options(q)) for q in one)
        self.across = _of_several((q.id, self._across(q)) for q in batteries)
        self.boxed = _of_several((q.id, self._boxed(q)) for q in several)
        for battery in batteries:
            for item in (name for name in battery.variables if name in self.labels):
                row, column = self.labels[item]
                line = [place for place in self._places if place[0] == row and place[1] > column]
                self.boxed |= _of_several([(item, self._boxed(battery, line))])
        self.words |= {place for found in self.boxed.values() for place in found.values()}

    def _leave_answer(self, question: Question) -> None:
        """One option of many, alone right of or below its question, is the answer and no label."""
        parts = [name for name in question.variables if name in self.labels]
        if question.type != "multi" or len(parts) != 1 or len(question.variables) < 2:
            return
        label, place = self.labels[question.id], self.labels[parts[0]]
        around = {way: self.next_to(place, way) for way in (RIGHT, BELOW, LEFT)}
        if place == self.next_to(label, RIGHT):  # what is below is of the label before it
            below = around.pop(BELOW)
            around[LEFT] = below if below and self.next_to(below, LEFT) not in self.words else None
        elif place != self.next_to(label, BELOW):
            return
        if not any(self.text(at) and at not in self.words for at in around.values()):
            self.words.discard(self.labels.pop(parts[0]))

    # --- what stands where ---------------------------------------------------------------------

    def text(self, place: Place | None) -> str:
        """What stands in the cell."""
        return "" if place is None else str(self.text_at[place]).strip()

    def at(self, row: int, column: int) -> Place | None:
        """A place, if the sheet has it."""
        height, width = self.sheet.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def next_to(self, place: Place, way: Place = RIGHT) -> Place | None:
        """The next cell on one side of a cell and its merged range."""
        row, column = place
        top, left, bottom, right = next(
            (r for r in self.sheet.merged if r[0] <= row <= r[2] and r[1] <= column <= r[3]),
            (row, column, row, column),
        )
        down = {1: bottom + 1, -1: top - 1}.get(way[0], row)
        return self.at(down, {1: right + 1, -1: left - 1}.get(way[1], column))

    def beside(self, target: str, way: Place, step: int = 1) -> Place | None:
        """The cell beside a label, past its merged range and past labels that mean the same.

        `step` 2: the cell behind that one, unless it is a label.
        """
        place, left_over = self.labels[target], step
        for _ in range(3 + step):
            if (beyond := self.next_to(place, way)) is None:
                return None
            place = beyond
            if place not in self.words:
                left_over -= 1
                if not left_over:
                    return place
            elif left_over < step:
                return None  # what stands behind another label belongs to that
        return None

    def mark_of(self, code: int, place: Place, way: Place) -> Place | None:
        """The cell beside an option in which its mark is, past the one with its number."""
        beside = self.next_to(place, way)
        if beside and normalise(self.text(beside)).strip("().") == str(code):
            return self.next_to(beside, way) or beside
        return beside

    def crossing(self, battery: str, variable: str, code: int) -> Place | None:
        """Where the line of an item meets that of an option."""
        options, (row, column) = self.across[battery], self.labels[variable]
        down, over = options[code]
        return self.at(*((row, over) if in_a_row(options.values()) else (down, column)))

    # --- the search for labels: those of questions, then of the options and items below them ----

    def _labels(self) -> dict[str, Place]:
        best: dict[str, tuple[Meaning, Place]] = {}
        for place in self._places:
            if (meaning := self.headings.meaning(self.text_at[place])) is None:
                continue
            self.words.add(place)
            if meaning.target not in best or best[meaning.target][0].rank < meaning.rank:
                best[meaning.target] = (meaning, place)
        return {target: place for target, (_, place) in best.items()}

    def _move_to_answers(self) -> None:
        """Where a cell such as 回答 is behind or below a label, the answer is beside that cell."""
        for target, place in list(self.labels.items()):
            if target in self.headings.book or target.startswith("@"):
                cells = [p for p in self._region(place) if p > place]
                answers = [p for p in cells if is_answer_word(self.text_at[p])]
                if len(answers) == 1:
                    self.labels[target] = answers[0]
                    self.words.add(answers[0])

    def _label_parts(self, question: Question, starts: list[Place]) -> None:
        """The options of a multi or the items of a battery, down to the next question."""
        start = self.labels[question.id]
        end = next((row for row, _ in starts if row > start[0]), self.sheet.shape[0])
        options = {normalise(option.ja) for option in question.options}
        for place in self._places:
            text, key = self.text_at[place], normalise(self.text_at[place])
            number = key.strip("()").isdecimal()
            if not start[0] <= place[0] < end or place in self.words or number:
                continue
            if key not in options and sum(words in key for words in options if words) > 1:
                continue  # a list of the options
            if question.type == "battery" and self.headings.option(question, text) is not None:
                continue
            variable = self.headings.choice(question, text)
            if variable and variable not in self.labels:
                self.labels[variable] = place
                self.words.add(place)

    def _region(self, place: Place) -> Iterator[Place]:
        """The filled cells from a label to the row of the next one."""
        end = min((row for row, _ in self.labels.values() if row > place[0]), default=None)
        return (p for p in self._places if p[0] >= place[0] and (end is None or p[0] < end))

    def _options(self, question: Question, start: Place | None = None) -> dict[int, Place]:
        """The cells of the options of a question, from its label (or `start`) to the next one."""
        found: dict[int, Place] = {}
        for place in self._region(start or self.labels[question.id]):
            said = "" if place in self.words else self.text_at[place]
            code = self.headings.option(question, said)
            if code is None and question.type == "battery" and said.isdecimal():
                code = next((o.code for o in question.options if str(o.code) == said), None)
            if code is not None:
                found.setdefault(code, place)
        return found

    def _across(self, question: Question) -> dict[int, Place]:
        """The options of a matrix: a row above its items, or a column below a row of these."""
        items = [self.labels[name] for name in question.variables if name in self.labels]
        turned = in_a_row(items)
        found = self._options(question, items[0] if turned else None)
        places = [place[::-1] if turned else place for place in found.values()]
        return found if in_a_row(places) else {}

    def _boxed(self, question: Question, places: Iterable[Place] | None = None) -> dict[int, Place]:
        """The cells in which a box, ticked or open, is followed by the words of one option.

        Or, where no cell has a box, those with a mark before their words and those without.
        `places`: where they are looked for, default from the question's label to the next one.
        """
        boxed: dict[int, Place] = {}
        ringed: dict[int, Place] = {}
        bare: dict[int, Place] = {}
        for place in places or self._region(self.labels[question.id]):
            text = self.text_at[place]
            for sign, found in ((BOXED, boxed), (RINGED, ringed)):
                code = self.headings.option(question, sign.sub("", text))
                if code is not None and sign.match(text):
                    found.setdefault(code, place)
                    self.ticked |= {place} if TICKED.match(text) else set()
            if (code := self.headings.option(question, text)) is not None:
                bare.setdefault(code, place)
        return boxed or (bare | ringed if ringed else {})


def _of_several(pairs: Iterable[tuple[str, dict[int, Place]]]) -> Options:
    """Those of which more than one option is there."""
    return {name: found for name, found in pairs if len(found) > 1}


def in_a_row(places: Iterable[Place]) -> bool:
    """Whether several cells stand beside each other."""
    rows = [row for row, _ in places]
    return len(rows) > 1 and len({*rows}) == 1


def is_answer_word(text: str) -> bool:
    """Whether a cell says that the answer is beside it."""
    told = ANSWER_WORD.fullmatch(normalise(text).rstrip(":")) is not None
    return told or text.rstrip().endswith(ARROWS)
