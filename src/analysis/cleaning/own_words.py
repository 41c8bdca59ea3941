"""What a text in the cell of a choice is beside the words of its options: a tick, words, neither.

A tick says yes or no. Words of one's own explain the option "other"; a number, a reference to
another answer and words that there is no answer are none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from analysis.cleaning.texts import tidy
from analysis.codebook.questions import tick_words
from analysis.intake.forms.marks import BOXES, MARKS
from analysis.intake.headings import OR

TICKS = (frozenset(MARKS) | {*"☒✅"}) - {"◎", "◉"}  # which says more than ○ where both are written
BLANKS = frozenset(BOXES)
CROSSES = frozenset("×xX✕✖✗✘☓")


@lru_cache(maxsize=2**14)
def folded(text: str) -> str:
    """A text without space, in one width and case."""
    return re.sub(r"\s", "", tidy(text)).casefold().replace("〜", "~")  # which NFKC leaves apart


def tick(plain: str) -> bool | None:
    """Whether a text stands for chosen or yes, or for not chosen or no; None for any other.

    >>> [tick(text) for text in ("○", "1.0", "未選択", "×", "-", "検討中")]
    [True, True, False, False, None, None]
    """
    words = folded(plain).removesuffix(".0")
    if plain in TICKS or words in {"1", "true"}:
        return True
    if plain in CROSSES | BLANKS or words in {"0", "false"}:
        return False
    return tick_words().get(words)


# a code, perhaps with words, or one of several: 7, 7 広報, 1か2
NUMBERED = re.compile(rf"\(?\d+(?:$|[\s).:、,番]|(?:{OR})\d)")

ELSEWHERE = re.compile(  # words that leave the answer to another cell, year or paper
    r"(?:同[上左右]|[〃々]+|(?:前|昨)(?:回|年度?)(?:の?回答)?(?:の?(?:とお|通)り|[とに]同[じ様])"
    r"|(?:上記|別紙)(?:の(?:とお|通)り|と同じ|参照)?|ditto|same(?:asabove|aslastyear|asbefore)"
    r"|asabove|seeattach(?:ed|ment))(?:です)?[。.]?"
)


DECLINED = re.compile(  # words that there is no answer, also where the codebook does not list them
    r"(?:ご?回答|お?答え)(?:を|は)?"
    r"(?:拒否|なし|不可|しない|しません|(?:でき|られ)(?:ない|ません)|(?:差し?)?控え(?:る|ます))(?:です)?[。.]?"
    r"|[無未]回答[。.]?|(?:refused?|declined?)(?:toanswer)?|prefernottoanswer|no(?:answer|response)|unanswered"
)


def explains(text: str) -> bool:
    """Whether a text has words of its own; ア, v, なし, 同上, 7 広報 have none."""
    plain, own = tidy(text), folded(text)
    worded = len(plain) > 1 and re.search(r"[^\W\d]", plain) and not NUMBERED.match(plain)
    said = own in tick_words() or ELSEWHERE.fullmatch(own) or DECLINED.fullmatch(own)
    return bool(worded) and not said
