"""The national table, where it is at hand: ten yes/no answers of 1,733 municipalities."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

NAME = "市区町村毎のDX進捗状況_市区町村比較.csv"
TABLE = Path(__file__).parents[3].parent / "shared" / "data" / "digital-agency-r5" / NAME


@pytest.fixture(scope="session")
def every_row():
    """All 1,741 municipalities, in the order of the table; eight were not surveyed in full."""
    if not TABLE.is_file():
        pytest.skip("the national table is not here")
    with TABLE.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    answers = {
        row[1]: [{"実施": 1.0, "未実施": 0.0}.get(cell, np.nan) for cell in row[2:1743]]
        for row in rows[1:11]
    }
    return pd.DataFrame(answers, [f"{i:04d} {name}" for i, name in enumerate(rows[0][2:1743])])


@pytest.fixture(scope="session")
def national(every_row):
    frame = every_row.set_axis(every_row.index.str[:4]).dropna()
    assert frame.shape == (1733, 10)
    return frame
