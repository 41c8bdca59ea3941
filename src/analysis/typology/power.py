"""What a survey of this size could have found: how often known types are recovered.

Without this, "no clear types" at n=15 cannot be read: there may be none, or too few respondents to
see them. The surveys are invented here from the simplest types there are.
"""

from __future__ import annotations

import kmedoids
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from analysis.errors import InputError
from analysis.typology.multiverse import adjusted_rand, members

RECOVERED = 0.8  # adjusted Rand index called good recovery (Steinley 2004)
SEPARATIONS = {"weak": 1.0, "moderate": 2.0, "strong": 3.0}
_WHEN = {
    "weak": {
        "ja": "差が小さい場合（類型内の標準偏差の1倍）",
        "en": "if they differ weakly (by one standard deviation within types)",
    },
    "moderate": {"ja": "中程度の場合（2倍）", "en": "if moderately (two)"},
    "strong": {"ja": "大きい場合（3倍）", "en": "if strongly (three)"},
}


def known_types(
    n: int,
    separation: float,
    *,
    n_types: int = 3,
    n_features: int = 6,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.Series]:
    """One invented survey and its true types 1..n_types, as even in size as n allows.

    Feature j is raised in type ``j % n_types`` by `separation` within-type standard deviations.
    ``separation=0`` has no types.

    Examples
    --------
    >>> frame, truth = known_types(9, 3.0, rng=np.random.default_rng(0))
    >>> frame.shape, truth.value_counts().tolist()
    ((9, 6), [3, 3, 3])
    """
    truth = rng.permutation(np.arange(n) % n_types)
    marked = truth[:, None] == np.arange(n_features)[None, :] % n_types
    values = separation * marked + rng.standard_normal((n, n_features))
    index = pd.Index([f"{i:06d}" for i in range(n)], name="code")
    columns = [f"x{j + 1}" for j in range(n_features)]
    return pd.DataFrame(values, index, columns), pd.Series(truth + 1, index)


def power(
    n: int,
    *,
    n_types: int = 3,
    n_features: int = 6,
    n_simulations: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """How well k-medoids on Gower dissimilarity finds known types when told their number.

    Returns
    -------
    One row per separation (``weak, moderate, strong``: 1, 2 and 3 within-type standard
    deviations): ``separation, ari`` (mean adjusted Rand index), ``recovered`` (share of simulated
    surveys with an index of at least 0.8), ``n, n_types, n_features, n_simulations``.

    Examples
    --------
    >>> table = power(15, n_simulations=20)
    >>> bool(table.loc["weak", "recovered"] < table.loc["strong", "recovered"])
    True
    """
    if n < 3 * n_types:
        raise InputError(
            f"{n} units cannot hold {n_types} types of three", hint="ask for fewer types"
        )
    rng = np.random.default_rng(seed)
    rows = {}
    for name, separation in SEPARATIONS.items():
        true, found = [], []
        for _ in range(n_simulations):
            frame, truth = known_types(
                n, separation, n_types=n_types, n_features=n_features, rng=rng
            )
            values = frame.to_numpy()
            scaled = values / np.ptp(values, axis=0)
            distance = squareform(pdist(scaled, "cityblock")) / n_features  # Gower's, of numbers
            true.append(truth.to_numpy())
            found.append(kmedoids.fasterpam(distance, n_types, init="build", n_cpu=1).labels)
        (a, mine), (b, other) = members(true), members(found)
        scores = np.diag(adjusted_rand(a.T @ b, mine, other))
        share = float(np.mean(scores >= RECOVERED))
        rows[name] = {"separation": separation, "ari": np.mean(scores), "recovered": share}
    sizes = {"n": n, "n_types": n_types, "n_features": n_features, "n_simulations": n_simulations}
    return pd.DataFrame(rows).T.assign(**sizes)


def statement(table: pd.DataFrame) -> dict[str, str]:
    """The power table as a sentence in both languages.

    Examples
    --------
    >>> print(statement(power(15, n_simulations=20))["en"][:70])
    With 15 respondents, 3 types measured by 6 indicators would be recover
    """
    first = table.iloc[0]
    n, k, p = (int(first[c]) for c in ("n", "n_types", "n_features"))
    shares = {str(name): f"{100 * share:.0f}" for name, share in table["recovered"].items()}
    ja = [f"{_WHEN[name]['ja']}{share}％" for name, share in shares.items()]
    en = [f"{share} % of cases {_WHEN[name]['en']}" for name, share in shares.items()]
    return {
        "ja": f"{n}団体・指標{p}個の調査で、本当に{k}つの類型があったとして、"
        f"それを正しく見分けられる割合は、類型どうしの{'、'.join(ja)}である。",
        "en": f"With {n} respondents, {k} types measured by {p} indicators would be recovered in "
        f"{', '.join(en)}.",
    }
