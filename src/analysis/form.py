"""Forms: one sheet (or file) per municipality, each question's label beside its answer.

The offices fill in copies of one form, so that what the copies share is the form and what differs
are the answers. Whether answers stand to the right of a label or below it, and whether options are
ticked to the left or to the right, is decided over all copies together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from analysis.errors import InputError
from analysis.headings import Headings, Meaning, normalise
from analysis.layout import ANSWER, REASONS, check_questions
from analysis.sheet import CellKind, Sheet

Place = tuple[int, int]
RIGHT, BELOW, LEFT = (0, 1), (1, 0), (0, -1)
SEARCHED = 20_000  # cells of a form that are looked at


@dataclass(frozen=True)
class Form:
    """One filled-in form: where its labels stand."""

    sheet: Sheet
    labels: dict[str, Place]  # question id or variable -> its label
    words: frozenset[Place]  # all cells that are labels

    def beside(self, target: str, way: Place) -> Place | None:
        """The cell beside a label, past its merged range and past labels that mean the same."""
        row, column = self.labels[target]
        for _ in range(4):
            _, left, bottom, right = self._range(row, column)
            if way == BELOW:
                row = bottom + 1
            elif way == LEFT:
                column = left - 1
            else:
                column = right + 1
            height, width = self.sheet.shape
            if not (0 <= row < height and 0 <= column < width):
                return None
            if (row, column) not in self.words:
                return row, column
        return None

    def _range(self, row: int, column: int) -> tuple[int, int, int, int]:
        for top, left, bottom, right in self.sheet.merged:
            if top <= row <= bottom and left <= column <= right:
                return top, left, bottom, right
        return row, column, row, column

    def filled(self, place: Place | None) -> bool:
        """Whether there is something in the cell."""
        return place is not None and bool(str(self.sheet.text.iat[place]).strip())


@dataclass(frozen=True)
class Reply:
    """The answers of one form: per question or variable the cell, and the mark of every cell."""

    sheet: Sheet
    cells: dict[str, Place | None]
    mark: np.ndarray


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
            f"no label of the codebook {headings.book.id} was found (read as one form per sheet)",
            file=sheets[0].file,
            hint="check layout and header in wave.yml, and the codebook",
        )
    forms = [form for form in found if form.labels and 2 * len(form.labels) >= most]
    others = [form.sheet for form in found if not any(form is other for other in forms)]
    targets = _targets(forms, headings)
    ways = {target: _way(target, forms, headings) for target in targets}
    replies = []
    for form in forms:
        check_questions(
            {target: 0 for target in targets if target in form.labels}, headings, form.sheet
        )
        replies.append(_reply(form, {t: w for t, w in ways.items() if t in form.labels}))
    return _marked(replies, forms), others


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
    many = [q for q in headings.book if q.type in {"multi", "battery"} and q.id in labels]
    starts = sorted({place for target, place in labels.items() if target in headings.book})
    for question in many:
        start = labels[question.id]
        end = next((p[0] for p in starts if p[0] > start[0]), sheet.shape[0])
        for row, column in places:
            place = (int(row), int(column))
            if not start[0] <= row < end or place in words or normalise(text[place]).isdecimal():
                continue
            variable = headings.choice(question, text[place])
            if variable and variable not in labels:
                labels[variable] = place
                words.add(place)
    return Form(sheet, labels, frozenset(words))


def _targets(forms: list[Form], headings: Headings) -> list[str]:
    """The columns of the table: a question in one cell, or its options or items one by one."""
    targets: list[str] = []
    for question in headings.book:
        parts = [v for v in question.variables if any(v in form.labels for form in forms)]
        whole = any(question.id in form.labels for form in forms)
        if parts and parts != [question.id]:
            ticked = sum(
                form.filled(form.beside(part, way))
                for form in forms for part in parts if part in form.labels
                for way in (RIGHT, LEFT)
            )  # fmt: skip
            written = whole and question.type == "multi" and sum(
                form.filled(form.beside(question.id, way)) for form in forms
                for way in (RIGHT, BELOW)
                if question.id in form.labels
            )  # fmt: skip
            # some text that reads like an option is not the list of them
            listed = ticked and len(parts) == len(question.variables)
            targets += [question.id] if written and not listed else parts
        elif whole:
            targets.append(question.id)
    known = {t for form in forms for t in form.labels if t.startswith("@")}
    return [*sorted(known), *targets]


def _way(target: str, forms: list[Form], headings: Headings) -> Place:
    """On which side of its label the answer stands: where most forms have something."""
    question = headings.book.question_of.get(target)
    option = question is not None and question.type == "multi" and target != question.id
    group = question.variables if option and question else (target,)
    ways = (RIGHT, LEFT) if option else (RIGHT, BELOW)
    counts = {
        way: sum(
            form.filled(form.beside(part, way))
            for form in forms for part in group if part in form.labels
        )
        for way in ways
    }  # fmt: skip
    return max(ways, key=lambda way: (counts[way], way == RIGHT))


def _reply(form: Form, ways: dict[str, Place]) -> Reply:
    cells = {target: form.beside(target, way) for target, way in ways.items()}
    taken = Counter(place for place in cells.values() if place is not None)
    for place in cells.values():
        if place is not None and taken[place] > 1:
            rivals = " and ".join(t for t, p in cells.items() if p == place)
            raise form.sheet.error(
                f"the answer to {rivals} is looked for in the same cell",
                at=place,
                hint="give the label of each in wave.yml under header",
            )
    mark = np.full(form.sheet.shape, REASONS.index("note"), np.uint8)
    for place in form.words:
        mark[place] = REASONS.index("header")
    for place in filter(None, cells.values()):
        mark[place] = ANSWER
    return Reply(form.sheet, cells, mark)


def _marked(replies: list[Reply], forms: list[Form]) -> list[Reply]:
    """Tell what an office wrote beside its answers (unmatched) from what the form says (note)."""
    note, unmatched = REASONS.index("note"), REASONS.index("unmatched")
    texts = [reply.sheet.text.to_numpy(object) for reply in replies]
    said = Counter(
        text
        for grid, reply in zip(texts, replies, strict=True)
        for text in set(grid[reply.mark == note])
    )
    for grid, reply, form in zip(texts, replies, forms, strict=True):
        rows = {row for row, _ in form.labels.values()}
        for row, column in zip(*np.nonzero((reply.mark == note) & (grid != "")), strict=True):
            own = said[grid[row, column]] == 1 if len(replies) > 1 else row in rows
            if own:
                reply.mark[row, column] = unmatched
    return replies
