"""Bodies that are no municipalities of Japan, by a register of one's own."""

import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from project import put_yaml

from analysis.codebook.own_register import OwnRegister
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.results import profile
from analysis.show import NotAvailable
from analysis.survey import Survey
from workbench import fanout
from workbench.office.new_wave import new_wave

REGISTER = """id,name,group,size
007,Biblioteca Norte,Arica,large
008,Biblioteca Sur,Maule,small
009,Central,Arica,small
010,Central,Maule,small
011,Til Til,Maule,large
"""
BOOK = {
    "id": "bodies", "title": {"ja": "図書館", "en": "Libraries"}, "version": "1",
    "missing": {"no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["#s.i."]}},
    "sections": [{"id": "A", "ja": "設問", "en": "Questions"}],
    "questions": [
        {"id": "ID", "section": "A", "type": "text", "role": "id", "identity": "code",
         "ja": "番号", "en": "Id"},
        {"id": "BODY", "section": "A", "type": "text", "role": "id", "identity": "name",
         "ja": "名称", "en": "Body"},
        {"id": "REGION", "section": "A", "type": "text", "role": "id", "identity": "prefecture",
         "ja": "地域", "en": "Region"},
        {"id": "Q1", "section": "A", "type": "integer", "role": "describe", "ja": "職員",
         "en": "Staff"},
    ],
}  # fmt: skip


@pytest.fixture
def made(project):
    """Makes a wave of replies with that register, and gives what the survey holds."""
    book = project / "data" / "codebooks" / "bodies.yml"
    put_yaml(book, BOOK)
    (project / "who.csv").write_text(REGISTER, "utf-8")

    def make(replies, invited="all", register="who.csv"):
        (project / "replies.csv").write_text("Id,Body,Region,Staff\n" + replies, "utf-8")
        files = [project / "replies.csv"]
        new_wave("b", files, "bodies", "2026-04-01", invited=invited, register=project / register)
        return Survey.load("b", language="en")

    return make


def test_bodies_are_found_by_id_and_name_as_municipalities_are(made):
    survey = made(
        "7,,,3\n,BIBLIOTECA  SUR,,4\n,Central,Maule,5\n,Central,,6\n,Otra,,7\n009,Til Til,,8\n"
    )
    assert survey.responses["Q1"].to_dict() == {"007": 3, "008": 4, "009": 8, "010": 5}
    rules = survey.findings.groupby("rule")["raw"].apply(list).to_dict()
    assert rules["code-repaired"] == ["7"] and rules["name-variant"] == ["BIBLIOTECA  SUR"]
    assert [raw for raw in rules["who"] if not raw.isdigit()] == [
        "Central",
        "Otra",
    ]  # of two of one name none is picked
    assert rules["code-and-name"] == ["Til Til"]


def test_who_is_asked_for_is_read_as_replies_are_wherever_one_is_named(made):
    survey = made("007,,,3\n008,,,4\n009,,,5\n010,,,6\n")
    named = ["7", 7, "008", "BIBLIOTECA  SUR"]
    assert [survey.code_of(text) for text in named] == ["007", "007", "008", "008"]
    found = NotAvailable("typology", "")
    assert profile.place(survey, "007", typology=found).code == "007"
    for text, said in {
        "Central": "may mean 2 .* 009, 010",
        "Til Til": "did not reply",
        "Otra": "no municipality 'Otra'",
    }.items():
        with pytest.raises(InputError, match=said):
            survey.code_of(text)
    outside = pd.Series({"7": 1.5, "biblioteca sur": 2.5, "Central": 3.5})
    more = survey.with_("x", outside, label="X")
    assert more.responses["x"].dropna().to_dict() == {"007": 1.5, "008": 2.5}
    assert more.findings.query("rule == 'outside-data'")["raw"].to_list() == ["Central"]


def test_all_of_the_register_are_those_asked_with_their_groups_and_sizes(made):
    survey = made("007,,,3\n011,,,4\n")
    register = survey.register
    assert register["invited"].sum() == 5 and register["replied"].sum() == 2
    assert survey.population.size == 5 and survey.wave.everybody == 5
    assert register.at["010", "prefecture"] == "Maule"
    assert survey.size_class.astype(str).to_dict() == {"007": "large", "011": "large"}


def test_what_is_said_is_of_the_register_in_use(made, demo):
    """Sentences, tables, files, figures and findings; of Japan the words are as they were."""
    survey = made("007,,,3\n011,,,4\n,Central,,6\n009,Til Til,,8\n", invited="3")
    told = " ".join(survey.findings["en"])
    assert "It is not clear which body replied" in told
    assert "It may be" in told and "municipalit" not in told and "prefecture" not in told
    frame = pd.DataFrame({"size_class": ["x"], "here": [0.5], "nation": [0.4], "national": [5]})
    ends = {"most": frame.iloc[0], "least": frame.iloc[0], "total": 5}
    for one, register in ((survey, True), (demo, False)):
        table = one.gallery.table(frame, "t", n=3, words="tabulation/representation", **ends)
        heads = " ".join(column["label"] for column in table.columns)
        ja = one.language == "ja"
        words = [heads, table.title, *one.labels("figure").values()]
        nation = "全国" if ja else "nation|municipalit"
        assert bool(re.search(nation, " ".join(words))) is not register


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,group\nA,B\n", "has the columns"),
        ("id,name\n1,A\n1,B\n", "line 3 .* the id 1, which is there before"),
        ('\n\nid,name\n1,"A\nB"\n2,\n', "line 6 .* no name"),
        ("id;name\n;A\n", "line 2 .* no id"),
        ("id,name\n1,A\n../../1,B\n", "line 3 .* the id ../../1, which can be the name of no file"),
        ("id,name\n1/2,A\n", "line 2 .* the id 1/2, which can be the name of no file"),
        ("id,name\na,b\nA,c\n", "line 3 .* the id A, which can be the name of no file of its own"),
        ("id,name\na,b c\na_b,c\n", "line 3 .* the id a_b, which can be the name of no file of"),
        ("id,name\n", "lists nobody"),
        ("id,name,name\n1,A,B\n", "the columns id, name, name"),
        ("", "has the columns"),
    ],
)
def test_a_register_that_identifies_nobody_is_refused(made, project, content, said):
    (project / "bad.csv").write_text(content, "utf-8")
    with pytest.raises(InputError, match=said):
        made("007,,,3\n008,,,3\n", register="bad.csv")


@pytest.mark.parametrize("page", sorted(fanout.ORDERS.values()))
def test_no_body_takes_the_place_of_an_overview_of_all(tmp_path, page):
    (tmp_path / "who.csv").write_text(f"id,name\n{Path(page).stem.title()},A\n", "utf-8")
    with pytest.raises(InputError, match="can be the name of no file"):
        OwnRegister.read(tmp_path / "who.csv", "who.csv")


@pytest.mark.parametrize("name", ["who.tsv", "semicolons.csv", "utf16.csv", "euc.csv", "who.xlsx"])
def test_a_register_is_read_as_programs_save_it(made, project, name):
    rows = [["ｉｄ", "Name"], ["1", "中央館"], ["02", "西館"]]
    if name == "who.xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([int(cell) if cell == "1" else cell for cell in row])
        book.save(project / name)
    else:
        text = "\n".join((";" if name == "semicolons.csv" else "\t").join(row) for row in rows)
        encodings = {"utf16.csv": "utf-16", "euc.csv": "euc_jp"}
        (project / name).write_text(text, encodings.get(name, "utf-8"))
    assert [*made("001,,,3\n2,,,4\n", register=name).responses.index] == ["02", "1"]


def test_the_register_is_named_in_wave_yml(made, project):
    made("007,,,3\n008,,,4\n", invited=None)
    file = project / "data" / "raw" / "b" / "wave.yml"
    content = yaml.safe_load(file.read_text("utf-8"))
    assert content["register"] == "who.csv"
    put_yaml(file, content | {"invited": [{"code": "999", "name": "X"}]})
    with pytest.raises(InputError, match="'999', which does not exist"):
        Wave.read("b")
