"""A survey on another subject: its pages, and not one word of IT staffing.

At every run the Japanese pages, with `make test-all` the English twins.
"""

import re

import numpy as np
import pytest
from notebook_run import run
from project import ROOT, put_yaml

from analysis import Survey
from analysis.show import Frame
from analysis.survey import QUICK
from workbench.office.new_wave import new_wave
from workbench.run.plan import Plan
from workbench.run.record import Edition

STAGE = [
    {"code": code, "ja": ja, "en": en}
    for code, (ja, en) in enumerate(
        [("利用していない", "not used"), ("試行中", "trial"), ("全庁で利用", "everywhere")], 1
    )
]
USES = [
    {"code": 1, "ja": "文書作成", "en": "writing"},
    {"code": 2, "ja": "要約", "en": "summaries"},
    {"code": 3, "ja": "翻訳", "en": "translation"},
]
BOOK = {
    "id": "generative-ai",
    "title": {"ja": "生成AIの利用に関する調査", "en": "Survey on the use of generative AI"},
    "version": "1",
    "sections": [{"id": "A", "ja": "利用", "en": "Use"}, {"id": "B", "ja": "規程", "en": "Rules"}],
    "questions": [
        {"id": "G1", "section": "A", "type": "ordinal", "role": "outcome", "options": STAGE,
         "ja": "利用の段階", "en": "Stage of use"},
        {"id": "G2", "section": "A", "type": "multi", "role": "cluster", "options": USES,
         "ja": "用途", "en": "Uses"},
        {"id": "G3", "section": "B", "type": "binary", "role": "cluster", "ja": "規程の有無",
         "en": "Rules in force"},
        {"id": "G4", "section": "A", "type": "integer", "role": "cluster", "ja": "利用者数",
         "en": "Number of users", "unit": {"ja": "人", "en": "persons"}},
    ],
    "features": [
        {"id": "uses", "index": "breadth", "kind": "ratio", "rule": "count(G2, [1, 2, 3])",
         "ja": "用途の数", "en": "number of uses"},
        {"id": "users", "index": "breadth", "kind": "ratio", "rule": "log1p(G4)", "ja": "利用者",
         "en": "users"},
        {"id": "rules", "index": "order", "kind": "binary", "rule": "G3", "ja": "規程",
         "en": "rules"},
    ],
    "indices": [{"id": "breadth", "ja": "広がり", "en": "breadth"},
                {"id": "order", "ja": "統制", "en": "control"}],
    "pages": {"01_clean": False, "03_typology": {
        "title": {"ja": "生成AI活用の類型", "en": "Types of use"}}},
}  # fmt: skip
STAFFING = re.compile(
    r"人材|情報部門|CISO|CSIRT|CIO|つくば|西予|研究会|RPA|ベンダー|再任用|"
    r"\bIT\b|staffing|Tsukuba|Seiyo|vendor|working group|short of"
)
JAPANESE = re.compile(r"[ぁ-んァ-ヶ]")


@pytest.fixture
def wave(project, tmp_path):
    file = project / "data" / "codebooks" / "generative-ai.yml"
    put_yaml(file, BOOK)
    rng = np.random.default_rng(1)
    places = ["姫路市", "千葉市", "大津市", "高松市", "松江市", "鳥取市", "青森市", "秋田市",
              "盛岡市", "福島市", "長野市", "岐阜市"]  # fmt: skip
    rows = ["団体名,G1,G2_1,G2_2,G2_3,G3,G4"]
    for place in places:
        a, b, c = rng.integers(0, 2, 3)
        rows.append(f"{place},{rng.integers(1, 4)},{a},{b},{c},{a},{rng.integers(1, 900)}")
    (tmp_path / "replies.csv").write_text("\n".join(rows), encoding="utf-8")
    new_wave("ai", [tmp_path / "replies.csv"], "generative-ai", "2026-04-01", invented=True)
    return project


def words(page):
    """All that a reader of a page sees, the names of the municipalities left out."""
    shown = [page.prose, *(a.paragraph for a in page.outputs if hasattr(a, "paragraph"))]
    for table in page.tables.values():
        shown += [table.title, *table.notes, table.frame.to_csv()]
    for figure in page.figures.values():
        shown += [figure.title, figure.alt, figure.denominator, figure.csv]
    shown += [pd_frame.to_csv() for pd_frame in page.of(Frame)]
    return "\n".join(shown)


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.slow)])
def test_its_pages_are_its_own_and_have_no_word_of_it_staffing(wave, language):
    survey = Survey.load("ai", language=language, files=False)
    found = survey.typology(**QUICK)
    pages = {
        name: run(name, given={"survey": survey, "typology": found}, language=language)
        for name in ("01_clean", "02_explore", "03_typology", "06_summary")
    }
    for name, page in pages.items():
        seen = words(page)
        assert not STAFFING.findall(seen), name
        if language == "ja":
            assert not re.findall(r"\b(?:the|of|and|were)\b", seen), name
        else:
            assert not JAPANESE.findall(re.sub(r"架空データ", "", seen)), name
    assert "G" in pages["06_summary"].answer.text and pages["06_summary"].figures["q_G1"].key
    made = pages["06_summary"].tables["main_answers"].frame
    assert len(made) == 3  # G4 is a number


def test_it_has_the_pages_that_its_codebook_has_material_for(wave):
    for page in ("01_clean", "02_explore", "03_typology", "04_hypotheses", "06_report",
                 "06_summary"):  # fmt: skip
        source = (ROOT / "notebooks" / f"{page}.ipynb").read_bytes()
        (wave / "notebooks" / f"{page}.ipynb").write_bytes(source)
    plan = Plan.make(Edition("ai"), {})
    titles = {notebook.name: notebook.title["ja"] for notebook in plan.notebooks}
    assert titles == {
        "02_explore": "集計", "03_typology": "生成AI活用の類型",
        "06_summary": "報告",
    }  # fmt: skip
