"""What came in, what cleaning did with it, and which answers are missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from analysis.cleaning.findings import RULES, SEVERITIES
from analysis.codebook.questions import STATUSES
from analysis.codebook.rules import names_in
from analysis.edition import is_shown, protects, shown_questions
from analysis.figures.gallery import HIDDEN, NAMED_UP_TO
from analysis.show import Frame
from analysis.stats import disclosure, tabulate
from analysis.survey import Survey

NAMED = 3  # questions that a sentence names
CONFIRMED = ("doubtful", "refused")  # what the office is asked about


def totals(survey: Survey) -> dict[str, Any]:
    """How many replied, how many cells came, and findings of each severity but ``noted``."""
    counts = survey.findings["severity"].value_counts()
    published = survey.wave.named  # nobody replied to a published table
    return {
        "n": survey.n,
        "asked": None if published else survey.invited or None,
        "replied": survey.replied,
        "published": published,
        "cells": survey.ledger.received,
        **{kind: int(counts.get(kind, 0)) for kind in SEVERITIES if kind != "noted"},
    }


def arrivals(survey: Survey) -> dict[str, Any]:
    """Which files came, by folder, and who did not reply, as far as the edition may name them."""
    files = dict.fromkeys(name for name in survey.ledger.counts["file"] if name)
    folders = Counter(name.rpartition("/")[0] or name for name in files)
    silent = survey.register.loc[~survey.register["replied"].astype(bool), "name"].tolist()
    silent = [] if survey.wave.named else silent
    return {
        "n": survey.n,
        "files": dict(folders),
        "silent": len(silent),
        "names": silent if survey.shows_units else [],
    }


def ledger(survey: Survey) -> Frame:
    """Where the cells of all files ended: columns ledger (an id) and cells, the total last."""
    hides = any(protects(survey, q) and not is_shown(survey, q) for q in survey.codebook)
    # all values less those of the shown questions would be the n of the hidden ones
    return Frame((survey.ledger.without_kinds() if hides else survey.ledger).table())


def by_rule(survey: Survey) -> Frame:
    """Findings by rule of cleaning, those of the most findings first within each severity.

    Columns: rule, severity, findings, municipalities; inside also example and place.
    """
    findings = survey.findings.assign(code=survey.findings["code"].replace("", None))
    findings["rule"] = findings["rule"].mask(_telling(survey), "")
    groups = findings.groupby(["rule", "severity"], observed=True)
    frame = Frame(groups.agg(findings=("code", "size"), municipalities=("code", "nunique")))
    if survey.audience == "internal":
        first = groups.head(1).set_index(["rule", "severity"]).loc[frame.index]
        value = first["value"].where(
            first.index.get_level_values("rule") != "tick", survey.label("cleaning.ticked")
        )
        frame["example"] = first["raw"] + (" → " + value).where(value != "", "")
        frame["place"] = (first["sheet"] + " " + first["cell"]).str.strip()
    frame = frame.reset_index()
    order = frame.assign(worst=frame["severity"].map(SEVERITIES.index), most=-frame["findings"])
    frame = frame.loc[order.sort_values(["worst", "most"], kind="stable").index]
    small = frame["rule"] == ""
    frame["rule"] = [RULES[id].title[survey.language] if id else "" for id in frame["rule"]]
    return _without_small(survey, frame, small)


def _telling(survey: Survey) -> pd.Series:
    """Which findings an edition counts apart from their rule and question: these tell answers.

    All on sensitive questions, and on checks that name one, but those of nobody's answer, such as
    on a heading: a committee knows the answers to all others. To the public also those of rules
    that tell which answer was given. (Were the former counted by rule there, the difference from
    the committee's table would tell them.)
    """
    book, hidden = survey.codebook, set[str]()
    for name, question in book.by_name.items():
        checked = book.using(names_in(*(check.rule for check in question.checks)))
        if any(q.sensitive and protects(survey, q) for q in (question, *checked)):
            hidden.add(name)
    sensitive = survey.findings["question"].isin(hidden) & survey.findings["code"].ne("")
    if survey.shows_units:
        return sensitive
    return sensitive | survey.findings["rule"].map(lambda id: RULES[id].tells).astype(bool)


def _without_small(survey: Survey, frame: Frame, small: pd.Series) -> Frame:
    """Rules that tell answers and, to the public, those met once or twice, together by severity."""
    if not survey.shows_units:
        small |= frame["municipalities"] < disclosure.SMALLEST
        for _, part in frame.groupby("severity", sort=False):
            if small[part.index].sum() == 1:  # alone it could be reckoned from the sum of all
                small.loc[part.index[~small[part.index]][-1:]] = True
    if not small.any():
        return frame.reset_index(drop=True)
    rest = frame[small].groupby("severity", sort=False)["findings"].sum().reset_index()
    name = survey.label(f"cleaning.{'sensitive' if survey.shows_units else 'other_rules'}")
    rest = rest.assign(rule=name, municipalities=HIDDEN)
    large = frame[~small].astype({"municipalities": object})
    return Frame(pd.concat([large, rest])[list(frame.columns)])


def to_confirm(survey: Survey) -> Frame:
    """Doubtful and refused answers: one by one inside, counted by question for the committee.

    Columns inside: municipality, question, severity, raw, to_confirm, place. For the committee:
    question (the sensitive ones in one row), findings, municipalities. Empty for the public: it is
    between office and researchers.
    """
    findings = survey.findings[survey.findings["severity"].isin(CONFIRMED)]
    if findings.empty or not survey.shows_units:
        return Frame()
    questions = pd.Series([_title(survey, name) for name in findings["question"]], findings.index)
    if survey.audience != "internal":
        told = _telling(survey)[findings.index]
        codes = findings["code"].replace("", None)  # a heading is no municipality's
        questions = questions.replace("", survey.label("cleaning.no_question"))
        questions = questions.mask(told, survey.label("cleaning.sensitive"))
        counts = codes.groupby(questions, sort=False).agg(findings="size", municipalities="nunique")
        if told.any():
            counts = counts.astype({"municipalities": object})
            counts.loc[survey.label("cleaning.sensitive"), "municipalities"] = HIDDEN
        return Frame(counts.reset_index(names="question"))
    # those of a municipality together, what belongs to none last: it would read as the one's above
    order = {name: at for at, name in enumerate(findings["name"].unique())} | {"": len(findings)}
    frame = Frame(
        {
            "municipality": findings["name"].replace("", survey.label("cleaning.office")),
            "question": questions,
            "severity": findings["severity"],
            "raw": findings["raw"],
            "to_confirm": findings[survey.language],
            "place": (findings["sheet"] + " " + findings["cell"]).str.strip(),
        }
    )
    return frame.iloc[findings["name"].map(order).argsort(kind="stable")]


def _title(survey: Survey, name: str) -> str:
    """A question, option or item by its id and its words."""
    book, identity = survey.codebook, survey.labels("identity")
    if name in book:
        return survey.numbered(book[name])
    part = name in book.question_of
    return f"{name} {book.label(name)[survey.language]}" if part else identity.get(name, name)


def states(survey: Survey) -> pd.DataFrame:
    """The status of each question (columns, ids) for each respondent; see `tabulate.state`."""
    there = (q for q in survey.codebook if q.role != "id" and q.variables[0] in survey.status)
    questions = (q for q in there if q.variables[0] in survey.unit_responses or is_shown(survey, q))
    return pd.DataFrame({q.id: tabulate.state(survey.status, q) for q in questions})


def missing(survey: Survey) -> Frame:
    """How many respondents are in each status, a row a question: question and the statuses.

    Where small numbers are protected: answered and not_answered alone.
    """
    if not survey.shows_units:
        frame = Frame({"question": [*map(survey.numbered, shown_questions(survey))]})
        n = [int(tabulate.has_answer(survey.status, q).sum()) for q in shown_questions(survey)]
        return frame.assign(answered=n, not_answered=survey.n - pd.Series(n, dtype=int))
    each = states(survey)
    counts = pd.DataFrame({kind: (each == kind).sum() for kind in STATUSES})
    names = [survey.numbered(survey.codebook[id]) for id in each]
    return Frame(counts.set_axis(names, axis="index").reset_index(names="question"))


def matrix(survey: Survey, missing: pd.DataFrame) -> pd.DataFrame:
    """Status of each question of `missing` (rows) for each municipality, to be drawn one by one.

    Empty where there are more than `NAMED_UP_TO` or the edition shows no single answers. The rows
    end in how many answered of those asked.
    """
    if survey.n > NAMED_UP_TO or survey.audience != "internal":
        return pd.DataFrame()
    bases = survey.n - missing[["not_applicable", "not_surveyed"]].sum(axis=1)
    counts = zip(missing["question"], missing["answered"], bases, strict=True)
    rows = [f"{name} {answered}/{of}" for name, answered, of in counts]
    each = states(survey).T.iloc[missing.index].rename(columns=survey.names)
    return each.set_axis(rows, axis="index")


def most_missing(missing: pd.DataFrame) -> Frame:
    """The three questions that lack most answers; without those that tie for the last place."""
    counts = missing.set_index("question")["no_answer"]
    top = counts[counts > 0].nlargest(NAMED, keep="all")
    return Frame((top if len(top) <= NAMED else top[top > top.min()]).reset_index())
