"""Forms of one questionnaire in styles drawn at random, filled in at random, by a seed.

What differs between forms that offices send: how questions are numbered and worded, empty, merged
or numbered columns, where an answer stands and how it is written. `made` gives one survey.
"""

import random
from collections.abc import Callable
from typing import Any

from analysis.codebook.model import Codebook

WHO = ["札幌市", "函館市", "仙台市", "姫路市"]
WAYS = ["新卒採用", "中途採用", "任期付職員", "民間からの出向"]
PLANS = ["増やす", "変わらない", "減らす", "未定"]
AGREE = ["そう思う", "ややそう思う", "どちらともいえない", "あまりそう思わない", "そう思わない"]
STAGES = ["実施済", "予定", "未定"]
ITEMS = ["職員研修", "専門職の採用", "業務委託"]
OTHER = 9
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

Row = list[Any]


def _options(words: list[str], *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [*({"code": k, "ja": w, "en": f"option {k}"} for k, w in enumerate(words, 1)), *more]


_ASKED: dict[str, dict[str, Any]] = {
    "N": {"role": "id", "type": "text", "identity": "name", "ja": "団体名"},
    "Q1": {"type": "integer", "ja": "情報担当職員数", "unit": {"ja": "人", "en": "persons"}},
    "Q2": {"type": "binary", "ja": "CIOの設置"},
    "Q3": {"type": "multi", "ja": "採用の方法", "options": _options(
        WAYS, {"code": OTHER, "ja": "その他", "en": "other", "other": True})},
    "Q4": {"type": "single", "ja": "今後の採用予定", "options": _options(PLANS)},
    "Q5": {"type": "ordinal", "ja": "人材は足りているか", "options": _options(AGREE)},
    "Q6": {"type": "battery", "ja": "取組の状況", "options": _options(STAGES),
           "items": [{"id": f"Q6_{k}", "ja": w, "en": w} for k, w in enumerate(ITEMS, 1)]},
    "Q7": {"type": "date", "ja": "計画の策定日"},
    "Q8": {"type": "ratio", "ja": "研修の受講率", "unit": {"ja": "％", "en": "%"}},
    "Q9": {"type": "text", "ja": "自由意見"},
}  # fmt: skip
BOOK = Codebook.parse({
    "id": "f", "title": {"ja": "IT人材調査", "en": "IT staff"}, "version": "1",
    "sections": [{"id": "A", "ja": "体制", "en": "Organisation"}],
    "questions": [{"section": "A", "role": "context", "en": "a question", "id": id, **asked}
                  for id, asked in _ASKED.items()],
})  # fmt: skip


def _answers(rng: random.Random, style: dict[str, Any]) -> dict[str, Any]:
    """One office's answers; None where it left a question out."""
    codes = [*range(1, len(WAYS) + 1)]
    chosen = {code for code in codes if rng.random() < 0.45} or {1}
    if style["words beside other"] and rng.random() < 0.4:
        chosen |= {OTHER}
    answers = {
        "Q1": rng.choice([0, 1, 2, 5, 12, 30, 120]),
        "Q2": rng.random() < 0.5,
        "Q3": chosen,
        "Q4": rng.randint(1, len(PLANS)),
        "Q5": rng.randint(1, len(AGREE)),
        "Q6": [rng.randint(1, len(STAGES)) for _ in ITEMS],
        "Q7": (rng.randint(2020, 2025), rng.randint(1, 12), rng.randint(1, 28)),
        "Q8": rng.choice([0, 5, 12.5, 50, 100]),
        # four offices do not write the same sentence, and what all forms have is print
        "Q9": rng.choice([f"人材が{rng.randint(2, 99)}人足りない", "特になし"]),
    }
    for id in ("Q1", "Q2", "Q4", "Q5", "Q7", "Q8", "Q9") if style["left out"] else ():
        answers[id] = answers[id] if rng.random() > 0.15 else None
    return answers | {"other": rng.choice(["会計年度任用職員", "広報", "派遣"])}


STYLE: dict[str, list[Any]] = {
    "number": ["問{n} ", "【問{n}】", "Q{n}. ", "問{n}．", "{n}. ", "問{n}　", "設問{n}：", ""],
    "request": ["", "", "（必須）", "をお答えください。", "について"],
    "empty cells": [0, 0, 0, 1, 2],
    "merged": [False, True],
    "column before": [None, None, "empty", "numbers"],
    "empty rows": [False, True],
    "sections": [False, True],
    "note": [False, True],
    "name": ["beside", "behind a cell"],
    "mark": ["○", "◯", "✓", "レ", "●", "■", "1"],
    "no mark": [None, None, "　"],
    "option": ["{k}．", "{k} ", "({k})", "{c}", ""],
    "left out": [False, True],
    "words beside other": [False, True],
    "full width": [False, False, True],
}


def _line(style: dict[str, Any], label: str, *cells: Any) -> list[Row]:
    return [[label, *[None] * style["empty cells"], *cells]]


def _listed(style: dict[str, Any], words: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(k, style["option"].format(k=k, c=CIRCLED[k]) + word) for k, word in words]


def _marked(how: str, style: dict[str, Any], label: str, words: Any, chosen: set[int]) -> list[Row]:
    """A question whose options are listed and marked."""
    words = [*enumerate(words, 1)] if isinstance(words[0], str) else words

    def mark(code: int) -> Any:
        return style["mark"] if code in chosen else style["no mark"]

    match how:
        case "marks before":
            return [[label], *([mark(k), word] for k, word in _listed(style, words))]
        case "marks behind":
            return [[label], *([word, mark(k)] for k, word in _listed(style, words))]
        case "row below" | "row above":
            rows = [[None, *(word for _, word in words)], [None, *(mark(k) for k, _ in words)]]
            return [[label], *(rows if how == "row below" else rows[::-1])]
        case "boxes":
            return [[label], *([("☑ " if k in chosen else "☐ ") + word] for k, word in words)]
        case "boxes in a cell":
            texts = (("☑" if k in chosen else "☐") + word for k, word in words)
            return _line(style, label, "　".join(texts))
        case "squares in a cell":
            texts = (("■" if k in chosen else "□") + word for k, word in words)
            return _line(style, label, "\n".join(texts))
    texts = (("○" if k in chosen else "") + f"{k}．{word}" for k, word in words)
    return _line(style, label, "　".join(texts))


MARKED = ["marks before", "marks behind", "row below", "boxes in a cell", "squares in a cell"]
ONE = [*MARKED, "row above", "circle in a cell", "code", "words", "code and words",
       "code below the list"]  # fmt: skip


def _one(how: str, style: dict[str, Any], label: str, words: list[str], code: Any) -> list[Row]:
    """A question of one choice."""
    match how:
        case "code":
            return _line(style, label, code)
        case "words":
            return _line(style, label, code and words[code - 1])
        case "code and words":
            return _line(style, label, code and f"{code}．{words[code - 1]}")
        case "code below the list":
            listed = "　".join(f"{k}．{word}" for k, word in enumerate(words, 1))
            return [[label], [listed], ["回答欄", code]]
    return _marked(how, style, label, words, {code} - {None})


def _number(how: str, style: dict[str, Any], label: str, value: Any, unit: str) -> list[Row]:
    text = str(value).translate(FULL_WIDTH) if style["full width"] else value
    match how:
        case "unit in the cell":
            return _line(style, label, None if value is None else f"{text}{unit}")
        case "unit behind":
            return _line(style, label, None if value is None else text, unit)
        case "frame":
            return _line(style, label, f"（　{'　' if value is None else text}　）{unit}")
    return _line(style, label, None if value is None else text)


def _several(how: str, style: dict[str, Any], label: str, said: dict[str, Any]) -> list[Row]:
    inside = said["other"] if OTHER in said["Q3"] else "　　　"
    other = f"その他（{inside}）" if style["words beside other"] else "その他"
    words = dict([*enumerate(WAYS, 1), (OTHER, other)])
    match how:
        case "codes":
            return _line(style, label, "、".join(CIRCLED[k] for k in sorted(said["Q3"])))
        case "words":
            return _line(style, label, "、".join(words[k] for k in sorted(said["Q3"])))
    return _marked(how, style, label, [*words.items()], said["Q3"])


def _battery(how: str, style: dict[str, Any], label: str, codes: list[int]) -> list[Row]:
    lines: dict[str, Callable[[int], Row]] = {
        "matrix": lambda code: [
            style["mark"] if k == code else style["no mark"] for k in range(1, len(STAGES) + 1)
        ],
        "words": lambda code: [STAGES[code - 1]],
        "codes": lambda code: [code],
        "boxes": lambda code: [
            ("☑" if k == code else "☐") + word for k, word in enumerate(STAGES, 1)
        ],
    }
    heads = {"matrix": [[None, *STAGES]], "codes": [["1 実施済　2 予定　3 未定"]]}.get(how, [])
    rows = [[item, *lines[how](code)] for item, code in zip(ITEMS, codes, strict=True)]
    return [[label], *heads, *rows]


def _day(how: str, style: dict[str, Any], label: str, day: Any) -> list[Row]:
    year, month, date = day or (None, None, None)
    era = year and year - 2018
    if how == "cells":
        return _line(style, label, "令和", era, "年", month, "月", date, "日")
    texts = {
        "ISO": f"{year}-{month}-{date}",
        "era": f"令和{era}年{month}月{date}日",
        "slashes": f"{year}/{month}/{date}",
        "letter": f"R{era}.{month}.{date}",
    }
    return _line(style, label, day and texts[how])


ANSWERED: dict[str, list[str]] = {
    "Q1": ["bare", "unit in the cell", "unit behind", "frame"],
    "Q2": ["marks before", "boxes in a cell", "squares in a cell", "words"],
    "Q3": [*MARKED, "boxes", "codes", "words"],
    "Q4": ONE,
    "Q5": ONE,
    "Q6": ["matrix", "words", "codes", "boxes"],
    "Q7": ["ISO", "era", "cells", "slashes", "letter"],
    "Q8": ["bare", "unit in the cell", "unit behind"],
    "Q9": ["beside", "below"],
}


def _question(id: str, style: dict[str, Any], said: dict[str, Any]) -> list[Row]:
    request = style["request"] if id not in {"Q6", "Q7", "Q9"} else ""
    label = style["number"].format(n=id[1:]) + str(_ASKED[id]["ja"]) + request
    how, answer = style[id], said[id]
    match id:
        case "Q1" | "Q8":
            return _number(how, style, label, answer, _ASKED[id]["unit"]["ja"])
        case "Q2":
            code = None if answer is None else 1 if answer else 2
            return _one(how, style, label, ["はい", "いいえ"], code)
        case "Q3":
            return _several(how, style, label, said)
        case "Q4" | "Q5":
            return _one(how, style, label, PLANS if id == "Q4" else AGREE, answer)
        case "Q6":
            return _battery(how, style, label, answer)
        case "Q7":
            return _day(how, style, label, answer)
    return [[label], [answer]] if how == "below" else _line(style, label, answer)


def _form(style: dict[str, Any], name: str, said: dict[str, Any]) -> list[Row]:
    rows: list[Row] = [["ＩＴ人材に関する調査票"], []]
    rows.append(["団体名", *([None] if style["name"] == "behind a cell" else []), name])
    rows += [["※ 令和6年4月1日現在でご記入ください。"], []] if style["note"] else [[]]
    for id in ANSWERED:
        if style["sections"] and id in {"Q1", "Q4"}:
            rows.append(["１　体制" if id == "Q1" else "２　今後"])
        first, *more = _question(id, style, said)
        number = int(id[1:]) if style["column before"] == "numbers" else None
        before = [number] if style["column before"] else []
        rows += [[*before, *first], *([*([None] if before else []), *row] for row in more)]
        rows += [[]] if style["empty rows"] else []
    return rows


def made(seed: int) -> list[tuple[str, list[Row], int, dict[str, Any]]]:
    """One survey of one to four offices: name, rows of the form, cells of a merged label, answers.

    The answers as `analysis` gives them: variable -> value, None where it is left out.
    """
    rng = random.Random(seed)
    style = {part: rng.choice(choices) for part, choices in (STYLE | ANSWERED).items()}
    forms = []
    for name in WHO[: rng.choice([1, 2, 4])]:
        said = _answers(rng, style)
        expected: dict[str, Any] = {id: said[id] for id in ("Q1", "Q4", "Q5", "Q8", "Q9")}
        expected["Q2"] = None if said["Q2"] is None else int(said["Q2"])
        expected |= {f"Q3_{k}": int(k in said["Q3"]) for k in (1, 2, 3, 4, OTHER)}
        words = style["words beside other"] and style["Q3"] != "codes"
        expected["Q3_other"] = said["other"] if words and OTHER in said["Q3"] else None
        expected |= {f"Q6_{k}": code for k, code in enumerate(said["Q6"], 1)}
        expected["Q7"] = said["Q7"] and "{}-{:02}-{:02}".format(*said["Q7"])
        merged = style["empty cells"] + 1 if style["merged"] and style["empty cells"] else 0
        forms.append((name, _form(style, name, said), merged, expected))
    return forms
