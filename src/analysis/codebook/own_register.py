"""A register of one's own: who can be asked where it is not the municipalities of Japan.

A table (CSV, or the first sheet of a workbook) that ``register:`` in wave.yml names, with the
columns ``id`` and ``name`` and, where wanted, ``group`` (such as a region) and ``size`` (a class of
size, in words). Bodies are found by the rules of Japan's register: a name alone never decides
between two of the same name, and every reading that is not literal says so.
"""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError

from analysis.codebook.municipality import How, Match, fold
from analysis.errors import InputError, Message, refusal
from analysis.normal import normal
from analysis.spreadsheet import decode, separator

HEADS = ("id", "name", "group", "size")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
# of what is written for each body, the id is the name of a file: such a one may lead elsewhere, or
# is the name of a page that lists them all
NO_FILE = r'^\.|[\\/:*?"<>|\x00-\x1f]|^(?:index|by-size|by-type)$'


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
        """Read the CSV file or first sheet; ids are texts, so that their zeros stay.

        Raises InputError: it is no such table, or has an id twice, or a body without id or name.
        """
        cells = _cells(path, file)
        first = cells.iloc[0] if len(cells) else ()
        heads = [normal(head, "width", "case") for head in first]
        if len({*heads}) < len(heads) or not {"id", "name"} <= {*heads} <= {*HEADS}:
            columns = ", ".join(head or "—" for head in heads) or "—"
            raise refusal("register.columns", file=file, columns=columns)
        table = cells.iloc[1:].set_axis(heads, axis=1).reindex(columns=HEADS, fill_value="")
        if table.empty:
            raise refusal("register.empty", file=file)
        twice, no_file = table["id"].duplicated(), table["id"].str.contains(NO_FILE, case=False)
        names = table["name"].str.replace(r'[\\/:*?"<>|\s]', "_", regex=True)
        for file_name in (table["id"], table["id"] + "_" + names):  # of a_b called c, a called b_c
            no_file |= file_name.str.casefold().duplicated()  # a Mac and Windows ignore case
        for error, wrong in {
            "register.no_id": table["id"] == "",
            "register.no_name": table["name"] == "",
            "register.twice": twice,
            "register.no_file_name": no_file,
        }.items():
            if wrong.any():
                row = wrong.idxmax()
                raise refusal(error, file=file, row=row, id=table.at[row, "id"])
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
        codes = self._by_number.get(code.lstrip("0"), []) if code.isdecimal() else []
        if len(codes) == 1:
            return str(codes[0]), "shortened"
        return "", "ambiguous" if len(codes) else "unknown"

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
    return normal(fold(name), "case")


def _cells(path: Path, file: str) -> pd.DataFrame:
    """The texts of a CSV file or a workbook by the numbers of their lines, without blank ones."""
    if not path.exists():
        raise refusal("file.missing", file=file)
    if not path.is_file():
        raise refusal("file.pipe", file=file)
    try:
        if path.suffix.lower() in WORKBOOKS:
            sheet = pd.read_excel(
                path, header=None, dtype="str", engine="calamine", keep_default_na=False
            )
            lines = list(enumerate(sheet.fillna("").to_numpy(object).tolist(), start=1))
        else:
            text = decode(path.read_bytes(), file)
            reader = csv.reader(io.StringIO(text), delimiter=separator(text))
            lines = [(reader.line_num, line) for line in reader]
    except InputError:
        raise
    except (OSError, ValueError, csv.Error, CalamineError) as error:
        why = getattr(error, "strerror", None) or Message("no CSV in UTF-8 and no workbook")
        raise refusal("register.unreadable", file=file, why=why) from None
    stripped = ([cell.strip() for cell in line] for _, line in lines)
    texts = list(zip(*itertools.zip_longest(*stripped, fillvalue=""), strict=True))
    cells = pd.DataFrame(texts, [number for number, _ in lines] if texts else None, dtype="str")
    return cells.loc[cells.ne("").any(axis=1), cells.ne("").any()]
