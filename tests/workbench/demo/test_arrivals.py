"""Invented replies as files: the same bytes every time, and what cleaning makes of them."""

import numpy as np
import openpyxl
import pandas as pd
import pytest

from analysis import Survey
from analysis.cleaning import clean
from analysis.cleaning.findings import RULES
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read as intake
from analysis.paths import root
from workbench.demo import arrivals
from workbench.demo.arrivals import as_in_2019
from workbench.demo.simulate import simulate

BOOK = Codebook.read("it-staffing")
DEMOS = ("demo-2019", "demo-2020")


def cleaned(wave):
    about = Wave.read(wave)
    return clean.clean(intake.read(about, BOOK), about, BOOK)


@pytest.fixture(scope="module")
def demos():
    return {wave: cleaned(wave) for wave in DEMOS}


def test_the_committed_demo_waves_are_what_the_simulator_makes(tmp_path):
    arrivals.demo_waves(tmp_path)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert [str(p.parent) for p in made] == ["demo-2019", "demo-2019", "demo-2020", "demo-2020"]
    for file in made:
        committed = root() / "data" / "raw" / file
        assert (tmp_path / file).read_bytes() == committed.read_bytes(), file


def test_the_demo_waves_show_every_kind_of_finding(demos):
    shown = set().union(*(wave.findings["rule"] for wave in demos.values()))
    real = {"renamed", "namesake", "not-invited"}  # the demo waves name no real municipality
    unasked = {"triangle"}  # none of their questions asks for a change, so that △ is refused
    tools = {"label", "two-readings", "other-words", "other-like-an-option", "time-zone"}
    others = {
        "blank",
        "outside-data",
        "marked",
        "more-replies",
        "personal",
        "corrected",
        "elsewhere",
        "drawn",
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
    first = simulate(15, seed=20191003, codebook=BOOK)
    later = arrivals.a_year_later(first, BOOK)
    before, after = first.truth["type"], later.truth["type"]
    changed = after.index[:15][(after.iloc[:15] != before).to_numpy()]
    assert changed.tolist() == ["990035", "990108"] and len(after) == 16
    same = ["Q01", "Q02", "Q03", "Q05"]
    pd.testing.assert_frame_equal(later.responses[same].iloc[:15], first.responses[same])
    assert (later.responses["Q08"] <= later.responses["Q05"] * 0.05).all()


@pytest.mark.parametrize("year", [2019, 2020])
@pytest.mark.parametrize("seed", range(4))
def test_answers_written_in_unusual_ways_are_read_as_they_were_meant(project, year, seed):
    drawn = simulate(9, seed=seed, codebook=BOOK)
    folder = project / "data" / "raw" / "soiled"
    arrivals.write_wave(
        folder, drawn, BOOK, invited=9, year=year, slips=False, dirty=0.6, seed=seed
    )
    read = cleaned("soiled")
    assert set(read.findings["severity"]) <= {"repaired", "doubtful"}
    doubted = read.findings.query("severity == 'doubtful'")["rule"]
    assert set(doubted) <= {"hidden", "unmatched", "heading"}
    assert len(read.findings) > 50
    for question in BOOK:
        for name in question.variables:
            got, meant = read.responses[name], drawn.responses[name]
            if question.type == "date" and question.precision == "month":
                meant = meant.dt.to_period("M").dt.to_timestamp().astype(got.dtype)
            if question.identity != "name":
                pd.testing.assert_series_equal(got, meant, check_index_type=False)


@pytest.mark.parametrize("seed", range(12))
def test_slips_fit_any_replies(seed):
    for n in (1, 3, 16) if seed else (40,):
        drawn = simulate(n, seed=seed, missing=0.2, codebook=BOOK)
        rows = as_in_2019(arrivals.table(drawn, BOOK), drawn)
        assert arrivals.workbook(rows, BOOK)[:2] == b"PK"


def test_a_wave_is_made_by_name_with_one_who_did_not_reply(project):
    said = arrivals.simulate_wave("trial", n=20, seed=5, truth="B")
    assert "19 invented replies of 20" in said and "truth B" in said and "seed 5" in said
    survey = Survey.load("trial")
    assert len(survey.responses) == 19 and int(survey.register["replied"].sum()) == 19
    assert np.all(survey.register.index.str.startswith("99"))
    with pytest.raises(InputError, match="exists already"):
        arrivals.simulate_wave("trial", n=20)


@pytest.mark.parametrize(("name", "n", "told"), [("../x", 16, "called"), ("x", 1, "too few")])
def test_a_wave_that_cannot_be_made_leaves_nothing(project, name, n, told):
    before = sorted(project.rglob("*"))
    with pytest.raises(InputError, match=told):
        arrivals.simulate_wave(name, n=n)
    assert sorted(project.rglob("*")) == before
