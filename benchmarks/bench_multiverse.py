"""Time of the multiverse for a small survey and for a table of the national size, in Markdown.

    python benchmarks/bench_multiverse.py [--jobs 2]

The small survey is invented (n = 15, 12 features in 6 groups, 5 % missing); the large one has the
size and kind of the national table (1,733 units, 10 yes/no indicators driven by one level).
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import pandas as pd

from analysis.typology.multiverse import multiverse
from analysis.typology.power import known_types

ALLOWED = {"n = 15": 15.0, "n = 1,733": 60.0}


def small() -> tuple[pd.DataFrame, dict[str, str], dict[str, str], pd.Series]:
    rng = np.random.default_rng(0)
    frame, truth = known_types(15, 3.0, n_features=12, rng=rng)
    frame = frame.mask(rng.random(frame.shape) < 0.05)
    return (
        frame,
        dict.fromkeys(frame, "ratio"),
        {c: str(j // 2) for j, c in enumerate(frame)},
        truth,
    )


def large() -> tuple[pd.DataFrame, dict[str, str], None, pd.Series]:
    rng = np.random.default_rng(0)
    level = rng.standard_normal((1733, 1))
    done = 1.5 * level + rng.logistic(size=(1733, 10)) > np.linspace(-2, 2, 10)
    frame = pd.DataFrame(done.astype(float), columns=[f"q{j}" for j in range(10)])
    types = pd.Series(np.digitize(level[:, 0], [-0.7, 0, 0.7]) + 1)
    return frame, dict.fromkeys(frame, "binary"), None, types


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    jobs = parser.parse_args().jobs
    print("| survey | universes | seconds | allowed |")
    print("|---|---|---|---|")
    late = False
    for name, survey in {"n = 15": small(), "n = 1,733": large()}.items():
        start = time.perf_counter()
        found = multiverse(*survey, jobs=jobs)
        took = time.perf_counter() - start
        late |= took > ALLOWED[name] or found.n < 100
        print(f"| {name} | {found.n} | {took:.1f} | {ALLOWED[name]:.0f} |", flush=True)
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
