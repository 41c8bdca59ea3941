"""What those not short of people do more often than those short, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from analysis.edition import protects
from analysis.results import shortage
from analysis.show import Frame
from analysis.stats import disclosure, hypotheses, inference
from analysis.stats.thresholds import FEWEST_SIDE, NOTABLE_SHARE
from analysis.survey import Survey

NOTABLE = round(100 * NOTABLE_SHARE)  # percentage points
FEWEST = FEWEST_SIDE
COLUMNS = ["measure", "question", "n_enough", "enough", "n_short", "short", "difference", "within",
           "within_low", "within_high", "p", "p_holm", "cost", "word", "testable"]  # fmt: skip
OF_CLASSES = ["within", "within_low", "within_high", "p", "p_holm"]


def measures(survey: Survey) -> Frame:
    """What those not short and those short do: suggested measures first, then by the difference.

    Columns
    -------
    measure, question, cost (``low``, ``medium``, ``high``).
    enough of n_enough, short of n_short : how many of those not short, and of those short, do it.
    difference : of these shares in percentage points. within : the same among
        municipalities of one size (Mantel-Haenszel) with its interval within_low, within_high.
    p, p_holm : exact within size classes, alone and corrected for all; NA where not testable.
    word : what may be said, an id of the labels ``word``. testable : enough on either side.

    Of a full count intervals, p-values and words are NA, and the largest difference comes first.
    Where small numbers are protected, measures with a small count are left out, and what is
    reckoned within size classes is NA: it would tell how many of each are short.
    """
    hides = protects(survey, shortage.question(survey))
    if (why := shortage.why_not(survey)) or (table := compared(survey)).empty:
        return Frame.nothing(why or "no_measures", COLUMNS)
    if not survey.population.tests:
        table = table.sort_values("difference", key=lambda x: -x.abs(), kind="stable")
        table[["within_low", "within_high", "p", "p_holm", "word"]] = None
    untested = ~table["testable"]
    table.loc[untested, OF_CLASSES] = float("nan")
    if hides:
        table = table[~table["small"]].assign(**dict.fromkeys(OF_CLASSES, float("nan")))
    return Frame(table[COLUMNS]) if len(table) else Frame.nothing("few", COLUMNS)


def side_by_side(frame: pd.DataFrame) -> Frame:
    """Measures for a page, without their question: of each side ``5/8`` in one column."""
    if frame.empty:
        return Frame(frame)
    shown = frame.copy()
    for side in ("enough", "short"):
        counts = frame[[side, f"n_{side}"]].to_numpy()
        shown[side] = [f"{int(count)}/{int(n)}" for count, n in counts]
    named = {"enough": "enough_of", "short": "short_of"}
    return Frame(shown.drop(columns=["n_enough", "n_short", "question"]).rename(columns=named))


def compared(survey: Survey) -> pd.DataFrame:
    """Every measure on full data: the columns of `measures`, and what no edition shows as it is.

    variable, least (the least p that the arrangements allow), ways (their number), small (a count
    that an edition may hide). For other computations; to be shown, take `measures`.
    """
    short, rows = shortage.short(survey), []
    if short is None:
        return pd.DataFrame(columns=COLUMNS)
    sizes = survey.register["size_class"].reindex(survey.responses.index).astype(str)
    for question in (q for q in survey.codebook if q.type == "multi"):
        for option in (o for o in question.options if o.cost is not None):
            variable = f"{question.id}_{option.code}"
            about = {
                "variable": variable,
                "question": question.label[survey.language],
                "measure": option.text[survey.language],
                "cost": option.cost,
            }
            rows.append(about | _compared(survey.responses[variable], short, sizes))
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.DataFrame(rows)
    # what cannot be compared costs the others no correction
    table["p_holm"] = inference.holm(table["p"].where(table["testable"]).to_numpy(float))
    numbers = ("testable", "difference", "within", "p_holm")
    table["word"] = [grade(*row) for row in table[list(numbers)].itertuples(index=False)]
    first, far = table["word"] != "suggested", -table["difference"].abs()
    order = table.assign(first=first, far=far).sort_values(["first", "far"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def _compared(chosen: pd.Series, short: pd.Series, sizes: pd.Series) -> dict[str, Any]:
    """Counts of those not short and those short, their difference, and that within size classes."""
    known = short.notna() & chosen.notna()
    is_short, does = short[known].to_numpy(bool), chosen[known].to_numpy(bool)
    unknown = chosen[short.isna() & chosen.notna()].to_numpy(bool)
    strata = sizes[known].to_numpy(object)
    a, n_a = int(does[~is_short].sum()), int((~is_short).sum())
    b, n_b = int(does[is_short].sum()), int(is_short.sum())
    all_, within = (
        inference.difference_of_shares(a, n_a, b, n_b),
        inference.difference_within(does, ~is_short, strata),
    )
    return {
        "enough": a, "n_enough": n_a, "short": b, "n_short": n_b,
        "difference": round(100 * all_.estimate, 7),
        "within": 100 * within.estimate,
        "within_low": 100 * within.low,
        "within_high": 100 * within.high,
        "p": within.p,
        "least": within.least,
        "ways": inference.arrangements(is_short, strata),
        "testable": min(n_a, n_b) >= FEWEST and not np.isnan(all_.estimate),
        "small": _small(a, n_a - a, b, n_b - b, int(unknown.sum()), int((~unknown).sum())),
    }  # fmt: skip


def _small(*cells: int) -> bool:
    """Whether an edition that protects may not count a measure: a cell of it is small, or empty."""
    counts, unknown = cells[:4], cells[4:]  # whose shortage is unknown: there may be none of them
    few = any(unknown) and min(unknown) < disclosure.SMALLEST
    return bool(few or min(counts) < disclosure.SMALLEST)


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
    table = compared(survey)
    tested = table[table["testable"].astype(bool)]
    hidden = protects(survey, shortage.question(survey))
    if tested.empty:
        return {"ways": 0, "tests": 0, "least": float("nan"), "possible": True, "hidden": hidden}
    least = min(1.0, len(tested) * float(tested["least"].min()))
    return {
        "ways": int(tested["ways"].max()), "tests": len(tested), "least": least,
        "possible": hidden or least <= hypotheses.ALPHA, "hidden": hidden,
    }  # fmt: skip


def by_chance(rows: Frame, points: float = NOTABLE) -> dict[str, float]:
    """How many of these measures would differ by so many points if answers were shared at random.

    more, less : expected numbers of measures that those not short, and those short, do more often.
    """
    expected = {"more": 0.0, "less": 0.0}
    for row in rows.itertuples():
        n_a, n_b, total = row.n_enough, row.n_short, row.enough + row.short
        a = np.arange(max(0, total - n_b), min(n_a, total) + 1)
        gap = np.round(100 * (a / n_a - (total - a) / n_b), 7)
        chances = stats.hypergeom.pmf(a, n_a + n_b, total, n_a)
        expected["more"] += float(chances[gap >= points].sum())
        expected["less"] += float(chances[gap <= -points].sum())
    return expected
