"""Whatever ends a refresh: no orphan, no stray lock, no damaged file, and the next carries on."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from refreshing import (
    alive,
    contents,
    end,
    executed,
    hidden,
    left_of,
    process_in,
    put,
    record,
    says_its_process,
    started,
    statuses,
    wait_for,
)

from analysis import paths
from analysis.errors import InputError
from workbench import cli
from workbench.run import record as runs
from workbench.run.record import Edition, lock
from workbench.run.refresh import refresh, why

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
plain = pytest.param(("--no-fork",), marks=pytest.mark.slow, id="plain")
kernels = pytest.mark.parametrize("options", [pytest.param((), id="forked"), plain])


IN_A_SESSION = (  # of which the cell writes the process
    "import os, subprocess, sys, time; from pathlib import Path\n"
    "if not os.fork():\n    os.setsid(); time.sleep(600)\n"
    "own = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "Path({file!r}).write_text(str(own.pid))\n"
)


@pytest.fixture(autouse=True)
def _no_cleaning(monkeypatch):
    import workbench.publish.publication
    import workbench.run.execute

    monkeypatch.setattr(workbench.run.execute, "prepared", lambda wave: None)
    monkeypatch.setattr(workbench.publish.publication, "_sample", lambda wave: {})


@pytest.fixture
def published(project):
    """A project with a good report, one notebook of which has since changed to one that hangs."""
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(2)")
    assert refresh("demo-2019").ok
    put(project, "01_a", "print(11)")
    put(project, "02_b", says_its_process(project / "process"))
    return project


def at_work(runner, project):
    """Wait until one notebook is complete and the other one's kernel is at work."""
    kernel = process_in(project / "process")
    part = Edition("demo-2019").part
    complete = lambda: [  # noqa: E731
        ran["name"]
        for ran in runs.RunFolder(part).record.get("notebooks", [])
        if ran["status"] == "ok"
    ]
    wait_for(lambda: complete() == ["01_a"])
    assert runner.poll() is None and alive(kernel)
    return kernel


def carries_on(project):
    """What was complete is taken over, the rest runs, and no hidden file is left."""
    assert "01_a: would not run" in why("demo-2019")
    put(project, "02_b", "print(22)")
    found = refresh("demo-2019")
    assert found.ok and [ran.reused for ran in found.notebooks] == [True, False]
    last = executed(Edition("demo-2019").folder, "01_a")["cells"][-1]
    assert last["outputs"][0]["text"] == ["11\n"]
    assert hidden(paths.reports()) == []


@linux
@kernels
def test_kill_9_of_the_runner_while_a_second_says_who_is_at_work(published, options):
    good = contents(published / "reports" / "demo-2019")
    runner = started(published, *options)
    try:
        kernel = at_work(runner, published)
        with pytest.raises(InputError, match=f"process {runner.pid} .*wait until it has ended"):
            refresh("demo-2019")
        assert statuses(refresh("demo-2019", language="en", notebooks=["01_a"]))["01_a"] == "ok"
        assert runner.poll() is None, "another edition leaves it alone"
        assert Edition("demo-2019").part.is_dir()
        runner.kill()
        runner.wait()
        wait_for(lambda: not left_of(runner))
        assert not alive(kernel)
    finally:
        end(runner)
    assert contents(published / "reports" / "demo-2019") == good
    carries_on(published)


@linux
@pytest.mark.parametrize("options", [pytest.param((), id="forked"), plain])
def test_kill_9_of_the_runner_ends_a_kernel_that_is_deaf_to_it(project, options):
    """Its threads do not run while an expression is searched for, which may take for ever.

    What it started in a session of its own ends when the next run begins.
    """
    starts = IN_A_SESSION.format(file=str(project / "process"))
    deaf = f"Path({str(project / 'kernel')!r}).write_text(str(os.getpid()))\n"
    put(project, "01_a", f"{starts}{deaf}import re; re.match('(a+)+$', 'a' * 60 + 'b')")
    runner = started(project, *options)
    try:
        own, kernel = (process_in(project / name) for name in ("process", "kernel"))
        runner.kill()
        runner.wait()
        wait_for(lambda: not alive(kernel))
        assert alive(own)
        code = "from workbench import temporary; temporary.folder()"
        subprocess.run([sys.executable, "-c", code], check=True)
        wait_for(lambda: not alive(own) and not left_of(runner))
    finally:
        for process in left_of(runner):
            os.kill(process, signal.SIGKILL)
        end(runner)


@linux
@kernels
def test_ctrl_c(published, options):
    good = contents(published / "reports" / "demo-2019")
    runner = started(published, *options)
    try:
        at_work(runner, published)
        os.killpg(runner.pid, signal.SIGINT)
        _, said = runner.communicate(timeout=240)
        assert runner.returncode == 130
        assert "stopped" in said and "carries on" in said and "Traceback" not in said
        wait_for(lambda: not left_of(runner))
    finally:
        end(runner)
    assert contents(published / "reports" / "demo-2019") == good
    assert runs.RunFolder(Edition("demo-2019").part).record["status"] == "killed"
    carries_on(published)


def test_two_cleanings_of_a_wave_wait_for_each_other_and_say_so(project, monkeypatch, capsys):
    """One may have been stopped by Ctrl-Z, and would be waited for without a word."""
    folder, order = project / "data" / "processed" / "demo-2019", []
    monkeypatch.setattr(runs, "PATIENCE", 0.1)

    def second():
        with runs.one_at_a_time(folder):
            order.append("second")

    with runs.one_at_a_time(folder):
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
        order.append("first")
    other.join()
    assert order == ["first", "second"] and hidden(folder.parent) == []
    assert f"waiting for process {os.getpid()} " in capsys.readouterr().err


@linux
def test_nothing_is_said_of_waiting_for_the_kernels_of_ones_own(project, monkeypatch, capsys):
    folder, file = project / "data" / "processed" / "demo-2019", project / "there"
    monkeypatch.setattr(runs, "PATIENCE", 0.1)
    code = "import sys, time; from pathlib import Path; from workbench.run import record\n"
    code += "with record.one_at_a_time(Path(sys.argv[1])):\n"
    code += "    Path(sys.argv[2]).touch(); time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", code, str(folder), str(file)]):
        wait_for(file.exists)
        with runs.one_at_a_time(folder):
            assert capsys.readouterr().err == ""


@linux
def test_nothing_is_said_of_waiting_for_the_command_that_started_one(project):
    """As the kernels' server does while the command cleans: it seemed to wait for itself."""
    folder, file = project / "data" / "processed" / "demo-2019", project / "there"
    code = "import sys; from pathlib import Path; from workbench.run import record\n"
    code += "record.PATIENCE = 0.1; Path(sys.argv[2]).touch()\n"
    code += "with record.one_at_a_time(Path(sys.argv[1])): pass"
    command = [sys.executable, "-c", code, str(folder), str(file)]
    with runs.one_at_a_time(folder):
        other = subprocess.Popen(command, stderr=subprocess.PIPE)
        wait_for(file.exists)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(2)
    assert other.communicate(timeout=240)[1] == b""


@linux
def test_a_process_in_a_session_of_its_own_ends_with_the_run(project):
    put(project, "01_a", IN_A_SESSION.format(file=str(project / "process")))
    runner = started(project)
    try:
        own = process_in(project / "process")
        runner.wait(240)
        wait_for(lambda: not alive(own) and not left_of(runner))
    finally:
        for process in left_of(runner):
            os.kill(process, signal.SIGKILL)
        end(runner)


@pytest.mark.parametrize("fork", [True, False], ids=["forked", "plain"])
def test_kill_9_of_a_kernel(project, fork):
    put(project, "01_a", "print(1)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "2")
    put(project, "02_b", "print(2)")
    found = refresh("demo-2019", fork=fork)
    assert statuses(found) == {"01_a": "killed", "02_b": "ok"}
    ran = record(project)["notebooks"][0]
    assert (ran["last_cell"], ran["cells"]) == (4, 5) and "kernel died" in ran["error"]
    assert record(project)["status"] == "killed"
    page = (project / "reports" / "demo-2019" / "01_a.html").read_text(encoding="utf-8")
    assert "途中で強制終了されました（5個のセルのうち4個目まで）" in page
    copy = executed(project / "reports" / "demo-2019", "01_a")
    assert copy["metadata"]["papermill"]["exception"] is True, "papermill calls it complete"
    assert "killed" in "".join(copy["cells"][0]["source"])
    put(project, "01_a", "print(1)")
    found = refresh("demo-2019")
    assert found.ok and [ran.reused for ran in found.notebooks] == [False, True]


def test_a_cell_over_its_time(project, capfd, caplog):
    put(project, "01_a", says_its_process(project / "process"))
    put(project, "02_b", "print(2)")
    assert cli.main(["refresh", "demo-2019", "--cell-timeout", "4"]) == cli.FAILED
    assert capfd.readouterr().err == "", "nothing of libraries: the summary says it"
    assert caplog.records == []
    found = record(project)
    assert [ran["status"] for ran in found["notebooks"]] == ["timed_out", "ok"]
    assert found["status"] == "timed_out" and "longer than 4 s" in found["notebooks"][0]["error"]
    wait_for(lambda: not alive(process_in(project / "process")))
    assert hidden(project / "reports") == []


def test_a_run_over_its_time(published, monkeypatch):
    class WhenOneIsComplete(threading.Timer):
        def run(self):
            complete = Edition("demo-2019").part / "01_a.html"
            wait_for(lambda: complete.is_file() and (published / "process").is_file())
            self.function(*self.args, **self.kwargs)

    monkeypatch.setattr(threading, "Timer", WhenOneIsComplete)  # however slow this machine is
    good = contents(published / "reports" / "demo-2019")
    found = refresh("demo-2019", timeout=6, jobs=2)
    assert statuses(found) == {"01_a": "ok", "02_b": "timed_out"}
    assert found.status == "timed_out" and "longer than 6 s" in found.notebooks[1].error
    wait_for(lambda: not alive(process_in(published / "process")))
    assert contents(published / "reports" / "demo-2019") == good
    assert record(published, "demo-2019.incomplete")["status"] == "timed_out"
    carries_on(published)
    assert not (published / "reports" / "demo-2019.incomplete").exists()


@linux
@pytest.mark.parametrize(
    "signal_too",
    [
        pytest.param(False, marks=pytest.mark.slow, id="over its time"),
        pytest.param(True, id="Ctrl-C"),
    ],
)
def test_a_run_that_ends_while_its_kernels_still_import(project, monkeypatch, signal_too):
    slow = "import time; open('begun', 'w').close(); time.sleep(200); open('imported', 'w').close()"
    (project / "slow.py").write_text(slow)
    monkeypatch.setenv("PYTHONPATH", str(project), prepend=os.pathsep)
    monkeypatch.setenv("IMPORTED_FIRST", "slow")
    monkeypatch.chdir(project)
    put(project, "01_a", "print(1)")
    runner = started(project, *([] if signal_too else ["--timeout", "3"]))
    try:
        wait_for((project / "begun").is_file)
        if signal_too:
            wait_for((Edition("demo-2019").part / "run.json").is_file)
            for server in left_of(runner):  # which a terminal tells, too
                os.kill(server, signal.SIGINT)
            time.sleep(0.3)
            os.killpg(runner.pid, signal.SIGINT)
        _, said = runner.communicate(timeout=240)
    finally:
        end(runner)
    assert not (project / "imported").exists(), "nobody waits until all is imported"
    assert runner.returncode == (130 if signal_too else 1) and "Traceback" not in said
    if not signal_too:
        assert "longer than 3 s" in record(project)["notebooks"][0]["error"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory caps need Linux")
def test_a_notebook_over_its_memory(project):
    put(project, "01_a", "block = bytearray(3 << 30)")
    put(project, "02_b", "print(2)")
    found = refresh("demo-2019", memory_mb=1500)
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}
    assert "MemoryError" in found.notebooks[0].error


# --- the disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(project, monkeypatch):
    """A reports folder on a disk of its own of 2 MB."""
    disk = project / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk of its own needs the right to mount one")
    monkeypatch.setenv("WORKBENCH_REPORTS", str(disk))
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(project, small_disk):
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(2)")
    assert refresh("demo-2019").ok
    good = contents(small_disk)
    put(project, "01_a", "print(11)")
    put(project, "02_b", "print('x' * 5_000_000)")
    with pytest.raises(InputError, match=r"could not be written.*nothing was published.*free some"):
        refresh("demo-2019", jobs=1)
    kept = {p: b for p, b in contents(small_disk).items() if p.parts[0][0] != "."}
    assert kept == good
    carries_on(project)


@pytest.mark.parametrize("step", ["index.html", "run.json", "01_a.ipynb", "01_a.html"])
def test_a_disk_that_fills_at_any_step(project, monkeypatch, step):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    good = contents(project / "reports")
    put(project, "01_a", "print(11)")
    write = paths.write_atomic

    def full(path, content):
        if path.name == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, content)

    with monkeypatch.context() as patch, pytest.raises(InputError, match="No space left"):
        patch.setattr(paths, "write_atomic", full)
        refresh("demo-2019")
    kept = {p: b for p, b in contents(project / "reports").items() if p.parts[0][0] != "."}
    assert kept == good
    assert refresh("demo-2019").ok and hidden(project / "reports") == []


def test_a_reports_folder_that_cannot_be_written(project, small_disk):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    good = contents(small_disk)
    put(project, "01_a", "print(11)")
    remount = ["mount", "-o", "remount,ro", str(small_disk)]  # root may write where modes forbid it
    subprocess.run(remount, check=True)
    with pytest.raises(InputError, match="folder cannot be written"):
        refresh("demo-2019")
    assert contents(small_disk) == good
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert refresh("demo-2019").ok and hidden(small_disk) == []


def test_a_file_where_the_reports_folder_should_be(project):
    put(project, "01_a", "print(1)")
    (project / "reports").rmdir()
    (project / "reports").write_text("in the way")
    with pytest.raises(InputError, match="folder cannot be written"):
        refresh("demo-2019")


def test_a_swap_that_was_killed_half_way_is_put_right(project):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    reports = project / "reports"
    (reports / "demo-2019").rename(reports / ".demo-2019.0123abcd.old")
    found = refresh("demo-2019")
    assert found.ok and found.notebooks[0].reused
    assert (reports / "demo-2019" / "01_a.html").is_file() and hidden(reports) == []


def test_a_lock_that_lies_about_hinders_nobody(project):
    (project / "reports" / ".demo-2019.lock").write_text("process 1 since long ago")
    with lock(Edition("demo-2019")), pytest.raises(InputError, match=f"process {os.getpid()}"):
        lock(Edition("demo-2019")).__enter__()
    assert hidden(project / "reports") == []
