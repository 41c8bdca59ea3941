"""04_hypotheses of a full count: how large each difference is; nothing speaks of chance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analysis.codebook import municipality
from analysis.edition import HIDDEN, protects
from analysis.figures import plots
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import hypotheses
from analysis.stats.population import SIZES, Described, describe
from analysis.survey import Survey
from analysis.text import label, say


def run(survey: Survey) -> list[Described]:
    """The hypotheses of the codebook in the answers of all municipalities."""
    home = survey.register["prefecture"].astype("object")
    known = municipality.register()["prefecture"].reindex(home.index)
    home = home.where(home.notna() & (home != ""), known)
    return describe(survey.codebook, survey.responses, survey.register["size_class"], home)


def answer(survey: Survey, results: Sequence[Described]) -> Answer:
    """How large the differences of the primary hypotheses are."""
    words = [r.word for r in results if r.hypothesis.primary]
    counts = [
        (hypotheses.WORDS[word][survey.language], words.count(word))
        for word in hypotheses.WORDS
        if word in words
    ]
    return Answer(
        say("full_count/headline", survey.language, counts=counts),
        label("full_count.no_cause", survey.language),
    )


def table(survey: Survey, results: Sequence[Described]) -> Table:
    """Each hypothesis with its effect among all, within size classes and within prefectures."""
    language = survey.language
    rows = [
        {
            "": f"{r.hypothesis.id} {_kind(survey, r)}",
            label("full_count.hypothesis", language): r.hypothesis.text[language],
            label("full_count.word", language): hypotheses.WORDS[r.word][language],
            label("full_count.compared", language): r.hypothesis.compares[language],
            "n": _sizes(survey, r),
            **{label(f"full_count.{k}", language): v for k, v in _effects(survey, r).items()},
            label("full_count.icc", language): _alike(survey, r),
        }
        for r in results
    ]
    frame = pd.DataFrame(rows)
    empty = [c for c in frame.columns if (frame[c] == HIDDEN).all()]
    small, medium, large = SIZES
    return survey.gallery.table(
        frame.drop(columns=empty),
        "hypotheses",
        title=label("full_count.title", language),
        n=survey.n,
        notes=[
            say("full_count/effects", language),
            say("full_count/sizes", language, small=small, medium=medium, large=large),
            *(
                []
                if label("full_count.icc", language) in empty
                else [say("full_count/icc", language)]
            ),
        ],
    )


def figure(survey: Survey, results: Sequence[Described]) -> Figure | NotAvailable:
    """The effects on one scale."""
    shown = [r for r in results if r.word != "not testable" and not _hides(survey, r)]
    if not shown:
        return NotAvailable("effects", say("full_count/nothing", survey.language))
    names = [f"{r.hypothesis.id} {r.hypothesis.compares[survey.language]}" for r in shown]
    frame = pd.DataFrame({"estimate": [_rounded(survey, r.effect) for r in shown]}, index=names)
    top = frame["estimate"].abs().idxmax()
    return survey.gallery.show(
        plots.plot_intervals(
            frame, label=label("full_count.axis", survey.language), language=survey.language
        ),
        "effects",
        title=label("full_count.figure", survey.language),
        alt=say(
            "full_count/figure", survey.language, top=str(top), effect=frame.at[top, "estimate"]
        ),
        n=survey.n,
        denominator=label("full_count.denominator", survey.language),
        data=frame.reset_index(names="hypothesis"),
        key=True,
    )


def words(survey: Survey, results: Sequence[Described]) -> Prose:
    """Each hypothesis in a sentence, then how alike the municipalities of a prefecture are."""
    lines = [
        say(
            "full_count/line",
            survey.language,
            id=r.hypothesis.id,
            text=r.hypothesis.text[survey.language],
            word=hypotheses.WORDS[r.word][survey.language],
            effects=[
                (label(f"full_count.{k}", survey.language), v)
                for k, v in _effects(survey, r).items()
                if v != HIDDEN
            ],
            n=_sizes(survey, r),
            turns=r.turns and not protects(survey) and not _hides(survey, r),
            caution=r.hypothesis.caution[survey.language] if r.hypothesis.caution else "",
        )
        for r in results
    ]
    icc = [(r.icc, r.design) for r in results if _alike(survey, r) != HIDDEN]
    if icc:
        low, high = min(icc), max(icc)
        lines += ["", say("full_count/prefectures", survey.language, low=low, high=high)]
    return Prose("\n".join(lines))


def _kind(survey: Survey, r: Described) -> str:
    return label(
        "full_count.primary" if r.hypothesis.primary else "full_count.other", survey.language
    )


def _hides(survey: Survey, r: Described) -> bool:
    """Whether a group is so small that its effect would tell the answer of one or two."""
    outside = survey.audience != "internal" and not survey.wave.named
    return outside and min(r.n) < hypotheses.FEWEST


def _sizes(survey: Survey, r: Described) -> str:
    if _hides(survey, r):
        return HIDDEN
    if protects(survey):  # those of each group would be the totals of single answers
        return f"{sum(r.n):,}"
    return " / ".join(f"{size:,}" for size in r.n)


def _rounded(survey: Survey, effect: float) -> float:
    """An effect; of few answers exact ones could be reckoned back to counts."""
    return round(effect, 1 if protects(survey) else 2) + 0  # + 0: no -0.0


def _effects(survey: Survey, r: Described) -> dict[str, str]:
    """Each effect as written; a dash where there is none or it may not be shown."""
    known = {"overall": r.overall, "same_size": r.same_size, "same_home": r.same_home}
    if protects(survey):
        known = {"overall": r.effect}
    hidden = r.word == "not testable" or _hides(survey, r)
    digits = 1 if protects(survey) else 2
    return {
        name: HIDDEN if hidden or math.isnan(e) else f"{_rounded(survey, e):+.{digits}f}"
        for name, e in known.items()
    }


def _alike(survey: Survey, r: Described) -> str:
    if math.isnan(r.icc) or protects(survey):
        return HIDDEN
    return f"{r.icc:.3f} ({r.design:.1f})"
