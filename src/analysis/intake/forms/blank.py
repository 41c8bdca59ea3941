"""What is printed on a form, by evidence alone: how a text is worded tells nothing.

Evidence are the blank form, the same text at the same place in three replies or more, and the words
of the codebook. Whatever else is filled in and became no answer may be an office's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from analysis.intake.forms import marks
from analysis.intake.headings import Headings, choices_of, normalise
from analysis.intake.sheet import CellKind, Look, Place, Sheet
from analysis.intake.workbook import is_struck
from analysis.text import LANGUAGES, labels

HeldCell = tuple[int, int, str]
COPIES = 3  # that many replies of one text at one place show that it is printed
# even where all offices say the same: numbers, marks, 特になし
ANSWER_LIKE = re.compile(
    rf"^(?:[\d①-⑳.,、，・％%{marks.MARKS}]+|[xｘX✕×oO]|(?:特に|該当)?(?:なし|無し|ありません)。?)$"
)
BRIEF = (marks.NUMBER, marks.DAY, ANSWER_LIKE)
ANSWER_WORD = re.compile(
    r"[【\[]?ご?(?:(?:回答|該当|選択)(?:欄|番号)?|記入欄)[】\]]?|(?:your)?answer"
)
BEFORE_WORDS = (  # digits that never end are no number of a question
    r"(?:(?:第|q|問|設問|質問)?[(\[【]?\d{1,9}(?:[-_(]\d{1,9}\)?)?問?[)\]】.:、]*"
    r"|[(]?[ア-ンa-z][.:)、]?)?"
)
OF_A_DAY = ("令和", "平成", "昭和", "西暦", "年", "月", "日")  # printed where a day is asked
SIGNS = str.maketrans("", "", f"{marks.BOXES}{marks.ARROWS}")


def is_word(text: str) -> bool:
    """Whether there are words in a cell, no mere number, letter or mark."""
    return re.search(r"[^\W\d]{2}|[一-龥]", text) is not None


class BookWords:
    """The words of a codebook, which its forms print."""

    def __init__(self, headings: Headings) -> None:
        book, self.headings = headings.book, headings
        units = [(question.unit.ja, question.unit.en) for question in book if question.unit]
        named: list[Any] = [book.title, *book.sections]
        titles = {normalise(text) for one in named for text in (one.ja, one.en)}
        days = OF_A_DAY if any(question.type == "date" for question in book) else ()
        offered = (words for question in book for _, words in choices_of(question))
        self.options = {normalise(word) for words in offered for word in words}
        texts = {*headings.known, *titles, *self.options} - {""}
        behind = {normalise(text) for unit in (*units, days) for text in unit} - texts - {""}
        # a number before words is that of a question or option; before a unit it is an answer
        self._known = re.compile(f"{BEFORE_WORDS}({_one_of(texts)})|({_one_of(behind)})")
        self._own = _of_own_form("|".join(re.escape(text) for unit in units for text in unit))

    def print(self, text: str, *, label: bool) -> bool:
        """Whether a cell holds nothing but these words, their numbers and what parts them.

        One option alone may as well be an answer, unless the cell is read as its `label` or has
        empty brackets behind it.
        """
        key = normalise(text)
        asked = key.partition(":")[0].rstrip(marks.ARROWS)
        ticked = marks.said_by(text)  # 選択, 該当: an answer, too
        request = (ANSWER_WORD.fullmatch(asked) and not ticked) or self._own.fullmatch(text)
        if request or self.headings.asked(text):
            return True
        found = [*self._known.finditer(key)]
        words = ["".join(match.groups("")) for match in found]
        room = re.search(r"[(（]\s*[)）]\s*$", text)  # その他（　）
        if (
            len(words) == 1
            and not (label or room)
            and {*words} <= self.options - self.headings.known.keys()
        ):
            return False
        if self._sets_apart(key, found):
            return False
        rest = re.sub("[/|;~-]", "", self._known.sub("", key)) if words else key
        return not marks.BLANK.sub("", rest.translate(SIGNS))

    def _sets_apart(self, key: str, found: Sequence[re.Match[str]]) -> bool:
        """Whether one of the options in a text has other signs than the rest: 1 有 (2) 無."""
        ends = dict(zip(found, [0, *(match.end() for match in found)], strict=False))
        offered = [match for match in found if match[1] in self.options]
        if len(offered) < 2:
            return False
        gaps = [key[ends[match] : match.start(1)] for match in offered]
        behind = marks.CLOSES.match(key, offered[-1].end())
        return marks.is_uneven([*gaps, behind[0] if behind else ""])

    def are_said(self, text: str) -> bool:
        """Whether a text is no answer of a few words that many may give: no number, no option."""
        plain = normalise(text)
        short = marks.is_filler(text) or marks.TICKED.match(text) or plain in self.options
        return is_word(text) and not (short or any(p.match(plain) for p in BRIEF))


def _one_of(texts: Iterable[str]) -> str:
    """A pattern of these texts, the longest first; of none, one that nothing matches."""
    return "|".join(map(re.escape, sorted(texts, key=lambda t: (-len(t), t)))) or "(?!)"


def _of_own_form(units: str) -> re.Pattern[str]:
    """What ``workbench questionnaire`` prints beside the words of a codebook, line by line."""
    places = dict.fromkeys(("n", "low", "high"), r"[\d,./-]+") | {"unit": f"(?:{units})"}
    places |= dict.fromkeys(("words", "rule"), ".+")
    one = "|".join(
        re.sub(r"\\{(\w+)\\}", lambda m: places.get(m[1], "(?!)"), re.escape(text))
        for lang in LANGUAGES
        for id, text in labels("questionnaire", lang).items()
        if id not in ("yes", "no", "not")
    )
    return re.compile(rf"(?:{one})(?:(?:、|, |\n)(?:{one}))*")


class BlankForm:
    """What is known of the print of copies of one form: `given` where it is the form as `sent`.

    `known`: whether there is evidence of all that is printed, beside the codebook's words.
    """

    def __init__(self, copies: Sequence[Sheet], sent: Sequence[Sheet], headings: Headings) -> None:
        self.words, n = BookWords(headings), len(copies)
        self.given, self.known = bool(sent), bool(sent) or n >= COPIES
        self._sheets = sent or copies
        self._blanks = self._shown = [{*filled_cells(sheet)} for sheet in sent or copies]
        if self.known and not sent:  # what may be an answer is print where all have it
            there = Counter(cell for own in self._blanks for cell in own)
            said = {cell for cell in there if self.words.are_said(cell[2])}
            least = {cell: max(COPIES, n / 2) if cell in said else n for cell in there}
            self._blanks = [{cell for cell in there if there[cell] >= least[cell]}]

    def printed(self, sheet: Sheet) -> set[Place]:
        """The cells of a form that are as on the blank one, also below a row that was put in.

        Of two copies without it what both have; of a lone one all.
        """
        cells = filled_cells(sheet)
        others = [blank for blank in self._blanks if blank != {*cells}] or self._blanks
        return max((self._as_on(blank, cells) for blank in others), key=len)

    @cached_property
    def _looks(self) -> Counter[tuple[Place, Look]]:
        """On how many of the sheets a cell looks so."""
        return Counter(look for sheet in self._sheets for look in sheet.looks.items())

    def looks(self, sheet: Sheet) -> dict[Place, Look]:
        """How cells look that look otherwise on the form as it was sent, or on most copies.

        No form is sent with a line through an option, however many have it.
        """
        least, shown = 1 if self.given else max(COPIES, len(self._sheets) / 2), self._looks
        own = {place for place, look in sheet.looks.items() if shown[place, look] < least}
        if not self.given:
            own |= {place for place, look in sheet.looks.items() if is_struck(look)}
        return {place: sheet.looks[place] for place in own}

    def written_over(self, sheet: Sheet, examples: set[Place]) -> set[Place]:
        """Of examples those that are others on the form as it was sent, or on most copies."""
        least = 1 if self.given else len(self._shown) / 2
        own = {cell for cell in filled_cells(sheet) if (cell[0], cell[1]) in examples}
        rare = (cell for cell in own if sum(cell in shown for shown in self._shown) < least)
        return {(row, column) for row, column, _ in rare} if self.known else set()

    def _as_on(self, blank: set[HeldCell], cells: list[HeldCell]) -> set[Place]:
        same = blank & {*cells}
        moved = Counter((column, text) for _, column, text in blank - same)
        for cell in (cell for cell in cells if cell not in same and moved[cell[1:]]):
            if is_word(cell[2]):
                moved[cell[1:]] -= 1
                same.add(cell)
        return {(row, column) for row, column, _ in same}


def filled_cells(sheet: Sheet) -> list[HeldCell]:
    """The cells of a sheet that hold something, each with its text."""
    grid = sheet.text.to_numpy(object)
    places = np.argwhere(sheet.kind != CellKind.EMPTY).tolist()
    return [(row, column, grid[row, column].strip()) for row, column in places]
