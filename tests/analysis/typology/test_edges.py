"""Surveys at the edge of what can be clustered: a clear answer, or one clear sentence."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import InputError
from analysis.typology import latent
from analysis.typology.dissimilarity import KINDS, GowerDissimilarity
from analysis.typology.hierarchy import LINKAGES, MCA, HierarchicalTypology
from analysis.typology.latent import LatentClassTypology
from analysis.typology.partition import KMedoidsTypology
from analysis.typology.study import study

MAKERS = {
    "k-medoids": lambda k: KMedoidsTypology(k),
    "latent classes": lambda k: LatentClassTypology(k),
    **{way: lambda k, way=way: HierarchicalTypology(k, linkage=way) for way in LINKAGES},
}
every_method = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@every_method
@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_units(make, n):
    table = np.arange(2.0 * n).reshape(n, 2)
    assert make(1).fit(table).labels_.tolist() == [0] * n
    assert sorted(make(n).fit(table).labels_) == list(range(n))
    with pytest.raises(InputError, match=f"{n + 1} types need {n + 1} different answer patterns"):
        make(n + 1).fit(table)


@every_method
def test_all_rows_equal(make):
    table = np.ones((8, 3))
    assert make(1).fit(table).labels_.tolist() == [0] * 8
    with pytest.raises(
        InputError, match="2 types need 2 different answer patterns, here are 1"
    ) as refusal:
        make(2).fit(table)
    assert "fewer types" in str(refusal.value.hint)


@every_method
@pytest.mark.parametrize("k", [0, -1])
def test_no_types_at_all(make, k):
    with pytest.raises(InputError, match=f"{k} types cannot be made"):
        make(k).fit(np.eye(3))


@every_method
@pytest.mark.parametrize("useless", [1.0, np.nan], ids=["constant", "all missing"])
def test_a_column_that_says_nothing_changes_nothing(make, useless):
    table = np.repeat([[0.0, 0, 1], [1.0, 1, 0]], [5, 3], axis=0)
    table[0, 2] = 0
    more = np.insert(table, 1, useless, axis=1)
    assert make(2).fit(more).labels_.tolist() == make(2).fit(table).labels_.tolist()


@every_method
def test_a_unit_without_any_answer_changes_no_other(make):
    table = np.repeat([[0.0, 0, 0], [1.0, 1, 1], [np.nan] * 3], [4, 3, 1], axis=0)
    found = make(2).fit(table).labels_
    assert found[:7].tolist() == [0] * 4 + [1] * 3
    assert found[7] in {0, 1} or (found[7] == -1 and make is MAKERS["k-medoids"])


def test_few_answers_make_no_medoid():
    """Items a-d separate 6 and 6 (by hand: objective .1 of e alone); two answered only e."""
    group = np.repeat([0.0, 1.0], 6)
    table = np.column_stack([group] * 4 + [np.tile([0.0, 1.0], 6)])
    sparse = np.full((4, 5), np.nan)
    sparse[[0, 1], 4] = 0, 1
    sparse[2, :2] = 1
    found = KMedoidsTypology(2).fit(np.vstack([table, sparse]))
    assert len(set(found.labels_[:6])) == len(set(found.labels_[6:12])) == 1
    assert found.labels_[0] != found.labels_[6]
    assert found.labels_[[14, 15]].tolist() == [found.labels_[6], -1]
    assert not np.isnan(found.medoids_).any()
    assert found.objective_ == pytest.approx(0.1)


def test_classes_of_more_patterns_than_memory_holds_are_searched_in_parts(monkeypatch):
    table = np.random.default_rng(0).integers(0, 2, (60, 4)).astype(float)
    whole = LatentClassTypology(2).fit(table)
    monkeypatch.setattr(latent, "CELLS", 1)  # one start at a time
    parts = LatentClassTypology(2).fit(table)
    assert parts.log_likelihood_ == pytest.approx(whole.log_likelihood_, abs=1e-4)


def test_nobody_answered_anything():
    nothing = np.full((4, 2), np.nan)
    for kind in KINDS:
        found = GowerDissimilarity([kind] * 2).fit_transform(nothing)
        assert found.tolist() == np.zeros((4, 4)).tolist()
    with pytest.raises(InputError, match="here are 0"):
        KMedoidsTypology(1).fit(nothing)
    assert LatentClassTypology(1).fit(nothing).log_likelihood_ == 0
    with pytest.raises(InputError, match="all answers are the same"):
        MCA().fit(nothing)


def test_patterns_that_cannot_be_told_apart_still_make_as_many_types_as_asked():
    table = np.array([[1.0, np.nan], [1.0, 2.0], [np.nan, 2.0]])  # all at dissimilarity 0
    for k in (1, 2, 3):
        found = KMedoidsTypology(k).fit(table)
        assert sorted(set(found.labels_)) == list(range(k))
        assert found.medoids_.shape == (k, 2)
        assert found.objective_ == 0


@pytest.mark.parametrize("table", [np.ones((1, 2)), np.ones((5, 2))], ids=["one row", "all equal"])
def test_a_map_needs_answers_that_differ(table):
    with pytest.raises(InputError, match="all answers are the same"):
        MCA().fit(table)


def test_a_map_has_as_many_axes_as_there_are():
    place = MCA(5).fit(np.array([[0.0, 1], [1, 1], [1, np.nan]]))
    assert place.inertias_.shape == (1,)
    assert place.transform(np.array([[0.0, 1], [np.nan, np.nan]])).shape == (2, 1)
    assert place.transform(np.array([[np.nan, np.nan]]))[0] == pytest.approx(0)


def test_a_study_of_too_many_is_refused_before_anything_is_allocated():
    many = pd.DataFrame({"a": np.arange(10_001.0) % 2}, map(str, range(10_001)))
    with pytest.raises(InputError, match="10,001 respondents are too many"):
        study(many, {"a": "binary"})


def test_a_study_says_what_is_too_little():
    few = pd.DataFrame({"a": np.arange(5.0)}, list("abcde"))
    with pytest.raises(InputError, match="5 respondents are too few"):
        study(few, {"a": "ratio"})
    same = pd.DataFrame({"a": [1.0] * 8, "b": [np.nan] * 8}, list("abcdefgh"))
    with pytest.raises(InputError, match="the same answers"):
        study(same, {"a": "binary", "b": "ratio"})


def test_a_study_leaves_out_columns_that_say_nothing_and_says_so():
    frame = pd.DataFrame(
        {"a": [0.0] * 4 + [1.0] * 4, "b": [1.0] * 8, "c": [np.nan] * 8}, list("abcdefgh")
    )
    found = study(frame, dict.fromkeys(frame, "binary"), n_bootstrap=10, n_null=19)
    assert found.params["left_out"] == ["b", "c"]
    assert found.labels.tolist() == [1] * 4 + [2] * 4
