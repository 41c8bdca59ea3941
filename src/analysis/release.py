"""The record of a run and its publication: complete and swapped in whole, or not at all."""

from __future__ import annotations

import datetime as dt
import json
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat.v4

from analysis import pages, paths, publish
from analysis.findings import SEVERITIES
from analysis.refresh import Edition, Plan, Ran, RunRecord, commit, hash_file, last_record
from analysis.survey import Survey

PACKAGES = ("pandas", "scikit-learn", "seaborn", "matplotlib", "papermill", "nbconvert", "kmedoids")


def record_of(plan: Plan, runs: dict[str, Ran], started: float) -> RunRecord:
    """What became of the run, with everything that it depended on."""
    ordered = [runs[n.stem] for n in plan.notebooks]
    good = [ran.status == "ok" for ran in ordered]
    worst = [s for s in ("killed", "timed_out") if any(r.status == s for r in ordered)]
    status = "ok" if all(good) else worst[0] if worst else "partial" if any(good) else "failed"
    folder = paths.raw(plan.edition.wave)
    facts = {
        "wave_title": plan.content.get("title"),
        "as_of": str(plan.content.get("as_of")),
        "publisher": plan.content.get("publisher"),
        "invented": plan.content.get("data") == "invented",
        "parameters": plan.shown_parameters(),
        "sample": _sample(plan.edition.wave),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started, 2),
        "inputs": {
            p.relative_to(folder).as_posix(): hash_file(p)
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }
        if plan.edition.audience == "internal"
        else {},
        "data_sha256": plan.parts["the data of the wave"],
        "code_sha256": plan.parts["the package"],
        "lock_sha256": plan.parts["requirements.lock"],
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "machine": f"{platform.system()} {platform.machine()}",
        "before": _before(plan.edition),
    }
    edition = plan.edition
    return RunRecord(
        edition.wave,
        edition.audience,
        edition.language,
        status,
        ordered,
        facts,
        str(edition.folder),
    )


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


def context(plan: Plan, record: RunRecord) -> dict[str, Any]:
    """What the pages say of the run."""
    edition, facts = plan.edition, record.facts
    return {
        "wave": edition.wave,
        "wave_title": facts["wave_title"],
        "as_of": facts["as_of"],
        "publisher": facts["publisher"],
        "audience": edition.audience,
        "language": edition.language,
        "invented": facts["invented"],
        "parameters": facts["parameters"],
        "data_sha256": facts["data_sha256"][:16],
        "code_sha256": facts["code_sha256"][:16],
        "commit": facts["commit"],
        "date": facts["finished"][:10],
        "command": _command(edition),
        "before": facts["before"],
    }


def _command(edition: Edition) -> str:
    options = "" if edition.audience == "internal" else f" --audience {edition.audience}"
    options += "" if edition.language == "ja" else f" --language {edition.language}"
    return f"workbench refresh {edition.wave}{options}"


def publish_run(plan: Plan, record: RunRecord, part: Path, pdf: bool) -> None:
    """Write pages, index and record; swap them in, or beside the last good run if incomplete."""
    about = context(plan, record)
    for ran in record.notebooks:
        executed, target = part / "notebooks" / f"{ran.name}.ipynb", part / ran.html
        if plan.edition.audience != "internal" and executed.is_file():
            scrub(executed)
        if ran.status == "ok":
            publish.export(executed, target, context=about)
        else:
            title = ran.title[plan.edition.language]
            publish.error_page(target, title=title, sentence=ran.error, context=about)
    entries = [vars(ran) for ran in record.notebooks]
    pages.write_index(part, entries, about)
    book = paths.codebooks() / f"{plan.content.get('codebook')}.yml"
    if book.is_file():
        shutil.copy2(book, part / "codebook.yml")  # what a comparison with this run needs
    paths.write_atomic(
        part / "run.json", json.dumps(record.as_json(), ensure_ascii=False, indent=1) + "\n"
    )
    if pdf:
        for page in sorted(part.glob("*.html")):
            publish.print_pdf(page, page.with_suffix(".pdf"))
    final = plan.edition.folder
    if not record.ok and _good(final):
        # the last complete report stays where people look; the incomplete one stands beside it
        final = final.with_name(f"{final.name}.incomplete")
        record.folder = str(final)
    paths.swap_folder(part, final)
    if record.ok:
        shutil.rmtree(final.with_name(f"{final.name}.incomplete"), ignore_errors=True)
    pages.write_waves(paths.reports())


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


def _good(folder: Path) -> bool:
    file = folder / "run.json"
    return file.is_file() and json.loads(file.read_text(encoding="utf-8"))["status"] == "ok"
