"""What pages that are not yet in cells ask of the types; see `analysis.results.types`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.figures import typology_plots
from analysis.results import certainty, types
from analysis.results.types import NAMED_UP_TO as NAMED_UP_TO
from analysis.results.types import name as type_name
from analysis.show import Answer, Figure, NotAvailable, Table
from analysis.survey import Survey
from analysis.text import Text

if TYPE_CHECKING:
    from analysis.typology.study import Typology

__all__ = ["NAMED_UP_TO", "type_name"]
find = types.typology


def answer(survey: Survey, found: Typology | NotAvailable) -> Answer:
    """The verdict."""
    return survey.answer("types/verdict", **types.verdict(survey, found))


def sentence(survey: Survey, found: Typology | NotAvailable) -> str:
    """The first sentence of the verdict."""
    return answer(survey, found).text


def group_word(found: Typology | NotAvailable) -> Text:
    """What groups may be called."""
    group = types.called(found) == "group"
    return Text(ja="グループ", en="group") if group else Text(ja="類型", en="type")


def kin_word(survey: Survey, found: Typology | NotAvailable) -> str:
    """What the others of a municipality's type are called."""
    return survey.label(f"called.same_{types.called(found)}")


def full_name(survey: Survey, code: str) -> str:
    """A municipality's name with its prefecture."""
    return str(survey.full_names[code])


def power_words(survey: Survey, found: Typology) -> str:
    """How often this number of types would be recovered."""
    return survey.say("types/recovery", **certainty.recovery(survey, found))


def profile(survey: Survey, found: Typology | NotAvailable) -> Figure | NotAvailable:
    """What sets each type apart."""
    frame, summary = types.profile(survey, found), types.summary(survey, found)
    ax = typology_plots.profile(frame, types=summary, language=survey.language)
    values: dict[str, Any] = {"adjust": "none", "types": summary}
    return survey.gallery.show(ax, "types/typology", data=frame, n=found.n, key=True, **values)


def summary(survey: Survey, found: Typology | NotAvailable) -> Table | NotAvailable:
    """Each type with its size, stability, paragon and most atypical member."""
    frame = types.named(survey, found, types.summary(survey, found)).drop(columns="name")
    return survey.gallery.table(
        frame.dropna(axis="columns", how="all"), "types/types", n=found.n, places=2
    )
