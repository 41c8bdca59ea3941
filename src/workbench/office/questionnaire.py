"""The form to send: a workbook from a codebook, that is read back without a question.

One row an answer, in one cell: a drop-down list, a number in its range, a date, or text. Cells that
a skip rule leaves out turn grey. A hidden sheet says which row is which variable, see
`analysis.intake.own_sheets`.
"""

from __future__ import annotations

import ast
import datetime as dt
import io
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
import xlsxwriter

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.own_register import HEADS, OwnRegister
from analysis.codebook.questions import Question
from analysis.codebook.wave import Invited, Wave
from analysis.errors import InputError, refusal, spoken
from analysis.intake.files import read_file
from analysis.intake.headings import Headings, normalise
from analysis.intake.own_sheets import FORM, IDS, TICK, entries, ids_of
from analysis.intake.sheet import Sheet
from analysis.spreadsheet import EPOCH, height
from analysis.text import Language, label, labels
from analysis.yaml_file import packaged
from workbench import outputs
from workbench.office.queries import check_place, file_for

STYLES: dict[str, dict[str, Any]] = packaged("sheets.yml", "workbench")["questionnaire"]
WIDTHS = (9, 50, 24, 26)
CHOICES = {"single", "ordinal", "battery", "binary"}
SIGNS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GtE": (">=", operator.ge), "Gt": (">", operator.gt), "LtE": ("<=", operator.le),
    "Lt": ("<", operator.lt), "Eq": ("=", operator.eq), "NotEq": ("<>", operator.ne),
}  # fmt: skip
LITERAL = 200  # characters of a text in a formula; Excel takes 255


def write(
    codebook: str, out: Path, *, language: Language = "ja", invited: str | None = None
) -> str:
    """Write the form, or one for each of the `invited` into the folder `out`; what to print.

    `invited`: a file (CSV, Excel) with a column of codes and one of names, a register of one's own,
    or the name of a wave that lists whom it invited.
    """
    book = Codebook.read(codebook)
    check_place(out, folder=invited is not None)
    outputs.refuse_others([out], "questionnaire")
    form = _FormToSend(book, language)
    each = () if invited is None else _invited(invited, book)
    forms = {file_for(out, one.code, one.name): form.workbook(one) for one in each}
    _refuse_other_forms(out, forms, form)
    forms = forms if invited else {out: form.workbook()}
    outputs.write(forms, "questionnaire")
    return label("questionnaire.done", spoken(), place=out, n=len(forms), answers=len(form.answers))


def _refuse_other_forms(folder: Path, new: Mapping[Path, bytes], form: _FormToSend) -> None:
    """Refuse a folder with forms that ask otherwise: all would be sent and come back as one survey.

    Forms of the same questions for other municipalities, also in the other language, may stay, and
    earlier ones of the codebook are written over.
    """
    same: dict[Language, _FormToSend] = {form.language: form}
    for file in sorted(folder.glob("[!.~]*.xlsx")):
        ids = None
        with suppress(InputError):  # what cannot be read is no form
            ids = None if new.get(file) == file.read_bytes() else ids_of(read_file(file))
        if ids is None:
            continue
        _, id, version, language = ids.text.iloc[0, :4]
        if language not in same:
            same[language] = _FormToSend(form.book, "en" if language == "en" else "ja")
        if not (id == form.book.id if file in new else same[language].is_as(ids)):
            about = {"name": file.name, "id": id, "version": version}
            raise refusal("questionnaire.other_form", file=folder, **about)


def _invited(source: str, book: Codebook) -> Sequence[Invited]:
    """Whom a file lists, or a wave."""
    register = municipality.register()
    if not Path(source).is_file():
        wave = Wave.read(source)
        if wave.invited == "all":
            return _bodies(register if wave.own is None else wave.own.table)
        if isinstance(wave.invited, tuple):
            return wave.invited
        raise refusal("questionnaire.not_listed", wave=source)
    sheet, *_ = read_file(Path(source))
    if {"id", "name"} <= {*sheet.text.iloc[0].str.strip().str.lower()} <= {*HEADS, ""}:
        return _bodies(OwnRegister.read(Path(source), source).table)
    headings, columns = Headings(book), dict[str | None, int]()
    for column, text in enumerate(sheet.text.iloc[0]):
        if (meaning := headings.meaning(text)) and meaning.target in headings.who:
            columns.setdefault(_identity(book, meaning.target), column)
    if not columns.keys() & {"name", "code"}:
        raise sheet.refusal("questionnaire.no_heading")
    bodies: dict[str, Invited] = {}
    for row in range(1, sheet.shape[0]):
        code, name = (sheet.text.iat[row, columns[what]].strip() if what in columns else ""
                      for what in ("code", "name"))  # fmt: skip
        known = municipality.parse_code(code)[0] if code else municipality.resolve(name).code
        if (code or name) and (not known or known in bodies):
            id = "questionnaire.twice" if known else "questionnaire.no_municipality"
            raise sheet.refusal(id, at=(row, min(columns.values())), name=code or name)
        if known:
            name = name or str(register["name"].get(known, known))
            bodies[known] = Invited(code=known, name=name)
    return [*bodies.values()]


def _bodies(register: pd.DataFrame) -> list[Invited]:
    """All bodies of a register."""
    return [Invited(code=code, name=name) for code, name in register["name"].items()]


class _FormLine(NamedTuple):
    """A line of the form. `variable`: whose answer it holds, else only a question or a heading."""

    mark: str
    text: str
    hint: str
    variable: str = ""
    style: str = "cell"

    @property
    def printed(self) -> list[tuple[int, str]]:
        """Column and text of what is printed in it."""
        only = [(0, self.mark)]
        return only if self.style == "section" else [*only, (1, self.text), (3, self.hint)]


class _Condition(NamedTuple):
    """A rule as a formula and in words, with the questions it depends on."""

    formula: str
    words: str
    names: frozenset[str]


class _FormToSend:
    """The form of one codebook in one language."""

    def __init__(self, book: Codebook, language: Language) -> None:
        self.book, self.language = book, language
        self.words = labels("questionnaire", language)
        self.above = [book.title[language], *self._instructions()]
        self.heads = [self.words[what] for what in ("number", "question", "answer", "hint")]
        self.first = len(self.above) + 1  # the row behind the headings
        self.answers = dict.fromkeys(book.variables, 0)  # no place while the rows are worded
        self.rows = [*self._rows()]
        self.answers = {row.variable: i for i, row in enumerate(self.rows, self.first)
                        if row.variable}  # fmt: skip
        self.lists: dict[tuple[str, ...], str] = {}  # entries -> their place on the hidden sheet

    def _say(self, id: str, **fields: Any) -> str:
        return label(f"questionnaire.{id}", self.language, **fields)

    def _instructions(self) -> Iterator[str]:
        yield self.words["to_fill_in"]
        yield self.words["how"]
        if {question.type for question in self.book} & {"integer", "ratio", "date"}:
            yield self.words["numbers"]
        if any(question.ask_if for question in self.book):
            yield self.words["skipped"]
        tokens = [m.tokens[0] for kind, m in self.book.missing.items()
                if m.tokens and kind in ("dont_know", "not_applicable")]  # fmt: skip
        if tokens:
            yield self._say("missing", words=" / ".join(tokens))
        yield self.words["back"]

    # --- the rows ----------------------------------------------------------------------------

    def _rows(self) -> Iterator[_FormLine]:
        for what in ("code", "name"):
            if self.book.identity(what) is None:
                heading = labels("identity", self.language)[what]
                yield _FormLine(heading, heading, self.words["words"], f"@{what}")
        for section in self.book.sections:
            questions = [q for q in self.book if q.section == section.id]
            if questions:
                yield _FormLine(section.text[self.language], "", "", style="section")
            for question in questions:
                yield from self._question(question)

    def _question(self, question: Question) -> Iterator[_FormLine]:
        """The rows of a question; one with options or items has a row for each below its own."""
        text, hints = question.text[self.language], self._hints(question)
        if question.type == "multi":
            n = question.max_choices
            hints.insert(0, self._say("choose_most", n=n) if n else self.words["choose_all"])
        # a printed form must show what there is to choose
        text = "\n".join([text, *(f"・{words}" for words in self.choices(question))])
        whole = "" if question.type in ("multi", "battery") else question.id
        yield _FormLine(question.id, text, "\n".join(hints), whole, style="asked")
        for item in question.items:
            yield _FormLine(item.id, item.text[self.language], self.words["choose"], item.id)
        options = question.options if question.type == "multi" else ()
        for option, variable in zip(options, question.variables, strict=False):
            hint = self.words["alone" if option.exclusive else "tick"]
            yield _FormLine(variable, option.text[self.language], hint, variable)

    def choices(self, question: Question) -> tuple[str, ...]:
        """The entries of the drop-down list of a question with one answer."""
        one = question.type in CHOICES
        return tuple(entries(self.book, question, self.language)) if one else ()

    def _hints(self, question: Question) -> list[str]:
        """How to answer: what to choose or write, in which unit and range, and when at all."""
        kinds = dict.fromkeys(CHOICES, "choose") | {
            "integer": "count", "ratio": "amount", "text": "words", "date": "date"
        }  # fmt: skip
        how = "month" if question.precision == "month" else kinds.get(question.type)
        hints = [self.words[how]] if how else []
        if question.unit:
            hints.append(self._say("unit", unit=question.unit[self.language]))
        if question.range:
            low, high = (f"{end:,.10g}" if isinstance(end, float) else end
                         for end in question.range)  # fmt: skip
            hints.append(self._say("between", low=low, high=high))
        rule = self._condition(question)
        comma = "、" if self.language == "ja" else ", "
        return [*filter(None, (comma.join(hints), rule and self._say("only_if", rule=rule.words)))]

    # --- skip rules --------------------------------------------------------------------------

    def _condition(self, question: Question) -> _Condition | None:
        """When a question is asked, where that can be said in a formula and in words."""
        return self._rule(ast.parse(question.ask_if, mode="eval").body) if question.ask_if else None

    def skipped(self, question: Question) -> str:
        """The formula that is true where a skip rule leaves the question out, or nothing."""
        rule = self._condition(question)
        if rule is None:
            return ""
        questions = [self.book[name] for name in sorted(rule.names)]
        cells = (f"{self.cell(q.variables[0])}:{self.cell(q.variables[-1])}" for q in questions)
        known = ",".join(f"COUNTA({own})>0" for own in cells)
        before = filter(None, map(self.skipped, questions))
        return f"OR({','.join([f'AND({known},NOT({rule.formula}))', *before])})"

    def cell(self, variable: str) -> str:
        """The address of an answer."""
        return f"$C${self.answers[variable] + 1}"

    def _rule(self, node: ast.AST) -> _Condition | None:
        """A rule of the codebook; None where it computes, which no form says plainly."""
        match node:
            case ast.BoolOp(op=op, values=parts):
                how = "and" if isinstance(op, ast.And) else "or"
                rules = [rule for part in parts if (rule := self._rule(part))]
                if len(rules) < len(parts):
                    return None
                formula = f"{how.upper()}({','.join(rule.formula for rule in rules)})"
                words = self.words[how].join(rule.words for rule in rules)
                names = frozenset[str]().union(*(rule.names for rule in rules))
                return _Condition(formula, words, names)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                rule = self._rule(part)
                return rule and rule._replace(
                    formula=f"NOT({rule.formula})", words=self._say("not", rule=rule.words)
                )
            case (
                ast.Compare(left=ast.Name(id=id), ops=[ast.In()], comparators=[codes])
                | ast.Call(func=ast.Name(id="any"), args=[ast.Name(id=id), codes])
            ):
                return self._chosen(id, [*ast.literal_eval(codes)])
            case ast.Compare(
                left=ast.Name(id=id), ops=[op], comparators=[ast.Constant(value=number)]
            ):
                return self._compared(id, type(op).__name__, number)
            case ast.Name(id=id):
                multi = self.book.question_of[id].type == "multi"
                return self._chosen(id, [int(id.rpartition("_")[2]) if multi else 1])
        return None

    def _chosen(self, id: str, codes: Sequence[int]) -> _Condition:
        """One of these options is the answer, or among the answers."""
        question = self.book[id] if id in self.book else self.book.question_of[id]
        multi = question.type == "multi"
        texts = {code: text for text, code in entries(self.book, question, self.language).items()}
        tests = [
            f'{self.cell(f"{question.id}_{code}")}="{TICK}"'
            if multi else f"{self.cell(id)}={_quoted(texts[code])}"
            for code in codes
        ]  # fmt: skip
        named = {o.code: o.text[self.language] for o in question.options} or texts
        quoted = "「{}」" if self.language == "ja" else '"{}"'
        options = self.words["or"].join(quoted.format(named[code]) for code in codes)
        words = self._say("is_chosen" if multi else "is_one", question=id, options=options)
        return _Condition(f"OR({','.join(tests)})", words, frozenset({question.id}))

    def _compared(self, id: str, sign: str, number: Any) -> _Condition | None:
        """A number against another; of options those whose code is on its side."""
        question, (operator, holds) = self.book.question_of[id], SIGNS[sign]
        if question.type in CHOICES:
            codes = [o.code for o in question.options] or [1, 0]
            return self._chosen(id, [code for code in codes if holds(code, number)])
        if question.type not in ("integer", "ratio"):
            return None
        words = self._say("is", question=id, number=number, sign=self.words[sign])
        return _Condition(f"{self.cell(id)}{operator}{number}", words, frozenset({question.id}))

    def is_as(self, ids: Sheet) -> bool:
        """Whether a form of which this is the hidden sheet asks just this."""
        marks, printed = self._hidden()
        more = [("", ""), ("3", self.words["given"])]  # the latter beside whom the form is for
        rows = ids.text.iloc[2:].itertuples(index=False)
        both = (
            [*marks.items(), *((str(column), text) for column, text in printed)],
            [(row[at], row[at + 1]) for row in rows for at in (0, 3)],
        )
        ours, theirs = ({(of, normalise(text)) for of, text in [*own, *more]} for own in both)
        return ours == theirs and [*ids.text.iloc[0, 1:3]] == [self.book.id, self.book.version]

    def _hidden(self) -> tuple[dict[str, str], list[tuple[int, str]]]:
        """Each variable with the mark of its row, and what is printed, with its column."""
        printed = [*((0, line) for line in self.above), *enumerate(self.heads)]
        printed += [part for row in self.rows for part in row.printed]
        return {row.variable: row.mark for row in self.rows if row.variable}, printed

    # --- the workbook ------------------------------------------------------------------------

    def workbook(self, one: Invited | None = None) -> bytes:
        """The form, with the code and name of the municipality that it is for."""
        buffer = io.BytesIO()
        as_they_are = dict.fromkeys(("strings_to_formulas", "strings_to_urls"), False)
        book = xlsxwriter.Workbook(buffer, {"in_memory": True} | as_they_are)
        title = self.book.title[self.language]
        book.set_properties({"created": EPOCH, "title": title})
        styles = {name: book.add_format(style) for name, style in STYLES.items()}
        sheet, ids = book.add_worksheet(self.words["sheet"]), book.add_worksheet(IDS)
        for i, line in enumerate(self.above):
            sheet.write_string(i, 0, line, None if i else styles["title"])
        for j, text in enumerate(self.heads):
            sheet.write_string(self.first - 1, j, text, styles["head"])
        for i, row in enumerate(self.rows, self.first):
            self._print(sheet, i, row, styles)
            what = _identity(self.book, row.variable)
            if one and what in ("code", "name"):
                sheet.write_string(i, 2, getattr(one, what), styles["given"])
                sheet.write_string(i, 3, self.words["given"], styles["cell"])
        self._hide(ids, [(3, self.words["given"])] * (one is not None))
        head = f"{one.code} {one.name}" if one else title
        sheet.set_header(f"&R{head.replace('&', '&&')}")
        sheet.set_footer(f"&C{self.words['page']}")
        # locked but for the answers, and on A4 as wide as a page, with its headings on each
        sheet.protect("", {"format_rows": True, "format_columns": True})
        for j, width in enumerate(WIDTHS):
            sheet.set_column(j, j, width)
        sheet.freeze_panes(self.first, 0)
        sheet.set_portrait()
        sheet.set_paper(9)  # A4
        sheet.set_margins(0.5, 0.5, 0.7, 0.7)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(self.first - 1)
        sheet.set_selection(self.first, 2, self.first, 2)
        book.close()
        return buffer.getvalue()

    def _print(self, sheet: Any, i: int, row: _FormLine, styles: dict[str, Any]) -> None:
        """A row with the cell of its answer."""
        if row.style == "section":
            for j, text in enumerate((row.mark, "", "", "")):
                sheet.write(i, j, text, styles["section"])
            return
        sheet.set_row(i, max(height(row.text, WIDTHS[1]), height(row.hint, WIDTHS[3])))
        for j, text in row.printed:
            sheet.write_string(i, j, text, styles[row.style if j == 1 else "cell"])
        question = self.book.question_of.get(row.variable)
        kind = question.type if question else "text"
        style = {"text": "words", "date": "day"}.get(kind, "answer") if row.variable else "cell"
        sheet.write_blank(i, 2, None, styles[style])
        if question and (allowed := self._allowed(question)):
            titled = {"input_title": row.variable[:32], "input_message": row.hint[:255]}
            sheet.data_validation(i, 2, i, 2, allowed | titled)
        if question and (formula := self.skipped(question)):
            shade = {"type": "formula", "criteria": f"={formula}", "format": styles["skipped"]}
            sheet.conditional_format(i, 2, i, 2, shade)

    def _allowed(self, question: Question) -> dict[str, Any]:
        """What the cell takes; a number or date may be written otherwise where the office insists.

        That is how a word such as 不明 gets in.
        """
        if question.type == "multi":
            return {"validate": "list", "source": [TICK]}
        if listed := self.choices(question):
            column = xlsxwriter.utility.xl_col_to_name(6 + len(self.lists), True)
            place = f"={IDS}!{column}$1:{column}${len(listed)}"
            return {"validate": "list", "source": self.lists.setdefault(listed, place)}
        kinds = {"integer": "integer", "ratio": "decimal", "date": "date"}
        if question.type not in kinds:
            return {}
        if question.type == "date":
            low, high = question.range or ("1900-01-01", "9999-12-31")
            ends: dict[str, Any] = {"minimum": _day(low, "start"), "maximum": _day(high, "end")}
        else:
            low, high = question.range or (-1e15, 1e15)
            ends = {"minimum": float(low), "maximum": float(high)}
        how = {"validate": kinds[question.type], "criteria": "between", "error_type": "warning"}
        return how | ends

    def _hide(self, ids: Any, more: list[tuple[int, str]]) -> None:
        """The hidden sheet, see `analysis.intake.own_sheets`; `more` that is printed."""
        ids.write_row(0, 0, [FORM, self.book.id, self.book.version, self.language])
        ids.write_row(1, 0, [self.words["sheet"], self.words["answer"]])
        marks, printed = self._hidden()
        columns, texts = zip(*dict.fromkeys(printed + more), strict=True)
        for j, content in enumerate((marks, marks.values(), (), columns, texts)):
            ids.write_column(2, j, content)
        for j, listed in enumerate(self.lists, 6):
            ids.write_column(0, j, listed)
        ids.protect()
        ids.hide()


def _identity(book: Codebook, variable: str) -> str | None:
    """Which of the things that identify a municipality a variable holds."""
    own = variable in book.question_of
    return book.question_of[variable].identity if own else variable.removeprefix("@")


def _day(text: float | str, how: Literal["start", "end"]) -> dt.date:
    """The first or last day that a text such as 2019-06 or 2019-06-01 allows."""
    day = pd.Period(str(text)).asfreq("D", how)
    return dt.date(day.year, day.month, day.day)


def _quoted(text: str) -> str:
    """An entry of a drop-down list as a text in a formula, which takes no long one at once."""
    text = text.replace('"', '""')
    return "&".join(f'"{text[i : i + LITERAL]}"' for i in range(0, len(text), LITERAL))
