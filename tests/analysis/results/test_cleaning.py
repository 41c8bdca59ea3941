"""The page on cleaning: what came in and from whom, what to ask whom, and where answers lack."""

from pathlib import Path

import pandas as pd
import pytest
from notebook_run import run

from analysis import Survey
from analysis.results import cleaning
from workbench.office.new_wave import new_wave


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clean")
    return {
        audience: run("01_clean", audience=audience, output=str(folder / audience))
        for audience in ("internal", "committee", "public")
    }


def test_it_says_which_files_came_and_who_did_not_reply(pages):
    inside = pages["internal"].prose
    assert "replies\\.xlsx" in inside and "霧ヶ沢町" in inside
    committee = pages["committee"].prose
    assert "replies" not in committee and "霧ヶ沢町" in committee
    assert pages["public"].prose.startswith("回答のない団体は1団体。\n")


def test_many_files_are_counted_and_not_all_named(demo):
    files = {f"{i:02}.xlsx": 1 for i in range(16)}
    said = demo.say("cleaning/arrived", n=16, files=files, silent=0, names=[], most=10)
    assert (
        said
        == "届いたファイルは16つ（" + "、".join(f"{i:02}\\.xlsx" for i in range(10)) + "ほか6）。"
    )


def test_repairs_come_before_doubts_and_refusals_and_show_what_was_taken(pages):
    shown = pages["internal"].tables["repairs"].frame
    assert shown["扱い"].drop_duplicates().tolist() == ["補正", "要確認", "無効"]
    repaired = shown.loc[shown["扱い"] == "補正", "件数"].astype(int)
    assert repaired.is_monotonic_decreasing
    assert not shown["例"].str.endswith("→ ").any()
    assert not shown.loc[shown["扱い"] == "無効", "例"].str.contains("→").any()


def test_what_no_municipality_can_answer_does_not_stand_under_one(pages):
    shown = pages["internal"].tables["to_ask"].frame.set_index("原文")
    assert shown.loc["電話で確認済み", "団体"] == "（事務局で確認）"
    assert shown.loc["約98,000", "設問"] == "Q03 人口"


def test_each_municipality_stands_once_among_what_to_ask(pages):
    places = pages["internal"].tables["to_ask"].frame["団体"]
    runs = places[places != places.shift()]
    assert runs.is_unique and runs.iloc[-1] == "（事務局で確認）"


def test_the_committee_sees_questions_in_words_and_how_many_municipalities(pages):
    shown = pages["committee"].tables["to_ask"].frame.set_index("設問")
    assert shown.loc["（取扱注意の設問）"].tolist() == ["2", "—"]
    shown = shown.drop("（取扱注意の設問）").astype(int)
    assert shown.loc["Q03 人口"].tolist() == [2, 2]
    assert shown.loc["（設問外）"].tolist() == [3, 0]  # a hidden column, a loose cell, a comment
    assert shown.loc["Q12 情報人材の充足感"].tolist() == [1, 0]  # its heading
    assert "to_ask" in pages["public"].absent


def test_each_row_of_the_figure_has_its_denominator(pages):
    rows = pages["internal"].names["each"].index
    # eight were asked Q07, fifteen Q03, which one left empty and one gave in households
    assert {"Q07 政策担当課の取組み 8/8", "Q03 人口 13/15"} <= set(rows)
    said = pages["internal"].prose
    assert "問われた延べ498問のうち無回答は22問（4.4％）、不明は2問、無効は13問" in said
    assert pages["committee"].names["each"].empty
    assert "不明は" not in pages["public"].prose


def test_options_in_columns_are_answered_as_the_tables_count_them(project, tmp_path):
    example = Path(__file__).parents[3] / "docs" / "examples" / "library-survey"
    book = project / "data" / "codebooks" / "libraries.yml"
    book.write_bytes((example / "libraries.yml").read_bytes())
    file = tmp_path / "ticks.csv"
    rows = [
        "団体名,Q1,Q2,Q3_1,Q3_2,Q3_3",
        "新設市,42,1,無回答,○,",
        "架空市,60,1,△,,",
        "仮市,7,1,,,",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    new_wave("ticks", [file], "libraries", "2026-04-01", invented=True)
    wave = project / "data" / "raw" / "ticks" / "wave.yml"
    codes = {"990019": "新設市", "990027": "架空市", "990035": "仮市"}
    invited = "".join(f"\n- {{code: '{c}', name: {n}}}" for c, n in codes.items())
    said = wave.read_text(encoding="utf-8").replace("invited: null", f"invited:{invited}")
    wave.write_text(said, encoding="utf-8")
    survey = Survey.load("ticks", output=tmp_path / "out")
    states = cleaning.states(survey)["Q3"]
    assert states.tolist() == ["answered", "unreadable", "no_answer"]
    assert survey.table("Q3").n == 1
    shown = cleaning.by_rule(survey).set_index("rule")["example"]
    assert shown["○などの印"] == "○ → 選択あり"


def test_places_without_a_name_have_a_named_axis_and_files_of_a_folder_are_counted(
    project, tmp_path
):
    folder = tmp_path / "in"
    folder.mkdir()
    for i, code in enumerate(("990019", "990027")):
        text = f"団体コード,Q1,Q2,Q3\n{code},{i},2,\n"
        (folder / f"{i}.csv").write_text(text, encoding="utf-8")
    example = Path(__file__).parents[3] / "docs" / "examples" / "library-survey"
    book = project / "data" / "codebooks" / "libraries.yml"
    book.write_bytes((example / "libraries.yml").read_bytes())
    new_wave("codes", [folder], "libraries", "2026-04-01", invented=True)
    survey = Survey.load("codes", output=tmp_path / "out")
    page = run("01_clean", given={"survey": survey})
    assert page.figures["missingness"].n == 2
    # one said that it does not open in the evening, and was not asked how
    assert "「非該当」（分岐により問われなかったものを含む）2問は分母に含めない" in page.prose
    survey.status["Q3_1"] = survey.status["Q3_2"] = survey.status["Q3_3"] = "no_answer"
    said = run("01_clean", given={"survey": survey}).prose
    assert "分母に含めない" not in said and "0問" not in said
    assert "2つ（inの2ファイル）" in said


def test_of_equals_none_is_named_before_the_others():
    def named(*counts):
        rows = pd.DataFrame({"question": range(len(counts)), "no_answer": counts})
        return cleaning.most_missing(rows)["no_answer"].tolist()

    assert named(7, 2, 1, 1, 1, 0) == [7, 2]
    assert named(3, 2, 1, 0) == [3, 2, 1]
    assert named(1, 1, 1, 1) == []


def test_of_very_many_questions_those_with_most_missing_answers_are_drawn(project, tmp_path):
    asked = [f"Q{i:03}" for i in range(100)]
    entry = "- {{id: {0}, section: A, type: integer, role: describe, ja: 数{0}, en: Number {0}}}\n"
    head = "id: many\ntitle: {ja: 多, en: Many}\nversion: '1'\nsections: [{id: A, ja: 甲, en: A}]\n"
    text = head + "questions:\n" + "".join(map(entry.format, asked))
    (project / "data" / "codebooks" / "many.yml").write_text(text, encoding="utf-8")
    answers = ",".join("" if i == 57 else "1" for i in range(100))
    file = tmp_path / "a.csv"
    file.write_text(f"団体コード,{','.join(asked)}\n990019,{answers}\n990027,{answers}\n", "utf-8")
    new_wave("many", [file], "many", "2026-04-01", invented=True)
    figure = run("01_clean", given={"survey": Survey.load("many", output=tmp_path / "out")}).figures
    drawn = figure["missingness"]
    assert "無回答が最も多いのは「Q057" in drawn.alt and "ほかの20問は省いた" in drawn.alt
    assert len(drawn.csv.splitlines()) == 101  # the numbers are of all


def test_what_to_confirm_is_in_one_order_in_both_languages():
    """`release` compares rows of another language by their places."""
    told = [
        cleaning.to_confirm(Survey.load("demo-2019", audience="committee", language=language))
        for language in ("ja", "en")
    ]
    assert told[0]["findings"].tolist() == told[1]["findings"].tolist() and len(told[0]) > 3
