"""What an office wrote into a form: behind or below the label of a question, or beside "other"."""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile
from typing import NamedTuple

from analysis.codebook.questions import Question
from analysis.intake.forms.blank import is_word
from analysis.intake.forms.labels import BELOW, BRACKETS, OWN, RIGHT, Form, is_answer_word
from analysis.intake.forms.marks import (
    ARROW,
    ASKED,
    BOXED,
    LISTED,
    MARK,
    PRINTED,
    RINGED,
    answer_in,
    is_filler,
    is_print,
    number_of,
)
from analysis.intake.headings import OTHER_WORDS, choices_of, normalise
from analysis.intake.sheet import Place
from analysis.intake.tables import UNIT

LINE = 16  # cells beside a label in which its answer may be
OWN_SIGN = r"((?<!\d)\d+|(?<![^\W\d])[ア-ンa-z])[ .:)、]*"  # before an option: 2. or イ
DIGIT = re.compile("[0-9０-９]")
PART_OF_DAY = re.compile(r"(?:令和|平成|昭和|西暦|[rhs])?\.?(?:\d{1,4}|元)?[年月日./-]?")


class Entry(NamedTuple):
    """What is written for a question: the first cell, the text, and further cells it is in."""

    place: Place
    text: str
    parts: tuple[Place, ...] = ()
    sure: bool = False  # it reads like an answer to the question, wherever it stands


def entry_at(form: Form, target: str, way: Place, step: int = 1) -> Entry | None:
    """What is written beside a label, or behind it in its own cell; None where nothing is."""
    question = form.headings.book.by_name.get(target)
    if way == OWN:
        label = form.text(form.labels[target])
        text = label.partition(":" if ":" in label else "：")[2] if is_answer_word(label) else (
            form.headings.behind(label, target)
        )  # fmt: skip
        text = answer_in(text, question, form.headings) if question else text
        return Entry(form.labels[target], text, sure=True) if text else None
    if (place := form.beside(target, way, step)) is None:
        return None
    text = form.text(place)
    if question and question.type == "text" and not text and way == BELOW:  # indented
        line = [at for at in _line(form, place) if form.text(at)]
        place = line[0] if len(line) == 1 and not PRINTED.search(form.text(line[0])) else place
        text = form.text(place)
    if question is None or question.identity or question.type == "text":
        code = target == "@code" or (question and question.identity == "code")
        if code and (boxes := _code_boxes(form, place)):
            return boxes
        none = is_print(text, None) or (code and not re.search(r"\d", text))
        sure = target in form.headings.who and bool(form.headings.named_in(text, known=True))
        return None if none else Entry(place, text, sure=sure)
    if question.type == "multi" and target != question.id:  # a tick
        return Entry(place, text) if text else None
    return _in_line(form, place, question, form.labels[target][0] if way == BELOW else None)


def _line(form: Form, place: Place, *, below: bool = True) -> list[Place]:
    """The cells from one to the right up to the next label, without options that are listed.

    `below` a label: or up to the column of another label in the row above.
    """
    if place in form.crossed.values():  # the cells beside it are of other questions
        return [place]
    line: list[Place] = []
    at: Place | None = place
    while at and len(line) < LINE and (at not in form.words or form.text(at) in BRACKETS):
        if line and below and (at[0] - 1, at[1]) in form.labels.values():
            break
        line += [at] if at not in form.passed else []
        at = form.next_to(at)
    return line


def _in_line(form: Form, place: Place, question: Question, above: int | None) -> Entry | None:
    """A number, a day or options in a line of cells, amid printed words and empty cells.

    `above`: the row of the label, where the line is below it.
    """
    line = _line(form, place, below=above is not None)
    filled = [at for at in line if not is_print(form.text(at), question)]
    if not filled:
        return None
    first, before, signs = filled[0], line[: line.index(filled[0])], _signs_of(form, question)
    joined = _day(form, line) if question.type == "date" else _digits(form, line, first)
    if question.type == "multi":
        known = {str(o.code): str(o.code) for o in question.options} | signs
        codes = [known.get(number_of(form.text(at)), "") for at in filled]
        whole = len(codes) > 1 and all(codes)  # each in a cell of its own
        joined = Entry(first, "、".join(codes), tuple(filled[1:])) if whole else None
    if joined:
        return joined
    answers = [at for at in filled if answer_in(form.text(at), question, form.headings)]
    alone = answers == [first] and not _headed(form, first, above or 0)
    if not (alone or all(map(form.text, before))):
        return None
    text = answer_in(form.text(first), question, form.headings)
    parts = re.split(LISTED, text or form.text(first)) if question.type == "multi" else [text]
    own = [signs.get(number_of(part or form.text(first)), "") for part in parts]
    code = "、".join(own) if all(own) else text
    return Entry(first, code or form.text(first), sure=code != "")


def _signs_of(form: Form, question: Question) -> dict[str, str]:
    """The number or letter printed before an option -> its code, where that is another sign."""
    if not choices_of(question) or question.id not in form.heads:
        return {}
    if question.id in form.signs_known:
        return form.signs_known[question.id]
    region = form.region(form.heads[question.id], question.variables, form.heads)
    lines: dict[int, str] = {}  # the cells of a row, behind each other
    for at in region:
        lines[at[0]] = f"{lines.get(at[0], '')} {form.text_at[at].replace(chr(10), ' ')}"
    codes_of = signed_options("\n".join(lines.values()), question)
    code_of = {sign: str(min(codes)) for sign, codes in codes_of.items() if len(codes) == 1}
    own = any(s != code for s, code in code_of.items()) and len({*code_of.values()}) > 1
    return form.signs_known.setdefault(question.id, code_of if own else {})


def signed_options(text: str, question: Question) -> dict[str, set[int]]:
    """The number or letter before an option in a text -> the codes of the options behind it."""
    plain, codes_of = unicodedata.normalize("NFKC", text).casefold(), dict[str, set[int]]()
    for code, words in choices_of(question):
        for word in (r"\s*".join(map(re.escape, normalise(word))) for word in words):
            for sign in re.findall(OWN_SIGN + word + r"(?![^\W\d])", plain):
                codes_of.setdefault(sign, set()).add(code)
    return codes_of


def _headed(form: Form, place: Place, since: int = 0) -> bool:
    """Whether a cell is in a column below words, which may say that it is of something else."""
    row, column = place
    above = {(at, column) for at in range(max(since, row - LINE), row)}
    for places in (form.words, form.passed, *map(dict.values, form.options.values())):
        above -= {*places}
    texts = map(form.text, above)
    return any(is_word(t) for t in texts if not PRINTED.search(t) and not is_answer_word(t))


def _digits(form: Form, line: list[Place], first: Place) -> Entry | None:
    """A number of which each digit has a cell; without a unit behind it, as it stands."""
    digits = [*takewhile(lambda at: DIGIT.fullmatch(form.text(at)), line[line.index(first) :])]
    if len(digits) < 2:
        return None
    end = form.next_to(digits[-1])
    unit = end and UNIT.match(normalise(form.text(end)))
    clear = unit and not any(_headed(form, at) for at in digits[1:])
    return Entry(first, ("" if clear else " ").join(map(form.text, digits)), tuple(digits[1:]))


def _code_boxes(form: Form, place: Place) -> Entry | None:
    """The code of a municipality of which each digit has a cell, with its check digit or not.

    A hyphen may stand before that.
    """
    of_code = re.compile(r"\d|[-－ー―‐]")
    cells = [*takewhile(lambda at: of_code.fullmatch(form.text(at)), _line(form, place))]
    text = normalise("".join(map(form.text, cells)))
    whole = re.fullmatch(r"\d{5}-?\d?", text)
    return Entry(cells[0], text, tuple(cells[1:])) if whole else None


def _day(form: Form, line: list[Place]) -> Entry | None:
    """A day whose year, month and day have cells of their own."""
    parts = [*takewhile(lambda at: PART_OF_DAY.fullmatch(normalise(form.text(at))), line)]
    filled = [at for at in parts if re.search(r"\d|元", normalise(form.text(at)))]
    text = "".join(normalise(form.text(at)) for at in parts)
    return Entry(filled[0], text, tuple(filled[1:])) if len(filled) > 1 else None


# --- words beside the option "other": その他（広報） ----------------------------------------

# what stands behind the words of "other", and what a form prints there
ROOM = re.compile(r"[:：(（\[［【〔](.*)", re.S)
OPENED, CLOSED = tuple("(（[［【〔"), tuple(")）]］】〕")


def words_beside(form: Form, question: Question) -> tuple[Place, str] | None:
    """The cell with the words and what they say: in that of "other", beside it or below it."""
    other = question.other_option
    assert other is not None  # of which the words are
    for at in form.region(form.heads[question.id], question.variables, form.heads):
        text = RINGED.sub("", BOXED.sub("", form.text(at)))
        code = form.headings.option(question, text)
        if code is None and OTHER_WORDS.fullmatch(normalise(text)):
            code = other.code
        code = form.headings.other(question, text) if code is None else code
        if code != other.code:
            continue
        whole = form.headings.option(question, text) is not None
        room = None if whole else ROOM.search(text, 1)  # not the bracket of (9)その他
        if room and (words := _said(_unclosed(room[1]))):
            return at, words
        for way in (RIGHT, BELOW):
            near = form.next_to(at, way)
            if near and (_is_room(form.text(near)) or near in form.passed):
                near = form.next_to(near)
            if near and near not in form.words | form.offered and (words := _said(form.text(near))):
                return near, words
    return None


def _is_room(text: str) -> bool:
    """Whether a cell is a mark, a bracket or what asks for the words, which are behind it."""
    return text in BRACKETS or MARK.fullmatch(text) is not None or ASKED.fullmatch(text) is not None


def _said(text: str) -> str:
    """The words that a text says of its own; empty where it may be what a form prints."""
    words = text.strip()
    if words.startswith(OPENED) and words[1:].endswith(CLOSED):
        words = _unclosed(words[1:])
    words = ASKED.sub("", words)
    printed = ARROW.search(words) or PRINTED.search(f"（{words}）") or is_filler(words)
    return words if is_word(words) and not printed and not MARK.fullmatch(words) else ""


def _unclosed(text: str) -> str:
    """A text without white space around it and the bracket at its end."""
    words = text.strip()
    return words[:-1].strip() if words.endswith(CLOSED) else words
