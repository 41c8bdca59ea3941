"""Latent classes by EM, and the categories that they and trees are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state

from analysis.errors import InputError
from analysis.typology.dissimilarity import KINDS, Kinds, OnPatterns, by_column, collapse, too_few


@dataclass(frozen=True)
class Coding:
    """The categories of each column: its values, or for numbers the cuts between thirds.

    Attributes
    ----------
    values : per column its codes in order (None: a number).
    cuts : per column the inner borders of its classes (None: categories).
    """

    values: list[np.ndarray | None]
    cuts: list[np.ndarray | None]

    @property
    def sizes(self) -> list[int]:
        """Number of categories of each column."""
        return [
            (0 if cut is None else len(cut) + 1) if values is None else len(values)
            for values, cut in zip(self.values, self.cuts, strict=True)
        ]

    def codes(self, rows: np.ndarray) -> np.ndarray:
        """Category of each answer from 0; -1 for a missing one or one not seen in fitting."""
        found = np.full(rows.shape, -1)
        for j, (values, cuts) in enumerate(zip(self.values, self.cuts, strict=True)):
            known = ~np.isnan(rows[:, j])
            if cuts is not None:
                found[known, j] = np.searchsorted(cuts, rows[known, j], side="right")
            elif values is not None and len(values):
                at = np.minimum(np.searchsorted(values, rows[:, j]), len(values) - 1)
                same = values[at] == rows[:, j]
                found[same, j] = at[same]
        return found

    def indicators(self, rows: np.ndarray) -> np.ndarray:
        """One 0/1 column per category, all categories of a column in turn; missing: all 0."""
        codes = self.codes(rows)
        parts = [codes[:, [j]] == np.arange(size) for j, size in enumerate(self.sizes)]
        return np.hstack(parts).astype(float)


def coding(
    rows: np.ndarray,
    weights: np.ndarray,
    names: list[str],
    kinds: Mapping[str, str] | Sequence[str] | None,
) -> Coding:
    """Learn the categories. Numbers (kind ``ratio`` with over two values) are cut into thirds.

    Examples
    --------
    >>> rows = np.array([[1.0, 10], [0, 20], [1, 30], [np.nan, 40]])
    >>> found = coding(rows, np.ones(4), ["ai", "staff"], {"ai": "binary"})
    >>> found.codes(rows).tolist()
    [[1, 0], [0, 0], [1, 1], [-1, 2]]
    """
    values: list[np.ndarray | None] = []
    cuts: list[np.ndarray | None] = []
    for column, kind in zip(rows.T, by_column(kinds, names, "ratio"), strict=True):
        if kind not in KINDS:
            raise InputError(f"there is no kind {kind!r}", hint=", ".join(KINDS))
        known = ~np.isnan(column)
        seen, at = np.unique(column[known], return_inverse=True)
        if kind != "ratio" or len(seen) <= 2:
            values.append(seen)
            cuts.append(None)
            continue
        share = np.cumsum(np.bincount(at, weights[known])) / weights[known].sum()
        upper = [int(np.searchsorted(share, part - 1e-9)) for part in (1 / 3, 2 / 3)]
        inner = sorted({float(seen[i + 1]) for i in upper if i + 1 < len(seen)})
        values.append(None)
        cuts.append(np.array(inner))
    return Coding(values, cuts)


SMALLEST = 1e-12  # share of a category within a class, so that no logarithm is infinite
SHORT = 20  # rounds after which only the best quarter of the starts goes on
CELLS = 20_000_000  # posteriors held at once (classes x starts x patterns), 160 MB
SAME = 1e-9  # mean log-likelihoods closer than this are one peak: the first start found it


@dataclass(frozen=True)
class Mixture:
    """Classes: ``weights`` (classes), ``shares`` (classes x categories), their likelihood.

    ``posterior`` is classes x patterns; ``log_likelihood`` the sum over all units; ``n_iter`` the
    rounds (three EM steps each) of the best start.
    """

    weights: np.ndarray
    shares: np.ndarray
    posterior: np.ndarray
    log_likelihood: float
    n_iter: int


@dataclass(frozen=True)
class Items:
    """Categorical answers of patterns.

    Attributes
    ----------
    indicators : patterns x categories, 0/1, all 0 for the categories of a missing answer.
    sizes : number of categories of each item, in the order of the columns.
    counts : units of each pattern.
    """

    indicators: np.ndarray
    sizes: list[int]
    counts: np.ndarray

    def sums(self, shares: np.ndarray) -> np.ndarray:
        """Sum over the categories of each item, at each category."""
        item = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return shares @ (item[:, None] == item[None, :]).astype(float)

    def maximise(self, posterior: np.ndarray) -> np.ndarray:
        """Parameters (classes x starts x 1 + categories): weight of a class, its shares."""
        weighed = posterior * self.counts
        found = weighed @ self.indicators
        shares = np.maximum(found / np.maximum(self.sums(found), 1e-300), SMALLEST)
        return np.concatenate([weighed.sum(axis=2)[:, :, None] / self.counts.sum(), shares], axis=2)

    def expect(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posteriors (classes x starts x patterns) and the log-likelihood of each start."""
        logs = np.log(np.maximum(parameters, 1e-300))
        joint = logs[:, :, 1:] @ self.indicators.T
        joint += logs[:, :, :1]
        most = joint.max(axis=0)
        np.exp(joint - most, out=joint)
        total = joint.sum(axis=0)
        joint /= total
        return joint, (np.log(total) + most) @ self.counts

    def beyond(self, first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
        """Parameters where three steps in a row point to (SQUAREM, Varadhan & Roland 2008)."""
        step, bend = second - first, third - 2 * second + first
        size = np.sqrt((step**2).sum(axis=(0, 2)) / np.maximum((bend**2).sum(axis=(0, 2)), 1e-300))
        size = np.maximum(size, 1.0)[:, None]
        ahead = np.maximum(first + 2 * size * step + size**2 * bend, SMALLEST)
        ahead[:, :, :1] /= ahead[:, :, :1].sum(axis=0)
        ahead[:, :, 1:] /= self.sums(ahead[:, :, 1:])
        return ahead


def mixture(
    items: Items, start: np.ndarray, *, max_iter: int = 1000, tol: float = 1e-10
) -> Mixture:
    """The likeliest classes of conditionally independent answers, by EM from several starts.

    Missing answers drop out of the likelihood of their unit (missing at random). All starts run
    together; after `SHORT` rounds the best quarter goes on to the end, as Biernacki, Celeux &
    Govaert (2003) advise. A round is two EM steps, a leap in their direction that is taken back
    where it does not help, and a third step, so that the likelihood never falls.

    Parameters
    ----------
    start : first posteriors, classes x starts x patterns.
    tol : a start ends when a round raises the mean log-likelihood of a unit by less.
    """
    best, its_start = Mixture(np.empty(0), np.empty(0), np.empty(0), -np.inf, 0), -1
    parameters, units = items.maximise(start), items.counts.sum()
    before, number = np.full(start.shape[1], -np.inf), np.arange(start.shape[1])
    for step in range(1, max_iter + 1):
        second = items.maximise(items.expect(parameters)[0])
        posterior, plain = items.expect(second)
        third = items.maximise(posterior)
        ahead = items.beyond(parameters, second, third)
        posterior, likelihood = items.expect(ahead)
        worse = ~(likelihood >= plain)
        if worse.any():
            posterior[:, worse], likelihood[worse] = items.expect(third[:, worse])
            ahead[:, worse] = third[:, worse]
        done = (likelihood - before <= tol * units) | (step == max_iter)
        for s in np.flatnonzero(done):
            lead = (likelihood[s] - best.log_likelihood) / units
            if lead > SAME or (lead > -SAME and number[s] < its_start):
                weights, shares = ahead[:, s, 0], ahead[:, s, 1:]
                best = Mixture(weights, shares, posterior[:, s], float(likelihood[s]), step)
                its_start = number[s]
        if step == SHORT:
            ranked = np.argsort(-(likelihood / units).round(8), kind="stable")
            done[ranked[-(-start.shape[1] // 4) :]] = True
        if done.all():
            break
        parameters, before = items.maximise(posterior[:, ~done]), likelihood[~done]
        number = number[~done]
    return best


class LatentClassTypology(OnPatterns, ClusterMixin, BaseEstimator):
    """Types as latent classes of categorical answers, missing ones allowed.

    Cost grows with the number of different answer patterns, not of units. Features of kind
    ``ratio`` with more than two values are cut into thirds; all others are taken as categories.

    Parameters
    ----------
    n_types : number of classes.
    kinds : feature -> kind, or kinds in column order; as in `GowerDissimilarity`.
    n_init : random starts. max_iter, tol : end of a start, see `mixture`.
    random_state : seed of the starts.

    Attributes
    ----------
    labels_ : likeliest class of each unit, 0..n_types-1, largest class first (-1: weight 0).
    weights_ : share of each class. shares_ : n_types x categories, share of each answer; the
        categories of the features in turn.
    log_likelihood_ : of all units. bic_, n_parameters_ : Schwarz (1978), lower is better.
    n_iter_ : iterations of the best start.

    Raises
    ------
    InputError : fewer different answer patterns than classes.

    Examples
    --------
    >>> X = np.repeat([[1.0, 1, 1, 0], [0.0, 0, 0, 1]], [5, 15], axis=0)
    >>> found = LatentClassTypology(2).fit(X)
    >>> found.weights_.round(2).tolist(), found.shares_[:, 1].round(2).tolist()
    ([0.75, 0.25], [0.0, 1.0])
    """

    def __init__(
        self,
        n_types: int = 2,
        *,
        kinds: Kinds = None,
        n_init: int = 20,
        max_iter: int = 1000,
        tol: float = 1e-10,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.n_types = n_types
        self.kinds = kinds
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | np.ndarray,
        y: object = None,
        sample_weight: np.ndarray | None = None,
    ) -> LatentClassTypology:
        """Find the classes of X (units x features)."""
        seen, names = self._collapsed(X, sample_weight)
        learnt = coding(seen.rows, seen.weights, names, self.kinds)
        answers = collapse(learnt.codes(seen.rows).astype(float), seen.weights, names)
        if refusal := too_few(self.n_types, answers):
            raise refusal
        indicators = np.zeros((len(answers.rows), sum(learnt.sizes)))
        indicators[answers.back] = learnt.indicators(seen.rows)
        items = Items(indicators, learnt.sizes, answers.weights)
        best = self._likeliest(items)
        order = np.argsort(-best.weights.round(9), kind="stable")
        self.weights_, self.shares_ = best.weights[order], best.shares[order]
        found = best.posterior[order].round(9).argmax(axis=0)
        self.labels_ = np.append(found[answers.back], -1)[seen.back]
        self.log_likelihood_, self.n_iter_ = best.log_likelihood, best.n_iter
        free = sum(max(size - 1, 0) for size in learnt.sizes)
        self.n_parameters_ = self.n_types - 1 + self.n_types * free
        units = seen.weights.sum()
        self.bic_ = self.n_parameters_ * float(np.log(units)) - 2 * self.log_likelihood_
        return self

    def _likeliest(self, items: Items) -> Mixture:
        """The best of all starts; so many run together as memory allows."""
        random, patterns = check_random_state(self.random_state), len(items.indicators)
        starts = self.n_init if self.n_types > 1 else 1
        batch = max(1, CELLS // (self.n_types * patterns))
        found = []
        for at in range(0, starts, batch):
            start = _starts(patterns, self.n_types, min(batch, starts - at), random)
            found.append(mixture(items, start, max_iter=self.max_iter, tol=self.tol))
        return max(found, key=lambda mixture: mixture.log_likelihood)


def _starts(patterns: int, k: int, starts: int, random: np.random.RandomState) -> np.ndarray:
    """Random first posteriors, classes x starts x patterns; with one class all are 1."""
    drawn = random.dirichlet(np.ones(k), (starts, patterns))
    return np.ascontiguousarray(drawn.transpose(2, 0, 1))
