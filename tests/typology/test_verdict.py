from dataclasses import replace

import pytest

from analysis.typology.verdict import Evidence, judge

GOOD = Evidence(
    n=60,
    unplaced=0,
    stability={1: 0.9, 2: 0.85, 3: 0.8},
    silhouette=0.6,
    null_p=0.01,
    continuum_p=0.01,
    gradient_share=0.3,
)


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "clear"),
        ({"null_p": 0.2}, "none"),
        ({"stability": {1: 0.95}}, "none"),
        ({"stability": {1: 0.9, 2: 0.7}}, "tentative"),
        ({"stability": {1: 0.9, 2: float("nan")}}, "tentative"),
        ({"silhouette": 0.2}, "tentative"),
        ({"continuum_p": 0.06}, "tentative"),
        ({"core_share": 0.3}, "tentative"),
        ({"core_share": 0.8}, "clear"),
        ({"gradient_share": 0.8}, "clear"),
        ({"gradient_share": 0.8, "continuum_p": 0.04}, "gradient"),
        ({"gradient_share": 0.8, "silhouette": 0.4}, "tentative"),
        ({"gradient_share": 0.8, "stability": {1: 0.9, 2: 0.5}}, "gradient"),
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
    )
    verdict = judge(national)
    assert verdict.level == "gradient"
    assert "類型というより" in verdict.text["ja"]
    assert "類型2・3・4" in verdict.text["ja"]
    assert "76 %" in verdict.text["en"]


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
        said = judge(replace(GOOD, basis=basis))
        assert said.text["ja"] != plain
        assert said.text["ja"].endswith(plain)
    line = replace(GOOD, basis="gradient", gradient_share=0.9, continuum_p=0.5)
    assert "どれだけ取り組んでいるか" not in judge(line).text["ja"]
