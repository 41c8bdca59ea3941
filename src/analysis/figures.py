"""Style of figures and the registry that exports them.

A figure leaves the workbench only through `Gallery.show`, which refuses what would mislead a
reader: no title, no text for those who cannot see it, no n, no source, no numbers behind it, a
character that the font lacks, an axis without a name, labels that overlap.
"""

from __future__ import annotations

import base64
import io
import itertools
import textwrap
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib_fontja
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text as Label

from analysis import paths
from analysis.errors import InputError
from analysis.outputs import Figure, Table
from analysis.text import Language

# steps that differ in grey print too; blue and orange are apart for every colour vision
PALETTE = ("#173f5f", "#5aa9c7", "#f2b134", "#b5472f", "#7a7a7a", "#c9d7c3", "#4b2e63", "#d8b4c8")
SIZES = {"report": 9, "slide": 15}
FALLBACK = ("Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "DejaVu Sans")
INVENTED = {"ja": "架空データ", "en": "Invented data"}
OVERLAP = 0.2  # share of the smaller label that another may cover


def use_style(language: Language = "ja", size: str = "report") -> None:
    """Set seaborn's theme with a Japanese font, for a report's column or for a slide."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    if "IPAexGothic" not in installed:
        matplotlib_fontja.japanize()
    japanese = ["IPAexGothic", *(name for name in FALLBACK if name in installed)]
    fonts = japanese if language == "ja" else ["DejaVu Sans", *japanese[:-1]]
    points = SIZES[size]
    sns.set_theme(
        style="ticks",
        palette=list(PALETTE),
        rc={
            "font.family": "sans-serif",
            "font.sans-serif": fonts,
            "font.size": points,
            "axes.titlesize": points + 1,
            "axes.labelsize": points,
            "xtick.labelsize": points - 1,
            "ytick.labelsize": points - 1,
            "legend.fontsize": points - 1,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.unicode_minus": False,
            "figure.constrained_layout.use": True,
            "svg.hashsalt": "workbench",
            "svg.fonttype": "path",
            "savefig.facecolor": "white",
        },
    )


class Gallery:
    """Where the figures and tables of one notebook are checked, exported and shown.

    Parameters
    ----------
    folder : gets figures/NAME.svg, .png, .csv and tables/NAME.csv.
    source : given under each figure. invented : stamp every figure as invented data.
    """

    def __init__(
        self,
        folder: Path,
        *,
        language: Language,
        source: str,
        invented: bool,
        audience: str = "internal",
        size: str = "report",
    ) -> None:
        self.folder, self.language, self.source = folder, language, source
        self.invented, self.audience = invented, audience
        use_style(language, size)

    def show(
        self,
        drawn: Axes | Canvas | sns.axisgrid.Grid,
        name: str,
        *,
        title: str,
        alt: str,
        n: int,
        denominator: str,
        data: pd.DataFrame,
        key: bool = False,
    ) -> Figure:
        """Check, export and close a figure; `data` holds the plotted numbers."""
        for what, given in (("title", title), ("alt text", alt), ("source", self.source)):
            if not given or not given.strip():
                raise InputError(f"the figure {name!r} has no {what}", hint="give one")
        if not denominator or n is None:
            raise InputError(f"the figure {name!r} has no n with its denominator", hint="give both")
        if data is None or data.empty:
            raise InputError(f"the figure {name!r} comes without its numbers", hint="pass data=")
        canvas = drawn if isinstance(drawn, Canvas) else drawn.figure
        caption = self._caption(n, denominator)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message="Glyph .* missing", category=UserWarning)
                try:
                    _stamp(canvas, caption)
                    canvas.draw_without_rendering()
                except UserWarning as warning:
                    raise InputError(
                        f"the figure {name!r} needs a character that the font lacks ({warning})",
                        hint="install a font that has it, such as Noto Sans CJK JP",
                    ) from None
                _check_axes(canvas, name)
                _check_overlap(canvas, name)
                png, svg = _bytes(canvas, "png"), _bytes(canvas, "svg")
        finally:
            plt.close(canvas)
        csv = _csv(data)
        for suffix, content in (("png", png), ("svg", svg), ("csv", csv)):
            paths.write_atomic(self.folder / "figures" / f"{name}.{suffix}", content)
        return Figure(
            name=name,
            title=title,
            alt=alt,
            caption=caption,
            n=int(n),
            denominator=denominator,
            source=self.source,
            png=base64.b64encode(png).decode("ascii"),
            svg=svg.decode("utf-8"),
            csv=csv.decode("utf-8-sig"),
            key=key,
        )

    def table(
        self, frame: pd.DataFrame, name: str, *, title: str, n: int, notes: list[str] | None = None
    ) -> Table:
        """A table with its n and notes, also written as CSV; row labels go in columns first."""
        if not title.strip():
            raise InputError(f"the table {name!r} has no title", hint="give one")
        csv = _csv(frame)
        paths.write_atomic(self.folder / "tables" / f"{name}.csv", csv)
        numeric = [pd.api.types.is_numeric_dtype(frame[c]) for c in frame.columns]
        return Table(
            name=name,
            title=title,
            caption=f"n = {n:,}" + self._invented_words(),
            n=int(n),
            notes=list(notes or []),
            columns=[
                {"label": str(c), "numeric": bool(is_number)}
                for c, is_number in zip(frame.columns, numeric, strict=True)
            ],
            rows=[[_cell(value) for value in row] for row in frame.itertuples(index=False)],
            csv=csv.decode("utf-8-sig"),
        )

    def _caption(self, n: int, denominator: str) -> str:
        if self.language == "ja":
            return f"n = {n:,}（{denominator}）　出典：{self.source}{self._invented_words()}"
        return f"n = {n:,} ({denominator}). Source: {self.source}{self._invented_words()}"

    def _invented_words(self) -> str:
        words = INVENTED[self.language]
        if not self.invented or words.lower() in self.source.lower():
            return ""
        return f"　{words}" if self.language == "ja" else f". {words}"


def _stamp(canvas: Canvas, caption: str) -> None:
    """The caption under everything drawn, so that n and source travel with the picture."""
    canvas.draw_without_rendering()
    lowest = canvas.get_tightbbox().y0 / canvas.get_figheight()
    width = int(canvas.get_figwidth() * (9 if not caption.isascii() else 18))
    text = "\n".join(textwrap.wrap(caption, width))
    label = canvas.text(0.0, min(0.0, lowest) - 0.02, text, ha="left", va="top", fontsize=7)
    label.set_color("#444444")


def _check_axes(canvas: Canvas, name: str) -> None:
    for ax in canvas.axes:
        if not ax.axison or not ax.get_visible() or ax.get_label() == "<colorbar>":
            continue
        for axis, label in ((ax.xaxis, ax.get_xlabel()), (ax.yaxis, ax.get_ylabel())):
            ticks = [t.get_text() for t in axis.get_ticklabels() if t.get_visible()]
            numbers = [t for t in ticks if _is_number(t)]
            if numbers and len(numbers) == len([t for t in ticks if t]) and not label.strip():
                which = "x" if axis is ax.xaxis else "y"
                raise InputError(
                    f"the figure {name!r} has an axis {which} of numbers without a name",
                    hint=f"ax.set_{which}label(...)",
                )


def _check_overlap(canvas: Canvas, name: str) -> None:
    renderer = canvas.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes: list[tuple[str, np.ndarray]] = []
    skipped = _not_drawn(canvas)
    for label in canvas.findobj(Label):
        if id(label) in skipped or not label.get_visible() or not label.get_text().strip():
            continue
        box = label.get_window_extent(renderer)
        if box.width > 1 and box.height > 1:
            boxes.append((label.get_text(), box.extents))
    for (text_a, a), (text_b, b) in itertools.combinations(boxes, 2):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        if width <= 0 or height <= 0:
            continue
        smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
        if width * height > OVERLAP * smaller:
            raise InputError(
                f"in the figure {name!r} the texts {text_a!r} and {text_b!r} overlap",
                hint="make the figure larger or the labels shorter",
            )


def _not_drawn(canvas: Canvas) -> set[int]:
    """Labels that exist but are not drawn: of ticks outside the limits, of axes switched off."""
    found: set[int] = set()
    for ax in canvas.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * max(abs(low), abs(high), 1.0)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                inside = low - slack <= tick.get_loc() <= high + slack
                if not (inside and ax.axison and ax.get_visible()):
                    found |= {id(tick.label1), id(tick.label2)}
    return found


def _is_number(text: str) -> bool:
    try:
        float(text.replace("−", "-").replace(",", "").rstrip("%％"))
    except ValueError:
        return False
    return True


def _bytes(canvas: Canvas, kind: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with mpl.rc_context({"svg.hashsalt": "workbench", "svg.fonttype": "path"}):
        canvas.savefig(buffer, format=kind, dpi=200, bbox_inches="tight", metadata=metadata)
    return buffer.getvalue()


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def _cell(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "✓" if value else ""
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    return str(value)
