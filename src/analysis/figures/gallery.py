"""Style of figures and the registry that exports them.

A figure leaves the workbench only through `Gallery.show`, which refuses what would mislead a
reader: no title, no text for those who cannot see it, no n, no source, no numbers behind it, a
character that the font lacks, an axis without a name, labels that overlap.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.transforms import Bbox
from PIL import Image
from scipy.spatial.distance import cdist

from analysis import paths
from analysis.errors import Message, refusal
from analysis.figures import checks
from analysis.show import Figure, Frame, NotAvailable, Table
from analysis.spreadsheet import quoted, to_csv
from analysis.text import Language, interval_text, label, labels, p_text, say, sections, unescape

with mpl.rc_context():  # its import sets the font of every figure; here `use_style` does that
    import matplotlib_fontja

# steps that differ in grey print too; blue and orange are apart for every colour vision
PALETTE = ("#173f5f", "#5aa9c7", "#f5bf4f", "#a63a24", "#858585", "#d3dfcd", "#9b36c4", "#2b1a0e")
STYLE = Path(__file__).with_name("report.mplstyle")
SMALL = checks.SMALLEST_LETTER  # of what is written into a drawing
DOTS = 200  # an inch: twice what a page shows
COLOURS = 128  # of a picture; with twice as many, files are a fourteenth larger and look no better
MARGIN = 0.1  # inches around what is saved
SIZES = {"report": 1.0, "slide": 1.88}  # 7.1 inches of column, 13.3 of slide: 17-point letters
FALLBACK = ("Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "DejaVu Sans")
# JIS X 4051: no line begins with one of the first or ends with one of the second
KEPT = "、。，．・：；？！」』）］｝〉》】”’ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％,.)"
OPENS = "「『（［｛〈《【("
# words of Latin letters stay whole, and of katakana as far as a narrow column has room for them
_PIECE = re.compile(f"[{re.escape(OPENS)}]*(?:[!-~]+|[ァ-ヶー]{{2,8}}|.)[{re.escape(KEPT)}]*")
_WRITTEN = re.compile(r"[<≦+-]?(0|[1-9]\d{0,2})(,\d{3})*(\.\d+)?%?")
NAMED_UP_TO = 40  # municipalities that a figure or table can show one by one
HIDDEN = "—"  # in the place of a number that an edition withholds
VERBATIM = ("raw", "example")  # columns of answers as received
WITHHELD = ("withheld", "few")  # reasons of the edition, not of the survey
Drawn: TypeAlias = Axes | Canvas | sns.axisgrid.Grid


def use_style(language: Language = "ja") -> None:
    """Set seaborn's theme with a Japanese font.

    Japanese figures are in IPAexGothic, which comes with a package, so that they are the same on
    every machine. Characters that it lacks (𠮷) are taken from an installed font of `FALLBACK`;
    where there is none, the registry refuses the figure and says which font to install.
    """
    mpl.rcdefaults()  # nothing of a matplotlibrc of the user's
    installed = {font.name for font in font_manager.fontManager.ttflist}
    if "IPAexGothic" not in installed:
        matplotlib_fontja.japanize()
    japanese = ["IPAexGothic", *(name for name in FALLBACK if name in installed)]
    fonts = japanese if language == "ja" else ["DejaVu Sans", *japanese[:-1]]
    sns.set_theme(style="ticks", palette=list(PALETTE))
    plt.style.use(STYLE)
    mpl.rcParams["font.family"] = fonts  # a list: matplotlib falls back for each missing glyph


class Gallery:
    """Where the figures and tables of one notebook are checked, exported and shown.

    Parameters
    ----------
    folder : gets figures/NAME.svg, .png, .csv and tables/NAME.csv, the same tables with ids in the
        place of labels in results/figures and results/tables, and results/NAME.csv; None writes no
        files. The files carry the title; the figure that a page shows leaves it to the page.
    source : given under each figure. invented : stamp every figure as invented data.
    size : ``report`` for the column of a report, ``slide`` for the width of a slide.
    digits : of numbers with decimals in tables and files; None gives all of them. A statistic in
        full is a sum by which guesses at hidden answers can be checked.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        language: Language,
        source: str,
        invented: bool,
        own_register: bool = False,
        size: str = "report",
        digits: int | None = None,
    ) -> None:
        self.digits, self.own_register = digits, own_register
        self.folder, self.language, self.source = folder, language, source
        self.notice = label("figure.invented", language, own_register) if invented else ""
        after = f"　{self.notice}" if language == "ja" else f". {self.notice}"
        self.after_caption = "" if self.notice.lower() in source.lower() else after
        self.scale = SIZES[size]
        use_style(language)

    def show(
        self,
        drawing: Drawn,
        name: str,
        *,
        n: int,
        data: pd.DataFrame,
        title: str = "",
        alt: str = "",
        denominator: str = "",
        words: str = "",
        key: bool = False,
        units: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Figure | NotAvailable:
        """Check, export and close a figure; without plotted numbers it says that there are none.

        Parameters
        ----------
        name : ``page/name`` of the sentence that has its words (see `analysis.text.say`) with the
            `values` filled in: a paragraph each for title, denominator, text alternative and,
            perhaps, the question as it was asked. Or the name alone, with the first three or the
            sentence given as `words`.
        data : the plotted numbers. n : the denominator of the whole figure.
        key : whether it is the one by which the index shows the page.
        units : of columns whose unit depends on the question, for the headings of the file.
        """
        question: list[str] = []
        canvas = drawing.figure
        assert isinstance(canvas, Canvas)
        words, name = _sentence(name, words)
        try:
            if words and data.empty:
                return self._nothing(name, data)
            if words:
                title, denominator, alt, *question = self._paragraphs(words, values)
                data = self._with_labels(data, words, f"figures/{name}", units=units)
            about = {"title": title, "alt": alt, "denominator": denominator, "key": key}
            return self._figure(canvas, name, n, data, asked="".join(question), **about)
        finally:
            plt.close(canvas)

    def _figure(
        self, canvas: Canvas, name: str, n: int, data: pd.DataFrame, **about: Any
    ) -> Figure:
        """The figure of a drawing with its words, exported; refused where one is lacking."""
        parts = {
            "title": about["title"].strip(),
            "alt text": about["alt"].strip(),
            "source": self.source.strip(),
            "n with its denominator": about["denominator"] and n is not None,
            "numbers (data=)": data is not None and len(data),
        }
        if lacking := next((what for what, value in parts.items() if not value), ""):
            subject = Message(lacking)
            raise refusal("figure.lacks", name=name, subject=subject)
        of = {"n": f"{n:,}", "of": about["denominator"], "source": self.source}
        origin, csv = label("figure.origin", self.language, **of), to_csv(self.round_numbers(data))
        png = self._export(canvas, name, about["title"], origin, csv)
        return Figure(
            name=name,
            n=int(n),
            caption=origin + self.after_caption,
            source=self.source,
            png=base64.b64encode(png).decode("ascii"),
            csv=csv.decode("utf-8-sig"),
            **about,
        )

    def _export(self, canvas: Canvas, name: str, title: str, origin: str, csv: bytes) -> bytes:
        """Lay out, check and write a figure; gives the PNG that a page shows."""
        # each `savefig` sets the layout engine back to the default, which would lay out anew
        as_laid_out = mpl.rc_context({"figure.constrained_layout.use": False})
        with checks.strict(name), as_laid_out, checks.laid_out_once(), checks.fonts_in_memory():
            canvas.set_dpi(DOTS * self.scale)  # laid out as it is saved, and once
            canvas.draw_without_rendering()  # legends and the like take their places only then
            canvas.set_layout_engine(None)  # with the word "none" each file would be drawn twice
            for legend in canvas.legends:  # by default it would move to the edge of what is saved
                legend.set_bbox_to_anchor((0, 0, 1, 1), transform=canvas.transFigure)
            column = canvas.get_tightbbox()
            if self.notice:  # a page gives all else as text
                column = _add_text(canvas, column, self.notice, gap=0.02)
            whole = _add_text(canvas, _add_text(canvas, column, origin), title, above=True)
            checks.check(canvas, name)
            image, part = _images(canvas, whole, column)
            if self.folder:  # a page alone needs neither
                svg = _svg(canvas, whole, self.scale)
                self._write("figures", name, png=_png(image), svg=svg, csv=csv)
            return _png(part)

    def table(
        self,
        frame: pd.DataFrame,
        name: str,
        *,
        n: int,
        title: str = "",
        notes: list[str] | None = None,
        words: str = "",
        places: int = 0,
        intervals: Sequence[str] | Mapping[str, int] = (),
        percent: Sequence[str] = (),
        page: pd.DataFrame | None = None,
        **values: Any,
    ) -> Table | NotAvailable:
        """A table with its n and notes, also written as CSV; row labels go in columns first.

        Parameters
        ----------
        name : ``page/name`` of the sentence that has its words with the `values` filled in: a
            paragraph for the title and one for each note. Or the name alone, with title and notes,
            or with the sentence given as `words`.
            Columns and ids then get their labels: a column by the section ``column``, its values by
            the section of the column's name, where there is one.
        places : the fewest decimals of every column of floats.
        intervals : columns that the page shows together with their ``low`` and ``high`` (or
            ``NAME_low``, ``NAME_high``), as in ``+0.41 (+0.01, +0.70)``; with their decimals where
            these are not two.
        percent : columns of shares (0 to 1) that are given in percent with one decimal.
        page : what a page shows in the place of the frame, which is then in the files alone.
        """
        on_page = frame = self.round_numbers(frame)
        words, name = _sentence(name, words)
        if words:
            if frame.empty:
                return self._nothing(name, frame)
            title, *notes = self._paragraphs(words, values)
            there = self._as_text(frame if page is None else page, intervals, percent)
            on_page = self._with_labels(there, words, percent=percent)
            frame = self._with_labels(frame, words, f"tables/{name}", percent)
        if not title.strip():
            raise refusal("table.no_title", name=name)
        csv = to_csv(frame)
        self._write("tables", name, csv=csv)
        columns = [_cells(on_page.iloc[:, at], places) for at in range(on_page.shape[1])]
        return Table(
            name=name,
            title=title,
            caption=f"n = {n:,}{self.after_caption}",
            n=int(n),
            notes=list(notes or []),
            columns=[
                {"label": str(name), "numeric": _numeric(on_page, at, columns[at])}
                for at, name in enumerate(on_page.columns)
            ],
            rows=[list(row) for row in zip(*columns, strict=True)],
            csv=csv.decode("utf-8-sig"),
        )

    def _paragraphs(self, words: str, values: dict[str, Any]) -> list[str]:
        """The paragraphs of the sentence of a figure or table; it reads a frame as its rows."""
        values = {k: v.records if isinstance(v, Frame) else v for k, v in values.items()}
        text = unescape(say(words, self.language, self.own_register, **values))
        return [p for p in text.split("\n\n") if p]

    def _nothing(self, name: str, frame: pd.DataFrame) -> NotAvailable:
        """Why there is nothing to show; see `analysis.show.Frame.nothing`."""
        why = frame.attrs.get("why", "nothing")
        return NotAvailable(name, label(f"figure.{why}", self.language), why in WITHHELD)

    def _with_labels(
        self,
        frame: pd.DataFrame,
        words: str,
        result: str = "",
        percent: Sequence[str] = (),
        units: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Columns and ids in the language of the reader; an index that has a name is a column.

        A page may have headings of its own in the section ``PAGE_column``. What becomes a file has
        the name of a `result`: the frame is kept under it with ids, as comparisons read it; the
        headings of its numbers state their unit, and raw answers are quoted.
        """
        frame = pd.DataFrame(frame.reset_index() if frame.index.name else frame)
        if result:
            self.result(self.round_numbers(frame), result)
        known: dict[str, str] = {}
        for section in ("severity", "status", "column", f"{words.partition('/')[0]}_column"):
            if section in sections():
                known |= labels(section, self.language, self.own_register)
        for column in sections().intersection(map(str, frame.columns)):
            ids = labels(column, self.language)
            frame[column] = frame[column].astype(object).map(lambda id, w=ids: w.get(id, id))
        for column in frame.columns.intersection(list(percent)):
            numbers = pd.to_numeric(frame[column], errors="coerce") * 100
            frame[column] = numbers.astype("Float64").round(1)
            known[column] = label("figure.percent", self.language, name=known[column])
        if result:
            for column in frame.columns[[kind == "O" for kind in frame.dtypes]]:
                numbers = pd.to_numeric(frame[column].where(frame[column].ne(HIDDEN)), "coerce")
                if (numbers.notna() | frame[column].eq(HIDDEN)).all() and numbers.notna().any():
                    frame[column] = numbers.convert_dtypes()
            units = labels("unit_of", self.language, self.own_register) | dict(units or {})
            for column in frame.columns.intersection(list(units)).difference(list(percent)):
                name, unit = known.get(column, column), units[column]
                if pd.api.types.is_numeric_dtype(frame[column]) and unit not in name:
                    known[column] = label("figure.with_unit", self.language, name=name, unit=unit)
            for column in frame.columns.intersection(VERBATIM):
                quoted = [label("figure.quoted", self.language, text=t) for t in frame[column]]
                frame[column] = pd.Series(quoted, frame.index).where(frame[column].ne(""), "")
        return frame.rename(columns=known)

    def _as_text(
        self,
        frame: pd.DataFrame,
        intervals: Sequence[str] | Mapping[str, int],
        percent: Sequence[str],
    ) -> pd.DataFrame:
        """Estimates with their intervals and p-values as text; a dash where there is no number."""
        frame = pd.DataFrame(frame).copy()
        known = labels("column", self.language, self.own_register)
        places = intervals if isinstance(intervals, Mapping) else dict.fromkeys(intervals, 2)
        for name in frame.columns.intersection(list(intervals)):
            ends = [f"{name}_low", f"{name}_high"] if f"{name}_low" in frame else ["low", "high"]
            three = frame.reindex(columns=[name, *ends]).astype(float).to_numpy()
            frame[name] = [interval_text(x, low, high, places[name]) for x, low, high in three]
            if set(ends) <= set(frame):
                both = label("figure.interval", self.language, name=known.get(name, name))
                frame = frame.drop(columns=ends).rename(columns={name: both})
        for name in frame.columns.intersection(["p", "p_holm"]):
            frame[name] = frame[name].astype(float).map(p_text)
        for name in frame.columns[frame.isna().any()].difference(list(percent), sort=False):
            column = there = frame[name]
            if pd.api.types.is_float_dtype(column.dtype):
                there = pd.Series(_cells(column), column.index)
            frame[name] = there.astype(object).where(column.notna(), "—")
        return frame

    def round_numbers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The numbers with decimals to as many digits as may be given."""
        if self.digits is None:
            return frame
        numbers = frame.select_dtypes("floating").map(
            lambda value: float(f"{value:.{self.digits}g}"), na_action="ignore"
        )
        return frame.assign(**dict(numbers.items()))

    def result(self, frame: pd.DataFrame, name: str) -> None:
        """Numbers for another command, as results/NAME.csv, raw answers quoted; nothing is shown.

        An empty frame, such as one that the edition withholds, is not written.
        """
        if self.folder and len(frame):
            words = {column: quoted(frame[column]) for column in VERBATIM if column in frame}
            self._write("results", name, csv=to_csv(frame.assign(**words)))

    def _write(self, kind: str, name: str, **contents: bytes) -> None:
        """Files of one figure or table, each by its suffix; none where no files are wanted."""
        if self.folder:
            for suffix, content in contents.items():
                paths.write_output(self.folder, f"{kind}/{name}.{suffix}", content)


def _sentence(name: str, words: str) -> tuple[str, str]:
    """The sentence with the words of an output, empty if it has none, and the output's own name."""
    return words or (name if "/" in name else ""), name.rpartition("/")[2]


def _add_text(
    canvas: Canvas, extent: Bbox, words: str, *, above: bool = False, gap: float = MARGIN + 0.02
) -> Bbox:
    """A title over everything drawn, or a line under it, which travel with the picture.

    The `gap` over the line, in inches, is by default beyond what is cropped.
    """
    width, height = canvas.get_size_inches()
    size = plt.rcParams["axes.titlesize"] if above else SMALL
    low = min(0.0, extent.y0) - gap
    y = max(height, extent.y1) + 0.08 if above else low
    look: dict[str, Any] = {"va": "bottom"} if above else {"va": "top", "color": "#444444"}
    text = break_lines(words, max(width, extent.width) * 72 / size)
    added = canvas.text(min(0.0, extent.x0) / width, y / height, text, fontsize=size, **look)
    box = added.get_window_extent().transformed(canvas.dpi_scale_trans.inverted())
    return Bbox.union([extent, box])


def ems(text: str) -> float:
    """About how wide a text is, in font sizes."""
    return sum(0.6 if letter.isascii() else 1.0 for letter in text)


def break_lines(text: str, room: float) -> str:
    """Lines of at most `room` font sizes; words of Latin letters or katakana stay whole.

    No line begins with a mark that Japanese keeps with the word before, nor ends with an opening
    bracket (kinsoku).

    >>> break_lines("あいう（えお）か", 4)
    'あいう\\n（えお）\\nか'
    """
    lines, length = [""], 0.0
    for piece in _PIECE.findall(text):
        if length + ems(piece) > room and length:
            lines, length = [*lines, ""], 0.0
        if lines[-1] or not piece.isspace():
            lines[-1], length = lines[-1] + piece, length + ems(piece)
    return "\n".join(line.rstrip() for line in lines)


def _images(canvas: Canvas, whole: Bbox, part: Bbox) -> tuple[Image.Image, Image.Image]:
    """The pictures of two boxes of one drawing, in at most `COLOURS`."""
    buffer, dpi, box = io.BytesIO(), canvas.dpi, whole.padded(MARGIN)
    canvas.savefig(buffer, format="rgba", dpi=dpi, bbox_inches=box)
    image = _few_colours(buffer.getbuffer(), int(box.width * dpi))
    left, top = (part.x0 - whole.x0) * dpi, (whole.y1 - part.y1) * dpi
    right, low = left + (part.width + 2 * MARGIN) * dpi, top + (part.height + 2 * MARGIN) * dpi
    ends = (min(round(right), image.width), min(round(low), image.height))
    return image, image.crop((round(left), round(top), *ends))


def _few_colours(drawing: memoryview, width: int) -> Image.Image:
    """A picture in its `COLOURS` commonest colours, each other one as the nearest of these.

    Beyond these come shades at the edge of letters and lines, which look no different, and the file
    is less than half as large. Pillow's own choice of colours takes six times as long. Most of a
    drawing is runs of one colour, and each run is looked up once.
    """
    pixels = np.frombuffer(drawing, np.uint32)  # the four bytes of a pixel as one
    begins = np.flatnonzero(np.diff(pixels, prepend=~pixels[:1]))
    lengths = np.diff(begins, append=len(pixels))
    at, values = pd.factorize(pixels[begins])
    colours = values.view(np.uint8).reshape(-1, 4)[:, :3]
    common = colours[np.argsort(-np.bincount(at, lengths), kind="stable")[:COLOURS]]
    nearest = cdist(colours, common).argmin(axis=1).astype(np.uint8)
    indices = np.repeat(nearest[at], lengths)
    image = Image.frombytes("P", (width, len(indices) // width), indices.tobytes())
    image.putpalette(common.tobytes())
    return image


def _png(image: Image.Image) -> bytes:
    """The picture as a file without a date: of the same drawing the same bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "png", dpi=(DOTS, DOTS))
    return buffer.getvalue()


def _svg(canvas: Canvas, box: Bbox, scale: float) -> bytes:
    """The drawing as SVG without a date, which opens `scale` times as large."""
    buffer, nothing = io.BytesIO(), {"Date": None, "Creator": None}
    canvas.savefig(buffer, format="svg", bbox_inches=box.padded(MARGIN), metadata=nothing)
    # matplotlib begins a line for each step of a path: a ninth of the file
    svg = re.sub(rb" ?\n([LQCMz]) ?", rb"\1", buffer.getvalue())
    sides = re.compile(rb'\b(width|height)="([0-9.]+)pt"')
    return sides.sub(lambda side: b'%s="%.2fpt"' % (side[1], float(side[2]) * scale), svg, 2)


def _numeric(frame: pd.DataFrame, at: int, cells: Sequence[str]) -> bool:
    """Whether a column is of numbers, also written as text; a code or a year is no such number."""
    kind = frame.dtypes.iloc[at]
    if pd.api.types.is_numeric_dtype(kind):
        return not pd.api.types.is_bool_dtype(kind)
    texts = [cell for cell in cells if cell not in {"", "—"}]
    return at > 0 and bool(texts) and all(map(_WRITTEN.fullmatch, texts))


def _cells(column: pd.Series, least: int = 0) -> list[str]:
    """A column as shown; numbers with the same decimals throughout, at most three.

    Thousands have none: nobody reads the hundredth of a person beside a population.
    """
    if not pd.api.types.is_float_dtype(column.dtype):
        return ["" if pd.isna(value) else _cell(value) for value in column]
    numbers = column.astype("Float64").to_numpy(float, na_value=np.nan).round(3)
    there = numbers[np.isfinite(numbers)]
    places = next(d for d in range(least, 4) if d == 3 or np.array_equal(there.round(d), there))
    return ["" if np.isnan(x) else f"{x:,.{0 if abs(x) >= 1000 else places}f}" for x in numbers]


def _cell(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "✓" if value else ""
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)
