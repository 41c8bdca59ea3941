"""The analyst's guide: its cells run as they stand, and its page is published."""

import re
import shutil

import editions
import matplotlib.pyplot as plt
import pytest
from project import ROOT

from analysis.show import Figure, Frame
from workbench.run.refresh import refresh


def cells(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)


def run(name):
    """What the last line of each cell gives, in the order of the page."""
    names, given = {}, []
    for cell in cells(name):
        *lines, last = re.split(r"\n(?=\S)(?!\))", cell.strip())
        exec("\n".join(lines), names)
        given.append(eval(last, names))
    return names, given


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg")
@pytest.mark.parametrize("name", ["analyst.md", "analyst.ja.md"])
def test_every_cell_runs_and_gives_what_the_page_says(name, project):
    plt.close("all")  # as in a notebook, where each cell draws on a canvas of its own
    names, given = run(name)
    plt.close("all")
    kinds = [type(one) for one in given]
    assert kinds.count(Figure) == 3 and kinds.count(Frame) == 2
    part, added, chart = (one for one in given if isinstance(one, Figure))
    assert ("の一部：中核市" if ".ja" in name else "part: core cities") in part.caption
    called = "連携相手の種類の数" if ".ja" in name else "kinds of partners"
    assert called in added.title and chart.name == "my_chart"
    assert names["richer"].responses["fiscal"].notna().all()


def test_both_languages_have_the_same_cells():
    def shape(name):
        return [len(cell.split("\n")) for cell in cells(name)]

    assert shape("analyst.md") == shape("analyst.ja.md")


def test_a_page_of_ones_own_is_run_published_and_protected(cleaned):
    shutil.copy(ROOT / "docs" / "examples" / "08_mine.ipynb", cleaned / "notebooks")
    shutil.copy(ROOT / "notebooks" / "01_clean.ipynb", cleaned / "notebooks")
    mine = cleaned / "notebooks" / "08_mine.ipynb"
    raw = '"survey.responses.assign(name=survey.names)"'
    text = mine.read_text(encoding="utf-8")
    text = text.replace('"survey.table(question, by=\\"size_class\\")"', raw)
    assert raw in text
    mine.write_text(text, encoding="utf-8")
    for audience, named in (("internal", True), ("committee", False)):
        with editions.published(cleaned):
            assert refresh("demo-2019", audience=audience, jobs=1).ok
        folder = "demo-2019" + ("" if named else ".committee")
        page = (cleaned / "reports" / folder / "08_mine.html").read_text(encoding="utf-8")
        assert "私のページ" in page and "確保の方法" in page
        assert ("白浪崎市" in page) == named
        assert ("出力は、載せていない" in page) != named
