"""All 1,741 pages of the national table: time, and memory as the run goes on.

Run ``python benchmarks/bench_national.py FILE [FOLDER]`` with the table of the Digital Agency,
named as its wave.yml says; the table printed is Markdown. FOLDER keeps the pages, and a run that
was stopped there is carried on. Memory is the proportional set size (shared pages counted once), of
the process that runs and of it with its kernels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
WAVE, EVERY = "national-r5", 200


def project(place: Path, table: Path) -> None:
    raw = place / "data" / "raw" / WAVE
    if raw.is_dir():
        return
    raw.mkdir(parents=True)
    (place / "data" / "processed").mkdir()
    shutil.copytree(ROOT / "data" / "codebooks", place / "data" / "codebooks")
    shutil.copytree(ROOT / "notebooks", place / "notebooks")
    shutil.copy(ROOT / "requirements.lock", place)
    shutil.copy(ROOT / "data" / "raw" / WAVE / "wave.yml", raw)
    shutil.copy(table, raw)


def memory(root: psutil.Process) -> tuple[float, float]:
    """MB of the process that runs, and of it with all that it started."""
    held = []
    for process in (root, *root.children(recursive=True)):
        try:
            held.append(process.memory_full_info().pss / 2**20)
        except psutil.Error:
            held.append(0.0)  # it has just ended
    return held[0], sum(held)


def main(table: Path, place: Path) -> None:
    project(place, table)
    command = [str(Path(sys.executable).parent / "workbench"), "profiles", WAVE]
    journal = place / "reports" / f".{WAVE}.profiles.part" / "pages.jsonl"
    start = time.monotonic()
    run = subprocess.Popen(command, env={**os.environ, "WORKBENCH_ROOT": str(place)})
    print("| pages | minutes | the process, MB | with its kernels, MB, highest so far |")
    print("|---|---|---|---|")
    highest, told = 0.0, -1
    while run.poll() is None:
        try:
            own, whole = memory(psutil.Process(run.pid))
        except psutil.Error:
            break
        highest = max(highest, whole)
        pages = journal.read_text(encoding="utf-8").count("\n") if journal.is_file() else 0
        if pages // EVERY > told and pages:
            told = pages // EVERY
            minutes = (time.monotonic() - start) / 60
            print(f"| {pages:,} | {minutes:.1f} | {own:.0f} | {highest:.0f} |", flush=True)
        time.sleep(1)
    print(f"\n{(time.monotonic() - start) / 60:.1f} min in all, exit status {run.wait()}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("bench_national.py needs the national table: FILE [FOLDER]")
    with tempfile.TemporaryDirectory() as folder:
        main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else folder))
