"""Two runs to compare: run folders as they lie, or a revision refreshed in a work tree."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths
from analysis.codebook import yaml_file
from analysis.errors import InputError
from analysis.show import Answer
from analysis.text import Language
from workbench.publish.index import outputs
from workbench.run import parameters
from workbench.run.record import Edition

# the run of the base stays below reports: the next comparison needs only what differs
KEPT = ".base"


def run_of_base(revision: str, edition: Edition) -> Run:
    """Run a wave with the code, codebooks and notebooks of a revision.

    Data that are in git are those of the revision; data that are not (real replies never are) are
    the same as here. Results of the typology are shared with this folder through its cache.

    Raises
    ------
    InputError : no git, no such revision, or its run is not complete.
    """
    root = paths.root()
    sha = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not sha:
        raise InputError(
            "there is no git revision {revision!r}",
            hint="give a branch, a tag or a commit (in a shallow clone: `git fetch --unshallow`)",
            revision=revision,
        )
    reports = paths.reports() / KEPT
    if edition.folder.is_dir() and not (reports / edition.name).is_dir():
        # what was made here is made there too as far as nothing differs
        shutil.copytree(edition.folder, reports / edition.name)
    with _worktree(root, sha) as there:
        _bring_data(root, there, edition.wave)
        environment = os.environ | {
            "PYTHONPATH": str(there / "src"),
            "WORKBENCH_ROOT": str(there),
            "WORKBENCH_REPORTS": str(reports),
            "WORKBENCH_CACHE": str(paths.cache()),
        }
        # revisions before the package `workbench` have their command and kernels in `analysis`
        early = (there / "src" / "analysis" / "cli.py").is_file()
        command = [sys.executable, "-m", f"{'analysis' if early else 'workbench'}.cli"]
        command += ["refresh", edition.wave, *(["--no-fork"] if early else [])]
        command += ["--language", edition.language, "--audience", edition.audience]
        done = subprocess.run(
            command, cwd=there, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode != 0:
        print(done.stdout, end="", file=sys.stderr)
        raise InputError(
            "the run of {revision} is not complete (exit status {returncode})",
            hint="its notebooks are listed above",
            revision=revision,
            returncode=done.returncode,
        )
    name = sha[:7] if sha.startswith(revision) else f"{revision} ({sha[:7]})"
    return Run.read(reports / edition.name, name)


@contextlib.contextmanager
def _worktree(root: Path, sha: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="workbench-base-") as folder:
        there = Path(folder).resolve() / "base"
        done = subprocess.run(
            ["git", "-C", str(root), "worktree", "add", "--detach", str(there), sha],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise InputError(
                "git could not make a worktree ({stderr})", stderr=done.stderr.strip()[-200:]
            )
        try:
            yield there
        finally:
            _git(root, "worktree", "remove", "--force", str(there))


def _bring_data(root: Path, there: Path, wave: str) -> None:
    """Copy the files of the wave that git does not have."""
    here = root / "data" / "raw" / wave
    if not (here / "wave.yml").is_file():
        raise InputError("there is no wave {wave!r}", hint="see data/raw", wave=wave)
    for file in sorted(here.rglob("*")):
        target = there / "data" / "raw" / wave / file.relative_to(here)
        if file.is_file() and not target.exists() and not _tracked(root, file):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    # the pseudonyms must be those of this project
    if (root / ".workbench").is_dir() and not (there / ".workbench").exists():
        shutil.copytree(root / ".workbench", there / ".workbench")


def _tracked(root: Path, file: Path) -> bool:
    return bool(_git(root, "ls-files", "--", str(file)))


def _git(root: Path, *arguments: str) -> str:
    """What git says; empty where it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        raise InputError("git is not installed", hint="--base needs it") from None
    return done.stdout.strip() if done.returncode == 0 else ""


TYPES = Path("results", "types.csv")  # the type of each municipality, see `movers`
OWN = {"wave", "output", "audience", "language"}  # set by the refresh, not by a person
Shown = dict[str, Any]  # one output's data, as `analysis.show` made it


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
            pages = {n["name"]: _page(folder, n, record) for n in record["notebooks"]}
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
            for name, data in getattr(page, kind).items():
                found.setdefault(name, data)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """What a reader calls municipalities, questions and indicators, by code or id."""
        found: dict[str, str] = {}
        for kind in ("questions", "features", "indices"):
            for entry in (self.codebook or {}).get(kind, ()):
                for one in (entry, *entry.get("items", ())):
                    text = one.get("short", one)
                    found[str(one.get("id", ""))] = str(text.get(self.language, ""))
        types = self.folder / TYPES
        if types.is_file():
            of = pd.read_csv(types, dtype=str, encoding="utf-8-sig", na_filter=False)
            found |= dict(zip(of["code"], of["name"], strict=True))
        return {id: name for id, name in found.items() if id and name}

    @cached_property
    def codebook(self) -> Any:
        """The codebook it was made with; None in runs that kept none."""
        file = self.folder / "codebook.yml"
        if not file.is_file():
            return None
        return yaml_file.read(file.read_text(encoding="utf-8"))


def _page(folder: Path, entry: Mapping[str, Any], record: Mapping[str, Any]) -> Page:
    name, file = entry["name"], folder / "notebooks" / f"{entry['name']}.ipynb"
    page = Page(name, str(entry["title"].get(record["language"], name)), entry["status"])
    if not file.is_file():
        return page
    content = json.loads(file.read_text(encoding="utf-8"))
    made: dict[str, list[Shown]] = {"figure": [], "table": []}
    made |= outputs(content)
    declared = [p for p in parameters.declared(content, file) if p.name not in OWN]
    given = record.get("parameters", {})
    known = {"page": page.title, "notebook": name}

    def by_name(kind: str) -> dict[str, Shown]:
        return {data["name"]: data | known | {"results": ids(kind, data)} for data in made[kind]}

    def ids(kind: str, data: Shown) -> Path | None:
        place = entry.get("files", {}).get(f"results/{kind}s/{data['name']}.csv")
        return folder / place if place else None

    return replace(
        page,
        answers=[Answer(d["text"], d.get("more", "")).paragraph for d in made.get("answer", [])],
        prose=[data["markdown"] for data in made.get("prose", [])],
        figures=by_name("figure"),
        tables=by_name("table"),
        missing={data["name"]: data["reason"] for data in made.get("not-available", [])},
        cells=[
            {"id": cell["id"], "source": "".join(cell["source"])}
            for cell in content["cells"]
            if "injected-parameters" not in cell["metadata"].get("tags", [])
        ],
        parameters={_called(p, record["language"]): given.get(p.name, p.default) for p in declared},
        about="、".join(data["about"] for data in made.get("answer", []) if data.get("about")),
    )


def _called(parameter: parameters.Parameter, language: str) -> str:
    """What a parameter is, from its declaration, where this says so."""
    english, _, japanese = (part.strip() for part in parameter.help.partition("|"))
    return (japanese if language == "ja" else "") or english or parameter.name
