"""`workbench refresh` of a wave of very many replies: time and memory of each step.

    python benchmarks/big_refresh.py --replies 300000 [--keep FOLDER] [refresh options]

A project of its own is made, with a register of one's own of as many bodies as replies; answers,
bodies and their names are invented and wave.yml says so. `workbench clean` and `workbench refresh`
then run as a user types them, and the largest memory of all processes together is printed, as the
kernel counts it (shared pages once: PSS).
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from workbench import demo
from workbench.demo import simulate

ROOT = Path(__file__).parents[1]
BLOCK = 10_000
SIZES = ("large", "middle", "small")
WAVE = """title: {ja: 【架空データ】多数の回答, en: Very many replies (invented data)}
as_of: 2019-04-01
publisher: {ja: 架空データ, en: Invented data}
codebook: it-staffing
data: invented
invited: all
register: who.csv
files: [{path: replies.csv}]
"""


def project(folder: Path, n: int, population: str) -> None:
    """A project whose wave `many` has `n` invented replies of `n` invented bodies."""
    for name in ("notebooks", "data/codebooks"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    wave = folder / "data" / "raw" / "many"
    wave.mkdir(parents=True)
    (wave / "wave.yml").write_text(f"{WAVE}population: {population}\n", encoding="utf-8")
    with (wave / "replies.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for start in range(0, n, BLOCK):
            drawn = simulate(min(BLOCK, n - start), seed=start)
            chance = np.random.default_rng(start)
            rows = demo.soiled(demo.table(drawn), drawn, 0.02, chance)
            frame = pd.DataFrame(rows, dtype=object).rename(columns={"Q00": "団体名"})
            head, *block = csv.reader(io.StringIO(frame.to_csv(index=False)))
            writer.writerows([head] if start == 0 else [])
            writer.writerows([f"架空{start + i}市", "", *row[2:]] for i, row in enumerate(block))
    with (wave / "who.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("id", "name", "size"))
        writer.writerows((f"x{i:07}", f"架空{i}市", SIZES[i % 3]) for i in range(n))


def memory(process: psutil.Process) -> int:
    """Bytes that a process and all that it started hold, shared pages once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except (psutil.Error, OSError):
            continue
    return total


def measured(command: list[str], folder: Path) -> str:
    """Run a command in the project: its seconds and the most that its processes held."""
    environment = {**os.environ, "WORKBENCH_ROOT": str(folder)}
    started, most = time.monotonic(), 0
    run = subprocess.Popen([sys.executable, "-m", "workbench.cli", *command], env=environment)
    while run.poll() is None:
        try:
            most = max(most, memory(psutil.Process(run.pid)))
        except psutil.NoSuchProcess:
            break
        time.sleep(1)
    seconds = time.monotonic() - started
    return f"{' '.join(command)}: {seconds:.0f} s, {most / 2**30:.2f} GB, exit {run.wait()}"


def main() -> None:
    """Make the project, run the commands, print what each took and each notebook's seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replies", type=int, default=300_000)
    parser.add_argument("--keep", type=Path, help="a project that stays, and is made where missing")
    parser.add_argument("--population", default="invited", help="class, beyond: a sample of more")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as place:
        folder = given.keep or Path(place)
        if not (folder / "data" / "raw" / "many").is_dir():
            project(folder, given.replies, given.population)
        for command in (["clean", "many"], ["refresh", "many", *options]):
            print(measured(command, folder), flush=True)
        for record in folder.glob("reports/many*/run.json"):
            for ran in json.loads(record.read_text(encoding="utf-8"))["notebooks"]:
                print(record.parent.name, ran["name"], ran["status"], ran["seconds"], ran["error"])


if __name__ == "__main__":
    main()
