"""One notebook through papermill, judged by what it really did.

papermill saves a notebook whose kernel died or timed out as if every cell had run, so its own
metadata is never trusted: a notebook is ok only if papermill raised nothing, every code cell has
been executed, and each declared figure and table is there (or declared not available).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat.v4
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from analysis.kernels import Kernels
from analysis.outputs import VENDOR
from analysis.refresh import Ran


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
    try:
        papermill.execute_notebook(
            str(notebook.resolve()),
            str(beside),
            parameters=dict(values),
            progress_bar=False,
            log_output=False,
            engine_name="workbench",
            on_cell=on_cell,
            execution_timeout=cell_timeout,
            kernel_name="python3",
            kernel_manager_class=kernels.manager,
            shutdown_kernel="immediate",
            extra_arguments=["--IPKernelApp.log_level=40"],
        )
        ran.status = "ok"
    except PapermillExecutionError as error:
        ran.status, ran.error = "failed", _sentence(f"{error.ename}: {error.evalue}")
    except CellTimeoutError:
        ran.status, ran.error = "timed_out", f"a cell ran longer than {cell_timeout:g} s"
    except OSError:
        raise  # the disk, not the notebook
    except Exception as error:
        ran.status, ran.error = _end_of(error, kernels)
    if beside.is_file():
        beside.replace(target)
    ran.seconds = round(time.monotonic() - started, 2)
    _judge(ran, target)


def _end_of(error: Exception, kernels: Kernels) -> tuple[str, str]:
    """Status and sentence for a notebook that neither ended nor raised."""
    if kernels.stopped:
        return "timed_out", kernels.stopped
    if isinstance(error, DeadKernelError):
        return "killed", "the kernel died (out of memory, or killed)"
    return "failed", _sentence(f"{type(error).__name__}: {error}")


def _judge(ran: Ran, executed: Path) -> None:
    """What really ran and what really came out."""
    if not executed.is_file():
        ran.status = ran.status if ran.status != "ok" else "failed"
        ran.error = ran.error or "no executed notebook was written"
        return
    content = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
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
