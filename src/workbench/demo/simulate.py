"""Invented replies with a known truth, to try the workbench and to measure what it can find.

Every municipality is fictional. Each has a latent type (its approach to staffing) and, independent
of it, a latent strength of management, which shows in the questions on management (Q28, Q29). Truth
A: management drives the outcomes, the type hardly does. Truth B: nothing drives them, so whatever
an analysis finds there is noise. The numbers of both are in ``data/simulate.yml``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

from analysis.codebook.model import Codebook
from analysis.codebook.municipality import check_digit
from analysis.codebook.questions import STATUSES, Question
from analysis.codebook.rules import Expression
from analysis.errors import InputError

SIZES = {  # by the code of the questionnaire
    1: "designated_city", 2: "core_city", 3: "special_city",
    4: "other_city", 5: "special_ward", 6: "town_village",
}  # fmt: skip
FILTERS = {"Q00", "Q01", "Q02", "Q04", "Q06", "Q08", "Q13", "Q19", "Q21", "Q24"}  # all answer
NOISE = 0.6  # standard deviation of the outcomes beside what drives them
TOWN = 6  # size class of towns and villages in the questionnaire
KNOWN: dict[str, Any] = yaml.safe_load(
    files("workbench").joinpath("data/simulate.yml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Simulated:
    """Clean answers and the truth behind them.

    `records`: one dictionary of plain values a municipality (None: no answer). `responses` and
    `status`: the same as typed frames. `truth`: a row a municipality with `type` and `management`.
    """

    records: list[dict[str, Any]]
    responses: pd.DataFrame
    status: pd.DataFrame
    truth: pd.DataFrame


def code_of(number: int) -> str:
    """The code of a fictional municipality: prefecture number 99, which no real place has.

    After 999 places the numbers 98, 97 and so on follow, down to 50; real ones end at 47.

    Examples
    --------
    >>> code_of(1), code_of(1000)
    ('990019', '980005')
    """
    body = f"{99 - number // 1000}{number % 1000:03d}"
    return body + check_digit(body)


def name_of(number: int, size: int) -> str:
    """The name of a fictional municipality, a town where its class says so.

    Examples
    --------
    >>> name_of(1, 2), name_of(17, TOWN)
    ('青嶺市', '青嶺第2町')
    """
    names = KNOWN["names"]
    again, at = divmod(number - 1, len(names))
    return f"{names[at]}{f'第{again + 1}' if again else ''}{'町' if size == TOWN else '市'}"


def simulate(
    n: int = 15,
    *,
    truth: Literal["A", "B"] = "A",
    separation: float = 1.0,
    missing: float = 0.03,
    seed: int = 20191003,
    codebook: Codebook | None = None,
) -> Simulated:
    """Draw `n` municipalities (at most 49,999), the five types in the proportions of `mix`.

    Parameters
    ----------
    separation : 1: answers typical of the type; 0: answers of types drawn at random, no structure.
    missing : share of the answers that are not given.

    Examples
    --------
    >>> drawn = simulate(15)
    >>> drawn.responses.shape[0], drawn.truth["type"].value_counts().sort_index().tolist()
    (15, [3, 3, 4, 3, 2])
    """
    if not 1 <= n < 50_000:
        raise InputError("{n} municipalities cannot be drawn", hint="between 1 and 49,999 can", n=n)
    book = codebook or Codebook.read("it-staffing")
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(1, 6), KNOWN["mix"])
    types = np.concatenate([rng.permutation(kinds) for _ in range(-(-n // 15))])[:n]
    management = rng.standard_normal(n)
    records = [
        _municipality(i, strength, KNOWN["effects"][truth], _Draws(rng, int(kind), separation))
        for i, (kind, strength) in enumerate(zip(types, management, strict=True), 1)
    ]
    _skip(records, book)
    for record in records:
        for name, value in record.items():
            given = name not in FILTERS and value != "not_applicable"
            if given and rng.random() < missing:
                record[name] = None
    responses, status = frames(records, book)
    known = pd.DataFrame({"type": types, "management": management}, index=responses.index)
    return Simulated(records, responses, status, known)


class _Draws:
    """Draws the answers of one municipality of the type `kind`, one after the other."""

    driven = 0.0  # what drives the outcomes, beside the noise

    def __init__(self, rng: np.random.Generator, kind: int, separation: float) -> None:
        self.rng, self.kind, self.separation = rng, kind, separation

    def typical(self, what: str) -> Any:
        """What is typical of its type, or of another where types are not separate."""
        own = self.rng.random() < self.separation
        return KNOWN["typical"][what][(self.kind if own else int(self.rng.integers(1, 6))) - 1]

    def between(self, what: str, digits: int = 0) -> float:
        low, high = self.typical(what)
        return round(float(self.rng.uniform(low, high)), digits)

    def one_of(self, what: str) -> Any:
        return self.typical(what)[int(self.rng.integers(2))]

    def outcome(self, levels: int) -> int:
        y = self.driven + NOISE * self.rng.standard_normal()
        return int(np.clip(round((levels + 1) / 2 + y * levels / 5), 1, levels))

    def some(self, options: int, share: float) -> set[int]:
        ticked = {k for k in range(1, options + 1) if self.rng.random() < share}
        return ticked or {int(self.rng.integers(1, options + 1))}

    def few(self, options: int, n: int) -> set[int]:
        return set(map(int, self.rng.choice(np.arange(1, options + 1), n, replace=False)))

    def rating(self, mean: float, noise: float) -> int:
        return int(np.clip(round(3 + mean + noise * self.rng.standard_normal()), 1, 5))


def _municipality(
    number: int, management: float, effects: dict[str, float], draw: _Draws
) -> dict[str, Any]:
    """The answers of one municipality; another order of the draws would make other demo waves."""
    rng = draw.rng
    size = int(rng.choice(KNOWN["typical"]["size"][draw.kind - 1]))
    population = int(rng.uniform(*KNOWN["population"][size]))
    staff = max(40, int(population * rng.uniform(0.0055, 0.0075)))
    it = max(2, int(staff * rng.uniform(0.008, 0.02)))
    two = rng.random() < (0.55 if size <= 2 else 0.2)
    lead = KNOWN["lead"][draw.kind - 1]
    drives = {"management": management, "two_section": two, "size": 3 - size, "type": lead}
    draw.driven = sum(effects[name] * value for name, value in drives.items())
    approach = {"Q13": set(draw.one_of("Q13")), "Q21": set(draw.one_of("Q21"))}
    reemployed = draw.between("reemployed", 3)
    approach["Q24"] = set(draw.one_of("Q24"))
    people = int(draw.between("external"))
    return {
        "Q00": name_of(number, size),
        "Q01": code_of(number),
        "Q02": size,
        "Q03": population,
        "Q04": dt.date(2019, 7, 22) + dt.timedelta(days=int(rng.integers(0, 28))),
        "Q05": staff,
        "Q06": 2 if two else int(rng.choice([1, 3, 4], p=[0.35, 0.5, 0.15])),
        "Q07": draw.some(7, 0.25 + 0.07 * draw.outcome(5)),
        "Q08": it,
        **approach,
        **_staffing(draw, it, reemployed, people),
        **_results(draw, management),
    }


def _staffing(draw: _Draws, it: int, reemployed: float, people: int) -> dict[str, Any]:
    """How the section is staffed: of `it` people, by how many from outside (`people`)."""
    return {
        "Q09": round(it * draw.between("long", 3)),
        "Q10": round(it * reemployed / (1 - reemployed)),
        "Q11": round(it * draw.between("vendor") / 200, 1),
        "Q12": draw.outcome(5),
        "Q14": round(it * draw.between("recruited", 3)),
        "Q15": draw.between("years", 1),
        "Q16": draw.one_of("Q16"),
        "Q17": draw.some(6, 0.3),
        "Q18": draw.outcome(4),
        "Q19": draw.some(6, 0.4),
        "Q20": draw.between("days", 1),
        "Q22": max(1, people),
        "Q23": draw.outcome(4),
        "Q25": set(draw.one_of("Q25")),
        "Q26": int(draw.between("vendor")),
        "Q27": int(draw.one_of("Q27")),
    }


def _results(draw: _Draws, management: float) -> dict[str, Any]:
    """How the section is managed, what it achieves and what it needs."""
    return {
        "Q28": draw.rating(-1.1 * management, 0.5),
        **{f"Q29_{k}": draw.rating(0.9 * management, 0.6) for k in range(1, 6)},
        "Q30_1": draw.outcome(5),
        "Q30_2": draw.outcome(5),
        "Q31": draw.outcome(5),
        "Q32": draw.some(6, 0.2 + 0.12 * draw.outcome(5)),
        "Q33": dt.date(int(draw.rng.integers(2013, 2020)), int(draw.rng.integers(1, 7)), 1),
        "Q34": draw.few(9, 3),
        "Q35": draw.few(8, 2),
        "Q36": str(draw.rng.choice(KNOWN["comments"])) if draw.rng.random() < 0.5 else None,
    }


def _skip(records: list[dict[str, Any]], book: Codebook) -> None:
    """Drop the answers to questions that earlier ones leave out."""
    for question in book:
        if question.ask_if is None:
            continue
        rule = Expression(question.ask_if)
        answers, _ = frames(records, book.using(rule.names))
        asked = rule.evaluate(answers).fillna(False).to_numpy(bool)
        for record, ask in zip(records, asked, strict=True):
            for variable in () if ask else (question.id, *question.variables):
                if variable in record:
                    record[variable] = "not_applicable"


def frames(
    records: list[dict[str, Any]], questions: Iterable[Question]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers to some questions (or all of a codebook) as typed responses and their status."""
    index = pd.Index([record["Q01"] for record in records], name="code")
    columns: dict[str, Any] = {}
    states: dict[str, list[str]] = {}
    for question in questions:
        for variable in question.variables:  # the options of a question share one answer
            raw = [record.get(variable, record.get(question.id)) for record in records]
            states[variable] = [_state(value) for value in raw]
            values = [v if _state(v) == "answered" else None for v in raw]
            if question.type == "multi":
                code = int(variable.rpartition("_")[2])
                values = [None if v is None else code in v for v in values]
            dtype: Any = question.dtype
            columns[variable] = pd.Series(values, index, dtype="object").astype(dtype)
    kinds = pd.CategoricalDtype(list(STATUSES))
    return pd.DataFrame(columns, index), pd.DataFrame(states, index).astype(kinds)


def _state(value: Any) -> str:
    if value is None:
        return "no_answer"
    return "not_applicable" if value == "not_applicable" else "answered"
