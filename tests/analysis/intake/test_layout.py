"""The ministry's tables of two years: their layouts, their traps, and what is no such table."""

import datetime as dt
import zipfile

import ministry
import numpy as np
import openpyxl
import pandas as pd
import pytest
import received
import yaml
from project import put_yaml

from analysis.codebook import municipality
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake.headings import Headings
from analysis.intake.layout import layout_of
from analysis.intake.read import read
from analysis.intake.sheet import MAX_COLUMNS, Sheet
from analysis.results import changes
from analysis.survey import Survey
from workbench.office.new_wave import new_wave

# 士別市 and 市川市: 12203 may be either; of 府中市 there are two
PLACES = [
    ("011002", "北海道", "札幌市"),
    ("012203", "北海道", "士別市"),
    ("122033", "千葉県", "市川市"),
    ("132063", "東京都", "府中市"),
    ("342084", "広島県", "府中市"),
    ("473821", "沖縄県", "与那国町"),
]
BOOK = "online-procedures"


@pytest.fixture
def both(project):
    """A wave of each issue."""
    for issue in ("R05", "R06"):
        file = ministry.write(project / f"online-{issue}.xlsx", issue, PLACES)
        new_wave(issue.lower(), [file], BOOK)
    return [Survey.load(name, language="en") for name in ("r05", "r06")]


def test_two_layouts_are_read_as_the_same_questions_of_the_same_municipalities(both):
    for survey, issue in zip(both, ("R05", "R06"), strict=True):
        assert list(survey.responses.index) == [code for code, *_ in PLACES]
        for at, (code, *_) in enumerate(PLACES):
            for number, name in ((0, "library"), (3, "tax"), (9, "moving_in")):
                told = ministry.answers(at, number, issue)
                row = survey.responses.loc[code]
                assert row[f"{name}_there"] == (told["there"] == "有")
                if told["there"] == "有":
                    assert row[f"{name}_online"] == (told["online"] == "済")
                    assert row[f"{name}_applications"] == told["total"]
                    assert row[f"{name}_online_applications"] == told["used"]
                    assert row[f"{name}_rate"] == pytest.approx(told["rate"], abs=1e-9)
        assert set(survey.findings["rule"]) <= {"code-repaired"}  # no share is off its counts
    rates = both[1].responses["halls_rate"].dropna()
    assert 0.5 in set(rates)  # half a per cent, and no fifty


def test_the_day_observed_is_that_of_the_issue_and_not_the_year_in_the_title(both, project):
    assert [survey.wave.as_of for survey in both] == [dt.date(2023, 4, 1), dt.date(2024, 4, 1)]
    file = project / "data" / "raw" / "r05" / "wave.yml"
    file.write_text(file.read_text("utf-8").replace("2023-04-01", "2022-04-01"), "utf-8")
    with pytest.raises(InputError, match="R05 describes 2023-04-01"):
        Wave.read("r05").book()


def test_a_file_of_another_year_or_another_table_is_refused_in_one_sentence(both, project):
    older = ministry.write(project / "r04.xlsx", "R05", PLACES, title="令和３年度実績")
    r05, r06 = (project / f"online-{issue}.xlsx" for issue in ("R05", "R06"))
    bare = project / "bare.xlsx"
    book = openpyxl.load_workbook(r06)
    del book["市区町村"]
    book.save(bare)
    with zipfile.ZipFile(project / "all.zip", "w") as archive:
        archive.write(older, "（１）.xlsx")
        archive.write(r06, "（６）.xlsx")
    for files, words, said in (
        ([older], {}, "begins with 'オンライン利用状況調査（令和３年度実績）'"),
        ([bare], {}, "has no sheet '市区町村'"),
        ([project / "all.zip"], {}, "give all.zip/（６）.xlsx"),
        ([r05, r06], {}, "several issues"),
        ([r05], {"as_of": "2024-04-01"}, "R05 describes 2023-04-01, not 2024-04-01"),
    ):
        with pytest.raises(InputError) as refused:
            new_wave("other", files, BOOK, **words)
        assert said in str(refused.value) and not (project / "data" / "raw" / "other").exists()
    (project / "data" / "raw" / "r06" / "online-R06.xlsx").write_bytes(r05.read_bytes())
    with pytest.raises(InputError, match=r"the issue R05, and wave\.yml says R06"):
        Survey.load("r06")
    assert "G8: library_there" in new_wave(None, [], BOOK, check=[r06], language="en")


def test_who_merged_between_two_waves_is_neither_lost_nor_a_silent_absence(project):
    """岩舟町 became part of 栃木市 on 2014-04-05, 滝沢村 became 滝沢市 on 2014-01-01."""
    file = project / "data" / "codebooks" / f"{BOOK}.yml"
    content = yaml.safe_load(file.read_text("utf-8"))
    for issue, day in zip(content["issues"], ("2013-04-01", "2015-04-01"), strict=True):
        issue["as_of"] = dt.date.fromisoformat(day)
    put_yaml(file, content)
    others = [("092011", "栃木県", "宇都宮市"), ("092037", "栃木県", "栃木市")]
    then = [*others, ("093670", "栃木県", "岩舟町"), ("033057", "岩手県", "滝沢村")]
    now = [*others, ("032166", "岩手県", "滝沢市")]
    for issue, places in (("R05", then), ("R06", now)):
        new_wave(issue, [ministry.write(project / f"{issue}.xlsx", issue, places)], BOOK)
    survey = Survey.load("R06", language="en")
    who = changes.who_answered(survey, changes.wave_before(survey)).set_index("reply")
    assert who["municipalities"].to_dict() == {"both": 3, "before": 0, "merged": 1, "now": 0}
    assert who.at["merged", "which"] == "岩舟町"
    assert municipality.current("093670", survey.wave.as_of) == "092037"


FORM = [
    [heading, answer] for heading, answer in zip(received.HEADINGS, received.ROWS[0], strict=True)
]


@pytest.mark.parametrize(
    ("rows", "typed", "said"),
    [
        ([received.HEADINGS, *received.ROWS], "columns", r"table of 3 replies.*layout: rows"),
        ([received.HEADINGS, *received.ROWS], "form", r"table of 3 replies.*layout: rows"),
        ([*zip(received.HEADINGS, *received.ROWS, strict=True)], "rows", r"3 replies.*: columns"),
        (FORM, "rows", r"this is a form.*layout: form"),
    ],
)
def test_a_wrong_layout_in_wave_yml_is_told_as_such(tmp_path, rows, typed, said):
    """Not as questions that the file lacks."""
    received.workbook(tmp_path / "a.xlsx", [["調査"], *rows])
    about = received.wave(tmp_path, {"path": "a.xlsx", "layout": typed})
    with pytest.raises(InputError, match=said):
        read(about, received.book(), tmp_path)


def test_a_question_without_a_column_is_told_in_the_right_layout(tmp_path):
    rows = [["調査"], *([*row[:2], *row[3:]] for row in (received.HEADINGS, *received.ROWS))]
    received.workbook(tmp_path / "a.xlsx", rows)
    about = received.wave(tmp_path, "a.xlsx")
    with pytest.raises(InputError, match="Q03"):
        read(about, received.book(), tmp_path)


def test_a_table_longer_than_a_sheet_is_wide_is_never_turned(monkeypatch):
    """A hundred thousand rows became as many columns, twice: half of the time of new-wave."""
    text = pd.DataFrame([["団体名"], *[[f"架空{n}市"] for n in range(MAX_COLUMNS)]], dtype="str")
    kind = np.ones(text.shape, np.uint8)
    monkeypatch.setattr(Sheet, "turned", None)
    headings = Headings(received.book())
    assert layout_of([Sheet("a.csv", "", text, kind)], headings).layout == "rows"
