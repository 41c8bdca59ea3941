"""Warm kernels are kernels as any other: same outputs, clean, and none outlives its run."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import project
import pytest
from refreshing import PARAMETERS, TITLE, alive, in_a_thread, put, record, wait_for

from workbench import temporary
from workbench.run import TO_WARM
from workbench.run import kernels as warm
from workbench.run.execute import attempt
from workbench.run.kernels import Kernels
from workbench.run.record import Options, Ran
from workbench.run.refresh import refresh

needs_fork = pytest.mark.skipif(not warm.can_fork(), reason="warm kernels need Linux")
pytestmark = [needs_fork, pytest.mark.usefixtures("warm_kernels")]
ROOT = project.ROOT


def run(notebook, folder, *, fork=True, threads=1, values=None, limit=120, ahead=None):
    """Run one notebook; what became of it, and its cells."""
    kernels = Kernels(Options(fork=fork, cell_timeout=limit), threads=threads, ahead=ahead)
    kernels.warm()
    ran = Ran(notebook.stem, {}, "", "")
    target = folder / f"{'forked' if fork else 'plain'}.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    in_a_thread(attempt, ran, content, target, values=values or {}, kernels=kernels)
    assert not kernels.running
    return ran, nbformat.read(target, as_version=4).cells


def made(folder, *cells, name="probe"):
    file = folder / f"{name}.ipynb"
    text = project.notebook([PARAMETERS, *cells], tags={0: ["parameters"]}, workbench=TITLE)
    file.write_text(text, encoding="utf-8")
    return file


def said(cells):
    """What the cells printed."""
    return "".join(o.text for c in cells for o in c.get("outputs", []) if o.output_type == "stream")


def shown(cells):
    """All that a reader could see of each cell, pictures to the byte."""
    return [(c.source, [dict(o) for o in c.get("outputs", [])]) for c in cells]


PROBE = [
    "import numpy as np, pandas as pd, matplotlib.pyplot as plt, seaborn as sns",
    "pd.DataFrame(np.arange(90).reshape(3, 30)).add_prefix('a_rather_long_name_')",
    "pd.get_option('display.max_columns'), pd.get_option('display.width')",
    "axes = sns.heatmap(np.eye(4))",
    "plt.plot([1, 2, 3]);",
    "from matplotlib import get_backend; get_backend()",
    "from sklearn.cluster import KMeans\n"
    "KMeans(3, n_init=2, random_state=0).fit(np.random.default_rng(0).normal(size=(300, 4)))"
    ".cluster_centers_",
    "import warnings; warnings.warn('told')",
    "1 / 0",
]


@pytest.mark.slow  # that all arrive is tested at every run (test_execute)
def test_outputs_may_be_late_but_not_for_ever(tmp_path, monkeypatch):
    hold = "get_ipython().kernel.iopub_thread.schedule(lambda: time.sleep(5))"
    reply = "sys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1"
    notebook = made(tmp_path, f"import sys, time\n{reply}\n{hold}\n'late'")
    ran, cells = run(notebook, tmp_path, limit=None)
    assert ran.status == "ok" and cells[-1].outputs[0].data == {"text/plain": "'late'"}
    monkeypatch.setattr("workbench.run.execute.LATE", 1)
    ran, _ = run(notebook, tmp_path, limit=None)
    assert ran.status == "timed_out" and ran.error == "a cell's outputs did not arrive in 1 s"


@pytest.mark.slow
def test_a_notebook_shows_the_same_in_a_forked_and_in_a_plain_kernel(tmp_path, monkeypatch):
    profile = tmp_path / "own" / "profile_default"  # what a user has set for sessions by hand
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "at_start.py").write_text("theirs = 1")
    every = "c = get_config(); c.InteractiveShell.ast_node_interactivity = 'all'"
    (profile / "ipython_config.py").write_text(every)
    monkeypatch.setenv("IPYTHONDIR", str(profile.parent))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    notebook = made(tmp_path, "1; 'theirs' in globals()", *PROBE)
    forked, plain = (run(notebook, tmp_path, fork=fork) for fork in (True, False))
    assert forked[0].error == plain[0].error == "ZeroDivisionError: division by zero"
    cells = [shown(each) for _, each in (forked, plain)]
    for one, other in zip(*cells, strict=True):
        assert one[1] == other[1], one[0]
    assert "ipykernel_" not in str(cells), "a warning names no folder of the machine"
    pictures = [o for _, outputs in cells[0] for o in outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 2, "figures vanish in silence where the backend is wrong"
    first = next(output for _, outputs in cells[0] for output in outputs)
    assert first["data"] == {"text/plain": "False"}, "nothing of the user's ran before"


@pytest.mark.slow  # what it could lose is in the notebook of the test before
def test_a_committed_notebook_shows_the_same_in_a_forked_and_in_a_plain_kernel(tmp_path, demo):
    values = {"wave": "demo-2019", "language": "ja", "output": str(tmp_path / "out")}
    notebook = ROOT / "notebooks" / "01_clean.ipynb"
    forked, plain = (run(notebook, tmp_path, fork=f, values=values) for f in (True, False))
    assert forked[0].status == plain[0].status == "ok", (forked[0].error, plain[0].error)
    assert shown(forked[1]) == shown(plain[1])
    assert forked[0].produced == forked[0].expected and "figure missingness" in forked[0].produced


def test_all_that_the_server_is_to_import_is_there(tmp_path):
    """An import that fails there is skipped in silence, and every notebook pays for it."""
    cell = f"import sys; print([name for name in {warm.WARM} if name not in sys.modules])"
    _, cells = run(made(tmp_path, cell), tmp_path)
    assert said(cells).strip() == "[]"


def test_each_forked_kernel_is_clean(tmp_path):
    dirty = made(
        tmp_path,
        "import os, random, sys, numpy as np, matplotlib as mpl, pandas as pd",
        "left = 1; os.environ['LEFT'] = '1'; mpl.rcParams['figure.dpi'] = 333; np.left = 1\n"
        "pd.set_option('display.max_rows', 3); sys.path.append('/left')",
        "print(np.random.rand(), random.random())",
        name="dirty",
    )
    probe = made(
        tmp_path,
        "import os, random, sys, numpy as np, matplotlib as mpl, matplotlib.pyplot as plt\n"
        "import pandas as pd",
        "assert 'left' not in globals() and 'LEFT' not in os.environ and not hasattr(np, 'left')",
        "assert mpl.rcParams['figure.dpi'] != 333, mpl.rcParams['figure.dpi']",
        "assert pd.get_option('display.max_rows') == 60, pd.get_option('display.max_rows')",
        "assert '/left' not in sys.path, sys.path",
        "assert plt.get_fignums() == [], plt.get_fignums()",
        "print(np.random.rand(), random.random())",
    )
    first, cells = run(dirty, tmp_path)
    assert first.status == "ok", first.error
    numbers = {said(cells)}
    for _ in range(2):
        ran, cells = run(probe, tmp_path)
        assert ran.status == "ok", ran.error
        numbers.add(said(cells))
    assert len(numbers) == 3, "each has random numbers of its own"


def test_the_main_module_of_the_runner_is_not_run_again(tmp_path, monkeypatch):
    script = tmp_path / "script.py"
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    ran, cells = run(made(tmp_path, "import os; print(os.getppid())"), tmp_path)
    assert ran.status == "ok" and int(said(cells)) != os.getpid()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_threads_and_processes_work_in_a_forked_kernel_as_many_as_it_was_given(tmp_path, threads):
    notebook = made(
        tmp_path,
        "import numpy as np, subprocess, sys",
        "from sklearn.cluster import KMeans\n"
        "data = np.random.default_rng(0).normal(size=(5000, 8))\n"
        "KMeans(4, n_init=3, random_state=0).fit(data)",
        "from threadpoolctl import threadpool_info\n"
        "print({pool['num_threads'] for pool in threadpool_info()})",
        "data @ data.T; subprocess.run([sys.executable, '-c', '1'], check=True)",
        "from joblib import Parallel, delayed\nParallel(2)(delayed(abs)(x) for x in (-1, 2))",
    )
    ran, cells = run(notebook, tmp_path, threads=threads, limit=60)
    assert ran.status == "ok", f"{ran.status} {ran.error}"
    assert said(cells).strip() == f"{{{threads}}}"


@pytest.mark.slow
def test_the_server_is_started_again_when_it_has_died_with_what_kernels_share(tmp_path, demo):
    shared = "from analysis.survey import _in_memory; print(len(_in_memory))"
    style = "import matplotlib as mpl; print(mpl.rcParams['axes.edgecolor'])"
    notebook = made(tmp_path, "import os; print(os.getppid())", shared, style)
    _, cells = run(notebook, tmp_path)
    server, _, plain = said(cells).split()
    server = int(server)
    os.kill(server, signal.SIGKILL)
    ahead = {"wave": "demo-2019", "audience": "internal", "language": "ja"}
    ran, cells = run(notebook, tmp_path, ahead=ahead)
    new, surveys, shared_style = said(cells).split()
    assert ran.status == "ok" and int(new) not in {server, os.getpid()} and surveys == "1"
    assert shared_style == plain, "what kernels share leaves no style to a figure of one's own"


def test_the_server_stays_when_the_thread_that_started_it_has_ended():
    code = (
        "import multiprocessing, os, threading; from workbench.run import kernels\n"
        "kernels.WARM = ()\n"
        "def start():\n"
        "    with kernels._server(kernels.Kernels().environment):\n"
        "        context = multiprocessing.get_context('forkserver')\n"
        "        process = context.Process(target=os.getpid); process.start()\n"
        "    process.join()\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join()\n"
        "server = kernels.forkserver._forkserver._forkserver_pid; threading.Event().wait(0.2)\n"
        "print(os.waitpid(server, os.WNOHANG))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0)\n"


def test_plain_kernels_where_forking_fails_and_it_says_so(tmp_path, monkeypatch, caplog):
    def fails(*_):
        raise OSError("no more processes")

    notebook = made(tmp_path, "import os; print(os.getppid())")
    monkeypatch.setattr(warm.forkserver, "ensure_running", fails)
    ran, cells = run(notebook, tmp_path)
    assert ran.status == "ok" and int(said(cells)) == os.getpid()
    assert "no warm kernel (no more processes); a plain one is started" in caplog.text


@pytest.mark.parametrize("why", ["asked for", "no Linux"])
def test_plain_kernels_are_used_and_it_says_so(project, monkeypatch, capsys, why):
    monkeypatch.setattr("workbench.run.execute.prepared", lambda wave: None)
    monkeypatch.setattr("workbench.publish.publication._sample", lambda wave: {})
    if why == "no Linux":
        monkeypatch.setattr(warm, "can_fork", lambda: False)
    put(project, "01_a", "import os; print(os.getppid())")
    assert refresh("demo-2019", fork=why != "asked for").ok
    copy = nbformat.read(project / "reports/demo-2019/notebooks/01_a.ipynb", as_version=4)
    assert int(said(copy.cells)) == os.getpid() and record(project)["kernels"] == "plain"
    assert ("plain kernels are used" in capsys.readouterr().err) is (why == "no Linux")


@needs_fork
def test_a_key_that_stops_the_command_is_not_for_the_server_while_it_imports(tmp_path):
    """Else what it was about to import stood on the terminal, line by line."""
    (tmp_path / "stopped.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    code = "import os; from workbench.run.warm import warm; warm(os.getppid(), ['stopped'], None)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_for_the_server_alone_says_nothing_to_a_command():
    code, environment = "import workbench.run.kernels", os.environ | {TO_WARM: '{"x": 1}'}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_a_kernel_leaves_no_process_and_no_file(tmp_path):
    cell = (
        "import os, tempfile; from pathlib import Path\n"
        "folder = Path(tempfile.mkdtemp()); (folder / 'left').touch()\n"
        "print(os.getpid(), folder)"
    )
    ran, cells = run(made(tmp_path, cell), tmp_path)
    assert ran.status == "ok", ran.error
    pid, folder = said(cells).split()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    assert Path(folder).parent == temporary.folder(), "which is removed with this process"
    assert [p.name for p in temporary.folder().iterdir() if p.name.startswith("k-")] == []


def test_the_next_run_removes_what_a_killed_one_left(tmp_path, monkeypatch):
    """A folder is left where its lock is free; that of a process that lives is not touched."""
    code = (
        "import os, sys, time; from workbench import temporary\n"
        "(temporary.folder() / 'socket').touch(); print(temporary.folder(), flush=True)\n"
        "time.sleep(600)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    killed, alive_ = (Path(process.stdout.readline().strip()) for process in both)
    both[0].kill()
    both[0].communicate()
    assert killed.is_dir()
    own = tmp_path / "workbench-env"
    own.mkdir()
    (tmp_path / "workbench-env.lock").write_text("versions that somebody keeps here")
    code = "from workbench import temporary; temporary.folder()"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert {p.name for p in tmp_path.iterdir() if p.is_dir()} == {alive_.name, own.name}
    assert own.with_suffix(".lock").read_text()
    both[1].kill()
    both[1].communicate()


def test_the_end_of_a_run_warns_of_nothing():
    """From Python 3.14 a lock, as papermill's progress bar has one, is given back at the end."""
    code = (
        "import multiprocessing.util, os, time; from workbench import temporary\n"
        "os.environ['TMPDIR'] = str(temporary.folder())\n"
        "lock = multiprocessing.get_context('spawn').Lock(); time.sleep(0.5)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == ""


def test_a_folder_too_deep_for_sockets_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "LONGEST_FOLDER", 10)
    _, cells = run(made(tmp_path, "print('came back')"), tmp_path)
    assert said(cells).strip() == "came back"


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "plain"])
def test_what_a_killed_kernel_started_ends_with_it(tmp_path, fork):
    file = tmp_path / "child"
    starts = (
        "import os, signal, subprocess, sys; from pathlib import Path\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"Path({str(file)!r}).write_text(str(child.pid)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran, _ = run(made(tmp_path, starts), tmp_path, fork=fork)
    assert ran.status == "killed"
    wait_for(lambda: not alive(int(file.read_text())))
