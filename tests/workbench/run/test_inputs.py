"""A run is of one state of its inputs: data, codebook and notebooks that change make it fail."""

import json

import pytest
from refreshing import executed, put, record, statuses

from analysis import Survey, paths
from analysis.cleaning import clean
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from workbench.run.refresh import refresh, why

COUNTS = 'from analysis import Survey; print(Survey.load("demo-2019").n)'


def saves(file, change):
    """A cell that saves a file as it does not stand there."""
    return (
        f"from pathlib import Path; file = Path({str(file)!r}); text = file.read_text()\n"
        f"file.write_text({change})"
    )


@pytest.fixture
def data(project):
    """A file of the wave."""
    return project / "data" / "raw" / "demo-2019" / "wave.yml"


def test_data_saved_between_two_notebooks_make_the_run_fail(project, data):
    before = data.read_bytes()
    put(project, "01_a", COUNTS, saves(data, "text + '# saved'"))
    put(project, "02_b", COUNTS, needs=["01_a"])
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "failed"}
    assert found.status == "failed" and record(project)["status"] == "failed"
    assert found.notebooks[0].error == "inputs changed during the run: the data of the wave"
    copy = json.dumps(executed(project / "reports" / "demo-2019", "02_b"))
    assert "the data of demo-2019, its codebook or this package changed" in copy
    data.write_bytes(before)
    assert why("demo-2019").count("would run") == 2, "nothing of the mixed report is believed"


def test_data_saved_and_put_back_during_a_run_are_in_no_notebook(project, data):
    put(project, "01_a", COUNTS, saves(data, "text + '# saved'"))
    put(project, "02_b", COUNTS)
    put(project, "03_c", saves(data, "text.removesuffix('# saved')"))
    found = refresh("demo-2019", jobs=1)
    assert statuses(found) == {"01_a": "ok", "02_b": "failed", "03_c": "ok"}
    assert "changed while they were in use" in found.notebooks[1].error


def test_a_notebook_runs_as_it_was_when_the_run_began(project):
    other = project / "notebooks" / "02_b.ipynb"
    put(project, "02_b", "print('as planned')", needs=["01_a"])
    put(project, "01_a", saves(other, "text.replace('planned', 'changed')"))
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "ok", "02_b": "failed"}
    assert "inputs changed during the run: its source" in found.notebooks[1].error
    assert "as planned" in json.dumps(executed(project / "reports" / "demo-2019", "02_b"))
    put(project, "01_a", "print(1)")
    found = refresh("demo-2019")
    assert found.ok and "as changed" in json.dumps(executed(paths.reports() / "demo-2019", "02_b"))


def test_files_that_change_while_they_are_cleaned_are_not_taken_for_what_they_were(
    project, data, monkeypatch
):
    cleans = clean.clean

    def meanwhile(*given):
        found = cleans(*given)
        data.write_bytes(data.read_bytes() + b"\n")
        return found

    with monkeypatch.context() as patch, pytest.raises(InputError, match="changed while they were"):
        patch.setattr(clean, "clean", meanwhile)
        Survey.load("demo-2019")
    assert not paths.processed("demo-2019").exists()
    assert Survey.load("demo-2019").n == 15


@pytest.mark.parametrize("path", [".replies.xlsx", ".forms/replies.xlsx"])
def test_a_hidden_file_is_no_file_of_a_wave(project, data, path):
    data.write_text(data.read_text(encoding="utf-8").replace("replies.xlsx", path))
    with pytest.raises(InputError, match="hidden, so that nobody would notice"):
        Wave.read("demo-2019")
