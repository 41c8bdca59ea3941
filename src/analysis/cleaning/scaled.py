"""Units that a file states otherwise than the codebook: 千人 beside a number asked in 人."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analysis.cleaning.texts import SAME_UNIT, Parsed, number, own_units, refused, tidy
from analysis.codebook.model import Codebook
from analysis.codebook.questions import AMOUNTS, Question
from analysis.intake.cells import Received, Remark
from analysis.intake.sheet import CellKind, address
from analysis.intake.shown import as_shown

SIZE = re.compile("百万|千万|十億|億|万|千|百")
IN_WORDS = {"unit", "big-unit"}  # rules of a number with its unit, which a format may show
PERIODS = {
    same for units in SAME_UNIT for same in units if not units.isdisjoint({"年", "月", "週", "日"})
}
TIMES = PERIODS | {"時間", "分"}
LONGEST = 100  # letters of a heading with its unit


def stated_otherwise(received: Received, book: Codebook) -> Iterator[Remark]:
    """A finding on each cell that states another unit for the numbers beside it or below."""
    cells = received.cells
    units = {q.id: own_units(q) for q in book if q.type in AMOUNTS and q.unit}
    bare = {id: {SIZE.sub("", unit) for unit in own} for id, own in units.items()}
    known = set().union(*bare.values(), *SAME_UNIT) - {""}
    every = "|".join(map(re.escape, sorted(known, key=lambda unit: (-len(unit), unit)))) or "(?!)"
    # a whole cell, or in brackets behind other words: 千人, (単位:千人), 職員数(千人)
    stating = re.compile(rf"(?:^|[(\[:])(?:単位[:は]?)?((?:{SIZE.pattern})?(?:{every}))(?=$|[)\]])")
    # a row of units below the headings is a record as it seems
    in_place = cells["variable"].isin([*units]) & (cells["record"] >= 0)
    in_place &= ~cells["text"].str.contains(r"\d") & (cells["text"] != "")
    others = cells[(cells["record"] < 0) | in_place]
    texts = (text for text in others["text"].unique() if len(text) <= LONGEST)
    found = ((text, stating.search(re.sub(r"\s", "", tidy(text)))) for text in texts)
    stated = {text: match[1] for text, match in found if match}
    for question, own in ((book[id], own) for id, own in units.items()):
        alike = {text for text, unit in stated.items() if SIZE.sub("", unit) in bare[question.id]}
        alone = {text for text, unit in stated.items() if tidy(text).strip("()") == unit}
        headed = {text for text, unit in stated.items() if _heads(text, unit, question, own)}
        if not (words := {text for text in alike | alone | headed if stated[text] not in own}):
            continue  # the cells of a large survey are not looked through for each question
        said = others[others["text"].isin(words)]
        answers = cells[(cells["variable"] == question.id) & (cells["text"] != "")]
        answers = answers[~answers["text"].isin(words)]
        answers = answers[answers["file"].isin({*said["file"]})]
        for (file, sheet), near in answers.groupby(["file", "sheet"], observed=True):
            there = said[(said["file"] == file) & (said["sheet"] == sheet)]
            # any unit in the row right above the numbers of a table; else another size of their own
            above = there["column"].isin(near["column"]) & (there["row"] == near["row"].min() - 1)
            above &= len(near) > 1 and near["column"].nunique() == 1  # not beside it, in columns
            comparable = there["text"].isin(alike | headed) | above
            for cell in there[_of(there, near) & comparable].itertuples():
                place = address(cell.row - 1, cell.column - 1)
                whose = near["record"].unique()
                one = (whose[0], question.id) if len(whose) == 1 else (-1, "")
                unit = question.unit.ja if question.unit else ""
                yield Remark("scaled", file, sheet, place, cell.text, unit, question.label, *one)


def _heads(text: str, unit: str, question: Question, own: frozenset[str]) -> bool:
    """Whether a text is the heading of a question, with another unit than it has in brackets.

    A period says for how long something was counted, unless a time is asked.
    """
    heading = question.label.ja in text or text.startswith(question.id)
    period = unit in PERIODS and own.isdisjoint(TIMES)
    return heading and unit not in question.label.ja and not period


def doubt_one(texts: Sequence[str], answers: list[Parsed]) -> None:
    """Refuse 1 in a column of per cent of which other cells are fractions: all of it, or 1%."""
    if any("fraction" in answer.rules for answer in answers):
        for i, text in enumerate(texts):
            if tidy(text) == "1" and answers[i].state == "answered":
                answers[i] = refused("one-of-fractions")


def as_the_sheet_shows(
    received: Received, question: Question, column: str, texts: np.ndarray, kinds: np.ndarray
) -> None:
    """Put what a sheet shows of its numbers in their place, where that says something else.

    As 5000000 that is shown as ¥5,000,000 to an office that is asked for 千円.
    """
    known: dict[tuple[str, str], str] = {}
    formats = received.formats(column)
    bare = {look for look in {*formats.values()} if as_shown("1", look) == "1"}  # no words
    for i, look in formats.items():
        if kinds[i] == CellKind.DATE and question.type == "date" and not question.identity:
            month, day = texts[i][5:7].lstrip("0"), texts[i][8:10].lstrip("0")
            texts[i], kinds[i] = f"{month}月{day}日", CellKind.TEXT  # the year is the spreadsheet's
        if look in bare or kinds[i] != CellKind.NUMBER:
            continue
        if question.type not in AMOUNTS and "%" not in look:
            continue
        cell = (texts[i], look)
        if cell not in known:
            shown = as_shown(*cell)
            plain = question.type in AMOUNTS and "%" not in look
            said = number(shown, question) if plain else None
            same = said and said.value == number(texts[i], question).value
            known[cell] = texts[i] if said and same and {*said.rules} <= IN_WORDS else shown
        if known[cell] != texts[i]:
            texts[i], kinds[i] = known[cell], CellKind.TEXT


def _of(said: pd.DataFrame, answers: pd.DataFrame) -> pd.Series:
    """Which cells with a unit are of these answers: beside them, at their head, or of all."""
    below = said["column"].isin(answers["column"])
    at_head = said["row"].isin(answers["row"] - 1)
    if len(answers) > 1:
        at_head |= said["reason"] == "header"
    return said["row"].isin(answers["row"]) | (below & at_head) | said["text"].str.contains("単位")
