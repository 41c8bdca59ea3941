"""Slips in a codebook are found when it is read, in a sentence naming file, question and rule."""

import copy
import re

import pytest
import yaml
from project import put_yaml

from analysis import paths
from analysis.codebook.model import Codebook
from analysis.codebook.rules import Expression
from analysis.errors import InputError

TEXT = """\
id: small
title: {ja: 小さな調査, en: A small survey}
version: "1"
sections: [{id: A, ja: 属性, en: Profile}]
questions:
  - {id: Q1, section: A, type: integer, role: context, ja: 職員数, en: staff, range: [0, 500]}
  - {id: Q2, section: A, type: multi, role: cluster, ja: 方法, en: ways,
     options: [{code: 1, ja: 採用, en: hire}, {code: 2, ja: 育成, en: train}]}
  - {id: Q3, section: A, type: single, role: outcome, ja: 段階, en: stage, ask_if: "any(Q2, [1])",
     options: [{code: 1, ja: 有, en: "yes"}, {code: 2, ja: 無, en: "no"}]}
  - {id: Q4, section: A, type: battery, role: describe, ja: 評価, en: rating,
     options: [{code: 1, ja: 低, en: low}, {code: 2, ja: 高, en: high}],
     items: [{id: Q4_1, ja: 甲, en: first}, {id: Q4_2, ja: 乙, en: second}]}
  - {id: Q5, section: A, type: text, role: describe, ja: 意見, en: views}
features:
  - {id: hired, index: ways, kind: binary, rule: "any(Q2, [1])", ja: 採用, en: hired}
indices: [{id: ways, ja: 方法, en: ways}]
hypotheses:
  - {id: H1, ja: 仮説, en: claim, group: "any(Q2, [1])", value: Q3,
     compares: {ja: 比較, en: compare}}
"""
BASE = yaml.safe_load(TEXT)
Q1, Q2, Q3, Q4, _ = range(5)


def changed(*path, to):
    """The small codebook with one entry changed."""
    content = copy.deepcopy(BASE)
    node = content
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = to
    return content


def sentence(tmp_path, content):
    file = tmp_path / "small.yml"
    put_yaml(file, content)
    with pytest.raises(InputError) as caught:
        Codebook.read(file)
    said = str(caught.value)
    assert "small.yml" in said and "\n" not in said and "Traceback" not in said
    return said


def test_the_small_codebook_is_right():
    assert Codebook.parse(BASE).variables == ("Q1", "Q2_1", "Q2_2", "Q3", "Q4_1", "Q4_2", "Q5")


@pytest.mark.parametrize(
    ("path", "to", "told"),
    [
        # ids and codes stand once
        (("questions", Q2, "id"), "Q1", ["question 'Q1'", "more than once"]),
        (("questions", Q4, "items", 1, "id"), "Q4_1", ["variable 'Q4_1'", "more than once"]),
        (("questions", Q2, "options", 1, "code"), 1, ["Q2", "option code 1", "more than once"]),
        (("questions", Q2, "options", 1, "ja"), "採用", ["Q2", "採用", "more than once"]),
        # rules point backwards to what is there
        (("questions", Q3, "ask_if"), "any(Q2, [7])", ["Q3", "any(Q2, [7])", "option 7 of Q2"]),
        (("questions", Q2, "ask_if"), "Q3 == 1", ["Q2", "'Q3 == 1'", "Q3, which comes later"]),
        (("questions", Q2, "ask_if"), "Q4_1 == 1", ["Q2", "Q4_1, which comes later"]),
        (("questions", Q3, "ask_if"), "Q9 == 1", ["Q3", "Q9, which does not exist"]),
        (("questions", Q3, "ask_if"), "Q3 == 1", ["Q3", "comes later"]),
        # and use it as what it is
        (("questions", Q3, "ask_if"), "Q2 == 1", ["Q3", "Q2 as one value", "Q2_1 to Q2_2"]),
        (("questions", Q3, "ask_if"), "any(Q1, [1])", ["Q3", "Q1", "not of type multi"]),
        (("questions", Q3, "ask_if"), "Q1", ["Q3", "Q1 as true or false", "Q1 >= 1"]),
        (("questions", Q3, "ask_if"), "Q1 + 1", ["Q3", "'Q1 + 1'", "true or false"]),
        (("questions", Q3, "ask_if"), "Q1 >", ["Q3", "'Q1 >'", "cannot be read"]),
        (("questions", Q1, "checks"), [{"rule": "Q5 < Q1", "ja": "逆", "en": "odd"}],
         ["Q1", "Q5 as a number", "type text"]),
        (("questions", Q1, "checks"), [{"rule": "Q7 < Q1", "ja": "逆", "en": "odd"}],
         ["Q1", "Q7", "does not exist"]),
        # the shape of a question
        (("questions", Q3, "options"), [], ["Q3", "single", "needs options"]),
        (("questions", Q4, "items"), [], ["Q4", "battery", "items"]),
        (("questions", Q1, "section"), "Z", ["Q1", "no section 'Z'"]),
        (("questions", Q1, "range"), [9, 1], ["Q1", "range", "9", "1"]),
        (("questions", Q1, "range"), ["2019-01", "2019-12"], ["Q1", "range", "numbers"]),
        (("questions", Q1, "max_choices"), 3, ["Q1", "max_choices"]),
        (("questions", Q1, "short_of"), {"ja": "金", "en": "money"},
         ["Q1", "measures: shortage"]),
        (("questions", Q1, "type"), "number", ["Q1", "type"]),
        (("questions", Q1, "tpye"), "integer", ["Q1", "tpye"]),
        # features, indices and hypotheses
        (("features", 0, "index"), "none", ["feature hired", "no index 'none'"]),
        (("features", 0, "rule"), "any(Q2, [5])", ["feature hired", "option 5 of Q2"]),
        (("indices", 0, "rule"), "Q1 + 1", ["index ways", "either features or a rule"]),
        (("indices",), [*BASE["indices"], {"id": "more", "ja": "他", "en": "more"}],
         ["index more", "either features or a rule"]),
        (("indices",), [*BASE["indices"], {"id": "more", "ja": "他", "en": "more", "rule": "Q9"}],
         ["index more", "Q9"]),
        (("hypotheses", 0, "x"), "Q1", ["hypothesis H1", "either group or x"]),
        (("hypotheses", 0, "group"), "Q1 + 1", ["hypothesis H1", "true or false"]),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_file_question_and_rule(tmp_path, path, to, told):
    said = sentence(tmp_path, changed(*path, to=to))
    assert all(part in said for part in told), said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("section: A, type: integer", "section: Z, type: integer", "line 6: question Q1: there is"),
        ("type: integer", "tpye: integer", "line 6: questions > Q1 > type"),
        ("index: ways", "index: none", "line 16: feature hired: there is no index"),
        ("value: Q3", "value: Q9", "line 19: hypothesis H1"),
        ("id: Q4,", "id: Q1,", "line 11: question 'Q1' stands more than once"),
        ("en: train", "en: hire", "question Q2: option label 'hire' stands more than once"),
        (
            "    options: [{code: 1, ja: 採用",
            "    options: [{code: x, ja: 採用",
            "line 8: questions",
        ),
    ],
)
def test_a_fault_of_a_codebook_names_its_line(tmp_path, old, new, said):
    assert old in TEXT
    (tmp_path / "small.yml").write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        Codebook.read(tmp_path / "small.yml")


@pytest.mark.parametrize("lacking", ["ja", "en"])
def test_both_languages_must_be_there(tmp_path, lacking):
    for path in (
        ("title",),
        ("questions", Q1),
        ("questions", Q2, "options", 0),
        ("questions", Q4, "items", 1),
    ):
        content = copy.deepcopy(BASE)
        node = content
        for part in path:
            node = node[part]
        del node[lacking]
        assert lacking in sentence(tmp_path, content)


@pytest.mark.parametrize("word", ["no", "yes", "on", "Off", "true"])
def test_an_unquoted_no_is_refused_with_advice(tmp_path, word):
    text = yaml.safe_dump(BASE, allow_unicode=True).replace("en: stage", f"en: {word}")
    assert word in text.split()
    file = tmp_path / "small.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"questions > Q3 > en: .*quotes"):
        Codebook.read(file)


@pytest.mark.parametrize("text", ["", "- a\n", "id: [", "a: !!python/object:os.system {}\n", "\0"])
def test_what_is_no_codebook_is_told_in_one_sentence(tmp_path, text):
    file = tmp_path / "small.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"small\.yml"):
        Codebook.read(file)


def test_questions_that_are_no_list_are_a_fault_in_one_sentence():
    (fault,) = Codebook.faults(BASE | {"questions": "Q1"})
    assert fault == "questions: it should be a list"


def test_each_of_several_entries_that_stand_twice_is_a_fault():
    content = copy.deepcopy(BASE)
    content["sections"] = [*content["sections"], {"id": "B", "ja": "乙", "en": "B"}] * 2
    told = [str(fault) for fault in Codebook.faults(content)]
    assert told == [f"section {id!r} stands more than once" for id in ("A", "B")]


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(InputError, match="dx-dashboard, it-staffing"):
        Codebook.read("no-such-codebook")


@pytest.mark.parametrize("role", ["outcome", "factor"])
def test_outcomes_never_feed_the_typology(tmp_path, role):
    content = changed("questions", Q3, "role", to=role)
    content["features"].append(
        {"id": "late", "index": "ways", "kind": "ordinal", "rule": "Q1 + Q3 * 0", "ja": "後",
         "en": "late"}
    )  # fmt: skip
    said = sentence(tmp_path, content)
    assert "feature late" in said and "Q3" in said and role in said and "circular" in said
    battery = changed("questions", Q4, "role", to=role)
    battery["features"][0]["rule"] = "mean(Q4_1, Q4_2, 1)"
    assert "Q4" in sentence(tmp_path, battery)


def test_the_questionnaire_has_its_questions_and_says_what_it_is_not():
    book = Codebook.read("it-staffing")
    asked = [question.id for question in book if question.identity != "name"]
    assert asked == [f"Q{k:02d}" for k in range(1, 37)]
    assert "当時実際に配布された調査票ではない" in book.note.ja
    assert "not the instrument that was sent" in book.note.en
    for question in book:
        assert question.short and len(question.short.ja) <= 14 and len(question.short.en) <= 40
        assert question.type not in {"integer", "ratio"} or question.unit
    ids = {what: book.identity(what).id for what in ("code", "name", "received", "size_class")}
    assert ids == {"code": "Q01", "name": "Q00", "received": "Q04", "size_class": "Q02"}


def test_six_composites_feed_the_typology_and_the_others_stay_outside():
    book = Codebook.read("it-staffing")
    fed = {feature.index for feature in book.features}
    assert fed == {index.id for index in book.indices if index.role == "cluster"}
    assert len(fed) == 6
    outside = {index.id: index.role for index in book.indices if index.id not in fed}
    assert outside["management"] == outside["security"] == "outcome"
    assert outside["two_section"] == "factor"
    for feature in book.features:
        for name in Expression(feature.rule).names:
            question = book.question_of.get(name) or book[name]
            assert question.role in {"cluster", "context"}, feature.id


def test_every_typical_slip_of_yaml_is_absent_from_the_committed_codebooks():
    for file in sorted(paths.codebooks().glob("*.yml")):
        book = Codebook.read(file)
        assert book.id == file.stem
        words = [text for q in book for text in (q.en, *(o.en for o in q.options))]
        assert not {"True", "False", "None"} & set(words)


def test_the_national_table_weighs_its_ten_indicators_alike():
    book = Codebook.read("dx-dashboard")
    assert len(book.features) == 10
    assert len({feature.index for feature in book.features}) == 10
    assert {feature.kind for feature in book.features} == {"binary"}
    assert all(book[feature.rule].role == "cluster" for feature in book.features)
    assert "調査無し" in book.missing["not_surveyed"].tokens
    done = {option.code: option.ja for option in book["cio"].options}
    assert done == {1: "実施", 0: "未実施"}


@pytest.mark.parametrize(("secret", "told"), [("Q1", ["Q1", "Q2"]), ("Q2", ["Q2"])])
def test_sensitive_answers_never_feed_the_typology(tmp_path, secret, told):
    """Of whichever is sensitive, or follows from one that is: the committee sees types by name."""
    content = changed("questions", {"Q1": Q1, "Q2": Q2}[secret], "sensitive", to=True)
    content["questions"][Q2]["ask_if"] = "Q1 >= 1"
    content["features"][0]["rule"] = "Q1 * count(Q2, [1])"
    shared = {"codebook": "table", "ja": "目安", "en": "rough"}
    content["comparable"] = [shared | {"features": [{"id": "ai", "rule": "any(Q2, [1])"}]}]
    faults = [str(fault) for fault in Codebook.faults(content) if "is sensitive" in str(fault)]
    assert ["feature hired" in fault for fault in faults] == [*[True] * len(told), False]
    assert all(name in fault for name, fault in zip(told, faults[:-1], strict=True))
    assert "comparable table: " in faults[-1] and "Q2" in faults[-1]


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ([{"id": "ai", "rule": "Q9 >= 4"}], ["comparable table", "feature ai", "Q9"]),
        ([{"id": "ai", "rule": "Q3 in [7]"}], ["comparable table", "option 7 of Q3"]),
        ([{"id": "ai", "rule": "Q1"}, {"id": "ai", "rule": "Q1"}], ["'ai'", "more than once"]),
    ],
)
def test_what_another_table_shares_is_checked(tmp_path, features, told):
    link = {"codebook": "table", "ja": "目安", "en": "rough", "features": features}
    said = sentence(tmp_path, {**copy.deepcopy(BASE), "comparable": [link]})
    assert all(part in said for part in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [("id: a\nid: b\n", "the entry id is there twice"), ("as_of: 2019-02-30\n", "no day 2019"),
     ("[" * 100_000, "YAML"), ("id: [", "YAML")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_yaml(tmp_path, text, told):
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(InputError, match=told):
        Codebook.read(tmp_path / "a.yml")


def test_a_fault_names_entries_and_no_type_of_the_program():
    content = copy.deepcopy(BASE)
    content["questions"][0]["missing_tokens"] = {"na": ["9"]}
    faults = [str(fault) for fault in Codebook.faults(content)]
    assert any("> missing_tokens > na: there is no value 'na'" in fault for fault in faults)
    assert not any("tuple" in fault or "[key]" in fault for fault in faults)


def test_the_code_of_every_table_is_no_question(tmp_path):
    content = copy.deepcopy(BASE)
    content["questions"][0]["id"] = "code"
    assert "give another id" in sentence(tmp_path, content)


@pytest.mark.parametrize("text", ["", "[1, 2]", "a text"])
def test_a_file_that_is_no_codebook(tmp_path, text):
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(InputError, match="must hold a codebook: id, title"):
        Codebook.read(tmp_path / "a.yml")


def test_no_option_is_of_a_system_that_began_after_the_first_wave():
    """会計年度任用職員 began on 2020-04-01, 定年前再任用短時間勤務 on 2023-04-01."""
    book = Codebook.read("it-staffing")
    texts = [q.text.ja for q in book] + [o.ja for q in book for o in q.options]
    texts += [i.ja for q in book for i in q.items] + [f.ja for f in book.features]
    later = [
        "会計年度",
        "定年前再任用",
        "暫定再任用",
        "役職定年",
        "デジタル庁",
        "ガバメントクラウド",
    ]
    later += ["DX", "デジタル社会", "生成AI", "地域活性化起業人"]
    assert not [text for text in texts if any(word in text for word in later)]
    assert "臨時・非常勤職員の任用" in texts and "再任用" in texts


def test_whether_answers_of_a_whole_group_may_be_told_is_read(tmp_path):
    assert Codebook.parse(BASE).disclosure.group == "hide"
    assert Codebook.parse({**BASE, "disclosure": {"group": "show"}}).disclosure.group == "show"
    assert "disclosure" in sentence(tmp_path, {**BASE, "disclosure": {"group": "tell"}})
