"""The codebook: what was asked, of whom, and what is computed from the answers."""

from __future__ import annotations

import datetime as dt
import pickle
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictInt, StrictStr, ValidationError

from analysis import paths, yaml_file
from analysis.codebook.questions import (
    Missing,
    MissingKind,
    Question,
    Role,
    Ruled,
    Section,
    WithLabel,
)
from analysis.codebook.rules import NotThere, names_in, rule_faults
from analysis.errors import InputError, Message, refusal, unknown
from analysis.text import LANGUAGES, Language, Model, Text, label
from analysis.yaml_file import at, describe, duplicate_faults, duplicates, entry, with_line

# kind of entry with an id of its own -> the section of the file that lists them
SECTIONS = {
    "question": "questions", "section": "sections", "feature": "features", "index": "indices",
    "hypothesis": "hypotheses", "issue": "issues", "axis": "axes", "topic": "topics",
    "organisation": "organisation",
}  # fmt: skip


class Feature(WithLabel):
    """A number computed from answers that feeds the typology."""

    id: StrictStr
    index: StrictStr
    rule: StrictStr
    kind: Literal["nominal", "binary", "asymmetric", "ordinal", "ratio"]
    sign: Literal[1, -1] = 1  # -1: a high value lowers the index
    when_not_applicable: float | None = None  # the value where the skip rule left the question out


class Index(WithLabel):
    """A composite: the mean of its standardised features, or of a rule of its own."""

    id: StrictStr
    rule: StrictStr | None = None  # outside the typology, such as a mean of battery items
    role: Literal["cluster", "outcome", "context", "factor"] = "cluster"


class AxisItem(Ruled):
    """One measure on a side of an axis: taken where its rule holds."""

    side: Literal["low", "high"]


class Axis(WithLabel):
    """A distinction that the field discusses, made of items on its two sides.

    A respondent's place is the share of the items taken on the high side less that on the low side,
    from -1 to 1. It feeds no typology; `note` says whose distinction it is and whose items.
    """

    id: StrictStr
    low: Text
    high: Text
    note: Text
    items: tuple[AxisItem, ...] = Field(min_length=2)


class SharedFeature(Model):
    """A feature of another codebook, computed from this one's answers."""

    id: StrictStr
    rule: StrictStr


class Comparable(WithLabel):
    """What this codebook shares with another: ``ja`` and ``en`` say how far they compare."""

    codebook: StrictStr
    features: tuple[SharedFeature, ...] = Field(min_length=1)


class Box(WithLabel):
    """A part of the organisation: it is there where its rule holds, unknown where it has no value.

    `joint` holds where one section does the work of both.
    """

    id: Literal[
        "cio", "cio_aide", "cross_agency_body", "policy_section", "operations_section", "joint"
    ]
    rule: StrictStr


class Hypothesis(WithLabel):
    """Two groups compared by a value, or two values together, with the direction expected.

    Rules are those of skip rules. `expected` is the direction that the statement claims. Primary
    ones are registered (`analysis.stats.hypotheses`) and corrected among themselves, as are all
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


class PageWords(Model):
    """What a page is called in surveys with this codebook, and the paragraph under its heading."""

    title: Text | None = None
    lead: Text | None = None


class Issue(WithLabel):
    """One year's table of a publication: how it differs from that of another year.

    The year in a title is that of the publication or of what it counts; `as_of` is the day that the
    answers describe, and `titles` are the texts above the table that tell the issue.
    """

    id: StrictStr
    as_of: dt.date
    titles: tuple[StrictStr, ...] = Field(min_length=1)
    sheet: StrictStr | None = None
    columns: dict[StrictStr, StrictInt] = Field(default_factory=dict)  # name -> right of a heading
    fractions: bool | None = None  # of all questions in per cent, see `Question.fractions`


class Disclosure(Model):
    """What an edition for others may show of the answers.

    `group`: whether it may show that nobody, or everybody, of a group gave an answer, which is then
    the answer of each member. Where it may, counts of one to three are hidden instead of those of
    none to two.
    """

    group: Literal["hide", "show"] = "hide"


class Codebook(Model):
    """A questionnaire or the description of a table.

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
    axes: tuple[Axis, ...] = ()
    comparable: tuple[Comparable, ...] = ()
    organisation: tuple[Box, ...] = ()
    staff: tuple[Ruled, ...] = ()  # kinds of IT staff, each by the rule that counts it
    topics: tuple[Section, ...] = ()  # of the discussion, which hypotheses are on
    hypotheses: tuple[Hypothesis, ...] = ()
    disclosure: Disclosure = Disclosure()
    published: StrictStr | None = None  # file of published totals, beside the codebook
    # notebook -> its words; False leaves it out
    pages: dict[StrictStr, PageWords | Literal[False] | None] = Field(default_factory=dict)
    ignore: tuple[StrictStr, ...] = ()  # headings of columns that are no questions
    issues: tuple[Issue, ...] = ()  # of a table that is published every year

    @classmethod
    def read(cls, path: Path | str) -> Codebook:
        """Read ``data/codebooks/NAME.yml`` (a name) or any file (a path)."""
        file, content = cls.read_content(path)
        return cls._checked(pickle.dumps(content), file)

    @classmethod
    @lru_cache(maxsize=20)
    def _checked(cls, content: bytes, file: Path) -> Codebook:
        """That of a content, which a command reads again and again: checked once, never changed."""
        return cls.parse(pickle.loads(content), file=file)

    @classmethod
    def parse(cls, content: Any, file: Path | None = None) -> Codebook:
        """Check the content of a codebook file.

        Behind a question with an option ``other: true`` comes another, ``{id}_other``: its words.
        One that a sensitive question leads to is sensitive, too: whether it was asked is an answer.
        """
        for fault in cls.faults(content, file):
            raise InputError(fault, file=file)
        return cls._build(content)

    @classmethod
    def _build(cls, content: Any) -> Codebook:
        """The codebook of a content in its right shape, with the questions that follow from it."""
        book, sensitive = cls.model_validate(content), set[str]()
        every = [*_with_words(book.questions)]
        for question in every:  # rules name earlier questions only
            if question.sensitive or not sensitive.isdisjoint(names_in(question.ask_if)):
                sensitive |= {question.id, *question.variables}
        own = tuple(q.model_copy(update={"sensitive": q.id in sensitive}) for q in every)
        return book.model_copy(update={"questions": own})

    @classmethod
    def faults(cls, content: Any, file: Path | None = None) -> list[Message]:
        """Everything that is wrong with the content of a codebook file, each with its line there.

        Of a file with entries of a wrong shape the other questions are checked, too.
        """
        try:
            return [with_line(what, place, file) for place, what in _faults(cls._build(content))]
        except ValidationError as error:
            faulty = error.errors(include_url=False)
        messages = [with_line(describe(one, content), one["loc"], file) for one in faulty]
        questions = content.get("questions") if isinstance(content, dict) else None
        if not isinstance(questions, list):
            return messages
        wrong = {one["loc"][1] for one in faulty if one["loc"][0] == "questions"}
        others = [one for number, one in enumerate(questions) if number not in wrong]
        wrong_ids = [str(q.get("id")) for q in questions if isinstance(q, dict) and q not in others]
        texts = {one["loc"][0]: str(one["input"]) for one in faulty if one["type"] == "string_type"}
        try:
            more = [*_faults(cls._build({**content, **texts, "questions": others}))]
        except ValidationError:
            return messages
        return messages + [
            with_line(what, place, file)
            for place, what in more
            # a rule may name a question that was left out
            if not isinstance(fault := what.values.get("fault", what), NotThere)
            or not str(fault.values["id"]).startswith((*wrong_ids,))
        ]

    @classmethod
    def read_content(cls, path: Path | str) -> tuple[Path, dict[str, Any]]:
        """The file of a codebook, by its name or path, and its content unchecked."""
        file = Path(path)
        if file.suffix not in {".yml", ".yaml"}:
            file = paths.codebooks() / f"{path}.yml"
        if not file.is_file():
            known = sorted(p.stem for p in paths.codebooks().glob("*.yml"))
            raise unknown("codebook", str(path), known)
        such_as = Message("a codebook: id, title, version, sections and questions")
        return file, yaml_file.load(file, such_as)

    def issue(self, id: str | None) -> Issue | None:
        """The issue of this id, None of a codebook without issues.

        Raises InputError: there is no such issue, or there are several and `id` names none.
        """
        match = next((issue for issue in self.issues if issue.id == id), None)
        if match is None and (self.issues or id is not None):
            error = "codebook.which_issue" if id is None else "codebook.no_issue"
            known = [issue.id for issue in self.issues] or Message("none")
            raise refusal(error, file="wave.yml", book=self.id, id=id, known=known)
        return match

    def for_issue(self, issue: Issue | None) -> Codebook:
        """This codebook for the files of one of its issues; itself where it has none."""
        if issue is None:
            return self
        at, fractions = issue.columns, issue.fractions
        own = (
            q.model_copy(update={"at": at.get(q.column or ""), "fractions": fractions})
            for q in self.questions
        )
        return self.model_copy(update={"questions": tuple(own)})

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

    @cached_property
    def by_name(self) -> dict[str, Question]:
        """Each name that a rule or a heading may use, an id or a variable, with its question."""
        return {name: q for q in self.questions for name in (q.id, *q.variables)}

    @cached_property
    def tokens(self) -> frozenset[str]:
        """How missing answers are written in the files, of whatever kind."""
        return frozenset(token for kind in self.missing.values() for token in kind.tokens)

    @property
    def variables(self) -> tuple[str, ...]:
        """All columns of `responses`, in order."""
        return tuple(self.question_of)

    def using(self, names: Collection[str]) -> list[Question]:
        """The questions that a rule with these names uses, by their ids or their variables."""
        return [q for q in self.questions if not {q.id, *q.variables}.isdisjoint(names)]

    def with_role(self, *roles: Role) -> tuple[Question, ...]:
        """The questions that have one of these roles."""
        return tuple(question for question in self.questions if question.role in roles)

    def identifying(self, *kinds: str) -> tuple[str, ...]:
        """The columns that say who replied: questions of the codebook, then those that it lacks.

        >>> Codebook.read("it-staffing").identifying("code", "prefecture")
        ('Q01', '@code', '@prefecture')
        """
        own = (q.id for q in self.questions if q.identity in kinds)
        return (*own, *(f"@{kind}" for kind in kinds))

    def identity(self, what: str) -> Question | None:
        """The question that asks for the municipality's code, name, prefecture or date of reply."""
        return next((q for q in self.questions if q.identity == what), None)

    def numbered(self, question: Question, language: Language, text: str = "") -> str:
        """A text of a question, its short one where none is given, after its number.

        The name of a variable is no number; it stands there where questions have one short text.
        """
        short = question.label[language]
        number = re.fullmatch(r"[A-Z]+\d\w*", question.id) or short in self._alike
        return f"{question.id} {text or short}" if number else text or short

    @cached_property
    def _alike(self) -> set[str]:
        """The short texts that several questions have."""
        return {text for k in LANGUAGES for text in duplicates(q.label[k] for q in self.questions)}

    def label(self, variable: str) -> Text:
        """What a variable is called in a table or figure."""
        question = self.question_of[variable]
        part = question.parts.get(variable)
        return question.label if part is None else part.text


def _with_words(questions: Sequence[Question]) -> Iterator[Question]:
    """The questions, each with an option "other" followed by one for the words beside it."""
    explained = {question.other_of for question in questions}
    there = explained | {question.id for question in questions}
    for question in questions:
        yield question
        other = None if question.type == "battery" else question.other_option
        if other is None or question.id in explained or f"{question.id}_other" in there:
            continue
        rule = "{}_{}" if question.type == "multi" else "{} == {}"
        ja, en = (
            label("codebook.other_words", k, question=question.label[k], option=other.text[k])
            for k in LANGUAGES
        )
        yield Question(
            id=f"{question.id}_other",
            section=question.section,
            type="text",
            role="describe",
            ja=ja,
            en=en,
            ask_if=rule.format(question.id, other.code),
            free=True,
            other_of=question.id,
        )


Fault = tuple[str, str, Message]  # kind and id of the entry, and what is wrong with it


def _faults(book: Codebook) -> Iterator[tuple[tuple[str, str], Message]]:
    """Every fault, naming entry and rule, after the place of the entry in the file."""
    named_by = {kind: [one.id for one in getattr(book, of)] for kind, of in SECTIONS.items()}
    named_by["identity"] = [q.identity for q in book.questions if q.identity]
    named_by["comparable codebook"] = [other.codebook for other in book.comparable]
    for kind, ids in named_by.items():
        for fault in duplicate_faults(kind, ids):
            yield (SECTIONS.get(kind, kind), fault.values["value"]), fault
    for check in (_of_questions, _of_rules, _of_features, _of_sensitive, _of_others):
        for kind, id, fault in check(book):
            yield (SECTIONS.get(kind, kind), id), at(entry(kind, id), fault)
    variables = [name for q in book.questions for name in q.variables]
    for fault in duplicate_faults("variable", variables):
        yield ("questions", ""), fault


def _of_questions(book: Codebook) -> Iterator[Fault]:
    sections = {section.id for section in book.sections}
    earlier: dict[str, Question] = {}  # by id and by variable
    for question in book.questions:
        of_rule = rule_faults(question.ask_if, earlier, book.by_name, truth=True)
        faults = [*question.faults(), *of_rule]
        if question.section not in sections:
            faults.insert(0, Message("there is no section {section!r}", section=question.section))
        if "code" in question.variables:
            what = "`code` is the municipality's code in every table; give another id"
            faults.append(Message(what))
        yield from (("question", question.id, fault) for fault in faults)
        earlier |= dict.fromkeys((question.id, *question.variables), question)


def _of_rules(book: Codebook) -> Iterator[Fault]:
    """Faults of the rules that may name every question."""
    rules: list[tuple[str, str, str | None, bool]] = [
        *(("question", q.id, check.rule, True) for q in book.questions for check in q.checks),
        *(("feature", one.id, one.rule, False) for one in book.features),
        *(("index", one.id, one.rule, False) for one in book.indices),
        *(("organisation", box.id, box.rule, True) for box in book.organisation),
        *(("axis", axis.id, item.rule, True) for axis in book.axes for item in axis.items),
        *(("staff", kind.en, kind.rule, False) for kind in book.staff),
    ]
    for one in book.hypotheses:
        parts = ((one.group, True), (one.x, False), (one.value, False))
        rules += [("hypothesis", one.id, rule, truth) for rule, truth in parts]
    for kind, id, rule, truth in rules:
        yield from ((kind, id, fault) for fault in rule_faults(rule, book.by_name, truth=truth))


def _of_features(book: Codebook) -> Iterator[Fault]:
    """Features that feed no index or take an outcome, and indices with none or two sources."""
    indices, fed = {index.id for index in book.indices}, {one.index for one in book.features}
    for feature in book.features:
        if feature.index not in indices:
            yield "feature", feature.id, Message("there is no index {index!r}", index=feature.index)
        questions = book.using(names_in(feature.rule))
        for question in (q for q in questions if q.role in {"outcome", "factor"}):
            fault = Message(
                "the rule {rule!r} uses {id}, which has the role {role} and must not feed the "
                "typology (the comparison of types by it would be circular)",
                rule=feature.rule,
                id=question.id,
                role=question.role,
            )
            yield "feature", feature.id, fault
    for index in book.indices:
        if (index.rule is None) == (index.id not in fed):
            yield "index", index.id, Message("give it either features or a rule")


def _of_sensitive(book: Codebook) -> Iterator[Fault]:
    """Features made of sensitive answers: the committee sees by name which types they lead to."""
    shared = [("comparable", o.codebook, one.rule) for o in book.comparable for one in o.features]
    for kind, id, rule in [*(("feature", f.id, f.rule) for f in book.features), *shared]:
        for question in (q for q in book.using(names_in(rule)) if q.sensitive):
            fault = "the rule {rule!r} uses {id}, which is sensitive, but types are shown by name"
            yield kind, id, Message(fault, rule=rule, id=question.id)


def _of_others(book: Codebook) -> Iterator[Fault]:
    """Faults of what is shared with other codebooks, and of hypotheses."""
    for other in book.comparable:
        faults = [*duplicate_faults("feature", [shared.id for shared in other.features])]
        for one in other.features:
            faults += [at(entry("feature", one.id), f) for f in rule_faults(one.rule, book.by_name)]
        yield from (("comparable", other.codebook, fault) for fault in faults)
    for claim in book.hypotheses:
        if claim.topic not in {None, *(topic.id for topic in book.topics)}:
            yield "hypothesis", claim.id, Message("there is no topic {topic!r}", topic=claim.topic)
        if (claim.group is None) == (claim.x is None):
            yield "hypothesis", claim.id, Message("give either group or x")
