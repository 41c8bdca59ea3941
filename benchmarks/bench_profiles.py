"""A page for each municipality: this workbench beside the plain commands and a plain function.

Run ``python benchmarks/bench_profiles.py [PAGES [PLAIN]]`` on a machine with 2 cores; PLAIN pages
are made by the commands, which are slow. The table is Markdown. All ways run in one round on the
same invented wave, whose cleaned data and typology are kept from before. The workbench and the
plain function are measured between two runs of different length, so that their start is told apart.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WAVE, CORES = "bench", 2
BIN = Path(sys.executable).parent


def project(place: Path, pages: int) -> list[str]:
    """A project with one wave; everything that is kept between runs is there. Its codes."""
    for folder in ("raw", "processed"):
        (place / "data" / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codebooks", place / "data" / "codebooks")
    shutil.copytree(ROOT / "notebooks", place / "notebooks")
    shutil.copy(ROOT / "requirements.lock", place)
    os.environ["WORKBENCH_ROOT"] = str(place)
    from workbench.demo import simulate_wave

    simulate_wave(WAVE, n=pages + 1)
    workbench("990019")
    from analysis.survey import Survey

    return list(Survey.load(WAVE).responses.index[:pages])


def workbench(*codes: str) -> float:
    start = time.perf_counter()
    command = [str(BIN / "workbench"), "profiles", WAVE, "--force", "--municipality", *codes]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def commands(place: Path, codes: Sequence[str], at_once: int) -> float:
    """The plain papermill and nbconvert commands, `at_once` pages side by side."""
    out = place / "plain"
    out.mkdir(exist_ok=True)
    line = (
        f"{BIN}/papermill {place}/notebooks/profile.ipynb {out}/{{}}.ipynb -r wave {WAVE} "
        f"-r municipality {{}} --no-progress-bar -k python3 "
        f"&& {BIN}/jupyter nbconvert --to html --log-level ERROR {out}/{{}}.ipynb"
    )
    start = time.perf_counter()
    subprocess.run(
        ["xargs", f"-P{at_once}", "-I{}", "sh", "-c", line],
        input="\n".join(codes),
        text=True,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def cells() -> list[tuple[Any, Any]]:
    """The code of the notebook: each cell as statements and what it shows."""
    notebook = json.loads((ROOT / "notebooks" / "profile.ipynb").read_text(encoding="utf-8"))
    compiled = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            last, shown = tree.body[-1], None
            if isinstance(last, ast.Expr):
                shown = compile(ast.Expression(last.value), "cell", "eval")
                tree.body.pop()
            compiled.append((compile(tree, "cell", "exec"), shown))
    return compiled


def analysis(code: str) -> None:
    """What the notebook does for one municipality, as a function; nothing is kept between calls."""
    names: dict[str, Any] = {"display": lambda *shown: [x._repr_mimebundle_() for x in shown]}
    for at, (statements, shown) in enumerate(cells()):
        exec(statements, names)
        if at == 0:
            names.update(wave=WAVE, municipality=code)
        if shown:
            value = eval(shown, names)
            if value is not None:
                value._repr_mimebundle_()
    import matplotlib.pyplot as plt

    plt.close("all")


def function(codes: Sequence[str]) -> float:
    """`analysis` of each, in as many processes as there are cores."""
    start = time.perf_counter()
    with get_context("spawn").Pool(CORES) as pool:
        pool.map(analysis, codes, chunksize=1)
    return time.perf_counter() - start


def main(pages: int = 40, plain: int = 4) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        codes = project(place, pages)
        few, many = codes[: pages // 5], codes
        serial = commands(place, codes[:plain], 1) / plain
        two = commands(place, codes[: 2 * plain], CORES) / (2 * plain)
        start_few, start_many = workbench(*few), workbench(*many)
        short, long = function(few), function(many)
    ours = (start_many - start_few) / (len(many) - len(few))
    floor = (long - short) / (len(many) - len(few))
    rows = [
        (
            "`papermill` and `jupyter nbconvert`, one after the other",
            serial,
            f"{serial / ours:.1f} times as fast (asked: 12)",
        ),
        (
            "the same, two at once (`xargs -P2`)",
            two,
            f"{two / ours:.1f} times as fast (asked: 7)",
        ),
        ("`workbench profiles`, with HTML", ours, ""),
        (
            "the same analysis as a plain function, 2 processes, no HTML",
            floor,
            f"{ours / floor:.1f} times as slow (asked: 3 at most)",
        ),
    ]
    print(f"\n{len(many)} pages; the workbench's start: {start_few - ours * len(few):.1f} s\n")
    print("| way | seconds a page | pages an hour | the workbench is |\n|---|---|---|---|")
    for name, each, how in rows:
        print(f"| {name} | {each:.2f} | {3600 / each:,.0f} | {how} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
