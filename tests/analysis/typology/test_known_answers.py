"""What R and StepMix find in the national table, and other software on invented answers."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score
from stepmix.stepmix import StepMix

from analysis.typology.choice import bic_of_classes
from analysis.typology.dissimilarity import Gower, collapse
from analysis.typology.gradient import map_axes
from analysis.typology.multiverse import Setting, universes
from analysis.typology.partition import medoids_for, silhouette_widths, stability


def binary(frame):
    return dict.fromkeys(frame, "binary")


@pytest.fixture(scope="module")
def measured(national):
    """The national table as a study sees it: answer patterns and their dissimilarity."""
    seen = collapse(national.to_numpy()).by_unit()
    return seen, Gower(seen, list(national), binary(national)).among()


# R cluster 2.1.4, pam() on daisy(metric = "gower"): number of types, mean distance to the medoid,
# average silhouette
PAM = [(2, 0.249798, 0.3543), (3, 0.2182343, 0.2964), (4, 0.1913445, 0.2422)]


@pytest.mark.parametrize(("k", "objective", "silhouette"), PAM)
def test_medoids_are_not_worse_than_pam_of_r(national, measured, k, objective, silhouette):
    seen, distance = measured
    found = medoids_for(distance, [k], seen.weights, n_init=10)[k]
    mean = distance[:, found.medoids].min(axis=1) @ seen.weights / len(national)
    width = silhouette_widths(distance, found.labels, seen.weights) @ seen.weights / len(national)
    assert mean < objective + 1e-6
    assert width > silhouette - 0.001
    apart = squareform(pdist(national, "hamming"))
    nearest = apart[:, seen.first[found.medoids]].min(axis=1)
    assert mean == pytest.approx(nearest.mean(), abs=1e-9)
    by_unit = found.labels[seen.back]
    assert width == pytest.approx(silhouette_score(apart, by_unit, metric="precomputed"), abs=1e-9)
    few = medoids_for(distance, [k], seen.weights)[k]  # as many starts as a study makes
    few_mean = distance[:, few.medoids].min(axis=1) @ seen.weights / len(national)
    assert few_mean < objective + 1e-6


# StepMix 3.0, best of 40 starts: number of classes, log-likelihood, BIC
LATENT = [
    (1, -10984.011, 22042.60),
    (2, -9945.404, 20047.42),
    (3, -9671.983, 19582.61),
    (4, -9490.939, 19302.55),
]


@pytest.mark.parametrize(("k", "log_likelihood", "bic"), LATENT)
def test_latent_classes_are_those_of_stepmix(national, k, log_likelihood, bic):
    found = bic_of_classes(national, binary(national), k, tol=1e-10)
    free = k - 1 + k * national.shape[1]
    assert found == pytest.approx(free * np.log(len(national)) - 2 * log_likelihood, abs=2e-3)
    assert found == pytest.approx(bic, abs=0.01)


def test_inertias_of_the_map_are_those_of_factominer(national):
    """Multiple correspondence analysis of yes/no items: all inertia together is 1."""
    found = map_axes(national, binary(national), {})
    assert found.inertia == pytest.approx((0.306187, 0.154722), abs=1e-5)


def test_ward_is_hcpc_without_consolidation(national):
    """R FactoMineR 2.7, HCPC(MCA(ncp = 10), nb.clust = 4, consol = FALSE): sizes.

    Consolidated, HCPC's default, they are others, which is another typology.
    """
    setting = Setting("all", "none missing", ["standardised Euclidean"])
    rows, labels = universes(national, binary(national), None, setting)
    types = next(one for row, one in zip(rows, labels, strict=True) if row[3:5] == ("Ward", 4))
    assert sorted(np.bincount(types)) == [238, 295, 297, 903]


def test_one_of_four_types_is_stable_and_the_rest_are_not(national, measured):
    """R fpc 2.2-10 on PAM: .76 .47 .53 .51; ours starts from the better medoids."""
    seen, distance = measured
    types = medoids_for(distance, [4], seen.weights, n_init=10)[4].labels
    sure = stability(distance, 4, types + 1, seen.weights, n_bootstrap=20)
    jaccard = sure.types["jaccard_bootstrap"]
    assert (jaccard < 0.75).sum() >= 2
    assert jaccard.between(0.3, 0.95).all()
    assert sure.types["n"].sum() == len(national)


def answers(n=120, seed=0):
    """Answers of two kinds of unit to five questions, one in ten missing."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    yes = rng.random((n, 5)) < np.where(kind[:, None] == 1, 0.85, 0.2)
    table = yes + rng.integers(0, 2, (n, 5)) * (np.arange(5) > 2)
    return np.where(rng.random((n, 5)) < 0.1, np.nan, table.astype(float))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_latent_classes_with_missing_answers_are_those_of_stepmix(k):
    table = answers()
    model = StepMix(
        n_components=k,
        measurement="categorical_nan",
        n_init=4,
        max_iter=2000,
        abs_tol=1e-9,
        rel_tol=1e-11,
        random_state=0,
        progress_bar=0,
    )
    model.fit(table)
    frame = pd.DataFrame(table, columns=list("abcde"))
    free = (k - 1 + k * (frame.nunique() - 1).sum()) * np.log(len(table))
    bic = bic_of_classes(frame, dict.fromkeys(frame, "nominal"), k, tol=1e-10)
    ours, theirs = (free - bic) / 2, model.score(table) * len(table)  # log-likelihoods
    assert ours > theirs - 1e-4
    assert ours == pytest.approx(theirs, rel=2e-3)  # theirs may be a lower peak


def test_the_least_sum_of_all_choices_of_medoids_is_found():
    rng = np.random.default_rng(1)
    for k in (2, 3):
        for _ in range(15):
            place = rng.integers(0, 9, (9, 2)).astype(float)
            distance, weights = squareform(pdist(place)), rng.integers(1, 4, 9).astype(float)
            least = min(
                (distance[:, list(chosen)].min(axis=1) @ weights)
                for chosen in itertools.combinations(range(9), k)
            )
            found = medoids_for(distance, [k], weights, n_init=10)[k]
            assert distance[:, found.medoids].min(axis=1) @ weights == pytest.approx(least)
