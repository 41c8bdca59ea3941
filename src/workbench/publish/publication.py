"""What a run leaves: its record with all facts, its pages, and their publication as a whole."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import shlex
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat.v4
import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis import fingerprints, paths
from analysis.cleaning import store
from analysis.cleaning.findings import SEVERITIES
from analysis.cleaning.respondents import invited
from analysis.errors import InputError, Message, localize, refusal
from analysis.show import outputs_in
from analysis.spreadsheet import to_csv
from analysis.text import LANGUAGES, label, labels
from workbench.publish import index
from workbench.publish.page import OURS, export, page_context, rendered
from workbench.run.plan import CODEBOOK, DATA, PACKAGE, Plan, codebook
from workbench.run.progress import Progress
from workbench.run.record import (
    RECORD,
    STATE,
    Edition,
    Ran,
    RunFolder,
    RunRecord,
    Status,
    link_to_profiles,
    swap_in,
)

# what a run writes beside the files of its notebooks, compared in lower case; a page's PDF, too
OWN_FILES = {
    *("index.html", RECORD, "codebook.yml", "report.docx", "report.pdf", "tables.xlsx"),
    *("figures/index.html", "results/codes.csv"),
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WORK = "work"  # each notebook writes into a folder of its own below it
_rendering = threading.Lock()  # one exporter for all


def record_of(plan: Plan, runs: Mapping[str, Ran], started: float) -> RunRecord:
    """The record of a run with everything that its results depend on."""
    edition = plan.edition
    internal = edition.audience == "internal"  # file names and hashes of answers stay inside
    seeds = sorted({ran.parameters["seed"] for ran in runs.values() if "seed" in ran.parameters})
    git = fingerprints.revision()
    last = RunFolder(edition.folder, edition).record
    fields = ("finished", "status", "data_sha256", "code_sha256", "commit")
    earlier = [{name: last.get(name, "") for name in fields}] if last else []
    before = [*earlier, *last.get("before", [])][:10]  # the latest first
    facts = {
        "wave_title": plan.wave.get("title"),
        "as_of": str(plan.wave.get("as_of")),
        "publisher": plan.wave.get("publisher"),
        "mode": plan.wave.get("mode"),
        "invented": plan.wave.get("data") == "invented",
        "named": bool(plan.wave.get("named")),
        "own_register": bool(plan.wave.get("register")),
        "parameters": plan.shown(plan.settings),
        "sample": _sample(plan),
        "seed": seeds[0] if len(seeds) == 1 else seeds,
        "inputs": plan.files[DATA] if internal else {},
        "data_sha256": plan.common[DATA],
        "codebook_sha256": plan.common[CODEBOOK],
        "notebooks_sha256": {n.name: fingerprints.source_hash(n.content) for n in plan.notebooks},
        "code": plan.files[PACKAGE],
        "code_sha256": plan.common[PACKAGE],
        "lock_sha256": plan.common["requirements.lock"],
        STATE: plan.state,
        "commit": git["commit"],
        "tree_clean": git["clean"],
        "versions": fingerprints.installed(),
        "machine": {
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cores": os.cpu_count(),
        },
        "before": before,
    }
    ran = [runs[n.name] for n in plan.notebooks]
    record = RunRecord(edition, Status.RUNNING, ran, facts, str(edition.folder))
    finish(record, started)
    return record


def finish(record: RunRecord, started: float) -> None:
    """Status and time of the run, from those of its notebooks."""
    states = {ran.status for ran in record.notebooks}
    stopped = [status for status in (Status.KILLED, Status.TIMED_OUT) if status in states]
    otherwise = Status.PARTIAL if Status.OK in states else Status.FAILED
    record.status = Status.OK if states <= {Status.OK} else (stopped or [otherwise])[0]
    record.facts["finished"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    record.facts["seconds"] = round(time.monotonic() - started, 2)


def _sample(plan: Plan) -> dict[str, int]:
    """How many were invited and replied, and the findings by severity: counts, for any audience."""
    cleaned, about, _ = store.replies(plan.edition.wave)
    if store.key(about) != plan.inputs[about.name]:  # saved since, and perhaps put back later
        raise refusal("wave.changed_in_use", wave=about.name)
    counts = cleaned.findings["severity"].value_counts()
    invitations = {} if (n := invited(about, cleaned.register)) is None else {"invited": n}
    severities = {severity: int(counts.get(severity, 0)) for severity in SEVERITIES}
    return {**invitations, "replied": len(cleaned.responses), **severities}


def context(edition: Edition, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the pages state of the run."""
    parameters = facts["parameters"].items()
    given = "".join(f" -p {name} {shlex.quote(str(value))}" for name, value in parameters)
    stated = ("wave_title", "as_of", "publisher", "mode", "invented", "named", "own_register")
    return {
        **asdict(edition),
        **{name: facts.get(name) for name in (*stated, "parameters", "before", "sample")},
        "data_sha256": facts["data_sha256"][:16],
        "code_sha256": facts["code_sha256"][:16],
        "commit": facts["commit"][:10] + ("+" if facts["tree_clean"] is False else ""),
        "date": facts["finished"][:10],
        "command": f"workbench refresh {edition.wave}{edition.as_options}{given}",
        "profiles": link_to_profiles(edition, facts),
    }


def write_page(ran: Ran, part: Path, context: Mapping[str, Any]) -> None:
    """The page of one notebook; of one that is not complete, a page that says so."""
    executed, target = part / "notebooks" / f"{ran.name}.ipynb", part / ran.html
    language = context["language"]
    with _rendering:
        if context["audience"] != "internal" and executed.is_file():
            scrub(executed)
        if ran.ok:
            try:
                export(executed, target, context={"title": ran.title[language], **context})
                return
            except OSError:
                raise  # the disk, not the notebook
            except Exception as error:  # whatever a notebook showed: the others are published
                what = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
                ran.fail(localize("its page cannot be made: {fault}", fault=f"{what}{error}"))
        page = page_context(context, title=ran.title[language])
        sentence, link = page["words"]["failed"], ""
        if context["audience"] == "internal":  # what went wrong may quote an answer
            sentence += f"{'：' if language == 'ja' else ': '}{reason(ran, language)}"
            link = quote(executed.relative_to(part).as_posix()) if executed.is_file() else ""
        paths.write_atomic(target, rendered("failed", page, sentence=sentence, executed=link))


def reason(ran: Ran, language: str) -> str:
    """Why a notebook is not complete, in the language of its page; Python's errors as they are."""
    if ran.lacks:
        return label("not_run.lacks", language, name=ran.lacks)
    if ran.not_asked:
        return label("not_run.not_asked", language)
    text = labels("not_run", language).get(ran.status, ran.status)
    if ran.cells:
        text += label("not_run.cell", language, at=ran.last_cell, of=ran.cells)
    return f"{text}: {ran.error}" if ran.error else text


def publish_run(plan: Plan, record: RunRecord, *, pdf: bool, word: bool) -> None:
    """Write index and record beside the pages, and swap all in.

    A run that is not complete is published beside the last complete one, which stays where it is.

    Raises OSError: the disk is full or cannot be written. InputError: the codebook is another now.
    """
    edition, part = plan.edition, plan.edition.part
    for ran in record.notebooks:
        _gather(ran, part)
    shutil.rmtree(part / WORK, ignore_errors=True)
    _explain(part / "results")
    about = {**context(edition, record.facts), "pdf": pdf}
    listed = [{**vars(ran), "error": reason(ran, edition.language)} for ran in record.notebooks]
    good = [ran.html for ran in record.notebooks if ran.ok]
    complete = [part / name for name in sorted(good, key=index.is_cleaning)]
    if pdf or word:
        from workbench.publish import paper  # loads for a second

        pages = {"index.html", *(page.name for page in part.glob("*.html"))}
        progress = Progress(word + pdf * (len(pages) + 1), Message("files for paper"))
    if word:
        content = paper.document(complete, page_context(about))
        paths.write_atomic(part / "report.docx", content)
        progress.end()
        progress.tell()
    if (book := codebook(plan.wave)).is_file():  # for comparisons with this run
        paths.write_atomic(part / "codebook.yml", book.read_bytes())
    if fingerprints.hash_file(part / "codebook.yml") != plan.common[CODEBOOK]:
        raise refusal("wave.changed_in_use", wave=edition.wave)
    index.write_index(part, listed, about)
    if pdf:
        for page in sorted(part.glob("*.html")):
            paper.print_page(page, page.with_suffix(".pdf"), date=about["date"])
            progress.end()
            progress.tell()
        every = [part / "index.html", *complete]
        paper.print_whole(every, part / "report.pdf", date=about["date"])
    if pdf or word:
        progress.close()
    swap_in(record, edition)
    index.write_waves(paths.reports())


def _gather(ran: Ran, part: Path) -> None:
    """Move the files of a notebook to where readers look; another may have used the same name."""
    for name, place in ran.files.items():
        target = part / name
        own = {WORK, *OWN_FILES}
        above = Path(name).parents
        if any((part / f).is_file() or f.as_posix().casefold() in own for f in above):
            target = part / f"{ran.name}-{name}"
        while _is_taken(target, part, by=part / place):
            target = target.with_name(f"{ran.name}-{target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        (part / place).replace(target)
        ran.files[name] = target.relative_to(part).as_posix()


def _is_taken(target: Path, part: Path, by: Path) -> bool:
    """Whether a place in a run folder is for another file than `by`: there, or written later."""
    own = target.relative_to(part).as_posix().casefold() in OWN_FILES
    printed_page = target.suffix == ".pdf" and target.with_suffix(".html").is_file()
    other = target.is_file() and target.read_bytes() != by.read_bytes()
    return own or printed_page or other or target.is_dir()


def _explain(results: Path) -> None:
    """codes.csv beside the results, in which ids are the headings: what each means, its unit."""
    numeric: dict[str, bool] = {}
    for file in sorted(results.rglob("*.csv")):
        try:
            frame = pd.read_csv(file)
        except ValueError:  # a notebook wrote it by itself, with nothing in it or not in UTF-8
            continue
        for name in map(str, frame):
            numeric[name] = numeric.get(name, False) or is_numeric_dtype(frame[name])
    columns = {"variable": [*numeric]}
    for language in LANGUAGES:
        known, units = dict[str, str](), labels("unit_of", language)
        for section in ("status", "severity", "column", "result"):
            known |= labels(section, language)
        ids = {name: re.sub(r"^in_\d+$", "in", name) for name in numeric}
        columns[language] = [known.get(id, id) for id in ids.values()]
        columns[f"unit_{language}"] = [
            units.get(name, units["stability"]) if number else ""
            for name, number in numeric.items()
        ]
    if numeric:
        paths.write_atomic(results / "codes.csv", to_csv(pd.DataFrame(columns)))


def scrub(executed: Path) -> None:
    """Leave in an executed notebook only what its page shows, for the editions outside.

    Removed are what libraries printed, errors (they may quote an answer), outputs that did not come
    through the survey, pictures attached to text cells, and what programs keep of themselves: the
    state of widgets, authors, papermill's record with parameters and folders of this machine.
    """
    notebook = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
    for name in notebook.metadata.keys() - {"language_info", "workbench"}:
        del notebook.metadata[name]
    notebook.metadata["kernelspec"] = {**KERNEL}  # and not the one of this machine's user
    dropped = {"injected-parameters", "papermill-error-cell-tag"}
    notebook.cells = [c for c in notebook.cells if not dropped & {*c.metadata.get("tags", [])}]
    for cell in notebook.cells:
        cell.pop("attachments", None)
        for name in cell.metadata.keys() - {"tags"}:
            del cell.metadata[name]
        if cell.cell_type == "code":
            results = ("display_data", "execute_result")
            cell.outputs = [output for output in cell.outputs if output.output_type in results]
            for output in cell.outputs:
                if not any(kind in OURS for kind, _ in outputs_in(output.data)):
                    output.data, output.metadata = {}, {}  # and the page says that it is left out
    paths.write_atomic(executed, nbformat.v4.writes(notebook) + "\n")
