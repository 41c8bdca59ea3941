"""What a heading means: by its number and its words, however a tool or an office writes them."""

import pytest

from analysis.codebook.model import Codebook
from analysis.intake.headings import Headings, is_personal

QUESTION = {"section": "A", "role": "context", "en": "x"}
OPTIONS = [{"code": 1, "ja": "研修", "en": "training"}, {"code": 2, "ja": "出向", "en": "posting"}]
BOOK = Codebook.parse({
    "id": "h", "title": {"ja": "調査", "en": "Survey"}, "version": "1",
    "sections": [{"id": "A", "ja": "甲", "en": "A"}],
    "questions": [
        QUESTION | {"id": "Q1", "type": "single", "ja": "導入状況", "options": OPTIONS},
        QUESTION | {"id": "Q2", "type": "multi", "ja": "取組み", "options": OPTIONS},
        QUESTION | {"id": "Q3", "type": "integer", "ja": "職員数", "unit": {"ja": "人", "en": "p"}},
        QUESTION | {"id": "Q4", "type": "battery", "ja": "実施状況", "options": OPTIONS, "items": [
            {"id": "Q4_0", "ja": "採用", "en": "hire"}, {"id": "Q4_1", "ja": "委託", "en": "lot"}]},
    ],
})  # fmt: skip
NAMED = Codebook.parse(
    BOOK.model_dump(mode="json")
    | {"questions": [QUESTION | {"id": "it_staff", "type": "integer", "ja": "職員の人数"}]}
)


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        *((heading, "Q1") for heading in (
            "【問1】導入状況", "[問1] 導入状況", "（問１）導入状況", "＜問1＞導入状況",
            "〔1〕導入状況", "問1 導入の状況", "1 導入状況", "① 導入状況", "導入状況（○は１つ）",
            "導入状況（1つ選択）",
        )),
        ("取組み（最大3つ）", "Q2"), ("職員数（人）", "Q3"), ("(3) 職員数（人）", "Q3"),
        ("【問4】(1) 委託", "Q4_1"), ("問4（1）採用", "Q4_0"),  # the words decide, not the number
        # a question below another one, or one of as many persons in another year, is another
        *((heading, None) for heading in (
            "問3 付問 その理由", "問3付問1", "問3-SQ1 その理由", "3年後の職員数", "職員数（最大）",
            "職員数（千円）", "2020職員数の増減",
        )),
    ],
)  # fmt: skip
def test_a_heading_is_read_by_what_it_asks(heading, target):
    meaning = Headings(BOOK).meaning(heading)
    assert (meaning and meaning.target) == target


@pytest.mark.parametrize("number", ["問3 ", "【問3】", "（3）", "＜設問3＞"])
def test_what_is_printed_behind_a_heading_is_no_answer_in_its_cell(number):
    assert Headings(BOOK).behind(f"{number}職員数（自由記述）", "Q3") == ""
    assert Headings(BOOK).behind(f"{number}職員数：120人", "Q3") == "120人"


@pytest.mark.parametrize("sign", [": ", "：", ". ", " - ", "（", " / "])
def test_an_id_before_the_text_of_a_tool_is_that_question(sign):
    meaning = Headings(NAMED).meaning(f"it_staff{sign}How many people work in IT?")
    assert meaning is not None and meaning.target == "it_staff"
    assert Headings(NAMED).meaning("it_staffing: how?") is None


def test_many_questions_are_not_each_held_against_each_heading(monkeypatch):
    """A table of 5,000 questions took minutes; most options are none of a question's words."""
    options = [{"code": 1, "ja": "実施", "en": "yes"}, {"code": 2, "ja": "未実施", "en": "no"}]
    about = {"section": "A", "type": "single", "role": "describe", "options": options}
    questions = [
        {"id": f"Q{i}", "ja": f"事業{i}の状況", "en": f"item {i}", **about} for i in range(200)
    ]
    section = {"id": "A", "ja": "甲", "en": "A"}
    head = {"id": "b", "title": {"ja": "題", "en": "title"}, "version": "1", "sections": [section]}
    headings, held, option = (
        Headings(Codebook.parse({**head, "questions": questions})),
        [],
        Headings.option,
    )

    def counted(self, question, text):
        held.append(text)
        return option(self, question, text)

    monkeypatch.setattr(Headings, "option", counted)
    assert not any(headings.of_one_choice(f"事業{i}の状況") for i in range(200))
    assert len(held) < 1000
    assert len(headings.of_one_choice("1 実施")) == 200


def test_names_of_persons_in_other_languages_are_personal():
    headings = ("Vorname", "Prénom :", "nom", "Apellidos", "Nom de la commune", "Telefone fixo?")
    assert [is_personal(text) for text in headings] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    "behind", ["", " 導入状況（その他の内容）", "．導入状況", ". Please specify"]
)
def test_the_words_beside_other_are_known_by_their_id(behind):
    """As our forms have it: the column was taken for one more of the question itself."""
    other = {"code": 9, "ja": "その他", "en": "other", "other": True}
    asked = QUESTION | {
        "id": "Q1",
        "type": "single",
        "ja": "導入状況",
        "options": [*OPTIONS, other],
    }
    book = Codebook.parse(BOOK.model_dump(mode="json") | {"questions": [asked]})
    meaning = Headings(book).meaning(f"Q1_other{behind}")
    assert meaning is not None and meaning.target == "Q1_other"
    meaning = Headings(BOOK).meaning("Q1_other 導入状況")
    assert meaning is None  # no option "other" in this codebook
