"""A question of a codebook: its type, options and items, and the columns that hold its answers.

Their code table has the layout of the 符号表 of Japan's official microdata: a row a variable, then
its codes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache
from typing import Literal, get_args

import pandas as pd
from pydantic import Field, StrictInt, StrictStr

from analysis.errors import Message
from analysis.spreadsheet import quoted
from analysis.text import LANGUAGES, Language, Model, Text, labels
from analysis.yaml_file import duplicate_faults, packaged

QuestionType = Literal[
    "single", "multi", "ordinal", "binary", "integer", "ratio", "date", "text", "battery"
]
Role = Literal["id", "context", "cluster", "factor", "outcome", "describe"]
MissingKind = Literal["no_answer", "not_applicable", "dont_know", "not_surveyed"]
STATUSES = ("answered", *get_args(MissingKind), "unreadable")
CHOICES = {"single", "multi", "ordinal", "battery"}  # types of questions that have options
# kinds of question by what is tabulated of them: how often each answer was given (COUNTED; those of
# ONE_CHOICE can break others down), statistics (MEASURED), or only how many answered (UNCOUNTED)
ONE_CHOICE, AMOUNTS = ("single", "ordinal", "binary"), ("integer", "ratio")
COUNTED, MEASURED, UNCOUNTED = (*ONE_CHOICE, "multi"), (*AMOUNTS, "battery"), ("text", "date")
COLUMNS = (
    *("no", "variable", "question", "type", "unit_ja", "unit_en"),
    *("asked_if", "code", "ja", "en"),
)
DTYPES = dict.fromkeys(("single", "ordinal", "battery"), "Int16") | {
    "binary": "boolean",
    "multi": "boolean",
    "integer": "Int64",
    "ratio": "Float64",
    "date": "datetime64[s]",
    "text": "str",
}


@cache
def tick_words() -> dict[str, bool | None]:
    """Words for chosen or yes (True), for not chosen or no (False), and for neither (None).

    Folded: without case and spaces.

    >>> [tick_words().get(word, "another word") for word in ("yes", "未選択", "特になし", "検討中")]
    [True, False, None, 'another word']
    """
    known = packaged("ticks.yml")
    kinds = (("nothing", None), ("not_chosen", False), ("chosen", True))
    return {word.replace(" ", ""): kind for name, kind in kinds for word in known[name]}


class WithLabel(Model):
    """Something with a label in both languages."""

    ja: StrictStr = Field(min_length=1)
    en: StrictStr = Field(min_length=1)

    @property
    def text(self) -> Text:
        """The label in both languages."""
        return Text(ja=self.ja, en=self.en)


class Section(WithLabel):
    """A part of the questionnaire."""

    id: StrictStr


class Missing(WithLabel):
    """A kind of missing answer and how it is written in the files."""

    tokens: tuple[StrictStr, ...] = ()


class Written(WithLabel):
    """An option or an item, which the files may write in other words than its labels."""

    source: tuple[StrictStr, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Its labels, and how the files write it."""
        return (self.ja, self.en, *self.source)


class Option(Written):
    """An answer that can be chosen; `exclusive` ones rule out all others.

    `other`: it may be explained in words, which are an answer of their own (see `Codebook.parse`).
    """

    code: StrictInt
    exclusive: bool = False
    other: bool = False
    cost: Literal["low", "medium", "high"] | None = None  # of a measure that others could take


class Item(Written):
    """A line of a battery."""

    id: StrictStr


class Ruled(WithLabel):
    """A rule with its label, such as ``Q09 <= Q08``."""

    rule: StrictStr


class Question(WithLabel):
    """One question; see `Codebook` for what is checked."""

    id: StrictStr = Field(pattern=r"^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$")
    section: StrictStr
    type: QuestionType
    role: Role
    short: Text | None = None  # a label short enough for a figure
    source: tuple[StrictStr, ...] = ()  # header texts that mean this question
    identity: Literal["code", "name", "prefecture", "received", "size_class"] | None = None
    options: tuple[Option, ...] = ()
    items: tuple[Item, ...] = ()
    range: tuple[float | str, float | str] | None = None
    unit: Text | None = None
    precision: Literal["day", "month"] = "day"
    dates: Literal["ymd", "mdy", "dmy"] = "ymd"  # the order in which the files write a date
    ticks: dict[StrictStr, bool] = Field(default_factory=dict)  # what stands for chosen, or not
    other_of: StrictStr | None = None  # the question whose option "other" it explains
    ask_if: StrictStr | None = None
    checks: tuple[Ruled, ...] = ()  # what answers should keep; breaking it is doubtful
    max_choices: int | None = None
    # codes that are no answer to this question, or those of each kind of missing
    missing_tokens: tuple[StrictStr, ...] | dict[MissingKind, tuple[StrictStr, ...]] = ()
    free: bool = False  # free text: internal edition only
    measures: Literal["shortage"] | None = None  # its two lowest answers say: short of people
    short_of: Text | None = None  # what those lack, in a sentence: "IT staff"; None: "staff"
    sensitive: bool = False  # a single respondent's answer stays in the internal edition
    under: StrictStr | None = None  # a heading over several columns, of which `column` is its own
    column: StrictStr | None = None
    at: StrictInt | None = None  # how far right of `under`, in the issue that is read
    fractions: bool | None = None  # per cent is written as 0.62 (true) or 62; None: each cell tells

    @property
    def missing_codes(self) -> dict[str, MissingKind]:
        """Each code that is no answer to this question, with the kind of missing it means."""
        if isinstance(self.missing_tokens, dict):
            return {token: kind for kind, of in self.missing_tokens.items() for token in of}
        return dict.fromkeys(self.missing_tokens, "no_answer")

    @property
    def label(self) -> Text:
        """The short label where there is one."""
        return self.short or self.text

    @property
    def variables(self) -> tuple[str, ...]:
        """The columns of `responses` that hold this question."""
        if self.type == "multi":
            return tuple(f"{self.id}_{option.code}" for option in self.options)
        if self.type == "battery":
            return tuple(item.id for item in self.items)
        return (self.id,)

    @property
    def parts(self) -> dict[str, Option | Item]:
        """The option or item that each of its columns holds, where it has several."""
        if self.type == "multi":
            return {f"{self.id}_{option.code}": option for option in self.options}
        return {item.id: item for item in self.items}

    def lacking(self, there: Container[str]) -> list[str]:
        """The columns of options that are not `there`, where others of several are; else none."""
        lacks = [name for name in self.variables if name not in there]
        return lacks if self.type == "multi" and len(lacks) < len(self.variables) else []

    @property
    def dtype(self) -> str:
        """The pandas dtype of each of its columns."""
        return DTYPES[self.type]

    def unit_in(self, language: Language) -> str:
        """The unit of its numbers; empty where it has none."""
        return self.unit[language] if self.unit else ""

    def option(self, code: int) -> Option:
        """The option with this code."""
        return next(option for option in self.options if option.code == code)

    @property
    def other_option(self) -> Option | None:
        """The option "other", beside which words may be added, if it has one."""
        return next((option for option in self.options if option.other), None)

    def faults(self) -> Iterator[Message]:
        """What is wrong with the question but for its rules."""
        type, codes = self.type, [option.code for option in self.options]
        if type in CHOICES and not codes:
            yield Message("a question of type {type} needs options", type=type)
        if codes and type not in {*CHOICES, "binary"}:
            yield Message("a question of type {type} has no options", type=type)
        if (type == "battery") != bool(self.items):
            yield Message("a battery needs items, and only a battery has them")
        if type == "battery" and self.other_option:
            yield Message(
                "a battery keeps no words of `other`: ask for them in a text of their own"
            )
        if type == "binary" and not {0, 1}.issuperset(codes):
            yield Message("the options of a binary question are 1 and 0")
        if self.max_choices is not None and type != "multi":
            yield Message("max_choices belongs to a question of type multi")
        if self.short_of and not self.measures:
            yield Message("short_of belongs to a question with measures: shortage")
        yield from self._range_faults()
        yield from duplicate_faults("option code", codes)
        for k in LANGUAGES:
            yield from duplicate_faults("option label", [option.text[k] for option in self.options])

    def _range_faults(self) -> Iterator[Message]:
        if self.range is None:
            return
        (low, high), type = self.range, self.type
        if type not in {*AMOUNTS, "date"}:
            yield Message("a question of type {type} has no range", type=type)
        elif {isinstance(low, str), isinstance(high, str)} != {type == "date"}:
            kind = Message("dates in quotes" if type == "date" else "numbers")
            what = "the range of a question of type {type} is two {kind}"
            yield Message(what, type=type, kind=kind)
        elif low > high:  # type: ignore[operator]
            yield Message("the range begins at {low} above its end {high}", low=low, high=high)


# --- the code table -------------------------------------------------------------------------------


def code_table(variables: Mapping[str, Question]) -> pd.DataFrame:
    """The code table: a row a variable, and one for each code of its answers.

    Columns: no (of the variable), variable, question, type, unit_ja, unit_en, asked_if, code, and
    what variable or code mean in Japanese (ja) and English (en).
    """
    rows = []
    for number, (name, question) in enumerate(variables.items(), 1):
        about = (number, name, question.id, question.type)
        says = variable_label(name, question)
        units = (question.unit_in(language) for language in LANGUAGES)
        rows.append((*about, *units, question.ask_if or "", "", says.ja, says.en))
        for code, meaning in value_labels(question).items():
            rows.append((*about, "", "", "", str(code), meaning.ja, meaning.en))
    return pd.DataFrame(rows, columns=COLUMNS)


def labelled_codes(questions: Iterable[Question], language: Language) -> pd.DataFrame:
    """The code table of these questions, to read: in one language, with its headings."""
    variables = {name: question for question in questions for name in question.variables}
    codes = code_table(variables).rename(columns={f"unit_{language}": "unit", language: "label"})
    codes["type"] = codes["type"].map(lambda id: labels("question_type", language).get(id, id))
    heads = labels("code_table", language)
    return codes[[*heads]].rename(columns=heads)


def variable_label(name: str, question: Question) -> Text:
    """What a variable asks: the question, and its option or item."""
    if (part := question.parts.get(name)) is None:
        return question.text
    return Text(ja=f"{question.ja}：{part.ja}", en=f"{question.en}: {part.en}")


def value_labels(question: Question) -> dict[int, Text]:
    """What the codes of a variable mean; empty where it holds a quantity, a date or words.

    >>> option = {"code": 1, "ja": "直営", "en": "own"}, {"code": 0, "ja": "委託", "en": "outside"}
    >>> about = {"section": "A", "type": "binary", "role": "context", "ja": "運営", "en": "Run"}
    >>> [str(text.ja) for text in value_labels(Question(id="Q1", options=option, **about)).values()]
    ['直営', '委託']
    """
    if question.type == "multi" or (question.type == "binary" and not question.options):
        names = {1: "chosen", 0: "not_chosen"} if question.type == "multi" else {1: "yes", 0: "no"}
        words = {k: labels("dataset", k) for k in LANGUAGES}
        return {c: Text(**{k: words[k][name] for k in LANGUAGES}) for c, name in names.items()}
    return {option.code: option.text for option in question.options}


def csv_column(answers: pd.Series, question: Question) -> pd.Series:
    """A column as CSV has it: 1 and 0 for chosen or not, ISO dates, blanks where it is missing.

    Texts stand in quotation marks, see `analysis.spreadsheet.quoted`.
    """
    if question.type in {"multi", "binary"}:
        return answers.astype("Int8")
    if question.type == "date":
        dates = pd.to_datetime(answers)
        return dates.dt.strftime("%Y-%m" if question.precision == "month" else "%Y-%m-%d")
    return quoted(answers) if question.type == "text" else answers
