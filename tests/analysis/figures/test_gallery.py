"""The registry: what it refuses, what it writes, and that the same data give the same bytes."""

import base64
import contextlib
import dataclasses
import io
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import _constrained_layout as layout
from matplotlib import font_manager
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text
from PIL import Image

from analysis import Survey
from analysis.errors import InputError
from analysis.figures import gallery as figures
from analysis.figures import plots
from analysis.figures.gallery import PALETTE, Gallery
from analysis.show import Figure, outputs_in

ROOT = Path(__file__).parents[3]
SHARES = pd.DataFrame({"count": [9, 4], "share": [0.6, 0.27]}, index=["ある", "ない"])
ABOUT = {"title": "題", "alt": "最も多いのは「ある」60％", "n": 15, "denominator": "回答した団体"}


@pytest.fixture
def gallery(tmp_path):
    with mpl.rc_context():
        yield Gallery(tmp_path, language="ja", source="調査", invented=True)
    plt.close("all")


def shown(gallery, name="q", **changed):
    ax = plots.shares(SHARES.rename(index=changed.pop("labels", {})).reset_index(names="answer"))
    return gallery.show(ax, name, **{**ABOUT, "data": SHARES.reset_index(), **changed})


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ({"title": " "}, "no title"),
        ({"alt": ""}, "no alt text"),
        ({"denominator": ""}, "no n with its denominator"),
        ({"n": None}, "no n with its denominator"),
        ({"data": SHARES.iloc[:0]}, "has no numbers"),
        ({"data": None}, "has no numbers"),
    ],
)
def test_a_figure_that_lacks_something_is_refused_and_nothing_written(gallery, lacking, said):
    with pytest.raises(InputError, match=said):
        shown(gallery, **lacking)
    assert not list(gallery.folder.rglob("*.*"))


def test_a_figure_without_a_source_is_refused(gallery):
    gallery.source = ""
    with pytest.raises(InputError, match="no source"):
        shown(gallery)


def test_a_figure_is_written_three_ways_with_title_n_and_source(gallery):
    made = shown(gallery)
    files = sorted(p.name for p in (gallery.folder / "figures").iterdir())
    assert files == ["q.csv", "q.png", "q.svg"]
    svg = (gallery.folder / "figures" / "q.svg").read_text()
    # matplotlib notes in the drawing which text each path is
    assert "<!-- 題 -->" in svg
    assert "<!-- n = 15（回答した団体）　出典：調査 -->" in svg and "<!-- 架空データ -->" in svg
    paths = re.findall(r'<path[^>]* d="([^"]*)"', svg)
    assert paths and all(re.fullmatch(r"((M ?|[LQC])[-. \d]+|z)+\n?", path) for path in paths)
    csv = (gallery.folder / "figures" / "q.csv").read_bytes()
    assert csv.startswith(b"\xef\xbb\xbf") and "ある,9,0.6" in csv.decode("utf-8-sig")
    assert made.caption.endswith("架空データ")
    assert repr(made) == f"題 ({made.caption})\n{ABOUT['alt']}"  # as the terminal shows it
    # the page gives title, n and source as text: its picture has none of them
    file = (gallery.folder / "figures" / "q.png").read_bytes()
    assert (
        Image.open(io.BytesIO(base64.b64decode(made.png))).height
        < Image.open(io.BytesIO(file)).height
    )


def test_a_notebook_holds_the_picture_of_a_figure_once_and_gives_all_of_it_back(gallery):
    made = shown(gallery)
    bundle = made._repr_mimebundle_()
    assert json.dumps(bundle).count(made.png) == 1
    assert dict(outputs_in(bundle)) == {"figure": dataclasses.asdict(made)}


def test_a_figure_is_laid_out_once_and_drawn_once_for_each_format(gallery, monkeypatch):
    laid_out, drawn = Mock(wraps=layout.do_constrained_layout), Mock(wraps=Canvas.draw)
    monkeypatch.setattr("matplotlib.layout_engine.do_constrained_layout", laid_out)
    monkeypatch.setattr(Canvas, "draw", lambda *given: drawn(*given))
    shown(gallery)
    assert laid_out.call_count == 1
    assert drawn.call_count == 3  # the layout, the PNG and the SVG


def test_a_picture_has_128_colours_and_the_commonest_as_they_were_drawn(gallery):
    shades = [(at / 400, 0.4 + at / 1000, 1 - at / 400) for at in range(400)]
    ax = plots.shares(SHARES.reset_index(names="answer"))
    ax.bar(np.linspace(0, 100, 400), 0.1, 0.25, color=shades)  # more than there is room for
    made = gallery.show(ax, "q", **ABOUT, data=SHARES.reset_index())
    picture = Image.open(io.BytesIO(base64.b64decode(made.png)))
    assert picture.mode == "P"
    found = sorted(picture.convert("RGB").getcolors(128), reverse=True)
    for colour in ("white", PALETTE[1], plots.TRACK):
        assert tuple(round(255 * part) for part in to_rgb(colour)) in dict(map(reversed, found))


def test_no_line_of_a_caption_ends_with_an_opening_bracket_or_begins_with_a_closing_one():
    for room in range(4, 30):
        lines = figures.break_lines(
            "出典：庁「調査（令和5年度）」（2023-04-01 時点）、n = 1,741（全団体）", room
        )
        assert not re.search(r"[（「]\n|\n[）」、]", lines)
        assert lines.replace("\n", "").replace(" ", "").startswith("出典：庁「調査（令和5年度）」")


def test_without_files_a_page_shows_the_same_figures_and_tables(gallery, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made, counts = shown(gallery), gallery.table(SHARES, "t", title="題", n=15)
    written = sorted(tmp_path.rglob("*"))
    gallery.folder = None
    assert shown(gallery) == made and gallery.table(SHARES, "t", title="題", n=15) == counts
    assert sorted(tmp_path.rglob("*")) == written


def test_the_title_of_a_file_stands_over_the_legend(gallery):
    points = pd.DataFrame(
        {"item": list("一一一二二二"), "answer": list("低中高" * 2), "count": [3, 2, 9, 1, 5, 8]}
    )
    made = gallery.show(plots.likert(points), "q", data=points, **ABOUT)
    file = Image.open(io.BytesIO((gallery.folder / "figures" / "q.png").read_bytes())).convert("L")
    page = Image.open(io.BytesIO(base64.b64decode(made.png))).convert("L")
    there, wide = np.asarray(page, float), min(file.width, page.width)
    rows = range(file.height - page.height)
    apart = [np.abs(np.asarray(file, float)[at:][: len(there), :wide] - there[:, :wide]).mean()
             for at in rows]  # fmt: skip
    assert np.argmin(apart) > 0 and min(apart) < 3  # under the title all is as on the page


def test_sizes_for_a_column_and_for_a_slide(tmp_path):
    sizes = {}
    for size in figures.SIZES:
        with mpl.rc_context():
            shown(Gallery(tmp_path / size, language="ja", source="調査", invented=False, size=size))
        png = Image.open(io.BytesIO((tmp_path / size / "figures" / "q.png").read_bytes()))
        svg = (tmp_path / size / "figures" / "q.svg").read_text()
        width = float(svg.partition('width="')[2].partition("pt")[0]) / 72
        assert png.info["dpi"] == pytest.approx((200, 200), abs=0.5)
        assert png.width / 200 == pytest.approx(width, rel=0.01)  # opens as large as the SVG
        sizes[size] = width
    assert 3 < sizes["report"] < 3.6  # half the column of A4: 600 pixels and more
    assert 5.6 < sizes["slide"] < 7  # half a slide of 16:9


DRAWING = """
import hashlib, sys
from pathlib import Path
import pandas as pd
from analysis.figures import plots
from analysis.figures.gallery import Gallery
gallery = Gallery(Path(sys.argv[1]), language="ja", source="調査", invented=True)
about = {"title": "題", "alt": "説明", "n": 15, "denominator": "団体"}
shares = pd.DataFrame({"count": [9, 4], "share": [0.6, 0.27]}, index=["ある", "ない"])
gallery.show(plots.shares(shares.reset_index(names="answer")), "shares",
             data=shares.reset_index(), **about)
values = pd.DataFrame({"value": [1.0, 2, 5, 9], "group": ["a", "a", "b", "b"]})
gallery.show(plots.plot_numbers(values, label="人"), "numbers", data=values, **about)
for file in sorted(Path(sys.argv[1]).rglob("[!.]*.*")):
    print(file.name, hashlib.sha256(file.read_bytes()).hexdigest())
"""


def test_the_same_data_give_the_same_bytes_in_every_process(tmp_path, monkeypatch):
    here = io.StringIO()
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "here")])
    with contextlib.redirect_stdout(here):
        exec(DRAWING, {})
    command = [sys.executable, "-c", DRAWING, str(tmp_path / "there")]
    other = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo"}
    there = subprocess.run(command, env=other, capture_output=True, text=True, check=True).stdout
    assert here.getvalue() == there and there.count("\n") == 6


# --- languages --------------------------------------------------------------------------------


@pytest.mark.slow
def test_english_figures_have_no_japanese_but_names(tmp_path, monkeypatch):
    """Every figure of the demo wave: labels, title, alt text, caption and the numbers behind it."""
    register = Survey.load("demo-2019").register
    names = sorted({*register["name"], *register["prefecture"]} - {""}, key=len)
    told = {}

    def note(self, canvas, name, n, data, **about):
        canvas.draw_without_rendering()
        texts = [t.get_text() for t in canvas.findobj(Text) if t.get_visible()]
        said = "\n".join([*map(str, about.values()), self.source, data.to_csv(), *texts])
        for proper in reversed(names):
            said = said.replace(proper, "")
        told[name] = re.findall("[\u3001-\u9fff\uff00-\uffef]+", said)
        return Figure(name=name, n=n, caption="", source="", png="", csv="", **about)

    monkeypatch.setattr(Gallery, "_figure", note)
    given = {"wave": "demo-2019", "language": "en", "output": str(tmp_path)}
    for notebook in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        space: dict[str, object] = {"display": lambda *shown, **more: None}
        for cell in json.loads(notebook.read_text())["cells"]:
            if cell["cell_type"] == "code":
                exec("".join(cell["source"]), space)
                if "parameters" in cell["metadata"].get("tags", []):
                    space |= {name: given[name] for name in given if name in space}
    assert len(told) > 38
    assert {name: said for name, said in told.items() if said} == {}


# --- fonts ------------------------------------------------------------------------------------


def only_fonts(monkeypatch, *allowed):
    """A machine that has only these fonts beside matplotlib's own and IPAexGothic."""
    kept = [
        font
        for font in font_manager.fontManager.ttflist
        if font.name in {"IPAexGothic", *allowed} or font.name.startswith(("DejaVu", "STIX", "cm"))
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", kept)


def test_names_in_all_their_characters(gallery, monkeypatch):
    """髙 and 﨑 are in IPAexGothic, which comes with a package; 𠮷 needs an installed font."""
    only_fonts(monkeypatch)
    figures.use_style("ja")
    shown(gallery, labels={"ある": "髙﨑市", "ない": "鰺ヶ沢町"})
    with pytest.raises(InputError, match=r"U\+20BB7.*Noto Sans CJK JP"):
        shown(gallery, name="refused", labels={"ある": "𠮷野町"})
    assert not list(gallery.folder.rglob("refused.*"))


def test_a_dollar_in_a_label_is_no_mathematics(gallery):
    """Two of them would be: a formula that cannot be read would end the run."""
    figure = shown(
        gallery, title="$x^2$ と $", labels={"ある": "費用 $\\frac$", "ない": "$10_000$"}
    )
    assert figure.title == "$x^2$ と $"
    ax = plots.shares(SHARES.rename(index={"ある": "$a$"}).reset_index(names="answer"))
    ax.figure.draw_without_rendering()
    assert not any(text.get_parse_math() for text in ax.figure.findobj(Text))


def test_a_character_that_the_first_font_lacks_is_taken_from_the_next(gallery):
    installed = {font.name for font in font_manager.fontManager.ttflist}
    if not set(figures.FALLBACK[:-1]) & installed:
        pytest.skip(f"no font for 𠮷 on this machine: one of {', '.join(figures.FALLBACK[:-1])}")
    shown(gallery, labels={"ある": "𠮷野町"})
    assert (gallery.folder / "figures" / "q.png").is_file()


def test_a_plain_figure_looks_the_same_where_no_other_font_is_installed(gallery, monkeypatch):
    before = shown(gallery).png
    only_fonts(monkeypatch)
    figures.use_style("ja")
    assert shown(gallery).png == before


# --- colours ----------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes 2009, doi:10.1109/TVCG.2009.113, severity 1.0
VISION = {
    "full": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, vision="full"):
    """CIELAB (D65) of a colour as someone sees it."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_by_every_eye(vision):
    for one, other in itertools.combinations(PALETTE, 2):
        assert np.linalg.norm(lab(one, vision) - lab(other, vision)) > 20, (one, other)


def test_the_first_colours_are_told_apart_in_grey_and_from_paper():
    lightness = [lab(colour)[0] for colour in PALETTE[:4]]
    assert np.diff(sorted(lightness)).min() > 12
    assert max(lightness) < 85


def test_the_ends_of_a_scale_are_darker_than_its_middle():
    points = pd.DataFrame({"item": "一", "answer": range(5), "count": 1})
    shades = [lab(bar.get_facecolor())[0] for bar in plots.likert(points).patches]
    assert shades[0] < shades[1] < shades[2] > shades[3] > shades[4]
    assert np.abs(np.diff(shades)).min() > 9


# --- tables -----------------------------------------------------------------------------------


def test_a_table_shows_its_denominator_and_notes_and_keeps_text_as_text(gallery):
    frame = pd.DataFrame({"団体": ["<b>甲</b>", "乙"], "割合": [12.5, 3.0]})
    made = gallery.table(frame, "t", title="表 <i>", n=15, notes=["nは回答した団体"])
    html = made._html()
    assert "n = 15" in html and "nは回答した団体" in html and "<td class=n>12.5" in html
    assert "&lt;b&gt;甲" in html and "<b>甲" not in html and "<i>" not in html
    assert made.rows == [["<b>甲</b>", "12.5"], ["乙", "3.0"]]
    assert "架空データ" in made.caption
    with pytest.raises(InputError, match="no title"):
        gallery.table(frame, "t", title="", n=15)


def test_numbers_stand_to_the_right_also_as_text_but_codes_and_years_do_not(gallery):
    frame = pd.DataFrame({
        "1": ["1", "2"], "p": ["<0.001", "1.000"], "差": ["+42%", "—"], "数": ["1,741", ""],
        "コード": ["011002", "131016"], "年": ["2019", "2020"], "n": ["n=6/9", "n=15"],
    })  # fmt: skip
    made = gallery.table(frame, "t", title="表", n=2)
    assert [c["label"] for c in made.columns if c["numeric"]] == ["p", "差", "数"]


def test_a_spreadsheet_runs_nothing_of_a_csv(gallery):
    frame = pd.DataFrame({"=1+1": ["=cmd()", "-5", "＝全角"]})
    csv = gallery.table(frame, "t", title="表", n=3).csv
    assert csv.splitlines() == ["'=1+1", "'=cmd()", "-5", "'＝全角"]


def test_letters_too_small_to_read_are_refused(gallery):
    ax = plots.shares(SHARES.reset_index(names="answer"))
    ax.text(0.5, 0.5, "小", fontsize=6)
    with pytest.raises(InputError, match="too small"):
        gallery.show(ax, "q", data=SHARES.reset_index(), **ABOUT)


def test_the_legend_of_a_scale_is_read_in_lines_and_its_ends_stand_apart(gallery):
    answers = ["全くない", "あまりない", "どちらでもない", "ややある", "よくある"]
    points = pd.DataFrame({"item": "一", "answer": answers, "count": [1, 2, 3, 4, 5]})
    ax = plots.likert(points)
    (legend,) = ax.figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    columns = [list(part) for part in np.array_split(said, legend._ncols)]  # as it is filled
    lines = list(itertools.chain(*itertools.zip_longest(*columns)))
    assert len(columns) > 1 and [text for text in lines if text] == answers
    low, high = ax.get_xlim()
    assert high - low < 110  # no half stands empty
    plt.close("all")


@pytest.mark.parametrize(("n", "said"), [(15, "1点が1団体"), (500, "棒の高さは団体数")])
def test_a_distribution_says_what_its_height_means_and_its_median(gallery, n, said):
    values = np.arange(1, n + 1)
    ax = plots.plot_numbers(pd.DataFrame({"value": values}), label="職員（人）")
    assert said in ax.get_xlabel() and "職員（人）" in ax.get_xlabel()
    assert [text.get_text() for text in ax.texts] == [f"中央値 {np.median(values):g}"]
    drawn = len(ax.lines[0].get_xdata()) if n == 15 else sum(bar.get_height() for bar in ax.patches)
    assert drawn == n
    plt.close("all")


def test_a_style_of_the_user_changes_no_figure():
    figures.use_style("ja")
    usual = dict(mpl.rcParams)
    with mpl.rc_context({"axes.titleweight": "bold", "savefig.transparent": True}):
        figures.use_style("ja")
        assert dict(mpl.rcParams) == usual
