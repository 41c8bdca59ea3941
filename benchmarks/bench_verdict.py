"""False alarms and hits of every verdict that a page can print, on simulated surveys, in Markdown.

    python benchmarks/bench_verdict.py [--results verdict.jsonl] [--jobs 2] [--minutes 60]
    python benchmarks/bench_verdict.py --results verdict.jsonl --only-table
    python benchmarks/bench_verdict.py --results types.jsonl --only-types

Surveys without types: independent answers; answers independent within four strata whose means
differ strongly or mildly; one gradient (normal, evenly spread, or with a long tail); two crossed
gradients; items correlated inside their index alone. "Clear" may be said in at most 5 % of each,
"tentative" or more in at most 6 %. Surveys with three types 2, 3 or 4 standard deviations apart
show what is found. Each survey is read as the pages read it: as answered, with the gradient or the
strata taken out; by size: one stratum alone; placed: by two thirds of the indicators.

Results are appended to a file, a line a survey, and what is there already is not run again. A
reading is given up as soon as no type can be claimed any more, which changes no verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_rand_score

from analysis.stats.thresholds import ALPHA
from analysis.typology.choice import counts_to_try
from analysis.typology.prepare import Adjust, prepare
from analysis.typology.rivals import Keep, null_test
from analysis.typology.study import study

P = 12
GROUPS = {f"x{j:02d}": f"index{j // 2}" for j in range(P)}
ITEMS = ("yes/no", "ordinal", "mixed")
WITHOUT_TYPES = (
    "independent",
    "strata, strong",
    "strata, mild",
    "gradient",
    "even gradient",
    "skewed gradient",
    "two gradients",
    "inside indices",
)
WITH_TYPES = {"types 2 sd": 2.0, "types 3 sd": 3.0, "types 4 sd": 4.0}
READINGS = ("unadjusted", "gradient", "strata", "by size", "placed")
SURVEYS = {15: 600, 30: 600, 60: 600, 200: 120}  # of each world, a sixth of each kind of items
ROUND = 22  # surveys whose results are written at once
LEVELS = ("clear", "tentative", "no types")
Cell = tuple[str, str, int, float]


def latent(
    world: str, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Continuous answers, stratum and type of each unit."""
    noise, stratum = rng.standard_normal((n, P)), rng.permutation(np.arange(n) % 4)
    kind = rng.permutation(np.arange(n) % 3)
    if world.startswith("strata"):
        most = 2.0 if world.endswith("strong") else 1.0  # log-odds
        logits = rng.logistic(size=(n, P)) + rng.uniform(-most, most, (4, P))[stratum]
        return logits / 1.81, stratum, kind
    if world.endswith("gradient"):
        if world == "even gradient":
            level = rng.uniform(-(3**0.5), 3**0.5, (n, 1))
        elif world == "skewed gradient":
            level = rng.standard_exponential((n, 1)) - 1
        else:
            level = rng.standard_normal((n, 1))
        loading = 0.9 if world == "even gradient" else 0.75
        return loading * level + (1 - loading**2) ** 0.5 * noise, stratum, kind
    if world in {"two gradients", "inside indices"}:
        axis = np.arange(P) % 2 if world == "two gradients" else np.arange(P) // 2
        return 0.8 * rng.standard_normal((n, 6))[:, axis] + 0.6 * noise, stratum, kind
    if world in WITH_TYPES:
        noise += WITH_TYPES[world] * (kind[:, None] == np.arange(P) % 3)
    return noise, stratum, kind


def survey(
    world: str, items: str, n: int, missing: float, seed: int
) -> tuple[pd.DataFrame, dict[str, str], pd.Series, np.ndarray]:
    """Answers, kinds, strata and true types of one survey; 2n units of which n are of stratum 0."""
    place = (*WITHOUT_TYPES, *WITH_TYPES).index(world), ITEMS.index(items)
    rng = np.random.default_rng([seed, n, *place, int(100 * missing)])
    values, stratum, kind = latent(world, n, rng)
    answers, kinds = values.copy(), {}
    apart = WITH_TYPES.get(world, 0.0)
    for j, name in enumerate(GROUPS):
        x = values[:, j]
        if items == "yes/no" or (items == "mixed" and j < 6):
            cut = (
                apart / 2 + rng.normal(0, 0.3) if apart else np.quantile(x, rng.uniform(0.15, 0.85))
            )
            answers[:, j], kinds[name] = x > cut, "binary"
        elif items == "ordinal" or j < 9:
            steps = (
                apart * np.arange(0.2, 0.9, 0.2)
                if apart
                else np.quantile(x, (0.3, 0.55, 0.75, 0.9))
            )
            answers[:, j], kinds[name] = np.searchsorted(steps, x), "ordinal"
        else:
            answers[:, j] = (np.exp(x / 2), np.sinh(x / 2), x)[j - 9]
            kinds[name] = "ratio"
    answers[rng.random(answers.shape) < missing] = np.nan
    codes = pd.Index([f"{i:06d}" for i in range(n)])
    frame = pd.DataFrame(answers, codes, list(GROUPS))
    return frame, kinds, pd.Series(stratum, codes).astype(str), kind


def level(
    frame: pd.DataFrame, kinds: dict[str, str], adjust: Adjust, truth: np.ndarray | None, seed: int
) -> dict[str, object]:
    """The verdict, without telling "gradient" from "none"; and whether it is right."""
    data = prepare(frame, kinds, GROUPS, adjust, seed=seed)
    counts = counts_to_try(data, "auto")
    less: Keep = "gradient" if data.fit.basis == "gradient" else "margins"
    asked: tuple[Keep, ...] = ("correlations", less)
    for keep in asked:
        if null_test(data.fit, counts, keep, n_null=99, surely_more=ALPHA, seed=seed).p > ALPHA:
            return {"level": "no types"}
    found = study(frame, kinds, GROUPS, adjust=adjust, seed=seed, criteria=truth is not None)
    name = found.verdict.level
    result: dict[str, object] = {"level": name if name in LEVELS else "no types"}
    if truth is not None:
        result["k"] = found.params["n_types"]
        result["ari"] = round(float(adjusted_rand_score(truth, found.labels)), 3)
        result["criteria"] = dict(found.evidence.criteria)
    return result


def one(cell: Cell, seed: int) -> list[dict[str, object]]:
    """All readings of one survey."""
    world, items, n, missing = cell
    about = {"world": world, "items": items, "n": n, "missing": missing, "seed": seed}
    frame, kinds, stratum, kind = survey(world, items, n, missing, seed)
    if world in WITH_TYPES:
        return [{**about, "reading": "unadjusted", **level(frame, kinds, None, kind, seed)}]
    adjusts: dict[str, Adjust] = {"unadjusted": None, "gradient": "gradient", "strata": stratum}
    lines = []
    for reading, adjust in adjusts.items():
        lines.append({**about, "reading": reading, **level(frame, kinds, adjust, None, seed)})
    if items == "mixed" and world in {"strata, strong", "even gradient"}:
        shared = list(GROUPS)[: 2 * P // 3]
        lines.append(
            {**about, "reading": "placed", **level(frame[shared], kinds, None, None, seed)}
        )
        if n >= 30:  # of a survey four times as large
            large, kinds, stratum, _ = survey(world, items, 4 * n, missing, seed)
            alone = large[stratum == "0"]
            lines.append({**about, "reading": "by size", **level(alone, kinds, None, None, seed)})
    return lines


def tasks() -> Iterator[tuple[Cell, int]]:
    """Surveys to simulate: round by round one of each world and size, of other items each time."""
    kinds = [(items, missing) for missing in (0.0, 0.2) for items in ITEMS]
    for seed in range(max(SURVEYS.values())):
        items, missing = kinds[seed % 6]
        for n, most in SURVEYS.items():
            if seed < most:
                for world in WITHOUT_TYPES:
                    yield (world, items, n, missing), seed
        if seed % 4 == 0:  # a survey with types goes through everything: dear
            items, missing = kinds[seed // 4 % 6]
            for n in (15, 30, 60):
                for world in WITH_TYPES:
                    yield (world, items, n, missing), seed


def table(found: pd.DataFrame) -> str:
    """Markdown: false alarms by reading, kind of survey and size, and hits."""
    without = found[found["world"].isin(WITHOUT_TYPES)]
    clear = without["level"] == "clear"
    without = without.assign(clear=clear, some=clear | (without["level"] == "tentative"))
    sizes = sorted(without["n"].unique())
    lines = [f"| reading | without types | {' | '.join(f'n = {n}' for n in sizes)} |"]
    lines.append("|---|---|" + "---|" * len(sizes))
    for reading in READINGS:
        for world in WITHOUT_TYPES:
            part = without[(without["reading"] == reading) & (without["world"] == world)]
            cells = [part[part["n"] == n] for n in sizes]
            if len(part):
                lines.append(f"| {reading} | {world} | {' | '.join(map(_alarms, cells))} |")
        part = without[without["reading"] == reading]
        cells = [part[part["n"] == n] for n in sizes]
        lines.append(f"| {reading} | **all** | {' | '.join(map(_alarms, cells))} |")
    lines += ["", "| by items and missing | " + " | ".join(f"n = {n}" for n in sizes) + " |"]
    lines.append("|---|" + "---|" * len(sizes))
    for (items, missing), part in without.groupby(["items", "missing"]):
        cells = [part[part["n"] == n] for n in sizes]
        lines.append(f"| {items}, {missing:.0%} missing | {' | '.join(map(_alarms, cells))} |")
    lines += [
        "",
        "| three types | n | surveys | clear | tentative | k right | ARI >= .8 | clear and ",
    ]
    lines[-1] += "ARI >= .8 | clear, ARI < .8 |"
    lines.append("|---|---|---|---|---|---|---|---|---|")
    types = found[found["world"].isin(WITH_TYPES)].reindex(columns=[*found, "k", "ari"])
    for (world, n), part in types.loc[:, ~types.columns.duplicated()].groupby(["world", "n"]):
        clear, near = part["level"] == "clear", part["ari"] >= 0.8
        shares = (clear, part["level"] == "tentative", part["k"] == 3, near, clear & near)
        listed = " | ".join(f"{100 * share.mean():.0f}" for share in (*shares, clear & ~near))
        lines.append(f"| {world} | {n} | {len(part)} | {listed} |")
    return "\n".join(lines)


def _alarms(part: pd.DataFrame) -> str:
    """Percent "clear" / "tentative or more" (surveys)."""
    if part.empty:
        return "-"
    return f"{100 * part['clear'].mean():.1f} / {100 * part['some'].mean():.1f} ({len(part)})"


def read(results: Path) -> pd.DataFrame:
    """What was simulated so far."""
    lines = results.read_text().splitlines() if results.exists() else []
    return pd.DataFrame([json.loads(line) for line in lines])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("verdict.jsonl"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only-table", action="store_true")
    parser.add_argument("--only-types", action="store_true", help="surveys with types alone")
    asked = parser.parse_args()
    until = time.monotonic() + 60 * asked.minutes
    found = read(asked.results)
    names = ["world", "items", "n", "missing", "seed"]
    done = set(found[names].itertuples(index=False, name=None)) if len(found) else set()
    todo = [(cell, seed) for cell, seed in tasks() if (*cell, seed) not in done]
    if asked.only_types:
        todo = [(cell, seed) for cell, seed in todo if cell[0] in WITH_TYPES]
    if not asked.only_table:
        for start in range(0, len(todo), ROUND):
            if time.monotonic() > until:
                break
            made = Parallel(n_jobs=asked.jobs)(
                delayed(one)(cell, seed) for cell, seed in todo[start : start + ROUND]
            )
            with asked.results.open("a") as file:
                file.writelines(json.dumps(line) + "\n" for lines in made for line in lines)
    print(table(read(asked.results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
