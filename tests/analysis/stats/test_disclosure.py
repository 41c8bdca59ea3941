"""What an edition may show: nothing that names a respondent, nothing that totals give back."""

import itertools
import re
import stat
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from project import prepare

from analysis import fingerprints
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.stats import disclosure
from analysis.typology.classifier import rename_codes

CODES = ("990019", "990027", "282014")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    return tmp_path


# --- counts that may be shown: whoever knows the rule finds three values for what is hidden -------


def ways(total, places):
    """Every way to share a total out among places."""
    for bars in itertools.combinations(range(total + places - 1), places - 1):
        ends = (-1, *bars, total + places - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def published(x, group):
    return tuple(
        (tuple(part), sum(x[at] for at in part)) for part in disclosure.put_together(x, group)
    )


@given(st.lists(st.integers(0, 9), min_size=2, max_size=6), st.sampled_from(["hide", "show"]))
def test_answers_put_together_keep_three_values_each(counts, group):
    """Enumerates all counts and runs the rule itself, as an attacker would."""
    out = published(counts, group)
    if sum(counts) <= 3:  # a question that so few answered is not published
        return
    per_part = [ways(total, len(part)) for part, total in out]
    places = [at for part, _ in out for at in part]
    possible = set()
    for filled in itertools.islice(itertools.product(*per_part), 20_000):
        x = dict(zip(places, itertools.chain(*filled), strict=True))
        x = tuple(x[at] for at in range(len(counts)))
        if published(x, group) == out:
            possible.add(x)
    for part, total in out:
        if len(part) == 1:
            assert total >= 3 or (group == "show" and total == 0)
        else:
            assert all(len({x[at] for x in possible}) >= 3 for at in part)


@pytest.mark.parametrize("group", ["hide", "show"])
@pytest.mark.parametrize("n", [4, 6, 7, 9])
def test_options_that_are_not_counted_keep_three_values_each(n, group):
    """Two options and one that rules them out, with all sums that a questionnaire has."""
    possible, nobody = {}, np.zeros(3, bool)
    alone = np.array([False, False, True])
    for a, b, none in itertools.product(range(n + 1), repeat=3):
        if max(a, b) > n - none or a + b < n - none:
            continue  # each respondent ticks something, and nothing beside the last option
        x = (a, b, none)
        counts = np.array(x)
        fit = disclosure.ticks_shown(counts, n, group, exclusive=alone, none_left=nobody)
        seen = tuple(c if may else None for c, may in zip(x, fit, strict=True))
        possible.setdefault(seen, []).append(x)
    for seen, rows in possible.items():
        for at in range(3):
            assert seen[at] is not None or len({row[at] for row in rows}) >= 3, seen


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=6, max_size=6), st.booleans())
def test_a_breakdown_that_is_not_shown_keeps_three_values_for_each_cell(cells, told):
    """Two answers by three groups; totals of answers and groups are known, and the rule."""
    table = np.reshape(cells, (2, 3))
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if min(rows) < 3 or min(columns) < 3:
        return  # then answers or groups are put together first
    fit = disclosure.may_be_shown(table).all()
    left = [
        (a, b, rows[0] - a - b)
        for a in range(columns[0] + 1)
        for b in range(columns[1] + 1)
        if 0 <= rows[0] - a - b <= columns[2]
    ]
    tables = [np.array([x, columns - np.array(x)]) for x in left]
    possible = [t for t in tables if disclosure.may_be_shown(t).all() == fit]
    if not fit:
        for at in np.ndindex(2, 3):
            assert len({int(t[at]) for t in possible}) >= 3


def test_groups_are_put_together_in_their_order():
    kinds = pd.Series(pd.Categorical(list("aaaaabccdd"), list("abcd"), ordered=True))
    sizes = disclosure.merge_groups(kinds, "none").value_counts().to_dict()
    assert sizes == {"a": 5, "b／c／d": 5}


def test_the_key_is_private_and_kept(project):
    key = fingerprints.pseudonym_key()
    file = project / ".workbench" / "pseudonym.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert fingerprints.pseudonym_key() == key == file.read_bytes()
    assert len(key) == 32
    assert [p.name for p in file.parent.iterdir()] == ["pseudonym.key"]
    file.write_bytes(b"")
    with pytest.raises(InputError, match="key of the pseudonyms is damaged"):
        fingerprints.fingerprint("what anybody could compute without a key")


def test_two_processes_at_once_agree_on_the_key(project):
    code = "from analysis import fingerprints; print(fingerprints.pseudonym_key().hex())"
    runs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({run.communicate()[0] for run in runs}) == 1


def test_pseudonyms_are_alike_only_for_the_same_code_and_key():
    names = {fingerprints.pseudonym(f"{code:06}", b"k" * 32) for code in range(20_000)}
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
    shown, alias = disclosure.minimise(cleaned, book, audience="internal", named=False)
    pd.testing.assert_frame_equal(shown.responses, cleaned.responses)
    assert alias == {}


def test_committee_sees_names_but_no_text(demo):
    cleaned, book = demo
    shown, _ = disclosure.minimise(cleaned, book, audience="committee", named=False)
    said = everything(shown)
    assert cleaned.register["name"].iloc[0] in said
    assert not any(text in said for text in cleaned.responses["Q36"].dropna())
    named = {"Q00", "Q01"}  # who it is may be seen
    raw = cleaned.findings.loc[~cleaned.findings["question"].isin(named), "raw"]
    assert [text for text in raw if len(text) > 4 and text in said] == []


def test_public_edition_has_neither_names_nor_codes_nor_text(demo, project):
    cleaned, book = demo
    shown, alias = disclosure.minimise(cleaned, book, audience="public", named=False)
    said = everything(shown)
    needles = [*cleaned.register["name"], *cleaned.register.index]
    needles += [*cleaned.responses["Q36"].dropna(), *cleaned.findings["sheet"].unique()]
    assert [needle for needle in needles if needle and needle in said] == []
    assert shown.responses.index.equals(shown.status.index)
    assert set(shown.responses.index) <= set(shown.register.index)
    # the order of the rows does not give the order of the codes away
    codes = [next(k for k, v in alias.items() if v == name) for name in shown.responses.index]
    assert codes != sorted(codes)


def test_open_data_may_be_named_in_public(demo):
    cleaned, book = demo
    shown, _ = disclosure.minimise(cleaned, book, audience="public", named=True)
    assert shown.register["name"].equals(cleaned.register["name"])
    assert "Q36" not in shown.responses


def test_answers_survive_the_pseudonyms(demo, project):
    cleaned, book = demo
    shown, alias = disclosure.minimise(cleaned, book, audience="public", named=False)
    for code, name in alias.items():
        if code in cleaned.responses.index:
            kept = list(shown.responses.columns)
            assert shown.responses.loc[name].equals(cleaned.responses.loc[code, kept])


def test_rows_follow_the_pseudonyms_and_not_the_codes():
    """In the order of the codes, whoever knows who was asked could read the names off."""
    alias = {"990019": "MZ", "990027": "MA", "990035": "MK"}
    labels = pd.Series([1, 2, 3], index=list(alias))
    square = pd.DataFrame(np.arange(9).reshape(3, 3), list(alias), list(alias))
    shown = rename_codes(
        {"labels": labels, "square": square, "by type": square.rename(columns=str)}, alias
    )
    assert list(shown["labels"].index) == list(shown["square"].columns) == ["MA", "MK", "MZ"]
    assert shown["labels"]["MZ"] == 1 and shown["square"].loc["MZ", "MA"] == 1
    runs = pd.DataFrame({"ari": [0.3, 0.1]}, index=[1, 0])
    assert list(rename_codes(runs, alias).index) == [1, 0]


def test_a_hash_of_answers_needs_the_key_to_be_confirmed(project):
    digest = fingerprints.fingerprint("the answers")
    assert digest == fingerprints.fingerprint("the answers") != fingerprints.fingerprint("others")
    (project / ".workbench" / "pseudonym.key").write_bytes(b"x" * 32)
    assert fingerprints.fingerprint("the answers") != digest
