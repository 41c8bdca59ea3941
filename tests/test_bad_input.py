"""Whatever arrives: one clear sentence with the file, no traceback, crash or silent loss."""

import csv
import io
import random
import re
import shutil
import zipfile
from pathlib import Path
from unicodedata import normalize

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st
from received import HEADINGS, ROWS, book, csv_text, wave, workbook

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read
from analysis.intake.files import read_file, read_text
from analysis.intake.workbook import objects, read_workbook
from analysis.intake.workbook_parts import WorkbookParts, sheet_parts
from workbench.cli import main

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the first bytes of what Excel wrote before 2007


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    path = tmp_path / "data" / "raw" / "w"
    path.mkdir(parents=True)
    return path


def refusal(path: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read_file(path, **options)
    text = str(caught.value)
    assert path.name in text and "\n" not in text and "; " in text, text
    return text


def archive(**parts: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in parts.items():
            zipped.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in parts.items():
            target.writestr(name, data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def small() -> bytes:
    """A workbook with dates, formats, an error, a formula, merged and hidden cells."""
    out = io.BytesIO()
    content = xlsxwriter.Workbook(out, {"in_memory": True})
    page = content.add_worksheet("回答")
    page.merge_range("A1:F1", "題")
    for i, row in enumerate([HEADINGS, *ROWS], start=1):
        for j, value in enumerate(row):
            if value is not None:
                page.write(i, j, value)
    page.write_number("G3", 43000, content.add_format({"num_format": "yyyy/m/d"}))
    page.write_number("G4", 11002, content.add_format({"num_format": "000000"}))
    page.write_formula("G5", "=1+1", None, 2)
    page.write_formula("H3", "=NA()", None, "#N/A")
    page.set_row(3, None, None, {"hidden": True})
    page.set_column("C:C", None, None, {"hidden": True})
    content.close()
    return out.getvalue()


SMALL = small()


# --- what a file is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.xlsx", b"", "the file is empty"),
        ("a.csv", b" \n\n", "the file is empty"),
        ("a.xlsx", SMALL[:3000], "damaged"),
        ("a.xlsx", SMALL[:10] + b"x" * 50 + SMALL[60:], "damaged"),
        ("a.xlsx", b"PK\x03\x04 nothing", "not an Excel workbook"),
        ("a.xlsx", archive(readme="x"), "not an Excel workbook"),
        ("a.xlsx", archive(word__document_xml="x").replace(b"document_xml", b"document.xml"),
         "Word document"),
        ("a.xlsx", archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
         "OpenDocument"),
        ("a.xlsx", OLE + b"\0" * 99 + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.xls", OLE + b"\0" * 99 + "Workbook".encode("utf-16-le"), "old .xls format"),
        ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.xls", b"<html><table>", "web page"),
        ("a.csv", SMALL, "called .csv but is an Excel workbook"),
        ("a.xlsx", b"a,b\n1,2\n", "called .xlsx but is a text file"),
        ("a.csv", b"a,b\n\x81\x01,2\n\xff", "not cp932: byte 0x81 in line 2"),
        ("a.csv", b"a,b\n\x00,2\n", "NUL"),
        ("a.csv", "漢字".encode("cp932") + b"\n\x80\xff", "encoding of the file is not clear"),
        ("a.xlsx", archive(Index__Document_iwa="x").replace(b"ment_iwa", b"ment.iwa"), "Numbers"),
        ("a.csv", b'a,b\n"1,2\n3,4\n', "no regular table"),
        ("a.csv", b"," * 99_999 + b"\n", "100,000 columns"),
        ("a.csv", b'"x",' + b"," * 99_998 + b"\n", "100,000 columns"),
        ("a.sav", b"$FL2@(#) nonsense", "SPSS file is damaged"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_it_should_be(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    assert says in refusal(path)


def test_a_file_that_is_not_there(tmp_path):
    assert "no such file" in refusal(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("encoding", "says"),
    [("cp932", "the wave says cp932 but the file is UTF-8"), ("utf-8x", "no encoding"),
     ("ascii", "not ascii"), ("utf-16", "not utf-16")],
)  # fmt: skip
def test_an_encoding_that_does_not_fit(tmp_path, encoding, says):
    (tmp_path / "a.csv").write_text("団体コード,団体名\n1,あ\n", "utf-8")
    assert says in refusal(tmp_path / "a.csv", encoding=encoding)


# --- workbooks made to exhaust the machine ------------------------------------------------------


def declare(content: bytes, size: int) -> bytes:
    """The same archive, whose directory declares another unpacked size for the sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts_of(content).items():
            target.writestr(name, data)
        target.getinfo(SHEET).file_size = size
    return out.getvalue()


def test_two_gigabytes_from_a_few_bytes(tmp_path):
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(declare(SMALL, 2 * 2**30))
    assert "unpacks to 2,048 MB" in refusal(path)


def test_a_directory_that_declares_too_little(tmp_path):
    path = tmp_path / "bomb.xlsx"
    parts = parts_of(SMALL)
    parts[SHEET] += b" " * 50_000_000
    path.write_bytes(declare(zipped(parts), 1000))
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'r="G3"', b'r="XFD1048576"', "spans 1,048,576 rows"),
        (b'r="G3"', b'r="A99999999999"', "spans 99,999,999,999 rows"),
        (b'r="G3"', b"r='BBBB3'", "columns"),
        (b'<row r="3"', b"<row r='4000000000'><c><v>1</v></c></row><row r=\"3\"", "spans"),
    ],
)
def test_a_sheet_that_spans_more_than_a_table_can(tmp_path, old, new, says):
    parts = parts_of(SMALL)
    assert old in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(old, new, 1)
    path = tmp_path / "far.xlsx"
    path.write_bytes(zipped(parts))
    assert says in refusal(path)


def test_a_far_cell_with_a_format_alone_is_harmless():
    parts = parts_of(SMALL)
    far = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", far)
    sheet = read_workbook(zipped(parts), "a.xlsx")[0]
    assert sheet.text.equals(read_workbook(SMALL, "a.xlsx")[0].text)


def test_counts_that_would_reserve_all_memory_are_not_believed():
    parts = parts_of(SMALL)
    strings = parts["xl/sharedStrings.xml"]
    assert b'uniqueCount="' in strings
    parts["xl/sharedStrings.xml"] = strings.replace(b'uniqueCount="', b'uniqueCount="99999999')
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b'count="', b'count="99999999')
    sheet = read_workbook(zipped(parts), "a.xlsx")[0]
    assert sheet.text.equals(read_workbook(SMALL, "a.xlsx")[0].text)


def test_an_archive_protected_by_a_password(tmp_path):
    locked = bytearray(SMALL)
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), SMALL):
            locked[found.start() + flags] |= 1
    (tmp_path / "a.xlsx").write_bytes(locked)
    assert "protected by a password" in refusal(tmp_path / "a.xlsx")


def test_more_parts_than_a_workbook_has(tmp_path):
    parts = parts_of(SMALL) | {f"xl/x/{i}": b"" for i in range(10_000)}
    (tmp_path / "a.xlsx").write_bytes(zipped(parts))
    assert "in 10,010 parts" in refusal(tmp_path / "a.xlsx")


def test_a_panic_inside_the_reader_is_a_damaged_workbook(monkeypatch):
    class PanicException(BaseException):
        pass

    def panic(_):
        raise PanicException("index out of bounds")

    monkeypatch.setattr(
        "analysis.intake.workbook.CalamineWorkbook.from_filelike", panic, raising=False
    )
    with pytest.raises(InputError, match=r"a.xlsx: the workbook is damaged"):
        read_workbook(SMALL, "a.xlsx")


@pytest.mark.parametrize(
    "start",
    ["<c <c ", "<row <row ", "<col <col ", '<c s="1"', "<sst <sst ", '<c r="A1"><f>', "<row><c>"],
)
def test_tags_that_never_end_are_refused_at_once(start):
    for part in ("xl/styles.xml", "xl/sharedStrings.xml", SHEET):
        parts = parts_of(SMALL)
        half = len(parts[part]) // 2
        parts[part] = parts[part][:half] + start.encode() * 20_000 + parts[part][half:]
        try:
            read_workbook(zipped(parts), "a.xlsx")
        except InputError as error:
            assert str(error).startswith("a.xlsx: the workbook is damaged")
        else:
            assert part != SHEET


def test_20_000_anchors_in_a_drawing_are_read_in_one_pass():
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.add_worksheet("a").insert_textbox("J10", "x")
    book.close()
    parts = parts_of(out.getvalue())
    drawing, anchor = "xl/drawings/drawing1.xml", b"<xdr:from><xdr:col>9</xdr:col></xdr:from>"
    end = parts[drawing].rindex(b"</xdr:wsDr>")
    parts[drawing] = parts[drawing][:end] + anchor * 20_000 + parts[drawing][end:]
    assert objects(WorkbookParts(parts), sheet_parts(parts)) == {"a": ["J10"]}


def test_100_000_columns_in_a_workbook(tmp_path):
    parts = parts_of(SMALL)
    wide = b'<row r="9">' + b"<c><v>1</v></c>" * 100_000 + b"</row></sheetData>"
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", wide)
    (tmp_path / "wide.xlsx").write_bytes(zipped(parts))
    assert "100,000 columns" in refusal(tmp_path / "wide.xlsx")


# --- waves --------------------------------------------------------------------------------------


def refused_wave(folder, *files, codebook=None) -> str:
    with pytest.raises(InputError) as caught:
        read.read(wave(folder, *files), codebook or book())
    return str(caught.value)


def test_a_sheet_that_is_not_there(folder):
    workbook(folder / "r.xlsx", [HEADINGS, *ROWS], sheet="回答")
    says = refused_wave(folder, {"path": "r.xlsx", "sheet": "集計"})
    assert "r.xlsx: there is no sheet '集計'; there are: 回答" in says


def test_no_heading_and_no_reply(folder):
    workbook(folder / "r.xlsx", [["番号", "回答"], [1, 2]])
    assert "no heading of the codebook tiny" in refused_wave(folder, "r.xlsx")
    assert "no label of the codebook" in refused_wave(folder, {"path": "r.xlsx", "layout": "form"})
    workbook(folder / "r.xlsx", [HEADINGS, ["合計", None, 3]])
    assert "no reply below the header" in refused_wave(folder, "r.xlsx")


def test_folders(folder, tmp_path):
    (folder / "replies").mkdir()
    assert "the folder holds no files" in refused_wave(folder, "replies")
    (folder / "replies" / "メモ.docx").write_bytes(b"x")
    assert "replies/メモ.docx" not in refused_wave(folder, "replies")  # a name, not a path
    assert "メモ.docx: the folder holds something" in refused_wave(folder, "replies")
    workbook(tmp_path / "out.xlsx", [HEADINGS, *ROWS])
    assert "outside the wave's folder" in refused_wave(folder, "../../../out.xlsx")


def test_a_wave_without_files_and_an_unknown_codebook(folder):
    with pytest.raises(InputError, match=r"wave.yml: line \d+: files: .*at least 1"):
        wave(folder)
    with pytest.raises(InputError, match="there is no codebook 'nothing'"):
        Codebook.read("nothing")
    with pytest.raises(InputError, match="there is no wave 'x'"):
        Wave.read("x")
    (folder.parent / normalize("NFD", "デモ")).mkdir()
    (folder.parent / normalize("NFD", "デモ") / "wave.yml").touch()
    with pytest.raises(InputError, match="デモ is written in other characters that look the same"):
        Wave.read("デモ")
    assert "missing.xlsx: there is no such file" in refused_wave(folder, "missing.xlsx")


WAVE = """title: {ja: 調査, en: Survey}
as_of: 2019-04-01
publisher: {ja: 会, en: Group}
codebook: it-staffing
data: invented
files:
- path: r.csv
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2019-04-01", "2019-02-30", "line 2: there is no day 2019-02-30"),
        ("title:", "[" * 3000, "not readable YAML"),
        ("files:", "files: []\nfiles:", "the entry files is there twice"),
        ("- path: r.csv", "- path: r.csv\n  header: {Q03: [甲], Q03: [乙]}", "Q03 is there twice"),
        ("- path: r.csv", "- path: r.csv\n- path: r.csv", "files names r.csv twice"),
        ("- path: r.csv", "  r.csv", "files"),
        ("r.csv", '"r\\0.csv"', "'r.csv' can be no file"),
        ("r.csv", "r" * 5000, "can be no file"),
        ("files:", "name: other\nfiles:", "the wave calls itself 'other'"),
        ("files:", "invited: -3\nfiles:", "invited"),
    ],
)
def test_a_mistake_in_wave_yml_ends_with_a_sentence_and_no_processed_data(
    folder, capsys, old, new, says
):
    (folder / "r.csv").write_text(csv_text([HEADINGS, *ROWS]), "utf-8")
    codebooks = folder.parents[1] / "codebooks"
    shutil.copytree(Path(__file__).parents[1] / "data" / "codebooks", codebooks)
    assert old in WAVE
    (folder / "wave.yml").write_text(WAVE.replace(old, new, 1), "utf-8")
    assert main(["clean", "w"]) == 2
    told = capsys.readouterr().err
    assert "wave.yml" in told and says in told and "Traceback" not in told
    assert not [*(folder.parents[1] / "processed").rglob("*")]


# --- fuzzing: 2,000 cases in all ----------------------------------------------------------------


DEMO = Path(__file__).parents[1] / "data" / "raw" / "demo-2019" / "replies.xlsx"


def test_flipped_bytes_are_refused_or_change_nothing():
    received = DEMO.read_bytes()
    expected = [sheet.text for sheet in read_workbook(received, "a.xlsx")]
    chance, same = random.Random(1), 0
    for _ in range(900):
        damaged = bytearray(received)
        for _ in range(chance.choice([1, 1, 3])):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        try:
            found = [sheet.text for sheet in read_workbook(bytes(damaged), "a.xlsx")]
        except InputError as error:
            assert str(error).startswith("a.xlsx")
            continue
        assert len(found) == len(expected)
        assert all(one.equals(other) for one, other in zip(found, expected, strict=True))
        same += 1
    assert 0 < same < 450  # most damage is noticed, some is harmless


def test_damage_inside_the_parts_is_refused_or_read():
    parts, chance = parts_of(SMALL), random.Random(2)
    names = [SHEET, *(f"xl/{n}" for n in ("workbook.xml", "styles.xml", "sharedStrings.xml")),
             "[Content_Types].xml", "xl/_rels/workbook.xml.rels"]  # fmt: skip
    inserts = [b"9" * 12, b"<", b"</c>", b'"', b"&x;", b"ZZZZ", b"\xff\xfe", b"-1", b"</row>"]
    for _ in range(800):
        name = chance.choice(names)
        data = bytearray(parts[name])
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 40)]
            case 2:
                data[at:at] = chance.choice(inserts)
        try:
            read_workbook(zipped(parts | {name: bytes(data)}), "a.xlsx")
        except InputError as error:
            assert str(error).startswith("a.xlsx")


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read_as_text(content):
    try:
        read_text(content, "a.csv")
    except InputError as error:
        assert str(error).startswith("a.csv")


@example(rows=[["1、2,3,4,5", "b"], ["c", "d"]], separator="\t")  # commas in one long answer
@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
                      min_size=1, max_size=5), min_size=1, max_size=6),
    st.sampled_from([",", "\t"]),
)  # fmt: skip
def test_every_field_of_a_text_file_comes_back(rows, separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    if not out.getvalue().strip() or out.getvalue().startswith("\ufeff"):
        return
    if separator not in out.getvalue():
        read_text(out.getvalue().encode(), "a.csv")
        return  # a single column: nothing to tell the separator by
    lines = re.split(r"\r\n|\r|\n", out.getvalue())

    def told(sign):  # in how many lines, then how often: rows of one field tell nothing
        return sum(sign in line for line in lines), out.getvalue().count(sign)

    if max(told(sign) for sign in {",", "\t", ";", "|"} - {separator}) >= told(separator):
        return
    sheet = read_text(out.getvalue().encode(), "a.csv")
    parsed = csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator)
    found = [[v for v in row if v] for row in sheet.text.to_numpy(object).tolist()]
    assert [row for row in found if row] == [f for row in parsed if (f := [v for v in row if v])]


def test_a_csv_of_replies_is_read_by_the_same_way(folder):
    (folder / "r.csv").write_text(csv_text([HEADINGS, *ROWS]), "utf-8")
    assert read.read(wave(folder, "r.csv"), book()).n == 3


@pytest.mark.parametrize(
    "encoding",
    [b"UTTTF-8", *(pytest.param(one, marks=pytest.mark.slow) for one in (b"rot13", b"shift_jis"))],
)
def test_parts_in_an_encoding_that_nobody_knows_are_read_or_refused(project, capsys, encoding):
    parts = parts_of((project / "data/raw/demo-2019/replies.xlsx").read_bytes())
    file, names = project / "x.xlsx", [n for n, part in parts.items() if part.startswith(b"<?xml")]
    assert len(names) > 8
    for name in names:
        other = re.sub(rb'encoding="[^"]*"', b'encoding="%s"' % encoding, parts[name], count=1)
        file.write_bytes(zipped({**parts, name: other}))
        status = main(["audit", str(file), "--annotate", str(project / "noted.xlsx")])
        assert status in (0, 2), f"{name}: {capsys.readouterr().err}"
    structure = (
        b'<?xml version="1.0" encoding="%s"?><d><LimeSurveyDocType>Survey</LimeSurveyDocType>'
    )
    (project / "x.lss").write_bytes(structure % encoding + b"</d>")
    assert main(["codebook", "draft", str(project / "x.lss")]) == 2
