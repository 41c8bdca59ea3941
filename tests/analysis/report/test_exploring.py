"""02_explore: denominators in words, breakdowns by anything, free text by topic."""

import pandas as pd
import pytest

from analysis import Survey
from analysis.one_question import cell
from analysis.report import exploring
from analysis.show import NotAvailable


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey.load("demo-2019", output=tmp_path_factory.mktemp("out"))


def test_every_share_says_what_it_is_of(survey):
    frame = exploring.frequencies(survey).frame
    rows = frame[frame["設問"].str.startswith("Q07 ")]
    asked = survey.responses["Q06"].isin([2, 3])  # the skip rule of Q07
    n = int((survey.status["Q07_1"] == "answered").sum())
    assert n <= asked.sum() and set(rows["割合の母数"]) == {f"複数回答、n = {n}"}
    first = int((survey.responses["Q07_1"] == True).sum())  # noqa: E712
    assert rows.iloc[0]["団体数"] == str(first)
    assert rows.iloc[0]["割合（％）"] == f"{first / n * 100:.1f}"
    assert set(frame[frame["設問"].str.startswith("Q28 ")]["割合の母数"]) == {"n = 15"}
    assert exploring.frequencies(survey).n == 15


def test_a_cross_table_by_a_context_question_counts_by_hand(survey):
    frame = exploring.cross(survey, "Q28").frame
    by, uses = survey.responses["Q28"], survey.responses["Q06"] == 2
    group = frame.columns[frame.columns.str.contains("副首長")][0]
    row = frame[frame["回答"].str.startswith("情報管理主管課とは別に")].iloc[0]
    count, n = (
        int((uses & (by == 2)).sum()),
        int(((by == 2) & survey.responses["Q06"].notna()).sum()),
    )
    assert row[group] == f"{count / n:.0%} ({count}/{n})" == cell(count, n)
    assert "庁内横断組織" in exploring.cross(survey, "Q28").title


def test_a_breakdown_that_nobody_has_is_said_to_be_missing(survey):
    assert isinstance(exploring.cross(survey, "prefecture"), NotAvailable)


def test_free_text_stands_under_every_topic_whose_words_it_holds(survey):
    texts = {"a": "研修を近隣と共同で開きたい", "b": "オープンデータの更新", "c": "特にありません"}
    found = exploring._themes(survey, pd.Series(texts))
    assert list(found) == ["採用・処遇・育成", "他団体との連携", "オープンデータ", "その他"]
    assert list(found.values()) == [["a"], ["a"], ["b"], ["c"]]
    everyone = exploring.free_text(survey).markdown
    answered = survey.responses["Q36"][survey.status["Q36"] == "answered"]
    assert f"n = {len(answered)}" in everyone and "白浪崎市" in everyone


def test_free_text_stays_inside(tmp_path):
    committee = Survey.load("demo-2019", audience="committee", output=tmp_path)
    assert "載せない" in exploring.free_text(committee).markdown


def test_numbers_and_scales_are_crossed_with_the_n_of_each_group(survey):
    frame = exploring.cross_numbers(survey, "size_class").frame.set_index("設問")
    towns = survey.size_class == "一般市"
    staff = survey.responses["Q08"][towns].dropna().astype(float)
    assert frame.at["Q08 情報部門の常勤職員数（人）", "一般市"] == (
        f"{staff.median():.4g} (n={len(staff)})"
    )
    ai = survey.responses["Q30_1"][towns].dropna().astype(float)
    assert frame.at["Q30 AI・RPAの導入段階 — AI", "一般市"] == f"{ai.median():.4g} (n={len(ai)})"
    # Q14 is asked of those that recruit specialists: no number without anybody asked
    asked = (survey.status["Q14"] == "answered").groupby(survey.size_class, observed=True).sum()
    row = frame.loc[next(i for i in frame.index if i.startswith("Q14 "))]
    assert {g for g in asked.index if not asked[g]} == set(row.index[row == "—"]) != set()
