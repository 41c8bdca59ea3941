"""05_site_visits: what to ask where, the record sheet, and what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from IPython.display import display

from analysis import paths
from analysis.codebook.model import Question
from analysis.codebook.municipality import given
from analysis.edition import kept_back, protects
from analysis.errors import InputError
from analysis.report import types
from analysis.results.answers import Subset, own, typical
from analysis.show import Answer, NotAvailable, Prose, Table
from analysis.stats import visit_forms
from analysis.stats import visits as guidebook
from analysis.stats.visits import Group, Remark, Topic, guide
from analysis.survey import Survey
from analysis.text import Text
from analysis.typology.study import Typology

MOST = 4  # remarks of a topic that the list shows; the table has all
CITIES = 5  # paragons that are proposed for a visit
KINDS = ("contradictory", "missing", "unusual", "doubtful")  # of remarks, in the order shown


@dataclass(frozen=True)
class Chosen:
    """The cities to visit (code -> name), what to ask there, and whom they are compared with."""

    cities: dict[str, str]
    remarks: dict[str, list[Remark]]
    groups: dict[str, list[Group]]
    kin: str  # what the others of a city's type are called
    why: str


def choose(
    survey: Survey, codes: str | int, found: Typology | NotAvailable
) -> Chosen | NotAvailable:
    """The cities named in `codes`; else those that the working group visits, or the paragons.

    Of a wave with invented data nobody real can be visited: there the paragon of each type stands
    in, which are the municipalities to learn most of their type from.
    """
    if survey.codebook.id not in guide().topics[0].questions:
        reason = survey.label("visits.no_topics", book=survey.codebook.id)
        return NotAvailable("guide", reason)
    if protects(survey):
        return NotAvailable("guide", survey.label("visits.not_public"))
    picked, why = _picked(survey, codes, found)
    cities = {code: str(survey.names[code]) for code in picked}
    groups = {code: _groups(survey, code, found) for code in picked}
    remarks = {code: _remarks(survey, code, groups[code]) for code in picked}
    kin = types.kin_word(survey, found)
    return Chosen(cities, remarks, groups, kin, survey.label(f"visits.{why}"))


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
                f"{code!r} did not reply in this wave",
                hint="give codes of six digits, separated by commas",
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
    groups = []
    if not isinstance(found, NotAvailable) and found.labels.get(code, 0) in found.names:
        kind = int(found.labels[code])
        members = found.labels.index[found.labels == kind]
        word, name = types.group_word(found), found.names[kind]
        label = Text(ja=f"{word.ja}「{kind} {name['ja']}」", en=f"{word.en} {kind} {name['en']}")
        groups.append(Group(list(members), label))
    classes = survey.size_class
    if pd.notna(classes[code]):
        mates = classes.index[(classes == classes[code]).to_numpy(bool)]
        size = str(classes[code])
        groups.append(Group(list(mates), Text(ja=size, en=f"the class “{size}”")))
    groups.append(Group(list(survey.responses.index), Text(ja="全体", en="all municipalities")))
    return groups


def _remarks(survey: Survey, code: str, groups: list[Group]) -> list[Remark]:
    responses, status = survey.responses, survey.status
    shown = responses.drop(columns=kept_back(survey))
    found = guidebook.remarks(code, shown, status, survey.codebook, groups)
    if survey.audience == "internal":
        found += _doubts(survey, code)
    return sorted(found, key=lambda remark: (remark.topic, KINDS.index(remark.kind)))


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
        Remark(topic_of[id], id, "doubtful", Text(ja=row.ja, en=row.en))
        for row in mine.itertuples()
        if row.question in asked and (id := asked[row.question].id) in topic_of
    ]


# --- what to ask --------------------------------------------------------------------------------


def answer(survey: Survey, chosen: Chosen | NotAvailable) -> Answer:
    """Where to go, and how much there is to ask."""
    if isinstance(chosen, NotAvailable):
        return Answer(chosen.reason)
    every = [remark for remarks in chosen.remarks.values() for remark in remarks]
    counts = {kind: sum(remark.kind == kind for remark in every) for kind in KINDS}
    sentence = survey.say(
        "visits/answer",
        names=list(chosen.cities.values()),
        why=chosen.why,
        n=len(every),
        kinds={survey.label(f"visits.{kind}"): n for kind, n in counts.items() if n},
    )
    return Answer(sentence)


def common(survey: Survey) -> Prose:
    """What is asked everywhere, topic by topic."""
    language, lines = survey.language, []
    for topic in guide().topics:
        lines.append(f"**{_title(survey, topic)}**\n")
        lines += [f"- {question[language]}" for question in topic.ask]
        if topic.evidence.en != "none":
            seen, odds = topic.evidence[language], topic.contradicts[language]
            lines.append(survey.say("visits/evidence", seen=seen, odds=odds))
        lines.append("")
    return Prose("\n".join(lines))


def _title(survey: Survey, topic: Topic) -> str:
    return f"{topic.id}. {topic.text[survey.language]}"


def to_ask(survey: Survey, chosen: Chosen | NotAvailable) -> Prose:
    """City by city, what its own answers make worth asking."""
    if isinstance(chosen, NotAvailable):
        return Prose(chosen.reason)
    parts = []
    for code, name in chosen.cities.items():
        topics = {
            _title(survey, topic): remarks
            for topic in guide().topics
            if (remarks := _lines(survey, chosen, code, topic.id))
        }
        city = survey.say(
            "visits/city",
            name=name,
            beside=chosen.groups[code][0].name[survey.language],
            topics=topics,
            anything=bool(chosen.remarks[code]),
        )
        parts.append(city)
    return Prose("\n\n".join(parts))


def _lines(survey: Survey, chosen: Chosen, code: str, topic: int) -> list[str]:
    """The remarks of a topic in words, and what is published of the city."""
    mine = [r for r in chosen.remarks[code] if r.topic == topic]
    lines = [_sentence(survey, remark) for remark in mine[:MOST]]
    if len(mine) > MOST:
        lines.append(survey.label("visits.more", n=len(mine) - MOST))
    for fact in guide().facts.get(code, ()) if not survey.wave.invented else ():
        if fact.topic == topic:
            text = fact.text[survey.language]
            lines.append(survey.say("visits/fact", text=text, source=fact.source))
    return lines


def _sentence(survey: Survey, remark: Remark) -> str:
    question = ""
    if remark.kind != "contradictory":
        question = survey.codebook[remark.question].label[survey.language]
    return survey.say(
        "visits/remark",
        kind=survey.label(f"visits.{remark.kind}"),
        question=question,
        text=remark.text[survey.language],
    )


def record_sheet(survey: Survey, chosen: Chosen | NotAvailable) -> Prose:
    """Write the record sheet and say where it lies and how it comes back."""
    if isinstance(chosen, NotAvailable):
        return Prose(chosen.reason)
    known = {
        (code, topic.id): "\n".join(f"・{line}" for line in _lines(survey, chosen, code, topic.id))
        for code in chosen.cities
        for topic in guide().topics
    }
    content = visit_forms.form(chosen.cities, known, survey.source, survey.language)
    paths.write_atomic(survey.output / "tables" / "guide.xlsx", content)
    return Prose(survey.say("visits/record_sheet", folder=f"data/raw/{survey.wave.name}/visits/"))


def cases(survey: Survey) -> Prose:
    """The cases that the working group heard of, with their source."""
    parts = [
        survey.say(
            "visits/case",
            city=case.city,
            body=case.body[survey.language],
            source=case.source[survey.language],
            date=case.date,
        )
        for case in guidebook.cases()
        if case.public or not protects(survey)
    ]
    return Prose("\n\n".join(parts) or survey.label("visits.no_cases"))


# --- answers beside those of others -------------------------------------------------------------


def beside(survey: Survey, chosen: Chosen | NotAvailable) -> None:
    """For each city a table of its answers beside its type and size class, with what to ask."""
    if isinstance(chosen, NotAvailable):
        display(NotAvailable("guide", chosen.reason))
        return
    for at, code in enumerate(chosen.cities):
        display(of_city(survey, chosen, code, "guide" if at == 0 else f"guide_{at + 1}"))


def of_city(survey: Survey, chosen: Chosen, code: str, name: str = "guide") -> Table:
    """The table of one city."""
    kind, size = _others(survey, chosen.groups[code], code)
    rows = [
        _row(survey, chosen, code, topic, question, kind, size)
        for topic in guide().topics
        for question in guidebook.asked(topic, survey.codebook, survey.responses)
        if not protects(survey, question)
        and survey.status.at[code, question.variables[0]] != "not_applicable"
    ]
    headings = survey.labels("column") | {"kin": chosen.kin}
    return survey.gallery.table(
        pd.DataFrame(rows).rename(columns=headings),
        name,
        title=survey.label("visits.beside", city=chosen.cities[code]),
        n=survey.n,
        notes=[survey.label("visits.beside_note"), survey.label("visits.unusual_note")],
    )


def _others(survey: Survey, groups: Sequence[Group], code: str) -> tuple[Subset, Subset]:
    """The others of its type and of its size class; nobody where it has none."""
    # `groups`: its type and its size class, where it has them; then all
    kind = groups[0].codes if len(groups) == 3 else ()
    size = groups[-2].codes if len(groups) >= 2 else ()
    return (
        Subset.of(survey, [c for c in kind if c != code]),
        Subset.of(survey, [c for c in size if c != code]),
    )


def _row(
    survey: Survey,
    chosen: Chosen,
    code: str,
    topic: Topic,
    question: Question,
    kind: Subset,
    size: Subset,
) -> dict[str, str]:
    language = survey.language
    remarks = [r for r in chosen.remarks[code] if question.id in r.question.split(", ")]
    return {
        "topic": f"{topic.id} {topic.text[language]}",
        "question": f"{question.id} {question.label[language]}",
        "own_answer": own(survey, code, question),
        "kin": typical(survey, kind, question),
        "size_class": typical(survey, size, question),
        "to_ask": ("；" if language == "ja" else "; ").join(
            f"{survey.label(f'visits.{r.kind}')} {r.text[language]}" for r in remarks
        ),
    }


# --- what was heard -----------------------------------------------------------------------------


def matrix(survey: Survey) -> Table | NotAvailable:
    """What was heard: topics by city."""
    folder = survey.wave.folder / "visits"
    heard = [] if protects(survey) else visit_forms.read_all(folder, survey.register.index)
    columns = {
        f"{visit.name} {visit.date}".strip(): [
            _heard(survey, visit, topic.id) for topic in guide().topics
        ]
        for visit in heard
    }
    if not columns:
        return NotAvailable("heard", survey.label("visits.no_record"))
    titles = [_title(survey, topic) for topic in guide().topics]
    return survey.gallery.table(
        pd.DataFrame({survey.label("column.topic"): titles, **columns}),
        "heard",
        title=survey.label("visits.heard"),
        n=len(heard),
        notes=[survey.label("visits.heard_note")],
    )


def _heard(survey: Survey, visit: visit_forms.Visit, topic: int) -> str:
    if topic not in visit.notes.index:
        return "—"
    note = visit.notes.loc[topic]
    if survey.audience != "internal":
        allowed = {"yes"} if survey.audience == "public" else {"yes", "to_confirm", ""}
        if note["publish"] not in allowed:
            return survey.label("visits.withheld")
    parts = [note["answer"]]
    parts += [
        f"{survey.label(f'visits.{key}')}{note[key]}"
        for key in ("evidence", "difference", "follow_up")
        if note[key]
    ]
    return " ".join(part for part in parts if part) or "—"
