"""From what a notebook holds to HTML that is safe to mail: an allow-list, and escaping."""

from __future__ import annotations

import base64
import html
import re
import struct
from collections.abc import Mapping
from typing import Any

import nh3
from markupsafe import Markup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from analysis import grid
from analysis.outputs import VENDOR
from analysis.text import gap

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
    """Markdown as safe HTML; raw HTML in it goes through the same allow-list.

    A line that goes on in Japanese is joined without the space that a break would leave.

    Examples
    --------
    >>> markdown("答えは、\\n下のとおりです。").strip()
    '<p>答えは、下のとおりです。</p>'
    """
    text = re.sub(r"(?m)^(?!#)(.*[、-鿿！-～])\n(?=(?:\*\*)?[「『（【ぁ-鿿])", r"\1", text)
    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
    return grid.scoped(clean(MarkdownWithMath(renderer=renderer).render(text)))


def output(cell_output: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    """One output of a cell: the workbench's own kinds from their data, anything else cut down."""
    kind, words = cell_output["output_type"], page["words"]
    if kind in {"stream", "error"} and page["audience"] != "internal":
        return ""  # what a library printed is no part of a report, an error may quote an answer
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
        safe = grid.scoped(clean(_joined(data["text/html"])))
        return f'<div class="scroll" tabindex="0">{safe}</div>\n'
    if "image/png" in data:
        shown = {"png": _joined(data["image/png"]), "alt": words["picture"]}
        return f"<figure>{_image(shown)}</figure>\n"
    if "text/plain" in data:
        return f"<pre tabindex='0'>{html.escape(_joined(data['text/plain']))}</pre>\n"
    return ""


def _answer(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    said, more = data["text"], data.get("more", "")
    return grid.part("answer", text=said, gap=gap(said), more=more) + "\n"


def _prose(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return markdown(data["markdown"]) + "\n"


def _unavailable(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return grid.part("unavailable", reason=data["reason"]) + "\n"


def figure(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A figure with caption, text alternative and a link to its numbers."""
    # the source stands in the picture, so that it travels with it
    return (
        grid.part(
            "figure",
            id=f"figure-{grid.anchor(data['name'])}",
            title=data["title"],
            caption=words["of"].format(n=data["n"], of=data["denominator"]),
            picture=_image(data),
            link=_download(data, words, alone=False),
        )
        + "\n"
    )


def key_figure(data: Mapping[str, Any], words: Mapping[str, str], page: str) -> Markup:
    """A figure as the index shows it: a link to its place on `page`."""
    return grid.part(
        "figure",
        id="",
        title=data["title"],
        caption=words["of"].format(n=data["n"], of=data["denominator"]),
        picture=_image(data),
        page=f"{page}#figure-{grid.anchor(data['name'])}",
    )


def _image(data: Mapping[str, Any]) -> Markup:
    """A PNG with its size on the page: 10 pixels of ours to 6 of the reader's."""
    content = base64.b64decode("".join(data["png"].split()))
    size = None
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        size = [pixels * 6 // 10 for pixels in struct.unpack(">II", content[16:24])]
    png = base64.b64encode(content).decode("ascii")
    return grid.part("image", alt=data["alt"], png=png, size=size)


def _table(data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return grid.table(data, more=words["more"], link=_download(data, words)) + "\n"


def _download(data: Mapping[str, Any], words: Mapping[str, str], *, alone: bool = True) -> Markup:
    """A link to the numbers; one that stands `alone`, outside a caption, says whose they are."""
    return grid.part(
        "download",
        name=data["name"],
        csv=base64.b64encode(data["csv"].encode("utf-8-sig")).decode("ascii"),
        words=words["numbers"],
        label=f"{words['numbers']} {data['title']}" if alone else "",
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
