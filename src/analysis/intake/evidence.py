"""What is printed on a form, by evidence alone: how a text is worded tells nothing.

Evidence are the blank form, the same text at the same place in three replies or more, and the words
of the codebook. Whatever else is filled in and became no answer may be an office's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from analysis.codebook.questions import Question
from analysis.intake.entries import (
    ARROWS,
    BLANK,
    BOXES,
    DAY,
    MARKS,
    NUMBER,
    is_filler,
)
from analysis.intake.headings import Headings, choices_of, normalise
from analysis.intake.sheet import Place, Sheet

COPIES = 3  # that many replies of one text at one place show that it is printed
# even where all offices say the same: numbers, marks, 特になし
ANSWER_LIKE = re.compile(
    rf"^(?:[\d①-⑳.,、，・％%{MARKS}]+|(?:特に|該当)?(?:なし|無し|ありません)。?)$"
)
ANSWER_WORD = re.compile(
    r"[【\[]?ご?(?:(?:回答|該当|選択)(?:欄|番号)?|記入欄)[】\]]?|(?:your)?answer"
)
NUMBERED = (
    r"(?:(?:第|q|問|設問|質問)?[(\[【]?\d+(?:[-_(]\d+\)?)?問?[)\]】.:、]*|[(]?[ア-ンa-z][.:)、]?)?"
)
ERAS = ("令和", "平成", "昭和", "西暦", "年", "月", "日")  # printed where a day is asked
SIGNS = str.maketrans("", "", f"{BOXES}{ARROWS}")


def is_word(text: str) -> bool:
    """Whether there are words in a cell, no mere number, letter or mark."""
    return re.search(r"[^\W\d]{2}|[一-龥]", text) is not None


class Words:
    """The words of a codebook, which its forms print."""

    def __init__(self, headings: Headings) -> None:
        book, self.headings = headings.book, headings
        own = [text for part in book.sections for text in (part.ja, part.en)]
        named = [book.title, *(question.unit for question in book if question.unit)]
        own += [text for part in named for text in (part.ja, part.en)]
        days = ERAS if any(question.type == "date" for question in book) else ()
        self.options = {normalise(word) for question in book for word in _options(question)}
        texts = {*headings.known, *map(normalise, (*own, *days)), *self.options} - {""}
        listed = "|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text))))
        self._known = re.compile(f"{NUMBERED}({listed})")

    def print(self, text: str, *, label: bool) -> bool:
        """Whether a cell holds nothing but these words, their numbers and what parts them.

        One option alone may as well be an answer, unless the cell is read as its `label`.
        """
        key = normalise(text)
        found = self._known.findall(key)
        if (
            not label
            and len(found) == 1
            and found[0] in self.options
            and found[0] not in self.headings.known
        ):
            return False
        if ANSWER_WORD.fullmatch(key.partition(":")[0]) or self.headings.asked(text):
            return True
        rest = re.sub("[/|;~-]", "", self._known.sub("", key)) if found else key
        return not BLANK.sub("", rest.translate(SIGNS))

    def are_said(self, text: str) -> bool:
        """Whether a text is no answer of a few words that many may give: no number, no option."""
        plain = normalise(text)
        return (
            is_word(text)
            and not is_filler(text)
            and not any(sign.match(plain) for sign in (ANSWER_LIKE, NUMBER, DAY))
            and plain not in self.options
        )


def _options(question: Question) -> list[str]:
    return [word for _, words in choices_of(question) for word in words]


class Blank:
    """What is known of the print of copies of one form.

    Attributes
    ----------
    given : whether the blank form is known, and not what copies have in common.
    known : whether there is evidence of all that is printed, beside the codebook's words.
    """

    def __init__(
        self, copies: Sequence[Sheet], blanks: Sequence[Sheet], headings: Headings
    ) -> None:
        self.words = Words(headings)
        self._grids = [_stripped(sheet) for sheet in copies]
        common = [] if blanks or len(copies) < COPIES else [self._common()]
        self._blanks = [_stripped(sheet) for sheet in blanks] or common
        self.given, self.known = bool(blanks), bool(self._blanks)

    def _common(self) -> np.ndarray:
        """What copies have in common; a number, a mark or an option, where all have it."""
        n, grids = len(self._grids), self._grids
        blank = np.full(np.max([grid.shape for grid in grids], axis=0), "", object)
        there = Counter(cell for grid in grids for cell in _filled(grid))
        for (row, column, text), times in there.items():
            if times >= (max(COPIES, n / 2) if self.words.are_said(text) else n):
                blank[row, column] = text
        return blank

    def printed(self, sheet: Sheet) -> np.ndarray:
        """The cells of a form that are as on the blank one, also below a row that was put in."""
        held = _stripped(sheet)
        found = [self._as_on(blank, held) for blank in self._blanks]
        return max(found, key=np.sum, default=np.zeros(held.shape, bool))

    def _as_on(self, blank: np.ndarray, held: np.ndarray) -> np.ndarray:
        free, same = np.full(held.shape, "", object), np.zeros(held.shape, bool)
        height, width = np.minimum(blank.shape, held.shape)
        free[:height, :width] = blank[:height, :width]
        same = (held == free) & (held != "")
        left = Counter((column, text) for row, column, text in _filled(blank)
                       if not (row < height and column < width and same[row, column]))  # fmt: skip
        for row, column, text in _filled(held):
            if not same[row, column] and left[column, text] and self.words.are_said(text):
                left[column, text] -= 1
                same[row, column] = True
        return same

    def only_here(self, sheet: Sheet, place: Place) -> bool:
        """Whether of two copies one has a text that the other has nowhere in that column."""
        text = sheet.text.iat[place].strip()
        columns = [grid[:, place[1]] for grid in self._grids if place[1] < grid.shape[1]]
        return len(self._grids) > 1 and sum(text in column for column in columns) == 1


def _stripped(sheet: Sheet) -> np.ndarray:
    return sheet.text.apply(lambda column: column.str.strip()).to_numpy(object)


def _filled(grid: np.ndarray) -> list[tuple[int, int, str]]:
    return [(row, column, grid[row, column]) for row, column in np.argwhere(grid != "").tolist()]
