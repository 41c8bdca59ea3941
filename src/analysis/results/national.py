"""The published totals of all municipalities, beside a survey that is not the nation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from analysis import paths
from analysis.figures.gallery import Gallery
from analysis.show import Frame
from analysis.survey import Survey


def totals(survey: Survey) -> Frame:
    """Every published total, a row a point; see `published`.

    Columns: total, year, as_of (NA where the day is not known), count, n, percent, edition,
    source, series, when (a place on an axis of years), current (no later edition replaced it).
    Empty where the codebook names none.
    """
    columns = ["total", "year", "as_of", "count", "n", "percent", "edition", "source"]
    more = ["series", "when", "current"]
    if survey.codebook.published is None:
        return Frame(columns=[*columns, *more])
    frame = published(paths.codebooks() / survey.codebook.published)
    source = frame["source_ja" if survey.language == "ja" else "source"]
    return Frame(
        frame.rename(columns={"item": "total"}).assign(
            source=source,
            percent=100 * frame["share"],
            year=frame["year"].astype(str),
            as_of=frame["as_of"].replace("", pd.NA),
        )[[*columns, *more]]
    )


@cache
def published(file: Path) -> pd.DataFrame:
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
    >>> cio = published(file).query("item == 'cio' and current")
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
