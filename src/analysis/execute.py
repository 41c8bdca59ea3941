"""Runs the planned notebooks of a wave side by side, and publishes when all is complete."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

from analysis import paths, release
from analysis.attempt import attempt
from analysis.errors import InputError
from analysis.kernels import Kernels, can_fork
from analysis.parameters import schema
from analysis.progress import Progress
from analysis.refresh import Plan, Ran, RunRecord
from analysis.survey import prepare


def run(
    plan: Plan,
    todo: list[Path],
    *,
    before: dict[str, Any] | None,
    jobs: int,
    fork: bool,
    timeout: float | None,
    cell_timeout: float | None,
    memory_mb: int | None,
    pdf: bool,
) -> RunRecord:
    """Run `todo`, take the rest from the last run, and publish when all is complete."""
    started = time.monotonic()
    edition = plan.edition
    part = paths.reports() / f".{edition.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        with started_kernels(jobs, fork=fork, timeout=timeout, memory_mb=memory_mb) as kernels:
            prepare(edition.wave)
            (part / "notebooks").mkdir(parents=True)
            runs = {n.stem: _new(plan, n) for n in plan.notebooks}
            _reuse(plan, todo, before, runs, part)
            Runner(plan, part, runs, kernels, cell_timeout).run_all(todo, jobs)
        record = release.record_of(plan, runs, started)
        release.publish_run(plan, record, part, pdf)
    except OSError as error:
        raise InputError(
            f"the run could not be written ({error.strerror or error}); nothing was published",
            file=part,
            hint="free some space or check the rights of the reports folder",
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return record


def _new(plan: Plan, notebook: Path) -> Ran:
    about = plan.metadata(notebook)
    return Ran(
        name=notebook.stem,
        title=about.get("title", {"ja": notebook.stem, "en": notebook.stem}),
        html=f"{notebook.stem}.html",
        key=json.dumps(plan.key(notebook), sort_keys=True),
        expected=[*about.get("figures", []), *about.get("tables", [])],
    )


def _reuse(
    plan: Plan, todo: list[Path], before: dict[str, Any] | None, runs: dict[str, Ran], part: Path
) -> None:
    """Copy what is still valid from the published run."""
    known = {ran["name"]: ran for ran in (before or {"notebooks": []})["notebooks"]}
    for notebook in plan.notebooks:
        if notebook in todo:
            continue
        old = known[notebook.stem]
        runs[notebook.stem] = Ran(**{**old, "reused": True})
        folder = plan.edition.folder
        shutil.copy2(folder / "notebooks" / notebook.name, part / "notebooks" / notebook.name)
        for name in old["produced"]:
            for kind in ("figures", "tables"):
                for file in (folder / kind).glob(f"{name}.*"):
                    (part / kind).mkdir(exist_ok=True)
                    shutil.copy2(file, part / kind / file.name)


@contextlib.contextmanager
def started_kernels(
    jobs: int, *, fork: bool, timeout: float | None, memory_mb: int | None
) -> Iterator[Kernels]:
    """The kernels of a run, warming up; all are stopped when its time is over, or on any error."""
    if fork and not can_fork():
        print("Warm kernels need Linux; plain kernels are used.", file=sys.stderr)
    cores = os.cpu_count() or 1
    kernels = Kernels(fork=fork, threads=max(1, cores // jobs), memory_mb=memory_mb)
    kernels.warm()
    over = f"the run took longer than {timeout:g} s" if timeout else ""
    timer = threading.Timer(timeout or 0, kernels.stop, [over])
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
        self,
        plan: Plan,
        part: Path,
        runs: dict[str, Ran],
        kernels: Kernels,
        cell_timeout: float | None,
    ) -> None:
        self.plan, self.part, self.runs = plan, part, runs
        self.kernels, self.cell_timeout = kernels, cell_timeout
        self.say = Progress(len(runs))

    def run_all(self, todo: Iterable[Path], jobs: int) -> None:
        """Run them all; a failed one stops only those that need it."""
        waiting = list(todo)
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            running: dict[Future[None], Path] = {}
            try:
                while waiting or running:
                    self._start(waiting, running, pool)
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        running.pop(future)
                        future.result()
            except BaseException:
                self.kernels.stop("the run was stopped")  # or the pool would wait for them
                raise
        self.say.end()

    def _start(
        self, waiting: list[Path], running: dict[Future[None], Path], pool: ThreadPoolExecutor
    ) -> None:
        for notebook in list(waiting):
            state = self._needs(notebook, waiting, running)
            if state == "ready":
                waiting.remove(notebook)
                running[pool.submit(self._run, notebook)] = notebook
            elif state:
                waiting.remove(notebook)
                ran = self.runs[notebook.stem]
                ran.status, ran.error = "skipped", f"{state} is not complete"

    def _needs(self, notebook: Path, waiting: list[Path], running: dict[Any, Path]) -> str:
        """``ready``, empty (wait), or the name of a needed notebook that failed."""
        open_names = {p.stem for p in (*waiting, *running.values())} - {notebook.stem}
        for name in self.plan.metadata(notebook).get("needs", []):
            if name in self.runs and name in open_names:
                return ""
            if name in self.runs and self.runs[name].status != "ok":
                return name
        return "ready"

    def _run(self, notebook: Path) -> None:
        ran = self.runs[notebook.stem]
        values = self.plan.values(notebook)
        if any(p.name == "output" for p in schema(notebook)):
            values["output"] = str(self.part)
        attempt(
            ran,
            notebook,
            self.part / "notebooks" / notebook.name,
            values=values,
            kernels=self.kernels,
            cell_timeout=self.cell_timeout,
            on_cell=partial(self.say.cell, ran.name),
        )
        self.say.line(ran.name, ran.status, ran.seconds)
