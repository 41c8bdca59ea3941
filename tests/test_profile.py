"""A page for one municipality: who its peers are, what they do that it does not, and one sheet."""

import re
import shutil

import pytest

from analysis import Survey
from analysis.outputs import NotAvailable
from analysis.pdf import BROWSERS
from analysis.report import answers, profile, summary
from printed import pages, published


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return Survey.load("demo-2019", output=tmp_path_factory.mktemp("out"))


def place(survey, code, *, same_prefecture=False):
    nearest = profile._nearest(survey, code, same_prefecture=same_prefecture)
    size = survey.size_class[code]
    found = NotAvailable("typology", "none")
    return profile.Place(code, str(survey.names[code]), str(size), found, nearest, same_prefecture)


def test_peers_are_those_of_its_class_most_alike_in_population_and_staff(survey):
    code = "990078"  # an ordinary city; six others replied
    here = place(survey, code)
    classes = survey.register["size_class"]
    assert {classes[peer] for peer in here.peers} == {"other_city"} and len(here.peers) == 5
    numbers = survey.responses[["Q03", "Q05", "Q08"]].astype("Float64").rank(pct=True)
    distance = (numbers - numbers.loc[code]).abs().astype(float).mean(axis=1)
    mates = [c for c in survey.responses.index if classes[c] == "other_city" and c != code]
    assert here.peers == list(distance[mates].sort_values(kind="stable").index[:5])


def test_measures_are_what_half_of_the_peers_do_and_it_does_not(survey):
    here = place(survey, "990078")
    frame = profile.missing_measures(survey, here)
    for row in frame.itertuples():
        theirs = survey.responses.loc[here.peers, row.variable].dropna().astype(bool)
        assert (row.do, row.asked) == (theirs.sum(), len(theirs)) and row.do * 2 >= row.asked
        assert not survey.responses.at["990078", row.variable]
    # problems and wishes are answers too, but no measures
    assert not {"Q34", "Q35"} & {q.id for q in frame["question"]}
    assert (frame["share"].diff().dropna() <= 0).all()
    text = profile.steps(survey, here).markdown
    assert len(re.findall(r"^1\. ", text, re.M)) == 3 and "4団体が実施" in text


def test_every_step_gives_its_evidence(survey):
    graded = summary.measures(survey).set_index("variable")["grade"]
    here = place(survey, "990078")
    first = profile.missing_measures(survey, here).iloc[0]
    line = profile.steps(survey, here).markdown.splitlines()[0]
    assert summary.GRADES[graded[first.variable]].ja in line
    assert f"同じ区分では{len(here.mates(survey))}団体中" in line


def test_a_code_read_as_a_number_is_still_a_code(survey, monkeypatch):
    monkeypatch.setattr(profile, "typology", lambda *a, **k: NotAvailable("typology", ""))
    assert profile.place(survey, 990078).code == "990078"


def test_brief_answers_name_the_mean_of_a_long_battery(survey):
    q29 = survey.codebook["Q29"]
    values = survey.responses.loc["990019", list(q29.variables)].astype(float)
    assert answers.own(survey, "990019", q29, brief=True) == f"5項目の平均{values.mean():.1f}"


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="Chromium is not installed")
@pytest.mark.parametrize(("language", "code"), [("ja", "990124"), ("en", "990019")])
def test_a_profile_prints_on_exactly_one_page(language, code, tmp_path):
    page = published("profile", "demo-2019", language, tmp_path, municipality=code)
    assert pages(page) == 1
