"""The rules of cleaning: one table, from which docs/rules.md is made.

``repaired``: the meaning was never in doubt. ``doubtful``: a value was taken, or an answer left
out, and the office should confirm it. ``refused``: no value; the text stands in the finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.text import Text

Severity = Literal["repaired", "doubtful", "refused"]


@dataclass(frozen=True)
class Rule:
    """One rule; {raw}, {value} and {more} in its text are filled in for a finding."""

    id: str
    severity: Severity
    title: Text
    text: Text

    def message(self, language: str, **parts: str) -> str:
        """The sentence of a finding."""
        said = self.text.ja if language == "ja" else self.text.en
        for name in ("raw", "value", "more"):
            said = said.replace(f"{{{name}}}", parts.get(name, ""))
        return said.strip()


def _rule(id: str, severity: Severity, ja: str, en: str, said_ja: str, said_en: str) -> Rule:
    return Rule(id, severity, Text(ja=ja, en=en), Text(ja=said_ja, en=said_en))


def _read(ja: str, en: str) -> tuple[str, str]:
    """The sentences of a repair: what was done, then what was read."""
    return f"{ja}「{{raw}}」を{{value}}と読みました。", f"{{raw}} was read as {{value}} ({en})."


_TABLE = [
    # numbers
    _rule("full-width", "repaired", "全角の数字", "full-width digits",
          "全角の「{raw}」を{value}と読みました。", "Full-width {raw} was read as {value}."),
    _rule("thousands", "repaired", "桁区切り", "thousands separator",
          *_read("桁区切りを除いて、", "separators dropped")),
    _rule("unit", "repaired", "単位つきの数", "number with its unit",
          *_read("単位などの文字を除いて、", "the unit dropped")),
    _rule("big-unit", "repaired", "千・万の単位", "thousands or ten thousands",
          *_read("千・万などの単位を数に直して、", "thousands or ten thousands counted out")),
    _rule("other-unit", "refused", "別の単位", "another unit",
          "「{raw}」の単位が設問の単位（{more}）と違うため、値にしていません。「{more}」の単位でお知らせください。",
          "{raw} is not in the unit of the question ({more}) and was not turned into a value. "
          "Please give it in that unit."),
    _rule("remark", "doubtful", "回答に添えた言葉", "words beside an answer",
          "「{raw}」を{value}と読みました。添えられた言葉によって回答が変わる場合は、お知らせください。",
          "{raw} was read as {value}. Please say if the words beside it change the answer."),
    _rule("triangle", "repaired", "△・▲（マイナス）", "triangle for minus",
          *_read("△・▲をマイナスとみて、", "the triangle is a minus")),
    _rule("approximate", "doubtful", "おおよその数", "approximate number",
          "「{raw}」は概数のようです。{value}として扱いましたが、正確な数をお知らせください。",
          "{raw} looks approximate; {value} was taken. Please give the exact number."),
    _rule("fraction", "doubtful", "割合が小数", "percentage as a fraction",
          "「{raw}」は割合を小数で書いたものとみて{value}％としました。ご確認ください。",
          "{raw} was taken as a fraction, {value} percent. Please confirm."),
    _rule("range", "refused", "幅のある数", "a range",
          "「{raw}」は幅のある回答のため、値にしていません。一つの数でお知らせください。",
          "{raw} is a range and was not turned into a value. Please give one number."),
    _rule("not-a-number", "refused", "数でない", "not a number",
          "「{raw}」を数として読めないため、値にしていません。一つの数でお知らせください。",
          "{raw} cannot be read as a number and was not turned into a value. Please give one "
          "number."),
    _rule("negative", "refused", "負の数", "below zero",
          "「{raw}」は負の数のため、値にしていません。正しい数か、増減ならその旨をお知らせください。",
          "{raw} is below zero and was not turned into a value. Please give the number, or say "
          "that it is a change."),
    _rule("outside-range", "doubtful", "範囲の外", "outside the range",
          "{value}は想定の範囲（{more}）の外です。そのまま採りましたが、ご確認ください。",
          "{value} lies outside the expected range ({more}); it was kept. Please confirm."),
    _rule("not-whole", "doubtful", "整数でない", "not a whole number",
          "「{raw}」は整数でないため、{value}に丸めました。ご確認ください。",
          "{raw} is no whole number and was rounded to {value}. Please confirm."),
    # dates
    _rule("wareki", "repaired", "和暦", "Japanese era date",
          *_read("和暦を西暦に直して、", "Japanese era")),
    _rule("impossible-era", "doubtful", "ありえない元号", "impossible era",
          "「{raw}」はその元号の期間にない日付です。{value}と読みましたが、ご確認ください。",
          "{raw} lies outside its era; {value} was taken. Please confirm."),
    _rule("serial-date", "repaired", "日付のシリアル値", "Excel serial date",
          "シリアル値「{raw}」を{value}と読みました。", "Serial date {raw} was read as {value}."),
    _rule("weekday", "refused", "日付と曜日の不一致", "date and weekday disagree",
          "「{raw}」は日付と曜日が合わないため、値にしていません。正しい日付をお知らせください。",
          "The date and the weekday of {raw} disagree, so none was taken. Which day is meant?"),
    _rule("not-a-date", "refused", "日付でない", "not a date",
          "「{raw}」を日付として読めないため、値にしていません。"
          "「2019-08-05」のように西暦でお知らせください。",
          "{raw} cannot be read as a date and was not turned into a value. Please write it like "
          "2019-08-05."),
    # choices
    _rule("label", "repaired", "選択肢の文言での回答", "option given in words",
          "「{raw}」を選択肢{value}と読みました。", "{raw} was read as option {value}."),
    _rule("circled", "repaired", "丸数字", "circled digits",
          *_read("丸数字を番号とみて、", "circled digits")),
    _rule("no-such-option", "refused", "選択肢にない回答", "no such option",
          "「{raw}」は選択肢にないため、値にしていません。どの選択肢に当たるかお知らせください。",
          "{raw} is not among the options and was not turned into a value. Which one is meant?"),
    _rule("several", "refused", "単一回答に複数の回答", "several answers to a single choice",
          "一つだけ選ぶ設問に「{raw}」とあるため、値にしていません。一つをお知らせください。",
          "{raw} was given where one option is asked for; none was taken. Which one is meant?"),
    _rule("excel-number", "refused", "複数回答が一つの数になった", "answers turned into a number",
          "「{raw}」は、1,3のような回答が表計算ソフトで一つの数になった可能性があるため、"
          "値にしていません。「1、3」のように「、」で区切るか、選択肢の文言でお知らせください。",
          "{raw} may be an answer such as 1,3 that the spreadsheet turned into one number; it was "
          "not turned into a value. Please write 1、3, or the options in words."),
    _rule("excel-date", "refused", "回答が日付になった", "answer turned into a date",
          "「{raw}」は、1-3のような回答が表計算ソフトで日付になったとみられるため、"
          "値にしていません。選んだ番号を（複数なら「1、3」のように）お知らせください。",
          "{raw} seems to be an answer such as 1-3 that the spreadsheet turned into a date; it was "
          "not turned into a value. Please give the number chosen, several like 1、3."),
    _rule("exclusive", "refused", "「なし」と他の選択肢の併記", "exclusive option and others",
          "「{more}」は他の選択肢と同時に選べないため、値にしていません（回答「{raw}」）。"
          "どちらが正しいかお知らせください。",
          "'{more}' cannot be chosen together with others, so none was taken (answer {raw}). "
          "Which is right?"),
    _rule("too-many", "doubtful", "選択数の超過", "more choices than allowed",
          "{more}つまでの設問で{value}が選ばれています。すべて採りましたが、ご確認ください。",
          "More than the {more} choices allowed were made ({value}); all were kept. Please "
          "confirm."),
    _rule("tick", "repaired", "○などの印", "tick mark",
          "「{raw}」を選択ありと読みました。", "{raw} was read as ticked."),
    _rule("not-a-tick", "refused", "印か分からない記入", "not a tick",
          "「{raw}」が選択の印か分からないため、値にしていません。選ぶ場合は○、選ばない場合は空欄で"
          "お知らせください。",
          "It is not clear whether {raw} is a tick, so none was taken. Please write ○ if the "
          "option is chosen, and nothing if not."),
    _rule("not-ticked", "repaired", "選択欄の「－」など", "dash beside ticks",
          "他の選択肢に印があるため、「{raw}」を選択なしと読みました。",
          "Other options are ticked, so {raw} was read as not ticked."),
    _rule("unsure-tick", "doubtful", "選択欄の「不明」など", "no answer beside ticks",
          "他の選択肢に印があるため、「{raw}」を選択なしとしました。ご確認ください。",
          "Other options are ticked, so {raw} was taken as not ticked. Please confirm."),
    _rule("beside-refused", "refused", "読めない欄のある複数回答", "beside a cell that is refused",
          "同じ設問に読めない欄があるため、「{raw}」も値にしていません。その欄と併せてお知らせください。",
          "Another cell of this question cannot be read, so {raw} was not taken either. Please "
          "answer it together with that cell."),
    # logic
    _rule("left-out", "doubtful", "対象外の設問への回答", "answer to a question left out",
          "前の設問の回答により対象外のはずの設問に「{raw}」とあります。"
          "集計からは除きましたが、どちらの回答が正しいかお知らせください。",
          "Earlier answers leave this question out, yet {raw} was given; it is not counted. Which "
          "answer is right?"),
    _rule("not-applicable", "doubtful", "対象の設問に非該当", "'not applicable' where it applies",
          "前の設問の回答からは対象になる設問に「{raw}」とあります。"
          "非該当として扱いましたが、ご確認ください。",
          "{raw} was given though earlier answers make this question apply; it was taken as not "
          "applicable. Please confirm."),
    _rule("check", "doubtful", "回答どうしの食い違い", "answers that disagree",
          "{more}（回答「{raw}」）。どの回答も変えていません。ご確認ください。",
          "{more} (answer {raw}). No answer was changed. Please confirm."),
    _rule("merged", "doubtful", "結合された回答欄", "merged answer",
          "回答欄が結合されており、左上のセルの回答（{more}）だけを採りました。"
          "このセルの回答をお知らせください。",
          "The cell is merged with others and only the answer of the upper left one ({more}) was "
          "taken. Please give the answer of this cell."),
    _rule("error-value", "refused", "エラー値", "error value",
          "セルがエラー値「{raw}」です。値をお知らせください。",
          "The cell holds the error {raw}. Please give the value."),
    # who
    _rule("code-repaired", "repaired", "団体コードの補正", "code repaired",
          "団体コード「{raw}」を{value}と読みました。", "The code {raw} was read as {value}."),
    _rule("code-wrong", "doubtful", "団体コードの誤り", "wrong code",
          "「{raw}」は記入された団体名の団体コードではありません。団体名から{value}としました。"
          "ご確認ください。",
          "{raw} is not the code of the municipality named; {value} follows from the name. Please "
          "confirm."),
    _rule("name-variant", "repaired", "団体名の表記", "written variant of the name",
          *_read("団体名の表記をそろえて、", "a way to write its name")),
    _rule("namesake", "doubtful", "同名の団体", "name of several municipalities",
          "「{raw}」という名の団体は複数あります。依頼先の{value}の回答としました。ご確認ください。",
          "Several municipalities are called {raw}; it was taken for {value}, which was invited. "
          "Please confirm."),
    _rule("renamed", "repaired", "旧団体名", "former name",
          "「{raw}」は現在の{value}です。", "{raw} is now {value}."),
    _rule("code-and-name", "doubtful", "コードと団体名の不一致", "code and name disagree",
          "団体コードは{value}のものですが、「{raw}」とあります。コードのとおりとしました。"
          "ご確認ください。",
          "The code says {value}, yet {raw} is written here; the code was followed. Please "
          "confirm."),
    _rule("who", "refused", "団体を特定できない", "municipality not identified",
          "どの団体の回答か特定できないため、「{raw}」は採っていません。{more}",
          "It is not clear which municipality replied, so {raw} was not taken. {more}"),
    _rule("not-invited", "doubtful", "依頼先でない団体", "not among the invited",
          "{value}は依頼先の一覧にありません。回答は採りましたが、団体コードと一覧をご確認ください。",
          "{value} is not among those invited; its reply was kept. Please confirm the code and the "
          "list."),
    _rule("superseded", "repaired", "差替え前の回答", "superseded reply",
          "この団体からは日付が後の回答も届いたため、そちら（{value}）を採りました。",
          "A reply of a later date came from this municipality and was taken instead ({value})."),
    _rule("same-date", "doubtful", "先後の分からない重複回答", "two replies, none dated later",
          "この団体からは複数の回答が届き、日付では先後が分かりません。{value}の回答を採りました"
          "が、どれが正しいかお知らせください。",
          "Several replies came from this municipality, and no date tells which is the "
          "latest; the one at {value} was taken. Please say which is right."),
    _rule("changed", "repaired", "差し替えられた回答", "answer changed by a later reply",
          "差替え後の回答では「{raw}」が「{value}」に変わっています。",
          "The later reply changed {raw} to {value}."),
    _rule("blanked", "doubtful", "差替え後に空欄の回答", "answer left out by a later reply",
          "差替え後の回答には「{raw}」に当たる回答がないため、値にしていません。ご確認ください。",
          "The later reply holds no answer in place of {raw}, so none was taken. Please confirm."),
    _rule("hidden", "doubtful", "非表示の行・列", "hidden row or column",
          "非表示の行・列（{raw}）の回答も採りました。採ってよいかご確認ください。",
          "Answers in hidden {raw} were taken too. Please confirm that they count."),
    _rule("heading", "doubtful", "番号だけで読んだ見出し", "heading read by its number",
          "見出し「{raw}」を番号によって設問{value}「{more}」と読みました。同じ設問かご確認ください。",
          "The heading {raw} was read by its number as question {value} ({more}). Please confirm "
          "that it is the same."),
    _rule("unmatched", "doubtful", "設問と結びつかない列", "cell of no question",
          "どの設問のものか分からないため、集計に入れていません（「{raw}」）。"
          "回答であれば、どの設問のものかお知らせください。",
          "It is not clear which question {raw} belongs to; it is not counted. If it is an answer, "
          "to which question?"),
]  # fmt: skip
RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def page() -> str:
    """docs/rules.md."""
    lines = [
        "# Rules of cleaning",
        "",
        "Made from `analysis.rules` by `python -m analysis.rules`; a test keeps it in step.",
        "",
        "- **repaired**: the meaning was never in doubt.",
        "- **doubtful**: a value was taken (or an answer left out); the office should confirm it.",
        "- **refused**: nothing was guessed; the cell's text stands in the finding.",
        "",
        "| rule | severity | what (en) | 内容 (ja) |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{r.id}` | {r.severity} | {r.title.en} | {r.title.ja} |" for r in _TABLE]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[2] / "docs" / "rules.md").write_text(page(), encoding="utf-8")
