"""Lists of options in one cell, marked as offices mark them: read as meant, or asked about."""

import openpyxl
import pandas as pd
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from received import wave

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import register
from analysis.intake.read import read


def options(*texts):
    return [{"code": k, "ja": text, "en": f"option {k}"} for k, text in enumerate(texts, 1)]


OTHER = {"code": 9, "ja": "その他", "en": "other", "other": True}
QUESTION = {"section": "A", "role": "context", "type": "text", "en": "a question"}
BOOK = Codebook.parse({
    "id": "f", "title": {"ja": "小調査", "en": "Survey"}, "version": "1",
    "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    "questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "single", "ja": "担当する部署",
                    "options": [*options("総務課", "企画課", "専任の課"), OTHER]},
        QUESTION | {"id": "Q1x", "ja": "その他の部署", "other_of": "Q1"},
        QUESTION | {"id": "Q2", "type": "binary", "ja": "計画の有無",
                    "options": [{"code": 1, "ja": "有", "en": "yes"},
                                {"code": 0, "ja": "無", "en": "no"}]},
        QUESTION | {"id": "Q3", "type": "single", "ja": "策定の状況",
                    "options": options("策定済み", "策定中", "予定なし")},
        QUESTION | {"id": "Q4", "type": "multi", "ja": "利用する業務",
                    "options": [*options("翻訳", "議事録"), OTHER]},
        QUESTION | {"id": "Q5", "type": "integer", "ja": "職員数", "unit": {"ja": "人", "en": "p"}},
    ],
})  # fmt: skip
PRINT = {
    "boxes": "□総務課　□企画課　□専任の課　□その他（　　）",
    "words": "有　・　無",
    "list": "1 策定済み　2 策定中　3 予定なし",
    "several": "□翻訳　□議事録　□その他（具体的に：　）",
}
ASKED = "asked about"


def styled(*parts):
    """A cell of which each part has a font of its own."""
    return CellRichText(*(TextBlock(InlineFont(**font), text) for text, font in parts))


RED, STRUCK, BOLD = {"color": "FFFF0000"}, {"strike": True}, {"b": True}
MARKED = [  # the list, what an office made of it, and what that says
    ("boxes", "□総務課　□企画課　□専任の課○　□その他（　　）", 3),
    ("boxes", "□総務課レ　□企画課　□専任の課　□その他（　　）", 1),
    ("boxes", "□総務課（○）　□企画課　□専任の課　□その他（　　）", 1),
    ("boxes", "□総務課　○□企画課　□専任の課　□その他（　　）", 2),
    ("boxes", "□総務課　□企画課　◼専任の課　□その他（　　）", 3),
    ("boxes", "□総務課 ○ □企画課　□専任の課　□その他（　　）", ASKED),
    ("boxes", "□総務課　□企画課　×専任の課　□その他（　　）", ASKED),
    ("boxes", "□総務課　□企画課　□（専任の課）　□その他（　　）", ASKED),
    ("boxes", "□総務課　□企画課　専任の課　□その他（　　）", ASKED),
    ("boxes", "□総務課　□企画課　□専任の課　□その他（　　） 3", ASKED),
    ("boxes", "□総務課　□企画課　□専任の課　□その他（市長室）", ASKED),
    ("boxes", "□総務課　□企画課　□専任の課　□その他（なし）", ASKED),
    ("boxes", styled(("□総務課　□企画課　", {}), ("□専任の課", RED), ("　□その他（　　）", {})),
     ASKED),
    ("boxes", styled(("□総務課　□企画課", STRUCK), ("　□専任の課　□その他（　　）", {})), ASKED),
    ("words", "有○　・　無", True),
    ("words", "（有）　・　無", ASKED),
    ("words", "有　・　【無】", ASKED),
    ("words", "㊒　・　無", ASKED),
    ("words", "×有　・　無", ASKED),
    ("words", styled(("有　・　", {}), ("無", STRUCK)), ASKED),
    ("list", "1 策定済み　②策定中　3 予定なし", ASKED),
    ("list", "1 策定済み　(2)策定中　3 予定なし", ASKED),
    ("list", "1 策定済み　【2】策定中　3 予定なし", ASKED),
    ("list", styled(("1 策定済み　", {}), ("2 策定中", BOLD), ("　3 予定なし", {})), ASKED),
    ("several", "□翻訳○　□議事録　□その他（具体的に：　）", {1}),
    ("several", "□翻訳　□議事録　□その他（具体的に：広報）", ASKED),
]  # fmt: skip
ID = {"boxes": "Q1", "words": "Q2", "list": "Q3", "several": "Q4"}


def form(path, name=None, **written):
    """A form with a list for each question; of the third the answer is asked for beside it."""
    book, lists = openpyxl.Workbook(), PRINT | written
    rows = [["調査票"], [], ["団体名", name], [], ["問1 担当する部署", lists["boxes"]], [],
            ["問2 計画の有無", lists["words"]], [], ["問3 策定の状況", lists["list"], "回答"], [],
            ["問4 利用する業務", lists["several"]], [], ["問5 職員数", 12, "人"]]  # fmt: skip
    for row, texts in enumerate(rows, 1):
        for column, text in enumerate(texts, 1):
            if text is not None:
                book.active.cell(row, column, text)
    book.save(path)


def answers(folder, forms, blank=None):
    """Of each form what is read for each question, or that somebody is asked about its cell."""
    (folder / "r").mkdir()
    for name, written in forms.items():
        form(folder / "r" / f"{name}.xlsx", name, **written)
    if blank:
        form(folder / blank)
    entry = {"path": "r", "layout": "form"} | ({"blank": blank} if blank else {})
    about = wave(folder, entry, codebook="f")
    result = clean(read(about, BOOK, folder), about, BOOK)
    result.ledger.check()
    told = result.findings[result.findings["severity"] != "repaired"]
    asked = {*zip(told["file"], told["raw"], strict=True)}
    found = {}
    for unit, name in result.register["name"].items():
        row = result.responses.loc[unit]
        said = [None if pd.isna(row[id]) else row[id] for id in ("Q1", "Q2", "Q3")]
        several = {k for k in (1, 2, 9) if not pd.isna(row[f"Q4_{k}"]) and row[f"Q4_{k}"]}
        of_form = {raw for file, raw in asked if name in file}
        found[name] = dict(zip(PRINT, [*said, several or None], strict=True)) | {"asked": of_form}
    return found


NAMES = register()["name"]
WHO = [*NAMES[NAMES.str.endswith("町")].drop_duplicates(keep=False)][: len(MARKED)]


@pytest.mark.parametrize("blank", [None, "blank.xlsx"])
def test_a_mark_in_a_list_is_read_as_meant_or_asked_about(tmp_path, blank):
    """A mark behind an option was given to the next one; brackets, a look and words were lost."""
    given = dict(zip(WHO, MARKED, strict=True))
    found = answers(tmp_path, {who: {at: text} for who, (at, text, _) in given.items()}, blank)
    for who, (at, text, expected) in given.items():
        if expected is ASKED:
            assert (found[who][at], found[who]["asked"]) == (None, {str(text)}), text
        else:
            assert (found[who][at], found[who]["asked"]) == (expected, set()), text
        assert {found[who][other] for other in PRINT if other != at} == {None}, text


@pytest.mark.parametrize("at", range(0, len(MARKED), 5))
def test_so_it_is_in_a_lone_form(tmp_path, at):
    where, text, expected = MARKED[at]
    (found,) = answers(tmp_path, {"札幌市": {where: text}}).values()
    assert (found[where] if expected is not ASKED else {*found["asked"]}) in (expected, {str(text)})


def test_lists_as_they_are_printed_ask_nothing(tmp_path):
    """With brackets or numbers at each option, and a list in brackets as a whole."""
    prints = [
        "(有)・(無)",
        "1.有　2.無",
        "（１）有（２）無",
        "（1 有　2 無）",
        "有／無",
        "○有　○無",
    ]
    for n, text in enumerate(prints):
        (tmp_path / str(n)).mkdir()
        (found,) = answers(tmp_path / str(n), {"札幌市": {"words": text}}).values()
        assert found == dict.fromkeys(PRINT) | {"asked": set()}, text
