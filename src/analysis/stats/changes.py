"""Two waves of one survey: shares and values that moved, and who changed type.

Compared are the municipalities that answered a question in both waves, so that who happens to reply
is not taken for a change; the shares of all who answered are given too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import linear_sum_assignment

from analysis.codebook.questions import Question
from analysis.stats.inference import holm
from analysis.stats.tabulate import answered, labels_of
from analysis.stats.thresholds import ALPHA, UNPLACED
from analysis.text import Language

SHARES = ("single", "binary", "multi")
SCALES = ("ordinal", "battery", "integer", "ratio")
OF_SHARES = ["question", "answer", "count_before", "n_before", "count_now", "n_now", "n", "gained",
             "lost", "estimate", "low", "high", "p", "p_holm"]  # fmt: skip
OF_SCALES = ["question", "answer", "median_before", "median_now", "n", "rose", "fell", "same", "p",
             "p_holm"]  # fmt: skip
OF_DENOMINATORS = ["question", "n_before", "n_now", "status", "missing_before", "missing_now"]
Row = tuple[Any, ...]  # of the columns above, but for p_holm
BESIDE = 1e-9  # an end of an interval that does not hold zero but all values next to it


class Shift(NamedTuple):
    """How many of `n` gained and lost something, the change of the share, and how sure it is."""

    n: int
    gained: int
    lost: int
    estimate: float
    low: float
    high: float
    p: float


def shift(before: np.ndarray, after: np.ndarray) -> Shift:
    """Change of a share among the same municipalities.

    The interval covers at least 95 %: exact (Clopper & Pearson 1934) intervals of the shares that
    gained and that lost, 97.5 % each, joined by Bonferroni's inequality; it makes no assumption on
    how the two hang together and is wide at small n. The p-value is McNemar's exact test, and zero
    itself is in the interval just where that test does not reject it.

    `before`, `after`: bool, one entry a municipality, in the same order.

    >>> s = shift(np.array([0, 0, 0, 0, 1], bool), np.array([1, 1, 1, 0, 1], bool))
    >>> s.gained, s.lost, round(s.estimate, 1), s.p
    (3, 0, 0.6, 0.25)
    """
    before, after = np.asarray(before, bool), np.asarray(after, bool)
    n, gained, lost = len(before), int((~before & after).sum()), int((before & ~after).sum())
    if not n:
        return Shift(0, 0, 0, *(float("nan"),) * 4)
    up, down = (stats.binomtest(k, n).proportion_ci(0.975, method="exact") for k in (gained, lost))
    low, high = float(up.low - down.high), float(up.high - down.low)
    p = sign_test(gained, lost)
    if p <= ALPHA:  # an interval that ends just beside zero
        low, high = (max(low, BESIDE), high) if gained > lost else (low, min(high, -BESIDE))
    return Shift(n, gained, lost, (gained - lost) / n, low, high, p)


def least_corrected(*frames: pd.DataFrame) -> tuple[int, float]:
    """Of the frames of `moved`: tests corrected together, and the least corrected p they allow.

    The sign test gives its least where all who answered both times changed the same way.

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
class Wave:
    """The two frames of a wave's answers, a row a municipality."""

    responses: pd.DataFrame
    status: pd.DataFrame


def moved(
    questions: Iterable[Question], before: Wave, after: Wave, language: Language = "ja"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares and scales of every question in both waves, the largest changes first.

    Returns
    -------
    shares : question, answer, count_before, n_before, count_now, n_now (of all who answered), n,
        gained, lost, estimate, low, high (of those answering both times), p, p_holm.
    scales : question, answer (an item), median_before, median_now, n, rose, fell, same, p, p_holm,
        all of those answering both times. Holm's correction covers both frames together.
    """
    shares: list[Row] = []
    scales: list[Row] = []
    for question in _of_both(questions, before.responses, after.responses):
        if question.type in SHARES:
            shares += _shares(question, before, after, language)
        elif question.type in SCALES:
            scales += _scales(question, before, after, language)
    first = pd.DataFrame(shares, columns=OF_SHARES[:-1])
    second = pd.DataFrame(scales, columns=OF_SCALES[:-1])
    adjusted = holm(np.array([*first["p"], *second["p"]], float))
    first["p_holm"], second["p_holm"] = adjusted[: len(first)], adjusted[len(first) :]
    towards = (second["rose"] - second["fell"]).abs().astype(float)
    sizes = first["estimate"].abs(), towards / second["n"].clip(lower=1).astype(float)
    first, second = (
        frame.loc[size.fillna(-1).sort_values(ascending=False, kind="stable").index]
        for frame, size in zip((first, second), sizes, strict=True)
    )
    return first.reset_index(drop=True), second.reset_index(drop=True)


def _of_both(
    questions: Iterable[Question], before: pd.DataFrame, after: pd.DataFrame
) -> list[Question]:
    """The questions that both frames have answers to; none that says who replied."""
    asked = (q for q in questions if q.role != "id")
    return [q for q in asked if q.variables[0] in before and q.variables[0] in after]


def _gave(question: Question, wave: Wave, language: Language) -> dict[str, pd.Series]:
    """Answer -> whether each municipality that answered gave it."""
    rows = wave.responses[answered(wave.status, question).to_numpy(bool)]
    if question.type == "multi":
        options = zip(question.options, question.variables, strict=True)
        return {o.text[language]: rows[name].fillna(False).astype(bool) for o, name in options}
    codes = labels_of(question, language)
    if question.type == "binary":
        codes = {1: codes[1]}  # the other answer is its mirror
    values = rows[question.id].astype("Int64")
    return {label: (values == code).astype(bool) for code, label in codes.items()}


def _shares(question: Question, before: Wave, after: Wave, language: Language) -> list[Row]:
    rows: list[Row] = []
    now = _gave(question, after, language)
    for label, old in _gave(question, before, language).items():
        new = now[label]
        both = old.index.intersection(new.index, sort=False)
        found = shift(old[both].to_numpy(bool), new[both].to_numpy(bool))
        counts = int(old.sum()), len(old), int(new.sum()), len(new)
        rows.append((question.id, label, *counts, *found))
    return rows


def _scales(question: Question, before: Wave, after: Wave, language: Language) -> list[Row]:
    rows: list[Row] = []
    names = {item.id: item.text[language] for item in question.items}
    for variable in question.variables:
        old, new = (
            wave.responses[variable][wave.status[variable] == "answered"].dropna().astype(float)
            for wave in (before, after)
        )
        both = old.index.intersection(new.index, sort=False)
        change = np.sign(new[both] - old[both])
        rose, fell, same = (int((change == sign).sum()) for sign in (1, -1, 0))
        numbers = old[both].median(), new[both].median(), len(both), rose, fell, same
        rows.append((question.id, names.get(variable, ""), *numbers, sign_test(rose, fell)))
    return rows


def denominators(questions: Iterable[Question], before: Wave, after: Wave) -> pd.DataFrame:
    """Questions of which another number of municipalities is the denominator, a row a reason.

    Columns: question, n_before, n_now (asked and answering), status (a kind of missing answer that
    changed; NA where nothing but the number of replies did), missing_before, missing_now.
    """
    rows: list[Row] = []
    for question in _of_both(questions, before.status, after.status):
        if question.type in {"text", "date"}:
            continue
        there = [answered(wave.status, question) for wave in (before, after)]
        n = [int(a.sum()) for a in there]
        if n[0] == n[1]:
            continue
        old, new = (
            wave.status.loc[~a, question.variables[0]].value_counts()
            for wave, a in zip((before, after), there, strict=True)
        )
        kinds = sorted({*old.index, *new.index})
        changed = [(k, old.get(k, 0), new.get(k, 0)) for k in kinds if old.get(k) != new.get(k)]
        rows += [(question.id, *n, *one) for one in changed or [(pd.NA, pd.NA, pd.NA)]]
    return pd.DataFrame(rows, columns=OF_DENOMINATORS)


class Placed(Protocol):
    """What a comparison needs of a typology; ``typology.study.Typology`` is one."""

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
    types : index the municipalities placed both times; columns before, after (as each typology
        numbers them), moved.
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


def movers(before: Placed, after: Placed) -> Movers:
    """Compare the types of the municipalities that both typologies placed.

    Numbers of types mean nothing across waves: each type before is matched to one after so that the
    most members stay (Kuhn 1955, assignment). Memberships are shares of resamples, so two draws
    for a municipality that did not move end in different types with probability 1 - the sum of its
    squared memberships; the mean of both waves' is taken, and the count of such is
    Poisson-binomial.
    """
    both = before.labels.index.intersection(after.labels.index, sort=False)
    old, new = before.labels[both].astype(int), after.labels[both].astype(int)
    placed = ((old != UNPLACED) & (new != UNPLACED)).to_numpy(bool)
    overlap = pd.crosstab(old[placed], new[placed])
    rows, columns = linear_sum_assignment(-overlap.to_numpy())
    pairs = zip(overlap.index[rows], overlap.columns[columns], strict=True)
    matched = {int(old_kind): int(new_kind) for old_kind, new_kind in pairs}
    called = old.map({UNPLACED: UNPLACED, **matched})
    table = pd.DataFrame({"before": old, "after": new, "moved": called != new})
    types, crossed = table[placed], table[~placed & table["moved"].to_numpy(bool)]
    # the chance of each to end in another type when drawn again
    kept = [m.reindex(types.index) for m in (before.membership, after.membership) if m.shape[1]]
    stay = [(member**2).sum(axis=1, min_count=1) for member in kept]
    leave = 1 - pd.DataFrame(stay, columns=types.index).mean().dropna().clip(0, 1).to_numpy(float)
    expected = low = high = p = float("nan")
    if leave.size:
        pmf = stats.poisson_binom.pmf(np.arange(leave.size + 1), leave)
        below = pmf.cumsum()
        expected, p = float(leave.sum()), float(pmf[int(types["moved"].sum()) :].sum())
        low, high = (float(np.searchsorted(below, at)) for at in (0.025, 0.975))
    return Movers(types, crossed, matched, expected, low, high, p)
