"""A new wave: copied as received, the layout found, nothing left behind on a mistake."""

import shutil
from pathlib import Path

import openpyxl
import pytest

from analysis.errors import InputError
from analysis.newwave import new_wave
from analysis.survey import Survey
from analysis.wave import Wave

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "library-survey"


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


def test_a_file_that_no_layout_reads_is_told_without_a_layout(libraries, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"again$"):
        new_wave("w", [tmp_path / "a.xlsx"], "libraries", "2026-04-01")
    with pytest.raises(InputError, match=r"replies\.csv: two files have the same name"):
        new_wave("w", [EXAMPLE / "replies.csv"] * 2, "libraries", "2026-04-01")
    with pytest.raises(InputError, match=r"demo-2019 already exists and is complete"):
        new_wave("demo-2019", [EXAMPLE / "replies.csv"], "it-staffing")


def test_a_full_disk_is_one_sentence_and_leaves_nothing(libraries, monkeypatch):
    def full(source, target):
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    def listed(source, target):
        raise shutil.Error([(source, target, "[Errno 28] No space left on device: '/a/b'")])

    monkeypatch.setattr("analysis.newwave.shutil.copyfile", full)
    before = sorted((libraries / "data" / "raw").rglob("*"))
    with pytest.raises(InputError, match=r"lib: .*copied \(No space left on device\); make room"):
        new_wave("lib", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01")
    with monkeypatch.context() as changed:
        changed.setattr("analysis.newwave.shutil.copytree", listed)
        with pytest.raises(InputError, match=r"copied \(No space left on device\); make room"):
            new_wave("lib", [EXAMPLE], "libraries", "2026-04-01")
    assert sorted((libraries / "data" / "raw").rglob("*")) == before


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
    assert "layout form, 3 replies;" in new_wave("forms", [folder], "libraries", "2026-04-01")
    survey = Survey.load("forms")
    assert survey.responses["Q1"].to_dict() == {"082201": 25, "121002": 60, "252018": 18}
    assert survey.responses["Q3_3"].all() and not survey.responses["Q3_2"].any()


def test_replies_that_do_not_say_who_they_are_are_counted(libraries, tmp_path):
    file = tmp_path / "some.csv"
    file.write_text("団体名,Q1,Q2,Q3\n姫路市,42,1,1\n千葉市,60,1,3\n,7,2,\n", encoding="utf-8")
    said = new_wave("some", [file], "libraries", "2026-04-01")
    assert "layout rows, 3 replies (1 do not say from which municipality)" in said


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
    said = r"Q3_3.*\(read as form; --layout gives another\)"
    with pytest.raises(InputError, match=said):
        new_wave("forms", [folder], "libraries", "2026-04-01")


@pytest.mark.parametrize(
    ("invited", "said"),
    [
        ("[{code: 012025, name: 函館市}]", r"code.*put a code in quotes, such as '012025'"),
        ("[{code: '012025', name: 函館市, size_class: 中核市}]", "size_class.*'core_city'"),
        ("[{code: '012025'}]", "name: this entry is lacking"),
        ("[{code: '012025', name: 函館市}, {code: '012025', name: 函館}]", "'?012025'? twice"),
        ("[{code: '012026', name: 函館市}]", "'012026', which does not exist"),
        ("全部", "'all'"),
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
        new_wave("lib", [EXAMPLE / "replies.csv"], "libraries", invited="9", population="nation")
