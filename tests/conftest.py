"""A project of its own for tests that write, and the demo survey for those that read."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
settings.register_profile("untimed", deadline=None)  # speed is measured in benchmarks/
settings.load_profile("untimed")
# the files that take longest, longest first: two workers end together when these are begun early
DEAR = "browser audiences profiles truth kernels study invariances profile lab sanitize jupyterlab"
DEAR += " compare hypotheses report own_survey refresh visits arrivals stability figures"


def pytest_configure(config):
    """One cache of typologies for all projects and workers of a run: each is computed once."""
    if "WORKBENCH_CACHE" not in os.environ:  # workers have that of the process that started them
        folder = os.environ["WORKBENCH_CACHE"] = tempfile.mkdtemp(prefix="workbench-cache-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection_modifyitems(items):
    rank = {f"test_{name}.py": at for at, name in enumerate(DEAR.split())}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


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


def make_project(folder):
    for name in ("data/raw", "data/processed", "notebooks", "reports"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codebooks", folder / "data" / "codebooks")
    shutil.copytree(ROOT / "data" / "raw" / "demo-2019", folder / "data" / "raw" / "demo-2019")
    (folder / "requirements.lock").write_text("")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the codebooks and the demo wave of 2019."""
    make_project(tmp_path)
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    monkeypatch.delenv("WORKBENCH_REPORTS", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def demo():
    """The demo survey of 2019."""
    from analysis import Survey

    return Survey.load("demo-2019")


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium; tests that need one are skipped where none is installed."""
    from playwright.sync_api import sync_playwright

    from analysis.errors import InputError
    from workbench.publish import pdf

    try:
        program = pdf.browser()
    except InputError:
        pytest.skip("no Chromium is installed: the pages were not opened in a browser")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=quiet)
        yield started
        started.close()
