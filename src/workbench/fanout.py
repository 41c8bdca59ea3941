"""One notebook for many municipalities: makes the pages of a plan, and publishes them with a list.

The pages of a run are gathered in a hidden folder with a journal, a line for each that is ready,
and swapped in whole when all have been tried; the next run takes over what a killed one left.

They are made by threads of this process or by a dask.distributed cluster. Its workers need this
package and nothing else: what they read (the wave, its codebook, the notebook) comes with the work,
and pages come back, so that a page is written once whatever became of the worker that made it.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import fingerprints, paths
from analysis.errors import InputError, Message, localize, refusal
from analysis.results import profile, types
from analysis.show import NotAvailable
from analysis.spreadsheet import to_csv
from analysis.survey import SEED, Survey
from analysis.text import labels
from workbench import outputs, temporary
from workbench.publish import index, publication
from workbench.publish.page import page_context, rendered
from workbench.run.execute import attempt
from workbench.run.kernels import Kernels, in_threads
from workbench.run.plan import LIBRARIES, PACKAGE, Plan
from workbench.run.progress import Progress
from workbench.run.record import (
    FILES,
    RECORD,
    STATE,
    Edition,
    Options,
    Outcome,
    Ran,
    RunFolder,
    RunRecord,
    Status,
    is_of_now,
    lock,
    one_at_a_time,
    swap_in,
    write_record,
)

JOURNAL = "pages.jsonl"
SUBMITTED = 2  # pages for each thread of a cluster
CONNECTING = 10  # seconds to reach the scheduler
PATIENCE = 60  # seconds without any worker
# the pages of the overview: the same list in three orders, so that sorting needs no script
ORDERS = {"prefecture": "index.html", "size_class": "by-size.html", "type": "by-type.html"}


# --- one page --------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProfilePage:
    """What became of one page; the executed notebook is kept only of one that failed."""

    ran: Ran
    html: bytes
    executed: bytes = b""


@dataclass(frozen=True)
class Work:
    """What the pages of a run have in common; it can be sent to another machine.

    `plan` of the one notebook, `known` what its key has the hash of (`Plan.known`), `context` what
    its pages state of the run, `ahead` what is computed once for all of them, see
    `workbench.run.kernels.Kernels`.
    """

    plan: Plan
    known: list[str]
    options: Options
    context: dict[str, Any]
    ahead: dict[str, Any]

    def make(
        self, code: str, name: str, *, kernels: Kernels, scratch: Path, given_up: str = ""
    ) -> ProfilePage:
        """Run the notebook for one municipality and render its page, in a folder of `scratch`.

        `given_up`: why it could not even be tried; the page then says so.
        """
        notebook, plan, context = self.plan.notebooks[0], self.plan, self.context
        title = {language: f"{name} — {text}" for language, text in notebook.title.items()}
        key, values = plan.keys[notebook.name], plan.parameters(notebook)
        ran = Ran(code, title, f"{code}.html", key, parameters=values)
        with tempfile.TemporaryDirectory(".part", f".{code}-", dir=scratch) as folder:
            executed = Path(folder, "notebooks", f"{code}.ipynb")
            executed.parent.mkdir()
            if given_up:
                ran.status, ran.error = Status.KILLED, given_up
            else:
                attempt(
                    ran,
                    notebook.content,
                    executed,
                    values={**plan.values(notebook), "municipality": code},
                    kernels=kernels,
                    known=self.known,
                )
            about = {"title": title[context["language"]],
                     "command": f"{context['command']} --municipality {code}"}  # fmt: skip
            publication.write_page(ran, Path(folder), {**context, **about})
            # an error may quote answers
            quotable = not ran.ok and context["audience"] == "internal" and executed.is_file()
            html = Path(folder, ran.html).read_bytes()
            return ProfilePage(ran, html, executed.read_bytes() if quotable else b"")


# --- those that are ready --------------------------------------------------------------------


class Pages:
    """The pages for the next publication of an edition, in its hidden folder.

    `rans` is what became of each: made now, failed, or taken over from where it is up to date.
    """

    def __init__(self, edition: Edition, key: str) -> None:
        self.edition, self.key, self.folder = edition, key, edition.part
        self.rans: dict[str, Ran] = {}

    def open(self) -> None:
        """Take over what is up to date in a run that was stopped or failed, and published."""
        self.folder.mkdir(parents=True, exist_ok=True)
        last = {}
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / JOURNAL).read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):  # of the moment it died
                    ran = Ran.read(json.loads(line))
                    last[ran.name] = ran  # its last line counts
        self._take(RunFolder(self.folder), last.values())
        names = {ran.html for ran in self.rans.values()}
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in names:
                path.unlink()
        self._note(*self.rans.values())
        for folder in (self.edition.incomplete, self.edition.folder):
            earlier = RunFolder(folder)
            self._take(earlier, earlier.notebooks.values())

    def _take(self, earlier: RunFolder, rans: Iterable[Ran]) -> None:
        for ran in rans:
            same = ran.key == self.key and not ran.read_anew
            if same and ran.name not in self.rans and earlier.has_page(ran):
                self.rans[ran.name] = self.copied(ran, earlier.folder)

    def copied(self, ran: Ran, folder: Path) -> Ran:
        """Copy a page of another folder here, where nobody edits it meanwhile; its entry here."""
        if folder != self.folder:
            shutil.copy2(folder / ran.html, self.folder / ran.html)
        return replace(ran, reused=True)

    def put(self, page: ProfilePage) -> None:
        """Keep one page; from here on it is ready, whatever happens to this process."""
        ran, files = page.ran, {page.ran.html: page.html}
        if page.executed:
            files[f"notebooks/{ran.name}.ipynb"] = page.executed
        for name, content in files.items():
            paths.write_atomic(self.folder / name, content)
        paths.settle(self.folder / name for name in files)
        self._note(ran)
        self.rans[ran.name] = ran

    def _note(self, *rans: Ran) -> None:
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as journal:
            for ran in rans:
                journal.write(json.dumps(asdict(ran), ensure_ascii=False) + "\n")


# --- a run -----------------------------------------------------------------------------------


def run(
    plan: Plan,
    members: Sequence[str] | None,
    kernels: Kernels,
    jobs: int,
    ahead: dict[str, Any],
    scheduler: str | None,
    target: str | None,
) -> Outcome:
    """Make what is asked for and not ready, then publish all that is ready with its overview.

    Raises InputError: an edition for others would have pages of earlier data.
    """
    started, options = time.monotonic(), kernels.options
    edition, notebook = plan.edition, plan.notebooks[0]
    pages = Pages(edition.profiles, plan.keys[notebook.name])
    with one_at_a_time(paths.processed(edition.wave)):  # or wait for what the server keeps
        survey = Survey.load(**asdict(edition))  # cleans the wave where that is needed
        listed = listing(survey, **ahead["pages"])
    codes = dict.fromkeys(map(survey.code_of, members)) if members else survey.names.index
    names = survey.names[[*codes]].to_dict()
    pages.open()
    if edition.audience != "internal":
        _refuse_earlier(pages, {*listed[0].index} - {*names})
    facts = publication.record_of(replace(plan, notebooks=[]), {}, started).facts
    context = publication.context(edition, facts)
    command = context["command"].replace("workbench refresh", "workbench profiles")
    home = ("index.html", survey.label("overview.title"))
    context |= {"before": [], "command": command, "home": home}
    work = Work(plan, plan.known(notebook), options, context, ahead)
    if todo := {c: n for c, n in names.items() if options.force or c not in pages.rans}:
        _make(work, todo, pages, kernels, jobs, scheduler)
    rans = [pages.rans[code] for code in names if code in pages.rans]
    if kernels.stopped:
        return Outcome(pages.edition.folder, len(names), rans, kernels.stopped)
    if changed := plan.changed(pages.rans.values()):
        shutil.rmtree(pages.folder, ignore_errors=True)  # no page of this run can be trusted
        why = localize("changed: {changed}", changed=next(iter(changed.values())))
        return Outcome(pages.edition.folder, len(names), [], why)
    record = _publish(work, pages, listed, facts, started)
    said = ""
    if target and record.ok:
        sent, kept = outputs.send(Path(record.folder), target)
        text = "Sent to {target}: {sent:,} files ({kept:,} as they were)."
        said = localize(text, target=target, sent=sent, kept=kept)
    elif target:
        said = localize("Nothing was sent to {target}: a page failed.", target=target)
    return Outcome(Path(record.folder), len(names), rans, sent=said)


def _refuse_earlier(pages: Pages, others: Set[str]) -> None:
    """Refuse to publish anew, for others, pages of earlier data that nobody asked to make again.

    They may show what the edition may show no longer, such as a question made sensitive.
    """
    published = RunFolder(pages.edition.folder).notebooks.keys()
    if old := sorted(others & published - pages.rans.keys()):
        raise refusal("profiles.earlier", n=len(old), name=pages.edition.name, codes=old[:3])


def _make(
    work: Work,
    todo: Mapping[str, str],
    pages: Pages,
    kernels: Kernels,
    jobs: int,
    scheduler: str | None,
) -> None:
    """Make the pages of `todo` (code -> name), here or by a cluster, and keep each in `pages`.

    Here no more than `jobs` are ever under way, so memory does not grow with their number.
    """
    progress, waiting = Progress(len(todo), Message("profiles")), iter(todo.items())
    make = partial(work.make, kernels=kernels, scratch=pages.folder)

    def more(free: int) -> Iterator[Callable[[], ProfilePage]]:
        for code, name in islice(waiting, 0 if kernels.stopped else free):
            yield partial(make, code, name)

    if scheduler:
        data = packed(work.plan.edition.wave, work.plan.notebooks[0].declares.get("reads", ()))
        results = remote(scheduler, work, waiting, data=data, kernels=kernels, tell=progress.tell)
    else:
        results = in_threads(more, jobs, kernels, progress.tell)
    with contextlib.closing(results):
        for one in results:
            if one.ran.ok or not kernels.stopped:  # or we ended it, by no fault of its own
                pages.put(one)
                progress.end()
    progress.close()


def _publish(
    work: Work,
    pages: Pages,
    members: tuple[pd.DataFrame, str],
    facts: dict[str, Any],
    started: float,
) -> RunRecord:
    """Write overview and record, and swap all in; beside the last complete pages if one failed.

    `members`: see `listing`; `facts`: of the record.
    """
    codes = list(members[0].index)
    rans, edition, title = dict(pages.rans), work.plan.edition, work.plan.notebooks[0].title
    # pages of earlier data, where no newer one is ready
    last = RunFolder(pages.edition.folder, edition)
    for ran in last.notebooks.values():
        if ran.name in codes and ran.name not in rans and last.has_page(ran):
            rans[ran.name] = pages.copied(ran, last.folder)
    there = RunFolder(edition.folder, edition).record  # no copy of another edition
    write_overview(
        pages.folder,
        *members,
        rans,
        key=pages.key,
        context={k: v for k, v in work.context.items() if k != "home"},
        run=f"../{edition.name}/index.html" if there else "",
    )
    facts |= {
        "wave_title": {k: f"{v} — {title[k]}" for k, v in (facts["wave_title"] or {}).items()},
        "key": pages.key,
        "complete": all(code in pages.rans for code in codes),
        "members": codes,
        "seconds": round(time.monotonic() - started, 2),
    }
    if not all(map(work.plan.is_state_of, rans.values())):  # no index is to lead to these pages
        facts[STATE] = ""
    status = Status.OK if all(ran.ok for ran in pages.rans.values()) else Status.PARTIAL
    record = RunRecord(edition, status, [rans[code] for code in codes if code in rans], facts)
    (pages.folder / JOURNAL).unlink(missing_ok=True)
    swap_in(record, pages.edition)
    # the index of the wave's reports leads here; a refresh under way adds the link by itself
    with contextlib.suppress(InputError), lock(edition):
        run = RunFolder(edition.folder, edition)
        old = run.record
        # none that somebody edited, or that is of another state of the package or the libraries
        if is_of_now(run, facts["code_sha256"]):
            printed = {"pdf": (run.folder / "report.pdf").is_file()}
            about = publication.context(edition, old) | printed
            index.write_index(run.folder, old["notebooks"], about)
            now, known = fingerprints.hash_files(run.folder), {RECORD, *run.hashes} - {"index.html"}
            new = {name: digest for name, digest in now.items() if name not in known}
            write_record({**old, FILES: {**run.hashes, **new}}, run.folder)
    index.write_waves(paths.reports())
    return record


# --- the overview ----------------------------------------------------------------------------


def listing(survey: Survey, *, seed: int = SEED) -> tuple[pd.DataFrame, str]:
    """What the overview says of each respondent, and how far its types can be trusted.

    That is a row a municipality, by its code: ``name``, and ``prefecture, size_class, type`` as
    categories in the order of the overview's groups, missing where it has none. Then the verdict
    in words.
    """
    typology = profile.shared_typology(survey, seed=seed)
    names: dict[int, str] = {}
    kinds = pd.Series(pd.NA, survey.responses.index)
    if not isinstance(typology, NotAvailable):
        kinds = typology.labels.dropna().astype(int)
        every = [*sorted(typology.names), *sorted({*kinds} - {*typology.names})]  # in no type: last
        names = {kind: types.name(survey, typology, kind) for kind in every}
        kinds = kinds.map(names)
    register = survey.register.reindex(survey.responses.index).sort_index()
    prefectures = register.get("prefecture", pd.Series("", register.index)).replace("", None)
    sizes = survey.size_class
    columns = {
        "name": register["name"].astype(str),
        "prefecture": pd.Categorical(prefectures, prefectures.dropna().unique()),
        "size_class": sizes.reindex(register.index),
        "type": pd.Categorical(kinds.reindex(register.index), dict.fromkeys(names.values())),
    }
    listed = pd.DataFrame(columns, register.index).rename_axis("code")
    return listed, survey.answer("types/verdict", **types.verdict(survey, typology)).text


def write_overview(
    folder: Path,
    listed: pd.DataFrame,
    verdict: str,
    rans: Mapping[str, Ran],
    *,
    key: str,
    context: Mapping[str, Any],
    run: str,
) -> None:
    """Write the pages of the overview and the same list for Excel.

    Parameters
    ----------
    listed, verdict : as of `listing`; a group without members is left out, an order without groups
        too.
    rans : what became of each page, by code. key : what a page of today's data has as its key.
    run : link to the reports of the wave, or empty.
    """
    words = labels("overview", context["language"], bool(context.get("own_register")))
    states = {code: _state(rans.get(code), key) for code in listed.index}
    counts = Counter(states.values())
    columns = [name for name in ORDERS if len(listed[name].cat.categories)]
    notes = [words["count"].format(n=len(states), made=counts[""] + counts["earlier"])]
    notes += [words[f"some_{k}"].format(n=counts[k]) for k in ("failed", "earlier") if counts[k]]
    notes += [verdict] if verdict and "type" in columns else []
    text = listed.astype("string").fillna("").reset_index()
    table = {
        "name": "profiles",
        "title": words["title"],
        "caption": notes[0],
        "n": len(listed),
        "notes": notes[1:],
        "csv": to_csv(text[["code", "name", *columns]].rename(columns=words)).decode("utf-8-sig"),
    }
    paths.write_atomic(folder / "profiles.xlsx", index.workbook([table], context["language"]))
    there = {name: ORDERS[name] for name in columns}
    there = there if "prefecture" in there else {"code": ORDERS["prefecture"], **there}
    for by, file in there.items():
        title = f"{words['title']} — {words['sorted'].format(order=words[by])}"
        groups = {words["all"]: text}
        if by in columns:
            own = listed[by].reset_index(drop=True)
            groups = {str(name): text[own == name] for name in own.cat.categories}
            groups[words["no_group"]] = text[own.isna()]
        page = rendered(
            "overview",
            page_context(context, title=title, heading=words["title"]),
            words=words,
            notes=notes,
            run=run,
            orders=there,
            by=by,
            columns=["code", *(column for column in columns if column != by)],
            groups={name: rows.to_dict("records") for name, rows in groups.items() if len(rows)},
            states=states,
        )
        paths.write_atomic(folder / file, page)


def _state(ran: Ran | None, key: str) -> str:
    if ran is None:
        return "absent"
    old = "" if ran.key == key else "earlier"
    return old if ran.ok else "failed"


# --- by a cluster ----------------------------------------------------------------------------


def packed(wave: str, reads: Iterable[str] = ()) -> bytes:
    """An archive of what workers read, each file in its place in the project.

    It holds a wave, the codebooks, what other waves say of themselves (names of types), and the
    files and folders that the notebook `reads`.
    """
    places = [paths.raw(wave), paths.processed(wave), paths.codebooks()]
    places += [folder / "wave.yml" for folder in paths.waves()]
    places += [paths.root() / name for name in reads]
    files = {file for place in places for file in (place, *place.rglob("*")) if file.is_file()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False
    ) as archive:
        for file in sorted(files):
            archive.write(file, file.relative_to(paths.root()))
    return buffer.getvalue()


def remote(
    scheduler: str,
    work: Work,
    todo: Iterable[tuple[str, str]],
    *,
    data: bytes,
    kernels: Kernels,
    tell: Callable[[], None],
) -> Generator[ProfilePage]:
    """The pages of `todo` (code, name) as a cluster makes them, until `kernels` are stopped.

    `data`, see `packed`, hold the answers: they go to the workers alone, and lie nowhere else.
    `tell` is called every second.

    A page whose worker died is made again by another one; one that takes several workers with it
    is given up as killed.

    Raises InputError: the scheduler cannot be reached, or it has no workers.
    """
    from distributed import Client, wait
    from distributed.scheduler import KilledWorker

    try:
        connection = Client(scheduler, timeout=CONNECTING)
    except (OSError, ValueError) as error:
        fault = " ".join(str(error).split())[:160]
        raise refusal("cluster.no_scheduler", scheduler=scheduler, text=fault) from None
    with connection as client:
        waiting, seen = iter(todo), time.monotonic()
        sent = client.submit(bytes, data, pure=False)  # made again where its worker has died
        running: dict[Any, tuple[str, str]] = {}
        while not kernels.stopped:
            threads = sum(client.nthreads().values())
            seen = time.monotonic() if threads else seen
            if time.monotonic() - seen > PATIENCE:
                raise refusal("cluster.no_workers", scheduler=scheduler)
            free = max(1, SUBMITTED * threads) - len(running)
            for place in islice(waiting, max(0, free)):
                job = client.submit(make_there, work, sent.key, sent, *place, pure=False)
                running[job] = place
            if not running:
                return
            with contextlib.suppress(TimeoutError):
                wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
            tell()
            for job in [job for job in running if job.done()]:
                place = running.pop(job)
                try:
                    page = job.result()
                except KilledWorker as error:
                    why = f"{error.allowed_failures + 1} workers died while they made it"
                    scratch = temporary.folder()
                    page = work.make(*place, kernels=kernels, scratch=scratch, given_up=why)
                job.release()
                yield page


_sites: dict[str, tuple[Path, Kernels]] = {}  # run -> what this worker has unpacked for it
_guard = threading.Lock()


def make_there(work: Work, run: str, data: bytes, code: str, name: str) -> ProfilePage:
    """Make one page on a worker; `run` tells the data of one run from another's."""
    with _guard:
        if run not in _sites:
            _sites.clear()
            _sites[run] = _unpacked(work, data)
        folder, kernels = _sites[run]
    return work.make(code, name, kernels=kernels, scratch=folder / "scratch")


def _unpacked(work: Work, data: bytes) -> tuple[Path, Kernels]:
    """The folder of the data on this machine, which dask clears away with the worker."""
    from distributed import get_worker

    here, there = fingerprints.installed(), work.plan.files[LIBRARIES]
    other = [name for name, version in there.items() if here.get(name, version) != version]
    if fingerprints.combine(fingerprints.package_files()) != work.plan.common[PACKAGE]:
        other.insert(0, "workbench")
    if other:
        raise refusal("cluster.other_version", names=other[:3])
    folder = Path(tempfile.mkdtemp(prefix="workbench-site-", dir=get_worker().local_directory))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    (folder / "scratch").mkdir()
    environment = {"WORKBENCH_ROOT": str(folder), fingerprints.INPUTS: json.dumps(work.plan.inputs)}
    kernels = Kernels(work.options, environment=environment, ahead=work.ahead)
    kernels.warm()
    return folder, kernels
