"""All defensible analyses of the answers (Steegen, Tuerlinckx, Gelman & Vanpaemel 2016).

A typology depends on choices. Their combinations show which members belong together whatever is
chosen, who is on a border, and which choice matters most.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics.pairwise import nan_euclidean_distances

from analysis.errors import refusal
from analysis.stats import thresholds
from analysis.stats.tabulate import align
from analysis.stats.thresholds import SMALLEST_SURVEY, SMALLEST_TYPE, UNPLACED
from analysis.typology.dissimilarity import (
    Gower,
    Groups,
    Kinds,
    Patterns,
    collapse,
    feature_weights,
    source,
)
from analysis.typology.gradient import numeric
from analysis.typology.partition import medoids_for, with_type
from analysis.typology.prepare import Answers, set_aside


class Setting(NamedTuple):
    """One indicator set, one treatment of missing answers, and the dissimilarities to use."""

    indicators: str
    missing: str
    dissimilarities: Sequence[str]


def settings(frame: pd.DataFrame, groups: Groups) -> tuple[list[Setting], dict[str, list[str]]]:
    """All settings, and the features of each indicator set.

    The sets are all indicators, and all but one group (but one feature where there are under 3
    groups). To weigh groups equally is a choice only where a group has several features.
    """
    names = [str(c) for c in frame]
    owner = {name: (groups or {}).get(name, name) for name in names}
    measures = [d for d in DISSIMILARITIES if len({*owner.values()}) < len(names) or d != FLAT]
    if len({*owner.values()}) < 3:
        owner = dict(zip(names, names, strict=True))
    several = dict.fromkeys(owner.values()) if len({*owner.values()}) >= 3 else ()
    sets = {"all": names}
    sets |= {f"without {one}": [c for c in names if owner[c] != one] for one in several}
    return [Setting(s, m, measures) for s in sets for m in treatments(frame[sets[s]])], sets


def treatments(frame: pd.DataFrame) -> list[str]:
    """What can be done about missing answers; ``none missing`` where there are none.

    ``complete cases`` only where at least `ENOUGH_COMPLETE` of the units are complete, and enough
    for two types.
    """
    complete = frame.notna().all(axis=1)
    if complete.all():
        return ["none missing"]
    enough = complete.mean() >= thresholds.ENOUGH_COMPLETE and complete.sum() >= SMALLEST_SURVEY
    return ["pairwise", "imputed", *["complete cases"] * bool(enough)]


IMPUTATIONS = 5  # imputed surveys
ROUNDS = 8  # through all features, for each of them
DONORS = 3  # respondents with the nearest predictions, of whom one is drawn


def impute(frame: pd.DataFrame, kinds: Kinds) -> list[pd.DataFrame]:
    """Surveys in which every missing answer is filled in.

    Chained equations with predictive mean matching (Little 1988; van Buuren 2018, Flexible
    Imputation of Missing Data): each feature is predicted from all others by a ridge regression on
    a bootstrap of its respondents, and a missing answer is that of a respondent with nearly the
    same prediction. Units with the same answers get the same ones. A feature that nobody answered
    stays missing.

    >>> x = np.arange(20.0)
    >>> frame = pd.DataFrame({"a": x, "b": 2 * x, "c": -x}).mask(np.eye(20, 3, -9) > 0)
    >>> surveys = impute(frame, dict.fromkeys(frame, "ratio"))
    >>> all(abs(one.loc[9, "a"] - 9) <= 3 for one in surveys)
    True
    """
    names = sorted(str(c) for c in frame if frame[c].notna().any())
    table = frame[names].astype(float)
    columns = numeric(table, kinds)
    scaled = ((columns - columns.mean()) / columns.std(ddof=0).replace(0.0, 1.0)).to_numpy(float)
    owner = np.array([source(c) for c in columns])
    blocks = [(name, np.flatnonzero(owner == name)) for name in names if table[name].isna().any()]
    patterns = collapse(table.to_numpy(float))
    like = patterns.first[patterns.back]
    surveys = []
    for number in range(IMPUTATIONS):
        rng = np.random.default_rng([0, number])
        complete, answers = np.nan_to_num(scaled), table.copy()
        for turn, (name, own) in itertools.product(range(ROUNDS + 1), blocks):
            missing = table[name].isna().to_numpy()
            there, gaps = np.flatnonzero(~missing), np.flatnonzero(missing)
            if turn == 0:
                donors = rng.choice(there, len(gaps))
            else:
                others = np.delete(complete, own, axis=1)
                donors = _donors(others, scaled[:, own], there, gaps, rng)
            complete[np.ix_(gaps, own)] = scaled[np.ix_(donors, own)]
            answers.loc[missing, name] = table[name].to_numpy()[donors]
        surveys.append(answers.iloc[like].set_axis(frame.index).reindex(columns=frame.columns))
    return surveys


def _donors(
    others: np.ndarray,
    own: np.ndarray,
    there: np.ndarray,
    gaps: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """For each gap a respondent whose predicted answer is among the nearest."""
    sample = rng.choice(there, len(there))
    x, y = others[sample] - others[sample].mean(axis=0), own[sample] - own[sample].mean(axis=0)
    slope = np.linalg.solve(x.T @ x + x.shape[1] * np.eye(x.shape[1]), x.T @ y)
    predicted = (others - others[sample].mean(axis=0)) @ slope
    apart = np.abs(predicted[gaps][:, None] - predicted[there]).sum(axis=2).round(9)
    gap, near = np.arange(len(gaps)), []
    for _ in range(min(DONORS, len(there))):  # of equals the first
        near.append(apart.argmin(axis=1))
        apart[gap, near[-1]] = np.inf
    return there[np.array(near)[rng.integers(0, len(near), len(gaps)), gap]]


def universes(
    frame: pd.DataFrame,
    kinds: Kinds,
    groups: Groups,
    setting: Setting,
    imputations: Sequence[pd.DataFrame] = (),
) -> tuple[list[tuple[object, ...]], np.ndarray]:
    """The partitions of one setting: the choices of each, and its types (universes x units).

    Who takes part is decided for these features again (`prepare.set_aside`); the rest joins the
    group that is nearest on average. ``imputations``: the survey with its missing answers imputed,
    several times; a type is then made of those who are together in most imputations (average
    linkage on their co-assignment).
    """
    fit = frame.notna().all(axis=1).to_numpy()
    if setting.missing != "complete cases":
        fit = ~frame.index.isin(set_aside(frame, kinds, groups).index)
    tables = [one[list(frame)] for one in imputations] if setting.missing == "imputed" else [frame]
    answers = [Answers(table, dict(kinds), dict(groups or {})) for table in tables]
    patterns = [collapse(table.to_numpy(float)) for table in tables]
    rows: list[tuple[object, ...]] = []
    labels = []
    for measure in setting.dissimilarities:
        apart = [DISSIMILARITIES[measure](*one) for one in zip(answers, patterns, strict=True)]
        partitions = [_types(*one, fit, measure) for one in zip(apart, patterns, strict=True)]
        for method, k in partitions[0]:
            several = np.array([one[method, k] for one in partitions if (method, k) in one])
            labels.append(several[0] if len(tables) == 1 else consensus(several, k))
            rows.append((setting.indicators, setting.missing, measure, method, k))
    return rows, np.array(labels, dtype=np.int16).reshape(-1, len(frame))


def _types(
    apart: np.ndarray, patterns: Patterns, fit: np.ndarray, dissimilarity: str
) -> dict[tuple[str, int], np.ndarray]:
    """The type of each unit by method and number of types, made from those of the fit."""
    distance = apart.round(10)
    weights = np.bincount(patterns.back[fit], minlength=len(patterns.rows)).astype(float)
    inside = np.flatnonzero(weights)
    # ties are settled by the dissimilarities, not by the rows
    inside = inside[np.lexsort((-weights[inside], (distance @ weights).round(9)[inside]))]
    weights = weights[inside]
    among = distance[np.ix_(inside, inside)]
    most = min(thresholds.MOST_TYPES_MULTIVERSE, int(weights.sum()) // SMALLEST_TYPE, len(among))
    if most < 2:
        return {}
    counts = range(2, most + 1)
    medoids = medoids_for(among, counts, weights)
    partitions = {("k-medoids", k): medoids[k].labels for k in counts}
    # Ward's method needs Euclidean distances, which the root of Gower's coefficient gives
    euclidean = np.sqrt(among) if dissimilarity in (GROUPED, FLAT) else among
    average = weighted_tree(among, weights, "average")
    ward = weighted_tree(euclidean, weights, "ward")
    for name, tree in (("average linkage", average), ("Ward", ward)):
        groups = cuts(tree, most)
        partitions |= {(name, k): groups[k] for k in counts}
    for choice, types in partitions.items():
        of_pattern = np.empty(len(distance), dtype=int)
        if len(inside) < len(distance):
            member = (types[:, None] == np.arange(choice[1])) * weights[:, None]
            of_pattern = (distance[:, inside] @ (member / member.sum(axis=0))).argmin(axis=1)
        of_pattern[inside] = types
        partitions[choice] = of_pattern[patterns.back]
    return partitions


def weighted_tree(
    distance: np.ndarray, weights: np.ndarray, method: Literal["average", "ward"]
) -> np.ndarray:
    """Which patterns join, lowest first: a pattern of either group and the height, a row per merge.

    By nearest-neighbour chains (Müllner 2011, arXiv:1109.2378), with the distances of Lance &
    Williams (1967). `scipy.cluster.hierarchy.linkage` knows no weights; identical units join at
    height 0 before all others, so that a pattern with its weight is the same.

    >>> x = np.array([0.0, 1, 5])
    >>> D = np.abs(np.subtract.outer(x, x))
    >>> weighted_tree(D, np.array([1.0, 1, 2]), "average").tolist()
    [[1.0, 0.0, 1.0], [2.0, 0.0, 4.5]]
    """
    m, size, ward = len(distance), np.array(weights, dtype=float), method == "ward"
    between = np.array(distance, dtype=float)
    if ward:
        between = between**2 * 2 * np.outer(size, size) / np.add.outer(size, size)
    np.fill_diagonal(between, np.inf)
    merges, chain, merged = np.empty((m - 1, 3)), list[int](), np.zeros(m, dtype=bool)
    for step in range(m - 1):
        chain = chain or [int(np.argmin(merged))]
        while True:
            x = chain[-1]
            y = int(between[x].argmin())
            if len(chain) > 1 and between[x, chain[-2]] <= between[x, y]:
                y = chain[-2]
                break
            chain.append(y)
        del chain[-2:]
        height, a, b = between[x, y], size[x], size[y]
        if ward:
            both = (a + size) * between[x] + (b + size) * between[y] - size * height
            row = both / (a + b + size)
        else:
            row = (a * between[x] + b * between[y]) / (a + b)
        between[x, :] = between[:, x] = np.inf
        between[y, :] = between[:, y] = row
        between[y, y], size[y], merged[x] = np.inf, a + b, True
        merges[step] = x, y, np.sqrt(height) if ward else height
    return merges[np.argsort(merges[:, 2].round(10), kind="stable")]


def cuts(merges: np.ndarray, most: int) -> dict[int, np.ndarray]:
    """The group of each pattern, by the number of groups from `most` down to 1, exactly so many.

    (`scipy.cluster.hierarchy.fcluster` gives fewer where merges tie.) Groups are numbered by their
    first pattern.

    >>> same = np.zeros((3, 3))
    >>> cuts(weighted_tree(same, np.ones(3), "average"), 2)[2].tolist()
    [0, 0, 1]
    """
    m = len(merges) + 1
    pairs = merges[:, :2].T.astype(int)
    edges = coo_array((np.ones(m - most), tuple(pairs[:, : m - most])), shape=(m, m))
    by_number = {most: connected_components(edges, directed=False)[1]}
    for k in range(most - 1, 0, -1):
        groups = by_number[k + 1]
        first, second = sorted(groups[pairs[:, m - k - 1]])
        rest = groups - (groups > second)
        by_number[k] = np.where(groups == second, first, rest)
    return by_number


def consensus(labels: np.ndarray, k: int) -> np.ndarray:
    """k types of those who are together in most of the partitions (partitions x units)."""
    patterns = collapse(labels.T.astype(float))
    together = (patterns.rows[:, None] == patterns.rows).mean(axis=2)
    return cuts(weighted_tree(1 - together, patterns.weights, "average"), k)[k][patterns.back]


def _euclidean(answers: Answers, patterns: Patterns) -> np.ndarray:
    table = _scale(answers)[patterns.first]
    if np.isnan(table).any():
        return np.nan_to_num(nan_euclidean_distances(table), nan=float(np.nanmax(table)))
    return squareform(pdist(table))


def _axes(answers: Answers, patterns: Patterns) -> np.ndarray:
    """Distances on the main axes only: those above average, at least two."""
    table = np.nan_to_num(_scale(answers))
    left, values, _ = np.linalg.svd(table, full_matrices=False)
    keep = max(2, int((values**2 > (values**2).mean()).sum()))
    return squareform(pdist((left[:, :keep] * values[:keep])[patterns.first]))


def _scale(answers: Answers) -> np.ndarray:
    columns = numeric(answers.frame, answers.kinds)
    columns = columns.loc[:, columns.std(ddof=0) > 0]
    scaled = (columns - columns.mean()) / columns.std(ddof=0)
    return scaled.to_numpy(float) * np.sqrt(feature_weights(columns.columns, answers.groups))


GROUPED, FLAT = "Gower, groups weighted equally", "Gower, questions weighted equally"
DISSIMILARITIES: dict[str, Callable[[Answers, Patterns], np.ndarray]] = {
    GROUPED: lambda a, patterns: Gower(patterns, list(a.frame), a.kinds, a.groups).among(),
    FLAT: lambda a, patterns: Gower(patterns, list(a.frame), a.kinds).among(),
    "standardised Euclidean": _euclidean,
    "main axes only": _axes,
}


MOST_UNITS = 4000  # units; the shares of pairs are a square table
DECISIONS = ("indicators", "missing", "dissimilarity", "method", "n_types")


@dataclass(frozen=True)
class Multiverse:
    """All universes and what they agree on.

    Attributes
    ----------
    runs : one row per universe: the choice made for each of `DECISIONS`, and ``ari`` (adjusted Rand
        index with the reference typology).
    together : unit x unit, share of the universes in which two units are of the same type.
    units : per unit its reference ``type``, ``inside`` (mean share with its own type), ``outside``
        (with the nearest other type), ``status`` (``core | between | borderline | unplaced``).
    choices : per choice ``options`` and ``share``: of the variation between universes (measured by
        1 - ARI), the part that this choice alone accounts for; ``combinations`` is the rest.
    """

    runs: pd.DataFrame
    together: pd.DataFrame
    units: pd.DataFrame
    choices: pd.DataFrame

    @property
    def n(self) -> int:
        """Number of universes."""
        return len(self.runs)

    @property
    def core_share(self) -> float:
        """Share of all units that are core members of their type."""
        return float((self.units["status"] == "core").mean())

    @property
    def matters_most(self) -> str:
        """The choice that changes the typology most."""
        return str(self.choices.drop("combinations")["share"].idxmax())


def multiverse(
    frame: pd.DataFrame, kinds: Kinds, groups: Groups, reference: pd.Series
) -> Multiverse:
    """Run the multiverse of the units that took part in the fit of the typology ``reference``.

    Nothing in it is random but the imputation of missing answers, whose seed is fixed.

    Raises InputError: fewer than 6 units (no two types of 3) or more than `MOST_UNITS`.

    >>> x = np.repeat([0.0, 10.0], 4) + np.arange(8) / 10
    >>> frame = pd.DataFrame({"a": x, "b": x[::-1]}, index=list("abcdefgh"))
    >>> types = pd.Series([1] * 4 + [2] * 4, index=frame.index)
    >>> runs = multiverse(frame, {"a": "ratio", "b": "ratio"}, None, types)
    >>> runs.core_share, float(runs.together.loc["a", "h"])
    (1.0, 0.0)
    """
    if not SMALLEST_SURVEY <= len(frame) <= MOST_UNITS:
        raise refusal("multiverse.units", least=SMALLEST_SURVEY, limit=MOST_UNITS, n=len(frame))
    ordered = frame.sort_index(kind="stable")
    tasks, sets = settings(ordered, groups)
    tables = impute(ordered, kinds) if ordered.isna().to_numpy().any() else []
    blocks = [
        universes(ordered[sets[task.indicators]], kinds, groups, task, tables) for task in tasks
    ]
    belongs = [members(types) for _, labels in blocks for types in labels]
    everything = np.hstack(belongs)
    shares = (everything @ everything.T).astype(float) / len(belongs)
    types = align(reference, ordered.index, "reference").to_numpy(int)
    runs = pd.DataFrame([row for rows, _ in blocks for row in rows], columns=list(DECISIONS))
    return Multiverse(
        runs.assign(ari=adjusted_rand([members(types)], belongs)[0]),
        pd.DataFrame(shares, ordered.index, ordered.index).loc[frame.index, frame.index],
        _units(shares, types).set_axis(ordered.index).loc[frame.index],
        _variation(runs, 1.0 - adjusted_rand(belongs, belongs)),
    )


def members(labels: np.ndarray) -> np.ndarray:
    """Units x types, 1 for a member; four bytes count up to `MOST_UNITS` units exactly."""
    return (labels[:, None] == np.unique(labels)).astype(np.float32)


def adjusted_rand(some: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
    """Adjusted Rand index (Hubert & Arabie 1985) of each partition of one list with each other.

    Partitions are units x types; `sklearn.metrics.adjusted_rand_score` compares one pair in the
    time of a hundred here.
    """

    def pairs(counts: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Pairs within types, summed over the types of each partition, along the last axis."""
        first = np.cumsum([0, *(part.shape[1] for part in parts[:-1])])
        return np.add.reduceat(counts * (counts - 1) / 2, first, axis=-1)

    mine = np.hstack(some)
    others = mine if some is other else np.hstack(other)  # the one product costs half the other
    inside = pairs((mine.T @ others).astype(float), other)
    first = np.cumsum([0, *(part.shape[1] for part in some[:-1])])
    both = np.add.reduceat(inside, first, axis=0)
    a = pairs(mine.sum(axis=0, dtype=float), some)[:, None]
    b = pairs(others.sum(axis=0, dtype=float), other)
    expected = a * b / comb(len(mine), 2)
    room = (a + b) / 2 - expected
    return np.divide(both - expected, room, out=np.ones_like(room), where=room > 1e-12)


def _units(shares: np.ndarray, types: np.ndarray) -> pd.DataFrame:
    """How firmly each unit stays with its type: `shares` of the universes that join two units."""
    kinds = np.unique(types)
    own, is_type = types[:, None] == kinds, kinds != UNPLACED
    share = with_type(shares, types, np.ones(len(types)), kinds).round(12)
    inside = np.where(own & is_type, share, 0.0).sum(axis=1)
    inside[types == UNPLACED] = np.nan
    outside = np.where(~own & is_type, share, 0.0).max(axis=1)
    lead = inside - outside
    rules = [
        types == UNPLACED,
        (inside >= thresholds.CORE) & (lead >= thresholds.LEAD),
        lead < thresholds.BORDER,
    ]
    status = np.select(rules, ["unplaced", "core", "borderline"], "between")
    columns = {"type": types, "inside": inside, "outside": outside, "status": status}
    return pd.DataFrame(columns)


def _variation(runs: pd.DataFrame, unlike: np.ndarray) -> pd.DataFrame:
    """Split the variation between universes by choice, as in Anderson (2001)."""
    total = unlike.sum() / (2 * len(runs))
    rows = {}
    for choice in DECISIONS:
        alike = runs.groupby(choice).indices.values()
        within = sum(unlike[np.ix_(at, at)].sum() / (2 * len(at)) for at in alike)
        share = max(0.0, (total - within) / total) if total > 0 else 0.0
        rows[choice] = {"options": runs[choice].nunique(), "share": share}
    rest = max(0.0, 1.0 - sum(row["share"] for row in rows.values())) if total > 0 else 0.0
    rows["combinations"] = {"options": len(runs), "share": rest}
    return pd.DataFrame(rows).T.astype({"options": int})
