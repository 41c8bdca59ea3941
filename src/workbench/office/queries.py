"""What to ask each municipality: its doubtful and refused answers as a sheet to send."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from analysis import paths
from analysis.cleaning import clean
from analysis.cleaning.clean import Cleaned
from analysis.codebook.model import Codebook, Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.spreadsheet import EPOCH, WRAP, on_a4, sheet_name, write_text
from analysis.survey import prepare
from analysis.text import Language
from workbench import outputs

FORBIDDEN = re.compile(r'[\\/:*?"<>|\s]')  # in names of files
ASKED = ("doubtful", "refused")
OFFICE = {"not-invited"}  # no question to the municipality itself
WIDTHS = (5, 22, 44, 20, 16, 48, 30)
WORDS: dict[str, dict[str, Any]] = {
    "ja": {
        "columns": ("No.", "ファイル・セル", "設問", "いただいた回答", "現在の扱い",
                    "確認したいこと", "ご回答（ご記入ください）"),
        "title": "回答内容の確認のお願い",
        "please": "下の表の右端の欄にご記入のうえ、このファイルをご返送ください。",
        "options": "選択肢：",
        "none": "（値なし）",
        "without": {
            "left-out": "非該当", "not-applicable": "非該当",
            "blanked": "無回答", "merged": "無回答", "hidden": "採用",
        },
        "merged": "回答欄が他の欄と結合されているため、このセルを無回答としました。"
                  "このセルの回答をお知らせください。",
        "ticked": ("選択なし", "選択あり"),
        "rests": "関係する回答：",
        "identity": {"code": "団体コード", "name": "団体名", "prefecture": "都道府県"},
        "contents": "一覧",
        "office": "事務局で確認",
        "list": ("団体コード", "団体名", "回答", "要確認", "不採用", "シート"),
        "replied": ("未回答", "回答あり"),
        "warning": "取扱注意：全団体の回答を含みます。"
                   "団体へは --split で作る団体別のファイルを送ってください。",
        "invented": "架空データ",
        "done": "{file}：{n}団体、{asked}件の確認事項",
        "more": "、ほかに事務局で確認するもの{n}件（シート「事務局で確認」）",
        "apart": "、ほかに事務局で確認するもの{n}件（--split なしのファイルにある）",
    },
    "en": {
        "columns": ("No.", "file, cell", "question", "your answer", "taken as", "please confirm",
                    "your reply (please fill in)"),
        "title": "Please confirm some answers",
        "please": "Please fill in the last column of the table and send this file back.",
        "options": "options: ",
        "none": "(no value)",
        "without": {
            "left-out": "not applicable", "not-applicable": "not applicable",
            "blanked": "no answer", "merged": "no answer", "hidden": "counted",
        },
        "merged": "The cell is merged with others and was taken as no answer. "
                  "Please give the answer of this cell.",
        "ticked": ("not chosen", "chosen"),
        "rests": "the other answer: ",
        "identity": {"code": "code", "name": "municipality", "prefecture": "prefecture"},
        "contents": "contents",
        "office": "for the office",
        "list": ("code", "municipality", "reply", "doubtful", "refused", "sheet"),
        "replied": ("none yet", "received"),
        "warning": "Confidential: answers of all. Send each municipality its own file (--split).",
        "invented": "invented data",
        "done": "{file}: {asked} questions to {n} municipalities",
        "more": ", and {n} for the office (on the sheet of that name)",
        "apart": ", and {n} for the office (in the workbook without --split)",
    },
}  # fmt: skip


def write_for_wave(
    wave: str, out: Path | None = None, *, language: Language = "ja", split: bool = False
) -> str:
    """Write the queries of a wave; the sentence to print.

    One workbook: a list of the invited, then a sheet for each municipality with questions. With
    `split` a folder of workbooks, one for each municipality, to send without showing others'.
    """
    about = Wave.read(wave)
    book = Codebook.read(about.codebook)
    cleaned = prepare(wave)
    asked = _asked(cleaned.findings)
    # whose reply it is must be settled before anybody is sent its answers
    unsure = asked["code"].isin(asked.loc[asked["rule"] == "code-and-name", "code"])
    asked.loc[asked["rule"].isin(OFFICE) | unsure, "code"] = ""
    pages = {str(code): part for code, part in asked.groupby("code") if code}
    place = out or paths.root() / "data" / "processed" / f"{wave}-queries{'' if split else '.xlsx'}"
    writer = _Writer(about, book, cleaned, language)
    names = {code: f"{code}_{FORBIDDEN.sub('_', writer.names[code])}.xlsx" for code in pages}
    _check_place(place, {*names.values()} if split else None)
    outputs.refuse_others([place], "queries")
    if split:
        made = {place / names[code]: writer.workbook({code: part}) for code, part in pages.items()}
    else:
        made = {place: writer.workbook(pages, asked)}
    outputs.write(made, "queries")
    count, words = sum(len(part) for part in pages.values()), WORDS[language]
    said = str(words["done"].format(file=place, n=len(pages), asked=count))
    more = len(asked) - count
    return said + (words["apart" if split else "more"].format(n=more) if more else "")


def _asked(findings: pd.DataFrame) -> pd.DataFrame:
    """What is asked; beside a question which of two replies counts, also where they differ."""
    twice = findings.loc[findings["rule"] == "same-date", "code"]
    differs = (findings["rule"] == "changed") & findings["code"].isin(twice)
    asked = findings[findings["severity"].isin(ASKED) | differs].copy()
    asked.loc[asked["rule"] == "changed", "severity"] = "doubtful"
    return asked


def _check_place(place: Path, names: set[str] | None) -> None:
    """Refuse a place that is no workbook, or a folder (`names` go there) that would mislead."""
    if (place.suffix.lower() == ".xlsx") == (names is not None):
        hint = "give the name of a folder" if names is not None else "let the name end in .xlsx"
        what = "--split writes a folder" if names is not None else "the queries are a workbook"
        raise InputError(what, file=place, hint=hint)
    if names is not None and place.is_dir():
        # what an office had to be asked before must not be sent once more by mistake
        old = sorted(f.name for f in place.glob("*_*.xlsx") if f.name not in names)
        if old:
            raise InputError(
                f"the folder holds {old[0]}, which nobody is to be asked now",
                file=place,
                hint="delete the files of the earlier run, or name a new folder",
            )


class _Writer:
    """The workbooks of one wave in one language."""

    def __init__(self, wave: Wave, book: Codebook, cleaned: Cleaned, language: Language) -> None:
        self.wave, self.cleaned, self.language = wave, cleaned, language
        self.words = WORDS[language]
        self.asked: dict[str, Question] = {**{q.id: q for q in book}, **book.question_of}
        self.names: Mapping[str, str] = cleaned.register["name"].to_dict()

    def workbook(
        self, pages: Mapping[str, pd.DataFrame], asked: pd.DataFrame | None = None
    ) -> bytes:
        """The sheets of `pages`; with all that is `asked`, a list of everyone in front."""
        buffer = io.BytesIO()
        self.out = xlsxwriter.Workbook(buffer, {"in_memory": True})
        self.out.set_properties({"created": EPOCH, "title": self.words["title"]})
        self.bold = self.out.add_format({"bold": True, "font_size": 14})
        self.head = self.out.add_format(
            {"bold": True, "bg_color": "#e6eef3", "border": 1, "text_wrap": True}
        )
        self.cell = self.out.add_format(WRAP)
        self.quoted = self.out.add_format({**WRAP, "quote_prefix": True})
        self.answer = self.out.add_format({**WRAP, "bg_color": "#fff9e0", "locked": False})
        if asked is not None:
            self._contents(pages, asked)
        for code, part in pages.items():
            title = f"{self.names[code]}　{self.words['title']}"
            self._sheet(sheet_name(code, self.names[code]), part, title, self.words["please"])
        if asked is not None and (asked["code"] == "").any():
            self._sheet(self.words["office"], asked[asked["code"] == ""], self.words["office"])
        self.out.close()
        return buffer.getvalue()

    def _contents(self, pages: Mapping[str, pd.DataFrame], asked: pd.DataFrame) -> None:
        sheet = self.out.add_worksheet(self.words["contents"])
        self._heading(sheet, self._title(), self.words["warning"])
        self._row(sheet, 3, self.words["list"], self.head)
        counts = asked.groupby(["code", "severity"]).size()
        for i, (code, one) in enumerate(self.cleaned.register.iterrows(), 4):
            numbers = [int(counts.get((code, severity), 0)) for severity in ASKED]
            told = self.words["replied"][int(one["replied"])]
            self._row(sheet, i, [str(code), one["name"], told, *numbers])
            if code in pages:
                name = sheet_name(str(code), one["name"])
                sheet.write_url(i, 5, f"internal:'{name}'!A1", self.cell, name)
        sheet.set_column(0, 5, 16)
        sheet.freeze_panes(4, 2)
        on_a4(sheet)
        sheet.repeat_rows(3)

    def _sheet(self, name: str, part: pd.DataFrame, title: str, please: str = "") -> None:
        sheet = self.out.add_worksheet(name)
        self._heading(sheet, title, self._title())
        sheet.write_string(2, 0, please)
        self._row(sheet, 3, self.words["columns"], self.head)
        for i, row in enumerate(part.itertuples(), 1):
            where = "\n".join(filter(None, [row.file, f"{row.sheet} {row.cell}".strip()]))
            question = self._question(row.question)
            told = row.value or self.words["without"].get(row.rule, self.words["none"])
            if row.value in ("0", "1") and self._option(row.question):
                told = self.words["ticked"][int(row.value)]
            # the finding quotes the other cell, which may be another municipality's
            said = self.words["merged"] if row.rule == "merged" else getattr(row, self.language)
            if others := self._rests_on(row):
                said += f"\n{self.words['rests']}{others}"
            cells = [i, where, question, row.raw, told, said]
            self._row(sheet, i + 3, cells)
            sheet.write_blank(i + 3, 6, None, self.answer)
        for j, width in enumerate(WIDTHS):
            sheet.set_column(j, j, width)
        sheet.freeze_panes(4, 0)
        on_a4(sheet)
        sheet.repeat_rows(3)

    def _heading(self, sheet: Any, title: str, line: str) -> None:
        sheet.write_string(0, 0, title, self.bold)
        sheet.write_string(1, 0, line)

    def _row(self, sheet: Any, i: int, cells: Sequence[Any], style: Any = None) -> None:
        for j, value in enumerate(cells):
            if isinstance(value, int):
                sheet.write_number(i, j, value, style or self.cell)
            else:
                write_text(sheet, i, j, value, style or self.cell, style or self.quoted)

    def _title(self) -> str:
        title = self.wave.title[self.language]
        known = not self.wave.invented or self.words["invented"] in title.lower()
        return title if known else f"【{self.words['invented']}】{title}"

    def _question(self, name: str) -> str:
        question = self.asked.get(name)
        if question is None:  # a column that the codebook does not ask for
            return str(self.words["identity"].get(name, name))
        text = f"{question.id} {question.text[self.language]}"
        if option := self._option(name):  # a column of its own
            return f"{text} － {option}"
        item = next((item for item in question.items if item.id == name), None)
        text += f" － {item.text[self.language]}" if item else ""
        options = " / ".join(f"{o.code} {o.text[self.language]}" for o in question.options)
        return f"{text}\n{self.words['options']}{options}" if options else text

    def _rests_on(self, row: Any) -> str:
        """The municipality's other answers that a finding holds against this one."""
        question = self.asked.get(row.question)
        if question is None or row.code not in self.cleaned.responses.index:
            return ""
        rules = [check.rule for check in question.checks
                 if row.rule == "check" and check.ja in row.ja]  # fmt: skip
        if row.rule in ("left-out", "not-applicable") and question.ask_if:
            rules = [question.ask_if]
        names = {name for rule in rules for name in Expression(rule).names}
        others = dict.fromkeys(
            other.id for name, other in self.asked.items()
            if name in names and other.id != question.id
        )  # fmt: skip
        return " / ".join(f"{self._label(id)} － {self._answer(row.code, id)}" for id in others)

    def _label(self, id: str) -> str:
        return f"{id} {self.asked[id].label[self.language]}"

    def _answer(self, code: str, id: str) -> str:
        """An answer as it was kept, in the words of its options."""
        question, kept = self.asked[id], self.cleaned.responses.loc[code]
        if question.type == "multi":
            chosen = zip(question.options, question.variables, strict=True)
            told = [o.text[self.language] for o, v in chosen if pd.notna(kept[v]) and kept[v]]
            return "、".join(told) or str(self.words["none"])
        if question.type == "battery" or pd.isna(kept.get(id)):
            return str(self.words["none"])
        shown = clean.shown(kept[id], question)
        words = {str(o.code): o.text[self.language] for o in question.options}
        return f"{shown} {words[shown]}" if shown in words else shown

    def _option(self, name: str) -> str:
        """The option of which a column of ticks tells, or nothing."""
        question = self.asked.get(name)
        if question is None or question.type != "multi" or name == question.id:
            return ""
        told = (f"{o.code} {o.text[self.language]}" for o in question.options
                if name == f"{question.id}_{o.code}")  # fmt: skip
        return next(told, "")
