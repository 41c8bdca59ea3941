"""Every page of the demo wave, in both languages and for all audiences, in a real browser.

At every run the Japanese pages for the inside, which show all there is, three of them also as PDF
and by the contrast of their colours, and one page for the public (what its others may say is tried
in `test_audiences.py`); with `make test-all` all public ones, those for the committee, the English
twins, and each page as PDF and by its contrast.
"""

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import editions
import plain_reading
import pytest
from axe_playwright_python.sync_playwright import Axe

from analysis.figures import checks, gallery
from analysis.intake.files import read_file
from workbench.office import audit, open_document
from workbench.publish import dataset
from workbench.run.refresh import refresh

ROOT = Path(__file__).parents[3]
# the demo wave of 2019 has another report, no wave before it, and is no open data
OTHERS = {"06_summary", "07_refresh_diff", "08_prefectures"}
PAGES = sorted(p.stem for p in (ROOT / "notebooks").glob("[0-9]*.ipynb") if p.stem not in OTHERS)
PAGES.append("index")
INSIDE = {"05_site_visits"}  # a guide for interviews is no page for the public
CLOSELY = {"index", "02_explore", "03_typology"}  # one sheet, very many figures, large figures
AUDIENCES = [
    pytest.param(audience, marks=[] if audience == "internal" else pytest.mark.slow)
    for audience in editions.AUDIENCES
]
PAIRS = [
    (audience, name)
    for audience in editions.AUDIENCES
    for name in PAGES
    if audience != "public" or name not in INSIDE
]
SHOWN = [
    pytest.param(*pair, marks=[] if "internal" in pair else pytest.mark.slow) for pair in PAIRS
]
LOOKED_AT_CLOSELY = [
    pytest.param(
        *pair, marks=[] if pair[0] == "internal" and pair[1] in CLOSELY else pytest.mark.slow
    )
    for pair in PAIRS
]
LANGUAGES = ["ja", pytest.param("en", marks=pytest.mark.slow)]
A4 = 673  # CSS pixels between the margins of the printed page
POINT = 96 / 72  # CSS pixels
LETTERS = f"""[...document.querySelectorAll('figure img')]
    .filter(image => image.checkVisibility()).map(image => {checks.SMALLEST_LETTER} / 72 *
    image.getBoundingClientRect().width / (image.naturalWidth / {gallery.DOTS}))"""  # pixels

ANSWER = "document.querySelector('.answer')"
# figures whose picture lies over their caption
COVERED = """[...document.querySelectorAll('figure')].filter(figure => {
    const [text, image] = ['figcaption', 'img'].map(part => figure.querySelector(part));
    return text.getBoundingClientRect().bottom > image.getBoundingClientRect().top + 1;
}).map(figure => figure.id)"""
# figures that a telephone moves sideways, or shows neither as a picture nor in words
NARROW = """[...document.querySelectorAll('figure')].filter(figure => {
    const [picture, words] = ['.picture', '.instead'].map(part => figure.querySelector(part));
    const shown = [picture, words].filter(part => part?.checkVisibility());
    return shown.length != 1 || shown[0].scrollWidth > shown[0].clientWidth + 1;
}).map(figure => figure.id)"""
CUT = """[...document.querySelectorAll('.scroll[id]')]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.id)"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def published(tmp_path_factory, chromium):
    """The folder of an edition in a language, made when it is first asked for."""
    projects, made = {}, {}

    def of(language, audience):
        if language not in projects:
            folder = tmp_path_factory.mktemp(f"editions-{language}")
            projects[language] = editions.project(folder)
        if (language, audience) not in made:
            made[language, audience] = editions.publish(projects[language], language, audience)
        return made[language, audience]

    return of


@pytest.fixture(scope="module")
def tab(chromium):
    """One tab for all pages: a new one each time would cost as much as what is tried in it."""
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.set_default_timeout(20_000)
        opened.faults = []
        opened.on("console", lambda said: opened.faults.append(f"console: {said.text}"))
        opened.on("pageerror", lambda error: opened.faults.append(f"script: {error}"))
        opened.on("request", lambda asked: opened.faults.append(f"request: {asked.url}"))
        yield opened


@pytest.fixture
def page(tab):
    tab.goto("about:blank")
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.emulate_media(media="screen", color_scheme="light")
    tab.faults.clear()
    return tab


def visit(page, file):
    page.goto(file.as_uri())
    page.faults[:] = [
        fault
        for fault in page.faults
        if fault != f"request: {file.as_uri()}" and not fault.startswith("request: data:")
    ]


def violations(page, **options):
    # the rows of a table are alike, and what is embedded was looked at before: axe is slow on both
    page.evaluate("""() => {
      document.querySelectorAll('tbody tr:nth-child(n+9)').forEach(row => row.remove());
      document.querySelectorAll('img').forEach(image => image.removeAttribute('src'));
      document.querySelectorAll('a[download]').forEach(link => link.href = '#main');
    }""")
    options = {"resultTypes": ["violations"], **options}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found]


@pytest.mark.parametrize(("audience", "name"), SHOWN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_opens_from_disk_without_a_request_an_error_or_an_obstacle(
    published, page, language, audience, name
):
    opens(page, published(language, audience) / f"{name}.html", language)


def test_a_page_for_the_public_opens_and_offers_what_is_machine_readable(page, tmp_path):
    editions.project(tmp_path)
    folder = editions.publish(tmp_path, "ja", "public", notebooks=["04_hypotheses"])
    is_one_small_file(folder / "04_hypotheses.html", "public")
    opens(page, folder / "04_hypotheses.html", "ja")
    lists_each_file(page, folder / "figures" / "index.html")
    offers_what_is_machine_readable(folder)


def opens(page, file, language):
    visit(page, file)
    assert page.faults == []
    assert page.evaluate("document.documentElement.lang") == language
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth || !i.alt.trim())"
    assert page.evaluate(f"{broken}.length") == 0
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        first = page.evaluate(f"({ANSWER} ?? document.body).getBoundingClientRect().top")
        assert first < 760, "the answer stands in the first screen"
        cut = page.evaluate(CUT) if width == 1280 else []
        assert cut == [], "tables that a screen cuts off"
    assert page.evaluate(NARROW) == [], "figures too wide for a telephone"
    assert min(page.evaluate(LETTERS), default=11) >= 11, "letters of figures on a telephone"
    if links := page.evaluate("[...document.querySelectorAll('.instead a')].map(a => a.href)"):
        page.goto(links[0])
        assert page.locator(":target img").is_visible(), "the large figure opens"
    fits_on_a4(page)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 360, "height": 900})
    # a table may scroll in its frame, on a narrow screen what it is called stays in view
    ends = "[...document.querySelectorAll('caption')].map(c => c.getBoundingClientRect().right)"
    assert page.evaluate(f"Math.max(0, ...{ends})") <= 360
    assert violations(page, rules={"color-contrast": {"enabled": False}}) == []


@pytest.mark.parametrize(("audience", "name"), LOOKED_AT_CLOSELY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_can_be_read_on_a_light_and_on_a_dark_screen(published, page, language, audience, name):
    """Pages have one style sheet: at every run those with most kinds of what they show."""
    visit(page, published(language, audience) / f"{name}.html")
    page.set_viewport_size({"width": 360, "height": 900})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page, runOnly=["color-contrast"]) == [], scheme


@pytest.mark.parametrize(("audience", "name"), LOOKED_AT_CLOSELY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_prints_on_a4_with_no_table_cut_and_all_its_text(
    published, page, tmp_path, language, audience, name
):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed: the printed pages were not read")
    visit(page, published(language, audience) / f"{name}.html")
    fits_on_a4(page)
    printed = tmp_path / "page.pdf"
    page.pdf(path=printed, prefer_css_page_size=True)
    text = read(printed)
    sheets = text.rstrip("\f").split("\f")
    assert len(sheets) <= 8 or name != "02_explore", "36 questions with all their numbers"
    if name == "index":
        pages = page.evaluate("document.querySelector('.pages').parentElement.innerText")
        assert packed(pages[:8]) in packed(sheets[1]), "the summary is one sheet"
    for at, sheet in enumerate(sheets, 1):
        assert f"{at}/{len(sheets)}" in packed(sheet), "each sheet has its number"
        assert ("架空データ" if language == "ja" else "inventeddata") in packed(sheet).lower()
    parts = "[...document.querySelectorAll('main p, main li, main td, main figcaption')]"
    last = page.evaluate(f"{parts}.filter(e => e.checkVisibility()).pop().innerText.slice(-4)")
    assert packed(last) in packed(sheets[-1]), "the footer stands alone on no sheet"
    shown = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, .answer')].map(e => e.innerText)"
    )
    assert shown and all(packed(said) in packed(text) for said in shown)
    assert "\ufffd" not in text
    about = subprocess.run(["pdffonts", printed], capture_output=True, text=True, check=True)
    fonts = [line.split() for line in about.stdout.splitlines()[2:]]
    assert fonts and all(line[-5] == "yes" for line in fonts), "every font is embedded"
    size = subprocess.run(["pdfinfo", printed], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in size


def fits_on_a4(page):
    """As it is laid out for paper: without the PDF, which takes most of the time."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4, "height": 900})
    cut = f"e => e.getBoundingClientRect().right > {A4 + 1}"
    wide = f"[...document.querySelectorAll('main *')].filter({cut})"
    assert page.evaluate(f"{wide}.map(e => e.tagName + e.textContent.slice(0, 60))") == []
    assert min(page.evaluate(LETTERS), default=99) / POINT >= 7, "the letters of figures on A4"
    assert page.evaluate(COVERED) == [], "captions under pictures"


def read(printed):
    done = subprocess.run(["pdftotext", "-layout", printed, "-"], capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def packed(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_links_of_the_index_lead_somewhere(published, page, language, audience):
    folder = published(language, audience)
    visit(page, folder / "index.html")
    said = page.evaluate(
        "[...document.querySelectorAll('.results li, .pages p')].map(e => e.innerText)"
    )
    assert len(said) >= 3 + 5  # findings, and what each page answers
    assert [text for text in said if not re.search(r"[。.）)]", text)] == []
    targets = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    here = {f"{name}.html" for of, name in PAIRS if of == audience and name != "index"}
    assert here <= set(targets)
    assert ("05_site_visits.html" in targets) == (audience != "public")
    assert {"figures/index.html", "tables.xlsx", "run.json"} <= set(targets)
    assert [*broken(folder / "index.html", targets)] == []
    page.click(".pages a")
    assert page.url == (folder / f"{PAGES[1]}.html").as_uri(), "cleaning is the last of the list"


def broken(file, targets):
    """The targets of links of a page that lead nowhere."""
    for target in targets:
        name, _, place = target.partition("#")
        there = file.parent / unquote(name) if name else file
        text = there.read_text(encoding="utf-8") if place and there.exists() else ""
        if not there.exists() or (place and f'id="{place}"' not in text):
            yield target


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_of_figures_leads_to_each_file_and_to_its_page(
    published, page, language, audience
):
    lists_each_file(page, published(language, audience) / "figures" / "index.html")


def lists_each_file(page, file):
    visit(page, file)
    assert page.faults == [] and violations(page) == []
    targets = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    listed = {target for target in targets if re.search(r"\.(png|svg|csv)$", target)}
    assert listed == {one.name for one in file.parent.iterdir()} - {"index.html"}
    assert [*broken(file, targets)] == []
    assert len(page.query_selector_all("li a:first-child")) >= len(listed) / 3


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_waves_are_listed_with_their_editions(published, page, language, audience):
    folder = published(language, audience)
    visit(page, folder.parent / "index.html")
    assert page.faults == [] and violations(page) == []
    hrefs = page.evaluate("[...document.querySelectorAll('main a')].map(a => a.href)")
    made = folder.parent.glob("demo-2019*/index.html")
    assert (folder / "index.html").as_uri() in hrefs
    assert sorted(hrefs) == sorted(file.as_uri() for file in made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_of_a_figure_come_out_of_the_page_as_they_were_plotted(
    published, page, tmp_path, language
):
    folder = published(language, "internal")
    visit(page, folder / "04_hypotheses.html")
    with page.expect_download() as download:
        page.click("figure a[download]")
    download.value.save_as(tmp_path / "numbers.csv")
    file = folder / "figures" / download.value.suggested_filename
    assert (tmp_path / "numbers.csv").read_bytes() == file.read_bytes()


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_one_small_file(published, language, audience):
    for file in sorted(published(language, audience).glob("*.html")):
        is_one_small_file(file, audience)


def is_one_small_file(file, audience):
    text = file.read_text(encoding="utf-8")
    assert "<script" not in text and "<link" not in text
    bare = re.sub(r"data:[a-z/]+[^\"]*", "", text)
    # 02 has bounds, n and missing in columns; inside also the code and the first rows of data
    most = 84_000 if audience == "internal" else 70_000
    assert len(bare.encode("utf-8")) <= most, file.name
    assert ("<details" in text) == (audience == "internal" and file.stem != "index")


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_run_offers_is_machine_readable_to_our_audit_and_to_another_reader(
    published, language, audience
):
    offers_what_is_machine_readable(published(language, audience))


def offers_what_is_machine_readable(folder):
    offered = [folder / "tables.xlsx", *folder.glob("tables/*.csv"), *folder.glob("figures/*.csv")]
    found = [audit.audit([file]) for file in offered]
    found.append(audit.audit(sorted(folder.glob("results/**/*.csv"))))  # with their code table
    assert [row.to_dict() for one in found for _, row in one.iterrows()] == []
    faults = [(file.name, fault) for file in offered[1:] for fault in csv_faults(file)]
    assert [*faults, *plain_reading.workbook(offered[0])] == []


def rounded(texts):
    """Numbers to 12 digits: LibreOffice keeps fifteen, and the last of them may differ by one."""
    return texts.map(
        lambda text: f"{float(text):.12g}" if re.fullmatch(r"-?[\d.]+", text) else text
    )


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_the_workbook_and_loses_nothing(published, tmp_path):
    file = published("ja", "internal") / "tables.xlsx"
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "ods", "--outdir", str(tmp_path), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert {*audit.audit([tmp_path / "tables.ods"])["check"]} == {"format"}  # of 2020: no Excel
    saved = {page.sheet.sheet: page.sheet for page in open_document.read(tmp_path / "tables.ods")}
    for sheet in read_file(file):
        assert rounded(saved[sheet.sheet].text).equals(rounded(sheet.text)), sheet.sheet


@pytest.mark.slow
@pytest.mark.parametrize("wave", ["demo-2020", "national-r5"])
def test_other_waves_offer_what_is_machine_readable(tmp_path, wave):
    folder = editions.project(tmp_path)
    shutil.copytree(ROOT / "data/raw" / wave, folder / "data/raw" / wave)
    if wave == "national-r5" and not [*(folder / "data/raw" / wave).glob("*.csv")]:
        pytest.skip("the national table is not here")
    with editions.published(folder):
        record = refresh(wave, audience="public", jobs=1)
        dataset.write_for_wave(wave, folder / "set", audience="internal")
    made = Path(record.folder)
    files = [made / "tables.xlsx", *made.glob("tables/*.csv"), *made.glob("figures/*.csv")]
    for group in (
        *[[file] for file in files],
        made.glob("results/**/*.csv"),
        folder.glob("set/*.csv"),
    ):
        assert audit.audit(sorted(group)).empty
    assert record.ok and [*plain_reading.workbook(files[0])] == []


def csv_faults(file):
    return plain_reading.csv_file(file.read_bytes())
