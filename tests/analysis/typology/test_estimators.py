"""The estimators keep scikit-learn's contract."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from analysis.typology.dissimilarity import GowerDissimilarity
from analysis.typology.hierarchy import LINKAGES, MCA, HierarchicalTypology
from analysis.typology.latent import LatentClassTypology
from analysis.typology.partition import KMedoidsTypology


@parametrize_with_checks(
    [
        GowerDissimilarity(),
        KMedoidsTypology(n_init=2),
        LatentClassTypology(n_init=2),
        MCA(),
        *(HierarchicalTypology(linkage=way) for way in LINKAGES),
    ]
)
def test_scikit_learn_estimator(estimator, check):
    check(estimator)
