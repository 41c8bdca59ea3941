"""What to ask on a visit, city by city, beside the answers of others, and what was heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis import paths
from analysis.codebook.questions import Question
from analysis.results import guide as guidebook
from analysis.results import record_sheet, types
from analysis.results.answers import most_answers, others, own, typical
from analysis.results.guide import Case, Topic, VisitRemark, guide
from analysis.show import Frame, NotAvailable
from analysis.stats.tabulate import state_of
from analysis.stats.thresholds import MOST_UNUSUAL
from analysis.survey import Survey
from analysis.typology.study import Typology

NOTED = ("evidence", "difference", "follow_up")  # beside what was said on a visit
MOST = 4  # remarks of a topic that the list shows; the table has all
CITIES = 5  # paragons that are proposed for a visit
KINDS = ("contradictory", "missing", "unusual", "doubtful")  # of remarks, in the order shown


@dataclass(frozen=True)
class VisitPlan:
    """The cities to visit (code -> name), what to ask there, and the types of the survey.

    why : a label of ``visits``, why these. reason : why this edition has no guide; then there are
    no cities.
    """

    typology: Typology | NotAvailable
    cities: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[VisitRemark]] = field(default_factory=dict)
    why: str = "as_asked"
    reason: str = ""


def choose(survey: Survey, codes: str | int, typology: Typology | NotAvailable) -> VisitPlan:
    """The cities named in `codes`; else those that the working group visits, or the paragons.

    Of a wave with invented data nobody real can be visited: there the paragon of each type stands
    in, which are the municipalities to learn most of their type from. Of unusual answers a city
    has the most unusual ones.
    """
    if not any(survey.codebook.id in topic.questions for topic in guide().topics):
        return VisitPlan(typology, reason=survey.label("visits.no_topics"))
    if not survey.shows_units:
        return VisitPlan(typology, reason=survey.label("visits.not_public"))
    cities, why = _cities(survey, codes, typology)
    remarks = {}
    for code in cities:
        every = guidebook.remarks(survey, code, groups(survey, code, typology))
        rare = sorted((r for r in every if r.kind == "unusual"), key=lambda r: r.rarity)
        top = [r for r in every if r.kind != "unusual"] + rare[:MOST_UNUSUAL]
        remarks[code] = sorted(top, key=lambda r: (r.topic, KINDS.index(r.kind), r.rarity))
    return VisitPlan(typology, {code: str(survey.names[code]) for code in cities}, remarks, why)


def _cities(
    survey: Survey, codes: str | int, typology: Typology | NotAvailable
) -> tuple[list[str], str]:
    """The codes of the cities, and the id of the reason why these."""
    each = re.split("[、, ]+", codes) if isinstance(codes, str) else [codes]
    if picks := [survey.code_of(one) for one in each if one]:
        return list(dict.fromkeys(picks)), "as_asked"
    replied = survey.responses.index
    from_guide = [c for c in guide().visits.get(survey.codebook.id, ()) if c in replied]
    if from_guide and not survey.wave.invented:
        return from_guide, "planned"
    if not isinstance(typology, NotAvailable):
        return list(typology.paragons.values())[:CITIES], "paragons"
    return list(replied[:3]), "first_three"


def groups(survey: Survey, code: str, typology: Typology | NotAvailable) -> dict[str, np.ndarray]:
    """Whom a city is compared with, by name: others of its type, of its size class; all."""
    (kind, size), by_name = others(survey, code, typology).values(), dict[str, np.ndarray]()
    if kind.any() and not isinstance(typology, NotAvailable):
        at, of = int(typology.labels[code]), f"compared.{types.noun(typology)}"
        by_name[survey.label(of, kind=at, name=typology.names[at][survey.language])] = kind
    if size.any():
        by_name[survey.label("compared.class", name=survey.size_class[code])] = size
    return by_name | {survey.label("compared.all"): np.ones(survey.n, bool)}


def remarks(survey: Survey, plan: VisitPlan) -> Frame:
    """What is worth asking, a row a remark.

    Columns: municipality, topic (number), question (its ids), kind (of the labels ``visits``),
    remark (in words).
    """
    rows = [
        (name, r.topic, r.question, r.kind, r.text)
        for code, name in plan.cities.items()
        for r in plan.remarks[code]
    ]
    return Frame(rows, columns=["municipality", "topic", "question", "kind", "remark"])


def to_ask(survey: Survey, plan: VisitPlan) -> list[dict[str, Any]]:
    """City by city: name, beside (whom it is compared with), topics: title -> lines, anything."""
    return [
        {
            "name": name,
            "beside": next(iter(groups(survey, code, plan.typology))),
            "topics": {
                title(survey, topic): lines
                for topic in guide().topics
                if (lines := _lines(survey, plan, code, topic.id))
            },
            "anything": bool(plan.remarks[code]),
        }
        for code, name in plan.cities.items()
    ]


def _lines(survey: Survey, plan: VisitPlan, code: str, topic: int) -> list[str]:
    """The remarks of a topic in words, and what is published of the city."""
    mine = [r for r in plan.remarks[code] if r.topic == topic]
    lines = []
    for r in mine[:MOST]:
        alone = r.kind != "contradictory"
        question = survey.codebook[r.question].label[survey.language] if alone else ""
        lines.append(survey.say("visits/remark", kind=r.kind, question=question, text=r.text))
    if len(mine) > MOST:
        lines.append(survey.label("visits.more", n=len(mine) - MOST))
    for fact in guide().facts.get(code, ()) if not survey.wave.invented else ():
        if fact.topic == topic:
            words = fact.text[survey.language]
            lines.append(survey.say("visits/fact", text=words, source=fact.source))
    return lines


def title(survey: Survey, topic: Topic) -> str:
    """Number and name of a topic."""
    return f"{topic.id}. {topic.text[survey.language]}"


def write_record_sheet(survey: Survey, plan: VisitPlan) -> None:
    """Write tables/guide.xlsx: a sheet a city with what is known, to be filled in on the visit."""
    facts = {
        (code, topic.id): "\n".join(f"・{line}" for line in _lines(survey, plan, code, topic.id))
        for code in plan.cities
        for topic in guide().topics
    }
    if plan.cities:
        content = record_sheet.form(plan.cities, facts, survey.source, survey.language)
        paths.write_output(survey.output, "tables/guide.xlsx", content)


def cases(survey: Survey) -> list[Case]:
    """The cases that the working group heard of and this edition may name."""
    return [case for case in guidebook.cases() if case.public or survey.shows_units]


def comparison(survey: Survey, plan: VisitPlan, code: str) -> tuple[Frame, Frame]:
    """The answers of a city beside those of its type and size class, with what to ask.

    Returns
    -------
    long : an answer a row, for the file: topic, asked (the question); whom: own_answer, same_type
        or same_group, its_class; answer, or item of a battery; value with its unit; share, of those
        who gave an answer; n; to_ask.
    page : a question a row: topic, asked, own_answer; same_type or same_group, its_class: what
        these mostly answer, in words with their n; to_ask.
    """
    them = others(survey, code, plan.typology)
    compared = {"own_answer": survey.responses.index == code, **them}
    rows, page = [], []
    for q, about, to_ask in _questions(survey, plan, code):
        words = {whom: typical(survey, compared[whom], q) for whom in them}
        page.append({**about, "own_answer": own(survey, code, q), **words, "to_ask": to_ask})
        unit = q.unit_in(survey.language) or survey.label("visits.scale")
        for whom, group in compared.items():
            n, mostly = most_answers(survey, group, q)
            mine = {"to_ask": to_ask} if whom == "own_answer" else {}
            if mine and not mostly:
                mostly = [{"answer": own(survey, code, q)}]  # a date, a text or a kind of missing
            for row in mostly:
                scale = {"unit": unit} if "value" in row else {}
                rows.append({**about, "whom": whom, "n": n, **row, **scale, **mine})
    columns = ["topic", "asked", "whom", "answer", "value", "unit", "share", "n", "to_ask"]
    return Frame(rows, columns=columns), Frame(page)


def _questions(
    survey: Survey, plan: VisitPlan, code: str
) -> Iterator[tuple[Question, dict[str, str], str]]:
    """The questions of the guide that a city was asked, their words, and what to ask of them."""
    language = survey.language
    for topic in guide().topics:
        for q in guidebook.topic_questions(survey, topic):
            if state_of(survey.status, code, q) == "not_applicable":
                continue
            mine = [r for r in plan.remarks[code] if q.id in r.question.split(", ")]
            texts = [f"{survey.label(f'visits.{r.kind}')} {r.text}" for r in mine]
            name, label = f"{topic.id} {topic.text[language]}", survey.numbered(q)
            about = {"topic": name, "asked": label}
            yield q, about, survey.label("visits.between").join(texts)


def notes(survey: Survey) -> Frame:
    """What was heard on visits, a topic of a city a row: what was said, seen, differs, follows up.

    Columns: topic, municipality, visited (the day), answer, evidence, difference, follow_up. What
    the edition may not publish is a word in the column answer.
    """
    columns = ["topic", "municipality", "visited", "answer", *NOTED]
    allowed = {"yes"} if survey.audience == "public" else {"yes", "to_confirm", ""}
    folder, rows = survey.wave.folder / "visits", []
    for visit in record_sheet.read_all(folder, survey.register.index) if survey.shows_units else []:
        for topic in (topic for topic in guide().topics if topic.id in visit.notes.index):
            note = visit.notes.loc[topic.id]
            hidden = {"answer": survey.label("visits.withheld")}
            shown = survey.audience == "internal" or note["publish"] in allowed
            fields = note[["answer", *NOTED]] if shown else hidden
            about = {"topic": title(survey, topic), "municipality": visit.name}
            rows.append({**about, "visited": visit.date, **fields})
    return Frame(rows, columns=columns) if rows else Frame.nothing("no_record", columns)


def heard(survey: Survey, notes: Frame) -> Frame:
    """`notes` for a page: a row a topic, a column for each city with a record."""
    if notes.empty:
        return Frame.nothing("no_record", ["topic"])
    cities: dict[str, dict[str, str]] = {}
    for row in notes.fillna("").records:
        parts = [f"{survey.label(f'visits.{key}')}{row[key]}" for key in NOTED if row[key]]
        city = cities.setdefault(f"{row['municipality']} {row['visited']}".strip(), {})
        city[row["topic"]] = " ".join(filter(None, [row["answer"], *parts]))
    titles = [title(survey, topic) for topic in guide().topics]
    table = pd.DataFrame(cities, titles).fillna("").replace("", "—")
    return Frame(table.reset_index(names="topic"))
