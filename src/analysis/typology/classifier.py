"""The typologies of one wave: computed on its full data once, kept, and shown in all editions."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Memory

from analysis.errors import InputError, unknown
from analysis.stats.indicators import Features
from analysis.typology.multiverse import Multiverse, multiverse
from analysis.typology.projection import Projection, project
from analysis.typology.study import Typology, study, study_by


@dataclass(frozen=True)
class Classifier:
    """The features of one wave, and where results are kept until data or package change.

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
        known = list(inspect.signature(study).parameters)
        if strange := [name for name in choices if name not in known]:
            raise unknown("choice", strange[0], known)
        return self._made(study, adjust, indices, choices | {"remember": self._cached})

    def study_by_size(self, *, indices: Sequence[str] = (), **choices: Any) -> dict[str, Typology]:
        """A typology of each size class of at least 30."""
        return self._made(study_by, "none", indices, choices | {"strata": self.size_class})

    def _made(
        self,
        make: Callable[..., Any],
        adjust: str | pd.Series,
        indices: Sequence[str],
        choices: Mapping[str, Any],
    ) -> Any:
        used = restricted(self.features, indices)
        adjustments = {"none": None, "gradient": "gradient", "size_class": self.size_class}
        if not isinstance(adjust, pd.Series | str) or (
            isinstance(adjust, str) and adjust not in adjustments
        ):
            raise InputError(
                "there is no adjustment {adjust!r}", hint=", ".join(adjustments), adjust=adjust
            )
        texts = {k: t.model_dump() for k, t in (*used.labels.items(), *used.group_labels.items())}
        grouped = 1 < len(used.group_labels) < len(used.labels)
        return self._cached(make)(
            used.frame,
            used.kinds,
            used.groups,
            texts,
            adjust=adjust if isinstance(adjust, pd.Series) else adjustments[adjust],
            composites=self.composites[list(used.group_labels)] if grouped else None,
            **choices,
        )

    def place(self, frame: pd.DataFrame, **choices: Any) -> tuple[Typology, Projection]:
        """Other respondents, by the features that `frame` shares, in the types made of these."""
        shared = [name for name in self.features.frame if name in frame]
        kept = list(dict.fromkeys(self.features.groups[name] for name in shared))
        if not kept:
            raise InputError(
                "the two waves share no indicator", hint="see `comparable` in codebooks"
            )
        used = restricted(self.features, kept)
        found = self.study(indices=kept, **choices)
        reference = used.frame.loc[found.fitted.index]
        return found, project(frame, reference, found.fitted, used.kinds, used.groups)

    def multiverse(self, *, indices: Sequence[str] = (), **choices: Any) -> Multiverse:
        """All defensible analyses beside the typology of these choices."""
        used = restricted(self.features, indices)
        reference = self.study(indices=indices, **choices).fitted
        kept = used.frame.loc[reference.index]
        return self._cached(multiverse)(kept, used.kinds, used.groups, reference)

    def _cached(self, function: Callable[..., Any]) -> Callable[..., Any]:
        given = inspect.signature(function).parameters
        no_result = ["remember"] if "remember" in given else []
        return Memory(self.folder, verbose=0).cache(function, ignore=no_result)


def restricted(made: Features, indices: Sequence[str]) -> Features:
    """The features of these indices only; all where none is named."""
    if unknown := [name for name in indices if name not in made.group_labels]:
        known = ", ".join(made.group_labels)
        raise InputError(
            "there is no index {index!r}", hint="there are: {known}", index=unknown[0], known=known
        )
    if not indices:
        return made
    kept = [name for name, index in made.groups.items() if index in indices]
    return dataclasses.replace(
        made,
        frame=made.frame[kept],
        kinds={name: made.kinds[name] for name in kept},
        groups={name: made.groups[name] for name in kept},
        labels={name: made.labels[name] for name in kept},
        group_labels={k: text for k, text in made.group_labels.items() if k in indices},
    )


def renamed(value: Any, alias: Mapping[str, str]) -> Any:
    """A result with every municipality's code replaced as an edition shows it.

    Rows follow the new names: in the order of the codes they would give the codes away.
    """
    if not alias:
        return value
    if isinstance(value, pd.DataFrame | pd.Series):
        for axis in range(value.ndim):
            if value.axes[axis].isin(list(alias)).any():
                value = value.rename(alias, axis=axis).sort_index(axis=axis, kind="stable")
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: renamed(getattr(value, f.name), alias) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, dict):
        return {alias.get(k, k): renamed(v, alias) for k, v in value.items()}
    if isinstance(value, str):
        return alias.get(value, value)
    return value
