"""One notebook through papermill, judged by what it really did.

papermill saves a notebook whose kernel died or timed out as if every cell had run, so its own
metadata is never trusted: a notebook is ok only if papermill raised nothing, every code cell has
been executed, and each declared figure and table is there (or declared not available).
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat.v4
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from analysis import paths
from analysis.kernels import Kernels
from analysis.outputs import VENDOR, escape
from analysis.parameters import secrets
from analysis.runs import Ran

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EACCES}
ERROR_TAG = "papermill-error-cell-tag"
KINDS = ("figure", "table")
LATE = 120  # seconds outputs may lag behind their cell: nbclient's 4 fail on a busy machine
PROJECT = "."  # stands for the project's folder: where it lies is nobody's business


def attempt(
    ran: Ran,
    notebook: Path,
    target: Path,
    *,
    values: Mapping[str, Any],
    kernels: Kernels,
    cell_timeout: float | None = None,
    on_cell: Callable[[int], None] = lambda number: None,
) -> None:
    """Run `notebook` into `target` and write into `ran` what became of it.

    `on_cell` is told the number of each cell that starts. Of a notebook that failed, `target` has
    what there is: the cells that ran and the error.
    """
    beside = target.with_suffix(".part.ipynb")
    started = time.monotonic()
    reached = 0

    def told(number: int) -> None:
        nonlocal reached
        reached = number
        on_cell(number)

    try:
        papermill.execute_notebook(
            str(notebook.resolve()),
            str(beside),
            parameters=dict(values),
            progress_bar=False,
            log_output=False,
            engine_name="workbench",
            on_cell=told,
            execution_timeout=cell_timeout,
            iopub_timeout=LATE,
            kernel_name="python3",
            kernel_manager_class=kernels.manager,
            shutdown_kernel="immediate",
            extra_arguments=["--IPKernelApp.log_level=40"],
        )
        ran.status = "ok"
    except PapermillExecutionError as error:
        ran.status, ran.error = "failed", _sentence(f"{error.ename}: {error.evalue}")
    except CellTimeoutError as error:
        late = "IOPub" in str(error)  # the cell had ended, what it shows did not come
        why = f"a cell's outputs did not arrive in {LATE} s" if late else ""
        ran.status, ran.error = "timed_out", why or f"a cell ran longer than {cell_timeout:g} s"
    except OSError as error:
        if error.errno in DISK:
            raise  # the disk, not the notebook
        ran.status, ran.error = _end_of(error, kernels)
    except Exception as error:
        ran.status, ran.error = _end_of(error, kernels)
    ran.seconds = round(time.monotonic() - started, 2)
    hidden = {**secrets(values), str(paths.root()): PROJECT}
    ran.error = _covered(ran.error, hidden)
    if not beside.is_file():
        ran.status = ran.status if ran.status != "ok" else "failed"
        ran.error = ran.error or "no executed notebook was written"
        return
    content = nbformat.v4.reads(_covered(beside.read_text(encoding="utf-8"), hidden, as_json=True))
    _judge(ran, content, reached)
    if ran.status != "ok":
        _mark(content, ran)
    paths.write_atomic(target, nbformat.v4.writes(content) + "\n")
    beside.unlink()


def _end_of(error: Exception, kernels: Kernels) -> tuple[str, str]:
    """Status and sentence for a notebook that neither ended nor raised."""
    if kernels.stopped:
        return ("timed_out" if kernels.over else "killed"), kernels.stopped
    if isinstance(error, DeadKernelError):
        return "killed", "the kernel died (out of memory, or killed)"
    return "failed", _sentence(f"{type(error).__name__}: {error}")


def _covered(text: str, hidden: Mapping[str, str], *, as_json: bool = False) -> str:
    """The text without secrets and without the folder of this machine."""
    for value, shown in hidden.items():
        text = text.replace(value, shown)
        if as_json:
            text = text.replace(_quoted(value), _quoted(shown))
    return text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _judge(ran: Ran, content: Any, reached: int) -> None:
    """What really ran and what really came out; `reached`: number of the last cell that started."""
    cells = [c for c in content.cells if c.cell_type == "code" and c.source.strip()]
    ran.cells = len(cells)
    done = sum(c.execution_count is not None for c in cells)
    started = [c for c in content.cells[:reached] if c.cell_type == "code" and c.source.strip()]
    ran.last_cell = max(done, len(started))  # a kernel that dies may not have told its count
    about = content.metadata.get("workbench", {})
    ran.expected = [f"{k} {name}" for k in KINDS for name in about.get(f"{k}s", [])]
    ran.produced = sorted({f"{k} {name}" for k in KINDS for name in _names(content, k)})
    absent = set(_names(content, "not-available"))
    if ran.status != "ok":
        return
    lacking = [
        name
        for name in ran.expected
        if name not in ran.produced and name.split(" ", 1)[1] not in absent
    ]
    if done < ran.cells:
        ran.status, ran.error = "failed", f"only {done} of {ran.cells} cells ran"
    elif lacking:
        ran.status, ran.error = "failed", f"declared but not produced: {', '.join(lacking)}"


def _mark(content: Any, ran: Ran) -> None:
    """Say in the executed notebook itself that it is not complete.

    papermill calls every cell of a notebook whose kernel died or timed out completed.
    """
    content.metadata.setdefault("papermill", {})["exception"] = True
    ran_to = "failed"
    for cell in content.cells:
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            cell.metadata.setdefault("papermill", {})["status"] = ran_to
            ran_to = "pending"
    if any(ERROR_TAG in cell.metadata.get("tags", []) for cell in content.cells):
        return  # papermill has said so
    note = nbformat.v4.new_markdown_cell(f"**{ran.status}**: {escape(ran.error)}")
    note.metadata["tags"] = [ERROR_TAG]
    content.cells.insert(0, note)


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
    """papermill's own engine, which also tells where it is, and writes once instead of per cell.

    However the run ends, papermill writes what there is; of a runner that was killed nobody would
    read the half, and writing it after each cell is most of what a short notebook costs here.
    """

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, on_cell: Callable[[int], None], **options: Any
    ) -> Any:
        """Run as papermill does; `on_cell` gets the number of each cell that starts."""
        start, save = nb_man.cell_start, nb_man.save

        def told(cell: Any, cell_index: int | None = None, **more: Any) -> Any:
            on_cell(int(cell_index or 0) + 1)
            return start(cell, cell_index, **more)

        nb_man.cell_start, nb_man.save = told, lambda **_: None
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.save = save


papermill_engines.register("workbench", Watched)
