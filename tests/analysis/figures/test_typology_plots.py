"""The figures say what the data say, and can be read in grey print; English with the slow tests."""

import itertools
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from analysis import Survey
from analysis.figures import typology_plots
from analysis.figures.gallery import use_style
from analysis.figures.typology_plots import place_labels
from analysis.results import certainty, types

TYPES = pd.DataFrame({"type": [1, 2], "name": ["A", "B"], "members": [40, 20]})


@cache
def made(language):
    """The survey and its typology."""
    survey = Survey.load("demo-2019", language=language, files=False)
    return survey, types.typology(survey)


@pytest.fixture
def frames():
    """Japanese frames that the figures are drawn from."""
    return drawn_from("ja")


@cache
def drawn_from(language):
    survey, found = made(language)
    runs = survey.multiverse()
    return {
        "types": types.summary(survey, found),
        "profile": types.profile(survey, found),
        "members": types.members(survey, found),
        "coassignment": certainty.pairs(survey, found),
        "sizes": types.composition(survey, found),
        "criteria": certainty.criteria(survey, found),
        "firmness": certainty.firmness(survey, found, runs),
        "agreement": certainty.agreement(survey, runs),
        "choices": certainty.choices(survey, runs),
        "places": certainty.places(survey, found, certainty.axes(survey, found)),
    }


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context():
        use_style("ja")
        yield
    plt.close("all")


def written(figure) -> str:
    figure.canvas.draw()
    return "\n".join(t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_visible())


def draw_all(language):
    of, plots = drawn_from(language), typology_plots
    kinds = {"types": of["types"], "language": language}
    yield plots.profile(of["profile"], **kinds).figure
    yield plots.silhouettes(of["members"], **kinds).figure
    yield plots.composition(of["sizes"], **kinds).figure
    yield plots.places(of["places"], shares=[0.3, 0.2], **kinds).figure
    yield plots.together(of["coassignment"], members=of["members"], language=language).figure
    yield plots.criteria(of["criteria"], language=language)
    yield plots.multiverse(of["firmness"], of["agreement"], of["choices"], language=language)


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.slow)])
def test_all_but_the_map_fit_a_telephone_and_half_a_sheet_and_speak_one_language(language):
    names = "".join(made(language)[0].names)  # of municipalities are Japanese in both
    for figure in draw_all(language):
        text = "".join(c for c in written(figure) if c not in names)
        placed = [text for text in figure.findobj(mpl.text.Annotation) if text.get_text()]
        assert figure.get_figwidth() <= (6.7 if placed else 3.1)
        assert figure.get_figheight() <= 7.3
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
        style = typology_plots.style(kind)
        grey = float(np.dot(to_rgb(style["facecolor"]), (0.299, 0.587, 0.114)))
        looks.append((grey, style.get("hatch", "")))
    for (grey, hatch), (other, other_hatch) in itertools.combinations(looks, 2):
        assert hatch != other_hatch or abs(grey - other) > 0.2
    assert len(set(typology_plots.MARKERS)) == len(typology_plots.MARKERS)


def cells(ax, data):
    """The texts of a heatmap beside the rows that they are of."""
    rows = list(dict.fromkeys(data["indicator"]))
    written = [text.get_text() for text in inside(ax)]
    kinds = data["type"].nunique()
    return [
        (written[rows.index(row.indicator) * kinds + row.type - 1], row)
        for row in data.itertuples()
    ]


def inside(ax):
    """The texts in the cells of a heatmap, row by row."""
    return [text for text in ax.texts if text.get_ha() == "center"]


def test_profile_writes_each_mean_and_marks_what_stands_out(frames):
    data = frames["profile"]
    ax = typology_plots.profile(data, types=frames["types"])
    assert len(inside(ax)) == len(data)
    for cell, row in cells(ax, data):
        number = f"{100 * row.mean:.0f}%" if row.unit == "share" else f"{row.mean:.2f}"
        assert number in cell
        assert ("▲" in cell) == (row.effect >= 0.33)
        assert ("▼" in cell) == (row.effect <= -0.33)
        assert ("*" in cell) == (row.p_holm < 0.05)
    assert {"share", "mean"} == set(data["unit"])


def test_after_an_adjustment_cells_are_differences():
    survey, _ = made("ja")
    found = types.typology(survey, adjust="gradient", n_bootstrap=5, n_null=5)
    data = types.profile(survey, found)
    ax = typology_plots.profile(data, types=types.summary(survey, found))
    for cell, row in cells(ax, data):
        written = cell.strip("▲▼*")
        assert written[0] in "+-" and written not in {"-0.00", "-0pt"}
        assert written.endswith("pt") == (row.unit == "points")
    assert {"points", "deviation"} == set(data["unit"])
    assert "調整後" in ax.get_xlabel().replace("\n", "")


def test_marks_alone_where_an_edition_has_no_numbers(frames):
    hidden = frames["profile"].assign(mean=np.nan, effect=np.nan, p_holm=np.nan)
    ax = typology_plots.profile(hidden, types=frames["types"])
    assert {text.get_text() for text in inside(ax)} == {"", "▲", "▼"}
    assert "数値は載せない" in ax.get_xlabel().replace("\n", "")


def test_units_stand_by_type_and_the_unplaced_last(frames):
    ax = typology_plots.together(frames["coassignment"], members=frames["members"])
    about = frames["members"].set_index("name")
    order = [text.get_text() for text in ax.get_yticklabels()]
    kinds = about.loc[order, "type"].tolist()
    placed = [kind for kind in kinds if kind]
    assert placed == sorted(placed) and kinds[len(placed) :] == [0, 0]
    _, found = made("ja")
    shown = ax.collections[0].get_array()
    codes = about.loc[order, "code"]
    assert np.allclose(shown, found.coassignment.loc[codes, codes], atol=1e-3)


def test_pairs_of_many_write_their_shares():
    means = pd.DataFrame({"type": [1, 2], "1": [0.96, 0.03], "2": [0.03, 0.99]})
    ax = typology_plots.together(means, members=pd.DataFrame(), language="en")
    assert [t.get_text() for t in ax.texts] == ["96%", "3%", "3%", "99%"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Type 1", "Type 2"]


def test_silhouette_bars_are_the_widths(frames):
    ax = typology_plots.silhouettes(frames["members"], types=frames["types"])
    widths = sorted(bar.get_width() for bar in ax.patches)
    assert np.allclose(widths, sorted(frames["members"]["silhouette"].fillna(0)))


def test_size_classes_count_every_unit_of_the_fit(frames):
    ax = typology_plots.composition(frames["sizes"], types=frames["types"])
    names = [t.get_text() for t in ax.get_yticklabels()]
    assert names == ["中核市\n(5団体)", "施行時特例市\n(1団体)", "一般市\n(7団体)", "町村\n(2団体)"]
    ends = pd.Series([p.get_x() + p.get_width() for p in ax.patches])
    assert ends.max() == pytest.approx(100)


def test_many_units_lose_their_names_but_not_their_counts(frames):
    rows = [(1, "core", 30), (1, "borderline", 10), (2, "between", 20), (0, "unplaced", 2)]
    data = pd.DataFrame(rows, columns=["type", "member", "n"]).assign(name=None)
    others = [frames[name].iloc[:0] for name in ("agreement", "choices")]
    ax = typology_plots.multiverse(data, *others, language="en").axes[0]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Unplaced", "Type 2", "Type 1"]
    assert {"30", "10", "20"} <= {t.get_text() for t in ax.texts}


def test_an_empty_frame_leaves_the_axes_empty(frames):
    empty = {name: frame.iloc[:0] for name, frame in frames.items()}
    kinds = {"types": empty["types"]}
    for ax in (
        typology_plots.profile(empty["profile"], **kinds),
        typology_plots.silhouettes(empty["members"], **kinds),
        typology_plots.composition(empty["sizes"], **kinds),
        typology_plots.places(empty["places"], shares=[], **kinds),
        typology_plots.together(empty["coassignment"], members=empty["members"]),
        typology_plots.multiverse(*(empty[n] for n in ("firmness", "agreement", "choices"))).axes[
            0
        ],
    ):
        assert not ax.patches and not ax.lines and not ax.texts
    typology_plots.criteria(empty["criteria"])


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


def test_identical_answers_are_one_spot_whose_area_counts_them():
    spots = pd.DataFrame({"axis1": [0.0, 1.0, 2.0] * 20, "axis2": 0.0, "type": [1, 1, 2] * 20})
    units = spots.assign(code=[f"{at:06d}" for at in range(60)], name="x")
    answers = pd.DataFrame({"axis1": [1.0], "axis2": [1.0], "name": ["a"]})
    ax = typology_plots.places(pd.concat([units, answers]), types=TYPES, shares=[0.6, 0.4])
    drawn = [line for line in ax.lines if line.get_markeredgewidth() == 0.3]
    area = sum(len(line.get_xdata()) * line.get_markersize() ** 2 for line in drawn)
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
    assert typology_plots.wrap(label, 7).split("\n") == lines


def test_of_one_type_alone_no_width_is_drawn(frames):
    """Nobody has another type to be near to, and an axis without an end was an unexpected error."""
    alone = frames["members"].assign(silhouette=float("nan"))
    assert not typology_plots.silhouettes(alone, types=frames["types"]).patches
