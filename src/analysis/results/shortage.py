"""Who is short of people, and what the municipalities of each size class do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis import edition
from analysis.codebook.model import Question
from analysis.edition import protects
from analysis.results import types
from analysis.show import Frame, NotAvailable
from analysis.stats import disclosure, population, tabulate
from analysis.stats.tabulate import SHORT, aligned
from analysis.survey import Survey
from analysis.tabulation import to_answer
from analysis.typology.study import Typology

NEEDED = 3  # yes/no questions that a comparison of size classes is worth


def question(survey: Survey) -> Question | None:
    """The question that says who is short of people, if the codebook has one."""
    asked = next((q for q in survey.codebook if q.measures == "shortage"), None)
    return asked if asked is not None and asked.id in survey.responses else None


def short(survey: Survey) -> pd.Series | None:
    """Whether each municipality says it is short of people; NA without an answer."""
    asked = question(survey)
    if asked is None:
        return None
    values = survey.responses[asked.id]
    return (values <= SHORT).astype("boolean").mask(values.isna())


def split(survey: Survey, by: pd.Series | None = None) -> pd.DataFrame:
    """How many are short (column True) and are not, by group; without what must stay hidden."""
    who = short(survey)
    assert who is not None
    hides = protects(survey, question(survey))
    groups = pd.Series("all", who.index) if by is None else aligned(by, who.index)
    if hides and by is not None:
        groups = edition.grouped(survey, groups)
    counts = pd.crosstab(groups, who).reindex(columns=[True, False], fill_value=0)
    if not hides:
        return counts
    fit = disclosure.may_be_shown(counts.to_numpy(int), survey.codebook.disclosure.group)
    return counts if fit.all() else counts.iloc[:0]


def why_not(survey: Survey) -> str:
    """Why this edition says of nobody who is short, a label of ``figure``; empty where it does."""
    if question(survey) is None:
        return "no_shortage"
    return "few" if split(survey).empty else ""


def overall(survey: Survey) -> dict[str, Any] | None:
    """How many of all are short: count, n and, in words, the bounds or interval of their share."""
    asked, who = question(survey), short(survey)
    if asked is None or who is None or why_not(survey):
        return None
    count, n, around = int(who.sum()), int(who.notna().sum()), ""
    if not (asked.ask_if and protects(survey, asked)):
        size = to_answer(survey, asked)
        around = population.beside(survey.population, count, n, survey.language, size)
    return {"count": count, "n": n, "around": around}


def by_group(survey: Survey, found: Typology | NotAvailable) -> Frame:
    """Share short of people by size class and by type.

    Columns: breakdown (``size_class``, ``type``), part, count, n, share (0 to 1); low, high: what
    `Population.drawn` gives, NA where it gives nothing or this would be an answer, too.
    """
    columns = ["breakdown", "part", "count", "n", "share", "low", "high"]
    if why := why_not(survey):
        return Frame.nothing(why, columns)
    parts = {"size_class": survey.size_class}
    asked = survey.register.query("invited")["size_class"]
    whole = {"size_class": tabulate.size_class_labels(asked, survey.language).value_counts()}
    if not isinstance(found, NotAvailable):
        kinds = found.labels.map(lambda kind: types.name(survey, found, int(kind)))
        parts["type"] = kinds.reindex(survey.responses.index)
        whole["type"] = parts["type"].value_counts()
    here = survey.population
    hides = here.finite and protects(survey, question(survey))  # who did not answer is one, too
    rows = []
    for breakdown, groups in parts.items():
        for part, (count, other) in split(survey, groups).iterrows():
            n, size = int(count + other), int(whole[breakdown].get(part, 0))
            around = None if hides else here.drawn(int(count), n, size)
            ends = around or (float("nan"), float("nan"))
            rows.append((breakdown, str(part), int(count), n, count / n, *ends))
    return Frame(rows, columns=columns) if rows else Frame.nothing("few", columns)


def apart(groups: Frame) -> dict[str, bool]:
    """Of each breakdown with bounds or intervals, whether some of them have nothing in common."""
    found = {}
    for breakdown, part in groups.groupby("breakdown"):
        low, high = (part[end].fillna(part["share"]).astype(float) for end in ("low", "high"))
        if groups[["low", "high"]].notna().any(axis=None):
            found[str(breakdown)] = bool(low.max() > high.min())
    return found


def practices(survey: Survey) -> list[Question]:
    """The yes/no questions, where there are enough to compare what size classes do."""
    asked = [
        q
        for q in survey.codebook
        if q.type == "binary" and q.id in survey.responses and not q.identity
    ]
    return [] if len(asked) < NEEDED or protects(survey) else asked


def by_class(survey: Survey) -> Frame:
    """How many municipalities of each size class do something.

    Columns: indicator, part (the class), size (its municipalities), count, n, share (0 to 1),
    smallest (whether it is the class of the smallest), measure (whether types rest on it).
    """
    sizes, rows = survey.size_class, []
    for asked in practices(survey):
        done = survey.responses[asked.id].astype("boolean")
        for group in sizes.cat.categories:
            here = done[(sizes == group).fillna(False).to_numpy(bool)]
            rows.append(
                {
                    "indicator": asked.label[survey.language],
                    "part": str(group),
                    "size": len(here),
                    "count": int(here.sum()),
                    "n": int(here.notna().sum()),
                    "share": float(here.astype("Float64").mean()),
                    "smallest": group == sizes.cat.categories[-1],
                    "measure": asked.role == "cluster",
                }
            )
    columns = ["indicator", "part", "size", "count", "n", "share", "smallest", "measure"]
    return Frame(rows, columns=columns)


def lag(rates: Frame) -> Frame:
    """How far the smallest class is behind all others, the farthest first; `rates`: by_class.

    Columns: indicator, part, size, measure; count, n, share of the smallest class; others_count,
    others_n, others_share, gap.
    """
    sums = rates[~rates["smallest"].astype(bool)].groupby("indicator")[["count", "n"]].sum()
    own = rates[rates["smallest"].astype(bool)].drop(columns="smallest")
    both = own.merge(sums.add_prefix("others_"), left_on="indicator", right_index=True)
    others = both["others_count"].astype(float) / both["others_n"].astype(float)
    both = both.assign(others_share=others, gap=others - both["share"].astype(float))
    return Frame(both.sort_values("gap", ascending=False, kind="stable").reset_index(drop=True))
