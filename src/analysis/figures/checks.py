"""What a figure must pass before it leaves: every axis named, no text missing, cut or covered."""

from __future__ import annotations

import contextlib
import itertools
import re
import warnings
from collections.abc import Iterator

from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text as Label

from analysis.errors import InputError
from analysis.spreadsheet import is_number

Bounds = tuple[float, float, float, float]  # left, bottom, right, top in pixels
SMALLEST_LETTER = 8.0  # points: 7 on A4 and 11 pixels on a telephone after what a page scales
OVERLAP = 0.2  # share of the smaller label that another may cover
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
                what = "the labels of the figure {name!r} leave no room for the drawing"
                hint = "make the figure larger or the labels shorter"
                raise InputError(what, hint=hint, name=name) from None
            raise InputError(
                "the figure {name!r} needs the character {character} (U+{number:04X}), "
                "which the font lacks",
                hint="install a font that has it, such as Noto Sans CJK JP",
                name=name,
                character=chr(int(glyph[1])),
                number=int(glyph[1]),
            ) from None


def check(canvas: Canvas, name: str) -> None:
    """Refuse a drawn figure that would mislead or could not be read."""
    for ax in canvas.axes:
        if not ax.axison or not ax.get_visible():
            continue
        for which, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            ticks = [t.get_text() for t in axis.get_ticklabels() if t.get_visible()]
            labels = [text for text in ticks if text]
            if labels and all(map(is_number, labels)) and not axis.get_label_text().strip():
                what = "the figure {name!r} has an axis {which} of numbers without a name"
                raise InputError(what, hint="ax.set_{which}label(...)", name=name, which=which)
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
            what = "in the figure {name!r} the letters of {text!r} are too small"
            hint = "at least {points:g} points"
            raise InputError(what, hint=hint, name=name, text=text, points=SMALLEST_LETTER)
        over, clip = 0.0, label.get_clip_box() if label.get_clip_on() else None
        if clip is not None:
            over = max(clip.x0 - box[0], box[2] - clip.x1, clip.y0 - box[1], box[3] - clip.y1)
        if over > 1 or box[0] < -width / 2 or box[2] > width * 1.5:  # all else would shrink
            what = "in the figure {name!r} the text {label!r} is cut or sticks out"
            hint = "make the figure larger, the label shorter, or break it into lines"
            raise InputError(what, hint=hint, name=name, label=text)
        boxes.append((text, box))
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        across, along = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in (0, 1))
        smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
        if min(across, along) > 0 and across * along > OVERLAP * smaller:
            what = "in the figure {name!r} the texts {texts} overlap"
            hint = "make the figure larger or the labels shorter"
            raise InputError(what, hint=hint, name=name, texts=f"{one!r} and {other!r}")


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
