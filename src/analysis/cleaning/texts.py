"""What the reading of every kind of answer shares: its result, and texts in one width."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from analysis.text import Text

_MINUS = str.maketrans("−‐", "--")


@dataclass(frozen=True)
class Parsed:
    """A value with the state of the answer and the rules that led to it.

    `value`: int, float, bool, date, str, or a frozenset of codes (multi); None without a value.
    `more`: what else the sentence of a finding needs, a Text where the languages differ.
    `other`: the words beside the option "other", an answer of their own.
    """

    state: str
    value: Any = None
    rules: tuple[str, ...] = ()
    more: str | Text = ""
    other: str = ""


def refused(rule: str, more: str | Text = "") -> Parsed:
    """No value; the finding keeps the text."""
    return Parsed("unreadable", None, (rule,), more)


def tidy(text: str) -> str:
    """NFKC with the signs that it leaves apart, outer space removed."""
    return unicodedata.normalize("NFKC", text).translate(_MINUS).strip()


def widths(text: str) -> tuple[str, ...] | None:
    """The rule for the digits of a text: none if ASCII, ``full-width``; None if of another kind.

    A circled ① or a raised ² is a digit to NFKC, but nobody writes a number with it.

    Examples
    --------
    >>> widths("12"), widths("１2"), widths("①"), widths("5²")
    ((), ('full-width',), None, None)
    """
    signs = set(text)
    if any(re.search(r"\d", tidy(sign)) and not re.match("[0-9０-９]", sign) for sign in signs):
        return None
    return ("full-width",) if signs & set("０１２３４５６７８９") else ()


def gapped(text: str) -> bool:
    """Whether a space parts two digits: 3 4 is not 34."""
    return re.search(r"\d\s+\d", text) is not None
