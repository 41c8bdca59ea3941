"""What was given out is kept and noted, and no later release tells what two of them would."""

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from analysis import fingerprints, paths
from analysis.errors import InputError
from workbench.cli import main
from workbench.publish import releases
from workbench.run.plan import Plan, for_edition
from workbench.run.record import Edition, lock

pytestmark = pytest.mark.usefixtures("cleaned")

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
FILE = "results/tables/frequencies.csv"
COUNTS = "question,answer,count,n,share\nQ06,a,{a},15,0.3333\nQ06,b,{b},15,0.4\n"


def edition(project, a=5, b=6, name="demo-2019.public", status="ok", as_of="2019-04-01"):
    """The run folder of an edition, with one table of counts."""
    folder = project / "reports" / name
    (folder / "results/tables").mkdir(parents=True, exist_ok=True)
    (folder / "results/tables/frequencies.csv").write_text(COUNTS.format(a=a, b=b))
    page = {"name": "02_explore", "html": "02_explore.html"}
    page["files"] = {FILE: FILE}
    record = {"status": status, "notebooks": [page], "finished": "2026-01-01T00:00:00+00:00"}
    wave, *rest = name.split(".")
    audience, language, *_ = [*rest, "internal", "ja"] if not rest else [*rest, "ja"]
    record |= {"as_of": as_of, "wave": wave, "audience": audience, "language": language}
    (folder / "codebook.yml").write_text("id: it-staffing\n")
    (folder / "index.html").write_text("<h1>報告</h1>\n")
    data = for_edition(Edition(wave, audience), fingerprints.hash_folder(paths.raw(wave)))
    book = fingerprints.hash_file(paths.codebooks() / "it-staffing.yml")
    record |= {"data_sha256": data, "codebook_sha256": book, "code_sha256": "c"}
    (folder / "run.json").write_text(json.dumps(record))
    note(folder)
    return folder


def note(folder):
    """Write the hashes of the files into the record, as if the run had made them so."""
    about = json.loads((folder / "run.json").read_text())
    files = fingerprints.hash_files(folder)
    about["files"] = {name: digest for name, digest in files.items() if name != "run.json"}
    (folder / "run.json").write_text(json.dumps(about))


def released(project):
    return yaml.safe_load((project / "releases/releases.yml").read_text())["releases"]


def test_what_was_given_out_is_kept_and_noted(project, capsys, monkeypatch):
    folder = edition(project)
    monkeypatch.setenv("LANGUAGE", "en")  # the terminal's; the edition is Japanese
    assert main(["release", "demo-2019", "--audience", "public", "--by", "企画係"]) == 0
    assert "is kept and noted" in capsys.readouterr().out
    (line,) = released(project)
    assert (line["by"], line["audience"], line["number"], line["files"]) == (
        "企画係",
        "public",
        1,
        4,
    )
    kept = project / "releases" / line["folder"] / "results/tables/frequencies.csv"
    assert kept.read_bytes() == (folder / "results/tables/frequencies.csv").read_bytes()
    with pytest.raises(InputError, match="released already"):
        releases.release("demo-2019", by="企画係")


@pytest.mark.parametrize("a", [4, 6, 7, 3])
def test_a_release_that_differs_by_one_or_two_municipalities_is_refused(project, a):
    edition(project)
    releases.release("demo-2019", by="x")
    edition(project, a=a)
    with pytest.raises(InputError, match=rf"would disclose .* was 5 and is {a}"):
        releases.release("demo-2019", by="x")
    assert len(released(project)) == 1
    assert not (project / "releases/demo-2019.public/2").exists()


def test_a_copy_of_a_wave_under_another_name_hides_no_difference(project):
    shutil.copytree(project / "data/raw/demo-2019", project / "data/raw/demo-again")
    edition(project)
    releases.release("demo-2019", by="x")
    for date, refused in (("2019-04-01", True), ("2020-04-01", False)):
        folder = edition(project, a=4, name="demo-again.public", as_of=date)
        if refused:
            with pytest.raises(InputError, match=r"would disclose .* was 5 and is 4"):
                releases.release("demo-again", by="x")
        else:
            releases.release("demo-again", by="x")
    assert folder.is_dir() and len(released(project)) == 2


def test_the_same_numbers_and_larger_differences_may_be_given_out(project):
    edition(project)
    releases.release("demo-2019", by="x")
    edition(project, a=8)  # three more
    releases.release("demo-2019", by="x")
    edition(project, a=8, name="demo-2019.public.en")
    releases.release("demo-2019", by="x", language="en")
    assert [line["number"] for line in released(project)] == [1, 2, 1]
    edition(project, a=9)  # beside the second one
    with pytest.raises(InputError, match=r"no\. 2 of"):
        releases.release("demo-2019", by="x")


WITHHELD = "question,answer,count,n\nQ06,a,{a},15\nQ06,b,{b},15\nQ06,c,{c},15\nQ06,d,{d},15\n"


@pytest.mark.parametrize("audience", ["public", "committee"])
def test_what_a_release_kept_back_no_other_tells(project, audience):
    """The same answers with another cell withheld or others counted together, by whom ever."""
    folder = edition(project, name=f"demo-2019.{audience}")
    file = folder / "results/tables/frequencies.csv"

    def give(content):
        file.write_text(content)
        note(folder)
        return releases.release("demo-2019", by="x", audience=audience)

    give(WITHHELD.format(a="", b="", c=4, d=9))
    with pytest.raises(InputError, match="withheld or counted together otherwise, as in Q06 / b"):
        give(WITHHELD.format(a="", b=6, c="", d=9))
    give(WITHHELD.format(a="", b="", c=8, d=5))  # other answers
    (folder / "results/tables/more.csv").write_text(
        "question,answer,count,n\nQ1,a / b,7,12\nQ1,c,5,12\n"
    )
    record = json.loads((folder / "run.json").read_text())
    record["notebooks"][0]["files"]["more"] = "results/tables/more.csv"
    (folder / "run.json").write_text(json.dumps(record))
    note(folder)
    releases.release("demo-2019", by="x", audience=audience)
    (folder / "results/tables/more.csv").write_text(
        "question,answer,count,n\nQ1,a,3,12\nQ1,b / c,9,12\n"
    )
    note(folder)
    with pytest.raises(InputError, match="counted together otherwise, as in Q1 / "):
        releases.release("demo-2019", by="x", audience=audience)


@pytest.mark.parametrize(
    ("rows", "told"),
    [(("a / b", "c!"), False), (("a! / b", "c"), False), (("a!", "c / b"), True),
     (("c / b", "a"), True), (("a", "b / c"), True)],
)  # fmt: skip
def test_an_option_worded_otherwise_is_no_other_answer(project, rows, told):
    """A slip corrected in the codebook made every later release impossible."""
    folder = edition(project)

    def give(first, second):
        rest = f"Q1,{first},7,12\nQ1,{second},5,12\n"
        (folder / FILE).write_text(f"question,answer,count,n\n{rest}")
        note(folder)
        releases.release("demo-2019", by="x")

    give("a / b", "c")
    refused = pytest.raises(InputError, match="counted together otherwise, as in Q1 / ")
    with refused if told else nullcontext():
        give(*rows)


def test_a_committee_that_reads_what_is_public_learns_no_answer_by_both(project):
    edition(project, name="demo-2019.committee")
    releases.release("demo-2019", by="x", audience="committee")
    edition(project, a=6)
    with pytest.raises(InputError, match=r"demo-2019\.committee no\. 1 .* was 5 and is 6"):
        releases.release("demo-2019", by="x")
    edition(project)
    assert releases.release("demo-2019", by="x")


def test_a_file_that_the_run_did_not_write_is_never_released(project):
    folder = edition(project)
    (folder / "tables").mkdir()
    (folder / "tables/answers.xlsx").write_bytes(b"of the inside")
    with pytest.raises(InputError, match=r"tables/answers\.xlsx, .* was not made by workbench"):
        releases.release("demo-2019", by="x")
    assert not (project / "releases").exists()
    (folder / "tables/answers.xlsx").rename(folder / "Thumbs.db")  # of Windows, with pictures
    releases.release("demo-2019", by="x")
    assert not [*(project / "releases").rglob("Thumbs.db")]


def test_rows_that_are_called_alike_are_compared_in_their_order(project):
    folder = edition(project)
    file = folder / "results/tables/frequencies.csv"
    for second in (9, 8):
        file.write_text(f"question,answer,count\nQ06,a,12\nQ06,a,{second}\n")
        note(folder)
        if second == 9:
            releases.release("demo-2019", by="x")
    with pytest.raises(InputError, match="was 9 and is 8"):
        releases.release("demo-2019", by="x")


def test_another_language_or_another_name_hides_no_difference(project):
    edition(project)
    releases.release("demo-2019", by="x")
    for name, language in (("demo-2019.public.en", "en"), ("demo-2019.public", "ja")):
        folder = edition(project, a=6, name=name)
        file = folder / "results/tables/frequencies.csv"
        file.write_text(file.read_text().replace(",a,", ",otherwise called,"))
        note(folder)
        with pytest.raises(InputError, match="was 5 and is 6"):
            releases.release("demo-2019", by="x", language=language)


def test_what_is_never_released(project):
    edition(project, name="demo-2019")
    with pytest.raises(InputError, match="never released"):
        releases.release("demo-2019", by="x", audience="internal")
    with pytest.raises(InputError, match=r"no complete edition demo-2019\.public"):
        releases.release("demo-2019", by="x")
    edition(project, status="partial")
    with pytest.raises(InputError, match="no complete edition"):
        releases.release("demo-2019", by="x")
    with pytest.raises(InputError, match="nobody is named"):
        releases.release("demo-2019", by=" ")


@pytest.mark.parametrize(
    "changed", ["data/codebooks/it-staffing.yml", "data/raw/demo-2019/wave.yml"]
)
def test_an_edition_of_before_a_change_is_not_given_out(project, changed):
    """A question may have become sensitive, or a reply been withdrawn."""
    edition(project)
    with (project / changed).open("a") as file:
        file.write("\n# what may be shown changed\n")
    with pytest.raises(InputError, match="changed since demo-2019"):
        releases.release("demo-2019", by="x")
    assert not (project / "releases").exists()
    edition(project)
    releases.release("demo-2019", by="x")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("data/raw/demo-2019/corrections/2026-01-01_x.txt", "the wave it compares with"),
        ("data/codebooks/national_totals.csv", "the published totals"),
        ("data/codebooks/crosswalks/mine.yml", "the crosswalks"),
        ("notebooks/06_report.ipynb", "its source"),
        ("notebooks/99_mine.ipynb", "the notebooks"),
        (None, ""),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"before": "demo-2019"}, {"before": "env:NOT_SET"}])
def test_an_edition_is_not_given_out_where_anything_on_its_pages_changed(
    project, monkeypatch, file, told, asked
):
    """Another wave is on the page of changes: `refresh` would make other numbers."""
    monkeypatch.setenv("NOT_SET", "demo-2019")
    shutil.copytree(NOTEBOOKS, project / "notebooks", dirs_exist_ok=True)
    shutil.copytree(paths.raw("demo-2019"), paths.raw("demo-2020"))
    wave = paths.raw("demo-2020") / "wave.yml"
    wave.write_text(wave.read_text().replace("as_of: 2019", "as_of: 2020"))
    folder = edition(project, name="demo-2020.public", as_of="2020-04-01")
    plan = Plan.make(Edition("demo-2020", "public"), asked)
    about = json.loads((folder / "run.json").read_text()) | {"parameters": plan.shown(asked)}
    about["notebooks"] = [
        {"name": n.name, "title": n.title, "html": f"{n.name}.html", "key": plan.keys[n.name]}
        for n in plan.notebooks
    ]
    (folder / "run.json").write_text(json.dumps(about))
    monkeypatch.delenv("NOT_SET")
    if file:
        (project / file).parent.mkdir(exist_ok=True)
        text = json.loads((project / "notebooks/06_report.ipynb").read_text())
        text["cells"][-1]["source"] = ["# other"]
        new = json.dumps(text) if file.startswith("notebooks") else "x: 1\n"
        (project / file).write_text(new)
    untold = asked and told in {"the wave it compares with", "the notebooks"}
    with pytest.raises(InputError, match=told) if file and not untold else nullcontext():
        releases.release("demo-2020", by="x")


@pytest.mark.parametrize("lost", ["1", f"1/{FILE}", "1/run.json"])
def test_a_release_that_is_not_in_its_folder_as_given_out_is_asked_for(project, lost):
    edition(project)
    releases.release("demo-2019", by="x")
    (project / "releases/demo-2019.public" / lost).rename(project / "elsewhere")
    edition(project, a=9 if lost == "1" else 4)
    with pytest.raises(InputError, match="bring the folder back"):
        releases.release("demo-2019", by="x")


def test_what_is_compared_is_what_is_given_out(project, monkeypatch):
    folder, compared = edition(project), releases._refuse_again

    def meanwhile(*given):
        compared(*given)
        with (
            pytest.raises(InputError, match="is being refreshed"),
            lock(Edition("demo-2019", "public")),
        ):
            pass
        (folder / FILE).write_text(COUNTS.format(a=6, b=6))  # by hand, whom no lock stops

    monkeypatch.setattr(releases, "_refuse_again", meanwhile)
    with pytest.raises(InputError, match="changed while they were copied"):
        releases.release("demo-2019", by="x")
    assert not (project / "releases" / "releases.yml").exists()


def test_a_release_that_was_killed_before_it_was_noted_is_taken_up(project):
    folder, book = edition(project), project / "releases/releases.yml"
    releases.release("demo-2019", by="x")
    book.unlink()
    assert releases.release("demo-2019", by="x") and len(released(project)) == 1
    book.unlink()
    (folder / FILE).write_text("question,answer,count\n")
    note(folder)
    with pytest.raises(InputError, match="does not list"):
        releases.release("demo-2019", by="x")
    assert COUNTS[:20] in (project / "releases/demo-2019.public/1" / FILE).read_text()


@pytest.mark.parametrize("place", ["releases", "releases/demo-2019.public"])
def test_a_link_in_the_place_of_the_releases_is_not_followed(project, tmp_path, place):
    edition(project)
    (tmp_path / "theirs").mkdir()
    (project / place).parent.mkdir(exist_ok=True)
    (project / place).symlink_to(tmp_path / "theirs")
    with pytest.raises(InputError, match="something else is in this place"):
        releases.release("demo-2019", by="x")
    assert not any((tmp_path / "theirs").iterdir())


LINE = "edition: a, wave: b, audience: public, language: ja, sha256: c, date: d, number: 1"


@pytest.mark.parametrize("damaged", ["{}", f"{{{LINE}}}", f"{{{LINE}, folder: ../..}}", "pipe"])
def test_a_damaged_list_of_releases_is_one_sentence(project, damaged):
    edition(project)
    book = project / "releases/releases.yml"
    book.parent.mkdir()
    os.mkfifo(book) if damaged == "pipe" else book.write_text(f"releases: [{damaged}]")
    with pytest.raises(InputError, match=r"no list of releases|no file"):
        releases.release("demo-2019", by="x")
    assert book.exists() and len([*book.parent.iterdir()]) == 1


def test_what_somebody_wrote_into_the_list_stays(project):
    edition(project)
    releases.release("demo-2019", by="x")
    book = project / "releases" / "releases.yml"
    more = f"# kept by the secretariat\nowner: 総務課\n{book.read_text()}  note: sent by post\n"
    book.write_text(f"{more}# as decided on 1 April")
    edition(project, b=20)
    releases.release("demo-2019", by="y")
    text = book.read_text()
    assert text.startswith(f"{more}# as decided on 1 April\n- edition: demo-2019.public\n")
    assert [line["by"] for line in released(project)] == ["x", "y"]
    edition(project, b=30)
    book.write_text(f"{text}office: 企画係\n")
    with pytest.raises(InputError, match="the list does not end this file"):
        releases.release("demo-2019", by="z")
    assert not (project / "releases" / "demo-2019.public" / "3").exists()


def test_a_copy_of_the_internal_edition_is_never_released(project):
    folder = edition(project)
    about = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(about | {"audience": "internal"}))
    with pytest.raises(InputError, match="there is no complete edition"):
        releases.release("demo-2019", by="x")
    assert not (project / "releases").exists()
