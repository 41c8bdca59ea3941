"""profile (自治体カルテ): its organisation, and its IT staff by kind beside others."""

from __future__ import annotations

import pandas as pd

from analysis import plots_organisation
from analysis.expression import Expression
from analysis.outputs import Figure, NotAvailable
from analysis.report import types
from analysis.report.profile import Place
from analysis.report.shown import absent, kept_back
from analysis.survey import Survey
from analysis.text import Text

NOT_ASKED = {
    "cio": Text(ja="CIO", en="CIO"),
    "cio_aide": Text(ja="CIO補佐官等", en="CIO aide"),
    "cross_agency_body": Text(ja="庁内横断組織", en="Cross-agency body"),
    "policy_section": Text(ja="情報政策担当課", en="Policy section"),
    "operations_section": Text(ja="情報管理主管課", en="Operations section"),
}


def figure(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Which parts of the organisation it has, and its IT staff beside type and size class."""
    boxes, people = _boxes(survey, here), _staff(survey, here)
    if not survey.codebook.organisation and people.empty:
        return absent(
            survey,
            "organisation",
            f"この調査のコードブック（{survey.codebook.id}）は組織も人員も尋ねていない。",
            f"The codebook of this wave ({survey.codebook.id}) asks of neither organisation "
            "nor staff.",
        )
    listed = [f"{name} {state}" for name, state, _ in boxes.values()]
    said = survey.pick("、", ", ").join(listed)
    bars = survey.pick("。人員の内訳はこの調査では尋ねていない。", ". Staff was not asked about.")
    if not people.empty:
        own = people.iloc[0]
        numbers = survey.pick("、", ", ").join(f"{k} {v:g}" for k, v in own.dropna().items())
        numbers = numbers or survey.pick("回答なし", "no answer")
        bars = survey.pick(f"。人員は{numbers}。", f". Staff: {numbers}.")
    return survey.gallery.show(
        plots_organisation.plot_organisation(boxes, people, language=survey.language),
        f"organisation_{here.code}",
        title=survey.pick(f"{here.name}の組織と人員", f"Organisation and staff of {here.name}"),
        alt=said + bars,
        n=1,
        denominator=survey.pick("本団体。人員の設問はない", "this one; staff was not asked about")
        if people.empty
        else survey.pick(
            "本団体。比較は種類ごとの中央値、nは行に記載",
            "this one; others: median of each kind, their n in the row",
        ),
        data=_numbers(boxes, people),
    )


def _numbers(boxes: dict[str, tuple[str, str, bool]], people: pd.DataFrame) -> pd.DataFrame:
    rows = [("organisation", name, state) for name, state, _ in boxes.values()]
    for group, line in people.iterrows():
        rows += [(str(group), str(kind), f"{value:g}") for kind, value in line.dropna().items()]
    return pd.DataFrame(rows, columns=["row", "what", "value"])


def _boxes(survey: Survey, here: Place) -> dict[str, tuple[str, str, bool]]:
    """Each part of the organisation: its name, what is known of it, and whether it is there."""
    asked = {box.id: box for box in survey.codebook.organisation}
    boxes = {}
    for id, text in NOT_ASKED.items():
        if id not in asked:
            unknown = survey.pick("（設問なし）", "(not asked)")
            boxes[id] = (text[survey.language], unknown, False)
            continue
        boxes[id] = (
            asked[id].text[survey.language],
            *_state(survey, here.code, asked[id].rule),
        )
    if "joint" in asked and _state(survey, here.code, asked["joint"].rule)[1]:
        del boxes["policy_section"], boxes["operations_section"]
        name = asked["joint"].text[survey.language]
        boxes["joint"] = (name, survey.pick("あり", "yes"), True)
    return boxes


def _state(survey: Survey, code: str, rule: str) -> tuple[str, bool]:
    """What a rule says of a municipality, in a word; where nothing, why."""
    expression = Expression(rule, truth=True)
    variables = _readable(survey, expression)
    if variables is None:
        return survey.pick("（この版では非公開）", "(not in this edition)"), False
    # the few columns first: a row of all of them is made anew for each rule
    value = expression.evaluate(survey.responses[variables].loc[[code]]).iloc[0]
    if pd.isna(value):
        states = set(survey.status.loc[code, variables]) - {"answered"}
        if states:
            return f"（{survey.label(f'status.{min(states)}')}）", False
        return survey.pick("（回答からは不明）", "(cannot be told)"), False
    return (survey.pick("あり", "yes") if value else survey.pick("なし", "no")), bool(value)


def _readable(survey: Survey, expression: Expression) -> list[str] | None:
    """The variables that a rule reads; None where this edition keeps one of them back."""
    book = survey.codebook
    variables = [
        v for name in sorted(expression.names)
        for v in (book[name].variables if name in book else (name,))
    ]  # fmt: skip
    hidden = set(kept_back(survey)) | (set(variables) - set(survey.responses))
    return None if hidden & set(variables) else variables


def _staff(survey: Survey, here: Place) -> pd.DataFrame:
    """Staff by kind (columns): its own, and the medians of its type and its size class."""
    columns = {}
    for kind in survey.codebook.staff:
        expression = Expression(kind.rule)
        variables = _readable(survey, expression)
        if variables is None:
            continue
        values = expression.evaluate(survey.responses).astype("Float64")
        skipped = (survey.status[variables] == "not_applicable").any(axis=1)  # then there is none
        columns[kind.text[survey.language]] = values.mask(skipped, 0.0)
    frame = pd.DataFrame(columns)
    if frame.empty:
        return frame
    rows = {survey.pick("本団体", "this one"): frame.loc[here.code]}
    groups = {survey.pick("同じ区分", "its class"): here.mates(survey)}
    if kin := here.kin():
        groups = {types.kin_word(survey, here.found): kin, **groups}
    for name, codes in groups.items():
        theirs = frame.loc[codes].dropna()
        if len(theirs):
            rows[f"{name} (n={len(theirs):,})"] = theirs.median()
    return pd.DataFrame(rows).T.astype(float)
