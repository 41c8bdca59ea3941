"""Texts of a figure: each is laid out once, not each time that matplotlib asks for its size."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator
from typing import Any

from matplotlib.text import Text

_lay_out = Text._get_layout  # type: ignore[attr-defined]


@contextlib.contextmanager
def laid_out_once() -> Iterator[None]:
    """Keep how the texts of a figure are laid out while it is measured, checked and drawn.

    matplotlib takes a text apart anew each time that something asks for its size, seven times on
    the way to a picture: half of what a figure takes. The layout depends on the text and on how it
    looks, not on where it stands, unless it is broken to fit where it stands.
    """
    known: dict[Hashable, Any] = {}

    def layout(text: Text, renderer: Any) -> Any:
        if text.get_wrap():
            return _lay_out(text, renderer)
        look = _look(text, renderer)
        if look not in known:
            known[look] = _lay_out(text, renderer)
        return known[look]

    Text._get_layout = layout  # type: ignore[attr-defined]
    try:
        yield
    finally:
        Text._get_layout = _lay_out  # type: ignore[attr-defined]


def _look(text: Text, renderer: Any) -> Hashable:
    """All that the layout of a text depends on."""
    figure = text.get_figure(root=True)
    return (
        type(renderer),
        renderer.dpi,
        figure and figure.dpi,
        text.get_text(),
        hash(text.get_fontproperties()),  # by which matplotlib tells fonts apart, too
        text.get_rotation(),
        text.get_rotation_mode(),
        text.get_horizontalalignment(),
        text.get_verticalalignment(),
        text._get_multialignment(),  # type: ignore[attr-defined]
        text.get_linespacing(),
        text.get_usetex(),
        text.get_parse_math(),
    )
