"""No output of a notebook is lost, and one that cannot be shown fails its notebook alone."""

import gc
import io
import json
import re
import sys
import time
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import project as given
import pytest
from papermill.parameterize import parameterize_notebook
from refreshing import PARAMETERS, TITLE, in_a_thread, put, statuses

from analysis.errors import Message
from workbench.run import execute, progress
from workbench.run.kernels import Kernels
from workbench.run.record import Options, Ran
from workbench.run.refresh import refresh

MANY = 2500  # ZeroMQ keeps a thousand for the reader, and a thousand more for the sender
DROPS = (
    "thread = get_ipython().kernel.iopub_thread\n"
    "send = thread._really_send\n"
    "thread._really_send = lambda message, *more, **options: (\n"
    "    None if any(b'drop me' in part for part in message) else send(message, *more, **options))"
)


def ran(folder, *cells, fork):
    text = given.notebook([PARAMETERS, *cells], tags={0: ["parameters"]}, workbench=TITLE)
    found, target = Ran("probe", {}, "", ""), folder / "executed.ipynb"
    kernels = Kernels(Options(fork=fork))
    in_a_thread(execute.attempt, found, json.loads(text), target, values={}, kernels=kernels)
    return found, nbformat.read(target, as_version=4).cells


plain = pytest.param(False, id="plain", marks=pytest.mark.slow)
both = pytest.mark.parametrize("fork", [pytest.param(True, id="forked"), plain])


@both
def test_thousands_of_outputs_all_arrive_although_their_reader_is_slow(tmp_path, monkeypatch, fork):
    process, waits = execute.PapermillNotebookClient.process_message, [1.0]

    def slow(self, message, *more):
        if message["msg_type"] == "display_data" and waits:
            time.sleep(waits.pop())  # as when another notebook of the run keeps this process busy
        return process(self, message, *more)

    monkeypatch.setattr(execute.PapermillNotebookClient, "process_message", slow)
    cell = f"for n in range({MANY}):\n    display(n)"
    found, cells = ran(tmp_path, cell, fork=fork)
    assert found.status == "ok", found.error
    assert [o.data["text/plain"] for o in cells[-1].outputs] == [str(n) for n in range(MANY)]


def test_what_a_cell_prints_is_one_output_however_long_it_takes(tmp_path):
    """The kernel sends what was printed every 0.2 s; pages would differ from run to run."""
    slowly = "import sys, time\nfor n in (1, 2):\n    print(n); sys.stdout.flush(); time.sleep(0.3)"
    errors = "display(3); print(4); print(5, file=sys.stderr, flush=True); print(6)"
    _, cells = ran(tmp_path, slowly, errors, fork=True)
    assert [output.text for output in cells[-2].outputs] == ["1\n2\n"]
    assert cells[-1].outputs[0].output_type == "display_data" and len(cells[-1].outputs) > 2


@both
def test_a_cell_whose_outputs_did_not_all_arrive_is_not_complete(tmp_path, fork):
    cell = "for n in range(3):\n    display('drop me' * (n % 2))"
    found, _ = ran(tmp_path, DROPS, cell, fork=fork)
    assert found.status == "failed"
    assert found.error == "cell 3 sent 3 outputs, 2 arrived while it ran"


@both
def test_what_a_task_shows_after_its_cell_is_not_lost_without_a_word(tmp_path, fork):
    """Jupyter passes over what belongs to a cell that has ended."""
    task = (
        "import asyncio\nasync def shows():\n    await asyncio.sleep(0.3); print('late')\n"
        "task = asyncio.create_task(shows()); print('early')"
    )
    found, _ = ran(tmp_path, task, "await task", fork=fork)
    assert found.status == "failed"
    assert found.error == "cell 2 sent 2 outputs, 1 arrived while it ran"
    found, cells = ran(tmp_path, f"{task}\nawait task", fork=fork)
    assert found.status == "ok", found.error
    assert "".join(output.text for output in cells[-1].outputs) == "early\nlate\n"


def test_an_output_that_no_notebook_can_hold_prints_no_traceback(tmp_path, capfd, caplog):
    show = "display({'text/html': 5}, raw=True); print('more')"
    found, _ = ran(tmp_path, show, fork=True)
    assert found.status == "failed" and "5 is not valid" in found.error
    gc.collect()  # of a task that nobody waited for one learns at its end
    assert capfd.readouterr().err == "" and not caplog.records


@both
def test_a_notebook_that_prints_for_ever_ends_before_the_memory_is_full(
    tmp_path, monkeypatch, fork
):
    monkeypatch.setattr(execute, "MOST_SHOWN", 3e6)
    found, cells = ran(tmp_path, "while True:\n    print('x' * 2000)", "print('next')", fork=fork)
    assert (found.status, found.error) == ("failed", "it shows more than 3 MB")
    assert sum(len(output.text) for output in cells[-2].outputs) > 2e6


@pytest.fixture
def quick(monkeypatch):
    """Without cleaning, which these notebooks do not need."""
    monkeypatch.setattr(execute, "prepared", lambda wave: None)
    monkeypatch.setattr(execute.publication, "_sample", lambda wave: {})


SLEEPS = "import time; time.sleep(1.7)"


def test_a_long_run_says_how_far_it_is_and_a_quick_one_nothing(project, quick, capsys, monkeypatch):
    put(project, "01_a", "1")
    assert refresh("demo-2019").ok
    assert capsys.readouterr() == ("", "")
    put(project, "01_a", SLEEPS)
    monkeypatch.setattr(progress, "FIRST", 0.5)
    monkeypatch.setenv("LANGUAGE", "ja")
    assert refresh("demo-2019").ok
    out, told = capsys.readouterr()
    assert not out
    assert re.match(r"ノートブック1件のうち0件が終了（\d+秒経過）、実行中：01_a\n", told)


def test_a_command_that_counts_nothing_says_that_it_is_at_work(monkeypatch, capsys):
    """Cleaning 300,000 replies took seven minutes without a word."""
    monkeypatch.setattr(progress, "EVERY", 0.05)
    monkeypatch.setenv("LANGUAGE", "ja")
    with progress.still_at_work():
        time.sleep(0.4)
    assert set(capsys.readouterr().err.splitlines()) == {"0秒経過"}
    monkeypatch.setattr(progress.Progress, "told", time.monotonic() + 60)  # which says more
    with progress.still_at_work():
        time.sleep(0.4)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "EVERY", 60)
    monkeypatch.setattr(progress.Progress, "told", 0.0)
    with progress.still_at_work():
        pass
    assert capsys.readouterr().err == "", "nothing of a quick one, nor after its end"


def test_on_a_terminal_the_clock_moves_while_a_notebook_runs(project, quick, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    put(project, "01_a", SLEEPS)
    assert refresh("demo-2019").ok
    assert len(set(re.findall(r"0/1 \[(\d+:\d+)<", screen.getvalue()))) > 1


def test_a_terminal_without_a_width_is_told_in_lines(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "FIRST", 0)
    told = progress.Progress(1, Message("notebooks"))
    told.bar.ncols = -1  # what tqdm finds there
    told.tell()
    told.close()
    assert "0 of 1 notebooks done, 0 s\n" in screen.getvalue()


@pytest.mark.parametrize(
    ("kind", "data"),
    [("figure", {"title": "x"}), ("table", [1, 2]), ("prose", {}), ("data", {"columns": 3})],
)
def test_a_malformed_output_fails_its_notebook_alone(project, quick, kind, data):
    show = f"display({{'application/vnd.workbench.{kind}+json': {data!r}}}, raw=True)"
    put(project, "01_a", show)
    put(project, "02_b", "print(2)")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}
    said = "its page cannot be made: "
    assert said in found.notebooks[0].error
    page = (project / "reports" / "demo-2019" / "01_a.html").read_text(encoding="utf-8")
    assert said in page


def test_who_runs_the_notebook_of_a_report_again_writes_by_hand(project, quick):
    """In JupyterLab it wrote into a hidden folder beside it, which went with the report."""
    put(project, "01_a", "print(bool(output))")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "ok"}
    executed = nbformat.read(project / "reports/demo-2019/notebooks/01_a.ipynb", 4)
    (given,) = (c for c in executed.cells if "injected-parameters" in c.metadata.get("tags", []))
    assert 'output = ""' in given.source.splitlines() and ".part" not in given.source
    assert executed.cells[-1].outputs[0].text == "True\n"


def test_the_folder_of_the_project_is_hidden_and_nothing_that_looks_like_it(tmp_path, monkeypatch):
    """In a container it may be /code or /app, which pictures of a report have by chance as well."""
    monkeypatch.setenv("WORKBENCH_ROOT", "/code")
    kept = "iVBOR/code/4m/codes <code>a</code> https://example.jp/code/x /codebook /code-2"
    shows = f"from IPython.display import display; display({{'text/html': {kept!r}}}, raw=True)"
    paths = (
        "print('/code', '/code/a.csv', 'file:///code/b'); print('/code'); print('\\x1b[32m/code')"
    )
    found, cells = ran(tmp_path, shows, paths, fork=True)
    assert found.ok, found.error
    assert cells[-2].outputs[0].data["text/html"] == kept
    assert cells[-1].outputs[0].text == ". ./a.csv file://./b\n.\n\x1b[32m.\n"


@pytest.mark.parametrize("root", ["/home/調査 é", r"C:\Users\田中\調査"])
def test_the_folder_of_the_project_is_hidden_also_where_papermill_wrote_it_as_an_escape(root):
    """It writes the letters of a parameter that are not ASCII, and backslashes, as escapes."""
    kernel = {"name": "python3", "language": "python", "display_name": "Python"}
    empty = v4.new_notebook(metadata={"kernelspec": kernel, "papermill": {}})
    injected = parameterize_notebook(empty, {"output": f"{root}/reports", "more": "é"})
    text = json.dumps(injected, ensure_ascii=False)
    left = json.loads(execute._without({}, text, Path(root), as_json=True))
    assert r'output = "./reports"' in left["cells"][0]["source"]
    assert r'more = "\xe9"' in left["cells"][0]["source"]
