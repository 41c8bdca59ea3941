"""The workbook that goes to the offices: what is asked, of whom, and nothing that could harm."""

import datetime as dt
import errno
import functools
import re
import shutil
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from project import new_project, prepare

from analysis import paths, spreadsheet
from analysis.errors import InputError
from analysis.text import label
from workbench.cli import main
from workbench.office import queries

pytestmark = pytest.mark.usefixtures("cleaned")


@pytest.fixture(scope="module")
def sent(cleaned_demo):
    """What is said of the workbook of a demo wave, and the workbook: for reading alone."""
    root = cleaned_demo.parents[2]
    known = Path(__file__).parents[3] / "data" / "raw" / "demo-2020"
    shutil.copytree(known, root / "data" / "raw" / "demo-2020", dirs_exist_ok=True)

    @functools.cache
    def of(wave):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WORKBENCH_ROOT", str(root))
            said = queries.write_for_wave(wave, root / f"{wave}.xlsx")
        return said, openpyxl.load_workbook(root / f"{wave}.xlsx")

    return of


@pytest.fixture
def written(sent):
    return sent("demo-2019")[1]


def rows(sheet):
    return list(sheet.iter_rows(min_row=5, max_col=7, values_only=True))


def test_a_sheet_for_each_municipality_with_all_that_is_doubtful_or_refused(project, written):
    findings = prepare("demo-2019").findings
    asked = findings[findings["severity"].isin(["doubtful", "refused"])]
    for code, part in asked[asked["code"] != ""].groupby("code"):
        (sheet,) = (s for s in written.worksheets if s.title.startswith(code))
        assert [row[3] for row in rows(sheet)] == part["raw"].tolist()
        own = part["ja"].where(part["rule"] != "merged", label("queries.merged", "ja"))
        assert [row[5].split("\n")[0] for row in rows(sheet)] == own.tolist()
        assert all(row[6] is None for row in rows(sheet))  # the office's answer
    repaired = set(findings.loc[findings["severity"] == "repaired", "ja"])
    shown = {v for s in written.worksheets for row in s.iter_rows(values_only=True) for v in row}
    assert not repaired & shown


def test_the_list_in_front_tells_who_replied_and_how_much_is_asked(written):
    listed = {row[0]: row for row in rows(written.worksheets[0])}
    assert len(listed) == 16
    assert listed["990167"][2] == "未回答" and listed["990019"][2] == "回答あり"
    assert sum(row[3] + row[4] for row in listed.values()) == 25
    titles = [sheet["A1"].value + (sheet["A2"].value or "") for sheet in written.worksheets]
    assert all("架空データ" in title for title in titles[:-1])


def test_a_multi_select_lists_its_options(written):
    (sheet,) = (s for s in written.worksheets if s.title.startswith("990043"))
    question = rows(sheet)[0][2]
    assert question.startswith("Q13 ") and "選択肢：1 " in question and " / 2 " in question


def test_an_answer_that_looks_like_a_formula_is_text(project):
    file = project / "data" / "raw" / "demo-2019" / "replies.xlsx"
    book = openpyxl.load_workbook(file)
    page = book["回答"]
    page["E6"].value = "=HYPERLINK(1)"
    page["E6"].data_type = "s"
    for cell, text in (("F6", "+cmd|x"), ("H6", "-2+3"), ("I6", "@SUM(A1)"), ("J6", "＝1+1")):
        page[cell].value = text
    book.save(file)
    out = project / "q.xlsx"
    queries.write_for_wave("demo-2019", out)
    (sheet,) = (s for s in openpyxl.load_workbook(out).worksheets if s.title.startswith("990019"))
    shown = {c.value: c for row in sheet.iter_rows() for c in row if isinstance(c.value, str)}
    for text in ("=HYPERLINK(1)", "+cmd|x", "@SUM(A1)", "＝1+1"):
        assert shown[text].data_type == "s" and shown[text].quotePrefix, text


def test_each_office_gets_a_file_of_its_own_without_the_others(project):
    out = project / "each"
    said = queries.write_for_wave("demo-2019", out, split=True, language="en")
    files = sorted(out.iterdir())
    assert len(files) == 12 and "12 municipalities" in said and "25 questions" in said
    book = openpyxl.load_workbook(files[0])
    assert [sheet.title for sheet in book.worksheets] == ["990027 白浪崎市"]
    assert "invented data" in book.worksheets[0]["A2"].value.lower()
    assert "Please" in rows(book.worksheets[0])[0][5]


def test_a_sheet_can_be_filled_in_and_printed(written):
    sheet = written.worksheets[1]
    assert "ご返送ください" in sheet["A3"].value
    assert not sheet["G5"].protection.locked and sheet["G5"].border.left.style == "thin"
    assert sheet.column_dimensions["C"].width > 40 and sheet.column_dimensions["G"].width > 25
    needs = len(sheet["F5"].value) / (sheet.column_dimensions["F"].width / 2)  # lines
    assert needs > 1 and sheet.row_dimensions[5].height >= 15 * needs, "only Excel makes them high"
    assert sheet.page_setup.paperSize == 9 and sheet.sheet_properties.pageSetUpPr.fitToPage


def test_names_of_sheets_are_those_that_excel_takes():
    assert spreadsheet.sheet_name("131016", "a[b]c:d*e?f/g\\h'") == "131016 a_b_c_d_e_f_g_h_"
    assert len(spreadsheet.sheet_name("131016", "長" * 40)) == 31


def test_a_folder_of_an_earlier_run_is_not_sent_again(project):
    out = project / "each"
    queries.write_for_wave("demo-2019", out, split=True)
    queries.write_for_wave("demo-2019", out, split=True)
    (out / "990999_旧町.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"990999_旧町\.xlsx, which nobody"):
        queries.write_for_wave("demo-2019", out, split=True)


def test_a_name_that_does_not_fit(project):
    for name, split in (("q.csv", False), ("q", False), ("q.xlsx", True)):
        with pytest.raises(InputError, match=r"is a workbook|into a folder"):
            queries.write_for_wave("demo-2019", project / name, split=split)


PAGE = "q.xlsx 131016 千代田区"  # a query sheet as sentences name it
OWN = """
id: own
title: {ja: 小調査, en: Small}
version: "1"
sections: [{id: A, ja: 属性, en: Profile}]
questions:
- {id: N, section: A, type: text, role: id, identity: name, ja: 団体名, en: name}
- {id: S, section: A, type: integer, role: outcome, ja: 職員数, en: staff,
   checks: [{rule: "S <= 50", ja: 職員数が多い, en: many staff}]}
- {id: M, section: A, type: multi, role: outcome, ja: 取組, en: measures,
   options: [{code: 1, ja: 甲, en: a}, {code: 2, ja: 乙, en: b}],
   checks: [{rule: "not any(M, [2])", ja: 乙がある, en: b is there}]}
"""


def own_wave(project, invited, replies):
    (project / "data" / "codebooks" / "own.yml").write_text(OWN, "utf-8")
    folder = project / "data" / "raw" / "own"
    folder.mkdir()
    (folder / "wave.yml").write_text(
        "{title: {ja: 小, en: S}, as_of: 2026-04-01, publisher: {ja: 国, en: state}, "
        f"data: invented, codebook: own, invited: [{invited}], files: [{{path: r.csv}}]}}",
        "utf-8",
    )
    (folder / "r.csv").write_text(f"団体名,職員数,取組\n{replies}\n", "utf-8")


def test_a_name_that_no_file_can_have(project):
    own_wave(project, "{code: '990019', name: '架空/見本 町'}", "架空/見本 町,約60,1")
    queries.write_for_wave("own", project / "each", split=True)
    (file,) = (project / "each").iterdir()
    assert file.name == "990019_架空_見本_町.xlsx"
    assert openpyxl.load_workbook(file).sheetnames == ["990019 架空_見本 町"]


def test_what_was_kept_is_shown_and_a_stranger_is_for_the_office(project):
    replies = '千代田区,約60,"1、2"\n港区,5,1'
    own_wave(project, "{code: '131016', name: 千代田区}", replies)
    queries.write_for_wave("own", project / "q.xlsx")
    listed, own, office = openpyxl.load_workbook(project / "q.xlsx").worksheets
    assert own.title == "131016 千代田区" and office.title == "事務局で確認"
    taken = [(row[3], row[4]) for row in rows(own)]
    assert taken == [("約60", "60"), ("約60", "60"), ("1、2", "1、2")]
    assert "港区は依頼先の一覧にありません" in rows(office)[0][5]
    assert listed.page_setup.orientation == own.page_setup.orientation == "landscape"
    assert listed.print_title_rows == own.print_title_rows == "$4:$4"


def test_a_reply_that_may_be_anothers_is_sent_to_nobody(project):
    own_wave(project, "{code: '131016', name: 千代田区}, {code: '131032', name: 港区}", "")
    replies = "団体コード,団体名,職員数,取組\n131016,港区,約60,1\n131032,港区,約70,1\n"
    (project / "data" / "raw" / "own" / "r.csv").write_text(replies, "utf-8")
    queries.write_for_wave("own", project / "q.xlsx")
    book = openpyxl.load_workbook(project / "q.xlsx")
    assert book.sheetnames == ["一覧", "131032 港区", "事務局で確認"]
    assert {row[3] for row in rows(book["131032 港区"])} == {"約70"}
    assert {row[3] for row in rows(book["事務局で確認"])} == {"港区", "約60"}
    (project / "data" / "codebooks" / "own.yml").write_text(
        OWN.replace("\n- {id: N", "\n# "), "utf-8"
    )
    queries.write_for_wave("own", project / "q.xlsx")
    book = openpyxl.load_workbook(project / "q.xlsx")
    assert rows(book["事務局で確認"])[0][2] == "団体名"


def test_a_merged_cell_shows_nobody_the_answer_of_another(project, written):
    (finding,) = prepare("demo-2019").findings.query("rule == 'merged'").itertuples()
    assert "T17: 3" in finding.ja  # the row of another municipality
    (sheet,) = (s for s in written.worksheets if s.title.startswith(finding.code))
    assert "T17" not in str(rows(sheet)) and "結合" in rows(sheet)[0][5]


def test_an_answer_in_a_merged_cell_is_corrected(project):
    """It ended every reading of the wave in an unexpected error."""
    (finding,) = prepare("demo-2019").findings.query("rule == 'merged'").itertuples()
    queries.write_for_wave("demo-2019", project / "each", split=True)
    (sheet,) = (project / "each").glob(f"{finding.code}_*")
    queries.take_in("demo-2019", [answer(sheet, "2")])
    findings = prepare("demo-2019").findings.set_index("rule")
    assert "merged" not in findings.index
    corrected = findings.loc[["corrected"]]
    assert corrected[["cell", "value"]].to_numpy().tolist() == [[finding.cell, "2"]]


def test_a_column_of_ticks_says_of_which_option_it_is(sent):
    said, book = sent("demo-2020")
    assert ", and 3 for the office (on the sheet of that name)" in said
    row = rows(book["990108 若鮎川市"])[0]
    assert row[2].endswith(" － 7 いずれも未整備") and row[3:5] == ("不明", "選択なし")


def test_answers_that_disagree_are_shown_side_by_side(project, sent):
    (row,) = rows(sent("demo-2020")[1]["990019 青嶺市"])
    assert row[3] == "32" and row[5].endswith("\n関係する回答：Q08 情報部門の常勤職員数 － 31")
    queries.write_for_wave("demo-2019", project / "q.xlsx", language="en")
    row = rows(openpyxl.load_workbook(project / "q.xlsx")["990124 月影浦町"])[0]
    assert row[4] == "not applicable" and "\nthe other answer: Q06 " in row[5]


def test_several_options_beside_an_answer_are_told_in_words(project):
    own_wave(project, "{code: '131016', name: 千代田区}", "千代田区,5,1")
    book = project / "data" / "codebooks" / "own.yml"
    book.write_text(OWN.replace('"S <= 50"', '"any(M, [2])"'), "utf-8")
    queries.write_for_wave("own", project / "q.xlsx")
    ((*_, said, _),) = rows(openpyxl.load_workbook(project / "q.xlsx").worksheets[1])
    assert said.endswith("\n関係する回答：取組 － 甲")


@pytest.mark.parametrize(
    ("options", "word"),
    [("", "いいえ"), ("options: [{code: 1, ja: 増, en: up}, {code: 0, ja: 減, en: down}],", "減")],
)
def test_a_no_beside_an_answer_is_told_in_words(project, options, word):
    own_wave(project, "{code: '131016', name: 千代田区}", "千代田区,5,0")
    text = OWN.replace("multi", "binary").replace('"S <= 50"', '"S <= 50 and M == 1"')
    text = re.sub(r"(?s)   options: .*", f"   {options} source: [取組]}}\n", text)
    (project / "data" / "codebooks" / "own.yml").write_text(text, "utf-8")
    queries.write_for_wave("own", project / "q.xlsx")
    ((*_, said, _),) = rows(openpyxl.load_workbook(project / "q.xlsx").worksheets[1])
    assert said.endswith(f"\n関係する回答：取組 － {word}")  # it was False


def test_of_two_replies_without_a_date_it_is_shown_where_they_differ(sent):
    which, differs = rows(sent("demo-2020")[1]["990086 朝凪浦市"])
    assert "どれが正しいか" in which[5] and differs[2].startswith("Q18 ")
    assert differs[3:5] == ("2", "1")


def test_the_same_answers_give_the_same_bytes(project):
    for name in ("a.xlsx", "b.xlsx"):
        queries.write_for_wave("demo-2019", project / name)
    assert (project / "a.xlsx").read_bytes() == (project / "b.xlsx").read_bytes()


def test_the_command_and_a_place_that_cannot_be_written(project, capsys, monkeypatch):
    assert main(["queries", "demo-2019"]) == 0
    assert (project / "data" / "processed" / "demo-2019-queries.xlsx").is_file()
    assert "to 12 municipalities" in capsys.readouterr().out
    (project / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        queries.write_for_wave("demo-2019", project / "file" / "q.xlsx")
    shutil.rmtree(project / "data" / "raw" / "demo-2019")
    assert main(["queries", "demo-2019"]) == 2


# --- what came back -------------------------------------------------------------------------------

INVITED = "{code: '131016', name: 千代田区}, {code: '131032', name: 港区}"


@pytest.fixture(scope="module")
def asked_once(tmp_path_factory):
    with new_project(tmp_path_factory.mktemp("asked")) as root:
        own_wave(root, INVITED, "千代田区,約60,1\n港区,約70,1")
        queries.write_for_wave("own", root / "each", split=True)
    return root


@pytest.fixture
def asked(project, asked_once):
    """A wave with two doubtful answers, and the sheets that two municipalities are sent."""
    for part in ("data/codebooks", "data/raw/own", "data/processed/own", "each"):
        shutil.copytree(asked_once / part, project / part, dirs_exist_ok=True)
    return project


def answer(file, *said, column="G", sheet=0):
    book = openpyxl.load_workbook(file)
    for i, text in enumerate(said, 5):
        book.worksheets[sheet][f"{column}{i}"] = text
    book.save(file)
    return file


def test_a_query_sheet_shows_no_place_to_those_who_filled_in_a_web_form(asked):
    book = openpyxl.load_workbook(asked / "each" / "131016_千代田区.xlsx")
    assert not any(row[1] for row in rows(book.worksheets[0]))
    places = book.worksheets[0].column_dimensions["H"]  # and those written with it
    assert places.hidden and (places.min, places.max) == (8, 14)


def test_a_correction_takes_the_place_of_the_answer_and_says_where_it_is_from(asked, capsys):
    raw = asked / "data" / "raw" / "own"
    before = (raw / "r.csv").read_bytes()
    sheets = [answer(asked / "each" / "131016_千代田区.xlsx", 42, "このまま"),
              answer(asked / "each" / "131032_港区.xlsx", "このまま")]  # fmt: skip
    (raw / "corrections").mkdir()
    (raw / "corrections" / ".131016.xlsx.0123abcd.part").write_bytes(b"of one that was killed")
    assert main(["queries", "own", "--returned", *map(str, sheets)]) == 0
    assert not [*raw.rglob(".*")]
    assert "1 answers taken from 2 returned file(s)" in capsys.readouterr().out
    result = prepare("own")
    assert result.responses["S"].tolist() == [42, 70]
    (found,) = result.findings.query("rule == 'corrected'").itertuples()
    assert (found.file, found.cell, found.code, found.question) == ("r.csv", "B2", "131016", "S")
    assert found.raw == "約60" and found.value == "42" and "131016 千代田区 G5" in found.ja
    assert f"corrections/{dt.date.today()}_131016_千代田区.xlsx" in found.en
    counts = result.ledger.counts.set_index(["file", "place"])["cells"]
    assert counts["r.csv", "corrected"] == 1
    assert counts[f"corrections/{dt.date.today()}_131016_千代田区.xlsx", "answered"] == 1
    result.ledger.check()
    assert (raw / "r.csv").read_bytes() == before
    assert main(["queries", "own", "--returned", str(sheets[0])]) == 0  # once more: no harm
    (raw / "corrections" / "~$131016.xlsx").write_bytes(b"Excel has it open")
    assert prepare("own", force=True).responses["S"].tolist() == [42, 70]


REPLACED = {
    "rows": "団体名,職員数,取組\n港区,約70,1\n千代田区,約60,1\n",
    "columns": "団体名,取組,職員数\n千代田区,1,約60\n港区,1,約70\n",
}


@pytest.mark.parametrize(
    ("now", "whose"),
    [(REPLACED["rows"], True), (REPLACED["columns"], True), (REPLACED["rows"], False)],
    ids=["rows", "columns", "of an earlier version"],
)
def test_a_correction_is_not_put_on_another_answer_of_a_file_that_was_replaced(asked, now, whose):
    sheet = answer(asked / "each" / "131016_千代田区.xlsx", 42)
    for column in "" if whose else "KLM":
        answer(sheet, None, column=column)
        book = openpyxl.load_workbook(sheet)
        book.worksheets[0][f"{column}4"] = None
        book.save(sheet)
    queries.take_in("own", [sheet])
    assert prepare("own").responses["S"].tolist() == [42, 70]
    (asked / "data" / "raw" / "own" / "r.csv").write_text(now, encoding="utf-8")
    with pytest.raises(InputError, match=r"G5: .* of 131016 in r\.csv B2, where "):
        prepare("own")
    shutil.rmtree(asked / "data" / "raw" / "own" / "corrections")
    with pytest.raises(InputError, match=r"G5: .* of 131016 in r\.csv B2, where "):
        queries.take_in("own", [sheet])  # of a file that was replaced before
    left = {p.name for p in (asked / "data" / "raw" / "own").iterdir()}
    assert left == {"r.csv", "wave.yml"}


@pytest.mark.parametrize("late", [False, True], ids=["kept before", "came after"])
@pytest.mark.parametrize(
    ("now", "staff"), [("約60", 42), ("約６０", 42), ("42", 42), ("55", None), ("", None)]
)
def test_a_correction_takes_no_place_of_a_newer_answer(asked, now, staff, late):
    """Of a file that was replaced; the same words, and what the office corrected, stay clear."""
    came, wave = answer(asked / "each" / "131016_千代田区.xlsx", 42), asked / "data" / "raw" / "own"
    replies = f"団体名,職員数,取組\n千代田区,{now},1\n港区,約70,1\n"
    told = re.escape(f'answer "約60" of 131016 in r.csv B2, where "{now}" stands now')
    if not late:
        queries.take_in("own", [came])
    (wave / "r.csv").write_text(replies, encoding="utf-8")
    with nullcontext() if staff else pytest.raises(InputError, match=f"G5: .*{told}"):
        if late:
            queries.take_in("own", [came])
        assert prepare("own").responses["S"].tolist() == [staff, 70]
    assert (wave / "corrections").exists() or (late and not staff)


def test_of_sheets_that_came_back_all_are_kept_or_none(asked, monkeypatch):
    sheets = [answer(file, "このまま") for file in sorted((asked / "each").iterdir())]
    write, left = paths.write_atomic, [1]

    def full(*given, **more):
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        left.pop()
        write(*given, **more)

    monkeypatch.setattr(paths, "write_atomic", full)
    with pytest.raises(OSError, match="No space left"):
        queries.take_in("own", sheets)
    assert not any((asked / "data/raw/own/corrections").iterdir())


def test_of_two_sheets_of_one_name_that_come_back_at_once_none_is_lost(asked, monkeypatch):
    """Each in a command of its own: both had found nothing under that name."""
    files = [asked / "a" / "reply.xlsx", asked / "b" / "reply.xlsx"]
    for file, sheet in zip(files, sorted((asked / "each").iterdir()), strict=False):
        file.parent.mkdir()
        shutil.copy(answer(sheet, "このまま"), file)
    written, one = paths.write_atomic, threading.Event()

    def write(*given, **more):
        if not one.is_set():
            one.set()
            time.sleep(0.5)
        written(*given, **more)

    monkeypatch.setattr(paths, "write_atomic", write)
    first = threading.Thread(target=queries.take_in, args=("own", files[:1]))
    first.start()
    assert one.wait(60)
    with pytest.raises(InputError, match=r"reply\.xlsx"):
        queries.take_in("own", files[1:])
    first.join()
    (kept,) = (asked / "data/raw/own/corrections").iterdir()
    assert kept.read_bytes() == files[0].read_bytes()


def test_what_a_later_reply_left_out_is_taken_from_the_query_sheet(project):
    own_wave(project, INVITED, "千代田区,60,1\n千代田区,,1\n港区,70,1")
    queries.write_for_wave("own", project / "each", split=True)
    file = answer(project / "each" / "131016_千代田区.xlsx", "このまま", "61")
    assert main(["queries", "own", "--returned", str(file)]) == 0
    result = prepare("own")
    assert result.responses["S"].tolist() == [61, 70]
    assert "blanked" not in set(result.findings["rule"])  # nobody is asked again


def test_a_reply_about_an_answer_that_a_later_reply_replaced_is_named_as_not_taken(project):
    """It was said to be taken, and the later answer counted."""
    own_wave(project, "{code: '131016', name: 千代田区}", "千代田区,12,1\n千代田区,20,1")
    queries.write_for_wave("own", project / "q.xlsx")
    book = openpyxl.load_workbook(project / "q.xlsx")
    (row,) = (n for n, one in enumerate(rows(book.worksheets[1]), 5) if "20" in str(one[4]))
    book.worksheets[1][f"G{row}"] = 41
    book.save(project / "q.xlsx")
    sentence = queries.take_in("own", [project / "q.xlsx"])
    assert "0 answers" in sentence and f"{PAGE} G{row}" in sentence


def test_a_yes_to_an_answer_that_was_not_read_is_the_answer(project):
    """And what stands in a column that an office added is told."""
    own_wave(project, INVITED, "千代田区,多数,1\n港区,約70,1")
    queries.write_for_wave("own", project / "each", split=True)
    file = answer(project / "each" / "131016_千代田区.xlsx", "はい")
    answer(file, "兼任を含む", column="O")
    assert main(["queries", "own", "--returned", str(file)]) == 0
    result = prepare("own")
    assert result.findings.query("rule == 'corrected'")["value"].tolist() == ["はい"]
    assert "兼任を含む" in result.findings.query("rule == 'unmatched'")["raw"].tolist()


@pytest.mark.parametrize(
    ("kind", "was", "reply", "said"),
    [("binary", "いいえ（予定）", "はい", "asked"), ("binary", "いいえ（予定）", "はい。", "asked"),
     ("binary", "いいえ（予定）", "yes", "asked"), ("binary", "いいえ（予定）", "いいえ", "taken"),
     ("binary", "いいえ（予定）", "このまま", "kept"),
     ("binary", "はい（予定）", "はい", "kept"),
     ("single", "変更あり（一部）", "変更なし", "asked"),
     ("single", "変更あり（一部）", "はい", "kept"),
     ("single", "変更あり（一部）", "変更あり", "taken")],
)  # fmt: skip
def test_a_word_that_may_mean_all_is_right_or_be_an_answer_is_asked_about(
    project, kind, was, reply, said
):
    own_wave(project, "{code: '131016', name: 千代田区}", f"千代田区,40,{was}")
    book = project / "data" / "codebooks" / "own.yml"
    options = "{code: 1, ja: 変更あり, en: changed}, {code: 2, ja: 変更なし, en: unchanged}"
    options = f", options: [{options}]" if kind == "single" else ""
    about = f"type: {kind}, role: outcome, ja: 取組, en: measures{options}}}\n"
    book.write_text(OWN[: OWN.index("type: multi")] + about, "utf-8")
    queries.write_for_wave("own", project / "q.xlsx")
    printed = queries.take_in("own", [answer(project / "q.xlsx", reply, sheet=1)])
    assert (f"{PAGE} G5" in printed) is (said == "asked")
    assert (" 1 answers" in printed) is (said == "taken")
    result = prepare("own")
    assert (result.findings["rule"] == "corrected").any() == (said == "taken")
    asked = reply in result.findings.query("rule == 'unmatched'")["raw"].tolist()
    assert asked is (said == "asked")


@pytest.mark.parametrize(
    ("reply", "kept"),
    [("変更なし", 60), ("間違いありません。", 60), ("このままで結構です", 60), ("→13", 13),
     ("約60→13", 13), ("正しくは13人です", 13), ("13に修正", 13), ("確認中です", 60)],
)  # fmt: skip
def test_a_reply_in_the_office_s_own_words_never_takes_an_answer_away(asked, reply, kept):
    printed = queries.take_in("own", [answer(asked / "each" / "131016_千代田区.xlsx", reply)])
    assert ("G5" in printed) == (reply == "確認中です")  # said not to be taken
    result = prepare("own")
    assert result.responses.loc["131016", "S"] == kept
    loose = result.findings.query("rule == 'unmatched'")["raw"].tolist()
    assert loose == (["確認中です"] if reply == "確認中です" else [])
    result.ledger.check()


@pytest.mark.parametrize(("reply", "kept"), [
    ("両方です", None), ("取り消します", None), ("確認中です", None), ("企画課", 2), ("2", 2),
    ("その他（市長室）", 9), ("9 市長室", 9), ("その他", 9),
])  # fmt: skip
def test_words_of_a_reply_are_those_of_other_only_where_it_says_so(project, reply, kept):
    """両方です took the place of the answer, as words of "other"."""
    own_wave(project, "{code: '131016', name: 千代田区}", "千代田区,40,総務課か企画課")
    options = "{code: 1, ja: 総務課, en: a}, {code: 2, ja: 企画課, en: b}"
    options += ", {code: 9, ja: その他, en: other, other: true}"
    about = f"type: single, role: outcome, ja: 取組, en: measures, options: [{options}]}}\n"
    book = project / "data" / "codebooks" / "own.yml"
    book.write_text(OWN[: OWN.index("type: multi")] + about, "utf-8")
    queries.write_for_wave("own", project / "q.xlsx")
    printed = queries.take_in("own", [answer(project / "q.xlsx", reply, sheet=1)])
    assert (f"{PAGE} G5" in printed) is (kept is None)
    result = prepare("own")
    answers = result.responses["M"].dropna().tolist()
    assert answers == ([kept] if kept is not None else [])
    assert (result.findings["rule"] == "corrected").any() == (kept is not None)


@pytest.mark.parametrize(
    ("now", "kept"),
    [("{code: 1, ja: はい, en: y}, {code: 2, ja: いいえ, en: n}", "1"),
     ("{code: 2, ja: はい, en: y}, {code: 1, ja: いいえ, en: n}", "2"),
     ("{code: 1, ja: ある, en: y}, {code: 2, ja: いいえ, en: n}", None),
     ("{code: 1, ja: ある, en: y, source: [はい]}, {code: 2, ja: いいえ, en: n}", "1")],
)  # fmt: skip
@pytest.mark.parametrize("reply", ["1", "→１です"])
def test_a_number_is_of_the_options_that_the_sheet_printed(project, now, kept, reply):
    """The codes were swapped after the sheet was sent: 1 was read as what is 1 now."""
    own_wave(project, "{code: '131016', name: 千代田区}", "千代田区,40,はいかいいえ")
    book = project / "data" / "codebooks" / "own.yml"
    single = OWN.replace("multi", "single").replace("not any(M, [2])", "M == 1")
    options = "{code: 1, ja: 甲, en: a}, {code: 2, ja: 乙, en: b}"
    was = "{code: 1, ja: はい, en: y}, {code: 2, ja: いいえ, en: n}"
    book.write_text(single.replace(options, was), "utf-8")
    queries.write_for_wave("own", project / "each", split=True)
    queries.take_in("own", [answer(project / "each" / "131016_千代田区.xlsx", reply)])
    book.write_text(single.replace(options, now), "utf-8")
    result = prepare("own")
    said = result.responses["M"].iloc[0]
    assert (None if said is pd.NA else str(said)) == kept
    assert kept or "はい" in result.findings.query("question == 'M'")["raw"].str.cat()


@pytest.mark.parametrize("suffix", [".XLSX", ".xlsm", ".csv"])
def test_a_correction_counts_however_its_file_is_called(asked, suffix):
    """It was said to be taken, and never read."""
    file = answer(asked / "each" / "131016_千代田区.xlsx", 42)
    came = file.with_suffix(suffix)
    if suffix == ".csv":
        sheet = openpyxl.load_workbook(file).worksheets[0]
        pd.DataFrame(sheet.values).to_csv(came, index=False, header=False, encoding="cp932")
    else:
        file.rename(came)
    assert main(["queries", "own", "--returned", str(came)]) == 0
    assert prepare("own").responses["S"].tolist() == [42, 70]


def test_of_two_corrections_the_later_counts_and_two_of_one_day_are_refused(asked):
    file = asked / "each" / "131016_千代田区.xlsx"
    queries.take_in("own", [answer(file, 42)])
    again = answer(shutil.copy(file, asked / "again.xlsx"), 43)
    with pytest.raises(
        InputError, match=r"43 stands here and 42 in corrections/.*same or a later day"
    ):
        queries.take_in("own", [again])
    folder = asked / "data" / "raw" / "own" / "corrections"
    (kept,) = folder.iterdir()
    kept.rename(folder / f"2026-05-01_{file.name}")
    queries.take_in("own", [again])
    assert prepare("own").responses.loc["131016", "S"] == 43
    assert prepare("own").findings.query("rule == 'corrected'")["value"].tolist() == ["42", "43"]


def test_a_correction_in_a_copy_of_its_file_counts_once(asked):
    """Of a folder that was copied, or a file that a program keeps beside the other."""
    sheet = answer(asked / "each" / "131016_千代田区.xlsx", 42, "このまま")
    queries.take_in("own", [sheet, answer(asked / "each" / "131032_港区.xlsx", 71)])
    once = prepare("own").ledger.table().set_index("ledger")["cells"]
    folder = asked / "data" / "raw" / "own" / "corrections"
    day = dt.date.today()
    shutil.copy(folder / f"{day}_{sheet.name}", folder / f"{day}_{sheet.stem} - コピー.xlsx")
    result = prepare("own")
    assert result.responses["S"].tolist() == [42, 71]
    assert result.findings.query("rule == 'corrected'")["value"].tolist() == ["42", "71"]
    twice = result.ledger.table().set_index("ledger")["cells"]
    differ = (twice - once)[twice != once].index.tolist()
    assert differ == ["note", "sum", "received"]
    (told,) = result.findings.query("rule == 'copied'").itertuples()
    assert told.severity == "noted" and told.raw == "42"
    assert told.file == f"corrections/{day}_{sheet.name}"  # read after the other, by its name
    assert f"stands in corrections/{day}_{sheet.stem} - コピー.xlsx 131016 千代田区 G5" in told.en


@pytest.mark.parametrize("name", ["2999-01-01_a.xlsx", "a.xlsx"])
def test_a_reply_that_would_be_read_before_an_older_one_is_refused(asked, name):
    """The clock was wrong when the older came, or somebody put it there: 42 counted."""
    file = asked / "each" / "131016_千代田区.xlsx"
    folder = asked / "data" / "raw" / "own" / "corrections"
    folder.mkdir()
    shutil.copy(answer(file, 42), folder / name)
    with pytest.raises(InputError, match=rf"42 in corrections/{name}.*same or a later day"):
        queries.take_in("own", [answer(file, 43)])
    assert [p.name for p in folder.iterdir()] == [name]


def test_two_query_sheets_of_one_name_are_refused_and_none_is_kept(asked):
    file = asked / "each" / "131016_千代田区.xlsx"
    (asked / "other").mkdir()
    other = answer(shutil.copy(file, asked / "other" / file.name), 43)
    with pytest.raises(InputError, match="another query sheet of this name"):
        queries.take_in("own", [answer(file, 42), other])
    assert not (asked / "data" / "raw" / "own" / "corrections").exists()


def test_what_is_about_no_answer_is_told_and_what_is_no_query_sheet_refused(asked):
    file = answer(asked / "each" / "131016_千代田区.xlsx", 42)
    answer(file, "Z9", column="J")
    assert "not taken" in (said := queries.take_in("own", [file])) and "G5" in said
    found = prepare("own").findings
    assert found[found["file"].str.startswith("corrections")]["rule"].tolist() == ["unmatched"]
    other = openpyxl.Workbook()
    other.save(asked / "other.xlsx")
    with pytest.raises(InputError, match="this is no query sheet"):
        queries.take_in("own", [asked / "other.xlsx"])
    answer(file, *[None] * 4)
    book = openpyxl.load_workbook(file)
    book.worksheets[0]["I4"] = "elsewhere"
    book.save(file)
    with pytest.raises(InputError, match="a query sheet of elsewhere, not of own"):
        queries.take_in("own", [file])


TWO_NUMBERS = (
    OWN[: OWN.index("- {id: S")]
    + """
- {id: S, section: A, type: integer, role: outcome, ja: 職員数, en: staff}
- {id: Y, section: A, type: integer, role: outcome, ja: 相談, en: visits}
"""
)


@pytest.fixture
def of_two(asked):
    """The sheet of a municipality that is asked about two of its numbers."""
    (asked / "data/codebooks/own.yml").write_text(TWO_NUMBERS, "utf-8")
    replies = "団体名,職員数,相談\n千代田区,約60,約3\n港区,7,1\n"
    (asked / "data/raw/own/r.csv").write_text(replies, "utf-8")
    queries.write_for_wave("own", asked / "q.xlsx")
    book = openpyxl.load_workbook(asked / "q.xlsx")
    assert [row[2] for row in rows(book["131016 千代田区"])] == ["職員数", "相談"]
    return asked / "q.xlsx"


def retyped(file, cells):
    book = openpyxl.load_workbook(file)
    for cell, text in cells.items():
        book["131016 千代田区"][cell] = text
    book.save(file)
    return file


@pytest.mark.parametrize("whole", [False, True], ids=["what is seen", "whole rows"])
def test_rows_that_an_office_sorted_never_answer_another_question(of_two, whole):
    """Sorting the columns that Excel shows leaves the hidden ones: 2 became the number of staff."""
    book = openpyxl.load_workbook(of_two)
    columns = "ABCDEFGHIJKLMN" if whole else "ABCDEFG"
    seen = [[book["131016 千代田区"][f"{c}{row}"].value for c in columns] for row in (5, 6)]
    seen[0][6], seen[1][6] = 62, 2
    said = dict(
        zip([f"{c}{row}" for row in (6, 5) for c in columns], [*seen[0], *seen[1]], strict=True)
    )
    sentence = queries.take_in("own", [retyped(of_two, said)])
    result = prepare("own")
    assert result.responses[["S", "Y"]].iloc[0].tolist() == ([62, 2] if whole else [60, 3])
    assert (f"{PAGE} G5" in sentence) is (f"{PAGE} G6" in sentence) is not whole
    loose = result.findings.query("rule == 'unmatched'")
    assert loose["cell"].tolist() == ([] if whole else ["G5", "G6"])
    result.ledger.check()


PLEASE = label("queries.please", "ja")


@pytest.mark.parametrize(
    ("typed", "told", "staff", "visits"),
    [({"E5": 62, "G6": 2}, ["E5"], 60, 2), ({"D5": "62"}, ["D5"], 60, 3),
     ({"B6": "2人", "F5": "62"}, ["B6", "F5"], 60, 3),
     ({"C5": "職員", "G5": 62}, ["C5", "G5"], 60, 3),
     ({"E5": "3"}, ["E5"], 60, 3),  # which another row prints
     ({"O4": "備考", "O5": "再任用を含む", "G5": 62}, ["O5"], 62, 3),
     ({"F5": "62人です", "G5": 62, "A5": "済"}, ["F5"], 62, 3),
     ({"C5": " 職員数\n", "G5": 62}, [], 62, 3),
     ({"A9": "No.1は62人です", "D2": "至急"}, ["A9", "D2"], 60, 3),
     ({"A3": PLEASE + "No.1は62人です"}, ["A3"], 60, 3),
     ({"F4": "確認したいこと（No.1は62人です）", "G6": 2}, ["F4"], 60, 2)],
)  # fmt: skip
def test_what_is_typed_over_a_printed_text_is_told(of_two, typed, told, staff, visits):
    sentence = queries.take_in("own", [retyped(of_two, typed)])
    assert [place for place in typed if f"{PAGE} {place}" in sentence] == told
    result = prepare("own")
    assert result.responses[["S", "Y"]].iloc[0].tolist() == [staff, visits]
    assert sorted(result.findings.query("rule == 'unmatched'")["cell"]) == sorted(told)
    result.ledger.check()


@pytest.mark.parametrize("columns", ["FG", "AG", "ABCDEF"])
def test_columns_that_an_office_sorted_alone_answer_nothing(of_two, columns):
    page = openpyxl.load_workbook(of_two)["131016 千代田区"]
    said = {f"{c}{row}": page[f"{c}{11 - row}"].value for c in columns for row in (5, 6)}
    sentence = queries.take_in("own", [retyped(of_two, said | {"G5": 62, "G6": 2})])
    assert sentence.endswith(f"{PAGE} G5, {PAGE} G6") and "0 answers" in sentence
    assert prepare("own").responses[["S", "Y"]].iloc[0].tolist() == [60, 3]


def test_what_an_office_wrote_beside_its_replies_is_told(of_two):
    """A comment, a sheet of its own, and a correction struck out: 5 and 12 became 512."""
    book = openpyxl.load_workbook(of_two, rich_text=True)
    page = book["131016 千代田区"]
    page["G5"].comment = Comment("62人です", "")
    page["G6"] = CellRichText(TextBlock(InlineFont(strike=True), "5"), "12")
    book.create_sheet("回答")["B2"] = "No.1は62人です"
    book.save(of_two)
    sentence = queries.take_in("own", [of_two])
    assert (
        all(f"{PAGE} {said}" in sentence for said in ("G5 (62人です)", "G6"))
        and "q.xlsx 回答" in sentence
    )
    result = prepare("own")
    assert result.responses[["S", "Y"]].iloc[0].tolist() == [60, 3]
    found = result.findings[result.findings["file"].str.startswith("corrections")]
    assert {"62人です", "512", "No.1は62人です"} <= {*found["raw"]}


def test_the_office_is_not_asked_which_question_a_column_is(asked):
    replies = "団体名,職員数,取組,担当の考え\n千代田区,5,1,あれこれ\n港区,7,1,\n"
    (asked / "data" / "raw" / "own" / "r.csv").write_text(replies, "utf-8")
    queries.write_for_wave("own", asked / "q.xlsx")
    (row,) = rows(openpyxl.load_workbook(asked / "q.xlsx")["事務局で確認"])
    assert "wave.yml の header" in row[5] and "お知らせください" not in row[5] and "r.csv" in row[1]
