"""Frequency and cross tables that say what they are percentages of.

The denominator of a question is the municipalities that were asked it and answered: those the skip
rule left out are not in it, and each kind of missing is counted apart.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from analysis.codebook.municipality import size_labels
from analysis.codebook.questions import Question, value_labels
from analysis.errors import Message, refusal
from analysis.text import Language

MEASURES = ("median", "lower", "upper", "least", "greatest", "mean")  # lower, upper quartile
Values = TypeVar("Values", pd.Series, pd.DataFrame)
# the group of each respondent; or who chose each of several answers, groups that overlap
Breakdown: TypeAlias = pd.Series | pd.DataFrame
SHORT = 2  # the two lowest answers of the question on shortage say: short of people


@dataclass(frozen=True)
class FrequencyTable:
    """A tabulated question.

    Attributes
    ----------
    frame : columns ``count`` and ``share`` (0 to 1) of `n`, a row an answer (`answer_index`).
        For numbers: one row a statistic, column ``value``.
    n : municipalities that answered: the denominator.
    missing : kind of missing -> municipalities.
    protected : whether an edition hides small numbers of it, so that answers are counted together.
    """

    frame: pd.DataFrame
    n: int
    missing: dict[str, int]
    protected: bool = False


def align(values: Values, index: pd.Index, what: str = Message("the breakdown")) -> Values:
    """Values from outside, in the order of `index`: matched by code, never by position.

    `values` may hold more codes than `index`, and NaN. Raises InputError, which calls it `what`: it
    is no frame of pandas, lacks a code of `index`, or holds a code twice.

    >>> codes = pd.Index(["011002", "012025"])
    >>> align(pd.Series(["city", "town"], index=["012025", "011002"]), codes).tolist()
    ['town', 'city']
    >>> align(pd.Series(["town", "city"]), codes)
    Traceback (most recent call last):
    ...
    analysis.errors.InputError: the breakdown has not one value for each of 2 respondents ...
    """
    codes: pd.Index = values.index if isinstance(values, pd.Series | pd.DataFrame) else pd.Index([])
    if codes is index or (codes.equals(index) and index.is_unique):
        return values
    wrong = [*index[~index.isin(codes)], *codes[codes.duplicated()]]
    if wrong:
        codes, more = ", ".join(map(str, wrong[:5])), ", ..." if len(wrong) > 5 else ""
        raise refusal("survey.one_value_each", subject=what, of=len(index), codes=codes, more=more)
    return values.reindex(index)


def labels_of(question: Question, language: Language) -> dict[int, str]:
    """Option codes and what they are called, in tables as in the code table of the data set."""
    if question.type == "binary":
        return {code: text[language] for code, text in value_labels(question).items()}
    return {option.code: option.text[language] for option in question.options}


def answer_index(question: Question, language: Language) -> pd.MultiIndex:
    """The answers of a question: ``variable`` and ``code`` of each, and what it is called."""
    labels = labels_of(question, language)
    several = question.type == "multi"
    variables = question.variables if several else [question.id] * len(labels)
    codes = map(str, labels)
    return pd.MultiIndex.from_arrays(
        [variables, list(codes), list(labels.values())], names=["variable", "code", "answer"]
    )


def with_unit(question: Question, language: Language) -> str:
    """The short text of a question with its unit in brackets, where it does not contain it.

    >>> from analysis.codebook.model import Codebook
    >>> book = Codebook.read("it-staffing")
    >>> [with_unit(book[id], "ja") for id in ("Q08", "Q11", "Q07")]
    ['情報部門の常勤職員数（人）', '常駐SE等（常勤換算、人）', '政策担当課の取組み']
    >>> with_unit(book["Q11"], "en")
    'Resident contractors (FTE)'
    """
    name, (opens, closes) = question.label[language], "（）" if language == "ja" else (" (", ")")
    unit = question.unit_in(language)
    noun, _, more = unit.partition("（")
    if more and f"（{more}" in name and name.endswith("）"):
        return f"{name[:-1]}、{noun}）"
    return f"{name}{opens}{unit}{closes}" if unit and f"{opens}{unit}" not in name else name


def as_categories(values: pd.Series, question: Question, language: Language) -> pd.Series:
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
    """Each respondent's status for a question; a battery is answered if any item is.

    Of one without any answer it is the most frequent of its items.
    """
    if question.type != "battery":
        return status[question.variables[0]]
    items = status[list(question.variables)].astype(object)
    kinds = sorted(pd.unique(items.to_numpy().ravel()))  # of two as frequent the first
    counts = pd.concat({kind: (items == kind).sum(axis=1) for kind in kinds}, axis=1)
    return counts.idxmax(axis=1).mask(has_answer(status, question), "answered")


def has_answer(status: pd.DataFrame, question: Question) -> pd.Series:
    """Which municipalities answered the question (for a battery: any item)."""
    return (status[list(question.variables)] == "answered").any(axis=1)


def state_of(status: pd.DataFrame, code: str, question: Question) -> str:
    """Whether one municipality answered the question (of a battery: any item), or why not."""
    states = [str(status.at[code, variable]) for variable in question.variables]
    return "answered" if "answered" in states else states[0]


def choice_matrix(responses: pd.DataFrame, question: Question) -> np.ndarray:
    """Whether each respondent chose each option of `labels_of`, a column an option."""
    if question.type == "multi":
        ticked = [responses[v].to_numpy(bool, na_value=False) for v in question.variables]
        return np.column_stack(ticked)
    values = responses[question.id].astype("Int64").to_numpy(float, na_value=np.nan)
    return np.equal.outer(values, list(labels_of(question, "ja")))


def frequency(
    responses: pd.DataFrame, status: pd.DataFrame, question: Question, language: Language = "ja"
) -> FrequencyTable:
    """Tabulate one question (a battery: the mean of each item; text: only how many answered)."""
    there = has_answer(status, question).to_numpy(bool)
    n = int(there.sum())
    absent = Counter(status[question.variables[0]].to_numpy(object)[~there])
    missing = {str(kind): count for kind, count in absent.most_common()}
    match question.type:
        case "multi" | "single" | "ordinal" | "binary":
            counts = choice_matrix(responses, question)[there].sum(axis=0)
            shares = counts / n if n else np.full(len(counts), np.nan)
            columns = {"count": counts, "share": shares}
            return FrequencyTable(
                pd.DataFrame(columns, answer_index(question, language)), n, missing
            )
        case "battery":
            items = responses[list(question.variables)][there].astype("Float64")
            frame = items.agg(["count", "mean", "median"]).T.astype({"count": int, "mean": float})
            frame.index = pd.Index([item.text[language] for item in question.items])
            return FrequencyTable(frame.astype({"median": float}), n, missing)
        case "integer" | "ratio":
            return FrequencyTable(summary(responses[question.id][there]), n, missing)
    return FrequencyTable(pd.DataFrame({"count": [n]}, index=["—"]), n, missing)


def summary(values: pd.Series) -> pd.DataFrame:
    """Median, quartiles, least, greatest and mean of numbers: index `MEASURES`, column value."""
    x = values.dropna().astype(float)
    quantiles = x.quantile([0.5, 0.25, 0.75, 0.0, 1.0]).tolist()
    return pd.DataFrame({"value": [*quantiles, x.mean()]}, index=list(MEASURES))


def groups(by: pd.Series) -> list[Any]:
    """The groups of a breakdown in their order."""
    if isinstance(by.dtype, pd.CategoricalDtype):
        return list(by.cat.categories)
    return sorted(by.dropna().unique())


def members(by: Breakdown) -> dict[Any, np.ndarray]:
    """Group of a breakdown -> whether each respondent is in it; in the order of the groups.

    >>> [at.tolist() for at in members(pd.Series(["b", None, "a"])).values()]
    [[False, False, True], [True, False, False]]
    """
    if isinstance(by, pd.DataFrame):
        return {option: by[option].to_numpy(bool) for option in by if by[option].any()}
    return {group: (by == group).fillna(False).to_numpy(bool) for group in groups(by)}


def cross(
    responses: pd.DataFrame,
    status: pd.DataFrame,
    question: Question,
    by: Breakdown,
    language: Language = "ja",
) -> tuple[pd.DataFrame, pd.Series]:
    """Counts of a question with options, answers down and groups across, and who answered.

    The latter, how many of each group did, is the denominator of the group's shares.
    """
    there = has_answer(status, question).to_numpy(bool)
    every = members(align(by, responses.index))
    inside = {group: at & there for group, at in every.items()}
    gave, rows = choice_matrix(responses, question), answer_index(question, language)
    counts = {group: gave[at].sum(axis=0) for group, at in inside.items()}
    return pd.DataFrame(counts, rows), pd.Series({g: m.sum() for g, m in inside.items()}, dtype=int)
