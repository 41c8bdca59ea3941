"""One paragraph that says how far the types can be trusted, computed from the evidence.

Four answers are possible, and "no separated types" is as good an answer as any: clear types,
tentative types, a gradient rather than types, no separated types. The rules are few; where they
come from is in docs/method.md, and their rate of false alarms on surveys without types is measured
by benchmarks/bench_verdict.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

Level = Literal["clear", "tentative", "gradient", "none"]
Basis = Literal["none", "gradient", "strata"]

ALPHA = 0.05
ALPHA_ON_A_LINE = 0.02  # a cut gradient must be told from two groups: stricter
STABLE, DOUBTFUL = 0.75, 0.60  # bootstrap Jaccard, as R's fpc reads it (Hennig 2007)
WEAK = 0.25  # average silhouette below: no substantial structure (Kaufman & Rousseeuw 1990)
REASONABLE = 0.50  # average silhouette asked of types that lie on one line
MOSTLY_GRADIENT = 0.60  # share of the structure on one axis
HALF = 0.50  # with two axes alike each has this share: above it there is one gradient
CORE_SHARE = 0.50  # share of units that stay with their type whatever the choices
SMALLEST_TYPE = 3
BASIS: dict[str, dict[str, str]] = {
    "none": {"ja": "", "en": ""},
    "gradient": {
        "ja": "【最も大きな連続的な違いを除いた類型】",
        "en": "[Types with the main gradient taken out]",
    },
    "strata": {
        "ja": "【規模などの区分による差を除いた類型】",
        "en": "[Types within strata such as size classes]",
    },
}


CRITERIA: dict[str, dict[str, str]] = {
    "gap": {"ja": "偶然との差", "en": "the gap beyond chance"},
    "stability": {"ja": "安定性", "en": "stability"},
    "bic": {"ja": "潜在クラスのBIC", "en": "the BIC of latent classes"},
}


@dataclass(frozen=True)
class Evidence:
    """What the verdict weighs.

    Attributes
    ----------
    n : units. made : groups that they were put into. unplaced : units in groups of fewer than
        `SMALLEST_TYPE`.
    stability : bootstrap Jaccard of each named type.
    silhouette : average silhouette of the units placed.
    null_p : how often surveys look this good that have independent features (within the strata
        that were taken out; or, where the gradient was taken out, nothing but a gradient).
    continuum_p : how often type-free surveys with the same correlations look this good.
    least_p : the least that either can be, by the number of surveys drawn.
    gradient_share : share of the structure that is one gradient; gradient_interval : 95 %.
    core_share : share of units that stay with their type through the multiverse; None: not run.
    adoption : whether that gradient is a level (all features rise together), not a contrast.
    basis : what was taken out of the answers beforehand: nothing, the gradient or the strata.
    most_tried : greatest number of groups that was tried; 0: their number was asked for.
    criteria : number of types that each other criterion would choose.
    """

    n: int
    unplaced: int
    stability: Mapping[int, float]
    silhouette: float
    null_p: float
    continuum_p: float
    gradient_share: float
    gradient_interval: tuple[float, float] = (0.0, 1.0)
    core_share: float | None = None
    adoption: bool = True
    basis: Basis = "none"
    least_p: float = 0.01
    made: int = 2
    most_tried: int = 0
    criteria: Mapping[str, int] = field(default_factory=dict)

    @property
    def stable(self) -> list[int]:
        """Types whose bootstrap Jaccard is above `STABLE`."""
        return [t for t, j in self.stability.items() if j > STABLE]

    @property
    def unstable(self) -> list[int]:
        """Types whose bootstrap Jaccard is below `DOUBTFUL`."""
        return [t for t, j in self.stability.items() if not j >= DOUBTFUL]

    @property
    def leans_to_a_line(self) -> bool:
        """Whether more than half of the structure seems to be one gradient."""
        return self.gradient_share >= MOSTLY_GRADIENT

    @property
    def on_a_line(self) -> bool:
        """Whether it is so for sure: the interval of the share lies above one half."""
        return self.leans_to_a_line and self.gradient_interval[0] > HALF

    @property
    def at_the_edge(self) -> bool:
        """Whether more groups were not tried although this many, the most tried, look best."""
        return self.made == self.most_tried

    @property
    def beyond_continuum(self) -> bool:
        """Whether a continuum with the same correlations is ruled out."""
        return self.continuum_p <= (ALPHA_ON_A_LINE if self.leans_to_a_line else ALPHA)


@dataclass(frozen=True)
class Verdict:
    """The answer: its level and one paragraph in each language."""

    level: Level
    text: dict[str, str]


def judge(evidence: Evidence) -> Verdict:
    """Weigh the evidence.

    * **clear**: independent features and a continuum are ruled out (p at most 0.05), every type is
      stable (Jaccard above 0.75), the silhouette at least 0.25, and, where the multiverse was run,
      at least half of the units stay in their type whatever the choices, and the number of types
      is not the largest tried. Where 60 % of the structure or more seem to be one gradient, more
      is asked: p 0.02 and a silhouette of 0.50.
    * **tentative**: both are ruled out, but another of these conditions fails.
    * **gradient**: independent features are ruled out, a continuum is not (or some type on the line
      is unstable), and at least 60 % of the structure are one gradient, for sure more than half.
    * **none**: the rest, or fewer than two types can be named.

    Examples
    --------
    >>> judge(Evidence(15, 0, {1: 0.9, 2: 0.85}, 0.6, 0.01, 0.01, 0.4)).level
    'clear'
    >>> judge(Evidence(1733, 0, {1: 0.76, 2: 0.47}, 0.24, 0.01, 0.01, 0.7, (0.6, 0.8))).level
    'gradient'
    >>> print(judge(Evidence(15, 1, {1: 0.5, 2: 0.4}, 0.2, 0.4, 0.5, 0.0)).text["en"])
    No separated types can be shown (n=15). Surveys of independent items separate into groups as \
well (p=0.40). This does not say that the respondents are alike or that their answers are \
unrelated. The groups below describe these respondents only and are not types.
    """
    level = _level(evidence)
    said = BASIS[evidence.basis]
    ja, en = zip(*_sentences(level, evidence), strict=True)
    text = {"ja": said["ja"] + "".join(ja), "en": " ".join([said["en"], *en]).strip()}
    return Verdict(level, text)


def _level(e: Evidence) -> Level:
    if e.null_p > ALPHA or len(e.stability) < 2:
        return "none"
    if e.beyond_continuum and not (e.on_a_line and e.unstable):
        convincing = e.silhouette >= (REASONABLE if e.leans_to_a_line else WEAK)
        robust = e.core_share is None or e.core_share >= CORE_SHARE
        stable = len(e.stable) == len(e.stability)
        sure = stable and convincing and robust and not e.at_the_edge
        return "clear" if sure else "tentative"
    return "gradient" if e.on_a_line else "none"


def other_draws(
    evidence: Evidence, *, drawn: tuple[int, int], jaccard_se: Mapping[int, float]
) -> list[Level]:
    """The other levels that the same answers may be given by other random draws.

    Each number that rests on random draws (two p-values, the stability of each type) is moved by
    one standard error of its simulation, down and up; a level that this changes is borderline.

    Parameters
    ----------
    drawn : surveys drawn for ``null_p`` and for ``continuum_p``. jaccard_se : standard error of
        the stability by type.

    Examples
    --------
    >>> sure = Evidence(1741, 0, {1: 0.9, 2: 0.85}, 0.3, 0.01, 0.03, 0.4)
    >>> other_draws(sure, drawn=(99, 99), jaccard_se={1: 0.01, 2: 0.01})
    []
    >>> other_draws(sure, drawn=(49, 49), jaccard_se={1: 0.01, 2: 0.01})
    ['none']
    """
    moved = []
    for sign in (-1, 1):
        for name, n in zip(("null_p", "continuum_p"), drawn, strict=True):
            p = getattr(evidence, name)
            at = p + sign * (p * (1 - p) / max(n, 1)) ** 0.5
            moved.append(replace(evidence, **{name: max(at, evidence.least_p)}))
        for kind, j in evidence.stability.items():
            at = j + sign * jaccard_se.get(kind, 0.0)
            moved.append(replace(evidence, stability={**evidence.stability, kind: at}))
    own = _level(evidence)
    return [level for level in get_args(Level) if level in {*map(_level, moved)} - {own}]


def _sentences(level: Level, e: Evidence) -> Iterator[tuple[str, str]]:
    """The sentences of the paragraph, each in Japanese and in English."""
    if level == "none":
        yield from _nothing(e)
        return
    k = len(e.stability)
    yield {
        "clear": (
            f"{k}つの類型がはっきり分かれている（n={e.n:,}）。",
            f"There are {k} clear types (n={e.n:,}).",
        ),
        "tentative": (
            f"{k}つの類型は暫定的なものである（n={e.n:,}）。",
            f"The {k} types are tentative (n={e.n:,}).",
        ),
        "gradient": (
            f"類型というより、連続的な度合いの違いである（n={e.n:,}）。",
            f"This is a gradient rather than types (n={e.n:,}).",
        ),
    }[level]
    yield from _number(level, e)
    yield from _axis(level, e)
    yield from _support(e)
    if level != "clear" and e.silhouette < WEAK:
        yield (
            f"類型どうしの離れ方は弱い（平均シルエット{e.silhouette:.2f}）。",
            f"The types lie close together (average silhouette {e.silhouette:.2f}).",
        )
    if e.core_share is not None:
        core = f"{100 * e.core_share:.0f}"
        yield (
            "分析のしかた（測り方・手法・類型の数など）を変えても、3分の2以上の分析で自分の類型にとどま"
            f"り、次に近い類型と見分けられるのは{core}％の団体である。",
            f"{core} % of the respondents stay with their type in at least two thirds of all "
            "defensible analyses, well ahead of the next type.",
        )
    if e.unplaced:
        is_are = "respondent is" if e.unplaced == 1 else "respondents are"
        yield (
            f"{e.unplaced}団体は、まとまりが{SMALLEST_TYPE}団体に満たず未分類である。",
            f"{e.unplaced} {is_are} unplaced, in groups smaller than {SMALLEST_TYPE}.",
        )


def _number(level: Level, e: Evidence) -> Iterator[tuple[str, str]]:
    """What speaks against the number of types, where types are claimed."""
    if level == "gradient":
        return
    if e.at_the_edge:
        yield (
            f"最もよく分かれたのは{e.made}グループに分けたときで、これは試した数の上限である。類型の数は"
            "定まっていない。",
            f"The best division, into {e.made} groups, is the largest tried: the number of types "
            "is not settled.",
        )
    others = {name: k for name, k in e.criteria.items() if k != e.made}
    if others:
        ja = "、".join(f"{CRITERIA[name]['ja']}では{k}つ" for name, k in others.items())
        en = ", ".join(f"{CRITERIA[name]['en']} ({k})" for name, k in others.items())
        yield (
            f"別の数のほうがよいとする目安もある（{ja}）。",
            f"Other criteria favour another number: {en}.",
        )


def _axis(level: Level, e: Evidence) -> Iterator[tuple[str, str]]:
    """How much of the structure is one gradient."""
    if e.basis == "gradient" and level != "gradient":
        return
    low, high = (f"{100 * end:.0f}" for end in e.gradient_interval)
    ja = f"{100 * e.gradient_share:.0f}％（95％区間{low}～{high}％）"
    en = f"{100 * e.gradient_share:.0f} % (95 % interval {low} to {high} %)"
    level_axis = e.adoption and e.basis != "gradient"
    if level == "gradient":
        yield (
            f"偶然を超える違いのうち{ja}は"
            f"{'「どれだけ取り組んでいるか」という' if level_axis else ''}1本の軸で説明でき、"
            f"{len(e.stability)}つの区分はその軸上の区切りとして読むのが適切である。",
            f"{en} of the structure beyond chance lies on one axis"
            f"{', how much is done' * level_axis}; the {len(e.stability)} groups are best read as "
            "sections of that axis.",
        )
    elif e.adoption:
        yield (
            f"偶然を超える違いのうち{ja}は「どれだけ取り組んでいるか」の差で、残りは取り組み方の"
            "違いである。",
            f"{en} of the structure beyond chance is how much is done, the rest how.",
        )
    else:
        yield (
            f"偶然を超える違いのうち{ja}は1本の軸で説明できる。",
            f"{en} of the structure beyond chance lies on one axis.",
        )


def _nothing(e: Evidence) -> Iterator[tuple[str, str]]:
    """Why no types are claimed: what was tested, and what that does not say."""
    yield (
        f"はっきり分かれた類型があるとは言えない（n={e.n:,}）。",
        f"No separated types can be shown (n={e.n:,}).",
    )
    p, smooth = _p(e.null_p, e), _p(e.continuum_p, e)
    if len(e.stability) < 2:
        named = len(e.stability)
        many = "1つしかない" if named else "ない"
        yield (
            f"{e.made}つに分けると、{SMALLEST_TYPE}団体以上のグループは{many}。",
            f"Of the {e.made} groups made, {'only one has' if named else 'none has'} at least "
            f"{SMALLEST_TYPE} members.",
        )
    elif e.null_p > ALPHA:
        yield {
            "none": (
                f"項目どうしに関係のない調査でも、同じ程度以上に分かれて見えることがある（{p['ja']}）。",
                f"Surveys of independent items separate into groups as well ({p['en']}).",
            ),
            "strata": (
                "それぞれの区分の中で項目どうしに関係のない調査でも、同じ程度以上に分かれて見えることが"
                f"ある（{p['ja']}）。",
                "Surveys whose items are independent within each stratum separate into groups as "
                f"well ({p['en']}).",
            ),
            "gradient": (
                "1本の連続的な軸のほかに違いのない調査でも、その軸を除くと同じ程度以上に分かれて見えるこ"
                f"とがある（{p['ja']}）。",
                "Surveys with nothing but one gradient separate into groups as well once it is "
                f"taken out ({p['en']}).",
            ),
        }[e.basis]
    else:
        yield (
            f"項目どうしに関係のない調査よりはまとまって見えるが（{p['ja']}）、同じ相関をもち境目のない"
            f"連続的な分布でも、同じ程度以上に分かれて見えることがある（{smooth['ja']}）。",
            f"They separate more than surveys of independent items do ({p['en']}), but a smooth "
            f"distribution with the same correlations separates as well ({smooth['en']}).",
        )
    yield (
        "これは、団体がみな同じであることも、回答どうしに関係がないことも意味しない。以下のグループ分けは"
        "回答した団体の記述にとどまり、類型ではない。",
        "This does not say that the respondents are alike or that their answers are unrelated. The "
        "groups below describe these respondents only and are not types.",
    )


def _p(p: float, e: Evidence) -> dict[str, str]:
    """A p-value; beside the least that can be attained, that it is so."""
    if p > e.least_p + 1e-9:
        return dict.fromkeys(("ja", "en"), f"p={p:.2f}")
    drawn = round(1 / e.least_p) - 1
    return {
        "ja": f"p={p:.2f}、{drawn}回の比較で取りうる最小の値",
        "en": f"p={p:.2f}, the least that {drawn} draws can give",
    }


def _support(e: Evidence) -> Iterator[tuple[str, str]]:
    """Whether the types come back, and whether a continuum is ruled out."""
    p = _p(e.continuum_p, e)
    doubtful = e.unstable or [t for t in e.stability if t not in e.stable]
    ja, listed = ("・".join(map(str, doubtful)), ", ".join(map(str, doubtful)))
    many = len(doubtful) > 1
    en = f"types {listed} do" if many else f"type {listed} does"
    sure = f"types {listed} come" if many else f"type {listed} comes"
    if len(e.stable) == len(e.stability):
        yield (
            "どの類型も、団体を入れ替えて繰り返しても安定して再現される。",
            "Every type comes back when the respondents are resampled.",
        )
    elif e.unstable:
        yield (
            f"団体を入れ替えて繰り返すと、類型{ja}は再現されない（Jaccard係数{DOUBTFUL:.2f}未満）。",
            f"When the respondents are resampled, {en} not come back "
            f"(Jaccard below {DOUBTFUL:.2f}).",
        )
    else:
        yield (
            f"団体を入れ替えて繰り返すと、類型{ja}の再現は不確かである（Jaccard係数{STABLE:.2f}以下）。",
            f"When the respondents are resampled, it is doubtful whether {sure} back "
            f"(Jaccard at most {STABLE:.2f}).",
        )
    if e.beyond_continuum:
        yield (
            f"同じ相関をもち境目のない連続的な分布では、これほど分かれて見えることはまれである（{p['ja']}）。",
            "A smooth distribution with the same correlations seldom separates this well "
            f"({p['en']}).",
        )
    elif e.continuum_p <= ALPHA:
        yield (
            "1本の軸に並ぶ区分を類型と呼ぶには、連続的な分布との違いがより確かでなければならない"
            f"（{p['ja']}、基準は{ALPHA_ON_A_LINE:.2f}以下）。",
            "Sections of one axis are called types only when a smooth distribution is ruled out "
            f"more surely ({p['en']}, asked for: {ALPHA_ON_A_LINE:.2f}).",
        )
    else:
        yield (
            f"境目のない連続的な分布でも同じ程度以上に分かれて見えることがあるため（{p['ja']}）、団体間に"
            "明確な境目があるとは言えない。",
            f"A smooth distribution without boundaries can separate as well ({p['en']}), so no "
            "sharp boundary between respondents can be claimed.",
        )
