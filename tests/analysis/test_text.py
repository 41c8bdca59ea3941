"""Every label and every computed sentence exists in both languages and can be rendered."""

import re
import string
from functools import partial
from pathlib import Path

import jinja2
import pytest
import yaml
from jinja2 import nodes

from analysis import Survey, text
from analysis.cleaning.findings import RULES
from analysis.errors import InputError

FOLDER = Path(text.__file__).parent
LABELS = yaml.safe_load((FOLDER / "labels.yml").read_text(encoding="utf-8"))
EXAMPLES = yaml.safe_load((Path(__file__).parent / "text_examples.yml").read_text(encoding="utf-8"))
SENTENCES = [f"{page}/{name}" for page, named in EXAMPLES.items() for name in named]
JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


def places(label):
    """The places of a label that values fill, with their formats."""
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(label) if name)


def macros(language):
    """The sentences of a language: page/name -> (arguments, the arguments it uses)."""
    found = {}
    for file in sorted((FOLDER / language).glob("*.md.j2")):
        tree = text._templates(language).parse(file.read_text(encoding="utf-8"))
        for macro in tree.find_all(nodes.Macro):
            if macro.name.startswith("_"):  # a part of others
                continue
            taken = {argument.name for argument in macro.args}
            used = {name.name for name in macro.find_all(nodes.Name) if name.ctx == "load"}
            found[f"{file.name.removesuffix('.md.j2')}/{macro.name}"] = (taken, taken & used)
    return found


@pytest.mark.parametrize("section", LABELS)
def test_every_label_is_there_in_both_languages_with_the_same_places(section):
    ja, en = (text.labels(section, language) for language in ("ja", "en"))
    for name in LABELS[section]:
        assert ja[name].strip() and en[name].strip(), f"{section}.{name}"
        assert places(ja[name]) == places(en[name]), f"{section}.{name}"
        assert not JAPANESE.search(en[name]), f"{section}.{name}"


def test_a_label_that_one_language_lacks_is_refused():
    with pytest.raises(ValueError, match="en"):
        text.Text(**{"ja": "図"})


def test_every_sentence_is_there_in_both_languages_and_uses_the_same_values():
    ja, en = macros("ja"), macros("en")
    assert ja == en
    for name, (taken, used) in ja.items():
        assert taken == used, f"{name} has arguments that it does not use"
    assert set(ja) == set(SENTENCES), "every sentence has its example in text_examples.yml"


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_sentence_is_rendered(language, sentence):
    page, name = sentence.split("/")
    said = [text.say(sentence, language, **values) for values in EXAMPLES[page][name]]
    assert len(set(said)) == len(said), "each case says something else"
    for one in said:
        assert one and not re.search(r"\b(None|nan)\b|Undefined|(?<!\n)  |\{|\}", one), one
        assert language == "en" or not re.search(r"(?<=[^\x00-\xff]) (?=[^\x00-\xff])", one), one


OF_JAPAN = {
    "ja": "市区町村|自治体|全国|都道府県",
    "en": r"(?i:municipalit|prefecture)|\bthe nation\b|national shares",
}
# the published totals are of Japan, as is the map; the last are said of such a register alone
APART = {"national/", "changes/national_totals", "tabulation/homes", "prefectures/", "population/"}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_of_a_register_of_ones_own_no_words_are_on_the_municipalities_of_japan(language):
    for page, named in EXAMPLES.items():
        for name in (name for name in named if not f"{page}/{name}".startswith(tuple(APART))):
            said = [text.say(f"{page}/{name}", language, True, **v) for v in named[name]]
            words = [one for one in said if re.search(OF_JAPAN[language], one)]
            assert all("全国の表" in one for one in words), words  # a name that is given
    for section in LABELS:
        of_own = text.labels(section, language, True)
        words = re.sub(r"\{[^{}]*\}", "", " ".join(of_own.values()))
        assert not re.search(OF_JAPAN[language], words), section
        assert of_own.keys() == text.labels(section, language).keys()
    rules = " ".join(text.of_own_register(rule.text[language]) for rule in RULES.values())
    assert not re.search(OF_JAPAN[language], rules) and "{raw}" in rules
    assert text.label("called.in_prefecture", "en", True, name="A", prefecture="B") == "A (B)"


def test_a_sentence_takes_its_values_and_no_others():
    values = EXAMPLES["compare"]["headline"][0]
    with pytest.raises(TypeError, match="types_alike"):
        text.say("compare/headline", "ja", counts=[], answers_alike=True)
    with pytest.raises(TypeError, match="other"):
        text.say("compare/headline", "ja", **values, other=1)
    with pytest.raises(AttributeError):
        text.say("compare/no_such", "ja")
    with pytest.raises(jinja2.TemplateNotFound):
        text.say("no_such/headline", "ja")


def test_the_labels_and_sentences_that_the_code_asks_for_are_there():
    source = "".join(f.read_text(encoding="utf-8") for f in FOLDER.parent.rglob("*.py"))
    for section, name in re.findall(r'\blabel\(\s*"(\w+)\.(\w+)"', source):
        assert name in LABELS[section]
    for section in re.findall(r'\blabels\(\s*"(\w+)"', source):
        assert section in LABELS
    assert set(re.findall(r'\bsay\(\s*"(\w+/\w+)"', source)) <= set(SENTENCES)


def test_lines_of_a_template_are_joined_and_paragraphs_and_items_are_not():
    kept = "一行目、\n二行目。\n\n次の段落。\n- 項目\n1. 順位"
    joined = "一行目、二行目。\n\n次の段落。\n- 項目\n1. 順位"
    assert text._BREAK.sub("", kept) == joined


def test_an_answer_and_a_title_show_a_label_as_it_is_written():
    survey = Survey.load("demo-2019", language="en", files=False)
    results = [{"id": "H3", "word": "not shown", "hypothesis": "re-employed *staff*"}]
    assert (
        "re-employed *staff*"
        in survey.answer("hypotheses/answer", results=results, tested=True).text
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a:\n  b: {ja: あ, en: a\n", "labels.yml: line 2 is not readable as YAML"),
        ("a:\n  b: {ja: あ}\n", "labels.yml: line 2: a > b > en: this entry is lacking"),
        ("a:\n  b: {ja: あ, en: 1}\n", "labels.yml: line 2: a > b > en: this is a number"),
        (
            "a:\n  b: {ja: あ, en: a}\n  b: {ja: い, en: i}\n",
            "labels.yml: line 3: .* b is there twice",
        ),
    ],
)
def test_a_slip_in_the_labels_is_one_sentence_with_its_line(tmp_path, written, said):
    (tmp_path / "labels.yml").write_text(written, "utf-8")
    with pytest.raises(InputError, match=said):
        text.read_labels(tmp_path / "labels.yml")


def test_prefectures_are_called_alike_only_where_they_are():
    unlike, alike = {"icc": -0.14, "design": 0.3}, {"icc": 0.2, "design": 8.1}
    for language, word in (("en", "still alike"), ("ja", "除いても")):
        said = partial(text.say, "hypotheses/prefectures", language)
        assert word in said(low=alike, high=alike)
        assert word not in said(low=unlike, high=alike) + said(low=unlike, high=unlike)


def test_no_blank_is_lost_between_the_date_and_how_many_replied():
    about = {
        "publisher": "P",
        "as_of": "2026-04-01",
        "asked": 30,
        "replied": 29,
        "published": False,
    }
    for mode in ("", "by mail"):
        assert ". 29 of the 30" in text.say("index/about", "en", mode=mode, **about)


def test_a_register_of_ones_own_is_no_country():
    about = {"kind": "nation", "stated": True, "size": 30, "others": 0, "classes": []}
    for replied in (29, 20):
        words = about | {"full": replied > 20, "replied": replied, "listed": True}
        assert "country" not in text.say("population/stands", "en", **words)
        assert "全国" not in text.say("population/stands", "ja", **words)


def test_no_sentence_names_the_subject_of_the_first_surveys():
    """A survey of libraries was once said to be short of IT staff."""
    named = re.compile("IT staff|情報人材")
    assert not [f for f in FOLDER.glob("*/*.j2") if named.search(f.read_text(encoding="utf-8"))]
