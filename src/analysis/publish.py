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
from nbconvert.exporters import TemplateExporter
from traitlets.config import Config

from analysis import paths, sanitize
from analysis.parameters import schema

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    "ja": {
        "invented": "架空データ：実在の自治体の回答ではありません",
        "invented_short": "架空データ",
        "contents": "目次",
        "code": "プログラム",
        "skip": "本文へ移動",
        "numbers": "数値（CSV）",
        "of": "n = {n:,}（{of}）",
        "more": "先頭の{most}行。全{n:,}行は数値（CSV）と表（Excel）にある。",
        "picture": "図",
        "failed": "この頁は完成していません",
        "executed": "途中まで実行したノートブック（.ipynb）",
    },
    "en": {
        "invented": "Invented data: not the answers of any real municipality",
        "invented_short": "invented data",
        "contents": "Contents",
        "code": "Code",
        "skip": "Skip to content",
        "numbers": "Numbers (CSV)",
        "of": "n = {n:,} ({of})",
        "more": "The first {most} rows. All {n:,} are in the numbers (CSV) and the tables (Excel).",
        "picture": "figure",
        "failed": "This page is not complete",
        "executed": "The notebook as far as it ran (.ipynb)",
    },
}
FACTS = {
    "wave": ("調査", "Wave"),
    "as_of": ("時点", "As of"),
    "publisher": ("資料", "Data"),
    "audience": ("公開範囲", "Audience"),
    "parameters": ("パラメーター", "Parameters"),
    "data_sha256": ("データのハッシュ", "Data hash"),
    "code_sha256": ("プログラムのハッシュ", "Code hash"),
    "commit": ("版", "Revision"),
    "date": ("作成日", "Made on"),
    "command": ("再作成の方法", "To make it again"),
}
AUDIENCES = {
    "internal": {"ja": "内部限り", "en": "internal use only"},
    "committee": {"ja": "委員会限り", "en": "committee members only"},
    "public": {"ja": "公開", "en": "public"},
}


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
    page["heading"] = html.escape(context.get("title", ""))
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
    language = context["language"]
    facts = []
    for key, labels in FACTS.items():
        value = context.get(key)
        if value:
            shown = AUDIENCES[value][language] if key == "audience" else value
            facts.append((labels[language == "en"], _fact(shown, language)))
    if context.get("invented"):
        note = WORDS[language]["invented"]
        facts.append(("注意" if language == "ja" else "Note", note))
    wave_title = context.get("wave_title") or {}
    audience = context.get("audience", "")
    label = AUDIENCES[audience][language] if audience else ""
    warned = [label] if audience and audience != "public" else []
    warned += [WORDS[language]["invented_short"]] if context.get("invented") else []
    site = more.get("site") or wave_title.get(language, context.get("wave", ""))
    return {
        **context,
        "site": site,
        "running": (
            _css(str(site)),
            _css("・".join(warned) if language == "ja" else "; ".join(warned)),
        ),
        "audience_label": label,
        "words": WORDS[language],
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
    said = page["words"]["failed"]
    if context["audience"] == "internal":
        said += f": {sentence}" if context["language"] == "en" else f"：{sentence}"
    body = f'<h1>{html.escape(title)}</h1>\n<p class="error">{html.escape(said)}</p>\n'
    if executed and context["audience"] == "internal":
        body += f'<p><a href="{quote(executed)}">{page["words"]["executed"]}</a></p>\n'
    paths.write_atomic(target, whole(body, page))


def whole(body: str, page: Mapping[str, Any]) -> str:
    """A page: its first h1 goes into the header, its headings into the contents if it has them.

    `body` is safe HTML, `page` comes from `page_context`.
    """
    found = re.search(r"<h1[^>]*>(.*?)</h1>\s*", body, flags=re.S)
    heading = page.get("heading") or (found[1] if found else html.escape(page["title"]))
    if found:
        body = body[: found.start()] + body[found.end() :]
    toc: list[tuple[str, str, list[tuple[str, str]]]] = []
    if page.get("contents"):
        body = _anchored(re.sub(r"<(/?)h1>", r"<\1h2>", body), toc)
    page = {**page, "heading": heading, "toc": toc}
    main = f'<main id="main">\n{body}</main>\n'
    return render("head.html.j2", page) + main + render("foot.html.j2", page)


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


def render(template: str, page: Mapping[str, Any]) -> str:
    """One of the templates by itself."""
    return str(_exporter().environment.get_template(template).render(page=page))


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
