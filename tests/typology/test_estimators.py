"""The estimators keep scikit-learn's contract."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from analysis.typology.gower import GowerDissimilarity
from analysis.typology.hierarchy import LINKAGES, HierarchicalTypology
from analysis.typology.latent import LatentClassTypology
from analysis.typology.mca import MCA
from analysis.typology.medoids import KMedoidsTypology


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
