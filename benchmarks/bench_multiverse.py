"""Time of the multiverse for a small survey and for a table of the national size, in Markdown.

    python benchmarks/bench_multiverse.py

The small survey is invented (n = 15, 12 features in 6 groups, 5 % missing); the large one has the
size and kind of the national table (1,733 units, 10 yes/no indicators driven by one level). One of
its settings (k-medoids, average linkage and Ward, 2 to 5 types) is also run on units instead of
answer patterns, in the same run.
"""

from __future__ import annotations

import argparse
import sys
import time

import kmedoids
import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from analysis.typology.dissimilarity import Gower
from analysis.typology.multiverse import Setting, multiverse, universes
from analysis.typology.rivals import known_types

ALLOWED = {"n = 15": 15.0, "n = 1,733": 60.0}


def small() -> tuple[pd.DataFrame, dict[str, str], dict[str, str], pd.Series]:
    rng = np.random.default_rng(0)
    frame, truth = known_types(15, 3.0, kinds=["ratio"] * 12, rng=rng)
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


def on_units(frame: pd.DataFrame, kinds: dict[str, str]) -> None:
    """The partitions of one setting from the dissimilarities of all units."""
    distance = Gower.of(frame, kinds).among()
    for k in range(2, 6):
        kmedoids.fasterpam(distance, k, init="build", n_cpu=1)
    linkage(squareform(distance, checks=False), "average")
    linkage(squareform(np.sqrt(distance), checks=False), "ward")


def side_by_side() -> None:
    """Best of three of one setting on patterns and on units, alternately."""
    frame, kinds, groups, _ = large()
    setting = Setting("all", "none missing", ["Gower, groups weighted equally"])
    took: dict[str, list[float]] = {"answer patterns": [], "units": []}
    for _ in range(3):
        for name in took:
            start = time.process_time()
            if name == "units":
                on_units(frame, kinds)
            else:
                universes(frame, kinds, groups, setting)
            took[name].append(time.process_time() - start)
    patterns, units = (min(times) for times in took.values())
    print("\n| one setting of n = 1,733 on | CPU seconds | ratio |")
    print("|---|---|---|")
    print(f"| answer patterns | {patterns:.2f} | 1 |")
    print(f"| units | {units:.2f} | {units / patterns:.0f} |")


def main() -> int:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print("| survey | universes | seconds | allowed |")
    print("|---|---|---|---|")
    late = False
    for name, survey in {"n = 15": small(), "n = 1,733": large()}.items():
        start = time.perf_counter()
        found = multiverse(*survey)
        took = time.perf_counter() - start
        late |= took > ALLOWED[name] or found.n < 100
        print(f"| {name} | {found.n} | {took:.1f} | {ALLOWED[name]:.0f} |", flush=True)
    side_by_side()
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
