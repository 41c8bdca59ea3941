"""What a comparison says, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.compare.changes import Comparison, type_names
from analysis.text import Language, say

if TYPE_CHECKING:
    from analysis.compare.movers import Movers

WORDS = {
    "ja": {
        "title": "何が変わったか",
        "same": "結果は何も変わっていない。",
        "nothing": "結果は何も変わっていない。プログラム・データ・設定にも違いはない。",
        "results": "結果の変化",
        "made": "変更されたもの",
        "pages": "頁の状態",
        "answers": "答え",
        "examples": "例として取り上げた団体",
        "other_example": "別の団体の例になったので、この頁の他の内容は比べていない",
        "sample": "回答数と分母",
        "movers": "類型が変わった・類型に出入りした団体",
        "figures": "図",
        "drawn": "描き方だけが変わった図（数値は同じ）",
        "tables": "表",
        "prose": "本文の文章",
        "cleaning": "データの整理での確認事項",
        "inputs": "受け取ったファイル",
        "codebook": "コードブック（設問・指標の定義）",
        "parameters": "パラメーター",
        "sources": "ノートブックのセル",
        "versions": "パッケージの版",
        "code": "プログラム（src/analysis）が変わった",
        "item": "項目",
        "row": "行",
        "column": "列",
        "before": "前",
        "after": "後",
        "difference": "差",
        "picture": "変わった部分（赤）",
        "added": "加わった行",
        "removed": "なくなった行",
        "columns": "なくなった列（-）・加わった列（+）",
        "more": "ほか{n:,}件",
        "cells": "{n:,}か所",
        "new": "新しく加わった",
        "gone": "なくなった",
        "municipality": "団体",
        "membership": "前の所属の強さ",
        "unplaced": "（型に入らない）",
        "details": "詳しくは compare.html（成果物）を参照。",
        "text": {
            "title": "題名",
            "alt": "説明文",
            "notes": "注",
            "reason": "載せない理由",
            "invited": "依頼した団体",
            "replied": "回答した団体",
            "repaired": "補正",
            "doubtful": "要確認",
            "refused": "不採用",
            "ok": "完了",
            "failed": "未完成",
        },
    },
    "en": {
        "title": "What changed",
        "same": "Nothing changed in the results.",
        "nothing": "Nothing changed in the results, nor in code, data or settings.",
        "results": "What came out differently",
        "made": "What was changed",
        "pages": "State of the pages",
        "answers": "Answers",
        "examples": "Municipalities taken as an example",
        "other_example": "the example is another municipality, so the rest of the page is not "
        "compared",
        "sample": "Response and denominators",
        "movers": "Municipalities that changed, entered or left a type",
        "figures": "Figures",
        "drawn": "Figures that are only drawn differently (same numbers)",
        "tables": "Tables",
        "prose": "Sentences in the text",
        "cleaning": "Findings of the cleaning",
        "inputs": "Files as received",
        "codebook": "Codebook (questions, indicators)",
        "parameters": "Parameters",
        "sources": "Cells of notebooks",
        "versions": "Package versions",
        "code": "The code (src/analysis) changed",
        "item": "item",
        "row": "row",
        "column": "column",
        "before": "before",
        "after": "after",
        "difference": "difference",
        "picture": "what differs (red)",
        "added": "rows added",
        "removed": "rows removed",
        "columns": "columns gone (-) and added (+)",
        "more": "and {n:,} more",
        "cells": "{n:,} places",
        "new": "new",
        "gone": "gone",
        "municipality": "municipality",
        "membership": "membership before",
        "unplaced": "(unplaced)",
        "details": "Details: compare.html (the artifact).",
        "text": {
            "title": "title",
            "alt": "description",
            "notes": "notes",
            "reason": "reason it is left out",
            "invited": "municipalities asked",
            "replied": "municipalities that replied",
            "repaired": "repaired",
            "doubtful": "to confirm",
            "refused": "refused",
            "ok": "complete",
            "failed": "not complete",
        },
    },
}  # fmt: skip


def of(found: Comparison) -> dict[str, Any]:
    """The words in the language of the runs."""
    return WORDS[found.after.language]


def headline(found: Comparison) -> str:
    """The line that comes first: how much of what changed, and whether answers and types did."""
    words = of(found)
    if not found.results_changed:
        return str(words["nothing"] if found.empty else words["same"])
    figures = [figure for figure in found.figures if figure.result]
    movers = found.movers.moved if found.movers else []
    listed: dict[str, Sequence[Any]] = {
        "answers": found.answers,
        "examples": found.examples,
        "movers": movers,
        "sample": found.sample,
    }
    listed |= {"pages": found.pages, "figures": figures, "tables": found.tables}
    listed |= {"prose": found.prose, "cleaning": found.cleaning}
    counts = [f"{words[name]} {len(items):,}" for name, items in listed.items() if items]
    return say(
        "compare/headline",
        language(found),
        counts=counts,
        answers_alike=not found.answers,
        types_alike=found.types_known and not found.movers,
    )


def language(found: Comparison) -> Language:
    """The language of both runs."""
    return "ja" if found.after.language == "ja" else "en"


def moved(found: Comparison, who: Movers) -> str:
    """How many changed type, beside the typology's own instability."""
    counted = who.found
    known = counted.exceeds is not None
    return say(
        "compare/moved",
        language(found),
        n=len(counted.types),
        changed=counted.count,
        other=len(counted.crossed),
        expected=counted.expected if known else None,
        low=counted.low,
        high=counted.high,
        exceeds=counted.exceeds,
    )


def kinds(found: Comparison, who: Movers) -> list[tuple[str, str, str, str]]:
    """Each mover: its name, type before, type after, membership."""
    words = of(found)
    old, new = type_names(found.before), type_names(found.after)
    none = str(words["unplaced"])
    return [
        (
            one.name,
            none if one.before == 0 else old.get(one.before, str(one.before)),
            none if one.after == 0 else new.get(one.after, str(one.after)),
            "" if one.membership != one.membership else f"{one.membership:.2f}",
        )
        for one in who.moved
    ]
