"""The national table: published totals, kinds of missing, and names that are not unique."""

import csv
from pathlib import Path

import pytest

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.survey import Survey
from workbench.office.new_wave import new_wave

ROOT = Path(__file__).parents[1]
NAME = "市区町村毎のDX進捗状況_市区町村比較.csv"
REAL = ROOT.parent / "shared" / "data" / "digital-agency-r5" / NAME
needs_real = pytest.mark.skipif(not REAL.is_file(), reason="the national table is not here")
PUBLISHED = {"cio": 1270, "cio_aide": 846, "policy": 862, "external": 522}


@pytest.fixture
def with_wave(project):
    folder = project / "data" / "raw" / "national-r5"
    folder.mkdir()
    committed = ROOT / "data" / "raw" / "national-r5" / "wave.yml"
    (folder / "wave.yml").write_bytes(committed.read_bytes())
    return project


def invented(path: Path) -> dict[str, list[str]]:
    """A table in the layout of the real one: a column a municipality, an empty one at the end."""
    book = Codebook.read("dx-dashboard")
    names = list(municipality.register()["name"])
    rows: dict[str, list[str]] = {}
    for at, question in enumerate(book):
        if question.type == "binary":
            rows[question.id] = ["実施" if (i + at) % 3 else "未実施" for i in range(len(names))]
        elif question.type == "ratio":
            rows[question.id] = [f"{(i * 7 + at) % 101}%" for i in range(len(names))]
        else:
            rows[question.id] = ["20" if question.id == "procedures" else "5"] * len(names)
    rows["cio"][5] = "調査無し"
    rows["online"][9] = "%"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "", *names, ""])
        for question in book:
            label = question.source[0] + (" " if question.id == "online_childcare" else "")
            writer.writerow([question.section, label, *rows[question.id], ""])
    return rows


def test_one_column_a_municipality_with_names_that_repeat(with_wave, tmp_path):
    file = tmp_path / NAME
    rows = invented(file)
    new_wave("national-r5", [file], "dx-dashboard", "2023-04-01")
    survey = Survey.load("national-r5")
    assert list(survey.responses.index) == list(municipality.register().index)
    assert survey.status["cio"].value_counts()["not_surveyed"] == 1
    assert survey.status["online"].iloc[9] == "not_applicable"
    done = [value == "実施" for value in rows["ai"]]
    assert survey.responses["ai"].tolist() == done
    # two cities called 府中市 keep their own answers
    for code in ("132063", "342084"):
        at = list(municipality.register().index).index(code)
        assert survey.responses.at[code, "ai"] == done[at]
    assert survey.findings.empty and survey.n == survey.invited == 1741


def test_a_table_in_another_order_is_refused_with_the_place(with_wave, tmp_path):
    file = tmp_path / NAME
    invented(file)
    text = file.read_text(encoding="utf-8-sig").replace("函館市,小樽市", "小樽市,函館市")
    file.write_text(text, encoding="utf-8-sig")
    new_wave("national-r5", [file], "dx-dashboard", "2023-04-01")
    with pytest.raises(InputError, match="place 2 is '小樽市'"):
        Survey.load("national-r5")
    assert not (with_wave / "data" / "processed" / "national-r5").exists()


@needs_real
def test_the_published_totals_come_out_exactly(with_wave):
    new_wave("national-r5", [REAL], "dx-dashboard", "2023-04-01")
    survey = Survey.load("national-r5")
    for name, total in PUBLISHED.items():
        assert int(survey.responses[name].sum()) == total
        assert (survey.status[name] == "answered").sum() == 1733
        assert (survey.status[name] == "not_surveyed").sum() == 8
    assert (survey.status["ai"] == "answered").sum() == 1741
    assert int(survey.responses["ai"].sum()) == 879 and int(survey.responses["rpa"].sum()) == 720
    noto = {"金沢市", "七尾市", "小松市", "輪島市", "珠洲市", "内灘町", "中能登町", "能登町"}
    assert set(survey.names[survey.status["cio"] == "not_surveyed"]) == noto
    assert survey.ledger.received == int(survey.ledger.counts["cells"].sum())
    classes = survey.register["size_class"].value_counts()
    assert classes.to_dict() == {
        "town_village": 926, "other_city": 687, "core_city": 62,
        "special_city": 23, "special_ward": 23, "designated_city": 20,
    }  # fmt: skip
