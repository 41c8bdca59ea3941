"""07_refresh_diff: what changed since another wave, among those that answered both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pandas as pd

from analysis.codebook.wave import Wave
from analysis.codebook.yaml_file import earlier
from analysis.edition import absent, kept_back, protects
from analysis.errors import InputError
from analysis.figures import plots
from analysis.report import types
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import changes
from analysis.stats.changes import Movers, least_corrected
from analysis.stats.inference import ALPHA, interval_text, p_text
from analysis.survey import Survey
from analysis.text import escape
from analysis.typology.study import Typology


@dataclass(frozen=True)
class Pair:
    """Two waves of one codebook with all that was compared."""

    before: Survey
    after: Survey
    shares: pd.DataFrame
    scales: pd.DataFrame
    movers: Movers | NotAvailable
    found: tuple[Typology | NotAvailable, Typology | NotAvailable]


def needs(name: str, *, single: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An output of a pair of waves; without one, or where it may not be shown, it says why.

    `single`: it shows how single municipalities changed.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def shown(survey: Survey, pair: Pair | NotAvailable) -> Any:
            if isinstance(pair, NotAvailable):  # the page's answer has said why
                return absent(
                    survey, name, "比べる調査がない。", "There is nothing to compare with."
                )
            if single and protects(survey):
                return absent(
                    survey,
                    name,
                    "個々の団体の変化が分かるため、公開版には載せない。",
                    "Not in the public edition: it shows how single municipalities changed.",
                )
            return function(survey, pair)

        return shown

    return decorate


def compare(survey: Survey, before: str = "", *, seed: int = 20191003) -> Pair | NotAvailable:
    """Compare a wave with an earlier one; empty: the latest before it with the same codebook."""
    name = before or earlier(survey.wave.name)
    if not name:
        return absent(
            survey,
            "changes",
            f"同じコードブック（{survey.codebook.id}）による、これより前の調査がないため、比較するものがない。",
            f"There is no earlier wave with the codebook {survey.codebook.id}: nothing to "
            "compare with.",
        )
    other = Wave.read(name)
    if other.codebook != survey.codebook.id:
        raise InputError(
            f"{name} was asked with the codebook {other.codebook}, "
            f"{survey.wave.name} with {survey.codebook.id}",
            hint="compare two waves of one codebook",
        )
    old = Survey.load(
        name, audience=survey.audience, language=survey.language, output=survey.output
    )
    shares, scales = changes.moved(survey.codebook, _shown(old), _shown(survey), survey.language)
    found = (types.find(old, seed=seed), types.find(survey, seed=seed))
    return Pair(old, survey, shares, scales, _movers(found), found)


def _shown(survey: Survey) -> changes.Wave:
    """The answers whose single changes this edition may show."""
    hidden = kept_back(survey)
    return changes.Wave(survey.responses.drop(columns=hidden), survey.status.drop(columns=hidden))


def _movers(
    found: tuple[Typology | NotAvailable, Typology | NotAvailable],
) -> Movers | NotAvailable:
    first, second = found
    if isinstance(first, NotAvailable):
        return NotAvailable("movers", first.reason)
    if isinstance(second, NotAvailable):
        return NotAvailable("movers", second.reason)
    return changes.movers(first, second)


def answer(survey: Survey, pair: Pair | NotAvailable) -> Answer:
    """Who answered both times, who changed type, which shares moved."""
    if isinstance(pair, NotAvailable):
        return Answer(pair.reason)
    both = len(pair.before.responses.index.intersection(survey.responses.index))
    sure = int((pair.shares["p_holm"] <= 0.05).sum()) if len(pair.shares) else 0
    sure += int((pair.scales["p_holm"] <= 0.05).sum()) if len(pair.scales) else 0
    tested, least = changes.least_corrected(pair.shares, pair.scales)
    waves = survey.pick(
        f"「{pair.before.wave.title['ja']}」の{pair.before.n:,}団体と「{survey.wave.title['ja']}」の"
        f"{survey.n:,}団体を比べ",
        f"{pair.before.n:,} replies to “{pair.before.wave.title['en']}” beside {survey.n:,} to "
        f"“{survey.wave.title['en']}”",
    )
    found = survey.pick(
        f"たところ、比べた回答{tested}項目のうち、変化を偶然と区別できるのは{sure}項目だった（Holm法で補正）。",
        f": of {tested} answers compared, {sure} changed more than chance explains (Holm).",
    )
    if not survey.population.tests:
        pairs = [(pair.shares, "gained", "lost"), (pair.scales, "rose", "fell")]
        changed = sum(int((f[a] + f[b] > 0).sum()) for f, a, b in pairs if len(f))
        found = survey.pick(
            f"たところ、比べた回答{tested}項目のうち{changed}項目が変わった（全数であり、検定はしていない）。",
            f": of {tested} answers compared, {changed} changed (a full count: nothing is tested).",
        )
    moved = survey.pick(
        f"両方に回答したのは{both:,}団体。", f"{both:,} municipalities answered both. "
    )
    if tested and least > ALPHA:
        found = survey.pick(
            f"たが、比べた回答{tested}項目の補正後p値（Holm法）は、回答がどうであっても"
            f"{p_text(least)}を下回らず、変化を偶然と区別することはできない。",
            f": of {tested} answers compared, none could be told from chance, whatever the answers "
            f"(the least corrected p is {p_text(least)}).",
        )
    untested = survey.pick("る。", ".")
    return Answer(waves + (found if tested else untested), moved + _moved_sentence(survey, pair))


def _moved_sentence(survey: Survey, pair: Pair) -> str:
    found = pair.movers
    if isinstance(found, NotAvailable):
        return ""
    n = len(found.types)
    if not survey.population.tests:
        return survey.pick(
            f"類型が変わったのは{n:,}団体中{found.count:,}団体。",
            f"{found.count:,} of {n:,} changed type. ",
        )
    if found.exceeds:
        more = survey.pick("を超える", "more than")
    else:
        more = survey.pick("を超えない", "no more than")
    return survey.pick(
        f"類型が変わったのは{n:,}団体中{found.count:,}団体で、類型の不安定さだけで見込まれる範囲"
        f"（{found.low:,.0f}～{found.high:,.0f}団体）{more}。",
        f"{found.count:,} of {n:,} changed type, {more} the instability of the typology explains "
        f"({found.low:,.0f} to {found.high:,.0f}). ",
    )


@needs("who_answered", single=False)
def who_answered(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Replies of both waves, and who came or went."""
    old, new = pair.before.responses.index, survey.responses.index
    parts = {
        survey.pick("両方に回答", "answered both"): old.intersection(new, sort=False),
        survey.pick("前回のみ回答", "only before"): old.difference(new, sort=False),
        survey.pick("今回のみ回答", "only now"): new.difference(old, sort=False),
    }
    rows = []
    for label, codes in parts.items():
        known = {**pair.before.names, **survey.names}
        listed = survey.pick("、", ", ").join(str(known[code]) for code in codes)
        shown = len(codes) <= types.NAMED_UP_TO and label != next(iter(parts))
        rows.append(
            {
                "": label,
                survey.pick("団体数", "municipalities"): len(codes),
                survey.pick("団体", "which"): listed if shown and not protects(survey) else "",
            }
        )
    rates = [one.response_rate for one in (pair.before, survey)]
    return survey.gallery.table(
        pd.DataFrame(rows),
        "who_answered",
        title=survey.pick("回答した団体の入れ替わり", "Who answered"),
        n=len(old.union(new)),
        notes=[
            survey.pick(
                f"回収率：前回 {rates[0]}、今回 {rates[1]}。nはどちらかに回答した団体。",
                f"Response rate: before {rates[0]}, now {rates[1]}. n: answered either wave.",
            )
        ],
    )


@needs("denominators")
def denominators(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Questions of which another number of municipalities is the denominator now."""
    frame, others = changes.denominators(
        survey.codebook, *(_shown(one) for one in (pair.before, survey))
    )
    rows = [
        {
            survey.pick("設問", "question"): question_label(survey, row.question),
            survey.pick("前回のn", "n before"): row.before,
            survey.pick("今回のn", "n now"): row.after,
            survey.pick("対象外・欠測の変化", "left out or missing"): survey.pick("、", ", ").join(
                f"{survey.label(f'status.{kind}')} {a:,}→{b:,}"
                for kind, (a, b) in sorted(row.missing.items())
                if a != b
            ),
        }
        for row in frame.itertuples()
    ]
    if not rows:
        return absent(
            survey,
            "denominators",
            f"分岐や欠測で分母が変わった設問はない（回答団体の増減だけによるもの{others}問）。",
            "No denominator changed by skip rules or missing answers "
            f"({others} only with the number of replies).",
        )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "denominators",
        title=survey.pick("分母が変わった設問", "Questions with another denominator"),
        n=survey.n,
        notes=[
            survey.pick(
                "nは対象となり回答した団体。回答団体の増減だけで分母が変わった"
                f"{others}問は省いた。下の割合の変化は、両方に回答した団体だけで比べる。",
                f"n: asked and answering. {others} more questions changed only with the number of "
                "replies. The changes below compare those answering both times.",
            )
        ],
    )


def question_label(survey: Survey, id: str) -> str:
    """A question's id and label."""
    return f"{id} {survey.codebook[id].label[survey.language]}"


@needs("movers")
def movers(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Who changed type."""
    found = pair.movers
    if isinstance(found, NotAvailable):
        return NotAvailable("movers", found.reason)
    first, second = pair.found
    assert not isinstance(first, NotAvailable)
    assert not isinstance(second, NotAvailable)
    moved = found.types[found.types["moved"]]
    if moved.empty:
        return absent(survey, "movers", "類型が変わった団体はない。", "Nobody changed type.")
    rows = [
        {
            survey.pick("団体", "municipality"): str(survey.names[code]),
            survey.pick("前回の類型", "type before"): types.type_name(
                pair.before, first, row.before
            ),
            survey.pick("今回の類型", "type now"): types.type_name(survey, second, row.after),
            survey.pick("所属の強さ 前回", "membership before"): round(
                float(first.membership.at[code, row.before]), 2
            ),
            survey.pick("所属の強さ 今回", "membership now"): round(
                float(second.membership.at[code, row.after]), 2
            ),
        }
        for code, row in zip(moved.index, moved.itertuples(), strict=True)
    ]
    return survey.gallery.table(
        pd.DataFrame(rows[: types.NAMED_UP_TO]),
        "movers",
        title=survey.pick("類型が変わった団体", "Municipalities that changed type"),
        n=len(found.types),
        notes=[_matching(survey, pair, found)],
    )


def _matching(survey: Survey, pair: Pair, found: Movers) -> str:
    listed = survey.pick("、", ", ").join(f"{a}→{b}" for a, b in found.matched.items())
    matched = survey.pick(
        f"前回の類型は、共通の団体が最も多くなるように今回の類型に対応づけた（{listed}）。"
        "nは両方で類型に入った団体。",
        f"Types before are matched to types now so that most members stay ({listed}). n: placed "
        "both times. ",
    )
    if not survey.population.tests:
        return matched.rstrip()
    return matched + survey.pick(
        f"不安定さだけで変わると見込まれるのは{found.expected:.1f}団体"
        f"（95％範囲{found.low:,.0f}～{found.high:,.0f}、これ以上変わる確率{found.p:.2f}）。",
        f"{found.expected:.1f} would change from instability alone (95 % range "
        f"{found.low:,.0f} to {found.high:,.0f}; chance of as many as seen {found.p:.2f}).",
    )


def type_words(survey: Survey, pair: Pair | NotAvailable) -> Prose:
    """How the change of types may be read."""
    if isinstance(pair, NotAvailable):
        return Prose("")
    if isinstance(pair.movers, NotAvailable):
        return Prose(escape(pair.movers.reason))
    lines = [
        f"- **{escape(one.wave.title[survey.language])}** {escape(types.sentence(one, found))}"
        for one, found in zip((pair.before, survey), pair.found, strict=True)
    ]
    reading = survey.pick(
        "類型の変化が見込みの範囲にあるうちは、個々の団体の方針が変わったとは読めない。",
        "As long as the changes stay within that range, no single municipality can be said to have "
        "changed its approach.",
    )
    if not survey.population.tests:
        reading = ""
    elif pair.movers.exceeds:
        reading = survey.pick(
            "見込みの範囲を超えて変わっており、不安定さだけでは説明できない。どの回答が変わったかを下で確かめる。",
            "More changed than instability explains; see below which answers moved.",
        )
    return Prose("\n".join([*lines, "", _moved_sentence(survey, pair) + reading]))


MOST = 25  # rows of a table of changes
DRAWN = 12  # changes that the figure shows


@needs("shares_moved")
def figure(survey: Survey, pair: Pair) -> Figure | NotAvailable:
    """The largest changes of shares with their intervals."""
    moved = (
        pair.shares[pair.shares["gained"] + pair.shares["lost"] > 0]
        if len(pair.shares)
        else pair.shares
    )
    if moved.empty:
        return absent(survey, "shares_moved", "変わった割合はない。", "No share changed.")
    top = moved.head(DRAWN)
    names = [f"{row.question} {row.answer} (n={row.n:,})" for row in top.itertuples()]
    tests = survey.population.tests
    columns = ["estimate", "low", "high"] if tests else ["estimate"]
    frame = (top[columns] * 100).set_index(pd.Index(names))
    ax = plots.plot_intervals(
        frame,
        label=survey.pick(
            "割合の変化（ポイント）と95％以上の正確区間",
            "Change of the share (points), exact interval of at least 95 %",
        )
        if tests
        else survey.pick("割合の変化（ポイント）", "Change of the share (points)"),
        language=survey.language,
    )
    around = ""
    if tests:
        low, high = frame.iloc[0][["low", "high"]]
        around = survey.pick(f"（{low:+.0f}～{high:+.0f}）", f" ({low:+.0f} to {high:+.0f})")
    change = f"{frame.iloc[0]['estimate']:+.0f}"
    return survey.gallery.show(
        ax,
        "shares_moved",
        title=survey.pick("変化の大きい割合", "Shares that moved most"),
        alt=survey.pick(
            f"両方に回答した団体での割合の変化、大きい順に{len(top)}項目。最大は{names[0]}の"
            f"{change}ポイント{around}。",
            f"Changes of shares among those answering both times, the {len(top)} largest. First: "
            f"{names[0]}, {change} points{around}.",
        ),
        n=int(top["n"].max()),
        denominator=survey.pick(
            "両方に回答した団体の最大、項目ごとのnは図中",
            "answered both times, at most; n of each in the figure",
        ),
        data=top.round(4) if tests else top.drop(columns=["low", "high", "p", "p_holm"]).round(4),
        key=True,
    )


@needs("shares")
def shares(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Shares that moved: of all, and among those answering both times."""
    frame = pair.shares
    moved = frame[frame["gained"] + frame["lost"] > 0] if len(frame) else frame
    if moved.empty:
        return absent(survey, "shares", "変わった割合はない。", "No share changed.")
    rows = [
        {
            survey.pick("設問", "question"): question_label(survey, row.question),
            survey.pick("回答", "answer"): row.answer,
            survey.pick("前回（全回答）", "before (all)"): f"{row.count_before:,}/{row.n_before:,}",
            survey.pick("今回（全回答）", "now (all)"): f"{row.count_after:,}/{row.n_after:,}",
            survey.pick("両方に回答", "both"): row.n,
            survey.pick("増／減", "gained / lost"): f"+{row.gained:,} / -{row.lost:,}",
            **_change(survey, row),
        }
        for row in moved.head(MOST).itertuples()
    ]
    same, rest = len(frame) - len(moved), max(0, len(moved) - MOST)
    how = ""
    if survey.population.tests:
        how = survey.pick(
            "区間は両者の正確区間を合わせたもので、両方に回答した団体を無作為な標本とみなして95％以上を保証し、"
            "nが小さいと広い。p値はMcNemarの正確検定で、各団体の前回と今回の答えを入れ替えてもよいとみなした"
            "ときの目安である。区間とp値は1項目ごとのもので、補正していない。"
            f"{_least_words(survey, pair)}",
            "The interval joins the exact ones of both, covers at least 95 % if those answering "
            "both times were a random draw, and is wide at small n. p: McNemar's exact test, as if "
            "before and now could be exchanged within each. Interval and p are of the single "
            f"answer and not corrected. {_least_words(survey, pair)} ",
        )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "shares",
        title=survey.pick("割合の変化（大きい順）", "Shares that moved, largest first"),
        n=int(frame["n"].max()),
        notes=[
            survey.pick(
                "「増」は前回該当せず今回該当した団体、「減」はその逆。",
                "Gained: not before, but now; lost: the reverse. ",
            )
            + how
            + survey.pick(
                f"ほかに{rest}項目が変わり、{same}項目は変わらなかった。",
                f"{rest} more moved; {same} did not.",
            )
        ],
    )


def _change(survey: Survey, row: Any) -> dict[str, str]:
    """The change of a share, with interval and p-values but for a full count."""
    if not survey.population.tests:
        return {survey.pick("変化（ポイント）", "change (points)"): f"{100 * row.estimate:+.0f}"}
    change = survey.pick("変化（ポイント、95％区間）", "change (points, 95 %)")
    return {change: interval_text(row, 100, 0), **_p_values(survey, row)}


def _p_values(survey: Survey, row: Any) -> dict[str, str]:
    """The p-value of a change, alone and corrected; none for a full count."""
    if not survey.population.tests:
        return {}
    return {
        survey.pick("p値", "p"): p_text(row.p),
        survey.pick("補正後p値", "p (Holm)"): p_text(row.p_holm),
    }


@needs("scales")
def scales(survey: Survey, pair: Pair) -> Table | NotAvailable:
    """Numbers and scales: medians, and how many rose or fell."""
    frame = pair.scales
    moved = frame[frame["rose"] + frame["fell"] > 0] if len(frame) else frame
    if moved.empty:
        return absent(survey, "scales", "変わった値はない。", "No value changed.")
    rows = [
        {
            survey.pick("設問", "question"): question_label(survey, row.question)
            + (f" — {row.answer}" if row.answer else ""),
            survey.pick("中央値 前回", "median before"): f"{row.before:,.6g}",
            survey.pick("中央値 今回", "median now"): f"{row.after:,.6g}",
            survey.pick("両方に回答", "both"): row.n,
            survey.pick("上昇／低下／同じ", "rose / fell / same"): (
                f"{row.rose:,} / {row.fell:,} / {row.n - row.rose - row.fell:,}"
            ),
            **_p_values(survey, row),
        }
        for row in moved.head(MOST).itertuples()
    ]
    return survey.gallery.table(
        pd.DataFrame(rows),
        "scales",
        title=survey.pick("段階・数値の変化", "Scales and numbers"),
        n=int(frame["n"].max()),
        notes=[
            survey.pick(
                f"すべて両方に回答した団体の値。p値は正確な符号検定。{_least_words(survey, pair)}",
                "All of those answering both times; p: exact sign test. "
                f"{_least_words(survey, pair)}",
            )
            if survey.population.tests
            else survey.pick("すべて両方に回答した団体の値。", "All of those answering both times.")
        ],
    )


def _least_words(survey: Survey, pair: Pair) -> str:
    """What is corrected together, and the least corrected p that the numbers of replies allow."""
    tests, least = least_corrected(pair.shares, pair.scales)
    return survey.pick(
        f"補正後p値は、割合と段階・数値の{tests}項目を合わせてHolm法で補正した値で、この団体数では"
        f"{p_text(least)}が最小である。",
        f"p (Holm) is corrected for the {tests} shares, scales and numbers together; with so many "
        f"replies its least value is {p_text(least)}.",
    )
