"""Who is short of people, what the others do more often, and what each size class does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from analysis import edition
from analysis.codebook.questions import Question
from analysis.edition import once, protects
from analysis.results import types
from analysis.show import Frame, NotAvailable
from analysis.stats import disclosure, hypotheses, inference, population, tabulate
from analysis.stats.tabulate import SHORT, align
from analysis.stats.thresholds import FEWEST_SIDE, NOTABLE_SHARE
from analysis.survey import Survey
from analysis.tabulation import to_answer
from analysis.typology.study import Typology

NEEDED = 3  # yes/no questions that a comparison of size classes is worth
NOTABLE = round(100 * NOTABLE_SHARE)  # percentage points
FEWEST = FEWEST_SIDE
COLUMNS = ["measure", "question", "n_enough", "enough", "n_short", "short", "difference", "within",
           "within_low", "within_high", "p", "p_holm", "cost", "word", "testable"]  # fmt: skip
OF_CLASSES = ["within", "within_low", "within_high", "p", "p_holm"]


def question(survey: Survey) -> Question | None:
    """The question that says who is short of people, if the codebook has one."""
    first = next((q for q in survey.codebook if q.measures == "shortage"), None)
    return first if first is not None and first.id in survey.responses else None


def lacked(survey: Survey) -> str:
    """What those who are short lack, such as IT staff; empty where the codebook does not say."""
    q = question(survey)
    return q.short_of[survey.language] if q and q.short_of else ""


def short(survey: Survey) -> pd.Series | None:
    """Whether each municipality says it is short of people; NA without an answer."""
    q = question(survey)
    if q is None:
        return None
    values = survey.responses[q.id]
    return (values <= SHORT).astype("boolean").mask(values.isna())


def _hides(survey: Survey) -> bool:
    """Whether this edition hides small numbers of who is short of people."""
    return protects(survey, question(survey))


def split(survey: Survey, by: pd.Series | None = None) -> pd.DataFrame:
    """How many say that they are short (True) and are not, a row a group that the edition shows."""
    who = short(survey)
    assert who is not None
    hides = _hides(survey)
    groups = pd.Series("all", who.index) if by is None else align(by, who.index)
    if hides and by is not None:
        groups = edition.coarse_groups(survey, groups)
    counts = pd.crosstab(groups, who).reindex(columns=[True, False], fill_value=0)
    if not hides:
        return counts
    fit = disclosure.may_be_shown(counts.to_numpy(int), survey.codebook.disclosure.group)
    return counts if fit.all() else counts.iloc[:0]


def why_not(survey: Survey) -> str:
    """Why this edition gives no shortage of staff, a label of ``figure``; empty where it does."""
    if question(survey) is None:
        return "no_shortage"
    return "few" if split(survey).empty else ""


def overall(survey: Survey) -> dict[str, Any] | None:
    """How many of all are short: count, n and, in words, the bounds or interval of their share."""
    q, who = question(survey), short(survey)
    if q is None or who is None or why_not(survey):
        return None
    count, n, around = int(who.sum()), int(who.notna().sum()), ""
    if not (q.ask_if and _hides(survey)):
        size = to_answer(survey, q)
        around = population.in_brackets(survey.population, count, n, survey.language, size)
    return {"count": count, "n": n, "around": around}


def by_group(survey: Survey, typology: Typology | NotAvailable) -> Frame:
    """Share short of people by size class and by type.

    Columns: breakdown (``size_class``, ``type``), part, count, n, share (0 to 1); low, high: what
    `Population.drawn` gives, NA where it gives nothing or this would be an answer, too.
    """
    columns = ["breakdown", "part", "count", "n", "share", "low", "high"]
    if why := why_not(survey):
        return Frame.nothing(why, columns)
    invited = survey.register.query("invited")["size_class"]
    parts = {"size_class": survey.size_class}
    whole = {"size_class": tabulate.size_class_labels(invited, survey.language)}
    if not isinstance(typology, NotAvailable):
        kinds = typology.labels.map(lambda kind: types.name(survey, typology, int(kind)))
        parts["type"] = whole["type"] = kinds.reindex(survey.responses.index)
    here = survey.population
    hides = here.finite and _hides(survey)  # who did not answer is one, too
    rows = []
    for breakdown, groups in parts.items():
        sizes = whole[breakdown].value_counts()
        for part, (count, other) in split(survey, groups).iterrows():
            n, size = int(count + other), int(sizes.get(part, 0))
            ends = None if hides else here.drawn(int(count), n, size)
            about = (breakdown, str(part), int(count), n, count / n)
            rows.append((*about, *(ends or (float("nan"), float("nan")))))
    return Frame(rows, columns=columns) if rows else Frame.nothing("few", columns)


def intervals_apart(groups: Frame) -> dict[str, bool]:
    """Whether some intervals (or bounds) of a breakdown do not overlap, by breakdown."""
    if groups[["low", "high"]].isna().all(axis=None):
        return {}
    ends = {end: groups[end].fillna(groups["share"]).astype(float) for end in ("low", "high")}
    parts = groups.assign(**ends).groupby("breakdown")
    return dict(parts["low"].max() > parts["high"].min())


def by_class(survey: Survey) -> Frame:
    """How many municipalities of each size class do something.

    Columns: indicator, part (the class), size (its municipalities), count, n, share (0 to 1),
    smallest (whether it is the class of the smallest), measure (whether types rest on it). Empty
    where there are too few questions of yes or no to compare what size classes do.
    """
    columns = ["indicator", "part", "size", "count", "n", "share", "smallest", "measure"]
    book, sizes = survey.codebook, survey.size_class
    shown = {*survey.unit_responses}
    items = [q for q in book if q.type == "binary" and q.id in shown and not q.identity]
    if len(items) < NEEDED or not survey.shows_units or sizes.isna().all():
        return Frame(columns=columns)
    parts = []
    for q in items:
        groups = survey.responses[q.id].astype("boolean").groupby(sizes, observed=True)
        part = groups.agg(size="size", count="sum", n="count", share="mean")
        part = part.astype({"count": int, "share": float}).reset_index(names="part")
        part["smallest"] = part["part"] == sizes.cat.categories[-1]
        parts.append(part.assign(indicator=q.label[survey.language], measure=q.role == "cluster"))
    return Frame(pd.concat(parts, ignore_index=True).astype({"part": str})[columns])


def measures(survey: Survey) -> Frame:
    """How many take each measure, of those short of staff and of the others; suggested ones first.

    Columns
    -------
    measure, question, cost (``low``, ``medium``, ``high``).
    enough of n_enough, short of n_short : how many of those not short, and of those short, do it.
    difference : of these shares in percentage points. within : the same among
        municipalities of one size (Mantel-Haenszel) with its interval within_low, within_high.
    p, p_holm : exact within size classes, alone and corrected for all; NA where not testable.
    word : what may be said, an id of the labels ``word``. testable : enough on either side.

    Of a full count intervals, p-values and words are NA, and the largest difference comes first.
    Where small numbers are protected, measures with a small count, or beside which another one has,
    are left out, and what is reckoned within size classes is NA: it would tell how many are short.
    """
    if (why := why_not(survey)) or (table := comparison(survey)).empty:
        return Frame.nothing(why or "no_measures", COLUMNS)
    if not survey.population.tests:
        table = table.sort_values("difference", key=lambda x: -x.abs(), kind="stable")
        table[["within_low", "within_high", "p", "p_holm", "word"]] = None
    table.loc[~table["testable"], OF_CLASSES] = float("nan")
    if _hides(survey):
        table = table[_safe(survey, table)].assign(**dict.fromkeys(OF_CLASSES, float("nan")))
    return Frame(table[COLUMNS]) if len(table) else Frame.nothing("few", COLUMNS)


def _safe(survey: Survey, table: pd.DataFrame) -> list[bool]:
    """Which measures have no small count, nor has what they leave of all or of those before them.

    A committee knows by name who takes and who answered what, and it reads what is public, too: of
    two groups that differ by one municipality, the counts tell whether that one is short.
    """
    lacking, public = pd.Series(short(survey)), [np.ones(survey.n, bool)]
    safe = list[bool]()
    for variable, small in table[["variable", "small"]].itertuples(index=False):
        does = survey.responses[variable]
        groups = [does.notna(), does.eq(1).fillna(False), does.eq(0).fillna(False)]
        rests = (one.to_numpy(bool) ^ other for one in groups for other in public)
        counts = [lacking[rest].eq(kind).sum() for rest in rests if rest.any() for kind in (0, 1)]
        safe.append(not small and min(counts, default=disclosure.SMALLEST) >= disclosure.SMALLEST)
        public += [one.to_numpy(bool) for one in groups if safe[-1]]
    return safe


def side_by_side(frame: pd.DataFrame) -> Frame:
    """Measures for a page, without their question: of each side ``5/8`` in one column."""
    if frame.empty:
        return Frame(frame)
    page = frame.drop(columns=["n_enough", "n_short", "question"])
    for side in ("enough", "short"):
        counts = frame[[side, f"n_{side}"]].astype(int).astype(str)
        page[side] = counts[side] + "/" + counts[f"n_{side}"]
    return Frame(page.rename(columns={"enough": "enough_of", "short": "short_of"}))


@once
def comparison(survey: Survey) -> pd.DataFrame:
    """Every measure on full data: the columns of `measures`, and others that no edition shows.

    variable, least (the least p that the arrangements allow), ways (their number), small (a count
    that an edition may hide). For other computations; to be shown, take `measures`.
    """
    lacking, rows, language = short(survey), [], survey.language
    sizes = survey.register["size_class"].reindex(survey.responses.index).astype(str)
    if lacking is None:
        return pd.DataFrame(columns=COLUMNS)
    for q, variable, cost in actions(survey):
        if cost is not None:
            label = survey.codebook.label(variable)
            about = {"variable": variable, "question": q.label[language]}
            about |= {"measure": label[language], "cost": cost}
            rows.append(about | _compare(survey.responses[variable], lacking, sizes))
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.DataFrame(rows)
    # what cannot be compared costs the others no correction
    table["p_holm"] = inference.holm(table["p"].where(table["testable"]).to_numpy(float))
    numbers = ["testable", "difference", "within", "p_holm"]
    table["word"] = [grade(*row) for row in table[numbers].itertuples(index=False)]
    order = table.assign(rest=table["word"] != "suggested", near=-table["difference"].abs())
    order = order.sort_values(["rest", "near"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def actions(survey: Survey) -> Iterator[tuple[Question, str, str | None]]:
    """What a municipality can do: options that have a cost, and yes/no questions of the types.

    Without those of which an edition keeps back the answers of some whom it names.
    """
    there = survey.unit_responses if survey.shows_units else survey.responses
    for question in survey.codebook:
        if question.type == "multi":
            for option, variable in zip(question.options, question.variables, strict=True):
                if option.cost is not None and variable in there:
                    yield question, variable, option.cost
        elif (question.type, question.role) == ("binary", "cluster") and question.id in there:
            yield question, question.id, None


def _compare(takes: pd.Series, lacking: pd.Series, sizes: pd.Series) -> dict[str, Any]:
    """Counts of those not short and those short, their difference, and that within size classes."""
    known = lacking.notna() & takes.notna()
    is_short, does = lacking[known].to_numpy(bool), takes[known].to_numpy(bool)
    strata = sizes[known].to_numpy(object)
    a, n_a = int(does[~is_short].sum()), int((~is_short).sum())
    b, n_b = int(does[is_short].sum()), int(is_short.sum())
    within = inference.difference_within(does, ~is_short, strata)
    unknown = takes[lacking.isna() & takes.notna()].to_numpy(bool)
    cells = [a, n_a - a, b, n_b - b]  # of those whose shortage is not known there may be none
    cells += [unknown.sum(), (~unknown).sum()] if unknown.size else []
    return {
        "enough": a, "n_enough": n_a, "short": b, "n_short": n_b,
        "difference": round(100 * (a / n_a - b / n_b), 7) if n_a and n_b else float("nan"),
        "within": 100 * within.estimate, "p": within.p, "least": within.least,
        "within_low": 100 * within.low, "within_high": 100 * within.high,
        "ways": inference.arrangements(is_short, strata),
        "testable": min(n_a, n_b) >= FEWEST,
        "small": bool(min(cells) < disclosure.SMALLEST),
    }  # fmt: skip


def grade(testable: bool, difference: float, within: float, p_holm: float) -> hypotheses.Word:
    """What may be said of a measure: notable overall, and not turned round within a size class.

    `within` is NaN where no class has both kinds: nothing speaks against it.
    """
    if not testable:
        return "not testable"
    if difference < NOTABLE or within <= 0:
        return "not shown"
    return "suggested" if p_holm <= hypotheses.ALPHA else "illustrated"


def attainable(survey: Survey) -> dict[str, Any]:
    """How small a corrected p the numbers of replies allow, whatever the answers.

    ways : arrangements of those short within size classes, at most. tests : comparisons corrected
    together, 0 where nothing can be compared. least : the least p_holm, possible : whether it is at
    most 0.05. hidden : the edition does not tell them; they follow from how many are short.
    """
    table = comparison(survey)
    tested = table[table["testable"].astype(bool)]
    hidden = _hides(survey)
    ways, least = 0, float("nan")
    if tests := len(tested):
        ways, least = int(tested["ways"].max()), min(1.0, tests * float(tested["least"].min()))
    possible = hidden or not least > hypotheses.ALPHA
    return {"ways": ways, "tests": tests, "least": least, "possible": possible, "hidden": hidden}


def by_chance(rows: Frame, points: float = NOTABLE) -> dict[str, float]:
    """How many of these measures would differ by so many points if answers were shared at random.

    more, less : expected numbers of measures that those not short, and those short, do more often.
    """
    expected = {"more": 0.0, "less": 0.0}
    for row in rows.itertuples():
        n_a, n_b, total = row.n_enough, row.n_short, row.enough + row.short
        a, chances = inference.hypergeometric(n_a + n_b, total, n_a)
        gap = np.round(100 * (a / n_a - (total - a) / n_b), 7)
        expected["more"] += float(chances[gap >= points].sum())
        expected["less"] += float(chances[gap <= -points].sum())
    return expected
