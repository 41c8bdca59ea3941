"""Where types and municipalities lie on the axes that the field discusses (`axes` of a codebook).

The axes feed no typology: where a published distinction and the types of the answers differ, the
frames show it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook.model import Axis
from analysis.codebook.rules import Expression, names_in
from analysis.results.types import as_frame
from analysis.survey import Survey
from analysis.typology.study import Typology


def places(survey: Survey) -> pd.DataFrame:
    """The place of each respondent on each axis, -1 (low side) to 1, NaN where little is known.

    Share of the items taken on the high side less the share on the low side, among the items that
    it answered; on either side at least half must be answered. Index: code, a column an axis.
    """
    columns = {}
    for axis in _axes(survey):
        takes, sides = _takes(survey, axis), np.array([item.side for item in axis.items])
        high, low = (takes.loc[:, sides == side] for side in ("high", "low"))
        enough = (high.notna().mean(axis=1) >= 0.5) & (low.notna().mean(axis=1) >= 0.5)
        columns[axis.id] = (high.mean(axis=1) - low.mean(axis=1)).where(enough)
    return pd.DataFrame(columns)


def _takes(survey: Survey, axis: Axis) -> pd.DataFrame:
    """Whether each respondent takes each item (1, 0, NaN), a column an item in their order."""
    answers = survey.responses
    takes = [Expression(item.rule).floats(answers) for item in axis.items]
    return pd.DataFrame(dict(enumerate(takes)), answers.index)


@as_frame("code", "name", "type", "axis1", "axis2", of_single=True)
def municipalities(survey: Survey, typology: Typology) -> pd.DataFrame:
    """Each respondent's type (0: none) and its places on the first two axes."""
    found_at, codes = places(survey).iloc[:, :2], survey.responses.index
    about = {"code": codes, "name": survey.names.reindex(codes)}
    about["type"] = typology.labels.reindex(codes).fillna(0).astype(int)
    spots = found_at.set_axis(["axis1", "axis2"][: found_at.shape[1]], axis=1)
    return pd.DataFrame(about, codes).join(spots).dropna(subset=list(spots))


@as_frame("axis", "type", "n", "mean", "n_low", "n_middle", "n_high", of_single=True)
def by_type(survey: Survey, typology: Typology) -> list[tuple[Any, ...]]:
    """Of each type the mean place, and how many of its members lie on either side of the middle."""
    rows, at = [], places(survey)
    for axis in _axes(survey):
        for kind in typology.stability.index:
            own = at.loc[typology.labels.reindex(at.index) == kind, axis.id].dropna()
            sides = (own < 0).sum(), (own == 0).sum(), (own > 0).sum()
            rows.append((_ends(axis, survey), kind, len(own), round(own.mean(), 2), *sides))
    return rows


@as_frame("axis", "side", "item", "count", "n", of_single=True)
def items(survey: Survey) -> list[tuple[Any, ...]]:
    """How many respondents take each item of an axis, of those who answered it (n)."""
    language, rows = survey.language, []
    for axis in _axes(survey):
        takes = _takes(survey, axis)
        for item, count, n in zip(axis.items, takes.sum(), takes.count(), strict=True):
            side = getattr(axis, item.side)[language]
            rows.append((axis.text[language], side, item.text[language], int(count), n))
    return rows


def summary(survey: Survey, kinds: pd.DataFrame) -> list[dict[str, Any]]:
    """What a sentence says of each axis, from `by_type`.

    label, low, high, note; n, n_low, n_middle, n_high : members of types; types : how many types
    have members there, apart : those whose members all lie on one side.
    """
    axes = []
    for axis in _axes(survey):
        own = kinds[(kinds["axis"] == _ends(axis, survey)) & (kinds["n"] > 0)]
        if own.empty:
            continue
        apart = ((own["n_high"] == own["n"]) | (own["n_low"] == own["n"])).sum()
        parts = {"label": axis.text, "low": axis.low, "high": axis.high, "note": axis.note}
        words = {name: text[survey.language] for name, text in parts.items()}
        sums = own[["n", "n_low", "n_middle", "n_high"]].sum().astype(int).to_dict()
        axes.append({**words, **sums, "types": len(own), "apart": int(apart)})
    return axes


def titles(survey: Survey) -> list[str]:
    """The names of both sides of the first two axes, for the figure."""
    language = survey.language
    return [f"← {a.low[language]}　　{a.high[language]} →" for a in _axes(survey)[:2]]


def _axes(survey: Survey) -> list[Axis]:
    """The axes of the codebook of whose items the edition shows single answers."""
    book, variables, axes = survey.codebook, {*survey.unit_responses}, list[Axis]()
    for axis in book.axes:
        questions = book.using(names_in(*(item.rule for item in axis.items)))
        if variables.issuperset(v for question in questions for v in question.variables):
            axes.append(axis)
    return axes


def _ends(axis: Axis, survey: Survey) -> str:
    """Both sides of an axis, the low one first."""
    return f"{axis.low[survey.language]} ⇔ {axis.high[survey.language]}"
