"""The record of a run: editions, how a run was asked for, what became of each notebook.

The record (run.json) is written as a run goes on, so that one that was killed is known as such and
the next can take over the notebooks that are complete. Imports nothing heavy: a refresh with
nothing to do answers at once.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import platform
import re
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analysis import fingerprints, paths
from analysis.errors import Message, localize, refusal

RECORD = "run.json"
# what the page of all waves says of a run
OF_LIST = ("wave", "wave_title", "as_of", "invented", "audience", "language", "status")
FILES = "files"  # in run.json: each file of the run folder and its sha256
STATE = "state_sha256"  # in run.json: one hash of data, codebook, code and whatever pages share
GENERATOR = b'content="survey workbench"'  # every page of ours says so in its head
CHANGED, OWN_FILES = "inputs changed during the run: {changed}", "files that it uses"
PATIENCE = 3  # seconds after which a command says for whom it waits
NAMED = 5  # failures of one kind that are named
MOST = 1e9  # of jobs, seconds, MiB: more is a slip of the hand, and too long for a timer


class Status(StrEnum):
    """What became of a notebook or of a run, as run.json has it."""

    PENDING = "pending"
    RUNNING = "running"
    OK = "ok"
    PARTIAL = "partial"  # of a run: some notebooks are complete
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    SKIPPED = "skipped"  # not run: not asked for, or a notebook that it needs is not complete


@dataclass(frozen=True)
class Edition:
    """One edition of a wave's reports: who may see it, and in which language."""

    wave: str
    audience: str = "internal"
    language: str = "ja"

    @property
    def name(self) -> str:
        """The name of its run folder."""
        return paths.edition(self.wave, self.audience, self.language)

    @property
    def folder(self) -> Path:
        """Where it is published."""
        return paths.reports() / self.name

    @property
    def as_options(self) -> str:
        """Audience and language as options of a command, each with a blank before it."""
        audience = "" if self.audience == "internal" else f" --audience {self.audience}"
        return audience + ("" if self.language == "ja" else f" --language {self.language}")

    @property
    def incomplete(self) -> Path:
        """Where a run that is not complete is published, beside the last complete one."""
        return self.folder.with_name(f"{self.name}.incomplete")

    @property
    def part(self) -> Path:
        """Where a run works; of a run that was stopped it keeps what was complete."""
        return self.folder.with_name(f".{self.name}.part")

    @property
    def profiles(self) -> Edition:
        """The edition of the pages for single municipalities."""
        return replace(self, wave=f"{self.wave}.profiles")


@dataclass(frozen=True)
class Options:
    """The options of a run, as on the command line.

    `parameters` are those of the notebooks, `jobs` how many run side by side (default: the number
    of cores), `fork` warm kernels, `force` also what has not changed, `timeout` seconds for the
    whole run, `cell_timeout` for one cell, `memory_mb` the cap of each kernel in MiB.

    Raises InputError: a number that is not above 0, or not finite.
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

    def __post_init__(self) -> None:
        for name in ("jobs", "timeout", "cell_timeout", "memory_mb"):
            value = getattr(self, name)
            if value is not None and not 0 < value < MOST:
                option = name.removesuffix("_mb").replace("_", "-")
                raise refusal("run.option", option=option, value=value)

    @property
    def by_name(self) -> dict[str, Any]:
        """The parameters by name; an InputError where one has two values."""
        pairs, values = self.parameters or (), dict[str, Any]()
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            if values.setdefault(name, value) != value:
                raise refusal("parameter.twice", name=name)
        return values

    def edition(self, wave: str) -> Edition:
        """The edition of a wave that these options ask for."""
        return Edition(wave, self.audience, self.language)


@dataclass
class Ran:
    """What became of one notebook.

    `key` is everything its result depends on, as hashes (JSON); `lacks` the dependency that failed;
    `files` maps the name of each file as the notebook wrote it to its place in the run folder;
    `reads` has the hash of each file and folder of the project that it read by itself; `reused`
    says that it was taken over from an earlier run.
    """

    name: str
    title: dict[str, str]
    html: str
    key: str
    status: str = Status.PENDING
    seconds: float = 0.0
    last_cell: int = 0
    cells: int = 0
    error: str = ""
    lacks: str = ""
    expected: list[str] = field(default_factory=list)
    produced: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    reads: dict[str, str] = field(default_factory=dict)
    reused: bool = False

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Ran:
        """The entry of a notebook in run.json; names that this version does not know are ignored.

        Raises TypeError: the entry lacks a name, title, page or key, or has a file outside its
        folder.
        """
        known = {field.name for field in fields(cls)}
        ran = cls(**{name: value for name, value in entry.items() if name in known})
        if not all(map(paths.is_below, [ran.name, ran.html, *ran.files, *ran.files.values()])):
            raise TypeError(ran.files)
        return ran

    @property
    def ok(self) -> bool:
        """Whether it is complete."""
        return self.status == Status.OK

    @property
    def read_anew(self) -> list[str]:
        """Which of the files that it read by itself are others now."""
        root = paths.root()
        return [f for f, digest in self.reads.items() if fingerprints.hash_read(root / f) != digest]

    @property
    def not_asked(self) -> bool:
        """Whether it was skipped because the run was for other notebooks only (--only)."""
        return self.status == Status.SKIPPED and not self.lacks

    def fail(self, why: str) -> None:
        """It is not complete after all."""
        self.status, self.error = Status.FAILED, why

    def written(self) -> list[str]:
        """The files of a run folder from which its page can be made again."""
        return [f"notebooks/{self.name}.ipynb", *self.files.values()]


@dataclass
class RunRecord:
    """The record of a run, as it is written to run.json."""

    edition: Edition
    status: str
    notebooks: list[Ran]
    facts: dict[str, Any]
    folder: str = ""

    @property
    def ok(self) -> bool:
        """Whether every notebook is complete."""
        return self.status == Status.OK

    @property
    def as_asked(self) -> bool:
        """Whether every notebook that was asked for is complete."""
        return all(ran.ok or ran.not_asked for ran in self.notebooks)

    def summary(self) -> str:
        """The text for the terminal at the end of a run."""
        lines = []
        for ran in self.notebooks:
            note = localize("unchanged") if ran.reused else f"{ran.seconds:.1f} s"
            state = f"  {ran.name}: {localize(ran.status)} ({note})"
            lines.append(f"{state} {ran.error}".rstrip())
        end = "Open {file} in a browser." if self.ok else "Not complete: see {file}."
        if self.as_asked and not self.ok:
            end = "Complete as asked; other pages are missing: see {file}."
        lines.append(localize(end, file=_index(self.folder)))
        if self.folder.endswith(".incomplete"):
            lines.append(localize("The last complete report was kept."))
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        """Write run.json whole.

        An error may quote an answer, and a file may be called after an office: only the internal
        edition has them. In others what a notebook read by itself never counts as unchanged.

        Raises OSError: the folder cannot be written.
        """
        ran = [asdict(ran) for ran in self.notebooks]
        if self.edition.audience != "internal":
            unknown = {"*": "not told"}
            ran = [{**one, "error": "", "reads": one["reads"] and unknown} for one in ran]
        record = {**asdict(self.edition), "status": self.status, **self.facts, "notebooks": ran}
        write_record(record, folder)


@dataclass(frozen=True)
class Outcome:
    """What became of the profiles that were asked for.

    `rans` are those that were made now or were up to date, `stopped` why the run ended early,
    `sent` what was sent to a target, in words.
    """

    folder: Path
    total: int
    rans: list[Ran]
    stopped: str = ""
    sent: str = ""

    @property
    def as_asked(self) -> bool:
        """Whether every page that was asked for is complete."""
        return len(self.rans) == self.total and all(ran.ok for ran in self.rans)

    def summary(self) -> str:
        """The text for the terminal: how many, which failed and why, where to look."""
        good = [ran for ran in self.rans if ran.ok]
        old = sum(ran.reused for ran in good)
        counts = {"good": len(good), "asked": self.total, "new": len(good) - old, "old": old}
        text = "{good:,} of {asked:,} profiles complete ({new:,} made now, {old:,} unchanged)"
        lines = [localize(text, **counts)]
        failures: dict[str, list[str]] = {}
        for ran in (ran for ran in self.rans if not ran.ok):
            at = {"name": ran.name, "cell": ran.last_cell, "cells": ran.cells}
            named = localize("{name} (cell {cell} of {cells})", **at)
            failures.setdefault(f"{localize(ran.status)}: {ran.error}", []).append(named)
        for why, those in sorted(failures.items(), key=lambda item: -len(item[1])):
            over = len(those) - NAMED
            more = localize(" and {n:,} more", n=over) if over > 0 else ""
            lines.append(f"  {len(those):,} {why}\n    {', '.join(those[:NAMED])}{more}")
        if self.stopped:
            text = localize(
                "Stopped ({why}); {left:,} are still to make, nothing was published. The same "
                "command carries on.",
                why=self.stopped,
                left=self.total - len(self.rans),
            )
        else:
            text = localize("Open {file} in a browser.", file=_index(self.folder))
        return "\n".join(filter(None, [*lines, text, self.sent]))


def _index(folder: Path | str) -> Path:
    """The index of a run folder, named from the folder of the project where it is in it."""
    place = Path(folder, "index.html")
    return place.relative_to(paths.root()) if place.is_relative_to(paths.root()) else place


def swap_in(record: RunRecord, edition: Edition) -> None:
    """Publish the run folder of an edition whole, with its record and the hashes of its files.

    It goes beside the last complete one if the run is not complete.

    Raises OSError: the folder cannot be written. InputError: the package is another now, as after
    a git checkout while pages were printed; the index may be of either.
    """
    if fingerprints.combine(fingerprints.package_files()) != record.facts["code_sha256"]:
        raise refusal("wave.changed_in_use", wave=record.edition.wave)
    files = fingerprints.hash_files(edition.part)
    record.facts[FILES] = {name: digest for name, digest in files.items() if name != RECORD}
    record.write(edition.part)
    older = not record.ok and RunFolder(edition.folder).record.get("status") == Status.OK
    place = edition.incomplete if older else edition.folder
    if over := {} if older else RunFolder(edition.incomplete).hashes:
        paths.refuse_foreign(edition.incomplete, RECORD, over)
    if not older and edition.audience != "internal":
        _note_reads(record)
    paths.swap_folder(edition.part, place, RECORD, RunFolder(place).hashes)
    record.folder = str(place)
    if over:
        shutil.rmtree(edition.incomplete, ignore_errors=True)


def _note_reads(record: RunRecord) -> None:
    """Keep what notebooks of an edition for others read by themselves: its run.json tells nothing.

    The names in the folder of the project are left out: each command may put one there.
    """
    reads = {n: digest for ran in record.notebooks for n, digest in ran.reads.items() if n != "."}
    place = _noted_reads(record.edition)
    place.parent.mkdir(parents=True, exist_ok=True)
    about = {"finished": record.facts["finished"], "reads": reads}
    paths.write_atomic(place, json.dumps(about, ensure_ascii=False, indent=1) + "\n")


def _noted_reads(edition: Edition) -> Path:
    return paths.root() / ".workbench" / "reads" / f"{edition.name}.json"


def text_of(record: Mapping[str, Any]) -> str:
    """The text of run.json."""
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def write_record(record: Mapping[str, Any], folder: Path) -> None:
    """Write run.json whole."""
    paths.write_atomic(folder / RECORD, text_of(record))


class RunFolder:
    """What a run left in its folder.

    `hashes`: of each file, by its name there, also where the rest of its record is damaged; empty
    of a run that was not published. Its record is empty where there is none, none that can be read,
    or not that `of` the edition: a copy of another edition's folder, which may show more, is not
    this edition.
    """

    def __init__(self, folder: Path, of: Edition | None = None) -> None:
        self.folder, self.record, self.hashes = folder, dict[str, Any](), dict[str, str]()
        self._whole = dict[str, bool]()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            record = json.loads(paths.read_text(folder / RECORD))
            self.hashes |= record.get(FILES, {})
            here = Edition(*(record[name] for name in ("wave", "audience", "language")))
            whole = isinstance(record["notebooks"], list) and here.audience in paths.AUDIENCES
            whole = whole and all(isinstance(run, dict) for run in record.get("before", []))
            if whole and here.language in ("ja", "en") and of in (None, here):
                self.record = record

    @cached_property
    def notebooks(self) -> dict[str, Ran]:
        """Its notebooks by name; those whose entry is damaged are left out."""
        rans = {}
        for entry in self.record.get("notebooks", []):
            with contextlib.suppress(TypeError, AttributeError):
                ran = Ran.read(entry)
                rans[ran.name] = ran
        return rans

    def is_whole(self, name: str) -> bool:
        """Whether a file is as the run wrote it: not empty, as a full disk leaves it, or edited.

        Each file is read once.
        """
        if name not in self._whole:
            file, hashes = self.folder / name, self.hashes
            there = file.is_file() and file.stat().st_size > 0
            same = there and hashes.get(name) in (None, fingerprints.hash_file(file))
            self._whole[name] = same
        return self._whole[name]

    def has(self, ran: Ran) -> bool:
        """Whether a notebook is complete, with all that it wrote, and would read the same again."""
        return ran.ok and not ran.read_anew and all(map(self.is_whole, ran.written()))

    def has_page(self, ran: Ran) -> bool:
        """Whether a notebook is complete, with its page."""
        return ran.ok and self.is_whole(ran.html)

    def read_since(self, edition: Edition) -> bool:
        """Whether what notebooks of an edition for others read is other now, or is not known."""
        if not any(ran.reads for ran in self.notebooks.values()):
            return False
        noted: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            noted = json.loads(paths.read_text(_noted_reads(edition)))
        known = noted.get("finished") == self.record["finished"]
        return not known or bool(Ran("", {}, "", "", reads=noted["reads"]).read_anew)

    @property
    def damaged(self) -> list[str]:
        """The files of a published run that are missing, empty or were edited."""
        return sorted(name for name in self.hashes if not self.is_whole(name))


def link_to_profiles(edition: Edition, report: Mapping[str, Any]) -> str:
    """Where the index of an edition leads to its pages of municipalities; empty if there are none.

    None count that are of other data, another codebook or other code than the `report`, given by
    its record: they may say otherwise, or show what may be shown no longer.
    """
    pages = edition.profiles
    same = RunFolder(pages.folder, edition).record.get(STATE) == report.get(STATE)
    return f"../{pages.name}/index.html" if report.get(STATE) and same else ""


def is_linked_rightly(report: RunFolder, edition: Edition) -> bool:
    """Whether the index of a report leads to pages of municipalities if, and only if, it should."""
    index = html.unescape(paths.read_text(report.folder / "index.html"))
    leads = f'href="../{edition.profiles.name}/index.html"' in index
    return leads == bool(link_to_profiles(edition, report.record))


def is_of_now(report: RunFolder, code: str) -> bool:
    """Whether a report is whole, and of this state of the package (its hash) and the libraries."""
    of = (report.record.get("code_sha256"), report.record.get("versions"))
    return of == (code, fingerprints.installed()) and not report.damaged


def keep_only(part: Path, names: set[str], *, pages: bool = False) -> None:
    """Delete of a run all but its record and the files of some notebooks, and perhaps pages."""
    open_up(part)
    known = RunFolder(part).notebooks
    needed = {part / RECORD}
    for name in names & known.keys():
        needed |= {part / file for file in known[name].written()}
        needed |= {part / known[name].html} if pages else set()
    for path in sorted(part.rglob("*"), reverse=True):  # what a folder holds comes before it
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):  # it is not empty
                path.rmdir()
        elif path not in needed:
            path.unlink()


def open_up(folder: Path) -> None:
    """Make what a notebook copied, perhaps from where nobody may write, its user's to move."""
    places = [folder]
    while places:
        path = places.pop()
        if path.is_symlink() or not path.exists():
            continue
        mode, needed = stat.S_IMODE(path.stat().st_mode), 0o700 if path.is_dir() else 0o600
        if mode & needed != needed:
            path.chmod(mode | needed)
        places += path.iterdir() if path.is_dir() else ()


def all_waves(reports: Path) -> Path:
    """The page at the top of the reports folder that lists all waves.

    Raises InputError: a page of somebody else is there, or a link.
    """
    place = reports / "index.html"
    if place.is_symlink() or (place.is_file() and GENERATOR not in place.read_bytes()[:2000]):
        raise refusal("project.foreign", file=place)
    return place


def sealed(text: str, reports: Path) -> str:
    """The page of all waves with its last line: the hash of the rest and of the runs it lists."""
    runs = [(folder.name, RunFolder(folder).record) for folder in sorted(reports.glob("[!.]*"))]
    said = [
        [name, str(run.get("finished"))[:10], *map(run.get, OF_LIST)] for name, run in runs if run
    ]
    return f"{text}<!-- {fingerprints.sha(text + json.dumps(said))} -->\n"


def is_every_run_listed(reports: Path) -> bool:
    """Whether the page of all waves is as it was made of the run folders that there are."""
    page = all_waves(reports)
    text = paths.read_text(page) if page.exists() else ""
    return text == sealed(text.rpartition("<!-- ")[0], reports)


# --- one at a time ---------------------------------------------------------------------------


@contextlib.contextmanager
def lock(edition: Edition) -> Iterator[None]:
    """Let one refresh of an edition run at a time.

    Raises InputError: another process holds it (which, and since when), its place holds something
    else, or what is done meanwhile cannot be written: the disk is full, or may not be written.
    """
    with one_at_a_time(edition.folder, wait=False):
        paths.recover_folder(edition.incomplete)
        for folder in (edition.folder, edition.incomplete):
            paths.refuse_foreign(folder, RECORD, RunFolder(folder).hashes)
        paths.refuse_foreign(edition.part, ".")  # whatever is in it, but no link
        all_waves(paths.reports())
        try:
            yield
        except OSError as error:
            raise refusal(
                "run.not_written",
                file=error.filename or edition.part,
                strerror=error.strerror or error,
            ) from None


@contextlib.contextmanager
def one_at_a_time(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Let one process at a time write a folder; the lock ends with its process.

    A folder that a killed process left half swapped is put right.

    Raises InputError: it cannot be written; with `wait` False also if another process holds it.
    """
    file = folder.with_name(f".{folder.name}.lock")
    held = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not file.is_file():
            raise refusal("file.pipe", file=file)
        try:
            held.acquire(timeout=PATIENCE if wait else 0)
        except Timeout:
            if not wait:
                raise
            if not _is_kin(file):
                waiting = "waiting for {holder}, which holds {name}; Ctrl-C stops waiting"
                print(localize(waiting, name=folder.name, holder=_holder(file)), file=sys.stderr)
            held.acquire()
    except Timeout:
        raise refusal("run.locked", name=folder.name, holder=_holder(file)) from None
    except OSError as error:
        raise refusal(
            "run.folder_not_written", file=file.parent, strerror=error.strerror or error
        ) from None
    try:
        with file.open("r+b", buffering=0) as handle:
            handle.seek(1)  # past the byte that Windows locks
            now = time.strftime("%H:%M:%S")
            handle.write(f"process {os.getpid()} on {platform.node()} since {now}".encode())
            handle.truncate()
        paths.recover_folder(folder)
        yield
    finally:
        with contextlib.suppress(OSError):  # before it is released: who waits sees that it has gone
            file.unlink()
        held.release()


def _holder(file: Path) -> str:
    """The process that holds a lock, as it signed."""
    with contextlib.suppress(OSError), file.open("rb", buffering=0) as handle:
        handle.seek(1)
        return handle.read().decode("utf-8", "replace").strip() or Message("another process")
    return Message("another process")


def _is_kin(file: Path) -> bool:
    """Whether a lock is held by a process that this one started, or that started this one.

    As a command and its kernels' server, on Linux: both read what one of them cleans.
    """
    holder = re.match(rf"process (\d+) on {re.escape(platform.node())} ", str(_holder(file)))
    if holder is None:
        return False
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{holder[1]}/status").read_text()
        return f"\nPPid:\t{os.getpid()}\n" in status or int(holder[1]) == os.getppid()
    return False
