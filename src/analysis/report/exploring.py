"""02_explore: what was answered, by whom, and beside the nation; one municipality in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from analysis.codebook.model import Question
from analysis.stats import tabulate
from analysis.survey import Survey

MANY = 2  # items of a battery, and options of a group, that a brief answer lists


class Subset(NamedTuple):
    """The answers of some municipalities, taken out once for all the questions that follow."""

    responses: pd.DataFrame
    status: pd.DataFrame

    @classmethod
    def of(cls, survey: Survey, codes: Sequence[str]) -> Subset:
        """The rows of these municipalities."""
        rows = survey.responses.index.get_indexer(list(codes))
        return cls(survey.responses.take(rows), survey.status.take(rows))


def own(survey: Survey, code: str, question: Question, *, brief: bool = False) -> str:
    """What it answered, or which kind of missing it is; `brief`: of a long battery the mean."""
    state = tabulate.state_of(survey.status, code, question)
    if state != "answered":
        return survey.label(f"status.{state}")
    said = pd.Series({v: survey.responses.at[code, v] for v in question.variables}, dtype=object)
    match question.type:
        case "multi":
            chosen = [
                option.text[survey.language]
                for option, v in zip(question.options, question.variables, strict=True)
                if pd.notna(said[v]) and said[v]
            ]
            return survey.label("answers.separator").join(chosen)
        case "battery" if brief and len(question.items) > MANY:
            return _mean(survey, said[list(question.variables)].dropna())
        case "battery":
            return " / ".join(
                f"{item.text[survey.language]} {said[item.id]}"
                for item in question.items
                if pd.notna(said[item.id])
            )
        case "single" | "ordinal" | "binary":
            return tabulate.labels_of(question, survey.language)[int(said[question.id])]
        case "date":
            return f"{said[question.id]:%Y-%m}"
    return number(float(said[question.id]), question, survey)


def number(value: float, question: Question, survey: Survey) -> str:
    """A number with its unit."""
    unit = question.unit[survey.language] if question.unit else ""
    said = digits(value)
    return f"{said}{unit}" if survey.language == "ja" else f"{said} {unit}".strip()


def digits(value: float) -> str:
    """A number in four digits, from a thousand whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _mean(survey: Survey, values: pd.Series) -> str:
    mean = float(values.astype(float).mean())
    return survey.label("answers.mean", n=len(values), mean=mean)


def typical(survey: Survey, group: Subset, question: Question, *, brief: bool = False) -> str:
    """What a group of municipalities mostly says, with its n; `brief`: the most frequent only.

    Where several answers are equally frequent, none of them is singled out.
    """
    counted = tabulate.frequency(group.responses, group.status, question, survey.language)
    if counted.n == 0 or question.type in {"date", "text"}:
        return "—"
    frame, n = counted.frame, f" (n={counted.n:,})"
    match question.type:
        case "multi":
            often = frame[frame["share"] >= 0.5].sort_values(
                "share", ascending=False, kind="stable"
            )
            often = often.head(MANY) if brief else often
            said = [f"{label} {row['share']:.0%}" for label, row in often.iterrows()]
            listed = survey.label("answers.separator").join(said)
            return (listed or survey.label("answers.none_by_half")) + n
        case "battery" if brief and len(frame) > MANY:
            return _mean(survey, frame["mean"]) + n
        case "battery":
            return " / ".join(f"{label} {row['median']:g}" for label, row in frame.iterrows()) + n
        case "integer" | "ratio":
            return number(float(frame["value"].iloc[0]), question, survey) + n
    top = frame.index[frame["count"] == frame["count"].max()]
    if len(top) > (1 if brief else MANY):
        return survey.label("answers.differ" if brief else "answers.answers_differ") + n
    each = survey.label("answers.each") if len(top) > 1 else ""
    return f"{survey.label('answers.alike').join(top)}{each} {frame['share'].max():.0%}{n}"
