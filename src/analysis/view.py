"""What an edition shows of a wave: its answers, who gave them, and the words of its language."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths, text
from analysis.cleaning import clean, respondents
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.wave import Wave
from analysis.errors import unknown
from analysis.figures.gallery import SIZES, Gallery, use_style
from analysis.show import Answer, Frame, Prose
from analysis.stats import disclosure, population, tabulate
from analysis.stats.disclosure import Audience
from analysis.text import LANGUAGES, Language


class View:
    """The answers of a wave as one audience may see them.

    What must not be seen is left out when the view is made: names, free text, findings. Tables and
    figures of one question need no more than a view; `analysis.survey.Survey` adds the analysis.
    """

    def __init__(
        self,
        cleaned: clean.Cleaned,
        wave: Wave,
        codebook: Codebook,
        *,
        audience: Audience = "internal",
        language: Language = "ja",
        output: str | Path = "",
        files: bool = True,
        size: str = "report",
        part: population.Population | None = None,
    ) -> None:
        for what, given, known in (
            ("audience", audience, disclosure.AUDIENCES),
            ("language", language, LANGUAGES),
            ("size", size, list(SIZES)),
        ):
            if given not in known:
                raise unknown(what, given, known)
        self.wave, self.codebook = wave, codebook
        self.audience, self.language = audience, language
        self._full = cleaned
        shown, self._alias = disclosure.minimise(
            cleaned, codebook, audience=audience, named=wave.named
        )
        self.responses, self.status = shown.responses, shown.status
        self.register, self.findings, self.ledger = shown.register, shown.findings, shown.ledger
        self._part = part
        if part and audience != "internal":  # the whole less a part gives away the rest
            kept = [v for q in codebook if q.sensitive for v in q.variables if v in self.responses]
            self.responses = self.responses.drop(columns=kept)
            self.status = self.status.drop(columns=kept)
        self.output = Path(output) if output else paths.reports() / "by-hand" / wave.name
        self._how: dict[str, Any] = {
            "audience": audience,
            "language": language,
            "output": self.output,
            "files": files,
            "size": size,
        }
        # a figure takes its fonts when it is drawn, so the style must stand before the first one
        use_style(language)

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
        asked = self.invited
        return (
            f"{self.replied:,} / {asked:,} = {self.replied / asked:.1%}" if asked else f"{self.n:,}"
        )

    @cached_property
    def population(self) -> population.Population:
        """What the numbers stand for, and which intervals and tests may be printed."""
        return self._part or population.of(self.wave, self._full.register)

    @property
    def names(self) -> pd.Series:
        """The name of each respondent (a pseudonym in the public edition of a survey)."""
        return self.register["name"].reindex(self.responses.index)

    @property
    def full_names(self) -> pd.Series:
        """The name of each municipality with its prefecture, where that is known."""
        home = self.register["prefecture"].astype("object").fillna("").astype(str)
        names = self.register["name"].astype(str)
        known = [
            self.label("called.in_prefecture", name=name, prefecture=place) if place else name
            for name, place in zip(names, home, strict=True)
        ]
        return pd.Series(known, names.index)

    @property
    def size_class(self) -> pd.Series:
        """The size class of each respondent as an ordered, labelled category."""
        return tabulate.size_class_labels(
            self.register["size_class"].reindex(self.responses.index), self.language
        )

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
        return text.say(sentence, self.language, **rows)

    def prose(self, sentence: str, **values: Any) -> Prose:
        """A computed sentence or paragraph as a notebook shows it; frames go in as rows."""
        return Prose(self.say(sentence, **values))

    def answer(self, sentence: str, **values: Any) -> Answer:
        """The one sentence that answers the question of a page; then what follows it."""
        return Answer.first(text.unescaped(self.say(sentence, **values)))

    def label(self, id: str, **values: Any) -> str:
        """A label in this survey's language, see `analysis.text.label`."""
        return text.label(id, self.language, **values)

    def labels(self, section: str) -> dict[str, str]:
        """All labels of a section in this survey's language, by name."""
        return text.labels(section, self.language)

    @cached_property
    def gallery(self) -> Gallery:
        """Where figures and tables of this survey are checked and exported."""
        return Gallery(
            self.output if self._how["files"] else None,
            language=self.language,
            source=self.source,
            invented=self.wave.invented,
            size=self._how["size"],
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
