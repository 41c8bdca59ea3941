"""Seconds to compare two runs, from their folders to both files written, in Markdown.

    workbench refresh national-r5
    cp -r reports/national-r5 before
    workbench refresh national-r5 -p n_types 3
    python benchmarks/bench_compare.py before reports/national-r5

Asked: at most 10 s for two runs of the national table.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from analysis.compare import Run, between, write


def main() -> None:
    before, after = map(Path, sys.argv[1:])
    start = time.perf_counter()
    runs = Run.read(before, "before"), Run.read(after, "after")
    read = time.perf_counter()
    found = between(*runs)
    compared = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write(found, Path(folder))
        page = (Path(folder) / "compare.html").stat().st_size
    end = time.perf_counter()
    print(
        "| reading | comparing | writing | together | page | processor |\n|---|---|---|---|---|---|"
    )
    took = [f"{s:.1f} s" for s in (read - start, compared - read, end - compared, end - start)]
    print(f"| {' | '.join(took)} | {page / 1e6:.1f} MB | {time.process_time():.1f} s |")


if __name__ == "__main__":
    main()
