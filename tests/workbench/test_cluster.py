"""Profiles on a real cluster on loopback: a worker dies, each page is right and written once."""

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from types import SimpleNamespace

import pytest
from project import ROOT
from refreshing import contents
from test_fanout import put

from analysis import fingerprints, paths
from analysis.codebook import waves
from analysis.errors import InputError
from analysis.show import NotAvailable
from workbench import fanout, outputs
from workbench.demo import simulate_wave
from workbench.fanout import Pages
from workbench.run.plan import LIBRARIES, PACKAGE
from workbench.run.refresh import profiles

PAGES = 60


@pytest.fixture(autouse=True)
def _needs_the_extra():  # imported where it is used: all test processes collect this file
    pytest.importorskip("distributed", reason="needs the extra `cluster`")


@pytest.fixture
def project_of_many(project, monkeypatch):
    simulate_wave("many", n=PAGES + 1)
    monkeypatch.setattr(
        fanout.profile,
        "shared_typology",
        lambda survey, seed: NotAvailable("typology", "not here"),
    )
    return project


@contextlib.contextmanager
def running(folder, *names):
    """A dask scheduler and workers, started as on the command line; they know no project.

    What is sent to them lies in the folder that they take for one.
    """
    folder.mkdir()
    environment = {**os.environ, "WORKBENCH_ROOT": str(folder)}
    found = folder / "scheduler.json"

    def start(kind, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)

    processes = [
        start(
            "scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"),
            *("--scheduler-file", str(found)),
        )
    ]
    try:
        until = time.monotonic() + 120
        while not found.is_file() or not found.read_text().strip():
            assert processes[0].poll() is None and time.monotonic() < until
            time.sleep(0.05)
        address = json.loads(found.read_text())["address"]
        processes += [
            start(
                "worker",
                *(address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", name),
                *("--local-directory", str(folder / name)),
            )
            for name in names
        ]
        yield address, processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_worker_dies_in_the_middle_and_all_pages_are_right_and_written_once(
    project_of_many, tmp_path, monkeypatch
):
    put(project_of_many, "print('page', municipality, sum(map(int, municipality)) ** 3)")
    written, keep = [], Pages.put

    def counted(pages, made):
        keep(pages, made)
        written.append(made.ran.name)

    monkeypatch.setattr(Pages, "put", counted)
    target = (tmp_path / "published").as_uri()
    with running(tmp_path / "dask", "one", "two") as (address, workers):

        def kill():
            while len(written) < 10:
                time.sleep(0.02)
            workers[0].kill()

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        found = profiles("many", scheduler=address, target=target)
        killer.join(10)
        assert workers[0].poll() is not None and workers[1].poll() is None
    assert found.as_asked, found.summary()
    assert len(written) == len(set(written)) == PAGES
    published = tmp_path / "published"
    for code in written:
        page = (published / f"{code}.html").read_text()
        assert f"page {code} {sum(map(int, code)) ** 3}\n" in page
    listed = json.loads((published / "files.json").read_text())
    assert listed.items() >= {
        (p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in published.glob("*.html")
    }
    assert {path.suffix for path in published.iterdir()} <= {".html", ".json", ".csv", ".xlsx"}


@pytest.mark.parametrize("kind", ["a folder", "a store of objects"])
def test_only_what_changed_is_sent_and_what_is_gone_is_removed(tmp_path, kind):
    from fsspec.core import url_to_fs

    folder = tmp_path / "made"
    target = (tmp_path / "there").as_uri() if kind == "a folder" else f"memory://{tmp_path.name}"
    place, root = url_to_fs(target)
    folder.mkdir()
    for name in ("a.html", "b.html"):
        (folder / name).write_text(name)
    assert outputs.send(folder, target) == (2, 0)
    assert outputs.send(folder, target) == (0, 2)
    (folder / "a.html").write_text("changed")
    (folder / "b.html").unlink()
    assert outputs.send(folder, target) == (1, 0)
    assert {path.rpartition("/")[2] for path in place.find(root)} == {"a.html", "files.json"}
    assert place.cat_file(f"{root}/a.html") == b"changed"


def test_no_bucket_is_made_and_the_errors_of_a_store_are_one_sentence(tmp_path, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    def refused(*_, **__):
        raise RuntimeError("Unable to locate credentials")

    (tmp_path / "a.html").write_text("a")
    monkeypatch.setattr(MemoryFileSystem, "makedirs", refused)
    monkeypatch.setattr(outputs, "BUCKETS", {"memory"})
    assert outputs.send(tmp_path, f"memory://{tmp_path.name}") == (1, 0)
    monkeypatch.setattr(MemoryFileSystem, "exists", refused)
    with pytest.raises(InputError, match=r"cannot publish .*locate credentials.*tries again"):
        outputs.send(tmp_path, f"memory://{tmp_path.name}")


def test_no_scheduler_is_one_sentence(project_of_many, monkeypatch):
    put(project_of_many, "print(1)")
    monkeypatch.setattr(fanout, "CONNECTING", 1)
    with pytest.raises(InputError, match="no scheduler at tcp://127"):
        profiles("many", ["990019"], scheduler="tcp://127.0.0.1:1")


def test_a_target_that_cannot_be_used_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=re.escape("nosuch://x cannot be used")):
        outputs.send(tmp_path, "nosuch://x")


def test_a_worker_has_all_that_a_page_depends_on(project, tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data/raw/demo-2020", project / "data/raw/demo-2020")
    before = project / "data/raw/demo-2019/wave.yml"
    with before.open("a", encoding="utf-8") as file:
        file.write("names: {'990001': {ja: 昔の名, en: old name}}\n")
    os.utime(before, (0, 0))  # a day that an archive cannot hold
    here, codebooks = waves.names_before("demo-2020"), contents(paths.codebooks())
    with zipfile.ZipFile(io.BytesIO(fanout.packed("demo-2020"))) as archive:
        archive.extractall(tmp_path / "there")
        assert not [n for n in archive.namelist() if "raw/demo-2019/replies" in n]
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path / "there"))
    assert waves.names_before("demo-2020") == here and contents(paths.codebooks()) == codebooks


@pytest.mark.parametrize("name", [pytest.param("pandas", marks=pytest.mark.slow), "workbench"])
def test_a_worker_with_other_versions_is_refused(name):
    package = fingerprints.combine(fingerprints.package_files())
    common = {PACKAGE: package if name == "pandas" else "another"}
    libraries = fingerprints.installed() | {"an-extra": "1"}  # which it need not have
    files = {LIBRARIES: libraries | ({"pandas": "0.1"} if name == "pandas" else {})}
    work = SimpleNamespace(plan=SimpleNamespace(common=common, files=files))
    with pytest.raises(InputError, match=rf"other versions .* \({name}\)"):
        fanout._unpacked(work, b"")
