"""How many types: the criteria side by side, and the choice; latent classes for their BIC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.errors import refusal
from analysis.stats.thresholds import FEW_FOR_BIC, MOST_TYPES, MOST_TYPES_EXTENDED, SMALLEST_TYPE
from analysis.text import LANGUAGES, say
from analysis.typology.dissimilarity import Gower, Kinds, collapse
from analysis.typology.partition import least_stable, medoids_for, separation
from analysis.typology.prepare import TypologyData
from analysis.typology.rivals import NullTest, null_tests

LIGHT = 20  # resamples for the stability of each number of types that is tried


def counts_to_try(data: TypologyData, n_types: int | Literal["auto"]) -> list[int]:
    """Numbers of types to try: at most one for three units and one per answer pattern.

    Raises InputError: `n_types` is more than the units can hold.
    """
    patterns = len(data.frame.drop_duplicates())
    most = min(len(data.frame) // SMALLEST_TYPE, patterns)
    tried = range(2, min(MOST_TYPES, most) + 1)
    if n_types == "auto":
        return list(tried)
    if not 2 <= n_types <= most:
        raise refusal(
            "typology.few_patterns",
            n=len(data.frame),
            patterns=patterns,
            n_types=n_types,
            most=most,
        )
    return sorted({*tried, n_types})


@dataclass(frozen=True)
class Candidates:
    """The numbers of types tried, side by side, and what does not depend on the number.

    Attributes
    ----------
    measure, distance : Gower's dissimilarity, of the different answers among each other.
    null, continuum : the survey beside surveys without types, see `analysis.typology.rivals`.
    table : a row per number of types: ``silhouette`` (average), ``smallest`` (units of the smallest
        group), ``gap`` (the silhouette less its mean over surveys with independent features),
        ``stability`` (bootstrap Jaccard of the least stable type) and, where nothing was taken out
        of the answers, ``bic`` of so many latent classes. NaN: not tried. One type has only a BIC.
    resampled : by number of types the labels of the patterns in the resamples of ``stability``.
    """

    measure: Gower
    distance: np.ndarray
    null: NullTest
    continuum: NullTest
    table: pd.DataFrame
    resampled: dict[int, list[np.ndarray]]


def candidates(
    data: TypologyData, counts: Sequence[int], *, n_null: int, criteria: bool, seed: int
) -> Candidates:
    """Weigh the numbers of types to try; without `criteria` by silhouette and gap alone.

    While the last number tried is the best, by the silhouette or by BIC, another is tried, up to
    `MOST_TYPES_EXTENDED` and as far as the units allow.
    """
    measure = data.measure()
    distance, units = measure.among(), measure.patterns.weights
    most = min(MOST_TYPES_EXTENDED, len(data.frame) // SMALLEST_TYPE, len(units))
    labels: dict[int, np.ndarray] = {}
    more = list(counts)
    while more:
        labels |= {k: medoids.labels for k, medoids in medoids_for(distance, more, units).items()}
        silhouette, smallest = separation(distance, list(labels.values()), units)
        table = pd.DataFrame({"silhouette": silhouette, "smallest": smallest}, [*labels])
        more = [max(labels) + 1] if best(table) == max(labels) < most else []
    added = sorted({*labels} - {*counts})
    null, smooth = null_tests(data.fit, counts, more=added, n_null=n_null, seed=seed)
    table["gap"] = null.gap
    resampled: dict[int, list[np.ndarray]] = {}
    if criteria:
        lowest, resampled = least_stable(distance, labels, units, n_bootstrap=LIGHT, seed=seed)
        table["stability"] = pd.Series(lowest)
    if criteria and data.fit.basis == "none":
        bic, more = dict[int, float](), [1, *sorted(labels)]
        while more:
            bic |= {k: bic_of_classes(data.frame, data.kinds, k, seed=seed) for k in more}
            more = [max(bic) + 1] if pd.Series(bic).idxmin() == max(bic) < most else []
        table = table.join(pd.Series(bic, name="bic"), how="outer")
    table = table.sort_index().rename_axis("k")
    return Candidates(measure, distance, null, smooth, table, resampled)


def best(table: pd.DataFrame) -> int:
    """The number with the greatest average silhouette among those that leave no unit alone.

    Where every number leaves one alone, the greatest of all; of equals the smallest.

    >>> best(pd.DataFrame({"silhouette": [0.4, 0.5], "smallest": [5, 1]}, index=[2, 3]))
    2
    """
    widths = table["silhouette"].dropna().round(9)
    large = widths[table.loc[widths.index, "smallest"] > 1]
    return int((widths if large.empty else large).idxmax())


def preferred(table: pd.DataFrame) -> dict[str, int]:
    """The number of types that each criterion beside the silhouette is best at."""
    best_at = {c: int(table[c].idxmax()) for c in ("gap", "stability") if c in table}
    if "bic" in table and table["bic"].notna().any():
        best_at["bic"] = int(table["bic"].idxmin())
    return best_at


def reason(table: pd.DataFrame, k: int, *, asked: bool, n: int, large: int) -> dict[str, str]:
    """Why this number of types and what the other criteria say, in each language.

    ``table``: see `Candidates`. ``k``: the number made; ``asked``: whether it was asked for.
    ``large``: how many of the k groups are large enough to be types. ``n``: units.

    >>> table = pd.DataFrame({"silhouette": [0.5, 0.4], "smallest": [9, 8], "gap": [0.2, 0.3],
    ...                       "stability": [0.8, 0.6]}, index=[2, 3])
    >>> print(reason(table, 2, asked=False, n=60, large=2)["en"])
    2 groups, where the average silhouette is greatest (0.50). The criteria disagree: the gap \
beyond chance is greatest at 3, stability at 2. By the gap beyond chance the best is the largest \
number tried (3); more were not tried.
    """
    others, most = preferred(table), best(table)
    ends: dict[int, list[str]] = {}  # criteria that are best at the greatest number tried
    for criterion, value in {"silhouette": most, **others}.items():
        if value == table[criterion].last_valid_index():
            ends.setdefault(value, []).append(criterion)
    values = {
        "k": k,
        "asked": asked,
        "width": float(table.loc[k, "silhouette"]),
        "best": most,
        "whole": most != int(table["silhouette"].round(9).idxmax()),
        "others": others,
        "ends": dict(sorted(ends.items())),
        "few": n < FEW_FOR_BIC,
        "unnamed": k - large,
        "named": large,
        "smallest": SMALLEST_TYPE,
    }
    return {language: say("typology/reason", language, **values) for language in LANGUAGES}


# --- latent classes -------------------------------------------------------------------------------

STARTS = 20  # random ones; the likeliest classes of all count
FIRST_ROUNDS = 20  # rounds after which only the best quarter of the starts goes on
ROUNDS = 1000  # after which a start ends in any case
LEAST = 1e-12  # share of a category within a class, so that no logarithm is infinite
SAME = 1e-9  # mean log-likelihoods closer than this are one peak: the first start found it


def bic_of_classes(
    frame: pd.DataFrame, kinds: Kinds, k: int, *, tol: float = 1e-7, seed: int = 0
) -> float:
    """The BIC (Schwarz 1978; lower is better) of the likeliest k latent classes of the answers.

    Within a class answers are independent. NaN where there are fewer than k different replies.
    Missing answers drop out of the likelihood of their unit (missing at random). A feature of kind
    ``ratio`` with more than two values is cut into thirds, all others are taken as categories.

    All starts run together; after `FIRST_ROUNDS` the best quarter goes on (Biernacki, Celeux &
    Govaert 2003). A round is two EM steps, a leap in their direction that is taken back where it
    does not help, and a third step, so that the likelihood never falls. A start ends when a round
    raises a unit's mean log-likelihood by less than `tol`.

    >>> frame = pd.DataFrame(np.repeat([[1.0, 1, 1, 0], [0.0, 0, 0, 1]], [5, 15], axis=0))
    >>> kinds = dict.fromkeys(frame, "binary")
    >>> [round(bic_of_classes(frame, kinds, k), 1) for k in (1, 2, 3)]
    [102.0, 49.5, nan]
    """
    names = sorted(frame)  # so that the order of the columns changes no start
    coded = [_categories(frame[name].to_numpy(float), kinds[name]) for name in names]
    codes, sizes = (list(part) for part in zip(*coded, strict=True))
    answers = collapse(np.column_stack(codes))
    if k > len(answers.rows):
        return np.nan
    columns = [answers.rows[:, [j]] == np.arange(size) for j, size in enumerate(sizes)]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    likelihood = _likeliest(_Items(np.hstack(columns) * 1.0, owner, answers.weights), k, tol, seed)
    free = k - 1 + k * sum(max(size - 1, 0) for size in sizes)
    return free * float(np.log(len(frame))) - 2 * likelihood


def _categories(column: np.ndarray, kind: str) -> tuple[np.ndarray, int]:
    """The category of each answer from 0 (missing: -1), and how many there are."""
    known = ~np.isnan(column)
    values, at = np.unique(column[known], return_inverse=True)
    size = len(values)
    if kind == "ratio" and size > 2:
        share = np.cumsum(np.bincount(at)) / known.sum()
        ends = np.searchsorted(share, np.array([1 / 3, 2 / 3]) - 1e-9)
        lowest = np.unique(values[ends[ends + 1 < size] + 1])  # of the upper thirds
        at, size = np.searchsorted(lowest, column[known], side="right"), len(lowest) + 1
    codes = np.full(len(column), -1.0)
    codes[known] = at
    return codes, size


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
        totals = weighed @ self.indicators
        shares = np.maximum(totals / np.maximum(self._sums(totals), 1e-300), LEAST)
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
    first = np.random.RandomState(seed).dirichlet(np.ones(k), (starts, len(items.counts)))
    parameters = items.maximise(np.ascontiguousarray(first.transpose(2, 0, 1)))
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
        if step == FIRST_ROUNDS:
            ranked = np.argsort(-(likelihood / units).round(8), kind="stable")
            done[ranked[-(-starts // 4) :]] = True
        if done.all():
            break
        parameters, before = items.maximise(posterior[:, ~done]), likelihood[~done]
        number = number[~done]
    return best
