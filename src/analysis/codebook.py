"""A codebook as typed objects: questions, options, labels, missing kinds, skip rules and roles.

A codebook is a YAML file that a researcher can read and edit. It is checked when it is read, so
that a slip in it is found there and not in a figure: ids and codes are unique, rules point
backwards to questions and options that exist, both languages are present, and YAML's own trap (an
unquoted ``no`` that turns into a boolean) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictInt, StrictStr, ValidationError

from analysis import paths, waves
from analysis.codebook_checks import problems
from analysis.errors import InputError
from analysis.text import Model, Text

QuestionType = Literal[
    "single", "multi", "ordinal", "binary", "integer", "ratio", "date", "text", "battery"
]
Role = Literal["id", "context", "cluster", "factor", "outcome", "describe"]
MissingKind = Literal["no_answer", "not_applicable", "dont_know", "not_surveyed"]
STATUSES = (
    "answered",
    "no_answer",
    "not_applicable",
    "dont_know",
    "not_surveyed",
    "unreadable",
)
DTYPES = {
    "single": "Int16",
    "ordinal": "Int16",
    "battery": "Int16",
    "binary": "boolean",
    "multi": "boolean",
    "integer": "Int64",
    "ratio": "Float64",
    "date": "datetime64[s]",
    "text": "str",
}


class Labelled(Model):
    """Something with a label in both languages."""

    ja: StrictStr = Field(min_length=1)
    en: StrictStr = Field(min_length=1)

    @property
    def text(self) -> Text:
        """The label in both languages."""
        return Text(ja=self.ja, en=self.en)


class Section(Labelled):
    """A part of the questionnaire."""

    id: StrictStr


class Missing(Labelled):
    """A kind of missing answer and how it is written in the files."""

    tokens: tuple[StrictStr, ...] = ()


class Option(Labelled):
    """An answer that can be chosen; `exclusive` ones rule out all others."""

    code: StrictInt
    exclusive: bool = False
    cost: Literal["low", "medium", "high"] | None = None  # of a measure that others could take
    source: tuple[StrictStr, ...] = ()  # how the option may be written in the files


class Item(Labelled):
    """A line of a battery."""

    id: StrictStr
    source: tuple[StrictStr, ...] = ()
    seed: StrictStr | None = None


class Check(Labelled):
    """A rule that answers should keep, such as ``Q09 <= Q08``; breaking it is doubtful."""

    rule: StrictStr


class Question(Labelled):
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
    ask_if: StrictStr | None = None
    checks: tuple[Check, ...] = ()
    max_choices: int | None = None
    # codes that are no answer to this question, or those of each kind of missing
    missing_tokens: tuple[StrictStr, ...] | dict[MissingKind, tuple[StrictStr, ...]] = ()
    free: bool = False  # free text: internal edition only
    measures: Literal["shortage"] | None = None  # its two lowest answers say: short of people
    sensitive: bool = False  # a single respondent's answer stays in the internal edition
    seed: StrictStr | None = None  # the topic of the minutes it comes from

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
    def dtype(self) -> str:
        """The pandas dtype of each of its columns."""
        return DTYPES[self.type]

    def option(self, code: int) -> Option:
        """The option with this code."""
        return next(option for option in self.options if option.code == code)


class Feature(Labelled):
    """A number computed from answers that feeds the typology."""

    id: StrictStr
    index: StrictStr
    rule: StrictStr
    kind: Literal["nominal", "binary", "asymmetric", "ordinal", "ratio"]
    sign: Literal[1, -1] = 1  # -1: a high value lowers the index
    when_not_applicable: float | None = None  # the value where the skip rule left the question out


class Index(Labelled):
    """A composite: the mean of its standardised features, or of a rule of its own."""

    id: StrictStr
    rule: StrictStr | None = None  # outside the typology, such as a mean of battery items
    role: Literal["cluster", "outcome", "context", "factor"] = "cluster"


class Shared(Model):
    """A feature of another codebook, computed from this one's answers."""

    id: StrictStr
    rule: StrictStr


class Comparable(Labelled):
    """What this codebook shares with another: ``ja`` and ``en`` say how far they compare."""

    codebook: StrictStr
    features: tuple[Shared, ...] = Field(min_length=1)


class Box(Labelled):
    """A part of the organisation: it is there where its rule holds, unknown where it has no value.

    `joint` holds where one section does the work of both.
    """

    id: Literal[
        "cio", "cio_aide", "cross_agency_body", "policy_section", "operations_section", "joint"
    ]
    rule: StrictStr


class Staff(Labelled):
    """A kind of IT staff and the rule that counts it."""

    rule: StrictStr


class Hypothesis(Labelled):
    """Two groups compared by a value, or two values together, with the direction expected.

    Rules are those of skip rules. `expected` is the direction that the statement claims. Primary
    ones are registered (`analysis.registration`) and corrected among themselves, so are all others.
    """

    id: StrictStr
    topic: StrictStr | None = None  # of the discussion, one of `analysis.hypotheses.TOPICS`
    primary: bool = False
    group: StrictStr | None = None  # who is compared with the rest
    x: StrictStr | None = None  # or: the value that goes with `value`
    value: StrictStr
    compares: Text  # what is compared, in words
    expected: Literal[1, -1] = 1
    within_size_class: bool = False
    caution: Text | None = None


class Disclosure(Model):
    """What an edition for others may tell of the answers.

    `group`: whether it may be told that nobody, or everybody, of a group gave an answer, which is
    then the answer of each member. Where it may, answers of one to three are hidden instead of
    those of none to two.
    """

    group: Literal["hide", "show"] = "hide"


class Codebook(Model):
    """A questionnaire or the description of a table.

    Examples
    --------
    >>> book = Codebook.parse({
    ...     "id": "tiny", "title": {"ja": "小調査", "en": "Tiny"}, "version": "1",
    ...     "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    ...     "questions": [{"id": "Q1", "section": "A", "type": "binary", "role": "outcome",
    ...                    "ja": "実施の有無", "en": "Done?"}]})
    >>> book.variables
    ('Q1',)
    """

    id: StrictStr
    title: Text
    version: StrictStr
    note: Text | None = None
    missing: dict[MissingKind, Missing] = Field(default_factory=dict)
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    features: tuple[Feature, ...] = ()
    indices: tuple[Index, ...] = ()
    comparable: tuple[Comparable, ...] = ()
    organisation: tuple[Box, ...] = ()
    staff: tuple[Staff, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    disclosure: Disclosure = Disclosure()

    @classmethod
    def read(cls, path: Path | str) -> Codebook:
        """Read ``data/codebooks/NAME.yml`` (a name) or any file (a path)."""
        file = Path(path)
        if file.suffix not in {".yml", ".yaml"}:
            file = paths.codebooks() / f"{path}.yml"
        if not file.is_file():
            known = ", ".join(sorted(p.stem for p in paths.codebooks().glob("*.yml"))) or "none"
            raise InputError(
                f"there is no codebook {file.stem!r}", file=file, hint=f"there are: {known}"
            )
        content = waves.load(file, "a codebook: id, title, version, sections and questions")
        return cls.parse(content, file=file)

    @classmethod
    def parse(cls, content: Any, file: Path | None = None) -> Codebook:
        """Check the content of a codebook file."""
        try:
            book = cls.model_validate(content)
        except ValidationError as error:
            raise InputError(describe_validation(error, content), file=file) from None
        for problem in problems(book):
            raise InputError(problem, file=file)
        return book

    def __getitem__(self, id: str) -> Question:
        return self._by_id[id]

    def __contains__(self, id: object) -> bool:
        return id in self._by_id

    def __iter__(self) -> Iterator[Question]:  # type: ignore[override]
        return iter(self.questions)

    @cached_property
    def _by_id(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    @cached_property
    def question_of(self) -> dict[str, Question]:
        """The question that each variable belongs to."""
        return {name: question for question in self.questions for name in question.variables}

    @property
    def variables(self) -> tuple[str, ...]:
        """All columns of `responses`, in order."""
        return tuple(self.question_of)

    def with_role(self, *roles: Role) -> tuple[Question, ...]:
        """The questions that have one of these roles."""
        return tuple(question for question in self.questions if question.role in roles)

    def identity(self, what: str) -> Question | None:
        """The question that tells the municipality's code, name, prefecture or date of reply."""
        return next((q for q in self.questions if q.identity == what), None)

    def label(self, variable: str) -> Text:
        """What a variable is called in a table or figure."""
        question = self.question_of[variable]
        if question.type == "multi":
            return question.option(int(variable.rpartition("_")[2])).text
        if question.type == "battery":
            return next(item.text for item in question.items if item.id == variable)
        return question.label


FAULTS = {
    "extra_forbidden": "there is no entry of this name; check its spelling, or remove it",
    "missing": "this entry is lacking; add it",
    "too_short": "it is empty; give at least 1 entry",
}


def describe_validation(error: ValidationError, content: Any) -> str:
    """The first fault of a YAML file in one sentence that names the entry."""
    fault = error.errors(include_url=False)[0]
    place: list[str] = []
    node = content
    for part in fault["loc"]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        name = node.get("id", node.get("code")) if isinstance(node, dict) else None
        place.append(str(name) if isinstance(part, int) and name is not None else str(part))
    message = FAULTS.get(fault["type"], fault["msg"])
    if isinstance(fault.get("input"), bool):
        message = "an unquoted yes/no/on/off is a YAML boolean, put it in quotes"
    return f"{' > '.join(place) or 'the file'}: {message}"
