import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from analysis.typology.describe import holm, most_and_least_typical, profile, propose_names

TEXTS = {
    "external": {"ja": "外部人材活用", "en": "Use of external talent"},
    "skill": {"ja": "内部専門性", "en": "In-house expertise"},
    "cio": {"ja": "CIOの任命", "en": "CIO appointed"},
    "years": {"ja": "平均在籍年数", "en": "Mean years in post"},
}


def effects(**by_type: list[float]) -> pd.DataFrame:
    features = ["external", "skill", "cio", "years"]
    rows = [
        {"type": int(name[1:]), "feature": f, "effect": e}
        for name, values in by_type.items()
        for f, e in zip(features, values, strict=True)
    ]
    return pd.DataFrame(rows)


KINDS = {"external": "ratio", "skill": "ratio", "cio": "binary", "years": "ratio"}


@given(st.lists(st.integers(0, 4), min_size=4, max_size=9), st.integers(1, 3))
def test_rank_sum_p_is_the_share_of_all_selections(values, m):
    y = np.array(values, dtype=float) + 10  # never read as 0/1
    labels = pd.Series([1] * m + [2] * (len(y) - m))
    found = profile(pd.DataFrame({"y": y}), {"y": "ratio"}, labels)
    ranks = rankdata(y)
    sums = [ranks[list(c)].sum() for c in itertools.combinations(range(len(y)), m)]
    centre = m * ranks.mean()
    far = np.mean([abs(s - centre) >= abs(ranks[:m].sum() - centre) - 1e-9 for s in sums])
    assert found.loc[0, "p"] == pytest.approx(far)


def test_effect_of_a_yes_no_item_is_the_difference_of_shares():
    frame = pd.DataFrame({"cio": [1, 1, 1, 0, np.nan, 1, 0, 0, 0, 0]}, dtype=float)
    labels = pd.Series([1] * 5 + [2] * 5)
    row = profile(frame, {"cio": "binary"}, labels).iloc[0]
    assert (row["n"], row["n_rest"]) == (4, 5)
    assert row["mean"] == 0.75
    assert row["rest_mean"] == 0.2
    assert row["effect"] == pytest.approx(0.55)


def test_unplaced_units_count_as_others_and_get_no_rows():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4]})
    found = profile(frame, {"x": "ratio"}, pd.Series([1, 1, 1, 0]))
    assert found["type"].tolist() == [1]
    assert found.loc[0, "n_rest"] == 1


def test_a_feature_with_no_answers_in_a_type_has_no_test():
    frame = pd.DataFrame({"x": [np.nan, np.nan, 1.0, 2.0], "y": [1.0, 2, 3, 4]})
    found = profile(frame, {"x": "ratio", "y": "ratio"}, pd.Series([1, 1, 2, 2]))
    assert found.loc[found["feature"] == "x", "p_holm"].isna().all()
    assert found.loc[found["feature"] == "y", "p_holm"].notna().all()


def test_holm_never_lowers_a_p_value():
    p = np.array([0.2, np.nan, 0.01, 0.04])
    assert holm(p)[[0, 2, 3]].tolist() == pytest.approx([0.2, 0.03, 0.08])


def test_paragon_is_the_medoid_and_ties_go_to_the_smallest_code():
    D = np.array([[0, 1, 1.0], [1, 0, 1], [1, 1, 0]])
    labels = pd.Series([1, 1, 1], index=["300", "100", "200"])
    assert most_and_least_typical(D, labels) == ({1: "100"}, {1: "100"})


def test_names_read_like_names():
    names = propose_names(
        effects(t1=[0.9, 0.5, 0.1, 0], t2=[-0.9, 0, 0, 0.4], t3=[0, 0, -0.6, 0], t4=[0.1, 0, 0, 0]),
        KINDS,
        TEXTS,
    )
    assert names[1]["ja"] == "外部人材活用が多く、内部専門性が高い型"
    assert names[2]["ja"] == "外部人材活用が少なく、平均在籍年数が長い型"
    assert names[3]["ja"] == "CIOの任命が少ない型"
    assert names[4] == {"ja": "全体の平均に近い型", "en": "Close to the overall average"}
    assert names[1]["en"] == "High use of external talent and in-house expertise"
    assert names[3]["en"] == "Few with CIO appointed"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("連携の深さ", "連携が深い型"),
        ("ベンダー依存", "ベンダー依存が高い型"),
        ("再任用", "再任用が多い型"),
        ("研修日数（年間）", "研修日数（年間）が多い型"),
        ("在籍10年以上の割合（％）", "在籍10年以上の割合（％）が高い型"),
    ],
)
def test_the_adjective_fits_the_label(label, name):
    texts = {"skill": {"ja": label, "en": label}}
    table = pd.DataFrame({"type": [1], "feature": ["skill"], "effect": [0.8]})
    assert propose_names(table, KINDS, texts)[1]["ja"] == name


def test_traits_with_one_adjective_share_it():
    labels = {
        "external": {"ja": "AIの導入", "en": "AI"},
        "skill": {"ja": "再任用", "en": "Rehiring"},
    }
    kinds = dict.fromkeys(KINDS, "binary")
    names = propose_names(effects(t1=[0.9, 0.5, 0, 0], t2=[0.9, -0.5, 0, 0]), kinds, labels)
    assert names[1] == {"ja": "AIの導入と再任用が多い型", "en": "Many with AI and rehiring"}
    assert names[2] == {
        "ja": "AIの導入が多く、再任用が少ない型",
        "en": "Many with AI, few with rehiring",
    }


def test_traits_of_one_kind_share_their_noun():
    labels = {
        "external": {"ja": "AIの導入", "en": "AI"},
        "skill": {"ja": "RPAの導入", "en": "RPA"},
    }
    names = propose_names(effects(t1=[0.9, 0.5, 0, 0]), dict.fromkeys(KINDS, "binary"), labels)
    assert names[1]["ja"] == "AI・RPAの導入が多い型"


def test_a_type_that_is_high_in_everything_says_so():
    names = propose_names(
        effects(t1=[0.9, 0.5, 0.6, 0.5], t2=[-0.9, -0.5, -0.6, -0.4]), KINDS, TEXTS
    )
    assert names[1] == {"ja": "全般に水準が高い型", "en": "High across the board"}
    assert names[2] == {"ja": "全般に水準が低い型", "en": "Low across the board"}


def test_two_types_that_are_high_in_everything_differ_in_what_is_highest():
    names = propose_names(effects(t1=[0.9, 0.5, 0.6, 0.5], t2=[0.4, 0.5, 0.6, 0.9]), KINDS, TEXTS)
    assert names[1]["ja"] == "全般に水準が高い型"
    assert names[2]["ja"] == "全般に水準が高く、特に平均在籍年数が長い型"
    assert names[2]["en"] == "High across the board, high mean years in post"


def test_no_two_names_are_alike_even_when_nothing_differs():
    same = [0.9, 0.5, 0.1, 0.05]
    names = propose_names(effects(t1=same, t2=same, t3=same, t4=same, t5=same), KINDS, TEXTS)
    for language in ("ja", "en"):
        assert len({name[language] for name in names.values()}) == 5


def test_nominal_answers_are_named_by_category():
    frame = pd.DataFrame({"form": [1.0, 1, 1, 2, 2, 2]})
    found = profile(frame, {"form": "nominal"}, pd.Series([1, 1, 1, 2, 2, 2]))
    texts = {"form=1": {"ja": "専任課", "en": "own section"}, "form": {"ja": "組織", "en": "Form"}}
    names = propose_names(found, {"form": "nominal"}, texts)
    assert "専任課" in names[1]["ja"]
    assert "own section" in names[1]["en"]
