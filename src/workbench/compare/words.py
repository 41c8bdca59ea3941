"""What a comparison says: its words are in analysis/text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.text import labels, say
from workbench.compare.changes import Comparison, type_names

if TYPE_CHECKING:
    from workbench.compare.movers import Movers


def of(found: Comparison) -> dict[str, str]:
    """The labels in the language of the runs."""
    return labels("compare", found.after.language)


def values(found: Comparison) -> dict[str, str]:
    """What things that have a value are called, and some of their values."""
    return labels("compare_values", found.after.language)


def headline(found: Comparison) -> str:
    """The line that comes first: how much of what changed, and whether answers and types did."""
    words = of(found)
    if not found.results_changed:
        return words["nothing"] if found.empty else words["same"]
    listed: dict[str, Sequence[Any]] = {
        "answers": found.answers,
        "examples": found.examples,
        "movers": found.movers.moved if found.movers else [],
        "sample": found.sample,
        "pages": found.pages,
        "figures": [figure for figure in found.figures if figure.result],
        "tables": found.tables,
        "prose": found.prose,
        "cleaning": found.cleaning,
    }
    return say(
        "compare/headline",
        found.after.language,
        counts=[f"{words[name]} {len(items):,}" for name, items in listed.items() if items],
        answers_alike=not found.answers,
        types_alike=found.types_known and not found.movers,
    )


def moved(found: Comparison, who: Movers) -> str:
    """How many changed type, beside the typology's own instability."""
    counted = who.found
    known = counted.exceeds is not None
    return say(
        "compare/moved",
        found.after.language,
        n=len(counted.types),
        changed=counted.count,
        other=len(counted.crossed),
        expected=counted.expected if known else None,
        low=counted.low,
        high=counted.high,
        exceeds=counted.exceeds,
    )


def kinds(found: Comparison, who: Movers) -> list[tuple[str, str, str, str]]:
    """Each mover: its name, type before, type after, membership."""
    words = of(found)
    old, new = type_names(found.before), type_names(found.after)
    none = words["unplaced"]
    return [
        (
            one.name,
            none if one.before == 0 else old.get(one.before, str(one.before)),
            none if one.after == 0 else new.get(one.after, str(one.after)),
            "" if one.membership != one.membership else f"{one.membership:.2f}",
        )
        for one in who.moved
    ]
