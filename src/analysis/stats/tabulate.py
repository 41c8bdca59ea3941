"""Frequency and cross tables that say what they are percentages of.

The denominator of a question is the municipalities that were asked it and answered: those the skip
rule left out are not in it, and each kind of missing is counted apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from analysis.codebook.municipality import size_labels
from analysis.codebook.questions import Question
from analysis.errors import InputError, Message
from analysis.text import Language, label

MEASURES = ("median", "lower", "upper", "least", "greatest", "mean")  # lower, upper quartile
Given = TypeVar("Given", pd.Series, pd.DataFrame)
SHORT = 2  # the two lowest answers of the question on shortage say: short of people
BREAKDOWNS = ("single", "ordinal", "binary")  # types of questions that others are broken down by


@dataclass(frozen=True)
class Counted:
    """A tabulated question.

    Attributes
    ----------
    frame : index the answers; columns ``count`` and ``share`` (0 to 1) of `n`. For numbers: one
        row a statistic, column ``value``.
    n : municipalities that answered: the denominator.
    missing : kind of missing -> municipalities.
    """

    frame: pd.DataFrame
    n: int
    missing: dict[str, int]


def aligned(given: Given, index: pd.Index, what: str = Message("the breakdown")) -> Given:
    """Values given from outside, in the order of `index`: matched by code, never by position.

    `given` may hold more codes than `index`, and NaN; an InputError, which calls it `what`, where
    it has no such index, a code twice, or lacks a respondent.

    >>> codes = pd.Index(["011002", "012025"])
    >>> aligned(pd.Series(["city", "town"], index=["012025", "011002"]), codes).tolist()
    ['town', 'city']
    >>> aligned(pd.Series(["town", "city"]), codes)
    Traceback (most recent call last):
    ...
    analysis.errors.InputError: the breakdown is not indexed by the codes of the respondents ...
    """
    if not isinstance(given, pd.Series | pd.DataFrame):
        raise InputError(
            "{subject} is a {name}, whose values have no code beside them",
            hint="give a pandas Series indexed by code, like survey.responses.index",
            subject=what,
            name=type(given).__name__,
        )
    if given.index is index or (given.index.equals(index) and index.is_unique):
        return given
    lacking = index[~index.isin(given.index)]
    if len(lacking) == len(index) > 0:
        here, wanted = (", ".join(map(repr, codes[:2].tolist())) for codes in (given.index, index))
        raise InputError(
            "{subject} is not indexed by the codes of the respondents (it has {here}; they "
            "are {wanted})",
            hint="index it by code, as text with leading zeros, like survey.responses.index",
            subject=what,
            here=here or Message("no row"),
            wanted=wanted,
        )
    if len(lacking):
        raise InputError(
            "{subject} lacks {n:,} of {of:,} respondents ({codes}{more})",
            hint="give a value for each of them",
            subject=what,
            n=len(lacking),
            of=len(index),
            codes=", ".join(map(str, lacking[:5])),
            more=", ..." if len(lacking) > 5 else "",
        )
    if given.index.has_duplicates:
        raise InputError(
            "{subject} holds the code {twice} twice",
            hint="keep one row of each",
            subject=what,
            twice=given.index[given.index.duplicated()][0],
        )
    return given.reindex(index)


def labels_of(question: Question, language: Language) -> dict[int, str]:
    """Option codes and what they are called."""
    if question.type == "binary" and not question.options:
        return {1: label("answers.yes", language), 0: label("answers.no", language)}
    return {option.code: option.text[language] for option in question.options}


def with_unit(question: Question, language: Language) -> str:
    """The short text of a question with its unit in brackets, where that is not yet in it.

    >>> from analysis.codebook.model import Codebook
    >>> book = Codebook.read("it-staffing")
    >>> [with_unit(book[id], "ja") for id in ("Q08", "Q11", "Q07")]
    ['情報部門の常勤職員数（人）', '常駐SE等（常勤換算、人）', '政策担当課の取組み']
    >>> with_unit(book["Q11"], "en")
    'Resident contractors (FTE)'
    """
    name, (opens, closes) = question.label[language], "（）" if language == "ja" else (" (", ")")
    unit = question.unit[language] if question.unit else ""
    noun, _, more = unit.partition("（")
    if more and f"（{more}" in name and name.endswith("）"):
        return f"{name[:-1]}、{noun}）"
    return f"{name}{opens}{unit}{closes}" if unit and f"{opens}{unit}" not in name else name


def labelled(values: pd.Series, question: Question, language: Language) -> pd.Series:
    """Codes as labelled categories in the order of the questionnaire."""
    labels = labels_of(question, language)
    kinds = pd.CategoricalDtype(list(labels.values()), ordered=True)
    return values.astype("Int64").map(labels).astype(kinds)


def size_class_labels(classes: pd.Series, language: Language) -> pd.Series:
    """Size classes as labelled categories, largest first; only those that occur."""
    labels = size_labels(classes.dropna().astype("str"), language)
    there = [label for name, label in labels.items() if (classes == name).any()]
    return classes.map(labels).astype(pd.CategoricalDtype(there, ordered=True))


def state(status: pd.DataFrame, question: Question) -> pd.Series:
    """Each respondent's status for a question; of a battery the most frequent of its items."""
    first, *others = (status[v] for v in question.variables)
    if question.type != "battery" or not others:
        return first
    cells = np.stack([part.to_numpy(object) for part in (first, *others)])
    kinds = sorted(pd.unique(cells.ravel()))  # of two as frequent the first
    often = np.argmax([(cells == kind).sum(axis=0) for kind in kinds], axis=0)
    return pd.Series(np.array(kinds, object)[often], index=status.index)


def answered(status: pd.DataFrame, question: Question) -> pd.Series:
    """Which municipalities answered the question (for a battery: any item)."""
    known = [status[v].to_numpy(object) == "answered" for v in question.variables]
    return pd.Series(np.any(known, axis=0), index=status.index)


def state_of(status: pd.DataFrame, code: str, question: Question) -> str:
    """Whether one municipality answered the question (of a battery: any item), or why not."""
    states = [str(status.at[code, variable]) for variable in question.variables]
    return "answered" if "answered" in states else states[0]


def chosen(responses: pd.DataFrame, question: Question) -> np.ndarray:
    """Whether each respondent chose each option of `labels_of`, a column an option."""
    if question.type == "multi":
        ticked = [responses[v].to_numpy(bool, na_value=False) for v in question.variables]
        return np.column_stack(ticked)
    values = responses[question.id].astype("Int64").to_numpy(float, na_value=np.nan)
    return np.equal.outer(values, list(labels_of(question, "ja")))


def frequency(
    responses: pd.DataFrame, status: pd.DataFrame, question: Question, language: Language = "ja"
) -> Counted:
    """Tabulate one question (a battery: the mean of each item; text: only how many answered)."""
    there = answered(status, question).to_numpy(bool)
    n = int(there.sum())
    absent = Counter(status[question.variables[0]].to_numpy(object)[~there])
    missing = {str(kind): count for kind, count in absent.most_common()}
    match question.type:
        case "multi" | "single" | "ordinal" | "binary":
            counts = chosen(responses, question)[there].sum(axis=0)
            shares = counts / n if n else np.full(len(counts), np.nan)
            labels = list(labels_of(question, language).values())
            return Counted(pd.DataFrame({"count": counts, "share": shares}, labels), n, missing)
        case "battery":
            items = responses[list(question.variables)][there].astype("Float64")
            measured = {"count": items.notna().sum(), "mean": items.mean()}
            frame = pd.DataFrame(measured | {"median": items.median()})
            frame.index = pd.Index([item.text[language] for item in question.items])
            return Counted(frame.astype({"mean": float, "median": float}), n, missing)
        case "integer" | "ratio":
            numbers = responses[question.id][there].astype("Float64")
            return Counted(summary(numbers), n, missing)
    return Counted(pd.DataFrame({"count": [n]}, index=["—"]), n, missing)


def summary(values: pd.Series) -> pd.DataFrame:
    """Median, quartiles, least, greatest and mean of numbers: index `MEASURES`, column value."""
    x = values.dropna().astype(float)
    quartiles = [x.quantile(0.25), x.quantile(0.75)]
    got = [x.median(), *quartiles, x.min(), x.max(), x.mean()]
    return pd.DataFrame({"value": got}, index=list(MEASURES))


def groups(by: pd.Series) -> list[Any]:
    """The groups of a breakdown in their order."""
    if isinstance(by.dtype, pd.CategoricalDtype):
        return list(by.cat.categories)
    return sorted(by.dropna().unique())


def cross(
    responses: pd.DataFrame,
    status: pd.DataFrame,
    question: Question,
    by: pd.Series,
    language: Language = "ja",
) -> tuple[pd.DataFrame, pd.Series]:
    """Counts, answers down and groups across, and of each group how many of its members answered.

    The latter is the denominator of the group's shares.
    """
    by = aligned(by, responses.index)
    names = list(question.variables)
    parts = {}
    for group in groups(by):
        rows = (by == group).fillna(False).to_numpy(bool)
        parts[group] = frequency(responses[names][rows], status[names][rows], question, language)
    counts = pd.DataFrame({group: part.frame["count"] for group, part in parts.items()})
    return counts, pd.Series({group: part.n for group, part in parts.items()}, dtype="int64")
