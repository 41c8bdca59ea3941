"""Files are whole or absent, and no wave's files lie where another's are."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from refreshing import contents

from analysis import Survey, paths
from analysis.codebook.waves import content, earlier
from analysis.errors import InputError
from workbench import cli
from workbench.run.record import Edition, lock


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    target = tmp_path / "a" / "report.html"
    paths.write_atomic(target, "good")
    with pytest.raises(UnicodeEncodeError):
        paths.write_atomic(target, "\ud800")
    assert target.read_text() == "good"
    assert [p.name for p in target.parent.iterdir()] == ["report.html"]


def test_swapping_a_folder_keeps_the_old_one_when_the_new_is_missing(tmp_path):
    final = tmp_path / "wave"
    final.mkdir()
    (final / "index.html").write_text("old")
    with pytest.raises(OSError):
        paths.swap_folder(tmp_path / "absent", final, "index.html")
    assert (final / "index.html").read_text() == "old"
    new = tmp_path / "new"
    new.mkdir()
    (new / "index.html").write_text("new")
    paths.swap_folder(new, final, "index.html")
    assert (final / "index.html").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["wave"]


@pytest.mark.parametrize("name", [".git/config", ".htaccess", "figures/.RData", "link"])
def test_what_somebody_hid_or_linked_in_a_folder_of_ours_stays(tmp_path, name):
    final, new = tmp_path / "wave", tmp_path / "new"
    for folder in (final, new):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    (final / ".DS_Store").touch()  # of a program
    (final / name).parent.mkdir(parents=True, exist_ok=True)
    (final / name).symlink_to(tmp_path) if name == "link" else (final / name).touch()
    with pytest.raises(InputError, match="was not made by workbench"):
        paths.swap_folder(new, final, "index.html", {"index.html": ""})
    (final / name).unlink()
    paths.swap_folder(new, final, "index.html", {"index.html": ""})
    assert (final / "index.html").read_text() == "new"


@pytest.mark.parametrize("name", ["report.pdf", "figures/a.svg", "talk.pptx"])
def test_what_somebody_changes_until_the_last_moment_stays(tmp_path, name, monkeypatch):
    final, new = tmp_path / "wave", tmp_path / "new"
    for folder in (final, new):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("made")
    own = {name: hashlib.sha256(b"made").hexdigest()}
    monkeypatch.setattr(paths, "settle", lambda _: (final / name).write_text("with a remark"))
    with pytest.raises(InputError, match="was changed since workbench made it"):
        paths.swap_folder(new, final, name, own)
    assert (final / name).read_text() == "with a remark"


@pytest.fixture
def on_disk(monkeypatch):
    """The size of each file that was waited for until it was on the disk."""
    waited = []
    monkeypatch.setattr("os.fsync", lambda number: waited.append(os.fstat(number).st_size))
    return waited


def test_a_file_is_on_the_disk_when_it_is_written(tmp_path, on_disk):
    paths.write_atomic(tmp_path / "a.csv", "alone")
    paths.write_atomic(tmp_path / ".wave.part" / "b.csv", "received", received=True)
    assert on_disk == [len("alone"), len("received")]


def test_files_of_a_folder_are_on_the_disk_before_it_gets_its_name(tmp_path, on_disk):
    new = tmp_path / ".wave.part"
    paths.write_atomic(new / "index.html", "page")
    paths.write_atomic(new / "figures" / "a.svg", "figure")
    assert not on_disk
    paths.swap_folder(new, tmp_path / "wave", "index.html")
    assert {*on_disk} == {len("page"), len("figure")}


def test_the_project_is_found_from_any_folder_inside_it(tmp_path, monkeypatch):
    monkeypatch.delenv("WORKBENCH_ROOT", raising=False)
    inside = tmp_path / "notebooks" / "deep"
    inside.mkdir(parents=True)
    (tmp_path / "data" / "raw").mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert paths.root() == tmp_path.resolve()


def test_the_copies_of_a_new_wave_that_was_killed_are_no_wave(project):
    """They were one: a later wave was compared with them, as if they were the one before."""
    raw = project / "data" / "raw"
    shutil.copytree(raw / "demo-2019", raw / ".demo-2018.0123abcd.part")
    wave = raw / "demo-2019" / "wave.yml"
    left = raw / ".demo-2018.0123abcd.part" / "wave.yml"
    text = wave.read_text(encoding="utf-8").replace("as_of: 2019", "as_of: 2018")
    left.write_text(text, encoding="utf-8")
    assert earlier("demo-2019") == ""
    assert [folder.name for folder in paths.waves()] == ["demo-2019"]
    with pytest.raises(InputError) as refused:
        content("demo")
    assert "demo-2019" in str(refused.value) and ".part" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        "x.committee",
        "x.Public.en",
        "x.incomplete",
        "x.profiles",
        "compare",
        "by-hand",
        ".cache",
        "x-queries",
        "x-Dataset",
        "x-queries.xlsx",
        "..",
        ".x.part",
        " x",
        "x\ny",
    ],
)
def test_a_wave_is_not_called_as_files_of_another(project, name, capsys):
    replies = project / "data" / "raw" / "demo-2019" / "replies.xlsx"
    before = contents(project)
    new = ["new-wave", name, str(replies), "--codebook", "it-staffing", "--as-of", "2019-04-01"]
    for command in (new, ["simulate", name], ["clean", name], ["refresh", name]):
        assert cli.main(command) == 2
        assert "a wave cannot be called" in capsys.readouterr().err
    assert contents(project) == before


def test_where_letters_do_not_differ_by_case_nothing_has_two_names(project, monkeypatch):
    """On a Mac or Windows ``DATA/Raw`` is data/raw, and the wave W that of ``w``."""
    there, fold = project / "DATA" / "Raw", lambda path: str(path).casefold()
    monkeypatch.setattr(Path, "samefile", lambda path, other: fold(path) == fold(other))
    with pytest.raises(InputError, match="data/raw keeps the files as received"):
        paths.refuse_received(there / "demo-2019" / "new.xlsx")
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    with pytest.raises(InputError, match="there is no wave 'DEMO-2019'"):
        content("DEMO-2019")


@pytest.mark.parametrize("variable", ["WORKBENCH_REPORTS", "WORKBENCH_CACHE"])
def test_no_variable_moves_what_is_made_into_the_files_as_received(project, monkeypatch, variable):
    monkeypatch.setenv(variable, str(project / "data" / "raw" / "demo-2019"))
    before = contents(project / "data" / "raw")
    with pytest.raises(InputError, match="data/raw keeps the files as received"):
        Survey.load("demo-2019").typology(n_bootstrap=2, n_null=2, criteria=False)
        lock(Edition("demo-2019")).__enter__()
    assert contents(project / "data" / "raw") == before


def test_a_folder_that_is_called_as_an_edition_is_no_wave(project):
    shutil.copytree(project / "data/raw/demo-2019", project / "data/raw/demo-2019.public")
    assert [folder.name for folder in paths.waves()] == ["demo-2019"]
    with pytest.raises(InputError, match=r"end in \.public.*rename its folder"):
        Survey.load("demo-2019.public")


def test_a_folder_of_somebody_else_is_not_replaced(project):
    for place, command in (
        (paths.processed("demo-2019"), "clean"),
        (paths.reports() / "demo-2019", "refresh"),
    ):
        place.mkdir()
        (place / "notes.docx").write_text("typed by hand")
        assert cli.main([command, "demo-2019"]) == 2
        assert (place / "notes.docx").read_text() == "typed by hand"
        shutil.rmtree(place)


def test_reports_do_not_go_where_files_as_received_are(project, monkeypatch, capsys):
    before = contents(project / "data" / "raw")
    monkeypatch.setenv("WORKBENCH_REPORTS", str(project / "data" / "raw"))
    assert cli.main(["refresh", "demo-2019"]) == 2
    assert "data/raw keeps the files as received" in capsys.readouterr().err
    assert contents(project / "data" / "raw") == before


def test_a_swap_that_was_killed_is_put_right_for_that_folder_alone(tmp_path):
    """Also where its name has signs that stand for others in a pattern."""
    final, other = tmp_path / "2019[a]", tmp_path / ".2019a.0123abcd.old"
    for old in (other, paths.beside(final, "old")):
        old.mkdir()
    paths.recover_folder(final)
    assert final.is_dir() and other.is_dir()


def test_a_notebook_run_by_hand_writes_over_nothing_but_what_it_wrote(tmp_path):
    def put(content):
        paths.write_output(tmp_path, "tables/a.csv", content)
        return table.read_bytes()

    table = tmp_path / "tables" / "a.csv"
    assert put(b"old") == b"old"
    assert put(b"new") == b"new"
    table.write_bytes(b"typed into")
    with pytest.raises(InputError, match=r"a\.csv: there is a file of this name"):
        put(b"newer")
    assert table.read_bytes() == b"typed into"
    table.rename(tmp_path / "mine.csv")
    table.symlink_to(tmp_path / "mine.csv")
    with pytest.raises(InputError, match="link"):
        put(b"newer")
    table.unlink()
    assert put(b"newer") == b"newer"
    assert (tmp_path / "mine.csv").read_bytes() == b"typed into"


def test_the_folder_of_a_run_is_new_and_keeps_no_list(tmp_path):
    part = tmp_path / ".wave.part"
    paths.write_output(part, "tables/a.csv", b"1")
    assert [file.name for file in part.rglob("*")] == ["tables", "a.csv"]


def test_the_list_of_what_notebooks_wrote_is_no_pipe_and_no_link(tmp_path):
    other = tmp_path / "received.csv"
    other.write_text("as received")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / paths.WRITTEN).symlink_to(other)
    with pytest.raises(InputError, match="link"):
        paths.write_output(tmp_path / "a", "a.csv", b"1")
    assert other.read_text() == "as received"
    (tmp_path / "b").mkdir()
    os.mkfifo(tmp_path / "b" / paths.WRITTEN)
    with pytest.raises(InputError, match="pipe"):
        paths.write_output(tmp_path / "b", "a.csv", b"1")
