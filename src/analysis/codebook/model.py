"""The codebook: what was asked, of whom, and what is computed from the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictInt, StrictStr, ValidationError

from analysis import paths
from analysis.codebook import yaml_file
from analysis.codebook.rules import Expression, ExpressionError
from analysis.errors import InputError, Message
from analysis.text import Language, Model, Text, label

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
    """An answer that can be chosen; `exclusive` ones rule out all others.

    `other`: it may be explained in words, which are an answer of their own (see `Codebook.parse`).
    """

    code: StrictInt
    exclusive: bool = False
    other: bool = False
    cost: Literal["low", "medium", "high"] | None = None  # of a measure that others could take
    source: tuple[StrictStr, ...] = ()  # how the option may be written in the files


class Item(Labelled):
    """A line of a battery."""

    id: StrictStr
    source: tuple[StrictStr, ...] = ()


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
    dates: Literal["ymd", "mdy", "dmy"] = "ymd"  # the order in which the files write a date
    ticks: dict[StrictStr, bool] = Field(default_factory=dict)  # what stands for chosen, or not
    other_of: StrictStr | None = None  # the question whose option "other" it explains
    ask_if: StrictStr | None = None
    checks: tuple[Check, ...] = ()
    max_choices: int | None = None
    # codes that are no answer to this question, or those of each kind of missing
    missing_tokens: tuple[StrictStr, ...] | dict[MissingKind, tuple[StrictStr, ...]] = ()
    free: bool = False  # free text: internal edition only
    measures: Literal["shortage"] | None = None  # its two lowest answers say: short of people
    sensitive: bool = False  # a single respondent's answer stays in the internal edition

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
    ones are registered (`analysis.stats.registration`) and corrected among themselves, as are all
    others.
    """

    id: StrictStr
    topic: StrictStr | None = None  # one of the codebook's `topics`
    primary: bool = False
    group: StrictStr | None = None  # who is compared with the rest
    x: StrictStr | None = None  # or: the value that goes with `value`
    value: StrictStr
    compares: Text  # what is compared, in words
    expected: Literal[1, -1] = 1
    within_size_class: bool = False
    caution: Text | None = None


class Page(Model):
    """What a page is called in surveys with this codebook, and the paragraph under its heading."""

    title: Text | None = None
    lead: Text | None = None


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
    topics: tuple[Section, ...] = ()  # of the discussion, which hypotheses are on
    hypotheses: tuple[Hypothesis, ...] = ()
    disclosure: Disclosure = Disclosure()
    published: StrictStr | None = None  # file of published totals, beside the codebook
    # notebook -> its words; False leaves it out
    pages: dict[StrictStr, Page | Literal[False] | None] = Field(default_factory=dict)
    ignore: tuple[StrictStr, ...] = ()  # headings of columns that are no questions

    @classmethod
    def read(cls, path: Path | str) -> Codebook:
        """Read ``data/codebooks/NAME.yml`` (a name) or any file (a path)."""
        file, content = cls.read_content(path)
        return cls.parse(content, file=file)

    @classmethod
    def parse(cls, content: Any, file: Path | None = None) -> Codebook:
        """Check the content of a codebook file.

        Behind a question with an option ``other: true`` comes another, ``{id}_other``: its words.
        """
        try:
            book = cls._made(content)
        except ValidationError as error:
            raise InputError(describe_validation(error, content), file=file) from None
        for problem in problems(book):
            raise InputError(problem, file=file)
        return book

    @classmethod
    def _made(cls, content: Any) -> Codebook:
        """The codebook of a content in its right shape, with the questions that follow from it."""
        book = cls.model_validate(content)
        return book.model_copy(update={"questions": tuple(_with_words(book.questions))})

    @classmethod
    def faults(cls, content: Any) -> list[str]:
        """Everything that is wrong with the content of a codebook file.

        Of a file with entries of a wrong shape the other questions are checked, too.
        """
        try:
            return [*problems(cls._made(content))]
        except ValidationError as error:
            faulty = error.errors(include_url=False)
            found = [_described(fault, content) for fault in faulty]
        wrong = {place["loc"][1] for place in faulty if place["loc"][:1] == ("questions",)}
        questions = content.get("questions") if isinstance(content, dict) else None
        if not isinstance(questions, list) or len(wrong) == len(questions):
            return found
        others = [one for number, one in enumerate(questions) if number not in wrong]
        try:
            more = [*problems(cls._made({**content, "questions": others}))]
        except ValidationError:
            return found
        return [*found, *(text for text in more if "does not exist" not in text)]

    @classmethod
    def read_content(cls, path: Path | str) -> tuple[Path, dict[str, Any]]:
        """The file of a codebook, by its name or path, and its content unchecked."""
        file = Path(path)
        if file.suffix not in {".yml", ".yaml"}:
            file = paths.codebooks() / f"{path}.yml"
        if not file.is_file():
            known = ", ".join(sorted(p.stem for p in paths.codebooks().glob("*.yml"))) or "none"
            raise InputError(
                "there is no codebook {stem!r}",
                file=file,
                hint="there are: {known}",
                stem=file.stem,
                known=known,
            )
        such_as = Message("a codebook: id, title, version, sections and questions")
        return file, yaml_file.load(file, such_as)

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


def _with_words(questions: Sequence[Question]) -> Iterator[Question]:
    """The questions, each with an option "other" followed by one for the words beside it."""
    there = {question.id for question in questions} | {q.other_of for q in questions}
    for question in questions:
        yield question
        option = next((option for option in question.options if option.other), None)
        if option is None or question.id in {q.other_of for q in questions}:
            continue
        if f"{question.id}_other" in there:
            continue
        multi = question.type == "multi"
        yield Question(
            id=f"{question.id}_other",
            section=question.section,
            type="text",
            role="describe",
            ja=_words_of(question, option, "ja"),
            en=_words_of(question, option, "en"),
            ask_if=f"{question.id}_{option.code}" if multi else f"{question.id} == {option.code}",
            free=True,
            other_of=question.id,
        )


def _words_of(question: Question, option: Option, language: Language) -> str:
    """What the words beside the option "other" are called."""
    names = {"question": question.label[language], "option": option.text[language]}
    return label("codebook.other_words", language, **names)


FAULTS = {
    "extra_forbidden": "there is no entry of this name; check its spelling, or remove it",
    "missing": "this entry is lacking; add it",
    "too_short": "it is empty; give at least 1 entry",
}


def describe_validation(error: ValidationError, content: Any) -> str:
    """The first fault of a YAML file in one sentence that names the entry."""
    return _described(error.errors(include_url=False)[0], content)


def _described(fault: Any, content: Any) -> str:
    """A fault in one sentence that names the entry."""
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
    given = fault.get("input")
    if isinstance(given, bool):
        message = "an unquoted yes/no/on/off is a YAML boolean, put it in quotes"
    elif fault["type"] == "string_type" and isinstance(given, int | float):
        message = f"this is a number and should be a text; write '{given}' in quotes"
    return f"{' > '.join(place) or 'the file'}: {message}"


CHOICES = {"single", "multi", "ordinal", "battery"}


def problems(book: Codebook) -> Iterator[str]:
    """Every fault, each naming the question (or feature, index, hypothesis) and the rule."""
    yield from _repeated("question", [q.id for q in book.questions])
    yield from _repeated("section", [s.id for s in book.sections])
    yield from _repeated("feature", [f.id for f in book.features])
    yield from _repeated("index", [i.id for i in book.indices])
    yield from _repeated("hypothesis", [h.id for h in book.hypotheses])
    yield from _repeated("identity", [q.identity for q in book.questions if q.identity])
    sections = {section.id for section in book.sections}
    earlier: dict[str, Question] = {}
    for question in book.questions:
        where = f"question {question.id}"
        if question.section not in sections:
            yield f"{where}: there is no section {question.section!r}"
        yield from _question(question)
        yield from _rule(where, question.ask_if, earlier, book, truth=True)
        earlier[question.id] = question
    yield from _repeated("variable", [v for q in book.questions for v in q.variables])
    if "code" in (v for q in book.questions for v in q.variables):
        yield "question code: `code` is the municipality's code in every table; give another id"
    for question in book.questions:
        for check in question.checks:
            yield from _rule(f"question {question.id}", check.rule, earlier, book, truth=True)
    yield from _features(book, earlier)
    yield from _repeated("comparable codebook", [other.codebook for other in book.comparable])
    for other in book.comparable:
        where = f"comparable {other.codebook}"
        yield from _repeated(f"{where}: feature", [shared.id for shared in other.features])
        for shared in other.features:
            yield from _rule(f"{where}, feature {shared.id}", shared.rule, earlier, book)
    yield from _repeated("organisation", [box.id for box in book.organisation])
    for box in book.organisation:
        yield from _rule(f"organisation {box.id}", box.rule, earlier, book, truth=True)
    for kind in book.staff:
        yield from _rule(f"staff {kind.en}", kind.rule, earlier, book)
    yield from _repeated("topic", [topic.id for topic in book.topics])
    for hypothesis in book.hypotheses:
        where = f"hypothesis {hypothesis.id}"
        if hypothesis.topic not in {None, *(topic.id for topic in book.topics)}:
            yield f"{where}: there is no topic {hypothesis.topic!r}"
        if (hypothesis.group is None) == (hypothesis.x is None):
            yield f"{where}: give either group or x"
        yield from _rule(where, hypothesis.group, earlier, book, truth=True)
        for rule in (hypothesis.x, hypothesis.value):
            yield from _rule(where, rule, earlier, book)


def _question(question: Question) -> Iterator[str]:
    where = f"question {question.id}"
    if question.type in CHOICES and not question.options:
        yield f"{where}: a question of type {question.type} needs options"
    if question.options and question.type not in {*CHOICES, "binary"}:
        yield f"{where}: a question of type {question.type} has no options"
    if (question.type == "battery") != bool(question.items):
        yield f"{where}: a battery needs items, and only a battery has them"
    if question.type == "binary" and {o.code for o in question.options} - {0, 1}:
        yield f"{where}: the options of a binary question are 1 and 0"
    if question.max_choices is not None and question.type != "multi":
        yield f"{where}: max_choices belongs to a question of type multi"
    if question.range is not None:
        yield from _range(where, question)
    yield from _repeated(f"{where}: option code", [o.code for o in question.options])
    yield from _repeated(f"{where}: option label", [o.ja for o in question.options])


def _range(where: str, question: Question) -> Iterator[str]:
    low, high = question.range or (0, 0)
    wanted = {"integer": float, "ratio": float, "date": str}.get(question.type)
    if wanted is None:
        yield f"{where}: a question of type {question.type} has no range"
    elif isinstance(low, str) != (wanted is str) or isinstance(high, str) != (wanted is str):
        kind = "dates in quotes" if wanted is str else "numbers"
        yield f"{where}: the range of a question of type {question.type} is two {kind}"
    elif low > high:  # type: ignore[operator]
        yield f"{where}: the range begins at {low} above its end {high}"


def _rule(
    where: str,
    rule: str | None,
    known: dict[str, Question],
    book: Codebook,
    *,
    truth: bool = False,
) -> Iterator[str]:
    """Faults of one rule, which may name what is `known` (questions by id)."""
    if rule is None:
        return
    try:
        expression = Expression(rule, truth=truth)
    except ExpressionError as error:
        yield f"{where}: {error}"
        return
    variables = {name: q for q in known.values() for name in (q.id, *q.variables)}
    said = f"{where}: the rule {rule!r}"
    for name in sorted(expression.names):
        if name not in variables:
            there = name in book or name in book.question_of
            later = "comes later" if there else "does not exist"
            yield f"{said} points to {name}, which {later}"
            return
        if problem := _misuse(name, variables[name], expression):
            yield f"{said} {problem}"
    for name, codes in expression.codes.items():
        question = variables[name]
        options = {option.code for option in question.options}
        column_of_one = question.type == "multi" and name != question.id
        if options and codes - options and not column_of_one:
            yield f"{said} names option {min(codes - options)} of {name}, which has no such option"


def _misuse(name: str, question: Question, rule: Expression) -> str:
    """Why a question cannot be used as the rule uses it."""
    if name in rule.chosen and not (question.type == "multi" and name == question.id):
        return f"asks which options of {name} are chosen, which is not of type multi"
    single = rule.numbers | rule.truths
    if name in single and name not in question.variables:
        return (
            f"uses {name} as one value, but it has several "
            f"({question.variables[0]} to {question.variables[-1]})"
        )
    if name in single and question.type in {"text", "date"}:
        return f"uses {name} as a number, but it is of type {question.type}"
    if name in rule.truths and question.type not in {"binary", "multi"}:
        return f"uses {name} as true or false; write a comparison such as {name} >= 1"
    return ""


def _features(book: Codebook, questions: dict[str, Question]) -> Iterator[str]:
    indices = {index.id for index in book.indices}
    for feature in book.features:
        where = f"feature {feature.id}"
        if feature.index not in indices:
            yield f"{where}: there is no index {feature.index!r}"
        yield from _rule(where, feature.rule, questions, book)
        for name in sorted(Expression(feature.rule).names):
            question = book.question_of.get(name) or questions[name]
            if question.role in {"outcome", "factor"}:
                yield (
                    f"{where}: the rule {feature.rule!r} uses {question.id}, which has the role "
                    f"{question.role} and must not feed the typology (the comparison of types by "
                    "it would be circular)"
                )
    fed = {feature.index for feature in book.features}
    for index in book.indices:
        if (index.rule is None) == (index.id not in fed):
            yield f"index {index.id}: give it either features or a rule"
        yield from _rule(f"index {index.id}", index.rule, questions, book)


def _repeated(what: str, values: Sequence[object]) -> Iterator[str]:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            yield f"{what} {value!r} stands more than once"
            return
        seen.add(value)
