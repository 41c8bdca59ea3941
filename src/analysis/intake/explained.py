"""The words that an office wrote beside the option "other" of a form: その他（広報）."""

from __future__ import annotations

import re

from analysis.codebook.questions import Question
from analysis.intake.entries import ARROW, BOXED, MARK, PRINTED, RINGED, is_filler
from analysis.intake.evidence import is_word
from analysis.intake.headings import OTHER_WORDS, normalise
from analysis.intake.printed import BELOW, BRACKETS, RIGHT, Form
from analysis.intake.sheet import Place

# what stands behind the words of "other", and what a form prints there
ROOM = re.compile(r"[:：(（\[［【〔](.*)", re.S)
OPENED, CLOSED = tuple("(（[［【〔"), tuple(")）]］】〕")
ASKED = re.compile(
    r"(?:具体的(?:に|な?内容)|(?:その他の?)?内容|詳細|自由記述|(?:please )?specify)"
    r"\s*(?:[:：]\s*|$)",
    re.I,
)


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
