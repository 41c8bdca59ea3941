"""Pictures that are blank, where a test looks at what is beside them: words, numbers, places.

What a drawing would say is there to be searched: its SVG has the words, which a real one draws as
outlines.
"""

import contextlib
import html
from unittest import mock

import seaborn.matrix
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text

from analysis.figures import checks, gallery


@contextlib.contextmanager
def pictures(*, checked=False):
    """Draw nothing meanwhile: each picture is blank, in the size of the drawing.

    `checked`: it is laid out all the same, and refused where it could not be read.
    """
    with contextlib.ExitStack() as stack:
        patched = [
            (Canvas, "savefig", _blank),
            (seaborn.matrix, "_draw_figure", lambda _: None),
        ]
        if not checked:
            patched.append((checks, "check", lambda *_: None))
            patched.append((Canvas, "draw_without_rendering", lambda _: None))
            patched.append((Canvas, "get_tightbbox", _whole))
        for one in patched:
            stack.enter_context(mock.patch.object(*one))
        yield


def _whole(canvas, *_, **__):
    """In the place of what is drawn, beside which a margin is left."""
    return canvas.bbox_inches.padded(-gallery.MARGIN)


def _blank(canvas, buffer, *, format, bbox_inches, dpi=gallery.DOTS, metadata=None):
    """In the place of drawing."""
    if format == "svg":
        for axes in canvas.axes:
            axes.get_xticklabels(), axes.get_yticklabels()  # their words are set when asked for
        words = [text.get_text() for text in canvas.findobj(Text)]
        said = html.escape(f"{metadata} {' '.join(words)}")
        buffer.write(f"<svg><desc>{said}</desc></svg>".encode())
        return
    buffer.write(b"\xc8" * (4 * int(bbox_inches.width * dpi) * int(bbox_inches.height * dpi)))
