"""A codebook proposed from a file, for a person to finish.

What a file can tell is put down (types, options, likely missing codes, units); what it cannot tell
(English texts, roles, skip rules) is left open and marked, so that the draft reads as a draft. The
draft passes the checks of `Codebook`, so that cleaning can be tried at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from analysis import municipality
from analysis.breaches import data_start
from analysis.codebook import Codebook
from analysis.draft_groups import CODES, NUMBER_BEFORE, groups_of, in_order, joined, open_option
from analysis.errors import InputError
from analysis.headings import IDENTITY, NUMBERED, normalise
from analysis.layout import EXAMPLE, NOTE, TOTAL
from analysis.readers import read_file
from analysis.sav import Sav, read_sav
from analysis.sheet import CellKind, Sheet

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
