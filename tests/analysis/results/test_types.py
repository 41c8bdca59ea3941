"""What a committee member reads on the page of the typology, on the invented demo survey."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from notebook_run import run

from analysis import Survey
from analysis.errors import InputError
from analysis.results import certainty, types
from analysis.typology.classifier import Classifier

PAGE = "03_typology"
SINGLE = {"silhouette", "coassignment", "pairs", "members", "map", "composition", "placement"}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return run(PAGE, wave="demo-2019", output=str(folder))


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    folder = tmp_path_factory.mktemp("public")
    given = {"audience": "public", "language": "en", "reference": "demo-2020"}
    return run(PAGE, wave="demo-2019", output=str(folder), **given)  # the types are known by now


def paragraph(page, words):
    return next(part for part in page.prose.split("\n\n") if words in part)


def test_the_reason_tells_groups_from_named_types(page):
    found = page.names["typology"]
    said = paragraph(page, "平均シルエット")
    k, named = found.params["n_types"], len(found.names)
    assert f"{k}つに分けた" in said
    assert named < k  # two municipalities of the demo are like nobody else
    assert f"名前を付けた類型は{named}つ" in said
    assert {"偶然との差", "安定性", "BIC"} <= set(re.findall("偶然との差|安定性|BIC", said))


def test_chance_is_told_in_counts_of_surveys(page):
    found = page.names["typology"]
    ps = (found.evidence.null_p, found.evidence.continuum_p)
    beaten = [round(p * (n + 1)) - 1 for p, n in zip(ps, found.params["drawn"], strict=True)]
    assert re.findall(r"(\d+)回である", page.prose) == [str(count) for count in beaten]
    k = found.params["n_types"]
    power = paragraph(page, f"{k}つであることもわかっているとき")
    assert "分野" in power and "15団体" in power


def test_few_respondents_are_not_told_that_they_are_enough(page):
    survey, found = page.names["survey"], page.names["typology"]
    verdict = replace(found.verdict, evidence=replace(found.evidence, n=5))
    five = certainty.recovery(survey, replace(found, verdict=verdict))
    assert "見分けることはできない" in survey.say("types/recovery", **five)


def test_every_municipality_of_a_type_is_core_between_or_borderline(page):
    shown = page.tables["borders"].frame
    listed = [n for cell in shown.iloc[:, 2:].to_numpy().ravel() for n in cell.split("、")]
    labels = page.names["typology"].labels
    placed = page.names["survey"].names[labels[labels > 0].index]
    assert sorted(n for n in listed if n != "—") == sorted(placed)
    assert shown["団体数"].astype(int).sum() == len(placed)


def test_pairs_are_the_shares_of_the_multiverse(page):
    survey, found, runs = (page.names[name] for name in ("survey", "typology", "runs"))
    table = pd.read_csv(survey.output / "results/figures/pairs.csv", dtype=str)
    wide = table.pivot(index="code", columns="beside", values="share").astype(float)
    shares = wide.loc[found.labels.index, list(found.labels.index)]
    assert np.allclose(shares, runs.together.loc[shares.index, shares.index], atol=1e-3)
    assert str(runs.n) in page.figures["pairs"].title


def test_pairs_of_many_are_means_of_types(page, monkeypatch):
    monkeypatch.setattr(certainty, "NAMED_UP_TO", 10)
    survey, found, runs = (page.names[name] for name in ("survey", "typology", "runs"))
    means = certainty.pairs(survey, found, runs).set_index("type")
    first = found.labels.index[found.labels == 1]
    assert means.loc[1, "1"] == pytest.approx(
        runs.together.loc[first, first].mean(axis=None), abs=1e-3
    )
    assert list(means.index) == [0, 1, 2, 3, 4]


def test_the_multiverse_says_what_matters_most_and_how_many_stay(page):
    runs = page.names["runs"]
    said = paragraph(page, f"{runs.n}通り")
    core = int((runs.units["status"] == "core").sum())
    assert f"15団体中{core}団体" in said
    assert runs.choices.drop("combinations")["share"].idxmax() == runs.matters_most


def test_the_unplaced_have_no_strength_of_membership(page):
    survey, found = page.names["survey"], page.names["typology"]
    shown = page.tables["members"].frame.set_index("団体")
    nobody = survey.names[found.labels[found.labels == 0].index]
    assert len(nobody) == 2
    assert (shown.loc[nobody, "所属の強さ"] == "—").all()
    assert (shown.loc[nobody, "類型"] == "未分類").all()
    assert (shown.drop(nobody)["所属の強さ"] != "—").all()


def test_three_readings_stand_side_by_side_and_say_which_they_are(page):
    survey = page.names["survey"]
    shown = page.tables["alternatives"].frame
    assert shown["見方"].nunique() == 3
    assert float(shown["一致"][0]) == 1
    said = [survey.say("types/verdict", **types.verdict(survey, x)) for x in page.names["every"]]
    marks = ["境目に" in text for text in said]
    assert shown["判定"].str.contains("境目").tolist() == marks and any(marks)
    assert shown["見方"][1] in page.figures["approach"].title


def test_an_axis_of_contrast_is_not_sold_as_a_level(page):
    found = page.names["typology"]
    assert not found.evidence.adoption
    assert f"{100 * found.evidence.gradient_share:.0f}％" in paragraph(page, "水準）ではなく")


def test_size_classes_too_small_for_types_say_so(page):
    assert "30団体" in page.absent["by_size"].reason


def test_this_years_replies_in_last_years_types():
    survey = Survey.load("demo-2020")
    placed = types.place(survey)
    assert placed.other.wave.name == "demo-2019" and placed.n == survey.n
    shown = types.placements(survey, placed).set_index("municipality")
    strength = placed.projection.membership.max(axis=1)
    assert shown["membership"].tolist() == pytest.approx(strength.round(2).tolist())
    far = survey.names[placed.projection.fits.index[~placed.projection.fits]]
    assert set(shown.index[shown["fit"] == "far"]) == set(far)
    said = survey.say("types/placed", **types.placement_facts(survey, placed))
    assert "架空データ" in said and "当てはめ先の類型の判定" in said


def test_without_a_wave_before_nobody_is_placed(page):
    assert "placement" in page.absent


def test_waves_without_shared_indicators_are_refused_in_words(page):
    survey = page.names["survey"]
    other = Classifier(
        features=survey.features,
        composites=survey.indices,
        size_class=survey.register["size_class"],
        folder=survey.output / "cache",
    )
    with pytest.raises(InputError, match="share no indicator"):
        other.place(pd.DataFrame({"something": [1.0]}))


def test_the_public_edition_has_nothing_of_a_single_respondent(public):
    """Neither a point, nor a file of it, nor its numbers; no name or code in a frame."""
    assert set(public.absent) == SINGLE | {"by_size"}
    assert all("public edition" in public.absent[name].reason for name in SINGLE)
    written = {file.stem for file in public.names["survey"].output.rglob("*.*")}
    assert not written & SINGLE and "typology" in written
    assert not (public.names["survey"].output / "results" / "types.csv").exists()
    seen = " ".join(frame.to_csv() for frame in public.frames) + public.prose
    names = set(public.names["survey"].names) | set(public.names["survey"].names.index)
    assert not [name for name in names if str(name) in seen]


def test_a_public_profile_tells_directions_and_no_numbers(public):
    profile = public.names["profile"]
    numbers = ["mean", "rest_mean", "effect", "n", "n_rest", "p", "p_holm"]
    assert profile[numbers].isna().all(axis=None)
    assert set(public.tables["differences"].frame.columns) == {
        "type",
        "indicator",
        "than elsewhere",
    }
    assert (
        public.names["criteria"]["bic_above"].min() == 0 and "bic" not in public.names["criteria"]
    )


def test_the_committee_sees_single_respondents(page):
    survey = Survey.load("demo-2019", audience="committee", output=page.names["output"])
    found = types.typology(survey)
    assert len(certainty.places(survey, found, certainty.axes(survey, found))) > survey.n


def test_all_of_the_page_exists_in_both_languages(page, public):
    for said, expected in ((page, True), (public, False)):
        for text in (said.answer.paragraph, *said.prose.split("\n\n")):
            assert any("\u3040" <= c <= "\u9fff" for c in text) == expected, text


def test_a_wave_too_small_for_types_has_a_page_that_says_why_once(page, tmp_path):
    survey = page.names["survey"].where("Q12 >= 4")
    assert survey.n < 6
    small = run(PAGE, given={"survey": survey}, output=str(tmp_path))
    assert small.answer.text.startswith("この調査からは類型を作れない")
    assert not small.figures and not small.tables and "composition" in small.absent
