"""A unit beside the numbers of a file that is not the one of the question is told."""

import csv
import datetime as dt

import openpyxl
import pandas as pd
import pytest
from received import BOOK, wave

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.intake.read import read


def findings(folder, name, layout, unit="人", **entry):
    unit_of = {"ja": unit, "en": "persons"}
    questions = [
        q | ({"unit": unit_of} if q["id"] == "Q03" else {}) for q in BOOK["questions"][1:3]
    ]
    about = wave(folder, {"path": name, "layout": layout, **entry})
    book = Codebook.parse(BOOK | {"questions": questions})
    result = clean(read(about, book, folder), about, book)
    result.ledger.check()
    return result.findings.query("rule == 'scaled'")


@pytest.mark.parametrize(("unit", "rows", "cell"), [
    ("人", [["団体名", "札幌市"], ["職員数", 3, "千人"]], "C2"),
    ("人", [["団体名", "札幌市"], ["職員数（千人）", 3]], "A2"),
    ("人", [["団体名", "札幌市"], [None, "（単位：千人）"], ["職員数", 3]], "B2"),
    ("千円", [["団体名", "札幌市"], ["職員数", 3, "円"]], "C2"),
    ("人", [["団体名", "札幌市"], ["職員数", 3, "人"]], None),
    ("人", [["団体名", "札幌市"], ["職員数（人）", 3]], None),
    ("千円", [["団体名", "札幌市"], ["職員数（千円）", 3]], None),
    ("人", [["団体名", "札幌市"], ["職員数", 3], ["予算（千円）", 5]], None),
])  # fmt: skip
def test_another_unit_in_a_form_is_told(tmp_path, unit, rows, cell):
    """3 was read as three persons, and nothing said."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "f.xlsx")
    told = findings(tmp_path, "f.xlsx", "form", unit)
    assert told["cell"].tolist() == ([cell] if cell else [])
    assert not cell or {*told["name"]} == {"札幌市"}


@pytest.mark.parametrize("heading", ["職員数（千人）", "職員数", "職員数（人）"])
def test_another_unit_in_the_heading_of_a_table_is_told_once(tmp_path, heading):
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["団体名", heading], ["札幌市", 3], ["函館市", 2]])
    told = findings(tmp_path, "t.csv", "rows", header={"Q03": ["B1"]})
    assert told["cell"].tolist() == (["B1"] if "千" in heading else [])


@pytest.mark.parametrize(("own", "stated", "told"), [
    ("千円", "円", True), ("千円", "（円）", True), ("人", "千人", True), ("ha", "㎡", True),
    ("千円", "千円", False), ("人", "名", False), ("人", "団体", False),
])  # fmt: skip
def test_a_row_of_units_below_the_headings_is_compared(tmp_path, own, stated, told):
    """It was told as a reply of nobody, and 3,000,000 yen were 3,000,000 thousand yen."""
    with (tmp_path / "t.csv").open("w", newline="") as file:
        rows = [["団体名", "職員数"], ["", stated], ["札幌市", 3], ["函館市", 2]]
        csv.writer(file).writerows(rows)
    found = findings(tmp_path, "t.csv", "rows", own)
    assert found["cell"].tolist() == (["B2"] if told else [])


@pytest.mark.parametrize(
    ("value", "format", "unit", "said"),
    [
        (5_000_000, "¥#,##0", "千円", "other-unit"), (5_000_000, '#,##0"円"', "千円", "other-unit"),
        (5_000_000, "#,##0,", "千円", "other-unit"), (500, '0"万円"', "千円", "other-unit"),
        (12, '0"人以上"', "人", "range"), (12, '"約"0', "人", "approximate"),
        (5000, '#,##0"千円"', "千円", 5000), (5000, "#,##0_ ;[Red]\\-#,##0\\ ", "千円", 5000),
        (5000, "[$¥-411]#,##0", "円", 5000), (5_000_000, "#,##0,", "円", 5_000_000),
        (12, '0"名"', "人", 12), (12, "0000", "人", 12), (12, "[Red]0.0", "人", 12),
        (1, '0"%"', "%", 1), (0.5, '0.0"%"', "%", 0.5), (0.8, "0.0\\%", "%", 0.8),
        (0.8, "0.0%", "%", 80), (62, '0"％"', "%", 62),
    ],
)  # fmt: skip
def test_a_number_is_what_the_sheet_shows(tmp_path, value, format, unit, said):
    """The unit that the format of a cell shows was passed over, and of "1%" in words came 100%."""
    ratio = {"type": "ratio"} if unit == "%" else {"type": "integer"}
    asked = ratio | {"id": "Q3", "section": "A", "role": "context", "ja": "予算", "en": "Budget",
                     "unit": {"ja": unit, "en": unit}}  # fmt: skip
    codebook = Codebook.parse(BOOK | {"questions": [*BOOK["questions"][:2], asked]})
    page = openpyxl.Workbook().active
    page.append(["団体コード", "団体名", "予算"])
    page.append(["990019", "架空市", value])
    page["C2"].number_format = format
    page.parent.save(tmp_path / "a.xlsx")
    about = wave(tmp_path, "a.xlsx")
    result = clean(read(about, codebook, tmp_path), about, codebook)
    (answer,) = result.responses["Q3"]
    told = [*result.findings.loc[result.findings["question"] == "Q3", "rule"]]
    assert (told or [answer]) == [said]


@pytest.mark.parametrize(
    ("day", "format", "month", "day_asked"),
    [
        ("2026-06-04", 'm"月"d"日"', None, None), ("2026-06-04", "d-mmm", None, None),
        ("2026-06-04", '[$-411]m"月"d"日";@', None, None), ("2026-04-24", "m/d", None, None),
        ("2024-04-01", "yyyy/m", "2024-04-01", "2024-04-01"),
        ("2024-04-01", "mmm-yy", "2024-04-01", "2024-04-01"),
        ("2024-04-01", "[$-411]ge.m.d", "2024-04-01", "2024-04-01"),
        ("1905-07-16", "yyyy/mm/dd", None, None), ("1900-01-06", "yyyy/mm/dd", None, None),
        ("2454-02-28", "yyyy/mm", None, None),
        ("1906-03-01", "yyyy/mm/dd", "1906-03-01", "1906-03-01"),
    ],
)  # fmt: skip
def test_a_day_whose_year_the_spreadsheet_made_is_asked_about(
    tmp_path, day, format, month, day_asked
):
    """6/4 was meant as April of the sixth year, and 2024 typed into a cell for days is one of 1905.

    They were read as June of this year and as July 1905, without a word.
    """
    about = {"section": "A", "role": "context", "type": "date", "ja": "日", "en": "Day"}
    asked = [about | {"id": "Q3", "ja": "導入年月", "precision": "month"}, about | {"id": "Q4"}]
    codebook = Codebook.parse(BOOK | {"questions": [*BOOK["questions"][:2], *asked]})
    page = openpyxl.Workbook().active
    page.append(["団体コード", "団体名", "導入年月", "日"])
    page.append(["990019", "架空市", *[dt.date.fromisoformat(day)] * 2])
    page["C2"].number_format = page["D2"].number_format = format
    page.parent.save(tmp_path / "a.xlsx")
    received = wave(tmp_path, "a.xlsx")
    result = clean(read(received, codebook, tmp_path), received, codebook)
    told = {*result.findings.query("severity == 'refused'")["question"]}
    assert told == ({"Q3", "Q4"} if month is None else set())
    for name, expected in (("Q3", month), ("Q4", day_asked)):
        (answer,) = result.responses[name]
        assert (None if pd.isna(answer) else str(answer)[:10]) == expected
