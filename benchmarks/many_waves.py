"""A load of 47 waves, one a prefecture: refreshed, their pages made by a dask cluster, and killed.

    python benchmarks/many_waves.py [--waves 47] [--replies 4] [--only 01_clean]

In a temporary project every wave is invented, refreshed by ``workbench refresh`` and gets a page
for each municipality by ``workbench profiles --scheduler`` (a scheduler and three workers on
loopback). Both ways are stopped by SIGKILL in the middle of some waves, and one worker is killed
for good; then the same commands run again. Printed are the times and what was lost, double or
wrong: it must be nothing. The table is Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKERS = 3
KILLS = 3
LOOP = """
import sys
from workbench.cli import main
waves, words = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
sys.exit(max(main([words[0], wave, *words[1:]]) for wave in waves))
"""


@dataclass
class Load:
    """The project, its waves and what was wrong so far."""

    folder: Path
    waves: list[str]
    faults: list[str] = field(default_factory=list)
    kills: int = 0

    def each(self, name: str, *words: str, kill: str = "") -> None:
        """The command of every wave in turn, in one process.

        `kill`: a wave; the process ends by SIGKILL, unfinished, some time after this wave's hidden
        folder got its first file.
        """
        environment = {**os.environ, "WORKBENCH_ROOT": str(self.folder), "LC_ALL": "C.UTF-8"}
        running = subprocess.Popen(
            [sys.executable, "-c", LOOP, *self.waves, "--", name, *words], env=environment,
            start_new_session=True, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        if kill:
            edition = f"{kill}.profiles" if name == "profiles" else kill
            parts = self.folder / "reports" / f".{edition}.part"
            while running.poll() is None and not [*parts.glob("*")]:
                time.sleep(0.05)
            time.sleep(random.uniform(0, 3))
            if running.poll() is None:
                os.kill(running.pid, signal.SIGKILL)
                self.kills += 1
        _, said = running.communicate()
        if running.returncode and not kill:
            self.faults.append(f"{name}: {said[-300:]}")

    def records(self, end: str = "") -> dict[str, dict]:
        """The record of each wave's last run."""
        found = {}
        for wave in self.waves:
            file = self.folder / "reports" / f"{wave}{end}" / "run.json"
            found[wave] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        return found

    def check(self, end: str = "") -> int:
        """Note what is lost, double or left over; returns the number of pages that are right."""
        right = 0
        for wave, record in self.records(end).items():
            place = self.folder / "reports" / f"{wave}{end}"
            rans = record.get("notebooks", [])
            names = [one["name"] for one in rans]
            if len(names) != len(set(names)) or not names:
                self.faults.append(f"{wave}{end}: {len(names)} pages, {len(set(names))} different")
            for one in rans:
                file = place / one["html"]
                if one["status"] == "skipped":
                    continue
                if one["status"] != "ok" or not file.is_file():
                    self.faults.append(f"{wave}{end}: {one['name']} is {one['status']}")
                elif end and one["name"] not in file.read_text("utf-8"):
                    self.faults.append(f"{wave}{end}: {one['name']} is another's page")
                else:
                    right += 1
            known = {one["html"] for one in rans}
            there = {file.name for file in place.glob("[0-9]*.html")}
            if lost := there - known:
                self.faults.append(f"{wave}{end}: {len(lost)} pages that no record knows")
        return right


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A dask scheduler and its workers on loopback."""
    found, environment = folder / "scheduler.json", {**os.environ, "WORKBENCH_ROOT": str(folder)}

    def start(kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)

    here = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
    processes = [start("scheduler", *here, "--scheduler-file", str(found))]
    try:
        while not found.is_file() or not found.read_text():
            time.sleep(0.1)
        address = json.loads(found.read_text())["address"]
        processes += [
            start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                  "--local-directory", str(folder / f"worker-{n}"))
            for n in range(WORKERS)
        ]  # fmt: skip
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def project(folder: Path, waves: int, replies: int) -> Load:
    """A project of invented waves."""
    (folder / "data" / "raw").mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codebooks", folder / "data" / "codebooks")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copy(ROOT / "requirements.lock", folder)
    os.environ["WORKBENCH_ROOT"] = str(folder)
    from workbench.demo import simulate_wave

    load = Load(folder, [f"prefecture-{number:02}" for number in range(1, waves + 1)])
    for number, wave in enumerate(load.waves):
        simulate_wave(wave, n=replies + 1, seed=number)
    return load


def timed(what: str, action: Callable[[], None], rows: list[tuple[str, str]]) -> None:
    """Do something, and note how long it took."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows.append((what, f"{time.monotonic() - start:,.0f} s ({cpu:,.0f} s of processors)"))
    print(*rows[-1], flush=True)


def main() -> None:
    """Load, kill, run again and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--waves", type=int, default=47)
    options.add_argument("--replies", type=int, default=4)
    options.add_argument("--only", nargs="+", default=["01_clean"])
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    random.seed(given.seed)
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="many waves ") as base:
        folder, scratch = Path(base, "project"), Path(base, "cluster")
        scratch.mkdir()
        load = project(folder, given.waves, given.replies)
        killed = sorted(random.sample(load.waves, min(KILLS, given.waves)))
        only = ["--only", *given.only]

        def refreshed() -> None:
            for wave in killed:
                load.each("refresh", *only, kill=wave)
            load.each("refresh", *only)

        timed(f"refresh of {given.waves} waves, killed {len(killed)} times", refreshed, rows)
        pages = load.check()
        timed("refresh again: nothing to do", lambda: load.each("refresh", *only), rows)
        with cluster(scratch) as (address, workers):
            on = ["--scheduler", address]

            def made() -> None:
                for wave in killed:
                    load.each("profiles", *on, kill=wave)
                workers[0].kill()
                load.each("profiles", *on)

            what = f"profiles on {WORKERS} workers, killed {len(killed)} times, one worker lost"
            timed(what, made, rows)
            profiles = load.check(".profiles")
            timed("profiles again: nothing to do", lambda: load.each("profiles", *on), rows)
        wanted = len(load.waves) * len(given.only), len(load.waves) * given.replies
        if (pages, profiles) != wanted:
            load.faults.append(f"{pages} and {profiles} pages are right, of {wanted}")
        left = [str(path) for path in (folder / "reports").glob(".*") if "lock" not in path.name]
        load.faults += [f"left over: {path}" for path in left]
        rows += [("reports that are right", f"{pages} of {wanted[0]}"),
                 ("pages of municipalities that are right", f"{profiles} of {wanted[1]}"),
                 ("commands killed", str(load.kills)),
                 ("lost, double or wrong", str(len(load.faults)))]  # fmt: skip
    print("\n| what | measured |\n|---|---|")
    print("\n".join(f"| {what} | {value} |" for what, value in rows))
    print(*load.faults, sep="\n")
    sys.exit(bool(load.faults))


if __name__ == "__main__":
    main()
