"""Seconds of `workbench compare` of two runs, from the command to both files, in Markdown.

    workbench refresh national-r5
    cp -r reports/national-r5 before
    workbench refresh national-r5 -p n_types 3
    python benchmarks/bench_compare.py before reports/national-r5

Asked: at most 10 s for two runs of the national table.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    before, after = (str(Path(run).resolve()) for run in sys.argv[1:])
    command = [sys.executable, "-m", "workbench.cli", "compare", before, after]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        given = os.environ | {"OMP_NUM_THREADS": "1", "WORKBENCH_REPORTS": folder}
        subprocess.run(command, env=given, check=True, stdout=subprocess.DEVNULL)
        (page,) = Path(folder).rglob("compare.html")
        size = page.stat().st_size / 1e6
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("| seconds | of them processor | page |\n|---|---|---|")
    print(f"| {seconds:.1f} | {used.ru_utime + used.ru_stime:.1f} | {size:.1f} MB |")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("bench_compare.py needs two runs: BEFORE AFTER")
    main()
