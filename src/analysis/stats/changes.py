"""Two waves of one survey: shares and values that moved, and who changed type.

Compared are the municipalities that answered a question in both waves, so that a change of who
replies is not taken for a change of answers; the shares of all who answered are given too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import linear_sum_assignment

from analysis.codebook.questions import COUNTED, MEASURED, UNCOUNTED, Question
from analysis.stats.inference import holm
from analysis.stats.tabulate import choice_matrix, has_answer, labels_of
from analysis.stats.thresholds import ALPHA, UNPLACED
from analysis.text import Language

OF_SHARES = ["question", "answer", "count_before", "n_before", "count_now", "n_now", "n", "gained",
             "lost", "estimate", "low", "high", "p", "p_holm"]  # fmt: skip
OF_SCALES = ["question", "answer", "median_before", "median_now", "n", "rose", "fell", "same", "p",
             "p_holm"]  # fmt: skip
OF_DENOMINATORS = ["question", "n_before", "n_now", "status", "missing_before", "missing_now"]
Test = tuple[Any, ...]  # of the columns above, but for p_holm
BESIDE = 1e-9  # the end of an interval that leaves out zero alone


class Shift(NamedTuple):
    """How many of `n` gained and lost something, and the change of the share; NaN of nobody."""

    n: int
    gained: int = 0
    lost: int = 0
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")


def shift(before: np.ndarray, after: np.ndarray) -> Shift:
    """Change of a share among the same municipalities: bool, in the same order.

    The interval covers at least 95 %: exact (Clopper & Pearson 1934) intervals of the shares that
    gained and that lost, 97.5 % each, joined by Bonferroni's inequality; it is wide at small n. The
    p-value is McNemar's exact test, and zero is in the interval just where it is not rejected.

    >>> s = shift(np.array([0, 0, 0, 0, 1], bool), np.array([1, 1, 1, 0, 1], bool))
    >>> s.gained, s.lost, round(s.estimate, 1), s.p
    (3, 0, 0.6, 0.25)
    """
    before, after = np.asarray(before, bool), np.asarray(after, bool)
    n, gained, lost = len(before), int((~before & after).sum()), int((before & ~after).sum())
    if not n:
        return Shift(0)
    up, down = (stats.binomtest(k, n).proportion_ci(0.975, method="exact") for k in (gained, lost))
    low, high = float(up.low - down.high), float(up.high - down.low)
    p = sign_test(gained, lost)
    if p <= ALPHA:  # an interval that ends just beside zero
        low, high = (max(low, BESIDE), high) if gained > lost else (low, min(high, -BESIDE))
    return Shift(n, gained, lost, (gained - lost) / n, low, high, p)


def least_corrected(*frames: pd.DataFrame) -> tuple[int, float]:
    """Of the frames of `compare_waves`: tests corrected together, and the least p_holm they allow.

    >>> least_corrected(pd.DataFrame({"n": [13] * 124, "p": 1.0}))
    (124, 0.0302734375)
    """
    n = [int(n) for f in frames if len(f) for n in f.loc[f["p"].notna(), "n"]]
    return len(n), min(1.0, len(n) * sign_test(max(n), 0)) if n else float("nan")


def sign_test(up: int, down: int) -> float:
    """Two-sided exact p-value of `up` against `down` (McNemar's test, the sign test).

    >>> sign_test(5, 0), sign_test(2, 2), sign_test(0, 0)
    (0.0625, 1.0, 1.0)
    """
    return float(stats.binomtest(up, up + down).pvalue) if up + down else 1.0


@dataclass(frozen=True)
class Replies:
    """The two frames of a wave's answers, a row a municipality."""

    responses: pd.DataFrame
    status: pd.DataFrame


def compare_waves(
    questions: Iterable[Question], before: Replies, after: Replies, language: Language = "ja"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares and scales of every question in both waves, the largest changes first.

    Returns
    -------
    shares : question, answer, count_before, n_before, count_now, n_now (of all who answered), n,
        gained, lost, estimate, low, high (of those answering both times), p, p_holm.
    scales : question, answer (an item), median_before, median_now, n, rose, fell, same, p, p_holm,
        all of those answering both times. Holm's correction covers both frames together.
    """
    shares: list[Test] = []
    scales: list[Test] = []
    for question in _of_both(questions, before.responses, after.responses):
        if question.type in {"ordinal", *MEASURED}:
            scales += _scales(question, before, after, language)
        elif question.type in COUNTED:
            shares += _shares(question, before, after, language)
    first = pd.DataFrame(shares, columns=OF_SHARES[:-1])
    second = pd.DataFrame(scales, columns=OF_SCALES[:-1])
    adjusted = holm(np.array([*first["p"], *second["p"]], float))
    first["p_holm"], second["p_holm"] = adjusted[: len(first)], adjusted[len(first) :]
    towards = (second["rose"] - second["fell"]).abs() / second["n"].clip(lower=1)
    sizes = first["estimate"].abs(), towards
    first, second = (
        frame.loc[size.astype(float).sort_values(ascending=False, kind="stable").index]
        for frame, size in zip((first, second), sizes, strict=True)
    )
    return first.reset_index(drop=True), second.reset_index(drop=True)


def _of_both(
    questions: Iterable[Question], before: pd.DataFrame, after: pd.DataFrame
) -> list[Question]:
    """The questions that both frames have answers to; none that says who replied."""
    both = before.columns.intersection(after.columns)
    return [q for q in questions if q.role != "id" and q.variables[0] in both]


def _gave(question: Question, wave: Replies, language: Language) -> pd.DataFrame:
    """Whether each municipality that answered gave each answer; of yes and no, whether yes."""
    rows = wave.responses[has_answer(wave.status, question).to_numpy(bool)]
    labels = labels_of(question, language)
    frame = pd.DataFrame(choice_matrix(rows, question), rows.index, list(labels.values()))
    return frame[[labels[1]]] if question.type == "binary" else frame


def _shares(question: Question, before: Replies, after: Replies, language: Language) -> list[Test]:
    rows: list[Test] = []
    gave, gives = (_gave(question, wave, language) for wave in (before, after))
    for label, old in gave.items():
        new = gives[label]
        both = old.index.intersection(new.index, sort=False)
        counts = int(old.sum()), len(old), int(new.sum()), len(new)
        rows.append((question.id, str(label), *counts, *shift(old[both], new[both])))
    return rows


def _scales(question: Question, before: Replies, after: Replies, language: Language) -> list[Test]:
    rows: list[Test] = []
    items = {item.id: item.text[language] for item in question.items}
    for variable in question.variables:
        old, new = (
            wave.responses[variable][wave.status[variable] == "answered"].dropna().astype(float)
            for wave in (before, after)
        )
        both = old.index.intersection(new.index, sort=False)
        change = np.sign(new[both] - old[both])
        rose, fell, same = (int((change == sign).sum()) for sign in (1, -1, 0))
        middle = old[both].median(), new[both].median()
        numbers = *middle, len(both), rose, fell, same, sign_test(rose, fell)
        rows.append((question.id, items.get(variable, ""), *numbers))
    return rows


def denominators(questions: Iterable[Question], before: Replies, after: Replies) -> pd.DataFrame:
    """Questions whose denominator differs between two waves, a row for each reason.

    Columns: question, n_before, n_now (asked and answering), status (a kind of missing answer that
    changed; NA where nothing but the number of replies did), missing_before, missing_now.
    """
    rows: list[Test] = []
    for question in _of_both(questions, before.status, after.status):
        if question.type in UNCOUNTED:
            continue
        there = [has_answer(wave.status, question) for wave in (before, after)]
        n = [int(a.sum()) for a in there]
        if n[0] == n[1]:
            continue
        old, new = (
            Counter(wave.status.loc[~a, question.variables[0]])
            for wave, a in zip((before, after), there, strict=True)
        )
        changed = [(kind, old[kind], new[kind]) for kind in sorted(old | new)]
        changed = [one for one in changed if one[1] != one[2]] or [(pd.NA, pd.NA, pd.NA)]
        rows += [(question.id, *n, *one) for one in changed]
    return pd.DataFrame(rows, columns=OF_DENOMINATORS)


class Memberships(Protocol):
    """The part of a typology that a comparison reads."""

    @property
    def labels(self) -> pd.Series:
        """Type of each municipality (index: code), 0 where it is unplaced."""

    @property
    def membership(self) -> pd.DataFrame:
        """Share of resamples (0 to 1) in each type; no columns where this was not kept."""


@dataclass(frozen=True)
class Movers:
    """Who changed type between two typologies.

    Attributes
    ----------
    types : a row a municipality placed both times; before, after (as each numbers them), moved.
    crossed : the same columns; those that came into a type or left theirs for none.
    matched : type before -> the type after that shares most members.
    expected, low, high : how many would change from the instability of both typologies alone, with
        the 2.5 % and 97.5 % points. p : chance of at least as many as were seen. NaN where no
        memberships were kept.
    """

    types: pd.DataFrame
    crossed: pd.DataFrame
    matched: dict[int, int]
    expected: float
    low: float
    high: float
    p: float

    @property
    def count(self) -> int:
        """How many changed."""
        return int(self.types["moved"].sum())

    @property
    def exceeds(self) -> bool | None:
        """Whether more changed than the instability explains; None where that is not known."""
        return None if np.isnan(self.high) else self.count > self.high


def movers(before: Memberships, after: Memberships) -> Movers:
    """Compare the types of the municipalities that both typologies placed.

    Each type before is matched to one after so that the most members stay (Kuhn 1955, assignment).
    Two draws for a municipality that did not move end in different types with probability 1 - the
    sum of its squared memberships, which are shares of resamples; the mean of both waves' is taken,
    and how many so differ is Poisson-binomial.
    """
    both = before.labels.index.intersection(after.labels.index, sort=False)
    old, new = before.labels[both].astype(int), after.labels[both].astype(int)
    in_types = ((old != UNPLACED) & (new != UNPLACED)).to_numpy(bool)
    overlap = pd.crosstab(old[in_types], new[in_types])
    rows, columns = linear_sum_assignment(-overlap.to_numpy())
    kinds = overlap.index[rows].tolist(), overlap.columns[columns].tolist()
    matched = dict(zip(*kinds, strict=True))
    as_after = old.map({UNPLACED: UNPLACED, **matched})
    table = pd.DataFrame({"before": old, "after": new, "moved": as_after != new})
    types, crossed = table[in_types], table[~in_types & table["moved"].to_numpy(bool)]
    # the chance of each to end in another type when drawn again
    waves = (m.reindex(types.index) for m in (before.membership, after.membership) if m.shape[1])
    stay = [(member**2).sum(axis=1, min_count=1) for member in waves]
    leave = 1 - pd.DataFrame(stay, columns=types.index).mean().dropna().clip(0, 1).to_numpy(float)
    expected = low = high = p = float("nan")
    if leave.size:
        pmf = stats.poisson_binom.pmf(np.arange(leave.size + 1), leave)
        below = pmf.cumsum()
        expected, p = float(leave.sum()), float(pmf[int(types["moved"].sum()) :].sum())
        low, high = (float(np.searchsorted(below, at)) for at in (0.025, 0.975))
    return Movers(types, crossed, matched, expected, low, high, p)
