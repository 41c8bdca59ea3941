"""`workbench compare`: two runs, two waves, or a git revision and the working tree.

Its page and its comment say what changed in the results, and what they were made of.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from analysis import paths
from analysis.errors import InputError, printed
from analysis.text import label
from workbench import outputs
from workbench.compare import report
from workbench.compare.changes import Comparison, between
from workbench.compare.runs import Run
from workbench.run import temporary
from workbench.run.record import Edition
from workbench.run.refresh import refresh

FILES = ("compare.html", "compare.md")
# the run of the base stays below reports: the next comparison needs only what differs
KEPT = ".base"


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
    if base and (before or after):
        raise InputError("give two runs, or --base with --wave, not both")
    if base:
        edition = Edition(wave or "demo-2019", audience, language)
        two = run_of_base(base, edition), _run_of_here(edition)
        name = "..".join(re.sub(r"[^\w.-]", "-", run.label).strip("-") for run in two)
    elif before and after and not wave:
        find = {"audience": audience, "language": language}
        two = Run.find(before, **find), Run.find(after, **find)
        name = "..".join(run.folder.name for run in two)
    else:
        raise InputError(
            "two things are to be compared",
            hint="`workbench compare BEFORE AFTER`, or `--base main --wave WAVE`",
        )
    folder = out or paths.reports() / "compare" / name
    outputs.refuse_others([folder, *(folder / name for name in FILES)], "compare")
    text = write(between(*two), folder)
    return f"{text}\n{printed('Open {file} in a browser.', file=folder / 'compare.html')}"


def write(found: Comparison, folder: Path) -> str:
    """Write both files; the text of ``compare.md``."""
    text = report.markdown(found)
    page, comment = (folder / name for name in FILES)
    outputs.write({page: report.page(found), comment: text}, "compare")
    return text


# --- a revision and the working tree ---------------------------------------------------------


def _run_of_here(edition: Edition) -> Run:
    """The run of the working tree, which is refreshed."""
    record = refresh(edition.wave, audience=edition.audience, language=edition.language)
    if not record.ok:
        raise InputError(
            "the run of the working tree is not complete",
            hint="see {folder}/index.html",
            folder=record.folder,
        )
    return Run.read(edition.folder, label("compare.here", edition.language))


def run_of_base(revision: str, edition: Edition) -> Run:
    """Run a wave with the code, codebooks and notebooks of a revision.

    Data that are in git are those of the revision; data that are not (real replies never are) are
    the same as here. Results of the typology are shared with this folder through its cache.

    Raises
    ------
    InputError : no git, no such revision, or its run is not complete.
    """
    root, reports = paths.root(), paths.reports() / KEPT
    sha = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").stdout.strip()
    if not sha:
        raise InputError(
            "there is no git revision {revision!r}",
            hint="give a branch, a tag or a commit (in a shallow clone: `git fetch --unshallow`)",
            revision=revision,
        )
    if edition.folder.is_dir() and not (reports / edition.name).is_dir():
        # what was made here is made there too as far as nothing differs
        shutil.copytree(edition.folder, reports / edition.name)
    with _worktree(root, sha) as there:
        _bring_data(root, there, edition.wave)
        environment = os.environ | {
            "PYTHONPATH": str(there / "src"),
            "WORKBENCH_ROOT": str(there),
            "WORKBENCH_REPORTS": str(reports),
            "WORKBENCH_CACHE": str(paths.cache()),
        }
        command = [sys.executable, "-m", "workbench.cli", "refresh", edition.wave]
        command += ["--language", edition.language, "--audience", edition.audience]
        done = subprocess.run(
            command, cwd=there, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode != 0:
        print(done.stdout, end="", file=sys.stderr)
        raise InputError(
            "the run of {revision} is not complete (exit status {returncode})",
            hint="its notebooks are listed above",
            revision=revision,
            returncode=done.returncode,
        )
    name = sha[:7] if sha.startswith(revision) else f"{revision} ({sha[:7]})"
    return Run.read(reports / edition.name, name)


@contextlib.contextmanager
def _worktree(root: Path, sha: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=temporary.folder()) as folder:
        there = Path(folder).resolve() / "base"
        done = _git(root, "worktree", "add", "--detach", str(there), sha)
        if done.returncode != 0:
            raise InputError(
                "git could not make a worktree ({stderr})", stderr=done.stderr.strip()[-200:]
            )
        try:
            yield there
        finally:
            _git(root, "worktree", "remove", "--force", str(there))


def _bring_data(root: Path, there: Path, wave: str) -> None:
    """Copy the files of the wave that git does not have."""
    here = paths.raw(wave)
    if not (here / "wave.yml").is_file():
        raise InputError("there is no wave {wave!r}", hint="see data/raw", wave=wave)
    tracked = {root / name for name in _git(root, "ls-files", "-z", here).stdout.split("\0")}
    for file in sorted(here.rglob("*")):
        target = there / "data" / "raw" / wave / file.relative_to(here)
        if file.is_file() and not target.exists() and file not in tracked:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    # the pseudonyms must be those of this project
    if (root / ".workbench").is_dir() and not (there / ".workbench").exists():
        shutil.copytree(root / ".workbench", there / ".workbench")


def _git(root: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run git in a folder."""
    try:
        return subprocess.run(
            ["git", "-C", root, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        raise InputError("git is not installed", hint="--base needs it") from None
