"""Runs the notebooks of a plan side by side, each when those that it needs are complete."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

from analysis import paths
from analysis.cleaning.store import prepared
from analysis.errors import printed
from workbench.publish import publication
from workbench.publish.publication import WORK
from workbench.run import parameters
from workbench.run.attempt import attempt
from workbench.run.kernels import Kernels
from workbench.run.plan import Notebook, Plan
from workbench.run.record import (
    CHANGED,
    RECORD,
    Ran,
    RunFolder,
    RunRecord,
    Status,
    one_at_a_time,
    write_record,
)

T = TypeVar("T")


class Progress:
    """A progress bar with the notebooks that run and the cell each is at; only on a terminal.

    `total`: how many there are; `unit`: what they are, in the plural; `stream`: where to write,
    standard error if not given.
    """

    def __init__(self, total: int, unit: str = "notebooks", stream: TextIO | None = None) -> None:
        self.bar = tqdm(total=total, unit=f" {unit}", file=stream, disable=None, leave=False)
        self.at: dict[str, int] = {}

    def cell(self, name: str, number: int) -> None:
        """A cell of a notebook starts."""
        self.at[name] = number
        running = (f"{name} cell {number}" for name, number in sorted(self.at.copy().items()))
        self.bar.set_postfix_str(", ".join(running))

    def ended(self, name: str) -> None:
        """A notebook has ended."""
        self.at.pop(name, None)
        self.bar.update()


def clean(wave: str) -> None:
    """Clean the data of a wave if they changed; two processes that want to wait for each other."""
    with one_at_a_time(paths.processed(wave)):
        prepared(wave)


def side_by_side(
    more: Callable[[int], Iterable[Callable[[], T]]], jobs: int, kernels: Kernels
) -> Generator[T]:
    """The results of tasks as they end, run in `jobs` threads; to be closed after use.

    `more` is called at first and whenever tasks have ended, with the number of free threads; it
    gives the tasks that can start now. On any error the kernels are stopped, or the threads would
    go on.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running: set[Future[T]] = set()
        try:
            while True:
                for task in more(jobs - len(running)):
                    running.add(pool.submit(task))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            kernels.stop(printed("the run was stopped"))
            raise


def run(
    plan: Plan,
    todo: list[Notebook],
    kernels: Kernels,
    jobs: int,
    *,
    valid: Mapping[str, Path],
    pdf: bool,
    word: bool,
) -> RunRecord:
    """Run `todo`, `jobs` at once, take what is `valid` from earlier runs, and publish all that.

    A run that is stopped keeps what is complete in the edition's hidden folder, for the next.

    Raises OSError: the disk is full or cannot be written.
    """
    started, part = time.monotonic(), plan.edition.part
    try:
        _keep(part, {name for name, folder in valid.items() if folder == part})
        (part / "notebooks").mkdir(parents=True, exist_ok=True)
        with kernels.while_alone():
            clean(plan.edition.wave)
        runs = {n.name: _before(plan, n, todo, valid) for n in plan.notebooks}
        record = publication.record_of(plan, runs, started)
        record.facts["kernels"] = "forked" if kernels.fork else "plain"
        record.status = Status.RUNNING
        runner = Runner(plan, record, kernels)
        runner.run_all(todo, jobs)
        runner.refuse(plan.changed(record.notebooks))
        publication.finish(record, started)
        publication.publish_run(plan, record, pdf=pdf, word=word)
    except BaseException:
        _stopped(part)
        raise
    return record


def _keep(part: Path, names: set[str]) -> None:
    """Delete of a run that was stopped all but its record and the files of some notebooks."""
    known = RunFolder(part).notebooks
    needed = {part / RECORD}
    for name in names & known.keys():
        needed |= {part / file for file in known[name].written()}
    for path in sorted(part.rglob("*"), reverse=True):  # what a folder holds comes before it
        if path.is_dir():
            with contextlib.suppress(OSError):  # it is not empty
                path.rmdir()
        elif path not in needed:
            path.unlink()


def _stopped(part: Path) -> None:
    """Leave of a run that was stopped what is complete, and a record that says so, or nothing."""
    run = RunFolder(part)
    with contextlib.suppress(OSError):
        if complete := {ran.name for ran in run.notebooks.values() if ran.ok}:
            _keep(part, complete)
            write_record({**run.record, "status": Status.KILLED}, part)
            return
    shutil.rmtree(part, ignore_errors=True)


def _before(plan: Plan, notebook: Notebook, todo: list[Notebook], valid: Mapping[str, Path]) -> Ran:
    """The state of a notebook before the run: to do, skipped, or taken from where it is valid."""
    name, part = notebook.name, plan.edition.part
    ran = Ran(
        name=name,
        title=notebook.title,
        html=f"{name}.html",
        key=plan.keys[name],
        parameters=plan.parameters(notebook),
    )
    if notebook in todo:
        return ran
    if name not in valid:
        ran.status, ran.error = Status.SKIPPED, printed("not asked for (--only)")
        return ran
    known = replace(RunFolder(valid[name]).notebooks[name], reused=True)
    if valid[name] != part:
        places = {file: f"{WORK}/{name}/{file}" for file in known.files}
        targets = [f"notebooks/{name}.ipynb", *places.values()]
        for source, place in zip(known.written(), targets, strict=True):
            (part / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(valid[name] / source, part / place)
        known.files = places
    return known


class Runner:
    """Runs notebooks side by side, each when those it needs are complete."""

    def __init__(self, plan: Plan, record: RunRecord, kernels: Kernels) -> None:
        self.plan, self.record, self.part = plan, record, plan.edition.part
        self.runs = {ran.name: ran for ran in record.notebooks}
        self.kernels = kernels
        self.context = {**publication.context(plan.edition, record.facts), "leads": plan.leads}

    def run_all(self, todo: list[Notebook], jobs: int) -> None:
        """Run all, first what others need, then what shows most, which takes longest."""
        needed = [name for notebook in todo for name in notebook.declares.get("needs", [])]
        shows = {n.name: n.declares.get("figures", []) + n.declares.get("tables", []) for n in todo}
        self.waiting = sorted(todo, key=lambda n: (-needed.count(n.name), -len(shows[n.name])))
        self.reused = [ran for ran in self.runs.values() if ran.reused]  # pages to be made
        self.progress = Progress(len(todo))
        self.record.write(self.part)
        with contextlib.closing(side_by_side(self._ready, jobs, self.kernels)) as ended:
            for ran in ended:
                # what became of it counts from here on, whatever happens to this process
                self.runs[ran.name] = ran
                self.record.notebooks = list(self.runs.values())
                self.record.write(self.part)
        for notebook in self.waiting:  # they need one another
            self._skip(notebook, self._obstacle(notebook))
        self.progress.bar.close()
        for ran in self.runs.values():
            if ran.status == Status.SKIPPED:
                self._page(ran)

    def _ready(self, free: int) -> Iterator[Callable[[], Ran]]:
        """What can start now; notebooks that need one that failed are skipped."""
        while self.reused:
            yield partial(self._page, self.reused.pop())
        for notebook in list(self.waiting):
            obstacle = self._obstacle(notebook)
            if obstacle is None:
                self.waiting.remove(notebook)
                yield partial(self._run, notebook)
            elif obstacle.status != Status.PENDING:
                self.waiting.remove(notebook)
                self._skip(notebook, obstacle)

    def _skip(self, notebook: Notebook, obstacle: Ran | None) -> None:
        if obstacle:
            ran = self.runs[notebook.name]
            ran.status, ran.lacks = Status.SKIPPED, obstacle.name
            ran.error = printed("{name} is not complete", name=obstacle.name)

    def _obstacle(self, notebook: Notebook) -> Ran | None:
        """The first notebook that it needs and that is not complete (or was not asked for)."""
        needed = (self.runs.get(name) for name in notebook.declares.get("needs", []))
        return next((ran for ran in needed if ran and not ran.ok and not ran.not_asked), None)

    def _run(self, notebook: Notebook) -> Ran:
        ran = replace(self.runs[notebook.name], files={})
        values = self.plan.values(notebook)
        folder = self.part / WORK / ran.name
        if "output" in notebook.parameters:
            values["output"] = str(folder)
        wrote = attempt(
            ran,
            notebook.content,
            self.part / "notebooks" / notebook.path.name,
            values=values,
            kernels=self.kernels,
            on_cell=partial(self.progress.cell, ran.name),
            known=self.plan.known(notebook),
        )
        self._collect(ran, folder, values)
        _refuse_own_report(ran, self.plan.edition.folder)
        if self.plan.edition.audience != "internal" and not self.plan.wave.get("named"):
            _refuse_own(ran, folder, wrote)
        self._page(ran)
        if ran.ok:
            paths.settle(self.part / file for file in [*ran.written(), ran.html])
        self.progress.ended(ran.name)
        return ran

    def refuse(self, changed: Mapping[str, list[str]]) -> None:
        """Fail the notebooks whose inputs changed during the run: name -> what changed."""
        for ran in self.record.notebooks:
            if ran.name in changed and not ran.not_asked:
                ran.status, ran.lacks = Status.FAILED, ""
                ran.error = printed(CHANGED, changed=changed[ran.name])
                self._page(ran)
        self.record.write(self.part)

    def _page(self, ran: Ran) -> Ran:
        if not ran.not_asked:
            publication.write_page(ran, self.part, self.context)
        return ran

    def _collect(self, ran: Ran, folder: Path, values: Mapping[str, Any]) -> None:
        """Note the files that the notebook wrote; none may hold a secret."""
        secrets = {value.encode(): secret for value, secret in parameters.secrets(values).items()}
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = file.relative_to(folder).as_posix()
            if held := [secret for value, secret in secrets.items() if value in file.read_bytes()]:
                file.unlink()
                ran.status = Status.FAILED
                ran.error = printed("{name} holds the value of {secret}", name=name, secret=held[0])
            elif not file.name.endswith(".part"):
                ran.files[name] = f"{WORK}/{ran.name}/{name}"


def _refuse_own_report(ran: Ran, report: Path) -> None:
    """Refuse what a notebook read of the report that this run replaces: it is of the run before."""
    if own := [name for name in ran.reads if (paths.root() / name).is_relative_to(report)]:
        ran.status = Status.FAILED
        ran.error = printed(
            "{name} is of the report that this run replaces: compute it in this notebook",
            name=own[0],
        )


def _refuse_own(ran: Ran, folder: Path, wrote: Set[str]) -> None:
    """Refuse in an edition for others what a notebook wrote past the survey: it may hold answers.

    `wrote`: what the survey wrote for it.
    """
    for name in [name for name in ran.files if str(folder / name) not in wrote]:
        (folder / name).unlink()
        del ran.files[name]
        ran.status = Status.FAILED
        ran.error = printed(
            "{name} did not come through the survey, and this edition is for others: write it by "
            "`gallery.table` or `gallery.show`, or for the internal edition alone",
            name=name,
        )
