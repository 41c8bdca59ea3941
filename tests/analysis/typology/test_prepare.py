"""What a typology is made from: who takes part, and what is taken out of the answers."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology.dissimilarity import share_answered
from analysis.typology.prepare import prepare, set_aside
from analysis.typology.rivals import known_types

FRAME = pd.DataFrame(
    {"a": [1.0, 0, 1, 0, 1, 0, 1, 0], "b": [1.0, 1, 1, 1, 0, 0, 0, 0], "form": [1.0, 2, 3, 1] * 2},
    index=list("hgfedcba"),
)
KINDS = {"a": "binary", "b": "binary", "form": "nominal"}


def test_what_was_taken_out_is_said_and_done():
    size = pd.Series(["city", "town"] * 4, index=FRAME.index)
    plain = prepare(FRAME, KINDS, None, None)
    within = prepare(FRAME, KINDS, None, size)
    level = prepare(FRAME, KINDS, None, "gradient")
    assert [x.fit.basis for x in (plain, within, level)] == ["none", "strata", "gradient"]
    assert list(within.frame.columns) == ["b", "form=1", "form=2", "form=3"]  # a is the size
    assert within.groups["form=2"] == "form"
    assert level.frame.corrwith(plain.gradient.score).abs().max() < 1e-9
    assert level.level.equals(plain.gradient.score)


@pytest.mark.parametrize(
    ("frame", "adjust", "message"),
    [
        (FRAME.iloc[:5], None, "5 respondents are too few"),
        (FRAME * 0 + 1, None, "same answers"),
        (FRAME * np.nan, None, "same answers"),
        (FRAME.replace({"b": {0.0: np.inf}}), "gradient", "b of a is infinite"),
        (FRAME, pd.Series(list("abcdefgh"), FRAME.index), "nothing is left"),
    ],
)
def test_what_cannot_be_typed_is_refused_in_words(frame, adjust, message):
    with pytest.raises(InputError, match=message):
        prepare(frame, KINDS, None, adjust)


# --- who takes part: rules that look at no typology ---------------------------------------------

RATIO = {f"x{j}": "ratio" for j in range(1, 7)}


def survey(n: int, separation: float, seed: int) -> pd.DataFrame:
    return known_types(n, separation, rng=np.random.default_rng(seed))[0]


def test_less_than_half_of_the_answers_is_too_little_and_groups_weigh_the_same():
    frame = survey(12, 3.0, 0)
    frame.iloc[0, 3:] = np.nan  # half: enough
    frame.iloc[1, 2:] = np.nan
    frame.iloc[2] = np.nan
    assert set_aside(frame, RATIO).to_dict() == {"000001": "sparse", "000002": "empty"}
    one_question = dict.fromkeys(["x1", "x2", "x3", "x4"], "nine options")
    assert share_answered(frame, one_question)[0] == pytest.approx(0.25)
    assert "000000" in set_aside(frame, RATIO, one_question)


@pytest.mark.parametrize("n", [15, 30, 60])
@pytest.mark.parametrize("value", [12.0, 50.0, 1e6])
@pytest.mark.parametrize("pair", [False, True])
def test_one_or_two_who_are_far_from_all_are_set_aside_and_nobody_else(n, value, pair):
    for seed in range(5):
        frame = survey(n, 4.0, seed)
        frame.iloc[-1] = value
        expected = {frame.index[-1]: "outlying"}
        if pair:
            frame.iloc[0] = value * 1.01
            expected[frame.index[0]] = "outlying"
        assert set_aside(frame, RATIO).to_dict() == expected


def test_a_type_of_three_however_far_takes_part():
    for seed in range(5):
        frame = survey(30, 4.0, seed)
        frame.iloc[:3] = 12.0 + np.random.default_rng(seed).standard_normal((3, 6))
        assert set_aside(frame, RATIO).empty


def test_doubles_count_as_units():
    """A pattern given by two is as far as its next; one given by three is a group."""
    near = [0.0] * 10 + [0.1] * 10
    two = pd.DataFrame({"a": [*near, 9.0, 9.0]})
    assert set_aside(two, RATIO).tolist() == ["outlying"] * 2
    three = pd.DataFrame({"a": [*near, 9.0, 9.0, 9.0]})
    assert set_aside(three, RATIO).empty


@pytest.mark.parametrize("n", [15, 30, 60, 200])
@pytest.mark.parametrize("separation", [0.0, 3.0])
def test_ordinary_surveys_lose_nobody_or_nearly_so(n, separation):
    lost = [len(set_aside(survey(n, separation, seed), RATIO)) for seed in range(20)]
    assert sum(lost) <= 3


def test_the_order_of_rows_and_columns_changes_nothing():
    frame = survey(30, 1.0, 3)
    frame.iloc[4] = 9.0
    frame.iloc[7, 1:] = np.nan
    first, again = set_aside(frame, RATIO), set_aside(frame.iloc[::-1, ::-1], RATIO)
    assert first.sort_index().equals(again.sort_index())
