"""The small language of skip rules, checks and indicators in a codebook.

A rule such as ``Q08 >= 1 and any(Q19, [2, 4])`` is read once, checked for the questions and options
it names, and evaluated column-wise with three-valued logic: what depends on a missing answer is
missing. It is Python's expression syntax cut down to what is listed in ``FUNCTIONS`` and the
operators below; nothing else parses, so a codebook from elsewhere cannot run code.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import Message

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
    """A rule that cannot be read; `what` is its fault, a template with places and their values."""

    def __init__(self, what: str, **values: Any) -> None:
        self.what = Message(what, **values)
        super().__init__(self.what)


class Expression:
    """One rule; `truth`: it must say true or false, not give a number.

    Examples
    --------
    >>> frame = pd.DataFrame({"Q08": pd.array([3, 0, None], "Int64")})
    >>> Expression("Q08 >= 1").evaluate(frame).tolist()
    [True, False, <NA>]
    >>> sorted(Expression("Q08 >= 1 and any(Q19, [2, 4])").codes["Q19"])
    [2, 4]
    """

    def __init__(self, text: str, *, truth: bool = False) -> None:
        self.text = text
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:  # ValueError: a NUL, up to Python 3.11.3
            raise ExpressionError("the rule {rule!r} cannot be read", rule=text) from error
        self.names: set[str] = set()
        self.codes: dict[str, set[int]] = {}
        self.chosen: set[str] = set()  # names asked for their options by any, count and highest
        self.truths: set[str] = set()  # names that stand for true or false
        self.numbers: set[str] = set()  # names that stand for a number or a code
        self._check(self._tree, truth=truth)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def is_condition(self) -> bool:
        """Whether it says true or false, and gives no number."""
        match self._tree:
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return True
            case ast.Call(func=ast.Name(id="any")):
                return True
        return False

    def evaluate(self, frame: pd.DataFrame) -> pd.Series:
        """The rule's value for each row of `frame` (one column a variable), missing as NA."""
        return _column(self._value(self._tree, frame), frame)

    # --- reading ---------------------------------------------------------------------------

    def _refuse(self, node: ast.AST) -> ExpressionError:
        return ExpressionError(
            "the rule {rule!r} uses {part!r}, which is not in the language "
            "(names, numbers, + - * /, comparisons, in, and, or, not, {functions})",
            rule=self.text,
            part=ast.unparse(node),
            functions=FUNCTIONS,
        )

    def _check(self, node: ast.AST, *, truth: bool = False) -> None:
        """Note what the rule names; `truth`: where only true or false makes sense."""
        match node:
            case ast.Name():
                self.names.add(node.id)
                (self.truths if truth else self.numbers).add(node.id)
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._check(part, truth=True)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                self._check(part, truth=True)
            case ast.Compare(left=ast.Name(id=name), ops=[ast.In()], comparators=[codes]):
                self._check(ast.Name(name))
                self._note_codes(name, codes, node)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                self._check(left)
                self._check(right)
                match left, op, right:
                    case ast.Name(id=name), ast.Eq(), ast.Constant(value=int() as code):
                        self.codes.setdefault(name, set()).add(code)
            case ast.Call(func=ast.Name(id="any"), args=[ast.Name(id=name), codes], keywords=[]):
                self._ask(name, codes, node)
            case _ if truth:
                raise ExpressionError(
                    "the rule {rule!r} needs {part!r} to be true or false, such as Q08 >= 1",
                    rule=self.text,
                    part=ast.unparse(node),
                )
            case ast.Constant(value=int() | float()):  # True and False are integers, too
                pass
            case ast.UnaryOp(op=ast.USub(), operand=part):
                self._check(part)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                if not any(isinstance(part, ast.Name) for part in ast.walk(right)):
                    match right:
                        case ast.Constant(value=value) if value:
                            pass
                        case _:
                            raise self._refuse(node)
                self._check(left)
                self._check(right)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                self._check(left)
                self._check(right)
            case ast.Call(
                func=ast.Name(id="count" | "highest" as what),
                args=[ast.Name(id=name), codes],
                keywords=[],
            ) if isinstance(codes, ast.Dict) == (what == "highest"):
                self._ask(name, codes, node)
            case ast.Call(func=ast.Name(id="log1p"), args=[part], keywords=[]):
                self._check(part)
            case ast.Call(
                func=ast.Name(id="mean"),
                args=[_, *_, ast.Constant(value=int() as enough)] as parts,
                keywords=[],
            ) if 1 <= enough < len(parts):
                for part in parts[:-1]:
                    self._check(part)
            case _:
                raise self._refuse(node)

    def _ask(self, question: str, codes: ast.AST, node: ast.AST) -> None:
        self.names.add(question)
        self.chosen.add(question)
        self._note_codes(question, codes, node)

    def _note_codes(self, question: str, codes: ast.AST, node: ast.AST) -> None:
        try:
            found = ast.literal_eval(codes)
        except ValueError:
            raise self._refuse(node) from None
        weights = found.values() if isinstance(found, dict) else ()
        if (
            not isinstance(found, list | tuple | set | dict)
            or not found
            or any(type(code) is not int for code in found)
            or any(type(weight) not in {int, float} for weight in weights)
        ):
            raise self._refuse(node)
        self.codes.setdefault(question, set()).update(found)

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
                return -self._number(part, frame)
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
        return _column(self._value(node, frame), frame).astype("boolean")

    def _call(self, name: str, args: list[ast.expr], frame: pd.DataFrame) -> pd.Series:
        if name == "log1p":
            value = _column(self._number(args[0], frame), frame)
            plain = value.where(value > -1).to_numpy("float64", na_value=np.nan)
            return pd.Series(np.log1p(plain), frame.index).astype("Float64")
        if name == "mean":
            numbers = [_column(self._number(part, frame), frame) for part in args[:-1]]
            parts = pd.concat(numbers, axis=1)
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


def _column(value: Any, frame: pd.DataFrame) -> pd.Series:
    """A value for every row; constants are spread."""
    if isinstance(value, pd.Series):
        return value
    kind = "boolean" if isinstance(value, bool) else "Float64"
    return pd.Series(value, index=frame.index, dtype=kind)


def _divide(a: Any, b: Any) -> Any:
    """a / b; missing where the denominator is zero (a constant one is refused when read)."""
    return a / b.mask(b == 0) if isinstance(b, pd.Series) else a / b
