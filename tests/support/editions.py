"""Editions of the demo wave as a refresh publishes them, made in one process to be cheap.

Everything is as in `workbench refresh` and `workbench profiles` but two things: notebooks run here
and not in kernels of their own, and pictures are blank in the size of the drawing (tests of the
figures look at those).
"""

import contextlib
import shutil
from pathlib import Path
from unittest.mock import Mock

import blank
import nbformat
import papermill
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from analysis import paths
from workbench.run import kernels, refresh
from workbench.run.record import Options

ROOT = Path(__file__).parents[2]
AUDIENCES = ("internal", "committee", "public")


def project(folder):
    """A copy of what the refresh of the demo wave needs."""
    for name in ("data/codebooks", "data/raw/demo-2019", "data/cases", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    return folder


@contextlib.contextmanager
def published(folder):
    """What is made in the project in this folder is made in this process meanwhile."""
    with pytest.MonkeyPatch.context() as patch, blank.pictures():
        patch.setenv("WORKBENCH_ROOT", str(folder))
        patch.delenv("WORKBENCH_REPORTS", raising=False)
        patch.setattr(papermill, "execute_notebook", run_here)
        about = {"stopped": "", "options": Options(), "root": paths.root()}
        none = contextlib.nullcontext(Mock(**about))
        patch.setattr(kernels, "started_kernels", lambda *_, **__: none)
        yield


def publish(folder, language, audience, notebooks=None):
    """Publish one edition of the demo wave in one language, or these pages of it; its folder."""
    about = {"audience": audience, "language": language, "notebooks": notebooks}
    with published(folder):
        record = refresh.refresh("demo-2019", jobs=1, **about)
    done = [ran.name for ran in record.notebooks if ran.status == "ok"]
    assert done == notebooks or record.ok, record.summary()
    return Path(record.folder)


def run_here(notebook, _target, *, parameters, held, **_):
    """In the place of `papermill.execute_notebook`."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.cache_size = 0  # or each reset collects garbage
    shell = InteractiveShell.instance(config=config)
    shell.reset(new_session=True)
    content = parameterize_notebook(load_notebook_node(notebook), parameters)
    content.metadata["papermill"] = {"parameters": parameters}
    # a notebook run here says nothing of the files that it read
    held += [content, {}, paths.written]
    for count, cell in enumerate(c for c in content.cells if c.cell_type == "code"):
        with shell.display_trap, capture_output() as caught:
            shell.run_cell(cell.source).raise_error()
        cell.execution_count = count + 1
        cell.outputs = [
            nbformat.v4.new_output("display_data", data=shown.data) for shown in caught.outputs
        ]
        if caught.stdout:
            cell.outputs.append(nbformat.v4.new_output("stream", text=caught.stdout))
