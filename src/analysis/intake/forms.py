"""Forms: one sheet (or file) per municipality, each question's label beside its answer.

The offices fill in copies of one form, so that what the copies share is the form and what differs
are the answers. Whether answers stand to the right of a label or below it, and whether options are
ticked to the left or to the right, is decided over all copies together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from analysis.codebook.model import Codebook, Question
from analysis.errors import InputError
from analysis.intake.cells import ANSWER, REASONS
from analysis.intake.headings import Headings, Meaning, normalise
from analysis.intake.tables import check_questions
from analysis.intake.workbook import CellKind, Sheet

Place = tuple[int, int]
RIGHT, BELOW, LEFT, ABOVE = (0, 1), (1, 0), (0, -1), (-1, 0)
TICKS = ((RIGHT, 1), (RIGHT, 2), (LEFT, 1))
ANSWER_LIKE = re.compile(
    r"^[\d①-⑳.,、，・％%○●◯〇◎レ✓✔☑■]+$"
)  # even where all offices say the same
MARK = re.compile(r"^[○●◯〇◎レ✓✔☑■]$")  # of the option that is chosen
OPEN = re.compile(r"^[□☐◻]$")  # of one that is not
BOXED = re.compile(r"^([☑☒■□☐◻])\s*(?=\S)")  # a mark or an open box before an option's words
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
    boxed: dict[str, dict[int, Place]]  # question -> code -> the cell with its box and its words

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


@dataclass(frozen=True)
class Reply:
    """The answers of one form: per question or variable the cell, and the mark of every cell."""

    sheet: Sheet
    cells: dict[str, Place | None]
    mark: np.ndarray
    stands_for: dict[str, str]  # variable -> the option that the mark in its cell stands for


def read_forms(sheets: list[Sheet], headings: Headings) -> tuple[list[Reply], list[Sheet]]:
    """The replies, and the sheets that are no forms (such as instructions).

    Raises
    ------
    InputError
        No sheet is a form of this codebook, or a form lacks a question.
    """
    found = [_form(sheet, headings) for sheet in sheets]
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
    return _marked(replies, forms, headings), [form.sheet for form in others]


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


def _form(sheet: Sheet, headings: Headings) -> Form:
    """The labels of a sheet; where one stands twice, the surer or the first."""
    text = sheet.text.to_numpy(object)
    places = list(zip(*np.nonzero(sheet.kind != CellKind.EMPTY), strict=True))[:SEARCHED]
    best: dict[str, tuple[Meaning, Place]] = {}
    words: set[Place] = set()
    for row, column in places:
        place = (int(row), int(column))
        meaning = headings.meaning(text[place])
        if meaning is None:
            continue
        words.add(place)
        if meaning.target not in best or best[meaning.target][0].rank < meaning.rank:
            best[meaning.target] = (meaning, place)
    labels = {target: place for target, (_, place) in best.items()}
    _move_to_answers(labels, words, places, text, headings)
    many = [q for q in headings.book if q.type in {"multi", "battery"} and q.id in labels]
    starts = sorted({place for target, place in labels.items() if target in headings.book})
    for question in many:
        start = labels[question.id]
        end = next((p[0] for p in starts if p[0] > start[0]), sheet.shape[0])
        for row, column in places:
            place = (int(row), int(column))
            if (
                not start[0] <= row < end
                or place in words
                or normalise(text[place]).strip("()").isdecimal()
            ):
                continue
            variable = headings.choice(question, text[place])
            if variable and variable not in labels:
                labels[variable] = place
                words.add(place)
    options = {
        question.id: found
        for question in headings.book
        if question.type in {"single", "ordinal", "binary"} and question.id in labels
        and len(found := _options(question, labels, words, places, text, headings)) > 1
    }  # fmt: skip
    across = {
        question.id: found
        for question in headings.book
        if question.type == "battery" and question.id in labels
        and len(found := _across(question, labels, words, places, text, headings)) > 1
    }  # fmt: skip
    boxed = {
        question.id: found
        for question in headings.book
        if question.type in {"single", "ordinal", "binary", "multi"} and question.id in labels
        and len(found := _boxed(question, labels, places, text, headings)) > 1
    }  # fmt: skip
    words |= {place for found in boxed.values() for place in found.values()}
    return Form(sheet, labels, frozenset(words), options, across, boxed)


def _across(
    question: Question,
    labels: dict[str, Place],
    words: set[Place],
    places: list[tuple[int, int]],
    text: np.ndarray,
    headings: Headings,
) -> dict[int, Place]:
    """The options of a matrix: in a row above its items, or, where those are a row, in a column."""
    items = [labels[variable] for variable in question.variables if variable in labels]
    if not in_a_row(items):
        found = _options(question, labels, words, places, text, headings)
        return found if in_a_row(found.values()) else {}
    start = {question.id: items[0], **{t: p for t, p in labels.items() if p[0] > items[0][0]}}
    found = _options(question, start, words, places, text, headings)
    return found if in_a_row((column, row) for row, column in found.values()) else {}


def _boxed(
    question: Question,
    labels: dict[str, Place],
    places: list[tuple[int, int]],
    text: np.ndarray,
    headings: Headings,
) -> dict[int, Place]:
    """The cells in which a box, ticked or open, is followed by the words of one option."""
    found: dict[int, Place] = {}
    for place in _region(labels[question.id], labels, places):
        code = headings.option(question, BOXED.sub("", text[place]))
        if code is not None and BOXED.match(text[place]):
            found.setdefault(code, place)
    return found


def _region(place: Place, labels: dict[str, Place], places: list[tuple[int, int]]) -> list[Place]:
    """The filled cells from a label to the row of the next one."""
    end = min((row for row, _ in labels.values() if row > place[0]), default=None)
    return [(int(r), int(c)) for r, c in places if r >= place[0] and (end is None or r < end)]


def _is_answer_word(text: str) -> bool:
    """Whether a cell says that the answer is beside it."""
    return normalise(text).rstrip(":") in ANSWER_WORDS


def _move_to_answers(
    labels: dict[str, Place],
    words: set[Place],
    places: list[tuple[int, int]],
    text: np.ndarray,
    headings: Headings,
) -> None:
    """Where a cell such as 回答 is below a label, the answer is beside that cell."""
    for target, place in list(labels.items()):
        if target in headings.book or target.startswith("@"):
            cells = [p for p in _region(place, labels, places) if p > place]
            answers = [p for p in cells if _is_answer_word(text[p])]
            if len(answers) == 1:
                labels[target] = answers[0]
                words.add(answers[0])


def _options(
    question: Question,
    labels: dict[str, Place],
    words: set[Place],
    places: list[tuple[int, int]],
    text: np.ndarray,
    headings: Headings,
) -> dict[int, Place]:
    """The cells of the options of a question of one choice, below or beside its label."""
    found: dict[int, Place] = {}
    for place in _region(labels[question.id], labels, places):
        said = "" if place in words else text[place]
        code = headings.option(question, said)
        if code is None and question.type == "battery" and said.isdecimal():
            code = next((o.code for o in question.options if str(o.code) == said), None)
        if code is not None and code not in found:
            found[code] = place
    return found


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
            if text and not (way == LEFT and normalise(text).strip("().") == number)
        ]
        printed = len(texts) > 3 and len(set(texts)) == 1 and not ANSWER_LIKE.match(texts[0])
        return 0 if printed else len(said)

    def marked(self) -> dict[str, Place]:
        """The questions of one choice whose options are marked, and on which side of them."""
        found = {}
        for question in {id for form in self.forms for id in form.options}:
            marks = {
                way: sum(
                    bool(MARK.match(form.text(form.next_to(place, way))))
                    for form in self.forms
                    for place in form.options.get(question, {}).values()
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
            sides += [(way, 1) for way in self._lines(question)]
        counts = {
            (way, steps): sum(self.count(part, way, steps) for part in group)
            for way, steps in sides
        }
        if step == 1 and not any(counts.values()) and self._behind(target, group):
            return RIGHT, 2
        return max(counts, key=lambda way: (counts[way], way[0] == RIGHT))

    def _behind(self, target: str, group: tuple[str, ...]) -> bool:
        """Whether answers stand behind an empty cell, of this label only, as most forms show.

        In a lone form that is believed of who replied: there, what is printed looks like an answer.
        """
        question = self.headings.book.question_of.get(target)
        identifies = target.startswith("@") or (question is not None and question.identity)
        here = (form.text(form.labels.get(target)) for form in self.forms)
        if len(self.forms) < 2 and not identifies and not any(map(_is_answer_word, here)):
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
        options = form.options[question].values()
        beside = [(place, form.next_to(place, way)) for place in options]
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
            filled = [code for code, place in meet.items() if form.text(place)]
            code = (filled or codes)[0]
            cells[variable] = meet[code]
            if len(filled) == 1 and MARK.match(form.text(cells[variable])):
                stands_for[variable] = battery.option(code).ja
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
        question = book[id]
        ticked = {code for code, place in found.items() if not OPEN.match(form.text(place)[0])}
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
    # how often the form itself says a text: as often as half of its copies do
    printed = {text: sorted(own[text] for own in said)[(len(said) - 1) // 2] for text in every}
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
            if named not in {"", *who}:
                others[int(row), int(column)] = text
            if not lone or mark or row in rows or (int(row), int(column)) in others:
                reply.mark[row, column] = unmatched
        _check_shifted(reply, unmatched)
        _set_aside(reply, form, headings)
        if not told & {t for t, texts in (headings.header or {}).items() if texts}:
            _check_others(reply, others)
    return replies


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
