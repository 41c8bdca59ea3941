"""The hypotheses of the codebook beside what the answers say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook import municipality
from analysis.codebook.model import Hypothesis
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression, names_in
from analysis.edition import group_may_be_told, protects
from analysis.show import Frame
from analysis.stats import hypotheses
from analysis.stats.hypotheses import ALPHA, FEWEST
from analysis.survey import SEED, Survey

ESTIMATES = [
    "n", "group", "rest", "effect", "low", "high", "shift", "shift_low", "shift_high",
    "p", "p_holm", "least", "same_size", "same_home", "icc", "design",
]  # fmt: skip

OF_PLACES = ("icc", "design", "turns")  # of a full count, whether or not an effect can be given


def evidence(survey: Survey, *, seed: int = SEED) -> Frame:
    """Each hypothesis with its effect and what may be said, a row each.

    Columns
    -------
    id, family (``primary``, ``exploratory``), topic, hypothesis, compares, expected (1, -1),
    caution : from the codebook.
    word : an id of the labels ``word``, what the evidence allows to say.
    n, group, rest : municipalities compared; two groups where there are groups.
    effect and the others : see `analysis.stats.hypotheses`, ``run``; of a full count ``describe``.

    Where small numbers are protected, the effect (of a full count that of the same size alone,
    where there is one) has one decimal, and intervals, p-values and the
    sizes of groups are NA: answers could be reckoned back from them; of their family every
    corrected p, which may be a multiple of one of these. To readers who know one of the
    answers by name a large effect would tell the other: it is withheld.
    """
    language, variables = survey.language, set(survey.responses)
    rows: dict[str, dict[str, Any]] = {
        h.id: {
            "id": h.id,
            "family": "primary" if h.primary else "exploratory",
            "topic": h.topic,
            "hypothesis": h.text[language],
            "compares": h.compares[language],
            "expected": h.expected,
            "caution": h.caution[language] if h.caution else "",
            "word": "withheld",
        }
        for h in survey.codebook.hypotheses
    }
    there = [  # the edition of a part has no sensitive answers
        h
        for h in survey.codebook.hypotheses
        if variables.issuperset(v for q in _questions(survey, h) for v in q.variables)
    ]
    book = survey.codebook.model_copy(update={"hypotheses": tuple(there)})
    size = survey.register["size_class"]
    if survey.population.tests:
        classes = size.reindex(survey.responses.index)
        results = hypotheses.run(book, survey.responses, classes, seed=seed)
    else:
        home = survey.register["prefecture"].astype("object")
        prefectures = municipality.register()["prefecture"].reindex(home.index)
        home = home.where(home.notna() & (home != ""), prefectures)
        results = hypotheses.describe(book, survey.responses, size, home)
    for h, row in zip(there, results.to_dict("records"), strict=True):
        rows[h.id] |= _reportable(survey, h, row)
    texts = ["id", "family", "topic", "hypothesis", "compares", "expected", "caution", "word"]
    frame = Frame(list(rows.values()), columns=[*texts, *ESTIMATES, "significant", "turns"])
    coarse = {rows[h.id]["family"] for h in there if protects(survey, *_questions(survey, h))}
    frame.loc[frame["family"].isin(coarse), "p_holm"] = np.nan
    return frame.astype(dict.fromkeys(ESTIMATES, "Float64"))


def by_topic(survey: Survey, results: pd.DataFrame) -> Frame:
    """The results in the order of the codebook's topics; one without a hypothesis, too.

    Columns: topic (where any hypothesis is on one), id, family, hypothesis, word (``not asked``
    where the codebook has no hypothesis on the topic).
    """
    known = results[["topic", "id", "family", "hypothesis", "word"]]
    if known["topic"].isna().all():
        return Frame(known.drop(columns="topic"))
    topics = {topic.id: topic.text[survey.language] for topic in survey.codebook.topics}
    every = pd.DataFrame({"topic": list(topics)}).merge(known, how="left", on="topic")
    every["topic"] = every["topic"].map(topics)
    return Frame(every.fillna({"id": "—", "family": "—", "hypothesis": "—", "word": "not asked"}))


def least_corrected(survey: Survey, results: pd.DataFrame) -> Frame:
    """How many hypotheses of each family are corrected together, and the least p_holm possible.

    Columns: family, tests, least (NA in an edition where the sizes of groups could be reckoned from
    it), reaches (whether it is at most 0.05).
    """
    families = results.groupby("family", sort=False)["least"]
    frame = Frame(families.agg(tests="size", least="min").dropna().reset_index())
    frame = frame.astype({"tests": int, "least": float})
    frame["least"] = (frame["tests"] * frame["least"]).clip(upper=1.0)
    frame["reaches"] = frame["least"] <= ALPHA
    hidden = any(protects(survey, *_questions(survey, h)) for h in survey.codebook.hypotheses)
    return frame.assign(least=np.nan) if hidden else frame


def _questions(survey: Survey, h: Hypothesis) -> list[Question]:
    """The questions that a hypothesis is about."""
    return survey.codebook.using(names_in(h.group, h.x, h.value))


def _reportable(survey: Survey, h: Hypothesis, row: dict[str, Any]) -> dict[str, Any]:
    """What a test, or a full count, says of a hypothesis, as far as the edition may show it."""
    word, sizes = row["word"], row.pop("sizes")
    if h.group and not (
        group_may_be_told(survey, h.group, FEWEST) and _missing_may_be_told(survey, h, sizes)
    ):
        return {"word": "withheld"}
    if survey.audience != "internal" and not survey.wave.named and min(sizes) < FEWEST:
        return {"word": word}  # the effect would give away the answer of one or two
    coarse = protects(survey, *_questions(survey, h))
    if coarse:  # exact effects of few answers could be reckoned back to counts
        measure = "effect" if pd.isna(row.get("same_size")) else "same_size"
        effect = row[measure]
        if _tells_who(survey, h, effect, sizes):
            return {"word": "withheld"}
        row = {name: row.get(name) for name in ("word", "significant", "least")}
        row[measure] = round(effect, 1) + 0  # no -0.0
    elif len(sizes) == 2:
        row |= {"group": sizes[0], "rest": sizes[1]}
    if word == "not testable":
        row = {k: v for k, v in row.items() if k in {"word", "group", "rest", *OF_PLACES}}
    return row | {"n": sum(sizes)}


def _missing_may_be_told(survey: Survey, h: Hypothesis, sizes: Sequence[int]) -> bool:
    """Whether the edition may tell if enough of both groups, which are known, gave the value.

    Of a group of three of whom one did not, "cannot be tested" would tell of which group a
    respondent without the value is. It may be told where either word leaves three counts possible.
    """
    if not protects(survey, *_questions(survey, h)):
        return True
    group = Expression(h.group or "").floats(survey.responses)
    lost = np.count_nonzero(~np.isnan(group)) - sum(sizes)
    whole = (np.count_nonzero(group > 0), np.count_nonzero(group == 0))
    return all(n < FEWEST or n - lost >= FEWEST or FEWEST + 2 <= n <= lost for n in whole)


def _tells_who(survey: Survey, h: Hypothesis, effect: float, sizes: Sequence[int]) -> bool:
    """Whether so large an effect tells who gave a sensitive answer, where the other is known."""
    known = survey.shows_units and any(not protects(survey, q) for q in _questions(survey, h))
    return known and abs(round(effect, 1)) > most_told(sizes)


def most_told(sizes: Sequence[int]) -> float:
    """The largest effect, with one decimal, with which anybody may be of a group, or have any rank.

    Where all of a group are above the rest they are the first of a known order. One of k at its
    other end costs 2 / k, one of n ranked at the other end 6 / (n + 1).
    """
    room = 2 / min(sizes) if len(sizes) == 2 else 6 / (sizes[0] + 1)
    return round(1 - room, 1)
