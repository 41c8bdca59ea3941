"""Answers of a form that are given by the look of cells alone: in colour, or struck out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from analysis.codebook.questions import Question
from analysis.intake.forms.labels import Form
from analysis.intake.forms.marks import signs_in
from analysis.intake.sheet import Look, Place
from analysis.intake.workbook import PARTLY, STRUCK


def set_apart(
    form: Form, old: Place | None, question: Question, target: str, looks: Mapping[Place, Look]
) -> Iterator[Place]:
    """An option that looks otherwise than the others, or a list of which a part does.

    As one in red, or the one without a line through it; also a list behind the label. `old`: where
    the answer would be.
    """
    lines = (cells for _, _, cells in form.lines(target))
    options = form.options.get(target) or form.boxed.get(target) or next(lines, {})
    several = question.type == "multi" and target != question.id
    labels = [form.labels[name] for name in form.parts(question)]
    places = labels if several else [*filter(None, options.values())]
    counts = Counter(looks.get(at, ()) for at in places)
    rare = min(counts, key=lambda look: counts[look], default=())
    apart = [at for at in places if len(counts) > 1 and looks.get(at, ()) == rare]
    yield from (at for at in apart[:1] if not several or at == form.labels[target])
    if old and not {STRUCK, PARTLY}.isdisjoint(looks.get(old, ())):
        yield old
    label = form.labels[target]  # perhaps with all options behind it
    look = looks.get(label, ())
    one = sum(form.headings.option(question, part) is not None for part in look) == 1
    if STRUCK in look or (PARTLY in look and one):
        yield label
    for at in form.region(label):
        looks_apart = not {STRUCK, PARTLY}.isdisjoint(looks.get(at, ()))
        if looks_apart and signs_in(form.text(at), question) is not None:
            yield at
