"""What a figure must pass before it leaves: every axis named, no text missing, cut or covered."""

from __future__ import annotations

import contextlib
import mmap
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text as Label

from analysis.errors import refusal
from analysis.spreadsheet import is_number

Bounds = tuple[float, float, float, float]  # left, bottom, right, top in pixels
SMALLEST_LETTER = 8.0  # points: 7 on A4 and 11 pixels on a telephone after what a page scales
OVERLAP = 0.2  # share of the smaller label that another may cover
# of a text, beside its font: what decides how it is laid out
LOOK = (
    *("text", "rotation", "rotation_mode", "horizontalalignment", "verticalalignment"),
    *("linespacing", "usetex", "parse_math"),
)
_LACKING_GLYPH = r"Glyph \d+ .* missing"
_NO_ROOM = r"constrained_layout not applied"


@contextlib.contextmanager
def strict(name: str) -> Iterator[None]:
    """Refuse what matplotlib only warns of: characters without a glyph, labels without room."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=_LACKING_GLYPH, category=UserWarning)
        warnings.filterwarnings("error", message=_NO_ROOM, category=UserWarning)
        try:
            yield
        except UserWarning as warning:
            glyph = re.match(r"Glyph (\d+) ", str(warning))
            if glyph is None:
                raise refusal("figure.no_room", name=name) from None
            raise refusal(
                "figure.no_glyph", name=name, character=chr(int(glyph[1])), number=int(glyph[1])
            ) from None


@contextlib.contextmanager
def laid_out_once() -> Iterator[None]:
    """Keep how texts are laid out while a figure is measured, checked and drawn.

    matplotlib does that anew whenever something asks for the size of a text, seven times on the way
    to a picture. It depends on how a text looks and not on its place, unless it is broken to fit.
    """
    lay_out, known = Label._get_layout, dict[tuple[Any, ...], Any]()  # type: ignore[attr-defined]

    def kept(text: Label, renderer: Any) -> Any:
        figure, font = text.get_figure(root=True), hash(text.get_fontproperties())
        look = tuple(getattr(text, f"get_{name}")() for name in LOOK)
        lines = text._get_multialignment()  # type: ignore[attr-defined]
        key = (*look, font, lines, type(renderer), renderer.dpi, figure and figure.dpi)
        if text.get_wrap() or key not in known:
            known[key] = lay_out(text, renderer)
        return known[key]

    Label._get_layout = kept  # type: ignore[attr-defined]
    try:
        yield
    finally:
        Label._get_layout = lay_out  # type: ignore[attr-defined]


@contextlib.contextmanager
def fonts_in_memory() -> Iterator[None]:
    """Let matplotlib take letters from memory; from a file it reads each anew, through Python.

    And look for the fonts of a text once, not whenever it is measured or drawn. Not for good: a PDF
    of somebody's own needs the name of the file, which a font then has not.
    """
    find = font_manager._get_font  # type: ignore[attr-defined]
    fonts = font_manager.fontManager
    look_up = fonts._find_fonts_by_props  # type: ignore[attr-defined]

    def found(files: Sequence[tuple[str, int]], *, thread_id: int, **about: Any) -> Any:
        mapped = tuple((_mapped(file, thread_id), face) for file, face in files)
        return find(mapped, thread_id=thread_id, **about)

    font_manager._get_font = found  # type: ignore[attr-defined]
    vars(fonts)[look_up.__name__] = lru_cache(look_up)
    try:
        yield
    finally:
        font_manager._get_font = find  # type: ignore[attr-defined]
        del vars(fonts)[look_up.__name__]


@cache
def _mapped(file: str, thread_id: int) -> mmap.mmap:
    """A file in memory; each thread has its own, since it knows the place that is read next."""
    with Path(file).open("rb") as handle:
        return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


def check(canvas: Canvas, name: str) -> None:
    """Refuse a drawn figure that would mislead or could not be read."""
    for ax in canvas.axes:
        if not ax.axison or not ax.get_visible():
            continue
        for which, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            ticks = [t.get_text() for t in axis.get_ticklabels() if t.get_visible()]
            labels = [text for text in ticks if text]
            if labels and all(map(is_number, labels)) and not axis.get_label_text().strip():
                raise refusal("figure.axis", name=name, which=which)
    _check_texts(canvas, name)


def _check_texts(canvas: Canvas, name: str) -> None:
    """Refuse text that is too small, cut, or covered by another."""
    renderer, width = canvas.canvas.get_renderer(), canvas.bbox.width  # type: ignore[attr-defined]
    skipped = _not_drawn(canvas)
    boxes: list[tuple[str, Bounds]] = []
    for label in canvas.findobj(Label):
        if id(label) in skipped or not label.get_visible() or not label.get_text().strip():
            continue
        extent = label.get_window_extent(renderer)
        if extent.width <= 1 or extent.height <= 1:
            continue
        text, box = label.get_text(), extent.extents
        if float(label.get_fontsize()) < SMALLEST_LETTER:
            raise refusal("figure.small_letters", name=name, text=text, points=SMALLEST_LETTER)
        over, clip = 0.0, label.get_clip_box() if label.get_clip_on() else None
        if clip is not None:
            over = max(clip.x0 - box[0], box[2] - clip.x1, clip.y0 - box[1], box[3] - clip.y1)
        if over > 1 or box[0] < -width / 2 or box[2] > width * 1.5:  # all else would shrink
            raise refusal("figure.cut", name=name, label=text)
        boxes.append((text, box))
    boxes.sort(key=lambda box: float(box[1][1]))  # from below: of 3,000 options few are near
    for at, (one, a) in enumerate(boxes, start=1):
        for other, b in boxes[at:]:
            if b[1] >= a[3]:  # it begins above the end of this one, as do all that follow
                break
            across, along = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
            smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
            if min(across, along) > 0 and across * along > OVERLAP * smaller:
                raise refusal("figure.overlap", name=name, texts=f"{one!r} and {other!r}")


def _not_drawn(canvas: Canvas) -> set[int]:
    """Labels that exist but are not drawn: of ticks outside the limits, of axes switched off."""
    ids: set[int] = set()
    for ax in canvas.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            slack = 1e-9 * max(abs(low), abs(high), 1.0)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                inside = low - slack <= tick.get_loc() <= high + slack
                if not (inside and ax.axison and ax.get_visible()):
                    ids |= {id(tick.label1), id(tick.label2)}
    return ids
