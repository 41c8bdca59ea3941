"""A run as it is compared: its record, and what each of its pages shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths, yaml_file
from analysis.errors import InputError
from analysis.show import Answer
from analysis.text import Language
from workbench.publish.index import outputs
from workbench.run import parameters
from workbench.run.plan import OWN
from workbench.run.record import Edition

TYPES = Path("results", "types.csv")  # the type of each municipality
Shown = dict[str, Any]  # one output's data, as `analysis.show` made it


@dataclass(frozen=True)
class Types:
    """The types of a run; see `analysis.stats.changes.Placed`.

    `names`: of the municipalities. `called`: the number and name of each type.
    """

    labels: pd.Series
    membership: pd.DataFrame
    names: pd.Series
    called: dict[int, str]

    @classmethod
    def read(cls, folder: Path) -> Types | None:
        """Those of a run folder; None where it has none."""
        file = folder / TYPES
        if not file.is_file():
            return None
        text = {"code": str, "name": str}
        frame = pd.read_csv(file, dtype=text, encoding="utf-8-sig").set_index("code")
        kinds = frame["type"].astype(int)
        called = frame["type_name"] if "type_name" in frame else kinds.astype(str)
        names = {k: str(name) for k, name in zip(kinds, called, strict=True) if k}
        inside = frame.filter(regex="^in_").rename(columns=lambda name: int(name[3:]))
        return cls(kinds, inside, frame["name"].fillna(""), names)


@dataclass(frozen=True)
class Page:
    """One executed notebook.

    Attributes
    ----------
    answers, prose : texts in order. figures, tables : their data by name, each with the page's
        ``page`` and ``notebook``, and the file of its ``results``, in which ids stand for labels.
    missing : reason of each figure or table that the wave cannot give.
    about : the municipalities that the page takes as its example, if any.
    cells : id and source of each cell as committed. parameters : their values in this run, by what
        they are.
    """

    name: str
    title: str
    status: str
    answers: Sequence[str] = ()
    prose: Sequence[str] = ()
    figures: Mapping[str, Shown] = field(default_factory=dict)
    tables: Mapping[str, Shown] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    cells: Sequence[dict[str, str]] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""

    @classmethod
    def read(cls, folder: Path, entry: Mapping[str, Any], record: Mapping[str, Any]) -> Page:
        """The page of an `entry` of a run's `record`; without contents if it was not executed."""
        name, language = entry["name"], record["language"]
        file = folder / "notebooks" / f"{name}.ipynb"
        title = str(entry["title"].get(language, name))
        if not file.is_file():
            return cls(name, title, entry["status"])
        content = json.loads(file.read_text(encoding="utf-8"))
        made: dict[str, list[Shown]] = outputs(content)
        kept, given = entry.get("files", {}), record.get("parameters", {})

        def by_name(kind: str) -> dict[str, Shown]:
            found = {}
            for data in made.get(kind, []):
                results = kept.get(f"results/{kind}s/{data['name']}.csv")
                about = {"page": title, "notebook": name}
                found[data["name"]] = data | about | {"results": results and folder / results}
            return found

        return cls(
            name,
            title,
            entry["status"],
            [Answer(d["text"], d.get("more", "")).paragraph for d in made.get("answer", [])],
            [data["markdown"] for data in made.get("prose", [])],
            by_name("figure"),
            by_name("table"),
            {data["name"]: data["reason"] for data in made.get("not-available", [])},
            [
                {"id": cell["id"], "source": "".join(cell["source"])}
                for cell in content["cells"]
                if "injected-parameters" not in cell["metadata"].get("tags", [])
            ],
            {
                _called(p, language): given.get(p.name, p.default)
                for p in parameters.declared(content, file)
                if p.name not in OWN
            },
            "、".join(data["about"] for data in made.get("answer", []) if data.get("about")),
        )


def _called(parameter: parameters.Parameter, language: str) -> str:
    """What a parameter is, from its declaration, where this says so."""
    english, _, japanese = (part.strip() for part in parameter.help.partition("|"))
    return (japanese if language == "ja" else "") or english or parameter.name


@dataclass(frozen=True)
class Run:
    """A finished run: its record and its pages; `label` is what a reader calls it."""

    folder: Path
    label: str
    record: Mapping[str, Any]
    pages: dict[str, Page]

    @classmethod
    def read(cls, folder: Path, label: str) -> Run:
        """Read a run folder.

        Raises
        ------
        InputError : there is no run, or its record cannot be read.
        """
        file = folder / "run.json"
        if not file.is_file():
            raise InputError(
                "there is no run in {label!r}",
                hint="give a wave that was refreshed (`workbench refresh WAVE`) or a run folder",
                label=label,
            )
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            pages = {n["name"]: Page.read(folder, n, record) for n in record["notebooks"]}
        except (KeyError, ValueError, OSError) as error:
            raise InputError(
                "the run cannot be read ({name}: {fault})",
                file=file,
                hint="refresh it again",
                name=type(error).__name__,
                fault=error,
            ) from None
        return cls(folder, label, record, pages)

    @classmethod
    def find(cls, given: str, *, audience: str, language: str) -> Run:
        """The run that a person names: a wave, a folder below reports, or any run folder."""
        edition = Edition(given, audience, language).folder
        places = [edition, paths.reports() / given, Path(given)]
        folder = next((p for p in places if (p / "run.json").is_file()), edition)
        return cls.read(folder, folder.name)

    @property
    def language(self) -> Language:
        """The language of its texts."""
        return "en" if self.record["language"] == "en" else "ja"

    @property
    def audience(self) -> str:
        """Who may see it."""
        return str(self.record["audience"])

    def outputs(self, kind: str) -> dict[str, Shown]:
        """All ``figures`` or ``tables`` by name, each as the first page that has it shows it."""
        found: dict[str, Shown] = {}
        for page in self.pages.values():
            found |= {n: data for n, data in getattr(page, kind).items() if n not in found}
        return found

    @cached_property
    def types(self) -> Types | None:
        """Its types; None where it has none."""
        return Types.read(self.folder)

    @cached_property
    def names(self) -> dict[str, str]:
        """What a reader calls municipalities, questions and indicators, by code or id."""
        found: dict[str, str] = {}
        for kind in ("questions", "features", "indices"):
            for entry in (self.codebook or {}).get(kind, ()):
                for one in (entry, *entry.get("items", ())):
                    text = one.get("short", one)
                    found[str(one.get("id", ""))] = str(text.get(self.language, ""))
        if self.types:
            found |= {str(code): str(name) for code, name in self.types.names.items()}
        return {id: name for id, name in found.items() if id and name}

    @cached_property
    def codebook(self) -> Any:
        """The codebook it was made with; None in runs that kept none."""
        file = self.folder / "codebook.yml"
        return yaml_file.read(file.read_text(encoding="utf-8")) if file.is_file() else None
