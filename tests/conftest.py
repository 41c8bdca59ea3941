"""A project of its own for tests that write, and the demo survey for those that read."""

import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def notebook(cells, *, tags=None, workbench=None):
    """A notebook as JSON text; `tags`: cell number -> tags."""
    made = []
    for at, source in enumerate(cells):
        metadata = {"tags": tags[at]} if tags and at in tags else {}
        made.append(
            {
                "cell_type": "code",
                "id": f"cell-{at}",
                "metadata": metadata,
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
        )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "workbench": workbench or {}}
    content = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the codebooks and the demo wave of 2019."""
    for folder in ("data/raw", "data/processed", "notebooks", "reports"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codebooks", tmp_path / "data" / "codebooks")
    shutil.copytree(ROOT / "data" / "raw" / "demo-2019", tmp_path / "data" / "raw" / "demo-2019")
    (tmp_path / "requirements.lock").write_text("")
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    monkeypatch.delenv("WORKBENCH_REPORTS", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def demo():
    """The demo survey of 2019."""
    from analysis import Survey

    return Survey.load("demo-2019")
