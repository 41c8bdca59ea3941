"""One answer as an office writes it: the value, or why there is none."""

import datetime as dt
import re
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.cleaning.answers import SEPARATORS, Reader
from analysis.cleaning.findings import RULES
from analysis.cleaning.texts import clock, outside_brackets
from analysis.codebook.model import Codebook
from analysis.intake.sheet import CellKind

TEXT, NUMBER, DATE, ERROR = CellKind.TEXT, CellKind.NUMBER, CellKind.DATE, CellKind.ERROR
OPTIONS = [
    {"code": 1, "ja": "研修", "en": "training"},
    {"code": 2, "ja": "採用", "en": "hiring"},
    {"code": 3, "ja": "派遣", "en": "secondment"},
    {"code": 4, "ja": "その他", "en": "other"},
    {"code": 9, "ja": "特になし", "en": "none", "exclusive": True},
    {"code": 12, "ja": "検討中", "en": "planned"},
]

PARTED = [
    {"code": 1, "ja": "国・県からの派遣", "en": "from state or prefecture"},
    {"code": 2, "ja": "大学・企業", "en": "universities and firms"},
    {"code": 3, "ja": "その他（具体的に）", "en": "other (which)"},
]

# the number of an option before the words of another, or of none, beside other answers
ODDLY_NUMBERED = [
    "1 採用、③",
    "1 広報、③",
    "①採用、③",
    "③、1.採用",
    "1（採用）、③",
    "1 広報 ③",
    "1 広報\n③",
]


def question(kind, **more):
    return {"id": kind.upper(), "section": "A", "type": kind, "role": "describe",
            "ja": "問", "en": "Q", **more}  # fmt: skip


BOOK = Codebook.parse(
    {
        "id": "t", "title": {"ja": "調査", "en": "Survey"}, "version": "1",
        "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
        "missing": {
            "no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["無回答", "-"]},
            "not_applicable": {"ja": "非該当", "en": "not applicable", "tokens": ["非該当", "N/A"]},
            "dont_know": {"ja": "不明", "en": "does not know", "tokens": ["不明"]},
            "not_surveyed": {"ja": "調査無し", "en": "not surveyed", "tokens": ["調査無し"]},
        },
        "questions": [
            question("integer", range=[0, 9_999_999], unit={"ja": "人", "en": "persons"}),
            question("ratio", range=[0, 100], unit={"ja": "％", "en": "percent"}),
            question("date"),
            question("single", options=OPTIONS),
            question("multi", options=OPTIONS, max_choices=2),
            question("binary", options=[{"code": 1, "ja": "実施", "en": "yes"},
                                        {"code": 0, "ja": "未実施", "en": "not done"}]),
            question("text"),
            {**question("multi", options=PARTED), "id": "PARTED"},
            {**question("date", precision="month"), "id": "MONTH"},
            {**question("date", range=["2019-06-01", "2029-12"]), "id": "BETWEEN"},
            {**question("integer", range=[-100, 100]), "id": "CHANGE"},
            {**question("ratio", unit={"ja": "年", "en": "years"}), "id": "YEARS"},
            {**question("ratio", unit={"ja": "日／人・年", "en": "days a year"}), "id": "DAYS"},
            {**question("integer", unit={"ja": "千円", "en": "1,000 yen"}), "id": "THOUSANDS"},
            {**question("single", options=[{"code": 1, "ja": "1～5人", "en": "up to 5"},
                                           {"code": 2, "ja": "6～10人", "en": "up to 10"}]),
             "id": "SIZE"},
        ],
    }
)  # fmt: skip
READER = Reader(BOOK)


def read(name, text, kind=TEXT):
    return READER.read(text, kind, BOOK[name], name)


@pytest.mark.parametrize(
    ("name", "text", "value", "rules"),
    [
        ("INTEGER", "1234", 1234, ()),
        ("INTEGER", "１２３４", 1234, ("full-width",)),
        ("INTEGER", "1,234", 1234, ("thousands",)),
        ("INTEGER", "１，２３４", 1234, ("full-width", "thousands")),
        ("INTEGER", "3名", 3, ("unit",)),
        ("INTEGER", "12.3千人", 12_300, ("big-unit", "unit")),
        ("INTEGER", "5万", 50_000, ("big-unit",)),
        ("INTEGER", "約50", 50, ("approximate",)),
        ("INTEGER", "10人程度", 10, ("approximate",)),
        ("INTEGER", "3名（うち兼務1）", 3, ("unit", "remark")),
        ("INTEGER", "12人（4月〜現在）", 12, ("unit", "remark")),
        ("INTEGER", "50余名", 50, ("approximate",)),
        ("INTEGER", "10名ほど（推計）", 10, ("approximate", "remark")),
        ("INTEGER", "5百人", 500, ("big-unit", "unit")),
        ("YEARS", "3か年", 3, ("unit",)),
        ("YEARS", "3カ年", 3, ("unit",)),
        ("DAYS", "2.5日間", 2.5, ("unit",)),
        ("THOUSANDS", "12千円", 12, ("unit",)),
        ("CHANGE", "3団体", 3, ("remark",)),
        ("CHANGE", "△5", -5, ("triangle",)),
        ("CHANGE", "▲500", -500, ("triangle", "outside-range")),
        ("INTEGER", "2.5", 3, ("not-whole",)),
        ("RATIO", "62", 62.0, ()),
        ("RATIO", "62%", 62.0, ()),
        ("RATIO", "６２％", 62.0, ("full-width",)),
        ("RATIO", "0.62", 62.0, ("fraction",)),
        ("RATIO", "1.0", 100.0, ("fraction",)),
        ("RATIO", "0.62(62%)", 62.0, ("remark", "fraction")),
        ("RATIO", "0.5パーセント", 0.5, ("unit",)),
        ("RATIO", "約0.6", 60.0, ("approximate", "fraction")),
        ("RATIO", "162", 162.0, ("outside-range",)),
        ("DATE", "令和元年5月1日", dt.date(2019, 5, 1), ("wareki",)),
        ("DATE", "R1.8.9", dt.date(2019, 8, 9), ("wareki",)),
        ("DATE", "平成30年12月3日", dt.date(2018, 12, 3), ("wareki",)),
        ("DATE", "平成31年8月5日", dt.date(2019, 8, 5), ("impossible-era",)),
        ("DATE", "令和元年4月30日", dt.date(2019, 4, 30), ("impossible-era",)),
        ("DATE", "平成元年1月7日", dt.date(1989, 1, 7), ("impossible-era",)),
        ("DATE", "昭和64年1月7日", dt.date(1989, 1, 7), ("wareki",)),
        ("DATE", "大正元年7月30日", dt.date(1912, 7, 30), ("wareki",)),
        ("DATE", "43682", dt.date(2019, 8, 5), ("serial-date",)),
        ("DATE", "２０１９年８月５日", dt.date(2019, 8, 5), ("full-width",)),
        ("DATE", "2019/8/5 0:00", dt.date(2019, 8, 5), ()),
        ("DATE", "2019年8月5日（月）", dt.date(2019, 8, 5), ()),
        ("DATE", "2019/8/5", dt.date(2019, 8, 5), ()),
        ("BETWEEN", "2019/6/1", dt.date(2019, 6, 1), ()),
        ("BETWEEN", "2019.8.1", dt.date(2019, 8, 1), ()),
        ("MONTH", "2019.8.1", dt.date(2019, 8, 1), ()),
        ("BETWEEN", "2019/5/31", dt.date(2019, 5, 31), ("outside-range",)),
        ("BETWEEN", "2029/12/31", dt.date(2029, 12, 31), ()),
        ("MONTH", "H30.3", dt.date(2018, 3, 1), ("wareki",)),
        ("MONTH", "昭和64年1月", dt.date(1989, 1, 1), ("wareki",)),
        ("MONTH", "平成元年1月", dt.date(1989, 1, 1), ("wareki",)),
        ("MONTH", "平成31年5月", dt.date(2019, 5, 1), ("impossible-era",)),
        ("SINGLE", "2", 2, ()),
        ("SINGLE", "２", 2, ("full-width",)),
        ("SINGLE", "②", 2, ("circled",)),
        ("SINGLE", "採用", 2, ()),  # as in the codebook: nothing was repaired
        ("SINGLE", "採 用", 2, ("label",)),
        ("SINGLE", "2.採用", 2, ("label",)),
        ("SINGLE", "(2)", 2, ("label",)),
        ("SINGLE", "2番", 2, ("label",)),
        ("SINGLE", "2 採用（一部）", 2, ("label", "remark")),
        ("SINGLE", "(2)（一部）", 2, ("label", "remark")),
        ("SINGLE", "2（採用）", 2, ("label",)),
        ("SINGLE", "4（その他：広域連合に依頼）", 4, ("label",)),
        ("MULTI", "1、3", {1, 3}, ()),
        ("MULTI", "1,3", {1, 3}, ()),
        ("MULTI", "１・３", {1, 3}, ("full-width",)),
        ("MULTI", "①③", {1, 3}, ("circled",)),
        ("MULTI", "③", {3}, ("circled",)),
        ("MULTI", "研修、派遣", {1, 3}, ()),
        ("PARTED", "国・県からの派遣、大学・企業", {1, 2}, ()),
        ("PARTED", "その他（県の研修）、2", {2, 3}, ("label",)),
        ("PARTED", "大学・企業", {2}, ()),
        ("MULTI", "2、4（その他：委託、派遣）", {2, 4}, ("label",)),
        ("MULTI", "12、", {12}, ()),
        ("MULTI", "1 研修 2 採用", {1, 2}, ()),
        ("MULTI", "⑫", {12}, ("circled",)),
        ("MULTI", "①②", {1, 2}, ("circled",)),
        ("MULTI", "9", {9}, ()),
        ("MULTI", "1、2、3", {1, 2, 3}, ("too-many",)),
        ("BINARY", "実施", True, ()),
        ("BINARY", "未実施", False, ()),
        ("BINARY", "1.実施", True, ("label",)),
        ("BINARY", "0（未実施）", False, ("label",)),
        ("BINARY", "はい", True, ("label",)),
        ("BINARY", "○", True, ("tick",)),
        ("TEXT", " 研修中 ", "研修中", ()),
    ],
)
def test_what_is_read(name, text, value, rules):
    got = read(name, text)
    assert (got.state, got.value, got.rules) == ("answered", value, rules)


@pytest.mark.parametrize(
    ("name", "text", "kind", "rule"),
    [
        ("INTEGER", "3〜4", TEXT, "range"),
        ("INTEGER", "3～4名", TEXT, "range"),
        ("INTEGER", "3名〜4名", TEXT, "range"),
        ("INTEGER", "50〜", TEXT, "range"),
        ("INTEGER", "5人未満", TEXT, "range"),
        ("INTEGER", "2019-01-03", DATE, "not-a-number"),
        ("INTEGER", "10数名", TEXT, "not-a-number"),
        ("YEARS", "2年半", TEXT, "not-a-number"),
        ("INTEGER", "数名", TEXT, "not-a-number"),
        ("INTEGER", "3 4", TEXT, "not-a-number"),
        ("INTEGER", "1. 5", TEXT, "not-a-number"),
        ("INTEGER", "①", TEXT, "not-a-number"),
        ("INTEGER", "5²", TEXT, "not-a-number"),
        ("INTEGER", "9" * 17, TEXT, "not-a-number"),
        ("INTEGER", "9" * 400, TEXT, "not-a-number"),
        ("INTEGER", "50%", TEXT, "other-unit"),
        ("INTEGER", "3世帯", TEXT, "other-unit"),
        ("YEARS", "6か月", TEXT, "other-unit"),
        ("DAYS", "14時間", TEXT, "other-unit"),
        ("THOUSANDS", "12百万円", TEXT, "other-unit"),
        ("INTEGER", "12,34", TEXT, "not-a-number"),
        ("RATIO", "%", TEXT, "not-a-number"),
        ("RATIO", "△5", TEXT, "negative"),
        ("INTEGER", "-5", TEXT, "negative"),
        ("INTEGER", "#N/A", ERROR, "error-value"),
        ("TEXT", "#NAME?", TEXT, "error-value"),  # of a CSV
        ("SINGLE", "#N/A", TEXT, "error-value"),
        ("TEXT", "Err:502", TEXT, "error-value"),
        ("DATE", "8月頃", TEXT, "not-a-date"),
        ("DATE", "0019/8/5", TEXT, "not-a-date"),
        ("MONTH", "2019.1", NUMBER, "not-a-date"),  # or 2019.10
        ("DATE", "令和元年2月30日", TEXT, "not-a-date"),
        ("DATE", "H30.3", TEXT, "not-a-date"),
        ("DATE", "R0.8.5", TEXT, "not-a-date"),
        ("MONTH", "令和3年2月30日", TEXT, "not-a-date"),
        ("MONTH", "2021/2/30", TEXT, "not-a-date"),
        ("DATE", "2019/8/1 2", TEXT, "not-a-date"),
        ("DATE", "2019年8月5日（火）", TEXT, "weekday"),
        ("DATE", "Tue Aug 05 2019", TEXT, "weekday"),  # a Monday
        ("DATE", "5 Aug 6, 2019", TEXT, "not-a-date"),
        ("DATE", "Augustine 5 2019", TEXT, "not-a-date"),
        ("SINGLE", "7", TEXT, "no-such-option"),
        ("SINGLE", "1、2", TEXT, "several"),
        ("SINGLE", "①②", TEXT, "several"),
        ("SINGLE", "②研修", TEXT, "two-readings"),
        ("SINGLE", "②（研修）", TEXT, "two-readings"),
        ("SINGLE", "❷", TEXT, "no-such-option"),
        ("SINGLE", "1" * 5000, TEXT, "no-such-option"),
        ("SINGLE", "1" + "(a)" * 600, TEXT, "no-such-option"),
        ("SINGLE", "1月2日", TEXT, "excel-date"),
        ("SINGLE", "1 研修なし", TEXT, "no-such-option"),
        ("SINGLE", "2²", TEXT, "no-such-option"),
        ("SINGLE", "2019-01-02", DATE, "excel-date"),
        ("MULTI", "13", NUMBER, "excel-number"),
        ("MULTI", "1.3", NUMBER, "excel-number"),
        ("MULTI", "13", TEXT, "excel-number"),
        ("MULTI", "12", NUMBER, "excel-number"),  # an option, or 1,2
        ("MULTI", "2019-01-03", DATE, "excel-date"),
        ("MULTI", "3-Jan", TEXT, "excel-date"),
        ("MULTI", "1、9", TEXT, "exclusive"),
        ("MULTI", "1、" * 5000, TEXT, "no-such-option"),
        ("MULTI", "1、7", TEXT, "no-such-option"),
        ("MULTI", "1 採用", TEXT, "two-readings"),  # which is option 2
        *(("MULTI", text, TEXT, "two-readings") for text in ODDLY_NUMBERED),
        ("MULTI", "1 広報", TEXT, "no-such-option"),  # one number before words of none
        ("BINARY", "検討中", TEXT, "no-such-option"),
    ],
)
def test_what_is_refused_and_never_guessed(name, text, kind, rule):
    got = read(name, text, kind)
    assert (got.state, got.value, got.rules) == ("unreadable", None, (rule,))
    assert RULES[rule].severity == "refused"


@pytest.mark.parametrize(
    ("text", "state"),
    [("", "empty"), ("　", "empty"), ("無回答", "no_answer"), ("非該当", "not_applicable"),
     ("n/a", "not_applicable"), ("不明", "dont_know"), ("調査無し", "not_surveyed")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["INTEGER", "DATE", "SINGLE", "MULTI", "BINARY", "TEXT"])
def test_kinds_of_missing_are_kept_apart(name, text, state):
    assert read(name, text).state == state


def test_a_cross_is_no_even_where_it_means_not_applicable_elsewhere():
    crossed = {**BOOK.model_dump(exclude={"questions"}), "questions": [
        question("binary"), question("integer")]}  # fmt: skip
    crossed["missing"]["not_applicable"]["tokens"] = ["×"]
    book = Codebook.parse(crossed)
    told = [Reader(book).read("×", TEXT, one, one.id) for one in book]
    assert [(one.state, one.value) for one in told] == [
        ("answered", False), ("not_applicable", None),
    ]  # fmt: skip


def test_a_word_for_no_answer_is_an_answer_where_an_option_is_so_called():
    options = [*OPTIONS[:2], {"code": 8, "ja": "不明", "en": "unknown"}]
    book = Codebook.parse({**BOOK.model_dump(exclude={"questions"}), "questions": [
        question("single", options=options), question("multi", options=options),
        question("integer")]})  # fmt: skip
    columns = [("single", "SINGLE"), ("multi", "MULTI"), ("multi", "MULTI_8"),
               ("multi", "MULTI_1"), ("integer", "INTEGER")]  # fmt: skip
    told = [Reader(book).read("不明", TEXT, book[kind.upper()], at) for kind, at in columns]
    assert [(one.state, one.value) for one in told] == [
        ("answered", 8), ("answered", frozenset({8})), ("answered", True),
        ("dont_know", None), ("dont_know", None),
    ]  # fmt: skip


def test_codes_of_a_question_keep_their_kind_of_missing():
    coded = Codebook.parse(
        {**BOOK.model_dump(exclude={"questions"}), "questions": [
            question("integer", missing_tokens={"not_applicable": ["88"], "dont_know": ["99"]})]}
    )  # fmt: skip
    states = {text: Reader(coded).read(text, NUMBER, coded["INTEGER"], "INTEGER").state
              for text in ("88", "99", "９９", "77", "88.0", "99.00", "990")}  # fmt: skip
    assert states == {
        "88": "not_applicable", "99": "dont_know", "９９": "dont_know", "77": "answered",
        "88.0": "not_applicable", "99.00": "dont_know", "990": "answered",  # of pandas and Excel
    }  # fmt: skip


@pytest.mark.parametrize("text", ["9999", "9,999", "９，９９９", "9999.0", "-99", "-99.0"])
@pytest.mark.parametrize("type", ["integer", "ratio", "date"])
def test_a_code_of_no_answer_is_one_however_a_program_wrote_it(type, text):
    book = BOOK.model_dump(exclude={"questions"})
    book["missing"]["no_answer"]["tokens"] = ["-99"]
    coded = Codebook.parse({**book, "questions": [question(type, missing_tokens=["9999"])]})
    id = type.upper()
    assert Reader(coded).read(text, TEXT, coded[id], id).state == "no_answer"


@pytest.mark.parametrize(
    ("text", "state", "value", "rules"),
    [("1", "answered", True, ()), ("0", "answered", False, ()), ("○", "answered", True, ("tick",)),
     ("×", "answered", False, ()), ("済", "unreadable", None, ("not-a-tick",)),
     ("①", "unreadable", None, ("not-a-tick",)), ("３", "unreadable", None, ("not-a-tick",)),
     ("○（一部の課）", "answered", True, ("tick", "remark")),
     ("―", "not_applicable", None, ())],
)  # fmt: skip
def test_an_option_in_a_column_of_its_own(text, state, value, rules):
    got = READER.read(text, TEXT, BOOK["MULTI"], "MULTI_1")
    assert (got.state, got.value, got.rules) == (state, value, rules)


@given(st.integers(0, 9_999_999), st.sampled_from(["{}", "{:,}", "{}人", " {} "]), st.booleans())
def test_a_number_means_the_same_however_it_is_written(value, form, wide):
    text = form.format(value)
    if wide:
        text = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert read("INTEGER", text).value == value


@given(st.dates(dt.date(1989, 1, 8), dt.date(2035, 12, 31)), st.booleans())
def test_an_era_date_is_the_same_day(day, words):
    reiwa = day >= dt.date(2019, 5, 1)
    year = day.year - (2018 if reiwa else 1988)
    text = f"{'R' if reiwa else 'H'}{year}.{day.month}.{day.day}"
    if words:
        era = "令和" if reiwa else "平成"
        text = f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    assert read("DATE", text).value == day


@given(st.sets(st.sampled_from([1, 2, 3]), min_size=2), st.sampled_from("、,・/ ;"), st.booleans())
def test_choices_do_not_depend_on_order_or_separator(codes, sign, backwards):
    text = sign.join(str(c) for c in sorted(codes, reverse=backwards))
    assert read("MULTI", text).value == codes


@given(st.text(max_size=12), st.sampled_from([TEXT, NUMBER]))
def test_any_text_is_a_value_a_missing_kind_or_a_refusal(text, kind):
    for question in BOOK:
        got = READER.read(text, kind, question, question.id)
        if got.state == "answered":
            assert got.value is not None
        elif got.state == "unreadable":
            assert got.value is None and [RULES[r].severity for r in got.rules] == ["refused"]
        elif got.state == "empty":
            assert not unicodedata.normalize("NFKC", text).strip()
        else:
            assert not got.rules


SIGNS = "0123456789０１２９①③²٣❶.,、・;/-ー～ 　()（）%％△約千万年月日人名R元○×研修その他"
EVERY = st.one_of(st.text(max_size=12), st.text(SIGNS, max_size=10))


YES_NO = {"実施", "未実施", "yes", "not done", "1", "0", "1.0", "0.0", "×", "x", "true", "false"}


def literal(question, text, value):
    """Whether a value is what the text says letter by letter, width and outer space apart."""
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("‐", "-").strip()
    match question.type:
        case "integer" | "ratio":
            one = re.fullmatch(r"([-+]?[0-9]*\.?[0-9]+) ?%?", plain)
            return one and value == float(one[1])
        case "date":
            if re.fullmatch("[0-9]{8}", plain):
                return plain == f"{value:%Y%m%d}"
            parts = 2 if question.precision == "month" else 3
            numbers = [int(part) for part in re.findall(r"[0-9]+", plain)]
            return numbers[:parts] == [value.year, value.month, value.day][:parts]
        case "single":
            plain = in_codes(question, plain)
            return re.fullmatch(r"[0-9]+(\.0)?", plain) and value == float(plain)
        case "multi":
            plain = in_codes(question, plain)
            codes = set(map(int, re.findall(r"[0-9]+", plain.removesuffix(".0"))))
            return codes == value and not re.search(r"[^\W\d]", plain)
        case "binary":
            sign = re.sub(r"^[(【]\s*(\S)\s*[)】]$", r"\1", plain)  # a form prints the brackets
            return sign.casefold() in YES_NO or re.fullmatch("0+[01]?", sign)
    return value == text.strip()


def in_codes(question, text):
    """The text with the labels of options replaced by their codes."""
    for option in question.options:
        for label in (option.ja, option.en):
            text = text.replace(label, f" {option.code} ")
    return text.strip()


def digits_of(text):
    return {sign for sign in text if re.search(r"\d", unicodedata.normalize("NFKC", sign))}


@given(EVERY, st.sampled_from([TEXT, NUMBER]))
@example("-99", TEXT)
@example("0 %", TEXT)
@example(" and ", TEXT)
@example("(×)", TEXT)
@settings(max_examples=600)
def test_what_is_not_literal_names_the_rule_that_read_it(text, kind):
    for question in BOOK:
        got = READER.read(text, kind, question, question.id)
        if got.state == "answered" and not got.rules:
            assert literal(question, text, got.value), (question.id, text, got.value)
            assert question.type == "text" or digits_of(text) <= set("0123456789"), text


# --- as form tools write answers ----------------------------------------------------------------

WORK = [
    {"code": 1, "ja": "文書の作成, 要約", "en": "writing, summaries"},
    {"code": 2, "ja": "翻訳", "en": "translation"},
    {"code": 3, "ja": "議事録", "en": "minutes"},
    {"code": 9, "ja": "その他", "en": "other", "other": True},
]
DOUBLE = [
    {"code": 1, "ja": "作成", "en": "writing"},
    {"code": 2, "ja": "要約", "en": "summaries"},
    {"code": 3, "ja": "作成, 要約", "en": "both in one step"},
]
TOOLS = Codebook.parse(
    {
        **BOOK.model_dump(exclude={"questions"}),
        "questions": [
            {**question("multi", options=WORK), "id": "WORK"},
            {**question("single", options=WORK), "id": "ONE"},
            {**question("multi", options=DOUBLE), "id": "DOUBLE"},
            {**question("multi", options=WORK, ticks={"#n.s.": False, "quoted": True}),
             "id": "TICKED"},
            {**question("date"), "id": "DAY"},
            {**question("date", dates="mdy"), "id": "US"},
        ],
    }
)  # fmt: skip


def tool(name, text, variable=None):
    return Reader(TOOLS).read(text, TEXT, TOOLS[name], variable or name)


@pytest.mark.parametrize(
    ("text", "codes", "other"),
    [
        ("文書の作成, 要約;翻訳", {1, 2}, ""),
        ("文書の作成, 要約, 翻訳", {1, 2}, ""),
        ("翻訳, 文書の作成, 要約, 議事録", {1, 2, 3}, ""),
        ("翻訳|議事録", {2, 3}, ""),
        ("翻訳\n議事録", {2, 3}, ""),
        ("翻訳;議事録;", {2, 3}, ""),
        ("翻訳, その他: 住民向け", {2, 9}, "住民向け"),
        ("翻訳, 住民向け", {2, 9}, "住民向け"),
        ("翻訳;その他：住民向け;", {2, 9}, "住民向け"),
        ("翻訳, その他（住民向け、庁内）", {2, 9}, "住民向け、庁内"),
        ("住民向け", {9}, "住民向け"),
        ("9：住民向け", {9}, "住民向け"),
        ("その他, 翻訳", {2, 9}, ""),
        ("文書の作成, 要約, 広報, 窓口", {1, 9}, "広報、窓口"),
        ("1と3", {1, 3}, ""),
    ],
)
def test_options_and_the_words_of_other_in_one_cell(text, codes, other):
    got = tool("WORK", text)
    assert (got.value, got.other) == (codes, other)
    assert got.state != "unreadable"


@pytest.mark.parametrize(
    ("text", "codes", "other"),
    [("その他/翻訳/議事録", {2, 3, 9}, ""), ("その他 翻訳 議事録", {2, 3, 9}, ""),
     ("翻訳/その他（広報）", {2, 9}, "広報"), ("その他（広報）・翻訳", {2, 9}, "広報"),
     ("翻訳・その他：広報", {2, 9}, "広報"), ("その他/広報", {9}, "広報"),
     ("翻訳;広報, 印刷", {2, 9}, "広報, 印刷")],
)  # fmt: skip
def test_other_among_options_that_a_stroke_or_a_dot_parts(text, codes, other):
    """The other options were once the words of other, or its words were lost."""
    answer = tool("WORK", text)
    assert (answer.value, answer.other) == (codes, other)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("INTEGER", "\u200b12\u200b", 12), ("SINGLE", "研修\ufeff", 1), ("INTEGER", "\u200b", None),
     ("DATE", "\u200e2024/4/1\u200e", dt.date(2024, 4, 1)), ("TEXT", "\u200b ", None)],
)  # fmt: skip
def test_signs_without_width_around_an_answer_are_none_of_it(name, text, value):
    """As copies from the web have; nobody sees why such a number is none."""
    answer = read(name, text)
    assert (answer.value, answer.state) == (value, "empty" if value is None else "answered")


def test_a_letter_of_an_option_that_looks_like_a_mark_is_none():
    equipment = [{"code": 1, "ja": "発電機", "en": "generator"},
                 {"code": 2, "ja": "トイレ", "en": "toilets"}]  # fmt: skip
    books = {
        kind: Codebook.parse(
            {**BOOK.model_dump(exclude={"questions"}),
             "questions": [{**question(kind, options=equipment), "id": "Q"}]}
        )
        for kind in ("multi", "single")
    }  # fmt: skip

    def read(kind, text):
        return Reader(books[kind]).read(text, TEXT, books[kind]["Q"], "Q")

    assert read("multi", "発電機;トイレ;").value == {1, 2}
    assert read("multi", "レ発電機 トイレ").value == {1}
    assert read("single", "発電機、トイレ").rules == ("several",)


@pytest.mark.parametrize(
    ("name", "text", "value", "other"),
    [("WORK", '["翻訳","文書の作成, 要約"]', {1, 2}, ""), ("WORK", '["翻訳"]', {2}, ""),
     ("WORK", "翻訳 / 議事録/広報", {2, 3, 9}, "広報"), ("WORK", "展示/講座", {9}, "展示/講座"),
     ("WORK", "翻訳及び文書の作成, 要約", {1, 2}, ""),
     ("WORK", '["翻訳", "広報"]', {2, 9}, "広報"), ("ONE", "-oth-", 9, "")],
)  # fmt: skip
def test_lists_of_a_flow_and_the_code_of_other_of_limesurvey(name, text, value, other):
    got = tool(name, text)
    assert (got.value, got.other) == (value, other)


@pytest.mark.parametrize("text", ["なし", "特になし", "NULL", "#N/A", "X", "off"])
def test_words_that_name_nothing_are_none_beside_other(text):
    assert tool("WORK", text).state == tool("ONE", text).state == "unreadable"
    assert tool("WORK", text, "WORK_9").value in (False, None)


def test_a_number_that_is_the_code_of_one_option_and_the_words_of_another_is_asked():
    words = {1: "0", 2: "1", 3: "2以上", 2020: "2020"}
    options = [{"code": code, "ja": ja, "en": f"{ja} times"} for code, ja in words.items()]
    for kind, values in (("single", [1, 3, 2020]), ("multi", [{1}, {3}, {2020}])):
        book = Codebook.parse(
            {**BOOK.model_dump(exclude={"questions"}),
             "questions": [{**question(kind, options=options), "id": "Q"}]}
        )  # fmt: skip
        got = [Reader(book).read(text, TEXT, book["Q"], "Q") for text in ("0", "3", "2020", "1")]
        assert [one.value for one in got] == [*values, None]
        assert got[-1].rules == ("two-readings",)
    options[2]["source"] = ["1"]  # as the file writes it
    asked = [{**question("single", options=options), "id": "Q"}]
    book = Codebook.parse({**BOOK.model_dump(exclude={"questions"}), "questions": asked})
    assert Reader(book).read("1", TEXT, book["Q"], "Q").value == 3


ALIKE = [
    *((text, {}) for text in ("検討中でない", "検討中", "その他（国）", "その他（県）", "6-10人")),
    ("その他", {"other": True}),
]
ODDLY = [
    "1 検討中、④",
    "①検討中、④",
    "1（検討中）、④",
    "1.検討中、2.検討中でない",
    "6 その他（国）、1",
]
STEPS = [(text, {}) for text in ("1.0", "1.5", "2.0", "30")]


@pytest.mark.parametrize(
    ("kind", "options", "text", "value", "rules"),
    [
        ("single", ALIKE, "1 検討中", None, ("two-readings",)),
        ("single", ALIKE, "2 検討中", 2, ("label",)),
        ("single", ALIKE, "その他（国）", 3, ()),
        ("single", ALIKE, "その他(国)", 3, ("label",)),
        ("single", ALIKE, "6-10人", 5, ()),
        ("single", ALIKE, "その他（広報）", 6, ()),
        ("multi", ALIKE, "その他（国）、その他（県）", frozenset({3, 4}), ()),
        ("multi", ALIKE, "その他（広報）、その他（県）", frozenset({4, 6}), ()),
        ("multi", ALIKE, "1 実施中・その他（広報）", None, ("two-readings",)),
        ("multi", ALIKE, "2 検討中・その他（広報）", frozenset({2, 6}), ()),
        *(("multi", ALIKE, text, None, ("two-readings",)) for text in ODDLY),
        ("single", ALIKE, "6 その他（国）", None, ("two-readings",)),  # which is 3
        ("single", ALIKE, "6 その他（広報）", 6, ()),
        ("multi", ALIKE, "1 2 その他（広報）", frozenset({1, 2, 6}), ()),
        ("single", STEPS, "2", None, ("two-readings",)),
        ("single", STEPS, "1.5", 2, ()),
        ("single", STEPS, "３０", 4, ("full-width",)),
    ],
)
def test_options_that_begin_alike_are_told_apart(kind, options, text, value, rules):
    """Each was once read as another: 2.0 of a workbook, which is 2, as the second option."""
    own = [{"code": n, "ja": ja, "en": f"option {n}", **more}
           for n, (ja, more) in enumerate(options, 1)]  # fmt: skip
    book = Codebook.parse(
        {
            "id": "t", "title": {"ja": "調査", "en": "Survey"}, "version": "1",
            "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
            "questions": [question(kind, options=own)],
        }
    )  # fmt: skip
    asked = book[kind.upper()]
    got = Reader(book).read(text, TEXT, asked, asked.id)
    assert (got.value, got.rules) == (value, rules)


def test_two_possible_readings_are_refused():
    assert tool("WORK", "2.翻訳 1.文書の作成, 要約").value == {1, 2}
    assert tool("DOUBLE", "1.作成 3.作成, 要約").value == {1, 3}  # 3.作成 without 要約 is none
    assert tool("DOUBLE", "作成, 要約").rules == ("two-readings",)
    assert tool("DOUBLE", "作成;要約").value == {1, 2}
    assert tool("DOUBLE", "要約, 作成").value == {1, 2}


@pytest.mark.parametrize(
    ("text", "code", "other"),
    [("その他: 予算要求中", 9, "予算要求中"), ("予算要求中", 9, "予算要求中"),
     ("その他　住民向け", 9, "住民向け"), ("9：住民向け", 9, "住民向け"), ("その他", 9, ""),
     ("その他（住民向け）", 9, "住民向け"), ("9（その他：広報）", 9, "広報"), ("翻訳", 2, ""),
     ("⑨その他：広報", 9, "広報"), ("9 その他 広報", 9, "広報"), ("その他: 翻訳", 9, "翻訳")],
)  # fmt: skip
def test_the_words_of_other_in_a_single_choice(text, code, other):
    got = tool("ONE", text)
    assert (got.value, got.other) == (code, other)


def test_words_like_an_option_are_asked_about_and_cost_no_other_choice():
    assert tool("ONE", "翻訳機").rules == tool("WORK", "翻訳機").rules == ("option-or-other",)
    assert tool("ONE", "その他: 翻訳").rules == ("other-like-an-option",)  # said to be other
    said = tool("WORK", "議事録、その他：翻訳")
    assert (said.value, said.other, said.rules) == ({3, 9}, "翻訳", ("other-like-an-option",))
    beside = tool("WORK", "議事録, 翻訳機")
    assert (beside.value, beside.other) == ({3, 9}, "翻訳機")
    assert "other-like-an-option" in beside.rules


@pytest.mark.parametrize(
    "text",
    ["2のみ", "①③等", "1、2、3全て", "選択肢1、選択肢3", "3以外すべて", "1だけ", "1と3のみ",
     "3が主", "①、③など", "1_3", "1を除く全部", "1ではない", "1レ3レ", "1～3すべて", "1,3を予定",
     "Q4_1、Q4_3", "令和7年度は1", "翻訳", "全て", "いずれも", "確認中", "後日回答",
     "TRUE", "空欄", "主に1", "2寄り", "1に近い", "No.3", "設問3", "3つ目", "主に1、一部3", "1に○",
     "調査中", "未確認", "分からない", "備考のとおり", "右記", "その他:×", "その他：なし",
     "その他（特になし）", "①③（広報）", "1予定", "R7より1", "どれも該当しない", "いずれもなし",
     "1、3その他（広報）", "1有 2無", "1、3該当", "1、3※別紙", "ア・ウ",
     "回答1", "選択項目3", "A・C", "Ⅰと Ⅲ", "1v 3v", "案1か3"],
)  # fmt: skip
def test_what_names_options_or_says_nothing_is_no_explanation_of_other(text):
    for question in ("WORK", "ONE"):
        read = tool(question, text)
        assert 9 not in (read.value if isinstance(read.value, frozenset) else {read.value})
        assert read.state == "unreadable" or text == "翻訳"  # which is an option


def test_a_sign_that_an_option_holds_in_part_or_in_doubt_is_not_passed_over():
    for text in ("議事録△、翻訳○", "○議事録 △翻訳", "○議事録 ?翻訳", "議事録○・翻訳▲"):
        assert tool("WORK", text).state == "unreadable", text
    assert tool("WORK", "○議事録 ×翻訳").value == {3}


@pytest.mark.parametrize(
    "text", ["議事録:○,翻訳:×", "議事録 ○、翻訳 ×", "議事録＝○、翻訳＝×", "議事録→○、翻訳→×"]
)
def test_a_sign_behind_an_option_is_its_own_whatever_parts_them(text):
    """○ was taken for the next option."""
    assert tool("WORK", text).value == {3} and tool("ONE", text).value == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [("□実施○ □未実施", True), ("（　）実施○\n（　）未実施", True),
     ("[ ]実施（○） [ ]未実施", True),
     ("実施\n○ 未実施", False), ("1 実施\n✓ 0 未実施", False), ("・実施\n○・未実施", False),
     ("実施\n未実施 ○", False), ("実施……○\n未実施……", True), ("実施,○\n未実施,", True),
     ("実施 ○\n未実施 ×", True), ("実施 ○ 未実施", None), ("実施/○/未実施", None),
     ("実施　未実施\n○", None), ("実施\n○\n未実施", None), ("□実施 ◆未実施", None),
     ("□実施 未実施", None), ("□実施 →□未実施", None), ("□実施\n□未実施 2", None),
     ("2 □実施 □未実施", None), ("×実施 未実施", None), ("（実施）・未実施", None)],
)  # fmt: skip
def test_a_mark_is_of_the_option_of_its_line_and_of_its_side_or_is_asked_about(text, said):
    """It was given to the option before or behind, and a list with one odd option was print."""
    got = read("BINARY", text)
    assert (got.value, got.state == "unreadable") == (said, said is None)


def test_a_list_with_a_mark_that_is_not_read_is_no_explanation_of_other():
    assert tool("WORK", "翻訳\n○ 議事録").value is tool("ONE", "翻訳　議事録\n○").value is None


def test_words_of_other_behind_a_number_of_any_width_are_kept():
    """Behind a full-width one they were lost."""
    for text in (
        "９　その他（広報）",
        "９．その他（広報）",
        "⑨その他（広報）",
        "９（広報）",
        "⑨（広報）",
        "9番（広報）",
    ):
        for question in ("WORK", "ONE"):
            assert tool(question, text).other == "広報", text
    for text in ("その他（１，２）", "その他（1と2）", "その他：2"):
        assert tool("WORK", text).value is tool("ONE", text).value is None, text


def scale(*texts):
    options = [{"code": k, "ja": text, "en": f"o{k}"} for k, text in enumerate(texts, 1)]
    asked = [question("ordinal", options=options)]
    return Codebook.parse({"id": "s", "title": {"ja": "調査", "en": "S"}, "version": "1",
                           "sections": [{"id": "A", "ja": "属性", "en": "P"}],
                           "questions": asked})  # fmt: skip


def test_a_number_before_words_that_two_options_begin_with_or_that_count_is_no_clear_answer():
    """1 満足 was 満足していない, and 4年1回 the option 4 年1回."""
    satisfied = scale("満足していない", "どちらともいえない", "満足している")
    often = scale("毎日", "週1回", "月1回", "年1回")
    for book, text, value in [
        (satisfied, "1 満足", None), (satisfied, "3 満足", None), (satisfied, "3 満足している", 3),
        (satisfied, "2 どちらとも", 2), (often, "4年1回", None), (often, "3月", None),
        (often, "4 年1回", 4), (often, "4.年1回", 4), (often, "年1回", 4), (often, "1毎日", 1),
    ]:  # fmt: skip
        assert Reader(book).read(text, TEXT, book["ORDINAL"], "ORDINAL").value == value, text


def test_an_option_without_a_sign_beside_others_that_have_one_is_no_clear_answer():
    for text in ("議事録、翻訳○", "○議事録、翻訳", "○：議事録　×：翻訳"):
        assert not {"marked"} & {*tool("ONE", text).rules} and tool("ONE", text).value is None


def test_numbers_joined_by_words_are_the_options_and_numbers_of_things_are_none():
    assert tool("WORK", "1及び3").value == tool("WORK", "１及び３").value == {1, 3}
    for text in (
        "職員2名",
        "3か所で委託",
        "民間3社",
        "第1課",
        "R3から委託",
        "2つの団体",
        "9広報",
        "令和3年度から",
        "R3.1.1から委託",
        "2024/3に開始",
        "3Dプリンタ",
        "Web3の活用",
    ):
        assert (tool("WORK", text).value, tool("ONE", text).value) == ({9}, 9), text


def test_a_number_is_no_explanation_of_other():
    assert tool("ONE", "7").rules == ("no-such-option",)
    assert tool("ONE", "1と2").state == "unreadable"
    for text in ("1か2", "1又は3"):
        assert tool("ONE", text).state == tool("WORK", "翻訳、" + text).state == "unreadable"
    assert tool("WORK", "翻訳, 7").rules == ("no-such-option",)
    assert tool("ONE", "翻訳、議事録").rules == ("several",)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("Y", True), ("N", False), ("Yes", True), ("No", False), ("はい", True), ("いいえ", False),
     ("有", True), ("無", False), ("選択", True), ("未選択", False), ("Checked", True),
     ("Unchecked", False), ("■", True), ("□", False), ("☑", True), ("☐", False), ("TRUE", True),
     ("False", False), ("f", False), ("on", True), ("ない", False), ("該当しない", False),
     ("選択なし", False), ("✕", False), ("☒", True), ("✅", True),
     ("翻訳", True), ("translation", True), ("#n.s.", False), ("Quoted", True)],
)  # fmt: skip
def test_ticks_of_form_tools(text, chosen):
    assert tool("TICKED", text, "TICKED_2").value is chosen


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["X ", " X"], [True, "empty", "empty", True]),
        (["◎ ", " ◎"], [True, "empty", "empty", True]),
        (["× ", " ×"], ["unreadable", "empty", "empty", "unreadable"]),  # chosen, or just not?
        (["1 ", "12"], [True, "empty", True, True]),  # the number of the option, by SurveyMonkey
        (["●○", "○●", "  "], [True, False, False, True, "empty", "empty"]),
        (["●○", " ○"], [True, True, "empty", True]),  # the first reply is given back, see below
        (["○×", " ○"], [True, False, "empty", True]),
    ],
)
def test_what_a_sign_means_is_seen_in_all_columns_of_the_options(rows, told):
    reader, question = Reader(TOOLS), TOOLS["WORK"]
    names = ["WORK_1", "WORK_2"]
    cells = np.array([[sign.strip() for sign in row] for row in rows], object)
    unclear = reader.see_ticks(question, dict(zip(names, cells.T, strict=True)))
    assert unclear.tolist() == [row == "●○" and rows[-1] == " ○" for row in rows]
    got = [reader.read(text, TEXT, question, name)
           for row in cells for name, text in zip(names, row, strict=True)]  # fmt: skip
    assert [one.state if one.value is None else one.value for one in got] == told


@pytest.mark.parametrize(
    ("word", "beside", "said"),
    [
        ("なし", "", None),
        ("無", "", None),
        ("無", "無", False),
        ("無", "有", None),
        ("○", "", True),
    ],
)
def test_none_in_the_column_of_an_option_that_says_so_is_asked_about(word, beside, said):
    """なし in the column 特になし, alone, was read as not chosen: no answer at all."""
    asked = question("multi", options=[{"code": 1, "ja": "助成", "en": "grants"},
                                       {"code": 9, "ja": "特になし", "en": "none"}])  # fmt: skip
    book = Codebook.parse({"id": "s", "title": {"ja": "調査", "en": "S"}, "version": "1",
                           "sections": [{"id": "A", "ja": "属性", "en": "P"}],
                           "questions": [asked]})  # fmt: skip
    reader, cells = Reader(book), {"MULTI_1": [beside], "MULTI_9": [word]}
    columns = {name: np.array(texts, object) for name, texts in cells.items()}
    reader.see_ticks(book["MULTI"], columns)
    assert reader.read(word, TEXT, book["MULTI"], "MULTI_9").value is said


def test_the_words_of_another_option_are_no_tick_and_those_of_other_are_kept():
    assert tool("WORK", "議事録", "WORK_2").rules == ("not-a-tick",)
    assert tool("WORK", "住民向け", "WORK_2").rules == ("not-a-tick",)
    got = tool("WORK", "住民向け", "WORK_9")
    assert (got.value, got.other, got.rules) == (True, "住民向け", ())


@pytest.mark.parametrize(
    ("text", "day", "time"),
    [
        ("2024/06/03 9:15:42 午前 GMT+9", dt.date(2024, 6, 3), "09:15:42"),
        ("2024/06/03 9:15:42 午後 GMT+9", dt.date(2024, 6, 3), "21:15:42"),
        ("2024年06月03日 09時15分", dt.date(2024, 6, 3), "09:15:00"),
        ("2024-06-03T09:15:42+09:00", dt.date(2024, 6, 3), "09:15:42"),
        ("2024-06-03T09:15:42.123Z", dt.date(2024, 6, 3), "18:15:42"),
        ("2024-06-03T23:30:00Z", dt.date(2024, 6, 4), "08:30:00"),
        ("2024/06/03 11:30:00 午後 GMT-7", dt.date(2024, 6, 4), "15:30:00"),
        ("2024-06-04T00:15:00+13:00", dt.date(2024, 6, 3), "20:15:00"),
        ("2024-06-03 15:15:42", dt.date(2024, 6, 3), "15:15:42"),
        ("45446.5", dt.date(2024, 6, 3), "12:00:00"),
        ("20240603", dt.date(2024, 6, 3), None),
        ("6/13/2024 9:15 PM", dt.date(2024, 6, 13), "21:15:00"),
        ("Mon Jun 03 2024 09:15:42 GMT+0900 (日本標準時)", dt.date(2024, 6, 3), "09:15:42"),
        ("Mon, 03 Jun 2024 20:15:42 GMT", dt.date(2024, 6, 4), "05:15:42"),
        ("2024/06/03 11:07:29 AM AST", dt.date(2024, 6, 4), "00:07:29"),
        ("2024/06/03 9:15:42 MESZ", dt.date(2024, 6, 3), "16:15:42"),
        ("2024年6月3日 月曜日 9:15:42 GMT+0900 (日本標準時)", dt.date(2024, 6, 3), "09:15:42"),
        ("Jun 3, 2024", dt.date(2024, 6, 3), None),
        ("03-Jun-2024 09:15:42", dt.date(2024, 6, 3), "09:15:42"),
        ("3 June 2024 9:15 PM", dt.date(2024, 6, 3), "21:15:00"),
        ("June 3, 2024, 9:15 AM", dt.date(2024, 6, 3), "09:15:00"),
        ("3 Jun 2024 at 09:15:42", dt.date(2024, 6, 3), "09:15:42"),
        ("2024年6月3日(月)9時15分", dt.date(2024, 6, 3), "09:15:00"),
    ],
)
def test_dates_and_times_of_form_tools(text, day, time):
    assert tool("DAY", text).value == day
    fraction = clock(text)
    at = fraction and f"{dt.datetime.min + dt.timedelta(days=fraction):%H:%M:%S}"
    assert at == time


def test_the_two_wave_dashes_of_japanese_files_are_one_sign():
    assert [read("SIZE", text).value for text in ("1~5人", "1〜5人", "６〜１０人")] == [1, 1, 2]
    assert read("SIZE", "1～5人").rules == ()  # as in the codebook


def test_a_day_that_was_another_in_japan_is_told():
    assert tool("DAY", "2024-06-03T23:30:00Z").rules == ("time-zone",)
    assert tool("DAY", "2024-06-03T09:15:00Z").rules == ()
    assert tool("DAY", "2024-06-03T23:30:00+09:00").rules == ()
    midnight = tool("DAY", "2024/06/03 24:00")
    assert (midnight.value, midnight.rules) == (dt.date(2024, 6, 3), ())
    assert clock("2024/06/03 24:00") == 1 and clock("2024-06-03T15:30:00Z") < 0.03


def test_a_day_that_could_be_a_month_is_read_only_in_the_order_the_codebook_gives():
    assert tool("DAY", "04/01/2023").rules == ("day-or-month",)
    assert "dates: mdy" in RULES["day-or-month"].message("ja", raw="04/01/2023")
    assert tool("US", "04/01/2023").value == dt.date(2023, 4, 1)
    assert tool("US", "8/5/26 9:12:44").value == dt.date(2026, 8, 5)
    assert tool("DAY", "8/5/26 9:12:44").rules == ("day-or-month",)


PLAIN = [option["ja"] for option in WORK if option["code"] != 9]


@given(
    st.lists(st.sampled_from(PLAIN), min_size=1, unique=True),
    st.sampled_from([", ", ",", ";", "; ", "、", "\n", "|"]),
    st.sampled_from(["", "住民向け", "3Dの地図", "その他：庁内, 窓口", "その他（広報）"]),
    st.booleans(),
)
def test_any_choice_is_read_back_however_a_tool_joins_it(labels, sign, words, ended):
    text = sign.join([*labels, *filter(None, [words])]) + (";" if ended and sign == ";" else "")
    got = tool("WORK", text)
    codes = {option["code"] for option in WORK if option["ja"] in labels}
    assert got.value == codes | ({9} if words else set()), text
    assert bool(got.other) == bool(words)


def test_an_answer_of_separators_is_no_hang():
    assert outside_brackets("1、" * 100_000 + ")", SEPARATORS)[-1].endswith("1、)")
    assert len(outside_brackets("1、" * 100_000, SEPARATORS)) == 100_001


def test_3000_options_are_no_hang():
    """Each answer was once searched for the words of all options, and each of these folded anew."""
    own = [{"code": n, "ja": f"施策{n:04}", "en": f"measure {n:04}"} for n in range(1, 3001)]
    content = {"questions": [question("single", options=own), question("multi", options=own)]}
    book = Codebook.parse({**BOOK.model_dump(exclude={"questions"}), **content})
    reader, begun = Reader(book), time.process_time()
    for n in range(1, 3001, 30):
        texts = {"SINGLE": f"施策{n:04}", "MULTI": f"施策{n:04};施策0002"}
        got = [reader.read(text, TEXT, book[id], id).value for id, text in texts.items()]
        assert got == [n, {n, 2}]
    assert time.process_time() - begun < 6


@pytest.mark.parametrize(
    "text", ["回答拒否", "お答えできません。", "回答を差し控えます", "未回答", "Refused"]
)
@pytest.mark.parametrize("kind", ["single", "multi"])
def test_who_declines_to_answer_has_not_chosen_other(kind, text):
    options = [*OPTIONS[:2], {"code": 4, "ja": "その他", "en": "other", "other": True}]
    book = Codebook.parse({
        "id": "t", "title": {"ja": "調査", "en": "Survey"}, "version": "1",
        "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
        "questions": [question(kind, options=options)],
    })  # fmt: skip
    name = kind.upper()
    said, words = (Reader(book).read(t, TEXT, book[name], name) for t in (text, "回答者の広報"))
    assert said.state == "unreadable" and words.rules == ("other-words",)
