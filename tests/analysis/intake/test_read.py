"""Files as received become one table of raw cells; every cell is accounted for exactly once."""

import csv
import gc
import io
import unicodedata
import weakref
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from received import BOOK, HEADINGS, ROWS, book, csv_text, put, wave, workbook

from analysis.cleaning import clean
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake import read as intake
from analysis.intake.cells import addresses
from analysis.intake.files import read_file
from analysis.intake.sheet import CellKind

SHARED = Path(__file__).parents[3].parent / "shared"
NATIONAL = SHARED / "data" / "digital-agency-r5" / "市区町村毎のDX進捗状況_市区町村比較.csv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    path = tmp_path / "data" / "raw" / "w"
    path.mkdir(parents=True)
    return path


def read(folder, *files, codebook=None):
    return intake.read(wave(folder, *files), codebook or book())


def cells(received):
    """Every filled cell as (file, sheet, address, text)."""
    there = received.cells[received.cells["text"] != ""]
    columns = (there["file"], there["sheet"], addresses(there), there["text"])
    return list(zip(*columns, strict=True))


def place(received, variable, record):
    """The name of an answer's cell in its file."""
    at = received.positions[variable][record]
    return addresses(received.cells.iloc[[at]])[0]


def texts(received, *variables):
    """The answers of each record, to all variables or to these."""
    names = variables or received.variables
    return [list(record) for record in zip(*map(received.texts, names), strict=True)]


def special(received, column):
    """The cells of answers of which a column of the tidy frame says something."""
    there = received.cells[received.cells[column] != ""]
    return dict(zip(addresses(there), there[column], strict=True))


def hidden(received):
    return [(r.file, r.sheet, r.cell) for r in received.remarks if r.rule == "hidden"]


def reasons(table):
    return dict(zip(table.outside["cell"], table.outside["reason"], strict=True))


# --- one row per municipality -------------------------------------------------------------------


def test_a_plain_sheet(folder):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    table = read(folder, "r.xlsx")
    assert tuple(table.variables) == ("Q01", "Q02", "Q03", "Q04", "Q05_1", "Q05_2")
    assert table.texts("Q03").tolist() == ["13", "１２名", ""]
    assert table.kinds("Q03").tolist() == [CellKind.NUMBER, CellKind.TEXT, CellKind.EMPTY]
    assert place(table, "Q03", 1) == "C3"
    assert set(table.outside["reason"]) == {"header"}


def test_merged_two_row_header_below_a_title_anywhere_in_the_sheet(folder):
    content = workbook(folder / "r.xlsx", [])
    page = content.active
    page["C2"] = "調査の回答一覧（架空データ）"
    put(page, [
        [None, None, "人員", "取組", None, None, "連携"],
        ["問１　団体コード", "団体名", "問3\n職員数", "問４ 実施している取組み", None, None,
         "Q05 庁内の連携"],
        [None, None, "（人）", "1 研修", "２．採用", "⑨その他", "(1) 首長の関与", "課間の調整"],
        ["990019", "架空市", 13, "○", None, None, 1, 5],
        ["990027", "見本町", 4, None, "○", "○", 5, 5],
        ["合計", None, 17],
        ["※ 職員数は4月1日現在"],
    ], "C4")  # fmt: skip
    for cells_ in ("C5:C6", "D5:D6", "F5:H5", "I5:J5", "F4:H4"):
        page.merge_cells(cells_)
    content.save(folder / "r.xlsx")
    table = read(folder, "r.xlsx")
    assert tuple(table.variables) == (
        "Q01", "Q02", "Q03", "Q04_1", "Q04_2", "Q04_9", "Q05_1", "Q05_2",
    )  # fmt: skip
    assert table.texts("Q04_9").tolist() == ["", "○"]
    assert place(table, "Q01", 0) == "C7"
    found = reasons(table)
    assert found["C2"] == "title"
    assert found["E4"] == found["E6"] == found["J6"] == "header"
    assert found["C9"] == found["E9"] == "total"
    assert found["C10"] == "note"


@pytest.mark.parametrize(
    "label",
    [
        "合計",
        "計",
        "平均",
        "（合計）",
        "北海道 計",
        "全国",
        "Total",
        "小計（市部）",
        "合計（3団体）",
    ],
)
def test_a_total_row_is_no_municipality(folder, label):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, [None, label, 30]])
    table = read(folder, "r.xlsx")
    assert table.n == 3
    assert reasons(table)["C5"] == "total"


def test_a_municipality_whose_name_ends_like_a_total_is_kept(folder):
    rows = [[None, name, 3] for name in ("美郷町", "小計町", "計石市", "大阪府")]
    workbook(folder / "r.xlsx", [HEADINGS, *rows])
    assert read(folder, "r.xlsx").texts("Q02").tolist() == ["美郷町", "小計町", "計石市", "大阪府"]


def test_a_reply_without_code_and_name_is_not_swallowed_as_a_note(folder):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, [None, None, 7, "1", 1, 1]])
    assert read(folder, "r.xlsx").texts("Q03").tolist()[-1] == "7"


def test_few_replies_among_many_filled_rows_are_refused(folder):
    rows = [[None, None, n, 1, 1, 1] for n in range(5)]
    workbook(folder / "r.xlsx", [HEADINGS, ROWS[0], *[["メモ"]] * 3, *rows])
    assert read(folder, "r.xlsx").n == 6  # rows that answer without a name are replies of nobody
    notes = [[None, None, None, None, None, None, "メモ", n] for n in range(5)]
    workbook(folder / "r.xlsx", [[*HEADINGS, "覚え", "番"], *ROWS, *notes])
    with pytest.raises(InputError, match=r"A5: 3 rows are replies, but 5 others .* name nobody"):
        read(folder, "r.xlsx")


def test_an_answer_alone_in_its_row_is_no_note(folder):
    """Below a question it may be the answer of somebody who forgot the name; a note is none."""
    below = [[None, None, "集計中"], [None, None, None, None, "※ 概数"], ["以上"]]
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, *below])
    table = read(folder, "r.xlsx")
    assert table.n == 3 and reasons(table)["C5"] == "unmatched"
    assert {reasons(table)["E6"], reasons(table)["A7"]} == {"note"}
    many = [[None, None, n] for n in range(5)]
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, *many])
    with pytest.raises(InputError, match=r"A5: 3 rows are replies, but 5 others .* name nobody"):
        read(folder, "r.xlsx")


@pytest.mark.parametrize("label", ["例", "記入例", "回答例①", "（例）"])
def test_an_example_with_the_code_of_a_municipality_is_no_reply(folder, label):
    example = [label, "990019", "架空市", 99]
    rows = [[i, *row] for i, row in enumerate(ROWS)]
    workbook(folder / "r.xlsx", [["番号", *HEADINGS], example, *rows])
    table = read(folder, "r.xlsx")
    assert table.texts("Q03").tolist() == ["13", "１２名", ""] and reasons(table)["D2"] == "example"
    workbook(folder / "r.xlsx", [HEADINGS, ["（例）990019", "架空市", 99], *ROWS])
    assert read(folder, "r.xlsx").texts("Q03").tolist() == ["13", "１２名", ""]


def test_an_answer_that_reads_like_a_label_leaves_the_reply_in(folder):
    heads = ["団体名", "Q04", "職員数", "Q05_1", "Q05_2"]
    workbook(folder / "r.xlsx", [heads, ["架空市", "全体", 3, 1, 1], ["例示村", "※集計中"]])
    table = read(folder, {"path": "r.xlsx", "header": {"Q01": []}})
    assert table.texts("Q04").tolist() == ["全体", "※集計中"]


def test_a_header_repeated_on_each_page_is_no_reply(folder):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS[:1], HEADINGS, *ROWS[1:]])
    table = read(folder, "r.xlsx")
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    assert reasons(table)["A3"] == reasons(table)["F3"] == "header"


def test_a_table_with_a_row_an_answer_says_what_to_do(folder):
    asked = HEADINGS[2:]
    rows = [[*row[:2], name, row[2 + at]] for row in ROWS for at, name in enumerate(asked)]
    workbook(folder / "r.xlsx", [["団体コード", "団体名", "設問", "回答"], *rows])
    with pytest.raises(InputError, match=r"cell C2: each row .* one answer.*Pivot Column"):
        read(folder, "r.xlsx")


def test_a_section_above_the_questions_that_is_called_as_an_option_is_none(folder):
    words = {1: "直営", 9: "その他"}
    options = [{"code": code, "ja": ja, "en": str(code)} for code, ja in words.items()]
    options = {"type": "single", "options": options}
    questions = [{**q, **options} if q["id"] == "Q03" else q for q in BOOK["questions"]]
    heads = [["", "", "体制", "その他", "", ""], HEADINGS]
    workbook(folder / "r.xlsx", [*heads, *([*row[:2], "直営", *row[3:]] for row in ROWS)])
    odd = Codebook.parse({**BOOK, "questions": questions})
    assert read(folder, "r.xlsx", codebook=odd).texts("Q03").tolist() == ["直営"] * 3


def test_a_second_table_below_with_other_columns_is_refused(folder):
    below = [["団体コード", "団体名", "予算", "Q05_2", "Q05_1"], ["990019", "架空市", 999, 1, 1]]
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, [], *below])
    with pytest.raises(InputError, match=r"r.xlsx, sheet 回答, cell D6: a second table"):
        read(folder, "r.xlsx")


def test_an_example_row_and_a_repeated_blank_row_are_no_replies(folder):
    workbook(folder / "r.xlsx", [HEADINGS, ["記入例", "見本市", 10, "1"], *ROWS[:1], [], *ROWS[1:]])
    table = read(folder, "r.xlsx")
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    assert reasons(table)["A2"] == reasons(table)["C2"] == "example"
    assert place(table, "Q01", 1) == "A5"


def test_hidden_rows_and_columns_are_read_and_reported(folder):
    content = workbook(folder / "r.xlsx", [[*HEADINGS, "内部メモ"], *ROWS])
    page = content.active
    page["G2"] = "要確認"
    page.row_dimensions[3].hidden = True
    page.column_dimensions["C"].hidden = page.column_dimensions["G"].hidden = True
    content.save(folder / "r.xlsx")
    table = read(folder, "r.xlsx")
    assert table.n == 3
    assert hidden(table) == [("r.xlsx", "回答", "3:3"), ("r.xlsx", "回答", "C:C")]
    assert reasons(table)["G2"] == "hidden"


def test_an_unknown_column_is_listed_cell_by_cell(folder):
    workbook(folder / "r.xlsx", [[*HEADINGS, "メモ"], [*ROWS[0], "山田"], *ROWS[1:]])
    table = read(folder, "r.xlsx")
    assert reasons(table)["G2"] == "unmatched"
    assert "山田" not in np.ravel(texts(table))


def test_other_sheets_are_listed_and_the_sheet_with_the_header_is_found(folder):
    content = workbook(folder / "r.xlsx", [["記入要領"], ["番号を記入"]], sheet="要領")
    put(content.create_sheet("一覧"), [HEADINGS, *ROWS])
    hidden = content.create_sheet("選択肢")
    put(hidden, [["研修"]])
    hidden.sheet_state = "hidden"
    content.save(folder / "r.xlsx")
    table = read(folder, "r.xlsx")
    assert set(table.sources["sheet"]) == {"一覧"}
    by_sheet = table.outside.groupby("sheet")["reason"].unique()
    assert by_sheet["要領"].tolist() == ["sheet"] and by_sheet["選択肢"].tolist() == ["hidden"]


def test_a_list_of_the_questions_before_the_replies_is_not_taken_for_them(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    rows = [["Q01", "団体コード"], ["Q02", "団体名"], ["Q03", "職員数"], ["Q04", "取組"], ["Q05"]]
    put(content.create_sheet("設問一覧", 0), rows)
    content.save(folder / "r.xlsx")
    assert set(read(folder, "r.xlsx").sources["sheet"]) == {"回答"}


def test_replies_on_two_sheets_are_not_half_read(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS[:2]], sheet="市")
    put(content.create_sheet("町村"), [HEADINGS, ROWS[2]])
    content.save(folder / "r.xlsx")
    with pytest.raises(InputError, match=r"r.xlsx: 2 sheets have the headings .*市, 町村"):
        read(folder, "r.xlsx")
    table = read(folder, {"path": "r.xlsx", "sheet": "市"}, {"path": "r.xlsx", "sheet": "町村"})
    assert table.sources["sheet"].tolist() == ["市", "市", "町村"]
    assert set(table.outside["reason"]) == {"header"}


def test_an_old_table_on_a_hidden_sheet_is_not_read_but_listed(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    put(content.create_sheet("旧", 0), [HEADINGS, ["990043", "別町", 99]])
    content["旧"].sheet_state = "hidden"
    content.save(folder / "r.xlsx")
    table = read(folder, "r.xlsx")
    assert set(table.sources["sheet"]) == {"回答"} and hidden(table) == []
    assert set(table.outside.query("sheet == '旧'")["reason"]) == {"hidden"}


def test_an_option_whose_number_and_label_disagree_is_not_guessed(folder):
    heads = [*HEADINGS[:3], "問4", "", "", *HEADINGS[4:]]
    options = {"1 研修": True, "1 採用": False, "人づくり": False}
    for first, agree in options.items():
        below = ["", "", "", first, "2 採用" if agree else "2 研修", "9 その他"]
        workbook(folder / "r.xlsx", [heads, below, ["990019", "架空市", 3, 1, 0, 0, 1, 1]])
        if agree:
            assert read(folder, "r.xlsx").texts("Q04_1").tolist() == ["1"]
        else:
            with pytest.raises(InputError, match=r"question Q04 .* has no column"):
                read(folder, "r.xlsx")


def test_answers_on_a_hidden_sheet_are_reported(folder):
    content = workbook(folder / "r.xlsx", [["回答なし"]])
    put(content.create_sheet("旧"), [HEADINGS, *ROWS])
    content["旧"].sheet_state = "veryHidden"
    content.save(folder / "r.xlsx")
    table = read(folder, {"path": "r.xlsx", "sheet": "旧"})
    assert hidden(table) == [("r.xlsx", "旧", "A2:F4")]


@pytest.mark.parametrize("given", ["Z9", "C2", "無い見出し"])
def test_a_heading_in_wave_yml_that_is_not_in_the_file_is_refused(folder, given):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    with pytest.raises(InputError, match=f"wave.yml: no heading of Q03 in r.xlsx is {given}"):
        read(folder, {"path": "r.xlsx", "header": {"Q03": [given]}})
    assert read(folder, {"path": "r.xlsx", "header": {"Q03": [given, "職員数"]}}).n == 3


def test_a_merge_over_the_rest_of_the_sheet_takes_no_time(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    content.active.merged_cells.add("E2:XFD1048576")
    content.save(folder / "r.xlsx")
    assert special(read(folder, "r.xlsx"), "covered")["F4"] == "E2: 1"


def test_a_code_stored_as_a_number_keeps_its_format(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, [11002, *ROWS[0][1:]], *ROWS[1:]])
    content.active["A2"].number_format = "000000"
    content.active["C2"].number_format = '0"人"'
    content.active["E2"].number_format = "#,##0"
    content.save(folder / "r.xlsx")
    table = read(folder, "r.xlsx")
    assert table.texts("Q01")[0] == "11002"
    assert special(table, "number_format") == {"A2": "000000", "C2": '0"人"'}


def test_a_number_format_says_nothing_of_a_text_an_error_or_an_empty_cell(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    for cell, value in {"C2": 0.62, "C3": "無回答", "C4": None, "D2": "=1/0"}.items():
        content.active[cell], content.active[cell].number_format = value, "0%"
    content.save(folder / "r.xlsx")
    about = wave(folder, "r.xlsx")
    table = intake.read(about, book())
    assert special(table, "number_format") == {"C2": "0%"}
    clean.clean(table, about, book()).ledger.check()


def test_a_merged_answer_tells_which_cell_holds_it(folder):
    content = workbook(folder / "r.xlsx", [HEADINGS, *ROWS])
    content.active["E2"], content.active["E3"] = 3, None
    content.active.merge_cells("E2:E3")
    content.save(folder / "r.xlsx")
    assert special(read(folder, "r.xlsx"), "covered") == {"E3": "E2: 3"}


# --- headings -----------------------------------------------------------------------------------


def test_two_columns_of_one_question_are_refused_until_wave_yml_says_which(folder):
    workbook(folder / "r.xlsx", [[*HEADINGS, "職員数"], *[[*row, 99] for row in ROWS]])
    with pytest.raises(InputError, match=r"two columns are headed Q03 \(C1 and G1\)"):
        read(folder, "r.xlsx")
    table = read(folder, {"path": "r.xlsx", "header": {"Q03": ["G1"]}})
    assert table.texts("Q03").tolist() == ["99"] * 3
    assert reasons(table)["C2"] == "unmatched"


def test_a_question_that_is_not_in_the_file(folder):
    workbook(folder / "r.xlsx", [row[:2] + row[3:] for row in (HEADINGS, *ROWS)])
    with pytest.raises(InputError, match=r"r.xlsx, sheet 回答: question Q03 .*職員数.* no column"):
        read(folder, "r.xlsx")
    table = read(folder, {"path": "r.xlsx", "header": {"Q03": []}})
    assert "Q03" not in table.variables


def test_a_lacking_option_column_is_not_taken_for_not_chosen(folder):
    heads = ["団体コード", "団体名", "職員数", "Q04_1", "Q04_2", "Q05_1", "Q05_2"]
    workbook(folder / "r.xlsx", [heads, ["990019", "架空市", 1, 1, 0, 1, 1]])
    with pytest.raises(InputError, match="no column for Q04_9「その他」"):
        read(folder, "r.xlsx")
    for header in ({"Q04_9": []}, {"Q04": []}):
        with pytest.raises(
            InputError, match="no column for Q04_9「その他」; it would count as not"
        ):
            read(folder, {"path": "r.xlsx", "header": header})
    not_asked = {"path": "r.xlsx", "header": {"Q04": []}, "ignore": ["Q04_1", "Q04_2"]}
    assert not {"Q04_1", "Q04_2", "Q04_9"} & {*read(folder, not_asked).variables}


@pytest.mark.parametrize(
    ("heads", "below", "lacks"),
    [
        (["問4", "", "", "Q05_1", "Q05_2"], ["研修会", "採用", "その他"], "Q04_1「研修」"),
        (
            ["Q04_1", "Q04_2", "Q04_9", "問5", ""],
            ["", "", "", "市長", "課間の調整"],
            "question Q05",
        ),
        (["Q04", "Q05_1", "庁内の連携"], [], "Q05_2「課間の調整」"),
        (["Q04", "庁内の連携"], [], "Q05 .* has no column"),
    ],
)
def test_an_option_or_item_of_another_name_is_not_taken_for_its_question(
    folder, heads, below, lacks
):
    rows = [[*HEADINGS[:3], *heads], *([["", "", "", *below]] if below else [])]
    workbook(folder / "r.xlsx", [*rows, ["990019", "架空市", 3, *[1] * len(heads)]])
    with pytest.raises(InputError, match=lacks):
        read(folder, "r.xlsx")


def test_a_question_in_one_column_here_and_in_several_there_is_refused(folder):
    workbook(folder / "a.xlsx", [HEADINGS, *ROWS])
    heads = [*HEADINGS[:3], "Q04_1", "Q04_2", "Q04_9", *HEADINGS[4:]]
    workbook(folder / "b.xlsx", [heads, ["990043", "別町", 1, 1, 0, 0, 1, 1]])
    with pytest.raises(InputError, match=r"a.xlsx: Q04 is one column here but several in b.xlsx"):
        read(folder, "a.xlsx", "b.xlsx")


def test_a_heading_of_ones_own_and_one_that_names_nothing(folder):
    workbook(folder / "r.xlsx", [["番号", *HEADINGS[1:]], *ROWS])
    table = read(folder, {"path": "r.xlsx", "header": {"Q01": ["番号"]}})
    assert table.texts("Q01").tolist() == ["990019", "990027", "990035"]
    with pytest.raises(InputError, match="header names Q99"):
        read(folder, {"path": "r.xlsx", "header": {"Q99": ["番号"]}})


def test_the_number_of_a_survey_is_no_question(folder):
    heads = ["番号", *HEADINGS[:2], *HEADINGS[3:]]
    rows = [["第３回 人材調査"], heads, [1, *ROWS[0][:2], *ROWS[0][3:]]]
    workbook(folder / "r.xlsx", rows)
    with pytest.raises(InputError, match=r"question Q03 .* has no column"):
        read(folder, "r.xlsx")
    workbook(folder / "r.xlsx", [[*HEADINGS[:2], "第3問 職員の数", *HEADINGS[3:]], *ROWS])
    assert read(folder, "r.xlsx").texts("Q03").tolist() == ["13", "１２名", ""]


def test_a_question_numbered_otherwise_in_the_file_is_told_by_its_text(folder):
    workbook(folder / "r.xlsx", [[*HEADINGS[:2], "問4 職員数", "Q04", *HEADINGS[4:]], *ROWS])
    assert read(folder, "r.xlsx").texts("Q03").tolist() == ["13", "１２名", ""]
    workbook(folder / "r.xlsx", [[*HEADINGS[:2], "問3 団体名", *HEADINGS[3:]], *ROWS])
    with pytest.raises(InputError, match=r"two columns are headed Q02 \(B1 and C1\)"):
        read(folder, "r.xlsx")


@pytest.mark.parametrize(
    "around",
    [
        "{}*",
        "【必須】{}",
        "{}（任意）",
        "7. {}",
        "（7）{}",
        "F7 {}",
        "Q27. {}をご記入ください（半角数字）",
        "Please enter the {}?",
        "第3問 {}は？",
    ],
)
def test_what_stands_around_a_question_is_no_part_of_it(folder, around):
    heads = [*HEADINGS[:2], around.format("職員数"), *HEADINGS[3:]]
    workbook(folder / "r.xlsx", [heads, *ROWS])
    assert read(folder, "r.xlsx").texts("Q03").tolist() == ["13", "１２名", ""]


@pytest.mark.parametrize(
    "other",
    [
        "R4職員数",
        "第2職員数",
        "職員数（回答者数）",
        "職員数（複数年契約）",
        "職員数について記入した方の課をご記入ください",
        "職員数の増減を教えてください",
    ],
)
def test_the_number_of_other_staff_is_another_question(folder, other):
    workbook(folder / "r.xlsx", [[*HEADINGS[:2], other, *HEADINGS[3:]], *ROWS])
    with pytest.raises(InputError, match=r"Q03 .* has no column"):
        read(folder, "r.xlsx")


def test_a_code_in_a_formula_of_a_text_file_keeps_its_zero(folder):
    rows = [[f'="{text}"' for text in HEADINGS], *([f'="{row[0]}"', *row[1:]] for row in ROWS)]
    (folder / "r.csv").write_text(csv_text(rows), "utf-8")
    assert read(folder, "r.csv").texts("Q01").tolist() == [row[0] for row in ROWS]


def test_a_name_is_enough_where_a_code_was_not_asked(folder):
    workbook(folder / "r.xlsx", [HEADINGS[1:], *(row[1:] for row in ROWS)])
    table = read(folder, "r.xlsx")
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    workbook(folder / "架空市.xlsx", [HEADINGS[2:], *(row[2:] for row in ROWS)])
    with pytest.raises(InputError, match=r"from which municipality .*names of files"):
        read(folder, "架空市.xlsx")


@pytest.mark.parametrize(
    ("options", "items"),
    [
        (["問4①", "問４②", "問4⑨"], ["問5-①", "問5②"]),
        (["問4_研修", "問4：採用", "問4 ⑨その他"], ["Q5.首長の関与", "Q05_課間の調整"]),
    ],
)
def test_options_and_items_named_in_one_row(folder, options, items):
    heads = [*HEADINGS[:2], "問3", "問3付問", *options, *items]
    workbook(folder / "r.xlsx", [heads, ["990019", "架空市", 13, 7, "○", None, "○", 1, 5]])
    table = read(folder, "r.xlsx")
    assert texts(table)[0][2:] == ["13", "○", "", "○", "1", "5"]
    assert table.variables[3:] == ["Q04_1", "Q04_2", "Q04_9", "Q05_1", "Q05_2"]
    assert reasons(table)["D2"] == "unmatched"


def test_byte_order_marks_where_files_were_put_together(folder):
    text = csv_text([HEADINGS, *ROWS])
    (folder / "r.csv").write_text(f"\ufeff\ufeff{text}\ufeff{text}", "utf-8")
    assert read(folder, "r.csv").texts("Q02").tolist() == ["架空市", "見本町", "例示村"] * 2


def test_a_heading_whose_number_alone_fits_is_told(folder):
    heads = ["問1", "問2 団体の名称", "問3 避難所の箇所数", "問4 実施している取組み", *HEADINGS[4:]]
    workbook(folder / "r.xlsx", [heads, *ROWS])
    told = read(folder, "r.xlsx").remarks
    assert [(one.cell, one.text, one.value) for one in told] == [
        ("C1", "問3 避難所の箇所数", "Q03")
    ]
    sure = read(folder, {"path": "r.xlsx", "header": {"Q03": ["問3 避難所の箇所数"]}})
    assert sure.remarks == ()


# --- text files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_text_files(folder, encoding, separator):
    rows = [["調査"], HEADINGS, ["990019", "髙﨑市", "①", '"1,2\n9"', 1, 5]]
    name = "r.tsv" if separator == "\t" else "r.csv"
    (folder / name).write_bytes(csv_text(rows, separator).encode(encoding))
    table = read(folder, name)
    assert texts(table)[0] == ["990019", "髙﨑市", "①", "1,2\n9", "1", "5"]
    assert place(table, "Q05_2", 0) == "F3"
    assert reasons(table)["A1"] == "title"


def test_a_file_named_on_a_mac(folder):
    name = "回答データ（１）.csv"
    (folder / unicodedata.normalize("NFD", name)).write_text(csv_text([HEADINGS, *ROWS]), "utf-8")
    assert set(read(folder, name).sources["file"]) == {name}


def test_the_labels_of_an_spss_file_are_no_reply(folder):
    frame = pd.DataFrame([[str(v or "") for v in row] for row in ROWS], columns=HEADINGS)
    frame = frame.rename(columns={"団体コード": "Q01", "団体名": "Q02", "職員数": "Q03"})
    labels = ["コードです", "名称", "人員", "施策", "首長", "課"]
    pyreadstat.write_sav(frame, folder / "r.sav", column_labels=labels)
    table = read(folder, "r.sav")
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    assert reasons(table)["C2"] == "header"


def test_a_blank_line_keeps_the_line_numbers_right(folder):
    (folder / "r.csv").write_text("\n" + csv_text([HEADINGS]) + "\n\n" + csv_text(ROWS), "utf-8")
    assert place(read(folder, "r.csv"), "Q01", 0) == "A5"


# --- one column per municipality ----------------------------------------------------------------


def test_one_column_per_municipality(folder):
    turned = [list(column) for column in zip(HEADINGS, *ROWS, strict=True)]
    workbook(folder / "r.xlsx", turned)
    table = read(folder, {"path": "r.xlsx", "layout": "columns"})
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    assert place(table, "Q03", 1) == "C3" and place(table, "Q01", 2) == "D1"


QUESTIONS = ["CIOの任命", "AIの導入状況", "カードの保有状況"]
NATIONAL_BOOK = {
    **BOOK,
    "questions": [
        {"id": f"D{i}", "section": "A", "type": "text", "role": "describe", "ja": text,
         "en": f"indicator {i}"} for i, text in enumerate(QUESTIONS)
    ],
}  # fmt: skip


def test_a_table_in_the_layout_of_the_national_one(folder):
    text = (
        "\ufeff,,札幌市,伊達市,伊達市,\n"
        "体制,CIOの任命,実施,未実施,調査無し,\n"
        "業務,AIの導入状況 ,実施,実施,未実施,\n"
        "住民,カードの保有状況,72%,%,69%,\n"
    )
    (folder / "n.csv").write_text(text, "utf-8")
    table = read(
        folder,
        {"path": "n.csv", "layout": "columns", "codes": "order"},
        codebook=Codebook.parse(NATIONAL_BOOK),
    )
    assert table.texts("@name").tolist() == ["札幌市", "伊達市", "伊達市"]
    assert table.texts("D2").tolist() == ["72%", "%", "69%"]
    assert (place(table, "D2", 2), place(table, "@name", 2)) == ("E4", "E1")
    assert set(table.outside["reason"]) == {"header"}


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national table is not here")
def test_the_national_table(folder):
    labels = pd.read_csv(NATIONAL, header=None, usecols=[1]).iloc[1:, 0].str.strip().tolist()
    questions = [
        {"id": f"D{i:02}", "section": "A", "type": "text", "role": "describe", "ja": text,
         "en": f"indicator {i}"} for i, text in enumerate(labels)
    ]  # fmt: skip
    (folder / "n.csv").write_bytes(NATIONAL.read_bytes())
    table = read(
        folder,
        {"path": "n.csv", "layout": "columns", "codes": "order"},
        codebook=Codebook.parse(BOOK | {"questions": questions}),
    )
    assert (table.n, len(table.variables)) == (1741, 16)
    done = {label: (table.texts(f"D{i:02}") == "実施").sum() for i, label in enumerate(labels)}
    assert [done[label] for label in labels[:3]] == [1270, 846, 862]
    assert done["外部人材活用"] == 522
    assert (table.texts("D00") == "調査無し").sum() == 8
    assert table.texts("@name")[[0, -1]].tolist() == ["札幌市", "与那国町"]


# --- forms --------------------------------------------------------------------------------------


def form(page, code, name, staff, chosen, battery=(1, 5), shift=0):
    page["A1"] = "調査票"
    put(page, [
        ["問1", "団体コード", code], ["問2", "団体名", name], ["問3", "職員数", staff, "人"],
        ["問4", "実施している取組み"],
        [None, "1 研修", "○" if 1 in chosen else None],
        [None, "2 採用", "○" if 2 in chosen else None],
        [None, "9 その他", "○" if 9 in chosen else None],
        ["問5", "庁内の連携"], [None, "首長の関与", battery[0]], [None, "課間の調整", battery[1]],
        ["ご協力ありがとうございました"],
    ], f"A{3 + shift}")  # fmt: skip


def test_one_sheet_per_municipality(folder):
    content = openpyxl.Workbook()
    content.active.title = "要領"
    content.active["A1"] = "この調査票の記入要領"
    form(content.create_sheet("A市"), "990019", "架空市", 13, {1, 9})
    form(content.create_sheet("B町"), "990027", "見本町", None, {2}, shift=1)
    content["B町"]["F6"] = "人数は集計中"
    content.save(folder / "f.xlsx")
    table = read(folder, {"path": "f.xlsx", "layout": "form"})
    assert table.sources["sheet"].tolist() == ["A市", "B町"]
    assert table.texts("Q02").tolist() == ["架空市", "見本町"]
    assert table.texts("Q03").tolist() == ["13", ""]
    assert table.texts("Q04_9").tolist() == ["○", ""]
    assert table.texts("Q05_2").tolist() == ["5", "5"]
    assert (place(table, "Q03", 0), place(table, "Q03", 1)) == ("C5", "C6")
    by_cell = table.outside.set_index(["sheet", "cell"])["reason"]
    assert by_cell["B町", "F6"] == "unmatched"
    # two copies do not show what is printed: a unit that the codebook does not have, thanks
    assert by_cell["A市", "D5"] == by_cell["A市", "A13"] == "unsure"
    assert by_cell["要領", "A1"] == "sheet"


def test_a_folder_of_workbooks(folder):
    (folder / "replies").mkdir()
    for i, name in enumerate(["架空市", "見本町", "例示村"]):
        content = openpyxl.Workbook()
        form(content.active, f"99000{i}", name, i, {1})
        content.save(folder / "replies" / f"{i}_{name}.xlsx")
    (folder / "replies" / "~$0_架空市.xlsx").write_bytes(b"lock")
    table = read(folder, {"path": "replies", "layout": "form"})
    assert table.sources["file"].iloc[1] == "replies/1_見本町.xlsx"
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]


@pytest.mark.parametrize("names", [["架空市", "見本町", "例示村"], ["架空市"]])
def test_who_replied_behind_an_empty_cell_while_other_answers_stand_beside(folder, names):
    content = openpyxl.Workbook()
    content.remove(content.active)
    for i, name in enumerate(names):
        page = content.create_sheet(name)
        form(page, f"99000{i}", name, i + 1, {1})
        for cell in ("C3", "C4"):  # the answers move behind an empty cell of their own
            page[cell.replace("C", "D")], page[cell] = page[cell].value, None
    content.save(folder / "f.xlsx")
    table = read(folder, {"path": "f.xlsx", "layout": "form"})
    assert table.texts("Q02").tolist() == names
    assert table.texts("Q03").tolist() == [str(i + 1) for i in range(len(names))]
    assert place(table, "Q01", 0) == "D3"


def test_ticks_to_the_left_of_the_options(folder):
    content = openpyxl.Workbook()
    for name in ("架空市", "見本町"):
        page = content.create_sheet(name)
        put(page, [[None, "団体コード", "990019"], [None, "団体名", name], [None, "職員数", 3],
                   [None, "実施している取組み"], ["○", "1 研修"], [None, "2 採用"],
                   ["レ", "9 その他"], [None, "首長の関与", 1],
                   [None, "課間の調整", 1]])  # fmt: skip
    content.save(folder / "f.xlsx")
    table = read(folder, {"path": "f.xlsx", "layout": "form"})
    assert texts(table, "Q04_1", "Q04_2", "Q04_9")[0] == ["○", "", "レ"]


def copies(folder, build, n=4):
    (folder / "replies").mkdir()
    for i in range(n):
        content = openpyxl.Workbook()
        build(content.active, i)
        content.save(folder / "replies" / f"{i:02}.xlsx")
    return read(folder, {"path": "replies", "layout": "form"})


def columns_apart(numbered):
    """A form whose answers stand behind an empty column or one of units."""

    def build(page, i):
        gap = [] if numbered else [None]
        no = (1, 2, 9) if numbered else (None,) * 3
        unit = gap and ["（人）"]
        put(page, [
            ["問1", "団体コード", *gap, f"99{i:04}"], ["問2", "団体名", *gap, f"町{i}町"],
            ["問3", "職員数", *unit, 3], ["問4", "実施している取組み"],
            [no[0], "研修", *gap, "○"], [no[1], "採用", *gap], [no[2], "その他", *gap, "○"],
            ["問5", "庁内の連携"], [None, "首長の関与", *gap, 1], [None, "課間の調整", *gap, 5],
        ])  # fmt: skip

    return build


@pytest.mark.parametrize("numbered", [True, False])
def test_answers_behind_a_column_of_units_and_options_with_printed_numbers(folder, numbered):
    table = copies(folder, columns_apart(numbered))
    assert table.texts("Q02").tolist() == ["町0町", "町1町", "町2町", "町3町"]
    assert texts(table, "Q03", "Q04_1", "Q04_2", "Q04_9", "Q05_1") == [["3", "○", "", "○", "1"]] * 4
    assert set(table.outside["reason"]) == {"header", "note"}


def test_what_few_offices_wrote_beside_their_answers_is_reported_even_where_it_is_the_same(folder):
    def build(page, i):
        form(page, f"99{i:04}", f"町{i}町", i + 2, {1})
        page["E5"], page["C3"] = "集計中" if i < 2 else None, f"99{i:04}"
        page["D9"] = "○" if i == 3 else None

    beside = copies(folder, build, 6).outside.query("reason == 'unmatched'")
    assert beside[["file", "cell"]].to_numpy().tolist() == [
        ["replies/00.xlsx", "E5"], ["replies/01.xlsx", "E5"], ["replies/03.xlsx", "D9"],
    ]  # fmt: skip


def test_a_form_of_another_make_among_the_others_is_refused(folder):
    def build(page, i):
        form(page, f"99{i:04}", f"町{i}町", 3, {1})
        if i in (2, 5):
            page.insert_cols(3)

    with pytest.raises(InputError, match=r"02.xlsx, sheet Sheet, cell D3: no answer stands where"):
        copies(folder, build, 16)


# --- several files ------------------------------------------------------------------------------


def test_files_with_columns_in_another_order_join(folder):
    workbook(folder / "a.xlsx", [HEADINGS, *ROWS[:1]])
    (folder / "b.csv").write_text(csv_text([row[::-1] for row in (HEADINGS, ROWS[1])]), "utf-8")
    table = read(folder, "a.xlsx", "b.csv")
    assert table.texts("Q02").tolist() == ["架空市", "見本町"]
    assert (place(table, "Q02", 0), place(table, "Q02", 1)) == ("B2", "E2")
    assert table.sources["file"].tolist() == ["a.xlsx", "b.csv"]


def test_what_is_told_of_cells_stays_with_them_where_files_are_joined(folder):
    for name, heads in (("a.xlsx", HEADINGS), ("b.xlsx", HEADINGS[::-1])):
        content = workbook(
            folder / name, [heads, *(r if heads is HEADINGS else r[::-1] for r in ROWS)]
        )
        staff = content.active["C2" if heads is HEADINGS else "D2"]
        staff.number_format = "0%"
        content.active.row_dimensions[3].hidden = True
        content.active.merge_cells("A2:A3")
        content.save(folder / name)
    table = read(folder, "a.xlsx", "b.xlsx")
    assert hidden(table) == [("a.xlsx", "回答", "3:3"), ("b.xlsx", "回答", "3:3")]
    assert table.formats("Q03") == {0: "0%", 3: "0%"}
    assert set(table.cells["covered"]) == {"", f"A2: {ROWS[0][0]}", f"A2: {ROWS[0][-1]}"}


def test_a_cell_that_names_a_municipality_is_never_a_note(folder):
    rows = [HEADINGS, *ROWS, [None, None, None, "姫路市"]]
    workbook(folder / "r.xlsx", rows)
    with pytest.raises(InputError, match=r"D5: this row names a municipality \(姫路市\)"):
        read(folder, "r.xlsx")
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS, ["合計", None, 282014]])  # a sum, not a code
    assert read(folder, "r.xlsx").n == 3


POLICY = {
    "id": "Q06", "section": "A", "type": "single", "role": "outcome", "ja": "方針", "en": "Policy",
    "options": [{"code": 1, "ja": "ある", "en": "yes"}, {"code": 2, "ja": "ない", "en": "no"},
                {"code": 3, "ja": "検討中", "en": "thinking"}],
}  # fmt: skip
LISTED = ["ある", "ない", "検討中"]


def policy_of(folder, *ends):
    """What three forms that end in these rows say of the question of one choice."""
    tiny = Codebook.parse(BOOK | {"questions": [*BOOK["questions"], POLICY]})
    (folder / "replies").mkdir()
    for number, (row, end) in enumerate(zip(ROWS, ends, strict=True)):
        answers = [*row[:3], "1"]
        rows = [list(pair) for pair in zip(HEADINGS[:4], answers, strict=True)]
        items = [["庁内の連携"], ["首長の関与", 1], ["課間の調整", 5]]
        workbook(folder / "replies" / f"{number}.xlsx", [*rows, *items, *end])
    about = wave(folder, {"path": "replies", "layout": "form"})
    cleaned = clean.clean(intake.read(about, tiny), about, tiny)
    cleaned.ledger.check()
    told = cleaned.findings.query("cell.str[1:].astype('int') > 7")
    return cleaned.responses["Q06"].fillna(0).tolist(), told[["cell", "rule"]].to_numpy().tolist()


def options(chosen, side):
    """The options one below the other, the chosen ones with a ring to the right or left."""
    pairs = [[text, "○" if code in chosen else None] for code, text in enumerate(LISTED, 1)]
    return [["方針"], *([None, *(pair if side == "right" else pair[::-1])] for pair in pairs)]


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_ring_beside_an_option_is_the_choice(folder, side):
    ends = [options(chosen, side) for chosen in ({2}, set(), {1, 3})]
    values, told = policy_of(folder, *ends)
    assert values == [2, 0, 0]
    column = "C" if side == "right" else "B"  # of two rings none is taken, and both are told
    assert sorted(told) == [[f"{column}11", "unmatched"], [f"{column}9", "no-such-option"]]


def test_the_marked_option_of_a_list_in_one_cell_is_the_choice(folder):
    cells = ["☑ある　□ない　□検討中", "1．ある　○2．ない　3．検討中", "□ある　□ない　□検討中"]
    values, told = policy_of(folder, *([["方針", cell]] for cell in cells))
    assert values == [1, 2, 0]
    assert told == [["B8", "marked"], ["B8", "marked"]]


def test_an_answer_stands_beside_the_word_answer_below_its_question(folder):
    ends = [[["方針"], ["1 ある　2 ない　3 検討中"], ["回答", n]] for n in (1, 3, None)]
    values, told = policy_of(folder, *ends)
    assert values == [1, 3, 0] and told == []


def test_a_matrix_of_rings_is_read_by_the_heads_of_its_columns(folder):
    def matrix(*chosen):
        rings = [["○" if code in own else None for code in (1, 5)] for own in chosen]
        items = zip(("首長の関与", "課間の調整"), rings, strict=True)
        return [["庁内の連携"], [None, "弱い", "5 強い"], *([item, *own] for item, own in items)]

    (folder / "replies").mkdir()
    for number, rows in enumerate([matrix({1}, {5}), matrix({5}, set()), matrix({1, 5}, {1})]):
        top = [list(pair) for pair in zip(HEADINGS[:4], [*ROWS[number][:3], "1"], strict=True)]
        workbook(folder / "replies" / f"{number}.xlsx", [*top, *rows])
    about = wave(folder, {"path": "replies", "layout": "form"})
    received = intake.read(about, book())
    assert received.texts("Q05_1").tolist() == ["弱い", "強い", "○"]
    cleaned = clean.clean(received, about, book())
    cleaned.ledger.check()
    told = cleaned.findings[cleaned.findings["raw"] == "○"][["cell", "rule"]]
    assert cleaned.responses["Q05_1"].fillna(0).tolist() == [1, 5, 0]
    assert cleaned.responses["Q05_2"].fillna(0).tolist() == [5, 0, 1]
    assert cleaned.status.at["990027", "Q05_2"] == "no_answer"
    assert told.to_numpy().tolist() == [["B7", "no-such-option"], ["C7", "unmatched"]]


def test_a_ring_at_what_is_no_option_is_never_only_a_note(folder):
    ends = [
        [["方針", 1], ["別紙の有無"], [None, "有", "○" if number % 2 else None],
         [None, "無", None if number % 2 else "○"]]
        for number in range(3)
    ]  # fmt: skip
    values, told = policy_of(folder, *ends)
    assert values == [1, 1, 1]
    assert told == [["C11", "unmatched"], ["C10", "unmatched"], ["C11", "unmatched"]]


def test_sheets_are_let_go_once_their_cells_are_in_the_frame(folder, monkeypatch):
    (folder / "a.csv").write_text(csv_text([HEADINGS, *ROWS]), encoding="utf-8")
    sheets = []

    def noted(*arguments, **options):
        found = read_file(*arguments, **options)
        sheets.extend(map(weakref.ref, found))
        return found

    monkeypatch.setattr("analysis.intake.read.read_file", noted)
    gc.disable()  # which would find what only refers to itself, sooner or later
    try:
        received = read(folder, "a.csv")
        kept = [sheet() for sheet in sheets if sheet() is not None]
    finally:
        gc.enable()
    assert received.n == len(ROWS) and len(sheets) == 1
    assert kept == []


# --- columns that are no questions, and files that are no tables ------------------------------


def test_columns_that_are_no_questions_are_set_aside_once(folder):
    heads = ["ID", "完了時刻", "メール", "名前", *HEADINGS, "備考"]
    rows = [[i, "6/3/24 9:15:00", f"a{i}@example.jp", "山田", *row, ""]
            for i, row in enumerate(ROWS)]  # fmt: skip
    workbook(folder / "r.xlsx", [heads, *rows])
    table = read(folder, {"path": "r.xlsx", "ignore": ["ＩＤ", "B1"]})
    where = table.outside.groupby("reason")["cell"].agg(list)
    assert where["ignored"] == ["A2", "B2", "A3", "B3", "A4", "B4"]
    assert where["personal"] == ["C2", "D2", "C3", "D3", "C4", "D4"]
    assert [(r.rule, r.cell, r.text) for r in table.remarks] == [
        ("personal", "C2:C4", "メール"), ("personal", "D2:D4", "名前")
    ]  # fmt: skip
    about, tiny = wave(folder, "r.xlsx"), book(ignore=["ID", "完了時刻"])
    cleaned = clean.clean(intake.read(about, tiny), about, tiny)
    cleaned.ledger.check()
    assert set(cleaned.findings["rule"]) & {"personal", "unmatched"} == {"personal"}
    assert "集計外 2、補正 1、" in cleaned.describe("ja")  # one answer was changed, no column


def test_a_column_that_the_codebook_would_claim_is_ignored_where_the_wave_says_so(folder):
    heads = ["問3 その他", *("問3 職員数" if h == "職員数" else h for h in HEADINGS)]
    workbook(folder / "r.xlsx", [heads, *(["メモ", *row] for row in ROWS)])
    with pytest.raises(InputError, match=r"two columns are headed Q03 .*header: {Q03: \[D1\]}"):
        read(folder, "r.xlsx")
    table = read(folder, {"path": "r.xlsx", "ignore": ["問3 その他"]})
    assert table.texts("Q03").tolist() == ["13", "１２名", ""]


def test_who_filled_in_a_form_is_not_taken_in(folder):
    for at, row in enumerate(ROWS[:2]):
        rows = [["担当者氏名", "山田花子"], ["電話：03-0000-0000"]]
        rows += [[label, answer] for label, answer in zip(HEADINGS, row, strict=True)]
        workbook(folder / f"{at}.xlsx", rows)
    table = read(folder, *({"path": f"{at}.xlsx", "layout": "form"} for at in (0, 1)))
    assert table.n == 2
    assert not {"山田花子", "電話：03-0000-0000"} & set(table.cells["text"])
    assert [r.text for r in table.remarks if r.rule == "personal"] == ["", "担当者氏名"] * 2


def test_what_the_system_leaves_in_a_folder_is_passed_over(folder):
    (folder / "replies").mkdir()
    workbook(folder / "replies" / "a.xlsx", [HEADINGS, *ROWS])
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "~$a.xlsx"):
        (folder / "replies" / name).write_bytes(b"x")
    assert read(folder, "replies").n == 3
    (folder / "~$a.xlsx").write_bytes(b"x")
    with pytest.raises(
        InputError, match=r"Excel has the file open; close it in Excel and give a\.x"
    ):
        read(folder, "~$a.xlsx")


def test_a_zip_is_read_like_a_folder(folder, tmp_path):
    workbook(tmp_path / "a.xlsx", [HEADINGS, *ROWS[:2]])
    files = {
        "回答/一.xlsx": (tmp_path / "a.xlsx").read_bytes(),
        "回答/二.csv": csv_text([HEADINGS, ROWS[2]]).encode("cp932"),
        "__MACOSX/回答/._一.xlsx": b"x",
        "回答/Thumbs.db": b"x",
    }
    stand_ins = {str(i) * len(name.encode("cp932")): name for i, name in enumerate(files)}
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        for stand_in, name in stand_ins.items():
            archive.writestr(stand_in, files[name])
    content = (tmp_path / "z").read_bytes()
    for stand_in, name in stand_ins.items():  # as Windows writes names, which no flag says
        content = content.replace(stand_in.encode(), name.encode("cp932"))
    (folder / "表.zip").write_bytes(content)
    table = read(folder, "表.zip")
    assert table.texts("Q02").tolist() == ["架空市", "見本町", "例示村"]
    assert table.sources["file"].unique().tolist() == ["表.zip/回答/一.xlsx", "表.zip/回答/二.csv"]
    with zipfile.ZipFile(folder / "b.zip", "w") as archive:
        archive.writestr("a.pdf", b"%PDF")
    with pytest.raises(InputError, match=r"b.zip: the archive holds something that is no table"):
        read(folder, "b.zip")


# --- nothing is lost ----------------------------------------------------------------------------

CELL = st.one_of(
    st.none(), st.integers(-999, 10**9), st.booleans(),
    st.sampled_from(["", " ", "合計", "※注", "Q03"]),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3)),
    st.text("あア1①、,\"'\n\t 計※○=", max_size=5),
)  # fmt: skip


@settings(suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(st.lists(CELL, max_size=4), max_size=3),
    after=st.lists(st.lists(CELL, max_size=9), max_size=4),
    kind=st.sampled_from(["xlsx", "csv", "columns", "form"]),
)
@example(before=[[0, 384399]], after=[], kind="xlsx")  # a code that a town had
@example(before=[], after=[["1、"]], kind="form")  # what reads like an option of Q04
@example(before=[], after=[["1あ", "い"]], kind="form")
def test_every_filled_cell_is_in_exactly_one_place(tmp_path_factory, before, after, kind):
    folder = tmp_path_factory.mktemp("w")
    form = [[label, answer] for label, answer in zip(HEADINGS, ROWS[0], strict=True)]
    rows = [*before, *(form if kind == "form" else [HEADINGS, *ROWS]), *after]
    if kind == "columns":
        width = max(map(len, rows))
        rows = [list(c) for c in zip(*(r + [None] * (width - len(r)) for r in rows), strict=True)]
    rows = [[None if isinstance(v, str) and v.startswith("=") else v for v in r] for r in rows]
    name = "r.csv" if kind == "csv" else "r.xlsx"
    if kind == "csv":
        with (folder / name).open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)
        filled = Counter(str(v) for r in rows for v in r if v not in (None, ""))
    else:
        workbook(folder / name, rows)
        page = openpyxl.load_workbook(folder / name).active
        filled = Counter(
            c.coordinate for r in page for c in r if c.value is not None and str(c.value).strip()
        )
    layout = kind if kind in ("columns", "form") else "rows"
    entry = wave(folder, {"path": name, "layout": layout})
    try:
        table = _read_in(folder, entry)
    except InputError as refusal:
        known = (
            *("two columns are headed Q03", "same cell", "names a municipality"),
            "other municipalities stand beside",
        )
        assert any(text in str(refusal) for text in known)
        return
    found = cells(table)
    if kind == "csv":
        assert Counter(text for *_, text in found) == filled
        assert len({address for _, _, address, _ in found}) == len(found)
    else:
        assert Counter(address for *_, address, text in found if text.strip()) == filled


def _read_in(folder, entry):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(entry), "folder", property(lambda self: folder))
        return intake.read(entry, book())


def test_comments_on_a_table_are_told_with_whose_answer_they_are_at(folder):
    """Threads as well, without the copy for older programs; none at what is set aside."""
    content = openpyxl.Workbook()
    for row in ([*HEADINGS, "担当者氏名"], *([*row, "見本 太郎"] for row in ROWS)):
        content.active.append(row)
    comments = {"C3": "見本 花子:\n再任用を除く", "A1": "回収済み", "G2": "内線12", "I4": "表の外"}
    for cell, text in (comments | {"C2": "[スレッド コメント]\n新しい版で開いてください"}).items():
        content.active[cell].comment = openpyxl.comments.Comment(text, "見本 花子")
    buffer = io.BytesIO()
    content.save(buffer)
    to, kind = "../threadedComments/threadedComment1.xml", "urn:x/threadedComment"
    rel = f'<Relationship Id="t1" Type="{kind}" Target="{to}"/></Relationships>'
    said = (f"<text>{text}</text>" for text in ("12名では？", "はい、12名"))
    thread = "".join(f'<threadedComment ref="C2">{text}</threadedComment>' for text in said)
    path = folder / "t.xlsx"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/_rels/sheet1.xml.rels":
                data = data.replace(b"</Relationships>", rel.encode())
            new.writestr(name, data)
        new.writestr("xl/threadedComments/threadedComment1.xml",
                     f"<ThreadedComments xmlns='urn:t'>{thread}</ThreadedComments>")  # fmt: skip
    about = wave(folder, "t.xlsx")
    found = clean.clean(intake.read(about, book(), folder), about, book()).findings.query(
        "rule == 'comment'"
    )
    assert sorted(found[["cell", "code", "question", "raw"]].to_numpy().tolist()) == [
        ["A1", "", "", "回収済み"],
        ["C2", "990019", "Q03", "12名では？ / はい、12名"],
        ["C3", "990027", "Q03", "再任用を除く"],
        ["I4", "990035", "", "表の外"],
    ]


@pytest.mark.parametrize("damage", [b"<!DOCTYPE x [<!ENTITY a 'b'>]><comments/>", b"<comments"])
def test_comments_that_cannot_be_read_are_refused(folder, damage):
    content = openpyxl.Workbook()
    content.active["A1"].comment = openpyxl.comments.Comment("注", "a")
    buffer = io.BytesIO()
    content.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(folder / "t.xlsx", "w") as new:
        for name in old.namelist():
            new.writestr(name, damage if "comments/" in name else old.read(name))
    with pytest.raises(InputError, match="damaged"):
        read(folder, "t.xlsx")
