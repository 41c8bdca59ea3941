"""Texts that are compared, in one form, by steps that each caller names.

Who wrote a name, a heading or an answer chose between signs that mean the same. Which of these
differences do not count depends on what is compared: case does in a name, and not in a heading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Literal

from analysis.yaml_file import packaged

Step = Literal[
    "circled", "radicals", "width", "variants", "minus", "dashes", "case", "ends", "spaces"
]
_CHARACTERS = packaged("characters.yml")
_SPACES = re.compile("[\\s\u200b\u2060\ufeff\ufe00-\ufe0f\U000e0100-\U000e01ef]+")


def _replacing(table: dict[int, str] | dict[int, int]) -> Callable[[str], str]:
    return lambda text: text.translate(table)


STEPS: dict[Step, Callable[[str], str]] = {
    # circled numbers in brackets: 問3① is not 問31
    "circled": _replacing({code: f"({code - 0x245F})" for code in range(0x2460, 0x2474)}),
    # characters in the place of radicals, which copies from PDF files have: ⻲岡市. NFKC reads only
    # those of Kangxi (U+2F00)
    "radicals": _replacing(str.maketrans(*_CHARACTERS["radicals"])),
    # letters, digits and signs of full width, and kana of half width, as they are usual (NFKC)
    "width": partial(unicodedata.normalize, "NFKC"),
    # characters of names in one of their forms: 塩竈市, 龍ケ崎市
    "variants": _replacing(str.maketrans(*_CHARACTERS["variants"])),
    # what is typed for the sign of a negative number
    "minus": _replacing(str.maketrans("−‐", "--")),
    # what joins a number and its part, or the ends of a range: dashes and waves of all lengths
    "dashes": _replacing(str.maketrans("‐‑–—−～〜", "-----~~")),
    "case": str.casefold,
    "ends": str.strip,  # spaces around the text
    # all spaces, those without width too, and selectors of variants of a character
    "spaces": partial(_SPACES.sub, ""),
}


def normal(text: str, *steps: Step) -> str:
    """The text after these steps, in their order.

    >>> normal("⻲岡市 ", "radicals", "ends"), normal("Ｑ１①", "circled", "width", "case")
    ('亀岡市', 'q1(1)')
    """
    for step in steps:
        text = STEPS[step](text)
    return text
