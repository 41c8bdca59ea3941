"""What a notebook shows, as data and as HTML: answers, prose, figures, tables.

JupyterLab and the published pages show the same. A table reads on a phone, in a column and on A4;
templates escape whatever they are given.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from analysis.errors import follow
from analysis.text import gap

MOST = 200  # rows on a page; the embedded numbers and the workbook have them all
LONG_RUN = 4  # rows under one heading from which on it stands in a row of its own
SHEET = 52  # characters across a printed sheet that stay whole
NARROW, MIDDLE = 11.0, 22.0  # widths of columns in characters
# for JupyterLab, which sets every cell to the right; the pages have a style sheet of their own
STYLE = Markup(
    "<style>.answer{font-weight:bold}.answer span{font-weight:normal}"
    ".unavailable{font-style:italic}"
    ".scroll td:not(.n),.scroll th:not(.n){text-align:left}"
    ".scroll caption{text-align:left;font-weight:bold}"
    ".scroll caption small{font-weight:normal;margin-left:1em}"
    "figcaption strong,figcaption span{display:block}</style>"
)
TableCell = tuple[Any, str, str, int]  # text, scope of a heading, kind of its column, rows spanned


@cache
def templates() -> Environment:
    """The templates of outputs; those of HTML escape whatever they are given."""
    return Environment(
        loader=PackageLoader("analysis", "templates"),
        autoescape=lambda name: ".html" in (name or ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def only_language(language: Literal["ja", "en"]) -> None:
    """Show the prose and the errors of one language in the notebook of whoever works in JupyterLab.

    A text cell says its language by an empty ``<span lang="en"></span>`` at its end; what is shown
    last counts.
    """
    from IPython import get_ipython
    from IPython.display import HTML, display

    if hasattr(get_ipython(), "kernel"):
        other = "en" if language == "ja" else "ja"
        cell = ".jp-MarkdownCell:has(span[lang={}]:empty) {{ display: {} }}"
        rules = f"{cell.format(other, 'none')} {cell.format(language, 'revert')}"
        display(HTML(f"<style>{rules}</style>"))
        follow(language)


def macro(name: str, /, **values: Any) -> Markup:
    """One output as HTML: the macro `name` of ``outputs.html.j2``.

    >>> macro("unavailable", reason="<nothing>")
    Markup('<p class="unavailable">&lt;nothing&gt;</p>')
    """
    return Markup(getattr(templates().get_template("outputs.html.j2").module, name)(**values))


def table(data: Mapping[str, Any], *, most: int = MOST, more: str = "", link: str = "") -> Markup:
    """A table with caption and notes.

    Parameters
    ----------
    data : the fields of an `analysis.show.Table`.
    most, more : the number of rows shown, and the note with ``{most}`` and ``{n}`` where there are
        others.
    link : HTML under the table.
    """
    rows, notes = data["rows"][:most], list(data["notes"])
    if len(data["rows"]) > most:
        notes.append(more.format(most=most, n=len(data["rows"])))
    labels = [column["label"] for column in data["columns"]]
    kinds = [
        "n" if column["numeric"] else _kind([column["label"], *(row[at] for row in rows)])
        for at, column in enumerate(data["columns"])
    ]
    texts = bool(kinds) and kinds[0] != "n"  # neighbouring rows with the same first cell are a run
    runs = [list(run) for _, run in itertools.groupby(rows, key=lambda r: r[0] if texts else id(r))]
    grouped = len(labels) > 2 and max(map(len, runs), default=0) >= LONG_RUN
    if grouped:
        labels, kinds, bodies = _under_headings(labels, kinds, runs)
    else:
        blocks = [
            [_cells(run[0], kinds, len(run)), *(_cells(row, kinds)[1:] for row in run[1:])]
            for run in runs
        ]
        if all(len(run) == 1 for run in runs):
            blocks = [[row for rows in blocks for row in rows]] if blocks else []
        bodies = [{"rows": rows} for rows in blocks]
    # wide: more than a printed sheet holds, which then draws the columns together
    across = sum({"n": 5, "m": 6.5, "l": 9}.get(kind) or int(kind[1:]) for kind in kinds)
    return macro(
        "table",
        id=f"table-{anchor(data['name'])}",
        title=data["title"],
        caption=data["caption"],
        classes=["grouped"] * grouped + ["wide"] * (across > SHEET),
        heads=list(zip(labels, kinds, strict=True)),
        bodies=bodies,
        notes=notes,
        link=link,
    )


def _under_headings(
    labels: list[str], kinds: list[str], runs: list[list[Sequence[str]]]
) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    """Labels, kinds and bodies of a table whose first column becomes headings over its runs.

    A column whose cells are the same within each run moves into the headings.
    """
    alike = [
        at for at, kind in enumerate(kinds)
        if at > 1 and kind != "n" and all(len({row[at] for row in run}) == 1 for run in runs)
    ]  # fmt: skip
    columns = [at for at in range(1, len(labels)) if at not in alike]
    kinds = [kinds[at] for at in columns]
    bodies = [
        {
            "heading": run[0][0],
            "common": [f"{labels[at]}: {run[0][at]}" for at in alike if run[0][at]],
            "rows": [_cells([row[at] for at in columns], kinds) for row in run],
        }
        for run in runs
    ]
    between = " / " if labels[0].isascii() else "／"
    return [between.join(labels[:2]), *(labels[at] for at in columns[1:])], kinds, bodies


def simple_table(
    rows: Sequence[Sequence[object]], heads: Sequence[str], numeric: Sequence[int]
) -> Markup:
    """A table without caption, notes and headings of rows; `numeric`: the places of its numbers.

    >>> print(simple_table([["yes", "15"]], ["answer", "n"], [1]))  # doctest: +ELLIPSIS
    <div ...<th scope=col>answer<th scope=col class=n>n</thead><tbody><tr><td>yes<td class=n>15...
    """
    kinds = ["n" if at in numeric else "" for at in range(len(heads))]
    body = [[(text, "", kind, 1) for text, kind in zip(row, kinds, strict=True)] for row in rows]
    return macro("table", heads=list(zip(heads, kinds, strict=True)), bodies=[{"rows": body}])


def anchor(name: object) -> str:
    """A name as part of an id."""
    return re.sub(r"[^\w-]", "-", str(name), flags=re.ASCII)


def _cells(row: Sequence[str], kinds: Sequence[str], span: int = 1) -> list[TableCell]:
    """The cells of a row; the first is its heading unless it is a number."""
    cells: list[TableCell] = [(t, "", "n" * (k == "n"), 1) for t, k in zip(row, kinds, strict=True)]
    return [(row[0], "row", "", span), *cells[1:]] if kinds[:1] != ["n"] and cells else cells


def _kind(texts: Sequence[str]) -> str:
    """The width of a column of text: ``w`` and the characters that stay whole, or ``m``, ``l``."""
    longest = max(map(width, texts), default=0.0)
    if longest <= NARROW:
        return f"w{math.ceil(longest + 1.2)}"  # with the space at its sides
    return "m" if longest <= MIDDLE else "l"


@cache  # answers repeat
def width(text: str) -> float:
    """How wide a text is in Japanese characters.

    >>> width("団体"), width("n = 15")
    (2.0, 2.88)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WFA" for c in text)
    slim, signs = sum(c in " ,.()-/:" for c in text), text.count("%")
    return round(wide + 0.3 * slim + 0.9 * signs + 0.57 * (len(text) - wide - slim - signs), 2)


def with_scopes(fragment: str) -> str:
    """Cleaned HTML tables whose headings say what they are headings of.

    >>> with_scopes("<tbody><tr><th>a</th><td>1</td></tr></tbody>")
    '<tbody><tr><th scope="row">a</th><td>1</td></tr></tbody>'
    """

    def part(match: re.Match[str]) -> str:
        scope = "col" if match[1] == "thead" else "row"
        return match[0].replace("<th>", f'<th scope="{scope}">')

    return re.sub(r"<(thead|tbody)>.*?</\1>", part, fragment, flags=re.S)


VENDOR = "application/vnd.workbench."
_PICTURE = re.compile('src="data:image/png;base64,([^"]*)"')
FEW_ROWS = 8  # of a frame that a page shows


def outputs_in(bundle: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a stored output shows of the workbench's own kinds: the kind and its fields.

    The picture of a figure is stored once, in the HTML that JupyterLab shows.
    """
    for mime, data in bundle.items():
        if not mime.startswith(VENDOR):
            continue
        kind = mime.removeprefix(VENDOR).removesuffix("+json")
        if kind == Figure.kind and isinstance(data, Mapping) and "png" not in data:
            picture = _PICTURE.search("".join(bundle.get("text/html", "")))
            data = {**data, **({"png": picture[1]} if picture else {})}
        yield kind, data


class _Output:
    """What is shown: its fields for a page, HTML for JupyterLab, its text (`repr`) elsewhere."""

    kind: ClassVar[str]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        own = f"{VENDOR}{self.kind}+json"
        return {own: self._data(), **self._representations(), "text/plain": repr(self)}

    def _data(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    def _representations(self) -> dict[str, str]:
        return {"text/html": STYLE + self._html()}

    def _html(self) -> Markup:
        """The same HTML as on a published page, without what only a page can offer."""
        raise NotImplementedError


class Frame(pd.DataFrame):
    """A tidy frame that an edition may show; what is made of it by pandas is one, too.

    The page for the researchers shows its first rows behind a button; the committee's and the
    public's have the tables. Other frames, such as the answers of single municipalities, are left
    out of these with a word.

    >>> shares = Frame({"answer": ["yes", "no"], "share": [0.8, None]})
    >>> type(shares.query("share > 0.5")).__name__, shares.records
    ('Frame', [{'answer': 'yes', 'share': 0.8}, {'answer': 'no', 'share': None}])
    """

    @property
    def _constructor(self) -> type[Frame]:
        return Frame

    @classmethod
    def nothing(cls, why: str = "nothing", columns: Sequence[str] = ()) -> Frame:
        """An empty frame of these columns; a table or figure of it says why it is not there.

        `why`: a label of the section ``figure``, such as ``withheld``. What is selected or sorted
        of the frame keeps it.

        >>> Frame.nothing("withheld", ["code", "type"]).query("type > 1").why
        'withheld'
        """
        frame = cls(columns=list(columns))
        frame.attrs["why"] = why
        return frame

    @property
    def why(self) -> str:
        """Why there is nothing in an empty frame, a label of the section ``figure``."""
        return str(self.attrs.get("why", "nothing"))

    @property
    def records(self) -> list[dict[str, Any]]:
        """One dict a row, as a template reads it; what is missing is None."""
        plain = self.astype(object)
        return pd.DataFrame(plain.where(plain.notna(), None)).to_dict("records")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        first = pd.DataFrame(self).head(FEW_ROWS)
        few = first.reset_index(drop=isinstance(self.index, pd.RangeIndex))
        cells = (
            few.astype(object)
            .where(few.notna(), "")
            .map(lambda value: f"{value:.4g}" if isinstance(value, float) else str(value))
        )
        data = {"columns": list(map(str, few)), "rows": cells.to_numpy().tolist(), "n": len(self)}
        return {
            f"{VENDOR}data+json": data,
            "text/html": first.to_html(border=0),
            "text/plain": first.to_string(),
        }


@dataclass(frozen=True, repr=False)
class Answer(_Output):
    """The one sentence a page answers its question with, which the index shows; then the rest.

    `about`: the municipalities that the page takes as its example, where it is on single ones.
    """

    kind = "answer"
    text: str
    more: str = ""
    about: str = ""

    @classmethod
    def first(cls, paragraph: str) -> Answer:
        """A computed paragraph whose first sentence is the answer.

        >>> Answer.first("There are 3 clear types (p=0.01). They are stable.").text
        'There are 3 clear types (p=0.01).'
        """
        text, *more = re.split(r"(?<=。)|(?<=\. )", paragraph, maxsplit=1)
        return cls(text.strip(), *more)

    @property
    def paragraph(self) -> str:
        """The sentence and the rest as one text."""
        return f"{self.text}{gap(self.text)}{self.more}".strip()

    def _html(self) -> Markup:
        return macro("answer", text=self.text, gap=gap(self.text), more=self.more)

    def __repr__(self) -> str:
        return self.paragraph


@dataclass(frozen=True, repr=False)
class Prose(_Output):
    """A computed paragraph or list, in Markdown; see `escape` for what comes from answers."""

    kind = "prose"
    markdown: str

    def _representations(self) -> dict[str, str]:
        return {"text/markdown": self.markdown}

    def __repr__(self) -> str:
        return self.markdown


@dataclass(frozen=True, repr=False)
class NotAvailable(_Output):
    """A declared figure or table that is not there, and why.

    `withheld`: the edition keeps it back, which a page says; what the survey has no material for
    is left out of a page without a word.
    """

    kind = "not-available"
    name: str
    reason: str
    withheld: bool = False
    n: ClassVar[int] = 0  # municipalities that it is about

    def _html(self) -> Markup:
        return macro("unavailable", reason=self.reason)

    def __repr__(self) -> str:
        return self.reason


@dataclass(frozen=True, repr=False)
class Figure(_Output):
    """A checked and exported figure."""

    kind = "figure"
    name: str
    title: str
    alt: str
    caption: str
    n: int
    denominator: str
    source: str
    png: str = field(repr=False)  # base64
    csv: str = field(repr=False)
    key: bool = False
    asked: str = ""  # the question as it was asked

    def _data(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "png"}

    def _html(self) -> Markup:
        picture = macro("image", alt=self.alt, png=self.png, size=None)
        words = {"title": self.title, "asked": self.asked, "caption": self.caption}
        return macro("figure", id="", picture=picture, **words)

    def __repr__(self) -> str:
        return f"{self.title} ({self.caption})\n{self.alt}"


@dataclass(frozen=True, repr=False)
class Table(_Output):
    """A table with its denominator and notes."""

    kind = "table"
    name: str
    title: str
    caption: str
    n: int
    notes: list[str]
    columns: list[dict[str, Any]]  # {"label": str, "numeric": bool}
    rows: list[list[str]]
    csv: str = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as text, as it is shown."""
        return pd.DataFrame(self.rows, columns=[column["label"] for column in self.columns])

    def _html(self) -> Markup:
        return table(asdict(self), most=len(self.rows))

    def __repr__(self) -> str:
        return f"{self.title} ({self.caption})\n{self.frame.to_string(index=False)}"
