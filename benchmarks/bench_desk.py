"""Seconds of each thing a researcher does at the desk (`analysis.lab`), in Markdown.

    python benchmarks/bench_desk.py [WAVE]

The desk is opened and each control moved once to a value it has not had; the cache of typologies
is empty at the start, so every number is that of a first time. Asked: 1 s on the demo survey, 3 s
on the national table. Processor time beside it, for machines that are busy with other work.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from analysis import lab, paths


def timed(what: str, act: Callable[[], object]) -> None:
    clock, busy = time.perf_counter(), time.process_time()
    act()
    clock, busy = time.perf_counter() - clock, time.process_time() - busy
    print(f"| {what} | {clock:.2f} | {busy:.2f} |", flush=True)


def main() -> None:
    wave = sys.argv[1] if len(sys.argv) > 1 else "demo-2019"
    print(f"| {wave} | seconds | of them processor |\n|---|---|---|")
    desk: list[lab.Panel] = []

    def opened(view: Callable[[str], lab.Panel]) -> Callable[[], None]:
        return lambda: desk.append(view(wave))

    def move(view: int, control: str, value: object) -> Callable[[], None]:
        return lambda: setattr(desk[view].controls[control], "value", value)

    with tempfile.TemporaryDirectory() as folder:
        paths.cache = lambda: Path(folder)
        timed("the desk opens: imports, the first question", opened(lab.browse))
        timed("its tab of types opens", opened(lab.types))
        timed("its tab of municipalities opens", opened(lab.municipality))
        survey = lab.load(wave, "ja")
        names = list(survey.features.group_labels)
        asked = [q.id for q in survey.codebook if q.type in {"binary", "multi"}]
        for what, act in {
            "another question": move(0, "question", asked[1]),
            "by size class": move(0, "by", "size_class"),
            "by type": move(0, "by", "type"),
            "another question by type": move(0, "question", asked[2]),
            "3 types": move(1, "n_types", 3),
            "4 types": move(1, "n_types", 4),
            "4 types, one index fewer": move(1, "indices", tuple(names[1:])),
            "and without the gradient": move(1, "adjust", "gradient"),
            "another municipality": move(2, "municipality", survey.responses.index[7]),
            "and another": move(2, "municipality", survey.responses.index[-1]),
        }.items():
            timed(what, act)


if __name__ == "__main__":
    main()
