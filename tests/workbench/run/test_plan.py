"""Which pages a survey has, and what they are called."""

import shutil

import pytest
import yaml
from project import put_yaml
from refreshing import put

from analysis.errors import InputError
from workbench.run.plan import Plan
from workbench.run.record import Edition
from workbench.run.refresh import refresh

WORDS = {"title": {"ja": "生成AIの型", "en": "Types of use"}, "lead": {"ja": "問い", "en": "Why?"}}


@pytest.fixture
def notebooks(project):
    put(project, "01_a", "1")
    for at, what in enumerate(("features", "hypotheses", "visits", "earlier"), 2):
        more = 'before: str = ""  # the wave before\n' if what == "earlier" else ""
        put(project, f"0{at}_{what}", "1", more=more, requires=[what], compares="before")
    return project


def edit(project, **entries):
    file = project / "data" / "codebooks" / "it-staffing.yml"
    content = yaml.safe_load(file.read_text(encoding="utf-8")) | entries
    put_yaml(file, content)


def pages(language="ja", **given):
    return Plan.make(Edition("demo-2019", "internal", language), given)


def names(plan):
    return [notebook.name for notebook in plan.notebooks]


def test_a_page_needs_its_material(notebooks):
    assert names(pages()) == ["01_a", "02_features", "03_hypotheses", "04_visits"]
    edit(notebooks, features=[], indices=[], hypotheses=[])
    assert names(pages()) == ["01_a", "04_visits"]
    assert names(pages(before="demo-2020")) == ["01_a", "04_visits", "05_earlier"]
    with pytest.raises(
        InputError, match="no page 02_features of demo-2019: the codebook has no features"
    ):
        Plan.make(Edition("demo-2019", "internal", "ja"), {}, ["02_features"])


def test_a_codebook_words_its_pages_and_leaves_some_out(notebooks):
    edit(notebooks, pages={"03_hypotheses": False, "02_features": WORDS})
    plan = pages("en")
    assert names(plan) == ["01_a", "02_features", "04_visits"]
    assert plan.notebooks[1].title["en"] == "Types of use"
    assert plan.notebooks[1].words["lead"]["en"] == "Why?"


def test_a_copy_comes_after_its_original_and_is_told_from_it(notebooks):
    """JupyterLab's "Duplicate" keeps the title; the files of the first keep their names."""
    folder = notebooks / "notebooks"
    shutil.copy(folder / "02_features.ipynb", folder / "02_features-Copy1.ipynb")
    first, copy = pages("en").notebooks[1:3]
    assert (first.name, copy.name) == ("02_features", "02_features-Copy1")
    assert copy.title["en"] == "title (02_features-Copy1)" != first.title["en"]


def test_of_two_reports_a_survey_has_one(notebooks):
    put(notebooks, "06_report", "1", requires=["shortage"])
    put(notebooks, "06_summary", "1", requires=["no report"])
    assert names(pages())[-1] == "06_report"  # Q12 measures shortage
    edit(notebooks, questions=[], pages={})
    assert names(pages())[-1] == "06_summary"
    edit(notebooks, questions=[], pages={"06_report": None})
    assert names(pages())[-1] == "06_report"


def test_a_codebook_that_cannot_be_read_is_no_codebook_without_questions(project, notebooks):
    """One that git had left unmerged had "no hypotheses"."""
    put(notebooks, "04_b", "1", requires=["hypotheses"])
    file = project / "data" / "codebooks" / "it-staffing.yml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join([*lines[:9], "<<<<<<< HEAD\n", *lines[9:]]), encoding="utf-8")
    with pytest.raises(InputError, match=r"it-staffing.yml: line 10"):
        pages()


def test_a_page_is_told_from_a_copy_that_comes_before_it_while_that_is_there(cleaned):
    """Also where it does not run again itself."""
    put(cleaned, "02_b", "print(1)")
    assert refresh("demo-2019").ok
    put(cleaned, "01_a", "print(1)")
    titles = [ran.title["en"] for ran in refresh("demo-2019").notebooks]
    assert titles == ["title", "title (02_b)"]
    (cleaned / "notebooks" / "01_a.ipynb").unlink()
    assert [ran.title["en"] for ran in refresh("demo-2019").notebooks] == ["title"]
    assert "(02_b)" not in (cleaned / "reports" / "demo-2019" / "02_b.html").read_text("utf-8")
