"""Findings: what cleaning changed, doubts or refused, one row each with its place in the files.

The rules are read from data/cleaning_rules.yml; docs/rules.md is made from them. ``repaired``: the
meaning was never in doubt. ``doubtful``: a value was taken, or an answer left out, and the office
should confirm it. ``refused``: no value; the text stands in the finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import digits
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from analysis.intake.cells import Received, Remark, addresses
from analysis.text import LANGUAGES, Language, Model, Text, label, of_own_register
from analysis.yaml_file import packaged

Severity = Literal["noted", "repaired", "doubtful", "refused"]


class Rule(Model):
    """One rule of cleaning.

    `text` is the sentence of a finding, with places for the cell ({cell}), its text ({raw}), for
    what was read ({value}) and for what else the sentence needs ({more}). `tells`: that it was met
    says which answer was given; an edition that hides small numbers does not count it apart.
    """

    id: str
    severity: Severity
    title: Text
    text: Text
    tells: bool = False

    def message(
        self, language: Language, own_register: bool = False, /, **parts: str | Text
    ) -> str:
        """The sentence of a finding; with `own_register` in words for a register of one's own.

        >>> RULES["thousands"].message("en", raw="1,200", value="1200")
        '“1,200” was read as 1200 (separators dropped).'
        """
        sentence = self.text[language]
        if own_register:
            sentence = of_own_register(sentence)
        for name in ("raw", "value", "more", "cell"):
            part = parts.get(name, "")
            text = part[language] if isinstance(part, Text) else part
            sentence = sentence.replace(f"{{{name}}}", text)
        return sentence.strip()


RULES = {id: Rule(id=id, **entry) for id, entry in packaged("cleaning_rules.yml").items()}
LOOSE = ["unmatched", "unsure", "another"]  # reasons of `analysis.intake.cells` that are findings
SEVERITIES = get_args(Severity)
FINDING_COLUMNS = [
    *("file", "sheet", "cell", "code", "name", "question", "rule", "severity"),
    *("raw", "value", "ja", "en"),
]


class Note(NamedTuple):
    """A finding on one answer: the cell of a variable in a record.

    `value`: what was read; `more` completes the sentence, as a Text where the languages differ.
    """

    record: int
    variable: str
    rule: str
    value: str = ""
    more: str | Text = ""


def counted(findings: pd.DataFrame, language: Language) -> str:
    """How many there are of each severity, in words."""
    counts = findings["severity"].value_counts()
    return ("、" if language == "ja" else ", ").join(
        f"{label(f'severity.{kind}', language)} {counts.get(kind, 0)}" for kind in SEVERITIES
    )


def as_findings(
    notes: Sequence[Note],
    received: Received,
    codes: np.ndarray,
    names: pd.Series,
    remarks: Sequence[Remark] = (),
    own_register: bool = False,
) -> pd.DataFrame:
    """The findings in the order of the files, then those on headings, whole rows and loose cells.

    `codes` per record; `names` of the municipalities by code; `remarks` beside those of intake.
    """
    sources, whose = received.sources, dict[tuple[str, ...], str]()  # of one reply's own places
    for place in (["file"], ["file", "sheet"]):
        alone = sources.loc[~sources.duplicated(place, keep=False), place]
        whose |= {tuple(at): str(codes[record]) for record, *at in alone.itertuples()}

    def code_of(remark: Remark) -> str:
        """Whom a finding is about; on a loose cell of a form, the one who filled it in."""
        if remark.record >= 0:
            return str(codes[remark.record] or "")
        of_many = remark.rule in {"heading", "example-row"}
        places = () if of_many else ((remark.file, remark.sheet), (remark.file,))
        return next((whose[place] for place in places if place in whose), "")

    rows = [*_of_answers(notes, received), *received.remarks, *remarks, *_loose(received)]
    frame = pd.DataFrame(rows, columns=Remark._fields).rename(columns={"text": "raw"})
    frame["question"] = [r.value if r.rule == "heading" else r.variable.lstrip("@") for r in rows]
    frame["code"] = [code_of(remark) for remark in rows]
    frame["name"] = names.reindex(frame["code"], fill_value="").to_numpy()
    frame["severity"] = [RULES[remark.rule].severity for remark in rows]
    for language in LANGUAGES:
        frame[language] = [_sentence(r, language, own_register) for r in rows]
    return frame[FINDING_COLUMNS].astype("str")


def _sentence(remark: Remark, language: Language, own_register: bool) -> str:
    """What a finding says."""
    parts = {"raw": remark.text, "value": remark.value, "more": remark.more, "cell": remark.cell}
    return RULES[remark.rule].message(language, own_register, **parts)


def _of_answers(notes: Sequence[Note], received: Received) -> Iterator[Remark]:
    """The findings on answers, each with its cell."""
    order = {variable: number for number, variable in enumerate(received.variables)}
    notes = sorted(notes, key=lambda note: (note.record, order[note.variable]))
    at = np.array([received.positions[note.variable][note.record] for note in notes], int)
    cells = received.cells.take(at)
    # an answer with parts in several cells is quoted whole: 令和6年4月1日, not 6
    raw = [
        whole if text and text in whole and len(whole) > len(text) else text
        for text, whole in zip(cells["text"], cells["stands_for"], strict=True)
    ]
    places = zip(cells["file"], cells["sheet"], addresses(cells), raw, strict=True)
    for (record, variable, rule, value, more), place in zip(notes, places, strict=True):
        yield Remark(rule, *place, value, more, record, variable)


def _loose(received: Received) -> Iterator[Remark]:
    """Findings on cells of no question: one a column with a heading, one a cell of a form."""
    headings: dict[tuple[str, str, str], str] = {}  # the last of each column
    loose: dict[tuple[str, str, str, str], list[tuple[str, str]]] = {}
    for file, sheet, cell, text, reason in received.outside.itertuples(index=False, name=None):
        column = file, sheet, cell.rstrip(digits)
        if reason == "header" and not text.startswith('{"ImportId"'):  # Qualtrics' third row
            headings[column] = text
        elif reason in LOOSE:
            loose.setdefault((reason, *column), []).append((cell, text))
    replies = received.sources.value_counts() if loose else {}
    for (rule, file, sheet, letters), cells in loose.items():
        heading = headings.get((file, sheet, letters), "")
        if heading and len(cells) > 1 and replies.get((file, sheet), 0) > 1:
            yield Remark(rule, file, sheet, f"{cells[0][0]}:{cells[-1][0]}", heading)
        else:
            yield from (Remark(rule, file, sheet, *cell) for cell in cells)
