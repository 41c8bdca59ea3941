"""Every notebook as its user runs it: opened in JupyterLab, Run All Cells, the figure is there.

One server and one browser, with `make test-all`; every run tries the desk's tabs and buttons in
`analysis/test_lab.py`, runs every notebook in one process and opens its page in a browser.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(p.stem for p in (ROOT / "notebooks").glob("*.ipynb"))
WAIT = 240_000  # ms that a notebook may take on a loaded machine; nothing is measured here

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A project of its own, so that nothing is saved into the committed notebooks."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for part in ("codebooks", "raw", "cases"):
        shutil.copytree(ROOT / "data" / part, folder / "data" / part)
    (folder / "data" / "processed").mkdir()
    (folder / "requirements.lock").write_text("")
    return folder


@pytest.fixture(scope="module")
def server(desk):
    """The address of a JupyterLab that this test started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = desk / "jupyter"
    environment = os.environ | {
        "WORKBENCH_ROOT": str(desk),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--allow-root"]
    command += ["--ServerApp.port_retries=0", "--LabApp.news_url="]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    with (desk / "server.log").open("w") as log:
        started = subprocess.Popen(command, cwd=desk, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _until_it_answers(f"{address}/api", started, desk / "server.log")
            yield address
        finally:
            started.terminate()
            started.wait(30)


def _until_it_answers(address, started, log):
    for _ in range(240):
        assert started.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def page(server, chromium):
    opened = chromium.new_page(viewport={"width": 1400, "height": 1600})
    opened.set_default_timeout(WAIT)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_opened_in_jupyterlab_it_runs_and_shows_its_figure(name, page, server):
    page.goto(f"{server}/lab/workspaces/{name}/tree/notebooks/{name}.ipynb?reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()  # the kernel is there
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    about = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    codes = sum(cell["cell_type"] == "code" for cell in about["cells"])
    page.wait_for_function(ALL_RAN, arg=codes, polling=500)
    faults = page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']")
    assert faults.count() == 0, faults.first.inner_text()
    shown = about["metadata"].get("workbench", {})
    national = "prefectures" in shown.get("requires", [])  # of which the demo wave has no figure
    if name == "lab" or (shown.get("figures") and not national):
        assert page.wait_for_function(A_FIGURE, polling=500).json_value() > 200
    japanese = page.locator(".jp-MarkdownCell:has(span[lang=ja])").first
    english = page.locator(".jp-MarkdownCell:has(span[lang=en])").first
    assert japanese.is_visible() and not english.is_visible()
    if name == "lab":  # a tab of the desk is made when it is opened, a button opens a profile
        page.locator(".lm-TabBar-tab", has_text="団体").first.click()
        page.locator(".widget-toggle-button", has_text="水鏡市").first.click()
        page.locator(".jp-OutputArea .answer", has_text="水鏡市（").first.wait_for()


# the prompts of all code cells hold a number, also of cells that scrolled out of sight
ALL_RAN = r"""codes => {
    const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)');
    const busy = document.querySelector('.jp-Notebook-ExecutionIndicator');
    const done = [...panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .filter(p => /\[\d+\]/.test(p.textContent)).length;
    return done === codes && busy.dataset.status === 'idle';
}"""
A_FIGURE = """() => Math.max(0, ...[...document.querySelectorAll('.jp-OutputArea img')]
    .filter(i => i.complete).map(i => i.naturalWidth))"""
