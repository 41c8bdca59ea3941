"""Executed notebooks made by hand, for the tests of what is published of them."""

import base64
import io

import nbformat.v4 as v4
from PIL import Image

from analysis.show import Figure, Table

CONTEXT = {
    "language": "ja",
    "audience": "internal",
    "wave": "demo-2019",
    "wave_title": {"ja": "調査 2019年", "en": "Survey 2019"},
    "as_of": "2019-04-01",
    "publisher": {"ja": "研究会", "en": "Working group"},
    "invented": True,
    "parameters": {"seed": 7},
    "data_sha256": "d" * 16,
    "code_sha256": "c" * 16,
    "commit": "abc1234",
    "date": "2026-01-02",
    "command": "workbench refresh demo-2019 -p seed 7",
    "before": [],
}
PARAMETERS = 'wave: str = "x"\nseed: int = 1  # random numbers\nby: str = ""  # breakdown\n'


def png():
    buffer = io.BytesIO()
    Image.new("L", (500, 300), 200).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def figure(name="answers", *, key=False, **more):
    given = {
        "title": "回答",
        "alt": "「はい」が最も多い",
        "caption": "n = 15（回答団体）",
        "n": 15,
        "denominator": "回答団体",
        "source": "調査",
        "csv": "answer,count\nはい,9\n",
        **more,
    }
    return Figure(name=name, png=png(), key=key, **given)


def table(rows, *, name="counts", numeric=(1,), labels=("団体", "件数"), **more):
    columns = [{"label": label, "numeric": at in numeric} for at, label in enumerate(labels)]
    given = {"title": "件数", "caption": "n = 15", "n": 15, "notes": [], "csv": "a,b\n", **more}
    return Table(name=name, columns=columns, rows=rows, **given)


def shown(thing):
    """An object as the output of a cell."""
    return v4.new_output("display_data", data=thing._repr_mimebundle_())


def code(source="f(x)", *things, outputs=()):
    return v4.new_code_cell(source, outputs=[*map(shown, things), *outputs], execution_count=1)


def write(file, *cells, title=None, **more):
    """An executed notebook with a parameters cell and these cells."""
    first = v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, execution_count=1)
    about = {"workbench": {"title": title or {"ja": "題", "en": "Title"}, **more}}
    book = v4.new_notebook(cells=[first, *cells], metadata=about)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(v4.writes(book), encoding="utf-8")
    return file
