"""Processor seconds and memory of the typology on the national table, in Markdown.

    python benchmarks/bench_typology.py [--table FILE]

FILE is the Digital Agency's table of municipalities (CSV); without it an invented one of the same
size and kind is used. Memory is the peak of a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import kmedoids
import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.typology import choice, dissimilarity
from analysis.typology.choice import bic_of_classes
from analysis.typology.dissimilarity import Gower, collapse
from analysis.typology.multiverse import multiverse
from analysis.typology.partition import k_medoids, medoids_for, stability
from analysis.typology.study import study

R_TO_PLAIN = 2.25 / 0.81  # R fpc::clusterboot to plain FasterPAM, 20 bootstraps, one machine


def table(path: Path | None) -> pd.DataFrame:
    if path is None:
        rng = np.random.default_rng(0)
        level = rng.standard_normal((1733, 1))
        done = 1.5 * level + rng.logistic(size=(1733, 10)) > np.linspace(-2, 2, 10)
        return pd.DataFrame(done.astype(float), columns=[f"q{j}" for j in range(10)])
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    said = {"実施": 1.0, "未実施": 0.0}
    answers = {row[1]: [said.get(cell, np.nan) for cell in row[2:1743]] for row in rows[1:11]}
    return pd.DataFrame(answers).dropna()


Made = TypeVar("Made")


def seconds(work: Callable[[], Made]) -> tuple[float, Made]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done


def whole(frame: pd.DataFrame) -> str:
    kinds = dict.fromkeys(frame, "binary")
    named = frame.set_axis([f"{i:06d}" for i in range(len(frame))])
    made, _ = seconds(lambda: study(named, kinds, n_bootstrap=100, n_null=100))
    return f"{made:.1f} s | 20 s"


def readings(frame: pd.DataFrame) -> str:
    """Each null is drawn from the answers as given and adjusted after; then all analyses."""
    kinds = dict.fromkeys(frame, "binary")
    named = frame.set_axis([f"{i:06d}" for i in range(len(frame))])
    strata = pd.Series(np.arange(len(named)) % 5, named.index).astype(str)
    plain, found = seconds(lambda: study(named, kinds))
    level, _ = seconds(lambda: study(named, kinds, adjust="gradient"))
    within, _ = seconds(lambda: study(named, kinds, adjust=strata))
    every, runs = seconds(lambda: multiverse(named, kinds, None, found.labels))
    gaps = named.mask(np.random.default_rng(0).random(named.shape) < 0.02)
    filled, more = seconds(lambda: multiverse(gaps, kinds, None, found.labels))
    total = plain + level + within + every
    return (
        f"{total:.1f} s: {plain:.1f} plain, {level:.1f} less the gradient, {within:.1f} within "
        f"five strata, {every:.1f} for {runs.n} analyses; with two answers in a hundred missing "
        f"{filled:.1f} for {more.n} | 10 s"
    )


def classes(frame: pd.DataFrame, k: int) -> float:
    """The log-likelihood of k classes of yes and no."""
    bic = bic_of_classes(frame, dict.fromkeys(frame, "binary"), k, tol=1e-10)
    return ((k - 1 + k * frame.shape[1]) * float(np.log(len(frame))) - bic) / 2


def bootstraps(frame: pd.DataFrame) -> str:
    values, kinds, names = frame.to_numpy(float), dict.fromkeys(frame, "binary"), list(frame)
    full = Gower.of(frame, kinds).among()
    rng = np.random.default_rng(0)

    def plain() -> None:
        for seed in range(20):
            drawn = rng.integers(0, len(full), len(full))
            kmedoids.fasterpam(full[np.ix_(drawn, drawn)], 4, random_state=seed, n_cpu=1)

    def ours() -> None:
        seen = collapse(values)
        distance = Gower(seen, names, kinds).among()
        types = k_medoids(distance, 4, seen.weights).labels
        stability(
            distance,
            4,
            types,
            seen.weights,
            n_bootstrap=20,
        )

    ours()
    took = [(seconds(ours)[0], seconds(plain)[0]) for _ in range(3)]
    mine, other = (float(np.median(part)) for part in zip(*took, strict=True))
    times = other / mine
    return (
        f"{mine:.2f} s; plain FasterPAM on all rows {other:.2f} s: {times:.0f} times as fast, "
        f"{times * R_TO_PLAIN:.0f} times as R's clusterboot by the recorded ratio | 5 times R"
    )


def beside_stepmix(frame: pd.DataFrame) -> str:
    from stepmix.stepmix import StepMix

    model = StepMix(
        n_components=4,
        measurement="binary",
        n_init=choice.STARTS,
        max_iter=5000,
        abs_tol=1e-10,
        rel_tol=1e-12,
        random_state=0,
        progress_bar=0,
    )
    other, _ = seconds(lambda: model.fit(frame.to_numpy()))
    mine, found = seconds(lambda: classes(frame, 4))
    theirs = model.score(frame.to_numpy()) * len(frame)
    apart = abs(found - theirs) / abs(theirs)
    return (
        f"{mine:.2f} s, StepMix {other:.1f} s; log-likelihood {found:.4f} and "
        f"{theirs:.4f}, apart by {apart:.0e} | 1e-06"
    )


def million(items: int = 10) -> str:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 4, 1_000_000)
    share = rng.uniform(0.1, 0.9, (4, items))
    answers = (rng.random((1_000_000, items)) < share[kind]).astype(float)
    took, _ = seconds(lambda: classes(pd.DataFrame(answers), 4))
    return f"{took:.1f} s, {peak()} MB ({len(collapse(answers).rows):,} patterns)"


def largest() -> str:
    answers = np.random.default_rng(0).normal(size=(dissimilarity.LIMIT, 10))
    measure = Gower.of(pd.DataFrame(answers), {})
    took, _ = seconds(lambda: medoids_for(measure.among(), [4], n_init=1))
    more = np.vstack([answers, answers[:1] + 1])
    try:
        late, _ = seconds(lambda: Gower.of(pd.DataFrame(more), {}).among())
    except InputError as refusal:
        return f"{took:.0f} s, {peak()} MB; one row more: “{refusal}”"
    return f"one row more was not refused ({late:.0f} s)"


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def alone(name: str) -> str:
    """A measurement in a process of its own, for its memory."""
    ran = subprocess.run(
        [sys.executable, __file__, "--only", name], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--only", choices=["million", "largest"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(million() if asked.only == "million" else largest())
        return 0
    frame = table(asked.table)
    print(f"{len(frame):,} rows, {len(frame.drop_duplicates())} answer patterns.\n")
    print("| what | result | asked |")
    print("|---|---|---|")
    rows: dict[str, Callable[[], str]] = {
        "whole typology, k = 2..6, 100 bootstraps, null of 100, latent classes 1..6": lambda: whole(
            frame
        ),
        "three readings with 100 bootstraps and nulls of 99, and the multiverse": lambda: readings(
            frame
        ),
        "20 bootstraps of k-medoids, k = 4": lambda: bootstraps(frame),
        "4 latent classes, 20 starts": lambda: beside_stepmix(frame),
        "4 latent classes, 20 starts, 1,000,000 × 10": lambda: (
            alone("million") + " | 10 s, 1,500 MB"
        ),
        f"k-medoids of {dissimilarity.LIMIT:,} different rows": lambda: (
            alone("largest") + " | refused"
        ),
    }
    for name, measure in rows.items():
        print(f"| {name} | {measure()} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
