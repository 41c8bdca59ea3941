"""Who may see what: pseudonyms, what is left out at the source, and small cells.

Data are minimised before a notebook sees them, so nothing downstream can leak what is not there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from analysis.codebook import Codebook, Question
from analysis.expression import Expression
from analysis.pseudonyms import pseudonym, pseudonym_key
from analysis.tables import SHORT, labels_of

if TYPE_CHECKING:
    from analysis.clean import Cleaned, Ledger

Audience = Literal["internal", "committee", "public"]
AUDIENCES = ("internal", "committee", "public")
SMALLEST = 3  # cells under this count are suppressed for the public


@dataclass(frozen=True)
class Shown:
    """What an edition may use; `alias` maps codes to pseudonyms, empty where names may be shown."""

    responses: pd.DataFrame
    status: pd.DataFrame
    register: pd.DataFrame
    findings: pd.DataFrame
    ledger: Ledger
    alias: dict[str, str]


def minimise(cleaned: Cleaned, codebook: Codebook, *, audience: Audience, named: bool) -> Shown:
    """The cleaned data without what the audience may not see.

    Internal: all. Committee: names, but no free text, no raw text of findings, no name of a file or
    sheet; sensitive answers feed its tables, which hide small cells (`analysis.report.shown`).
    Public: pseudonyms as well, unless the wave is open data whose places may be named.
    """
    responses, status = cleaned.responses, cleaned.status
    register, findings, ledger = cleaned.register, cleaned.findings, cleaned.ledger
    alias: dict[str, str] = {}
    if audience != "internal":
        hidden = [
            v
            for q in codebook
            if q.free or q.identity in {"code", "name", "received"}
            for v in q.variables
            if v in responses
        ]
        responses, status = responses.drop(columns=hidden), status.drop(columns=hidden)
        findings = findings.assign(raw="", value="", file="", sheet="", cell="", ja="", en="")
        ledger = ledger.without_files()
    if audience == "public" and not named:
        key = pseudonym_key()
        alias = {code: pseudonym(code, key) for code in register.index}
        order = {code: alias[code] for code in responses.index}
        rank = sorted(responses.index, key=lambda code: order[code])
        responses = responses.loc[rank].rename(index=alias)
        status = status.loc[rank].rename(index=alias)
        register = register.rename(index=alias).sort_index()
        register = register.assign(name=register.index, prefecture="")
        if "received" in register:
            register = register.assign(received=pd.NaT)
        findings = findings.assign(
            code=findings["code"].map(alias).fillna(""), name=findings["code"].map(alias).fillna("")
        )
    return Shown(responses, status, register, findings, ledger, alias)


def suppress(
    counts: pd.DataFrame,
    totals: pd.Series | None = None,
    smallest: int = SMALLEST,
    *,
    also: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """A table of counts in which small cells cannot be recovered from totals.

    Cells of 1 to `smallest` - 1 are hidden (NA). Column totals are taken to be known, and row
    totals too unless there is one column or `totals` hides them. So further cells are hidden, the
    least that matter, until each small cell could have another value with all that is shown the
    same: until it lies on a cycle of the table's network along which counts can be moved (Gusfield
    1988, *SIAM J. Comput.* 17:552, for tables of two ways).

    Parameters
    ----------
    counts : answers down, groups across, without margins.
    totals : row totals as published elsewhere; those that are NA are kept hidden as well.
    also : further cells to hide (True), whatever they hold.

    Examples
    --------
    >>> table = pd.DataFrame([[1, 9, 4], [8, 7, 6], [5, 3, 9]])
    >>> suppress(table).to_numpy(dtype=object, na_value="-").tolist()
    [['-', '-', 4], [8, 7, 6], ['-', '-', 9]]
    """
    values = counts.to_numpy(int)
    small = (values > 0) & (values < smallest)
    if also is not None:
        small |= also.to_numpy(bool)
    if totals is not None:
        unknown = totals.reindex(counts.index).isna().to_numpy(bool)
    else:
        unknown = np.full(len(values), values.shape[1] == 1)
    network = _Network(values, small.copy(), unknown)
    rows, columns = values.shape
    for i, j in np.argwhere(small):
        network.protect(int(i), rows + int(j))
    if totals is not None:
        for i in np.flatnonzero(unknown):
            network.protect(rows + columns, int(i))
    return counts.astype("Int64").mask(pd.DataFrame(network.hidden, counts.index, counts.columns))


def merged(groups: pd.Series, label: str) -> pd.Series:
    """A breakdown whose small groups, and the units of none, stand together under `label`.

    So many are put together that no group of fewer than three follows from the others.

    Examples
    --------
    >>> merged(pd.Series(list("aaaabbbbccccd")), "others").value_counts().to_dict()
    {'others': 5, 'b': 4, 'c': 4}
    """
    kinds = groups if isinstance(groups.dtype, pd.CategoricalDtype) else groups.astype("category")
    sizes = kinds.value_counts(sort=False)
    sizes = sizes[sizes > 0]
    if (nowhere := int(kinds.isna().sum())) > 0:
        sizes[label] = nowhere
    apart = suppress(sizes.to_frame("n"))["n"].notna()
    kept = [name for name in sizes.index[apart] if name != label]
    named = kinds.astype(object).where(kinds.isin(kept), label)
    order = [*kept, label] if (named == label).any() else kept
    return pd.Series(pd.Categorical(named, order, ordered=True), groups.index, name=groups.name)


def subtotals(question: Question, codebook: Codebook) -> list[list[int]]:
    """The answers of a question in parts whose totals other tables give away.

    The n of a question that only some answers lead to is the total of those answers; so is the
    number of those who are short of people.
    """
    codes = list(labels_of(question, "en"))
    rules = [q.ask_if for q in codebook if q.ask_if]
    frame = pd.DataFrame({question.id: pd.array(codes, "Int64")})
    sides = [[code <= SHORT for code in codes]] if question.measures == "shortage" else []
    for rule in map(Expression, dict.fromkeys(rules)):
        if rule.names == {question.id}:
            sides.append(rule.evaluate(frame).astype("boolean").fillna(False).tolist())
    parts: dict[tuple[bool, ...], list[int]] = {}
    for at, code in enumerate(codes):
        parts.setdefault(tuple(side[at] for side in sides), []).append(code)
    return list(parts.values())


def rounded_quartiles(values: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    """The median and quartiles of `analysis.tables.summary` with two digits, without the extremes.

    One with fewer than three answers on either side is NA: it could name a respondent.
    """
    n = int(values.notna().sum())
    sides = [(n - 1) * q for q in (0.5, 0.25, 0.75)]
    safe = [min(np.floor(side), np.floor(n - 1 - side)) >= SMALLEST for side in sides]
    kept = frame["value"].iloc[:3].map(lambda value: float(f"{value:.2g}"))
    return kept.where(np.array(safe)).to_frame()


class _Network:
    """A table as a network: rows and columns are nodes, cells are arcs that carry their count.

    The last node is where the row totals come from. Moving one along a cycle of arcs leaves every
    total as it is; an arc can carry more always, less only if it carries something.
    """

    def __init__(self, values: np.ndarray, hidden: np.ndarray, unknown: np.ndarray) -> None:
        self.values, self.hidden, self.unknown = values, hidden, unknown
        self.rows, self.columns = values.shape
        self.source = self.rows + self.columns

    def protect(self, start: int, end: int) -> None:
        """Hide what is needed for the arc from `start` to `end` to be able to carry another count.

        Where nothing helps (the table has one row) nothing is hidden.
        """
        ways = [self._cheapest(end, start)]
        if self._carried(start, end) > 0:
            ways.append(self._cheapest(start, end))
        _, cells = min(ways, key=lambda way: way[0])
        for i, j in cells:
            self.hidden[i, j] = True

    def _carried(self, start: int, end: int) -> int:
        if start == self.source:
            return int(self.values[end].sum())
        return int(self.values[start, end - self.rows])

    def _arcs(self, node: int) -> Iterator[tuple[int, float, tuple[int, int] | None]]:
        """Where one can be moved to from a node: the next node, its cost, the cell used."""
        if node == self.source:
            yield from ((int(i), 0.0, None) for i in np.flatnonzero(self.unknown))
        elif node < self.rows:
            for j in range(self.columns):
                yield self.rows + j, self._cost(node, j), (node, j)
            if self.unknown[node] and self.values[node].sum() > 0:
                yield self.source, 0.0, None
        else:
            j = node - self.rows
            for i in np.flatnonzero(self.values[:, j] > 0):
                yield int(i), self._cost(int(i), j), (int(i), j)

    def _cost(self, i: int, j: int) -> float:
        """What hiding a cell loses; an empty one is the last choice, since it is easily guessed."""
        if self.hidden[i, j]:
            return 0.0
        return 10.0 + float(self.values[i, j]) if self.values[i, j] else 1e6

    def _cheapest(self, start: int, end: int) -> tuple[float, list[tuple[int, int]]]:
        """The cheapest way between the ends of an arc, other than the arc itself (Dijkstra)."""
        queue: list[tuple[float, int, int, tuple[tuple[int, int], ...]]] = [(0.0, 0, start, ())]
        done: set[int] = set()
        count = 0
        while queue:
            cost, _, node, cells = heapq.heappop(queue)
            if node == end:
                return cost, list(cells)
            if node in done:
                continue
            done.add(node)
            for there, more, cell in self._arcs(node):
                if there in done or (node == start and there == end):
                    continue
                count += 1  # equal costs: the first found, so that results are the same each time
                used = cells if cell is None else (*cells, cell)
                heapq.heappush(queue, (cost + more, count, there, used))
        return np.inf, []
