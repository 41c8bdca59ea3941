"""Findings: what cleaning changed, doubts or refused, one row each with its place in the files.

The rules are read from data/cleaning_rules.yml; docs/rules.md is made from them. ``repaired``: the
meaning was never in doubt. ``doubtful``: a value was taken, or an answer left out, and the office
should confirm it. ``refused``: no value; the text stands in the finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import yaml

from analysis.intake.cells import Received, Remark, addresses
from analysis.text import LANGUAGES, Language, Model, Text, label

Severity = Literal["repaired", "doubtful", "refused"]


class Rule(Model):
    """One rule of cleaning.

    `text` is the sentence of a finding, with places for the cell's text ({raw}), for what was read
    ({value}) and for what else the sentence needs ({more}).
    """

    id: str
    severity: Severity
    title: Text
    text: Text

    def message(self, language: Language, **parts: str | Text) -> str:
        """The sentence of a finding.

        Examples
        --------
        >>> RULES["thousands"].message("en", raw="1,200", value="1200")
        '“1,200” was read as 1200 (separators dropped).'
        """
        sentence = self.text[language]
        for name in ("raw", "value", "more"):
            part = parts.get(name, "")
            sentence = sentence.replace(
                f"{{{name}}}", part[language] if isinstance(part, Text) else part
            )
        return sentence.strip()


def _read() -> dict[str, Rule]:
    content = files("analysis").joinpath("data/cleaning_rules.yml").read_text(encoding="utf-8")
    entries = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {id: Rule(id=id, **entry) for id, entry in entries.items()}


RULES = _read()


SEVERITIES = ("repaired", "doubtful", "refused")
COLUMNS = [
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


def listed(
    notes: Sequence[Note],
    received: Received,
    codes: np.ndarray,
    names: Mapping[str, str],
    remarks: Sequence[Remark] = (),
) -> pd.DataFrame:
    """The findings in the order of the files, then those on headings, whole rows and loose cells.

    `codes` per record; `names` of the municipalities by code; `remarks` beside those of intake.
    """
    outside, sources = received.outside, received.sources
    sheets = list(zip(sources["file"], sources["sheet"], strict=True))
    replies = Counter(sheets)
    alone = {s: str(code) for s, code in zip(sheets, codes, strict=True) if replies[s] == 1}
    rows = list(_of_answers(notes, received, codes))
    for remark in (*received.remarks, *remarks):
        rule, file, sheet, cell, text, value, more, record, variable = remark
        code = "" if rule == "heading" else alone.get((file, sheet), "")
        code = str(codes[record] or "") if record >= 0 else code
        question = value if rule == "heading" else variable.lstrip("@")
        rows.append((file, sheet, cell, code, question, rule, text, value, more))
    loose = outside[outside["reason"] == "unmatched"]
    for file, sheet, cell, text in _loose(loose, outside[outside["reason"] == "header"]):
        code = alone.get((file, sheet), "")  # of a form, the one who filled it in
        rows.append((file, sheet, cell, code, "", "unmatched", text, "", ""))
    columns = ["file", "sheet", "cell", "code", "question", "rule", "raw", "value", "more"]
    found = pd.DataFrame(rows, columns=columns)
    found["name"] = [names.get(code, "") for code in found["code"]]
    found["severity"] = [RULES[rule].severity for rule in found["rule"]]
    for language in LANGUAGES:
        found[language] = [
            RULES[rule].message(language, raw=raw, value=value, more=more)
            for rule, raw, value, more in found[columns[-4:]].itertuples(index=False, name=None)
        ]
    return found[COLUMNS].astype("str")


def _of_answers(
    notes: Sequence[Note], received: Received, codes: np.ndarray
) -> Iterator[tuple[str | Text, ...]]:
    """The findings on answers, each with its cell."""
    order = {variable: number for number, variable in enumerate(received.variables)}
    notes = sorted(notes, key=lambda note: (note.record, order[note.variable]))
    at = np.array([received.positions[note.variable][note.record] for note in notes], int)
    cells = received.cells[["file", "sheet", "row", "column", "text"]].take(at)
    places = zip(cells["file"], cells["sheet"], addresses(cells), cells["text"], strict=True)
    for (i, variable, rule, value, more), (file, sheet, cell, text) in zip(
        notes, places, strict=True
    ):
        code = str(codes[i] or "")
        yield file, sheet, cell, code, variable.lstrip("@"), rule, text, value, more


def _loose(cells: pd.DataFrame, heads: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """File, sheet, place and text of cells of no question; a column with a heading is told once."""
    column = cells["cell"].str.extract("([A-Z]+)", expand=False)
    headed = heads.assign(column=heads["cell"].str.extract("([A-Z]+)", expand=False))
    told = headed.groupby(["file", "sheet", "column"])["text"].last()
    for (file, sheet, letters), part in cells.groupby(["file", "sheet", column], sort=False):
        heading = told.get((file, sheet, letters), "")
        if heading and len(part) > 1:
            yield file, sheet, f"{part['cell'].iloc[0]}:{part['cell'].iloc[-1]}", heading
        else:
            yield from part[["file", "sheet", "cell", "text"]].itertuples(index=False, name=None)
