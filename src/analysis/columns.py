"""Columns of answers: what was read of each distinct text spread over the rows, typed and shown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook import Question
from analysis.parsed import Parsed


def spread(read: list[Parsed], codes: np.ndarray, option: int | None) -> np.ndarray:
    """Values of the distinct texts over the rows; for one option of a multi, whether chosen."""
    distinct = np.empty(len(read), object)
    for u, parsed in enumerate(read):
        value = parsed.value
        if option is not None and value is not None:
            value = option in value
        distinct[u] = value
    return distinct[codes]


def where(condition: np.ndarray, this: Any, that: Any) -> np.ndarray:
    """`np.where` of object arrays."""
    return np.where(condition, this, that)


def typed(values: np.ndarray, question: Question) -> Any:
    """A column of answers with the dtype of its question; None where there is no value."""
    series = pd.Series(values, dtype="object")
    if question.dtype == "datetime64[s]":
        return pd.to_datetime(series).astype("datetime64[s]")
    if question.dtype == "str":
        return series.astype("str").where(series.notna(), None).astype("str")
    return series.astype(question.dtype)


def shown(value: Any, question: Question | None = None) -> str:
    """A value as a finding tells it: codes, not True and False.

    >>> shown(frozenset({3, 1})), shown(True), shown(62.0)
    ('1、3', '1', '62')
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dt.date):
        month = question is not None and question.precision == "month"
        return value.isoformat()[:7] if month else value.isoformat()
    return "" if value is None else str(value)
