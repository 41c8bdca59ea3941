"""What must hold in a codebook beyond the shape of its entries; one sentence for each fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.expression import Expression, ExpressionError

if TYPE_CHECKING:
    from analysis.codebook import Codebook, Question

CHOICES = {"single", "multi", "ordinal", "battery"}


def problems(book: Codebook) -> Iterator[str]:
    """Every fault, each naming the question (or feature, index, hypothesis) and the rule."""
    yield from _repeated("question", [q.id for q in book.questions])
    yield from _repeated("section", [s.id for s in book.sections])
    yield from _repeated("feature", [f.id for f in book.features])
    yield from _repeated("index", [i.id for i in book.indices])
    yield from _repeated("hypothesis", [h.id for h in book.hypotheses])
    yield from _repeated("identity", [q.identity for q in book.questions if q.identity])
    sections = {section.id for section in book.sections}
    earlier: dict[str, Question] = {}
    for question in book.questions:
        where = f"question {question.id}"
        if question.section not in sections:
            yield f"{where}: there is no section {question.section!r}"
        yield from _question(question)
        yield from _rule(where, question.ask_if, earlier, book, truth=True)
        earlier[question.id] = question
    yield from _repeated("variable", [v for q in book.questions for v in q.variables])
    if "code" in (v for q in book.questions for v in q.variables):
        yield "question code: `code` is the municipality's code in every table; give another id"
    for question in book.questions:
        for check in question.checks:
            yield from _rule(f"question {question.id}", check.rule, earlier, book, truth=True)
    yield from _features(book, earlier)
    yield from _repeated("comparable codebook", [other.codebook for other in book.comparable])
    for other in book.comparable:
        where = f"comparable {other.codebook}"
        yield from _repeated(f"{where}: feature", [shared.id for shared in other.features])
        for shared in other.features:
            yield from _rule(f"{where}, feature {shared.id}", shared.rule, earlier, book)
    yield from _repeated("organisation", [box.id for box in book.organisation])
    for box in book.organisation:
        yield from _rule(f"organisation {box.id}", box.rule, earlier, book, truth=True)
    for kind in book.staff:
        yield from _rule(f"staff {kind.en}", kind.rule, earlier, book)
    for hypothesis in book.hypotheses:
        where = f"hypothesis {hypothesis.id}"
        if (hypothesis.group is None) == (hypothesis.x is None):
            yield f"{where}: give either group or x"
        yield from _rule(where, hypothesis.group, earlier, book, truth=True)
        for rule in (hypothesis.x, hypothesis.value):
            yield from _rule(where, rule, earlier, book)


def _question(question: Question) -> Iterator[str]:
    where = f"question {question.id}"
    if question.type in CHOICES and not question.options:
        yield f"{where}: a question of type {question.type} needs options"
    if question.options and question.type not in {*CHOICES, "binary"}:
        yield f"{where}: a question of type {question.type} has no options"
    if (question.type == "battery") != bool(question.items):
        yield f"{where}: a battery needs items, and only a battery has them"
    if question.type == "binary" and {o.code for o in question.options} - {0, 1}:
        yield f"{where}: the options of a binary question are 1 and 0"
    if question.max_choices is not None and question.type != "multi":
        yield f"{where}: max_choices belongs to a question of type multi"
    if question.range is not None:
        yield from _range(where, question)
    yield from _repeated(f"{where}: option code", [o.code for o in question.options])
    yield from _repeated(f"{where}: option label", [o.ja for o in question.options])


def _range(where: str, question: Question) -> Iterator[str]:
    low, high = question.range or (0, 0)
    wanted = {"integer": float, "ratio": float, "date": str}.get(question.type)
    if wanted is None:
        yield f"{where}: a question of type {question.type} has no range"
    elif isinstance(low, str) != (wanted is str) or isinstance(high, str) != (wanted is str):
        kind = "dates in quotes" if wanted is str else "numbers"
        yield f"{where}: the range of a question of type {question.type} is two {kind}"
    elif low > high:  # type: ignore[operator]
        yield f"{where}: the range begins at {low} above its end {high}"


def _rule(
    where: str,
    rule: str | None,
    known: dict[str, Question],
    book: Codebook,
    *,
    truth: bool = False,
) -> Iterator[str]:
    """Faults of one rule, which may name what is `known` (questions by id)."""
    if rule is None:
        return
    try:
        expression = Expression(rule, truth=truth)
    except ExpressionError as error:
        yield f"{where}: {error}"
        return
    variables = {name: q for q in known.values() for name in (q.id, *q.variables)}
    said = f"{where}: the rule {rule!r}"
    for name in sorted(expression.names):
        if name not in variables:
            there = name in book or name in book.question_of
            later = "comes later" if there else "does not exist"
            yield f"{said} points to {name}, which {later}"
            return
        if problem := _misuse(name, variables[name], expression):
            yield f"{said} {problem}"
    for name, codes in expression.codes.items():
        question = variables[name]
        options = {option.code for option in question.options}
        column_of_one = question.type == "multi" and name != question.id
        if options and codes - options and not column_of_one:
            yield f"{said} names option {min(codes - options)} of {name}, which has no such option"


def _misuse(name: str, question: Question, rule: Expression) -> str:
    """Why a question cannot be used as the rule uses it."""
    if name in rule.chosen and not (question.type == "multi" and name == question.id):
        return f"asks which options of {name} are chosen, which is not of type multi"
    single = rule.numbers | rule.truths
    if name in single and name not in question.variables:
        return (
            f"uses {name} as one value, but it has several "
            f"({question.variables[0]} to {question.variables[-1]})"
        )
    if name in single and question.type in {"text", "date"}:
        return f"uses {name} as a number, but it is of type {question.type}"
    if name in rule.truths and question.type not in {"binary", "multi"}:
        return f"uses {name} as true or false; write a comparison such as {name} >= 1"
    return ""


def _features(book: Codebook, questions: dict[str, Question]) -> Iterator[str]:
    indices = {index.id for index in book.indices}
    for feature in book.features:
        where = f"feature {feature.id}"
        if feature.index not in indices:
            yield f"{where}: there is no index {feature.index!r}"
        yield from _rule(where, feature.rule, questions, book)
        for name in sorted(Expression(feature.rule).names):
            question = book.question_of.get(name) or questions[name]
            if question.role in {"outcome", "factor"}:
                yield (
                    f"{where}: the rule {feature.rule!r} uses {question.id}, which has the role "
                    f"{question.role} and must not feed the typology (the comparison of types by "
                    "it would be circular)"
                )
    fed = {feature.index for feature in book.features}
    for index in book.indices:
        if (index.rule is None) == (index.id not in fed):
            yield f"index {index.id}: give it either features or a rule"
        yield from _rule(f"index {index.id}", index.rule, questions, book)


def _repeated(what: str, values: Sequence[object]) -> Iterator[str]:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            yield f"{what} {value!r} stands more than once"
            return
        seen.add(value)
