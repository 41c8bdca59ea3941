"""The answers of one form: by what is written, marked, ticked or looks otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np

from analysis.codebook.questions import ONE_CHOICE, Question
from analysis.intake.cells import ANSWER, REASONS, Piece
from analysis.intake.forms.labels import ABOVE, BELOW, LEFT, OWN, RIGHT, Form, in_a_row
from analysis.intake.forms.looks import set_against, set_apart
from analysis.intake.forms.marks import (
    ALL_BOXES,
    AROUND,
    LISTED,
    MARK,
    OPEN,
    PRINTED,
    answer_in,
    is_print,
    is_request,
    number_of,
    read_signs,
    said_by,
    signs_in,
)
from analysis.intake.forms.written import Entry, entry_at, signed_options
from analysis.intake.headings import choices_of, normalise, without_number
from analysis.intake.sheet import CellKind, Look, Place
from analysis.intake.workbook import fill_of

HEADER, NOTE, UNMATCHED, UNSURE, ANOTHER = map(
    REASONS.index, ("header", "note", "unmatched", "unsure", "another")
)
OF_NO_QUESTION = {NOTE, UNMATCHED, UNSURE}  # cells of no question
PRINTED_BOX = re.compile(rf"[{ALL_BOXES}(（\[［【〔]")
IN_LIST = r"(?<=\W)\d{1,4}(?=\D?\s*[^\W\d])"  # the number of an option within a text
SIGN = 3  # letters of a sign at an option


class Reply:
    """The answers of one form.

    Attributes
    ----------
    cells : question or variable -> the cell of its answer.
    stands_for : variable -> the option that the mark in its cell stands for.
    kinds : variable -> that its cell holds nothing but print, or may be of something else.
    sure : questions with an answer that reads like one, wherever it stands.
    marks : cells beside options, with the mark of the one that is the answer, or an open box.
    boxes : cells with the box and the words of an option, of questions of which one is ticked.
    beside_other : words beside the option "other" where that is not chosen, which are told.
    coloured : questions whose empty cell has a colour of its own.
    mark : what each cell of the sheet is, ANSWER or a position in REASONS.
    """

    def __init__(self, form: Form, cells: dict[str, Place | None]) -> None:
        self.form, self.cells = form, cells
        self.stands_for: dict[str, str] = {}
        self.kinds: dict[str, CellKind] = {}
        self.sure: set[str] = set()
        self.marks: list[Place] = []
        self.boxes: set[Place] = set()
        self.beside_other: set[Place] = set()
        self.coloured: list[str] = []
        self.mark = np.full(form.sheet.shape, NOTE, np.uint8)
        self.mark[tuple(np.array([*form.words]).T)] = HEADER
        for place in form.examples:
            self.mark[place] = REASONS.index("example")

    def take_entries(self, entries: dict[str, Entry | None]) -> None:
        """The answers that are written in words, numbers and days.

        Of a question with no answer where the copies have theirs, what reads like one behind its
        label, right of it or below it, if that is one cell.
        """
        form, used = self.form, {entry.place for entry in entries.values() if entry}
        for target, entry in entries.items():
            place = self.cells[target]
            if entry is None:
                near = (entry_at(form, target, way) for way in (OWN, RIGHT, BELOW))
                others = {one.place: one for one in near if one and one.sure}
                if len(others.keys() - used) == 1:
                    entry = others[next(iter(others.keys() - used))]
                    used.add(entry.place)
            if entry is not None:
                self.sure |= {target} if entry.sure else set()
                self.cells[target] = entry.place
                self.marks += entry.parts
                if entry.text != str(form.sheet.text.iat[entry.place]).strip():
                    self.stands_for[target] = entry.text
            elif place is None or form.text(place):
                text, question = form.text(place), form.headings.book.by_name.get(target)
                # words that only read like print need evidence, see `forms`
                printed = is_print(text, question) and not PRINTED.search(text)
                self.cells[target] = place if place and printed else form.labels[target]
                self.kinds[target] = CellKind.PRINTED

    def take_behind(self, target: str) -> None:
        """Ask about words behind the label, in its cell, where other copies have the answer."""
        form, question = self.form, self.form.headings.book.by_name.get(target)
        label = form.labels[target]
        words = form.headings.behind(form.text(label), target)
        if question and words and not is_print(words, question) and not self.answer(target):
            self.cells[target], self.kinds[target] = label, CellKind.UNCLEAR

    def take_option(self, question: str, way: Place, step: int, circles: bool) -> None:
        """The answer of one choice by the mark on this side of its option."""
        options = self.form.options[question]
        self.mark[tuple(np.array([*options.values()]).T)] = HEADER
        beside = self.form.marks_of(question, way, step)
        old, said = self.cells[question], self.answer(question)
        apart = question in self.sure and old not in (*options.values(), *beside.values())
        if (code := self._take(question, beside, circles)) is not None:
            own = self.form.headings.option(self.form.headings.book[question], said)
            if apart and said != str(code) and own != code:  # written at the label, too
                self.cells[question], self.stands_for[question] = old, f"{said}、{code}"
                return
            self.marks += filter(None, [self.cells[question]])
            self.cells[question] = options[code]  # the answer is the option
            self.stands_for[question] = str(code)

    def _take(self, name: str, cells: dict[int, Place | None], circles: bool) -> int | None:
        """The option that alone is marked; of several the first cell is the answer, and refused.

        `circles`: the form prints a circle beside every option.
        """
        self.kinds.pop(name, None)
        filled, marked = self.form.read_signs(cells, circles=circles)
        there = {code: at for code, at in cells.items() if at and self.form.text(at)}
        self.marks += [at for code, at in there.items() if code not in filled]
        empty = next((at for code, at in cells.items() if code not in there), None)
        self.cells[name] = cells[filled[0]] if filled else empty
        if not filled and empty is None and there:  # nothing but printed circles
            self.cells[name], self.kinds[name] = min(there.values()), CellKind.PRINTED
        elif filled and self._names_another(name, cells, filled):
            self.kinds[name] = CellKind.UNCLEAR
        return marked[0] if len(filled) == 1 and marked else None

    def _names_another(
        self, name: str, cells: Mapping[int, Place | None], filled: list[int]
    ) -> bool:
        """Whether what is at the option (of several: the first) would be read as another one.

        As 1 in the row of the third, which may be a tick or the number of the first.
        """
        code, *more = filled
        named = self._named(name, cells[code], as_received=bool(more))
        return named is not None and (bool(more) or named != code)

    def _named(self, name: str, place: Place | None, *, as_received: bool = False) -> int | None:
        """The option that a cell names by its number or in its words."""
        form, question = self.form, self.form.headings.book.question_of[name]
        text = form.sheet.text.iat[place] if place and as_received else form.text(place)
        numbers = {str(option): option for option, _ in choices_of(question)}
        return numbers.get(number_of(text), form.code_of(question, text))

    def is_beside_another(self, id: str) -> bool:
        """Whether the answer is written at another option, where a tick would be."""
        form, at = self.form, self.cells.get(id)
        if at is None or id not in self.sure:
            return False
        sides = (BELOW, ABOVE) if in_a_row(form.options[id].values()) else (LEFT, RIGHT)
        lines = [cells for _, way, cells in form.lines(id) if way in sides]
        beside = {code for cells in lines for code, place in cells.items() if place == at}
        return len(beside) == 1 and self._named(id, at) not in {None, *beside}

    def take_boxes(self, id: str) -> None:
        """The answer to a question, or an item of a battery, by boxes before the words of options.

        The cell with the ticked box is the answer; where several are, it stands for all of them,
        which is refused.
        """
        form, boxes = self.form, self.form.boxed[id]
        self.kinds.pop(id, None)
        ticked = read_signs({code: form.signs[place] for code, place in boxes.items()})[1]
        if ticked:
            self.boxes |= {*boxes.values()}
            self.cells[id] = boxes[min(ticked)]
            all_of_them = " ".join(form.text(place) for place in boxes.values())
            self.stands_for[id] = str(min(ticked)) if len(ticked) == 1 else all_of_them
        else:
            beside = (form.next_to(place) for place in boxes.values())
            self.cells[id] = next((at for at in beside if at and not form.text(at)), None)

    def take_several(self, id: str, signs: dict[int, str], printed: bool | None) -> None:
        """The chosen of several options by the sign at each.

        `printed`: whether the form prints a circle at every option, where all copies have one.
        Where no other copy shows it, circles at all options are refused.
        """
        form, boxed = self.form, self.form.boxed.get(id, {})
        if boxed:
            self.cells.pop(id, None)
            self.kinds.pop(id, None)
            self.cells |= {f"{id}_{code}": place for code, place in boxed.items()}
        filled, marked = read_signs(signs, circles=False)
        said = [code for code, sign in signs.items() if sign]
        if said and {number_of(signs[code]) for code in said} == {"0"} and len(said) < len(signs):
            self.doubt_marks([f"{id}_{code}" for code in said])  # circles, as some type them, or no
        ticked = {f"{id}_{code}": self.cells.get(f"{id}_{code}") for code in marked}
        by_number = {v for v, at in ticked.items() if at and form.sheet.text.iat[at].isdecimal()}
        self.stands_for |= dict.fromkeys(by_number, "1")
        self.boxes |= {*boxed.values()} if marked else set()
        if printed is not None and {AROUND.sub("", sign) for sign in signs.values()} <= {*OPEN}:
            every = " ".join(form.text(self.cells[f"{id}_{code}"]) for code in signs)
            self.stands_for |= {f"{id}_{code}": "0" if printed else every for code in signs}
        elif boxed or (marked and len(filled) < sum(map(bool, signs.values()))):
            values = {f"{id}_{code}": str(int(code in marked)) for code in signs}
            self.stands_for |= {v: code for v, code in values.items() if form.text(self.cells[v])}

    def doubt_marks(self, names: list[str]) -> None:
        """Take none of the marks at several options, each of which may be that of another."""
        there = [at for name in names if (at := self.cells.get(name)) and self.form.text(at)]
        for name in names if there else ():
            self.cells[name] = None
            for of_name in (self.stands_for, self.kinds):
                of_name.pop(name, None)
        if there:
            self.cells[names[0]], self.kinds[names[0]] = min(there), CellKind.UNCLEAR
            self.marks += there

    def take_matrix(self, battery: Question, circles: bool) -> None:
        """The answers to the items of a battery by marks in the line of each option."""
        form, codes = self.form, [*self.form.across[battery.id]]
        for variable in form.parts(battery):
            meet = {code: form.crossing(battery.id, variable, code) for code in codes}
            if (code := self._take(variable, meet, circles)) is not None:
                self.stands_for[variable] = battery.option(code).ja

    def take_words(
        self, question: Question, owner: Question, place: Place, words: str, known: bool
    ) -> None:
        """The words beside the option "other" of the `owner`, where that is chosen.

        Or where nothing is, and what is printed is `known`.
        """
        option = owner.other_option
        assert option is not None  # of which the words are
        chosen, own = self._chosen(owner), f"{owner.id}_{option.code}"
        target = next((name for name, at in self.cells.items() if at == place), "")
        if option.code not in chosen and (self.answers(owner.id) or not known or target):
            self.beside_other.add(place)
            if target == own:
                self.cells.pop(own)
        elif target in {own, owner.id}:  # in the cell of the option, which is the answer
            self.stands_for[target] = f"{option.code}（{words}）"
        elif not target:
            self.cells[question.id], self.stands_for[question.id] = place, words

    def _chosen(self, question: Question, item: str = "") -> set[int]:
        """The options of a question, or of an item, that are chosen, as far as that is evident."""
        item = item or question.id
        parts = re.split(LISTED, self.answer(item)) if item in self.cells else []
        texts = {o.code: f"{question.id}_{o.code}" for o in question.options}
        ticks = {code: self.answer(v) for code, v in texts.items() if v in self.cells}
        ticked = {c for c, t in ticks.items() if t == "1" or MARK.fullmatch(t) or said_by(t)}
        codes = {str(option.code): option.code for option in question.options}
        named = (codes.get(p, self.form.headings.option(question, p)) for p in parts)
        return ticked | {code for code in named if code is not None}

    def leave_out_unasked(self) -> set[str]:
        """Take no answer to a question that was not asked, as ``wave.yml`` says; its names."""
        form, header = self.form, self.form.headings.header or {}
        ids = {id for id, texts in header.items() if texts == ()}
        unasked = [q for q in form.headings.book if not ids.isdisjoint({q.id, q.other_of})]
        names = {name for q in unasked for name in (q.id, *q.variables)}
        boxed = (own.values() for name, own in form.boxed.items() if name in names)
        for place in (*chain(*boxed), *(self.cells.get(name) for name in names)):
            if place:
                self.mark[place] = REASONS.index("ignored")
        for of_name in (self.cells, self.stands_for, self.kinds):
            for name in names & of_name.keys():
                del of_name[name]
        return names

    def offered(self, question: Question) -> set[int]:
        """The codes of the options that the form offers for several answers, as far as it shows.

        Those with boxes, and those of which some have a mark, in cells of their own or in one; else
        those that it lists. Where each has a mark, an office may have written these alone.
        """
        boxed = self.form.boxed.get(question.id, {})
        signs = {code: self.form.signs[place] for code, place in boxed.items()}
        if not signs and question.id in self.cells:
            signs = signs_in(self.answer(question.id), question) or {}
        written = all(signs.values()) and not any(map(PRINTED_BOX.search, signs.values()))
        return {*signs} if any(signs.values()) and not written else self._listed(question)

    def _listed(self, question: Question) -> set[int]:
        """The codes of the options of which the form lists the words or numbers beside the answer.

        Or behind the question's words in their own cell, with a number before each. The cell of the
        answer belongs to the list where it has numbers and another cell reads like an answer.
        """
        form, at = self.form, self.cells.get(question.id)
        if at is None or not self.answer(question.id):
            return set()
        label = form.heads[question.id]
        region = form.region(label, question.variables, form.heads)
        texts = {place: form.text(place) for place in region if place > label}
        lists = dict[Place, set[int]]()
        for place, own in texts.items():
            code = form.code_of(question, without_number(own))
            lists[place] = {*(signs_in(own, question) or ())} if code is None else {code}
        others = {place: text for place, text in texts.items() if not lists[place]}
        answers = {p for p, text in others.items() if answer_in(text, question, form.headings)}
        if answers <= {at} or not re.search(r"\d", form.text(at)):
            lists.pop(at, None)
        text = unicodedata.normalize("NFKC", form.text(label))
        signed = signed_options(text, question)
        codes = set[int]().union(*lists.values())
        in_label = len(signed) > 1
        if in_label:  # one may stand there without a number: 1.採用 2.研修 特になし
            words = [(option.code, map(normalise, option.words)) for option in question.options]
            codes |= {code for code, own in words if any(word in normalise(text) for word in own)}
        begin = {m[1] for t in others.values() if (m := re.match(r"\D?(\d+)", normalise(t)))}
        begin |= {n for n in re.findall(IN_LIST, text) if in_label} - signed.keys()
        numbered = {option.code for option in question.options if str(option.code) in begin}
        return codes | numbered if len(codes) > 1 else set()

    def finish(self) -> None:
        """What each cell is; two answers in one cell are refused."""
        places = [*filter(None, self.cells.values())]
        if twice := [place for place, n in Counter(places).items() if n > 1]:
            questions = [target for target, place in self.cells.items() if place == twice[0]]
            raise self.form.sheet.refusal("forms.same_cell", at=twice[0], questions=questions)
        for place in self.marks:
            self.mark[place] = REASONS.index("mark")
        for place in places:
            self.mark[place] = ANSWER

    def answer(self, target: str) -> str:
        """What is read for a question or variable."""
        printed = self.kinds.get(target) == CellKind.PRINTED
        return "" if printed else self.stands_for.get(target) or self.form.text(self.cells[target])

    def answers(self, target: str) -> bool:
        """Whether anything is read for a question, by itself or by its parts, or for a variable."""
        question = self.form.headings.book.by_name.get(target)
        own = question is not None and (target == question.id or question.type == "multi")
        names = {target, *(question.variables if question and own else ())}
        return any(map(self.answer, names & self.cells.keys()))

    def take_doubtful(
        self, printed: set[Place], looks: Mapping[Place, Look], *, known: bool
    ) -> None:
        """Of a question without an answer, what may be one, at its options or below its label.

        It is refused; an empty cell with a colour of its own is asked about. `printed`: what the
        form as it was sent has; `looks`: how cells look that do not look so there, if that is
        `known`, else of all.
        """
        fills = Counter(map(fill_of, self.form.sheet.looks.values()))
        form, book = self.form, self.form.headings.book
        for target, old in [*self.cells.items()]:
            question = book.by_name.get(target)
            if not question or question.identity:
                continue
            apart_from_list = self._written_apart(question, target, known=known)
            if old and self._is_as_printed(question, target, old, printed):
                self._doubt(target, old)  # as it was before anybody answered
                continue
            if self.answers(target):
                for at in apart_from_list:
                    self.mark[at] = UNMATCHED if known else UNSURE
                chosen = self._chosen(question, target)
                if against := next(set_against(form, self.cells, target, chosen, looks), None):
                    self._doubt(target, against)
                continue
            part = question.type == "multi" and target != question.id
            near = (
                ()
                if part or target not in form.labels
                else (*self._signs_at(target), *self._like_answers(question, target))
            )
            names = {target, question.id}
            numbers = (at for at, name in form.doubted.items() if name in names)
            near = (*near, *numbers, *apart_from_list)
            apart = set_apart(self.form, self.cells[target], question, target, looks)
            if spots := (*(at for at in near if at not in printed), *apart):
                self._doubt(target, spots[0])
            elif old and (fill := fill_of(looks.get(old, ()))) and (known or fills[fill] == 1):
                self.coloured.append(target)

    def _is_as_printed(
        self, question: Question, target: str, at: Place, printed: set[Place]
    ) -> bool:
        """Whether an answer is what the form has there before anybody answered.

        As an option, or the number of last year before what an office wrote.
        """
        form = self.form
        if at not in printed or target in self.stands_for or not self.answer(target):
            return False
        region = form.region(form.labels[target]) if target in form.labels else ()
        return bool(question.options) or any(self.mark[one] == UNMATCHED for one in region)

    def take_remaining(self, offered: Mapping[str, set[int]]) -> None:
        """Ask about questions without an answer where options that the form `offered` have gone.

        Some offices delete those that they do not choose.
        """
        asked = {id for id, kind in self.kinds.items() if kind == CellKind.UNCLEAR}
        for id in [*offered.keys() & self.cells.keys() - asked]:
            there = self.form.listing(self.form.headings.book[id])
            gone = offered[id] - set[int]().union(*there.values())
            if there and gone and not self.answers(id):
                self._doubt(id, min(there))

    def _doubt(self, target: str, at: Place) -> None:
        """Take no answer to a question or variable: what is in a cell may be one."""
        if (old := self.cells[target]) and [*self.cells.values()].count(old) == 1:
            self.mark[old] = HEADER if old in self.form.words else NOTE
        self.stands_for.pop(target, None)
        self.cells[target], self.kinds[target] = at, CellKind.UNCLEAR
        self.mark[at] = ANSWER

    def _signs_at(self, target: str) -> Iterator[Place]:
        """Cells at options, a few of these, with a sign that is no mark: はい, ×, ○1."""
        form = self.form
        for _, _, cells in form.lines(target):
            own = {code: at for code, at in cells.items() if at and self.mark[at] in OF_NO_QUESTION}
            signs = [own[code] for code in form.read_signs(own)[0]]
            few = signs if len(signs) < len(cells) else []
            for at in (at for at in few if not is_request(form.text(at))):
                if len(form.text(at)) <= SIGN or self._named(target, at) is not None:
                    yield at

    def _written_apart(self, question: Question, target: str, *, known: bool) -> list[Place]:
        """Cells that name options which have cells of their own elsewhere: what an office chose.

        All in one cell may be print where nothing is `known`.
        """
        form, parts = self.form, self.form.parts(question)
        several = question.type == "multi"
        first = next((name for name in parts if name in self.cells), "") if several else target
        head = form.heads.get(question.id)
        if head is None or target != first or not (several or target in form.options):
            return []
        own = form.words | form.offered | form.passed | self.boxes | {*self.cells.values()}
        own |= form.printed if known else set()
        found = []
        for at in form.region(head, question.variables, form.heads):
            pieces = re.split(LISTED, form.text(at))
            named = {form.headings.option(question, piece) for piece in pieces}
            if at in own or None in named:
                continue
            if self.mark[at] in OF_NO_QUESTION and (known or len(named) < len(question.options)):
                found.append(at)
        return found

    def _like_answers(self, question: Question, target: str) -> Iterator[Place]:
        """Cells below a label that read like an answer, or a mark at what is no known option."""
        form = self.form
        kinds = {UNMATCHED, UNMATCHED if question.type == "text" else UNSURE}
        kinds -= {UNSURE} if target in form.options else set()  # which may be printed
        for at in form.region(form.labels[target]):
            text = form.text(at)
            loose = question.type in ONE_CHOICE and self.mark[at] in OF_NO_QUESTION
            if loose and MARK.fullmatch(text):
                yield at
            if self.mark[at] in kinds and answer_in(text, question, form.headings):
                yield at

    @property
    def piece(self) -> Piece:
        """One record, each answer with a place of its own."""
        there = {name: place for name, place in self.cells.items() if place is not None}
        answers = {name: (np.array([r]), np.array([c])) for name, (r, c) in there.items()}
        coloured = [(0, name) for name in self.coloured]
        return Piece(
            self.form.sheet, self.mark, answers, self.stands_for, self.kinds, coloured=coloured
        )
