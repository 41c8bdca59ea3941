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
OPENS = key("レコードの開始行")  # where the form holds a table, whose lines are rows, too
KINTONE_RECORDS = KINTONE | {OPENS} | keys(
    "作成日時", "更新日時", "ステータス", "作業者", "カテゴリー", "リビジョン",
    "$id", "$revision",
)  # fmt: skip
LOGO = keys("受付番号", "申請番号", "受付ID", "送信番号")
LOGO_SENT = ("申請日時", "送信日時", "回答日時", "受付日時", "申請日")
LOGO_RECORDS = LOGO | keys(
    "フォーム名", "フォームID", "処理状況", "ステータス", "支払状況", "処理完了日時"
)
TEXTS = ("内容", "自由記述", "テキスト", "具体的に")


def read_kintone(head: Head) -> Export | None:
    """Recognised by the number of the record, or by the mark of its first row."""
    names = [key(text) for text in head[0]]
    if not {*KINTONE, OPENS} & {*names}:
        return None
    columns = noted(map(bracketed, head[0]), KINTONE_RECORDS, [*keys("作成日時")])
    opens = names.index(OPENS) if OPENS in names else None
    return Export("kintone", 1, columns, joined=True, opens=opens)


def read_logo(head: Head) -> Export | None:
    """Recognised by when the form was sent, or by the number of its receipt."""
    if not (LOGO | keys(*LOGO_SENT[:2])) & {key(text) for text in head[0]}:
        return None
    columns = noted(
        map(_other_words, parted(head[0], "_")), LOGO_RECORDS, [key(text) for text in LOGO_SENT]
    )
    return Export("logo", 1, columns, joined=True)


def _other_words(column: Column) -> Column:
    """A column for the words of an option その他 is not that of its tick."""
    if column.part.endswith(TEXTS):
        before, _, last = column.text.rpartition("_")
        if before and is_other(last):  # a line before 内容, too
            return replace(column, text=before, part=f"{last}_{column.part}", kind="other")
        if is_other(column.part):
            return replace(column, kind="other")
    return column
