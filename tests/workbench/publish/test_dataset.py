"""The data set of a wave: the same answers in every format, and only what an edition may show."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import numpy as np
import pandas as pd
import plain_reading
import pyreadstat
import pytest
import yaml
from project import ROOT, new_project, prepare

from analysis import spreadsheet
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from workbench.office import audit
from workbench.publish import dataset

PATTERNS = {
    "integer": "-?[0-9]+",
    "number": "-?[0-9]+([.][0-9]+)?",
    "yearmonth": "[0-9]{4}-[0-9]{2}",
}
PATTERNS["date"] = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
LABELS = """
library(haven)
s <- read_sav("data.sav", user_na = TRUE)
d <- read_dta("data.dta")
stopifnot(sum(is_tagged_na(d$Q22, "b")) == sum(s$Q22 == -92))
cat(attr(s$Q12, "label"), "|", attr(d$Q12, "label"), "\\n")
cat(names(attr(s$Q06, "labels"))[1:5], sep = "|"); cat("\\n")
cat(names(attr(d$Q06, "labels"))[1:5], sep = "|"); cat("\\n")
cat(as.integer(s$Q06)); cat("\\n")
cat(format(s$Q04)); cat("\\n")
"""


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A project in which the data set of the demo wave is written."""
    with new_project(tmp_path_factory.mktemp("dataset")) as folder:
        shutil.copytree(ROOT / "data/raw/demo-2020", folder / "data/raw/demo-2020")
        dataset.write_for_wave("demo-2019")
    return folder


@pytest.fixture
def project(once, monkeypatch):
    """It, as the project of this test."""
    monkeypatch.setenv("WORKBENCH_ROOT", str(once))
    return once


@pytest.fixture
def written(project):
    return project / "data/processed/demo-2019-dataset"


def read(folder, name="data.csv"):
    return pd.read_csv(folder / name, dtype={"code": str}).set_index("code")


def test_the_csv_has_every_answer_and_the_kind_of_every_blank(written):
    cleaned = prepare("demo-2019")
    data, kinds = read(written), read(written, "missing.csv")
    variables = [v for v in cleaned.responses if v not in {"Q00", "Q01", "Q02"}]
    assert [*data.columns[3:]] == variables == [*kinds.columns]
    assert data.index.equals(pd.Index(cleaned.responses.index, name="code"))
    for name in variables:
        own, answers = data[name], cleaned.responses[name]
        assert own.notna().equals(answers.notna().set_axis(own.index)), name
        states = cleaned.status[name].astype(object).replace("answered", "")
        assert kinds[name].astype(object).fillna("").tolist() == states.tolist(), name
    assert data["Q08"].tolist() == cleaned.responses["Q08"].tolist()
    assert set(data["Q13_1"].dropna()) == {0, 1}


def test_the_code_table_explains_every_variable_and_every_code(written):
    data, codes = read(written), pd.read_csv(written / "codes.csv")
    assert codes["variable"].unique().tolist() == [*data.columns[3:]]
    of = codes.dropna(subset="code").set_index(["variable", "code"])
    assert of.loc[("Q06", 4), "en"] == "no dedicated section"
    for name in ("Q06", "Q13_1", "Q29_1"):
        assert {(name, code) for code in data[name].dropna()} <= {*of.index}
    first = codes.drop_duplicates("variable").set_index("variable")
    assert first.loc["Q03", "unit_ja"] == "人" and first.loc["Q07_1", "asked_if"] == "Q06 in [2, 3]"


def test_spss_and_stata_say_the_same_as_the_csv(written):
    data, kinds = read(written), read(written, "missing.csv")
    sav, about = pyreadstat.read_sav(written / "data.sav", user_missing=True)
    dta, _ = pyreadstat.read_dta(written / "data.dta", user_missing=True)
    codes = dict(zip(dataset.KINDS_MISSING, range(-91, -96, -1), strict=True))
    for name in data.columns[3:]:
        if not pd.api.types.is_numeric_dtype(data[name]):
            continue
        blank = data[name].isna().to_numpy()
        want = np.where(blank, kinds[name].map(codes), data[name])
        assert sav[name].tolist() == want.tolist(), name
        letters = kinds[name].map(dataset.LETTERS)
        assert [*dta[name][blank]] == [*letters[blank]], name
        assert dta[name][~blank].astype(float).tolist() == data[name][~blank].tolist(), name
    assert about.variable_value_labels["Q06"][-92.0] == "非該当"
    assert about.column_names_to_labels["Q12"].startswith("情報部門の人材は")
    assert about.missing_ranges["Q06"] == [{"lo": -95.0, "hi": -91.0}]


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_r_reads_the_same_labels(written):
    has_haven = "stopifnot(requireNamespace('haven', quietly = TRUE))"
    if subprocess.run(["Rscript", "-e", has_haven], capture_output=True).returncode:
        pytest.skip("R's haven is not installed")
    done = subprocess.run(
        ["Rscript", "-e", LABELS], cwd=written, capture_output=True, text=True, check=True
    )
    asked, sav, dta, values, dates = done.stdout.splitlines()
    question = Codebook.read("it-staffing")["Q06"]
    assert len({*asked.strip().split(" | ")}) == 1
    assert sav == dta == "|".join(option.ja for option in question.options)
    data = read(written)
    assert [*map(int, values.split())] == data["Q06"].tolist()
    assert [d for d in dates.split() if d != "NA"] == data["Q04"].dropna().tolist()


def test_the_package_describes_the_columns_of_every_file(written):
    package = json.loads((written / "datapackage.json").read_text())
    for resource in package["resources"]:
        frame = pd.read_csv(written / resource["path"], dtype=str, keep_default_na=False)
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        assert [*fields] == [*frame.columns]
        for name, field in fields.items():
            if enum := field.get("constraints", {}).get("enum"):
                assert {*frame[name]} - {""} <= {*map(str, enum)}, name


def test_the_package_is_valid(written):
    """By frictionless where it is installed, and by the rules of its published schema."""
    package = json.loads((written / "datapackage.json").read_text())
    assert re.fullmatch("[-a-z0-9._/]+", package["name"])
    assert {resource["profile"] for resource in package["resources"]} == {"tabular-data-resource"}
    types = {"string", "number", "integer", "boolean", "date", "yearmonth"}
    for resource in package["resources"]:
        assert re.fullmatch("[-a-z0-9._/]+", resource["name"]) and "data" not in resource
        assert (written / resource["path"]).is_file()
        assert {field["type"] for field in resource["schema"]["fields"]} <= types
        frame = pd.read_csv(written / resource["path"], dtype=str, keep_default_na=False)
        for field in resource["schema"]["fields"]:
            there = [cell for cell in frame[field["name"]] if cell]
            if field["type"] in PATTERNS:
                assert all(re.fullmatch(PATTERNS[field["type"]], cell) for cell in there), field
    if importlib.util.find_spec("frictionless"):
        import frictionless

        report = frictionless.validate(str(written / "datapackage.json"))
        assert report.valid, report.flatten(["title", "message"])


def test_the_long_form_says_the_same_as_the_wide_one(written):
    data, kinds, long = read(written), read(written, "missing.csv"), read(written, "long.csv")
    assert len(long) == data.iloc[:, 3:].size
    codes = pd.read_csv(written / "codes.csv").drop_duplicates("variable").set_index("variable")
    for name, own in long.groupby("variable", sort=False):
        given = own["text"] if own["text"].notna().any() else own["value"]
        assert given.astype(object).dropna().equals(data[name].astype(object).dropna()), name
        assert own["missing"].dropna().to_dict() == kinds[name].dropna().to_dict(), name
        assert {*own["unit_ja"].dropna()} == {codes.loc[name, "unit_ja"]} - {np.nan}, name


def test_all_that_is_given_out_meets_the_rules_of_machine_readability(project, written):
    """Data sets and cleaned data of both waves, by our audit and by another reader."""
    dataset.write_for_wave("demo-2020", project / "en", audience="committee", language="en")
    cleaned = project / "data/processed"
    for folder in (written, project / "en", cleaned / "demo-2019", cleaned / "demo-2020"):
        files = sorted(folder.glob("*.csv"))
        assert audit.audit(files).empty
        explained = {*pd.read_csv(folder / "codes.csv")["variable"]}
        for file in files:
            assert [*plain_reading.csv_file(file.read_bytes(), explained)] == [], file
        assert len(files) >= 4


def test_words_of_others_are_quoted_and_kept(written):
    """In CSV they stand in one line and in marks; SPSS and Stata have them word for word."""
    said = prepare("demo-2019").responses["Q36"].fillna("").tolist()
    assert pyreadstat.read_sav(written / "data.sav")[0]["Q36"].tolist() == said
    assert pyreadstat.read_dta(written / "data.dta")[0]["Q36"].tolist() == said
    assert read(written)["Q36"].fillna("").tolist() == [f"「{text}」" * bool(text) for text in said]
    words = pd.Series(["一行目\n二行目「①」", "", pd.NA])
    assert spreadsheet.quoted(words).fillna("-").tolist() == ["「一行目 二行目『①』」", "", "-"]


def test_the_same_answers_give_the_same_bytes(project, written):
    before = {file.name: file.read_bytes() for file in written.iterdir()}
    again = project / "again"
    dataset.write_for_wave("demo-2019", again)
    assert {file.name: file.read_bytes() for file in again.iterdir()} == before


@pytest.mark.parametrize("room", [0.01, 0.9, -300, -9])
@pytest.mark.parametrize("name", ["data.sav", "data.dta"])
def test_a_file_for_which_no_room_is_left_is_refused_also_where_only_its_end_does_not_fit(
    name, room
):
    """pyreadstat tells nothing of a last row that is cut off."""
    row = pd.DataFrame({"a": range(40), "b": "words " * 60}, dtype=object).astype({"a": float})
    size = len(dataset._written(name, row))
    limits = getrlimit(RLIMIT_FSIZE)
    limit = int(size * room) if room > 0 else size + room
    try:
        setrlimit(RLIMIT_FSIZE, (limit, limits[1]))
        with pytest.raises(InputError, match=f"{name}: the disk is full"):
            dataset._written(name, row)
    finally:
        setrlimit(RLIMIT_FSIZE, limits)
    assert len(dataset._written(name, row)) == size


def test_an_edition_has_the_answers_that_it_may_show(project):
    dataset.write_for_wave("demo-2019", project / "committee", audience="committee")
    data = read(project / "committee")
    book = Codebook.read("it-staffing")
    kept = {v for q in book if q.sensitive or q.free for v in q.variables}
    assert kept and not kept & {*data.columns} and "Q06" in data
    everything = b"".join(file.read_bytes() for file in (project / "committee").iterdir())
    assert b"Q12" not in everything
    with pytest.raises(InputError, match="shows no single answer"):
        dataset.write_for_wave("demo-2019", audience="public")


def test_terms_of_use_come_from_the_wave(project):
    file = project / "data/raw/demo-2019/wave.yml"
    before = file.read_text()
    file.write_text(before + "\nlicence: CC-BY-4.0\n")
    dataset.write_for_wave("demo-2019", project / "out", language="en")
    file.write_text(before)
    assert "Terms of use: CC-BY-4.0." in (project / "out/README.en.md").read_text()
    assert "利用条件：CC-BY-4.0。" in (project / "out/README.ja.md").read_text()
    cited = yaml.safe_load((project / "out/CITATION.cff").read_text())
    assert cited["license"] == "CC-BY-4.0" and cited["type"] == "dataset"
    package = json.loads((project / "out/datapackage.json").read_text())
    assert package["licenses"] == [{"name": "CC-BY-4.0"}]


def test_no_older_answers_stay_beside_new_ones(project, monkeypatch):
    """Where pyreadstat is missing, as on a colleague's machine, data.sav would stay as it was."""
    dataset.write_for_wave("demo-2019", project / "given", audience="committee")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match=r"has data.sav, data.dta of an earlier data set"):
        dataset.write_for_wave("demo-2019", project / "given", audience="committee")
    for name in ("data.sav", "data.dta"):
        (project / "given" / name).unlink()
    dataset.write_for_wave("demo-2019", project / "given", audience="committee")
