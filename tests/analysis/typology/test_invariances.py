"""What must not matter does not: order, names of codes, duplicates for weights, processes."""

import contextlib
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analysis.typology.choice import bic_of_classes
from analysis.typology.dissimilarity import Gower, collapse
from analysis.typology.partition import k_medoids
from analysis.typology.study import study

KINDS = ("nominal", "binary", "asymmetric", "ordinal", "ratio")


@st.composite
def surveys(draw, kinds=KINDS, least=1):
    """A small survey with missing answers: table, kind and group of each column."""
    shape = draw(st.tuples(st.integers(least, 9), st.integers(1, 4)))
    kind = draw(st.lists(st.sampled_from(kinds), min_size=shape[1], max_size=shape[1]))
    answer = st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan])
    table = draw(arrays.arrays(float, shape, elements=answer))
    two = np.isin(kind, ("binary", "asymmetric"))
    table[:, two] = np.where(np.isnan(table[:, two]), np.nan, table[:, two] % 2)
    group = draw(st.lists(st.sampled_from("abc"), min_size=shape[1], max_size=shape[1]))
    return table, kind, group


def gower(table, kinds, groups):
    frame = pd.DataFrame(table, columns=[f"q{j}" for j in range(table.shape[1])])
    by_name = (dict(zip(frame, given, strict=True)) for given in (kinds, groups))
    return Gower.of(frame, *by_name).among()


@given(surveys(), st.randoms(use_true_random=False))
def test_the_dissimilarity_knows_no_order(survey, random):
    table, kinds, groups = survey
    rows = random.sample(range(len(table)), len(table))
    columns = random.sample(range(table.shape[1]), table.shape[1])
    found = gower(table, kinds, groups)
    turned = gower(
        table[np.ix_(rows, columns)], [kinds[c] for c in columns], [groups[c] for c in columns]
    )
    assert turned == pytest.approx(found[np.ix_(rows, rows)], abs=1e-9)
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


@given(surveys(kinds=["nominal"]), st.permutations([0.0, 1.0, 2.0, 3.0]))
def test_codes_of_options_are_only_names(survey, codes):
    table, kinds, groups = survey
    other = np.where(
        np.isnan(table), np.nan, np.array([*codes, 0])[np.nan_to_num(table).astype(int)]
    )
    found = gower(table, kinds, groups)
    assert gower(other, kinds, groups) == pytest.approx(found, abs=1e-9)


@given(surveys(["nominal", "binary", "ordinal", "ratio"]), st.randoms(use_true_random=False))
def test_a_municipality_twice_is_a_weight_of_two(survey, random):
    table, kinds, groups = survey
    table[np.isnan(table).all(axis=1)] = 0.0  # who answered nothing is in no fit
    several = np.repeat(table, [random.randint(1, 3) for _ in table], axis=0)
    names, seen = [f"q{j}" for j in range(table.shape[1])], collapse(several)
    by_name = (dict(zip(names, given, strict=True)) for given in (kinds, groups))
    distance = Gower(seen, names, *by_name).among()
    found = k_medoids(distance, 2, seen.weights)
    apart = gower(several, kinds, groups)[:, seen.first[found.medoids]]
    total = distance[:, found.medoids].min(axis=1) @ seen.weights
    assert apart.min(axis=1).sum() == pytest.approx(total, abs=1e-9)


def mixed(n=24):
    """Three kinds of unit: a nominal, two binary and a ratio question, one in twenty missing."""
    rng = np.random.default_rng(3)
    kind = np.arange(n) % 3
    frame = pd.DataFrame(
        {
            "form": np.where(rng.random(n) < 0.85, kind, rng.integers(0, 3, n)) + 1.0,
            "ai": (rng.random(n) < np.array([0.9, 0.2, 0.5])[kind]).astype(float),
            "cio": (rng.random(n) < np.array([0.1, 0.9, 0.5])[kind]).astype(float),
            "staff": (rng.normal(size=n) + 4 * kind).round(1),
        },
        [f"{i:03d}" for i in range(n)],
    )
    kinds = {"form": "nominal", "ai": "binary", "cio": "binary", "staff": "ratio"}
    return frame.mask(rng.random(frame.shape) < 0.05), kinds


@pytest.fixture(scope="module")
def ours():
    """The study that is compared with those of the same survey written otherwise."""
    return study(*mixed(), n_bootstrap=20, n_null=19)


def test_codes_of_options_change_no_study_and_no_class(ours):
    frame, kinds = mixed()
    other = frame.assign(form=frame["form"].map({1.0: 7.0, 2.0: 5.0, 3.0: 6.0}))
    theirs = study(other, kinds, n_bootstrap=20, n_null=19)
    assert theirs.labels.equals(ours.labels)
    assert theirs.evidence.null_p == ours.evidence.null_p
    pd.testing.assert_frame_equal(theirs.stability, ours.stability)
    one, same = (bic_of_classes(f, kinds, 3) for f in (frame, other))
    assert one == pytest.approx(same, abs=2e-4)


def test_the_order_of_rows_and_columns_changes_no_number_of_a_study(ours):
    frame, kinds = mixed()
    turned = frame.iloc[::-1, [2, 0, 3, 1]]
    theirs = study(turned, kinds, n_bootstrap=20, n_null=19)
    assert theirs.labels.loc[frame.index].equals(ours.labels)
    assert theirs.verdict.text == ours.verdict.text
    pd.testing.assert_frame_equal(theirs.choice, ours.choice)
    pd.testing.assert_frame_equal(theirs.membership.loc[frame.index], ours.membership)
    assert (theirs.evidence.null_p, theirs.evidence.continuum_p) == (
        ours.evidence.null_p,
        ours.evidence.continuum_p,
    )
    assert theirs.evidence.gradient_share == pytest.approx(ours.evidence.gradient_share)


ANOTHER_PROCESS = """
import numpy as np, pandas as pd
from analysis.typology.study import study
rng = np.random.default_rng(0)
level = rng.standard_normal((150, 1))
yes = (level + rng.logistic(size=(150, 8)) > np.linspace(-2, 2, 8)).astype(float)
frame = pd.DataFrame(yes, [f"{i:03d}" for i in range(150)], [f"q{j}" for j in range(8)])
kinds = dict.fromkeys(frame, "binary")
found = study(frame, kinds, n_bootstrap=20, n_null=9, seed=5)
print(found.labels.tolist(), found.stability.to_dict(), found.choice.to_dict())
print(found.evidence)
print(found.verdict.text, found.membership.to_numpy().sum(axis=0).tolist())
print(found.coassignment.to_numpy().sum(axis=0).tolist())
"""


# every run compares figures between processes, and a notebook between kernels
@pytest.mark.slow
def test_the_same_seed_gives_the_same_result_in_any_process_and_thread_count():
    here = io.StringIO()
    with contextlib.redirect_stdout(here):
        exec(ANOTHER_PROCESS, {})
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    env = os.environ | dict.fromkeys(names, "2") | {"PYTHONHASHSEED": "2"}
    command = [sys.executable, "-c", ANOTHER_PROCESS]
    there = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert here.getvalue() == there
