"""What to ask on a site visit: the topics, and what in a city's answers is worth asking about.

A remark is computed, never written by hand: an answer is missing, unusual among comparable
municipalities, or at odds with another answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import StrictStr, ValidationError

from analysis import paths
from analysis.codebook import yaml_file
from analysis.codebook.model import Codebook, Labelled, Question
from analysis.codebook.rules import Expression
from analysis.codebook.validation import describe_validation
from analysis.errors import InputError, Message
from analysis.stats import tabulate
from analysis.stats.thresholds import FEWEST_OTHERS, UNUSUAL
from analysis.text import LANGUAGES, Model, Text, say_both

STEPS = 2  # points of a scale between an unusual answer and the median of the others
Kind = Literal["contradictory", "doubtful", "missing", "unusual"]
MISSING = ("no_answer", "dont_know", "not_surveyed", "unreadable")


class Topic(Labelled):
    """One topic of a visit; `questions`: codebook -> ids of its questions."""

    id: int
    ask: tuple[Text, ...]
    evidence: Text
    contradicts: Text
    words: tuple[StrictStr, ...] = ()  # in free text they tell that it is on this topic
    questions: dict[StrictStr, tuple[StrictStr, ...]]


class Contradiction(Labelled):
    """A rule over the answers whose truth is worth asking about."""

    topic: int
    rule: StrictStr


class Fact(Labelled):
    """Something published about a city, to be confirmed there."""

    topic: int
    source: StrictStr


class Guide(Model):
    """The content of data/codebooks/visits/topics.yml."""

    topics: tuple[Topic, ...]
    contradictions: dict[StrictStr, tuple[Contradiction, ...]]
    visits: dict[StrictStr, tuple[StrictStr, ...]]
    facts: dict[StrictStr, tuple[Fact, ...]]


@cache
def guide() -> Guide:
    """The topics of the working group; none in a project without its file.

    Examples
    --------
    >>> [topic.en for topic in guide().topics][3:6]
    ['AI and RPA', 'Open data', 'Information security']
    """
    file = paths.codebooks() / "visits" / "topics.yml"
    if not file.is_file():
        return Guide(topics=(), contradictions={}, visits={}, facts={})
    return Guide.model_validate(yaml_file.load(file))


@dataclass(frozen=True)
class Group:
    """Municipalities that a city is compared with, and what they are called."""

    codes: Sequence[str]
    name: Text


@dataclass(frozen=True)
class Remark:
    """One thing worth asking: where it stands among the topics, of which kind, and in words.

    rarity : of an unusual answer the share of the municipalities compared, its own among them, that
        gave answers as unusual as it; 0 of any other remark.
    """

    topic: int
    question: str
    kind: Kind
    text: Text
    rarity: float = 0.0


def remarks(
    code: str,
    responses: pd.DataFrame,
    status: pd.DataFrame,
    codebook: Codebook,
    groups: Sequence[Group],
) -> list[Remark]:
    """What is contradictory, missing or unusual in a city's answers.

    Parameters
    ----------
    responses, status : of all, one row a municipality. groups : compared with in this order; the
        first with five others that answered decides whether an answer is unusual.

    Notes
    -----
    An answer is unusual where at most `UNUSUAL` of the municipalities compared, the city among
    them, gave one as rare, or on a scale as far from the median of the others. This share is exact:
    were the city any of them, it is how often chance alone would find its answer so unusual. On a
    scale it must be two points from that median, too; a number must be beyond 1.5 interquartile
    ranges from the quartiles (Tukey 1977).
    """
    found = contradictions(code, responses, codebook)
    for topic in guide().topics:
        for question in asked(topic, codebook, responses):
            state = tabulate.state_of(status, code, question)
            if state in MISSING:
                why = say_both("visits/missing", status=state)
                found.append(Remark(topic.id, question.id, "missing", why))
            if state != "answered":
                continue
            given = responses[list(question.variables)]
            answered = tabulate.answered(status, question)
            for group in groups:
                known = answered.loc[[c for c in group.codes if c != code]]
                if known.sum() >= FEWEST_OTHERS:
                    rest = given.loc[known.index[known]]
                    said = _unusual(question, given.loc[code], rest, group.name)
                    found += [
                        Remark(topic.id, question.id, "unusual", text, rarity)
                        for rarity, text in said
                    ]
                    break
    return found


def contradictions(code: str, responses: pd.DataFrame, codebook: Codebook) -> list[Remark]:
    """What a city's answers say against each other."""
    found: list[Remark] = []
    mine = responses.loc[[code]]
    for at_odds in guide().contradictions.get(codebook.id, ()):
        rule = Expression(at_odds.rule, truth=True)
        try:
            (holds,) = rule.holds(mine)
        except KeyError:  # an edition without the question
            continue
        if holds:
            names = ", ".join(sorted(q.id for q in codebook.using(rule.names)))
            found.append(Remark(at_odds.topic, names, "contradictory", at_odds.text))
    return found


def asked(topic: Topic, codebook: Codebook, responses: pd.DataFrame) -> list[Question]:
    """The questions of a topic that this codebook has and this edition shows."""
    named = [codebook[id] for id in topic.questions.get(codebook.id, ()) if id in codebook]
    return [question for question in named if question.variables[0] in responses]


def _unusual(
    question: Question, own: pd.Series, others: pd.DataFrame, group: Text
) -> Iterator[tuple[float, Text]]:
    """What is unusual in the answer to a question: how rare it is, and in words."""
    items = {item.id: item.text for item in question.items}
    for variable in question.variables if question.type not in {"text", "date"} else ():
        known, mine = others[variable].dropna().astype(float), own[variable]
        if pd.isna(mine):
            continue
        value = float(mine)
        scale = question.type in {"ordinal", "battery"}
        number = question.type in {"integer", "ratio"}
        rarity = _tail(known, value) if scale or number else _share(known, value)
        if rarity > UNUSUAL:
            continue
        same = int((known == value).sum())
        beside: dict[str, Any] = {"group": group, "n": len(known)}
        if question.type == "multi":
            option, does = question.options[question.variables.index(variable)], same
            if not mine:
                does = len(known) - same
            if mine or not option.exclusive:
                beside |= {"option": option.text, "same": does, "chosen": bool(mine)}
                yield rarity, say_both("visits/option", **beside)
        elif number:
            low, high = known.quantile(0.25), known.quantile(0.75)
            reach = 1.5 * (high - low)
            if reach > 0 and not low - reach <= value <= high + reach:
                beside |= {"low": low, "high": high, "unit": question.unit or ""}
                yield rarity, say_both("visits/far", value=value, **beside)
        elif not scale or abs(value - known.median()) >= STEPS:
            ja, en = (tabulate.labels_of(question, k)[int(value)] for k in LANGUAGES)
            beside |= {"item": items.get(variable, ""), "same": same}
            yield rarity, say_both("visits/rare", answer=Text(ja=ja, en=en), **beside)


def _share(others: pd.Series, own: float) -> float:
    """Share of all, the own one among them, whose answers are at most as frequent as the own."""
    counts = pd.concat([others, pd.Series([own])]).value_counts()
    return float(counts[counts <= counts[own]].sum() / counts.sum())


def _tail(others: pd.Series, own: float) -> float:
    """Share of all, the own one among them, at least as far from the median of the others."""
    distance = (others - others.median()).abs()
    return float((1 + (distance >= abs(own - others.median())).sum()) / (1 + len(others)))


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


def cases() -> list[Case]:
    """The notes in data/cases, one Markdown file a city with a header and a part per language.

    Raises
    ------
    InputError : a file lacks its header, an entry of it, or one of the languages.
    """
    return [_case(file) for file in sorted((paths.root() / "data" / "cases").glob("*.md"))]


def _case(file: Path) -> Case:
    hint = Message(
        "begin with --- city, code, date, source --- and give a part ## ja and a part ## en"
    )
    try:
        _, header, body = file.read_text(encoding="utf-8").split("---\n", 2)
        ja, en = body.split("## ja\n", 1)[1].split("## en\n", 1)
        content = {**yaml_file.read(header), "body": {"ja": ja.strip(), "en": en.strip()}}
    except (ValueError, IndexError, TypeError, yaml.YAMLError, UnicodeDecodeError):
        raise InputError("this is no case note", file=file, hint=hint) from None
    try:
        return Case.model_validate(content)
    except ValidationError as error:
        raise InputError(describe_validation(error, content), file=file, hint=hint) from None
