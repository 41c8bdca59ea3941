"""LimeSurvey: the structure of a survey (.lss), XML with a table for each kind of thing.

The archive of a survey (.lsa) is a zip that holds it beside the responses.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from analysis.errors import InputError
from analysis.intake.files import unpacked
from workbench.office.definitions.core import (
    Choice,
    Definition,
    Pattern,
    Texts,
    compared,
    id_of,
    labelled,
    with_rule,
)

ONE, SEVERAL, NUMBER = set("L!O"), set("MP"), set("N")
SCALES = {"A": 5, "B": 10, "5": 5}
YES_NO = (Choice("Y", ("はい", "yes")), Choice("N", ("いいえ", "no")))
UNSURE = (*YES_NO, Choice("U", ("わからない", "uncertain")))
CHANGE = (Choice("I", ("増加", "increase")), Choice("S", ("変わらない", "same")),
          Choice("D", ("減少", "decrease")))  # fmt: skip
TEXTS = {"S": False, "T": True, "U": True}  # type -> several lines
BY_HAND = {"1": "an array of two scales", ":": "an array of numbers", ";": "an array of texts",
           "K": "a list of numbers", "Q": "a list of texts", "R": "a ranking"}  # fmt: skip
MAX_BYTES = 1 << 24
SUFFIXES = {".lss", ".lsa"}  # the structure alone, and the archive of a survey with its structure
Row = dict[str, str]


def read(path: Path) -> Definition | None:
    """The questionnaire, where the file is the structure of a survey.

    Raises
    ------
    InputError
        The XML is damaged, too large, or declares entities.
    """
    content = path.read_bytes()
    if path.suffix.lower() == ".lsa":
        inside = (one.content for one in unpacked(path, path.name) if one.name.endswith(".lss"))
        content = next(inside, b"")
    if b"<LimeSurveyDocType>" not in content[:4096]:
        return None
    if len(content) > MAX_BYTES or b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise InputError("the file is too large or declares entities", file=path)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise InputError("the XML is damaged ({fault})", file=path, fault=error) from None
    tables = {
        table.tag: [{cell.tag: cell.text or "" for cell in row} for row in table.iter("row")]
        for table in root
        if table.find("rows") is not None
    }
    return _Survey(tables).definition()


class _Survey:
    """The tables of a structure: questions, their parts and answers, by language."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = tables
        self.words: dict[tuple[str, str], dict[str, str]] = {}
        for table, key, text in (
            ("question_l10ns", "qid", "question"),
            ("answer_l10ns", "aid", "answer"),
        ):
            for row in tables.get(table, []):
                said = self.words.setdefault((key, row.get(key, "")), {})
                said[row.get("language", "")] = re.sub(r"<[^<>]+>", "", row.get(text, "")).strip()
        for key, name in (("qid", "questions"), ("qid", "subquestions")):  # before version 4
            for row in tables.get(name, []):
                if row.get("question"):
                    said = self.words.setdefault((key, row[key]), {})
                    said[row.get("language", "")] = re.sub(r"<[^<>]+>", "", row["question"]).strip()

    def texts(self, key: str, id: str) -> Texts:
        """The words of a question or answer in Japanese and English."""
        said = self.words.get((key, id), {})
        ja = next((text for language, text in said.items() if language.startswith("ja")), "")
        en = next((text for language, text in said.items() if language.startswith("en")), "")
        return ja, en or ("" if ja else next(iter(said.values()), ""))

    def definition(self) -> Definition:
        """The questions in their order."""
        titles = self.tables.get("surveys_languagesettings", [])
        title = next((row.get("surveyls_title", "") for row in titles), "")
        found = Definition(title or "LimeSurvey")
        seen: set[str] = set()
        for row in self.tables.get("questions", []):
            if row.get("parent_qid", "0") in ("", "0") and row["qid"] not in seen:
                seen.add(row["qid"])
                question = self._add(found, row)
                if question is not None:
                    with_rule(found, question, row.get("relevance", ""), _patterns(found))
                elif (kind := row.get("type", "")) not in {"X", "*"}:  # a note, an equation
                    what = BY_HAND.get(kind, f"a question of LimeSurvey's type {kind}")
                    found.left[id_of(row["title"])] = f"{what} is to be written by hand"
        return found

    def _add(self, found: Definition, row: Row) -> dict[str, Any] | None:
        kind, name, texts = row.get("type", ""), row["title"], self.texts("qid", row["qid"])
        other = [Choice("-oth-", ("その他", "other"))] if row.get("other") == "Y" else []
        if kind in ONE:
            own = [*self.answers(row["qid"]), *other]
            return found.add(name, "single", texts, own) if own else None
        if kind in SEVERAL:
            own = [*self.parts(row["qid"]), *(Choice("other", c.texts) for c in other)]
            return found.add(name, "multi", texts, own) if own else None
        if kind in {"F", "H", "A", "B", "C", "E"}:
            return self._battery(found, row, texts)
        if kind in {"Y", "5", "N", "D"}:
            type_ = {"Y": "binary", "5": "ordinal", "N": "ratio", "D": "date"}[kind]
            own = {"Y": [*YES_NO], "5": _points(5)}.get(kind, [])
            question = found.add(name, type_, texts, own)
            if kind == "Y":
                for option, code in zip(question["options"], (1, 0), strict=True):
                    option["code"] = code
                    found.codes[name, option["source"][0]] = code
            return question
        if kind in TEXTS:
            return found.add(name, "text", texts, free=TEXTS[kind])
        return None

    def _battery(self, found: Definition, row: Row, texts: Texts) -> dict[str, Any] | None:
        kind = row["type"]
        own = self.answers(row["qid"]) or [
            *(_points(SCALES[kind]) if kind in SCALES else UNSURE if kind == "C" else CHANGE)
        ]
        parts = self.parts(row["qid"])
        if not parts:
            return None
        question = found.add(row["title"], "battery", texts, own)
        question["items"] = [
            {"id": f"{question['id']}_{part.name}", **labelled(part.texts, part.name),
             "source": [part.name]}
            for part in parts
        ]  # fmt: skip
        return question

    def answers(self, qid: str) -> list[Choice]:
        """The answers of a question in their order."""
        rows = [row for row in self.tables.get("answers", []) if row.get("qid") == qid]
        found: dict[str, Choice] = {}
        for row in sorted(rows, key=lambda row: int(row.get("sortorder", "0") or 0)):
            texts = self.texts("aid", row.get("aid", ""))
            if not any(texts) and row.get("answer"):
                texts = ("", row["answer"])
            found.setdefault(row["code"], Choice(row["code"], texts))
        return [*found.values()]

    def parts(self, qid: str) -> list[Choice]:
        """The sub-questions of a question in their order."""
        rows = [row for row in self.tables.get("subquestions", []) if row.get("parent_qid") == qid]
        found: dict[str, Choice] = {}
        for row in sorted(rows, key=lambda row: int(row.get("question_order", "0") or 0)):
            found.setdefault(row["title"], Choice(row["title"], self.texts("qid", row["qid"])))
        return [*found.values()]


def _points(last: int) -> list[Choice]:
    return [Choice(str(n), (f"選択肢{n}", f"option {n} (to fill in)")) for n in range(1, last + 1)]


def _patterns(found: Definition) -> list[Pattern]:
    """How a relevance equation compares."""

    def ticked(m: re.Match[str]) -> str | None:
        rule = compared(found, m[1], "=", m[2])
        return rule if m[4] == "Y" and m[3] in ("==", "eq") else None

    value = r"\s*[\"']?([\w.-]*)[\"']?"
    return [
        (rf"(\w+)_(\w+)\.NAOK\s*(==|!=|eq|ne){value}", ticked),
        (
            rf"(\w+)\.NAOK\s*(==|!=|>=|<=|>|<|eq|ne){value}",
            lambda m: compared(found, m[1], m[2], m[3]),
        ),
    ]
