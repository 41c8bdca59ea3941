"""Tabulation: denominators in words, breakdowns by anything, free text by topic."""

import io
import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from notebook_run import run

from analysis import Survey, tabulation
from analysis.errors import InputError
from analysis.results import answers
from analysis.show import NotAvailable
from analysis.tabulation import cell, wide

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey.load("demo-2019", output=tmp_path_factory.mktemp("out"))


@pytest.fixture(scope="module")
def page(survey):
    return run("02_explore", given={"survey": survey})


def frame_of(table):
    """All of a table, as its file has it."""
    return pd.read_csv(io.StringIO(table.csv))


def test_a_headline_states_what_the_counts_bear_out_and_nothing_where_they_do_not(page):
    assert page.figures["q_Q07"].title.startswith("政策担当課の取組み：最も多いのは「")
    assert page.figures["q_Q06"].title == "Q06 情報部門の組織形態"  # two answers are as frequent
    assert page.figures["q_Q08"].title.startswith("情報部門の常勤職員数：中央値は12人（四分位範囲")
    assert all(
        f.asked.startswith(f"{name[2:]} ") for name, f in page.figures.items() if "Q" in name
    )
    shares = pd.read_csv(io.StringIO(page.figures["q_Q13"].csv))["割合"]
    assert shares.iloc[:-2].is_monotonic_decreasing


NATIONAL = ROOT / "data/raw/national-r5/市区町村毎のDX進捗状況_市区町村比較.csv"


@pytest.mark.skipif(not NATIONAL.is_file(), reason="the national table is not in data/raw")
def test_questions_of_yes_or_no_are_one_sorted_figure():
    national = Survey.load("national-r5", files=False)
    made = tabulation.figures(national, [q for q in national.codebook if q.type == "binary"])
    (figure,) = made
    assert len(pd.read_csv(io.StringIO(figure.csv))) == 10 and "最も多く" in figure.title
    assert "cio_aide" not in figure.title + figure.alt + figure.csv


def test_every_share_says_what_it_is_of(survey, page):
    rows = survey.tabulate("Q07")
    asked = survey.responses["Q06"].isin([2, 3])  # the skip rule of Q07
    n = int((survey.status["Q07_1"] == "answered").sum())
    first = int((survey.responses["Q07_1"] == True).sum())  # noqa: E712
    assert n <= asked.sum() and set(rows["n"]) == {n}
    assert rows.iloc[0]["count"] == first and rows.iloc[0]["share"] == pytest.approx(first / n)
    table = page.tables["frequencies"]
    file = frame_of(table)
    shown = file[file["設問"].str.startswith("Q07 ")].iloc[0]
    assert shown[["団体数", "n（団体）"]].tolist() == [first, n]
    assert shown["割合（％）"] == pytest.approx(first / n * 100, abs=0.05)
    (row,) = table.frame[table.frame["設問"].str.startswith("Q07 ")].to_dict("records")
    assert f"{shown['回答']} {first}（{first / n:.0%}）" in row["回答ごとの団体数（割合）"]
    assert table.n == 15 and "複数回答" in page.figures["q_Q07"].caption
    assert page.figures["q_Q07"].key and sum(f.key for f in page.figures.values()) == 1


def test_a_breakdown_by_a_context_question_counts_by_hand(survey):
    frame = survey.tabulate("Q06", by="Q28")
    by, uses = survey.responses["Q28"], survey.responses["Q06"] == 2
    group = next(g for g in frame["group"] if "副首長" in g)
    rows = frame[
        (frame["group"] == group) & frame["answer"].str.startswith("情報管理主管課とは別に")
    ]
    (row,) = rows.to_dict("records")
    known = (by == 2) & survey.responses["Q06"].notna()
    count, n = int((uses & (by == 2)).sum()), int(known.sum())
    assert (row["count"], row["n"]) == (count, n)
    table = survey.crosstab("Q06", by="Q28").set_index("answer")
    assert table.loc[row["answer"], group] == f"{count / n:.0%} ({count}/{n})" == cell(count, n)
    broken = run("02_explore", given={"survey": survey}, by="Q28", until="cross", skip="figures")
    assert "庁内横断組織" in broken.tables["cross"].title


def test_a_breakdown_that_nobody_has_is_left_out(survey):
    page = run("02_explore", given={"survey": survey}, by="prefecture", skip="figures")
    assert {"cross", "cross_numbers"} <= page.absent.keys()


def test_free_text_stands_under_every_topic_whose_words_it_holds(survey, page):
    texts = {"a": "研修を近隣と共同で開きたい", "b": "オープンデータの更新", "c": "特にありません"}
    question = SimpleNamespace(free=True, id="Q", label=survey.codebook["Q36"].label)
    told = SimpleNamespace(
        codebook=[question],
        audience="internal",
        language="ja",
        responses=pd.DataFrame({"Q": texts}),
        status=pd.DataFrame({"Q": dict.fromkeys(texts, "answered")}),
        names=pd.Series(list(texts), list(texts)),
        label=survey.label,
    )
    (found,) = answers.free_texts(told)
    assert {
        theme["name"]: [each["who"] for each in theme["texts"]] for theme in found["themes"]
    } == {
        "採用・処遇・育成": ["a"],
        "他団体との連携": ["a"],
        "オープンデータ": ["b"],
        "その他": ["c"],
    }
    answered = survey.responses["Q36"][survey.status["Q36"] == "answered"]
    assert f"n = {len(answered)}" in page.prose and "白浪崎市" in page.prose


def test_words_and_dates_have_a_table_of_how_many_answered_and_no_figure(survey):
    kinds = {question.type: question.id for question in survey.codebook}
    for id in (kinds["text"], kinds["date"]):
        answered = int((survey.status[id] == "answered").sum())
        assert survey.table(id).n == answered > 0
        figure = survey.figure(id)
        assert not figure.withheld and "文章または日付" in figure.reason


def test_free_text_stays_inside(tmp_path):
    page = run("02_explore", audience="committee", output=str(tmp_path), skip="figures")
    assert "自由記述**" not in page.prose and "研修に出したくても" not in page.prose


def test_numbers_and_scales_are_crossed_with_the_n_of_each_group(survey):
    medians = survey.describe(by="size_class")
    frame = wide(survey, medians, "median").set_index("question")
    towns = survey.size_class == "一般市"
    staff = survey.responses["Q08"][towns].dropna().astype(float)
    there = frame.at["Q08 情報部門の常勤職員数（人）", "一般市"]
    assert there == f"{staff.median():.4g} (n={len(staff)})"
    ai = survey.responses["Q30_1"][towns].dropna().astype(float)
    assert frame.at["Q30 AI・RPAの導入段階 — AI", "一般市"] == f"{ai.median():.4g} (n={len(ai)})"
    # Q14 is asked of those that recruit specialists: no number without anybody asked
    asked = (survey.status["Q14"] == "answered").groupby(survey.size_class, observed=True).sum()
    (row,) = (frame.loc[i] for i in frame.index if i.startswith("Q14 "))
    assert {g for g in asked.index if not asked[g]} == set(row.index[row == "—"]) != set()


def test_outside_the_house_nothing_is_broken_down_that_gives_answers_away():
    public = Survey.load("demo-2019", audience="public", files=False)
    assert public.describe(by="size_class").why == "withheld"
    shown = public.tabulate(by="size_class")
    assert shown.empty or (shown["count"] >= 3).all()


def test_numbers_are_not_broken_down_by_a_sensitive_question_outside(tmp_path):
    committee = Survey.load("demo-2019", audience="committee", output=tmp_path)
    assert committee.describe("Q08", by="Q12").why == "withheld"
    assert isinstance(committee.figure("Q08", by="Q12"), NotAvailable)
    with pytest.raises(InputError, match="by group is not shown"):
        committee.table("Q08", by="Q12")
    assert len(committee.describe("Q08", by="size_class"))


def test_a_battery_is_tabulated_with_the_words_of_its_scale(survey, page, tmp_path):
    frame = frame_of(page.tables["frequencies"]).set_index("設問")
    rows = frame.loc["Q30 AI・RPAの導入段階 — AI"]
    counts = survey.responses["Q30_1"].value_counts()
    assert rows["団体数"].tolist() == [counts.get(code, 0) for code in range(1, 6)]
    assert rows["回答"].is_unique and set(rows["n（団体）"]) == {15}
    assert set(frame.loc["Q07 政策担当課の取組み", "形式"]) == {"複数回答"}
    towns = survey.tabulate("Q30", by="size_class").query("group == '町村' and variable == 'Q30_1'")
    inside = survey.responses["Q30_1"][survey.size_class == "町村"].dropna()
    assert towns["count"].sum() == len(inside) and set(towns["n"]) == {len(inside)}
    assert "Q30 AI・RPAの導入段階 — AI" in set(frame_of(page.tables["cross"])["設問"])
    assert survey.table("Q30").frame.columns.tolist()[:2] == ["項目", "回答"]
    public = Survey.load("demo-2019", audience="public", output=tmp_path)
    assert public.tabulate("Q30").empty and public.table("Q30").n


def test_a_tidy_frame_is_named_by_ids(survey, tmp_path):
    frame = survey.tabulate("Q13", by="size_class")
    towns = frame[frame["group"] == "町村"].set_index("variable")
    inside = survey.responses[survey.size_class == "町村"]
    assert towns["count"].astype(int).to_dict() == inside[towns.index].sum().to_dict()
    assert towns.index.tolist() == [f"Q13_{code}" for code in towns["code"]]
    public = Survey.load("demo-2019", audience="public", output=tmp_path).tabulate("Q12")
    assert public["code"].str.contains("+", regex=False).any()
    assert public["count"].sum() == public["n"].iloc[0]


def test_statistics_are_those_of_pandas(survey):
    for id, variable in (("Q08", "Q08"), ("Q30", "Q30_1")):
        row = survey.describe(id).iloc[0]
        values = survey.responses[variable].dropna().astype(float)
        quartiles = values.quantile([0.5, 0.25, 0.75]).tolist()
        assert row[["median", "lower", "upper"]].tolist() == quartiles
        assert (row["n"], row["greatest"]) == (len(values), values.max())


@pytest.mark.parametrize(
    ("method", "id", "type"),
    [("describe", "Q06", "single"), ("describe", "Q07", "multi"), ("describe", "Q36", "text"),
     ("tabulate", "Q08", "integer"), ("tabulate", "Q33", "date")],
)  # fmt: skip
def test_a_question_of_which_nothing_is_shown_is_refused(survey, method, id, type):
    """It was an empty table."""
    with pytest.raises(
        InputError, match=f"{id} is of type {type}, of which {method} shows nothing"
    ):
        getattr(survey, method)("Q30", id)
    with pytest.raises(InputError, match="Q08 is of type integer"):
        survey.crosstab("Q08", by="size_class")
    assert "Q06" not in set(survey.describe()["question"])


def test_two_questions_of_several_answers_are_crossed(survey, tmp_path):
    frame = survey.tabulate("Q24", by="Q13")
    blocks = [code for code, _ in itertools.groupby(frame["code"])]
    assert len(blocks) == len(set(blocks))  # answer by answer, as by any other breakdown
    both = survey.responses
    label = {o.code: o.text.ja for q in ("Q13",) for o in survey.question(q).options}
    row = frame[(frame["group"] == label[4]) & (frame["variable"] == "Q24_1")].iloc[0]
    chosen, known = both["Q13_4"].fillna(False), survey.status["Q24_1"] == "answered"
    assert row["n"] == (chosen & known).sum() and row["count"] == (chosen & both["Q24_1"]).sum()
    assert list(survey.crosstab("Q24", by="Q13"))[2] == label[1]
    anyone = both[[f"Q13_{code}" for code in range(1, 9)]].any(axis=1)
    assert survey.table("Q24", by="Q13").n == (anyone & known).sum()
    assert label[1] in survey.figure("Q24", by="Q13").csv
    staff = survey.describe("Q08", by="Q13").set_index("group").loc[label[4]]
    assert staff["median"] == both["Q08"][chosen].astype(float).median()
    committee = Survey.load("demo-2019", audience="committee", output=tmp_path)
    assert committee.tabulate("Q12", by="Q13").why == "withheld"  # Q12 is sensitive
    public = Survey.load("demo-2019", audience="public", output=tmp_path)
    assert public.tabulate(by="Q13").empty and public.describe(by="Q13").empty


def test_a_question_asked_of_nobody_has_no_share(page, survey):
    nobody = page.names["shares"].head(1).assign(count=0, n=0, share=pd.NA)
    assert tabulation.compact(survey, nobody)["answers"].iloc[0].endswith(" —")


def test_who_did_not_answer_an_item_of_a_scale_is_counted_by_item(tmp_path):
    survey = Survey.load("demo-2019", output=tmp_path)
    question = survey.question("Q29")
    first, second, third, *_ = question.variables
    status, who = survey.status, survey.status.index
    for name, lacking in ((first, "no_answer"), (second, "not_applicable")):
        survey.responses.loc[who[:2], name] = pd.NA
        status.loc[who[:2], name] = lacking
    rows = tabulation.counts(survey, [question]).groupby("variable").first()
    wide = tabulation.by_kind(survey, tabulation.counts(survey, [question]))
    wide = wide.groupby("variable").first()
    kinds = ["no_answer", "not_applicable", "dont_know", "not_surveyed", "unreadable"]
    kinds = [kind for kind in kinds if kind in wide]
    for name in (first, second, third):
        there = status[name].value_counts()
        assert wide.loc[name, "n"] == there["answered"]
        assert wide.loc[name, kinds].sum() == survey.n - there["answered"]
    assert rows.loc[first, "missing"] and not rows.loc[third, "missing"]
    # bounds: the two of the second item are not asked, those of the first may say anything
    few = rows.loc[[first, second], "count"] / [16, 14]
    assert np.allclose(rows.loc[[first, second], "low"].astype(float), few)


def test_answers_that_are_counted_together_are_called_no_most_frequent_answer(tmp_path):
    survey = Survey.load("demo-2019", audience="public", language="en", output=tmp_path)
    page = run("02_explore", given={"survey": survey}, language="en", audience="public")
    shares = page.names["shares"]
    joined = shares[shares["code"].str.contains("+", regex=False)]
    assert (
        len(joined) and shares.loc[joined.index, "share"].max() > page.names["top"]["share"].min()
    )
    said = page.names["words"], *(figure.title for figure in page.figures.values())
    assert not [name for name in joined["answer"] for text in said if name in str(text)]
    assert not page.names["top"]["answer"].isin(joined["answer"]).any()


def test_the_most_frequent_answer_of_the_public_edition_is_that_of_those_whose_number_is_shown(
    tmp_path,
):
    """A hidden number may be the largest: all but one may have chosen that answer."""
    survey = Survey.load("demo-2019", audience="public", language="en", output=tmp_path)
    most = tabulation.most_frequent(survey.tabulate()).set_index("question")
    assert most.loc["Q32", ["count", "partly"]].tolist() == [10, True]
    of = "most often, of the answers whose number is shown, "
    assert f"staff: {of}“assignment from general staff”" in survey.figure("Q13").title
    assert f"{of}joint procurement: 27% (4 of 15)" in survey.figure("Q25").alt  # 14 exchange words
    inside = Survey.load("demo-2019", files=False)
    assert not tabulation.most_frequent(inside.tabulate())["partly"].any()
    summary = run("06_summary", given={"survey": survey}, language="en", audience="public")
    assert summary.tables["main_answers"].title.endswith("of those whose number is shown")
    assert not summary.names["table"]["answer"].str.contains(" / ").any()
