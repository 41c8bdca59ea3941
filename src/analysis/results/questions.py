"""What was asked of whom, what came of it, and where each answer is used."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.codebook.questions import STATUSES, Question
from analysis.codebook.rules import names_in
from analysis.edition import shown_questions
from analysis.show import Frame
from analysis.stats import population, tabulate
from analysis.survey import Survey
from analysis.text import Language

OTHER: dict[Language, Language] = {"ja": "en", "en": "ja"}
COLUMNS = ["question", "translated", "question_type", "options", "whom", "n", "used"]


def questionnaire(survey: Survey) -> Frame:
    """Every question as it was asked, a row each; a column without any entry is left out.

    Columns
    -------
    question, translated : its number and words, in the language of the page and in the other.
    question_type, options : how it is answered (an id), and with what.
    whom : on what answers it depends who was asked; missing where all were.
    n : who answered; NA where the edition hides it. used : indicators and hypotheses.
    no_answer, ... : how many did not answer, by kind. repaired, ... : what cleaning did with its
        answers, by severity, internally. All of questions that can be tabulated.
    """
    ids, between = {q.id for q in shown_questions(survey)}, survey.label("answers.separator")
    rows, uses = [], _uses(survey)
    for question in survey.codebook:
        if question.role == "id" and question.identity:
            continue
        row: dict[str, Any] = {
            "id": question.id,
            "question": survey.numbered(question, question.text[survey.language]),
            "translated": question.text[OTHER[survey.language]],
            "question_type": question.type,
            "options": _options(survey, question),
            "whom": _whom(survey, question),
            "used": between.join(
                use for use, of in uses if of & {question.id, *question.variables}
            ),
        }
        if question.id in ids:
            row["n"] = int(tabulate.has_answer(survey.status, question).sum())
            if question.variables[0] in survey.unit_responses:
                counts = tabulate.state(survey.status, question).value_counts()
                row |= {str(kind): int(count) for kind, count in counts.items() if count}
        rows.append(row)
    inside = survey.audience == "internal"
    findings = survey.findings if inside else survey.findings.head(0)
    of = {name: question.id for name, question in survey.codebook.by_name.items()}
    cleaned = pd.crosstab(findings["question"].map(of), findings["severity"])
    kinds = [*STATUSES[1:], *survey.labels("severity")]
    frame = Frame(rows).join(cleaned.where(cleaned > 0), on="id").replace("", None)
    frame = frame.reindex(columns=[*COLUMNS, *kinds]).dropna(axis="columns", how="all")
    return frame.astype(dict.fromkeys(frame.columns.intersection(["n", *kinds]), "Int64"))


def compact(survey: Survey, frame: Frame) -> Frame:
    """`questionnaire` for a page: both languages in one column, all kinds of missing in another.

    Columns: question, options, n, missing_cleaned (kinds of missing / what cleaning did), used.
    """
    kinds, between = survey.labels("question_type"), survey.label("answers.separator")
    words_of = survey.labels("status"), dict(sorted(survey.labels("severity").items()))
    rows = []
    for r in frame.reindex(columns=[*COLUMNS, *frame.columns.difference(COLUMNS)]).records:
        missing, cleaned = (
            between.join(f"{word} {r[id]}" for id, word in words.items() if r.get(id))
            for words in words_of
        )
        how = kinds[r["question_type"]]
        if r["options"]:
            how = survey.label("questions.how", kind=how, options=r["options"])
        both = survey.label("questions.both", asked=r["question"], translated=r["translated"])
        states = f"{missing or '—'} / {cleaned}" if cleaned else missing or None
        rows.append((both, how + (r["whom"] or ""), r["n"], states, r["used"]))
    columns = ["question", "options", "n", "missing_cleaned", "used"]
    return Frame(rows, columns=columns).dropna(axis="columns", how="all").astype({"n": "Int64"})


def method(survey: Survey, before: Survey | None) -> dict[str, Any]:
    """How the survey was made: values of the sentence ``questions/method``."""
    wave, dates = survey.wave, survey.register.get("received")
    days = pd.Series(dtype="object") if dates is None else dates.dropna()
    language = survey.language
    return {
        "publisher": wave.publisher[language],
        "published": wave.named,
        "as_of": wave.as_of.isoformat(),
        "first": days.min().date().isoformat() if len(days) else "",
        "last": days.max().date().isoformat() if len(days) else "",
        "mode": wave.mode[language] if wave.mode else "",
        "contact": wave.contact[language] if wave.contact else "",
        "asked": survey.invited,
        "replied": survey.replied,
        "n": survey.n,
        "meaning": population.words(survey.population, language),
        "before": before.wave.title[language] if before else "",
    }


def _options(survey: Survey, question: Question) -> str:
    """What could be answered: options, the range of a number, items with their scale."""
    language = survey.language
    between = survey.label("answers.separator")
    options = between.join(option.text[language] for option in question.options)
    items = between.join(item.text[language] for item in question.items)
    return "; ".join(filter(None, (items, options, question.unit_in(language))))


def _whom(survey: Survey, question: Question) -> str:
    """The questions whose answers say who was asked this one."""
    gates = survey.codebook.using(names_in(question.ask_if))
    labels = [survey.numbered(q) for q in gates]
    return survey.label("questions.depends", gates="・".join(labels)) if labels else ""


def _uses(survey: Survey) -> list[tuple[str, set[str]]]:
    """Indicators and hypotheses, each with the names of the answers that it is computed from."""
    book, language = survey.codebook, survey.language
    rules = [(feature.text[language], [feature.rule]) for feature in book.features]
    rules += [(index.text[language], [index.rule or ""]) for index in book.indices]
    rules += [(h.id, [h.group or "", h.x or "", h.value]) for h in book.hypotheses]
    return [(use, names_in(*of)) for use, of in rules]
