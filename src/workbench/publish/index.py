"""The index of a run, of its figures and of all waves; the tables of a run as one workbook."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import xlsxwriter
from markupsafe import Markup

from analysis import paths, show
from analysis.codebook.model import Codebook
from analysis.codebook.questions import labelled_codes
from analysis.show import width
from analysis.spreadsheet import on_a4, plain
from analysis.text import Language, label, labels, say
from workbench.publish.page import figure, markdown, page_context, rendered
from workbench.run.record import RunFolder, all_waves, one_at_a_time, sealed

MOST_FINDINGS = 5  # that the summary gives
MOST = 10  # municipalities of the findings that the index names
# a code with its leading zero is no number
NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?(e-?\d+)?")
BEHIND_UNIT = re.compile(r"[（(]([^（(]*)[）)]$")  # at the end of a heading


def outputs_by_kind(notebook: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What an executed notebook shows, in order, by kind (answer, figure, table ...)."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind, data in show.outputs_in(output.get("data", {})):
                by_kind.setdefault(kind, []).append(data)
    return by_kind


def write_index(
    folder: Path, notebooks: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> None:
    """Write index.html (a summary on one sheet, then the pages), figures/index.html, tables.xlsx.

    What the summary says is taken from the notebooks. Their metadata rank their answer among the
    findings (``finding``, False for none), and cells tagged ``summary-next`` and ``summary-limits``
    say what to do next and what cannot be said.

    Parameters
    ----------
    folder : of the run; the executed copy of a notebook stands in ``notebooks/NAME.ipynb``.
    notebooks : per notebook ``name, title {ja, en}, status, error, html, files`` in order.
    context : see `workbench.publish.publication.context`; with ``before`` (the runs before this,
        latest first, each with ``finished, status, data_sha256``), ``sample`` (``invited,
        replied``) and ``pdf`` (pages are printed too).
    """
    language = context["language"]
    words = labels("index", language, bool(context.get("own_register")))
    title = str((context.get("wave_title") or {}).get(language, context["wave"]))
    about = page_context(context, title=title, site=words["index"])
    entries = [e for e in notebooks if e["status"] != "skipped" or e.get("lacks")]  # --only
    pages = [_OnIndex(entry, folder, language) for entry in entries]
    tables = [(one, table) for one in pages for table in one.outputs.get("table", [])]
    to_ask = [(one, table) for one, table in tables if table["name"] == "to_ask" and table["n"]]
    ordered = sorted(pages, key=lambda one: is_cleaning(one.name))
    ranked = sorted((one for one in ordered if one.rank is not False), key=lambda one: one.rank)
    results: dict[str, _OnIndex] = {}  # each said once
    for one in ranked:
        results.setdefault(one.answer, one)
    results.pop("", None)
    keys = (
        figure(data, about["words"], id="", page=f"{one.page}#figure-{show.anchor(data['name'])}")
        for one in ranked
        for data in one.outputs.get("figure", [])
        if data.get("key")
    )
    page = rendered(
        "run",
        about,
        words=words,
        about=_about(about),
        key=next(keys, ""),  # the one of the page whose finding stands first, if it has one
        results=[*results.values()][:MOST_FINDINGS],
        next=_tagged(ordered, "summary-next"),
        visits=_tagged(ordered, "summary-visits"),
        limits=_tagged(ordered, "summary-limits"),
        cards=ordered,
        internal=about["audience"] == "internal",  # an error may quote an answer
        pdf=about.get("pdf"),
        findings=_findings(*to_ask[-1], words) if to_ask else {},
        profiles=context.get("profiles", ""),
        downloads=_downloads(folder, pages, about),
        before=_history(about, words),
    )
    paths.write_atomic(folder / "index.html", page)


def is_cleaning(name: str) -> bool:
    """Whether a notebook or page says how the data were cleaned, which a reader is told last."""
    return name.startswith("01_")


class _OnIndex:
    """A notebook of the run and what it shows; nothing where it is not complete."""

    def __init__(self, entry: Mapping[str, Any], folder: Path, language: str) -> None:
        self.name, self.good = entry["name"], entry["status"] == "ok"
        self.page, self.error = quote(entry["html"]), entry.get("error")
        self.title = entry["title"].get(language, self.name)
        executed = folder / "notebooks" / f"{self.name}.ipynb"
        text = (
            executed.read_text(encoding="utf-8") if self.good else '{"cells": [], "metadata": {}}'
        )
        book = json.loads(text)
        self.cells, self.outputs = book["cells"], outputs_by_kind(book)
        self.answer = next((answer["text"] for answer in self.outputs.get("answer", [])), "")
        self.rank = book["metadata"].get("workbench", {}).get("finding", MOST_FINDINGS)
        self.titles = {data["name"]: data["title"] for data in self.outputs.get("figure", [])}
        self.figures: dict[str, list[Path]] = {name: [] for name in self.titles}  # their files
        for name, place in entry.get("files", {}).items():
            if name.startswith("figures/"):
                self.figures.setdefault(Path(name).stem, []).append(Path(place))


def _about(about: Mapping[str, Any]) -> str:
    """Who asked whom, as of when and how, and how many replied."""
    sample, language = about.get("sample") or {}, about["language"]
    if "replied" not in sample:
        return ""
    values = {name: (about.get(name) or {}).get(language, "") for name in ("publisher", "mode")}
    values |= {"asked": sample.get("invited"), "replied": sample["replied"]}
    values |= {"as_of": str(about.get("as_of", "")), "published": bool(about.get("named"))}
    return markdown(say("index/about", language, bool(about.get("own_register")), **values))


def _tagged(pages: Sequence[_OnIndex], tag: str) -> list[tuple[Markup, _OnIndex]]:
    """The first paragraph, or the first item of a list, of the cells with a tag, and their page."""
    texts = []
    for one in pages:
        cells = [c for c in one.cells if tag in c.get("metadata", {}).get("tags", [])]
        data = outputs_by_kind({"cells": cells})
        paragraphs = [answer["text"] for answer in data.get("answer", [])]
        paragraphs += [prose["markdown"] for prose in data.get("prose", [])]
        if paragraphs:
            first = re.split(r"\n\n|\n- ", paragraphs[0].strip().removeprefix("- "))[0]
            text = Markup(re.sub(r"^<p>|</p>\s*$", "", markdown(first)))
            texts.append((text, one))
    return texts


def _downloads(folder: Path, pages: Sequence[_OnIndex], about: Mapping[str, Any]) -> dict[str, str]:
    """Files of the run and what they are; the list of figures and the workbook are made here."""
    language: Language = about["language"]
    words = labels("index", language)
    files = {"report.pdf": words["whole_pdf"]} if about.get("pdf") else {}
    if (folder / "report.docx").is_file():
        files["report.docx"] = words["word"]
    if any((folder / "figures").glob("*")):
        page = {**about, "title": words["figures_of"], "home": ("../index.html", about["title"])}
        listed = rendered("figures", page, pages=pages, anchor=show.anchor)
        paths.write_atomic(folder / "figures" / "index.html", listed)
        files["figures/index.html"] = words["figures"]
    if tables := [table for one in pages for table in one.outputs.get("table", [])]:
        codebook = folder / "codebook.yml"
        codes = labelled_codes(Codebook.read(codebook), language) if codebook.is_file() else None
        content = workbook(tables, language, title=str(about["title"]), codes=codes)
        paths.write_atomic(folder / "tables.xlsx", content)
        files["tables.xlsx"] = words["tables"]
    return {**files, "run.json": words["record"]}


def _findings(one: _OnIndex, table: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Where what must be confirmed is listed and, where it is known, whom it concerns most."""
    summary = {"page": f"{one.page}#table-to_ask", "n": table["n"], "places": ""}
    if table["columns"][1]["numeric"]:  # counts by question, for editions without single answers
        return summary
    questions: dict[str, list[str]] = {}
    for row in table["rows"]:
        questions.setdefault(row[0] or words["whole"], []).append(row[1])
    ranked = sorted(questions.items(), key=lambda item: -len(item[1]))
    rows = [[place, str(len(ids)), "、".join(dict.fromkeys(filter(None, ids)))]
            for place, ids in ranked[:MOST]]  # fmt: skip
    summary["places"] = _listed(
        words,
        rows,
        {"place": False, "count": True, "questions": False},
        name="findings",
        title=words["by_place"],
        caption=words["of_findings"].format(n=table["n"]),
        notes=[words["most"].format(most=MOST)] if len(ranked) > MOST else [],
    )
    return summary


def _history(about: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The runs before as a table; empty where there are none."""
    now, rows = str(about["data_sha256"]), list[list[str]]()
    for run in about.get("before") or []:
        state, data = "ok" if run["status"] == "ok" else "failed", str(run["data_sha256"])
        same = "same" if data.startswith(now) else "other"
        finished = str(run["finished"])[:16].replace("T", " ")
        rows.append([finished, words[state], words[same], data[: len(now)]])
    columns = dict.fromkeys(("made", "state", "data", "hash"), False)
    heading = {"title": words["before"], "caption": words["runs"].format(n=len(rows))}
    return _listed(words, rows, columns, name="before", notes=[], **heading) if rows else ""


def _listed(
    words: Mapping[str, str], rows: list[list[str]], numeric: Mapping[str, bool], **about: Any
) -> str:
    """A table of the index; `numeric`: the labels of its columns, whether they hold numbers."""
    columns = [{"label": words[name], "numeric": number} for name, number in numeric.items()]
    return show.table({**about, "columns": columns, "rows": rows})


def write_waves(reports: Path) -> None:
    """The list of all waves at the top of the reports folder, the latest first.

    Each says what it describes and has its editions, the narrowest audience first.
    """
    with one_at_a_time(all_waves(reports)):  # the one that looks last writes last
        paths.write_atomic(all_waves(reports), sealed(_waves(reports), reports))


def _waves(reports: Path) -> str:
    waves: dict[str, list[dict[str, Any]]] = {}
    for folder in sorted(reports.glob("[!.]*")):
        if run := RunFolder(folder).record:
            waves.setdefault(run["wave"], []).append({**run, "folder": folder.name})
    known = {run["language"] for editions in waves.values() for run in editions}
    language: Language = "en" if known == {"en"} else "ja"
    words, audiences = labels("index", language), labels("audience", language)

    def rank(run: Mapping[str, Any]) -> tuple[int, bool, str]:
        return [*audiences].index(run["audience"]), run["language"] != "ja", run["folder"]

    latest = sorted(waves.values(), key=lambda own: str(own[0].get("as_of")), reverse=True)
    return rendered(
        "waves",
        page_context({"language": language}, title=words["all"], site=""),
        words=words,
        waves=[(editions[0], sorted(editions, key=rank)) for editions in latest],
        audiences=audiences,
        languages=labels("language", language),
        invented=label("page.invented_short", language),
    )


# --- to download ---------------------------------------------------------------------------------


def workbook(
    tables: Sequence[Mapping[str, Any]],
    language: Language,
    *,
    title: str = "",
    codes: pd.DataFrame | None = None,
) -> bytes:
    """Tables as one Excel workbook that a program can read and a screen reader can follow.

    A contents sheet names every table with its n; the notes have a sheet of their own, and so have
    the columns (unit, kind) and the codes of the questionnaire; then a sheet a table with the
    headings in row 1 and one datum a cell, as in its CSV file.

    Parameters
    ----------
    tables : dicts with the fields of `analysis.show.Table`.
    title : of the survey, for the properties of the document.
    codes : the code table, labelled; see `analysis.codebook.questions.code_table`.
    """
    words, buffer = labels("workbook", language), io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    about = " ".join(filter(None, (title, words["tables"])))
    book.set_properties({"title": about, "subject": title, "created": dt.datetime(2000, 1, 1)})
    names: set[str] = set()
    named = dict[str, tuple[list[str], list[list[str]]]]()
    contents, notes, columns = [], [], []
    for table in tables:
        name = _sheet_name(table["name"], names)
        heads, *lines = csv.reader(io.StringIO(table["csv"], newline=""))
        # each row as long as the headings are
        rows = [[*map(plain, x), *[""] * len(heads)][: len(heads)] for x in lines if x]
        named[name] = heads, rows
        contents.append([name, table["title"], str(table["n"])])
        notes += [[name, note.strip()] for note in (table["caption"], *table["notes"])]
        for at, head in enumerate(heads):
            number = _numeric([row[at] for row in rows])
            unit = BEHIND_UNIT.search(head) if number else None
            kind = words["number" if number else "text"]
            columns.append([name, head, kind, unit[1] if unit else ""])

    def sheet(id: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
        return _write_sheet(book, words[id], [words[head] for head in heads], rows)

    listed = sheet("contents", ("sheet", "name", "n"), contents)
    for at, name in enumerate(named, 1):
        listed.write_url(at, 0, f"internal:'{name}'!A1", string=name)
    sheet("notes", ("sheet", "note"), notes)
    sheet("columns", ("sheet", "column", "kind", "unit"), columns)
    if codes is not None:
        _write_sheet(book, words["codes"], [*codes], codes.astype(str).to_numpy().tolist())
    for name, (heads, rows) in named.items():
        _write_sheet(book, name, heads, rows)
    book.close()
    return buffer.getvalue()


def _numeric(cells: Sequence[str]) -> bool:
    return any(cells) and all(NUMBER.fullmatch(cell) for cell in cells if cell)


def _write_sheet(book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Any:
    """A sheet that is one marked table: headings in row 1, a column of numbers as numbers.

    Long texts are broken into lines, and its print is as wide as a page.
    """
    sheet, bold = book.add_worksheet(name), book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    lines = [1] * (len(rows) + 1)
    for at, (head, cells) in enumerate(zip(heads, columns, strict=True)):
        numeric = _numeric(cells)
        wide = [2 * width(cell) for cell in (head, *cells)]  # in letters
        room = min(60, max(8, max(wide) + 2))
        sheet.set_column(at, at, room, wrapped)
        lines = [max(n, math.ceil(own / (room - 2))) for n, own in zip(lines, wide, strict=True)]
        for row, cell in enumerate(cells, 1):
            if cell and numeric:
                sheet.write_number(row, at, float(cell), wrapped)
            elif cell:
                sheet.write_string(row, at, cell, wrapped)
    headings = [{"header": head, "header_format": bold} for head in heads]
    options = {"style": None, "autofilter": False, "columns": headings}
    sheet.add_table(0, 0, max(1, len(rows)), len(heads) - 1, options)
    for row in (at for at, n in enumerate(lines) if n > 1):
        sheet.set_row(row, 15 * lines[row])
    on_a4(sheet)
    return sheet


def _sheet_name(name: str, names: set[str]) -> str:
    """A name that Excel allows, unlike the `names` so far, to which it is added."""
    base = re.sub(r"[^\w .-]|[\U00010000-\U0010ffff]", "_", name)[:28] or "table"
    others = (f"{base[:25]}_{number}" for number in count(2))
    chosen = next(own for own in chain([base], others) if own.lower() not in names)
    names.add(chosen.lower())
    return chosen
