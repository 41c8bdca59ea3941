"""profile (自治体カルテ): one page for one municipality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import visits as guidebook
from analysis.codebook import Question
from analysis.errors import InputError
from analysis.municipality import given
from analysis.outputs import Answer, NotAvailable, Prose, escape
from analysis.report import answers, certainty, summary, types
from analysis.report.shown import kept_back, prose, protects, shown_questions
from analysis.survey import Survey
from analysis.typology.study import Typology

PEERS = 5
STEPS = 3
FACTS = 3  # numbers of the context that the head of the page gives
CONFIRM = 6  # matters to confirm that fit on the page


@dataclass(frozen=True)
class Place:
    """One municipality among the others: its code, class, type and nearest peers."""

    code: str
    name: str
    size_class: str
    found: Typology | NotAvailable
    peers: list[str]
    prefecture_only: bool

    def kin(self) -> list[str]:
        """The others of its type; none where it has no type."""
        if isinstance(self.found, NotAvailable) or not self.found.labels.get(self.code, 0):
            return []
        labels = self.found.labels
        return [c for c in labels.index[labels == labels[self.code]] if c != self.code]

    def mates(self, survey: Survey) -> list[str]:
        """The others of its size class."""
        same = (survey.size_class == survey.size_class[self.code]).fillna(False)
        return [code for code in survey.responses.index[same.to_numpy(bool)] if code != self.code]


def place(
    survey: Survey,
    municipality: str | int,
    *,
    same_prefecture: bool = False,
    seed: int = 20191003,
    found: Typology | NotAvailable | None = None,
) -> Place:
    """Find a municipality and its peers: those of its size class most alike in population and such.

    An empty `municipality` is the first respondent. `found`: that of the wave unless given.
    """
    if protects(survey):
        raise InputError(
            "a profile shows one respondent and is not for the public edition",
            hint="use --audience internal or committee",
        )
    code = given(municipality) or str(survey.responses.index[0])
    if code not in survey.responses.index:
        named = survey.names[survey.names == code]
        if len(named) != 1:
            raise InputError(
                f"{municipality!r} did not reply in this wave", hint="give a code from the register"
            )
        code = str(named.index[0])
    found = typology(survey, seed=seed) if found is None else found
    classes = survey.size_class
    peers = _nearest(survey, code, same_prefecture=same_prefecture)
    name, size = str(survey.names[code]), classes.get(code)
    return Place(code, name, "" if pd.isna(size) else str(size), found, peers, same_prefecture)


def typology(survey: Survey, *, seed: int, **quick: Any) -> Typology | NotAvailable:
    """The typology that all profiles of a wave share.

    In a large wave it goes without its multiverse, which a page for one municipality does not show;
    so does a quick look with fewer resamples.
    """
    if survey.n <= certainty.POWER_UP_TO and not quick:
        return types.find(survey, seed=seed)
    try:
        return survey.typology(n_types="auto", adjust="none", seed=seed, **quick)
    except InputError as error:
        return NotAvailable("typology", str(error))


def likeness(survey: Survey) -> list[Question]:
    """The numbers by which two municipalities are alike: population, staff and such."""
    return [
        q
        for q in survey.codebook.with_role("context")
        if q.type in {"integer", "ratio"} and q.variables[0] in survey.responses
    ]


def _nearest(survey: Survey, code: str, *, same_prefecture: bool) -> list[str]:
    """The most alike of its size class; of all, where the class has too few others.

    Alike in what a municipality did not choose: choosing peers by the measures that they take would
    leave nothing to learn from them. Distance: mean difference of ranks among all, 0 to 1.
    """
    numbers = survey.responses[[q.id for q in likeness(survey)]].astype("Float64")
    ranks = numbers.rank(pct=True).astype(float)
    distance = (ranks - ranks.loc[code]).abs().mean(axis=1).drop(index=code).fillna(1.0)
    same = (survey.size_class == survey.size_class[code]).fillna(False).astype(bool)
    if same_prefecture:
        home = survey.register["prefecture"].reindex(survey.responses.index)
        same &= home == home[code]
    pool = [other for other in distance.index if same[other]]
    if len(pool) < PEERS and not same_prefecture:
        pool = list(distance.index)
    return list(distance[pool].sort_values(kind="stable").index[:PEERS])


def answer(survey: Survey, here: Place) -> Answer:
    """Who it is, in three facts."""
    size = survey.pick(f"（{here.size_class}）", f" ({here.size_class})")
    parts = [here.name + (size if here.size_class else "")]
    if not isinstance(here.found, NotAvailable) and here.code in here.found.labels.index:
        kind, word = int(here.found.labels[here.code]), types.group_word(here.found)
        strength = float(here.found.membership.loc[here.code].max())
        how = survey.pick(f"所属の強さ{strength:.2f}", f"membership {strength:.2f}")
        if here.code in here.found.aside:
            how = survey.pick("後から当てはめた", "placed afterwards")
        own = types.type_name(survey, here.found, kind)
        second = types.type_name(survey, here.found, int(here.found.second[here.code]))
        parts.append(
            survey.pick(
                f"{word.ja}は「{own}」（{how}）、次に近いのは「{second}」",
                f"{word.en.capitalize()}: {own} ({how}), next: {second}",
            )
        )
    names = [types.full_name(survey, code) for code in here.peers]
    if names:
        listed = "、".join(names) if survey.language == "ja" else ", ".join(names)
        parts.append(survey.pick(f"似た団体は{listed}", f"Nearest peers: {listed}"))
    said = survey.pick("。", ". ").join(parts) + survey.pick("。", ".")
    return Answer(said, about=types.full_name(survey, here.code))


def facts(survey: Survey, here: Place) -> Prose:
    """What identifies it: code, class with its date, population and staff, date of reply."""
    as_of = survey.wave.as_of.isoformat()
    parts = [survey.pick(f"団体コード {here.code}", f"code {here.code}")]
    home = str(survey.register.at[here.code, "prefecture"])
    if home and home != "nan":
        parts.append(home)
    if here.size_class:
        parts.append(
            survey.pick(f"{here.size_class}（{as_of}時点）", f"{here.size_class} (as of {as_of})")
        )
    parts += [
        f"{q.label[survey.language]} {answers.own(survey, here.code, q)}"
        for q in likeness(survey)[:FACTS]
    ]
    received = survey.codebook.identity("received")
    if received is not None and received.id in survey.responses:
        day = survey.responses.at[here.code, received.id]
        if pd.notna(day):
            parts.append(f"{received.label[survey.language]} {day:%Y-%m-%d}")
    return Prose(escape(survey.pick("　｜　", " | ").join(parts)))


def missing_measures(survey: Survey, here: Place) -> pd.DataFrame:
    """What at least half of the peers do and it does not: by peers, then cost."""
    costs = {"low": 0, "medium": 1, "high": 2, None: 1}
    mine, others = (survey.responses.loc[codes] for codes in ([here.code], here.peers))
    rows = []
    for question in survey.codebook:
        if question.type not in {"multi", "binary"}:
            continue
        for variable in question.variables:
            option = None
            if question.type == "multi":
                option = question.option(int(variable.rpartition("_")[2]))
            # a measure: an option with a cost, or a yes/no of the typology
            if variable not in survey.responses or (
                option.cost is None if option else question.role != "cluster"
            ):
                continue
            own = mine[variable].iloc[0]
            if pd.isna(own) or bool(own):
                continue
            theirs = others[variable].dropna().astype(bool)
            if len(theirs) and theirs.mean() >= 0.5:
                label = survey.codebook.label(variable)[survey.language]
                cost = option.cost if option else None
                rows.append((label, question, variable, int(theirs.sum()), len(theirs), cost))
    frame = pd.DataFrame(rows, columns=["label", "question", "variable", "do", "asked", "cost"])
    order = frame["cost"].map(costs)
    return frame.assign(order=order, share=frame["do"] / frame["asked"].clip(lower=1)).sort_values(
        ["share", "order"], ascending=[False, True], kind="stable"
    )


def steps(survey: Survey, here: Place) -> Prose:
    """Three first steps, with what they rest on."""
    if not here.peers:
        return prose(
            survey,
            "同じ区分の団体が同じ都道府県にないため、似た団体と比べられない。",
            "No municipality of its class is in its prefecture: there are no peers.",
        )
    frame = missing_measures(survey, here)
    if frame.empty:
        return prose(
            survey,
            "似た団体の半数以上が行い、本団体が行っていない取組みは見当たらない。",
            "Nothing is done by at least half of the peers that this municipality does not do.",
        )
    graded = summary.measures(survey)
    mates = here.mates(survey)
    lines = []
    for row in frame.head(STEPS).itertuples():
        label, where = escape(row.label), escape(row.question.label[survey.language])
        where = survey.pick(f"（{where}）", f" ({where})") if where != label else ""
        parts = [
            survey.pick(
                f"似た{row.asked}団体のうち{row.do}団体が実施",
                f"done by {row.do} of {row.asked} peers",
            )
        ]
        theirs = survey.responses.loc[mates, row.variable].dropna().astype(bool)
        if len(theirs):
            parts.append(
                survey.pick(
                    f"同じ区分では{len(theirs):,}団体中{int(theirs.sum()):,}団体",
                    f"{int(theirs.sum()):,} of {len(theirs):,} of its size class",
                )
            )
        if isinstance(row.cost, str):
            cost = summary.COSTS[row.cost][survey.language]
            parts.append(survey.pick(f"費用は{cost}", f"cost {cost}"))
        if len(graded) and (graded["variable"] == row.variable).any():
            grade = graded.loc[graded["variable"] == row.variable, "grade"].iloc[0]
            word = summary.GRADES[grade][survey.language]
            parts.append(
                survey.pick(f"人材の充足との関係は{word}", f"relation to sufficiency: {word}")
            )
        said = survey.pick("、", "; ").join(parts)
        lines.append(
            survey.pick(f"1. **{label}**{where}：{said}。", f"1. **{label}**{where}: {said}.")
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
    """What to ask the municipality: answers at odds, findings, missing answers."""
    shown = survey.responses.loc[[here.code]].drop(columns=kept_back(survey))
    at_odds = guidebook.contradictions(here.code, shown, survey.codebook)
    lines = [f"- {escape(remark.text[survey.language])}" for remark in at_odds]
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
        if state[question.variables[0]] == "no_answer" and not protects(survey, question):
            words = survey.pick("無回答", "no answer")
            lines.append(f"- {question.id} {escape(question.label[survey.language])}: {words}")
    if len(lines) > CONFIRM:
        rest = len(lines) - CONFIRM
        more = survey.pick(
            f"- ほか{rest}件（`workbench queries` の照会票）", f"- {rest} more: `workbench queries`"
        )
        lines = [*lines[:CONFIRM], more]
    nothing = survey.pick("確認を要する事項はない。", "Nothing needs to be confirmed.")
    return Prose("\n".join(lines) or nothing)
