"""A study of another country from its file to the report, with the counts that were published.

The file is never shipped: without it these tests are skipped.
"""

import chile
import pytest

from analysis.survey import Survey

FUNCTIONS = [155, 166, 160, 142, 79, 114, 106, 26]  # P2.5.1 to P2.5.8


@pytest.mark.skipif(not chile.FILE.is_file(), reason="the file of the Chilean study is not here")
def test_the_published_counts_are_exact(project):
    frame, own = chile.make_wave(project)
    survey = Survey.load("chile-2023", language="en")
    answers = survey.responses
    assert len(answers) == 188 and survey.population.size == 188
    assert answers["P2_2"].value_counts().to_dict() == {1: 169, 0: 19}
    assert [int(answers[f"P2_5_{n}"].sum()) for n in range(1, 9)] == FUNCTIONS
    known = answers["P2_5_5"].notna()
    assert known.sum() == 168  # the 89 that do not develop are a no, and 19 were not asked
    for name, count in chile.YES.items():
        assert (answers[name.replace(".", "_")] == 1).sum() == count, name
    staff = answers[["W1", "W2"]].sum(axis=1, min_count=1)
    assert (staff.sum(), staff.median(), staff.notna().sum()) == (756, 3, 168)
    inside, outside = ([f"R{n}_{m}" for n in chile.ROLES] for m in (1, 2))
    assert int(answers[inside].sum().sum()) == 1119 and int(answers[outside].sum().sum()) == 123
    assert (answers[outside] > 0).any(axis=1).sum() == 30
    # the other 234 public bodies are no municipalities of the register
    # and each is told once by its name and once for all that it says
    refused = survey.findings[survey.findings["rule"] == "who"]
    assert refused["question"].value_counts().to_dict() == {"BODY": 234, "": 234}
    assert set(frame["P1.1.1"]) - set(own["name"]) <= set(refused["raw"])
    # types by internal and external staff: none are claimed where chance separates as well
    types = survey.typology(n_bootstrap=20, n_null=19)
    assert types.verdict.level == "none" and types.verdict.evidence.n == 172
    assert types.verdict.text["en"].startswith("No separated types can be shown (n=172)")
