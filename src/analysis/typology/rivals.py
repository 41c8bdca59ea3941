"""Surveys invented to judge a typology by: some without types, some with types that are known.

The two p-values of a typology are how often surveys without types look as good as the survey.
Independent features are one kind. But a gradient cut into pieces gives stable "types", too, so the
other kind is a continuum: units spread smoothly over the same correlated features, drawn from a
copula with the survey's own margins (Hennig & Lin 2015; cf. Liu et al. 2008). Invented surveys go
through every step of the survey: drawn from the answers as given, they are adjusted, measured and
cut into each number of types. (Residuals are not shuffled: those of a yes/no item still depend on
the stratum or the level that was taken out.)

How often known types are recovered says what "no clear types" means at this number of respondents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import kmedoids
import numpy as np
import pandas as pd

from analysis.stats.thresholds import RECOVERED, SURELY_MORE
from analysis.typology.dissimilarity import Gower, feature_weights
from analysis.typology.gradient import gradient
from analysis.typology.multiverse import adjusted_rand, members
from analysis.typology.partition import medoids_for, separation
from analysis.typology.prepare import Fit

Keep = Literal["margins", "gradient", "correlations"]
Shape = Literal["even", "normal"]  # a skewed level looks less like types than these
SHAPES: tuple[Shape, ...] = get_args(Shape)
STEPS = (1.0, 1.0, 0.5, 0.33, 0.25, 0.2)  # of the calibration: smaller ones average noise out
ROWS = 1500  # rows drawn per step, in surveys of the original size, at least three
PULLS, PULL, NEAR = 12, 0.15, 0.97  # towards the main axis where the calibration falls short of it
APART = 1e3  # between strata in what is sorted; more than any latent value
DRAWN_UNITS = 400  # units compared; a larger survey is thinned, at random, to this many
FEW = 100  # units up to which looking for equal answers costs more than it saves
BATCH = 5  # surveys drawn before it is asked whether more could change the answer; fixed
UNIQUE = 0.02  # least share of a feature's variance that is not the gradient's


class Continuum:
    """Draw type-free surveys that look like those answers.

    Each feature keeps its values and its missing cells, with strata in each stratum. `keep` says
    what else is kept: nothing (``margins``: independent features), one ``gradient``, or all
    ``correlations``. Ties, rounding and skips weaken correlations, so the latent ones are tuned
    until drawn surveys show on average those of the survey (within strata). Nominal categories are
    ordered along the survey's first axis. `seed`: of the tuning; a draw takes its own generator.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=200)
    >>> frame = pd.DataFrame({"a": x, "b": x + rng.normal(size=200)})
    >>> fit = Fit(frame, dict.fromkeys(frame, "ratio"), {"a": "a", "b": "b"})
    >>> survey = Continuum(fit).sample(rng)
    >>> bool((np.sort(survey["a"]) == np.sort(frame["a"])).all())
    True
    >>> bool(abs(survey.corr().loc["a", "b"] - frame.corr().loc["a", "b"]) < 0.15)
    True
    """

    def __init__(self, fit: Fit, keep: Keep = "correlations", seed: int = 0) -> None:
        self.frame, strata = fit.frame, fit.strata
        table, self._codes = _in_order(fit, seed)
        block = np.zeros(len(table), int) if strata is None else pd.factorize(strata)[0]
        self._seen = ~np.isnan(table)
        self._place = np.where(self._seen, APART * block[:, None], np.inf)
        order = np.lexsort((table, self._place), axis=0)
        self._sorted = np.take_along_axis(table, order, axis=0)
        rest = table - pd.DataFrame(table).groupby(block).transform("mean").to_numpy()
        self._rest = np.take_along_axis(rest, order, axis=0)
        self._root = np.eye(table.shape[1])
        if keep != "margins":
            target = _correlations(rest, self._seen)
            if keep == "gradient":
                target = _one_gradient(target, feature_weights(self.frame, fit.groups))
            self._root = self._calibrate(target, np.random.default_rng(seed))

    def _calibrate(self, target: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        latent, draws = target.copy(), max(3, ROWS // max(len(self.frame), 1))

        def reached() -> np.ndarray:
            normal = rng.standard_normal((draws, *self.frame.shape)) @ _root(latent).T
            return _correlations(self._deal(self._rest, normal), self._seen).mean(axis=0)

        for step in STEPS:
            latent = np.clip(latent + step * (target - reached()), -0.999, 0.999)
            np.fill_diagonal(latent, 1.0)
        # with gaps in small strata no drawn survey may reach every correlation of the target: then
        # at least the main axis is made as strong as the survey's, or p would come out too small
        values, vectors = np.linalg.eigh(target)
        side, pulls = np.where(vectors[:, -1] < 0, -1.0, 1.0), 0
        while pulls < PULLS and np.linalg.eigvalsh(reached())[-1] < NEAR * values[-1]:
            latent += PULL * (np.outer(side, side) - latent)
            pulls += 1
        return _root(latent)

    def _deal(self, values: np.ndarray, latent: np.ndarray) -> np.ndarray:
        """The sorted `values` given out in the order of the latent ones, stratum by stratum."""
        order = (latent + self._place).argsort(axis=-2, kind="stable")
        table = np.empty_like(latent)
        np.put_along_axis(table, order, np.broadcast_to(values, latent.shape), axis=-2)
        return table

    def sample(self, rng: np.random.Generator, shape: Shape = "normal") -> pd.DataFrame:
        """One type-free survey; `shape` is the distribution of the units along the axes."""
        axes = rng.standard_normal(self.frame.shape)
        if shape == "even":
            axes = rng.uniform(-(3**0.5), 3**0.5, self.frame.shape)
        table = self._deal(self._sorted, axes @ self._root.T)
        for j, codes in self._codes.items():
            at = self._seen[:, j]
            table[at, j] = codes[table[at, j].astype(int)]
        return pd.DataFrame(table, index=self.frame.index, columns=self.frame.columns)


def _in_order(fit: Fit, seed: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The answers as numbers with an order, and the codes of each nominal column in that order."""
    table, codes = fit.frame.to_numpy(float, copy=True), {}
    nominal = [name for name in fit.frame if fit.kinds[name] == "nominal"]
    if nominal:
        level = gradient(fit.frame, fit.kinds, n_null=1, seed=seed).score
    for name in nominal:
        order = level.groupby(fit.frame[name]).mean().sort_values(kind="stable").index
        j, rank = fit.frame.columns.get_loc(name), pd.Series(np.arange(len(order)), order)
        codes[j], table[:, j] = np.asarray(order, dtype=float), fit.frame[name].map(rank)
    return table, codes


def _correlations(table: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Pearson correlations over pairwise complete rows; 0 where one does not vary.

    ``table`` may hold several surveys, (..., units, features), of the same missing cells.
    """
    x, known = np.where(there, table, 0.0), there.astype(float)
    turned, n = x.swapaxes(-1, -2), known.T @ known
    n = np.where(n >= 3, n, np.inf)
    total, square = turned @ known, (turned**2) @ known
    spread = np.sqrt(np.clip(square - total**2 / n, 0.0, None))
    cross = turned @ x - total * total.swapaxes(-1, -2) / n
    scale = spread * spread.swapaxes(-1, -2)
    matrix = np.divide(cross, scale, out=np.zeros_like(cross), where=(scale > 1e-12) & (n < np.inf))
    matrix[..., np.eye(len(n), dtype=bool)] = 1.0
    return matrix


def _one_gradient(target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The correlations that one common gradient leaves: principal axis factoring, one factor."""
    scale, rest, most = np.sqrt(weights), target.copy(), (1 - UNIQUE) ** 0.5
    loading = np.sqrt(np.abs(target - np.eye(len(target))).max(axis=1))
    for _ in range(100):
        np.fill_diagonal(rest, np.clip(loading**2, 0.0, 1 - UNIQUE))
        values, vectors = np.linalg.eigh(rest * np.outer(scale, scale))
        loading = vectors[:, -1] * np.sqrt(max(values[-1], 0.0)) / scale
    loading = np.clip(loading, -most, most)
    matrix = np.outer(loading, loading)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _root(matrix: np.ndarray) -> np.ndarray:
    """A square root of the nearest correlation matrix (eigenvalues clipped, diagonal restored)."""
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.clip(values, 1e-6, None))
    return root / np.linalg.norm(root, axis=1, keepdims=True)


@dataclass(frozen=True)
class NullTest:
    """The survey beside surveys without types.

    Attributes
    ----------
    p : how often such surveys look as good; of several shapes of the distribution along the axes
        the greatest. surveys : those drawn of the shape that gave it.
    gap : by number of types the average silhouette less its mean over those surveys.
    """

    p: float
    surveys: int
    gap: pd.Series


def null_tests(
    fit: Fit, counts: Sequence[int], *, more: Sequence[int] = (), n_null: int, seed: int = 0
) -> tuple[NullTest, NullTest]:
    """Compare the survey with invented ones that have no types.

    Those of the first comparison have nothing but the margins (within strata) or, where the
    gradient was taken out, nothing but one gradient; those of the second have the same
    correlations.

    The statistic is the greatest average silhouette of k-medoids over `counts` (of those that
    leave no unit alone, as the number of types is chosen), so that trying several numbers is
    corrected for. `more` numbers have only a gap: they were tried because of these answers. The
    p-value is ``(1 + as good) / (1 + surveys)``; drawing stops early once it is sure to end above
    `SURELY_MORE` (sequential Monte Carlo, Besag & Clifford 1991), which changes no decision.

    >>> frame, _ = known_types(30, 4.0, rng=np.random.default_rng(0))
    >>> fit = Fit(frame, dict.fromkeys(frame, "ratio"), {c: c for c in frame})
    >>> null, continuum = null_tests(fit, [2, 3, 4], n_null=19)
    >>> null.p, continuum.p, int(null.gap.idxmax())
    (0.05, 0.05, 3)
    """
    less: Keep = "gradient" if fit.basis == "gradient" else "margins"
    null = null_test(fit, counts, less, more=more, n_null=n_null, seed=seed)
    smooth = null_test(fit, counts, "correlations", n_null=n_null, seed=seed)
    return null, smooth


def null_test(
    fit: Fit,
    counts: Sequence[int],
    keep: Keep,
    *,
    more: Sequence[int] = (),
    n_null: int,
    surely_more: float = SURELY_MORE,
    seed: int,
) -> NullTest:
    """Compare the survey with surveys that `keep` something; of several shapes the greatest p.

    Once a shape has shown that p is above `surely_more`, the next is not tried.
    """
    frame = fit.frame[sorted(fit.frame)]  # so that the order of columns changes no draw
    thin = np.sort(np.random.default_rng(seed).permutation(len(frame))[:DRAWN_UNITS])
    strata = None if fit.strata is None else fit.strata.iloc[thin]
    fit = replace(fit, frame=frame.iloc[thin], strata=strata)
    source = Continuum(fit, keep, seed)
    own = _separation(fit, counts, more)
    worst = NullTest(0.0, 0, pd.Series(dtype=float))
    for j, shape in enumerate(SHAPES if keep != "margins" else SHAPES[:1]):
        statistics, hits = list[list[float]](), 0
        while len(statistics) < n_null and hits < surely_more * (n_null + 1):
            for _ in range(min(BATCH, n_null - len(statistics))):
                rng = np.random.default_rng([seed, len(keep), j, len(statistics)])
                without_types = replace(fit, frame=source.sample(rng, shape))
                statistics.append(_separation(without_types, counts, more))
            hits = sum(one[0] >= own[0] - 1e-12 for one in statistics)
        p = (1 + hits) / (1 + len(statistics))
        if p > worst.p:
            gap = np.subtract(own[1:], np.mean(statistics, axis=0)[1:])
            worst = NullTest(p, len(statistics), pd.Series(gap, index=[*counts, *more]))
        if p > surely_more:
            break
    return worst


def _separation(fit: Fit, counts: Sequence[int], more: Sequence[int]) -> list[float]:
    """The statistic, and the average silhouette for each number of types."""
    answers = fit.adjust()
    if answers.frame.empty:
        return [-1.0] * (1 + len(counts) + len(more))
    few = len(answers.frame) <= FEW
    measure = Gower.of(answers.frame, answers.kinds, answers.groups) if few else answers.measure()
    distance, units = measure.among(), measure.patterns.weights
    every = medoids_for(distance, [*counts, *more], units, n_init=1).values()
    widths, smallest = separation(distance, [medoids.labels for medoids in every], units)
    tried, whole = widths[: len(counts)], smallest[: len(counts)] > 1
    greatest = (tried[whole] if whole.any() else tried).max()
    return [float(greatest), *map(float, widths)]


# --- known types ----------------------------------------------------------------------------------

SIX_NUMBERS = ("ratio",) * 6  # kinds of the features where nothing else is asked for
SEPARATIONS = {"weak": 1.0, "moderate": 2.0, "strong": 3.0}


def known_types(
    n: int,
    separation: float,
    *,
    n_types: int = 3,
    kinds: Sequence[str] = SIX_NUMBERS,
    groups: Sequence[str] | None = None,
    yes: Sequence[float] | None = None,
    missing: float = 0.0,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.Series]:
    """One invented survey and its true types 1..n_types, as even in size as n allows.

    Feature j is raised in type ``j % n_types`` by `separation` within-type standard deviations; of
    `groups` of features, where there are as many as types, all of a group in the same type.
    `kinds`: of the features; yes/no and nominal ones are cut in two, ordinal ones into five steps.
    `yes`: share above the cut of each feature (default: it lies halfway between the types).
    `missing`: share of answers missing, at random.

    >>> frame, truth = known_types(9, 3.0, rng=np.random.default_rng(0))
    >>> frame.shape, truth.value_counts().tolist()
    ((9, 6), [3, 3, 3])
    """
    mark = np.arange(len(kinds))
    if groups is not None and len(set(groups)) >= n_types:
        mark = pd.factorize(np.array(groups))[0]
    truth = rng.permutation(np.arange(n) % n_types)
    raised = truth[:, None] == mark[None, :] % n_types
    values = separation * raised + rng.standard_normal((n, len(kinds)))
    for j, kind in enumerate(kinds):
        if kind == "ordinal":
            values[:, j] = np.searchsorted(separation * np.arange(0.2, 0.9, 0.2), values[:, j])
        elif kind != "ratio":
            cut = separation / 2 if yes is None else np.quantile(values[:, j], 1 - yes[j])
            values[:, j] = values[:, j] > cut
    values[rng.random(values.shape) < missing] = np.nan
    index = pd.Index([f"{i:06d}" for i in range(n)], name="code")
    columns = [f"x{j + 1}" for j in range(len(kinds))]
    return pd.DataFrame(values, index, columns), pd.Series(truth + 1, index)


def power(
    n: int,
    *,
    n_types: int = 3,
    kinds: Sequence[str] = SIX_NUMBERS,
    groups: Sequence[str] | None = None,
    n_simulations: int = 100,
    seed: int = 0,
    **features: Any,
) -> pd.DataFrame:
    """How well k-medoids on Gower dissimilarity recovers known types when their number is given.

    kinds, groups, features : of `known_types`.

    Returns
    -------
    A row per separation (``weak, moderate, strong``: 1, 2 and 3 within-type standard deviations):
    ``separation, ari`` (mean adjusted Rand index), ``recovered`` (share of simulated surveys with
    an index of at least 0.8).

    >>> table = power(15, n_simulations=20)
    >>> bool(table.loc["weak", "recovered"] < table.loc["strong", "recovered"])
    True
    """
    rng, rows = np.random.default_rng(seed), {}
    features |= {"n_types": n_types, "kinds": kinds, "groups": groups, "rng": rng}
    for name, apart in SEPARATIONS.items():
        scores = []
        for _ in range(n_simulations):
            frame, truth = known_types(n, apart, **features)
            owner = None if groups is None else dict(zip(frame, groups, strict=True))
            distance = Gower.of(frame, dict(zip(frame, kinds, strict=True)), owner).among()
            labels = kmedoids.fasterpam(distance, n_types, init="build", n_cpu=1).labels
            scores.append(adjusted_rand([members(truth.to_numpy())], [members(labels)])[0, 0])
        share = float(np.mean(np.array(scores) >= RECOVERED))
        rows[name] = {"separation": apart, "ari": np.mean(scores), "recovered": share}
    return pd.DataFrame(rows).T
