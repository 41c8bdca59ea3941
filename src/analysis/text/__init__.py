"""Texts that exist in Japanese and in English, always both.

Words are data, so that an editor can correct them without Python:

- ``labels.yml``: short labels (columns, states, buttons), an id each, see `label`.
- ``ja/PAGE.md.j2``, ``en/PAGE.md.j2``: computed sentences, a Jinja macro each, see `say`.

A frame or a record carries ids until it is shown; nothing is decided on a translated label.
``tests/test_text.py`` renders every label and sentence in both languages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from pydantic import BaseModel, ConfigDict, RootModel, StrictStr

from analysis import yaml_file
from analysis.errors import Message

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
FULL_WIDTH = ("。", "）", "」", "？", "！")  # carry their own space
_SPECIAL = str.maketrans({c: f"\\{c}" for c in r"\`*_{}[]<>()#+-.!|~$&:@/"})
# a line break within a paragraph: not beside an empty line, nor before an item, a row or a heading
_BREAK = re.compile(r"(?<=[^\n])(?:(?<![ \t])[ \t]+)?\n[ \t]*(?=[^\s\-*|#])(?!1\. )")


class Model(BaseModel):
    """An object read from a YAML file: never changed, and no entry that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class Text(Model):
    """One text in both languages.

    >>> Text(ja="指定都市", en="designated city")["en"]
    'designated city'
    """

    ja: StrictStr
    en: StrictStr

    def __getitem__(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en


def label(id: str, language: str, own_register: bool = False, /, **values: Any) -> str:
    """A label of ``labels.yml``; `values` fill its ``{places}``.

    Parameters
    ----------
    language : ``ja`` or ``en``. id : ``section.name``; one that is not there is a KeyError.
    own_register : in words that suit a register of one's own, see data/own_register.yml.

    >>> label("index.downloads", "ja"), label("index.findings_link", "en", n=1200)
    ('ダウンロード', 'list of the 1,200 findings to confirm')
    """
    section, _, name = id.partition(".")
    text: str = getattr(_labels(own_register)[section][name], language)
    return text.format(**values) if values else text


def labels(section: str, language: str, own_register: bool = False) -> dict[str, str]:
    """All labels of a section by name, as a template of a page reads them."""
    return {name: getattr(text, language) for name, text in _labels(own_register)[section].items()}


def say(sentence: str, language: str, own_register: bool = False, /, **values: Any) -> str:
    """A computed sentence or paragraph, in Markdown.

    Parameters
    ----------
    sentence : ``page/name``, the macro `name` of ``{language}/page.md.j2``.
    values : the arguments of the macro, all of them. The template formats numbers
        (``{{ n | thousands }}``, ``{{ "%.1f" | format(x) }}``) and makes text that comes from
        answers or names inert (``{{ name | inert }}``, see `escape`), names an id by its label
        (``{{ id | label("word") }}``) and a p-value by ``{{ p | p }}``. A `Text` is written in the
        language of the sentence.

    A paragraph may be written on several lines: a line break is joined with a space in English and
    without one in Japanese. An empty line begins a new paragraph.

    >>> values = {"counts": ["answers 2"], "answers_alike": False, "types_alike": True}
    >>> say("compare/headline", "en", **values)
    'Changed: answers 2. No municipality changed type.'
    >>> say("compare/headline", "ja", **values | {"counts": ["答え 2", "図 1"]})
    '結果の変化：答え 2、図 1。類型が変わった団体はない。'
    """
    page, _, name = sentence.partition("/")
    macro = getattr(
        _templates(language, own_register).get_template(f"{language}/{page}.md.j2").module, name
    )
    lacking = set(macro.arguments) ^ values.keys()
    if lacking:
        raise TypeError(f"the sentence {sentence} and its values differ in {sorted(lacking)}")
    return _BREAK.sub("" if language == "ja" else " ", macro(**values).strip())


def say_both(sentence: str, own_register: bool = False, /, **values: Any) -> Text:
    """A computed sentence in both languages; a Text among the values goes in in each language.

    >>> say_both("cleaning/which_municipality", part="", places=[]).en
    'Please give its code and name.'
    """
    said = dict[str, str]()
    for k in LANGUAGES:
        own = {name: v[k] if isinstance(v, Text) else v for name, v in values.items()}
        said[k] = say(sentence, k, own_register, **own)
    return Text(**said)


def sections() -> frozenset[str]:
    """The names of the sections of labels."""
    return frozenset(_labels(False))


def gap(sentence: str) -> str:
    """What stands between a sentence and the next: a space, but nothing after a Japanese one.

    >>> gap("There are 3 types."), gap("3つの型がある。")
    (' ', '')
    """
    return "" if sentence.endswith(FULL_WIDTH) else " "


def p_text(p: float) -> str:
    """A p-value as it is printed; a dash where there is none.

    >>> p_text(0.0502), p_text(0.0004), p_text(float("nan"))
    ('0.0502', '<0.001', '—')
    """
    if p != p:
        return "—"
    near = 0.05 < p < 0.0505  # three digits would make it 0.050
    return "<0.001" if p < 0.001 else f"{p:.4f}" if near else f"{p:.3f}"


def interval_text(estimate: float, low: float, high: float, digits: int = 2) -> str:
    """Estimate and interval as they are printed; an end beside zero is not rounded to zero.

    >>> interval_text(0.41, 0.004, 0.7), interval_text(float("nan"), 0, 1)
    ('+0.41 (+0.01, +0.70)', '—')
    """

    def end(value: float) -> str:
        least = 10.0**-digits
        value = math.copysign(least, value) if 0 < abs(value) < least / 2 else value
        return f"{value:+.{digits}f}"

    if estimate != estimate:
        return "—"
    ends = f" ({end(low)}, {end(high)})" if low == low else ""
    return f"{estimate + 0:+.{digits}f}{ends}"


def escape(text: object) -> str:
    """Text from an answer or a name, made inert inside Markdown.

    >>> print(escape("<b>[x](javascript:y)"))
    \\<b\\>\\[x\\]\\(javascript\\:y\\)
    """
    return str(text).translate(_SPECIAL).replace("\n", " ")


def unescape(sentence: str) -> str:
    """A sentence without the backslashes of `escape`, for titles and answers: no Markdown.

    >>> print(unescape(escape("re-employed [retirees]")))
    re-employed [retirees]
    """
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", sentence)


class Labels(RootModel[dict[str, dict[str, Text]]]):
    """The content of a ``labels.yml``: section -> name -> label."""


def read_labels(file: Path) -> Mapping[str, Mapping[str, Text]]:
    """The labels of a file.

    Raises InputError: a slip of YAML, a label without one of its languages, or a name twice.
    """
    such_as = Message("sections of labels, each with ja and en")
    return yaml_file.validate(Labels, yaml_file.load(file, such_as), file).root


@cache
def _labels(own_register: bool) -> Mapping[str, Mapping[str, Text]]:
    if not own_register:
        return read_labels(Path(__file__).with_name("labels.yml"))
    return {
        section: {
            name: Text(ja=of_own_register(text.ja), en=of_own_register(text.en))
            for name, text in own.items()
        }
        for section, own in _labels(False).items()
    }


@cache  # each finding asks for the sentence of its rule
def of_own_register(words: str) -> str:
    """The same words for a register of one's own: its bodies, groups and whole."""
    own = yaml_file.packaged("own_register.yml")
    known = "|".join(map(re.escape, own))  # and places, which values fill
    return re.sub(rf"{{[^{{}}]*}}|{known}", lambda found: own.get(found[0], found[0]), words)


def _in_code(text: re.Match[str]) -> str:
    """A text within the braces of a template, in such words unless it is an id."""
    return text[0] if re.fullmatch(r'"\w*"', text[0], re.ASCII) else of_own_register(text[0])


class _RegisterWords(Extension):
    """Changes the words of a template; within its braces those of texts, which are no ids."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        parts = re.split(r"({[{%#].*?[}%#]})", source, flags=re.DOTALL)
        parts[::2] = map(of_own_register, parts[::2])
        parts[1::2] = (re.sub('"[^"]*"', _in_code, part) for part in parts[1::2])
        return "".join(parts)


@cache
def _templates(language: str, own_register: bool = False) -> Environment:
    """Markdown, so nothing is escaped as HTML; whoever publishes it cleans it."""

    def own(value: object) -> object:
        return getattr(value, language) if isinstance(value, Text) else value

    environment = Environment(
        loader=PackageLoader("analysis", "text"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        finalize=own,
        extensions=[_RegisterWords] if own_register else [],
    )
    environment.filters |= {
        "thousands": "{:,}".format,
        "inert": lambda value: escape(own(value)),
        "label": lambda id, section, **values: label(
            f"{section}.{id}", language, own_register, **values
        ),
        "p": p_text,
        "equals": lambda p: p if p[0] in "<—" else f"={p}",
        "interval": interval_text,
        "shorten": lambda text: escape(shorten(text, 100, placeholder="…")) if text else "",
    }
    return environment
