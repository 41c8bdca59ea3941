"""How fast files become cells: xlsx against pandas with openpyxl and calamine alone, CSV by size.

Run ``python benchmarks/bench_intake.py``; the tables are Markdown. Ratios are from one run.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter
from python_calamine import CalamineWorkbook

COLUMNS = 40
ANSWERS = ["実施", "未実施", "1、3、5", "調査無し", "無回答", "13", "62%"]


def write_xlsx(path: Path, rows: int) -> None:
    chance = random.Random(1)
    book = xlsxwriter.Workbook(path)
    page = book.add_worksheet("回答")
    date = book.add_format({"num_format": "yyyy/m/d"})
    page.write_row(0, 0, [f"Q{i:02}" for i in range(COLUMNS)])
    for row in range(1, rows + 1):
        page.write_datetime(row, 0, dt.datetime(2019, 8, 1 + row % 28), date)
        for column in range(1, COLUMNS):
            if column % 3:
                page.write_string(row, column, chance.choice(ANSWERS))
            else:
                page.write_number(row, column, chance.randrange(500))
    book.close()


def write_csv(path: Path, rows: int, columns: int) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="cp932") as handle:
        handle.write(",".join(f"Q{i:02}" for i in range(columns)) + "\n")
        for _ in range(rows):
            handle.write(",".join(chance.choices(ANSWERS, k=columns)) + "\n")


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def values(path: Path) -> None:
    with CalamineWorkbook.from_path(str(path)) as book:
        for name in book.sheet_names:
            book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def xlsx(folder: Path) -> None:
    from analysis.intake.files import read_file

    path = folder / "a.xlsx"
    write_xlsx(path, 20_000)
    read_file(path)  # both warm
    ours = min(seconds(lambda: read_file(path)) for _ in range(3))
    theirs = seconds(lambda: pd.read_excel(path, engine="openpyxl"))
    readers: list[Callable[[Path], object]] = [values, read_file]
    spent: dict[Callable[[Path], object], list[float]] = {read: [] for read in readers}
    for read in readers * 4:  # in turn, since a machine may become busy
        start = time.process_time()
        read(path)
        spent[read].append(time.process_time() - start)
    alone, whole = map(min, spent.values())
    print(f"\n| reading xlsx, 20,000 x {COLUMNS} cells | s | times as fast |\n|---|---|---|")
    print(f"| pandas.read_excel(engine='openpyxl') | {theirs:.2f} | 1 |")
    print(f"| analysis.intake.files (values, kinds, layout) | {ours:.2f} | {theirs / ours:.1f} |")
    print(f"| processor seconds beside python-calamine alone | {whole:.2f} | {alone / whole:.2f} |")


def csv(folder: Path) -> None:
    print("\n| CSV (cp932) to raw table | s | peak memory of the process |\n|---|---|---|")
    for rows, columns in ((10_000, 70), (100_000, 36), (100_000, 70), (300_000, 36)):
        path = folder / "a.csv"
        write_csv(path, rows, columns)
        done = subprocess.run(
            [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True
        )
        print(f"| {rows:,} x {columns} | {done.stdout.strip().replace(' ', ' | ')} MB |")


def one(path: Path) -> None:
    """Read and lay out one file in a process of its own; print seconds and peak memory."""
    from analysis.codebook.model import Codebook
    from analysis.intake.cells import Piece, concat
    from analysis.intake.files import read_file
    from analysis.intake.headings import Headings
    from analysis.intake.tables import read_rows

    columns = path.open(encoding="cp932").readline().count(",") + 1
    texts = [{"id": f"Q{i:02}", "section": "A", "type": "text", "role": "describe",
              "ja": f"設問{i}", "en": f"question {i}"} for i in range(columns)]  # fmt: skip
    text = {"ja": "速さ", "en": "speed"}
    book = Codebook.parse({"id": "speed", "title": text, "version": "1", "questions": texts,
                           "sections": [{"id": "A", **text}]})  # fmt: skip

    def lay_out() -> None:
        sheet = read_file(path)[0]
        table = read_rows(sheet, Headings(book))
        columns = {name: np.full(len(table.rows), c) for name, c in table.columns.items()}
        answers = {name: (table.rows, column) for name, column in columns.items()}
        concat([Piece(sheet, table.mark, answers)])

    spent = seconds(lay_out)
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    print(f"{spent:.2f} {int(peak[1]) // 1024 if peak else 0:,}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            xlsx(Path(name))
            csv(Path(name))
