"""Forms: one sheet (or file) per municipality, each question's label beside its answer.

What copies of a form share is the form, what differs are the answers; on which side of a label or
an option these stand is decided over all copies together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.codebook.questions import ONE_CHOICE, Option, Question
from analysis.errors import refusal
from analysis.intake.cells import REASONS, Piece
from analysis.intake.forms.blank import ANSWER_LIKE, BlankForm, is_word
from analysis.intake.forms.labels import (
    ABOVE,
    BELOW,
    LEFT,
    OWN,
    RIGHT,
    Form,
    in_a_row,
    is_answer_word,
)
from analysis.intake.forms.marks import (
    AROUND,
    BOXES,
    FILLED,
    MARK,
    MARKS,
    OPEN,
    PRINTED,
    is_filler,
    number_of,
    said_by,
)
from analysis.intake.forms.numbers import take_numbers
from analysis.intake.forms.reply import (
    ANOTHER,
    HEADER,
    NOTE,
    OF_NO_QUESTION,
    UNMATCHED,
    UNSURE,
    Reply,
)
from analysis.intake.forms.written import entry_at, words_beside
from analysis.intake.headings import ID, TEXT, Headings, is_technical, normalise
from analysis.intake.sheet import CellKind, Place, Sheet
from analysis.intake.tables import check_questions

STEPS = (1, 2, 3, 4)  # cells from a label to the answer behind it
TICKS = ((RIGHT, 1), (RIGHT, 2), (LEFT, 1), (LEFT, 2))


def read_forms(
    sheets: list[Sheet], headings: Headings, blanks: Sequence[Sheet] = ()
) -> tuple[list[Piece], list[Sheet]]:
    """The replies, a piece each, and the sheets that are no forms (such as instructions).

    `blanks`: the sheets of the form as it was sent.

    Raises InputError: no sheet is a form of this codebook, or a form lacks a question.
    """
    pages = [Form(sheet, headings) for sheet in sheets]
    most = max((len(form.labels) for form in pages), default=0)
    if most == 0:
        raise refusal("forms.no_label", file=sheets[0].file, id=headings.book.id)
    forms = [form for form in pages if form.labels and 2 * len(form.labels) >= most]
    others = [form for form in pages if form not in forms]
    _check_files(forms, others, headings)
    for form in forms:
        _check_numbers(form)
    blank = BlankForm([form.sheet for form in forms], blanks, headings)
    _pass_over_print(forms, blank)
    sent = [Form(sheet, headings) for sheet in blanks]
    take_numbers(forms, sent)
    _take_for_marks(forms)
    copies = _Copies(forms, headings, sent, blank.known)
    replies = []
    for form in forms:
        reply = copies.reply(form)
        unasked = reply.leave_out_unasked()
        _check_offered(reply, copies.targets, unasked)
        there = [t for t in copies.targets if t in form.labels and t not in unasked]
        check_questions(dict.fromkeys(there, 0), headings, form.sheet)
        reply.finish()
        replies.append(reply)
    _doubt_misplaced(replies)
    offered = _offered(sent or (forms if blank.known else []))
    _mark_written(replies, headings, blank)
    for reply in replies:
        reply.take_remaining(offered)
    return [reply.piece for reply in replies], [form.sheet for form in others]


def _pass_over_print(forms: list[Form], blank: BlankForm) -> None:
    """Note printed words, behind which an answer stands: without the blank form only requests."""
    for form in forms:
        form.printed = blank.printed(form.sheet)
        words = {p for p in form.printed - form.words if blank.words.are_said(form.text(p))}
        asks = {place for place in words if PRINTED.search(form.text(place))}
        form.passed |= words if blank.given else asks if len(forms) > 1 else set()


def _take_for_marks(forms: list[Form]) -> None:
    """Take 1 or x for a mark where each reply has it at one option, and nothing at the others.

    At another than the first at least once: 1 at that may as well be its number.
    """
    lines: dict[tuple[str, Place], list[tuple[Form, dict[int, Place]]]] = {}
    for form in forms:
        for name, way, cells in form.lines():
            filled = {code: at for code, at in cells.items() if at and form.text(at)}
            question = form.headings.book.question_of[name].id
            lines.setdefault((question, way), []).append((form, filled))
    for of_copies in lines.values():
        signs = {normalise(form.text(at)) for form, line in of_copies for at in line.values()}
        beyond = signs == {"x"} or any(code != 1 for _, line in of_copies for code in line)
        if signs in ({"1"}, {"x"}) and beyond and all(len(line) < 2 for _, line in of_copies):
            for form, at in ((form, at) for form, line in of_copies for at in line.values()):
                form.text_at[at] = OPEN[0]


def _doubt_misplaced(replies: list[Reply]) -> None:
    """Take no answer in the row of another option, unless other copies have such, too.

    They show that the cell is that of the answer; else a number may be a tick.
    """
    for id in {id for reply in replies for id in reply.form.options}:
        those = [one for one in replies if id in one.form.options and one.is_beside_another(id)]
        if len(those) == 1:
            those[0].kinds[id] = CellKind.UNCLEAR


def _offered(forms: Sequence[Form]) -> dict[str, set[int]]:
    """The options of each question of one choice that a form shows, or some of its copies."""
    one = [q for q in (forms[0].headings.book if forms else ()) if q.type in ONE_CHOICE]
    return {q.id: set().union(*(c for f in forms for c in f.listing(q).values())) for q in one}


def _check_offered(reply: Reply, targets: Collection[str], unasked: Collection[str]) -> None:
    """Refuse a form that lacks an option of several: it would count as not chosen."""
    form, book = reply.form, reply.form.headings.book
    for question in (q for q in book if q.type == "multi" and q.id not in unasked):
        parts = {name for name in form.parts(question) if name in targets}
        offered = parts or {f"{question.id}_{code}" for code in reply.offered(question)}
        if lacking := question.lacking(offered):
            option = {"target": lacking[0], "option": book.label(lacking[0]).ja}
            about = {"id": question.id, "label": question.label.ja, **option}
            at = form.heads.get(question.id) or min(form.labels[name] for name in parts)
            raise form.sheet.refusal("forms.no_option", at=at, **about)


def _check_files(forms: list[Form], others: list[Form], headings: Headings) -> None:
    """Refuse a file of which no sheet is read though one names a municipality."""
    files = {form.sheet.file for form in forms}
    for form in (form for form in others if form.sheet.file not in files):
        whose = [target for target in headings.who if target in form.labels]
        beside = [form.text(form.beside(target, way)) for target in whose for way in (RIGHT, BELOW)]
        if named := next((text for text in beside if headings.named_in(text)), ""):
            n, id = len(form.labels), headings.book.id
            raise form.sheet.refusal("forms.other_form", named=named, n=n, id=id)


def _check_numbers(form: Form) -> None:
    """Refuse a form in which the number of a question stands beside the words of another.

    Office staff sort or move what they see; whose the answer beside both is, is open then.
    """
    asks, question_of = form.headings.meaning, form.headings.book.question_of
    for target, place in form.labels.items():
        text, words = form.text(place), form.text(form.next_to(place)).split("\n")[0]
        number, said = asks(text), asks(words)
        if not (number and said and number.rank == ID and said.rank == TEXT):
            continue
        one, other = question_of.get(target), question_of.get(said.target)
        if one is None or other is None or said.target == target:
            continue
        questions = one.id == target and other.id == said.target
        parts = one is other and target != one.id and said.target != one.id
        if questions or parts:
            raise form.sheet.refusal("forms.numbers", at=place, number=text, words=words)


@dataclass(frozen=True)
class _Copies:
    """Where the answers of copies of one form stand, decided over all of them together.

    `blanks`: the pages of the form as it was sent; `known`: whether it is known what is printed.
    """

    forms: list[Form]
    headings: Headings
    blanks: list[Form]
    known: bool

    def reply(self, form: Form) -> Reply:
        """The answers of one of the forms."""
        book = self.headings.book
        ways = {target: way for target, way in self.ways.items() if target in form.labels}
        reply = Reply(form, {target: form.beside(target, *way) for target, way in ways.items()})
        reply.take_entries({target: entry_at(form, target, *way) for target, way in ways.items()})
        for target in (t for t, (way, _) in ways.items() if way == OWN):
            if form.labels[target] not in form.printed:
                reply.take_behind(target)
        for id, side in self.marked.items():
            if id in form.options:
                reply.take_option(id, *side)
        for question in (q for q in book if q.type == "multi"):
            signs = self.signs(form, question)
            reply.take_several(question.id, signs, self.rings.get(question.id))
            if question.id in self.between:
                reply.doubt_marks(form.parts(question))
        for id in (id for id in form.boxed if book.by_name[id].type != "multi"):
            reply.take_boxes(id)
        for battery in sorted(self.matrices.keys() & form.across.keys()):
            reply.take_matrix(book[battery], self.matrices[battery])
        for question in (q for q in book if q.other_of and q.id not in form.labels):
            if question.other_of in form.heads:
                self._take_words(reply, question)
        return reply

    def _take_words(self, reply: Reply, question: Question) -> None:
        """The words beside an option "other" unless they are print.

        Not where a copy has none there: of four offices three may write the same.
        """
        owner, form = self.headings.book[str(question.other_of)], reply.form
        of_forms, there = self._beside_other[question.id]
        if (found := of_forms.get(id(form))) is None:
            return
        shared = bool(self.blanks) or there[found[0]] == len(self.forms)
        if not (self.known and found[0] in form.printed and shared):
            reply.take_words(question, owner, *found, self.known)

    @cached_property
    def _beside_other(self) -> dict[str, tuple[dict[int, tuple[Place, str]], Counter[Place]]]:
        """Question of the words beside "other" -> a form -> the cell of these words, and they.

        With the number of forms that have words in each cell.
        """
        found = {}
        for question in (q for q in self.headings.book if q.other_of):
            owner = self.headings.book[str(question.other_of)]
            forms = (form for form in self.forms if owner.id in form.heads)
            each = {id(form): words_beside(form, owner) for form in forms}
            there = {form: words for form, words in each.items() if words}
            found[question.id] = there, Counter(place for place, _ in there.values())
        return found

    def count(self, target: str, way: Place, step: int = 1) -> int:
        """In how many forms something stands there that is not printed on the form."""
        there = [form for form in self.forms if target in form.labels]
        question = self.headings.book.question_of.get(target)
        loose = question is None or question.type in {"text", "multi"}
        entries = [entry_at(form, target, way, step) for form in there]
        if step > 1 and not loose:  # past what stands beside the label: only what is an answer
            entries = [entry if entry and entry.sure else None for entry in entries]
        option = question and question.parts.get(target)
        if isinstance(option, Option) and option.other:  # words beside it are no mark
            entries = [
                e if e and (said_by(e.text) or not is_word(e.text)) else None for e in entries
            ]
        texts = Counter(entry.text if entry else "" for entry in entries)
        sure = any(entry and entry.sure for entry in entries)  # all may have ticked the same
        alike = len(texts) == 1 and not sure and not ANSWER_LIKE.match(next(iter(texts)))
        if alike and len(there) > (2 if step == 1 else 1):
            return 0  # printed
        return sum(n for t, n in texts.items() if t and not (way == BELOW and PRINTED.search(t)))

    @cached_property
    def marked(self) -> dict[str, tuple[Place, int, bool]]:
        """The questions of one choice whose options are marked: side, steps, printed circles."""
        marks = {}
        for question in sorted({id for form in self.forms for id in form.options}):
            forms = [form for form in self.forms if question in form.options]
            row = all(in_a_row(form.options[question].values()) for form in forms)
            ways = TICKS + (((BELOW, 1), (ABOVE, 1)) if row else ())
            votes = {at: self._votes(question, at, forms) for at in ways}
            best = max(ways, key=lambda at: (votes[at], -at[1], at[0] == RIGHT))
            # a mark between two options in a line is at the one or the other
            unclear = row and votes[LEFT, 1] == votes[RIGHT, 1] == votes[best]
            # unless a label or the edge of the sheet says so
            firsts = [(f, f.next_to(min(f.options[question].values()), LEFT)) for f in forms]
            printed = any(place is None or place in form.words for form, place in firsts)
            if any(votes[best]) and (printed or not unclear):
                marks[question] = (*best, votes[best][0] == len(forms))
        return marks

    def _votes(
        self, question: str, at: tuple[Place, int], forms: list[Form]
    ) -> tuple[int, int, int]:
        """In how many forms all options have a sign on one side, and one a mark; and the signs."""
        cells = [form.marks_of(question, *at) for form in forms]
        signs = [sum(MARK.fullmatch(form.text(place)) is not None for place in of.values())
                 for form, of in zip(forms, cells, strict=True)]  # fmt: skip
        full = sum(n == len(of) for n, of in zip(signs, cells, strict=True))
        one = (len(form.read_signs(of)[1]) == 1 for form, of in zip(forms, cells, strict=True))
        return full, sum(one), sum(signs)

    def signs(self, form: Form, question: Question) -> dict[int, str]:
        """The sign at each option of a question of several choices, by code."""
        if question.id in form.boxed:
            return {code: form.signs[place] for code, place in form.boxed[question.id].items()}
        return {
            option.code: form.text(form.beside(name, *self.ways[name]))
            for name, option in zip(question.variables, question.options, strict=True)
            if name in self.ways and name in form.labels
        }

    @cached_property
    def rings(self) -> dict[str, bool]:
        """Questions of several choices with a circle at every option: whether these are printed.

        As the form as it was sent or filled ones in a copy show; where one has none at some option,
        they are no print.
        """
        printed: dict[str, bool] = {}
        for question in (q for q in self.headings.book if q.type == "multi"):
            every = [self.signs(form, question) for form in self.forms]
            signs = {AROUND.sub("", sign) for own in every for sign in own.values()}
            if signs <= {*OPEN, *FILLED} and max(map(len, every)) > 1:
                sent = [self.signs(form, question).values() for form in self.blanks]
                open_there = any(own and {*own} <= {*OPEN} for own in sent)
                printed[question.id] = open_there or not signs <= {*OPEN}
        return printed

    @cached_property
    def matrices(self) -> dict[str, bool]:
        """The batteries answered by marks below their options, and whether circles are printed.

        Also by numbers there, unless these stand below each other: in the column of answers.
        """
        owner = self.headings.book.question_of
        circled: dict[str, bool] = {}
        for id in {id for form in self.forms for id in form.across}:
            lines = [
                (form, cells)
                for form in self.forms
                for name, way, cells in form.lines()
                if way == OWN and owner[name].id == id
            ]
            circles = all(MARK.fullmatch(form.text(at)) for form, of in lines for at in of.values())
            marked = any(form.read_signs(of)[1] for form, of in lines)
            filled = [code for form, of in lines for code, at in of.items()
                      if number_of(form.text(at)).isdecimal()]  # fmt: skip
            if circles or marked or len({*filled}) > 1 or len(filled) == 1:
                circled[id] = circles
        return circled

    @cached_property
    def targets(self) -> list[str]:
        """The columns of the table: a question in one cell, or its options or items one by one."""
        labelled = {target for form in self.forms for target in form.labels}
        targets: list[str] = []
        for question in self.headings.book:
            parts = [v for v in question.variables if v in labelled]
            whole = question.id in labelled
            if not parts or parts == [question.id]:
                targets += [question.id] if whole else []
                continue
            if whole and question.type == "multi":
                ways = (*TICKS, *((way, 1) for way in self._lines(question)))
                ticked = any(self.count(p, way, s) for p in parts for way, s in ways)
                filled = any(self.count(question.id, way) for way in (RIGHT, BELOW))
                # some text that reads like an option is not the list of them, unless marks are
                listed = len(parts) == len(question.variables) or self._marked_beside(parts)
                if filled and not (ticked and listed):
                    parts = [question.id]
            targets += parts
        return [*sorted(t for t in labelled if t.startswith("@")), *targets]

    def _marked_beside(self, options: list[str]) -> bool:
        """Whether one of two or more options has a mark or a box beside it in some form."""
        there = ((form, name) for form in self.forms for name in options if name in form.labels)
        beside = (form.text(form.beside(name, *at)) for form, name in there for at in TICKS)
        return len(options) > 1 and any(AROUND.sub("", text) in {*MARKS, *BOXES} for text in beside)

    def _lines(self, question: Question) -> tuple[Place, ...]:
        """Above and below, where the options of a question stand in a row."""
        rows = ([form.labels[name] for name in form.parts(question)] for form in self.forms)
        return (BELOW, ABOVE) if all(in_a_row(row) for row in rows) else ()

    @cached_property
    def ways(self) -> dict[str, tuple[Place, int]]:
        """On which side of its label each answer stands, and how many cells from it."""
        book, who = self.headings.book, self.headings.who
        ticks = {v for q in book if q.type == "multi" for v in q.variables}
        asked = [target for target in self.targets if target not in who | ticks]
        # where several stand behind empty cells, or one of units, others may, too
        found = {n: sum(self.count(target, RIGHT, n) for target in asked) for n in STEPS}
        steps = [n for n in STEPS if n == 1 or found[n] > 1]
        return {target: self._way(target, steps) for target in self.targets}

    def _way(self, target: str, steps: list[int]) -> tuple[Place, int]:
        """Where most forms have something."""
        question = self.headings.book.question_of.get(target)
        option = question is not None and question.type == "multi" and target != question.id
        group = question.variables if option and question else (target,)
        steps = sorted({*steps, 2}) if target in self.headings.who else steps
        sides = [*((RIGHT, n) for n in steps), *([(LEFT, 1)] if option else [(OWN, 1), (BELOW, 1)])]
        if option and question:
            sides += [(LEFT, 2), *((way, 1) for way in self._lines(question))]
        counts = {at: sum(self.count(part, *at) for part in group) for at in sides}
        if not option and not any(counts.values()):
            further = [(way, 2) for way in (RIGHT, BELOW) if self._open(target, way)]
            far = {at: sum(self.count(part, *at) for part in group) for at in further}
            counts |= {at: n for at, n in far.items() if 2 * n >= len(self.forms)}
        return max(counts, key=lambda at: (counts[at], at[0] == RIGHT))

    @cached_property
    def between(self) -> set[str]:
        """Questions of several options in a row with marks between these alone: of which is open.

        Unless a label or the edge of the sheet is before the first, so that they are behind theirs.
        """
        found = set[str]()
        for question in (q for q in self.headings.book if q.type == "multi"):
            forms = [form for form in self.forms if form.parts(question)]
            names = [name for name in question.variables if name in self.ways]
            beside = {self.ways[name] for name in names} <= {(LEFT, 1), (RIGHT, 1)}
            if not (names and beside and self._lines(question)):
                continue
            left, right = (sum(self.count(name, way) for name in names) for way in (LEFT, RIGHT))
            firsts = [min(form.labels[name] for name in form.parts(question)) for form in forms]
            before = [form.next_to(at, LEFT) for form, at in zip(forms, firsts, strict=True)]
            behind = any(at is None or at in form.words
                         for form, at in zip(forms, before, strict=True))  # fmt: skip
            found |= {question.id} if left and left == right and not behind else set()
        return found

    def _open(self, target: str, way: Place) -> bool:
        """Whether an answer may stand two cells from its label, behind nothing or a request.

        In a lone form, where what is printed looks like an answer: who replied, what is behind a
        word such as 回答 or below a request, and what is alone in its row but for a unit.
        """
        question = self.headings.book.by_name.get(target)
        forms = [form for form in self.forms if target in form.labels]
        between = [form.text(form.beside(target, way)) for form in forms]
        if any(between) or len(self.forms) > 1:
            printed = (
                PRINTED.search(t) or f.beside(target, way) in f.printed
                for t, f in zip(between, forms, strict=True)
            )
            return not any(between) or (way == BELOW and all(printed))
        (form,) = forms
        if way == RIGHT:
            identifies = question is None or question.identity is not None
            return identifies or is_answer_word(form.text(form.labels[target]))
        place = form.beside(target, BELOW, 2)
        if place is None or question is None or question.identity or question.type == "text":
            return False
        return all(map(is_filler, np.delete(form.text_at[place[0]], place[1])))


def _mark_written(replies: list[Reply], headings: Headings, blank: BlankForm) -> None:
    """Mark what is filled in and became no answer: by an office (unmatched) or maybe (unsure).

    What is printed, as there is evidence, stays a note.
    """
    who, header = headings.who, headings.header or {}
    for reply in replies:
        form, grid = reply.form, reply.form.text_at
        for place in blank.written_over(form.sheet, form.examples):
            grid[place], reply.mark[place] = form.sheet.text.iat[place], NOTE
            form.places.append(place)
        for place in () if blank.known else form.examples:
            if not reply.answers(form.shown_for(place)):
                reply.mark[place] = UNSURE  # an office may have written over it
        # of a question without an answer the options may be what an office wrote
        said = {*filter(reply.answer, reply.cells)}
        unsaid = {p for id in form.options.keys() - said for p in form.options[id].values()}
        known = reply.boxes | (form.offered - unsaid) | (form.printed if blank.known else set())
        known -= reply.beside_other
        whose = {headings.named_in(grid[p]) for t, p in reply.cells.items() if p and t in who}
        others: dict[Place, str] = {}
        loose = np.isin(reply.mark, (NOTE, HEADER)) & (grid != "")
        for row, column in np.argwhere(loose).tolist():
            text, place = grid[row, column], (row, column)
            label = reply.mark[place] == HEADER
            bare = label and headings.by_number_alone(text)
            # words of the codebook are print, too, unless it is known that the form has none there
            in_book = (label or not blank.given) and blank.words.print(text, label=label)
            if place in known or bare or in_book:
                continue
            name = re.split("[:：]", text)[-1].strip()
            named = headings.named_in(name, known=True)
            if named and named in whose:
                continue  # the municipality that replied, named once more
            if named:
                others[place] = name
            sure = blank.known or place not in form.printed
            reply.mark[place] = ANOTHER if named else UNMATCHED if sure else UNSURE
            if form.is_total(place):
                reply.mark[place] = REASONS.index("total")
        unread = np.argwhere(reply.mark == UNMATCHED).tolist()
        if len(unread) > 1 and not any(map(form.text, reply.cells.values())):
            raise form.sheet.refusal("forms.elsewhere", at=(unread[0][0], unread[0][1]))
        printed = form.printed if blank.given else set()
        reply.take_doubtful(printed, blank.looks(form.sheet), known=blank.known)
        _set_aside(reply, headings)
        if not who & {target for target, texts in header.items() if texts}:
            _take_together(reply, others)
            _check_others(reply, others)


def _take_together(reply: Reply, others: dict[Place, str]) -> None:
    """A joint reply: of the municipality that replied and those beside or below it, without label.

    Whose it is nobody knows, which identification then says of all of them.
    """
    form, who = reply.form, reply.form.headings.who
    own = {place: name for name, place in reply.cells.items() if name in who and place}
    for place in sorted(others):
        left, above = form.next_to(place, LEFT), form.next_to(place, ABOVE)
        labelled = is_word(form.text(left)) and left not in form.words
        while left and left not in own and not is_word(form.text(left)):
            left = form.next_to(left, LEFT)
        near = left if left in own else None if labelled else above
        if near in own:
            target = own[place] = own[near]
            reply.stands_for[target] = f"{reply.answer(target)}、{others.pop(place)}"
            reply.mark[place] = REASONS.index("mark")


def _set_aside(reply: Reply, headings: Headings) -> None:
    """Mark personal details (the name, telephone, mail of who filled it in), beside their labels.

    The section and the like are ignored. A label may stand in the cell itself, before a colon.
    """
    form, grid = reply.form, reply.form.text_at
    loose = np.isin(reply.mark, [*OF_NO_QUESTION]) & (grid != "")
    for row, column in np.argwhere(loose).tolist():
        label, *inside = re.split("[:：]", grid[row, column], maxsplit=1)
        reason = headings.set_aside(label, form.sheet.address(row, column))
        reason = reason or ("ignored" if is_technical(label) else "")
        there = (row, column) if any(inside) else form.next_to((row, column))
        if reason:
            reply.mark[row, column] = NOTE
        if reason and there and loose[there]:
            reply.mark[there] = REASONS.index(reason)


def _check_others(reply: Reply, others: dict[Place, str]) -> None:
    """Refuse a form with a second one, or several other municipalities in a line, on its sheet.

    A second one begins where another municipality stands beside a label of who replied.
    """
    form, who = reply.form, reply.form.headings.who
    for place, name in others.items():
        head = re.split("[:：]", form.text(place))[0]
        before = (head, *(form.text(form.next_to(place, way)) for way in (LEFT, ABOVE)))
        meanings = filter(None, map(form.headings.meaning, before))
        if any(meaning.target in who for meaning in meanings):
            raise form.sheet.refusal("forms.second", at=place, name=name)
    for axis in (0, 1):
        lines = Counter(place[axis] for place in others).most_common(1)
        if lines and lines[0][1] >= 2:
            at = [place for place in others if place[axis] == lines[0][0]]
            names = [others[place] for place in at[:3]]
            raise form.sheet.refusal("forms.others", at=at[0], names=names)
