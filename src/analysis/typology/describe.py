"""What sets types apart, their most and least typical members, and names for them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact, mannwhitneyu, rankdata

from analysis.stats.inference import holm, rank_sum_p
from analysis.stats.tabulate import align
from analysis.stats.thresholds import BROAD, NOTABLE_TRAIT, UNPLACED
from analysis.text import LANGUAGES, Language, label, say
from analysis.typology.dissimilarity import Kinds
from analysis.typology.gradient import numeric
from analysis.yaml_file import packaged

Texts = Mapping[str, Mapping[str, str]]  # feature -> language -> label

EXACT_UP_TO = 60  # answers up to which the rank-sum distribution is enumerated


def profile(frame: pd.DataFrame, kinds: Kinds, labels: pd.Series) -> pd.DataFrame:
    """Compare each type with all other units, feature by feature.

    A nominal feature is compared category by category (``f=2``); unplaced units are others.

    Returns
    -------
    One row per type and feature: ``type, feature, n, n_rest`` (answered), ``mean, rest_mean`` (the
    share for 0/1 features), ``effect`` (Cliff's delta, -1 to 1; for 0/1 features the difference of
    the two shares), ``p`` (two-sided; Fisher's exact test for 0/1, else the exact rank-sum test
    with ties, its normal approximation above 60 answers) and ``p_holm`` (Holm 1979 over the table).

    >>> frame = pd.DataFrame({"ai": [1.0, 1, 1, 0, 0, 0]})
    >>> labels = pd.Series([1, 1, 1, 2, 2, 2])
    >>> profile(frame, {"ai": "binary"}, labels)[["effect", "p", "p_holm"]].round(2).values.tolist()
    [[1.0, 0.1, 0.2], [-1.0, 0.1, 0.2]]
    """
    columns, rows = numeric(frame, kinds), []
    labels = align(labels, frame.index, "labels")
    for kind in sorted({int(t) for t in labels} - {UNPLACED}):
        inside = (labels == kind).to_numpy(bool)
        for name, column in columns.items():
            y = column.to_numpy(float)
            mine, rest = y[inside & ~np.isnan(y)], y[~inside & ~np.isnan(y)]
            means = (part.mean() if part.size else np.nan for part in (mine, rest))
            rows.append((kind, name, mine.size, rest.size, *means, *_compare(mine, rest)))
    names = ["type", "feature", "n", "n_rest", "mean", "rest_mean", "effect", "p"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def _compare(mine: np.ndarray, rest: np.ndarray) -> tuple[float, float]:
    """Cliff's delta and an exact two-sided p-value."""
    if not mine.size or not rest.size:
        return np.nan, np.nan
    both = np.concatenate([mine, rest])
    m, n = mine.size, both.size
    delta = (2 * rankdata(both)[:m].sum() - m * (n + 1)) / (m * (n - m))
    if np.ptp(both) == 0:
        return 0.0, 1.0
    if set(np.unique(both)) <= {0.0, 1.0}:
        p = fisher_exact([[mine.sum(), m - mine.sum()], [rest.sum(), n - m - rest.sum()]]).pvalue
    elif n <= EXACT_UP_TO:
        p = rank_sum_p(mine, rest)
    else:
        p = mannwhitneyu(mine, rest, method="asymptotic").pvalue
    return float(delta), float(p)


def most_and_least_typical(
    dissimilarity: np.ndarray, labels: pd.Series
) -> tuple[dict[int, str], dict[int, str]]:
    """The member of each type that is most like the others, its medoid, and the one least so.

    >>> D = np.abs(np.subtract.outer([0, 1, 5], [0, 1, 5]))
    >>> most_and_least_typical(D, pd.Series([1, 1, 1], index=list("abc")))
    ({1: 'b'}, {1: 'c'})
    """
    most, least = {}, {}
    for kind in sorted({int(t) for t in labels} - {UNPLACED}):
        at = np.flatnonzero((labels == kind).to_numpy(bool))
        at = at[np.argsort(labels.index[at], kind="stable")]  # ties: the smallest code
        total = dissimilarity[np.ix_(at, at)].sum(axis=1).round(9)
        most[kind] = str(labels.index[at[total.argmin()]])
        least[kind] = str(labels.index[at[total.argmax()]])
    return most, least


TRAITS = 2  # traits in a name, more only where two names would be the same
YES_NO = ("binary", "asymmetric", "nominal")
ENDINGS: dict[str, list[str]] = packaged("label_endings.yml")  # of Japanese labels


def propose_names(profile: pd.DataFrame, kinds: Kinds, texts: Texts) -> dict[int, dict[str, str]]:
    """One name per type in Japanese and English, no two alike.

    ``profile``: see `profile`. ``texts``: label of each feature, ``{feature: {"ja": ..., "en":
    ...}}``; the id where it lacks one.

    >>> table = pd.DataFrame({"type": [1, 2], "feature": "x", "effect": [0.9, -0.9]})
    >>> label = {"x": {"ja": "外部人材活用", "en": "Use of external talent"}}
    >>> names = propose_names(table, {"x": "ratio"}, label)
    >>> names[1]["ja"], names[2]["en"]
    ('外部人材活用が多い型', 'Low use of external talent')
    """
    names: dict[int, dict[str, str]] = {}
    sizes = profile.assign(size=-profile["effect"].abs().round(6)).dropna(subset=["effect"])
    sizes = sizes.sort_values(["size", "feature"], kind="stable")
    for kind in sorted(int(t) for t in profile["type"].unique()):
        effects = sizes[sizes["type"] == kind].set_index("feature")["effect"]
        for count in range(TRAITS, TRAITS + len(effects) + 1):
            name = _name(effects, count, kinds, texts)
            if all(name["ja"] != other["ja"] for other in names.values()):
                break
        else:
            name = {"ja": f"{name['ja']}（{kind}）", "en": f"{name['en']} ({kind})"}
        names[kind] = name
    return names


def _name(effects: pd.Series, count: int, kinds: Kinds, texts: Texts) -> dict[str, str]:
    """The name with up to `count` traits, of which being broad takes the place of two."""
    up, down = (effects >= NOTABLE_TRAIT).mean(), (effects <= -NOTABLE_TRAIT).mean()
    broad = len(effects) >= 4 and max(up, down) >= BROAD
    traits = effects if count > TRAITS else effects[effects.abs() >= NOTABLE_TRAIT]
    traits = traits.iloc[: count - TRAITS if broad else count]
    names: dict[str, str] = {}
    for language in LANGUAGES:
        across = label(f"trait.degree_{'high' if up >= down else 'low'}", language)
        words = [_trait(str(f), e > 0, kinds, texts, language) for f, e in traits.items()]
        runs = itertools.groupby(words, key=lambda trait: trait[0])
        alike = [(word, _join([own for _, own in same], language)) for word, same in runs]
        values = {"across": across if broad else "", "traits": alike}
        names[language] = say("typology/name", language, **values)
    return names


def _trait(
    feature: str, high: bool, kinds: Kinds, texts: Texts, language: Language
) -> tuple[str, str]:
    """The word of a trait and its indicator; neighbours with one word are one: 「AとBが多い」."""
    base, _, code = feature.partition("=")
    kind = kinds.get(feature, "nominal")
    own = texts.get(feature, texts.get(base, {})).get(language, base).strip()
    if code and feature not in texts:
        own += ("が" if language == "ja" else " ") + code
    if language == "ja":
        plain = own.split("（")[0]
        ends = (sense for sense, endings in ENDINGS.items() if plain.endswith((*endings,)))
        sense = next(ends, "degree" if kind == "ordinal" else "amount")
        own = re.sub("の(深さ|広さ|幅)$", "", own)
    else:
        sense = "share" if kind in YES_NO else "amount"
        own = own[0].lower() + own[1:] if own[1:2].islower() else own
    return label(f"trait.{sense}_{'high' if high else 'low'}", language), own


def _join(heads: list[str], language: Language) -> str:
    """「AI・RPAの導入」 for 「AIの導入」 and 「RPAの導入」, else joined by 「と」."""
    if language == "en":
        return " and ".join(heads)
    ends = {head.rpartition("の")[2] for head in heads}
    starts = [head.rpartition("の")[0] for head in heads]
    if len(heads) > 1 and len(ends) == 1 and all(starts):
        return f"{'・'.join(starts)}の{ends.pop()}"
    return "と".join(heads)
