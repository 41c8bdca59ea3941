"""What an edition may show: nothing that names a respondent, nothing that totals give back."""

import dataclasses
import re
import stat
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import disclosure, pseudonyms
from analysis.classify import renamed
from analysis.codebook import Codebook
from analysis.report import shown
from analysis.survey import prepare

CODES = ("990019", "990027", "282014")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    return tmp_path


@st.composite
def tables(draw):
    rows, columns = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    cells = draw(st.lists(st.integers(0, 5), min_size=rows * columns, max_size=rows * columns))
    return pd.DataFrame(np.reshape(cells, (rows, columns)))


def fillings(shown: pd.DataFrame, truth: pd.DataFrame):
    """Every table of counts that agrees with what is shown and with all row and column totals."""
    known = shown.astype("float64").fillna(0).to_numpy().astype(int)
    left = truth.sum(axis=0).to_numpy() - known.sum(axis=0)
    rest = truth.sum(axis=1).to_numpy() - known.sum(axis=1)
    hidden = [np.flatnonzero(row) for row in shown.isna().to_numpy()]

    def spread(total, places, room):
        """The ways to put a total into places with room for so many each."""
        if not len(places):
            if total == 0:
                yield ()
            return
        for first in range(min(total, room[places[0]]) + 1):
            for more in spread(total - first, places[1:], room):
                yield (first, *more)

    def down(i, room, table):
        if i == len(hidden):
            if not room.any():
                yield table.copy()
            return
        for way in spread(rest[i], hidden[i], room):
            values = np.array(way, int)
            table[i, hidden[i]] = values
            used = room.copy()
            used[hidden[i]] -= values
            yield from down(i + 1, used, table)

    yield from down(0, left, known.copy())


@settings(max_examples=60, deadline=None)
@given(tables())
def test_no_small_cell_follows_from_what_is_shown(truth):
    shown = disclosure.suppress(truth)
    small = [(i, j) for i, j in np.ndindex(truth.shape) if 0 < truth.iloc[i, j] < 3]
    assert all(pd.isna(shown.iloc[i, j]) for i, j in small)
    possible = list(fillings(shown, truth))
    nothing = list(fillings(shown.mask(truth >= 0), truth))  # what the totals alone allow
    for i, j in small:
        alone = len({table[i, j] for table in possible}) == 1
        assert not alone or len({table[i, j] for table in nothing}) == 1


def test_two_squares_joined_by_one_cell_do_not_give_it_back():
    """Two hidden cells in each row and column are not enough: the cell that joins two cycles."""
    truth = pd.DataFrame([[1, 2, 9, 9], [2, 1, 1, 9], [9, 9, 2, 2], [9, 9, 1, 2]])
    shown = disclosure.suppress(truth)
    values = {table[1, 2] for table in fillings(shown, truth)}
    assert len(values) > 1


def test_a_total_hidden_elsewhere_stays_hidden():
    simple = pd.Series([1, 5, 9])
    published = disclosure.suppress(simple.to_frame())[0]
    assert published.isna().tolist() == [True, True, False]
    cross = pd.DataFrame([[1, 0], [5, 0], [4, 5]])
    shown = disclosure.suppress(cross, published)
    assert shown.iloc[1].isna().any()  # shown in full, its sum would give the 1 back


def test_an_answer_that_alone_leads_to_a_question_is_not_what_n_leaves_of_the_others():
    options = [{"code": k, "ja": f"答{k}", "en": f"answer {k}"} for k in (1, 2)]
    asked = {"section": "A", "role": "describe", "ja": "問", "en": "Q"}
    book = Codebook.parse(
        {
            "id": "gate", "title": {"ja": "調", "en": "S"}, "version": "1",
            "sections": [{"id": "A", "ja": "甲", "en": "A"}],
            "questions": [
                {**asked, "id": "Q1", "type": "single", "options": options},
                {**asked, "id": "Q2", "type": "integer", "ask_if": "Q1 in [1]"},
            ],
        }
    )  # fmt: skip
    counts = pd.DataFrame([[1, 4, 1], [2, 4, 0]], ["答1", "答2"], list("abc"))
    survey = SimpleNamespace(codebook=book, language="ja")
    hidden = shown._hidden(survey, book["Q1"], counts, counts.sum(), None)
    # each answer is its own part; beside n, one shown cell of a group gives its other away
    for column in counts:
        if (counts[column].between(1, 2)).any():
            assert hidden[column].all(), column


def test_a_table_without_small_cells_is_left_alone():
    truth = pd.DataFrame([[3, 0], [14, 5]], index=["a", "b"], columns=["x", "y"])
    pd.testing.assert_frame_equal(disclosure.suppress(truth), truth.astype("Int64"))


def test_a_share_of_two_answers_is_hidden_as_a_whole():
    assert disclosure.suppress(pd.DataFrame({"count": [14, 1]})).isna().all(axis=None)


def test_the_key_is_private_and_kept(project):
    key = pseudonyms.pseudonym_key()
    file = project / ".workbench" / "pseudonym.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert pseudonyms.pseudonym_key() == key == file.read_bytes()
    assert len(key) == 32
    assert [p.name for p in file.parent.iterdir()] == ["pseudonym.key"]


def test_two_processes_at_once_agree_on_the_key(project):
    code = "from analysis import pseudonyms; print(pseudonyms.pseudonym_key().hex())"
    runs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({run.communicate()[0] for run in runs}) == 1


def test_pseudonyms_are_alike_only_for_the_same_code_and_key():
    names = {pseudonyms.pseudonym(f"{code:06}", b"k" * 32) for code in range(20_000)}
    assert len(names) == 20_000
    assert all(re.fullmatch(r"M[A-Z2-7]{8}", name) for name in names)


@pytest.fixture(scope="module")
def demo():
    return prepare("demo-2019"), Codebook.read("it-staffing")


def everything(shown) -> str:
    parts = [shown.responses, shown.status, shown.register, shown.findings]
    return "\n".join(part.reset_index().to_csv() for part in parts)


def test_internal_edition_keeps_all(demo):
    cleaned, book = demo
    shown = disclosure.minimise(cleaned, book, audience="internal", named=False)
    pd.testing.assert_frame_equal(shown.responses, cleaned.responses)
    assert shown.alias == {}


def test_committee_sees_names_but_no_text(demo):
    cleaned, book = demo
    shown = disclosure.minimise(cleaned, book, audience="committee", named=False)
    said = everything(shown)
    assert cleaned.register["name"].iloc[0] in said
    assert not any(text in said for text in cleaned.responses["Q36"].dropna())
    named = {"Q00", "Q01"}  # who it is may be seen
    raw = cleaned.findings.loc[~cleaned.findings["question"].isin(named), "raw"]
    assert [text for text in raw if len(text) > 4 and text in said] == []


def test_public_edition_has_neither_names_nor_codes_nor_text(demo, project):
    cleaned, book = demo
    shown = disclosure.minimise(cleaned, book, audience="public", named=False)
    said = everything(shown)
    needles = [*cleaned.register["name"], *cleaned.register.index]
    needles += [*cleaned.responses["Q36"].dropna(), *cleaned.findings["sheet"].unique()]
    assert [needle for needle in needles if needle and needle in said] == []
    assert shown.responses.index.equals(shown.status.index)
    assert set(shown.responses.index) <= set(shown.register.index)
    # the order of the rows does not give the order of the codes away
    codes = [next(k for k, v in shown.alias.items() if v == name) for name in shown.responses.index]
    assert codes != sorted(codes)


def test_open_data_may_be_named_in_public(demo):
    cleaned, book = demo
    shown = disclosure.minimise(cleaned, book, audience="public", named=True)
    assert shown.register["name"].equals(cleaned.register["name"])
    assert "Q36" not in shown.responses


def test_answers_survive_the_pseudonyms(demo, project):
    cleaned, book = demo
    shown = disclosure.minimise(cleaned, book, audience="public", named=False)
    for code, name in dataclasses.asdict(shown)["alias"].items():
        if code in cleaned.responses.index:
            kept = list(shown.responses.columns)
            assert shown.responses.loc[name].equals(cleaned.responses.loc[code, kept])


def test_rows_follow_the_pseudonyms_and_not_the_codes():
    """In the order of the codes, whoever knows who was asked could read the names off."""
    alias = {"990019": "MZ", "990027": "MA", "990035": "MK"}
    labels = pd.Series([1, 2, 3], index=list(alias))
    square = pd.DataFrame(np.arange(9).reshape(3, 3), list(alias), list(alias))
    shown = renamed(
        {"labels": labels, "square": square, "by type": square.rename(columns=str)}, alias
    )
    assert list(shown["labels"].index) == list(shown["square"].columns) == ["MA", "MK", "MZ"]
    assert shown["labels"]["MZ"] == 1 and shown["square"].loc["MZ", "MA"] == 1
    runs = pd.DataFrame({"ari": [0.3, 0.1]}, index=[1, 0])
    assert list(renamed(runs, alias).index) == [1, 0]


def test_a_hash_of_answers_needs_the_key_to_be_confirmed(project):
    digest = pseudonyms.fingerprint("the answers")
    assert digest == pseudonyms.fingerprint("the answers") != pseudonyms.fingerprint("others")
    (project / ".workbench" / "pseudonym.key").write_bytes(b"x" * 32)
    assert pseudonyms.fingerprint("the answers") != digest
