"""One notebook for many municipalities: makes the pages of a plan and publishes them.

The pages of a run are gathered in a hidden folder with a journal, a line for each that is ready,
and swapped in whole when all have been tried; the next run takes over what a killed one left.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from analysis import fingerprints, paths
from analysis.errors import InputError, printed
from analysis.survey import Survey
from analysis.text import label
from workbench import cluster, overview
from workbench.page_work import Made, Work
from workbench.publish import index, release
from workbench.run.execute import Progress, clean, side_by_side, started_kernels
from workbench.run.kernels import Kernels
from workbench.run.plan import Plan
from workbench.run.record import (
    FILES,
    Edition,
    Options,
    Ran,
    RunRecord,
    Status,
    hashes_of,
    lock,
    notebooks_of,
    read_record,
    swap_in,
    write_record,
)

JOURNAL = "pages.jsonl"


class Pages:
    """The pages for the next publication of an edition, in its hidden folder.

    `made` is what became of each: made now, failed, or taken over from where it is up to date.
    """

    def __init__(self, edition: Edition, key: str) -> None:
        self.edition, self.key, self.folder = edition, key, edition.part
        self.made: dict[str, Ran] = {}

    def open(self) -> None:
        """Take over what is up to date in a run that was stopped or failed, and published."""
        self.folder.mkdir(parents=True, exist_ok=True)
        last = {}
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / JOURNAL).read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):  # of the moment it died
                    ran = Ran.read(json.loads(line))
                    last[ran.name] = ran  # its last line counts
        self._take(self.folder, last.values(), {})
        kept = {ran.html for ran in self.made.values()}
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in kept:
                path.unlink()
        self._note(*self.made.values())
        for folder in (self.edition.incomplete, self.edition.folder):
            record = read_record(folder)
            self._take(folder, notebooks_of(record).values(), hashes_of(record))

    def _take(self, folder: Path, rans: Iterable[Ran], hashes: Mapping[str, str]) -> None:
        for ran in rans:
            current = ran.key == self.key and ran.name not in self.made
            if current and ran.has_page(folder, hashes):
                self.made[ran.name] = self.linked(ran, folder)

    def linked(self, ran: Ran, folder: Path) -> Ran:
        """A page of a folder under the same name here, or a copy where the disk has no links."""
        try:
            os.link(folder / ran.html, self.folder / ran.html)
        except FileExistsError:
            pass  # it is here already
        except OSError:
            shutil.copy2(folder / ran.html, self.folder / ran.html)
        return replace(ran, reused=True)

    def put(self, made: Made) -> None:
        """Keep one page; from here on it is ready, whatever happens to this process."""
        ran = made.ran
        paths.write_atomic(self.folder / ran.html, made.html)
        if made.executed:
            paths.write_atomic(self.folder / "notebooks" / f"{ran.name}.ipynb", made.executed)
        self._note(ran)
        self.made[ran.name] = ran

    def _note(self, *rans: Ran) -> None:
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            for ran in rans:
                journal.write(json.dumps(asdict(ran), ensure_ascii=False) + "\n")


# --- a run -----------------------------------------------------------------------------------


def run(
    plan: Plan,
    asked: Sequence[str] | None,
    options: Options,
    scheduler: str | None,
    target: str | None,
) -> tuple[Path, int, list[Ran], str]:
    """Make what is asked for and not ready, then publish all that is ready with its overview.

    Returns the folder, how many pages were asked for, those of them that were made now or were up
    to date, and why the run ended early (empty: it did not).
    """
    started = time.monotonic()
    if target:
        cluster.refuse_received(target)
    edition, notebook = plan.edition, plan.notebooks[0]
    jobs = options.jobs or (os.cpu_count() or 1) + 1
    pages = Pages(edition.profiles, plan.keys[notebook.name])
    seed = int(plan.parameters(notebook).get("seed", 20191003))
    try:
        view: dict[str, Any] = {"audience": edition.audience, "language": edition.language}
        with started_kernels(options, jobs, plan.inputs) as kernels:
            clean(edition.wave)
            survey = Survey.load(edition.wave, **view)
            names = overview.wanted(survey, asked)
            pages.open()
            facts = release.record_of(replace(plan, notebooks=[]), {}, started).facts
            work = _work(plan, pages.key, release.context(edition, facts), options)
            work.ahead = {"wave": edition.wave, "seed": seed, **view}
            todo = [(c, n) for c, n in names.items() if options.force or c not in pages.made]
            progress = Progress(len(todo), "profiles")
            if todo:
                overview.members(survey, seed=seed)  # caches the typology, which all pages read
            if scheduler and todo:
                data = cluster.packed(edition.wave, notebook.declares.get("reads", ()))
                made = cluster.remote(scheduler, work, todo, data=data, kernels=kernels)
            else:
                if todo:
                    kernels.warm(work.ahead)
                make = partial(work.make, kernels=kernels, scratch=pages.folder)
                made = local(make, todo, jobs, kernels, progress)
            with contextlib.closing(made):
                for one in made:
                    if one.ran.ok or not kernels.stopped:  # or we ended it, by no fault of its own
                        pages.put(one)
                        progress.ended(one.ran.name)
            progress.close()
        rans = [pages.made[code] for code in names if code in pages.made]
        if kernels.stopped:
            return pages.edition.folder, len(names), rans, kernels.stopped
        if changed := plan.changed():
            shutil.rmtree(pages.folder, ignore_errors=True)  # no page of this run can be trusted
            why = printed("changed: {changed}", changed=changed[notebook.name])
            return pages.edition.folder, len(names), [], why
        record = _publish(plan, pages, survey, facts, work.context, seed, started)
        if target and record.ok:
            cluster.send(Path(record.folder), target)
        return Path(record.folder), len(names), rans, ""
    except OSError as error:
        raise InputError(
            "the profiles could not be written ({strerror}); what was published before is "
            "unchanged",
            file=pages.folder,
            hint="free some space or check the rights of the reports folder, "
            "then the same command carries on",
            strerror=error.strerror or error,
        ) from None


def local(
    make: Callable[..., Made],
    todo: Iterable[tuple[str, str]],
    jobs: int,
    kernels: Kernels,
    progress: Progress,
) -> Generator[Made]:
    """The pages of `todo` (code, name) as they are made, in `jobs` threads of this process.

    No more than `jobs` are ever under way, so memory does not grow with their number.
    """
    waiting = iter(todo)

    def more(free: int) -> Iterator[Callable[[], Made]]:
        if not kernels.stopped:
            for code, name in islice(waiting, free):
                yield partial(make, code, name, on_cell=partial(progress.cell, code))

    return side_by_side(more, jobs, kernels)


def _work(plan: Plan, key: str, context: dict[str, Any], options: Options) -> Work:
    """What the pages of a run have in common; `context`: what pages of its edition state of it."""
    notebook = plan.notebooks[0]
    declared = notebook.declares
    blank = Ran(
        name="",
        title=notebook.title,
        html="",
        key=key,
        expected=[*declared.get("figures", []), *declared.get("tables", [])],
        parameters=plan.parameters(notebook),
    )
    command = context["command"].replace("workbench refresh", "workbench profiles")
    home = ("index.html", label("overview.title", plan.edition.language))
    return Work(
        notebook.content,
        fingerprints.package_hash(),
        plan.values(notebook),
        {**context, "before": [], "command": command, "home": home},
        blank,
        options,
        plan.inputs,
    )


def _publish(
    plan: Plan,
    pages: Pages,
    survey: Survey,
    facts: dict[str, Any],
    context: dict[str, Any],
    seed: int,
    started: float,
) -> RunRecord:
    """Write overview and record, and swap all in; beside the last complete pages if one failed."""
    listed, verdict = overview.members(survey, seed=seed)
    codes = list(listed.index)
    rans, edition = dict(pages.made), plan.edition
    last = read_record(pages.edition.folder)  # pages of earlier data, where no newer one is ready
    for ran in notebooks_of(last).values():
        wanted = ran.name in codes and ran.name not in rans
        if wanted and ran.has_page(pages.edition.folder, hashes_of(last)):
            rans[ran.name] = pages.linked(ran, pages.edition.folder)
    overview.write(
        pages.folder,
        listed,
        rans,
        key=pages.key,
        verdict=verdict,
        context={k: v for k, v in context.items() if k != "home"},
        run=f"../{edition.name}/index.html" if edition.folder.is_dir() else "",
    )
    title = plan.notebooks[0].title
    facts |= {
        "wave_title": {k: f"{v} — {title[k]}" for k, v in (facts["wave_title"] or {}).items()},
        "key": pages.key,
        "complete": all(code in pages.made for code in codes),
        "members": codes,
        "seconds": round(time.monotonic() - started, 2),
    }
    status = Status.OK if all(ran.ok for ran in pages.made.values()) else Status.PARTIAL
    record = RunRecord(edition, status, [rans[code] for code in codes if code in rans], facts)
    (pages.folder / JOURNAL).unlink(missing_ok=True)
    swap_in(record, pages.folder, pages.edition)
    index.write_waves(paths.reports())
    # the index of the wave's reports leads here; a refresh under way adds the link by itself
    with contextlib.suppress(InputError), lock(edition):
        if run := read_record(edition.folder):
            index.write_index(edition.folder, run["notebooks"], release.context(edition, run))
            home = {"index.html": fingerprints.hash_file(edition.folder / "index.html")}
            write_record({**run, FILES: {**hashes_of(run), **home}}, edition.folder)
    return record
