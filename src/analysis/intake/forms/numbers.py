"""Numbers beside the options of a form: printed there, or written by an office that chose them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from analysis.codebook.questions import Question
from analysis.intake.forms.blank import COPIES
from analysis.intake.forms.labels import ABOVE, BELOW, LEFT, RIGHT, Form, in_a_row
from analysis.intake.forms.marks import AROUND, MARK, MARKS, OPEN, number_of
from analysis.intake.sheet import Place

OptionLine = tuple[str, Place, Mapping[int, Place | None]]  # as `Form.lines` gives them


def take_numbers(forms: Sequence[Form], blanks: Sequence[Form]) -> None:
    """Take numbers at several options for marks at these, unless they are printed.

    Where either may be, they are noted as doubtful.
    """
    book = forms[0].headings.book
    shown: dict[tuple[str, Place], list[set[int]]] = {}  # of all items of a matrix together
    for form in blanks or forms:
        for name, way, cells in _lines(form):
            of_line = shown.setdefault((book.by_name[name].id, way), [])
            of_line.append(_at_options(form, cells))
    for form in forms:
        for name, way, cells in _lines(form):
            own, question = _at_options(form, cells), book.by_name[name]
            seen = shown.get((question.id, way), [own])
            counts = Counter(code for codes in seen for code in codes)
            often = {code for code, n in counts.items() if 2 * n > len(seen)}
            printed = often and (blanks or _is_printed(question, seen, often))
            there = [at for code in own - (often if printed else set()) if (at := cells[code])]
            there = [at for at in there if number_of(form.text(at)).isdecimal()]
            if not printed and (often or len(own) == len(cells)):
                form.doubted |= dict.fromkeys(there, name)
                continue
            for at in there:
                form.text_at[at] = OPEN[0]
                for places in (form.listed, form.passed, form.offered):
                    places.discard(at)


def _lines(form: Form) -> Iterator[OptionLine]:
    """The cells in which options are marked, also where several may be."""
    yield from form.lines()
    for question in (q for q in form.headings.book if q.type == "multi"):
        places = {int(name.rpartition("_")[2]): form.labels[name] for name in form.parts(question)}
        for way in (LEFT, RIGHT, *((BELOW, ABOVE) if in_a_row(places.values()) else ())):
            yield question.id, way, {code: form.next_to(at, way) for code, at in places.items()}


def _at_options(form: Form, cells: Mapping[int, Place | None]) -> set[int]:
    """The options with their own number beside them, or a mark in its place; if two have one."""
    own = {code for code, at in cells.items() if number_of(form.text(at)) == str(code)}
    signs = {code: AROUND.sub("", form.text(at)) for code, at in cells.items() if code not in own}
    rings = {code for code, sign in signs.items() if number_of(sign.lstrip(MARKS)) == str(code)}
    marks = {code for code, sign in signs.items() if MARK.fullmatch(sign)}
    return own | rings | marks if len(own) > 1 else set()


def _is_printed(question: Question, seen: Collection[set[int]], often: set[int]) -> bool:
    """Whether the numbers that are often there are print: offices that chose some have these alone.

    In three copies or more "other" and "none of these" may be without.
    """
    bare = {o.code for o in question.options if o.other or o.exclusive}
    every = {o.code for o in question.options} - (bare if len(seen) >= COPIES else set())
    return often >= every and 2 * sum(own >= often for own in seen) > len(seen)
