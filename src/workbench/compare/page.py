"""The comparison as one offline page, made with the template of all pages."""

from __future__ import annotations

import base64
import difflib
import html
import re
from collections.abc import Iterable, Sequence

from analysis import show
from workbench.compare import words as say
from workbench.compare.cells import Cell, CellSource, Value, pictures, shown
from workbench.compare.changes import Comparison, Output, Said
from workbench.publish import page as publish

MOST = 200  # rows of one list; their number is always said
OPEN = 15  # rows of a long table that stand open; the rest unfolds
SHORT = OPEN + 5  # rows up to which a table stands open as a whole
INS, DEL = 'style="background:#d9f2dd;color:#0b3d17"', 'style="background:#fbdcd9;color:#5c1410"'
SIDE = "display:flex;flex-wrap:wrap;gap:.6rem"


def whole(found: Comparison) -> str:
    """The page: the headline, results by importance, then what was changed to get them."""
    words = say.of(found)
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
    body = f"<h1>{_e(names)}</h1>\n<p class='answer'>{_e(say.headline(found))}</p>\n"
    if not found.empty:
        body += _part(str(words["results"]), _results(found))
        body += _part(str(words["made"]), _made(found))
    return publish.whole(body, page)


def _results(found: Comparison) -> list[str]:
    words = say.of(found)
    told = [_section(str(words["answers"]), map(_said, found.answers))]
    told.append(_values(found, "examples", found.examples))
    if found.examples:
        told.append(f"<p>{_e(str(words['other_example']))}</p>")
    if found.movers:
        head = (words["municipality"], words["before"], words["after"], words["membership"])
        told.append(
            _section(
                str(words["movers"]),
                [
                    f"<p>{_e(say.moved(found, found.movers))}</p>",
                    _table(found, head, say.kinds(found, found.movers)),
                ],
            )
        )
    told.append(_values(found, "sample", found.sample))
    told.append(_values(found, "pages", found.pages))
    results = [figure for figure in found.figures if figure.result]
    told.append(_section(str(words["figures"]), (_output(found, out) for out in results)))
    told.append(_section(str(words["tables"]), (_output(found, out) for out in found.tables)))
    told.append(_section(str(words["prose"]), map(_said, found.prose)))
    told.append(_section(str(words["cleaning"]), (_output(found, o) for o in found.cleaning)))
    drawn = [figure for figure in found.figures if not figure.result]
    told.append(_section(str(words["drawn"]), (_output(found, out) for out in drawn)))
    return told


def _made(found: Comparison) -> list[str]:
    words = say.of(found)
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


def _said(said: Said) -> str:
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
    words = say.of(found)
    known = say.values(found)
    head = (words["item"], words["before"], words["after"])
    rows = [tuple(known.get(v, v) for v in (x.what, x.before, x.after)) for x in changed]
    return _section(str(words[name]), [_table(found, head, rows)] if rows else [])


def _output(found: Comparison, out: Output) -> str:
    words = say.of(found)
    said = f"<h4>{_e(out.title)} <small>{_e(out.page)} · {_e(out.name)}</small></h4>"
    if out.before is None or out.after is None:
        said += f"<p>{words['new'] if out.before is None else words['gone']}</p>"
    if out.texts:
        said += _table(
            found,
            (words["item"], words["before"], words["after"]),
            [(say.values(found)[v.what], v.before, v.after) for v in out.texts],
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
            more = [words["more"].format(n=len(listed) - MOST)] if len(listed) > MOST else []
            items = "".join(f"<li>{_e(row)}</li>" for row in [*listed[:MOST], *more])
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
    words = say.of(found)
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
    said = str(say.of(found)["more"])
    more = f"<p class='notes'>{said.format(n=len(rows) - MOST)}</p>" if len(rows) > MOST else ""
    summary = f"<summary>{said.format(n=len(rows) - OPEN)}</summary>"
    return f"{table(rows[:OPEN])}<details>{summary}{table(rows[OPEN:MOST])}{more}</details>"


def _e(text: str) -> str:
    return html.escape(str(text))
