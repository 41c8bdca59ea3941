"""The figures say what the data say, in both languages, and can be read in grey print."""

import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from analysis.figures import typology_plots
from analysis.figures.typology_plots import place_labels
from analysis.typology.gradient import map_axes
from analysis.typology.multiverse import multiverse
from analysis.typology.power import known_types
from analysis.typology.study import study

LABELS = {
    "x1": {"ja": "内部専門性", "en": "In-house expertise"},
    "x2": {"ja": "外部人材活用", "en": "Use of external talent"},
    "x3": {"ja": "団体間連携", "en": "Cooperation between municipalities"},
    "x4": {"ja": "長期在籍者の割合", "en": "Share of long-tenure staff"},
    "x5": {"ja": "任期付職員の採用", "en": "Fixed-term officials"},
    "x6": {"ja": "連携の深さ", "en": "Depth of cooperation"},
}
KINDS = dict.fromkeys(LABELS, "ratio") | {"x5": "binary"}


@pytest.fixture(scope="module")
def frame():
    frame, _ = known_types(15, 4.0, rng=np.random.default_rng(0))
    frame["x5"] = (frame["x5"] > 2).astype(float)
    frame.loc["000099"] = 50.0  # fits nowhere
    frame.loc["000098"] = -50.0
    frame.loc[["000099", "000098"], "x5"] = 0.0
    return frame


@pytest.fixture(scope="module")
def typology(frame):
    return study(frame, KINDS, None, LABELS, n_types=5, n_bootstrap=10, n_null=9)


@pytest.fixture(scope="module")
def universes(frame, typology):
    return multiverse(frame.loc[typology.fitted.index], KINDS, None, typology.fitted)


@pytest.fixture(autouse=True)
def style():
    figures = pytest.importorskip("analysis.figures.gallery")
    with mpl.rc_context():
        figures.use_style("ja")
        yield
    plt.close("all")


def written(figure) -> str:
    figure.canvas.draw()
    return "\n".join(t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_visible())


def draw_all(typology, universes, frame, language):
    sizes = pd.Series(np.where(np.arange(len(frame)) < 8, "city", "town"), frame.index)
    place = map_axes(frame, KINDS, {k: v[language] for k, v in LABELS.items()})
    yield typology_plots.plot_profile(typology, labels=LABELS, language=language).figure
    yield typology_plots.plot_silhouette(typology, language=language).figure
    yield typology_plots.plot_coassignment(typology, language=language).figure
    yield typology_plots.plot_size_classes(typology, size_class=sizes, language=language).figure
    yield typology_plots.plot_choice(typology, language=language)
    yield typology_plots.plot_multiverse(universes, language=language)
    yield typology_plots.plot_map(
        typology,
        units=place.units,
        categories=place.categories,
        inertia=place.inertia,
        language=language,
    ).figure


@pytest.mark.parametrize("language", ["ja", "en"])
def test_all_fit_an_a4_page_and_speak_one_language(typology, universes, frame, language):
    for figure in draw_all(typology, universes, frame, language):
        text = written(figure)
        assert figure.get_figwidth() <= 6.7
        japanese = any("\u3040" <= c <= "\u9fff" for c in text)
        assert japanese == (language == "ja"), text
        small = [t.get_fontsize() for t in figure.findobj(mpl.text.Text) if t.get_text().strip()]
        assert min(small) >= 7
        box = figure.get_tightbbox()
        assert box.x0 > -0.1
        assert box.x1 < figure.get_figwidth() + 0.1


def test_types_differ_in_grey_print():
    looks = []
    for kind in range(7):
        style = typology_plots._style(kind)
        grey = float(np.dot(to_rgb(style["facecolor"]), (0.299, 0.587, 0.114)))
        looks.append((grey, style["hatch"]))
    for (grey, hatch), (other, other_hatch) in itertools.combinations(looks, 2):
        assert hatch != other_hatch or abs(grey - other) > 0.2
    assert len(set(typology_plots.MARKERS)) == len(typology_plots.MARKERS)


def test_profile_writes_each_mean_and_marks_what_stands_out(typology):
    ax = typology_plots.plot_profile(typology, labels=LABELS, percent=["x5"])
    cells = {tuple(t.get_position()): t.get_text() for t in ax.texts}
    assert len(cells) == len(typology.profile)
    features = list(dict.fromkeys(typology.profile["feature"]))
    for row in typology.profile.itertuples():
        cell = cells[row.type - 1, features.index(row.feature)]
        number = f"{100 * row.mean:.0f}%" if row.feature == "x5" else f"{row.mean:.2f}"
        assert number in cell
        assert ("▲" in cell) == (row.effect >= 0.33)
        assert ("▼" in cell) == (row.effect <= -0.33)
        assert ("*" in cell) == (row.p_holm < 0.05)


def test_units_stand_by_type_and_the_unplaced_last(typology):
    order = typology_plots._in_order(typology)
    types = typology.labels.reindex(order).tolist()
    placed = [t for t in types if t]
    assert placed == sorted(placed)
    assert types[len(placed) :] == [0] * (len(types) - len(placed))
    assert 0 in types
    ax = typology_plots.plot_coassignment(typology, names={order[0]: "架空市"})
    assert ax.get_yticklabels()[0].get_text() == "架空市"
    shown = ax.images[0].get_array()
    assert np.allclose(shown, typology.coassignment.loc[order, order])


def test_silhouette_bars_are_the_widths(typology):
    ax = typology_plots.plot_silhouette(typology)
    widths = sorted(bar.get_width() for bar in ax.patches)
    assert np.allclose(widths, sorted(typology.silhouette[typology.fitted.index].fillna(0)))


def test_size_classes_count_every_unit_of_the_fit(typology, frame):
    sizes = pd.Series(pd.Categorical(["town", "city"] * 8 + ["town"], ["town", "city", "ward"]))
    sizes.index = frame.index
    ax = typology_plots.plot_size_classes(typology, size_class=sizes)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["town (8団体)", "city (7団体)"]
    ends = pd.Series([p.get_x() + p.get_width() for p in ax.patches])
    assert ends.max() == pytest.approx(100)


def test_many_units_lose_their_names_but_not_their_counts():
    frame, truth = known_types(60, 4.0, rng=np.random.default_rng(1))
    found = multiverse(frame, dict.fromkeys(frame, "ratio"), None, truth)
    figure = typology_plots.plot_multiverse(found, language="en")
    text = written(figure)
    assert "000001" not in text
    assert "Type 3" in text
    assert f"Analyses ({found.n} in all)" in text


@pytest.mark.parametrize("seed", range(3))
def test_labels_cover_neither_each_other_nor_the_points(seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((18, 2))
    points[1] = points[0]
    figure, ax = plt.subplots(figsize=(6.7, 5.6))
    ax.plot(*points.T, "o")
    ax.margins(0.12)
    texts = place_labels(ax, points, [f"架空{i}市" for i in range(18)])
    figure.canvas.draw()
    boxes = [mpl.text.Text.get_window_extent(t) for t in texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    pixels = ax.transData.transform(points)
    assert not any(box.contains(*p) for box in boxes for p in pixels)
    frame = ax.get_window_extent()
    assert all(frame.x0 <= b.x0 and b.x1 <= frame.x1 for b in boxes)


def test_identical_answers_are_one_spot_whose_area_counts_them(typology):
    frame = pd.DataFrame({"a": [1.0, 0.0] * 30, "b": [1.0] * 20 + [0.0] * 40})
    frame.index = [f"{i:06d}" for i in range(60)]
    found = study(frame, {"a": "binary", "b": "binary"}, n_types=2, n_bootstrap=5, n_null=5)
    place = map_axes(frame, {"a": "binary", "b": "binary"}, {})
    ax = typology_plots.plot_map(
        found, units=place.units, categories=place.categories, inertia=place.inertia
    )
    spots = [line for line in ax.lines if line.get_markeredgewidth() == 0.3]
    area = sum(len(line.get_xdata()) * line.get_markersize() ** 2 for line in spots)
    assert area / 2.2**2 == pytest.approx(60)
    assert "面積" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        (
            "団体間連携が多く、内部専門性が低い型",
            ["団体間連携が", "多く、", "内部専門性が", "低い型"],
        ),
        ("AIの導入が多い型", ["AIの導入が", "多い型"]),
        ("ベンダー依存", ["ベンダー依存"]),
    ],
)
def test_japanese_labels_break_after_a_particle(label, lines):
    assert typology_plots.wrap(label, "ja", 7).split("\n") == lines


def test_after_an_adjustment_cells_are_differences():
    frame, _ = known_types(15, 4.0, rng=np.random.default_rng(0))
    frame["x5"] = (frame["x5"] > 2).astype(float)
    found = study(frame, KINDS, None, LABELS, adjust="gradient", n_bootstrap=5, n_null=5)
    ax = typology_plots.plot_profile(found, labels=LABELS, percent=["x5"])
    cells = [t.get_text().strip("▲▼*") for t in ax.texts]
    assert all(cell[0] in "+-" for cell in cells)
    assert sum(cell.endswith("pt") for cell in cells) == len(found.names)
    assert not {"-0.00", "-0pt"} & set(cells)
    assert "調整後" in ax.get_xlabel()
