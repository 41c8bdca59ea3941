"""Exports of form tools: found by their header, which each tool writes in its own way.

A reader a tool takes the first rows of a sheet and gives None where it does not know them; what all
have in common is in `core`. The headings that a tool writes itself are in data/form_tools.yml.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import takewhile

import numpy as np

from analysis.errors import InputError
from analysis.intake.headings import is_personal
from analysis.intake.sheet import Sheet
from analysis.intake.tools.core import (
    Column,
    Export,
    Head,
    HeadReader,
    Kind,
    bracketed,
    head_of,
    is_other,
    key,
    keys,
    noted,
    parted,
)
from analysis.normal import GAP
from analysis.yaml_file import packaged

__all__ = ["READERS", "Export", "choose", "find"]


@cache
def _own(tool: str) -> dict[str, list[str]]:
    """The headings that a tool writes itself, by what they are for, each as `key` has it."""
    return {use: [*map(key, words)] for use, words in packaged("form_tools.yml")[tool].items()}


PART = re.compile(r"(.+?)_(\d+|x\d+)")
CHOSEN = re.compile(r"(?<!\s)\s+-\s+(?:Selected Choice|選択した選択肢|選択された選択肢)")
WORDS = re.compile(r"(?<!\s)\s+-\s+(?:Text|テキスト)$")
# in which order options were shown, the class of a recommendation, a score, what detects robots,
# what the tool finds in texts
NOTED = re.compile(
    r".+_DO(_\w{1,99})?|.+_NPS_GROUP|SC\d+|Q_[A-Z][a-z]\w+|.+ - ((Parent )?Topics|Sentiment.*)"
)


def qualtrics(head: Head) -> Export | None:
    """Recognised by the ids of the import in its third row, or by the names of its older version.

    The names of the questions, and below their words. ``Q2_1`` is an option of several or an item
    of a matrix, whose words stand behind a hyphen and those that all of them share; ``Q2_6_TEXT``
    holds the words beside option 6. The older version has no third row and begins with V1 to V10.
    """
    if len(head) > 2 and any(re.match("\\{[\"']?ImportId", text) for text in head[2]):
        heads = 3
    elif len(head) > 1 and head[0][0] == "V1" and key(head[1][0]) == key("ResponseID"):
        heads = 2
    else:
        return None
    labels = [CHOSEN.sub("", words) for words in head[1]]
    parts: dict[str, list[str]] = {}
    for name, words in zip(head[0], labels, strict=True):
        if match := PART.fullmatch(name):
            parts.setdefault(match[1], []).append(words)
    questions = {name: _asked(words) for name, words in parts.items() if len(words) > 1}
    columns = [_of_qualtrics(*pair, questions) for pair in zip(head[0], labels, strict=True)]
    if heads == 2:  # V1 to V10 are the records' own, their words say what they note
        columns = [replace(c, name="") if re.fullmatch(r"V\d+", c.name) else c for c in columns]
    own, with_kinds = _own("qualtrics"), []
    for name, column in zip(head[0], noted(columns, own["records"], own["received"]), strict=True):
        if column.kind == "answer" and _notes_an_answer(name, head[0]):
            column = replace(column, kind="record")
        elif key(column.text) in own["names"] and key(column.heading).startswith("v"):
            column = replace(column, kind="personal")
        with_kinds.append(column)
    return Export("qualtrics", heads, tuple(with_kinds), joined=True, unanswered="-99")


def _asked(words: Sequence[str]) -> str:
    """What all parts of a question share, up to a hyphen."""
    same = takewhile(lambda letters: len({*letters}) == 1, zip(*words, strict=False))
    shared = "".join(letters[0] for letters in same)
    return shared.rpartition(" - " if " - " in shared else "-")[0]


def _notes_an_answer(name: str, names: Sequence[str]) -> bool:
    """Whether a column is one that Qualtrics writes beside the answers to a question."""
    stem, _, last = name.rpartition("_")
    block = next((b for b in packaged("form_tools.yml")["qualtrics_blocks"] if last in b), None)
    whole = block is not None and {f"{stem}_{other}" for other in block} <= {*names}
    return whole or NOTED.fullmatch(name) is not None


def _of_qualtrics(name: str, words: str, questions: Mapping[str, str]) -> Column:
    """One column by its name and its words; `questions`: the words of each question of parts."""
    heading = _over(name, words)
    match = PART.fullmatch(name.removesuffix("_TEXT"))
    own, part = match.groups() if match else (name.removesuffix("_TEXT"), "")
    if name.endswith("_TEXT"):
        text = WORDS.sub("", words).rpartition(" - ")[0]
        return Column(heading, own, text, part_name=part, kind="other")
    if own not in questions:
        return Column(heading, name, words)
    label = words.removeprefix(questions[own]).lstrip(" -") or words
    return Column(heading, own, questions[own].strip(), label, part.removeprefix("x"))


def _over(*rows: str) -> str:
    """Join headings that stand above each other to one."""
    return " / ".join(dict.fromkeys(filter(None, rows)))


def surveymonkey(head: Head) -> Export | None:
    """Recognised by the id of the respondent, which the second row of headings has not.

    The questions are in one row, in the next their options, items or ``Response``; the words of a
    question stand over its first column alone. Who tidied an export may have left the first row
    only; the second is then one of replies.
    """
    own = _own("surveymonkey")
    if len(head) < 2 or key(head[0][0]) not in own["known"]:
        return None
    heads = 1 if head[1][0] else 2
    columns, over = parted(head[0]) if heads == 1 else [], ""
    for words, below in zip(*head[:2], strict=True) if heads == 2 else ():
        over = words or over
        part = "" if key(below) in own["answer"] else below
        columns.append(Column(_over(words, below), text=over, part=part))
    last = {(column.text, column.part): at for at, column in enumerate(columns)}
    blocks = dict[str, set[str]]()
    for column in columns:
        blocks.setdefault(column.text, set()).add(key(column.part))
    for at, column in enumerate(columns):
        person = is_personal(column.part) or key(column.part) == "name"
        if key(column.text) in own["names"] and not column.part:
            columns[at] = replace(column, kind="personal")
        specified = re.search("please specify|具体的に|ご記入", column.part, re.I)
        if is_other(column.part) and specified and at == last[column.text, column.part]:
            columns[at] = replace(column, part="", kind="other")
        elif person and len(blocks[column.text].intersection(own["contact"])) == 2:
            columns[at] = replace(column, kind="personal")
    with_kinds = noted(columns, own["records"], own["received"])
    if heads == 2:  # a question may be called as a column of the tool, which has no second heading
        pairs = zip(with_kinds, columns, head[1], strict=True)
        with_kinds = tuple(asked if below else column for column, asked, below in pairs)
    return Export("surveymonkey", heads, with_kinds, joined=True)


def redcap(head: Head) -> Export | None:
    """Recognised by columns of options, the id of the record, and what says that a form is done.

    ``work___2`` or ``Work (choice=summaries)`` is the column of one option. The id may have any
    name (``participant_id``); two of the three are enough, and so is one with the column of an
    event, or a column that REDCap names after itself.
    """
    own, names = _own("redcap"), head[0]
    columns = [_of_redcap(text) for text in names]
    event = any(key(text) in own["entries"] for text in names)
    signs = (
        any(column.has_part for column in columns),
        any(text.endswith("_complete") or text == "Complete?" for text in names),
        key(names[0]) in own["known"],
        any(text.startswith("redcap_") for text in names),
        event,
    )
    if sum(signs) < 2:
        return None
    stamps = [key(text) for text in names if text.endswith("_timestamp")]
    done = keys(names[0], *(text for text in names if text.endswith("_complete")))
    records = {*own["records"], *own["entries"], *done}
    with_kinds = noted(columns, records, [*stamps, *own["received"]])
    return Export("redcap", 1, with_kinds, repeats=event)


def _of_redcap(heading: str) -> Column:
    if match := re.fullmatch(r"(?=\w+$)(\w+?)___(\w+)", heading):
        return Column(heading, match[1], part_name=match[2])
    if match := re.fullmatch(r"(.*\S)\s*\(choice=(.*)\)", heading, re.S):
        return Column(heading, text=match[1], part=match[2])
    named = re.fullmatch(r"[a-z][a-z0-9_]*", heading) is not None
    return Column(heading, name=heading if named else "", text="" if named else heading)


def odk(head: Head) -> Export | None:
    """ODK and KoboToolbox, recognised by the key of the submission.

    ``work``, ``grp-work`` or ``grp/work`` is a question, ``grp/work/summaries`` one of its options;
    the column of the question itself may be left out. Headings may be labels in the place of names.
    A second row may hold tags, each with ``#`` before it.
    """
    own, names = _own("odk"), head[0]
    marks = {key(text) for text in names}
    sure = marks & {key("_uuid"), key("meta/instanceID")}
    if marks.isdisjoint(own["known"]) or marks.isdisjoint(own["received"][: None if sure else 2]):
        return None
    tagged = len(head) > 1 and all(re.fullmatch(r"(#\S+)?", text) for text in head[1])
    heads = 2 if tagged and any(head[1]) else 1
    records = {*own["records"], *(key(text) for text in names if text.startswith("_"))}
    headings = [text for text in names if key(text) not in records]
    stem_of = {text: _stem(text, headings) for text in names}
    above = Counter(stem_of[text] for text in headings)
    ticked = _ticked(names, head[heads:])
    found_at = {text: at[1] for text in names if (at := POSITION.fullmatch(text))}
    places = {place for text, place in found_at.items() if text.lower().endswith("latitude")}
    columns = []
    for text in names:
        before, last = stem_of[text], text.rpartition("/")[2]
        if {last, found_at.get(text)} & places:
            columns.append(Column(text, text, kind="personal"))
        # the question has a column of its own, too, or has ticks alone
        elif before and above[before] > 1 and (before in headings or before in ticked):
            columns.append(_of_odk(text, before, text[len(before) + 1 :]))
        else:
            columns.append(_of_odk(text, text))
    split = {c.question for c in columns if c.has_part}
    rest = (
        replace(c, kind="record") if c.question in split and not c.has_part else c for c in columns
    )
    return Export("odk", heads, noted(rest, records, own["received"]), joined=True)


# of a question on a place: its four columns beside the whole
POSITION = re.compile(
    r"(?:.*/)?_?([\w-]+?)[_-](?:latitude|longitude|altitude|precision|accuracy)", re.I
)


def _stem(heading: str, headings: Sequence[str]) -> str:
    """The question in a heading: up to a ``/`` behind another heading, else up to the last one."""
    cuts = (heading[: cut.start()] for cut in re.finditer("/", heading))
    return next((stem for stem in cuts if stem in headings), heading.rpartition("/")[0])


def _ticked(names: Sequence[str], rows: Head) -> set[str]:
    """The questions (before the last ``/``) whose columns hold nothing but 1 and 0."""
    values_of: dict[str, set[str]] = {}
    for position, text in enumerate(names):
        values_of.setdefault(text.rpartition("/")[0], {""}).update(row[position] for row in rows)
    ticks = {"", "0", "1", "True", "False", "TRUE", "FALSE"}
    return {name for name, values in values_of.items() if {""} < values <= ticks}


def _of_odk(heading: str, question: str, part: str = "") -> Column:
    """A column by its name without the groups before it, or by its label."""
    if re.fullmatch(r"[\w/.-]+", question, re.ASCII):
        return Column(heading, name=re.split(r"[/-]", question)[-1], part_name=part)
    return Column(heading, text=question, part=part)


# how long a page or a question took, and how many files were sent
TIMED = re.compile(
    r"(groupTime\w*|\w+Time|\w+[_\[]filecount\]?)(\.|$)|(Group|Question) time: |filecount - "
)
CODED = re.compile(r"([A-Za-z]\w*)((?:\[\w+\])*)(?:\.\s*(.*))?", re.S)
UNDERSCORED = re.compile(r"^([A-Za-z][A-Za-z0-9]*)_([A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)(?=\.\s|$)")


def limesurvey(head: Head) -> Export | None:
    """Recognised by what it notes of each reply, or by codes with sub-questions in brackets.

    Headings are codes, full text or both: ``Q2[SQ001]``, ``Q2[SQ001]. 利用業務 [翻訳]``, ``利用業務
    [翻訳]``; ``Q2[other]`` holds the words beside "other", ``Q2[SQ001comment]`` a remark beside a
    tick. A VV export has two rows, the words and the codes; there and in the export for R a
    sub-question is ``Q2_SQ001``, as no code of LimeSurvey has an underscore of its own.
    """
    own, codes = _own("limesurvey"), None
    if len(head) > 1 and keys("id", "lastpage") <= {*map(key, head[1])}:
        codes = head[1]
        head = [[code + (text and f". {text}") for text, code in zip(*head[:2], strict=True)]]
    names = head[0]
    headings = {key(text) for text in names}
    subs = sum(bool(re.match(r"[A-Za-z]\w*\[\w+\](\.|$)", text)) for text in names)
    coded = sum(bool(re.match(r"[A-Za-z]\w*(\[\w+\])*\.\s", text)) for text in names)
    bare = headings | {key(text.partition(". ")[0]) for text in names}
    certain = not (bare.isdisjoint(own["known"]) or bare.isdisjoint(own["received"]))
    if not (certain or (subs and subs + coded > 0.5 * len(names))):
        return None
    by_code = subs > 0 or bool(keys("submitdate", "id") & headings) or names[0].startswith("id. ")
    texts = [UNDERSCORED.sub(r"\1[\2]", text) if certain and not subs else text for text in names]
    columns = [_of_limesurvey(text, by_code) for text in texts]
    columns = [replace(c, heading=text) for c, text in zip(columns, names, strict=True)]
    records = {*own["records"], *keys(*filter(TIMED.match, names))}
    return Export("limesurvey", 2 if codes else 1, noted(columns, records, own["received"]))


def _of_limesurvey(heading: str, by_code: bool) -> Column:
    """A heading by its code where the export has codes, else by its words."""
    match = CODED.fullmatch(heading)
    if not by_code or match is None:
        own = bracketed(heading)  # the remark beside an option is none
        return (
            Column(heading, text=heading) if key(own.part) in _own("limesurvey")["remark"] else own
        )
    subs = re.findall(r"\[(\w+)\]", match[2])
    if subs and subs[-1].endswith("comment"):  # a remark, no option
        return Column(heading, name="_".join([match[1], *subs]), text=match[3] or "")
    text, part = _cut(match[3] or "") if subs else (match[3] or "", "")
    kind: Kind = "other" if subs[-1:] == ["other"] else "answer"
    return Column(heading, match[1], text, part, "_".join(subs), kind)


def _cut(words: str) -> tuple[str, str]:
    """The words of a question, and of its sub-question in brackets behind them; of two, both.

    A sub-question may have no question above it: ``likert[a]. [How often?]``.

    >>> _cut("人数 [本庁][正規]"), _cut("[How often?]"), _cut("AI [生成] [翻訳]")
    (('人数', '本庁 / 正規'), ('', 'How often?'), ('AI [生成]', '翻訳'))
    """
    match = re.fullmatch(rf"(.*?){GAP}\[([^\[\]]*)\](?:\[([^\[\]]*)\])?", words, re.S)
    if match is None:  # brackets within brackets, or none
        alone = re.fullmatch(r"\[(.*)\]", words, re.S)
        before = re.sub(rf"{GAP}\[.*\]$", "", words) if words.endswith("]") else words
        return ("", alone[1].strip()) if alone else (before, "")
    return match[1], " / ".join(part.strip() for part in match.groups()[1:] if part)


def google_forms(head: Head) -> Export | None:
    """Recognised by the heading of its time stamps, which come first; a grid has rows in brackets.

    The columns of points and remarks of a test, ``Q [Score]``, are the tool's own.
    """
    own = _own("google-forms")
    if key(head[0][0]) not in own["received"]:
        return None
    columns = [
        replace(column, kind="record") if key(column.part) in own["points"] else column
        for column in map(bracketed, head[0])
    ]
    return Export("google-forms", 1, noted(columns, own["records"], own["received"]), joined=True)


LIKERT = re.compile(
    r"(.*[^\d\s]{2}[?？:：。]?)\.(\S.*)", re.S
)  # a question, and one of its statements
POINTS = re.compile(r"^(?:Points|Feedback|点数|ポイント|フィードバック)\s*[-–:：]\s*(.+)$")


def ms_forms(head: Head) -> Export | None:
    """Recognised by ID, start and completion before everything else.

    A statement of a Likert may stand behind its question and a point: ``How good was it?.Food``.
    A quiz has columns of points and remarks (``Points - Q``) behind each question.
    """
    own, names = _own("ms-forms"), head[0]
    uses = [["id"], own["known"], own["received"]]
    if len(names) < 3 or not all(key(text) in use for text, use in zip(names, uses, strict=False)):
        return None
    marked = {text for text in names if (of := POINTS.match(text)) and of[1] in names}
    cut = [LIKERT.fullmatch(text) for text in names]
    shared = Counter(of[1] for of in cut if of)
    own_columns = (
        Column(text, text=of[1], part=of[2])
        if of and shared[of[1]] > 1
        else Column(text, text=text)
        for text, of in zip(names, cut, strict=True)
    )
    columns = [*noted(own_columns, {*own["records"], *keys(*marked)}, own["received"])]
    if len(names) > 4 and key(names[4]) in own["names"]:  # beside the mail address
        columns[4] = replace(columns[4], kind="personal")
    return Export("ms-forms", 1, tuple(columns), joined=True)


def kintone(head: Head) -> Export | None:
    """Recognised by the number of the record, or by the mark of its first row.

    Each option of several has a column, with its words in brackets: ``利用業務[翻訳]``. Where the
    form holds a table, its lines are rows, too.
    """
    own, names = _own("kintone"), [key(text) for text in head[0]]
    mark = key("レコードの開始行")
    if {*names}.isdisjoint((*own["known"], mark)):
        return None
    columns = noted(map(bracketed, head[0]), own["records"], own["received"])
    opens = names.index(mark) if mark in names else None
    return Export("kintone", 1, columns, joined=True, opens=opens)


def logo(head: Head) -> Export | None:
    """LoGoフォーム, recognised by when the form was sent, or by the number of its receipt.

    Each option of several has a column, with its words behind a line: ``利用業務_翻訳``.
    """
    own = _own("logo")
    if {key(text) for text in head[0]}.isdisjoint(own["known"]):
        return None
    return Export("logo", 1, noted(parted(head[0]), own["records"], own["received"]), joined=True)


# the first that knows a header reads it; those that are surest come first
IN_ORDER = qualtrics, surveymonkey, redcap, odk, limesurvey, google_forms, ms_forms, kintone, logo
READERS: Mapping[str, HeadReader] = {read.__name__.replace("_", "-"): read for read in IN_ORDER}


def find(sheet: Sheet, tool: str | None = None) -> Export | None:
    """The header of an export as its tool writes it; None where no tool is known by it.

    Parameters
    ----------
    tool : one of `READERS`, where it is known which tool wrote the file.

    Raises InputError: the header is not that of `tool`, or a record takes several rows.
    """
    head = head_of(sheet)
    if not head or not any(head[0]):
        return None
    readers = READERS.values() if tool is None else [READERS[tool]]
    export = next(filter(None, (reader(head) for reader in readers)), None)
    if export is not None:
        export = _with_ends(export) if "finished" in _own(export.tool) else export
        _refuse_split_records(sheet, export)
    elif tool is not None:
        raise sheet.refusal("tool.other_header", tool=tool)
    return export


def _with_ends(export: Export) -> Export:
    """An export with the column that says which replies were completed, where its tool has one."""
    own = _own(export.tool)
    headings = [{key(c.name), key(c.text), key(c.heading)} for c in export.columns]
    at = next((i for i, names in enumerate(headings) if names & {*own["finished"]}), None)
    return replace(export, finished=at, not_finished=frozenset(own["not_finished"]))


def _refuse_split_records(sheet: Sheet, export: Export) -> None:
    """Refuse records over several rows: the latest row would stand for all."""
    body = sheet.text.iloc[export.heads :]
    if export.opens is None:
        ids = body.iloc[:, 0]
        again = ids.duplicated() & ids.ne("") & export.repeats
    else:
        opened = body.iloc[:, export.opens].ne("")
        ids, again = opened.cumsum(), ~opened & body.ne("").any(axis=1)
    if (twice := np.flatnonzero(again.to_numpy())).size:
        at = export.heads + int(twice[0]), export.opens or 0
        raise sheet.refusal("tool.several_rows", at=at, id=ids.iloc[twice[0]])


def choose(sheets: Sequence[Sheet], tool: str | None = None) -> tuple[Sheet, Export] | None:
    """The sheet of a workbook that is an export, with its header.

    Raises InputError: the file is said to be of a tool and no sheet is.
    """
    refusals = []
    for sheet in (sheet for sheet in sheets if not sheet.hidden):
        try:
            if (export := find(sheet, tool)) is not None:
                return export.marked(sheet), export
        except InputError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    return None
