"""Forms: one sheet (or file) per municipality, each question's label beside its answer.

The offices fill in copies of one form, so that what the copies share is the form and what differs
are the answers. Whether answers stand to the right of a label or below it, and whether options are
ticked to the left or to the right, is decided over all copies together.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.errors import InputError
from analysis.intake.cells import ANSWER, REASONS, Piece
from analysis.intake.headings import Headings, normalise
from analysis.intake.printed import (
    ABOVE,
    BELOW,
    LEFT,
    MARKS,
    RIGHT,
    Form,
    Place,
    in_a_row,
    is_answer_word,
    labels_of,
)
from analysis.intake.sheet import Sheet
from analysis.intake.tables import UNIT, check_questions

TICKS = ((RIGHT, 1), (RIGHT, 2), (LEFT, 1), (LEFT, 2))
ANSWER_LIKE = re.compile(rf"^[\d①-⑳.,、，・％%{MARKS}]+$")  # even where all offices say the same
MARK = re.compile(rf"^[{MARKS}]$")  # of the option that is chosen
OPEN = re.compile(r"^[□☐◻]$")  # of one that is not
INSTRUCTION = re.compile(
    r"^(?:[(（][^()（）]*[)）]|※.*)$", re.S
)  # printed between a label and its answer
POINTED = re.compile(r"[→⇒⇨➡]\s*([^→⇒⇨➡]+)$")  # an answer behind the options in their own cell


@dataclass(frozen=True)
class Reply:
    """The answers of one form: per question or variable the cell, and the mark of every cell."""

    sheet: Sheet
    cells: dict[str, Place | None]
    mark: np.ndarray
    stands_for: dict[str, str]  # variable -> the option that the mark in its cell stands for

    @property
    def piece(self) -> Piece:
        """One record, each answer with a place of its own."""
        there = {name: np.array([place]).T for name, place in self.cells.items() if place}
        answers = {name: (rows, columns) for name, (rows, columns) in there.items()}
        return Piece(self.sheet, self.mark, answers, self.stands_for)


def read_forms(sheets: list[Sheet], headings: Headings) -> tuple[list[Piece], list[Sheet]]:
    """The replies, and the sheets that are no forms (such as instructions).

    Raises
    ------
    InputError
        No sheet is a form of this codebook, or a form lacks a question.
    """
    found = [labels_of(sheet, headings) for sheet in sheets]
    most = max((len(form.labels) for form in found), default=0)
    if most == 0:
        raise InputError(
            "no label of the codebook {id} was found (read as one form per sheet)",
            file=sheets[0].file,
            hint="check layout and header in wave.yml, and the codebook",
            id=headings.book.id,
        )
    forms = [form for form in found if form.labels and 2 * len(form.labels) >= most]
    others = [form for form in found if not any(form is other for other in forms)]
    _check_files(forms, others, headings)
    places = _Places(forms, headings)
    targets = places.targets()
    ways = places.ways(targets)
    marked = places.marked()
    matrices = [headings.book[question] for question in sorted(places.matrices())]
    replies = []
    for form in forms:
        check_questions(
            {target: 0 for target in targets if target in form.labels}, headings, form.sheet
        )
        own = {t: w for t, w in ways.items() if t in form.labels}
        chosen = {q: w for q, w in marked.items() if q in form.options}
        replies.append(
            _reply(form, own, chosen, [q for q in matrices if q.id in form.across], headings.book)
        )
    return [reply.piece for reply in _marked(replies, forms, headings)], [f.sheet for f in others]


def _check_files(forms: list[Form], others: list[Form], headings: Headings) -> None:
    """Refuse a file of which no sheet is read though one says who filled it in."""
    read = {form.sheet.file for form in forms}
    for form in others:
        whose = [target for target in headings.who if target in form.labels]
        beside = [form.text(form.beside(target, way)) for target in whose for way in (RIGHT, BELOW)]
        named = next((text for text in beside if headings.named_in(text)), "")
        if form.sheet.file not in read and named:
            raise form.sheet.error(
                "this is a form of {named}, but only {n} labels of the codebook {id} stand in "
                "it, fewer than half of those in the other forms",
                hint="ask for the right form, or make it a wave of its own",
                named=named,
                n=len(form.labels),
                id=headings.book.id,
            )


@dataclass(frozen=True)
class _Places:
    """Where the answers of copies of one form stand, decided over all of them together."""

    forms: list[Form]
    headings: Headings

    def count(self, target: str, way: Place, step: int = 1) -> int:
        """In how many forms something stands there that is not printed on the form."""
        texts = [
            form.text(form.beside(target, way, step))
            for form in self.forms
            if target in form.labels
        ]
        number = target.rpartition("_")[2]
        said = [
            text
            for text in texts
            if text
            and not (way == LEFT and normalise(text).strip("().") == number)
            and not (way == BELOW and INSTRUCTION.match(text))
        ]
        printed = len(texts) > 3 and len(set(texts)) == 1 and not ANSWER_LIKE.match(texts[0])
        return 0 if printed else len(said)

    def marked(self) -> dict[str, Place]:
        """The questions of one choice whose options are marked, and on which side of them."""
        found = {}
        for question in {id for form in self.forms for id in form.options}:
            marks = {
                way: sum(
                    bool(MARK.match(form.text(form.mark_of(code, place, way))))
                    for form in self.forms
                    for code, place in form.options.get(question, {}).items()
                )
                for way in self._sides(question)
            }
            if any(marks.values()):
                found[question] = max(marks, key=lambda way: (marks[way], way == RIGHT))
        return found

    def _sides(self, question: str) -> tuple[Place, ...]:
        """Where the marks of options may be: above or below only where these are in a row."""
        row = all(
            in_a_row(f.options[question].values()) for f in self.forms if question in f.options
        )
        return (RIGHT, LEFT, BELOW, ABOVE) if row else (RIGHT, LEFT)

    def matrices(self) -> set[str]:
        """The batteries that are answered by marks in the columns of their options."""
        return {
            question
            for form in self.forms
            for question, options in form.across.items()
            for variable in self.headings.book[question].variables
            if variable in form.labels
            for code in options
            if MARK.match(form.text(form.crossing(question, variable, code)))
        }

    def targets(self) -> list[str]:
        """The columns of the table: a question in one cell, or its options or items one by one."""
        labelled = {target for form in self.forms for target in form.labels}
        targets: list[str] = []
        for question in self.headings.book:
            parts = [v for v in question.variables if v in labelled]
            whole = question.id in labelled
            if parts and parts != [question.id]:
                lines = self._lines(question) if question.type == "multi" else ()
                ways = (*TICKS, *((way, 1) for way in lines))
                ticked = sum(self.count(p, way, s) for p in parts for way, s in ways)
                written = (
                    whole
                    and question.type == "multi"
                    and any(self.count(question.id, way) for way in (RIGHT, BELOW))
                )
                # some text that reads like an option is not the list of them
                listed = ticked and len(parts) == len(question.variables)
                targets += [question.id] if written and not listed else parts
            elif whole:
                targets.append(question.id)
        return [*sorted(t for t in labelled if t.startswith("@")), *targets]

    def _lines(self, question: Question) -> tuple[Place, ...]:
        """Above and below, where the options of a question stand in a row."""
        rows = (
            [form.labels[v] for v in question.variables if v in form.labels] for form in self.forms
        )
        return (BELOW, ABOVE) if all(in_a_row(row) for row in rows) else ()

    def ways(self, targets: list[str]) -> dict[str, tuple[Place, int]]:
        """On which side of its label each answer stands, and how many cells from it."""
        near, far = (sum(self.count(t, RIGHT, s) for t in targets) for s in (1, 2))
        # copies of a form with an empty column, or one of units, between labels and answers
        step = 2 if len(self.forms) > 1 and far > near else 1
        return {target: self._way(target, step) for target in targets}

    def _way(self, target: str, step: int) -> tuple[Place, int]:
        """Where most forms have something."""
        question = self.headings.book.question_of.get(target)
        option = question is not None and question.type == "multi" and target != question.id
        group = question.variables if option and question else (target,)
        sides = [(RIGHT, step), (LEFT if option else BELOW, 1)]
        if option and question:
            sides += [(LEFT, 2), *((way, 1) for way in self._lines(question))]
        counts = {
            (way, steps): sum(self.count(part, way, steps) for part in group)
            for way, steps in sides
        }
        if step == 1 and not any(counts.values()):
            if self._behind(target, group):
                return RIGHT, 2
            if not option and self._further_down(target):
                return BELOW, 2
        return max(counts, key=lambda way: (counts[way], way[0] == RIGHT))

    def _further_down(self, target: str) -> bool:
        """Whether answers stand two cells below, under an instruction or in most of several forms.

        What stands there is then no label, and nothing that all the forms say. In a lone form it is
        believed where no question has an answer nearer, and two have one there.
        """
        between = [f.text(f.beside(target, BELOW)) for f in self.forms if target in f.labels]
        told = all(INSTRUCTION.match(text) for text in between)
        enough = 2 * self.count(target, BELOW, 2) >= len(self.forms)
        usual = len(self.forms) > 1 or self._all_below
        return enough and (told or (usual and not any(between)))

    @cached_property
    def _all_below(self) -> bool:
        """Whether what is answered has its answer two cells below its label, nothing nearer."""
        book = self.headings.book
        asked = {
            t for form in self.forms for t in form.labels if t in book and not book[t].identity
        }
        near = any(self.count(target, way) for target in asked for way in (RIGHT, BELOW))
        return not near and sum(self.count(target, BELOW, 2) > 0 for target in asked) > 1

    def _behind(self, target: str, group: tuple[str, ...]) -> bool:
        """Whether answers stand behind an empty cell, of this label only, as most forms show.

        In a lone form that is believed of who replied: there, what is printed looks like an answer.
        """
        question = self.headings.book.question_of.get(target)
        identifies = target.startswith("@") or (question is not None and question.identity)
        here = (form.text(form.labels.get(target)) for form in self.forms)
        if len(self.forms) < 2 and not identifies and not any(map(is_answer_word, here)):
            return False
        return 2 * sum(self.count(part, RIGHT, 2) for part in group) >= len(self.forms)


def _reply(
    form: Form,
    ways: dict[str, tuple[Place, int]],
    marked: dict[str, Place],
    matrices: list[Question],
    book: Codebook,
) -> Reply:
    """The answers of one form.

    `marked`: questions whose chosen option has a mark on this side; `matrices`: batteries whose
    items have a mark in the column of an option.
    """
    cells = {target: form.beside(target, *way) for target, way in ways.items()}
    marks: list[Place] = []
    for question, way in marked.items():
        options = form.options[question].items()
        beside = [(place, form.mark_of(code, place, way)) for code, place in options]
        marks += [mark for _, mark in beside if mark and OPEN.match(form.text(mark))]
        chosen = [(place, mark) for place, mark in beside if form.text(mark) and mark not in marks]
        if len(chosen) == 1 and MARK.match(form.text(chosen[0][1])):
            cells[question] = chosen[0][0]  # the answer is the option, in its own words
            marks += filter(None, [chosen[0][1]])
        else:  # none: an empty cell; several: the first, which is refused, and the others are told
            cells[question] = (chosen or beside)[0][1]
    stands_for = _boxes(form, cells, book)
    for battery in matrices:
        codes = [*form.across[battery.id]]
        for variable in (v for v in battery.variables if v in form.labels):
            meet = {code: form.crossing(battery.id, variable, code) for code in codes}
            opened = [place for place in meet.values() if place and OPEN.match(form.text(place))]
            marks += opened
            filled = [c for c, place in meet.items() if form.text(place) and place not in opened]
            code = (filled or codes)[0]
            cells[variable] = meet[code]
            if len(filled) == 1 and MARK.match(form.text(cells[variable])):
                stands_for[variable] = battery.option(code).ja
    for target, place in cells.items():
        asked = book.question_of.get(target)
        pointed = POINTED.search(form.text(place))
        if pointed and asked is not None and asked.options and target not in stands_for:
            stands_for[target] = pointed[1].strip()
    taken = Counter(place for place in cells.values() if place is not None)
    for place in cells.values():
        if place is not None and taken[place] > 1:
            rivals = [t for t, p in cells.items() if p == place]
            raise form.sheet.error(
                "the answer to {rivals} is looked for in the same cell",
                at=place,
                hint="give the label of each in wave.yml under header",
                rivals=rivals,
            )
    mark = np.full(form.sheet.shape, REASONS.index("note"), np.uint8)
    printed = [p for question in marked for p in form.options[question].values()]
    for place in (*form.words, *printed):
        mark[place] = REASONS.index("header")
    for place in marks:
        mark[place] = REASONS.index("mark")
    for place in filter(None, cells.values()):
        mark[place] = ANSWER
    return Reply(form.sheet, cells, mark, stands_for)


def _boxes(form: Form, cells: dict[str, Place | None], book: Codebook) -> dict[str, str]:
    """Put the cells with a box before their words among the answers; what each stands for.

    Of one choice the cell with the ticked box is the answer; where several are, it stands for all
    of them, which is refused.
    """
    stands_for: dict[str, str] = {}
    for id, found in form.boxed.items():
        question = book.question_of.get(id) or book[id]
        ticked = {code for code, place in found.items() if place in form.ticked}
        if question.type == "multi":
            cells.pop(id, None)
            for code, place in found.items():
                cells[f"{id}_{code}"] = place
                stands_for[f"{id}_{code}"] = str(int(code in ticked))
        elif ticked:
            cells[id] = found[min(ticked)]
            all_of_them = " ".join(form.text(place) for place in found.values())
            stands_for[id] = str(min(ticked)) if len(ticked) == 1 else all_of_them
        else:
            beside = (form.next_to(place) for place in found.values())
            cells[id] = next((place for place in beside if place and not form.text(place)), None)
    return stands_for


def _marked(replies: list[Reply], forms: list[Form], headings: Headings) -> list[Reply]:
    """Tell what an office wrote beside its answers (unmatched) from what the form says (note)."""
    note, unmatched, told = REASONS.index("note"), REASONS.index("unmatched"), headings.who
    texts = [reply.sheet.text.to_numpy(object) for reply in replies]
    said = [
        Counter(grid[(reply.mark == note) & (grid != "")])
        for grid, reply in zip(texts, replies, strict=True)
    ]
    every = set().union(*said)
    # how often the form itself says a text: as often as all copies do, but for one in ten; of what
    # stands around an answer, such as a unit, as half of them do
    share = {text: 2 if UNIT.match(normalise(text)) else 10 for text in every}
    printed = {
        text: sorted(own[text] for own in said)[(len(said) - 1) // share[text]] for text in every
    }
    _tell_changed_labels(replies, texts)
    for grid, reply, form, own in zip(texts, replies, forms, said, strict=True):
        rows = {row for row, _ in form.labels.values()}
        who = {headings.named_in(grid[p]) for t, p in reply.cells.items() if p and t in told}
        others: dict[Place, str] = {}
        for row, column in zip(*np.nonzero((reply.mark == note) & (grid != "")), strict=True):
            text = grid[row, column]
            lone = len(replies) == 1
            # a mark or number is an office's, unless every copy has it in the same place
            mark = _entered(form, reply, (int(row), int(column))) and (
                lone
                or any(
                    not (
                        row < other.shape[0]
                        and column < other.shape[1]
                        and other[row, column] == text
                    )
                    for other in texts
                )
            )
            if not lone and own[text] <= printed[text] and not mark:
                continue
            named = headings.named_in(text, known=True)
            if named and named in who:
                continue  # who replied, told again
            if named:
                others[int(row), int(column)] = text
            if not lone or mark or row in rows or (int(row), int(column)) in others:
                reply.mark[row, column] = unmatched
        _check_shifted(reply, unmatched)
        _set_aside(reply, form, headings)
        if not told & {t for t, texts in (headings.header or {}).items() if texts}:
            _check_others(reply, others)
    return replies


def _tell_changed_labels(replies: list[Reply], texts: list[np.ndarray]) -> None:
    """Mark labels that at most half of the copies have: an office wrote something into them.

    A form of which most labels are its own is another print, and nothing was written into it.
    """
    header, unmatched = REASONS.index("header"), REASONS.index("unmatched")
    copies = Counter(text for grid in texts for text in set(grid.ravel()))
    for reply, grid in zip(replies, texts, strict=True):
        heads = [(int(r), int(c)) for r, c in np.argwhere((reply.mark == header) & (grid != ""))]
        own = [place for place in heads if 2 * copies[grid[place]] <= len(replies)]
        if len(replies) > 1 and 2 * len(own) < len(heads):
            for place in own:
                reply.mark[place] = unmatched


def _entered(form: Form, reply: Reply, place: Place) -> bool:
    """Whether a mark or a number stands in a cell, and does not just number what is beside it."""
    text = form.text(place)
    if MARK.match(text) or not ANSWER_LIKE.match(text):
        return bool(MARK.match(text))
    beside = (form.next_to(place, way) for way in (RIGHT, BELOW))
    return all(reply.mark[cell] != REASONS.index("header") for cell in beside if cell)


def _set_aside(reply: Reply, form: Form, headings: Headings) -> None:
    """Mark personal details (the name, telephone, mail of who filled it in), beside their labels.

    A label may stand in the cell itself, in front of a colon.
    """
    note, unmatched = REASONS.index("note"), REASONS.index("unmatched")
    grid = reply.sheet.text.to_numpy(object)
    loose = ((reply.mark == note) | (reply.mark == unmatched)) & (grid != "")
    for row, column in np.argwhere(loose).tolist():
        label, inside = (*re.split("[:：]", grid[row, column], maxsplit=1), "")[:2]
        reason = headings.set_aside(label, reply.sheet.address(row, column))
        there = (row, column) if inside else form.next_to((row, column))
        if reason and there and loose[there]:
            reply.mark[there] = REASONS.index(reason)


def _check_others(reply: Reply, others: dict[Place, str]) -> None:
    """Refuse a form with several other municipalities in a line: it may be a table of replies."""
    for axis in (0, 1):
        line, most = max(
            Counter(p[axis] for p in others).items(), key=lambda c: c[1], default=(0, 0)
        )
        if most >= 2:
            at = [place for place in others if place[axis] == line]
            names = [others[place] for place in at[:3]]
            raise reply.sheet.error(
                "other municipalities stand beside the answers ({names})",
                at=at[0],
                hint="if they replied, give another layout in wave.yml; if they did not, give "
                "the label of who replied under header, such as header: {{'@name': [団体名]}}",
                names=names,
            )


def _check_shifted(reply: Reply, unmatched: int) -> None:
    """Refuse a form with no answer in its place but several beside: not a copy of the others."""
    answered = any(reply.sheet.kind[place] for place in reply.cells.values() if place)
    rows = {place[0] for place in reply.cells.values() if place}
    beside = [(int(r), int(c)) for r, c in np.argwhere(reply.mark == unmatched) if r in rows]
    if not answered and len(beside) > 1:
        raise reply.sheet.error(
            "no answer stands where the other forms have theirs",
            at=beside[0],
            hint="put the answers where they are in the others, or give the file an entry of its "
            "own under files in wave.yml",
        )
