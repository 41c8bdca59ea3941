"""Two runs as they are compared: what each shows, and what changed, ordered by importance."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis import paths, yaml_file
from analysis.errors import Message, refusal
from analysis.show import Answer
from analysis.text import Language
from workbench.compare.differences import Cells, Value, compare, entries, sources
from workbench.publish.index import outputs_by_kind
from workbench.run import parameters
from workbench.run.plan import OWN, changed_since
from workbench.run.record import RECORD, Edition, RunFolder

if TYPE_CHECKING:
    from analysis.stats.changes import Movers

COMPARED = ("notebooks/", "results/", "codebook.yml")  # what is read of a run folder
TYPES = Path("results", "types.csv")  # the type of each municipality
CLEANING = "01_clean"  # its tables are findings on the data, not results
Outputs = dict[str, Any]  # one output's data, as `analysis.show` made it


# --- runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Types:
    """The types of a run; see `analysis.stats.changes.Memberships`.

    `names`: of the municipalities. `titles`: the number and name of each type.
    """

    labels: pd.Series
    membership: pd.DataFrame
    names: pd.Series
    titles: dict[int, str]

    @classmethod
    def read(cls, folder: Path) -> Types | None:
        """Those of a run folder; None where it has none."""
        file = folder / TYPES
        if not file.is_file():
            return None
        text = {"code": str, "name": str}
        frame = pd.read_csv(file, dtype=text, encoding="utf-8-sig").set_index("code")
        kinds = frame["type"].astype(int)
        titles = frame["type_name"] if "type_name" in frame else kinds.astype(str)
        names = {k: str(name) for k, name in zip(kinds, titles, strict=True) if k}
        inside = frame.filter(regex="^in_").rename(columns=lambda name: int(name[3:]))
        return cls(kinds, inside, frame["name"].fillna(""), names)


class PageResults:
    """One executed notebook; without contents if it was not executed.

    Attributes
    ----------
    answers, prose : texts in order. figures, tables : their data by name, each with the page's
        ``page`` and ``notebook``, and the file of its ``results``, in which ids stand for labels.
    missing : reason of each figure or table that the wave cannot give.
    about : the municipalities that the page takes as its example, if any.
    cells : the source of each cell as committed, by its id.
    parameters : their values in this run, by what they are.
    """

    def __init__(self, folder: Path, entry: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Read the page of an `entry` of a run's `record`."""
        self.name, self.status, language = entry["name"], entry["status"], record["language"]
        self.title = str(entry["title"].get(language, self.name))
        file = folder / "notebooks" / f"{self.name}.ipynb"
        text = file.read_text(encoding="utf-8") if file.is_file() else '{"cells": []}'
        content, values = json.loads(text), record.get("parameters", {})
        by_kind, files = outputs_by_kind(content), entry.get("files", {})

        def by_name(kind: str) -> dict[str, Outputs]:
            contents = {}
            for data in by_kind.get(kind, []):
                results = files.get(f"results/{kind}s/{data['name']}.csv")
                about = {"page": self.title, "notebook": self.name}
                contents[data["name"]] = data | about | {"results": results and folder / results}
            return contents

        answers = by_kind.get("answer", [])
        self.answers = [Answer(d["text"], d.get("more", "")).paragraph for d in answers]
        self.about = "、".join(data["about"] for data in answers if data.get("about"))
        self.prose = [data["markdown"] for data in by_kind.get("prose", [])]
        self.figures, self.tables = by_name("figure"), by_name("table")
        self.missing = {data["name"]: data["reason"] for data in by_kind.get("not-available", [])}
        self.cells = {
            cell["id"]: "".join(cell["source"])
            for cell in content["cells"]
            if "injected-parameters" not in cell["metadata"].get("tags", [])
        }
        self.parameters = {}
        for p in parameters.declared(content, file):
            english, _, japanese = (part.strip() for part in p.help.partition("|"))
            called = (japanese if language == "ja" else "") or english or p.name
            if p.name not in OWN:
                self.parameters[called] = values.get(p.name, p.default)


class Run:
    """A finished run: its record, its pages, and its types and codebook, None where it has none.

    `label` is what a reader calls it.
    """

    def __init__(self, folder: Path, label: str) -> None:
        """Read a run folder.

        Raises InputError: there is no run, its record cannot be read, or a file of it was edited.
        """
        run, self.folder, self.label = RunFolder(folder), folder, label
        if not (folder / RECORD).is_file():
            raise refusal("compare.no_run", label=label)
        self.record: Mapping[str, Any] = run.record
        try:
            listed = run.record["notebooks"]
            self.pages = {one["name"]: PageResults(folder, one, run.record) for one in listed}
            self.audience = run.record["audience"]
            self.language: Language = "en" if run.record["language"] == "en" else "ja"
            book = folder / "codebook.yml"
            self.codebook = yaml_file.load(book) if book.is_file() else None
        except (KeyError, ValueError, OSError) as error:
            about = {"name": type(error).__name__, "fault": error}
            raise refusal("compare.unreadable", file=folder / RECORD, **about) from None
        if damaged := [name for name in run.damaged if name.startswith(COMPARED)]:
            raise refusal("compare.edited", file=folder / damaged[0])

    @classmethod
    def find(cls, name: str, *, audience: str, language: str) -> Run:
        """The run that a person names: a wave, a folder below reports, or any run folder.

        Raises InputError: also where it is for another audience than was asked for, or the folder
        of a wave holds the run of another one, as a copy of it does, or of earlier data. One that
        is named as a folder may be of earlier data.
        """
        edition = Edition(name, audience, language)
        of_wave = any(name == wave.name for wave in paths.waves())
        places = [edition.folder, paths.reports() / name, *([] if of_wave else [Path(name)])]
        folder = next((p for p in places if (p / RECORD).is_file()), edition.folder)
        place = folder.resolve()  # of a release only its number would be said
        elsewhere = f"{place.parent.name}/" if place.parent != paths.reports().resolve() else ""
        run = cls(folder, elsewhere + place.name)
        if of_wave and run.record["wave"] != name:
            raise refusal("compare.other_wave", file=folder, wave=run.record["wave"])
        if not of_wave and run.record["wave"] == name and folder in places[:2]:
            raise refusal("compare.no_wave", wave=name)  # whether it is of these data nobody knows
        other_language = of_wave and run.language != language
        if other_language or audience not in (paths.AUDIENCES[0], run.audience):
            asked = {"audience": audience, "language": language}
            raise refusal("compare.no_edition", label=name, **asked)
        found = Edition(name, run.audience, run.language)
        if of_wave and (changed := changed_since(found, run.record)):
            about = {"folder": f"{folder.parent.name}/{folder.name}", **asdict(found)}
            made = str(run.record.get("finished"))[:10]
            raise refusal("compare.out_of_date", changed=changed, date=made, **about)
        return run

    def outputs(self, kind: str) -> dict[str, Any]:
        """All ``figures``, ``tables`` or what is ``missing``, each as on the first page with it."""
        first: dict[str, Any] = {}
        for page in self.pages.values():
            first |= {n: data for n, data in getattr(page, kind).items() if n not in first}
        return first

    @cached_property
    def types(self) -> Types | None:
        """Its types; None where it has none."""
        return Types.read(self.folder)

    @cached_property
    def names(self) -> dict[str, str]:
        """What a reader calls municipalities, questions and indicators, by code or id."""
        names: dict[str, str] = {}
        for kind in ("questions", "features", "indices"):
            for entry in (self.codebook or {}).get(kind, ()):
                for one in (entry, *entry.get("items", ())):
                    text = one.get("short", one)
                    names[str(one.get("id", ""))] = str(text.get(self.language, ""))
        if self.types:
            names |= {str(code): str(name) for code, name in self.types.names.items()}
        return {id: name for id, name in names.items() if id and name}


# --- what changed --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChangedOutput:
    """A figure or table that differs.

    `before`, `after`: its data in each run, None where it was not there. `cells`: its numbers.
    `texts`: title, notes, text alternative. `redrawn`: its picture differs.
    """

    before: Outputs | None
    after: Outputs | None
    cells: Cells
    texts: list[Value]
    redrawn: bool

    @property
    def data(self) -> Outputs:
        """Its data in the later run that has it."""
        return self.after or self.before or {}

    @property
    def result(self) -> bool:
        """Whether what it says differs, and not only how it is drawn."""
        return bool(self.cells.count or self.texts or self.before is None or self.after is None)

    @property
    def importance(self) -> tuple[bool, bool, bool, float, str]:
        """Results first, of them key figures, of them the largest share of cells that changed."""
        there = self.before is not None and self.after is not None
        share = self.cells.count / max(self.cells.total, 1)
        return (not self.result, not self.data.get("key"), there, -share, self.data["name"])


class Comparison:
    """Two runs of the same edition beside each other.

    Attributes
    ----------
    results : what came out differently, by the id of its heading (labels ``compare``), the most
        important first. Of ``examples``, pages that take other municipalities as their example
        now, nothing else is compared: it is no change of an answer.
    redrawn : figures that are only drawn differently.
    causes : what the results were made of that differs, by the id of its heading.
    code : whether the package differs. movers : how many changed type, beside what is expected of
        the typology's own instability; None where a run has no types.

    Raises InputError: they are for different audiences or in different languages. Pseudonyms beside
    names would tell who is who.
    """

    def __init__(self, before: Run, after: Run) -> None:
        for subject in ("audience", "language"):
            a, b = getattr(before, subject), getattr(after, subject)
            if a != b:
                raise refusal("compare.other_edition", subject=Message(subject), a=a, b=b)
        self.before, self.after = before, after
        alike = self._types_of_one_kind()
        self.movers, moved = movers(before.types, after.types) if alike else (None, [])
        titles = {name: page.title for run in (before, after) for name, page in run.pages.items()}
        examples = [page for page in self._pages("about") if page.before and page.after]
        self.left_out = {page.what for page in examples}
        rest = {name: title for name, title in titles.items() if name not in self.left_out}
        figures, tables = map(self._outputs, ("figures", "tables"))
        self.results: Mapping[str, Sequence[Any]] = {
            "answers": self._texts_of("answers", rest),
            "examples": [page._replace(what=titles[page.what]) for page in examples],
            "movers": moved,
            "sample": self._sample(),
            "pages": [p._replace(what=titles[p.what]) for p in self._pages("status")],
            "figures": [out for out in figures if out.result],
            "tables": [out for out in tables if out.data["notebook"] != CLEANING],
            "prose": self._texts_of("prose", rest),
            "cleaning": [out for out in tables if out.data["notebook"] == CLEANING],
        }
        self.redrawn = [out for out in figures if not out.result]
        books = self._entries(lambda run: run.codebook)
        values = self._entries(lambda run: {p.title: p.parameters for p in run.pages.values()})
        self.causes: Mapping[str, Sequence[Any]] = {
            "codebook": books if before.codebook and after.codebook else [],
            "parameters": values,
            "sources": self._sources(),
            "inputs": self._inputs(),
            "versions": self._entries(lambda run: run.record.get("versions", {})),
        }
        self.code = before.record.get("code_sha256") != after.record.get("code_sha256")
        for run in (before, after):  # a refresh may have ended while it was read
            if RunFolder(run.folder).record != run.record:
                raise refusal("compare.edited", file=run.folder / RECORD)

    def _types_of_one_kind(self) -> bool:
        """Whether who changed type says something: not of two waves with other indicators."""
        before, after = self.before, self.after
        if before.record.get("wave") == after.record.get("wave"):
            return True
        first, second = (run.codebook or {} for run in (before, after))
        return first.get("features") == second.get("features")

    @property
    def audience(self) -> str:
        """Who may see it: of one wave before and after a change of answers only who may see all.

        Both beside each other may tell single answers, see `workbench.publish.releases`.
        """
        old, new = self.before.record, self.after.record
        again = old.get("wave") == new.get("wave") and not new.get("named")
        other = old.get("data_sha256") != new.get("data_sha256")
        return paths.AUDIENCES[0] if again and other else self.after.audience

    @property
    def results_changed(self) -> bool:
        """Whether any result differs; how a figure is drawn is no result."""
        return any(self.results.values())

    @property
    def empty(self) -> bool:
        """Whether nothing differs at all: results, drawings, and what they were made of."""
        return not (self.results_changed or self.redrawn or any(self.causes.values()) or self.code)

    @property
    def in_neither(self) -> list[str]:
        """The titles of pages that are complete in neither run: nothing of them is compared."""
        both = ((page, self.before.pages.get(name)) for name, page in self.after.pages.items())
        return [page.title for page, old in both if old and "ok" not in (page.status, old.status)]

    def _entries(self, of: Callable[[Run], Any]) -> list[Value]:
        """The entries of something that both runs have which differ."""
        return entries(of(self.before), of(self.after))

    def _pages(self, of: str) -> list[Value]:
        """The pages, by name, that differ in their `status` or in what they are `about`."""
        return self._entries(lambda run: {k: getattr(page, of) for k, page in run.pages.items()})

    def _inputs(self) -> list[Value]:
        """Files as received that differ, by the beginning of their hash."""
        records = [run.record for run in (self.before, self.after)]
        files = [record.get("inputs") for record in records]
        if not any(files):  # editions for others name no files
            files = [{"data": record.get("data_sha256", "")} for record in records]
        return entries(*({k: v[:12] for k, v in (own or {}).items()} for own in files))

    def _texts_of(self, kind: str, titles: Mapping[str, str]) -> list[Value]:
        """Texts of these pages that differ, each pair once: two pages may have a sentence."""
        pairs: dict[tuple[str, str], Value] = {}
        for name, title in titles.items():
            old, new = (getattr(r.pages.get(name), kind, []) for r in (self.before, self.after))
            if len(old) != len(new):  # equal ones stay together
                old, new = [t for t in old if t not in new], [t for t in new if t not in old]
            for a, b in zip_longest(old, new, fillvalue=""):
                if a != b:
                    pairs.setdefault((a, b), Value(title, a, b))
        return list(pairs.values())

    def _sample(self) -> list[Value]:
        """Response, and denominators with the figures and tables that have them."""
        alike: dict[tuple[str, str], list[str]] = {}
        for kind in ("figures", "tables"):
            old = self.before.outputs(kind)
            for name, data in self.after.outputs(kind).items():
                if name in old and data["notebook"] not in {CLEANING, *self.left_out}:
                    both = (_denominator(old[name]), _denominator(data))
                    alike.setdefault(both, []).append(data["title"])
        response = self._entries(lambda run: run.record.get("sample", {}))
        changed = ((" / ".join(titles), *both) for both, titles in alike.items())
        return response + [Value(*one) for one in changed if one[1] != one[2]]

    def _outputs(self, kind: str) -> list[ChangedOutput]:
        """Those that differ, the most important first.

        Types are numbered by size: in numbers by type, each is called as its counterpart before.
        """
        old, new = self.before.outputs(kind), self.after.outputs(kind)
        matched = self.movers.matched if self.movers else {}
        counterparts = {str(b): str(a) for a, b in matched.items()}
        names, changes = self.before.names | self.after.names, []
        for name in dict.fromkeys([*old, *new]):
            a, b = old.get(name), new.get(name)
            if a is None or b is None:
                why = [r.outputs("missing").get(name, "") for r in (self.before, self.after)]
                texts = [Value("reason", *why)] if why[0] != why[1] else []
                changes.append(ChangedOutput(a, b, Cells(), texts, False))
            elif b["notebook"] not in self.left_out:
                files = a["results"], b["results"]  # with ids in the place of labels
                ids = tuple(file.read_text("utf-8") for file in files) if all(files) else None
                cells = compare(a["csv"], b["csv"], counterparts, ids, names)
                both = [data | {"notes": "\n".join(data.get("notes", []))} for data in (a, b)]
                kinds = [k for k in ("title", "alt", "notes") if both[0].get(k) != both[1].get(k)]
                texts = [Value(k, *(data[k] for data in both)) for k in kinds]
                out = ChangedOutput(a, b, cells, texts, a.get("png") != b.get("png"))
                changes += [out] if out.result or out.redrawn else []
        return sorted(changes, key=lambda out: out.importance)

    def _sources(self) -> list[Any]:
        """Cells of notebooks; editions for others do not show the code in the pages either."""
        pages = self.after.pages.values() if self.after.audience == "internal" else ()
        both = ((self.before.pages.get(page.name), page) for page in pages)
        return [cell for old, new in both if old
                for cell in sources(new.title, old.cells, new.cells)]  # fmt: skip


def _denominator(data: Outputs) -> str:
    about = f" ({data['denominator']})" if data.get("denominator") else ""
    return f"n = {data['n']:,}{about}"


def movers(
    before: Types | None, after: Types | None
) -> tuple[Movers | None, list[tuple[str, str, str, float]]]:
    """What `changes.movers` found, and each one that moved, the firmest members first.

    Of each its name, its types as each run calls them (empty for none), and its membership in the
    type before, or NaN.
    """
    if before is None or after is None:
        return None, []
    from analysis.stats import changes  # a second that few comparisons need

    moves = changes.movers(before, after)
    rows = pd.concat([moves.types[moves.types["moved"]], moves.crossed])
    inside = before.membership.reindex(rows.index)
    moved = [
        (
            str(before.names[row.Index]),
            before.titles.get(row.before, ""),
            after.titles.get(row.after, ""),
            float(inside.at[row.Index, row.before]) if row.before in inside else math.nan,
        )
        for row in rows.itertuples()
    ]
    return moves, sorted(moved, key=lambda m: 0.0 if math.isnan(m[-1]) else -m[-1])
