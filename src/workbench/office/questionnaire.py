"""The form to send: a workbook from a codebook, that is read back without a question.

One row an answer, in one cell: a drop-down list, a number in its range, a date, or text. Cells that
a skip rule leaves out turn grey. A hidden sheet says which row is which variable, see
`analysis.intake.questionnaire`.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import east_asian_width

import xlsxwriter

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.wave import Invited, Wave
from analysis.errors import InputError
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.intake.questionnaire import IDS, MARK, TICK, entries
from analysis.spreadsheet import EPOCH
from analysis.text import Language, label, labels
from workbench import outputs
from workbench.office.queries import FORBIDDEN

GREY = "#bfbfbf"
WRAP = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#808080"}
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "section": {"bold": True, "font_size": 12, "bg_color": "#e6eef3"},
    "head": {**WRAP, "bold": True, "bg_color": "#1f4e79", "font_color": "#ffffff"},
    "asked": {**WRAP, "bold": True},
    "cell": WRAP,
    "answer": {**WRAP, "bg_color": "#fff9e0", "locked": False},
    "words": {**WRAP, "bg_color": "#fff9e0", "locked": False, "num_format": "@"},
    "day": {**WRAP, "bg_color": "#fff9e0", "locked": False, "num_format": "yyyy/mm/dd",
            "align": "left"},
    "given": {**WRAP, "num_format": "@"},
    "skipped": {"bg_color": GREY, "font_color": "#595959"},
}  # fmt: skip
WIDTHS = (9, 50, 24, 26)
CHOICES = {"single", "ordinal", "battery", "binary"}
LINE = 16  # points
LITERAL = 200  # characters of a text in a formula; Excel takes 255


def write(
    codebook: str, out: Path, *, language: Language = "ja", invited: str | None = None
) -> str:
    """Write the form, or one for each of the `invited` into the folder `out`; what to print.

    `invited`: a file (CSV, Excel) with a column of codes and one of names, or the name of a wave
    that lists whom it invited.
    """
    book = Codebook.read(codebook)
    if (out.suffix.lower() == ".xlsx") == (invited is not None):
        raise InputError(
            "--invited writes a form for each into a folder" if invited else "a form is a workbook",
            file=out,
            hint="give the name of a folder" if invited else "let the name end in .xlsx",
        )
    outputs.refuse_others([out], "questionnaire")
    form = _Form(book, language)
    if invited is None:
        made = {out: form.workbook()}
    else:
        made = {
            out / f"{one.code}_{FORBIDDEN.sub('_', one.name)}.xlsx": form.workbook(one)
            for one in _invited(invited, book)
        }
    outputs.write(made, "questionnaire")
    return label("questionnaire.done", language, place=out, n=len(made), answers=len(form.answers))


def _invited(given: str, book: Codebook) -> Sequence[Invited]:
    """Whom a file lists, or a wave."""
    if not Path(given).is_file():
        asked = Wave.read(given).invited
        if isinstance(asked, tuple):
            return asked
        if asked == "all":
            return [Invited(code=code, name=name, prefecture=prefecture)
                    for code, prefecture, name in municipality.register().itertuples()]  # fmt: skip
        raise InputError(
            "the wave {wave} does not list whom it invited",
            hint="list them under invited in wave.yml, or give a file with codes and names",
            wave=given,
        )
    sheet, *_ = read_file(Path(given))
    headings = Headings(book)
    columns: dict[str, int] = {}
    for column, text in enumerate(sheet.text.iloc[0]):
        if (meaning := headings.meaning(text)) and meaning.target in headings.who:
            columns.setdefault(_identity(book, meaning.target) or "", column)
    if "name" not in columns and "code" not in columns:
        raise sheet.error(
            "no heading names municipalities", hint="head the columns 団体コード, 団体名"
        )
    return [*_listed(sheet, columns)]


def _listed(sheet: Any, columns: dict[str, int]) -> Iterator[Invited]:
    seen = set()
    for row in range(1, sheet.shape[0]):
        code, name = (
            sheet.text.iat[row, columns[what]].strip() if what in columns else ""
            for what in ("code", "name")
        )
        if not code and not name:
            continue
        known = municipality.parse_code(code)[0] if code else municipality.resolve(name).code
        at = (row, min(columns.values()))
        if not known or known in seen:
            what = "{name} is there twice" if known else "{name} is no one municipality"
            raise sheet.error(what, at=at, hint="give its six-digit code once", name=code or name)
        seen.add(known)
        table = municipality.register()
        name = name or (str(table.at[known, "name"]) if known in table.index else known)
        yield Invited(code=known, name=name)


class _Row(NamedTuple):
    """A line of the form. `variable`: whose answer it holds, else only a question or a heading."""

    mark: str
    text: str
    hint: str
    question: Question | None = None
    variable: str = ""
    style: str = "cell"


class _Form:
    """The form of one codebook in one language."""

    def __init__(self, book: Codebook, language: Language) -> None:
        self.book, self.language = book, language
        self.words = labels("questionnaire", language)
        self.above = [book.title[language], *self._instructions()]
        self.first = len(self.above) + 1  # the row behind the headings
        self.answers = dict.fromkeys(book.variables, 0)  # no place while the rows are worded
        self.rows = [*self._rows()]
        self.answers = {row.variable: i for i, row in enumerate(self.rows, self.first)
                        if row.variable}  # fmt: skip

    def _say(self, id: str, **fields: Any) -> str:
        return label(f"questionnaire.{id}", self.language, **fields)

    def _instructions(self) -> Iterator[str]:
        types = {question.type for question in self.book}
        yield self.words["to_fill_in"]
        yield self.words["how"]
        if types & {"integer", "ratio", "date"}:
            yield self.words["numbers"]
        if any(question.ask_if for question in self.book):
            yield self.words["skipped"]
        said = [m.tokens[0] for kind, m in self.book.missing.items()
                if m.tokens and kind in ("dont_know", "not_applicable")]  # fmt: skip
        if said:
            yield self._say("missing", words=" / ".join(said))
        yield self.words["back"]

    # --- the rows ----------------------------------------------------------------------------

    def _rows(self) -> Iterator[_Row]:
        for what in ("code", "name"):
            if self.book.identity(what) is None:
                heading = labels("identity", self.language)[what]
                yield _Row(heading, heading, self.words["words"], variable=f"@{what}")
        for section in self.book.sections:
            asked = [q for q in self.book if q.section == section.id]
            if asked:
                yield _Row(section.text[self.language], "", "", style="section")
            for question in asked:
                yield from self._question(question)

    def _question(self, question: Question) -> Iterator[_Row]:
        text, hints = question.text[self.language], self._hints(question)
        if question.type == "multi":
            n = question.max_choices
            choose = self._say("choose_most", n=n) if n else self.words["choose_all"]
            yield _Row(question.id, text, "\n".join([choose, *hints]), question, style="asked")
            for option, variable in zip(question.options, question.variables, strict=True):
                hint = self.words["alone" if option.exclusive else "tick"]
                yield _Row(variable, option.text[self.language], hint, question, variable)
        elif question.type == "battery":
            yield _Row(question.id, self._offered(question), "\n".join(hints), question,
                       style="asked")  # fmt: skip
            for item in question.items:
                said, hint = item.text[self.language], self.words["choose"]
                yield _Row(item.id, said, hint, question, item.id)
        else:
            offered = self._offered(question)
            yield _Row(question.id, offered, "\n".join(hints), question, question.id, "asked")

    def _offered(self, question: Question) -> str:
        """The question with its options, which a printed form must show."""
        text = question.text[self.language]
        return "\n".join([text, *(f"・{words}" for words in self.choices(question))])

    def choices(self, question: Question) -> list[str]:
        """The entries of the drop-down list of a question with one answer."""
        if question.type not in CHOICES:
            return []
        return [*entries(self.book, question, self.language)]

    def _hints(self, question: Question) -> list[str]:
        """How to answer: what to choose or write, in which unit and range, and when at all."""
        kinds = {"integer": "count", "ratio": "amount", "text": "words", "date": "date"}
        hints = []
        if question.type in CHOICES:
            hints.append(self.words["choose"])
        elif question.type == "date" and question.precision == "month":
            hints.append(self.words["month"])
        elif question.type in kinds:
            hints.append(self.words[kinds[question.type]])
        if question.unit:
            hints.append(self._say("unit", unit=question.unit[self.language]))
        if question.range:
            low, high = question.range
            shown = [f"{end:,.10g}" if isinstance(end, float) else str(end) for end in (low, high)]
            hints.append(self._say("between", low=shown[0], high=shown[1]))
        hints = [("、" if self.language == "ja" else ", ").join(hints)] if hints else []
        if rule := self._condition(question):
            hints.append(self._say("only_if", rule=rule.words))
        return hints

    # --- skip rules --------------------------------------------------------------------------

    def _condition(self, question: Question) -> _Condition | None:
        """When a question is asked, where that can be said in a formula and in words."""
        if question.ask_if is None:
            return None
        return _Conditions(self).read(ast.parse(question.ask_if, mode="eval").body)

    def skipped(self, question: Question) -> str:
        """The formula that is true where a skip rule leaves the question out, or nothing."""
        rule = self._condition(question)
        if rule is None:
            return ""
        known = ",".join(f"{self.said(name)}>0" for name in sorted(rule.names))
        before = [self.skipped(self.book[name]) for name in sorted(rule.names)]
        return f"OR({','.join([f'AND({known},NOT({rule.formula}))', *filter(None, before)])})"

    def said(self, id: str) -> str:
        """How many cells of a question are filled."""
        cells = [self.cell(variable) for variable in self.book[id].variables]
        return f"COUNTA({cells[0]}:{cells[-1]})"

    def cell(self, variable: str) -> str:
        """The address of an answer."""
        return f"$C${self.answers[variable] + 1}"

    # --- the workbook ------------------------------------------------------------------------

    def workbook(self, one: Invited | None = None) -> bytes:
        """The form, with the code and name of the municipality that it is for."""
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True})
        title = self.book.title[self.language]
        book.set_properties({"created": EPOCH, "title": title})
        styles = {name: book.add_format(style) for name, style in STYLES.items()}
        sheet, ids = book.add_worksheet(self.words["sheet"]), book.add_worksheet(IDS)
        printed = self._print(sheet, styles)
        lists: dict[tuple[str, ...], str] = {}
        for variable, row in self.answers.items():
            question = self.book.question_of.get(variable)
            self._answer(sheet, row, question, variable, styles, lists)
            if one and (what := _identity(self.book, variable)) in ("code", "name"):
                sheet.write_string(row, 2, getattr(one, what), styles["given"])
                sheet.write_string(row, 3, self.words["given"], styles["cell"])
                printed.append((3, self.words["given"]))
        self._hide(ids, printed, lists)
        _to_print(sheet, self.first, f"{one.code} {one.name}" if one else title, self.words["page"])
        book.close()
        return buffer.getvalue()

    def _print(self, sheet: Any, styles: dict[str, Any]) -> list[tuple[int, str]]:
        """What all copies say; the column and text of each cell."""
        printed = [(0, line) for line in self.above]
        for i, line in enumerate(self.above):
            sheet.write_string(i, 0, line, styles["title"] if i == 0 else None)
        for j, what in enumerate(("number", "question", "answer", "hint")):
            sheet.write_string(self.first - 1, j, self.words[what], styles["head"])
            printed.append((j, self.words[what]))
        for i, row in enumerate(self.rows, self.first):
            if row.style == "section":
                for j in range(4):
                    sheet.write_blank(i, j, None, styles["section"])
                sheet.write_string(i, 0, row.mark, styles["section"])
                printed.append((0, row.mark))
                continue
            sheet.set_row(i, LINE * max(_lines(row.text, WIDTHS[1]), _lines(row.hint, WIDTHS[3])))
            for j, text in ((0, row.mark), (1, row.text), (3, row.hint)):
                sheet.write_string(i, j, text, styles[row.style if j == 1 else "cell"])
                printed.append((j, text))
            sheet.write_blank(i, 2, None, styles["cell"])
        return printed

    def _answer(
        self,
        sheet: Any,
        row: int,
        question: Question | None,
        variable: str,
        styles: dict[str, Any],
        lists: dict[tuple[str, ...], str],
    ) -> None:
        """The cell of an answer: its format, what may go into it, and when it turns grey."""
        kind = question.type if question else "text"
        style = {"text": "words", "date": "day"}.get(kind, "answer")
        sheet.write_blank(row, 2, None, styles[style])
        rule = self._allowed(question, lists) if question else {}
        if rule:
            hint = self.rows[row - self.first].hint
            sheet.data_validation(row, 2, row, 2, {
                **rule, "input_title": variable[:32], "input_message": hint[:255],
            })  # fmt: skip
        if question and (formula := self.skipped(question)):
            shade = {"type": "formula", "criteria": f"={formula}", "format": styles["skipped"]}
            sheet.conditional_format(row, 2, row, 2, shade)

    def _allowed(self, question: Question, lists: dict[tuple[str, ...], str]) -> dict[str, Any]:
        """What the cell takes; a number or date may be written otherwise where the office insists.

        That is how a word such as 不明 gets in.
        """
        if question.type == "multi":
            return {"validate": "list", "source": [TICK]}
        if question.type in CHOICES:
            entries = tuple(self.choices(question))
            if entries not in lists:
                column = xlsxwriter.utility.xl_col_to_name(6 + len(lists), True)
                lists[entries] = f"={IDS}!{column}$1:{column}${len(entries)}"
            return {"validate": "list", "source": lists[entries]}
        if question.type == "date":
            ends = [_day(end, last) for end, last in zip(
                question.range or ("1900-01-01", "9999-12-31"), (False, True), strict=True)
            ]  # fmt: skip
            return _within("date", ends)
        if question.type in ("integer", "ratio"):
            numbers = [float(end) for end in question.range or (-1e15, 1e15)]
            return _within("integer" if question.type == "integer" else "decimal", numbers)
        return {}

    def _hide(
        self, ids: Any, printed: list[tuple[int, str]], lists: dict[tuple[str, ...], str]
    ) -> None:
        """The hidden sheet; see `analysis.intake.questionnaire`."""
        ids.write_row(0, 0, [MARK, self.book.id, self.book.version, self.language])
        ids.write_row(1, 0, [self.words["sheet"], self.words["answer"]])
        for i, (variable, row) in enumerate(self.answers.items(), 2):
            ids.write_string(i, 0, variable)
            ids.write_string(i, 1, self.rows[row - self.first].mark)
        for i, (column, text) in enumerate(dict.fromkeys(printed), 2):
            ids.write_number(i, 3, column)
            ids.write_string(i, 4, text)
        for j, listed in enumerate(lists, 6):
            for i, text in enumerate(listed):
                ids.write_string(i, j, text)
        ids.protect()
        ids.hide()


def _identity(book: Codebook, variable: str) -> str | None:
    """Which of the things that identify a municipality a variable holds."""
    own = variable in book.question_of
    return book.question_of[variable].identity if own else variable.removeprefix("@")


def _lines(text: str, width: int) -> int:
    """How many lines a text takes in a column so wide; a kanji is two letters wide."""
    wide = [sum(1 + (east_asian_width(c) in "WFA") for c in line) for line in text.split("\n")]
    return sum(max(1, math.ceil(1.1 * size / width)) for size in wide)


def _within(kind: str, ends: Sequence[Any]) -> dict[str, Any]:
    return {"validate": kind, "criteria": "between", "minimum": ends[0], "maximum": ends[1],
            "error_type": "warning"}  # fmt: skip


def _day(text: float | str, last: bool) -> dt.date:
    """The first or last day that a text such as 2019-06 or 2019-06-01 allows."""
    parts = [int(part) for part in str(text).split("-")]
    year, month, day = (*parts, *(12 if last else 1, 1)[len(parts) - 1 :])[:3]
    if last and len(parts) < 3:
        return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
    return dt.date(year, month, day)


def _to_print(sheet: Any, first: int, head: str, page: str) -> None:
    """Locked but for the answers, and on A4 as wide as a page, with its headings on each."""
    sheet.protect("", {"format_rows": True, "format_columns": True})
    for j, width in enumerate(WIDTHS):
        sheet.set_column(j, j, width)
    sheet.freeze_panes(first, 0)
    sheet.set_portrait()
    sheet.set_paper(9)  # A4
    sheet.set_margins(0.5, 0.5, 0.7, 0.7)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(first - 1)
    sheet.set_header(f"&R{head.replace('&', '&&')}")
    sheet.set_footer(f"&C{page}")
    sheet.set_selection(first, 2, first, 2)


# --- skip rules ---------------------------------------------------------------------------------


class _Condition(NamedTuple):
    """A rule as a formula and in words, with the questions it depends on."""

    formula: str
    words: str
    names: frozenset[str]


class _Conditions:
    """Rules of the codebook in the language of a spreadsheet, and in words.

    None where a rule computes, which no form says plainly.
    """

    def __init__(self, form: _Form) -> None:
        self.form, self.say, self.language = form, form._say, form.language

    def read(self, node: ast.AST) -> _Condition | None:
        """One node of a rule; see `analysis.codebook.rules`."""
        match node:
            case ast.BoolOp(op=op, values=parts):
                return self._joined("and" if isinstance(op, ast.And) else "or", parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                rule = self.read(part)
                return rule and rule._replace(
                    formula=f"NOT({rule.formula})", words=self.say("not", rule=rule.words)
                )
            case ast.Compare(left=ast.Name(id=id), ops=[ast.In()], comparators=[codes]):
                return self._chosen(id, [*ast.literal_eval(codes)])
            case ast.Call(func=ast.Name(id="any"), args=[ast.Name(id=id), codes]):
                return self._chosen(id, [*ast.literal_eval(codes)])
            case ast.Compare(
                left=ast.Name(id=id), ops=[op], comparators=[ast.Constant(value=number)]
            ):
                return self._compared(id, type(op).__name__, number)
            case ast.Name(id=id):
                question = self.form.book.question_of[id]
                code = int(id.rpartition("_")[2]) if question.type == "multi" else 1
                return self._chosen(question.id, [code])
        return None

    def _joined(self, how: str, parts: Sequence[ast.AST]) -> _Condition | None:
        rules = [self.read(part) for part in parts]
        known = [rule for rule in rules if rule is not None]
        if len(known) < len(rules):
            return None
        return _Condition(
            f"{how.upper()}({','.join(rule.formula for rule in known)})",
            self.form.words[how].join(rule.words for rule in known),
            frozenset[str]().union(*(rule.names for rule in known)),
        )

    def _chosen(self, id: str, codes: Sequence[int]) -> _Condition | None:
        """One of these options is the answer, or among the answers."""
        book = self.form.book
        question = book[id] if id in book else book.question_of[id]
        if question.type == "multi":
            tests = [f'{self.form.cell(f"{question.id}_{code}")}="{TICK}"' for code in codes]
        else:
            tests = [f"{self.form.cell(id)}={self._text(question, code)}" for code in codes]
        named = {o.code: o.text[self.language] for o in question.options}
        quoted = "「{}」" if self.language == "ja" else '"{}"'
        options = [quoted.format(named.get(code, self._plain(code))) for code in codes]
        words = self.say(
            "is_chosen" if question.type == "multi" else "is_one",
            question=id, options=self.form.words["or"].join(options),
        )  # fmt: skip
        return _Condition(f"OR({','.join(tests)})", words, frozenset({question.id}))

    def _compared(self, id: str, sign: str, number: Any) -> _Condition | None:
        """A number against another; of options those whose code is on its side."""
        question = self.form.book.question_of[id]
        tests = {"GtE": float.__ge__, "Gt": float.__gt__, "LtE": float.__le__, "Lt": float.__lt__,
                 "Eq": float.__eq__, "NotEq": float.__ne__}  # fmt: skip
        if question.type in CHOICES:
            codes = [o.code for o in question.options] or [1, 0]
            return self._chosen(id, [c for c in codes if tests[sign](float(c), float(number))])
        if question.type not in ("integer", "ratio"):
            return None
        signs = {"GtE": ">=", "Gt": ">", "LtE": "<=", "Lt": "<", "Eq": "=", "NotEq": "<>"}
        words = self.say("is", question=id, number=number, sign=self.form.words[sign])
        return _Condition(
            f"{self.form.cell(id)}{signs[sign]}{number}", words, frozenset({question.id})
        )

    def _text(self, question: Question, code: int) -> str:
        """The entry of the drop-down list, as a text in a formula."""
        known = entries(self.form.book, question, self.language)
        text = next(text for text, of in known.items() if of == code).replace('"', '""')
        return "&".join(f'"{text[i : i + LITERAL]}"' for i in range(0, len(text), LITERAL))

    def _plain(self, code: int) -> str:
        return self.form.words["yes" if code else "no"]
