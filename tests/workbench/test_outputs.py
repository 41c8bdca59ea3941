"""No command writes over anything that it did not make itself."""

import errno
import json
import os
import shutil
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from project import ROOT
from refreshing import contents, wait_for

from analysis import paths
from analysis.errors import InputError
from workbench import cli, outputs
from workbench.run import record

pytestmark = pytest.mark.usefixtures("cleaned")

WAVE = "data/raw/demo-2019"


@pytest.fixture
def run(project, monkeypatch, capsys):
    """A command as given on the command line in the project's folder; its code and its error."""
    monkeypatch.chdir(project)

    def run(command):
        code = cli.main(command.split())
        return code, capsys.readouterr().err

    shutil.copy(project / WAVE / "replies.xlsx", project / "received.xlsx")
    (project / "sheet.csv").write_text("団体コード,団体名,Q1\n990019,架空市,1\n", encoding="utf-8")
    return run


WRITERS = {
    "queries demo-2019 --out {}": "out.xlsx",
    "queries demo-2019 --split --out {}": "out",
    f"audit {WAVE}/replies.xlsx --annotate {{}}": "out.xlsx",
    "codebook draft sheet.csv --out {}": "out.yml",
}
writers = pytest.mark.parametrize(("command", "name"), WRITERS.items(), ids=str)


@writers
def test_nothing_is_written_into_data_raw(run, project, command, name):
    (project / "way").symlink_to(project / "data" / "raw", target_is_directory=True)
    before = contents(project / "data" / "raw")
    for place in (f"{WAVE}/{name}", f"data/raw/../raw/{name}", f"way/{name}"):
        code, said = run(command.format(place))
        assert code == 2 and "data/raw keeps the files as received" in said, said
    code, said = run(command.format(f"{WAVE}/replies.xlsx"))
    assert code == 2, "the reply as received"
    assert contents(project / "data" / "raw") == before


ALL_WRITERS = {
    **WRITERS,
    "dataset demo-2019 --out {}": "out",
    "questionnaire it-staffing --out {}": "out.xlsx",
    "profiles demo-2019 --target {}": "out",
    "compare reports/demo-2019 reports/demo-2019 --out {}": "out",
}


@pytest.mark.parametrize(("command", "name"), ALL_WRITERS.items(), ids=str)
def test_nothing_is_written_among_what_is_made_as_a_whole(run, project, command, name):
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    about = {"wave": "demo-2019", "audience": "internal", "language": "ja", "notebooks": []}
    for made in ("demo-2019", "of-a-wave-that-has-gone", ".base/demo-2019"):
        (project / "reports" / made).mkdir(parents=True)
        (project / "reports" / made / "run.json").write_text(json.dumps(about))
    (project / "way").symlink_to(project / "reports" / "demo-2019")
    before = contents(project)
    for folder in (
        *("reports/demo-2019/a", "reports/of-a-wave-that-has-gone", "reports/.base/demo-2019"),
        *("reports/demo-2019.public.en", "reports/demo-2019.profiles.committee/a", "way/a"),
        *(
            "reports/demo-2019.incomplete",
            "releases/demo-2019.public/1",
            "data/processed/demo-2019",
        ),
    ):
        code, said = run(command.format(f"{folder}/{name}"))
        assert code == 2 and "made as a whole and takes no other files" in said, (folder, said)
    if name == "out":
        assert run(command.format("reports/demo-2019"))[0] == 2
    assert contents(project) == before
    if command.split()[0] not in {"profiles", "dataset"}:
        for free in ("reports/demo-2019-notes", "reports/compare/a", "data/processed/demo-2019-x"):
            code, said = run(command.format(f"{free}/{name}"))
            assert code == 0, (free, said)  # it may have waited for the list of another test


@writers
def test_an_earlier_output_is_written_again_but_not_one_that_was_changed(
    run, project, command, name
):
    for _ in range(2):
        code, said = run(command.format(name))
        assert code == 0, said
    made = project / name
    file = made if made.is_file() else next(made.iterdir())
    file.write_bytes(file.read_bytes() + b"typed by hand")
    code, said = run(command.format(name))
    assert code == 2 and "did not write, or that was changed since" in said
    assert file.read_bytes().endswith(b"typed by hand")


@pytest.mark.parametrize("earlier", [False, True])
def test_a_project_that_was_moved_knows_its_outputs(run, project, monkeypatch, earlier):
    """Those of an `earlier` version are noted by their whole paths, and known where they were."""
    command, moved = "queries demo-2019 --out data/processed/out.xlsx", project.with_name("moved")
    monkeypatch.delenv("WORKBENCH_CACHE")
    assert run(command)[0] == 0
    notes = project / "data" / "processed" / ".cache" / outputs.NOTES
    if earlier:
        whole = {str(project / key): note for key, note in json.loads(notes.read_text()).items()}
        notes.write_text(json.dumps(whole))
        assert run(command)[0] == 0
    assert [*json.loads(notes.read_text())] == ["data/processed/out.xlsx"]
    monkeypatch.chdir(project.parent)
    project.rename(moved)
    try:
        monkeypatch.chdir(moved)
        monkeypatch.setenv("WORKBENCH_ROOT", str(moved))
        assert run(command) == (0, "")
        (moved / "data" / "processed" / "out.xlsx").write_bytes(b"typed by hand")
        assert run(command)[0] == 2
    finally:
        moved.rename(project)


SHEETS, DATA_SET = "queries demo-2019 --split --out given", "dataset demo-2019 --out given"


@pytest.mark.parametrize(
    ("command", "step", "changed", "files"),
    [
        (SHEETS, "990043", True, 12),
        (SHEETS, "outputs", False, 12),
        *(
            pytest.param(DATA_SET, step, changed, 10, marks=pytest.mark.slow)
            for step in ("README.ja.md", "outputs")
            for changed in (True, False)
        ),
    ],
)
def test_a_command_that_broke_off_between_two_files_carries_on(
    run, project, monkeypatch, command, step, changed, files
):
    write = paths.write_atomic
    if changed:
        assert run(command)[0] == 0
        wave = project / WAVE / "wave.yml"
        wave.write_text(wave.read_text().replace("架空データ", "架空のデータ", 1))

    def full(path, content):
        if path.name.startswith(step):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(paths, "write_atomic", full)
        code, said = run(command)
    assert code == 2 and "No space left" in said
    code, said = run(command)
    assert code == 0, said
    assert len(contents(project / "given")) == files
    shutil.move("given", "other")
    assert run(command)[0] == 0 and contents(project / "given") == contents(project / "other")


def test_of_two_commands_that_write_one_new_file_at_once_the_second_is_refused(
    project, monkeypatch
):
    written, one, place = paths.write_atomic, threading.Event(), project / "out.csv"
    other = threading.Thread(target=lambda: outputs.write({place: "first"}, "dataset"))

    def write(path, content):
        if path == place and content == "first":
            one.set()
            time.sleep(0.5)  # meanwhile the second has found nothing there
        written(path, content)

    monkeypatch.setattr(paths, "write_atomic", write)
    other.start()
    assert one.wait(60)
    with pytest.raises(InputError, match=r"out\.csv"):
        outputs.write({place: "second"}, "queries")
    other.join()
    assert place.read_text() == "first"


def test_commands_at_once_lose_no_note_of_each_other(project):
    def write(at):
        for round in range(8):
            outputs.write({project / f"{at}.txt": f"{round}"}, "audit")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert [(project / f"{at}.txt").read_text() for at in range(4)] == ["7"] * 4


def test_a_command_that_waits_for_another_to_write_says_so(project, monkeypatch, capsys):
    """That may have been stopped by Ctrl-Z."""
    monkeypatch.setattr(record, "PATIENCE", 0.1)
    place = project / "out.csv"
    with outputs._notes_locked():
        other = threading.Thread(target=outputs.write, args=({place: "1"}, "draft"))
        other.start()
        wait_for(lambda: f"waiting for process {os.getpid()} " in capsys.readouterr().err)
        assert not place.exists()
    other.join()
    assert place.read_text() == "1"


@pytest.mark.parametrize("url", ["generic://place", "ftp://127.0.0.1:1/place", ""])
def test_a_store_that_cannot_be_had_is_told_before_any_page_is_made(url):
    with pytest.raises(InputError, match="cannot be used"):
        outputs.refuse_target(url)


@writers
def test_what_another_made_and_what_a_link_leads_to_stay(run, project, command, name):
    if "split" not in command:
        (project / name).write_text("of another")
        assert run(command.format(name))[0] == 2
        assert (project / name).read_text() == "of another"
        (project / name).rename(project / "other")
    else:
        (project / "other").mkdir()
    (project / name).symlink_to(project / "other")
    code, said = run(command.format(name))
    assert code == 2 and "this is a link" in said
    assert list(contents(project / "other")) == [] if "split" in command else True


def test_a_target_takes_no_place_of_files_it_did_not_get_from_here(project, tmp_path):
    pages, target = tmp_path / "pages", tmp_path / "target"
    pages.mkdir()
    target.mkdir()
    (pages / "index.html").write_text("page")
    (target / "index.html").write_text("of another")
    with pytest.raises(InputError, match=r"index\.html is there already"):
        outputs.send(pages, target.as_uri())
    assert (target / "index.html").read_text() == "of another"
    (target / "index.html").unlink()
    assert outputs.send(pages, target.as_uri()) == (1, 0)
    assert outputs.send(pages, target.as_uri()) == (0, 1)
    (pages / "index.html").write_text("new")
    assert outputs.send(pages, target.as_uri()) == (1, 0)
    assert (target / "index.html").read_text() == "new"
    assert sorted(p.name for p in target.iterdir()) == ["files.json", "index.html"]


def test_profiles_are_not_published_into_data_raw(run, project):
    before = contents(project / "data" / "raw")
    (project / "way").symlink_to(project / "data" / "raw", target_is_directory=True)
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    for place in ("data/raw/pages", "way/pages"):
        code, said = run(f"profiles demo-2019 --target file://{project}/{place}")
        assert code == 2 and "data/raw keeps the files as received" in said, said
    code, said = run(f"profiles demo-2019 --target simplecache::file://{project}/data/raw/pages")
    assert code == 2 and "leads through one store into another" in said, said
    assert contents(project / "data" / "raw") == before


def test_pages_of_another_wave_or_program_keep_their_place(tmp_path):
    pages, target = tmp_path / "pages", tmp_path / "target"
    pages.mkdir()
    target.mkdir()

    def made(wave):
        run = {"wave": wave, "audience": "internal", "language": "ja", "notebooks": []}
        (pages / "run.json").write_text(json.dumps(run))
        (pages / f"{wave}.html").write_text(wave)

    made("first")
    (target / "files.json").write_text('{"letter.txt": "of another program", "first.html": ""}')
    (target / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="of another"):
        outputs.send(pages, target.as_uri())
    assert (target / "letter.txt").exists() and "program" in (target / "files.json").read_text()
    (target / "files.json").unlink()
    assert outputs.send(pages, target.as_uri()) == (2, 0)
    (pages / "first.html").unlink()
    made("second")
    with pytest.raises(InputError, match="of another"):
        outputs.send(pages, target.as_uri())
    assert (target / "first.html").read_text() == "first"


def test_a_sending_that_was_interrupted_is_carried_on(tmp_path, monkeypatch):
    pages, put = tmp_path / "pages", outputs._put
    pages.mkdir()
    run = {"wave": "first", "audience": "internal", "language": "ja", "notebooks": []}
    (pages / "run.json").write_text(json.dumps(run))
    for name in ("a.html", "b.html"):
        (pages / name).write_text(name)
    for step in range(5):
        target = tmp_path / f"target{step}"
        steps = iter(range(step))

        def fails(*given, steps=steps):
            if next(steps, None) is None:
                raise ConnectionError("gone")
            put(*given)

        monkeypatch.setattr(outputs, "_put", fails)
        with pytest.raises(InputError, match="cannot publish"):
            outputs.send(pages, target.as_uri())
        monkeypatch.setattr(outputs, "_put", put)
        outputs.send(pages, target.as_uri())
        assert {p.name: p.read_bytes() for p in target.iterdir() if p.name != "files.json"} == {
            p.name: p.read_bytes() for p in pages.iterdir()
        }
        assert "" not in json.loads((target / "files.json").read_text()).values()


@pytest.mark.parametrize("made", [os.mkfifo, lambda place: os.mknod(place, stat.S_IFSOCK | 0o600)])
def test_a_pipe_or_a_device_is_no_place_for_a_file(run, project, made):
    place = project / "out.yml"
    made(place)
    code, said = run("codebook draft sheet.csv --out out.yml")
    assert code == 2 and "a pipe or a device" in said
    assert place.exists() and not place.is_file()


def test_no_list_in_a_target_leads_out_of_it(tmp_path):
    made, target, theirs = (tmp_path / name for name in ("made", "target", "theirs.html"))
    made.mkdir()
    (made / "a.html").write_text("1")
    theirs.write_text("precious")
    outputs.send(made, str(target))
    listed = (target / "files.json").read_text()
    (target / "files.json").write_text(listed.replace("{", '{"../theirs.html": "0",'))
    with pytest.raises(InputError, match="leads out of this"):
        outputs.send(made, str(target))
    (target / "files.json").write_text(listed)
    (target / "a.html").unlink()
    (target / "a.html").symlink_to(theirs)
    (made / "a.html").write_text("2")
    with pytest.raises(InputError, match=r"a\.html leads out of this place"):
        outputs.send(made, str(target))
    assert theirs.read_text() == "precious"


def pages_of(folder, **pages):
    """A folder of pages with a record, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    run = {"wave": "first", "audience": "internal", "language": "ja", "notebooks": []}
    (folder / "run.json").write_text(json.dumps(run))
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text)
    return folder


@pytest.fixture(params=["a folder", "a store of objects"])
def sent(request, tmp_path):
    """Pages sent to a target, the place of the target and its folder there."""
    from fsspec.core import url_to_fs

    url = (tmp_path / "site").as_uri()
    url = url if request.param == "a folder" else f"memory://{tmp_path.name}"
    pages = pages_of(tmp_path / "pages", a="1", b="1", c="1")
    assert outputs.send(pages, url) == (4, 0)
    return pages, url, *url_to_fs(url)


def lying(place, root):
    return {path: place.cat_file(path) for path in place.find(root)}


@pytest.mark.parametrize("name", ["a.html", "run.json"])
def test_a_file_that_is_missing_at_a_target_is_sent_again(sent, name):
    pages, url, place, root = sent
    before = lying(place, root)
    place.rm_file(f"{root}/{name}")
    assert outputs.send(pages, url) == (1, 3)
    assert lying(place, root) == before
    assert outputs.send(pages, url) == (0, 4)


@pytest.mark.parametrize("now", [{"a": "1", "b": "1"}, {"a": "1", "b": "1", "c": "2"}, {}])
def test_what_was_changed_at_a_target_stays_and_nothing_is_sent(sent, now):
    pages, url, place, root = sent
    pages_of(pages, **(now or {"a": "1", "b": "1", "c": "1"}), **({"d": "new"} if now else {}))
    if now.get("c") == "2":  # and one that was put back from a copy
        assert outputs.send(pages, url) == (2, 3)
        place.pipe_file(f"{root}/c.html", b"1")
        pages_of(pages, a="2", b="1", c="3")
    else:
        place.pipe_file(f"{root}/c.html", b"1 and typed by hand")
    before = lying(place, root)
    with pytest.raises(InputError, match=r"nothing was sent to .*c\.html is not as it was sent"):
        outputs.send(pages, url)
    assert lying(place, root) == before
    place.rm_file(f"{root}/c.html")
    outputs.send(pages, url)
    there = {path.removeprefix(f"{root}/"): text for path, text in lying(place, root).items()}
    assert there.pop("files.json")
    assert there == {path.name: path.read_bytes() for path in pages.iterdir()}


def test_a_change_of_the_same_size_is_seen_here_and_elsewhere_before_it_is_lost(sent):
    pages, url, place, root = sent
    place.pipe_file(f"{root}/c.html", b"x")
    if not url.startswith("memory"):
        with pytest.raises(InputError, match=r"c\.html is not as it was sent"):
            outputs.send(pages, url)
    pages_of(pages, a="1", b="1", c="2")
    with pytest.raises(InputError, match=r"c\.html is not as it was sent"):
        outputs.send(pages, url)
    assert place.cat_file(f"{root}/c.html") == b"x"


def test_what_was_typed_after_an_interrupted_sending_stays(sent, monkeypatch):
    pages, url, place, root = sent
    pages_of(pages, a="2", b="2", c="2")
    put, steps = outputs._put, iter(range(2))  # the list and a page

    def fails(*given):
        if next(steps, None) is None:
            raise ConnectionError("gone")
        put(*given)

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "_put", fails)
        with pytest.raises(InputError, match="cannot publish"):
            outputs.send(pages, url)
    for name in "abc":  # those that were sent and those that were not
        kept = place.cat_file(f"{root}/{name}.html")
        place.pipe_file(f"{root}/{name}.html", b"typed")
        with pytest.raises(InputError, match=rf"{name}\.html is not as it was sent"):
            outputs.send(pages, url)
        place.pipe_file(f"{root}/{name}.html", kept)
    pages_of(pages, a="2", b="3", c="2")  # one is made anew once more before it is carried on
    outputs.send(pages, url)
    assert place.cat_file(f"{root}/b.html") == b"3"
    assert outputs.send(pages, url) == (0, 4)


def test_a_record_that_was_changed_or_a_folder_in_the_place_of_a_page_is_named(tmp_path):
    pages, target = pages_of(tmp_path / "pages", a="1"), tmp_path / "site"
    outputs.send(pages, str(target))
    kept = (target / "run.json").read_bytes()
    (target / "run.json").write_text("{")
    with pytest.raises(InputError, match=r"run\.json is not as it was sent"):
        outputs.send(pages, str(target))
    (target / "run.json").write_bytes(kept)
    (target / "b.html").mkdir()
    pages_of(pages, a="2", b="1")
    with pytest.raises(InputError, match=r"b\.html is there already"):
        outputs.send(pages, str(target))
    assert (target / "a.html").read_text() == "1"


def test_of_two_that_send_at_once_the_second_to_end_says_what_is_not_its_own(tmp_path, monkeypatch):
    """Both had said "sent", and the pages were half of the one and half of the other."""
    site, put = tmp_path / "site", outputs._put
    mine = pages_of(tmp_path / "mine", a="mine", b="mine")

    def slowly(place, path, content):
        put(place, path, content)
        if path.endswith("a.html"):
            (site / "a.html").write_text("theirs")

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "_put", slowly)
        with pytest.raises(InputError, match=r"not complete: a\.html was changed while they were"):
            outputs.send(mine, str(site))
    (site / "a.html").unlink()
    assert outputs.send(mine, str(site)) == (1, 2)
    assert (site / "a.html").read_text() == (site / "b.html").read_text() == "mine"
