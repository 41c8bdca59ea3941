"""Site visits: what is worth asking, the record sheet there and back, the notes on cases."""

from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from notebook_run import run

from analysis import Survey, text
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.errors import InputError
from analysis.results import guide, record_sheet, visits
from analysis.show import NotAvailable

BOOKS = {name: Codebook.read(name) for name in ("it-staffing", "dx-dashboard")}
FIRST = 11  # row of topic 1 in the form


@pytest.mark.parametrize("book", BOOKS.values(), ids=list(BOOKS))
def test_topics_and_rules_name_questions_of_the_codebook(book):
    for topic in guide.guide().topics:
        assert all(id in book for id in topic.questions[book.id])
    for rule in guide.guide().contradictions[book.id]:
        read = Expression(rule.rule, truth=True)
        assert all(name in book or name in book.variables for name in read.names), rule.rule
        for name, codes in read.codes.items():
            assert codes <= {option.code for option in book[name].options}, rule.rule


@pytest.mark.parametrize(
    ("topic", "rule", "said"),
    [
        (1, "Q99 < 4", "Q99"),
        (77, "Q15 < 4", "no topic 77"),
        (1, "Q16 in [3 and", "cannot be read"),
    ],
)
def test_a_slip_in_the_topics_loses_no_question_in_silence(monkeypatch, topic, rule, said):
    wrong = guide.Contradiction(topic=topic, rule=rule, ja="あ", en="a")
    changed = guide.guide().model_copy(update={"contradictions": {"it-staffing": (wrong,)}})
    monkeypatch.setattr(guide, "guide", lambda: changed)
    with pytest.raises(InputError, match=f"topics.yml: .*{said}"):
        guide.contradictions(SimpleNamespace(codebook=BOOKS["it-staffing"]), "012025")


# --- what is worth asking: seven places, counted by hand ---------------------------------------

CODES = list("abcdefg")
RESPONSES = pd.DataFrame(
    {
        **{v: pd.array([pd.NA] * 7, "boolean") for v in BOOKS["dx-dashboard"].variables[:10]},
        "cio": pd.array([False, True, True, True, True, True, True], "boolean"),
        "cio_aide": pd.array([True, True, False, False, True, False, True], "boolean"),
        "online": pd.array([90.0, 40, 42, 44, 46, 48, 50], "Float64"),
        "online_childcare": pd.array([50.0, 45, 45, 45, 45, 45, 45], "Float64"),
    },
    index=pd.Index(CODES, name="code"),
)
STATUS = pd.DataFrame("answered", index=RESPONSES.index, columns=RESPONSES.columns)
for name in RESPONSES.columns[RESPONSES.isna().all()]:
    STATUS[name] = "not_surveyed"
ALL = {"all": np.ones(7, bool)}


class Answers(SimpleNamespace):
    """A survey made of two frames, in an edition that shows all of open data."""

    audience, language, wave = "committee", "en", SimpleNamespace(named=True)

    @property
    def unit_responses(self):
        return self.responses

    def say(self, sentence, **values):
        return text.say(sentence, "en", **values)


DASHBOARD = Answers(responses=RESPONSES, status=STATUS, codebook=BOOKS["dx-dashboard"])


def said(code="a", groups=ALL):
    found = guide.remarks(DASHBOARD, code, groups)
    return {(r.kind, r.question): r.text for r in found}


def test_answers_at_odds_missing_and_unusual_are_found():
    found = said()
    assert found["contradictory", "cio, cio_aide"].startswith("an aide without a CIO")
    assert ("contradictory", "online, online_childcare") in found  # 90 - 50 >= 30
    assert found["missing", "ai"] == "not surveyed"
    # none of the six others is without a CIO; three of them have an aide, which is not rare
    assert found["unusual", "cio"] == "“not done” (0 of the 6 others in all say so)"
    assert ("unusual", "cio_aide") not in found
    # the others' quartiles are 42.5 and 47.5, so 55 is the border
    assert found["unusual", "online"] == "90 percent (middle half of all: 42.5 to 47.5, n=6)"
    assert not [key for key in said("d") if key[0] == "contradictory" and "online" in key[1]]


def test_fewer_than_six_others_make_nothing_unusual():
    few = {"type": np.arange(7) < 6}
    assert not [key for key in said(groups=few) if key[0] == "unusual"]
    # the next group decides then
    assert ("unusual", "cio") in said(groups=few | ALL)


def test_multiple_answers_are_compared_option_by_option():
    book = BOOKS["it-staffing"]
    frame = pd.DataFrame(index=CODES)
    for question in book:
        for v in question.variables:
            frame[v] = pd.array([None] * 7, question.dtype if question.dtype != "str" else "object")
    status = pd.DataFrame("no_answer", index=CODES, columns=frame.columns)
    for v in book["Q32"].variables:
        status[v], frame[v] = "answered", pd.array([False] * 7, "boolean")
    frame["Q32_1"] = pd.array([False, True, True, True, True, True, True], "boolean")  # all six
    frame["Q32_3"] = pd.array([True, True, False, False, False, False, False], "boolean")  # 1 of 6
    frame["Q32_4"] = pd.array([True, False, False, False, False, False, False], "boolean")  # none
    survey = Answers(responses=frame, status=status, codebook=book)
    found = guide.remarks(survey, "a", ALL)
    unusual = [r for r in found if r.question == "Q32" and r.kind == "unusual"]
    assert [r.text for r in unusual] == [
        "does not name “CISO” (6 of the 6 others in all do)",
        "names “drills” (0 of the 6 others in all)",
    ]
    assert {r.rarity for r in unusual} == {1 / 7}  # shared with one of seven is no longer unusual


# --- the record sheet there and back -----------------------------------------------------------


def filled(path, cities, change):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(record_sheet.form(cities, {}, "note", "ja"))
    book = openpyxl.load_workbook(path)
    for sheet in book:
        change(sheet)
    book.save(path)


def test_a_filled_in_form_comes_back_as_it_was_written(tmp_path):
    def fill(sheet):
        sheet["C5"], sheet.cell(FIRST, 5).value = "2019-11-12", "=1+1 と言われた"
        sheet.cell(FIRST, 5).data_type = "s"
        sheet.cell(FIRST + 3, 5).value, sheet.cell(FIRST + 3, 8).value = "RPA 3業務", "不可"

    filled(tmp_path / "v" / "one.xlsx", {"990019": "青嶺市"}, fill)
    (visit,) = record_sheet.read_all(tmp_path / "v", ["990019"])
    assert (visit.code, visit.name, visit.date) == ("990019", "青嶺市", "2019-11-12")
    assert visit.notes["answer"].to_dict() == {
        1: "=1+1 と言われた", 4: "RPA 3業務",
        **dict.fromkeys((2, 3, 5, 6, 7, 8), ""),
    }  # fmt: skip
    assert visit.notes.loc[4, "publish"] == "no"


def test_the_form_holds_no_formula_whatever_a_name_or_answer_says(tmp_path):
    file = tmp_path / "form.xlsx"
    evil = '=HYPERLINK("http://x","y")'
    file.write_bytes(record_sheet.form({"990019": evil}, {("990019", 1): "@SUM(A1)"}, "n", "en"))
    (sheet,) = openpyxl.load_workbook(file).worksheets
    assert sheet["C4"].value == evil
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert sheet["C4"].quotePrefix and sheet.cell(FIRST, 4).quotePrefix


def test_a_sheet_left_blank_is_no_visit(tmp_path):
    filled(tmp_path / "v" / "two.xlsx", {"990019": "青嶺市", "990027": "白浪崎市"}, lambda s: None)
    assert record_sheet.read_all(tmp_path / "v", ["990019", "990027"]) == []


def put(row, column, value):
    def change(sheet):
        sheet.cell(FIRST, 5).value = "x"
        sheet.cell(row, column).value = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(3, 3, "990027"), "'990027' is not in this wave"),
        (put(FIRST, 1, 12), r"A11: there is no topic '12'.*1 to 8"),
        (put(FIRST, 8, "たぶん"), r"H11: whether it may be published cannot be 'たぶん'.*可, 不可"),
        (put(10, 5, "heading"), "no record sheet"),
    ],
)
def test_a_bad_form_is_one_clear_error(tmp_path, change, message):
    filled(tmp_path / "v" / "bad.xlsx", {"990019": "青嶺市"}, change)
    with pytest.raises(InputError, match=message) as caught:
        record_sheet.read_all(tmp_path / "v", ["990019"])
    assert "bad.xlsx" in str(caught.value)


def test_a_second_sheet_of_a_city_is_refused(tmp_path):
    for name in ("one", "two"):
        filled(tmp_path / "v" / f"{name}.xlsx", {"990019": "青嶺市"}, put(FIRST, 5, "x"))
    with pytest.raises(InputError, match=r"two\.xlsx.*second record sheet"):
        record_sheet.read_all(tmp_path / "v", ["990019"])


# --- what the notebook shows -------------------------------------------------------------------


NONE = NotAvailable("typology", "none")


def page(audience, tmp_path):
    given = {"typology": NONE}
    return run("05_site_visits", given=given, audience=audience, output=str(tmp_path))


def test_the_matrix_has_a_column_a_city_and_respects_what_may_be_published(tmp_path):
    internal = page("internal", tmp_path).tables["heard"].frame
    assert list(internal.columns) == ["論点", "青嶺市 2019-11-12", "月影浦町 2019-11-20"]
    assert len(internal) == 8 and internal.iloc[7, 1] == "採用区分を県内でそろえてほしい"
    committee = page("committee", tmp_path)
    assert committee.tables["heard"].frame.iloc[7, 1] == "（この版では非公開）"
    # nor has the committee's guide a sensitive answer
    questions = set(committee.tables["guide"].frame["設問"].str.partition(" ")[0])
    assert "Q12" not in questions and "Q13" in questions
    assert not {"Q12", "Q29"} & set(committee.names["remarks"]["question"])


def test_a_city_has_the_ten_most_unusual_of_its_answers(tmp_path):
    """More are found; none that is left out is rarer than one that is listed."""
    survey = Survey.load("demo-2019", language="en", output=tmp_path)
    chosen = visits.choose(survey, "", NONE)
    for code, kept in chosen.remarks.items():
        found = guide.remarks(survey, code, visits.groups(survey, code, NONE))
        rarity = sorted(r.rarity for r in found if r.kind == "unusual")
        listed = sorted(r.rarity for r in kept if r.kind == "unusual")
        assert listed == rarity[: len(listed)] and len(listed) == min(len(rarity), 10)
        assert all(r <= 0.15 for r in rarity)


def test_the_public_edition_has_neither_guide_nor_record_sheet(tmp_path):
    public = page("public", tmp_path)
    assert set(public.absent) == {"guide", "heard"} and public.names["remarks"].empty
    assert "公開版には載せない" in public.answer.text
    assert not (tmp_path / "tables" / "guide.xlsx").exists()


def test_invented_waves_send_nobody_to_a_real_city(tmp_path):
    chosen = visits.choose(Survey.load("demo-2019", output=tmp_path), "", NONE)
    assert all(code.startswith("99") for code in chosen.cities)
    names = [municipality.register().at[c, "name"] for c in guide.guide().visits["dx-dashboard"]]
    assert names == ["千葉市", "姫路市", "大津市"]


@pytest.mark.parametrize(
    ("asked", "said"), [("121002", "no municipality '121002'"), ("990167", "did not reply")]
)
def test_a_city_that_did_not_reply_is_refused(asked, said, tmp_path):
    survey = Survey.load("demo-2019", output=tmp_path)
    with pytest.raises(InputError, match=said):
        visits.choose(survey, asked, NotAvailable("typology", ""))


@pytest.mark.parametrize("given", [990027, "99002", "990027、緑陵ケ原市"])
def test_a_code_that_papermill_read_as_a_number_is_still_a_code(given, tmp_path):
    survey = Survey.load("demo-2019", output=tmp_path)
    chosen = visits.choose(survey, given, NotAvailable("typology", ""))
    assert list(chosen.cities) == ["990027", "990035"][: len(chosen.cities)]
    assert len(chosen.cities) == 1 + ("、" in str(given))


def test_a_number_gets_back_the_zero_that_a_code_begins_with(tmp_path):
    survey = Survey.load("demo-2019", output=tmp_path)
    with pytest.raises(InputError, match="no municipality '012025'"):
        visits.choose(survey, 12025, NotAvailable("typology", ""))


def test_case_notes_say_whose_and_from_where():
    found = {case.city: case for case in guide.cases()}
    assert set(found) == {"つくば市", "西予市"}
    for case in found.values():
        assert municipality.register().at[case.code, "name"] == case.city
        assert str(case.date) == "2019-10-03" and "議事概要" in case.source.ja
        assert case.body.ja and case.body.en
    assert "企画財務部長" in found["西予市"].body.ja


def test_a_case_note_without_its_header_is_refused(project):
    (project / "data" / "cases").mkdir()
    (project / "data" / "cases" / "x.md").write_text("## ja\n本文\n## en\ntext\n")
    with pytest.raises(InputError, match=r"x\.md: this is no case note"):
        guide.cases()
    # hidden files, which a Mac keeps beside others, are neither read nor hashed
    (project / "data" / "cases" / "x.md").rename(project / "data" / "cases" / "._x.md")
    assert guide.cases() == []


def test_a_fault_of_a_case_note_has_its_line(project):
    (project / "data" / "cases").mkdir()
    header = "---\ncity: 西予市\ncode: '382141'\ndate: 2019-10-03\nsource: 議事概要\n---\n"
    note = project / "data" / "cases" / "x.md"
    note.write_text(f"{header}## ja\n本文\n## en\ntext\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.md: line 5: .*source"):
        guide.cases()
