"""The committed notebooks: clean, parameterised, complete in both languages."""

import ast
import json
from pathlib import Path

import pytest

from analysis.parameters import schema

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [p for p in NOTEBOOKS if p.stem != "lab"]


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def sources(path: Path) -> list[str]:
    return ["".join(c["source"]) for c in cells(path) if c["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_committed_without_outputs_counts_or_stray_metadata(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert set(content["metadata"]) <= {"kernelspec", "language_info", "workbench"}
    assert content["metadata"]["language_info"] == {"name": "python"}
    ids = [cell["id"] for cell in content["cells"]]
    assert len(ids) == len(set(ids))
    for cell in content["cells"]:
        assert set(cell["metadata"]) <= {"tags"}, cell["id"]
        assert "injected-parameters" not in cell["metadata"].get("tags", [])
        if cell["cell_type"] == "code":
            assert not cell["outputs"] and cell["execution_count"] is None


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_one_annotated_parameters_cell_with_the_common_parameters(path):
    tagged = [c for c in cells(path) if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    found = {p.name: p for p in schema(path)}
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
