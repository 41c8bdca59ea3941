"""Multiple imputation of missing answers, for the analyses of the multiverse.

Chained equations with predictive mean matching (Little 1988; van Buuren 2018, Flexible Imputation
of Missing Data): each feature is predicted from all others by a ridge regression on a bootstrap of
its respondents, and a missing answer is that of a respondent with nearly the same prediction.
So every imputed answer is one that somebody gave, of whatever kind.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.typology.dissimilarity import collapse, source
from analysis.typology.gradient import numeric

DRAWS = 5  # imputed surveys
ROUNDS = 8  # through all features, for each of them
DONORS = 3  # respondents with the nearest predictions, of whom one is drawn


def imputed(
    frame: pd.DataFrame, kinds: Mapping[str, str], *, draws: int = DRAWS, seed: int = 0
) -> list[pd.DataFrame]:
    """Surveys in which every missing answer is filled in; answers that were given stay.

    Units with the same answers get the same ones. A feature that nobody answered stays missing.

    Examples
    --------
    >>> x = np.arange(20.0)
    >>> frame = pd.DataFrame({"a": x, "b": 2 * x, "c": -x}).mask(np.eye(20, 3, -9) > 0)
    >>> filled = imputed(frame, dict.fromkeys(frame, "ratio"))
    >>> all(abs(one.loc[9, "a"] - 9) <= 3 for one in filled)
    True
    """
    names = sorted(str(c) for c in frame if frame[c].notna().any())
    given = frame[names].astype(float)
    columns = numeric(given, kinds)
    scaled = ((columns - columns.mean()) / columns.std(ddof=0).replace(0.0, 1.0)).to_numpy(float)
    owner = np.array([source(c) for c in columns])
    blocks = [(name, np.flatnonzero(owner == name)) for name in names if given[name].isna().any()]
    patterns = collapse(given.to_numpy(float))
    like = patterns.first[patterns.back]
    surveys = []
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        filled, answers = np.where(np.isnan(scaled), 0.0, scaled), given.to_numpy(copy=True)
        for turn in range(ROUNDS + 1):
            for name, own in blocks:
                at = names.index(name)
                seen = np.flatnonzero(given[name].notna())
                gaps = np.flatnonzero(given[name].isna())
                if turn:
                    donors = _donors(
                        np.delete(filled, own, axis=1), scaled[:, own], seen, gaps, rng
                    )
                else:
                    donors = rng.choice(seen, len(gaps))
                filled[np.ix_(gaps, own)] = scaled[np.ix_(donors, own)]
                answers[gaps, at] = answers[donors, at]
        survey = pd.DataFrame(answers[like], given.index, names)
        surveys.append(survey.reindex(columns=frame.columns))
    return surveys


def _donors(
    others: np.ndarray,
    own: np.ndarray,
    seen: np.ndarray,
    gaps: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """For each gap a respondent whose predicted answer is among the nearest."""
    drawn = rng.choice(seen, len(seen))
    x, y = others[drawn], own[drawn]
    centre = x.mean(axis=0)
    cross = (x - centre).T @ (x - centre)
    penalty = max(1, x.shape[1]) * np.eye(x.shape[1])
    slope = np.linalg.solve(cross + penalty, (x - centre).T @ (y - y.mean(axis=0)))
    predicted = (others - centre) @ slope
    apart = np.abs(predicted[gaps][:, None] - predicted[seen]).sum(axis=2).round(9)
    near = apart.argsort(axis=1, kind="stable")[:, :DONORS]
    return seen[near[np.arange(len(gaps)), rng.integers(0, near.shape[1], len(gaps))]]
