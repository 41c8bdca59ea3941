"""Numbers computed from answers: the features that feed the typology, and the composites.

Both are written in the codebook as rules, so a survey on another subject needs no code here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.text import Text


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
            asked = [n if n in status else book[n].variables[0] for n in sorted(rule.names)]
            left_out = (status[asked] == "not_applicable").any(axis=1).to_numpy()
            values = np.where(np.isnan(values) & left_out, feature.when_not_applicable, values)
        columns[feature.id] = values
    used = {feature.index for feature in book.features}
    return Features(
        frame=pd.DataFrame(columns, index=responses.index, dtype="float64"),
        kinds={f.id: f.kind for f in book.features},
        groups={f.id: f.index for f in book.features},
        signs={f.id: f.sign for f in book.features},
        labels={f.id: f.text for f in book.features},
        group_labels={i.id: i.text for i in book.indices if i.id in used},
    )


def comparable(responses: pd.DataFrame, book: Codebook, other: str) -> pd.DataFrame | None:
    """The features of another codebook as far as these answers hold them; None where none do."""
    link = next((link for link in book.comparable if link.codebook == other), None)
    if link is None:
        return None
    columns = {shared.id: Expression(shared.rule).floats(responses) for shared in link.features}
    return pd.DataFrame(columns, index=responses.index)


def indices(made: Features, codebook: Codebook, responses: pd.DataFrame) -> pd.DataFrame:
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
        parts = [name for name, group in made.groups.items() if group == index.id]
        values = made.frame[parts]
        scaled = (values - values.mean()) / values.std(ddof=0).replace(0, 1.0)
        scaled *= pd.Series(made.signs)[parts]
        enough = scaled.notna().sum(axis=1) * 2 >= len(parts)
        columns[index.id] = scaled.mean(axis=1).where(enough).to_numpy()
    return pd.DataFrame(columns, index=responses.index)
