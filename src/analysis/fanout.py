"""One notebook for many municipalities: makes the pages that `analysis.profiles` plans.

`make` gives what became of one page, and its HTML. `local` runs it in threads of this process,
`analysis.cluster` on other machines; what comes back is written in one place, `run`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis import fingerprints, overview, pages, parameters, paths, release
from analysis.attempt import attempt
from analysis.errors import InputError
from analysis.execute import started_kernels
from analysis.kernels import Kernels
from analysis.profiles import Shelf, Summary
from analysis.progress import Progress
from analysis.runs import Options, Ran, RunRecord, lock, one_at_a_time, read_record
from analysis.survey import Survey, prepare
from analysis.text import label


@dataclass(frozen=True)
class Made:
    """What became of one page; the executed notebook is kept only of one that failed."""

    ran: Ran
    html: bytes
    executed: bytes = b""


@dataclass(frozen=True)
class Work:
    """All that the pages of a run have in common; it can be sent to another machine.

    `values` are the parameters of the notebook without the municipality, `context` what the pages
    say of the run, `blank` the record of a page before it is made, `package` the hash of the code
    that asks.
    """

    notebook: str
    package: str
    values: dict[str, Any]
    context: dict[str, Any]
    blank: Ran
    options: Options

    def about(self, code: str, name: str) -> tuple[Ran, dict[str, Any]]:
        """The record of one page before it is made, and what it says of the run."""
        title = {language: f"{name} — {text}" for language, text in self.blank.title.items()}
        context = {
            **self.context,
            "title": title[self.context["language"]],
            "command": f"{self.context['command']} --municipality {code}",
        }
        return replace(self.blank, name=code, title=title, html=f"{code}.html"), context


def make(
    work: Work,
    code: str,
    name: str,
    *,
    notebook: Path,
    kernels: Kernels,
    scratch: Path,
    on_cell: Callable[[int], None] = lambda number: None,
) -> Made:
    """Run `notebook` for one municipality and render its page; `scratch` is left as it was."""
    ran, context = work.about(code, name)
    folder = Path(tempfile.mkdtemp(prefix=f"{code}-", dir=scratch))
    try:
        executed = folder / "notebooks" / f"{code}.ipynb"
        executed.parent.mkdir()
        attempt(
            ran,
            notebook,
            executed,
            values={**work.values, "municipality": code},
            kernels=kernels,
            cell_timeout=work.options.cell_timeout,
            on_cell=on_cell,
        )
        release.write_page(ran, folder, context)
        # an error may quote answers
        kept = ran.status != "ok" and context["audience"] == "internal" and executed.is_file()
        html = (folder / ran.html).read_bytes()
        return Made(ran, html, executed.read_bytes() if kept else b"")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def given_up(work: Work, code: str, name: str, why: str) -> Made:
    """The page of a municipality that could not even be tried."""
    ran, context = work.about(code, name)
    ran.status, ran.error = "killed", why
    with tempfile.TemporaryDirectory() as folder:
        release.write_page(ran, Path(folder), context)
        return Made(ran, (Path(folder) / ran.html).read_bytes())


def local(
    work: Work,
    todo: Iterable[tuple[str, str]],
    *,
    notebook: Path,
    kernels: Kernels,
    scratch: Path,
    jobs: int,
    on_cell: Callable[[str, int], None],
) -> Generator[Made]:
    """The pages of `todo` (code, name) as they are made, `jobs` side by side.

    The first is made alone: what all of them share (the typology) is then computed once and kept.
    No more than `jobs` are ever under way, so memory does not grow with their number.
    """

    def one(code: str, name: str) -> Made:
        told = partial(on_cell, code)
        return make(
            work, code, name, notebook=notebook, kernels=kernels, scratch=scratch, on_cell=told
        )

    waiting = iter(todo)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running: set[Future[Made]] = set()
        most = 1
        try:
            while not kernels.stopped:
                for code, name in waiting:
                    running.add(pool.submit(one, code, name))
                    if len(running) >= most:
                        break
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
                most = jobs
        except BaseException:
            kernels.stop("the run was stopped")  # or the pool would wait for them
            raise


def run(
    shelf: Shelf,
    asked: Sequence[str] | None,
    options: Options,
    *,
    scheduler: str | None,
    target: str | None,
) -> Summary:
    """Make what is asked for and not ready, then publish all that is ready with its overview."""
    started = time.monotonic()
    edition, jobs = shelf.plan.edition, options.jobs or (os.cpu_count() or 1) + 1
    try:
        with started_kernels(options, jobs) as kernels:
            with one_at_a_time(paths.processed(edition.wave)):
                prepare(edition.wave)
            survey = Survey.load(
                edition.wave,
                audience=edition.audience,  # type: ignore[arg-type]
                language=edition.language,  # type: ignore[arg-type]
            )
            names = overview.wanted(survey, asked)
            shelf.open()
            facts, work = _work(shelf, started, options)
            todo = [(c, n) for c, n in names.items() if options.force or c not in shelf.ready]
            say = Progress(len(todo), what="profiles")
            with contextlib.ExitStack() as stack:
                if scheduler and todo:
                    from analysis import cluster

                    overview.members(survey, seed=_seed(shelf, work))  # kept beside the data
                    data = stack.enter_context(cluster.shared(shelf, target))
                    made = cluster.remote(scheduler, work, todo, data=data, kernels=kernels)
                else:
                    made = local(
                        work,
                        todo,
                        notebook=shelf.notebook,
                        kernels=kernels,
                        scratch=shelf.next,
                        jobs=jobs,
                        on_cell=say.cell,
                    )
                stack.enter_context(contextlib.closing(made))
                failed = _gather(made, shelf, kernels, say)
        rans = [{**shelf.ready, **failed}[c] for c in names if c in shelf.ready or c in failed]
        if kernels.stopped:
            return Summary(shelf.final, len(names), rans, kernels.stopped)
        folder = _publish(shelf, survey, facts, work, failed, started)
        if target and not failed:
            from analysis import cluster

            cluster.send(folder, target)
        return Summary(folder, len(names), rans)
    except OSError as error:
        raise InputError(
            f"the profiles could not be written ({error.strerror or error}); "
            "what was published before is unchanged",
            file=shelf.next,
            hint="free some space or check the rights of the reports folder, "
            "then the same command carries on",
        ) from None


def _gather(made: Iterable[Made], shelf: Shelf, kernels: Kernels, say: Progress) -> dict[str, Ran]:
    """Put each page on the shelf as it comes; those that failed."""
    failed = {}
    for one in made:
        ran = one.ran
        if kernels.stopped and ran.status != "ok":
            continue  # ended by us, not by a fault of its own
        shelf.put(one)
        if ran.status != "ok":
            failed[ran.name] = ran
        say.line(ran.name, ran.status, ran.seconds)
    say.end()
    return failed


def _work(shelf: Shelf, started: float, options: Options) -> tuple[dict[str, Any], Work]:
    plan, notebook = shelf.plan, shelf.notebook
    record = release.record_of(replace(plan, notebooks=[]), {}, started)
    about = plan.metadata(notebook)
    title = about.get("title", {"ja": notebook.stem, "en": notebook.stem})
    blank = Ran(
        name="",
        title=title,
        html="",
        key=shelf.key,
        expected=[*about.get("figures", []), *about.get("tables", [])],
        parameters=plan.parameters(notebook),
    )
    language = plan.edition.language
    context = release.context(plan.edition, record.facts)
    command = context["command"].replace("workbench refresh", "workbench profiles")
    home = ("index.html", label("overview.title", language))
    context = {**context, "before": [], "command": command, "home": home}
    work = Work(
        notebook.name,
        fingerprints.package_hash(),
        plan.values(notebook),
        context,
        blank,
        options,
    )
    return record.facts, work


def _seed(shelf: Shelf, work: Work) -> int:
    defaults = {p.name: p.default for p in parameters.schema(shelf.notebook)}
    return int({**defaults, **work.values}.get("seed", 20191003))


def _publish(
    shelf: Shelf,
    survey: Survey,
    facts: dict[str, Any],
    work: Work,
    failed: dict[str, Ran],
    started: float,
) -> Path:
    """Write overview and record, and swap all in."""
    listed, orders, verdict = overview.members(survey, seed=_seed(shelf, work))
    codes = {row["code"] for row in listed}
    rans = {**shelf.ready, **failed}
    rans |= {ran.name: ran for ran in shelf.earlier(codes - rans.keys())}
    ordered = [rans[row["code"]] for row in listed if row["code"] in rans]
    report = Path("..") / shelf.plan.edition.name / "index.html"
    overview.write(
        shelf.next,
        listed,
        rans,
        key=shelf.key,
        orders=orders,
        verdict=verdict,
        context={k: v for k, v in work.context.items() if k not in {"home"}},
        run=report.as_posix() if shelf.plan.edition.folder.is_dir() else "",
    )
    edition = shelf.plan.edition
    title = facts["wave_title"] or {}
    named = {k: f"{text} — {work.blank.title[k]}" for k, text in title.items()}
    record = RunRecord(
        edition,
        "ok" if not failed else "partial" if shelf.ready else "failed",
        ordered,
        {
            **facts,
            "wave_title": named,
            "key": shelf.key,
            "complete": all(c in shelf.ready for c in codes),
            "members": [row["code"] for row in listed],
            "seconds": round(time.monotonic() - started, 2),
        },
    )
    place = shelf.publish(record.as_json())
    pages.write_waves(paths.reports())
    _link_from_reports(shelf)
    return place


def _link_from_reports(shelf: Shelf) -> None:
    """Let the index of the wave's reports lead here; a refresh under way does so by itself."""
    edition = shelf.plan.edition
    with contextlib.suppress(InputError), lock(edition):
        run = read_record(edition.folder)
        if run:
            pages.write_index(edition.folder, run["notebooks"], release.context(edition, run))
