"""What changed since an earlier wave of the same codebook, or of one with a crosswalk.

Changes are those of the municipalities that answered both waves. Answers that the edition protects
are not compared, so that no change of a single municipality can be told from these frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd

from analysis import paths
from analysis.codebook import municipality
from analysis.codebook.crosswalk import Crosswalk
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.codebook.waves import earlier
from analysis.figures.gallery import NAMED_UP_TO
from analysis.results import types
from analysis.results.types import as_frame
from analysis.show import Frame, NotAvailable
from analysis.stats import changes
from analysis.stats.inference import ALPHA
from analysis.survey import SEED, Survey
from analysis.text import LANGUAGES, label
from analysis.typology.study import Typology

OF_CHANCE = ["low", "high", "p", "p_holm"]
Typologies = tuple[Typology | NotAvailable, Typology | NotAvailable]


def wave_before(survey: Survey, name: str = "") -> Survey | None:
    """The wave to compare with: `name`, or the latest before it; None where there is none.

    Raises InputError: the wave of this name was asked with another codebook, without a crosswalk.
    """
    name = name or earlier(survey.wave.name)
    if not name:
        return None
    _walk(Wave.read(name).book(), survey.codebook)
    return Survey.load(name, audience=survey.audience, language=survey.language)


@as_frame("reply", "municipalities", "which")
def who_answered(survey: Survey, before: Survey) -> list[tuple[str, int, Any]]:
    """Who answered both waves, who only one, and who has become part of another since.

    Columns: reply (``both``, ``before``, ``merged``, ``now``; merged only where there are any),
    municipalities (their number), which (their names; NA where there are many, or where the edition
    shows no single respondent).
    """
    old, new = before.responses.index, survey.responses.index
    only_before, came = old.difference(new, sort=False), new.difference(old, sort=False)
    now, own = survey.wave.as_of, before.wave.own or survey.wave.own
    merged = pd.Index([c for c in only_before if not own and municipality.current(c, now) != c])
    only_before = only_before.difference(merged, sort=False)
    names = pd.Series({**before.names, **survey.names}, dtype=str)
    between = survey.label("answers.separator")
    rows: list[tuple[str, int, Any]] = [("both", len(old.intersection(new)), pd.NA)]
    for reply, codes in (("before", only_before), ("merged", merged), ("now", came)):
        which = between.join(survey.listed(codes, names, NAMED_UP_TO)) or pd.NA
        if reply != "merged" or len(codes):
            rows.append((reply, len(codes), which))
    return rows


@as_frame(*changes.OF_DENOMINATORS)
def denominators(survey: Survey, before: Survey) -> pd.DataFrame:
    """`analysis.stats.changes.denominators` with the questions in words."""
    questions, old, new = _pair(survey, before)
    table = changes.denominators(questions, old, new)
    return table.assign(question=table["question"].map(_labels(survey, questions)))


def answers(survey: Survey, before: Survey | None) -> tuple[Frame, Frame]:
    """Shares and scales in both waves, the largest changes first.

    The columns of `analysis.stats.changes.compare_waves`; of shares the change with its interval is
    in percentage points (points, low, high), and `id` is the number of the question. Of a full
    count low, high, p and p_holm are NA.
    """
    if before is None:
        columns = ["points" if name == "estimate" else name for name in changes.OF_SHARES]
        nothing = [Frame.nothing("alone", each) for each in ([*columns, "id"], changes.OF_SCALES)]
        return nothing[0], nothing[1]
    questions, old, new = _pair(survey, before)
    tables = changes.compare_waves(questions, old, new, survey.language)
    names, why = _labels(survey, questions), "nothing" if survey.shows_units else "withheld"
    shares, scales = (
        Frame(frame.assign(question=frame["question"].map(names)))
        if len(frame)
        else Frame.nothing(why, list(frame.columns))
        for frame in tables
    )
    shares = shares.rename(columns={"estimate": "points"})
    shares[["points", "low", "high"]] *= 100
    if not survey.population.tests:
        shares[OF_CHANCE], scales[OF_CHANCE[2:]] = float("nan"), float("nan")
    numbers = _labels(survey, questions, numbers=True)
    return shares.assign(id=tables[0]["question"].map(numbers)), scales


def changed_rows(frame: Frame) -> Frame:
    """The rows of `answers` in which a municipality changed its answer."""
    up, down = ("gained", "lost") if "gained" in frame else ("rose", "fell")
    return frame[(frame[up] + frame[down]).astype(float) > 0]


def summary(shares: Frame, scales: Frame) -> dict[str, Any]:
    """How many answers were compared, and of how many a change can be told from chance.

    n : municipalities that answered both times, at most. compared, changed : answers. sure : those
    with p_holm up to 0.05. least : the least p_holm that these numbers of replies allow (NaN of a
    full count), possible : whether it is at most 0.05.
    """
    both = [frame[frame["n"].astype(float) > 0] for frame in (shares, scales)]
    tests, least = changes.least_corrected(*both)
    return {
        "n": max(int(frame["n"].max()) if len(frame) else 0 for frame in both),
        "compared": sum(map(len, both)),
        "changed": sum(len(changed_rows(frame)) for frame in both),
        "sure": sum(int((frame["p_holm"] <= ALPHA).sum()) for frame in both),
        "least": least,
        "possible": not tests or least <= ALPHA,
    }


def breaks(survey: Survey, before: Survey | None) -> list[str]:
    """The rows of the figure that are drawn as broken: questions of one questionnaire alone."""
    walk = _walk(before.codebook, survey.codebook) if before else None
    alone = {"before": walk.ended, "now": walk.new} if walk else {}
    return [
        survey.say("changes/broken", reply=reply, questions=[one.id for one in listed])
        for reply, listed in alone.items()
        if listed
    ]


def typologies(survey: Survey, before: Survey | None, *, seed: int = SEED) -> Typologies:
    """The types of the wave before and of this one, where these are made of the same indicators."""
    if before is None:
        none = NotAvailable("typology", survey.say("changes/alone"))
        return none, none
    if before.codebook.features == survey.codebook.features:
        return types.typology(before, seed=seed), types.typology(survey, seed=seed)
    other = NotAvailable("typology", survey.say("changes/other_indicators"))
    return types.typology(before, seed=seed), other


def type_changes(typologies: Typologies) -> dict[str, Any]:
    """How many of those placed both times changed type, and what instability alone explains.

    n, count; expected, low, high, p, exceeds : see `analysis.stats.changes.Movers`. matched : type
    before -> type now that shares most members. n is 0 where there is no typology of both waves.
    """
    first, second = typologies
    if isinstance(first, NotAvailable) or isinstance(second, NotAvailable):
        return {"n": 0, "matched": {}}
    kinds = changes.movers(first, second)
    fields = ("count", "expected", "low", "high", "p", "exceeds", "matched")
    return {"n": len(kinds.types), **{name: getattr(kinds, name) for name in fields}}


@as_frame(
    "municipality", "type_before", "type_now", "membership_before", "membership_now", of_single=True
)
def movers(
    survey: Survey, before: Survey, first: Typology, second: Typology
) -> list[tuple[str, str, str, float, float]]:
    """Each municipality that changed type, and how strongly it belongs to either (0 to 1)."""
    kinds = changes.movers(first, second).types
    return [
        (
            str(survey.names[kind.Index]),
            types.name(before, first, kind.before),
            types.name(survey, second, kind.after),
            float(first.membership.at[kind.Index, kind.before]),
            float(second.membership.at[kind.Index, kind.after]),
        )
        for kind in kinds[kinds["moved"]].itertuples()
    ]


def _walk(before: Codebook, now: Codebook) -> Crosswalk | None:
    """What two questionnaires share; None where they are one."""
    return None if before.id == now.id else Crosswalk.between(before, now)


def _pair(
    survey: Survey, before: Survey
) -> tuple[tuple[Question, ...], changes.Replies, changes.Replies]:
    """The questions of this wave with what its crosswalk adds, and both waves' answers to them."""
    old, new = _replies(before), _replies(survey)
    walk = _walk(before.codebook, survey.codebook)
    if walk is None:
        return survey.codebook.questions, old, new
    added, section = [], survey.codebook.sections[0].id
    for one in walk.shared:  # a quantity of both questionnaires, as a question of this one
        about = {"id": one.id, "section": section, "role": "describe", "type": one.type}
        text = {k: label("changes.shared", k, name=one[k]) for k in LANGUAGES}
        added.append(Question.model_validate(about | text))
        _add(old, added[-1], one.before, before.codebook)
        _add(new, added[-1], one.after, survey.codebook)
    columns = walk.variables(before.codebook, survey.codebook) | {q.id: q.id for q in added}
    same = [
        frame[[c for c in frame if c in columns]].rename(columns=columns)
        for frame in (old.responses, old.status)
    ]
    return (*survey.codebook.questions, *added), changes.Replies(*same), new


def _add(wave: changes.Replies, question: Question, rule: str, book: Codebook) -> None:
    """Add a quantity to both frames of a wave, unless the edition shows not all that it is of.

    Who has none of it has the status of the first of its questions that has no answer.
    """
    with suppress(KeyError):
        expression = Expression(rule)
        column = expression.evaluate(wave.responses).astype(question.dtype)
        names = [n if n in wave.status else book[n].variables[0] for n in sorted(expression.names)]
        states = wave.status[names].astype(object)
        lacks = states.where(states != "answered").bfill(axis=1).iloc[:, 0].fillna("no_answer")
        wave.responses[question.id] = column
        lacks = lacks.mask(column.notna(), "answered")
        wave.status[question.id] = lacks.astype(wave.status.dtypes.iloc[0])


def not_compared(survey: Survey, before: Survey | None) -> Frame:
    """What is not or not quite comparable; nothing where both waves have one codebook.

    Columns: reply (``before`` or ``now``: which wave asked it, ``both``: compared with caution),
    question (id and label, or the shared quantity), reason.
    """
    rows = []
    if before and (walk := _walk(before.codebook, survey.codebook)):
        language = survey.language
        for reply, one, listed in (("before", before, walk.ended), ("now", survey, walk.new)):
            for entry in listed:
                label = one.codebook[entry.id].label[language]
                rows.append((reply, f"{entry.id} {label}", entry[language]))
        noted = [one for one in walk.shared if one.note]
        rows += [("both", one[language], one.note[language]) for one in noted if one.note]
    return Frame(rows, columns=["reply", "question", "reason"])


def _replies(survey: Survey) -> changes.Replies:
    """The answers of which this edition may show how a single municipality changed them."""
    frame = survey.unit_responses
    return changes.Replies(frame.copy(), survey.status[frame.columns])  # a quantity may be added


def _labels(
    survey: Survey, questions: Sequence[Question], *, numbers: bool = False
) -> dict[str, str]:
    """What a reader calls each question that is compared, or its number alone where it has one."""
    labels = {}
    for question in questions:
        text = question.label[survey.language]
        name = survey.numbered(question) if question.id in survey.codebook else text
        # the name of a variable, or of a shared quantity, is no number
        labels[question.id] = question.id if numbers and name != text else name
    return labels


# --- the nation over the years -------------------------------------------------------------------


def national_totals(survey: Survey) -> Frame:
    """Every published total, a row a point, of the file that the codebook names (``published``).

    Columns: total (an id of the labels ``total``), year, as_of (NA where the day is not known),
    count, n, percent, edition (an id of the labels ``edition``), source, series, when (a place on
    an axis of years), current (no later edition replaced it). Points of one series may be compared;
    between two series the definition or the edition differs, which is a break and no trend. Empty
    where the codebook names no file.

    >>> totals = national_totals(Survey.load("demo-2019", files=False))
    >>> cio = totals.query("total == 'cio' and current")
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
