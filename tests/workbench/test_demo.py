"""Invented replies: known truth, fictional places, the same bytes; what cleaning makes of them."""

import functools
import shutil

import demo_waves
import numpy as np
import openpyxl
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from analysis import Survey, paths
from analysis.cleaning import clean
from analysis.cleaning.findings import RULES
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read as intake
from analysis.paths import root
from analysis.typology import classifier
from workbench import demo
from workbench.demo import as_in_2019, name_of, simulate
from workbench.office import new_wave

BOOK = Codebook.read("it-staffing")
DEMOS = ("demo-2019", "demo-2020")
drawn_once = functools.cache(simulate)  # for tests that only look at many replies


def test_places_are_fictional_and_can_never_join_real_ones():
    register = municipality.register()
    real = set(register["name"].map(municipality.fold))
    names = {name_of(i, size) for i in range(1, 65) for size in (2, 6)}
    assert not {municipality.fold(name) for name in names} & real
    assert {municipality.resolve(name).code for name in names} == {""}
    drawn = drawn_once(1_100)
    codes = drawn.responses.index
    assert codes.is_unique and not set(codes) & set(register.index)
    assert all(municipality.check_digit(c[:5]) == c[5] for c in codes)
    assert set(codes[:999].str[:2]) == {"99"} and codes.str[:2].astype(int).min() > 47
    assert drawn.responses["Q00"].is_unique


def test_the_same_seed_gives_the_same_replies_and_another_others():
    pd.testing.assert_frame_equal(simulate(20, seed=3).responses, simulate(20, seed=3).responses)
    assert not simulate(20, seed=3).responses.equals(simulate(20, seed=4).responses)


@pytest.mark.parametrize("n", [0, -1, 50_000])
def test_a_number_that_cannot_be_drawn_is_told(n):
    with pytest.raises(InputError, match="cannot be drawn"):
        simulate(n)


def test_types_differ_as_designed_and_not_without_separation():
    drawn = drawn_once(600, truth="A", missing=0.0)
    answers, types = drawn.responses.astype({"Q26": float, "Q15": float}), drawn.truth["type"]
    vendor = answers["Q26"].groupby(types).median()
    assert vendor[4] > vendor[1] + 30
    assert answers["Q15"].groupby(types).median().idxmax() == 5  # veterans stay
    hired = answers["Q13_3"].groupby(types).mean()
    assert hired[2] == 1 and hired.drop(2).max() == 0  # fixed-term experts
    again = (answers["Q10"] / (answers["Q08"] + answers["Q10"])).astype(float)
    assert again.groupby(types).median().nlargest(2).index[0] == 5
    mixed = simulate(600, missing=0.0, separation=0.0)
    p = stats.kruskal(
        *(g.to_numpy(float) for _, g in mixed.responses["Q26"].groupby(mixed.truth["type"]))
    ).pvalue
    assert p > 0.01


def test_management_drives_outcomes_only_in_truth_a():
    for truth, low, high in (("A", 0.3, 1.0), ("B", -0.1, 0.1)):
        drawn = drawn_once(600, truth=truth, missing=0.0)
        tau = stats.kendalltau(
            drawn.truth["management"], drawn.responses["Q31"].astype(int)
        ).statistic
        assert low <= tau <= high


def test_answers_keep_the_skip_rules_and_the_missing_rate():
    drawn = simulate(300, missing=0.1)
    left_out = drawn.responses["Q06"].isin([1, 4])
    assert (drawn.status.loc[left_out, "Q07_1"] == "not_applicable").all()
    share = (drawn.status["Q12"] == "no_answer").mean()
    assert 0.05 < share < 0.15
    assert np.isin(drawn.responses["Q12"].dropna(), [1, 2, 3, 4, 5]).all()


def found(drawn, kinds=5):
    """How well clustering the six composites finds the types: adjusted Rand index."""
    made = classifier.features(drawn.responses, drawn.status, BOOK)
    six = classifier.indices(made, BOOK, drawn.responses)[list(made.group_labels)].fillna(0)
    labels = AgglomerativeClustering(kinds).fit_predict((six - six.mean()) / six.std())
    return adjusted_rand_score(drawn.truth["type"], labels)


def test_the_types_can_be_found_from_the_answers_and_fade_with_their_separation():
    scores = [found(simulate(60, separation=s, seed=1)) for s in (1.0, 0.8, 0.0)]
    assert scores[0] > 0.9 > scores[1] > scores[2]
    assert abs(scores[2]) < 0.1


def test_management_is_independent_of_the_type():
    drawn = drawn_once(1_100)
    groups = [g.to_numpy() for _, g in drawn.truth["management"].groupby(drawn.truth["type"])]
    assert stats.kruskal(*groups).pvalue > 0.01
    assert stats.kendalltau(drawn.truth["management"], drawn.truth["type"]).pvalue > 0.01


def test_management_shows_in_its_own_questions_in_both_truths():
    for truth in ("A", "B"):
        drawn = drawn_once(600, truth=truth, missing=0.0)
        items = drawn.responses[[f"Q29_{k}" for k in range(1, 6)]].astype(float).mean(axis=1)
        assert stats.kendalltau(drawn.truth["management"], items).statistic > 0.6


def test_a_type_makes_little_difference_to_outcomes():
    drawn = drawn_once(600, truth="A", missing=0.0)
    stage, m = drawn.responses["Q31"].astype(float), drawn.truth["management"]
    by_type = stage.groupby(drawn.truth["type"]).mean()
    low, high = stage[m < m.quantile(0.2)].mean(), stage[m > m.quantile(0.8)].mean()
    assert by_type.max() - by_type.min() < 0.5 * (high - low)


def test_no_answer_breaks_a_check_of_the_codebook():
    drawn = drawn_once(600, truth="A", missing=0.0)
    r = drawn.responses
    assert (r["Q09"] <= r["Q08"]).fillna(True).all() and (r["Q08"] <= r["Q05"]).all()
    for question in BOOK:
        if question.range and question.type in {"integer", "ratio"}:
            low, high = question.range
            assert r[question.id].dropna().between(low, high).all(), question.id
        if question.type == "multi":
            alone = [f"{question.id}_{o.code}" for o in question.options if o.exclusive]
            ticked = r[list(question.variables)].sum(axis=1)
            assert all((ticked[r[v].fillna(False)] == 1).all() for v in alone), question.id
            assert question.max_choices is None or ticked.max() <= question.max_choices


def cleaned(wave):
    about = Wave.read(wave)
    return clean.clean(intake.read(about, BOOK), about, BOOK)


@pytest.fixture(scope="module")
def demos():
    return {wave: cleaned(wave) for wave in DEMOS}


def test_the_committed_demo_waves_are_what_the_simulator_makes(tmp_path):
    demo_waves.demo_waves(tmp_path)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert [str(p.parent) for p in made] == ["demo-2019", "demo-2019", "demo-2020", "demo-2020"]
    for file in made:
        committed = root() / "data" / "raw" / file
        assert (tmp_path / file).read_bytes() == committed.read_bytes(), file


def test_the_demo_waves_show_every_kind_of_finding(demos):
    shown = set().union(*(wave.findings["rule"] for wave in demos.values()))
    # the demo waves name no real municipality
    real = {"renamed", "namesake", "not-invited", "dissolved"}
    unasked = {"triangle"}  # none of their questions asks for a change, so that △ is refused
    tools = {"label", "two-readings", "other-words", "time-zone"}
    tools |= {"other-like-an-option", "option-or-other"}
    tools |= {"day-or-month", "seen-unanswered", "unfinished"}
    others = {
        "blank",
        "coloured",
        "copied",
        "outside-data",
        "marked",
        "more-replies",
        "personal",
        "corrected",
        "elsewhere",
        "drawn",
        "unclear-place",
        "unsure",
        "another",
        "colour-alone",
        "example-row",
        "control",
        "one-of-fractions",
        "scaled",
        "struck",
        "words-drawn",
    }  # of forms, of other waves
    assert set(RULES) - shown == real | unasked | tools | others


def test_one_did_not_reply_in_2019_and_all_did_in_2020(demos):
    registers = [demos[wave].register for wave in DEMOS]
    assert [(len(r), int(r["replied"].sum())) for r in registers] == [(16, 15), (16, 16)]
    assert registers[0].index[~registers[0]["replied"]].tolist() == ["990167"]


def test_the_corrected_reply_counts_and_the_earlier_one_does_not(demos):
    kept = demos["demo-2019"].responses.loc["990027"]
    assert (kept["Q09"], kept["Q12"]) == (1, 2)
    earlier = demos["demo-2019"].findings.query("rule == 'changed' and question == 'Q09'")
    assert earlier[["raw", "value"]].to_numpy().tolist() == [["900", "1"]]


def test_every_file_of_a_demo_wave_says_that_it_is_invented():
    for wave in map(Wave.read, DEMOS):
        assert wave.invented and "架空" in wave.title.ja and "invented" in wave.title.en
        assert all(one.code.startswith("99") for one in wave.invited)
    sheet = openpyxl.load_workbook(Wave.read("demo-2019").folder / "replies.xlsx")["回答"]
    assert "架空" in sheet["A1"].value and "架空" in sheet["A2"].value
    # as pasted together by hand: merged sections over the questions, a hidden column, a comment
    assert any(area.min_row == 4 for area in sheet.merged_cells.ranges)
    assert any(column.hidden for column in sheet.column_dimensions.values())
    assert sheet["A2"].comment is not None
    text = (Wave.read("demo-2020").folder / "replies.csv").read_bytes()
    assert "㈱" in text.decode("cp932")
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")


def test_two_municipalities_changed_their_approach():
    first = simulate(15, seed=20191003)
    later = demo_waves.a_year_later(first)
    before, after = first.truth["type"], later.truth["type"]
    changed = after.index[:15][(after.iloc[:15] != before).to_numpy()]
    assert changed.tolist() == ["990035", "990108"] and len(after) == 16
    same = ["Q01", "Q02", "Q03", "Q05"]
    pd.testing.assert_frame_equal(later.responses[same].iloc[:15], first.responses[same])
    assert (later.responses["Q08"] <= later.responses["Q05"] * 0.05).all()


def seeds(first, all):
    """Random numbers of every run, and more of them with the slow tests."""
    return [pytest.param(n, marks=[pytest.mark.slow] * (n >= first)) for n in range(all)]


@pytest.mark.parametrize("year", [2019, 2020])
@pytest.mark.parametrize("seed", seeds(2, 4))
def test_answers_written_in_unusual_ways_are_read_as_they_were_meant(project, year, seed):
    drawn = simulate(9, seed=seed)
    folder = project / "data" / "raw" / "soiled"
    tidy, chance, file = demo.table(drawn), np.random.default_rng(seed), demo_waves.CSV
    if year == 2020:
        content = demo_waves.tidy_csv(
            demo.soiled(demo_waves.ticked(tidy, drawn), drawn, 0.6, chance)
        )
    else:
        content = demo.workbook(demo.soiled(tidy, drawn, 0.6, chance), drawn.book)
        file = {"path": "replies.xlsx", "layout": "rows"}
    demo.write_wave(folder, content, demo.about(drawn, 9, year, file))
    read = cleaned("soiled")
    assert set(read.findings["severity"]) <= {"repaired", "doubtful"}
    doubted = read.findings.query("severity == 'doubtful'")["rule"]
    assert set(doubted) <= {"hidden", "unmatched", "heading", "comment"}
    assert len(read.findings) > 50
    for question in BOOK:
        for name in question.variables:
            got, meant = read.responses[name], drawn.responses[name]
            if question.type == "date" and question.precision == "month":
                meant = meant.dt.to_period("M").dt.to_timestamp().astype(got.dtype)
            if question.identity != "name":
                pd.testing.assert_series_equal(got, meant, check_index_type=False)


@pytest.mark.parametrize("seed", seeds(4, 12))
def test_slips_fit_any_replies(seed):
    for n in (1, 3, 16) if seed else (40,):
        drawn = simulate(n, seed=seed, missing=0.2)
        rows = as_in_2019(demo.table(drawn), drawn)
        assert demo.workbook(rows, BOOK)[:2] == b"PK"


def test_a_wave_is_made_by_name_with_one_who_did_not_reply(project):
    said = demo.simulate_wave("trial", n=20, seed=5, truth="B")
    assert "19 invented replies of 20" in said and "truth B" in said and "seed 5" in said
    survey = Survey.load("trial")
    assert len(survey.responses) == 19 and int(survey.register["replied"].sum()) == 19
    assert np.all(survey.register.index.str.startswith("99"))
    with pytest.raises(InputError, match="exists already"):
        demo.simulate_wave("trial", n=20)


def test_of_two_that_make_one_wave_at_once_the_second_is_refused(project, monkeypatch):
    """It ended in an unexpected error, or wrote over, or took away, what the first wrote."""
    alone, raw = demo.one_at_a_time, project / "data" / "raw"
    given, of_another = raw / "demo-2019" / "replies.xlsx", raw / "demo-2019" / "wave.yml"

    def after_another(folder):
        folder.mkdir(exist_ok=True)
        (folder / "replies.xlsx").write_text("of another")
        shutil.copy(of_another, folder)
        return alone(folder)

    (raw / "completed").mkdir()  # a wave.yml that was committed without its data
    shutil.copy(of_another, raw / "completed")
    for module in (demo, new_wave):
        monkeypatch.setattr(module, "one_at_a_time", after_another)
    for name in ("simulated", "new", "completed"):
        with pytest.raises(InputError, match=r"exists already|already exists"):
            if name == "simulated":
                demo.simulate_wave(name, n=4)
            else:
                new_wave.new_wave(name, [given], "it-staffing", "2019-04-01")
        assert (raw / name / "replies.xlsx").read_text() == "of another"
        assert (raw / name / "wave.yml").read_bytes() == of_another.read_bytes()


def test_a_wave_that_broke_off_is_no_wave_and_the_same_command_makes_it(project, monkeypatch):
    def full(path, content, **options):
        if path.name == "wave.yml":
            raise OSError(28, "No space left on device")
        write(path, content, **options)

    write, folder = paths.write_atomic, project / "data" / "raw"
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(paths, "write_atomic", full)
        demo.simulate_wave("trial", n=4)
    assert {p.name for p in folder.iterdir()} == {"demo-2019"}
    demo.simulate_wave("trial", n=4)
    assert {p.name for p in folder.iterdir()} == {"demo-2019", "trial"}


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [("../x", {}, "called"), ("x", {"n": 1}, "cannot be drawn"), ("x", {"seed": -1}, "be -1")],
)
def test_a_wave_that_cannot_be_made_leaves_nothing(project, name, options, told):
    before = sorted(project.rglob("*"))
    with pytest.raises(InputError, match=told):
        demo.simulate_wave(name, **options)
    assert sorted(project.rglob("*")) == before
