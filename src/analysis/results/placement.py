"""The respondents of one wave in the types of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.codebook.waves import earlier
from analysis.errors import InputError
from analysis.results.types import as_frame, named, verdict
from analysis.show import Frame, NotAvailable
from analysis.stats.thresholds import UNPLACED
from analysis.survey import SEED, Survey
from analysis.typology.classifier import Projection
from analysis.typology.study import Typology

LISTED = 8  # indicators that a sentence can list


@dataclass(frozen=True)
class Placed:
    """Respondents of one wave in the types (`found`) of the survey `other`."""

    other: Survey
    found: Typology
    projection: Projection

    @property
    def n(self) -> int:
        """Respondents that were placed."""
        return len(self.projection.labels)


def place(survey: Survey, reference: str = "", *, seed: int = SEED) -> Placed | NotAvailable:
    """Place the respondents in the types of the wave `reference`; empty: of the wave before."""
    reference = reference or earlier(survey.wave.name)
    if not reference:
        return NotAvailable("placement", survey.say("types/no_reference"))
    try:
        other = Survey.load(
            reference, audience=survey.audience, language=survey.language, output=survey.output
        )
        found, projection = survey.place_in(other, seed=seed)
    except InputError as error:
        why = error.say(survey.language)
        return NotAvailable("placement", survey.say("types/not_placed", why=why))
    return Placed(other, found, projection)


def basis(survey: Survey, placed: Placed) -> dict[str, Any]:
    """Which types, made from which indicators: values of the sentence ``types/placed``."""
    other, shown, language = placed.other, placed.projection, survey.language
    labels = [other.features.labels[name][language] for name in shown.shared]
    links = [one for one in survey.codebook.comparable if one.codebook == other.codebook.id]
    cautions = [one.text[language] for one in links if one.codebook != survey.codebook.id]
    return {
        "title": other.wave.title[language],
        "made_of": placed.found.n,
        "shared": len(labels),
        "listed": labels if len(labels) <= LISTED else [],
        "n": placed.n,
        "invented": survey.wave.invented,
        "far": int((~shown.fits & (shown.labels != UNPLACED)).sum()),
        "caution": cautions[0] if cautions else "",
        "verdict": other.answer("types/verdict", **verdict(other, placed.found)).text,
    }


def source(placed: Placed | NotAvailable) -> dict[str, Any]:
    """Where the types are from: values of the words of the table."""
    if isinstance(placed, NotAvailable):
        return {}
    title = placed.other.wave.title[placed.other.language]
    return {"wave": title, "source": placed.other.source, "made_of": placed.found.n}


@as_frame("municipality", "type", "membership", "second", "fit", of_single=True)
def respondents(survey: Survey, placed: Placed) -> pd.DataFrame:
    """The type of each respondent there (number and name), how strongly, and the next type.

    membership : 0 to 1. fit : ``far`` from every type, ``unanswered`` where it answered none of
    the shared indicators.
    """
    shown = placed.projection
    far = pd.Series(None, shown.labels.index, dtype=object).mask(~shown.fits, "far")
    frame = Frame(
        {
            "municipality": survey.names.reindex(shown.labels.index),
            "type": shown.labels.astype(int),
            "membership": shown.membership.max(axis=1).round(2),
            "second": shown.second.where(shown.second != UNPLACED),
            "fit": far.mask(shown.labels == UNPLACED, "unanswered"),
        }
    )
    return named(placed.other, placed.found, frame)
