"""Where the labels of questions and options stand on a form, and with them its answers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile

import numpy as np

from analysis.codebook.questions import AMOUNTS, COUNTED, ONE_CHOICE, Question
from analysis.intake.forms.blank import ANSWER_WORD, is_word
from analysis.intake.forms.marks import (
    ARROWS,
    BOXED,
    CIRCLED,
    FILLED_BOXES,
    RINGED,
    marked_box,
    number_of,
    read_signs,
    said_by,
    signs_in,
)  # fmt: skip
from analysis.intake.headings import LIKELY, Headings, Meaning, normalise, without_number
from analysis.intake.sheet import CellKind, Place, Sheet
from analysis.intake.tables import EXAMPLE

RIGHT, BELOW, LEFT, ABOVE, OWN = (0, 1), (1, 0), (0, -1), (-1, 0), (0, 0)
BRACKETS = {"(", ")", "（", "）", "[", "]", "［", "］"}  # printed around an answer
NOW = re.compile("(?:今回|今年度?|本年度?|当年度?)(?:の?(?:回答|調査|値|分))?")  # beside 前回
SEARCHED = 20_000  # cells of a form that are looked at
SHOWN = re.compile(  # an example with its word: （例）人手が足りない, 例：3人
    r"\s*(?:[(（\[［【〔<＜]\s*(?:記入|記載|回答|入力)?例\s*[)）\]］】〕>＞:：]"
    r"|(?:記入|記載|回答|入力)?例\s*[)）:：])\s*\S"
)
OptionCells = dict[str, dict[int, Place]]


class Form:
    """One filled-in form: where its labels stand.

    Attributes
    ----------
    text_at, places : the texts of its sheet, and the cells that hold something.
    printed : the cells that are printed, as the blank form or other copies show.
    labels : question id or variable -> its label; of one that stands twice, the surer or the first.
    heads : the same before they moved to a cell such as 回答, without options and items.
    crossed : question -> the cell of its answer in a table, of one that the headings of a row and
        of a column name together, or in the row of its label below 回答.
    words : all cells that are labels.
    options : question of one choice -> code -> the cell of its option.
    across : battery -> code -> the cell of its option, in a row or column beside all items.
    boxed : question, or item of a battery -> code -> the cell with its box and its words.
    signs : the sign in each of these cells, such as ☑ or ○.
    examples : cells that show how to answer.
    listed : cells with the options of a question and their numbers, where no answer is.
    offered : these, the cells of options of one choice and the headings of `crossed`.
    doubted : numbers at options, printed or written there -> their question, or item of a matrix.
    passed : those listed, examples, and others known to be print; an answer stands behind them.
    """

    def __init__(self, sheet: Sheet, headings: Headings) -> None:
        self.sheet, self.headings = sheet, headings
        self.text_at = sheet.text.to_numpy(object)
        filled = np.argwhere(sheet.kind != CellKind.EMPTY)[:SEARCHED]
        places: list[Place] = [(row, column) for row, column in filled.tolist()]
        self._above_examples = set[int]()  # rows of the heads of their columns
        self.examples = self._examples(places)
        for place in self.examples:
            self.text_at[place] = ""
        self.places = [place for place in places if place not in self.examples]
        self.printed = set[Place]()
        self.words = {place for place in self.places if self.text_at[place].strip() in BRACKETS}
        self.signs: dict[Place, str] = {}
        self.signs_known: dict[str, dict[str, str]] = {}
        self.labels = self._labels()
        pairs = self._crossed()
        self.crossed = {name: (row[0], column[1]) for name, (row, column) in pairs.items()}
        self.labels |= {name: row for name, (row, _) in pairs.items()}
        heads_of_table = {place for pair in pairs.values() for place in pair}
        self.words |= heads_of_table
        self.heads = {**self.labels}
        self.crossed |= self._in_answer_column()
        self._move_to_answers()
        questions = [question for question in headings.book if question.id in self.labels]
        batteries = [question for question in questions if question.type == "battery"]
        starts = {question.id: self.heads[question.id] for question in questions}
        for question in questions:
            if question.type == "multi":
                self._reword(question)
            if question.type in {"multi", "battery"}:
                self._label_parts(question, starts)
                self._leave_answer(question)
        one, counted = ([q for q in questions if q.type in of] for of in (ONE_CHOICE, COUNTED))
        self.options = _of_several((q.id, self._options(q)) for q in one)
        self.across = _of_several((q.id, self._across(q)) for q in batteries)
        self.boxed = _of_several((q.id, self._boxed(q)) for q in counted)
        for battery in batteries:
            for item in self.parts(battery):
                row, column = self.labels[item]
                line = [place for place in self.places if place[0] == row and place[1] > column]
                self.boxed |= _of_several([(item, self._boxed(battery, line))])
        for question in questions:
            self._take_as_boxed(question)
        self.words |= {place for options in self.boxed.values() for place in options.values()}
        heads = [{*options.values()} for options in self.across.values()]
        self.listed: set[Place] = set().union(*map(self._listed, questions), *heads)
        self.doubted: dict[Place, str] = {}
        self.passed = self.listed | self.examples
        # an option without a box amid options with one may be what an office wrote
        apart = (own.values() for id, own in self.options.items() if id not in self.boxed)
        self.offered = self.listed.union(heads_of_table, *apart)

    def _reword(self, question: Question) -> None:
        """Put the codebook's words in the place of those that ``wave.yml`` gives to an option."""
        header = self.headings.header or {}
        given = {text: o.ja for v, o in question.parts.items() for text in header.get(v, ())}
        one = rf"(?<![^\W\d])({'|'.join(map(re.escape, given))})(?![^\W\d])"
        region = self.region(self.heads[question.id], question.variables, self.heads)
        for place in region if given else ():
            text = self.text_at[place]
            if self.code_of(question, BOXED.sub("", text)) is None:
                self.text_at[place] = re.sub(one, lambda match: given[match[1]], text)

    def _take_as_boxed(self, question: Question) -> None:
        """Of options, some with a mark before their words, those without are not chosen."""
        parts = self.parts(question) if question.type == "multi" else []
        places = [self.labels[name] for name in parts]
        beside = [self.next_to(place, way) for place in places for way in (LEFT, RIGHT)]
        boxed = {*self.boxed.get(question.id, {}).values()}
        marked = any(self.text(at) for at in beside if at not in self.words | boxed)
        if {*places} < boxed and not marked:
            for name in parts:
                del self.labels[name]

    def _leave_answer(self, question: Question) -> None:
        """One option of many, alone behind or below its question, is the answer and no label."""
        parts = self.parts(question)
        if question.type != "multi" or len(parts) != 1 or len(question.variables) < 2:
            return
        label, place = self.labels[question.id], self.labels[parts[0]]
        around = {way: self.next_to(place, way) for way in (RIGHT, BELOW, LEFT)}
        if place[0] == label[0] and place > label:  # what is below is of the label before it
            below = around.pop(BELOW)
            of_another = below and any(w[0] == below[0] and w[1] < below[1] for w in self.words)
            around[LEFT] = None if of_another else below
        elif place[0] > label[0]:  # and what is beside it of the label above that
            heads = {column for row, column in self.words - {label} if row == label[0]}
            around = {way: at for way, at in around.items() if not at or at[1] not in heads}
        if not any(self.text(at) and at not in self.words for at in around.values()):
            self.words.discard(self.labels.pop(parts[0]))

    def _examples(self, places: list[Place]) -> set[Place]:
        """The cells that show how to answer: 例：3人, those below 記入例, or behind it in its row.

        Below it to an empty row; a mark is no example.
        """
        cells: set[Place] = set()
        for row, column in places:
            text = self.text_at[row, column]
            if not EXAMPLE.match(normalise(text)) or self.headings.meaning(text):
                cells |= {(row, column)} if SHOWN.match(text) else set()
            elif self._heads_column(row, column):
                down = takewhile(lambda at: any(self.text_at[at]), range(row, self.sheet.shape[0]))
                cells |= {(at, column) for at in down if re.search(r"\w", self.text_at[at, column])}
                self._above_examples.add(row)
            else:
                alone = EXAMPLE.fullmatch(normalise(text)) is not None
                line = [self.text_at[row, at] for at in range(column + 1, self.sheet.shape[1])]
                behind = [*takewhile(lambda text: not self._asks(text), line)] if alone else []
                own = [column, *(column + n for n, text in enumerate(behind, 1) if text)]
                cells |= {(row, at) for at in own}
        return cells

    def _heads_column(self, row: int, column: int) -> bool:
        """Whether 記入例 heads a column: beside 回答, behind another head, or right of labels."""
        line = self.text_at[row : row + 2]
        beside = line[0, max(column - 1, 0) : column + 2]
        before = (text for text in line[0, :column] if text)
        labels = any(self.headings.meaning(text) for text in line[1:, :column].ravel())
        heads = any(self.headings.meaning(text) is None for text in before)
        return heads or labels or any(map(is_answer_word, beside))

    def _asks(self, text: str) -> bool:
        """Whether a cell is a label or a word such as 回答."""
        return is_answer_word(text) or self.headings.meaning(text) is not None

    def shown_for(self, place: Place) -> str:
        """The question or variable whose label is next before a cell, in its row or above."""
        labels = self.labels | self.heads
        before = {at: name for name, at in labels.items() if at < place and at[0] <= place[0]}
        over = [at for at in before if at[1] <= place[1]]
        return before[max(over or before)] if before else ""

    # --- what stands where ---------------------------------------------------------------------

    def parts(self, question: Question) -> list[str]:
        """The options of a multi or the items of a battery that have a label."""
        return [name for name in question.variables if name in self.labels]

    def text(self, place: Place | None) -> str:
        """What stands in the cell."""
        return "" if place is None else str(self.text_at[place]).strip()

    def at(self, row: int, column: int) -> Place | None:
        """A place, if the sheet has it."""
        height, width = self.sheet.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def next_to(self, place: Place, way: Place = RIGHT) -> Place | None:
        """The next cell on one side of a cell and its merged range; of a range its first cell."""
        row, column = place
        top, left, bottom, right = self._range(place)
        down = {1: bottom + 1, -1: top - 1}.get(way[0], row)
        beyond = self.at(down, {1: right + 1, -1: left - 1}.get(way[1], column))
        return beyond and self._range(beyond)[:2]

    def _range(self, place: Place) -> tuple[int, int, int, int]:
        """First and last row and column of the merged range of a cell, or of the cell alone."""
        row, column = place
        for merged in self.sheet.merged:
            if merged[0] <= row <= merged[2] and merged[1] <= column <= merged[3]:
                return merged
        return row, column, row, column

    @cached_property
    def _owners(self) -> dict[Place, set[str]]:
        """The cell of a label, now or before it moved, -> what it is the label of."""
        owners: dict[Place, set[str]] = {}
        for name, place in (*self.labels.items(), *self.heads.items()):
            owners.setdefault(place, set()).add(name)
        return owners

    def beside(self, target: str, way: Place, step: int = 1) -> Place | None:
        """The cell beside a label, past its merged range and past labels that mean the same.

        `step` 2: the cell behind that one, unless it is a label.
        """
        if target in self.crossed:
            return self.crossed[target] if (way, step) == (RIGHT, 1) else None
        place, left_over, passed = self.labels[target], step, 0
        question = self.headings.book.question_of.get(target)
        own = {target, question.id if question else target}
        while left_over and passed < 3:
            if (beyond := self.next_to(place, way)) is None:
                return None
            place = beyond
            if self.text(place) in BRACKETS:
                way = RIGHT  # the answer is between them
            elif place in self.words | self.passed:
                if left_over < step or self._owners.get(place, own) - own:
                    return None  # what stands behind another label belongs to that
                passed += place not in self.passed
            else:
                left_over -= 1
        return None if left_over else place

    def marks_of(self, question: str, way: Place, step: int = 1) -> dict[int, Place | None]:
        """Option -> the cell beside it in which its mark is; `step` 2: the one behind that.

        None where that is an option, too, or of another question, whose label is left of it.
        """
        options = self.options[question]
        near = {code: self.next_to(place, way) for code, place in options.items()}
        if way in (ABOVE, BELOW):
            near = {code: at and self._unless_of_others(at, question) for code, at in near.items()}
        near = {code: None if at in options.values() else at for code, at in near.items()}
        return near if step == 1 else {c: at and self.next_to(at, way) for c, at in near.items()}

    def _unless_of_others(self, place: Place, question: str) -> Place | None:
        """A cell, unless the label next to it in its row is of another question."""
        row = {at[1]: name for name, at in self.labels.items() if at[0] == place[0]}
        before = [column for column in row if column < place[1]]
        return None if before and row[max(before)] != question else place

    def read_signs(
        self, cells: Mapping[int, Place | None], **how: bool
    ) -> tuple[list[int], list[int]]:
        """Of cells beside options those that say more than is printed, and those marked."""
        return read_signs({code: self.text(at) for code, at in cells.items()}, **how)

    def crossing(self, battery: str, variable: str, code: int) -> Place | None:
        """Where the line of an item meets that of an option."""
        options, (row, column) = self.across[battery], self.labels[variable]
        down, over = options[code]
        return self.at(*((row, over) if in_a_row(options.values()) else (down, column)))

    def lines(self, target: str = "") -> Iterator[tuple[str, Place, dict[int, Place | None]]]:
        """The cells in which one of several options is marked, by code, on each side of these.

        With the question, or the item of a matrix, whose options they are, and the side. `target`:
        of one of these alone.
        """
        for id, options in self.options.items():
            if target not in ("", id):
                continue
            sides = (BELOW, ABOVE) if in_a_row(options.values()) else ()
            for way in (LEFT, RIGHT, *sides):
                yield id, way, self.marks_of(id, way)
        for id, options in self.across.items():
            items = self.parts(self.headings.book[id])
            for item in (one for one in items if target in ("", one)):
                yield item, OWN, {code: self.crossing(id, item, code) for code in options}

    # --- the search for labels: those of questions, then of the options and items below them ----

    def _labels(self) -> dict[str, Place]:
        best: dict[str, tuple[Meaning, Place]] = {}
        sections = {normalise(text) for s in self.headings.book.sections for text in (s.ja, s.en)}
        for place in self.places:
            text = self.text_at[place]
            if re.sub(r"^\(?\d+[).:、]?", "", normalise(text)) in sections:
                self.words.add(place)
                continue
            meaning = self.headings.meaning(text)
            if meaning and meaning.target not in self.headings.book.by_name and BOXED.match(text):
                continue  # an option, by words that wave.yml gives
            if meaning is None:  # with more behind its words: options, a remark, an answer
                heads = (re.split(sign, text)[0] for sign in ("\n", "[:：(（]", r"\s"))
                question = next(filter(None, map(self.headings.asked, heads)), None)
                meaning = Meaning(question.id, LIKELY) if question else None
            if meaning is None:
                continue
            self.words.add(place)
            if meaning.target not in best or best[meaning.target][0].rank < meaning.rank:
                best[meaning.target] = (meaning, place)
        return {target: place for target, (_, place) in best.items()}

    def _crossed(self) -> dict[str, tuple[Place, Place]]:
        """The headings of the row and column that together name a question without a label.

        As 情報部門 and 正規職員数 name 情報部門の正規職員数; one that several pairs name is left
        out.
        """
        known, own = self.headings.known.items(), self.headings.book
        keys = {key: of.target for key, of in known if of.target in own}
        keys = {key: target for key, target in keys.items() if target not in self.labels}
        at: dict[str, list[Place]] = {}
        for place in self.places if keys else ():
            at.setdefault(normalise(self.text_at[place]), []).append(place)
        meet: dict[str, set[tuple[Place, Place]]] = {}
        parted = ((key[:at], key[at:], of) for key, of in keys.items() for at in range(1, len(key)))
        for first, behind, target in parted:
            lines = at.get(first, ()), at.get(re.sub("^[の/・:-]", "", behind), ())
            # of words that stand in very many cells more than one pair would name it
            for pair in itertools.product(*lines) if math.prod(map(len, lines)) < SEARCHED else ():
                column, row = sorted(pair)  # the heading of the column is above
                if row[0] > column[0] and row[1] < column[1]:
                    meet.setdefault(target, set()).add((row, column))
        return {target: min(pairs) for target, pairs in meet.items() if len(pairs) == 1}

    def is_total(self, place: Place) -> bool:
        """Whether a cell holds the sum of the answers in its column or row of such a table."""
        for axis in (0, 1):
            line = [at for at in self.crossed.values() if at[axis] == place[axis] and at != place]
            numbers = [number_of(self.text(at)) for at in (place, *line)]
            if len(line) > 1 and all(map(str.isdecimal, numbers)):
                total, *parts = map(int, numbers)
                if total == sum(parts):
                    return True
        return False

    def _in_answer_column(self) -> dict[str, Place]:
        """Of a table with a column of answers (設問 | 回答欄 | 備考, 設問 | 前回 | 今回) each cell.

        Texts, numbers and days alone. It ends at an empty row; the word left of 回答 is no label.
        """
        texts = {place: self.text(place) for place in self.places}
        heads = [p for p, t in texts.items() if is_answer_word(t) or NOW.fullmatch(normalise(t))]
        before = {place: self.next_to(place, LEFT) for place in heads}
        heads = [p for p, at in before.items() if at and at not in self.words and self.text(at)]
        asked = {place[0] for place in self.labels.values()}  # 回答 there is of that question alone
        heads = [place for place in heads if place[0] not in asked]
        cells: dict[str, Place] = {}
        for target, (row, column) in self.labels.items():
            question = self.headings.book.by_name.get(target)
            above = [at for at in heads if at[0] < row and at[1] > column]
            above = [at for at in above if self.text_at[at[0] : row].any(axis=1).all()]
            if question and above and (question.type in {*AMOUNTS, "text", "date"}):
                cells[target] = (row, max(above)[1])
        return {target: place for target, place in cells.items() if place not in self.words}

    def _move_to_answers(self) -> None:
        """Where a cell such as 回答 is behind or below a label, the answer is beside that cell.

        Unless it heads a column of a table, with words on both sides.
        """
        for target, place in self.heads.items():
            cells = [p for p in self.region(place, (), self.heads) if p > place]
            answers = [p for p in cells if is_answer_word(self.text_at[p])]
            answers = [p for p in answers if not self._is_tick(target, p)]
            beside = [self.next_to(p, way) for p in answers for way in (LEFT, RIGHT)]
            heads = all(at and at not in self.words and is_word(self.text(at)) for at in beside)
            heads |= any(answer[0] in self._above_examples for answer in answers)
            if len(answers) == 1 and not heads:
                self.labels[target] = answers[0]
                self.words.add(answers[0])

    def _is_tick(self, target: str, place: Place) -> bool:
        """Whether a word such as 選択 or 該当 stands beside an option of the question."""
        question = self.headings.book.by_name.get(target)
        if question is None or not said_by(self.text(place)):
            return False
        beside = (self.text(self.next_to(place, way)) for way in (LEFT, RIGHT, ABOVE, BELOW))
        return any(self.code_of(question, text) is not None for text in beside)

    def _label_parts(self, question: Question, starts: Mapping[str, Place]) -> None:
        """The options of a multi or the items of a battery, down to the next question."""
        options = {normalise(option.ja) for option in question.options}
        found: list[tuple[int, Place]] = []
        for place in self.region(self.labels[question.id], (), starts):
            text, key = self.text_at[place], normalise(self.text_at[place])
            if place in self.words or key.strip("()[]").isdecimal():
                continue
            # the options of an item may stand in its cell
            own = re.split("[:：\n]", text)[0] if question.type == "battery" else text
            several = sum(words in key for words in options if words) > 1
            if several and key not in options and own == text:
                continue  # a list of the options
            if question.type == "battery" and self.headings.option(question, own) is not None:
                continue
            variable = self.headings.choice(question, own)
            if not variable and (code := self.headings.other(question, text)) is not None:
                variable = f"{question.id}_{code}"
            if variable:
                found.append((question.variables.index(variable), place))
        listed = _of_the_list(found)
        for number, place in found:
            own = self.labels.setdefault(question.variables[number], listed[number])
            twice = place != own and self._words_of(place) == self._words_of(own)
            self.words |= {place} if own[0] == place[0] and not twice else set()
        parts = {name: self.heads.get(name, self.labels[name]) for name in self.parts(question)}
        for name, place in parts.items():  # known by its number alone: 2 今後 may head a section
            others = [other for other in parts.values() if other != place]
            in_line = any(place[0] == row or place[1] == column for row, column in others)
            if not self.headings.knows(question, self.text(place)) and not in_line:
                self.words.discard(self.labels.pop(name))

    def _words_of(self, place: Place) -> str:
        return without_number(self.text_at[place])

    def region(
        self, place: Place, own: Iterable[str] = (), labels: Mapping[str, Place] | None = None
    ) -> Iterator[Place]:
        """The filled cells from a label to the row of the next one that is not its own.

        Of labels beside each other each has the columns up to the next one, and the next one below
        is that in these columns, if there is one.
        """
        known = self.labels if labels is None else labels
        others = [at for name, at in known.items() if name not in {*own} and at != place]
        beside = [column for row, column in others if row == place[0]]
        after = min((column for column in beside if column > place[1]), default=self.sheet.shape[1])
        columns = range(place[1] if any(column < place[1] for column in beside) else 0, after)
        below = [at for at in others if at[0] > place[0]]
        under = [row for row, column in below if column in columns] or [row for row, _ in below]
        rows = range(place[0], min(under, default=self.sheet.shape[0]))
        return (p for p in self.places if p[0] in rows and p[1] in columns)

    def listing(self, question: Question) -> dict[Place, set[int]]:
        """The cells below the label of a question that show options of it, and which."""
        found = dict[Place, set[int]]()
        head = self.heads.get(question.id)
        for place in self.region(head, question.variables, self.heads) if head else ():
            code = self.code_of(question, text := self.text(place))
            codes = {code} if code is not None else {*(signs_in(text, question) or ())}
            found |= {place: codes} if codes else {}
        return found

    def code_of(self, question: Question, text: str) -> int | None:
        """The option that a cell prints, also "other" with what it asks for behind it."""
        code = self.headings.option(question, text)
        return self.headings.other(question, text) if code is None else code

    def _options(self, question: Question, start: Place | None = None) -> dict[int, Place]:
        """The cells of the options of a question, from its label (or `start`) to the next one."""
        found: list[tuple[int, Place]] = []
        for place in self.region(start or self.labels[question.id]):
            text = "" if place in self.words else self.text_at[place]
            code = self.code_of(question, text)
            if code is None and question.type == "battery" and text.isdecimal():
                code = next((o.code for o in question.options if str(o.code) == text), None)
            if code is not None:
                found.append((code, place))
        return _of_the_list(found)

    def _listed(self, question: Question) -> set[Place]:
        """Where the form lists the options of a question, and their numbers: no answer is there."""
        region = [p for p in self.region(self.labels[question.id]) if p not in self.words]
        if question.type == "multi":
            parts = self.parts(question)
            return self._numbers((int(v.rpartition("_")[2]), self.labels[v]) for v in parts)
        every = [(self.code_of(question, self.text_at[p]), p) for p in region]
        cells = [(code, p) for code, p in every if code is not None]
        cells = [*_of_the_list(cells).items()] if question.type in ONE_CHOICE else cells
        codes, places = {code for code, _ in cells}, [p for _, p in cells]
        least = 2 if question.type in ONE_CHOICE else max(2, len(question.options) - 1)
        if len(places) != len(codes) or len(codes) < least:
            return set()
        line = next((axis for axis in (0, 1) if len({place[axis] for place in places}) == 1), None)
        if line is None:
            return set()
        words = (word for word in self.words if word[line] == places[0][line])
        parted = any(min(places) < word < max(places) for word in words)
        return set() if parted else {*places, *self._numbers(cells)}

    def _numbers(self, options: Iterable[tuple[int, Place]]) -> set[Place]:
        """The cells beside options that number them, of which none is circled."""
        places: set[Place] = set()
        for way in (LEFT, RIGHT):
            beside = {code: self.next_to(place, way) for code, place in dict(options).items()}
            numbers = {at for c, at in beside.items() if at and number_of(self.text(at)) == str(c)}
            if len(numbers) > 1 and not self.read_signs(beside)[1]:
                places |= numbers
        return places

    def _across(self, question: Question) -> dict[int, Place]:
        """The options of a matrix: a row above its items, or a column below a row of these."""
        items = [self.labels[name] for name in self.parts(question)]
        turned = in_a_row(items)
        options = self._options(question, items[0] if turned else None)
        places = [place[::-1] if turned else place for place in options.values()]
        return options if in_a_row(places) else {}

    def _boxed(self, question: Question, places: Iterable[Place] | None = None) -> dict[int, Place]:
        """The cells in which a box, ticked or open, is followed by the words of one option.

        Or, where no cell has a box, those with a mark before their words and those without.
        `places`: where they are looked for, default from the question's label to the next one.
        """
        boxed, ringed, circled, bare = (dict[int, tuple[Place, str]]() for _ in range(4))
        labels = question.variables if question.type == "multi" else ()
        for place in places or self.region(self.labels[question.id], labels):
            text = marked_box(self.text_at[place])
            for sign, cells in ((BOXED, boxed), (RINGED, ringed)):
                match = sign.search(text)
                if match and (code := self.code_of(question, sign.sub("", text))) is not None:
                    cells.setdefault(code, (place, match[0]))
            if (code := self.code_of(question, text)) is not None:
                rest = circled if CIRCLED.match(text.strip()) else bare
                rest.setdefault(code, (place, "○" if rest is circled else ""))
        if bare and all(sign.strip() in FILLED_BOXES for _, sign in boxed.values()):
            boxed, ringed = {}, boxed | ringed  # an office typed ☑ before what it chose
        ringed = ringed or (circled if bare else {})  # ① among 2 and 3
        cells = boxed or (bare | ringed if ringed else {})
        self.signs |= dict(cells.values())
        return {code: place for code, (place, _) in cells.items()}


def _of_the_list(cells: Sequence[tuple[int, Place]]) -> dict[int, Place]:
    """The cell of each option; of one that is there twice that in line and in order with the rest.

    The other may be what an office wrote beside the question or an option, or below them.
    """
    found: dict[int, list[Place]] = {}
    for code, place in cells:
        found.setdefault(code, []).append(place)
    once = {code: places[0] for code, places in found.items() if len(places) == 1}
    pairs = itertools.combinations(sorted(once), 2)
    up = sum(1 if once[one] < once[other] else -1 for one, other in pairs) >= 0

    def fits(code: int, place: Place) -> tuple[int, int]:
        lines = (sum(at[axis] == place[axis] for at in once.values()) for axis in (0, 1))
        return max(lines), sum((code > c) == ((place > at) is up) for c, at in once.items())

    return {c: max(places, key=lambda place: fits(c, place)) for c, places in found.items()}


def _of_several(pairs: Iterable[tuple[str, dict[int, Place]]]) -> OptionCells:
    """The questions of which the form shows two options or more."""
    return {name: options for name, options in pairs if len(options) > 1}


def in_a_row(places: Iterable[Place]) -> bool:
    """Whether several cells stand beside each other."""
    rows = [row for row, _ in places]
    return len(rows) > 1 and len({*rows}) == 1


def is_answer_word(text: str) -> bool:
    """Whether a cell asks for the answer beside it: 回答欄, or an arrow at its end."""
    asks = ANSWER_WORD.fullmatch(normalise(text).partition(":")[0]) is not None
    return asks or text.rstrip().endswith(tuple(ARROWS))
