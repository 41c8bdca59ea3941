"""What a codebook holds, all its faults at once, and which texts a draft left open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analysis.codebook.model import Codebook
from analysis.errors import printed, refusal, spoken

OPEN = re.compile(r"\(to translate\)|\(to fill in\)|^選択肢\d+$|（未記入）|（要翻訳）")
SHOWN = 20  # open texts that are listed


def check(codebook: str) -> str:
    """What a codebook holds, and which of its texts a draft left open.

    Raises InputError: there is no such codebook, or it has faults: all of them are listed.
    """
    file, content = Codebook.read_content(codebook)
    if faults := Codebook.faults(content, file):
        listed = "".join(f"\n- {fault.say(spoken())}" for fault in faults)
        id = "codebook.several_faults" if len(faults) > 1 else "codebook.one_fault"
        raise refusal(id, file=file, n=len(faults), listed=listed)
    book = Codebook.parse(content, file=file)
    what, n = "{book}: {n} questions, {variables} variables, no fault", len(book.questions)
    lines = [printed(what, book=book.id, n=n, variables=len(book.variables))]
    if gaps := list(open_texts(content)):
        lines.append(printed("{n} texts are still to be filled in:", n=len(gaps)))
        lines += [f"- {place}: {text}" for place, text in gaps[:SHOWN]]
    if len(gaps) > SHOWN:
        lines.append(printed("- and {n} more", n=len(gaps) - SHOWN))
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
        here = " > ".join(filter(None, (place, str(content.get("id", content.get("code", ""))))))
        for entry, part in content.items():
            listed = isinstance(part, list) and entry in {"questions", "sections"}
            yield from open_texts(part, here if listed else " > ".join(filter(None, (here, entry))))
