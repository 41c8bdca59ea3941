import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology.prepare import prepare

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
    assert [x.basis for x in (plain, within, level)] == ["none", "strata", "gradient"]
    assert list(within.frame.columns) == ["b", "form=1", "form=2", "form=3"]  # a is the size
    assert within.groups["form=2"] == "form"
    assert level.frame.corrwith(plain.gradient.score).abs().max() < 1e-9
    assert level.level.equals(plain.gradient.score)


@pytest.mark.parametrize(
    ("frame", "adjust", "message"),
    [
        (FRAME.iloc[:5], None, "5 respondents are too few"),
        (FRAME.iloc[[0, 0, 1, 2, 3, 4]], None, "code h occurs twice"),
        (FRAME * 0 + 1, None, "same answers"),
        (FRAME * np.nan, None, "same answers"),
        (FRAME.replace({"b": {0.0: np.inf}}), "gradient", "b of a is infinite"),
        (FRAME, "size", "no adjustment 'size'"),
        (FRAME, pd.Series(list("abcdefgh"), FRAME.index), "nothing is left"),
    ],
)
def test_what_cannot_be_typed_is_refused_in_words(frame, adjust, message):
    with pytest.raises(InputError, match=message):
        prepare(frame, KINDS, None, adjust)
