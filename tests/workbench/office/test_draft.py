"""A proposed codebook says what a file can tell, is valid, and leaves the rest to a person."""

import csv
import os
import re
import subprocess
import zipfile
from pathlib import Path

import exports
import openpyxl
import pandas as pd
import pyreadstat
import pytest
import yaml
from project import prepare
from received import cleaned_wave, csv_text, wave, workbook

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read, spss_stata, tools
from analysis.intake.cells import addresses
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.intake.tables import read_rows
from analysis.survey import Survey
from workbench.cli import main
from workbench.office import guesses, options
from workbench.office.draft import draft

pytestmark = pytest.mark.usefixtures("packages_here")
HEAD = ["団体コード", "団体名", "職員数（人）", "形態", "取組", "導入率（%）", "回答日", "意見",
        "区分"]  # fmt: skip
LONG = "人が足りず、育成にまで手が回らないことがいちばんの課題です"
ROWS = [
    ["990019", "架空市", "１３名", 1, "1、3", "62.5%", "令和元年8月5日", LONG, "市"],
    ["990027", "見本町", 4, 2, "2", "0%", "R1.8.6", "無回答", "町"],
    ["990035", "例示村", "約50", 1, "①③", "10%", "2019-08-05", f"{LONG}（とくに町村）", "町"],
    ["990043", "仮設区", 999, 99, "無回答", "5%", "2019/8/5", None, "市"],
    ["990051", "模擬市", 31, 2, "1、2", "7%", "2019-08-07", f"同じく、{LONG}", "市"],
    ["990060", "試験市", 12, 3, "3", "9%", "2019-08-07", f"{LONG}。以上", "町"],
]


def questions(text):
    return {q["ja"]: q for q in yaml.safe_load(text)["questions"]}


def draft_of(folder, rows, name="r.csv"):
    """The draft of a text file of these rows."""
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return draft(folder / name)


def asked(folder, rows, name="r.csv"):
    """The questions of that draft."""
    return yaml.safe_load(draft_of(folder, rows, name))["questions"]


@pytest.fixture
def drafted(tmp_path):
    workbook(tmp_path / "r.xlsx", [["調査の回答"], [], HEAD, *ROWS])
    return draft(tmp_path / "r.xlsx")


def test_types_options_units_and_missing_codes(drafted):
    found = questions(drafted)
    kinds = {name: q["type"] for name, q in found.items()}
    assert kinds == {
        "団体コード": "text", "団体名": "text", "職員数": "integer", "形態": "single",
        "取組": "multi", "導入率": "ratio", "回答日": "date", "意見": "text", "区分": "single",
    }  # fmt: skip
    assert found["団体コード"]["identity"] == "code" and found["団体名"]["role"] == "id"
    assert found["職員数"]["unit"] == {"ja": "人", "en": "persons"}
    assert found["職員数"]["missing_tokens"] == ["999"]
    assert [o["code"] for o in found["形態"]["options"]] == [1, 2, 3]
    assert found["形態"]["missing_tokens"] == ["99"]
    assert [o["code"] for o in found["取組"]["options"]] == [1, 2, 3]
    assert {o["ja"] for o in found["区分"]["options"]} == {"市", "町"}
    assert found["意見"]["free"] is True


def test_the_draft_is_a_codebook_that_reads_its_own_file(drafted, tmp_path, monkeypatch):
    table = reads_itself(tmp_path, monkeypatch, "r.xlsx", drafted)
    assert (table.n, len(table.variables)) == (6, 9)
    assert set(table.outside["reason"]) == {"title", "header"}


def test_it_says_that_it_is_a_draft_and_what_was_seen(drafted):
    assert drafted.startswith("# 下書き / Draft made from r.xlsx")
    assert "(to translate)" in drafted
    assert "# seen: 6 filled, 6 different: 990019" in drafted


def test_ids_come_from_the_headings(tmp_path):
    replies = [["x", n * 7, f"99{n}", "y"] for n in range(4)]
    rows = [["備考", "問3 人数", "問1 団体コード", "所見"], *replies, ["合計", 42]]
    found = asked(tmp_path, rows)
    assert [q["id"] for q in found] == ["Q02", "Q03", "Q01", "Q04"]
    assert found[2]["identity"] == "code" and found[1]["ja"] == "人数"
    assert "- id: Q03  # seen: 4 filled" in draft(tmp_path / "r.csv")  # without the total


def reads_itself(tmp_path, monkeypatch, name, text):
    """The draft of a file, used to read that file."""
    (tmp_path / "draft.yml").write_text(text, "utf-8")
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    folder = tmp_path / "data" / "raw" / "w"
    folder.mkdir(parents=True)
    (folder / name).write_bytes((tmp_path / name).read_bytes())
    return read.read(wave(folder, name), Codebook.read(tmp_path / "draft.yml"))


TWO_ROWS = [
    ["団体コード", "団体名", "問1 職員数（人）", "", "問2 取組", "", "", "問3 満足度", "",
     "問4_1 計画", "問4_2 体制", "問5(1) 人数", "問5(2) 経費"],
    ["", "", "正規", "非正規", "1 研修", "2 採用", "3 なし", "（1）給与", "（2）環境", "", "", "",
     ""],
]  # fmt: skip


def test_columns_that_are_parts_of_one_question(tmp_path, monkeypatch):
    codes = [row[0] for row in ROWS]
    rows = [[code, f"町{i}", 30 + i * 9, 7 * i, "○", None, "無回答" if i else "○", i % 3 + 1,
             i % 2 + 1, "○", "×", 11 * i, 900 * i] for i, code in enumerate(codes)]  # fmt: skip
    book = workbook(tmp_path / "r.xlsx", [*TWO_ROWS, *rows])
    page = book.active
    for place in ("C1:D1", "E1:G1", "H1:I1"):
        page.merge_cells(place)
    page["F3"] = "○"
    book.save(tmp_path / "r.xlsx")
    text = draft(tmp_path / "r.xlsx")
    found = {q["id"]: q for q in yaml.safe_load(text)["questions"]}
    assert {id: q["type"] for id, q in found.items()} == {
        "Q06": "text", "Q07": "text", "Q01": "integer", "Q08": "integer", "Q02": "multi",
        "Q03": "battery", "Q04": "multi", "Q05_1": "integer", "Q05_2": "integer",
    }  # fmt: skip
    options = {id: [(o["code"], o["ja"]) for o in found[id]["options"]] for id in ("Q02", "Q04")}
    assert options == {
        "Q02": [(1, "研修"), (2, "採用"), (3, "なし")], "Q04": [(1, "計画"), (2, "体制")]
    }  # fmt: skip
    assert [(i["id"], i["ja"]) for i in found["Q03"]["items"]] == [
        ("Q03_1", "給与"), ("Q03_2", "環境")
    ]  # fmt: skip
    assert found["Q01"]["unit"]["en"] == "persons" and found["Q01"]["source"] == ["正規"]
    table = reads_itself(tmp_path, monkeypatch, "r.xlsx", text)
    assert (table.n, len(table.variables)) == (6, 13)
    assert [table.texts(v)[1] for v in ("Q01", "Q02_1", "Q03_2", "Q04_2", "Q05_2")] == [
        "39", "○", "2", "×", "900"
    ]  # fmt: skip


def kinds_of(tmp_path, heads, *columns):
    """The types of the questions drafted of a table with these headings and columns."""
    rows = [
        ["団体名", *heads],
        *([f"町{n}", *row] for n, row in enumerate(zip(*columns, strict=True))),
    ]
    return [q["type"] for q in asked(tmp_path, rows, "k.csv")][1:]


@pytest.mark.parametrize("sign", ["/", "・", "　"])
def test_several_answers_that_a_stroke_a_dot_or_a_space_parts_are_no_options(sign):
    """Where the heading says that there may be several; 国・県 beside 国 alone is an option."""
    answers = [["研修", "採用"], ["採用"], ["研修", "派遣"], ["派遣", "採用", "研修"], ["研修"]]
    found = guesses.joined([sign.join(own) for own in answers], "取組（複数回答）")
    assert found and [option["ja"] for option in found["options"]] == ["研修", "採用", "派遣"]
    assert guesses.joined(["国・県", "市町村", "民間", "国・県"], "相手（複数回答）") is None


def test_two_questions_of_one_list_that_ends_in_other_are_a_battery_without_its_words(tmp_path):
    """The draft was refused by a rule of its own making: Q03 == 3, of a question with items."""
    ways = [("直営", "委託"), ("委託", "その他"), ("その他", "直営")] * 4
    rows = [[f"町{n}", *own, "共同で" * ("その他" in own)] for n, own in enumerate(ways)]
    heads = ["団体名", "問3 運営", "問4 窓口", "その他の内容"]
    text = draft_of(tmp_path, [heads, *rows])
    battery = yaml.safe_load(text)["questions"][1]
    assert battery["type"] == "battery" and [o["ja"] for o in battery["options"]][2:] == ["その他"]
    content = yaml.safe_load(text)
    content["questions"][1]["options"][2]["other"] = True
    with pytest.raises(InputError, match=r"Q03: a battery keeps no words of `other`: ask for"):
        Codebook.parse(content)


def test_a_number_of_thousands_of_digits_is_a_text(tmp_path):
    long = "7" * 30_000
    assert len(kinds_of(tmp_path, ["職員数", "問4 [甲]", "問4 [乙]"], *[["1", "2", long]] * 3)) >= 2


def test_columns_that_are_joined_and_those_that_are_not(tmp_path):
    ticks = [["○", "×"], ["○", "○"]]
    assert kinds_of(tmp_path, ["取組 [甲]", "取組 [乙]"], *ticks) == ["multi"]
    assert kinds_of(tmp_path, ["問4_1 甲", "問4_2 乙"], *ticks) == ["multi"]
    assert kinds_of(tmp_path, ["取組 [甲]", "取組 [甲]"], *ticks) != ["multi"]  # which is which?
    assert len(kinds_of(tmp_path, ["問4 甲", "問5 乙"], *ticks)) == 2
    scale = [["1", "5", "3"], ["2", "4", "3"]]
    assert kinds_of(tmp_path, ["満足 [甲]", "満足 [乙]"], *scale) == ["battery"]
    assert len(kinds_of(tmp_path, ["満足 [甲]", "満足 [乙]"], scale[0], ["3", "3", "3"])) == 2
    assert len(kinds_of(tmp_path, ["満足 [甲]", "満足 [乙]"], scale[0], ["2", "30", "3"])) == 2
    tried = [["英", "独", "仏"] * 4, ["赤", "青", "黄"] * 4]  # two questions of their own
    assert len(kinds_of(tmp_path, ["好み [甲]", "好み [乙]"], *tried)) == 2


def test_a_battery_answered_in_words(tmp_path, monkeypatch):
    words = ("満足", "やや満足", "やや不満", "不満")
    page = openpyxl.Workbook().active
    page.title = "回答"
    page.append(["団体コード", "団体名", "問1 満足度", None, None])
    page.append([None, None, "職員体制", "施設", "予算"])
    page.merge_cells("C1:E1")
    for n, row in enumerate(ROWS[:6]):
        page.append([row[0], f"町{n}", words[n % 3], words[n % 4], words[3 - n % 3]])
    page.parent.save(tmp_path / "r.xlsx")
    text = draft(tmp_path / "r.xlsx")
    found = questions(text)["満足度"]
    assert found["type"] == "battery" and [o["ja"] for o in found["options"]] == [*words]
    assert [item["ja"] for item in found["items"]] == ["職員体制", "施設", "予算"]
    table = reads_itself(tmp_path, monkeypatch, "r.xlsx", text)
    assert table.texts("Q01_3").tolist()[:2] == ["不満", "やや不満"]


def test_yes_and_no_shares_and_codes_among_words(tmp_path):
    rows = [["有無", "導入率（%）", "予定", "年齢（歳）", "策定日"]]
    rows += [["有" if n % 2 else "無", (50, 99, 12)[n % 3], ("済", "予定", "-99")[n % 3], 30 + n,
              ("2019-04-01", "未定", "R1.5.1", "令和2年4月", "H30.4.1")[n % 5]]
             for n in range(20)]  # fmt: skip
    found = questions(draft_of(tmp_path, rows))
    assert found["有無"]["type"] == "binary" and found["策定日"]["type"] == "date"
    assert "missing_tokens" not in found["導入率"]  # 99 percent is an answer
    assert [o["ja"] for o in found["予定"]["options"]] == ["済", "予定"]
    assert found["予定"]["missing_tokens"] == ["-99"]
    assert found["年齢"]["unit"]["en"] == "years of age"


def test_what_headings_and_slips_tell(tmp_path):
    page = openpyxl.Workbook().active
    page.append(["団体名", "回答日", "問1 有無", "問2 品目", None, "問3 日数（日）", "問4 充足度",
                 None, "策定年月", "問6 自由記述"])  # fmt: skip
    page.append([None, None, None, "食料", "毛布", None, "人員", "資機材", None, None])
    for area in ("D1:E1", "G1:H1"):
        page.merge_cells(area)
    for n in range(12):
        page.append([f"見本{n}町", f"2025-06-{n + 1:02}", (1, 2, "9（その他：検討中）")[n % 3],
                     "◎" if n == 3 else "○", "○" if n % 2 else None, (3, 7, 99)[n % 3],
                     (1, 2, 5, 99)[n % 4], n % 3 + 1, "2019年3月", "足りない。"])  # fmt: skip
    page.parent.save(tmp_path / "r.xlsx")
    found = questions(draft(tmp_path / "r.xlsx"))
    assert found["回答日"]["identity"] == "received" and found["策定年月"]["precision"] == "month"
    assert [option["code"] for option in found["有無"]["options"]] == [1, 2, 9]
    assert found["品目"]["type"] == "multi"  # though one ticked with ◎
    assert (found["日数"]["type"], found["日数"]["missing_tokens"]) == ("integer", ["99"])
    assert found["充足度"]["type"] == "battery" and found["充足度"]["missing_tokens"] == ["99"]
    assert [item["ja"] for item in found["充足度"]["items"]] == ["人員", "資機材"]
    assert found["自由記述"]["free"] and found["自由記述"]["type"] == "text"
    with pytest.raises(InputError, match="this is a folder"):
        draft(tmp_path)


def test_labels_and_missing_codes_of_spss(tmp_path, monkeypatch):
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "kind": list("ababab"),
                          "done": [0.0, 1, 1, 0, 1, 1], "q": [1.0, 97, 2, 98, 1, 2],
                          "r": [1.0, 9, 2, 1, 1, 2]})  # fmt: skip
    pyreadstat.write_sav(
        frame, tmp_path / "s.sav",
        column_labels=["団体コード", "種別", "実施", "満足", "形態"],
        variable_value_labels={
            "kind": {"a": "甲", "b": "乙"}, "done": {0: "していない", 1: "した"},
            "q": {1: "満足", 2: "不満", 97: "対象外", 98: "わからない"},
            "r": {1: "専任", 2: "兼任", 9: "無回答"},
        },
        missing_ranges={"q": [{"lo": 97, "hi": 99}]},
    )  # fmt: skip
    text = draft(tmp_path / "s.sav")
    found = questions(text)
    assert [(o["code"], o["ja"], o["source"]) for o in found["種別"]["options"]] == [
        (1, "甲", ["a"]), (2, "乙", ["b"])
    ]  # fmt: skip
    assert found["実施"]["type"] == "binary"
    assert {o["code"]: o["ja"] for o in found["実施"]["options"]} == {0: "していない", 1: "した"}
    assert [o["code"] for o in found["満足"]["options"]] == [1, 2]
    assert found["満足"]["missing_tokens"] == {"not_applicable": ["97"], "dont_know": ["98"]}
    assert found["形態"]["missing_tokens"] == ["9"]  # by its label alone
    assert reads_itself(tmp_path, monkeypatch, "s.sav", text).texts("kind").tolist() == [*"ababab"]


def test_without_the_optional_extra_the_sentence_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr(spss_stata, "subprocess", subprocess)  # a process of its own
    pyreadstat.write_sav(pd.DataFrame({"a": [1.0]}), tmp_path / "s.sav")
    (tmp_path / "pyreadstat.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(InputError, match="pyreadstat, the optional extra spss"):
        draft(tmp_path / "s.sav")


def test_a_survey_from_spss(tmp_path, monkeypatch):
    frame = pd.DataFrame({"code": ["990019", "990027"], "Q6": [1.0, 9.0], "staff": [13.0, None]})
    pyreadstat.write_sav(
        frame,
        tmp_path / "s.sav",
        column_labels=["団体コード", "組織形態", "職員数"],
        variable_value_labels={"Q6": {1: "専任課", 2: "兼任", 9: "無回答"}},
        missing_ranges={"Q6": [9]},
    )
    text = draft(tmp_path / "s.sav")
    form = questions(text)["組織形態"]
    assert form["type"] == "single" and form["id"] == "Q6"
    assert [(o["code"], o["ja"]) for o in form["options"]] == [(1, "専任課"), (2, "兼任")]
    assert form["missing_tokens"] == ["9"]
    table = reads_itself(tmp_path, monkeypatch, "s.sav", text)
    assert table.texts("Q6").tolist() == ["1", "9"]
    assert table.texts("staff").tolist() == ["13", ""]
    assert "B4" in set(addresses(table.cells[table.cells["record"] == 1]))  # below names and labels


def test_a_file_without_records(tmp_path):
    workbook(tmp_path / "r.xlsx", [["題名だけ"]])
    with pytest.raises(InputError, match="no heading with records"):
        draft(tmp_path / "r.xlsx")


def test_municipalities_side_by_side_are_drafted_as_replies(tmp_path, monkeypatch):
    names = ["札幌市", "函館市", "小樽市", "旭川市"]
    rows = [["設問", *names], ["問1 職員数", 5, 6, 7, 8], ["問2 導入", "済", "予定", "済", "済"]]
    text = draft_of(tmp_path, rows)
    assert "(--layout columns)" in text
    found = yaml.safe_load(text)["questions"]
    assert [q.get("identity") or q["type"] for q in found] == ["name", "integer", "single"]
    rows[0][0] = ""  # names of no heading are neither a question nor ignored
    book = yaml.safe_load(draft_of(tmp_path, rows))
    assert [q["type"] for q in book["questions"]] == ["integer", "single"] and "ignore" not in book


def test_a_form_is_no_table_of_replies(tmp_path):
    for label, who in (("団体コード", "082201"), ("団体名", "つくば市")):
        workbook(
            tmp_path / "r.xlsx", [[label, who], ["問1 職員数", 5], ["問2 有無", 1], ["問3", 2]]
        )
        with pytest.raises(InputError, match=f"{who} stands where a heading should.*a form"):
            draft(tmp_path / "r.xlsx")


def test_sheets_with_the_same_headings_are_read_together_and_the_others_named(tmp_path):
    book = openpyxl.Workbook()
    regions = {"東部": ["千葉市"], "西部": ["大津市", "姫路市"]}
    for name, cities in regions.items():
        page = book.create_sheet(name)
        page.append(["団体名", "問1 形態"])
        for city in cities * 4:
            page.append([city, "委託" if name == "東部" else "直営"])
    book.create_sheet("凡例").append(["委託", "直営"])
    book.save(tmp_path / "regions.xlsx")
    text = draft(tmp_path / "regions.xlsx")
    head = text.partition("id:")[0]
    assert "from 12 records" in head and "# other sheets, not looked at: 凡例\n" in head
    assert "# sheets with the same headings: 西部, 東部\n" in head
    assert {o["ja"] for o in questions(text)["形態"]["options"]} == {"委託", "直営"}


def test_an_export_on_several_sheets_is_drafted_from_all_of_them(tmp_path):
    book = openpyxl.Workbook()
    for name, work in (("1回目", "研修"), ("2回目", "採用")):
        page = book.create_sheet(name)
        page.append(["タイムスタンプ", "団体名", "取組"])
        for n in range(4):
            page.append([f"2024/06/0{n + 1} 9:00:00", f"町{n}", work])
    book.save(tmp_path / "r.xlsx")
    assert {o["ja"] for o in questions(draft(tmp_path / "r.xlsx"))["取組"]["options"]} == {
        "研修", "採用"
    }  # fmt: skip


def test_years_of_an_era_are_no_options(tmp_path):
    rows = [["団体名", "導入年度", "開設"]]
    rows += [[f"町{n}", ("H25", "R2", "2018")[n % 3], 2000 + n % 3] for n in range(12)]
    found = questions(draft_of(tmp_path, rows))
    assert found["導入年度"]["type"] == "text" and "options" not in found["導入年度"]
    assert found["開設"]["type"] == "integer"


# --- exports of form tools ----------------------------------------------------------------------

RIGHT = {"Q1": "single", "Q2": "multi", "Q3": "integer", "Q4": "battery", "Q5": "date",
         "Q6": "text"}  # fmt: skip
BY_TOOL = [export for some in exports.EXPORTS.values() for export in some]


@pytest.mark.parametrize("export", BY_TOOL, ids=lambda export: export.__name__)
def test_a_draft_of_an_export_needs_no_structural_edit(tmp_path, export):
    (tmp_path / "export.csv").write_bytes(exports.written(export))
    found = yaml.safe_load(draft(tmp_path / "export.csv"))["questions"]
    identity = [q.get("identity") for q in found]
    assert {"code", "name"} <= {*identity}
    if not export.__name__.startswith("redcap"):  # which has no time of its own
        assert "received" in identity
    questions = [q for q in found if not q.get("identity") and not q["id"].endswith("_other")]
    assert [q["type"] for q in questions] == [*RIGHT.values()]
    one, many = questions[0], questions[1]
    assert [o.get("other", False) for o in one["options"]] == [False, False, False, True]
    assert [o.get("other", False) for o in many["options"]] == [False, False, False, True]
    assert len(questions[3]["items"]) == 2 and len(questions[3]["options"]) == 3
    words = {o["ja"].removesuffix(" (to translate)") for o in many["options"]}
    if "文書の作成" in str(words):  # the export has words: an option with a comma is one
        assert "文書の作成, 要約" in words


def test_what_form_tools_write_that_is_no_option(tmp_path):
    """Times, links, what detects robots; a part that stands alone has the words of its question."""
    heads = [["EndDate", "Q1", "Q2", "Q3", "Q4#1_1", "Q5_1_1", "Q5_1_2", "Q_RecaptchaScore"],
             ["End Date", "団体名", "開始時刻", "資料", "取組 - 時期 - AI", "人数 - 本庁 - 正規",
              "人数 - 本庁 - 任期", "Q_RecaptchaScore"], ['{"ImportId":"x"}'] * 8]  # fmt: skip
    rows = [["2024-06-03 09:15:42", f"町{n}", ("9:00", "13:30:00")[n % 2], "https://example.jp/a",
             ("済", "予定")[n % 2], 7 * n, 3 * n, "1"] for n in range(12)]  # fmt: skip
    found = {q["id"]: q for q in yaml.safe_load(draft_of(tmp_path, [*heads, *rows]))["questions"]}
    kinds = {id: q["type"] for id, q in found.items() if id[0] == "Q"}
    assert kinds == {"Q1": "text", "Q2": "text", "Q3": "text", "Q04": "single",
                     "Q5_1_1": "integer", "Q5_1_2": "integer"}  # fmt: skip
    assert found["Q5_1_1"]["ja"] == "人数 - 本庁 [正規]"


def test_the_second_row_of_surveymonkey_names_no_question(tmp_path):
    rows = [
        ["Respondent ID", "End Date", "団体名", "件数"],
        ["", "", "Open-Ended Response", "回答"],
    ]
    rows += [[n, "06/13/2024 09:15:42 AM", f"町{n}", n] for n in range(9)]
    found = asked(tmp_path, rows)
    assert found[1]["source"] == ["団体名 / Open-Ended Response"]


def test_what_a_vv_export_does_not_show_is_no_option(tmp_path):
    rows = [["Response ID", "Date submitted", "Last page", "団体名", "業務"],
            ["id", "submitdate", "lastpage", "name", "q1"]]  # fmt: skip
    said = ["A1", "A2", "{question_not_shown}", "A1", "A2", "A1"]
    rows += [[n, "2024-06-03 09:15:42", 3, f"町{n}", text] for n, text in enumerate(said)]
    found = asked(tmp_path, rows, "vv.csv")
    assert [q.get("identity") for q in found] == ["received", "name", None]
    assert [o["source"] for o in found[2]["options"]] == [["A1"], ["A2"]]


@pytest.mark.parametrize(
    "stamp",
    ["Mon Jun {} 2024 09:15:00 GMT+0900 (日本標準時)", "{} June 2024", "2024年6月{}日 9:15:00"],
)
def test_time_stamps_of_scripts_and_lines_of_a_cell_in_the_draft_of_a_form(tmp_path, stamp):
    said = ["翻訳\n要約", "要約", "翻訳", "翻訳\n要約"]
    rows = [["タイムスタンプ", "団体名", "業務"]]
    rows += [[stamp.format(3), f"町{n}", text] for n, text in enumerate(said)]
    found = asked(tmp_path, rows)
    assert found[0]["identity"] == "received" and found[0]["type"] == "date"
    assert {o["ja"] for o in found[2]["options"]} == {"翻訳", "要約"}


def test_the_section_that_answered_is_no_question_of_an_export(tmp_path):
    rows = [["タイムスタンプ", "団体名", "部署", "氏名", "問1 情報職員数"]]
    rows += [["2024/06/03 9:15:42", f"町{n}", "総務課", "山田", n] for n in range(5)]
    found = yaml.safe_load(text := draft_of(tmp_path, rows))
    assert "read as an export of google-forms" in text and found["ignore"] == ["部署"]
    assert [q["ja"] for q in found["questions"] if not q.get("identity")] == ["情報職員数"]


@pytest.mark.parametrize("export", BY_TOOL, ids=lambda export: export.__name__)
def test_the_draft_of_an_export_reads_it_without_a_refusal(tmp_path, monkeypatch, export):
    (tmp_path / "export.csv").write_bytes(exports.written(export))
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    books = tmp_path / "data" / "codebooks"
    books.mkdir(parents=True)
    (books / "d.yml").write_text(draft(tmp_path / "export.csv"), "utf-8")
    given = [str(tmp_path / "export.csv"), "--codebook", "d", "--as-of", "2024-06-01"]
    assert main(["new-wave", "w", *given]) == 0
    got = cleaned_wave("w")  # the codebook by its file's name, whatever its id
    assert len(got.responses) == 15
    doubted = got.findings[got.findings["severity"].isin(["doubtful", "refused"])]
    assert doubted.empty, doubted[["question", "rule", "raw"]].to_string()


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (
            ("満足", "やや満足", "不満"),
            ["満足", "やや満足", "どちらともいえない", "やや不満", "不満"],
        ),
        (("Agree", "Strongly disagree", "Disagree"), None),
        (("とても重要", "重要", "あまり重要でない"), ["とても重要", "重要", "あまり重要でない"]),
        *(
            (words, [*words])
            for words in (
                ("とても必要", "やや必要", "あまり必要でない", "全く必要でない"),
                ("とても", "やや", "あまり", "全く"),
                ("十分できている", "ある程度できている", "あまりできていない", "できていない"),
                ("高い", "やや高い", "変わらない", "やや低い", "低い"),
                ("必要", "どちらかといえば必要", "どちらかといえば不要", "不要"),
                ("大いにある", "少しある", "ほとんどない", "全くない"),
                ("Very useful", "Somewhat useful", "Not very useful", "Not at all useful"),
            )
        ),
    ],
)
def test_a_scale_is_ordinal_and_has_the_point_that_nobody_chose(tmp_path, words, options):
    given = [words[-1], *words] * 4  # the last is the most frequent
    rows = [["団体名", "問1"], *([f"町{n}", text] for n, text in enumerate(given))]
    found = asked(tmp_path, rows)[1]
    assert found["type"] == "ordinal"
    if options:
        kept = [o["ja"].removesuffix(" (to translate)") for o in found["options"]]
        assert kept == options or set(words) <= set(kept)


def test_a_scale_of_five_has_five_points_though_nobody_chose_the_fourth(tmp_path):
    rows = [
        ["団体名", "問1 満足度（5段階）"],
        *([f"町{n}", (1, 2, 3, 5)[n % 4]] for n in range(12)),
    ]
    found = asked(tmp_path, rows)[1]
    assert (found["type"], [o["code"] for o in found["options"]]) == ("ordinal", [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("words", "codes", "first"),
    [
        (("1 (never)", "2", "3", "5 (always)"), [1, 2, 3, 4, 5], "never"),
        (("2 - a bit", "4 - very", "1 - not at all"), [1, 2, 3, 4], "not at all"),
        (("1万人以上5万人未満", "5万人以上", "1万人未満"), [1, 2, 3], "1万人未満"),
        (("30-44", "> 60", "18-29", "45-60"), [1, 2, 3, 4], "18-29"),
        (("2回", "1回", "1回", "2回", "1回", "3回以上"), [1, 2, 3], "1回"),
    ],
)
def test_points_with_words_at_the_ends_and_classes_of_numbers_are_ordinal(
    tmp_path, monkeypatch, words, codes, first
):
    rows = [["団体名", "問1 頻度"], *([f"町{n}", words[n % len(words)]] for n in range(12))]
    text = draft_of(tmp_path, rows)
    found = yaml.safe_load(text)["questions"][1]
    assert (found["type"], [o["code"] for o in found["options"]]) == ("ordinal", codes)
    assert first in (found["options"][0]["ja"], found["options"][0]["en"])


def test_pairs_of_numbers_whole_numbers_with_a_point_and_spellings_of_one_word(tmp_path):
    rows = [["団体名", "問1 誕生日", "問2 経験", "問3 導入", "問4 選択（3つまで）"]]
    sets = ("国、県、市", "県、国", "市、県、国、町", "国、町")
    for n in range(12):
        rows.append([f"町{n}", f"0{n % 9 + 1}/1{n % 8}", f"{n}.0", ("None", "none", "Some")[n % 3],
                     sets[n % 4]])  # fmt: skip
    found = asked(tmp_path, rows)[1:]
    assert [q["type"] for q in found] == ["text", "integer", "single", "multi"]
    assert [o["en"] for o in found[2]["options"]] == ["None", "Some"]
    assert len(found[3]["options"]) == 4


ARRAYS = {  # headings of an array of numbers and of one with two scales, as LimeSurvey writes them
    "codes": ["Q5[SQ001][1]", "Q5[SQ001][2]", "Q5[SQ002][1]", "Q5[SQ002][2]", "Q6[SQ001_SQ003]",
              "Q6[SQ001_SQ004]", "Q6[SQ002_SQ003]", "Q6[SQ002_SQ004]"],
    "R": ["Q5_SQ001_0", "Q5_SQ001_1", "Q5_SQ002_0", "Q5_SQ002_1", "Q6_SQ001_SQ003",
          "Q6_SQ001_SQ004", "Q6_SQ002_SQ003", "Q6_SQ002_SQ004"],
    "words": ["連携 [国][今]", "連携 [国][五年後]", "連携 [県][今]", "連携 [県][五年後]",
              "人数 [本庁][正規]", "人数 [本庁][任期]", "人数 [支所][正規]", "人数 [支所][任期]"],
}  # fmt: skip


@pytest.mark.parametrize("how", ARRAYS)
def test_the_cells_of_an_array_of_limesurvey_are_questions(tmp_path, monkeypatch, how):
    rows = [["id", "submitdate", "lastpage", "startlanguage", "団体名", *ARRAYS[how]]]
    if how == "words":
        rows[0][:4] = ["回答ID", "送信日", "最後のページ", "開始言語"]
    for n in range(12):
        scales = [f"A{n % 3 + 1}", f"B{n % 2 + 1}", f"A{(n + 1) % 3 + 1}", f"B{(n + 1) % 2 + 1}"]
        rows.append([n, "2024-06-03 09:15:42", 3, "ja", f"町{n}", *scales,
                     *((n + k) % 4 for k in range(4))])  # fmt: skip
    text = draft_of(tmp_path, rows)
    found = [q for q in yaml.safe_load(text)["questions"] if not q.get("identity")]
    assert [q["type"] for q in found] == ["single"] * 4 + ["integer"] * 4
    assert [len(q["options"]) for q in found[:4]] == [3, 2, 3, 2]
    assert text.count("one line of an array") == 4
    sheet, export = tools.choose(read_file(tmp_path / "r.csv"))
    table = read_rows(sheet, Headings(Codebook.parse(yaml.safe_load(text))), export=export)
    assert [table.columns[q["id"]] for q in found] == [*range(5, 13)]


def test_markers_that_recur_and_columns_of_persons(tmp_path):
    heads = ["団体名", "メールアドレス", *(f"問{n} 人数" for n in range(1, 7))]
    rows = [heads]
    for n in range(9):
        counts = ("#n.s." if (n + k) % 3 else n + k for k in range(6))
        rows.append([f"町{n}", "x@example.jp", *counts])
    text = draft_of(tmp_path, rows)
    book = yaml.safe_load(text)
    assert "#n.s." in book["missing"]["no_answer"]["tokens"]
    assert "# left out, no questions: メールアドレス" in text
    assert [q["type"] for q in book["questions"][1:]] == ["integer"] * 6


def test_answers_that_begin_with_one_number_have_the_same_codes_each_time():
    words = ["2", "1〜2", "1", "0", "3"]
    assert options.bands(words) == options.bands(words[::-1]) == ["0", "1", "1〜2", "2", "3"]


def test_what_is_no_point_of_a_scale_stands_behind_it(tmp_path):
    words = ("Unfamiliar (N/A)", "Very unfavorably", "Somewhat favorably", "Neither (neutral)",
             "Somewhat unfavorably", "Very favorably")  # fmt: skip
    rows = [["Timestamp", "団体名", "見方 [甲]", "見方 [乙]", "評価"]]
    rows += [["2024/06/03 9:15:42", f"町{n}", *(words[k % 6] for k in (n, 5 * n, n + 1))]
             for n in range(24)]  # fmt: skip
    battery, alone = asked(tmp_path, rows)[2:]
    points = ["Very favorably", "Somewhat favorably", "Neither (neutral)", "Somewhat unfavorably",
              "Very unfavorably"]  # fmt: skip
    assert [o["en"] for o in battery["options"]] == [*points, words[0]]
    assert (battery["type"], alone["type"]) == ("battery", "ordinal")
    assert [o["en"] for o in alone["options"]] == points
    assert alone["missing_tokens"] == {"dont_know": [words[0]]}


@pytest.mark.parametrize("words", [("専任", "一部兼任", "その他"), ("市", "町", "村")])
def test_words_without_a_lower_half_are_no_scale(tmp_path, words):
    rows = [["団体名", "問1"], *([f"町{n}", words[n % 3]] for n in range(12))]
    assert asked(tmp_path, rows)[1]["type"] == "single"


def test_the_unit_that_stands_behind_the_numbers_is_that_of_the_question(tmp_path):
    rows = [["団体名", "問1 申請", "問2 予算", "問3 期間", "問4 職員（人）", "問5 率"]]
    rows += [[f"町{n}", f"{n},{n}00件", f"{n}千円", (f"{n}日", f"{n}か月")[n % 2], f"{n}名",
              f"{n}%"] for n in range(3, 10)]  # fmt: skip
    text = draft_of(tmp_path, rows)
    units = [q.get("unit", {}).get("ja") for q in yaml.safe_load(text)["questions"][1:]]
    assert units == ["件", "千円", None, "人", "%"]


def test_the_words_beside_other_belong_to_the_question_of_their_number(tmp_path, monkeypatch):
    rows = [["団体名", "問1 導入状況", "問1 その他の内容", "問2 手段：出向", "問2 手段：その他",
             "問2 その他の内容"]]  # fmt: skip
    rows += [[f"町{n}", ("済", "予定", "その他")[n % 3], "試行中" if n % 3 == 2 else "", n % 2,
              int(n == 5), "民間" if n == 5 else ""] for n in range(12)]  # fmt: skip
    text = draft_of(tmp_path, rows)
    found = yaml.safe_load(text)["questions"]
    assert [(q["id"], q["type"]) for q in found[1:]] == [("Q01", "single"), ("Q02", "multi")]
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert [table.texts(v)[5] for v in ("Q01_other", "Q02_1", "Q02_2", "Q02_other")] == [
        "試行中", "1", "1", "民間"
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["団体名", "タイムスタンプ"])
def test_two_questions_of_one_heading_are_told_apart_by_their_order(tmp_path, monkeypatch, first):
    rows = [[first, "団体名", "人数", "人数"]]
    rows += [["2024/06/03 9:15:42", f"町{n}", n, 100 + n] for n in range(9)]
    rows = rows if first != "団体名" else [row[1:] for row in rows]
    text = draft_of(tmp_path, rows)
    one, two = yaml.safe_load(text)["questions"][-2:]
    assert (one["source"], two["source"]) == (["人数 (1)"], ["人数 (2)"])
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert table.texts(one["id"])[3] == "3" and table.texts(two["id"])[3] == "103"


@pytest.mark.parametrize("head", ["貴団体名", "自治体名称", "Name of the municipality"])
def test_how_offices_head_the_column_of_who_replied(tmp_path, head):
    rows = [[head, "問1 人数"], ["札幌市", 3], ["函館市", 4]]
    assert asked(tmp_path, rows)[0]["identity"] == "name"


@pytest.mark.parametrize("heads", [["ID", "メール"], ["Q3[other]"]])
def test_a_file_of_columns_that_are_no_questions_is_refused(tmp_path, heads):
    rows = [heads, *([f"x{n}"] * len(heads) for n in range(3))]
    with pytest.raises(InputError, match="no heading with records below it"):
        draft_of(tmp_path, rows)


def test_a_column_of_addresses_is_personal_whatever_its_heading_says(tmp_path, monkeypatch):
    rows = [["団体名", "問1 返信先", "問2 人数"]]
    rows += [[f"町{n}", f"x{n}@example.jp", n] for n in range(9)]
    text = draft_of(tmp_path, rows)
    assert [q["ja"] for q in yaml.safe_load(text)["questions"]] == ["団体名", "人数"]
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert set(table.outside["reason"]) == {"header", "personal"}
    assert "@" not in table.cells.to_csv()


def test_a_question_in_which_nobody_chose_two_is_hinted_at(tmp_path):
    rows = [["団体名", "問1 業務 [甲]", "問1 業務 [乙]"]]
    rows += [[f"町{n}", "○" if n % 2 else "", "" if n % 2 else "○"] for n in range(6)]
    assert "nobody chose two" in draft_of(tmp_path, rows)


SHARED = Path(__file__).parents[4] / "shared" / "data" / "exports"
# --- statistics packages ------------------------------------------------------------------------


def test_the_categories_of_a_set_of_spss_are_one_answer_with_several_codes():
    data = spss_stata.LabelledFile(
        names=["a", "m1", "m2", "m3", "z"], labels=["A", "first", "second", "third", "Z"],
        value_labels={name: {"1": "国", "2": "県", "9": "無回答"} for name in ("m1", "m2", "m3")},
        missing={"m1": ["9"]}, dates=[], rows=[["x", 1.0, 2.0, "", 5], ["y", 9.0, "", "", 6],
                                               ["z", 2.0, 2.0, 9.0, 7], ["v", "", "", "", 8]],
        sets=[],
    )  # fmt: skip
    one = spss_stata.AnswerSet("uses", "利用先", ["m1", "m2", "m3"], "")
    spss_stata.join(data, one)
    assert (data.names, data.labels) == (["a", "uses", "z"], ["A", "利用先", "Z"])
    assert [row[1] for row in data.rows] == ["1;2", "9", "2", ""]
    assert data.value_labels["uses"]["2"] == "県" and data.missing["uses"] == ["9"]


def test_value_labels_at_the_ends_of_a_number_and_lines_of_a_battery(tmp_path, monkeypatch):
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "years": [0.0, 7, 12, 99, 3, 25],
                          "q2a": [1.0, 2, 3, 1, 2, 9], "q2b": [3.0, 2, 1, 9, 1, 2]})  # fmt: skip
    often = {1: "よくある", 2: "ときどき", 3: "ない", 9: "わからない・無回答"}
    pyreadstat.write_sav(
        frame, tmp_path / "s.sav", column_labels=["団体コード", "年数", "甲の頻度", "乙の頻度"],
        variable_value_labels={"years": {0: "1年未満", 99: "無回答"}, "q2a": often, "q2b": often},
    )  # fmt: skip
    text = draft(tmp_path / "s.sav")
    found = {q["id"]: q for q in yaml.safe_load(text)["questions"]}
    assert found["years"]["type"] == "integer" and found["years"]["missing_tokens"] == ["99"]
    assert found["q2"]["type"] == "battery" and len(found["q2"]["items"]) == 2
    assert [o["ja"] for o in found["q2"]["options"]] == list(often.values())
    table = reads_itself(tmp_path, monkeypatch, "s.sav", text)
    assert table.texts("q2_q2b").tolist() == ["3", "2", "1", "9", "1", "2"]


def test_headings_that_stand_twice_are_told_apart_by_the_group_above(tmp_path, monkeypatch):
    heads = [["", "本庁", "", "支所", "", ""], ["団体名", "人数", "経費", "人数", "経費", ""]]
    rows = [[f"町{n}", 3 * n, 70 * n, 5 * n + 1, 90 * n, n + 1] for n in range(9)]
    text = draft_of(tmp_path, [*heads, *rows])
    book = yaml.safe_load(text)
    assert [q["ja"] for q in book["questions"]] == [
        "団体名", "本庁 / 人数", "本庁 / 経費", "支所 / 人数", "支所 / 経費",
    ]  # fmt: skip
    assert book["ignore"] == ["F2"]  # a column without a heading, by its cell
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert table.texts("Q04").tolist() == [str(5 * n + 1) for n in range(9)]
    assert set(table.outside["reason"]) == {"header", "ignored", "title"} or set(
        table.outside["reason"]
    ) == {"header", "ignored"}


def test_one_list_of_options_below_two_questions_and_a_heading_above_both(tmp_path, monkeypatch):
    """The draft called them by two rows of headings joined, which is the text of no cell."""
    asked = ["問1 窓口（複数回答）", "問2 庁内（複数回答）"]
    heads = [["基本情報", None, "設問"], ["番号", "団体名", asked[0], None, asked[1]],
             [None, None, "電話", "訪問", "電話", "訪問"]]  # fmt: skip
    rows = [
        [n, f"町{n}", *("○" if n % k == 1 else None for k in (2, 3, 4, 5))] for n in range(1, 9)
    ]
    workbook(tmp_path / "r.xlsx", [*heads, *rows])
    text = draft(tmp_path / "r.xlsx")
    sources = [q.get("source") for q in yaml.safe_load(text)["questions"] if q["type"] == "multi"]
    assert sources == [[text] for text in asked]
    table = reads_itself(tmp_path, monkeypatch, "r.xlsx", text)
    assert table.n == 8


def test_names_with_spaces_between_them_are_several_answers_of_kobo(tmp_path):
    rows = [["use", "_uuid", "_submission_time"]]
    rows += [[("a b", "b", "a c", "c")[n % 4], f"u{n}", f"2024-06-0{n + 1}T09:15:42"]
             for n in range(8)]  # fmt: skip
    use = asked(tmp_path, rows)[0]
    assert use["type"] == "multi" and len(use["options"]) == 3


def test_a_multiple_response_set_of_spss_is_one_question(tmp_path, monkeypatch):
    name = "spss_multiple_response_sets.sav"
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not here")
    found = {q["id"]: q for q in yaml.safe_load(draft(SHARED / name))["questions"]}
    own = found["mymrset"]
    assert own["type"] == "multi" and "bool1" not in found
    assert [option["source"] for option in own["options"]] == [["bool1"], ["bool2"], ["bool3"]]


LABELS = ["団体コード", "組織形態", "職員数"]


often = [8, 13, 14]  # 10 is written as 8 is, 15 as 14
rarely = [pytest.param(version, marks=pytest.mark.slow) for version in (10, 15)]


def test_yes_and_no_to_each_option_of_spss_are_one_question(tmp_path, monkeypatch):
    frame = pd.DataFrame({"NAME": ["架空市", "見本町"], "q2_a": [1.0, 2.0], "q2_b": [2.0, 1.0]})
    words = {1: "はい", 2: "いいえ"}
    labels = ["団体名", "研修", "採用"]
    pyreadstat.write_sav(frame, tmp_path / "s.sav", column_labels=labels,
                         variable_value_labels={"q2_a": words, "q2_b": words})  # fmt: skip
    text = draft(tmp_path / "s.sav")
    (asked,) = [q for q in yaml.safe_load(text)["questions"] if q["type"] == "multi"]
    assert [o["ja"] for o in asked["options"]] == ["研修", "採用"]
    assert asked["ticks"] == {"1": True, "2": False}
    assert reads_itself(tmp_path, monkeypatch, "s.sav", text).n == 2


@pytest.mark.parametrize("version", [*often, *rarely])
def test_a_survey_from_stata(tmp_path, monkeypatch, version):
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "form": [1.0, 2, 1, 2, 1, 2],
                          "staff": [13.0, 4, 50, 7, 31, 12]})  # fmt: skip
    pyreadstat.write_dta(
        frame, tmp_path / "s.dta", version=version,
        column_labels=LABELS if version > 13 else ["code", "form", "n"],
        variable_value_labels={"form": {1: "専任", 2: "兼任"}} if version > 13 else {},
    )  # fmt: skip
    text = draft(tmp_path / "s.dta")
    table = reads_itself(tmp_path, monkeypatch, "s.dta", text)
    assert table.texts("staff").tolist() == ["13", "4", "50", "7", "31", "12"]
    if version > 13:
        form = questions(text)["組織形態"]
        assert [(o["code"], o["ja"]) for o in form["options"]] == [(1, "専任"), (2, "兼任")]


@pytest.mark.parametrize("name", ["s.dta", "s.sav"])
def test_quarters_and_months_of_spss_and_stata_are_dates(tmp_path, monkeypatch, name):
    begun = pd.PeriodIndex(["2019Q1", "2019Q2", "2019Q3", None, "2020Q1", "2020Q2"], freq="Q")
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "begun": begun.to_timestamp().date})
    if name == "s.sav":
        frame["ended"] = frame["begun"]
        formats = {"begun": "QYR8", "ended": "MOYR8"}
        pyreadstat.write_sav(frame, tmp_path / name, variable_format=formats)
    else:
        frame["begun"] = [236.0, 237, 238, None, 240, 241]  # quarters since 1960
        pyreadstat.write_dta(frame, tmp_path / name, variable_format={"begun": "%tq"})
    text = draft(tmp_path / name)
    asked = {(q["type"], q.get("precision")) for q in yaml.safe_load(text)["questions"][1:]}
    assert asked == {("date", "month")}
    read_back = reads_itself(tmp_path, monkeypatch, name, text).texts("begun").tolist()
    assert read_back == ["2019-01", "2019-04", "2019-07", "", "2020-01", "2020-04"]


@pytest.mark.parametrize("name", ["s.dta", "s.sav"])
def test_weeks_of_spss_and_stata_are_dates(tmp_path, monkeypatch, name):
    days = pd.to_datetime(["2020-01-01", "2020-01-08", "2020-02-05", None, "2020-01-01", None])
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "begun": days.date})
    if name == "s.sav":
        pyreadstat.write_sav(frame, tmp_path / name, variable_format={"begun": "WKYR8"})
    else:
        frame["begun"] = [3120.0, 3121, 3125, None, 3120, None]  # weeks since 1960
        pyreadstat.write_dta(frame, tmp_path / name, variable_format={"begun": "%tw"})
    text = draft(tmp_path / name)
    assert yaml.safe_load(text)["questions"][1]["type"] == "date"
    read_back = reads_itself(tmp_path, monkeypatch, name, text).texts("begun").tolist()
    assert read_back == ["2020-01-01", "2020-01-08", "2020-02-05", "", "2020-01-01", ""]


def test_the_kinds_of_missing_of_stata_are_kept(tmp_path):
    if not (SHARED / "stata_tagged_na.dta").is_file():
        pytest.skip("stata_tagged_na.dta is not here")
    found = yaml.safe_load(draft(SHARED / "stata_tagged_na.dta"))["questions"]
    assert {".a", ".h", ".z"} <= set(found[0]["missing_tokens"])


def test_a_draft_of_columns_with_brackets_reads_its_own_table(tmp_path, monkeypatch):
    rows = [["団体名", "問4 取組 [研修]", "問4 取組 [採用]", "問5 業務_翻訳", "問5 業務_要約"]]
    levels = ("済", "予定", "未定")
    rows += [[f"町{n}", levels[n % 3], levels[(n + 1) % 3], n % 2, 1 - n % 2] for n in range(9)]
    text = draft_of(tmp_path, rows)
    found = [q["type"] for q in yaml.safe_load(text)["questions"]]
    assert found == ["text", "battery", "multi"]
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert (table.n, len(table.variables)) == (9, 5)


def test_a_grid_of_boxes_is_a_question_a_line_and_no_combination_an_option(tmp_path):
    rows = [["タイムスタンプ", "団体名", "Q1. 取組 [研修]", "Q1. 取組 [採用]"]]
    chosen = ["国, 県", "県", "国", "国, 県, 市", "市", "県, 市", "国", "県"]
    for n, words in enumerate(chosen):
        rows.append([f"2024/06/0{n + 1} 9:15:42", f"町{n}", words, chosen[n - 3]])
    text = draft_of(tmp_path, rows)
    found = [q for q in yaml.safe_load(text)["questions"] if "[" in q["ja"]]
    assert [q["type"] for q in found] == ["multi", "multi"]
    assert [{o["ja"] for o in q["options"]} for q in found] == [{"国", "県", "市"}] * 2
    sheet, export = tools.choose(read_file(tmp_path / "r.csv"))
    book = Codebook.parse(yaml.safe_load(text))
    table = read_rows(sheet, Headings(book), export=export)
    assert {q["id"] for q in found} <= set(table.columns) and len(table.rows) == 8


def test_options_with_a_remark_beside_each_are_one_question(tmp_path):
    head = ["id", "submitdate", "lastpage", "name", "Q2[SQ001]", "Q2[SQ001comment]", "Q2[SQ002]",
            "Q2[SQ002comment]"]  # fmt: skip
    rows = [[i, f"2024-06-0{i} 09:00:00", 1, f"{name}市", "Y", f"注記{i}", "Y" * (i > 2), "他"]
            for i, name in enumerate(("札幌", "函館", "小樽", "旭川"), 1)]  # fmt: skip
    workbook(tmp_path / "r.xlsx", [head, *rows])
    found = [q for q in yaml.safe_load(draft(tmp_path / "r.xlsx"))["questions"] if "options" in q]
    assert [(q["id"], q["type"], len(q["options"])) for q in found] == [("Q2", "multi", 2)]


def test_words_beside_other_are_no_question_of_their_own_and_a_remark_is_none_of_them(tmp_path):
    heads = [
        "団体名",
        "形態",
        "形態（その他の内容）",
        "取組",
        "取組 その他の内容",
        "職員数",
        "職員数（その他）",
    ]
    rows = [["架空市", 1, "", "1、3", "", 13, "嘱託"], ["見本町", 9, "広域", "1、8", "展示", 4, ""],
            ["例示村", 2, "", "2", "", 7, ""], ["仮設区", 9, "一部", "8、2", "講座", 5, "嘱託"],
            ["模擬市", 1, "", "1", "", 8, ""], ["試験市", 2, "", "3", "", 9, ""]]  # fmt: skip
    workbook(tmp_path / "r.xlsx", [heads, *rows])
    found = questions(draft(tmp_path / "r.xlsx"))
    assert [*found] == ["団体名", "形態", "取組", "職員数", "職員数（その他）"]
    others = {name: [option["code"] for option in found[name]["options"] if option.get("other")]
              for name in ("形態", "取組")}  # fmt: skip
    assert others == {"形態": [9], "取組": [8]}


def test_who_replied_is_seen_in_the_cells_where_no_heading_says_it(tmp_path, monkeypatch):
    rows = [["k1", "k2", "k3", "q1"], ["990019", "札幌市", "函館市", 3]]
    rows += [["990027", "函館市", "札幌市", 5], ["990035", "青森市", "札幌市", 6]]
    workbook(tmp_path / "r.xlsx", rows)
    text = draft(tmp_path / "r.xlsx")
    found = {
        q["ja"].partition(" ")[0]: q.get("identity") for q in yaml.safe_load(text)["questions"]
    }
    assert found == {"k1": "code", "k2": "name", "k3": None, "q1": None}
    assert reads_itself(tmp_path, monkeypatch, "r.xlsx", text).n == 3


def test_numbers_of_questions_over_their_words_and_the_order_of_a_ranking(tmp_path, monkeypatch):
    rows = [["回答No", "団体名", "Q1", "Q2_1", "Q2_2", "Q3"],
            ["", "", "職員数", "研修", "採用", "重視する順"]]  # fmt: skip
    names = ["架空市", "見本町", "例示村", "仮設区"]
    orders = ["早い;安い;確か;", "安い;確か;早い;", "確か;早い;安い;", "早い;確か;安い;"]
    rows += [[n, name, 13 + n, n % 2, 1, orders[n]] for n, name in enumerate(names)]
    workbook(tmp_path / "r.xlsx", rows)
    text = draft(tmp_path / "r.xlsx")
    found = questions(text)
    assert {name: found[name]["type"] for name in ("職員数", "重視する順")} == {
        "職員数": "integer", "重視する順": "multi"}  # fmt: skip
    assert [o["ja"] for o in found["問2"]["options"]] == ["研修", "採用"]
    assert text.count("is it a ranking?") == 1
    assert reads_itself(tmp_path, monkeypatch, "r.xlsx", text).n == 4


def test_dates_that_may_begin_with_month_or_day_are_left_to_a_person(tmp_path):
    towns = [("つくば市", "01/02/2026", "13/02/2026", "02/13/2026"),
             ("千葉市", "03/04/2026", "01/04/2026", "04/01/2026")]  # fmt: skip
    head = ["団体名", "問1 開始日", "問2 終了日", "問3 公開日"]
    found = questions(draft_of(tmp_path, [head, *towns], "d.csv"))
    orders = {name: found[name].get("dates") for name in ("開始日", "終了日", "公開日")}
    assert orders == {"開始日": None, "終了日": "dmy", "公開日": "mdy"}


@pytest.mark.parametrize(
    ("days", "order"),
    [(("1/2/2024", "3/4/2024"), None), (("1/2/2024", "14/3/2024"), "dmy"),
     (("1/2/2024", "3/14/2024"), "mdy")],
)  # fmt: skip
def test_the_day_of_a_reply_in_google_forms_has_the_order_that_a_day_tells(tmp_path, days, order):
    """It is that of the person's country: 1/2/2024 may be the first of February."""
    rows = [["Timestamp", "団体名", "職員数"]]
    rows += [
        [f"{day} 9:15:00", name, 5] for day, name in zip(days, ["つくば市", "千葉市"], strict=True)
    ]
    text = draft_of(tmp_path, rows, "g.csv")
    (received,) = (q for q in questions(text).values() if q.get("identity") == "received")
    assert received.get("dates") == order


def test_a_table_in_a_zip_archive_is_drafted_as_new_wave_reads_it(tmp_path):
    workbook(tmp_path / "r.xlsx", [HEAD, *ROWS])
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.write(tmp_path / "r.xlsx", "回答.xlsx")
    packed, plain = draft(tmp_path / "r.zip"), draft(tmp_path / "r.xlsx")
    assert questions(packed) == questions(plain)


@pytest.mark.parametrize("first", ["団体名", "タイムスタンプ"])
def test_words_below_a_heading_that_says_no_more_than_other(tmp_path, monkeypatch, first):
    """They are those of the question before, where they stand beside its "other"."""
    rows = [[first, "形態", "その他の内容", "取組", "Other (please specify)", "課題", "その他"]]
    rows += [[f"町{n}" if first == "団体名" else f"2024/05/0{n + 1} 9:00:00",
              ("委託", "直営", "その他")[n % 3], "共同" if n % 3 == 2 else "",
              "研修;その他" if n % 2 else "研修;採用", "人事交流" if n % 2 else "",
              ("人", "金")[n % 2], "特になし" if n % 3 else ""] for n in range(9)]  # fmt: skip
    text = draft_of(tmp_path, rows)
    owners = {q["id"]: q.get("other_of") for q in yaml.safe_load(text)["questions"]}
    assert [*owners.values()].count(None) == 5  # who, 形態, 取組, 課題 and the remark beside it
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    by_owner = {owner: table.texts(id)[5] for id, owner in owners.items() if owner}
    assert [*by_owner.values()] == ["共同", "人事交流"]


def test_two_headings_that_say_no_more_than_other_are_told_apart(tmp_path, monkeypatch):
    rows = [["団体名", "形態", "その他の内容", "人", "その他の内容"]]
    rows += [[f"町{n}", ("委託", "直営", "その他")[n % 3], "共同" if n % 3 == 2 else "",
              ("専任", "その他")[n % 2], "派遣" if n % 2 else ""] for n in range(9)]  # fmt: skip
    text = draft_of(tmp_path, rows)
    ids = [q["id"] for q in yaml.safe_load(text)["questions"] if q.get("other_of")]
    table = reads_itself(tmp_path, monkeypatch, "r.csv", text)
    assert [table.texts(id)[5] for id in ids] == ["共同", "派遣"]


# --- as exports of the world are -----------------------------------------------------------------


def drafted_of(path, rows, name="r.csv"):
    """The questions of the draft of rows without a municipality, by id; the codebook is valid."""
    content = yaml.safe_load(draft_of(path, rows, name))
    Codebook.parse(content)
    return {q["id"]: q for q in content["questions"]}


def english(question, what="options"):
    return [one["en"].removesuffix(" (to translate)") for one in question[what]]


def test_one_header_row_of_surveymonkey_tells_options_and_the_words_of_other(tmp_path):
    asked = "How do you get there?"
    found = drafted_of(tmp_path, [
        ["Respondent ID", "Collector ID", "Start Date", "End Date", *(
            f"{asked} - {part}" for part in
            ("Train", "Bus", "On foot", "Other (please specify)", "Other (please specify)"))],
        *([f"{n}", "7", "05/01/2024 10:00:00 AM", "05/01/2024 10:05:00 AM", *ticks] for n, ticks in
          enumerate([["Train", "", "", "", ""], ["Train", "Bus", "", "", ""],
                     ["", "", "On foot", "", ""],
                     ["", "", "", "Other (please specify)", "with a friend"]], 101)),
    ])  # fmt: skip
    [question] = (q for q in found.values() if q["type"] != "date")
    assert (question["type"], question["en"]) == ("multi", asked)
    assert english(question) == ["Train", "Bus", "On foot", "Other (please specify)"]
    assert [bool(option.get("other")) for option in question["options"]] == [False] * 3 + [True]


def test_an_older_export_of_qualtrics_and_words_beside_an_item(tmp_path):
    asked = "How often do you use these?-"
    names = ["StartDate", "EndDate", "Q1_1", "Q1_2", "Q1_3", "Q1_3_TEXT"]
    found = drafted_of(tmp_path, [
        names,
        ["Start Date", "End Date", f"{asked}Maps", f"{asked}Mail", f"{asked}Other",
         f"{asked}Other-TEXT"],
        [f"{{'ImportId': '{name}'}}" for name in names],
        ["2017-01-02 10:00:00", "2017-01-02 10:10:00", "Often", "Never", "", ""],
        ["2017-01-03 10:00:00", "2017-01-03 10:10:00", "Never", "Often", "Often", "a diary"],
        ["2017-01-04 10:00:00", "2017-01-04 10:10:00", "Often", "Often", "Never", ""],
    ])  # fmt: skip
    question = found["Q1"]
    assert (question["type"], english(question, "items")) == ("battery", ["Maps", "Mail", "Other"])
    assert question["en"].startswith("How often do you use these?")


@pytest.mark.parametrize("id", ["Antwort ID", "ID de la réponse", "ID de respuesta"])
def test_a_german_french_or_spanish_limesurvey_with_words_for_headings(tmp_path, id):
    sent, last, yes, no = {
        "Antwort ID": ("Datum Abgeschickt", "Letzte Seite", "Ja", "Nein"),
        "ID de la réponse": ("Date de soumission", "Dernière page", "Oui", "Non"),
        "ID de respuesta": ("Fecha de envío", "Última página", "Sí", "No"),
    }[id]
    found = drafted_of(tmp_path, [
        [id, sent, last, "Tools [Slides]", "Tools [Boards]", "Tools [Films]", "Age"],
        ["4", "2024-05-01 10:00", "3", yes, no, no, "31"],
        ["5", "2024-05-02 10:00", "3", yes, yes, no, "45"],
        ["6", "2024-05-03 10:00", "3", no, yes, yes, "28"],
    ])  # fmt: skip
    kinds = [q["type"] for q in found.values()]
    assert kinds == ["date", "multi", "integer"]
    [tools_] = (q for q in found.values() if q["type"] == "multi")
    assert english(tools_) == ["Slides", "Boards", "Films"]


@pytest.mark.parametrize(("cells", "type_", "other"), [
    ([["Mail", ""], ["", "Post"], ["Mail", "Post"], ["Mail", ""]], "multi", ["Mail", "Post"]),
    ([["Yes", "No"], ["No", "Yes"], ["Yes", "Yes"], ["No", "No"]], "multi", ["Mail", "Post"]),
    ([["Agree", "Disagree"], ["Neutral", "Agree"], ["Agree", "Agree"], ["Disagree", "Neutral"]],
     "battery", []),
])  # fmt: skip
def test_the_heading_of_a_group_stands_above_its_first_column(tmp_path, cells, type_, other):
    """As LimeSurvey, Typeform and many by hand have it: gaps behind the words of the question."""
    ages = ["31", "45", "28", "52"]
    found = drafted_of(tmp_path, [
        ["Age", "Which ways do you use?", ""], ["", "Mail", "Post"],
        *([age, *own] for age, own in zip(ages, cells, strict=True)),
    ])  # fmt: skip
    asked = next(q for q in found.values() if q["en"].startswith("Which ways"))
    assert asked["type"] == type_
    assert english(asked, "items" if type_ == "battery" else "options") == (
        other or ["Mail", "Post"]
    )


def test_words_beside_two_options_that_are_not_other_are_texts_of_their_own(tmp_path):
    names = ["StartDate", "EndDate", "Q1_1", "Q1_2", "Q1_3", "Q1_1_TEXT", "Q1_2_TEXT"]
    words = ["Start Date", "End Date", *(f"Which of these? - {w}" for w in (
        "Training", "Hiring", "None", "Training - Text", "Hiring - Text"))]  # fmt: skip
    found = drafted_of(tmp_path, [
        names, words, [f"{{'ImportId': '{name}'}}" for name in names],
        *([f"2024-05-0{n} 10:00:00", f"2024-05-0{n} 10:10:00", *cells] for n, cells in enumerate(
            [["1", "1", "", "in spring", "two"], ["", "1", "", "", "one"],
             ["1", "", "", "weekly", ""], ["", "", "1", "", ""]], 1)),
    ])  # fmt: skip
    asked = [q for q in found.values() if q["type"] != "date"]
    assert [q["type"] for q in asked] == ["multi", "text", "text"]
    assert not any(option.get("other") for option in asked[0]["options"])


def test_a_single_answer_that_holds_a_comma_is_no_list(tmp_path):
    answers = ["Yes, but not at work", "No", "Yes, also at work"] * 4
    found = drafted_of(
        tmp_path, [["Do you?", "n"], *([a, str(i * 37)] for i, a in enumerate(answers))]
    )
    assert found["Q01"]["type"] == "single"
    assert {*english(found["Q01"])} == {*answers}


def test_the_first_record_in_words_is_no_header(tmp_path):
    rows = [["Colour", "Shape", "Age"], ["red", "round", ""], ["blue", "square", "31"],
            ["red", "square", "45"], ["blue", "round", "28"]]  # fmt: skip
    found = drafted_of(tmp_path, rows)
    assert english(found["Q01"]) == ["red", "blue"] and found["Q01"]["en"].startswith("Colour")


def test_options_without_words_have_those_that_stand_in_their_columns(tmp_path):
    found = drafted_of(tmp_path, [
        ["with_0001", "with_0002", "with_0003", "age"],
        ["Friends", "Not selected", "Not selected", "31"],
        ["Not selected", "Family", "Not selected", "45"],
        ["Friends", "Family", "Alone", "28"],
    ])  # fmt: skip
    [question] = (q for q in found.values() if q["type"] != "integer")
    assert question["type"] == "multi" and english(question) == ["Friends", "Family", "Alone"]


def test_where_everybody_said_no_the_other_answer_is_yes(tmp_path):
    found = drafted_of(tmp_path, [["Ever?", "Age"], ["No", "31"], ["No", "45"], ["No", "28"]])
    assert found["Q01"]["type"] == "binary"


def test_names_that_are_counted_are_items_of_one_question(tmp_path):
    rows = [["uwes1", "uwes2", "uwes3", "age"], *(
        [str(1 + n % 5), str(1 + (n + 1) % 5), str(1 + (n * 2) % 5), str(20 + n)] for n in range(12)
    )]  # fmt: skip
    found = drafted_of(tmp_path, rows)
    battery = next(q for q in found.values() if q["type"] == "battery")
    assert english(battery, "items") == ["uwes1", "uwes2", "uwes3"]


def test_ones_and_zeros_below_code_say_nothing_of_who_replied(tmp_path):
    rows = [
        ["code", "docs", "age"],
        *([str(n % 2), str(n % 3 % 2), str(20 + n)] for n in range(10)),
    ]
    found = drafted_of(tmp_path, rows)
    assert not any("identity" in q for q in found.values())


def test_kobotoolbox_keeps_what_begins_with_a_line_and_joins_names_of_two_words(tmp_path):
    found = drafted_of(tmp_path, [
        ["sexe", "source", "_id", "_uuid", "_submission_time", "_xform_id_string"],
        ["Homme", "Eau Puits", "1", "u1", "2024-05-01T10:00:00", "abc"],
        ["Les deux", "Eau", "2", "u2", "2024-05-02T10:00:00", "abc"],
        ["Les deux", "Puits", "3", "u3", "2024-05-03T10:00:00", "abc"],
        ["Femme", "Eau Puits", "4", "u4", "2024-05-04T10:00:00", "abc"],
        ["Femme", "Eau", "5", "u5", "2024-05-05T10:00:00", "abc"],
        ["Homme", "Puits", "6", "u6", "2024-05-06T10:00:00", "abc"],
    ])  # fmt: skip
    kinds = {id: q["type"] for id, q in found.items() if q["type"] != "date"}
    assert kinds == {"sexe": "single", "source": "multi"}
    assert {*english(found["sexe"])} == {"Homme", "Les deux", "Femme"}


def test_classes_of_numbers_beside_an_answer_that_is_none(tmp_path):
    bands = ["$0 - $24,999", "$25,000 - $49,999", "$50,000 and up", "Prefer not to answer"]
    found = drafted_of(tmp_path, [["Income", "n"], *([b, str(i)] for i, b in enumerate(bands * 3))])
    assert found["Q01"]["type"] == "ordinal" and english(found["Q01"]) == bands[:3]
    assert found["Q01"]["missing_tokens"] == {"dont_know": bands[3:]}


def test_other_family_members_are_not_the_option_other(tmp_path):
    answers = ["My partner", "Other family members", "Nobody"] * 4
    found = drafted_of(
        tmp_path, [["Who?", "n"], *([a, str(i * 37)] for i, a in enumerate(answers))]
    )
    assert len(english(found["Q01"])) == 3
    assert not any("other" in option for option in found["Q01"]["options"])


def test_the_points_of_a_known_scale_are_written_as_in_the_file(tmp_path):
    """Else every answer would be read as another way of writing it, and be noted."""
    found = drafted_of(
        tmp_path,
        [
            ["It helps", "n"],
            *(
                [a, str(i * 37)]
                for i, a in enumerate(["Agree", "Neutral", "Strongly Disagree"] * 4)
            ),
        ],
    )
    assert [(o["ja"], o["en"]) for o in found["Q01"]["options"]][1:] == [
        ("そう思う", "Agree"), ("どちらともいえない", "Neutral"), ("そう思わない", "disagree"),
        ("全くそう思わない", "Strongly Disagree")]  # fmt: skip


def test_the_draft_of_a_few_records_of_redcap_says_where_the_choices_are(tmp_path):
    rows = [["record_id", "form", "survey_complete"], *([str(n), str(n), "2"] for n in (1, 2, 3))]
    head = draft_of(tmp_path, rows).partition("id:")[0]
    assert "# read as an export of redcap" in head and "data dictionary (CSV): draft from" in head


def test_what_says_that_an_option_was_not_chosen_is_no_missing_answer(project, tmp_path):
    head = ["Body", "P2.1", "P2.2", "P2.3", "P2.4", "P3.1", "P3.2", "P4", "Rate"]
    rows = [
        [f"Office {chr(65 + i)}{chr(97 + i)}",
         "Compras" if i % 2 else "#n.s.", "Soporte técnico" if i % 3 else "#n.s.",
         "#s.i." if i == 1 else "#n.s.", "Soporte tecnico" if i == 4 else "#n.s.",
         40 + i if i else "#s.i.", i % 3 if i else "#s.i.", "Sí" if i % 4 else "#s.i.",
         0.5 + i / 100]
        for i in range(24)
    ]  # fmt: skip
    rows[2][1] = "compras"  # a slip
    workbook(tmp_path / "r.xlsx", [head, *rows])
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    for cell in book.active["I"][1:]:
        cell.number_format = "0%"
    book.save(tmp_path / "r.xlsx")
    text = draft(tmp_path / "r.xlsx")
    found = {q["en"]: q for q in yaml.safe_load(text)["questions"]}
    tokens = yaml.safe_load(text)["missing"]["no_answer"]["tokens"]
    assert "#s.i." in tokens and "#n.s." not in tokens
    assert found["P2"]["type"] == "multi" and found["P2"]["ticks"] == {
        "#n.s.": False,
        "compras": True,
    }
    options = [(o["en"], o["source"]) for o in found["P2"]["options"]]
    assert options[:2] == [("Compras", ["P2.1"]), ("Soporte técnico", ["P2.2"])]
    assert options[2][1] == ["P2.3"]  # which nobody chose
    assert found["P3.1"]["type"] == found["P3.2"]["type"] == "integer"
    assert found["Rate"]["unit"]["en"] == "%"
    assert "who replied? Q01" in text
    # and is read so, with one change by hand
    named = text.replace(
        "type: text\n  role: describe", "type: text\n  role: id\n  identity: name", 1
    )
    (project / "data/codebooks/bodies.yml").write_text(
        re.sub("(?m)^id: .*", "id: bodies", named, count=1), "utf-8"
    )
    who = [["id", "name"], *([f"B{i}", row[0]] for i, row in enumerate(rows))]
    (tmp_path / "who.csv").write_text(csv_text(who), "utf-8")
    words = [
        "--codebook",
        "bodies",
        "--as-of",
        "2023-12-31",
        "--register",
        str(tmp_path / "who.csv"),
    ]
    assert main(["new-wave", "bodies", str(tmp_path / "r.xlsx"), *words]) == 0
    answers = Survey.load("bodies").responses
    id = found["P2"]["id"]
    assert [int(answers[f"{id}_{n}"].sum()) for n in (1, 2, 3, 4)] == [13, 16, 0, 1]
    assert answers[found["Rate"]["id"]].max() == 73


# --- what further exports of other people showed ------------------------------------------------


def by_heading(folder, heads, *columns, n=24, name="export.csv"):
    """The questions of the draft of a file with these headings, by heading; a list is repeated."""
    rows = [[(c[i % len(c)] if isinstance(c, list) else c(i)) for c in columns] for i in range(n)]
    heads = heads if isinstance(heads[0], list) else [heads]
    found = asked(folder, [*heads, *rows], name)
    return {q["en"].removesuffix(" (to translate)"): q for q in found}


def stamp(i):
    return f"2024/06/{i % 28 + 1:02} 9:15:{i:02}"


@pytest.mark.parametrize(
    ("sign", "options"),
    [
        (";", ["Waste management (food, trash, recycling, compost, etc)", "Community service"]),
        (", ", ["Very short distance, no other modes make sense", "It is the quickest way of all"]),
    ],
)
def test_long_options_that_recur_are_options_and_no_sentences(tmp_path, sign, options):
    cells = [*options, sign.join(options), sign.join([*options, "Cheap"]), "Cheap"]
    (question,) = [
        q
        for q in by_heading(tmp_path, ["Timestamp", "Reasons"], stamp, cells).values()
        if q["en"] == "Reasons"
    ]
    assert question["type"] == "multi"
    assert {o["en"] for o in question["options"]} == {*options, "Cheap"}


def test_numbers_that_are_options_keep_their_numbers_and_their_words(tmp_path):
    """`3` of 2, 3, 4 and "5 or more" is 3, and `0 (none)` is not the option 0 of a list from 1."""
    found = by_heading(
        tmp_path,
        ["Timestamp", "Languages", "Year"],
        stamp,
        ["2", "3", "4", "5 or more"],
        ["0 (foundation)", "1 (UG)", "2 (UG)", "3+"],
    )
    assert [o["code"] for o in found["Languages"]["options"]] == [2, 3, 4, 5]
    assert "0 (foundation)" in {o["en"] for o in found["Year"]["options"]}


def test_a_heading_that_names_the_ends_of_a_scale_gives_its_points(tmp_path):
    head = "How difficult is it?\n\n1 - Extremely simple\n5 - Very difficult"
    found = by_heading(tmp_path, ["Timestamp", head], stamp, ["2", "3", "4"])
    (question,) = [q for q in found.values() if q["type"] == "ordinal"]
    assert [o["code"] for o in question["options"]] == [1, 2, 3, 4, 5]
    assert question["options"][0]["en"] == "Extremely simple"


@pytest.mark.parametrize(
    "words",
    [
        ["Very Difficult", "Somewhat Difficult", "Neutral", "Somewhat Easy", "Very Easy"],
        ["Excellent", "Good", "Average", "Poor", "Very Poor"],
        ["Extremely easy", "Very easy", "Somewhat easy", "Not so easy", "Not at all easy"],
        ["Stimme voll zu", "Stimme eher zu", "Stimme eher nicht zu", "Stimme gar nicht zu"],
        ["unter 5.000", "5.000 bis 20.000", "20.000 bis 100.000", "über 100.000"],
    ],
)
def test_further_scales_of_form_tools_are_ordinal_and_in_order(tmp_path, words):
    found = by_heading(tmp_path, ["Timestamp", "Frage"], stamp, words[::2] + words[1::2])
    assert found["Frage"]["type"] == "ordinal"
    ordered = [o["en"].removesuffix(" (to translate)") for o in found["Frage"]["options"]]
    assert ordered in (words, words[::-1])


def test_what_nobody_reckons_with_is_a_text(tmp_path):
    """A telephone with its zero is no number, a code that each person has alone no option."""
    found = by_heading(
        tmp_path,
        ["Timestamp", "Reach me at", "Own code"],
        stamp,
        lambda i: f"025631600{i:02}",
        lambda i: f"X{i}",
    )
    assert [found[name]["type"] for name in ("Reach me at", "Own code")] == ["text", "text"]


def test_numbers_beside_words_are_two_questions_and_no_battery(tmp_path):
    heads = [["Q1_1", "Q1_2", "Q2_1", "Q2_2", "Q3_1", "Q3_2"],
             ["Start - Month", "Start - Year", "Points - A", "Points - B", "Rate - A", "Rate - B"],
             ['{"ImportId":"x"}'] * 6]  # fmt: skip
    found = by_heading(tmp_path, heads, ["May", "June"], ["2019", "2020"], ["10", "40", "60"],
                       ["20", "30"], ["1", "3", "n.z."], ["2", "4"])  # fmt: skip
    kinds = {q["type"] for name, q in found.items() if "Start" in name or "Points" in name}
    assert "battery" not in kinds
    rated = found["Rate"]
    assert rated["type"] == "battery" and "n.z." in {o["en"] for o in rated["options"]}


def test_a_second_column_of_names_is_a_text(tmp_path):
    found = by_heading(tmp_path, ["団体名", "自治体名", "職員数"], lambda i: f"町{i}",
                       lambda i: f"村{i}", lambda i: str(i))  # fmt: skip
    assert [q.get("identity") for q in found.values()] == ["name", None, None]


@pytest.mark.parametrize(
    "head",
    [["Id", "Hora de inicio", "Hora de finalización", "Correo electrónico", "Nombre"],
     ["Id", "Startzeit", "Fertigstellungszeit", "E-Mail", "Name"]],
)  # fmt: skip
def test_microsoft_forms_of_other_languages_and_statements_behind_a_point(tmp_path, head):
    book = draft_text = by_heading(
        tmp_path, [*head, "How good was it?.Food", "How good was it?.Talks"], str, stamp, stamp,
        ["a@example.com"], ["anonymous"], ["1", "2", "3"], ["3", "2"])  # fmt: skip
    assert draft_text["How good was it?"]["type"] == "battery"
    assert len(book) == 2  # with the time of completion
    sheet = read_file(tmp_path / "export.csv")[0]
    assert tools.find(sheet).tool == "ms-forms"


def test_the_words_beside_other_of_surveymonkey_are_read_by_its_draft(project, tmp_path):
    """その他 (具体的に), whose question stands above its first column alone."""
    heads = [["回答者ID", "終了日", "市町村名", "利用業務（複数回答）", "", ""],
             ["", "", "自由形式の回答", "議事録", "翻訳", "その他 (具体的に)"]]  # fmt: skip
    rows = [["1", "2024/06/03 9:15:00", "札幌市", "議事録", "", "窓口"],
            ["2", "2024/06/03 9:16:00", "函館市", "議事録", "翻訳", ""],
            ["3", "2024/06/03 9:17:00", "小樽市", "", "翻訳", "広報"]]  # fmt: skip
    (project / "data/codebooks/own.yml").write_text(draft_of(project, [*heads, *rows]), "utf-8")
    command = ["new-wave", "w", str(project / "r.csv"), "--codebook", "own"]
    assert main([*command, "--as-of", "2024-06-01"]) == 0
    read = prepare("w").responses
    assert {"窓口", "広報"} <= {*read.astype("str").to_numpy().ravel()}
    assert [*read.filter(regex=r"_1$").iloc[:, 0]] == [True, True, False]  # minutes


def test_labels_of_kobo_with_a_stroke_or_of_several_words_are_one_answer(tmp_path):
    head = ["end", "Services?", "Services?/Tax", "Services?/Waste / recycling", "School",
            "_uuid", "_submission_time"]  # fmt: skip
    found = by_heading(tmp_path, head, stamp, [""], ["1", "0"], ["0", "1"],
                       ["Very satisfied", "Satisfied", "Dissatisfied", "Very dissatisfied"], str,
                       stamp)  # fmt: skip
    assert found["School"]["type"] == "ordinal"
    assert [o["en"] for o in found["Services?"]["options"]] == ["Tax", "Waste / recycling"]


def test_an_option_without_words_and_remarks_beside_options_of_limesurvey(tmp_path):
    head = ["ID de la réponse", "Date de soumission", "Dernière page", "Langue de départ",
            "Tête de série", "Âge []", "Âge [18-25]", "Content ? [Oui]", "Content ? [Commentaire]",
            "Content ? [Non]", "Content ? [Commentaire]"]  # fmt: skip
    found = by_heading(tmp_path, head, str, lambda i: f"2022-09-{i % 28 + 1:02} 21:10:14", ["1"],
                       ["fr"], str, ["Non"], ["Oui", "Non"], ["Oui", "Non"], ["lent", ""],
                       ["Non", "Oui"], ["", "cher"])  # fmt: skip
    ages = found["Âge"]["options"]
    assert [o["ja"].removesuffix(" (to translate)") for o in ages] == ["[]", "18-25"]
    assert found["Content ?"]["type"] == "multi" and len(found["Content ?"]["options"]) == 2


def test_numbers_of_one_range_below_three_questions_in_a_row_are_points_of_a_scale(tmp_path):
    """One or two such columns may be codes of anything, and so may those of other ranges."""
    five, three = ["1", "2", "4", "5"], ["1", "2", "3"]
    heads = ["No", "出席", "難易度", "分量", "熱意", "学年", "専攻"]
    columns = [lambda i: str(i), three, five, five[::-1], ["5", "1", "3", "2"], three, five]
    found = by_heading(tmp_path, heads, *columns, n=32)
    kinds = [(q["type"], len(q["options"])) for name, q in found.items() if name in heads]
    scale = ("ordinal", 5)
    assert kinds == [("single", 3), scale, scale, scale, ("single", 3), ("single", 5)]


def test_none_beside_classes_is_the_lowest_and_zero_beside_words_of_other_is_none(tmp_path):
    costs = ["1,000円未満", "使わない", "5,000円以上 10,000円未満", "1,000円以上 5,000円未満"]
    found = by_heading(tmp_path, ["Timestamp", "宿泊費", "その他"], stamp, costs,
                       ["0", "0", "議会の傍聴", "0"])  # fmt: skip
    cost, other = found["宿泊費"], found["その他"]
    assert cost["type"] == "ordinal"
    assert [o["ja"] for o in cost["options"]] == ["使わない", costs[0], costs[3], costs[2]]
    assert other["type"] == "text" and other["missing_tokens"] == {"not_applicable": ["0"]}


def test_a_grid_of_boxes_with_few_combinations_is_no_battery_of_them(tmp_path):
    heads = ["Timestamp", "利用（すべて） [総務]", "利用（すべて） [福祉]"]
    cells = ["議事録", "議事録, 翻訳", "翻訳", "議事録, 要約"]
    found = by_heading(tmp_path, heads, stamp, cells, cells[::-1])
    multi = [q for q in found.values() if q["type"] == "multi"]
    assert [{o["ja"] for o in q["options"]} for q in multi] == [{"議事録", "翻訳", "要約"}] * 2


def test_fiscal_years_of_an_era_are_no_dates(tmp_path):
    years = ["令和3年度", "令和4年度", "令和5年度"]
    found = by_heading(tmp_path, ["Timestamp", "導入年度"], stamp, years)
    assert found["導入年度"]["type"] == "text"


def test_options_of_redcap_are_read_by_their_codes_whatever_the_others_are(project):
    """Beside `why___na` those of numbers are counted, and keep their own as words of the file."""
    heads = ["record_id", "name", "why___1", "why___98", "why___na", "form_complete"]
    rows = [["1", "札幌市", "1", "0", "0", "2"], ["2", "函館市", "1", "1", "0", "2"]]
    (project / "data/codebooks/own.yml").write_text(draft_of(project, [heads, *rows]), "utf-8")
    command = ["new-wave", "w", str(project / "r.csv"), "--codebook", "own", "--as-of"]
    assert main([*command, "2024-06-01"]) == 0
    table = read.read(Wave.read(project / "data/raw/w"), Codebook.read("own"))
    assert table.texts("why_2").tolist() == ["0", "1"]


@pytest.mark.parametrize("name", ["s.dta", "s.sav"])
def test_labels_of_variables_say_what_is_asked_and_which_line_it_is(tmp_path, monkeypatch, name):
    frame = pd.DataFrame({"code": [row[0] for row in ROWS], "q2_1": [0.0, 1, 0, 1, 1, 0],
                          "q2_2": [1.0, 1, 0, 1, 0, 0], "q3a": [1.0, 2, 9, 1, 2, 3],
                          "q3b": [3.0, 9, 1, 2, 1, 2], "size": [1.0, 2, 2, 1, 1, 2]})  # fmt: skip
    labels = ["団体コード", "業務：議事録", "業務：翻訳", "人材は足りているか - 企画",
              "人材は足りているか - 運用", "人口規模"]  # fmt: skip
    yes, often = {0: "いいえ", 1: "はい"}, {1: "足りる", 2: "やや不足", 3: "不足", 9: "無回答"}
    values = {"q2_1": yes, "q2_2": yes, "q3a": often, "q3b": often,
              "size": {1: "5万人未満", 2: "5万人以上"}}  # fmt: skip
    write = pyreadstat.write_dta if name == "s.dta" else pyreadstat.write_sav
    write(frame, tmp_path / name, column_labels=labels, variable_value_labels=values)
    text = draft(tmp_path / name)
    found = {q["id"]: q for q in yaml.safe_load(text)["questions"]}
    assert (found["q2"]["ja"], found["q3"]["ja"]) == ("業務", "人材は足りているか")
    assert [o["ja"] for o in found["q2"]["options"]] == ["議事録", "翻訳"]
    assert [i["ja"] for i in found["q3"]["items"]] == ["企画", "運用"]
    assert found["q3"]["missing_tokens"] == ["9"] and found["size"]["type"] == "ordinal"
    read_back = reads_itself(tmp_path, monkeypatch, name, text)
    assert read_back.texts("q2_1").tolist() == ["0", "1", "0", "1", "1", "0"]
    assert read_back.texts("q3_q3b").tolist() == ["3", "9", "1", "2", "1", "2"]


def cleaned_as_drafted(project, place, text):
    """The cleaned answers of an export, read by the codebook that was drafted from it."""
    (project / "data" / "codebooks" / "d.yml").write_text(text, "utf-8")
    assert main(["new-wave", "w", str(place), "--codebook", "d", "--as-of", "2024-06-01"]) == 0
    return cleaned_wave("w")


@pytest.mark.parametrize("cells", ["words", "ones"])
def test_options_with_circled_numbers_are_read_by_their_own_words(project, cells):
    """A column an option, as LoGo form writes it; ④その他 is the option "other", too."""
    options = ["①文書の作成", "②翻訳", "③議事録", "④その他"]
    rows = [["受付番号", "申請日時", "団体名", *(f"業務_{text}" for text in options),
             "業務_④その他（内容）", "意見"]]  # fmt: skip
    chosen = [{0}, {0, 1}, {2, 3}, {1}, {0, 2}, {1, 2}]
    for n, own in enumerate(chosen):
        signs = [text if k in own else "" for k, text in enumerate(options)]
        if cells == "ones":
            signs = [int(k in own) for k in range(4)]
        name = ("札幌市", "函館市", "仙台市", "姫路市", "京都市", "大阪市")[n]
        words = "広報の案内" if 3 in own else ""
        rows.append([n, "2024年06月03日 09時15分", name, *signs, words, f"意見{n}"])
    place = project / "e.csv"
    place.write_text(csv_text(rows), "cp932")
    text = draft(place)
    (multi,) = [q for q in yaml.safe_load(text)["questions"] if q["type"] == "multi"]
    assert [(o["ja"], o.get("other", False)) for o in multi["options"]] == [
        (text, text == "④その他") for text in options
    ]
    got = cleaned_as_drafted(project, place, text)
    read_ = got.responses.set_axis(got.register["name"])
    for row, own in zip(rows[1:], chosen, strict=True):
        answers = read_.loc[row[2]]
        assert {k for k in range(4) if answers[f"{multi['id']}_{k + 1}"]} == own
    assert read_.loc["仙台市", f"{multi['id']}_other"] == "広報の案内"
    assert "refused" not in {*got.findings["severity"]}


@pytest.mark.parametrize("sign", ["number", "one", "words"])
def test_options_of_surveymonkey_by_their_number_and_a_question_called_as_its_own_column(
    project, sign
):
    """Numerical values of an export; 開始日時 below is asked, as its second heading says."""
    texts = ["文書の作成", "翻訳", "議事録"]
    rows = [["Respondent ID", "Collector ID", "Start Date", "End Date", "団体名", "業務",
             "", "", "", "開始日時"],
            ["", "", "", "", "Open-Ended Response", *texts, "Other (please specify)",
             "Open-Ended Response"]]  # fmt: skip
    chosen = [{0}, {0, 1}, {2}, {1}, {0, 2}, {1, 2}]
    for n, own in enumerate(chosen):
        marks = {"number": [1, 2, 3], "one": [1, 1, 1], "words": texts}[sign]
        name = ("札幌市", "函館市", "仙台市", "姫路市", "京都市", "大阪市")[n]
        rows.append([100 + n, 4, "06/03/2024 09:15:42 AM", "06/03/2024 09:30:00 AM", name,
                     *(mark if k in own else "" for k, mark in enumerate(marks)),
                     "広報の案内" if n == 2 else "", f"2024/{n + 1}/15"])  # fmt: skip
    place = project / "e.csv"
    place.write_text(csv_text(rows), "utf-8")
    text = draft(place)
    kinds = {q["ja"]: (q["id"], q["type"]) for q in yaml.safe_load(text)["questions"]}
    assert kinds["業務"][1] == "multi" and kinds["開始日時"][1] == "date"
    got = cleaned_as_drafted(project, place, text)
    read_ = got.responses.set_axis(got.register["name"])
    for row, own in zip(rows[2:], chosen, strict=True):
        answers, id = read_.loc[row[4]], kinds["業務"][0]
        assert {k for k in range(3) if answers[f"{id}_{k + 1}"]} == own
    assert "refused" not in {*got.findings["severity"]}


@pytest.mark.parametrize("others", ["その{}はどうですか", "問1[その{}]", "計", "その{}の他の内容"])
def test_what_a_draft_compares_grows_with_the_columns_and_not_with_their_square(
    tmp_path, monkeypatch, others
):
    """Sixteen thousand columns took a minute and a half."""
    compared = []
    several = guesses.several

    def counted(columns, *more):
        compared.append(len(columns))
        return several(columns, *more)

    monkeypatch.setattr(guesses, "several", counted)
    answers = ["十分に", "まあまあ", "足りない"]
    rows = [[f"架空{r}市", *(answers[(r + c) % 3] for c in range(300))] for r in range(9)]
    found = asked(tmp_path, [["団体名", *map(others.format, range(300))], *rows])
    assert sum(len(question.get("items", [1])) for question in found) == 301
    assert sum(compared) < 5 * 300
