"""Executed notebooks -> one offline HTML file each."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat.v4
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from traitlets.config import Config

from analysis import grid, paths, sanitize
from analysis.parameters import schema
from analysis.text import label, labels

TEMPLATES = Path(__file__).parent / "templates"
FACTS = (  # in the footer, in this order
    *("wave", "as_of", "publisher", "audience", "parameters"),
    *("data_sha256", "code_sha256", "commit", "date", "command"),
)


class PageExporter(TemplateExporter):
    """nbconvert with our own template; its HTML exporter would load from four other sites."""

    file_extension = ".html"
    output_mimetype = "text/html"
    template_name = "workbench"


def export(executed: Path, target: Path, *, context: Mapping[str, Any]) -> None:
    """Write one executed notebook as a page.

    `context` gives language, audience, wave, wave_title, invented and what the footer says; a
    `title` in the place of the notebook's own title and heading, and with `home` a link to a list
    of such pages.
    """
    notebook = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
    language = context["language"]
    hidden = {f"lang-{'en' if language == 'ja' else 'ja'}", "remove-cell"}
    notebook.cells = [c for c in notebook.cells if not hidden & set(c.metadata.get("tags", []))]
    declared = notebook.metadata.get("workbench", {}).get("title", {}).get(language)
    title = context.get("title") or declared or executed.stem
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = sanitize.markdown(cell.source)
        elif "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = ""  # the footer gives the parameters; folders of this machine stay here
    notebook.cells = _joined(notebook.cells)
    used = {**_defaults(executed), **(context.get("parameters") or {})}
    layout = notebook.metadata.get("workbench", {}).get("layout", "")
    page = page_context({**context, "parameters": used}, title=title, contents=True, layout=layout)
    page["heading"] = context.get("title", "")
    body, _ = _exporter().from_notebook_node(notebook, resources={"workbench": page})
    paths.write_atomic(target, whole(body, page))


def _joined(cells: Sequence[Any]) -> list[Any]:
    """Cells in which code that shows nothing stands with the code after it, to be unfolded once."""
    kept: list[Any] = []
    for cell in cells:
        last = kept[-1] if kept else None
        if last and last.cell_type == cell.cell_type == "code" and not last.outputs:
            cell.source = "\n\n".join(text for text in (last.source, cell.source) if text.strip())
            kept.pop()
        kept.append(cell)
    return kept


def _defaults(executed: Path) -> dict[str, Any]:
    """What the parameters of a notebook are where none is given, without what the footer says."""
    own = {"wave", "language", "audience", "output"}
    return {p.name: p.default for p in schema(executed) if p.name not in own}


def page_context(context: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What the templates read."""
    language, invented = context["language"], bool(context.get("invented"))
    words, audiences = labels("page", language), labels("audience", language)
    facts = []
    for name in FACTS:
        value = context.get(name)
        if value:
            shown = audiences[value] if name == "audience" else _fact(value, language)
            facts.append((label(f"facts.{name}", language), shown))
    if invented:
        facts.append((label("facts.note", language), words["invented"]))
    wave_title = context.get("wave_title") or {}
    audience = context.get("audience", "")
    narrow = audiences[audience] if audience else ""
    warned = [narrow] if audience and audience != "public" else []
    warned += [words["invented_short"]] if invented else []
    site = more.get("site") or wave_title.get(language, context.get("wave", ""))
    return {
        **{"home": None, "layout": "", "contents": False, "audience": "", "invented": False},
        **context,
        "site": site,
        "running": (
            _css(str(site)),
            _css("・".join(warned) if language == "ja" else "; ".join(warned)),
        ),
        "audience_label": narrow,
        "words": words,
        "facts": facts,
        "wave_title": wave_title.get(language, context.get("wave", "")),
        **more,
    }


def error_page(
    target: Path, *, title: str, sentence: str, context: Mapping[str, Any], executed: str = ""
) -> None:
    """A readable page in the place of a notebook that failed.

    What went wrong may quote an answer, so only the internal edition says it, and links to the
    `executed` copy where there is one.
    """
    page = page_context(context, title=title)
    said, link = page["words"]["failed"], ""
    if context["audience"] == "internal":
        said += f": {sentence}" if context["language"] == "en" else f"：{sentence}"
        link = quote(executed)
    paths.write_atomic(target, rendered("failed", page, sentence=said, executed=link))


def rendered(template: str, page: Mapping[str, Any], **values: Any) -> str:
    """A whole page whose content is the template ``{template}.html.j2``.

    `page` comes from `page_context`; `values` are what the template reads beside it.
    """
    content = grid.templates().get_template(f"{template}.html.j2").render(page=page, **values)
    return whole(content, page)


def whole(body: str, page: Mapping[str, Any]) -> str:
    """A page: its first h1 goes into the header, its headings into the contents if it has them.

    `body` is safe HTML, `page` comes from `page_context`.
    """
    found = re.search(r"<h1[^>]*>(.*?)</h1>\s*", body, flags=re.S)
    heading = page.get("heading") or (Markup(found[1]) if found else page["title"])
    if found:
        body = body[: found.start()] + body[found.end() :]
    toc: list[tuple[str, str, list[tuple[str, str]]]] = []
    if page["contents"]:
        body = _anchored(re.sub(r"<(/?)h1>", r"<\1h2>", body), toc)
    page = {**page, "heading": heading, "toc": toc}
    return grid.templates().get_template("page.html.j2").render(page=page, body=Markup(body))


def _anchored(body: str, toc: list[tuple[str, str, list[tuple[str, str]]]]) -> str:
    """An id on every h2 and h3, each noted for the table of contents (an h3 under its h2)."""

    def mark(match: re.Match[str]) -> str:
        text = html.unescape(re.sub(r"<[^>]+>", "", match[2])).strip()
        if match[1] == "2":
            name = f"s{len(toc) + 1}"
            toc.append((name, text, []))
        elif toc:
            name = f"{toc[-1][0]}-{len(toc[-1][2]) + 1}"
            toc[-1][2].append((name, text))
        else:
            return match[0]
        return f'<h{match[1]} id="{name}">{match[2]}</h{match[1]}>'

    return re.sub(r"<h([23])>(.*?)</h\1>", mark, body, flags=re.S)


def _css(text: str) -> str:
    """Text as a CSS string that cannot end the string or the style sheet."""
    return '"' + re.sub(r"[^\w ・（）【】]", lambda m: f"\\{ord(m[0]):06x}", text) + '"'


@cache
def _exporter() -> PageExporter:
    exporter = PageExporter(config=Config(), extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_filter("shown_output", sanitize.output)
    return exporter


def _fact(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"ja", "en"}:
            return str(value[language])
        return ", ".join(f"{k}={v}" for k, v in value.items() if v not in ("", None))
    return str(value)
