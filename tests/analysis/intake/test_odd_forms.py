"""Forms in styles drawn at random: an answer is read as it was given, or it is told."""

from collections import Counter
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from odd_forms import BOOK, made
from received import wave

from analysis.cleaning.clean import Cleaned, clean
from analysis.errors import InputError
from analysis.intake.read import read


def survey_of(folder: Path, seed: int) -> Cleaned:
    """The cleaned survey of these forms."""
    (folder / "r").mkdir()
    for name, rows, merged, _ in made(seed):
        book = openpyxl.Workbook()
        sheet = book.active
        for row in rows:
            sheet.append(row)
            label, *filled = [j for j, cell in enumerate(row) if cell is not None] or [0]
            if merged and filled and filled[0] == label + merged and len(str(row[label])) > 1:
                at = {"start_row": sheet.max_row, "end_row": sheet.max_row}
                sheet.merge_cells(**at, start_column=label + 1, end_column=filled[0])
        book.save(folder / "r" / f"{name}.xlsx")
    about = wave(folder, {"path": "r", "layout": "form"}, codebook="f")
    return clean(read(about, BOOK, folder), about, BOOK)


def outcomes(folder: Path, seed: int) -> Counter[str]:
    """How many answers were read, told or lost, or why the files were refused as a whole."""
    try:
        result = survey_of(folder, seed)
    except InputError as error:
        return Counter({f"REFUSED: seed {seed}: {error}": 1})
    result.ledger.check()
    codes = pd.Series(result.register.index, result.register["name"])
    count: Counter[str] = Counter()
    for name, _, _, expected in made(seed):
        own = result.findings[result.findings["name"] == name]
        told = own["rule"].isin(["unmatched", "unsure", "unclear-place"]).any()
        for variable, answer in expected.items():
            value = result.responses.at[codes[name], variable]
            state = result.status.at[codes[name], variable]
            value = str(value)[:10] if variable == "Q7" and pd.notna(value) else value
            if pd.isna(value) if answer is None else pd.notna(value) and value == answer:
                count["read"] += 1
            elif pd.isna(value) and (told or state == "unreadable"):
                count["told"] += 1
            else:
                count[f"LOST: seed {seed}, {name}, {variable}: {answer} read as {value}"] += 1
    return count


@pytest.mark.parametrize("seed", [*range(12), 1247, 2600])
def test_an_answer_in_a_form_is_read_as_given_or_told(tmp_path, seed):
    """`benchmarks/odd_forms.py` tries more."""
    count = outcomes(tmp_path, seed)
    assert count.keys() <= {"read", "told"}, count
    assert count["told"] <= 0.05 * count["read"], count
