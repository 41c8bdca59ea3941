"""In JupyterLab: numbers of data that changed since they were loaded are called so."""

from types import SimpleNamespace

import pytest
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import InteractiveShell
from project import new_project

from analysis import Survey, live
from analysis.errors import InputError


@pytest.fixture
def cell(monkeypatch):
    """Run a cell: what is shown under it, beside what it shows itself."""
    shell = SimpleNamespace(kernel=True)
    shell.events = EventManager(shell, available_events)
    said = []
    monkeypatch.setattr(live, "get_ipython", lambda: shell)
    monkeypatch.setattr(live, "display", lambda one: said.append(getattr(one, "markdown", "")))
    monkeypatch.setattr(live, "_loaded", {})

    def run(code=lambda: None):
        said.clear()
        code()
        shell.events.trigger("post_run_cell", None)
        return [*filter(None, said)]

    return run


def test_a_cell_says_that_the_data_changed_after_they_were_loaded(tmp_path, cell):
    with new_project(tmp_path):

        def load():
            Survey.load("demo-2019", language="en")

        assert cell(load) == [] and cell() == []
        file = tmp_path / "data" / "raw" / "demo-2019" / "wave.yml"
        before = file.read_bytes()
        file.write_bytes(before + b"# saved\n")
        (word,) = cell()
        assert "The data of demo-2019" in word and "Run all cells again" in word
        (word,) = cell(load)
        assert "Cells that did not run since then" in word and cell() == []
        file.write_bytes(b"no: [mapping")  # half saved
        assert len(cell()) == 1


def test_a_notebook_says_that_it_showed_an_edition_for_fewer_before(cell):
    def load(audience):
        return lambda: Survey.load("demo-2019", audience=audience, language="en")

    assert cell(load("committee")) == [] and cell(load("internal")) == []
    (word,) = cell(load("public"))
    assert "run all cells again before you give the notebook away" in word
    assert cell(load("public")) == []


def test_an_error_in_a_cell_is_its_line_and_its_sentence(capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    code = "from analysis.survey import Survey\nSurvey.load('demo-2O19')"
    result = InteractiveShell().run_cell(code)
    assert isinstance(result.error_in_exec, InputError)
    line, sentence = capsys.readouterr().out.splitlines()
    assert line == "----> 2 Survey.load('demo-2O19')"
    assert sentence.startswith("InputError: there is no wave 'demo-2O19'; did you mean demo-2019")
