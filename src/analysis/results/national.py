"""The published totals of all municipalities, beside a survey that is not the nation."""

from __future__ import annotations

import pandas as pd

from analysis import paths
from analysis.codebook import national
from analysis.figures.gallery import Gallery
from analysis.show import Frame
from analysis.survey import Survey


def totals(survey: Survey) -> Frame:
    """Every published total, a row a point; see `analysis.codebook.national.totals`.

    Columns: total, year, as_of (NA where the day is not known), count, n, percent, edition,
    source, series, when (a place on an axis of years), current (no later edition replaced it).
    Empty where the codebook names none.
    """
    columns = ["total", "year", "as_of", "count", "n", "percent", "edition", "source"]
    more = ["series", "when", "current"]
    if survey.codebook.published is None:
        return Frame(columns=[*columns, *more])
    frame = national.totals(paths.codebooks() / survey.codebook.published)
    source = frame["source_ja" if survey.language == "ja" else "source"]
    return Frame(
        frame.rename(columns={"item": "total"}).assign(
            source=source,
            percent=100 * frame["share"],
            year=frame["year"].astype(str),
            as_of=frame["as_of"].replace("", pd.NA),
        )[[*columns, *more]]
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
