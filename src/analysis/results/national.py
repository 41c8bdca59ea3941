"""The published totals of all municipalities, beside a survey that is not the nation."""

from __future__ import annotations

import pandas as pd

from analysis import paths
from analysis.figures.gallery import Gallery
from analysis.show import Frame
from analysis.survey import Survey


def totals(survey: Survey) -> Frame:
    """Every published total, a row a point, of the file that the codebook names (``published``).

    Columns: total (an id of the labels ``total``), year, as_of (NA where the day is not known),
    count, n, percent, edition (an id of the labels ``edition``), source, series, when (a place on
    an axis of years), current (no later edition replaced it). Points of one series may be compared;
    between two series the definition or the edition differs, which is a break and no trend. Empty
    where the codebook names no file.

    >>> cio = totals(Survey.load("demo-2019", files=False)).query("total == 'cio' and current")
    >>> cio[["year", "count", "series"]].to_numpy().tolist()
    [['2022', 1222, 3], ['2023', 1270, 3]]
    """
    columns = ["total", "year", "as_of", "count", "n", "percent", "edition", "source",
               "series", "when", "current"]  # fmt: skip
    if survey.codebook.published is None:
        return Frame(columns=columns)
    file = paths.codebooks() / survey.codebook.published
    numbers = dict.fromkeys(("count", "n", "series"), int)
    table = pd.read_csv(file, dtype=str, keep_default_na=False).astype(numbers)
    table = table.rename(columns={"item": "total"}).replace({"as_of": {"": pd.NA}})
    day = pd.to_datetime(table["as_of"], format="%Y-%m-%d").dt.day_of_year
    within = ((day - 1) / 365.25).fillna(0.25)  # undated: as of 1 April
    corrected = table["edition"] == "corrected"
    replaced = corrected.groupby([table["total"], table["year"]]).transform("any")
    table = table.assign(
        source=table["source_ja" if survey.language == "ja" else "source"],
        percent=100 * (table["count"] / table["n"]),
        when=table["year"].astype(int) + within,
        current=corrected | ~replaced,
    )
    return Frame(table[columns])


def newest(totals: Frame) -> Frame:
    """Those of the last day of which any is known."""
    current = totals[totals["current"].astype(bool)]
    return current[current["as_of"] == current["as_of"].max()]


def of_several_years(totals: Frame) -> Frame:
    """Those of which there are points enough for a line."""
    return totals[totals.groupby("total")["when"].transform("nunique") > 1]


def broken(totals: Frame) -> list[str]:
    """The totals whose definition or edition changed, so that no line joins their points."""
    series = totals.groupby("total", sort=False)["series"].nunique()
    return list(series.index[series > 1])


def gallery(survey: Survey) -> Gallery:
    """Where figures and tables of published totals are shown: not invented, whatever the survey."""
    return Gallery(
        survey.output,
        language=survey.language,
        source=survey.label("figure.national"),
        invented=False,
    )
