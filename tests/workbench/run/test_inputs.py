"""A run is of one state of its inputs: data, codebook and notebooks that change make it fail."""

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import yaml
from refreshing import executed, put, record, statuses

from analysis import Survey, fingerprints, paths
from analysis.cleaning import store
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from workbench.cli import _clean
from workbench.publish import publication, releases
from workbench.run import ipython_kernel, plan
from workbench.run.plan import Plan
from workbench.run.record import Edition
from workbench.run.refresh import refresh, why

COUNTS = 'from analysis import Survey; print(Survey.load("demo-2019").n)'


def saves(file, change):
    """A cell that saves a file as it does not stand there."""
    return (
        f"from pathlib import Path; file = Path({str(file)!r}); text = file.read_text()\n"
        f"file.write_text({change})"
    )


@pytest.fixture
def data(project):
    """A file of the wave."""
    return project / "data" / "raw" / "demo-2019" / "wave.yml"


def test_data_saved_between_two_notebooks_make_the_run_fail(cleaned, data):
    before = data.read_bytes()
    put(cleaned, "01_a", COUNTS, saves(data, "text + '# saved'"))
    put(cleaned, "02_b", COUNTS, needs=["01_a"])
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "failed"}
    assert found.status == "failed" and record(cleaned)["status"] == "failed"
    assert found.notebooks[0].error == "inputs changed during the run: the data of the wave"
    copy = json.dumps(executed(cleaned / "reports" / "demo-2019", "02_b"))
    assert "the data of demo-2019, its codebook, this package or the libraries changed" in copy
    data.write_bytes(before)
    assert why("demo-2019").count("would run") == 2, "nothing of the mixed report is believed"


def test_data_saved_and_put_back_during_a_run_are_in_no_notebook(cleaned, data):
    put(cleaned, "01_a", COUNTS, saves(data, "text + '# saved'"))
    put(cleaned, "02_b", COUNTS)
    put(cleaned, "03_c", saves(data, "text.removesuffix('# saved')"))
    found = refresh("demo-2019", jobs=1)
    assert statuses(found) == {"01_a": "ok", "02_b": "failed", "03_c": "ok"}
    assert "changed while in use" in found.notebooks[1].error


@pytest.mark.parametrize("file", ["raw/demo-2019/wave.yml", "codebooks/it-staffing.yml"])
def test_a_file_saved_while_the_plan_is_made_is_in_no_report(cleaned, monkeypatch, file):
    """The titles would be those of before, under the hash of what was saved."""
    common = plan._common

    def saved(*of):
        with (cleaned / "data" / file).open("a", encoding="utf-8") as handle:
            handle.write("# saved")
        return common(*of)

    monkeypatch.setattr(plan, "_common", saved)
    with pytest.raises(InputError, match="changed while in use"):
        Plan.make(Edition("demo-2019"), {})


@pytest.mark.parametrize("moment", ["record_of", "_explain"])
def test_files_saved_before_or_after_the_notebooks_and_put_back_are_in_no_report(
    cleaned, data, monkeypatch, moment
):
    """What the run itself reads: how many replied, the codebook for later comparisons."""
    book = cleaned / "data" / "codebooks" / "it-staffing.yml"
    file = data if moment == "record_of" else book
    before, step = file.read_bytes(), getattr(publication, moment)

    def saved(*of):
        file.write_bytes(before + b"# saved")
        return step(*of)

    put(cleaned, "01_a", "print(1)")
    with monkeypatch.context() as patch:
        patch.setattr(publication, moment, saved)
        with pytest.raises(InputError, match="changed while in use"):
            refresh("demo-2019")
    file.write_bytes(before)
    assert refresh("demo-2019").ok
    assert (cleaned / "reports" / "demo-2019" / "codebook.yml").read_bytes() == book.read_bytes()


def test_a_package_that_changes_while_the_index_is_written_is_in_no_report(cleaned, monkeypatch):
    """As after a git checkout while --pdf prints, undone when the run has ended."""
    put(cleaned, "01_a", "print(1)")
    files, write = fingerprints.package_files, publication.index.write_index
    with monkeypatch.context() as patch:

        def checked_out(*of):
            patch.setattr(fingerprints, "package_files", lambda *_: files(*_) | {"a.j2": "other"})
            return write(*of)

        patch.setattr(publication.index, "write_index", checked_out)
        with pytest.raises(InputError, match="this package or the libraries changed while in use"):
            refresh("demo-2019")
    assert not (cleaned / "reports" / "demo-2019").exists()
    assert refresh("demo-2019").ok


@pytest.mark.parametrize(
    ("fork", "audience"),
    [(True, "internal"), pytest.param(False, "committee", marks=pytest.mark.slow)],
)
def test_a_file_that_a_notebook_reads_by_itself_counts(cleaned, fork, audience):
    """A researcher's own table beside the survey, and helpers of one's own."""
    table = cleaned / "data" / "own" / "姫路市.csv"
    table.parent.mkdir()
    table.write_text("1", encoding="utf-8")
    (cleaned / "notebooks" / "helpers.py").write_text("N = 1", encoding="utf-8")
    imports = f"import sys; sys.path.append({str(cleaned / 'notebooks')!r}); import helpers"
    reads = f"import pandas as pd; pd.read_csv({str(table)!r}, header=None)"
    counts = COUNTS.replace('")', '", audience=audience)')
    if not fork:  # where pandas takes a second at each start
        reads, counts = f"open({str(table)!r}).read()", "print(2)"
    put(cleaned, "01_a", imports, reads)
    put(cleaned, "02_b", counts)
    options = {"fork": fork, "audience": audience}
    assert refresh("demo-2019", **options).ok
    again = refresh("demo-2019", **options).notebooks
    assert [ran.reused for ran in again] == [audience == "internal", True]
    for file in (table, cleaned / "notebooks" / "helpers.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text + "\n", encoding="utf-8")
        told = why("demo-2019", audience=audience)
        assert "01_a: would run; changed: files that it uses" in told
        assert (f"({file.relative_to(cleaned)})" in told) == (audience == "internal")
        assert "姫路市" not in json.dumps(record(cleaned, Edition("demo-2019", audience).name))
        file.write_text(text, encoding="utf-8")
    table.write_text("2", encoding="utf-8")
    assert [ran.reused for ran in refresh("demo-2019", **options).notebooks] == [False, True]


def test_an_edition_of_before_a_table_of_ones_own_changed_is_not_given_out(cleaned):
    """Its record names no file that a notebook read by itself."""
    table = cleaned / "data" / "own.csv"
    table.write_text("1")
    put(cleaned, "01_a", f"open({str(table)!r}).read()")
    assert refresh("demo-2019", audience="committee", fork=False).ok
    give_out = partial(releases.release, "demo-2019", by="x", audience="committee")
    table.write_text("2")
    with pytest.raises(InputError, match="files that it uses changed since"):
        give_out()
    table.write_text("1")
    noted = cleaned / ".workbench" / "reads" / "demo-2019.committee.json"
    text = noted.read_text()
    noted.write_text(text.replace("finished", "of another run"))
    with pytest.raises(InputError, match="files that it uses changed"):
        give_out()
    noted.write_text(text)
    assert "is kept and noted" in give_out()


@pytest.mark.parametrize("fork", [True, False])
def test_a_helper_that_comes_with_its_old_date_and_size_is_compiled_anew(
    cleaned, monkeypatch, fork
):
    """As from a synchronised folder or an archive with fixed dates."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    helper = cleaned / "notebooks" / "helpers.py"
    imports = f"import sys; sys.path.append({str(helper.parent)!r}); import helpers"
    put(cleaned, "01_a", imports, "print(helpers.N)")
    for number in ("11", "22"):
        helper.write_text(f"N = {number}", encoding="utf-8")
        os.utime(helper, (1e9, 1e9))
        assert refresh("demo-2019", fork=fork).ok
        page = (cleaned / "reports" / "demo-2019" / "01_a.html").read_text("utf-8")
        assert f">{number}\n<" in page


def test_a_file_that_a_notebook_reads_by_itself_is_saved_meanwhile(cleaned):
    table = cleaned / "own.csv"
    table.write_text("1", encoding="utf-8")
    put(cleaned, "01_a", f"text = open({str(table)!r}).read()")
    put(cleaned, "02_b", saves(table, "text + '2'"), needs=["01_a"])
    found = refresh("demo-2019")
    assert found.notebooks[0].error == "inputs changed during the run: files that it uses"


def test_a_file_that_is_saved_while_the_notebook_that_read_it_goes_on(cleaned):
    table, own = cleaned / "own.csv", cleaned / "cache.csv"
    for file in (table, own):
        file.write_text("1", encoding="utf-8")
    others = f"import subprocess; subprocess.run(['sh', '-c', 'echo 2 > {table}'])"
    put(cleaned, "01_a", f"text = open({str(table)!r}).read()", others, "print(text)")
    put(cleaned, "02_b", saves(own, "text + '2'"))
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "failed", "02_b": "ok"}, "what it saved itself is its own"
    assert found.notebooks[0].error == "inputs changed during the run: files that it uses"


def test_a_file_that_a_notebook_writes_for_another_is_made_again_where_it_was_edited(cleaned):
    """In the project and not in its `output`; a log to which it only adds may be another's, too."""
    table, log = cleaned / "own.csv", cleaned / "own.log"
    adds = f"_ = open({str(log)!r}, 'a').write('ran')"
    put(cleaned, "01_a", f"_ = open({str(table)!r}, 'w').write('right')", adds)
    put(cleaned, "02_b", f"print(open({str(table)!r}).read())", adds, needs=["01_a"])
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2 and log.read_text() == "ranran"
    table.write_text("wrong")
    assert refresh("demo-2019").ok
    assert table.read_text() == "right"
    assert ">right\n<" in (cleaned / "reports" / "demo-2019" / "02_b.html").read_text("utf-8")
    table.unlink()
    assert refresh("demo-2019").ok
    assert table.read_text() == "right"


def test_a_file_that_is_saved_with_its_old_date_and_size_counts_as_saved(cleaned):
    """As by rsync or cp, which put the date of a file back."""
    table = cleaned / "own.csv"
    table.write_text("1\n", encoding="utf-8")
    others = f"echo 2 > {table}; touch -d '2024-01-01' {table}"
    subprocess.run(["touch", "-d", "2024-01-01", table], check=True)
    saved = f"import subprocess; subprocess.run(['sh', '-c', {others!r}])"
    put(cleaned, "01_a", f"text = open({str(table)!r}).read()", saved, "print(text)")
    found = refresh("demo-2019")
    assert found.notebooks[0].error == "inputs changed during the run: files that it uses"


def test_a_notebook_that_changes_its_folder_writes_where_the_variables_say(cleaned, monkeypatch):
    monkeypatch.chdir(cleaned)
    for name in ("ROOT", "REPORTS", "CACHE"):
        monkeypatch.setenv(f"WORKBENCH_{name}", name.lower() if name != "ROOT" else ".")
    loads = "import os; os.chdir('notebooks'); from analysis import Survey, paths\n"
    put(cleaned, "01_a", loads + "Survey.load(wave, output=output).table('Q13')")
    assert refresh("demo-2019").ok
    assert (cleaned / "reports/demo-2019/results/tables/table_Q13.csv").is_file()
    assert not [p for p in (cleaned / "notebooks").iterdir() if p.is_dir()]


def test_whatever_a_notebook_reads_in_the_project_counts(cleaned, tmp_path_factory):
    """Also folders that it lists, databases, another wave or codebook, and what others made.

    However its place is called, and a package of one's own beside those of the workbench.
    """
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(cleaned)
    other = cleaned / "data" / "raw" / "other"
    shutil.copytree(cleaned / "data" / "raw" / "demo-2019", other)
    places = {
        "a_bytes": ("own/a.csv", "open(os.fsencode({!r})).read()"),
        "b_append": ("own/b.csv", "open({!r}, 'a+').seek(0)"),
        "c_glob": ("own/c/1.csv", "glob.glob(os.path.dirname({!r}) + '/*')"),
        "d_folder": ("own/d/1.csv", "[*Path({!r}).parent.iterdir()]"),
        "e_database": ("own/e.db", "sqlite3.connect({!r}).execute('pragma user_version')"),
        "f_codebooks": ("data/codebooks/own.csv", "open({!r}).read()"),
        "g_report": ("reports/other/results/g.csv", "open({!r}).read()"),
        "h_data_set": ("data/processed/demo-2019-dataset/data.csv", "open({!r}).read()"),
        "i_wave": ("data/raw/other/wave.yml", "Survey.load('other').n  # {}"),
        "k_package": ("src/own/__init__.py", "open({!r}).read()"),
        "l_dots": ("own/l.csv", f"open('{cleaned}/notebooks/../own/l.csv').read()  # {{}}"),
        "m_link": ("own/m.csv", f"open('{link}/own/m.csv').read()  # {{}}"),
        "n_hidden": ("own/.n.csv", "open({!r}).read()"),
        "o_address": ("own/o.db", "sqlite3.connect('file:' + {!r} + '?mode=ro', uri=True)"),
        "p_record": ("data/codebooks/registered/own.yml", "open({!r}).read()"),
        "q_linked": ("own/q.csv", "os.makedirs(output); os.link({!r}, output + '.csv')"),
        "j_nothing": ("data/raw/other/wave.yml", "Survey.load('demo-2019').n  # {}"),
    }
    imports = "import glob, os, sqlite3; from pathlib import Path; from analysis import Survey\n"
    for at, (name, (place, reads)) in enumerate(places.items()):
        file = cleaned / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        put(cleaned, f"{at:02}_{name}", imports + reads.format(str(file)))
    found = refresh("demo-2019")
    assert found.ok, found.summary()
    assert why("demo-2019").count("unchanged") == len(places)
    for place, _ in places.values():
        file = cleaned / place
        file = file.with_name("2.csv") if file.parent.name in "cd" else file
        file.write_bytes((file.read_bytes() if file.is_file() else b"") + b"\n")
    told = [line for line in why("demo-2019").splitlines() if "would run;" not in line]
    assert told == ["16_j_nothing: unchanged, would not run"]


def test_a_notebook_runs_again_where_one_that_it_needs_does(cleaned):
    """It has read what that wrote; also where that alone was run meanwhile (--only)."""
    writes = (
        "import os; os.makedirs(output, exist_ok=True)\nopen(output + '/n.csv', 'w').write({!r})"
    )
    put(cleaned, "01_a", writes.format("one"))
    put(
        cleaned,
        "02_b",
        "import os; print(open(os.path.dirname(output) + '/01_a/n.csv').read())",
        needs=["01_a"],
    )
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2
    put(cleaned, "01_a", writes.format("two"))
    assert "02_b: would run; what it needs is made anew (01_a)" in why("demo-2019")
    refresh("demo-2019", notebooks=["01_a"])
    found = refresh("demo-2019")
    assert [ran.reused for ran in found.notebooks] == [True, False]
    assert "two" in json.dumps(executed(cleaned / "reports" / "demo-2019", "02_b"))


def test_a_notebook_that_opens_something_odd_ends_no_run(cleaned, monkeypatch):
    """A name that is none, a link to itself, code without its source."""
    monkeypatch.chdir(cleaned)
    (cleaned / "loop").symlink_to("loop")
    (cleaned / "own.pyc").write_bytes(b"1")
    odd = [str(cleaned / "own.pyc"), str(cleaned / "notebooks/../loop"), "x" * 300]
    tries = f"for name in {odd!r}:\n    try:\n        open(name)\n    except OSError:\n        pass"
    put(cleaned, "01_a", tries)
    assert refresh("demo-2019").ok
    (cleaned / "own.pyc").write_bytes(b"2")
    assert "changed: files that it uses (own.pyc)" in why("demo-2019")


@pytest.mark.parametrize("where", ["in the project", "behind a link", "elsewhere"])
def test_a_notebook_reads_nothing_of_the_report_that_its_run_replaces(
    cleaned, monkeypatch, tmp_path_factory, where
):
    """It would be of the run before, beside a page that has the numbers of this one."""
    writes = "from pathlib import Path; file = Path(output) / 'n.csv'\n"
    writes += "file.parent.mkdir(parents=True, exist_ok=True); file.write_text({!r})"
    reports = cleaned / "reports"
    if where != "in the project":
        reports = tmp_path_factory.mktemp("elsewhere")
    if where == "behind a link":
        (cleaned / "reports").rmdir()
        (cleaned / "reports").symlink_to(reports)
    if where == "elsewhere":
        monkeypatch.setenv("WORKBENCH_REPORTS", str(reports))
    table = reports / "demo-2019" / "n.csv"
    put(cleaned, "01_a", writes.format("1"))
    assert refresh("demo-2019").ok
    put(cleaned, "01_a", writes.format("2"))
    put(cleaned, "02_b", f"print(open({str(table)!r}).read())", needs=["01_a"])
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "ok", "02_b": "failed"}
    assert "n.csv is of the report that this run replaces" in found.notebooks[1].error


def test_a_project_may_lie_where_python_is_installed():
    """As in /usr/src/app, below the prefix of the system's Python."""
    files = (Path(sys.prefix, "src/app/own.csv"), Path(json.__file__), Path(pytest.__file__))
    assert [str(file).startswith(ipython_kernel.INSTALLED) for file in files] == [False, True, True]


@pytest.mark.parametrize("what", ["put back from a copy", "edited", "removed"])
def test_cleaned_data_are_of_the_files_after_a_refresh_with_nothing_to_do(cleaned, data, what):
    """Somebody opens them in Excel."""
    put(cleaned, "01_a", COUNTS)
    folder, copy = cleaned / "data" / "processed" / "demo-2019", cleaned / "copy"
    assert refresh("demo-2019").ok
    shutil.copytree(folder, copy)
    data.write_bytes(data.read_bytes() + b"# later\n")
    assert refresh("demo-2019").ok and "processed" not in why("demo-2019")
    now = fingerprints.hash_files(folder)
    if what == "edited":
        (folder / "responses.csv").write_text("1,2\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"responses\.csv, in processed.*, was changed"):
            refresh("demo-2019")
    shutil.rmtree(folder)
    if what == "put back from a copy":
        shutil.copytree(copy, folder)
    assert "data/processed/demo-2019 would be made anew" in why("demo-2019")
    assert refresh("demo-2019").notebooks[0].reused
    assert fingerprints.hash_files(folder) == now and "processed" not in why("demo-2019")


def test_a_crosswalk_counts(cleaned):
    put(cleaned, "01_a", "print(1)")
    assert refresh("demo-2019").ok
    file = next((cleaned / "data" / "codebooks" / "crosswalks").glob("*.yml"))
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "would run; changed: the crosswalks" in why("demo-2019")


def test_another_wave_counts_where_another_notebook_alone_declares_it(cleaned):
    """Its first reading, which cleans it, is no change of what the notebook reads."""
    other = cleaned / "data" / "raw" / "other"
    shutil.copytree(cleaned / "data" / "raw" / "demo-2019", other)
    put(cleaned, "01_a", "print(1)", compares="before", more="before: str = 'other'\n")
    put(cleaned, "02_b", COUNTS.replace("demo-2019", "other"))
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2
    about = other / "wave.yml"
    about.write_text(about.read_text("utf-8").replace("demo-2019", "x") + "# later\n", "utf-8")
    told = "files that it uses (data/raw/other/wave.yml)"
    assert f"02_b: would run; changed: {told}" in why("demo-2019")
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2


def test_what_a_notebook_reads_of_the_other_waves_by_itself_counts(cleaned):
    """That `analysis` looks which waves there are is no such reading."""
    raw = cleaned / "data" / "raw"
    for wave in ("own", "other"):
        shutil.copytree(raw / "demo-2019", raw / wave)
    about = raw / "own" / "wave.yml"
    about.write_text(about.read_text("utf-8").replace("as_of: 2019", "as_of: 2021"), "utf-8")
    titles = f"from pathlib import Path; print(Path({str(raw)!r}, 'other', 'wave.yml').read_text())"
    put(cleaned, "01_a", titles)
    put(cleaned, "02_b", f"import os; print(sorted(os.listdir({str(raw)!r})))")
    named = "Survey.load('own').typology(n_bootstrap=2, n_null=19, criteria=False)"
    put(cleaned, "03_c", f"from analysis import Survey; {named}")
    assert refresh("own").ok
    with (raw / "other" / "wave.yml").open("a", encoding="utf-8") as file:
        file.write("# later\n")
    told = why("own")
    assert "01_a: would run; changed: files that it uses (data/raw/other/wave.yml)" in told
    assert told.count("unchanged") == 2
    (raw / "new").mkdir()
    assert "02_b: would run; changed: files that it uses (data/raw)" in why("own")
    assert "03_c: unchanged" in why("own")


def test_a_hidden_file_of_one_s_own_beside_the_data_counts(cleaned):
    own = cleaned / "data" / "raw" / "demo-2019" / ".own.csv"
    own.write_text("1", encoding="utf-8")
    put(cleaned, "01_a", COUNTS, f"print(open({str(own)!r}).read())")
    put(cleaned, "02_b", COUNTS)
    assert refresh("demo-2019").ok
    own.write_text("2", encoding="utf-8")
    assert "01_a: would run; changed: files that it uses" in why("demo-2019")
    assert "02_b: unchanged" in why("demo-2019")


def test_a_file_of_one_s_own_beside_the_cleaned_data_counts(cleaned):
    own = cleaned / "data" / "processed" / "demo-2019" / "own.csv"
    own.write_text("1", encoding="utf-8")
    put(cleaned, "01_a", COUNTS, f"print(open({str(own)!r}).read())")
    assert refresh("demo-2019").ok
    assert "unchanged" in why("demo-2019")
    own.write_text("2", encoding="utf-8")
    assert "changed: files that it uses" in why("demo-2019")


def test_the_page_of_questions_says_anew_how_the_wave_before_was_asked(cleaned):
    """What it reads without declaring it would be a reason to run at each refresh outside."""
    raw, page = Path(__file__).parents[3] / "data" / "raw", "09_codebook.ipynb"
    shutil.copytree(raw / "demo-2020", cleaned / "data" / "raw" / "demo-2020")
    shutil.copy(raw.parents[1] / "notebooks" / page, cleaned / "notebooks")
    assert refresh("demo-2020", audience="committee").ok
    assert "unchanged" in why("demo-2020", audience="committee")
    with (cleaned / "data" / "raw" / "demo-2019" / "wave.yml").open("a", encoding="utf-8") as file:
        file.write("# later\n")
    assert "changed: the wave it compares with" in why("demo-2020", audience="committee")


def test_names_that_a_wave_it_compares_with_takes_from_an_earlier_one_count(cleaned):
    """Of a wave of another codebook, which takes no names from there itself."""
    raw, books = cleaned / "data" / "raw", cleaned / "data" / "codebooks"
    shutil.copy(books / "it-staffing.yml", books / "own.yml")
    for wave, was, now in (("later", "as_of: 2019", "as_of: 2021"), ("own", "it-staffing", "own")):
        shutil.copytree(raw / "demo-2019", raw / wave)
        text = (raw / wave / "wave.yml").read_text("utf-8")
        (raw / wave / "wave.yml").write_text(text.replace(was, now), "utf-8")
    put(cleaned, "01_a", "print(1)", compares="before", more="before: str = 'later'\n")
    keys = Plan.make(Edition("own"), {}).keys
    with (raw / "demo-2019" / "wave.yml").open("a", encoding="utf-8") as file:
        file.write("names: {'990019': {ja: 育成型, en: Trainers}}\n")
    assert Plan.make(Edition("own"), {}).keys != keys


def test_what_is_put_into_the_folder_of_the_project_itself_counts(cleaned, monkeypatch):
    """Where a notebook lists it, and where one looked for a module there, as Jupyter has it."""
    monkeypatch.chdir(cleaned)
    put(cleaned, "01_a", f"from pathlib import Path; print(*Path({str(cleaned)!r}).glob('*.csv'))")
    looks = "try:\n    import own_settings\nexcept ImportError:\n    print('none')"
    put(cleaned, "02_b", looks, "from importlib.metadata import version; version('pandas')")
    for audience in ("internal", "committee"):
        assert refresh("demo-2019", audience=audience).ok
    assert why("demo-2019").count("unchanged") == 2
    assert "02_b: unchanged" in why("demo-2019", audience="committee")
    (cleaned / "own.csv").write_text("1", encoding="utf-8")
    told = why("demo-2019")
    assert "01_a: would run; changed: files that it uses (.)" in told
    assert "02_b: unchanged" in told
    (cleaned / "own_settings.py").write_text("print('there')", encoding="utf-8")
    assert "02_b: would run; changed: the modules in the folder" in why("demo-2019")
    assert refresh("demo-2019").ok
    assert "there" in json.dumps(executed(cleaned / "reports" / "demo-2019", "02_b"))


def test_which_wave_is_the_one_before_counts_where_no_notebook_declares_it(cleaned):
    """As in a notebook of one's own with cells of the page on what changed."""
    raw = cleaned / "data" / "raw"
    looks = "from analysis.codebook import waves; print(waves.earlier('demo-2019'))"
    put(cleaned, "01_a", looks)
    assert refresh("demo-2019").ok
    shutil.copytree(raw / "demo-2019", raw / "older")
    about = raw / "older" / "wave.yml"
    about.write_text(about.read_text("utf-8").replace("as_of: 2019", "as_of: 2017"), "utf-8")
    assert "changed: which wave is the one before" in why("demo-2019")
    assert refresh("demo-2019").ok
    assert "older" in json.dumps(executed(cleaned / "reports" / "demo-2019", "01_a"))


def test_results_of_other_libraries_are_made_anew(cleaned, monkeypatch):
    put(cleaned, "01_a", COUNTS)
    assert refresh("demo-2019").ok
    assert "unchanged" in why("demo-2019")
    key = store.key(Wave.read("demo-2019"))
    other = {**fingerprints.installed(), "scikit-learn": "0.1"}
    monkeypatch.setattr(fingerprints, "installed", lambda: other)
    assert "would run; changed: the installed libraries (scikit-learn)" in why("demo-2019")
    assert store.key(Wave.read("demo-2019")) != key, "the data are cleaned anew, too"


def test_a_notebook_runs_as_it_was_when_the_run_began(cleaned):
    other = cleaned / "notebooks" / "02_b.ipynb"
    put(cleaned, "02_b", "print('as planned')", needs=["01_a"])
    put(cleaned, "01_a", saves(other, "text.replace('planned', 'changed')"))
    found = refresh("demo-2019")
    assert statuses(found) == {"01_a": "ok", "02_b": "failed"}
    assert "inputs changed during the run: its source" in found.notebooks[1].error
    assert "as planned" in json.dumps(executed(cleaned / "reports" / "demo-2019", "02_b"))
    put(cleaned, "01_a", "print(1)")
    found = refresh("demo-2019")
    assert found.ok and "as changed" in json.dumps(executed(paths.reports() / "demo-2019", "02_b"))


def test_cleaned_data_of_which_another_command_removed_a_part_are_not_taken_for_whole(
    project, cleaned_anew, monkeypatch
):
    """As where a command was suspended while it wrote, in a notebook by hand."""
    place, files = paths.processed("demo-2019"), store.files_of

    def meanwhile(*of):
        for n, file in enumerate(files(*of)):
            if n == 4:
                paths.recover_folder(place)
            yield file

    with monkeypatch.context() as patch, pytest.raises(InputError, match="cannot be written"):
        patch.setattr(store, "files_of", meanwhile)
        Survey.load("demo-2019")
    assert not place.exists()
    Survey.load("demo-2019")
    assert {file.name for file in place.iterdir()} == {*fingerprints.CLEANED, "ledger.json"}


def test_a_page_of_the_report_that_is_saved_while_a_run_waits_is_not_taken_over(
    cleaned, monkeypatch
):
    """Another command may clean meanwhile, suspended; somebody opens an executed notebook."""
    put(cleaned, "01_a", "print(1)")
    put(cleaned, "02_b", "print(2)")
    assert refresh("demo-2019").ok
    put(cleaned, "02_b", "print(3)")
    file = cleaned / "reports" / "demo-2019" / "notebooks" / "01_a.ipynb"

    def waits(wave):
        file.write_text(file.read_text("utf-8").replace('"1', '"one'), encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr("workbench.run.execute.clean", waits)
        assert statuses(found := refresh("demo-2019")) == {"01_a": "failed", "02_b": "ok"}
    assert found.notebooks[0].error.endswith("during the run: notebooks/01_a.ipynb")
    assert refresh("demo-2019").ok and '"1' in file.read_text("utf-8")


def test_while_a_command_cleans_another_one_waits(project, monkeypatch):
    cleans, lock = store.prepared, paths.processed("demo-2019").with_name(".demo-2019.lock")
    monkeypatch.setattr(store, "prepared", lambda *a, **b: (lock.read_bytes(), cleans(*a, **b))[1])
    assert "written to" in _clean("demo-2019", "en")
    with pytest.raises(InputError, match="no wave"):
        _clean("demo-2018", "en")
    assert {*paths.processed("demo-2019").parent.glob(".*.lock")} == set()


@pytest.mark.parametrize("undone", [False, True])
def test_files_that_change_while_they_are_cleaned_are_not_taken_for_what_they_were(
    project, data, cleaned_anew, monkeypatch, undone
):
    cleans = store.clean

    def meanwhile(*given):
        found, before = cleans(*given), data.with_name("before")
        data.rename(before)
        data.write_bytes(before.read_bytes() + b"\n")
        before.rename(data if undone else paths.root() / "before")
        return found

    with monkeypatch.context() as patch, pytest.raises(InputError, match="changed while in use"):
        patch.setattr(store, "clean", meanwhile)
        Survey.load("demo-2019")
    assert not paths.processed("demo-2019").exists()
    assert Survey.load("demo-2019").n == 15


def test_somebody_may_open_a_file_while_the_wave_is_cleaned(
    project, data, cleaned_anew, monkeypatch
):
    """Excel then keeps a hidden file beside it."""
    cleans = store.clean

    def meanwhile(*given):
        data.with_name("~$replies.xlsx").write_text("who has it open")
        return cleans(*given)

    monkeypatch.setattr(store, "clean", meanwhile)
    assert Survey.load("demo-2019").n == 15


@pytest.mark.parametrize(
    "path", [".replies.xlsx", ".forms/replies.xlsx", "replies.xlsx\n  blank: .sent.xlsx"]
)
def test_a_hidden_file_is_no_file_of_a_wave(project, data, path):
    data.write_text(data.read_text(encoding="utf-8").replace("replies.xlsx", path))
    with pytest.raises(InputError, match="hidden, so that nobody would notice"):
        Wave.read("demo-2019")


@pytest.mark.parametrize(
    ("file", "edit"),
    [
        ("responses.parquet", None),
        ("ledger.json", lambda text: "[]"),
        ("ledger.json", lambda text: text.replace('"cells": 563', '"cells": 663')),
    ],
)
def test_cleaned_data_that_were_edited_are_cleaned_again(cleaned, file, edit):
    survey = Survey.load("demo-2019")
    folder = paths.processed("demo-2019")
    good = {p.name: p.read_bytes() for p in folder.iterdir()}
    if edit:
        (folder / file).write_text(edit(good[file].decode("utf-8")), encoding="utf-8")
    else:
        survey.responses.iloc[1:].to_parquet(folder / file)
    assert (folder / file).read_bytes() != good[file]
    assert Survey.load("demo-2019").n == survey.n
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == good


def test_what_somebody_typed_into_a_csv_of_cleaned_data_is_neither_used_nor_lost(project):
    Survey.load("demo-2019")
    file = paths.processed("demo-2019") / "responses.csv"
    good = file.read_bytes()
    file.write_text("typed")
    with pytest.raises(InputError, match=r"responses\.csv, in processed/demo-2019, was changed"):
        Survey.load("demo-2019")
    assert file.read_text() == "typed"
    file.unlink()
    assert Survey.load("demo-2019").n == 15 and file.read_bytes() == good


@pytest.mark.parametrize("code", ["stats/thresholds.py", "text/labels.yml", "typology/study.py"])
def test_no_kept_typology_is_of_another_state_of_the_package(monkeypatch, code):
    files, before = fingerprints.package_files("analysis"), store.package_key()
    edited = {**files, f"analysis/{code}": "another"}
    monkeypatch.setattr(store, "package_files", lambda *packages: edited)
    assert store.package_key() != before


def test_a_process_that_runs_older_code_than_lies_on_the_disk_cleans_nothing(project, monkeypatch):
    """As a kernel in JupyterLab after a git pull: its data would pass for those of the new code."""
    edited = {**store.LOADED, "analysis/cleaning/answers.py": "another"}
    monkeypatch.setattr(store, "package_files", lambda *packages: edited)
    with pytest.raises(InputError, match="this package or the libraries changed while in use"):
        Survey.load("demo-2019")
    assert not paths.processed("demo-2019").exists()
    before = store.package_key()
    monkeypatch.setattr(store, "LOADED", edited)
    assert store.package_key() != before, "nor does it keep a typology for others"


def test_libraries_that_are_installed_during_a_run_make_it_fail(cleaned, monkeypatch):
    newer = cleaned / "newer" / "pandas-99.dist-info" / "METADATA"
    newer.parent.parent.mkdir()
    monkeypatch.syspath_prepend(newer.parent.parent)
    installs = f"from pathlib import Path; file = Path({str(newer)!r}); file.parent.mkdir()\n"
    put(cleaned, "01_a", installs + "file.write_text('Name: pandas\\nVersion: 99\\n')")
    found = refresh("demo-2019")
    assert found.notebooks[0].error == "inputs changed during the run: the installed libraries"


def test_typologies_that_nobody_has_used_for_long_are_removed(project):
    old, older, recent, foreign = (paths.cache() / (name * 8) for name in ("ab", "ba", "cd", "ef"))
    for folder, days in ((old, 61), (older, 90), (recent, 59), (foreign, 90)):
        parts = {older: "0123456789abcdef/analysis/typology", foreign: "mine"}
        (folder / parts.get(folder, "analysis/typology")).mkdir(parents=True)
        os.utime(folder, (time.time() - days * 86400,) * 2)
    assert store.kept().is_dir() and recent.is_dir() and not (old.exists() or older.exists())
    assert foreign.is_dir()  # WORKBENCH_CACHE may be a folder that other programs use


def test_a_pipe_among_kept_typologies_is_refused_and_nobody_waits_for_it(project, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(project / "cache"))  # others share that of the tests
    pipe = store.kept() / "output.pkl"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="pipe"):
        Survey.load("demo-2019").typology()


def test_hypotheses_on_record_that_were_edited_count_for_their_notebook(project):
    put(project, "01_a", "print(1)")
    put(project, "04_h", "print(4)", requires=["hypotheses"])
    assert refresh("demo-2019").ok
    assert why("demo-2019").count("unchanged") == 2
    record = paths.registration("demo-2019")
    record.write_text(record.read_text(encoding="utf-8") + "# edited", encoding="utf-8")
    assert "04_h: would run; changed: the hypotheses on record" in why("demo-2019")
    record.unlink()  # as before the first cleaning of a wave, which writes it
    shutil.rmtree(paths.processed("demo-2019"))
    assert refresh("demo-2019").ok and record.is_file()
    assert refresh("demo-2019").notebooks[1].reused


def test_a_hash_outside_confirms_no_guess(cleaned, data):
    """Who knows the words of a name must not find out by the hash of whose code it was given."""
    earlier = data.parents[1] / "demo-2018"
    shutil.copytree(data.parent, earlier)
    text = data.read_text(encoding="utf-8").replace("as_of: 2019", "as_of: 2018")
    names = {"990019": {"ja": "先行", "en": "early"}}
    text += f"names: {json.dumps(names, ensure_ascii=False)}\n"
    (earlier / "wave.yml").write_text(text, encoding="utf-8")
    notes = cleaned / "data" / "cases" / "note.md"
    notes.parent.mkdir()
    notes.write_text("yes")
    put(cleaned, "01_a", "print(1)", reads=["data/cases"])
    guesses = [fingerprints.sha(repr(names)), fingerprints.hash_path(notes.parent)]
    for audience, seen in (("internal", True), ("public", False)):
        assert refresh("demo-2019", audience=audience).ok
        folder = paths.reports() / Edition("demo-2019", audience).name
        text = (folder / "run.json").read_text(encoding="utf-8")
        assert [guess in text for guess in guesses] == [seen] * 2


DAMAGED = (
    *("", "[]", "{}", "null", '{"cells": 3}', '{"cells": [{"cell_type": "code"}], "metadata": {}}'),
    '{"cells": [], "metadata": {"workbench": []}}',
    '{"cells": [], "metadata": {"workbench": {"requires": ["zzz"]}}}',
    '{"cells": [], "metadata": {"workbench": {"needs": "01_a"}}}',
    '{"cells": [], "metadata": {"workbench": {"compares": ["before"]}}}',
    '{"cells": [], "metadata": {"workbench": {"title": 3}}}',
)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("it-staffing.yml", {"pages": [1]}, r"it-staffing\.yml: line \d+: pages"),
        ("it-staffing.yml", {"questions": ["Q1"]}, r"it-staffing\.yml: line \d+: questions"),
        ("visits/topics.yml", {"topics": [1]}, r"topics\.yml: line \d+: topics"),
    ],
)
def test_entries_of_another_kind_are_refused_in_a_sentence(project, file, content, said):
    put(project, "01_a", "print(1)", requires=["visits"])
    place = project / "data" / "codebooks" / file
    place.parent.mkdir(exist_ok=True)
    before = yaml.safe_load(place.read_text("utf-8")) if place.is_file() else {}
    place.write_text(yaml.safe_dump(before | content, allow_unicode=True), "utf-8")
    with pytest.raises(InputError, match=said):
        why("demo-2019")


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_notebook_is_refused_in_a_sentence(project, text):
    put(project, "01_a", "print(1)")
    (project / "notebooks" / "02_b.ipynb").write_text(text)
    with pytest.raises(InputError, match=r"02_b\.ipynb: this is no notebook"):
        refresh("demo-2019")


@pytest.mark.parametrize(
    "place",
    ["notebooks/02_b.ipynb", "data/raw/demo-2018/wave.yml", "data/codebooks/crosswalks/x.yml"],
)
def test_at_a_pipe_nobody_waits(project, place):
    put(project, "01_a", "print(1)")
    pipe = project / place
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    if "raw" in place:  # of another wave
        assert "01_a" in why("demo-2019")
    else:
        with pytest.raises(InputError, match="no file"):
            why("demo-2019")


@pytest.mark.parametrize("place", ["reports/.demo-2019.lock", "data/processed/.demo-2019.lock"])
def test_a_pipe_in_the_place_of_a_lock_is_refused_and_stays(project, place):
    put(project, "01_a", "print(1)")
    pipe = project / place
    pipe.parent.mkdir(exist_ok=True, parents=True)
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"\.demo-2019\.lock: this is a folder, a pipe"):
        refresh("demo-2019")
    assert pipe.is_fifo()


def test_a_register_that_is_a_pipe_is_refused(project, data):
    text = data.read_text(encoding="utf-8").partition("invited:")[0]
    files = "invited: all\nregister: who.csv\nfiles: [{path: replies.xlsx}]\n"
    data.write_text(text + files, encoding="utf-8")
    os.mkfifo(data.with_name("who.csv"))
    with pytest.raises(InputError, match="no file"):
        Wave.read("demo-2019")


def test_a_library_that_only_another_library_needs_counts(tmp_path, monkeypatch):
    """mistune makes HTML of the texts of pages; nbconvert asks for it, this project does not."""
    about = tmp_path / "mistune-99.0.dist-info"
    about.mkdir()
    text = "Metadata-Version: 2.1\nName: mistune\nVersion: 99.0\n"
    (about / "METADATA").write_text(text)
    before = fingerprints.installed()
    monkeypatch.syspath_prepend(tmp_path)
    assert fingerprints.installed() == {**before, "mistune": "99.0"}
    about.rename(tmp_path / "mistune-99.1.dist-info")
    (tmp_path / "mistune-99.1.dist-info" / "METADATA").write_text(text.replace("99.0", "99.1"))
    assert fingerprints.installed() == {**before, "mistune": "99.1"}, "an upgrade meanwhile"
