"""The index of a run and of all waves, and what can be downloaded from them."""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import xlsxwriter

from analysis import paths
from analysis.outputs import VENDOR
from analysis.publish import page_context, render

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: identical content, identical file
WORDS = {
    "ja": {
        "index": "報告一覧",
        "ok": "完了",
        "failed": "未完成",
        "downloads": "ダウンロード",
        "figures": "図（PNG・SVG・数値）",
        "tables": "表（Excel）",
        "findings": "確認事項",
        "all": "調査一覧",
        "contents": "表の一覧",
        "name": "表",
        "sheet": "シート",
        "record": "実行記録（run.json）",
    },
    "en": {
        "index": "Reports",
        "ok": "complete",
        "failed": "not complete",
        "downloads": "Downloads",
        "figures": "figures (PNG, SVG, numbers)",
        "tables": "tables (Excel)",
        "findings": "Findings",
        "all": "Waves",
        "contents": "Contents",
        "name": "table",
        "sheet": "sheet",
        "record": "record of the run (run.json)",
    },
}


def found(executed: Path, kind: str) -> list[dict[str, Any]]:
    """The outputs of one kind (answer, figure, table ...) in an executed notebook, in order."""
    notebook = nbformat.read(executed, as_version=4)
    return [
        output["data"][f"{VENDOR}{kind}+json"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if f"{VENDOR}{kind}+json" in output.get("data", {})
    ]


def write_index(
    folder: Path, notebooks: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> None:
    """Write index.html, figures.zip and tables.xlsx of a run folder.

    `notebooks`: per notebook ``name, title {ja, en}, status, error, html`` in order; its executed
    copy stands in ``notebooks/NAME.ipynb``.
    """
    language = context["language"]
    words = WORDS[language]
    cards, tables = [], []
    for entry in notebooks:
        executed = folder / "notebooks" / f"{entry['name']}.ipynb"
        good = entry["status"] == "ok"
        answers = found(executed, "answer") if good else []
        figures = found(executed, "figure") if good else []
        tables += found(executed, "table") if good else []
        cards.append(_card(entry, answers, figures, words, language))
    downloads = []
    if any((folder / "figures").glob("*")):
        _zip(sorted((folder / "figures").iterdir()), folder / "figures.zip")
        downloads.append(("figures.zip", words["figures"]))
    if tables:
        paths.write_atomic(folder / "tables.xlsx", workbook(tables, language))
        downloads.append(("tables.xlsx", words["tables"]))
    downloads.append(("run.json", words["record"]))
    page = page_context(context, title=f"{_title(context)} — {words['index']}")
    links = "".join(f'<li><a href="{a}">{html.escape(b)}</a></li>' for a, b in downloads)
    invented = (
        f'<p class="invented">{html.escape(page["words"]["invented"])}</p>'
        if context.get("invented")
        else ""
    )
    body = (
        f'<header><p class="site">{html.escape(words["index"])}</p>{invented}</header>'
        f'<main id="main"><h1>{html.escape(_title(context))}</h1>'
        f'<ul class="cards">{"".join(cards)}</ul>'
        f'<section class="downloads"><h2>{words["downloads"]}</h2><ul>{links}</ul></section></main>'
    )
    paths.write_atomic(
        folder / "index.html", render("head.html.j2", page) + body + render("foot.html.j2", page)
    )


def write_waves(reports: Path, language: str = "ja") -> None:
    """The list of all finished runs at the top of the reports folder."""
    runs = []
    for record in sorted(reports.glob("*/run.json")):
        if (record.parent / "index.html").is_file() and not record.parent.name.startswith("."):
            runs.append((record.parent.name, json.loads(record.read_text(encoding="utf-8"))))
    words = WORDS[language]
    page = page_context({"language": language}, title=words["all"])
    items = "".join(
        f'<li><h2><a href="{html.escape(name, quote=True)}/index.html">'
        f"{html.escape(str(run.get('wave_title', {}).get(language, name)))}</a></h2>"
        f"<p class='status'>{html.escape(name)} · {html.escape(str(run.get('as_of', '')))} · "
        f"{html.escape(str(run.get('finished', ''))[:10])}</p></li>"
        for name, run in runs
    )
    body = f'<main id="main"><h1>{words["all"]}</h1><ul class="cards">{items}</ul></main>'
    paths.write_atomic(
        reports / "index.html", render("head.html.j2", page) + body + render("foot.html.j2", page)
    )


def workbook(tables: Sequence[Mapping[str, Any]], language: str) -> bytes:
    """Tables as one Excel workbook: a contents sheet, then a sheet each; text stays text."""
    words, buffer = WORDS[language], io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    contents = book.add_worksheet(words["contents"])
    contents.write_row(0, 0, [words["sheet"], words["name"], "n"], bold)
    contents.set_column(1, 1, 60)
    names: set[str] = set()
    for at, table in enumerate(tables, 1):
        name = _sheet_name(table["name"], names)
        contents.write_url(at, 0, f"internal:'{name}'!A1", string=name)
        contents.write_string(at, 1, table["title"])
        contents.write_number(at, 2, table["n"])
        sheet = book.add_worksheet(name)
        sheet.write_string(0, 0, table["title"], bold)
        sheet.write_string(1, 0, table["caption"])
        for j, column in enumerate(table["columns"]):
            sheet.write_string(2, j, column["label"], bold)
            sheet.set_column(j, j, 12 if column["numeric"] else 30)
        for i, row in enumerate(table["rows"], 3):
            for j, value in enumerate(row):
                _write(sheet, i, j, value, table["columns"][j]["numeric"])
        for k, note in enumerate(table["notes"]):
            sheet.write_string(len(table["rows"]) + 4 + k, 0, note)
        sheet.freeze_panes(3, 1)
    book.close()
    return buffer.getvalue()


def _write(sheet: Any, i: int, j: int, value: str, numeric: bool) -> None:
    plain = value.replace(",", "")
    if numeric and re.fullmatch(r"-?\d+(\.\d+)?", plain):
        sheet.write_number(i, j, float(plain))
    else:
        sheet.write_string(i, j, value)


def _sheet_name(name: str, taken: set[str]) -> str:
    base = re.sub(r"[\[\]:*?/\\]", "_", name)[:28] or "table"
    chosen, count = base, 1
    while chosen.lower() in taken:
        count += 1
        chosen = f"{base[:25]}_{count}"
    taken.add(chosen.lower())
    return chosen


def _card(
    entry: Mapping[str, Any],
    answers: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
    language: str,
) -> str:
    title = html.escape(entry["title"].get(language, entry["name"]))
    key = next((f for f in figures if f.get("key")), None)
    said = answers[0]["text"] if answers else entry.get("error") or ""
    cls = "answer" if answers else "error"
    picture = ""
    if key is not None:
        picture = (
            f'<figure><img alt="{html.escape(key["alt"], quote=True)}" '
            f'src="data:image/png;base64,{key["png"]}">'
            f"<figcaption>{html.escape(key['title'])}. {html.escape(key['caption'])}</figcaption>"
            "</figure>"
        )
    status = words["ok"] if entry["status"] == "ok" else words["failed"]
    return (
        f'<li><h2><a href="{html.escape(entry["html"], quote=True)}">{title}</a></h2>'
        + (f'<p class="{cls}">{html.escape(said)}</p>' if said else "")
        + picture
        + f'<p class="status">{status}</p></li>'
    )


def _title(context: Mapping[str, Any]) -> str:
    title = context.get("wave_title") or {}
    return str(title.get(context["language"], context.get("wave", "")))


def _zip(files: Sequence[Path], target: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, EPOCH), file.read_bytes())
    paths.write_atomic(target, buffer.getvalue())
