"""The comparison as one offline page, and as a short comment for a pull request.

Their words are labels and sentences of `analysis.text`, their form two templates.
"""

from __future__ import annotations

import base64
import difflib
import re
from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import Any

from jinja2 import PackageLoader

from analysis import show
from analysis.text import label, labels, say
from workbench.compare.cells import Cell, Value, pictures, shown
from workbench.compare.changes import Comparison
from workbench.publish.page import page_context, rendered

LONGEST = 240  # characters of a text in the comment
NEAR = 3  # characters between two changes that are read as one
_INERT = str.maketrans({c: f"\\{c}" for c in r"\`*_[]<>|~#"} | {"@": "@\u200b", "\n": " "})


def escape(text: str) -> str:
    """Text made inert in a comment, and still readable as text; no one is mentioned by it.

    Examples
    --------
    >>> print(escape("share_1 <b> 0.5 (n = 3)"))
    share\\_1 \\<b\\> 0.5 (n = 3)
    """
    return text.translate(_INERT).replace("://", ":\u200b//")


def page(found: Comparison) -> str:
    """The page: the headline, results by importance, then what was changed to get them."""
    values = _values(found)
    title, names = values["words"]["title"], values["names"]
    context = {
        "language": found.after.language,
        "audience": found.after.audience,
        "invented": any(run.record.get("invented") for run in (found.before, found.after)),
        "wave": names,
    }
    about = page_context(context, title=f"{title} — {names}", site=title)
    return rendered("compare", about, plain=show.plain, marked=marked, drawn=_drawn, **values)


def markdown(found: Comparison) -> str:
    """Markdown of at most about sixty lines: the headline, then what changed by importance."""
    language, record = found.after.language, found.after.record
    notes = [label(f"audience.{found.after.audience}", language)]
    notes += [label("page.invented", language)] if record.get("invented") else []
    loader = PackageLoader("workbench", "templates/workbench")
    template = show.templates().overlay(loader=loader).get_template("compare.md.j2")
    files = Counter(cell.notebook for cell in found.made.get("sources", ()))
    text = template.render(
        notes=notes,
        notebooks=files.items(),
        sentences=_sentences,
        inert=escape,
        cut=_cut,
        **_values(found),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _values(found: Comparison) -> dict[str, Any]:
    """What both templates read."""
    language = found.after.language
    words, known = labels("compare", language), labels("compare_values", language)
    keys, names = labels("codebook_key", language), found.before.names | found.after.names
    moved = [
        (name, *(kind or words["unplaced"] for kind in types), "" if isnan(x) else f"{x:.2f}")
        for name, *types, x in found.results["movers"]
    ]  # fmt: skip
    sections = {
        "results": {**found.results, "movers": moved, "drawn": found.drawn},
        "made": found.made,
    }

    def path(what: str) -> str:
        """An entry of the codebook: its sections and keys in words, what has an id by its name."""
        return " › ".join(names.get(part) or keys.get(part, part) for part in what.split(" › "))

    def value_rows(changed: Sequence[Value]) -> list[tuple[str, ...]]:
        return [
            (path(known.get(what, what)), known.get(before, before), known.get(after, after))
            for what, before, after in changed
        ]

    def cell_rows(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
        return [(c.row, c.column, shown(c.before), shown(c.after), c.difference) for c in cells]

    return {
        "words": words,
        "names": " → ".join(run.label for run in (found.before, found.after)),
        "headline": _headline(found, words),
        "moved": _moved(found),
        "parts": {
            part: {name: items for name, items in listed.items() if items}
            for part, listed in sections.items()
        },
        "code": found.code,
        "empty": found.empty,
        "value_rows": value_rows,
        "cell_rows": cell_rows,
    }


def _headline(found: Comparison, words: dict[str, str]) -> str:
    """How much of what changed, and whether answers and types did."""
    if not found.results_changed:
        return words["nothing"] if found.empty else words["same"]
    return say(
        "compare/headline",
        found.after.language,
        counts=[f"{words[name]} {len(items):,}" for name, items in found.results.items() if items],
        answers_alike=not found.results["answers"],
        types_alike=found.movers is not None and not found.results["movers"],
    )


def _moved(found: Comparison) -> str:
    """How many changed type, beside the typology's own instability; empty where nobody did."""
    counted = found.movers
    if not (counted and found.results["movers"]):
        return ""
    return say(
        "compare/moved",
        found.after.language,
        n=len(counted.types),
        changed=counted.count,
        other=len(counted.crossed),
        expected=None if counted.exceeds is None else counted.expected,
        low=counted.low,
        high=counted.high,
        exceeds=counted.exceeds,
    )


def marked(before: str, after: str) -> list[list[tuple[str, bool]]]:
    """Both texts in parts, and whether these differ: whole numbers and words, single characters.

    Examples
    --------
    >>> marked("13団体中5団体", "13団体中6団体")[1]
    [('13団体中', False), ('6', True), ('団体', False)]
    """
    parts = _parts(before, after)
    return [[(both[side], len({*both}) > 1) for both in parts if both[side]] for side in (0, 1)]


def _parts(before: str, after: str) -> list[tuple[str, str]]:
    """Both texts in parts side by side: whole numbers and words, single characters."""
    a, b = (re.findall(r"[0-9.,]*[0-9]|[A-Za-z]+|.", text, re.S) for text in (before, after))
    return [("".join(x), "".join(y)) for x, y in _aligned(a, b)]


def _aligned(a: Sequence[str], b: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return [(a[i:j], b[k:m]) for _, i, j, k, m in matcher.get_opcodes()]


def _sentences(before: str, after: str) -> list[list[tuple[str, str]]]:
    """The sentences that differ, each in parts side by side.

    What stands between two changes and is shorter than three characters belongs to both; a sentence
    of which less than half stays is one change.

    Examples
    --------
    >>> _sentences("甲は5町である。乙は3市である。", "甲は6町である。乙は3市である。")
    [[('甲は', '甲は'), ('5', '6'), ('町である。', '町である。')]]
    """
    a, b = (re.split(r"(?<=。)|(?<=[.!?] )", text) for text in (before, after))
    pairs: list[tuple[str, str]] = []
    for old, new in _aligned(a, b):
        one = len(old) != len(new)
        pairs += [("".join(old), "".join(new))] if one else zip(old, new, strict=True)
    return [_joined(x.strip(), y.strip()) for x, y in pairs if x != y]


def _joined(before: str, after: str) -> list[tuple[str, str]]:
    every, parts = _parts(before, after), [("", "")]
    for at, (a, b) in enumerate(every):
        near = a == b and len(a) < NEAR and 0 < at < len(every) - 1
        if (near or a != b) and parts[-1][0] != parts[-1][1]:
            parts[-1] = (parts[-1][0] + a, parts[-1][1] + b)
        else:
            parts.append((a, b))
    same = sum(len(a) for a, b in parts if a == b)
    return parts[1:] if 2 * same >= max(len(before), len(after)) else [(before, after)]


def _drawn(before: str, after: str) -> tuple[str, ...]:
    """Two pictures and their difference in base64, and the share of the area that differs."""
    *images, share = pictures(before, after)
    return (*(base64.b64encode(png).decode() for png in images), f"{share:.1%}")


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
