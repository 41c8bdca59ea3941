"""From what a notebook holds to HTML that is safe to mail: an allow-list, and escaping."""

from __future__ import annotations

import base64
import html
import itertools
import struct
from collections.abc import Iterator, Mapping
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


def output(cell_output: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    """One output of a cell: the workbench's own kinds from their data, anything else cut down."""
    kind, words = cell_output["output_type"], page["words"]
    if kind == "stream":
        if page["audience"] != "internal":
            return ""  # what a library printed is no part of a report
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
        return f"<figure>{_image(_joined(data['image/png']), words['picture'])}</figure>\n"
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
    link = _download(data["csv"], f"{data['name']}.csv", words["numbers"])
    return _captioned(data, f" {link}") + "\n"


def key_figure(data: Mapping[str, Any]) -> str:
    """A figure as the index shows it."""
    return _captioned(data)


def _captioned(data: Mapping[str, Any], more: str = "") -> str:
    # the source stands in the picture, so that it travels with it
    title, n = html.escape(data["title"]), html.escape(f"n = {data['n']:,}")
    denominator = html.escape(data["denominator"])
    return (
        f"<figure><figcaption><strong>{title}</strong>{n} ({denominator}){more}</figcaption>"
        f"{_image(data['png'], data['alt'])}</figure>"
    )


def _image(png: str, alt: str) -> str:
    """A PNG with its size on the page: 10 pixels of ours to 6 of the reader's."""
    content = base64.b64decode("".join(png.split()))
    size = ""
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        width, height = struct.unpack(">II", content[16:24])
        size = f' width="{width * 6 // 10}" height="{height * 6 // 10}"'
    source = base64.b64encode(content).decode("ascii")
    return f'<img alt="{html.escape(alt)}"{size} src="data:image/png;base64,{source}">'


def _table(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    numeric = [' class="num"' if column["numeric"] else "" for column in data["columns"]]
    head = "".join(
        f'<th scope="col"{cls}>{html.escape(column["label"])}</th>'
        for column, cls in zip(data["columns"], numeric, strict=True)
    )
    body = "".join(f"<tr>{row}</tr>" for row in _rows(data["rows"], numeric))
    title, caption = html.escape(data["title"]), html.escape(data["caption"])
    notes = "".join(f"<p class='notes'>{html.escape(note)}</p>" for note in data["notes"])
    link = _download(data["csv"], f"{data['name']}.csv", words["numbers"])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f"<table><caption>{title}<small>{caption}</small></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{notes}<p class='notes downloads'>{link}</p>\n"
    )


def _rows(rows: list[list[str]], classes: list[str]) -> Iterator[str]:
    """The cells of each row; a row header that repeats the one above is joined with it."""
    headed = bool(classes) and not classes[0]
    for at, row in enumerate(rows):
        cells = [f"<td{c}>{html.escape(str(v))}" for v, c in zip(row, classes, strict=True)]
        if headed:
            same = itertools.takewhile(lambda other: other[0] == row[0], rows[at:])  # noqa: B023
            span = sum(1 for _ in same)
            rowspan = f' rowspan="{span}"' if span > 1 else ""
            joined = at > 0 and rows[at - 1][0] == row[0]
            cells[0] = "" if joined else f'<th scope="row"{rowspan}>{html.escape(str(row[0]))}'
        yield "".join(cells)


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
