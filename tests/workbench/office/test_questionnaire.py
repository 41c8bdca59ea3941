"""The form that is sent: what it takes, what an office sees, and that it is read back exactly."""

import datetime as dt
import io
import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font, PatternFill

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Invited, Wave
from analysis.errors import InputError
from analysis.intake.read import read
from workbench.cli import main
from workbench.office import new_wave, questionnaire

OPTIONS = [{"code": 1, "ja": "実施, 継続", "en": "running"},
           {"code": 2, "ja": "予定", "en": "planned"},
           {"code": 3, "ja": "不明", "en": "not known"}]  # fmt: skip
BOOK = {
    "id": "form", "title": {"ja": "小調査", "en": "Tiny survey"}, "version": "1",
    "missing": {"dont_know": {"ja": "不明", "en": "not known", "tokens": ["不明"]}},
    "sections": [{"id": "A", "ja": "取組み", "en": "Measures"}],
    "questions": [
        {"id": "Q1", "section": "A", "type": "single", "role": "cluster", "ja": "状況",
         "en": "State",
         "options": OPTIONS},
        {"id": "Q2", "section": "A", "type": "multi", "role": "cluster", "ja": "用途",
         "en": "Uses",
         "options": [*OPTIONS[:2], {"code": 9, "ja": "その他", "en": "other", "other": True}]},
        {"id": "Q3", "section": "A", "type": "battery", "role": "factor", "ja": "連携",
         "en": "With",
         "options": OPTIONS, "items": [{"id": "Q3_a", "ja": "国", "en": "state"},
                                       {"id": "Q3_b", "ja": "県", "en": "prefecture"}]},
        {"id": "Q4", "section": "A", "type": "integer", "role": "context", "ja": "職員数",
         "en": "Staff", "range": [0, 500], "unit": {"ja": "人", "en": "persons"}},
        {"id": "Q5", "section": "A", "type": "ratio", "role": "context", "ja": "割合",
         "en": "Share",
         "ask_if": "Q4 >= 1 and Q1 in [1, 2]"},
        {"id": "Q6", "section": "A", "type": "date", "role": "context",
         "ja": "改定日", "en": "Day",
         "ask_if": "any(Q2, [1, 2])"},
        {"id": "Q7", "section": "A", "type": "binary", "role": "outcome",
         "ja": "計画", "en": "Plan"},
        {"id": "Q8", "section": "A", "type": "text", "role": "describe",
         "ja": "意見", "en": "Views"},
    ],
}  # fmt: skip
LABEL = {option["code"]: option["ja"] for option in OPTIONS} | {3: "3 不明"}
WORDS = st.text(st.sampled_from("あ漢a1０-、 ○"), min_size=1, max_size=12).filter(
    lambda text: text.strip("-－ ") and text.strip() not in "○0123456789０"
)
CODE = st.none() | st.sampled_from([1, 2, 3])
ANSWERS = st.fixed_dictionaries({
    "Q1": CODE, "Q3_a": CODE, "Q3_b": CODE, "Q7": st.none() | st.booleans(),
    "Q2": st.sets(st.sampled_from([1, 2, 9])),
    "Q4": st.none() | st.integers(0, 500),
    "Q5": st.none() | st.integers(0, 10_000).map(lambda n: n / 100),
    "Q6": st.none() | st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    "Q8": st.none() | WORDS,
})  # fmt: skip


BOOK_READ = Codebook.parse(BOOK)


@cache
def sent():
    return questionnaire._FormToSend(BOOK_READ, "ja").workbook(
        Invited(code="012025", name="函館市")
    )


@pytest.fixture
def book():
    return BOOK_READ


@pytest.fixture
def form():
    return sent()


def kept_to(answers):
    """The answers of an office that leaves grey cells empty, as typed into the rows."""
    asked = {**answers}
    if not (asked["Q4"] or 0) >= 1 or asked["Q1"] not in (1, 2):
        asked["Q5"] = None
    if not asked["Q2"] & {1, 2}:
        asked["Q6"] = None
    typed = {
        "Q1": LABEL.get(asked["Q1"]),
        "Q3_a": LABEL.get(asked["Q3_a"]),
        "Q3_b": LABEL.get(asked["Q3_b"]),
        "Q7": {True: "はい", False: "いいえ"}.get(asked["Q7"]),
    }
    ticks = {f"Q2_{code}": "○" for code in asked["Q2"]}
    return asked, {**asked, **typed, "Q2": None, **ticks}  # fmt: skip


def fill(form, place, typed, change=lambda sheet: None):
    content = openpyxl.load_workbook(io.BytesIO(form))
    sheet = content["調査票"]
    change(sheet)
    for row in sheet.iter_rows(min_row=1):
        if typed.get(row[0].value) is not None:
            row[2].value = typed[row[0].value]
    content.save(place)


def cleaned(folder, book, **of_files):
    about = Wave.model_validate({
        "name": "w", "title": {"ja": "調査", "en": "Survey"}, "as_of": dt.date(2024, 4, 1),
        "publisher": {"ja": "研究会", "en": "Group"}, "codebook": "form", "data": "real",
        "files": [{"path": "replies", "layout": "form", **of_files}],
    })  # fmt: skip
    return clean(read(about, book, folder), about, book)


def check(result, asked):
    if not any(value not in (None, "") and value != set() for value in asked.values()):
        assert result.findings["rule"].tolist() == ["blank"] and result.responses.empty
        return
    assert result.findings.empty, result.findings[["cell", "rule", "raw"]]
    kept = {name: None if pd.isna(value) else value
            for name, value in result.responses.loc["012025"].items()}  # fmt: skip
    ticks = [kept.pop(f"Q2_{code}") for code in (1, 2, 9)]
    assert ticks == ([code in asked["Q2"] for code in (1, 2, 9)] if asked["Q2"] else [None] * 3)
    day, words = kept.pop("Q6"), asked["Q8"] and asked["Q8"].strip()
    assert (day and day.date()) == asked["Q6"]
    assert kept == {**{name: asked[name] for name in kept if name in asked}, "Q8": words,
                    "Q2_other": None}  # fmt: skip


@settings(
    max_examples=12, phases=[Phase.generate], deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(answers=ANSWERS)
def test_valid_answers_are_read_back_exactly(answers):
    asked, typed = kept_to(answers)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "replies").mkdir()
        fill(sent(), Path(folder) / "replies" / "a.xlsx", typed)
        check(cleaned(Path(folder), BOOK_READ), asked)


@pytest.fixture
def replies(tmp_path):
    (tmp_path / "replies").mkdir()
    return tmp_path / "replies"


FULL = {"Q1": 1, "Q2": {2, 9}, "Q3_a": 3, "Q3_b": None, "Q4": 12, "Q5": 0.5,
        "Q6": dt.date(2024, 2, 29), "Q7": False, "Q8": "001"}  # fmt: skip


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_a_form_saved_by_libreoffice_is_read_back_exactly(book, form, replies, tmp_path):
    asked, typed = kept_to(FULL)
    fill(form, tmp_path / "a.xlsx", typed)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", "xlsx", "--outdir", replies, tmp_path / "a.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    check(cleaned(tmp_path, book), asked)


def test_rows_that_an_office_put_in_do_no_harm_and_what_it_wrote_beside_is_told(
    book, form, replies, tmp_path
):
    def change(sheet):
        sheet.insert_rows(12)
        sheet["B12"], sheet["F20"] = "担当に確認中", "前年度の数"

    _, typed = kept_to(FULL)
    fill(form, replies / "a.xlsx", typed, change)
    result = cleaned(tmp_path, book)
    found = result.findings[["code", "cell", "rule", "raw"]].to_numpy().tolist()
    assert found == [["012025", "B12", "unmatched", "担当に確認中"],
                     ["012025", "F20", "unmatched", "前年度の数"]]  # fmt: skip
    assert result.responses.loc["012025", "Q4"] == 12


def _yellow(sheet, row):
    sheet[f"B{row['Q2_1']}"].fill = PatternFill("solid", "FFFF00")


def _red(sheet, row):
    sheet[f"B{row['Q2_2']}"].font = Font(bold=True, color="FF0000")


def _crossed_out(sheet, row):
    for name in ("Q2_1", "Q2_9"):
        sheet[f"B{row[name]}"].font = Font(strike=True)


def _part_in_red(sheet, row):
    cell = sheet[f"B{row['Q1']}"]
    head, _, rest = cell.value.partition("\n・")
    chosen, _, others = rest.partition("\n")
    font = InlineFont(b=True, color="FF0000", u="single")
    cell.value = CellRichText(f"{head}\n・", TextBlock(font, chosen), f"\n{others}")


def _part_crossed_out(sheet, row):
    cell = sheet[f"B{row['Q1']}"]
    begin, _, last = cell.value.rpartition("\n")
    cell.value = CellRichText(f"{begin}\n", TextBlock(InlineFont(strike=True), last))


def _black(sheet, row):
    sheet[f"C{row['Q1']}"].fill = PatternFill("solid", "000000")


@pytest.mark.parametrize(
    ("look", "question", "at", "rule"),
    [(_yellow, "Q2", "Q2_1", "unclear-place"), (_red, "Q2", "Q2_2", "unclear-place"),
     (_crossed_out, "Q2", "Q2_2", "unclear-place"), (_part_in_red, "Q1", "Q1", "unclear-place"),
     (_part_crossed_out, "Q1", "Q1", "unclear-place"), (_black, "Q1", "Q1", "coloured")],
)  # fmt: skip
def test_what_an_office_marked_by_its_look_alone_is_asked_about(
    book, form, replies, tmp_path, look, question, at, rule
):
    """And nothing where the mark says the same."""
    places = {}

    def change(sheet):
        places.update({row[0].value: row[0].row for row in sheet.iter_rows(min_row=1)})
        look(sheet, places)

    left_out = ("Q1",) if question == "Q1" else ("Q2_1", "Q2_2", "Q2_9")
    for name, answered in (("a.xlsx", False), ("b.xlsx", True)):
        _, typed = kept_to(FULL)
        typed |= dict.fromkeys(left_out) if question == "Q2" or not answered else {}
        typed |= {at: "○"} if question == "Q2" and answered else {}
        (replies / "a.xlsx").unlink(missing_ok=True)
        fill(form, replies / name, typed, change)
        result = cleaned(tmp_path, book)
        cell = f"{'C' if rule == 'coloured' else 'B'}{places[at]}"
        found = result.findings[["cell", "rule"]].to_numpy().tolist()
        assert found == ([] if answered else [[cell, rule]])
        asked = result.status[[c for c in result.status if c.startswith(question)]]
        assert (asked == "answered").any(axis=None) == answered
        (replies / name).unlink()


@pytest.mark.parametrize(("look", "at"), [(_red, "Q2_2"), (_yellow, "Q2_1"), (None, "Q2_1")])
def test_one_more_option_marked_by_its_look_alone_is_asked_about(
    book, form, replies, tmp_path, look, at
):
    """Beside options with a mark it was not chosen, without a word."""
    places = {}

    def change(sheet):
        places.update({row[0].value: row[0].row for row in sheet.iter_rows(min_row=1)})
        if look:
            look(sheet, places)
        else:
            sheet[f"C{places[at]}"].fill = PatternFill("solid", "FFFF00")

    _, typed = kept_to(FULL)
    typed |= dict.fromkeys(("Q2_1", "Q2_2", "Q2_9")) | {"Q2_2" if at == "Q2_1" else "Q2_1": "○"}
    fill(form, replies / "a.xlsx", typed, change)
    result = cleaned(tmp_path, book)
    assert [f"B{places[at]}", "unclear-place"] in result.findings[
        ["cell", "rule"]
    ].to_numpy().tolist()
    assert (result.status[["Q2_1", "Q2_2", "Q2_9"]] == "unreadable").all(axis=None)


def test_a_form_whose_sheet_has_another_name_is_read(book, form, replies, tmp_path):
    _, typed = kept_to(FULL)
    fill(form, replies / "a.xlsx", typed, lambda sheet: setattr(sheet, "title", "回答済"))
    assert cleaned(tmp_path, book).responses.loc["012025", "Q4"] == 12


def test_a_form_without_the_column_of_what_to_fill_in_is_read(book, form, replies, tmp_path):
    _, typed = kept_to(FULL)
    fill(form, replies / "a.xlsx", typed, lambda sheet: sheet.delete_cols(4))
    assert cleaned(tmp_path, book).responses.loc["012025", "Q4"] == 12


def test_a_form_without_a_row_or_of_another_codebook_is_refused(book, form, replies, tmp_path):
    fill(form, replies / "a.xlsx", {}, lambda sheet: sheet.delete_rows(14))
    with pytest.raises(InputError, match=r"a.xlsx.*0 rows of the form are marked Q"):
        cleaned(tmp_path, book)
    fill(form, replies / "a.xlsx", {})
    with pytest.raises(InputError, match="of the codebook form, not of other"):
        cleaned(tmp_path, Codebook.parse(BOOK | {"id": "other"}))


@pytest.mark.parametrize(
    ("was", "now"),
    [({"ja": "職員数"}, {"ja": "予算額"}), (OPTIONS[0], {"ja": "検討中"})],
    ids=["question", "option of several"],
)  # fmt: skip
def test_a_form_sent_before_its_codebook_asked_otherwise_is_refused(
    form, replies, tmp_path, was, now
):
    """An id or code that was given to something else would count the answer as one to that."""
    fill(form, replies / "a.xlsx", kept_to(FULL)[1])
    later = json.loads(json.dumps(BOOK))
    for one in (later["questions"][3], later["questions"][1]["options"][0]):
        if one["ja"] == was["ja"]:
            one.update(now)
    with pytest.raises(InputError, match=f'was "{was["ja"]}" when .* is "{now["ja"]}"') as refused:
        cleaned(tmp_path, Codebook.parse(later))
    same = yaml.safe_load(str(refused.value).rpartition("header: ")[2])  # as the error proposes
    result = cleaned(tmp_path, Codebook.parse(later), header=same)
    assert result.responses.loc["012025", ["Q4", "Q2_2"]].tolist() == [12, True]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_form_sent_before_the_unit_changed_is_refused(replies, tmp_path, language):
    """12 of a form in persons would count as 12 thousand."""
    was, now = (json.loads(json.dumps(BOOK)) for _ in range(2))
    for book, ja, en in ((was, "人", "persons"), (now, "千人", "thousand persons")):
        book["questions"][3]["unit"] = {"ja": ja, "en": en}
    asked = {"ja": "単位：人", "en": "unit: persons"}[language]
    one = Invited(code="012025", name="函館市")
    form = questionnaire._FormToSend(Codebook.parse(was), language).workbook(one)
    content = openpyxl.load_workbook(io.BytesIO(form))
    row = next(r for r in content.worksheets[0].iter_rows() if r[0].value == "Q4")
    row[2].value = 12
    content.save(replies / "a.xlsx")
    assert cleaned(tmp_path, Codebook.parse(was)).responses.loc["012025", "Q4"] == 12
    with pytest.raises(InputError, match=f'Q4 was "{asked}" when this form was sent'):
        cleaned(tmp_path, Codebook.parse(now))
    result = cleaned(tmp_path, Codebook.parse(now), header={"Q4": [asked]})
    assert result.responses.loc["012025", "Q4"] == 12


def test_an_option_that_a_form_offered_is_not_read_as_words_of_other(form, replies, tmp_path):
    """An option worded anew, or taken away, counted as "other" for those who chose it before."""
    was, now = (json.loads(json.dumps(BOOK)) for _ in range(2))
    for book in (was, now):
        book["questions"][0]["options"][-1]["other"] = True
    first = was["questions"][0]["options"][0]["ja"]
    now["questions"][0]["options"][0]["ja"] = "言い換えた選択肢"
    one = Invited(code="012025", name="函館市")
    sent = questionnaire._FormToSend(Codebook.parse(was), "ja").workbook(one)
    fill(sent, replies / "a.xlsx", {"Q1": first})
    with pytest.raises(InputError, match=f'Q1 offered "{first}" when this form was sent'):
        cleaned(tmp_path, Codebook.parse(now))
    now["questions"][0]["options"][0]["source"] = [first]  # as the error proposes
    assert cleaned(tmp_path, Codebook.parse(now)).responses.loc["012025", "Q1"] == 1


def test_a_form_sent_before_an_option_was_added_is_refused(form, replies, tmp_path):
    """Nobody could choose it there, so that nobody left it out."""
    fill(form, replies / "a.xlsx", kept_to(FULL)[1])
    later = json.loads(json.dumps(BOOK))
    later["questions"][1]["options"].append({"code": 5, "ja": "派遣", "en": "secondment"})
    with pytest.raises(InputError, match=r"a.xlsx.* does not offer Q2_5 \(派遣\)"):
        cleaned(tmp_path, Codebook.parse(later))


def test_a_sheet_that_an_office_added_to_a_form_is_told(book, form, replies, tmp_path):
    filled = kept_to(FULL)[1]
    fill(form, replies / "a.xlsx", filled,
         lambda sheet: sheet.parent.create_sheet("補足").append(["別紙のとおり"]))  # fmt: skip
    result = cleaned(tmp_path, book)
    assert result.responses.loc["012025", "Q4"] == 12
    assert "別紙のとおり" in set(result.findings["raw"])


def test_cells_take_what_the_question_allows_and_turn_grey_by_its_rule(form, tmp_path):
    (tmp_path / "a.xlsx").write_bytes(form)
    content = openpyxl.load_workbook(tmp_path / "a.xlsx")
    sheet = content["調査票"]
    rows = {row[0].value: row[0].row for row in sheet.iter_rows()}
    allowed = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert allowed[f"C{rows['Q1']}"].type == "list" and "不明" in sheet[f"B{rows['Q1']}"].value
    number = allowed[f"C{rows['Q4']}"]
    assert (number.type, float(number.formula1), float(number.formula2)) == ("whole", 0, 500)
    assert allowed[f"C{rows['Q6']}"].type == "date"
    grey = {str(area.sqref): rules[0].formula[0]
            for area, rules in sheet.conditional_formatting._cf_rules.items()}  # fmt: skip
    assert f"$C${rows['Q4']}>=1" in grey[f"C{rows['Q5']}"] and "予定" in grey[f"C{rows['Q5']}"]
    said = sheet[f"D{rows['Q5']}"].value
    assert "Q4が1以上、かつQ1が「実施, 継続」または「予定」" in said
    assert sheet["C14"].protection.locked is False and sheet.protection.sheet
    assert not sheet.merged_cells.ranges and content["workbench"].sheet_state == "hidden"
    assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)
    assert [sheet[f"C{rows[name]}"].value for name in ("団体コード", "団体名")] == [
        "012025",
        "函館市",
    ]


def test_a_form_for_each_of_a_register_of_ones_own(project):
    listed, answers = project / "who.csv", project / "r.csv"
    listed.write_text("id,name\n07,中央図書館\n08,西図書館\n", encoding="utf-8")
    answers.write_text("団体名,Q04\n中央図書館,3\n", encoding="utf-8")
    folder = project / "data" / "raw" / "own"
    folder.mkdir()
    for file in (listed, answers):
        shutil.copy(file, folder)
    (folder / "wave.yml").write_text(
        "{title: {ja: あ, en: a}, as_of: 2026-04-01, publisher: {ja: あ, en: a}, invited: all, "
        "codebook: it-staffing, data: invented, register: who.csv, files: [{path: r.csv}]}",
        encoding="utf-8",
    )
    for invited in (str(listed), "own"):
        questionnaire.write("it-staffing", project / "forms", invited=invited)
        made = sorted(f.name for f in (project / "forms").iterdir())
        assert made == ["07_中央図書館.xlsx", "08_西図書館.xlsx"]


def test_a_form_for_each_of_a_list_becomes_a_wave(project, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    listed = project / "list.csv"
    listed.write_text("団体コード,団体名\n012025,函館市\n282014,姫路市\n", encoding="utf-8")
    out = project / "forms"
    assert main(["questionnaire", "it-staffing", "--out", str(out), "--invited", str(listed)]) == 0
    assert "2 questionnaire(s) written" in capsys.readouterr().out
    form = openpyxl.load_workbook(out / "012025_函館市.xlsx").worksheets[0]
    assert form.title == "調査票"  # which Japan is sent, whatever the terminal speaks
    assert sorted(f.name for f in out.iterdir()) == ["012025_函館市.xlsx", "282014_姫路市.xlsx"]
    for file in out.iterdir():
        fill(file.read_bytes(), file, {"Q02": "中核市", "Q03": 250_000})
    assert "layout form, 2 replies" in new_wave.new_wave("back", [out], "it-staffing", "2019-04-01")
    assert main(["clean", "back"]) == 0
    assert "replies 2" in (said := capsys.readouterr().out) and "doubtful 0" in said


def test_forms_that_ask_otherwise_do_not_come_into_one_folder(project):
    """A second batch of the same questions does, for others or in the other language."""
    out, listed = project / "forms", project / "list.csv"

    def write(number, language="ja", id="form", **changed):
        file = project / "data" / "codebooks" / f"{id}.yml"
        changed["id"] = id
        file.write_text(yaml.safe_dump(BOOK | changed, allow_unicode=True), encoding="utf-8")
        code, name = (("012025", "函館市"), ("282014", "姫路市"), ("131016", "千代田区"))[number]
        listed.write_text(f"団体コード,団体名\n{code},{name}\n", "utf-8")
        questionnaire.write(id, out, language=language, invited=str(listed))

    for number, language in enumerate(("ja", "en")):
        write(number, language)
    (out / "letter.xlsx").write_bytes(b"no form, nor anything else that can be read")
    before = {path: path.read_bytes() for path in out.iterdir()}
    fewer = [question for question in BOOK["questions"] if question["id"] != "Q4"]
    longer = [{**question, "ja": question["ja"] + "等"} for question in BOOK["questions"]]
    for changed in ({"version": "2"}, {"questions": longer}, {"questions": fewer[:3]}):
        for language in ("ja", "en"):
            with pytest.raises(InputError, match=r"012025_函館市\.xlsx .* a form of"):
                write(2, language, **changed)
    with pytest.raises(InputError, match=r"函館市\.xlsx .* a form of form \(version 1\)"):
        write(0, id="other")  # nor over forms of another codebook
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    (out / "282014_姫路市.xlsx").unlink()
    write(0, version="2")  # what was not sent yet is written anew


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("団体コード,団体名\n999999,無い市\n", "A2.*999999 is no one municipality"),
        ("団体名\n府中市\n", "府中市 is no one municipality"),
        ("団体名\n姫路市\n姫路市\n", "姫路市 is there twice"),
        ("番号\n1\n", "no heading names municipalities"),
    ],
)
def test_a_list_that_leaves_open_who_is_asked_is_refused(project, text, said):
    (project / "list.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        questionnaire.write("it-staffing", project / "forms", invited=str(project / "list.csv"))


@pytest.mark.parametrize("n", [1, 2])
def test_a_form_that_lost_its_hidden_sheet_is_read_by_its_words(book, form, replies, tmp_path, n):
    asked, typed = kept_to(FULL)
    typed |= {"Q2_other": "広報"}
    for name in ("函館市", "札幌市")[:n]:
        fill(form, replies / f"{name}.xlsx", typed)
        content = openpyxl.load_workbook(replies / f"{name}.xlsx")
        del content["workbench"]
        for row in content.active.iter_rows():
            for cell in row:
                cell.value = name if cell.value == "函館市" else cell.value
        content.active["C9"] = None
        content.save(replies / f"{name}.xlsx")
    result = cleaned(tmp_path, book)
    assert len(result.responses) == n
    assert {*result.findings["severity"]} <= {"repaired"}
    kept = result.responses.loc["012025"]
    assert [kept[name] for name in ("Q1", "Q3_a", "Q4", "Q7", "Q8", "Q2_other")] == [
        1, 3, 12, False, "001", "広報"
    ]  # fmt: skip
    assert [bool(kept[f"Q2_{code}"]) for code in (1, 2, 9)] == [
        code in {2, 9} for code in (1, 2, 9)
    ]
    assert pd.isna(kept["Q3_b"]) and kept["Q6"].date() == asked["Q6"]


@pytest.mark.parametrize(("mark", "other"), [("Q4", "Q5"), ("Q3_a", "Q3_b")])
def test_a_number_beside_the_words_of_another_question_is_refused(
    book, form, replies, tmp_path, mark, other
):
    """An office copied the sheet out of its workbook and sorted all columns but the first."""
    fill(form, replies / "a.xlsx", kept_to(FULL)[1])
    content = openpyxl.load_workbook(replies / "a.xlsx")
    del content["workbench"]
    rows = {cell.value: cell.row for cell in content.active["A"]}
    for column in "BC":
        one, two = (content.active[f"{column}{rows[name]}"] for name in (mark, other))
        one.value, two.value = two.value, one.value
    content.save(replies / "a.xlsx")
    with pytest.raises(InputError, match=rf"A{rows[mark]}.*the number {mark} stands beside"):
        cleaned(tmp_path, book)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_an_empty_form_that_lost_its_hidden_sheet_has_no_answer_to_ask_about(
    replies, tmp_path, language
):
    large = Codebook.read("it-staffing")
    form = questionnaire._FormToSend(large, language).workbook(
        Invited(code="012025", name="函館市")
    )
    content = openpyxl.load_workbook(io.BytesIO(form))
    del content["workbench"]
    content.active["E12"] = "単位：千人"  # not in the words of the form
    content.save(replies / "a.xlsx")
    result = cleaned(tmp_path, large)
    told = result.findings[["cell", "rule", "raw"]].to_numpy().tolist()
    assert told == [["C11", "blank", "012025"], ["E12", "unsure", "単位：千人"]]
    assert result.responses.empty  # it is no reply
