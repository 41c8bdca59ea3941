"""The record sheet of a visit: an Excel form, a sheet a city, written and read when filled in."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from analysis.intake.files import read_file
from analysis.intake.headings import normalise
from analysis.intake.sheet import Sheet
from analysis.results.guide import Topic, guide
from analysis.spreadsheet import EPOCH, WRAP, on_a4, sheet_name, write_text
from analysis.text import LANGUAGES, Language, label, labels

WIDTHS = (5, 16, 36, 40, 44, 22, 24, 10, 24)
FILLED = ("answer", "evidence", "difference", "publish", "follow_up")


@dataclass(frozen=True)
class Visit:
    """A filled-in record sheet: who, when, and per topic (index 1 to 8) the `FILLED` columns."""

    code: str
    name: str
    date: str
    notes: pd.DataFrame


def form(
    cities: Mapping[str, str], facts: Mapping[tuple[str, int], str], note: str, language: Language
) -> bytes:
    """A workbook with a sheet a city (code -> name).

    `facts`: (code, topic) -> what is known beforehand. `note`: a line under the title, such as that
    the data are invented.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    title = label("visit_form.title", language)
    book.set_properties({"created": EPOCH, "title": title})
    bold = book.add_format({"bold": True, "font_size": 14})
    head = book.add_format({**WRAP, "bold": True, "bg_color": "#e6eef3"})
    cell = book.add_format(WRAP)
    quoted = book.add_format({**WRAP, "quote_prefix": True})
    blank = book.add_format({**WRAP, "bg_color": "#fff9e0", "num_format": "@"})
    fields, columns = labels("visit_field", language), labels("visit_column", language)
    top = 3 + len(fields)  # the row of the headings
    allowed = {"validate": "list", "source": list(labels("visit_publish", language).values())}
    for code, name in cities.items():
        sheet = book.add_worksheet(sheet_name(code, name))
        sheet.write_string(0, 0, title, bold)
        sheet.write_string(1, 0, note)
        about = {"code": code, "name": name}
        for row, (field, words) in enumerate(fields.items(), 2):
            sheet.merge_range(row, 0, row, 1, words, head)
            if field in about:
                write_text(sheet, row, 2, about[field], cell, quoted)
            else:
                sheet.write_blank(row, 2, None, blank)
        for column, words in enumerate(columns.values()):
            sheet.write_string(top, column, words, head)
            sheet.set_column(column, column, WIDTHS[column])
        for row, topic in enumerate(guide().topics, top + 1):
            sheet.write_number(row, 0, topic.id, cell)
            questions, beforehand = _questions(topic, language), facts.get((code, topic.id), "")
            for column, text in enumerate((topic.text[language], questions, beforehand), 1):
                write_text(sheet, row, column, text, cell, quoted)
            for column in range(4, len(columns)):
                sheet.write_blank(row, column, None, blank)
        sheet.data_validation(top + 1, 7, top + len(guide().topics), 7, allowed)
        sheet.freeze_panes(top + 1, 2)
        on_a4(sheet)
    book.close()
    return buffer.getvalue()


def _questions(topic: Topic, language: Language) -> str:
    lines = [f"・{question[language]}" for question in topic.ask]
    if topic.evidence:
        lines.append(label("visit_form.evidence", language, evidence=topic.evidence[language]))
    return "\n".join(lines)


def read_all(folder: Path, register: Iterable[str]) -> list[Visit]:
    """The filled-in record sheets of a folder, by code; sheets left blank are passed over.

    `register`: the codes of the wave's register. An InputError where a workbook holds no record
    sheet, names a city that the wave lacks or that another sheet records too, or answers a topic or
    a choice that the form does not have.
    """
    codes, visits = set(register), dict[str, Visit]()
    files = (f for f in sorted(folder.glob("*.xlsx")) if not f.name.startswith(("~$", ".")))
    for sheet in (sheet for file in files for sheet in read_file(file)):
        visit = _read(sheet, codes)
        if visit is None:
            continue
        if visit.code in visits:
            raise sheet.refusal("visit.second_sheet", name=visit.name)
        visits[visit.code] = visit
    return [visits[code] for code in sorted(visits)]


def _read(sheet: Sheet, codes: set[str]) -> Visit | None:
    text, keys = sheet.text.to_numpy(object), sheet.text.map(normalise).to_numpy(object)
    fields, heads = map(_words, ("visit_field", "visit_column"))
    about: dict[str, str] = {}  # the first filled cell right of each label
    for i, j in np.argwhere(np.isin(keys, list(fields))):
        about.setdefault(fields[keys[i, j]], next((t for t in text[i, j + 1 :] if t.strip()), ""))
    tops = [i for i, row in enumerate(keys) if {*heads.values()} <= {heads.get(k) for k in row}]
    if not tops or "code" not in about:
        raise sheet.refusal("visit.no_record_sheet")
    code = about["code"].strip()
    code = code if code in codes else code.zfill(6)  # of a number its leading zero is lost
    if code not in codes:
        raise sheet.refusal("visit.municipality", code=code)
    notes = _notes(sheet, text, keys, tops[0])
    if not (notes != "").any(axis=None):
        return None
    name, day = (about.get(field, "").strip() for field in ("name", "date"))
    return Visit(code, name or code, day, notes)


def _notes(sheet: Sheet, text: np.ndarray, keys: np.ndarray, top: int) -> pd.DataFrame:
    """What is filled in under the headings in row `top`, by topic."""
    heads, choices = map(_words, ("visit_column", "visit_publish"))
    columns = {key: list(map(heads.get, keys[top])).index(key) for key in heads.values()}
    topics = {str(topic.id): topic.id for topic in guide().topics}
    rows = {}
    for i in range(top + 1, len(keys)):
        number = keys[i, columns["topic"]]
        line = {key: text[i, columns[key]].strip() for key in FILLED}
        if not number and not any(line.values()):
            continue
        if number not in topics:
            raise sheet.refusal(
                "visit.topic", at=(i, columns["topic"]), number=number, n=len(topics)
            )
        publish = choices.get(keys[i, columns["publish"]], "")
        if line["publish"] and not publish:
            raise sheet.refusal(
                "visit.published", at=(i, columns["publish"]), value=line["publish"]
            )
        rows[topics[number]] = {**line, "publish": publish}
    notes = pd.DataFrame.from_dict(rows, orient="index", columns=list(FILLED))
    return notes.fillna("").sort_index()


def _words(section: str) -> dict[str, str]:
    """The words of a section of labels in both languages, as cells are compared with -> its id."""
    both = [labels(section, language) for language in LANGUAGES]
    return {normalise(word): id for words in both for id, word in words.items()}
