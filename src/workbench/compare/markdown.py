"""The comparison as a short comment for a pull request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from analysis.text import label
from workbench.compare import words as say
from workbench.compare.cells import Value, shown
from workbench.compare.changes import Comparison, Output

MOST = 5  # items of a kind; the page has the rest
LONGEST = 240  # characters of a text


_INERT = str.maketrans({c: f"\\{c}" for c in r"\`*_[]<>|~#"} | {"@": "@\u200b", "\n": " "})


def escape(text: str) -> str:
    """Text made inert in a comment, and still readable as text; no one is mentioned by it.

    Examples
    --------
    >>> print(escape("share_1 <b> 0.5 (n = 3)"))
    share\\_1 \\<b\\> 0.5 (n = 3)
    """
    return text.translate(_INERT).replace("://", ":\u200b//")


def markdown(found: Comparison) -> str:
    """Markdown of at most about sixty lines: the headline, then what changed by importance."""
    words, language = say.of(found), found.after.language
    names = " → ".join(escape(run.label) for run in (found.before, found.after))
    lines = [f"### {words['title']}: {names}", "", f"**{say.headline(found)}**"]
    notes = [label(f"audience.{found.after.audience}", language)]
    notes += [label("page.invented", language)] if found.after.record.get("invented") else []
    lines[2] += "".join(f" _{note}_" for note in notes)
    if found.empty:
        return "\n".join(lines) + "\n"
    lines += _results(found) + _made(found)
    return "\n".join([*lines, "", words["details"]]) + "\n"


def _results(found: Comparison) -> list[str]:
    words, value = say.of(found), partial(_value, words=say.of(found), known=say.values(found))
    lines = _listed(words, "answers", found.answers, _said)
    lines += _listed(
        words,
        "examples",
        found.examples,
        lambda v: f"{value(v)} ({words['other_example']})",
    )
    if found.movers:
        lines += ["", f"**{words['movers']}**", "", say.moved(found, found.movers)]
        rows = [f"{a}: {b} → {c}" for a, b, c, _ in say.kinds(found, found.movers)]
        lines += _items(words, rows, escape)
    lines += _listed(words, "sample", found.sample, value)
    lines += _listed(words, "pages", found.pages, value)
    results = [figure for figure in found.figures if figure.result]
    lines += _listed(words, "figures", results, lambda out: _output(words, out))
    lines += _listed(words, "tables", found.tables, lambda out: _output(words, out))
    lines += _listed(words, "cleaning", found.cleaning, lambda out: _output(words, out))
    if found.prose:
        lines += ["", f"**{words['prose']}**: {words['cells'].format(n=len(found.prose))}"]
    drawn = [figure for figure in found.figures if not figure.result]
    return lines + _listed(words, "drawn", drawn, lambda out: escape(out.title))


def _made(found: Comparison) -> list[str]:
    words, value = say.of(found), partial(_value, words=say.of(found), known=say.values(found))
    lines = []
    for name in ("inputs", "codebook", "parameters", "versions"):
        lines += _listed(words, name, getattr(found, name), value)
    lines += _listed(
        words, "sources", found.sources, lambda c: f"{escape(c.notebook)}, `{escape(c.cell)}`"
    )
    return lines + (["", f"**{words['code']}**"] if found.code else [])


def _listed(
    words: dict[str, str], name: str, items: Sequence[Any], text: Callable[[Any], str]
) -> list[str]:
    if not items:
        return []
    return ["", f"**{words[name]}** ({len(items):,})", *_items(words, items, text)]


def _items(words: dict[str, str], items: Sequence[Any], text: Callable[[Any], str]) -> list[str]:
    lines = ["", *(f"- {text(item)}" for item in items[:MOST])]
    if len(items) > MOST:
        lines.append(f"- {words['more'].format(n=len(items) - MOST)}")
    return lines


def _said(said: Any) -> str:
    return f"{escape(said.page)}: {_cut(said.before)} → **{_cut(said.after)}**"


def _value(value: Value, words: dict[str, str], known: dict[str, str]) -> str:
    first, *others = value.what.split(" / ")
    what = escape(known.get(first, first))
    if others:
        what += f" ({words['more'].format(n=len(others))})"
    before, after = (known.get(v, v) for v in (value.before, value.after))
    return f"{what}: {_cut(before) or '–'} → **{_cut(after) or '–'}**"


def _output(words: dict[str, str], out: Output) -> str:
    title = escape(out.title)
    if out.before is None or out.after is None:
        return f"{title}: {words['new'] if out.before is None else words['gone']}"
    said = words["cells"].format(n=out.cells.count or len(out.texts))
    if not out.cells.changed:
        return f"{title}: {said}"
    most = max(out.cells.changed, key=lambda cell: cell.change)
    place = escape(" · ".join(part for part in (most.row, most.column) if part))
    return f"{title}: {said} ({place}: {_cut(shown(most.before))} → {_cut(shown(most.after))})"


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
