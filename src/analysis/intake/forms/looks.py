"""Answers of a form that are given by the look of cells alone: in colour, or struck out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from analysis.codebook.questions import ONE_CHOICE, Question
from analysis.intake.forms.labels import ABOVE, BELOW, LEFT, RIGHT, Form, in_a_row
from analysis.intake.forms.marks import MARK, OPEN, signs_in
from analysis.intake.sheet import Look, Place
from analysis.intake.workbook import PARTLY, STRUCK, is_struck

FRAMES = r"()（）\[\]［］【】〔〕「」『』<>＜＞〈〉《》"
FRAMED = re.compile(rf"[{FRAMES}][^{FRAMES}]*[^\W\d][^{FRAMES}]*[{FRAMES}]")  # (2．翻訳), [翻訳]


def set_apart(
    form: Form, old: Place | None, question: Question, target: str, looks: Mapping[Place, Look]
) -> Iterator[Place]:
    """An option that looks otherwise than the others, or a list of which a part does.

    As one in red, or the one without a line through it; also a list behind the label. `old`: where
    the answer would be.
    """
    several = question.type == "multi" and target != question.id
    for cells in at_options(form, question, target):
        looks_of = {code: _seen(form, at, looks) for code, at in cells.items()}
        counts = Counter(looks_of.values())
        rare = min(counts, key=lambda look: counts[look], default=())
        apart = [code for code, look in looks_of.items() if len(counts) > 1 and look == rare][:1]
        yield from (
            cells[code] for code in apart if not several or target == f"{question.id}_{code}"
        )
    if old and not {STRUCK, PARTLY}.isdisjoint(looks.get(old, ())):
        yield old
    if (label := form.labels.get(target)) is None:
        return
    # perhaps with all options behind it
    look = looks.get(label, ())
    one = sum(form.headings.option(question, part) is not None for part in look) == 1
    if STRUCK in look or (PARTLY in look and one):
        yield label
    for at in form.region(label):
        looks_apart = not {STRUCK, PARTLY}.isdisjoint(looks.get(at, ()))
        if looks_apart and signs_in(form.text(at), question) is not None:
            yield at


def set_against(
    form: Form,
    cells: Mapping[str, Place | None],
    target: str,
    chosen: Collection[int],
    looks: Mapping[Place, Look],
) -> Iterator[Place]:
    """What the look of cells says against the answer that is read for a question or variable.

    An option that is not `chosen` in a colour of its own, or one that is with a line through it; of
    what is no choice the answer itself, where the question or the unit is struck out. `cells`: of
    the answers.
    """
    question = form.headings.book.by_name[target]
    if question.type not in (*ONE_CHOICE, "multi", "battery"):
        answer = cells[target]
        near = {form.labels.get(target), answer and form.next_to(answer, LEFT),
                answer and form.next_to(answer, RIGHT)}  # fmt: skip
        if answer and any(at and is_struck(looks.get(at, ())) for at in near - {*cells.values()}):
            yield answer
        return
    for of_option in at_options(form, question, target):
        own = {code: _seen(form, at, looks) for code, at in of_option.items()}
        counts = Counter(own.values())
        usual = max(counts, key=lambda look: (counts[look], not look), default=())
        not_apart = {usual, *(own.get(code, ()) for code in chosen)}
        for code, look in own.items():
            struck, mine = is_struck(look), target in {f"{question.id}_{code}", question.id}
            doubt = struck if code in chosen else not struck and look not in not_apart
            itself = struck and of_option[code] == cells[target]  # which is refused as such
            if doubt and (mine or question.type != "multi") and not itself:
                yield of_option[code]


def at_options(form: Form, question: Question, target: str) -> Iterator[dict[int, Place]]:
    """The cells of the options, and on each side of them those with a mark or nothing."""
    options = form.boxed.get(target) or form.options.get(target) or {}
    lines = [line for _, _, line in form.lines(target)]
    if question.type == "multi":
        names = {name: int(name.rpartition("_")[2]) for name in form.parts(question)}
        options = form.boxed.get(question.id) or {code: form.labels[v] for v, code in names.items()}
        ways = (LEFT, RIGHT, *((BELOW, ABOVE) if in_a_row(options.values()) else ()))
        lines = [{code: form.next_to(at, way) for code, at in options.items()} for way in ways]
    yield {**options}
    for line in lines:
        own = {code: at for code, at in line.items() if at and _may_be_marked(form.text(at))}
        yield own if len(own) == len(line) else {}


def _seen(form: Form, at: Place, looks: Mapping[Place, Look]) -> Look:
    """The look of a cell, and whether all of its text is in brackets."""
    return (*looks.get(at, ()), *([FRAMED.pattern] if FRAMED.fullmatch(form.text(at)) else ()))


def _may_be_marked(text: str) -> bool:
    return text in {"", *OPEN} or MARK.fullmatch(text) is not None
