"""The page of one municipality: how it is made, here or on another machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.publish import release
from workbench.run import temporary
from workbench.run.attempt import attempt
from workbench.run.kernels import Kernels
from workbench.run.record import Options, Ran, Status


@dataclass(frozen=True)
class Made:
    """What became of one page; the executed notebook is kept only of one that failed."""

    ran: Ran
    html: bytes
    executed: bytes = b""


@dataclass
class Work:
    """What the pages of a run have in common; it can be sent to another machine.

    `notebook` is the content of the notebook as committed, `values` are its parameters without the
    municipality, `context` what the pages state of the run, `blank` the record of a page before it
    is made, `package` the hash of the code that asks, `inputs` the keys of the data, by wave,
    `ahead` what their server computes for all pages, see `workbench.run.kernels.Kernels.warm`.
    """

    notebook: Mapping[str, Any]
    package: str
    values: dict[str, Any]
    context: dict[str, Any]
    blank: Ran
    options: Options
    inputs: dict[str, str]
    ahead: dict[str, Any] | None = None

    def make(
        self,
        code: str,
        name: str,
        *,
        kernels: Kernels,
        scratch: Path,
        on_cell: Callable[[int], None] = lambda number: None,
    ) -> Made:
        """Run the notebook for one municipality and render its page, in a folder of `scratch`."""
        ran, context = self._about(code, name)
        with tempfile.TemporaryDirectory(prefix=f"{code}-", dir=scratch) as folder:
            executed = Path(folder, "notebooks", f"{code}.ipynb")
            executed.parent.mkdir()
            attempt(
                ran,
                self.notebook,
                executed,
                values={**self.values, "municipality": code},
                kernels=kernels,
                cell_timeout=self.options.cell_timeout,
                on_cell=on_cell,
            )
            release.write_page(ran, Path(folder), context)
            # an error may quote answers
            kept = not ran.ok and context["audience"] == "internal" and executed.is_file()
            html = Path(folder, ran.html).read_bytes()
            return Made(ran, html, executed.read_bytes() if kept else b"")

    def give_up(self, code: str, name: str, why: str) -> Made:
        """The page of a municipality that could not even be tried."""
        ran, context = self._about(code, name)
        ran.status, ran.error = Status.KILLED, why
        with tempfile.TemporaryDirectory(dir=temporary.folder()) as folder:
            release.write_page(ran, Path(folder), context)
            return Made(ran, Path(folder, ran.html).read_bytes())

    def _about(self, code: str, name: str) -> tuple[Ran, dict[str, Any]]:
        """The record of one page before it is made, and what it states of the run."""
        title = {language: f"{name} — {text}" for language, text in self.blank.title.items()}
        context = {
            **self.context,
            "title": title[self.context["language"]],
            "command": f"{self.context['command']} --municipality {code}",
        }
        return replace(self.blank, name=code, title=title, html=f"{code}.html"), context
