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

import xlsxwriter

from analysis import paths, sanitize
from analysis.outputs import VENDOR
from analysis.publish import AUDIENCES, page_context, whole
from analysis.runs import read_record

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
        "findings_link": "{n:,}件：どの団体に何を確認するか",
        "before": "これまでの実行",
        "made": "作成日時（UTC）",
        "state": "状態",
        "data": "データのハッシュ",
        "none": "まだ報告はない。`workbench refresh 調査名` で作成する。",
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
        "findings": "To confirm",
        "findings_link": "{n:,}: what to ask which municipality",
        "before": "Runs before",
        "made": "made (UTC)",
        "state": "status",
        "data": "data hash",
        "none": "There is no report yet: `workbench refresh WAVE` makes one.",
        "all": "Waves",
        "contents": "Contents",
        "name": "table",
        "sheet": "sheet",
        "record": "record of the run (run.json)",
    },
}


def found(executed: Path) -> dict[str, list[dict[str, Any]]]:
    """The outputs in an executed notebook, in order, by kind (answer, figure, table ...)."""
    notebook = json.loads(executed.read_text(encoding="utf-8"))
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for mime, data in output.get("data", {}).items():
                if mime.startswith(VENDOR):
                    kind = mime.removeprefix(VENDOR).removesuffix("+json")
                    by_kind.setdefault(kind, []).append(data)
    return by_kind


def write_index(
    folder: Path, notebooks: Sequence[Mapping[str, Any]], context: Mapping[str, Any]
) -> None:
    """Write index.html, figures.zip and tables.xlsx of a run folder.

    `notebooks`: per notebook ``name, title {ja, en}, status, error, html`` in order; its executed
    copy stands in ``notebooks/NAME.ipynb``. ``context["before"]``: the runs before this, latest
    first, each with ``finished, status, data_sha256``.
    """
    language = context["language"]
    words = WORDS[language]
    cards, tables, to_confirm = [], [], ""
    for entry in notebooks:
        made: dict[str, list[dict[str, Any]]] = {}
        if entry["status"] == "ok":
            made = found(folder / "notebooks" / f"{entry['name']}.ipynb")
        tables += made.get("table", [])
        for table in made.get("table", []):
            if table["name"] == "to_ask":
                said = words["findings_link"].format(n=table["n"])
                to_confirm = f"<p>{_link(entry['html'], said)}</p>"
        cards.append(_card(entry, made, context))
    downloads = []
    if any((folder / "figures").glob("*")):
        _zip(sorted((folder / "figures").iterdir()), folder / "figures.zip")
        downloads.append(_link("figures.zip", words["figures"]))
    if tables:
        paths.write_atomic(folder / "tables.xlsx", workbook(tables, language))
        downloads.append(_link("tables.xlsx", words["tables"]))
    downloads.append(_link("run.json", words["record"]))
    title = _title(context)
    page = page_context(context, title=f"{title} — {words['index']}", site=words["index"])
    sections = [
        (words["findings"], to_confirm),
        (words["downloads"], f"<ul>{''.join(f'<li>{link}</li>' for link in downloads)}</ul>"),
        (words["before"], _history(context.get("before", []), words)),
    ]
    body = f'<h1>{html.escape(title)}</h1>\n<ul class="cards">{"".join(cards)}</ul>\n'
    body += "\n".join(
        f"<section><h2>{name}</h2>{what}</section>" for name, what in sections if what
    )
    paths.write_atomic(folder / "index.html", whole(body, page))


def write_waves(reports: Path, language: str = "ja") -> None:
    """The list of all finished runs at the top of the reports folder."""
    words, items = WORDS[language], []
    for folder in sorted(reports.glob("[!.]*")):
        run = read_record(folder)
        if run is None:
            continue
        name, title = folder.name, (run.get("wave_title") or {}).get(run["language"])
        audience = AUDIENCES[run["audience"]][language]
        done = words["ok"] if run["status"] == "ok" else words["failed"]
        facts = (name, str(run.get("as_of", "")), audience, str(run.get("finished", ""))[:10], done)
        items.append(
            f'<li lang="{run["language"]}"><h2>{_link(f"{name}/index.html", str(title or name))}'
            f'</h2><p class="status" lang="{language}">{html.escape(" · ".join(facts))}</p></li>'
        )
    page = page_context({"language": language}, title=words["all"], site=words["all"])
    listed = f'<ul class="cards">{"".join(items)}</ul>' if items else f"<p>{words['none']}</p>"
    paths.write_atomic(reports / "index.html", whole(f"<h1>{words['all']}</h1>{listed}", page))


def _history(runs: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    """The runs before as a table; empty where there are none."""
    if not runs:
        return ""
    heads = "".join(f'<th scope="col">{words[key]}</th>' for key in ("made", "state", "data"))
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(run["finished"])[:16].replace("T", " "))}</th>'
        f"<td>{words['ok'] if run['status'] == 'ok' else words['failed']}</td>"
        f"<td><code>{html.escape(str(run['data_sha256'])[:16])}</code></td></tr>"
        for run in runs
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _link(target: str, text: str) -> str:
    return f'<a href="{html.escape(target, quote=True)}">{html.escape(text)}</a>'


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
    made: Mapping[str, Sequence[Mapping[str, Any]]],
    context: Mapping[str, Any],
) -> str:
    """What one report answers, its key figure, and whether it is complete."""
    language = context["language"]
    words = WORDS[language]
    good = entry["status"] == "ok"
    title = _link(entry["html"], entry["title"].get(language, entry["name"]))
    said = "".join(
        f'<p class="answer">{html.escape(a["text"])}</p>' for a in made.get("answer", [])
    )
    if not good and context["audience"] == "internal" and entry.get("error"):
        said = f'<p class="error">{html.escape(entry["error"])}</p>'
    key = next((figure for figure in made.get("figure", []) if figure.get("key")), None)
    picture = sanitize.key_figure(key) if key else ""
    status = words["ok"] if good else words["failed"]
    return f'<li><h2>{title}</h2>{said}{picture}<p class="status">{status}</p></li>\n'


def _title(context: Mapping[str, Any]) -> str:
    title = context.get("wave_title") or {}
    return str(title.get(context["language"], context.get("wave", "")))


def _zip(files: Sequence[Path], target: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, EPOCH), file.read_bytes())
    paths.write_atomic(target, buffer.getvalue())
