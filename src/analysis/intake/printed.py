"""The printed side of a form: where the labels of its questions and options stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from analysis.codebook.questions import Question
from analysis.intake.headings import Headings, Meaning, normalise
from analysis.intake.sheet import CellKind, Place, Sheet

RIGHT, BELOW, LEFT, ABOVE = (0, 1), (1, 0), (0, -1), (-1, 0)
RINGS = "○●◯〇◎◉⭕レﾚ✓✔"  # marks that an office writes
MARKS = RINGS + "☑■"  # and printed boxes that it fills
# a mark, an open box or brackets with or without a mark before an option's words
BOXED = re.compile(rf"^(?:[☑☒■□☐◻]|[(（\[［【〔]\s*[{MARKS}]?\s*[)）\]］】〕])\s*(?=\S)")
# before an option's words or behind them, where others have none
RINGED = re.compile(rf"^[{RINGS}]\s*(?=\S)|(?<=\S)\s*[{RINGS}]$")
TICKED = re.compile(rf"^[(（\[［【〔]?\s*[{MARKS}☒]|[{RINGS}]$")
MARK = re.compile(rf"[{MARKS}vVｖＶ]|該当")  # a whole cell: the option beside it is chosen
AROUND = re.compile(r"[\s\ufe0f()（）\[\]［］【】〔〕]")  # brackets, the style of an emoji
BRACKETS = {"(", ")", "（", "）", "[", "]", "［", "］"}  # printed around an answer
ARROWS = ("→", "⇒", "⇨", "➡")
ANSWER_WORD = re.compile(r"[【\[]?ご?(?:回答(?:欄|番号)?|記入欄)[】\]]?|(?:your)?answer")
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
    listed : cells with the options of a question and their numbers, where no answer is.
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
        self.listed: set[Place] = set().union(*map(self._listed, asked))

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
            if place not in self.words | self.listed:
                left_over -= 1
                if not left_over:
                    return place
            elif left_over < step:
                return None  # what stands behind another label belongs to that
        return None

    def marks_of(self, options: dict[int, Place], way: Place, step: int) -> dict[int, Place | None]:
        """Option -> the cell beside it in which its mark is, past those with their numbers."""
        near = {code: self.next_to(place, way) for code, place in options.items()}
        numbered = all(at and _number(self.text(at)) == str(code) for code, at in near.items())
        if numbered and not any(self.chosen(near)):
            near = {code: at and (self.next_to(at, way) or at) for code, at in near.items()}
        if step == 2:
            near = {code: at and self.next_to(at, way) for code, at in near.items()}
        return near

    def chosen(self, cells: dict[int, Place | None]) -> tuple[list[int], list[int]]:
        """Of cells beside options those that say more than is printed, and those marked."""
        signs = {code: AROUND.sub("", self.text(place)) for code, place in cells.items()}
        numbers = {code for code, sign in signs.items() if normalise(sign) == str(code)}
        rings = {c for c, s in signs.items() if _number(s.lstrip(MARKS)) == str(c)} - numbers
        if not numbers:  # all are printed with rings
            rings, numbers = set(), rings
        own = numbers if len(numbers | rings) > 1 else set()
        said = [c for c, s in signs.items() if s and s not in {*"□☐◻"} and c not in own]
        return said, [c for c in said if c in rings or MARK.fullmatch(signs[c])]

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

    def _region(self, place: Place, own: Iterable[str] = ()) -> Iterator[Place]:
        """The filled cells from a label to the row of the next one that is not its own."""
        others = (row for name, (row, _) in self.labels.items() if name not in {*own})
        end = min((row for row in others if row > place[0]), default=None)
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

    def _listed(self, question: Question) -> set[Place]:
        """Where the form lists the options of a question, and their numbers: no answer is there."""
        region = [p for p in self._region(self.labels[question.id]) if p not in self.words]
        if question.type == "multi":
            names = [name for name in question.variables if name in self.labels]
            return self._numbers((int(v.rpartition("_")[2]), self.labels[v]) for v in names)
        said = [(self.headings.option(question, self.text_at[p]), p) for p in region]
        cells = [(code, p) for code, p in said if code is not None]
        codes, places = {code for code, _ in cells}, [p for _, p in cells]
        if len(places) != len(codes) or len(codes) < max(2, len(question.options) - 1):
            return set()
        in_line = any(len({*line}) == 1 for line in zip(*places, strict=True))
        parted = any(min(places) < word < max(places) for word in self.words)
        return {*places, *self._numbers(cells)} if in_line and not parted else set()

    def _numbers(self, options: Iterable[tuple[int, Place]]) -> set[Place]:
        """The cells beside options that number them."""
        beside = ((code, self.next_to(p, way)) for code, p in options for way in (LEFT, RIGHT))
        numbers = {at for code, at in beside if at and _number(self.text(at)) == str(code)}
        return numbers if len(numbers) > 1 else set()

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
        circled: dict[int, Place] = {}
        bare: dict[int, Place] = {}
        labels = question.variables if question.type == "multi" else ()
        for place in places or self._region(self.labels[question.id], labels):
            text = self.text_at[place]
            for sign, found in ((BOXED, boxed), (RINGED, ringed)):
                code = self.headings.option(question, sign.sub("", text))
                if code is not None and sign.search(text):
                    found.setdefault(code, place)
                    self.ticked |= {place} if TICKED.search(text) else set()
            if (code := self.headings.option(question, text)) is not None:
                rest = circled if normalise(text.strip()[:1]) == f"({code})" else bare
                rest.setdefault(code, place)
        if circled and bare and not boxed and not ringed:  # ① among 2 and 3
            self.ticked |= {*circled.values()}
            ringed = circled
        return boxed or (bare | ringed if ringed else {})


def _of_several(pairs: Iterable[tuple[str, dict[int, Place]]]) -> Options:
    """Those of which more than one option is there."""
    return {name: found for name, found in pairs if len(found) > 1}


def _number(text: str) -> str:
    """A number without what is around it."""
    return normalise(text).strip("().")


def in_a_row(places: Iterable[Place]) -> bool:
    """Whether several cells stand beside each other."""
    rows = [row for row, _ in places]
    return len(rows) > 1 and len({*rows}) == 1


def is_answer_word(text: str) -> bool:
    """Whether a cell says that the answer is beside it."""
    told = ANSWER_WORD.fullmatch(normalise(text).rstrip(":")) is not None
    return told or text.rstrip().endswith(ARROWS)
