"""A codebook proposed from a file: columns of one question joined, types and options guessed."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import count, groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake.files import Sav, read_file, read_sav
from analysis.intake.headings import IDENTITY, NUMBERED, normalise
from analysis.intake.tables import EXAMPLE, NOTE, TOTAL
from analysis.intake.workbook import CellKind, Sheet
from workbench.office.audit import data_start

NUMBER_BEFORE = re.compile(
    r"^\s*(Q|問|設問|質問)\s*[0-9０-９]+([-_ー－の(（][0-9０-９]+[)）]?)?[.:．：、\s　]*"
)
TICKED = {"0", "1", "○", "〇", "◯", "×", "●", "✓", "✔", "レ", "TRUE", "FALSE"}
PART = re.compile(r"^[(]?0*(\d{1,2})[).:、]?(?!\d)(.*)$")
CODES = {"9", "99", "999", "9999", "-1", "-9", "-99", "-77", "-88"}  # likely no answers
MOSTLY = 0.75  # of the cells of a group that are ticks; the others are slips
NEUTRAL = re.compile(r"どちらとも|普通|ふつう")
STRONG = re.compile(r"非常|とても|大いに|十分|大変|全く|まったく|全然")
WEAK = re.compile(r"やや|ある程度|おおむね|概ね|少し|まあ|どちらかと|あまり")
NEGATIVE = re.compile(r"不|ない|なし|低|悪")
SCALE = 7  # points of the answers of a battery, at most


def groups_of(names: list[str], columns: list[list[str]]) -> list[tuple[list[int], str]]:
    """The columns of each question and its heading; most have one column."""
    found: list[tuple[list[int], str]] = []
    for whole, run in groupby(range(len(names)), key=lambda i: _whole(names[i])):
        own = list(run)
        labels = {_part(names[i])[1] for i in own}
        if whole and len(own) > 1 and len(labels) == len(own) and _kind([columns[i] for i in own]):
            found.append((own, whole))
        else:
            found += [([i], names[i]) for i in own]
    return found


def joined(id: str, name: str, parts: list[str], texts: list[str]) -> dict[str, Any]:
    """The question whose parts stand in columns of their own."""
    text = NUMBER_BEFORE.sub("", name) or name
    numbers = [number for number, _ in map(_part, parts)]
    if 0 in numbers or len({*numbers}) < len(numbers):
        numbers = list(range(1, len(parts) + 1))
    labels = [label or f"選択肢{number}" for number, (_, label) in
              zip(numbers, map(_part, parts), strict=True)]  # fmt: skip
    lines = [{"ja": label, "en": f"{label} (to translate)"} for label in labels]
    kind = "multi" if _kind([texts]) == "multi" else "battery"
    question = {"id": id, "section": "A", "type": kind, "role": "describe", "ja": text,
                "en": f"{text} (to translate)", "source": [name]}  # fmt: skip
    if question["type"] == "multi":
        options = [{"code": n} | line for n, line in zip(numbers, lines, strict=True)]
        return question | {"options": options}
    given = {*map(_plain, texts)}
    items = [{"id": f"{id}_{n}"} | line for n, line in zip(numbers, lines, strict=True)]
    if not any(text.isdecimal() for text in given - CODES):  # a scale in words
        words = in_order([text for text in map(_plain, texts) if text not in CODES])
        question |= {"missing_tokens": sorted(given & CODES)} if given & CODES else {}
        options = [{"code": code, "ja": word, "en": f"{word} (to translate)"}
                   for code, word in enumerate(words, start=1)]  # fmt: skip
        return question | {"options": options, "items": items}
    codes = sorted({int(text) for text in given - CODES if text.isdecimal()})
    if given & CODES:
        question["missing_tokens"] = sorted(given & CODES)
    return question | {"options": [open_option(code) for code in codes], "items": items}


def open_option(code: int) -> dict[str, Any]:
    """An option whose words the file does not tell."""
    return {"code": code, "ja": f"選択肢{code}", "en": f"option {code} (to fill in)"}


def in_order(texts: list[str]) -> list[str]:
    """The different answers, from the best to the worst where their words tell, else by number.

    >>> in_order(["不満", "やや不満", "不満", "満足", "どちらともいえない"])
    ['満足', 'どちらともいえない', 'やや不満', '不満']
    >>> in_order(["予定", "済", "済"])
    ['済', '予定']
    """
    words = [word for word, _ in Counter(texts).most_common()]
    ranks = {word: _rank(word) for word in words}
    told = len({*ranks.values()}) == len(words)
    return sorted(words, key=ranks.__getitem__) if told else words


def _rank(word: str) -> int:
    if NEUTRAL.search(word):
        return 0
    degree = 3 if STRONG.search(word) else 1 if WEAK.search(word) else 2
    return degree if NEGATIVE.search(word) else -degree


def _whole(name: str) -> str:
    """The heading of the question that a column is a part of, or nothing."""
    above, _, last = name.rpartition(" / ")
    numbered = NUMBERED.match(normalise(last))
    return f"問{int(numbered[1])}" if numbered and numbered[2] else above


def _part(name: str) -> tuple[int, str]:
    """The number (0 where there is none) and the words of a part."""
    last = name.rpartition(" / ")[2]
    numbered = NUMBERED.match(normalise(last))
    if numbered and numbered[2]:
        return int(numbered[2]), NUMBER_BEFORE.sub("", last).strip()
    found = PART.match(unicodedata.normalize("NFKC", last).strip())
    return (int(found[1]), found[2].strip()) if found else (0, last)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _kind(columns: list[list[str]]) -> str:
    """``multi``, ``battery`` or nothing, from what stands in the columns."""
    values = [{*map(_plain, column)} for column in columns]
    every = set[str]().union(*values)
    cells = [value for column in columns for value in map(_plain, column)]
    ticks = sum(cell in TICKED for cell in cells)
    if every and ticks >= MOSTLY * len(cells) and all(own & TICKED for own in values):
        return "multi"
    scale = {str(point) for point in range(1, SCALE + 1)}
    several = all(len(column) > 1 for column in values)
    points = every - CODES
    if len(points) > 2 and several and points <= scale:
        return "battery"
    # the same few words in all columns, none of them in one column alone
    shared = all(sum(point in own for own in values) > 1 for point in points)
    worded = 2 < len(points) <= SCALE and len(cells) >= 3 * len(points) and shared
    words = not any(point[:1].isdecimal() or point in TICKED for point in points)
    return "battery" if several and worded and words else ""


MISSING = {
    "no_answer": ("無回答", "no answer", ["無回答", "未回答", "未記入", "NA", "N/A"]),
    "not_applicable": (
        "非該当",
        "not applicable",
        ["非該当", "該当なし", "対象外", "－", "-", "*"],
    ),
    "dont_know": ("不明", "does not know", ["不明", "わからない", "把握していない"]),
}
NUMBER = re.compile(r"^(約|[-△▲])?[0-9][0-9,]*(\.[0-9]+)?(人|名|円|件|台|%|程度)*$")
DATE = re.compile(r"^(19|20)\d\d[-/.年]\d|^(令和|平成|昭和|R|H|S)\s*(元|\d+)[年.]")
YEAR = re.compile(r"^((19|20)\d\d|(令和|平成|昭和|R|H|S)\s*(元|\d+))(年度?)?$")
SEVERAL = re.compile(r"^\d{1,2}([、,・/; ]\d{1,2})+$")
BRACKETED = re.compile(r"[(（]([^()（）]{1,6})[)）]")
UNITS = {"人": "persons", "名": "persons", "円": "yen", "千円": "thousand yen", "%": "%", "％": "%",
         "百万円": "million yen", "億円": "hundred million yen", "件": "cases", "台": "units",
         "日": "days", "時間": "hours", "年": "years", "か月": "months", "ヶ月": "months",
         "歳": "years of age", "回": "times", "校": "schools", "団体": "municipalities",
         "世帯": "households", "箇所": "places", "か所": "places", "冊": "volumes",
         "点": "points"}  # fmt: skip
COUNT = re.compile(r"(数|額|日数|回数|面積|人口|年数)$")
FREE = re.compile(r"自由記述|自由記入|自由意見|ご意見")
RECEIVED = {"回答日", "回答年月日", "記入日", "記入年月日", "提出日", "ご回答日"}
EXPLAINED = re.compile(r"^(\d{1,2})\s*\([^()]*\)$")  # 9（その他：…） is option 9
NEVER_AN_ANSWER = {"無回答", "未回答", "未記入", "非該当", "対象外"}  # as the label of a code
YES_NO = ({"0", "1"}, {"○", "×"}, {"はい", "いいえ"}, {"有", "無"}, {"あり", "なし"})
VARIABLE = r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*"
MAX_OPTIONS = 12
HEAD = """\
# 下書き / Draft made from {file} by `workbench codebook draft`. To be finished by a person:
# - en: texts marked (to translate); role: cluster, factor, outcome or context where one applies
#   (outcomes never feed the typology); ask_if: skip rules; order and labels of the options
# - types are guesses from {n} records; `{question}` etc. list what was seen under `# seen:`
"""


def draft(file: str | Path) -> str:
    """The YAML text of a proposed codebook for a data file (xlsx, csv, tsv or SPSS).

    Raises
    ------
    InputError
        The file cannot be read, or holds no table with a heading and records.
    """
    file = Path(file)
    if file.is_dir():
        raise InputError(
            "this is a folder", file=file, hint="give one file with a table of replies, not forms"
        )
    sheets = read_file(file)
    sav = read_sav(file, file.name) if file.suffix.lower() in {".sav", ".zsav"} else None
    sheet = max((s for s in sheets if not s.hidden), key=lambda s: int((s.kind > 0).sum()),
                default=sheets[0])  # fmt: skip
    names, columns = _columns(sheet, sav)
    records = max((len(texts) for texts in columns), default=0)
    if not records:
        raise InputError(
            "no heading with records below it was found",
            file=file,
            sheet=sheet.sheet,
            hint="one row per municipality, the headings in the row above them",
        )
    if beside := _answer_in_heading(names):
        raise InputError(
            f"{beside} stands where a heading should, so this seems to be a form",
            file=file,
            sheet=sheet.sheet,
            hint="give a table of replies, one row a municipality; the codebook of a form is "
            "written by hand",
        )
    questions, seen = [], {}
    lasts = Counter(name.rpartition(" / ")[2] for name in names)
    tokens = {token for _, _, known in MISSING.values() for token in known}
    answers = [[text for text in texts if text not in tokens] for texts in columns]
    groups = [([i], name) for i, name in enumerate(names)] if sav else groups_of(names, answers)
    for id, (own, name) in zip(_ids([name for _, name in groups], sav), groups, strict=True):
        texts = [text for i in own for text in columns[i]]
        if len(own) > 1:
            parts = [names[i] for i in own]
            questions.append(joined(id, name, parts, [t for i in own for t in answers[i]]))
        else:
            questions.append(_question(id, name, texts, sav))
            last = name.rpartition(" / ")[2]
            if not sav and lasts[last] == 1:  # a heading of two rows: what stands in the cell
                questions[-1]["source"] = [last]
        seen[id] = _summary(texts)
    book = {
        "id": re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "draft",
        "title": {"ja": file.stem, "en": f"{file.stem} (to translate)"},
        "version": "0.1",
        "missing": {
            kind: {"ja": ja, "en": en, "tokens": tokens}
            for kind, (ja, en, tokens) in MISSING.items()
        },
        "sections": [{"id": "A", "ja": "設問", "en": "Questions"}],
        "questions": questions,
    }
    Codebook.parse(book, file=file)
    text = yaml.safe_dump(book, allow_unicode=True, sort_keys=False, width=100)
    for id, what in seen.items():
        text = text.replace(f"- id: {id}\n", f"- id: {id}  # seen: {what}\n", 1)
    return HEAD.format(file=file.name, n=records, question=questions[0]["id"]) + text


def _columns(sheet: Sheet, sav: Sav | None) -> tuple[list[str], list[list[str]]]:
    """The heading and the filled cells of each column."""
    filled = sheet.kind != CellKind.EMPTY
    if not filled.any():
        return [], []
    top, start = (0, 2) if sav else data_start(sheet, filled)
    grid = sheet.text.to_numpy(object)
    header = grid[top:start].copy()
    for r0, c0, _, c1 in sheet.merged:  # a heading over several columns stands over each
        if top <= r0 < start:
            header[r0 - top, c0 : c1 + 1] = grid[r0, c0]
    rows = [
        row
        for row in range(start, len(grid))
        if not any(p.match(normalise(t)) for t in grid[row, :2] for p in (TOTAL, NOTE, EXAMPLE))
    ]
    names, columns = [], []
    for column in np.flatnonzero(filled[rows].any(axis=0)):
        parts = dict.fromkeys(" ".join(t.split()) for t in header[:, column] if t.strip())
        names.append(" / ".join(parts) or f"列{column + 1}")
        columns.append([t.strip() for t in grid[rows, column] if t.strip()])
    return names, columns


def _answer_in_heading(names: list[str]) -> str:
    """The code or name of a municipality beside 団体コード or 団体名, as on a form; or nothing."""
    labels = {normalise(text) for what in ("code", "name") for text in IDENTITY[what]}
    for label, beside in pairwise(names):
        if normalise(label) in labels:
            digits = re.fullmatch(r"\d{4,6}", unicodedata.normalize("NFKC", beside))
            if (digits and municipality.parse_code(beside)[0]) or municipality.resolve(beside).code:
                return beside
    return ""


def _ids(names: list[str], sav: Sav | None) -> list[str]:
    """The questions' ids as the file has them, else numbers that no heading claims."""
    if sav:
        own_names = [name.split(" / ")[0] for name in names]
        return [name if re.fullmatch(VARIABLE, name) and name != "code" else f"V{i:02}"
                for i, name in enumerate(own_names, start=1)]  # fmt: skip
    own: dict[int, str] = {}
    claimed: set[str] = set()  # also by the question above several columns
    for i, name in enumerate(names):
        for part in name.split(" / "):
            if numbered := NUMBERED.match(normalise(part)):
                id = f"Q{int(numbered[1]):02}"
                claimed.add(id)
                id += f"_{int(numbered[2])}" if numbered[2] else ""
                if id not in own.values():
                    own[i] = id
    claimed |= {*own.values()}
    free = (id for number in count(1) if (id := f"Q{number:02}") not in claimed)
    return [own.get(i) or next(free) for i in range(len(names))]


def _question(id: str, name: str, texts: list[str], sav: Sav | None) -> dict[str, Any]:
    variable = name.split(" / ")[0] if sav else ""
    label = name.split(" / ")[-1] if sav else name
    question: dict[str, Any] = {"id": id, "section": "A", "type": "text", "role": "describe"}
    numbered = NUMBERED.match(normalise(label))
    plain = numbered[3] if numbered and numbered[3] else normalise(label)
    identity = next((what for what, known in IDENTITY.items() if plain in
                     {normalise(text) for text in known}), None)  # fmt: skip
    if identity:
        question |= {"role": "id", "identity": identity}
    text = NUMBER_BEFORE.sub("", label) or label
    question |= {"ja": text, "en": f"{text} (to translate)", "source": [name]}
    if sav and variable != label:
        question["source"] = [variable, label]
    labels = sav.value_labels.get(variable, {}) if sav else {}
    declared = sav.missing.get(variable, []) if sav else []
    if FREE.search(text):
        question["free"] = True
    elif not identity:
        kind = "share" if "%" in normalise(name) or "率" in name else ""
        kind = kind or ("count" if COUNT.search(BRACKETED.sub("", text)) else "")
        question |= _guess(texts, labels, declared, kind)
    unit = BRACKETED.search(name)
    if question["type"] in {"integer", "ratio"} and unit and unit[1] in UNITS:
        question["unit"] = {"ja": unit[1], "en": UNITS[unit[1]]}
        text = question["ja"].replace(unit[0], "").strip() or question["ja"]  # axes add the unit
        question |= {"ja": text, "en": f"{text} (to translate)"}
    if question["type"] == "date" and plain.endswith("年月"):
        question["precision"] = "month"
    if question["type"] == "date" and plain in RECEIVED:
        question |= {"role": "id", "identity": "received"}
    return question


def _guess(
    texts: list[str], labels: dict[str, str], declared: list[str], kind: str
) -> dict[str, Any]:
    """Type, options and missing codes from what stands in a column.

    `kind`: ``share`` or ``count`` where the heading says that the answers are such.
    """
    tokens = {token for _, _, known in MISSING.values() for token in known}
    spaced = (re.sub("(?<=[①-⑳])(?=[①-⑳])", "、", t) for t in texts if t not in tokens)
    values = [EXPLAINED.sub(r"\1", unicodedata.normalize("NFKC", t)) for t in spaced]
    counts = Counter(values)
    whole = {v for v in counts if re.fullmatch(r"-?\d+", v)}
    declared = [*declared, *(c for c, text in labels.items() if text.strip() in NEVER_AN_ANSWER)]
    outlying = _outlying(whole) - ({"9", "99"} if kind == "share" else set())  # 99 % is one
    explained = (EXPLAINED.match(unicodedata.normalize("NFKC", text)) for text in texts)
    outlying -= {found[1] for found in explained if found}
    missing = sorted({*declared, *outlying} - ({*labels} - {*declared}))
    if labels:
        numbered = all(re.fullmatch(r"-?\d+", code) for code in labels)
        options = [
            {"code": int(code) if numbered else i, "ja": text, "en": f"{text} (to translate)"}
            | ({} if numbered else {"source": [code]})
            for i, (code, text) in enumerate(labels.items(), start=1) if code not in missing
        ]  # fmt: skip
        if options and len({option["ja"] for option in options}) == len(options):
            yes_no = {option["code"] for option in options} == {0, 1} and numbered
            guess = {"type": "binary" if yes_no else "single", "options": options}
            return _with(guess, _by_kind(missing, labels))
    if not values:
        return {}
    shares = {
        kind: sum(n for v, n in counts.items() if pattern.match(v)) / len(values)
        for kind, pattern in (("multi", SEVERAL), ("date", DATE), ("number", NUMBER))
    }
    if shares["date"] > 0.5:
        return {"type": "date"}
    if not {*values} <= whole and all(map(YEAR.match, values)):
        return {}  # years alone are no dates, those of an era no numbers, and neither are options
    plain = whole - set(missing)
    given = {*counts} - {*missing, *CODES}
    if len(given) > 1 and any(given <= pair for pair in YES_NO):
        return _with({"type": "binary"}, sorted({*counts} - given))
    if shares["multi"] > 0.1 and shares["multi"] + shares["number"] > 0.8:
        codes = {int(c) for v in counts for c in re.findall(r"\d+", v) if c not in missing}
        return _with({"type": "multi", "options": [open_option(c) for c in sorted(codes)]}, missing)
    if shares["number"] > 0.8:
        few = 0 < len(plain) <= MAX_OPTIONS and len(values) >= 2 * len(plain)
        coded = sum(counts[v] for v in plain) > 0.8 * (
            len(values) - sum(counts[v] for v in missing)
        )
        if few and coded and kind != "count" and all(0 <= int(v) <= 20 for v in plain):
            options = [open_option(code) for code in sorted(map(int, plain))]
            return _with({"type": "single", "options": options}, missing)
        share_like = any("." in v or "%" in v for v in counts)
        return _with({"type": "ratio" if share_like else "integer"}, missing)
    if len(counts) <= MAX_OPTIONS and len(values) >= 2 * len(counts):
        words = in_order([v for v in values if v not in CODES])
        options = [{"code": i, "ja": v, "en": f"{v} (to translate)"}
                   for i, v in enumerate(words, start=1)]  # fmt: skip
        return _with({"type": "single", "options": options}, sorted({*counts} - {*words}))
    return {"free": True} if np.mean([len(v) for v in values]) > 20 else {}


def _outlying(whole: set[str]) -> set[str]:
    """Codes such as 9, 99 or -1 that lie far from all other numbers of the column."""
    others = [abs(int(v)) for v in whole - CODES]
    return {v for v in whole & CODES if others and (int(v) < 0 or int(v) > 1.8 * max(others))}


def _with(guess: dict[str, Any], missing: Any) -> dict[str, Any]:
    return guess | ({"missing_tokens": missing} if missing else {})


def _by_kind(missing: list[str], labels: dict[str, str]) -> list[str] | dict[str, list[str]]:
    """The missing codes, apart by kind where their labels tell it."""
    words = {word: kind for kind, (_, _, known) in MISSING.items() for word in known}
    kinds = [words.get(labels.get(code, "").strip(), "no_answer") for code in missing]
    if set(kinds) <= {"no_answer"}:
        return missing
    return {kind: [c for c, k in zip(missing, kinds, strict=True) if k == kind]
            for kind in MISSING if kind in kinds}  # fmt: skip


def _summary(texts: list[str]) -> str:
    """How often and what, in a few words."""
    common = [" ".join(t.split())[:12] for t, _ in Counter(texts).most_common(4)]
    return f"{len(texts)} filled, {len(set(texts))} different: " + " | ".join(common)
