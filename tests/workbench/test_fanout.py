"""A page for each municipality: complete, truthful, resumable, and made only where needed."""

import hashlib
import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import editions
import markupsafe
import openpyxl
import pytest
import yaml
from project import ROOT, notebook, put_yaml
from refreshing import LIGHT

from analysis import fingerprints
from analysis.errors import InputError
from analysis.show import NotAvailable
from workbench import cli, fanout
from workbench.fanout import Pages, ProfilePage
from workbench.publish import index as index_page
from workbench.publish import releases
from workbench.run.kernels import Kernels
from workbench.run.record import Edition, Ran, RunFolder, Status, lock
from workbench.run.refresh import profiles, refresh, why

REAL = json.loads((ROOT / "notebooks" / "profile.ipynb").read_text(encoding="utf-8"))
PARAMETERS = next(
    "".join(c["source"]) for c in REAL["cells"] if "parameters" in c["metadata"].get("tags", [])
)
SAYS = "print(f'page of {municipality}')"
WITHOUT_TYPES = (
    "from analysis.show import NotAvailable\nfrom analysis.results import profile\n"
    "profile.shared_typology = lambda survey, seed: NotAvailable('typology', 'not here')\n"
)

FACTS = {"parameters": {}, "data_sha256": "", "code_sha256": "", "commit": "", "finished": ""}
FACTS |= {"tree_clean": True}
THREE = ["990019", "990027", "990035"]


def put(project, *cells):
    about = {"title": {"ja": "カルテ", "en": "Profile"}}
    text = notebook([PARAMETERS, *cells], tags={0: ["parameters"]}, workbench=about)
    (project / "notebooks" / "profile.ipynb").write_text(text)


def made(project, name="demo-2019.profiles"):
    return {p.stem for p in (project / "reports" / name).glob("9*.html")}


def put_one_page(project):
    page = notebook([PARAMETERS, "print(1)"], tags={0: ["parameters"]})
    (project / "notebooks" / "01_a.ipynb").write_text(page)


def leads(report):
    """Whether the index of a report leads to the pages of municipalities."""
    return ".profiles" in (report / "index.html").read_text()


def links(page):
    return set(re.findall(r'href="(\d{6})\.html"', page.read_text()))


@pytest.fixture(scope="module", autouse=True)
def _one_server(light_kernels):
    """One server of kernels for all runs here, which computes no types beforehand."""
    Kernels().warm()


@pytest.fixture
def quick(cleaned, monkeypatch):
    """A project whose profile says little, at once, and whose types are not looked for."""
    monkeypatch.setattr(
        fanout.profile,
        "shared_typology",
        lambda survey, seed: NotAvailable("typology", "not here"),
    )
    put(cleaned, SAYS)
    return cleaned


def text_of(page, tag):
    return html.unescape(re.search(f"<{tag}>(.*?)</{tag}>", page, re.S)[1])


def test_every_municipality_that_replied_has_its_page_and_stands_in_the_overview(quick):
    found = profiles("demo-2019")
    assert found.as_asked and "15 of 15" in found.summary()
    folder = quick / "reports" / "demo-2019.profiles"
    codes = made(quick)
    assert len(codes) == 15
    for code in codes:
        page = (folder / f"{code}.html").read_text()
        assert f"page of {code}" in page and f"--municipality {code}" in page
        assert 'href="index.html"' in page
    names = {text_of((folder / f"{code}.html").read_text(), "h1") for code in codes}
    assert len(names) == 15 and "青嶺市 — カルテ" in names, "printed pages can be told apart"
    page = (folder / "990019.html").read_text()
    assert text_of(page, "title").startswith(text_of(page, "h1"))
    assert links(folder / "index.html") == links(folder / "by-size.html") == codes
    by_size = (folder / "by-size.html").read_text()
    assert by_size.index("中核市") < by_size.index("一般市") < by_size.index("町村")
    waves = (quick / "reports" / "index.html").read_text()
    assert re.search(r'href="demo-2019.profiles/index.html">[^<]*自治体カルテ<', waves)
    assert "<script" not in by_size and "架空データ" in by_size
    written = (folder / "990019.html").stat().st_mtime_ns
    assert nothing_runs(None) and (folder / "990019.html").stat().st_mtime_ns == written


def nothing_runs(asked):
    """The command again, in a process that tells what it imported."""
    code = (
        "import sys\nfrom workbench.run.refresh import profiles\n"
        f"found = profiles('demo-2019', {asked})\n"
        "assert found.as_asked and all(ran.reused for ran in found.rans), found.summary()\n"
        "heavy = {'pandas', 'numpy', 'papermill', 'nbconvert', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "[]"


def test_nothing_changed_runs_nothing_and_imports_nothing_heavy(quick):
    some = [*THREE[:2], THREE[0]]
    assert profiles("demo-2019", some).as_asked
    page = quick / "reports" / "demo-2019.profiles" / "990019.html"
    before = page.stat()
    assert nothing_runs(some)
    assert page.stat().st_mtime_ns == before.st_mtime_ns
    assert profiles("demo-2019", THREE[:1], force=True).as_asked
    assert page.stat().st_mtime_ns > before.st_mtime_ns


def test_a_municipality_is_named_by_code_short_code_or_name(quick):
    assert profiles("demo-2019", ["990019", "99002", "緑陵ヶ原市"]).as_asked
    assert made(quick) == {"990019", "990027", "990035"}
    shown = (quick / "reports" / "demo-2019.profiles" / "index.html").read_text()
    assert "15団体のうち3団体のページがある" in shown and "ページなし" in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"municipality": ["990167"]}, "did not reply"),
        ({"municipality": ["282014"]}, "no municipality '282014'"),
        ({"municipality": ["990019"], "audience": "public"}, "data of demo-2019 are not open"),
        ({"parameters": {"municipalty": "990019"}}, "did you mean municipality"),
        ({"parameters": {"municipality": "990019"}}, "set by the command itself"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_nothing_is_written(quick, given, said):
    with pytest.raises(InputError, match=said):
        profiles("demo-2019", **given)
    assert not (quick / "reports" / "demo-2019.profiles").exists()
    assert not list((quick / "reports").glob(".*.part"))


def test_the_public_edition_has_pages_where_the_wave_says_that_its_data_are_open(quick, capsys):
    about = quick / "data" / "raw" / "demo-2019" / "wave.yml"
    about.write_text(about.read_text(encoding="utf-8") + "named: true\n", encoding="utf-8")
    put(quick, "from analysis import Survey", "print(*Survey.load(wave, audience=audience).names)")
    assert profiles("demo-2019", ["990019"], audience="public").as_asked
    folder = quick / "reports" / "demo-2019.profiles.public"
    assert made(quick, folder.name) == {"990019"}
    assert "青嶺市" in (folder / "index.html").read_text(encoding="utf-8")
    assert "公開" in (folder / "990019.html").read_text(encoding="utf-8")
    put_one_page(quick)
    assert refresh("demo-2019", audience="public").ok
    assert leads(quick / "reports" / "demo-2019.public")
    assert "no longer open" not in capsys.readouterr().err
    about.write_text(about.read_text(encoding="utf-8").replace("named: true", "named: false"))
    assert refresh("demo-2019", audience="public").ok
    assert not leads(quick / "reports" / "demo-2019.public")
    capsys.readouterr()
    for audience in ("public", "internal"):
        why("demo-2019", audience=audience)
    assert capsys.readouterr().err.count("demo-2019.profiles.public shows single respondents") == 1


HOSTILE = [
    "\\\");open('hacked','w')#市",
    "'''+open('hacked','w').name+'''町",
    "a\nopen('hacked','w')\n村",
    "{{ cycler.__init__.__globals__.os.mkdir('hacked') }}{% raw %}市",
    "{open('hacked','w')}\\N{DIGIT ONE}\\x00市",
    "../../hacked\u2028\u202e/..%2f市",
    "<script>hacked</script>]]>--></style>町",
]


def test_a_hostile_name_is_no_code_and_no_file_in_refresh_and_profiles(quick, monkeypatch):
    """Names of a wave.yml and of the file of answers, where a code is their only other name."""
    monkeypatch.chdir(quick)
    folder = quick / "data" / "raw" / "demo-2019"
    about = yaml.safe_load((folder / "wave.yml").read_text(encoding="utf-8"))
    codes = [place["code"] for place in about["invited"][: len(HOSTILE)]]
    replies = openpyxl.load_workbook(folder / "replies.xlsx")
    old = {place["name"]: name for place, name in zip(about["invited"], HOSTILE, strict=False)}
    for cell in (cell for sheet in replies for row in sheet.iter_rows() for cell in row):
        if cell.value in old:
            cell.value, cell.data_type = old[cell.value], "s"
    replies.save(folder / "replies.xlsx")
    for place in about["invited"]:
        place["name"] = old.get(place["name"], place["name"])
    about["title"] = dict.fromkeys(("ja", "en"), HOSTILE[0] + HOSTILE[3])
    put_yaml(folder / "wave.yml", about)
    cells = "from analysis import Survey", "Survey.load(wave).register['name'].to_dict()"
    put(quick, *cells)
    shutil.copy(quick / "notebooks" / "profile.ipynb", quick / "notebooks" / "01_a.ipynb")
    assert profiles("demo-2019", codes).as_asked and refresh("demo-2019").ok
    made_now = [p.relative_to(quick).as_posix() for p in quick.rglob("*")]
    assert [name for name in made_now if not re.fullmatch(r"[\w./-]+", name)] == []
    assert not [name for name in made_now if "hacked" in name]
    index = (quick / "reports" / "demo-2019.profiles" / "index.html").read_text(encoding="utf-8")
    assert set(codes) == links(quick / "reports" / "demo-2019.profiles" / "index.html")
    assert all(str(markupsafe.escape(name)) in index for name in HOSTILE)


def test_the_command_gives_status_2_for_an_unknown_municipality(quick, capsys):
    assert cli.main(["profiles", "demo-2019", "--municipality", "282014"]) == cli.BAD_INPUT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_command_says_what_it_sent_and_sends_nothing_over_what_somebody_typed(quick, capsys):
    site = quick / "site"

    def run(*more):
        given = ["profiles", "demo-2019", "--municipality", "990019", "--target", str(site), *more]
        return cli.main(given), capsys.readouterr()

    status, said = run()
    assert status == cli.OK
    count = len(list(site.iterdir())) - 1  # files.json
    assert said.out.splitlines()[-1] == f"Sent to {site}: {count} files (0 as they were)."
    for more in ([], ["--force"]):
        (site / "990019.html").unlink()
        status, said = run("--language", "ja", *more)
        assert status == cli.OK and f"{site}に" in said.out.splitlines()[-1]
        assert (site / "990019.html").is_file()
    with (site / "profiles.xlsx").open("ab") as file:
        file.write(b"a note")
    before = {path.name: path.read_bytes() for path in site.iterdir()}
    status, said = run()
    assert status == cli.BAD_INPUT and "profiles.xlsx is not as it was sent there" in said.err
    assert len(said.err.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in site.iterdir()} == before
    put(quick, SAYS, "1 / 0")
    status, said = run()
    assert status == cli.FAILED and said.out.splitlines()[-1].startswith("Nothing was sent to")


def test_pages_that_fail_are_counted_by_reason_and_the_last_complete_pages_stay(quick):
    assert profiles("demo-2019", THREE).as_asked
    good = (quick / "reports" / "demo-2019.profiles" / "990019.html").read_bytes()
    put(quick, SAYS, "assert municipality not in {'990019', '990027'}, '残念 <b>'", "1")
    found = profiles("demo-2019", THREE)
    said = found.summary()
    assert not found.as_asked and "1 of 3" in said
    assert "2 failed: AssertionError: 残念" in said and "990019 (cell 4 of 5)" in said
    assert (quick / "reports" / "demo-2019.profiles" / "990019.html").read_bytes() == good
    beside = quick / "reports" / "demo-2019.profiles.incomplete"
    page = (beside / "990019.html").read_text()
    assert "残念 &lt;b&gt;" in page and "<b>" not in page
    assert "2団体のページは作成に失敗した" in (beside / "index.html").read_text()
    executed = json.loads((beside / "notebooks" / "990019.ipynb").read_text())
    assert any(o["output_type"] == "error" for c in executed["cells"] for o in c.get("outputs", []))
    # what was complete is not made again, and the whole replaces both
    put(quick, SAYS)
    assert profiles("demo-2019", THREE).as_asked and not beside.exists()


def test_pages_of_earlier_data_are_kept_but_said_to_be_so(quick):
    assert profiles("demo-2019", THREE).as_asked
    with (quick / "data" / "raw" / "demo-2019" / "wave.yml").open("a") as file:
        file.write("# the wave changed\n")
    assert profiles("demo-2019", THREE[:1]).as_asked
    index = quick / "reports" / "demo-2019.profiles" / "index.html"
    assert made(quick) == links(index) == set(THREE)
    assert (
        "2団体のページは、以前のデータやプログラム、又は別のパラメーターによる" in index.read_text()
    )
    found = profiles("demo-2019", THREE)
    assert found.as_asked and [ran.name for ran in found.rans if ran.reused] == THREE[:1]
    assert "以前のデータ" not in index.read_text()
    record = index.with_name("run.json")  # as in a copy of the folder of another wave
    record.write_text(record.read_text().replace('"wave": "demo-2019"', '"wave": "demo-2020"', 1))
    assert json.loads(record.read_text())["wave"] == "demo-2020"
    wave = quick / "data" / "raw" / "demo-2019" / "wave.yml"
    wave.write_text(wave.read_text() + "# and again\n")
    assert profiles("demo-2019", THREE[:1]).as_asked
    assert made(quick) == links(index) == {*THREE[:1]}


def test_the_committee_gets_no_page_made_before_a_question_became_sensitive(quick):
    """Pages of earlier data would be published anew beside the one that is asked for."""
    assert profiles("demo-2019", THREE, audience="committee").as_asked
    book = quick / "data" / "codebooks" / "it-staffing.yml"
    text = book.read_text().replace("  - id: Q35\n", "  - id: Q35\n    sensitive: true\n")
    book.write_text(text)
    before = {p: p.read_bytes() for p in (quick / "reports").rglob("9*.html")}
    with pytest.raises(InputError, match=r"2 other pages .*990027, 990035"):
        profiles("demo-2019", THREE[:1], audience="committee")
    assert before == {p: p.read_bytes() for p in (quick / "reports").glob("demo*/9*.html")}
    assert profiles("demo-2019", THREE, audience="committee").as_asked
    assert profiles("demo-2019", [*THREE[:1], "990043"], audience="committee").as_asked


@pytest.mark.slow  # every run kills one that refreshes (test_truth)
def test_a_run_killed_in_the_middle_is_carried_on_and_publishes_nothing_before(quick):
    put(quick, "import time; time.sleep(0.2)", SAYS)
    some = [*THREE, "990043", "990051", "990060"]
    made_by = f"from workbench.run.refresh import profiles; profiles('demo-2019', {some}, jobs=2)"
    code = LIGHT + WITHOUT_TYPES + made_by
    runner = subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ))
    journal = quick / "reports" / ".demo-2019.profiles.part" / "pages.jsonl"
    until = time.monotonic() + 240
    while not (journal.is_file() and len(journal.read_text().splitlines()) >= 2):
        assert runner.poll() is None and time.monotonic() < until
        time.sleep(0.02)
    runner.kill()
    runner.wait()
    ready = len(journal.read_text().splitlines())
    assert not (quick / "reports" / "demo-2019.profiles").exists()
    with journal.open("a") as file:
        file.write('{"name": "990')  # as if it had died while writing
    found = profiles("demo-2019", some)
    assert found.as_asked and made(quick) == {ran.name for ran in found.rans} == set(some)
    assert sum(ran.reused for ran in found.rans) == ready < len(some)
    assert not journal.exists() and not list((quick / "reports").glob(".*.part"))


def test_a_page_that_is_edited_during_a_run_is_not_published_as_complete(quick):
    profiles("demo-2019", THREE[:1])
    edition = Edition("demo-2019").profiles
    pages, place = Pages(edition, RunFolder(edition.folder).record["key"]), f"{THREE[0]}.html"
    pages.open()
    good = (edition.folder / place).read_bytes()
    with (edition.folder / place).open("a") as file:
        file.write("edited")
    assert pages.rans and (pages.folder / place).read_bytes() == good


def test_a_page_that_failed_when_it_was_made_again_is_not_taken_over(project):
    good = Ran(THREE[0], {}, f"{THREE[0]}.html", "key", Status.OK)
    pages = Pages(Edition("demo-2019").profiles, "key")
    pages.open()
    for status in (Status.OK, Status.FAILED):  # as with --force, stopped before it was published
        pages.put(ProfilePage(replace(good, status=status), status.encode()))
    pages.put(ProfilePage(replace(good, name=THREE[1], html=f"{THREE[1]}.html"), b"ok"))
    again = Pages(pages.edition, "key")
    again.open()
    assert list(again.rans) == THREE[1:2]


def test_pages_of_data_that_changed_on_the_way_are_not_published(quick):
    file = quick / "data" / "raw" / "demo-2019" / "wave.yml"
    saves = (
        f"import os; from pathlib import Path; file = Path({str(file)!r})\n"
        "new = file.with_name(f'.{os.getpid()}')\n"
        "size = new.write_text(file.read_text() + '# saved'); new.replace(file)"  # whole at once
    )
    put(quick, saves, SAYS)
    found = profiles("demo-2019", THREE)
    assert not found.as_asked and "changed: the data of the wave" in found.summary()
    assert "nothing was published" in found.summary() and not made(quick)
    assert not list((quick / "reports").glob(".*.part"))


def test_a_run_that_takes_too_long_stops_says_so_and_is_carried_on(quick):
    put(quick, "import time; time.sleep(60)", SAYS)
    found = profiles("demo-2019", jobs=1, timeout=2)
    assert not found.as_asked and "longer than 2 s" in found.summary() and not made(quick)
    assert "carries on" in found.summary()


def test_two_runs_do_not_meet_and_a_refresh_is_another_matter(quick):
    with (
        lock(Edition("demo-2019.profiles")),
        pytest.raises(InputError, match="being refreshed"),
    ):
        profiles("demo-2019")
    with lock(Edition("demo-2019")):
        assert profiles("demo-2019", ["990019"]).as_asked


def test_the_index_of_the_reports_and_the_overview_lead_to_each_other(quick, monkeypatch):
    def with_one_more(folder, *given):  # as a newer version of this package may have
        write(folder, *given)
        (folder / "more.html").touch()

    write = index_page.write_index
    page = notebook([PARAMETERS, "print(1)"], tags={0: ["parameters"]})
    (quick / "notebooks" / "01_a.ipynb").write_text(page)
    assert refresh("demo-2019").ok
    reports = quick / "reports"
    assert "profiles" not in (reports / "demo-2019" / "index.html").read_text()
    (reports / "demo-2019" / "report.pdf").write_bytes(b"%PDF")  # as of refresh --pdf
    about = json.loads((reports / "demo-2019" / "run.json").read_text())
    about["files"]["report.pdf"] = hashlib.sha256(b"%PDF").hexdigest()
    (reports / "demo-2019" / "run.json").write_text(json.dumps(about))
    with monkeypatch.context() as patch:
        patch.setattr(index_page, "write_index", with_one_more)
        assert profiles("demo-2019", THREE[:1]).as_asked
    assert 'href="01_a.pdf"' in (reports / "demo-2019" / "index.html").read_text()
    for _ in range(2):  # also when the reports are made again
        index = (reports / "demo-2019" / "index.html").read_text()
        assert 'href="../demo-2019.profiles/index.html"' in index and "01_a.html" in index
        assert refresh("demo-2019", force=True).ok
    aside = (reports / "demo-2019.profiles").rename(quick / "aside")
    assert refresh("demo-2019").ok
    assert "demo-2019.profiles" not in (reports / "demo-2019" / "index.html").read_text()
    aside.rename(reports / "demo-2019.profiles")
    assert refresh("demo-2019").ok
    assert "demo-2019.profiles" in (reports / "demo-2019" / "index.html").read_text()
    pages, back = (reports / f"{name}/index.html" for name in ("demo-2019", "demo-2019.profiles"))
    assert 'href="../demo-2019/index.html"' in back.read_text()
    for page, other, make_again in ((pages, back, refresh), (back, pages, profiles)):
        run = other.with_name("run.json")  # of another wave, as that of a copied folder is
        run.write_text(run.read_text().replace('"wave": "demo-2019"', '"wave": "demo-2020"', 1))
        assert make_again("demo-2019", force=True).as_asked
        assert f'href="../{other.parent.name}/index.html"' not in page.read_text()


@pytest.mark.parametrize(
    "what", [pytest.param("wave.yml", marks=pytest.mark.slow), "it-staffing.yml"]
)
def test_the_index_leads_to_no_pages_of_municipalities_of_another_state(quick, what, capsys):
    put_one_page(quick)
    report = quick / "reports" / "demo-2019"
    assert profiles("demo-2019", THREE).as_asked and refresh("demo-2019").ok and leads(report)
    capsys.readouterr()
    (file,) = (quick / "data").rglob(what)
    with file.open("a") as book:
        book.write("# corrected\n")
    why("demo-2019")
    assert "does not link to it; make it anew with workbench profiles demo-2019" in (
        capsys.readouterr().err
    )
    assert refresh("demo-2019").ok and not leads(report)
    assert "demo-2019.profiles is of other data" in capsys.readouterr().err
    assert profiles("demo-2019", THREE[:1]).as_asked and not leads(report)  # two are earlier
    why("demo-2019")
    assert "demo-2019.profiles is of other data" in capsys.readouterr().err
    assert profiles("demo-2019", THREE).as_asked and leads(report)
    before = fingerprints.hash_files(report)
    assert refresh("demo-2019").ok and fingerprints.hash_files(report) == before
    assert not capsys.readouterr().err
    # and pages that are newer than the report
    with file.open("a") as book:
        book.write("\n")
    assert profiles("demo-2019", THREE).as_asked and not leads(report)
    assert profiles("demo-2019", THREE[:1]).rans[0].reused and not leads(report)
    assert refresh("demo-2019").ok and leads(report)


def test_a_release_leads_to_no_pages_of_municipalities(quick):
    put_one_page(quick)
    report, kept = quick / "reports/demo-2019.committee", quick / "releases/demo-2019.committee/1"
    assert refresh("demo-2019", audience="committee").ok
    without = (report / "index.html").read_bytes()
    assert profiles("demo-2019", THREE[:1], audience="committee").as_asked and leads(report)
    releases.release("demo-2019", by="x", audience="committee")
    assert (kept / "index.html").read_bytes() == without
    assert leads(report) and not RunFolder(kept).damaged
    with pytest.raises(InputError, match="released already"):
        releases.release("demo-2019", by="x", audience="committee")


def test_pages_that_a_killed_command_had_published_are_linked_and_listed(quick, monkeypatch):
    page = notebook([PARAMETERS, "print(1)"], tags={0: ["parameters"]})
    (quick / "notebooks" / "01_a.ipynb").write_text(page)
    assert refresh("demo-2019").ok

    def killed(edition):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fanout, "lock", killed)
        profiles("demo-2019", THREE[:1])
    found = profiles("demo-2019", THREE[:1])
    assert found.as_asked and found.rans[0].reused
    for place in ("demo-2019/index.html", "index.html"):
        text = (quick / "reports" / place).read_text(encoding="utf-8")
        assert "demo-2019.profiles/index.html" in text
    (quick / "reports" / "index.html").unlink()
    assert profiles("demo-2019", THREE[:1]).as_asked and (quick / "reports/index.html").exists()


@pytest.mark.parametrize("what", ["index.html", "notebooks/01_a.ipynb", "the package"])
def test_profiles_touch_no_index_that_is_not_of_this_state(quick, what):
    page = notebook([PARAMETERS, "print(1)"], tags={0: ["parameters"]})
    (quick / "notebooks" / "01_a.ipynb").write_text(page)
    assert refresh("demo-2019").ok
    run = quick / "reports" / "demo-2019"
    if what == "the package":
        about = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(about | {"code_sha256": "another"}))
    else:
        (run / what).write_text((run / what).read_text() + "\n")
    files = fingerprints.hash_files(run)
    assert profiles("demo-2019", THREE[:1]).as_asked
    assert fingerprints.hash_files(run) == files
    assert refresh("demo-2019", force=True).ok
    assert "demo-2019.profiles" in (run / "index.html").read_text()


def test_the_overview_and_the_page_tell_the_same_type(project):
    source = (ROOT / "notebooks" / "profile.ipynb").read_text()
    (project / "notebooks" / "profile.ipynb").write_text(source)
    with editions.published(project):
        assert profiles("demo-2019", ["990019", "990060"], jobs=1).as_asked
    folder = project / "reports" / "demo-2019.profiles"
    shown = (folder / "by-type.html").read_text()
    for code in ("990019", "990060"):
        page = (folder / f"{code}.html").read_text()
        own = re.search(r"類型は「(.+?)」", page)[1]
        group = shown[: shown.index(f"{code}.html")].rpartition('<h2 id="')[2]
        assert own in group
