"""Executed notebooks -> one offline HTML file each."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

from analysis import paths, sanitize
from analysis.errors import InputError

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    "ja": {
        "invented": "架空データ：実在の自治体の回答ではありません",
        "contents": "目次",
        "code": "プログラム",
        "skip": "本文へ",
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
    "internal": {"ja": "内部限り", "en": "internal"},
    "committee": {"ja": "委員会", "en": "committee"},
    "public": {"ja": "公開", "en": "public"},
}


def export(executed: Path, target: Path, *, context: Mapping[str, Any]) -> None:
    """Write one executed notebook as a page.

    `context` gives language, audience, wave, wave_title, invented and what the footer says.
    """
    notebook = nbformat.read(executed, as_version=4)
    language = context["language"]
    hidden = f"lang-{'en' if language == 'ja' else 'ja'}"
    notebook.cells = [c for c in notebook.cells if hidden not in c.metadata.get("tags", [])]
    title = notebook.metadata.get("workbench", {}).get("title", {}).get(language) or executed.stem
    toc: list[tuple[str, str]] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            toc += [(_anchor(cell, at), text) for at, text in _headings(cell.source, 2)]
    page = page_context(context, title=title, toc=toc)
    content, _ = _exporter().from_notebook_node(notebook, resources={"workbench": page})
    paths.write_atomic(target, content)


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
    return {
        **context,
        "words": WORDS[language],
        "facts": facts,
        "wave_title": wave_title.get(language, context.get("wave", "")),
        **more,
    }


def error_page(target: Path, *, title: str, sentence: str, context: Mapping[str, Any]) -> None:
    """A readable page in the place of a notebook that failed."""
    page = page_context(context, title=title)
    words = page["words"]
    body = (
        f'<main id="main"><h1>{html.escape(title)}</h1>'
        f'<p class="error">{html.escape(words["failed"])}: {html.escape(sentence)}</p></main>\n'
    )
    paths.write_atomic(target, render("head.html.j2", page) + body + render("foot.html.j2", page))


def render(template: str, page: Mapping[str, Any]) -> str:
    """One of the templates by itself."""
    return str(_exporter().environment.get_template(template).render(page=page))


def print_pdf(page: Path, target: Path) -> None:
    """Print a page through Chromium, fonts embedded.

    Raises
    ------
    InputError : no Chromium is installed, or it printed nothing.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "msedge")
    browser = next((found for name in names if (found := shutil.which(name))), None)
    if browser is None:
        raise InputError("PDF needs Chromium, which is not installed", hint="the HTML is complete")
    with tempfile.TemporaryDirectory() as folder:
        beside = target.with_name(f".{target.name}.part")
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += [f"--user-data-dir={folder}", "--no-pdf-header-footer"]
        command += [f"--print-to-pdf={beside}", page.resolve().as_uri()]
        subprocess.run(command, capture_output=True, timeout=120, check=False)
    if not beside.is_file():
        raise InputError("Chromium could not print the page", file=page)
    beside.replace(target)


@cache
def _exporter() -> HTMLExporter:
    exporter = HTMLExporter(
        config=Config(),
        template_name="workbench",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
    )
    exporter.register_filter("shown_text", _shown_text)
    exporter.register_filter("shown_output", lambda o, page: sanitize.output(o, page["words"]))
    return exporter


def _shown_text(cell: Any, page: Mapping[str, Any]) -> str:
    """A Markdown cell with anchors on its headings."""
    shown = sanitize.markdown(cell.source)
    places = iter(_headings(cell.source, 2))

    def anchored(match: re.Match[str]) -> str:
        at, _ = next(places, (0, ""))
        return f'<h2 id="{_anchor(cell, at)}">'

    return re.sub(r"<h2>", anchored, shown) + "\n"


def _headings(source: str, level: int) -> Iterator[tuple[int, str]]:
    lines = re.findall(rf"^{'#' * level} +(.+?)\s*$", source, flags=re.M)
    yield from enumerate(lines)


def _anchor(cell: Any, at: int) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", f"s-{cell.get('id', 'x')}-{at}")


def _fact(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        if set(value) == {"ja", "en"}:
            return str(value[language])
        return ", ".join(f"{k}={v}" for k, v in value.items())
    return str(value)
