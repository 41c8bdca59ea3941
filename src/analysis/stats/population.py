"""What the numbers of a wave describe, and so which intervals and tests they may have.

``population`` in ``wave.yml`` decides it: a share among the invited is uncertain only by those who
did not answer, and in a full count nothing is left to chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.cleaning import respondents
from analysis.codebook.municipality import size_labels
from analysis.codebook.wave import Wave
from analysis.errors import refusal
from analysis.stats import inference
from analysis.stats.thresholds import FULL_COUNT
from analysis.text import Language, say


@dataclass(frozen=True)
class Population:
    """The municipalities that a wave's numbers describe.

    Attributes
    ----------
    kind : ``invited``, ``class``, ``nation`` or ``beyond``; `stated`: whether wave.yml says it.
    size : how many municipalities there are in it; None where it is unknown or has no end.
    replied : how many of them replied.
    classes : the size classes that a ``class`` is made of.
    others : how many replied without having been invited; they count in all numbers.
    label : of a part of a survey (`analysis.derived`), what it is a part by.
    counted : whether it is a part of a full count.
    listed : whether the nation, or a class, is of a register of one's own.
    """

    kind: str
    stated: bool
    size: int | None
    replied: int
    classes: tuple[str, ...] = ()
    others: int = 0
    label: str = ""
    counted: bool = False
    listed: bool = False

    @property
    def finite(self) -> bool:
        """Whether the numbers describe a list of municipalities that could be counted out."""
        return self.kind in {"invited", "nation", "part"} or self.full

    @property
    def full(self) -> bool:
        """Whether a class, or the nation, replied (nearly) as a whole."""
        whole = self.size if self.kind in {"class", "nation"} or self.counted else None
        return whole is not None and self.replied >= FULL_COUNT * whole

    @property
    def tests(self) -> bool:
        """Whether p-values, intervals of effects and words that rest on them may be printed."""
        return not self.full

    def bounds(self, count: int, n: int, size: int | None = None) -> tuple[float, float] | None:
        """Least and greatest share that it can have, whatever those answered who did not.

        `size`: how many were to answer, where it is not everybody (a size class, a follow-up
        question). None where all have answered, or their number is unknown.

        >>> [round(x, 4) for x in Population("invited", True, 16, 15).bounds(5, 13)]
        [0.3125, 0.5]
        """
        whole = self.size if size is None else size
        if not self.finite or whole is None or not n < whole:
            return None
        return count / whole, (count + whole - n) / whole

    def interval(self, count: int, n: int, size: int | None = None) -> tuple[float, float] | None:
        """The 95 % interval of a share; None where nothing is left that chance decides.

        Of the invited that of `share_of_finite`, as if those who answered were drawn from them; of
        a class and beyond Wilson's. The nation has none: who answers of their own accord is no
        random draw of it.
        """
        if self.kind == "nation" or self.full or not n:
            return None
        if self.kind not in {"invited", "part"}:
            return inference.wilson(count, n)
        whole = self.size if size is None else size
        return None if whole is None else share_of_finite(count, n, whole)

    def drawn(self, count: int, n: int, size: int | None = None) -> tuple[float, float] | None:
        """What a figure draws about a share: its bounds, or its interval where it has none."""
        return self.bounds(count, n, size) if self.finite else self.interval(count, n, size)


def of(wave: Wave, register: pd.DataFrame) -> Population:
    """The population of a wave; `register` as made by `cleaning.respondents.register_of`.

    Where wave.yml does not say, it is the invited: of all readings the one that claims least. Where
    all municipalities were invited, these are the nation.
    """
    kind, frame = wave.population or "invited", register[register["invited"]]
    size, classes, others = None, tuple[str, ...](), 0
    if kind == "nation" or (kind == "invited" and wave.invited == "all"):
        kind, size = "nation", wave.everybody
    elif kind == "class":
        classes = tuple(c for c in wave.size_classes.index if (frame["size_class"] == c).any())
        if not classes:
            raise refusal("population.no_class", file=wave.folder / "wave.yml")
        size = int(wave.size_classes[list(classes)].sum())
    elif kind == "invited" and (invited := respondents.invited(wave, register)) is not None:
        others = len(register) - len(frame)
        size = invited + others
    replied = int(frame["replied"].sum()) + others
    stated, listed = wave.population is not None, wave.own is not None
    return Population(kind, stated, size, replied, classes, others, listed=listed)


def share_of_finite(count: int, n: int, size: int) -> tuple[float, float] | None:
    """95 % interval of a share when `n` of `size` are known, `count` of them being so.

    With finite population correction, on the logit scale with the t distribution, as R's
    ``survey::svyciprop(method = "logit")`` (Lumley 2010). Where all or none of the `n` are so, the
    variance is 0 and the exact hypergeometric limit takes its place. None where nothing is left
    unknown, and where a single answer allows no interval.

    >>> [round(x, 3) for x in share_of_finite(5, 13, 16)]
    [0.263, 0.522]
    >>> share_of_finite(0, 13, 16)
    (0.0, 0.125)
    """
    if not 1 < n < size:
        return None
    share = count / n
    if count in (0, n):
        # how many of the unknown could be the other way without one of the n being so
        other = np.arange(size - n)
        chances = np.cumprod(1 - n / (size - other))  # that one more is so, and none of the n is
        most = int((chances >= 0.025 - 1e-12).sum()) / size
        return None if not most else (0.0, most) if count == 0 else (1 - most, 1.0)
    wide = math.sqrt((1 - n / size) / ((n - 1) * share * (1 - share))) * stats.t.ppf(0.975, n - 1)
    low, high = special.expit(special.logit(share) + np.array([-wide, wide]))
    return float(low), float(high)


def facts(here: Population, language: Language) -> dict[str, Any]:
    """What the sentence ``population/stands`` says of a population."""
    classes = [size_labels(here.classes, language)[name] for name in here.classes]
    names = ("kind", "stated", "full", "size", "replied", "others", "listed")
    return {name: getattr(here, name) for name in names} | {"classes": classes}


def words(here: Population, language: Language) -> str:
    """Which municipalities the numbers of a page describe, in a few sentences."""
    return say("population/stands", language, here.listed, **facts(here, language))


def chance(here: Population, language: Language) -> str:
    """What a p-value and the interval of an effect mean here; empty where there are none."""
    by_chance = here.kind in {"class", "beyond"}
    return say("population/chance", language, drawn=by_chance) if here.tests else ""


def bounds_words(here: Population, language: Language) -> str:
    """What bounds and interval of a share mean; empty where neither can be given."""
    bounded = here.size is not None and here.finite
    return say("population/bounds", language, invited=here.kind == "invited") if bounded else ""


def in_brackets(
    here: Population, count: int, n: int, language: Language, size: int | None = None
) -> str:
    """What is given in brackets beside a share: its bounds, its interval, both, or nothing.

    >>> in_brackets(Population("invited", True, 16, 15), 5, 13, "en").partition(" (")[0]
    '31% to 50% of all 16 invited, 95 % interval 26% to 52%'
    """
    bounds, interval = here.bounds(count, n, size), here.interval(count, n, size)
    if bounds is None and interval is None:
        return ""
    return say(
        "population/beside",
        language,
        invited=here.kind == "invited",
        whole=here.size if size is None else size,
        bounds=bounds,
        interval=interval,
        form="%.1f%%" if n >= 200 else "%.0f%%",
    )
