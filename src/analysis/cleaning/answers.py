"""One text as written in a cell becomes a value, a kind of missing, or a refusal.

Each step that read it otherwise than written is named by a rule (`cleaning.findings`), so that the
office can be asked. Numbers, dates, ticks and options are read as offices and form tools write them
(`texts`, `options`).
"""

from __future__ import annotations

import re

from analysis.cleaning.options import CROSSES, binary, choice, choices, ticked
from analysis.cleaning.texts import Parsed, date, number, refused, tidy
from analysis.codebook.model import Codebook, Question
from analysis.intake.workbook import CellKind

DATED = re.compile(
    r"\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?([ T]\d{1,2}:.*)?|\d{1,2}月\d{1,2}日"
    r"|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}"
)
LONGEST = 2000  # no answer of options is longer; the patterns below would be slow on one


class Reader:
    """Reads the answers to the questions of one codebook."""

    def __init__(self, codebook: Codebook) -> None:
        self.tokens: dict[str, str] = {}
        for kind, missing in codebook.missing.items():
            for token in missing.tokens:
                self.tokens.setdefault(tidy(token).casefold(), kind)
        self.crossed: set[str] = set()  # questions whose ticks are X
        self.codes: dict[str, dict[str, str]] = {}  # question -> code of its own -> kind
        for question in codebook:
            own = self.codes.setdefault(question.id, {})
            for token, missing_kind in question.missing_codes.items():
                own.setdefault(tidy(token).casefold(), missing_kind)

    def see_ticks(self, question: Question, marks: set[str]) -> None:
        """Note what stands in the columns of a question: X alone, beside blanks, is a tick."""
        if {mark.strip().casefold() for mark in marks} == {"", "x"}:
            self.crossed.add(question.id)

    def read(self, text: str, kind: int, question: Question, variable: str) -> Parsed:
        """One cell of a column that holds the question or one of its variables."""
        if not text.strip():
            return Parsed("empty")
        if kind == CellKind.ERROR:
            return refused("error-value")
        plain = tidy(text)
        folded = plain.casefold()
        if folded in self.codes[question.id]:
            return Parsed(self.codes[question.id][folded])
        own_column = question.type == "multi" and variable != question.id
        crossed = (own_column or question.type == "binary") and plain in CROSSES
        if folded in self.tokens and not crossed:
            return Parsed(self.tokens[folded])
        if kind != CellKind.DATE and DATED.fullmatch(plain):  # as a CSV holds such a cell
            kind = CellKind.DATE if question.type != "date" else kind
        match question.type:
            case "integer" | "ratio":
                dated = kind == CellKind.DATE
                return refused("not-a-number") if dated else number(text, question)
            case "date":
                return date(text, kind, question)
            case "single" | "ordinal" | "battery" | "binary" | "multi" if len(text) > LONGEST:
                return refused("no-such-option")
            case "single" | "ordinal" | "battery":
                return choice(text, kind, question)
            case "binary":
                return binary(text, question)
            case "multi" if own_column and question.id in self.crossed:
                return Parsed("answered", True, ("tick",))
            case "multi" if own_column:
                option = question.option(int(variable.rpartition("_")[2]))
                return ticked(text, question, option)
            case "multi":
                return choices(text, kind, question)
        return Parsed("answered", text.strip())
