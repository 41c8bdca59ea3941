"""What to ask on a visit, city by city, the record sheet, and what was heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis import paths
from analysis.codebook.municipality import given
from analysis.codebook.questions import Question
from analysis.edition import kept_back, protects
from analysis.errors import InputError
from analysis.results import types
from analysis.results.answers import Subset, most_answers, own, subset, typical
from analysis.show import Frame, NotAvailable
from analysis.stats import visits as guidebook
from analysis.stats.thresholds import MOST_UNUSUAL
from analysis.stats.visits import Case, Group, Remark, Topic, guide
from analysis.survey import Survey
from analysis.tabulation import called
from analysis.typology.study import Typology

NOTED = ("evidence", "difference", "follow_up")  # beside what was said on a visit
MOST = 4  # remarks of a topic that the list shows; the table has all
CITIES = 5  # paragons that are proposed for a visit
KINDS = ("contradictory", "missing", "unusual", "doubtful")  # of remarks, in the order shown


@dataclass(frozen=True)
class Chosen:
    """The cities to visit (code -> name), what to ask there, and whom they are compared with.

    why : a label of ``visits``, why these. kin : a label of ``called``, the others of a city's
    type. reason : why this edition has no guide; then there are no cities.
    """

    cities: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[Remark]] = field(default_factory=dict)
    groups: dict[str, list[Group]] = field(default_factory=dict)
    kin: str = "same_type"
    why: str = "as_asked"
    reason: str = ""


def choose(survey: Survey, codes: str | int, found: Typology | NotAvailable) -> Chosen:
    """The cities named in `codes`; else those that the working group visits, or the paragons.

    Of a wave with invented data nobody real can be visited: there the paragon of each type stands
    in, which are the municipalities to learn most of their type from.
    """
    if not any(survey.codebook.id in topic.questions for topic in guide().topics):
        return Chosen(reason=survey.label("visits.no_topics"))
    if protects(survey):
        return Chosen(reason=survey.label("visits.not_public"))
    picked, why = _picked(survey, codes, found)
    cities = {code: str(survey.names[code]) for code in picked}
    groups = {code: _groups(survey, code, found) for code in picked}
    remarks = {code: _remarks(survey, code, groups[code]) for code in picked}
    return Chosen(cities, remarks, groups, f"same_{types.called(found)}", why)


def _picked(
    survey: Survey, codes: str | int, found: Typology | NotAvailable
) -> tuple[list[str], str]:
    """The codes of the cities, and the id of the reason why these."""
    listed = str(codes).replace("、", ",").replace(" ", ",").split(",")
    asked = [given(code) for code in listed if code]
    replied = survey.responses.index
    for code in asked:
        if code not in replied:
            raise InputError(
                "{code!r} did not reply in this wave",
                hint="give codes of six digits, separated by commas",
                code=code,
            )
    if asked:
        return list(dict.fromkeys(asked)), "as_asked"
    planned = [c for c in guide().visits.get(survey.codebook.id, ()) if c in replied]
    if planned and not survey.wave.invented:
        return planned, "planned"
    if not isinstance(found, NotAvailable):
        return list(found.paragons.values())[:CITIES], "paragons"
    return list(replied[:3]), "first_three"


def _groups(survey: Survey, code: str, found: Typology | NotAvailable) -> list[Group]:
    """Its type and its size class, where it has them; then all."""
    groups = []
    if not isinstance(found, NotAvailable) and found.labels.get(code, 0) in found.names:
        kind = int(found.labels[code])
        members = found.labels.index[found.labels == kind]
        own, of = found.names[kind][survey.language], f"compared.{types.called(found)}"
        groups.append(Group(list(members), survey.label(of, kind=kind, name=own)))
    classes = survey.size_class
    if pd.notna(classes[code]):
        mates = classes.index[(classes == classes[code]).to_numpy(bool)]
        groups.append(Group(list(mates), survey.label("compared.class", name=classes[code])))
    return [*groups, Group(list(survey.responses.index), survey.label("compared.all"))]


def _remarks(survey: Survey, code: str, groups: list[Group]) -> list[Remark]:
    """What is worth asking a city, of unusual answers the most unusual ones, by topic."""
    responses, status = survey.responses, survey.status
    shown = responses.drop(columns=kept_back(survey))
    found = guidebook.remarks(code, shown, status, survey.codebook, groups, survey.language)
    if survey.audience == "internal":
        found += _doubts(survey, code)
    rare = sorted((r for r in found if r.kind == "unusual"), key=lambda r: r.rarity)
    kept = [r for r in found if r.kind != "unusual"] + rare[:MOST_UNUSUAL]
    return sorted(kept, key=lambda r: (r.topic, KINDS.index(r.kind), r.rarity))


def _doubts(survey: Survey, code: str) -> list[Remark]:
    """What cleaning doubts in the answers of a city."""
    topic_of = {
        id: topic.id for topic in guide().topics for id in topic.questions[survey.codebook.id]
    }
    mine = survey.findings[
        (survey.findings["code"] == code) & (survey.findings["severity"] == "doubtful")
    ]
    asked = {**survey.codebook.question_of, **{q.id: q for q in survey.codebook}}
    return [
        Remark(topic_of[id], id, "doubtful", str(getattr(row, survey.language)))
        for row in mine.itertuples()
        if row.question in asked and (id := asked[row.question].id) in topic_of
    ]


def remarks(survey: Survey, chosen: Chosen) -> Frame:
    """What is worth asking, a row a remark.

    Columns: municipality, topic (number), question (its ids), kind (of the labels ``visits``),
    remark (in words).
    """
    rows = [
        (name, r.topic, r.question, r.kind, r.text)
        for code, name in chosen.cities.items()
        for r in chosen.remarks[code]
    ]
    return Frame(rows, columns=["municipality", "topic", "question", "kind", "remark"])


def to_ask(survey: Survey, chosen: Chosen) -> list[dict[str, Any]]:
    """City by city: name, beside (whom it is compared with), topics: title -> lines, anything."""
    return [
        {
            "name": name,
            "beside": chosen.groups[code][0].name,
            "topics": {
                title(survey, topic): lines
                for topic in guide().topics
                if (lines := _lines(survey, chosen, code, topic.id))
            },
            "anything": bool(chosen.remarks[code]),
        }
        for code, name in chosen.cities.items()
    ]


def _lines(survey: Survey, chosen: Chosen, code: str, topic: int) -> list[str]:
    """The remarks of a topic in words, and what is published of the city."""
    mine = [r for r in chosen.remarks[code] if r.topic == topic]
    lines = [_sentence(survey, remark) for remark in mine[:MOST]]
    if len(mine) > MOST:
        lines.append(survey.label("visits.more", n=len(mine) - MOST))
    for fact in guide().facts.get(code, ()) if not survey.wave.invented else ():
        if fact.topic == topic:
            words = fact.text[survey.language]
            lines.append(survey.say("visits/fact", text=words, source=fact.source))
    return lines


def _sentence(survey: Survey, remark: Remark) -> str:
    question = ""
    if remark.kind != "contradictory":
        question = survey.codebook[remark.question].label[survey.language]
    return survey.say("visits/remark", kind=remark.kind, question=question, text=remark.text)


def title(survey: Survey, topic: Topic) -> str:
    """Number and name of a topic."""
    return f"{topic.id}. {topic.text[survey.language]}"


def write_record_sheet(survey: Survey, chosen: Chosen) -> None:
    """Write tables/guide.xlsx: a sheet a city with what is known, to be filled in on the visit."""
    known = {
        (code, topic.id): "\n".join(f"・{line}" for line in _lines(survey, chosen, code, topic.id))
        for code in chosen.cities
        for topic in guide().topics
    }
    if chosen.cities:
        content = guidebook.form(chosen.cities, known, survey.source, survey.language)
        paths.write_atomic(survey.output / "tables" / "guide.xlsx", content)


def cases(survey: Survey) -> list[Case]:
    """The cases that the working group heard of and this edition may name."""
    return [case for case in guidebook.cases() if case.public or not protects(survey)]


# --- answers beside those of others -------------------------------------------------------------


def beside(survey: Survey, chosen: Chosen, code: str) -> tuple[Frame, Frame]:
    """The answers of a city beside those of its type and size class, with what to ask.

    Returns
    -------
    long : an answer a row, for the file: topic, asked (the question); whom: own_answer, same_type
        or same_group, its_class; answer, or item of a battery; value with its unit; share, of those
        who gave an answer; n; to_ask.
    page : a question a row: topic, asked, own_answer; same_type or same_group, its_class: what
        these mostly answer, in words with their n; to_ask.
    """
    kind, size = _others(survey, chosen.groups[code], code)
    others = {chosen.kin: kind, "its_class": size}
    compared = {"own_answer": subset(survey, [code]), **others}
    rows, page = [], []
    for q, about, to_ask in _questions(survey, chosen, code):
        words = {whom: typical(survey, group, q) for whom, group in others.items()}
        page.append({**about, "own_answer": own(survey, code, q), **words, "to_ask": to_ask})
        unit = q.unit[survey.language] if q.unit else survey.label("visits.scale")
        for whom, group in compared.items():
            n, mostly = most_answers(survey, group, q)
            mine = {"to_ask": to_ask} if whom == "own_answer" else {}
            if mine and not mostly:
                mostly = [{"answer": own(survey, code, q)}]  # a date, a text or a kind of missing
            for row in mostly:
                measured = {"unit": unit} if "value" in row else {}
                rows.append({**about, "whom": whom, "n": n, **row, **measured, **mine})
    columns = ["topic", "asked", "whom", "answer", "value", "unit", "share", "n", "to_ask"]
    return Frame(rows, columns=columns), Frame(page)


def _questions(
    survey: Survey, chosen: Chosen, code: str
) -> Iterator[tuple[Question, dict[str, str], str]]:
    """The questions of the guide that a city was asked, their words, and what to ask of them."""
    language = survey.language
    for topic in guide().topics:
        for q in guidebook.asked(topic, survey.codebook, survey.responses):
            skipped = survey.status.at[code, q.variables[0]] == "not_applicable"
            if protects(survey, q) or skipped:
                continue
            mine = [r for r in chosen.remarks[code] if q.id in r.question.split(", ")]
            said = [f"{survey.label(f'visits.{r.kind}')} {r.text}" for r in mine]
            about = {
                "topic": f"{topic.id} {topic.text[language]}",
                "asked": called(q, q.label[language]),
            }
            yield q, about, survey.label("visits.between").join(said)


def _others(survey: Survey, groups: Sequence[Group], code: str) -> tuple[Subset, Subset]:
    """The others of its type and of its size class; nobody where it has none."""
    # `groups`: its type and its size class, where it has them; then all
    kind = groups[0].codes if len(groups) == 3 else ()
    size = groups[-2].codes if len(groups) >= 2 else ()
    theirs, others = (subset(survey, [c for c in codes if c != code]) for codes in (kind, size))
    return theirs, others


# --- what was heard -----------------------------------------------------------------------------


def heard(survey: Survey) -> Frame:
    """What was heard on visits: column topic, then one for each city with a record."""
    visits = _visits(survey)
    if not visits:
        return Frame.nothing("no_record", ["topic"])
    titles = [title(survey, topic) for topic in guide().topics]
    columns = {
        f"{visit.name} {visit.date}".strip(): [
            _heard(survey, visit, topic.id) for topic in guide().topics
        ]
        for visit in visits
    }
    return Frame({"topic": titles, **columns})


def notes(survey: Survey) -> Frame:
    """The same for the file, a topic of a city a row: what was said, seen, differs, follows up."""
    rows = []
    for visit in _visits(survey):
        for topic in guide().topics:
            if topic.id in visit.notes.index:
                note = visit.notes.loc[topic.id]
                about = {"topic": title(survey, topic), "municipality": visit.name}
                hidden = {"answer": survey.label("visits.withheld")}
                said = note[["answer", *NOTED]] if _may_show(survey, note) else hidden
                rows.append({**about, "visited": visit.date, **said})
    columns = ["topic", "municipality", "visited", "answer", *NOTED]
    return Frame(rows, columns=columns) if rows else Frame.nothing("no_record", columns)


def _visits(survey: Survey) -> list[guidebook.Visit]:
    """The records that this edition may show something of."""
    folder = survey.wave.folder / "visits"
    return [] if protects(survey) else guidebook.read_all(folder, survey.register.index)


def _may_show(survey: Survey, note: pd.Series) -> bool:
    """Whether the edition may show a note."""
    allowed = {"yes"} if survey.audience == "public" else {"yes", "to_confirm", ""}
    return survey.audience == "internal" or note["publish"] in allowed


def _heard(survey: Survey, visit: guidebook.Visit, topic: int) -> str:
    if topic not in visit.notes.index:
        return "—"
    note = visit.notes.loc[topic]
    if not _may_show(survey, note):
        return survey.label("visits.withheld")
    parts = [note["answer"]]
    parts += [f"{survey.label(f'visits.{key}')}{note[key]}" for key in NOTED if note[key]]
    return " ".join(part for part in parts if part) or "—"
