"""The axes that the field discusses: a place is what the answers say, where it may be seen."""

from dataclasses import replace

import pandas as pd

from analysis import Survey
from analysis.results import orientation


def test_a_place_is_the_share_of_items_on_one_side_less_that_on_the_other(demo):
    r = demo.responses
    high = [r["Q13_1"] | r["Q13_2"], r["Q16"].isin([2, 3]).mask(r["Q16"].isna())]
    high += [r["Q19_2"] | r["Q19_4"], (r["Q27"] >= 4)]
    low = [r["Q21_1"] | r["Q21_2"], r["Q13_3"], r["Q21_4"] | r["Q21_5"], (r["Q27"] <= 2)]
    sides = [pd.concat(side, axis=1).astype("Float64") for side in (high, low)]
    expected = sides[0].mean(axis=1) - sides[1].mean(axis=1)
    known = sides[0].notna().sum(axis=1).ge(2) & sides[1].notna().sum(axis=1).ge(2)
    places = orientation.places(demo)["sourcing"]
    assert places.dropna().round(9).to_dict() == expected[known].astype(float).round(9).to_dict()
    assert places.abs().max() <= 1 and places.nunique() > 3


def test_items_have_their_own_denominator(demo):
    items = orientation.items(demo).set_index("item")
    assert items.loc["CSIRT", "n"] == demo.responses["Q32_2"].notna().sum()
    assert items.loc["CSIRT", "count"] == demo.responses["Q32_2"].sum()


def test_no_single_municipality_is_placed_for_the_public_nor_by_a_sensitive_answer():
    public = Survey.load("demo-2019", audience="public")
    assert orientation.items(public).empty
    committee = Survey.load("demo-2019", audience="committee")
    assert {*orientation.places(committee)} == {"sourcing", "stance"}
    q27 = committee.codebook["Q27"].model_copy(update={"sensitive": True})
    others = [q27 if q.id == "Q27" else q for q in committee.codebook.questions]
    content = committee.codebook.model_dump(mode="json", exclude_defaults=True)
    content["questions"] = [q.model_dump(mode="json", exclude_defaults=True) for q in others]
    # without features, none of which may use a sensitive question
    content |= {"features": [], "indices": []}
    hidden = replace(committee, codebook=type(committee.codebook).parse(content))
    assert list(orientation.places(hidden)) == ["stance"]
