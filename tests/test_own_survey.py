"""The page on bringing one's own survey, followed word for word for its example."""

import re
import shlex
import shutil
from pathlib import Path

import editions
import openpyxl
import pandas as pd

from analysis.codebook.wave import Wave
from workbench.cli import main

ROOT = Path(__file__).parents[1]


def commands(page):
    """The indented lines that a reader would type."""
    return re.findall(r"^ {4}((?:workbench|cp) .+)$", page.read_text(encoding="utf-8"), re.M)


def fill_in(forms):
    """What the offices do with the English form: they answer all three questions."""
    for number, file in enumerate(sorted(forms.iterdir()), 1):
        book = openpyxl.load_workbook(file)
        rows = {row[0].value: row[2] for row in book.worksheets[0].iter_rows()}
        rows["Q1"].value, rows["Q3_1"].value = 10 * number, "○"
        rows["Q2"].value = "yes, regularly"
        book.save(file)


def test_from_nothing_to_a_report_on_another_subject(project, capsys, monkeypatch):
    monkeypatch.chdir(project)
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    example = project / "docs" / "examples" / "library-survey"
    shutil.copytree(ROOT / "docs" / "examples" / "library-survey", example)
    for line in commands(ROOT / "docs" / "own-survey.md"):
        typed, _, into = line.partition(" > ")
        words = shlex.split(typed)
        if words[0] == "cp":
            shutil.copy(words[1], words[2])
            continue
        if words[1] == "refresh":  # here and not in kernels, which take longer to start than to run
            with editions.published(project):
                assert main([*words[1:], "--jobs", "1"]) == 0, line
        else:
            assert main(words[1:]) == 0, line
        if words[1] == "questionnaire":
            fill_in(project / "forms")
        if into:
            (project / into).write_text(capsys.readouterr().out, encoding="utf-8")
    said = pd.read_csv(
        project / "data" / "processed" / "libraries-2026" / "findings.csv", dtype=str
    )
    # as the page tells it
    taken = said.set_index("raw")["value"].to_dict()
    read = [taken[f"「{text}」"] for text in ("４２", "25名", "約60", "③")]
    assert read == ["「42」", "「25」", "「60」", "「3」"]
    assert "left-out" in set(said["rule"])
    assert len(openpyxl.load_workbook(project / "queries.xlsx").worksheets) == 3
    forms = Wave.read("libraries-forms-2026")
    assert forms.files[0].tool == "google-forms"
    assert main(["clean", "libraries-forms-2026"]) == 0
    processed = project / "data" / "processed" / "libraries-forms-2026"
    assert set(pd.read_csv(processed / "findings.csv")["severity"]) == {"noted"}
    assert "@example.jp" not in "".join(f.read_text("utf-8") for f in processed.glob("*.csv"))
    assert main(["clean", "libraries-by-form-2026"]) == 0
    processed = project / "data" / "processed" / "libraries-by-form-2026"
    answers = pd.read_csv(processed / "responses.csv")
    assert answers["Q1"].tolist() == [10, 20, 30, 40, 50] and answers["Q3_1"].all()
    assert pd.read_csv(processed / "findings.csv").empty
    report = project / "reports" / "libraries-2026"
    assert "<title>" in (report / "index.html").read_text(encoding="utf-8")
    # a page that the codebook has no material for is left out
    pages = sorted(file.name for file in report.glob("*.html"))
    names = ["01_clean", "02_explore", "06_summary", "09_codebook", "index"]
    assert pages == [f"{name}.html" for name in names]
