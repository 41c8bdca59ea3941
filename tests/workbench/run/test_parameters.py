"""The parameters cell is the schema: it is read, shown, checked, and cannot carry code."""

import ast

import nbformat
import project
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.inspection import inspect_notebook
from papermill.parameterize import parameterize_notebook
from refreshing import contents, put, record

from analysis.errors import InputError
from workbench import cli
from workbench.run.plan import Notebook
from workbench.run.refresh import refresh

CELL = """wave: str = "demo"  # name of a folder | 調査の名前
n_types: int | None = None  # number of types | 類型の数 [2..8]
adjust: str = "none"  # what to take out {none, size_class}
share: float = 0.5  # at least none [0..]
below: int = -3  # at most ten [..10]
exact: bool = False  # exact test
label: str = "a # b"  # a sharp in a text is no comment
optional: "int | None" = None
plain = 3
by: str = (
    "size_class"  # breakdown of the cross table
)
"""


def notebook(folder, cell=CELL, name="01_a"):
    file = folder / f"{name}.ipynb"
    text = project.notebook([cell, "print(1)"], tags={0: ["parameters"]})
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def known(tmp_path):
    return Notebook(notebook(tmp_path)).parameters


def test_types_defaults_help_choices_and_ranges_are_read_from_the_cell(known):
    assert known["wave"].help == "name of a folder | 調査の名前"
    assert known["n_types"].types == ("int", "None") and known["n_types"].default is None
    assert (known["n_types"].low, known["n_types"].high) == (2, 8)
    assert known["adjust"].choices == ("none", "size_class")
    assert (known["share"].range, known["below"].range) == ("from 0", "to 10")
    assert known["label"].default == "a # b"
    assert known["label"].help == "a sharp in a text is no comment"
    assert known["optional"].types == ("int", "None") and known["plain"].types == ("int",)
    assert known["by"].help == "breakdown of the cross table"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n_types", "3", 3),
        ("n_types", "none", None),
        ("n_types", "", None),
        ("n_types", None, None),
        ("share", "1", 1.0),
        ("share", "0.25", 0.25),
        ("exact", "True", True),
        ("wave", "00005", "00005"),
        ("wave", "1e3", "1e3"),
        ("optional", "7", 7),
    ],
)
def test_a_value_becomes_what_its_type_says(known, name, value, expected):
    found = known[name].check(value)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("n_types", "9", "a number from 2 to 8"),
        ("n_types", "3.5", "int or None"),
        ("n_types", True, "int or None"),
        ("adjust", "gradient", "one of none, size_class"),
        ("share", "-0.1", "a number from 0"),
        ("share", "nan", "finite"),
        ("share", "inf", "finite"),
        ("below", "11", "a number to 10"),
        ("exact", "1", "bool"),
        ("plain", "three", "int"),
        ("wave", "\ud800", "valid Unicode"),
        ("wave", 5, "str"),
    ],
)
def test_another_value_is_refused_and_it_says_what_is_allowed(known, name, value, allowed):
    with pytest.raises(InputError, match=f"the parameter {name} cannot be .*{allowed}"):
        known[name].check(value)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("wave: str = folder()", "wave is not a constant"),
        ("a, b = 1, 2", r"\(a, b\) is not a constant"),
        ("wave: str", "wave is not a constant"),
        ("names: list[str] = []", "names has the type .*use str, int"),
        ('adjust: str = "c"  # {a, b}', "adjust cannot be 'c'.*one of a, b"),
        ("n: int = None", "n cannot be None"),
    ],
)
def test_a_cell_that_is_no_schema_is_refused(tmp_path, cell, said):
    with pytest.raises(InputError, match=said):
        Notebook(notebook(tmp_path, cell))


@pytest.mark.parametrize("notebook", sorted((project.ROOT / "notebooks").glob("*.ipynb")))
def test_papermill_knows_every_parameter_of_a_notebook(notebook):
    """Else it warns of an unknown one, and `papermill --help-notebook` leaves it out."""
    known = inspect_notebook(str(notebook))
    assert set(known) == {*Notebook(notebook).parameters}


@pytest.mark.parametrize(
    "cell", ["%matplotlib inline\nn = 1", "n = (1", "n = " + "-" * 50_000 + "1", "n = 1\0"]
)
def test_a_cell_that_is_no_python_is_refused_in_a_sentence(tmp_path, cell):
    with pytest.raises(InputError, match=r"01_a\.ipynb: this is no notebook that can be read"):
        Notebook(notebook(tmp_path, cell))


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": [{}]}', '{"cells": ' + "[" * 100_000])
def test_what_is_no_notebook_is_refused(tmp_path, text):
    (tmp_path / "x.ipynb").write_text(text)
    with pytest.raises(InputError, match=r"x\.ipynb: this is no notebook that can be read"):
        Notebook(tmp_path / "x.ipynb")


def test_an_unknown_name_is_refused_with_the_nearest_one(project):
    notebook(project / "notebooks")
    with pytest.raises(
        InputError, match=r"there is no parameter of a notebook 'ntypes'; did.*n_types"
    ):
        refresh("demo-2019", parameters={"ntypes": "3"})
    with pytest.raises(InputError, match="there are: adjust, below"):
        refresh("demo-2019", parameters={"zzzzzz": "3"})


def test_the_command_shows_them(project, capsys):
    notebook(project / "notebooks")
    assert cli.main(["parameters", "01_a"]) == 0
    shown = capsys.readouterr().out
    assert "n_types: int | None = None  [from 2 to 8]\n    number of types\n    類型の数\n" in shown
    assert "adjust: str = 'none'  {none, size_class}\n    what to take out\n" in shown
    assert cli.main(["parameters", "01_b"]) == cli.BAD_INPUT
    assert "no notebook '01_b'; did you mean 01_a" in capsys.readouterr().err


# --- text is never code ----------------------------------------------------------------------

NASTY = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="'\"\\\n\r\t{}#%$`();\u2028\u2029\x00\x1b𠮷髙é", max_size=40),
    st.sampled_from(["'); import os; os._exit(3) #", '"""', "\\", "\\N{BULLET}", "{wave}", "\\\n"]),
)


@given(NASTY)
def test_no_text_can_become_code(text):
    """What papermill writes into the notebook is one assignment of one constant: the text."""
    source = nbformat.reads(project.notebook([CELL], tags={0: ["parameters"]}), as_version=4)
    source.metadata["papermill"] = {}
    made = parameterize_notebook(source, {"wave": text}, kernel_name="python3", language="python")
    injected = next(c for c in made.cells if "injected-parameters" in c.metadata["tags"])
    (assignment,) = ast.parse(injected.source).body
    assert isinstance(assignment, ast.Assign)
    assert [ast.unparse(target) for target in assignment.targets] == ["wave"]
    assert isinstance(assignment.value, ast.Constant) and assignment.value.value == text


@pytest.fixture
def _no_cleaning(monkeypatch):
    monkeypatch.setattr("workbench.run.execute.prepared", lambda wave: None)
    monkeypatch.setattr("workbench.publish.publication._sample", lambda wave: {})


@pytest.mark.usefixtures("_no_cleaning")
def test_text_reaches_the_notebook_as_it_was_given(project):
    nasty = '\'); import os; os._exit(3) #"""\\\n\u2028髙𠮷{x} <b>西予市</b>'
    put(project, "01_a", f"assert note == {nasty!r}", more='note: str = ""\n')
    assert refresh("demo-2019", parameters={"note": nasty}).ok
    assert record(project)["notebooks"][0]["parameters"]["note"] == nasty
    page = (project / "reports" / "demo-2019" / "01_a.html").read_text(encoding="utf-8")
    assert "<b>西予市" not in page and "&lt;b&gt;西予市" in page


@pytest.mark.usefixtures("_no_cleaning")
def test_a_secret_never_reaches_a_cell_the_metadata_or_a_page(project, monkeypatch):
    value = 'canary-"1f9e"-鍵'
    monkeypatch.setenv("SURVEY_TOKEN", value)
    more = 'token: str = ""\n'
    cells = [
        "from workbench.run.parameters import secret\nopened = secret(token)",
        "assert len(opened) == 15; print(opened); opened",
        "raise ValueError(f'the server refused {opened}')",
    ]
    put(project, "01_a", *cells[:2], more=more)
    put(project, "02_b", cells[0], cells[2], more=more)
    put(
        project,
        "03_c",
        cells[0],
        "from pathlib import Path\n(Path(output) / 'tables').mkdir(parents=True)\n"
        "done = (Path(output) / 'tables' / 'log.csv').write_text(opened, encoding='utf-8')",
        more=more,
    )
    found = refresh("demo-2019", parameters={"token": "env:SURVEY_TOKEN"})
    assert [ran.status for ran in found.notebooks] == ["ok", "failed", "failed"]
    assert found.notebooks[1].error == "ValueError: the server refused env:SURVEY_TOKEN"
    assert "log.csv holds the value of env:SURVEY_TOKEN" in found.notebooks[2].error
    assert record(project)["parameters"] == {"token": "env:SURVEY_TOKEN"}
    files = contents(project / "reports")
    seen = [name for name, content in files.items() if b"canary-" in content]
    assert seen == []
    monkeypatch.delenv("SURVEY_TOKEN")
    with pytest.raises(InputError, match="no variable SURVEY_TOKEN"):
        refresh("demo-2019", parameters={"token": "env:SURVEY_TOKEN"})
