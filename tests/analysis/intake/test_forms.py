"""Forms as offices fill them in: each layout gives the same answers, and nothing filled is lost."""

import contextlib
import io
import itertools
import shutil
import time
import zipfile

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from received import wave, workbook

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake.files import read_file
from analysis.intake.read import read

STATES = ["導入済み", "実証実験中", "検討中", "予定なし"]
USES = ["文書の作成", "翻訳", "議事録"]
STAGES = ["実施済", "予定", "未定"]
ITEMS = ["職員研修", "専門職採用"]


def options(texts):
    return [{"code": k, "ja": text, "en": f"option {k}"} for k, text in enumerate(texts, 1)]


QUESTION = {"section": "A", "role": "context", "type": "text", "en": "a question"}
BOOK = Codebook.parse({
    "id": "f", "title": {"ja": "小調査", "en": "Survey"}, "version": "1",
    "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    "questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "single", "ja": "導入状況", "options": options(STATES)},
        QUESTION | {"id": "Q2", "type": "multi", "ja": "業務", "options": options(USES)},
        QUESTION | {"id": "Q3", "type": "integer", "ja": "職員数", "unit": {"ja": "人", "en": "p"}},
        QUESTION | {"id": "Q4", "type": "battery", "ja": "実施状況", "options": options(STAGES),
                    "items": [{"id": f"Q4_{k}", "ja": t, "en": t} for k, t in enumerate(ITEMS)]},
    ],
})  # fmt: skip
WHO = ["札幌市", "函館市", "仙台市", "姫路市"]
SAID = [(1, {1, 3}, 120, (1, 2)), (3, {2}, 45, (3, 1)), (2, {1, 2, 3}, 300, (2, 2)),
        (1, {3}, 8, (1, 3))]  # fmt: skip


def mark(is_chosen, sign="○", otherwise=None):
    return sign if is_chosen else otherwise


def down(head, texts, chosen, left="○", other=None):
    return [[head]] + [
        [mark(k in chosen, left, other), f"{k}．{t}"] for k, t in enumerate(texts, 1)
    ]


def across(head, texts, chosen, above):
    marks = [None, *(mark(k in chosen) for k in range(1, len(texts) + 1))]
    rows = [[None, *texts], marks]
    return [[head], *(rows[::-1] if above else rows)]


def boxes(head, texts, chosen):
    return [[head]] + [[f"{mark(k in chosen, '☑', '☐')} {t}"] for k, t in enumerate(texts, 1)]


def in_a_cell(head, texts, chosen):
    return [[head, " ".join(mark(k in chosen, "☑", "☐") + t for k, t in enumerate(texts, 1))]]


def numbered(head, texts, chosen):
    return [[head], ["　".join(mark(k in chosen, "○", "") + f"{k}．{t}"
                              for k, t in enumerate(texts, 1))]]  # fmt: skip


Q1, Q2, Q3, Q4 = "問1 導入状況", "問2 業務", "問3 職員数", "問4 実施状況"
CIRCLED = "⓪①②③④"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
LAYOUTS = {
    1: {
        "left": lambda a: down(Q1, STATES, {a}),
        "box beside": lambda a: down(Q1, STATES, {a}, "■", "□"),
        "right": lambda a: [[Q1]] + [[t, mark(k == a)] for k, t in enumerate(STATES, 1)],
        "above": lambda a: across(Q1, STATES, {a}, above=True),
        "below": lambda a: across(Q1, STATES, {a}, above=False),
        "boxes": lambda a: boxes(Q1, STATES, {a}),
        "one cell": lambda a: in_a_cell(Q1, STATES, {a}),
        "one cell, circled": lambda a: numbered(Q1, STATES, {a}),
        "one cell, filled squares": lambda a: [
            [Q1, "　".join(mark(k == a, "■", "□") + t for k, t in enumerate(STATES, 1))]],
        "in a line": lambda a: [[Q1], [x for k, t in enumerate(STATES, 1)
                                       for x in (mark(k == a), t)]],
        "answer below": lambda a: [[Q1], *([f"{k}．{t}"] for k, t in enumerate(STATES, 1)),
                                   ["回答", None, a]],
    },
    2: {
        "left": lambda a: down(Q2, USES, a),
        "below": lambda a: across(Q2, USES, a, above=False),
        "above": lambda a: across(Q2, USES, a, above=True),
        "boxes": lambda a: boxes(Q2, USES, a),
        "one cell": lambda a: in_a_cell(Q2, USES, a),
        "behind": lambda a: [[Q2], *([f"{k} {t}{mark(k in a, '　○', '')}"]
                                     for k, t in enumerate(USES, 1))],
        "one cell, filled squares": lambda a: [
            [Q2, " ".join(mark(k in a, "■", "□") + t for k, t in enumerate(USES, 1))]],
        "v": lambda a: down(Q2, USES, a, "v"),
        "in brackets": lambda a: down(Q2, USES, a, "（○）", "（　）"),
    },
    3: {
        "unit": lambda a: [[Q3, a, "人"]],
        "full width": lambda a: [[Q3, str(a).translate(FULL_WIDTH) + "人"]],
        "box to fill in": lambda a: [[Q3], ["記入欄", a, "人"]],
        "box beside": lambda a: [[Q3, "記入欄：", a, "人"]],
        "below": lambda a: [[Q3], [a]],
    },
    4: {
        "items down": lambda a: [[Q4], [None, *STAGES]] + [
            [item, *(mark(a[j] == k) for k in (1, 2, 3))] for j, item in enumerate(ITEMS)],
        "items across": lambda a: [[Q4], [None, *ITEMS]] + [
            [stage, *(mark(a[j] == k) for j in (0, 1))] for k, stage in enumerate(STAGES, 1)],
        "codes above": lambda a: [[Q4], [None, "1", "2", "3"], [None, *STAGES]] + [
            [item, *(mark(a[j] == k, "●") for k in (1, 2, 3))] for j, item in enumerate(ITEMS)],
        "numbers printed": lambda a: [[Q4], [None, *STAGES]] + [
            [item, *(CIRCLED[k] if a[j] == k else k for k in (1, 2, 3))]
            for j, item in enumerate(ITEMS)],
        "a mark at a number": lambda a: [[Q4], [None, *STAGES]] + [
            [item, *(f"○{k}" if a[j] == k else k for k in (1, 2, 3))]
            for j, item in enumerate(ITEMS)],
        "a mark in place of a number": lambda a: [[Q4], [None, *STAGES]] + [
            [item, *("○" if a[j] == k else k for k in (1, 2, 3))] for j, item in enumerate(ITEMS)],
        "codes": lambda a: [[Q4], ["1 実施済　2 予定　3 未定"]] + [
            [item, a[j]] for j, item in enumerate(ITEMS)],
    },
}  # fmt: skip


def cleaned(folder, book, path="r", layout="form", **entry):
    """The cleaned replies of a file or folder; all cells are accounted for."""
    about = wave(folder, {"path": path, "layout": layout, **entry}, codebook="f")
    result = clean(read(about, book, folder), about, book)
    result.ledger.check()
    return result


def told(result):
    """What is told of cells that became no answer, whoever wrote or printed them."""
    rules = ["unmatched", "unsure", "unclear-place"]
    return {*result.findings.loc[result.findings["rule"].isin(rules), "raw"]}


def beside_print(result):
    """The findings on what an office wrote: of a lone form nobody knows what is printed."""
    return result.findings[result.findings["rule"] != "unsure"]


def received(folder, rows_of, n, merge=False):
    """Cleaned forms of `n` municipalities, each of the rows that its answers give."""
    (folder / "r").mkdir(exist_ok=True)
    for i in range(n):
        book = openpyxl.Workbook()
        sheet = book.active
        for row in [["調査票"], [], ["団体名", WHO[i]], [], *rows_of(SAID[i])]:
            sheet.append(row)
            if merge and len(row) == 1:
                sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row,
                                  start_column=1, end_column=5)  # fmt: skip
        book.save(folder / "r" / f"{i}.xlsx")
    return cleaned(folder, BOOK)


def usual(change=None):
    """All four questions in a usual layout, but for one in another."""
    made = {number: next(iter(kinds.values())) for number, kinds in LAYOUTS.items()}
    made |= change or {}
    return lambda said: [row for number, a in enumerate(said, 1) for row in [*made[number](a), []]]


def said(result):
    found = result.responses.join(result.register["name"]).set_index("name")
    return {
        name: (row["Q1"], {k for k in (1, 2, 3) if row[f"Q2_{k}"] is True or row[f"Q2_{k}"] == 1},
               row["Q3"], (row["Q4_0"], row["Q4_1"]))
        for name, row in found.iterrows()
    }  # fmt: skip


KINDS = [  # the first layouts of all questions in one form, then the second ones
    {number: kind for number, kind in zip(LAYOUTS, kinds, strict=True) if kind is not None}
    for kinds in itertools.zip_longest(*(kinds.values() for kinds in LAYOUTS.values()))
]


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("layouts", KINDS, ids=range(len(KINDS)))
def test_every_layout_gives_the_answers(tmp_path, layouts, n):
    result = received(tmp_path, usual(layouts), n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    assert not {"refused"} & set(result.findings["severity"])


# more layouts, one of each question in a form: each line of a test covers several
MORE = [
    {
        1: lambda a: [[Q1], [*(mark(k == a) for k in range(1, 5))], [*STATES]],
        2: lambda a: [[Q2], *([mark(k in a), k, t] for k, t in enumerate(USES, 1))],
        3: lambda a: [[Q3, "（", a, "）", "人"]],
        4: lambda a: [[Q4], *([item, *(f"{mark(a[j] == k, '☑', '☐')}{t}"
                                       for k, t in enumerate(STAGES, 1))]
                              for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1], ["1.導入済み 2.実証実験中 3.検討中 4.予定なし"], ["→", a]],
        2: lambda a: [[Q2], *([f"（{mark(k in a, '○', '　')}）{t}"]
                              for k, t in enumerate(USES, 1))],
        3: lambda a: [[Q3], ["（常勤のみ）"], [a]],
        4: lambda a: [[Q4], [None, *STAGES], *(
            [item, *(mark(a[j] == k, "☑", "□") for k in (1, 2, 3))]
            for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1], [f"1.導入済み 2.実証実験中 3.検討中 4.予定なし → {a}"]],
        2: lambda a: numbered(Q2, USES, a),
        3: lambda a: [[Q3, f"{a} 人", None, "※令和6年4月1日現在"]],
        4: lambda a: [[Q4], [None, *(f"{k}.{t}" for k, t in enumerate(STAGES, 1))], *(
            ["アイ"[j] + " " + item, *(mark(a[j] == k, "◎") for k in (1, 2, 3))]
            for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1], *([mark(k == a, "✓"), k, t] for k, t in enumerate(STATES, 1))],
        2: lambda a: [[Q2], ["　".join(f"（{mark(k in a, '○', '　')}）{t}"
                                      for k, t in enumerate(USES, 1))]],
        3: lambda a: [["問3 職員数（人）", a]],
        4: lambda a: [[Q4], *([item, STAGES[a[j] - 1]] for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1, "1.導入済み 2.実証実験中 3.検討中 4.予定なし →", a]],
        2: lambda a: [[Q2], *([t, "有" if k in a else "無"] for k, t in enumerate(USES, 1))],
        3: lambda a: [[Q3, str(a).translate(FULL_WIDTH)]],
        4: lambda a: [[Q4], *([item, "　".join(f"{mark(a[j] == k, '○', '')}{k}.{t}"
                                              for k, t in enumerate(STAGES, 1))]
                              for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1], *([f"{mark(k == a, '○', '')}{k}．{t}"]
                              for k, t in enumerate(STATES, 1))],
        2: lambda a: [[Q2], *([t, k in a] for k, t in enumerate(USES, 1))],
        3: lambda a: [[Q3, a, "人", f"うち再任用{a}名を含む"]],
        4: lambda a: [[f"{Q4} 1 実施済 2 予定 3 未定"], [None, 1, 2, 3], *(
            [item, *(mark(a[j] == k) for k in (1, 2, 3))] for j, item in enumerate(ITEMS))],
    },
    {
        1: lambda a: [[Q1], [mark(a == 1), "1 導入済み", mark(a == 2), "2 実証実験中"],
                      [mark(a == 3), "3 検討中", mark(a == 4), "4 予定なし"]],
        2: lambda a: [[Q2 + "（複数可）", "".join("①②③"[k - 1] for k in sorted(a))]],
        3: lambda a: [[Q3], [], ["回答", a]],
        4: lambda a: [[Q4], *([item, str(a[j])] for j, item in enumerate(ITEMS))],
    },
    {  # an answer below its label, though words are above it; a remark that begins as an option
        1: lambda a: [["【問1】導入状況"], [None, *STATES],
                      [None, *(mark(k == a, "■") for k in range(1, 5))]],
        2: lambda a: [["【問2】業務"], [None, *USES],
                      [None, *(mark(k in a, "■") for k in (1, 2, 3))]],
        3: lambda a: [["（3）職員数（人）"], [None, a, "人"]],
        4: lambda a: [[Q4], ["1 実施済　2 予定　3 未定"], [ITEMS[0], a[0]],
                      [None, "未定のため概数"], [ITEMS[1], a[1]]],
    },
]  # fmt: skip


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("layouts", MORE, ids=range(len(MORE)))
def test_several_unusual_layouts_in_one_form(tmp_path, layouts, n):
    result = received(tmp_path, usual(layouts), n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    assert not {"refused"} & set(result.findings["severity"])


LETTERS = "アイウエ"


def matrix(a, indent=(None,)):
    return [[*indent, *STAGES], *([*indent[1:], item, *(mark(a[j] == k) for k in (1, 2, 3))]
                                  for j, item in enumerate(ITEMS))]  # fmt: skip


OFFICES = [  # whole forms as offices send them
    lambda a: [  # letters before the options are written as answers
        [Q1, LETTERS[a[0] - 1]], *([f"{LETTERS[k]}　{t}"] for k, t in enumerate(STATES)),
        [Q2, "、".join(LETTERS[k - 1] for k in sorted(a[1]))],
        *([f"{LETTERS[k]}　{t}"] for k, t in enumerate(USES)), [Q3, a[2], "人"],
        [Q4], *([item, LETTERS[a[3][j] - 1]] for j, item in enumerate(ITEMS)),
        ["ア 実施済　イ 予定　ウ 未定"],
    ],
    lambda a: [  # a table with the options in a column of their own
        ["番号", "設問", "選択肢", "回答欄", "備考"],
        ["問1", "導入状況", "1 導入済み\n2 実証実験中\n3 検討中\n4 予定なし", a[0]],
        ["問2", "業務", "1 文書の作成\n2 翻訳\n3 議事録", ",".join(map(str, sorted(a[1])))],
        ["問3", "職員数", None, a[2]], ["問4", "実施状況", "1 実施済\n2 予定\n3 未定"],
        *([f"（{j + 1}）", item, None, a[3][j]] for j, item in enumerate(ITEMS)),
    ],
    lambda a: [  # an empty row between a label and its answer
        [Q1], [], [STATES[a[0] - 1]], [Q2], [], ["、".join(USES[k - 1] for k in sorted(a[1]))],
        [Q3], [], [a[2], "人"], [Q4], *matrix(a[3]),
    ],
    lambda a: [  # all in brackets
        [Q1, "（ ", a[0], " ）"], ["1:導入済み 2:実証実験中 3:検討中 4:予定なし"],
        [Q2, f"（ {' '.join(map(str, sorted(a[1])))} ）"], ["1:文書の作成 2:翻訳 3:議事録"],
        [Q3, "（", "　", a[2], "人", "）"],
        [Q4], *([item, f"[ {a[3][j]} ]"] for j, item in enumerate(ITEMS)),
    ],
    lambda a: [  # indented below the headings of parts, a number far from its label
        ["１．AIの導入について"], [None, Q1],
        *([None, None, mark(k == a[0]), f"({k})", t] for k, t in enumerate(STATES, 1)),
        [None, Q2],
        *([None, None, mark(k in a[1], "✓"), f"({k})", t] for k, t in enumerate(USES, 1)),
        ["２．体制について"], [None, Q3, None, None, a[2], "人"],
        [None, Q4], *matrix(a[3], (None, None, None)),
    ],
    lambda a: [  # answers behind their labels, in one cell
        [f"{Q1}　　回答：{a[0]}"], ["（1 導入済み、2 実証実験中、3 検討中、4 予定なし）"],
        [f"{Q2}　　回答：{'，'.join(map(str, sorted(a[1])))}"],
        ["（1 文書の作成、2 翻訳、3 議事録）"], [f"{Q3}　　{a[2]}名"],
        [Q4], *([f"{item}：{a[3][j]}"] for j, item in enumerate(ITEMS)),
    ],
    lambda a: [  # two questions beside each other, each with its 回答
        [Q1, None, None, Q3], [None, "回答", a[0], None, "回答", a[2], "人"],
        [Q2], *([mark(k in a[1]), t] for k, t in enumerate(USES, 1)), [Q4], *matrix(a[3]),
    ],
    lambda a: [  # no empty row, a number in the column of options
        [Q1], [None, *STATES], [None, *(mark(k == a[0], "■") for k in range(1, 5))],
        [Q2], *([None, k, t, mark(k in a[1])] for k, t in enumerate(USES, 1)),
        [Q3, None, a[2], "人"], [Q4], *matrix(a[3]),
    ],
    lambda a: [  # boxes in a row behind the label
        [Q1, *(mark(k == a[0], "■", "□") + t for k, t in enumerate(STATES, 1))],
        [Q2, *(mark(k in a[1], "■", "□") + t for k, t in enumerate(USES, 1))],
        [Q3, f"{a[2]} 人"], [Q4], *([item, *(mark(a[3][j] == k, "■", "□") + t
                                             for k, t in enumerate(STAGES, 1))]
                                    for j, item in enumerate(ITEMS)),
    ],
]  # fmt: skip


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("rows_of", OFFICES, ids=range(len(OFFICES)))
def test_whole_forms_of_offices(tmp_path, rows_of, n):
    result = received(tmp_path, rows_of, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    assert {*beside_print(result)["severity"]} <= {"repaired"}


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("lines", [
    [[Q3], ["常勤・非常勤の合計", None, 120, "人"]], [[Q3], [], [], [None, None, 120]],
], ids=range(2))  # fmt: skip
def test_a_number_that_may_be_of_something_else_is_told(tmp_path, lines, n):
    result = received(tmp_path, usual({3: lambda a: [
        [a if cell == 120 else cell for cell in line] for line in lines
    ]}), n)  # fmt: skip
    assert "120" in told(result)
    assert result.responses["Q3"].isna().all()
    assert (result.status["Q3"] == "unreadable").all()  # they have answered


def test_circled_numbers_in_place_of_printed_ones_are_the_chosen(tmp_path):
    layouts = {
        1: lambda a: [[Q1], *([f"{CIRCLED[k] if k == a else k} {t}"]
                              for k, t in enumerate(STATES, 1))],
        2: lambda a: [[Q2], *([f"{CIRCLED[k] if k in a else k} {t}"]
                              for k, t in enumerate(USES, 1))],
    }  # fmt: skip
    assert said(received(tmp_path, usual(layouts), 1)) == {WHO[0]: SAID[0]}


def test_one_option_right_and_below_of_its_question_is_an_answer_or_told(tmp_path):
    layout = usual({2: lambda a: [[Q2], [None, USES[0]]]})
    result = received(tmp_path, layout, 1)
    assert "文書の作成" in {*result.findings["raw"]} or result.responses["Q2_1"].all()


@pytest.mark.parametrize("line", ["職員研修", "実施済", "3．検討中"])
def test_a_remark_beside_an_item_an_option_or_the_head_of_a_matrix_is_told(tmp_path, line):
    layout = usual()
    result = received(tmp_path, lambda a: [
        [*row, "調整中"] if line in row else row for row in layout(a)
    ], 1)  # fmt: skip
    assert said(result) == {WHO[0]: SAID[0]}
    assert "調整中" in told(result)


def test_numbers_above_the_heads_of_a_matrix_are_no_findings(tmp_path):
    head = [[Q4], [None, "1", "2", "3"], [None, *STAGES]]
    layout = {4: lambda a: head + [[item, STAGES[a[j] - 1]] for j, item in enumerate(ITEMS)]}
    assert not (received(tmp_path, usual(layout), 1).findings["rule"] == "unmatched").any()


@pytest.mark.parametrize("n", [2, 1])
def test_a_request_as_an_answer_is_told(tmp_path, n):
    asked = "県の様式で回答してください"
    answers = [[*PLANS[0][:4], asked, {1}], [*PLANS[1][:4], "財源の確保", {2}]]
    result = plans(tmp_path, lambda a: [
        [HEADS[0], "有"], [HEADS[1], "いいえ"], [HEADS[2], a[2]], [HEADS[3], day(a[3])],
        [HEADS[4]], [a[4]], [HEADS[5], written(a[5])],
    ], answers[:n])  # fmt: skip
    assert asked in told(result) | {*result.responses["Q5"]}


@pytest.mark.parametrize("n", [4, 1])
def test_the_pages_of_a_form_on_two_sheets_are_one_reply(tmp_path, n):
    (tmp_path / "r").mkdir()
    for i in range(n):
        book = openpyxl.Workbook()
        pages = book.active, book.create_sheet("その2")
        for page in pages:
            page.append(["団体名", WHO[i]])
        for number, a in enumerate(SAID[i], 1):
            for row in [[], *next(iter(LAYOUTS[number].values()))(a)]:
                pages[number > 2].append(row)
        pages[1].append([None, f"ひとこと{i}"])
        book.save(tmp_path / "r" / f"{i}.xlsx")
    about = wave(tmp_path, {"path": "r", "layout": "form"}, codebook="f")
    received = read(about, BOOK, tmp_path)
    result = clean(received, about, BOOK)
    result.ledger.check()
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    staff = received.cells.iloc[received.positions["Q3"][0]]
    assert (staff["sheet"], staff["row"]) == ("その2", 3)
    assert told(result) >= {f"ひとこと{i}" for i in range(n)}


def test_a_mark_is_not_the_first_letter_of_an_option(tmp_path):
    """レ is a tick before an option, and the beginning of レファレンス."""
    library = ["レファレンス", "貸出", "予約"]
    book = BOOK.model_dump(mode="json")
    book["questions"][1]["options"] = options(library)
    book["questions"] = book["questions"][:2]
    (tmp_path / "r").mkdir()
    for i, chosen in enumerate((2, 1, 3)):
        sheet = openpyxl.Workbook().active
        marked = [[mark(k == chosen, "レ", "") + t] for k, t in enumerate(library, 1)]
        for row in (["団体名", WHO[i]], [Q1], *marked):
            sheet.append(row)
        sheet.parent.save(tmp_path / "r" / f"{i}.xlsx")
    result = cleaned(tmp_path, Codebook.parse(book))
    assert result.responses["Q1"].tolist() == [2, 1, 3]


def test_what_some_offices_wrote_alike_is_told_and_an_answer_in_a_label_is_read(tmp_path):
    def rows(answers):
        made = usual()(answers)
        few = answers in SAID[:2]  # half of the copies: no print
        head = [f"{Q3}：120人"] if answers == SAID[3] else [Q3, answers[2], "人"]
        changed = [head if row and row[0] == Q3 else row for row in made]
        return [*changed, ["該当なし" if few else None], ["ご協力ありがとうございました"]]

    result = received(tmp_path, rows, 4)
    outside = result.outside[result.outside["reason"] == "unmatched"]["text"].tolist()
    assert outside == ["該当なし", "該当なし"]
    assert result.responses["Q3"].tolist() == [120, 45, 300, 120]


def test_a_mark_or_letter_alone_is_no_explanation_of_other(tmp_path):
    book = BOOK.model_dump(mode="json")
    book["questions"] = book["questions"][:2]
    book["questions"][1]["options"][3] |= {"ja": "その他", "other": True}
    (tmp_path / "r").mkdir()
    for i, said in enumerate(("ア", "レ", "共同で導入")):
        sheet = openpyxl.Workbook().active
        for row in (["団体名", WHO[i]], [Q1, said]):
            sheet.append(row)
        sheet.parent.save(tmp_path / "r" / f"{i}.xlsx")
    result = cleaned(tmp_path, Codebook.parse(book))
    assert result.responses["Q1"].isna().tolist() == [True, True, False]
    assert {"ア", "レ"} <= {*result.findings.loc[result.findings["severity"] == "refused", "raw"]}


@pytest.mark.parametrize("n", [4, 1])
def test_a_remark_behind_a_mark_takes_it_not_away(tmp_path, n):
    layout = usual({2: lambda a: down(Q2, USES, a, "○（試行の場合は含む）")})
    result = received(tmp_path, layout, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


@pytest.mark.parametrize("words", ["同上", "〃", "前年と同じ", "別紙のとおり"])
def test_words_that_leave_the_answer_to_another_place_are_asked_about(tmp_path, words):
    """And are never the explanation of "other"."""
    given = dict.fromkeys(HEADS) | {HEADS[0]: words, HEADS[4]: words}
    result = plans(tmp_path, lambda _: [*given.items()], [EMPTY])
    asked = beside_print(result).set_index("question")["rule"].to_dict()
    assert asked == {"Q1": "no-such-option", "Q5": "elsewhere"}


@pytest.mark.parametrize("packed", [False, True])
def test_a_ring_that_is_drawn_around_an_option_is_asked_about(tmp_path, packed):
    """openpyxl draws no shapes: XlsxWriter writes a text box, which becomes an ellipse."""
    (tmp_path / "r").mkdir()
    for name, ringed in (("札幌市", "B4"), ("函館市", "D4"), ("仙台市", None)):
        buffer, place = io.BytesIO(), tmp_path / "r" / f"{name}.xlsx"
        form = xlsxwriter.Workbook(buffer)
        sheet = form.add_worksheet()
        for row, cells in enumerate([["団体名", name], *([head] for head in HEADS)]):
            sheet.write_row(row, 0, cells)
        for cell in filter(None, ("H1", ringed)):  # H1: on all copies
            sheet.insert_textbox(cell, "")
        form.close()
        with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(place, "w") as new:
            for part in old.namelist():
                new.writestr(part, old.read(part).replace(b'prst="rect"', b'prst="ellipse"'))
    path = "r.zip" if packed else "r"
    if packed:
        shutil.make_archive(str(tmp_path / "r"), "zip", tmp_path / "r")
    result = cleaned(tmp_path, PLAN, path)
    drawn = result.findings.query("rule == 'drawn'")
    assert drawn[["file", "cell", "code"]].to_numpy().tolist() == [
        [f"{path}/函館市.xlsx", "D4", "012025"], [f"{path}/札幌市.xlsx", "B4", "011002"]
    ]  # fmt: skip


@pytest.mark.parametrize("n", [4, 1])
def test_what_an_office_wrote_into_a_row_of_its_own_is_told(tmp_path, n):
    """Also where one form alone came back, of which nobody knows what is printed on it."""
    layout = usual()

    def rows(answers):
        made = layout(answers)
        if answers == SAID[0]:
            made.insert(next(i for i, row in enumerate(made) if row and row[0] == Q3), [
                None, "議会で審議中のため変わることがある"])  # fmt: skip
            made.append(["回答は企画課による"])
        return made

    result = received(tmp_path, rows, n)
    wrote = {"議会で審議中のため変わることがある", "回答は企画課による"}
    assert told(result) - {"調査票"} == wrote
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


def test_forms_that_are_named_one_by_one_are_copies_of_one_form(tmp_path):
    """What they share is print, and no finding, though each has an entry in wave.yml."""
    received(tmp_path, lambda a: [*usual()(a), ["職員の育成に関する考え方の例"]], 3)
    files = [{"path": f"r/{i}.xlsx", "layout": "form"} for i in range(3)]
    about = wave(tmp_path, *files, codebook="f")
    result = clean(read(about, BOOK, tmp_path), about, BOOK)
    assert said(result) == dict(zip(WHO[:3], SAID[:3], strict=True))
    assert not (result.findings["rule"] == "unmatched").any()


def test_the_section_that_filled_in_a_form_is_no_question(tmp_path):
    result = received(tmp_path, lambda a: [["担当課", "情報政策課"], *usual()(a)], 1)
    there = result.outside.set_index("text")["reason"]
    assert there["情報政策課"] == "ignored"
    assert not (result.findings["rule"] == "unmatched").any()


def test_a_request_on_most_copies_is_no_answer_where_a_remark_moved_it(tmp_path):
    asked, wish = "具体的にご記入ください。", ["人手", "財源", "庁内の調整", "知識"]
    rows = [[HEADS[4]], [asked], [None], [HEADS[5], "1"]]

    def of(a):
        own = [list(row) for row in rows]
        own[2][0] = a[4]
        if a[4] == wish[0]:
            own.insert(1, ["別紙参照"])
        return [
            [HEADS[0], "有"],
            [HEADS[1], "いいえ"],
            [HEADS[2], a[2]],
            [HEADS[3], day(a[3])],
            *own,
        ]

    result = plans(tmp_path, of, [[*a[:4], w, {1}] for a, w in zip(PLANS, wish, strict=True)])
    assert asked not in {*result.responses["Q5"]}
    read_ = {*result.responses["Q5"].dropna()} | {*result.findings["raw"]}
    assert {*wish} <= read_


@pytest.mark.parametrize("words", ["特になし", "該当なし", "特にありません。"])
def test_what_all_offices_say_alike_is_their_answer(tmp_path, words):
    result = plans(tmp_path, lambda a: [
        [HEADS[0], "有"], [HEADS[1], "いいえ"], [HEADS[2], a[2]], [HEADS[3], day(a[3])],
        [HEADS[4]], [words], [HEADS[5], written(a[5])],
    ], PLANS)  # fmt: skip
    assert result.responses["Q5"].tolist() == [words] * 4


def test_headings_over_merged_cells_do_no_harm(tmp_path):
    result = received(tmp_path, usual(), 4, merge=True)
    assert said(result) == dict(zip(WHO, SAID, strict=True))


@pytest.mark.parametrize("n", [4, 1])
def test_two_ticked_boxes_of_one_choice_are_refused(tmp_path, n):
    layout = usual({1: lambda a: boxes(Q1, STATES, {a, 4})})
    result = received(tmp_path, layout, n)
    assert result.responses["Q1"].isna().all()
    assert (result.status["Q1"] == "unreadable").all()
    assert set(result.findings[result.findings["question"] == "Q1"]["severity"]) == {"refused"}


@pytest.mark.parametrize("n", [4, 1])
def test_boxes_of_which_none_is_ticked_are_no_answer(tmp_path, n):
    result = received(tmp_path, usual({1: lambda a: boxes(Q1, STATES, set())}), n)
    assert not (result.status["Q1"] == "answered").any()


@pytest.mark.parametrize("n", [4, 1])
def test_an_answer_in_no_known_place_and_a_remark_are_told(tmp_path, n):
    """A number in a box behind the list of options: not read, but never a mere note."""
    layout = usual({
        1: lambda a: [[Q1], [None, "1 導入済み　2 実証実験中　3 検討中", "＝", "０１２３４"[a]]],
        3: lambda a: [[Q3, a, "人", f"うち{a - 1}人は兼務"]],
    })  # fmt: skip
    result = received(tmp_path, layout, n)
    assert {*"１３２１"[:n], f"うち{SAID[0][2] - 1}人は兼務"} <= told(result)
    assert (result.status["Q1"] == "unreadable").all()  # they have answered
    assert result.responses["Q3"].notna().all()


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("unit", ["人", None])
def test_a_number_with_a_digit_in_each_cell_is_read_if_a_unit_ends_it(tmp_path, n, unit):
    """Without a unit 120 is asked for: it could be three numbers; it is never 1."""
    layout = usual({3: lambda a: [[Q3, *([None] * (3 - len(str(a)))), *map(int, str(a)), unit]]})
    result = received(tmp_path, layout, n)
    whole = [a[2] if unit or a[2] < 10 else None for a in SAID[:n]]
    by_name = {name: row[2] for name, row in said(result).items()}
    assert [None if pd.isna(by_name[name]) else by_name[name] for name in WHO[:n]] == whole
    refused = result.findings[result.findings["severity"] == "refused"]
    assert len(refused.query("question == 'Q3'")) == sum(value is None for value in whole)


@pytest.mark.parametrize("n", [3, 1])
def test_answers_behind_two_empty_cells_are_read_beside_options_marked_at_once(tmp_path, n):
    """All but the options were refused."""
    layout = usual({
        1: lambda a: [[Q1, None, None, STATES[a - 1]]],
        2: lambda a: [[Q2], *([t, mark(k in a)] for k, t in enumerate(USES, 1))],
        3: lambda a: [[Q3, None, None, a, "人"]],
        4: lambda a: [[Q4], ["1 実施済　2 予定　3 未定"],
                      *([item, None, None, a[j]] for j, item in enumerate(ITEMS))],
    })  # fmt: skip
    assert said(received(tmp_path, layout, n)) == dict(zip(WHO[:n], SAID[:n], strict=True))


@pytest.mark.parametrize("n", [3, 1])
def test_the_column_headed_answer_has_the_answers_whatever_stands_before_it(tmp_path, n):
    """自由記述 was taken for the answer to the open question."""
    (tmp_path / "r").mkdir()
    for i in range(n):
        book = openpyxl.Workbook()
        for row in [["団体名", WHO[i]], [], ["設問", "選択肢", "回答欄", "備考"],
                    ["問1 採用の有無", "有・無", "有"], ["問3 職員数", "（人）", 5 + i],
                    ["問5 課題", "自由記述", f"人材{i}"]]:  # fmt: skip
            book.active.append(row)
        book.save(tmp_path / "r" / f"{i}.xlsx")
    header = {"Q2": [], "Q4": [], "Q6": []}
    result = cleaned(tmp_path, PLAN, header=header)
    answers = result.responses[["Q1", "Q3", "Q5"]].to_numpy().tolist()
    assert answers == [[1, 5 + i, f"人材{i}"] for i in range(n)]


@pytest.mark.parametrize("n", [3, 1])
def test_the_word_answer_in_the_row_of_a_question_heads_no_column(tmp_path, n):
    """The unit of the numbers below it was read as their answer."""
    listed = "　".join(f"{k}．{text}" for k, text in enumerate(STATES, 1))

    def rows(a):
        return [[Q1, listed, "回答", a[0]], *down(Q2, USES, a[1]), [Q3, a[2], "人"],
                *LAYOUTS[4]["items down"](a[3])]  # fmt: skip

    result = received(tmp_path, rows, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


STAFF = Codebook.parse({
    "id": "f", "title": {"ja": "職員調査", "en": "Staff"}, "version": "1",
    "sections": [{"id": "A", "ja": "職員", "en": "Staff"}],
    "questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        *(QUESTION | {"id": f"Q{k}", "type": "integer", "ja": text}
          for k, text in enumerate(["情報課の正規職員", "情報課の非常勤", "DX課の正規職員"], 1)),
        QUESTION | {"id": "Q4", "type": "integer", "ja": "d", "source": ["非常勤／DX課"]},
    ],
})  # fmt: skip


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("total", [17, 16])
def test_a_table_of_numbers_is_read_by_the_headings_of_its_rows_and_columns(tmp_path, n, total):
    """A total that adds up is known as one; another is asked about."""
    (tmp_path / "r").mkdir()
    for i in range(n):
        book = openpyxl.Workbook()
        for row in [["団体名", WHO[i]], [], ["区分", "正規職員", "非常勤"],
                    ["情報課", 5 + i, None], ["DX課", 12, 3], ["合計", total + i, 3]]:  # fmt: skip
            book.active.append(row)
        book.save(tmp_path / "r" / f"{i}.xlsx")
    result = cleaned(tmp_path, STAFF)
    answers = result.responses[["Q1", "Q2", "Q3", "Q4"]].astype("Int64")
    expected = [[5 + i, None, 12, 3] for i in range(n)]
    assert answers.astype(object).where(answers.notna(), None).to_numpy().tolist() == expected
    wrong = {str(total + i) for i in range(n)} if total != 17 else set()
    assert told(result) - {"区分", "合計", "3"} == wrong  # 3: no sum of two answers


@pytest.mark.parametrize("digits", ["01101", "011002", "01101-6"])
def test_the_digits_of_a_code_in_cells_of_their_own_are_one_code(tmp_path, digits):
    """Each was told as a cell of no question, and the first as a wrong code."""
    code = [["市区町村コード", *digits], *usual()(SAID[0])]
    result = received(tmp_path, lambda _: code, 1)
    assert beside_print(result)["rule"].tolist().count("unmatched") == 0
    wrong = result.findings.query("rule == 'code-wrong'")["raw"]
    assert [*wrong] == ([] if digits == "011002" else [digits])


PLAN = Codebook.parse({
    "id": "f", "title": {"ja": "計画調査", "en": "Plans"}, "version": "1",
    "sections": [{"id": "A", "ja": "計画", "en": "Plan"}],
    "questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "binary", "ja": "採用の有無", "options": [
            {"code": 1, "ja": "有", "en": "yes"}, {"code": 0, "ja": "無", "en": "no"}]},
        QUESTION | {"id": "Q2", "type": "binary", "ja": "計画に定めている"},
        QUESTION | {"id": "Q3", "type": "integer", "ja": "職員数", "unit": {"ja": "人", "en": "p"}},
        QUESTION | {"id": "Q4", "type": "date", "ja": "策定日"},
        QUESTION | {"id": "Q5", "ja": "課題"},
        QUESTION | {"id": "Q6", "type": "multi", "ja": "受付方法", "options": options(USES)},
    ],
})  # fmt: skip
PLANS = [
    (1, 0, 120, (5, 6, 3), "人手が足りない", {1, 3}),
    (0, 1, 45, (3, 12, 20), "財源の確保", {2}),
    (1, 1, 300, (6, 4, 1), "庁内の調整", {1, 2}),
    (0, 0, 8, (1, 10, 15), "知識の不足", {3}),
]
EMPTY = (None, None, None, (None, None, None), None, set())
HEADS = [
    "問1　採用の有無",
    "問2　計画に定めている",
    "問3　職員数",
    "問4　策定日",
    "問5　課題",
    "問6　受付方法",
]


def text(value):
    return "" if value is None else value


def one_of(chosen, words, signs=("○", ""), between="　"):
    """The words of yes and no, each with a sign before it."""
    pairs = zip((1, 0), words, strict=True)
    return between.join(signs[code != chosen] + word for code, word in pairs)


def word(code, words):
    return None if code is None else words[code]


def day(parts):
    return parts[0] and "令和{}年{}月{}日".format(*parts)


def written(codes):
    return "、".join(map(str, sorted(codes))) or None


PRINTS = [
    lambda a: [  # the answers in the cells of their labels
        [f"{HEADS[0]}　{one_of(a[0], '有無', between='・')}"],
        [f"{HEADS[1]}（{one_of(a[1], ('はい', 'いいえ'), between='・')}）"],
        [f"{HEADS[2]}：{text(a[2])}人"],
        [f"{HEADS[3]}：令和{text(a[3][0])}年{text(a[3][1])}月{text(a[3][2])}日"],
        [f"{HEADS[4]}\n{text(a[4])}"],
        [HEADS[5]], *([f"{'●' if k in a[5] else '○'}{t}"] for k, t in enumerate(USES, 1)),
    ],
    lambda a: [  # a part in each cell, circles that are filled in
        [HEADS[0], *(x for k, t in ((1, "有"), (0, "無")) for x in ("○●"[a[0] == k], t))],
        [HEADS[1], *(mark(a[1] == k, "●", "○") + t for k, t in ((1, "はい"), (0, "いいえ")))],
        [HEADS[2], "計", a[2], "人"],
        [HEADS[3], "令和", a[3][0], "年", a[3][1], "月", a[3][2], "日"],
        [HEADS[4]], ["（", a[4], "）"],
        [HEADS[5]], *(["○●"[k in a[5]], t] for k, t in enumerate(USES, 1)),
    ],
    lambda a: [  # numbers of the form's own, brackets, circles around numbers
        [HEADS[0], "1.有　2.無", a[0] if a[0] is None else 2 - a[0]],
        [HEADS[1]], [mark(a[1] == 1), "1 はい"], [mark(a[1] == 0), "2 いいえ"],
        [HEADS[2], f"（　{text(a[2])}　）人"],
        [HEADS[3]], ["令和", a[3][0], "年", a[3][1], "月", a[3][2], "日"],
        [HEADS[4]], ["自由にご記入ください。"], [a[4]],
        [HEADS[5]], *([CIRCLED[k] if k in a[5] else k, t] for k, t in enumerate(USES, 1)),
    ],
    lambda a: [  # lists in one cell, a code in each cell, an answer behind empty cells
        [HEADS[0], one_of(a[0], "有無", ("●", "○"))],
        [HEADS[1], one_of(a[1], ("はい", "いいえ"), ("☑", "□"))],
        [HEADS[2], None, None, a[2], "人"],
        [HEADS[3], a[3][0] and a[3][0] + 2018, "年", a[3][1], "月", a[3][2], "日"],
        [HEADS[4], a[4]],
        [HEADS[5]], ["1.文書の作成 2.翻訳 3.議事録"], ["該当番号", *sorted(a[5])],
    ],
    lambda a: [  # a table with heads and examples; of a list to choose from, its first words
        ["設問", "回答", "単位", "記入例"], [HEADS[0], word(a[0], "無有"), None, "無"],
        ["問2", "計画に定めている\n（予定を含む）", word(a[1], ("いいえ", "はい")), "はい"],
        [HEADS[2], a[2], "人", 10], [HEADS[3], day(a[3]), None, "令和5年4月1日"],
        [HEADS[4], a[4], None, "人員の不足"], [HEADS[5], written(a[5]), None, "1、2"],
    ],
    lambda a: [  # answers below labels that are beside each other
        [HEADS[0], HEADS[1], HEADS[2]],
        [word(a[0], "無有"), word(a[1], ("いいえ", "はい")) or "▼選択してください", a[2]],
        [], [HEADS[3], HEADS[5], HEADS[4]], [day(a[3]), written(a[5]), a[4]],
    ],
]  # fmt: skip


def plans(folder, rows_of, answers, blank=None):
    (folder / "r").mkdir()
    for name, said in zip(WHO, answers, strict=False):
        form = openpyxl.Workbook()
        head = [["計画に関する調査"], ["※ 黄色の欄にご記入ください"], ["団体名", name]]
        for row in [*head, *rows_of(said), ["ご協力ありがとうございました"]]:
            form.active.append([None if value == "" else value for value in row])
        form.save(folder / "r" / f"{name}.xlsx")
    result = cleaned(folder, PLAN, blank=blank)
    return result


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("rows_of", PRINTS, ids=range(len(PRINTS)))
def test_answers_amid_printed_words_are_read(tmp_path, rows_of, n):
    result = plans(tmp_path, rows_of, PLANS[:n])
    found = result.responses.join(result.register["name"]).set_index("name")
    for name, (q1, q2, staff, (year, month, day), why, uses) in zip(WHO, PLANS[:n], strict=False):
        row = found.loc[name]
        assert (row["Q1"], row["Q2"], row["Q3"], row["Q5"]) == (q1, q2, staff, why)
        assert str(row["Q4"])[:10] == f"{year + 2018}-{month:02}-{day:02}"
        assert {k for k in (1, 2, 3) if row[f"Q6_{k}"]} == uses
    assert {*beside_print(result)["severity"]} <= {"repaired"}


@pytest.mark.parametrize("rows_of", PRINTS, ids=range(len(PRINTS)))
def test_a_form_that_comes_back_empty_has_no_answer_and_no_finding(tmp_path, rows_of):
    result = plans(tmp_path, rows_of, [EMPTY])
    asked = [name for name in result.status if name.startswith("Q")]
    assert not (result.status[asked] == "answered").any(axis=None)
    circles = rows_of in PRINTS[:2]  # of several options circles may all be chosen: to be asked
    assert {*beside_print(result)["rule"]} <= ({"not-a-tick"} if circles else {"blank", "tick"})


@pytest.mark.parametrize("rows_of", PRINTS[:2], ids=range(2))
def test_a_circle_at_every_option_is_none_chosen_where_another_copy_has_filled_ones(
    tmp_path, rows_of
):
    result = plans(tmp_path, rows_of, [PLANS[0], EMPTY])
    chosen = result.responses.join(result.register["name"]).set_index("name")
    assert [bool(chosen.loc[WHO[0], f"Q6_{k}"]) for k in (1, 2, 3)] == [True, False, True]
    assert not chosen.loc[WHO[1], ["Q6_1", "Q6_2", "Q6_3"]].any()
    assert not (result.findings["rule"] == "not-a-tick").any()


@pytest.mark.parametrize("filled", [
    {"A5": 12, "A9": 300}, {"A5": 12, "B5": "人"}, {"A5": 12, "B5": "うち研修を受けた人"}
])  # fmt: skip
def test_a_lone_form_with_answers_two_cells_below_their_labels(tmp_path, filled):
    """They are read; a number before words is told, and its municipality has answered."""
    labels = {"A1": "団体名", "B1": "札幌市", "A3": "職員数", "A7": "予算額", "A11": "端末台数"}
    asked = [{"id": "Q0", "type": "text", "role": "id", "identity": "name", "ja": "団体名"}]
    asked += [{"id": f"Q{n}", "type": "integer", "role": "describe", "ja": ja}
              for n, ja in enumerate(("職員数", "予算額", "端末台数"), start=1)]  # fmt: skip
    title = {"ja": "調査", "en": "survey"}
    book = Codebook.parse({
        "id": "f", "title": title, "version": "1", "sections": [{"id": "A", **title}],
        "questions": [{"section": "A", "en": f"question {q['id']}", **q} for q in asked],
    })  # fmt: skip
    form = openpyxl.Workbook()
    for cell, value in (labels | filled).items():
        form.active[cell] = value
    form.save(tmp_path / "r.xlsx")
    result = cleaned(tmp_path, book, "r.xlsx")
    (reply,) = result.responses[["Q1", "Q2"]].itertuples(index=False)
    if filled.get("B5", "人") == "人":
        assert reply[0] == 12 and told(result) <= {"人"}  # which is no word of the codebook
        assert "A9" not in filled or reply[1] == 300
    else:
        assert result.responses["Q1"].isna().all()
        assert result.status["Q1"].tolist() == ["unreadable"]
        assert told(result) == {"12", "うち研修を受けた人"}


REMARKS = [
    [["※ 令和6年度中に改正の予定"]],  # as a note looks that is printed
    [["設問", "回答", "今年度は別の課が所管"]],  # in a row of heads
    [["【参考】前回は120人"]],
    [[None, None, "ご回答は参考値です"]],
]


@pytest.mark.parametrize("n", [2, 1])
@pytest.mark.parametrize("lines", REMARKS, ids=range(len(REMARKS)))
def test_what_may_be_an_office_s_words_is_told_however_it_is_worded(tmp_path, lines, n):
    """A lone form, and two that say the same, do not show what is printed on them."""
    result = received(tmp_path, lambda a: [*usual()(a), *lines], n)
    words = {cell for line in lines for cell in line if cell and cell not in {"設問", "回答"}}
    assert words <= told(result)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


def test_what_one_of_two_forms_says_is_asked_about_and_what_three_say_is_print(tmp_path):
    def rows(answers):
        own = ["※ 議会で審議中"] if answers == SAID[0] else [None]
        return [*usual()(answers), ["※ 記入上の注意を見ること"], [], own]

    of_two = received(tmp_path, rows, 2).findings.set_index("raw")["rule"].to_dict()
    assert of_two["※ 議会で審議中"] == "unmatched"
    assert of_two["※ 記入上の注意を見ること"] == "unsure"
    of_three = received(tmp_path, rows, 3)
    assert told(of_three) == {"※ 議会で審議中"}


def sent(folder, rows):
    """The form as it was sent, beside wave.yml."""
    blank = openpyxl.Workbook()
    for row in rows:
        blank.active.append([None if value == "" else value for value in row])
    blank.save(folder / "blank.xlsx")


@pytest.mark.parametrize("rows_of", PRINTS, ids=range(len(PRINTS)))
@pytest.mark.parametrize("answers", [PLANS[0], EMPTY], ids=["filled", "empty"])
def test_the_form_as_it_was_sent_says_what_a_lone_form_prints(tmp_path, rows_of, answers):
    head = [["計画に関する調査"], ["※ 黄色の欄にご記入ください"], ["団体名", None]]
    sent(tmp_path, [*head, *rows_of(EMPTY), ["ご協力ありがとうございました"]])
    wrote = "※ 議会で審議中のため未確定"
    result = plans(tmp_path, lambda a: [*rows_of(a), [None, wrote]], [answers], "blank.xlsx")
    kinds = result.findings.set_index("raw")["rule"].to_dict()
    assert kinds.pop(wrote) == "unmatched"
    assert {*kinds.values()} <= {"marked", "unit", "wareki", "tick", "blank"}
    assert (result.status[["Q1", "Q3"]] == "answered").all(axis=None) == (answers is not EMPTY)


@pytest.mark.parametrize("n", [3, 1])
def test_words_between_a_label_and_its_indented_answer_are_print_where_the_form_shows_it(
    tmp_path, n
):
    def rows(a):
        return [
            [HEADS[0], "有"], [HEADS[1], "いいえ"], [HEADS[2], a[2]], [HEADS[3], day(a[3])],
            [HEADS[4]], ["（財政面のもの）"], [None, a[4]], [HEADS[5], written(a[5])],
        ]  # fmt: skip

    head = [["計画に関する調査"], ["※ 黄色の欄にご記入ください"], ["団体名", None]]
    sent(tmp_path, [*head, *rows(EMPTY)])
    result = plans(tmp_path, rows, PLANS[:n], "blank.xlsx" if n == 1 else None)
    assert {*result.responses["Q5"]} == {a[4] for a in PLANS[:n]}
    assert "（財政面のもの）" not in told(result)


@pytest.mark.parametrize("n", [3, 1])
def test_two_options_beside_a_question_of_which_none_is_marked_are_told(tmp_path, n):
    """One may be the answer and one a remark."""

    def rows(a):
        own = ["いいえ", "はい"] if a is PLANS[0] else [["いいえ", "はい"][a[1]]]
        return [[HEADS[0], "有"], [HEADS[1], *own], [HEADS[2], a[2]], [HEADS[3], day(a[3])],
                [HEADS[4], a[4]], [HEADS[5], written(a[5])]]  # fmt: skip

    result = plans(tmp_path, rows, PLANS[:n])
    assert "はい" in told(result)
    assert n == 1 or {*result.status["Q2"]} == {"answered", "unreadable"}


def test_the_chosen_of_yes_and_no_behind_an_arrow_in_the_cell_of_the_label_is_read(tmp_path):
    """Yes and no have no options of their own in this codebook."""
    rows = [[HEADS[0], "有"], [f"{HEADS[1]}　はい・いいえ　→　いいえ"], [HEADS[2], 3],
            [HEADS[3], None], [HEADS[4], "人手"], [HEADS[5], "1"]]  # fmt: skip
    assert plans(tmp_path, lambda _: rows, [EMPTY]).responses["Q2"].tolist() == [False]


def test_a_blank_form_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError, match="blank"):
        plans(tmp_path, PRINTS[0], PLANS[:1], "blank.xlsx")


SHORT = Codebook.parse(
    BOOK.model_dump(exclude={"questions"}, exclude_defaults=True)
    | {"questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "integer", "ja": "職員数"},
        QUESTION | {"id": "Q2", "ja": "課題"},
    ]}
)  # fmt: skip


def commented(place, rows, comments, sheets=None):
    """A workbook with comments (cell -> text) and further sheets (name -> rows)."""
    book = xlsxwriter.Workbook(place)
    for name, cells in {"調査票": rows, **(sheets or {})}.items():
        sheet = book.add_worksheet(name)
        for row, own in enumerate(cells):
            sheet.write_row(row, 0, own)
        for cell, text in comments.items() if cells is rows else ():
            sheet.write_comment(cell, f"担当者:\n{text}", {"author": "担当者"})
    book.close()


def forms_with(folder, comments=None, sheet=None, n=4, blank=False):
    """The findings on forms with a comment and a sheet of instructions, as on the blank form.

    The first form has the `comments` too, and the rows of `sheet` on its sheet 別紙.
    """
    (folder / "r").mkdir()
    printed, guide = {"H1": "太枠の中にご記入ください"}, {"記入要領": [["数字でご記入ください"]]}
    for i, name in enumerate(WHO[:n]):
        rows = [["団体名", name], ["問1 職員数", 12 + i], ["問2 課題", f"課題{i}"]]
        own = (comments or {}, {"別紙": sheet} if sheet else {}) if i == 0 else ({}, {})
        commented(folder / "r" / f"{name}.xlsx", rows, printed | own[0], guide | own[1])
    if blank:
        rows = [["団体名"], ["問1 職員数"], ["問2 課題"]]
        commented(folder / "blank.xlsx", rows, printed, guide)
    result = cleaned(folder, SHORT, blank="blank.xlsx" if blank else None)
    columns = ["sheet", "cell", "name", "rule", "severity", "raw"]
    return result.findings[columns].to_numpy().tolist()


@pytest.mark.parametrize(("n", "blank"), [(4, False), (1, True), (2, True)])
def test_a_comment_on_a_cell_and_a_sheet_of_its_own_are_told(tmp_path, n, blank):
    sheet = [["", "別紙"], ["", "職員数の内訳", "専任3人"]]
    found = forms_with(tmp_path, {"B2": "うち3人は兼務"}, sheet, n, blank)
    assert found == [
        ["調査票", "B2", "札幌市", "comment", "doubtful", "うち3人は兼務"],
        ["別紙", "B1:C2", "札幌市", "unmatched", "doubtful", "別紙 / 職員数の内訳 / 専任3人"],
    ]


@pytest.mark.parametrize("kind", ["comments", "drawings"])
def test_comments_and_drawings_too_large_to_be_read_are_refused(tmp_path, monkeypatch, kind):
    """They might hold what an office said."""
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["団体名", "札幌市"])
    (sheet.insert_textbox if kind == "drawings" else sheet.write_comment)("B1", "見込み" * 200)
    book.close()
    monkeypatch.setattr("analysis.intake.workbook.MAX_DRAWING", 1000)
    with pytest.raises(InputError, match=rf"a\.xlsx: .*too large to be read .*{kind}"):
        read_file(tmp_path / "a.xlsx")


def test_a_lone_form_tells_of_its_other_sheets_mildly(tmp_path):
    found = forms_with(tmp_path, n=1)
    assert [row[3:] for row in found] == [
        ["comment", "doubtful", "太枠の中にご記入ください"],
        ["unsure", "noted", "数字でご記入ください"],
    ]


def test_what_an_office_wrote_on_a_printed_sheet_is_told_alone(tmp_path):
    forms_with(tmp_path)
    rows = [["団体名", "札幌市"], ["問1 職員数", 12], ["問2 課題", "別紙"]]
    guide = {"記入要領": [["数字でご記入ください"], ["", "課題は人手の不足"]]}
    commented(tmp_path / "r" / "札幌市.xlsx", rows, {}, guide)
    found = cleaned(tmp_path, SHORT).findings.query("rule == 'unmatched'")
    assert found[["sheet", "cell", "raw"]].to_numpy().tolist() == [
        ["記入要領", "B2", "課題は人手の不足"]
    ]


def test_many_copies_are_no_evidence_for_what_three_of_them_say(tmp_path):
    """Three offices of eight may have the same remark."""
    (tmp_path / "r").mkdir()
    names = [*WHO, "京都市", "大阪市", "神戸市", "広島市"]
    for i, name in enumerate(names):
        rows = [["団体名", name], ["問1 職員数", i], ["問2 課題", f"課題{i}"]]
        commented(tmp_path / "r" / f"{name}.xlsx", rows, {"B2": "見込み"} if i < 3 else {})
    found = cleaned(tmp_path, SHORT).findings
    assert (
        found[["rule", "question", "raw"]].to_numpy().tolist() == [["comment", "Q1", "見込み"]] * 3
    )


EXAMPLES = [["設問", "記入例", "回答"], [Q1, "検討中"], [Q2, "1、2"], [Q3, "5人"],
            [ITEMS[0], "予定"], [ITEMS[1], "未定"]]  # fmt: skip


@pytest.mark.parametrize("n", [3, 1])
def test_examples_beside_empty_cells_are_no_answers(tmp_path, n):
    """Of a lone form nobody knows whether the office wrote over them, so that they are told."""
    result = received(tmp_path, lambda _: EXAMPLES, n)
    examples = {row[1] for row in EXAMPLES[1:]} if n == 1 else set()
    assert not len(result.responses) and told(result) == examples
    assert {*result.findings["rule"]} == {"blank", *(["unsure"] if n == 1 else [])}


SHOWN = {
    "in a cell of its own": lambda q, shown, own: [[q, f"例：{shown}", own]],
    "above the answer": lambda q, shown, own: [[q], [f"（例）{shown}"], [own]],
    "in a row of its own": lambda q, shown, own: [[q], ["記入例", shown], ["回答", own]],
    "in a row, no 回答": lambda q, shown, own: [[q, own], ["例", shown]],
}


@pytest.mark.parametrize("own", ["answered", "over one example"])
@pytest.mark.parametrize("kind", SHOWN)
def test_an_example_is_never_an_answer_and_what_may_be_written_over_one_is_told(
    tmp_path, kind, own
):
    """An example of a question that is answered is no finding."""
    staff = SHOWN[kind](Q1, "検討中", None if own != "answered" else STATES[0])
    rows = [*staff, *SHOWN[kind](Q3, "5人", 12), *down(Q2, USES, {1}), *LAYOUTS[4]["codes"]((1, 2))]
    result = received(tmp_path, lambda _: rows, 1)
    assert result.responses["Q3"].tolist() == [12]
    assert result.responses["Q1"].fillna(0).tolist() == [1 if own == "answered" else 0]
    assert any("検討中" in text for text in told(result)) == (own != "answered")
    assert not any("5人" in text for text in told(result))


def test_an_example_of_a_table_that_may_be_a_reply_is_told(tmp_path):
    """Its row names a municipality without another row, or says what the one reply lacks."""
    heads = ["", "団体名", "問1 職員数", "問2 課題"]

    def findings(*rows, layout="rows"):
        turned = rows if layout == "rows" else zip(*rows, strict=True)
        workbook(tmp_path / "t.xlsx", [list(row) for row in turned])
        found = cleaned(tmp_path, SHORT, "t.xlsx", layout=layout).findings
        return (
            found.loc[found["rule"] == "example-row", ["cell", "code", "raw"]].to_numpy().tolist()
        )

    other, third = ["", "函館市", 3, "人手"], ["", "仙台市", 5, None]
    written = [["C2:D2", "", "12 / 財源"]]
    assert findings(heads, ["例", "札幌市", 12, "財源"], other, third) == written
    assert findings(heads, ["例", "○○市", 12, "財源"], other, third) == []
    assert findings(heads, ["例", "函館市", 12, "財源"], other, third) == []
    assert findings(heads, ["例", "○○市", 12, "財源"], third) == [["D2", "", "財源"]]
    columns = [heads[1:], ["記入例", 12, "財源"], ["札幌市", None, None]]
    assert findings(*columns, layout="columns") == [["B2:B3", "", "12 / 財源"]]


OTHER = Codebook.parse(
    SHORT.model_dump(exclude={"questions"}, exclude_defaults=True)
    | {"questions": [
        QUESTION | {"id": "N", "role": "id", "identity": "name", "ja": "団体名"},
        QUESTION | {"id": "Q1", "type": "multi", "ja": "業務", "options": [
            *options(USES), {"code": 9, "ja": "その他", "en": "other", "other": True}]},
        QUESTION | {"id": "Q2", "type": "single", "ja": "理由", "options": [
            *options(["人手", "財源"]), {"code": 9, "ja": "その他", "en": "other", "other": True}]},
    ]}
)  # fmt: skip


@pytest.mark.parametrize("words", ["（　　　）", "（具体的に）", "(please specify)"])
def test_an_option_other_with_room_for_words_behind_it_is_an_option(tmp_path, words):
    last = "other " if "please" in words else "その他"
    uses = [["○", USES[0]], [None, USES[1]], [None, USES[2]], [None, last + words]]
    reasons = [[None, "人手"], [None, "財源"], ["○", last + words]]
    lines = [["団体名", "札幌市"], ["問1 業務"], *uses, ["問2 理由"], *reasons]
    commented(tmp_path / "a.xlsx", lines, {})
    answers = cleaned(tmp_path, OTHER, "a.xlsx").responses
    assert answers[["Q1_1", "Q1_2", "Q1_3", "Q1_9"]].to_numpy().tolist() == [[True] + [False] * 3]
    assert answers["Q2"].tolist() == [9]


BLANKS = " " * 4000


@pytest.mark.parametrize(
    "text", [f"({BLANKS}x", f"（x{BLANKS}y", f"x{BLANKS}y", "1" * 9000, "（" + "場合" * 9000]
)
@pytest.mark.parametrize("place", ["answer", "other", "beside"])
def test_many_blanks_or_digits_in_an_answer_take_no_time(tmp_path, text, place):
    said = dict.fromkeys(("answer", "other", "beside")) | {place: text}
    uses = [["○", USES[0]], [None, USES[1]], [None, USES[2]], [None, "その他"]]
    reasons = [[None, "人手"], ["○", f"その他（{said['other'] or ''}", said["beside"]]]
    answer = [["回答", said["answer"]]]
    lines = [["団体名", "札幌市"], ["問1 業務"], *uses, ["問2 理由"], *reasons, *answer]
    commented(tmp_path / "a.xlsx", lines, {})
    about = wave(tmp_path, {"path": "a.xlsx", "layout": "form"}, codebook="f")
    begun = time.process_time()
    clean(read(about, OTHER, tmp_path), about, OTHER).ledger.check()
    assert time.process_time() - begun < 3


def rows_of_other(kind, texts, code, chosen, words):
    """A question whose last option is "other", with its words in a place of a kind."""
    marks = [mark(k in chosen) for k in (*range(1, len(texts) + 1), 9)]
    listed = [[sign, text] for sign, text in zip(marks, texts, strict=False)]
    boxed = ["☑" if sign else "□" for sign in marks]
    answer = "、".join(map(str, sorted(chosen)))
    names = " ".join(f"{k} {text}" for k, text in enumerate(texts, 1))
    return {
        "in brackets": [*listed, [marks[-1], f"4．その他（　{words}　）".replace("4", code)]],
        "behind a colon": [*listed, [marks[-1], f"その他：{words}"]],
        "beside": [*listed, [marks[-1], "その他（具体的に）", words]],
        "brackets apart": [*listed, [marks[-1], "その他", "（", words, "）"]],
        "below": [*listed, [marks[-1], "その他"], [None, words and f"（{words}）"]],
        "below, asked for": [*listed, [marks[-1], "その他"], ["具体的に：", words]],
        "boxes": [*([b + t] for b, t in zip(boxed, texts, strict=False)),
                  [f"{boxed[-1]}その他（{words}）"]],
        "one cell": [[" ".join(b + t for b, t in zip(boxed, [*texts, f"その他（{words}）"],
                                                    strict=True))]],
        "codes": [["回答", answer], [f"{names} 9 その他"], ["その他の内容", words]],
        "in a row": [[*texts, "その他"], [*marks, words]],
    }[kind]  # fmt: skip


KINDS_OF_OTHER = [
    "in brackets", "behind a colon", "beside", "brackets apart", "below", "below, asked for",
    "boxes", "one cell", "codes", "in a row",
]  # fmt: skip


def others(folder, kind, answers):
    """Cleaned forms of which each says options and words of two questions with "other"."""
    (folder / "r").mkdir()
    for name, (uses, why, reason, because) in zip(WHO, answers, strict=False):
        rows = [
            ["団体名", name],
            ["問1 業務"],
            *rows_of_other(kind, USES, "4", uses, why),
            ["問2 理由"],
            *rows_of_other(kind, ["人手", "財源"], "3", {reason}, because),
        ]
        commented(folder / "r" / f"{name}.xlsx", rows, {})
    result = cleaned(folder, OTHER)
    return result


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("kind", KINDS_OF_OTHER)
def test_the_words_beside_other_are_an_answer_of_their_own(tmp_path, kind, n):
    first = ({1, 9}, "広報", 9, "制度の変更")
    result = others(tmp_path, kind, [first, *[({2}, "", 1, "")] * (n - 1)])
    answers = by_name(result.responses, result)
    one = answers.loc[WHO[0]]
    assert [bool(one[f"Q1_{k}"]) for k in (1, 2, 3, 9)] == [True, False, False, True]
    assert one[["Q1_other", "Q2", "Q2_other"]].tolist() == ["広報", 9, "制度の変更"]
    for other in WHO[1:n]:
        assert answers.loc[other, ["Q1_2", "Q1_9", "Q2"]].tolist() == [True, False, 1]
        assert answers.loc[other, ["Q1_other", "Q2_other"]].isna().all()
        assert {*by_name(result.status, result).loc[other, ["Q1_other", "Q2_other"]]} == {
            "not_applicable"}  # fmt: skip
    assert not {"doubtful", "refused"} & {*result.findings["severity"]}


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("kind", [kind for kind in KINDS_OF_OTHER if kind != "one cell"])
def test_words_beside_other_where_another_option_is_chosen_are_told(tmp_path, kind, n):
    """They may be the office's, or printed; "other" is not taken for chosen."""
    first = ({1}, "広報の改善", 1, "制度の変更")
    result = others(tmp_path, kind, [first, *[({2}, "", 1, "")] * (n - 1)])
    one = by_name(result.responses, result).loc[WHO[0]]
    assert one[["Q1_1", "Q1_9", "Q2"]].tolist() == [True, False, 1]
    for words in ("広報の改善", "制度の変更"):
        assert any(words in text for text in told(result)), words


def test_words_beside_other_alone_are_the_answer_where_the_copies_show_what_is_printed(tmp_path):
    first = (set(), "広報", None, "制度の変更")
    result = others(tmp_path, "in brackets", [first, *[({2}, "", 1, "")] * 3])
    one = by_name(result.responses, result).loc[WHO[0]]
    assert one[["Q1_9", "Q1_other", "Q2", "Q2_other"]].tolist() == [True, "広報", 9, "制度の変更"]
    assert (result.findings["rule"] == "other-words").sum() == 2


def test_what_all_copies_print_beside_other_is_no_answer(tmp_path):
    printed = "国の補助など"
    result = others(tmp_path, "in brackets", [({1, 9}, printed, 9, printed)] * 4)
    assert result.responses["Q1_9"].all() and (result.responses["Q2"] == 9).all()
    assert result.responses[["Q1_other", "Q2_other"]].isna().all(axis=None)


def test_items_with_their_options_in_one_cell_are_read(tmp_path):
    named = [[None, f"{item}\n1実施済 2予定 3未定", k] for k, item in enumerate(ITEMS, 1)]
    lines = [
        ["1", "導入状況", 1],
        ["2", "業務", "1、3"],
        ["3", "職員数", 12],
        ["4", "実施状況"],
        *named,
    ]
    assert said(received(tmp_path, lambda _: lines, 1)) == {WHO[0]: (1, {1, 3}, 12, (1, 2))}


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("sign", ["1", "Ｘ"])
def test_one_or_x_at_the_option_chosen_is_a_mark_and_no_code(tmp_path, sign, n):
    """In the column of the third option 1 is no code of the first."""

    def rows(a):
        matrix = [[item, *(mark(a[3][j] == k, sign) for k in (1, 2, 3))]
                  for j, item in enumerate(ITEMS)]  # fmt: skip
        third = 3 if a is SAID[0] else a[0]
        return [*down(Q1, STATES, {third}, sign), *down(Q2, USES, a[1], sign), [Q3, a[2]],
                [Q4], [None, *STAGES], *matrix]  # fmt: skip

    result = received(tmp_path, rows, n)
    expected = [(3, *SAID[0][1:]), *SAID[1:n]]
    assert said(result) == dict(zip(WHO[:n], expected, strict=True))


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("sign", ["×", "可", "○1"])
def test_a_sign_at_an_option_that_is_no_mark_is_asked_about(tmp_path, sign, n):
    """Also where all replies have it at one place, as print has."""

    def rows(a):
        matrix = [[ITEMS[0], None, sign, None], [ITEMS[1], None, None, sign]]
        return [*down(Q1, STATES, {3}, sign), *down(Q2, USES, a[1]), [Q3, a[2]],
                [Q4], [None, *STAGES], *matrix]  # fmt: skip

    status = received(tmp_path, rows, n).status
    assert {*status[["Q1", "Q4_0", "Q4_1"]].to_numpy().ravel()} == {"unreadable"}


SAYING = [("有", "無"), ("選択", "未選択"), ("選択", None), ("はい", "いいえ"), ("TRUE", "FALSE"),
          ("該当", None), ("選択済", "▼選択してください"), ("Yes", None)]  # fmt: skip


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize(("yes", "no"), SAYING)
def test_a_word_for_chosen_at_an_option_is_a_mark(tmp_path, yes, no, n):
    """At one of several options, too; 選択 beside an option is no head as 選択欄 is."""

    def at(texts, chosen):
        return [[t, mark(k in chosen, yes, no)] for k, t in enumerate(texts, 1)]

    def rows(a):
        matrix = [[item, *(mark(a[3][j] == k, yes, no) for k in (1, 2, 3))]
                  for j, item in enumerate(ITEMS)]  # fmt: skip
        return [[Q1], *at(STATES, {a[0]}), [Q2], *at(USES, a[1]), [Q3, a[2]],
                [Q4], [None, *STAGES], *matrix]  # fmt: skip

    result = received(tmp_path, rows, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    assert not {"refused", "doubtful"} & set(result.findings["severity"])


PLACEHOLDERS = ["選択してください", "▼選択", "--選択--", "-- Select --", "リストから選択して下さい"]


@pytest.mark.parametrize("words", PLACEHOLDERS)
def test_what_a_list_shows_before_anything_is_chosen_is_no_answer(tmp_path, words):
    form = received(tmp_path, lambda _: [
        [Q1, words], [Q2, words], [Q3, 12], [Q4], *([item, words] for item in ITEMS)
    ], 1)  # fmt: skip
    heads = ["団体名", Q1, Q2, Q3, *ITEMS]
    workbook(tmp_path / "t.xlsx", [heads, ["札幌市", words, words, 12, words, words]])
    about = wave(tmp_path, "t.xlsx", codebook="f")
    table = clean(read(about, BOOK, tmp_path), about, BOOK)
    for result in (form, table):
        status = result.status.drop(columns=["N", "Q3"]).iloc[0]
        assert {*status} == {"no_answer"}, status.to_dict()
        assert not {"refused", "doubtful"} & set(result.findings["severity"])


@pytest.mark.parametrize("n", [3, 1])
def test_a_mark_at_an_option_that_the_codebook_does_not_know_is_asked_about(tmp_path, n):
    def rows(a):
        return [[Q1], [None, "1．導入済み"], ["○", "2．本格運用"], [None, "3．検討中"],
                *down(Q2, USES, a[1]), [Q3, a[2]], *LAYOUTS[4]["codes"](a[3])]  # fmt: skip

    assert {*received(tmp_path, rows, n).status["Q1"]} == {"unreadable"}


def test_an_answer_written_over_an_example_is_asked_about(tmp_path):
    def rows(a):
        answers = [STATES[a[0] - 1], "、".join(map(str, a[1])), a[2], *a[3]]
        own = [[*line, answer] for line, answer in zip(EXAMPLES[1:], answers, strict=True)]
        if a is SAID[0]:
            own[2] = [Q3, 12, None]
        return [EXAMPLES[0], *own]

    result = received(tmp_path, rows, 3)
    assert result.status["Q3"].tolist() == ["unreadable", "answered", "answered"]
    assert told(result) == {"12"}


@pytest.mark.parametrize("n", [3, 1])
def test_questions_in_two_columns_side_by_side_are_read(tmp_path, n):
    """What stands left of an option is right of the one in the column before it."""

    def rows(a):
        left, right = [*down(Q1, STATES, {a[0]}), [Q3, a[2]]], down(Q2, USES, a[1])
        both = itertools.zip_longest(left, right, fillvalue=[])
        return [
            *([*one, None, None][:2] + other for one, other in both),
            *LAYOUTS[4]["codes"](a[3]),
        ]

    result = received(tmp_path, rows, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


def test_a_second_form_on_a_sheet_is_refused(tmp_path):
    """It was told line by line, as words that an office may have written."""
    second = [["団体名", WHO[1]], *usual()(SAID[1])]
    with pytest.raises(InputError, match=f"a second form begins here .{WHO[1]}"):
        received(tmp_path, lambda a: [*usual()(a), [], *second], 1)


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize(("head", "words"), [(Q2, "120人"), (Q2, "1か2")])
def test_what_looks_like_print_by_its_words_alone_is_told(tmp_path, head, words, n):
    """A number with its unit and two numbers are no words of the form."""

    def rows(a):
        own = [words] if a is SAID[0] else []
        return [[*row, None, None, *own] if row and row[0] == head else row for row in usual()(a)]

    result = received(tmp_path, rows, n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    assert words in told(result)


@pytest.mark.parametrize("sign", ["○", "はい"])
def test_a_code_at_the_label_and_a_mark_at_another_option_are_two_answers(tmp_path, sign):
    listed = [[f"{k} {t}", mark(k == 3, sign)] for k, t in enumerate(STATES, 1)]
    rows = [[Q1, 1], *listed, *down(Q2, USES, {1}), [Q3, 12], *LAYOUTS[4]["codes"]((1, 2))]
    result = received(tmp_path, lambda _: rows, 1)
    assert result.status["Q1"].tolist() == ["unreadable"]
    assert (result.findings.query("question == 'Q1'")["rule"] == "several").all()


def test_an_option_alone_beside_a_label_whose_options_have_boxes_is_told(tmp_path):
    layout = usual({1: lambda a: [[Q1, None, "検討中"], *boxes(Q1, STATES, {a})[1:]]})
    result = received(tmp_path, layout, 1)
    assert said(result) == {WHO[0]: SAID[0]}
    assert "検討中" in told(result)


def heads_of(folder, n, *head):
    """Cleaned forms, the first with rows that say who replied, the others with a name each."""
    (folder / "r").mkdir()
    for i, rows in enumerate([head, *([["団体名", name]] for name in WHO[2 : 1 + n])]):
        rows = [*rows, ["問1 職員数", 12 + i], ["問2 課題", f"課題{i}"]]
        commented(folder / "r" / f"{i}.xlsx", rows, {})
    result = cleaned(folder, SHORT)
    return result


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("head", [
    [["団体名", "札幌市", "函館市"]],
    [["団体名", "札幌市", "・", "函館市"]],
    [["団体名", "札幌市"], [None, "函館市"]],
    [["団体名"], ["札幌市"], ["函館市"]],
    [["団体名", "札幌市及び函館市"]],
    [["団体名：札幌市"], ["団体名：函館市"]],
    [["団体コード", "011002", "012025"]],
], ids=range(7))  # fmt: skip
def test_a_joint_reply_is_not_counted_as_one_of_its_municipalities(tmp_path, head, n):
    """It is asked whose it is, and both are named; the other replies are read."""
    result = heads_of(tmp_path, n, *head)
    assert result.responses["Q1"].tolist() == [13, 14][: n - 1]
    asked = result.findings.query("rule == 'who'")
    assert any("北海道札幌市、北海道函館市" in text for text in asked["ja"])


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("label", ["共同実施団体", "代表団体", "団体名2"])
def test_another_municipality_beside_a_label_of_its_own_is_asked_about(tmp_path, label, n):
    result = heads_of(tmp_path, n, ["団体名", "札幌市"], [label, "函館市"])
    assert "札幌市" in {*result.register["name"]}
    found = result.findings.query("rule == 'another'")
    assert found[["name", "raw", "severity"]].to_numpy().tolist() == [
        ["札幌市", "函館市", "doubtful"]
    ]


def looking(folder, look, rows_of, n, chosen):
    """Cleaned forms of which the first has cells (of `chosen` rows and columns) in a look."""
    (folder / "r").mkdir()
    for i, name in enumerate(WHO[:n]):
        book = xlsxwriter.Workbook(folder / "r" / f"{i}.xlsx")
        sheet, own = book.add_worksheet(), book.add_format(look)
        for row, cells in enumerate([["団体名", name], *rows_of(i)]):
            for column, cell in enumerate(cells):
                sheet.write(row, column, cell, own if i == 0 and (row, column) in chosen else None)
        book.close()
    result = cleaned(folder, BOOK)
    return result


def by_name(frame, result):
    return frame.join(result.register["name"]).set_index("name")


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize(("look", "chosen"), [
    ({"font_strikeout": True}, {(2, 1), (4, 1), (5, 1)}), ({"bg_color": "yellow"}, {(3, 1)}),
    ({"font_color": "red"}, {(3, 1)}),
])  # fmt: skip
def test_an_option_set_apart_by_its_look_alone_is_asked_about(tmp_path, look, chosen, n):
    """The others struck out, or the one in colour: it counted as no answer."""

    def rows(i):
        one = {2} if i else set()
        return [*down(Q1, STATES, one), *down(Q2, USES, {1}), [Q3, 12 + i],
                *LAYOUTS[4]["codes"]((1, 2))]  # fmt: skip

    result = looking(tmp_path, look, rows, n, chosen)
    status = by_name(result.status, result)["Q1"]
    assert status.to_dict() == {WHO[0]: "unreadable"} | dict.fromkeys(WHO[1:n], "answered")


def test_coloured_cells_of_a_matrix_and_options_of_several_are_asked_about(tmp_path):
    def rows(i):
        return [*down(Q1, STATES, {2}), *down(Q2, USES, {1} if i else set()), [Q3, 12 + i], [Q4],
                [None, *STAGES], [ITEMS[0], None, "○" if i else None], [ITEMS[1], "○"]]  # fmt: skip

    result = looking(tmp_path, {"bg_color": "yellow"}, rows, 3, {(7, 1), (9, 1), (13, 2)})
    status = by_name(result.status, result)
    empty = result.findings.query("cell == 'C14'").iloc[0]  # of the matrix: nothing is written
    assert "セルC14は色" in empty["ja"] and "「」" not in empty["ja"]
    assert {*status.loc[WHO[0], ["Q2_1", "Q2_2", "Q2_3", "Q4_0"]]} == {"unreadable"}
    assert {*status.loc[WHO[1:3]].to_numpy().ravel()} == {"answered"}


@pytest.mark.parametrize("n", [3, 1])
def test_yes_and_no_of_which_one_is_struck_out_in_their_cell_are_asked_about(tmp_path, n):
    """Also where all offices struck out the same."""
    (tmp_path / "r").mkdir()
    for name in WHO[:n]:
        book = xlsxwriter.Workbook(tmp_path / "r" / f"{name}.xlsx")
        sheet = book.add_worksheet()
        for row, cells in enumerate([["団体名", name], *([head] for head in HEADS)]):
            sheet.write_row(row, 0, cells)
        sheet.write_rich_string("B2", "有・", book.add_format({"font_strikeout": True}), "無", "　")
        book.close()
    assert {*cleaned(tmp_path, PLAN).status["Q1"]} == {"unreadable"}


@pytest.mark.parametrize("n", [3, 1])
def test_a_part_of_the_list_behind_a_label_and_an_empty_cell_in_a_colour_are_asked_about(
    tmp_path, n
):
    """One of the options in red and bold; a cell for the answer that was blackened."""
    (tmp_path / "r").mkdir()
    listed = "\n".join(f"{k}.{text}" for k, text in enumerate(STATES, 1))
    for i, name in enumerate(WHO[:n]):
        book = xlsxwriter.Workbook(tmp_path / "r" / f"{i}.xlsx")
        sheet, yellow = book.add_worksheet(), book.add_format({"bg_color": "#fff9e0"})
        red, black = (
            book.add_format(look) for look in ({"font_color": "red"}, {"bg_color": "black"})
        )
        rest = [[Q3, None if i == 0 else 12], *down(Q2, USES, {1}), *LAYOUTS[4]["codes"]((1, 2))]
        for row, cells in enumerate([["団体名", name], [f"{Q1}\n{listed}", None], *rest]):
            for column, cell in enumerate(cells):
                sheet.write(row, column, cell, yellow if column else None)
        if i:
            sheet.write("B2", 3, yellow)
        else:
            before, chosen, behind = f"{Q1}\n{listed}".partition("3.検討中")
            sheet.write_rich_string("A2", before, red, chosen, behind)
            sheet.write_blank("B3", None, black)
        book.close()
    result = cleaned(tmp_path, BOOK)
    first = result.findings[result.findings["name"] == WHO[0]]
    found = first[["cell", "rule"]].to_numpy().tolist()
    assert [one for one in found if "tick" not in one] == [
        ["A2", "unclear-place"],
        ["B3", "coloured"],
    ]
    assert by_name(result.status, result).loc[WHO[0], ["Q1", "Q3"]].tolist() == [
        "unreadable",
        "no_answer",
    ]
    assert not {"unclear-place", "coloured"} & {
        *result.findings.loc[result.findings["name"] != WHO[0], "rule"]
    }


def with_blank(folder, first, n, blank):
    """The first of `n` forms with other rows than the others have, and their blank form."""
    (folder / "r").mkdir()
    usual = [*down(Q1, STATES, {2}), *down(Q2, USES, {1}), *LAYOUTS[4]["items down"]((1, 2))]
    for i in range(n):
        workbook(folder / "r" / f"{i}.xlsx",
                 [["団体名", WHO[i]], *(usual if i else first), [Q3, 12]])  # fmt: skip
    if blank:
        empty = [[None if cell == "○" else cell for cell in row] for row in usual]
        workbook(folder / "blank.xlsx", [["団体名", None], *empty, [Q3, None]])
    return cleaned(folder, BOOK, blank="blank.xlsx" if blank else None)


def numbered_options(head, texts, signs):
    return [[head], *([signs.get(k), f"{k}．{t}"] for k, t in enumerate(texts, 1))]


def numbered_matrix(*lines):
    return [[Q4], [None, *STAGES],
            *([item, *(line.get(k) for k in (1, 2, 3))]
              for item, line in zip(ITEMS, lines, strict=True))]  # fmt: skip


ONE, TWO = down(Q1, STATES, {2}), down(Q2, USES, {1})
THREE = LAYOUTS[4]["items down"]((1, 2))
BY_NUMBER = {  # the first form; what is read of which questions, None where that is asked about
    "1 at the third": ([*numbered_options(Q1, STATES, {3: 1, 4: 2}), *TWO, *THREE], {"Q1": None}),
    "1 and 3": ([*numbered_options(Q1, STATES, {1: "1", 3: "3"}), *TWO, *THREE], {"Q1": None}),
    "every number": ([*numbered_options(Q1, STATES, {1: 1, 2: 2, 3: 3, 4: 4}), *TWO, *THREE],
                     {"Q1": None}),
    "own": ([*numbered_options(Q1, STATES, {3: 3}), *TWO, *THREE], {"Q1": 3}),
    "words of the third": ([*numbered_options(Q1, STATES, {3: STATES[2]}), *TWO, *THREE],
                           {"Q1": 3}),
    "words of another": ([*numbered_options(Q1, STATES, {1: STATES[1]}), *TWO, *THREE],
                         {"Q1": None}),
    "matrix": ([*ONE, *TWO, *numbered_matrix({3: 1}, {1: "3"})], {"Q4_0": None, "Q4_1": None}),
    "matrix, a row": ([*ONE, *TWO, *numbered_matrix({1: 1, 2: 2, 3: 3}, {2: 2})],
                      {"Q4_0": None, "Q4_1": 2}),
    "several": ([*ONE, *numbered_options(Q2, USES, {1: "1", 3: "3"}), *THREE],
                {"Q2_1": True, "Q2_2": False, "Q2_3": True}),
    "several, all": ([*ONE, *numbered_options(Q2, USES, {1: 1, 2: 2, 3: 3}), *THREE],
                     {"Q2_1": None, "Q2_3": None}),
}  # fmt: skip


@pytest.mark.parametrize(("n", "blank"), [(3, False), (3, True), (1, True)])
@pytest.mark.parametrize(("rows", "expected"), BY_NUMBER.values(), ids=BY_NUMBER)
def test_a_number_at_an_option_is_its_own_or_asked_about(tmp_path, rows, expected, n, blank):
    """1 in the row of the third was read as the first, and 1 and 3 at their options as print."""
    result = with_blank(tmp_path, rows, n, blank)
    status, answers = by_name(result.status, result), by_name(result.responses, result)
    for name, value in expected.items():
        state = status.at[WHO[0], name]
        lone = n == 1 and rows[0] == [Q1]  # 3 alone may be of something else
        assert state == ("answered" if value is not None else "unreadable") or lone, name
        assert state == "unreadable" or answers.at[WHO[0], name] == value, name
    assert {*status.loc[WHO[1:n]].to_numpy().ravel()} <= {"answered"}
    assert not {"unclear-place", "unmatched"} & {
        *result.findings.loc[result.findings["name"] != WHO[0], "rule"]
    }


WRITTEN = ["文書の作成、議事録", "議事録", "、".join(USES)]


@pytest.mark.parametrize(("n", "blank"), [(3, False), (3, True), (1, True)])
@pytest.mark.parametrize("words", WRITTEN)
@pytest.mark.parametrize("place", ["beside", "below", "below, amid marks"])
def test_options_written_beside_or_below_their_list_are_read_or_asked_about(
    tmp_path, place, words, n, blank
):
    """They counted as print, since they are words of the codebook, and the question as unanswered.

    One beside the question was taken for the option itself, so that a mark at this was lost.
    """
    marked = {1: "○"} if place == "below, amid marks" else {}
    rows = numbered_options(Q2, USES, marked)
    rows = [[Q2, words], *rows[1:]] if place == "beside" else [*rows, [None, words]]
    result = with_blank(tmp_path, [*ONE, *rows, *THREE], n, blank)
    answers = by_name(result.responses, result).loc[WHO[0], ["Q2_1", "Q2_2", "Q2_3"]].tolist()
    rule = result.findings.query("raw == @words")["rule"].tolist()
    chosen = [text in words for text in USES]
    read = n == 1 and place == "beside" and not pd.isna(answers).any() and answers == chosen
    assert read or rule == ["unmatched" if marked else "unclear-place"]
    assert marked or read or pd.isna(answers).all()


@pytest.mark.parametrize("rows", [
    [[Q1], ["2", "1．導入済み"], *([None, f"{k}．{t}"] for k, t in enumerate(STATES, 1) if k > 1)],
    [[Q1], ["1．導入済み", "2"], *([f"{k}．{t}"] for k, t in enumerate(STATES, 1) if k > 1)],
    [[Q1], STATES, ["2"]],
    numbered_options(Q1, STATES, {1: "1", 3: "3"}),
    numbered_options(Q1, STATES, {3: STATES[0]}),
])  # fmt: skip
def test_numbers_at_options_of_a_lone_form_are_asked_about_unless_printed(tmp_path, rows):
    """2 in the row of the first was read as the second; an office had meant a tick or the code."""
    assert with_blank(tmp_path, [*rows, *TWO, *THREE], 1, blank=False).status["Q1"].tolist() == [
        "unreadable"
    ]


@pytest.mark.parametrize("n", [3, 1])
def test_printed_numbers_at_options_are_no_answers_also_where_none_is_circled(tmp_path, n):
    """The last of the numbers in the row of an item was read as its answer."""
    printed = [*numbered_options(Q1, STATES, {k: k for k in range(1, 5)}),
               *numbered_options(Q2, USES, {k: k for k in range(1, 4)}),
               *numbered_matrix({1: 1, 2: 2, 3: 3}, {1: 1, 2: 2, 3: 3})]  # fmt: skip
    result = received(tmp_path, lambda _: [*printed, [Q3, 12]], n)
    assert {*result.status.drop(columns=["N", "Q3"]).to_numpy().ravel()} == {"no_answer"}
    assert not {"refused", "doubtful"} & set(result.findings["severity"])


def test_a_lone_form_that_leaves_out_a_question_of_several_options_is_read(tmp_path):
    """What stands two cells from the last option is the answer to the next question."""
    items = [[Q4, "1 実施済　2 予定　3 未定"], *([item, k] for k, item in enumerate(ITEMS, 1))]
    rows = [*down(Q1, STATES, {2}), *down(Q2, USES, set()), *items, [Q3, 12]]
    result = received(tmp_path, lambda _: rows, 1)
    assert result.responses[["Q3", "Q4_0", "Q4_1"]].to_numpy().tolist() == [[12, 1, 2]]
    assert result.status["Q2_3"].tolist() == ["no_answer"]


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("whole", [True, False])
def test_an_answer_that_is_struck_out_is_no_value(tmp_path, whole, n):
    """Of 5 struck out and 3 beside it in one cell 53 was read, and nothing said."""
    (tmp_path / "r").mkdir()
    for name in WHO[:n]:
        book = xlsxwriter.Workbook(tmp_path / "r" / f"{name}.xlsx")
        sheet, gone = book.add_worksheet(), book.add_format({"font_strikeout": True})
        for row, cells in enumerate([["団体名", name], [Q1, 1], [Q2, 1], [Q3, 12]]):
            sheet.write_row(row, 0, cells)
        if name == WHO[0] and whole:
            sheet.write(3, 1, 12, gone)
        elif name == WHO[0]:
            sheet.write_rich_string("B4", gone, "5", "3")
        sheet.write_row(4, 0, [Q4])
        for row, item in enumerate(ITEMS, 5):
            sheet.write_row(row, 0, [item, 1])
        book.close()
    result = cleaned(tmp_path, BOOK)
    assert by_name(result.status, result).at[WHO[0], "Q3"] == "unreadable"
    assert result.responses["Q3"].dropna().tolist() == [12] * (n - 1)
    told = result.findings.query("rule == 'struck'")
    assert told[["cell", "raw"]].to_numpy().tolist() == [["B4", "12" if whole else "53"]]


def test_an_answer_of_a_table_that_is_struck_out_is_no_value(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "t.xlsx")
    sheet, gone = book.add_worksheet(), book.add_format({"font_strikeout": True})
    rows = [
        ["団体名", Q1, Q2, *ITEMS, Q3],
        *([name, 1, 1, *[1] * len(ITEMS), 12] for name in WHO[:3]),
    ]
    for row, cells in enumerate(rows):
        sheet.write_row(row, 0, cells)
    sheet.write_rich_string(1, len(rows[0]) - 1, gone, "5", "3")
    book.close()
    result = cleaned(tmp_path, BOOK, "t.xlsx", layout="rows")
    assert result.responses["Q3"].dropna().tolist() == [12, 12]
    assert result.findings.query("rule == 'struck'")["raw"].tolist() == ["53"]


def part_edited(content, part, edit):
    """A workbook of which one part is edited, or added."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = edit(parts.get(part, b""))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def drawing_on(folder, n, draw, edit=None):
    """Cleaned forms without an answer to Q3 in a cell, of which `draw` and `edit` make another."""
    (folder / "r").mkdir()
    for i, name in enumerate(WHO[:n]):
        file = folder / "r" / f"{name}.xlsx"
        book = xlsxwriter.Workbook(file)
        sheet = book.add_worksheet()
        rows = [["団体名", name], [Q1, 1], [Q2, 1], [Q3], [Q4], *([item, 1] for item in ITEMS)]
        for row, cells in enumerate(rows):
            sheet.write_row(row, 0, cells)
        draw(sheet, i)
        book.close()
        if edit:
            file.write_bytes(edit(file.read_bytes(), i))
    return cleaned(folder, BOOK)


@pytest.mark.parametrize("n", [4, 1])
def test_words_in_a_text_box_are_told(tmp_path, n):
    """The box of the form itself, which all have, is not."""

    def draw(sheet, i):
        sheet.insert_textbox("B4", f"{i + 12}人")
        if n > 1:
            sheet.insert_textbox("D1", "記入要領を御覧ください。")

    told = drawing_on(tmp_path, n, draw).findings.query("rule == 'words-drawn'")
    assert sorted(told["raw"]) == [f"{i + 12}人" for i in range(n)]
    assert {*told["cell"]} == {"B4"}


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("inside", [False, True])
def test_a_ring_is_told_also_within_what_only_new_programs_draw(tmp_path, inside, n):
    """Where all drew it in one cell, around another word of it, it is told as well."""

    def edit(content, i):
        def ring(xml):
            xml = xml.replace(b'prst="rect"', b'prst="ellipse"').replace(b"x</a:t>", b"</a:t>")
            xml = xml.replace(b"<xdr:colOff>0<", b"<xdr:colOff>%d<" % i, 1)
            anchor = xml[xml.index(b"<xdr:twoCell") : xml.index(b"</xdr:wsDr>")]
            of_new = b'<m:AlternateContent xmlns:m="m"><m:Choice>' + anchor
            of_new += b"</m:Choice></m:AlternateContent>"
            return xml.replace(anchor, of_new) if inside else xml

        return part_edited(content, "xl/drawings/drawing1.xml", ring)

    found = drawing_on(tmp_path, n, lambda sheet, _: sheet.insert_textbox("B4", "x"), edit)
    assert found.findings.query("rule == 'drawn'")["raw"].tolist() == ["B4"] * n


CONTROL = (
    b'<m:AlternateContent xmlns:m="m"><m:Choice><controls><control r:id="rId7" name="c"><controlPr>'
    b"<anchor><from><d:col>1</d:col><d:row>%d</d:row></from><to><d:col>2</d:col><d:row>9</d:row>"
    b"</to></anchor></controlPr></control></controls></m:Choice></m:AlternateContent></worksheet>"
)


@pytest.mark.parametrize("state", [b'checked="Checked"', b'sel="2"', b'sel="0"', b""])
def test_a_control_that_is_set_is_told(tmp_path, state):
    """A box of the toolbar for forms that is ticked, or a list with a choice."""

    def edit(content, i):
        link = b'<Relationship Id="rId7" Type="t" Target="../c.xml"/></Relationships>'
        control = (CONTROL % (3 + i)).replace(b"<d:", b"<xdr:").replace(b"</d:", b"</xdr:")
        control = control.replace(b"<controls>", b'<controls xmlns:xdr="x">')
        sheet, rels = "xl/worksheets/sheet1.xml", "xl/worksheets/_rels/sheet1.xml.rels"
        content = part_edited(content, sheet, lambda xml: xml.replace(b"</worksheet>", control))
        content = part_edited(content, rels, lambda xml: xml.replace(b"</Relationships>", link))
        return part_edited(content, "xl/c.xml", lambda _: b"<formControlPr " + state + b"/>")

    found = drawing_on(tmp_path, 3, lambda sheet, _: sheet.insert_textbox("D1", "x"), edit)
    told = sorted(found.findings.query("rule == 'control'")["raw"])
    assert told == (["B4", "B5", "B6"] if state not in {b'sel="0"', b""} else [])


@pytest.mark.parametrize("n", [4, 2])
def test_one_option_below_its_question_in_a_row_of_questions_is_the_answer(tmp_path, n):
    """With the answers of other questions beside it, it was taken for a label: no answer."""
    turn = iter(USES * 2)

    def rows(said):
        return [[Q1, Q2, Q3, *ITEMS], [1, next(turn), 12, *[1] * len(ITEMS)]]

    result = received(tmp_path, rows, n)
    several = [name for name in result.responses if name.startswith("Q2_")]
    assert result.responses[several].sum(axis=1).tolist() == [1] * n


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("now", ["今回", "今回の回答", "今年度"])
def test_what_was_answered_before_is_not_taken_for_the_answer(tmp_path, now, n):
    """The number of the last survey beside the one of this was read."""
    before = iter(range(40, 50))

    def rows(said):
        return [[None, "前回", now], [Q3, next(before), 12], [], *down(Q1, STATES, {2}),
                *down(Q2, USES, {1}), *LAYOUTS[4]["codes"]((1, 2))]  # fmt: skip

    assert received(tmp_path, rows, n).responses["Q3"].tolist() == [12] * n


def test_a_label_with_thousands_of_brackets_behind_it_is_no_hang(tmp_path):
    """Each of them could begin the answer, and what is before it was read again for each."""
    result = received(tmp_path, lambda said: [[Q3 + " " + "(あ" * 16_000, 12], *usual()(said)], 1)
    assert len(result.responses) == 1


OFFERED = {  # of several options those with a number: how a form may print them
    "cells": lambda a, texts: [[Q2], *([mark(k in a, "☑ ", "☐ ") + t] for k, t in texts.items())],
    "full width": lambda a, texts: [
        [Q2, *(mark(k in a, "■　", "□　") + t for k, t in texts.items())]],
    "numbers": lambda a, texts: [
        [Q2], *([f"{mark(k in a, '（○）', '（　）')} {k}. {t}"] for k, t in texts.items())],
    "rings": lambda a, texts: [
        [Q2], *([f"{mark(k in a, '○', '')}{k}．{t}"] for k, t in texts.items())],
    "one cell": lambda a, texts: [
        [Q2, " ".join(mark(k in a, "☑", "□") + t for k, t in texts.items())]],
    "lines": lambda a, texts: [
        [Q2], ["\n".join(mark(k in a, "■", "□") + t for k, t in texts.items())]],
    "label": lambda a, texts: [
        ["\n".join([Q2, *(mark(k in a, "☑", "□") + t for k, t in texts.items())])]],
    "beside": lambda a, texts: [[Q2], *([mark(k in a, "☑", "□"), t] for k, t in texts.items())],
    "behind": lambda a, texts: [[Q2], *([t, mark(k in a)] for k, t in texts.items())],
    "behind a box": lambda a, texts: [
        [Q2], *([f"□{t}{mark(k in a, ' ○', '')}"] for k, t in texts.items())],
}  # fmt: skip


@pytest.mark.parametrize("n", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("layout", OFFERED.values(), ids=OFFERED)
def test_an_option_that_a_form_lacks_is_not_taken_for_not_chosen(tmp_path, layout, n):
    """The way out that the error offers is one: the form's own words, or leaving it out."""
    every = dict(enumerate(USES, 1))

    def rows(texts):
        return usual({2: lambda chosen: layout(chosen, texts)})

    result = received(tmp_path, rows(every), n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))
    lacking = {1: USES[0], 2: USES[1]}
    with pytest.raises(
        InputError, match=r"no option Q2_3「議事録」.*header: {Q2_3: \[its words\]}"
    ):
        received(tmp_path, rows(lacking), n)
    left_out = cleaned(tmp_path, BOOK, header={"Q2": []})
    assert (left_out.status[["Q2_1", "Q2_2", "Q2_3"]] == "not_surveyed").all(axis=None)
    assert left_out.responses["Q1"].tolist() == [a for a, *_ in SAID[:n]]
    with pytest.raises(InputError, match="no option Q2_3"):
        cleaned(tmp_path, BOOK, header={"Q2_3": []})
    with contextlib.suppress(InputError):  # in one cell it cannot be read, and that is told
        unknown = received(tmp_path, rows(every | {3: "会議の記録"}), n)
        assert unknown.responses["Q2_3"].isna().all()
    result = cleaned(tmp_path, BOOK, header={"Q2_3": ["会議の記録"]})
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


@pytest.mark.parametrize("n", [4, 1])
@pytest.mark.parametrize("layout", ["cells", "list", "label"])
def test_options_in_another_order_are_read_by_the_numbers_of_the_form(tmp_path, layout, n):
    """Answered by these numbers: they were taken for the codes, since they are the same ones."""

    def asked(head, texts, chosen):
        turned = texts[::-1]
        printed = [f"{i}．{text}" for i, text in enumerate(turned, 1)]
        said = "、".join(str(turned.index(texts[k - 1]) + 1) for k in sorted(chosen))
        if layout == "label":
            return [[f"{head}（{'　'.join(printed)}）", said]]
        listed = [[text] for text in printed] if layout == "cells" else [["　".join(printed)]]
        return [[head], *listed, ["回答", said]]

    changed = {1: lambda a: asked(Q1, STATES, {a}), 2: lambda a: asked(Q2, USES, a)}
    changed[4] = lambda a: [
        [Q4], ["1 未定　2 予定　3 実施済"], *([item, 4 - a[j]] for j, item in enumerate(ITEMS))
    ]  # fmt: skip
    result = received(tmp_path, usual(changed), n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


LISTS = {  # a printed list and, elsewhere, the numbers that were chosen
    "cells": lambda printed, chosen: [[Q2], *([text] for text in printed), ["回答", chosen]],
    "above": lambda printed, chosen: [[Q2, chosen], ["　".join(printed)]],
    "before": lambda printed, chosen: [[Q2, " ".join(printed), chosen]],
    "two lines": lambda printed, chosen: [
        [Q2], [" ".join(printed[:2])], [" ".join(printed[2:])], ["回答", chosen]],
    "label": lambda printed, chosen: [[f"{Q2}（{'　'.join(printed)}）", chosen]],
    "label, circled": lambda printed, chosen: [
        [f"{Q2} {' '.join(chr(0x245F + int(text[0])) + text[2:] for text in printed)}", chosen]],
    "label, the last without": lambda printed, chosen: [
        [f"{Q2}（{'　'.join([*printed[:-1], printed[-1][2:]])}）", chosen]],
    "label, in lines": lambda printed, chosen: [["\n".join([Q2, *printed])], ["回答", chosen]],
}  # fmt: skip


@pytest.mark.parametrize("n", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("layout", LISTS.values(), ids=LISTS)
def test_a_list_of_options_beside_the_answer_that_lacks_one_is_refused(tmp_path, layout, n):
    """The answer may be a number of another; words that the codebook does not know are no lack."""

    def rows(texts):
        printed = [f"{k}．{text}" for k, text in texts.items()]
        chosen = {2: lambda a: layout(printed, "、".join(str(k) for k in sorted(a) if k in texts))}
        return usual(chosen)

    every = dict(enumerate(USES, 1))
    expected = dict(zip(WHO[:n], SAID[:n], strict=True))
    assert said(received(tmp_path, rows(every), n)) == expected
    if layout is LISTS["label, the last without"]:
        return  # two with a number make it a list, to which one without belongs
    for lacking in (3, 2):
        with pytest.raises(InputError, match=f"no option Q2_{lacking}"):
            received(tmp_path, rows({k: t for k, t in every.items() if k != lacking}), n)
    if layout is LISTS["cells"] or layout(["1."], "")[0][0] != Q2:
        assert said(received(tmp_path, rows(every | {3: "会議の記録"}), n)) == expected
    assert cleaned(tmp_path, BOOK, header={"Q2": []}).status["Q2_1"].eq("not_surveyed").all()


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize("sign", ["☑", "■", "○"])
@pytest.mark.parametrize("layout", ["below", "in a row", "in the row below"])
def test_options_without_boxes_may_have_a_mark_typed_before_them(tmp_path, layout, sign, n):
    """Those without are offered and not chosen, not lacking."""

    def lists(chosen):
        options = [mark(k in chosen, sign, "") + text for k, text in enumerate(USES, 1)]
        rows = {"below": [[Q2], *([one] for one in options)], "in a row": [[Q2, *options]]}
        return rows.get(layout, [[Q2], options])

    result = received(tmp_path, usual({2: lists}), n)
    assert said(result) == dict(zip(WHO[:n], SAID[:n], strict=True))


def test_a_number_beside_another_option_than_its_own_is_no_answer_where_others_have_marks(tmp_path):
    """1 typed as a tick beside the third option, or in its column, was the first one."""
    signs = iter(["○", "○", 1])

    def rows(said):
        sign = next(signs)
        made = {1: lambda a: [[Q1], *([mark(k == 3, sign), f"{k}．{t}"]
                                      for k, t in enumerate(STATES, 1))],
                4: lambda a: [[Q4], [None, *STAGES]] + [
                    [item, None, None, sign] for item in ITEMS]}  # fmt: skip
        return usual(made)(said)

    result = received(tmp_path, rows, 3)
    asked = {*result.findings.query("severity == 'refused'")["question"]}
    for name in ("Q1", "Q4_0", "Q4_1"):
        answers = result.responses[name].astype("object").fillna(0).tolist()
        assert answers == [3, 3, 0] and name in asked, name
