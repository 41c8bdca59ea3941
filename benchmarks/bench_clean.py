"""How long cleaning takes and what it holds, by rows: invented replies of 37 questions as CSV.

Run ``python benchmarks/bench_clean.py``; the table is Markdown. Two in a hundred answers are
written in some unusual way (full-width digits, era dates), so findings grow with the rows.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Invited, Wave

BLOCK = 2_000
DEFAULT = (10_000, 100_000, 300_000)


def write(folder: Path, n: int) -> None:
    """The file of replies; nothing that it needs is in the process that is measured."""
    import numpy as np
    import pandas as pd

    from workbench import demo
    from workbench.demo import simulate, soiled

    drawn = simulate(BLOCK, seed=1)
    rows = soiled(demo.table(drawn), drawn, 0.02, np.random.default_rng(1))
    text = pd.DataFrame(rows, dtype=object).rename(columns={"Q00": "団体名"}).to_csv(index=False)
    head, *block = csv.reader(io.StringIO(text))
    file = folder / "data" / "raw" / "bench" / "replies.csv"
    file.parent.mkdir(parents=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(head)
        for i in range(n):  # names tell who replied: codes of six digits are too few
            writer.writerow([f"架空{i}市", "", *block[i % len(block)][2:]])


def once(folder: Path, n: int) -> str:
    """Read and clean; seconds, peak memory and findings."""
    from analysis.cleaning import clean
    from analysis.intake import read as intake

    invited = tuple(
        Invited(code=f"{i:06d}", name=f"架空{i}市", size_class="other_city") for i in range(n)
    )
    text = {"ja": "x", "en": "x"}
    about = {
        **{"name": "bench", "title": text, "publisher": text, "as_of": dt.date(2019, 4, 1)},
        **{"codebook": "it-staffing", "data": "invented"},
        "files": [{"path": "replies.csv"}],
    }
    wave = Wave.model_validate(about).model_copy(update={"invited": invited})
    book = Codebook.read("it-staffing")
    os.environ["WORKBENCH_ROOT"] = str(folder)
    start = time.perf_counter()
    raw = intake.read(wave, book)
    read = time.perf_counter()
    cleaned = clean.clean(raw, wave, book)
    cleaned.ledger.check()
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    each = (done - start) / n * 1e6
    return (
        f"| {n:,} | {read - start:.1f} s | {done - read:.1f} s | {each:.0f} µs | {peak:,} MB "
        f"| {len(cleaned.findings):,} |"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        print(once(Path(sys.argv[3]), int(sys.argv[2])))
        raise SystemExit
    print("| replies | reading | cleaning | each | peak memory | findings |")
    print("|" + "---|" * 6)
    for count in [int(n) for n in sys.argv[1:]] or DEFAULT:
        with tempfile.TemporaryDirectory() as place:
            write(Path(place), count)
            run = [sys.executable, __file__, "--once", str(count), place]
            print(subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout, end="")
