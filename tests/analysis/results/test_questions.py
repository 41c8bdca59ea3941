"""09_codebook: what was asked, of whom, what came of it, and where it is used."""

from analysis.results import questions
from analysis.survey import Survey


def test_every_question_stands_as_it_was_asked_in_both_languages(demo):
    listed = questions.questionnaire(demo).set_index("question")
    asked = [q for q in demo.codebook if not (q.role == "id" and q.identity)]
    assert [text.split(" ")[0] for text in listed.index] == [q.id for q in asked]
    row = listed.loc[
        "Q07 情報政策担当課（または同機能）が実際に担っている取組みをすべてお選びください。"
    ]
    assert row["translated"] == demo.codebook["Q07"].text.en
    assert row["options"].startswith("データ分析、") and "Q06 情報部門の組織形態" in row["whom"]
    status = demo.status[demo.codebook["Q07"].variables[0]]
    assert row["n"] == (status == "answered").sum()
    assert row["not_applicable"] == (status == "not_applicable").sum() > 0
    assert listed.filter(like="Q06", axis=0)["used"].str.contains("H1").all()
    # the file has what cleaning did with dates, too, which no table counts
    days = demo.findings.loc[demo.findings["question"] == "Q04", "severity"].value_counts()
    assert listed.filter(like="Q04", axis=0)["doubtful"].tolist() == [days["doubtful"]]
    page = questions.compact(demo, questions.questionnaire(demo))
    assert list(page) == ["question", "options", "n", "missing_cleaned", "used"]
    told = page.loc[page["question"].str.startswith("Q07"), "missing_cleaned"].item()
    assert f"非該当 {row['not_applicable']}" in told


def test_outside_the_house_no_finding_and_no_kind_of_missing_is_told():
    survey = Survey.load("demo-2019", audience="public", language="en", files=False)
    listed = questions.questionnaire(survey)
    assert list(listed) == [
        "question",
        "translated",
        "question_type",
        "options",
        "whom",
        "n",
        "used",
    ]
    assert "missing_cleaned" not in questions.compact(survey, listed)
    about = questions.method(survey, None)
    assert (about["asked"], about["replied"], about["first"]) == (16, 15, "")


def test_the_method_names_field_dates_mode_and_contact(demo):
    about = questions.method(demo, None)
    assert about["first"] == "2019-07-24" and about["first"] <= about["last"]
    said = demo.say("questions/method", **about)
    assert "回答の期間" in said and "重み付けはしない" in said
    assert "**方法** 調査票（Excel）" in said and "**連絡先** 研究会事務局" in said
    unnamed = demo.say("questions/method", **about | {"mode": "", "contact": ""})
    assert "方法" not in unnamed and "連絡先" not in unnamed
