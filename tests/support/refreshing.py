"""Small notebooks to refresh in a project of their own, and processes to look after."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from project import notebook

PARAMETERS = 'wave: str = "x"\nlanguage: str = "ja"\naudience: str = "internal"\noutput: str = ""\n'
TITLE = {"title": {"ja": "題", "en": "title"}}
# without what notebooks import beforehand (see conftest.py)
LIGHT = (
    "import os; import workbench.run.kernels as kernels\n"
    "kernels.WARM = *kernels.WARM[:5], *os.environ.get('IMPORTED_FIRST', '').split()\n"
    "begin = kernels.Kernels.__init__\n"
    "kernels.Kernels.__init__ = (\n"
    "    lambda self, *options, **given: begin(self, *options, **{**given, 'ahead': None}))\n"
)
# the command as a user gives it, without the cleaning; Ctrl-C as in a terminal
COMMAND = LIGHT + (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "sys.modules['rfc3987_syntax'] = None\n"
    "import workbench.run.execute; workbench.run.execute.prepared = lambda wave: None\n"
    "workbench.run.execute.publication._sample = lambda wave: {}\n"
    "from workbench.cli import main; sys.exit(main(sys.argv[1:]))"
)


def put(project, name, *cells, more="", **about):
    """A notebook with the given code cells after its parameters."""
    text = notebook([PARAMETERS + more, *cells], tags={0: ["parameters"]}, workbench=TITLE | about)
    (project / "notebooks" / f"{name}.ipynb").write_text(text, encoding="utf-8")


def in_a_thread(call, *arguments, **options):
    """Call as a run does: with a browser open the main thread has a loop that runs already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments, **options).result()


def record(project, name="demo-2019"):
    return json.loads((project / "reports" / name / "run.json").read_text(encoding="utf-8"))


def statuses(found):
    return {ran.name: ran.status for ran in found.notebooks}


def executed(folder, name):
    return json.loads((folder / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))


def contents(folder):
    """Every file below a folder."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def hidden(folder):
    """Locks, leftovers and half-written files."""
    return sorted(p.name for p in folder.rglob(".*"))


def says_its_process(file):
    """A cell that starts a process, writes that of its kernel, and then takes very long."""
    return (
        f"import os, subprocess, time; from pathlib import Path\n"
        f"subprocess.Popen(['sleep', '600'])\n"
        f"Path({str(file)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    )


def started(project, *arguments):
    """`workbench refresh demo-2019` in a process group of its own."""
    mark = uuid.uuid4().hex
    runner = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "refresh", "demo-2019", *arguments],
        env=os.environ | {"WORKBENCH_ROOT": str(project), "RUNNER": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    runner.mark = mark
    return runner


def wait_for(condition, seconds=240):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return found


def process_in(file: Path):
    """The process that a file names, once it is there."""
    return int(wait_for(lambda: file.is_file() and file.read_text()))


def left_of(runner):
    """The processes that a runner started and that are still there (Linux)."""
    return [p for p in processes(f"RUNNER={runner.mark}") if p != runner.pid]


def processes(variable):
    """All processes that were started with a variable of the environment (Linux)."""
    mark, found = f"{variable}\0".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() + b"\0":
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not (stat.is_file() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def end(runner):
    """Nothing of a test outlives it."""
    if runner.poll() is None:
        os.killpg(runner.pid, signal.SIGKILL)
    runner.communicate()
