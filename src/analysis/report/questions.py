"""04_hypotheses: the questions of the working group and what the answers allow to say."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.codebook.rules import Expression
from analysis.edition import group_may_be_told, prose, protects
from analysis.figures import plots
from analysis.report import full_count
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import hypotheses, inference, population, registration
from analysis.stats.hypotheses import WORDS, Tested
from analysis.stats.population import Described
from analysis.stats.registration import Deviation, Registration
from analysis.survey import Survey
from analysis.text import escape

Results = Sequence[Tested] | Sequence[Described]
UNTOLD = ("not testable", "withheld")  # what has no numbers


def run(survey: Survey, *, seed: int = 20191003) -> list[Tested] | list[Described]:
    """Test the codebook's hypotheses on this wave; of a full count describe them."""
    if not survey.population.tests:
        return full_count.run(survey)
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


def answer(survey: Survey, results: Results) -> Answer:
    """What became of the primary ones."""
    if not survey.population.tests and results:
        return full_count.answer(survey, _parts(results)[0])
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
            f"主要な仮説{len(primary)}件のうち、{'、'.join(listed)}。",
            f"Of the {len(primary)} primary hypotheses: {', '.join(listed)}.",
        ),
        survey.pick("因果関係を示すものではない。", "None shows a cause."),
    )


def registered(survey: Survey) -> Prose:
    """When the primary hypotheses were put on record, and how they differ from it now."""
    if not any(h.primary for h in survey.codebook.hypotheses):
        return Prose("")
    found = registration.read(survey.wave.name)
    if found is None:
        return prose(
            survey,
            "**登録なし** 主要な仮説は登録されておらず、回答を見る前に定めたことを示す記録はない。",
            "**Not registered** Nothing is on record for the primary hypotheses of this wave, so "
            "nothing shows that they were stated before the answers were seen.",
        )
    differ = registration.deviations(found, survey.codebook)
    lines = [_deviation(survey, one) for one in differ]
    if not found.intact:
        edited = survey.pick(
            "- **登録の記録が書き換えられている**（ハッシュ値が内容と一致しない）。",
            "- **The record was edited**: its hash is not that of its text.",
        )
        lines.insert(0, edited)
    unchanged = survey.pick(
        "登録した後に、主要な仮説とそれが用いる設問の定義は変わっていない。",
        " Neither they nor the questions that they use have been changed since.",
    )
    return Prose("\n".join([_on_record(survey, found) + ("" if lines else unchanged), "", *lines]))


def _on_record(survey: Survey, found: Registration) -> str:
    """The date of the lock, and whether it is older than the answers."""
    count, day, first = len(found.hypotheses), found.date.isoformat(), found.first_reply
    said = survey.pick(
        f"**登録** 主要な仮説{count}件は、{found.replies:,}団体の回答を整理した{day}に登録した"
        f"（SHA-256 `{found.sha256[:12]}`）。",
        f"**Registered** The {count} primary hypotheses were put on record on {day}, when "
        f"{found.replies:,} replies had been cleaned (SHA-256 `{found.sha256[:12]}`). ",
    )
    if found.before_replies:
        return said + survey.pick(
            f"最初の回答（{first}）より前であり、回答を見て選んだものではない。",
            f"That was before the first reply ({first}): they were not chosen by the answers.",
        )
    if first is not None:
        return said + survey.pick(
            f"最初の回答（{first}）より前ではないため、回答を見る前に定めたことをこの記録は示さない。",
            f"That was not before the first reply ({first}), so the record does not show that "
            "they were stated before the answers were seen.",
        )
    return said + survey.pick(
        "最初の回答の日が分からないため、回答を見る前に定めたことをこの記録は示さない。",
        "The day of the first reply is not known, so the record does not show that they were "
        "stated before the answers were seen.",
    )


def _deviation(survey: Survey, one: Deviation) -> str:
    """One departure from the record, as an item of a list."""
    if one.kind == "added":
        return survey.pick(
            f"- **登録からの逸脱** {one.id}：登録の後に主要な仮説に加えた。",
            f"- **Deviation** {one.id}: made primary after the registration.",
        )
    if one.kind == "dropped":
        return survey.pick(
            f"- **登録からの逸脱** {one.id}：登録した主要な仮説だが、今は主要な仮説ではない。",
            f"- **Deviation** {one.id}: registered as primary, but it is not primary now.",
        )
    before, after = (
        escape(textwrap.shorten(text, 100, placeholder="…") or survey.pick("（なし）", "(none)"))
        for text in (one.before, one.after)
    )
    return survey.pick(
        f"- **登録からの逸脱** {one.id}：`{one.field}` が「{before}」から「{after}」に変わった。",
        f"- **Deviation** {one.id}: `{one.field}` was changed from “{before}” to “{after}”.",
    )


def table(survey: Survey, results: Results) -> Table | NotAvailable:
    """Each hypothesis with effect, interval, p-value and the words that these allow."""
    if not results:
        return NotAvailable("hypotheses", answer(survey, results).text)
    described, tested = _parts(results)
    if described:
        return full_count.table(survey, described)
    coarse = all(_protected(survey, r) for r in tested)
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
            **_p_cells(survey, r),
        }
        for r in tested
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
                "p値は並べ替え検定。補正後p値は、主要な仮説どうし、探索的な仮説どうしでHolm法により補正した値。"
                "区間とp値は1件ごとのもので、補正していない。",
                "Effects run from -1 to 1: Cliff's delta for two groups, Kendall's tau-b for two "
                "values. Permutation tests. p (Holm) is corrected among the primary hypotheses, "
                "and among the exploratory ones. Interval and p are of the single hypothesis and "
                "not corrected.",
            ),
            # follows from the numbers in the groups
            *([] if any(_protected(survey, r) for r in tested) else [_least_words(survey, tested)]),
            survey.pick(
                "nは2群なら「該当／その他」。「もとの単位での差」は2群の差のHodges–Lehmann推定値と"
                "正確な95％区間（規模区分内の比較では示さない）。infはnが小さく区間の端が定まらないもの。",
                "n of two groups: belonging / others. Difference in its unit: Hodges-Lehmann with "
                "its exact 95 % interval (not within size classes); inf: n too small for an end.",
            ),
            survey.pick(
                "「示唆」は予想どおりの向きで補正後p値が0.05以下、「例示」は予想どおりの向きで効果0.3以上。",
                "Suggested: in the expected direction with p (Holm) up to 0.05. Illustrated: an "
                "effect of at least 0.3 in that direction.",
            ),
        ],
    )


def _least_words(survey: Survey, results: list[Tested]) -> str:
    """The least corrected p-value that each family could have had, whatever the answers."""
    said = []
    names = {True: ("主要", "primary"), False: ("探索", "exploratory")}
    for primary, (ja, en) in names.items():
        tests, least = hypotheses.least_corrected(results, primary=primary)
        if tests:
            # the sizes of the groups could be reckoned from it
            level = "≦0.05" if least <= hypotheses.ALPHA else ">0.05"
            p = level if protects(survey) else inference.p_text(least)
            said.append(survey.pick(f"{ja}{tests}件で{p}", f"{p} among {tests} {en} ones"))
    listed = survey.pick("、", ", ").join(said)
    return survey.pick(
        f"この団体数で取り得る最小の補正後p値は、{listed}。" if said else "検討できる仮説はない。",
        f"The least p (Holm) that these numbers of municipalities allow is {listed}."
        if said
        else "No hypothesis can be tested.",
    )


def figure(survey: Survey, results: Results) -> Figure | NotAvailable:
    """All effects with their intervals on one scale."""
    described, tested = _parts(results)
    if described:
        return full_count.figure(survey, described)
    shown = [
        r
        for r in tested
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
    frame.loc[coarse] = frame.loc[coarse].round(1) + 0.0  # no -0.0
    ax = plots.plot_intervals(
        frame,
        label=survey.pick(
            "効果（−1～1、1件ごとの95％区間）", "Effect (-1 to 1, 95 % interval of each alone)"
        ),
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


def topics(survey: Survey, results: Results) -> Table | NotAvailable:
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


def words(survey: Survey, results: Results) -> Prose:
    """Each hypothesis in a sentence, with its caution, and what the numbers stand for."""
    described, tested = _parts(results)
    if described:
        sizes = full_count.words(survey, described).markdown
        return Prose(f"{sizes}\n\n{_stands_for(survey)}\n\n{_no_cause(survey)}")
    lines = []
    for r in tested:
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
    return Prose("\n".join([*lines, "", _stands_for(survey), "", _no_cause(survey)]))


def _parts(results: Results) -> tuple[list[Described], list[Tested]]:
    """Those of a full count, and those of any other wave; one of the two is empty."""
    described = [r for r in results if isinstance(r, Described)]
    return described, [r for r in results if isinstance(r, Tested)]


def _stands_for(survey: Survey) -> str:
    """What the numbers, and p-values where there are any, are about."""
    head = survey.pick("**数が表すもの** ", "**What the numbers stand for** ")
    here, language = survey.population, survey.language
    said = [population.words(here, language), population.chance(here, language)]
    return head + survey.pick("", " ").join(filter(None, said))


def _no_cause(survey: Survey) -> str:
    return survey.pick(
        "**因果関係を述べない理由** 一時点の調査で、どちらが先かが分からない。規模や財政力など"
        "共通の背景が両方に効いている可能性を除けない。団体を無作為に分けた比較でもない。",
        "**Why no causal claim** All is from one point in time, so what came first is unknown; "
        "a common background such as size or means may drive both sides; and nobody assigned "
        "the municipalities at random.",
    )


def _kind(survey: Survey, r: Tested | Described) -> str:
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
    return inference.interval_text(inference.Effect(r.effect, r.low, r.high, r.p, r.n, ""))


def _shift(survey: Survey, r: Tested) -> str:
    if r.shift is None or r.word in UNTOLD or _protected(survey, r) or _hides(survey, r):
        return "—"
    if np.isnan(r.shift.estimate):
        return "—"
    return f"{r.shift.estimate:+.2g} ({r.shift.low:+.2g}, {r.shift.high:+.2g})"


def _p_cells(survey: Survey, r: Tested) -> dict[str, str]:
    """The p-value of the hypothesis alone (where nothing is protected) and the corrected one."""
    alone, corrected = survey.pick("p値", "p"), survey.pick("補正後p値", "p (Holm)")
    hidden = r.word in UNTOLD or _hides(survey, r)
    coarse = "—" if hidden else "≦0.05" if r.p_holm <= hypotheses.ALPHA else ">0.05"
    if protects(survey):
        return {corrected: coarse}
    if _protected(survey, r):
        return {alone: "—", corrected: coarse}
    return {
        alone: "—" if hidden else inference.p_text(r.p),
        corrected: "—" if hidden else inference.p_text(r.p_holm),
    }


def _p_words(survey: Survey, r: Tested) -> str:
    return survey.pick("、", ", ").join(
        f"{name}{p}" if p[0] in "<>≦" else f"{name}={p}" for name, p in _p_cells(survey, r).items()
    )
