"""A proposed codebook says what a file can tell, is valid, and leaves the rest to a person."""

import pandas as pd
import pyreadstat
import pytest
import yaml

from analysis import intake
from analysis.codebook import Codebook
from analysis.draft import draft
from analysis.errors import InputError
from received import csv_text, wave, workbook

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


@pytest.fixture
def drafted(tmp_path):
    workbook(tmp_path / "r.xlsx", [["調査の回答"], [], HEAD, *ROWS])
    return draft(tmp_path / "r.xlsx")


def test_types_options_units_and_missing_codes(drafted):
    found = questions(drafted)
    kinds = {name: q["type"] for name, q in found.items()}
    assert kinds == {
        "団体コード": "text", "団体名": "text", "職員数（人）": "integer", "形態": "single",
        "取組": "multi", "導入率（%）": "ratio", "回答日": "date", "意見": "text", "区分": "single",
    }  # fmt: skip
    assert found["団体コード"]["identity"] == "code" and found["団体名"]["role"] == "id"
    assert found["職員数（人）"]["unit"] == {"ja": "人", "en": "persons"}
    assert found["職員数（人）"]["missing_tokens"] == ["999"]
    assert [o["code"] for o in found["形態"]["options"]] == [1, 2, 3]
    assert found["形態"]["missing_tokens"] == ["99"]
    assert [o["code"] for o in found["取組"]["options"]] == [1, 2, 3]
    assert {o["ja"] for o in found["区分"]["options"]} == {"市", "町"}
    assert found["意見"]["free"] is True


def test_the_draft_is_a_codebook_that_reads_its_own_file(drafted, tmp_path, monkeypatch):
    (tmp_path / "draft.yml").write_text(drafted, "utf-8")
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    folder = tmp_path / "data" / "raw" / "w"
    folder.mkdir(parents=True)
    workbook(folder / "r.xlsx", [["調査の回答"], [], HEAD, *ROWS])
    table = intake.read(wave(folder, "r.xlsx"), Codebook.read(tmp_path / "draft.yml"))
    assert table.text.shape == (6, 9)
    assert set(table.outside["reason"]) == {"title", "header"}


def test_it_says_that_it_is_a_draft_and_what_was_seen(drafted):
    assert drafted.startswith("# 下書き / Draft made from r.xlsx")
    assert "(to translate)" in drafted
    assert "# seen: 6 filled, 6 different: 990019" in drafted


def test_ids_come_from_the_headings(tmp_path):
    replies = [["x", n * 7, f"99{n}", "y"] for n in range(4)]
    rows = [["備考", "問3 人数", "問1 団体コード", "所見"], *replies, ["合計", 42]]
    (tmp_path / "r.csv").write_text(csv_text(rows), "utf-8")
    found = yaml.safe_load(draft(tmp_path / "r.csv"))["questions"]
    assert [q["id"] for q in found] == ["Q02", "Q03", "Q01", "Q04"]
    assert found[2]["identity"] == "code" and found[1]["ja"] == "人数"
    assert "# seen: 4 filled" in draft(tmp_path / "r.csv").split("Q03")[1]


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
    (tmp_path / "d.yml").write_text(text, "utf-8")
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    folder = tmp_path / "data" / "raw" / "w"
    folder.mkdir(parents=True)
    (folder / "s.sav").write_bytes((tmp_path / "s.sav").read_bytes())
    table = intake.read(wave(folder, "s.sav"), Codebook.read(tmp_path / "d.yml"))
    assert table.text["Q6"].tolist() == ["1", "9"]
    assert table.text["staff"].tolist() == ["13", ""]
    assert table.address(1, 1) == "B4"  # below names and labels


def test_a_file_without_records(tmp_path):
    workbook(tmp_path / "r.xlsx", [["題名だけ"]])
    with pytest.raises(InputError, match="no heading with records"):
        draft(tmp_path / "r.xlsx")
