"""False alarms and hits of the verdict on simulated surveys, as a Markdown table.

    python benchmarks/bench_verdict.py [--surveys 200] [--n 15] [--jobs 2] [--kind gradient ...]

Four kinds of survey have no types: independent answers; one gradient, thick in the middle or evenly
spread; two crossed gradients. "Clear types" may be announced in at most 5 % of each. Three kinds
have three known types. Half of the 12 features are yes/no, 5 % of the answers are missing.
"""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from analysis.typology.power import known_types
from analysis.typology.study import study

P = 12
WITHOUT_TYPES = ("independent", "gradient", "even gradient", "two gradients")
WITH_TYPES = {"weak types": 2.0, "moderate types": 3.0, "strong types": 4.0}
ALLOWED = 0.05


def survey(kind: str, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng([seed, n])
    noise = rng.standard_normal((n, P))
    if kind == "independent":
        values = noise
    elif kind == "gradient":
        values = 0.8 * rng.standard_normal((n, 1)) + 0.6 * noise
    elif kind == "even gradient":
        values = 0.9 * rng.uniform(-(3**0.5), 3**0.5, (n, 1)) + 0.43 * noise
    elif kind == "two gradients":
        odd = np.arange(P) % 2 == 1
        one, two = rng.standard_normal((2, n, 1))
        values = 0.8 * np.where(odd, one, two) + 0.6 * noise
    else:
        values = known_types(n, WITH_TYPES[kind], n_features=P, rng=rng)[0].to_numpy(copy=True)
    values[:, ::2] = values[:, ::2] > np.median(values[:, ::2], axis=0)
    values[rng.random(values.shape) < 0.05] = np.nan
    return pd.DataFrame(values, [f"{i:06d}" for i in range(n)], [f"x{j}" for j in range(P)])


def level(kind: str, n: int, seed: int) -> str:
    frame = survey(kind, n, seed)
    kinds = {c: "binary" if j % 2 == 0 else "ratio" for j, c in enumerate(frame)}
    return study(frame, kinds, seed=seed, n_bootstrap=50, n_null=49).verdict.level


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--surveys", type=int, default=200)
    parser.add_argument("--n", type=int, default=15)
    parser.add_argument("--jobs", type=int, default=2)
    every = [*WITHOUT_TYPES, *WITH_TYPES]
    parser.add_argument("--kind", nargs="*", choices=every, default=every)
    asked = parser.parse_args()
    print(f"| n = {asked.n}, {asked.surveys} surveys each | clear | tentative | gradient | none |")
    print("|---|---|---|---|---|")
    worst = 0.0
    for kind in asked.kind:
        tasks = (delayed(level)(kind, asked.n, seed) for seed in range(asked.surveys))
        found = pd.Series(Parallel(n_jobs=asked.jobs)(tasks)).value_counts(normalize=True)
        shares = [found.get(name, 0.0) for name in ("clear", "tentative", "gradient", "none")]
        print(f"| {kind} | " + " | ".join(f"{100 * s:.1f} %" for s in shares) + " |", flush=True)
        if kind in WITHOUT_TYPES:
            worst = max(worst, shares[0])
    print(f"\nFalse alarms at most {100 * worst:.1f} % (allowed: {100 * ALLOWED:.0f} %).")
    return int(worst > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
