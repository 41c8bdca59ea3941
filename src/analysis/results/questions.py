"""What was asked of whom, what came of it, and where each answer is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.codebook.questions import STATUSES, Question
from analysis.codebook.rules import Expression
from analysis.edition import protects, shown_questions
from analysis.show import Frame
from analysis.stats import population, tabulate
from analysis.survey import Survey
from analysis.tabulation import called
from analysis.text import Language

OTHER: dict[Language, Language] = {"ja": "en", "en": "ja"}
COLUMNS = [
    "question",
    "translated",
    "question_type",
    "options",
    "whom",
    "n",
    "missing",
    "cleaned",
    "used",
]


def asked(survey: Survey) -> Frame:
    """Every question as it was asked, a row each.

    Columns
    -------
    question, translated : its number and words, in the language of the page and in the other.
    question_type, options : how it is answered (an id), and with what.
    whom : on what answers it depends who was asked; empty where all were.
    n, missing : who answered, and how many did not, by kind. NA where the edition hides it.
    cleaned : what cleaning did with its answers, internally. used : indicators and hypotheses.
    """
    counted = {question.id for question in shown_questions(survey)}
    findings = _findings(survey)
    rows = []
    for question in survey.codebook:
        if question.role == "id" and question.identity:
            continue
        known = question.id in counted
        missing = _in_words(survey, "status", _missing(survey, question) if known else {})
        rows.append(
            {
                "question": called(question, question.text[survey.language]),
                "translated": question.text[OTHER[survey.language]],
                "question_type": question.type,
                "options": _options(survey, question),
                "whom": _whom(survey, question),
                "n": int(tabulate.answered(survey.status, question).sum()) if known else None,
                "missing": missing,
                "cleaned": _in_words(survey, "severity", findings.get(question.id, {})),
                "used": survey.label("answers.separator").join(_uses(survey, question)),
            }
        )
    frame = Frame(rows).replace("", None).dropna(axis="columns", how="all")
    return Frame(frame.astype({"n": "Int64"}))


def counted(survey: Survey, frame: pd.DataFrame) -> Frame:
    """The same for the file: a count a cell, of each kind of missing and of what cleaning did."""
    shown, findings = shown_questions(survey), _findings(survey)
    numbers = pd.DataFrame.from_dict(
        {
            called(q, q.text[survey.language]): _missing(survey, q) | findings.get(q.id, {})
            for q in shown
        },
        orient="index",
    ).reindex(columns=[*STATUSES[1:], *survey.labels("severity")])
    numbers = numbers.dropna(axis="columns", how="all").astype("Int64")
    plain = frame.drop(columns=["missing", "cleaned"], errors="ignore")
    return Frame(plain.merge(numbers, how="left", left_on="question", right_index=True))


def compact(survey: Survey, frame: pd.DataFrame) -> Frame:
    """The same for a page, in fewer columns: the words in both languages, what was asked of whom.

    Columns: question, options, n, missing_cleaned (kinds of missing / what cleaning did), used.
    """
    kinds = survey.labels("question_type")
    shown = frame.reindex(columns=COLUMNS).astype(object)
    shown = shown.where(shown.notna(), "")
    words = [
        {
            "question": survey.label("questions.both", asked=r.question, translated=r.translated),
            "options": survey.label("questions.how", kind=kinds[r.question_type], options=r.options)
            if r.options
            else kinds[r.question_type],
            "n": r.n,
            "missing_cleaned": f"{r.missing or '—'} / {r.cleaned}" if r.cleaned else r.missing,
            "used": r.used,
        }
        for r in shown.itertuples()
    ]
    for row, r in zip(words, shown.itertuples(), strict=True):
        row["options"] += r.whom
    page = Frame(words).replace("", None).dropna(axis="columns", how="all")
    return Frame(page.astype({"n": "Int64"}))


def method(survey: Survey, before: Survey | None) -> dict[str, Any]:
    """How the survey was made: values of the sentence ``questions/method``."""
    wave, received = survey.wave, survey.register.get("received")
    days = pd.Series(dtype="object") if received is None else received.dropna()
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
    unit = question.unit[language] if question.unit else ""
    return "; ".join(filter(None, (items, options, unit)))


def _whom(survey: Survey, question: Question) -> str:
    """The questions whose answers say who was asked this one."""
    gates = survey.codebook.using(Expression(question.ask_if).names) if question.ask_if else []
    labels = [called(q, q.label[survey.language]) for q in gates]
    return survey.label("questions.depends", gates="・".join(labels)) if labels else ""


def _missing(survey: Survey, question: Question) -> dict[str, int]:
    """How many did not answer, by kind; nothing where small numbers are protected."""
    if protects(survey, question):
        return {}
    counts = tabulate.state(survey.status, question).value_counts()
    return {kind: int(counts[kind]) for kind in STATUSES[1:] if counts.get(kind, 0)}


def _findings(survey: Survey) -> dict[str, dict[str, int]]:
    """What cleaning found in the answers of each question, by severity; internally alone."""
    if survey.audience != "internal":
        return {}
    of = {v: q.id for q in survey.codebook for v in (q.id, *q.variables)}
    found = survey.findings.assign(of=survey.findings["question"].map(of))
    counts: dict[str, dict[str, int]] = {}
    for (id, severity), count in found.groupby(["of", "severity"], observed=True).size().items():
        counts.setdefault(str(id), {})[str(severity)] = int(count)
    return counts


def _in_words(survey: Survey, section: str, counts: dict[str, int]) -> str:
    words = survey.labels(section)
    said = [f"{words[id]} {count}" for id, count in counts.items()]
    return survey.label("answers.separator").join(said)


def _uses(survey: Survey, question: Question) -> Iterator[str]:
    """Indicators and hypotheses that are computed from the answers of a question."""
    book, names = survey.codebook, {question.id, *question.variables}
    rules: list[tuple[str, tuple[str | None, ...]]] = []
    rules += [(f.text[survey.language], (f.rule,)) for f in book.features]
    rules += [(i.text[survey.language], (i.rule,)) for i in book.indices if i.rule]
    rules += [(h.id, (h.group, h.x, h.value)) for h in book.hypotheses]
    for label, parts in rules:
        if any(rule and names & Expression(rule).names for rule in parts):
            yield label
