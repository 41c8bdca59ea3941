"""Runs the planned notebooks of a wave side by side, and publishes when all is complete."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis import parameters, paths, release
from analysis.attempt import attempt
from analysis.errors import InputError
from analysis.kernels import Kernels, can_fork
from analysis.progress import Progress
from analysis.refresh import Plan
from analysis.runs import (
    LEFT_OUT,
    Options,
    Ran,
    RunRecord,
    one_at_a_time,
    read_record,
    write_record,
)
from analysis.survey import prepare

WORK = "work"  # each notebook writes into a folder of its own below it


def run(
    plan: Plan,
    todo: list[Path],
    options: Options,
    *,
    valid: Mapping[str, Path],
    pdf: bool,
) -> RunRecord:
    """Run `todo`, take what is `valid` from earlier runs, and publish when all is complete.

    What is complete when the run is stopped stays in the edition's hidden folder for the next.
    """
    started = time.monotonic()
    part, jobs = plan.edition.part, options.jobs or os.cpu_count() or 1
    try:
        valid = _make_way(plan, valid)
        with started_kernels(options, jobs) as kernels:
            with one_at_a_time(paths.processed(plan.edition.wave)):
                prepare(plan.edition.wave)
            runs = {n.stem: _taken(plan, n, todo, valid) for n in plan.notebooks}
            record = release.record_of(plan, runs, started)
            record.facts["kernels"] = "forked" if kernels.fork else "plain"
            record.status = "running"
            runner = Runner(plan, record, kernels, options.cell_timeout)
            runner.run_all(todo, jobs)
        release.finish(record, started)
        release.publish_run(plan, record, part, pdf)
    except OSError as error:
        _stopped(part)
        raise InputError(
            f"the run could not be written ({error.strerror or error}); nothing was published",
            file=part,
            hint="free some space, check the rights of the reports folder or close its files in "
            "other programs; the same command then carries on",
        ) from None
    except BaseException:
        _stopped(part)
        raise
    return record


def _make_way(plan: Plan, valid: Mapping[str, Path]) -> dict[str, Path]:
    """An empty folder to work in; what a stopped run had completed is kept beside until taken."""
    part, stopped = plan.edition.part, plan.edition.stopped
    if part in valid.values():
        shutil.rmtree(stopped, ignore_errors=True)
        _keep_complete(part)
        part.replace(stopped)
    else:
        shutil.rmtree(part, ignore_errors=True)
    (part / "notebooks").mkdir(parents=True)
    return {name: stopped if folder == part else folder for name, folder in valid.items()}


def _keep_complete(part: Path) -> bool:
    """Keep of a run that was stopped what is complete; False where that is nothing."""
    record = read_record(part) or {"notebooks": []}
    good = [ran for ran in record["notebooks"] if ran["status"] == "ok"]
    kept = {part / "run.json"}
    for ran in good:
        kept |= {part / "notebooks" / f"{ran['name']}.ipynb"}
        kept |= {part / file for file in ran["files"].values()}
    for file in part.rglob("*"):
        if file.is_file() and file not in kept:
            file.unlink()
    return bool(good)


def _stopped(part: Path) -> None:
    """A run that was stopped keeps what is complete and says what it is, or leaves nothing."""
    with contextlib.suppress(OSError):
        if _keep_complete(part):
            write_record({**(read_record(part) or {}), "status": "killed"}, part)
            return
    shutil.rmtree(part, ignore_errors=True)


def _taken(plan: Plan, notebook: Path, todo: list[Path], valid: Mapping[str, Path]) -> Ran:
    """What stands of a notebook before the run, copied from where it is valid."""
    name, folder = notebook.stem, valid.get(notebook.stem)
    about = plan.metadata(notebook)
    ran = Ran(
        name=name,
        title=about.get("title", {"ja": name, "en": name}),
        html=f"{name}.html",
        key=json.dumps(plan.keys[name], sort_keys=True),
        parameters=plan.parameters(notebook),
    )
    if notebook in todo:
        return ran
    if folder is None:
        ran.status, ran.error = "skipped", LEFT_OUT
        return ran
    known = {entry["name"]: entry for entry in (read_record(folder) or {})["notebooks"]}
    part = plan.edition.part
    shutil.copy2(folder / "notebooks" / notebook.name, part / "notebooks" / notebook.name)
    files = {}
    for written, stands in known[name]["files"].items():
        files[written] = f"{WORK}/{name}/{written}"
        (part / files[written]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / stands, part / files[written])
    return Ran(**{**known[name], "files": files, "reused": True})


@contextlib.contextmanager
def started_kernels(options: Options, jobs: int) -> Iterator[Kernels]:
    """The kernels of a run, warming up; all are stopped when its time is over, or on any error."""
    if options.fork and not can_fork():
        print("Warm kernels need Linux; plain kernels are used.", file=sys.stderr)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    kernels = Kernels(fork=options.fork, threads=threads, memory_mb=options.memory_mb)
    kernels.warm()
    timeout = options.timeout
    over = f"the run took longer than {timeout:g} s" if timeout else ""
    timer = threading.Timer(timeout or 0, kernels.stop, [over], {"over": True})
    timer.daemon = True
    if timeout:
        timer.start()
    try:
        yield kernels
    except BaseException:
        kernels.stop("the run was stopped")
        raise
    finally:
        timer.cancel()


class Runner:
    """Runs notebooks side by side, each when those it needs are complete."""

    def __init__(
        self, plan: Plan, record: RunRecord, kernels: Kernels, cell_timeout: float | None
    ) -> None:
        self.plan, self.record, self.part = plan, record, plan.edition.part
        self.runs = {ran.name: ran for ran in record.notebooks}
        self.kernels, self.cell_timeout = kernels, cell_timeout
        self.context = release.context(plan.edition, record.facts)

    def run_all(self, todo: Iterable[Path], jobs: int) -> None:
        """Run them all; a failed one stops only those that need it."""
        waiting = list(todo)
        self.say = Progress(len(waiting))
        write_record(self.record.as_json(), self.part)
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            running: dict[Future[Ran], Path] = {}
            old = [pool.submit(self._page, ran) for ran in self.runs.values() if ran.reused]
            try:
                while waiting or running:
                    self._start(waiting, running, pool)
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        running.pop(future)
                        self._note(future.result())
                    write_record(self.record.as_json(), self.part)
                for page in old:
                    self._note(page.result())
            except BaseException:
                self.kernels.stop("the run was stopped")  # or the pool would wait for them
                raise
        self.say.end()
        for ran in self.runs.values():
            if ran.status == "skipped":
                self._page(ran)

    def _start(
        self, waiting: list[Path], running: dict[Future[Ran], Path], pool: ThreadPoolExecutor
    ) -> None:
        for notebook in list(waiting):
            state = self._needs(notebook, waiting, running)
            if state == "ready":
                waiting.remove(notebook)
                running[pool.submit(self._run, notebook)] = notebook
            elif state:
                waiting.remove(notebook)
                ran = self.runs[notebook.stem]
                ran.status, ran.lacks = "skipped", state
                ran.error = f"{state} is not complete"

    def _note(self, ran: Ran) -> None:
        """What became of a notebook counts from here on, whatever happens to this process."""
        self.runs[ran.name] = ran
        self.record.notebooks = list(self.runs.values())

    def _needs(self, notebook: Path, waiting: list[Path], running: dict[Any, Path]) -> str:
        """``ready``, empty (wait), or the name of a needed notebook that failed."""
        open_names = {p.stem for p in (*waiting, *running.values())} - {notebook.stem}
        for name in self.plan.metadata(notebook).get("needs", []):
            if name in open_names:
                return ""
            known = self.runs.get(name)
            if known and known.status != "ok" and known.error != LEFT_OUT:
                return name
        return "ready"

    def _run(self, notebook: Path) -> Ran:
        ran = replace(self.runs[notebook.stem], files={})
        values = self.plan.values(notebook)
        folder = self.part / WORK / ran.name
        if any(p.name == "output" for p in parameters.schema(notebook)):
            values["output"] = str(folder)
        attempt(
            ran,
            notebook,
            self.part / "notebooks" / notebook.name,
            values=values,
            kernels=self.kernels,
            cell_timeout=self.cell_timeout,
            on_cell=partial(self.say.cell, ran.name),
        )
        self._collect(ran, folder, values)
        self._page(ran)
        self.say.line(ran.name, ran.status, ran.seconds)
        return ran

    def _page(self, ran: Ran) -> Ran:
        release.write_page(ran, self.part, self.context)
        return ran

    def _collect(self, ran: Ran, folder: Path, values: Mapping[str, Any]) -> None:
        """Note the files that the notebook wrote; none may hold a secret."""
        secret = {value.encode(): name for value, name in parameters.secrets(values).items()}
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = file.relative_to(folder).as_posix()
            if held := [shown for value, shown in secret.items() if value in file.read_bytes()]:
                file.unlink()
                ran.status, ran.error = "failed", f"{name} holds the value of {held[0]}"
            elif not file.name.endswith(".part"):
                ran.files[name] = f"{WORK}/{ran.name}/{name}"
