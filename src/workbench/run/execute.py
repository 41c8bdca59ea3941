"""Runs notebooks through papermill, those of a plan side by side, and judges what each really did.

papermill saves a notebook whose kernel died or timed out as if every cell had run, so its own
metadata is never trusted: a notebook is complete only if papermill raised nothing, every code cell
has been executed, all outputs have arrived, and each declared figure and table is there (or
declared not available).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import math
import os
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from functools import lru_cache, partial
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

import nbformat
import nbformat.v4
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from analysis import paths
from analysis.cleaning.store import CLEANED, prepared
from analysis.errors import InputError, Message, localize
from analysis.fingerprints import hash_file, hash_read
from analysis.show import Figure, NotAvailable, Table
from analysis.text import escape
from workbench.publish import publication
from workbench.publish.index import outputs_by_kind
from workbench.publish.publication import WORK
from workbench.run import parameters
from workbench.run.ipython_kernel import OUTPUTS, READ, SENT, WROTE, state
from workbench.run.kernels import Kernels, Manager, in_threads
from workbench.run.plan import Notebook, Plan
from workbench.run.progress import Progress
from workbench.run.record import (
    CHANGED,
    FILES,
    OWN_FILES,
    Ran,
    RunFolder,
    RunRecord,
    Status,
    keep_only,
    one_at_a_time,
    open_up,
    write_record,
)

WAVE, LEDGER = "wave.yml", "ledger.json"
DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.EACCES}
ERROR_TAG = "papermill-error-cell-tag"
KINDS = (Figure.kind, Table.kind)
QUIET = logging.Logger("nbclient", logging.CRITICAL + 1)  # what it says, a run says itself
STARTING = 60  # seconds for a kernel to answer
MOST_SHOWN = 300e6  # letters; no browser opens such a page
LATE = 120  # seconds outputs may lag behind their cell: nbclient's 4 fail on a busy machine
PROJECT = "."  # shown in the place of the project's folder: no path of this machine is published
# of a path as such: /code is also within a picture (base64), an address, </code> and /codebook;
# before it may be a line break of JSON or a colour of a traceback
PATH = r"(?a:(?<![\w+/.<-])|(?<=file://)|(?<=\\[nrt])|(?<=\dm)){}(?a:(?![\w+=-]))"


class LostOutputsError(RuntimeError):
    """Fewer outputs of a cell arrived than its kernel sent, or more than a page can show."""


class Client(PapermillNotebookClient):
    """papermill's client, which counts the outputs that arrive and notes which files are read."""

    def __init__(self, nb_man: Any, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.arrived: Counter[str] = Counter()
        self.cells: dict[str, int] = {}  # by the message that asked for each
        self.shown = 0  # letters
        self.read: dict[str, str] = {}
        self.wrote: set[str] = set()
        self.on_cell_executed = self._count

    def process_message(self, msg: dict[str, Any], *arguments: Any) -> Any:
        """Take an output into the notebook; end its kernel if that would fill the memory."""
        if msg["msg_type"] in OUTPUTS:
            self.arrived[msg["parent_header"].get("msg_id", "")] += 1
            if self.shown > MOST_SHOWN:
                return None
            texts = (msg["content"].get("text"), *msg["content"].get("data", {}).values())
            self.shown += sum(len(text) for text in texts if isinstance(text, str))
            if self.shown > MOST_SHOWN:
                self.km.end()
        return super().process_message(msg, *arguments)

    def _count(self, cell: Any, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        self.read.update(execute_reply["metadata"].get(READ, {}))
        self.wrote.update(execute_reply["metadata"].get(WROTE, ()))
        self.cells[execute_reply["parent_header"]["msg_id"]] = cell_index + 1
        counts = execute_reply["metadata"].get(SENT, {})
        for message, at in self.cells.items():
            sent, arrived = counts.get(message, 0), self.arrived[message]
            if arrived < sent:
                lost = "cell {at} sent {sent} outputs, {arrived} arrived while it ran"
                raise LostOutputsError(localize(lost, at=at, sent=sent, arrived=arrived))


class Engine(NBClientEngine):
    """papermill's engine with the kernels of our run."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, kernels: Kernels, held: list[Any], **_: Any
    ) -> Any:
        """Run as papermill does; `held` gets what `attempt` returns however the run ends.

        That is the notebook with its outputs, the files that it read, and those that `analysis`
        wrote for it.
        """
        limit = kernels.options.cell_timeout
        client = Client(
            nb_man,
            log=QUIET,
            timeout=limit and math.ceil(limit),
            startup_timeout=STARTING,
            iopub_timeout=LATE,
            shutdown_kernel="immediate",
            extra_arguments=["--IPKernelApp.log_level=40"],
        )
        held += [nb_man.nb, client.read, client.wrote]
        client.km = Manager(kernels, kernel_name=kernel_name)
        # what Jupyter's tasks would print of how a kernel ended, a run says itself
        ensure_event_loop().set_exception_handler(lambda *_: None)
        try:
            return client.execute()
        except DeadKernelError:
            if client.shown > MOST_SHOWN:
                most = localize("it shows more than {mb:g} MB", mb=MOST_SHOWN / 1e6)
                raise LostOutputsError(most) from None
            raise
        finally:  # what waited for the outputs of a cell that ran too long learns of its end
            ensure_event_loop().run_until_complete(asyncio.sleep(0))


papermill_engines.register("workbench", Engine)


def attempt(
    ran: Ran,
    content: Mapping[str, Any],
    target: Path,
    *,
    values: Mapping[str, Any],
    kernels: Kernels,
    known: Iterable[str] = (),
) -> set[str]:
    """Run a notebook, given as its content, into `target`; write into `ran` what became of it.

    Returns the files that `analysis` wrote for it: the figures and tables of the survey.

    `known` are files and folders of the project that its run knows to be read. Of a notebook that
    failed, `target` has the cells that ran and the error.
    """
    started, held = time.monotonic(), list[Any]()
    try:
        papermill.execute_notebook(
            nbformat.reads(json.dumps(content), as_version=4),
            None,  # papermill would write it four times, which is most of what a page costs
            parameters=dict(values),
            progress_bar=False,
            log_output=False,
            engine_name="workbench",
            kernel_name="python3",
            kernels=kernels,
            held=held,
        )
        ran.status = Status.OK
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise  # the disk, not the notebook
        ran.status, ran.error = _why_ended(error, kernels, held)
    ran.seconds = round(time.monotonic() - started, 2)
    hidden = parameters.secrets(values)
    ran.error = _without(hidden, ran.error, kernels.root)
    if not held:
        return set()
    text = _without(hidden, json.dumps(held[0], ensure_ascii=False), kernels.root, as_json=True)
    executed = nbformat.v4.reads(text)
    for cell in _code(executed.cells):
        cell.outputs = _joined(cell.outputs)
        if "injected-parameters" in cell.metadata.get("tags", []):
            # whoever opens it in JupyterLab and runs it again writes by hand, not for this run
            cell.source = re.sub("^output = .*$", 'output = ""', cell.source, flags=re.MULTILINE)
    executed.metadata["papermill"]["input_path"] = f"{ran.name}.ipynb"
    _judge(ran, executed)
    _note_reads(ran, held[1], kernels.root, known)
    if not ran.ok:
        _mark(executed, ran)
    paths.write_atomic(target, nbformat.v4.writes(executed) + "\n")
    wrote: set[str] = held[2]
    return wrote


def _note_reads(ran: Ran, read: Mapping[str, str], root: Path, known: Iterable[str]) -> None:
    """Note in `ran` what of the project, in `root`, a notebook read by itself, with the hashes.

    Reports belong to it wherever they lie; of those elsewhere the whole path is noted.

    Left out are hidden folders, locks, and what is `known` to its run.
    A file that was saved between its reading and the end makes the notebook fail, but not where it
    wrote the file by itself.
    """
    received, left = root / "data" / "raw", [root / name for name in known]
    own_folders = (os.environ.get("WORKBENCH_CACHE"), sys.prefix, sys.base_prefix)
    left += [Path(name) for name in own_folders if name and root in Path(name).parents]
    reports = Path(os.environ.get("WORKBENCH_REPORTS") or root / "reports").absolute()
    sources = {name: _in_project(name, root, reports) for name in read}
    places = {p: reports if p.is_relative_to(reports) else root for p in sources.values()}
    own = {
        path: file
        for file, path in sources.items()
        if path.is_relative_to(places[path])
        and path != root / "src"
        and (_is_beside(path, root) or not any(map(path.is_relative_to, left)))
        and not any(part.startswith(".") for part in path.relative_to(places[path]).parts[:-1])
        and not (path.name.startswith(".") and (path.suffix == ".lock" or not read[file]))
    }
    for place in {p.parent for p in own if p.name == LEDGER}:
        if received / place.name / WAVE in own:  # its cleaned data follow from what it received
            others = [p for p in own if p.is_relative_to(place) and not _is_beside(p, root)]
            own = {p: file for p, file in own.items() if p not in others}
    names = {path: path.relative_to(root) if path.is_relative_to(root) else path for path in own}
    ran.reads = {names[path].as_posix(): hash_read(path) for path in sorted(own)}
    if ran.ok and any(read[file] not in ("", state(file)) for file in own.values()):
        ran.fail(localize(CHANGED, changed=[Message(OWN_FILES)]))


def _is_beside(path: Path, root: Path) -> bool:
    """Whether a file is none of those that a run hashes there: hidden, or beside cleaned data."""
    if paths.is_leftover(path.name):
        return True
    processed = root / "data" / "processed"
    inside = path.relative_to(processed).parts[1:] if path.is_relative_to(processed) else ()
    return bool(inside) and "/".join(inside) not in {*CLEANED, LEDGER}


@lru_cache(maxsize=4096)  # the pages of a wave read the same files
def _in_project(name: str, root: Path, reports: Path) -> Path:
    """A path of the project as such, also where it was named by way of a link, or with ``..``.

    Compiled code is its source, where it has one.
    """
    with contextlib.suppress(ValueError):
        name = source_from_cache(name) if name.endswith(".pyc") else name
    path = Path(name)
    plain = path.is_relative_to(root) and ".." not in path.parts
    with contextlib.suppress(OSError, RuntimeError):  # a link to itself
        path = path if plain else path.resolve()
        linked = reports.resolve()
        path = reports / path.relative_to(linked) if path.is_relative_to(linked) else path
    return path


def _why_ended(error: Exception, kernels: Kernels, held: list[Any]) -> tuple[Status, str]:
    """Status and sentence for a notebook that did not come to its end."""
    if isinstance(error, PapermillExecutionError):
        kind = "" if error.ename == InputError.__name__ else f"{error.ename}: "
        return Status.FAILED, _sentence(f"{kind}{error.evalue}")
    if isinstance(error, CellTimeoutError):
        cells = held[0].cells if held else ()
        times = [cell.metadata.get("execution", {}) for cell in cells]
        if any("shell.execute_reply" in t and "iopub.status.idle" not in t for t in times):
            sentence = localize("a cell's outputs did not arrive in {seconds} s", seconds=LATE)
        else:
            limit = kernels.options.cell_timeout
            sentence = localize("a cell ran longer than {seconds:g} s", seconds=limit)
        return Status.TIMED_OUT, sentence
    if kernels.stopped:
        return (Status.TIMED_OUT if kernels.over else Status.KILLED), kernels.stopped
    if isinstance(error, LostOutputsError):
        return Status.FAILED, str(error)
    if isinstance(error, DeadKernelError):
        return Status.KILLED, localize("the kernel died (out of memory, or killed)")
    return Status.FAILED, _sentence(f"{type(error).__name__}: {error}")


def _without(hidden: Mapping[str, str], text: str, root: Path, *, as_json: bool = False) -> str:
    """A text with what is shown in the place of each secret and of the project's folder."""
    for value, cover in hidden.items():
        text = text.replace(value, cover)
        if as_json:
            value, cover = (json.dumps(each, ensure_ascii=False)[1:-1] for each in (value, cover))
            text = text.replace(value, cover)
    folders = {str(root), str(root).encode("unicode_escape").decode()}  # as papermill writes it
    if as_json:
        folders = {json.dumps(folder, ensure_ascii=False)[1:-1] for folder in folders}
    for folder in folders - {"/"}:
        if folder in text:  # the search takes long in the letters of pictures
            text = re.sub(PATH.format(re.escape(folder)), PROJECT, text)
    return text


def _judge(ran: Ran, content: Any) -> None:
    """Write into `ran` what ran and what came out."""
    code, shown = _code(content.cells), outputs_by_kind(content)
    ran.cells, done = len(code), sum(cell.execution_count is not None for cell in code)
    # a kernel that dies may not have sent the count of its last cell
    started = [c for c in content.cells if c.metadata.get("papermill", {}).get("start_time")]
    ran.last_cell = max(done, len(_code(started)))
    declared = content.metadata.get("workbench", {})
    ran.expected = [f"{kind} {name}" for kind in KINDS for name in declared.get(f"{kind}s", [])]
    named = {
        kind: {str(data["name"]) for data in shown.get(kind, ()) if "name" in data}
        for kind in (*KINDS, NotAvailable.kind)
    }
    ran.produced = sorted(f"{kind} {name}" for kind in KINDS for name in named[kind])
    absent = {f"{kind} {name}" for kind in KINDS for name in named[NotAvailable.kind]}
    lacking = [name for name in ran.expected if name not in {*ran.produced, *absent}]
    # papermill takes ``sys.exit(0)`` for no error
    errors = [out for cell in code for out in cell.outputs if out.output_type == "error"]
    faults = [_sentence(f"{error.ename}: {error.evalue}") for error in errors]
    if done < ran.cells:
        faults += [localize("only {done} of {cells} cells ran", done=done, cells=ran.cells)]
    if lacking:
        faults += [localize("declared but not produced: {lacking}", lacking=lacking)]
    if ran.ok and faults:
        ran.fail(faults[0])


def _joined(outputs: list[Any]) -> list[Any]:
    """What is printed at once in one piece: into how many it was sent follows from the clock."""
    joined: list[Any] = []
    for output in outputs:
        if joined and output.get("name") and joined[-1].get("name") == output["name"]:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _code(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]


def _mark(content: Any, ran: Ran) -> None:
    """Say in the executed notebook itself that it is not complete."""
    content.metadata.setdefault("papermill", {})["exception"] = True
    if any(ERROR_TAG in cell.metadata.get("tags", []) for cell in content.cells):
        return  # papermill has marked it
    note = nbformat.v4.new_markdown_cell(f"**{localize(ran.status)}**: {escape(ran.error)}")
    note.metadata["tags"] = [ERROR_TAG]
    content.cells.insert(0, note)


def _sentence(text: str) -> str:
    return " ".join(text.split())[:300]


# --- those of a plan -----------------------------------------------------------------------------


def clean(wave: str) -> None:
    """Clean the data of a wave if they changed; two processes that want to wait for each other."""
    with one_at_a_time(paths.processed(wave)):
        prepared(wave)


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
        keep_only(part, {name for name, folder in valid.items() if folder == part})
        (part / "notebooks").mkdir(parents=True, exist_ok=True)
        clean(plan.edition.wave)
        runs = {n.name: _before(plan, n, todo, valid) for n in plan.notebooks}
        record = publication.record_of(plan, runs, started)
        record.facts["kernels"] = "forked" if kernels.fork else "plain"
        record.status = Status.RUNNING
        runner = Runner(plan, record, kernels)
        runner.run_all(todo, jobs)
        runner.refuse(plan.changed(record.notebooks))
        if plan.edition.audience != "internal":  # what is past its own folder may hold answers
            keep_only(part, {*runner.runs}, pages=True)
        publication.finish(record, started)
        publication.publish_run(plan, record, pdf=pdf, word=word)
    except BaseException:
        # leave what is complete, and a record that says so, or nothing
        left = RunFolder(part)
        complete = {ran.name for ran in left.notebooks.values() if ran.ok}
        try:
            keep_only(part, complete)
            write_record({**left.record, "status": Status.KILLED}, part)
        except OSError:
            complete = set()
        if not complete:
            shutil.rmtree(part, ignore_errors=True)
        raise
    return record


def _before(plan: Plan, notebook: Notebook, todo: list[Notebook], valid: Mapping[str, Path]) -> Ran:
    """The state of a notebook before the run: to do, skipped, or taken from where it is valid."""
    name, part = notebook.name, plan.edition.part
    ran = Ran(name, notebook.title, f"{name}.html", plan.keys[name])
    ran.parameters = plan.parameters(notebook)
    if notebook in todo:
        return ran
    if name not in valid:
        ran.status, ran.error = Status.SKIPPED, localize("not asked for (--only)")
        return ran
    earlier = RunFolder(valid[name])
    known = earlier.notebooks[name]
    known = replace(known, title=notebook.title, reused=True)  # others may have come or gone
    if valid[name] != part:
        places = {file: f"{WORK}/{name}/{file}" for file in known.files}
        targets = [f"notebooks/{name}.ipynb", *places.values()]
        for source, place in zip(known.written(), targets, strict=True):
            (part / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(valid[name] / source, part / place)
            if earlier.hashes.get(source) not in (None, hash_file(part / place)):  # saved since
                known.fail(localize(CHANGED, changed=[source]))
        known.files = places
    return known


class Runner:
    """Runs notebooks side by side, each when those it needs are complete."""

    def __init__(self, plan: Plan, record: RunRecord, kernels: Kernels) -> None:
        self.plan, self.record, self.part = plan, record, plan.edition.part
        self.runs = {ran.name: ran for ran in record.notebooks}
        self.kernels = kernels
        self.made: dict[str, dict[str, str]] = {}  # the files of each notebook, with their hashes
        leads = {n.name: n.words["lead"] for n in plan.notebooks if n.words.get("lead")}
        leads = {name: text[plan.edition.language] for name, text in leads.items()}
        self.context = {**publication.context(plan.edition, record.facts), "leads": leads}

    def run_all(self, todo: list[Notebook], jobs: int) -> None:
        """Run all, first what others need, then what shows most, which takes longest."""
        needed = [name for notebook in todo for name in notebook.declares.get("needs", [])]
        shows = {n.name: n.declares.get("figures", []) + n.declares.get("tables", []) for n in todo}
        self.waiting = sorted(todo, key=lambda n: (-needed.count(n.name), -len(shows[n.name])))
        self.reused = [ran for ran in self.runs.values() if ran.reused]  # pages to be made
        self.progress = Progress(len(todo), Message("notebooks"))
        self.record.write(self.part)
        results = in_threads(self._ready, jobs, self.kernels, self.progress.tell)
        with contextlib.closing(results) as ended:
            for ran in ended:
                # what became of it counts from here on, whatever happens to this process
                self.runs[ran.name] = ran
                self.record.notebooks = list(self.runs.values())
                self.record.facts[FILES] = self.record.facts.get(FILES, {}) | self.made[ran.name]
                self.record.write(self.part)
        for notebook in self.waiting:  # they need one another
            self._skip(notebook, self._obstacle(notebook))
        self.progress.close()
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
            ran.error = localize("{name} is not complete", name=obstacle.name)

    def _obstacle(self, notebook: Notebook) -> Ran | None:
        """The first notebook that it needs and that is not complete (or was not asked for)."""
        needed = (self.runs.get(name) for name in notebook.declares.get("needs", []))
        return next((ran for ran in needed if ran and not ran.ok and not ran.not_asked), None)

    def _run(self, notebook: Notebook) -> Ran:
        ran = replace(self.runs[notebook.name], files={})
        self.progress.begin(ran.name)
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
            known=self.plan.known(notebook),
        )
        self._collect(ran, folder, values, wrote)
        report = self.plan.edition.folder
        if own := [name for name in ran.reads if (paths.root() / name).is_relative_to(report)]:
            why = "{name} is of the report that this run replaces: compute it in this notebook"
            ran.fail(localize(why, name=own[0]))
        self._page(ran)
        if ran.ok:
            paths.settle(self.part / file for file in [*ran.written(), ran.html])
        self.progress.end(ran.name)
        return ran

    def refuse(self, changed: Mapping[str, list[str]]) -> None:
        """Fail the notebooks whose inputs changed during the run: name -> what changed.

        And those whose files are no longer as they left them: another one wrote past its folder.
        """
        for ran in self.record.notebooks:
            made = self.made.get(ran.name, {})
            lost = [file for file, digest in made.items() if hash_file(self.part / file) != digest]
            if lost:
                (self.part / ran.written()[0]).unlink(missing_ok=True)
                ran.files = {}
                ran.fail(
                    localize("another notebook wrote over its {name}", name=Path(lost[0]).name)
                )
            if ran.name in changed and not ran.not_asked:
                ran.lacks = ""
                ran.fail(localize(CHANGED, changed=changed[ran.name]))
            if lost or (ran.name in changed and not ran.not_asked):
                self._page(ran)
        self.record.write(self.part)

    def _page(self, ran: Ran) -> Ran:
        if not ran.not_asked:
            publication.write_page(ran, self.part, self.context)
            files = [*ran.written(), ran.html]
            self.made[ran.name] = {file: hash_file(self.part / file) for file in files}
        return ran

    def _collect(self, ran: Ran, folder: Path, values: Mapping[str, Any], wrote: Set[str]) -> None:
        """Note the files that the notebook wrote; none may hold a secret.

        In an edition for others none may come from elsewhere than the survey (`wrote`): it may hold
        answers.
        """
        if folder.is_symlink():  # what lies there is no file of the run, to be moved or removed
            folder.unlink()
            ran.fail(localize("{name} is a link: copy what it leads to", name="output"))
        open_up(folder)
        others = self.plan.edition.audience != "internal" and not self.plan.wave.get("named")
        secrets = {value.encode(): secret for value, secret in parameters.secrets(values).items()}
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = file.relative_to(folder).as_posix()
            if (legible := name.encode(errors="replace").decode()) != name:
                file.unlink()
                ran.fail(localize("{name} has a name that is no UTF-8", name=legible))
            elif file.is_symlink():  # to what may change, or is on this machine alone
                file.unlink()
                ran.fail(localize("{name} is a link: copy what it leads to", name=name))
            elif held := [
                secret for value, secret in secrets.items() if value in file.read_bytes()
            ]:
                file.unlink()
                why = "{name} holds the value of {secret}"
                ran.fail(localize(why, name=name, secret=held[0]))
            elif others and str(file) not in wrote:
                file.unlink()
                why = (
                    "{name} did not come through the survey, and this edition is for others: write "
                    "it by `gallery.table` or `gallery.show`, or for the internal edition alone"
                )
                ran.fail(localize(why, name=name))
            elif not file.name.endswith(".part"):
                ran.files[name] = f"{WORK}/{ran.name}/{name}"
