"""The index of a run and of all waves, and what can be downloaded from them."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis import grid, paths, sanitize
from analysis.downloads import archive, workbook
from analysis.outputs import VENDOR
from analysis.publish import AUDIENCES, page_context, whole
from analysis.publish import WORDS as PAGE_WORDS
from analysis.runs import read_record

WORDS: dict[str, dict[str, Any]] = {
    "ja": {
        "index": "報告一覧",
        "ok": "完了",
        "failed": "未完成",
        "downloads": "ダウンロード",
        "profiles": "自治体カルテ",
        "profiles_link": "団体ごとの頁の一覧",
        "figures": "図（PNG・SVG・数値のCSV）",
        "tables": "表（Excel、1表1シート）",
        "findings": "確認事項",
        "findings_link": "確認が必要な指摘 {n:,}件の一覧",
        "by_place": "指摘の多い団体",
        "whole": "（ファイル全体）",
        "of_findings": "n = {n:,}（指摘の件数）",
        "most": "件数の多い順に{most}団体。ほかは一覧にある。",
        "place": "団体",
        "count": "件数",
        "questions": "設問",
        "before": "これまでの実行",
        "made": "作成日時（UTC）",
        "state": "状態",
        "data": "今回のデータと",
        "same": "同じ",
        "other": "異なる",
        "hash": "データのハッシュ",
        "runs": "n = {n}（実行の回数）",
        "none": "まだ報告はない。`workbench refresh 調査名` で作成する。",
        "all": "調査一覧",
        "record": "実行記録（run.json）",
        "as_of": "{} 時点",
        "language": {"ja": "日本語", "en": "英語"},
        "pdf": "PDF版",
        "no_figure": "図はない（文章と表の報告）",
    },
    "en": {
        "index": "Reports",
        "ok": "complete",
        "failed": "not complete",
        "downloads": "Downloads",
        "profiles": "Profiles of municipalities",
        "profiles_link": "a page for each municipality",
        "figures": "figures (PNG, SVG, numbers as CSV)",
        "tables": "tables (Excel, a sheet each)",
        "findings": "To confirm",
        "findings_link": "list of the {n:,} findings to confirm",
        "by_place": "Municipalities with most findings",
        "whole": "(the file as a whole)",
        "of_findings": "n = {n:,} (findings)",
        "most": "The {most} with most; the others are in the list.",
        "place": "municipality",
        "count": "findings",
        "questions": "questions",
        "before": "Runs before",
        "made": "made (UTC)",
        "state": "status",
        "data": "data of this run",
        "same": "same",
        "other": "other",
        "hash": "data hash",
        "runs": "n = {n} (runs)",
        "none": "There is no report yet: `workbench refresh WAVE` makes one.",
        "all": "Waves",
        "record": "record of the run (run.json)",
        "as_of": "as of {}",
        "language": {"ja": "Japanese", "en": "English"},
        "pdf": "PDF",
        "no_figure": "no figure (text and tables)",
    },
}
MOST = 10  # municipalities of the findings that the index names


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
    first, each with ``finished, status, data_sha256``; ``context["pdf"]``: pages are printed too.
    """
    words = WORDS[context["language"]]
    cards, tables, to_confirm = [], [], ""
    title = str((context.get("wave_title") or {}).get(context["language"], context["wave"]))
    about = page_context(context, title=title, site=words["index"], contents=True)
    for entry in notebooks:
        made: dict[str, list[dict[str, Any]]] = {}
        if entry["status"] == "ok":
            made = found(folder / "notebooks" / f"{entry['name']}.ipynb")
        tables += made.get("table", [])
        for table in made.get("table", []):
            if table["name"] == "to_ask" and table["n"]:
                to_confirm = _findings(table, entry["html"], about)
        cards.append(_card(entry, made, about))
    there = context.get("profiles")
    profiles = f"<p>{_link(there, words['profiles_link'])}</p>" if there else ""
    downloads = []
    if any((folder / "figures").glob("*")):
        paths.write_atomic(folder / "figures.zip", archive(sorted((folder / "figures").iterdir())))
        downloads.append(_link("figures.zip", words["figures"]))
    if tables:
        paths.write_atomic(folder / "tables.xlsx", workbook(tables, context["language"]))
        downloads.append(_link("tables.xlsx", words["tables"]))
    downloads.append(_link("run.json", words["record"]))
    sections = [
        (words["findings"], to_confirm),
        (words["profiles"], profiles),
        (words["downloads"], f"<ul>{''.join(f'<li>{link}</li>' for link in downloads)}</ul>"),
        (words["before"], _history(about)),
    ]
    body = f'<h1>{html.escape(title)}</h1>\n<ul class="cards">{"".join(cards)}</ul>\n'
    body += "\n".join(
        f"<section><h2>{name}</h2>{what}</section>" for name, what in sections if what
    )
    paths.write_atomic(folder / "index.html", whole(body, about))


def _card(
    entry: Mapping[str, Any],
    made: Mapping[str, Sequence[Mapping[str, Any]]],
    about: Mapping[str, Any],
) -> str:
    """What one report answers, its key figure, and whether it is complete."""
    language, page = about["language"], entry["html"]
    words = WORDS[language]
    good = entry["status"] == "ok"
    title = _link(page, entry["title"].get(language, entry["name"]))
    said = "".join(
        f'<p class="answer">{html.escape(a["text"])}' for a in made.get("answer", [])[:1]
    )
    if not good and about["audience"] == "internal" and entry.get("error"):
        said = f'<p class="error">{html.escape(entry["error"])}'
    figures = made.get("figure", [])
    key = next((figure for figure in figures if figure.get("key")), figures[0] if figures else None)
    picture = sanitize.key_figure(key, about["words"], page) if key else ""
    status = words["ok"] if good else words["failed"]
    if good and not key:
        status += f" · {words['no_figure']}"
    if about.get("pdf"):
        status += f" · {_link(Path(page).with_suffix('.pdf').name, words['pdf'])}"
    return f'<li><h2>{title}</h2>{said}{picture}<p class="status">{status}</li>\n'


def _findings(table: Mapping[str, Any], page: str, about: Mapping[str, Any]) -> str:
    """A link to what must be confirmed and, where it is known, whom it concerns most."""
    words = WORDS[about["language"]]
    link = _link(f"{page}#table-to_ask", words["findings_link"].format(n=table["n"]))
    if table["columns"][1]["numeric"]:  # counts by question, for editions without single answers
        return f"<p>{link}</p>"
    asked: dict[str, list[str]] = {}
    for row in table["rows"]:
        asked.setdefault(row[0] or words["whole"], []).append(row[1])
    ranked = sorted(asked.items(), key=lambda item: -len(item[1]))
    rows = [
        [place, str(len(ids)), "、".join(dict.fromkeys(i for i in ids if i))]
        for place, ids in ranked[:MOST]
    ]
    listed = {
        "name": "findings",
        "title": words["by_place"],
        "caption": words["of_findings"].format(n=table["n"]),
        "notes": [words["most"].format(most=MOST)] if len(ranked) > MOST else [],
        "columns": _columns(words, place=False, count=True, questions=False),
        "rows": rows,
    }
    return f"<p>{link}</p>{grid.table(listed, about['words'], '')}"


def _columns(words: Mapping[str, Any], **numeric: bool) -> list[dict[str, Any]]:
    return [{"label": words[name], "numeric": number} for name, number in numeric.items()]


def _history(about: Mapping[str, Any]) -> str:
    """The runs before as a table; empty where there are none."""
    words, runs = WORDS[about["language"]], about.get("before") or []
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
    return grid.table(listed, about["words"], "")


def write_waves(reports: Path) -> None:
    """The list of all waves and their editions at the top of the reports folder."""
    waves: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for folder in sorted(reports.glob("[!.]*")):
        run = read_record(folder)
        if run is not None:
            waves.setdefault(run["wave"], []).append((folder.name, run))
    known = {run["language"] for editions in waves.values() for _, run in editions}
    language = "en" if known == {"en"} else "ja"
    words = WORDS[language]
    latest = sorted(
        waves.values(), key=lambda editions: str(editions[0][1].get("as_of")), reverse=True
    )
    items = "".join(_wave(editions, language) for editions in latest)
    page = page_context({"language": language}, title=words["all"], site="")
    listed = f'<ul class="cards">{items}</ul>' if items else f"<p>{words['none']}</p>"
    paths.write_atomic(reports / "index.html", whole(f"<h1>{words['all']}</h1>{listed}", page))


def _wave(editions: Sequence[tuple[str, Mapping[str, Any]]], language: str) -> str:
    """One wave: its title, what it describes, and a link to each edition."""
    words, run = WORDS[language], editions[0][1]
    title = (run.get("wave_title") or {}).get(language) or run["wave"]
    facts = [run["wave"], words["as_of"].format(run.get("as_of", ""))]
    facts += [PAGE_WORDS[language]["invented_short"]] if run.get("invented") else []
    links = []
    ranks = {audience: rank for rank, audience in enumerate(AUDIENCES)}
    for name, run in sorted(
        editions, key=lambda e: (ranks[e[1]["audience"]], e[1]["language"] != "ja", e[0])
    ):
        label = f"{AUDIENCES[run['audience']][language]} · {words['language'][run['language']]}"
        label += f" · {words['profiles']}" if run.get("members") else ""
        done = words["ok"] if run["status"] == "ok" else words["failed"]
        when = html.escape(f"{str(run.get('finished', ''))[:10]} · {done}")
        links.append(f'<li>{_link(f"{name}/index.html", label)} <span class="status">{when}</span>')
    said = html.escape(" · ".join(facts))
    return (
        f'<li><h2>{html.escape(title)}</h2><p class="status">{said}</p>'
        f"<ul>{''.join(links)}</ul></li>\n"
    )


def _link(target: str, text: str) -> str:
    return f'<a href="{html.escape(target, quote=True)}">{html.escape(text)}</a>'
