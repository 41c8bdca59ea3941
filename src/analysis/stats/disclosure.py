"""Disclosure control: what an audience may not see is left out, rare answers are counted together.

Data are minimised before a notebook sees them, so nothing downstream can leak what is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.cleaning.clean import Cleaned
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression
from analysis.fingerprints import pseudonym, pseudonym_key
from analysis.stats import thresholds
from analysis.stats.tabulate import SHORT, labels_of

Audience = Literal["internal", "committee", "public"]
SMALLEST = thresholds.SMALLEST_CELL
Group = Literal["hide", "show"]  # whether what all or none of a group answered may be disclosed


def minimise(
    cleaned: Cleaned, codebook: Codebook, *, audience: Audience, named: bool
) -> tuple[Cleaned, dict[str, str]]:
    """The cleaned data without what the audience may not see; code -> pseudonym, where it has one.

    Internal: all. Committee: names, but no free text, no raw text of findings, no name of a file or
    sheet; sensitive answers feed its tables, which hide small cells (`analysis.edition`).
    Public: pseudonyms as well, unless the wave is open data whose places may be named.
    """
    alias: dict[str, str] = {}
    if audience == "internal":
        return cleaned, alias
    identifying = [q for q in codebook if q.free or q.identity in {"code", "name", "received"}]
    hidden = [v for q in identifying for v in q.variables if v in cleaned.responses]
    responses, status = (f.drop(columns=hidden) for f in (cleaned.responses, cleaned.status))
    register = cleaned.register
    findings = cleaned.findings.assign(raw="", value="", file="", sheet="", cell="", ja="", en="")
    if audience == "public" and not named:
        key = pseudonym_key()
        alias = {code: pseudonym(code, key) for code in register.index}
        rank = sorted(responses.index, key=alias.__getitem__)
        responses, status = (f.loc[rank].rename(index=alias) for f in (responses, status))
        register = register.rename(index=alias).sort_index()
        register = register.assign(name=register.index, prefecture="", received=pd.NaT)
        who = findings["code"].map(alias).fillna("")
        findings = findings.assign(code=who, name=who)
    visible = replace(
        cleaned, responses=responses, status=status, register=register, findings=findings,
        outside=cleaned.outside[:0], ledger=cleaned.ledger.without_files(),
    )  # fmt: skip
    return visible, alias


def may_be_shown(counts: npt.ArrayLike, group: Group = "hide") -> np.ndarray:
    """Which counts an edition that protects may show as they are.

    ``hide``: those of three and more, so that a hidden one may be 0, 1 or 2. ``show``: nobody, and
    those of four and more, so that a hidden one may be 1, 2 or 3.
    """
    known = np.asarray(counts)
    return (known == 0) | (known > SMALLEST) if group == "show" else known >= SMALLEST


def put_together(counts: Sequence[int] | np.ndarray, group: Group = "hide") -> list[list[int]]:
    """Answers in the order of the questionnaire, put together until each part may be shown.

    A part is closed as soon as its total may be shown; what is left at the end joins the part
    before. Whoever knows this rule learns from a part of several answers only that the total was
    not reached before its last one: each of its answers has at least three possible values.

    `counts`: of each answer. `group`: whether it may be shown that nobody gave one. Returns the
    places of the answers of each part.

    >>> put_together([1, 4, 4, 4, 1])
    [[0, 1], [2], [3, 4]]
    >>> put_together([15, 0, 0])
    [[0, 1, 2]]
    >>> put_together([5, 0, 2, 4], "show")
    [[0], [1], [2, 3]]
    """
    parts: list[list[int]] = []
    open_: list[int] = []
    total = 0
    for at, count in enumerate(counts):
        open_.append(at)
        total += int(count)
        if may_be_shown(total, group):
            parts.append(open_)
            open_, total = [], 0
    while open_ and parts:  # the last part, and the empty ones behind it
        last = parts.pop()
        open_ = last + open_
        if sum(counts[at] for at in last):
            break
    return [*parts, open_] if open_ else parts


def ticks_shown(
    counts: np.ndarray, n: int, group: Group, *, exclusive: np.ndarray, none_left: np.ndarray
) -> np.ndarray:
    """Which options of a question of several answers an edition that protects may count.

    Those who ticked an option and those who did not must both be counts that may be shown. A hidden
    option may have been ticked by few or by nearly all; where that would be narrowed by each
    respondent having ticked something, no option is counted. (The most ticks that a question allows
    narrow nothing: answers of more are kept and doubted.)

    `counts`: how often each option was ticked. `n`: who answered. `exclusive`: options that rule
    out the others. `none_left`: options known, by the number of those who answered a later
    question, to be ticked by nobody, and shown.
    """
    fit = may_be_shown(counts, group) & may_be_shown(n - counts, group) | none_left
    if fit.all():
        return fit
    least = int(group == "show")  # of a hidden count
    others = int((~fit & ~exclusive).sum())
    # the most of another hidden one
    reach = least + 2 if counts[fit & exclusive].any() else n - least
    room = least + max(others - 1, 0) * reach
    return none_left if n - int(counts[fit].sum()) > room else fit


def merge_groups(groups: pd.Series, nowhere: str, between: str = "／") -> pd.Series:
    """A breakdown whose groups are put together as answers are (`put_together`).

    Units of no group come last, as `nowhere`. `between`: joins the names of groups.

    >>> merge_groups(pd.Series(list("aaaabbbbccd")), "none").value_counts().to_dict()
    {'a': 4, 'b': 4, 'c／d': 3}
    """
    kinds = groups if isinstance(groups.dtype, pd.CategoricalDtype) else groups.astype("category")
    names = list(kinds.cat.categories)
    if kinds.isna().any():
        names.append(nowhere)
    sizes = np.bincount(kinds.cat.codes % len(names), minlength=len(names))  # unknown: the last
    parts = put_together(sizes)
    labels = [between.join(str(names[at]) for at in part) for part in parts]
    own = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    coarse = pd.Categorical.from_codes(own[kinds.cat.codes % len(names)], labels, ordered=True)
    return pd.Series(coarse, groups.index, name=groups.name)


def subtotals(question: Question, codebook: Codebook) -> list[list[int]]:
    """The places of the answers of a question, in parts whose totals other tables give away.

    The n of a question that only some answers lead to is the total of those answers; so is the
    number of those who are short of people. Free text, such as the words beside "other", gives none
    away: it is in no edition that protects (`minimise`).
    """
    codes = list(labels_of(question, "en"))
    rules = dict.fromkeys(q.ask_if for q in codebook if q.ask_if and not q.free)
    frame = pd.DataFrame({question.id: pd.array(codes, "Int64")})
    sides = [[code <= SHORT for code in codes]] if question.measures == "shortage" else []
    sides += [r.holds(frame).tolist() for r in map(Expression, rules) if r.names == {question.id}]
    alike = list(zip(*sides, strict=True)) or [()] * len(codes)
    return [[at for at, one in enumerate(alike) if one == kind] for kind in dict.fromkeys(alike)]


def rounded_quartiles(values: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    """Median and quartiles of `analysis.stats.tabulate.summary` with two digits, no extremes.

    One with fewer than three answers on either side is NA: it could name a respondent.
    """
    below = (values.notna().sum() - 1) * np.array([0.5, 0.25, 0.75])  # answers below each
    above = values.notna().sum() - 1 - below
    quartiles = frame["value"].iloc[:3].map(lambda value: float(f"{value:.2g}"))
    return quartiles.where(np.floor(np.minimum(below, above)) >= SMALLEST).to_frame()
