"""The page on cleaning: what came in and from whom, what to ask whom, and where answers lack."""

import pandas as pd
import pytest

from analysis import Survey
from analysis.report import cleaning, missing


@pytest.fixture
def pages(tmp_path):
    return {
        audience: Survey.load("demo-2019", audience=audience, output=tmp_path / audience)
        for audience in ("internal", "committee", "public")
    }


def test_it_says_which_files_came_and_who_did_not_reply(pages):
    inside = cleaning.arrived(pages["internal"]).markdown
    assert "replies\\.xlsx" in inside and "霧ヶ沢町" in inside
    committee = cleaning.arrived(pages["committee"]).markdown
    assert "replies" not in committee and "霧ヶ沢町" in committee
    assert cleaning.arrived(pages["public"]).markdown == "回答のない団体は1団体。"


def test_many_files_are_counted_and_not_all_named():
    demo = Survey.load("demo-2019", language="en")
    names = [f"{i:02}.xlsx" for i in range(16)]
    assert cleaning._some(demo, names).endswith("09\\.xlsx and 6 more")


def test_repairs_come_before_doubts_and_refusals_and_show_what_was_taken(pages):
    shown = cleaning.repairs(pages["internal"]).frame
    assert shown["扱い"].drop_duplicates().tolist() == ["補正", "要確認", "不採用"]
    repaired = shown.loc[shown["扱い"] == "補正", "件数"].astype(int)
    assert repaired.is_monotonic_decreasing
    assert not shown["例"].str.endswith("→ ").any()
    assert not shown.loc[shown["扱い"] == "不採用", "例"].str.contains("→").any()


def test_what_no_municipality_can_answer_does_not_stand_under_one(pages):
    shown = cleaning.to_ask(pages["internal"]).frame.set_index("原文")
    assert shown.loc["電話で確認済み", "団体"] == "（事務局で確認）"
    assert shown.loc["約98,000", "設問"] == "Q03 人口"


def test_each_row_of_the_figure_has_its_denominator(pages, monkeypatch):
    drawn = {}

    def keep(matrix, **options):
        drawn["rows"] = list(matrix.index)
        return plot(matrix, **options)

    plot = missing.plots.plot_missing
    monkeypatch.setattr(missing.plots, "plot_missing", keep)
    missing.missingness(pages["internal"])
    # eight were asked Q07, fifteen Q03, which one left empty
    assert {"Q07 政策担当課の取組み 8/8", "Q03 人口 14/15"} <= set(drawn["rows"])
    said = missing.missing_words(pages["internal"]).markdown
    assert "問われた延べ498問のうち無回答は20問（4.0%）、不明は2問、不採用は11問" in said
    assert "不明は" not in missing.missing_words(pages["public"]).markdown


def test_of_equals_none_is_named_before_the_others():
    assert missing._most(pd.Series([7, 2, 1, 1, 1, 0])).tolist() == [7, 2]
    assert missing._most(pd.Series([3, 2, 1, 0])).tolist() == [3, 2, 1]
    assert missing._most(pd.Series([1, 1, 1, 1])).empty
