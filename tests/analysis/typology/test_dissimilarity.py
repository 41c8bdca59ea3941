"""Gower's coefficient by hand, and beside other software where it is another coefficient."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from analysis.errors import InputError
from analysis.typology import dissimilarity
from analysis.typology.dissimilarity import Gower

KINDS = {"form": "nominal", "ai": "asymmetric", "plan": "ordinal", "staff": "ratio"}
GIVEN = pd.DataFrame(
    {
        "form": [1.0, 2.0, 1.0, np.nan],
        "ai": [1.0, 0.0, 0.0, 0.0],
        "plan": [1.0, 2.0, 2.0, 4.0],
        "staff": [0.0, 10.0, np.nan, 4.0],
    },
    index=list("abcd"),
)


def test_every_kind_by_hand():
    found = Gower.of(GIVEN, KINDS).among()
    # ranks of plan: 1, 2.5, 2.5, 4, so 1 and 2 are 1.5 of 3 apart
    assert found[0, 1] == pytest.approx((1 + 1 + 0.5 + 1) / 4)
    assert found[0, 2] == pytest.approx((0 + 1 + 0.5) / 3)  # staff of c is missing
    assert found[0, 3] == pytest.approx((1 + 1 + 0.4) / 3)  # form of d is missing
    assert found[1, 2] == pytest.approx((1 + 0) / 2)  # two zeros of ai say nothing
    assert found[1, 3] == pytest.approx((0.5 + 0.6) / 2)
    assert found[2, 3] == pytest.approx(0.5)


def test_groups_weigh_the_same_however_many_options_they_have():
    frame = pd.DataFrame({f"option{i}": [1.0, 0.0, 1.0] for i in range(9)})
    frame["cio"] = [1.0, 1.0, 0.0]
    kinds = dict.fromkeys(frame, "binary")
    together = {name: "measures" for name in frame if name != "cio"}
    flat = Gower.of(frame, kinds).among()
    grouped = Gower.of(frame, kinds, together)
    assert flat[0, 1] == pytest.approx(0.9)
    assert flat[0, 2] == pytest.approx(0.1)
    assert grouped.weights.tolist() == pytest.approx([1 / 18] * 9 + [1 / 2])
    assert grouped.among()[0] == pytest.approx([0, 0.5, 0.5])


def test_a_missing_option_leaves_its_group_the_weight_of_the_others():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": [1.0, 0.0], "cio": [1.0, 1.0]})
    kinds = dict.fromkeys(frame, "binary")
    found = Gower.of(frame, kinds, {"a": "measures", "b": "measures"}).among()
    assert found[0, 1] == pytest.approx(0.25 / 0.75)  # as Gower defines: weights of what is known


def test_it_is_jaccards_coefficient_on_asymmetric_answers():
    table = np.random.default_rng(0).integers(0, 2, (12, 6)).astype(float)
    table[:, 0] = 1
    frame = pd.DataFrame(table, columns=list("abcdef"))
    found = Gower.of(frame, dict.fromkeys(frame, "asymmetric")).among()
    assert found == pytest.approx(squareform(pdist(table.astype(bool), "jaccard")))


def test_it_is_the_scaled_city_block_distance_on_numbers():
    table = np.random.default_rng(0).normal(size=(12, 3))
    found = Gower.of(pd.DataFrame(table), {}).among()
    assert found == pytest.approx(squareform(pdist(table / np.ptp(table, axis=0), "cityblock")) / 3)


def test_a_pair_without_a_common_answer_is_as_unlike_as_two_drawn_at_random():
    frame = pd.DataFrame({"a": [1.0, 1.0, 0.0, np.nan], "b": [np.nan, np.nan, np.nan, 1.0]})
    found = Gower.of(frame, {"a": "binary", "b": "binary"}).among()
    drawn = (2 / 3) * (1 / 3) * 2  # unlike on a, with replacement; b has one answer only
    assert found[3, :3].tolist() == pytest.approx([0.5 * drawn + 0.5 * 0] * 3)
    assert found[3, 3] == 0


def test_new_units_are_measured_with_the_old_ranges():
    old = np.array([[0.0], [10.0]])
    measure = Gower.of(pd.DataFrame(old, columns=["x"]), {"x": "ratio"})
    found = measure.between(np.array([[5.0], [30.0]]), old)
    assert found.tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_too_many_rows_are_refused_with_advice_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(dissimilarity, "LIMIT", 10)
    table = np.arange(11.0)[:, None]
    monkeypatch.setattr(np, "zeros_like", lambda *_: pytest.fail("allocated"))
    with pytest.raises(InputError, match="11 respondents are too many") as refusal:
        Gower.of(pd.DataFrame(table), {}).among()
    assert "sample" in str(refusal.value.hint)


@pytest.mark.parametrize("kind", ["nominal", "binary", "asymmetric", "ordinal", "ratio"])
def test_those_who_answered_nothing_are_not_told_apart(kind):
    nothing = pd.DataFrame(np.full((4, 2), np.nan), columns=list("ab"))
    found = Gower.of(nothing, dict.fromkeys("ab", kind)).among()
    assert found.tolist() == np.zeros((4, 4)).tolist()
