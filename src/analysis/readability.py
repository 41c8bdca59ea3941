"""The ministry's rules of machine readability, as data: what each asks, in both languages.

統計表における機械判読可能なデータの表記方法の統一ルール (Ministry of Internal Affairs and
Communications, 2020-12-18), check items 1-1 to 2-2. The texts here are summaries of our own.
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.text import Text


@dataclass(frozen=True)
class Rule:
    """One check item: what is asked, and what to do about a breach."""

    id: str
    title: Text
    advice: Text


def _rule(id: str, ja: str, en: str, advice_ja: str, advice_en: str) -> Rule:
    return Rule(id, Text(ja=ja, en=en), Text(ja=advice_ja, en=advice_en))


_RULES = (
    _rule("1-1", "ファイル形式は Excel か CSV とする", "the file is Excel or CSV",
          "xlsx または CSV（UTF-8）で保存してください", "save it as .xlsx or as CSV in UTF-8"),
    _rule("1-2", "1セル1データとする", "one datum per cell",
          "項目ごとに列を分けて入力してください", "give each datum a cell of its own"),
    _rule("1-3", "数値データは数値属性とし、文字列を含めない", "numbers are numbers, without text",
          "半角数字だけを入力し、単位は見出しに書いてください",
          "enter digits alone and put the unit into the heading"),
    _rule("1-4", "セルを結合しない", "no merged cells",
          "結合を解除し、すべてのセルに値を入力してください", "unmerge and fill in every cell"),
    _rule("1-5", "スペースや改行等で体裁を整えない", "no spaces or line breaks for looks",
          "余分な空白・改行を削除してください", "remove the spaces and line breaks"),
    _rule("1-6", "項目名等を省略しない", "no omitted labels",
          "省略せず、各行・各列に項目名を書いてください", "write it out in every row and column"),
    _rule("1-7", "数式は数値に置き換える", "values instead of formulas",
          "計算結果を値として貼り付けてください", "paste the result as a value"),
    _rule("1-8", "オブジェクトを使用しない", "no objects",
          "図形・画像・グラフを削除し、内容はセルに入力してください",
          "remove shapes, pictures and charts; put what they say into cells"),
    _rule("1-9", "データの単位を記載する", "units are stated",
          "見出しに単位（人、円、％など）を書いてください",
          "state the unit (persons, yen, %) in the heading"),
    _rule("1-10", "機種依存文字を使用しない", "no platform-dependent characters",
          "丸数字・省略文字・拡張漢字等を通常の文字に直すか、読みを併記してください",
          "use ordinary characters instead of circled digits, squared signs and extension kanji"),
    _rule("1-11", "時点は西暦で表記する（和暦には西暦を併記する）", "years of the common era",
          "「2019-04-01」のように西暦で書くか、西暦を併記してください",
          "write 2019-04-01, or add the year of the common era"),
    _rule("1-12", "地域コード又は地域名称を表記する", "area codes or area names are given",
          "団体コード（6桁の文字列）又は団体名の列を設けてください",
          "add a column with the six-digit code (as text) or the municipality's name"),
    _rule("1-13", "数値の列に凡例のない特殊記号を混在させない",
          "no special signs among numbers without a legend",
          "記号（－、×、*、…）の意味を凡例に示してください",
          "say in a legend what －, ×, * or … stand for"),
    _rule("2-1", "データを分断しない", "the data are not split",
          "表の途中の空白行・空白列を削除してください", "remove blank rows and columns from it"),
    _rule("2-2", "1シートに複数の表を掲載しない", "one table per sheet",
          "表ごとにシートを分けてください", "give each table a sheet of its own"),
    _rule("H", "非表示の行・列・シートがある（統一ルール外の確認）",
          "hidden rows, columns or sheets (beyond the rules)",
          "再表示し、不要なら削除してください", "show them, or delete what is not needed"),
)  # fmt: skip
RULES = {rule.id: rule for rule in _RULES}

# why a file cannot be read (a word of the error, the reason, what to do), for the message of 1-1
UNREADABLE = (
    ("password", "パスワードで保護されています", "パスワードを解除して保存し直してください"),
    ("old .xls", "旧形式（.xls）です", "Excel で開き、xlsx で保存し直してください"),
    ("SPSS", "SPSS 形式です", "xlsx または CSV（UTF-8）で保存し直してください"),
    ("PDF", "PDF です", "表を Excel か CSV で送ってください"),
    ("picture", "画像です", "表を Excel か CSV で送ってください"),
    ("web page", "ウェブページ又は XML です", "Excel で開き、xlsx で保存し直してください"),
    ("Word", "Word 文書です", "表を Excel か CSV で送ってください"),
    ("presentation", "プレゼンテーションです", "表を Excel か CSV で送ってください"),
    ("OpenDocument", "OpenDocument 形式です", "Excel で開き、xlsx で保存し直してください"),
    (".xlsb", "バイナリ形式（.xlsb）です", "Excel で開き、xlsx で保存し直してください"),
    ("empty", "中身が空です", "元のファイルを送り直してください"),
    ("is called", "拡張子と中身が一致しません", "xlsx または CSV（UTF-8）で保存し直してください"),
    ("unpacks to", "展開後の大きさが限度を超えます", "データのシートだけを CSV で保存してください"),
    (" columns; a table", "列が多すぎます", "右端の不要な列を削除するか、区切りを確かめてください"),
    ("more than can be read", "表が大きすぎます", "離れた場所の不要なセルを削除してください"),
    ("damaged", "破損していて開けません", "Excel で開いて保存し直すか、送り直してください"),
    ("archive", "圧縮ファイルです", "展開して中の表を送ってください"),
    ("the file is not", "文字コードが分かりません", "CSV（UTF-8）で保存し直してください"),
    ("encoding", "文字コードが分かりません", "CSV（UTF-8）で保存し直してください"),
    ("", "表として読み取れません", "xlsx または CSV（UTF-8）で保存し直してください"),
)
