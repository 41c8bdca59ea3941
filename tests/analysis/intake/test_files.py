"""What stands in a file comes out as text, kind and place; what calamine leaves out is added."""

import datetime as dt
import io
import os
import re
import zipfile
from importlib.resources import files

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import InputError, japanese
from analysis.intake import workbook, workbook_parts
from analysis.intake.files import read_file, read_text
from analysis.intake.sheet import CellKind, address
from analysis.intake.workbook import read_workbook, telling_formats
from analysis.spreadsheet import decode

SHEET = "xl/worksheets/sheet1.xml"


def written(write, **options) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **options})
    write(book, book.add_worksheet("回答"))
    book.close()
    return out.getvalue()


def changed(content: bytes, part: str, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
    return out.getvalue()


def only(content: bytes):
    (sheet,) = read_workbook(content, "a.xlsx")
    return sheet


@pytest.mark.parametrize(
    ("value", "number_format", "text", "kind"),
    [
        (13, None, "13", CellKind.NUMBER),
        (0.62, "0%", "0.62", CellKind.NUMBER),
        (0.1 + 0.2, None, "0.3", CellKind.NUMBER),
        (1e20, None, "1e+20", CellKind.NUMBER),
        (-5, "#,##0;△#,##0", "-5", CellKind.NUMBER),
        (11002, "000000", "11002", CellKind.NUMBER),
        (True, None, "TRUE", CellKind.BOOL),
        (dt.date(2019, 8, 5), "yyyy/m/d", "2019-08-05", CellKind.DATE),
        (dt.date(2019, 8, 5), 'ggge"年"m"月"d"日"', "2019-08-05", CellKind.DATE),
        (dt.datetime(2019, 8, 5, 13, 30), "yyyy/m/d h:mm", "2019-08-05T13:30:00", CellKind.DATE),
        (0.5, "h:mm", "12:00:00", CellKind.DATE),
        ("011002", None, "011002", CellKind.TEXT),
        ("#N/A", None, "#N/A", CellKind.TEXT),
        (" 架空\r\n市　", None, " 架空\r\n市　", CellKind.TEXT),
        ("=1+1", "@", "=1+1", CellKind.TEXT),
    ],
)
def test_values_of_a_workbook(value, number_format, text, kind):
    def write(book, page):
        style = book.add_format({"num_format": number_format}) if number_format else None
        if isinstance(value, dt.date):
            page.write_datetime("B3", value, style)
        elif isinstance(value, str):
            page.write_string("B3", value, style)
        else:
            page.write("B3", value, style)

    sheet = only(written(write))
    assert sheet.shape == (3, 2)
    assert (sheet.text.iat[2, 1], sheet.kind[2, 1]) == (text, kind)
    assert sheet.address(2, 1) == "B3"


def test_dates_count_from_1904_where_the_workbook_says_so():
    def write(book, page):
        page.write_datetime("A1", dt.date(2019, 8, 5), book.add_format({"num_format": "ge.m.d"}))

    assert only(written(write, date_1904=True)).text.iat[0, 0] == "2019-08-05"


def test_errors_and_formulas_without_a_value_are_not_lost():
    def write(book, page):
        page.write_formula("A1", "=NA()", None, "#N/A")
        page.write_formula("B1", "=1/0", None, "#DIV/0!")
        page.write_formula("C1", '=SUM(A2:A9)&"人"', None, "")
        page.write_formula("D1", "=2*3", None, 6)
        page.write_formula("E1", '=IF(1,"","x")', None, "")

    content = written(write)  # Excel marks the result "" of a formula as a text
    content = changed(content, SHEET, lambda xml: xml.replace(b'<c r="E1">', b'<c r="E1" t="str">'))
    sheet = only(content)
    assert sheet.text.iloc[0].tolist() == ["#N/A", "#DIV/0!", '=SUM(A2:A9)&"人"', "6", ""]
    assert sheet.kind[0].tolist() == [5, 5, 5, CellKind.NUMBER, CellKind.EMPTY]
    assert set(sheet.formulas) == {(0, column) for column in range(5)}


def test_phonetic_guides_are_not_part_of_a_name():
    content = written(lambda book, page: page.write("A1", "函館市"))
    guide = '<t>函館市</t><rPh sb="0" eb="2"><t>ハコダテ</t></rPh>'.encode()
    content = changed(
        content, "xl/sharedStrings.xml", lambda xml: xml.replace("<t>函館市</t>".encode(), guide)
    )
    assert only(content).text.iat[0, 0] == "函館市"


def test_cells_that_do_not_name_their_place_follow_each_other():
    content = written(lambda book, page: page.write_row("A1", [1, 2, 3]))
    content = changed(content, SHEET, lambda xml: re.sub(rb'(<c) r="[A-C]1"', rb"\1", xml))
    assert only(content).text.iloc[0].tolist() == ["1", "2", "3"]


def telling() -> bytes:
    """A percentage, an error and a hidden row, which calamine does not tell."""

    def write(book, page):
        page.write("A2", 0.62, book.add_format({"num_format": "0%"}))
        page.write_formula("B2", "=NA()", None, "#N/A")
        page.write("C2", "架空市")
        page.set_row(1, None, None, {"hidden": True})

    return written(write)


def without_places(xml: bytes) -> bytes:
    return re.sub(rb"<(row|c) r=\"[A-Z]*\d+\"", rb"<\1", xml.replace(b'<row r="2"', b"<row/><row"))


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (SHEET, without_places),
        ("xl/_rels/workbook.xml.rels", lambda xml: xml.replace(b"sheet1", b"Sheet1")),
        ("xl/_rels/workbook.xml.rels", lambda xml: xml.replace(b'"worksheets', b'"/xl/worksheets')),
    ],
)
def test_however_the_parts_are_written_nothing_of_a_sheet_is_lost(part, change):
    expected, found = only(telling()), only(changed(telling(), part, change))
    assert found.text.equals(expected.text) and found.text.iloc[1].tolist()[1:] == [
        "#N/A",
        "架空市",
    ]
    assert found.number_format == {(1, 0): "0%"} == expected.number_format
    assert found.hidden_rows == {1} and found.formulas == expected.formulas


def test_a_sheet_in_utf_16_is_refused_as_it_would_be_read_as_empty():
    content = changed(telling(), SHEET, lambda xml: xml.decode().encode("utf-16"))
    with pytest.raises(InputError, match=r"damaged and cannot be read \(UTF-16\)"):
        read_workbook(content, "a.xlsx")


def test_two_sheets_of_one_name_are_not_read_as_one():
    content = written(lambda book, page: (page.write("A1", 1), book.add_worksheet("b")))
    content = changed(
        content, "xl/workbook.xml", lambda xml: xml.replace(b'"b"', '"回答"'.encode())
    )
    with pytest.raises(InputError, match=r"a.xlsx: two sheets have the same name"):
        read_workbook(content, "a.xlsx")


def test_a_workbook_with_another_namespace_prefix():
    def write(book, page):
        page.write_row("A1", [1, 11002], book.add_format({"num_format": "000000"}))
        page.write_formula("A2", "=NA()", None, "#N/A")
        page.set_row(1, None, None, {"hidden": True})

    def prefix(xml: bytes) -> bytes:
        xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml)
        return xml.replace(b' xmlns="', b' xmlns:x="')

    sheet = only(changed(written(write), SHEET, prefix))
    assert sheet.text.iat[0, 1] == "11002" and sheet.text.iat[1, 0] == "#N/A"
    assert sheet.hidden_rows == {1} and sheet.number_format[0, 1] == "000000"


def test_many_columns_without_places_in_many_rows_are_no_bomb():
    content = written(lambda book, page: [page.write_row(r, 0, [7] * 30) for r in range(1000)])
    content = changed(content, SHEET, lambda xml: re.sub(rb'<c r="[A-Z]+\d+"', b"<c", xml))
    assert only(content).shape == (1000, 30)


def test_marks_among_many_plain_cells_are_those_of_every_cell(monkeypatch):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    page, code = book.add_worksheet(), book.add_format({"num_format": "000000"})
    date = book.add_format({"num_format": "yyyy/m/d"})
    for row in range(40):
        page.write_row(row, 0, ["it's", row, f"{row}"])
        page.write_datetime(row, 3, dt.datetime(2019, 4, 1), date)
        page.write_number(row, 4, row, code if row % 7 == 3 else None)
        page.write_boolean(row, 5, row % 2 == 0)
        page.write_blank(row, 6, None, code)
    page.write_formula("H5", "=B5+1", None, 5)
    page.write_formula("H6", "=1/0", None, "#DIV/0!")
    page.set_row(8, None, None, {"hidden": True})
    page.set_column("C:D", None, None, {"hidden": True})
    book.close()
    parts = workbook_parts.unpack(file.getvalue(), "a.xlsx")
    styles = workbook.telling_formats(parts["xl/styles.xml"])
    xml = parts["xl/worksheets/sheet1.xml"]
    assert len(workbook._telling(xml, styles)) < len(xml) / 2
    found = vars(workbook.Marks(xml, styles))
    monkeypatch.setattr(workbook, "_telling", lambda xml, styles: xml)
    every = vars(workbook.Marks(xml, styles))
    names = ("formats", "formulas", "errors", "hidden_rows", "hidden_columns")
    assert {name: found[name] for name in names} == {name: every[name] for name in names}
    assert found["formulas"] == {(4, 7): "=B5+1", (5, 7): "=1/0"} and found["hidden_rows"] == {8}
    assert (3, 4) in found["formats"] and found["hidden_columns"] == [(2, 4)]


def plain(rows: str, around: str = "") -> bytes:
    return f"<worksheet>{around}<sheetData>{rows}</sheetData></worksheet>".encode()


PLAIN = (
    '<row r="1" spans="1:2" ht="15"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>7</v></c></row>'
    '<row r="2" hidden="0"><c r="A2" t="inlineStr"><is><t>市</t></is></c><c r="B2" t="b"/></row>'
)
FAR = '<row r="100000"><c r="A100000"><v>1</v></c><c r="AN100000" t="str"><v>x</v></c></row>'


@pytest.mark.parametrize("rows", [PLAIN, PLAIN + FAR, ""])
def test_of_a_sheet_of_plain_cells_nothing_is_parsed(rows):
    """A million cells take a third of the time that way; once it was not so for long sheets."""
    assert workbook._telling(plain(rows), {"3": "0%"}) == b""


def test_a_far_cell_among_plain_ones_counts():
    far = workbook.Marks(plain((PLAIN + FAR).replace('"A2"', '"XFD2"')))
    assert (far.height, far.width) == (100_000, 16_384)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('hidden="0"', 'hidden="1"'),
        ('ht="15"', "hidden='true'"),
        ("<sheetData>", '<cols><col min="1" max="2" hidden="1"/></cols><sheetData>'),
        ('r="A2"', 'r="A100001"'),  # further down than the last row
        ('r="A2"', 's="1"'),
        ('<row r="2"', "<row"),
        ('<row r="2" hidden="0">', '<row><c r="A9"/></row><row hidden="1">'),
        ('s="1"><v>', 's="3"><v>'),
        ('t="s"', 't="e"'),
        ('t="s"', "t='e'"),
        ("<v>7</v>", "<f>A1</f><v>7</v>"),
        ("<v>7</v>", "<v>7</v><f/>"),
        ('<c r="A1" t="s"><v>0</v></c>', '<x:c r="A1" t="e"><x:v>0</x:v></x:c>'),
        ("</sheetData>", '</sheetData><row r="7"><c r="A7"><f>B1</f></c></row>'),
        ('<c r="A1"', '<!-- <c r="A1"><f>B1</f></c> --><c r="A1"'),
    ],
)
def test_what_stands_among_plain_cells_is_told(monkeypatch, old, new):
    xml = plain(PLAIN + FAR).replace(old.encode(), new.encode(), 1)
    found = workbook.Marks(xml, {"3": "0%"})
    monkeypatch.setattr(workbook, "_telling", lambda xml, styles: xml)
    every = workbook.Marks(xml, {"3": "0%"})
    names = ("formats", "formulas", "errors", "hidden_rows", "hidden_columns")
    assert [getattr(found, name) for name in names] == [getattr(every, name) for name in names]


def test_a_number_that_is_none_is_not_read_as_another():
    content = written(lambda book, page: page.write_row("A1", [1, 2, 3, 2]))
    content = changed(content, SHEET, lambda xml: xml.replace(b"<v>3</v>", b"<v>NaN</v>"))
    assert only(content).text.iloc[0].tolist() == ["1", "2", "nan", "2"]


def test_macros_pictures_and_hidden_sheets(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["団体名"])
    book.create_sheet("隠し").append(["x"])
    book["隠し"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsm")
    sheets = read_file(tmp_path / "a.xlsm")
    assert [(s.sheet, s.hidden) for s in sheets] == [("Sheet", False), ("隠し", True)]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda x: round(x, 6)),
    st.dates(dt.date(1901, 1, 1), dt.date(2100, 1, 1)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
        lambda t: t.strip() and "_x" not in t and "￾" not in t and "￿" not in t
    ),
)


@given(st.lists(st.lists(VALUES, max_size=5), max_size=6))
def test_the_same_values_as_openpyxl(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([f"'{v}" if isinstance(v, str) and v[0] == "=" else v for v in row])
    content = io.BytesIO()
    book.save(content)
    sheet = read_workbook(content.getvalue(), "a.xlsx")[0]
    expected = {
        cell.coordinate: cell.value
        for row in openpyxl.load_workbook(content).active
        for cell in row
        if cell.value is not None
    }
    found = {
        address(r, c): (sheet.text.iat[r, c], CellKind(sheet.kind[r, c]))
        for r in range(sheet.shape[0])
        for c in range(sheet.shape[1])
        if sheet.kind[r, c]
    }
    assert found.keys() == expected.keys()
    for cell, value in expected.items():
        text, kind = found[cell]
        if isinstance(value, bool):
            assert (text, kind) == (str(value).upper(), CellKind.BOOL)
        elif isinstance(value, dt.datetime):
            assert (text, kind) == (value.date().isoformat(), CellKind.DATE)
        elif isinstance(value, int | float):
            assert float(text) == pytest.approx(value, rel=1e-12) and kind == CellKind.NUMBER
        else:
            assert text == value and kind == CellKind.TEXT


# --- text files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("髙﨑①㈱".encode("cp932"), "髙﨑①㈱"),
        ("〜－".encode("utf-8-sig"), "〜－"),
        ("団体コード,人口,面積,職員数\n".encode("euc-jp") * 9, "団体コード,人口,面積,職員数\n" * 9),
        ("市,町\n".encode("utf-16"), "市,町\n"),
        ("市,町\n".encode("utf-16-be"), "市,町\n"),
        ("a,b\n".encode("utf-16-le"), "a,b\n"),
        ("団体名,ﾒｰﾙ\n".encode("iso2022_jp_ext"), "団体名,ﾒｰﾙ\n"),  # of mail and mainframes
    ],
)
def test_encodings_are_told_by_the_bytes(content, text):
    assert decode(content, "a.csv") == text


def test_shift_jis_means_what_excel_writes_under_that_name():
    assert decode("髙①".encode("cp932"), "a.csv", "shift_jis") == "髙①"


def test_a_text_file_keeps_ragged_rows_blank_lines_and_odd_spaces():
    text = '題\n\na\u2028b,"x, ""y""\nz",c\n1,,NA,NULL,\n'
    sheet = read_text(text.encode(), "a.csv")
    assert sheet.text.to_numpy().tolist() == [
        ["題", "", "", "", ""],
        ["", "", "", "", ""],
        ["a\u2028b", 'x, "y"\nz', "c", "", ""],
        ["1", "", "NA", "NULL", ""],
    ]
    assert sheet.kind.sum() == 7


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_separators(separator):
    sheet = read_text(separator.join(["団体名", "人口", "計"]).encode(), "a.csv")
    assert sheet.shape == (1, 3)


@pytest.mark.parametrize(("separator", "other"), ["\t,", ",;", ";,"])
def test_an_answer_with_many_commas_does_not_make_them_the_separator(separator, other):
    rows = [["団体名", "人口"], ["架空市", f'"{other * 20}"'], ["見本町", "3"]]
    sheet = read_text("\n".join(separator.join(row) for row in rows).encode(), "a.csv")
    assert sheet.text.to_numpy().tolist() == [*rows[:1], ["架空市", other * 20], *rows[2:]]


def test_an_spss_file(tmp_path):
    frame = pd.DataFrame({
        "Q1": ["990019", "990027"], "Q2": [1.0, None], "Q3": [dt.date(2019, 8, 5), None],
    })  # fmt: skip
    pyreadstat.write_sav(frame, tmp_path / "a.sav", column_labels=["コード", "形態", "回答日"])
    (sheet,) = read_file(tmp_path / "a.sav")
    assert sheet.text.to_numpy().tolist() == [
        ["Q1", "Q2", "Q3"], ["コード", "形態", "回答日"],
        ["990019", "1", "2019-08-05"], ["990027", "", ""],
    ]  # fmt: skip
    assert sheet.kind[2].tolist() == [CellKind.TEXT, CellKind.NUMBER, CellKind.DATE]


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("Index/Document.iwa", "a document of Apple Numbers; open it in Numbers and export it as"),
        ("word/document.xml", "a Word document; copy its answers into"),
    ],
)
def test_a_document_of_another_program_is_refused_with_what_to_do(tmp_path, part, sentence):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(part, b"x")
    (tmp_path / "a.numbers").write_bytes((tmp_path / "a.xlsx").read_bytes())
    for name in ("a.xlsx", "a.numbers"):
        with pytest.raises(InputError, match=f"this is {sentence}"):
            read_file(tmp_path / name)


def test_every_refusal_of_the_list_has_its_japanese():
    listed = yaml.safe_load(files("analysis").joinpath("data/foreign_files.yml").read_text("utf-8"))
    texts = {one[name] for one in listed for name in ("what", "hint", "subject") if name in one}
    assert len(texts) > 10 and texts <= japanese().keys()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "replies.csv")
    with pytest.raises(InputError, match="a pipe or a device"):
        read_file(tmp_path / "replies.csv")


def test_a_number_format_of_brackets_is_no_hang():
    code = "[" * 100_000 + "0%"
    xml = f'<x><numFmt numFmtId="9" formatCode="{code}"/><cellXfs><xf numFmtId="9"/></cellXfs></x>'
    assert telling_formats(xml.encode()) == {"0": code}


@pytest.mark.parametrize("answer", ['"研修', '人が"足りない" ""', '"研修"です', "研修"])
def test_a_quotation_mark_too_many_swallows_no_line(tmp_path, answer):
    """A cell that began with one held the lines to the next: two replies were one."""
    rows = ["団体名,問1", f"札幌市,{answer}", "函館市,採用", '仙台市,"採用, 研修"']
    (tmp_path / "a.csv").write_text("\n".join(rows))
    if answer.startswith('"'):
        with pytest.raises(InputError, match="quotation mark"):
            read_file(tmp_path / "a.csv")
    else:
        assert read_file(tmp_path / "a.csv")[0].shape == (4, 2)


@pytest.mark.parametrize("quoted", ["", '"古い町",8,9\n'])
def test_a_thousand_without_quotation_marks_shifts_no_answers(quoted):
    """1 was read as the number and 150 as the next answer; only the last cell was told."""
    table = "団体名,職員数,予算\n" + "".join(f"町{n},{n},10{n}\n" for n in range(9)) + quoted
    with pytest.raises(InputError, match=r"row 1[12] has 4 values where the others have 3, and a"):
        read_text(f"{table}町A,3,1,150\n".encode(), "a.csv")
    heads = "団体名,職員数,予算"
    every = "\n".join([heads, *(f"町{n},{n},1,15{n}" for n in range(9))])
    with pytest.raises(InputError, match=r"row 2 has 4 values where the others have 3, and a"):
        read_text(every.encode(), "a.csv")
    padded = "\n".join([heads, *(f"町{n},{n},15{n},," for n in range(9))])
    assert read_text(padded.encode(), "a.csv").shape[1] == 5
    shapes = {line: read_text((table + line).encode(), "a.csv").shape[1]
              for line in ('町A,3,"1,150"', "町A,3,5,メモ", "町A,3")}  # fmt: skip
    assert [*shapes.values()] == [3, 4, 3]


def test_many_sheets_are_found_without_a_search_through_all_parts_for_each(monkeypatch):
    """Five thousand sheets took a minute."""
    searched = []

    def counted(parts):
        searched.append(parts)
        return dict.items(parts)

    monkeypatch.setattr(workbook_parts.WorkbookParts, "items", counted)
    for n in (3, 30):
        content = written(lambda book, page, n=n: [book.add_worksheet() for _ in range(n)])
        before = len(searched)
        assert len(read_workbook(content, "a.xlsx")) == n + 1
        assert len(searched) - before < 5


def test_two_versions_that_git_could_not_merge_are_not_both_read():
    rows = ["団体名,職員数", "<<<<<<< HEAD", "青嶺市,3", "=======", "青嶺市,4", ">>>>>>> branch"]
    with pytest.raises(InputError, match="line 2: git could not merge two versions"):
        read_text("\r\n".join(rows).encode(), "replies.csv")
    assert (
        len(read_text("団体名,感想\n青嶺市,a\n<<<<<<< とても良い,b\n".encode(), "a.csv").text) == 3
    )
