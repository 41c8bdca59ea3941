"""Features and composites by hand, what missing answers do to them, and who falls into a type."""

import contextlib
import math

import numpy as np
import pandas as pd
import pytest

from analysis import paths
from analysis.cleaning import store, texts
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.fingerprints import hash_files, is_cleaned
from analysis.stats import thresholds
from analysis.survey import QUICK, Survey
from analysis.text import Text
from analysis.typology import prepare
from analysis.typology.classifier import Features, comparable, features, indices, project
from analysis.typology.dissimilarity import Gower
from analysis.typology.rivals import known_types
from workbench.demo import frames

BOOK = Codebook.read("it-staffing")
# three invented replies; "not_applicable": left out by the skip rule, None: no answer
TYPICAL = {
    "Q01": "990019", "Q06": 2, "Q05": 400, "Q08": 10, "Q09": 4, "Q10": 2, "Q11": 5.0,
    "Q13": {2, 4}, "Q14": 3, "Q15": 6.0, "Q16": 3, "Q19": {2}, "Q20": 4.0, "Q21": {2, 6, 7},
    "Q22": 2, "Q24": {1, 3}, "Q25": {1, 4}, "Q26": 40.0, "Q27": 4, "Q29_1": 5, "Q29_2": 4,
    "Q29_3": 3, "Q29_4": 4, "Q29_5": None, "Q32": {1, 2, 6},
}  # fmt: skip
ALONE = TYPICAL | {
    "Q01": "990027", "Q06": 9, "Q13": {4}, "Q14": "not_applicable", "Q16": 1, "Q19": {1},
    "Q20": "not_applicable", "Q21": {9}, "Q22": "not_applicable", "Q24": {8},
    "Q25": "not_applicable", "Q29_4": None, "Q32": {7},
}  # fmt: skip
SILENT = TYPICAL | {
    "Q01": "990035", "Q06": 3, "Q08": 0, "Q09": "not_applicable", "Q11": None, "Q13": None,
    "Q14": None, "Q15": "not_applicable", "Q16": "not_applicable", "Q20": "not_applicable",
    "Q25": None, "Q32": None,
}  # fmt: skip
RESPONSES, STATUS = frames([TYPICAL, ALONE, SILENT], BOOK)
MADE = features(RESPONSES, STATUS, BOOK)


def test_types_by_a_threshold_that_a_cell_set_are_read_by_no_other_process(monkeypatch):
    def unplaced():
        typology = Survey.load("demo-2019").typology(**QUICK, seed=7)  # kept by no other test
        return int((typology.labels == thresholds.UNPLACED).sum())

    with monkeypatch.context() as cell:
        cell.setattr(thresholds, "ENOUGH_ANSWERED", 0.9)
        assert unplaced() == 4
    assert unplaced() == 2


def test_a_damaged_kept_typology_is_made_again_and_prints_no_answers(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    first = Survey.load("demo-2019").typology(**QUICK, seed=7)
    for kept in tmp_path.rglob("output.pkl"):
        kept.write_bytes(kept.read_bytes()[:-9])
    again = Survey.load("demo-2019").typology(**QUICK, seed=7)
    assert again.labels.equals(first.labels) and caplog.messages == []


def nobody(frame, kinds, groups=None):
    return frame.notna().any(axis=1) & False


@pytest.mark.parametrize(
    ("of", "name", "other"),
    [
        (prepare, "set_aside", nobody),
        (prepare.set_aside, "__code__", nobody.__code__),
        (prepare.Answers, "measure", lambda data: Gower(data.frame.to_numpy(), [], {}, {})),
        (texts, "LARGEST", 9),
    ],
)
def test_nothing_is_kept_of_what_code_makes_that_a_cell_replaced(
    of, name, other, project, code_is_watched, monkeypatch
):
    monkeypatch.setenv("WORKBENCH_CACHE", str(project / "cache"))  # others share that of the tests
    survey = Survey.load("demo-2019")
    kept = hash_files(paths.cache())
    (project / "data/raw/demo-2019/note.txt").write_text("cleaned anew")
    with monkeypatch.context() as cell:
        cell.setattr(of, name, other)
        Survey.load("demo-2019")
        with contextlib.suppress(Exception):
            survey.typology(**QUICK, seed=9)
        now = store.key(Wave.read("demo-2019"))
        assert not is_cleaned(paths.processed("demo-2019"), now)
        assert hash_files(paths.cache()) == kept
    Survey.load("demo-2019")
    assert is_cleaned(paths.processed("demo-2019"), now)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("share_long_tenure", [0.4, 0.4, None]),  # no staff: no share
        ("recruit_rate", [math.log(1.3), 0.0, None]),  # nobody asked for: nobody recruited
        ("specialist_recruit", [1, 0, None]),
        ("career_track", [1, 0, None]),
        ("training_days", [math.log(5), 0.0, 0.0]),
        ("generalist", [1, 1, None]),
        ("rotation", [0, 1, None]),
        ("external_breadth", [3, 0, 3]),  # "none" is not a form of it
        ("external_ratio", [2 / 12, 0.0, 1.0]),
        ("reemployed_ratio", [2 / 12, 2 / 12, 1.0]),
        ("partners", [2, 0, 2]),
        ("depth", [3, 0, None]),  # left out: no cooperation; unanswered: unknown
        ("vendor_staff", [5 / 15, 5 / 15, None]),
        ("own_check", [4, 4, 4]),
    ],
)
def test_features_by_hand(feature, expected):
    wanted = [np.nan if v is None else v for v in expected]
    np.testing.assert_allclose(MADE.frame[feature], wanted, rtol=1e-12)


def test_features_say_what_they_are():
    assert list(MADE.frame.columns) == list(MADE.kinds) == list(MADE.groups) == list(MADE.labels)
    assert set(MADE.group_labels) == set(MADE.groups.values())
    assert MADE.frame.index.tolist() == ["990019", "990027", "990035"]
    assert MADE.signs["own_check"] == MADE.signs["posting_years"] == -1
    assert (MADE.frame.dtypes == "float64").all()


def test_composites_of_rules_by_hand():
    made = indices(MADE, BOOK, RESPONSES)
    np.testing.assert_allclose(made["management"], [4.0, np.nan, 4.0])  # four of five answered
    np.testing.assert_allclose(made["security"], [3, 0, np.nan])
    np.testing.assert_allclose(made["two_section"], [1, np.nan, 0])  # "other" is neither
    np.testing.assert_allclose(made["it_staff_per_100"], [2.5, 2.5, 0.0])


def composite(values, kinds, signs):
    """One index of these features for as many replies as there are values."""
    frame = pd.DataFrame(values, dtype="float64")
    names = list(frame)
    label = Text(ja="例", en="example")
    made = Features(
        frame,
        dict(zip(names, kinds, strict=True)),
        dict.fromkeys(names, "cooperation"),
        dict(zip(names, signs, strict=True)),
        dict.fromkeys(names, label),
        {"cooperation": label},
    )
    one = tuple(index for index in BOOK.indices if index.id == "cooperation")
    small = BOOK.model_copy(update={"indices": one})
    return indices(made, small, frame)["cooperation"].tolist()


def test_a_composite_is_the_signed_mean_of_standardised_parts():
    z = math.sqrt(1.5)  # of 1, 2, 3 with the population's deviation
    assert composite({"a": [1, 2, 3]}, ["ratio"], [1]) == pytest.approx([-z, 0, z])
    assert composite({"a": [1, 2, 3]}, ["ordinal"], [-1]) == pytest.approx([z, 0, -z])
    # 0/1 features too: a share of 2/3, deviation sqrt(2)/3
    yes, no = math.sqrt(0.5), -math.sqrt(2)
    assert composite({"a": [1, 2, 3], "b": [1, 0, 1]}, ["ratio", "asymmetric"], [1, 1]) == (
        pytest.approx([(yes - z) / 2, no / 2, (yes + z) / 2])
    )
    # a feature that never varies says nothing, and divides by nothing
    assert composite({"a": [7, 7, 7]}, ["ratio"], [1]) == [0, 0, 0]


def test_each_part_of_a_composite_weighs_the_same_whatever_its_kind():
    """Independent parts correlate with their mean by 1 / sqrt(4), a rare "yes" like a number."""
    rng = np.random.default_rng(0)
    parts = {
        "rare": rng.random(4000) < 0.1,
        "even": rng.random(4000) < 0.5,
        "steps": rng.integers(1, 6, 4000),
        "number": rng.lognormal(size=4000),
    }
    made = composite(parts, ["asymmetric", "binary", "ordinal", "ratio"], [1, 1, 1, 1])
    with_index = [np.corrcoef(made, values.astype(float))[0, 1] for values in parts.values()]
    assert with_index == pytest.approx([0.5] * 4, abs=0.03)


@pytest.mark.parametrize("wave", ["demo-2019", "demo-2020"])
def test_every_part_counts_in_the_indices_of_a_wave(wave):
    """Where 0/1 parts entered as they are, `generalist` correlated .14 with its index."""
    survey = Survey.load(wave)
    used = survey.features
    for name, index in used.groups.items():
        with_index = survey.indices[index].corr(used.signs[name] * used.frame[name])
        assert with_index > 0.39, (name, index)


def test_a_composite_needs_half_of_its_parts():
    made = composite(
        {"a": [0, 0, np.nan], "b": [1, np.nan, np.nan], "c": [1, np.nan, 1]},
        ["binary"] * 3,
        [1] * 3,
    )
    assert made[0] == pytest.approx(0)  # none of the three varies among those who answered
    assert np.isnan(made[1]) and np.isnan(made[2])
    assert composite({"a": [0.0], "b": [np.nan]}, ["binary"] * 2, [1] * 2) == [0.0]


def test_what_the_national_table_also_asks_is_read_from_the_answers():
    found = comparable(RESPONSES, BOOK, "dx-dashboard")
    assert set(found) <= set(features_of("dx-dashboard"))
    assert found["external"].tolist() == [1.0, 0.0, 1.0]
    assert found["training_all"].tolist() == [0.0, 1.0, 0.0]
    assert found["ai"].isna().all()  # nobody was asked here
    assert comparable(RESPONSES, BOOK, "libraries") is None


def features_of(codebook: str) -> list[str]:
    return [feature.id for feature in Codebook.read(codebook).features]


# --- another survey is placed in types that were found -----------------------------------------


RATIO = {f"x{j}": "ratio" for j in range(1, 7)}


def test_a_second_survey_of_the_same_kind_falls_into_its_own_types():
    rng = np.random.default_rng(0)
    old, types = known_types(200, 4.0, rng=rng)
    new, truth = known_types(15, 4.0, rng=rng)
    placed = project(new, old, types, RATIO)
    assert (placed.labels == truth).mean() > 0.9
    assert np.allclose(placed.membership.sum(axis=1), 1)
    assert (placed.membership.idxmax(axis=1) == placed.labels).all()
    assert (placed.second != placed.labels).all()
    assert placed.fits.mean() > 0.8


def test_only_shared_features_are_used():
    rng = np.random.default_rng(1)
    old, types = known_types(60, 4.0, rng=rng)
    new, truth = known_types(15, 4.0, rng=rng)
    placed = project(new.drop(columns="x6").assign(other=1.0), old, types, RATIO)
    assert placed.shared == ["x1", "x2", "x3", "x4", "x5"]
    assert (placed.labels == truth).mean() > 0.8


def test_a_unit_unlike_everybody_fits_nowhere():
    old = pd.DataFrame({"a": [0, 0, 0, 1, 1, 1.0], "b": [0, 0, 0, 1, 1, 1.0]})
    types = pd.Series([1, 1, 1, 2, 2, 2])
    new = pd.DataFrame({"a": [0.0, 0.0], "b": [0.0, 1.0]})
    placed = project(new, old, types, {"a": "binary", "b": "binary"})
    assert placed.fits.tolist() == [True, False]
    assert placed.membership.iloc[1].tolist() == pytest.approx([0.5, 0.5])


def test_unplaced_units_attract_nobody():
    old = pd.DataFrame({"a": [0, 1, 2, 50.0]}, index=list("abcd"))
    placed = project(
        pd.DataFrame({"a": [50.0]}), old, pd.Series([1, 1, 1, 0], old.index), {"a": "ratio"}
    )
    assert placed.labels.tolist() == [1]
    assert placed.fits.tolist() == [False]


def test_too_little_in_common_is_refused():
    old, types = known_types(12, 3.0, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="only 2 of the typology's 6"):
        project(old[["x1", "x2"]], old, types, RATIO)
    with pytest.raises(InputError, match="no types"):
        project(old, old, types * 0, RATIO)


def test_who_answered_nothing_is_in_no_type():
    old = pd.DataFrame({"x": [0.0, 1, 2, 10, 11, 12]}, index=list("abcdef"))
    types = pd.Series([1, 1, 1, 2, 2, 2], index=old.index)
    new = pd.DataFrame({"x": [np.nan, 11.0]}, index=["p", "q"])
    found = project(new, old, types, {"x": "ratio"})
    assert found.labels.tolist() == [0, 2]
    assert found.second["p"] == 0
    assert not found.fits["p"]
    assert found.membership.loc["p"].isna().all()


def test_half_of_the_features_is_counted_with_groups_weighing_the_same():
    old = pd.DataFrame(np.arange(24.0).reshape(6, 4), columns=list("abcd"))
    types = pd.Series([1, 1, 1, 2, 2, 2])
    kinds = dict.fromkeys("abcd", "ratio")
    one_question = {"a": "q", "b": "q", "c": "q", "d": "d"}
    assert project(old[["d"]], old, types, kinds, one_question).shared == ["d"]
    with pytest.raises(InputError, match="2 of the typology's 4"):
        project(old[["a", "b"]], old, types, kinds, one_question)
