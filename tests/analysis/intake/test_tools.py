"""Exports of form tools: one questionnaire with the same answers gives the same responses."""

import csv
import datetime as dt

import exports
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from project import put_yaml
from received import cleaned_wave as cleaned
from received import workbook_of

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read, tools
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.intake.tables import read_rows
from workbench.cli import TOOLS, main
from workbench.office.draft import draft

pytestmark = pytest.mark.usefixtures("packages_here")
ALL = [(tool, export) for tool, some in exports.EXPORTS.items() for export in some]


@pytest.fixture
def wave_of(project):
    """The name of a wave of one export, made by the command."""

    def made(export, *options):
        put_yaml(project / "data" / "codebooks" / "genai.yml", exports.BOOK)
        file = project / "export.csv"
        file.write_bytes(exports.written(export))
        name = export.__name__
        given = ["new-wave", name, str(file), "--codebook", "genai", "--as-of", "2024-06-01"]
        assert main([*given, *options]) == 0
        return name

    return made


def expected():
    rows = {}
    for a in exports.answers():
        rows[a["CODE"]] = {
            "Q1": a["Q1"], "Q1_other": a["Q1_other"],
            **{f"Q2_{c}": c in a["Q2"] for c in exports.WORK}, "Q2_other": a["Q2_other"],
            "Q3": a["Q3"], **{f"Q4_{i}": a["Q4"][i] for i in exports.ITEMS},
            "Q5": pd.Timestamp(a["Q5"]), "Q6": a["Q6"],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


@pytest.mark.parametrize(("tool", "export"), ALL, ids=[export.__name__ for _, export in ALL])
def test_every_tool_gives_the_same_responses(wave_of, capsys, tool, export):
    name = wave_of(export)
    said = capsys.readouterr().out
    wave = Wave.read(name)
    assert [file.tool for file in wave.files] == [tool]
    assert "read as an export of" in said or "の出力として読みました" in said
    got = cleaned(name)
    wanted = expected()
    for column in wanted:
        own, right = got.responses[column], wanted[column]
        if column.endswith("other") or column == "Q6":
            own = own.fillna("")
        assert own.tolist() == right.tolist(), column
    refused = got.findings[got.findings["severity"].isin(["doubtful", "refused"])]
    assert refused.empty, refused[["rule", "raw"]].to_string()


@pytest.mark.parametrize("suffix", ["sav", "dta"])
def test_a_statistics_package_gives_the_same_responses(project, suffix):
    put_yaml(project / "data" / "codebooks" / "genai.yml", exports.BOOK)
    rows = [
        {"CODE": a["CODE"], "NAME": a["NAME"], "Q1": a["Q1"], "Q1_other": a["Q1_other"],
         **{f"Q2_{c}": int(c in a["Q2"]) for c in exports.WORK}, "Q2_other": a["Q2_other"],
         "Q3": a["Q3"], **{f"Q4_{i}": a["Q4"][i] for i in exports.ITEMS}, "Q5": a["Q5"],
         "Q6": a["Q6"]}
        for a in exports.answers()
    ]  # fmt: skip
    frame, labels = pd.DataFrame(rows), {"Q1": exports.STATES, "Q4_a": exports.LEVELS}
    frame["Q5"] = pd.to_datetime(frame["Q5"]).dt.date if suffix == "sav" else frame["Q5"]
    write = pyreadstat.write_sav if suffix == "sav" else pyreadstat.write_dta
    write(frame, project / f"s.{suffix}", variable_value_labels=labels)
    given = ["new-wave", "w", str(project / f"s.{suffix}"), "--codebook", "genai"]
    assert main([*given, "--as-of", "2024-06-01"]) == 0
    got, wanted = cleaned("w"), expected()
    for column in wanted:
        own = got.responses[column]
        own = own.fillna("") if column.endswith("other") or column == "Q6" else own
        assert own.tolist() == wanted[column].tolist(), column
    assert got.findings.empty or set(got.findings["severity"]) == {"repaired"}


@pytest.mark.parametrize(
    ("variable", "labels"),
    [("Q1", {1.0: "検討中", 2.0: "導入済み"}), ("Q2_1", {0.0: "Yes", 1.0: "No"})],
)
def test_codes_of_a_package_that_are_other_answers_in_the_codebook_are_refused(
    project, capsys, variable, labels
):
    asked = [q for q in exports.BOOK["questions"] if q["id"] in ("CODE", "NAME", variable[:2])]
    states = [{"code": 1, "ja": "導入済み", "en": "in use"},
              {"code": 2, "ja": "検討中", "en": "considered"}]  # fmt: skip
    asked[-1] = asked[-1] | ({"options": states} if variable == "Q1" else {})
    book = {**exports.BOOK, "questions": asked}
    put_yaml(project / "data" / "codebooks" / "genai.yml", book)
    names = ["Q1"] if variable == "Q1" else [f"Q2_{c}" for c in exports.WORK]
    frame = pd.DataFrame({"CODE": ["011002", "012025"], "NAME": ["札幌市", "函館市"],
                          **{name: [1.0, 1.0] for name in names}})  # fmt: skip
    given = ["new-wave", "--check", str(project / "s.sav"), "--codebook", "genai"]
    for own, result in ({}, 0), (labels, 2):
        pyreadstat.write_sav(frame, project / "s.sav", variable_value_labels={variable: own})
        assert main([*given, "--as-of", "2024-06-01"]) == result
    assert f"code 1 of {variable} means" in capsys.readouterr().err
    pyreadstat.write_sav(frame, project / "s.sav", missing_ranges={variable: [1]})
    assert main([*given, "--as-of", "2024-06-01"]) == 2  # 1 is no answer, says the file
    assert f"code '1' of {variable} stands for no answer" in capsys.readouterr().err


@pytest.mark.parametrize(("tool", "export"), ALL, ids=[export.__name__ for _, export in ALL])
def test_every_export_is_found_by_its_header_and_by_no_other_reader(project, tool, export):
    file = project / "export.csv"
    file.write_bytes(exports.written(export))
    sheet = read_file(file)[0]
    assert [
        name for name, reader in tools.READERS.items() if reader(tools.core.head_of(sheet))
    ] == [tool]


def test_the_command_knows_every_tool():
    assert set(TOOLS) == set(tools.READERS)


def test_a_file_that_no_tool_wrote_cannot_be_forced(project, capsys):
    put_yaml(project / "data" / "codebooks" / "genai.yml", exports.BOOK)
    (project / "r.csv").write_text("団体名,Q3\n札幌市,5\n函館市,6\n", "utf-8")
    given = ["new-wave", "w", str(project / "r.csv"), "--codebook", "genai", "--tool", "qualtrics"]
    assert main([*given, "--as-of", "2024-06-01"]) == 2
    assert "the header is not that of an export of qualtrics" in capsys.readouterr().err


def test_what_the_tool_notes_is_set_aside_and_persons_are_kept_nowhere(wave_of, project):
    got = cleaned(wave_of(exports.google_sheets))
    reasons = got.outside.groupby("reason")["text"].agg(set).to_dict()
    assert reasons["personal"] == {""} and len(reasons["record"]) == 15
    assert "x@example.jp" not in got.outside.to_csv() + got.findings.to_csv()


def test_a_form_with_an_option_other_keeps_its_words(project):
    folder = project / "data" / "raw" / "f"
    folder.mkdir(parents=True)
    book = {**exports.BOOK, "questions": [q for q in exports.BOOK["questions"]
                                          if q["id"] in ("CODE", "NAME", "Q1", "Q3")]}  # fmt: skip
    put_yaml(project / "data" / "codebooks" / "genai.yml", book)
    for code, name, state in (
        ("011002", "札幌市", "9（その他：予算を要求中）"),
        ("012025", "函館市", 1),
    ):
        page = openpyxl.Workbook().active
        for row in (("団体コード", code), ("団体名", name), ("Q1", state), ("Q3", 5)):
            page.append(row)
        page.parent.save(folder / f"{code}.xlsx")
    about = {"title": {"ja": "調査", "en": "Survey"}, "publisher": {"ja": "会", "en": "Group"},
             "as_of": dt.date(2024, 6, 1), "codebook": "genai", "data": "real", "files": [
                 {"path": "011002.xlsx", "layout": "form"},
                 {"path": "012025.xlsx", "layout": "form"}]}  # fmt: skip
    put_yaml(folder / "wave.yml", about)
    got = cleaned("f")
    assert got.responses["Q1"].tolist() == [9, 1]
    assert got.responses["Q1_other"].fillna("").tolist() == ["予算を要求中", ""]
    assert got.status["Q1_other"].tolist() == ["answered", "not_applicable"]


@pytest.mark.parametrize(
    "heads",
    [
        [f"Q2 利用している業務（複数選択可） [{t}]" for t in exports.WORK.values()],
        [f"問2 利用している業務（複数選択可）_{t}" for t in exports.WORK.values()],
        [f"利用している業務（複数選択可） - {t}" for t in exports.WORK.values()],
        [f"利用している業務（複数選択可）（{t}）" for t in exports.WORK.values()],
        [f"利用している業務（複数選択可）.{t}" for t in exports.WORK.values()],
        [f"7) 利用している業務 * | {t}" for t in exports.WORK.values()],
        [f"Q2[SQ00{c}]" for c in exports.WORK],
        [f"Q2_{c}" for c in exports.WORK],
    ],
)
def test_the_parts_of_a_question_are_known_in_any_table(project, heads):
    book = Codebook.parse(exports.BOOK)
    rows = ["団体名," + ",".join(f'"{head}"' for head in [*heads, "Q2_9_TEXT"])]
    rows += ["札幌市,○,,,○,広報", "函館市,,○,,,"]
    (project / "r.csv").write_text("\n".join(rows) + "\n", "utf-8")
    unasked = {q.id: () for q in book if q.id not in ("Q2", "Q2_other")}
    table = read_rows(read_file(project / "r.csv")[0], Headings(book, unasked))
    assert {v: c for v, c in table.columns.items() if v.startswith("Q2")} == {
        **{f"Q2_{code}": i for i, code in enumerate(exports.WORK, start=1)}, "Q2_other": 5,
    }  # fmt: skip


# --- the questionnaire as the tool itself defines it --------------------------------------------


def dictionary():
    """The questionnaire as the data dictionary of REDCap has it."""
    heads = ["Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
             "Choices, Calculations, OR Slider Labels",
             "Text Validation Type OR Show Slider Number",
             "Branching Logic (Show field only if...)", "Matrix Group Name"]  # fmt: skip

    def row(name, kind, label, choices="", check="", logic="", matrix=""):
        return [name, "survey", "", kind, label, choices, check, logic, matrix]

    def listed(options):
        return " | ".join(f"{code}, {text}" for code, text in options.items())

    return [
        heads,
        row("record_id", "text", "Record"),
        row("code", "text", "団体コード"),
        row("name", "text", "団体名"),
        row("q1", "radio", "生成AIの導入状況", listed(exports.STATES)),
        row("q1_other", "text", "その他の内容", logic="[q1] = '9'"),
        row("q2", "checkbox", "利用している業務", listed(exports.WORK)),
        row("q2_other", "text", "その他の業務", logic="[q2(9)] = '1'"),
        row("q3", "text", "職員数", check="integer"),
        *(row(f"q4_{i}", "radio", text, listed(exports.LEVELS), matrix="q4")
          for i, text in exports.ITEMS.items()),
        row("q5", "text", "開始日", check="date_ymd"),
        row("q6", "notes", "課題"),
    ]  # fmt: skip


def xlsform():
    """The questionnaire as an XLSForm has it."""
    lists = {"states": exports.STATES, "work": exports.WORK, "levels": exports.LEVELS}
    return {
        "survey": [
            ["type", "name", "label", "relevant", "appearance"],
            ["text", "CODE", "団体コード"], ["text", "NAME", "団体名"],
            ["select_one states", "Q1", "導入状況"],
            ["text", "Q1_other", "その他の内容", "${Q1} = '9'"],
            ["select_multiple work", "Q2", "業務"],
            ["text", "Q2_other", "その他の業務", "selected(${Q2}, '9')"],
            ["integer", "Q3", "職員数"],
            ["begin group", "Q4", "取組の状況", "", "table-list"],
            *(["select_one levels", f"Q4_{i}", text] for i, text in exports.ITEMS.items()),
            ["end group"],
            ["date", "Q5", "開始日"], ["text", "Q6", "課題", "", "multiline"],
        ],
        "choices": [
            ["list_name", "name", "label"],
            *([name, code, text] for name, own in lists.items() for code, text in own.items()),
        ],
    }  # fmt: skip


def defined(project, tool):
    """The file of the definition."""
    if tool == "redcap":
        with (project / "d.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(dictionary())
        return project / "d.csv"
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in xlsform().items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(project / "d.xlsx")
    return project / "d.xlsx"


@pytest.mark.parametrize("export", [exports.redcap_numbers, exports.odk], ids=["redcap", "odk"])
def test_the_codebook_of_a_definition_reads_the_replies_of_its_tool(project, export):
    tool = "redcap" if export is exports.redcap_numbers else "odk"
    text = draft(defined(project, tool))
    (project / "data" / "codebooks" / "d.yml").write_text(text, "utf-8")
    (project / "export.csv").write_bytes(exports.written(export))
    given = ["new-wave", "w", str(project / "export.csv"), "--codebook", "d"]
    assert main([*given, "--as-of", "2024-06-01"]) == 0
    got = cleaned("w")
    wanted = expected()
    for column in wanted:
        own = got.responses[column.lower() if tool == "redcap" else column]
        if column.endswith("other") or column == "Q6":
            own = own.fillna("")
        assert own.tolist() == wanted[column].tolist(), column
    doubted = got.findings[got.findings["severity"].isin(["doubtful", "refused"])]
    assert doubted.empty, doubted[["question", "rule", "raw"]].to_string()


FILTERED = {  # of each reply: filter, two options behind it, two behind the second, "none" and one
    "札幌市": ("1", "11", "10", "10"), "函館市": ("0", "00", "00", "01"),
    "仙台市": ("", "00", "00", "01"), "姫路市": ("1", "10", "00", "01"),
    "京都市": ("1", "00", "00", "00"),
}  # fmt: skip
HELD = {
    "札幌市": (["answered"] * 3, [True, True], [True, False]),
    "函館市": (["not_applicable"] * 2 + ["answered"], None, None),
    "仙台市": (["no_answer"] * 2 + ["answered"], None, None),
    "姫路市": (["answered", "not_applicable", "answered"], [True, False], None),
    "京都市": (["answered", "not_applicable", "no_answer"], [False, False], None),
}  # fmt: skip


@pytest.mark.parametrize("zero", ["0", "False", ""])
@pytest.mark.parametrize("tool", ["redcap", "odk"])
def test_a_multiple_answer_that_was_skipped_was_not_asked(project, tool, zero):
    """Behind a filter, behind an option of a question behind one, and behind an unknown answer.

    Where "none of these" was offered, zeros alone are no answer.
    """
    if tool == "redcap":
        head, *rows = dictionary()
        more = [("use", "yesno", "利用", "", ""),
                ("c", "checkbox", "課題", "1, 特になし | 2, 財源", ""),
                ("a", "checkbox", "業務", "1, 文書 | 2, 翻訳", "[use] = '1'"),
                ("b", "checkbox", "言語", "1, 英語 | 2, 中国語", "[a(2)] = '1'")]  # fmt: skip
        rows = [rows[0], rows[2], *([name, "survey", "", *own, "", logic, ""]
                                    for name, *own, logic in more)]  # fmt: skip
        with (project / "d.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        definition, names = project / "d.csv", ["___1", "___2"]
        heads = ["record_id", "name", "use"]
    else:
        lists = {"yn": ["はい", "いいえ"], "a": ["文書", "翻訳"], "b": ["英語", "中国語"],
                 "c": ["特になし", "財源"]}  # fmt: skip
        sheets = {
            "survey": [["type", "name", "label", "relevant"], ["text", "name", "団体名"],
                       ["select_one yn", "use", "利用"], ["begin group", "g", "", "${use} = '1'"],
                       ["select_multiple a", "a", "業務"],
                       ["select_multiple b", "b", "言語", "selected(${a}, '2')"], ["end group"],
                       ["select_multiple c", "c", "課題"]],
            "choices": [["list_name", "name", "label"], *(
                [name, 0 if (name, text) == ("yn", "いいえ") else k, text]
                for name, own in lists.items() for k, text in enumerate(own, 1))],
        }  # fmt: skip
        definition, names = project / "d.xlsx", ["/1", "/2"]
        workbook_of(definition, sheets)
        heads = ["KEY", "name", "use"]
    heads += [q + name for q in "abc" for name in names]
    rows = [[n, name, use, *(sign if sign == "1" else zero for sign in "".join(chosen))]
            for n, (name, (use, *chosen)) in enumerate(FILTERED.items(), 1)]  # fmt: skip
    if tool == "redcap":
        heads, rows = [*heads, "survey_complete"], [[*row, 2] for row in rows]
    else:
        heads = ["SubmissionDate", *heads[1:], "meta-instanceID", "KEY"]
        rows = [["2024-06-03T09:15:42Z", *row[1:], "uuid:1", "uuid:1"] for row in rows]
    with (project / "export.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    (project / "data" / "codebooks" / "d.yml").write_text(draft(definition), "utf-8")
    given = ["new-wave", "w", str(project / "export.csv"), "--codebook", "d"]
    assert main([*given, "--as-of", "2024-06-01", "--tool", tool]) == 0
    got = cleaned("w")
    named = {name: code for code, name in got.register["name"].items()}
    for name, (states, a, b) in HELD.items():
        if zero == "" and name == "京都市":  # with blanks nobody sees that it was shown
            states, a = ["no_answer"] * 3, None
        own = got.status.loc[named[name]]
        assert [own[f"{q}_1"] for q in "abc"] == states, name
        answers = got.responses.loc[named[name]]
        for q, chosen in (("a", a), ("b", b)):
            said = answers[[f"{q}_1", f"{q}_2"]]
            assert said.tolist() == chosen if chosen else said.isna().all(), (name, q)


def test_records_of_redcap_over_several_rows_are_refused(project):
    """A longitudinal export: the later event would have taken the place of the first."""
    text = draft(defined(project, "redcap"))
    (project / "data" / "codebooks" / "d.yml").write_text(text, "utf-8")
    head, *rows = exports.redcap_numbers()
    events = [["record_id", "redcap_event_name", *head[1:]]]
    events += [[row[0], "base_arm_1", *row[1:]] for row in rows]
    for name, more, code in (("once", [], 0), ("twice", [[1, "later_arm_1", *rows[0][1:]]], 2)):
        with (project / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(events + more)
        given = ["new-wave", name, str(project / f"{name}.csv"), "--codebook", "d"]
        assert main([*given, "--as-of", "2024-06-01"]) == code


# --- other shapes that the same tools write -----------------------------------------------------

KOBO = [
    ["start", "暮らし/利用する窓口", "暮らし/利用する窓口/本庁", "暮らし/利用する窓口/支所",
     "件数/月",
     "_uuid", "_submission_time", "_index"],
    ["", "#place", "", "", "#n", "", "", ""],
    ["", "本庁 支所", "1", "1", "6", "u1", "2024-06-03T09:15:42", "1"],
]  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "head", "heads", "kinds"),
    [
        ("odk", KOBO, 2, "record record answer answer answer record received record"),
        (  # options alone, without the column of the question
            "odk", [[row[i] for i in (0, 2, 3, 4, 5, 6)] for row in (KOBO[0], KOBO[2])], 1,
            "record answer answer answer record received",
        ),
        (  # a place has columns of its own; so may a question on accuracy
            "odk",
            [["end", "g/where", "g/_where_latitude", "g/_where_longitude", "g/_where_precision",
              "g/_data_accuracy", "_geolocation", "_uuid"]], 1,
            "received personal personal personal personal answer personal record",
        ),
        (
            "redcap",
            [["participant_id", "email", "consent___1", "consent___2", "intake_complete"]], 1,
            "record personal answer answer record",
        ),
        (
            "surveymonkey", [["RespondentID", "問1 状況", "年代"], ["33", "済", "30-44"]], 1,
            "record answer answer",
        ),
        (
            "surveymonkey",
            [["Respondent ID", "Contact information", "", "", "", "Q1"],
             ["", "Name", "Company", "Email Address", "Phone Number", "Response"]], 2,
            "record personal answer personal personal answer",
        ),
        (
            "ms-forms",
            [["ID", "Start time", "Completion time", "Email", "Name", "Total points", "Q1",
              "Points - Q1", "Feedback - Q1", "Points - of view"]], 1,
            "record record received personal personal record answer record record answer",
        ),
        (
            "google-forms", [["Timestamp", "Your email address", "Q1", "Q1 [Score]", "Q2 [研修]"]],
            1, "received personal answer record answer",
        ),
        ("google-forms", [["Marca temporal", "Municipio"]], 1, "received answer"),
        (  # VV: the words, then the codes with a line before a sub-question
            "limesurvey",
            [["Response ID", "Date submitted", "Last page", "業務 [翻訳]", "業務 [翻訳] [Comment]",
              "人数 [本庁][正規]"],
             ["id", "submitdate", "lastpage", "q2_SQ001", "q2_SQ001comment", "q6_SQ001_SQ002"]], 2,
            "record received record answer answer answer",
        ),
        (
            "limesurvey",
            [["id", "submitdate", "lastpage", "q2[SQ001]", "q2[other]", "q7[filecount]",
              "interviewtime", "groupTime12", "q2Time"]], 1,
            "record received record answer other record record record record",
        ),
        (
            "qualtrics",
            [["EndDate", "Q4_First Click", "Q4_Last Click", "Q4_Page Submit", "Q4_Click Count",
              "Q2_DO_1", "Q7_NPS_GROUP", "Q7", "SC0", "Q8_Name", "Q9_Id", "Q9_Name", "Q9_Size",
              "Q9_Type"], ["words"] * 14, ['{"ImportId":"x"}'] * 14], 3,
            "received record record record record record record answer record answer record record "
            "record record",
        ),
        (
            "logo", [["送信番号", "送信日時", "業務_翻訳", "業務_その他", "業務_その他_内容"]], 1,
            "record received answer answer other",
        ),
        ("logo", [["送信番号", "送信日時", "状況", "状況_その他_内容"]], 1,
         "record received answer other"),
        (
            "logo",
            [["受付番号", "送信日時", "問1 手段:出向", "問1 手段:その他", "問1 手段:その他の内容"]],
            1, "record received answer answer other",
        ),
        ("kintone", [["$id", "$revision", "形態", "形態（その他の内容）", "形態の変更"]], 1,
         "record record answer other answer"),
        (
            "surveymonkey",
            [["回答者 ID", "名", "姓", "団体名"], ["", "", "", "自由形式の回答"]], 2,
            "record personal personal answer",
        ),
    ],
)  # fmt: skip
def test_what_each_column_is(tool, head, heads, kinds):
    export = tools.READERS[tool](head)
    assert export.heads == heads
    assert [column.kind for column in export.columns] == kinds.split()


def test_a_vv_export_has_the_names_and_the_words_of_its_questions():
    export = tools.READERS["limesurvey"](
        [["Response ID", "Last page", "Date submitted", "業務 [翻訳]", "人数 [本庁][正規]"],
         ["id", "lastpage", "submitdate", "q2_SQ001", "q6_SQ001_SQ002"]]
    )  # fmt: skip
    tick, number = export.columns[3:]
    assert (tick.name, tick.text, tick.part, tick.part_name) == ("q2", "業務", "翻訳", "SQ001")
    assert (number.text, number.part, number.part_name) == ("人数", "本庁 / 正規", "SQ001_SQ002")


@pytest.mark.parametrize(
    "rows",
    [
        ["レコードの開始行,レコード番号,団体名,明細_人数", "*,1,札幌市,5", ",1,札幌市,6"],
        ["レコードの開始行,団体名,明細_人数", "*,札幌市,5", ",,6"],
        ["record_id,redcap_event_name,name", "1,base_arm_1,札幌市", "1,later_arm_1,札幌市"],
        ["Record ID,Event Name,団体名", "1,Baseline,札幌市", "1,Later,札幌市"],
        ["a01_id,redcap_repeat_instance,name", "1,1,札幌市", "1,2,札幌市"],
    ],
)
def test_a_record_over_several_rows_is_refused_whatever_else_its_header_has(tmp_path, rows):
    (tmp_path / "r.csv").write_text("\n".join(rows), "utf-8")
    with pytest.raises(InputError, match="the record 1 has several rows"):
        tools.find(read_file(tmp_path / "r.csv")[0])


def test_labels_of_kobo_are_not_cut_at_a_stroke_within_a_question():
    for head in (KOBO, [[row[i] for i in (0, 2, 3, 4, 5, 6)] for row in (KOBO[0], KOBO[2])]):
        columns = tools.READERS["odk"](head).columns
        assert [c.part for c in columns if c.has_part] == ["本庁", "支所"]
        assert {c.text for c in columns if c.has_part} == {"暮らし/利用する窓口"}
        assert "件数/月" in [c.text for c in columns]


def test_a_column_beside_the_one_that_bears_the_name_of_the_question_is_unmatched(project):
    rows = "\n".join(
        [
            "EndDate,ResponseId,CODE,Q3,Q3 - Topics",
            "End Date,Response ID,団体コード,情報部門の職員数,Q3 - Topics",
            '"{""ImportId"":""a""}","{""ImportId"":""b""}",c,d,e',
            "2024-06-03 09:15:42,R_1,011002,5,staff",
        ]
    )
    (project / "r.csv").write_text(rows + "\n", "utf-8")
    sheet, export = tools.choose(read_file(project / "r.csv"))
    book = Codebook.parse(exports.BOOK)
    unasked = {q.id: () for q in book if q.id not in ("CODE", "Q3")}
    table = read_rows(sheet, Headings(book, unasked), export=export)
    assert table.columns["Q3"] == 3


# --- replies that a tool writes in its own way --------------------------------------------------


@pytest.fixture
def of_rows(project):
    """The name of a wave of the rows of one export, made by the command."""

    def made(rows, book=exports.BOOK):
        put_yaml(project / "data" / "codebooks" / "genai.yml", book)
        with (project / "export.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        given = ["new-wave", "w", str(project / "export.csv"), "--codebook", "genai"]
        assert main([*given, "--as-of", "2024-06-01"]) == 0
        return "w"

    return made


@pytest.mark.parametrize(
    ("export", "column", "heads", "said"),
    [("qualtrics_texts", "Finished", 3, "False"), ("limesurvey_codes", "submitdate", 1, "")],
)
def test_a_reply_only_begun_replaces_none_that_was_completed(of_rows, export, column, heads, said):
    rows = [*getattr(exports, export)()]
    begun = ["" if head[:2] in ("Q2", "Q3", "Q4") else text
             for head, text in zip(rows[0], rows[heads], strict=True)]  # fmt: skip
    begun[rows[0].index(column)] = said
    got = cleaned(of_rows([*rows, begun]))
    assert got.responses["Q3"].tolist() == expected()["Q3"].tolist()
    assert {"superseded", "unfinished"} <= {*got.findings["rule"]}
    assert not {"same-date", "blanked"} & {*got.findings["rule"]}


@pytest.mark.parametrize(
    ("export", "column", "heads", "said"),
    [
        ("qualtrics_texts", "Finished", 3, "False"),
        ("qualtrics_numbers", "Finished", 3, "0"),
        ("limesurvey_codes", "submitdate", 1, ""),
        ("limesurvey_texts", "送信日", 1, ""),
    ],
)
def test_a_reply_that_was_not_completed_is_a_finding_or_left_out(
    of_rows, project, export, column, heads, said
):
    rows = [*getattr(exports, export)()]
    at = rows[0].index(column)
    rows[heads][at] = said
    name = of_rows(rows)
    got = cleaned(name)
    found = got.findings[got.findings["rule"] == "unfinished"]
    code = rows[heads][rows[0].index("CODE" if "CODE" in rows[0] else "団体コード")]
    assert found[["code", "raw", "severity"]].to_numpy().tolist() == [[code, said, "doubtful"]]
    assert f"“{column}”" in found["en"].iloc[0] and len(got.responses) == 15
    file = project / "data" / "raw" / name / "wave.yml"
    file.write_text(file.read_text("utf-8").replace("tool:", "unfinished: leave out\n  tool:"))
    got = cleaned(name)
    assert len(got.responses) == 14 and code not in got.responses.index
    assert got.findings.empty or "unfinished" not in set(got.findings["rule"])
    assert "unfinished" in set(got.ledger.counts["place"])
    assert code in set(got.outside["text"])
    tool = Wave.read(name).files[0].tool
    file.write_text(file.read_text("utf-8").replace(f"  tool: {tool}\n", ""))
    with pytest.raises(InputError, match="nothing says which replies were not completed"):
        cleaned(name)


def test_what_qualtrics_writes_of_a_question_seen_and_not_answered_is_no_answer(of_rows):
    rows = [*exports.qualtrics_numbers()]
    ticks = [rows[0].index(f"Q2_{code}") for code in exports.WORK]
    for row in rows[3:]:
        row[:] = ["-99" if at in ticks and text == "" else text for at, text in enumerate(row)]
    unseen = rows[3]  # none of them ticked, and the other questions
    unseen[ticks[0] : -1] = ["-99" if text != "" else "" for text in unseen[ticks[0] : -1]]
    unseen[rows[0].index("Q2_9_TEXT")] = ""
    got = cleaned(of_rows(rows))
    code = unseen[rows[0].index("CODE")]
    assert set(got.status.loc[code, ["Q2_1", "Q2_9", "Q3", "Q4_a", "Q5"]]) == {"no_answer"}
    right = expected().drop(index=code)
    for column in [f"Q2_{option}" for option in exports.WORK]:
        assert got.responses[column].drop(index=code).tolist() == right[column].tolist()
    assert set(got.findings["severity"]) <= {"noted", "repaired"}
    assert "IP Address" in set(got.findings["raw"])  # the heading, not the id of the import


def test_minus_99_of_another_tool_or_of_a_table_is_a_number(of_rows):
    head, *rows = exports.google_sheets()
    rows[0][head.index(exports.Q3)] = "-99"
    got = cleaned(of_rows([head, *rows]))
    assert got.responses.loc[rows[0][2], "Q3"] == -99
    assert "seen-unanswered" not in set(got.findings["rule"])


def test_two_likerts_of_one_wording_are_told_apart_by_the_number_microsoft_forms_adds(of_rows):
    book = {**exports.BOOK, "questions": [*exports.BOOK["questions"], {
        **next(q for q in exports.BOOK["questions"] if q["id"] == "Q4"),
        "id": "Q7", "ja": "今後の予定", "en": "Later",
        "items": [{"id": f"Q7_{i}", "ja": t, "en": f"later {i}"} for i, t in exports.ITEMS.items()],
    }]}  # fmt: skip
    rows = [*exports.ms_forms()]
    for row, later in zip(rows, [["研修2", "採用2"], *[["予定", "未定"]] * 15], strict=True):
        row += later
    got = cleaned(of_rows(rows, book))
    assert got.responses["Q4_a"].tolist() == expected()["Q4_a"].tolist()
    assert set(got.responses["Q7_a"]) == {2} and set(got.responses["Q7_b"]) == {3}


def test_an_answer_such_as_average_makes_no_total_of_the_reply(project):
    """No form tool writes totals; beside the name of any body the row is its reply."""
    rows = [[f"2024/06/03 9:15:0{i}", ("Average", "Total", "※", "Poor")[i % 4], f"Town {i}"]
            for i in range(8)]  # fmt: skip
    with (project / "r.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Timestamp", "Impression", "団体名"], *rows])
    names = "".join(f"R{i},Town {i}\n" for i in range(8))
    (project / "who.csv").write_text(f"id,name\n{names}", "utf-8")
    (project / "data/codebooks/own.yml").write_text(draft(project / "r.csv"), "utf-8")
    command = ["new-wave", "w", str(project / "r.csv"), "--codebook", "own", "--as-of"]
    assert main([*command, "2024-06-01", "--register", str(project / "who.csv")]) == 0
    data = read.read(Wave.read(project / "data/raw/w"), Codebook.read("own"))
    assert data.n == 8


def test_where_somebody_stood_is_personal_also_where_kobo_marks_the_column_as_its_own():
    head = [
        "end",
        "grp/gps",
        "_grp/gps_latitude",
        "_grp/gps_longitude",
        "_uuid",
        "_submission_time",
    ]
    export = tools.READERS["odk"]([head, ["1"] * 6])
    assert [c.kind for c in export.columns][1:4] == ["personal"] * 3


def test_a_question_whose_answers_are_items_of_the_next_is_no_table_of_answers(project):
    """Three rows of headings say the question twice."""
    heads = [["EndDate", "Q0", "fruits", "rated_1", "rated_2"],
             ["End Date", "団体名", "Fruits liked", "Fruits rated - Oranges",
              "Fruits rated - Kiwis"], ['{"ImportId":"x"}'] * 5]  # fmt: skip
    names = "札幌市", "函館市", "小樽市", "旭川市", "室蘭市", "釧路市"
    rows = [["2024-06-03 09:15:42", name, ("Oranges", "Kiwis")[i % 2], ("good", "bad")[i % 2],
             ("bad", "good")[i % 2]] for i, name in enumerate(names)]  # fmt: skip
    with (project / "r.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*heads, *rows])
    (project / "data/codebooks/own.yml").write_text(draft(project / "r.csv"), "utf-8")
    assert main(["new-wave", "--check", str(project / "r.csv"), "--codebook", "own"]) == 0
