"""SPSS files, read in a process of their own.

pyreadstat ends the whole process on some damaged files (a segmentation fault), so a second one
reads the file and hands over plain JSON; if it dies, the file is refused as damaged.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import InputError

SECONDS = 120


@dataclass(frozen=True)
class Sav:
    """An SPSS file: names and labels of the variables, and the cases as rows of plain values.

    Dates are ISO texts; the columns they stand in are listed in `dates`. User-missing codes are in
    the rows as values and listed in `missing`, so that no kind of missing is lost.
    """

    names: list[str]
    labels: list[str]
    value_labels: dict[str, dict[str, str]]  # variable -> code -> label
    missing: dict[str, list[str]]  # variable -> codes declared as missing
    dates: list[str]
    rows: list[list[Any]]


def read_sav(path: Path, file: str) -> Sav:
    """Read an SPSS file.

    Raises
    ------
    InputError
        pyreadstat is not installed, or the file is damaged.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "analysis.sav", str(path.resolve())],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is not None and done.returncode == 3:
        raise InputError(
            "reading SPSS files needs pyreadstat, the optional extra spss",
            file=file,
            hint="pip install pyreadstat, or install the workbench as '.[spss]'",
        )
    if done is None or done.returncode:
        raise InputError(
            "the SPSS file is damaged and cannot be read",
            file=file,
            hint="ask the sender for a new copy",
            reason="damaged",
        )
    return Sav(**json.loads(done.stdout))


def _main(path: str) -> None:
    try:
        import pyreadstat
    except ImportError:
        sys.exit(3)
    frame, meta = pyreadstat.read_sav(path, user_missing=True)
    dates = [n for n in frame if frame[n].map(lambda value: hasattr(value, "isoformat")).any()]
    cells = frame.astype(object).where(frame.notna(), "")
    for name in dates:
        cells[name] = [v.isoformat() if hasattr(v, "isoformat") else v for v in cells[name]]
    json.dump(
        {
            "names": list(frame.columns),
            "labels": [label or "" for label in meta.column_labels],
            "value_labels": {
                name: {_code(code): str(label) for code, label in labels.items()}
                for name, labels in meta.variable_value_labels.items()
            },
            "missing": {
                name: _missing(ranges, {*frame[name], *meta.variable_value_labels.get(name, {})})
                for name, ranges in meta.missing_ranges.items()
            },
            "dates": dates,
            "rows": cells.to_numpy().tolist(),
        },
        sys.stdout,
    )


def _missing(ranges: Any, known: set[Any]) -> list[str]:
    """The declared codes; of a range such as 97 to 99 those that occur or have a label."""
    found = [r["lo"] for r in ranges if r["lo"] == r["hi"]]
    wide = [(r["lo"], r["hi"]) for r in ranges if r["lo"] != r["hi"]]
    found += sorted(
        v for v in known if isinstance(v, int | float) and any(lo <= v <= hi for lo, hi in wide)
    )
    return list(dict.fromkeys(map(_code, found)))


def _code(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


if __name__ == "__main__":
    _main(sys.argv[1])
