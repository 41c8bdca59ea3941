"""One question of a survey, as ``survey.Q13``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analysis.codebook import Question

if TYPE_CHECKING:
    from analysis.outputs import Figure, NotAvailable, Table
    from analysis.survey import Survey


@dataclass(frozen=True)
class Asked:
    """A question of a survey, as ``survey.Q13``."""

    survey: Survey
    question: Question

    @property
    def answers(self) -> pd.DataFrame:
        """The columns of `responses` that hold it."""
        return self.survey.responses[list(self.question.variables)]

    def table(self, by: str | pd.Series | None = None) -> Table:
        """Its table."""
        return self.survey.table(self.question.id, by)

    def figure(self, by: str | pd.Series | None = None) -> Figure | NotAvailable:
        """Its figure."""
        return self.survey.figure(self.question.id, by)

    def __repr__(self) -> str:
        q = self.question
        options = "".join(f"\n  {o.code} {o.text[self.survey.language]}" for o in q.options)
        return f"{q.id} ({q.type}, {q.role}) {q.text[self.survey.language]}{options}"
