"""Plan, run and record the notebooks of a wave: what changed is run again, and nothing else.

This module reads only small files (no pandas, no papermill), so that a refresh with nothing to do
answers at once; `analysis.execute` does the work.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from analysis import parameters as schema
from analysis import paths
from analysis.errors import InputError
from analysis.pseudonyms import fingerprint

PAGES = "[0-9][0-9]_*.ipynb"


@dataclass(frozen=True)
class Edition:
    """One edition of a wave's reports: who may see it, and in which language."""

    wave: str
    audience: str = "internal"
    language: str = "ja"

    @property
    def name(self) -> str:
        """The name of its run folder."""
        audience = "" if self.audience == "internal" else f".{self.audience}"
        return f"{self.wave}{audience}{'' if self.language == 'ja' else f'.{self.language}'}"

    @property
    def folder(self) -> Path:
        """Where it is published."""
        return paths.reports() / self.name


@dataclass
class Ran:
    """What became of one notebook."""

    name: str
    title: dict[str, str]
    html: str
    key: str
    status: str = "pending"  # ok, failed, timed_out, killed, skipped
    seconds: float = 0.0
    last_cell: int = 0
    cells: int = 0
    error: str = ""
    expected: list[str] = field(default_factory=list)
    produced: list[str] = field(default_factory=list)
    reused: bool = False


@dataclass
class RunRecord:
    """The truthful record of a run, as it stands in run.json."""

    wave: str
    audience: str
    language: str
    status: str
    notebooks: list[Ran]
    facts: dict[str, Any]
    folder: str = ""

    @property
    def ok(self) -> bool:
        """Whether every notebook is complete."""
        return self.status == "ok"

    def summary(self) -> str:
        """What the terminal says at the end."""
        lines = []
        for ran in self.notebooks:
            note = "unchanged" if ran.reused else f"{ran.seconds:.1f} s"
            lines.append(
                f"  {ran.name}: {ran.status} ({note})" + (f" {ran.error}" if ran.error else "")
            )
        where = Path(self.folder)
        with contextlib.suppress(ValueError):
            where = where.relative_to(paths.root())
        end = (
            f"Open {where / 'index.html'} in a browser."
            if self.ok
            else (f"Not complete: see {where / 'index.html'}; the last complete report was kept.")
        )
        return "\n".join([*lines, end])

    def as_json(self) -> dict[str, Any]:
        """The content of run.json; an error may quote an answer, so it stays inside."""
        ran = [asdict(ran) for ran in self.notebooks]
        if self.audience != "internal":
            ran = [{**one, "error": ""} for one in ran]
        return {
            "wave": self.wave,
            "audience": self.audience,
            "language": self.language,
            "status": self.status,
            **self.facts,
            "notebooks": ran,
        }


def refresh(
    wave: str,
    *,
    audience: str = "internal",
    language: str = "ja",
    parameters: Mapping[str, Any] | None = None,
    notebooks: Sequence[str] | None = None,
    jobs: int | None = None,
    fork: bool = True,
    force: bool = False,
    timeout: float | None = None,
    cell_timeout: float | None = None,
    memory_mb: int | None = None,
    pdf: bool = False,
) -> RunRecord:
    """Rerun what changed for a wave and publish it when it is complete."""
    edition = Edition(wave, audience, language)
    with lock(edition):
        plan = Plan.make(edition, dict(parameters or {}), notebooks)
        before = last_record(edition)
        todo = [n for n in plan.notebooks if force or plan.reason(n, before)]
        if not todo and before and not pdf:
            return _recorded(before, edition)
        from analysis import execute

        return execute.run(
            plan,
            todo,
            before=before,
            jobs=jobs or os.cpu_count() or 1,
            fork=fork,
            timeout=timeout,
            cell_timeout=cell_timeout,
            memory_mb=memory_mb,
            pdf=pdf,
        )


def why(
    wave: str,
    *,
    audience: str = "internal",
    language: str = "ja",
    parameters: Mapping[str, Any] | None = None,
) -> str:
    """What a refresh would run, and why, in words."""
    edition = Edition(wave, audience, language)
    plan = Plan.make(edition, dict(parameters or {}), None)
    before = last_record(edition)
    lines = [
        f"{notebook.stem}: {plan.reason(notebook, before) or 'unchanged, would not run'}"
        for notebook in plan.notebooks
    ]
    return "\n".join(lines)


@dataclass(frozen=True)
class Plan:
    """The notebooks of an edition in order, with what decides whether each runs again."""

    edition: Edition
    notebooks: list[Path]
    given: dict[str, Any]
    parts: dict[str, str]  # what all notebooks depend on, by name
    content: dict[str, Any]  # wave.yml

    @classmethod
    def make(cls, edition: Edition, given: dict[str, Any], only: Sequence[str] | None) -> Plan:
        """Read the wave and its notebooks, check the parameters."""
        file = paths.raw(edition.wave) / "wave.yml"
        if not file.is_file():
            known = ", ".join(p.parent.name for p in sorted(paths.raw("").glob("*/wave.yml")))
            raise InputError(
                f"there is no wave {edition.wave!r}", hint=f"there are: {known or 'none'}"
            )
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        notebooks = sorted(paths.notebooks().glob(PAGES))
        if only:
            names = {Path(name).stem for name in only}
            unknown = names - {n.stem for n in notebooks}
            if unknown:
                raise InputError(
                    f"there is no notebook {min(unknown)!r}",
                    hint=f"there are: {', '.join(n.stem for n in notebooks)}",
                )
            notebooks = [n for n in notebooks if n.stem in names]
        own = {"wave", "audience", "language", "output"}
        if own & given.keys():
            raise InputError(f"{min(own & given.keys())} is set by the refresh itself, not with -p")
        schema.refuse_unknown(notebooks, given)
        book = paths.codebooks() / f"{content.get('codebook')}.yml"
        parts = {
            "the data of the wave": outside(edition, hash_folder(paths.raw(edition.wave))),
            "the codebook": hash_file(book) if book.is_file() else "",
            "the package": package_hash(),
            "requirements.lock": hash_file(paths.root() / "requirements.lock"),
        }
        return cls(edition, notebooks, given, parts, content)

    def values(self, notebook: Path) -> dict[str, Any]:
        """The parameters of one notebook, checked."""
        base = {
            "wave": self.edition.wave,
            "audience": self.edition.audience,
            "language": self.edition.language,
        }
        return schema.checked(notebook, {**base, **self.given})

    def shown_parameters(self) -> dict[str, Any]:
        """The parameters that were given, as pages and run.json show them.

        A text may name a municipality: for the public only choices and ids such as Q13 are shown.
        """
        if self.edition.audience != "public" or self.content.get("named"):
            return self.given
        known = {p.name: p for notebook in self.notebooks for p in schema.schema(notebook)}
        return {
            name: value
            for name, value in self.given.items()
            if "str" not in known[name].types
            or known[name].choices
            or re.fullmatch(r"[A-Za-z_]\w*", str(value), re.ASCII)
        }

    def key(self, notebook: Path) -> dict[str, str]:
        """Everything that the result depends on, by name."""
        values = json.dumps(self.values(notebook), sort_keys=True, ensure_ascii=False, default=str)
        given = outside(self.edition, _sha(values))
        key = {"its source": source_hash(notebook), "its parameters": given, **self.parts}
        if other := self._compared(notebook):
            raw = hash_folder(paths.raw(other))
            key["the wave it compares with"] = outside(self.edition, _sha(other + raw))
        return key

    def _compared(self, notebook: Path) -> str:
        """The other wave that a notebook reads; it declares its parameter's name as `compares`."""
        parameter = self.metadata(notebook).get("compares")
        if parameter is None:
            return ""
        from analysis.wave import earlier

        return str(self.values(notebook).get(parameter) or "") or earlier(self.edition.wave)

    def reason(self, notebook: Path, before: dict[str, Any] | None) -> str:
        """Why the notebook would run; empty where nothing changed since it was last complete."""
        if before is None:
            return "there is no complete run yet"
        known = {ran["name"]: ran for ran in before["notebooks"]}
        ran = known.get(notebook.stem)
        if ran is None or ran["status"] != "ok":
            return "it is not complete in the last run"
        was, now = json.loads(ran["key"]), self.key(notebook)
        changed = [name for name in now if was.get(name) != now[name]]
        return f"changed: {', '.join(changed)}" if changed else ""

    def metadata(self, notebook: Path) -> dict[str, Any]:
        """The notebook's own declarations: title, needs, figures, tables."""
        content = json.loads(notebook.read_text(encoding="utf-8"))
        found: dict[str, Any] = content["metadata"].get("workbench", {})
        return found


def last_record(edition: Edition) -> dict[str, Any] | None:
    """run.json of what is published, if its pages are all there."""
    file = edition.folder / "run.json"
    if not file.is_file():
        return None
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for ran in record["notebooks"]:
        if ran["status"] == "ok" and not (edition.folder / ran["html"]).is_file():
            return None
    return record


def _recorded(before: dict[str, Any], edition: Edition) -> RunRecord:
    notebooks = [Ran(**{**ran, "reused": True}) for ran in before["notebooks"]]
    return RunRecord(
        edition.wave,
        edition.audience,
        edition.language,
        before["status"],
        notebooks,
        {},
        str(edition.folder),
    )


@contextlib.contextmanager
def lock(edition: Edition) -> Iterator[None]:
    """One refresh of an edition at a time; the lock dies with its process."""
    folder = paths.reports()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / f".{edition.name}.lock").open("a+")
    except OSError as error:
        raise InputError(
            f"the reports folder cannot be written ({error.strerror})", file=folder
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise InputError(
                f"{edition.name} is being refreshed by {holder}", hint="wait until it has ended"
            ) from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()} since {time.strftime('%H:%M:%S')}")
        handle.flush()
        for leftover in folder.glob(f".{edition.name}.*.part"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


# --- fingerprints ----------------------------------------------------------------------------


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def outside(edition: Edition, digest: str) -> str:
    """A hash as its edition may give it: only inside can it be compared with a guess."""
    return digest if edition.audience == "internal" else fingerprint(digest)


def hash_file(path: Path) -> str:
    """sha256 of a file's content; empty for none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def hash_folder(folder: Path, pattern: str = "*") -> str:
    """One hash of the names and contents of all files below a folder."""
    lines = [
        f"{p.relative_to(folder).as_posix()} {hash_file(p)}"
        for p in sorted(folder.rglob(pattern))
        if p.is_file()
        and not any(part.startswith((".", "__")) for part in p.relative_to(folder).parts)
    ]
    return _sha("\n".join(lines))


def package_hash() -> str:
    """One hash of the package's code, tables and templates."""
    here = Path(__file__).parent
    lines = [
        f"{p.relative_to(here).as_posix()} {hash_file(p)}"
        for p in sorted(here.rglob("*"))
        if p.is_file() and p.suffix != ".pyc" and p.name != "README.md"
    ]
    return _sha("\n".join(lines))


def source_hash(notebook: Path) -> str:
    """The cells and declarations of a notebook; outputs and tags do not count."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in content["cells"]]
    return _sha(json.dumps([cells, content["metadata"].get("workbench", {})], sort_keys=True))


def commit() -> str:
    """The git revision, with + where the tree is not clean; empty outside git."""
    try:
        run = ["git", "-C", str(paths.root()), "describe", "--always", "--dirty=+"]
        done = subprocess.run(run, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
