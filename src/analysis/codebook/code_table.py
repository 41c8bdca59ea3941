"""The code table of a questionnaire, and answers as the files have them that it explains.

The layout is that of the 符号表 of Japan's official microdata: a row a variable, then its codes.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.spreadsheet import quoted
from analysis.text import LANGUAGES, Language, Text, labels

COLUMNS = (
    *("no", "variable", "question", "type", "unit_ja", "unit_en"),
    *("asked_if", "code", "ja", "en"),
)


def code_table(variables: Mapping[str, Question]) -> pd.DataFrame:
    """The code table: a row a variable, and one for each code of its answers.

    Columns: no (of the variable), variable, question, type, unit_ja, unit_en, asked_if, code, and
    what variable or code mean in Japanese (ja) and English (en).
    """
    rows = []
    for number, (name, question) in enumerate(variables.items(), 1):
        about = (number, name, question.id, question.type)
        unit = question.unit or Text(ja="", en="")
        says = variable_label(name, question)
        rows.append((*about, unit.ja, unit.en, question.ask_if or "", "", says.ja, says.en))
        for code, meaning in value_labels(question).items():
            rows.append((*about, "", "", "", str(code), meaning.ja, meaning.en))
    return pd.DataFrame(rows, columns=COLUMNS)


def labelled_codes(codebook: Codebook, language: Language) -> pd.DataFrame:
    """The code table of a whole questionnaire, to read: in one language, with its headings."""
    variables = {name: question for question in codebook for name in question.variables}
    codes = code_table(variables).rename(columns={f"unit_{language}": "unit", language: "label"})
    codes["type"] = codes["type"].map(lambda id: labels("question_type", language).get(id, id))
    heads = labels("code_table", language)
    return codes[[*heads]].rename(columns=heads)


def variable_label(name: str, question: Question) -> Text:
    """What a variable asks: the question, and its option or item."""
    if (part := question.parts.get(name)) is None:
        return question.text
    return Text(ja=f"{question.ja}：{part.ja}", en=f"{question.en}: {part.en}")


def value_labels(question: Question) -> dict[int, Text]:
    """What the codes of a variable mean; empty where it holds a quantity, a date or words."""
    if question.type in {"multi", "binary"}:
        names = {1: "chosen", 0: "not_chosen"} if question.type == "multi" else {1: "yes", 0: "no"}
        words = {k: labels("dataset", k) for k in LANGUAGES}
        return {c: Text(**{k: words[k][name] for k in LANGUAGES}) for c, name in names.items()}
    return {option.code: option.text for option in question.options}


def coded(answers: pd.Series, question: Question) -> pd.Series:
    """A column as CSV has it: 1 and 0 for chosen or not, ISO dates, blanks where it is missing.

    Texts stand in quotation marks, see `analysis.spreadsheet.quoted`.
    """
    if question.type in {"multi", "binary"}:
        return answers.astype("Int8")
    if question.type == "date":
        dates = pd.to_datetime(answers)
        return dates.dt.strftime("%Y-%m" if question.precision == "month" else "%Y-%m-%d")
    return quoted(answers) if question.type == "text" else answers
