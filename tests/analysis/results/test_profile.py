"""A page for one municipality: who its peers are, what they do that it does not, and one sheet."""

import copy
import dataclasses
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from notebook_run import run
from printed import pages, published
from project import prepare

from analysis import Survey, text
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.figures import checks, diagrams
from analysis.results import answers, profile, shortage, visits
from analysis.show import NotAvailable
from analysis.survey import QUICK
from analysis.yaml_file import packaged
from workbench.publish.paper import BROWSERS


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey.load("demo-2019", output=tmp_path_factory.mktemp("out"))


def place(survey, code):
    return profile.place(survey, code, typology=NotAvailable("typology", "none"))


def mates(survey, here):
    return answers.others(survey, here.code, here.typology)["its_class"]


def test_peers_are_those_of_its_class_most_alike_in_population_and_staff(survey):
    code = "990078"  # an ordinary city; six others replied
    here = place(survey, code)
    classes = survey.register["size_class"]
    assert {classes[peer] for peer in here.peers} == {"other_city"} and len(here.peers) == 5
    numbers = survey.responses[["Q03", "Q05", "Q08"]].astype("Float64").rank(pct=True)
    distance = (numbers - numbers.loc[code]).abs().astype(float).mean(axis=1)
    others = [c for c in survey.responses.index if classes[c] == "other_city" and c != code]
    assert here.peers == list(distance[others].sort_values(kind="stable").index[:5])
    assert here.of_class


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_page_says_where_peers_are_of_all_classes(survey, language):
    """It said "nearest by class" of towns whose class has one other."""
    town = place(survey, "990060")
    assert len({survey.register.at[peer, "size_class"] for peer in town.peers}) > 1
    said = {"ja": "全体から選んだ", "en": "of all: fewer than five others of its class"}[language]
    for here in (town, place(survey, "990078")):
        about = {"labels": ["x"], "same_prefecture": False, "of_class": here.of_class}
        assert (said in text.say("profile/peers", language, **about)) == (here is town)


def test_who_gave_no_number_to_be_compared_by_has_no_peers(survey):
    """The first five of the list were called its nearest peers, as they were of everyone's page."""
    silent = copy.copy(survey)
    silent.responses = survey.responses.copy()
    silent.responses.loc["990078", ["Q03", "Q05", "Q08"]] = pd.NA
    vars(silent)["_once"] = {}
    here = place(silent, "990078")
    assert here.peers == [] and profile.missing(silent, here).empty
    assert "990078" not in place(silent, "990094").peers
    steps = survey.say("profile/steps", steps=[], peers=0, need="")
    assert "似た団体を挙げられない" in steps


def test_all_pages_share_one_typology_and_of_a_large_wave_no_multiverse(survey, monkeypatch):
    made = []

    def typology(survey, **choices):
        made.append(choices["multiverse"])
        return NotAvailable("typology", "none")

    monkeypatch.setattr(profile.types, "typology", typology)
    monkeypatch.setattr(profile, "POWER_UP_TO", 10)
    for code in ("990078", "990019"):
        profile.place(survey, code, seed=1)  # a seed that no other test takes
    assert made == [False]


def test_measures_are_what_half_of_the_peers_do_and_it_does_not(survey):
    here = place(survey, "990078")
    frame = profile.missing(survey, here)
    for row in frame.itertuples():
        theirs = survey.responses.loc[here.peers, row.variable].dropna().astype(bool)
        assert (row.do, row.asked) == (theirs.sum(), len(theirs)) and row.do * 2 >= row.asked
        assert not survey.responses.at["990078", row.variable]
    # problems and wishes are answers too, but no measures
    assert not {"Q34", "Q35"} & set(frame["variable"].str.split("_").str[0])
    assert (frame["share"].diff().dropna() <= 0).all()
    text = survey.say("profile/steps", steps=frame.head(3), peers=5, need="short")
    assert len(re.findall(r"^1\. ", text, re.M)) == 3 and "4団体が実施" in text


def test_every_step_gives_its_evidence(survey):
    words = shortage.comparison(survey).set_index("variable")["word"]
    here = place(survey, "990078")
    frame = profile.missing(survey, here)
    line = survey.say("profile/steps", steps=frame.head(3), peers=5, need="short").splitlines()[0]
    assert survey.label(f"word.{words[frame['variable'].iloc[0]]}") in line
    assert f"同じ区分では{mates(survey, here).sum()}団体中" in line


def test_who_is_not_short_is_advised_nothing(survey):
    """Nor does the committee learn from the advice who is short."""
    short = survey.responses["Q12"] <= 2
    enough = [code for code in short.index if survey.responses["Q12"].notna()[code]]
    needs = {code: profile.need(survey, place(survey, code)) for code in enough[:6]}
    assert needs == {code: "short" if short[code] else "enough" for code in needs}
    assert set(needs.values()) == {"short", "enough"}
    committee = Survey.load("demo-2019", audience="committee", files=False)
    assert {profile.need(committee, place(committee, code)) for code in needs} == {"hidden"}
    steps = profile.missing(survey, place(survey, "990078"))
    for need in ("enough", "hidden"):
        text = survey.say("profile/steps", steps=steps.head(3), peers=5, need=need)
        assert "1. " not in text and "入口" not in text and text.count("\n- ") == 3


def test_a_code_read_as_a_number_is_still_a_code(survey, monkeypatch):
    monkeypatch.setattr(profile, "shared_typology", lambda *a, **k: NotAvailable("typology", ""))
    assert profile.place(survey, 990078).code == "990078"


def test_brief_answers_name_the_mean_of_a_long_battery(survey):
    q29 = survey.codebook["Q29"]
    values = survey.responses.loc["990019", list(q29.variables)].astype(float)
    assert answers.own(survey, "990019", q29, brief=True) == f"5項目の平均{values.mean():.1f}"


def test_a_battery_whose_first_item_is_missing_is_answered_all_the_same(survey):
    q29, code = survey.codebook["Q29"], "990019"
    status, responses = survey.status.copy(), survey.responses.copy()
    status.loc[code, "Q29_1"], responses.loc[code, "Q29_1"] = "no_answer", pd.NA
    told = answers.own(
        SimpleNamespace(status=status, responses=responses, language="ja"), code, q29
    )
    assert (
        q29.items[0].ja not in told and f"{q29.items[1].ja} {responses.at[code, 'Q29_2']}" in told
    )


def states(survey, code):
    boxes = profile.organisation(survey, place(survey, code))
    return dict(zip(boxes["box"], boxes["state"], strict=True))


def test_the_chart_has_what_the_answers_say_and_leaves_open_what_they_do_not(survey):
    form, body = survey.responses["Q06"], survey.responses["Q28"]
    for code in survey.responses.index:
        shown = states(survey, code)
        if pd.notna(form[code]):
            assert ("joint" in shown) == (form[code] == 3)
            if form[code] in (1, 2):
                assert shown["policy_section"] == ("なし" if form[code] == 1 else "あり")
                assert shown["operations_section"] == "あり"
        if pd.notna(body[code]):
            assert shown["cross_agency_body"] == ("なし" if body[code] == 5 else "あり")
        # nobody is asked whether there is a CIO: no answer says that there is none
        assert shown["cio"] != "なし"


def test_the_chart_shows_no_answer_that_the_edition_keeps_back(survey):
    survey = dataclasses.replace(survey)  # of which nothing is computed yet
    survey.unit_responses = survey.responses.drop(columns=["Q28", "Q10"])
    assert states(survey, "990078")["cross_agency_body"] == "（この版では非公開）"
    assert "再任用" not in set(profile.staff(survey, place(survey, "990078"))["kind"])


def test_the_national_table_tells_nothing_of_sections(survey, monkeypatch):
    book = Codebook.read("dx-dashboard")
    answers_ = pd.DataFrame({"cio": [True], "cio_aide": [False], "structure": [None]}, ["011002"])
    status = answers_.notna().replace({True: "answered", False: "not_surveyed"})
    about = SimpleNamespace(named=True)
    answers_ = answers_.astype("boolean")
    city = SimpleNamespace(codebook=book, responses=answers_, unit_responses=answers_,
                           status=status,
                           wave=about, language="ja",
                           label=lambda id: text.label(id, "ja"),
                           labels=lambda section: text.labels(section, "ja"))  # fmt: skip
    boxes = profile.organisation(city, SimpleNamespace(code="011002"))
    assert dict(zip(boxes["box"], boxes["state"], strict=True)) == {
        "cio": "あり",
        "cio_aide": "なし",
        "cross_agency_body": "（調査無し）",
        "policy_section": "（設問なし）",
        "operations_section": "（設問なし）",
    }


def test_staff_stand_beside_the_medians_of_the_others_of_the_class(survey):
    here = place(survey, "990078")
    shown = profile.staff(survey, here)
    kinds = shown["kind"].unique()
    shown = shown.pivot(index="who", columns="kind", values="persons")[kinds]
    names = ["Q08", "Q09", "Q10", "Q11", "Q22"]
    skipped = survey.status[names] == "not_applicable"  # no forms of external talent: nobody
    q = survey.responses[names].astype(float).mask(skipped, 0.0)
    own = q.loc["990078"]
    assert np.isnan(own.Q10)  # not answered, and so no 0
    assert shown.loc["本団体"].tolist() == pytest.approx(
        [own.Q09, own.Q08 - own.Q09, own.Q10, own.Q11, own.Q22], nan_ok=True
    )
    others = q.loc[mates(survey, here)].dropna()
    row = shown.loc[f"同じ区分 (n={len(others)})"]
    assert row["再任用"] == others["Q10"].median() and row["常駐SE等"] == others["Q11"].median()


@pytest.mark.parametrize(("level", "word"), [("tentative", "類型"), ("gradient", "グループ")])
def test_groups_are_called_types_only_where_the_verdict_finds_types(survey, level, word):
    found = survey.typology(**QUICK)
    found = dataclasses.replace(found, verdict=dataclasses.replace(found.verdict, level=level))
    here = profile.place(survey, "990078", typology=found)
    assert f"{word}は「" in survey.say("profile/answer", **profile.who(survey, here))
    page = run("profile", given={"survey": survey, "here": here})
    assert f"同じ{word}" in page.tables["answers"].frame
    assert next(iter(visits.groups(survey, "990078", found))).startswith(f"{word}「")


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="Chromium is not installed")
# the fullest pages of the demonstration
@pytest.mark.parametrize(
    ("language", "code"), [("ja", "990124"), pytest.param("en", "990043", marks=pytest.mark.slow)]
)
def test_a_profile_prints_on_exactly_one_page(language, code, tmp_path):
    page = published("profile", "demo-2019", language, tmp_path, municipality=code)
    assert pages(page) == 1


def test_the_chart_has_room_where_the_answers_tell_of_no_part(survey):
    parts = ["CIO", "CIO補佐官等（外部）", "庁内横断組織", "政策担当課", "運用担当課"]
    boxes = pd.DataFrame(
        {"box": list(packaged("diagrams.yml")["boxes"])[:5], "name": parts, "there": False}
    )
    boxes["state"] = "（回答からは不明）"
    who = ["本団体", "同じ類型の候補の中央値 (n=1,234)"]
    staff = pd.DataFrame({"who": who * 2, "kind": ["職員"] * 2 + ["外部人材"] * 2})
    for shown in (staff.head(0).assign(persons=[]), staff.assign(persons=[3, 1, None, 2])):
        figure = diagrams.organisation(boxes, shown)
        figure.draw_without_rendering()
        checks.check(figure, "organisation")


def test_the_pages_of_a_wave_share_one_typology(monkeypatch):
    asked = []
    none = NotAvailable("typology", "none")
    monkeypatch.setattr(profile.types, "typology", lambda *_, **choices: asked.append(1) or none)
    survey = Survey.load("demo-2019")
    for code in survey.responses.index[:3]:
        assert profile.place(survey, code).typology == none
    assert len(asked) == 1


@pytest.mark.parametrize("id", ["Q03", "Q17", "Q32"])
def test_a_committee_learns_no_sensitive_answer_from_a_profile(tmp_path, id):
    """Whoever gave which answer, the pages are the same."""
    cleaned, wave = prepare("demo-2019"), Wave.read("demo-2019")
    content = Codebook.read("it-staffing").model_dump(mode="json", exclude_defaults=True)
    for question in content["questions"]:
        question["sensitive"] = question["id"] == id
    book, made = Codebook.parse(content), []
    for by in (0, 1, 2):
        turned = {
            name: frame.assign(**{v: np.roll(frame[v], by) for v in book[id].variables})
            for name, frame in (("responses", cleaned.responses), ("status", cleaned.status))
        }
        turned = {name: f.astype(getattr(cleaned, name).dtypes) for name, f in turned.items()}
        changed = dataclasses.replace(cleaned, **turned)
        survey = Survey(changed, wave, book, tmp_path, "committee", "en", files=False)
        here = place(survey, "990019")
        parts = (profile.facts, profile.missing, profile.standing, profile.comparison)
        made.append([here.peers, *(str(part(survey, here)) for part in parts)])
    assert made[0] == made[1] == made[2]
