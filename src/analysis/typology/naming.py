"""Names for types, composed from the labels of what sets them apart.

A proposal to be edited by people who know the municipalities, so it must read like a name that a
person could have given: 「外部人材活用が多く、ベンダー依存が低い型」, not 「外部人材・高」.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

import pandas as pd

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
    profile : as made by `analysis.typology.profile.profile`.
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
