"""What offices do to their replies: the slips that the demo waves show, one kind after another."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from analysis.codebook import Codebook, Question
from analysis.simulate import Simulated

Row = dict[str, Any]  # tidy cells of one reply: question or battery item -> what stands there
Slip = tuple[int, str, Any]  # reply, column, and what stands there, or a function of the answer
ERROR = "=NA()"  # a formula that ends in an error
MERGED = "↑"  # the cell is merged with the one above
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
TICKED = {f"Q32_{code}" for code in range(1, 8)}  # a column for each option in 2020
CIRCLED = str.maketrans({str(k): chr(0x2460 + k - 1) for k in range(1, 10)})


def wareki(day: dt.date, *, short: bool = False) -> str:
    """A date in the Japanese era, as offices write it.

    Examples
    --------
    >>> wareki(dt.date(2019, 8, 5)), wareki(dt.date(2019, 4, 30), short=True)
    ('令和元年8月5日', 'H31.4.30')
    """
    reiwa = day >= dt.date(2019, 5, 1)
    year = day.year - (2018 if reiwa else 1988)
    if short:
        return f"{'R' if reiwa else 'H'}{year}.{day.month}.{day.day}"
    return f"{'令和' if reiwa else '平成'}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def wide(value: Any) -> str:
    """A number in full-width digits."""
    return str(value).translate(WIDE)


SLIPS_2019: tuple[Slip, ...] = (
    (0, "Q03", lambda v: wide(f"{v:,}")),
    (1, "Q03", lambda v: f"{v / 10_000:.1f}万人"),
    (2, "Q03", lambda v: f"約{round(v, -3):,}"),
    (3, "Q03", lambda v: f"{v:,}人"),
    (5, "Q03", lambda v: f"{round(v / 2.3):,}世帯"),
    (2, "Q05", lambda v: f"{v}人（嘱託職員を除く）"),
    (4, "Q05", wide),
    (0, "Q08", lambda v: f"{v}名"),
    (5, "Q08", lambda v: f"{v}人程度"),
    (6, "Q10", "1〜2"),
    (1, "Q09", 900),
    (1, "Q11", "△1.0"),
    (2, "Q26", 0.62),
    (7, "Q26", "４５％"),
    (8, "Q26", ERROR),
    (9, "Q26", "%"),
    (0, "Q04", wareki),
    (1, "Q04", "R1.8.9"),
    (2, "Q04", "平成31年8月5日"),
    (3, "Q04", 43682),
    (4, "Q04", "８月頃"),
    (6, "Q04", "令和元年8月6日（水）"),
    (5, "Q33", "H30.3"),
    (6, "Q33", "平成3年3月"),
    (3, "Q13", 13),
    (4, "Q24", dt.date(2019, 1, 3)),
    (5, "Q21", "②、③"),
    (6, "Q19", "1 3 5"),
    (12, "Q19", MERGED),
    (7, "Q17", "1、7"),
    (8, "Q34", "1、3、4、8"),
    (9, "Q34", "1、12"),
    (0, "Q02", "中核市"),
    (10, "Q02", wide),
    (11, "Q16", "1、2"),
    (12, "Q12", "不明"),
    (10, "Q31", "7"),
    (11, "Q07", "1、2"),
    (12, "Q15", "把握していない"),
    (13, "Q35", "生え抜き職員の育成"),
    (13, "Q20", "12.5日"),
    # who replied
    (2, "Q01", lambda code: int(code[:5])),  # without its check digit, as a number
    (3, "Q01", wide),
    (4, "Q01", lambda code: code[:5] + str((int(code[5]) + 1) % 10)),
    (5, "Q00", lambda name: f"{name}{'役場' if name.endswith('町') else '役所'}"),
    (7, "Q00", lambda name: name[:-1]),
)
SLIPS_2020: tuple[Slip, ...] = (
    (0, "Q04", "2020/8/3"),
    (3, "Q10", "2.5"),
    (8, "Q36", "仕様書①と見積②の確認を、委託先（㈱）の担当者に頼りきっている。"),
)


def slip(rows: list[Row], drawn: Simulated, slips: tuple[Slip, ...]) -> list[Row]:
    """The rows with these slips; one that changes an answer needs an answer."""
    rows = [dict(row) for row in rows]
    for at, key, change in slips:
        if at >= len(rows):
            continue
        answer = drawn.records[at][key]
        if not callable(change):
            rows[at][key] = change
        elif answer not in (None, "not_applicable"):
            rows[at][key] = change(answer)
    return rows


def as_in_2019(rows: list[Row], drawn: Simulated) -> list[Row]:
    """The replies with their slips, and a corrected one sent later."""
    rows = slip(rows, drawn, SLIPS_2019)
    return (
        [*rows, {**rows[1], "Q04": "R1.8.20", "Q09": 1, "Q12": 2, "Q35": ""}]
        if len(rows) > 1
        else rows
    )


def as_in_2020(rows: list[Row], drawn: Simulated) -> list[Row]:
    """Fewer slips; a reply came twice on a day, one bears another name, one is a trial entry."""
    rows = slip(rows, drawn, SLIPS_2020)
    rows[0]["Q09"] = drawn.records[0]["Q08"] + 1  # a part above its total
    rows[1]["Q00"] = rows[2]["Q00"]
    ticks = {key: "○" if told == 1 else "" for key, told in rows[6].items() if key in TICKED}
    rows[6] |= ticks
    dashes = {key: "－" if told == 0 else told for key, told in rows[9].items() if key in TICKED}
    rows[9] |= dashes | {"Q32_7": "不明"}
    rows[10]["Q32_1"] = "検討中"  # one of its ticks cannot be read
    trial = dict.fromkeys(rows[0], "") | {"Q00": "入力テスト", "Q01": "999999", "Q08": "1"}
    return [*rows, {**rows[7], "Q18": 1}, trial]


def soiled(
    rows: list[Row], drawn: Simulated, book: Codebook, share: float, rng: np.random.Generator
) -> list[Row]:
    """The rows with this share of the answers written in some other way that means the same."""
    made = []
    for row, record in zip(rows, drawn.records, strict=True):
        new = dict(row)
        for key, value in record.items():
            question = book.question_of[key] if key in book.question_of else book[key]
            ways = _ways(value, question)
            if key in row and ways and rng.random() < share:
                new[key] = ways[int(rng.integers(len(ways)))]
        made.append(new)
    return made


def _ways(value: Any, question: Question) -> list[str]:
    """How else an answer could be written without a change of its meaning."""
    if value is None or value == "not_applicable" or question.role == "id":
        return []
    unit = question.unit.ja if question.unit else ""
    match question.type:
        case "integer":
            return [wide(value), f"{value:,}", f"{value}{unit}", f" {value}　"]
        case "ratio":
            return [wide(value), f"{value} "]
        case "date":
            return [wareki(value), wareki(value, short=True), value.strftime("%Y/%m/%d")]
        case "multi":
            codes = [str(code) for code in sorted(value)]
            joined = [sign.join(codes) for sign in ("・", "，", "／", " ", "\n")]
            return [*joined, "".join(codes).translate(CIRCLED)]
        case "single" | "ordinal" | "battery":
            label = question.option(value).ja
            return [wide(value), f"{value}.{label}", label]
    return []
