"""Invented replies written as real ones arrive: titles, merged headers, slips of all kinds."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
import yaml

from analysis import paths
from analysis.codebook import Codebook, Question
from analysis.errors import InputError
from analysis.simulate import SIZES, Simulated, code_of, frames, simulate

STEMS = (
    *("青嶺", "白浪崎", "緑陵ヶ原", "桜瀬川", "星見野", "風早浜", "水鏡", "朝凪浦"),
    *("夕映", "若鮎川", "鈴音", "月影浦", "花霞", "雲居原", "瑠璃川", "霧ヶ沢"),
)
TOWN = 6  # size class of towns and villages in the questionnaire
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
CIRCLED = str.maketrans({str(k): chr(0x2460 + k - 1) for k in range(1, 10)})
EPOCH = dt.datetime(2019, 9, 2)
TITLE = "【架空データ】自治体の情報人材に関する調査　回答一覧"


def name_of(i: int, size: int) -> str:
    """The name of the i-th fictional municipality, a town where its class says so."""
    ending = "町" if size == TOWN else "市"
    again = i // len(STEMS)
    return f"{STEMS[i % len(STEMS)]}{f'第{again + 1}' if again else ''}{ending}"


def plain(value: Any, question: Question) -> Any:
    """An answer as a tidy office would write it in a cell."""
    if value == "not_applicable":
        return "非該当" if question.type in {"integer", "ratio"} else ""
    if value is None:
        return "無回答" if question.type in {"single", "ordinal"} else ""
    if isinstance(value, set | frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, dt.date):
        return f"{value:%Y-%m}" if question.precision == "month" else value.isoformat()
    return value


def wareki(day: dt.date, *, short: bool = False) -> str:
    """A date in the Japanese era, as offices write it."""
    reiwa = day >= dt.date(2019, 5, 1)
    year = day.year - (2018 if reiwa else 1988)
    if short:
        return f"{'R' if reiwa else 'H'}{year}.{day.month}.{day.day}"
    return f"{'令和' if reiwa else '平成'}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def table(drawn: Simulated, book: Codebook) -> list[dict[str, Any]]:
    """Tidy cells: one dictionary a reply, a key a column (batteries have one each)."""
    rows = []
    for i, record in enumerate(drawn.records):
        row: dict[str, Any] = {"Q00": name_of(i, record["Q02"])}
        for question in book:
            for key in question.variables if question.type == "battery" else (question.id,):
                if key != "Q00":
                    row[key] = plain(record[key], question)
        rows.append(row)
    return rows


# What happens to single cells of the demo wave of 2019: reply, column, and what the office did.
# Together they show every kind of finding.
SLIPS: tuple[tuple[int, str, Callable[[Any], Any]], ...] = (
    (0, "Q03", lambda v: f"{v:,}".translate(WIDE)),
    (1, "Q03", lambda v: f"{v / 10_000:.1f}万人"),
    (2, "Q03", lambda v: f"約{round(v, -3):,}"),
    (3, "Q03", lambda v: f"{v:,}人"),
    (4, "Q05", lambda v: str(v).translate(WIDE)),
    (0, "Q08", lambda v: f"{v}名"),
    (5, "Q08", lambda v: f"{v}人程度"),
    (6, "Q10", lambda v: "1〜2"),
    (1, "Q09", lambda v: 900),
    (9, "Q11", lambda v: "△1.0"),
    (2, "Q26", lambda v: 0.62),
    (7, "Q26", lambda v: "４５％"),
    (8, "Q26", lambda v: "#N/A"),
    (9, "Q26", lambda v: "%"),
    (0, "Q04", lambda v: "令和元年8月5日"),
    (1, "Q04", lambda v: "R1.8.9"),
    (2, "Q04", lambda v: "平成31年8月5日"),
    (3, "Q04", lambda v: 43682),
    (4, "Q04", lambda v: "８月頃"),
    (5, "Q33", lambda v: "H30.3"),
    (6, "Q33", lambda v: "平成30年3月"),
    (3, "Q13", lambda v: 13),
    (4, "Q24", lambda v: dt.date(2019, 1, 3)),
    (5, "Q21", lambda v: "②、③"),
    (6, "Q19", lambda v: "1 3 5"),
    (7, "Q17", lambda v: "1、7"),
    (8, "Q34", lambda v: "1、3、4、8"),
    (9, "Q34", lambda v: "1、12"),
    (0, "Q02", lambda v: "中核市"),
    (10, "Q02", lambda v: "６"),
    (11, "Q16", lambda v: "1、2"),
    (12, "Q12", lambda v: "不明"),
    (10, "Q31", lambda v: "7"),
    (11, "Q07", lambda v: "1、2"),
    (12, "Q15", lambda v: "把握していない"),
    (13, "Q35", lambda v: "生え抜き職員の育成"),
    (13, "Q20", lambda v: "12.5日"),
)


def messy_workbook(rows: list[dict[str, Any]], book: Codebook) -> bytes:
    """One workbook with all replies, as the institute's assistant pasted it together."""
    rows = [dict(row) for row in rows]
    for at, key, slip in SLIPS:
        if at < len(rows):
            rows[at][key] = slip(rows[at][key])
    again = {**rows[1], "Q04": "R1.8.20", "Q09": 1, "Q12": 2}  # a corrected reply, sent later
    rows = [*rows, again]
    rows[2]["Q01"] = int(rows[2]["Q01"][:5])  # without its check digit, as a number
    rows[3]["Q01"] = rows[3]["Q01"].translate(WIDE)
    rows[4]["Q01"] = rows[4]["Q01"][:5] + str((int(rows[4]["Q01"][5]) + 1) % 10)  # a slip
    rows[5]["Q00"] = f"{rows[5]['Q00']}役所"
    rows[7]["Q00"] = rows[7]["Q00"][:-1]
    columns = list(rows[0])
    buffer = io.BytesIO()
    out = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    out.set_properties({"title": TITLE, "created": EPOCH})
    sheet = out.add_worksheet("回答")
    bold = out.add_format({"bold": True, "align": "center", "text_wrap": True, "border": 1})
    date = out.add_format({"num_format": "yyyy/m/d"})
    sheet.write(0, 0, TITLE, out.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, "※本ファイルの自治体と回答はすべて架空です。")
    _header(sheet, columns, book, bold)
    for i, row in enumerate(rows, 5):
        for j, key in enumerate(columns):
            value = row[key]
            if isinstance(value, dt.date):
                sheet.write_datetime(i, j, dt.datetime.combine(value, dt.time()), date)
            elif value != "":
                sheet.write(i, j, value)
    end = 5 + len(rows)
    sheet.write(end, 0, "合計")
    numbers = [r["Q08"] for r in rows if isinstance(r["Q08"], int)]
    sheet.write(end, columns.index("Q08"), sum(numbers))
    sheet.write(end + 1, 0, "注　1団体は期日までに回答がなかった。")
    sheet.write(5, len(columns), "電話で確認済み")
    sheet.set_column(columns.index("Q18"), columns.index("Q18"), None, None, {"hidden": True})
    sheet.freeze_panes(5, 2)
    notes = out.add_worksheet("記入要領")
    notes.write(0, 0, "複数選択の設問は、番号を「、」で区切ってご記入ください。")
    out.close()
    return buffer.getvalue()


def _header(sheet: Any, columns: list[str], book: Codebook, bold: Any) -> None:
    """Two header rows: the section merged over its questions, then the questions."""
    owner = [book.question_of[key] if key in book.question_of else book[key] for key in columns]
    start = 0
    for j in range(1, len(columns) + 1):
        if j < len(columns) and owner[j].section == owner[start].section:
            continue
        title = next(s.ja for s in book.sections if s.id == owner[start].section)
        if j - 1 > start:
            sheet.merge_range(3, start, 3, j - 1, title, bold)
        else:
            sheet.write(3, start, title, bold)
        start = j
    for j, (key, question) in enumerate(zip(columns, owner, strict=True)):
        sheet.write(4, j, _heading(key, question, book), bold)


def _heading(key: str, question: Question, book: Codebook) -> str:
    if question.identity == "name":
        return "団体名"
    label = (
        book.label(key).ja if key in book.question_of and key != question.id else question.label.ja
    )
    return f"{key.replace('Q', '問', 1)} {label}" if key == question.id else f"{key} {label}"


def tidy_csv(rows: list[dict[str, Any]], encoding: str = "cp932") -> bytes:
    """Replies as a text file from a spreadsheet program."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(["団体名" if key == "Q00" else key for key in rows[0]])
    for row in rows:
        writer.writerow(list(row.values()))
    return buffer.getvalue().encode(encoding)


def simulate_wave(name: str, *, n: int = 16, seed: int = 20191003, truth: str = "A") -> str:
    """Make the wave data/raw/NAME of `n` invited, the last of which did not reply."""
    folder = paths.raw(name)
    if folder.exists():
        raise InputError(f"data/raw/{name} exists already", hint="choose another name")
    book = Codebook.read("it-staffing")
    drawn = simulate(n - 1, truth=truth, seed=seed, codebook=book)  # type: ignore[arg-type]
    write_wave(folder, drawn, book, invited=n, style="xlsx", year=2019)
    return f"data/raw/{name}: {n - 1} invented replies of {n} invited (truth {truth}, seed {seed})"


def write_wave(
    folder: Path, drawn: Simulated, book: Codebook, *, invited: int, style: str, year: int
) -> None:
    """Write a wave.yml and one file of replies."""
    rows = table(drawn, book)
    if style == "xlsx":
        file, content = "replies.xlsx", messy_workbook(rows, book)
    else:
        file, content = "replies.csv", tidy_csv(rows)
    sizes = [record["Q02"] for record in drawn.records]
    sizes += [TOWN] * (invited - len(sizes))
    asked = [
        {
            "code": code_of(i + 1),
            "name": name_of(i, size),
            "size_class": SIZES[size],
        }
        for i, size in enumerate(sizes)
    ]
    about = {
        "title": {
            "ja": f"【架空データ】情報人材調査 {year}年（デモ）",
            "en": f"Demo survey on IT staffing, {year} (invented data)",
        },
        "as_of": dt.date(year, 4, 1),
        "publisher": {"ja": "架空データ（デモ用）", "en": "Invented data (demonstration)"},
        "codebook": book.id,
        "data": "invented",
        "invited": asked,
        "files": [{"path": file, "layout": "rows"}],
    }
    if style == "csv":
        about["files"][0]["encoding"] = "cp932"  # type: ignore[index]
    paths.write_atomic(folder / file, content)
    head = "# Made by `python -m analysis.arrivals`; every municipality and answer is fictional.\n"
    text = yaml.safe_dump(about, allow_unicode=True, sort_keys=False)
    paths.write_atomic(folder / "wave.yml", head + text)


def demo_waves(raw: Path) -> None:
    """demo-2019 (16 invited, 15 replied) and demo-2020 (16 replied, some changed approach)."""
    book = Codebook.read("it-staffing")
    first = simulate(15, seed=20191003, codebook=book)
    write_wave(raw / "demo-2019", first, book, invited=16, style="xlsx", year=2019)
    write_wave(
        raw / "demo-2020", a_year_later(first, book), book, invited=16, style="csv", year=2020
    )


CHANGED = (2, 9)  # replies whose approach is another one a year later


def a_year_later(first: Simulated, book: Codebook) -> Simulated:
    """The same municipalities in the next year: two changed approach, one more replied."""
    fresh = simulate(30, seed=20201003, codebook=book)
    spare = [r for r in fresh.records if r["Q02"] != TOWN]
    late = next(r for r in fresh.records if r["Q02"] == TOWN)
    rng = np.random.default_rng(2020)
    records = []
    for i in range(16):
        if i in CHANGED or i == 15:
            new = dict(spare[i] if i < 15 else late)
            if i < 15:
                new |= {key: first.records[i][key] for key in ("Q02", "Q03", "Q05")}
        else:
            new = dict(first.records[i])
            for key in ("Q12", "Q30_1", "Q30_2", "Q31"):
                if isinstance(new[key], int) and rng.random() < 0.5:
                    new[key] = min(5, new[key] + 1)
        new["Q01"] = code_of(i + 1)
        new["Q04"] = dt.date(2020, 7, 20) + dt.timedelta(days=int(rng.integers(0, 25)))
        records.append(new)
    responses, status = frames(records, book)
    return Simulated(records, responses, status, fresh.truth.iloc[:0])


if __name__ == "__main__":
    demo_waves(paths.root() / "data" / "raw")
