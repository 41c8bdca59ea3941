"""The index of a run and of all waves, and what can be downloaded from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import paths, show
from analysis.text import Language, label, labels
from workbench.publish.page import key_figure, page_context, rendered
from workbench.publish.spreadsheet import archive, workbook
from workbench.run.record import read_record

MOST = 10  # municipalities of the findings that the index names


def outputs(notebook: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What an executed notebook shows, in order, by kind (answer, figure, table ...)."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind, data in show.stored(output.get("data", {})):
                by_kind.setdefault(kind, []).append(data)
    return by_kind


def write_index(
    folder: Path, notebooks: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> None:
    """Write index.html, figures.zip and tables.xlsx of a run folder.

    `notebooks`: per notebook ``name, title {ja, en}, status, error, html`` in order; its executed
    copy stands in ``notebooks/NAME.ipynb``. ``context["before"]``: the runs before this, latest
    first, each with ``finished, status, data_sha256``; ``context["pdf"]``: pages are printed too.
    """
    language = context["language"]
    words = labels("index", language)
    cards: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    findings: dict[str, Any] = {}
    title = str((context.get("wave_title") or {}).get(language, context["wave"]))
    about = page_context(context, title=title, site=words["index"], contents=True)
    for entry in notebooks:
        if entry["status"] == "skipped" and not entry.get("lacks"):
            continue  # not asked for (--only)
        made: dict[str, list[dict[str, Any]]] = {}
        if entry["status"] == "ok":
            executed = folder / "notebooks" / f"{entry['name']}.ipynb"
            made = outputs(json.loads(executed.read_text(encoding="utf-8")))
        tables += made.get("table", [])
        for table in made.get("table", []):
            if table["name"] == "to_ask" and table["n"]:
                findings = _findings(table, entry["html"], words)
        cards.append(_card(entry, made, about))
    downloads = {}
    if any((folder / "figures").glob("*")):
        paths.write_atomic(folder / "figures.zip", archive(sorted((folder / "figures").iterdir())))
        downloads["figures.zip"] = words["figures"]
    if tables:
        paths.write_atomic(folder / "tables.xlsx", workbook(tables, language))
        downloads["tables.xlsx"] = words["tables"]
    downloads["run.json"] = words["record"]
    page = rendered(
        "run",
        about,
        words=words,
        cards=cards,
        findings=findings,
        profiles=context.get("profiles", ""),
        downloads=downloads,
        before=_history(about, words),
    )
    paths.write_atomic(folder / "index.html", page)


def _card(
    entry: Mapping[str, Any],
    made: Mapping[str, Sequence[Mapping[str, Any]]],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """What one report answers, its key figure, and whether it is complete."""
    page, good = entry["html"], entry["status"] == "ok"
    answers, figures = made.get("answer", []), made.get("figure", [])
    key = next((figure for figure in figures if figure.get("key")), figures[0] if figures else None)
    said = not good and about["audience"] == "internal"  # an error may quote an answer
    return {
        "page": page,
        "title": entry["title"].get(about["language"], entry["name"]),
        "good": good,
        "answer": answers[0]["text"] if answers else "",
        "error": entry.get("error") if said else "",
        "picture": key_figure(key, about["words"], page) if key else "",
        "pdf": Path(page).with_suffix(".pdf").name if about.get("pdf") else "",
    }


def _findings(table: Mapping[str, Any], page: str, words: Mapping[str, str]) -> dict[str, Any]:
    """Where what must be confirmed is listed and, where it is known, whom it concerns most."""
    found = {"page": f"{page}#table-to_ask", "n": table["n"], "places": ""}
    if table["columns"][1]["numeric"]:  # counts by question, for editions without single answers
        return found
    asked: dict[str, list[str]] = {}
    for row in table["rows"]:
        asked.setdefault(row[0] or words["whole"], []).append(row[1])
    ranked = sorted(asked.items(), key=lambda item: -len(item[1]))
    listed = {
        "name": "findings",
        "title": words["by_place"],
        "caption": words["of_findings"].format(n=table["n"]),
        "notes": [words["most"].format(most=MOST)] if len(ranked) > MOST else [],
        "columns": _columns(words, place=False, count=True, questions=False),
        "rows": [
            [place, str(len(ids)), "、".join(dict.fromkeys(i for i in ids if i))]
            for place, ids in ranked[:MOST]
        ],
    }
    return {**found, "places": show.table(listed)}


def _columns(words: Mapping[str, str], **numeric: bool) -> list[dict[str, Any]]:
    return [{"label": words[name], "numeric": number} for name, number in numeric.items()]


def _history(about: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The runs before as a table; empty where there are none."""
    runs = about.get("before") or []
    if not runs:
        return ""
    now = str(about["data_sha256"])
    listed = {
        "name": "before",
        "title": words["before"],
        "caption": words["runs"].format(n=len(runs)),
        "notes": [],
        "columns": _columns(words, made=False, state=False, data=False, hash=False),
        "rows": [
            [
                str(run["finished"])[:16].replace("T", " "),
                words["ok"] if run["status"] == "ok" else words["failed"],
                words["same"] if str(run["data_sha256"]).startswith(now) else words["other"],
                str(run["data_sha256"])[: len(now)],
            ]
            for run in runs
        ],
    }
    return show.table(listed)


def write_waves(reports: Path) -> None:
    """The list of all waves and their editions at the top of the reports folder."""
    waves: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for folder in sorted(reports.glob("[!.]*")):
        run = read_record(folder)
        if run is not None:
            waves.setdefault(run["wave"], []).append((folder.name, run))
    known = {run["language"] for editions in waves.values() for _, run in editions}
    language: Language = "en" if known == {"en"} else "ja"
    words = labels("index", language)
    latest = sorted(
        waves.values(), key=lambda editions: str(editions[0][1].get("as_of")), reverse=True
    )
    page = page_context({"language": language}, title=words["all"], site="")
    listed = [_wave(editions, language, words) for editions in latest]
    paths.write_atomic(reports / "index.html", rendered("waves", page, words=words, waves=listed))


def _wave(
    editions: Sequence[tuple[str, Mapping[str, Any]]], language: Language, words: Mapping[str, str]
) -> dict[str, Any]:
    """One wave: its title, what it describes, and its editions, the narrowest audience first."""
    run = editions[0][1]
    facts = [run["wave"], words["as_of"].format(date=run.get("as_of", ""))]
    facts += [label("page.invented_short", language)] if run.get("invented") else []
    audiences, languages = labels("audience", language), labels("language", language)
    ranks = {audience: rank for rank, audience in enumerate(audiences)}
    ordered = sorted(
        editions, key=lambda e: (ranks[e[1]["audience"]], e[1]["language"] != "ja", e[0])
    )
    return {
        "title": (run.get("wave_title") or {}).get(language) or run["wave"],
        "facts": facts,
        "editions": [
            {
                "folder": name,
                "labels": [audiences[run["audience"]], languages[run["language"]]]
                + [words["profiles"]] * bool(run.get("members")),
                "made": str(run.get("finished", ""))[:10],
                "state": words["ok"] if run["status"] == "ok" else words["failed"],
            }
            for name, run in ordered
        ],
    }
