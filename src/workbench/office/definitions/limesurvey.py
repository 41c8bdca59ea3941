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
from workbench.office.definitions.core import Choice, Definition, Texts, id_of, in_both, labelled
from workbench.office.guesses import open_option

TYPES = {"Y": "binary", "5": "ordinal", "N": "ratio", "D": "date"} | {
    kind: type_
    for kinds, type_ in (("L!O", "single"), ("MP", "multi"), ("FHABCE", "battery"), ("STU", "text"))
    for kind in kinds
}
YES_NO = (Choice("Y", ("はい", "yes")), Choice("N", ("いいえ", "no")))
POINTS = [Choice(str(o["code"]), (o["ja"], o["en"])) for o in map(open_option, range(1, 11))]
FIXED = {  # the answers of types that have no others
    "Y": YES_NO, "5": POINTS[:5], "A": POINTS[:5], "B": POINTS,
    "C": (*YES_NO, Choice("U", ("わからない", "uncertain"))),
    "E": (Choice("I", ("増加", "increase")), Choice("S", ("変わらない", "same")),
          Choice("D", ("減少", "decrease"))),
}  # fmt: skip
BY_HAND = {"1": "an array of two scales", ":": "an array of numbers", ";": "an array of texts",
           "K": "a list of numbers", "Q": "a list of texts", "R": "a ranking"}  # fmt: skip
MAX_BYTES = 1 << 24
SUFFIXES = {".lss", ".lsa"}  # the structure alone, and the archive of a survey with its structure
VALUE = r"\s*[\"']?(?P<value>[\w.-]*)[\"']?"
RELEVANCE = (
    r"(?P<name>\w+)_(?P<value>\w+)\.NAOK\s*(?:==|eq)\s*[\"']?Y\b[\"']?",
    rf"(?P<name>\w+)\.NAOK\s*(?P<sign>==|!=|>=|<=|>|<|eq|ne){VALUE}",
)
Row = dict[str, str]


def read(path: Path) -> Definition:
    """The questionnaire of the structure of a survey.

    Raises
    ------
    InputError
        The file holds no structure, or its XML is damaged, too large, or declares entities.
    """
    content = path.read_bytes()
    if path.suffix.lower() == ".lsa":
        inside = (one.content for one in unpacked(path, path.name) if one.name.endswith(".lss"))
        content = next(inside, b"")
    if b"<LimeSurveyDocType>" not in content[:4096]:
        raise InputError(
            "this is no structure of LimeSurvey",
            file=path,
            hint="export the survey as .lss once more, or give a table of replies",
        )
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
        for table, key, entry in (
            ("question_l10ns", "qid", "question"),
            ("answer_l10ns", "aid", "answer"),
            ("questions", "qid", "question"),  # before version 4
            ("subquestions", "qid", "question"),
        ):
            for row in tables.get(table, []):
                if text := row.get(entry):
                    words = self.words.setdefault((key, row.get(key, "")), {})
                    words[row.get("language", "")] = re.sub(r"<[^<>]+>", "", text).strip()

    def texts(self, key: str, id: str) -> Texts:
        """The words of a question or answer in Japanese and English."""
        return in_both(self.words.get((key, id), {}))

    def definition(self) -> Definition:
        """The questions in their order."""
        titles = self.tables.get("surveys_languagesettings", [])
        title = next((row.get("surveyls_title", "") for row in titles), "")
        found = Definition(title or "LimeSurvey")
        rows: dict[str, Row] = {}  # the first of each language
        for row in self.tables.get("questions", []):
            if row.get("parent_qid", "0") in ("", "0"):
                rows.setdefault(row["qid"], row)
        for row in rows.values():
            kind, question = row.get("type", ""), self._add(found, row)
            if question is not None:
                found.ask(question, row.get("relevance", ""), RELEVANCE)
            elif kind not in ("X", "*"):  # a note, an equation
                what = BY_HAND.get(kind, f"a question of LimeSurvey's type {kind}")
                lacks = ", which lacks its answers," if kind in TYPES else ""
                found.left[id_of(row["title"])] = f"{what}{lacks} is to be written by hand"
        return found

    def _add(self, found: Definition, row: Row) -> dict[str, Any] | None:
        """One question; None where it is of a type, or lacks the answers, that no draft takes."""
        kind, qid, name = row.get("type", ""), row["qid"], row["title"]
        type_ = TYPES.get(kind, "")
        parts = self._choices("subquestions", qid)
        own = parts if type_ == "multi" else self._choices("answers", qid)
        if row.get("other") == "Y" and type_ in ("single", "multi"):
            own.append(Choice("other" if type_ == "multi" else "-oth-", ("その他", "other")))
        own = own or [*FIXED.get(kind, ())]
        chosen = type_ in ("single", "multi", "battery", "binary", "ordinal")
        if not type_ or (chosen and not own) or (type_ == "battery" and not parts):
            return None
        texts = self.texts("qid", qid)
        question = found.add(name, type_, texts, own if chosen else [], free=kind in ("T", "U"))
        if type_ == "battery":
            question["items"] = [
                {"id": f"{question['id']}_{part.name}", **labelled(part.texts, part.name),
                 "source": [part.name]}
                for part in parts
            ]  # fmt: skip
        return question

    def _choices(self, table: str, qid: str) -> list[Choice]:
        """The answers or the sub-questions of a question, in their order."""
        answers = table == "answers"
        owner, order = ("qid", "sortorder") if answers else ("parent_qid", "question_order")
        rows = [row for row in self.tables.get(table, []) if row.get(owner) == qid]
        found: dict[str, Choice] = {}
        for row in sorted(rows, key=lambda row: int(row.get(order, "0") or 0)):
            name = row["code" if answers else "title"]
            own = "aid" if answers else "qid"
            texts = self.texts(own, row.get(own, ""))
            if not any(texts) and row.get("answer"):
                texts = ("", row["answer"])
            found.setdefault(name, Choice(name, texts))
        return [*found.values()]
