"""Tables of six municipalities, counted by hand."""

import pandas as pd
import pytest

from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question, code_table
from analysis.errors import InputError
from analysis.stats import tabulate

OPTIONS = [{"code": 1, "ja": "市", "en": "city"}, {"code": 2, "ja": "町", "en": "town"}]
WAYS = [{"code": k, "ja": f"方法{k}", "en": f"way {k}"} for k in (1, 2, 3)]


def question(id, type, ja, en, **more):
    return {"id": id, "section": "A", "type": type, "role": "describe", "ja": ja, "en": en, **more}


BOOK = Codebook.parse(
    {
        "id": "six",
        "title": {"ja": "六", "en": "six"},
        "version": "1",
        "sections": [{"id": "A", "ja": "甲", "en": "A"}],
        "questions": [
            question("Q1", "single", "区分", "class", options=OPTIONS),
            question("Q2", "multi", "方法", "ways", options=WAYS, ask_if="Q1 in [1]"),
            question("Q3", "ratio", "日数", "days"),
        ],
    }
)
INDEX = pd.Index(list("abcdef"), name="code")
# four cities and two towns; the towns were not asked Q2; one city did not answer it
RESPONSES = pd.DataFrame(
    {
        "Q1": pd.array([1, 1, 1, 1, 2, 2], "Int16"),
        "Q2_1": pd.array([True, True, False, None, None, None], "boolean"),
        "Q2_2": pd.array([True, False, False, None, None, None], "boolean"),
        "Q2_3": pd.array([False, False, True, None, None, None], "boolean"),
        "Q3": pd.array([1.0, 2.0, 4.0, 8.0, None, 3.0], "Float64"),
    },
    index=INDEX,
)
STATUS = pd.DataFrame("answered", index=INDEX, columns=RESPONSES.columns)
for name in ("Q2_1", "Q2_2", "Q2_3"):
    STATUS[name] = ["answered"] * 3 + ["no_answer"] + ["not_applicable"] * 2
STATUS.loc["e", "Q3"] = "dont_know"


def test_multi_select_shares_are_of_those_asked_and_answering():
    found = tabulate.frequency(RESPONSES, STATUS, BOOK["Q2"], "en")
    assert found.n == 3
    assert found.frame["count"].to_dict() == {
        ("Q2_1", "1", "way 1"): 2, ("Q2_2", "2", "way 2"): 1, ("Q2_3", "3", "way 3"): 1,
    }  # fmt: skip
    assert found.frame["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert found.missing == {"not_applicable": 2, "no_answer": 1}


def test_single_choice_counts_every_option_even_those_nobody_chose():
    found = tabulate.frequency(RESPONSES.iloc[:4], STATUS.iloc[:4], BOOK["Q1"], "ja")
    assert found.frame["count"].to_dict() == {("Q1", "1", "市"): 4, ("Q1", "2", "町"): 0}


def test_numbers_leave_out_those_who_do_not_know():
    found = tabulate.frequency(RESPONSES, STATUS, BOOK["Q3"], "en")
    assert found.n == 5 and found.missing == {"dont_know": 1}
    assert found.frame["value"].to_dict() == {
        "median": 3.0, "lower": 2.0, "upper": 4.0,
        "least": 1.0, "greatest": 8.0, "mean": 3.6,
    }  # fmt: skip


def test_a_cross_table_has_a_denominator_for_each_group():
    by = tabulate.as_categories(RESPONSES["Q1"], BOOK["Q1"], "en")
    counts, n = tabulate.cross(RESPONSES, STATUS, BOOK["Q2"], by, "en")
    assert n.to_dict() == {"city": 3, "town": 0}
    assert counts.xs("way 1", level="answer").iloc[0].to_dict() == {"city": 2, "town": 0}


REFUSED = {
    "positions": (lambda g: g.reset_index(drop=True), r"\(a, b, c, d, e, \.\.\.\)"),
    "names": (lambda g: g.set_axis([f"市{i}" for i in range(6)]), "one value for each of 6"),
    "codes twice": (lambda g: pd.concat([g, g.iloc[:1]]), r"one value .* \(a\)"),
    "codes missing": (lambda g: g.drop(["b", "e"]), r"one value .* \(b, e\)"),
    "a wrong code": (lambda g: g.rename({"c": "x"}), r"one value .* \(c\)"),
    "a list": (list, "give a pandas Series indexed by code"),
    "an array": (lambda g: g.to_numpy(), "give a pandas Series indexed by code"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_breakdown_of_another_index_is_refused(how):
    change, sentence = REFUSED[how]
    given = change(pd.Series(list("xxyyyx"), INDEX))
    with pytest.raises(InputError, match=sentence):
        tabulate.cross(RESPONSES, STATUS, BOOK["Q1"], given)


def test_a_breakdown_is_matched_by_code_in_any_order_and_may_hold_others():
    given = pd.Series(list("xxyyyx"), INDEX, dtype="category")
    expected, _ = tabulate.cross(RESPONSES, STATUS, BOOK["Q1"], given)
    assert expected["y"].tolist() == [2, 1]
    more = pd.concat([given[::-1].astype(object), pd.Series(["z"], ["g"])])
    for other in (given[::-1], given.sample(frac=1, random_state=1), more):
        assert tabulate.cross(RESPONSES, STATUS, BOOK["Q1"], other)[0].equals(expected)


def test_a_scale_of_which_one_item_is_answered_is_answered():
    items = [{"id": f"Q4{k}", "ja": k, "en": k} for k in "abc"]
    scale = {"items": items, "options": [{"code": 0, "ja": "無", "en": "no"}, *OPTIONS]}
    scale = Codebook.parse(
        {
            **{"id": "six", "title": {"ja": "六", "en": "six"}, "version": "1"},
            "sections": [{"id": "A", "ja": "甲", "en": "A"}],
            "questions": [question("Q4", "battery", "評価", "rating", **scale)],
        }
    )["Q4"]
    rows = [["answered", *["unreadable"] * 2], ["dont_know", *["no_answer"] * 2]]
    status = pd.DataFrame(rows, columns=["Q4a", "Q4b", "Q4c"])
    assert tabulate.state(status, scale).tolist() == ["answered", "no_answer"]
    assert tabulate.has_answer(status, scale).tolist() == [True, False]


def test_yes_and_no_are_called_in_tables_as_in_the_code_table():
    """Short of people: "実施" (done) was said of a condition that a crosswalk compares."""
    about = {"id": "Q1", "section": "A", "type": "binary", "role": "context"}
    question = Question(ja="人手の不足", en="Short of people", **about)
    assert tabulate.labels_of(question, "ja") == {1: "はい", 0: "いいえ"}
    assert {*code_table({"Q1": question})["ja"]} >= {"はい", "いいえ"}
