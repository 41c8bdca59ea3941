"""The indicators of one wave, written as rules in the codebook, and the typologies made of them.

A typology is computed on the full data once, cached, and shown in all editions. Other respondents
are placed in its types: the 15 in those of the national table, this year's replies in last year's.
"""

from __future__ import annotations

import dataclasses
import inspect
import logging
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Memory

from analysis import fingerprints
from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.errors import refusal, unknown
from analysis.stats import thresholds
from analysis.stats.tabulate import align
from analysis.stats.thresholds import ENOUGH_ANSWERED, FAR_MEMBER, SMALLEST_STRATUM, UNPLACED
from analysis.text import Text
from analysis.typology.dissimilarity import Gower, Groups, Kinds, feature_weights, share_answered
from analysis.typology.multiverse import Multiverse, multiverse
from analysis.typology.study import Typology, study

# on a damaged cache joblib would print answers, on a slow or full disk what other machines do not
logging.getLogger("joblib").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", "Persisting input arguments|Unable to cache to disk")


@dataclass(frozen=True)
class Features:
    """What the typology is made from.

    Attributes
    ----------
    frame : municipality x feature, float, NaN where missing.
    kinds : nominal, binary, asymmetric, ordinal or ratio. groups : the index each belongs to.
    signs : -1 where a high value lowers its index.
    labels, group_labels : in both languages.
    """

    frame: pd.DataFrame
    kinds: dict[str, str]
    groups: dict[str, str]
    signs: dict[str, int]
    labels: dict[str, Text]
    group_labels: dict[str, Text]


def features(responses: pd.DataFrame, status: pd.DataFrame, codebook: Codebook) -> Features:
    """Evaluate the codebook's features.

    Where the skip rule left out a question of the rule, the feature takes its
    ``when_not_applicable`` value: nobody recruited is zero persons recruited, not an unknown.

    >>> book = Codebook.read("dx-dashboard")
    >>> answers = pd.DataFrame({name: [True, False] for name in book.variables})
    >>> features(answers, answers.notna(), book).frame["ai"].tolist()
    [1.0, 0.0]
    """
    columns, book = {}, codebook
    for feature in book.features:
        rule = Expression(feature.rule)
        values = rule.floats(responses)
        if feature.when_not_applicable is not None:
            questions = [n if n in status else book[n].variables[0] for n in sorted(rule.names)]
            left_out = (status[questions] == "not_applicable").any(axis=1).to_numpy()
            values = np.where(np.isnan(values) & left_out, feature.when_not_applicable, values)
        columns[feature.id] = values
    ids = {feature.index for feature in book.features}
    return Features(
        frame=pd.DataFrame(columns, index=responses.index, dtype="float64"),
        kinds={f.id: f.kind for f in book.features},
        groups={f.id: f.index for f in book.features},
        signs={f.id: f.sign for f in book.features},
        labels={f.id: f.text for f in book.features},
        group_labels={i.id: i.text for i in book.indices if i.id in ids},
    )


def comparable(responses: pd.DataFrame, book: Codebook, other: str) -> pd.DataFrame | None:
    """The features of another codebook as far as these answers hold them; None where none do."""
    link = next((link for link in book.comparable if link.codebook == other), None)
    if link is None:
        return None
    columns = {shared.id: Expression(shared.rule).floats(responses) for shared in link.features}
    return pd.DataFrame(columns, index=responses.index)


def indices(features: Features, codebook: Codebook, responses: pd.DataFrame) -> pd.DataFrame:
    """The composites: a column an index, standardised features averaged with their signs.

    Every feature enters as a z-score among the respondents, 0/1 ones too: as they are they would
    vary by at most half of what the others do, and weigh that much less. A municipality with fewer
    than half of the parts has no value. An index with a rule of its own is that rule.
    """
    columns = {}
    for index in codebook.indices:
        if index.rule is not None:
            columns[index.id] = Expression(index.rule).floats(responses)
            continue
        parts = [name for name, group in features.groups.items() if group == index.id]
        values = features.frame[parts]
        scaled = (values - values.mean()) / values.std(ddof=0).replace(0, 1.0)
        scaled *= pd.Series(features.signs)[parts]
        enough = scaled.notna().sum(axis=1) * 2 >= len(parts)
        columns[index.id] = scaled.mean(axis=1).where(enough).to_numpy()
    return pd.DataFrame(columns, index=responses.index)


@dataclass(frozen=True)
class Classifier:
    """The features of one wave, and the `folder` where typologies made of them are cached.

    `composites`: municipality x index. `size_class` of each municipality of the register.
    """

    features: Features
    composites: pd.DataFrame
    size_class: pd.Series
    folder: Path

    def study(
        self, *, adjust: str | pd.Series = "none", indices: Sequence[str] = (), **choices: Any
    ) -> Typology:
        """The typology; see `analysis.typology.study.study` for the choices."""
        possible = list(inspect.signature(study).parameters)
        if strange := [name for name in choices if name not in possible]:
            raise unknown("choice", strange[0], possible)
        if not isinstance(adjust, pd.Series):
            adjustments = {"none": None, "gradient": "gradient", "size_class": self.size_class}
            if str(adjust) not in adjustments:
                raise unknown("adjustment", str(adjust), list(adjustments))
            adjust = adjustments[adjust]
        features = restrict(self.features, indices)
        texts = {k: t.model_dump() for k, t in (features.labels | features.group_labels).items()}
        grouped = 1 < len(features.group_labels) < len(features.labels)
        typology: Typology = self._cache(study)(
            features.frame,
            features.kinds,
            features.groups,
            texts,
            adjust=adjust,
            composites=self.composites[list(features.group_labels)] if grouped else None,
            remember=self._cache,
            **choices,
        )
        return typology

    def study_by_size(self, **choices: Any) -> dict[str, Typology]:
        """A typology of each size class of which 30 answered half of the features.

        Types of two classes are not the same.
        """
        every, typologies = self.features, {}
        sizes = align(self.size_class, every.frame.index, "size_class").dropna()
        for name, part in every.frame.loc[sizes.index].groupby(sizes.astype("str")):
            there = share_answered(part, every.groups) >= ENOUGH_ANSWERED
            if there.sum() >= SMALLEST_STRATUM and (part.nunique() > 1).any():
                alone = dataclasses.replace(every, frame=part)
                typologies[str(name)] = dataclasses.replace(self, features=alone).study(**choices)
        return typologies

    def place(self, frame: pd.DataFrame, **choices: Any) -> tuple[Typology, Projection]:
        """Other respondents, by the features that `frame` shares, in the types made of these."""
        shared = [name for name in self.features.frame if name in frame]
        indices = list(dict.fromkeys(self.features.groups[name] for name in shared))
        if not indices:
            raise refusal("placement.no_indicator")
        features = restrict(self.features, indices)
        typology = self.study(indices=indices, **choices)
        reference = features.frame.loc[typology.fitted.index]
        return typology, project(frame, reference, typology.fitted, features.kinds, features.groups)

    def multiverse(self, *, indices: Sequence[str] = (), **choices: Any) -> Multiverse:
        """All defensible analyses beside the typology of these choices."""
        features = restrict(self.features, indices)
        types = self.study(indices=indices, **choices).fitted
        # rows of the features, not of the typology: the cache tells a frame that was just computed
        # from an equal one that was read
        frame = features.frame[features.frame.index.isin(types.index)]
        reference = pd.Series(types.loc[frame.index].to_numpy(int), frame.index)
        return self._cache(multiverse)(frame, features.kinds, features.groups, reference)

    def _cache(self, function: Callable[..., Any]) -> Callable[..., Any]:
        ignored = [name for name in inspect.signature(function).parameters if name == "remember"]
        return memory(self.folder).cache(function, ignore=ignored)


def memory(folder: Path) -> Memory:
    """Keeps results of functions below `folder`; none where this process replaced their code."""
    return Memory(None if fingerprints.is_patched() else folder / constants(), verbose=0)


def constants() -> str:
    """Hash of the constants by which types are made, as they are set in this process.

    A cell of a notebook may have set a threshold; no other process may read what was made by it.
    """
    modules = [m for name, m in sys.modules.items() if name.startswith("analysis.typology.")]
    values = {
        f"{module.__name__}.{name}": repr(value)
        for module in (thresholds, *modules)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float | str | tuple)
    }
    return fingerprints.combine(dict(sorted(values.items())))[:16]


def restrict(features: Features, indices: Sequence[str]) -> Features:
    """The features of these indices only; all where none is named."""
    if strange := [name for name in indices if name not in features.group_labels]:
        raise unknown("index", strange[0], list(features.group_labels))
    if not indices:
        return features
    names = [name for name, index in features.groups.items() if index in indices]
    return dataclasses.replace(
        features,
        frame=features.frame[names],
        kinds={name: features.kinds[name] for name in names},
        groups={name: features.groups[name] for name in names},
        labels={name: features.labels[name] for name in names},
        group_labels={k: text for k, text in features.group_labels.items() if k in indices},
    )


def rename_codes(value: Any, alias: Mapping[str, str]) -> Any:
    """A result with every municipality's code replaced by its `alias` in an edition.

    Rows are sorted by the new names: the order of the codes would disclose these.
    """
    if not alias:
        return value
    if isinstance(value, pd.DataFrame | pd.Series):
        for axis in range(value.ndim):
            if value.axes[axis].isin(list(alias)).any():
                value = value.rename(alias, axis=axis).sort_index(axis=axis, kind="stable")
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **rename_codes(fields, alias))
    if isinstance(value, dict):
        return {alias.get(k, k): rename_codes(v, alias) for k, v in value.items()}
    if isinstance(value, str):
        return alias.get(value, value)
    return value


@dataclass(frozen=True)
class Projection:
    """Where units of another survey fall.

    Attributes
    ----------
    labels : nearest type of each unit (0: it answered nothing of what is shared).
    membership : unit x type, strength of membership, rows sum to 1 (NaN: unplaced).
    second : the type with the second greatest strength.
    fits : False where the unit is farther from its type than 95 % of that type's own members.
    shared : the features used.
    """

    labels: pd.Series
    membership: pd.DataFrame
    second: pd.Series
    fits: pd.Series
    shared: list[str]


def project(
    frame: pd.DataFrame,
    reference: pd.DataFrame,
    types: pd.Series,
    kinds: Kinds,
    groups: Groups = None,
) -> Projection:
    """Place each row of `frame` into the types of `reference` by the features both have.

    The strength of membership in a type falls with the square of the mean Gower dissimilarity to
    its members, as in fuzzy clustering with exponent 2 (Bezdek 1981; Kaufman & Rousseeuw 1990).
    Ranges are those of the reference. The features must be the same questions, asked the same way.

    Raises InputError: fewer than half of the features (groups weigh the same) are shared, or no
    type is there to fall into.

    >>> old = pd.DataFrame({"x": [0.0, 1, 2, 10, 11, 12]}, index=list("abcdef"))
    >>> types = pd.Series([1, 1, 1, 2, 2, 2], index=old.index)
    >>> new = pd.DataFrame({"x": [3.0, 11.0]}, index=["p", "q"])
    >>> project(new, old, types, {"x": "ratio"}).labels.tolist()
    [1, 2]
    """
    shared = [c for c in reference.columns if c in frame.columns]
    weights = feature_weights(reference.columns, groups)
    if weights[reference.columns.isin(shared)].sum() < ENOUGH_ANSWERED - 1e-9:
        raise refusal("placement.few_indicators", n=len(shared), of=len(reference.columns))
    types = align(types, reference.index, "types")
    numbers = sorted({*types.astype(int)} - {UNPLACED})
    if not numbers:
        raise refusal("placement.no_types")
    distance, edges = _from_types(frame[shared], reference[shared], types, kinds, groups)
    closeness = 1.0 / np.maximum(distance, 1e-9) ** 2
    strength = closeness / closeness.sum(axis=1, keepdims=True)
    order = np.argsort(-strength.round(12), axis=1, kind="stable")[:, :2]
    nearest, first = np.array(numbers)[order], order[:, 0]
    nothing = frame[shared].isna().all(axis=1).to_numpy()
    nearest[nothing], strength[nothing] = UNPLACED, np.nan
    near = distance[np.arange(len(frame)), first] <= edges[first] + 1e-12
    return Projection(
        pd.Series(nearest[:, 0], frame.index, dtype="Int16"),
        pd.DataFrame(strength, frame.index, numbers),
        pd.Series(nearest[:, -1], frame.index, dtype="Int16"),
        pd.Series(near & ~nothing, frame.index),
        shared,
    )


def _from_types(
    frame: pd.DataFrame, reference: pd.DataFrame, types: pd.Series, kinds: Kinds, groups: Groups
) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance of each unit to the members of each type; that which most members keep."""
    measure, known = Gower.of(reference, kinds, groups), reference.to_numpy(float)
    new, old = (measure.between(part.to_numpy(float), known) for part in (frame, reference))
    distance, edges = [], []
    for kind in sorted({*types.astype(int)} - {UNPLACED}):
        own = types.to_numpy(int) == kind
        others = max(own.sum() - 1, 1)  # without itself
        distance.append(new[:, own].mean(axis=1))
        edges.append(np.quantile(old[np.ix_(own, own)].sum(axis=1) / others, FAR_MEMBER))
    return np.column_stack(distance), np.array(edges)
