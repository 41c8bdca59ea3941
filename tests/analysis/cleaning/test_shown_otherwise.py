"""Numbers of a table that are other than they seem: units above, fractions, footnotes, white."""

import pytest
import xlsxwriter
from received import wave

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.intake.read import read

QUESTION = {"section": "A", "role": "describe", "en": "a question"}
BOOK = Codebook.parse({
    "id": "f", "title": {"ja": "小調査", "en": "Survey"}, "version": "1",
    "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    "questions": [
        QUESTION | {"id": "N", "role": "id", "type": "text", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "integer", "ja": "職員数", "unit": {"ja": "人", "en": "p"}},
        QUESTION | {"id": "Q2", "type": "ratio", "ja": "電子申請の割合",
                    "unit": {"ja": "%", "en": "%"}, "range": [0, 100]},
        QUESTION | {"id": "Q3", "type": "ratio", "ja": "研修の時間",
                    "unit": {"ja": "時間", "en": "hours"}},
    ],
})  # fmt: skip
HEADS = ["団体名", "Q1 職員数", "Q2 電子申請の割合", "Q3 研修の時間"]
ROWS = [["札幌市", 12, 50, 3], ["函館市", 8, 40, 2], ["仙台市", 5, 30, 4]]


def cleaned(folder, rows, change=None):
    """A table of `rows`, after what `change` does to its sheet."""
    book = xlsxwriter.Workbook(folder / "t.xlsx")
    sheet = book.add_worksheet()
    for row, cells in enumerate(rows):
        sheet.write_row(row, 0, cells)
    if change:
        change(sheet, book)
    book.close()
    about = wave(folder, {"path": "t.xlsx"}, codebook="f")
    result = clean(read(about, BOOK, folder), about, BOOK)
    result.ledger.check()
    told = result.findings.query("severity != 'repaired'")
    return result, told[["cell", "rule"]].to_numpy().tolist()


@pytest.mark.parametrize(("rows", "expected"), [
    ([HEADS, ["", "人", "％", "分"], *ROWS], [["D2", "scaled"]]),
    ([HEADS, ["", "（人）", "（％）", "（時間）"], *ROWS], []),
    ([[*HEADS[:3], "Q3 研修の時間（分）"], *ROWS], [["D1", "scaled"]]),
    ([["団体名", "Q1 職員数（年）", *HEADS[2:]], *ROWS], []),
])  # fmt: skip
def test_another_unit_above_the_numbers_is_told(tmp_path, rows, expected):
    """分 where 時間 is asked was seen neither below the heading nor in it."""
    assert cleaned(tmp_path, rows)[1] == expected


@pytest.mark.parametrize(
    ("one", "state"), [(1, "unreadable"), ("1%", "answered"), (62, "answered")]
)
def test_a_one_among_fractions_is_no_per_cent(tmp_path, one, state):
    """0.5 counted as 50% and 1 as 1%, of one column."""
    rows = [["札幌市", 12, 0.5, 3], ["函館市", 8, 0.25, 2], ["仙台市", 5, one, 4]]
    result, told = cleaned(tmp_path, [HEADS, *rows])
    of_sendai = result.status["Q2"][result.register["name"] == "仙台市"]
    assert of_sendai.tolist() == [state]
    assert (["C4", "one-of-fractions"] in told) == (state == "unreadable")


def test_footnotes_and_white_text_are_no_part_of_a_number(tmp_path):
    """101 with a raised 1 counted as 1011, and what an office had made white as its answer."""

    def change(sheet, book):
        raised, white = (
            book.add_format({"font_script": 1}),
            book.add_format({"font_color": "white"}),
        )
        dark = book.add_format({"font_color": "white", "bg_color": "#1f3864"})
        sheet.write_rich_string("B2", "101", raised, "1")
        sheet.write("C2", 50, white)
        sheet.write("D2", 3, dark)
        sheet.write_rich_string("D3", raised, "※", "2 時間")

    result, told = cleaned(tmp_path, [HEADS, *ROWS], change)
    assert [one for one in told if one[1] == "struck"] == [["B2", "struck"], ["C2", "struck"]]
    (sapporo,) = result.register.index[result.register["name"] == "札幌市"]
    assert result.status.loc[sapporo, ["Q1", "Q2", "Q3"]].tolist() == [
        *["unreadable"] * 2, "answered"]  # fmt: skip
