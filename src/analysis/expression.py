"""The small language of skip rules, checks and indicators in a codebook.

A rule such as ``Q08 >= 1 and any(Q19, [2, 4])`` is read once, checked for the questions and options
it names, and evaluated column-wise with three-valued logic: what depends on a missing answer is
missing. It is Python's expression syntax cut down to what is listed in ``FUNCTIONS`` and the
operators below; nothing else parses, so a codebook from elsewhere cannot run code.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
# name -> (number of arguments, what it does); those with a question and codes read option columns
FUNCTIONS = {
    "any": "any(Q13, [1, 2]): one of these options is chosen",
    "count": "count(Q21, [1, 2, 3]): how many of these options are chosen",
    "highest": "highest(Q25, {1: 1, 3: 2}): the highest weight among the chosen options, else 0",
    "log1p": "log1p(Q20): logarithm of one plus the value",
    "mean": "mean(Q29_1, Q29_2, 1): mean of the answered, missing below this number of answers",
}


class ExpressionError(ValueError):
    """A rule that cannot be read, or names what is not there."""


class Expression:
    """One rule.

    Examples
    --------
    >>> frame = pd.DataFrame({"Q08": pd.array([3, 0, None], "Int64")})
    >>> Expression("Q08 >= 1").evaluate(frame).tolist()
    [True, False, <NA>]
    >>> sorted(Expression("Q08 >= 1 and any(Q19, [2, 4])").codes["Q19"])
    [2, 4]
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except SyntaxError as error:
            raise ExpressionError(f"the rule {text!r} cannot be read") from error
        self.names: set[str] = set()
        self.codes: dict[str, set[int]] = {}
        self._check(self._tree)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, frame: pd.DataFrame) -> pd.Series:
        """The rule's value for each row of `frame` (one column a variable), missing as NA."""
        result = self._value(self._tree, frame)
        if not isinstance(result, pd.Series):
            result = pd.Series(result, index=frame.index)
        return result

    # --- reading ---------------------------------------------------------------------------

    def _refuse(self, node: ast.AST) -> ExpressionError:
        return ExpressionError(
            f"the rule {self.text!r} uses {ast.unparse(node)!r}, which is not in the language "
            f"(names, numbers, + - * /, comparisons, in, and, or, not, {', '.join(FUNCTIONS)})"
        )

    def _check(self, node: ast.AST) -> None:
        match node:
            case ast.Name():
                self.names.add(node.id)
            case ast.Constant(value=bool() | int() | float()):
                pass
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._check(part)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=part):
                self._check(part)
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in ARITHMETIC and not isinstance(op, ast.Div):
                    raise self._refuse(node)
                self._check(left)
                self._check(right)
            case ast.Compare(left=ast.Name() as left, ops=[ast.In()], comparators=[codes]):
                self._check(left)
                self._note_codes(left.id, codes)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                self._check(left)
                self._check(right)
                match left, op, right:
                    case ast.Name(id=name), ast.Eq(), ast.Constant(value=int() as code):
                        self.codes.setdefault(name, set()).add(code)
            case ast.Call(func=ast.Name(id="any" | "count" | "highest"), args=[question, codes]):
                if not isinstance(question, ast.Name) or node.keywords:
                    raise self._refuse(node)
                self.names.add(question.id)
                self._note_codes(question.id, codes)
            case ast.Call(func=ast.Name(id="log1p"), args=[part], keywords=[]):
                self._check(part)
            case ast.Call(func=ast.Name(id="mean"), args=[_, _, *_] as parts, keywords=[]):
                for part in parts:
                    self._check(part)
                if not isinstance(parts[-1], ast.Constant):
                    raise self._refuse(node)
            case _:
                raise self._refuse(node)

    def _note_codes(self, question: str, node: ast.AST) -> None:
        try:
            codes = ast.literal_eval(node)
        except ValueError:
            raise self._refuse(node) from None
        self.codes.setdefault(question, set()).update(codes)

    # --- evaluating ------------------------------------------------------------------------

    def _value(self, node: ast.AST, frame: pd.DataFrame) -> Any:
        match node:
            case ast.Name():
                return frame[node.id]
            case ast.Constant():
                return node.value
            case ast.BoolOp(op=op, values=parts):
                join = operator.and_ if isinstance(op, ast.And) else operator.or_
                return reduce(join, (self._boolean(part, frame) for part in parts))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return ~self._boolean(part, frame)
            case ast.UnaryOp(operand=part):
                return -self._value(part, frame)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self._number(left, frame), self._number(right, frame)
                return _divide(a, b) if isinstance(op, ast.Div) else ARITHMETIC[type(op)](a, b)
            case ast.Compare(left=left, ops=[ast.In()], comparators=[codes]):
                values = self._value(left, frame)
                return values.isin(ast.literal_eval(codes)).astype("boolean").mask(values.isna())
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return COMPARISONS[type(op)](self._value(left, frame), self._value(right, frame))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args, frame)
        raise self._refuse(node)

    def _number(self, node: ast.AST, frame: pd.DataFrame) -> Any:
        value = self._value(node, frame)
        return value.astype("Float64") if isinstance(value, pd.Series) else float(value)

    def _boolean(self, node: ast.AST, frame: pd.DataFrame) -> pd.Series:
        value = self._value(node, frame)
        if not isinstance(value, pd.Series):
            value = pd.Series(bool(value), index=frame.index)
        return value.astype("boolean")

    def _call(self, name: str, args: list[ast.expr], frame: pd.DataFrame) -> pd.Series:
        if name == "log1p":
            value = self._number(args[0], frame)
            return pd.Series(
                np.log1p(value.to_numpy("float64", na_value=np.nan)), frame.index
            ).astype("Float64")
        if name == "mean":
            parts = pd.concat([self._number(part, frame) for part in args[:-1]], axis=1)
            enough = parts.notna().sum(axis=1) >= ast.literal_eval(args[-1])
            return parts.mean(axis=1).where(enough)
        question = args[0]
        assert isinstance(question, ast.Name)
        codes = ast.literal_eval(args[1])
        chosen = pd.concat([frame[f"{question.id}_{code}"] for code in codes], axis=1)
        missing = chosen.isna().all(axis=1)
        ticked = chosen.fillna(False).to_numpy(bool)
        if name == "any":
            return pd.Series(ticked.any(axis=1), frame.index, dtype="boolean").mask(missing)
        weights = np.array([codes[c] for c in codes]) if name == "highest" else np.ones(len(codes))
        values = ticked * weights
        total = values.max(axis=1) if name == "highest" else values.sum(axis=1)
        return pd.Series(total, frame.index, dtype="Float64").mask(missing)


def evaluate_all(rules: Mapping[str, Expression], frame: pd.DataFrame) -> pd.DataFrame:
    """Every rule as a column."""
    return pd.DataFrame({name: rule.evaluate(frame) for name, rule in rules.items()}, frame.index)


def _divide(a: Any, b: Any) -> Any:
    """a / b; missing where the denominator is zero."""
    if isinstance(b, pd.Series):
        return a / b.mask(b == 0)
    return a / b
