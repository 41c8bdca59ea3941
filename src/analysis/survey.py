"""The one front door for notebooks: ``Survey.load("demo-2019")``."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from analysis import derived, edition, fingerprints, live, paths, show, tabulation
from analysis.cleaning import store
from analysis.cleaning.findings import counted
from analysis.codebook import waves
from analysis.codebook.questions import COUNTED, MEASURED, ONE_CHOICE, Question
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.edition import View
from analysis.errors import AttributeInputError, refusal, unknown
from analysis.fingerprints import INPUTS
from analysis.show import Figure, Frame, NotAvailable, Table
from analysis.stats import tabulate
from analysis.stats.disclosure import Audience
from analysis.text import Language, Text
from analysis.typology import classifier
from analysis.typology.classifier import Classifier, Projection, rename_codes

if TYPE_CHECKING:
    from analysis.typology.multiverse import Multiverse
    from analysis.typology.study import Typology

SEED = 20191003  # of the notebooks too
# a quick look: the types of the reports, less surely weighed
QUICK: dict[str, Any] = {"n_bootstrap": 20, "n_null": 19, "criteria": False}


# by wave, audience, language and inputs of the run; see `keep`
_in_memory: dict[tuple[str, str, str, str], Survey] = {}


def keep(survey: Survey) -> None:
    """Keep a survey in memory: `Survey.load` returns it with everything computed of it so far.

    In this process and its forks, only within a run (which states its inputs), and while the data
    have the key that the run states.
    """
    inputs = os.environ.get(INPUTS, "{}")
    _in_memory[survey.wave.name, survey.audience, survey.language, inputs] = survey


class Survey(View):
    """A wave's cleaned answers with all that notebooks ask of them.

    Attributes
    ----------
    responses : one row a municipality (index: 6-digit code), one typed column a variable.
    status : same shape; ``answered`` or the kind of missing.
    register : the invited municipalities, whether they replied, and their size class.
    findings : what cleaning changed, refused or doubts.
    codebook, wave : what was asked, and of whom.
    audience : for whom the edition is; what they may not see was left out when it was loaded.

    >>> survey = Survey.load("demo-2019")
    >>> survey.n, survey.invited
    (15, 16)
    >>> survey.Q13.question.type
    'multi'
    >>> survey.table("Q99")
    Traceback (most recent call last):
    ...
    analysis.errors.InputError: there is no question 'Q99'; did you mean ...
    """

    @classmethod
    def load(
        cls,
        wave: str | int = "demo-2019",
        *,
        audience: Audience = "internal",
        language: Language = "ja",
        output: str | Path = "",
        files: bool = True,
        size: str = "report",
    ) -> Survey:
        """Read a wave, cleaning it first where that is needed.

        `output`: where figures and tables go as files; without `files` they are only shown.
        `size`: of figures, ``report`` or ``slide``.

        Raises InputError: also within a run for an audience that may not see what was asked for.
        """
        wave = str(wave)  # papermill's own command makes a number of 2020
        run_for, keys = fingerprints.of_run()
        if audience in paths.AUDIENCES[: paths.AUDIENCES.index(run_for)]:
            raise refusal("survey.other_audience", audience=audience, wave=wave, run_for=run_for)
        by_hand = paths.reports() / "by-hand" / paths.edition(wave, audience, language)
        place = Path(output) if output else by_hand
        inputs = os.environ.get(INPUTS, "{}")
        ready = _in_memory.get((wave, audience, language, inputs)) if size == "report" else None
        current = ready and keys.get(wave) == store.key(Wave.read(wave))
        if ready and current and not fingerprints.is_patched():
            return ready.into(place, files)
        in_run = INPUTS in os.environ
        key = "" if in_run else live.state(wave)
        cleaned, about, book = store.replies(wave)
        survey = cls(cleaned, about, book, place, audience, language, files, size)
        if not in_run:
            show.only_language(language)
            live.watch(wave, key, audience, language)
        return survey

    # --- parts and new variables -----------------------------------------------------------

    def where(self, rule: str | pd.Series, *, label: str = "") -> Survey:
        """The part of the survey for which a condition holds, as a survey of its own.

        `rule`: a condition on variables, prefecture and size_class, or a Series of true and false
        by code. `label`: what every caption calls the part, the condition itself where left out.
        The committee's edition of a part has no sensitive question and the public's (but of open
        data) no part: the whole less the part would give away single answers.

        >>> small = Survey.load("demo-2019").where("size_class == 'town_village'", label="町村")
        >>> small.n, small.invited
        (2, 3)
        """
        if self.audience != "internal" and not self.wave.named:
            if self.audience == "public" or not isinstance(rule, str):
                raise refusal("survey.part", audience=self.audience)
            questions = self.codebook.using(derived.words_of(rule))
            if sensitive := sorted(q.id for q in questions if q.sensitive):
                raise refusal("survey.sensitive", told=sensitive[0])
        replies = derived.part(self._full, self.codebook, rule)
        words = label or (rule if isinstance(rule, str) else str(rule.name or "…"))
        if self._part:
            words = f"{self._part.label} / {words}"
        part = derived.population(self.population, replies.register, rule, self.codebook, words)
        return replace(self, _full=replies, _part=part)

    def with_(
        self, name: str, values: str | pd.Series, *, label: str, sensitive: bool = False
    ) -> Survey:
        """The survey with a variable more: a rule, or data from outside by code or name.

        It is a question like any other: ``survey.figure(name)``, ``survey.table("Q13", by=name)``.
        See `analysis.derived.variable`.

        >>> more = Survey.load("demo-2019").with_("partners", "count(Q21, [1, 2])", label="連携先")
        >>> more.partners.question.type
        'ratio'
        """
        rests_on = self.codebook.using(derived.words_of(values)) if isinstance(values, str) else ()
        if withheld := [q.id for q in rests_on if edition.is_withheld(self, q)]:
            raise refusal("survey.not_shown", audience=self.audience, id=withheld[0])
        data, book = derived.variable(
            self._full, self.codebook, self.wave, name, values, label, sensitive=sensitive
        )
        if isinstance(values, str) and edition.tells_apart(self, Expression(values)):
            raise refusal("survey.tells_apart", name=name, audience=self.audience, rule=values)
        return replace(self, _full=data, codebook=book)

    def code_of(self, text: str | int) -> str:
        """The code of the respondent that a code or a name means; see `Wave.codes_of`.

        A number is a code of six digits whose zero papermill's own command took away.

        Raises InputError: it did not reply, is not known, or several may be meant.

        >>> survey = Survey.load("demo-2019")
        >>> survey.code_of("緑陵ヶ原市"), survey.code_of("99002"), survey.code_of(990019)
        ('990035', '990027', '990019')
        """
        text = text.strip() if isinstance(text, str) else f"{text:06}"
        matches = self.wave.codes_of(text, self.register)
        codes = [code for code in matches if code in self.responses.index]
        if len(codes) == 1:
            return codes[0]
        if codes:
            raise refusal("survey.several", text=text, n=len(codes), called=codes)
        id = "survey.not_replied" if matches else "survey.no_municipality"
        raise refusal(id, text=text, name=self.wave.name)

    # --- numbers from answers --------------------------------------------------------------

    @cached_property
    def features(self) -> classifier.Features:
        """The indicators that the typology is made from."""
        return classifier.features(self.responses, self.status, self.codebook)

    @cached_property
    def indices(self) -> pd.DataFrame:
        """The composites of the codebook, one column an index."""
        return classifier.indices(self.features, self.codebook, self.responses)

    def typology(self, **choices: Any) -> Typology:
        """The types of municipalities; see `analysis.typology.study.study` for the choices.

        Beside them `adjust` (none, gradient, size_class, or strata of one's own: a Series indexed
        by code) and `indices`: those of the codebook that are to feed it, all where none is named.

        Computed on the full data of the wave once and kept in `paths.cache`, then shown under the
        names of this edition: type 2 is the same in all. Without choices it is that of the reports.
        """
        typology = self._classifier.study(**self._settings(choices))
        adjust = choices.get("adjust", "none")
        usual = isinstance(adjust, str) and adjust == "none" and not choices.get("indices")
        if usual and not self._part:
            typology = self._with_names(typology)
        return rename_codes(typology, self._alias)

    def _with_names(self, typology: Typology) -> Typology:
        """The types under the names that wave.yml gives them, the others under the proposed ones.

        A name that an earlier wave gives by the code of a member goes to the type that this
        municipality is in now, where that has no name of its own.
        """
        names: dict[int, dict[str, str]] = {}
        for key, text in self.wave.names.items():
            kind = key if isinstance(key, int) else int(typology.labels.get(key, 0))
            if kind not in typology.names or kind in names:
                id = "survey.type_named_twice" if kind in names else "survey.no_type"
                file = self.wave.folder / "wave.yml"
                raise refusal(id, file=file, key=key, n=len(typology.names))
            names[kind] = text.model_dump()
        for code, before in waves.names_before(self.wave.name).items():
            kind = int(typology.labels.get(code, 0))
            if kind in typology.names and kind not in names:
                names[kind] = Text.model_validate(before).model_dump()
        return replace(typology, names=dict(typology.names) | names)

    def _settings(self, choices: Mapping[str, Any]) -> dict[str, Any]:
        """The choices of a typology, with strata of one's own under the codes of the full data."""
        settings = {"seed": SEED, **choices}
        if isinstance(strata := settings.get("adjust"), pd.Series):
            strata = tabulate.align(strata, self.responses.index, "adjust")
            codes = {name: code for code, name in self._alias.items()}
            settings["adjust"] = rename_codes(strata, codes)
        return settings

    def multiverse(self, **choices: Any) -> Multiverse:
        """All defensible analyses beside the typology of these choices."""
        return rename_codes(self._classifier.multiverse(**self._settings(choices)), self._alias)

    def typology_by_size(self, **choices: Any) -> dict[str, Typology]:
        """A typology of each size class with at least 30 respondents."""
        return rename_codes(self._classifier.study_by_size(**choices), self._alias)

    def place_in(self, other: Survey, **choices: Any) -> tuple[Typology, Projection]:
        """These respondents placed into the types of another wave, by the indicators both have.

        The types are made from the shared indicators alone; see `typology.classifier.project`.
        """
        mine, book = self._classifier.features.frame, other.codebook.id
        if book != self.codebook.id:
            mine = classifier.comparable(self._full.responses, self.codebook, book)
            if mine is None:
                raise refusal("survey.not_comparable", id=self.codebook.id, book=book)
        typology, projection = other._classifier.place(mine, **choices)
        return rename_codes(typology, other._alias), rename_codes(projection, self._alias)

    @cached_property
    def _of_all(self) -> tuple[classifier.Features, pd.DataFrame]:
        """Features and composites of the full data."""
        features = classifier.features(self._full.responses, self._full.status, self.codebook)
        return features, classifier.indices(features, self.codebook, self._full.responses)

    @cached_property
    def _classifier(self) -> Classifier:
        features, composites = self._of_all
        if features.frame.empty:
            raise refusal("survey.no_features", id=self.codebook.id)
        return Classifier(features, composites, self._full.register["size_class"], store.kept())

    # --- questions ------------------------------------------------------------------------

    def by(self, breakdown: str | pd.Series | None) -> tabulation.Breakdown | None:
        """A labelled breakdown: ``size_class``, ``type``, ``prefecture`` or a question.

        Of several answers it is a frame of who chose each, whose groups overlap. A Series of one's
        own is matched by municipal code (`tabulate.align`).
        """
        if breakdown is None:
            return None
        if not isinstance(breakdown, str):
            return tabulate.align(breakdown, self.responses.index)
        if breakdown == "size_class":
            return self.size_class
        if breakdown == "prefecture":
            return self.register["prefecture"].reindex(self.responses.index)
        if breakdown == "type":
            typology = self.typology(**QUICK)
            names = {k: v[self.language] for k, v in typology.names.items()}
            return tabulate.align(typology.labels.map(names), self.responses.index)
        if breakdown not in self.codebook:
            known = ["size_class", "type", "prefecture", *(q.id for q in self.codebook)]
            raise unknown("breakdown", breakdown, known, "see survey.questions")
        question = self.codebook[breakdown]
        if question.type in ONE_CHOICE:
            return tabulate.as_categories(self.responses[question.id], question, self.language)
        if question.type != "multi":
            raise refusal("survey.breakdown", id=question.id, type=question.type)
        choices = self.responses[list(question.variables)].fillna(False).astype(bool)
        options = [option.text[self.language] for option in question.options]
        return choices.set_axis(pd.Index(options, name=question.id), axis="columns")

    def tabulate(self, *ids: str, by: str | pd.Series | None = None) -> Frame:
        """How often each answer was given, tidy, with n and share; see `tabulation.counts`.

        `ids`: questions, all that this edition shows where none is named.

        >>> shares = Survey.load("demo-2019").tabulate("Q13", by="size_class")
        >>> len(shares.query("group == '中核市' and share > 0.5"))
        2
        """
        return tabulation.counts(*self._of_types(ids, by, {*COUNTED, "battery"}, "tabulate"))

    def describe(self, *ids: str, by: str | pd.Series | None = None) -> Frame:
        """Statistics of numbers and of the items of batteries, tidy; see `tabulation.numbers`."""
        return tabulation.numbers(*self._of_types(ids, by, MEASURED, "describe"))

    def crosstab(self, id: str, by: str | pd.Series) -> Frame:
        """A question by another one or any breakdown: answers down, groups across."""
        return tabulation.wide(self, self.tabulate(id, by=by), "share")

    def table(self, id: str, by: str | pd.Series | None = None) -> Table | NotAvailable:
        """Frequencies of a question, or a cross table, with their denominators."""
        survey, (question,), groups = self._select([id], by)
        return tabulation.table(survey, question, groups)

    def figure(
        self, id: str, by: str | pd.Series | None = None, *, key: bool = False
    ) -> Figure | NotAvailable:
        """The same as a figure; `key`: whether the index shows the page by it."""
        survey, (question,), groups = self._select([id], by)
        return tabulation.figure(survey, question, groups, key=key)

    def _of_types(
        self, ids: Sequence[str], by: str | pd.Series | None, types: Collection[str], method: str
    ) -> tuple[Survey, list[Question], tabulation.Breakdown | None]:
        """The same as `_select`; refused where one of `ids` has nothing that a method shows."""
        selected = self._select(ids, by)
        if other := next((q for q in selected[1] if ids and q.type not in types), None):
            raise refusal("survey.other_type", id=other.id, type=other.type, method=method)
        return selected

    def _select(
        self, ids: Sequence[str], by: str | pd.Series | None
    ) -> tuple[Survey, list[Question], tabulation.Breakdown | None]:
        """These questions, all that the edition shows where none is named, and the breakdown.

        Indices are questions of the survey that is given beside them.
        """
        survey = self._with_indices(ids)
        questions = [survey.question(id) for id in ids] if ids else edition.shown_questions(survey)
        for question in questions:
            if ids and isinstance(by, str) and by == question.id:
                raise refusal("survey.by_itself", id=by)
            if question.variables[0] not in survey.responses:
                raise refusal("survey.not_shown", audience=self.audience, id=question.id)
        return survey, questions, survey.by(by)

    def _with_indices(self, ids: Sequence[str]) -> Survey:
        """The survey in which the indices among `ids` are questions like any other."""
        survey = self
        sensitive = any(q.sensitive for q in self.codebook)
        for index in (one for one in self.codebook.indices if one.id in ids):
            if index.id not in survey.codebook:
                values, label = self._of_all[1][index.id], index.text[self.language]
                survey = survey.with_(index.id, values, label=label, sensitive=sensitive)
        return survey

    def __getattr__(self, id: str) -> SurveyQuestion:
        book = self.__dict__.get("codebook")  # None while a survey is being made or copied
        if book is not None and (id in book or id in (index.id for index in book.indices)):
            return SurveyQuestion(self, id)
        known = dir(self) if book else []
        raise unknown("question or method", id, known, "see survey.questions", AttributeInputError)

    def __dir__(self) -> list[str]:
        ids = (part.id for part in (*self.codebook, *self.codebook.indices))
        return [*super().__dir__(), *ids]

    # --- showing itself --------------------------------------------------------------------

    def _facts(self) -> dict[str, str]:
        facts = {
            "wave": f"{self.wave.title[self.language]} ({self.wave.name})",
            "as_of": self.wave.as_of.isoformat(),
            "replies": self.response_rate,
            "questions": str(len(self.codebook.questions)),
            "findings": counted(self.findings, self.language),
            "audience": self.audience,
        }
        if self.wave.invented:
            facts["note"] = self.label("page.invented_short")
        return {self.label(f"survey.{name}"): value for name, value in facts.items()}

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._facts().items())

    def _repr_html_(self) -> str:
        row = Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>")
        rows = Markup().join(row.format(*fact) for fact in self._facts().items())
        return f"<table>{rows}</table>"


@dataclass(frozen=True)
class SurveyQuestion:
    """A question of a survey, as ``survey.Q13``; nothing is computed before it is asked for.

    The Tab key asks for each of them, and JupyterLab shows none where that takes a second.
    """

    survey: Survey
    id: str

    @property
    def question(self) -> Question:
        """What the codebook says of it."""
        return self.survey._with_indices([self.id]).codebook[self.id]

    @property
    def answers(self) -> pd.DataFrame:
        """The columns of `responses` that hold it."""
        return self.survey._with_indices([self.id]).responses[list(self.question.variables)]

    def table(self, by: str | pd.Series | None = None) -> Table | NotAvailable:
        """Its table."""
        return self.survey.table(self.id, by)

    def figure(self, by: str | pd.Series | None = None) -> Figure | NotAvailable:
        """Its figure."""
        return self.survey.figure(self.id, by)

    def __repr__(self) -> str:
        q = self.question
        options = "".join(f"\n  {o.code} {o.text[self.survey.language]}" for o in q.options)
        return f"{q.id} ({q.type}, {q.role}) {q.text[self.survey.language]}{options}"


fingerprints.is_patched()  # looks at the code before a cell can replace any
