"""What to ask on a site visit: the topics, and what in a city's answers is worth asking about.

A remark is computed, never written by hand: an answer is missing, unusual among comparable
municipalities, or at odds with another answer. The record sheet of a visit is written as an Excel
form, and read back when filled in.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import xlsxwriter
import yaml
from pydantic import StrictStr, ValidationError

from analysis import paths
from analysis.codebook import yaml_file
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import given
from analysis.codebook.questions import Labelled, Question
from analysis.codebook.rules import Expression
from analysis.codebook.validation import describe_validation
from analysis.errors import InputError, Message
from analysis.intake.files import read_file
from analysis.intake.sheet import Sheet
from analysis.spreadsheet import EPOCH, WRAP, on_a4, sheet_name, write_text
from analysis.stats import tabulate
from analysis.stats.thresholds import FEWEST_OTHERS, UNUSUAL
from analysis.text import LANGUAGES, Language, Model, Text, label, labels, say

STEPS = 2  # points of a scale between an unusual answer and the median of the others
Kind = Literal["contradictory", "doubtful", "missing", "unusual"]
MISSING = ("no_answer", "dont_know", "not_surveyed", "unreadable")


class Topic(Labelled):
    """One topic of a visit; `questions`: codebook -> ids of its questions."""

    id: int
    ask: tuple[Text, ...]
    evidence: Text | None = None
    contradicts: Text
    words: tuple[StrictStr, ...] = ()  # in free text they tell that it is on this topic
    questions: dict[StrictStr, tuple[StrictStr, ...]]


class Contradiction(Labelled):
    """A rule over the answers whose truth is worth asking about."""

    topic: int
    rule: StrictStr


class Fact(Labelled):
    """Something published about a city, to be confirmed there."""

    topic: int
    source: StrictStr


class Guide(Model):
    """The content of data/codebooks/visits/topics.yml."""

    topics: tuple[Topic, ...]
    contradictions: dict[StrictStr, tuple[Contradiction, ...]]
    visits: dict[StrictStr, tuple[StrictStr, ...]]
    facts: dict[StrictStr, tuple[Fact, ...]]


@cache
def guide() -> Guide:
    """The topics of the working group; none in a project without its file.

    Examples
    --------
    >>> [topic.en for topic in guide().topics][3:6]
    ['AI and RPA', 'Open data', 'Information security']
    """
    file = paths.codebooks() / "visits" / "topics.yml"
    if not file.is_file():
        return Guide(topics=(), contradictions={}, visits={}, facts={})
    return Guide.model_validate(yaml_file.load(file))


@dataclass(frozen=True)
class Group:
    """Municipalities that a city is compared with, and what they are called."""

    codes: Sequence[str]
    name: str


@dataclass(frozen=True)
class Remark:
    """One thing worth asking: where it stands among the topics, of which kind, and in words.

    rarity : of an unusual answer the share of the municipalities compared, its own among them, that
        gave answers as unusual as it; 0 of any other remark.
    """

    topic: int
    question: str
    kind: Kind
    text: str
    rarity: float = 0.0


def remarks(
    code: str,
    responses: pd.DataFrame,
    status: pd.DataFrame,
    codebook: Codebook,
    groups: Sequence[Group],
    language: Language,
) -> list[Remark]:
    """What is contradictory, missing or unusual in a city's answers.

    Parameters
    ----------
    responses, status : of all, one row a municipality. groups : compared with in this order; the
        first with five others that answered decides whether an answer is unusual.

    Notes
    -----
    An answer is unusual where at most `UNUSUAL` of the municipalities compared, the city among
    them, gave one as rare, or on a scale as far from the median of the others. This share is exact:
    were the city any of them, it is how often chance alone would find its answer so unusual. On a
    scale it must be two points from that median, too; a number must be beyond 1.5 interquartile
    ranges from the quartiles (Tukey 1977).
    """
    found = contradictions(code, responses, codebook, language)
    for topic in guide().topics:
        for question in asked(topic, codebook, responses):
            state = tabulate.state_of(status, code, question)
            if state in MISSING:
                why = say("visits/missing", language, status=state)
                found.append(Remark(topic.id, question.id, "missing", why))
            if state != "answered":
                continue
            given = responses[list(question.variables)]
            answered = tabulate.answered(status, question)
            for group in groups:
                known = answered.loc[[c for c in group.codes if c != code]]
                if known.sum() >= FEWEST_OTHERS:
                    rest = given.loc[known.index[known]]
                    said = _unusual(question, given.loc[code], rest, group.name, language)
                    found += [
                        Remark(topic.id, question.id, "unusual", text, rarity)
                        for rarity, text in said
                    ]
                    break
    return found


def contradictions(
    code: str, responses: pd.DataFrame, codebook: Codebook, language: Language
) -> list[Remark]:
    """What a city's answers say against each other."""
    found: list[Remark] = []
    mine = responses.loc[[code]]
    for at_odds in guide().contradictions.get(codebook.id, ()):
        rule = Expression(at_odds.rule, truth=True)
        try:
            (holds,) = rule.holds(mine)
        except KeyError:  # an edition without the question
            continue
        if holds:
            names = ", ".join(sorted(q.id for q in codebook.using(rule.names)))
            found.append(Remark(at_odds.topic, names, "contradictory", at_odds.text[language]))
    return found


def asked(topic: Topic, codebook: Codebook, responses: pd.DataFrame) -> list[Question]:
    """The questions of a topic that this codebook has and this edition shows."""
    named = [codebook[id] for id in topic.questions.get(codebook.id, ()) if id in codebook]
    return [question for question in named if question.variables[0] in responses]


def _unusual(
    question: Question, own: pd.Series, others: pd.DataFrame, group: str, language: Language
) -> Iterator[tuple[float, str]]:
    """What is unusual in the answer to a question: how rare it is, and in words."""
    items = {item.id: item.text[language] for item in question.items}
    for variable in question.variables if question.type not in {"text", "date"} else ():
        known, mine = others[variable].dropna().astype(float), own[variable]
        if pd.isna(mine):
            continue
        value = float(mine)
        scale = question.type in {"ordinal", "battery"}
        number = question.type in {"integer", "ratio"}
        rarity = _tail(known, value) if scale or number else _share(known, value)
        if rarity > UNUSUAL:
            continue
        same = int((known == value).sum())
        beside: dict[str, Any] = {"group": group, "n": len(known)}
        if question.type == "multi":
            option, does = question.options[question.variables.index(variable)], same
            if not mine:
                does = len(known) - same
            if mine or not option.exclusive:
                beside |= {"option": option.text[language], "same": does, "chosen": bool(mine)}
                yield rarity, say("visits/option", language, **beside)
        elif number:
            low, high = known.quantile(0.25), known.quantile(0.75)
            reach = 1.5 * (high - low)
            if reach > 0 and not low - reach <= value <= high + reach:
                unit = question.unit[language] if question.unit else ""
                beside |= {"low": low, "high": high, "unit": unit}
                yield rarity, say("visits/far", language, value=value, **beside)
        elif not scale or abs(value - known.median()) >= STEPS:
            answer = tabulate.labels_of(question, language)[int(value)]
            beside |= {"item": items.get(variable, ""), "same": same}
            yield rarity, say("visits/rare", language, answer=answer, **beside)


def _share(others: pd.Series, own: float) -> float:
    """Share of all, the own one among them, whose answers are at most as frequent as the own."""
    counts = pd.concat([others, pd.Series([own])]).value_counts()
    return float(counts[counts <= counts[own]].sum() / counts.sum())


def _tail(others: pd.Series, own: float) -> float:
    """Share of all, the own one among them, at least as far from the median of the others."""
    distance = (others - others.median()).abs()
    return float((1 + (distance >= abs(own - others.median())).sum()) / (1 + len(others)))


class Case(Model):
    """A note on a case that the working group heard of; `body`: language -> Markdown.

    `public`: it rests on what is published, so the public edition may name the city.
    """

    city: StrictStr
    code: StrictStr
    date: Any
    source: Text
    body: Text
    public: bool = False


def cases() -> list[Case]:
    """The notes in data/cases, one Markdown file a city with a header and a part per language.

    Raises
    ------
    InputError : a file lacks its header, an entry of it, or one of the languages.
    """
    return [_case(file) for file in sorted((paths.root() / "data" / "cases").glob("*.md"))]


def _case(file: Path) -> Case:
    hint = Message(
        "begin with --- city, code, date, source --- and give a part ## ja and a part ## en"
    )
    try:
        _, header, body = paths.read_text(file).split("---\n", 2)
        ja, en = body.split("## ja\n", 1)[1].split("## en\n", 1)
        content = {**yaml_file.read(header), "body": {"ja": ja.strip(), "en": en.strip()}}
    except InputError:
        raise
    except (ValueError, IndexError, TypeError, yaml.YAMLError, UnicodeDecodeError):
        raise InputError("this is no case note", file=file, hint=hint) from None
    try:
        return Case.model_validate(content)
    except ValidationError as error:
        raise InputError(describe_validation(error, content), file=file, hint=hint) from None


# --- the record sheet -----------------------------------------------------------------------------

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
    cities: Mapping[str, str], known: Mapping[tuple[str, int], str], note: str, language: Language
) -> bytes:
    """A workbook with a sheet a city.

    Parameters
    ----------
    cities : code -> name. known : (code, topic) -> what is known beforehand. note : a line under
        the title, such as that the data are invented.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": EPOCH, "title": label("visit_form.title", language)})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({**WRAP, "bold": True, "bg_color": "#e6eef3"}),
        "cell": book.add_format(WRAP),
        "quoted": book.add_format({**WRAP, "quote_prefix": True}),
        "open": book.add_format({**WRAP, "bg_color": "#fff9e0", "num_format": "@"}),
    }
    for code, name in cities.items():
        sheet = book.add_worksheet(sheet_name(code, name))
        _write(sheet, code, name, known, note, language, styles)
    book.close()
    return buffer.getvalue()


def _write(
    sheet: Any,
    code: str,
    name: str,
    known: Mapping[tuple[str, int], str],
    note: str,
    language: Language,
    styles: Mapping[str, Any],
) -> None:
    sheet.write_string(0, 0, label("visit_form.title", language), styles["title"])
    sheet.write_string(1, 0, note)
    given = {"code": code, "name": name}
    fields, columns = labels("visit_field", language), labels("visit_column", language)
    for row, (field, words) in enumerate(fields.items(), 2):
        sheet.merge_range(row, 0, row, 1, words, styles["head"])
        if field in given:
            _text(sheet, row, 2, given[field], styles)
        else:
            sheet.write_blank(row, 2, None, styles["open"])
    top = 3 + len(fields)
    for column, words in enumerate(columns.values()):
        sheet.write_string(top, column, words, styles["head"])
        sheet.set_column(column, column, WIDTHS[column])
    for row, topic in enumerate(guide().topics, top + 1):
        sheet.write_number(row, 0, topic.id, styles["cell"])
        _text(sheet, row, 1, topic.text[language], styles)
        _text(sheet, row, 2, _questions(topic, language), styles)
        _text(sheet, row, 3, known.get((code, topic.id), ""), styles)
        for column in range(4, len(columns)):
            sheet.write_blank(row, column, None, styles["open"])
    allowed = {"validate": "list", "source": list(labels("visit_publish", language).values())}
    sheet.data_validation(top + 1, 7, top + len(guide().topics), 7, allowed)
    sheet.freeze_panes(top + 1, 2)
    on_a4(sheet)


def _questions(topic: Topic, language: Language) -> str:
    asked = [f"・{question[language]}" for question in topic.ask]
    if topic.evidence:
        asked.append(label("visit_form.evidence", language, evidence=topic.evidence[language]))
    return "\n".join(asked)


def _text(sheet: Any, row: int, column: int, value: str, styles: Mapping[str, Any]) -> None:
    write_text(sheet, row, column, value, styles["cell"], styles["quoted"])


def read_all(folder: Path, known: Iterable[str]) -> list[Visit]:
    """The filled-in record sheets of a folder, by code; sheets left blank are passed over.

    Parameters
    ----------
    known : the codes of the wave's register.

    Raises
    ------
    InputError : a workbook holds no record sheet, names a city that the wave lacks or that another
        sheet records too, or answers a topic or a choice that the form does not have.
    """
    codes, visits = set(known), dict[str, Visit]()
    for file in sorted(folder.glob("*.xlsx")):
        if file.name.startswith(("~$", ".")):
            continue
        for sheet in read_file(file):
            visit = _read(sheet, codes)
            if visit is None:
                continue
            if visit.code in visits:
                raise sheet.error(
                    "{name} has a second record sheet",
                    hint="keep one sheet for each municipality in the folder",
                    name=visit.name,
                )
            visits[visit.code] = visit
    return [visits[code] for code in sorted(visits)]


def _read(sheet: Sheet, codes: set[str]) -> Visit | None:
    cells = [[_folded(value) for value in row] for row in sheet.text.to_numpy(object)]
    about = {field: _beside(cells, words) for field, words in _known("visit_field").items()}
    heads = _known("visit_column")
    lower = [[value.lower() for value in row] for row in cells]
    tops = [i for i, row in enumerate(lower) if all(words & {*row} for words in heads.values())]
    if not tops or about["code"] is None:
        raise sheet.error(
            "this sheet is no record sheet of a visit",
            hint="fill in the form that 05_site_visits writes, without moving its headings",
        )
    code = given(about["code"])
    if code not in codes:
        raise sheet.error(
            "the municipality {code!r} is not in this wave",
            hint="check the code in the form",
            code=code,
        )
    head = lower[tops[0]]
    columns = {
        key: next(j for j, value in enumerate(head) if value in words)
        for key, words in heads.items()
    }
    topics = {str(topic.id): topic.id for topic in guide().topics}
    rows = {}
    for i in range(tops[0] + 1, len(cells)):
        number = cells[i][columns["topic"]]
        line = {key: str(sheet.text.iat[i, columns[key]]).strip() for key in FILLED}
        if not number and not any(line.values()):
            continue
        if number not in topics:
            raise sheet.error(
                "there is no topic {number!r}",
                at=(i, columns["topic"]),
                hint="the topics are numbered 1 to {n}",
                number=number,
                n=len(topics),
            )
        publish = _choice(line["publish"], sheet, (i, columns["publish"]))
        rows[topics[number]] = {**line, "publish": publish}
    notes = pd.DataFrame.from_dict(rows, orient="index", columns=list(FILLED)).fillna("")
    if not (notes != "").any(axis=None):
        return None
    return Visit(code, about["name"] or code, about["date"] or "", notes.sort_index())


def _folded(value: object) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", str(value))).strip()


def _known(section: str) -> dict[str, set[str]]:
    """Name -> the words of a section of labels in both languages, as a cell is compared with."""
    both = [labels(section, language) for language in LANGUAGES]
    return {name: {_folded(words[name]).lower() for words in both} for name in both[0]}


def _beside(cells: Sequence[Sequence[str]], words: set[str]) -> str | None:
    """The first filled cell right of a label; empty where nothing is, None without the label."""
    for row in cells:
        for j, value in enumerate(row):
            if value.lower() in words:
                return next((other for other in row[j + 1 :] if other), "")
    return None


def _choice(value: str, sheet: Sheet, cell: tuple[int, int]) -> str:
    if not value:
        return ""
    for key, words in _known("visit_publish").items():
        if _folded(value).lower() in words:
            return key
    raise sheet.error(
        "whether it may be published cannot be {value!r}",
        at=cell,
        hint="write 可, 不可 or 要確認 (yes, no, to confirm)",
        value=value,
    )
