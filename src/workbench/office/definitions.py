"""Questionnaires as form tools define them, from which a codebook is drafted whole.

Three formats are read: an XLSForm (the sheets survey and choices of ODK and KoboToolbox), the data
dictionary of REDCap, and the structure of a LimeSurvey survey (.lss). Each becomes a `Definition`,
whose codebook is written by `workbench.office.draft`.
"""

from __future__ import annotations

import ast
import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from analysis.codebook.rules import Expression, ExpressionError
from analysis.errors import refusal
from analysis.intake.files import unpacked
from analysis.intake.sheet import Sheet
from analysis.intake.tools.core import is_other
from analysis.yaml_file import packaged
from workbench.office.options import Drafted, both, open_option, tells

Words = tuple[str, str]  # Japanese, English; one of them may be empty
Line = dict[str, str]
LONGEST = 5_000  # characters of a condition; Python's parser ends at some that are longer
SIGNS = {"=": "==", "<>": "!=", "eq": "==", "ne": "!="}


class Choice(NamedTuple):
    """An answer that can be chosen, by the tool's name of it."""

    name: str
    texts: Words


KNOWN = packaged("definitions.yml", "workbench")
XLSFORM, REDCAP, LIMESURVEY = KNOWN["xlsform"], KNOWN["redcap"], KNOWN["limesurvey"]
YES_NO = (Choice("1", ("はい", "yes")), Choice("0", ("いいえ", "no")))
OTHER = ("その他", "other")


@dataclass
class Definition:
    """The questions of a questionnaire, and what could not be carried over, by question."""

    title: str
    questions: list[Drafted] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)

    def add(
        self, name: str, kind: str, texts: Words, choices: Sequence[Choice] = (), **more: Any
    ) -> Drafted:
        """Add a question; its choices become options, and their names the words of the files."""
        id = id_of(name)
        question: Drafted = {"id": id, "section": "A", "type": kind, "role": "describe"}
        question |= label_of(texts, name)
        if id != name:
            question["source"] = [name]
        if choices:
            question["options"] = _options(choices, kind)
        question |= {key: value for key, value in more.items() if value}
        self.questions.append(question)
        return question

    def find(self, name: str) -> Drafted | None:
        """The question of a name of the tool."""
        return next((one for one in self.questions if one["id"] == id_of(name)), None)

    def line(
        self, battery: str, heading: Words, choices: Sequence[Choice], name: str, texts: Words
    ) -> Drafted | None:
        """Add a line to a battery; the battery itself where the line is its first."""
        known = self.find(battery)
        question = known or self.add(battery, "battery", heading, choices, items=[{}])
        ja, en = texts
        item = {"id": id_of(name), "ja": ja or en or name, "en": en or ja or name}
        question["items"] = [*filter(None, question["items"]), item]
        return None if known else question

    def ask(self, question: Drafted, text: str, patterns: Sequence[str]) -> None:
        """Give a question its skip rule, or note the condition that is to be written by hand."""
        text = " ".join(text.split())
        if text in ("", "1"):
            return
        if condition := rule(self, text, patterns):
            question["ask_if"] = condition
        else:
            self.lost[question["id"]] = f"ask_if to be written by hand: {text}"


def id_of(name: str) -> str:
    """A name of a tool as the id of a question.

    >>> id_of("label-test"), id_of("code"), id_of("_1")
    ('label_test', 'CODE', 'Q_1')
    """
    id = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not id or not id[0].isalpha():
        id = f"Q_{id or 'x'}"
    return id.upper() if id == "code" else id


def in_both(words: Mapping[str, str]) -> Words:
    """Words by language as Japanese and English; those of another language alone as English.

    >>> in_both({"japanese (ja)": "用途", "": "Uses"}), in_both({"de": "Ziele"})
    (('用途', 'Uses'), ('', 'Ziele'))
    """
    ja, en = (
        next((text for language, text in words.items() if re.search(known, language)), "")
        for known in (r"\bja|日本", r"\ben")
    )
    return ja, en or words.get("", "") or ("" if ja else next(iter(words.values()), ""))


def _in_one(text: str) -> Words:
    """Words whose language the file does not state: English if ASCII, else Japanese."""
    return ("", text) if text.isascii() else (text, "")


def label_of(texts: Words, name: str) -> dict[str, str]:
    """The label in both languages, a missing one marked for translation; without any the name."""
    ja, en = (re.sub(r"<[^<>]+>", "", " ".join(str(text).split())) for text in texts)
    return {"ja": ja, "en": en} if ja and en and ja != en else both(ja or en or name)


def _options(choices: Sequence[Choice], kind: str) -> list[dict[str, Any]]:
    """Options by their names where these are numbers, else counted; "other" has its mark."""
    numbered = all(re.fullmatch(r"\d+", choice.name) for choice in choices)
    options = []
    labels = Counter(label_of(choice.texts, choice.name)["ja"] for choice in choices)
    for number, choice in enumerate(choices, start=1):
        code = 2 - number if kind == "binary" else number
        option: dict[str, Any] = {"code": int(choice.name) if numbered else code}
        own = label_of(choice.texts, choice.name)
        again = f" ({choice.name})" if labels[own["ja"]] > 1 else ""
        option |= {language: words + again for language, words in own.items()}
        if any(map(is_other, choice.texts)) or choice.name in {"other", "-oth-"}:
            option["other"] = True
        if kind == "multi" and any(tells("none", text.strip()) for text in choice.texts):
            option["exclusive"] = True
        if not numbered:
            option["source"] = [choice.name]
        options.append(option)
    return options


def rule(definition: Definition, text: str, patterns: Sequence[str]) -> str | None:
    """A tool's condition as a skip rule; None where it asks what a rule cannot say.

    `patterns` match a comparison: the groups ``name`` and ``value``, and where the tool has them
    ``sign`` and ``unless``, which turns it round.
    """
    if len(text) > LONGEST:
        return None
    lost = False

    def compared(match: re.Match[str]) -> str:
        nonlocal lost
        parts: dict[str, Any] = {"sign": "=", "unless": None} | match.groupdict()
        sign = "!=" if parts["unless"] else parts["sign"]
        condition = _compared(definition, parts["name"], sign, parts["value"])
        lost |= condition is None
        return f"({condition})"

    for pattern in patterns:
        text = re.sub(pattern, compared, text)
    words = re.sub(r"\b(AND|OR|NOT)\b", lambda m: m[0].lower(), text)
    words = " ".join(words.replace("&&", " and ").replace("||", " or ").split())
    try:
        Expression(words, truth=True)
    except ExpressionError:
        return None
    return None if lost else ast.unparse(ast.parse(words, mode="eval"))


def _compared(definition: Definition, name: str, sign: str, value: str) -> str | None:
    """A comparison of a question with a choice or a number, in the language of rules."""
    question = definition.find(name)
    if question is None or value == "":
        return None
    id, sign = question["id"], SIGNS.get(sign, sign)
    for option in question.get("options", ()):
        if value in option.get("source", [str(option["code"])]):
            if question["type"] != "multi":
                return f"{id} {sign} {option['code']}"
            return f"not {id}_{option['code']}" if sign == "!=" else f"{id}_{option['code']}"
    number = re.fullmatch(r"-?\d+(\.\d+)?", value)
    return f"{id} {sign} {value}" if number and "options" not in question else None


def _numbers(low: str, high: str) -> list[float] | None:
    """A range of two numbers, where both are given."""
    with suppress(ValueError):
        return [int(end) if end == int(end) else end for end in (float(low), float(high))]
    return None


# --- XLSForm ------------------------------------------------------------------------------------

LISTS = {words: kind for kind in ("select_one", "select_multiple") for words in XLSFORM[kind]}
SELECT = re.compile(r"(select_one|select_multiple|rank)\s+(\S+)(\s+or_other)?")
ENDS = re.compile(r"\.\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)")
QUOTED = r"\s*['\"](?P<value>[^'\"]*)['\"]"
RELEVANT = (
    rf"selected\(\s*\$\{{(?P<name>[\w-]+)\}}\s*,{QUOTED}\s*\)",
    rf"\$\{{(?P<name>[\w-]+)\}}\s*(?P<sign>!=|=){QUOTED}",
    r"\$\{(?P<name>[\w-]+)\}\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>-?\d+(?:\.\d+)?)",
)


def of_xlsform(sheets: Sequence[Sheet]) -> Definition | None:
    """The questionnaire of an XLSForm, where there is a sheet called survey.

    In a text file each sheet has its name in the first column, above its rows.
    """
    by_name = {sheet.sheet.casefold(): _rows(sheet.text.to_numpy(object)) for sheet in sheets}
    whole = sheets[0].text.to_numpy(object)
    if len(whole) and whole[0, 0] == "survey":
        tops = [row for row, text in enumerate(whole[:, 0]) if text]
        for top, end in pairwise([*tops, len(whole)]):
            by_name[whole[top, 0].casefold()] = _rows(whole[top + 1 : end, 1:])
    if not any("type" in row for row in by_name.get("survey", ())):
        return None
    settings = by_name.get("settings") or [{}]
    form = Definition(settings[0].get("form_title", "") or "XLSForm")
    choices: dict[str, list[Choice]] = {}
    for row in by_name.get("choices", []):
        name = row.get("list_name") or row.get("list name", "")
        if name and row.get("name"):
            choices.setdefault(name, []).append(Choice(row["name"], _texts(row)))
    groups: list[Line] = []
    for row in by_name["survey"]:
        kind = re.sub(r"\s+", " ", row.get("type", "")).strip()
        kind = re.sub(r"^(begin|end)_", r"\1 ", kind)
        for words in sorted(LISTS, key=len, reverse=True):
            kind = re.sub(rf"^{words} ", f"{LISTS[words]} ", kind)
        if re.match(r"begin (group|repeat|score|rank)", kind):
            shared = row.get("kobo--score-choices") or row.get("kobo--rank-items", "")
            looks = {"appearance": "table-list", "line": f"select_one {shared}"} if shared else {}
            groups.append(row | {"type": kind} | looks)
        elif re.match(r"end (group|repeat|score|rank)", kind):
            groups = groups[:-1]
        elif kind in ("score__row", "rank__level") and groups:
            _add_row(form, row, groups[-1].get("line", kind), choices, groups)
        elif row.get("name"):
            _add_row(form, row, kind, choices, groups)
    return form


def _rows(grid: np.ndarray) -> list[Line]:
    """The rows of a sheet by its headings in lower case."""
    heads = [str(text).strip().casefold() for text in grid[0]] if len(grid) else []
    return [
        {head: str(text).strip() for head, text in zip(heads, row, strict=True) if head and text}
        for row in grid[1:]
    ]


def _texts(row: Line) -> Words:
    """The labels of a row in Japanese and English."""
    heads = ((head.partition("::"), text) for head, text in row.items())
    return in_both({language: text for (label, _, language), text in heads if label == "label"})


def _add_row(
    form: Definition, row: Line, kind: str, choices: dict[str, list[Choice]], groups: list[Line]
) -> None:
    """One row of the survey; what is only shown, computed or noted by the device is no question."""
    select, name, looks = SELECT.match(kind), row["name"], row.get("appearance", "")
    own = list(choices.get(select[2], [])) if select else []
    if select and not own:
        form.lost[id_of(name)] = f"the list {select[2]} has no choices"
    elif not select and kind not in {*XLSFORM["types"], *XLSFORM["no_question"]}:
        form.lost[id_of(name)] = f"a question of type {kind}"
    if id_of(name) in form.lost or kind in XLSFORM["no_question"]:
        return
    if select and select[3] and "other" not in {choice.name for choice in own}:
        own.append(Choice("other", OTHER))
    if "label" in looks.split() and groups:  # the heading of the lines below it
        groups[-1].update(row, appearance="table-list", type="begin group")
        return
    scope, group = groups, groups[-1] if groups else {}
    question: Drafted | None
    if "table-list" in group.get("appearance", "") and kind.startswith("select_one"):
        question = form.line(group.get("name", ""), _texts(group), own, name, _texts(row))
    else:
        scope = [*groups, row]
        many = kind.startswith(("select_multiple", "rank"))
        type_ = "multi" if many else "single" if own else XLSFORM["types"][kind]
        limits = row.get("parameters", "").replace("start=", ".>=").replace("end=", ".<=")
        limits += row.get("constraint", "")
        ends = {">": "", "<": ""} | {sign[0]: value for sign, value in ENDS.findall(limits)}
        question = form.add(
            *(name, type_, _texts(row), own),
            range=_numbers(ends[">"], ends["<"]) if type_ in {"integer", "ratio"} else None,
            free=type_ == "text" and "multiline" in looks,
        )
    conditions = [f"({one['relevant']})" for one in scope if one.get("relevant")]
    if question is not None:
        form.ask(question, " and ".join(conditions), RELEVANT)
        if any(group["type"] == "begin repeat" for group in groups):
            form.lost[question["id"]] = "of a repeat, which the tool exports as another table"


# --- REDCap -------------------------------------------------------------------------------------

LOGIC = (
    r"\[(?P<name>\w+)\((?P<value>\w+)\)\]\s*=\s*['\"]?(?:1\b|(?P<unless>-?[\w.]+))['\"]?",
    r"\[(?P<name>\w+)\]\s*(?P<sign><>|!=|>=|<=|=|>|<)\s*['\"]?(?P<value>-?[\w.]+)['\"]?",
)


def of_dictionary(sheets: Sequence[Sheet]) -> Definition | None:
    """The questionnaire of REDCap's data dictionary, where a sheet has its columns."""
    rows = []
    for entry in _rows(sheets[0].text.to_numpy(object)):
        names = (re.sub(r"\W+", "_", head).strip("_") for head in entry)
        names = (REDCAP["headings"].get(name, name) for name in names)
        blank = "NA" if "field_name" in entry else ""  # as R writes what is empty
        texts = ("" if text == blank else text for text in entry.values())
        rows.append(defaultdict(str, zip(names, texts, strict=True)))
    if not rows or not {"field_name", "field_type", "field_label"} <= rows[0].keys():
        return None
    form = Definition("REDCap")
    for row in rows[1:]:  # the first field is the number of the record
        if row["field_name"] and row["identifier"].casefold() != "y":
            _add_field(form, row)
    return form


def _add_field(form: Definition, row: Line) -> None:
    """One field; what is described, calculated or a file is no question."""
    kind, name, texts = row["field_type"], row["field_name"], _in_one(row["field_label"])
    listed = (one.partition(",") for one in row["select_choices_or_calculations"].split("|"))
    own = [Choice(code.strip(), _in_one(text.strip())) for code, comma, text in listed if comma]
    question: Drafted | None
    if row["matrix_group_name"] and kind == "radio":
        heading, label = _in_one(row["section_header"]), (row["field_label"], "")
        question = form.line(row["matrix_group_name"], heading, own, name, label)
    elif kind in REDCAP["types"] and own:
        question = form.add(name, REDCAP["types"][kind], texts, own)
    elif kind in ("yesno", "truefalse"):
        question = form.add(name, "binary", texts, YES_NO)
    elif kind == "slider":
        ends = _numbers(row["text_validation_min"] or "0", row["text_validation_max"] or "100")
        question = form.add(name, "integer", texts, range=ends)
    elif kind in ("text", "notes"):
        check = row["text_validation_type_or_show_slider_number"]
        kinds = {"integer": "integer", "number": "ratio", "date": "date"}
        type_ = next((of for start, of in kinds.items() if check.startswith(start)), "text")
        ends = _numbers(row["text_validation_min"], row["text_validation_max"])
        between = ends if type_ in {"integer", "ratio"} else None
        question = form.add(name, type_, texts, free=kind == "notes", range=between)
    else:
        if kind != "descriptive":
            form.lost[id_of(name)] = f"a field of type {kind}"
        return
    if question is not None:
        form.ask(question, row["branching_logic"], LOGIC)


# --- LimeSurvey ---------------------------------------------------------------------------------

STRUCTURES = {".lss", ".lsa"}  # the structure alone; the archive that holds it beside the responses
TYPES: dict[str, str] = LIMESURVEY["types"]
OF_EACH_LINE: dict[str, str] = LIMESURVEY["of_each_line"]
POINTS = [Choice(str(o["code"]), (o["ja"], o["en"])) for o in map(open_option, range(1, 11))]
# the answers of types without their own
FIXED = {"5": POINTS[:5], "A": POINTS[:5], "B": POINTS} | {
    kind: [Choice(name, (ja, en)) for name, (ja, en) in own.items()]
    for kind, own in LIMESURVEY["answers"].items()
}
RELEVANCE = (
    r"(?P<name>\w+)_(?P<value>\w+)\.NAOK\s*(?:==|eq)\s*[\"']?Y\b[\"']?",
    r"(?P<name>\w+)\.NAOK\s*(?P<sign>==|!=|>=|<=|>|<|eq|ne)\s*[\"']?(?P<value>[\w.-]*)[\"']?",
)


def of_structure(path: Path) -> Definition:
    """The questionnaire of the structure of a LimeSurvey survey.

    Raises InputError: the file holds no structure, or its XML is damaged or declares entities.
    """
    content = path.read_bytes()
    if path.suffix.lower() == ".lsa":
        inside = (data for name, data in unpacked(path, path.name).items() if name.endswith(".lss"))
        content = next(inside, b"")
    if b"<LimeSurveyDocType>" not in content[:4096]:
        raise refusal("draft.no_structure", file=path)
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise refusal("draft.xml_entities", file=path)
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # an unknown encoding, too
        raise refusal("draft.xml_damaged", file=path, fault=error) from None
    rows = {table.tag: [{cell.tag: cell.text or "" for cell in row} for row in table.iter("row")]
            for table in root}  # fmt: skip
    return _Structure(rows).definition()


# whose they are, their order, name and key
PARTS = {
    "answers": ("qid", "sortorder", "code", "aid"),
    "subquestions": ("parent_qid", "question_order", "title", "qid"),
}


class _Structure:
    """The tables of a structure: questions, their parts and answers, by language."""

    def __init__(self, tables: dict[str, list[Line]]) -> None:
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
                    plain = html.unescape(re.sub(r"<[^<>]+>", "", text))
                    words[row.get("language", "")] = plain.strip()

    def definition(self) -> Definition:
        """The questions in their order."""
        titles = self.tables.get("surveys_languagesettings", [])
        title = next((row.get("surveyls_title", "") for row in titles), "")
        form = Definition(title or "LimeSurvey")
        for row in _first(self.tables.get("questions", []), "qid", parent_qid={"", "0"}):
            kind, question = row.get("type", ""), self._add(form, row)
            if question is not None:
                form.ask(question, row.get("relevance", ""), RELEVANCE)
            elif cells := self._cells(kind, row["qid"]):
                self._add_each(form, row, cells)
            elif kind not in LIMESURVEY["no_question"]:
                what = LIMESURVEY["by_hand"].get(kind, f"a question of LimeSurvey's type {kind}")
                lacks = (
                    ", which lacks its answers," if kind in TYPES or kind in OF_EACH_LINE else ""
                )
                form.lost[id_of(row["title"])] = f"{what}{lacks} is to be written by hand"
        return form

    def _add(self, form: Definition, row: Line) -> Drafted | None:
        """One question; None where it is of a type, or lacks the answers, that no draft takes."""
        kind, qid, name = row.get("type", ""), row["qid"], row["title"]
        type_ = TYPES.get(kind, "")
        parts = self._choices("subquestions", qid)
        own = parts if type_ == "multi" else self._choices("answers", qid)
        if row.get("other") == "Y" and type_ in ("single", "multi"):
            own.append(Choice("other" if type_ == "multi" else "-oth-", OTHER))
        own = own or [*FIXED.get(kind, ())]
        if kind == "R":  # the answers stand among the sub-questions since version 6
            own = own or parts
            parts = [
                Choice(str(n), (ja.format(n=n), en.format(n=n)))
                for n in range(1, len(own) + 1)
                for ja, en in [LIMESURVEY["rank"]]
            ]
        chosen = type_ in ("single", "multi", "battery", "binary", "ordinal")
        if not type_ or (chosen and not own) or (type_ == "battery" and not parts):
            return None
        texts = in_both(self.words.get(("qid", qid), {}))
        question = form.add(name, type_, texts, own if chosen else [], free=kind in ("T", "U"))
        if type_ == "battery":
            question["items"] = [
                {"id": f"{question['id']}_{part.name}", **label_of(part.texts, part.name),
                 "source": [part.name]}
                for part in parts
            ]  # fmt: skip
        return question

    def _cells(self, kind: str, qid: str) -> list[tuple[Choice, list[Choice]]]:
        """The lines of a list or the cells of an array, each with its answers."""
        if kind not in OF_EACH_LINE:
            return []
        lines = self._choices("subquestions", qid, {"", "0"})
        columns, scales = self._choices("subquestions", qid, {"1"}), [list[Choice](), []]
        if kind in ("K", "Q"):
            return [(line, []) for line in lines]
        if kind == "1":
            scales = [self._choices("answers", qid, scale) for scale in ({"", "0"}, {"1"})]
            heads = (self._attribute(qid, f"dualscale_header{side}") for side in "AB")
            columns = [Choice(f"][{n}", texts) for n, texts in enumerate(heads, start=1)]
            columns = columns if all(scales) else []
        else:
            columns = [Choice(f"_{column.name}", column.texts) for column in columns]
            scales = [[] for _ in columns]
        return [
            (Choice(line.name + column.name, _crossed(line.texts, column.texts)), own)
            for line in lines
            for column, own in zip(columns, scales, strict=False)
        ]

    def _attribute(self, qid: str, name: str) -> Words:
        """The words of a setting of a question."""
        rows = self.tables.get("question_attributes", [])
        own = (row for row in rows if (row.get("qid"), row.get("attribute")) == (qid, name))
        return in_both({"": ""} | {row.get("language", ""): row.get("value", "") for row in own})

    def _add_each(
        self, form: Definition, row: Line, cells: Sequence[tuple[Choice, list[Choice]]]
    ) -> None:
        """Lines of a list or cells of an array: each is a question, by its code and its words."""
        for part, own in cells:
            code = f"{row['title']}[{part.name}]"
            whole = in_both(self.words.get(("qid", row["qid"]), {}))
            ja, en = (
                f"{text} [{line}]" if text and line else ""
                for text, line in zip(whole, part.texts, strict=True)
            )
            heads = [code, *(f"{code}. {text}" for text in (ja, en) if text)]
            name, kind = f"{row['title']}_{part.name}", OF_EACH_LINE[row["type"]]
            question = form.add(name, kind, (ja, en), own, source=heads)
            form.ask(question, row.get("relevance", ""), RELEVANCE)

    def _choices(self, table: str, owner: str, scale: set[str] | None = None) -> list[Choice]:
        """The answers or the sub-questions of a question, in their order; of one `scale` alone."""
        of, order, name, key = PARTS[table]
        having = {of: {owner}} | ({"scale_id": scale} if scale else {})
        rows = sorted(self.tables.get(table, []), key=lambda row: int(row.get(order, "0") or 0))
        choices = []
        for row in _first(rows, name, **having):
            texts = in_both(self.words.get((key, row.get(key, "")), {}))
            # the answer stood beside its code before version 4
            choices.append(Choice(row[name], texts if any(texts) else ("", row.get("answer", ""))))
        return choices


def _crossed(line: Words, column: Words) -> Words:
    """The words of a line and a column, as they stand in the brackets of a heading."""
    ja, en = (f"{a}][{b}" if a and b else a for a, b in zip(line, column, strict=True))
    return ja, en


def _first(rows: Iterable[Line], key: str, **having: set[str]) -> list[Line]:
    """The rows that have one of these values; of those for each language the first."""
    first: dict[str, Line] = {}
    for row in rows:
        if all(row.get(name, "") in values for name, values in having.items()):
            first.setdefault(row[key], row)
    return [*first.values()]
