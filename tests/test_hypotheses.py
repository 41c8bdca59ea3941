"""Hypotheses of the codebook: what may be said, and how often wrongly."""

import numpy as np
import pandas as pd
import pytest

from analysis import hypotheses, inference
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


def test_every_topic_of_the_discussion_is_asked_of_the_survey():
    asked = {h.topic for h in BOOK.hypotheses}
    assert asked == set(hypotheses.TOPICS)
    national = Codebook.read("dx-dashboard").hypotheses
    assert {h.topic for h in national} == {"management", "outside_and_training", "cross_agency"}
    assert all(h.within_size_class for h in national) and sum(h.primary for h in national) == 3


def test_what_a_wave_cannot_answer_is_said_topic_by_topic(demo):
    from analysis.report import questions

    found = questions.run(demo)
    frame = questions.topics(demo, found).frame
    assert len(frame) == 8 and not frame["言えること"].str.contains("確かめられない").any()
    without = [r for r in found if r.hypothesis.topic != "cooperation"]
    frame = questions.topics(demo, without).frame.set_index("議論の論点")
    row = frame.loc["団体間の連携とベンダー依存"]
    assert row["確かめた仮説"] == "—" and "確かめられない" in row["言えること"]


def test_a_topic_that_nobody_discussed_is_refused():
    odd = BOOK.hypotheses[0].model_copy(update={"topic": "weather"})
    with pytest.raises(InputError, match="weather"):
        results(simulate(15, seed=4), BOOK.model_copy(update={"hypotheses": (odd,)}))


def test_two_groups_are_compared_in_their_own_unit_too():
    found = results(simulate(15, seed=4))
    drawn = simulate(15, seed=4).responses
    two, stage = drawn["Q06"] == 2, drawn[["Q30_1", "Q30_2", "Q31"]].astype(float).mean(axis=1)
    known = (drawn["Q06"].notna() & stage.notna()).to_numpy(bool)
    a, b = stage[known & two.fillna(False)], stage[known & ~two.fillna(True)]
    gaps = (a.to_numpy()[:, None] - b.to_numpy()[None, :]).ravel()
    assert found["H1"].shift.estimate == pytest.approx(np.median(gaps))
    assert found["H2"].shift is None  # two values go together: no groups


def test_a_rule_that_names_no_question_is_refused():
    content = BOOK.model_dump()
    content["hypotheses"][0]["value"] = "Q99"
    with pytest.raises(InputError, match=r"H1.*Q99"):
        Codebook.parse(content)


def test_what_cannot_be_compared_has_no_effect_and_no_part_in_the_correction(demo):
    from analysis.report import questions

    found = {r.hypothesis.id: r for r in questions.run(demo)}
    h7 = found["H7"]
    assert min(h7.n) < hypotheses.FEWEST and h7.word == "not testable"
    line = next(
        x for x in questions.words(demo, [*found.values()]).markdown.split("\n") if "H7" in x
    )
    assert "n=1/13" in line and "効果" not in line and "p=" not in line
    others = [r for r in found.values() if not r.hypothesis.primary and r is not h7]
    assert [r.p_holm for r in others] == pytest.approx(
        inference.holm(np.array([r.p for r in others])).tolist()
    )
