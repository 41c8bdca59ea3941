"""A new wave: copied as received, the layout found, nothing left behind on a mistake."""

import copy
import csv
import os
import re
import shutil
import sys
from pathlib import Path

import openpyxl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from project import put_yaml

from analysis.cleaning.store import prepared
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.figures import diagrams
from analysis.intake import read as intake
from analysis.results import answers
from analysis.survey import Survey
from workbench.cli import main
from workbench.office.draft import draft
from workbench.office.new_wave import new_wave

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "library-survey"


@pytest.fixture
def libraries(project):
    book = project / "data" / "codebooks" / "libraries.yml"
    book.write_bytes((EXAMPLE / "libraries.yml").read_bytes())
    return project


def test_the_example_of_the_docs_on_another_subject(libraries):
    said = new_wave("lib", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01")
    assert "layout rows" in said and "workbench refresh lib" in said
    copied = libraries / "data" / "raw" / "lib" / "replies.csv"
    assert copied.read_bytes() == (EXAMPLE / "replies.csv").read_bytes()
    assert Wave.read("lib").invited is None
    survey = Survey.load("lib")
    assert survey.names.tolist() == ["つくば市", "千葉市", "大津市", "姫路市", "西予市"]
    assert survey.responses["Q1"].tolist() == [25, 60, 18, 42, 7]
    assert survey.responses.at["121002", "Q3_3"]
    assert survey.status.at["082201", "Q3_1"] == "not_applicable"  # answered though left out
    assert set(survey.findings["rule"]) >= {"full-width", "unit", "approximate", "left-out"}
    homes = answers.homes(survey)  # on a map only where an edition names who replied
    assert homes["code"].tolist() == ["08", "12", "25", "28", "38"]
    ax = diagrams.respondents(homes)
    dark = [p for p in ax.patches if to_hex(p.get_facecolor()) == diagrams.STEPS[3]]
    assert len(ax.patches) == 47 and len(dark) == 5
    assert answers.homes(Survey.load("lib", audience="public")).empty


@pytest.mark.parametrize(
    ("name", "file", "book", "said"),
    [
        ("a/b", "replies.csv", "libraries", "cannot be called"),
        ("w", "nothing.csv", "libraries", "no such file"),
        ("w", "replies.csv", "unknown", "no codebook 'unknown'"),
        ("w", "replies.csv", "it-staffing", "replies.csv"),
        ("demo-2019", "replies.csv", "libraries", "exists"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(libraries, name, file, book, said):
    before = sorted(p.name for p in (libraries / "data" / "raw").iterdir())
    with pytest.raises(InputError, match=said):
        new_wave(name, [EXAMPLE / file], book, "2026-04-01")
    assert sorted(p.name for p in (libraries / "data" / "raw").iterdir()) == before


@pytest.mark.parametrize("names", [("a.xlsx", "A.XLSX"), ("\u30c7.csv", "\u30c6\u3099.csv")])
def test_names_that_a_mac_or_windows_takes_for_one_are_refused(libraries, tmp_path, names):
    """The second file would be written over the first."""
    files = [tmp_path / str(number) / name for number, name in enumerate(names)]
    for file in files:
        file.parent.mkdir()
        file.touch()
    with pytest.raises(InputError, match="two files have the same name"):
        new_wave("w", files, "libraries", "2026-04-01")


def test_a_file_that_no_layout_reads_is_told_without_a_layout(libraries, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"again$"):
        new_wave("w", [tmp_path / "a.xlsx"], "libraries", "2026-04-01")
    with pytest.raises(InputError, match=r"replies\.csv: two files have the same name"):
        new_wave("w", [EXAMPLE / "replies.csv"] * 2, "libraries", "2026-04-01")
    with pytest.raises(InputError, match=r"demo-2019 already exists .*, missing files: none"):
        new_wave("demo-2019", [EXAMPLE / "replies.csv"], "it-staffing")


def test_a_link_to_a_file_that_is_away_is_not_written_over(project, tmp_path):
    folder = project / "data" / "raw" / "demo-2019"
    (data,) = folder.glob("*.xlsx")
    here, away = tmp_path / data.name, tmp_path / "share" / data.name  # which is not mounted
    shutil.move(data, here)
    data.symlink_to(away)
    with pytest.raises(InputError, match="missing files: none"):
        new_wave("demo-2019", [here], "it-staffing")
    assert data.is_symlink()
    data.unlink()
    new_wave("demo-2019", [here], "it-staffing")
    assert data.read_bytes() == here.read_bytes()


@pytest.mark.parametrize("given", [EXAMPLE / "replies.csv", EXAMPLE])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(libraries, monkeypatch, capsys, given):
    def full(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device", str(source))

    monkeypatch.setattr("workbench.office.new_wave.shutil.copyfile", full)
    before = sorted((libraries / "data" / "raw").rglob("*"))
    line = ["new-wave", "lib", str(given), "--codebook", "libraries", "--as-of", "2026-04-01"]
    assert main([*line, "--language", "en"]) == 2
    told = capsys.readouterr().err
    assert "the disk is full, or it may not be read or written (No space left" in told
    assert "make room" in told
    assert sorted((libraries / "data" / "raw").rglob("*")) == before


@pytest.mark.parametrize("kind", ["files", "link", "file"])
def test_what_is_in_the_place_of_a_new_wave_stays(libraries, capsys, kind):
    """As files that somebody has put there by hand, to give them from there."""
    place, given = libraries / "data" / "raw" / "mine", EXAMPLE / "replies.csv"
    if kind == "files":
        place.mkdir()
        given = place / "replies.csv"
        shutil.copy(EXAMPLE / "replies.csv", given)
    elif kind == "link":
        place.symlink_to(libraries)
    else:
        place.write_text("1")
    before = sorted((libraries / "data" / "raw").rglob("*"))
    line = ["new-wave", "mine", str(given), "--codebook", "libraries", "--as-of", "2026-04-01"]
    assert main([*line, "--language", "en"]) == 2
    assert "data/raw/mine exists already, and has no wave.yml" in capsys.readouterr().err
    assert sorted((libraries / "data" / "raw").rglob("*")) == before


@pytest.mark.parametrize("odd", ["pipe", "broken link"])
def test_what_is_no_file_in_a_folder_of_replies_is_refused(libraries, tmp_path, odd):
    folder = tmp_path / "replies"
    folder.mkdir()
    os.mkfifo(folder / "a.csv") if odd == "pipe" else (folder / "a.csv").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"a\.csv: this is a broken link, a pipe or a device"):
        new_wave("w", [folder], "libraries", "2026-04-01")


def test_a_device_beside_the_replies_is_refused(libraries):
    """/dev/zero was copied into data/raw until the disk was full."""
    replies, device = [EXAMPLE / "replies.csv"], Path(os.devnull)
    for beside in ({"register": device}, {"blank": device}):
        with pytest.raises(InputError, match="null: this is a broken link, a pipe or a device"):
            new_wave("w", replies, "libraries", "2026-04-01", **beside)


def test_the_folder_in_which_one_stands_is_a_folder_of_replies(libraries, monkeypatch, tmp_path):
    folder = tmp_path / "forms"
    for name in ("姫路市", "つくば市"):
        form(folder, name, 12)
    monkeypatch.chdir(folder)
    new_wave("w", [Path()], "libraries", "2026-04-01")
    assert (libraries / "data" / "raw" / "w" / "forms" / "姫路市.xlsx").is_file()


@pytest.mark.parametrize("text", ["①", "²", "many"])
def test_how_many_were_asked_is_a_number(libraries, text):
    with pytest.raises(InputError, match="--invited takes a number or all"):
        new_wave("w", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01", invited=text)


def test_the_copies_that_a_killed_one_left_are_cleared_away(libraries):
    left = libraries / "data" / "raw" / ".w.0123abcd.part"
    left.mkdir()
    (left / "replies.csv").write_text("half")
    new_wave("w", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01")
    hidden = {p.name for p in left.parent.iterdir() if p.name.startswith(".")}
    assert (left.parent / "w" / "wave.yml").is_file() and not hidden


def form(folder, name, staff, evening=1):
    """One office's workbook: labels over two columns, options with a column between."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "調査票"
    rows = [
        ("団体名", None, name),
        ("Q1 職員数", None, staff, "人"),
        ("Q2 夜間開館の有無", None, evening),
        ("Q3 夜間開館の体制（すべて）",),
        (None, "正規職員", "○"),
        (None, "会計年度任用職員", None),
        (None, "委託", "○"),
    ]
    for row in rows:
        sheet.append(row)
    for row in (1, 2, 3):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
    folder.mkdir(exist_ok=True)
    workbook.save(folder / f"{name}.xlsx")


def test_a_folder_of_forms_is_not_taken_for_tables(libraries, tmp_path):
    # read as one column a municipality, each of these would be two replies, one without a name
    folder = tmp_path / "forms"
    for name, staff in (("つくば市", 25), ("千葉市", 60), ("大津市", 18)):
        form(folder, name, staff)
    said = new_wave("forms", [folder], "libraries", "2026-04-01")
    assert "3 file(s) copied as received, layout form, 3 replies;" in said
    survey = Survey.load("forms")
    assert survey.responses["Q1"].to_dict() == {"082201": 25, "121002": 60, "252018": 18}
    assert survey.responses["Q3_3"].all() and not survey.responses["Q3_2"].any()


def test_replies_that_do_not_say_who_they_are_are_counted(libraries, tmp_path):
    file = tmp_path / "some.csv"
    file.write_text("団体名,Q1,Q2,Q3\n姫路市,42,1,1\n千葉市,60,1,3\n,7,2,\n", encoding="utf-8")
    said = new_wave("some", [file], "libraries", "2026-04-01")
    assert "layout rows, 3 replies (1 do not say from which municipality)" in said


def test_the_form_as_it_was_sent_is_given_beside_the_replies(libraries, tmp_path):
    """It is copied and named in wave.yml, and what an office wrote beside the print is told."""
    form(tmp_path / "forms", "つくば市", 25, 1)
    sent = openpyxl.load_workbook(tmp_path / "forms" / "つくば市.xlsx")
    for cell in ("C1", "C2", "C3", "C5", "C7"):
        sent.active[cell] = None
    sent.active["A20"] = "この調査票は電子メールで返送のこと"
    sent.save(tmp_path / "sent.xlsx")
    reply = openpyxl.load_workbook(tmp_path / "forms" / "つくば市.xlsx")
    reply.active["A20"] = "この調査票は電子メールで返送のこと"
    reply.active["A21"] = "分館を含む"
    reply.save(tmp_path / "forms" / "つくば市.xlsx")
    command = ["new-wave", "lib", str(tmp_path / "forms"), "--codebook", "libraries"]
    assert main([*command, "--as-of", "2026-04-01", "--blank", str(tmp_path / "sent.xlsx")]) == 0
    wave = Wave.read("lib")
    assert [file.blank for file in wave.files] == ["sent.xlsx"]
    assert (wave.folder / "sent.xlsx").read_bytes() == (tmp_path / "sent.xlsx").read_bytes()
    findings = Survey.load("lib").findings
    told = findings[findings["rule"].isin(["unmatched", "unsure"])]
    assert told[["rule", "raw"]].to_numpy().tolist() == [["unmatched", "分館を含む"]]


def test_a_blank_form_is_for_forms(libraries, tmp_path):
    replies, sent = [EXAMPLE / "replies.csv"], tmp_path / "sent.csv"
    sent.write_bytes(replies[0].read_bytes())
    with pytest.raises(InputError, match=r"table of 5 replies.*layout: rows"):
        new_wave("w", replies, "libraries", "2026-04-01", blank=sent)
    with pytest.raises(InputError, match="--blank is for forms"):
        new_wave("w2", replies, "libraries", "2026-04-01", blank=sent, layout="rows")


def test_forms_that_came_back_blank_are_counted(libraries, tmp_path):
    for name, staff in (("つくば市", 25), ("千葉市", None), ("大津市", None)):
        form(tmp_path / "forms", name, staff, 1 if staff else None)
        if staff is None:
            workbook = openpyxl.load_workbook(tmp_path / "forms" / f"{name}.xlsx")
            workbook.active["C5"] = workbook.active["C7"] = None
            workbook.save(tmp_path / "forms" / f"{name}.xlsx")
    said = new_wave(None, [], "libraries", check=[tmp_path / "forms"])
    assert said.startswith("layout form, 3 replies (2 are blank)")


def test_a_form_that_lacks_a_question_is_refused_for_that_and_not_read_otherwise(
    libraries, tmp_path
):
    folder = tmp_path / "forms"
    for name in ("つくば市", "千葉市", "大津市"):
        form(folder, name, 25)
        workbook = openpyxl.load_workbook(folder / f"{name}.xlsx")
        workbook.active["B7"] = "外注"
        workbook.active["D3"] = "番号で"
        workbook.save(folder / f"{name}.xlsx")
    said = r"Q3_3.*\(layout: form\)"
    with pytest.raises(InputError, match=said):
        new_wave("forms", [folder], "libraries", "2026-04-01")


@pytest.mark.parametrize(
    ("invited", "said"),
    [
        ("[{code: 012025, name: 函館市}]", r"code.*put a code in quotes, such as '012025'"),
        ("[{code: '012025', name: 函館市, size_class: 中核市}]", "size_class.*core_city"),
        ("[{code: '012025'}]", "name: this entry is lacking"),
        ("[{code: '012025', name: 函館市}, {code: '012025', name: 函館}]", "'?012025'? twice"),
        ("[{code: '012026', name: 函館市}]", "'012026', which does not exist"),
        ("全部", "a number, all, or a list of code and name"),
        ("yes", "a number, all, or a list of code and name"),
    ],
)
def test_a_slip_in_the_list_of_the_invited_is_told_where_it_is(libraries, invited, said):
    new_wave("lib", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01")
    file = libraries / "data" / "raw" / "lib" / "wave.yml"
    text = file.read_text(encoding="utf-8").replace("invited: null", f"invited: {invited}")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"invited.*{said}"):
        Wave.read("lib")


def test_a_table_of_nobody_is_not_taken_for_the_whole_register(libraries, tmp_path):
    file = tmp_path / "nobody.csv"
    file.write_text("Q1,Q2,Q3\n42,1,1\n60,1,3\n", encoding="utf-8")
    with pytest.raises(InputError, match="nothing tells from which municipality"):
        new_wave("nobody", [file], "libraries", "2026-04-01")


@pytest.mark.parametrize("city", ["", "12025,60,3,1\n"])
def test_replies_of_wards_are_told_to_be_of_wards(libraries, tmp_path, city):
    file = tmp_path / "wards.csv"
    file.write_text(f"団体コード,Q1,Q2,Q3\n11011,42,1,1\n11029,60,3,1\n{city}", encoding="utf-8")
    with pytest.raises(InputError, match=r"11011 is a ward of 札幌市.*--register"):
        new_wave("wards", [file], "libraries", "2026-04-01")


@pytest.mark.parametrize(
    ("invited", "given", "written"),
    [
        (None, None, "invited"),
        ("9", None, "invited"),
        ("all", None, "nation"),
        ("9", "beyond", "beyond"),
    ],
)
def test_a_new_wave_says_what_its_numbers_stand_for(libraries, invited, given, written):
    files = [EXAMPLE / "replies.csv"]
    said = new_wave("lib", files, "libraries", "2026-04-01", invited=invited, population=given)
    assert Wave.read("lib").population == written and f"stand for: {written}" in said


def test_a_new_wave_of_some_is_not_the_nation(libraries):
    with pytest.raises(InputError, match="population is nation, but 9 of 1,741 were asked"):
        files = [EXAMPLE / "replies.csv"]
        new_wave("lib", files, "libraries", "2026-04-01", invited="9", population="nation")


# --- what is left open is told, and stays to be filled in ----------------------------------------


def test_a_heading_problem_leaves_the_wave_to_be_corrected(libraries, tmp_path):
    file = tmp_path / "some.csv"
    file.write_text("団体名,Q1,夜間の開館,Q3\n姫路市,42,1,1\n千葉市,60,1,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Q2.*header: \{Q2: \[C1\]\}.*data/raw/some.*clean some"):
        new_wave("some", [file], "libraries", "2026-04-01")
    about = libraries / "data" / "raw" / "some" / "wave.yml"
    text = about.read_text("utf-8")
    assert (about.parent / "some.csv").read_bytes() == file.read_bytes()
    about.write_text(text.replace("codes: column", "codes: column\n  header: {Q2: [C1]}"), "utf-8")
    assert Survey.load("some").responses["Q1"].tolist() == [60, 42]


def test_the_date_of_the_answers_is_asked_for(libraries):
    with pytest.raises(InputError, match="--as-of"):
        new_wave("lib", [EXAMPLE / "replies.csv"], "libraries")


def test_more_replies_than_were_asked_are_questioned_before_anything_is_written(libraries):
    with pytest.raises(InputError, match="not a date"):
        new_wave(None, [], "libraries", as_of="2026", check=[EXAMPLE / "replies.csv"])
    said = new_wave(None, [], "libraries", invited="3", check=[EXAMPLE / "replies.csv"])
    assert "5 municipalities replied, more than the 3 invited" in said
    file, wave = EXAMPLE / "replies.csv", {"invited": "3", "as_of": "2026-04-01"}
    assert "more than the 3 invited" in new_wave("lib", [file], "libraries", **wave)


def test_columns_that_are_no_questions_are_written_under_ignore(libraries, tmp_path):
    file = tmp_path / "some.csv"
    rows = ["No.,団体名,Q1,Q2,Q3,担当課,電話番号", "1,姫路市,42,1,1,総務課,079-000-0000"]
    file.write_text("\n".join([*rows, "2,千葉市,60,1,3,企画課,043-000-0000"]), encoding="utf-8")
    said = new_wave("some", [file], "libraries", "2026-04-01")
    assert "as columns of no question: No., 担当課" in said
    assert Wave.read("some").files[0].ignore == ("No.", "担当課")
    survey = Survey.load("some")
    assert survey.findings["rule"].tolist() == ["personal"]
    kept = (libraries / "data" / "processed" / "some" / "outside.csv").read_text("utf-8-sig")
    assert "総務課" in kept and "079-000" not in kept


def test_what_would_be_read_is_told_and_nothing_written(libraries, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    file = tmp_path / "some.csv"
    file.write_text(
        "ID,団体名,Q1,Q2,Q3,メール\n1,姫路市,42,1,1,a@b\n2,千葉市,60,1,3,c@d\n", "utf-8"
    )
    before = sorted((libraries / "data").rglob("*"))
    assert main(["new-wave", "--check", str(file), "--codebook", "libraries"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "layout rows, 2 replies"
    assert any(line.startswith("  B2: ") and "(姫路市)" in line for line in said)
    assert any(line.startswith("  C2: Q1 ") and "(42)" in line for line in said)
    assert "  personal (not kept): メール" in said and said[-1].endswith("of no question: ID")
    file.write_text("団体名,Q1,Q3\n姫路市,42,1\n千葉市,60,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"question Q2 .*has no column"):
        new_wave(None, [], "libraries", check=[file])
    assert main(["new-wave", "--codebook", "libraries"]) == 2
    assert sorted((libraries / "data").rglob("*")) == before


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_beside_the_replies_without_a_heading_is_named_and_nothing_written(
    libraries, tmp_path, capsys, packed
):
    given = tmp_path / ("replies.zip" if packed else "replies")
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "readme.txt").write_text("Please read,\nthen sum, and check", "utf-8")
    shutil.copy(EXAMPLE / "replies.csv", tmp_path / "replies")
    if packed:
        shutil.make_archive(str(tmp_path / "replies"), "zip", tmp_path / "replies")
    line = ["new-wave", "w", str(given), "--codebook", "libraries", "--as-of", "2026-04-01"]
    assert main([*line, "--language", "en"]) == 2
    told = capsys.readouterr().err
    assert "readme.txt has no heading of the codebook libraries" in told and "wave.yml" not in told
    assert not (libraries / "data" / "raw" / "w").exists()


@pytest.mark.parametrize(
    ("lang", "first", "column"),
    [
        ("ja_JP.UTF-8", "1行が1団体の表（rows）、回答5件", "職員数"),
        ("en_US.UTF-8", "layout rows, 5 replies", "Number of staff"),
        ("C", "layout rows, 5 replies", "Number of staff"),
    ],
)
def test_what_a_check_says_is_in_one_language(libraries, capsys, locale, lang, first, column):
    locale(LC_ALL=lang)
    assert (
        main(["new-wave", "--check", str(EXAMPLE / "replies.csv"), "--codebook", "libraries"]) == 0
    )
    said = capsys.readouterr().out.splitlines()
    assert said[0] == first and any(": Q1 " in line and column in line for line in said)


def test_one_reply_is_read_by_where_its_headings_are(libraries, tmp_path):
    table = tmp_path / "one.csv"
    table.write_text("団体名,Q1,Q2,Q3\n姫路市,42,1,1\n", encoding="utf-8")
    assert "layout rows, 1 replies" in new_wave("one", [table], "libraries", "2026-04-01")
    form(tmp_path / "forms", "姫路市", 42)
    filled = tmp_path / "forms" / "姫路市.xlsx"
    assert "layout form, 1 replies" in new_wave("form", [filled], "libraries", "2026-04-01")


# --- a table is read as a table, or refused: no municipality is lost ------------------------------

NAMES = ["姫路市", "千葉市", "大津市", "つくば市", "西予市", "府中町"]
ASKED = {
    "id": "odd",
    "title": {"ja": "調査", "en": "Survey"},
    "version": "1",
    "sections": [{"id": "A", "ja": "甲", "en": "A"}],
    "questions": [
        {"id": "Q1", "section": "A", "type": "single", "role": "outcome", "ja": "導入状況",
         "en": "Adoption", "options": [{"code": 1, "ja": "導入済み", "en": "adopted"},
                                       {"code": 3, "ja": "その他", "en": "other"}]},
        {"id": "Q2", "section": "A", "type": "multi", "role": "outcome", "ja": "取組み",
         "en": "Measures", "options": [{"code": 1, "ja": "研修", "en": "training"},
                                       {"code": 6, "ja": "その他", "en": "other"}]},
        {"id": "Q3", "section": "A", "type": "integer", "role": "context", "ja": "職員数",
         "en": "Staff"},
    ],
}  # fmt: skip
HEADINGS = ["団体名", "問1 導入状況", "Q2_1", "Q2_6", "問3 職員数"]


def replies(n=6, headings=HEADINGS):
    """`n` municipalities; a heading of another text has an answer of its own."""
    answers = {"団体名": NAMES, "問1 導入状況": [1, 3] * 3, "Q2_1": [1, 0] * 3, "Q2_6": [0, 1] * 3}
    answers["問3 職員数"] = list(range(10, 16))
    free = ["独自に開発", ""] * 3
    return [headings, *([answers.get(h, free)[i] for h in headings] for i in range(n))]


def survey_of(root, sheets, book=ASKED):
    """new_wave of a workbook of these sheets: what it says, and the municipalities that replied."""
    shutil.rmtree(root / "data", ignore_errors=True)
    (root / "data" / "codebooks").mkdir(parents=True)
    put_yaml(root / "data" / "codebooks" / "odd.yml", book)
    file = root / "replies.xlsx"
    made = openpyxl.Workbook()
    made.remove(made.active)
    for at, rows in enumerate(sheets):
        page = made.create_sheet(f"回答{at + 1}")
        for row in rows:
            page.append([None if cell == "" else cell for cell in row])
    made.save(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(root))
        said = new_wave("odd", [file], "odd", "2026-04-01")
        raw = intake.read(Wave.read("odd"), Codebook.read("odd"))
    texts = [text for name in {"@code", "@name"} & {*raw.variables} for text in raw.texts(name)]
    return said, {municipality.named_in(text) for text in texts if text}


def turned(rows):
    return [list(column) for column in zip(*rows, strict=True)]


TITLE = [["情報人材調査の結果", "", "", "", ""]]
FREE = ["団体名", "問1 導入状況", "問1 その他の内容", "Q2_1", "Q2_6", "問3 職員数"]
ODD = {
    "the text of other": ([replies(headings=FREE)], "two columns are headed Q1"),
    "the text of other, of two": ([replies(2, FREE)], "two columns are headed Q1"),
    "below a title": ([TITLE + replies(headings=FREE)], "two columns are headed Q1"),
    "in columns": ([turned(replies(headings=FREE))], "two columns are headed Q1"),
    "a heading twice": ([replies(headings=[*HEADINGS, "問3 職員数"])], "two columns.* Q3"),
    "one choice twice": (
        [[["団体名", "問1 導入状況", "問3 職員数", "問1 導入状況"],
          *([name, "導入済み", 3, "その他"] for name in NAMES)]],
        r"two columns are headed Q1 \(B1 and D1\)"),
    "names twice": ([replies(headings=["団体名", *HEADINGS])], r"headed @name .*{.@name.: \[A1\]}"),
    "no staff": ([replies(headings=HEADINGS[:4])], "question Q3 .*has no column"),
    "an option a column": (
        [replies(headings=["団体名", "問1 導入済み", "Q1 [その他]", *HEADINGS[2:]])],
        r"Q1 is one choice.* type: multi .*\(B1 and C1 "),
    "an option a column, below": (
        [[["団体名", "導入状況", "", "職員数"], ["", "導入済み", "その他", ""],
          *([name, *"○ "] for name in NAMES)]], r"Q1 is one choice.* \(B2 and C2 "),
    "two sheets": ([replies(3), [HEADINGS, *replies()[4:]]], "2 sheets have the headings"),
    "a sheet of less": ([replies(3), [HEADINGS[:2], *(r[:2] for r in replies()[4:])]],
                        "this sheet is not read, and 3 of the municipalities"),
    "names that nobody knows": ([[FREE, *([f"団体{r[0]}", *r[1:]] for r in replies(5, FREE)[1:])]],
                                "two columns are headed Q1"),
}  # fmt: skip


@pytest.mark.parametrize("how", ODD)
def test_an_odd_heading_makes_no_form_of_a_table(tmp_path, how):
    sheets, sentence = ODD[how]
    with pytest.raises(InputError, match=sentence):
        survey_of(tmp_path, sheets)


def test_the_sheets_of_one_table_are_written_into_wave_yml(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"2 sheets .* writes an entry for each"):
        survey_of(tmp_path, [replies(3), [HEADINGS, *replies()[4:]]])
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    assert intake.read(Wave.read("odd"), Codebook.read("odd")).n == 6


def test_the_words_beside_other_are_told_where_no_question_holds_them(tmp_path, monkeypatch):
    _, read = survey_of(tmp_path, [replies(headings=[*HEADINGS[:4], "Q2_6_TEXT", "問3 職員数"])])
    assert len(read) == 6
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    told = Survey.load("odd").findings
    assert told[["rule", "cell", "raw"]].to_numpy().tolist() == [
        ["unmatched", "E2:E6", "Q2_6_TEXT"]
    ]


def test_a_table_is_not_read_as_a_form_where_it_is_called_one(tmp_path, monkeypatch):
    survey_of(tmp_path, [replies()])
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    file = tmp_path / "data" / "raw" / "odd" / "wave.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("rows", "form"), encoding="utf-8")
    with pytest.raises(InputError, match=r"a table of 6 replies.*not form.*layout: rows"):
        intake.read(Wave.read("odd"), Codebook.read("odd"))


@pytest.mark.parametrize(("forced", "right"), [("rows", "columns"), ("columns", "rows")])
@pytest.mark.parametrize("head", ["団体名", "設問"])
def test_a_table_that_is_forced_the_wrong_way_is_told_the_right_one(
    libraries, tmp_path, forced, right, head
):
    table = [[head, "問1 職員数", "Q2", "Q3"], ["つくば市", "12", "1", "1"], ["柏市", "2", "2", ""]]
    table = (
        [["団体名", *table[0][1:]], *table[1:]] if right == "rows" else [*zip(*table, strict=True)]
    )
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, table)), encoding="utf-8")
    sentence = rf"a table of 2 replies as --layout {right} reads it; say --layout {right}"
    with pytest.raises(InputError, match=sentence):
        new_wave("w", [tmp_path / "t.csv"], "libraries", "2026-04-01", layout=forced)


def test_a_table_that_two_layouts_fit_is_refused_with_both(tmp_path):
    square = [["団体名", "問1 導入状況", *NAMES], *([n, 1] for n in NAMES)]
    square = [row + [""] * (8 - len(row)) for row in square]
    square = [["問1 導入状況", *row] for row in square]
    with pytest.raises(InputError, match=r"as rows \(6 .*as columns \(6 .*--layout"):
        survey_of(tmp_path, [square])


def test_one_option_in_the_cell_of_an_answer_of_a_form_is_the_answer(tmp_path, monkeypatch):
    def form(name, *goods):
        head = [["団体名", name], ["問1 導入状況", "導入済み"], ["問2 取組み", goods[0]]]
        return [*head, *goods[1:], ["問3 職員数", 10]]

    survey_of(tmp_path, [form("姫路市", "研修"), form("千葉市", "その他")])
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    answers = Survey.load("odd").responses
    assert answers.loc["282014", ["Q2_1", "Q2_6"]].tolist() == [True, False]
    assert answers.loc["121002", ["Q2_1", "Q2_6"]].tolist() == [False, True]
    # the first of a list of which the codebook knows no other is no answer
    with pytest.raises(InputError, match="no option Q2_6"):
        survey_of(tmp_path, [form("姫路市", "研修", ["", "講座"])])


def with_other():
    book = copy.deepcopy(ASKED)
    for question in book["questions"][:2]:
        question["options"][1]["other"] = True
    return book


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("問1 その他の内容", "Q1_other"),
        ("問１（その他）", "Q1_other"),
        ("問1 導入状況 その他（具体的に）", "Q1_other"),
        ("Q1. Other (please specify)", "Q1_other"),
        ("問2 その他（自由記述）", "Q2_other"),
        ("問1（その他記載欄）", "Q1_other"),
        ("問2 その他", "Q2_6"),  # an option with a column of its own
    ],
)
def test_the_words_beside_other_are_known_by_their_heading(tmp_path, heading, target):
    heads = [heading if h == "Q2_6" and target == "Q2_6" else h for h in HEADINGS]
    heads = heads if heading in heads else [*heads, heading]
    rows = replies(headings=heads)
    _, read = survey_of(tmp_path, [rows], with_other())
    assert len(read) == 6
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(tmp_path))
        assert target in intake.read(Wave.read("odd"), Codebook.read("odd")).variables


@pytest.mark.parametrize(
    "whose",
    [
        "F1 貴団体名",
        "Q0. 市区町村名をご記入ください",
        "団体名（必須）",
        "貴市町村名",
        "1. 市町名",
        "City name",
    ],
)
def test_who_replied_is_known_in_whatever_words_it_is_asked(tmp_path, whose):
    rows = replies()
    rows[0] = [whose, *HEADINGS[1:]]
    assert len(survey_of(tmp_path, [rows])[1]) == 6


@pytest.mark.parametrize("head", ["設問", "", "質問項目", "Question"])
@pytest.mark.parametrize("way", [turned, list])
def test_names_in_the_line_of_the_questions_say_who_replied(tmp_path, monkeypatch, head, way):
    """As in a table with a column a municipality, of which the corner heads the questions."""
    rows = replies()
    rows[0] = [head, *HEADINGS[1:]]
    said, read = survey_of(tmp_path, [way(rows)])
    assert len(read) == 6 and f"layout {'rows' if way is list else 'columns'}, 6 replies" in said
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    assert sorted(Survey.load("odd").responses["Q3"]) == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize("other", ["県内の事業者", "架空株式会社", "姫路市"])
def test_a_corner_above_others_than_municipalities_is_asked_about(tmp_path, other):
    rows = [["", *HEADINGS[1:]], *replies(2)[1:], [other, 1, 1, 0, 5], [other, 1, 1, 0, 6]]
    if other == "姫路市":  # twice the same is no list of those who replied
        rows = [rows[0], *rows[3:]]
    for way in (turned, list):
        with pytest.raises(InputError):
            survey_of(tmp_path, [way(rows)])


@pytest.mark.parametrize("whose", ["構成団体", "Members"])
def test_the_column_of_those_who_replied_is_proposed_and_taken(tmp_path, monkeypatch, whose):
    rows = replies()
    rows[0] = [whose, *HEADINGS[1:]]
    with pytest.raises(InputError, match=r"column of A1 says who .*header: {'@name': \[A1\]}"):
        survey_of(tmp_path, [rows])
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    file = tmp_path / "data" / "raw" / "odd" / "wave.yml"
    text = file.read_text(encoding="utf-8")
    said = text.replace("codes: column", "codes: column\n  header: {'@name': [A1]}")
    file.write_text(said, encoding="utf-8")
    assert list(intake.read(Wave.read("odd"), Codebook.read("odd")).texts("@name")) == NAMES


def test_a_table_of_which_no_question_is_known_is_a_table_all_the_same(tmp_path, monkeypatch):
    rows = replies()
    rows[0] = ["団体名", "導入の有無", "甲", "乙", "職員の総数"]
    sentence = r"question Q1 .*header: {Q1: \[B1\]}.*nothing was written.*--layout rows"
    with pytest.raises(InputError, match=sentence):
        survey_of(tmp_path, [rows])
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    with pytest.raises(InputError, match=r"correct wave\.yml there"):
        new_wave("odd", [tmp_path / "replies.xlsx"], "odd", "2026-04-01", layout="rows")
    assert Wave.read("odd").files[0].layout == "rows"


def test_who_replied_below_the_numbers_of_the_questions_is_a_heading(tmp_path):
    above = ["", "問1", "Q2_1", "Q2_6", "問3"]
    rows = [above, ["団体名", "有無", "研修の実施", "それ以外", "総数"], *replies()[1:]]
    assert len(survey_of(tmp_path, [rows])[1]) == 6
    rows += [["県計", "", "", "", 75], ["県平均", "", "", "", 12], ["6市町村計", "", "", "", 9]]
    assert len(survey_of(tmp_path, [rows])[1]) == 6


def test_what_the_tool_does_not_note_is_ignored_beside_what_it_notes(libraries, tmp_path):
    file = tmp_path / "some.csv"
    rows = ["レコード番号,担当部署,団体名,Q1,Q2,Q3,緯度", "1,総務課,姫路市,42,1,1,34.8"]
    file.write_text("\n".join([*rows, "2,企画課,千葉市,60,1,3,35.6"]), encoding="utf-8")
    said = new_wave("some", [file], "libraries", "2026-04-01")
    assert "kintone" in said and "as columns of no question: 担当部署" in said
    assert Wave.read("some").files[0].ignore == ("担当部署",)
    assert Survey.load("some").findings["rule"].tolist() == ["personal"]


@pytest.mark.parametrize(
    "content",
    [
        "ID,Name,Group\n1,中央館,北\n2,西館,南\n".encode("cp932"),
        "id,name,group,\n1,中央館,北,\n2,西館,南\n,,,\n".encode("utf-8-sig"),
    ],
)
def test_a_register_as_excel_saves_it(libraries, tmp_path, content):
    (tmp_path / "who.csv").write_bytes(content)
    (tmp_path / "some.csv").write_text("name,Q1,Q2,Q3\n中央館,4,1,1\n西館,6,1,3\n", "utf-8")
    new_wave("some", [tmp_path / "some.csv"], "libraries", "2026-04-01",
             register=tmp_path / "who.csv")  # fmt: skip
    assert Survey.load("some").names.tolist() == ["中央館", "西館"]


@st.composite
def odd_tables(draw):
    """Sheets of a table of 2 to 6 municipalities, written in odd ways."""
    whose = draw(st.sampled_from(["団体名", "市区町村名", "Name", "団体名", "回答団体"]))
    more = ["問1 その他の内容", "Q2_6_TEXT", "備考", "問3 職員数", "団体コード", "Q1", "メール", ""]
    odd = draw(st.lists(st.sampled_from(more), max_size=draw(st.sampled_from([0, 0, 1, 3]))))
    asked = draw(st.permutations([*HEADINGS[1:], *odd]))
    asked = asked[: len(asked) - draw(st.sampled_from([0, 0, 0, 1, 3]))]
    at, n = draw(st.integers(0, 2)), draw(st.integers(2, 6))
    rows = replies(n, [*asked[:at], "団体名", *asked[at:]])
    rows[0] = [whose if heading == "団体名" else heading for heading in rows[0]]
    split = draw(st.sampled_from([0, 0, 1, n // 2]))
    sheets = [[rows[0], *rows[1 + split :]], [rows[0], *rows[1 : 1 + split]]][: 1 + bool(split)]
    for sheet in sheets:
        width, above = len(rows[0]), draw(st.sampled_from(["", "調査の結果", "回答一覧", "2026"]))
        below = draw(st.sampled_from(["", "合計", "※注 速報値", "計"]))
        sheet[:0] = [[above] + [""] * (width - 1)] * draw(st.integers(0, 2))
        sheet += [[below] + [""] * (width - 1)] * draw(st.integers(0, 1))
    if draw(st.booleans()):
        sheets = [turned(sheet) for sheet in sheets]
    return sheets, {municipality.named_in(name) for name in NAMES[:n]}


@given(odd_tables())
def test_no_municipality_of_an_odd_table_is_lost_without_a_refusal(tmp_path_factory, made):
    sheets, everyone = made
    try:
        said, read = survey_of(tmp_path_factory.mktemp("odd"), sheets)
    except InputError:
        return
    assert read >= everyone, said


@pytest.mark.skipif(sys.platform != "linux", reason="a name of bytes")
def test_a_name_that_is_no_text_is_said_to_be_none(project):
    file = project / "\udcff.csv"
    file.write_text("団体名,問1\n")
    with pytest.raises(InputError, match="name of the file is not UTF-8"):
        new_wave("x", [file], "it-staffing", as_of="2026-04-01")


IMPORT = ['{"ImportId":"startDate"}', '{"ImportId":"_recordId"}', '{"ImportId":"QID1"}']
BY_TOOL = {
    "surveymonkey": ([["Respondent ID", "Start Date", "Do you like it?"], ["", "", "Response"]], 0),
    "qualtrics": ([["StartDate", "ResponseId", "Q1"], ["Start", "Response ID", "Like it?"],
                   IMPORT], 1),
    "limesurvey": ([["id", "submitdate", "Q1", "lastpage"]], 0),
}  # fmt: skip


@pytest.mark.parametrize("tool", BY_TOOL)
def test_the_number_that_a_tool_gives_a_reply_can_say_whose_it_is(project, tmp_path, tool):
    """In a survey of persons with a register of one's own: the refusal names the column."""
    heads, at = BY_TOOL[tool]
    ids = [f"R_{n}" if tool == "qualtrics" else str(1000 + n) for n in range(6)]
    rows = [["2024-05-01", ("Yes", "No")[n % 2]] + ["3"] * (len(heads[0]) - 3) for n in range(6)]
    rows = [[*row[:at], id, *row[at:]] for id, row in zip(ids, rows, strict=True)]
    csv_of = {"r.csv": [*heads, *rows], "who.csv": [["id", "name"], *([id, id] for id in ids)]}
    for name, lines in csv_of.items():
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(lines)
    assert f"export of {tool}" in draft(tmp_path / "r.csv")
    (project / "data/codebooks/persons.yml").write_text(draft(tmp_path / "r.csv"), "utf-8")
    with pytest.raises(InputError) as refused:
        new_wave("p", [tmp_path / "r.csv"], "persons", "2024-05-01", register=tmp_path / "who.csv")
    proposed = re.search(r"header: (\{.*?\})", str(refused.value))
    about = project / "data/raw/p/wave.yml"
    content = yaml.safe_load(about.read_text("utf-8"))
    content["files"][0]["header"] = yaml.safe_load(proposed[1])
    put_yaml(about, content)
    assert [*prepared("p")[0].responses.index] == ids
