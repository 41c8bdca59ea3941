"""The commands that run notebooks, only what has changed: `workbench refresh`, `why`, `profiles`.

And `workbench parameters`, which shows with what a notebook runs.

Nothing heavy is imported until there is something to run: `workbench.run.execute` runs the
notebooks of a wave, `workbench.fanout` one notebook for many municipalities.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from analysis import paths
from analysis.codebook import waves
from analysis.errors import InputError, localize, refusal, unknown
from workbench import outputs
from workbench.run.plan import OF_PAGES, OWN, PACKAGE, Notebook, Plan
from workbench.run.record import (
    STATE,
    Edition,
    Options,
    Outcome,
    RunFolder,
    RunRecord,
    Status,
    is_every_run_listed,
    is_linked_rightly,
    is_of_now,
    lock,
)

PROFILE = "profile"  # the notebook of a municipality
UNCLEANED = "data/processed/{wave} would be made anew: missing, or not of the files as they are"
NOT_OPEN = "reports/{folder} shows single respondents, and the data are no longer open: delete it"
EARLIER = (
    "reports/{folder} is of other data or another state of the code, so the index of the report "
    "does not link to it; make it anew with {command}"
)
FOR_PAPER = "no longer there, as the pages are others now: {files}; add {options} to make them anew"
NOT_PAGES = "no page of the report, since its name does not begin as 08_ does: {files}"


def refresh(
    wave: str,
    *,
    notebooks: Sequence[str] | None = None,
    pdf: bool = False,
    word: bool = False,
    **choices: Any,
) -> RunRecord:
    """Run the notebooks whose results are out of date, and publish when all are complete.

    Parameters
    ----------
    notebooks : names of the only ones that may run; all if not given.
    pdf : print the pages as well (Chromium).
    word : write them as one Word document as well.
    choices : see `workbench.run.record.Options`.

    Raises InputError: the wave, a notebook or a parameter is wrong, no Chromium to print with,
    another refresh of the edition is running, or the disk cannot be written.
    """
    options = Options(**choices)
    edition = options.edition(wave)
    if pdf:
        from workbench.publish import paper  # loads for a second

        paper.browser()  # refuse before anything runs
    plan = Plan.make(edition, options.by_name, notebooks)
    tell_left_out(plan)
    jobs = options.jobs or os.cpu_count() or 1
    with lock(edition):
        if plan.unregistered:
            from workbench.run import execute  # heavy, and not needed where nothing is to run

            execute.clean(wave)
            plan = Plan.make(edition, options.by_name, notebooks)
        valid = plan.valid(again={n.name for n in plan.asked if options.force})
        todo = [notebook for notebook in plan.asked if notebook.name not in valid]
        if not (todo or pdf or word) and (unchanged := plan.published(valid)):
            _list_all()
            if plan.uncleaned:
                from workbench.run import execute

                execute.clean(wave)
            return RunRecord(edition, Status.OK, unchanged, {}, str(edition.folder))
        from workbench.run.kernels import started_kernels

        with started_kernels(options, jobs, plan.inputs, asdict(edition)) as kernels:
            if todo:  # import what notebooks do, while this process imports what runs them
                kernels.warm()
            from workbench.run import execute

            before = _for_paper(edition)
            record = execute.run(plan, todo, kernels, jobs, valid=valid, pdf=pdf, word=word)
    gone = {file: option for file, option in before.items() if file not in _for_paper(edition)}
    if gone:
        files, wanted = ", ".join(gone), " ".join(gone.values())
        print(localize(FOR_PAPER, files=files, options=wanted), file=sys.stderr)
    return record


def _for_paper(edition: Edition) -> dict[str, str]:
    """The files for paper that an edition has, and the option that makes each."""
    made = {"report.docx": "--word", "report.pdf": "--pdf"}
    return {name: option for name, option in made.items() if (edition.folder / name).is_file()}


def _list_all() -> None:
    """Write the page of all waves anew where it was edited, or what it lists is no longer that."""
    if not is_every_run_listed(paths.reports()):
        from workbench.publish import index

        index.write_waves(paths.reports())


def tell_left_out(plan: Plan) -> None:
    """Say to standard error which files of the wave, notebooks and pages a refresh leaves out."""
    for sentence in (waves.not_read(plan.edition.wave), not_pages(), not_linked(plan)):
        if sentence:
            print(sentence, file=sys.stderr)


def not_linked(plan: Plan) -> str:
    """The sentence on pages of municipalities to which the index of the report does not lead."""
    edition, folder = plan.edition, plan.edition.profiles.folder
    if not folder.is_dir():
        return ""
    if edition.audience == "public" and not plan.wave.get("named"):  # of when it was named
        return localize(NOT_OPEN, folder=folder.name)
    if RunFolder(folder, edition).record.get(STATE) == plan.state:
        return ""
    command = f"workbench profiles {edition.wave}{edition.as_options}"
    return localize(EARLIER, folder=folder.name, command=command)


def not_pages() -> str:
    """The sentence on notebooks made as a page of a report (with a title) but not called as one."""
    named = {*paths.notebooks().glob(OF_PAGES), paths.notebooks() / f"{PROFILE}.ipynb"}
    found = []
    for file in sorted({*paths.notebooks().glob("*.ipynb")} - named):
        with contextlib.suppress(InputError):  # somebody's sketch
            found += [file.name] if Notebook(file).declares.get("title") else []
    return localize(NOT_PAGES, files=", ".join(found)) if found else ""


def why(wave: str, **choices: Any) -> str:
    """What a refresh would run, and why, a line a notebook; `choices`: see `Options`."""
    options = Options(**choices)
    edition = options.edition(wave)
    plan = Plan.make(edition, options.by_name)
    tell_left_out(plan)
    valid = plan.valid()
    lines = [localize(UNCLEANED, wave=wave)] if plan.uncleaned else []
    for notebook in plan.notebooks:
        source = valid.get(notebook.name)
        if source is None:
            state = localize("would run; {why}", why=plan.reason(notebook))
        elif source == edition.folder and plan.last.has_page(plan.last.notebooks[notebook.name]):
            state = localize("unchanged, would not run")
        elif source == edition.folder:
            state = localize("would not run; its page is missing or was edited, and made again")
        else:
            state = localize("would not run: complete already, in a run that was not published")
        lines.append(f"{notebook.name}: {state}")
    return "\n".join(lines)


def parameters(notebook: str) -> str:
    """The parameters of a notebook as a table for the terminal."""
    path = Path(notebook)
    if path.suffix != ".ipynb":
        path = paths.notebooks() / f"{notebook}.ipynb"
    if not path.is_file():
        known = sorted(p.stem for p in paths.notebooks().glob("*.ipynb"))
        raise unknown("notebook", notebook, known)
    lines = []
    for p in Notebook(path).parameters.values():
        allowed = f"  {{{', '.join(p.choices)}}}" if p.choices else ""
        bounds = f"  [{p.range}]" if p.range else ""
        lines += [f"{p.name}: {' | '.join(p.types)} = {p.default!r}{allowed}{bounds}"]
        lines += [f"    {part.strip()}" for part in p.help.split("|") if part.strip()]
    return "\n".join(lines) or localize("This notebook has no parameters.")


# --- profiles --------------------------------------------------------------------------------


def profiles(
    wave: str,
    municipality: Sequence[str] | None = None,
    *,
    scheduler: str | None = None,
    target: str | None = None,
    **choices: Any,
) -> Outcome:
    """Make the pages that are out of date and publish them with their overview.

    Parameters
    ----------
    municipality : codes (or names that are unique in the wave); all that replied if not given.
    scheduler : address of a dask.distributed scheduler; threads of this process if not given.
    target : where a copy is published as well, an fsspec URL (``file://``, ``s3://``).
    choices : see `workbench.run.record.Options`.

    Raises InputError: the wave, a parameter or a municipality is wrong; the edition may not show
    single respondents; the scheduler or the target cannot be reached; the disk is full.
    """
    options = Options(**choices)
    edition, own = options.edition(wave), OWN | {"municipality"}
    if edition.audience == "public" and not waves.content(wave).get("named"):
        raise refusal("profiles.not_open", wave=wave)
    if target is not None:
        outputs.refuse_target(target)
    plan = Plan.make(edition, options.by_name, [PROFILE], pages=f"{PROFILE}.ipynb", own=own)
    with lock(edition.profiles):
        unchanged = None if options.force or target else _unchanged(plan, municipality)
        if unchanged:
            _list_all()
            return unchanged
        from workbench.run.kernels import started_kernels

        jobs = options.jobs or (os.cpu_count() or 1) + 1
        given = plan.parameters(plan.notebooks[0])
        pages = {"seed": int(given["seed"])} if "seed" in given else {}
        ahead = asdict(edition) | {"pages": pages}
        with started_kernels(options, jobs, plan.inputs, ahead) as kernels:
            if not scheduler:
                kernels.warm()
            from workbench import fanout  # heavy, and not needed where nothing is to be made

            return fanout.run(plan, municipality, kernels, jobs, ahead, scheduler, target)


def _unchanged(plan: Plan, codes: Sequence[str] | None) -> Outcome | None:
    """The summary if all that is asked for is published and up to date; None if not."""
    last, key = RunFolder(plan.edition.profiles.folder), plan.keys[PROFILE]
    if not (codes or last.record.get("complete")):
        return None
    wanted = [*dict.fromkeys(codes or last.record.get("members", ()))]
    rans = [ran for code in wanted if (ran := last.notebooks.get(code)) and ran.ok]
    ready = len(rans) == len(wanted) and not any(ran.read_anew for ran in rans)
    ready = ready and {last.record.get("key"), *(ran.key for ran in rans)} == {key}
    if not (ready and last.hashes) or last.damaged or plan.edition.profiles.incomplete.exists():
        return None
    report = RunFolder(plan.edition.folder, plan.edition)
    if is_of_now(report, plan.common[PACKAGE]) and not is_linked_rightly(report, plan.edition):
        return None  # as a command that was killed once it had published the pages leaves it
    return Outcome(last.folder, len(wanted), [replace(ran, reused=True) for ran in rans])
