"""One municipality among the others: its peers, what they do, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.codebook.questions import AMOUNTS, Question
from analysis.codebook.rules import Expression, names_in
from analysis.edition import once, shown_questions
from analysis.errors import refusal
from analysis.results import answers, guide, shortage, types
from analysis.results.certainty import POWER_UP_TO
from analysis.show import Frame, NotAvailable
from analysis.stats.tabulate import state_of
from analysis.survey import SEED, Survey
from analysis.typology.study import Typology

PEERS = 5
FACTS = 3  # numbers of the context that the head of the page gives
YES = 3  # yes/no questions that a section needs before their share is shown
COMPARED = 5  # municipalities that quartiles need


@dataclass(frozen=True)
class Respondent:
    """One municipality among the others: its code, class, type and nearest peers.

    `of_class`: whether these are of its class alone, or of all, since the class has too few.
    """

    code: str
    name: str
    size_class: str
    typology: Typology | NotAvailable
    peers: list[str]
    of_class: bool


def place(
    survey: Survey,
    municipality: str | int,
    *,
    same_prefecture: bool = False,
    seed: int = SEED,
    typology: Typology | NotAvailable | None = None,
) -> Respondent:
    """Find a municipality and its peers: those of its size class most alike in population and such.

    It has none where it gave no such number: whoever comes first would be as near as the others. An
    empty `municipality` is the first respondent. `typology`: `shared_typology` unless given.
    """
    if not survey.shows_units:
        raise refusal("profile.public")
    code = survey.code_of(municipality) if municipality else str(survey.responses.index[0])
    typology = shared_typology(survey, seed=seed) if typology is None else typology
    name, size = str(survey.names[code]), survey.size_class.get(code)
    nearest = _nearest(survey, code, same_prefecture=same_prefecture)
    return Respondent(code, name, "" if pd.isna(size) else str(size), typology, *nearest)


@once
def shared_typology(survey: Survey, *, seed: int, **quick: Any) -> Typology | NotAvailable:
    """The typology that all profiles of a wave share.

    In a large wave it goes without its multiverse, which a page for one municipality does not show;
    so does a quick look with fewer resamples.
    """
    multiverse = survey.n <= POWER_UP_TO and not quick
    return types.typology(survey, seed=seed, multiverse=multiverse, **quick)


def likeness(survey: Survey) -> list[Question]:
    """The numbers by which two municipalities are alike: population, staff and such."""
    return [
        q
        for q in survey.codebook.with_role("context")
        if q.type in AMOUNTS and q.variables[0] in survey.unit_responses
    ]


def ahead(survey: Survey, *, seed: int = SEED) -> None:
    """Compute what the pages of all municipalities share, and keep it in the survey.

    It is what the page of the first one asks for, without drawing: typology, comparisons, words.
    """
    here = place(survey, "", seed=seed)
    steps = missing(survey, here)
    for part in (standing, staff, organisation, to_confirm, comparison):
        part(survey, here)
    survey.prose("profile/steps", steps=steps, peers=len(here.peers), need=need(survey, here))
    survey.say("profile/answer", **who(survey, here))


@once
def _ranks(survey: Survey) -> pd.DataFrame:
    """The ranks of all respondents in the numbers of `likeness`, 0 to 1."""
    # numbers that nobody chose: peers alike in their measures would have none to learn from
    numbers = survey.responses[[q.id for q in likeness(survey)]].astype("Float64")
    return numbers.rank(pct=True).astype(float)


def _nearest(survey: Survey, code: str, *, same_prefecture: bool) -> tuple[list[str], bool]:
    """The nearest of its size class, of all where it has too few, by mean difference of ranks.

    With them whether they are of its class alone.
    """
    ranks = _ranks(survey)
    distance = (ranks - ranks.loc[code]).abs().mean(axis=1).drop(index=code).dropna()
    same = (survey.size_class == survey.size_class[code]).fillna(False).astype(bool)
    if same_prefecture:
        home = survey.register["prefecture"].reindex(survey.responses.index)
        same &= home == home[code]
    pool = distance[same[distance.index]]
    of_class = same_prefecture or len(pool) >= PEERS
    pool = pool if of_class else distance
    return list(pool.sort_values(kind="stable").index[:PEERS]), of_class


def who(survey: Survey, here: Respondent) -> dict[str, Any]:
    """Name, class, types and peers: the values of the sentence ``profile/answer``."""
    typology, full = here.typology, survey.full_names
    kind: dict[str, Any] = {"called": "", "kind": "", "second": "", "membership": 0.0}
    if not isinstance(typology, NotAvailable) and here.code in typology.labels.index:
        kind = {
            "called": types.noun(typology),
            "kind": types.name(survey, typology, int(typology.labels[here.code])),
            "second": types.name(survey, typology, int(typology.second[here.code])),
            "membership": float(typology.membership.loc[here.code].max()),
        }
    return kind | {
        "name": here.name,
        "size_class": here.size_class,
        "aside": not isinstance(typology, NotAvailable) and here.code in typology.aside,
        "peers": [full[code] for code in here.peers],
    }


def facts(survey: Survey, here: Respondent) -> list[str]:
    """Its code, size class with its date, population and staff, date of reply, in words."""
    as_of = survey.wave.as_of.isoformat()
    home = str(survey.register.at[here.code, "prefecture"])
    parts = [survey.label("profile.code", code=here.code), "" if home == "nan" else home]
    if here.size_class:
        parts.append(survey.label("profile.class_as_of", size_class=here.size_class, as_of=as_of))
    for q in likeness(survey)[:FACTS]:
        parts.append(f"{q.label[survey.language]} {answers.own(survey, here.code, q)}")
    if (question := survey.codebook.identity("received")) and question.id in survey.responses:
        day = survey.responses.at[here.code, question.id]
        if pd.notna(day):
            parts.append(f"{question.label[survey.language]} {day:%Y-%m-%d}")
    return list(filter(None, parts))


def need(survey: Survey, here: Respondent) -> str:
    """Whether it says that it is short of staff: ``short``, ``enough``, empty without an answer.

    ``hidden`` of everyone where the edition shows no single answers to that question.
    """
    lacking = shortage.short(survey)
    if lacking is not None and lacking.name not in survey.unit_responses:
        return "hidden"
    own = pd.NA if lacking is None else lacking[here.code]
    return "" if pd.isna(own) else "short" if own else "enough"


@once
def _measures_taken(survey: Survey) -> pd.DataFrame:
    """Whether each respondent takes each measure: 1, 0, or NaN without an answer."""
    variables = [variable for _, variable, _ in shortage.actions(survey)]
    return survey.responses[variables].astype("Float64").astype(float)


def missing(survey: Survey, here: Respondent) -> Frame:
    """What at least half of the peers do and it does not: by their share, then by cost.

    Columns: variable, measure, question (empty where it says the same); do of asked peers, share;
    size_do of size_asked others of its class; cost; word (how it goes with sufficiency of staff
    among all: an id of the labels ``word``, or NA).
    """
    language, does = survey.language, _measures_taken(survey)
    peers, group = does.loc[here.peers], answers.others(survey, here.code, here.typology)
    words = shortage.comparison(survey).reindex(columns=["variable", "word"])
    rows = [
        (v, survey.codebook.label(v)[language], question.label[language], cost)
        for question, v, cost in shortage.actions(survey)
    ]
    frame = Frame(rows, columns=["variable", "measure", "question", "cost"])
    frame = frame.set_index("variable", drop=False).assign(
        question=lambda all: all["question"].mask(all["question"] == all["measure"], ""),
        do=peers.sum().astype(int),
        asked=peers.count(),
        share=peers.mean(),  # NaN where none of them was asked
        size_do=does[group["its_class"]].sum().astype(int),
        size_asked=does[group["its_class"]].count(),
        word=words.set_index("variable")["word"],
        order=lambda all: all["cost"].map({"low": 0, "high": 2}).fillna(1),
    )
    lacks = frame[(does.loc[here.code] == 0) & (frame["share"] >= 0.5)]
    lacks = lacks.sort_values(["share", "order"], ascending=[False, True])
    return Frame(lacks.drop(columns="order").reset_index(drop=True))


def peers(survey: Survey, here: Respondent, missing: Frame) -> Frame:
    """Which peers take the measures that it does not: measure, a column a peer, cost."""
    words = {True: "○", False: "–"}
    marks = {
        str(survey.names[code]): [
            words.get(survey.responses.at[code, variable], "") for variable in missing["variable"]
        ]
        for code in here.peers
    }
    frame, costs = Frame({"measure": missing["measure"], **marks}), missing["cost"]
    return frame.assign(cost=costs) if costs.notna().any() else frame


def to_confirm(survey: Survey, here: Respondent) -> Frame:
    """What to ask the municipality: answers at odds, findings, missing answers.

    Columns: question (empty where several are at odds), to_confirm (in words).
    """
    rows = [("", remark.text) for remark in guide.contradictions(survey, here.code)]
    if survey.audience == "internal":
        mine = survey.findings.query("code == @here.code and severity in ['doubtful', 'refused']")
        rows += list(mine[["question", survey.language]].itertuples(index=False, name=None))
    state = survey.status.loc[here.code]
    for q in (q for q in shown_questions(survey) if q.variables[0] in survey.unit_responses):
        items = {item.id: f" — {item.text[survey.language]}" for item in q.items}
        names = [*items] or [q.variables[0]]
        lacks = [name for name in names if state[name] == "no_answer"]
        parts = [""] if len(lacks) == len(names) else [items[name] for name in lacks]
        rows += [(survey.numbered(q) + part, survey.label("status.no_answer")) for part in parts]
    return Frame(rows, columns=["question", "to_confirm"])


def standing(survey: Survey, here: Respondent) -> tuple[Frame, dict[str, Any]]:
    """Its place on each composite, against the quartiles of its size class, or of all if too few.

    Columns: indicator, value, low, median, high, n (the compared). With it whom it is compared with
    and in which unit: who, n, unit; far: the indicator in which it is farthest from the median.
    """
    group = answers.others(survey, here.code, here.typology)["its_class"]
    who = survey.label("profile.others_of_class", size_class=here.size_class)
    if group.sum() < COMPARED:
        group, who = np.ones(survey.n, bool), survey.label("profile.everybody")
    frame, unit = _composites(survey)
    low, median, high = (frame[group].quantile(q) for q in (0.25, 0.5, 0.75))
    place = {"value": frame.loc[here.code], "low": low, "median": median, "high": high}
    known = pd.DataFrame(place).dropna().round(3).assign(n=group.sum())
    gaps = (known["value"] - known["median"]).abs()
    far = gaps.idxmax() if len(gaps) else ""
    about = {"who": who, "n": int(group.sum()), "unit": unit, "far": far}
    return Frame(known.reset_index(names="indicator")), about


@once
def _composites(survey: Survey) -> tuple[pd.DataFrame, str]:
    """The indicators of `standing`, with their unit: composites, or shares of yes."""
    groups = list(survey.features.groups.values())
    shown, of = {*survey.unit_responses}, survey.codebook.using
    indices = [
        i
        for i in survey.codebook.indices
        if (i.role == "cluster" and groups.count(i.id) > 1)
        or (
            i.rule
            and i.role != "factor"
            and shown.issuperset(v for q in of(Expression(i.rule).names) for v in q.variables)
        )
    ]
    if indices:
        numbers = survey.indices[[i.id for i in indices]].astype(float)
        scaled = (numbers - numbers.mean()) / numbers.std(ddof=0).replace(0, 1.0)
        scaled.columns = [i.text[survey.language] for i in indices]
        return scaled, survey.label("profile.standardised")
    columns = {}
    asked = [q for q in survey.codebook if q.type == "binary" and q.id in shown]
    for section in survey.codebook.sections:
        ids = [q.id for q in asked if q.section == section.id]
        if len(ids) >= YES:
            name = section.text[survey.language]
            label = survey.label("profile.share_of", section=name, n=len(ids))
            columns[label] = survey.responses[ids].astype("Float64").mean(axis=1) * 100
    for q in survey.codebook.with_role("outcome"):
        if (q.type, q.range) == ("ratio", (0, 100)) and q.id in shown:
            columns[q.label[survey.language]] = survey.responses[q.id]
    frame = pd.DataFrame(columns, index=survey.responses.index).astype(float)
    return frame, survey.label("profile.percent")


def comparison(survey: Survey, here: Respondent) -> Frame:
    """Its answers beside those of its type and its size class, a row a question.

    Columns: asked (the question), this_one; same_type or same_group, its_class: what these mostly
    answer, with their n. Without what the head of the page and its figures show.
    """
    groups = answers.others(survey, here.code, here.typology)
    others = {name: group for name, group in groups.items() if group.any()}
    head = likeness(survey)[:FACTS]
    staff = names_in(*(kind.rule for kind in survey.codebook.staff))
    rows = []
    for q in shown_questions(survey):
        if q.identity or q in head or q.id in staff or q.variables[0] not in survey.unit_responses:
            continue
        if state_of(survey.status, here.code, q) == "not_applicable":
            continue
        row = {"asked": q.label[survey.language]}
        row["this_one"] = answers.own(survey, here.code, q, brief=True)
        for name, group in others.items():
            row[name] = answers.typical(survey, group, q, brief=True)
        rows.append(row)
    return Frame(rows, columns=["asked", "this_one", *others])


def organisation(survey: Survey, here: Respondent) -> Frame:
    """Which parts of an organisation it has, a row a box of the chart.

    Columns: box (an id of the labels ``organisation``, or ``joint`` for two sections in one), name,
    state (what is known of it), there. Empty where the codebook asks of none.
    """
    columns = ["box", "name", "state", "there"]
    boxes = {
        box.id: (box.text[survey.language], *_state(survey, here, box.rule))
        for box in survey.codebook.organisation
    }
    if not boxes:
        return Frame.nothing(columns=columns)
    lacking = survey.label("profile.not_asked")
    rows = {id: (text, lacking, False) for id, text in survey.labels("organisation").items()}
    rows |= {id: box for id, box in boxes.items() if id in rows}
    if "joint" in boxes and boxes["joint"][2]:
        del rows["policy_section"], rows["operations_section"]
        rows["joint"] = boxes["joint"]
    return Frame([(id, *box) for id, box in rows.items()], columns=columns)


def _state(survey: Survey, here: Respondent, rule: str) -> tuple[str, bool]:
    """Whether a rule holds for a municipality, in a word; where that is not known, why."""
    variables, values = _evaluate(survey, rule, truth=True)
    if variables is None:
        return survey.label("profile.withheld"), False
    value = values[here.code]
    if pd.notna(value):
        return survey.label(f"profile.{'there' if value else 'not_there'}"), bool(value)
    states = set(survey.status.loc[here.code, variables]) - {"answered"}
    word = f"（{survey.label(f'status.{min(states)}')}）" if states else ""
    return word or survey.label("profile.unknown"), False


@once
def _evaluate(
    survey: Survey, rule: str, *, truth: bool = False
) -> tuple[list[str] | None, pd.Series]:
    """The variables that a rule reads and its value for each respondent.

    None, and nothing, where this edition keeps one of the variables back.
    """
    expression, book = Expression(rule, truth=truth), survey.codebook
    names = sorted(expression.names)
    variables = [v for name in names for v in (book[name].variables if name in book else (name,))]
    if not {*survey.unit_responses}.issuperset(variables):
        return None, pd.Series(dtype=object)
    return variables, expression.evaluate(survey.responses)


@once
def _persons(survey: Survey) -> pd.DataFrame:
    """Persons of all respondents by kind of staff, a column a kind; none that is kept back."""
    columns = {}
    for kind in survey.codebook.staff:
        variables, values = _evaluate(survey, kind.rule)
        if variables is None:
            continue
        skipped = (survey.status[variables] == "not_applicable").any(axis=1)  # then there is none
        columns[kind.text[survey.language]] = values.astype("Float64").mask(skipped, 0.0)
    return pd.DataFrame(columns)


def staff(survey: Survey, here: Respondent) -> Frame:
    """Persons by kind of staff: its own, and the medians of its type and its size class.

    Columns: who (in words, with n), kind, persons (NA where not known).
    """
    frame = _persons(survey)
    if frame.empty:
        return Frame.nothing(columns=["who", "kind", "persons"])
    rows = {survey.label("column.this_one"): frame.loc[here.code]}
    for whom, group in answers.others(survey, here.code, here.typology).items():
        if len(theirs := frame[group].dropna()):
            name = survey.label("column.its_class" if whom == "its_class" else f"called.{whom}")
            rows[f"{name} (n={len(theirs):,})"] = theirs.median()
    wide = pd.DataFrame(rows).astype(float).rename_axis(index="kind", columns="who")
    return Frame(wide.unstack().rename("persons").reset_index())
