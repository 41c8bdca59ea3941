"""Questions as tidy frames, tables and figures, as the edition of a survey may show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from analysis import edition
from analysis.codebook.questions import COUNTED, MEASURED, STATUSES, UNCOUNTED, Question
from analysis.edition import View, is_shown, is_withheld
from analysis.errors import refusal
from analysis.figures import plots
from analysis.figures.gallery import HIDDEN
from analysis.show import Figure, Frame, NotAvailable, Table
from analysis.stats import tabulate
from analysis.stats.tabulate import Breakdown
from analysis.stats.thresholds import (
    HEADLINE_AHEAD,
    HEADLINE_APART,
    HEADLINE_FEWEST,
    HEADLINE_POINTS,
)

OF_ANSWER = ["question", "question_type", "item", "variable", "code", "answer"]
COUNTS = [*OF_ANSWER, "group", "count", "n", "share", "low", "high", "missing"]
STATISTICS = ["question", "item", "group", "n", *tabulate.MEASURES]
ALIKE = 3  # questions of yes or no that make one figure


def counts(survey: View, questions: Sequence[Question], by: Breakdown | None = None) -> Frame:
    """How often each answer was given, a row an answer (and group), in the questionnaire's order.

    Columns
    -------
    question, question_type : its id and type. item : of a battery, else empty.
    variable : the column of `responses`. code, answer : of the questionnaire; answers counted
        together have all their codes, such as ``1+2``. group : of the breakdown, else absent.
    count, n, share : municipalities, those asked and answering, and count / n (0 to 1). NA where
        the edition hides the count.
    low, high : least and greatest share whatever those answered who did not; NA where all did, and
        by group. missing : how many did not answer, by kind, in words.
    """
    if nothing_by(by):
        return Frame(columns=COUNTS)
    parts: list[pd.DataFrame] = []
    questions = [q for q in questions if not is_withheld(survey, q)]
    for q in (q for q in questions if q.type in {*COUNTED, "battery"}):
        if by is None:
            tables = [_whole(survey, q)]
        elif q.type == "battery":
            groups = edition.members(survey, q, by).items()
            tables = [_scale(survey, q, inside).assign(group=group) for group, inside in groups]
        else:
            tables = [] if q in edition.questions_behind(survey, by) else [_by_group(survey, q, by)]
        about = {"question": q.id, "question_type": q.type}
        parts += [part.assign(**about, item=part.get("item", "")) for part in tables if len(part)]
    if not parts:
        return Frame.nothing("withheld", COUNTS)
    frame = Frame(pd.concat(parts, ignore_index=True).reindex(columns=COUNTS))
    floats = dict.fromkeys(["share", "low", "high"], "Float64")
    frame = frame.astype({"count": "Int64", "n": "Int64", **floats})
    return frame.drop(columns=["low", "high", "missing"] if by is not None else ["group"])


def _whole(survey: View, question: Question) -> pd.DataFrame:
    table = edition.frequency(survey, question)
    if question.type == "battery":
        frame = pd.DataFrame() if table.protected else _scale(survey, question)
    else:
        frame = table.frame.reset_index().assign(n=table.n)
    # missing answers, counted, would disclose hidden ones; a size class is known without a reply
    if not table.protected and table.n:
        words, separator = survey.labels("status"), survey.label("answers.separator")
        frame["missing"] = [
            separator.join(f"{words[kind]} {count:,}" for kind, count in absent.items())
            for absent in _absent(survey, question, frame)
        ]
        if question.identity is None:
            own = frame["variable"] if question.type == "battery" else [None] * len(frame)
            ends = [
                survey.population.bounds(int(c), int(n), to_answer(survey, question, item))
                for (c, n), item in zip(frame[["count", "n"]].to_numpy(), own, strict=True)
            ]
            frame["low"] = [end[0] if end else None for end in ends]
            frame["high"] = [end[1] if end else None for end in ends]
    return frame


def _absent(survey: View, question: Question, rows: pd.DataFrame) -> list[dict[str, int]]:
    """For each row how many did not answer its question, of a battery its item, by kind."""
    if question.type != "battery":
        return [edition.frequency(survey, question).missing] * len(rows)
    every = {name: Counter(survey.status[name].to_numpy(object)) for name in question.variables}
    kinds = (every[item].most_common() for item in rows["variable"])
    return [{str(kind): m for kind, m in of if kind != "answered"} for of in kinds]


def _scale(survey: View, question: Question, inside: Any = slice(None)) -> pd.DataFrame:
    """The points of a battery's scale by item, from the lowest, of all or of those `inside`."""
    rows = []
    for item in question.items:
        values = survey.responses[item.id].loc[inside].dropna().astype(int)
        about = {"item": item.text[survey.language], "variable": item.id, "n": len(values)}
        for option in sorted(question.options, key=lambda option: option.code):
            count = int((values == option.code).sum())
            share = count / len(values) if len(values) else np.nan
            answer = {"code": str(option.code), "answer": option.text[survey.language]}
            rows.append(about | answer | {"count": count, "share": share})
    return pd.DataFrame(rows)


def _by_group(survey: View, question: Question, by: Breakdown) -> pd.DataFrame:
    counts, answered = edition.cross(survey, question, by)
    long = counts.rename_axis(columns="group").dropna().stack().rename("count").astype("Int64")
    long = long.reset_index()
    n = long["group"].map(answered).astype("Int64")
    return long.assign(n=n, share=(long["count"] / n.where(n > 0)).astype("Float64"))


def numbers(survey: View, questions: Sequence[Question], by: Breakdown | None = None) -> Frame:
    """Statistics of numbers and of the items of batteries, a row each (and group).

    Columns: question, item (of a battery), group (of the breakdown, else absent), n, median, lower
    and upper quartile, least, greatest, mean. Where small numbers are protected, what
    `edition.frequency` leaves; nothing by group, nor by a protected question.
    """
    rows: list[dict[str, Any]] = []
    if nothing_by(by):
        return Frame(columns=STATISTICS)
    for q in (q for q in questions if q.type in MEASURED and not is_withheld(survey, q)):
        names = {i.id: i.text[survey.language] for i in q.items} or {q.id: ""}
        table = edition.frequency(survey, q)
        if table.protected and by is None and q.type == "battery":
            means = table.frame.dropna().rename_axis("item").rename(columns={"count": "n"})
            rows += means.reset_index().assign(question=q.id).astype({"n": int}).to_dict("records")
        elif table.protected and by is None:
            rows.append(
                {"question": q.id, "item": "", "n": table.n} | table.frame["value"].to_dict()
            )
        for group, inside in edition.members(survey, q, by).items():
            for variable, item in names.items():
                values = survey.responses[variable].loc[inside].astype("Float64").dropna()
                about = {"question": q.id, "item": item, "group": group, "n": len(values)}
                rows.append(about | tabulate.summary(values)["value"].to_dict())
    if not rows and any(q.type in MEASURED for q in questions):
        return Frame.nothing("withheld", STATISTICS)
    frame = Frame(rows, columns=STATISTICS)
    return frame if by is not None else frame.drop(columns="group")


def wide(survey: View, frame: pd.DataFrame, value: str) -> Frame:
    """A breakdown as a table: question and answer (or item) down, groups across.

    `value`: ``share``, written as ``27% (3/11)``, or a statistic, written as ``12.5 (n=11)``; a
    dash where nobody answered. Groups keep their order.
    """
    if frame.empty:
        return Frame.nothing(str(frame.attrs.get("why", "nothing")), frame.columns)
    rows = [name for name in ("question", "item", "answer") if name in frame]
    if value == "share":
        cells = [cell(*pair) for pair in frame[["count", "n"]].to_numpy()]
    else:
        pairs = frame[[value, "n"]].to_numpy()
        cells = [f"{digits(x)} (n={int(n):,})" if n else HIDDEN for x, n in pairs]
    order = pd.MultiIndex.from_frame(frame[rows].drop_duplicates())
    table = frame.assign(cell=cells).pivot(index=rows, columns="group", values="cell")
    table = table.reindex(order)[frame["group"].unique()].fillna(HIDDEN)
    return with_titles(survey, table.rename(columns=str).rename_axis(columns=None).reset_index())


def nothing_by(by: Breakdown | None) -> bool:
    """Whether a breakdown has no group, such as prefectures of invented municipalities."""
    if isinstance(by, pd.DataFrame):
        return not by.any(axis=None)
    return by is not None and bool(by.dropna().astype(str).eq("").all())


def with_titles(survey: View, frame: pd.DataFrame) -> Frame:
    """The same frame with the words of a question in place of ids.

    A question is its number, short text, unit and, of a battery, the item.
    """
    names = {
        q.id: survey.numbered(q, tabulate.with_unit(q, survey.language)) for q in survey.codebook
    }
    item = frame["item"].map(lambda item: f" — {item}" if item else "")
    words = frame.assign(question=frame["question"].map(names) + item)
    return Frame(words.drop(columns=["item", "variable", "code"], errors="ignore"))


def most_frequent(frame: pd.DataFrame) -> Frame:
    """The rows of `counts` with the most frequent answer of each question, the largest share first.

    An answer that is counted together with others is none. Added column: ``partly``, whether the
    edition hides the number of another answer to the question, which may be the larger one.
    """
    together = frame["code"].str.contains("+", regex=False)
    partly = (together | frame["count"].isna()).groupby(frame["question"]).transform("any")
    known = frame.assign(partly=partly)[~together].dropna(subset=["share"])
    known = known.sort_values("share", ascending=False, kind="stable")
    return Frame(known.drop_duplicates("question"))


def compact(survey: View, frame: pd.DataFrame) -> Frame:
    """A row a question or item with all its answers in one cell, from `counts`.

    Of yes or no only how many said yes.
    """
    rows = frame[(frame["question_type"] != "binary") | (frame["code"] != "0")]
    texts = [
        survey.label("tabulation.counted", answer=a, count=int(c), share=float(s))
        if pd.notna(c) and pd.notna(s)  # hidden, or asked of nobody
        else survey.label("tabulation.hidden", answer=a)
        for a, c, s in rows[["answer", "count", "share"]].itertuples(index=False)
    ]
    together = {"answers": survey.label("answers.separator").join, "n": "first", "missing": "first"}
    rows = with_titles(survey, rows.assign(answers=texts))
    columns = {name: how for name, how in together.items() if name in rows}
    return Frame(rows.groupby("question", sort=False).agg(columns).reset_index())


def by_kind(survey: View, frame: pd.DataFrame) -> Frame:
    """The same frame, how many did not answer in a column for each kind in the place of words."""
    if "missing" not in frame:
        return Frame(frame)
    stated = frame[frame["missing"].notna()]
    parts = stated.groupby("question", sort=False)
    counts = [_absent(survey, survey.question(str(id)), part) for id, part in parts]
    places = [place for _, part in parts for place in part.index]
    kinds = pd.DataFrame([*chain(*counts)], places, list(STATUSES[1:]))
    kinds = kinds.dropna(axis="columns", how="all").fillna(0).astype("Int64")
    return Frame(frame.drop(columns="missing").join(kinds))


def digits(value: float) -> str:
    """A number in four digits, from a thousand whole.

    >>> digits(12.345), digits(12345.6)
    ('12.35', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def cell(count: Any, n: int) -> str:
    """A cell of a cross table: share, count and denominator; a dash where it is hidden.

    >>> cell(3, 11), cell(pd.NA, 11)
    ('27% (3/11)', '—')
    """
    if pd.isna(count):
        return HIDDEN
    return f"{count / n:.0%} ({int(count):,}/{n:,})" if n else HIDDEN


def to_answer(survey: View, question: Question | None, item: str | None = None) -> int | None:
    """How many were to answer a question (or `item`), replied or not; None where not known.

    Respondents whom the skip rule left out do not count. Whether it would have left out those who
    did not reply is unknown: they all count, which gives the widest bounds of a share.
    """
    if question is None or (size := survey.population.size) is None:
        return None
    return size - int((survey.status[item or question.variables[0]] == "not_applicable").sum())


# --- one question ------------------------------------------------------------------------------


def _withheld(survey: View, name: str, question: Question, *, by: bool = False) -> NotAvailable:
    """What stands in the place of a table or figure that the edition keeps back."""
    why = survey.say("tabulation/withheld", question=survey.numbered(question), by=by)
    return NotAvailable(name, why, withheld=True)


def table(survey: View, question: Question, by: Breakdown | None = None) -> Table | NotAvailable:
    """One question as a table, by group where a breakdown is given.

    Raises InputError: the edition shows nothing of it by group.
    """
    if by is None and is_withheld(survey, question):
        return _withheld(survey, f"table_{question.id}", question)
    frequency = edition.frequency(survey, question)
    scale = question.type == "battery" and not frequency.protected
    make = numbers if question.type in MEASURED and not scale else counts
    by = None if by is None else tabulate.align(by, survey.responses.index)
    frame = make(survey, [question], by)
    if by is not None and frame.empty:
        raise refusal("survey.by_group", id=question.id, audience=survey.audience)
    if by is not None:
        n = int(frame.drop_duplicates("group")["n"].sum())
        if isinstance(by, pd.DataFrame):  # its groups overlap
            n = int((by.any(axis=1) & tabulate.has_answer(survey.status, question)).sum())
        page = wide(survey, frame, "share") if make is counts else frame.drop(columns="item")
    elif question.type in UNCOUNTED:
        n = frequency.n
        page = Frame({"answer": [HIDDEN], "count": [n]})
    else:
        n = int(frame["n"].max())
        ids = ["item", "answer", "count", "n", "share"] if scale else ["answer", "count", "share"]
        page = frame[ids] if make is counts else frame.dropna(axis="columns", how="all")
    if by is None or not scale:
        page = page.drop(columns="question", errors="ignore")
    about: dict[str, Any] = {"question": survey.numbered(question)}
    about |= {"multiple": question.type == "multi", "more": edition.note(survey), "base": n}
    name, words = f"table_{question.id}", "tabulation/one"
    return survey.gallery.table(page, name, words=words, n=n, percent=["share"], **about)


def figure(
    survey: View, question: Question, by: Breakdown | None = None, *, key: bool = False
) -> Figure | NotAvailable:
    """One question as a figure, by group where a breakdown is given; `key`: see `Survey.figure`."""
    name, title = f"q_{question.id}", survey.numbered(question)
    frequency = edition.frequency(survey, question)
    if frequency.n == 0:
        return NotAvailable(name, survey.say("tabulation/no_answers", question=title))
    if question.type in UNCOUNTED:
        return NotAvailable(name, survey.say("tabulation/not_drawn", question=title))
    withheld = partial(_withheld, survey, name, question, by=by is not None)
    if frequency.frame.isna().all(axis=None) or not is_shown(survey, question):
        return withheld()
    by = None if by is None else tabulate.align(by, survey.responses.index)
    if question.type in COUNTED:
        plot = _plot_counts(survey, question, by)
    elif question.type == "battery":
        plot = _plot_battery(survey, question, protected=frequency.protected)
    elif isinstance(by, pd.DataFrame):
        raise refusal("survey.no_figure", id=question.id)
    else:
        hidden = frequency.protected if by is None else not edition.members(survey, question, by)
        plot = None if hidden else _plot_numbers(survey, question, by)
    if plot is None:
        return withheld()
    ax, data, words, values = plot
    wording = survey.numbered(question, question.text[survey.language])
    values |= {"question": title, "label": question.label[survey.language], "base": frequency.n}
    values |= {"asked": "" if wording == title else wording, "multiple": question.type == "multi"}
    unit = question.unit_in(survey.language)
    values["units"] = {"value": unit.replace("（", "、").rstrip("）")} if unit else {}
    return survey.gallery.show(
        ax, name, words=f"tabulation/{words}", data=data, n=frequency.n, key=key, **values
    )


def figures(
    survey: View, questions: Sequence[Question], *, key: str = ""
) -> list[Figure | NotAvailable]:
    """A figure a question, those of yes or no in one where there are three; `key`: see `figure`."""
    alike = [q for q in questions if q.type == "binary"]
    if survey.coarse:  # where yes and no are counted together, there is no share of yes
        alike = [q for q in alike if len(edition.frequency(survey, q).frame) > 1]
    alike = alike if len(alike) >= ALIKE else []
    single = [figure(survey, q, key=q.id == key) for q in questions if q not in alike]
    return [yes_no(survey, alike), *single] if alike else single


def yes_no(survey: View, questions: Sequence[Question]) -> Figure | NotAvailable:
    """How many say yes to each of several questions, sorted, as one figure."""
    whole = counts(survey, questions).query("code == '1'")
    frame = whole.dropna(subset="count")
    names = {q.id: survey.numbered(q) for q in questions}
    data = frame.assign(answer=frame["question"].map(names), said=frame["answer"])
    if frame["n"].nunique() > 1:
        data["answer"] += [f" (n={n:,})" for n in data["n"]]
    data = data.sort_values("share", ascending=False, kind="stable").round({"share": 4})
    data = Frame(data[["answer", "said", "count", "n", "share"]])
    n = int(data["n"].max()) if len(data) else 0
    ends = {"top": data.iloc[0], "least": data.iloc[-1]} if n else {}
    apart = n >= HEADLINE_FEWEST and ends["top"]["share"] - ends["least"]["share"] >= HEADLINE_APART
    lead = "・".join(dict.fromkeys(data["said"]))
    ax = plots.shares(data, dots=True, language=survey.language)
    about = {"question": lead, "multiple": False, "base": n, "lead": apart, **ends}
    about["partly"] = len(frame) < len(whole)
    return survey.gallery.show(
        ax, f"q_{questions[0].id}_{questions[-1].id}", words="tabulation/yes_no", data=data, n=n,
        **about,
    )  # fmt: skip


Plot = tuple[Any, pd.DataFrame, str, dict[str, Any]]  # axes, numbers, sentence and its values


def leads(tallies: Sequence[int], n: int) -> bool:
    """Whether the first of these counts is so far ahead that a headline may name it.

    >>> leads([9, 4, 2], 15), leads([6, 5, 4], 15), leads([3, 1], 4)
    (True, False, False)
    """
    first, second = [*sorted(tallies, reverse=True), 0, 0][:2]
    return n >= HEADLINE_FEWEST and first - second >= max(2, HEADLINE_AHEAD * n)


def _plot_counts(survey: View, question: Question, by: Breakdown | None) -> Plot | None:
    whole = counts(survey, [question])
    known = whole.dropna(subset=["count"]).sort_values("count", kind="stable", ascending=False)
    lead = by is None and leads(list(known["count"]), int(whole["n"].max()))
    top = next(iter(known.records), None)
    if top and "+" in top["code"]:  # counted together they are no most frequent answer
        top = None
    partly = len(known) < len(whole)  # a hidden number may be the largest
    values = {"top": top, "lead": lead and top is not None, "partly": partly}
    if by is None:
        rows = _in_order(whole, question) if question.type == "multi" else whole
        data = rows[["answer", "count", "share"]].round({"share": 4})
        return plots.shares(data, language=survey.language), data, "shares", values
    data = counts(survey, [question], by).round({"share": 4})
    data = data.drop(columns=[name for name in OF_ANSWER if name != "answer"])
    if data.empty:
        return None
    return plots.cross_table(data, language=survey.language), data, "shares", values


def _in_order(frame: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Several answers by how often they were given; "other" and "none" stay below."""
    last = {str(o.code) for o in question.options if o.exclusive or o.other}
    below = [bool(last.intersection(code.split("+"))) for code in frame["code"]]
    order = pd.DataFrame({"below": below, "count": -frame["count"].astype("Float64").fillna(0)})
    return frame.loc[order.sort_values(["below", "count"], kind="stable").index]


def _plot_battery(survey: View, question: Question, *, protected: bool) -> Plot:
    means = numbers(survey, [question]).drop(columns="question").dropna(axis="columns", how="all")
    means = means.sort_values("mean", ascending=False, kind="stable")
    data = means.round(4)
    top, least = means.records[0], means.records[-1]
    apart = least["n"] >= HEADLINE_FEWEST and top["mean"] - least["mean"] >= HEADLINE_POINTS
    values = {"top": top, "least": least, "lead": apart}
    if protected:  # the counts of single answers stay inside
        ax = plots.means(data, question=question, language=survey.language)
        return ax, data, "battery", values
    points = counts(survey, [question])[["item", "answer", "count", "n", "share"]]
    data = data.drop(columns="n").merge(points.round({"share": 4}), on="item")
    ax = plots.likert(data, language=survey.language)
    return ax, Frame(data[[*points, *data.columns.difference(points.columns)]]), "battery", values


def _plot_numbers(survey: View, question: Question, by: pd.Series | None) -> Plot:
    values = survey.responses[question.id].astype("Float64")
    data = pd.DataFrame({"value": values.to_numpy(float, na_value=np.nan)})
    if by is not None:
        order = [str(group) for group in tabulate.groups(by)]
        data["group"] = pd.Categorical(by.astype(str).to_numpy(), order)
    data = data.dropna().sort_values([*data.columns[::-1]], kind="stable")
    label = tabulate.with_unit(question, survey.language)
    words_of: dict[str, Any] = {"language": survey.language, "own_register": survey.own_register}
    ax = plots.plot_numbers(data, label=label, **words_of)
    quartiles = data["value"].quantile([0.25, 0.5, 0.75]).map(digits)
    words = dict(zip(("low", "median", "high"), quartiles, strict=True))
    about: dict[str, Any] = {"unit": question.unit_in(survey.language)}
    about["lead"] = by is None and len(data) >= HEADLINE_FEWEST
    return ax, data, "numbers_figure", words | about
