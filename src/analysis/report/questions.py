"""04_hypotheses: the questions of the working group and what the answers allow to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis import hypotheses, plots
from analysis.expression import Expression
from analysis.hypotheses import WORDS, Tested
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table, escape
from analysis.report.shown import group_may_be_told, protects
from analysis.survey import Survey

UNTOLD = ("not testable", "withheld")  # what has no numbers


def run(survey: Survey, *, seed: int = 20191003) -> list[Tested]:
    """Test the codebook's hypotheses on this wave."""
    classes = survey.register["size_class"].reindex(survey.responses.index)
    found = hypotheses.run(survey.codebook, survey.responses, classes, seed=seed)
    return [r if _may_be_told(survey, r) else replace(r, word="withheld") for r in found]


def _may_be_told(survey: Survey, r: Tested) -> bool:
    """Whether a result leaves the number in the group open, where small numbers are protected."""
    return r.hypothesis.group is None or group_may_be_told(
        survey, r.hypothesis.group, hypotheses.FEWEST
    )


def _protected(survey: Survey, r: Tested) -> bool:
    """Whether the statistics of a hypothesis must be coarse, by the questions that it is about."""
    rules = (r.hypothesis.group, r.hypothesis.x, r.hypothesis.value)
    names = {name for rule in rules if rule for name in Expression(rule).names}
    asked = [q for q in survey.codebook if names & {q.id, *q.variables}]
    return protects(survey, *asked)


def answer(survey: Survey, results: list[Tested]) -> Answer:
    """What became of the primary ones."""
    primary = [r for r in results if r.hypothesis.primary]
    if not primary:
        return Answer(
            survey.pick(
                f"この調査のコードブック（{survey.codebook.id}）には仮説が登録されていない。",
                f"The codebook of this wave ({survey.codebook.id}) states no hypotheses.",
            )
        )
    counts = [sum(r.word == word for r in primary) for word in WORDS]
    listed = [
        survey.pick(f"{WORDS[word].ja}もの{count}件", f"{count} {WORDS[word].en}")
        for word, count in zip(WORDS, counts, strict=True)
        if count
    ]
    return Answer(
        survey.pick(
            f"事前に定めた主要な仮説{len(primary)}件のうち、{'、'.join(listed)}。",
            f"Of the {len(primary)} hypotheses fixed beforehand as primary: {', '.join(listed)}.",
        ),
        survey.pick("因果関係を示すものではない。", "None shows a cause."),
    )


def table(survey: Survey, results: list[Tested]) -> Table | NotAvailable:
    """Each hypothesis with effect, interval, p-value and the words that these allow."""
    if not results:
        return NotAvailable("hypotheses", answer(survey, results).text)
    coarse = all(_protected(survey, r) for r in results)
    rows = [
        {
            "": f"{r.hypothesis.id} {_kind(survey, r)}",
            survey.pick("仮説", "hypothesis"): r.hypothesis.text[survey.language],
            survey.pick("言えること", "what may be said"): WORDS[r.word][survey.language],
            survey.pick("比べたもの", "what is compared"): r.hypothesis.compares[survey.language],
            "n": _sizes(survey, r),
            survey.pick("効果", "effect")
            + ("" if coarse else survey.pick("（95％区間）", " (95 %)")): _effect(survey, r),
            survey.pick("もとの単位での差", "in its unit"): _shift(survey, r),
            survey.pick("p値", "p"): _p(survey, r),
        }
        for r in results
    ]
    frame = pd.DataFrame(rows)
    unit = survey.pick("もとの単位での差", "in its unit")
    if (frame[unit] == "—").all():  # all within size classes, or an edition that hides it
        frame = frame.drop(columns=unit)
    return survey.gallery.table(
        frame,
        "hypotheses",
        title=survey.pick("仮説と根拠", "Hypotheses and evidence"),
        n=survey.n,
        notes=[
            survey.pick(
                "効果は−1～1。2群の比較はCliffのデルタ、2つの値の関連はKendallのタウb。"
                "p値は並べ替え検定。主要な仮説はそのまま、探索的な仮説はHolm法で補正した値。",
                "Effects run from -1 to 1: Cliff's delta for two groups, Kendall's tau-b for two "
                "values. Permutation tests; exploratory p-values carry Holm's correction.",
            ),
            survey.pick(
                "nは2群なら「該当／その他」。「もとの単位での差」は2群の差のHodges–Lehmann推定値と"
                "正確な95％区間（規模区分内の比較では示さない）。infはnが小さく区間の端が定まらないもの。",
                "n of two groups: belonging / others. Difference in its unit: Hodges-Lehmann with "
                "its exact 95 % interval (not within size classes); inf: n too small for an end.",
            ),
            survey.pick(
                "「示唆」は予想どおりの向きでp≦0.05、「例示」は予想どおりの向きで効果0.3以上。",
                "Suggested: in the expected direction with p up to 0.05. Illustrated: an effect of "
                "at least 0.3 in that direction.",
            ),
        ],
    )


def figure(survey: Survey, results: list[Tested]) -> Figure | NotAvailable:
    """All effects with their intervals on one scale."""
    shown = [
        r
        for r in results
        if not np.isnan(r.effect) and r.word not in UNTOLD and not _hides(survey, r)
    ]
    if not shown:
        return NotAvailable("effects", answer(survey, results).text)
    frame = pd.DataFrame(
        {
            "estimate": [r.effect for r in shown],
            "low": [r.low for r in shown],
            "high": [r.high for r in shown],
        },
        index=[_row_label(survey, r) for r in shown],
    ).round(4)
    coarse = np.array([_protected(survey, r) for r in shown])
    frame = frame.round(1).where(coarse[:, None], frame) + 0.0  # no -0.0
    ax = plots.plot_intervals(
        frame,
        label=survey.pick("効果（−1～1、95％区間）", "Effect (-1 to 1, 95 % interval)"),
        language=survey.language,
    )
    strongest = frame["estimate"].abs().idxmax()
    return survey.gallery.show(
        ax,
        "effects",
        title=survey.pick("仮説ごとの効果と区間", "Effects and intervals of the hypotheses"),
        alt=survey.pick(
            f"仮説ごとの効果の推定値と95％区間。最も大きいのは{strongest}の"
            f"{frame.loc[strongest, 'estimate']:.2f}。",
            f"Estimated effects with 95 % intervals; largest: {strongest}, "
            f"{frame.loc[strongest, 'estimate']:.2f}.",
        ),
        n=survey.n,
        denominator=survey.pick(
            "回答団体（各仮説のnは表を参照）", "replies; n of each in the table"
        ),
        data=frame.reset_index(names="hypothesis"),
        key=True,
    )


def _row_label(survey: Survey, r: Tested) -> str:
    """Kind, id, what is compared and, where a negative effect is expected, that it is."""
    negative = (
        survey.pick("（予想は負）", " (expected: negative)") if r.hypothesis.expected < 0 else ""
    )
    kind, compared = _kind(survey, r), r.hypothesis.compares[survey.language]
    return survey.pick("【{}】", "[{}] ").format(kind) + f"{r.hypothesis.id} {compared}{negative}"


def topics(survey: Survey, results: list[Tested]) -> Table | NotAvailable:
    """Each topic of the discussion, what this wave says on it, or that it cannot."""
    if not any(r.hypothesis.topic for r in results):
        return NotAvailable("topics", answer(survey, results).text)
    rows = []
    for topic, text in hypotheses.TOPICS.items():
        mine = [r for r in results if r.hypothesis.topic == topic]
        asked = survey.pick("、", ", ").join(
            f"{r.hypothesis.id}（{_kind(survey, r)}）"
            if survey.language == "ja"
            else f"{r.hypothesis.id} ({_kind(survey, r)})"
            for r in mine
        )
        said = survey.pick("、", ", ").join(
            f"{r.hypothesis.id} {WORDS[r.word][survey.language]}" for r in mine
        )
        rows.append(
            {
                survey.pick("議論の論点", "topic of the discussion"): text[survey.language],
                survey.pick("確かめた仮説", "hypotheses"): asked or "—",
                survey.pick("言えること", "what may be said"): said
                or survey.pick(
                    "この調査の設問では確かめられない", "the questions of this wave cannot tell"
                ),
            }
        )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "topics",
        title=survey.pick("論点ごとの結果", "Results by topic"),
        n=survey.n,
        notes=[
            survey.pick(
                "論点は2019年10月3日の研究会議事概要による。同じ論点を全国の表で確かめるときは、規模区分の中で比べる。",
                "Topics: minutes of the working group, 2019-10-03. The national table is compared "
                "within size classes.",
            )
        ],
    )


def words(survey: Survey, results: list[Tested]) -> Prose:
    """Each hypothesis in a sentence, with its caution."""
    lines = []
    for r in results:
        text = escape(r.hypothesis.text[survey.language])
        said, n = WORDS[r.word][survey.language], _sizes(survey, r)
        caution = r.hypothesis.caution
        more = survey.pick("", " ") + escape(caution[survey.language]) if caution else ""
        if r.word == "withheld":
            lines.append(
                survey.pick(
                    f"- **{r.hypothesis.id}** 「{text}」は、個々の団体の回答が分かるため"
                    "この版では示さない。",
                    f'- **{r.hypothesis.id}** "{text}": not in this edition, since it would tell '
                    "answers of single respondents.",
                )
            )
            continue
        if r.word == "not testable":
            fewest = hypotheses.FEWEST
            lines.append(
                survey.pick(
                    f"- **{r.hypothesis.id}** 「{text}」は{said}"
                    f"（{n}。比べるには{fewest}団体以上が要る）。",
                    f'- **{r.hypothesis.id}** "{text}": {said} '
                    f"({n}; at least {fewest} are needed).",
                )
            )
            continue
        lines.append(
            survey.pick(
                f"- **{r.hypothesis.id}** 「{text}」は{said}（効果{_effect(survey, r)}、{n}、"
                f"{_p_words(survey, r)}）。{more}",
                f'- **{r.hypothesis.id}** "{text}": {said} (effect {_effect(survey, r)}, '
                f"{n}, {_p_words(survey, r)}).{more}",
            )
        )
    lines.append("")
    lines.append(
        survey.pick(
            "**因果関係を述べない理由** 一時点の調査で、どちらが先かが分からない。規模や財政力など"
            "共通の背景が両方に効いている可能性を除けない。主要な仮説は事前に定めたが、団体を無作為に分けた"
            "比較ではない。",
            "**Why no causal claim** All is from one point in time, so what came first is unknown; "
            "a common background such as size or means may drive both sides; and nobody assigned "
            "the municipalities at random, even where the hypothesis was fixed beforehand.",
        )
    )
    return Prose("\n".join(lines))


def _kind(survey: Survey, r: Tested) -> str:
    return (
        survey.pick("主要", "primary")
        if r.hypothesis.primary
        else survey.pick("探索", "exploratory")
    )


def _sizes(survey: Survey, r: Tested) -> str:
    if _hides(survey, r) or r.word == "withheld":
        return "n: —"
    if _protected(survey, r):  # those of each group would be the totals of single answers
        return f"n={sum(r.n):,}"
    return "n=" + "/".join(f"{size:,}" for size in r.n)


def _hides(survey: Survey, r: Tested) -> bool:
    """Whether a group is so small that its effect would tell the answer of one or two."""
    outside = survey.audience != "internal" and not survey.wave.named
    return outside and (not r.n or min(r.n) < hypotheses.FEWEST)


def _effect(survey: Survey, r: Tested) -> str:
    if r.word in UNTOLD or _hides(survey, r):
        return "—"
    if _protected(survey, r):  # exact ones of few answers could be reckoned back to counts
        return f"{round(r.effect, 1) + 0:+.1f}"  # + 0: no -0.0
    return f"{r.effect:+.2f} ({r.low:+.2f}, {r.high:+.2f})"


def _shift(survey: Survey, r: Tested) -> str:
    if r.shift is None or r.word in UNTOLD or _protected(survey, r) or _hides(survey, r):
        return "—"
    return f"{r.shift.estimate:+.2g} ({r.shift.low:+.2g}, {r.shift.high:+.2g})"


def _p(survey: Survey, r: Tested) -> str:
    if r.word in UNTOLD or _hides(survey, r):
        return "—"
    if _protected(survey, r):
        return "≦0.05" if r.p_holm <= hypotheses.ALPHA else ">0.05"
    return "<0.001" if r.p_holm < 0.001 else f"{r.p_holm:.3f}"


def _p_words(survey: Survey, r: Tested) -> str:
    said = _p(survey, r)
    return f"p{said}" if said[0] in "<>≦" else f"p={said}"
