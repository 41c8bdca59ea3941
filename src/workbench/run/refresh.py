"""`workbench refresh` and `workbench why`: run what changed for a wave, or say what would run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.errors import printed
from workbench.publish import pdf as printing
from workbench.run.plan import Plan
from workbench.run.record import Options, RunRecord, Status, lock


def refresh(
    wave: str,
    *,
    notebooks: Sequence[str] | None = None,
    pdf: bool = False,
    word: bool = False,
    **asked: Any,
) -> RunRecord:
    """Run the notebooks whose results are out of date, and publish when all are complete.

    Parameters
    ----------
    notebooks : names of the only ones that may run; all if not given.
    pdf : print the pages as well (Chromium).
    word : write them as one Word document as well.
    asked : see `workbench.run.record.Options`.

    Raises
    ------
    InputError : the wave, a notebook or a parameter is wrong, no Chromium to print with, another
        refresh of the edition is running, or the disk cannot be written.
    """
    options = Options(**asked)
    edition = options.edition(wave)
    if pdf:
        printing.browser()  # refuse before anything runs
    plan = Plan.make(edition, options.given, notebooks)
    with lock(edition):
        if plan.unregistered:
            from workbench.run import execute  # heavy, and not needed where nothing is to run

            execute.clean(wave)
            plan = Plan.make(edition, options.given, notebooks)
        valid = {} if options.force else plan.valid()
        todo = [notebook for notebook in plan.asked if notebook.name not in valid]
        if not (todo or pdf or word) and (unchanged := plan.published(valid)):
            return RunRecord(edition, Status.OK, unchanged, {}, str(edition.folder))
        from workbench.run import execute

        return execute.run(plan, todo, options, valid=valid, pdf=pdf, word=word)


def why(wave: str, **asked: Any) -> str:
    """What a refresh would run, and why, a line a notebook; `asked`: see `Options`."""
    options = Options(**asked)
    edition = options.edition(wave)
    plan = Plan.make(edition, options.given)
    valid, lines = plan.valid(), []
    for notebook in plan.notebooks:
        source = valid.get(notebook.name)
        if source is None:
            state = printed("would run; {why}", why=plan.reason(notebook))
        elif source == edition.folder and plan.has_page(notebook):
            state = printed("unchanged, would not run")
        elif source == edition.folder:
            state = printed("would not run; its page is missing or was edited, and made again")
        else:
            state = printed("would not run: complete already, in a run that failed or was stopped")
        lines.append(f"{notebook.name}: {state}")
    return "\n".join(lines)
