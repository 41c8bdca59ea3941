"""The report as a Word document: what the pages hold, in the order of a report, and no more."""

import io
import re
import shutil
import subprocess
import zipfile

import docx
import pages_made as made
import pytest
from docx.oxml.ns import qn
from refreshing import put

from analysis.show import Answer, Prose
from workbench.cli import main
from workbench.publish import paper
from workbench.publish.page import export, page_context


@pytest.fixture
def pages(tmp_path):
    """Two published pages with one of each thing."""
    first = made.write(
        tmp_path / "02_a.ipynb",
        made.v4.new_markdown_cell("# 集計\n\n**問い** 何が多いか。"),
        made.v4.new_markdown_cell("## 回答の分布"),
        made.code("f(secret_code)", Answer("「はい」が最も多い。", "次は「いいえ」である。")),
        made.code("g()", made.figure(asked="Q1 何が多いですか。")),
        made.code("h()", made.table([["甲市", "1,234"], ["乙町", "5"]], notes=["注の文"])),
        made.code("i()", Prose("- 一つ目\n- 二つ目 [出典](https://example.org/a)")),
    )
    second = made.write(
        tmp_path / "03_b.ipynb",
        made.v4.new_markdown_cell("# 類型"),
        made.v4.new_markdown_cell("## 類型の数"),
        made.code("j()", Prose("類型は**3つ**である。")),
    )
    names = []
    for executed in (first, second):
        names.append(tmp_path / f"{executed.stem}.html")
        context = made.CONTEXT | {"audience": "committee"}
        export(executed, names[-1], context=context)
    return names


def document(pages):
    return paper.document(pages, page_context(made.CONTEXT | {"audience": "committee"}))


def test_a_chapter_a_page_with_headings_figures_and_tables(pages):
    made_of = docx.Document(io.BytesIO(document(pages)))
    headings = [(p.style.name, p.text) for p in made_of.paragraphs if p.style.name[:7] == "Heading"]
    assert headings == [
        *(("Heading 1", "集計"), ("Heading 2", "回答の分布")),
        *(("Heading 1", "類型"), ("Heading 2", "類型の数")),
    ]
    captions = [p.text for p in made_of.paragraphs if p.style.name == "Caption"]
    assert captions == ["図 1　回答　Q1 何が多いですか。 n = 15（回答団体）", "表 1　件数　n = 15 "]
    (table,) = made_of.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows == [["団体", "件数"], ["甲市", "1,234"], ["乙町", "5"]]
    assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    (picture,) = made_of.inline_shapes
    assert picture._inline.docPr.get("descr") == "「はい」が最も多い"
    page = made_of.sections[0]
    assert picture.width <= page.page_width - page.left_margin - page.right_margin
    texts = [p.text for p in made_of.paragraphs]
    assert "一つ目" in texts and "二つ目 出典 (https://example.org/a)" in texts
    bold = {run.text for p in made_of.paragraphs for run in p.runs if run.bold}
    assert {"「はい」が最も多い。", "3つ"} <= bold and "次は「いいえ」である。" not in bold


def test_notes_of_a_table_are_footnotes_of_its_caption(pages):
    with zipfile.ZipFile(io.BytesIO(document(pages))) as archive:
        notes = re.findall(r'footnote w:id="(\d+)".*?>([^<]*注の文)<', _xml(archive, "footnotes"))
        caption = next(p for p in _xml(archive, "document").split("</w:p>") if ">　件数<" in p)
    assert notes == [("1", " 注の文")] and 'footnoteReference w:id="1"' in caption
    assert re.search(r"> </w:t><w:footnoteReference", caption)  # n = 15 and note 1 are not 151


def _xml(archive, part):
    return archive.read(f"word/{part}.xml").decode()


def test_it_holds_nothing_that_the_pages_do_not_show(pages):
    shown = re.sub(r"\s|<[^>]+>", "", "".join(page.read_text() for page in pages))
    own = docx.Document(io.BytesIO(document(pages)))
    cells = [cell.text for table in own.tables for row in table.rows for cell in row.cells]
    words = {"調査 2019年", "研究会　2019-04-01", "委員会限り", "架空データ", "目次"}
    for text in [*(p.text for p in own.paragraphs), *cells]:
        if text in words or text.startswith(("図 1", "表 1")) or "(https" in text:
            continue
        assert re.sub(r"\s", "", text) in shown
    with zipfile.ZipFile(io.BytesIO(document(pages))) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist())
    assert b"secret_code" not in whole  # code stays on the internal page


def test_contents_lead_to_the_headings(pages):
    own = docx.Document(io.BytesIO(document(pages)))
    xml = own.element.xml
    anchors = re.findall(r'w:anchor="(\w+)"', xml)
    assert len(anchors) == 4 and set(anchors) <= set(re.findall(r'w:name="(_Toc\d+)"', xml))
    assert 'TOC \\o "1-2"' in xml


def test_each_line_of_the_contents_leads_to_its_own_heading(tmp_path):
    executed = made.write(
        tmp_path / "02_a.ipynb",
        made.v4.new_markdown_cell("# 集計"),
        made.v4.new_markdown_cell("## 回答の分布\n\n### 設問別\n\n#### 細目\n\n## 制約"),
    )
    page = tmp_path / "02_a.html"
    export(executed, page, context=made.CONTEXT)
    body = docx.Document(io.BytesIO(document([page]))).element.body

    def said(part):
        return "".join(text.text for text in part.iter(qn("w:t")))

    links, marks = body.iter(qn("w:hyperlink")), body.iter(qn("w:bookmarkStart"))
    lines = {link.get(qn("w:anchor")): said(link) for link in links}
    bookmarks = {mark.get(qn("w:name")): said(mark.getparent()) for mark in marks}
    assert [*lines.values()] == ["集計", "回答の分布", "制約"]
    assert lines == {name: bookmarks[name] for name in lines}


def test_japanese_fonts_paper_and_who_may_see_it(pages):
    own = docx.Document(io.BytesIO(document(pages)))
    section = own.sections[0]
    assert (section.page_width.mm, section.page_height.mm) == pytest.approx((210, 297), abs=0.1)
    fonts = own.styles["Normal"].element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == "游明朝"
    assert "委員会限り" in section.footer.paragraphs[0].text
    assert own.core_properties.title == "調査 2019年" and own.core_properties.author == "研究会"


def test_the_same_pages_give_the_same_bytes(pages):
    assert document(pages) == document(pages)


@pytest.mark.slow  # every run looks at what stands in the document
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_it(pages, tmp_path):
    (tmp_path / "r.docx").write_bytes(document(pages))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "txt:Text", "--outdir", str(tmp_path), str(tmp_path / "r.docx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    said = (tmp_path / "r.txt").read_text("utf-8-sig")
    assert (
        "「はい」が最も多い。" in said and "甲市" in said and "n = 15 1" in said
    )  # the mark of a note


def test_refresh_writes_it_beside_the_pages(project, monkeypatch, capsys):
    monkeypatch.setattr("workbench.run.execute.prepared", lambda wave: None)
    monkeypatch.setattr("workbench.publish.publication._sample", lambda wave: {})
    shutil.rmtree(project / "notebooks", ignore_errors=True)
    (project / "notebooks").mkdir()
    put(project, "02_a", "print(1)")
    assert main(["refresh", "demo-2019", "--word", "--no-fork"]) == 0
    run = project / "reports/demo-2019"
    own = docx.Document(run / "report.docx")
    assert own.paragraphs[0].text == "【架空データ】情報人材調査 2019年（デモ）"
    assert "report.docx" in (run / "index.html").read_text()
    for changed in (False, True):  # new pages beside the document of before would mislead
        if changed:
            put(project, "02_a", "print(2)")
        assert main(["refresh", "demo-2019", "--no-fork"]) == 0
        said = capsys.readouterr().err
        assert ("report.docx; add --word" in said) is changed
        assert (run / "report.docx").is_file() is not changed
