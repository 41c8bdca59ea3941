"""A study of another country from its file to the report, with the counts that were published.

The file is never shipped: without it these tests are skipped.
"""

import contextlib
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml

from analysis.survey import Survey
from workbench.cli import main

FILE = (
    Path(__file__).parents[2] / "shared" / "data" / "chile-2023" / "bbdd_estudio_indicadores.xlsx"
)
FUNCTIONS = [155, 166, 160, 142, 79, 114, 106, 26]  # P2.5.1 to P2.5.8
YES = {"P3.1": 18, "P4.1": 169, "P5.5": 19, "P9.4": 91, "P9.5": 77, "P12.1": 48}
ROLES = range(1, 18)


def codebook(options):
    """The codebook of the questions whose counts are known."""

    def q(id, type, en, **more):
        role = "describe" if type != "text" else "id"
        return {"id": id, "section": "A", "type": type, "role": role, "ja": en, "en": en, **more}

    yes_no = [{"code": 1, "ja": "Sí", "en": "yes", "source": ["Sí"]},
              {"code": 0, "ja": "No", "en": "no", "source": ["No"]}]  # fmt: skip
    return {
        "id": "chile", "title": {"ja": "Chile 2023", "en": "Chile 2023"}, "version": "1",
        "missing": {
            "no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["#s.i."]},
            "not_applicable": {"ja": "非該当", "en": "not applicable", "tokens": ["#n.a."]},
        },
        "sections": [{"id": "A", "ja": "IT", "en": "IT"}],
        "questions": [
            q("BODY", "text", "Body", identity="name", source=["P1.1.1"]),
            q("P2_2", "binary", "Has an IT area", source=["P2.2"], options=yes_no),
            q("P2_5", "multi", "Functions", ticks={"#n.s.": False}, ask_if="P2_2 == 1", options=[
                {"code": n, "ja": text, "en": text, "source": [f"P2.5.{n}"]}
                for n, text in enumerate(options, 1)]),
            *(q(name.replace(".", "_"), "single", name, source=[name],
                options=[{"code": 1, "ja": "Sí", "en": "yes"}, {"code": 2, "ja": "No", "en": "no"}])
              for name in YES),
            *(q(f"W{n}", "integer", f"Women and men {n}", source=[f"P2.6a.{n}"]) for n in (1, 2)),
            *(q(f"R{n}_{m}", "integer", f"Role {n} {m}", source=[f"P2.8.{n}.{m}"])
              for n in ROLES for m in (1, 2, 3)),
        ],
    }  # fmt: skip


@pytest.mark.skipif(not FILE.is_file(), reason="the file of the Chilean study is not here")
def test_the_published_counts_are_exact(project):
    with contextlib.closing(openpyxl.load_workbook(FILE, read_only=True)) as opened:
        head, *rows = list(opened.worksheets[0].iter_rows(values_only=True))
    frame = pd.DataFrame(rows, columns=head)
    cities = frame[frame["Tipo"] == "Municipalidades"]
    own = cities[["P1.1.1", "Clasificación Subdere"]].set_axis(["name", "size"], axis=1)
    own.insert(0, "id", [f"M{n:03}" for n in range(1, 189)])
    own.to_csv(project / "who.csv", index=False)
    options = [next(text for text in cities[f"P2.5.{n}"] if not text.startswith("#"))
               for n in range(1, 9)]  # fmt: skip
    book = project / "data" / "codebooks" / "chile.yml"
    book.write_text(yaml.safe_dump(codebook(options), allow_unicode=True), "utf-8")
    words = ["new-wave", "chile-2023", str(FILE), "--codebook", "chile", "--as-of", "2023-12-31"]
    assert main([*words, "--invited", "all", "--register", str(project / "who.csv")]) == 0
    survey = Survey.load("chile-2023", language="en")
    answers = survey.responses
    assert len(answers) == 188 and survey.population.size == 188
    assert answers["P2_2"].value_counts().to_dict() == {1: 169, 0: 19}
    assert [int(answers[f"P2_5_{n}"].sum()) for n in range(1, 9)] == FUNCTIONS
    known = answers["P2_5_5"].notna()
    assert known.sum() == 168  # the 89 that do not develop are a no, and 19 were not asked
    for name, count in YES.items():
        assert (answers[name.replace(".", "_")] == 1).sum() == count, name
    staff = answers[["W1", "W2"]].sum(axis=1, min_count=1)
    assert (staff.sum(), staff.median(), staff.notna().sum()) == (756, 3, 168)
    inside, outside = ([f"R{n}_{m}" for n in ROLES] for m in (1, 2))
    assert int(answers[inside].sum().sum()) == 1119 and int(answers[outside].sum().sum()) == 123
    assert (answers[outside] > 0).any(axis=1).sum() == 30
    # the other 234 public bodies are no municipalities of the register
    refused = survey.findings[survey.findings["rule"] == "who"]
    assert set(frame["P1.1.1"]) - set(own["name"]) <= set(refused["raw"])
