"""Editions and the record of their runs: what became of each notebook, and what stands of it.

Written as a run goes on, so that a run that was killed is known as one, and the next carries on
with what is complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from analysis import paths
from analysis.errors import InputError

LEFT_OUT = "not asked for (--only)"
RECORD = "run.json"


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

    @property
    def profiles(self) -> Edition:
        """The edition of its pages for single municipalities."""
        return replace(self, wave=f"{self.wave}.profiles")

    @property
    def incomplete(self) -> Path:
        """Where a run that is not complete stands, beside the last good one."""
        return self.folder.with_name(f"{self.name}.incomplete")

    @property
    def part(self) -> Path:
        """Where a run is at work; what is left there was stopped."""
        return self.folder.with_name(f".{self.name}.part")

    @property
    def stopped(self) -> Path:
        """The run before, if it was stopped, while the next takes over from it."""
        return self.folder.with_name(f".{self.name}.stopped")


@dataclass(frozen=True)
class Options:
    """How a run is asked for, in the words of the command line.

    `parameters` are those of the notebooks, `jobs` how many run side by side (by default the cores
    say), `fork` warm kernels, `force` again also what has not changed, `timeout` seconds for the
    whole run, `cell_timeout` for one cell, `memory_mb` the cap of each kernel in MiB.
    """

    audience: str = "internal"
    language: str = "ja"
    parameters: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None
    jobs: int | None = None
    fork: bool = True
    force: bool = False
    timeout: float | None = None
    cell_timeout: float | None = None
    memory_mb: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(self.parameters or ())

    def edition(self, wave: str) -> Edition:
        """The edition that is asked for."""
        return Edition(wave, self.audience, self.language)


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
    lacks: str = ""  # the notebook that is not complete and without which it could not run
    expected: list[str] = field(default_factory=list)
    produced: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # as written -> as it stands in the folder
    reused: bool = False


@dataclass
class RunRecord:
    """The truthful record of a run, as it stands in run.json."""

    edition: Edition
    status: str
    notebooks: list[Ran]
    facts: dict[str, Any]
    folder: str = ""

    @property
    def ok(self) -> bool:
        """Whether every notebook is complete."""
        return self.status == "ok"

    @property
    def as_asked(self) -> bool:
        """Whether every notebook that was asked for is complete."""
        return all(ran.status == "ok" or ran.error == LEFT_OUT for ran in self.notebooks)

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
        end = f"Open {where / 'index.html'} in a browser."
        if not self.ok:
            end = f"Not complete: see {where / 'index.html'}."
            if where.name.endswith(".incomplete"):
                end += " The last complete report was kept."
        return "\n".join([*lines, end])

    def as_json(self) -> dict[str, Any]:
        """The content of run.json; an error may quote an answer, so it stays inside."""
        ran = [asdict(ran) for ran in self.notebooks]
        if self.edition.audience != "internal":
            ran = [{**one, "error": ""} for one in ran]
        return {**asdict(self.edition), "status": self.status, **self.facts, "notebooks": ran}


def write_record(record: Mapping[str, Any], folder: Path) -> None:
    """Write run.json whole."""
    text = json.dumps(record, ensure_ascii=False, indent=1)
    paths.write_atomic(folder / RECORD, text + "\n")


def read_record(folder: Path) -> dict[str, Any] | None:
    """run.json of a folder; None where there is none, or none that can be read."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return record if isinstance(record["notebooks"], list) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def last_record(edition: Edition) -> dict[str, Any] | None:
    """run.json of what is published, if all that it speaks of is there."""
    record = read_record(edition.folder)
    if record is None:
        return None
    good = [ran for ran in record["notebooks"] if ran.get("status") == "ok"]
    whole = all(stands(ran, edition.folder) and _page(ran, edition.folder) for ran in good)
    return record if whole else None


def stands(ran: Mapping[str, Any], folder: Path) -> bool:
    """Whether a notebook is complete and what it made is there; its page can be made again."""
    files = [f"notebooks/{ran['name']}.ipynb", *ran.get("files", {}).values()]
    return ran.get("status") == "ok" and all((folder / file).is_file() for file in files)


def _page(ran: Mapping[str, Any], folder: Path) -> bool:
    return (folder / ran["html"]).is_file()


# --- one at a time ---------------------------------------------------------------------------


@contextlib.contextmanager
def lock(edition: Edition) -> Iterator[None]:
    """One refresh of an edition at a time.

    Raises
    ------
    InputError : another process holds it (which, and since when), or it cannot be written.
    """
    with one_at_a_time(edition.folder, wait=False):
        paths.recover_folder(edition.incomplete)
        yield


@contextlib.contextmanager
def one_at_a_time(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """One process at a time writes a folder; the lock dies with its process.

    What a process left that was killed between the two steps of swapping it is put right.

    Raises
    ------
    InputError : it cannot be written; with `wait` False also, that another process holds it.
    """
    file = folder.with_name(f".{folder.name}.lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = _locked(file, folder.name, wait)
    except OSError as error:
        raise InputError(
            f"the folder cannot be written ({error.strerror or error})", file=file.parent
        ) from None
    try:
        now = time.strftime("%H:%M:%S")
        handle.write(f"process {os.getpid()} on {platform.node()} since {now}")
        handle.flush()
        paths.recover_folder(folder)
        yield
    finally:
        with contextlib.suppress(OSError):  # first the name, then the lock: none can be lost
            file.unlink()
        handle.close()
        if sys.platform == "win32":  # where a file that is open keeps its name
            with contextlib.suppress(OSError):
                file.unlink()


def _locked(file: Path, what: str, wait: bool) -> TextIO:
    while True:
        handle = file.open("a+", encoding="utf-8")
        if _take(handle):
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle.fileno()), file.stat()):
                    handle.truncate(0)
                    return handle
            handle.close()  # its holder has just removed it: what we hold is no longer there
            continue
        handle.seek(0)
        holder = handle.read().strip() or "another process"
        handle.close()
        if not wait:
            raise InputError(
                f"{what} is being refreshed by {holder}", hint="wait until it has ended"
            )
        time.sleep(0.1)


def _take(handle: TextIO) -> bool:
    """Lock an open file without waiting."""
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(1 << 30)  # a locked byte cannot be read, and the others are to be
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
