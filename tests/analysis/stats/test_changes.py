"""Two waves: what moved, by hand and by enumeration; what the instability of types explains."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebook_run import run
from scipy import stats

from analysis import Survey
from analysis.codebook.model import Codebook
from analysis.codebook.waves import earlier
from analysis.errors import InputError
from analysis.results import changes as results
from analysis.results import types
from analysis.show import NotAvailable
from analysis.stats import changes
from workbench.compare.runs import Types, movers

QUESTIONS = [
    {"id": "Q1", "type": "binary"},
    {"id": "Q2", "type": "multi", "options": [{"code": 1, "ja": "甲", "en": "a"}], "ask_if": "Q1"},
    {"id": "Q3", "type": "integer"},
]
BOOK = Codebook.parse(
    {
        "id": "six",
        "title": {"ja": "六", "en": "six"},
        "version": "1",
        "sections": [{"id": "A", "ja": "甲", "en": "A"}],
        "questions": [
            {"section": "A", "role": "describe", "ja": q["id"], "en": q["id"], **q}
            for q in QUESTIONS
        ],
    }
)


def wave(codes, q1, q2, q3):
    """None: no answer; "-": the skip rule left the question out."""
    columns = {"Q1": q1, "Q2_1": q2, "Q3": q3}
    kinds = {"Q1": "boolean", "Q2_1": "boolean", "Q3": "Int64"}
    index = pd.Index(list(codes), name="code")
    missing = {None: "no_answer", "-": "not_applicable"}
    status = {n: [missing.get(v, "answered") for v in c] for n, c in columns.items()}
    values = {
        n: pd.array([None if v in missing else v for v in c], kinds[n]) for n, c in columns.items()
    }
    return changes.Replies(pd.DataFrame(values, index), pd.DataFrame(status, index))


# six municipalities and then six; f left, g came; b began, d stopped
BEFORE = wave("abcdef", [1, 0, 1, 1, 0, 1], [1, "-", 0, 1, "-", None], [5, 1, 2, None, 4, 9])
AFTER = wave("abcdeg", [1, 1, 1, 0, 0, 1], [1, 0, 0, "-", "-", 1], [6, 1, 3, 7, 3, 9])


def test_shares_are_compared_among_those_who_answered_both_times():
    shares, scales = changes.compare_waves(BOOK, BEFORE, AFTER, "en")
    q1 = shares.set_index("question").loc["Q1"]
    assert (q1["count_before"], q1["n_before"], q1["count_now"], q1["n_now"]) == (4, 6, 4, 6)
    assert (q1["n"], q1["gained"], q1["lost"], q1["estimate"]) == (5, 1, 1, 0.0)
    q2 = shares.set_index("question").loc["Q2"]
    # asked and answering: a c d, then a b c g; both times only a and c
    assert (q2["n_before"], q2["n_now"], q2["n"]) == (3, 4, 2)
    assert (q2["gained"], q2["lost"]) == (0, 0) and q2["p"] == 1.0
    q3 = scales.set_index("question").loc["Q3"]
    assert (q3["n"], q3["rose"], q3["fell"]) == (4, 2, 1)  # a 5-6, b 1-1, c 2-3, e 4-3
    assert (q3["median_before"], q3["median_now"]) == (3.0, 3.0)  # medians of those four
    assert q3["p"] == 1.0 and (shares["p_holm"] >= shares["p"]).all()


def test_denominators_that_changed_by_skip_rules_and_missing_answers():
    rows = changes.denominators(BOOK, BEFORE, AFTER).set_index("question")
    assert list(rows.index) == ["Q2", "Q3"]
    assert rows.loc["Q2", ["status", "missing_before", "missing_now"]].tolist() == [
        "no_answer",
        1,
        0,
    ]  # two are not asked before and now
    more = wave(
        "abcdefh", [1, 0, 1, 1, 0, 1, 1], [1, "-", 0, 1, "-", None, 1], [5, 1, 2, None, 4, 9, 1]
    )
    frame = changes.denominators(BOOK, BEFORE, more)  # one more reply, nothing else
    assert len(frame) == 3 and frame["status"].isna().all()


def test_the_interval_covers_what_it_promises_by_enumeration():
    n = 8
    found = {}
    for gained, lost in itertools.product(range(n + 1), repeat=2):
        if gained + lost <= n:
            before = np.array([False] * gained + [True] * lost + [False] * (n - gained - lost))
            after = np.array([True] * gained + [False] * (n - gained))
            found[gained, lost] = changes.shift(before, after)
    for up, down in [(0.0, 0.0), (0.05, 0.05), (0.3, 0.1), (0.5, 0.5), (0.9, 0.0), (0.1, 0.4)]:
        covered = sum(
            stats.multinomial.pmf([k, m, n - k - m], n, [up, down, 1 - up - down])
            for (k, m), s in found.items()
            if s.low - 1e-12 <= up - down <= s.high + 1e-12
        )
        assert covered >= 0.95


def test_the_p_value_is_mcnemars():
    before = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1], bool)
    after = np.array([1, 1, 1, 1, 1, 0, 0, 1, 1], bool)
    # 5 gained, 1 lost: 2 * (C(6,5) + C(6,6)) / 2**6
    assert changes.shift(before, after).p == pytest.approx(2 * 7 / 64)


@given(st.integers(0, 9), st.integers(0, 5), st.integers(1, 8))
def test_an_interval_of_a_change_never_contradicts_mcnemars_test(gained, lost, same):
    before = np.array([False] * gained + [True] * lost + [False] * same)
    after = np.array([True] * gained + [False] * (lost + same))
    s = changes.shift(before, after)
    assert (s.p <= 0.05) == (s.low > 0 or s.high < 0)
    assert s.low <= s.estimate <= s.high and s.low < s.high


def test_the_least_corrected_p_of_the_page_is_stated():
    # 13 that answered both times: 2 * 0.5 ** 13 for each of 124 answers
    shares = pd.DataFrame({"n": [13] * 100 + [5], "p": [1.0] * 100 + [0.5]})
    scales = pd.DataFrame({"n": [13] * 23, "p": 1.0})
    assert changes.least_corrected(shares, scales) == (124, pytest.approx(124 * 2 * 0.5**13))
    assert changes.least_corrected(shares.assign(n=4), scales[:0])[1] == 1.0
    assert changes.least_corrected(pd.DataFrame(), pd.DataFrame())[0] == 0


def typology(labels, strength):
    codes = [f"c{i}" for i in range(len(labels))]
    kinds = sorted({k for k in labels if k})
    rest = (1 - strength) / (len(kinds) - 1)
    member = pd.DataFrame(rest, index=codes, columns=kinds)
    for code, kind in zip(codes, labels, strict=True):
        if kind:
            member.loc[code, kind] = strength
    return SimpleNamespace(labels=pd.Series(labels, codes), membership=member)


def test_types_are_matched_before_movers_are_counted():
    before, after = typology([1] * 5 + [2] * 4, 1.0), typology([2] * 4 + [1] * 5, 1.0)
    found = changes.movers(before, after)
    assert found.matched == {1: 2, 2: 1} and found.types.index[found.types["moved"]].tolist() == [
        "c4"
    ]
    assert found.exceeds and found.high == 0  # a typology that never wavers explains no move


def test_the_instability_of_both_typologies_explains_some_moves():
    before, after = typology([1] * 6 + [2] * 6, 0.8), typology([1] * 7 + [2] * 5, 0.8)
    found = changes.movers(before, after)
    # two draws of each agree with .8 * .8 + .2 * .2 = .68
    assert found.expected == pytest.approx(12 * 0.32)
    assert found.count == 1 and not found.exceeds and found.low <= 1 <= found.high
    # all of one chance, so that the count is binomial
    assert found.p == pytest.approx(stats.binom.sf(0, 12, 0.32))
    assert (found.low, found.high) == tuple(stats.binom.ppf([0.025, 0.975], 12, 0.32))


def test_the_unplaced_are_nobodys_movers():
    found = changes.movers(typology([1, 1, 2, 2, 0], 0.9), typology([1, 1, 2, 0, 2], 0.9))
    assert list(found.types.index) == ["c0", "c1", "c2"] and found.count == 0
    assert list(found.crossed.index) == ["c3", "c4"]


def test_the_page_and_the_comparison_of_two_runs_expect_the_same_movers(tmp_path):
    surveys = [Survey.load(wave, output=tmp_path / wave) for wave in ("demo-2019", "demo-2020")]
    found = [types.typology(survey) for survey in surveys]
    on_page = changes.movers(*found)
    kept = []
    for survey, one in zip(surveys, found, strict=True):
        survey.gallery.result(types.memberships(survey, one), "types")
        kept.append(Types.read(survey.output))
    by_runs, moved = movers(*kept)
    assert by_runs.expected == pytest.approx(on_page.expected, abs=2e-3)
    assert (by_runs.low, by_runs.high) == (on_page.low, on_page.high)
    assert by_runs.matched == on_page.matched
    gone = [str(surveys[0].names[code]) for code in on_page.types.index[on_page.types["moved"]]]
    listed = {name for name, before, after, _ in moved if before and after}
    assert listed == set(gone)


def test_the_wave_before_has_the_same_codebook():
    assert earlier("demo-2020") == "demo-2019"
    assert earlier("demo-2019") == earlier("national-r5") == ""
    with pytest.raises(InputError, match="codebook"):
        results.wave_before(Survey.load("demo-2020"), "national-r5")


def test_without_a_wave_before_every_output_says_so(tmp_path):
    page = run("07_refresh_diff", wave="demo-2019", output=str(tmp_path))
    assert set(page.absent) == {
        "who_answered",
        "denominators",
        "movers",
        "shares_moved",
        "shares",
        "scales",
    }
    assert "これより前の調査がない" in page.answer.text and set(page.tables) == {"national_totals"}
    nation = page.figures["national_totals"]  # what the state published, beside invented replies
    assert "総務省" in nation.source and "架空" not in nation.caption
    assert "定義" in nation.alt


def test_the_public_edition_shows_no_single_change(tmp_path, monkeypatch):
    monkeypatch.setattr(types, "typology", lambda *_, **__: NotAvailable("typology", "not here"))
    page = run("07_refresh_diff", wave="demo-2020", audience="public", output=str(tmp_path))
    assert {"denominators", "movers", "shares_moved", "shares", "scales"} <= set(page.absent)
    rows = page.tables["who_answered"].rows
    assert [row[1] for row in rows] == ["15", "0", "1"] and {row[2] for row in rows} == {"—"}
