"""Invented replies written as they would arrive, with the slips that offices make."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
import yaml

from analysis import paths
from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.errors import InputError, printed
from analysis.text import LANGUAGES, label
from workbench.demo.simulate import SIZES, TOWN, Simulated, code_of, frames, name_of, simulate

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
    corrected = {"Q04": "R1.8.20", "Q09": 1, "Q12": 2, "Q35": ""}
    return [*rows, *(row | corrected for row in rows[1:2])]


def as_in_2020(rows: list[Row], drawn: Simulated) -> list[Row]:
    """Fewer slips; a reply came twice on a day, one bears another name, one is a trial entry."""
    rows = slip(rows, drawn, SLIPS_2020)
    rows[0]["Q09"] = drawn.records[0]["Q08"] + 1  # a part above its total
    rows[1]["Q00"] = rows[2]["Q00"]
    rows[6] |= {key: "○" if rows[6][key] == 1 else "" for key in TICKED}
    rows[9] |= {key: "－" for key in TICKED if rows[9][key] == 0} | {"Q32_7": "不明"}
    rows[10]["Q32_1"] = "検討中"  # one of its ticks cannot be read
    trial = dict.fromkeys(rows[0], "") | {"Q00": "入力テスト", "Q01": "999999", "Q08": "1"}
    return [*rows, {**rows[7], "Q18": 1}, trial]


def soiled(
    rows: list[Row], drawn: Simulated, book: Codebook, share: float, rng: np.random.Generator
) -> list[Row]:
    """The rows with this share of the answers written in some other way that means the same."""
    rows = [dict(row) for row in rows]
    for row, record in zip(rows, drawn.records, strict=True):
        for key, value in record.items():
            ways = _ways(value, book.named[key])
            if key in row and ways and rng.random() < share:
                row[key] = ways[int(rng.integers(len(ways)))]
    return rows


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


WORDS = ("publisher", "mode", "contact")  # of wave.yml
EPOCH = dt.datetime(2019, 9, 2)
TITLE = "【架空データ】自治体の情報人材に関する調査　回答一覧"


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


def table(drawn: Simulated, book: Codebook, *, ticks: bool = False) -> list[Row]:
    """Tidy cells, one row a reply, batteries with a column an item.

    `ticks`: the questions of `TICKED` with a column an option, 1 or 0.
    """
    rows = []
    for record in drawn.records:
        row: Row = {}
        for question in book:
            answer = record.get(question.id)
            if ticks and set(question.variables) <= TICKED:
                codes = [option.code for option in question.options]
                told = [int(c in answer) for c in codes] if answer else [""] * len(codes)
                row |= dict(zip(question.variables, told, strict=True))
                continue
            for key in question.variables if question.type == "battery" else (question.id,):
                row[key] = plain(record[key], question)
        rows.append(row)
    return rows


def workbook(rows: Sequence[Row], book: Codebook) -> bytes:
    """One workbook with all replies, as the institute's assistant pasted it together."""
    columns = list(rows[0])
    buffer = io.BytesIO()
    out = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    out.set_properties({"title": TITLE, "created": EPOCH})
    sheet = out.add_worksheet("回答")
    bold = out.add_format({"bold": True, "align": "center", "text_wrap": True, "border": 1})
    date = out.add_format({"num_format": "yyyy/m/d"})
    sheet.write(0, 0, TITLE, out.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, "※本ファイルの自治体と回答はすべて架空です。")
    sheet.write_comment(1, 0, "回収：情報人材調査 事務局", {"author": "事務局"})
    _header(sheet, columns, book, bold)
    for i, row in enumerate(rows, 5):
        for j, key in enumerate(columns):
            value = row[key]
            if isinstance(value, dt.date):
                sheet.write_datetime(i, j, dt.datetime.combine(value, dt.time()), date)
            elif value == MERGED:
                sheet.merge_range(i - 1, j, i, j, rows[i - 6][key])
            elif value == ERROR:
                sheet.write_formula(i, j, value, None, "#N/A")
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
    owners = [book.named[key] for key in columns]
    titles, end = {section.id: section.ja for section in book.sections}, 0
    for section, group in groupby(owners, key=lambda question: question.section):
        start, end = end, end + len(list(group))
        if end - start > 1:
            sheet.merge_range(3, start, 3, end - 1, titles[section], bold)
        else:
            sheet.write(3, start, titles[section], bold)
    known = {"Q00": "団体名", "Q12": "問12 人手の状況"}  # the assistant's own words
    for j, (key, question) in enumerate(zip(columns, owners, strict=True)):
        whole = key == question.id
        number, text = (
            (key.replace("Q", "問", 1), question.label) if whole else (key, book.label(key))
        )
        sheet.write(4, j, known.get(key, f"{number} {text.ja}"), bold)


def tidy_csv(rows: Sequence[Row]) -> bytes:
    """Replies as a text file that a spreadsheet program saved."""
    text = pd.DataFrame(rows, dtype=object).rename(columns={"Q00": "団体名"})
    return text.to_csv(index=False, lineterminator="\r\n").encode("cp932")


def simulate_wave(wave: str, *, n: int = 16, seed: int = 20191003, truth: str = "A") -> str:
    """Make the wave data/raw/WAVE of `n` invited, the last of which did not reply."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", wave):
        raise InputError(
            "a wave cannot be called {wave!r}", hint="use letters, digits, - and _", wave=wave
        )
    if n < 2:
        raise InputError(
            "{n} invited are too few", hint="one replies, one does not: at least 2", n=n
        )
    folder = paths.raw(wave)
    if folder.exists():
        raise InputError("data/raw/{wave} exists already", hint="choose another name", wave=wave)
    book = Codebook.read("it-staffing")
    drawn = simulate(n - 1, truth=truth, seed=seed, codebook=book)  # type: ignore[arg-type]
    write_wave(folder, drawn, book, invited=n, year=2019, dirty=0.02, seed=seed)
    return printed(
        "data/raw/{wave}: {replies} invented replies of {n} invited (truth {truth}, seed {seed})",
        wave=wave,
        replies=n - 1,
        n=n,
        truth=truth,
        seed=seed,
    )


def write_wave(
    folder: Path,
    drawn: Simulated,
    book: Codebook,
    *,
    invited: int,
    year: int,
    slips: bool = True,
    dirty: float = 0.0,
    seed: int = 0,
) -> None:
    """Write a wave.yml and one file of replies as they arrive: a workbook in 2019, later a CSV.

    `slips`: the first replies have the slips of the demo waves. `dirty`: this share of the answers
    is written in some unusual way that means the same.
    """
    early = year == 2019
    rows = table(drawn, book, ticks=not early)
    if dirty:
        rows = soiled(rows, drawn, book, dirty, np.random.default_rng(seed))
    if slips:
        rows = as_in_2019(rows, drawn) if early else as_in_2020(rows, drawn)
    file = "replies.xlsx" if early else "replies.csv"
    content = workbook(rows, book) if early else tidy_csv(rows)
    sizes = [record["Q02"] for record in drawn.records]
    sizes += [TOWN] * (invited - len(sizes))
    asked = [
        {"code": code_of(i), "name": name_of(i, size), "size_class": SIZES[size]}
        for i, size in enumerate(sizes, 1)
    ]
    words = {k: {name: label(f"demo.{k}", name) for name in LANGUAGES} for k in WORDS}
    about = {
        "title": {name: label("demo.title", name, year=year) for name in LANGUAGES},
        "as_of": dt.date(year, 4, 1),
        **words,
        "codebook": book.id,
        "data": "invented",
        "invited": asked,
        "population": "invited",
        "files": [{"path": file, "layout": "rows"} | ({} if early else {"encoding": "cp932"})],
    }
    paths.write_atomic(folder / file, content, received=True)
    head = "# Made by `workbench simulate`; every municipality and answer is fictional.\n"
    text = yaml.safe_dump(about, allow_unicode=True, sort_keys=False)
    paths.write_atomic(folder / "wave.yml", head + text, received=True)


def demo_waves(raw: Path) -> None:
    """demo-2019 (16 invited, 15 replied) and demo-2020 (16 replied, some changed approach)."""
    book = Codebook.read("it-staffing")
    first = simulate(15, seed=20191003, codebook=book)
    write_wave(raw / "demo-2019", first, book, invited=16, year=2019)
    write_wave(raw / "demo-2020", a_year_later(first, book), book, invited=16, year=2020)


CHANGED = (2, 9)  # replies whose approach is another one a year later


def a_year_later(first: Simulated, book: Codebook) -> Simulated:
    """The same 15 municipalities in the next year: two changed approach, and a 16th replied."""
    fresh = simulate(60, seed=20201003, codebook=book)
    rng = np.random.default_rng(2020)
    records, truth = [], []
    for i in range(16):
        if i < 15 and i not in CHANGED:
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
    responses, status = frames(records, book)
    known = pd.DataFrame(truth).set_axis(responses.index)
    return Simulated(records, responses, status, known.astype(first.truth.dtypes))


def _like(before: Row, kind: int, fresh: Simulated) -> int:
    """Which fresh municipality is of another type, yet of the same class and a similar size."""
    same = [at for at, record in enumerate(fresh.records) if record["Q02"] == before["Q02"]]
    other = [at for at in same if fresh.truth["type"].iloc[at] != kind]
    return min(other, key=lambda at: abs((fresh.records[at]["Q03"] or 0) - before["Q03"]))


if __name__ == "__main__":
    demo_waves(paths.root() / "data" / "raw")
