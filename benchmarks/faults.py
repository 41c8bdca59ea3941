"""Fail each write of a command in turn: is what is there right, and the next run too?

    python benchmarks/faults.py --error ENOSPC
    python benchmarks/faults.py --error EROFS --only queries --stays

`profiles`, `new-wave` and `queries --returned` run in a small project. At one step after the other
the system refuses to write (with `--stays` from there on). Then no file of the project may be half
written, the command must have said one sentence, and the same command, run again, must leave the
same files as one that was never disturbed. Linux and macOS.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

# each child would import these anew
import analysis.survey  # noqa: F401
import workbench.office.new_wave
import workbench.office.questionnaire
import workbench.publish.dataset  # noqa: F401
from workbench import cli

ROOT = Path(__file__).parents[1]
WAVE = "demo-2019"
WRITES = {"os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir"}
PARAMETERS = (
    'wave: str = "x"\nlanguage: str = "ja"\naudience: str = "internal"\nmunicipality: str = ""\n'
    "seed: int = 20191003\n"
)
COMMANDS = {
    "profiles": ["profiles", WAVE, "--municipality", "990019", "990027", "--jobs", "1"],
    "queries": ["queries", WAVE, "--returned", "1.xlsx", "2.xlsx"],
    "new-wave": [
        *("new-wave", "new", "received.xlsx"),
        *("--codebook", "it-staffing", "--as-of", "2019-04-01"),
    ],
    "dataset": ["dataset", WAVE, "--out", "given"],
    "split": ["queries", WAVE, "--split", "--out", "asked"],
    "questionnaire": ["questionnaire", "it-staffing", "--invited", WAVE, "--out", "forms"],
    "annotate": ["audit", "received.xlsx", "--annotate", "noted.xlsx"],
    "draft": ["codebook", "draft", "received.xlsx", "--out", "drafted.yml"],
    "simulate": ["simulate", "drawn", "-n", "4"],
}


def profile(text: str) -> str:
    """The notebook of a municipality, which prints a text."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{at}", "source": source, "outputs": [],
         "metadata": {"tags": ["parameters"]} if at == 0 else {}, "execution_count": None}
        for at, source in enumerate([PARAMETERS, f"print({text!r}, municipality)"])
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "workbench": {"title": {"ja": "題", "en": "title"}}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def project(folder: Path) -> None:
    """A project with the demo wave, published profiles and two query sheets that came back."""
    for name in ("data/codebooks", f"data/raw/{WAVE}"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "notebooks").mkdir()
    (folder / "requirements.lock").write_text("")
    shutil.copy(ROOT / f"data/raw/{WAVE}/replies.xlsx", folder / "received.xlsx")
    (folder / "notebooks" / "profile.ipynb").write_text(profile("before"), encoding="utf-8")
    for command in (COMMANDS["profiles"], ["queries", WAVE, "--split", "--out", "each"]):
        done, text, _ = child(folder, command)
        assert done == 0, text
    for at, file in enumerate(sorted((folder / "each").iterdir())[:2], 1):
        book = openpyxl.load_workbook(file)
        book.worksheets[0]["G5"] = "このまま"
        book.save(folder / f"{at}.xlsx")
    (folder / "notebooks" / "profile.ipynb").write_text(profile("after"), encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """What a user would look at: no caches, no locks, and nothing that says when it was made.

    A lock that could not be removed is nobody's: the next command takes it.
    """
    left_out = ("data/processed", "reports/index.html", ".workbench")
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        name: p.read_bytes()
        for name, p in files.items()
        if not name.startswith(left_out) and p.name != "run.json" and p.suffix != ".lock"
    }


def child(
    folder: Path, command: list[str], before: Callable[[], None] = lambda: None
) -> tuple[int, str, int]:
    """Run a command in a process of its own: its status, what it said, how many steps it took."""
    said = folder.parent / "said"
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ |= {"WORKBENCH_ROOT": str(folder), "LANGUAGE": "en"}
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        code = 99
        try:
            before()
            code = cli.main(command)
        finally:
            sys.stdout.flush()
            STEPS["folder"] = ""
            (folder.parent / "steps").write_text(str(STEPS["at"]))
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    steps = int((folder.parent / "steps").read_text())
    return os.waitstatus_to_exitcode(status), said.read_text(errors="replace"), steps


STEPS: dict[str, Any] = {"at": 0, "folder": "", "fails": 0, "stays": False, "number": errno.ENOSPC}


def hook(event: str, given: tuple[Any, ...]) -> None:
    """Count what is written below the project, and refuse it where it is asked for."""
    if not STEPS["folder"] or event not in WRITES | {"open"}:
        return
    if event == "open" and not (given[2] & (os.O_WRONLY | os.O_RDWR)):
        return
    path = "" if isinstance(given[0], int) else str(Path.cwd() / os.fsdecode(given[0]))
    if not path.startswith(STEPS["folder"]):
        return
    STEPS["at"] += 1
    fails = STEPS["fails"]
    if fails and (STEPS["at"] == fails or (STEPS["stays"] and STEPS["at"] > fails)):
        raise OSError(STEPS["number"], os.strerror(STEPS["number"]), path)


def tried(base: Path, name: str, given: argparse.Namespace) -> list[str]:
    """What went wrong with a command that failed at each of its steps."""
    start, wrong, at = base / "start", [], 0

    def run(fails: int) -> tuple[Path, int, str, int]:
        folder = base / "p"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, folder)
        number = getattr(errno, given.error)
        set_to = {"folder": str(folder), "fails": fails, "stays": given.stays, "number": number}
        return folder, *child(folder, COMMANDS[name], lambda: STEPS.update(set_to))

    before = contents(start)
    folder, code, said, steps = run(0)
    after = contents(folder)
    assert code == 0, said
    for at in range(1, steps + 1, given.each):
        folder, code, said, _ = run(at)
        now = contents(folder)
        half = [
            n for n, c in now.items()
            if not Path(n).name.startswith(".") and "/." not in n
            and c not in (before.get(n), after.get(n)) and "incomplete" not in n
        ]  # fmt: skip
        gone = [n for n in before if n not in now and n in after]
        again, more, _ = child(folder, COMMANDS[name])
        there = "already exists" in more or "exists already" in more  # it had come to its end
        last = contents(folder)
        faults = {
            "half written": half,
            "gone": gone,
            "status": [] if code in (0, 2) and "unexpected" not in said else [code, said],
            "next": [] if again == 0 or there else [again, more],
            "differs": [n for n in {*last, *after} if last.get(n) != after.get(n)],
        }
        wrong += [f"{name} at step {at}: {k} {v}" for k, v in faults.items() if v]
    print(f"{name}: failed at {len(range(1, steps + 1, given.each))} of {steps} steps")
    return wrong


def main() -> None:
    """Try each command, and print what went wrong."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--error", default="ENOSPC")
    options.add_argument("--stays", action="store_true", help="fail from that step on")
    options.add_argument("--only", choices=list(COMMANDS))
    options.add_argument("--each", type=int, default=1, help="every so many steps")
    given = options.parse_args()
    sys.addaudithook(hook)
    with tempfile.TemporaryDirectory() as base:
        project(Path(base, "start"))
        for name in [given.only] if given.only else COMMANDS:
            for line in tried(Path(base), name, given):
                print(" ", line[:400])


if __name__ == "__main__":
    main()
