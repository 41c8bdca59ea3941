"""Forms answered by the look of cells, by deleting what was not chosen, and in other odd ways."""

import pytest
import xlsxwriter
from received import wave

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.intake.read import read

STATES, USES, STAGES = (
    ["導入済み", "検討中", "予定なし"],
    ["文書", "翻訳", "議事録"],
    ["実施済", "予定", "未定"],
)
WHO = ["札幌市", "函館市", "仙台市"]


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
                    "items": [{"id": "Q4_0", "ja": "職員研修", "en": "training"},
                              {"id": "Q4_1", "ja": "専門職採用", "en": "recruiting"}]},
    ],
})  # fmt: skip
LOOKS = {"yellow": {"bg_color": "yellow"}, "red": {"font_color": "red"},
         "struck": {"font_strikeout": True}, "grey": {"bg_color": "#bfbfbf"}}  # fmt: skip


def down(head, texts, marks=None, looks=None, mark_looks=None):
    """A question above its options, each with the cell of its mark before it."""
    marks, looks, mark_looks = marks or {}, looks or {}, mark_looks or {}
    return [[head], *([(marks.get(k), mark_looks.get(k)), (f"{k}．{text}", looks.get(k))]
                      for k, text in enumerate(texts, 1))]  # fmt: skip


ONE, SEVERAL = "問1 導入状況", "問2 業務"
MATRIX = [["問4 実施状況"], [None, *STAGES], ["職員研修", "○"], ["専門職採用", None, "○"]]
PARTS = {"Q1": down(ONE, STATES, {2: "○"}), "Q2": down(SEVERAL, USES, {1: "○"}),
         "Q3": [["問3 職員数", 12, "人"]], "Q4": MATRIX}  # fmt: skip


def save(path, name, parts, *, blank=False):
    book = xlsxwriter.Workbook(path)
    sheet, made = book.add_worksheet(), {name: book.add_format(how) for name, how in LOOKS.items()}
    for row, cells in enumerate(
        [["団体名", name], *(row for part in parts.values() for row in part)]
    ):
        for column, cell in enumerate(cells):
            text, look = cell if isinstance(cell, tuple) else (cell, None)
            text = None if blank and text in {"○", 12} else text
            sheet.write(row, column, text, made.get(look))
    book.close()


def first_of(folder, n, blank, **odd):
    """Statuses and answers of the first of `n` forms, and the rules of what is told of others."""
    (folder / "r").mkdir()
    save(folder / "r" / "0.xlsx", WHO[0], PARTS | odd)
    for i, name in enumerate(WHO[1:n], 1):
        save(folder / "r" / f"{i}.xlsx", name, PARTS)
    if blank:
        save(folder / "blank.xlsx", None, PARTS, blank=True)
    entry = {"path": "r", "layout": "form"} | ({"blank": "blank.xlsx"} if blank else {})
    about = wave(folder, entry, codebook="f")
    result = clean(read(about, BOOK, folder), about, BOOK)
    result.ledger.check()
    (unit,) = result.register.index[result.register["name"] == WHO[0]]
    others = result.findings.query("name != @WHO[0] and severity != 'repaired'")
    assert others.empty
    return result.status.loc[unit].to_dict(), result.responses.loc[unit].to_dict()


AGAINST = {
    "one more option in colour": ("Q1", down(ONE, STATES, {2: "○"}, {3: "yellow"})),
    "one more in red": ("Q1", down(ONE, STATES, {2: "○"}, {3: "red"})),
    "one more by the cell of its mark": ("Q1", down(ONE, STATES, {2: "○"}, {}, {3: "yellow"})),
    "the cell of a mark alone": ("Q1", down(ONE, STATES, {}, {}, {3: "yellow"})),
    "one more of several": ("Q2", down(SEVERAL, USES, {1: "○"}, {3: "yellow"})),
    "one more of several by its cell": ("Q2", down(SEVERAL, USES, {1: "○"}, {}, {3: "yellow"})),
    "marked and struck out": ("Q2", down(SEVERAL, USES, {1: "○", 3: "○"}, {3: "struck"})),
    "the unit struck out": ("Q3", [["問3 職員数", 12, ("人", "struck")]]),
    "the question struck out": ("Q3", [[("問3 職員数", "struck"), 12, "人"]]),
    "one more in a matrix": ("Q4_0", [*MATRIX[:2], ["職員研修", "○", (None, "yellow")], MATRIX[3]]),
}  # fmt: skip


@pytest.mark.parametrize(("n", "blank"), [(3, False), (1, True), (1, False)])
@pytest.mark.parametrize(("name", "rows"), AGAINST.values(), ids=AGAINST)
def test_what_the_look_of_cells_says_against_the_answer_is_asked_about(
    tmp_path, name, rows, n, blank
):
    """The look counted only where nothing was marked, so that one more mark by it was lost."""
    status, _ = first_of(tmp_path, n, blank, **{name[:2]: rows})
    doubted = {key for key, state in status.items() if state == "unreadable"}
    assert doubted == ({"Q2_1", "Q2_2", "Q2_3"} if name == "Q2" else {name})


WITH_IT = {
    "the chosen in colour, too": ("Q1", down(ONE, STATES, {2: "○"}, {2: "yellow"}), 2),
    "the others struck out": ("Q1", down(ONE, STATES, {2: "○"}, {1: "struck", 3: "struck"}), 2),
    "all cells of marks shaded":
        ("Q1", down(ONE, STATES, {2: "○"}, {}, dict.fromkeys((1, 2, 3), "grey")), 2),
    "a shaded row": ("Q4_0", [*MATRIX[:2], [("職員研修", "grey"), ("○", "grey"),
                                            *[(None, "grey")] * 2], MATRIX[3]], 1),
}  # fmt: skip


@pytest.mark.parametrize(("n", "blank"), [(3, False), (1, True), (1, False)])
@pytest.mark.parametrize(("name", "rows", "value"), WITH_IT.values(), ids=WITH_IT)
def test_looks_that_say_what_the_mark_says_ask_nothing(tmp_path, name, rows, value, n, blank):
    status, answers = first_of(tmp_path, n, blank, **{name[:2]: rows})
    assert {*status.values()} == {"answered"}
    assert answers[name] == value


@pytest.mark.parametrize(("n", "blank"), [(3, False), (1, True)])
def test_an_option_that_alone_was_not_deleted_is_asked_about(tmp_path, n, blank):
    """It is print, and so the question counted as unanswered."""
    left = [[ONE], [None], [None, f"2．{STATES[1]}"], [None]]
    status, _ = first_of(tmp_path, n, blank, Q1=left)
    assert status["Q1"] == "unreadable"


def line(marks):
    """The options of the second question in a row, with the cell of a mark before each."""
    cells = ((marks.get(k), f"{k}．{text}") for k, text in enumerate(USES, 1))
    return [[SEVERAL], [cell for pair in cells for cell in pair]]


@pytest.mark.parametrize("n", [3, 1])
@pytest.mark.parametrize(("marked", "usual", "asked"), [
    ({2: "○"}, {2: "○"}, True), ({2: "○", 3: "○"}, {3: "レ"}, True),
    ({1: "○", 3: "○"}, {2: "○"}, False),
])  # fmt: skip
def test_a_mark_between_two_of_several_options_is_that_of_one_where_the_copies_show_of_which(
    tmp_path, marked, usual, asked, n
):
    """It was that of the option before it, although it stood before its own."""
    (tmp_path / "r").mkdir()
    for i, name in enumerate(WHO[:n]):
        own = line(usual if i else marked)
        save(tmp_path / "r" / f"{i}.xlsx", name, PARTS | {"Q2": own})
    about = wave(tmp_path, {"path": "r", "layout": "form"}, codebook="f")
    result = clean(read(about, BOOK, tmp_path), about, BOOK)
    (unit,) = result.register.index[result.register["name"] == WHO[0]]
    names = [f"Q2_{k}" for k in (1, 2, 3)]
    assert (result.status.loc[unit, names] == "unreadable").all() == asked
    chosen = [k in marked for k in (1, 2, 3)]
    assert asked or result.responses.loc[unit, names].tolist() == chosen


@pytest.mark.parametrize(("n", "blank"), [(3, False), (1, True), (1, False)])
@pytest.mark.parametrize(("rows", "chosen"), [
    (down(SEVERAL, USES, {2: "0"}), None),  # typed for ○, or for no
    (down(SEVERAL, USES, {k: int(k == 2) for k in (1, 2, 3)}), {2}),
    (down(SEVERAL, USES, {1: USES[0], 3: USES[2]}), {1, 3}),
    ([[SEVERAL], [None, "1．文書"], [None, "[2．翻訳]"], [None, "3．議事録"]], None),
    ([[SEVERAL], [None, "1．文書"], ["○", "(2．翻訳)"], [None, "3．議事録"]], {2}),
    ([[SEVERAL], [None, "1．文書"], ["○", "2．翻訳"], [None, "（3．議事録）"]], None),
])  # fmt: skip
def test_options_marked_in_odd_ways_are_chosen_or_asked_about(tmp_path, rows, chosen, n, blank):
    """0 was no, words of an option beside it no answer, and so were brackets around it."""
    status, answers = first_of(tmp_path, n, blank, Q2=rows)
    names = [f"Q2_{k}" for k in (1, 2, 3)]
    if chosen is None:
        assert {status[name] for name in names} == {"unreadable"}
    else:
        assert [answers[name] for name in names] == [k in chosen for k in (1, 2, 3)]


@pytest.mark.parametrize("words", ["なし", "検討中です", "R6.4"])
def test_words_behind_a_label_where_others_have_the_number_are_asked_about(tmp_path, words):
    """They counted as print of the form, and the question as unanswered."""
    (tmp_path / "r").mkdir()
    for name, said in zip(WHO, [words, "13", "14"], strict=True):
        save(tmp_path / "r" / f"{name}.xlsx", name, PARTS | {"Q3": [[f"問3 職員数：{said}"]]})
    about = wave(tmp_path, {"path": "r", "layout": "form"}, codebook="f")
    result = clean(read(about, BOOK, tmp_path), about, BOOK)
    status = result.status["Q3"].groupby(result.register["name"]).first().to_dict()
    assert status == {WHO[0]: "unreadable"} | dict.fromkeys(WHO[1:], "answered")


def test_a_number_that_the_form_prints_is_no_answer_where_another_stands_behind_it(tmp_path):
    """9 of last year was the answer, and 12 of this year told to be of no question."""
    (tmp_path / "r").mkdir()
    for path, said in (("r/0.xlsx", "13"), ("blank.xlsx", None)):
        row = [["問3 職員数", "前年", 9, "今年", said]]
        save(tmp_path / path, said and WHO[0], PARTS | {"Q3": row}, blank=not said)
    entry = {"path": "r", "layout": "form", "blank": "blank.xlsx"}
    about = wave(tmp_path, entry, codebook="f")
    result = clean(read(about, BOOK, tmp_path), about, BOOK)
    assert result.status["Q3"].tolist() == ["unreadable"]


@pytest.mark.parametrize(("said", "value"), [("1→3", None), ("→3", 3), ("３", 3)])
def test_an_option_before_an_arrow_and_one_behind_it_are_asked_about(tmp_path, said, value):
    """1→3 was the third: what was, and what will be, or a correction."""
    row = [[ONE, "1．導入済み　2．検討中　3．予定なし", "回答", said]]
    status, answers = first_of(tmp_path, 1, blank=False, Q1=row)
    assert status["Q1"] == ("unreadable" if value is None else "answered")
    assert value is None or answers["Q1"] == value
