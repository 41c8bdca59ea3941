from dataclasses import replace

import pytest

from analysis.typology.verdict import Evidence, judge, other_draws

GOOD = Evidence(
    n=60,
    unplaced=0,
    stability={1: 0.9, 2: 0.85, 3: 0.8},
    silhouette=0.6,
    null_p=0.01,
    continuum_p=0.01,
    gradient_share=0.3,
)
SURE = (0.6, 0.9)


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "clear"),
        ({"null_p": 0.2}, "none"),
        ({"stability": {1: 0.95}}, "none"),
        ({"stability": {1: 0.9, 2: 0.7}}, "tentative"),
        ({"stability": {1: 0.9, 2: float("nan")}}, "tentative"),
        ({"silhouette": 0.2}, "tentative"),
        ({"continuum_p": 0.06}, "none"),  # a smooth distribution separates as well
        ({"continuum_p": 0.04, "gradient_share": 0.7}, "none"),
        ({"core_share": 0.3}, "tentative"),
        ({"core_share": 0.8}, "clear"),
        ({"gradient_share": 0.8}, "clear"),
        ({"gradient_share": 0.8, "gradient_interval": SURE, "continuum_p": 0.04}, "gradient"),
        ({"gradient_share": 0.8, "gradient_interval": (0.4, 1), "continuum_p": 0.5}, "none"),
        ({"gradient_share": 0.8, "silhouette": 0.4}, "tentative"),
        (
            {"gradient_share": 0.8, "gradient_interval": SURE, "stability": {1: 0.9, 2: 0.5}},
            "gradient",
        ),
    ],
)
def test_each_weakness_takes_clear_away(change, level):
    assert judge(replace(GOOD, **change)).level == level


def test_the_national_table_read_by_fpc_is_no_four_crisp_types():
    national = Evidence(
        n=1733,
        unplaced=0,
        stability={1: 0.76, 2: 0.47, 3: 0.53, 4: 0.51},
        silhouette=0.2422,
        null_p=0.01,
        continuum_p=0.01,
        gradient_share=0.76,
        gradient_interval=(0.7, 0.82),
    )
    verdict = judge(national)
    assert verdict.level == "gradient"
    assert "類型というより" in verdict.text["ja"]
    assert "類型2・3・4" in verdict.text["ja"]
    assert "76 % (95 % interval 70 to 82 %)" in verdict.text["en"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_level_is_told_from_approach_in_every_answer(language):
    """How much of the structure is one gradient, and never that a gradient taken out is left."""
    how = {"ja": "取り組み方の違い", "en": "the rest how"}[language]
    for change in ({}, {"silhouette": 0.2}):
        said = judge(replace(GOOD, gradient_share=0.34, **change)).text[language]
        assert "34" in said
        assert how in said
    contrast = judge(replace(GOOD, gradient_share=0.34, adoption=False)).text[language]
    assert "34" in contrast
    assert how not in contrast
    assert how not in judge(replace(GOOD, basis="gradient")).text[language]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_core_member_is_not_said_to_stay_whatever_is_chosen(language):
    said = judge(replace(GOOD, core_share=0.8)).text[language]
    assert {"ja": "3分の2以上", "en": "two thirds"}[language] in said


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_text_says_what_it_rests_on(language):
    said = judge(replace(GOOD, unplaced=2, core_share=0.75)).text[language]
    assert "n=60" in said
    assert "75" in said
    assert "2" in said
    assert "p=0.01" in said
    assert "  " not in said


def test_types_without_their_gradient_are_announced_as_such():
    plain = judge(GOOD).text["ja"]
    for basis in ("gradient", "strata"):
        said = judge(replace(GOOD, basis=basis)).text
        assert said["ja"].startswith("【")
        assert said["en"].startswith("[")
        assert said["ja"].split("】")[1].startswith(plain[:20])
    line = replace(
        GOOD, basis="gradient", gradient_share=0.9, gradient_interval=SURE, continuum_p=0.5
    )
    assert "どれだけ取り組んでいるか" not in judge(line).text["ja"]


@pytest.mark.parametrize(
    ("change", "others"),
    [
        ({}, []),
        ({"continuum_p": 0.05}, ["none"]),
        ({"continuum_p": 0.02, "silhouette": 0.2}, []),
        ({"stability": {1: 0.9, 2: 0.76}}, ["tentative"]),
        ({"stability": {1: 0.9, 2: 0.74}}, ["clear"]),
        ({"null_p": 0.06}, ["clear"]),
        (
            {
                "gradient_share": 0.8,
                "gradient_interval": SURE,
                "silhouette": 0.4,
                "continuum_p": 0.02,
            },
            ["gradient"],
        ),
    ],
)
def test_a_verdict_within_the_error_of_its_simulation_is_borderline(change, others):
    se = dict.fromkeys((1, 2, 3), 0.02)
    assert other_draws(replace(GOOD, **change), surveys=(99, 99), jaccard_se=se) == others


@pytest.mark.parametrize("basis", ["none", "strata", "gradient"])
def test_no_separated_types_is_not_sold_as_no_relation(basis):
    """Answers may hang together, and closely, where nothing separates groups."""
    for change in ({"null_p": 0.3}, {"continuum_p": 0.3}):
        said = judge(replace(GOOD, basis=basis, **change)).text
        assert "No separated types can be shown (n=60)" in said["en"]
        assert "This does not say that" in said["en"]
        assert "何の関係もない" not in said["ja"]
    assert "the least that 99 draws can give" in judge(replace(GOOD, continuum_p=0.3)).text["en"]


def test_too_few_members_is_said_only_where_it_is_true():
    said = judge(replace(GOOD, stability={1: 0.9}, groups=2)).text
    assert "Of the 2 groups made, only one has at least 3 members" in said["en"]
    assert "1つしかない" in said["ja"]
    assert "members" not in judge(replace(GOOD, null_p=0.3)).text["en"]


def test_a_p_value_that_could_not_be_less_says_so():
    said = judge(GOOD).text
    assert "p=0.01, the least that 99 draws can give" in said["en"]
    assert "99回の比較で取りうる最小の値" in said["ja"]
    assert "the least" not in judge(replace(GOOD, continuum_p=0.03)).text["en"]


def test_criteria_that_disagree_and_the_edge_of_the_range_are_named():
    """Four types of 2 to 5 tried, or five of five: BIC prefers one class, and stability two."""
    four = replace(GOOD, groups=4, most_tried=5, criteria={"gap": 4, "stability": 4, "bic": 1})
    said = judge(four).text["en"]
    assert "another number: the BIC of latent classes (1)" in said
    assert "largest" not in said
    assert judge(four).level == "clear", "with few respondents BIC leans towards one class"
    most = judge(replace(four, criteria={"gap": 4, "stability": 2, "bic": 1}))
    assert most.level == "tentative"
    assert "not settled: stability (2), the BIC of latent classes (1)" in most.text["en"]
    assert "目安の多くは別の数を選び" in most.text["ja"]
    edge = judge(replace(four, groups=5))
    assert edge.level == "tentative"  # more than five might be better still
    assert "into 5 groups, is the largest" in edge.text["en"]
    assert "上限" in edge.text["ja"]
