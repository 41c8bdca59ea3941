"""A run folder as a comparison reads it: what its pages show, and what they were made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from analysis import parameters, paths
from analysis.errors import InputError
from analysis.outputs import VENDOR, Answer
from analysis.runs import Edition

OWN = {"wave", "output", "audience", "language"}  # set by the refresh, not by a person
Shown = dict[str, Any]  # one output's data, as `analysis.outputs` made it


@dataclass(frozen=True)
class Page:
    """One executed notebook.

    Attributes
    ----------
    answers, prose : texts in order. figures, tables : their data by name.
    missing : reason of each figure or table that the wave cannot give.
    about : the municipalities that the page takes as its example, if any.
    cells : type, id and source of each cell as committed. parameters : their values in this run.
    """

    name: str
    title: str
    status: str
    answers: list[str]
    prose: list[str]
    figures: dict[str, Shown]
    tables: dict[str, Shown]
    missing: dict[str, str]
    cells: list[dict[str, str]]
    parameters: dict[str, Any]
    about: str = ""


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
                f"there is no run in {label!r}",
                hint="give a wave that was refreshed (`workbench refresh WAVE`) or a run folder",
            )
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            given = record.get("parameters", {})
            pages = {
                n["name"]: _page(folder, n, record["language"], given) for n in record["notebooks"]
            }
        except (KeyError, ValueError, OSError) as error:
            raise InputError(
                f"the run cannot be read ({type(error).__name__}: {error})",
                file=file,
                hint="refresh it again",
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
    def language(self) -> str:
        """The language of its texts."""
        return str(self.record["language"])

    @property
    def audience(self) -> str:
        """Who may see it."""
        return str(self.record["audience"])

    @cached_property
    def figures(self) -> dict[str, Shown]:
        """All figures by name, with the page on which each stands first."""
        return _once(self.pages, "figures")

    @cached_property
    def tables(self) -> dict[str, Shown]:
        """All tables by name, with the page on which each stands first."""
        return _once(self.pages, "tables")

    @cached_property
    def codebook(self) -> Any:
        """The codebook it was made with; None in runs that kept none."""
        file = self.folder / "codebook.yml"
        if not file.is_file():
            return None
        return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _once(pages: Mapping[str, Page], kind: str) -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for page in pages.values():
        for name, data in getattr(page, kind).items():
            found.setdefault(name, {**data, "page": page.title, "notebook": page.name})
    return found


def _page(folder: Path, entry: Mapping[str, Any], language: str, given: Mapping[str, Any]) -> Page:
    title = str(entry["title"].get(language, entry["name"]))
    file = folder / "notebooks" / f"{entry['name']}.ipynb"
    if not file.is_file():
        return Page(entry["name"], title, entry["status"], [], [], {}, {}, {}, [], {})
    content = json.loads(file.read_text(encoding="utf-8"))
    committed = [
        cell
        for cell in content["cells"]
        if "injected-parameters" not in cell["metadata"].get("tags", [])
    ]
    shown: dict[str, list[Shown]] = {}
    for cell in committed:
        for output in cell.get("outputs", []):
            for mime, data in output.get("data", {}).items():
                if mime.startswith(VENDOR):
                    kind = mime.removeprefix(VENDOR).removesuffix("+json")
                    shown.setdefault(kind, []).append(data)
    values = {p.name: p.default for p in parameters.declared(content, file)}
    values |= {name: value for name, value in given.items() if name in values}
    return Page(
        name=entry["name"],
        title=title,
        status=entry["status"],
        answers=[
            Answer(data["text"], data.get("more", "")).paragraph for data in shown.get("answer", [])
        ],
        prose=[data["markdown"] for data in shown.get("prose", [])],
        figures={data["name"]: data for data in shown.get("figure", [])},
        tables={data["name"]: data for data in shown.get("table", [])},
        missing={data["name"]: data["reason"] for data in shown.get("not-available", [])},
        cells=[
            {"cell_type": c["cell_type"], "id": c["id"], "source": "".join(c["source"])}
            for c in committed
        ],
        parameters={name: value for name, value in values.items() if name not in OWN},
        about="、".join(data["about"] for data in shown.get("answer", []) if data.get("about")),
    )
