"""Files of SPSS and Stata: variables with labels, and kinds of missing.

pyreadstat (the optional extra ``spss``) runs in a process of its own, which a damaged file can end.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.errors import refusal
from analysis.intake.sheet import CellKind, Sheet, typed

SECONDS = 120
NOT_INSTALLED = 3  # the exit code that says so
MONTHLY = ["MOYR6", "MOYR8", "QYR6", "QYR8"]  # formats of SPSS for months and quarters
WEEKLY = ["WKYR6", "WKYR8", "WKYR10"]
PERIODS = {"%tm": 1, "%tq": 3, "%th": 6}  # those of Stata, which counts them from 1960: months


@dataclass(frozen=True)
class AnswerSet:
    """A multiple-response set of SPSS: variables of which each is one option of a question.

    `counted`: the value that says that the option was chosen; nothing in a set of categories, whose
    variables hold the first, second and further choice. Their codes are joined in one column.
    """

    name: str
    label: str
    variables: list[str]
    counted: str


@dataclass(frozen=True)
class LabelledFile:
    """A file's variables with their labels, and the cases as rows of plain values.

    Dates are ISO texts, quarters their first month; `dates` lists their columns. User-missing codes
    are in the rows as values (those of Stata as ``.a``) and listed in `missing`, so that no kind
    of missing is lost.
    """

    names: list[str]
    labels: list[str]
    value_labels: dict[str, dict[str, str]]  # variable -> code -> label
    missing: dict[str, list[str]]  # variable -> codes declared as missing
    dates: list[str]
    rows: list[list[Any]]
    sets: list[AnswerSet] = field(default_factory=list)
    ordinal: list[str] = field(default_factory=list)  # variables that the file calls ordinal


def read(path: Path, file: str) -> LabelledFile:
    """Read a file of SPSS (.sav, .zsav) or Stata (.dta, version 105 to 119).

    Raises InputError: pyreadstat is not installed, or the file is damaged.
    """
    package = "Stata" if path.suffix.lower() == ".dta" else "SPSS"
    command = [sys.executable, "-m", "analysis.intake.spss_stata", str(path.resolve())]
    try:
        process = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        if getattr(error, "returncode", None) == NOT_INSTALLED:
            raise refusal("file.no_pyreadstat", file=file, package=package) from None
        raise refusal("file.labelled", file=file, reason="damaged", package=package) from None
    content = json.loads(process.stdout)
    data = LabelledFile(**content | {"sets": [AnswerSet(**one) for one in content["sets"]]})
    for one in data.sets:
        if not one.counted:
            join(data, one)
    return data


def join(data: LabelledFile, one: AnswerSet) -> None:
    """Put the codes of a set of categories into one column, named as the set."""
    places = [data.names.index(name) for name in one.variables if name in data.names]
    if not places or one.name in data.names:
        return
    first = places[0]
    missing = {code for variable in one.variables for code in data.missing.get(variable, ())}
    for row in data.rows:
        codes = list(dict.fromkeys(_code(row[place]) for place in places if row[place] != ""))
        row[first] = ";".join([code for code in codes if code not in missing] or codes[:1])
    data.labels[first], data.names[first] = one.label or one.name, one.name
    data.missing[one.name] = sorted(missing)
    labels = [pair for name in one.variables for pair in data.value_labels.get(name, {}).items()]
    if labels:
        data.value_labels[one.name] = data.value_labels.get(one.name, {}) | dict(labels)
    for place in reversed(places[1:]):
        for line in (data.names, data.labels, *data.rows):
            del line[place]


def sheet(path: Path, file: str) -> Sheet:
    """Row 1 the variable names, row 2 their labels, then the cases; codes, not value labels."""
    data = read(path, file)
    text, kind = typed([data.names, data.labels, *data.rows])
    for name in data.dates:
        below = kind[2:, data.names.index(name)]
        below[below == CellKind.TEXT] = CellKind.DATE
    at = {name: place for place, name in enumerate(data.names)}
    labels = {at[name]: of for name, of in data.value_labels.items() if name in at}
    missing = {at[name]: of for name, of in data.missing.items() if name in at}
    return Sheet(file, "", text, kind, heads=2, labels=labels, missing=missing)


# --- the process of its own ---------------------------------------------------------------------


def _main(path: str) -> None:
    try:
        import pyreadstat
    except ImportError:
        sys.exit(NOT_INSTALLED)
    reader = pyreadstat.read_dta if path.lower().endswith(".dta") else pyreadstat.read_sav
    frame, meta = reader(path, user_missing=True, extra_date_formats=[*MONTHLY, *WEEKLY])
    # Stata's .a to .z: pyreadstat gives the letter alone
    tagged = {n: {*map(str, of)} for n, of in (meta.missing_user_values or {}).items()}
    cells = frame.astype(object).where(frame.notna(), "")
    shown = meta.original_variable_types
    written = {name: [_date(value, shown[name]) for value in cells[name]] for name in frame}
    dates = [name for name in frame if written[name] != [*cells[name]]]
    for name in dates:
        cells[name] = written[name]
    for name, letters in tagged.items():
        cells[name] = [f".{v}" if v in letters else v for v in cells[name]]
    values = meta.variable_value_labels
    missing = {name: _missing(ranges, {*frame[name], *values.get(name, {})})
               for name, ranges in meta.missing_ranges.items()}  # fmt: skip
    file = LabelledFile(
        names=list(frame.columns),
        labels=[label or "" for label in meta.column_labels],
        value_labels={
            name: {_code(code, tagged.get(name)): str(text) for code, text in labels.items()}
            for name, labels in values.items()
        },
        missing=missing | {n: sorted(f".{v}" for v in of) for n, of in tagged.items()},
        dates=dates,
        rows=cells.to_numpy().tolist(),
        sets=[
            AnswerSet(name, one["label"], one["variable_list"],
                      _code(one["counted_value"]) if one["is_dichotomy"] else "")
            for name, one in (getattr(meta, "mr_sets", None) or {}).items()
        ],
        ordinal=[n for n, of in meta.variable_measure.items() if of == "ordinal"],
    )  # fmt: skip
    json.dump(vars(file), sys.stdout, default=vars)


def _date(value: Any, shown: str | None) -> Any:
    """A date as ISO has it, of a quarter its first month, of a week its first day; else as it is.

    Stata has 52 weeks a year, the first from 1 January.

    >>> _date(3120.0, "%tw"), _date(3121.0, "%tw"), _date(236.0, "%tq")
    ('2020-01-01', '2020-01-08', '2019-01')
    """
    if hasattr(value, "isoformat"):
        return value.isoformat()[: 7 if shown in MONTHLY else None]
    if shown and shown in PERIODS and isinstance(value, float):
        months = np.timedelta64(int(value) * PERIODS[shown], "M")
        return str(np.datetime64("1960-01") + months)
    if shown == "%tw" and isinstance(value, float):
        years, weeks = divmod(int(value), 52)
        return str(np.datetime64(f"{1960 + years}-01-01") + np.timedelta64(7 * weeks, "D"))
    return value


def _missing(ranges: Any, known: set[Any]) -> list[str]:
    """The declared codes; of a range such as 97 to 99 those that occur or have a label."""
    single = [r["lo"] for r in ranges if r["lo"] == r["hi"]]
    numbers = sorted(value for value in known if isinstance(value, int | float))
    within = [v for v in numbers if any(r["lo"] <= v <= r["hi"] for r in ranges)]
    return list(dict.fromkeys(map(_code, [*single, *within])))


def _code(value: Any, tagged: set[str] | None = None) -> str:
    if tagged and value in tagged:
        return f".{value}"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


if __name__ == "__main__":
    _main(sys.argv[1])
