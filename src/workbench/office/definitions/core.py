"""What the definitions of questionnaires have in common: questions, choices, conditions.

A reader of a format (`xlsform`, `redcap`, `limesurvey`) gives a `Definition`; its codebook is
written by `workbench.office.draft`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.codebook.rules import Expression, ExpressionError
from analysis.intake.tools.core import is_other
from workbench.office.guesses import Question, both

Texts = tuple[str, str]  # Japanese, English; one of them may be empty


@dataclass(frozen=True)
class Choice:
    """An answer that can be chosen, by the tool's name of it."""

    name: str
    texts: Texts


@dataclass
class Definition:
    """The questions of a questionnaire, and what could not be carried over, by question."""

    title: str
    questions: list[Question] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    codes: dict[tuple[str, str], int] = field(default_factory=dict)  # (question, choice) -> code

    def add(
        self, name: str, kind: str, texts: Texts, choices: Sequence[Choice] = (), **more: Any
    ) -> Question:
        """Add a question; its choices become options, and their names the words of the files."""
        id = id_of(name)
        question: Question = {"id": id, "section": "A", "type": kind, "role": "describe"}
        question |= labelled(texts, name)
        if id != name:
            question["source"] = [name]
        if choices:
            question["options"] = options(choices)
            for choice, option in zip(choices, question["options"], strict=True):
                self.codes[name, choice.name] = option["code"]
        question |= {key: value for key, value in more.items() if value}
        self.questions.append(question)
        return question

    def find(self, name: str) -> Question | None:
        """The question of a name of the tool."""
        id = id_of(name)
        return next((question for question in self.questions if question["id"] == id), None)


def id_of(name: str) -> str:
    """A name of a tool as the id of a question.

    >>> id_of("label-test"), id_of("code"), id_of("_1")
    ('label_test', 'CODE', 'Q_1')
    """
    id = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not id or not id[0].isalpha():
        id = f"Q_{id or 'x'}"
    return id.upper() if id == "code" else id


def labelled(texts: Texts, name: str) -> dict[str, str]:
    """Both labels, the one that is lacking marked; the name where there is none."""
    ja, en = (re.sub(r"<[^<>]+>", "", " ".join(str(text).split())) for text in texts)
    if ja and en and ja != en:
        return {"ja": ja, "en": en}
    return both(ja or en or name)


def options(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """Options by their names where these are numbers, else counted; "other" has its mark."""
    numbered = all(re.fullmatch(r"\d+", choice.name) for choice in choices)
    found = []
    for number, choice in enumerate(choices, start=1):
        option: dict[str, Any] = {"code": int(choice.name) if numbered else number}
        option |= labelled(choice.texts, choice.name)
        if any(map(is_other, choice.texts)) or choice.name in {"other", "-oth-"}:
            option["other"] = True
        if not numbered:
            option["source"] = [choice.name]
        found.append(option)
    return found


Pattern = tuple[str, Callable[[re.Match[str]], str | None]]
LONGEST = 5_000  # characters of a condition; nobody wrote a longer one by hand
SIGNS = {"=": "==", "<>": "!=", "!=": "!=", "==": "==", "eq": "==", "ne": "!="}


def compared(definition: Definition, name: str, sign: str, value: str) -> str | None:
    """A comparison of a question with a choice or a number, in the language of rules."""
    question = definition.find(name)
    if question is None or value == "":
        return None
    sign = SIGNS.get(sign, sign)
    if (code := definition.codes.get((name, value))) is not None:
        if question["type"] == "multi":
            return f"{question['id']}_{code}"
        return f"{question['id']} {sign} {code}"
    number = re.fullmatch(r"-?\d+(\.\d+)?", value)
    return f"{question['id']} {sign} {value}" if number and "options" not in question else None


def rule(text: str, patterns: Sequence[Pattern]) -> str | None:
    """A tool's condition as a skip rule; None where it asks what a rule cannot say."""
    if len(text) > LONGEST:
        return None
    for pattern, replace in patterns:
        for found in re.finditer(pattern, text):
            if replace(found) is None:
                return None
        text = re.sub(pattern, lambda m, replace=replace: f"({replace(m)})", text)  # type: ignore[misc]
    words = re.sub(r"\b(AND|OR|NOT)\b", lambda m: m[0].lower(), text)
    words = words.replace("&&", " and ").replace("||", " or ")
    words = re.sub(r"not\s*\(", "not (", " ".join(words.split()))
    while (shorter := re.sub(r"\(\s*(\([^()]*\))\s*\)", r"\1", words)) != words:
        words = shorter
    while _enclosed(words):
        words = words[1:-1].strip()
    try:
        Expression(words, truth=True)
    except ExpressionError:
        return None
    return words


def _enclosed(text: str) -> bool:
    """Whether one pair of brackets is around the whole."""
    depth = 0
    for position, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text.startswith("(") and position == len(text) - 1
    return False


def with_rule(
    definition: Definition, question: Question, text: str, patterns: Sequence[Pattern]
) -> None:
    """Give a question its skip rule, or note the condition that is to be written by hand."""
    if not text.strip() or text.strip() == "1":
        return
    found = rule(text, patterns)
    if found is None:
        definition.left[question["id"]] = f"ask_if to be written by hand: {' '.join(text.split())}"
    else:
        question["ask_if"] = found


def numbers(low: str, high: str) -> list[float] | None:
    """A range of two numbers, where both are given."""
    try:
        ends = [float(low), float(high)]
    except ValueError:
        return None
    return [int(end) if end == int(end) else end for end in ends]
