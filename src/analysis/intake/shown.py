"""What a spreadsheet shows of a number or a day, by the format of its cell: ¥5,000, 1%, 4月1日."""

from __future__ import annotations

import re

# of the first part of a format: words, a sign after a backslash, what is only room, a colour,
# condition or currency, the digits with their commas, a per cent sign, anything else
PIECES = re.compile(
    r'"(?P<words>[^"]*)"|\\(?P<sign>.)|(?P<room>[_*].)|\[\$(?P<money>[^\]-]{0,9})[^\]]{0,40}\]'
    r"|(?P<rule>\[[^\]]{0,40}\])|(?P<digits>[0#?](?:[0#?.,/ ]*[0#?])?,*)|(?P<general>General)"
    r"|(?P<percent>%)|(?P<end>;)|(?P<other>.)"
)
LONGEST = 255  # letters of a format that Excel takes
THOUSANDS = {0: "", 1: "千", 2: "百万", 3: "十億"}
MONEY = {"¥": "円", "￥": "円", "\\": "円", "$": "ドル", "€": "ユーロ"}


def is_without_year(code: str) -> bool:
    """Whether a format shows the month and the day of a date, and no year.

    >>> [is_without_year(code) for code in ("m/d", "d-mmm", 'm"月"d"日"', "yyyy/m/d", "mm:ss", "0")]
    [True, True, True, False, False, False]
    """
    bare = re.sub(r'"[^"]*"|\[[^\[\]]*\]|\\.', "", code[:LONGEST]).replace("General", "").lower()
    return "m" in bare and "d" in bare and re.search("[yegh0#s]", bare) is None


def as_shown(number: str, code: str) -> str:
    """A number with the words and units that the format of its cell puts around it.

    Digits are not rounded and not grouped. What commas behind the digits divide by stands as a
    unit. Of a format with a condition the number is given back as it is.

    >>> [as_shown("0.625", code) for code in ("0.0%", '0.0"%"', "0.00")]
    ['62.5%', '0.625%', '0.625']
    >>> [as_shown("5000", code) for code in ("¥#,##0", '#,##0"円"', "#,##0,", '#,##0,"千円"')]
    ['5000円', '5000円', '5千', '5千円']
    """
    before, behind, value, digits = "", "", float(number), False
    for piece in PIECES.finditer(code[:LONGEST]):
        kind, text = str(piece.lastgroup), piece[str(piece.lastgroup)]
        if kind == "end":
            break
        if kind == "rule" and re.match(r"\[[<>=]", text):
            return number
        if kind in {"digits", "general"}:
            digits = True
            scale = min(len(text) - len(text.rstrip(",")), max(THOUSANDS))
            value /= 1000**scale
            behind += THOUSANDS.get(scale, "")
        elif kind == "percent":
            value, behind = value * 100, behind + "%"
        elif kind in {"words", "sign", "money", "other"}:
            before, behind = (before, behind + text) if digits else (before + text, behind)
    if not digits:
        return number
    before, behind = before.strip(), behind.strip()
    for sign in [sign for sign in MONEY if sign in before]:
        before, behind = before.replace(sign, ""), behind + MONEY[sign]
    behind = re.sub("^(千|百万|十億)(?=\\1)", "", behind)  # said in words, too
    return f"{before}{value:.15g}{behind}" if before or behind else number
