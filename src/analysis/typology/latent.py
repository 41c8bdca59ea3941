"""Latent classes by EM: how many the answers would need, by BIC.

A second opinion on the number of types, from a model of the answers instead of distances, and the
only criterion that can say "one": no types. Nobody is put into a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.typology.dissimilarity import collapse

STARTS = 20  # random ones; the likeliest classes of all count
SHORT = 20  # rounds after which only the best quarter of the starts goes on
ROUNDS = 1000  # after which a start ends in any case
LEAST = 1e-12  # share of a category within a class, so that no logarithm is infinite
SAME = 1e-9  # mean log-likelihoods closer than this are one peak: the first start found it


@dataclass(frozen=True)
class Classes:
    """Their ``log_likelihood`` (all units), ``n_parameters`` and the number of units, ``n``."""

    log_likelihood: float
    n_parameters: int
    n: int

    @property
    def bic(self) -> float:
        """Schwarz (1978); lower is better."""
        return self.n_parameters * float(np.log(self.n)) - 2 * self.log_likelihood


def latent_classes(
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    k: int,
    *,
    tol: float = 1e-7,
    seed: int = 0,
) -> Classes | None:
    """The likeliest k classes of conditionally independent answers; None if there are too few.

    Missing answers drop out of the likelihood of their unit (missing at random). All starts run
    together; after `SHORT` rounds the best quarter goes on to the end (Biernacki, Celeux & Govaert
    2003). A round is two EM steps, a leap in their direction that is taken back where it does not
    help, and a third step, so that the likelihood never falls.

    Parameters
    ----------
    frame : units x features, NaN where missing.
    kinds : kind of each feature; one of kind ``ratio`` with more than two values is cut into
        thirds, all others are taken as categories.
    tol : a start ends when a round raises the mean log-likelihood of a unit by less.

    Examples
    --------
    >>> frame = pd.DataFrame(np.repeat([[1.0, 1, 1, 0], [0.0, 0, 0, 1]], [5, 15], axis=0))
    >>> kinds = dict.fromkeys(frame, "binary")
    >>> one, two = (latent_classes(frame, kinds, k) for k in (1, 2))
    >>> two.n_parameters, two.bic < one.bic
    (9, True)
    >>> latent_classes(frame, kinds, 3) is None
    True
    """
    coded = [_categories(frame[name].to_numpy(float), kinds[name]) for name in frame]
    answers = collapse(np.column_stack([codes for codes, _ in coded]), list(map(str, frame)))
    if k > len(answers.rows):
        return None
    sizes = [size for _, size in coded]
    items = _Items(
        np.hstack([answers.rows[:, [j]] == np.arange(size) for j, size in enumerate(sizes)]) * 1.0,
        np.repeat(np.arange(len(sizes)), sizes),
        answers.weights,
    )
    likelihood = _likeliest(items, k, tol, seed)
    free = k - 1 + k * sum(max(size - 1, 0) for size in sizes)
    return Classes(likelihood, free, len(frame))


def _categories(column: np.ndarray, kind: str) -> tuple[np.ndarray, int]:
    """The category of each answer from 0 (missing: -1), and how many there are."""
    known = ~np.isnan(column)
    values, at = np.unique(column[known], return_inverse=True)
    if kind == "ratio" and len(values) > 2:
        share = np.cumsum(np.bincount(at)) / known.sum()
        ends = np.searchsorted(share, np.array([1 / 3, 2 / 3]) - 1e-9)
        values = np.unique(values[ends[ends + 1 < len(values)] + 1])  # first of the upper classes
        at = np.searchsorted(values, column[known], side="right")
        values = np.append(values, np.inf)
    codes = np.full(len(column), -1.0)
    codes[known] = at
    return codes, len(values)


@dataclass(frozen=True)
class _Items:
    """Answers of patterns, and the steps of EM on them."""

    indicators: np.ndarray  # patterns x categories, 0/1, all 0 where the answer is missing
    owner: np.ndarray  # item of each category
    counts: np.ndarray  # units of each pattern

    def _sums(self, shares: np.ndarray) -> np.ndarray:
        """Sum over the categories of each item, at each category."""
        return shares @ (self.owner[:, None] == self.owner).astype(float)

    def maximise(self, posterior: np.ndarray) -> np.ndarray:
        """Parameters (classes x starts x 1 + categories): weight of a class, its shares."""
        weighed = posterior * self.counts
        seen = weighed @ self.indicators
        shares = np.maximum(seen / np.maximum(self._sums(seen), 1e-300), LEAST)
        return np.concatenate([weighed.sum(axis=2)[:, :, None] / self.counts.sum(), shares], axis=2)

    def expect(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posteriors (classes x starts x patterns) and the log-likelihood of each start."""
        logs = np.log(np.maximum(parameters, 1e-300))
        joint = logs[:, :, 1:] @ self.indicators.T + logs[:, :, :1]
        most = joint.max(axis=0)
        np.exp(joint - most, out=joint)
        total = joint.sum(axis=0)
        return joint / total, (np.log(total) + most) @ self.counts

    def beyond(self, first: np.ndarray, second: np.ndarray, third: np.ndarray) -> np.ndarray:
        """Parameters where three steps in a row point to (SQUAREM, Varadhan & Roland 2008)."""
        step, bend = second - first, third - 2 * second + first
        size = np.sqrt((step**2).sum(axis=(0, 2)) / np.maximum((bend**2).sum(axis=(0, 2)), 1e-300))
        size = np.maximum(size, 1.0)[:, None]
        ahead = np.maximum(first + 2 * size * step + size**2 * bend, LEAST)
        ahead[:, :, :1] /= ahead[:, :, :1].sum(axis=0)
        ahead[:, :, 1:] /= self._sums(ahead[:, :, 1:])
        return ahead


def _likeliest(items: _Items, k: int, tol: float, seed: int) -> float:
    """Log-likelihood of the best start; of equals, of the first."""
    starts, units = STARTS if k > 1 else 1, items.counts.sum()
    drawn = np.random.RandomState(seed).dirichlet(np.ones(k), (starts, len(items.counts)))
    parameters = items.maximise(np.ascontiguousarray(drawn.transpose(2, 0, 1)))
    best, its_start = -np.inf, -1
    before, number = np.full(starts, -np.inf), np.arange(starts)
    for step in range(1, ROUNDS + 1):
        second = items.maximise(items.expect(parameters)[0])
        posterior, plain = items.expect(second)
        third = items.maximise(posterior)
        ahead = items.beyond(parameters, second, third)
        posterior, likelihood = items.expect(ahead)
        worse = ~(likelihood >= plain)
        if worse.any():
            posterior[:, worse], likelihood[worse] = items.expect(third[:, worse])
            ahead[:, worse] = third[:, worse]
        done = (likelihood - before <= tol * units) | (step == ROUNDS)
        for s in np.flatnonzero(done):
            lead = (likelihood[s] - best) / units
            if lead > SAME or (lead > -SAME and number[s] < its_start):
                best, its_start = float(likelihood[s]), number[s]
        if step == SHORT:
            ranked = np.argsort(-(likelihood / units).round(8), kind="stable")
            done[ranked[-(-starts // 4) :]] = True
        if done.all():
            break
        parameters, before = items.maximise(posterior[:, ~done]), likelihood[~done]
        number = number[~done]
    return best
