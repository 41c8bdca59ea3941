"""All faults of a codebook at once, and the texts that are still to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analysis.codebook.model import Codebook
from analysis.errors import InputError, printed, spoken

OPEN = re.compile(r"\(to translate\)|\(to fill in\)|^選択肢\d+$|（未記入）|（要翻訳）")
SHOWN = 20  # open texts that are listed


def check(codebook: str) -> str:
    """What a codebook holds, and which of its texts a draft left open.

    Raises
    ------
    InputError
        There is no such codebook, or it has faults: all of them are listed.
    """
    file, content = Codebook.read_content(codebook)
    if faults := Codebook.faults(content):
        what = "{n} faults:{listed}" if len(faults) > 1 else "{n} fault:{listed}"
        listed = "".join(f"\n- {fault.say(spoken())}" for fault in faults)
        raise InputError(what, file=file, n=len(faults), listed=listed)
    book = Codebook.parse(content, file=file)
    what, n = "{book}: {n} questions, {variables} variables, no fault", len(book.questions)
    lines = [printed(what, book=book.id, n=n, variables=len(book.variables))]
    if left := list(open_texts(content)):
        lines.append(printed("{n} texts are still to be filled in:", n=len(left)))
        lines += [f"- {place}: {text}" for place, text in left[:SHOWN]]
    if len(left) > SHOWN:
        lines.append(printed("- and {n} more", n=len(left) - SHOWN))
    return "\n".join(lines)


def open_texts(content: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each text that is marked as open, after its place in the file.

    >>> list(open_texts({"id": "Q1", "options": [{"code": 1, "ja": "選択肢1", "en": "yes"}]}))
    [('Q1 > options > 1 > ja', '選択肢1')]
    """
    if isinstance(content, str) and OPEN.search(content):
        yield place, content
    elif isinstance(content, list):
        for part in content:
            yield from open_texts(part, place)
    elif isinstance(content, dict):
        name = str(content.get("id", content.get("code", "")))
        here = " > ".join(filter(None, (place, name)))
        for entry, part in content.items():
            listed = isinstance(part, list) and entry in {"questions", "sections"}
            yield from open_texts(part, here if listed else " > ".join(filter(None, (here, entry))))
