"""The map of tiles: every prefecture once, neighbours beside each other, its share in its shade."""

import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from analysis.codebook import municipality
from analysis.figures import diagrams
from analysis.text import labels

CODES = {name: code[:2] for code, name in municipality.register()["prefecture"].items()}


def test_every_prefecture_has_one_place_and_a_name_of_its_own():
    places = diagrams.places()
    assert places.keys() == set(CODES.values()) and len(set(places.values())) == 47
    for language in ("ja", "en"):
        assert len(set(labels("prefecture_short", language).values())) == 47
        assert labels("prefecture", language).keys() == CODES.keys()


def test_neighbours_stay_neighbours():
    at = {name: diagrams.places()[code] for name, code in CODES.items()}
    for one, other in (
        *(("東京都", "埼玉県"), ("東京都", "神奈川県"), ("大阪府", "京都府"), ("大阪府", "奈良県")),
        *(("青森県", "岩手県"), ("福岡県", "佐賀県"), ("香川県", "徳島県"), ("広島県", "岡山県")),
    ):
        (x, y), (u, v) = at[one], at[other]
        assert max(abs(x - u), abs(y - v)) == 1, (one, other)


def test_a_share_is_drawn_in_its_shade_and_a_missing_one_in_none():
    shares = pd.Series(0.5, list(CODES))
    shares["東京都"], shares["沖縄県"], shares["鳥取県"] = 0.05, float("nan"), 1.0
    frame = pd.DataFrame({"prefecture": shares.index, "share": shares.to_numpy()})
    ax = diagrams.prefectures(frame, codes=CODES)
    drawn = {
        patch.get_xy(): to_hex(patch.get_facecolor())
        for patch in ax.patches
        if isinstance(patch, Rectangle)
    }
    shade = {name: drawn[diagrams.places()[code]] for name, code in CODES.items()}
    assert shade["東京都"] == diagrams.STEPS[0] and shade["北海道"] == diagrams.STEPS[2]
    assert shade["鳥取県"] == diagrams.STEPS[4] and shade["沖縄県"] == diagrams.MISSING
