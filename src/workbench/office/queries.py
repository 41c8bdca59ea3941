"""What to ask each municipality: its doubtful and refused answers as a sheet to send."""

from __future__ import annotations

import datetime as dt
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
from analysis.cleaning.store import prepared
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Option, value_labels
from analysis.codebook.rules import Expression, names_in
from analysis.codebook.wave import Wave
from analysis.errors import refusal, spoken
from analysis.intake import own_sheets
from analysis.intake.files import read_file
from analysis.intake.read import SHARES, read
from analysis.spreadsheet import EPOCH, height, on_a4, sheet_name, write_text
from analysis.text import Language, label, labels
from analysis.yaml_file import packaged
from workbench import outputs
from workbench.run.record import one_at_a_time

FORBIDDEN = re.compile(r'[\\/:*?"<>|\s]')  # in names of files
TO_ASK = ("doubtful", "refused")
OFFICE = {"not-invited"}  # no question to the municipality itself
WIDTHS = (5, 22, 44, 20, 16, 48, 30)
STYLES: dict[str, dict[str, Any]] = packaged("sheets.yml", "workbench")["queries"]


def take_in(wave: str, files: Sequence[Path]) -> str:
    """Keep query sheets that came back beside the files of the wave; the sentence to print.

    They are copied unchanged into its folder ``corrections``, named by today's date, and read with
    the wave from then on (see `analysis.intake.own_sheets`). Either all of them or none.
    """
    with one_at_a_time(paths.raw(wave)):  # two at once could give two files one name
        return _take_in(wave, files)


def _take_in(wave: str, files: Sequence[Path]) -> str:
    about, today = Wave.read(wave), dt.date.today().isoformat()
    earlier = own_sheets.returned(about.folder)[1]
    known = {one.answer: one for one in earlier if not one.confirms}
    given, copies = dict[str, Path](), dict[Path, bytes]()
    came, left = list[tuple[str, own_sheets.Correction]](), list[str]()
    for file in files:
        waves = own_sheets.waves_of(read_file(file))
        if waves != {wave}:
            id = "queries.other_wave" if waves else "queries.no_query_sheet"
            raise refusal(id, file=file, waves=sorted(waves), wave=wave)
        content = file.read_bytes()
        name = f"{today}_{re.sub(r'^[0-9-]{10}_', '', file.name)}"
        for sheet in read_file(file, name=f"{own_sheets.FOLDER}/{name}"):
            for one in own_sheets.replies(sheet, wrong := own_sheets.misplaced(sheet)):
                if not one.confirms:
                    _check_rival(one, known.get(one.answer), today)
                    known[one.answer] = one
                came.append((f"{file.name} {sheet.sheet} {one.cell}", one))
            left += [f"{file.name} {sheet.sheet} {sheet.address(*at)}" for at in wrong]
            comments = sheet.comments.items()
            left += [f"{file.name} {sheet.sheet} {cell} ({text})" for cell, text in comments]
        left += [f"{file.name} {s.sheet}" for s in own_sheets.added_sheets(read_file(file))]
        place = about.folder / own_sheets.FOLDER / name
        there = place.read_bytes() if place.is_file() else copies.get(place, content)
        if there != content:
            raise refusal("queries.came_today", file=place)
        given[name], copies[place] = file, content
    received = read(about, book := about.book(), returned=given)
    not_taken = {place for place, one in came if own_sheets.is_left(received.cells, one)}
    found = clean.clean(received, about, book).findings  # what it refuses would always be refused
    replaced = found[found["rule"] == "changed"]  # it corrects a reply that a later one replaced
    over = {*zip(replaced["file"], replaced["sheet"], replaced["cell"], strict=True)}
    not_taken |= {place for place, one in came if one.there in over}
    _keep({place: content for place, content in copies.items() if not place.is_file()})
    n = sum(not one.confirms and place not in not_taken for place, one in came)
    sentences = [label("queries.returned", spoken(), wave=wave, files=len(files), n=n)]
    if left := [place for place, _ in came if place in not_taken] + left:
        rows = ("、" if spoken() == "ja" else ", ").join(left)
        sentences.append(label("queries.left", spoken(), rows=rows))
    return "\n".join(sentences)


def _keep(new: Mapping[Path, bytes]) -> None:
    """Write all files into the folder of corrections, or none of them."""
    for half in (half for place in new for half in place.parent.glob(".*.part")):
        half.unlink(missing_ok=True)  # of a command that was killed
    try:
        for place, content in new.items():
            paths.write_atomic(place, content, received=True)
    except OSError:
        for place in new:
            place.unlink(missing_ok=True)
        raise


def _check_rival(one: own_sheets.Correction, other: own_sheets.Correction | None, day: str) -> None:
    """Refuse a reply that differs from one of the same day, of which none is the later.

    And from one whose name begins with no day, or a later one, as of a clock that was wrong: they
    are read in the order of their names, and that one would count.
    """
    at_last = other and other.place >= f"{own_sheets.FOLDER}/{day}"
    if other and at_last and other.text != one.text and other.place != one.place:
        texts = {"text": one.text, "other": other.text, "place": other.place}
        raise one.sheet.refusal("queries.two_replies", at=(one.row, one.column), **texts)


def write_for_wave(
    wave: str,
    out: Path | None = None,
    *,
    language: Language = "ja",
    split: bool = False,
    returned: Sequence[Path] = (),
) -> str:
    """Write the queries of a wave, or take in those that were `returned`; the sentence to print.

    One workbook: a list of the invited, then a sheet for each municipality with questions. With
    `split` a folder of workbooks, one for each municipality, to send without showing others'.
    """
    if returned:
        return take_in(wave, returned)
    place = out or paths.root() / "data" / "processed" / f"{wave}-queries{'' if split else '.xlsx'}"
    check_place(place, folder=split)
    outputs.refuse_others([place], "queries")
    cleaned, about, _ = prepared(wave)
    findings = _asked(cleaned.findings)
    pages = {str(code): part for code, part in findings.groupby("code") if code}
    queries = _Queries(about, about.book(), cleaned, language)
    books = {place: pages}
    if split:
        books = {file_for(place, code, queries.names[code]): {code: part}
                for code, part in pages.items()}  # fmt: skip
        # what a municipality was asked before must not be sent once more by mistake
        if old := sorted({*place.glob("*_*.xlsx")} - {*books}):
            raise refusal("queries.sent_before", file=place, old=old[0].name)
    listed = None if split else findings
    outputs.write({name: _workbook(queries, own, listed) for name, own in books.items()}, "queries")
    count = sum(map(len, pages.values()))
    done = label("queries.done", spoken(), file=place, n=len(pages), asked=count)
    more = label(f"queries.{'apart' if split else 'more'}", spoken(), n=len(findings) - count)
    return done + more * (len(findings) > count)


def _asked(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings to ask about; `code` is empty where a question is for the office that asks.

    With the question which of two replies counts go those on what differs between the two.
    """
    twice = findings.loc[findings["rule"] == "same-date", "code"]
    differs = (findings["rule"] == "changed") & findings["code"].isin(twice)
    queries = findings[findings["severity"].isin(TO_ASK) | differs].copy()
    queries.loc[queries["rule"] == "changed", "severity"] = "doubtful"
    # whose reply it is must be settled before anybody is sent its answers
    unsure = queries["code"].isin(queries.loc[queries["rule"] == "code-and-name", "code"])
    queries.loc[queries["rule"].isin(OFFICE) | unsure, "code"] = ""
    return queries


def check_place(place: Path, *, folder: bool) -> None:
    """Refuse a place for one workbook that is called otherwise, or for a folder that is not."""
    if folder == (place.suffix.lower() == ".xlsx"):
        raise refusal("output.needs_folder" if folder else "output.needs_workbook", file=place)


def file_for(folder: Path, code: str, name: str) -> Path:
    """The workbook of one municipality in a folder."""
    return folder / f"{code}_{FORBIDDEN.sub('_', name)}.xlsx"


class _Link(str):
    """The name of a sheet, as a cell that leads there."""


def _workbook(
    queries: _Queries, pages: Mapping[str, pd.DataFrame], findings: pd.DataFrame | None
) -> bytes:
    """The sheets of `pages`; with all `findings` to ask, a list of everyone in front."""
    words, buffer = queries.words, io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": EPOCH, "title": words["title"]})
    styles = {name: book.add_format(style) for name, style in STYLES.items()}
    sheets = {code: sheet_name(code, queries.names[code]) for code in pages}
    listed = [
        (sheets[code], f"{queries.names[code]}　{words['title']}", words["please"], part)
        for code, part in pages.items()
    ]
    lists, columns = (
        [*labels(section, queries.language).values()]
        for section in ("queries_list", "queries_column")
    )
    if findings is not None:
        rows = _everyone(queries, findings, sheets)
        above = [queries.title, words["warning"]]
        sheet = _sheet(book, words["contents"], above, lists, rows, styles)
        sheet.set_column(0, 5, 16)
        sheet.freeze_panes(4, 2)
        if len(own := findings[findings["code"] == ""]):
            listed.append((words["office"], words["office"], "", own))
    for name, title, please, part in listed:
        rows = [[i, *queries.cells(row), None] for i, row in enumerate(part.itertuples(), 1)]
        above = [title, queries.title, please]
        sheet = _sheet(book, name, above, columns, rows, styles)
        for j, width in enumerate(WIDTHS):
            sheet.set_column(j, j, width)
        for i, row in enumerate(rows, 4):
            texts = zip(row[1:-1], WIDTHS[1:], strict=False)  # between number and reply
            sheet.set_row(i, max(height(text, width) for text, width in texts))
        sheet.freeze_panes(4, 0)
        # where each answer stands, hidden behind the reply, so that it finds its way back:
        # see `analysis.intake.own_sheets`
        at = len(WIDTHS)
        heads = [own_sheets.QUERIES, queries.wave, "", *own_sheets.WHOSE, own_sheets.AS_PRINTED]
        sheet.set_column(at, at + len(heads) - 1, None, None, {"hidden": True})
        sheet.write_row(3, at, heads)
        of_answers = part["raw"].where(~part["rule"].isin(SHARES))  # not what is beside one
        was = of_answers.map(own_sheets.hash_of, na_action="ignore").fillna("")
        printed = [" ".join(map(own_sheets.hash_of, map(str, row[:-1]))) for row in rows]
        places = ["file", "sheet", "cell", *heads[3:]]
        hidden = part.assign(**{"was": was, own_sheets.AS_PRINTED: printed})[places]
        for i, answer in enumerate(hidden.astype(str).to_numpy(), 4):
            for j, text in enumerate(answer, at):
                sheet.write_string(i, j, text)
    book.close()
    return buffer.getvalue()


def _everyone(queries: _Queries, rows: pd.DataFrame, sheets: Mapping[str, str]) -> list[list[Any]]:
    """The invited, whether they replied, how much is asked of them, and on which sheet."""
    counts = rows.groupby(["code", "severity"]).size()
    return [
        [
            *(code, one["name"], queries.words["replied" if one["replied"] else "no_reply"]),
            *(int(counts.get((code, severity), 0)) for severity in TO_ASK),
            *([_Link(sheets[code])] if code in sheets else []),
        ]
        for code, one in queries.cleaned.register.iterrows()
    ]


def _sheet(
    book: Any,
    name: str,
    above: Sequence[str],
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    styles: Mapping[str, Any],
) -> Any:
    """A sheet with up to three lines above its heads; None is a cell to be filled in."""
    sheet = book.add_worksheet(name)
    for i, line in enumerate(above):
        sheet.write_string(i, 0, line, styles["title"] if i == 0 else None)
    sheet.write_row(3, 0, heads, styles["head"])
    for i, row in enumerate(rows, 4):
        for j, value in enumerate(row):
            if isinstance(value, _Link):
                sheet.write_url(i, j, f"internal:'{value}'!A1", styles["cell"], value)
            elif isinstance(value, str):
                write_text(sheet, i, j, value, styles["cell"], styles["quoted"])
            else:
                sheet.write(i, j, value, styles["answer" if value is None else "cell"])
    on_a4(sheet)
    sheet.repeat_rows(3)
    return sheet


class _Queries:
    """The questions of one wave to its municipalities, in one language."""

    def __init__(self, wave: Wave, book: Codebook, cleaned: Cleaned, language: Language) -> None:
        self.cleaned, self.language = cleaned, language
        self.words, self.taken_as = labels("queries", language), labels("taken_as", language)
        self.book, self.named = book, book.by_name
        self.names: Mapping[str, str] = cleaned.register["name"].to_dict()
        title, invented = wave.title[language], label("page.invented_short", language)
        known = not wave.invented or invented in title.lower()
        self.title = title if known else f"【{invented}】{title}"
        self.wave = wave.name
        self.forms = tuple(file.path for file in wave.files if file.layout == "form")

    def cells(self, row: Any) -> list[str]:
        """Of a finding: its place, the question, the answer as given and as taken, what to confirm.

        A municipality is told a place only where it wrote there, in a form of its own. The finding
        of merged cells quotes the other cell, which may be another municipality's.
        """
        own = not row.code or row.file.startswith(self.forms)
        lines = [row.file, f"{row.sheet} {row.cell}".strip()] if own else []
        answer = row.value or self.taken_as.get(row.rule, self.words["none"])
        question = self.named.get(row.question)
        if question and row.value in ("0", "1") and question.type == "multi":
            answer = self.words["chosen" if row.value == "1" else "not_chosen"]
        confirm = self.words["merged"] if row.rule == "merged" else getattr(row, self.language)
        if row.rule == "unmatched" and not row.code:  # nobody but the office can know
            confirm = self.words["unmatched"]
        if others := self._others(row):
            confirm += f"\n{self.words['others']}{others}"
        place = "\n".join(filter(None, lines))
        return [place, self._question(row.question), row.raw, answer, confirm]

    def _question(self, name: str) -> str:
        """What a variable asks, and what there is to choose."""
        question = self.named.get(name)
        if question is None:  # a column that the codebook does not ask for
            return labels("identity", self.language).get(name, name)
        whole, part = question.text[self.language], question.parts.get(name)
        text = self.book.numbered(question, self.language, whole)
        if isinstance(part, Option):
            return f"{text} － {self._option(part)}"
        text += f" － {part.text[self.language]}" if part else ""
        options = " / ".join(map(self._option, question.options))
        return f"{text}\n{self.words['options']}{options}" if options else text

    def _others(self, row: Any) -> str:
        """The municipality's other answers that a finding holds against this one."""
        question = self.named.get(row.question)
        if question is None or row.code not in self.cleaned.responses.index:
            return ""
        rules = []
        if row.rule == "check":
            reply = self.cleaned.responses.loc[[row.code]]
            checks = (check.rule for check in question.checks)
            rules = [rule for rule in checks if Expression(rule).evaluate(reply).eq(False).any()]
        elif row.rule in ("left-out", "not-applicable") and question.ask_if:
            rules = [question.ask_if]
        ids = names_in(*rules)
        others = (q.id for name, q in self.named.items() if name in ids and q.id != question.id)
        answers = (
            f"{self.book.numbered(self.named[id], self.language)} － {self._answer(row.code, id)}"
            for id in dict.fromkeys(others)
        )
        return " / ".join(answers)

    def _answer(self, code: str, id: str) -> str:
        """An answer as it was kept, in the words of its options."""
        question, reply = self.named[id], self.cleaned.responses.loc[code]
        if question.type == "multi":
            chosen = (o for v, o in question.parts.items() if pd.notna(reply[v]) and reply[v])
            return "、".join(o.text[self.language] for o in chosen) or self.words["none"]
        if question.type == "battery" or pd.isna(reply.get(id)):
            return self.words["none"]
        if question.type == "binary":
            return value_labels(question)[int(reply[id])][self.language]
        text = clean.value_text(reply[id], question)
        return next((self._option(o) for o in question.options if str(o.code) == text), text)

    def _option(self, option: Option) -> str:
        return f"{option.code} {option.text[self.language]}"
