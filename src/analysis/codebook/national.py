"""What is known of all municipalities: published totals by year, and the size classes by date."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.codebook.municipality import SIZE_CLASSES, register, size_class


@cache
def totals(file: Path) -> pd.DataFrame:
    """Published totals, a row a point, from a file that a codebook names under ``published``.

    Columns: item (an id of the labels ``total``), year, as_of (empty where it is not known), count,
    n, edition (an id of the labels ``edition``), series, source; `share` = count / n; `when`, the
    place on an axis of years; `current`, whether no later edition replaced it.

    Points of one series may be compared. Between two series of an item the definition or the
    edition differs, which is a break and no trend.

    Examples
    --------
    >>> from analysis import paths
    >>> file = paths.codebooks() / "national_totals.csv"
    >>> cio = totals(file).query("item == 'cio' and current")
    >>> cio[["year", "count", "series"]].to_numpy().tolist()
    [[2022, 1222, 3], [2023, 1270, 3]]
    """
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table = table.astype(dict.fromkeys(("year", "count", "n", "series"), int))
    dated = pd.to_datetime(table["as_of"].where(table["as_of"] != ""), format="%Y-%m-%d")
    within = ((dated.dt.day_of_year - 1) / 365.25).fillna(0.25)  # undated: as of 1 April
    later = table["edition"] == "corrected"
    replaced = table.loc[later, ["item", "year"]].apply(tuple, axis=1)
    known = table[["item", "year"]].apply(tuple, axis=1)
    return table.assign(
        share=table["count"] / table["n"],
        when=table["year"] + within,
        current=later | ~known.isin(set(replaced)),
    )


def size_classes(on: dt.date) -> pd.Series:
    """How many municipalities are in each size class on a date.

    Examples
    --------
    >>> size_classes(dt.date(2019, 10, 3)).to_dict()["core_city"]
    58
    """
    classes = pd.Series([size_class(code, on) for code in register().index])
    return classes.value_counts().reindex(list(SIZE_CLASSES), fill_value=0)
