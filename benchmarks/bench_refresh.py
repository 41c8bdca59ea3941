"""A refresh of the demo survey beside the plain commands, and what answers at once.

Run ``python benchmarks/bench_refresh.py``; the table is Markdown. The plain commands run each
notebook through ``papermill`` and then ``jupyter nbconvert``, one after the other.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
WAVE, BIN = "demo-2019", Path(sys.executable).parent


def timed(*command: object) -> float:
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return time.perf_counter() - start


def project(place: Path) -> None:
    (place / "data" / "processed").mkdir(parents=True)
    for folder in ("data/codebooks", "data/raw", "data/cases", "notebooks"):
        shutil.copytree(ROOT / folder, place / folder)
    shutil.copy(ROOT / "requirements.lock", place)
    os.environ["WORKBENCH_ROOT"] = str(place)


def forget(place: Path) -> None:
    """As if the wave had just arrived: nothing is cleaned, nothing computed."""
    shutil.rmtree(place / "data" / "processed")
    (place / "data" / "processed").mkdir()


def commands(place: Path) -> float:
    out = place / "plain"
    out.mkdir()
    total = 0.0
    for notebook in sorted((place / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        executed = out / notebook.name
        run = ("-r", "wave", WAVE, "-r", "output", out, "--no-progress-bar", "-k", "python3")
        total += timed(BIN / "papermill", notebook, executed, *run)
        total += timed(BIN / "jupyter", "nbconvert", "--to", "html", executed)
    return total


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        project(place)
        ours = timed(BIN / "workbench", "refresh", WAVE)
        nothing = [timed(BIN / "workbench", "refresh", WAVE) for _ in range(5)]
        helped = [timed(BIN / "workbench", "--help") for _ in range(5)]
        forget(place)
        plain = commands(place)
    print("| what | seconds | asked |\n|---|---|---|")
    print(f"| `papermill` and `jupyter nbconvert` for each notebook | {plain:.1f} | |")
    ratio = f"{ours / plain:.2f} of the commands' time"
    print(f"| `workbench refresh {WAVE}` | {ours:.1f}: {ratio} | 0.4 |")
    print(
        f"| the same with nothing to do, median of 5 | {statistics.median(nothing):.2f} | 0.5 s |"
    )
    print(f"| `workbench --help`, median of 5 | {statistics.median(helped):.2f} | 0.2 s |")


if __name__ == "__main__":
    main()
