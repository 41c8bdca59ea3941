"""How the demo waves of data/raw were made, to which tests/workbench/test_demo.py holds them."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd

from workbench import demo
from workbench.demo import TOWN, Row, Simulated, Slip, code_of, frames, name_of, simulate

TICKED = [f"Q32_{code}" for code in range(1, 8)]  # a column for each option in 2020
CSV = {"path": "replies.csv", "layout": "rows", "encoding": "cp932"}
SLIPS_2020: tuple[Slip, ...] = (
    (0, "Q04", "2020/8/3"),
    (3, "Q10", "2.5"),
    (8, "Q36", "仕様書①と見積②の確認を、委託先（㈱）の担当者に頼りきっている。"),
)


def demo_waves(raw: Path) -> None:
    """demo-2019 (16 invited, 15 replied) and demo-2020 (16 replied, some changed approach)."""
    first = simulate(15, seed=20191003)
    rows = demo.as_in_2019(demo.table(first), first)
    about = demo.about(first, 16, 2019, {"path": "replies.xlsx", "layout": "rows"})
    demo.write_wave(raw / "demo-2019", demo.workbook(rows, first.book), about)
    later = a_year_later(first)
    rows = as_in_2020(ticked(demo.table(later), later), later)
    demo.write_wave(raw / "demo-2020", tidy_csv(rows), demo.about(later, 16, 2020, CSV))


def ticked(rows: list[Row], drawn: Simulated) -> list[Row]:
    """The replies to Q32 with a column an option, 1 or 0."""
    found = []
    for row, record in zip(rows, drawn.records, strict=True):
        chosen = record["Q32"]
        ticks = {name: int(code in chosen) if chosen else ""
                 for code, name in enumerate(TICKED, 1)}  # fmt: skip
        cells = (ticks if key == "Q32" else {key: cell} for key, cell in row.items())
        found.append({key: cell for part in cells for key, cell in part.items()})
    return found


def as_in_2020(rows: list[Row], drawn: Simulated) -> list[Row]:
    """Fewer slips; a reply came twice on a day, one bears another name, one is a trial entry."""
    rows = demo.slip(rows, drawn, SLIPS_2020)
    rows[0]["Q09"] = drawn.records[0]["Q08"] + 1  # a part above its total
    rows[1]["Q00"] = rows[2]["Q00"]
    rows[6] |= {key: "○" if rows[6][key] == 1 else "" for key in TICKED}
    rows[9] |= {key: "－" for key in TICKED if rows[9][key] == 0} | {"Q32_7": "不明"}
    rows[10]["Q32_1"] = "検討中"  # one of its ticks cannot be read
    trial = dict.fromkeys(rows[0], "") | {"Q00": "入力テスト", "Q01": "999999", "Q08": "1"}
    return [*rows, {**rows[7], "Q18": 1}, trial]


def tidy_csv(rows: list[Row]) -> bytes:
    """Replies as a text file that a spreadsheet program saved."""
    text = pd.DataFrame(rows, dtype=object).rename(columns={"Q00": "団体名"})
    return text.to_csv(index=False, lineterminator="\r\n").encode("cp932")


def a_year_later(first: Simulated) -> Simulated:
    """The same 15 municipalities in the next year: two changed approach, and a 16th replied."""
    changed = {2, 9}
    fresh = simulate(60, seed=20201003)
    rng = np.random.default_rng(2020)
    records, truth = [], []
    for i in range(16):
        if i < 15 and i not in changed:
            new = dict(first.records[i])
            truth.append(first.truth.iloc[i])
            for key in ("Q12", "Q30_1", "Q30_2", "Q31"):
                if isinstance(new[key], int) and rng.random() < 0.5:
                    new[key] = min(5, new[key] + 1)
        else:
            before = first.records[i] if i < 15 else {"Q02": TOWN, "Q03": 8_000}
            at = _like(before, first.truth["type"].iloc[i] if i < 15 else 0, fresh)
            new = fresh.records[at] | {"Q00": name_of(i + 1, before["Q02"])}
            new |= {key: before[key] for key in ("Q03", "Q05") if key in before}
            truth.append(fresh.truth.iloc[at])
        new["Q01"] = code_of(i + 1)
        new["Q04"] = dt.date(2020, 7, 20) + dt.timedelta(days=int(rng.integers(0, 25)))
        records.append(new)
    responses, status = frames(records, first.book)
    known = pd.DataFrame(truth).set_axis(responses.index)
    return Simulated(first.book, records, responses, status, known.astype(first.truth.dtypes))


def _like(before: Row, kind: int, fresh: Simulated) -> int:
    """Which fresh municipality is of another type, yet of the same class and a similar size."""
    same = [at for at, record in enumerate(fresh.records) if record["Q02"] == before["Q02"]]
    other = [at for at in same if fresh.truth["type"].iloc[at] != kind]
    return min(other, key=lambda at: abs((fresh.records[at]["Q03"] or 0) - before["Q03"]))
