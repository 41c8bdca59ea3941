"""The index of a run and of all waves, and what can be downloaded from them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from analysis import paths, show
from analysis.codebook.model import Codebook
from analysis.codebook.questions import labelled_codes
from analysis.text import Language, label, labels, say
from workbench.publish.page import figure, markdown, page_context, rendered
from workbench.publish.spreadsheet import archive, workbook
from workbench.run.record import all_waves, read_record

MOST_FINDINGS = 5  # that the summary gives
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
    """Write index.html, a summary on one sheet and then the pages; figures.zip and tables.xlsx.

    What the summary says is taken from the notebooks. Their metadata rank their answer among the
    findings (``finding``, False for none), and cells tagged ``summary-next`` and ``summary-limits``
    say what to do next and what cannot be said.

    Parameters
    ----------
    folder : of the run; the executed copy of a notebook stands in ``notebooks/NAME.ipynb``.
    notebooks : per notebook ``name, title {ja, en}, status, error, html`` in order.
    context : see `workbench.publish.release.context`; with ``before`` (the runs before this, latest
        first, each with ``finished, status, data_sha256``), ``sample`` (``invited, replied``) and
        ``pdf`` (pages are printed too).
    """
    language = context["language"]
    words = labels("index", language)
    title = str((context.get("wave_title") or {}).get(language, context["wave"]))
    about = page_context(context, title=title, site=words["index"])
    asked = [e for e in notebooks if e["status"] != "skipped" or e.get("lacks")]  # --only
    shown = [_Shown(entry, folder, language) for entry in asked]
    tables = [(one, table) for one in shown for table in one.made.get("table", [])]
    to_ask = [(one, table) for one, table in tables if table["name"] == "to_ask" and table["n"]]
    ordered = sorted(shown, key=lambda one: is_cleaning(one.entry["name"]))
    ranked = sorted((one for one in ordered if one.rank is not False), key=lambda one: one.rank)
    results: dict[str, dict[str, str]] = {}  # each said once
    for one in ranked:
        if one.answer:
            results.setdefault(one.answer, {"text": one.answer, **one.link})
    page = rendered(
        "run",
        about,
        words=words,
        about=_about(about),
        key=_key_figure(ranked, about),
        results=[*results.values()][:MOST_FINDINGS],
        next=_tagged(ordered, "summary-next"),
        visits=_tagged(ordered, "summary-visits"),
        limits=_tagged(ordered, "summary-limits"),
        cards=[_card(one, about) for one in ordered],
        findings=_findings(*to_ask[-1], words) if to_ask else {},
        profiles=context.get("profiles", ""),
        downloads=_downloads(folder, [table for _, table in tables], about),
        before=_history(about, words),
    )
    paths.write_atomic(folder / "index.html", page)


def is_cleaning(name: str) -> bool:
    """Whether a notebook or page says how the data were cleaned, which a reader is told last."""
    return name.startswith("01_")


class _Shown:
    """A notebook of the run and what it shows; nothing where it is not complete."""

    def __init__(self, entry: Mapping[str, Any], folder: Path, language: str) -> None:
        self.entry, self.good = entry, entry["status"] == "ok"
        executed = folder / "notebooks" / f"{entry['name']}.ipynb"
        empty: dict[str, Any] = {"cells": [], "metadata": {}}
        book = json.loads(executed.read_text(encoding="utf-8")) if self.good else empty
        self.cells, self.made = book["cells"], outputs(book)
        self.answer = next((answer["text"] for answer in self.made.get("answer", [])), "")
        self.rank = book["metadata"].get("workbench", {}).get("finding", MOST_FINDINGS)
        self.link = {"page": entry["html"], "title": entry["title"].get(language, entry["name"])}


def _about(about: Mapping[str, Any]) -> str:
    """Who asked whom, as of when and how, and how many replied."""
    sample, language = about.get("sample") or {}, about["language"]
    if "replied" not in sample:
        return ""
    values = {name: (about.get(name) or {}).get(language, "") for name in ("publisher", "mode")}
    values |= {"asked": sample.get("invited"), "replied": sample["replied"]}
    values |= {"as_of": str(about.get("as_of", "")), "published": bool(about.get("named"))}
    return markdown(say("index/about", language, **values))


def _tagged(shown: Sequence[_Shown], tag: str) -> list[dict[str, str]]:
    """The first paragraph, or the first item of a list, of the cells with a tag, and their page."""
    found = []
    for one in shown:
        cells = [c for c in one.cells if tag in c.get("metadata", {}).get("tags", [])]
        made = outputs({"cells": cells})
        texts = [answer["text"] for answer in made.get("answer", [])]
        texts += [prose["markdown"] for prose in made.get("prose", [])]
        if texts:
            first = re.split(r"\n\n|\n- ", texts[0].strip().removeprefix("- "))[0]
            text = Markup(re.sub(r"^<p>|</p>\s*$", "", markdown(first)))
            found.append({"text": text, **one.link})
    return found


def _key_figure(ranked: Sequence[_Shown], about: Mapping[str, Any]) -> Markup | str:
    """The one figure of the summary: that of the page whose finding stands first, if it has one."""
    made = ((one, data) for one in ranked for data in one.made.get("figure", []))
    for one, data in made:
        if data.get("key"):
            place = f"{one.entry['html']}#figure-{show.anchor(data['name'])}"
            return figure(data, about["words"], id="", page=place)
    return ""


def _downloads(
    folder: Path, tables: Sequence[Mapping[str, Any]], about: Mapping[str, Any]
) -> dict[str, str]:
    """Files of the run and what they are; the zip and the workbook are made here."""
    language: Language = about["language"]
    words = labels("index", language)
    found = {"report.pdf": words["whole_pdf"]} if about.get("pdf") else {}
    if (folder / "report.docx").is_file():
        found["report.docx"] = words["word"]
    if any((folder / "figures").glob("*")):
        drawn = {file.name: file.read_bytes() for file in sorted((folder / "figures").iterdir())}
        paths.write_atomic(folder / "figures.zip", archive(drawn))
        found["figures.zip"] = words["figures"]
    if tables:
        codebook = folder / "codebook.yml"
        codes = labelled_codes(Codebook.read(codebook), language) if codebook.is_file() else None
        content = workbook(tables, language, title=str(about["title"]), codes=codes)
        paths.write_atomic(folder / "tables.xlsx", content)
        found["tables.xlsx"] = words["tables"]
    return {**found, "run.json": words["record"]}


def _card(one: _Shown, about: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the list: its title, what it answers, and whether it is complete."""
    said = not one.good and about["audience"] == "internal"  # an error may quote an answer
    return {
        **one.link,
        "good": one.good,
        "answer": one.answer,
        "error": one.entry.get("error") if said else "",
        "pdf": Path(one.entry["html"]).with_suffix(".pdf").name if about.get("pdf") else "",
    }


def _findings(one: _Shown, table: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Where what must be confirmed is listed and, where it is known, whom it concerns most."""
    found = {"page": f"{one.entry['html']}#table-to_ask", "n": table["n"], "places": ""}
    if table["columns"][1]["numeric"]:  # counts by question, for editions without single answers
        return found
    asked: dict[str, list[str]] = {}
    for row in table["rows"]:
        asked.setdefault(row[0] or words["whole"], []).append(row[1])
    ranked = sorted(asked.items(), key=lambda item: -len(item[1]))
    rows = [[place, str(len(ids)), "、".join(dict.fromkeys(filter(None, ids)))]
            for place, ids in ranked[:MOST]]  # fmt: skip
    found["places"] = _listed(
        words,
        rows,
        {"place": False, "count": True, "questions": False},
        name="findings",
        title=words["by_place"],
        caption=words["of_findings"].format(n=table["n"]),
        notes=[words["most"].format(most=MOST)] if len(ranked) > MOST else [],
    )
    return found


def _history(about: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The runs before as a table; empty where there are none."""
    runs, now = about.get("before") or [], str(about["data_sha256"])
    rows = [
        [
            str(run["finished"])[:16].replace("T", " "),
            words["ok"] if run["status"] == "ok" else words["failed"],
            words["same"] if str(run["data_sha256"]).startswith(now) else words["other"],
            str(run["data_sha256"])[: len(now)],
        ]
        for run in runs
    ]
    columns = dict.fromkeys(("made", "state", "data", "hash"), False)
    heading = {"title": words["before"], "caption": words["runs"].format(n=len(runs))}
    return _listed(words, rows, columns, name="before", notes=[], **heading) if rows else ""


def _listed(
    words: Mapping[str, str], rows: list[list[str]], numeric: Mapping[str, bool], **about: Any
) -> str:
    """A table of the index; `numeric`: the labels of its columns, whether they hold numbers."""
    columns = [{"label": words[name], "numeric": number} for name, number in numeric.items()]
    return show.table({**about, "columns": columns, "rows": rows})


def write_waves(reports: Path) -> None:
    """The list of all waves and their editions at the top of the reports folder."""
    waves: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for folder in sorted(reports.glob("[!.]*")):
        if run := read_record(folder):
            waves.setdefault(run["wave"], []).append((folder.name, run))
    known = {run["language"] for editions in waves.values() for _, run in editions}
    language: Language = "en" if known == {"en"} else "ja"
    words = labels("index", language)
    latest = sorted(waves.values(), key=lambda own: str(own[0][1].get("as_of")), reverse=True)
    listed = [_wave(editions, language, words) for editions in latest]
    page = page_context({"language": language}, title=words["all"], site="")
    paths.write_atomic(all_waves(reports), rendered("waves", page, words=words, waves=listed))


def _wave(
    editions: Sequence[tuple[str, Mapping[str, Any]]], language: Language, words: Mapping[str, str]
) -> dict[str, Any]:
    """One wave: its title, what it describes, and its editions, the narrowest audience first."""
    run = editions[0][1]
    facts = [run["wave"], words["as_of"].format(date=run.get("as_of", ""))]
    facts += [label("page.invented_short", language)] if run.get("invented") else []
    audiences, languages = labels("audience", language), labels("language", language)
    ranks = [*audiences]
    ordered = sorted(
        editions,
        key=lambda e: (ranks.index(e[1]["audience"]), e[1]["language"] != "ja", e[0]),
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
