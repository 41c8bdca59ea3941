"""What the numbers of a wave describe, and so which intervals and tests they may have.

``population`` in ``wave.yml`` decides it, and every page asks here: a share among the invited is
uncertain only by those who did not answer, a full count by nothing that chance could have done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

from analysis.cleaning import respondents
from analysis.codebook.model import Codebook, Hypothesis
from analysis.codebook.municipality import size_labels
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.stats import hypotheses, inference
from analysis.stats.thresholds import EFFECT_SIZES as SIZES
from analysis.stats.thresholds import FULL_COUNT
from analysis.text import Language, say


@dataclass(frozen=True)
class Population:
    """The municipalities that a wave's numbers describe.

    Attributes
    ----------
    kind : ``invited``, ``class``, ``nation`` or ``beyond``; `stated`: whether wave.yml says it.
    size : how many municipalities there are in it; None where nobody knows or it has no end.
    replied : how many of them replied.
    classes : the size classes that a ``class`` is made of.
    others : how many of the invited were not asked, yet replied; the numbers are theirs, too.
    label : of a part of a survey (`analysis.derived`), what it is a part by.
    counted : whether it is a part of a full count.

    Examples
    --------
    Five of thirteen answers of sixteen invited:

    >>> asked = Population("invited", True, 16, 15)
    >>> [round(x, 4) for x in asked.bounds(5, 13)]
    [0.3125, 0.5]
    >>> [round(x, 2) for x in asked.interval(5, 13)]
    [0.26, 0.52]
    >>> asked.interval(6, 16) is None  # all have answered
    True
    """

    kind: str
    stated: bool
    size: int | None
    replied: int
    classes: tuple[str, ...] = ()
    others: int = 0
    label: str = ""
    counted: bool = False

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
        question). None where all have answered, and where nobody knows how many there are.
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
    kind = wave.population or "invited"
    stated = wave.population is not None
    if kind == "invited" and wave.invited == "all":
        kind = "nation"
    asked = register[register["invited"]]
    size: int | None = None
    classes: tuple[str, ...] = ()
    match kind:
        case "nation":
            size = wave.everybody
        case "class":
            there = set(asked["size_class"])
            classes = tuple(name for name in wave.size_classes.index if name in there)
            if not classes:
                raise InputError(
                    "population is class, but the size class of no municipality is known",
                    file=wave.folder / "wave.yml",
                    hint="ask for it (identity: size_class), or write population: invited",
                )
            size = int(wave.size_classes[list(classes)].sum())
        case "invited":
            size = respondents.invited(wave, register)
    replied, others = int(asked["replied"].sum()), 0
    if kind == "invited" and size is not None:
        others = len(register) - len(asked)
        size, replied = size + others, replied + others
    return Population(kind, stated, size, replied, classes, others)


def share_of_finite(count: int, n: int, size: int) -> tuple[float, float] | None:
    """95 % interval of a share when `n` of `size` are known, `count` of them being so.

    With finite population correction, on the logit scale with the t distribution, as R's
    ``survey::svyciprop(method = "logit")`` (Lumley 2010). Where all or none of the `n` are so, the
    variance is 0 and the exact hypergeometric limit takes its place. None where nothing is left
    unknown, and where a single answer allows no interval.

    Examples
    --------
    >>> [round(x, 3) for x in share_of_finite(5, 13, 16)]
    [0.263, 0.522]
    >>> share_of_finite(0, 13, 16)
    (0.0, 0.125)
    """
    if not 1 < n < size:
        return None
    share = count / n
    if count in (0, n):
        # how many of the unknown could be the other way and yet leave no trace among the n
        other = np.arange(size - n + 1)
        most = int(other[stats.hypergeom.pmf(0, size, other, n) >= 0.025 - 1e-12].max()) / size
        limits = (0.0, most) if count == 0 else (1 - most, 1.0)
        return limits if most else None
    wide = math.sqrt((1 - n / size) / ((n - 1) * share * (1 - share))) * stats.t.ppf(0.975, n - 1)
    low, high = special.expit(special.logit(share) + np.array([-wide, wide]))
    return float(low), float(high)


def words(here: Population, language: Language) -> str:
    """What the numbers of a page stand for, in a few sentences."""
    return say("population/stands", language, **facts(here, language))


def facts(here: Population, language: Language) -> dict[str, Any]:
    """What the sentence ``population/stands`` says of a population."""
    return {
        "kind": here.kind,
        "stated": here.stated,
        "full": here.full,
        "size": here.size,
        "replied": here.replied,
        "others": here.others,
        "classes": [size_labels(here.classes, language)[name] for name in here.classes],
    }


def chance(here: Population, language: Language) -> str:
    """What a p-value and the interval of an effect mean here; empty where there are none."""
    if not here.tests:
        return ""
    return say("population/chance", language, drawn=here.kind in {"class", "beyond"})


def bounds_words(here: Population, language: Language) -> str:
    """What bounds and interval of a share mean; empty where neither can be given."""
    if here.size is None or not here.finite:
        return ""
    return say("population/bounds", language, invited=here.kind == "invited")


def beside(
    here: Population, count: int, n: int, language: Language, size: int | None = None
) -> str:
    """What is given in brackets beside a share: its bounds, its interval, both, or nothing.

    Examples
    --------
    >>> beside(Population("invited", True, 16, 15), 5, 13, "en")
    '31% to 50% of all 16 invited, finite-population 95 % interval 26% to 52%'
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


@dataclass(frozen=True)
class Described:
    """A hypothesis with the effects that the answers of all municipalities show.

    Effects are Cliff's delta (two groups) or Kendall's tau-b (two values), -1 to 1: `overall` among
    all pairs, `same_size` among pairs of one size class, `same_home` among those of one size class
    and prefecture; NaN where there is no such pair. `icc`: intraclass correlation of the value
    within prefectures, size classes taken out; `design`: its design effect.
    """

    hypothesis: Hypothesis
    overall: float
    same_size: float
    same_home: float
    icc: float
    design: float
    n: tuple[int, ...]

    @property
    def effect(self) -> float:
        """The effect that is put into words: among municipalities of one size where there is."""
        return self.overall if np.isnan(self.same_size) else self.same_size

    @property
    def word(self) -> hypotheses.Word:
        """How large the difference is, in the direction that was expected or the other."""
        if np.isnan(self.effect) or min(self.n) < hypotheses.FEWEST:
            return "not testable"
        towards = self.effect * self.hypothesis.expected
        small, medium, large = SIZES
        if abs(towards) < small:
            return "negligible"
        if towards < 0:
            return "reverse"
        return "small" if towards < medium else "medium" if towards < large else "large"

    @property
    def turns(self) -> bool:
        """Whether an effect has another sign within size classes or prefectures than overall."""
        known = [e for e in (self.overall, self.same_size, self.same_home) if not np.isnan(e)]
        return min(known) < 0 < max(known) if known else False


def describe(
    codebook: Codebook, responses: pd.DataFrame, size_class: pd.Series, prefecture: pd.Series
) -> list[Described]:
    """Each hypothesis of a codebook in the answers of all municipalities (index: their codes)."""
    size = size_class.reindex(responses.index).astype("str").to_numpy(object)
    home = prefecture.reindex(responses.index).fillna("").astype("str").to_numpy(object)
    both = np.array([f"{a} {b}" if b else "" for a, b in zip(size, home, strict=True)], object)
    return [_describe(h, responses, size, home, both) for h in codebook.hypotheses]


def _describe(
    h: Hypothesis, responses: pd.DataFrame, size: np.ndarray, home: np.ndarray, both: np.ndarray
) -> Described:
    y = Expression(h.value).floats(responses)
    rule = h.group if h.x is None else h.x
    assert rule is not None
    x = Expression(rule).floats(responses)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    n = (len(x),) if h.x is not None else (int(x.sum()), int((1 - x).sum()))
    overall, same_size, same_home = (
        effect(x, y, strata, two_groups=h.x is None) for strata in (None, size[known], both[known])
    )
    icc = design = float("nan")
    if (home[known] != "").all():
        means = pd.Series(y).groupby(size[known]).transform("mean").to_numpy(float)
        icc, design = intraclass(y - means, home[known])
    else:
        same_home = float("nan")
    return Described(h, overall, same_size, same_home, icc, design, n)


def effect(
    x: np.ndarray, y: np.ndarray, strata: np.ndarray | None = None, *, two_groups: bool
) -> float:
    """Cliff's delta of `y` between two groups (`x` 1 and 0), or Kendall's tau-b of `x` and `y`.

    With `strata` of pairs within a stratum alone. NaN where there is no pair that differs in `x`
    (for tau-b: and in `y`).

    Examples
    --------
    >>> group, y = np.array([1.0, 1, 0, 0]), np.array([3.0, 2, 2, 1])
    >>> effect(group, y, two_groups=True)
    0.75
    >>> effect(group, y, np.array(["a", "b", "a", "b"]), two_groups=True)
    1.0
    """
    labels = np.zeros(len(x), int) if strata is None else np.unique(strata, return_inverse=True)[1]
    agree = in_x = in_y = 0
    for stratum in range(labels.max(initial=-1) + 1):
        part = labels == stratum
        a, b = (np.sign(v[part][:, None] - v[part]).astype(np.int8) for v in (x, y))
        agree, in_x, in_y = (
            agree + int((a * b).sum(dtype=np.int64)),
            in_x + int(np.abs(a).sum(dtype=np.int64)),
            in_y + int(np.abs(b).sum(dtype=np.int64)),
        )
    below = float(in_x) if two_groups else float(np.sqrt(in_x * in_y))
    return agree / below if below else float("nan")


def intraclass(y: np.ndarray, groups: Any) -> tuple[float, float]:
    """Intraclass correlation of `y` in `groups` (one-way analysis of variance), design effect.

    The design effect is 1 + (m - 1) ICC with the mean size m of a group (Donner 1986; Kish 1965).
    NaN where there is one group, or no group of two.

    Examples
    --------
    >>> [round(x, 3) for x in intraclass(np.array([1.0, 2, 5, 6]), list("aabb"))]
    [0.939, 1.939]
    """
    parts = pd.Series(np.asarray(y, float)).groupby(np.asarray(groups, object))
    sizes = parts.size().to_numpy(float)
    n, k = sizes.sum(), len(sizes)
    if not 1 < k < n:
        return float("nan"), float("nan")
    means = parts.mean().to_numpy(float)
    between = float((sizes * (means - np.mean(y)) ** 2).sum() / (k - 1))
    within = float(((np.asarray(y) - parts.transform("mean")) ** 2).sum() / (n - k))
    size = (n - (sizes**2).sum() / n) / (k - 1)
    below = between + (size - 1) * within
    icc = float((between - within) / below) if below else float("nan")
    return icc, float(1 + (n / k - 1) * icc)
