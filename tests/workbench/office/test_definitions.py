"""A questionnaire as a form tool defines it becomes a codebook with its options and skip rules."""

import csv
import zipfile

import pytest
import yaml
from received import workbook_of

from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake import tools
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.intake.tables import read_rows
from workbench.office import definitions
from workbench.office.draft import draft

XLSFORM = {
    "survey": [
        ["type", "name", "label::Japanese (ja)", "label::English (en)", "relevant", "constraint",
         "appearance"],
        ["text", "code", "団体コード", "Code"],
        ["select_one yn", "use", "利用の有無", "Use"],
        ["begin group", "g", "", "", "${use} = 'yes'"],
        ["select_multiple work or_other", "work", "業務", "Work"],
        ["integer", "staff", "職員数", "Staff", "selected(${work}, 'tr') and ${use} != 'no'",
         ". >= 0 and . <= 500"],
        ["end group"],
        ["begin group", "state", "取組の状況", "State", "", "", "table-list"],
        ["select_one lv", "state_a", "研修", "training"],
        ["select_one lv", "state_b", "採用", "hiring"],
        ["end group"],
        ["date", "since", "開始日", "Since", "count-selected(${work}) > 1"],
        ["note", "thanks", "ありがとうございました", "Thank you"],
        ["text", "remarks", "意見", "Remarks", "", "", "multiline"],
    ],
    "choices": [
        ["list_name", "name", "label::Japanese (ja)", "label::English (en)"],
        ["yn", "yes", "はい", "yes"], ["yn", "no", "いいえ", "no"],
        ["work", "tr", "翻訳", "translation"], ["work", "su", "要約", "summaries"],
        ["lv", "1", "済", "done"], ["lv", "2", "予定", "planned"],
    ],
    "settings": [["form_title"], ["生成AIの利用"]],
}  # fmt: skip


def parsed(text):
    return {q["id"]: q for q in yaml.safe_load(text)["questions"]}


def drafted(folder, **sheets):
    """The draft of an XLSForm with these sheets."""
    workbook_of(folder / "form.xlsx", sheets)
    return draft(folder / "form.xlsx")


@pytest.fixture
def xlsform(tmp_path):
    return drafted(tmp_path, **XLSFORM)


def test_an_xlsform(xlsform):
    found = parsed(xlsform)
    assert {id: q["type"] for id, q in found.items()} == {
        "CODE": "text", "use": "single", "work": "multi", "staff": "integer", "state": "battery",
        "since": "date", "remarks": "text",
    }  # fmt: skip
    assert found["CODE"]["identity"] == "code"
    assert (found["use"]["ja"], found["use"]["en"]) == ("利用の有無", "Use")
    options = [(o["ja"], o["en"], o["source"], o.get("other", False))
               for o in found["work"]["options"]]  # fmt: skip
    assert options == [("翻訳", "translation", ["tr"], False),
                       ("要約", "summaries", ["su"], False),
                       ("その他", "other", ["other"], True)]  # fmt: skip
    assert found["work"]["ask_if"] == "use == 1"
    assert found["staff"]["ask_if"] == "use == 1 and (work_1 and use != 2)"
    assert found["staff"]["range"] == [0, 500]
    assert [i["id"] for i in found["state"]["items"]] == ["state_a", "state_b"]
    assert [o["code"] for o in found["state"]["options"]] == [1, 2]
    assert found["remarks"]["free"] is True
    assert "# seen: ask_if to be written by hand: (count-selected(${work}) > 1)" in xlsform


def test_what_else_an_xlsform_may_have(tmp_path):
    survey = [
        ["type", "name", "label", "appearance", "parameters"],
        ["select one yn or_other", "old", "以前の書き方"],
        ["select all that apply from yn", "all", "すべて"],
        ["begin_group", "g", ""],
        ["select_one lv", "head", "重要度", "label"],
        ["select_one lv", "a", "研修", "list-nolabel"],
        ["select_one lv", "b", "採用", "list-nolabel"],
        ["end_group"],
        ["range", "rated", "評価", "", "start=1 end=5 step=1"],
        ["time", "at", "時刻"], ["geopoint", "place", "場所"], ["calculate", "sum", ""],
        ["begin_repeat", "lines", ""], ["text", "line", "明細"], ["end_repeat"],
    ]  # fmt: skip
    choices = [["list_name", "name", "label"], ["yn", "yes", "はい"], ["yn", "other", "その他"],
               ["lv", "r1", "中央"], ["lv", "r2", "中央"]]  # fmt: skip
    found = parsed(text := drafted(tmp_path, survey=survey, choices=choices))
    assert {id: q["type"] for id, q in found.items()} == {
        "old": "single", "all": "multi", "head": "battery", "rated": "integer", "at": "text",
        "line": "text",
    }  # fmt: skip
    assert [o["ja"] for o in found["old"]["options"]] == ["はい", "その他"]
    assert [i["ja"] for i in found["head"]["items"]] == ["研修", "採用"]
    assert [o["ja"] for o in found["head"]["options"]] == ["中央 (r1)", "中央 (r2)"]
    assert found["rated"]["range"] == [1, 5]
    left = [line for line in text.splitlines() if line.startswith("# left out")]
    assert left == ["# left out: place: a question of type geopoint"]
    assert "- id: line  # seen: of a repeat, which the tool exports as another table" in text


def test_an_xlsform_as_one_text_file_has_its_sheets_by_the_first_column(tmp_path):
    """As the samples of pyxform are written."""
    (tmp_path / "form.csv").write_text(
        "survey,,,\n,type,name,label\n,select_one yn,use,Use\n,integer,staff,Staff\n"
        "choices,,,\n,list_name,name,label\n,yn,yes,Yes\n,yn,no,No\n", "utf-8"
    )  # fmt: skip
    found = parsed(draft(tmp_path / "form.csv"))
    assert {id: q["type"] for id, q in found.items()} == {"use": "single", "staff": "integer"}
    assert [(o["en"], o["source"]) for o in found["use"]["options"]] == [
        ("Yes", ["yes"]), ("No", ["no"])]  # fmt: skip


def test_its_codebook_has_the_words_of_other(xlsform):
    book = Codebook.parse(yaml.safe_load(xlsform))
    assert book["work_other"].ask_if == "work_3"


DICTIONARY = [
    ["Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
     "Choices, Calculations, OR Slider Labels", "Field Note",
     "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
     "Identifier?", "Branching Logic (Show field only if...)", "Matrix Group Name"],
    ["record_id", "f", "", "text", "Record", "", "", "", "", "", "", "", ""],
    ["name", "f", "", "text", "団体名", "", "", "", "", "", "", "", ""],
    ["person", "f", "", "text", "担当者", "", "", "", "", "", "y", "", ""],
    ["use", "f", "", "yesno", "利用の有無", "", "", "", "", "", "", "", ""],
    ["work", "f", "", "checkbox", "業務", "1, 翻訳 | 2, 要約 | 9, その他", "", "", "", "", "",
     "[use] = '1'", ""],
    ["work_other", "f", "", "text", "その他の内容", "", "", "", "", "", "", "[work(9)] = '1'", ""],
    ["staff", "f", "", "text", "職員数", "", "", "integer", "0", "500", "", "", ""],
    ["st_a", "f", "取組の状況", "radio", "研修", "1, 済 | 2, 予定", "", "", "", "", "", "", "st"],
    ["st_b", "f", "", "radio", "採用", "1, 済 | 2, 予定", "", "", "", "", "", "", "st"],
    ["none", "f", "", "notes", "理由", "", "", "", "", "", "", "[work(1)] = '0'", ""],
    ["about", "f", "", "descriptive", "説明", "", "", "", "", "", "", "", ""],
    ["rated", "f", "", "slider", "評価", "低 | 高", "", "", "", "", "", "", ""],
    ["sum", "f", "", "calc", "計", "[staff]*2", "", "", "", "", "", "", ""],
]  # fmt: skip


def test_a_data_dictionary_of_redcap(tmp_path):
    with (tmp_path / "d.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(DICTIONARY)
    text = draft(tmp_path / "d.csv")
    found = parsed(text)
    assert {id: q["type"] for id, q in found.items()} == {
        "name": "text", "use": "binary", "work": "multi", "work_other": "text",
        "staff": "integer", "st": "battery", "none": "text", "rated": "integer",
    }  # fmt: skip
    assert found["rated"]["range"] == [0, 100] and "# left out: sum: a field of type calc" in text
    assert found["none"]["ask_if"] == "not work_1"
    assert found["name"]["identity"] == "name" and found["staff"]["range"] == [0, 500]
    assert found["work"]["ask_if"] == "use == 1" and found["work_other"]["ask_if"] == "work_9"
    assert found["work_other"]["other_of"] == "work" and found["st"]["ja"] == "取組の状況"
    assert "work_other_other" not in Codebook.parse(yaml.safe_load(text))


def cells(row):
    return "".join(f"<{key}><![CDATA[{value}]]></{key}>" for key, value in row.items())


def lss(**tables):
    """The XML of a structure with these tables."""
    parts = "".join(
        f"<{name}><rows>"
        + "".join(f"<row>{cells(row)}</row>" for row in rows)
        + f"</rows></{name}>"
        for name, rows in tables.items()
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?><document>'
        f"<LimeSurveyDocType>Survey</LimeSurveyDocType>{parts}</document>"
    )


def test_a_data_dictionary_as_the_api_of_redcap_gives_it(tmp_path):
    rows = [
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,identifier",
        "record_id,a,text,Record,NA,NA",
        "mail,a,text,Mail,NA,y",
        'use,a,checkbox,業務,"1, 翻訳 | 2, 要約",NA',
        "note,a,notes,意見,NA,NA",
    ]
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n", "utf-8")
    found = yaml.safe_load(draft(tmp_path / "d.csv"))["questions"]
    assert [(q["id"], q["type"]) for q in found] == [("use", "multi"), ("note", "text")]
    assert [o["ja"] for o in found[0]["options"]] == ["翻訳", "要約"]


def test_the_structure_of_a_limesurvey(tmp_path):
    def question(qid, title, kind, parent="0", **more):
        return {"qid": qid, "parent_qid": parent, "type": kind, "title": title, "other": "N",
                "question_order": qid, "relevance": "1", **more}  # fmt: skip

    words = {"1": ("導入状況", "State"), "2": ("業務", "Work"), "21": ("翻訳", "translation"),
             "22": ("要約", "summaries"), "3": ("職員数", "Staff"), "4": ("状況", "Status"),
             "41": ("研修", "training")}  # fmt: skip
    said = {"10": ("導入済み", "in use"), "11": ("予定なし", "no plan"), "12": ("済", "done")}

    def both(key, text, table):
        return [{key: id, text: ja_en[n], "language": ("ja", "en")[n]}
                for id, ja_en in table.items() for n in (0, 1)]  # fmt: skip

    xml = lss(
        questions=[
            question("1", "Q1", "L", other="Y"),
            question("2", "Q2", "M", relevance='((Q1.NAOK == "A1"))'),
            question("3", "Q3", "N", relevance='Q2_SQ001.NAOK == "Y"'),
            question("4", "Q4", "F"),
            question("5", "Q5", "X"),
            question("6", "Q6", "1"),
            question("7", "Q7", "F"),
        ],
        subquestions=[question("21", "SQ001", "T", "2"), question("22", "SQ002", "T", "2"),
                      question("41", "SQ001", "T", "4")],
        answers=[{"aid": "10", "qid": "1", "code": "A1", "sortorder": "1"},
                 {"aid": "11", "qid": "1", "code": "A2", "sortorder": "2"},
                 {"aid": "12", "qid": "4", "code": "B1", "sortorder": "1"}],
        question_l10ns=both("qid", "question", words),
        answer_l10ns=both("aid", "answer", said),
    )  # fmt: skip
    (tmp_path / "s.lss").write_text(xml, "utf-8")
    with zipfile.ZipFile(tmp_path / "s.lsa", "w") as archive:
        archive.writestr("survey_1_responses.lsr", "<document/>")
        archive.writestr("survey_1.lss", xml)
    found = parsed(text := draft(tmp_path / "s.lss"))
    assert "# left out: Q6: an array of two scales, which lacks" in text
    assert "# left out: Q7: a question of LimeSurvey's type F, which lacks its answers, is" in text
    assert "Q5" not in text
    assert parsed(draft(tmp_path / "s.lsa")) == found
    (tmp_path / "no.lss").write_text("<html/>")
    with pytest.raises(InputError, match="no structure of LimeSurvey"):
        draft(tmp_path / "no.lss")
    with pytest.raises(InputError, match="archive of LimeSurvey"):
        read_file(tmp_path / "s.lsa")
    assert {id: q["type"] for id, q in found.items()} == {
        "Q1": "single", "Q2": "multi", "Q3": "ratio", "Q4": "battery"
    }  # fmt: skip
    assert [(o["ja"], o["source"], o.get("other", False)) for o in found["Q1"]["options"]] == [
        ("導入済み", ["A1"], False), ("予定なし", ["A2"], False), ("その他", ["-oth-"], True)
    ]  # fmt: skip
    assert found["Q2"]["ask_if"] == "Q1 == 1" and found["Q3"]["ask_if"] == "Q2_1"
    assert found["Q4"]["items"] == [
        {"id": "Q4_SQ001", "ja": "研修", "en": "training", "source": ["SQ001"]}
    ]


def test_labels_and_conditions_that_open_what_they_never_close_are_no_hang():
    assert definitions.label_of(("<" * 100_000, "<b>a</b>"), "x")["en"] == "a"
    for long in ("(" * 100_000 + "a" + ")" * 100_000, "not " * 100_000 + "a"):
        assert definitions.rule(definitions.Definition("x"), long, []) is None


@pytest.mark.parametrize("headed", ["{code}", "{words}", "{code}. {words}"])
def test_rankings_and_lists_of_limesurvey_are_drafted_and_read(tmp_path, headed):
    """A line of a ranking is an item; each line of a list of numbers or texts is a question."""

    def question(qid, title, kind, parent="0"):
        return {"qid": qid, "parent_qid": parent, "type": kind, "title": title, "other": "N",
                "question_order": qid, "relevance": "1"}  # fmt: skip

    words = {
        "1": "優先順位",
        "2": "職員の数",
        "3": "連絡",
        "21": "本庁",
        "22": "支所",
        "31": "課名",
    }
    said = {"10": "安全", "11": "費用"}
    xml = lss(
        questions=[question("1", "prio", "R"), question("2", "cnt", "K"),
                   question("3", "who", "Q")],
        subquestions=[question("21", "SQ001", "T", "2"), question("22", "SQ002", "T", "2"),
                      question("31", "SQ001", "T", "3")],
        answers=[{"aid": aid, "qid": "1", "code": f"A{aid}", "sortorder": aid} for aid in said],
        question_l10ns=[{"qid": q, "question": t, "language": "ja"} for q, t in words.items()],
        answer_l10ns=[{"aid": a, "answer": t, "language": "ja"} for a, t in said.items()],
    )  # fmt: skip
    (tmp_path / "s.lss").write_text(xml, "utf-8")
    found = parsed(text := draft(tmp_path / "s.lss"))
    assert {id: q["type"] for id, q in found.items()} == {
        "prio": "battery", "cnt_SQ001": "ratio", "cnt_SQ002": "ratio", "who_SQ001": "text"
    }  # fmt: skip
    assert [(i["id"], i["ja"]) for i in found["prio"]["items"]] == [
        ("prio_1", "1位"), ("prio_2", "2位")
    ]  # fmt: skip
    columns = [("id", "回答ID"), ("submitdate", "送信日"), ("lastpage", "最後のページ"),
               ("startlanguage", "開始言語"), ("name", "団体名"), ("prio[1]", "優先順位 [1位]"),
               ("prio[2]", "優先順位 [2位]"), ("cnt[SQ001]", "職員の数 [本庁]"),
               ("cnt[SQ002]", "職員の数 [支所]"), ("who[SQ001]", "連絡 [課名]")]  # fmt: skip
    head = [headed.format(code=code, words=text) for code, text in columns]
    row = ["1", "2024-06-03 09:15:42", "3", "ja", "札幌市", "A10", "A11", "12", "3", "情報課"]
    with (tmp_path / "r.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, row])
    sheet, export = tools.choose(read_file(tmp_path / "r.csv"))
    block = read_rows(sheet, Headings(Codebook.parse(yaml.safe_load(text))), export=export)
    read = {"prio_1", "prio_2", "cnt_SQ001", "cnt_SQ002", "who_SQ001"}
    assert read <= block.columns.keys()


@pytest.mark.parametrize("headed", ["{code}", "{words}", "{code}. {words}"])
def test_arrays_of_numbers_and_of_two_scales_of_limesurvey_are_drafted_and_read(tmp_path, headed):
    """Each cell is a question, as it is a column of the export."""

    def row(qid, title, kind, parent="0", scale="0"):
        return {"qid": qid, "parent_qid": parent, "type": kind, "title": title, "other": "N",
                "question_order": qid, "relevance": "1", "scale_id": scale}  # fmt: skip

    words = {"1": "人数", "11": "本庁", "12": "支所", "13": "正規", "14": "任期",
             "2": "連携", "21": "国", "22": "県"}  # fmt: skip
    said = {"31": "毎週", "32": "毎月", "33": "増やす", "34": "減らす"}
    answers = [("31", "A1", "0"), ("32", "A2", "0"), ("33", "A1", "1"), ("34", "A2", "1")]
    xml = lss(
        questions=[row("1", "cnt", ":"), row("2", "dual", "1")],
        subquestions=[row("11", "SQ001", "T", "1"), row("12", "SQ002", "T", "1"),
                      row("13", "SQ001", "T", "1", "1"), row("14", "SQ002", "T", "1", "1"),
                      row("21", "SQ001", "T", "2"), row("22", "SQ002", "T", "2")],
        answers=[{"aid": aid, "qid": "2", "code": code, "sortorder": aid, "scale_id": scale}
                 for aid, code, scale in answers],
        question_attributes=[
            {"qid": "2", "attribute": f"dualscale_header{side}", "value": text, "language": "ja"}
            for side, text in (("A", "今"), ("B", "今後"))],
        question_l10ns=[{"qid": q, "question": t, "language": "ja"} for q, t in words.items()],
        answer_l10ns=[{"aid": a, "answer": t, "language": "ja"} for a, t in said.items()],
    )  # fmt: skip
    (tmp_path / "s.lss").write_text(xml, "utf-8")
    found = parsed(text := draft(tmp_path / "s.lss"))
    assert "left out" not in text
    assert {id: q["type"] for id, q in found.items()} == {
        **{f"cnt_SQ00{a}_SQ00{b}": "ratio" for a in (1, 2) for b in (1, 2)},
        **{f"dual_SQ00{a}_{b}": "single" for a in (1, 2) for b in (1, 2)},
    }
    assert [o["ja"] for o in found["dual_SQ002_1"]["options"]] == ["毎週", "毎月"]
    assert [o["ja"] for o in found["dual_SQ002_2"]["options"]] == ["増やす", "減らす"]
    columns = [("id", "回答ID"), ("submitdate", "送信日"), ("lastpage", "最後のページ"),
               ("startlanguage", "開始言語"), ("name", "団体名")]  # fmt: skip
    for a, line in ((1, "本庁"), (2, "支所")):
        for b, column in ((1, "正規"), (2, "任期")):
            columns.append((f"cnt[SQ00{a}_SQ00{b}]", f"人数 [{line}][{column}]"))
    for a, line in ((1, "国"), (2, "県")):
        for b, column in ((1, "今"), (2, "今後")):
            columns.append((f"dual[SQ00{a}][{b}]", f"連携 [{line}][{column}]"))
    head = [headed.format(code=code, words=text) for code, text in columns]
    cells = [
        "1",
        "2024-06-03 09:15:42",
        "3",
        "ja",
        "札幌市",
        "12",
        "3",
        "4",
        "0",
        *["A1", "A2"] * 2,
    ]
    with (tmp_path / "r.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, cells])
    sheet, export = tools.choose(read_file(tmp_path / "r.csv"))
    block = read_rows(sheet, Headings(Codebook.parse(yaml.safe_load(text))), export=export)
    assert [block.columns[id] for id in found] == [*range(5, 13)]


def test_ratings_and_rankings_of_kobotoolbox_are_batteries(tmp_path):
    survey = [
        ["type", "name", "label", "kobo--score-choices", "kobo--rank-items"],
        ["begin_score", "g", "評価", "lv", ""], ["score__row", "g_a", "速さ"],
        ["score__row", "g_b", "費用"], ["end_score"],
        ["begin_rank", "r", "順位", "", "lv"], ["rank__level", "r_1", "1位"], ["end_rank"],
        ["begin_repeat", "lines", ""], ["text", "person", "団体名"], ["end_repeat"],
    ]  # fmt: skip
    choices = [["list_name", "name", "label"], ["lv", "good", "良い"], ["lv", "bad", "悪い"]]
    found = parsed(text := drafted(tmp_path, survey=survey, choices=choices))
    assert {id: q["type"] for id, q in found.items()} == {
        "g": "battery", "r": "battery", "person": "text"
    }  # fmt: skip
    assert [i["id"] for i in found["g"]["items"]] == ["g_a", "g_b"] and "left out" not in text
    assert "identity" not in found["person"]  # of a repeat: of many in a reply
