"""What the numbers stand for: bounds and intervals against R, no test in a full count."""

import datetime as dt
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from notebook_run import run
from project import put_yaml
from scipy.stats import kendalltau

from analysis import Survey
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.figures import typology_plots
from analysis.results import certainty, hypotheses
from analysis.show import Frame, NotAvailable, Prose
from analysis.stats import population
from analysis.stats.hypotheses import effect, intraclass
from analysis.stats.population import Population, share_of_finite
from analysis.survey import QUICK

NONE = NotAvailable("typology", "none")
ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "digital-agency-r5"

# count, answers, invited -> svyciprop(~x, svydesign(~1, fpc = ~N), method = "logit") of R's survey
R = [
    (5, 13, 16, 0.263120, 0.522437),
    (4, 15, 16, 0.208225, 0.334580),
    (5, 15, 16, 0.269504, 0.403921),
    (1, 13, 16, 0.029114, 0.188035),
    (12, 13, 16, 0.811965, 0.970886),
    (3, 6, 16, 0.139713, 0.860287),
    (8, 15, 60, 0.297021, 0.755578),
    (50, 100, 1741, 0.404387, 0.595613),
    (522, 1733, 1741, 0.299748, 0.302679),
    (1, 5, 1741, 0.007753, 0.888872),
    (2, 4, 1741, 0.024830, 0.975170),
]


@pytest.mark.parametrize(("count", "n", "size", "low", "high"), R)
def test_the_interval_of_a_finite_population_is_that_of_r(count, n, size, low, high):
    assert share_of_finite(count, n, size) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(
    ("count", "n", "size", "wanted"),
    [
        # R's are of zero width here: (0, 0), (1, 1), (.3125, .3125)
        (0, 13, 16, (0.0, 2 / 16)),  # C(3, 2) / C(16, 2) = .025: 2 others would go unseen as often
        (13, 13, 16, (14 / 16, 1.0)),
        (0, 15, 16, (0.0, 1 / 16)),
        (5, 16, 16, None),
        (0, 16, 16, None),
        (1, 1, 16, None),
        (0, 1730, 1741, None),  # one other would have been seen in 99 %
    ],
)
def test_none_all_and_everybody(count, n, size, wanted):
    got = share_of_finite(count, n, size)
    assert got == (None if wanted is None else pytest.approx(wanted))


@given(st.integers(2, 60), st.data())
def test_no_interval_is_of_zero_width_and_the_bounds_hold_every_answer(size, data):
    n = data.draw(st.integers(1, size))
    count = data.draw(st.integers(0, n))
    asked = Population("invited", True, size, n)
    found, bounds = asked.interval(count, n), asked.bounds(count, n)
    if found is not None:
        assert 0 <= found[0] <= count / n <= found[1] <= 1 and found[0] < found[1]
    if n == size:
        assert found is None and bounds is None
    else:
        possible = (count + np.arange(size - n + 1)) / size
        assert bounds == pytest.approx((possible.min(), possible.max()))


def test_five_of_thirteen_answers_of_sixteen_invited():
    asked = Population("invited", True, 16, 15)
    assert asked.bounds(5, 13) == (5 / 16, 8 / 16)
    assert asked.tests and not asked.full
    beyond = Population("beyond", True, None, 15)
    assert beyond.interval(5, 13) == pytest.approx((0.177, 0.645), abs=5e-4)  # Wilson, as before
    assert beyond.bounds(5, 13) is None
    # who answers of their own accord is no random draw of the nation: bounds, and no interval
    few = Population("nation", True, 1741, 600)
    assert few.interval(300, 600) is None and few.bounds(300, 600) == (300 / 1741, 1441 / 1741)
    assert few.tests and not few.full


def test_a_full_count_leaves_nothing_to_chance():
    nation = Population("nation", True, 1741, 1733)
    assert nation.full and not nation.tests and nation.interval(1270, 1733) is None
    assert nation.bounds(1270, 1733) == (1270 / 1741, 1278 / 1741)
    assert population.chance(nation, "en") == ""
    assert not Population("nation", True, 1741, 1600).full
    assert Population("class", True, 62, 60).full and not Population("class", True, 62, 30).full
    assert not Population("invited", True, 16, 16).full  # the invited are no class


def told(folder, **entries):
    """The demo wave of 2019 with other entries in its wave.yml."""
    file = folder / "data" / "raw" / "demo-2019" / "wave.yml"
    content = yaml.safe_load(file.read_text(encoding="utf-8")) | entries
    content = {key: value for key, value in content.items() if value != "left out"}
    put_yaml(file, content)
    return Wave.read("demo-2019")


def test_a_wave_that_does_not_say_claims_least_and_says_so(project):
    told(project, population="left out")
    here = Survey.load("demo-2019").population
    assert (here.kind, here.stated, here.size, here.replied) == ("invited", False, 16, 15)
    assert "書かれていない" in population.words(here, "ja")
    assert "does not say" in population.words(here, "en")
    told(project, invited=None)
    unknown = Survey.load("demo-2019").population
    assert unknown.size is None and unknown.interval(5, 13) is None
    assert unknown.bounds(5, 13) is None
    assert "記録がない" in population.words(unknown, "ja")


def test_the_shipped_waves_say_what_they_stand_for(demo):
    assert demo.population == Population("invited", True, 16, 15)
    assert Wave.read("demo-2020").population == "invited"
    assert Wave.read("national-r5").population == "nation"


@pytest.mark.parametrize("asked", ["left out", 16, 1740])
def test_some_that_nobody_drew_are_not_the_nation(project, asked):
    with pytest.raises(InputError, match=r"population is nation.*population: invited"):
        told(project, population="nation", invited=asked)


def test_a_class_is_that_of_the_invited(project):
    told(project, population="class")
    here = Survey.load("demo-2019").population
    assert here.classes == ("core_city", "special_city", "other_city", "town_village")
    assert here.size == 58 + 27 + 687 + 926 and not here.full
    assert here.interval(5, 13) == pytest.approx((0.177, 0.645), abs=5e-4)
    invited = [{"code": "990019", "name": "青嶺市"}]
    with pytest.raises(InputError, match="size class of some of the invited is not known"):
        told(project, invited=invited)


def test_an_unknown_population_is_refused_by_name(project):
    with pytest.raises(InputError, match="population"):
        told(project, population="everybody")


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "here",
    [
        Population("invited", True, 16, 16),
        Population("invited", False, None, 5),
        Population("nation", False, 1741, 600),
        Population("class", True, 62, 30, ("core_city",)),
        Population("class", True, 20, 20, ("designated_city",)),
        Population("beyond", True, None, 15),
    ],
)
def test_every_kind_has_its_sentences(here, language):
    said = population.words(here, language)
    assert "None" not in said and "()" not in said and said.count("  ") == 0
    assert bool(population.chance(here, language)) == here.tests


# --- on the pages ------------------------------------------------------------------------------


def report(survey, until="limits", **given):
    """The page on shortage, of a survey without types unless `typology` is given."""
    language = survey.language
    given = {"survey": survey, "typology": NONE, **given}
    return run("06_report", until=until, given=given, language=language)


def test_the_share_of_the_invited_has_bounds_and_a_finite_interval(demo):
    page = report(demo)
    assert page.answer.text.endswith("13団体中5団体（38％）である。")
    said = page.answer.paragraph
    assert "依頼した16団体では31％～50％" in said and "95％区間26％～52％" in said
    assert "18%" not in said and "64%" not in said  # Wilson's, of a population without an end
    listed = page.prose
    assert (
        "依頼した16団体についてのもので、うち15団体が回答した" in listed
        and "重み付けはしない" in listed
    )
    english = Survey.load("demo-2019", language="en")
    assert "31% to 50% of all 16 invited" in report(english, "answer").answer.paragraph


def test_every_share_of_the_invited_has_its_bounds(demo):
    rows = demo.tabulate("Q12")
    counts = demo.responses["Q12"].value_counts()
    for row, code in zip(rows.records, range(1, 6), strict=True):
        count = int(counts.get(code, 0))
        assert (row["low"], row["high"]) == pytest.approx((count / 16, (count + 3) / 16))
    # seven were not asked Q07: of nine it could have been asked of, eight answered
    first = demo.tabulate("Q07").iloc[0]
    assert (first["count"], first["n"]) == (5, 8)
    assert (first["low"], first["high"]) == pytest.approx((5 / 9, 6 / 9))
    # the size class of the one that did not reply is known
    assert demo.tabulate("Q02")["low"].isna().all()
    shown = run("02_explore", given={"survey": demo}, until="frequencies", skip="figures").tables[
        "frequencies"
    ]
    rows_of_file = pd.read_csv(io.StringIO(shown.csv))  # the page has a row a question
    row = rows_of_file[rows_of_file["設問"].str.startswith("Q07 ")].iloc[0]
    assert (row["下限（％）"], row["上限（％）"]) == (55.6, 66.7)


def test_an_edition_that_hides_small_cells_has_no_bounds_that_give_them_away(tmp_path):
    public = Survey.load("demo-2019", audience="public", output=tmp_path)
    assert public.tabulate()[["low", "high"]].isna().all(axis=None)
    committee = Survey.load("demo-2019", audience="committee", output=tmp_path)
    assert committee.tabulate("Q12")["low"].isna().all()


def test_a_group_that_answered_as_a_whole_has_no_interval_of_no_width(demo):
    page = report(demo, "who-figure")
    made, frame = page.figures["who_is_short"], page.names["groups"].set_index("part")
    assert frame.loc["一般市", ["low", "high"]].isna().all()  # all seven answered
    assert frame.loc["町村", ["low", "high"]].tolist() == pytest.approx([2 / 3, 1], abs=1e-4)
    assert not (frame["low"] == frame["high"]).any() and "95％" not in made.alt + made.caption
    assert "回答がどうであっても、割合の異なる区分がある" in page.prose


def test_beyond_prints_the_intervals_of_a_random_draw_and_names_them(project):
    told(project, population="beyond")
    survey = Survey.load("demo-2019")
    page = report(survey)
    assert "割合の幅は、95％区間18％～64％である" in page.answer.paragraph
    assert "無作為に選ばれたとみなした" in page.prose and "すべて重なり" in page.prose
    assert survey.tabulate()["low"].isna().all()


def test_no_interval_is_put_about_a_share_as_if_it_were_the_nations(demo):
    said = run("02_explore", given={"survey": demo}, until="represents").prose
    assert "区間" not in said and "無作為に選ばれたものではない" in said


# --- full counts -------------------------------------------------------------------------------

CHANCE = re.compile(
    r"p値|信頼区間|95\s*[％%]|うかがえる|確かでない|有意|＊|Holm|\bp\s*[=<>≦]|p-value|[Ss]uggested|uncertain"
    r"|signific|confidence|interval|exact test|permutation|検定を|標本の小ささ"
)


def written(shown):
    """All that an output says: sentences, cells, notes, captions and numbers."""
    parts = [getattr(shown, k, "") for k in ("markdown", "paragraph", "title", "alt", "caption")]
    parts += [getattr(shown, "csv", ""), *getattr(shown, "notes", [])]
    if hasattr(shown, "columns"):
        parts += [column["label"] for column in shown.columns] + [str(shown.rows)]
    return " ".join(map(str, parts))


@pytest.fixture
def cities(project):
    """All 20 designated cities with invented answers to the questions of the national table."""
    day, rng = dt.date(2023, 4, 1), np.random.default_rng(5)
    book, known = Codebook.read("dx-dashboard"), municipality.register()
    codes = [c for c in known.index if municipality.size_class(c, day) == "designated_city"]
    level = rng.standard_normal(len(codes))
    frame = pd.DataFrame({"団体コード": codes})
    for question in book:
        y = level + rng.standard_normal(len(codes))
        told = (50 + 15 * y).clip(0, 100).round().astype(int)
        told = told // 20 if question.type == "integer" else told
        frame[question.source[0]] = np.where(y > 0, 1, 0) if question.type == "binary" else told
    folder = project / "data" / "raw" / "cities"
    folder.mkdir()
    frame.to_csv(folder / "replies.csv", index=False, encoding="utf-8-sig")
    about = {
        "title": {"ja": "架空の全数", "en": "Invented full count"},
        "as_of": day,
        "publisher": {"ja": "架空", "en": "invented"},
        "codebook": "dx-dashboard",
        "data": "invented",
        "invited": [{"code": code, "name": str(known.at[code, "name"])} for code in codes],
        "population": "class",
        "files": [{"path": "replies.csv"}],
    }
    put_yaml(folder / "wave.yml", about)
    return project


def test_sizes_of_a_full_count_stand_in_the_place_of_tests(cities):
    survey = Survey.load("cities")
    assert survey.population == Population("class", True, 20, 20, ("designated_city",))
    page = run("04_hypotheses", wave="cities", output=str(cities))
    assert "同じ規模" in page.tables["hypotheses"].frame
    figure = page.figures["effects"]
    shown = [page.answer.paragraph, page.prose, *page.tables["hypotheses"].notes]
    shown += [table.frame.to_csv() for table in page.tables.values()]
    shown += [figure.alt, figure.caption, figure.csv]
    assert not [CHANCE.search(text) for text in shown if CHANCE.search(text)]
    assert "全国の指定都市20団体すべて" in page.prose
    assert "下限" not in figure.csv


def test_a_full_count_of_five_by_hand():
    x, y = np.array([1.0, 1, 0, 0, 0]), np.array([3.0, 1, 2, 1, 0])
    # pairs: 3>2 3>1 3>0, 1<2 1=1 1>0: 4 more, 1 less of 6
    assert effect(x, y, two_groups=True) == pytest.approx(3 / 6)
    strata = np.array(["a", "b", "a", "b", "b"])  # 3>2; 1=1, 1>0
    assert effect(x, y, strata, two_groups=True) == pytest.approx(2 / 3)
    assert np.isnan(effect(x, y, np.array(list("aabbb")), two_groups=True))
    a, b = np.array([1.0, 2, 2, 3, 5, 4]), np.array([2.0, 1, 3, 3, 4, 6])
    assert effect(a, b, two_groups=False) == pytest.approx(kendalltau(a, b).statistic)


def test_the_intraclass_correlation_is_that_of_r():
    # R: a <- anova(lm(breaks ~ factor(rep(1:6, each = 9)), warpbreaks));
    # (a[1, 3] - a[2, 3]) / (a[1, 3] + 8 * a[2, 3])
    breaks = [26, 30, 54, 25, 70, 52, 51, 26, 67, 18, 21, 29, 17, 12, 18, 35, 30, 36,
              36, 21, 24, 18, 10, 43, 28, 15, 26, 27, 14, 29, 19, 29, 31, 41, 20, 44,
              42, 26, 19, 16, 39, 28, 21, 39, 29, 20, 21, 24, 17, 13, 15, 15, 16, 28]  # fmt: skip
    icc, design = intraclass(np.array(breaks, float), np.repeat(range(6), 9))
    assert icc == pytest.approx(0.3491421, abs=1e-7) and design == pytest.approx(1 + 8 * icc)


@pytest.mark.skipif(not REAL.is_dir(), reason="the national table is not here (../shared/data)")
@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.slow)])
def test_the_national_table_is_described_by_the_audits_effects(project, language):
    (file,) = REAL.glob("*市区町村比較.csv")
    shutil.copytree(ROOT / "data" / "raw" / "national-r5", project / "data" / "raw" / "national-r5",
                    ignore=shutil.ignore_patterns("*.csv"))  # fmt: skip
    shutil.copy(file, project / "data" / "raw" / "national-r5")
    survey = Survey.load("national-r5", language=language)
    assert survey.population.full and survey.population.size == survey.n == 1741
    found = hypotheses.evidence(survey).set_index("id")
    n3 = found.loc["N3"]  # a CIO and the use of AI, RPA and telework
    assert (round(n3["same_size"], 2), round(n3["same_home"], 2)) == (0.05, 0.02)
    assert n3["word"] == "negligible" and (n3["group"], n3["rest"]) == (1270, 463)
    assert (found[["same_size", "same_home"]] > 0).all(axis=None)
    # of all 1,741 the outcome itself, size classes taken out: the audit's .061 and 3.2
    y = survey.responses[["ai", "rpa", "telework"]].astype(float).sum(axis=1)
    size, home = (survey.register[c].astype(str) for c in ("size_class", "prefecture"))
    icc, design = intraclass(y - y.groupby(size).transform("mean"), home)
    assert (round(icc, 3), round(design, 1)) == (0.061, 3.2)
    page = run("04_hypotheses", given={"survey": survey}, language=language)
    shown = [page.answer.paragraph, page.prose, page.tables["hypotheses"].frame.to_csv()]
    short = report(survey)
    tables = run("02_explore", given={"survey": survey}, language=language, skip="figures")
    shown += [short.answer.paragraph, short.prose, tables.prose]
    shown += [tables.tables["frequencies"].csv]
    assert not [CHANCE.search(text) for text in shown if CHANCE.search(text)]
    assert "72.9,73.4" in shown[-1]  # CIO: 1,270 of 1,733, whatever the eight not surveyed do


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_page_of_a_full_count_speaks_of_chance(cities, language):
    survey = Survey.load("cities", language=language)
    found = survey.typology(**QUICK)
    given = {"survey": survey, "typology": found}
    page = run("03_typology", until="levels-words", given=given, language=language)
    counted = run("02_explore", given={"survey": survey}, language=language, skip="figures")
    shown = [*counted.tables.values(), *page.tables.values(), *page.figures.values()]
    shown += [page.answer, *counted.of(Prose)]
    short = report(survey, typology=found)
    shown += [one for one in short.outputs if not isinstance(one, Frame)]
    assert {"typology", "types", "differences"} <= {getattr(one, "name", "") for one in shown}
    assert not list(CHANCE.finditer(" ".join([*map(written, shown), page.prose])))
    # how often surveys without types look as good is a comparison with a model, and called so
    chance = certainty.chance(survey, found)
    said = survey.say("types/doubts", chance=chance, adjust="none", asked=19, tested=False)
    assert {"ja": "モデルとの比較", "en": "comparison with a model"}[language] in said
    assert not CHANCE.search(re.sub(r"[（(]p = [^)）]*[)）]", "", said))
    kinds = {"types": page.names["summary"], "language": language}
    note = typology_plots.profile(page.names["profile"], **kinds).get_xlabel()
    assert "0.33" in note and not CHANCE.search(note)


def test_a_year_later_of_a_full_count_is_described_too(cities):
    now, before = Survey.load("cities"), Survey.load("cities")
    answers = now.responses
    now.responses = answers.assign(ai=~answers["ai"], online=answers["online"] + 1)
    kinds = {"n": 2, "count": 1, "expected": 1.0, "low": 0, "high": 2, "p": 0.5, "exceeds": False}
    found = {"typologies": (NONE, NONE), "kinds": kinds | {"matched": {1: 1}}}
    page = run("07_refresh_diff", given={"survey": now, "earlier": before, **found})
    shown = [one for one in page.outputs if not isinstance(one, Frame)]
    shown = [one for one in shown if getattr(one, "name", "") != "national_totals"]
    text = " ".join(map(written, shown))
    assert not list(CHANCE.finditer(text)) and "2項目が変わった" in text
    assert "2団体中1団体。" in text and "範囲" not in text


def test_those_not_short_and_those_short_of_a_full_count_are_compared_by_size(demo, monkeypatch):
    full = Population("class", True, 15, 15, ("core_city",))
    monkeypatch.setitem(demo.__dict__, "population", full)
    page = report(demo, "measures")
    text = page.prose + written(page.tables["measures"])
    assert not list(CHANCE.finditer(text))
    assert "同じ規模どうしの差" in text and "効果の順ではない" in text and "偶然" not in text


def test_a_full_count_hides_what_a_sample_of_the_same_answers_hides(monkeypatch):
    survey = Survey.load("demo-2019", audience="public", files=False)
    sample = hypotheses.evidence(survey).set_index("id")
    full = Population("class", True, 15, 15, ("core_city",))
    monkeypatch.setitem(survey.__dict__, "population", full)
    shown = hypotheses.evidence(survey).set_index("id")
    assert (
        shown.index[shown["word"] == "withheld"] == sample.index[sample["word"] == "withheld"]
    ).all()
    assert (shown["word"] == "withheld").any()
    assert shown[["same_home", "icc", "group"]].isna().all(axis=None)
    # one effect each, of one decimal, under its own name
    assert not (shown["effect"].notna() & shown["same_size"].notna()).any()
    assert (shown["same_size"].dropna() * 10 % 1 == 0).all() and shown["same_size"].notna().any()


def test_who_replied_without_being_asked_is_described_too():
    wave = Wave.read("demo-2019")
    asked, replied = [True] * 15 + [False], [False] + [True] * 15
    register = pd.DataFrame({"invited": asked, "replied": replied, "size_class": "other_city"})
    here = population.of(wave, register)
    assert (here.size, here.replied, here.others) == (16, 15, 1)
    assert here.bounds(5, 13) == (5 / 16, 8 / 16)
    assert "依頼した15団体と、依頼していないが回答した1団体について" in population.words(here, "ja")
    said = population.words(here, "en")
    assert "the 15 municipalities that were invited and 1 that replied without being asked;" in said
