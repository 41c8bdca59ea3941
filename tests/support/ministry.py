"""Invented tables in the shapes in which the ministry published procedures online (R05 and R06)."""

import openpyxl
from openpyxl.utils import get_column_letter

from analysis.codebook import municipality

HEADS = [
    "図書館の図書貸出予約等",
    "文化・スポーツ施設等の利用予約等",
    "研修・講習・各種イベント等の申込",
    "地方税申告手続（eLTAX）",
    "水道使用開始届等",
    "粗大ごみ収集の申込",
    "犬の登録申請、死亡届",
    "職員採用試験申込",
    "転出届【市区町村のみ】",
    "転入予定市区町村への来庁予定の連絡【市区町村のみ】",
]
# row and width of the data, and how many columns a procedure has
SHAPES = {"R05": (9, 6, "令和４年度実績"), "R06": (8, 5, "令和5年度実績")}
ROWS = {"R05": ("there", "online", "note", "total", "used", "rate"),
        "R06": ("there", "online", "total", "used", "rate")}  # fmt: skip


def answers(at, number, issue):
    """What municipality `at` says of a procedure, by the names of `ROWS`."""
    there = (at + number) % 7 != 0
    online = there and (at * 3 + number) % 5 < (2 if issue == "R05" else 3)
    total = 200 if there else None
    used = ((at % 9) * 20 if at % 11 else 1) if online else (0 if there else None)
    return {
        "there": "有" if there else "無",
        "online": None if not there else "済" if online else "未",
        "note": None,
        "total": total,
        "used": used,
        "rate": None if total is None else 100 * used / total,
    }


def write(path, issue, places, *, title=None):
    """A workbook of the issue with a row for each place: code, prefecture, name."""
    first, width, said = SHAPES[issue]
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("市区町村")):
        sheet.title = "市区町村" if sheet is not book.active else "都道府県"
        rows = places if sheet.title == "市区町村" else PREFECTURES
        sheet["A1"] = f"オンライン利用状況調査（{title or said}）"
        for column, text in zip(
            "ABDE", ("No.", "団体コード", "都道府県名", "市区町村名"), strict=True
        ):
            sheet[f"{column}6"] = text
        for number, head in enumerate(HEADS):
            left = 7 + width * number
            sheet.cell(6, left, head)
            ends = (get_column_letter(left), get_column_letter(left + width - 1))
            sheet.merge_cells(f"{ends[0]}6:{ends[1]}6")
            for right, name in enumerate(ROWS[issue]):
                sheet.cell(7, left + right, f"（{name}）")
        for at, (code, prefecture, name) in enumerate(rows):
            row = first + at
            shown = code if issue == "R05" else code[:5]
            for column, value in zip("ABDE", (at + 1, shown, prefecture, name), strict=True):
                sheet[f"{column}{row}"] = value
            for number in range(len(HEADS)):
                said_ = answers(at, number, issue)
                for right, name_ in enumerate(ROWS[issue]):
                    value = said_[name_]
                    if issue == "R05" and value is not None:  # counts are texts, shares fractions
                        value = {"total": str, "used": str}.get(name_, lambda v: v)(value)
                        value = value / 100 if name_ == "rate" else value
                    sheet.cell(row, 7 + width * number + right, value)
    book.save(path)
    return path


PREFECTURES = [("010006", "北海道", None), ("020001", "青森県", None)]


def everybody():
    """All municipalities of today: code, prefecture, name."""
    return [
        (code, prefecture, name) for code, prefecture, name in municipality.register().itertuples()
    ]
