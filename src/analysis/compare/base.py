"""The same wave run by the code of a git revision, in a worktree that is removed afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from analysis import paths
from analysis.compare.runs import Run
from analysis.errors import InputError
from analysis.runs import Edition

KEPT = (
    ".base"  # the run of the base stays below reports: the next comparison needs only what differs
)


def run_of_base(revision: str, edition: Edition) -> Run:
    """Run a wave with the code, codebooks and notebooks of a revision.

    Data that are in git are those of the revision; data that are not (real replies never are) are
    the same as here. Results of the typology are shared with this folder through its cache.

    Raises
    ------
    InputError : no git, no such revision, or its run is not complete.
    """
    root = paths.root()
    sha = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if not sha:
        raise InputError(
            f"there is no git revision {revision!r}",
            hint="give a branch, a tag or a commit (in a shallow clone: `git fetch --unshallow`)",
        )
    reports = paths.reports() / KEPT
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
        command = [sys.executable, "-m", "analysis.cli", "refresh", edition.wave]
        command += ["--language", edition.language, "--audience", edition.audience]
        done = subprocess.run(
            command, cwd=there, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode != 0:
        print(done.stdout, end="", file=sys.stderr)
        raise InputError(
            f"the run of {revision} is not complete (exit status {done.returncode})",
            hint="its notebooks are listed above",
        )
    name = sha[:7] if sha.startswith(revision) else f"{revision} ({sha[:7]})"
    return Run.read(reports / edition.name, name)


@contextlib.contextmanager
def _worktree(root: Path, sha: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="workbench-base-") as folder:
        there = Path(folder).resolve() / "base"
        done = subprocess.run(
            ["git", "-C", str(root), "worktree", "add", "--detach", str(there), sha],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise InputError(f"git could not make a worktree ({done.stderr.strip()[-200:]})")
        try:
            yield there
        finally:
            _git(root, "worktree", "remove", "--force", str(there))


def _bring_data(root: Path, there: Path, wave: str) -> None:
    """Copy the files of the wave that git does not have."""
    here = root / "data" / "raw" / wave
    if not (here / "wave.yml").is_file():
        raise InputError(f"there is no wave {wave!r}", hint="see data/raw")
    for file in sorted(here.rglob("*")):
        target = there / "data" / "raw" / wave / file.relative_to(here)
        if file.is_file() and not target.exists() and not _tracked(root, file):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    # the pseudonyms must be those of this project
    if (root / ".workbench").is_dir() and not (there / ".workbench").exists():
        shutil.copytree(root / ".workbench", there / ".workbench")


def _tracked(root: Path, file: Path) -> bool:
    return bool(_git(root, "ls-files", "--", str(file)))


def _git(root: Path, *arguments: str) -> str:
    """What git says; empty where it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        raise InputError("git is not installed", hint="--base needs it") from None
    return done.stdout.strip() if done.returncode == 0 else ""
