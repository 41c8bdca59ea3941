"""The types of municipalities: their names and members, and what sets them apart.

Each function takes a survey and its typology and gives a tidy frame as the edition may show it.
Types are numbered; `with_names` puts their names beside the numbers where a table shows them. How
sure the types are is in `analysis.results.certainty`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook.municipality import size_labels
from analysis.codebook.waves import earlier
from analysis.errors import InputError
from analysis.figures.gallery import NAMED_UP_TO
from analysis.show import Frame, NotAvailable
from analysis.stats import disclosure
from analysis.stats.thresholds import NOTABLE_TRAIT, UNPLACED
from analysis.survey import SEED, Survey
from analysis.typology.classifier import Projection
from analysis.typology.gradient import source
from analysis.typology.study import Typology
from analysis.typology.verdict import facts, other_draws

MOST_LISTED = 10  # municipalities that a sentence can name
MOST_INDICATORS = 8  # that a sentence can list
TWOFOLD = ("binary", "asymmetric", "nominal")  # kinds of which a mean is a share


def as_frame(
    *columns: str, of_single: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Frame]]:
    """Make what a function gives (rows, or a table) the frame that an edition may show.

    The frame has these columns, or all of the table where none is named. It is empty where one of
    the arguments is not available, or is the wave before of a first wave (None), and where small
    numbers are protected if it is about single municipalities (`of_single`).
    """

    def decorate(make: Callable[..., Any]) -> Callable[..., Frame]:
        @wraps(make)
        def as_shown(survey: Survey, *arguments: Any, **choices: Any) -> Frame:
            if any(one is None for one in arguments):
                return Frame.nothing("alone", columns)
            if any(isinstance(one, NotAvailable) for one in arguments):
                return Frame.nothing(columns=columns)
            if of_single and not survey.shows_units:
                return Frame.nothing("withheld", columns)
            table = make(survey, *arguments, **choices)
            frame = survey.gallery.round_numbers(Frame(table, columns=list(columns) or None))
            empty = Frame.nothing("nothing" if survey.shows_units else "withheld", columns)
            return Frame(frame.reset_index(drop=True)) if len(frame) else empty

        return as_shown

    return decorate


def typology(
    survey: Survey,
    *,
    n_types: int = 0,
    adjust: str = "none",
    seed: int = SEED,
    multiverse: bool = True,
    **resamples: Any,
) -> Typology | NotAvailable:
    """The typology of a wave; unadjusted, its verdict weighs the `multiverse` too.

    Parameters
    ----------
    n_types : 0 for the number that the answers suggest.
    adjust : ``none``, ``gradient`` or ``size_class``: what is taken out of the answers.
    resamples : ``n_bootstrap``, ``n_null``, ``criteria``, see `analysis.typology.study.study`.

    A wave of which no typology can be made has the reason in its place, and nothing in the frames.
    """
    choices = {"n_types": n_types or "auto", "adjust": adjust, "seed": seed}
    try:
        typology = survey.typology(**choices, **resamples)
    except InputError as error:
        why = error.say(survey.language)
        return NotAvailable("typology", survey.say("types/no_types", why=why))
    weighs = multiverse and adjust == "none"
    return typology.weighed_with(survey.multiverse(**choices)) if weighs else typology


def verdict(survey: Survey, typology: Typology | NotAvailable) -> dict[str, Any]:
    """The values of the sentence ``types/verdict``, or why there are no types.

    text : the verdict. others : levels that other random draws may give. drawn, resampled : their
    numbers. n : respondents. aside : why how many took no part in making the types, a row each
    with their names where these can be listed. left : how many of them have no type.
    """
    if isinstance(typology, NotAvailable):
        nobody: list[Any] = []
        return dict.fromkeys(("drawn", "resampled", "n", "left"), 0) | {
            "text": typology.reason, "others": nobody, "aside": nobody,
        }  # fmt: skip
    evidence = facts(typology.evidence, tested=survey.population.tests)
    aside = []
    for why, codes in typology.aside.groupby(typology.aside).groups.items():
        names = survey.listed(codes, survey.full_names, MOST_LISTED)
        aside.append({"why": why, "n": len(codes), "names": names})
    return {
        "text": survey.say("typology/verdict", level=typology.verdict.level, e=evidence),
        "others": borderline(typology),
        "drawn": int(typology.params["n_null"]),
        "resampled": int(typology.params["n_bootstrap"]),
        "n": len(typology.labels),
        "aside": aside,
        "left": int((typology.labels[typology.aside.index] == UNPLACED).sum()),
    }


def borderline(typology: Typology) -> list[str]:
    """The levels that the same answers may be given by other random draws."""
    se = typology.stability["jaccard_se"].to_dict()
    return list(other_draws(typology.evidence, surveys=typology.params["drawn"], jaccard_se=se))


def level(typology: Typology) -> str:
    """The level of the verdict, or LEVEL_borderline: an id of the labels ``verdict``."""
    return typology.verdict.level + "_borderline" * bool(borderline(typology))


def noun(typology: Typology | NotAvailable) -> str:
    """``type``, or ``group`` where the verdict finds no types (ids of the labels ``called``)."""
    level = "" if isinstance(typology, NotAvailable) else typology.verdict.level
    return "group" if level in {"gradient", "none"} else "type"


def names_each(typology: Typology | NotAvailable) -> bool:
    """Whether a page names each one's type: not of many where the verdict has no types."""
    return typology.n <= NAMED_UP_TO or noun(typology) == "type"


def name(survey: Survey, typology: Typology, kind: int) -> str:
    """A type's number and name."""
    if kind not in typology.names:
        return survey.label("member.unplaced")
    return f"{kind} {typology.names[kind][survey.language]}"


def with_names(survey: Survey, typology: Typology | NotAvailable, frame: Frame) -> Frame:
    """A frame for a table: its columns ``type`` and ``second`` with numbers and names."""
    if isinstance(typology, NotAvailable):
        return frame
    for column in frame.columns.intersection(["type", "second"]):
        kinds = (None if pd.isna(kind) else int(kind) for kind in frame[column])
        names = [None if kind is None else name(survey, typology, kind) for kind in kinds]
        frame = frame.assign(**{column: names})
    return frame


def groups(survey: Survey, typology: Typology) -> str:
    """Every type with its number of members, on one line."""
    return " / ".join(
        survey.label("called.with_n", name=name(survey, typology, kind), n=int(n))
        for kind, n in typology.stability["n"].items()
    )


@as_frame("type", "name", "members", "stability", "paragon", "atypical")
def summary(survey: Survey, typology: Typology) -> pd.DataFrame:
    """Each type with its number of members, stability, paragon and most atypical member.

    stability : mean bootstrap Jaccard. The two members are there where they may be named.

    >>> from analysis.survey import QUICK
    >>> survey = Survey.load("demo-2019", language="en", files=False)
    >>> summary(survey, survey.typology(**QUICK)).records[0]["name"]
    'High cooperation, low in-house expertise'
    """
    single = survey.shows_units and (typology.n <= NAMED_UP_TO or survey.wave.named)
    kinds, full = list(typology.stability.index), survey.full_names
    return pd.DataFrame(
        {
            "type": kinds,
            "name": [typology.names[kind][survey.language] for kind in kinds],
            "members": typology.stability["n"].astype(int).to_numpy(),
            "stability": typology.stability["jaccard_bootstrap"].round(2).to_numpy(),
            "paragon": [full[typology.paragons[kind]] if single else None for kind in kinds],
            "atypical": [full[typology.atypical[kind]] if single else None for kind in kinds],
        }
    )


@as_frame("type", "feature", "indicator", "unit", "n", "n_rest", "mean", "rest_mean", "effect",
          "direction", "p", "p_holm")  # fmt: skip
def profile(survey: Survey, typology: Typology) -> pd.DataFrame:
    """What sets each type apart from all other municipalities, indicator by indicator.

    unit : of the means: ``share``, ``mean``; after an adjustment ``points``, ``deviation``.
    direction : ``higher`` or ``lower`` where the effect (Cliff's delta) is notable.
    p, p_holm : where there is a sample to test. Where small numbers are protected, the direction
    alone of what may be shown: exact means of small types could be reckoned back to answers.
    """
    table, kinds = typology.profile, survey.features.kinds
    shares = table["feature"].map(lambda feature: kinds.get(source(feature)) in TWOFOLD)
    units = ("points", "deviation") if typology.evidence.basis != "none" else ("share", "mean")
    notable = table["effect"].where(table["effect"].abs() >= NOTABLE_TRAIT)
    table = table.assign(
        indicator=[indicator(survey, feature) for feature in table["feature"]],
        unit=np.where(shares, *units),
        direction=np.sign(notable).map({1.0: "higher", -1.0: "lower"}),
    )
    if not survey.shows_units:
        columns = ["type", "feature", "indicator", "direction"]
        return table.loc[~shares | _safe(survey, typology), columns]
    return table if survey.population.tests else table.drop(columns=["p", "p_holm"])


def indicator(survey: Survey, feature: str) -> str:
    """The label of an indicator; of a category with its code."""
    label = survey.features.labels.get(source(feature))
    return (label[survey.language] if label else source(feature)) + feature[len(source(feature)) :]


@as_frame("code", "name", "municipality", "type", "membership", "second", "silhouette", "aside",
          of_single=True)  # fmt: skip
def members(survey: Survey, typology: Typology) -> pd.DataFrame:
    """Each respondent with its type, how strongly it belongs there, and the type next to it.

    membership : 0 to 1; none for the unplaced. aside : why it took no part in making the types.
    """
    codes, kinds = typology.labels.index, typology.labels.items()
    own = [typology.membership.get(kind, {}).get(code, np.nan) for code, kind in kinds]
    return pd.DataFrame(
        {
            "code": codes,
            "name": survey.names.reindex(codes),
            "municipality": survey.full_names.reindex(codes),
            "type": typology.labels.astype(int),
            "membership": own,
            "second": typology.second.where(typology.second != UNPLACED),
            "silhouette": typology.silhouette,
            "aside": typology.aside.reindex(codes),
        }
    ).round(4)


@as_frame(of_single=True)
def memberships(survey: Survey, typology: Typology) -> pd.DataFrame:
    """Type and strength of membership in each type, which comparisons of two runs read."""
    codes, kinds = typology.labels.index, typology.labels.astype(int)
    names = [name(survey, typology, kind) if kind else "" for kind in kinds]
    about = {"name": survey.names.reindex(codes), "type": kinds, "type_name": names}
    frame = pd.DataFrame(about, codes).join(typology.membership.round(4).add_prefix("in_"))
    return frame.reset_index(names="code")


@as_frame("size", "type", "n", "share")
def composition(survey: Survey, typology: Typology) -> pd.DataFrame:
    """How many of each size class are of each type; `share` of the class."""
    classes = survey.size_class.reindex(typology.fitted.index)
    counts = pd.crosstab(classes.rename("size"), typology.fitted.astype(int).rename("type"))
    fit = disclosure.may_be_shown(counts.to_numpy(int), survey.codebook.disclosure.group)
    long = counts.stack().rename("n").reset_index()
    long["share"] = (long["n"] / long.groupby("size", observed=True)["n"].transform("sum")).round(4)
    return long if fit.all() or survey.shows_units else long.iloc[:0]


def by_size(
    survey: Survey, typology: Typology | NotAvailable, *, seed: int = SEED, **resamples: int
) -> Frame:
    """A typology of each size class that is large enough for one, a row each.

    Columns: size, members, verdict, groups, one_axis (share of the structure on one gradient).
    """
    columns, rows = ["size", "members", "verdict", "groups", "one_axis"], []
    with suppress(InputError):
        apart = survey.typology_by_size(seed=seed, **resamples) if typology.n else {}
        labels = size_labels(apart, survey.language)
        for size, one in ((label, apart[name]) for name, label in labels.items() if name in apart):
            share = round(one.evidence.gradient_share, 2)
            rows.append((size, one.n, level(one), groups(survey, one), share))
    why = "no_large_class" if typology.n else "nothing"
    return Frame(rows, columns=columns) if rows else Frame.nothing(why, columns)


def _safe(survey: Survey, typology: Typology) -> pd.Series:
    """Which rows of a profile may be shown though they are of a yes/no indicator.

    The direction alone can tell how many of a small type did it, so it is there where each type,
    and the rest, has enough of both. An adjusted one is never.
    """
    table, group = typology.profile, survey.codebook.disclosure.group
    yes = np.column_stack([table["mean"] * table["n"], table["rest_mean"] * table["n_rest"]])
    no = table[["n", "n_rest"]].to_numpy(float) - yes
    fit = disclosure.may_be_shown(np.hstack([yes, no]).round(6), group).all(axis=1)
    fit &= typology.evidence.basis == "none"
    return pd.Series(fit, table.index).groupby(table["feature"]).transform("all")


# --- the respondents of one wave in the types of another ------------------------------------------


@dataclass(frozen=True)
class Placement:
    """Respondents of one wave in the types (`typology`) of the survey `other`."""

    other: Survey
    typology: Typology
    projection: Projection

    @property
    def n(self) -> int:
        """Respondents that were placed."""
        return len(self.projection.labels)


def place(survey: Survey, reference: str = "", *, seed: int = SEED) -> Placement | NotAvailable:
    """Place the respondents in the types of the wave `reference`; empty: of the wave before."""
    reference = reference or earlier(survey.wave.name)
    if not reference:
        return NotAvailable("placement", survey.say("types/no_reference"))
    try:
        other = Survey.load(
            reference, audience=survey.audience, language=survey.language, output=survey.output
        )
        typology, projection = survey.place_in(other, seed=seed)
    except InputError as error:
        why = error.say(survey.language)
        return NotAvailable("placement", survey.say("types/not_placed", why=why))
    return Placement(other, typology, projection)


def placement_facts(survey: Survey, there: Placement) -> dict[str, Any]:
    """Which types, made from which indicators: values of the sentence ``types/placed``."""
    other, projection, language = there.other, there.projection, survey.language
    labels = [other.features.labels[name][language] for name in projection.shared]
    links = [one for one in survey.codebook.comparable if one.codebook == other.codebook.id]
    cautions = [one.text[language] for one in links if one.codebook != survey.codebook.id]
    return {
        "title": other.wave.title[language],
        "made_of": there.typology.n,
        "shared": len(labels),
        "listed": labels if len(labels) <= MOST_INDICATORS else [],
        "n": there.n,
        "invented": survey.wave.invented,
        "far": int((~projection.fits & (projection.labels != UNPLACED)).sum()),
        "caution": cautions[0] if cautions else "",
        "verdict": other.answer("types/verdict", **verdict(other, there.typology)).text,
    }


@as_frame("municipality", "type", "membership", "second", "fit", of_single=True)
def placements(survey: Survey, there: Placement) -> pd.DataFrame:
    """The type of each respondent there (number and name), how strongly, and the next type.

    membership : 0 to 1. fit : ``far`` from every type, ``unanswered`` where it answered none of
    the shared indicators.
    """
    projection = there.projection
    far = pd.Series(None, projection.labels.index, dtype=object).mask(~projection.fits, "far")
    frame = Frame(
        {
            "municipality": survey.names.reindex(projection.labels.index),
            "type": projection.labels.astype(int),
            "membership": projection.membership.max(axis=1).round(2),
            "second": projection.second.where(projection.second != UNPLACED),
            "fit": far.mask(projection.labels == UNPLACED, "unanswered"),
        }
    )
    return with_names(there.other, there.typology, frame)
