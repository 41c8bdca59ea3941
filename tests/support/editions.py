"""Editions of the demo wave as a refresh publishes them, made in one process to be cheap.

Everything is as in `workbench refresh` but two things: notebooks run here and not in kernels of
their own, and pictures are blank in the size of the drawing (tests of the figures look at those).
"""

import contextlib
import shutil
from pathlib import Path
from unittest.mock import Mock

import nbformat
import papermill
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.figure import Figure as Canvas
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from PIL import Image
from traitlets.config import Config

from analysis.figures import checks
from workbench.run import execute, refresh

ROOT = Path(__file__).parents[2]
AUDIENCES = ("internal", "committee", "public")


def project(folder):
    """A copy of what the refresh of the demo wave needs."""
    for name in ("data/codebooks", "data/raw/demo-2019", "data/cases", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "requirements.lock", folder)
    return folder


def publish(folder, language, audience, monkeypatch):
    """Publish one edition in one language; its folder."""
    monkeypatch.setenv("WORKBENCH_ROOT", str(folder))
    monkeypatch.delenv("WORKBENCH_REPORTS", raising=False)
    monkeypatch.setattr(papermill, "execute_notebook", run_here)
    monkeypatch.setattr(execute, "started_kernels", lambda *_, **__: contextlib.nullcontext(Mock()))
    monkeypatch.setattr(checks, "check", lambda *_: None)
    monkeypatch.setattr(Canvas, "draw_without_rendering", lambda canvas: None)
    monkeypatch.setattr(Canvas, "get_tightbbox", lambda canvas, *_, **__: canvas.bbox_inches)
    monkeypatch.setattr(Canvas, "savefig", blank)
    monkeypatch.setattr(Image.Image, "quantize", lambda image, *_, **__: image.convert("L"))
    record = refresh.refresh("demo-2019", audience=audience, language=language, jobs=1)
    assert record.ok, record.summary()
    return Path(record.folder)


def blank(canvas, buffer, *, format, **_):
    """In the place of drawing: a picture of the same size."""
    if format == "svg":
        buffer.write(b"<svg/>")
        return
    width, height = canvas.get_size_inches() * 200
    Image.new("L", (int(width), int(height)), 200).save(buffer, format)


def run_here(notebook, target, *, parameters, **_):
    """In the place of `papermill.execute_notebook`."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.reset(new_session=True)
    content = parameterize_notebook(load_notebook_node(notebook), parameters)
    for count, cell in enumerate(c for c in content.cells if c.cell_type == "code"):
        with shell.display_trap, capture_output() as caught:
            shell.run_cell(cell.source).raise_error()
        cell.execution_count = count + 1
        cell.outputs = [
            nbformat.v4.new_output("display_data", data=shown.data) for shown in caught.outputs
        ]
    nbformat.write(content, target)
    return content
