"""A comparison as a short Markdown text and as an offline page."""

from __future__ import annotations

import base64
import difflib
import html
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis import show
from analysis.text import label, labels, say
from workbench.compare.cells import Cell, CellSource, Value, pictures, shown
from workbench.compare.changes import Comparison, Output, Said, type_names
from workbench.publish import page as publish

if TYPE_CHECKING:
    from workbench.compare.movers import Movers


def of(found: Comparison) -> dict[str, str]:
    """The labels in the language of the runs."""
    return labels("compare", found.after.language)


def values(found: Comparison) -> dict[str, str]:
    """What things that have a value are called, and some of their values."""
    return labels("compare_values", found.after.language)


def headline(found: Comparison) -> str:
    """The line that comes first: how much of what changed, and whether answers and types did."""
    words = of(found)
    if not found.results_changed:
        return words["nothing"] if found.empty else words["same"]
    listed: dict[str, Sequence[Any]] = {
        "answers": found.answers,
        "examples": found.examples,
        "movers": found.movers.moved if found.movers else [],
        "sample": found.sample,
        "pages": found.pages,
        "figures": [figure for figure in found.figures if figure.result],
        "tables": found.tables,
        "prose": found.prose,
        "cleaning": found.cleaning,
    }
    return say(
        "compare/headline",
        found.after.language,
        counts=[f"{words[name]} {len(items):,}" for name, items in listed.items() if items],
        answers_alike=not found.answers,
        types_alike=found.types_known and not found.movers,
    )


def moved(found: Comparison, who: Movers) -> str:
    """How many changed type, beside the typology's own instability."""
    counted = who.found
    known = counted.exceeds is not None
    return say(
        "compare/moved",
        found.after.language,
        n=len(counted.types),
        changed=counted.count,
        other=len(counted.crossed),
        expected=counted.expected if known else None,
        low=counted.low,
        high=counted.high,
        exceeds=counted.exceeds,
    )


def kinds(found: Comparison, who: Movers) -> list[tuple[str, str, str, str]]:
    """Each mover: its name, type before, type after, membership."""
    words = of(found)
    old, new = type_names(found.before), type_names(found.after)
    none = words["unplaced"]
    return [
        (
            one.name,
            none if one.before == 0 else old.get(one.before, str(one.before)),
            none if one.after == 0 else new.get(one.after, str(one.after)),
            "" if one.membership != one.membership else f"{one.membership:.2f}",
        )
        for one in who.moved
    ]


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
    words, language = of(found), found.after.language
    names = " → ".join(escape(run.label) for run in (found.before, found.after))
    lines = [f"### {words['title']}: {names}", "", f"**{headline(found)}**"]
    notes = [label(f"audience.{found.after.audience}", language)]
    notes += [label("page.invented", language)] if found.after.record.get("invented") else []
    lines[2] += "".join(f" _{note}_" for note in notes)
    if found.empty:
        return "\n".join(lines) + "\n"
    lines += _results(found) + _made(found)
    return "\n".join([*lines, "", words["details"]]) + "\n"


def _results(found: Comparison) -> list[str]:
    words, value = of(found), partial(_value, words=of(found), known=values(found))
    lines = _listed(words, "answers", found.answers, _said)
    lines += _listed(
        words,
        "examples",
        found.examples,
        lambda v: f"{value(v)} ({words['other_example']})",
    )
    if found.movers:
        lines += ["", f"**{words['movers']}**", "", moved(found, found.movers)]
        rows = [f"{a}: {b} → {c}" for a, b, c, _ in kinds(found, found.movers)]
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
    words, value = of(found), partial(_value, words=of(found), known=values(found))
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


MOST_PAGE = 200  # rows of one list; their number is always said
OPEN = 15  # rows of a long table that stand open; the rest unfolds
SHORT = OPEN + 5  # rows up to which a table stands open as a whole
INS, DEL = 'style="background:#d9f2dd;color:#0b3d17"', 'style="background:#fbdcd9;color:#5c1410"'
SIDE = "display:flex;flex-wrap:wrap;gap:.6rem"


def whole(found: Comparison) -> str:
    """The page: the headline, results by importance, then what was changed to get them."""
    words = of(found)
    names = " → ".join(run.label for run in (found.before, found.after))
    context = {
        "language": found.after.language,
        "audience": found.after.audience,
        "invented": bool(found.before.record.get("invented") or found.after.record.get("invented")),
        "wave": names,
    }
    page = publish.page_context(
        context, title=f"{words['title']} — {names}", site=str(words["title"])
    )
    body = f"<h1>{_e(names)}</h1>\n<p class='answer'>{_e(headline(found))}</p>\n"
    if not found.empty:
        body += _part(str(words["results"]), _results_page(found))
        body += _part(str(words["made"]), _made_page(found))
    return publish.whole(body, page)


def _results_page(found: Comparison) -> list[str]:
    words = of(found)
    told = [_section(str(words["answers"]), map(_said_page, found.answers))]
    told.append(_values(found, "examples", found.examples))
    if found.examples:
        told.append(f"<p>{_e(str(words['other_example']))}</p>")
    if found.movers:
        head = (words["municipality"], words["before"], words["after"], words["membership"])
        told.append(
            _section(
                str(words["movers"]),
                [
                    f"<p>{_e(moved(found, found.movers))}</p>",
                    _table(found, head, kinds(found, found.movers)),
                ],
            )
        )
    told.append(_values(found, "sample", found.sample))
    told.append(_values(found, "pages", found.pages))
    results = [figure for figure in found.figures if figure.result]
    told.append(_section(str(words["figures"]), (_output_page(found, out) for out in results)))
    told.append(_section(str(words["tables"]), (_output_page(found, out) for out in found.tables)))
    told.append(_section(str(words["prose"]), map(_said_page, found.prose)))
    told.append(_section(str(words["cleaning"]), (_output_page(found, o) for o in found.cleaning)))
    drawn = [figure for figure in found.figures if not figure.result]
    told.append(_section(str(words["drawn"]), (_output_page(found, out) for out in drawn)))
    return told


def _made_page(found: Comparison) -> list[str]:
    words = of(found)
    names = ("inputs", "codebook", "parameters")
    told = [_values(found, name, getattr(found, name)) for name in names]
    told.append(_section(str(words["sources"]), map(_source, found.sources)))
    told.append(_values(found, "versions", found.versions))
    return [*told, f"<p>{_e(str(words['code']))}</p>" if found.code else ""]


def _part(title: str, sections: Sequence[str]) -> str:
    content = "".join(sections)
    return f"<h2>{_e(title)}</h2>\n{content}" if content else ""


def _section(title: str, items: Iterable[str]) -> str:
    """A heading with what is under it; nothing where there is nothing."""
    content = "\n".join(items)
    return f"<section><h3>{_e(title)}</h3>\n{content}</section>\n" if content else ""


def _said_page(said: Said) -> str:
    before, after = marked(said.before, said.after)
    return (
        f"<p><strong>{_e(said.page)}</strong></p><p>− {before or '–'}</p><p>＋ {after or '–'}</p>"
    )


def marked(before: str, after: str) -> tuple[str, str]:
    """Both texts as HTML, with what differs marked: whole numbers and words, single characters.

    Examples
    --------
    >>> print(re.sub(r" style=.*?>", ">", " ".join(marked("13団体中5団体", "13団体中6団体"))))
    13団体中<del>5</del>団体 13団体中<ins>6</ins>団体
    """
    a, b = (re.findall(r"[0-9.,]*[0-9]|[A-Za-z]+|.", text, re.S) for text in (before, after))
    old, new = "", ""
    for op, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        gone, come = _e("".join(a[i:j])), _e("".join(b[k:m]))
        old += gone if op == "equal" or not gone else f"<del {DEL}>{gone}</del>"
        new += come if op == "equal" or not come else f"<ins {INS}>{come}</ins>"
    return old, new


def _values(found: Comparison, name: str, changed: Sequence[Value]) -> str:
    words = of(found)
    known = values(found)
    head = (words["item"], words["before"], words["after"])
    rows = [tuple(known.get(v, v) for v in (x.what, x.before, x.after)) for x in changed]
    return _section(str(words[name]), [_table(found, head, rows)] if rows else [])


def _output_page(found: Comparison, out: Output) -> str:
    words = of(found)
    said = f"<h4>{_e(out.title)} <small>{_e(out.page)} · {_e(out.name)}</small></h4>"
    if out.before is None or out.after is None:
        said += f"<p>{words['new'] if out.before is None else words['gone']}</p>"
    if out.texts:
        said += _table(
            found,
            (words["item"], words["before"], words["after"]),
            [(values(found)[v.what], v.before, v.after) for v in out.texts],
        )
    if out.drawn:
        said += _pictures(found, out)
    cells = out.cells
    if cells.changed:
        head = tuple(words[k] for k in ("row", "column", "before", "after", "difference"))
        said += _table(found, head, [_cell(cell) for cell in cells.changed], numeric=(2, 3, 4))
    for kind in ("added", "removed", "columns"):
        listed = getattr(cells, kind)
        if listed:
            more = (
                [words["more"].format(n=len(listed) - MOST_PAGE)] if len(listed) > MOST_PAGE else []
            )
            items = "".join(f"<li>{_e(row)}</li>" for row in [*listed[:MOST_PAGE], *more])
            said += f"<p>{words[kind]} ({len(listed):,})</p><ul>{items}</ul>"
    return said


def _cell(cell: Cell) -> tuple[str, ...]:
    try:
        change = float(cell.after.replace(",", "")) - float(cell.before.replace(",", ""))
        difference = f"{change:+.4g}"
    except ValueError:
        difference = ""
    return cell.row, cell.column, shown(cell.before), shown(cell.after), difference


def _pictures(found: Comparison, out: Output) -> str:
    assert out.before and out.after
    words = of(found)
    before, after, difference, share = pictures(out.before["png"], out.after["png"])
    titled = (
        (words["before"], out.before["alt"], before),
        (words["after"], out.after["alt"], after),
        (words["picture"], f"{words['picture']}: {share:.1%}", difference),
    )
    shown = "".join(
        f'<figure style="flex:1 1 14rem;margin:.3rem 0"><figcaption>{_e(name)}</figcaption>'
        f'<img alt="{_e(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        "</figure>"
        for name, alt, png in titled
    )
    return f'<div style="{SIDE}">{shown}</div>'


def _source(cell: CellSource) -> str:
    style = {"+": INS, "-": DEL}
    lines = "\n".join(
        f"<span {style.get(line[0], '')}>{_e(line)}</span>" if line[0] in style else _e(line)
        for line in cell.lines
    )
    title = f"<h4>{_e(cell.notebook)} <small>{_e(cell.cell)}</small></h4>"
    return f"{title}<pre tabindex='0'>{lines}</pre>"


def _table(
    found: Comparison,
    head: Sequence[object],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[int] = (),
) -> str:
    def table(part: Sequence[Sequence[str]]) -> str:
        return str(show.plain(part, [*map(str, head)], numeric=numeric, headings=False))

    if len(rows) <= SHORT:
        return table(rows)
    said = str(of(found)["more"])
    more = (
        f"<p class='notes'>{said.format(n=len(rows) - MOST_PAGE)}</p>"
        if len(rows) > MOST_PAGE
        else ""
    )
    summary = f"<summary>{said.format(n=len(rows) - OPEN)}</summary>"
    return f"{table(rows[:OPEN])}<details>{summary}{table(rows[OPEN:MOST_PAGE])}{more}</details>"


def _e(text: str) -> str:
    return html.escape(str(text))
