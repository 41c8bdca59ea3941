"""profile (自治体カルテ): one page for one municipality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.codebook.model import Question
from analysis.codebook.municipality import given
from analysis.codebook.rules import Expression
from analysis.edition import kept_back, protects, shown_questions
from analysis.errors import InputError
from analysis.figures import organisation, plots
from analysis.report import shortage, types
from analysis.results import answers
from analysis.results.certainty import POWER_UP_TO
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import visits as guidebook
from analysis.survey import Survey
from analysis.text import escape
from analysis.typology.study import Typology

PEERS = 5
STEPS = 3
FACTS = 3  # numbers of the context that the head of the page gives
CONFIRM = 6  # matters to confirm that fit on the page
MEASURES = 5  # rows of what peers do
YES = 3  # yes/no questions that a section needs before their share is shown
COMPARED = 5  # municipalities that quartiles need


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
    if survey.n <= POWER_UP_TO and not quick:
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
    found, kind = here.found, {"group": "", "kind": "", "second": ""}
    membership, aside, typed = 0.0, False, False
    if not isinstance(found, NotAvailable) and here.code in found.labels.index:
        typed, aside = True, here.code in found.aside
        membership = float(found.membership.loc[here.code].max())
        kind = {
            "group": types.group_word(found)[survey.language],
            "kind": types.type_name(survey, found, int(found.labels[here.code])),
            "second": types.type_name(survey, found, int(found.second[here.code])),
        }
    sentence = survey.say(
        "profile/answer",
        name=here.name,
        size_class=here.size_class,
        types=typed,
        membership=membership,
        aside=aside,
        peers=[types.full_name(survey, code) for code in here.peers],
        **kind,
    )
    return Answer(sentence, about=types.full_name(survey, here.code))


def facts(survey: Survey, here: Place) -> Prose:
    """What identifies it: code, class with its date, population and staff, date of reply."""
    as_of = survey.wave.as_of.isoformat()
    parts = [survey.label("profile.code", code=here.code)]
    home = str(survey.register.at[here.code, "prefecture"])
    if home and home != "nan":
        parts.append(home)
    if here.size_class:
        parts.append(survey.label("profile.class_as_of", size_class=here.size_class, as_of=as_of))
    parts += [
        f"{q.label[survey.language]} {answers.own(survey, here.code, q)}"
        for q in likeness(survey)[:FACTS]
    ]
    received = survey.codebook.identity("received")
    if received is not None and received.id in survey.responses:
        day = survey.responses.at[here.code, received.id]
        if pd.notna(day):
            parts.append(f"{received.label[survey.language]} {day:%Y-%m-%d}")
    return Prose(escape(survey.label("profile.between_facts").join(parts)))


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
        return Prose(survey.label("profile.no_peers"))
    frame = missing_measures(survey, here)
    if frame.empty:
        return Prose(survey.label("profile.nothing_more"))
    graded, mates = shortage.measures(survey), here.mates(survey)
    grades = dict(zip(graded["variable"], graded["grade"], strict=True)) if len(graded) else {}
    lines = []
    for row in frame.head(STEPS).itertuples():
        theirs = survey.responses.loc[mates, row.variable].dropna().astype(bool)
        question = row.question.label[survey.language]
        grade = grades.get(row.variable)
        line = survey.say(
            "profile/step",
            label=row.label,
            question="" if question == row.label else question,
            do=row.do,
            asked=row.asked,
            size_do=int(theirs.sum()),
            size_asked=len(theirs),
            cost=shortage.COSTS[row.cost][survey.language] if isinstance(row.cost, str) else "",
            grade=shortage.GRADES[grade][survey.language] if grade else "",
        )
        lines.append(line)
    return Prose("\n".join([*lines, "", survey.label("profile.no_promise")]))


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
            label = escape(question.label[survey.language])
            lines.append(f"- {question.id} {label}: {survey.label('status.no_answer')}")
    if len(lines) > CONFIRM:
        more = survey.label("profile.more", n=len(lines) - CONFIRM)
        lines = [*lines[:CONFIRM], f"- {more}"]
    return Prose("\n".join(lines) or survey.label("profile.nothing_to_confirm"))


# --- beside others --------------------------------------------------------------------------------


def standing(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Its place on each composite, against the quartiles of its size class or of all."""
    frame, unit = _composites(survey)
    mates = here.mates(survey)
    alone = len(mates) < COMPARED
    others = frame if alone else frame.loc[mates]
    place = pd.DataFrame(
        {
            "value": frame.loc[here.code],
            "low": others.quantile(0.25),
            "median": others.median(),
            "high": others.quantile(0.75),
        }
    ).dropna()
    if place.empty:
        return NotAvailable("standing", survey.label("profile.no_indicator"))
    who = survey.label("profile.everybody")
    if not alone:
        who = survey.label("profile.others_of_class", size_class=here.size_class)
    label = survey.label("profile.dots", who=who, n=len(others), unit=unit)
    ax = plots.plot_dots(place, label=label, language=survey.language)
    far = (place["value"] - place["median"]).abs().idxmax()
    return survey.gallery.show(
        ax,
        f"standing_{here.code}",
        title=survey.label("profile.standing", name=here.name),
        alt=survey.say("profile/standing_alt", name=here.name, who=who, far=far),
        n=len(others),
        denominator=who,
        data=place.round(3).reset_index(names="indicator"),
        key=True,
    )


def _composites(survey: Survey) -> tuple[pd.DataFrame, str]:
    """What places a municipality: composites of several features; of yes/no tables, shares."""
    sizes = pd.Series(survey.features.groups).value_counts()
    hidden = set(kept_back(survey))
    chosen = [
        i
        for i in survey.codebook.indices
        if (i.role == "cluster" and sizes.get(i.id, 0) > 1)
        or (i.rule and i.role != "factor" and not hidden & Expression(i.rule).names)
    ]
    if chosen:
        numbers = survey.indices[[i.id for i in chosen]].astype(float)
        scaled = (numbers - numbers.mean()) / numbers.std(ddof=0).replace(0, 1.0)
        scaled.columns = [i.text[survey.language] for i in chosen]
        return scaled, survey.label("profile.standardised")
    columns = {}
    for section in survey.codebook.sections:
        asked = [q.id for q in survey.codebook if q.section == section.id and q.type == "binary"]
        if len(asked) >= YES:
            name = section.text[survey.language]
            label = survey.label("profile.share_of", section=name, n=len(asked))
            columns[label] = survey.responses[asked].astype("Float64").mean(axis=1) * 100
    for q in survey.codebook.with_role("outcome"):
        if q.unit and q.unit.ja == "％" and q.id in survey.responses:
            columns[q.label[survey.language]] = survey.responses[q.id]
    frame = pd.DataFrame(columns, index=survey.responses.index).astype(float)
    return frame, survey.label("profile.percent")


def peers(survey: Survey, here: Place) -> Table | Prose:
    """What at least half of the peers do and it does not, peer by peer; `steps` says if nothing."""
    frame = missing_measures(survey, here).head(MEASURES)
    if frame.empty:
        return Prose("")
    rows = []
    for row in frame.itertuples():
        line = {survey.label("column.measure"): row.label}
        for code in here.peers:
            done = survey.responses.at[code, row.variable]
            line[str(survey.names[code])] = "" if pd.isna(done) else "○" if bool(done) else "–"
        if isinstance(row.cost, str):
            line[survey.label("column.cost")] = shortage.COSTS[row.cost][survey.language]
        rows.append(line)
    alike = [q.label[survey.language] for q in likeness(survey)]
    return survey.gallery.table(
        pd.DataFrame(rows).fillna(""),
        "peers",
        title=survey.label("profile.peers"),
        n=len(here.peers),
        notes=[survey.say("profile/peers_by", labels=alike, same_prefecture=here.prefecture_only)],
    )


def its_answers(survey: Survey, here: Place) -> Table:
    """Its answers beside those of its type and its size class, a row a question."""
    groups = {
        types.kin_word(survey, here.found): here.kin(),
        survey.label("column.its_class"): here.mates(survey),
    }
    others = {name: answers.Subset.of(survey, codes) for name, codes in groups.items() if codes}
    rows = []
    for question in _told(survey):
        if survey.status.at[here.code, question.variables[0]] == "not_applicable":
            continue
        row = {
            survey.label("column.question"): question.label[survey.language],
            survey.label("column.this_one"): answers.own(survey, here.code, question, brief=True),
        }
        for name, group in others.items():
            row[name] = answers.typical(survey, group, question, brief=True)
        rows.append(row)
    return survey.gallery.table(
        pd.DataFrame(rows),
        "answers",
        title=survey.label("profile.published", as_of=survey.wave.as_of)
        if survey.wave.named
        else survey.label("profile.answers"),
        n=survey.n,
        notes=[survey.label("profile.answers_note")],
    )


def _told(survey: Survey) -> list[Question]:
    """The questions that the page tells, without those that its head and its figures give."""
    head = likeness(survey)[:FACTS]
    drawn = {name for kind in survey.codebook.staff for name in Expression(kind.rule).names}
    return [
        q
        for q in shown_questions(survey)
        if not q.identity and q not in head and q.id not in drawn and not protects(survey, q)
    ]


# --- organisation and staff -----------------------------------------------------------------------


def organisation_chart(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Which parts of the organisation it has, and its IT staff beside type and size class."""
    boxes, people = _boxes(survey, here), _staff(survey, here)
    if not survey.codebook.organisation and people.empty:
        reason = survey.label("profile.no_organisation", book=survey.codebook.id)
        return NotAvailable("organisation", reason)
    own = pd.Series(dtype=float) if people.empty else people.iloc[0].dropna()
    return survey.gallery.show(
        organisation.plot_organisation(boxes, people, language=survey.language),
        f"organisation_{here.code}",
        title=survey.label("profile.organisation", name=here.name),
        alt=survey.say(
            "profile/organisation_alt",
            boxes=[f"{name} {state}" for name, state, _ in boxes.values()],
            asked=not people.empty,
            staff=[f"{kind} {number:g}" for kind, number in own.items()],
        ),
        n=1,
        denominator=survey.label(f"profile.{'no' if people.empty else 'with'}_staff"),
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
    for id, text in survey.labels("organisation").items():
        if id not in asked:
            boxes[id] = (text, survey.label("profile.not_asked"), False)
            continue
        boxes[id] = (
            asked[id].text[survey.language],
            *_state(survey, here.code, asked[id].rule),
        )
    if "joint" in asked and _state(survey, here.code, asked["joint"].rule)[1]:
        del boxes["policy_section"], boxes["operations_section"]
        name = asked["joint"].text[survey.language]
        boxes["joint"] = (name, survey.label("profile.there"), True)
    return boxes


def _state(survey: Survey, code: str, rule: str) -> tuple[str, bool]:
    """What a rule says of a municipality, in a word; where nothing, why."""
    expression = Expression(rule, truth=True)
    variables = _readable(survey, expression)
    if variables is None:
        return survey.label("profile.withheld"), False
    # the few columns first: a row of all of them is made anew for each rule
    value = expression.evaluate(survey.responses[variables].loc[[code]]).iloc[0]
    if pd.isna(value):
        states = set(survey.status.loc[code, variables]) - {"answered"}
        if states:
            return f"（{survey.label(f'status.{min(states)}')}）", False
        return survey.label("profile.unknown"), False
    return survey.label(f"profile.{'there' if value else 'not_there'}"), bool(value)


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
    rows = {survey.label("column.this_one"): frame.loc[here.code]}
    groups = {survey.label("column.its_class"): here.mates(survey)}
    if kin := here.kin():
        groups = {types.kin_word(survey, here.found): kin, **groups}
    for name, codes in groups.items():
        theirs = frame.loc[codes].dropna()
        if len(theirs):
            rows[f"{name} (n={len(theirs):,})"] = theirs.median()
    return pd.DataFrame(rows).T.astype(float)
