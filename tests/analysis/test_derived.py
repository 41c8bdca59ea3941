"""Parts of a survey and variables of one's own, as an analyst uses them at the keyboard."""

import pandas as pd
import pytest

from analysis import Survey
from analysis.errors import InputError
from analysis.results import cleaning, hypotheses


@pytest.fixture(scope="module")
def survey():
    return Survey.load("demo-2019", files=False, language="en")


def test_a_part_is_a_survey_and_every_caption_says_of_what(survey):
    towns = survey.where("size_class == 'town_village'", label="towns and villages")
    assert (towns.n, towns.invited, towns.response_rate) == (2, 3, "2 / 3 = 66.7%")
    assert set(towns.responses.index) == set(
        survey.register.query("size_class == 'town_village' and replied").index
    )
    for shown in (towns.figure("Q13"), towns.with_("x", "Q08 * 2", label="X").figure("x")):
        assert "part: towns and villages (n = 2)" in shown.caption
    assert survey.n == 15 and "part" not in survey.source


@pytest.mark.parametrize(
    ("label", "named"), [("Partners", "Partners"), ("General staff", "partners General staff")]
)
def test_every_page_calls_a_question_the_same(survey, label, named):
    more = survey.with_("partners", "count(Q21, [1, 2])", label=label)
    missing = cleaning.missing(more)
    assert missing["question"].iloc[-1] == named  # of a variable the name only where it is needed
    assert missing["question"].iloc[0].startswith("Q")
    assert cleaning.matrix(more, missing.tail(1)).index.tolist() == [f"{named} 15/15"]
    assert named in more.table("partners").title and named in more.figure("partners").alt


def test_a_part_by_an_answer_does_not_say_of_how_many_invited(survey):
    two = survey.where("Q06 == 2")
    assert two.n == int((survey.responses["Q06"] == 2).sum()) and two.invited is None
    assert two.population.bounds(1, two.n - 1) is None
    again = two.where("size_class == 'core_city'", label="core")
    assert "part: Q06 == 2 / core" in again.source
    assert set(again.responses.index) <= set(two.responses.index)


def test_tables_of_parts_add_up_to_the_whole(survey):
    parts = [survey.where(f"size_class {op} 'core_city'") for op in ("==", "!=")]
    columns = [v for v in survey.responses if v.startswith("Q13_")]
    total = sum(part.responses[columns].sum() for part in parts)
    assert total.tolist() == survey.responses[columns].sum().tolist()
    assert sum(part.n for part in parts) == survey.n


@pytest.mark.parametrize("rule", ["Q99 == 1", "Q06 +", "Q06", "prefecture == 'nowhere'"])
def test_a_condition_that_cannot_be_read_or_leaves_nobody_is_refused(survey, rule):
    with pytest.raises(InputError, match=r"condition|no variable .Q99."):
        survey.where(rule)


def test_a_part_of_a_full_count_is_no_sample(survey):
    from analysis.derived import population
    from analysis.stats.population import Population

    whole = Population("nation", True, 1741, 1741)
    register = pd.DataFrame({"replied": [True] * 40})
    part = population(whole, register, "Q06 == 2", survey.codebook, "x")
    assert part.full and not part.tests and part.size == 40
    beyond = population(Population("beyond", True, None, 15), register, "Q06 == 2",
                        survey.codebook, "x")  # fmt: skip
    assert beyond.tests and beyond.interval(5, 13) is not None


def test_other_editions_have_no_part_that_gives_answers_away():
    committee = Survey.load("demo-2019", audience="committee", files=False)
    sensitive = next(q for q in committee.codebook if q.sensitive and q.type == "ordinal")
    with pytest.raises(InputError, match="sensitive"):
        committee.where(f"{sensitive.id} == 1")
    part = committee.where("size_class == 'core_city'")
    assert sensitive.id not in part.responses and "Q13_1" in part.responses
    with pytest.raises(InputError, match="does not show"):
        part.table(sensitive.id)
    known = hypotheses.evidence(part).set_index("id")["word"]
    assert known["H3"] == "withheld" and known["H1"] != "withheld"  # H3 is on Q12
    public = Survey.load("demo-2019", audience="public", files=False)
    with pytest.raises(InputError, match="no such part"):
        public.where("size_class == 'core_city'")


def test_data_from_outside_are_joined_by_code_or_name_and_what_matches_nobody_is_a_finding(survey):
    names = survey.names
    given = pd.Series([0.3, 0.9, 5.0], index=[names.index[3], names.iloc[0], "Atlantis"])
    more = survey.with_("fiscal", given, label="fiscal strength")
    assert more.responses["fiscal"].dropna().to_dict() == {names.index[3]: 0.3, names.index[0]: 0.9}
    assert (more.status["fiscal"] == "not_surveyed").sum() == survey.n - 2
    last = more.findings.iloc[-1]
    assert (last["rule"], last["raw"]) == ("outside-data", "Atlantis") and "Atlantis" in last["en"]
    assert len(more.findings) == len(survey.findings) + 1
    assert more.figure("fiscal").n == 2 and "fiscal strength" in more.figure("fiscal").title
    turned = survey.with_("fiscal", given[::-1], label="x").responses["fiscal"]
    assert turned.equals(more.responses["fiscal"])
    with pytest.raises(InputError, match="twice"):
        survey.with_("f", pd.Series([1, 2], index=[names.index[3]] * 2), label="x")
    with pytest.raises(InputError, match="no row"):
        survey.with_("f", pd.Series([1.0, 2.0]), label="x")


def test_a_recoded_variable_is_shown_as_a_question_is(survey):
    more = survey.with_("partners", "any(Q21, [1, 2])", label="has partners")
    yes = survey.responses[["Q21_1", "Q21_2"]].any(axis=1) & more.status["partners"].eq("answered")
    table = more.table("partners").frame
    assert int(table.iloc[0, 1]) == int(yes.sum())
    both = int((yes & survey.status["Q13_1"].eq("answered")).sum())
    cells = more.table("Q13", by="partners").frame["yes"]
    assert all(cell.endswith(f"/{both})") for cell in cells)
    groups = pd.Series(["a", "b"] * 8, index=survey.register.index)
    assert more.with_("half", groups, label="half").half.question.type == "single"
    with pytest.raises(InputError, match="cannot be the name"):
        survey.with_("Q13", "Q08", label="x")
    with pytest.raises(InputError, match="cannot be used"):
        survey.with_("odd", "Q08 ** 2", label="x")


def test_a_variable_made_of_sensitive_answers_is_as_sensitive_as_they_are():
    committee = Survey.load("demo-2019", audience="committee", files=False)
    sensitive = next(q for q in committee.codebook if q.sensitive and q.type == "ordinal")
    more = committee.with_("copy", f"{sensitive.id} <= 2", label="copy")
    assert more.codebook["copy"].sensitive
