"""Kill refreshes at random moments: what is still there afterwards, and is the next run right?

    python benchmarks/kill_runs.py --kills 100 --seed 1

Each time a refresh of two small notebooks is started, and one of its processes (the command, a
kernel, the fork server, the resource tracker) gets a signal. Then the same refresh is run to its
end. Printed are the processes of a killed run that live longer than some seconds, the temporary
files that are left after the next run, and the runs that published something wrong. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
KINDS = ("runner", "runner", "kernel", "server", "tracker")
PARAMETERS = 'wave: str = "x"\nlanguage: str = "ja"\naudience: str = "internal"\noutput: str = ""\n'
WORK = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
    "time.sleep(1.5); child.kill()"
)


def notebook(number: int) -> str:
    """A notebook that works for a while, in a process of its own as well, and prints a number."""
    sources = [PARAMETERS, WORK, f"print({number})"]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{at}", "source": source, "outputs": [],
         "metadata": {"tags": ["parameters"]} if at == 0 else {}, "execution_count": None}
        for at, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "workbench": {"title": {"ja": "題", "en": "title"}}}
    return json.dumps({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})


def project(folder: Path) -> None:
    """A small project with the demo wave."""
    (folder / "notebooks").mkdir(parents=True)
    for name in ("data/codebooks", "data/raw/demo-2019"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "requirements.lock").write_text("")


def processes(mark: str) -> dict[int, str]:
    """The processes that a run has started, and their commands."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"KILL_RUNS={mark}\0".encode() in (folder / "environ").read_bytes() + b"\0":
                command = (folder / "cmdline").read_text().replace("\0", " ")
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                found[int(folder.name)] = f"{folder.name} of {parent}: {command}"
        except OSError:
            continue
    return found


def victim(mark: str, runner: int, kind: str) -> int:
    """One of the processes of a run of this kind; the command itself where there is none."""
    kernel = "workbench.run.ipython_kernel"
    signs = {"kernel": kernel, "server": "forkserver", "tracker": "resource_track"}
    sign = signs.get(kind)
    those = [pid for pid, told in processes(mark).items() if sign and sign in told]
    if kind == "kernel" and not those:  # forked ones have the command of their server
        those = [pid for pid, told in processes(mark).items() if "forkserver" in told][1:]
    return random.choice(those) if those else runner


def main() -> None:
    """Kill, look, run again, and print the counts."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--patience", type=float, default=5, help="seconds until one looks")
    given = options.parse_args()
    random.seed(given.seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir="/tmp") as base:
        folder, temporary = Path(base, "p"), Path(base, "t")
        temporary.mkdir()
        project(folder)
        for number in range(given.kills):
            for at in (1, 2):
                file = folder / "notebooks" / f"0{at}_n.ipynb"
                file.write_text(notebook(10 * number + at), encoding="utf-8")
            plain = ["--no-fork"] * random.choice([0, 0, 1])
            mark, kind = (
                f"{os.getpid()}-{number}",
                random.choice(KINDS),
            )
            environment = {
                **os.environ, "WORKBENCH_ROOT": str(folder), "TMPDIR": str(temporary),
                "KILL_RUNS": mark,
            }  # fmt: skip
            command = [sys.executable, "-m", "workbench.cli", "refresh", "demo-2019", *plain]
            runner = subprocess.Popen(
                command, env=environment, start_new_session=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(random.uniform(0, 9))
            how = random.choice(SIGNALS)
            try:
                os.kill(victim(mark, runner.pid, kind), getattr(signal, how))
            except ProcessLookupError:
                counts["ended before the signal"] += 1
            if kind != "runner":  # the run goes on, or fails by itself
                runner.wait(timeout=120)
            else:
                try:
                    runner.wait(timeout=given.patience)
                except subprocess.TimeoutExpired:
                    counts["the command ignored its signal"] += 1
                    print(number, how, "ignored by the command")
                    runner.kill()
                    runner.wait()
            time.sleep(given.patience)
            alive = processes(mark)
            if alive:
                counts["a process was alive"] += 1
                short = [text[:150] for text in alive.values()]
                print(number, kind, how, *plain, "alive:", *short, sep="\n  ")
            for pid in alive:
                os.kill(pid, signal.SIGKILL)
            again = subprocess.run(
                command, env={**environment, "KILL_RUNS": ""}, capture_output=True, text=True
            )
            try:
                shown = [
                    json.loads(path.read_text(encoding="utf-8"))["cells"][-1]["outputs"][0]["text"]
                    for path in sorted(folder.glob("reports/demo-2019/notebooks/*.ipynb"))
                ]
            except (OSError, ValueError, LookupError) as error:
                shown = [repr(error)]
            if again.returncode or shown != [[f"{10 * number + at}\n"] for at in (1, 2)]:
                counts["the next run was wrong"] += 1
                print(number, kind, how, *plain, "wrong:", shown, again.stderr, sep="\n  ")
            left = [p.name for p in temporary.iterdir()]
            left += [p.name for p in (folder / "reports").rglob(".*")]
            if left:
                counts["files were left after the next run"] += 1
                print(number, kind, how, *plain, "left:", *left, sep="\n  ")
                for path in temporary.iterdir():
                    shutil.rmtree(path, ignore_errors=True)
                    path.unlink(missing_ok=True) if path.is_file() else None
            counts["kills"] += 1
    print(dict(counts))


if __name__ == "__main__":
    main()
