"""Missing answers and respondents set aside: the two tables of docs/method.md.

    python benchmarks/bench_missing.py [surveys]

First: how well three known types 3 sd apart come back (k-medoids, their number told, n = 30) with
missing answers compared pairwise, and imputed. Second: in how many surveys without an outlier
somebody is called outlying, and what share of all respondents that is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.typology.multiverse import consensus, impute
from analysis.typology.prepare import set_aside
from analysis.typology.rivals import known_types
from analysis.typology.study import study

KINDS = {
    "six numbers": ["ratio"] * 6,
    "twelve mixed items": ["binary"] * 6 + ["ordinal"] * 3 + ["ratio"] * 3,
}


def drawn(
    n: int,
    separation: float,
    kinds: str,
    rng: np.random.Generator,
    *,
    loading: float = 0.0,
    skewed: bool = False,
) -> tuple[pd.DataFrame, pd.Series]:
    """Three types, or with separation 0 none; `loading` on one gradient, normal or exponential."""
    frame, truth = known_types(n, separation, kinds=["ratio"] * len(KINDS[kinds]), rng=rng)
    level = rng.standard_exponential((n, 1)) if skewed else rng.standard_normal((n, 1))
    if skewed:
        frame[:] = rng.standard_exponential(frame.shape)
    frame = loading * level + (1 - loading**2) ** 0.5 * frame
    for name, kind in zip(frame, KINDS[kinds], strict=True):
        if kind == "binary":
            frame[name] = (frame[name] > frame[name].median()).astype(float)
        elif kind == "ordinal":
            frame[name] = np.digitize(frame[name], frame[name].quantile([0.4, 0.7, 0.85, 0.95]))
    return frame.astype(float), truth


def types(frame: pd.DataFrame, kinds: dict[str, str]) -> np.ndarray:
    """Three types as a study makes them, without the evidence."""
    found = study(frame, kinds, n_types=3, n_bootstrap=0, n_null=1, criteria=False)
    return found.labels.to_numpy(int)


def recovery(surveys: int) -> None:
    """Adjusted Rand index by share of missing answers."""
    print("| three types 3 sd apart, n = 30 | missing | pairwise | imputed |\n|---|---|---|---|")
    for name, given in KINDS.items():
        kinds = {f"x{j + 1}": kind for j, kind in enumerate(given)}
        for share in (0.1, 0.2, 0.3):
            scores = []
            for seed in range(surveys):
                rng = np.random.default_rng(seed)
                frame, truth = drawn(30, 3.0, name, rng)
                gaps = frame.mask(rng.random(frame.shape) < share)
                filled = impute(gaps, kinds)
                one = types(gaps, kinds)
                several = consensus(np.array([types(table, kinds) for table in filled]), 3)
                scores.append([adjusted_rand_score(truth, found) for found in (one, several)])
            pairwise, filled_in = np.mean(scores, axis=0)
            print(f"| {name} | {share:.0%} | {pairwise:.2f} | {filled_in:.2f} |", flush=True)


def outlying(surveys: int) -> None:
    """How often somebody is outlying where nobody was made so."""
    sizes = (15, 30, 60, 200)
    print(f"\n| surveys with anybody outlying | {' | '.join(f'n = {n}' for n in sizes)} |")
    print("|---|---|---|---|---|")
    rows: list[tuple[str, float, str, dict[str, Any]]] = [
        ("independent numbers", 0.0, "six numbers", {}),
        ("independent mixed items", 0.0, "twelve mixed items", {}),
        ("one gradient, numbers (loading .75)", 0.0, "six numbers", {"loading": 0.75}),
        ("one gradient, mixed items", 0.0, "twelve mixed items", {"loading": 0.75}),
        ("one exponential gradient", 0.0, "six numbers", {"loading": 0.75, "skewed": True}),
        ("three types 3 sd apart, mixed items", 3.0, "twelve mixed items", {}),
    ]
    for title, separation, kinds, how in rows:
        cells = []
        for n in sizes:
            out = []
            for seed in range(surveys):
                frame, _ = drawn(n, separation, kinds, np.random.default_rng(seed), **how)
                aside = set_aside(frame, dict(zip(frame, KINDS[kinds], strict=True)))
                out.append(frame.index.isin(aside.index))
            cells.append(f"{np.any(out, axis=1).mean():.0%} ({np.mean(out):.1%})")
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    recovery(count)
    outlying(5 * count)
