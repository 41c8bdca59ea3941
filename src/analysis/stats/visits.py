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
from analysis.codebook.model import Codebook, Labelled, Question, describe_validation
from analysis.codebook.rules import Expression
from analysis.errors import InputError, Message
from analysis.stats import tabulate
from analysis.stats.thresholds import FEWEST_OTHERS
from analysis.text import LANGUAGES, Model, Text, say_both

RARE, COMMON = 0.2, 0.8  # share of the others that gave the same answer
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
    """One thing worth asking: where it stands among the topics, of which kind, and in words."""

    topic: int
    question: str
    kind: Kind
    text: Text


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
    Unusual: an answer that at most 20 % of the others gave and that, on a scale, is two points or
    more from their median; an option that at least 80 % chose and
    it did not; a number beyond 1.5 interquartile ranges from the quartiles (Tukey 1977).
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
            for group in groups:
                others = [c for c in group.codes if c != code]
                known = tabulate.answered(status.loc[others], question)
                if known.sum() >= FEWEST_OTHERS:
                    rest = given.loc[known.index[known]]
                    said = _unusual(question, given.loc[code], rest, group.name)
                    found += [Remark(topic.id, question.id, "unusual", text) for text in said]
                    break
    return found


def contradictions(code: str, responses: pd.DataFrame, codebook: Codebook) -> list[Remark]:
    """What a city's answers say against each other."""
    found: list[Remark] = []
    mine = responses.loc[[code]]
    for at_odds in guide().contradictions.get(codebook.id, ()):
        rule = Expression(at_odds.rule, truth=True)
        try:
            holds = rule.evaluate(mine).iloc[0]
        except KeyError:  # an edition without the question
            continue
        if pd.notna(holds) and bool(holds):
            names = ", ".join(sorted({_owner(codebook, name) for name in rule.names}))
            found.append(Remark(at_odds.topic, names, "contradictory", at_odds.text))
    return found


def asked(topic: Topic, codebook: Codebook, responses: pd.DataFrame) -> list[Question]:
    """The questions of a topic that this codebook has and this edition shows."""
    named = [codebook[id] for id in topic.questions.get(codebook.id, ()) if id in codebook]
    return [question for question in named if question.variables[0] in responses]


def _owner(codebook: Codebook, name: str) -> str:
    question = codebook.question_of.get(name)
    return question.id if question is not None else name


def _unusual(
    question: Question, own: pd.Series, others: pd.DataFrame, group: Text
) -> Iterator[Text]:
    beside: dict[str, Any] = {"group": group, "n": len(others)}
    match question.type:
        case "multi":
            for option, variable in zip(question.options, question.variables, strict=True):
                same = int(others[variable].fillna(False).astype(bool).sum())
                if pd.isna(own[variable]):
                    continue
                chosen, n = bool(own[variable]), len(others)
                if same <= RARE * n if chosen else same >= COMMON * n and not option.exclusive:
                    yield say_both(
                        "visits/option", option=option.text, same=same, chosen=chosen, **beside
                    )
        case "single" | "ordinal" | "binary" | "battery":
            items = {item.id: item.text for item in question.items}
            for variable in question.variables:
                told = others[variable].dropna()  # of a battery each item has its own n
                value, same = own[variable], int((told == own[variable]).sum())
                if pd.isna(value) or same > RARE * len(told):
                    continue
                scale = question.type in {"ordinal", "battery"}
                if not scale or abs(value - told.median()) >= STEPS:
                    ja, en = (tabulate.labels_of(question, k)[int(value)] for k in LANGUAGES)
                    beside |= {"n": len(told), "item": items.get(variable, ""), "same": same}
                    yield say_both("visits/rare", answer=Text(ja=ja, en=en), **beside)
        case "integer" | "ratio":
            numbers = others[question.id].dropna().astype(float)
            low, high = numbers.quantile(0.25), numbers.quantile(0.75)
            reach = 1.5 * (high - low)
            value = float(own[question.id])
            if reach > 0 and not low - reach <= value <= high + reach:
                beside |= {"low": low, "high": high, "unit": question.unit or ""}
                yield say_both("visits/far", value=value, **beside)


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
