"""A part of a survey, and a survey with a variable more: both are surveys like any other.

What a part or a new variable could give away decides which editions may have it: see `part` and
`variable`.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace

import pandas as pd

from analysis.cleaning.clean import Cleaned
from analysis.cleaning.findings import FINDING_COLUMNS, RULES
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.codebook.rules import Expression, ExpressionError
from analysis.codebook.wave import Wave
from analysis.errors import Message, refusal, unknown
from analysis.stats import tabulate
from analysis.stats.population import Population
from analysis.text import LANGUAGES
from analysis.text import label as label_of

KNOWN = ("name", "prefecture", "size_class")  # of every invited municipality, replied or not
SECTION = "derived"  # of a codebook with more variables


def part(full: Cleaned, codebook: Codebook, rule: str | pd.Series) -> Cleaned:
    """The municipalities for which a rule holds.

    Parameters
    ----------
    rule : a condition in the language of `pandas.DataFrame.query` on variables of the codebook and
        on name, prefecture and size_class, or one value true or false a municipality, by code.
        Where it is missing the municipality is left out.

    Raises InputError: the rule cannot be read, or holds for nobody.
    """
    holds = _holds(full.responses.join(full.register[list(KNOWN)]), rule)
    if not holds.any():
        raise refusal("part.nobody", rule=rule)
    codes = holds.index[holds]
    inside = full.register.index.isin(codes)
    if isinstance(rule, str) and _of_register(rule, codebook):
        inside = _holds(full.register, rule).to_numpy()
    findings = full.findings[full.findings["code"].isin([*codes, ""])]
    return replace(
        full,
        responses=full.responses.loc[codes],
        status=full.status.loc[codes],
        register=full.register[inside],
        findings=findings.reset_index(drop=True),
    )


def _holds(frame: pd.DataFrame, rule: str | pd.Series) -> pd.Series:
    if isinstance(rule, pd.Series):
        values = tabulate.align(rule, frame.index, Message("the condition"))
        return values.fillna(False).astype(bool)
    if missing := sorted(_variables(rule) - set(frame.columns)):
        raise unknown("variable", missing[0], list(frame.columns))
    try:
        truth = frame.eval(rule, engine="python")
    except Exception as error:  # pandas has no error of its own for a condition it cannot read
        raise refusal("part.condition", rule=rule, fault=error) from None
    if not isinstance(truth, pd.Series) or not pd.api.types.is_bool_dtype(truth.dtype):
        raise refusal("part.no_truth", rule=rule)
    return truth.fillna(False).astype(bool)


def _variables(rule: str) -> set[str]:
    """The variables that a condition asks for; none where it is no expression of Python."""
    try:
        parts = list(ast.walk(ast.parse(rule, mode="eval")))
    except SyntaxError:
        return set()
    functions = {part.func for part in parts if isinstance(part, ast.Call)}
    return {part.id for part in parts if isinstance(part, ast.Name) and part not in functions}


def _of_register(rule: str, codebook: Codebook) -> bool:
    """Whether a condition asks only what is known of those who did not reply, too."""
    return not codebook.using(words_of(rule))


def words_of(rule: str) -> set[str]:
    """Every word of a condition that could be a variable, also one within quotes."""
    return set(re.findall(r"[A-Za-z_]\w*", rule))


def population(
    whole: Population, register: pd.DataFrame, rule: str | pd.Series, codebook: Codebook, label: str
) -> Population:
    """What the numbers of a part stand for; `register` is that of the part."""
    known = whole.full or (isinstance(rule, str) and _of_register(rule, codebook))
    kind, size = "part" if whole.finite else "beyond", None
    if whole.finite and known:
        size = len(register)
    replied = int(register["replied"].sum())
    return Population(kind, True, size, replied, label=label, counted=whole.full)


def variable(
    full: Cleaned,
    codebook: Codebook,
    wave: Wave,
    name: str,
    values: str | pd.Series,
    label: str,
    *,
    sensitive: bool = False,
) -> tuple[Cleaned, Codebook]:
    """The answers and the codebook with a variable more.

    Parameters
    ----------
    wave : says what codes and names mean. name : its id. label : what tables and figures call it.
    values : a rule of the codebook's language (see `analysis.codebook.rules`), or data from outside
        by code or by name. Names are read as those of replies are; what matches no municipality of
        this wave is a finding, and a municipality without a value was not surveyed for it.
    sensitive : whether single values are kept from other audiences, as those of a rule that uses
        sensitive questions always are.

    Raises InputError: the rule cannot be read, nothing matches, or a municipality has two values.
    """
    if name in codebook or name in codebook.question_of or not name.isidentifier():
        raise refusal("variable.name", name=name)
    findings = full.findings
    if isinstance(values, str):
        try:
            rule = Expression(values)
            column = rule.evaluate(full.responses)
        except (ExpressionError, KeyError) as error:
            fault = getattr(error, "what", error)
            raise refusal("variable.rule", name=name, fault=fault) from None
        sensitive = sensitive or any(q.sensitive for q in codebook.using(rule.names))
    else:
        column, findings = _outside(full, wave, name, values)
    question, column = _as_question(name, column, label, sensitive=sensitive)
    status = pd.Series("answered", full.responses.index).where(column.notna(), "not_surveyed")
    content = codebook.model_dump(mode="json", exclude_defaults=True)
    if SECTION not in {section.id for section in codebook.sections}:
        added = {k: label_of("survey.added", k) for k in LANGUAGES}
        content["sections"].append({"id": SECTION} | added)
    content["questions"].append(question)
    more = full.status.assign(**{name: status.astype(full.status.dtypes.iloc[0])})
    answers = full.responses.assign(**{name: column})
    return replace(full, responses=answers, status=more, findings=findings), Codebook.parse(content)


def _outside(
    full: Cleaned, wave: Wave, name: str, values: pd.Series
) -> tuple[pd.Series, pd.DataFrame]:
    """Values from outside by respondent, and the findings with a row for each key without one."""
    if not isinstance(values, pd.Series):
        raise refusal("variable.no_index", name=name)
    index = full.responses.index
    matches = [wave.codes_of(str(key), full.register) for key in values.index]
    codes = pd.Series([each[0] if len(each) == 1 else "" for each in matches], values.index)
    known = codes.isin(index).to_numpy()
    if not known.any():
        raise refusal("variable.nobody", name=name)
    own = pd.Series(values.to_numpy()[known], codes[known].to_numpy()).dropna()
    if own.index.has_duplicates:
        raise refusal("variable.twice", name=name, twice=own.index[own.index.duplicated()][0])
    rule, rows = RULES["outside-data"], []
    about = {"question": name, "rule": rule.id, "severity": rule.severity}
    for key in map(str, codes.index[(codes == "").to_numpy()]):
        words = {k: rule.message(k, raw=key, value=name) for k in LANGUAGES}
        rows.append(dict.fromkeys(FINDING_COLUMNS, "") | about | words | {"raw": key})
    more = pd.DataFrame(rows, columns=FINDING_COLUMNS, dtype="str")
    return own.reindex(index), pd.concat([full.findings, more], ignore_index=True)


def _as_question(
    name: str, column: pd.Series, label: str, *, sensitive: bool
) -> tuple[dict[str, object], pd.Series]:
    """A variable as a question of the codebook, and its values in the column type of these."""
    question: dict[str, object] = {"id": name, "section": SECTION, "role": "describe"}
    question |= {"ja": label, "en": label, "sensitive": sensitive}
    if pd.api.types.is_bool_dtype(column.dtype):
        question["type"] = "binary"
    elif pd.api.types.is_numeric_dtype(column.dtype):
        question["type"] = "ratio"
    else:
        codes = {name: code for code, name in enumerate(tabulate.groups(column), 1)}
        options = [{"code": code, "ja": str(n), "en": str(n)} for n, code in codes.items()]
        question |= {"type": "single", "options": options}
        column = column.map(codes).astype("Int64")
    return question, column.astype(Question.model_validate(question).dtype)
