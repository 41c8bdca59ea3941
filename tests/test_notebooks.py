"""The committed notebooks: clean, parameterised, complete in both languages."""

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from project import notebook

from workbench.run.plan import Notebook

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [p for p in NOTEBOOKS if p.stem != "lab"]


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def sources(path: Path) -> list[str]:
    return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "code"]


def dirt(content: dict) -> set[str]:
    """What does not belong into a committed notebook."""
    found = set(content["metadata"]) - {"kernelspec", "language_info", "workbench"}
    found |= set(content["metadata"].get("language_info", {})) - {"name"}
    names = [cell["id"] for cell in content["cells"]]
    found |= {f"id {name}" for name in names if names.count(name) > 1}
    for cell in content["cells"]:
        found |= set(cell["metadata"]) - {"tags"}
        found |= {"injected-parameters"} & set(cell["metadata"].get("tags", []))
        found |= {"outputs"} if cell.get("outputs") else set()
        found |= {"execution_count"} if cell.get("execution_count") else set()
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_committed_without_outputs_counts_or_stray_metadata(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert not dirt(content)
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    assert content["metadata"]["language_info"] == {"name": "python"}


def used(content: dict) -> dict:
    """A notebook as JupyterLab saves it after a run."""
    content["metadata"]["language_info"] |= {"version": "3.11.7", "file_extension": ".py"}
    content["metadata"]["widgets"] = {"state": {}}
    for at, cell in enumerate(content["cells"]):
        cell["metadata"] |= {"editable": True, "slideshow": {"slide_type": ""}}
        if cell["cell_type"] == "code":
            cell["metadata"] |= {"execution": {"iopub.execute_input": "now"}}
            cell["metadata"] |= {"jupyter": {"source_hidden": True}}
            text = {"output_type": "stream", "name": "stdout", "text": ["x"]}
            cell |= {"execution_count": at, "outputs": [text]}
    return content


def hook(id: str) -> list[str]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (found,) = (h for repo in config["repos"] for h in repo["hooks"] if h["id"] == id)
    words = shlex.split(found["entry"])
    return [sys.executable if word == "python" else word for word in words]


@pytest.mark.slow  # every run looks at the committed notebooks themselves
def test_the_hook_takes_out_what_an_editor_leaves_and_nothing_else(tmp_path):
    path = NOTEBOOKS[0]
    before = path.read_text(encoding="utf-8")
    content = used(json.loads(before))
    assert {"outputs", "execution_count", "widgets", "jupyter", "version"} <= dirt(content)
    copy = tmp_path / path.name
    copy.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    subprocess.run([*hook("nbstripout"), copy], check=True, capture_output=True)
    assert copy.read_text(encoding="utf-8") == before, "cell ids and declarations stay"


def test_parameters_that_papermill_injected_are_refused():
    content = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    content["cells"][3]["metadata"]["tags"] = ["injected-parameters"]
    content["cells"][4]["id"] = content["cells"][5]["id"]
    assert "injected-parameters" in dirt(content) and len(dirt(content)) == 2


def test_ruff_looks_into_notebooks(tmp_path):
    bad = tmp_path / "bad.ipynb"
    bad.write_text(notebook(["import os\nx=undefined_name"]), encoding="utf-8")
    done = subprocess.run(
        [*hook("ruff-check"), "--no-fix", "--config", ROOT / "pyproject.toml", bad],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "F821" in done.stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_one_annotated_parameters_cell_with_the_common_parameters(path):
    tagged = [c for c in cells(path) if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    found = Notebook(path).parameters
    assert {"wave", "language", "audience", "output"} <= set(found)
    assert all(p.help for p in found.values()), "each parameter has its help"
    tree = ast.parse("".join(tagged[0]["source"]))
    assert all(isinstance(node, ast.AnnAssign) for node in tree.body)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_every_text_stands_in_both_languages(path):
    tags = [c["metadata"].get("tags", []) for c in cells(path) if c["cell_type"] == "markdown"]
    ja = sum("lang-ja" in t for t in tags)
    en = sum("lang-en" in t for t in tags)
    assert ja == en == len(tags) / 2
    for cell in cells(path):  # by which JupyterLab shows one language (analysis.show.only_language)
        for tag in {"lang-ja", "lang-en"} & set(cell["metadata"].get("tags", [])):
            assert "".join(cell["source"]).endswith(f'\n\n<span lang="{tag[5:]}"></span>')
    first = {"ja": cells(path)[0], "en": cells(path)[1]}
    assert all("".join(cell["source"]).startswith("# ") for cell in first.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_define_nothing(path):
    for source in sources(path):
        assert len(source.splitlines()) <= 10
        nodes = list(ast.walk(ast.parse(source)))
        assert not any(isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Lambda) for n in nodes)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_declares_its_title_and_outputs(path):
    about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["workbench"]
    assert set(about["title"]) == {"ja", "en"}
    stems = {p.stem for p in PAGES}
    assert set(about["needs"]) <= stems
    assert about["figures"] or about["tables"]


JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


def hidden(path: Path) -> list[str]:
    """Cells that draw what no cell before them, nor they themselves, have shown as data."""
    seen: set[str] = set()
    found = []
    for cell in (c for c in cells(path) if c["cell_type"] == "code"):
        body = ast.parse("".join(cell["source"])).body
        calls = [n for n in ast.walk(ast.Module(body, [])) if isinstance(n, ast.Call)]
        named = {(c, getattr(c.func, "attr", "")) for c in calls}
        shown = [c.args[0] for c, name in named if name in {"table", "display"} and c.args]
        if body and isinstance(body[-1], ast.Expr):
            shown.append(body[-1].value)
        for value in (k.value for c, name in named if name == "show" for k in c.keywords
                      if k.arg == "data"):  # fmt: skip
            drawn = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
            if not drawn & seen:
                found.append(f"{cell['id']} draws {sorted(drawn)}")
        if not any(name == "show" for _, name in named):
            seen |= {n.id for e in shown for n in ast.walk(e) if isinstance(n, ast.Name)}
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_data_are_seen_before_they_are_drawn(path):
    assert hidden(path) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_no_cell_speaks_one_language(path):
    for source in sources(path)[1:]:  # the parameters have their help in both
        texts = [n.value for n in ast.walk(ast.parse(source))
                 if isinstance(n, ast.Constant) and isinstance(n.value, str)]  # fmt: skip
        assert not [t for t in texts if JAPANESE.search(t) or len(t.split()) > 6], source


def test_a_cell_that_hides_its_data_is_refused(tmp_path):
    seen = "shares = survey.tabulate('Q13')\nshares.head()"
    drawn = "gallery.show(plots.shares(shares), 'explore/how', data=shares, n=survey.n)"
    for sources_, hides in (([seen, drawn], False), ([seen.splitlines()[0], drawn], True)):
        path = tmp_path / "one.ipynb"
        path.write_text(notebook(sources_), encoding="utf-8")
        assert bool(hidden(path)) == hides
