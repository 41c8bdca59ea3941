"""The 30 rules of 2026, one by one: a bad sample and a good one of each.

The samples are our own. The bad one breaks its rule and no other, under its number and level in
both languages; what a person has to judge is listed as such.
"""

import csv
import io
import shutil
import subprocess
import zipfile

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import PatternFill

from workbench.office import audit

HEAD = ["団体コード", "団体名", "職員数（人）", "取組状況"]
ROWS = [
    ["990019", "架空市", 130, "取組済"],
    ["990027", "見本町", 45, "検討中"],
    ["990035", "例示村", 0, "取組済"],
    ["990043", "仮設区", 1200, "検討中"],
    ["990051", "試行町", 77, "取組済"],
    ["990060", "仮想村", 21, "検討中"],
]
GOOD = [HEAD, *ROWS]


def changed(**cells):
    """The good table with other values in some cells, such as C3=… ; beyond it the table grows."""
    rows = [list(row) for row in GOOD]
    for cell, value in cells.items():
        row, column = int(cell[1:]) - 1, ord(cell[0]) - ord("A")
        rows += [[None] * len(HEAD) for _ in range(row + 1 - len(rows))]
        for one in rows:
            one += [None] * (column + 1 - len(one))
        rows[row][column] = value
    return rows


def column(head, *values):
    """The good table with one more column."""
    return [[*HEAD, head], *([*row, v] for row, v in zip(ROWS, values, strict=True))]


def book(folder, rows, change=None):
    made = openpyxl.Workbook()
    page = made.active
    page.title = "回答"
    for at, row in enumerate(rows, 1):
        for to, value in enumerate(row, 1):
            page.cell(at, to, value)
    if change:
        change(page)
    made.save(folder / "a.xlsx")
    return [folder / "a.xlsx"]


def text(folder, rows):
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return raw(folder, made.getvalue())


def raw(folder, content, name="a.csv"):
    (folder / name).write_text(content, "utf-8")
    return [folder / name]


def picture(folder):
    with xlsxwriter.Workbook(folder / "a.xlsx") as made:
        page = made.add_worksheet("回答")
        for at, row in enumerate(GOOD):
            page.write_row(at, 0, row)
        page.insert_textbox("G3", "暫定値")
    return [folder / "a.xlsx"]


def colour(page):
    page["C3"].fill = PatternFill("solid", fgColor="FFFF00")


def hide(page):
    page.row_dimensions[3].hidden = True


def codes(folder):
    meanings = [["設問", "コード", "意味"], ["問1", "1", "ある"], ["問1", "2", "ない"]]
    files = text(folder, column("問1", 1, 2, 1, 2, 1, 2))
    made = io.StringIO()
    csv.writer(made).writerows(meanings)
    return [*files, *raw(folder, made.getvalue(), "コード表.csv")]


LONG = [
    ["団体名", "年", "人口（人）"],
    *([row[1], year, 100 + at] for at, row in enumerate(ROWS) for year in (2024, 2025)),
]
WIDE = [["団体名", "2024年人口（人）", "2025年人口（人）"], *([r[1], 100, 101] for r in ROWS)]
NOTED = [*GOOD, [None] * 4, ["出典：架空の調査", None, None, None]]
SECOND = [*GOOD, [None] * 4, ["区分", "件数（件）", None, None], ["市", 3, None, None]]
SECOND += [["町", 9, None, None]]
BLANK = [*GOOD[:3], [None] * 4, *GOOD[3:]]
# rule -> bad sample, and good one where it is not simply the good table
SAMPLES = {
    "L1-01": (lambda f: raw(f, "%PDF-1.7", "a.pdf"), lambda f: text(f, GOOD)),
    "L1-02": (lambda f: book(f, SECOND), None),
    "L1-03": (lambda f: book(f, BLANK), None),
    "L1-04": (lambda f: book(f, NOTED), None),
    "L1-05": (lambda f: book(f, column("002", *"あいうえおか")), None),
    "L1-06": (lambda f: book(f, changed(B3="見　本　町")), None),
    "L1-07": (lambda f: book(f, changed(C3="45（うち女性3）")), None),
    "L1-08": (lambda f: book(f, changed(B3="㈱見本町")), lambda f: book(f, changed(B3="Café–町"))),
    "L1-10": (picture, None),
    "L1-11": (lambda f: book(f, GOOD, colour), None),
    "L1-12": (lambda f: book(f, GOOD, lambda page: page.merge_cells("D2:D3")), None),
    "L1-13": (lambda f: book(f, GOOD, hide), None),
    "L1-14": (lambda f: text(f, changed(B3="見本町\n（仮）")), lambda f: text(f, GOOD)),
    "L1-15": (
        lambda f: raw(f, "団体名,窓口\n架空市,東京都,港区\n見本町,本庁\n"),
        lambda f: raw(f, '団体名,窓口\n架空市,"東京都,港区"\n見本町,本庁\n'),
    ),
    "L2-01": (lambda f: book(f, changed(C3="▲45")), lambda f: book(f, changed(C3=-45))),
    "L2-02": (lambda f: book(f, changed(D3="〃")), None),
    "L2-03": (lambda f: book(f, column("団体名", *"あいうえおか")), None),
    "L2-04": (lambda f: book(f, changed(D4="取り組み済み")), None),
    "L2-05": (
        lambda f: book(f, changed(D4="その他（外部に委託）")),
        lambda f: book(f, changed(D4="その他", E1="その他の内容", E4="外部に委託")),
    ),
    "L2-06": (lambda f: book(f, changed(C3="=40+5")), None),
    "L3-01": (lambda f: book(f, [["職員数の調査", None, None, None], *GOOD]), None),
    "L3-02": (lambda f: text(f, column("問1", 1, 2, 1, 2, 1, 2)), codes),
    "L3-03": (
        lambda f: book(f, changed(C3="×")),
        lambda f: book(f, GOOD),
    ),
    "L3-04": (lambda f: book(f, changed(C1="職員数")), None),
    "L3-05": (
        lambda f: book(f, column("開始日", *["令和7年4月1日"] * 6)),
        lambda f: book(f, column("開始日", *["2025-04-01"] * 6)),
    ),
    "L3-06": (lambda f: book(f, [row[2:] for row in GOOD]), None),
    "L3-09": (lambda f: book(f, WIDE), lambda f: book(f, LONG)),
}


def rules(files):
    return set(audit.audit(files)["rule_2026"])


@pytest.mark.parametrize("rule", SAMPLES)
def test_the_bad_sample_breaks_its_rule_alone_and_the_good_one_none(tmp_path, rule):
    bad, good = SAMPLES[rule]
    files = bad(tmp_path)
    found = audit.audit(files)
    assert {*found["rule_2026"]} == {rule}
    assert {*found["level"]} == {rule[:2]}
    for language in ("ja", "en"):
        assert f"{rule}]" in found[language].iloc[0]
        assert f"{rule}]" in audit.report(files, language=language)
    assert rules((good or (lambda folder: book(folder, GOOD)))(tmp_path)) == set()


def test_what_is_compared_with_an_earlier_file(tmp_path):
    (earlier,) = book(tmp_path, GOOD)
    (tmp_path / "now").mkdir()
    now = book(tmp_path / "now", changed(C1="正規職員（人）"))
    assert {*audit.audit(now, earlier=earlier)["rule_2026"]} == {"L3-07"}
    assert audit.audit([earlier], earlier=earlier).empty


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_a_person_judges_is_listed_as_such(tmp_path, language):
    assert audit.JUDGED.keys() == {"L1-09", "L3-08"}
    said = audit.report(book(tmp_path, GOOD), language=language)
    assert all(f"[{rule}] {words[language]}" in said for rule, words in audit.JUDGED.items())
    assert len(SAMPLES) + len(["L3-07"]) + len(audit.JUDGED) == 30


SAVED = ["L1-06", "L1-07", "L1-11", "L1-12", "L1-13", "L2-01", "L2-06", "L3-01", "L3-04"]


OPEN = """<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s"
  xmlns:fo="f" xmlns:draw="d"><office:automatic-styles><style:style style:name="red">
  <style:table-cell-properties fo:background-color="#ff0000"/></style:style>
  </office:automatic-styles><office:body><office:spreadsheet><table:table table:name="回答">
  <table:table-column table:number-columns-repeated="3"/>{rows}
  <table:table-row table:number-rows-repeated="1048000" table:visibility="collapse">
  <table:table-cell table:number-columns-repeated="16384"/></table:table-row>
  </table:table></office:spreadsheet></office:body></office:document-content>"""


def open_document(folder, rows, change=""):
    """The table as .ods; `change`: attributes of C3, and behind | what it holds beside its text."""
    lines = []
    for at, row in enumerate(rows, 1):
        cells = ""
        for to, value in enumerate(row):
            here = change if (at, to) == (3, 2) else ""
            more, _, inside = here.partition("|")
            words = "" if isinstance(value, int) else "string"
            typed = f'office:value-type="{words or "float"}" office:value="{value}"'
            cells += f"<table:table-cell {typed} {more}>{inside}<text:p>{value}</text:p>"
            cells += "</table:table-cell>"
        lines.append(f"<table:table-row>{cells}</table:table-row>")
    with zipfile.ZipFile(folder / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", OPEN.replace("{rows}", "".join(lines)))
    return [folder / "a.ods"]


@pytest.mark.parametrize(
    "rows, change, rule",
    [
        (GOOD, "", ""),
        (changed(C3="▲45"), "", "L2-01"),
        (GOOD, 'table:style-name="red"', "L1-11"),
        (GOOD, 'table:formula="of:=40+5"', "L2-06"),
        (GOOD, 'table:number-columns-spanned="2"', "L1-12"),
        (GOOD, "|<draw:frame><text:p>図</text:p></draw:frame>", "L1-10"),
        (GOOD, "|<office:annotation><text:p>確認済み</text:p></office:annotation>", ""),
    ],
)
def test_an_open_document_is_read_as_well(tmp_path, rows, change, rule):
    found = audit.audit(open_document(tmp_path, rows, change))
    assert found["rule_2020"].iloc[0] == "1-1"  # the list of 2020 wants Excel or CSV
    assert {*found["rule_2026"]} - {""} == {rule} - {""}
    assert not rule or found["cell"].iloc[-1].startswith("C3")


@pytest.mark.parametrize(
    "inside",
    [
        "|<text:p>" + "<text:span>" * 1_500 + "</text:span>" * 1_500 + "</text:p>",
        "|</table:table-cell></table:table-row>"
        + '<table:table-column table:number-columns-repeated="16384"/>' * 100_000
        + "<table:table-row><table:table-cell>",
    ],
    ids=["nested", "columns"],
)
def test_an_open_document_made_to_exhaust_the_reader_is_read(tmp_path, inside):
    assert rules(open_document(tmp_path, GOOD, inside)) <= {""}  # and nothing is found amiss


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_what_libreoffice_saves_has_the_same_breaches(tmp_path, kind):
    files = []
    for rule in SAVED:
        (folder := tmp_path / rule).mkdir()
        files += SAMPLES[rule][0](folder)
    for file in files:
        file.rename(file.with_name(f"{file.parent.name}.xlsx"))
    named = [str(file.with_name(f"{file.parent.name}.xlsx")) for file in files]
    out = tmp_path / "saved"
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", kind, "--outdir", str(out), *named]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    for rule in SAVED:
        assert rules([out / f"{rule}.{kind}"]) - {""} == {rule}
