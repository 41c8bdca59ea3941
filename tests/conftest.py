"""A project of its own for tests that write, and the demo survey for those that read."""

import csv
import dataclasses
import functools
import gc
import itertools
import os
import shutil
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import settings
from project import ROOT, make_project, new_project

from analysis import fingerprints
from workbench import outputs
from workbench.run import progress

sys.modules.setdefault("rfc3987_syntax", None)  # as the command line does: a second of import
# speed is measured in benchmarks/; more examples of everything, other ones each time, with the slow
# tests: whether a change may land is no matter of chance
settings.register_profile("every run", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.load_profile("every run")
# no test edits the files of the package
fingerprints.package_files = functools.cache(fingerprints.package_files)
yaml.safe_load = functools.partial(yaml.load, Loader=yaml.CSafeLoader)  # the same, written in C
os.fsync = lambda file: None  # no test cuts the power, and a disk takes 10 ms for each file
progress.FIRST = progress.EVERY = 600  # a busy machine makes no run a long one
# the files that take longest, longest first: the workers end together when these are begun early
DEAR = "browser audiences fanout jupyterlab truth refresh kernels inputs forms clean study draft"
DEAR += " population survey new_wave demo queries outputs tabulation read other_subject hypotheses"
DEAR += " lab tools types compare typology_plots bad_input sanitize rivals dataset questionnaire"
DEAR += " audit shortage analyst_guide crosswalk profile invariances mutated_files layout docs"
DEAR += " chile inference answers attempt text cleaning cli word visits multiverse page own_survey"


def pytest_configure(config):
    """One cache of typologies for all projects and workers of a run: each is computed once.

    And one core for each worker: threads that wait for each other would take their time.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when a worker imports numpy
        os.environ.setdefault(name, "1")
    for name in ("WORKBENCH_ROOT", "WORKBENCH_REPORTS"):  # tests are of this checkout
        os.environ.pop(name, None)
    if not config.option.markexpr:  # as in `make test-all`
        settings.load_profile("thorough")
    if "WORKBENCH_CACHE" not in os.environ:  # workers have that of the process that started them
        folder = os.environ["WORKBENCH_CACHE"] = tempfile.mkdtemp(prefix="workbench-cache-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


gc.disable()  # until all is collected: what is imported and each test stay to the end


def pytest_collection_finish():
    """So they are no garbage: looking for some among them was a tenth of the time of all tests."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_collection_modifyitems(items):
    rank = {f"test_{name}.py": at for at, name in enumerate(DEAR.split())}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_runtest_setup(item):
    """Each test has a list of outputs of its own beside the typologies that all of them share.

    One list would be read, locked and written by every worker, and grow with each test.
    """
    outputs.NOTES = f"outputs-{os.getpid()}-{next(_lists)}.json"


_lists = itertools.count()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project with the codebooks and the demo wave of 2019."""
    make_project(tmp_path)
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    monkeypatch.delenv("WORKBENCH_REPORTS", raising=False)
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def _the_same_replies_cleaned_once():
    """What files of the same bytes give is kept: what is cleaned, written of it, and loaded again.

    Here alone: kernels and commands in a process of their own clean and read them as users do.
    """
    from analysis import paths
    from analysis.cleaning import store

    anew, files_of, load, known = store.anew, store.files_of, store.load, {}
    read_back = ["ledger.json", *(f"{name}.parquet" for name in store.TABLES)]

    def kept(key, make):
        if key not in known:
            known[key] = make(), {}
        made, files = known[key]
        frames = {name: getattr(made, name).copy(deep=False) for name in store.TABLES}
        own = dataclasses.replace(made, **frames)  # pandas copies what is changed
        vars(own)["files"] = files
        return own

    def cleaned(wave, book):
        books = fingerprints.hash_folder(paths.codebooks())
        return kept((wave.folder.name, store.key(wave), books), lambda: anew(wave, book))

    def written(own, book):
        files = vars(own).setdefault("files", {})
        if not files:
            files |= files_of(own, book)
        yield from files.items()

    def loaded(folder):
        content = tuple((folder / name).read_bytes() for name in read_back)
        return kept(content, lambda: load(folder))

    with pytest.MonkeyPatch.context() as patch:
        for name, instead in (("anew", cleaned), ("files_of", written), ("load", loaded)):
            patch.setattr(store, name, instead)
        yield anew


@pytest.fixture
def cleaned_anew(_the_same_replies_cleaned_once, monkeypatch):
    """For a test that changes how replies are cleaned: nothing that is kept is used."""
    monkeypatch.setattr("analysis.cleaning.store.anew", _the_same_replies_cleaned_once)


@pytest.fixture(scope="session", autouse=True)
def _code_may_be_replaced():
    """Tests replace functions of the package; what is made by them is kept as if they were its."""
    watch = fingerprints.is_patched
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "is_patched", lambda: False)
        yield watch


@pytest.fixture
def code_is_watched(_code_may_be_replaced, monkeypatch):
    """For a test of what is kept where a cell replaces code, from here on."""
    monkeypatch.setattr(fingerprints, "is_patched", _code_may_be_replaced)
    monkeypatch.setattr(fingerprints, "_first", {})
    fingerprints.is_patched()


@pytest.fixture(scope="session", autouse=True)
def light_kernels():
    """Their server imports what notebooks need to print and to load a survey; what it would."""
    from workbench.run import kernels

    with pytest.MonkeyPatch.context() as patch:
        whole = kernels.WARM
        patch.setattr(kernels, "WARM", (*whole[:5], "analysis.survey"))
        yield whole


@pytest.fixture(scope="module")
def warm_kernels(light_kernels):
    """A server as users have it, which imports all that notebooks import."""
    from workbench.run import kernels

    kernels.forkserver._forkserver._stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "WARM", light_kernels)
        yield


@pytest.fixture
def locale(monkeypatch):
    """Set the variables that say the language of messages; those that are not given are unset."""

    def set_to(**values):
        for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_to


@pytest.fixture
def packages_here():
    """Files of SPSS and Stata are read in this process."""
    import packages_here

    with packages_here.patched():
        yield


@pytest.fixture
def blank_pictures():
    """Figures are laid out and checked, and their pictures are blank."""
    import blank

    with blank.pictures(checked=True):
        yield


@pytest.fixture(scope="session")
def cleaned_demo(tmp_path_factory):
    """The folder of the cleaned demo wave."""
    from project import prepare

    with new_project(tmp_path_factory.mktemp("cleaned")) as root:
        prepare("demo-2019")
    return root / "data" / "processed" / "demo-2019"


@pytest.fixture
def cleaned(project, cleaned_demo):
    """A project in which the demo wave is cleaned already, where cleaning is not what is tried.

    Where a test changes what was received, it is cleaned anew.
    """
    shutil.copytree(cleaned_demo, project / "data" / "processed" / "demo-2019")
    return project


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
    from workbench.publish import paper

    try:
        program = paper.browser()
    except InputError:
        pytest.skip("no Chromium is installed: the pages were not opened in a browser")
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=quiet)
        yield started
        started.close()


NAME = "市区町村毎のDX進捗状況_市区町村比較.csv"
TABLE = ROOT.parent / "shared" / "data" / "digital-agency-r5" / NAME


@pytest.fixture(scope="session")
def every_row():
    """All 1,741 municipalities, in the order of the table; eight were not surveyed in full."""
    if not TABLE.is_file():
        pytest.skip("the national table is not here")
    with TABLE.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    answers = {
        row[1]: [{"実施": 1.0, "未実施": 0.0}.get(cell, np.nan) for cell in row[2:1743]]
        for row in rows[1:11]
    }
    return pd.DataFrame(answers, [f"{i:04d} {name}" for i, name in enumerate(rows[0][2:1743])])


@pytest.fixture(scope="session")
def national(every_row):
    frame = every_row.set_axis(every_row.index.str[:4]).dropna()
    assert frame.shape == (1733, 10)
    return frame
