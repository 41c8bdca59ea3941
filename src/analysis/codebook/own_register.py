"""A register of one's own: who can be asked where it is not the municipalities of Japan.

A CSV file that ``register:`` in wave.yml names, with the columns ``id`` and ``name`` and, where
wanted, ``group`` (such as a region) and ``size`` (a class of size, in words). Bodies are found by
the rules of Japan's register: a name alone never decides between two of the same name, and every
reading that is not literal says so.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from analysis import paths
from analysis.codebook.municipality import How, Match, fold
from analysis.errors import InputError

COLUMNS = ("id", "name", "group", "size")


@dataclass(frozen=True)
class OwnRegister:
    """The bodies of a register: index id; columns name, group, size (empty where not given).

    >>> table = pd.DataFrame({"name": ["Til Til", "Ñuñoa"], "group": ["", ""], "size": ["", ""]},
    ...                      index=["007", "008"])
    >>> own = OwnRegister(table)
    >>> own.parse_code("7"), own.resolve("TIL  TIL").code, own.resolve("Nunoa").how
    (('007', 'shortened'), '007', 'unknown')
    """

    table: pd.DataFrame

    @classmethod
    def read(cls, path: Path, file: str) -> OwnRegister:
        """Read the CSV file (UTF-8, or cp932); ids are texts, so that their zeros stay.

        Raises InputError: it is no such table, or has an id twice, or a body without id or name.
        """
        try:
            try:
                text = paths.read_text(path).removeprefix("\ufeff")
            except UnicodeDecodeError:
                text = path.read_text(encoding="cp932")  # what Excel in Japan saves as CSV
            lines = [line for line in csv.reader(io.StringIO(text)) if any(line)]
            first = [head.strip().lower() for head in lines.pop(0)] if lines else []
            rows = [dict(zip_longest(first, line, fillvalue="")) for line in lines]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(
                "the register cannot be read ({why})",
                file=file,
                hint="save it as CSV in UTF-8 beside wave.yml",
                why=getattr(error, "strerror", None) or "no CSV in UTF-8",
            ) from None
        heads = {head for row in rows for head in row if head or row[head]}
        if not {"id", "name"} <= heads or not heads <= set(COLUMNS):
            raise InputError(
                "the register has the columns {columns}",
                file=file,
                hint="it takes id and name, and may have group and size",
                columns=", ".join(map(str, sorted(heads))) or "—",
            )
        cells = [[(row.get(name) or "").strip() for name in COLUMNS] for row in rows]
        table = pd.DataFrame(cells, columns=COLUMNS, dtype="str")
        wrong = (table[["id", "name"]] == "").any(axis=1) | table["id"].duplicated()
        if wrong.any():
            raise InputError(
                "line {row} of the register has no id or name, or an id that is there twice",
                file=file,
                hint="give each body an id of its own and a name",
                row=int(wrong.to_numpy().argmax()) + 2,
            )
        return cls(table.set_index("id"))

    @cached_property
    def _by_name(self) -> dict[str, pd.Index]:
        return self.table.index.groupby(self.table["name"].map(_key))

    @cached_property
    def _by_number(self) -> dict[str, pd.Index]:
        """Ids by their number, without the zeros that a spreadsheet takes away."""
        numbers = self.table.index[self.table.index.str.isdecimal()]
        return numbers.groupby(numbers.str.lstrip("0"))

    def place(self, code: str) -> tuple[str, str] | None:
        """Group and name of an id; None where there is none."""
        if code not in self.table.index:
            return None
        return str(self.table.at[code, "group"]), str(self.table.at[code, "name"])

    def parse_code(self, text: str) -> tuple[str, How]:
        """An id as written -> the id, and how it was read; a number may have lost its zeros."""
        code = text.strip().removesuffix(".0") if text.strip() not in self.table.index else text
        if code.strip() in self.table.index:
            return code.strip(), "exact"
        found = self._by_number.get(code.lstrip("0"), []) if code.isdecimal() else []
        if len(found) == 1:
            return str(found[0]), "shortened"
        return "", "ambiguous" if len(found) else "unknown"

    def resolve(self, name: str, group: str = "") -> Match:
        """The body of a name; of several those of the group, if that is given."""
        codes = list(self._by_name.get(_key(name), []))
        if len(codes) > 1 and group:
            codes = [c for c in codes if _key(str(self.table.at[c, "group"])) == _key(group)]
        if len(codes) != 1:
            return Match("", "", "ambiguous" if codes else "unknown", tuple(codes))
        official = str(self.table.at[codes[0], "name"])
        return Match(codes[0], official, "exact" if official == name.strip() else "variant")

    def named_in(self, text: str) -> str:
        """The body that a whole cell names by name or id, as a key to count by; else empty."""
        if (bodies := self._by_name.get(_key(text))) is not None:
            return str(bodies[0]) if len(bodies) == 1 else _key(text)
        return self.parse_code(text)[0]


def _key(name: str) -> str:
    return fold(name).casefold()
