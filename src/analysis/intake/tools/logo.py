"""LoGoフォーム and kintone: one row of headings, each option of several in a column of its own.

kintone writes the option in brackets, ``利用業務[翻訳]``; LoGoフォーム behind a line,
``利用業務_翻訳``.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.intake.tools.core import (
    Column,
    Export,
    Head,
    bracketed,
    is_other,
    key,
    keys,
    noted,
    parted,
)

KINTONE = keys("レコード番号", "レコードID", "Record number")
KINTONE_RECORDS = KINTONE | keys(
    "レコードの開始行", "作成日時", "更新日時", "ステータス", "作業者", "カテゴリー", "リビジョン",
    "$id", "$revision",
)  # fmt: skip
LOGO = keys("受付番号", "申請番号", "受付ID", "送信番号")
LOGO_SENT = ("申請日時", "送信日時", "回答日時", "受付日時", "申請日")
LOGO_RECORDS = LOGO | keys(
    "フォーム名", "フォームID", "処理状況", "ステータス", "支払状況", "処理完了日時"
)
TEXTS = ("内容", "自由記述", "テキスト", "具体的に")


def read_kintone(head: Head) -> Export | None:
    """Recognised by the number of the record."""
    if not KINTONE & {key(text) for text in head[0]}:
        return None
    columns = noted(map(bracketed, head[0]), KINTONE_RECORDS, [*keys("作成日時")])
    return Export("kintone", 1, columns, joined=True)


def read_logo(head: Head) -> Export | None:
    """Recognised by when the form was sent, or by the number of its receipt."""
    if not (LOGO | keys(*LOGO_SENT[:2])) & {key(text) for text in head[0]}:
        return None
    columns = noted(
        map(_other_words, parted(head[0], "_")), LOGO_RECORDS, [key(text) for text in LOGO_SENT]
    )
    return Export("logo", 1, columns)


def _other_words(column: Column) -> Column:
    """A column for the words of an option その他 is not that of its tick."""
    words = is_other(column.part) and column.part.endswith(TEXTS)
    return replace(column, kind="other") if words else column
