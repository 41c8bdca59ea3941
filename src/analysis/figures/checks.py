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

Box = tuple[float, float, float, float]  # left, bottom, right, top in pixels
SMALLEST = 8.0  # points of a letter: 7 on A4 and 11 pixels on a telephone after what a page scales
OVERLAP = 0.2  # share of the smaller label that another may cover
_MISSING = r"Glyph \d+ .* missing"
_NO_ROOM = r"constrained_layout not applied"


@contextlib.contextmanager
def strict(name: str) -> Iterator[None]:
    """Refuse what matplotlib only warns of: characters without a glyph, labels without room."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=_MISSING, category=UserWarning)
        warnings.filterwarnings("error", message=_NO_ROOM, category=UserWarning)
        try:
            yield
        except UserWarning as warning:
            raise _refusal(name, str(warning)) from None


def check(canvas: Canvas, name: str) -> None:
    """Refuse a drawn figure that would mislead or could not be read."""
    _check_axes(canvas, name)
    labels = _labels(canvas)
    _check_size(labels, name)
    _check_cut(canvas, labels, name)
    _check_overlap(labels, name)


def _refusal(name: str, warning: str) -> InputError:
    glyph = re.match(r"Glyph (\d+) ", warning)
    if glyph is None:
        return InputError(
            "the labels of the figure {name!r} leave no room for the drawing",
            hint="make the figure larger or the labels shorter",
            name=name,
        )
    number = int(glyph[1])
    return InputError(
        "the figure {name!r} needs the character {character} (U+{number:04X}), "
        "which the font lacks",
        hint="install a font that has it, such as Noto Sans CJK JP",
        name=name,
        character=chr(number),
        number=number,
    )


def _check_axes(canvas: Canvas, name: str) -> None:
    for ax in canvas.axes:
        if not ax.axison or not ax.get_visible():
            continue
        if ax.get_label() == "<colorbar>":
            if not (ax.get_xlabel() + ax.get_ylabel()).strip():
                raise InputError(
                    "the colour bar of the figure {name!r} has no name",
                    hint="colorbar.set_label(...)",
                    name=name,
                )
            continue
        for axis, label in ((ax.xaxis, ax.get_xlabel()), (ax.yaxis, ax.get_ylabel())):
            ticks = [t.get_text() for t in axis.get_ticklabels() if t.get_visible()]
            numbers = [t for t in ticks if is_number(t)]
            if numbers and len(numbers) == len([t for t in ticks if t]) and not label.strip():
                which = "x" if axis is ax.xaxis else "y"
                raise InputError(
                    "the figure {name!r} has an axis {which} of numbers without a name",
                    hint="ax.set_{which}label(...)",
                    name=name,
                    which=which,
                )


def _labels(canvas: Canvas) -> list[tuple[Label, Box]]:
    """Every text that is drawn, with its extents (left, bottom, right, top) in pixels."""
    renderer = canvas.canvas.get_renderer()  # type: ignore[attr-defined]
    skipped = _not_drawn(canvas)
    found: list[tuple[Label, Box]] = []
    for label in canvas.findobj(Label):
        if id(label) in skipped or not label.get_visible() or not label.get_text().strip():
            continue
        box = label.get_window_extent(renderer)
        if box.width > 1 and box.height > 1:
            found.append((label, box.extents))
    return found


def _check_size(labels: list[tuple[Label, Box]], name: str) -> None:
    for text, _ in labels:
        if float(text.get_fontsize()) < SMALLEST:
            raise InputError(
                "in the figure {name!r} the letters of {text!r} are too small",
                hint="at least {points:g} points",
                name=name,
                text=text.get_text(),
                points=SMALLEST,
            )


def _check_cut(canvas: Canvas, labels: list[tuple[Label, Box]], name: str) -> None:
    """Refuse text that a clip box cuts, or that sticks out so far that all else would shrink."""
    width = canvas.bbox.width
    for label, box in labels:
        clip = label.get_clip_box() if label.get_clip_on() else None
        over = 0.0 if clip is None else max(clip.x0 - box[0], box[2] - clip.x1)
        over = over if clip is None else max(over, clip.y0 - box[1], box[3] - clip.y1)
        if over > 1 or box[0] < -width / 2 or box[2] > width * 1.5:
            raise InputError(
                "in the figure {name!r} the text {label!r} is cut or sticks out",
                hint="make the figure larger, the label shorter, or break it into lines",
                name=name,
                label=label.get_text(),
            )


def _check_overlap(labels: list[tuple[Label, Box]], name: str) -> None:
    for (label_a, a), (label_b, b) in itertools.combinations(labels, 2):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        if width <= 0 or height <= 0:
            continue
        smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
        if width * height > OVERLAP * smaller:
            texts = f"{label_a.get_text()!r} and {label_b.get_text()!r}"
            raise InputError(
                "in the figure {name!r} the texts {texts} overlap",
                hint="make the figure larger or the labels shorter",
                name=name,
                texts=texts,
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
