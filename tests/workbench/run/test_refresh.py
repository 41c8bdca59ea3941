"""A refresh runs only what changed, keeps the last good report, and its record is true."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from project import make_project
from refreshing import contents, executed, put, record, statuses

import analysis
from analysis.cleaning import store
from analysis.errors import InputError
from workbench import cli
from workbench.publish.releases import release
from workbench.run.plan import Plan
from workbench.run.record import Edition
from workbench.run.refresh import refresh, why

FACTOR = "factor: int = 2  # a number {1, 2, 3}\n"


@pytest.fixture(autouse=True)
def _no_cleaning(monkeypatch):
    import workbench.publish.publication
    import workbench.run.execute

    monkeypatch.setattr(workbench.run.execute, "prepared", lambda wave: None)
    monkeypatch.setattr(Plan, "uncleaned", False)
    monkeypatch.setattr(workbench.publish.publication, "_sample", lambda wave: {})


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """Two notebooks that are complete; the second has a parameter and reads the case notes."""
    folder = tmp_path_factory.mktemp("once") / "project"
    make_project(folder)
    put(folder, "01_a", "print(1)")
    put(folder, "02_b", "print(factor)", more=FACTOR, reads=["data/cases"], compares="before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(folder))
        patch.delenv("WORKBENCH_REPORTS", raising=False)
        patch.setattr("workbench.run.execute.prepared", lambda wave: None)
        patch.setattr("workbench.publish.publication._sample", lambda wave: {})
        assert refresh("demo-2019").ok
    return folder


@pytest.fixture
def complete(once, tmp_path, monkeypatch):
    """A copy of it, which lies elsewhere and is as complete."""
    folder = tmp_path / "project"
    shutil.copytree(once, folder)
    monkeypatch.setenv("WORKBENCH_ROOT", str(folder))
    monkeypatch.delenv("WORKBENCH_REPORTS", raising=False)
    return folder


def said(project, **more):
    return dict(line.split(": ", 1) for line in why("demo-2019", **more).splitlines())


def touch(project, name, text):
    file = project / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)


UNCHANGED = "unchanged, would not run"


def test_a_page_whose_name_is_none_of_a_page_is_told(complete, capsys):
    """A report lacked a page, and was complete."""
    about = {"title": {"ja": "表", "en": "Tables"}}
    page = {"metadata": {"workbench": about}, "cells": [], "nbformat": 4, "nbformat_minor": 5}
    for name, content in (("03a_tables", page), ("Untitled", page | {"metadata": {}}), ("x", {})):
        (complete / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content))
    assert all(ran.reused for ran in refresh("demo-2019").notebooks)
    assert capsys.readouterr().err.endswith("as 08_ does: 03a_tables.ipynb\n")
    assert "would run" not in why("demo-2019").replace("would not run", "")
    assert capsys.readouterr().err.endswith("as 08_ does: 03a_tables.ipynb\n")


def test_nothing_to_do_changes_nothing(complete):
    before = contents(complete / "reports")
    again = refresh("demo-2019")
    assert again.ok and all(ran.reused for ran in again.notebooks)
    assert contents(complete / "reports") == before
    assert set(said(complete).values()) == {UNCHANGED}


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("README.md", None, None),
        ("notebooks/.ipynb_checkpoints/01_a-checkpoint.ipynb", None, None),
        ("data/raw/demo-2019/~$replies.xlsx", None, None),
        ("data/raw/demo-2019/Thumbs.db", None, None),
        ("data/raw/demo-2020/more.csv", None, None),
        ("data/raw/demo-2019/more.csv", *["the data of the wave (more.csv)"] * 2),
        ("data/raw/demo-2019/wave.yml", *["the data of the wave (wave.yml)"] * 2),
        ("data/codebooks/it-staffing.yml", "the codebook", "the codebook"),
        ("data/codebooks/dx-dashboard.yml", None, None),
        ("data/codebooks/national_totals.csv", *["the published totals"] * 2),
        ("requirements.lock", "requirements.lock", "requirements.lock"),
        ("data/cases/new.md", None, "data/cases (which it reads)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_counts_as_a_change(complete, name, first, second):
    touch(complete, name, "# one more line\n")
    expected = [f"would run; changed: {part}" if part else UNCHANGED for part in (first, second)]
    assert list(said(complete).values()) == expected


def test_a_change_of_the_package_counts_and_is_named(complete, monkeypatch, tmp_path):
    from analysis import fingerprints

    files = fingerprints.package_files()
    assert files["analysis/typology/study.py"] and [name for name in files if name.endswith(".j2")]
    edited = {**files, "analysis/typology/study.py": "another"}
    monkeypatch.setattr(fingerprints, "package_files", lambda: edited)
    changed = "would run; changed: the package (analysis/typology/study.py)"
    assert list(said(complete).values()) == [changed, changed]


def test_a_module_that_comes_beside_the_package_is_a_change_of_it(monkeypatch, tmp_path):
    """A notebook had tried to import it, when it was not there."""
    from analysis import fingerprints

    src, files = tmp_path / "src", fingerprints.package_files.__wrapped__
    (src / "analysis").mkdir(parents=True)
    monkeypatch.setattr(fingerprints, "__file__", str(src / "analysis" / "fingerprints.py"))
    before = files()
    for name in ("own", "__pycache__", "x.egg-info"):
        (src / name).mkdir()
    (src / "limits.py").write_text("LIMIT = 1")
    assert files() == {**before, "limits.py": "", "own": ""}
    assert files("analysis") == before


def test_a_change_of_a_notebook_counts_for_it_alone(complete):
    put(complete, "01_a", "print(11)")
    assert said(complete) == {"01_a": "would run; changed: its source", "02_b": UNCHANGED}
    found = refresh("demo-2019")
    assert [ran.reused for ran in found.notebooks] == [False, True]
    again = executed(complete / "reports" / "demo-2019", "01_a")
    assert again["cells"][-1]["outputs"][0]["text"] == ["11\n"]
    stays = json.loads((complete / "notebooks" / "01_a.ipynb").read_text(encoding="utf-8"))
    stays["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    stays["metadata"]["language_info"] = {"name": "python"}
    (complete / "notebooks" / "01_a.ipynb").write_text(json.dumps(stays), encoding="utf-8")
    assert said(complete)["01_a"] == UNCHANGED, "outputs do not count"
    stays["cells"][0]["attachments"] = {"1.png": {"image/png": "iVBORw0KGgo="}}
    (complete / "notebooks" / "01_a.ipynb").write_text(json.dumps(stays), encoding="utf-8")
    assert said(complete)["01_a"] == "would run; changed: its source", "a pasted picture does"
    (complete / "notebooks" / "01_a.ipynb").unlink()
    assert [ran.name for ran in refresh("demo-2019").notebooks] == ["02_b"]
    assert not (complete / "reports" / "demo-2019" / "01_a.html").exists()


def test_a_parameter_counts_for_those_that_take_it(complete, capsys):
    expected = {"01_a": UNCHANGED, "02_b": "would run; changed: its parameters (factor 2 → 3)"}
    assert said(complete, parameters={"factor": "3"}) == expected
    assert cli.main(["why", "demo-2019", "-p", "factor", "3"]) == 0
    assert "02_b: would run; changed: its parameters (factor 2 → 3)" in capsys.readouterr().out


def test_pages_show_parameters_as_they_are_given_now(complete):
    """Whatever the order, and none that no page takes; 03 is 3, but 3 is shown."""
    put(complete, "02_b", "print(factor, other)", more=FACTOR + 'other: str = "x"  # a word\n')
    put(complete, "05_none", "1", more="nowhere: int = 1\n", requires=["earlier"])
    orders = [{"other": "y", "factor": "3", "nowhere": "2"}, {"factor": "3", "other": "y"}]
    shown = [Plan.make(Edition("demo-2019"), given).settings for given in orders]
    assert [*shown[0].items()] == [*shown[1].items()] == [("factor", "3"), ("other", "y")]
    keys = [Plan.make(Edition("demo-2019"), {"factor": text}).keys for text in ("3", "03")]
    assert keys[0]["01_a"] == keys[1]["01_a"] and keys[0]["02_b"] != keys[1]["02_b"]


def test_a_notebook_that_compares_runs_again_when_the_other_wave_changes(complete):
    wave = complete / "data" / "raw" / "demo-2019" / "wave.yml"
    other = complete / "data" / "raw" / "demo-2018" / "wave.yml"
    other.parent.mkdir()
    text = wave.read_text(encoding="utf-8").replace("as_of: 2019", "as_of: 2018")
    other.write_text(text, encoding="utf-8")
    more = 'before: str = ""  # the wave before\n'
    put(complete, "02_b", "print(before)", more=more, compares="before")
    assert refresh("demo-2019").ok
    touch(complete, "data/raw/demo-2018/note.txt", "another file came")
    changed = "would run; changed: the wave it compares with"
    assert said(complete) == {"01_a": UNCHANGED, "02_b": changed}


def test_force_runs_all_and_what_it_writes_is_as_private_as_the_user_asks(complete):
    before = os.umask(0o077)
    try:
        found = refresh("demo-2019", force=True)
    finally:
        os.umask(before)
    assert [ran.reused for ran in found.notebooks] == [False, False]
    written = (complete / "reports" / "demo-2019").rglob("*")
    assert {path.stat().st_mode & 0o077 for path in written} == {0}


def test_before_the_first_run_all_would_run(project):
    put(project, "01_a", "print(1)")
    assert said(project) == {"01_a": "would run; there is no complete run yet"}


def test_only_some_keeps_the_others(complete, capsys):
    put(complete, "01_a", "print(11)")
    found = refresh("demo-2019", notebooks=["01_a"])
    assert found.ok and statuses(found) == {"01_a": "ok", "02_b": "ok"}
    put(complete, "01_a", "print(111)")
    put(complete, "02_b", "print(2)")
    good = contents(complete / "reports" / "demo-2019")
    assert cli.main(["refresh", "demo-2019", "--only", "01_a"]) == 0
    said = capsys.readouterr().out
    assert "Complete as asked" in said and "last complete report was kept" in said
    assert contents(complete / "reports" / "demo-2019") == good
    beside = record(complete, "demo-2019.incomplete")
    assert [ran["status"] for ran in beside["notebooks"]] == ["ok", "skipped"]
    assert beside["status"] == "partial"
    part = complete / "reports" / "demo-2019.incomplete"
    index = (part / "index.html").read_text(encoding="utf-8")
    assert "01_a.html" in index and "02_b.html" not in index  # no card of what was not asked for
    assert not (part / "02_b.html").exists()
    assert [ran.reused for ran in refresh("demo-2019").notebooks] == [True, False]


def test_what_is_forced_alone_keeps_the_others(complete):
    found = refresh("demo-2019", notebooks=["01_a"], force=True)
    assert [ran.reused for ran in found.notebooks] == [False, True]
    assert found.ok and not (complete / "reports" / "demo-2019.incomplete").exists()


def test_a_failed_run_is_listed_no_longer_once_its_cause_is_undone(complete):
    file = complete / "notebooks" / "01_a.ipynb"
    good = file.read_text()
    put(complete, "01_a", "1 / 0")
    assert not refresh("demo-2019").ok
    listed = complete / "reports" / "index.html"
    assert "demo-2019.incomplete" in listed.read_text()
    file.write_text(good)
    assert [ran.reused for ran in refresh("demo-2019").notebooks] == [True, True]
    assert "demo-2019.incomplete" not in listed.read_text()
    assert not (complete / "reports" / "demo-2019.incomplete").exists()


def test_a_failing_notebook_stops_those_that_need_it_and_keeps_the_last_good_report(
    project, capsys
):
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(2)", needs=["01_a"])
    put(project, "03_c", "print(3)")
    assert refresh("demo-2019").ok
    good = contents(project / "reports" / "demo-2019")
    put(project, "01_a", "print('so far')", "raise ValueError('残念 <b>')", "print('never')")
    put(project, "02_b", "print(22)", needs=["01_a"])
    put(project, "03_c", "print(33)")
    assert cli.main(["refresh", "demo-2019"]) == cli.FAILED
    shown = capsys.readouterr().out
    assert "01_a: failed" in shown and "last complete report was kept" in shown
    assert contents(project / "reports" / "demo-2019") == good
    found = record(project, "demo-2019.incomplete")
    ran = {each["name"]: each for each in found["notebooks"]}
    assert found["status"] == "partial"
    assert [each["status"] for each in ran.values()] == ["failed", "skipped", "ok"]
    assert ran["01_a"]["error"] == "ValueError: 残念 <b>"
    assert (ran["01_a"]["last_cell"], ran["01_a"]["cells"]) == (4, 5)
    assert "01_a is not complete" in ran["02_b"]["error"]
    beside = project / "reports" / "demo-2019.incomplete"
    page = (beside / "01_a.html").read_text(encoding="utf-8")
    assert "残念 &lt;b&gt;" in page and "<b>" not in page
    assert "エラーで止まりました（5個のセルのうち4個目まで）" in page
    assert 'href="notebooks/01_a.ipynb"' in page
    waited = "「01_a」が完成していないため、実行していません"
    for file in ("02_b.html", "index.html"):
        shown = (beside / file).read_text(encoding="utf-8")
        assert waited in shown and "is not complete" not in shown
    copy = executed(beside, "01_a")
    kinds = [o["output_type"] for c in copy["cells"] for o in c.get("outputs", [])]
    assert kinds == ["stream", "error"]


def test_notebooks_that_need_one_another_are_skipped_and_the_run_ends(project):
    put(project, "01_a", "print(1)", needs=["02_b"])
    put(project, "02_b", "print(2)", needs=["01_a"])
    put(project, "03_c", "print(3)")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "skipped", "02_b": "skipped", "03_c": "ok"}
    assert found.notebooks[0].error == "02_b is not complete"


def test_a_notebook_that_needs_one_that_is_not_there_is_refused(project):
    """Renamed, or mistyped: it would not wait for it, and never run again where that does."""
    put(project, "01_a", "print(1)")
    put(project, "02_b", "print(2)", needs=["01_aa"])
    with pytest.raises(InputError, match=r"01_aa.*did you mean 01_a"):
        refresh("demo-2019")


def test_first_runs_what_another_waits_for_then_what_shows_most(project, tmp_path):
    lacking = "from analysis.show import NotAvailable; NotAvailable('t', 'none')"
    for name, about in (("01_a", {}), ("02_b", {"tables": ["t"]}), ("03_c", {}),
                        ("04_d", {"needs": ["03_c"]})):  # fmt: skip
        note = f"open({str(tmp_path / 'order')!r}, 'a').write('{name} ')"
        put(project, name, note, lacking, **about)
    found = refresh("demo-2019", jobs=1)
    assert (tmp_path / "order").read_text() == "03_c 02_b 01_a 04_d "
    assert found.ok and [ran.name[:2] for ran in found.notebooks] == ["01", "02", "03", "04"]


def test_to_write_what_is_there_as_one_document_starts_no_kernels(project, monkeypatch):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    monkeypatch.setattr("workbench.run.kernels.Kernels.warm", lambda _: pytest.fail("a server"))
    assert refresh("demo-2019", word=True).ok
    assert (project / "reports" / "demo-2019" / "report.docx").is_file()


def test_kernels_begin_to_import_before_the_command_does(project):
    put(project, "01_a", "print(1)")
    code = (
        "import sys; from workbench.run import kernels, refresh\n"
        "def warm(kernels): print('pandas' in sys.modules); sys.exit()\n"
        "kernels.Kernels.warm = warm; refresh.refresh('demo-2019')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_leaving_a_notebook_early_or_in_its_last_cell_is_no_success(project):
    put(project, "01_a", "import sys; sys.exit(0)", "print('never')")
    put(project, "02_b", "print(1)", "import sys; sys.exit(0); print('lost')")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "failed"}
    assert all(ran.error.startswith("SystemExit") for ran in found.notebooks)
    assert record(project)["status"] == "failed"


def test_independent_notebooks_run_side_by_side_and_share_the_cores(project, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    files = [project / "first", project / "second"]
    for name, mine, other in (("01_a", *files), ("02_b", *files[::-1])):
        put(
            project,
            name,
            "import os, time; from pathlib import Path\n"
            f"Path({str(mine)!r}).write_text(os.environ['OMP_NUM_THREADS'])\n"
            f"while not Path({str(other)!r}).exists(): time.sleep(0.05)",
        )
    assert refresh("demo-2019", jobs=2, cell_timeout=120).ok
    assert [file.read_text() for file in files] == ["4", "4"]


TABLE = (
    "from analysis.show import Table\n"
    "Table('answers', 't', 'c', 1, [], [{'label': 'x', 'numeric': True}], [['1']], 'x')"
)


def test_what_was_declared_must_be_there(project):
    put(project, "01_a", "1", tables=["answers"])
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed"}
    assert found.notebooks[0].error == "declared but not produced: table answers"
    put(project, "01_a", TABLE, tables=["answers"], figures=["answers"])
    error = "declared but not produced: figure answers"
    assert refresh("demo-2019").notebooks[0].error == error, "a table is no figure"
    put(project, "01_a", TABLE, tables=["answers"])
    ran = refresh("demo-2019").notebooks[0]
    assert ran.status == "ok" and ran.expected == ran.produced == ["table answers"]
    cell = "from analysis.show import NotAvailable\nNotAvailable('answers', 'no such question')"
    put(project, "01_a", cell, tables=["answers"])
    ran = refresh("demo-2019").notebooks[0]
    assert ran.status == "ok" and ran.produced == []


def test_two_notebooks_that_write_one_name_keep_their_own(project):
    cell = (
        "from pathlib import Path\nfolder = Path(output) / 'figures'\nfolder.mkdir(parents=True)\n"
        "written = (folder / 'map.svg').write_text({text!r})"
    )
    put(project, "01_a", cell.format(text="first"))
    put(project, "02_b", cell.format(text="second"))
    put(project, "03_c", cell.format(text="first"))
    assert refresh("demo-2019").ok
    figures = project / "reports" / "demo-2019" / "figures"
    expected = {"map.svg": "first", "02_b-map.svg": "second"}
    assert {p.name: p.read_text() for p in figures.glob("*.svg")} == expected
    put(project, "03_c", "1")
    assert refresh("demo-2019").ok, "what is taken over keeps its files"
    assert {p.name: p.read_text() for p in figures.glob("*.svg")} == expected
    listed = (figures / "index.html").read_text(encoding="utf-8")
    assert re.findall('href="([^"]*svg)"', listed) == ["map.svg", "02_b-map.svg"]


def test_a_notebook_may_call_its_files_as_a_run_calls_its_own(project):
    names = ["index.html", "codebook.yml", "figures/index.html", "results/codes.csv", "02_b.html"]
    names += ["notebooks", "work/a.csv", "run.json/a.csv", "figures/figures"]
    names += ["Work/b.csv", "Run.JSON"]  # on a Mac or Windows these are those of the run
    writes = "from pathlib import Path\nfor name in {}:\n    file = Path(output) / name\n"
    writes += "    file.parent.mkdir(parents=True, exist_ok=True)\n"
    writes += "    file.write_bytes('mine②'.encode('cp932'))"
    put(project, "01_a", writes.format(names))
    put(project, "02_b", writes.format(["figures/figures/a.csv", "results/a.csv"]))
    for _ in range(2):  # and then taken over from the run before
        found = refresh("demo-2019")
        places = {
            name: project / "reports/demo-2019" / p for name, p in found.notebooks[0].files.items()
        }
        assert found.ok and {name: p.read_bytes()[:4] for name, p in places.items()} == (
            dict.fromkeys(names, b"mine")
        )
        assert places["Work/b.csv"].parent.name == "01_a-Work"
        assert places["Run.JSON"].name == "01_a-Run.JSON"
        assert "mine" not in (project / "reports/demo-2019/index.html").read_text()
        put(project, "02_b", "print(22)")


@pytest.mark.skipif(sys.platform != "linux", reason="where a name may be any bytes")
def test_a_file_whose_name_is_no_text_fails_its_notebook_alone(project):
    writes = (
        "import os; os.makedirs(output); open(os.fsencode(output) + b'/\\xff.csv', 'w').close()"
    )
    put(project, "01_a", writes)
    put(project, "02_b", "print(2)")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}
    assert "?.csv has a name that is no UTF-8" in found.notebooks[0].error


def test_the_record_of_a_run(complete, once):
    found = record(complete)
    digest = lambda file: hashlib.sha256(file.read_bytes()).hexdigest()  # noqa: E731
    raw = complete / "data" / "raw" / "demo-2019"
    files = [p for p in raw.rglob("*") if p.is_file() and not p.name.startswith(".")]
    assert found["inputs"] == {p.relative_to(raw).as_posix(): digest(p) for p in files}
    assert found["codebook_sha256"] == digest(complete / "data" / "codebooks" / "it-staffing.yml")
    assert found["lock_sha256"] == digest(complete / "requirements.lock")
    package = Path(analysis.__file__).parent
    assert found["code"]["analysis/typology/study.py"] == digest(package / "typology" / "study.py")
    assert len(found["code_sha256"]) == len(found["data_sha256"]) == 64
    assert {len(digest) for digest in found["notebooks_sha256"].values()} == {64}
    assert len(set(found["notebooks_sha256"].values())) == len({"01_a", "02_b"})
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert all(found["versions"][p] == version(p) for p in ("pandas", "papermill", "kmedoids"))
    assert found["machine"]["cores"] >= 1 and found["machine"]["system"]
    assert (found["commit"], found["tree_clean"]) == ("", None), "no git here"
    assert found["status"] == "ok" and found["kernels"] in {"forked", "plain"}
    second = found["notebooks"][1]
    expected = {"wave": "demo-2019", "language": "ja", "audience": "internal", "factor": 2}
    assert second["parameters"] == expected
    assert second["seconds"] > 0 and second["last_cell"] == second["cells"] == 3
    everywhere = json.dumps(found) + json.dumps(
        executed(complete / "reports" / "demo-2019", "01_a")
    )
    assert str(once) not in everywhere, "where the project lies is nobody's business"


def test_the_record_knows_the_commit_and_whether_the_tree_was_clean(complete):
    def git(*arguments):
        who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        command = ["git", "-C", str(complete), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (complete / ".gitignore").write_text("reports\n")
    git("add", ".")
    git("commit", "-qm", "first")
    refresh("demo-2019", force=True)
    assert (record(complete)["commit"], record(complete)["tree_clean"]) == (
        git("rev-parse", "HEAD"),
        True,
    )
    put(complete, "01_a", "print(11)")
    refresh("demo-2019")
    assert record(complete)["tree_clean"] is False


def test_the_seed_is_in_the_record(project):
    put(project, "01_a", "print(seed)", more="seed: int = 20191003\n")
    assert refresh("demo-2019", parameters={"seed": "7"}).ok
    assert record(project)["seed"] == 7
    assert record(project)["notebooks"][0]["parameters"]["seed"] == 7


def test_outside_the_record_holds_no_errors_and_no_file_names(project):
    put(project, "01_a", "raise ValueError('canary-' + 'answer')")
    refresh("demo-2019", audience="public")
    found = contents(project / "reports" / "demo-2019.public")
    assert not [name for name, content in found.items() if b"canary-answer" in content]
    assert record(project, "demo-2019.public")["inputs"] == {}


@pytest.mark.parametrize("at", range(3))
def test_a_notebook_cannot_load_more_than_the_audience_of_its_run_may_see(cleaned, at):
    """It forgets `audience`, or its parameters cell does not have it."""
    shows = "from analysis import Survey; from analysis.show import Prose\n"
    shows += "survey = Survey.load(wave, language=language{})\nProse('、'.join(survey.names))"
    put(cleaned, "01_a", shows.format(("", ", audience=audience", ", audience='public'")[at]))
    found = refresh("demo-2019", audience="committee")
    page = (cleaned / "reports" / "demo-2019.committee" / "01_a.html").read_text(encoding="utf-8")
    assert ("緑陵ヶ原市" in page) == (at == 1), "the committee may see names"
    assert found.ok == (at > 0)
    if not at:
        assert "loads the internal edition of demo-2019; this run is for committee" in (
            found.notebooks[0].error
        )


PAST = "import os; from pathlib import Path; part = Path(output).parents[1]\n"  # its own folder


@pytest.mark.parametrize("file", ["01_a.html", "notebooks/01_a.ipynb", "work/01_a/own.csv"])
def test_no_notebook_publishes_its_own_in_the_place_of_another(project, monkeypatch, file):
    put(
        project, "01_a", "import os; os.makedirs(output); open(f'{output}/own.csv', 'w').write('1')"
    )
    put(project, "02_b", PAST + f"(part / '{file}').write_text('other')", needs=["01_a"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("workbench.run.execute.Runner.refuse", _interrupt)
        refresh("demo-2019")
    made_of_others = file.endswith(".html")  # of its executed notebook, again
    assert ("01_a: would run" in why("demo-2019")) != made_of_others
    shutil.rmtree(Edition("demo-2019").part)
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}
    assert f"another notebook wrote over its {Path(file).name}" in found.notebooks[0].error
    put(project, "02_b", "print(2)", needs=["01_a"])
    assert refresh("demo-2019").ok
    assert (
        b"other"
        not in contents(project / "reports/demo-2019")[Path(file.replace("work/01_a/", ""))]
    )


def _interrupt(*_):
    raise KeyboardInterrupt


def test_outside_what_a_notebook_writes_past_its_folder_is_not_published(project):
    put(project, "01_a", PAST + "(part / 'answers.csv').write_text('secret'); print(1)")
    put(project, "02_b", PAST + "os.symlink(part.parents[1] / 'data', part / 'linked')")
    found = refresh("demo-2019", audience="committee")
    assert found.ok and not (Path(found.folder) / "linked").is_symlink()
    assert b"secret" not in contents(Path(found.folder)).values()
    assert (project / "data/raw/demo-2019/wave.yml").is_file()


def test_a_link_that_a_notebook_leaves_is_neither_published_nor_written_through(project):
    received = project / "data" / "raw" / "demo-2019" / "wave.yml"
    before = received.read_bytes()
    put(
        project,
        "01_a",
        f"import os; os.makedirs(output); os.symlink('{received}', output + '/a.yml')",
    )
    put(project, "02_b", "print(2)")
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}
    assert "a.yml is a link" in found.notebooks[0].error
    put(project, "01_a", PAST + f"os.symlink('{received}', part / 'codebook.yml')")
    with pytest.raises(InputError, match="data/raw keeps the files as received"):
        refresh("demo-2019")
    assert received.read_bytes() == before


def test_what_a_notebook_links_its_folder_to_is_neither_moved_nor_removed(project, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "kept.txt").write_text("mine")
    links = f"import os; os.makedirs(os.path.dirname(output)); os.symlink('{own}', output)"
    put(project, "01_a", links, "open(output + '/new.txt', 'w').write('new')")
    for audience in ("internal", "committee"):
        found = refresh("demo-2019", audience=audience)
        assert found.notebooks[0].error == "output is a link: copy what it leads to"
        assert {p.name for p in own.iterdir()} == {"kept.txt", "new.txt"}


@pytest.mark.skipif(sys.platform == "win32", reason="there folders have no such rights")
@pytest.mark.parametrize("killed", [False, True])
def test_copies_of_what_may_only_be_read_hinder_no_run(project, monkeypatch, killed):
    """They could not be moved, nor removed by the next run, whatever the notebook did then."""
    copies = (
        "import os; os.makedirs(output + '/disc/b'); open(output + '/disc/b/c', 'w').write('1')\n"
    )
    copies += "os.chmod(output + '/disc/b/c', 0); os.chmod(output + '/disc/b', 0o500)\n"
    put(project, "01_a", copies + "os.chmod(output + '/disc', 0o500)")
    if killed:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("workbench.run.execute.Runner._collect", _interrupt)
            refresh("demo-2019")
    found = refresh("demo-2019")
    assert found.ok
    for name in ("disc", "disc/b", "disc/b/c"):  # also for root, whom rights do not hinder
        assert (Path(found.folder) / name).stat().st_mode & 0o600 == 0o600


def test_the_index_leads_to_a_page_whose_name_has_signs_of_addresses(project):
    put(project, "01_a #1?100%", "print(1)")
    folder = Path(refresh("demo-2019").folder)
    links = re.findall(r'href="(01_a[^"]*)"', (folder / "index.html").read_text(encoding="utf-8"))
    assert links and all((folder / unquote(urlsplit(link).path)).is_file() for link in links)


def test_outside_a_raw_output_is_in_no_file_of_the_edition(project):
    """It is left out of the page, and of the copy of the notebook beside it."""
    shows = "from IPython.display import HTML; import pandas as pd\nname = 'canary-' + 'town'\n"
    put(project, "01_a", shows + "pd.DataFrame({'x': [name]})", "HTML(f'<b>{name}</b>')", "name")
    assert refresh("demo-2019", audience="public").ok
    found = contents(project / "reports" / "demo-2019.public")
    assert not [name for name, content in found.items() if b"canary-town" in content]
    assert "出力は、載せていない" in found[Path("01_a.html")].decode()


def test_outside_a_notebook_gives_no_file_that_did_not_come_through_the_survey(cleaned):
    """It may hold single answers, as the raw outputs that pages leave out."""
    loads = "from analysis import Survey; from pathlib import Path\n"
    loads += "survey = Survey.load(wave, audience=audience, output=output)\n"
    shows = "survey.table('Q13')"
    writes = "survey.responses.to_csv(Path(output) / 'answers.csv')"
    put(cleaned, "01_a", loads + shows, writes)
    put(cleaned, "02_b", loads + shows)
    for audience, ok in (("internal", True), ("public", False)):
        found = refresh("demo-2019", audience=audience)
        assert statuses(found) == {"01_a": "ok" if ok else "failed", "02_b": "ok"}
        files = {p.name for p in contents(Path(found.folder)) if p.suffix == ".csv"}
        assert ("answers.csv" in files) == ok and "table_Q13.csv" in files
    assert "answers.csv did not come through the survey" in found.notebooks[0].error


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"factr": "1"}, "did you mean factor"),
        ({"factor": "9"}, "1, 2, 3"),
        ({"factor": "many"}, "int"),
        ({"wave": "other"}, "set by the command itself"),
        ({"token": "env:NO_SUCH_VARIABLE"}, "no variable NO_SUCH_VARIABLE"),
        ({"token": "env:SHORT"}, "the value of SHORT is too short"),
        ([("factor", "1"), ("factor", "2")], "factor is given twice"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(project, monkeypatch, given, hint):
    monkeypatch.setenv("SHORT", "one")  # every None of a notebook would become Nenv:SHORT
    put(project, "01_a", "print(factor)", more=FACTOR + 'token: str = ""\n')
    with pytest.raises(InputError, match=hint):
        refresh("demo-2019", parameters=given)
    assert list((project / "reports").iterdir()) == []


def test_planning_imports_nothing_heavy(complete):
    store.prepared("demo-2019")
    code = (
        "import sys\nfrom workbench.cli import main\nassert main(['refresh', 'demo-2019']) == 0\n"
        "assert main(['why', 'demo-2019']) == 0\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbconvert', 'nbformat', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_pdf_prints_every_page_of_the_run(project, monkeypatch, capsys):
    put(project, "01_a", "print(1)")
    monkeypatch.setattr("workbench.publish.paper.browser", lambda: "chromium")
    printed = []

    def prints(page, target, *, date):
        printed.append(page.name)
        target.write_bytes(b"%PDF " + date.encode())

    monkeypatch.setattr("workbench.publish.paper.print_page", prints)
    monkeypatch.setattr("workbench.run.progress.FIRST", 0)
    assert cli.main(["refresh", "demo-2019", "--pdf"]) == 0
    assert "1 of 3 files for paper done" in capsys.readouterr().err
    assert sorted(printed) == ["01_a.html", "index.html", "report.part.html"]
    made = project / "reports" / "demo-2019"
    assert {file.stem for file in made.glob("*.pdf")} == {"01_a", "index", "report"}
    assert {file.stem for file in made.glob("*.html")} == {"01_a", "index"}
    index = (made / "index.html").read_text(encoding="utf-8")
    assert 'href="01_a.pdf"' in index and 'href="report.pdf"' in index


@pytest.mark.parametrize("place", ["__replies.csv", "forms/__replies.csv", "forms/replies.csv"])
def test_no_file_that_is_read_can_change_unseen(project, tmp_path, place):
    folder = project / "data" / "raw" / "demo-2019"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "forms").symlink_to(elsewhere)
    put(project, "01_a", "print(1)")
    (folder / place).write_text("1")
    assert refresh("demo-2019").ok and refresh("demo-2019").notebooks[0].reused
    (folder / place).write_text("2")
    assert "the data of the wave" in why("demo-2019")


def test_a_link_that_leads_back_is_no_hang(project):
    (project / "data" / "raw" / "demo-2019" / "again").symlink_to(project / "data" / "raw")
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019").ok


@pytest.mark.parametrize(
    "given", ["--timeout nan", "--timeout -1", "--cell-timeout 0", "--memory -5", "--jobs 0"]
)
def test_a_cap_that_caps_nothing_is_refused(project, capsys, given):
    put(project, "01_a", "print(1)")
    assert cli.main(["refresh", "demo-2019", *given.split()]) == 2
    assert f"{given.split()[0]} cannot be" in capsys.readouterr().err
    assert not (project / "reports" / "demo-2019").exists()


def test_a_cap_of_a_cell_may_have_a_fraction(project):
    put(project, "01_a", "print(1)")
    assert refresh("demo-2019", cell_timeout=60.5).ok


@pytest.mark.parametrize("name", [".demo-2019.part", "index.html"])
def test_what_hides_or_lies_where_a_run_writes_stays(project, tmp_path, capsys, name):
    own = tmp_path / "own"
    own.mkdir()
    (own / "diary.txt").write_text("dear diary")
    place = project / "reports" / name
    place.symlink_to(own) if "part" in name else place.write_text("<title>mine</title>")
    put(project, "01_a", "print(1)")
    assert cli.main(["refresh", "demo-2019"]) == 2
    assert "something else is in this place" in capsys.readouterr().err
    assert (own / "diary.txt").read_text() == "dear diary" and place.exists()
    assert not (project / "reports" / "demo-2019").exists()


def test_what_somebody_keeps_in_the_folder_of_a_report_is_never_lost(complete, capsys):
    folder = complete / "reports" / "demo-2019"
    (folder / "tables").mkdir()
    memo, checkpoint = folder / "tables" / "memo.docx", folder / "notebooks/.ipynb_checkpoints/x"
    memo.write_text("what the mayor said")
    checkpoint.parent.mkdir()
    checkpoint.touch()
    put(complete, "01_a", "print(11)")
    assert cli.main(["refresh", "demo-2019"]) == 2
    said = capsys.readouterr().err
    assert "tables/memo.docx, in reports/demo-2019, was not made by workbench, and stays" in said
    memo.rename(complete / "memo.docx")
    assert cli.main(["refresh", "demo-2019"]) == 0
    put(complete, "01_a", f"from pathlib import Path; Path({str(memo)!r}).parent.mkdir()\n"
        f"import os; os.system('printf meanwhile > {memo}')")  # fmt: skip
    assert cli.main(["refresh", "demo-2019"]) == 2 and memo.read_text() == "meanwhile"


def test_what_somebody_typed_into_a_table_of_a_report_is_never_lost(project, capsys):
    put(project, "01_a", "from pathlib import Path; table = Path(output) / 'own.csv'\n"
        "table.parent.mkdir(parents=True); table.write_text('1')")  # fmt: skip
    assert refresh("demo-2019").ok
    table = project / "reports" / "demo-2019" / "own.csv"
    table.write_text("1, which the mayor doubts")
    assert cli.main(["refresh", "demo-2019"]) == 2
    said = capsys.readouterr().err
    assert "own.csv, in reports/demo-2019, was changed since workbench made it, and stays" in said
    assert table.read_text() == "1, which the mayor doubts"
    table.write_text("")  # as a full disk leaves it
    assert cli.main(["refresh", "demo-2019"]) == 0 and table.read_text() == "1"


def test_what_lies_beside_a_record_that_cannot_be_read_is_kept(complete):
    """Nobody can say which of the files the run made."""
    folder = complete / "reports" / "demo-2019"
    (folder / "memo.docx").write_text("what the mayor said")
    (folder / "run.json").write_text('{"status": "ok", "noteb')
    put(complete, "01_a", "print(11)")
    assert refresh("demo-2019").ok and record(complete)["status"] == "ok"
    (kept,) = folder.parent.glob("demo-2019.*.damaged")
    assert (kept / "memo.docx").read_text() == "what the mayor said"
    assert not (folder / "memo.docx").exists()


@pytest.mark.parametrize(
    "file", ["01_a.html", "index.html", "codebook.yml", "notebooks/01_a.ipynb"]
)
def test_a_report_that_was_edited_emptied_or_removed_is_made_again(complete, file):
    place = complete / "reports" / "demo-2019" / file
    for text in (b"", place.read_bytes().replace(b"1", b"7"), None):
        place.unlink() if text is None else place.write_bytes(text)
        runs_again = file.endswith("ipynb")
        state = "would run; its files in the report are missing or were edited"
        if file == "01_a.html":
            state = "would not run; its page is missing or was edited, and made again"
        unchanged = file in ("index.html", "codebook.yml")
        assert said(complete)["01_a"] == (UNCHANGED if unchanged else state)
        found = refresh("demo-2019")
        assert found.ok and found.notebooks[0].reused is not runs_again
        assert place.read_bytes() not in (b"", text)
        assert record(complete)["before"], "the runs before are still listed"


def test_the_list_of_all_reports_has_those_that_there_are(complete):
    reports = complete / "reports"
    whole = (reports / "index.html").read_bytes()
    (reports / "index.html").unlink()
    assert refresh("demo-2019").ok and (reports / "index.html").read_bytes() == whole
    shutil.copytree(reports / "demo-2019", reports / "kept & 写し")
    assert refresh("demo-2019").ok
    assert 'href="kept &amp; 写し/index.html"' in (reports / "index.html").read_text("utf-8")
    # a command that was killed when it had published has not listed what is new
    with (reports / "index.html").open("ab") as page:
        page.write(b"<!-- of before -->")
    os.utime(reports / "index.html", (0, 0))
    assert refresh("demo-2019").ok
    assert b"of before" not in (reports / "index.html").read_bytes()
    listed = (reports / "index.html").stat().st_mtime_ns
    assert refresh("demo-2019").ok and (reports / "index.html").stat().st_mtime_ns == listed
    older = reports / "kept & 写し" / "run.json"  # a copy that was put back in the place of another
    older.write_text(older.read_text("utf-8").replace('"finished": "2', '"finished": "1'), "utf-8")
    day = json.loads(older.read_text("utf-8"))["finished"][:10]
    assert refresh("demo-2019").ok and day in (reports / "index.html").read_text("utf-8")
    shutil.rmtree(reports / "kept & 写し")
    assert refresh("demo-2019").ok and (reports / "index.html").read_bytes() == whole
    (reports / "index.html").write_bytes(whole.replace("2019年".encode(), "改題".encode()))
    assert refresh("demo-2019").ok and (reports / "index.html").read_bytes() == whole


def test_an_edited_report_is_not_released(complete):
    assert refresh("demo-2019", audience="public").ok
    page = complete / "reports" / "demo-2019.public" / "01_a.html"
    page.write_text(page.read_text(encoding="utf-8").replace("1", "7"), encoding="utf-8")
    with pytest.raises(InputError, match="no complete edition"):
        release("demo-2019", by="n")


def test_a_record_that_names_files_elsewhere_moves_none(complete):
    file = complete / "reports" / "demo-2019" / "run.json"
    about = json.loads(file.read_text())
    theirs = complete / "theirs.txt"
    theirs.write_text("precious")
    book = "data/codebooks/it-staffing.yml"
    about["notebooks"][0]["files"] = {"../../../../theirs.txt": f"../../{book}"}
    file.write_text(json.dumps(about))
    put(complete, "02_b", "print(3)")
    assert refresh("demo-2019").ok
    assert theirs.read_text() == "precious" and (complete / book).is_file()


@pytest.mark.parametrize(
    "odd", [{"before": 5}, {"audience": "?"}, {"notebooks": [{"key": "[1]"}]}], ids=str
)
def test_a_damaged_record_is_made_again_and_stops_no_other(complete, odd):
    file = complete / "reports" / "demo-2019" / "run.json"
    shutil.copytree(file.parent, complete / "reports" / "other")
    about = json.loads(file.read_text())
    for one in (file, complete / "reports" / "other" / "run.json"):
        ran = [about["notebooks"][0] | more for more in odd.get("notebooks", ())]
        one.write_text(json.dumps({**about, **odd, "notebooks": ran or about["notebooks"]}))
    put(complete, "02_b", "print(3)")
    assert "01_a: " in why("demo-2019") and refresh("demo-2019").ok
    assert record(complete)["status"] == "ok"


def test_another_value_of_a_secret_counts(project, monkeypatch):
    put(project, "01_a", "print(len(key))", more='key: str = "k"\n')
    for value, again in (("sesame-1", True), ("sesame-1", False), ("sesame-2", True)):
        monkeypatch.setenv("KEY", value)
        assert refresh("demo-2019", parameters={"key": "env:KEY"}).notebooks[0].reused != again
