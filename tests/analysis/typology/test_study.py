import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from analysis.errors import InputError
from analysis.survey import QUICK
from analysis.typology.classifier import Classifier, Features
from analysis.typology.dissimilarity import Gower
from analysis.typology.multiverse import multiverse
from analysis.typology.partition import k_medoids
from analysis.typology.prepare import prepare
from analysis.typology.rivals import known_types, power
from analysis.typology.study import study

RATIO = {f"x{j}": "ratio" for j in range(1, 7)}


def survey(n: int, separation: float, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    return known_types(n, separation, rng=np.random.default_rng(seed))


@pytest.fixture(scope="module")
def clear():
    frame, truth = survey(30, 5.0)
    return frame, truth, study(frame, RATIO, **QUICK)


def test_known_types_are_found_named_and_called_clear(clear):
    frame, truth, found = clear
    assert adjusted_rand_score(truth, found.labels) == 1
    assert found.verdict.level == "clear"
    assert list(found.labels.index) == list(frame.index)
    assert found.stability["n"].tolist() == [10, 10, 10]
    assert (found.stability["jaccard_bootstrap"] > 0.75).all()
    assert (found.membership.idxmax(axis=1) == found.labels).all()
    assert np.allclose(found.membership.sum(axis=1), 1)
    assert (found.second != found.labels).all()
    for kind, code in found.paragons.items():
        assert found.labels[code] == kind
    assert len({name["ja"] for name in found.names.values()}) == 3


def test_without_types_none_are_announced_as_clear():
    levels = []
    for seed in range(6):
        noise, _ = survey(15, 0.0, seed)
        slope = pd.DataFrame(noise.to_numpy() * 0.6 + 0.8 * noise[["x1"]].to_numpy(), noise.index)
        slope.columns = noise.columns
        for frame in (noise, slope):
            levels.append(study(frame, RATIO, seed=seed, **QUICK).verdict.level)
    assert "clear" not in levels
    assert levels[::2].count("none") >= 5
    assert levels[1::2].count("gradient") >= 5


def test_composites_give_the_names(clear):
    frame, truth, _ = clear
    indices = pd.DataFrame({"people": frame[["x1", "x4"]].mean(axis=1), "money": frame["x2"]})
    texts = {
        "people": {"ja": "内部専門性", "en": "Expertise"},
        "money": {"ja": "委託", "en": "Money"},
    }
    found = study(frame, RATIO, None, texts, composites=indices, **QUICK)
    kind = found.labels[truth == 1].iloc[0]
    assert found.names[kind]["ja"].startswith("内部専門性が高")
    assert {row.split("が")[0] for row in (n["ja"] for n in found.names.values())} <= {
        "内部専門性",
        "委託",
    }


def test_groups_of_two_are_no_types():
    far = np.repeat([0.0, 4.0, 8.0, 10.0], [5, 5, 5, 2]) + np.arange(17) / 100
    codes = [f"{i:06d}" for i in [*range(15), 98, 99]]  # too near the others to be set aside
    frame = pd.DataFrame(dict.fromkeys(RATIO, far), codes)
    found = study(frame, RATIO, n_types=4, **QUICK)
    assert found.aside.empty
    assert found.labels[["000098", "000099"]].tolist() == [0, 0]
    assert sorted(found.labels.unique()) == [0, 1, 2, 3]
    assert list(found.names) == [1, 2, 3]
    assert found.silhouette[["000098", "000099"]].isna().all()
    assert "2" in found.verdict.text["en"]
    assert "unplaced" in found.verdict.text["en"]


def test_numbers_go_by_size_then_code():
    frame = pd.DataFrame({"a": [9.0] * 3 + [0.0] * 3 + [5.0] * 4}, list("abcdefghij"))
    found = study(frame, {"a": "ratio"}, n_types=3, **QUICK)
    assert found.labels.tolist() == [2, 2, 2, 3, 3, 3, 1, 1, 1, 1]


def test_order_of_rows_and_columns_change_nothing():
    frame, _ = survey(15, 2.0)
    found = study(frame, RATIO, **QUICK)
    shuffled = frame.iloc[::-1, ::-1]
    again = study(shuffled, RATIO, **QUICK)
    for part in (again.labels, again.membership, again.second, again.silhouette, again.level):
        assert list(part.index) == list(shuffled.index)
    assert list(again.coassignment.columns) == list(shuffled.index)
    assert again.labels.loc[frame.index].equals(found.labels)
    assert again.verdict.level == found.verdict.level
    assert study(frame, RATIO, **QUICK).verdict == found.verdict


def test_types_within_size_classes_are_not_size_classes(tmp_path):
    frame, truth = survey(60, 5.0)
    size = pd.Series(np.where(np.arange(60) < 30, "city", "town"), frame.index)
    mixed = frame.add(np.where(size == "city", 8.0, 0.0), axis=0)
    plain = study(mixed, RATIO, n_types=2, **QUICK)
    within = study(mixed, RATIO, adjust=size, **QUICK)
    assert adjusted_rand_score(size, plain.labels) == 1
    assert adjusted_rand_score(truth, within.labels) > 0.9
    assert within.evidence.basis == "strata"
    assert "規模" in within.verdict.text["ja"]
    made = Features(mixed, RATIO, {c: c for c in mixed}, {}, {}, {})
    apart = Classifier(made, mixed, size, tmp_path).study_by_size(**QUICK)
    assert {name: part.n for name, part in apart.items()} == {"city": 30, "town": 30}
    assert adjusted_rand_score(truth[size == "town"], apart["town"].labels) == 1


def test_a_misspelt_adjustment_is_told_the_nearest(tmp_path):
    frame, _ = survey(15, 5.0)
    made = Features(frame, RATIO, {c: c for c in frame}, {}, {}, {})
    kept = Classifier(made, frame, pd.Series("city", frame.index), tmp_path)
    with pytest.raises(InputError, match="no adjustment 'gradiant'; did you mean gradient"):
        kept.study(adjust="gradiant")


def test_the_multiverse_is_computed_once_also_for_those_who_find_the_typology_kept(tmp_path):
    frame, _ = survey(15, 5.0)
    made = Features(frame, RATIO, {c: c for c in frame}, {}, {}, {})
    kept = Classifier(made, frame, pd.Series("city", frame.index), tmp_path)
    first, second = kept.multiverse(**QUICK), kept.multiverse(**QUICK)
    assert second.units.equals(first.units)
    assert len([*tmp_path.rglob("multiverse/*/output.pkl")]) == 1


def test_the_multiverse_can_only_lower_the_verdict(clear):
    frame, _truth, found = clear
    seen = multiverse(frame, RATIO, None, found.labels)
    assert found.weighed_with(seen).verdict.level == "clear"
    mixed = pd.Series(np.random.default_rng(0).permutation(found.labels), frame.index)
    loose = multiverse(frame, RATIO, None, mixed)
    shaken = found.weighed_with(loose)
    assert shaken.verdict.level == "tentative"
    assert "0 %" in shaken.verdict.text["en"]


@pytest.mark.parametrize("n_types", [1, 6, 15])
def test_more_types_than_the_units_can_hold_are_refused(n_types):
    frame, _ = survey(15, 2.0)
    with pytest.raises(InputError, match=f"into {n_types} types"):
        study(frame, RATIO, n_types=n_types)


def test_two_answers_in_all_make_at_most_two_types():
    frame = pd.DataFrame({"a": [0.0] * 5 + [1.0] * 5}, [f"{i:02d}" for i in range(10)])
    found = study(frame, {"a": "binary"}, **QUICK)
    assert found.labels.tolist() == [1] * 5 + [2] * 5
    with pytest.raises(InputError, match="2 different answer patterns"):
        study(frame, {"a": "binary"}, n_types=3)


def test_missing_answers_are_carried():
    frame, truth = survey(60, 5.0)
    gaps = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.1)
    found = study(gaps, RATIO, **QUICK)
    assert adjusted_rand_score(truth, found.labels) > 0.8


def test_power_grows_with_n_and_separation():
    small, large = power(15, n_simulations=40), power(60, n_simulations=40)
    assert small["recovered"].is_monotonic_increasing
    assert large.loc["moderate", "recovered"] > small.loc["moderate", "recovered"]


def test_power_is_for_this_number_of_types():
    """The audit's 1,000 surveys: four types 0/7/56 %, five 0/0/32 %; mixed items 0/20/79 %."""
    four, five = (power(15, n_types=k, n_simulations=40) for k in (4, 5))
    assert (four["recovered"] - [0, 0.07, 0.56]).abs().max() < 0.2
    assert (five["recovered"] - [0, 0, 0.32]).abs().max() < 0.2
    kinds = ["binary"] * 6 + ["ordinal"] * 3 + ["ratio"] * 3
    mixed = power(15, kinds=kinds, groups=list("aabbccddeeff"), missing=0.05, n_simulations=40)
    rare = power(15, kinds=["binary"] * 12, yes=[0.1] * 12, n_simulations=40)
    assert mixed.loc["weak", "recovered"] < 0.1
    assert rare.loc["strong", "recovered"] < 0.5 < mixed.loc["strong", "recovered"]


def test_the_national_table_is_a_gradient_and_a_pair_of_cio_and_aide(national):
    frame = national.iloc[::3]  # the whole table is the business of the benchmarks
    kinds = dict.fromkeys(frame, "binary")
    given = study(frame, kinds, n_bootstrap=5, n_null=19, criteria=False)
    assert given.verdict.level == "gradient"
    assert 0.65 < given.evidence.gradient_share < 0.85
    assert given.level.corr(frame.sum(axis=1)) > 0.95
    rest = study(frame, kinds, adjust="gradient", n_bootstrap=5, n_null=19, criteria=False)
    assert rest.verdict.level == "none"  # a gradient taken out of a gradient looks like this too
    top = rest.profile[rest.profile["type"] == 1].nlargest(2, "effect")["feature"]
    assert set(top) == {"CIOの任命", "CIO補佐官等の任命"}


def _two_groups(*sparse: dict[str, float]) -> tuple[pd.DataFrame, pd.Series]:
    """12 respondents whom items a-d separate 6 and 6 and e does not; beside them `sparse` ones."""
    group = np.repeat([0.0, 1.0], 6)
    frame = pd.DataFrame({**dict.fromkeys("abcd", group), "e": np.tile([0.0, 1.0], 6)})
    more = pd.DataFrame(list(sparse), columns=list("abcde"))
    both = pd.concat([frame, more], ignore_index=True).astype(float)
    codes = [f"{i:02d}" for i in range(len(both))]
    return both.set_axis(codes), pd.Series(group, codes[:12])


def test_two_who_answered_one_question_do_not_decide_the_types():
    frame, truth = _two_groups({"e": 0.0}, {"e": 1.0}, {}, {"a": 1.0, "b": 1.0})
    kinds = dict.fromkeys(frame, "binary")
    found = study(frame, kinds, n_types=2, **QUICK)
    assert adjusted_rand_score(truth, found.labels[truth.index]) == 1
    assert found.n == found.evidence.n == 12
    assert found.stability["n"].tolist() == [6, 6]
    assert set(found.paragons.values()) <= set(truth.index)
    assert found.aside.to_dict() == {"12": "sparse", "13": "sparse", "14": "empty", "15": "sparse"}
    assert found.labels["15"] == found.labels["06"]  # placed by the two questions answered
    assert found.labels["14"] == 0
    assert found.membership.loc[["12", "13", "14", "15"]].isna().all(axis=None)
    assert list(found.coassignment.index) == list(truth.index)
    alone = study(frame.loc[truth.index], kinds, n_types=2, **QUICK)
    assert alone.labels.equals(found.labels[truth.index])
    assert alone.verdict == found.verdict


def test_one_respondent_with_few_answers_costs_no_recovery():
    """Of 60 surveys the audit recovered 97 %, with one who gave 2, 3, 4 of 12 answers 37 to 72."""
    kinds = {f"x{j}": ["binary", "ratio"][j % 2] for j in range(1, 13)}
    recovered = np.zeros(4)
    for seed in range(15):
        frame, truth = known_types(30, 3.0, kinds=["ratio"] * 12, rng=np.random.default_rng(seed))
        for name in (name for name, kind in kinds.items() if kind == "binary"):
            frame[name] = (frame[name] > 1.5).astype(float)
        for at, answers in enumerate((12, 2, 3, 4)):
            gaps = frame.copy()
            gaps.iloc[0, answers:] = np.nan
            ready = prepare(gaps, kinds, None, None).frame
            found = k_medoids(Gower.of(ready, kinds).among(), 3).labels
            others = ready.index != gaps.index[0]
            same = adjusted_rand_score(truth[ready.index[others]], found[others])
            recovered[at] += same >= 0.8
    assert recovered[0] >= 14
    assert (recovered[1:] >= recovered[0] - 1).all()


@pytest.mark.parametrize("value", [12.0, 50.0])
def test_one_respondent_far_from_all_does_not_erase_the_types_of_the_others(value):
    frame, truth = survey(30, 4.0)
    frame.iloc[-1] = value
    found = study(frame, RATIO, **QUICK)
    rest = truth.index[:-1]
    assert found.aside.to_dict() == {frame.index[-1]: "outlying"}
    assert adjusted_rand_score(truth[rest], found.labels[rest]) == 1
    assert found.verdict.level == "clear"
    assert found.labels.iloc[-1] in {1, 2, 3}
    assert "29" in found.verdict.text["en"]


@pytest.mark.parametrize("adjust", ["gradient", "size"])
def test_those_set_aside_are_placed_by_answers_adjusted_like_the_others(adjust):
    frame, truth = survey(60, 6.0)
    size = pd.Series(np.where(np.arange(60) % 20 < 10, "city", "town"), frame.index)
    frame = frame.add(np.where(size == "city", 8.0, 0.0), axis=0)
    few = [truth.index[truth == kind][at] for kind in (1, 2, 3) for at in (0, -1)]
    for code in few:  # the two items that mark its type are not both lost
        frame.loc[code, ["x4", "x5", "x6", "x1" if truth[code] != 1 else "x2"]] = np.nan
    taken_out = size if adjust == "size" else "gradient"
    found = study(frame, RATIO, n_types=3, adjust=taken_out, **QUICK)
    assert set(found.aside.index) == set(few)
    assert found.level.notna().all()
    assert adjusted_rand_score(truth, found.labels) > 0.9


def test_the_municipalities_that_were_not_surveyed_do_not_decide_the_national_types(every_row):
    """Sizes, silhouettes and paragons of the complete cases, as R's `pam` gives them."""
    kinds = dict.fromkeys(every_row, "binary")
    found = study(every_row, kinds, n_bootstrap=2, n_null=1, criteria=False)
    missing = every_row.isna().sum(axis=1)
    assert set(found.aside.index) == set(missing.index[missing > 5])
    assert found.aside.tolist() == ["sparse"] * 8
    assert found.stability["n"].tolist() == [984, 749]
    widths = found.choice["silhouette"].loc[2:5]
    assert widths.round(3).tolist() == [0.354, 0.297, 0.274, 0.272]
    assert {code[5:] for code in found.paragons.values()} == {"音更町", "様似町"}


def test_a_study_of_too_many_is_refused_before_anything_is_allocated():
    many = pd.DataFrame({"a": np.arange(10_001.0) % 2}, map(str, range(10_001)))
    with pytest.raises(InputError, match="10,001 respondents are too many"):
        study(many, {"a": "binary"})


def test_a_study_says_what_is_too_little():
    few = pd.DataFrame({"a": np.arange(5.0)}, list("abcde"))
    with pytest.raises(InputError, match="5 respondents are too few"):
        study(few, {"a": "ratio"})
    same = pd.DataFrame({"a": [1.0] * 8, "b": [np.nan] * 8}, list("abcdefgh"))
    with pytest.raises(InputError, match="the same answers"):
        study(same, {"a": "binary", "b": "ratio"})


def test_a_study_leaves_out_columns_that_say_nothing():
    frame = pd.DataFrame(
        {"a": [0.0] * 4 + [1.0] * 4, "b": [1.0] * 8, "c": [np.nan] * 8}, list("abcdefgh")
    )
    found = study(frame, dict.fromkeys(frame, "binary"), n_bootstrap=10, n_null=19)
    assert set(found.profile["feature"]) == {"a"}
    assert found.labels.tolist() == [1] * 4 + [2] * 4
