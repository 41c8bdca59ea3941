"""The front door: what a researcher sees at the keyboard, and what an edition may not hold."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from analysis import Survey, edition, tabulation
from analysis.cleaning import store
from analysis.codebook import municipality
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.fingerprints import INPUTS
from analysis.results import shortage
from analysis.stats import hypotheses
from analysis.survey import QUICK, keep
from analysis.typology.classifier import project
from analysis.typology.describe import profile
from analysis.typology.multiverse import multiverse


def test_it_shows_itself_with_denominators(demo):
    text = repr(demo)
    assert "15 / 16 = 93.8%" in text and "架空データ" in text
    assert "確認事項: 集計外 0、補正 26、要確認 16、無効 13" in text
    assert "<script" not in demo._repr_html_()


def test_what_is_kept_in_memory_is_loaded_while_the_data_are_the_same(project, monkeypatch):
    wave = Wave.read("demo-2019")
    monkeypatch.setenv(INPUTS, json.dumps({"demo-2019": store.key(wave)}))
    monkeypatch.setattr("analysis.survey._in_memory", {})
    first = Survey.load("demo-2019")
    measures = shortage.comparison(first)
    keep(first)
    monkeypatch.setattr(shortage, "actions", lambda survey: [])  # nothing is computed anew
    again = Survey.load("demo-2019", output=project / "elsewhere")
    assert shortage.comparison(again).equals(measures)
    assert (again.gallery.folder, first.gallery.folder) == (project / "elsewhere", first.output)
    for other in ({"language": "en"}, {"audience": "committee"}):
        assert shortage.comparison(Survey.load("demo-2019", **other)).empty
    same = json.dumps({"demo-2019": store.key(wave), "": "of another run"})
    monkeypatch.setenv(INPUTS, same)
    assert shortage.comparison(Survey.load("demo-2019")).empty
    monkeypatch.setenv(INPUTS, json.dumps({"demo-2019": store.key(wave)}))
    file = wave.folder / "wave.yml"
    file.write_text(file.read_text(encoding="utf-8") + "# saved", encoding="utf-8")
    with pytest.raises(InputError, match="changed while in use"):
        Survey.load("demo-2019")


def test_editions_by_hand_lie_apart(project):
    """So no table that the public edition withholds stays beside those that it has."""
    inside, outside = (
        Survey.load("demo-2019", audience=who).output for who in ("internal", "public")
    )
    assert (inside.name, outside.name) == ("demo-2019", "demo-2019.public")


def test_a_question_by_itself_is_refused_for_what_it_is(demo):
    with pytest.raises(InputError, match="the groups of Q13 would be its own answers"):
        demo.table("Q13", by="Q13")
    assert "Q13" not in set(demo.tabulate(by="Q13")["question"])


def test_a_wave_called_2020_may_be_a_number(project):
    shutil.copytree(project / "data/raw/demo-2019", project / "data/raw/2020")
    assert Survey.load(2020).wave.name == "2020"


def test_completion_computes_nothing(demo, monkeypatch):
    """JupyterLab waits a second for it."""
    monkeypatch.setattr(Survey, "_with_indices", lambda self, ids: 1 / 0)
    assert {getattr(demo, index.id).id for index in demo.codebook.indices} > {"cooperation"}


def test_questions_by_attribute_with_completion(demo):
    assert demo.Q13.question.type == "multi" and "Q13" in dir(demo)
    assert demo.Q13.answers.shape == (15, 8)
    assert not hasattr(demo, "Q99")
    with pytest.raises(InputError, match="no question or method 'tabulat'; did you mean tabulate"):
        _ = demo.tabulat


def test_near_matches_are_named(demo):
    with pytest.raises(InputError, match=r"did you mean.*Q13"):
        demo.question("Q113")
    with pytest.raises(InputError, match="cannot be a breakdown"):
        demo.by("Q08")
    with pytest.raises(InputError, match=r"no breakdown 'sizeclass'; did you mean size_class"):
        demo.table("Q13", by="sizeclass")
    with pytest.raises(AttributeError, match=r"did you mean Q13"):
        _ = demo.Q113
    with pytest.raises(AttributeError, match=r"did you mean questions"):
        _ = demo.quesitons
    with pytest.raises(InputError, match=r"no choice 'n_type'; did you mean n_types"):
        demo.typology(n_type=3)


@pytest.mark.parametrize(
    ("there", "meant"),
    [
        (["012203", "122033"], {"12203": ["012203", "122033"], "市川市": ["122033"]}),
        (["122033", "282014"], {"12203": ["122033"], "012203": [], "姫路": ["282014"]}),
        (["342084", "132063"], {"府中市": ["342084", "132063"], "広島県府中市": ["342084"]}),
    ],
)
def test_a_code_or_name_means_whom_it_can_mean_in_the_register(demo, there, meant):
    register = municipality.register().loc[there]
    assert {text: demo.wave.codes_of(text, register) for text in meant} == meant


def test_completion_at_the_keyboard_offers_questions_and_what_they_can_do(demo):
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.user_ns["survey"] = demo
    with provisionalcompleter():
        offered = {c.text.lstrip(".") for c in shell.Completer.completions("survey.Q1", 9)}
        more = {c.text.lstrip(".") for c in shell.Completer.completions("survey.Q13.t", 12)}
    assert {"Q13", "Q12"} <= offered and "table" in more


def test_the_non_respondent_stays_in_the_register(demo):
    absent = demo.register[~demo.register["replied"]]
    assert list(absent.index) == ["990167"] and "990167" not in demo.responses.index


def test_committee_has_names_but_no_free_or_raw_text():
    survey = Survey.load("demo-2019", audience="committee")
    assert "Q36" not in survey.responses and survey.names.iloc[0] == "青嶺市"
    assert (survey.findings["raw"] == "").all()


def test_public_has_stable_pseudonyms_in_another_order(demo):
    survey = Survey.load("demo-2019", audience="public")
    assert not set(survey.responses.index) & set(demo.responses.index)
    assert not set(survey.names) & set(demo.names)
    assert list(survey.responses.index) == sorted(survey.responses.index)
    again = Survey.load("demo-2019", audience="public")
    assert list(again.responses.index) == list(survey.responses.index)


def test_types_are_the_same_in_every_edition(demo):
    inside = demo.typology(seed=1)
    outside = Survey.load("demo-2019", audience="public").typology(seed=1)
    assert outside.labels.value_counts().to_dict() == inside.labels.value_counts().to_dict()
    assert outside.names == inside.names
    assert not set(outside.labels.index) & set(inside.labels.index)
    assert not set(map(str, outside.paragons.values())) & set(map(str, inside.paragons.values()))


# every function that takes a Series indexed by code, and what of its result must not change
TAKES_A_SERIES = {
    "table of counts": lambda s, g: s.table("Q13", by=g).frame,
    "table of a number": lambda s, g: s.Q08.table(by=g).frame,
    "figure of counts": lambda s, g: s.figure("Q13", by=g).csv,
    "figure of a number": lambda s, g: s.Q08.figure(by=g).csv,
    "cross": lambda s, g: edition.cross(s, s.question("Q13"), g)[0],
    "cross of the public edition": lambda s, g: edition.cross(s, s.question("Q13"), g)[0],
    "strata in the public edition": lambda s, g: s.typology(adjust=g, **QUICK).labels,
    "one question": lambda s, g: tabulation.table(s, s.question("Q13"), g).frame,
    "figure of one number": lambda s, g: tabulation.figure(s, s.question("Q08"), g).csv,
    "shortage": lambda s, g: shortage.split(s, g),
    "hypotheses": lambda s, g: hypotheses.run(s.codebook, s.responses, g),
    "strata": lambda s, g: s.typology(adjust=g, **QUICK).labels,
    "profile": lambda s, g: profile(s.features.frame, s.features.kinds, g.map({"a": 1, "b": 2})),
    "projection": lambda s, g: (
        project(
            s.features.frame, s.features.frame, g.map({"a": 1, "b": 2}), s.features.kinds
        ).labels
    ),
    "multiverse": lambda s, g: (
        multiverse(
            s.features.frame.iloc[:, :2], s.features.kinds, None, g.map({"a": 1, "b": 2})
        ).units
    ),
}


DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("what", TAKES_A_SERIES)
def test_a_series_is_matched_by_municipal_code(demo, what):
    make = TAKES_A_SERIES[what]
    survey = Survey.load("demo-2019", audience="public") if "public" in what else demo
    given = pd.Series(list("aabababbaabbaba"), survey.responses.index)
    expected, turned = make(survey, given), make(survey, given[::-1])
    assert expected.equals(turned) if hasattr(expected, "equals") else expected == turned
    for wrong in (given.reset_index(drop=True), given[1:], pd.concat([given, given[:1]])):
        with pytest.raises(InputError, match=r"indexed by|lacks 1 of 15|twice"):
            make(survey, wrong)


def test_types_have_the_names_that_wave_yml_gives_them(project):
    file = project / "data" / "raw" / "demo-2019" / "wave.yml"
    text = file.read_text(encoding="utf-8")
    found = Survey.load("demo-2019").typology(**QUICK)
    member = str(found.labels.index[found.labels == 2][0])
    names = f"names:\n  1: {{ja: 育成型, en: Trainers}}\n  '{member}': {{ja: 委託型, en: Buyers}}\n"
    file.write_text(text + names, encoding="utf-8")
    for audience in ("internal", "public"):
        named = Survey.load("demo-2019", audience=audience).typology(**QUICK)
        assert named.names[1]["ja"] == "育成型" and named.names[2]["en"] == "Buyers"
        assert named.names[3] == found.names[3]
    survey = Survey.load("demo-2019", language="en")
    assert "Trainers" in set(survey.by("type"))
    adjusted = survey.typology(adjust="size_class", **QUICK)
    assert "Trainers" not in {name["en"] for name in adjusted.names.values()}
    shutil.copytree(DATA / "raw" / "demo-2020", project / "data" / "raw" / "demo-2020")
    later = Survey.load("demo-2020").typology(**QUICK)  # the name given by a code is carried on
    assert later.names[later.labels[member]]["en"] == "Buyers"
    assert "Trainers" not in {name["en"] for name in later.names.values()}
    for wrong, why in (
        ("9: {ja: 甲, en: A}", "no type"),
        (f"1: {{ja: 甲, en: A}}\n  '{found.paragons[1]}': {{ja: 乙, en: B}}", "already"),
    ):
        file.write_text(f"{text}names:\n  {wrong}\n", encoding="utf-8")
        with pytest.raises(InputError, match=why):
            Survey.load("demo-2019").typology(**QUICK)


def test_an_index_is_offered_and_shown_as_a_question_is():
    survey = Survey.load("demo-2019")
    assert {"Q13", "cooperation", "tabulate"} <= set(dir(survey))
    shown = survey.describe("cooperation", by="size_class")
    assert shown["n"].sum() == survey.n
    assert "団体間連携" in str(survey.cooperation.table())
    assert str(survey.table("cooperation")) == str(survey.cooperation.table())
    assert "cooperation" not in survey.codebook
