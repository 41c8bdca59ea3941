"""Executed notebooks -> one offline HTML file each."""

from __future__ import annotations

import contextlib
import html
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat.v4
from nbconvert.exporters import TemplateExporter
from traitlets.config import Config

from analysis import paths, sanitize
from analysis.errors import InputError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "msedge")
TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    "ja": {
        "invented": "架空データ：実在の自治体の回答ではありません",
        "contents": "目次",
        "code": "プログラム",
        "skip": "本文へ移動",
        "numbers": "数値（CSV）",
        "picture": "図",
        "failed": "この頁は完成していません",
    },
    "en": {
        "invented": "Invented data: not the answers of any real municipality",
        "contents": "Contents",
        "code": "Code",
        "skip": "Skip to content",
        "numbers": "Numbers (CSV)",
        "picture": "figure",
        "failed": "This page is not complete",
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
    `title` in the place of the notebook's own, and with `home` a link to a list of such pages.
    """
    notebook = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
    language = context["language"]
    hidden = {f"lang-{'en' if language == 'ja' else 'ja'}", "remove-cell"}
    notebook.cells = [c for c in notebook.cells if not hidden & set(c.metadata.get("tags", []))]
    declared = notebook.metadata.get("workbench", {}).get("title", {}).get(language)
    title = context.get("title") or declared or executed.stem
    toc: list[tuple[str, str]] = []
    headed = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _anchored(sanitize.markdown(cell.source), toc)
            headed = headed or "<h1>" in cell.source
        elif "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = ""  # the footer gives the parameters; folders of this machine stay here
    layout = notebook.metadata.get("workbench", {}).get("layout", "")
    page = page_context(context, title=title, toc=toc, headed=headed, layout=layout)
    content, _ = _exporter().from_notebook_node(notebook, resources={"workbench": page})
    paths.write_atomic(target, content)


def _anchored(shown: str, toc: list[tuple[str, str]]) -> str:
    """Sanitised HTML with an id on every h2, each noted for the table of contents."""

    def mark(match: re.Match[str]) -> str:
        toc.append((f"s{len(toc) + 1}", html.unescape(re.sub(r"<[^>]+>", "", match[1]))))
        return f'<h2 id="{toc[-1][0]}">{match[1]}</h2>'

    return re.sub(r"<h2>(.*?)</h2>", mark, shown, flags=re.S)


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
    return {
        **context,
        "audience_label": AUDIENCES[audience][language] if audience else "",
        "words": WORDS[language],
        "facts": facts,
        "wave_title": wave_title.get(language, context.get("wave", "")),
        **more,
    }


def error_page(target: Path, *, title: str, sentence: str, context: Mapping[str, Any]) -> None:
    """A readable page in the place of a notebook that failed.

    What went wrong may quote an answer, so only the internal edition says it.
    """
    page = page_context(context, title=title)
    said = page["words"]["failed"]
    if context["audience"] == "internal":
        said += f": {sentence}" if context["language"] == "en" else f"：{sentence}"
    body = f'<h1>{html.escape(title)}</h1>\n<p class="error">{html.escape(said)}</p>\n'
    paths.write_atomic(target, whole(body, page))


def whole(body: str, page: Mapping[str, Any]) -> str:
    """A page that is no notebook: head, body (safe HTML) and footer."""
    main = f'<main id="main">\n{body}</main>\n'
    return render("head.html.j2", page) + main + render("foot.html.j2", page)


def render(template: str, page: Mapping[str, Any]) -> str:
    """One of the templates by itself."""
    return str(_exporter().environment.get_template(template).render(page=page))


def print_pdf(page: Path, target: Path) -> None:
    """Print a page through Chromium, fonts embedded.

    Raises
    ------
    InputError : no Chromium is installed, or it printed nothing.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise InputError("PDF needs Chromium, which is not installed", hint="the HTML is complete")
    beside = target.with_name(f".{target.name}.part")
    with tempfile.TemporaryDirectory() as folder:
        command = [browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += [f"--user-data-dir={folder}", "--no-pdf-header-footer"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses its sandbox to root
        command += [f"--print-to-pdf={beside}", page.resolve().as_uri()]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=120, check=False)
    if not beside.is_file():
        raise InputError("Chromium could not print the page", file=page)
    beside.replace(target)


@cache
def _exporter() -> PageExporter:
    exporter = PageExporter(config=Config(), extra_template_basedirs=[str(TEMPLATES)])
    exporter.register_filter("shown_output", sanitize.output)
    return exporter


def _fact(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"ja", "en"}:
            return str(value[language])
        return ", ".join(f"{k}={v}" for k, v in value.items())
    return str(value)
