"""A figure that could not be read, or that would mislead, does not leave."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from analysis.errors import InputError
from analysis.figures import checks, plots
from analysis.figures.gallery import Gallery, use_style

ABOUT = {"title": "題", "alt": "説明", "n": 3, "denominator": "団体"}
DATA = pd.DataFrame({"x": [1, 2, 3]})


@pytest.fixture
def gallery(tmp_path):
    with mpl.rc_context():
        yield Gallery(tmp_path, language="ja", source="調査", invented=False)
    plt.close("all")


def drawn(**labels):
    ax = plt.subplots(figsize=(5, 3))[1]
    ax.plot([1, 2, 3], [3, 1, 2])
    ax.set(**{"xlabel": "年", "ylabel": "団体数", **labels})
    return ax


def refuses(gallery, ax, said):
    with pytest.raises(InputError, match=said):
        gallery.show(ax, "q", data=DATA, **ABOUT)
    assert not list(gallery.folder.rglob("q.*"))
    assert plt.get_fignums() == []  # a refused figure is closed too


def passes(gallery, ax):
    gallery.show(ax, "q", data=DATA, **ABOUT)
    assert {file.suffix for file in gallery.folder.rglob("q.*")} >= {".csv", ".png"}


def test_a_readable_figure_passes(gallery):
    passes(gallery, drawn())


@pytest.mark.parametrize("axis", ["x", "y"])
def test_an_axis_of_numbers_needs_a_name(gallery, axis):
    refuses(gallery, drawn(**{f"{axis}label": ""}), f"axis {axis} of numbers without a name")


def test_an_axis_of_words_needs_none(gallery):
    ax = drawn(ylabel="")
    ax.set_yticks([1, 2, 3], ["低い", "中", "高い"])
    passes(gallery, ax)


def test_a_colour_bar_needs_a_name(gallery):
    figure, ax = plt.subplots(figsize=(5, 3))
    image = ax.imshow(np.eye(3))
    ax.set(xlabel="列", ylabel="行")
    figure.colorbar(image)
    refuses(gallery, figure, "axis y of numbers without a name")


def test_texts_that_cover_each_other(gallery):
    ax = drawn()
    ax.text(2, 2, "青嶺市")
    ax.text(2.02, 2, "白浪崎市")
    refuses(gallery, ax, "'青嶺市' and '白浪崎市' overlap")


def test_tick_labels_that_cover_each_other(gallery):
    ax = drawn()
    ax.set_xticks([1, 1.2], ["一般事務職からの配置・庁内公募", "情報職区分による新卒採用"])
    refuses(gallery, ax, "overlap")


def test_text_that_a_clip_cuts(gallery):
    ax = drawn()
    ax.text(2.9, 2, "切れてしまう長い名前", clip_on=True)
    refuses(gallery, ax, "is cut or sticks out")


def test_text_that_sticks_out_so_far_that_all_else_would_shrink(gallery):
    ax = drawn()
    ax.text(3, 2, "長い名前" * 20).set_in_layout(False)
    refuses(gallery, ax, "is cut or sticks out")


def test_labels_that_leave_no_room_for_the_drawing(gallery):
    ax = drawn()
    ax.set_yticks([1, 2, 3], ["とても長い選択肢の文言" * 6] * 3)
    refuses(gallery, ax, "leave no room|is cut|overlap")


def test_a_missing_character(gallery):
    refuses(gallery, drawn(xlabel="\U0010fffd"), r"needs the character .* \(U\+10FFFD\)")


def test_what_is_not_drawn_is_not_judged(gallery):
    ax = drawn()
    ax.text(2, 2, "青嶺市")
    ax.text(2, 2, "白浪崎市", visible=False)
    ax.set_xlim(0.9, 3.1)  # ticks outside the limits exist but are not drawn
    ax.figure.add_axes((0, 0, 0.01, 0.01)).set_axis_off()
    passes(gallery, ax)


def test_questions_of_many_words_leave_room_beside_a_chart(gallery):
    words = "よく使う32手続のオンライン化状況" * 4
    names = [f"Q{n} {words}（{n}）" for n in range(6)]  # alike in all that is shown
    counts = pd.DataFrame({"question": names, "answered": 40, "no_answer": range(6)})
    passes(gallery, plots.status(counts))
    each = pd.DataFrame("answered", index=names, columns=["青嶺市", "白浪崎市"])
    each.iloc[2, 1] = "no_answer"
    ax = plots.missing(each)
    passes(gallery, ax)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert len(labels) == 6 and all(text.endswith("…") and text.count("\n") < 2 for text in labels)


# --- texts are laid out once while they stay as they are ---

TEXT = "一行目$x^2$\n二行目は長い"
LOOK = {"parse_math": False, "rotation": 30, "multialignment": "left"}
CHANGED = {
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


def is_laid_out_anew(figure, text, change):
    """Whether a text that changes, or its figure, is where it would be without what is kept."""
    with checks.laid_out_once():
        before = boxes(figure, text)
        change()
        after = boxes(figure, text)
    return after == boxes(figure, text) != before


@pytest.mark.parametrize("change", CHANGED)
def test_a_text_that_changes_is_laid_out_anew(figure, change):
    text = figure.text(0.5, 0.5, TEXT, **LOOK)
    assert is_laid_out_anew(figure, text, lambda: text.set(**CHANGED[change]))


def test_a_text_is_laid_out_anew_for_another_resolution(figure):
    text = figure.text(0.5, 0.5, "文字")
    assert is_laid_out_anew(figure, text, lambda: figure.set_dpi(300))


def test_a_text_that_is_broken_where_it_stands_moves(figure):
    text = figure.text(0.1, 0.5, "words " * 20, wrap=True)
    text.get_window_extent()  # then it knows by what it is drawn
    assert is_laid_out_anew(figure, text, lambda: text.set_x(0.7))


def test_matplotlib_is_left_as_it_was(figure):
    lay_out = Text._get_layout
    with pytest.raises(ValueError, match="stop"), checks.laid_out_once():
        raise ValueError("stop")
    assert Text._get_layout is lay_out


def test_letters_from_memory_look_as_those_from_a_file_and_leave_a_pdf_possible(tmp_path):
    def picture(name):
        figure = drawn(xlabel="年度").figure
        figure.savefig(tmp_path / name, metadata={"Creator": None})
        plt.close(figure)
        return (tmp_path / name).read_bytes()

    with mpl.rc_context():
        use_style("ja")
        before = picture("before.png")
        with checks.fonts_in_memory():
            assert picture("within.png") == before
        assert picture("after.pdf").startswith(b"%PDF")
