"""A new wave: copied as received, the layout found, nothing left behind on a mistake."""

from pathlib import Path

import pytest

from analysis.errors import InputError
from analysis.newwave import new_wave
from analysis.survey import Survey
from analysis.wave import Wave

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "library-survey"


@pytest.fixture
def libraries(project):
    book = project / "data" / "codebooks" / "libraries.yml"
    book.write_bytes((EXAMPLE / "libraries.yml").read_bytes())
    return project


def test_the_example_of_the_docs_on_another_subject(libraries):
    said = new_wave("lib", [EXAMPLE / "replies.csv"], "libraries", "2026-04-01")
    assert "layout rows" in said and "workbench refresh lib" in said
    copied = libraries / "data" / "raw" / "lib" / "replies.csv"
    assert copied.read_bytes() == (EXAMPLE / "replies.csv").read_bytes()
    assert Wave.read("lib").invited is None
    survey = Survey.load("lib")
    assert survey.names.tolist() == ["つくば市", "千葉市", "大津市", "姫路市", "西予市"]
    assert survey.responses["Q1"].tolist() == [25, 60, 18, 42, 7]
    assert survey.responses.at["121002", "Q3_3"]
    assert survey.status.at["082201", "Q3_1"] == "not_applicable"  # answered though left out
    assert set(survey.findings["rule"]) >= {"full-width", "unit", "approximate", "left-out"}


@pytest.mark.parametrize(
    ("name", "file", "book", "said"),
    [
        ("a/b", "replies.csv", "libraries", "cannot be called"),
        ("w", "nothing.csv", "libraries", "no such file"),
        ("w", "replies.csv", "unknown", "no codebook 'unknown'"),
        ("w", "replies.csv", "it-staffing", "replies.csv"),
        ("demo-2019", "replies.csv", "libraries", "exists"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(libraries, name, file, book, said):
    before = sorted(p.name for p in (libraries / "data" / "raw").iterdir())
    with pytest.raises(InputError, match=said):
        new_wave(name, [EXAMPLE / file], book, "2026-04-01")
    assert sorted(p.name for p in (libraries / "data" / "raw").iterdir()) == before
