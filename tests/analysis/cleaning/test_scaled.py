"""A unit beside the numbers of a file that is not the one of the question is told."""

import csv

import openpyxl
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
