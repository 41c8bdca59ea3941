"""The ministry's rules: one breach each, with its cell; a clean table has none."""

import errno
import os
import re
import time
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink

from analysis.errors import InputError
from workbench.office import audit
from workbench.office.audit import CHECKS, JUDGED
from workbench.office.draft import draft

CLEAN = [
    ["団体コード", "団体名", "職員数（人）", "導入割合（％）", "回答日"],
    ["990019", "架空市", 130, 62.5, "2019-08-05"],
    ["990027", "見本町", 45, 10, "2019-08-06"],
    ["990035", "例示村", 31, 0, "2019-08-07"],
    ["990043", "仮設区", 1200, 100, "2019-08-08"],
]


def table(tmp_path, change=None, rows=CLEAN, name="a.xlsx"):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "回答"
    for row in rows:
        page.append(row)
    if change:
        change(page)
    book.save(tmp_path / name)
    return tmp_path / name


def put(**cells):
    def change(page):
        for cell, value in cells.items():
            page[cell] = value

    return change


def breaches(path):
    found = audit.audit([path])
    return list(zip(found["check"], found["cell"], strict=True))


def test_a_clean_table_has_no_breach(tmp_path):
    assert breaches(table(tmp_path)) == []
    assert audit.report([table(tmp_path)]).splitlines()[0] == "a.xlsx  指摘なし"


def without_names(page):
    page.delete_cols(1, 2)


def second_table(page):
    for row in ([], ["項目", "件数（件）"], ["研修", 3], ["採用", 44]):
        page.append(row)


def table_beside(page):
    for row, values in enumerate(CLEAN, 1):
        for column, value in enumerate(values[:3], 7):
            page.cell(row, column, value)


def merged_heading(page):
    put(C1="職員（人）", D1=None)(page)
    page.insert_rows(2)
    put(C2="正規", D2="非正規")(page)
    page.merge_cells("C1:D1")


def blank_row(page):
    page.insert_rows(4)


@pytest.mark.parametrize(
    ("rule", "cell", "change"),
    [
        ("one_datum", "C3", put(C3="1、3、5")),
        ("one_datum", "C3", put(C3="①③")),
        ("one_datum", "C3", put(C3="45（うち女性3）")),
        ("one_datum", "C3", put(C3="10人（うち女性3人）")),
        ("one_datum", "C3", put(C3="正規3、非正規2")),
        ("one_datum", "C3", put(C3="1 業務改革、3 研修")),
        ("one_datum", "C3", put(C3="3名（予定）")),
        ("numbers", "C3", put(C3="４５")),
        ("numbers", "C3", put(C3="￥1,200")),
        ("numbers", "C3", put(C3="1万2千円")),
        ("numbers", "C3", put(C3="2年3か月")),
        ("numbers", "C3", put(C3="約 10 人")),
        ("numbers", "C3", put(C3="10回/年")),
        ("numbers", "C3", put(C1="COVID対応人数（人）", C3="5人")),
        ("numbers", "C3", put(C3="#N/A")),
        ("numbers", "C3", put(C3="1,234")),
        ("numbers", "C3", put(C3="3名")),
        ("numbers", "C3", put(C3="約50")),
        ("numbers", "C3", put(C3="3〜4人")),
        ("numbers", "C3", put(C3="10人程度")),
        ("numbers", "C3", put(C3="▲5")),
        ("merged", "A1:B1", lambda page: page.merge_cells("A1:B1")),
        ("spacing", "B2", put(B2="架空市　")),
        ("spacing", "B2", put(B2="架　空　市")),
        ("spacing", "B2", put(B2="　架空市")),
        ("spacing", "B2", put(B2="東　京")),
        ("spacing", "C1", put(C1="職員数\n（人）")),
        ("omitted", "A3", put(A3="〃")),
        ("omitted", "B4", put(B4="同上")),
        ("omitted", "B4", put(B4="上記と同じ")),
        ("headings", "E1", put(E1=None)),
        ("omitted", "A4", put(A4=None)),
        ("formulas", "C3", put(C3="=40+5")),
        ("units", "C1", put(C1="職員数")),
        ("units", "C1", put(C1="年間予算額")),
        ("units", "C1", put(C1="職員数（正規）")),
        ("units", "C1", put(C1="職員数", C2=3, C3=4, C4=5, C5=6)),
        ("units", "C1", put(C1="職員数", F1="備考", F2="－：該当なし")),
        ("characters", "B3", put(B3="㈱見本町")),
        ("characters", "B3", put(B3="髙見町")),
        ("years", "E3", put(E3="令和元年8月6日")),
        ("years", "E3", put(E3="R1.8.6")),
        ("years", "E3", put(E3="R元.8.6")),
        ("years", "C1", put(C1="H31（人）")),
        ("years", "E3", put(E3="31.4.1")),
        ("areas", "A1", without_names),
        ("areas", "A3", put(A3=11002)),  # 011002 as a number
        ("areas", "A3", put(A3="1100")),  # 01100, without its check digit
        ("symbols", "C3", put(C3="－")),
        ("symbols", "C3", put(C3="－", F1="（単位：人）")),
        ("split", "4:4", blank_row),
        ("split", "C:C", lambda page: page.insert_cols(3)),
        ("tables", "A7", second_table),
        ("tables", "G1", table_beside),
        ("hidden", "3:3", lambda page: setattr(page.row_dimensions[3], "hidden", True)),
        ("hidden", "C:C", lambda page: setattr(page.column_dimensions["C"], "hidden", True)),
    ],
)
def test_each_rule_names_its_cell(tmp_path, rule, cell, change):
    assert (rule, cell) in breaches(table(tmp_path, change))


@pytest.mark.parametrize(
    "change",
    [
        put(A2="011002"),  # a code is text by right
        put(E2="平成31年（2019年）4月1日"),
        put(B2="〜の里町", B3="Ａ－Ｂ町"),
        put(B6="合計", C6=1406),  # the label of the row stands in the second column
        put(C1="職員数", F1="（単位：人）"),
        put(D1="50%"),
        put(C2=-5, C3=-130, D2="nan", D3=55),
        put(F1="増減（人）", F2="inf", F3=-3, F4=-45, F5=-500, G1="増（人）", G2=-1, G3=9, G4=3),
        put(A1="Q01", A2=990019, A3=990027, A4=990035, A5=990043),
        put(A1="番号", B1="名"),  # the places say whose table it is
        put(A2="13101", A3="13102", A4="13103", A5="13104"),
        put(C1="回答件数"),
        put(C1="財政力指数"),
        put(C1="郵便番号", C2="100-0001", C3="100-0002", C4="100-0003", C5="100-0004"),
        put(F1="送り先", F2="100-0001"),
        put(E2="2019（令和元）"),
        put(F1="備考", F2="2019年4月から、課を二つに分けました。"),
    ],
)
def test_what_is_no_breach(tmp_path, change):
    assert breaches(table(tmp_path, change)) == []


def test_a_heading_over_two_columns_states_the_unit_of_both(tmp_path):
    assert {check for check, _ in breaches(table(tmp_path, merged_heading))} == {
        *("merged", "header_row", "unique")
    }


def test_a_label_that_is_merged_over_rows_is_not_left_out(tmp_path):
    change = lambda page: (put(A3=None)(page), page.merge_cells("A2:A3"))  # noqa: E731
    assert breaches(table(tmp_path, change)) == [("merged", "A2:A3")]


def test_the_error_of_a_formula_is_told_once(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    page = book.add_worksheet("回答")
    for i, row in enumerate(CLEAN):
        page.write_row(i, 0, row)
    page.write_formula("C3", "=NA()", None, "#N/A")
    book.close()
    assert breaches(tmp_path / "a.xlsx") == [("formulas", "C3")]


def test_a_sign_among_numbers_is_no_omitted_label(tmp_path):
    assert breaches(table(tmp_path, put(C3="…"))) == [("symbols", "C3")]


def test_long_prose_is_read_in_no_time(tmp_path):
    start = time.process_time()
    assert breaches(table(tmp_path, put(F1="備考", F2="1、" * 16000 + "x"))) == []
    assert time.process_time() - start < 5


def test_pictures_and_charts(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    book.add_worksheet("表紙").write(0, 0, "題")
    page = book.add_worksheet("回答")
    for i, row in enumerate(CLEAN):
        page.write_row(i, 0, row)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=回答!$C$2:$C$5"})
    page.insert_chart("G3", chart)
    page.insert_textbox("B9", "注記")
    book.close()
    found = audit.audit([tmp_path / "a.xlsx"])
    own = found[found["check"] == "objects"]
    assert own[["sheet", "cell"]].values.tolist() == [["回答", "G3"], ["回答", "B9"]]


def test_a_file_that_is_no_table_breaks_the_first_rule(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    found = audit.audit([tmp_path / "a.pdf"])
    assert (
        found["check"].tolist() == ["format"] and "PDF document, not a table" in found["en"].iloc[0]
    )
    assert "（PDF です）。表を Excel か CSV で送ってください。" in audit.report(
        [tmp_path / "a.pdf"]
    )
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04 xl/workbook.xml")
    with pytest.raises(InputError, match="damaged"):
        audit.report([tmp_path / "c.xlsx"], annotate_to=tmp_path / "d.xlsx")
    with pytest.raises(InputError, match="no such file"):
        audit.audit([tmp_path / "b.xlsx"])
    with pytest.raises(InputError, match="this is a folder; name the files in it"):
        audit.audit([tmp_path])


def test_a_file_too_large_to_be_a_table_is_told_as_that(tmp_path):
    (tmp_path / "wide.csv").write_text("団体コード," + "1," * 20_000 + "\n990019\n", "utf-8")
    assert "（列が多すぎます）" in audit.report([tmp_path / "wide.csv"])
    with zipfile.ZipFile(tmp_path / "big.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr("xl/workbook.xml", "")
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(600):
                part.write(b" " * 2**20)
    assert "（展開後の大きさが限度を超えます）" in audit.report([tmp_path / "big.xlsx"])


def test_a_chart_on_a_sheet_of_its_own_and_a_file_of_spss(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    page = book.add_worksheet("回答")
    for i, row in enumerate(CLEAN):
        page.write_row(i, 0, row)
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=回答!$C$2:$C$5"})
    book.add_chartsheet("グラフ").set_chart(chart)
    book.close()
    assert audit.audit([tmp_path / "a.xlsx"])[["sheet", "check"]].to_numpy().tolist() == [
        ["グラフ", "objects"]
    ]
    said = audit.report([tmp_path / "a.xlsx"], annotate_to=tmp_path / "b.xlsx")
    assert "写しは作りません" in said and not (tmp_path / "b.xlsx").exists()
    only = openpyxl.Workbook()
    only.create_chartsheet("図")
    only.remove(only.active)
    only.save(tmp_path / "c.xlsx")
    assert audit.audit([tmp_path / "c.xlsx"])["check"].tolist() == ["objects"]
    pyreadstat.write_sav(pd.DataFrame({"a": [1.0]}), tmp_path / "s.sav")
    assert "SPSS 形式です" in audit.report([tmp_path / "s.sav"])


def test_text_files_are_checked_too(tmp_path):
    lines = [",".join(map(str, row)) for row in CLEAN]
    (tmp_path / "a.csv").write_text("\n".join(lines), "cp932")
    assert breaches(tmp_path / "a.csv") == []
    (tmp_path / "a.csv").write_text("\n".join(lines).replace("130", "130名"), "cp932")
    assert breaches(tmp_path / "a.csv") == [("numbers", "C2")]


def test_the_copy_carries_the_comments_and_the_original_is_untouched(tmp_path, monkeypatch):
    def change(page):
        put(C3="３名\n")(page)
        page.merge_cells("A1:B1")
        page.row_dimensions[4].hidden = True

    path = table(tmp_path, change)
    before = path.read_bytes()
    audit.report([path], language="ja", annotate_to=tmp_path / "out.xlsx")
    assert path.read_bytes() == before
    made = (tmp_path / "out.xlsx").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("time.localtime", lambda *_: (2030, 1, 2, 3, 4, 5, 0, 2, 0))
        audit.report([path], language="ja", annotate_to=tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_bytes() == made, "the same copy on any day"
    page = openpyxl.load_workbook(tmp_path / "out.xlsx")["回答"]
    notes = {c.coordinate: c.comment.text for row in page for c in row if c.comment}
    assert set(notes) == {"A1", "C3", "A3"}  # beside the hidden row, where it is seen
    assert (
        "[1-3・L2-01]" in notes["C3"]
        and "[1-5・L1-06]" in notes["C3"]
        and "半角数字" in notes["C3"]
    )
    assert page["C2"].value == 130
    audit.report([path], language="en", annotate_to=tmp_path / "en.xlsx")
    note = openpyxl.load_workbook(tmp_path / "en.xlsx")["回答"]["A1"].comment.text
    assert "No merged cells" in note
    with pytest.raises(InputError, match="never changed"):
        audit.annotate(path, audit.audit([path]), path)
    with pytest.raises(InputError, match="one workbook at a time"):
        audit.report([path, path], annotate_to=tmp_path / "x.xlsx")
    (tmp_path / "a.csv").write_text("団体名,数\nあ,1名\n", "utf-8")
    with pytest.raises(InputError, match="comments can only be put into an Excel workbook"):
        audit.report([tmp_path / "a.csv"], annotate_to=tmp_path / "x.xlsx")


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def laden(path):
    """A workbook with what a library would lose: text box, button, rich text, results, notes."""
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("表紙").write(0, 0, "令和元年度調査")
    page = book.add_worksheet("回答")
    for i, row in enumerate(CLEAN):
        page.write_row(i, 0, row)
    page.write_formula("C6", "=SUM(C2:C5)", None, 1406)
    page.write_rich_string("B6", "合", book.add_format({"font_color": "red"}), "計")
    page.insert_textbox("G3", "注記")
    page.insert_button("G9", {"caption": "送信"})
    page.write_comment("C6", "担当からの注", {"author": "担当"})
    page.data_validation("D2:D5", {"validate": "list", "source": ["a", "b>c"],
                                   "input_message": "a>b"})  # fmt: skip
    page.conditional_format("C2:C5", {"type": "data_bar", "data_bar_2010": True})
    page.set_column("E:E", None, None, {"hidden": True})
    page.print_area("A1:E6")
    hidden = book.add_worksheet("控え")
    hidden.write(0, 0, "控え")
    hidden.hide()
    book.close()


def test_the_copy_keeps_all_that_the_workbook_held(tmp_path):
    laden(tmp_path / "a.xlsx")
    audit.report([tmp_path / "a.xlsx"], annotate_to=tmp_path / "b.xlsx")
    before, after = parts(tmp_path / "a.xlsx"), parts(tmp_path / "b.xlsx")
    touched = {name for name in after if before.get(name) != after[name]}
    assert before.keys() <= after.keys()
    assert all(re.search(r"comments|vmlDrawing|rels$|sheet1.xml|Types", name) for name in touched)
    for content in after.values():
        if content.startswith(b"<"):
            ElementTree.fromstring(content)
    order = re.findall(
        "<(pageMargins|legacyDrawing|/worksheet)", str(after["xl/worksheets/sheet1.xml"])
    )
    assert order == ["pageMargins", "legacyDrawing", "/worksheet"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    notes = {(p.title, c.coordinate): c.comment for p in book for r in p for c in r if c.comment}
    own = notes["回答", "C6"]
    assert own.text.startswith("担当からの注\n[1-7・L2-06]") and own.author == "担当"
    assert "G3" in {c for _, c in notes} and ("控え", "A1") not in notes
    assert "控え" in notes["表紙", "A1"].text and "[1-11・L3-05]" in notes["表紙", "A1"].text
    assert "E:E [L1-13]" in notes["回答", "D1"].text  # nobody sees a note in a hidden column
    boxes = after["xl/drawings/vmlDrawing1.vml"].decode()
    ids = re.findall(r'<v:shape [^>]*id="(\w+)"', boxes)
    assert "送信" in boxes and len(ids) == len(set(ids)) == boxes.count("</v:shape>")


def test_the_line_of_the_notes_stands_where_the_format_wants_it(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    page = book.add_worksheet("回答")
    page.add_table(0, 0, 3, 1, {"data": [["1名", 2]] * 3})
    page.conditional_format("B2:B4", {"type": "data_bar", "data_bar_2010": True})
    book.close()
    audit.report([tmp_path / "a.xlsx"], annotate_to=tmp_path / "b.xlsx")
    xml = parts(tmp_path / "b.xlsx")["xl/worksheets/sheet1.xml"].decode()
    tail = re.findall("<(pageMargins|legacyDrawing|tableParts|extLst)", xml)
    assert tail[-3:] == ["legacyDrawing", "tableParts", "extLst"] and "pageMargins" in tail
    again = (tmp_path / "b.xlsx").read_bytes()
    audit.report([tmp_path / "b.xlsx"], annotate_to=tmp_path / "c.xlsx")
    assert (tmp_path / "b.xlsx").read_bytes() == again


def repacked(path, change):
    """The same archive with the text of its parts changed."""
    held = {name: change(name, content.decode()) if content.startswith(b"<") else content
            for name, content in parts(path).items()}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def test_the_copy_of_what_other_programs_write(tmp_path):
    """Prefixes, lists in one tag, a bare > in an attribute, a drawing without a kind of shape."""
    laden(tmp_path / "a.xlsx")

    def change(name, text):
        if "comments" in name:
            text = re.sub(r"<authors>.*</commentList>", "<authors/><commentList/>", text)
            return re.sub(r"<(/?)(\w)", r"<\1x:\2", text).replace("xmlns=", "xmlns:x=")
        if "vmlDrawing" in name:
            return text.replace("_x0000_t202", "_x0000_t203")
        return text.replace("a&gt;b", "a>b") if "worksheets" in name else text

    repacked(tmp_path / "a.xlsx", change)
    audit.report([tmp_path / "a.xlsx"], annotate_to=tmp_path / "b.xlsx")
    after = parts(tmp_path / "b.xlsx")
    comments = ElementTree.fromstring(after["xl/comments1.xml"])
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert [e.text for e in comments.iter(f"{main}author")] == ["workbench"]
    assert {"C6", "G3"} <= {e.get("ref") for e in comments.iter(f"{main}comment")}
    boxes = after["xl/drawings/vmlDrawing1.vml"].decode()
    assert boxes.count('id="_x0000_t202"') == 1
    for name, content in after.items():
        if name.endswith((".xml", ".rels", ".vml")):
            ElementTree.fromstring(content)
    types = after["[Content_Types].xml"].decode()
    assert types.count('Extension="vml"') == 1


def test_signs_of_xml_and_a_title_over_a_hidden_column(tmp_path):
    def change(page):
        put(B3="<甲>&乙町 \n", B4="長" * 60 + " ", F1="題")(page)
        page.merge_cells("F1:G1")
        page.column_dimensions["H"].hidden = True
        page["A2"].hyperlink = Hyperlink(ref="A2", location="A1", tooltip="a>b")
        page["H2"] = "備考"

    path = table(tmp_path, change)
    repacked(path, lambda _, text: text.replace("a&gt;b", "a>b"))
    audit.report([path], annotate_to=tmp_path / "b.xlsx")
    page = openpyxl.load_workbook(tmp_path / "b.xlsx")["回答"]
    notes = {c.coordinate: c.comment.text for row in page for c in row if c.comment}
    assert "「<甲>&乙町 ⏎」" in notes["B3"] and f"「{'長' * 40}…」" in notes["B4"]
    assert "H:H [L1-13]" in notes["F1"]
    assert 'Extension="vml"' in parts(tmp_path / "b.xlsx")["[Content_Types].xml"].decode()


def test_a_workbook_with_a_damaged_picture_is_not_copied(tmp_path):
    path = table(tmp_path, put(C3="3名"))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b"picture" * 99)
        at = archive.getinfo("xl/media/image1.png").header_offset + 30 + len("xl/media/image1.png")
    content = bytearray(path.read_bytes())
    content[at] = 0xFF  # a block of a kind that there is not
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be copied"):
        audit.report([path], annotate_to=tmp_path / "b.xlsx")
    assert not (tmp_path / "b.xlsx").exists()


def test_a_file_that_may_not_be_opened_is_not_called_no_table(tmp_path, monkeypatch):
    path = table(tmp_path)

    def forbidden(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(InputError, match="cannot be opened"):
        audit.audit([path])


def test_no_other_file_is_written_over(tmp_path):
    path, other = table(tmp_path, put(C3="3名")), table(tmp_path, name="b.xlsx")
    before = other.read_bytes()
    with pytest.raises(InputError, match="did not write, or that was changed since"):
        audit.report([path], annotate_to=other)
    assert other.read_bytes() == before
    for _ in range(2):  # an earlier copy may be made again
        audit.report([path], annotate_to=tmp_path / "new" / "copy.xlsx")
    with pytest.raises(InputError, match=r"call it m\.xlsx"):
        audit.report([path], annotate_to=tmp_path / "m.xlsm")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        audit.report([path], annotate_to=tmp_path / "file" / "x.xlsx")


def test_macros_stay_in_the_copy(tmp_path):
    path = table(tmp_path, put(C3="3名"))
    held = parts(path) | {"xl/vbaProject.bin": b"macros"}
    kind = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    held["[Content_Types].xml"] = held["[Content_Types].xml"].replace(plain, kind)
    with zipfile.ZipFile(tmp_path / "m.xlsm", "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    audit.report([tmp_path / "m.xlsm"], annotate_to=tmp_path / "out.xlsm")
    copy = parts(tmp_path / "out.xlsm")
    assert copy["xl/vbaProject.bin"] == b"macros" and kind in copy["[Content_Types].xml"]


def test_two_files_of_one_name_are_told_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    files = [table(tmp_path / "x", put(C3="3名")), table(tmp_path / "y")]
    said = audit.report(files)
    assert f"{files[0]}  回答" in said and f"{files[1]}  指摘なし" in said


def test_the_report_in_both_languages(tmp_path):
    path = table(tmp_path, put(C3="3名", C4="4名"))
    ja, en = audit.report([path]), audit.report([path], language="en")
    assert "[1-3・L2-01] 数値データは数値属性とし" in ja and "C3 「3名」, C4 「4名」" in ja
    assert "1 ファイル、指摘 2 件" in ja and "breaches: 2 (files: 1)" in en


def sheet(rows, change=None):
    """A workbook of one sheet from rows, changed by `change`."""
    return lambda tmp_path: table(tmp_path, change, rows=rows)


def text(content, encoding="utf-8"):
    """A CSV file."""

    def write(tmp_path):
        (tmp_path / "a.csv").write_text(content, encoding)
        return tmp_path / "a.csv"

    return write


def colour(cells, fill="FFFF00"):
    def change(page):
        for cell in cells:
            page[cell].fill = PatternFill("solid", fgColor=fill)

    return change


def bold(*cells):
    def change(page):
        for cell in cells:
            page[cell].font = Font(bold=True)

    return change


def grid(*lines):
    """Rows from lines such as 架空市|12."""

    def value(text):
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else text or None

    return [[value(text) for text in line.split("|")] for line in lines]


PLACES = grid("団体名|人口（人）", "架空市|5250", "見本町|1246", "例示村|1227", "仮設区|960")
ANSWERS = ["取組済"] * 5 + ["取組予定"] * 4 + ["未定"] * 3
CHOICES = grid(
    "団体名|取組状況",
    *(f"架空{i}市|{a}" for i, a in enumerate(ANSWERS)),
)
FINANCE = grid("|財務情報（円）|", "団体名|売上高|利益", "架空市|3|4", "見本町|5|6")


def with_values(rows, **cells):
    return sheet(rows, put(**cells))


TWO_TABLES = """団体名,2020年（人）,2021年（人）
架空市,52,51
見本町,12,13
例示村,9,8
仮設区,7,6

面積（km2）,値
架空市,834
"""


@pytest.mark.parametrize(
    ("check", "cell", "make"),
    [
        ("tables", "A7", text(TWO_TABLES)),
        ("outside", "F1", with_values(PLACES, F1="※この値は暫定です")),
        ("outside", "A6", with_values(PLACES, A6="出典：架空の調査")),
        ("outside", "A7", with_values(PLACES, A7="最終更新：2024/3/15")),
        ("outside", "C3", with_values(PLACES, C2="暫定値を含む", C3="担当: 企画課")),
        ("outside", "B6", with_values(PLACES, A6="※a", B6="調整済み")),
        ("headings", "B1", with_values(PLACES, B1="002")),
        ("headings", "B1", with_values(PLACES, B1="Unnamed: 1")),
        ("headings", "C1", sheet(grid("団体名|人口（人）|", "架空市|52|3", "見本町|12|4"))),
        ("spacing", "A3", text("団体名,件数（件）\n架空市,3\n見  本町,4\n")),
        ("one_datum", "B3", with_values(PLACES, B2="5038, 6956（6368）", B3="1541, 504（453）")),
        ("one_datum", "B2", with_values(PLACES, B2="373（平成27年度）、434（平成28年度）")),
        (
            "one_datum",
            "B2",
            sheet(grid("団体名|窓口", "架空市|窓口・電話・メール", "見本町|電話・FAX")),
        ),
        (
            "one_datum",
            "B3",
            sheet(grid("団体名|部署", "架空市|総務課, 企画課", "見本町|福祉課, 税務課")),
        ),
        (
            "one_datum",
            "B2",
            sheet(grid("団体名|対象", "架空市|2022年度\n2023年度", "見本町|2021年度\n2022年度")),
        ),
        ("looks", "A3", sheet(PLACES, colour(["A3"]))),
        ("looks", "B4", sheet(PLACES, bold("B4"))),
        ("looks", "A5", sheet(PLACES, colour(["A5", "B5"]))),
        ("records", "A3", text("団体名,備考\n架空市,中心市\n（道央）\n見本町,県庁所在地\n")),
        ("records", "A2", text('団体名,備考\n"架空市\n（道央）",中心市\n')),
        ("quoting", "C2", text("団体名,内容\n架空市,東京都,港区\n見本町,見積\n")),
        ("numbers", "B3", with_values(PLACES, B3="(1246)")),
        ("numbers", "B3", with_values(PLACES, B3="150 000")),
        ("numbers", "B3", with_values(PLACES, B3="▲50 000")),
        ("numbers", "B3", with_values(PLACES, B3="0(a")),
        (
            "omitted",
            "A4",
            sheet(
                grid(
                    "都道府県|市|人口（人）", "甲県|ア市|1", "甲県|イ市|2", "|ウ市|3", "乙県|エ市|4"
                )
            ),
        ),
        (
            "omitted",
            "A3",
            sheet(grid("薬剤名|本数（本）", "鎮痛剤1|429", "2|321", "3|384", "4|408")),
        ),
        ("unique", "C1", sheet(grid("団体名|人数（人）|人数（人）", "架空市|3|4"))),
        ("unique", "B1", sheet(FINANCE, lambda page: page.merge_cells("B1:C1"))),
        ("unique", "C2", sheet(grid("|売上高|営業利益", "会社|千円|千円", "A|120|15", "B|130|16"))),
        ("choices", "B3", sheet(CHOICES, put(B3="取り組み済み"))),
        ("choices", "B3", sheet(CHOICES, put(B3="取組予定（R8以降）"))),
        ("choices", "B3", sheet(CHOICES, put(B3="1. 取組済"))),
        ("other_detail", "B3", sheet(CHOICES, put(B3="4. その他: 外部に委託"))),
        ("other_detail", "B3", sheet(CHOICES, put(B3=" その他（委託）"))),
        (
            "header_row",
            "1:3",
            text('団体別人口\n""\n団体名,人口（人）\n架空市,2000\n見本町,2001\n'),
        ),
        ("header_row", "1:3", sheet([[], [], *PLACES])),
        ("code_table", "B1", sheet(grid("団体名|問1", "架空市|1", "見本町|3", "例示村|2"))),
        ("units", "B1", sheet(grid("団体名|スコア", "架空市|12.4", "見本町|18.9", "例示村|25.0"))),
        (
            "long_form",
            "C1",
            sheet(grid("団体名|2020年人口（人）|2021年人口（人）", "架空市|12|13", "見本町|18|19")),
        ),
        (
            "long_form",
            "B1",
            sheet(grid("団体名|令和2年度（人）|令和3年度（人）", "架空市|12|13", "見本町|18|19")),
        ),
    ],
)
def test_the_rules_of_2026_name_their_cells(tmp_path, check, cell, make):
    assert (check, cell) in breaches(make(tmp_path))


@pytest.mark.parametrize(
    "make",
    [
        sheet(PLACES),
        sheet(PLACES, bold("A1", "B1")),
        sheet(PLACES, colour([f"{c}{r}" for c in "AB" for r in range(2, 6)])),
        sheet(PLACES, colour([f"{c}{r}" for c in "AB" for r in (2, 4)])),  # bands
        sheet([*PLACES, ["合計", 8683]], bold("A6", "B6")),
        sheet(CHOICES),
        sheet(
            grid(
                "項目|向き",
                *(f"項目{i}|{'高い・多い' if i % 2 else '低い・少ない'}" for i in range(4)),
            )
        ),
        sheet(
            grid("類型|数（団体）", "連携が多く、専門性が低い型|4", "依存が低く、専門性が高い型|3")
        ),
        sheet(grid("仮説|数（団体）", "H1|4", "H2|3", "注記|5")),
        sheet(grid("団体名", *(f"架空{name}市" for name in "あいうえおかきく"))),
        sheet(CHOICES, put(B3="その他", C1="その他の内容", C3="外部に委託")),
        text('団体名,内容\n架空市,"東京都,港区"\n見本町,見積\n'),
        text("団体名,人口（人）\n架空市,5250\n見本町,1246\n"),
        sheet(grid("団体名|人口|金額|年齢", "架空市|1500|250000|25", "見本町|3200|510000|38")),
        sheet(
            [
                ["団体名", "意見"],
                *([f"架空{i}町", f"必要で{w}"] for i, w in enumerate(["ある", "ない"] * 3)),
            ]
        ),
        sheet(grid("団体名|回答日", "架空市|2024/6/3", "見本町|2024/6/4")),
    ],
)
def test_a_table_that_keeps_the_rules_of_2026_has_no_breach(tmp_path, make):
    assert breaches(make(tmp_path)) == []


def test_a_code_table_explains_the_codes(tmp_path):
    def change(page):
        codes = page.parent.create_sheet("コード表")
        for row in (["設問", "コード", "意味"], ["問1", "1", "ある"], ["問1", "2", "ない"]):
            codes.append(row)

    rows = [["団体名", "問1"], ["架空市", 1], ["見本町", 3], ["例示村", 2]]
    assert ("code_table", "B1") not in breaches(table(tmp_path, change, rows=rows))


def test_the_headings_of_an_earlier_file_are_compared(tmp_path):
    earlier = table(tmp_path, put(B1="住民（人）"), rows=PLACES, name="b.xlsx")
    found = audit.audit([table(tmp_path, rows=PLACES)], earlier=earlier)
    assert found[["check", "cell", "raw"]].to_numpy().tolist() == [
        ["layout", "B1", "人口（人）"],
        ["layout", "", "住民（人）"],
    ]
    same = audit.audit([earlier], earlier=earlier)
    assert same.empty


def test_blank_sheets_are_compared_and_explain_nothing(tmp_path):
    def blank(page):
        page.parent.create_sheet("Sheet2")  # as Excel made them unasked
        page.parent.create_sheet("コード表")

    def filled(page):
        page.parent.create_sheet("Sheet2").append(["備考欄"])

    rows = [["団体名", "問1"], ["架空市", 1], ["見本町", 3], ["例示村", 2]]
    now = table(tmp_path, blank, rows=rows)
    assert breaches(now) == breaches(table(tmp_path, rows=rows, name="b.xlsx"))
    assert "layout" not in set(audit.audit([now], earlier=now)["check"])
    found = audit.audit([now], earlier=table(tmp_path, filled, rows=rows, name="c.xlsx"))
    gone = found[found["check"] == "layout"]
    assert gone[["sheet", "cell", "raw"]].to_numpy().tolist() == [["Sheet2", "", "備考欄"]]


def test_a_level_loses_points_for_each_breached_rule_once(tmp_path):
    path = table(tmp_path, put(A2="架空市 ", A3="見本町 ", A4="㈱例示村"), rows=PLACES)
    found = audit.audit([path])
    # spacing and characters are critical: 10 points each
    assert audit.scores(found, "a.xlsx") == {"L1": 80, "L2": 100, "L3": 100}
    assert "レベル1 80点" in audit.report([path])
    found = audit.audit([table(tmp_path, put(B3="▲5"), rows=PLACES)])
    assert audit.scores(found, "a.xlsx")["L2"] == 0  # a fatal one
    assert found[["rule_2020", "rule_2026", "level"]].iloc[0].tolist() == ["1-3", "L2-01", "L2"]


def test_an_open_document_breaks_the_rules_of_2020_only(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    found = audit.audit([tmp_path / "a.ods"])
    assert found[["rule_2020", "rule_2026"]].to_numpy().tolist() == [["1-1", ""]]


def test_every_rule_of_both_editions_is_checked_or_judged():
    of = {
        year: {check.rules[year] for check in CHECKS.values() if year in check.rules}
        for year in (2020, 2026)
    }
    levels = {"L1": 15, "L2": 6, "L3": 9}
    assert of[2020] == {*(f"1-{i}" for i in range(1, 14)), "2-1", "2-2"}
    assert of[2026] | JUDGED.keys() == {
        f"{level}-{i:02}" for level, n in levels.items() for i in range(1, n + 1)
    }
    for check in CHECKS.values():
        assert check.title.ja and check.title.en and check.advice.ja and check.advice.en


def test_a_cell_of_a_text_file_may_be_long(tmp_path):
    (tmp_path / "a.csv").write_text(f'団体名,意見\n千代田区,"{"長い意見。" * 30_000}"\n')
    assert "quoting" not in set(audit.audit([tmp_path / "a.csv"])["check"])


@pytest.mark.parametrize("opened", ["(" + " " * 100_000, "(人 " * 100_000])
def test_a_heading_whose_bracket_never_closes_is_no_hang(tmp_path, opened):
    (tmp_path / "a.csv").write_text(f"団体名,数{opened}\n" + "千代田区,30\n" * 4)
    assert "units" in set(audit.audit([tmp_path / "a.csv"])["check"])


def test_cells_merged_beside_the_table_end_neither_an_audit_nor_a_draft(tmp_path):
    book = openpyxl.Workbook()
    for row in (["団体名", "職員数"], ["架空市", 3], ["見本町", 5]):
        book.active.append(row)
    book.active.merge_cells("F1:G2")
    book.save(tmp_path / "a.xlsx")
    assert "F1:G2" in audit.report([tmp_path / "a.xlsx"], language="en")
    assert "職員数" in draft(tmp_path / "a.xlsx")
