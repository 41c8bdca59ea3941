"""A codebook proposed from a file: columns of one question joined, types and options guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count, groupby
from pathlib import Path
from typing import Any

import yaml

from analysis.codebook.model import Codebook
from analysis.errors import InputError
from analysis.intake import labelled, tools
from analysis.intake.files import SUFFIXES, read_file
from analysis.intake.headings import IDENTITY, NUMBERED, is_technical, normalise
from analysis.intake.tools.core import Column, bracketed, is_other, key
from workbench.office import definitions, guesses
from workbench.office.columns import (
    NUMBER_BEFORE,
    RECEIVED,
    Filled,
    answer_in_heading,
    below,
    table,
)
from workbench.office.guesses import MISSING, TOKENS, Question, both, open_option, plain

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
VARIABLE = r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*"
BRACKETED = re.compile(r"[(（]([^()（）]{1,6})[)）]")
UNITS = {"人": "persons", "名": "persons", "円": "yen", "千円": "thousand yen", "%": "%", "％": "%",
         "百万円": "million yen", "億円": "hundred million yen", "件": "cases", "台": "units",
         "日": "days", "時間": "hours", "年": "years", "か月": "months", "ヶ月": "months",
         "歳": "years of age", "回": "times", "校": "schools", "団体": "municipalities",
         "世帯": "households", "箇所": "places", "か所": "places", "冊": "volumes",
         "点": "points"}  # fmt: skip
COUNT = re.compile(
    r"(数|額|日数|回数|面積|人口|年数)$|^how (many|much|old|long)\b|^number of\b", re.I
)
FREE = re.compile(r"自由記述|自由記入|自由意見|ご意見|意見$|comments?\??$", re.I)
UNTICKED = {
    *("", "0", "×", "FALSE", "False", "N", "No", "いいえ", "無", "未選択", "Unchecked", "□", "☐")
}
HEAD = """\
# 下書き / Draft made from {file} by `workbench codebook draft`. To be finished by a person:
# - en: texts marked (to translate); role: cluster, factor, outcome or context where one applies
#   (outcomes never feed the typology); ask_if: skip rules; order and labels of the options
# - types are guesses from {n} records; `{question}` etc. list what was seen under `# seen:`
"""


def draft(file: str | Path, tool: str | None = None) -> str:
    """The YAML text of a proposed codebook for a data file (xlsx, csv, tsv, SPSS or
    Stata), or for the definition of a questionnaire (XLSForm, REDCap, LimeSurvey).

    `tool`: the form tool that wrote the file, ``none`` where none did; else found by content.

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
    sheets = [] if file.suffix.lower() in definitions.limesurvey.SUFFIXES else read_file(file)
    if (definition := definitions.find(file, sheets)) is not None:
        return _of_definition(definition, file)
    package = file.suffix.lower() in SUFFIXES["sav"] | SUFFIXES["dta"]
    sav = labelled.read(file, file.name) if package else None
    export = None if sav or tool == "none" else tools.choose(sheets, tool)
    if export is not None:
        sheet, found = export
        known = [replace(column, kind="record")
                 if column.kind == "answer" and is_technical(column.heading) else column
                 for column in found.columns]  # fmt: skip
        columns = below(sheet, found.heads, known)
        remarks = f"# read as an export of {found.tool} (--tool)\n"
    else:
        sheet = max((s for s in sheets if not s.hidden), key=lambda s: int((s.kind > 0).sum()),
                    default=sheets[0])  # fmt: skip
        columns, remarks = table(sheet, sav), ""
    records = max((len(column.texts) for column in columns), default=0)
    if not records:
        raise InputError(
            "no heading with records below it was found",
            file=file,
            sheet=sheet.sheet,
            hint="one row per municipality, the headings in the row above them",
        )
    if beside := answer_in_heading([column.column.heading for column in columns]):
        raise InputError(
            "{beside} stands where a heading should, so this seems to be a form",
            file=file,
            sheet=sheet.sheet,
            hint="give a table of replies, one row a municipality; the codebook of a form is "
            "written by hand",
            beside=beside,
        )
    aside = [c.column.heading for c in columns if c.column.kind in ("record", "personal")]
    if aside:
        remarks += f"# left out, no questions: {', '.join(aside)}\n"
    columns = [c for c in columns if c.column.kind not in ("record", "personal")]
    markers = guesses.recurring([column.texts for column in columns])
    questions, seen = _questions(columns, sav, {*TOKENS, *markers}, export and export[1])
    book = _book(file, file.stem, questions, markers)
    # of an export its tool says what it keeps for itself
    if ignored := [heading for heading in aside if export is None or is_technical(heading)]:
        book["ignore"] = ignored
    head = HEAD.format(file=file.name, n=records, question=questions[0]["id"]) + remarks
    return head + written(book, seen, file)


def _book(file: Path, title: str, questions: list[Question], markers: list[str]) -> dict[str, Any]:
    """The content of a codebook with these questions; `markers` stand for no answer, too."""
    return {
        "id": re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "draft",
        "title": both(title),
        "version": "0.1",
        "missing": {
            kind: {"ja": ja, "en": en, "tokens": [*tokens, *markers * (kind == "no_answer")]}
            for kind, (ja, en, tokens) in MISSING.items()
        },
        "sections": [{"id": "A", "ja": "設問", "en": "Questions"}],
        "questions": questions,
    }


def _of_definition(definition: definitions.Definition, file: Path) -> str:
    """The codebook of a questionnaire as its tool defines it."""
    questions = definition.questions
    if not questions:
        raise InputError("the questionnaire has no question that a codebook takes", file=file)
    names = {question["id"] for question in questions}
    for question in questions:
        known = {normalise(question[entry]) for entry in ("ja", "en", "id")}
        for what, texts in IDENTITY.items():
            taken = any(one.get("identity") == what for one in questions)
            if question["type"] == "text" and not taken and known & {*map(normalise, texts)}:
                question |= {"role": "id", "identity": what}
        owner = question["id"].removesuffix("_other")
        if owner != question["id"] and owner in names:
            question["other_of"] = owner
    book = _book(file, definition.title, questions, [])
    head = HEAD.split("\n# - types")[0].format(file=file.name) + "\n"
    head += "".join(f"# left out: {id}: {why}\n"
                    for id, why in definition.left.items() if id not in names)  # fmt: skip
    return head + written(book, definition.left, file)


def written(book: dict[str, Any], seen: dict[str, str], file: Path) -> str:
    """The YAML of a codebook that is valid, with what was seen of each question behind its id."""
    Codebook.parse(book, file=file)
    text = yaml.safe_dump(book, allow_unicode=True, sort_keys=False, width=100)
    for id, what in seen.items():
        text = text.replace(f"- id: {id}\n", f"- id: {id}  # seen: {what}\n", 1)
    return text


# --- columns of one question --------------------------------------------------------------------


# a cell of an array of LimeSurvey: a line and a column of numbers, or a line and one of two scales
CELL = re.compile(
    r"[A-Za-z][^\W_]*(?:\[\w+_\w+\]|\[\w+\](?P<dual>\[[12]\])|_[^\W_]+(?:(?P<r>_[01])|_[^\W_]+))"
    r"(?:\.\s|$)"
)


def _cells_of_arrays(columns: Sequence[Filled], export: tools.Export | None) -> dict[str, bool]:
    """Headings of LimeSurvey that are one cell of an array; whether it holds a number.

    An array has lines and columns: ``Q6[SQ001_SQ002]``, ``人数 [本庁][正規]``; that of two scales
    has a line once for each: ``Q5[SQ001][1]``.
    """
    if export is None or export.tool != "limesurvey":
        return {}
    lines = Counter(bracketed(text).text for text in {column.column.text for column in columns})
    found = {}
    for column in (filled.column for filled in columns):
        by_words = bracketed(column.text)
        if coded := CELL.match(column.heading):
            found[column.heading] = not (coded["dual"] or coded["r"])
        elif by_words.part and column.has_part and lines[by_words.text] > 1:
            found[column.heading] = True
    return found


def _groups(
    columns: Sequence[Filled], tokens: set[str], sure: bool, cells: Collection[str]
) -> list[list[Filled]]:
    """The columns of each question; most have one.

    `sure`: whether a form tool says which columns belong together. `cells`: the headings of those
    that are cells of an array, each a question of its own unless it is a tick.
    """
    found: list[list[Filled]] = []
    for whole, run in groupby(columns, key=_whole):
        own = list(run)
        labels = [column.column.part or column.column.part_name for column in own]
        answers = [[text for text in column.texts if text not in tokens] for column in own]
        parted = own[0].column.has_part
        different = len({*labels}) == len(own) if parted else True
        many = whole and len(own) > 1 and different
        kind = guesses.several(answers, labels, sure and parted) if many else ""
        several = [text for texts in answers for text in texts]
        if kind != "multi" and own[0].column.heading in cells:
            found += [[_alone(column)] for column in own]
        elif kind == "battery" and sure and guesses.joined(several, own[0].column.text):
            # a grid of boxes: each line is a question with several answers in a cell
            found += [[Filled(Column(c.column.heading), c.cells)] for c in own]
        elif kind and (parted or kind == "battery"):
            found.append(own)
        else:
            found += [[column] for column in own]
    return found


def _alone(filled: Filled) -> Filled:
    """A cell of an array as a question of its own."""
    own = filled.column
    name = f"{own.name}_{own.part_name}" if own.name and own.part_name else ""
    text = " / ".join(filter(None, (own.text, own.part)))
    return Filled(Column(own.heading, name=name, text=text), filled.cells)


def _whole(filled: Filled) -> str:
    """What the columns of one question share: its words or, of names such as q4_a, what they begin
    with; nothing for a question of one column."""
    column = filled.column
    if column.has_part:
        return column.question
    stem = column.name.rpartition("_")[0] if column.kind == "answer" else ""
    return f"{stem}_" if stem else ""


def _by_set(columns: Sequence[Filled], sav: labelled.Labelled) -> list[list[Filled]]:
    """The columns of SPSS's multiple-response sets together, each an option; and the lines of a
    battery, variables such as q2a and q2b with the same value labels; all others alone."""
    found: list[list[Filled]] = []
    by_name = {column.column.name: column for column in columns}
    sets = {name: one for one in sav.sets if one.counted and len(one.variables) > 1
            for name in one.variables}  # fmt: skip
    for (stem, _), run in groupby(columns, key=lambda column: _stem(column, sav)):
        lines = list(run)
        if stem and len(lines) > 1 and not {c.column.name for c in lines} & {*sets}:
            found.append([_line_of(column, stem) for column in lines])
            continue
        for column in lines:
            own = sets.get(column.column.name)
            if own is None:
                found.append([column])
            elif column.column.name == next(name for name in own.variables if name in by_name):
                found.append([_option_of(by_name[name], own) for name in own.variables
                              if name in by_name])  # fmt: skip
    return found


def _stem(filled: Filled, sav: labelled.Labelled) -> tuple[str, str]:
    """What the lines of a battery share: the beginning of their names, and their value labels."""
    name = filled.column.name
    labels = sav.value_labels.get(name, {})
    found = re.fullmatch(r"(.*\d)[a-z]|(.+)_[A-Za-z0-9]{1,3}", name)
    if found is None or len(labels) < 3:
        return "", name
    return found[1] or found[2], str(labels)


def _line_of(filled: Filled, stem: str) -> Filled:
    """A variable as a line of a battery."""
    column = filled.column
    named = Column(column.heading, stem, "", column.text or column.name, column.name)
    return Filled(named, filled.cells)


def _option_of(filled: Filled, own: labelled.AnswerSet) -> Filled:
    """A variable of a multiple-response set as an option with a column of its own."""
    column = filled.column
    ticks = tuple(
        "" if text == "" else "1" if text == own.counted else "0" for text in filled.cells
    )
    return Filled(Column(column.heading, own.name, own.label, column.text, column.name), ticks)


def _of_package(
    own: Sequence[Filled], columns: Sequence[Filled], sav: labelled.Labelled
) -> dict[str, Any]:
    """The options of a battery by their value labels; or what stands for chosen in a
    multiple-response set, where it is not 1 and 0."""
    counted = next((one.counted for one in sav.sets if one.name == own[0].column.name), None)
    if counted is None:
        name = own[0].column.part_name
        missing = [code for c in own for code in sav.missing.get(c.column.part_name, ())]
        found = guesses.labelled(sav.value_labels[name], missing, sorted({*missing})) or {}
        return found | {"type": "battery"}
    names = {column.column.part_name for column in own}
    values = {text for c in columns if c.column.name in names for text in c.texts}
    if counted == "1" and values <= {"0", "1"}:
        return {}
    return {"ticks": {value: value == counted for value in sorted({*values, counted})}}


def _statements(groups: list[list[Filled]]) -> list[list[Filled]]:
    """Columns one after the other on one known or shared scale are the items of one question."""
    found: list[list[Filled]] = []
    for own in groups:
        before = found[-1] if found else []
        if len(own) == 1 and before and not any(c.column.has_part for c in (*own, *before)):
            values = [column.texts for column in (*before, *own)]
            words = {text for texts in values for text in texts}
            scale = guesses.several(values, [c.column.text for c in (*before, *own)]) == "battery"
            if scale and not any(word.isdecimal() for word in words):
                found[-1] = [*before, *own]
                continue
        found.append(own)
    return found


def _questions(
    columns: Sequence[Filled],
    sav: labelled.Labelled | None,
    tokens: set[str],
    export: tools.Export | None,
) -> tuple[list[Question], dict[str, str]]:
    """The proposed questions, and what was seen of each."""
    others = [column for column in columns if column.column.kind == "other"]
    asked = [column for column in columns if column.column.kind != "other"]
    cells = _cells_of_arrays(asked, export)
    groups = (
        _by_set(asked, sav)
        if sav
        else _statements(_groups(asked, tokens, export is not None, cells))
    )
    lasts = Counter(column.column.heading.rpartition(" / ")[2] for column in asked)
    questions: list[Question] = []
    seen: dict[str, str] = {}
    by_name: dict[str, Question] = {}
    for id, own in zip(_ids(groups, sav), groups, strict=True):
        texts = [text for column in own for text in column.texts]
        if len(own) > 1:
            question = _joined(id, own, tokens)
            if sav:
                found = _of_package(own, columns, sav)
                if found.get("type") == "battery":
                    question.pop("missing_tokens", None)
                question |= found
        else:
            last = own[0].column.heading.rpartition(" / ")[2]
            alone = not sav and lasts[last] == 1 and not own[0].column.name
            answers = [text for text in texts if text not in tokens]
            cell = cells.get(own[0].column.heading)
            question = _single(id, own[0], sav, answers, export, "count" if cell else "")
            if alone:  # a heading of two rows: what stands in the cell
                question["source"] = [last]
        questions.append(question)
        by_name[own[0].column.question] = question
        seen[id] = _summary(question, own)
        if own[0].column.heading in cells and question["type"] in {"single", "ordinal"}:
            seen[id] += "; one line of an array: those with the same options may be one battery"
    for column in others:
        owner = by_name.get(column.column.question)
        if owner is not None and owner["type"] in {"single", "ordinal", "multi"}:
            _with_other(owner, _code_of_other(column, columns))
    return questions, seen


def _code_of_other(words: Filled, columns: Sequence[Filled]) -> int | None:
    """The code of the option "other": the one answer of all who wrote words beside it."""
    if words.column.part_name.isdecimal():
        return int(words.column.part_name)
    owners = [c for c in columns if c.column.question == words.column.question and c is not words]
    wrote = [bool(text) for text in words.cells]
    for owner in owners if any(wrote) else ():
        ticked = [plain(text) not in UNTICKED for text in owner.cells]
        if owner.column.part_name.isdecimal() and ticked == wrote:
            return int(owner.column.part_name)
    if len(owners) != 1:
        return None
    both = zip(owners[0].cells, words.cells, strict=True)
    codes = {plain(answer) for answer, text in both if text}
    code = codes.pop() if len(codes) == 1 else ""
    return int(code) if code.isdecimal() else None


def _with_other(question: Question, code: int | None) -> None:
    """Mark the option whose words stand in a column of their own; add it where there is none."""
    options = question["options"]
    if code is not None and str(code) in question.get("missing_tokens", ()):
        question["missing_tokens"].remove(str(code))
        if not question["missing_tokens"]:
            del question["missing_tokens"]
    for option in options:
        named = is_other(option["ja"]) or is_other(option["en"]) or option.get("other")
        if option["code"] == code or named:
            option["other"] = True
            return
    code = code or max((option["code"] for option in options), default=0) + 1
    options.append({"code": code, "ja": "その他", "en": "other", "other": True})


def _ids(groups: Sequence[Sequence[Filled]], sav: labelled.Labelled | None) -> list[str]:
    """The questions' ids as the file has them, else numbers that no heading claims."""
    own: dict[int, str] = {}
    claimed: set[str] = set()  # also by the question above several columns
    for i, group in enumerate(groups):
        first = group[0].column
        name = _whole(group[0]).rstrip("_") if len(group) > 1 and first.name else first.name
        if name and re.fullmatch(VARIABLE, name) and name not in own.values():
            own[i] = name.upper() if name == "code" else name
            continue
        if sav:
            own[i] = f"V{i + 1:02}"
            continue
        headings = [first.text] if len(group) > 1 else first.heading.split(" / ")
        for part in headings:
            if numbered := NUMBERED.match(normalise(part)):
                id = f"Q{int(numbered[1]):02}"
                claimed.add(id)
                id += f"_{int(numbered[2])}" if numbered[2] else ""
                if id not in own.values():
                    own[i] = id
    claimed |= {*own.values()}
    free = (id for number in count(1) if (id := f"Q{number:02}") not in claimed)
    return [own.get(i) or next(free) for i in range(len(groups))]


# --- a question ---------------------------------------------------------------------------------


def _joined(id: str, own: Sequence[Filled], tokens: set[str]) -> Question:
    """The question whose options or items stand in columns of their own."""
    answers = [[text for text in column.texts if text not in tokens] for column in own]
    columns = [column.column for column in own]
    labels = [column.part or column.part_name or column.text for column in columns]
    parted = columns[0].has_part
    kind = guesses.several(answers, labels, sure=parted)
    asked = columns[0].text if parted else ""
    stem = columns[0].name if parted else _whole(own[0]).rstrip("_")
    words = NUMBER_BEFORE.sub("", asked) or asked or stem
    question: Question = {"id": id, "section": "A", "type": kind or "multi", "role": "describe"}
    question |= (
        both(words) if words else {"ja": "設問文 (to fill in)", "en": "question (to fill in)"}
    )
    if asked and asked != words:
        question["source"] = [asked]
    numbers = [int(c.part_name) if c.part_name.isdecimal() else 0 for c in columns]
    if 0 in numbers or len({*numbers}) < len(numbers):
        numbers = list(range(1, len(columns) + 1))
    if question["type"] == "multi":
        return question | {
            "options": [_option(n, column) for n, column in zip(numbers, columns, strict=True)]
        }
    texts = [text for column in answers for text in column]
    return question | guesses.battery(texts) | {"items": _items(id, numbers, columns)}


def _option(number: int, column: Column) -> dict[str, Any]:
    """An option with a column of its own, by its words and by the tool's name."""
    name = "" if column.part_name.isdecimal() else column.part_name
    option = {"code": number, **both(column.part)} if column.part else open_option(number)
    other = is_other(column.part) or name == "other"
    return option | ({"other": True} if other else {}) | ({"source": [name]} if name else {})


def _items(id: str, numbers: Sequence[int], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The items of a battery, by their words and by the tool's name."""
    found = []
    for number, column in zip(numbers, columns, strict=True):
        name = column.part_name if re.fullmatch(r"[A-Za-z0-9]+", column.part_name) else str(number)
        own = column.name if not column.has_part and column.name else f"{id}_{name}"
        words = column.part or column.text or column.part_name or column.name
        named = words in (column.part_name, column.name)
        item: dict[str, Any] = {
            "id": own,
            **both(words if named else NUMBER_BEFORE.sub("", words) or words),
        }
        sources = [text for text in (column.part_name, column.heading) if text]
        if not column.has_part:
            item["source"] = [column.heading]
        elif column.part_name and not column.part_name.isdecimal():
            item["source"] = sources[:1]
        found.append(item)
    return found


def _single(
    id: str,
    filled: Filled,
    sav: labelled.Labelled | None,
    answers: list[str],
    export: tools.Export | None,
    kind: str = "",
) -> Question:
    """The question of one column; `kind`: ``count`` where its tool says that it holds numbers."""
    several_in_cell = export is None or export.joined
    by_names = export is not None and export.tool == "odk"
    column = filled.column
    label = "" if column.has_part else column.text or column.name
    label = label or column.heading
    question: Question = {"id": id, "section": "A", "type": "text", "role": "describe"}
    numbered = NUMBERED.match(normalise(label))
    words = numbered[3].strip("-_:.、)") if numbered and numbered[3] else normalise(label)
    identity = next((what for what, known in IDENTITY.items() if {words, normalise(column.name)} &
                     {normalise(text) for text in known}), None)  # fmt: skip
    if identity:
        question |= {"role": "id", "identity": identity}
    text = label if label == column.name else NUMBER_BEFORE.sub("", label) or label
    question |= both(text) | {"source": [column.heading]}
    if sav and column.name != label:
        question["source"] = [column.name, label]
    labels = sav.value_labels.get(column.name, {}) if sav else {}
    declared = sav.missing.get(column.name, []) if sav else []
    sent = column.kind == "received" or key(words) in RECEIVED
    if FREE.search(text):
        question["free"] = True
    elif not identity:
        kind = kind or ("share" if "%" in normalise(label) or "率" in label else "")
        kind = kind or ("count" if COUNT.search(BRACKETED.sub("", text)) else "")
        of_categories = sav is not None and column.name in {o.name for o in sav.sets}
        names = guesses.by_space(answers) if by_names else None
        question |= names or guesses.one(
            answers, "複数" * of_categories + label, kind, labels, declared, several_in_cell
        )
        if of_categories and question.get("options"):
            question["type"] = "multi"
        elif sav and column.name in sav.ordinal and question["type"] == "single" and labels:
            question["type"] = "ordinal"
        if sav and column.name in sav.dates and DAY.match(answers[0] if answers else ""):
            question["type"] = "date"
    unit = BRACKETED.search(label)
    if question["type"] in {"integer", "ratio"} and unit and unit[1] in UNITS:
        question["unit"] = {"ja": unit[1], "en": UNITS[unit[1]]}
        text = question["ja"].replace(unit[0], "").strip() or question["ja"]  # axes add the unit
        question |= both(text)
    if question["type"] == "date" and words.endswith("年月"):
        question["precision"] = "month"
    if question["type"] == "date" and sent:
        question |= {"role": "id", "identity": "received"}
    return question


def _summary(question: Question, own: Sequence[Filled]) -> str:
    """How often and what, in a few words; a multiple answer that never was one is named."""
    texts = [text for column in own for text in column.texts]
    common = [" ".join(t.split())[:12] for t, _ in Counter(texts).most_common(4)]
    summary = f"{len(texts)} filled, {len(set(texts))} different: " + " | ".join(common)
    if question["type"] == "multi" and not _two_chosen(own):
        summary += "; nobody chose two: is it one answer of several?"
    return summary


def _two_chosen(own: Sequence[Filled]) -> bool:
    """Whether a reply chose two options."""
    if len(own) == 1:
        return any(
            len(re.split(r"[;；|、，,\n・/]\s*", text.strip("; "))) > 1 for text in own[0].texts
        )
    rows = zip(*(column.cells for column in own), strict=True)
    return any(sum(plain(text) not in UNTICKED for text in row) > 1 for row in rows)
