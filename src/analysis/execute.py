"""Runs planned notebooks through papermill, judges each by what it really did, and publishes.

papermill saves a notebook whose kernel died or timed out as if every cell had run, so its own
metadata is never trusted: a notebook is ok only if papermill raised nothing, every code cell has
been executed, and each declared figure and table is there (or declared not available).
"""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from analysis import paths, release
from analysis.errors import InputError
from analysis.outputs import VENDOR
from analysis.parameters import schema
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
    prepare(edition.wave)
    part = paths.reports() / f".{edition.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        (part / "notebooks").mkdir(parents=True)
        runs = {n.stem: _new(plan, n) for n in plan.notebooks}
        _reuse(plan, todo, before, runs, part)
        deadline = started + timeout if timeout else None
        runner = Runner(plan, part, runs, cell_timeout, memory_mb, deadline, fork)
        runner.run_all(todo, jobs)
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


class Runner:
    """Runs notebooks side by side, each when those it needs are complete."""

    def __init__(
        self,
        plan: Plan,
        part: Path,
        runs: dict[str, Ran],
        cell_timeout: float | None,
        memory_mb: int | None,
        deadline: float | None,
        fork: bool,
    ) -> None:
        self.plan, self.part, self.runs = plan, part, runs
        self.cell_timeout, self.memory_mb, self.deadline = cell_timeout, memory_mb, deadline
        self.fork = fork
        self.say = Progress(len(runs))

    def run_all(self, todo: Iterable[Path], jobs: int) -> None:
        """Run them all; a failed one stops only those that need it."""
        waiting = list(todo)
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            running: dict[Future[None], Path] = {}
            while waiting or running:
                for notebook in list(waiting):
                    state = self._needs(notebook, waiting, running)
                    if state == "ready":
                        waiting.remove(notebook)
                        running[pool.submit(self._run, notebook)] = notebook
                    elif state:
                        waiting.remove(notebook)
                        ran = self.runs[notebook.stem]
                        ran.status, ran.error = "skipped", f"{state} is not complete"
                if running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        running.pop(future)
                        future.result()
        self.say.end()

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
        target = self.part / "notebooks" / notebook.name
        beside = target.with_suffix(".part.ipynb")
        started = time.monotonic()
        values = self.plan.values(notebook)
        if any(p.name == "output" for p in schema(notebook)):
            values["output"] = str(self.part)
        limit = self.cell_timeout
        if self.deadline is not None:
            left = self.deadline - started
            limit = max(1.0, min(limit or left, left))
        try:
            papermill.execute_notebook(
                str(notebook.resolve()),
                str(beside),
                parameters=values,
                progress_bar=False,
                log_output=False,
                engine_name="workbench",
                on_cell=partial(self.say.cell, ran.name),
                execution_timeout=int(limit) if limit else None,
                **self._kernel(),
            )
            ran.status = "ok"
        except PapermillExecutionError as error:
            ran.status, ran.error = "failed", _sentence(f"{error.ename}: {error.evalue}")
        except CellTimeoutError:
            ran.status, ran.error = "timed_out", f"a cell ran longer than {limit:.0f} s"
        except DeadKernelError:
            ran.status, ran.error = "killed", "the kernel died (out of memory, or killed)"
        except Exception as error:
            ran.status, ran.error = "failed", _sentence(f"{type(error).__name__}: {error}")
        if beside.is_file():
            beside.replace(target)
        ran.seconds = round(time.monotonic() - started, 2)
        self._judge(ran, target)
        self.say.line(ran)

    def _kernel(self) -> dict[str, Any]:
        return {
            "kernel_name": "python3",
            "shutdown_kernel": "immediate",
            "extra_arguments": ["--IPKernelApp.log_level=40"],
        }

    def _judge(self, ran: Ran, executed: Path) -> None:
        """What really ran and what really came out."""
        if not executed.is_file():
            ran.status = ran.status if ran.status != "ok" else "failed"
            ran.error = ran.error or "no executed notebook was written"
            return
        content = nbformat.read(executed, as_version=4)
        cells = [c for c in content.cells if c.cell_type == "code" and c.source.strip()]
        ran.cells = len(cells)
        ran.last_cell = sum(c.execution_count is not None for c in cells)
        produced = {name for kind in ("figure", "table") for name in _names(content, kind)}
        absent = set(_names(content, "not-available"))
        ran.produced = sorted(produced)
        if ran.status != "ok":
            return
        lacking = [name for name in ran.expected if name not in produced | absent]
        if ran.last_cell < ran.cells:
            ran.status, ran.error = "failed", f"only {ran.last_cell} of {ran.cells} cells ran"
        elif lacking:
            ran.status, ran.error = "failed", f"declared but not produced: {', '.join(lacking)}"


def _names(content: Any, kind: str) -> list[str]:
    return [
        output["data"][f"{VENDOR}{kind}+json"]["name"]
        for cell in content.cells
        for output in cell.get("outputs", [])
        if f"{VENDOR}{kind}+json" in output.get("data", {})
    ]


def _sentence(text: str) -> str:
    return " ".join(text.split())[:300]


class Watched(NBClientEngine):
    """papermill's own engine, which also tells where it is."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, on_cell: Callable[[int], None], **options: Any
    ) -> Any:
        """Run as papermill does; `on_cell` gets the number of each cell that starts."""
        start = nb_man.cell_start

        def told(cell: Any, cell_index: int | None = None, **more: Any) -> Any:
            on_cell(int(cell_index or 0) + 1)
            return start(cell, cell_index, **more)

        nb_man.cell_start = told
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register("workbench", Watched)


class Progress:
    """What runs, on one line of a terminal; nothing elsewhere."""

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        self.total, self.done, self.started = total, 0, time.monotonic()
        self.guard, self.stream = threading.Lock(), stream
        self.shown = stream.isatty()
        self.at: dict[str, int] = {}

    def cell(self, name: str, number: int) -> None:
        """A cell of a notebook starts."""
        with self.guard:
            self.at[name] = number
            running = ", ".join(f"{n} cell {k}" for n, k in sorted(self.at.items()))
            self._write(f"{running}  {self._count()}")

    def line(self, ran: Ran) -> None:
        """A notebook has ended."""
        with self.guard:
            self.done += 1
            self.at.pop(ran.name, None)
            self._write(f"{ran.name}: {ran.status}, {ran.seconds:.1f} s  {self._count()}")

    def end(self) -> None:
        """Leave the line empty for what comes next."""
        self._write("")

    def _count(self) -> str:
        elapsed = time.monotonic() - self.started
        return f"[{self.done}/{self.total} notebooks, {elapsed:.0f} s]"

    def _write(self, text: str) -> None:
        if self.shown:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\033[K{text[:width]}")
            self.stream.flush()
