"""The refresh tells the truth, keeps the last good report, and runs only what changed."""

import json
import os
import subprocess
import sys

import pytest

from analysis import refresh as planning
from analysis.errors import InputError
from analysis.refresh import Edition, refresh, why
from conftest import notebook

PARAMETERS = 'wave: str = "x"\nlanguage: str = "ja"\naudience: str = "internal"\n'
TITLE = {"title": {"ja": "題", "en": "title"}}


def put(project, name, *cells, needs=(), tables=(), more=""):
    about = {**TITLE, "needs": list(needs), "tables": list(tables)}
    text = notebook([PARAMETERS + more, *cells], tags={0: ["parameters"]}, workbench=about)
    (project / "notebooks" / f"{name}.ipynb").write_text(text)


def record(project, name="demo-2019"):
    return json.loads((project / "reports" / name / "run.json").read_text())


def statuses(found):
    return {ran.name: ran.status for ran in found.notebooks}


@pytest.fixture(autouse=True)
def _no_cleaning(monkeypatch):
    import analysis.execute

    monkeypatch.setattr(analysis.execute, "prepare", lambda wave: None)


def test_only_what_changed_runs_again(project):
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(factor)", more="factor: int = 2  # a number {1, 2, 3}\n")
    assert "no complete run" in why("demo-2019")
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2
    before = (project / "reports" / "demo-2019" / "run.json").read_bytes()
    again = refresh("demo-2019")
    assert again.ok and all(ran.reused for ran in again.notebooks)
    assert (project / "reports" / "demo-2019" / "run.json").read_bytes() == before
    said = why("demo-2019", parameters={"factor": "3"}).splitlines()
    assert said == ["01_a: unchanged, would not run", "02_b: changed: its parameters"]
    (project / "README.md").write_text("a comment")
    assert why("demo-2019").count("unchanged") == 2
    with (project / "data" / "raw" / "demo-2019" / "wave.yml").open("a") as file:
        file.write("# the wave changed\n")
    assert why("demo-2019").count("changed: the data of the wave") == 2


def test_a_notebook_that_compares_runs_again_when_the_other_wave_changes(project):
    other = project / "data" / "raw" / "demo-2018" / "wave.yml"
    other.parent.mkdir()
    text = (project / "data" / "raw" / "demo-2019" / "wave.yml").read_text(encoding="utf-8")
    other.write_text(text.replace("as_of: 2019", "as_of: 2018"), encoding="utf-8")
    put(project, "01_a", "print(1)")
    about = {**TITLE, "needs": [], "tables": [], "compares": "before"}
    cell = PARAMETERS + 'before: str = ""  # the wave before\n'
    made = notebook([cell, "print(before)"], tags={0: ["parameters"]}, workbench=about)
    (project / "notebooks" / "02_b.ipynb").write_text(made)
    assert refresh("demo-2019").ok
    (other.parent / "note.txt").write_text("another file came")
    said = why("demo-2019").splitlines()
    assert said == ["01_a: unchanged, would not run", "02_b: changed: the wave it compares with"]


def test_a_failing_notebook_stops_those_that_need_it_and_keeps_the_last_good_report(project):
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(2)", needs=["01_a"])
    put(project, "03_c", "print(3)")
    assert refresh("demo-2019").ok
    good = (project / "reports" / "demo-2019" / "index.html").read_bytes()
    put(project, "01_a", "raise ValueError('残念 <b>')")
    put(project, "02_b", "print(22)", needs=["01_a"])
    put(project, "03_c", "print(33)")
    found = refresh("demo-2019")
    assert not found.ok and found.status == "partial"
    assert statuses(found) == {"01_a": "failed", "02_b": "skipped", "03_c": "ok"}
    assert (project / "reports" / "demo-2019" / "index.html").read_bytes() == good
    beside = project / "reports" / "demo-2019.incomplete"
    page = (beside / "01_a.html").read_text()
    assert "残念 &lt;b&gt;" in page and "<b>" not in page
    executed = json.loads((beside / "notebooks" / "01_a.ipynb").read_text())
    assert any(o["output_type"] == "error" for c in executed["cells"] for o in c.get("outputs", []))


def test_a_killed_kernel_is_not_a_complete_run(project):
    put(project, "01_a", "print(1)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "2")
    found = refresh("demo-2019")
    ran = found.notebooks[0]
    assert ran.status == "killed" and ran.last_cell < ran.cells
    assert record(project)["status"] == "killed"


def test_a_cell_over_its_time_is_timed_out(project):
    put(project, "01_a", "import time; time.sleep(60)")
    found = refresh("demo-2019", cell_timeout=1)
    assert found.notebooks[0].status == "timed_out"


def test_a_declared_table_that_is_missing_fails_and_not_available_does_not(project):
    put(project, "01_a", "1", tables=["answers"])
    found = refresh("demo-2019")
    assert found.notebooks[0].status == "failed" and "answers" in found.notebooks[0].error
    cell = "from analysis.outputs import NotAvailable\nNotAvailable('answers', 'no such question')"
    put(project, "01_a", cell, tables=["answers"])
    assert refresh("demo-2019").ok


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"factr": "1"}, "did you mean factor"),
        ({"factor": "9"}, "1, 2, 3"),
        ({"factor": "many"}, "int"),
        ({"wave": "other"}, "set by the refresh itself"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(project, given, said):
    put(project, "01_a", "print(factor)", more="factor: int = 2  # a number {1, 2, 3}\n")
    with pytest.raises(InputError, match=said):
        refresh("demo-2019", parameters=given)
    assert not (project / "reports" / "demo-2019").exists()


def test_text_in_a_parameter_cannot_become_code(project):
    nasty = '\'); import os; os._exit(3) #"""\\\n\u2028髙{x}'
    put(project, "01_a", f"assert note == {nasty!r}", more='note: str = ""\n')
    assert refresh("demo-2019", parameters={"note": nasty}).ok


def test_a_secret_never_reaches_the_outputs(project, monkeypatch):
    monkeypatch.setenv("SURVEY_TOKEN", "canary-1f9e")
    cell = "from analysis.parameters import secret\nassert secret(token) == 'canary-' + '1f9e'"
    put(project, "01_a", cell, more='token: str = ""\n')
    assert refresh("demo-2019", parameters={"token": "env:SURVEY_TOKEN"}).ok
    run = project / "reports" / "demo-2019"
    found = [p for p in run.rglob("*") if p.is_file() and b"canary-1f9e" in p.read_bytes()]
    assert found == []


def test_two_refreshes_of_one_wave_do_not_meet(project):
    with planning.lock(Edition("demo-2019")), pytest.raises(InputError, match="being refreshed"):
        refresh("demo-2019")


def test_a_killed_runner_leaves_the_good_report_and_the_next_run_cleans_up(project):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    good = (project / "reports" / "demo-2019" / "run.json").read_bytes()
    put(project, "01_a", "import time; time.sleep(30)")
    code = (
        "import analysis.execute; analysis.execute.prepare = lambda w: None\n"
        "from analysis.refresh import refresh; refresh('demo-2019')"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    reports = project / "reports"
    for _ in range(200):
        if list(reports.glob(".demo-2019.*.part/notebooks/*")):
            break
        with pytest.raises(subprocess.TimeoutExpired):
            runner.wait(0.1)
    runner.kill()
    runner.wait()
    assert (reports / "demo-2019" / "run.json").read_bytes() == good
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    assert not list(reports.glob(".demo-2019.*.part"))


def test_planning_imports_nothing_heavy(project):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    code = (
        "import sys\nfrom analysis.refresh import refresh\nassert refresh('demo-2019').ok\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbconvert', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_progress_says_which_notebook_and_cell_on_a_terminal_and_nothing_elsewhere(project):
    import io

    from analysis.progress import Progress

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, words in ((Terminal(), ["03_typology cell 4", "1/2"]), (io.StringIO(), [])):
        say = Progress(2, stream)
        say.cell("03_typology", 4)
        say.line("01_clean", "ok", 1.0)
        assert all(word in stream.getvalue() for word in words)
        assert bool(stream.getvalue()) == bool(words)
