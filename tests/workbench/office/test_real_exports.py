"""Drafts of exports that nobody here made: nine columns of ten are right, and read their own file.

The files lie beside the project, in ../shared; where they are not, these tests skip and say so.
What is right was written down from the files, their questionnaires and what their tools document.
"""

import csv
from pathlib import Path

import pytest
import yaml

from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake import tools
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.intake.tables import read_rows
from workbench.office.draft import draft

pytestmark = pytest.mark.usefixtures("packages_here")
SHARED = Path(__file__).parents[4] / "shared" / "data" / "exports"
# file -> its tool, and the kind of each question in the order of the file
KINDS = {
    "made_googleforms_ja.csv": ("google-forms", "received name code multi integer battery"),
    "made_msforms_ja.csv": ("ms-forms", "received name code multi integer single"),
    "surveymonkey_starwars_2headers_latin1.csv": (
        "surveymonkey", "binary binary multi battery battery single binary binary binary single "
        "ordinal ordinal single single"),
    "surveymonkey_nfl_2headers_groups.csv": ("", "text" + " integer" * 19 + " ratio" * 5),
    "qualtrics_sample_legacy_2headers.csv": ("qualtrics", "received single text"),
    "redcap_checkboxes_data.csv": ("redcap", "multi multi text"),
    "redcap_checkboxes_dictionary.csv": ("", "multi multi text"),
    "quantipy_engineA_data.csv": ("", "integer single single single"),
    "codeforjapan_citycode_lost_zero.csv": ("", "code prefecture text name"),
    "mr_L1-14_newline_NG.csv": ("", "prefecture text"),
    "mr_L3-01_title_above_header_NG.csv": ("", "prefecture" + " integer" * 5),
    "spss_labelled_num_na.sav": ("", "single"),
    "spss_multiple_response_sets.sav": (
        "", "single date ratio text multi multi date integer"),
    "spss_user_missing.sav": ("", "text ratio date date single ordinal text"),
    "stata_tagged_na.dta": ("", "ratio"),
    "limesurvey_two_languages.lss": ("", "text"),
    "limesurvey_rse2017_zaf_small_n.csv": ("limesurvey", ""),
    "limesurvey_rse2017_zaf_questions.csv": (
        "", "single code text single single single text single single single binary text text"),
    "xlsform_spec_test.xlsx": ("", ""),
    "mic_404_html_page_saved_as.xlsx": ("", ""),
}  # fmt: skip
FORMATS = {  # of the questionnaire of the research software survey -> kinds that take its answers
    "LIKERT": {"battery", "ordinal"}, "Ranking": {"battery"}, "MULTIPLE CHOICES": {"multi"},
    "Y/N/NA": {"binary", "single"}, "ONE CHOICE": {"single", "ordinal", "binary"},
    "FREETEXT": {"text"}, "FREENUMERIC": {"integer", "ratio"},
}  # fmt: skip


@pytest.fixture(scope="module")
def drafted():
    """The questions of the draft of a file, each drafted once."""
    known = {}

    def made(name):
        if not (SHARED / name).is_file():
            pytest.skip(f"{name} is not here")
        if name not in known:
            known[name] = yaml.safe_load(draft(SHARED / name))
        return known[name]

    return made


def test_every_file_of_the_shared_exports_is_listed():
    if not SHARED.is_dir():
        pytest.skip("the shared exports are not here")
    there = {path.name for path in SHARED.iterdir()} - {"ORIGIN.tsv"}
    assert there == set(KINDS)


@pytest.mark.parametrize("name", [name for name, (_, kinds) in KINDS.items() if kinds])
def test_nine_columns_of_ten_are_right(drafted, name):
    found = [q.get("identity") or q["type"] for q in drafted(name)["questions"]]
    wanted = KINDS[name][1].split()
    assert len(found) == len(wanted)
    wrong = [pair for pair in zip(found, wanted, strict=True) if pair[0] != pair[1]]
    assert 10 * len(wrong) <= len(wanted) or len(wrong) <= (len(wanted) < 10), wrong


def test_a_long_questionnaire_is_drafted_as_its_makers_wrote_it(drafted):
    found = drafted("limesurvey_rse2017_zaf_small_n.csv")["questions"]
    kinds = {q["id"]: q["type"] for q in found}
    kinds |= {
        item["id"].rpartition("_")[2]: "battery" for q in found for item in q.get("items", ())
    }
    path = SHARED / "limesurvey_rse2017_zaf_questions.csv"
    with path.open(encoding="utf-8") as file:
        asked = {row["code"]: row["answer_format"].strip() for row in csv.DictReader(file)}
    there = {code: form for code, form in asked.items() if code in kinds}
    wrong = {c: kinds[c] for c, form in there.items() if kinds[c] not in FORMATS[form]}
    assert len(there) > 90 and 20 * len(wrong) <= len(there), wrong


@pytest.mark.parametrize("name", [name for name in KINDS if name.endswith((".csv", ".sav"))])
def test_a_draft_reads_its_own_file_and_leaves_nothing_out(drafted, name):
    book = Codebook.parse(drafted(name))
    sheets = read_file(SHARED / name)
    sheet, export = tools.choose(sheets) or (sheets[0], None)
    assert (export.tool if export else "") == KINDS[name][0]
    if name == "redcap_checkboxes_dictionary.csv":
        return  # of what was asked, not of replies
    if name == "mr_L1-14_newline_NG.csv":  # a reply broken over two rows
        with pytest.raises(InputError, match="names a municipality"):
            read_rows(sheet, Headings(book), export=export)
        return
    table = read_rows(sheet, Headings(book), export=export)
    read = set(table.columns.values())
    if export is not None:
        assert [i for i in export.of_kind("answer", "other") if i not in read] == []
    else:
        assert read == {c for c in range(sheet.shape[1]) if (sheet.kind[2:, c] > 0).any()}
    heads = export.heads if export else sheet.heads or min(table.rows)
    assert len(table.rows) == (sheet.kind[heads:] > 0).any(axis=1).sum()  # no record is lost


@pytest.mark.parametrize("name", KINDS)
def test_no_multiple_answer_has_a_combination_for_an_option(drafted, name):
    if name.startswith("mic_404"):
        return
    for question in drafted(name)["questions"]:
        options = [option["en"] for option in question.get("options", ())]
        assert question["type"] != "multi" or len(options) > 1
        assert not [text for text in options if ";" in text]


def test_a_web_page_under_the_name_of_a_workbook_is_refused():
    if not (SHARED / "mic_404_html_page_saved_as.xlsx").is_file():
        pytest.skip("mic_404_html_page_saved_as.xlsx is not here")
    with pytest.raises(InputError, match="web page"):
        draft(SHARED / "mic_404_html_page_saved_as.xlsx")


def test_an_xlsform_with_most_of_the_specification(drafted):
    kinds = {q["id"]: q["type"] for q in drafted("xlsform_spec_test.xlsx")["questions"]}
    right = {"skip_to_end": "single", "my_name": "text", "a_integer": "integer",
             "a_decimal": "ratio", "select_multiple_test": "multi", "date_test": "date",
             "datetime_test": "date", "autocomplete_test": "single"}  # fmt: skip
    assert {id: kinds[id] for id in right} == right
