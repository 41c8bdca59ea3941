"""Answers in words: of one municipality, of most of a group, written freely; who answered."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook import municipality
from analysis.codebook.municipality import size_labels
from analysis.codebook.questions import MEASURED, UNCOUNTED, Question
from analysis.edition import once
from analysis.results import types
from analysis.results.guide import guide
from analysis.show import Frame, NotAvailable
from analysis.stats import disclosure, inference, tabulate
from analysis.stats.thresholds import UNPLACED
from analysis.survey import Survey
from analysis.tabulation import digits
from analysis.typology.study import Typology

MOST_TEXTS = 100  # of a theme: beyond, a page of them is no list that anybody reads
MANY = 2  # items of a battery, and options of a group, that a brief answer lists


def size_classes(survey: Survey) -> tuple[Frame, float | None]:
    """The size classes of the respondents beside those of the nation on the wave's date.

    Columns: size_class, count, national (municipalities), here, nation (shares). With it the
    p-value of a random draw as uneven; None of a full count. Empty where these are all
    municipalities, or where the edition would give single ones away.
    """
    nation = survey.wave.size_classes
    here = survey.register["size_class"].reindex(survey.responses.index)
    frame = Frame({"count": here.value_counts().reindex(nation.index, fill_value=0)}).astype(int)
    frame = frame.assign(national=nation.astype(int))
    frame[["here", "nation"]] = frame / frame.sum()
    names = nation.index.map(size_labels(nation.index, survey.language))
    frame.insert(0, "size_class", names)
    counts, everyone = frame["count"].to_numpy(), frame["national"].to_numpy()
    fit = disclosure.may_be_shown(counts, survey.codebook.disclosure.group)
    if counts.sum() in {0, everyone.sum()} or not (survey.shows_units or fit.all()):
        return Frame(columns=frame.columns), None
    tested = survey.population.tests
    p = inference.uneven_draw_p(counts, everyone) if tested else None
    return frame.reset_index(drop=True), p


def homes(survey: Survey) -> Frame:
    """How many respondents each prefecture has: columns code (two digits), prefecture, count.

    Empty where an edition names no respondent, of a full count and where no prefecture is known.
    """
    home = survey.register["prefecture"].reindex(survey.responses.index).dropna()
    if not survey.shows_units or survey.population.kind == "nation":
        home = home.head(0)
    codes = {name: code[:2] for code, name in municipality.register()["prefecture"].items()}
    counts = home[home.isin(list(codes))].value_counts(sort=False)
    rows = [(codes[name], name, int(n)) for name, n in counts.items() if n]
    return Frame(sorted(rows), columns=["code", "prefecture", "count"])


def free_texts(survey: Survey) -> list[dict[str, Any]]:
    """What was written freely, a dict a question: question, n, themes; inside only.

    ``most`` and ``named``: how many texts of a theme, and names beside each, a page can show.

    A text stands under every topic whose words it holds (``words`` of the topics of visits), else
    under "others": words, not a reader's judgement, so that the list is the same for everyone.
    """
    questions = []
    for question in (q for q in survey.codebook if q.free and survey.audience == "internal"):
        values = survey.responses[question.id][survey.status[question.id] == "answered"].astype(str)
        texts = pd.DataFrame({"text": values, "who": survey.names.reindex(values.index)})
        on = pd.DataFrame(index=values.index)
        for topic in guide().topics:
            holds = [any(word in text for word in topic.words) for text in values]
            on[topic.text[survey.language]] = holds
        on[survey.label("by.others")] = ~on.any(axis=1)
        themes = [
            {"name": name, "texts": texts[mask].to_dict("records")}
            for name, mask in on.items()
            if mask.any()
        ]
        label = question.label[survey.language]
        limits = {"most": MOST_TEXTS, "named": types.MOST_LISTED}
        questions.append({"question": label, "n": len(values), "themes": themes, **limits})
    return questions


def others(survey: Survey, code: str, typology: Typology | NotAvailable) -> dict[str, np.ndarray]:
    """Which respondents are the others of its type, and which those of its size class.

    An array of true and false under ``same_type`` or ``same_group``, and under ``its_class``; all
    false where it has no type, or no known size class.
    """
    index, classes = survey.responses.index, survey.size_class
    alike = np.zeros(len(index), bool)
    if not isinstance(typology, NotAvailable) and typology.labels.get(code, UNPLACED) != UNPLACED:
        alike = (typology.labels.reindex(index) == typology.labels[code]).to_numpy(bool)
    same = (classes == classes[code]).fillna(False).to_numpy(bool)
    both = {f"same_{types.noun(typology)}": alike, "its_class": same}
    return {whom: group & (index != code) for whom, group in both.items()}


def own(survey: Survey, code: str, question: Question, *, brief: bool = False) -> str:
    """Its answer in words, or why that is missing; `brief`: of a long battery the mean."""
    state = tabulate.state_of(survey.status, code, question)
    if state != "answered":
        return survey.label(f"status.{state}")
    row = {variable: survey.responses.at[code, variable] for variable in question.variables}
    answers = {variable: answer for variable, answer in row.items() if pd.notna(answer)}
    first = next(iter(answers.values()), math.nan)
    match question.type:
        case "multi":
            options = zip(question.options, question.variables, strict=True)
            texts = [o.text[survey.language] for o, v in options if answers.get(v)]
            return survey.label("answers.separator").join(texts)
        case "battery" if brief and len(question.items) > MANY:
            return _mean(survey, answers.values())
        case "battery":
            items = (item for item in question.items if item.id in answers)
            return " / ".join(f"{item.text[survey.language]} {answers[item.id]}" for item in items)
        case "single" | "ordinal" | "binary":
            return tabulate.labels_of(question, survey.language)[int(first)]
        case "date":
            return f"{first:%Y-%m}"
    return number(float(first), question, survey)


def number(value: float, question: Question, survey: Survey) -> str:
    """A number with its unit."""
    unit = question.unit_in(survey.language)
    between = "" if survey.language == "ja" or not unit else " "
    return f"{digits(value)}{between}{unit}"


def _mean(survey: Survey, values: Iterable[float]) -> str:
    numbers = [float(value) for value in values]
    return survey.label("answers.mean", n=len(numbers), mean=float(np.mean(numbers)))


@once
def _numbers(survey: Survey, id: str) -> tuple[np.ndarray, np.ndarray]:
    """Whether each answered, and all answers as numbers: a column an option, an item, or one."""
    question = survey.codebook[id]
    there = tabulate.has_answer(survey.status, question).to_numpy(bool)
    if question.type in MEASURED:
        numbers = survey.responses[list(question.variables)].astype("Float64")
        return there, numbers.to_numpy(float, na_value=np.nan)
    wordless = question.type in UNCOUNTED
    return there, there if wordless else tabulate.choice_matrix(survey.responses, question)


def most_answers(
    survey: Survey, group: np.ndarray, question: Question
) -> tuple[int, list[dict[str, Any]]]:
    """How many of a group answered a question, and its most frequent answers, a dict each.

    Of numbers the median (`value`), of a battery that of each item (`answer`) and its `mean`; of
    options those that half chose, else the most frequent, with their `share`.
    """
    there, gave = _numbers(survey, question.id)
    gave = gave[group & there]
    n = len(gave)
    if n == 0 or question.type in UNCOUNTED:
        return n, []
    if question.type in MEASURED:
        numbers = pd.DataFrame(gave)
        if question.type != "battery":
            return n, [{"value": float(numbers[0].median())}]
        items = pd.DataFrame({"value": numbers.median(), "mean": numbers.mean()})
        items.insert(0, "answer", [item.text[survey.language] for item in question.items])
        return n, items.dropna().to_dict("records")
    shares = (gave.sum(axis=0) / n).tolist()
    least = 0.5 if question.type == "multi" else max(shares)
    answers = tabulate.labels_of(question, survey.language).values()
    pairs = zip(answers, shares, strict=True)
    often = [{"answer": answer, "share": share} for answer, share in pairs if share >= least]
    return n, sorted(often, key=lambda each: -each["share"])


def typical(survey: Survey, group: np.ndarray, question: Question, *, brief: bool = False) -> str:
    """The most frequent answers of a group in words, with its n; `brief`: the first ones only.

    Where several answers are equally frequent, none of them is singled out.
    """
    n, mostly = most_answers(survey, group, question)
    if n == 0 or question.type in UNCOUNTED:
        return "—"
    size, label = f" (n={n:,})", survey.label
    match question.type:
        case "multi":
            parts = [f"{m['answer']} {m['share']:.0%}" for m in mostly[: MANY if brief else None]]
            return (label("answers.separator").join(parts) or label("answers.none_by_half")) + size
        case "battery" if brief and len(question.items) > MANY:
            return _mean(survey, [m["mean"] for m in mostly]) + size
        case "battery":
            return " / ".join(f"{m['answer']} {m['value']:g}" for m in mostly) + size
        case "integer" | "ratio":
            return number(mostly[0]["value"], question, survey) + size
    if len(mostly) > (1 if brief else MANY):
        return label("answers.differ" if brief else "answers.answers_differ") + size
    each = label("answers.each") if len(mostly) > 1 else ""
    top = label("answers.alike").join(m["answer"] for m in mostly)
    return f"{top}{each} {mostly[0]['share']:.0%}{size}"
