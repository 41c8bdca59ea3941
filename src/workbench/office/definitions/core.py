"""What the definitions of questionnaires have in common: questions, choices, conditions.

A reader of a format (`xlsform`, `redcap`, `limesurvey`) gives a `Definition`; its codebook is
written by `workbench.office.draft`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analysis.codebook.rules import Expression, ExpressionError
from analysis.intake.tools.core import is_other
from workbench.office.guesses import Question, both

Texts = tuple[str, str]  # Japanese, English; one of them may be empty
LONGEST = 5_000  # characters of a condition; nobody wrote a longer one by hand
SIGNS = {"=": "==", "<>": "!=", "eq": "==", "ne": "!="}


class Choice(NamedTuple):
    """An answer that can be chosen, by the tool's name of it."""

    name: str
    texts: Texts


@dataclass
class Definition:
    """The questions of a questionnaire, and what could not be carried over, by question."""

    title: str
    questions: list[Question] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

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
            question["options"] = options(choices, kind)
        question |= {key: value for key, value in more.items() if value}
        self.questions.append(question)
        return question

    def find(self, name: str) -> Question | None:
        """The question of a name of the tool."""
        id = id_of(name)
        return next((question for question in self.questions if question["id"] == id), None)

    def line(
        self, battery: str, asked: Texts, choices: Sequence[Choice], name: str, texts: Texts
    ) -> Question | None:
        """Add a line to a battery; the battery itself where the line is its first."""
        known = self.find(battery)
        question = known or self.add(battery, "battery", asked, choices, items=[{}])
        ja, en = texts
        item = {"id": id_of(name), "ja": ja or en or name, "en": en or ja or name}
        question["items"] = [*filter(None, question["items"]), item]
        return None if known else question

    def ask(self, question: Question, text: str, patterns: Sequence[str]) -> None:
        """Give a question its skip rule, or note the condition that is to be written by hand."""
        text = " ".join(text.split())
        if text in ("", "1"):
            return
        if found := rule(self, text, patterns):
            question["ask_if"] = found
        else:
            self.left[question["id"]] = f"ask_if to be written by hand: {text}"


def id_of(name: str) -> str:
    """A name of a tool as the id of a question.

    >>> id_of("label-test"), id_of("code"), id_of("_1")
    ('label_test', 'CODE', 'Q_1')
    """
    id = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not id or not id[0].isalpha():
        id = f"Q_{id or 'x'}"
    return id.upper() if id == "code" else id


def in_both(words: Mapping[str, str]) -> Texts:
    """Words by language as Japanese and English; those of another language alone as English.

    >>> in_both({"japanese (ja)": "用途", "": "Uses"}), in_both({"de": "Ziele"})
    (('用途', 'Uses'), ('', 'Ziele'))
    """
    ja, en = (
        next((text for language, text in words.items() if re.search(known, language)), "")
        for known in (r"\bja|日本", r"\ben")
    )
    return ja, en or words.get("", "") or ("" if ja else next(iter(words.values()), ""))


def in_one(text: str) -> Texts:
    """Words of which the file does not say in which language they are."""
    return ("", text) if text.isascii() else (text, "")


def labelled(texts: Texts, name: str) -> dict[str, str]:
    """Both labels, the one that is lacking marked; the name where there is none."""
    ja, en = (re.sub(r"<[^<>]+>", "", " ".join(str(text).split())) for text in texts)
    if ja and en and ja != en:
        return {"ja": ja, "en": en}
    return both(ja or en or name)


def options(choices: Sequence[Choice], kind: str) -> list[dict[str, Any]]:
    """Options by their names where these are numbers, else counted; "other" has its mark."""
    numbered = all(re.fullmatch(r"\d+", choice.name) for choice in choices)
    found = []
    for number, choice in enumerate(choices, start=1):
        code = 2 - number if kind == "binary" else number
        option: dict[str, Any] = {"code": int(choice.name) if numbered else code}
        option |= labelled(choice.texts, choice.name)
        if any(map(is_other, choice.texts)) or choice.name in {"other", "-oth-"}:
            option["other"] = True
        if not numbered:
            option["source"] = [choice.name]
        found.append(option)
    return found


def rule(definition: Definition, text: str, patterns: Sequence[str]) -> str | None:
    """A tool's condition as a skip rule; None where it asks what a rule cannot say.

    `patterns` match a comparison: the groups ``name`` and ``value``, and where the tool has them
    ``sign`` and ``unless``, which turns it round.
    """
    if len(text) > LONGEST:
        return None
    lost = False

    def compared(match: re.Match[str]) -> str:
        nonlocal lost
        said: dict[str, Any] = {"sign": "=", "unless": None} | match.groupdict()
        sign = "!=" if said["unless"] else said["sign"]
        found = _compared(definition, said["name"], sign, said["value"])
        lost |= found is None
        return f"({found})"

    for pattern in patterns:
        text = re.sub(pattern, compared, text)
    words = re.sub(r"\b(AND|OR|NOT)\b", lambda m: m[0].lower(), text)
    words = " ".join(words.replace("&&", " and ").replace("||", " or ").split())
    try:
        Expression(words, truth=True)
    except ExpressionError:
        return None
    return None if lost else ast.unparse(ast.parse(words, mode="eval"))


def _compared(definition: Definition, name: str, sign: str, value: str) -> str | None:
    """A comparison of a question with a choice or a number, in the language of rules."""
    question = definition.find(name)
    if question is None or value == "":
        return None
    id, sign = question["id"], SIGNS.get(sign, sign)
    for option in question.get("options", ()):
        if value in option.get("source", [str(option["code"])]):
            if question["type"] != "multi":
                return f"{id} {sign} {option['code']}"
            return f"not {id}_{option['code']}" if sign == "!=" else f"{id}_{option['code']}"
    number = re.fullmatch(r"-?\d+(\.\d+)?", value)
    return f"{id} {sign} {value}" if number and "options" not in question else None


def numbers(low: str, high: str) -> list[float] | None:
    """A range of two numbers, where both are given."""
    try:
        ends = [float(low), float(high)]
    except ValueError:
        return None
    return [int(end) if end == int(end) else end for end in ends]
