"""Cleaning a wave: every cell ends in one place, and whatever was not literal is a finding."""

import datetime as dt
import re
import string
import warnings

import openpyxl
import pandas as pd
import pytest
import received
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Color, PatternFill
from openpyxl.utils import get_column_letter
from project import prepare, put_yaml
from received import cleaned_wave as cleaned

from analysis.cleaning import clean
from analysis.cleaning.findings import RULES
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read
from analysis.intake.cells import addresses
from analysis.spreadsheet import to_csv
from workbench.cli import main

BOOK = {
    "id": "tiny",
    "title": {"ja": "小調査", "en": "Tiny survey"},
    "version": "1",
    "missing": {
        "no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["無回答"]},
        "not_applicable": {"ja": "非該当", "en": "not applicable", "tokens": ["非該当", "－"]},
        "dont_know": {"ja": "不明", "en": "does not know", "tokens": ["不明"]},
    },
    "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    "questions": [
        {"id": "CODE", "section": "A", "type": "text", "role": "id", "identity": "code",
         "ja": "団体コード", "en": "Code"},
        {"id": "NAME", "section": "A", "type": "text", "role": "id", "identity": "name",
         "ja": "団体名", "en": "Name"},
        {"id": "DAY", "section": "A", "type": "date", "role": "id", "identity": "received",
         "ja": "回答日", "en": "Date"},
        {"id": "ALL", "section": "A", "type": "integer", "role": "context",
         "ja": "職員数", "en": "Staff", "unit": {"ja": "人", "en": "persons"}},
        {"id": "IT", "section": "A", "type": "integer", "role": "cluster",
         "ja": "情報職員数", "en": "IT staff",
         "checks": [{"rule": "IT <= ALL", "ja": "内訳が合計を超えています",
                     "en": "the part exceeds the total"}]},
        {"id": "OUT", "section": "A", "type": "single", "role": "cluster",
         "ja": "外部人材の有無", "en": "Outside talent",
         "options": [{"code": 1, "ja": "いる", "en": "some"},
                     {"code": 2, "ja": "いない", "en": "none"}]},
        {"id": "HOW", "section": "A", "type": "multi", "role": "cluster", "ask_if": "OUT == 1",
         "ja": "外部人材の任用形態", "en": "Kind", "max_choices": 2,
         "options": [{"code": 1, "ja": "任期付", "en": "fixed term"},
                     {"code": 2, "ja": "委託", "en": "contract"},
                     {"code": 3, "ja": "派遣", "en": "secondment"},
                     {"code": 9, "ja": "未定", "en": "undecided", "exclusive": True}]},
    ],
}  # fmt: skip
HEAD = "団体コード,団体名,回答日,ALL,IT,OUT,HOW"
INVITED = [("990019", "架空市"), ("990027", "見本町"), ("990035", "例示ヶ原市")]


@pytest.fixture
def write(project):
    def write(lines, *, invited=INVITED, name="w", as_of="2019-04-01", data="invented", **files):
        put_yaml(project / "data" / "codebooks" / "tiny.yml", BOOK)
        folder = project / "data" / "raw" / name
        folder.mkdir(exist_ok=True)
        sheets = {"a.csv": lines, **{f"{k}.csv": v for k, v in files.items()}}
        for file, text in sheets.items():
            head = text if text and text[0].startswith("団体") else [HEAD, *text]
            (folder / file).write_text("\n".join(head) + "\n", "utf-8")
        about = {
            "title": {"ja": "調査", "en": "Survey"}, "publisher": {"ja": "会", "en": "Group"},
            "as_of": dt.date.fromisoformat(as_of), "codebook": "tiny", "data": data,
            "files": [{"path": file} for file in sheets],
        }  # fmt: skip
        if invited:
            about["invited"] = [{"code": c, "name": n} for c, n in invited]
        if "b.csv" in sheets:
            absent = {k: [] for k in ("OUT", "HOW") if k not in sheets["b.csv"][0]}
            about["files"][1]["header"] = absent
        put_yaml(folder / "wave.yml", about)
        return name

    return write


@pytest.fixture
def excel(write, project):
    """A wave whose replies stand in a workbook, which `change` may format."""

    def write_workbook(rows, change):
        write([])
        page = openpyxl.Workbook().active
        for row in (HEAD.split(","), *rows):
            page.append(row)
        change(page)
        folder = project / "data" / "raw" / "w"
        page.parent.save(folder / "a.xlsx")
        about = (folder / "wave.yml").read_text("utf-8").replace("a.csv", "a.xlsx")
        (folder / "wave.yml").write_text(about, "utf-8")
        return "w"

    return write_workbook


def found(result, *columns):
    return result.findings[list(columns)].to_numpy().tolist()


def test_missing_kinds_under_a_skip_rule(write):
    result = cleaned(
        write(
            [
                "990019,架空市,2019/8/1,100,5,1,",
                "990027,見本町,2019/8/1,50,2,2,",
                "990035,例示ヶ原市,2019/8/1,9,不明,,",
            ]
        )
    )
    assert result.status["HOW_1"].tolist() == ["no_answer", "not_applicable", "no_answer"]
    assert result.status["IT"].tolist() == ["answered", "answered", "dont_know"]
    assert result.status.loc["990035", "OUT"] == "no_answer"
    assert result.responses["HOW_1"].isna().all() and len(result.findings) == 0


def test_answers_to_questions_that_the_skip_rule_leaves_out(write):
    lines = ["990019,架空市,2019/8/1,100,5,2,任期付", "990027,見本町,2019/8/1,50,2,1,非該当"]
    result = cleaned(write([*lines, "990035,例示ヶ原市,2019/8/1,50,2,2,無回答"]))
    assert set(result.status["HOW_2"]) == {"not_applicable"}
    assert found(result, "cell", "rule", "raw") == [
        ["G2", "left-out", "任期付"], ["G3", "not-applicable", "非該当"],
    ]  # fmt: skip
    assert result.findings["severity"].eq("doubtful").all()


def test_a_question_behind_one_that_was_left_out_is_left_out(write, monkeypatch):
    rules = {"AFTER": "any(HOW, [2])", "EITHER": "any(HOW, [2]) or IT >= 9", "RATE": "IT / ALL > 1"}
    more = [{"id": id, "section": "A", "type": "integer", "role": "context",
             "ja": f"問{id}", "en": id, "ask_if": rule} for id, rule in rules.items()]  # fmt: skip
    monkeypatch.setitem(BOOK, "questions", [*BOOK["questions"], *more])
    rows = ["990019,架空市,,0,5,2,,,,", "990027,見本町,,9,,2,,3,,", "990035,例示ヶ原市,,9,2,1,,3,,"]
    result = cleaned(write([f"{HEAD},AFTER,EITHER,RATE", *rows]))
    out, empty = "not_applicable", "no_answer"
    assert result.status["AFTER"].tolist() == [out, out, "answered"]  # of the last, how is unknown
    assert result.status["EITHER"].tolist() == [out, empty, empty]  # nor is IT of the second
    assert result.status["RATE"].tolist() == [empty, empty, out]
    assert found(result, "cell", "rule") == [["E2", "check"], ["H3", "left-out"]]


def test_not_applicable_is_doubted_wherever_it_stands_and_only_of_replies_that_count(
    write, monkeypatch
):
    items = [{"id": f"LINE_{n}", "ja": f"項目{n}", "en": f"line {n}"} for n in (1, 2)]
    lines = {"id": "LINE", "section": "A", "type": "battery", "role": "factor", "items": items,
             "ja": "連携", "en": "Lines", "ask_if": "OUT == 1", "options": BOOK["questions"][5][
                 "options"]}  # fmt: skip
    monkeypatch.setitem(BOOK, "questions", [*BOOK["questions"], lines])
    head = "団体コード,団体名,回答日,ALL,IT,OUT,HOW_1,HOW_2,HOW_3,HOW_9,LINE_1,LINE_2"
    rows = [
        "990019,架空市,2019/8/1,9,5,1,1,,,,非該当,1",
        "990019,架空市,2019/8/9,9,5,1,1,,,,1,1",
        "990027,見本町,,9,2,1,,非該当,,,1,非該当",
    ]
    result = cleaned(write([head, *rows]))  # fmt: skip
    assert found(result, "cell", "rule", "raw") == [
        ["A2", "superseded", "990019"], ["C2", "changed", "2019/8/1"],
        ["K2", "changed", "非該当"], ["H4", "not-applicable", "非該当"],
        ["L4", "not-applicable", "非該当"],
    ]  # fmt: skip


TICKS = "団体コード,団体名,回答日,ALL,IT,OUT,HOW_1,HOW_2,HOW_3,HOW_9"


def test_options_in_columns_are_held_to_the_rules_of_options_in_one_cell(write):
    result = cleaned(
        write(
            [
                TICKS,
                "990019,架空市,2019/8/1,100,5,1,○,,0,○",  # with an option that excludes others
                "990027,見本町,2019/8/1,50,2,1,1,1,1,0",  # more than two
                "990035,例示ヶ原市,2019/8/1,50,2,1,1,1,,",
            ]
        )
    )
    hows = [f"HOW_{code}" for code in (1, 2, 3, 9)]
    assert "tick" not in set(result.findings["rule"])  # none of them was taken
    told = result.findings
    assert told[["cell", "rule", "raw", "value"]].to_numpy().tolist() == [
        ["G2", "exclusive", "○", ""], ["I2", "exclusive", "0", ""],
        ["J2", "exclusive", "○", ""], ["G3", "too-many", "1", "1、2、3"],
    ]  # fmt: skip
    assert "未定" in told["ja"].iloc[0] and "undecided" in told["en"].iloc[0]
    assert set(result.status.loc["990019", hows]) == {"unreadable"}
    assert result.responses.loc["990019", hows].isna().all()
    assert result.responses.loc["990027", hows].tolist() == [True, True, True, False]
    assert result.responses.loc["990035", hows].tolist() == [True, True, False, False]
    places = result.ledger.counts.set_index("place")["cells"]
    assert (places["unreadable"], places["no_answer"]) == (3, 1)  # the empty one said nothing


def test_options_in_columns_are_one_answer_of_one_state(write):
    result = cleaned(
        write(
            [
                TICKS,
                "990019,架空市,2019/8/1,100,5,1,○,－,不明,",
                "990027,見本町,2019/8/1,50,2,1,済,○,,0",
                "990035,例示ヶ原市,2019/8/1,50,2,1,,無回答,,",
            ]
        )
    )
    hows = [f"HOW_{code}" for code in (1, 2, 3, 9)]
    told = result.findings[result.findings["rule"] != "tick"]
    assert told[["cell", "rule", "severity", "raw", "value"]].to_numpy().tolist() == [
        ["H2", "not-ticked", "repaired", "－", "0"], ["I2", "unsure-tick", "doubtful", "不明", "0"],
        ["G3", "not-a-tick", "refused", "済", ""],
        ["H3", "beside-refused", "refused", "○", ""], ["J3", "beside-refused", "refused", "0", ""],
    ]  # fmt: skip
    assert result.responses.loc["990019", hows].tolist() == [True, False, False, False]
    assert result.responses.loc["990027", hows].isna().all()
    states = [set(result.status.loc[code, hows]) for code in result.status.index]
    assert states == [{"answered"}, {"unreadable"}, {"no_answer"}]


def test_an_answer_in_merged_cells_is_asked_for_again(excel):
    def merge(page):
        page.merge_cells("E2:E3")
        page.merge_cells("G2:G4")

    rows = [
        ["990019", "架空市", "2019/8/1", 100, 5, 1, "1、2"],
        ["990027", "見本町", "2019/8/1", 50, None, 1, None],
        ["990035", "例示ヶ原市", "2019/8/1", 50, 2, 2, None],  # is not asked how
    ]
    result = cleaned(excel(rows, merge))
    assert found(result, "cell", "code", "rule", "severity") == [
        ["E3", "990027", "merged", "doubtful"], ["G3", "990027", "merged", "doubtful"],
    ]  # fmt: skip
    assert "E2: 5" in result.findings["ja"].iloc[0]
    assert result.status.loc["990027", ["IT", "HOW_1"]].tolist() == ["no_answer"] * 2


FILLS = {  # cells of four rows of replies, and which of them are told
    "one cell": ({"G3": "FFFF00"}, ["G3"]),
    "by the theme": ({"G3": Color(theme=7)}, ["G3"]),
    "white": ({"G3": "FFFFFF", "F3": Color(theme=0)}, []),
    "a row": ({f"{column}3": "FFFF00" for column in "ABCDEFG"}, []),
    "from the name on": ({f"{column}3": "FFFF00" for column in "BCDEFG"}, []),
    "every other row": ({f"{c}{row}": "EEEEEE" for c in "ABCDEFG" for row in (2, 4)}, []),
    "bands of answers": ({f"{c}{row}": "EEEEEE" for c in "EFG" for row in (2, 4)}, []),
    "a column": ({f"G{row}": "FFFF00" for row in range(1, 6)}, []),
    "most of a column": ({f"G{row}": "FFFF00" for row in (2, 3, 4)}, []),
    "a head": ({"G1": "FFFF00"}, []),
    "an answer": ({"F3": "FFFF00"}, []),
    "of no question that applies": ({"G2": "FFFF00"}, []),
    "another colour than the column": (
        {"G2": "EEEEEE", "G3": "FF0000", "G4": "EEEEEE", "G5": "EEEEEE"}, ["G3"]),
}  # fmt: skip


@pytest.mark.parametrize(("filled", "told"), FILLS.values(), ids=FILLS)
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_an_empty_cell_with_a_colour_of_its_own_is_told(excel, project, filled, told, layout):
    """As somebody marks a choice; rows, columns and bands that are coloured say nothing."""
    codes = [*INVITED, ("", "どこかの町")]  # nobody knows whose the last is
    rows = [[c, name, "2019/8/1", 9, 5, n and 1, ""] for n, (c, name) in enumerate(codes)]
    rows[0][5] = 2  # of which the next question asks nothing

    def turned(cell):
        return cell if layout == "rows" else f"{get_column_letter(int(cell[1]))}{ord(cell[0]) - 64}"

    def change(page):
        if layout == "columns":
            cells = [*page.values]
            page.delete_rows(1, len(cells))
            for line in zip(*cells, strict=True):
                page.append(line)
        for cell, colour in filled.items():
            page[turned(cell)].fill = PatternFill("solid", fgColor=colour)
        page.conditional_formatting.add("E2:E3", CellIsRule("equal", ['""'], fill=PatternFill()))

    name = excel(rows, change)
    about = project / "data" / "raw" / "w" / "wave.yml"
    text = about.read_text("utf-8").replace("path: a.xlsx", f"path: a.xlsx\n  layout: {layout}")
    about.write_text(text, "utf-8")
    result = cleaned(name)
    found = result.findings.query("rule == 'coloured'")
    assert found["cell"].tolist() == [turned(cell) for cell in told]
    assert result.status["HOW_1"].tolist() == ["not_applicable", "no_answer", "no_answer"]


def test_a_coloured_option_beside_a_tick_is_told(excel):
    """It counts as not chosen, which the office may not have meant; two of one answer are marks."""

    def change(page):
        for column, head in zip("GHIJ", (1, 2, 3, 9), strict=True):
            page[f"{column}1"] = f"HOW_{head}"
        page["G2"] = page["H3"] = page["H4"] = "○"
        page["H2"].fill = page["I2"].fill = PatternFill("solid", fgColor="FFFF00")

    rows = [[code, name, "2019/8/1", 9, 5, 1] for code, name in INVITED]
    result = cleaned(excel(rows, change))
    assert [row for row in found(result, "cell", "question", "rule") if row[2] != "tick"] == [
        ["H2", "HOW_2", "coloured"], ["I2", "HOW_3", "coloured"],
    ]  # fmt: skip
    assert result.responses["HOW_1"].tolist() == [True, False, False]


def test_one_merged_cell_is_the_prefecture_of_all_municipalities_beside_it(excel):
    def prefectures(page):
        page["H1"], page["H2"], page["H4"] = "都道府県", "広島県", "東京都"
        page.merge_cells("H2:H3")
        page.merge_cells("H4:H5")

    names = ["広島市", "府中市", "調布市", "府中市"]
    result = cleaned(excel([[None, name, None, 9, 1, 2] for name in names], prefectures))
    assert sorted(result.responses.index) == ["132063", "132080", "341002", "342084"]
    assert not {"merged", "who"} & {*result.findings["rule"]}


def test_a_percent_format_is_part_of_the_number(excel):
    def percent(page):
        page["D2"].number_format = page["E2"].number_format = "0%"

    result = cleaned(excel([["990019", "架空市", "2019/8/1", 5, "約5", 2]], percent))
    # 5 that shows as 500% is no head count; a text bears no format
    assert found(result, "cell", "rule", "raw") == [
        ["D2", "other-unit", "5"], ["E2", "approximate", "約5"],
    ]  # fmt: skip


def test_a_code_stored_as_a_number_is_what_its_format_shows(excel):
    """12203 alone could be two municipalities; as 012203 it is one, and nothing is guessed."""

    def shown(page):
        page["A2"].number_format, page["A3"].number_format = "000000", "00000"

    rows = [[12203, "", None, 9, 5, 2], [12203, "", None, 9, 6, 2]]
    name = excel(rows, shown)
    about = Wave.read(name).model_copy(update={"invited": None, "data": "real"})
    book = Codebook.read("tiny")
    result = clean.clean(read.read(about, book), about, book)
    assert result.responses["IT"].to_dict() == {"012203": 5}
    assert set(result.findings["rule"]) == {"who"}  # 5 digits may still be either


def test_a_missing_code_is_the_same_in_a_workbook_and_in_a_text_file(excel, write):
    book = BOOK | {"missing": BOOK["missing"] | {
        "dont_know": {"ja": "不明", "en": "does not know", "tokens": ["99"]}}}  # fmt: skip
    row = ["990019", "架空市", "2019/8/1", 100, 99, 2]
    for name in (excel([row], lambda page: None), write([",".join(map(str, row))], name="v")):
        wave = Wave.read(name)
        tokens = Codebook.parse(book)
        result = clean.clean(read.read(wave, tokens), wave, tokens)
        assert result.status.loc["990019", "IT"] == "dont_know"


def test_what_stands_beside_the_answers_of_a_form_is_its_municipalitys(write, project):
    write([])
    content = openpyxl.Workbook()
    content.remove(content.active)
    for code, name in INVITED[:2]:
        page = content.create_sheet(name)
        for label, told in (("団体コード", code), ("団体名", name), ("職員数", 9)):
            page.append([label, told])
        page["F9"] = "人数は集計中" if code == "990027" else None
    folder = project / "data" / "raw" / "w"
    content.save(folder / "a.xlsx")
    about = (folder / "wave.yml").read_text("utf-8").replace("a.csv", "a.xlsx")
    header = "header: {DAY: [], IT: [], OUT: [], HOW: []}"
    about = about.replace("- path: a.xlsx", f"- path: a.xlsx\n  layout: form\n  {header}")
    (folder / "wave.yml").write_text(about, "utf-8")
    assert found(cleaned("w"), "code", "name", "cell", "rule", "raw") == [
        ["990027", "見本町", "F9", "unmatched", "人数は集計中"]
    ]


def test_a_part_above_its_total_is_kept_and_doubted(write):
    result = cleaned(write(["990019,架空市,2019/8/1,100,105,2,"]))
    assert result.responses.loc["990019", "IT"] == 105
    row = result.findings.iloc[0]
    assert (row["rule"], row["cell"], row["question"]) == ("check", "E2", "IT")
    assert row["value"] == "105"
    assert "内訳が合計を超えています" in row["ja"] and "the part exceeds the total" in row["en"]


def test_a_finding_says_where_what_and_what_was_taken(write):
    result = cleaned(write(["990019,架空市,2019/8/1,約100,３,1,13"]))
    what = ("file", "cell", "code", "name", "question", "rule", "severity", "raw", "value")
    assert found(result, *what) == [
        ["a.csv", "D2", "990019", "架空市", "ALL", "approximate", "doubtful", "約100", "100"],
        ["a.csv", "E2", "990019", "架空市", "IT", "full-width", "repaired", "３", "3"],
        ["a.csv", "G2", "990019", "架空市", "HOW", "excel-number", "refused", "13", ""],
    ]  # fmt: skip
    assert result.status.loc["990019", "HOW_1"] == "unreadable"
    assert pd.isna(result.responses.loc["990019", "HOW_1"])


@pytest.mark.parametrize(
    ("days", "kept", "rule"),
    [(("8/1", "8/9"), 7, "superseded"), (("8/9", "8/1"), 5, "superseded"),
     (("8/1", "8/1"), 7, "same-date")],
)  # fmt: skip
def test_of_two_replies_the_later_one_counts(write, days, kept, rule):
    result = cleaned(
        write([f"990019,架空市,2019/{day},100,{n},2," for day, n in zip(days, (5, 7), strict=True)])
    )
    assert len(result.responses) == 1 and result.responses.loc["990019", "IT"] == kept
    told = result.findings.set_index("question")
    assert told.loc["CODE", "rule"] == rule
    assert told.loc["CODE", "value"] == f"a.csv A{3 if kept == 7 else 2}"  # which one counts
    assert told.loc["IT", ["rule", "raw", "value"]].tolist() == [
        "changed", "5" if kept == 7 else "7", str(kept),
    ]  # fmt: skip


def test_a_table_with_several_rows_of_every_municipality_is_no_table_of_replies(write):
    towns = ("990019,架空市", "990027,見本町")
    rows = [f"{town},,{n},1,2," for town in towns for n in (1, 2, 3)]
    with pytest.raises(InputError, match=r"all 2 municipalities .* several rows \(6\).*Pivot"):
        cleaned(write(rows))
    one = cleaned(write(rows[:4]))  # one of them replied once
    assert len(one.responses) == 2 and (one.findings["rule"] == "same-date").sum() == 2


@pytest.mark.parametrize(
    ("days", "kept", "rules"),
    [
        (["1", "9", "3"], 2, ["superseded", "superseded"]),
        (["9", "", "3"], 2, ["same-date", "same-date"]),  # the undated one may be the latest
        (["3", "9", "", "5"], 3, ["same-date"] * 3),
        (["", "3", "9"], 3, ["same-date", "superseded"]),
    ],
)
def test_of_several_replies_each_is_told_whether_its_date_is_earlier(write, days, kept, rules):
    told = [f"2019/8/{day}" if day else "" for day in days]
    result = cleaned(write([f"990019,架空市,{d},{n},1,2," for n, d in enumerate(told, 1)]))
    assert result.responses["ALL"].tolist() == [kept]
    earlier = result.findings[result.findings["question"] == "CODE"]
    assert earlier["rule"].tolist() == rules
    assert set(earlier["value"]) == {f"a.csv A{kept + 1}"}


def test_replies_are_ranked_by_the_instant_whatever_their_time_zones(write):
    sent = ["2019-08-08T23:30:00Z", "2019-08-09T08:00:00+09:00", "2019/8/9 8:15"]
    result = cleaned(write([f"990019,架空市,{t},{n},1,2," for n, t in enumerate(sent, 1)]))
    assert result.responses["ALL"].tolist() == [1]  # at 8:30 of 9 August in Japan
    assert result.register["received"].dropna().dt.strftime("%Y-%m-%d").tolist() == ["2019-08-09"]


def test_a_reply_that_may_be_of_another_is_not_replaced_in_silence(excel):
    rows = [["99001", "見本町", "2019/8/1", 9, 5, 2], ["990019", "架空市", "2019/8/9", 9, 5, 2]]
    result = cleaned(excel(rows, lambda page: page.merge_cells("E2:G2")))
    assert found(result, "cell", "rule", "severity") == [
        ["A2", "code-repaired", "repaired"], ["A2", "superseded", "repaired"],
        ["B2", "code-and-name", "doubtful"], ["B2", "changed", "repaired"],
        ["C2", "changed", "repaired"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "kept", "rules"),
    [
        (["092037,栃木市,2019/8/1", "093670,岩舟町,2019/8/9"], 1, ["dissolved"]),
        (["093670,岩舟町,", "092037,栃木市,"], 2, ["dissolved"]),
        (["092037,栃木市,", ",岩舟町,"], 1, ["dissolved"]),  # by its former name alone
        (["093670,岩舟町,2019/8/1", "093688,都賀町,2019/8/9"], 2, ["dissolved"]),
        (["093670,岩舟町,", "093688,都賀町,", "092037,栃木市,"], 3, ["dissolved"] * 2),
        (["093670,岩舟町,2019/8/1", "093670,岩舟町,2019/8/9"], 2, ["superseded"]),
        (["092037,栃木市,2019/8/1", "092037,岩舟町,2019/8/9"], 2, ["superseded"]),
        (["282219,丹波篠山市,2019/8/1", "282219,篠山市,2019/8/9"], 2, ["superseded"]),
        (["233048,長久手町,2019/8/9", "232386,長久手市,2019/8/1"], 1, ["superseded"]),
    ],
)
def test_a_reply_under_a_code_that_is_no_more_displaces_none_under_its_own(
    write, rows, kept, rules
):
    lines = [f"{row},{n},1,2," for n, row in enumerate(rows, 1)]
    result = cleaned(write(lines, invited=None, as_of="2019-05-01", data="real"))
    assert result.responses["ALL"].tolist() == [kept]
    others = result.findings.query("rule in ['dissolved', 'superseded', 'same-date']")
    assert others["rule"].tolist() == rules
    assert set(others["value"]) == {f"a.csv A{kept + 1}"}
    if rules[0] == "dissolved":
        assert not {"changed", "blanked"} & {*result.findings["rule"]}


def test_invited_of_one_name_are_told_by_their_codes(write):
    result = cleaned(
        write([",架空市,,1,1,2,"], invited=[("990019", "架空市"), ("990027", "架空市")])
    )
    assert "候補：架空市（990019）、架空市（990027）" in result.findings["ja"].iloc[0]


def test_an_answer_that_the_later_reply_leaves_empty_is_asked_for(write):
    lines = ["990019,架空市,2019/8/1,100,5,1,1、2", "990019,架空市,2019/8/9,100,,1,1、2"]
    result = cleaned(write(lines))
    assert result.status.loc["990019", "IT"] == "no_answer"
    told = result.findings[result.findings["question"] == "IT"]
    assert told[["cell", "rule", "severity", "raw"]].to_numpy().tolist() == [
        ["E3", "blanked", "doubtful", ""]  # where it is lacking, so that the office can fill it in
    ]
    assert "「5」" in told["ja"].item()
    thrice = ["990019,架空市,2019/7/1,100,4,1,1、2", *lines]
    told = cleaned(write(thrice, name="v")).findings
    assert (told["rule"] == "blanked").sum() == 1  # one answer, one question


def test_an_answer_that_the_later_reply_gives_otherwise_has_not_changed(write):
    head = "団体コード,団体名,回答日,ALL,IT,OUT,HOW_1,HOW_2,HOW_3,HOW_9"
    lines = ["990019,架空市,2019/8/1,100,５,いる,○,,○,", "990019,架空市,2019/8/9,100.0,5,1,1,,,"]
    result = cleaned(write([head, *lines]))
    assert not result.responses.loc["990019", "HOW_3"]
    # an option that is chosen no longer is a change, and no answer that is lacking
    told = result.findings.set_index("cell")["rule"].to_dict()
    assert told == {"A2": "superseded", "C2": "changed", "I2": "changed"}
    assert "「○」が「0」に" in result.findings.set_index("cell").loc["I2", "ja"]


def test_a_row_or_form_that_holds_but_the_municipality_is_no_reply(write):
    lines = ["990019,架空市,2019/8/1,100,5,2,", "990027,見本町,,,,,", "990035,,2019/8/2,,,,"]
    result = cleaned(write(lines))
    assert result.register["replied"].tolist() == [True, False, False]
    assert list(result.responses.index) == ["990019"]
    blank = ["A3", "990027", "見本町", "blank", "doubtful", "990027"]
    dated = ["A4", "990035", "例示ヶ原市", "blank", "doubtful", "990035"]
    assert found(result, "cell", "code", "name", "rule", "severity", "raw") == [blank, dated]
    assert result.describe("en", invited=3).startswith("replies 1 / 3")


@pytest.mark.parametrize("date", ["", "2019/8/9"])
@pytest.mark.parametrize("blank_last", [True, False])
def test_the_blank_form_beside_the_filled_one_replaces_nothing(write, blank_last, date):
    lines = ["990019,架空市,,100,5,2,", f"990019,架空市,{date},,,,"]
    result = cleaned(write(lines if blank_last else lines[::-1]))
    assert result.responses.loc["990019", "IT"] == 5
    assert result.findings.empty


def test_who_did_not_reply_stays_in_the_register(write):
    register = cleaned(write(["990019,架空市,2019/8/1,100,5,2,"])).register
    assert register["replied"].tolist() == [True, False, False]
    assert register["name"].tolist() == [name for _, name in INVITED]
    assert register.loc["990019", "received"] == pd.Timestamp("2019-08-01")


def test_a_question_that_only_one_of_two_files_asks_was_not_surveyed_in_the_other(write):
    result = cleaned(
        write(
            ["990019,架空市,2019/8/1,100,5,1,2"],
            b=["団体コード,団体名,回答日,ALL,IT", "990027,見本町,2019/8/1,50,2"],
        )
    )
    assert result.status["OUT"].tolist() == ["answered", "not_surveyed"]
    assert result.status["HOW_2"].tolist() == ["answered", "not_surveyed"]


@pytest.mark.parametrize(
    ("code", "name", "rules"),
    [
        ("990019", "架空市", []),
        ("99001", "架空市", ["code-repaired"]),
        ("９９００１９", "架空市", ["code-repaired"]),
        ("990018", "架空市", ["code-wrong"]),
        ("", "架空市", []),
        ("", "架空", ["name-variant"]),
        ("", "架空市役所", ["name-variant"]),
        ("", "例示ケ原市", ["name-variant"]),
        ("990019", "見本町", ["code-and-name"]),
        ("990019", "架空市情報課", ["code-and-name"]),
        ("", "別の市", ["who"]),
    ],
)
def test_who_replied(write, code, name, rules):
    result = cleaned(write([f"{code},{name},2019/8/1,100,5,2,"]))
    # what an unknown reply says is not lost: each of its cells is a finding
    assert list(dict.fromkeys(result.findings["rule"])) == rules
    assert not result.findings.duplicated(["cell", "rule"]).any()
    want = [] if rules == ["who"] else ["990035" if "例示" in name else "990019"]
    assert result.responses.index.tolist() == want


def test_a_name_may_lack_what_kind_of_place_it_is_and_no_other_letter(write):
    asked = [("990019", "架空県"), ("990027", "架空町"), ("990035", "Sample"), ("990043", "試作県")]
    lines = [f",{name},2019/8/1,100,5,2," for name in ("試作", "架空", "Sampl")]
    result = cleaned(write(lines, invited=asked))
    assert result.responses.index.tolist() == ["990043"]
    assert found(result, "rule", "raw")[0] == ["name-variant", "試作"]
    assert set(result.findings["rule"]) == {"name-variant", "who"}  # of two, of none


@pytest.mark.parametrize(
    ("code", "name", "as_of", "want", "rules"),
    [
        ("11002", "札幌市", "2019-04-01", "011002", ["code-repaired"]),  # a number lost its zero
        ("1100", "札幌市", "2019-04-01", "011002", ["code-repaired"]),  # and its check digit
        ("12203", "市川市", "2019-04-01", "122033", ["code-repaired"]),  # or 012203, 士別市
        ("12203", "士別市", "2019-04-01", "012203", ["code-repaired"]),
        ("12203", "", "2019-04-01", None, ["who"]),
        ("282014", "兵庫県姫路市", "2019-04-01", "282014", ["name-variant"]),
        ("", "塩釜市", "2019-04-01", "042030", ["name-variant"]),
        ("", "塩竈市", "2019-04-01", "042030", []),
        ("", "梼原町", "2019-04-01", "394050", ["name-variant"]),
        ("", "檮原町", "2019-04-01", "394050", []),
        ("", "髙﨑市", "2019-04-01", "102024", ["name-variant"]),
        ("", "濱松市", "2019-04-01", "221309", ["name-variant"]),
        ("", "六か所村", "2019-04-01", "024112", ["name-variant"]),
        ("", "大和郡山", "2019-04-01", "292036", ["name-variant"]),
        ("", "姫路", "2019-04-01", "282014", ["name-variant"]),
        ("", "篠山市", "2020-04-01", "282219", ["renamed"]),
        ("", "篠山市", "2019-04-30", "282219", ["name-variant"]),
        ("", "篠山市", "2019-05-01", "282219", ["renamed"]),
        ("", "高岡郡檮原町", "2019-04-01", "394050", ["name-variant"]),
        ("", "府中市", "2019-04-01", None, ["who"]),
        ("", "広島県府中市", "2019-04-01", "342084", ["name-variant"]),
        ("342084", "府中市", "2019-04-01", "342084", []),
        ("282014", "府中市", "2019-04-01", "282014", ["code-and-name"]),
        ("011002", "札幌市中央区", "2019-04-01", "011002", ["code-and-name"]),
    ],
)
def test_real_names_and_codes(write, code, name, as_of, want, rules):
    result = cleaned(
        write([f"{code},{name},2019/8/1,100,5,2,"], invited=None, as_of=as_of, data="real")
    )
    assert result.responses.index.tolist() == ([want] if want else [])
    assert list(dict.fromkeys(result.findings["rule"])) == rules
    if rules == ["who"]:
        told = " ".join(result.findings["ja"])
        either = ("東京都府中市", "広島県府中市") if name else ("北海道士別市", "千葉県市川市")
        assert either[0] in told and either[1] in told and "都道府県" in told


@pytest.mark.parametrize(
    ("name", "code"),
    [("⻲岡市", "262064"), ("⻑野市", "202011"), ("⻘森市", "022012"), ("⻄宮市", "282049")],
)
def test_names_with_the_radicals_that_copying_from_pdf_gives(write, name, code):
    result = cleaned(write([f",{name},2019/8/1,100,5,2,"], invited=None, data="real"))
    assert result.responses.index.tolist() == [code]
    assert found(result, "rule", "raw") == [["name-variant", name]]


@pytest.mark.parametrize("code", ["011011", "11011", "01101"])
def test_the_code_of_a_ward_is_told_as_one_of_its_city(write, code):
    result = cleaned(write([f"{code},,2019/8/1,100,5,2,"], invited=None, data="real"))
    assert result.responses.empty
    assert "北海道札幌市の行政区のようです" in result.findings["ja"].iloc[0]
    assert "a ward of 北海道札幌市" in result.findings["en"].iloc[0]


def test_a_body_of_a_municipality_is_asked_about_unless_a_code_says_whose_reply_it_is(write):
    rows = ["011002,札幌市立図書館,2019/8/1,100,5,2,", ",旭川市 図書館,2019/8/1,100,5,2,"]
    result = cleaned(write(rows, invited=None, data="real"))
    assert result.responses.index.tolist() == ["011002"]
    told = result.findings.query("rule == 'who'")
    assert "北海道旭川市の機関のようです" in told["ja"].iloc[0]
    assert "a body of 北海道旭川市" in told["en"].iloc[0]
    assert not (result.findings["rule"] == "code-and-name").any()


def test_more_replies_than_were_asked_are_questioned(write):
    rows = [f"{c},{n},2019/8/1,100,5,2," for c, n in (("282014", "姫路市"), ("121002", "千葉市"))]
    name = write(rows, invited=None, data="real")
    wave, book = Wave.read(name), Codebook.read("tiny")
    for asked, told in ((1, [["wave.yml", "more-replies", "1", "2"]]), (2, [])):
        about = wave.model_copy(update={"invited": asked})
        result = clean.clean(read.read(about, book), about, book)
        assert found(result, "file", "rule", "raw", "value") == told


def test_of_several_of_a_name_the_one_invited_is_taken_and_confirmed(write):
    fuchu = [("132063", "府中市"), ("342084", "府中市")]
    name = write([",府中市,,1,1,2,"], invited=fuchu[1:], data="real")
    told = cleaned(name)
    assert told.responses.index.tolist() == ["342084"]
    assert found(told, "rule", "severity", "value") == [["namesake", "doubtful", "広島県府中市"]]
    both = cleaned(write([",府中市,,1,1,2,"], invited=fuchu, data="real"))
    assert len(both.responses) == 0 and set(both.findings["rule"]) == {"who"}
    assert "東京都府中市、広島県府中市" in both.findings["ja"].iloc[0]


@pytest.mark.parametrize(
    ("name", "as_of", "want", "told"),
    [
        ("姫路市（兵庫県）", "2019-04-01", ["282014"], "姫路市"),
        ("札幌市中央区", "2019-04-01", [], "北海道札幌市の行政区"),
        ("那珂川町", "2018-04-01", [], "栃木県那珂川町、福岡県那珂川市"),  # two until October 2018
        ("那珂川町", "2018-10-01", ["094111"], None),
    ],
)
def test_wards_former_namesakes_and_prefectures_in_brackets(write, name, as_of, want, told):
    lines = [f",{name},,1,1,2,"]
    result = cleaned(write(lines, invited=None, as_of=as_of, data="real"))
    assert result.responses.index.tolist() == want
    assert told is None or told in result.findings["ja"].iloc[0]


@pytest.mark.parametrize(
    ("code", "name", "prefecture", "want", "told"),
    [
        ("282014", "姫路市", "東京都", ["282014"], ["code-and-name", "東京都", "兵庫県姫路市"]),
        ("122033", "", "北海道", ["122033"], ["code-and-name", "北海道", "千葉県市川市"]),
        ("342084", "府中市", "東京", ["342084"], ["code-and-name", "東京", "広島県府中市"]),
        ("282014", "姫路市", "不明", ["282014"], None),
        ("", "姫路市", "東京都", [], ["who", "姫路市", ""]),
        ("", "府中市", "大阪府", [], ["who", "府中市", ""]),
    ],
)
@pytest.mark.parametrize("listed", [None, [("342084", "府中市"), ("282014", "姫路市"),
                                           ("122033", "市川市")]])  # fmt: skip
def test_a_prefecture_that_is_another_is_told(write, code, name, prefecture, want, told, listed):
    head = HEAD.replace("団体名,", "団体名,都道府県,")
    lines = [head, f"{code},{name},{prefecture},,1,1,2,"]
    result = cleaned(write(lines, invited=listed, data="real"))
    assert result.responses.index.tolist() == want
    assert found(result, "rule", "raw", "value")[:1] == ([told] if told else [])
    if not want:
        assert "候補：" in result.findings["ja"].iloc[0] and name in result.findings["ja"].iloc[0]


def test_a_code_shown_with_its_zeros_is_the_code_it_shows(excel):
    def zeros(page):
        page["A2"].number_format, page["D2"].number_format = "000000", "00000000"

    rows = [[12203, "", "2019/8/1", 1, 1, 2], [12203, "", "2019/8/1", 1, 1, 2]]
    result = cleaned(excel(rows, zeros))
    assert result.responses.index.tolist() == ["012203"]  # the other may be 122033
    assert found(result, "cell", "rule")[:2] == [["A2", "not-invited"], ["A3", "who"]]


def test_who_replies_under_no_code_of_the_codebook(write, project):
    """Columns that identify but are no questions: an empty one is accounted for too."""
    write([])
    rows = ["団体コード,団体名,ALL,IT", "990019,,9,5", ",見本町,9,6", ",,9,7"]
    (project / "data" / "raw" / "w" / "a.csv").write_text("\n".join(rows), "utf-8")
    about = Wave.read("w")
    header = dict.fromkeys(("DAY", "OUT", "HOW"), ())
    about = about.model_copy(
        update={"files": (about.files[0].model_copy(update={"header": header}),)}
    )
    questions = [q for q in BOOK["questions"] if q["id"] not in {"CODE", "NAME"}]
    book = Codebook.parse(BOOK | {"questions": questions})
    result = clean.clean(read.read(about, book), about, book)
    result.ledger.check()
    assert result.responses["IT"].to_dict() == {"990019": 5, "990027": 6}
    # its code is asked for where it should stand, and what it says is kept
    assert found(result, "cell", "rule", "raw") == [
        ["B4", "who", ""], ["C4:D4", "who", "9 / 7"],
    ]  # fmt: skip


def test_an_invented_place_without_a_list_is_called_as_it_calls_itself(write):
    result = cleaned(write(["990019,架空市,,1,1,2,"], invited=None))
    assert result.register["name"].tolist() == ["架空市"] and result.findings.empty


def test_more_replies_than_invited(write):
    result = cleaned(write(["990019,架空市,,1,1,2,", "990043,外の市,,1,1,2,"], invited=INVITED[:1]))
    assert result.responses.index.tolist() == ["990019"]
    assert set(result.findings["rule"]) == {"who"}
    real = write(["282014,姫路市,,1,1,2,"], invited=[("122033", "市川市")], name="v", data="real")
    told = cleaned(real)
    assert told.responses.index.tolist() == ["282014"]
    assert told.findings["rule"].tolist() == ["not-invited"]
    assert told.register["replied"].tolist() == [False, True]
    assert told.register["invited"].tolist() == [True, False]
    assert told.describe("ja", 1).startswith("回答 0 / 1\n")
    assert told.describe("ja").startswith("回答 1\n")


TICK = st.sampled_from(["", "", "1", "0", "○", "－", "不明", "無回答", "済", "%", " "])
CELL = st.one_of(
    st.sampled_from(["", "1", "2", "1、3", "13", "約50", "無回答", "非該当", "不明", "○", "%"]),
    st.text(string.ascii_letters + string.digits + "１、約名△~ 　", max_size=6),
)  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(["990019", "990027", "99003", "x", ""]), *[CELL] * 6),
        min_size=1,
        max_size=14,
    )
)
@example([("x", "", "", "", "", "2", "1")])  # nobody's answer, where a skip rule leaves it out
def test_every_cell_ends_in_exactly_one_place(write, rows):
    _adds_up(write([",".join(row) for row in rows]))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(["990019", "990027", "x"]), st.sampled_from("12"), *[TICK] * 4),
        min_size=1,
        max_size=14,
    )
)
def test_so_do_those_of_options_in_columns(write, rows):
    lines = [",".join([code, "", "", "1", "1", *rest]) for code, *rest in rows]
    result = _adds_up(write([TICKS, *lines]))
    if result is not None:  # whatever stood in them, the columns make one answer of one state
        hows = result.status[[f"HOW_{code}" for code in (1, 2, 3, 9)]]
        assert (hows.nunique(axis=1) == 1).all()
        known = hows["HOW_1"] == "answered"
        assert result.responses.loc[~known, list(hows)].isna().all(axis=None)
        assert result.responses.loc[known, list(hows)].notna().all(axis=None)


def _adds_up(name):
    try:
        result = cleaned(name)
    except InputError:
        return None  # such as a file without a reply
    counts = result.ledger.counts
    block = counts[~counts["place"].isin({"header", "title", "note", "total", "example"})]
    # read back from the CSV: as many cells as its rows have, blank rows apart
    raw = read.read(Wave.read(name), Codebook.read("tiny"))
    answers = raw.cells[raw.cells["record"] >= 0]
    assert block["cells"].sum() == raw.n * len(raw.variables) == len(answers)
    assert result.ledger.received == len(raw.cells)
    # what a finding says stands in its cell, word for word
    at = answers.assign(cell=addresses(answers)).set_index("cell")
    told = result.findings[~result.findings["rule"].isin({"hidden", "unmatched"})]
    filled, alone = at[at["kind"] != 0], {*told["cell"]}
    for finding in told.itertuples():
        first, _, last = finding.cell.partition(":")
        of_reply = filled[filled["record"] == at.at[first, "record"]].sort_values("column")
        rest = (
            of_reply.loc[first:last].drop(index=alone, errors="ignore") if last else at.loc[[first]]
        )
        assert finding.raw == " / ".join(rest["text"])
        assert RULES[finding.rule].severity == finding.severity
    # all that is refused is told; of an earlier reply, all that the later one changes
    place = counts.groupby("place")["cells"].sum()
    refused = told[(told["severity"] == "refused") & (told["raw"] != "")]
    nobodys = result.findings.loc[result.findings["rule"] == "who", "cell"].str.split(":").str[0]
    single = filled.index.isin(refused["cell"])
    single |= filled["record"].isin(at.loc[nobodys, "record"])
    assert place.get("unreadable", 0) == single.sum()
    replaced = told[told["rule"].isin({"superseded", "same-date"})]
    earlier = at["record"].isin(at.loc[replaced["cell"], "record"]) & (at["kind"] != 0)
    assert place.get("superseded", 0) == earlier.sum()
    return result


def test_cleaned_files_are_the_same_bytes_again_and_received_files_are_untouched(
    project, cleaned_anew
):
    raw = {p: p.read_bytes() for p in (project / "data" / "raw").rglob("*") if p.is_file()}
    prepare("demo-2019")
    folder = project / "data" / "processed" / "demo-2019"
    first = {p.name: p.read_bytes() for p in folder.iterdir()}
    prepare("demo-2019", force=True)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == first
    assert {p: p.read_bytes() for p in raw} == raw
    tables = ("responses", "status", "register", "findings", "outside")
    both = {f"{t}.{s}" for t in tables for s in ("csv", "parquet")}
    assert set(first) == both | {"codes.csv", "ledger.json"}


def test_a_column_of_no_question_is_told_once_with_its_heading(write):
    lines = [f"{HEAD},担当課", "990019,架空市,,9,5,2,,総務課", "990027,見本町,,9,5,2,,企画課"]
    result = cleaned(write(lines))
    assert found(result, "rule", "cell", "raw") == [["unmatched", "H2:H3", "担当課"]]
    assert result.outside.query("reason == 'unmatched'")["text"].tolist() == ["総務課", "企画課"]


def test_a_spreadsheet_runs_nothing_that_an_office_wrote(write, project):
    head = f"{HEAD},メモ"
    prepare(write([head, '990019,架空市,2019/8/1,=2+3,"-5",1,2,"=HYPERLINK(""http://x"")"']))
    folder = project / "data" / "processed" / "w"
    outside = (folder / "outside.csv").read_text("utf-8-sig")
    findings = (folder / "findings.csv").read_text("utf-8-sig")
    assert "「=HYPERLINK" in outside and ",=HYPERLINK" not in outside
    assert "「=2+3」" in findings
    assert "=2+3" in prepare("w").findings["raw"].tolist()  # word for word where it is kept


def test_what_stands_outside_the_answers_is_listed(project):
    outside = prepare("demo-2019").outside
    assert {"title", "header", "total", "note", "unmatched"} <= set(outside["reason"])
    total = outside[outside["reason"] == "total"]
    assert total["cell"].str.match(r"[A-Z]+\d+$").all() and (total["file"] == "replies.xlsx").all()


def test_a_failed_cleaning_leaves_the_cleaned_data_as_they_were(project, monkeypatch):
    prepare("demo-2019")
    folder = project / "data" / "processed" / "demo-2019"
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.paths.write_atomic", full)
    with pytest.raises(InputError, match="No space left"):
        prepare("demo-2019", force=True)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in folder.parent.iterdir() if p.name.startswith(".")] == []


def test_what_somebody_keeps_beside_the_cleaned_data_is_never_lost(cleaned, capsys):
    memo = cleaned / "data" / "processed" / "demo-2019" / "filled in.xlsx"
    memo.write_text("what the offices answered")
    wave = cleaned / "data" / "raw" / "demo-2019" / "wave.yml"
    wave.write_text(wave.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert main(["clean", "demo-2019"]) == 2
    said = "filled in.xlsx, in processed/demo-2019, was not made by workbench"
    assert said in capsys.readouterr().err
    assert memo.read_text() == "what the offices answered"
    memo.unlink()
    assert main(["clean", "demo-2019"]) == 0


def test_a_lost_cell_stops_the_cleaning(project, cleaned_anew, monkeypatch, capsys):
    place = clean._Cleaning.finish

    def losing(self, who):
        next(iter(self.end.values()))[0] = clean.EMPTY  # a cell that ends nowhere
        return place(self, who)

    monkeypatch.setattr(clean._Cleaning, "finish", losing)
    assert main(["clean", "demo-2019"]) == 1
    told = capsys.readouterr().err
    assert "the ledger does not add up: 734 cells received, 733 accounted for" in told
    assert not (project / "data" / "processed" / "demo-2019").exists()


# --- as form tools write a survey ---------------------------------------------------------------

TOOL_BOOK = {
    **{k: v for k, v in BOOK.items() if k != "questions"},
    "questions": [
        *BOOK["questions"][:3],
        {"id": "USE", "section": "A", "type": "binary", "role": "describe",
         "ja": "利用", "en": "Use"},
        {"id": "WORK", "section": "A", "type": "multi", "role": "describe", "ask_if": "USE == 1",
         "ja": "業務", "en": "Work",
         "options": [{"code": 1, "ja": "翻訳", "en": "translation"},
                     {"code": 2, "ja": "要約", "en": "summaries"},
                     {"code": 9, "ja": "その他", "en": "other", "other": True}]},
    ],
}  # fmt: skip


@pytest.fixture
def by_tool(write, project):
    def made(lines):
        name = write(lines)
        book = project / "data" / "codebooks" / "tiny.yml"
        put_yaml(book, TOOL_BOOK)
        return cleaned(name)

    return made


def test_the_words_beside_other_are_an_answer_of_their_own(by_tool):
    got = by_tool([
        "団体コード,団体名,回答日,USE,WORK",
        "990019,架空市,2019/4/1,1,翻訳;その他：広報;",
        "990027,見本町,2019/4/1,1,翻訳",
        "990035,例示ヶ原市,2019/4/1,0,",
    ])  # fmt: skip
    assert got.responses["WORK_other"].fillna("").tolist() == ["広報", "", ""]
    assert got.status["WORK_other"].tolist() == ["answered", "not_applicable", "not_applicable"]
    assert got.responses["WORK_9"].fillna(False).tolist() == [True, False, False]
    assert got.findings.empty


def test_zeros_of_a_question_that_was_skipped_are_no_answer_to_it(by_tool):
    got = by_tool([
        "団体コード,団体名,回答日,USE,WORK_1,WORK_2,WORK_9",
        "990019,架空市,2019/4/1,1,1,0,0",
        "990027,見本町,2019/4/1,0,0,0,0",
        "990035,例示ヶ原市,2019/4/1,0,False,True,False",
    ])  # fmt: skip
    assert got.status["WORK_1"].tolist() == ["answered", "not_applicable", "not_applicable"]
    assert got.findings["code"].unique().tolist() == ["990035"]  # who ticked one is asked


def test_zeros_say_nothing_where_the_question_before_was_not_answered(by_tool):
    got = by_tool([
        "団体コード,団体名,回答日,USE,WORK_1,WORK_2,WORK_9",
        "990019,架空市,2019/4/1,1,0,0,0",
        "990027,見本町,2019/4/1,,0,0,0",
        "990035,例示ヶ原市,2019/4/1,,False,True,False",
    ])  # fmt: skip
    assert got.status["WORK_1"].tolist() == ["answered", "no_answer", "answered"]
    assert got.responses["WORK_2"].fillna(False).tolist() == [False, False, True]


@pytest.mark.parametrize("mark", ["X", "x"])
def test_an_x_among_blanks_is_a_tick(by_tool, mark):
    head = "団体コード,団体名,回答日,USE,WORK_1,WORK_2,WORK_9"
    got = by_tool(
        [head, f"990019,架空市,2019/4/1,1,{mark},,", f"990027,見本町,2019/4/1,1,,{mark},"]
    )
    assert got.responses[["WORK_1", "WORK_2"]].to_numpy().tolist() == [[True, False], [False, True]]
    beside = by_tool([head, f"990019,架空市,2019/4/1,1,○,{mark},"])  # no, or not clear
    assert beside.responses["WORK_2"].fillna(False).tolist() == [False]


def test_a_cross_beside_blanks_is_asked_of_the_office_where_others_write_circles(by_tool):
    head = "団体コード,団体名,回答日,USE,WORK_1,WORK_2,WORK_9"
    got = by_tool([head, "990019,架空市,2019/4/1,1,x,,", "990027,見本町,2019/4/1,1,○,,",
                   "990035,例示ヶ原市,2019/4/1,1,○,×,"])  # fmt: skip
    assert got.status["WORK_1"].tolist() == ["unreadable", "answered", "answered"]
    assert got.responses["WORK_2"].fillna(True).tolist() == [True, False, False]
    asked = got.findings[got.findings["severity"] == "refused"]
    assert asked[["cell", "rule", "raw"]].to_numpy().tolist() == [["E2", "not-a-tick", "x"]]


def test_a_circle_beside_a_dot_is_asked_of_that_office_alone(by_tool):
    head = "団体コード,団体名,回答日,USE,WORK_1,WORK_2,WORK_9"
    got = by_tool([head, "990019,架空市,2019/4/1,1,●,○,", "990027,見本町,2019/4/1,1,○,,",
                   "990035,例示ヶ原市,2019/4/1,1,,●,"])  # fmt: skip
    chosen = got.responses[["WORK_1", "WORK_2"]].to_numpy().tolist()
    assert (
        chosen[1:] == [[True, False], [False, True]]
        and got.status["WORK_2"].iloc[0] == "unreadable"
    )
    asked = got.findings[got.findings["severity"] == "refused"]
    assert asked[["cell", "rule", "raw"]].to_numpy().tolist() == [
        ["E2", "beside-refused", "●"], ["F2", "not-a-tick", "○"]]  # fmt: skip


def test_of_two_replies_of_a_day_the_later_by_the_clock_counts(by_tool):
    got = by_tool([
        "団体コード,団体名,回答日,USE,WORK",
        "990019,架空市,2019/4/1 3:15:42 午後 GMT+9,1,翻訳",
        "990019,架空市,2019/4/1 9:15:42 午前 GMT+9,1,要約",
    ])  # fmt: skip
    assert got.responses["WORK_1"].tolist() == [True]
    assert "same-date" not in set(got.findings["rule"])


def test_zeros_alone_are_no_answer_where_none_of_these_was_offered(write):
    name = write([
        "団体コード,団体名,回答日,ALL,IT,OUT,HOW_1,HOW_2,HOW_3,HOW_9",
        "990019,架空市,2019/4/1,5,1,1,0,0,0,0",
        "990027,見本町,2019/4/1,5,1,1,0,0,0,1",
    ])  # fmt: skip
    got = cleaned(name)
    assert got.status["HOW_1"].tolist() == ["no_answer", "answered"]
    assert got.findings.empty


def test_a_date_of_reply_may_be_a_text(write, monkeypatch):
    day = next(question for question in BOOK["questions"] if question["id"] == "DAY")
    monkeypatch.setitem(day, "type", "text")
    lines = ["990019,架空市,2019-08-02,100,5,2,", "990019,架空市,2019-08-01,200,5,2,"]
    result = cleaned(write([*lines, "990027,見本町,8月頃,300,5,2,"]))
    assert result.responses["ALL"].tolist() == [100, 300]
    assert result.register["received"].isna().tolist() == [False, True, True]


def test_a_table_without_a_column_of_who_replied_is_refused_with_the_line_to_write(tmp_path):
    questions = [q for q in received.BOOK["questions"] if q["id"] in {"Q03", "Q04"}]
    book = Codebook.parse(received.BOOK | {"questions": questions})
    rows = [["まち", "職員数", "Q04"], ["札幌市", 3, "1"], ["函館市", 4, "2"], ["仙台市", 5, "9"]]
    received.workbook(tmp_path / "a.xlsx", rows)
    about = received.wave(tmp_path, "a.xlsx")
    with pytest.raises(InputError) as refused:
        clean.clean(read.read(about, book, tmp_path), about, book)
    (line,) = re.findall(r"header: (\{.+\})", str(refused.value))
    about = received.wave(tmp_path, {"path": "a.xlsx", "header": yaml.safe_load(line)})
    result = clean.clean(read.read(about, book, tmp_path), about, book)
    assert result.register["name"].tolist() == ["札幌市", "函館市", "仙台市"]


def test_a_table_made_column_by_column_is_written_without_a_warning():
    """As one of 400 questions; pandas warned of it in the terminal."""
    with warnings.catch_warnings(action="ignore"):
        table = pd.DataFrame({"a": [1]}).assign(**{f"b{n}": [n] for n in range(200)})
    assert to_csv(table, index=True).count(b",") == 2 * 201
