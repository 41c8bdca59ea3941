"""Hypotheses of the codebook: what may be said, and how often wrongly."""

import numpy as np
import pandas as pd
import pytest

from analysis import hypotheses
from analysis.codebook import Codebook
from analysis.errors import InputError
from analysis.simulate import SIZES, simulate

BOOK = Codebook.read("it-staffing")


def results(drawn, book=BOOK):
    sizes = drawn.responses["Q02"].map(SIZES)
    found = hypotheses.run(book, drawn.responses, sizes)
    return {r.hypothesis.id: r for r in found}


def test_three_are_primary_and_the_others_are_corrected():
    found = results(simulate(15, seed=4))
    assert [k for k, r in found.items() if r.hypothesis.primary] == ["H1", "H2", "H3"]
    assert all(r.p_holm == r.p for r in found.values() if r.hypothesis.primary)
    others = [r for r in found.values() if not r.hypothesis.primary and not np.isnan(r.p)]
    assert all(r.p_holm >= r.p for r in others)


def test_a_strong_effect_of_management_is_found_with_enough_replies():
    found = results(simulate(60, truth="A", seed=1))
    assert found["H2"].word == "suggested" and found["H2"].effect > 0.4
    assert found["H2b"].word != "suggested"


def test_without_any_effect_primary_hypotheses_keep_their_level():
    book = BOOK.model_copy(update={"hypotheses": BOOK.hypotheses[:3]})
    words = [
        found.word
        for seed in range(30)
        for found in results(simulate(15, truth="B", missing=0.0, seed=seed), book).values()
    ]
    # one direction of a two-sided 5 % test: 2.5 % of 90 tests are expected
    assert words.count("suggested") <= 6


@pytest.mark.parametrize(
    ("effect", "p", "n", "said"),
    [
        (0.5, 0.04, (5, 10), "suggested"),
        (-0.5, 0.04, (5, 10), "not shown"),
        (0.5, 0.2, (5, 10), "illustrated"),
        (0.1, 0.2, (5, 10), "not shown"),
        (0.9, 0.01, (2, 13), "not testable"),
        (np.nan, np.nan, (5, 10), "not testable"),
    ],
)
def test_the_words_follow_the_evidence(effect, p, n, said):
    assert hypotheses.word(BOOK.hypotheses[0], effect, p, n) == said


def test_the_national_question_is_asked_within_size_classes():
    # all of the difference lies between the classes: nothing is left within them
    book = Codebook.read("dx-dashboard")
    n = 40
    large = np.arange(n) < n // 2
    frame = pd.DataFrame({v: pd.array([False] * n, "boolean") for v in book.variables[:10]})
    for name in ("policy", "structure"):
        frame[name] = pd.array(
            np.where(large, np.arange(n) % 5 > 0, np.arange(n) % 5 == 0), "boolean"
        )
    frame["ai"] = pd.array(large, "boolean")
    frame["online"] = pd.array([50.0] * n, "Float64")
    sizes = pd.Series(np.where(large, "core_city", "town_village"))
    n1 = hypotheses.run(book, frame, sizes)[0]
    assert n1.effect == 0.0 and n1.word == "not shown"


def test_a_rule_that_names_no_question_is_refused():
    content = BOOK.model_dump()
    content["hypotheses"][0]["value"] = "Q99"
    with pytest.raises(InputError, match=r"H1.*Q99"):
        Codebook.parse(content)
