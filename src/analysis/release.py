"""The record of a run and its publication: complete and swapped in whole, or not at all."""

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
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import nbformat.v4

from analysis import fingerprints, pages, paths, publish
from analysis import pdf as printing
from analysis.errors import InputError
from analysis.findings import SEVERITIES
from analysis.refresh import Plan
from analysis.runs import LEFT_OUT, Edition, Ran, RunRecord, last_record, read_record, write_record
from analysis.survey import Survey

_rendering = threading.Lock()  # one exporter for all
STATES = {
    "ja": {
        "failed": "エラーで止まりました",
        "timed_out": "時間切れで打ち切りました",
        "killed": "途中で強制終了されました",
        "skipped": "実行していません",
        "lacks": "「{}」が完成していないため、実行していません",
        "left_out": "今回の実行の対象（--only）に含まれていません",
        "cell": "（{of}個のセルのうち{at}個目まで）",
    },
    "en": {
        "failed": "it stopped with an error",
        "timed_out": "its time was over",
        "killed": "it was killed",
        "skipped": "it was not run",
        "lacks": "it was not run, because {} is not complete",
        "left_out": "it was not asked for (--only)",
        "cell": " (cell {at} of {of})",
    },
}


def record_of(plan: Plan, runs: Mapping[str, Ran], started: float) -> RunRecord:
    """What became of the run, with everything that it depended on."""
    edition = plan.edition
    internal = edition.audience == "internal"  # file names and hashes of answers stay inside
    seeds = sorted({ran.parameters["seed"] for ran in runs.values() if "seed" in ran.parameters})
    git = fingerprints.revision()
    facts = {
        "wave_title": plan.content.get("title"),
        "as_of": str(plan.content.get("as_of")),
        "publisher": plan.content.get("publisher"),
        "invented": plan.content.get("data") == "invented",
        "parameters": plan.shown(plan.given),
        "sample": _sample(edition.wave),
        "seed": seeds[0] if len(seeds) == 1 else seeds,
        "inputs": plan.files.get("the data of the wave", {}) if internal else {},
        "data_sha256": plan.parts["the data of the wave"],
        "codebook_sha256": plan.parts["the codebook"],
        "notebooks_sha256": {n.stem: fingerprints.source_hash(n) for n in plan.notebooks},
        "code": plan.files.get("the package", {}),
        "code_sha256": plan.parts["the package"],
        "lock_sha256": plan.parts["requirements.lock"],
        "commit": git["commit"],
        "tree_clean": git["clean"],
        "versions": versions(),
        "machine": {
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cores": os.cpu_count(),
        },
        "before": _before(edition),
    }
    ran = [runs[n.stem] for n in plan.notebooks]
    record = RunRecord(edition, "running", ran, facts, str(edition.folder))
    finish(record, started)
    return record


def finish(record: RunRecord, started: float) -> None:
    """Status and time of the run, from those of its notebooks."""
    ran = [each.status for each in record.notebooks]
    good = [status == "ok" for status in ran]
    worst = [status for status in ("killed", "timed_out") if status in ran]
    record.status = (
        "ok" if all(good) else worst[0] if worst else "partial" if any(good) else "failed"
    )
    record.facts["finished"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    record.facts["seconds"] = round(time.monotonic() - started, 2)


def versions() -> dict[str, str]:
    """Python and the packages that this one declares, as installed."""
    found = {"python": platform.python_version()}
    for line in requires("analysis") or []:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        if "extra ==" not in line:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found


def _sample(wave: str) -> dict[str, int]:
    """Who was asked, who replied, and what cleaning found: counts only, for every audience."""
    survey = Survey.load(wave)
    counts = survey.findings["severity"].value_counts()
    asked = {} if survey.invited is None else {"invited": survey.invited}
    return {**asked, "replied": survey.n, **{k: int(counts.get(k, 0)) for k in SEVERITIES}}


def _before(edition: Edition) -> list[dict[str, Any]]:
    """The runs before this one, latest first."""
    last = last_record(edition)
    if last is None:
        return []
    kept = ("finished", "status", "data_sha256", "code_sha256", "commit")
    return [{name: last.get(name, "") for name in kept}, *last.get("before", [])][:10]


def context(edition: Edition, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the pages say of the run."""
    told = ("wave_title", "as_of", "publisher", "invented", "parameters", "before")
    return {
        **asdict(edition),
        **{name: facts[name] for name in told},
        "data_sha256": facts["data_sha256"][:16],
        "code_sha256": facts["code_sha256"][:16],
        "commit": facts["commit"][:10] + ("+" if facts["tree_clean"] is False else ""),
        "date": facts["finished"][:10],
        "command": _command(edition, facts["parameters"]),
        "profiles": f"../{edition.profiles.name}/index.html"
        if edition.profiles.folder.is_dir()
        else "",
    }


def _command(edition: Edition, parameters: Mapping[str, Any]) -> str:
    options = "" if edition.audience == "internal" else f" --audience {edition.audience}"
    options += "" if edition.language == "ja" else f" --language {edition.language}"
    options += "".join(f" -p {name} {shlex.quote(str(v))}" for name, v in parameters.items())
    return f"workbench refresh {edition.wave}{options}"


def write_page(ran: Ran, part: Path, context: Mapping[str, Any]) -> None:
    """The page of one notebook; of one that is not complete, a page that says so."""
    executed, target = part / "notebooks" / f"{ran.name}.ipynb", part / ran.html
    with _rendering:
        if context["audience"] != "internal" and executed.is_file():
            scrub(executed)
        if ran.status == "ok":
            try:
                publish.export(executed, target, context=context)
                return
            except InputError as error:
                ran.status, ran.error = "failed", f"its page cannot be made: {error}"
        title = ran.title[context["language"]]
        copy = executed.relative_to(part).as_posix() if executed.is_file() else ""
        said = told(ran, context["language"])
        publish.error_page(target, title=title, sentence=said, context=context, executed=copy)


def told(ran: Ran, language: str) -> str:
    """Why a notebook is not complete, in the language of its page; what Python said as it is."""
    words = STATES[language]
    if ran.lacks:
        return words["lacks"].format(ran.lacks)
    if ran.error == LEFT_OUT:
        return words["left_out"]
    said = words.get(ran.status, ran.status)
    if ran.cells:
        said += words["cell"].format(at=ran.last_cell, of=ran.cells)
    return f"{said}: {ran.error}" if ran.error else said


def publish_run(plan: Plan, record: RunRecord, part: Path, pdf: bool) -> None:
    """Write index and record beside the pages, and swap all in.

    A run that is not complete stands beside the last good one, which stays where people look.
    """
    edition = plan.edition
    for ran in record.notebooks:
        _gather(ran, part)
    shutil.rmtree(part / "work", ignore_errors=True)
    about = {**context(edition, record.facts), "pdf": pdf}
    listed = [{**vars(ran), "error": told(ran, edition.language)} for ran in record.notebooks]
    pages.write_index(part, listed, about)
    book = paths.codebooks() / f"{plan.content.get('codebook')}.yml"
    if book.is_file():
        shutil.copy2(book, part / "codebook.yml")  # what a comparison with this run needs
    write_record(record.as_json(), part)
    if pdf:
        for page in sorted(part.glob("*.html")):
            printing.print_page(page, page.with_suffix(".pdf"), date=about["date"])
    final = edition.folder
    if not record.ok and (read_record(final) or {}).get("status") == "ok":
        final = edition.incomplete
        record.folder = str(final)
    paths.swap_folder(part, final)
    if final == edition.folder:
        shutil.rmtree(edition.incomplete, ignore_errors=True)
    shutil.rmtree(edition.stopped, ignore_errors=True)
    pages.write_waves(paths.reports())


def _gather(ran: Ran, part: Path) -> None:
    """Move what a notebook wrote to where readers look; two may have used one name."""
    for written, place in ran.files.items():
        target = part / written
        if target.is_file() and target.read_bytes() != (part / place).read_bytes():
            target = target.with_name(f"{ran.name}-{target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        (part / place).replace(target)
        ran.files[written] = target.relative_to(part).as_posix()


def scrub(executed: Path) -> None:
    """Leave in an executed notebook only what its page shows, for editions that leave the house.

    Out go what libraries printed, errors (they may quote an answer), and papermill's record with
    the parameters and folders of this machine.
    """
    notebook = nbformat.v4.reads(executed.read_text(encoding="utf-8"))
    notebook.metadata.pop("papermill", None)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not {"injected-parameters", "papermill-error-cell-tag"}
        & set(cell.metadata.get("tags", []))
    ]
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            kept = ("display_data", "execute_result")
            cell.outputs = [output for output in cell.outputs if output.output_type in kept]
    paths.write_atomic(executed, nbformat.v4.writes(notebook) + "\n")
