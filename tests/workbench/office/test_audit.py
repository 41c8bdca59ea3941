"""The ministry's rules: one breach each, with its cell; a clean table has none."""

import re
import time
import warnings
import zipfile
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter
from openpyxl.worksheet.hyperlink import Hyperlink

from analysis.errors import InputError
from workbench.office import audit
from workbench.office.audit import RULES

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
    return list(zip(found["rule"], found["cell"], strict=True))


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
        ("1-2", "C3", put(C3="1、3、5")),
        ("1-2", "C3", put(C3="①③")),
        ("1-2", "C3", put(C3="45（うち女性3）")),
        ("1-2", "C3", put(C3="10人（うち女性3人）")),
        ("1-2", "C3", put(C3="正規3、非正規2")),
        ("1-2", "C3", put(C3="1 業務改革、3 研修")),
        ("1-2", "C3", put(C3="3名（予定）")),
        ("1-3", "C3", put(C3="４５")),
        ("1-3", "C3", put(C3="￥1,200")),
        ("1-3", "C3", put(C3="1万2千円")),
        ("1-3", "C3", put(C3="2年3か月")),
        ("1-3", "C3", put(C3="約 10 人")),
        ("1-3", "C3", put(C3="10回/年")),
        ("1-3", "C3", put(C1="COVID対応人数（人）", C3="5人")),
        ("1-3", "C3", put(C3="#N/A")),
        ("1-3", "C3", put(C3="1,234")),
        ("1-3", "C3", put(C3="3名")),
        ("1-3", "C3", put(C3="約50")),
        ("1-3", "C3", put(C3="3〜4人")),
        ("1-3", "C3", put(C3="10人程度")),
        ("1-3", "C3", put(C3="▲5")),
        ("1-4", "A1:B1", lambda page: page.merge_cells("A1:B1")),
        ("1-5", "B2", put(B2="架空市　")),
        ("1-5", "B2", put(B2="架　空　市")),
        ("1-5", "B2", put(B2="　架空市")),
        ("1-5", "B2", put(B2="東　京")),
        ("1-5", "C1", put(C1="職員数\n（人）")),
        ("1-6", "A3", put(A3="〃")),
        ("1-6", "B4", put(B4="同上")),
        ("1-6", "B4", put(B4="上記と同じ")),
        ("1-6", "E1", put(E1=None)),
        ("1-6", "A4", put(A4=None)),
        ("1-7", "C3", put(C3="=40+5")),
        ("1-9", "C1", put(C1="職員数")),
        ("1-9", "C1", put(C1="年間予算額")),
        ("1-9", "C1", put(C1="職員数（正規）")),
        ("1-9", "C1", put(C1="職員数", C2=3, C3=4, C4=5, C5=6)),
        ("1-9", "C1", put(C1="職員数", F1="備考", F2="－：該当なし")),
        ("1-10", "B3", put(B3="㈱見本町")),
        ("1-10", "B3", put(B3="髙見町")),
        ("1-11", "E3", put(E3="令和元年8月6日")),
        ("1-11", "E3", put(E3="R1.8.6")),
        ("1-11", "E3", put(E3="R元.8.6")),
        ("1-11", "C1", put(C1="H31（人）")),
        ("1-11", "E3", put(E3="31.4.1")),
        ("1-12", "A1", without_names),
        ("1-12", "A3", put(A3=11002)),  # 011002 as a number
        ("1-12", "A3", put(A3="1100")),  # 01100, without its check digit
        ("1-13", "C3", put(C3="－")),
        ("1-13", "C3", put(C3="－", F1="（単位：人）")),
        ("2-1", "4:4", blank_row),
        ("2-1", "C:C", lambda page: page.insert_cols(3)),
        ("2-2", "A7", second_table),
        ("2-2", "G1", table_beside),
        ("H", "3:3", lambda page: setattr(page.row_dimensions[3], "hidden", True)),
        ("H", "C:C", lambda page: setattr(page.column_dimensions["C"], "hidden", True)),
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
        put(A6="※ 「－」は該当なし", C3="－"),
        lambda page: page.cell(8, 1, "出典：架空の調査"),
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
    assert {rule for rule, _ in breaches(table(tmp_path, merged_heading))} == {"1-4"}


def test_a_label_that_is_merged_over_rows_is_not_left_out(tmp_path):
    change = lambda page: (put(A3=None)(page), page.merge_cells("A2:A3"))  # noqa: E731
    assert breaches(table(tmp_path, change)) == [("1-4", "A2:A3")]


def test_the_error_of_a_formula_is_told_once(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    page = book.add_worksheet("回答")
    for i, row in enumerate(CLEAN):
        page.write_row(i, 0, row)
    page.write_formula("C3", "=NA()", None, "#N/A")
    book.close()
    assert breaches(tmp_path / "a.xlsx") == [("1-7", "C3")]


def test_a_sign_among_numbers_is_no_omitted_label(tmp_path):
    assert breaches(table(tmp_path, put(C3="…"))) == [("1-13", "C3")]


def test_long_prose_is_read_in_no_time(tmp_path):
    start = time.monotonic()
    assert breaches(table(tmp_path, put(F1="備考", F2="1、" * 16000 + "x"))) == []
    assert time.monotonic() - start < 5


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
    own = found[found["rule"] == "1-8"]
    assert own[["sheet", "cell"]].values.tolist() == [["回答", "G3"], ["回答", "B9"]]


def test_a_file_that_is_no_table_breaks_the_first_rule(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    found = audit.audit([tmp_path / "a.pdf"])
    assert found["rule"].tolist() == ["1-1"] and "PDF document, not a table" in found["en"].iloc[0]
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
    with zipfile.ZipFile(tmp_path / "big.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
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
    assert audit.audit([tmp_path / "a.xlsx"])[["sheet", "rule"]].to_numpy().tolist() == [
        ["グラフ", "1-8"]
    ]
    said = audit.report([tmp_path / "a.xlsx"], annotate_to=tmp_path / "b.xlsx")
    assert "写しは作りません" in said and not (tmp_path / "b.xlsx").exists()
    only = openpyxl.Workbook()
    only.create_chartsheet("図")
    only.remove(only.active)
    only.save(tmp_path / "c.xlsx")
    assert audit.audit([tmp_path / "c.xlsx"])["rule"].tolist() == ["1-8"]
    pyreadstat.write_sav(pd.DataFrame({"a": [1.0]}), tmp_path / "s.sav")
    assert "SPSS 形式です" in audit.report([tmp_path / "s.sav"])


def test_text_files_are_checked_too(tmp_path):
    lines = [",".join(map(str, row)) for row in CLEAN]
    (tmp_path / "a.csv").write_text("\n".join(lines), "cp932")
    assert breaches(tmp_path / "a.csv") == []
    (tmp_path / "a.csv").write_text("\n".join(lines).replace("130", "130名"), "cp932")
    assert breaches(tmp_path / "a.csv") == [("1-3", "C2")]


def test_the_copy_carries_the_comments_and_the_original_is_untouched(tmp_path):
    def change(page):
        put(C3="３名\n")(page)
        page.merge_cells("A1:B1")
        page.row_dimensions[4].hidden = True

    path = table(tmp_path, change)
    before = path.read_bytes()
    audit.report([path], language="ja", annotate_to=tmp_path / "out.xlsx")
    assert path.read_bytes() == before
    page = openpyxl.load_workbook(tmp_path / "out.xlsx")["回答"]
    notes = {c.coordinate: c.comment.text for row in page for c in row if c.comment}
    assert set(notes) == {"A1", "C3", "A3"}  # beside the hidden row, where it is seen
    assert "[1-3]" in notes["C3"] and "[1-5]" in notes["C3"] and "半角数字" in notes["C3"]
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
    assert own.text.startswith("担当からの注\n[1-7]") and own.author == "担当"
    assert "G3" in {c for _, c in notes} and ("控え", "A1") not in notes
    assert "控え" in notes["表紙", "A1"].text and "[1-11]" in notes["表紙", "A1"].text
    assert "E:E [H]" in notes["回答", "D1"].text  # nobody sees a note in a hidden column
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
    assert "H:H [H]" in notes["F1"]
    assert 'Extension="vml"' in parts(tmp_path / "b.xlsx")["[Content_Types].xml"].decode()


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    path = table(tmp_path)
    monkeypatch.setattr(audit.os, "access", lambda *_: False)
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
    assert "[1-3] 数値データは数値属性とし" in ja and "C3 「3名」, C4 「4名」" in ja
    assert "1 ファイル、指摘 2 件" in ja and "1 file, 2 breaches" in en


def test_every_rule_speaks_both_languages():
    assert len(RULES) == 16  # the ministry's fifteen, and hidden cells
    for rule in RULES.values():
        assert rule.title.ja and rule.title.en and rule.advice.ja and rule.advice.en
