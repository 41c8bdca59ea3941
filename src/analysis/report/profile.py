"""profile (自治体カルテ): one page for one municipality."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis import plots
from analysis.codebook import Question
from analysis.errors import InputError
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table, escape
from analysis.report import summary, types
from analysis.report.cleaning import STATUS_LABELS
from analysis.report.exploring import protects, shown_questions
from analysis.survey import Survey
from analysis.tables import labels_of
from analysis.typology.gower import GowerDissimilarity
from analysis.typology.study import Typology

PEERS = 5
STEPS = 3


@dataclass(frozen=True)
class Place:
    """One municipality among the others: its code, class, type and nearest peers."""

    code: str
    name: str
    size_class: str
    found: Typology | NotAvailable
    peers: list[str]
    prefecture_only: bool


def place(
    survey: Survey, municipality: str, *, same_prefecture: bool = False, seed: int = 20191003
) -> Place:
    """Find a municipality and its peers: the nearest of its size class by the typology's features.

    An empty `municipality` is the first respondent. Of a class with too few others, the nearest of
    all are taken.
    """
    if protects(survey):
        raise InputError(
            "a profile shows one respondent and is not for the public edition",
            hint="use --audience internal or committee",
        )
    code = municipality or str(survey.responses.index[0])
    if code not in survey.responses.index:
        named = survey.names[survey.names == code]
        if len(named) != 1:
            raise InputError(
                f"{municipality!r} did not reply in this wave", hint="give a code from the register"
            )
        code = str(named.index[0])
    found = typology(survey, seed=seed)
    classes = survey.size_class
    peers = _nearest(survey, code, same_prefecture=same_prefecture)
    name, size = str(survey.names[code]), classes.get(code)
    return Place(code, name, "" if pd.isna(size) else str(size), found, peers, same_prefecture)


def typology(survey: Survey, *, seed: int) -> Typology | NotAvailable:
    """The typology that all profiles of a wave share.

    In a large wave it goes without its multiverse, which a page for one municipality does not show.
    """
    if survey.n <= types.POWER_UP_TO:
        return types.find(survey, seed=seed)
    try:
        return survey.typology(n_types="auto", adjust="none", seed=seed)
    except InputError as error:
        return NotAvailable("typology", str(error))


def _nearest(survey: Survey, code: str, *, same_prefecture: bool) -> list[str]:
    features = survey.features
    frame = features.frame
    if frame.shape[1] == 0 or frame.loc[code].isna().all():
        return []
    others = frame.drop(index=code)
    others = others[others.notna().mean(axis=1) > 0.5]
    pools = [survey.size_class.reindex(others.index) == survey.size_class[code]]
    if same_prefecture:
        home = survey.register["prefecture"]
        pools[0] &= home.reindex(others.index) == home[code]
    pool = others[pools[0].to_numpy(bool)]
    if len(pool) < PEERS and not same_prefecture:
        pool = others
    if pool.empty:
        return []
    measure = GowerDissimilarity(features.kinds, features.groups).fit(frame)
    whole = measure.transform(frame.loc[[code]])[0]
    distance = pd.Series(whole, frame.index)[pool.index]
    return list(distance.sort_values(kind="stable").index[:PEERS])


def answer(survey: Survey, here: Place) -> Answer:
    """Who it is, in three facts."""
    parts = [here.name + (f"（{here.size_class}）" if here.size_class else "")]
    if not isinstance(here.found, NotAvailable) and here.code in here.found.labels.index:
        kind = int(here.found.labels[here.code])
        strength = float(here.found.membership.loc[here.code].max())
        own = types.type_name(survey, here.found, kind)
        second = types.type_name(survey, here.found, int(here.found.second[here.code]))
        parts.append(
            survey.pick(
                f"類型は「{own}」（所属の強さ{strength:.2f}）、次に近いのは「{second}」",
                f"type: {own} (membership {strength:.2f}), next: {second}",
            )
        )
    names = [str(survey.names[code]) for code in here.peers]
    if names:
        listed = "、".join(names) if survey.language == "ja" else ", ".join(names)
        parts.append(survey.pick(f"似た団体は{listed}", f"nearest peers: {listed}"))
    return Answer(survey.pick("。", ". ").join(parts) + survey.pick("。", "."))


def standing(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Its composites (or, for yes/no tables, its class's shares) against all others."""
    cluster = [i for i in survey.codebook.indices if i.role == "cluster" or i.rule]
    composite = [
        i for i in cluster if len([g for g in survey.features.groups.values() if g == i.id]) != 1
    ]
    if not composite:
        return NotAvailable(
            "standing",
            survey.pick(
                "この調査の指標は有無だけなので、下の一覧で示す。",
                "The indicators of this wave are yes or no only; see the list below.",
            ),
        )
    numbers = survey.indices[[i.id for i in composite]].astype(float)
    spread = numbers.std(ddof=0).replace(0, 1.0)
    scaled = (numbers - numbers.mean()) / spread
    frame = pd.DataFrame(
        {
            "value": scaled.loc[here.code],
            "low": scaled.quantile(0.25),
            "median": scaled.median(),
            "high": scaled.quantile(0.75),
        }
    )
    frame.index = [i.text[survey.language] for i in composite]
    frame = frame.dropna()
    ax = plots.plot_dots(frame, language=survey.language)
    far = (frame["value"] - frame["median"]).abs().idxmax()
    return survey.gallery.show(
        ax,
        f"standing_{here.code}",
        title=survey.pick(f"{here.name}の位置", f"Where {here.name} stands"),
        alt=survey.pick(
            f"指標ごとの{here.name}の位置と全団体の四分位範囲。中央値から最も遠いのは「{far}」。",
            f"{here.name} by indicator against the quartiles of all; farthest from the median: "
            f"{far}.",
        ),
        n=survey.n,
        denominator=survey.pick("回答団体", "municipalities that replied"),
        data=frame.round(3).reset_index(names="indicator"),
        key=True,
    )


def answers(survey: Survey, here: Place) -> Table:
    """Its own answers beside its size class and peers."""
    rows = []
    mates = survey.size_class == survey.size_class[here.code]
    for question in shown_questions(survey):
        if question.sensitive and survey.audience != "internal":
            continue
        for variable in question.variables:
            rows.append(
                {
                    survey.pick("設問", "question"): _label(survey, question, variable),
                    survey.pick("本団体", "this one"): _said(survey, here.code, question, variable),
                    survey.pick("同じ区分", "same class"): _group(
                        survey, mates, question, variable
                    ),
                    survey.pick("全体", "all"): _group(
                        survey, pd.Series(True, survey.responses.index), question, variable
                    ),
                }
            )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "answers",
        title=survey.pick(
            "回答と、同じ区分・全体との比較", "Answers beside the size class and all"
        ),
        n=survey.n,
        notes=[
            survey.pick(
                "選択肢は割合（分母は対象となり回答した団体）、数値は中央値。",
                "Options: share of those asked and answering; numbers: median.",
            )
        ],
    )


def _label(survey: Survey, question: Question, variable: str) -> str:
    head = f"{question.id} {question.label[survey.language]}"
    if question.type in {"multi", "battery"}:
        head += f" — {survey.codebook.label(variable)[survey.language]}"
    return head


def _said(survey: Survey, code: str, question: Question, variable: str) -> str:
    state = str(survey.status.at[code, variable])
    if state != "answered":
        return STATUS_LABELS[state][survey.language]
    value = survey.responses.at[code, variable]
    if question.type in {"binary", "multi"}:
        return "○" if bool(value) else "–"
    if question.type in {"single", "ordinal", "battery"}:
        return labels_of(question, survey.language)[int(value)]
    return f"{float(value):,.6g}"


def _group(survey: Survey, rows: pd.Series, question: Question, variable: str) -> str:
    there = rows.to_numpy(bool) & (survey.status[variable] == "answered").to_numpy()
    values = survey.responses.loc[there, variable]
    n = len(values)
    if n == 0:
        return "—"
    if question.type in {"binary", "multi"}:
        return f"{values.astype(float).mean():.0%} (n={n:,})"
    median = float(values.astype(float).median())
    if question.type in {"single", "ordinal", "battery"}:
        top = int(values.astype(int).mode().iloc[0])
        return f"{labels_of(question, survey.language)[top]} (n={n:,})"
    return f"{median:,.6g} (n={n:,})"


def missing_measures(survey: Survey, here: Place) -> pd.DataFrame:
    """What at least half of the peers do and it does not: label, question, peers, asked, cost."""
    costs = {"low": 0, "medium": 1, "high": 2, None: 1}
    rows = []
    for question in survey.codebook:
        if question.role not in {"cluster", "describe"} or question.type not in {"multi", "binary"}:
            continue
        for variable in question.variables:
            if variable not in survey.responses:
                continue
            own = survey.responses.at[here.code, variable]
            option = None
            if question.type == "multi":
                option = question.option(int(variable.rpartition("_")[2]))
            if pd.isna(own) or bool(own) or (option is not None and option.exclusive):
                continue
            theirs = survey.responses.loc[here.peers, variable].dropna().astype(bool)
            if len(theirs) and theirs.mean() >= 0.5:
                label = survey.codebook.label(variable)[survey.language]
                cost = option.cost if option else None
                rows.append((label, question, int(theirs.sum()), len(theirs), cost))
    frame = pd.DataFrame(rows, columns=["label", "question", "do", "asked", "cost"])
    order = frame["cost"].map(costs)
    return frame.assign(order=order, share=frame["do"] / frame["asked"].clip(lower=1)).sort_values(
        ["share", "order"], ascending=[False, True], kind="stable"
    )


def steps(survey: Survey, here: Place) -> Prose:
    """Three first steps, with what they rest on."""
    frame = missing_measures(survey, here)
    if frame.empty:
        return Prose(
            survey.pick(
                "似た団体の半数以上が行い、本団体が行っていない取組みは見当たらない。",
                "Nothing is done by at least half of the peers that this municipality does not do.",
            )
        )
    lines = []
    for row in frame.head(STEPS).itertuples():
        cost = (
            summary.COSTS[row.cost][survey.language]
            if isinstance(row.cost, str)
            else survey.pick("不明", "unknown")
        )
        label, where = escape(row.label), escape(row.question.label[survey.language])
        lines.append(
            survey.pick(
                f"1. **{label}**（{where}）："
                f"似た団体{row.asked}のうち{row.do}が実施。費用は{cost}。",
                f"1. **{label}** ({where}): done by {row.do} of {row.asked} peers; cost {cost}.",
            )
        )
    lines.append("")
    lines.append(
        survey.pick(
            "似た団体との違いから選んだ検討の入口であり、効果を保証するものではない。",
            "Starting points from the difference to similar places, no promise of an effect.",
        )
    )
    return Prose("\n".join(lines))


def confirm(survey: Survey, here: Place) -> Prose:
    """What to ask the municipality: findings and missing answers."""
    lines = []
    if survey.audience == "internal":
        mine = survey.findings[
            (survey.findings["code"] == here.code)
            & survey.findings["severity"].isin(["doubtful", "refused"])
        ]
        lines += [
            f"- {escape(row.question)}: {escape(getattr(row, survey.language))}"
            for row in mine.itertuples()
        ]
    state = survey.status.loc[here.code]
    for question in shown_questions(survey):
        if state[question.variables[0]] == "no_answer":
            words = survey.pick("無回答", "no answer")
            lines.append(f"- {question.id} {escape(question.label[survey.language])}: {words}")
    nothing = survey.pick("確認を要する事項はない。", "Nothing needs to be confirmed.")
    return Prose("\n".join(lines) or nothing)
