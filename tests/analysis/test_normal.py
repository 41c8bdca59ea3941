"""Signs that mean the same: what each kind of text is compared by."""

import pytest

from analysis.cleaning.texts import tidy
from analysis.codebook.municipality import fold, resolve
from analysis.intake.headings import normalise
from analysis.normal import STEPS, normal


@pytest.mark.parametrize(
    ("steps", "text", "same"),
    [
        (("circled",), "問3①", "問3(1)"),
        (("radicals",), "⻲岡市", "亀岡市"),
        (("width",), "Ｑ１　ｱｲ", "Q1 アイ"),
        (("variants",), "塩竈市", "塩釜市"),
        (("minus",), "−3‐", "-3-"),
        (("dashes",), "1–2—3〜4", "1-2-3~4"),
        (("case",), "Staff", "staff"),
        (("ends",), " 3\n", "3"),
        (("spaces",), "姫\u200b路 市\U000e0101\ufe0f", "姫路市"),
    ],
)
def test_each_step_makes_signs_that_mean_the_same_the_same(steps, text, same):
    assert normal(text, *steps) == same
    assert normal(same, *steps) == same


def test_every_step_has_an_example_above():
    marks = test_each_step_makes_signs_that_mean_the_same_the_same.pytestmark
    assert [steps for steps, _, _ in marks[0].args[1]] == [(step,) for step in STEPS]


def test_what_a_copied_page_leaves_in_a_text_makes_no_other_name_or_heading():
    assert resolve("姫路\u200b市").code == resolve("姫路市").code == "282014"
    assert normalise("問1\ufe0f 職員数\u200b") == normalise("問１職員数")


def test_case_counts_in_a_name_and_not_in_a_heading_and_dashes_only_in_an_answer():
    assert fold("Lyon") != fold("LYON")
    assert normalise("Staff") == normalise("STAFF")
    assert tidy("1–2") != tidy("1-2")
    assert normalise("Q1–2") == normalise("Q1-2")
