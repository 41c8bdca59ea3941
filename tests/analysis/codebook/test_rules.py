"""The rules of a codebook: what they mean, what missing does to them, and what cannot be said."""

import ast
import contextlib
import math
import operator

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.codebook.rules import Expression, ExpressionError

FRAME = pd.DataFrame(
    {
        "Q08": pd.array([3, 0, None], "Int64"),
        "Q14": pd.array([6, 2, 1], "Int64"),
        "M_1": pd.array([True, False, None], "boolean"),
        "M_2": pd.array([True, False, None], "boolean"),
    }
)


def value(rule, frame=FRAME):
    return [None if pd.isna(v) else v for v in Expression(rule).evaluate(frame)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Q08 >= 1", [True, False, None]),
        ("Q08 in [3, 4]", [True, False, None]),
        ("Q14 / Q08", [2.0, None, None]),  # nothing divided by nobody is unknown, not infinite
        ("Q14 - Q08 * 2", [0.0, 2.0, None]),
        ("-Q08", [-3.0, 0.0, None]),
        ("any(M, [2])", [True, False, None]),
        ("count(M, [1, 2]) + 0", [2.0, 0.0, None]),
        ("highest(M, {1: 2, 2: 5})", [5.0, 0.0, None]),
        ("mean(Q08, Q14, 1)", [4.5, 1.0, 1.0]),
        ("mean(Q08, Q14, 2)", [4.5, 1.0, None]),
        ("not Q08 >= 1", [False, True, None]),
    ],
)
def test_what_a_rule_means(rule, expected):
    assert value(rule) == expected


def test_a_logarithm_below_its_domain_is_missing():
    negative = pd.DataFrame({"Q08": pd.array([-1, -5, 0], "Int64")})
    assert value("log1p(Q08)", negative) == [None, None, 0.0]


# rules built at random, with what plain Python (None: missing) says they mean
NUMBERS = st.one_of(st.none(), st.integers(-3, 3))
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6)
NAMES = st.sampled_from(["a", "b"])
NUMERIC = st.recursive(
    st.one_of(NAMES, st.integers(0, 4).map(str)),
    lambda part: (
        st.tuples(part, st.sampled_from("+-*"), part).map("({0[0]} {0[1]} {0[2]})".format)
        | st.tuples(part, NAMES).map("({0[0]} / {0[1]})".format)
    ),
    max_leaves=4,
)
COMPARED = st.tuples(NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMERIC)
LOGIC = st.recursive(
    COMPARED.map(" ".join) | NAMES.map("{} in [1, 2]".format),
    lambda part: (
        st.tuples(part, st.sampled_from(["and", "or"]), part).map("({0[0]}) {0[1]} ({0[2]})".format)
        | part.map("not ({})".format)
    ),
    max_leaves=4,
)
PLAIN = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip


def meant(node, row):
    """A rule's meaning for one row, written down once more in the plainest way."""
    match node:
        case ast.Name(id=name):
            return row[name]
        case ast.Constant(value=constant):
            return constant
        case ast.BoolOp(op=op, values=parts):
            parts = [meant(part, row) for part in parts]
            decisive = isinstance(op, ast.Or)  # one true decides "or", one false decides "and"
            return decisive if decisive in parts else None if None in parts else not decisive
        case ast.UnaryOp(operand=part):
            part = meant(part, row)
            return None if part is None else not part
        case ast.Compare(left=left, ops=[ast.In()]):
            left = meant(left, row)
            return None if left is None else left in (1, 2)
        case (
            ast.BinOp(left=left, op=op, right=right)
            | ast.Compare(left=left, ops=[op], comparators=[right])
        ):
            left, right = meant(left, row), meant(right, row)
            if left is None or right is None:
                return None
            if isinstance(op, ast.Div):
                return None if right == 0 else left / right
            return PLAIN[type(op)](left, right)


@given(rule=NUMERIC | LOGIC, rows=ROWS)
@settings(max_examples=150, deadline=None)
def test_column_wise_and_row_by_row_agree(rule, rows):
    columns = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {name: pd.array(column, "Int64") for name, column in zip("ab", columns, strict=True)}
    )
    tree = ast.parse(rule, mode="eval").body
    for got, (a, b) in zip(value(rule, frame), rows, strict=True):
        expected = meant(tree, {"a": a, "b": b})
        if expected is None or isinstance(expected, bool):
            assert got is expected or got == expected
        else:
            assert math.isclose(got, expected, abs_tol=1e-9)


@pytest.mark.parametrize(
    "rule",
    [
        "__import__('os').system('true')", "Q08.real", "Q08[0]", "lambda: 1", "Q08 ** 9",
        "'a' == Q08", "Q08 if Q14 else 1", "open(Q08)", "any(M, [x for x in []])", "Q08 and",
        "any(M, [])", "any(M, ['1'])", "any(M, [True])", "highest(M, [1])", "count(M, {1: 2})",
        "Q08 in 3", "1 < Q08 < 3", "mean(Q08, 2)", "mean(Q08, Q14, Q08)", "Q08 / 0", "", "Q08 = 1",
    ],
)  # fmt: skip
def test_nothing_else_can_be_said(rule):
    with pytest.raises(ExpressionError, match="the rule"):
        Expression(rule)


@given(text=st.text(alphabet="Q08M_1 ()[]{},:+-*/<>=!andornotiyce.'\n\0", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_rule_or_is_refused(text):
    with contextlib.suppress(ExpressionError):
        Expression(text)


@pytest.mark.parametrize("rule", ["Q08 + 1", "2", "Q08 >= 1 and Q14 + 1", "not log1p(Q08)"])
def test_a_number_is_no_truth(rule):
    with pytest.raises(ExpressionError, match="true or false"):
        Expression(rule, truth=True)
