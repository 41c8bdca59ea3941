"""Exports of form tools: one questionnaire with the same answers gives the same responses."""

import exports
import pandas as pd
import pytest
import yaml

from analysis.cleaning.clean import clean
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.intake import read, tools
from analysis.intake.files import read_file
from workbench.cli import TOOLS, main

ALL = [(tool, export) for tool, some in exports.EXPORTS.items() for export in some]


@pytest.fixture
def wave_of(project):
    """The name of a wave of one export, made by the command."""

    def made(export, *options):
        (project / "data" / "codebooks" / "genai.yml").write_text(
            yaml.safe_dump(exports.BOOK, allow_unicode=True), "utf-8"
        )
        file = project / "export.csv"
        file.write_bytes(exports.written(export))
        name = export.__name__
        given = ["new-wave", name, str(file), "--codebook", "genai", "--as-of", "2024-06-01"]
        assert main([*given, *options]) == 0
        return name

    return made


def cleaned(name):
    wave = Wave.read(name)
    book = Codebook.read(wave.codebook)
    result = clean(read.read(wave, book), wave, book)
    result.ledger.check()
    return result


def expected():
    rows = {}
    for a in exports.answers():
        rows[a["CODE"]] = {
            "Q1": a["Q1"], "Q1_other": a["Q1_other"],
            **{f"Q2_{c}": c in a["Q2"] for c in exports.WORK}, "Q2_other": a["Q2_other"],
            "Q3": a["Q3"], **{f"Q4_{i}": a["Q4"][i] for i in exports.ITEMS},
            "Q5": pd.Timestamp(a["Q5"]), "Q6": a["Q6"],
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").sort_index()


@pytest.mark.parametrize(("tool", "export"), ALL, ids=[export.__name__ for _, export in ALL])
def test_every_tool_gives_the_same_responses(wave_of, capsys, tool, export):
    name = wave_of(export)
    said = capsys.readouterr().out
    wave = Wave.read(name)
    assert [file.tool for file in wave.files] == [tool]
    assert "の出力として読みました" in said and "read as an export of" in said
    got = cleaned(name)
    wanted = expected()
    for column in wanted:
        own, right = got.responses[column], wanted[column]
        if column.endswith("other") or column == "Q6":
            own = own.fillna("")
        assert own.tolist() == right.tolist(), column
    refused = got.findings[got.findings["severity"] != "repaired"]
    assert refused.empty, refused[["rule", "raw"]].to_string()


@pytest.mark.parametrize(("tool", "export"), ALL, ids=[export.__name__ for _, export in ALL])
def test_every_export_is_found_by_its_header_and_by_no_other_reader(project, tool, export):
    file = project / "export.csv"
    file.write_bytes(exports.written(export))
    sheet = read_file(file)[0]
    assert [
        name for name, reader in tools.READERS.items() if reader(tools.core.head_of(sheet))
    ] == [tool]


def test_the_command_knows_every_tool():
    assert set(TOOLS) == set(tools.READERS)
