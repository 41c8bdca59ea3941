"""Texts that are compared, in one form, by steps that each caller names.

Who wrote a name, a heading or an answer chose between signs that mean the same. Which of these
differences do not count depends on what is compared: case does in a name, and not in a heading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import Literal

from analysis.yaml_file import packaged

Step = Literal[
    "circled", "radicals", "width", "variants", "minus", "dashes", "case", "ends", "spaces"
]
_CHARACTERS = packaged("characters.yml")
# for a pattern that is searched: \s* would be tried at each letter of long white space again
GAP = r"(?:(?<!\s)\s+)?"
# every white space, and signs without width, which copies from the web have
_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200e\u200f\u2060\ufeff"
_SPACES = re.compile("[\\s\u200b\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]+")


STEPS: dict[Step, Callable[[str], str]] = {
    # ① is (1): 問3① is not 問31
    "circled": methodcaller("translate", {c: f"({c - 0x245F})" for c in range(0x2460, 0x2474)}),
    # characters for the radicals that copies from PDF files have; NFKC reads those of U+2F00 alone
    "radicals": methodcaller("translate", str.maketrans(*_CHARACTERS["radicals"])),
    "width": partial(unicodedata.normalize, "NFKC"),  # full-width letters, half-width kana
    "variants": methodcaller("translate", str.maketrans(*_CHARACTERS["variants"])),  # 塩竈, 塩釜
    "minus": methodcaller("translate", str.maketrans("−‐", "--")),  # of a negative number
    "dashes": methodcaller("translate", str.maketrans("‐‑–—−～〜", "-----~~")),  # of a range
    "case": str.casefold,
    "ends": methodcaller("strip", _BLANK),
    "spaces": partial(_SPACES.sub, ""),  # also those without width, and selectors of variants
}


def normal(text: str, *steps: Step) -> str:
    """The text after these steps, in their order.

    >>> normal("⻲岡市 ", "radicals", "ends"), normal("Ｑ１①", "circled", "width", "case")
    ('亀岡市', 'q1(1)')
    >>> normal("\\u200b12\\u200b\\u3000", "ends")
    '12'
    """
    for step in steps:
        text = STEPS[step](text)
    return text


def as_code(text: str) -> str:
    """A number as a codebook writes a code, of one as pandas or Excel write it.

    >>> [as_code(text) for text in ("99.0", "-9,999", "999.90", "1,2", "099", "無回答")]
    ['99', '-9999', '999.9', '1,2', '099', '無回答']
    """
    if not re.fullmatch(r"-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?", text):
        return text
    whole = text.replace(",", "")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole
