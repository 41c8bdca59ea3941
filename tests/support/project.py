"""A notebook as JSON, and a project of its own in a folder."""

import argparse
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from analysis.yaml_file import text_of

ROOT = Path(__file__).parents[2]


def prepare(wave, **asked):
    """The cleaned data of a wave."""
    from analysis.cleaning import store

    return store.prepared(wave, **asked)[0]


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


def put_yaml(file, content):
    """Write content as YAML."""
    file.write_text(text_of(content), encoding="utf-8")


def make_project(folder):
    for name in ("data/raw", "data/processed", "notebooks", "reports"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(ROOT / "data" / "codebooks", folder / "data" / "codebooks")
    shutil.copytree(ROOT / "data" / "raw" / "demo-2019", folder / "data" / "raw" / "demo-2019")
    (folder / "requirements.lock").write_text("")


@contextmanager
def new_project(root):
    """A project made in a folder, which is that of this process meanwhile."""
    make_project(root)
    with mock.patch.dict(os.environ, WORKBENCH_ROOT=str(root)):
        yield root


def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands of the workbench, by name."""
    from workbench import cli

    actions = cli.parser()._actions
    return dict(next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices)
