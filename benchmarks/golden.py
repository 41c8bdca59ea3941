"""Golden outputs: freeze what a wave gives today, and say in words what another freeze gives.

    python benchmarks/golden.py freeze before demo-2019 demo-2020
    python benchmarks/golden.py freeze after demo-2019 demo-2020
    python benchmarks/golden.py compare before after

A freeze refreshes each wave in every audience and language and keeps, in a folder for each edition,
its run (figures and tables with their numbers, answers, prose) and the text of its pages; beside
them the cleaned data of the wave: answers, status, findings, register, what was left outside, and
the ledger. Runs are compared by `workbench.compare.runs`, which knows numbers, types and
examples; data and pages line by line. The exit status is 1 where a result differs. Nothing of it
is committed.
"""

from __future__ import annotations

import argparse
import difflib
import html
import re
import shutil
import sys
from copy import copy
from pathlib import Path

from analysis import paths
from workbench.compare.command import markdown
from workbench.compare.differences import compare
from workbench.compare.runs import Comparison, Run
from workbench.run import refresh

AUDIENCES, LANGUAGES = ("internal", "committee", "public"), ("ja", "en")
DATA = ("responses", "status", "findings", "register", "outside")
MOST = 8  # lines of a difference that are printed
# what says when and from what a page was made, and no result
CHANGING = re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}\S*|\b[0-9a-f]{7,64}\b")


def text_of(page: str) -> str:
    """The text of a page, a line a block, without dates and hashes of its making.

    >>> text_of("<style>p{}</style><h1>題</h1><p>5 of <b>13</b></p><footer>2026-01-02</footer>")
    '題\\n5 of 13'
    """
    page = re.sub(r"(?s)<(style|script|footer|svg|head|pre)\b.*?</\1>", "", page)
    page = re.sub(
        r"</?(?:p|h\d|tr|li|table|section|figure|figcaption|div|summary)\b[^>]*>", "\n", page
    )
    page = re.sub(r"</t[dh]>", "\t", page)
    text = CHANGING.sub("…", html.unescape(re.sub(r"<[^>]+>", "", page)))
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def freeze(folder: Path, waves: list[str], audiences: list[str], languages: list[str]) -> None:
    """Refresh the waves and keep what they give under `folder`."""
    for wave in waves:
        for audience in audiences:
            for language in languages:
                record = refresh.refresh(wave, audience=audience, language=language)
                if not record.ok:
                    raise SystemExit(record.summary())
                made, kept = Path(record.folder), folder / f"{wave}.{audience}.{language}"
                shutil.rmtree(kept, ignore_errors=True)
                for part in ("notebooks", "results"):
                    if (made / part).is_dir():
                        shutil.copytree(made / part, kept / part)
                for name in ("run.json", "codebook.yml"):
                    shutil.copy(made / name, kept)
                for page in sorted(made.glob("*.html")):
                    text = text_of(page.read_text(encoding="utf-8"))
                    (kept / f"{page.stem}.txt").write_text(text + "\n", encoding="utf-8")
                print(kept)
        kept = folder / f"{wave}.data"
        kept.mkdir(parents=True, exist_ok=True)
        for name in (*(f"{name}.csv" for name in DATA), "ledger.json"):
            shutil.copy(paths.processed(wave) / name, kept)


def differences(before: Path, after: Path) -> list[str]:
    """What differs between two freezes, in words; empty where nothing does."""
    editions = {p.name for folder in (before, after) for p in folder.iterdir() if p.is_dir()}
    said = []
    for name in sorted(editions):
        a, b = before / name, after / name
        if not (a.is_dir() and b.is_dir()):
            said.append(f"{name}: only in {before if a.is_dir() else after}")
        elif name.endswith(".data"):
            said += _data(name, a, b)
        else:
            found = Comparison(Run(a, "before"), Run(b, "after"))
            said += [f"{name}: {line}" for line in _results(found)]
            said += _pages(name, a, b)
    return said


def _results(found: Comparison) -> list[str]:
    """The results that changed, without what they were made of (code, versions, files)."""
    if not found.results_changed:
        return []
    apart = copy(found)
    apart.causes, apart.code = {}, False
    return [line for line in markdown(apart).splitlines()[2:-1] if line]


def _data(name: str, a: Path, b: Path) -> list[str]:
    said = []
    for table in DATA:
        old, new = ((p / f"{table}.csv").read_text(encoding="utf-8-sig") for p in (a, b))
        found = compare(old, new) if old != new else None
        if found and found.count:
            said.append(f"{name}: {table}: {found.count:,} places")
            said += [f"  {c.row} {c.column}: {c.before} -> {c.after}" for c in found.changed[:MOST]]
            said += [f"  {line}" for line in [*found.columns, *found.added, *found.removed][:MOST]]
    ledgers = ((p / "ledger.json").read_text(encoding="utf-8").splitlines() for p in (a, b))
    key = re.compile(r'"key":')
    return said + _lines(f"{name}: ledger", *([x for x in t if not key.search(x)] for t in ledgers))


def _pages(name: str, a: Path, b: Path) -> list[str]:
    said = []
    for page in sorted({p.name for folder in (a, b) for p in folder.glob("*.txt")}):
        old, new = (
            (p / page).read_text(encoding="utf-8").splitlines() if (p / page).is_file() else []
            for p in (a, b)
        )
        said += _lines(f"{name}: {page}", old, new)
    return said


def _lines(what: str, old: list[str], new: list[str]) -> list[str]:
    changed = [
        x
        for x in difflib.unified_diff(old, new, n=0, lineterm="")
        if x[:2] not in ("--", "++", "@@")
    ]
    if not changed:
        return []
    more = [f"  and {len(changed) - MOST:,} more"] if len(changed) > MOST else []
    return [f"{what}: {len(changed):,} lines", *(f"  {x[:160]}" for x in changed[:MOST]), *more]


def main() -> int:
    parser = argparse.ArgumentParser(description="freeze or compare golden outputs")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("freeze")
    one.add_argument("folder", type=Path)
    one.add_argument("waves", nargs="+")
    one.add_argument("--audience", nargs="+", default=AUDIENCES, choices=AUDIENCES)
    one.add_argument("--language", nargs="+", default=LANGUAGES, choices=LANGUAGES)
    two = commands.add_parser("compare")
    two.add_argument("before", type=Path)
    two.add_argument("after", type=Path)
    asked = parser.parse_args()
    if asked.command == "freeze":
        freeze(asked.folder, asked.waves, asked.audience, asked.language)
        return 0
    found = differences(asked.before, asked.after)
    print("\n".join(found) or "nothing changed in the results")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
