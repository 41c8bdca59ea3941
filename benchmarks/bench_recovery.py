"""How well known types are recovered: adjusted Rand index by size and separation, in Markdown.

    python benchmarks/bench_recovery.py [--surveys 50] [--n 15 60 ...]

Three types, six ratio features; separation in within-type standard deviations. "Told k": k-medoids
on Gower dissimilarity with the true number of types. "Auto": `study` chooses it; with the share of
surveys for which the verdict is "clear types".
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_rand_score

from analysis.typology.rivals import SEPARATIONS, known_types, power
from analysis.typology.study import study

SIZES = (15, 60, 200, 1000)


def auto(n: int, separation: float, seed: int) -> tuple[float, bool]:
    frame, truth = known_types(n, separation, rng=np.random.default_rng([seed, n]))
    found = study(frame, dict.fromkeys(frame, "ratio"), seed=seed, n_bootstrap=30, n_null=49)
    return adjusted_rand_score(truth, found.labels), found.verdict.level == "clear"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surveys", type=int, default=50)
    parser.add_argument("--n", type=int, nargs="*", default=SIZES)
    asked = parser.parse_args()
    print("| n | separation | ARI, told k | recovered (ARI >= 0.8) | ARI, auto | verdict clear |")
    print("|---|---|---|---|---|---|")
    for n in asked.n:
        surveys = asked.surveys if n <= 200 else max(5, asked.surveys // 5)
        told = power(n, n_simulations=surveys)
        for name, separation in SEPARATIONS.items():
            tasks = (delayed(auto)(n, separation, seed) for seed in range(surveys))
            ari, clear = np.array(Parallel(n_jobs=2)(tasks), dtype=float).mean(axis=0)
            known = told.loc[name]
            print(
                f"| {n} | {name} ({separation:g} sd) | {known['ari']:.2f} "
                f"| {100 * known['recovered']:.0f} % | {ari:.2f} | {100 * clear:.0f} % |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
