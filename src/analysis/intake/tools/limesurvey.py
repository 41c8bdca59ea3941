"""LimeSurvey: one row of headings, as codes, as full text or as both.

``Q2[SQ001]``, ``Q2[SQ001]. 利用業務 [翻訳]``, ``利用業務 [翻訳]``; ``Q2[other]`` holds the words
beside "other", ``Q2[SQ001comment]`` a remark beside a tick.
"""

from __future__ import annotations

import re

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
CERTAIN = keys("startlanguage", "Start language", "開始言語", "lastpage", "Last page")
CODED = re.compile(r"([A-Za-z]\w*)((?:\[\w+\])*)(?:\.\s*(.*))?", re.S)


def read(head: Head) -> Export | None:
    """Recognised by what it notes of each reply, or by codes with sub-questions in brackets."""
    found = {key(text) for text in head[0]}
    subs = sum(bool(re.match(r"[A-Za-z]\w*\[\w+\](\.|$)", text)) for text in head[0])
    coded = sum(bool(re.match(r"[A-Za-z]\w*(\[\w+\])*\.\s", text)) for text in head[0])
    bare = found | {key(text.partition(". ")[0]) for text in head[0]}
    certain = CERTAIN & bare and keys(*SENT) & bare
    if not (certain or (subs and subs + coded > 0.5 * len(head[0]))):
        return None
    by_code = subs > 0 or bool(keys("submitdate", "id") & found) or head[0][0].startswith("id. ")
    own = beside_other([_column(text, by_code) for text in head[0]])
    columns = noted(own, RECORDS, [key(text) for text in SENT])
    return Export("limesurvey", 1, columns)


def _column(heading: str, by_code: bool) -> Column:
    """A heading by its code where the export has codes, else by its words."""
    found = CODED.fullmatch(heading)
    if not by_code or found is None or not (found[2] or found[3] is not None or _bare(heading)):
        return bracketed(heading)
    subs = re.findall(r"\[(\w+)\]", found[2])
    words = bracketed(found[3] or "") if found[3] else Column("")
    part = "" if not subs else words.part if words.part else _all_bracketed(found[3])
    text = words.text if subs and words.part else _without_brackets(found[3] or "", bool(subs))
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


def _all_bracketed(text: str | None) -> str:
    """The words of a sub-question that has no question above it: ``likert[a]. [How often?]``."""
    found = re.fullmatch(r"\[(.*)\]", text or "", re.S)
    return found[1].strip() if found else ""


def _without_brackets(text: str, sub: bool) -> str:
    return re.sub(r"\s*\[.*\]$", "", text, flags=re.S) if sub else text
