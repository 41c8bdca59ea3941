"""The small language of skip rules, checks and indicators in a codebook.

A rule such as ``Q08 >= 1 and any(Q19, [2, 4])`` is read once, checked for the questions and options
it names, and evaluated column-wise with three-valued logic: what depends on a missing answer is
missing. It is Python's expression syntax cut down to what is listed in ``FUNCTIONS`` and the
operators below; nothing else parses, so a codebook from elsewhere cannot run code.
"""

from __future__ import annotations

import ast
import contextlib
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.errors import Message

if TYPE_CHECKING:
    from analysis.codebook.questions import Question

Computed = Callable[[pd.DataFrame], Any]  # a rule, or a part of it, on the answers
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

    >>> frame = pd.DataFrame({"Q08": pd.array([3, 0, None], "Int64")})
    >>> Expression("Q08 >= 1").evaluate(frame).tolist()
    [True, False, <NA>]
    >>> sorted(Expression("Q08 >= 1 and any(Q19, [2, 4])").codes["Q19"])
    [2, 4]
    """

    def __init__(self, text: str, *, truth: bool = False) -> None:
        self.text = text
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:  # ValueError: a NUL, up to Python 3.11.3
            raise ExpressionError("the rule {rule!r} cannot be read", rule=text) from error
        self.names: set[str] = set()
        self.codes: dict[str, set[int]] = {}
        self.of_options: set[str] = set()  # names asked for their options by any, count and highest
        self.truths: set[str] = set()  # names that stand for true or false
        self.numbers: set[str] = set()  # names that stand for a number or a code
        self._value = self._read(tree, truth=truth)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, frame: pd.DataFrame) -> pd.Series:
        """The rule's value for each row of `frame` (one column a variable), missing as NA."""
        return _column(self._value(frame), frame)

    def floats(self, frame: pd.DataFrame) -> np.ndarray:
        """The same as numbers, NaN where missing."""
        return self.evaluate(frame).astype("Float64").to_numpy("float64", na_value=np.nan)

    def holds(self, frame: pd.DataFrame, *, unknown: bool = False) -> np.ndarray:
        """The same as true or false, `unknown` where missing."""
        return self.evaluate(frame).astype("boolean").fillna(unknown).to_numpy(bool)

    def _read(self, node: ast.AST, *, truth: bool = False) -> Computed:
        """What computes a part of the rule; `truth`: where only true or false makes sense."""
        match node:
            case ast.Name(id=name):
                self.names.add(name)
                (self.truths if truth else self.numbers).add(name)
                return lambda frame: frame[name]
            case ast.BoolOp(op=op, values=parts):
                join = operator.and_ if isinstance(op, ast.And) else operator.or_
                truths = [self._boolean(part) for part in parts]
                return lambda frame: reduce(join, (part(frame) for part in truths))
            case ast.UnaryOp(op=ast.Not(), operand=part):
                other = self._boolean(part)
                return lambda frame: ~other(frame)
            case ast.Compare(left=ast.Name(id=name) as left, ops=[ast.In()], comparators=[codes]):
                value, known = self._read(left), [*self._codes(name, codes, node)]
                return lambda frame: (
                    value(frame).isin(known).astype("boolean").mask(value(frame).isna())
                )
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                a, b, compare = self._read(left), self._read(right), COMPARISONS[type(op)]
                match left, op, right:
                    case ast.Name(id=name), ast.Eq(), ast.Constant(value=int() as code):
                        self.codes.setdefault(name, set()).add(code)
                return lambda frame: compare(a(frame), b(frame))
            case ast.Call(func=ast.Name(id="any"), args=[ast.Name(id=name), codes], keywords=[]):
                return self._ask("any", name, codes, node)
        if truth:
            raise ExpressionError(
                "the rule {rule!r} needs {part!r} to be true or false, such as Q08 >= 1",
                rule=self.text,
                part=ast.unparse(node),
            )
        return self._quantity(node)

    def _quantity(self, node: ast.AST) -> Computed:
        """What computes a number."""
        match node:
            case ast.Constant(value=int() | float() as constant):  # True and False are integers
                return lambda frame: constant
            case ast.UnaryOp(op=ast.USub(), operand=part):
                number = self._number(part)
                return lambda frame: -number(frame)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                has_name = any(isinstance(part, ast.Name) for part in ast.walk(right))
                if not (has_name or (isinstance(right, ast.Constant) and right.value)):
                    raise self._refuse(node)
                a, b = self._number(left), self._number(right)
                # missing where the denominator is zero; a constant one is refused above
                return lambda frame: a(frame) / b(frame).where(lambda below: below != 0)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                a, b, compute = self._number(left), self._number(right), ARITHMETIC[type(op)]
                return lambda frame: compute(a(frame), b(frame))
            case ast.Call(
                func=ast.Name(id="count" | "highest" as what),
                args=[ast.Name(id=name), codes],
                keywords=[],
            ) if isinstance(codes, ast.Dict) == (what == "highest"):
                return self._ask(what, name, codes, node)
            case ast.Call(func=ast.Name(id="log1p"), args=[part], keywords=[]):
                number = self._number(part)
                return lambda frame: _log1p(number(frame))
            case ast.Call(
                func=ast.Name(id="mean"),
                args=[_, *_, ast.Constant(value=int() as enough)] as parts,
                keywords=[],
            ) if 1 <= enough < len(parts):
                numbers = [self._number(part) for part in parts[:-1]]
                return lambda frame: _mean([number(frame) for number in numbers], enough)
        raise self._refuse(node)

    def _refuse(self, node: ast.AST) -> ExpressionError:
        return ExpressionError(
            "the rule {rule!r} uses {part!r}, which is not in the language "
            "(names, numbers, + - * /, comparisons, in, and, or, not, {functions})",
            rule=self.text,
            part=ast.unparse(node),
            functions=FUNCTIONS,
        )

    def _number(self, node: ast.AST) -> Computed:
        value = self._read(node)
        return lambda frame: _column(value(frame), frame).astype("Float64")

    def _boolean(self, node: ast.AST) -> Computed:
        value = self._read(node, truth=True)
        return lambda frame: _column(value(frame), frame).astype("boolean")

    def _codes(self, question: str, codes: ast.AST, node: ast.AST) -> dict[int, float]:
        """The codes of options that a rule lists, each with its weight."""
        try:
            literal = ast.literal_eval(codes)
            weights = literal if isinstance(literal, dict) else dict.fromkeys(literal, 1)
        except (ValueError, TypeError):  # TypeError: one number, or a list within the list
            raise self._refuse(node) from None
        if {*map(type, weights)} != {int} or not {*map(type, weights.values())} <= {int, float}:
            raise self._refuse(node)
        self.codes.setdefault(question, set()).update(weights)
        return weights

    def _ask(self, what: str, question: str, codes: ast.AST, node: ast.AST) -> Computed:
        """Whether any, how many, or the highest of these options are chosen."""
        self.names.add(question)
        self.of_options.add(question)
        weights = self._codes(question, codes, node)

        def evaluate(frame: pd.DataFrame) -> pd.Series:
            ticks = pd.concat([frame[f"{question}_{code}"] for code in weights], axis=1)
            values = ticks.fillna(False).to_numpy(bool) * np.array([*weights.values()])
            total = values.sum(axis=1) if what == "count" else values.max(axis=1)
            kind = "boolean" if what == "any" else "Float64"
            return pd.Series(total, frame.index).astype(kind).mask(ticks.isna().all(axis=1))

        return evaluate


def _column(value: Any, frame: pd.DataFrame) -> pd.Series:
    """A value for every row; constants are spread."""
    if isinstance(value, pd.Series):
        return value
    kind = "boolean" if isinstance(value, bool) else "Float64"
    return pd.Series(value, index=frame.index, dtype=kind)


def _log1p(value: pd.Series) -> pd.Series:
    plain = value.where(value > -1).to_numpy("float64", na_value=np.nan)
    return pd.Series(np.log1p(plain), value.index).astype("Float64")


def _mean(parts: list[pd.Series], enough: int) -> pd.Series:
    """The mean of what there is, missing where that is less than `enough`."""
    frame = pd.concat(parts, axis=1)
    return frame.mean(axis=1).where(frame.notna().sum(axis=1) >= enough)


# --- what is wrong with a rule -------------------------------------------------------------------


class NotThere(Message):
    """A rule names a question that does not exist: the value ``id``."""


def names_in(*rules: str | None) -> set[str]:
    """The names in some rules; none of one that is not there, or cannot be read."""
    names = set[str]()
    for rule in filter(None, rules):
        with contextlib.suppress(ExpressionError):
            names |= Expression(rule).names
    return names


def rule_faults(
    rule: str | None,
    questions: Mapping[str, Question],
    later: Collection[str] = (),
    *,
    truth: bool = False,
) -> Iterator[Message]:
    """Faults of one rule, which may name `questions` by their ids and variables.

    `truth`: it must say true or false. `later`: names that are there, but only further on.
    """
    if rule is None:
        return
    try:
        expression = Expression(rule, truth=truth)
    except ExpressionError as error:
        yield error.what
        return
    for name in sorted(expression.names):
        if name in questions:
            for fault in _misuse(name, questions[name], expression):
                yield Message("the rule {rule!r} {fault}", rule=rule, fault=fault)
        elif name in later:
            yield Message("the rule {rule!r} points to {id}, which comes later", rule=rule, id=name)
        else:
            yield NotThere(
                "the rule {rule!r} points to {id}, which does not exist", rule=rule, id=name
            )
    for name, codes in expression.codes.items():
        question = questions.get(name)
        if question is None or (question.type == "multi" and name != question.id):
            continue  # a column of one option has no codes
        if question.options and (strange := codes - {option.code for option in question.options}):
            what = "the rule {rule!r} names option {code} of {id}, which has no such option"
            yield Message(what, rule=rule, code=min(strange), id=name)


def _misuse(name: str, question: Question, rule: Expression) -> Iterator[Message]:
    """How a rule uses a question that cannot be used so: its first fault."""
    single = name in rule.numbers | rule.truths
    if name in rule.of_options and not (question.type == "multi" and name == question.id):
        yield Message("asks which options of {id} are chosen, which is not of type multi", id=name)
    elif single and name not in question.variables:
        what = "uses {id} as one value, but it has several ({first} to {last})"
        own = question.variables
        yield Message(what, id=name, first=own[0], last=own[-1])
    elif single and (type := question.type) in {"text", "date"}:
        yield Message("uses {id} as a number, but it is of type {type}", id=name, type=type)
    elif name in rule.truths and question.type not in {"binary", "multi"}:
        yield Message("uses {id} as true or false; write a comparison such as {id} >= 1", id=name)
