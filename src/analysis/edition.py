"""What an edition shows of a wave: its answers, who gave them, and of small numbers coarser tables.

Answers are put together until each part may be counted, options and breakdowns are shown where all
their cells may be. Every other output of such an edition is computed from what is shown here, or is
a coarse statistic; docs/method.md ("What an edition shows") says which, and why nothing follows.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import numpy as np
import pandas as pd

from analysis import paths, text
from analysis.cleaning import clean, respondents
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import SIZE_CLASSES
from analysis.codebook.questions import AMOUNTS, COUNTED, ONE_CHOICE, UNCOUNTED, Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.errors import refusal, unknown
from analysis.figures.gallery import HIDDEN, SIZES, Gallery, use_style
from analysis.show import Answer, Frame, Prose
from analysis.stats import disclosure, population, tabulate
from analysis.stats.disclosure import SMALLEST, Audience
from analysis.text import LANGUAGES, Language

MOST_POSSIBLE = 20_000  # counts of a question that are tried out

F = TypeVar("F", bound=Callable[..., Any])


def once(make: F) -> F:
    """Compute what a function gives for a survey once; whoever asks again gets a shallow copy."""

    @wraps(make)
    def cached(survey: View, *arguments: Any, **choices: Any) -> Any:
        cache = vars(survey).setdefault("_once", {})
        key = (make, arguments, *sorted(choices.items()))
        if key not in cache:
            cache[key] = make(survey, *arguments, **choices)
        return copy.copy(cache[key])

    return cast(F, cached)


@dataclasses.dataclass(eq=False, repr=False)
class View:
    """The answers of a wave as one audience may see them.

    What must not be seen is left out when the view is made: names, free text, findings. Tables and
    figures of one question need no more than a view; `analysis.survey.Survey` adds the analysis.
    """

    _full: clean.Cleaned
    wave: Wave
    codebook: Codebook
    output: Path
    audience: Audience = "internal"
    language: Language = "ja"
    files: bool = True
    size: str = "report"
    _part: population.Population | None = None

    def __post_init__(self) -> None:
        choices = {"audience": paths.AUDIENCES, "language": LANGUAGES, "size": [*SIZES]}
        for what, allowed in choices.items():
            if (value := getattr(self, what)) not in allowed:
                raise unknown(what, value, allowed)
        view, self._alias = disclosure.minimise(
            self._full, self.codebook, audience=self.audience, named=self.wave.named
        )
        self.responses, self.status = view.responses, view.status
        if self.audience == "public" and not self.wave.named and self.n < SMALLEST:
            raise refusal("survey.too_few", name=self.wave.name, n=self.n, fewest=SMALLEST)
        self.register, self.findings, self.ledger = view.register, view.findings, view.ledger
        if self._part and self.audience != "internal":  # the whole less a part gives away the rest
            sensitive = [v for q in self.codebook if q.sensitive for v in q.variables]
            self.responses = self.responses.drop(columns=sensitive, errors="ignore")
            self.status = self.status.drop(columns=sensitive, errors="ignore")
        # a figure takes its fonts when it is drawn, so the style must stand before the first one
        use_style(self.language)

    def into(self, output: Path, files: bool) -> Self:
        """A copy whose figures and tables go to `output`; what was computed so far is kept."""
        same = copy.copy(self)
        same.output, same.files = output, files
        same.__dict__.pop("gallery", None)
        use_style(self.language)
        return same

    # --- the sample ------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """How many municipalities replied."""
        return len(self.responses)

    @property
    def invited(self) -> int | None:
        """How many were asked; None where nobody knows."""
        return self._part.size if self._part else respondents.invited(self.wave, self.register)

    @property
    def replied(self) -> int:
        """How many of those asked replied; a reply that nobody asked for is not among them."""
        return int((self.register["invited"] & self.register["replied"]).sum())

    @property
    def response_rate(self) -> str:
        """Replies of those asked, such as ``15 / 16 = 93.8%``, or how many there are."""
        invited = self.invited
        if not invited:
            return f"{self.n:,}"
        return f"{self.replied:,} / {invited:,} = {self.replied / invited:.1%}"

    @cached_property
    def population(self) -> population.Population:
        """What the numbers stand for, and which intervals and tests may be printed."""
        return self._part or population.of(self.wave, self._full.register)

    # --- single municipalities ----------------------------------------------------------------

    @property
    def shows_units(self) -> bool:
        """Whether results of single municipalities are shown: never of a survey to the public."""
        return not protects(self)

    @property
    def coarse(self) -> bool:
        """Whether small numbers of some question are hidden, so that tables are coarser than it."""
        return any(protects(self, question) for question in self.codebook)

    @cached_property
    def unit_responses(self) -> pd.DataFrame:
        """The answers that may be shown of a single respondent, in columns of `responses`."""
        variables = [v for q in self.codebook if not protects(self, q) for v in q.variables]
        return self.responses.loc[:, self.responses.columns.isin(variables)]

    def listed(self, codes: pd.Index, names: pd.Series, most: int) -> list[str]:
        """The names of municipalities that are no more than `most` and may be named, else none."""
        return names[codes].tolist() if self.shows_units and len(codes) <= most else []

    @property
    def names(self) -> pd.Series:
        """The name of each respondent (a pseudonym in the public edition of a survey)."""
        return self.register["name"].reindex(self.responses.index)

    @cached_property
    def full_names(self) -> pd.Series:
        """The name of each municipality with its prefecture, where that is known."""
        known = self.register[["name", "prefecture"]].astype("object").fillna("").astype(str)
        full = [
            self.label("called.in_prefecture", name=name, prefecture=place) if place else name
            for name, place in known.to_numpy()
        ]
        return pd.Series(full, known.index)

    @cached_property
    def size_class(self) -> pd.Series:
        """The size class of each respondent as an ordered, labelled category."""
        classes = self.register["size_class"].reindex(self.responses.index)
        return tabulate.size_class_labels(classes, self.language)

    @property
    def own_register(self) -> bool:
        """Whether a register of one's own says who can be asked."""
        return self.wave.own is not None

    @property
    def source(self) -> str:
        """What a figure gives as its source."""
        text = self.label(
            "survey.source",
            title=self.wave.title[self.language],
            publisher=self.wave.publisher[self.language],
            date=self.wave.as_of.isoformat(),
        )
        if self._part:
            text += self.label("survey.part", part=self._part.label, n=self.n)
        return text

    def say(self, sentence: str, **values: Any) -> str:
        """A computed sentence in this survey's language, see `analysis.text.say`."""
        rows = {k: v.records if isinstance(v, Frame) else v for k, v in values.items()}
        return text.say(sentence, self.language, self.own_register, **rows)

    def prose(self, sentence: str, **values: Any) -> Prose:
        """A computed sentence or paragraph as a notebook shows it; frames go in as rows."""
        return Prose(self.say(sentence, **values))

    def answer(self, sentence: str, **values: Any) -> Answer:
        """The one sentence that answers the question of a page; then what follows it."""
        return Answer.first(text.unescape(self.say(sentence, **values)))

    def label(self, id: str, **values: Any) -> str:
        """A label in this survey's language, see `analysis.text.label`."""
        return text.label(id, self.language, self.own_register, **values)

    def labels(self, section: str) -> dict[str, str]:
        """All labels of a section in this survey's language, by name."""
        return text.labels(section, self.language, self.own_register)

    def numbered(self, question: Question, text: str = "") -> str:
        """A text of a question after its number, see `Codebook.numbered`."""
        return self.codebook.numbered(question, self.language, text)

    @cached_property
    def gallery(self) -> Gallery:
        """Where figures and tables of this survey are checked and exported."""
        return Gallery(
            self.output if self.files else None,
            language=self.language,
            source=self.source,
            invented=self.wave.invented,
            own_register=self.own_register,
            size=self.size,
            digits=3 if self.audience == "public" and not self.wave.named else None,
        )

    # --- questions -------------------------------------------------------------------------

    def question(self, id: str) -> Question:
        """The question with this id; the error names the near matches."""
        if id not in self.codebook:
            known = [question.id for question in self.codebook]
            raise unknown("question", id, known, "see survey.questions")
        return self.codebook[id]

    @property
    def questions(self) -> pd.DataFrame:
        """All questions: id, section, type, role and text."""
        rows = [(q.id, q.section, q.type, q.role, q.text[self.language]) for q in self.codebook]
        columns = ["id", "section", "type", "role", "text"]
        return pd.DataFrame(rows, columns=columns).set_index("id")


# --- small numbers ------------------------------------------------------------------------------


def protects(survey: View, *questions: Question | None) -> bool:
    """Whether small numbers must be hidden: for the public, and in committee where sensitive."""
    if survey.wave.named:
        return False
    sensitive = any(question is not None and question.sensitive for question in questions)
    return survey.audience == "public" or (survey.audience == "committee" and sensitive)


def shown_questions(survey: View) -> list[Question]:
    """The questions that this edition may tabulate, identity and free text left out.

    Where small numbers are protected, one that fewer than three answered is left out, and so is one
    whose n would tell how many gave the answers that lead to it.
    """
    return [q for q in survey.codebook if is_shown(survey, q)]


def is_shown(survey: View, question: Question) -> bool:
    """Whether it is one of the `shown_questions`."""
    if question.role == "id" or question.type in UNCOUNTED:
        return False
    if question.variables[0] not in survey.responses:
        return False
    return not is_withheld(survey, question)


def is_withheld(survey: View, question: Question) -> bool:
    """Whether not even the n of a question may be told, whoever asks for it by name."""
    return protects(survey, question) and _gives_away(survey, question)


def _gives_away(survey: View, question: Question) -> bool:
    """Whether the n of a question would disclose small numbers of it or of what leads to it."""
    n = int(tabulate.has_answer(survey.status, question).sum())
    if 0 < n < SMALLEST:
        return True
    if not question.ask_if:
        return False
    rule = Expression(question.ask_if)
    gates = survey.codebook.using(rule.names)
    skipped = int((survey.status[question.variables[0]] == "not_applicable").sum())
    # where kinds of missing are told apart, how many were not asked is known, too
    rest = skipped if survey.shows_units and skipped else survey.n - n
    if any(q.type == "multi" for q in gates) and 0 < rest < SMALLEST:
        return True
    if not any(q.type in COUNTED for q in gates) and 0 < skipped <= SMALLEST:
        return True
    for gate in gates:
        if gate.type in ONE_CHOICE:
            if not _countable_apart(*_counts(survey, gate), survey):
                return True
        elif gate.type == "multi" and rule.names == {gate.id}:
            # more answered it than the shown ones of the options that lead to it were ticked: then
            # the only hidden one must have been ticked by the others
            table = frequency(survey, gate)
            ticks = table.frame["count"][_alone(gate, rule)].astype("Int64")
            if ticks.isna().sum() == 1 and ticks.sum() < n - (survey.n - table.n):
                return True
    return False


def _countable_apart(counts: np.ndarray, subtotals: list[list[int]], survey: View) -> bool:
    """Whether the answers that lead to other questions may be counted apart from the rest."""
    totals = np.array([counts[part].sum() for part in subtotals])
    return len(subtotals) == 1 or bool(disclosure.may_be_shown(totals, _group(survey)).all())


def _counts(survey: View, question: Question) -> tuple[np.ndarray, list[list[int]]]:
    """How often each answer was given, and the `disclosure.subtotals` of the question."""
    table = tabulate.frequency(survey.responses, survey.status, question, survey.language)
    subtotals = disclosure.subtotals(question, survey.codebook)
    return table.frame["count"].to_numpy(int), subtotals


def _alone(gate: Question, rule: Expression) -> np.ndarray:
    """Which options of a question lead to another one by themselves."""
    ticked = pd.DataFrame(np.eye(len(gate.variables), dtype=bool), columns=list(gate.variables))
    others = dict.fromkeys(rule.names - {gate.id}, pd.array([pd.NA] * len(ticked), "Int64"))
    return rule.holds(ticked.astype("boolean").assign(**others), unknown=True)


def _group(survey: View) -> disclosure.Group:
    return survey.codebook.disclosure.group


def frequency(survey: View, question: Question) -> tabulate.FrequencyTable:
    """`analysis.stats.tabulate.frequency` as this edition may show it.

    Where small numbers are protected, answers are put together until each may be counted; of
    several answers, options that may not be counted are NA.
    """
    table = tabulate.frequency(survey.responses, survey.status, question, survey.language)
    if not protects(survey, question):
        return table
    frame = table.frame
    if question.type == "multi":
        counts = frame["count"].astype("Int64").where(_ticks_shown(survey, question, table))
        frame = pd.DataFrame({"count": counts, "share": frame["share"].mask(counts.isna())})
    elif question.type in COUNTED:
        frame = _together(survey, question, frame).astype({"count": int})
    elif question.type == "battery":
        frame = _means(question, frame)
    elif question.type in AMOUNTS:
        frame = disclosure.rounded_quartiles(survey.responses[question.id], frame)
    # without the counts by kind of missing: how many were not asked would disclose an answer
    return dataclasses.replace(table, frame=frame, missing={}, protected=True)


def parts(survey: View, question: Question) -> list[list[int]]:
    """The answers of a question, by their places, that are counted together.

    First those apart whose totals other tables need: the answers that lead to other questions, and
    those that say short of people.
    """
    return _parts(*_counts(survey, question), survey)


def _parts(counts: np.ndarray, subtotals: list[list[int]], survey: View) -> list[list[int]]:
    if not _countable_apart(counts, subtotals, survey):
        return [list(range(len(counts)))]
    pieces = [
        [part[at] for at in together]
        for part in subtotals
        for together in disclosure.put_together(counts[part], _group(survey))
    ]
    return sorted(pieces)


def _together(survey: View, question: Question, frame: pd.DataFrame) -> pd.DataFrame:
    """A frequency or cross table, a row for each part of its answers, with codes as ``1+2``."""
    groups, (variables, codes, names) = parts(survey, question), zip(*frame.index, strict=True)
    index = [
        (variables[0], "+".join(codes[at] for at in part), _joint_name(survey, names, part))
        for part in groups
    ]
    rows = [frame.iloc[part].sum() for part in groups]
    return pd.DataFrame(rows, pd.MultiIndex.from_tuples(index, names=frame.index.names))


def _ticks_shown(survey: View, question: Question, table: tabulate.FrequencyTable) -> np.ndarray:
    """Which options of a question of several answers this edition may count."""
    exclusive = np.array([option.exclusive for option in question.options])
    none_left = np.zeros(len(exclusive), bool)
    asked_later = (q for q in survey.codebook if q.ask_if and question.id in q.ask_if)
    for later in asked_later:
        if not {*later.variables} <= {*survey.status}:  # left out, such as the words beside "other"
            continue
        rule = Expression(later.ask_if or "")
        everyone = int(tabulate.has_answer(survey.status, later).sum()) == survey.n
        if question.id in rule.names and everyone:
            none_left |= exclusive & ~_alone(question, rule)
    counts = table.frame["count"].to_numpy(int)
    return disclosure.ticks_shown(
        counts, table.n, _group(survey), exclusive=exclusive, none_left=none_left
    )


def _means(question: Question, frame: pd.DataFrame) -> pd.DataFrame:
    """The items of a battery with a mean of one decimal, but for sums near their least or most."""
    codes = [option.code for option in question.options]
    wide = max(codes) - min(codes)
    sums = frame["mean"] * frame["count"]
    room = np.minimum(sums - min(codes) * frame["count"], max(codes) * frame["count"] - sums)
    safe = (room.round(6) >= max(2 * wide, SMALLEST)) & (frame["count"] >= SMALLEST)
    means = frame[["count", "mean"]].round({"mean": 1}).astype("Float64")
    return means.where(safe, axis=0)


def members(
    survey: View, question: Question, by: tabulate.Breakdown | None
) -> dict[Any, np.ndarray]:
    """The members of each group whose statistics of a question this edition may give.

    Without a breakdown all are one group. Where small numbers are protected there is none: answers
    could be reckoned back from statistics of a group.
    """
    if protects(survey, question, *questions_behind(survey, by)):
        return {}
    return {"": np.ones(survey.n, bool)} if by is None else tabulate.members(by)


def cross(
    survey: View, question: Question, by: tabulate.Breakdown
) -> tuple[pd.DataFrame, pd.Series]:
    """`analysis.stats.tabulate.cross` as this edition may show it.

    Where small numbers are protected, groups and answers are those that are counted together, and
    a table (of several answers: an option) is shown where all its cells may be, else NA throughout.
    Of groups that overlap there is then none: each would be what the others leave.
    """
    by = tabulate.align(by, survey.responses.index)
    overlapping = isinstance(by, pd.DataFrame)
    if hidden := protects(survey, question, *questions_behind(survey, by)):
        by = by.iloc[:, :0] if overlapping else coarse_groups(survey, by)
    counts, n = tabulate.cross(survey.responses, survey.status, question, by, survey.language)
    if not hidden or overlapping:
        return counts, n
    fit, group = disclosure.may_be_shown, _group(survey)
    if question.type == "multi":
        known = frequency(survey, question).frame["count"].notna().to_numpy(bool)
        cells = counts.to_numpy(int)
        safe = known & (fit(cells, group) & fit(n.to_numpy(int) - cells, group)).all(axis=1)
    else:
        counts = _together(survey, question, counts)
        safe = np.full(len(counts), len(counts) > 1 and fit(counts, group).all())
    rest = by.value_counts().reindex(n.index) - n
    behind = questions_behind(survey, by)
    if len(n) < 2 or _gives_away(survey, question) or any(is_withheld(survey, q) for q in behind):
        safe[:] = False
    elif question.ask_if and rest.any() and not fit(rest.to_numpy(int)).all():
        safe[:] = False  # how many of a group were not asked is an answer, too
    return counts.astype("Int64").where(np.repeat(safe[:, None], len(n), axis=1)), n


def questions_behind(survey: View, by: tabulate.Breakdown | None) -> list[Question]:
    """The question that a breakdown is by, if it is by one."""
    if by is None:
        return []
    name = by.columns.name if isinstance(by, pd.DataFrame) else by.name
    return [q for q in survey.codebook if name in {q.id, q.identity} - {None}]


def coarse_groups(survey: View, by: pd.Series) -> pd.Series:
    """A breakdown whose groups are put together where small numbers are protected."""
    every = [text[survey.language] for text in SIZE_CLASSES.values()]
    if isinstance(by.dtype, pd.CategoricalDtype) and set(by.cat.categories) <= set(every):
        by = by.cat.set_categories(every)  # also those not there
    for question in (q for q in questions_behind(survey, by) if q.type in ONE_CHOICE):
        names = list(tabulate.labels_of(question, survey.language).values())
        if isinstance(by.dtype, pd.CategoricalDtype) and list(by.cat.categories) == names:
            groups = parts(survey, question)
            label = {names[at]: _joint_name(survey, names, part) for part in groups for at in part}
            kinds = pd.CategoricalDtype(list(dict.fromkeys(label.values())), ordered=True)
            return by.astype(object).map(label).astype(kinds)
    return disclosure.merge_groups(
        by, survey.label("joined.nowhere"), survey.label("joined.between")
    )


def _joint_name(survey: View, names: Sequence[str], part: list[int]) -> str:
    """What answers that are counted together are called."""
    return survey.label("joined.between").join(names[at] for at in part)


def group_may_be_told(survey: View, rule: str, fewest: int) -> bool:
    """Whether this edition may tell if a group and the rest both have `fewest` members.

    A group by answers of one question that are counted with others would narrow these. It may be
    told where, whatever the outcome, each still has three possible values.
    """
    group = Expression(rule)
    questions = (q for q in survey.codebook if group.names == {q.id} and protects(survey, q))
    question = next((q for q in questions if q.type in ONE_CHOICE), None)
    if question is None:
        return True
    codes = list(tabulate.labels_of(question, survey.language))
    inside = group.holds(pd.DataFrame({question.id: pd.array(codes, "Int64")}))
    groups = parts(survey, question)
    if all(inside[part].all() or not inside[part].any() for part in groups):
        return True
    possible = _possible(survey, question, groups)
    if possible is None:
        return False
    size = possible[:, inside].sum(axis=1)
    tested = np.minimum(size, possible.sum(axis=1) - size) >= fewest
    hidden = [at for part in groups if len(part) > 1 for at in part]
    outcomes = (possible[tested == outcome] for outcome in (True, False))
    return all(
        len(np.unique(ways[:, at])) >= SMALLEST for ways in outcomes if len(ways) for at in hidden
    )


def tells_apart(survey: View, rule: Expression) -> bool:
    """Whether a rule on one question tells apart what this edition counts together, or hides.

    The counts of a variable by it, beside those of the question, would narrow small numbers.
    """
    questions = survey.codebook.using(rule.names)
    if len(questions) != 1 or not protects(survey, *questions):
        return False
    (question,) = questions
    if question.type in ONE_CHOICE:
        codes = pd.array([*tabulate.labels_of(question, survey.language)], "Int64")
        values = rule.evaluate(pd.DataFrame({question.id: codes}))
        return any(values[part].nunique(dropna=False) > 1 for part in parts(survey, question))
    truth = rule.evaluate(survey.responses.head(0)).dtype == "boolean"
    if question.type != "multi" or not truth:  # numbers have coarse quartiles alone
        return False
    hidden = frequency(survey, question).frame["count"].isna().to_numpy(bool)
    asked = rule.codes.get(question.id, set())
    options = zip(question.options, question.variables, hidden, strict=True)
    return any(hides and (o.code in asked or v in rule.names) for o, v, hides in options)


def _possible(survey: View, question: Question, groups: list[list[int]]) -> np.ndarray | None:
    """Every count of the answers of a question that is published by `groups`; None if too many."""
    counts, subtotals = _counts(survey, question)
    totals = [int(counts[part].sum()) for part in groups]
    sizes = [math.comb(t + len(part) - 1, t) for t, part in zip(totals, groups, strict=True)]
    if math.prod(sizes) > MOST_POSSIBLE:
        return None
    ways = (_ways(total, len(part)) for total, part in zip(totals, groups, strict=True))
    tried = np.zeros((math.prod(sizes), len(counts)), int)
    tried[:, np.concatenate(groups)] = [np.concatenate(way) for way in itertools.product(*ways)]
    return tried[[_parts(one, subtotals, survey) == groups for one in tried]]


def _ways(total: int, places: int) -> Iterator[np.ndarray]:
    """The ways to share a total out among places, by the bars between these."""
    for bars in itertools.combinations(range(total + places - 1), places - 1):
        yield np.diff([-1, *bars, total + places - 1]) - 1


def note(survey: View) -> list[str]:
    """What a table says of how it protects small numbers; empty where it need not."""
    if not survey.coarse:
        return []
    least = SMALLEST + (_group(survey) == "show")
    return [survey.say("edition/note", least=least, hidden=HIDDEN)]
