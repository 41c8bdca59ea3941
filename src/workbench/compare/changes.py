"""What changed between two runs, gathered and ordered by importance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from analysis.errors import InputError
from workbench.compare.cells import Cells, CellSource, Value, cells, compare, entries
from workbench.compare.runs import Run, Shown

if TYPE_CHECKING:
    from workbench.compare.movers import Movers

CLEANING = "01_clean"  # its tables are findings on the data, not results


@dataclass(frozen=True)
class Said:
    """A sentence of a page that reads otherwise now; `page` is the page's title."""

    page: str
    before: str
    after: str


@dataclass(frozen=True)
class Output:
    """A figure or table that differs.

    `cells`: its numbers. `texts`: title, notes, text alternative. `drawn`: its picture differs.
    `before`, `after`: its data in each run, None where it was not there.
    """

    name: str
    title: str
    page: str
    key: bool
    cells: Cells
    texts: list[Value]
    drawn: bool
    before: Shown | None
    after: Shown | None

    @property
    def result(self) -> bool:
        """Whether what it says differs, and not only how it is drawn."""
        return bool(self.cells.count or self.texts or self.before is None or self.after is None)


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other: first what came out differently, then what it was made of.

    `examples`: pages that take other municipalities as their example now. What else such a page
    shows is of those and not compared: it is no change of an answer. `types_known`: both runs kept
    the types of their municipalities.
    """

    before: Run
    after: Run
    pages: list[Value] = field(default_factory=list)
    examples: list[Value] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    sample: list[Value] = field(default_factory=list)
    movers: Movers | None = None
    types_known: bool = False
    figures: list[Output] = field(default_factory=list)
    tables: list[Output] = field(default_factory=list)
    prose: list[Said] = field(default_factory=list)
    cleaning: list[Output] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    codebook: list[Value] = field(default_factory=list)
    parameters: list[Value] = field(default_factory=list)
    sources: list[CellSource] = field(default_factory=list)
    versions: list[Value] = field(default_factory=list)
    code: bool = False

    @property
    def results_changed(self) -> bool:
        """Whether any result differs; how a figure is drawn is no result."""
        said = (
            self.pages,
            self.examples,
            self.answers,
            self.sample,
            self.movers,
            self.tables,
            self.prose,
        )
        return any(map(bool, (*said, self.cleaning))) or any(f.result for f in self.figures)

    @property
    def empty(self) -> bool:
        """Whether nothing differs at all: results, drawings, and what they were made of."""
        made = (self.inputs, self.codebook, self.parameters, self.sources, self.versions)
        return not (self.results_changed or self.figures or any(made) or self.code)


def between(before: Run, after: Run) -> Comparison:
    """Compare two runs of the same edition.

    Raises
    ------
    InputError : they are for different audiences or in different languages. Pseudonyms beside names
        would tell who is who.
    """
    for what, a, b in (
        ("audience", before.audience, after.audience),
        ("language", before.language, after.language),
    ):
        if a != b:
            raise InputError(
                f"the runs differ in {what} ({a}, {b}) and cannot be compared",
                hint=f"compare two runs of the same {what}",
            )
    who = _movers(before, after)
    figures = _outputs("figures", before, after, who)
    tables = _outputs("tables", before, after, who)
    clean = [out for out in tables if _notebook(out, before, after) == CLEANING]
    inside = before.audience == "internal"  # others do not see the code in the pages either
    return Comparison(
        before,
        after,
        pages=_pages(before, after),
        examples=[
            Value(before.pages[name].title, before.pages[name].about, after.pages[name].about)
            for name in sorted(_other_examples(before, after))
        ],
        answers=_said(before, after, "answers"),
        sample=_sample(before, after),
        movers=who if who and who.moved else None,
        types_known=who is not None,
        figures=figures,
        tables=[out for out in tables if out not in clean],
        prose=_said(before, after, "prose"),
        cleaning=clean,
        inputs=_inputs(before.record, after.record),
        codebook=_codebook(before, after),
        parameters=_parameters(before, after),
        sources=_sources(before, after) if inside else [],
        versions=entries(before.record.get("versions", {}), after.record.get("versions", {})),
        code=before.record.get("code_sha256") != after.record.get("code_sha256"),
    )


def type_names(run: Run) -> dict[int, str]:
    """Number and name of each type, as the table of types has them."""
    rows = run.tables.get("types", {}).get("rows", [])
    found = {int(m[1]): str(row[0]) for row in rows if (m := re.match(r"(\d+)", str(row[0])))}
    return found


def _titles(before: Run, after: Run) -> dict[str, str]:
    return {name: page.title for run in (before, after) for name, page in run.pages.items()}


def _pages(before: Run, after: Run) -> list[Value]:
    return [
        Value(title, a, b)
        for name, title in _titles(before, after).items()
        if (a := before.pages[name].status if name in before.pages else "")
        != (b := after.pages[name].status if name in after.pages else "")
    ]


def _other_examples(before: Run, after: Run) -> set[str]:
    """The pages that are about other municipalities in the second run."""
    both = before.pages.keys() & after.pages.keys()
    about = {name: (before.pages[name].about, after.pages[name].about) for name in both}
    return {name for name, (a, b) in about.items() if a and b and a != b}


def _said(before: Run, after: Run, kind: str) -> list[Said]:
    """Texts that differ, each pair once: a sentence may stand on two pages."""
    found: dict[tuple[str, str], Said] = {}
    others = _other_examples(before, after)
    for name, title in _titles(before, after).items():
        if name in others:
            continue
        old = getattr(before.pages.get(name), kind, [])
        new = getattr(after.pages.get(name), kind, [])
        for a, b in _aligned(old, new):
            if a != b:
                found.setdefault((a, b), Said(title, a, b))
    return list(found.values())


def _aligned(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    """Texts of one page side by side; where their number differs, equal ones stay together."""
    if len(old) != len(new):
        gone = [text for text in old if text not in new]
        come = [text for text in new if text not in old]
        return list(zip_longest(gone, come, fillvalue=""))
    return list(zip(old, new, strict=True))


def _sample(before: Run, after: Run) -> list[Value]:
    """Response, and denominators with the figures and tables that have them."""
    found = entries(before.record.get("sample", {}), after.record.get("sample", {}))
    alike: dict[tuple[str, str], list[str]] = {}
    apart = {CLEANING, *_other_examples(before, after)}
    for kind in ("figures", "tables"):
        old, new = getattr(before, kind), getattr(after, kind)
        for name, data in new.items():
            if name in old and data["notebook"] not in apart:
                both = (_denominator(old[name]), _denominator(data))
                alike.setdefault(both, []).append(data["title"])
    return found + [Value(" / ".join(titles), a, b) for (a, b), titles in alike.items() if a != b]


def _denominator(data: Shown) -> str:
    about = f" ({data['denominator']})" if data.get("denominator") else ""
    return f"n = {data['n']:,}{about}"


def _movers(before: Run, after: Run) -> Movers | None:
    from workbench.compare.movers import Types, movers  # a second that few comparisons need

    old, new = Types.read(before.folder), Types.read(after.folder)
    return movers(old, new) if old is not None and new is not None else None


def _outputs(kind: str, before: Run, after: Run, who: Movers | None) -> list[Output]:
    """Those that differ: key figures first, then by the share of their cells that changed.

    Types are numbered by size: in numbers by type, each is called as its counterpart before.
    """
    old, new = getattr(before, kind), getattr(after, kind)
    called = {str(b): str(a) for a, b in who.found.matched.items()} if who else {}
    found, others = [], _other_examples(before, after)
    for name in dict.fromkeys([*old, *new]):
        a, b = old.get(name), new.get(name)
        last: Shown = b or a or {}
        if a and b and last["notebook"] in others:
            continue
        texts = _texts(a, b) if a and b else _reasons(name, before, after)
        differ = compare(a["csv"], b["csv"], called) if a and b else Cells([], [], [], [], 0)
        drawn = bool(a and b and a.get("png") != b.get("png"))
        out = Output(
            name, last["title"], last["page"], bool(last.get("key")), differ, texts, drawn, a, b
        )
        if out.result or drawn:
            found.append(out)
    return sorted(found, key=_importance)


def _importance(out: Output) -> tuple[bool, bool, bool, float, str]:
    there = out.before is not None and out.after is not None
    largest = max((cell.change for cell in out.cells.changed), default=0.0)
    return (not out.result, not out.key, there, -out.cells.share - largest, out.name)


def _texts(a: Shown, b: Shown) -> list[Value]:
    found = [Value(k, a[k], b[k]) for k in ("title", "alt") if a.get(k) != b.get(k)]
    old, new = "\n".join(a.get("notes", [])), "\n".join(b.get("notes", []))
    return found + ([Value("notes", old, new)] if old != new else [])


def _reasons(name: str, before: Run, after: Run) -> list[Value]:
    """Why a figure or table is not there."""
    a, b = (
        next((page.missing[name] for page in run.pages.values() if name in page.missing), "")
        for run in (before, after)
    )
    return [Value("reason", a, b)] if a != b else []


def _notebook(out: Output, before: Run, after: Run) -> str:
    data = out.after or out.before or {}
    return str(data["notebook"])


def _inputs(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Value]:
    """Files as received that differ, by the beginning of their hash."""
    old, new = a.get("inputs", {}), b.get("inputs", {})
    if not (old or new) and a.get("data_sha256") != b.get("data_sha256"):
        old, new = {"data": a.get("data_sha256", "")}, {"data": b.get("data_sha256", "")}
    short = ({name: sha[:12] for name, sha in files.items()} for files in (old, new))
    return entries(*short)


def _codebook(before: Run, after: Run) -> list[Value]:
    if before.codebook is None or after.codebook is None:
        return []
    return entries(before.codebook, after.codebook)


def _parameters(before: Run, after: Run) -> list[Value]:
    values = (
        {page.title: page.parameters for page in run.pages.values() if page.parameters}
        for run in (before, after)
    )
    return entries(*values)


def _sources(before: Run, after: Run) -> list[CellSource]:
    return [
        cell
        for name, title in _titles(before, after).items()
        if name in before.pages and name in after.pages
        for cell in cells(title, before.pages[name].cells, after.pages[name].cells)
    ]
