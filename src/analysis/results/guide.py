"""What to ask on a site visit: the topics, and what in a city's answers is worth asking about.

A remark is computed, never written by hand: an answer is missing, unusual among comparable
municipalities, at odds with another answer, or doubted by cleaning.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml
from pydantic import StrictStr

from analysis import paths, yaml_file
from analysis.codebook.questions import AMOUNTS, UNCOUNTED, Question, WithLabel
from analysis.codebook.rules import Expression, rule_faults
from analysis.edition import once
from analysis.errors import InputError, Message, refusal
from analysis.stats import tabulate
from analysis.stats.thresholds import FEWEST_OTHERS, UNUSUAL
from analysis.survey import Survey
from analysis.text import Model, Text
from analysis.yaml_file import validate

STEPS = 2  # points of a scale between an unusual answer and the median of the others
LACKING = ("no_answer", "dont_know", "not_surveyed", "unreadable")


class Topic(WithLabel):
    """One topic of a visit; `questions`: codebook -> ids of its questions."""

    id: int
    ask: tuple[Text, ...]
    evidence: Text | None = None
    contradicts: Text
    words: tuple[StrictStr, ...] = ()  # in free text they tell that it is on this topic
    questions: dict[StrictStr, tuple[StrictStr, ...]]


class Contradiction(WithLabel):
    """A rule over the answers whose truth is worth asking about."""

    topic: int
    rule: StrictStr


class Fact(WithLabel):
    """Something published about a city, to be confirmed there."""

    topic: int
    source: StrictStr


class Guide(Model):
    """The content of data/codebooks/visits/topics.yml."""

    topics: tuple[Topic, ...]
    contradictions: dict[StrictStr, tuple[Contradiction, ...]]
    visits: dict[StrictStr, tuple[StrictStr, ...]]
    facts: dict[StrictStr, tuple[Fact, ...]]


class Case(Model):
    """A note on a case that the working group heard of; `body`: language -> Markdown.

    `public`: it rests on what is published, so the public edition may name the city.
    """

    city: StrictStr
    code: StrictStr
    date: Any
    source: Text
    body: Text
    public: bool = False


@cache
def guide() -> Guide:
    """The topics of the working group; none in a project without its file.

    >>> [topic.en for topic in guide().topics][3:6]
    ['AI and RPA', 'Open data', 'Information security']
    """
    file = paths.codebooks() / "visits" / "topics.yml"
    if not file.is_file():
        return Guide(topics=(), contradictions={}, visits={}, facts={})
    return validate(Guide, yaml_file.load(file, Message("the topics of visits")), file)


def cases() -> list[Case]:
    """The notes in data/cases, one Markdown file a city with a header and a part per language.

    Raises InputError: a file lacks its header, an entry of it, or one of the languages.
    """
    return [_case(file) for file in sorted((paths.root() / "data" / "cases").glob("[!.~]*.md"))]


def _case(file: Path) -> Case:
    try:
        _, header, body = paths.read_text(file).split("---\n", 2)
        ja, en = body.split("## ja\n", 1)[1].split("## en\n", 1)
        content = {**yaml_file.read(header), "body": {"ja": ja.strip(), "en": en.strip()}}
    except InputError:
        raise
    except (ValueError, IndexError, TypeError, yaml.YAMLError, UnicodeDecodeError):
        raise refusal("visit.no_case_note", file=file) from None
    return validate(Case, content, file)


@dataclass(frozen=True)
class VisitRemark:
    """One thing worth asking: its topic, question (or several), kind and words.

    rarity : of an unusual answer the share of the municipalities compared, its own among them, that
        gave answers as unusual as it; 0 of any other remark.
    """

    topic: int
    question: str
    kind: Literal["contradictory", "doubtful", "missing", "unusual"]
    text: str
    rarity: float = 0.0


def topic_questions(survey: Survey, topic: Topic) -> list[Question]:
    """The questions of a topic that this codebook has and this edition shows of single ones."""
    book = survey.codebook
    questions = [book[id] for id in topic.questions.get(book.id, ()) if id in book]
    return [q for q in questions if q.variables[0] in survey.unit_responses]


def remarks(survey: Survey, code: str, groups: Mapping[str, np.ndarray]) -> list[VisitRemark]:
    """What is contradictory, missing, unusual or doubtful in a city's answers.

    Parameters
    ----------
    groups : name -> which respondents it is compared with; the first group with five others that
        answered decides whether an answer is unusual.

    Notes
    -----
    An answer is unusual where at most `UNUSUAL` of the municipalities compared, the city among
    them, gave one as rare, or on a scale as far from the median of the others. This share is exact:
    were the city any of them, it is how often chance alone would find its answer so unusual. On a
    scale it must be two points from that median, too; a number must be beyond 1.5 interquartile
    ranges from the quartiles (Tukey 1977).
    """
    remarks = contradictions(survey, code)
    topic_of: dict[str, int] = {}
    for topic in guide().topics:
        for question in topic_questions(survey, topic):
            topic_of[question.id] = topic.id
            state = tabulate.state_of(survey.status, code, question)
            if state in LACKING:
                why = survey.say("visits/missing", status=state)
                remarks.append(VisitRemark(topic.id, question.id, "missing", why))
            elif state == "answered":
                unusual = _unusual(survey, code, question, groups)
                remarks += [VisitRemark(topic.id, question.id, "unusual", *one) for one in unusual]
    if survey.audience == "internal":
        mine = survey.findings.query("code == @code and severity == 'doubtful'")
        for name, text in mine[["question", survey.language]].itertuples(index=False):
            of = survey.codebook.by_name.get(name)
            if of is not None and of.id in topic_of:
                remarks.append(VisitRemark(topic_of[of.id], of.id, "doubtful", str(text)))
    return remarks


def contradictions(survey: Survey, code: str) -> list[VisitRemark]:
    """What a city's answers say against each other."""
    remarks: list[VisitRemark] = []
    rules, holds = _rules(survey), _at_odds(survey).loc[code]
    for at in holds.index[holds]:
        questions = survey.codebook.using(Expression(rules[at].rule, truth=True).names)
        names = ", ".join(sorted(q.id for q in questions))
        text = rules[at].text[survey.language]
        remarks.append(VisitRemark(rules[at].topic, names, "contradictory", text))
    return remarks


@once
def _rules(survey: Survey) -> tuple[Contradiction, ...]:
    """The contradictions of the survey's codebook.

    Raises InputError: a rule, a question or a topic of the guide is none that there is.
    """
    book, rules = survey.codebook, guide().contradictions.get(survey.codebook.id, ())
    topics = {topic.id: topic.questions.get(book.id, ()) for topic in guide().topics}
    faults = [fault for one in rules for fault in rule_faults(one.rule, book.by_name, truth=True)]
    missing = [f"topic {one.topic}" for one in rules if one.topic not in topics]
    missing += [id for ids in topics.values() for id in ids if id not in book]
    faults += [Message("there is no {name}", name=name) for name in missing]
    if faults:
        raise InputError(faults[0], file=paths.codebooks() / "visits" / "topics.yml")
    return rules


@once
def _at_odds(survey: Survey) -> pd.DataFrame:
    """Which respondents each rule of a contradiction holds for, a column a rule by its place."""
    answers, columns = survey.unit_responses, {}
    for at, at_odds in enumerate(_rules(survey)):
        with contextlib.suppress(KeyError):  # an edition without the question
            columns[at] = Expression(at_odds.rule, truth=True).holds(answers)
    return pd.DataFrame(columns, answers.index, dtype=bool)


def _unusual(
    survey: Survey, code: str, question: Question, groups: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, float]]:
    """What is unusual in the answer to a question, in words, and how rare it is."""
    if question.type in UNCOUNTED:
        return
    index = survey.responses.index
    others_there = tabulate.has_answer(survey.status, question).to_numpy(bool) & (index != code)
    for name, group in groups.items():
        if (group & others_there).sum() < FEWEST_OTHERS:
            continue
        for variable in question.variables:
            values = _numbers(survey, variable)
            others, own = values[group & others_there], values[index.get_loc(code)]
            if not np.isnan(own):
                there = others[~np.isnan(others)]
                yield from _rare(survey, question, variable, float(own), there, name)
        return


@once
def _numbers(survey: Survey, variable: str) -> np.ndarray:
    """The answers of all respondents to a variable, NaN where missing."""
    return survey.responses[variable].astype("Float64").to_numpy(float, na_value=np.nan)


def _rare(
    survey: Survey, question: Question, variable: str, own: float, others: np.ndarray, group: str
) -> Iterator[tuple[str, float]]:
    """Why the value of a variable is unusual among those of others, if it is, and how rare."""
    if not len(others):
        return
    language, same, middle = survey.language, int((others == own).sum()), np.median(others)
    scale = question.type in {"ordinal", "battery"}
    number = question.type in AMOUNTS
    far = np.abs(others - middle) >= abs(own - middle)
    values, counts = np.unique(np.append(others, own), return_counts=True)
    rare = counts <= counts[values == own]
    at_most = far.sum() + 1 if scale or number else counts[rare].sum()
    rarity = float(at_most / (len(others) + 1))
    if rarity > UNUSUAL:
        return
    beside: dict[str, Any] = {"group": group, "n": len(others)}
    if question.type == "multi":
        option, chosen = question.options[question.variables.index(variable)], bool(own)
        if chosen or not option.exclusive:
            beside |= {"option": option.text[language], "chosen": chosen}
            beside["same"] = same if chosen else len(others) - same
            yield survey.say("visits/option", **beside), rarity
    elif number:
        low, high = np.quantile(others, [0.25, 0.75]).tolist()
        reach = 1.5 * (high - low)
        if reach > 0 and not low - reach <= own <= high + reach:
            beside |= {"low": low, "high": high, "unit": question.unit_in(language)}
            yield survey.say("visits/far", value=own, **beside), rarity
    elif not scale or abs(own - middle) >= STEPS:
        item = next((i.text[language] for i in question.items if i.id == variable), "")
        answer = tabulate.labels_of(question, language)[int(own)]
        yield survey.say("visits/rare", answer=answer, item=item, same=same, **beside), rarity
