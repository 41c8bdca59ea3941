"""The words of a draft (data/draft.yml), and the options that words of answers make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from analysis.cleaning.answers import tick
from analysis.intake.headings import normalise
from analysis.intake.tools.core import is_other
from analysis.yaml_file import packaged

Drafted = dict[str, Any]
DRAFTING = packaged("draft.yml", "workbench")
TELLING = {name: re.compile("|".join(words), re.I) for name, words in DRAFTING["words"].items()}
MISSING: dict[str, dict[str, Any]] = DRAFTING["missing"]
KIND_OF = {token: kind for kind, marker in MISSING.items() for token in marker["tokens"]}
TRANSLATE = "(to translate)"
JAPANESE = re.compile(
    "[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)  # kana, kanji and their signs


def tells(what: str, text: str) -> bool:
    """Whether a text has one of the words of data/draft.yml that tell this."""
    return TELLING[what].search(text) is not None


def plain(text: str) -> str:
    """A text in one width, on one line, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def is_chosen(text: str) -> bool:
    """Whether what stands in the column of an option says that it was chosen.

    >>> [is_chosen(text) for text in ("○", "X", "0", "", "要約")]
    [True, True, False, False, True]
    """
    return bool(text) and (tick(plain(text)) is not False or plain(text) in {"x", "X"})


def alike(text: str) -> str:
    """An answer without accents and case, each tick as the same: slips of one word are equal."""
    letters = unicodedata.normalize("NFD", plain(text).casefold())
    return "1" if tick(plain(text)) else re.sub(r"[\u0300-\u036f]", "", letters)


def both(text: str) -> dict[str, str]:
    """A label in the language it is in, and marked where it is to be translated.

    >>> both("Educación"), both("教育")["ja"]
    ({'ja': 'Educación (to translate)', 'en': 'Educación'}, '教育')
    """
    if JAPANESE.search(text) is None:
        return {"ja": f"{text} {TRANSLATE}", "en": text}
    return {"ja": text, "en": f"{text} {TRANSLATE}"}


def open_option(code: int, source: str = "") -> dict[str, Any]:
    """An option whose words the file does not tell."""
    option = {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}
    return option | ({"source": [source]} if source else {})


def other_option(code: int) -> dict[str, Any]:
    """The option beside which words of one's own are written."""
    return {"code": code, "ja": "その他", "en": "other", "other": True}


def worded(words: Sequence[str]) -> list[dict[str, Any]]:
    """Options numbered from 1, that of "other" with its mark; No and no are one option.

    Where one of them is a number alone, each has the number that it begins with.

    >>> [option["code"] for option in worded(["2", "3", "4 or more"])]
    [2, 3, 4]
    """
    different = [*reversed({normalise(word): word for word in reversed(words)}.values())]
    begun = [int(n[0]) for word in different if (n := re.match(r"[0-9]{1,3}(?![0-9])", word))]
    own = any(map(is_whole, different)) and len({*begun}) == len(different)
    codes = begun if own else range(1, len(different) + 1)
    return [
        {"code": code, **both(word)} | ({"other": True} if is_other(word) else {})
        for code, word in zip(codes, different, strict=True)
    ]


def is_whole(text: str) -> bool:
    """Whether a text is a whole number that Python reads, and that somebody may have meant."""
    return text.isdecimal() and len(text) <= 15
