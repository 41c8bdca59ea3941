"""What sets types apart, their most and least typical members, and names for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, mannwhitneyu, rankdata

from analysis.stats.inference import holm
from analysis.stats.tabulate import aligned
from analysis.typology.gradient import numeric

UNPLACED = 0  # label of members of types too small to name
EXACT_UP_TO = 60  # answers up to which the rank-sum distribution is enumerated


def profile(frame: pd.DataFrame, kinds: Mapping[str, str], labels: pd.Series) -> pd.DataFrame:
    """Compare each type with all other units, feature by feature.

    Parameters
    ----------
    frame : units x features, NaN where missing (left out of that feature's comparison).
    kinds : kind of each feature; a nominal one is compared category by category (``f=2``).
    labels : type of each unit; `UNPLACED` ones belong to "all other units".

    Returns
    -------
    One row per type and feature: ``type, feature, n, n_rest`` (answered), ``mean, rest_mean`` (the
    share for 0/1 features), ``effect`` (Cliff's delta, -1 to 1; for 0/1 features the difference of
    the two shares), ``p`` (two-sided; Fisher's exact test for 0/1, else the exact rank-sum test
    with ties, its normal approximation above 60 answers) and ``p_holm`` (Holm 1979 over the table).

    Examples
    --------
    >>> frame = pd.DataFrame({"ai": [1.0, 1, 1, 0, 0, 0]})
    >>> labels = pd.Series([1, 1, 1, 2, 2, 2])
    >>> profile(frame, {"ai": "binary"}, labels)[["effect", "p", "p_holm"]].round(2).values.tolist()
    [[1.0, 0.1, 0.2], [-1.0, 0.1, 0.2]]
    """
    columns = numeric(frame, kinds)
    labels = aligned(labels, frame.index, "labels")
    types = sorted(int(t) for t in labels.unique() if t != UNPLACED)
    rows = []
    for kind in types:
        inside = (labels == kind).to_numpy(bool)
        for name in columns:
            y = columns[name].to_numpy(float)
            mine, rest = y[inside & ~np.isnan(y)], y[~inside & ~np.isnan(y)]
            row = {"type": kind, "feature": name, "n": mine.size, "n_rest": rest.size}
            row["mean"] = mine.mean() if mine.size else np.nan
            row["rest_mean"] = rest.mean() if rest.size else np.nan
            row["effect"], row["p"] = _compare(mine, rest)
            rows.append(row)
    names = ["type", "feature", "n", "n_rest", "mean", "rest_mean", "effect", "p"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def _compare(mine: np.ndarray, rest: np.ndarray) -> tuple[float, float]:
    """Cliff's delta and an exact two-sided p-value."""
    if not mine.size or not rest.size:
        return np.nan, np.nan
    both = np.concatenate([mine, rest])
    ranks = rankdata(both)
    m, n = mine.size, both.size
    delta = (2 * ranks[:m].sum() - m * (n + 1)) / (m * (n - m))
    if np.ptp(both) == 0:
        return 0.0, 1.0
    if set(np.unique(both)) <= {0.0, 1.0}:
        table = [[mine.sum(), m - mine.sum()], [rest.sum(), n - m - rest.sum()]]
        return float(delta), float(fisher_exact(table).pvalue)
    if n <= EXACT_UP_TO:
        return float(delta), _exact_rank_sum(ranks, m)
    return float(delta), float(mannwhitneyu(mine, rest, method="asymptotic").pvalue)


def _exact_rank_sum(ranks: np.ndarray, m: int) -> float:
    """P of a rank sum at least this far from its mean, over all choices of m of the units."""
    doubled = np.rint(2 * ranks).astype(int)  # midranks as whole numbers
    ways = np.zeros((m + 1, doubled.sum() + 1))
    ways[0, 0] = 1.0
    for value in doubled:
        ways[1:, value:] += ways[:-1, : ways.shape[1] - value].copy()
    counts = ways[m]
    centre = m * doubled.sum() / doubled.size
    far = np.abs(np.arange(counts.size) - centre) >= abs(doubled[:m].sum() - centre) - 1e-9
    return float(min(1.0, counts[far].sum() / counts.sum()))


def paragons(dissimilarity: np.ndarray, labels: pd.Series) -> dict[int, str]:
    """The medoid of each type: the member with the least total dissimilarity to the others."""
    return _members(dissimilarity, labels, np.argmin)


def atypical(dissimilarity: np.ndarray, labels: pd.Series) -> dict[int, str]:
    """The member of each type that is least like the others.

    Examples
    --------
    >>> D = np.abs(np.subtract.outer([0, 1, 5], [0, 1, 5]))
    >>> types = pd.Series([1, 1, 1], index=list("abc"))
    >>> paragons(D, types), atypical(D, types)
    ({1: 'b'}, {1: 'c'})
    """
    return _members(dissimilarity, labels, np.argmax)


def _members(
    dissimilarity: np.ndarray, labels: pd.Series, pick: Callable[[np.ndarray], np.intp]
) -> dict[int, str]:
    chosen = {}
    for kind in sorted(int(t) for t in labels.unique() if t != UNPLACED):
        at = np.flatnonzero((labels == kind).to_numpy(bool))
        at = at[np.argsort(labels.index[at], kind="stable")]  # ties: the smallest code
        total = dissimilarity[np.ix_(at, at)].sum(axis=1).round(9)
        chosen[kind] = str(labels.index[at[pick(total)]])
    return chosen


NOTABLE = 0.33  # Cliff's delta called medium (Romano et al. 2006)
BROAD = 0.75  # share of features on one side from which a type is high or low "across the board"
TRAITS = 2  # traits in a name, more only where two names would be the same

# what the end of a Japanese label asks for: (high, low), attributive; く-forms are derived
_ADJECTIVES = {
    ("年数", "期間", "在籍", "在職"): ("長い", "短い"),
    ("性", "率", "割合", "比", "依存", "度", "力", "水準", "可能", "度合い"): ("高い", "低い"),
    ("の深さ",): ("深い", "浅い"),
    ("の広さ", "の幅"): ("広い", "狭い"),
}
_PLENTY = ("多い", "少ない")


def propose_names(
    profile: pd.DataFrame,
    kinds: Mapping[str, str],
    texts: Mapping[str, Mapping[str, str]],
) -> dict[int, dict[str, str]]:
    """One name per type in Japanese and English, no two alike.

    Parameters
    ----------
    profile : as made by `analysis.typology.describe.profile`.
    kinds : kind of each feature.
    texts : label of each feature, ``{feature: {"ja": ..., "en": ...}}``; the id where it lacks one.

    Examples
    --------
    >>> table = pd.DataFrame({"type": [1, 2], "feature": "x", "effect": [0.9, -0.9]})
    >>> label = {"x": {"ja": "外部人材活用", "en": "Use of external talent"}}
    >>> names = propose_names(table, {"x": "ratio"}, label)
    >>> names[1]["ja"], names[2]["en"]
    ('外部人材活用が多い型', 'Low use of external talent')
    """
    order = {
        kind: part.assign(size=part["effect"].abs().round(6)).sort_values(
            ["size", "feature"], ascending=[False, True], kind="stable"
        )
        for kind, part in profile.dropna(subset=["effect"]).groupby("type")
    }
    names: dict[int, dict[str, str]] = {}
    for kind in sorted(int(t) for t in profile["type"].unique()):
        part = order.get(kind, profile.iloc[:0])
        for extra in range(len(part) + 1):
            name = _name(part, TRAITS + extra, kinds, texts)
            if all(name["ja"] != other["ja"] for other in names.values()):
                break
        else:
            name = {"ja": f"{name['ja']}（{kind}）", "en": f"{name['en']} ({kind})"}
        names[kind] = name
    return names


def _name(
    part: pd.DataFrame,
    count: int,
    kinds: Mapping[str, str],
    texts: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """The name with up to `count` traits; a broad type spends the first two on being broad."""
    effects = dict(zip(part["feature"], part["effect"], strict=True)) if len(part) else {}
    signs = pd.Series(effects, dtype=float)
    up, down = (signs >= NOTABLE).mean(), (signs <= -NOTABLE).mean()
    broad = len(signs) >= 4 and max(up, down) >= BROAD
    traits = [f for f, e in effects.items() if abs(e) >= NOTABLE or count > TRAITS]
    traits = traits[: count - TRAITS if broad else count]
    if not broad and not traits:
        return {"ja": "全体の平均に近い型", "en": "Close to the overall average"}
    ja = [_ja(f, effects[f] > 0, kinds, texts) for f in traits]
    en = [_en(f, effects[f] > 0, kinds, texts) for f in traits]
    spoken = [f"{_joined(heads)}が{word}" for word, heads in _same_together(ja)]
    english = [f"{word} {' and '.join(heads)}" for word, heads in _same_together(en)]
    if broad:
        spoken = [f"全般に水準が{'高い' if up >= down else '低い'}", *(f"特に{t}" for t in spoken)]
        english = [f"{'high' if up >= down else 'low'} across the board", *english]
    spoken = [part.removesuffix("い") + "く" for part in spoken[:-1]] + spoken[-1:]
    name = ", ".join(english)
    return {"ja": "、".join(spoken) + "型", "en": name[:1].upper() + name[1:]}


def _same_together(traits: list[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Neighbours with the same word: 「AとBが多い」, not 「Aが多く、Bが多い」."""
    grouped = itertools.groupby(traits, key=lambda trait: trait[1])
    return [(word, [head for head, _ in same]) for word, same in grouped]


def _joined(heads: list[str]) -> str:
    """「AI・RPAの導入」 for 「AIの導入」 and 「RPAの導入」, else joined by 「と」."""
    ends = {head.rpartition("の")[2] for head in heads}
    starts = [head.rpartition("の")[0] for head in heads]
    if len(heads) > 1 and len(ends) == 1 and all(starts):
        return f"{'・'.join(starts)}の{ends.pop()}"
    return "と".join(heads)


def _label(feature: str, texts: Mapping[str, Mapping[str, str]], language: str) -> str:
    base, _, code = feature.partition("=")
    if feature in texts:
        return texts[feature][language].strip()
    label = texts[base][language].strip() if base in texts else base
    between = "が" if language == "ja" else " "
    return f"{label}{between}{code}" if code else label


def _ja(
    feature: str, high: bool, kinds: Mapping[str, str], texts: Mapping[str, Mapping[str, str]]
) -> tuple[str, str]:
    label = _label(feature, texts, "ja")
    plain = label.split("（")[0]
    default = ("高い", "低い") if kinds.get(feature) == "ordinal" else _PLENTY
    pair = next((p for ends, p in _ADJECTIVES.items() if plain.endswith(ends)), default)
    head = re.sub("の(深さ|広さ|幅)$", "", label)
    return head, pair[0] if high else pair[1]


def _en(
    feature: str, high: bool, kinds: Mapping[str, str], texts: Mapping[str, Mapping[str, str]]
) -> tuple[str, str]:
    label = _label(feature, texts, "en")
    if label[1:2].islower():
        label = label[0].lower() + label[1:]
    if kinds.get(feature, "nominal") in {"binary", "asymmetric", "nominal"}:
        return label, f"{'many' if high else 'few'} with"
    return label, "high" if high else "low"
