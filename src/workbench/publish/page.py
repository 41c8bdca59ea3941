"""An executed notebook becomes one offline HTML page that is safe to mail.

An allow-list says what may stand on it; everything else is escaped or left out.
"""

from __future__ import annotations

import base64
import html
import re
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat.v4
import nh3
from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from analysis import paths, show
from analysis.show import VENDOR
from analysis.text import gap, label, labels
from workbench.run.parameters import declared

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "strong", "em", "b", "i", "code", "pre", "s"),
    *("ul", "ol", "li", "dl", "dt", "dd", "blockquote", "sub", "sup", "small", "span", "div"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "a"),
}
ATTRIBUTES = {"th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}, "a": {"href"}}
# by which JupyterLab knows the language of a text cell
_LANGUAGE = re.compile(r'<span lang="(?:ja|en)"></span>')
# narrow figures one after another, with the headings over them
_SIDE_BY_SIDE = re.compile(
    r'(?:(?:<h3[^>]*>[^\n]*</h3>\s*)?<figure[^>]* class="half">'
    r"[^<]*(?:<(?!/figure>)[^<]*)*</figure>\s*){2,}"
)
HALF = 420  # pixels up to which two figures stand side by side
OURS = {"answer", "prose", "data", "not-available", "figure", "table"}  # of `analysis.show`
PNG = b"\x89PNG\r\n\x1a\n"
FRAME = f"{VENDOR}data+json"
FACTS = (  # in the footer, in this order
    *("wave", "as_of", "publisher", "audience", "parameters"),
    *("data_sha256", "code_sha256", "commit", "date", "command"),
)
FACTS_OF_RUN = {"wave", "language", "audience", "output"}  # parameters of every notebook
# what the templates of a page read, where its context does not set it
UNSET = dict.fromkeys(("home", "layout", "contents", "audience", "invented", "named"), "")
DROPPED = {"script", "style", "iframe", "object", "template", "svg", "math", "textarea", "title"}


def sanitize(fragment: str) -> str:
    """HTML cut down to what a report needs; links only inside the page or to https.

    >>> sanitize('<p onclick="x()">a<script>alert(1)</script><a href="javascript:x">b</a></p>')
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


class _Renderer(IPythonRenderer):
    """Leaves a mark in the place of each picture, whose HTML would not outlast `sanitize`.

    `made`: what stands there: the picture that is attached under its name, else words.
    """

    MARK = "\ue000{}\ue000"  # letters of no language

    def __init__(self, attached: Mapping[str, str], otherwise: str) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.attached, self.otherwise = attached, otherwise
        self.made: list[str] = []

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture of a text, by what it is called and where it lies."""
        png = self.attached.get(url.removeprefix("attachment:"))
        alt = html.unescape(re.sub(r"<[^<>]+>", "", text))
        self.made.append(_image({"png": png, "alt": alt}) if png else html.escape(self.otherwise))
        return self.MARK.format(len(self.made) - 1)


def markdown(text: str, attached: Mapping[str, str] | None = None, otherwise: str = "") -> str:
    """Markdown as safe HTML; raw HTML in it goes through the same allow-list.

    A line that goes on in Japanese is joined without the space that a break would leave.
    `attached`: the pictures that it may show, PNG by name; `otherwise`: in the place of others.

    >>> markdown("答えは、\\n下のとおりです。").strip()
    '<p>答えは、下のとおりです。</p>'
    """
    text = re.sub(r"(?m)^(?!#)(.*[、-鿿！-～])\n(?=(?:\*\*)?[「『（【ぁ-鿿])", r"\1", text)
    renderer = _Renderer(attached or {}, otherwise)
    safe = show.with_scopes(sanitize(MarkdownWithMath(renderer=renderer).render(text)))
    for at, picture in enumerate(renderer.made):
        safe = safe.replace(renderer.MARK.format(at), picture)
    return safe


def output(cell_output: Mapping[str, Any], page: Mapping[str, Any]) -> str:
    """One output of a cell: the workbench's own kinds from their data, anything else cut down."""
    kind, words = cell_output["output_type"], page["words"]
    inside = page["audience"] == "internal"
    if kind in {"stream", "error"} and not inside:
        return ""  # what a library printed is no part of a report, an error may quote an answer
    if kind == "stream":
        return f"<pre tabindex='0'>{html.escape(cell_output['text'])}</pre>\n"
    if kind == "error":
        error = html.escape(f"{cell_output['ename']}: {cell_output['evalue']}")
        return f'<p class="error">{error}</p>\n'
    data = cell_output.get("data", {})
    if FRAME in data and not inside:
        return ""  # the tables and the numbers of the figures have it
    for own, fields in show.outputs_in(data):
        if own in OURS:
            content = _own(own, fields, words)
            return f"{content}\n" if content else ""
    if not inside:  # it may hold answers that the edition keeps back
        return show.macro("unavailable", reason=words["left_out"]) + "\n"
    if "text/markdown" in data:
        return markdown(data["text/markdown"], otherwise=words["no_picture"])
    if "text/html" in data:
        safe = show.with_scopes(sanitize(data["text/html"]))
        return f'<div class="scroll" tabindex="0">{safe}</div>\n'
    if "image/png" in data:
        picture = {"png": data["image/png"], "alt": words["picture"]}
        return f"<figure>{_image(picture)}</figure>\n"
    if "text/plain" in data:
        return f"<pre tabindex='0'>{html.escape(data['text/plain'])}</pre>\n"
    return ""


def _own(kind: str, data: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """An output of one of the workbench's own kinds; empty where there is nothing to show."""
    match kind:
        case "answer":
            more = data.get("more", "")
            return show.macro("answer", text=data["text"], gap=gap(data["text"]), more=more)
        case "prose":
            return markdown(data["markdown"])
        case "data":  # the first rows of a tidy frame, behind a button and not on paper
            summary = words["data"].format(n=data["n"])
            table = show.simple_table(data["rows"], data["columns"], [])
            return show.macro("data", summary=summary, table=table) if data["rows"] else ""
        case "not-available":  # what the survey has no material for is left out without a word
            withheld = data.get("withheld", True)
            return show.macro("unavailable", reason=data["reason"]) if withheld else ""
        case "figure":  # its source stands once, at the end of the page, and in the files
            link = _download(data, words, alone=False)
            return figure(data, words, id=f"figure-{show.anchor(data['name'])}", link=link)
        case _:
            return show.table(data, more=words["more"], link=_download(data, words))


def figure(data: Mapping[str, Any], words: Mapping[str, str], **more: str) -> Markup:
    """A figure with its caption; `more`: its id, a link under it, the `page` that it leads to."""
    size = _size(data)
    return show.macro(
        "figure",
        title=data["title"],
        asked=data.get("asked", ""),
        caption=words["of"].format(n=data["n"], of=data["denominator"]),
        picture=_image(data),
        half=bool(size) and size[0] <= HALF,
        alt=data["alt"],
        large=words["large"],
        **more,
    )


def _image(data: Mapping[str, Any]) -> Markup:
    return show.macro("image", alt=data["alt"], png="".join(data["png"].split()), size=_size(data))


def _size(data: Mapping[str, Any]) -> list[int]:
    """Width and height of a PNG on the page, 6 pixels to 10 of its own; empty of anything else."""
    head = base64.b64decode("".join(data["png"][:80].split())[:64])
    known = head.startswith(PNG) and len(head) >= 24
    return [pixels * 6 // 10 for pixels in struct.unpack(">II", head[16:24])] if known else []


def _download(data: Mapping[str, Any], words: Mapping[str, str], *, alone: bool = True) -> Markup:
    """A link to the numbers; one that stands `alone`, outside a caption, says whose they are."""
    return show.macro(
        "download",
        name=data["name"],
        csv=base64.b64encode(data["csv"].encode("utf-8-sig")).decode("ascii"),
        words=words["numbers"],
        label=f"{words['numbers']} {data['title']}" if alone else "",
    )


def export(executed: Path, target: Path, *, context: Mapping[str, Any]) -> None:
    """Write one executed notebook as a page.

    `context` gives language, audience, wave, wave_title, invented and what the footer says; a
    `title` in the place of the notebook's own title and heading, with `leads` (notebook -> text)
    the paragraph under it, and with `home` a link to a list of such pages.
    """
    notebook = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
    language, about = context["language"], notebook.metadata.get("workbench", {})
    hidden = {f"lang-{'en' if language == 'ja' else 'ja'}", "remove-cell"}
    cells = [c for c in notebook.cells if not hidden & set(c.metadata.get("tags", []))]
    title = context.get("title") or about.get("title", {}).get(language) or executed.stem
    if lead := (context.get("leads") or {}).get(executed.stem):
        first = next(cell for cell in cells if cell.cell_type == "markdown")
        first.source = f"# {title}\n\n{lead}"
    # of the parameters, those that the footer does not say otherwise
    used = {p.name: p.default for p in declared(notebook, executed) if p.name not in FACTS_OF_RUN}
    used |= context.get("parameters") or {}
    page = page_context(
        {**context, "parameters": used},
        title=title,
        contents=True,
        layout=about.get("layout", ""),
        heading=context.get("title", ""),
    )
    for out in (out for cell in cells for out in cell.get("outputs", [])):
        out.html = output(out, page)
    cells = _with_content(cells, page)
    for cell in cells:
        if cell.cell_type == "markdown":
            kept = cell.get("attachments", {}) if page["audience"] == "internal" else {}
            pictures = {name: one.get("image/png", "") for name, one in kept.items()}
            words = page["words"]["no_picture"]
            cell.source = markdown(_LANGUAGE.sub("", cell.source), pictures, words)
        elif "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = ""  # the footer gives the parameters; folders of this machine stay here
    notebook.cells = _joined_cells(cells)
    body, _ = _exporter().from_notebook_node(notebook, resources={"workbench": page})
    if body.count('class="half"') > 1:  # the search takes long in the letters of pictures
        body = _SIDE_BY_SIDE.sub(r'<div class="halves">\n\g<0></div>\n', body)
    paths.write_atomic(target, whole(body, page))


def _with_content(cells: Sequence[Any], page: Mapping[str, Any]) -> list[Any]:
    """The cells without sections whose code shows nothing, for want of material or in this edition.

    A section reaches to the next heading of its level or a higher one. What the edition withholds
    is named once, at the end.
    """
    parts: list[tuple[int, list[Any]]] = [(0, [])]
    for cell in cells:
        heading = re.match(r"#{2,6} ", cell.source) if cell.cell_type == "markdown" else None
        if heading:
            parts.append((len(heading[0]), []))
        parts[-1][1].append(cell)
    shown: list[Any] = []
    withheld: list[str] = []  # headings of what is withheld
    why: list[str] = []
    below = 0  # level of the heading after this part, where that is kept
    for level, part in reversed(parts):
        code = any(cell.cell_type == "code" for cell in part)
        outputs = [output for cell in part for output in cell.get("outputs", [])]
        reasons = [*filter(None, map(_withheld, outputs))]
        shows = any(output.html.strip() and not _withheld(output) for output in outputs)
        if shows or not code or not level or below > level:
            shown, below = [*part, *shown], level
        elif reasons:
            withheld.insert(0, part[0].source.partition("\n")[0].lstrip("# "))
            why = [*reasons, *why]
    if withheld:
        words, reasons = page["words"], list(dict.fromkeys(why))
        note = words["left"].format(parts=words["between"].join(withheld), why=" ".join(reasons))
        shown.append(nbformat.v4.new_markdown_cell(note))
    return shown


def _withheld(output: Mapping[str, Any]) -> str:
    """Why an edition does not show something that there is; empty of any other output."""
    absent = output.get("data", {}).get(f"{VENDOR}not-available+json")
    return absent["reason"] if absent is not None and absent.get("withheld", True) else ""


def _joined_cells(cells: Sequence[Any]) -> list[Any]:
    """Join the code cells between two texts; tidy frames, which are unfolded, come last."""
    joined: list[Any] = []
    for kind, run in groupby(cells, key=lambda cell: cell.cell_type):
        these = list(run)
        if kind == "code":
            first = these[0]
            sources = (cell.source for cell in these)
            first.source = "\n\n".join(source for source in sources if source.strip())
            outputs = {
                _withheld(o) or id(o): o for cell in these for o in cell.outputs
            }  # each once
            first.outputs = sorted(outputs.values(), key=lambda o: FRAME in o.get("data", {}))
            these = [first]
        joined += these
    return joined


def page_context(context: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What the templates read."""
    language, invented = context["language"], bool(context.get("invented"))
    own_register = bool(context.get("own_register"))
    words, audience = labels("page", language, own_register), context.get("audience", "")
    narrow = label(f"audience.{audience}", language) if audience else ""
    if context.get("named"):  # its data are published: no edition of it is for a few
        narrow, audience = words["open"], "public"
    known = {**context, "audience": narrow}
    facts = []
    for name in filter(context.get, FACTS):
        value = known[name]
        if isinstance(value, Mapping) and {*value} == {"ja", "en"}:
            value = value[language]
        elif isinstance(value, Mapping):
            value = ", ".join(f"{k}={v}" for k, v in value.items() if v not in ("", None))
        facts.append((label(f"facts.{name}", language), str(value)))
    if invented:
        facts.append((label("facts.note", language), words["invented"]))
    wave_title = (context.get("wave_title") or {}).get(language, context.get("wave", ""))
    warned = [narrow] if audience and audience != "public" else []
    warned += [words["invented_short"]] if invented else []
    site = more.get("site") or wave_title
    between = "・" if language == "ja" else "; "
    return {
        **UNSET,
        **context,
        "site": site,
        "running": (_css(str(site)), _css(between.join(warned))),
        "audience_label": narrow,
        "words": words,
        "facts": facts,
        "wave_title": wave_title,
        **more,
    }


def rendered(template: str, page: Mapping[str, Any], **values: Any) -> str:
    """A whole page whose content is the template ``{template}.html.j2``.

    `page` comes from `page_context`; `values` are what the template reads beside it.
    """
    content = templates().get_template(f"{template}.html.j2").render(page=page, **values)
    return whole(content, page)


@cache
def templates() -> Environment:
    """The templates of pages, and those of outputs that they use."""
    own = PackageLoader("workbench", "templates/workbench")
    outputs = show.templates()
    return outputs.overlay(loader=ChoiceLoader([own, PackageLoader("analysis", "templates")]))


def whole(body: str, page: Mapping[str, Any]) -> str:
    """A page: its first h1 goes into the header, its headings into the contents if it has them.

    `body` is safe HTML, `page` comes from `page_context`.
    """
    title = re.search(r"<h1[^>]*>(.*?)</h1>\s*", body, flags=re.S)
    heading = page.get("heading") or (Markup(title[1]) if title else page["title"])
    if title:
        body = body[: title.start()] + body[title.end() :]
    toc: list[tuple[str, str, list[tuple[str, str]]]] = []
    if page["contents"]:
        body = _anchored(re.sub(r"<(/?)h1>", r"<\1h2>", body), toc)
    lead, mark, rest = body.partition('<h2 id="s1">') if toc else ("", "", body)
    page = {**page, "heading": heading, "toc": toc, "lead": Markup(lead)}
    return templates().get_template("page.html.j2").render(page=page, body=Markup(mark + rest))


def _anchored(body: str, toc: list[tuple[str, str, list[tuple[str, str]]]]) -> str:
    """An id on every h2 and h3, each noted for the table of contents (an h3 under its h2)."""

    def mark(match: re.Match[str]) -> str:
        text = html.unescape(re.sub(r"<[^<>]+>", "", match[2])).strip()
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
def _exporter() -> TemplateExporter:
    """nbconvert with our own template; its HTML exporter would load from four other sites."""
    folder = str(Path(__file__).parents[1] / "templates")
    return TemplateExporter(
        template_name="workbench",
        file_extension=".html",
        extra_template_basedirs=[folder],
        optimistic_validation=True,  # once, not after each preprocessor
    )
