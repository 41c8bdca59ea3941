"""What R and StepMix find in the national table, and other software on invented answers."""

import itertools

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import silhouette_score
from stepmix.stepmix import StepMix

from analysis.typology.dissimilarity import GowerDissimilarity, collapse, pattern_dissimilarity
from analysis.typology.hierarchy import MCA, HierarchicalTypology, cut
from analysis.typology.latent import LatentClassTypology
from analysis.typology.partition import KMedoidsTypology, k_medoids
from analysis.typology.stability import medoid_recluster, stability


def binary(frame):
    return dict.fromkeys(frame, "binary")


# R cluster 2.1.4, pam() on daisy(metric = "gower"): number of types, mean distance to the medoid,
# average silhouette
PAM = [(2, 0.249798, 0.3543), (3, 0.2182343, 0.2964), (4, 0.1913445, 0.2422)]


@pytest.mark.parametrize(("k", "objective", "silhouette"), PAM)
def test_medoids_are_not_worse_than_pam_of_r(national, k, objective, silhouette):
    found = KMedoidsTypology(k, kinds=binary(national)).fit(national)
    assert found.objective_ < objective + 1e-6
    assert found.silhouette_ > silhouette - 0.001
    apart = pdist(national, "hamming")
    nearest = squareform(apart)[:, found.medoid_indices_].min(axis=1)
    assert found.objective_ == pytest.approx(nearest.mean(), abs=1e-9)
    width = silhouette_score(squareform(apart), found.labels_, metric="precomputed")
    assert found.silhouette_ == pytest.approx(width, abs=1e-9)
    seen = collapse(national.to_numpy()).by_unit()  # as a study does
    between = pattern_dissimilarity(seen, list(national), binary(national), None)
    assert k_medoids(between, k, seen.weights).objective / len(national) < objective + 1e-6


# StepMix 3.0, best of 40 starts: number of classes, log-likelihood, BIC
LATENT = [
    (1, -10984.011, 22042.60),
    (2, -9945.404, 20047.42),
    (3, -9671.983, 19582.61),
    (4, -9490.939, 19302.55),
]


@pytest.mark.parametrize(("k", "log_likelihood", "bic"), LATENT)
def test_latent_classes_are_those_of_stepmix(national, k, log_likelihood, bic):
    found = LatentClassTypology(k, kinds=binary(national)).fit(national)
    assert found.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-3)
    assert found.bic_ == pytest.approx(bic, abs=0.01)
    if k == 4:
        assert found.weights_ == pytest.approx([0.368, 0.266, 0.194, 0.172], abs=1e-3)


def test_inertias_are_those_of_factominer(national):
    found = MCA(kinds=binary(national)).fit(national)
    expected = [0.306187, 0.154722, 0.120865, 0.091213, 0.080913]
    assert found.inertias_[:5] == pytest.approx(expected, abs=1e-5)
    spread = found.transform(national).var(axis=0)
    assert spread == pytest.approx(found.inertias_[:2], abs=1e-9)


def test_one_of_four_types_is_stable_and_the_rest_are_not(national):
    """R fpc 2.2-10 on PAM: .76 .47 .53 .51; ours starts from the better medoids."""
    kinds = binary(national)
    found = KMedoidsTypology(4, kinds=kinds).fit(national)
    patterns, first, back, counts = np.unique(
        national, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    distance = GowerDissimilarity(kinds).fit_transform(patterns)
    sure = stability(
        medoid_recluster(distance, 4), found.labels_[first], counts, unplaced=-1, n_bootstrap=20
    )
    jaccard = sure.types["jaccard_bootstrap"]
    assert (jaccard < 0.75).sum() >= 2
    assert jaccard.between(0.3, 0.95).all()
    assert sure.types["n"].sum() == len(national) == len(back)


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
        n_init=10,
        max_iter=5000,
        abs_tol=1e-10,
        rel_tol=1e-12,
        random_state=0,
        progress_bar=0,
    )
    model.fit(table)
    found = LatentClassTypology(k, kinds=["nominal"] * 5).fit(table)
    theirs = model.score(table) * len(table)
    assert found.log_likelihood_ > theirs - 1e-4
    assert found.log_likelihood_ == pytest.approx(theirs, rel=2e-3)  # theirs may be a lower peak
    assert np.sort(found.weights_) == pytest.approx(np.sort(model.weights_), abs=0.1)


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
            found = k_medoids(distance, k, weights, n_init=10)
            assert found.objective == pytest.approx(least, abs=1e-9)
            assert distance[:, found.medoids].min(axis=1) @ weights == pytest.approx(least)


@pytest.mark.parametrize("way", ["average", "complete"])
def test_trees_are_those_of_scipy(way):
    table = np.random.default_rng(0).normal(size=(40, 3))  # no two pairs are as far apart
    found = HierarchicalTypology(3, linkage=way).fit(table)
    heights = linkage(pdist(table / np.ptp(table, axis=0), "cityblock") / 3, way)[:, 2]
    assert found.tree_[:, 2] == pytest.approx(heights)


def test_ward_joins_units_on_the_map():
    table = np.nan_to_num(answers(40))
    kinds = ["nominal"] * 5
    found = HierarchicalTypology(3, linkage="ward", kinds=kinds, n_components=3).fit(table)
    place = MCA(3, kinds=kinds).fit(table).transform(table)
    tree = linkage(place, "ward")
    assert found.tree_[:, 2] == pytest.approx(tree[:, 2], abs=1e-8)
    same = found.labels_[:, None] == found.labels_
    theirs = cut(tree, 3)
    assert (same == (theirs[:, None] == theirs)).all()


# R FactoMineR 2.7, HCPC(MCA(ncp = axes), nb.clust = 4, consol = FALSE): sizes. Consolidated, HCPC's
# default, they are 295/349/459/630 for 5 axes, which is another typology
HCPC = [(5, [329, 377, 434, 593]), (10, [238, 295, 297, 903])]


@pytest.mark.parametrize(("axes", "sizes"), HCPC)
def test_ward_is_hcpc_without_consolidation(national, axes, sizes):
    tree = HierarchicalTypology(4, linkage="ward", kinds=binary(national), n_components=axes)
    assert sorted(np.bincount(tree.fit(national).labels_)) == sizes
