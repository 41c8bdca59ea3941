"""LimeSurvey: one row of headings, as codes, as full text or as both.

``Q2[SQ001]``, ``Q2[SQ001]. 利用業務 [翻訳]``, ``利用業務 [翻訳]``; ``Q2[other]`` holds the words
beside "other", ``Q2[SQ001comment]`` a remark beside a tick. A VV export has two rows, the words and
the codes; there and in the export for R a sub-question is ``Q2_SQ001``, as no code of LimeSurvey
has an underscore of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace

from analysis.intake.tools.core import (
    Column,
    Export,
    Head,
    beside_other,
    bracketed,
    key,
    keys,
    noted,
)

SENT = ("submitdate", "Date submitted", "送信日", "送信日時", "完了日時")
RECORDS = keys(
    "id", "Response ID", "回答ID", "lastpage", "Last page", "最後のページ", "最終ページ",
    "startlanguage", "Start language", "開始言語", "seed", "シード", "startdate", "Date started",
    "開始日", "開始日時", "datestamp", "Date last action", "最終更新日", "refurl", "Referrer URL",
    "リファラURL",
    "token", "Token", "トークン", "interviewtime", "Total time", "Access code",
)  # fmt: skip
# how long a page or a question took, and how many files were sent
NOTED = re.compile(
    r"(groupTime\w*|\w+Time|\w+[_\[]filecount\]?)(\.|$)|(Group|Question) time: |filecount - "
)
CERTAIN = keys("startlanguage", "Start language", "開始言語", "lastpage", "Last page")
CODED = re.compile(r"([A-Za-z]\w*)((?:\[\w+\])*)(?:\.\s*(.*))?", re.S)


def read(head: Head) -> Export | None:
    """Recognised by what it notes of each reply, or by codes with sub-questions in brackets."""
    codes = head[1] if len(head) > 1 and keys("id", "lastpage") <= {*map(key, head[1])} else None
    if codes is not None:
        words = [text and f". {text}" for text in head[0]]
        head = [[code + text for code, text in zip(codes, words, strict=True)]]
    found = {key(text) for text in head[0]}
    subs = sum(bool(re.match(r"[A-Za-z]\w*\[\w+\](\.|$)", text)) for text in head[0])
    coded = sum(bool(re.match(r"[A-Za-z]\w*(\[\w+\])*\.\s", text)) for text in head[0])
    bare = found | {key(text.partition(". ")[0]) for text in head[0]}
    certain = CERTAIN & bare and keys(*SENT) & bare
    if not (certain or (subs and subs + coded > 0.5 * len(head[0]))):
        return None
    by_code = subs > 0 or bool(keys("submitdate", "id") & found) or head[0][0].startswith("id. ")
    named = head[0] if subs or not certain else [_bracketed(text) for text in head[0]]
    own = beside_other([_column(text, by_code) for text in named])
    own = [replace(c, heading=text) for c, text in zip(own, head[0], strict=True)]
    timed = keys(*filter(NOTED.match, head[0]))
    columns = noted(own, RECORDS | timed, [key(text) for text in SENT])
    return Export("limesurvey", 2 if codes else 1, columns)


def _bracketed(heading: str) -> str:
    """A code such as ``Q2_SQ001``, with or without words behind it, as ``Q2[SQ001]``."""
    found = re.match(r"([A-Za-z][A-Za-z0-9]*)((?:_[A-Za-z0-9]+)+)(?=\.\s|$)", heading)
    if found is None:
        return heading
    return f"{found[1]}[{found[2][1:]}]{heading[found.end() :]}"


def _column(heading: str, by_code: bool) -> Column:
    """A heading by its code where the export has codes, else by its words."""
    found = CODED.fullmatch(heading)
    if not by_code or found is None or not (found[2] or found[3] is not None or _bare(heading)):
        return bracketed(heading)
    subs = re.findall(r"\[(\w+)\]", found[2])
    if subs and subs[-1].endswith("comment"):  # a remark, no option
        return Column(heading, name="_".join([found[1], *subs]), text=found[3] or "")
    text, part = _cut(found[3] or "") if subs else (found[3] or "", "")
    return Column(
        heading,
        name=found[1],
        text=text,
        part=part,
        part_name="_".join(subs),
        kind="other" if subs[-1:] == ["other"] else "answer",
    )


def _bare(heading: str) -> bool:
    return re.fullmatch(r"[A-Za-z]\w*", heading) is not None


def _cut(words: str) -> tuple[str, str]:
    """The words of a question, and of its sub-question in brackets behind them; of two, both.

    A sub-question may have no question above it: ``likert[a]. [How often?]``.

    >>> _cut("人数 [本庁][正規]"), _cut("[How often?]"), _cut("AI [生成] [翻訳]")
    (('人数', '本庁 / 正規'), ('', 'How often?'), ('AI [生成]', '翻訳'))
    """
    found = re.fullmatch(r"(.*?)\s*\[([^\[\]]*)\]\[([^\[\]]*)\]", words, re.S)
    if found:
        return found[1], f"{found[2].strip()} / {found[3].strip()}"
    cut = bracketed(words)
    if cut.part:
        return cut.text, cut.part
    alone = re.fullmatch(r"\[(.*)\]", words, re.S)
    return ("", alone[1].strip()) if alone else (re.sub(r"\s*\[.*\]$", "", words, flags=re.S), "")
