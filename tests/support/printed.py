"""A committed notebook run in the tests' own process, published and printed as users print it.

Its pictures are blank in the size of the drawing: what a sheet holds does not depend on them.
"""

import json
import re
from pathlib import Path

import nbformat.v4 as nb
from notebook_run import run

from analysis.codebook.wave import Wave
from workbench.publish.page import export
from workbench.publish.paper import print_page

ROOT = Path(__file__).parents[2]


def published(notebook, wave, language, folder, **parameters):
    """The page of a notebook."""
    content = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    made = nb.new_notebook(metadata=content["metadata"])
    given = {"wave": wave, "language": language, "output": str(folder / "out"), **parameters}
    shown = run(notebook, **given).cells
    for cell in content["cells"]:
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown":
            made.cells.append(nb.new_markdown_cell(source, metadata={"tags": tags}))
            continue
        data = [one._repr_mimebundle_() for one in shown[cell["id"]]]
        outputs = [nb.new_output("display_data", data=one) for one in data]
        made.cells.append(nb.new_code_cell(source, outputs=outputs))
    executed = folder / f"{notebook}.ipynb"
    executed.write_text(json.dumps(made), encoding="utf-8")
    about = Wave.read(wave)
    context = {
        "language": language, "audience": "internal", "wave": wave, "invented": about.invented,
        "wave_title": about.title.model_dump(), "publisher": about.publisher.model_dump(),
        "as_of": str(about.as_of), "data_sha256": "0" * 16, "command": f"workbench refresh {wave}",
    }  # fmt: skip
    page = folder / f"{notebook}.html"
    export(executed, page, context=context)
    return page


def pages(page):
    """How many sheets it prints on."""
    pdf = page.with_suffix(".pdf")
    print_page(page, pdf, date="2026-01-02")
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
