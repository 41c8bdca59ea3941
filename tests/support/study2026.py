"""A wave of the questionnaire of 2026, made of the invented replies of demo-2020."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import Survey
from analysis.codebook.crosswalk import Crosswalk
from analysis.codebook.model import Codebook

WAYS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 9, 8: 10}  # option of Q13 before -> of Q17
OUTSIDE = {1: 1, 2: 2, 3: 4, 4: 7, 5: 10, 6: 11, 7: 12, 8: 13, 9: 14}  # of Q21 -> of Q22
MOVED = {"Q14": "Q18", "Q16": "Q19", "Q22": "Q23", "Q23": "Q24", "Q30_1": "Q33_1", "Q30_2": "Q33_2"}
DRAWN = {"Q06": 3, "Q31": 5, "Q32_1": 5, "Q32_2": 5, "Q32_3": 5, "Q34": 5, "Q35": 5}


def replies(folder: Path) -> Path:
    """The replies as a CSV file: what was asked before as it was answered, the rest drawn."""
    before = Survey.load("demo-2020", files=False)
    book = Codebook.read("it-staffing-2026")
    walk = Crosswalk.between(before.codebook, book)
    rng = np.random.default_rng(2026)
    headings = [v for q in book for v in ([q.id] if q.type == "multi" else q.variables)]
    rows = []
    for code, row in before.responses.iterrows():
        answer = {new: _answer(before.codebook, row, old) for old, new in walk.same.items()}
        for old, new in walk.same.items():
            if before.codebook[old].type == "battery":
                pairs = zip(before.codebook[old].variables, book[new].variables, strict=True)
                answer |= {b: _plain(row[a]) for a, b in pairs}
        answer |= {name: str(rng.integers(1, last + 1)) for name, last in DRAWN.items()}
        staff, again = (0 if pd.isna(row[name]) else int(row[name]) for name in ("Q08", "Q10"))
        answer |= {"Q00": before.names[code], "Q01": code, "Q04": "2026-05-11"}
        answer |= {
            "Q08": str(staff - staff // 3),
            "Q09": str(staff // 3),
            "Q11": _plain(row["Q09"]),
        }
        answer |= {"Q12": str(again // 2), "Q13": str(again - again // 2), "Q14": "0"}
        answer["Q10"] = str(1 + np.searchsorted([0, 1, 2, 5], staff))
        answer |= {new: _plain(row[old]) for old, new in MOVED.items()}
        answer["Q21"] = _chosen(row, "Q19", book["Q21"], {**{c: c for c in range(1, 7)}, 7: 9})
        answer["Q17"] = _chosen(row, "Q13", book["Q17"], WAYS)
        answer["Q22"] = _chosen(row, "Q21", book["Q22"], OUTSIDE)
        rows.append([answer.get(name, "") for name in headings])
    file = folder / "replies-2026.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([headings, *rows])
    return file


def _answer(book, row, name):
    question = book[name]
    if question.type == "multi":
        return _chosen(row, name, question, {o.code: o.code for o in question.options})
    return _plain(row[name]) if name in row else ""


def _chosen(row, name, question, codes):
    """The options that were chosen, in words: 12 might be 1 and 2."""
    there = sorted(new for old, new in codes.items() if row[f"{name}_{old}"] is True)
    return "、".join(question.option(code).ja for code in there)


def _plain(value):
    return "" if pd.isna(value) else f"{value}"
