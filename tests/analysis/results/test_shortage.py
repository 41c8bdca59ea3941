"""06_report and the national context: six municipalities by hand, the real table, two pages."""

import datetime as dt
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from notebook_run import run
from printed import pages
from printed import published as made

from analysis import Survey, text
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.figures import plots
from analysis.results import changes, shortage, types
from analysis.show import NotAvailable, Prose
from analysis.stats import inference
from workbench.publish.paper import BROWSERS

NONE = NotAvailable("typology", "none")
ENOUGH = [{"code": k, "ja": f"段階{k}", "en": f"step {k}"} for k in range(1, 6)]
WAYS = [
    {"code": 1, "ja": "研修", "en": "training", "cost": "low"},
    {"code": 2, "ja": "採用", "en": "recruiting", "cost": "high"},
    {"code": 3, "ja": "なし", "en": "none", "exclusive": True},
]
BOOK = Codebook.parse(
    {
        "id": "six",
        "title": {"ja": "六", "en": "six"},
        "version": "1",
        "sections": [{"id": "A", "ja": "甲", "en": "A"}],
        "questions": [
            {"id": "Q1", "section": "A", "type": "ordinal", "role": "outcome", "ja": "充足",
             "en": "enough", "measures": "shortage", "options": ENOUGH},
            {"id": "Q2", "section": "A", "type": "multi", "role": "describe", "ja": "方法",
             "en": "ways", "options": WAYS},
        ],
    }
)  # fmt: skip


def six():
    """a to c are cities, d to f towns; a, d and e have enough people, b, c and f are short."""
    codes = list("abcdef")
    responses = pd.DataFrame(
        {
            "Q1": pd.array([4, 1, 2, 3, 5, 2], "Int16"),
            "Q2_1": pd.array([True, False, False, True, True, True], "boolean"),
            "Q2_2": pd.array([True, True, None, False, False, False], "boolean"),
            "Q2_3": pd.array([False] * 6, "boolean"),
        },
        index=codes,
    )
    register = pd.DataFrame({"size_class": ["other_city"] * 3 + ["town_village"] * 3}, codes)
    shown = {"shows_units": True, "unit_responses": responses, "audience": "internal"}
    return SimpleNamespace(
        codebook=BOOK, responses=responses, register=register, language="en", **shown
    )


def page(survey, until="priorities", **given):
    """The page of a survey without types."""
    return run("06_report", given={"survey": survey, "typology": NONE, **given}, until=until)


def test_measures_of_six_municipalities_by_hand():
    found = shortage.comparison(six()).set_index("measure")
    assert set(found.index) == {"training", "recruiting"}  # "none" is no measure
    training = found.loc["training"]
    assert (training["enough"], training["n_enough"]) == (3, 3)
    assert (training["short"], training["n_short"]) == (1, 3)
    # cities: 1/1 against 0/2, weight 2/3; towns: 2/2 against 1/1, weight 2/3
    assert training["within"] == pytest.approx(100 * (1.0 * 2 / 3 + 0.0 * 2 / 3) / (4 / 3))
    # within cities the one that trains is a (1 of 3 arrangements); within towns all train
    assert training["p"] == pytest.approx(1 / 3)
    recruiting = found.loc["recruiting"]
    assert (recruiting["n_enough"], recruiting["n_short"]) == (3, 2)  # c did not say
    assert recruiting["within"] == pytest.approx(0.0)
    assert recruiting["p"] == 1.0


def test_a_difference_of_sizes_is_no_evidence():
    # all cities train and have enough, no town does: nothing is left within a size class
    does, enough = np.array([1, 1, 1, 0, 0, 0], bool), np.array([1, 1, 1, 0, 0, 0], bool)
    strata = np.array(["city"] * 3 + ["town"] * 3)
    assert np.isnan(inference.difference_within(does, enough, strata).estimate)
    assert inference.permutation_p(does.astype(float), enough, strata=strata) == 1.0


@pytest.mark.parametrize(
    ("testable", "difference", "within", "p", "word"),
    [
        (True, 50, 30, 0.04, "suggested"),
        (True, 50, 30, 0.2, "illustrated"),
        (True, 50, float("nan"), 0.2, "illustrated"),  # no size class has both kinds
        (True, 50, -10, 0.04, "not shown"),  # reversed among municipalities of one size
        (True, 12.5, 30, 0.04, "not shown"),  # too small a difference
        (True, 20, 30, 0.2, "illustrated"),
        (False, 100, 30, 0.01, "not testable"),  # too few to compare
    ],
)
def test_what_may_be_said_follows_size_direction_and_corrected_p(
    testable, difference, within, p, word
):
    assert shortage.grade(testable, difference, within, p) == word


def test_a_difference_of_exactly_a_fifth_is_notable():
    survey = six()
    codes = [f"c{i}" for i in range(10)]
    survey.register = pd.DataFrame({"size_class": "other_city"}, codes)
    done = [True] * 9 + [False]
    columns = {"Q1": [5] * 5 + [1] * 5, "Q2_1": done, "Q2_2": done, "Q2_3": False}
    survey.responses = pd.DataFrame(columns, codes)
    # 5/5 less 4/5 is a little less than 0.2 as a binary number
    (first, *_) = shortage.comparison(survey).itertuples()
    assert 100 * (5 / 5 - 4 / 5) < 20 == first.difference == shortage.NOTABLE


def test_nothing_is_put_in_order_where_no_answer_could_be_suggested(demo):
    # within size classes 3 x 21 arrangements: 28 x 1/63 = 0.444 whatever the answers
    order = shortage.attainable(demo)
    assert (order["ways"], order["tests"], order["least"]) == (63, 28, pytest.approx(28 / 63))
    shown = page(demo, until="measures")
    said = shown.prose
    assert "順位は付けない" in said and "63通り" in said and "0.444" in said
    assert not re.search(r"^\d+\.", said, re.M)
    ours, theirs = (line for line in said.splitlines() if line.startswith("- **不足"))
    assert "データ分析研修 5/8・0/5" in ours and ours.index("データ分析") < ours.index("全職員")
    assert "共同調達 1/8・3/5" in theirs
    table = shown.tables["measures"]
    assert table.rows[0][0] == "データ分析研修" and "0.444" in "".join(table.notes)


def test_those_that_can_be_told_from_chance_are_put_in_order_of_their_difference(demo):
    frame = shortage.measures(demo)
    sure = frame["measure"].isin(["データ分析研修", "合同研修"])
    frame = frame.assign(word=frame["word"].mask(sure, "suggested"))
    said = page(demo, sure=frame[frame["word"] == "suggested"]).prose
    listed = re.findall(r"^1\. \*\*(.+?)\*\*", said, re.M)
    assert listed == ["データ分析研修", "合同研修"]


def test_chance_alone_gives_as_many_large_differences_as_the_page_says(demo):
    frame = shortage.comparison(demo)
    frame = frame[frame["testable"]]
    rng, short = np.random.default_rng(1), shortage.short(demo)
    known = short.notna().to_numpy(bool)
    chosen = demo.responses.loc[known, frame["variable"]].astype("Float64").to_numpy(float)
    labels, found = short[known].to_numpy(bool), []
    for _ in range(400):
        rng.shuffle(labels)
        gaps = np.nanmean(chosen[~labels], axis=0) - np.nanmean(chosen[labels], axis=0)
        found.append(((100 * gaps).round(7) >= shortage.NOTABLE).sum())
    assert shortage.by_chance(frame)["more"] == pytest.approx(np.mean(found), abs=0.5)


def test_too_few_that_are_short_are_not_called_alike():
    survey = Survey.load("demo-2020")  # 4 of 15 are short: the differences of the table are large
    shown = page(survey, until="measures")
    assert "不足している団体が4団体" in shown.prose
    assert "5団体以上ないと比べられない" in shown.prose
    assert shortage.comparison(survey)["p_holm"].isna().all()  # nor given a p-value
    assert not {"p値", "補正後p値"} & set(shown.tables["measures"].frame)


def test_who_is_short_counts_each_class_and_says_when_bounds_overlap(demo):
    short = demo.responses["Q12"] <= 2
    towns = (demo.register["size_class"].reindex(demo.responses.index) == "town_village").to_numpy()
    count, n = int(short[towns].sum()), int(short[towns].notna().sum())
    text = page(demo, until="who-words").prose
    assert f"町村 {count}/{n}団体" in text and "割合の異なる区分がある" in text


def test_what_is_short_is_called_as_the_codebook_says(demo):
    short = {"short": {"n": 6, "count": 3, "around": ""}, "lag": [], "verdict": ""}
    of = shortage.lacked(six())
    assert text.say("shortage/answer", "ja", of=of, **short).startswith("人材が不足")
    assert "short of staff (50%)" in text.say("shortage/answer", "en", of=of, **short)
    shown = page(demo, until="who-figure")
    assert "情報人材が不足していると答えた" in shown.answer.text
    assert shown.figures["who_is_short"].title.startswith("情報人材が不足している団体の割合")


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="Chromium is not installed")
@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.slow)])
def test_each_figure_of_the_report_stands_with_its_words_on_few_sheets(language, tmp_path):
    file = made("06_report", "demo-2019", language, tmp_path)
    where, what = re.split('<h2 id="s[123]">', file.read_text(encoding="utf-8"))[1:3]
    assert 'id="figure-who_is_short"' in where and 'id="table-measures"' in what
    assert pages(file) <= 5


# --- the national context ----------------------------------------------------------------------


def test_size_classes_of_the_date():
    then = municipality.size_classes(dt.date(2019, 10, 3)).to_dict()
    assert then == {
        "designated_city": 20, "core_city": 58, "special_city": 27, "special_ward": 23,
        "other_city": 687, "town_village": 926,
    }  # fmt: skip
    now = municipality.size_classes(dt.date(2023, 4, 1))
    assert (now["core_city"], now["special_city"], now.sum()) == (62, 23, 1741)


def test_published_totals_name_their_edition_and_source_and_keep_their_denominators(demo):
    table = changes.national_totals(demo)
    assert set(table["total"]) == set(text.labels("total", "ja"))
    assert set(table["edition"]) == set(text.labels("edition", "ja"))
    assert (table["source"] != "").all() and (table["count"] <= table["n"]).all()
    aide = table.query("total == 'cio_aide' and year == '2022'").set_index("edition")
    assert (aide.loc["first", "count"], aide.loc["corrected", "count"]) == (864, 798)
    assert aide["current"].to_dict() == {"first": False, "corrected": True}


def test_a_change_of_definition_is_drawn_as_a_break(demo):
    totals = changes.national_totals(demo)
    totals = totals[totals["current"]].copy()
    # as if the CIO aides of 2021 had been counted otherwise
    totals.loc[(totals["total"] == "cio_aide") & (totals["when"] < 2022), "series"] = 2
    totals = totals[totals.groupby("total")["when"].transform("nunique") > 1]
    axes = {ax.get_title(loc="left"): ax for ax in plots.totals(totals).axes}
    lines = [line.get_xdata() for line in axes[demo.label("total.cio_aide")].lines]
    lines = [x for x in lines if len(x) > 1]
    # no line runs from the total of 2021 to a later one; the break has its own vertical
    assert not any(min(x) < 2022 < max(x) for x in lines) and any(min(x) == max(x) for x in lines)


def test_respondents_stand_beside_the_nation(demo):
    page = run("02_explore", given={"survey": demo}, until="represents")
    frame, p = page.names["size_classes"].set_index("size_class"), page.names["p"]
    assert frame["count"].sum() == demo.n == 15 and frame["national"].sum() == 1741
    assert frame.loc["町村", "nation"] == pytest.approx(926 / 1741)
    assert frame.loc["中核市", "national"] == 58  # of the wave's date
    assert "全国に比べて" in page.prose and f"p={p:.3f}" in page.prose
    public = run("02_explore", audience="public", output=str(demo.output), until="represents")
    assert "representation" in public.absent and "全国に比べて" not in public.prose


def test_the_newest_national_totals_stand_dated_beside_a_survey(demo):
    said = page(demo, until="nation").of(Prose)[-1].markdown
    assert "2023-04-01時点、初版" in said and f"{demo.wave.as_of}時点" in said
    assert "CIOの任命 73％（1,270/1,733）" in said and "1,788" not in said


REAL = Path(__file__).parents[4] / "shared" / "data" / "digital-agency-r5"
# FY2023, done of those asked, by size class (counted from the published file by hand)
KNOWN = {
    "CIOの任命": ["19/20", "52/61", "14/23", "21/23", "514/683", "650/923"],
    "外部人材活用": ["15/20", "37/61", "9/23", "18/23", "263/683", "180/923"],
    "AIの導入": ["20/20", "59/62", "23/23", "22/23", "528/687", "227/926"],
    "RPAの導入": ["20/20", "58/62", "23/23", "23/23", "459/687", "137/926"],
}


@pytest.mark.skipif(not REAL.is_dir(), reason="the national table is not here (../shared/data)")
def test_shares_by_size_class_of_the_national_table_are_the_known_ones(project):
    from workbench.office.new_wave import new_wave

    (file,) = REAL.glob("*市区町村比較.csv")
    new_wave("national-r5", [file], codebook="dx-dashboard", as_of="2023-04-01", invited="all")
    survey = Survey.load("national-r5")
    frame = shortage.by_class(survey).pivot(index="indicator", columns="part", values="share")
    for name, rates in KNOWN.items():
        wanted = [int(a) / int(b) for a, b in (rate.split("/") for rate in rates)]
        assert frame.loc[name, list(survey.size_class.cat.categories)].tolist() == pytest.approx(
            wanted
        )
    # it does not ask who is short: the order is that of what the smallest class mostly does
    shown = page(survey, until="limits")
    said = shown.prose
    assert "不足との関係からは優先順位を付けられない" in said and "効果の順ではない" in said
    listed = [line for line in said.splitlines() if line.startswith("1. ")]
    assert listed[1] == "1. **CIOの任命**：923団体中650団体（70％）が実施、273団体が未実施。"
    assert [line.split("**")[1] for line in listed] == list(
        frame["町村"].drop(["よく使う32手続のオンライン化状況"], errors="ignore")
        .sort_values(ascending=False).index[:3]
    )  # fmt: skip
    assert "自己評価" not in said


def test_who_took_no_part_in_the_types_is_named_with_the_reason():
    def said(survey, found):
        return survey.say("types/verdict", **types.verdict(survey, found))

    survey = Survey.load("demo-2019")
    found = survey.typology(n_bootstrap=5, n_null=5)
    assert "含めず" not in said(survey, found)
    code = found.labels.index[0]
    aside = replace(found, aside=pd.Series({code: "sparse"}))
    assert f"（{survey.full_names[code]}）" in said(survey, aside)
    assert "15団体のうち1団体" in said(survey, aside)
    labels = found.labels.mask(found.labels.index == code, 0)
    nobody = replace(found, aside=pd.Series({code: "empty"}), labels=labels)
    assert "未分類とした" in said(survey, nobody)
    public = Survey.load("demo-2019", audience="public", language="en")
    assert "less than half of the indicators answered (1)" in said(public, aside)
