"""What a committee member reads on the page of the typology, on the invented demo survey."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import Survey
from analysis.errors import InputError
from analysis.report import certainty, types
from analysis.show import NotAvailable
from analysis.survey import QUICK
from analysis.typology.classifier import Classifier


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    survey = Survey.load("demo-2019", output=tmp_path_factory.mktemp("demo"))
    return survey, types.find(survey), certainty.runs_of(survey)


def test_the_reason_tells_groups_from_named_types(page):
    survey, found, _ = page
    said = certainty.reason(survey, found).markdown
    k, named = found.params["n_types"], len(found.names)
    assert f"{k}つに分けた" in said
    assert named < k  # two municipalities of the demo are like nobody else
    assert f"名前を付けた類型は{named}つ" in said
    assert {"偶然との差", "安定性", "BIC"} <= set(re.findall("偶然との差|安定性|BIC", said))


def test_chance_is_told_in_counts_of_surveys(page):
    survey, found, _ = page
    said = certainty.doubts(survey, found).markdown
    drawn = found.params["drawn"]
    ps = (found.null_p, found.continuum_p)
    beaten = [round(p * (n + 1)) - 1 for p, n in zip(ps, drawn, strict=True)]
    assert re.findall(r"(\d+)回である", said) == [str(count) for count in beaten]
    k = found.params["n_types"]
    assert f"{k}つであることもわかっているとき" in said and "分野" in said
    assert "15団体" in said


def test_few_respondents_are_not_told_that_they_are_enough(page):
    survey, found, _ = page
    few = replace(found.verdict, evidence=replace(found.evidence, n=5))
    five = replace(found, verdict=few)
    assert "見分けることはできない" in certainty.power_words(survey, five)


def test_every_municipality_of_a_type_is_core_between_or_borderline(page):
    survey, found, runs = page
    shown = certainty.borders(survey, found, runs).frame
    listed = [n for cell in shown.iloc[:, 2:].to_numpy().ravel() for n in cell.split("、")]
    placed = survey.names[found.labels[found.labels > 0].index]
    assert sorted(n for n in listed if n != "なし") == sorted(placed)


def test_pairs_are_the_shares_of_the_multiverse(page, tmp_path):
    survey, found, runs = page
    figure = certainty.pairs(survey, found, runs)
    table = pd.read_csv(survey.output / "figures" / "pairs.csv", dtype={"code": str})
    shares = table.set_index("code").loc[found.labels.index, list(found.labels.index)]
    assert np.allclose(shares, runs.together.loc[shares.index, shares.index], atol=1e-3)
    assert str(runs.n) in figure.title


def test_the_multiverse_says_what_matters_most_and_how_many_stay(page):
    survey, _, runs = page
    said = certainty.matters(survey, runs).markdown
    core = int((runs.units["status"] == "core").sum())
    assert f"15団体中{core}団体" in said
    assert f"{runs.n}通り" in said
    assert runs.choices.drop("combinations")["share"].idxmax() == runs.matters_most


def test_the_unplaced_have_no_strength_of_membership(page):
    survey, found, _ = page
    shown = types.members(survey, found).frame.set_index("団体")
    nobody = survey.names[found.labels[found.labels == 0].index]
    assert len(nobody) == 2
    assert (shown.loc[nobody, "所属の強さ"] == "").all()
    assert (shown.drop(nobody)["所属の強さ"] != "").all()


def test_three_readings_stand_side_by_side_and_say_which_they_are(page):
    survey, found, _ = page
    level = certainty.without(survey, "gradient")
    size = certainty.without(survey, "size_class")
    shown = certainty.alternatives(survey, found, level, size).frame
    assert shown["見方"].tolist() == [types.basis(survey, x) for x in (found, level, size)]
    assert shown["見方"].nunique() == 3
    assert float(shown["一致"][0]) == 1
    marks = ["境目に" in certainty.verdict(survey, x).markdown for x in (found, level, size)]
    assert shown["判定"].str.contains("境目").tolist() == marks and any(marks)
    figure = certainty.profile(survey, level)
    assert types.basis(survey, level) in figure.title


def test_an_axis_of_contrast_is_not_sold_as_a_level(page):
    survey, found, _ = page
    assert not found.evidence.adoption
    said = certainty.levels(survey, found).markdown
    assert "水準）ではなく" in said
    assert f"{found.gradient_share:.0%}".replace("%", "％") in said


def test_size_classes_too_small_for_types_say_so(page):
    survey, found, _ = page
    said = certainty.by_size(survey, found)
    assert isinstance(said, NotAvailable)
    assert "30団体" in said.reason


def test_this_years_replies_in_last_years_types(tmp_path):
    survey = Survey.load("demo-2020", output=tmp_path)
    placed = certainty.place(survey)
    assert placed.other.wave.name == "demo-2019"
    shown = certainty.table(survey, placed).frame
    assert len(shown) == survey.n
    strength = placed.projection.membership.max(axis=1)
    assert shown["所属の強さ"].tolist() == [f"{x:.2f}" for x in strength]
    far = survey.names[placed.projection.fits.index[~placed.projection.fits]]
    assert set(shown.loc[shown["注意"] != "", "団体"]) == set(far)
    assert "架空データ" in certainty.basis(survey, placed).markdown


def test_without_a_wave_before_the_page_says_how_to_name_one(page):
    survey, _, _ = page
    placed = certainty.place(survey)
    assert "reference" in certainty.basis(survey, placed).markdown
    assert certainty.table(survey, placed).reason == "当てはめ先の調査がない。"


def test_waves_without_shared_indicators_are_refused_in_words(page):
    survey, _, _ = page
    other = Classifier(
        features=survey.features,
        composites=survey.indices,
        size_class=survey.register["size_class"],
        folder=survey.output / "cache",
    )
    with pytest.raises(InputError, match="share no indicator"):
        other.place(pd.DataFrame({"something": [1.0]}))


def test_the_public_edition_places_nobody(tmp_path):
    survey = Survey.load("demo-2020", audience="public", output=tmp_path)
    placed = certainty.place(survey)
    assert isinstance(certainty.table(survey, placed), NotAvailable)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_all_of_the_page_exists_in_both_languages(page, language, tmp_path):
    _, found, runs = page
    survey = Survey.load("demo-2019", language=language, output=tmp_path)
    texts = [
        types.answer(survey, found).text,
        certainty.reason(survey, found).markdown,
        certainty.matters(survey, runs).markdown,
        certainty.levels(survey, found).markdown,
        certainty.basis(survey, certainty.place(survey)).markdown,
    ]
    for text in texts:
        japanese = any("\u3040" <= c <= "\u9fff" for c in text)
        assert japanese == (language == "ja"), text


@pytest.mark.parametrize(("audience", "shown"), [("committee", True), ("public", False)])
def test_the_public_edition_has_no_point_for_a_single_respondent(audience, shown, tmp_path):
    survey = Survey.load("demo-2019", audience=audience, output=tmp_path)
    made = certainty.map(survey, survey.typology(**QUICK))
    assert isinstance(made, NotAvailable) is not shown
    assert bool(list(tmp_path.rglob("map.*"))) is shown  # nor a file of it, nor its numbers
