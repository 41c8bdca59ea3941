"""Regular expressions that take the square of a text's length, found by how they are written."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from analysis.cleaning.answers import ticked
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import resolve
from analysis.figures import gallery
from analysis.intake import headings, own_sheets, tools
from workbench.office import options, readability
from workbench.run import parameters

SRC = Path(__file__).parents[1] / "src"
SEARCHED = {"search", "sub", "subn", "split", "findall", "finditer"}
REPEATS = {
    _constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT,
}  # fmt: skip
# what stands behind the repetition always fits, or the texts are short
HARMLESS = {
    gallery._PIECE.pattern,
    headings.BEHIND.pattern,
    r"\s*[:：\n]\s*|\s+|(?=[(（\[［【])",
    r"^\s*\d{1,2}\s*[.:)、]?\s*(?=\D)|\s*\([^)]*\)?\s*$|\s+",
}


def searched(module: str, source: str) -> Iterator[tuple[int, str]]:
    """The line and the pattern of each search, substitution or split in the source of a module."""
    names = vars(importlib.import_module(module))
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(ast.Attribute(owner, attr), [first, *_]) if attr in SEARCHED:
                try:
                    known = eval(ast.unparse(owner), {**names})
                    pattern = eval(ast.unparse(first), {**names}) if known is re else known.pattern
                except (NameError, AttributeError, TypeError, KeyError):
                    continue  # no pattern, or one made of what a function is given
                if isinstance(pattern, str):
                    yield node.lineno, pattern


def begins_without_end(items: Sequence[Any]) -> bool:
    """Whether a pattern can begin with a repetition without end that may have been in vain.

    Searched, it is tried at each letter of a long run, and each time to the end of the run.
    """
    if not items:
        return False
    (kind, about), rest = items[0], items[1:]
    if kind is _constants.SUBPATTERN:
        return begins_without_end([*about[3], *rest])
    if kind is _constants.BRANCH:
        return any(begins_without_end([*branch, *rest]) for branch in about[1])
    if kind in REPEATS and about[1] > 1000:
        return bool(rest)
    if kind in REPEATS and about[0] == 0:
        return begins_without_end(rest) or begins_without_end([*about[2], *rest])
    return False


def test_no_pattern_that_is_searched_begins_with_a_repetition_without_end():
    """As `\\s*:` does: it takes 20 seconds for 100,000 blanks, `normal.GAP` none."""
    found = []
    for file in sorted(SRC.rglob("*.py")):
        module = ".".join(file.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        for line, pattern in searched(module, file.read_text(encoding="utf-8")):
            if pattern not in HARMLESS and begins_without_end(_parser.parse(pattern)):
                found.append((module, line, pattern))
    assert found == []


@pytest.mark.parametrize("work", [
    lambda long: ticked("(" + long(" "), Codebook.read("it-staffing")["Q10"]),
    lambda long: resolve("1111" + long(" ")),
    lambda long: resolve(long("(")),
    lambda long: tools._of_redcap(long("_") + "!"),
    lambda long: tools._cut(long(" ") + long("[")),
    lambda long: tools.NOTED.fullmatch(long("Q_DO_1") + "!"),
    lambda long: own_sheets.BEFORE.sub("", long("あ")),
    lambda long: [*readability._text_breaches("「" + long("“"))],
    lambda long: [*readability._text_breaches("1" + long(" "))],
    lambda long: options.bands({long(" "), "1"}),
    lambda long: parameters.CHOICES.search(long("{")),
    lambda long: parameters.RANGE.search("[" + long(".")),
])  # fmt: skip
def test_a_long_text_is_no_hang(work):
    """Each took minutes or longer."""
    work(lambda sign: sign * (100_000 // len(sign)))
