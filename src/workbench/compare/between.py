"""What changed in the study between two runs, two waves, or a git revision and the working tree."""

from __future__ import annotations

from pathlib import Path

from analysis import paths
from analysis.errors import InputError, printed
from analysis.text import label
from workbench import outputs
from workbench.compare.changes import Comparison, between
from workbench.compare.runs import Run
from workbench.run.record import Edition

FILES = ("compare.html", "compare.md")
__all__ = ["Comparison", "Run", "between", "run", "write"]


def run(
    before: str | None = None,
    after: str | None = None,
    *,
    base: str | None = None,
    wave: str | None = None,
    out: Path | None = None,
    audience: str = "internal",
    language: str = "ja",
) -> str:
    """Compare; write ``compare.html`` and ``compare.md`` into `out` and return the latter's text.

    Parameters
    ----------
    before, after : waves that were refreshed, or run folders.
    base, wave : instead of them, a git revision and the wave to run with it and with what is here.
    out : default ``reports/compare/BEFORE..AFTER``.

    Raises
    ------
    InputError : neither or both ways were asked for, a run is missing or not complete, or the runs
        are different editions.
    """
    if base:
        if before or after:
            raise InputError("give two runs, or --base with --wave, not both")
        two = _with_base(base, Edition(wave or "demo-2019", audience, language))
    elif before and after and not wave:
        find = {"audience": audience, "language": language}
        two = Run.find(before, **find), Run.find(after, **find)
    else:
        raise InputError(
            "two things are to be compared",
            hint="`workbench compare BEFORE AFTER`, or `--base main --wave WAVE`",
        )
    name = "..".join(run.folder.name if not base else _plain(run.label) for run in two)
    folder = out or paths.reports() / "compare" / name
    outputs.refuse_others([folder, *(folder / name for name in FILES)], "compare")
    text = write(between(*two), folder)
    return f"{text}\n{printed('Open {file} in a browser.', file=folder / 'compare.html')}"


def write(found: Comparison, folder: Path) -> str:
    """Write both files; the text of ``compare.md``."""
    from workbench.compare import report

    text = report.markdown(found)
    page, comment = (folder / name for name in FILES)
    outputs.write({page: report.page(found), comment: text}, "compare")
    return text


def _with_base(base: str, edition: Edition) -> tuple[Run, Run]:
    from workbench.compare.runs import run_of_base
    from workbench.run.refresh import refresh

    old = run_of_base(base, edition)
    record = refresh(edition.wave, audience=edition.audience, language=edition.language)
    if not record.ok:
        raise InputError(
            "the run of the working tree is not complete",
            hint="see {folder}/index.html",
            folder=record.folder,
        )
    return old, Run.read(edition.folder, label("compare.here", edition.language))


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in name).strip("-")
