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
        return said


def _rule(id: str, severity: Severity, ja: str, en: str, said_ja: str, said_en: str) -> Rule:
    return Rule(id, severity, Text(ja=ja, en=en), Text(ja=said_ja, en=said_en))


READ = ("「{raw}」を{value}と読みました。", "{raw} was read as {value}.")
_TABLE = [
    # numbers
    _rule("full-width", "repaired", "全角の数字", "full-width digits",
          "全角の「{raw}」を{value}と読みました。", "Full-width {raw} was read as {value}."),
    _rule("thousands", "repaired", "桁区切り", "thousands separator", *READ),
    _rule("unit", "repaired", "単位つきの数", "number with its unit", *READ),
    _rule("big-unit", "repaired", "千・万の単位", "thousands or ten thousands", *READ),
    _rule("triangle", "repaired", "△・▲（マイナス）", "triangle for minus", *READ),
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
          "「{raw}」を数として読めません。数字でお知らせください。",
          "{raw} cannot be read as a number. Please give the number."),
    _rule("negative", "refused", "負の数", "below zero",
          "「{raw}」は負の数のため、値にしていません。正しい数か、増減ならその旨をお知らせください。",
          "{raw} is below zero and was not turned into a value. Please give the number, or say "
          "that it is a change."),
    _rule("outside-range", "doubtful", "範囲の外", "outside the range",
          "{value}は想定の範囲（{more}）の外です。ご確認ください。",
          "{value} lies outside the expected range ({more}). Please confirm."),
    _rule("not-whole", "doubtful", "整数でない", "not a whole number",
          "「{raw}」は整数でないため、{value}に丸めました。ご確認ください。",
          "{raw} is no whole number and was rounded to {value}. Please confirm."),
    # dates
    _rule("wareki", "repaired", "和暦", "Japanese era date", *READ),
    _rule("impossible-era", "doubtful", "ありえない元号", "impossible era",
          "「{raw}」は改元後の日付のため、{value}と読みました。ご確認ください。",
          "{raw} lies after the era ended; {value} was taken. Please confirm."),
    _rule("serial-date", "repaired", "日付のシリアル値", "Excel serial date",
          "シリアル値「{raw}」を{value}と読みました。", "Serial date {raw} was read as {value}."),
    _rule("not-a-date", "refused", "日付でない", "not a date",
          "「{raw}」を日付として読めません。「2019-04-01」のような日付でお知らせください。",
          "{raw} cannot be read as a date. Please give it as 2019-04-01."),
    # choices
    _rule("label", "repaired", "選択肢の文言での回答", "option given in words",
          "「{raw}」を選択肢{value}と読みました。", "{raw} was read as option {value}."),
    _rule("circled", "repaired", "丸数字", "circled digits", *READ),
    _rule("no-such-option", "refused", "選択肢にない回答", "no such option",
          "「{raw}」は選択肢にありません。どの選択肢に当たるかお知らせください。",
          "{raw} is not among the options. Which one is meant?"),
    _rule("several", "refused", "単一回答に複数の回答", "several answers to a single choice",
          "一つだけ選ぶ設問に「{raw}」とあります。一つをお知らせください。",
          "{raw} was given where one option is asked for. Which one is meant?"),
    _rule("excel-number", "refused", "複数回答が一つの数になった", "answers turned into a number",
          "「{raw}」は、1,3のような回答が表計算ソフトで一つの数になった可能性があります。"
          "「1、3」のように書き直してください。",
          "{raw} may be an answer such as 1,3 that the spreadsheet turned into one number. "
          "Please write 1、3."),
    _rule("excel-date", "refused", "回答が日付になった", "answer turned into a date",
          "「{raw}」は、1-3のような回答が表計算ソフトで日付になったものとみられます。"
          "「1、3」のように書き直してください。",
          "{raw} seems to be an answer such as 1-3 that the spreadsheet turned into a date. "
          "Please write 1、3."),
    _rule("exclusive", "refused", "「なし」と他の選択肢の併記", "exclusive option and others",
          "「{more}」は他の選択肢と同時に選べません（回答「{raw}」）。ご確認ください。",
          "'{more}' cannot be chosen together with others (answer {raw}). Please confirm."),
    _rule("too-many", "doubtful", "選択数の超過", "more choices than allowed",
          "{more}つまでの設問に「{raw}」と回答があります。すべて採りましたが、ご確認ください。",
          "{raw} has more than the {more} choices allowed; all were kept. Please confirm."),
    _rule("tick", "repaired", "○などの印", "tick mark",
          "「{raw}」を選択ありと読みました。", "{raw} was read as ticked."),
    # logic
    _rule("left-out", "doubtful", "対象外の設問への回答", "answer to a question left out",
          "前の設問の回答により対象外のはずの設問に「{raw}」とあります。集計からは除きました。"
          "前の設問の回答とあわせてご確認ください。",
          "Earlier answers leave this question out, yet {raw} was given; it is not counted. "
          "Please confirm both answers."),
    _rule("not-applicable", "doubtful", "対象の設問に非該当", "'not applicable' where it applies",
          "前の設問の回答からは対象になる設問に「{raw}」とあります。ご確認ください。",
          "{raw} was given though earlier answers make this question apply. Please confirm."),
    _rule("check", "doubtful", "回答どうしの食い違い", "answers that disagree",
          "{more}（回答「{raw}」）。ご確認ください。", "{more} (answer {raw}). Please confirm."),
    _rule("error-value", "refused", "エラー値", "error value",
          "セルがエラー値「{raw}」です。値をお知らせください。",
          "The cell holds the error {raw}. Please give the value."),
    # who
    _rule("code-repaired", "repaired", "団体コードの補正", "code repaired",
          "団体コード「{raw}」を{value}と読みました。", "The code {raw} was read as {value}."),
    _rule("code-wrong", "doubtful", "団体コードの誤り", "wrong code",
          "団体コード「{raw}」は検査数字が合わないか存在しません。団体名から{value}としました。"
          "ご確認ください。",
          "The code {raw} is not valid; {value} follows from the name. Please confirm."),
    _rule("name-variant", "repaired", "団体名の表記", "written variant of the name", *READ),
    _rule("renamed", "repaired", "旧団体名", "former name",
          "「{raw}」は現在の{value}です。", "{raw} is now {value}."),
    _rule("code-and-name", "doubtful", "コードと団体名の不一致", "code and name disagree",
          "団体コードは{value}ですが、団体名は「{raw}」です。"
          "団体コードの方を採りました。ご確認ください。",
          "The code says {value}, the name {raw}; the code was followed. Please confirm."),
    _rule("who", "refused", "団体を特定できない", "municipality not identified",
          "「{raw}」がどの団体か特定できません。{more}",
          "It is not clear which municipality {raw} is. {more}"),
    _rule("not-invited", "doubtful", "依頼先でない団体", "not among the invited",
          "{value}は依頼先の一覧にありません。一覧に加えるか、ご確認ください。",
          "{value} is not among those invited. Please add it to the list, or check the reply."),
    _rule("superseded", "repaired", "差替え前の回答", "superseded reply",
          "後から届いた回答に差し替えました（先の回答「{raw}」、後の回答「{value}」）。",
          "A later reply of the same municipality replaces this one ({raw}, later {value})."),
    _rule("same-date", "doubtful", "同じ日付の重複回答", "two replies of the same date",
          "同じ日付の回答が二つあり、後に届いたものを採りました（先の回答「{raw}」、後の回答「{value}」）。"
          "どちらが正しいかお知らせください。",
          "Two replies bear the same date; the later one in the files was taken "
          "({raw}, later {value}). Which one is right?"),
    _rule("hidden", "doubtful", "非表示の行・列", "hidden row or column",
          "非表示の行・列（{raw}）の回答を読み込みました。", "Answers in hidden {raw} were read."),
    _rule("unmatched", "doubtful", "設問と結びつかない列", "cell of no question",
          "どの設問のものか分からないため、集計に入れていません（「{raw}」）。",
          "It is not clear which question {raw} belongs to; it is not counted."),
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
