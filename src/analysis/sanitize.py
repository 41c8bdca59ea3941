"""From what a notebook holds to HTML that is safe to mail: an allow-list, and escaping."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import Any

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from analysis.outputs import VENDOR

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "strong", "em", "b", "i", "code", "pre", "s"),
    *("ul", "ol", "li", "dl", "dt", "dd", "blockquote", "sub", "sup", "small", "span", "div"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "a"),
}
ATTRIBUTES = {"th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}, "a": {"href"}}
DROPPED = {"script", "style", "iframe", "object", "template", "svg", "math", "textarea", "title"}


def clean(fragment: str) -> str:
    """HTML cut down to what a report needs; links only inside the page or to https.

    Examples
    --------
    >>> clean('<p onclick="x()">a<script>alert(1)</script><a href="javascript:x">b</a></p>')
    '<p>a<a>b</a></p>'
    """
    return nh3.clean(
        fragment,
        tags=TAGS,
        attributes=ATTRIBUTES,
        clean_content_tags=DROPPED,
        url_schemes={"https", "mailto"},
        link_rel=None,
    )


def markdown(text: str) -> str:
    """Markdown as safe HTML; raw HTML in it goes through the same allow-list."""
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return clean(MarkdownWithMath(renderer=renderer).render(text))


def output(cell_output: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """One output of a cell: the workbench's own kinds from their data, anything else cut down."""
    kind = cell_output["output_type"]
    if kind == "stream":
        return f"<pre tabindex='0'>{html.escape(_joined(cell_output['text']))}</pre>\n"
    if kind == "error":
        said = html.escape(f"{cell_output['ename']}: {cell_output['evalue']}")
        return f'<p class="error">{said}</p>\n'
    data = cell_output.get("data", {})
    for name, render in _RENDERERS.items():
        if f"{VENDOR}{name}+json" in data:
            return render(data[f"{VENDOR}{name}+json"], words)
    if "text/markdown" in data:
        return markdown(_joined(data["text/markdown"]))
    if "text/html" in data:
        return f'<div class="scroll">{clean(_joined(data["text/html"]))}</div>\n'
    if "image/png" in data:
        alt = html.escape(words["picture"], quote=True)
        png = _joined(data["image/png"]).strip()
        base64.b64decode(png, validate=False)
        return (
            f'<figure><img alt="{alt}" src="data:image/png;base64,{html.escape(png)}"></figure>\n'
        )
    if "text/plain" in data:
        return f"<pre tabindex='0'>{html.escape(_joined(data['text/plain']))}</pre>\n"
    return ""


def _answer(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return f'<p class="answer">{html.escape(data["text"])}</p>\n'


def _prose(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return markdown(data["markdown"]) + "\n"


def _unavailable(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return f'<p class="unavailable">{html.escape(data["reason"])}</p>\n'


def figure(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A figure with caption, text alternative and a link to its numbers."""
    e = {k: html.escape(str(v), quote=True) for k, v in data.items() if k not in {"svg", "csv"}}
    link = _download(data["csv"], f"{data['name']}.csv", words["numbers"])
    return (
        f'<figure><img alt="{e["alt"]}" src="data:image/png;base64,{e["png"]}">'
        f"<figcaption><strong>{e['title']}</strong>{e['caption']} {link}</figcaption></figure>\n"
    )


def _table(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    numeric = [' class="num"' if column["numeric"] else "" for column in data["columns"]]
    head = "".join(
        f'<th scope="col"{cls}>{html.escape(column["label"])}</th>'
        for column, cls in zip(data["columns"], numeric, strict=True)
    )
    body = []
    for row in data["rows"]:
        cells = []
        for at, (value, cls) in enumerate(zip(row, numeric, strict=True)):
            text = html.escape(str(value))
            first = at == 0 and not cls
            cells.append(f'<th scope="row">{text}</th>' if first else f"<td{cls}>{text}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    title, caption = html.escape(data["title"]), html.escape(data["caption"])
    notes = "".join(f"<p class='notes'>{html.escape(note)}</p>" for note in data["notes"])
    link = _download(data["csv"], f"{data['name']}.csv", words["numbers"])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f"<table><caption>{title}<small>{caption}</small></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        f"{notes}<p class='notes downloads'>{link}</p>\n"
    )


def _download(csv: str, name: str, words: str) -> str:
    content = base64.b64encode(csv.encode("utf-8-sig")).decode("ascii")
    return (
        f'<a class="downloads" download="{html.escape(name, quote=True)}" '
        f'href="data:text/csv;charset=utf-8;base64,{content}">{html.escape(words)}</a>'
    )


_RENDERERS = {
    "answer": _answer,
    "prose": _prose,
    "not-available": _unavailable,
    "figure": figure,
    "table": _table,
}


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
