"""What is published of a run: pages, index, list of waves, workbook."""

import base64
import dataclasses
import datetime as dt
import html
import io
import json
import re
import shutil
import threading
from html.parser import HTMLParser

import nbformat.v4 as v4
import openpyxl
import pages_made as made
import pytest

from analysis import paths, show
from analysis.errors import InputError
from analysis.show import Answer, Prose
from workbench import temporary
from workbench.publish import index as pages
from workbench.publish import page as publish
from workbench.publish import paper
from workbench.publish.publication import scrub, write_page
from workbench.run.record import Ran
from workbench.run.refresh import refresh


class Read(HTMLParser):
    """A page as (tag, attributes, text directly in it), in order."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), []))

    def handle_data(self, data):
        if self.found:
            self.found[-1][2].append(data)

    def all(self, tag):
        return [(attrs, "".join(text).strip()) for name, attrs, text in self.found if name == tag]

    def text(self, tag):
        return [text for _, text in self.all(tag)]


def export(tmp_path, *cells, **context):
    target = tmp_path / "page.html"
    publish.export(
        made.write(tmp_path / "book.ipynb", *cells), target, context={**made.CONTEXT, **context}
    )
    return target.read_text(encoding="utf-8")


def test_a_page_has_its_language_title_landmarks_and_contents(tmp_path):
    text = v4.new_markdown_cell(
        "# 題名\n\n問い\n\n## 一つ目\n\n### 細目\n\n## 二つ目 & <b>太字</b>"
    )
    page = Read(export(tmp_path, text))
    assert page.all("html") == [({"lang": "ja"}, "")]
    assert page.text("title") == ["題 | 調査 2019年"]
    assert page.text("h1") == ["題名"]
    policy = next(a["content"] for a, _ in page.all("meta") if "http-equiv" in a)
    assert "default-src 'none'" in policy and "script" not in policy
    assert len(page.all("main")) == len(page.all("nav")) == len(page.all("header")) == 1
    ids = [attrs["id"] for attrs, _ in [*page.all("h2"), *page.all("h3")]]
    linked = {attrs["href"]: text for attrs, text in page.all("a")}
    assert {f"#{name}" for name in ids} <= set(linked)
    assert {"一つ目", "細目", "二つ目 & 太字"} <= set(linked.values())


@pytest.mark.parametrize("audience", ["internal", "committee"])
def test_a_picture_pasted_into_a_text_cell_is_on_the_internal_page_alone(tmp_path, audience):
    text = v4.new_markdown_cell(
        "# 題\n\n![a<b](attachment:1.png) と ![](file.png) ![](attachment:2)"
    )
    text["attachments"] = {"1.png": {"image/png": "iVBORw0KGgo="}}
    page = export(tmp_path, text, audience=audience)
    inside = audience == "internal"
    assert [about["alt"] for about, _ in Read(page).all("img")] == ["a<b"] * inside
    assert ("iVBORw0KGgo=" in page) == inside and "\ue000" not in page
    assert page.count("画像は載せていない") == 3 - inside


def test_a_figure_has_caption_text_and_the_numbers_it_was_drawn_from(tmp_path):
    page = Read(export(tmp_path, made.code("draw()", made.figure())))
    assert page.text("strong")[-1] == "回答n = 15（回答団体）"
    image = page.all("img")[0][0]
    assert image["alt"] == "「はい」が最も多い" and image["src"].startswith("data:image/png")
    link = next(attrs for attrs, _ in page.all("a") if "download" in attrs)
    assert link["download"] == "answers.csv"
    content = base64.b64decode(link["href"].partition("base64,")[2]).decode("utf-8-sig")
    assert content == made.figure().csv


def test_a_table_names_its_rows_and_columns_and_sets_numbers_right(tmp_path):
    rows = [["青嶺市", "3"], ["朝凪浦市", "12"]]
    page = Read(export(tmp_path, made.code("count()", made.table(rows, notes=["注記"]))))
    assert page.text("caption") == ["件数"] and "n = 15" in page.text("small")
    heads = page.all("th")
    assert [(a["scope"], t) for a, t in heads] == [
        ("col", "団体"),
        ("col", "件数"),
        ("row", "青嶺市"),
        ("row", "朝凪浦市"),
    ]
    assert [(a["class"], t) for a, t in page.all("td")] == [("n", "3"), ("n", "12")]
    assert "注記" in page.text("p")


def test_rows_under_one_name_are_joined_or_stand_under_a_heading(tmp_path):
    labels = ("団体", "設問", "件数")
    few = made.table([["甲", "Q1", "1"], ["甲", "Q2", "2"]], labels=labels, numeric=(2,))
    page = Read(export(tmp_path, made.code("f()", few)))
    assert [a.get("rowspan") for a, _ in page.all("th") if a["scope"] == "row"] == ["2"]
    many = [["甲", f"Q{i}", "1"] for i in range(5)] + [["乙", "Q1", "1"]]
    page = Read(export(tmp_path, made.code("f()", made.table(many, labels=labels, numeric=(2,)))))
    groups = [(t, a["colspan"]) for a, t in page.all("th") if a["scope"] == "rowgroup"]
    assert groups == [("甲", "2"), ("乙", "2")]
    assert page.text("th")[:2] == ["団体／設問", "件数"]
    said = [[*row, "無回答 2" if row[0] == "甲" else "", f"{row[1]}の注"] for row in many]
    labels = (*labels, "欠測", "注")
    shown = export(tmp_path, made.code("f()", made.table(said, labels=labels, numeric=(2,))))
    assert Read(shown).text("th")[:3] == ["団体／設問", "件数", "注"]
    assert Read(shown).text("small")[1:] == ["欠測: 無回答 2"], "said once of all rows"


def test_an_empty_heading_is_none(tmp_path):
    rows = made.table([["", "1"], ["甲", "2"]], labels=("", "件数"))
    page = Read(export(tmp_path, made.code("f()", rows)))
    assert page.text("th") == ["件数", "甲"]


def test_a_long_table_is_cut_on_the_page_and_says_so(tmp_path):
    rows = [[f"団体{i}", str(i)] for i in range(show.MOST + 41)]
    page = Read(export(tmp_path, made.code("f()", made.table(rows))))
    assert len(page.all("td")) == show.MOST
    assert any(f"全{show.MOST + 41:,}行は" in text for text in page.text("p"))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["設問", "Q03"], "w4"), (["確認したいこと", "あ" * 18], "m"), (["a" * 60], "l")],
)
def test_short_columns_are_never_broken(texts, kind):
    cells = [["x", text] for text in texts[1:] or texts]
    shown = show.table(vars(made.table(cells, labels=("", texts[0]), numeric=())))
    assert f"<th scope=col class={kind}>{texts[0]}" in shown


def test_code_is_folded_away_inside_and_absent_outside(tmp_path):
    cells = [made.code("import analysis"), made.code("answer()", Answer("答え"))]
    inside = export(tmp_path, *cells)
    assert Read(inside).text("summary") == ["プログラム"], "one to unfold before each output"
    assert "import analysis\n\nanswer()" in inside
    for audience in ("committee", "public"):
        outside = export(tmp_path, *cells, audience=audience)
        assert "details" not in Read(outside).text("summary") and "import analysis" not in outside
        assert "答え" in outside


def test_what_libraries_print_and_errors_stay_inside(tmp_path):
    said = [
        v4.new_output("stream", name="stderr", text="canary-warning"),
        v4.new_output("error", ename="E", evalue="canary-answer", traceback=[]),
    ]
    assert "canary-warning" in export(tmp_path, made.code("f()", outputs=said))
    for audience in ("committee", "public"):
        assert "canary" not in export(tmp_path, made.code("f()", outputs=said), audience=audience)


def test_the_footer_says_what_the_page_is_and_how_to_make_it_again(tmp_path):
    page = Read(export(tmp_path, made.code("f()")))
    facts = dict(zip(page.text("dt"), page.text("dd"), strict=True))
    assert facts == {
        "調査": "demo-2019",
        "時点": "2019-04-01",
        "資料": "研究会",
        "公開範囲": "内部限り",
        "パラメーター": "seed=7",
        "データのハッシュ": "d" * 16,
        "プログラムのハッシュ": "c" * 16,
        "版": "abc1234",
        "作成日": "2026-01-02",
        "再作成の方法": "workbench refresh demo-2019 -p seed 7",
        "注意": "架空データ：実在の自治体の回答ではない",
    }


def test_a_printed_sheet_says_what_it_belongs_to(tmp_path):
    style = re.search(r"@page\{@top-left.*", export(tmp_path, made.code("f()")))[0]
    assert '"調査 2019年"' in style and '"内部限り・架空データ"' in style
    style = re.search(
        r"@page\{@top-left.*",
        export(tmp_path, made.code("f()"), audience="public", invented=False, language="en"),
    )[0]
    assert '"Survey 2019"' in style and '""' in style


def test_the_same_run_gives_the_same_bytes(tmp_path):
    cells = [made.code("f()", made.figure(), made.table([["a", "1"]]))]
    assert export(tmp_path, *cells) == export(tmp_path, *cells)


# --- the index ---------------------------------------------------------------------------------


def run_folder(tmp_path, *notebooks, **context):
    """A run folder with an index; notebooks: (name, cells) or (name, cells, rank of finding)."""
    entries = []
    (tmp_path / "figures").mkdir(exist_ok=True)
    (tmp_path / "figures" / "answers.csv").write_text("a\n")
    for name, cells, *rank in notebooks:
        about = {"finding": rank[0]} if rank else {}
        made.write(tmp_path / "notebooks" / f"{name}.ipynb", *cells, **about)
        titles = {"ja": f"題 {name}", "en": f"Title {name}"}
        entries.append(
            {"name": name, "title": titles, "status": "ok", "error": "", "html": f"{name}.html"}
        )
    pages.write_index(tmp_path, entries, {**made.CONTEXT, **context})
    return Read((tmp_path / "index.html").read_text(encoding="utf-8"))


def tagged(tag, *things):
    cell = made.code("f()", *things)
    cell.metadata["tags"] = [tag]
    return cell


def test_the_index_is_a_summary_of_what_the_pages_find(tmp_path):
    clean = [made.code("f()", Answer("734セルを記録した。"), made.figure("missing", key=True))]
    types = [made.code("f()", Answer("類型は2つ。", "続き。"), made.figure("types", key=True))]
    report = [
        made.code(
            "f()", Answer("不足は5団体。"), Answer("類型は2つ。"), made.figure("short", key=True)
        ),
        tagged("summary-next", Prose("順位は付けない。その理由。\n\n- 詳しい一覧")),
        tagged("summary-limits", Prose("- 一つの時点の調査である。\n- 細かな注意")),
    ]
    index = run_folder(
        tmp_path,
        ("01_clean", clean, False),
        ("03_types", types, 2),
        ("06_report", report, 1),
        sample={"invited": 16, "replied": 15},
        mode={"ja": "電子メールで送付", "en": "By e-mail"},
    )
    assert index.text("li")[:2] == ["不足は5団体。", "類型は2つ。"]
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "方法：電子メールで送付。依頼した16団体のうち15団体が回答した（回収率93.8％）" in text
    assert "順位は付けない。その理由。" in text and "詳しい一覧" not in text
    assert "一つの時点の調査である。" in text and "細かな注意" not in text
    hrefs = [attrs["href"] for attrs, _ in index.all("a")]
    pages = [name for name in hrefs if name in {"01_clean.html", "03_types.html", "06_report.html"}]
    assert pages[-3:] == ["03_types.html", "06_report.html", "01_clean.html"], "cleaning is last"
    assert "06_report.html#figure-short" in hrefs, "the key figure of the first finding"
    assert len(index.all("figure")) == 1
    assert "完了" not in text


def test_a_run_without_findings_has_a_list_of_pages_alone(tmp_path):
    index = run_folder(tmp_path, ("01_clean", [made.code("f()", Prose("x"))], False))
    assert index.text("h2") == ["報告の各ページ", "ダウンロード"]


@pytest.mark.parametrize(
    ("text", "more", "read"),
    [
        ("二つある。", "安定している。", "二つある。安定している。"),
        ("There are 2 (p=0.01).", "They are stable.", "There are 2 (p=0.01). They are stable."),
        ("二つある。", "", "二つある。"),
    ],
)
def test_an_answer_and_the_rest_read_as_one_paragraph_everywhere(tmp_path, text, more, read):
    answer = Answer(text, more)
    bundle = answer._repr_mimebundle_()
    assert bundle["text/plain"] == read
    page = export(tmp_path, made.code("f()", answer))
    for shown in (bundle["text/html"], re.search(r'<p class="answer">.*?</p>', page)[0]):
        assert html.unescape(re.sub("<style>.*?</style>|<[^>]+>", "", shown)).strip() == read


def test_the_page_of_a_failed_notebook_leads_to_its_copy_only_inside(tmp_path):
    for audience, inside in (("internal", True), ("committee", False), ("public", False)):
        context = {**made.CONTEXT, "audience": audience}
        made.write(tmp_path / "notebooks" / "a.ipynb", made.code("f()"))
        failed = Ran("a", {"ja": "題"}, "a.html", "", status="failed")
        write_page(failed, tmp_path, context)
        page = Read((tmp_path / "a.html").read_text(encoding="utf-8"))
        assert ("notebooks/a.ipynb" in [a.get("href") for a, _ in page.all("a")]) == inside


def test_the_index_of_an_incomplete_run_says_why_only_inside(tmp_path):
    entry = {"name": "01_a", "title": {"ja": "題", "en": "t"}, "html": "01_a.html"}
    entry |= {"status": "failed", "error": "ValueError: 青嶺市の回答"}
    for audience, inside in (("internal", True), ("committee", False), ("public", False)):
        pages.write_index(tmp_path, [entry], {**made.CONTEXT, "audience": audience})
        text = (tmp_path / "index.html").read_text(encoding="utf-8")
        assert "未完成" in text and ("青嶺市の回答" in text) == inside


def test_the_index_names_whom_to_ask(tmp_path):
    labels = ("団体", "設問", "扱い")
    rows = [
        ["青嶺市", "Q01", "要確認"],
        ["朝凪浦市", "Q02", "要確認"],
        ["朝凪浦市", "Q03", "無効"],
    ]
    asked = made.table(rows, name="to_ask", labels=labels, numeric=(), n=3)
    index = run_folder(tmp_path, ("01_clean", [made.code("f()", asked)]))
    assert ("01_clean.html#table-to_ask", "確認が必要な指摘 3件の一覧") in [
        (attrs["href"], text) for attrs, text in index.all("a")
    ]
    assert [t for a, t in index.all("th") if a["scope"] == "row"] == ["朝凪浦市", "青嶺市"]
    assert index.text("td") == ["2", "Q02、Q03", "1", "Q01"]


def test_the_index_lists_the_runs_before_and_whether_their_data_were_the_same(tmp_path):
    before = [
        {"finished": "2026-01-01T08:09:10+00:00", "status": "ok", "data_sha256": "d" * 64},
        {"finished": "2025-12-31T08:09:10+00:00", "status": "failed", "data_sha256": "e" * 64},
    ]
    index = run_folder(tmp_path, ("01_a", []), before=before)
    assert [t for a, t in index.all("th") if a["scope"] == "row"] == [
        "2026-01-01 08:09",
        "2025-12-31 08:09",
    ]
    assert index.text("td") == ["完了", "同じ", "d" * 16, "未完成", "異なる", "e" * 16]


def test_two_refreshes_that_end_at_once_are_both_on_the_list_of_waves(tmp_path, monkeypatch):
    def record(wave):
        (tmp_path / wave).mkdir()
        about = {"wave": wave, "audience": "internal", "language": "ja", "notebooks": []}
        about |= {"as_of": "2019-04-01", "finished": "2026-01-02T", "status": "ok"}
        about["wave_title"] = {"ja": wave, "en": wave}
        (tmp_path / wave / "run.json").write_text(json.dumps(about), encoding="utf-8")

    written, slow, looked = paths.write_atomic, threading.Event(), threading.Event()

    def write(path, content):
        if not looked.is_set():  # the first has looked, and a second one ends meanwhile
            looked.set()
            slow.wait(3)
        written(path, content)

    monkeypatch.setattr(paths, "write_atomic", write)
    record("first")
    first = threading.Thread(target=pages.write_waves, args=(tmp_path,))
    first.start()
    assert looked.wait(60)
    record("second")
    second = threading.Thread(target=lambda: (pages.write_waves(tmp_path), slow.set()))
    second.start()
    first.join()
    second.join()
    assert "second/index.html" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_list_of_waves_puts_the_latest_first_and_the_editions_under_it(tmp_path):
    def record(folder, wave, as_of, audience, language="ja"):
        (tmp_path / folder).mkdir()
        run = {"wave": wave, "as_of": as_of, "audience": audience, "language": language}
        run |= {
            "wave_title": {"ja": f"調査{wave}", "en": wave},
            "status": "ok",
            "invented": True,
            "notebooks": [],
        }
        (tmp_path / folder / "run.json").write_text(json.dumps(run | {"finished": "2026-01-02T"}))

    record("2019.public", "2019", "2019-04-01", "public")
    record("2019.en", "2019", "2019-04-01", "internal", "en")
    record("2020", "2020", "2020-04-01", "internal")
    pages.write_waves(tmp_path)
    page = Read((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert page.text("h2") == ["調査2020", "調査2019"]
    links = [(a["href"], t) for a, t in page.all("a") if a["href"] != "#main"]
    assert links == [
        ("2020/index.html", "内部限り · 日本語"),
        ("2019.en/index.html", "内部限り · 英語"),
        ("2019.public/index.html", "公開 · 日本語"),
    ]


# --- downloads and PDF -------------------------------------------------------------------------


def test_the_workbook_has_a_sheet_for_each_table_and_a_contents_sheet():
    first = made.table([["=1+1", "1,234.5"], ["@x", "n/a"]], name="counts", notes=["注記の文"])
    first = dataclasses.replace(first, csv="団体,人数（人）\n'=1+1,1234.5\n@x,\n012025,7\n")
    second = made.table([["a", "1"]], name="counts")
    content = pages.workbook([vars(first), vars(second)], "ja")
    assert content == pages.workbook([vars(first), vars(second)], "ja")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["表の一覧", "注記", "項目一覧", "counts", "counts_2"]
    columns = [[cell.value for cell in row] for row in book["項目一覧"].iter_rows(min_row=2)]
    assert columns[:2] == [["counts", "団体", "文字", None], ["counts", "人数（人）", "数値", "人"]]
    listed = [[cell.value for cell in row] for row in book["表の一覧"].iter_rows(min_row=2)]
    assert listed == [["counts", "件数", 15], ["counts_2", "件数", 15]]
    assert ["counts", "注記の文"] in [[c.value for c in row] for row in book["注記"].iter_rows()]
    sheet = book["counts"]
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert values == [["団体", "人数（人）"], ["=1+1", 1234.5], ["@x", None], ["012025", 7]]
    assert sheet["A2"].data_type == "s", "text of an answer never becomes a formula"
    assert len(sheet.tables) == 1 and sheet.freeze_panes is None
    assert sheet["A1"].font.b and sheet["A2"].alignment.wrap_text
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0
    assert book.properties.created == dt.datetime(2000, 1, 1) and book.properties.title


def test_without_a_browser_the_pdf_is_refused_before_anything_runs(project, monkeypatch):
    monkeypatch.setattr(paper, "BROWSERS", ("no-such-browser",))
    with pytest.raises(InputError, match="PDF needs Chromium") as refused:
        refresh("demo-2019", pdf=True)
    assert "leave --pdf out" in str(refused.value)
    assert not list((project / "reports").iterdir())


@pytest.mark.browser
@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_printed_page_has_its_date_and_is_the_same_each_time(tmp_path, again):
    try:
        paper.browser()
    except InputError:
        pytest.skip("no Chromium is installed: nothing was printed")
    export(tmp_path, v4.new_markdown_cell("# 題名 髙𠮷﨑\n\n本文 [表](tables/a.csv)"))
    paper.print_page(tmp_path / "page.html", tmp_path / "a.pdf", date="2026-01-02")
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF") and b"file:" not in content
    dates = re.findall(rb"D:\d{14}", content)
    assert dates and set(dates) == {b"D:20260102000000"}
    if again:
        paper.print_page(tmp_path / "page.html", tmp_path / "b.pdf", date="2026-01-02")
        assert content == (tmp_path / "b.pdf").read_bytes()
    if shutil.which("pdftotext"):
        import subprocess

        text = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True)
        assert "題名 髙𠮷﨑" in text.stdout.decode("utf-8")


def code(*things, source="x"):
    return v4.new_code_cell(source, outputs=[made.shown(thing) for thing in things])


def test_a_section_without_material_is_left_out_and_what_is_withheld_is_said(tmp_path):
    page = export(
        tmp_path,
        v4.new_markdown_cell("# 題\n\n問い"),
        v4.new_markdown_cell("## 型がない"),
        code(show.NotAvailable("types", "この調査には型がない"), show.Prose("")),
        v4.new_markdown_cell("## 部分"),
        v4.new_markdown_cell("### 何もない"),
        code(show.Frame({"a": []})),
        v4.new_markdown_cell("### 表がある"),
        code(made.table([["甲市", "3"]])),
        v4.new_markdown_cell("## 伏せた表"),
        code(show.NotAvailable("few", "少ないため載せない", withheld=True)),
        v4.new_markdown_cell("## 文だけ\n\n説明"),
    )
    read = Read(page)
    assert read.text("h2") == ["部分", "文だけ"] and read.text("h3") == ["表がある"]
    assert "型がない" not in page
    assert "この版に載せていないもの</strong> 伏せた表。少ないため載せない" in page


def test_outside_the_house_an_output_of_unknown_origin_is_left_out_and_said(tmp_path):
    raw = v4.new_output(
        "execute_result", data={"text/html": "<b>甲市 3</b>", "text/plain": "甲市 3"}
    )
    frame = show.Frame({"answer": ["はい"], "count": [9]})
    cells = [v4.new_markdown_cell("# 題"), v4.new_code_cell("x", outputs=[raw]), code(frame)]
    inside = export(tmp_path, *cells)
    assert "甲市 3" in inside and "データ（1行）" in inside and "はい" in inside
    for audience in ("committee", "public"):
        page = export(tmp_path, *cells, audience=audience)
        assert "甲市" not in page and page.count("出力は、載せていない") == 1
        assert "データ（1行）" not in page  # its numbers stand in tables


def test_all_pages_in_one_file_lead_to_their_own_places(tmp_path):
    for name in ("a", "b"):
        cells = [v4.new_markdown_cell("# 題"), v4.new_markdown_cell("## 部分")]
        export(tmp_path, *cells, code(made.figure(), Answer("答え")))
        (tmp_path / "page.html").rename(tmp_path / f"{name}.html")
    link = '<a href="b.html#figure-answers">図</a>'
    index = f"<html><body><main><h1>一覧</h1>{link}</main></body></html>"
    (tmp_path / "index.html").write_text(index, encoding="utf-8")
    whole = paper.whole([tmp_path / f"{name}.html" for name in ("index", "a", "b")])
    places = [about["id"] for about, _ in Read(whole).all("figure")]
    assert places == ["a.html-figure-answers", "b.html-figure-answers"]
    assert 'href="#b.html-figure-answers"' in whole and not Read(whole).all("nav")


def test_what_is_printed_names_no_folder_of_this_machine(tmp_path):
    """Chromium makes the whole path of a link to a file, with the user's name, part of the PDF."""
    links = ["run.json", "a.html#b", "../x/index.html", "#b", "https://example.org/a"]
    page = "".join(f'<a href="{link}">c</a>' for link in links)
    (tmp_path / "page.html").write_text(f"<html><body>{page}</body></html>", encoding="utf-8")
    left = [
        about.get("href")
        for about, _ in Read(paper._without_files(tmp_path / "page.html")).all("a")
    ]
    assert left == [None, None, None, "#b", "https://example.org/a"]


def test_what_a_print_that_is_killed_leaves_is_where_the_next_run_clears_it(tmp_path, monkeypatch):
    commands = []
    (tmp_path / "page.html").write_text("<html></html>")
    monkeypatch.setattr(paper, "browser", lambda: "chromium")
    monkeypatch.setattr(paper.subprocess, "run", lambda command, **_: commands.append(command))
    with pytest.raises(InputError, match="could not print"):
        paper.print_page(tmp_path / "page.html", tmp_path / "page.pdf", date="2026-01-02")
    assert any(f"--print-to-pdf={temporary.folder()}" in part for part in commands[0])


def test_a_copy_for_others_has_nothing_that_programs_kept_in_the_notebook(tmp_path):
    """A picture pasted into a text cell stays in the file when the line that shows it goes."""
    text = v4.new_markdown_cell("text", metadata={"tags": ["lang-ja"], "vscode": "SECRET"})
    text["attachments"] = {"screen.png": {"image/png": "SECRET"}}
    kernel = {"display_name": "Python (SECRET)", "name": "SECRET", "language": "python"}
    about = {
        "workbench": {"finding": 2},
        "kernelspec": kernel,
        "authors": ["SECRET"],
        "widgets": {"state": "SECRET"},
    }
    executed = tmp_path / "01_a.ipynb"
    executed.write_text(v4.writes(v4.new_notebook(cells=[text], metadata=about)))
    scrub(executed)
    left = v4.reads(executed.read_text())
    assert "SECRET" not in executed.read_text()
    assert left.cells[0].metadata == {"tags": ["lang-ja"]} and left.cells[0].source == "text"
    assert left.metadata.workbench == {"finding": 2} and left.metadata.kernelspec.name == "python3"
