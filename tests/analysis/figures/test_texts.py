"""Texts of a figure: laid out once while they stay as they are, and anew when they change."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text

from analysis.figures import texts
from analysis.figures.gallery import use_style

TEXT = "一行目$x^2$\n二行目は長い"
LOOK = {"parse_math": False, "rotation": 30, "multialignment": "left"}
CHANGES = {
    "text": {"text": "別の\n文字"},
    "size": {"fontsize": 14},
    "font": {"fontfamily": ["DejaVu Sans Mono", "IPAexGothic"]},
    "rotation": {"rotation": 60},
    "rotation_mode": {"rotation_mode": "anchor"},
    "horizontal": {"horizontalalignment": "right"},
    "vertical": {"verticalalignment": "top"},
    "lines": {"multialignment": "right"},
    "spacing": {"linespacing": 2.5},
    "mathematics": {"text": TEXT, "parse_math": True},
}


@pytest.fixture
def figure():
    use_style("ja")
    yield plt.figure(figsize=(5, 3))
    plt.close("all")


def boxes(figure, text):
    """Where the text is, its box, and where each of its lines stands."""
    renderer = figure.canvas.get_renderer()
    extent, lines, corner = text._get_layout(renderer)
    return extent.extents.tolist(), lines, corner, text.get_window_extent().extents.tolist()


@pytest.mark.parametrize("change", CHANGES)
def test_a_text_that_changes_is_laid_out_anew(figure, change):
    text = figure.text(0.5, 0.5, TEXT, **LOOK)
    with texts.laid_out_once():
        before = boxes(figure, text)
        text.set(**CHANGES[change])
        after = boxes(figure, text)
    assert after == boxes(figure, text) != before


def test_a_text_is_laid_out_anew_for_another_resolution(figure):
    text = figure.text(0.5, 0.5, "文字")
    with texts.laid_out_once():
        before = boxes(figure, text)
        figure.set_dpi(300)
        after = boxes(figure, text)
    assert after == boxes(figure, text) != before


def test_a_text_that_is_broken_where_it_stands_moves(figure):
    text = figure.text(0.1, 0.5, "words " * 20, wrap=True)
    text.get_window_extent()  # then it knows by what it is drawn
    with texts.laid_out_once():
        before = boxes(figure, text)
        text.set_x(0.7)
        after = boxes(figure, text)
    assert after == boxes(figure, text) != before


def test_matplotlib_is_left_as_it_was(figure):
    lay_out = Text._get_layout
    with pytest.raises(ValueError, match="stop"), texts.laid_out_once():
        raise ValueError("stop")
    assert Text._get_layout is lay_out
