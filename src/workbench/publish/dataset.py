"""The answers of a wave as a data set for others: CSV with its code table, SPSS, Stata.

A folder is written with

* ``data.csv`` a row a municipality: code, name, prefecture, size class, then the answers; options
  of a multi-select are 1 (chosen) and 0, what is missing is blank;
* ``missing.csv`` of the same shape: for each blank which kind of missing it is;
* ``long.csv`` the same as a row an answer: value or text, its unit, or which kind of missing;
* ``codes.csv`` the code table: what every variable asks and every code means, in both languages;
* ``data.sav`` and ``data.dta`` the same with labels; the kinds of missing are user-missing values;
* ``datapackage.json`` (Frictionless Data Package), ``CITATION.cff`` and a README in each language.

Each edition holds the single answers that it may show, and an edition that shows none has no such
data set.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths
from analysis.codebook.questions import (
    STATUSES,
    UNCOUNTED,
    Question,
    code_table,
    csv_column,
    value_labels,
    variable_label,
)
from analysis.codebook.wave import Wave
from analysis.errors import refusal, spoken
from analysis.spreadsheet import to_csv
from analysis.stats.disclosure import Audience
from analysis.survey import Survey
from analysis.text import LANGUAGES, Language, label, labels, say
from analysis.yaml_file import text_of
from workbench import outputs, temporary

LABELLED = ("data.sav", "data.dta")  # made where pyreadstat is installed
KINDS_MISSING = STATUSES[1:]
FAR = (-91, -991, -9991, -99991)  # the first code of a missing answer: below every answer
LETTERS = dict(zip(KINDS_MISSING, "abcde", strict=True))  # Stata's .a to .e
MEASURES = {"ordinal": "ordinal", "battery": "ordinal", "integer": "scale", "ratio": "scale"}
# what pyreadstat says where a file cannot be written to its end
NO_ROOM = "Unable to write data", "File did not contain the expected number of rows"
TYPES = {"integer": "integer", "ratio": "number", "date": "date", "text": "string"}


def write_for_wave(
    wave: str,
    out: Path | None = None,
    *,
    audience: Audience = "internal",
    language: Language = "ja",
) -> str:
    """Write the data set of a wave; the sentence to print. `language`: of its labels.

    Raises InputError: this edition shows no single answer, or `out` holds files that are no earlier
    data set, or of one and cannot be made anew.
    """
    suffix = "" if audience == "internal" else f".{audience}"
    place = out or paths.root() / "data" / "processed" / f"{wave}-dataset{suffix}"
    outputs.refuse_others([place], "dataset")
    none = refusal("dataset.no_answers", audience=audience, wave=wave)
    if audience == "public" and not Wave.read(wave).named:  # before a key of pseudonyms is made
        raise none
    survey = Survey.load(wave, audience=audience, language=language, files=False)
    variables = dict(_variables(survey))
    if not variables:
        raise none
    files = _files(survey, variables)
    if left := [name for name in LABELLED if name not in files and (place / name).exists()]:
        raise refusal("dataset.left", file=place, left=left)
    outputs.write({place / name: content for name, content in files.items()}, "dataset")
    return label("dataset.written", spoken(), n=survey.n, variables=len(variables), place=place)


def _variables(survey: Survey) -> Iterator[tuple[str, Question]]:
    """The columns of answers that this edition shows of each municipality, with their question."""
    for question in survey.codebook:
        if question.identity in {"code", "name", "prefecture", "size_class"}:
            continue  # the register has them, confirmed
        for variable in question.variables:
            if variable in survey.unit_responses:
                yield variable, question


def _files(survey: Survey, variables: dict[str, Question]) -> dict[str, bytes | str]:
    """The content of every file, by its name."""
    whose = survey.register.loc[survey.responses.index, ["name", "prefecture", "size_class"]]
    whose = whose.astype("object").where(whose.notna(), "").rename_axis("code").reset_index()
    answers = {name: csv_column(survey.responses[name], of) for name, of in variables.items()}
    data = pd.concat([whose, pd.DataFrame(answers).reset_index(drop=True)], axis=1)
    states = survey.status[[*variables]].astype("object").reset_index(drop=True)
    kinds = pd.concat([whose[["code"]], states.where(states != "answered", "")], axis=1)
    tables = {"data": data, "missing": kinds, "long": _long(data, kinds, variables)}
    tables["codes"] = code_table(variables)
    wave, own = survey.wave, survey.own_register
    words = {"date": wave.as_of.isoformat(), "licence": wave.licence, "invented": wave.invented}
    files: dict[str, bytes | str] = {f"{name}.csv": to_csv(own) for name, own in tables.items()}
    files["datapackage.json"] = _package(survey, variables, tables)
    files["CITATION.cff"] = _citation(survey)
    for language in LANGUAGES:
        names = {"title": wave.title[language], "publisher": wave.publisher[language]}
        readme = say(
            "dataset/readme", language, own, n=survey.n, asked=survey.invited, **names, **words
        )
        files[f"README.{language}.md"] = readme + "\n"
    return files | _labelled_files(survey, variables, data, states)


def _long(data: pd.DataFrame, kinds: pd.DataFrame, variables: dict[str, Question]) -> pd.DataFrame:
    """A row for each municipality and variable; dates and words have a column of their own."""
    long = data[["code", *variables]].astype(object).melt("code", var_name="variable")
    words = long["variable"].map({v: q.type in UNCOUNTED for v, q in variables.items()})
    long.insert(3, "text", long["value"].where(words))
    long["value"] = long["value"].mask(words)
    units = {variable: question.unit for variable, question in variables.items() if question.unit}
    for language in LANGUAGES:
        named = {variable: unit[language] for variable, unit in units.items()}
        long[f"unit_{language}"] = long["variable"].map(named)
    return long.assign(missing=kinds.melt("code")["value"])


# --- SPSS and Stata ------------------------------------------------------------------------------


def _labelled_files(
    survey: Survey, variables: dict[str, Question], data: pd.DataFrame, states: pd.DataFrame
) -> dict[str, bytes | str]:
    """data.sav and data.dta; none without pyreadstat, the optional extra ``spss``."""
    if find_spec("pyreadstat") is None:
        return {}
    language, kinds = survey.language, labels("status", survey.language)
    heads = {str(name): label(f"dataset.{name}", language) for name in data.columns[:4]}
    heads |= {name: variable_label(name, of)[language] for name, of in variables.items()}
    spss, stata = data.copy(), data.copy()
    spss_values, stata_values = dict[str, Any](), dict[str, Any]()
    missing: dict[str, list[dict[str, int]]] = {}
    for name, question in variables.items():
        if question.type in UNCOUNTED:
            spss[name] = stata[name] = _words(survey.responses[name], question).array
            continue
        values = pd.to_numeric(data[name]).astype("Float64")
        far = next(code for code in FAR if code < min(0, values.fillna(0).min()))
        codes = dict(zip(KINDS_MISSING, range(far, far - len(KINDS_MISSING), -1), strict=True))
        spss[name] = values.fillna(states[name].map(codes)).astype(float)
        stata[name] = values.astype(object).where(values.notna(), states[name].map(LETTERS))
        own = {float(code): text[language] for code, text in value_labels(question).items()}
        spss_values[name] = {**own, **{float(codes[kind]): kinds[kind] for kind in KINDS_MISSING}}
        used = [kind for kind in KINDS_MISSING if (states[name] == kind).any()]
        stata_values[name] = {**own, **{LETTERS[kind]: kinds[kind] for kind in used}}
        missing[name] = [{"lo": min(codes.values()), "hi": max(codes.values())}]
    title, cut = survey.wave.title[language], {name: text[:80] for name, text in heads.items()}
    measures = {name: MEASURES.get(q.type, "nominal") for name, q in variables.items()}
    letters = {name: [*LETTERS.values()] for name in missing}
    about: dict[str, Any] = {"file_label": title[:21], "column_labels": heads}  # 64 bytes
    about |= {"missing_ranges": missing, "variable_measure": measures}
    first = _written("data.sav", spss, variable_value_labels=spss_values, **about)
    about = {"file_label": title[:80], "column_labels": cut, "version": 14}
    about |= {"missing_user_values": letters}
    second = _written("data.dta", stata, variable_value_labels=stata_values, **about)
    # a fixed date of making in their headers: the same answers give the same bytes
    first = first[:92] + b"01 Jan 1900:00:00" + first[109:]
    date = b"<timestamp>\x1101 Jan 1960 00:00</timestamp>"
    second = re.sub(rb"<timestamp>\x11.{17}</timestamp>", date, second, count=1, flags=re.S)
    return {"data.sav": first, "data.dta": second}


def _written(name: str, data: pd.DataFrame, **about: Any) -> bytes:
    """The file that pyreadstat writes of a table, whole: what does not fit at its end is not told.

    Raises InputError: no room is left for it.
    """
    import pyreadstat

    fault = ""
    with tempfile.TemporaryDirectory(dir=temporary.folder()) as folder:
        file = Path(folder, name)
        try:
            if file.suffix == ".sav":
                pyreadstat.write_sav(data, file, **about)
                pyreadstat.read_sav(file)
            else:
                pyreadstat.write_dta(data, file, **about)
                fault = "" if file.read_bytes().endswith(b"</stata_dta>") else NO_ROOM[0]
        except pyreadstat.ReadstatError as error:
            fault = str(error)
            if fault not in NO_ROOM:
                raise
        if fault:
            raise refusal("command.disk", file=name, strerror=fault)
        return file.read_bytes()


def _words(column: pd.Series, question: Question) -> pd.Series:
    """A column of dates as dates, of texts (and of months) as texts."""
    if question.type == "date" and question.precision == "day":
        return pd.to_datetime(column).dt.date
    return column.astype("object").fillna("").astype(str)


# --- what says what it is ------------------------------------------------------------------------


def _package(
    survey: Survey, variables: dict[str, Question], tables: dict[str, pd.DataFrame]
) -> str:
    """datapackage.json: the files, the type of every field and the codes that it may have."""
    fields: list[dict[str, Any]] = [
        {"name": name, "type": "string", "title": label(f"dataset.{name}", survey.language)}
        for name in tables["data"].columns[:4]
    ]
    for name, question in variables.items():
        own: dict[str, Any] = {"name": name, "type": TYPES.get(question.type, "integer")}
        if question.type == "date" and question.precision == "month":
            own["type"] = "yearmonth"
        own["title"] = variable_label(name, question)[survey.language]
        if codes := value_labels(question):
            own["constraints"] = {"enum": [*codes]}
        fields.append(own)
    state: dict[str, Any] = {"type": "string", "constraints": {"enum": [*KINDS_MISSING]}}
    of = {"missing": state, "value": {"type": "number"}, "no": {"type": "integer"}}
    resources: dict[str, list[dict[str, Any]]] = {"data": fields}
    resources["missing"] = [fields[0], *({"name": name, **state} for name in variables)]
    for name in ("long", "codes"):
        columns = [str(column) for column in tables[name]]
        resources[name] = [{"name": c, "type": "string", **of.get(c, {})} for c in columns]
    package = {
        "name": f"{survey.wave.name}-{survey.audience}".lower(),
        "title": survey.wave.title[survey.language],
        "created": f"{survey.wave.as_of.isoformat()}T00:00:00Z",
        "contributors": [{"title": survey.wave.publisher[survey.language], "role": "publisher"}],
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {"fields": own, "missingValues": [""]},
            }
            for name, own in resources.items()
        ],
    }
    if survey.wave.licence:
        package["licenses"] = [{"name": survey.wave.licence}]
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _citation(survey: Survey) -> str:
    """CITATION.cff of the data set: its publisher stands for its authors."""
    content: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": label("dataset.cite", survey.language),
        "type": "dataset",
        "title": survey.wave.title[survey.language],
        "authors": [{"name": survey.wave.publisher[survey.language]}],
        "date-released": survey.wave.as_of.isoformat(),
    }
    if survey.wave.licence:
        content["license"] = survey.wave.licence
    return text_of(content)
