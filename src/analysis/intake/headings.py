"""What a heading in a file means: which question, option or battery item of the codebook.

By what it says, never by where it stands: an id or number (``Q13``, ``問13(1)``), the words of the
codebook in either language or a ``source`` of it; what ``wave.yml`` says under ``header`` first.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate, count
from typing import NamedTuple

import numpy as np

from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.own_register import OwnRegister
from analysis.codebook.questions import Item, Option, Question, tick_words
from analysis.errors import refusal
from analysis.normal import normal
from analysis.yaml_file import packaged

# 問3, 【問3】, Q3(1); 第3回 counts surveys, not questions
NUMBERED = re.compile(
    r"^[(\[【<〔]?(?:(?:q|問|設問|質問)\.?|第(?=\d+問))0*(\d+)問?[)\]】>〕]?"
    r"(?:(?:[-_ー.の]\(?|\()0*(\d+)\)?)?(?!\d)(.*)$"
)
SUB_QUESTION = re.compile(r"^[-_:(]?(付問|副問|枝問|sq)")
LETTER = re.compile(r"^\s*[(（]?(?:[ア-ンｱ-ﾝa-zA-Zａ-ｚ]|・)[)）.．、:：\s]+")
OPTION_NUMBER = re.compile(r"^[(\[]?\d+[)\].:、．]?(?=\D)")
CHOICE = re.compile(r"^(?:選択肢)?[(\[]?0*(\d+)[)\].:、．]?(?!\d)(.*)$")
OR = "と|か|や|又は|または|若しくは|or"  # between the numbers of options
AMONG = re.compile(rf"^(?:{OR}|and)(?=\d)")  # 1か2
# the headings of who replied, and those above a column of questions
IDENTITY: dict[str, list[str]] = packaged("headings.yml")["identity"]
QUESTIONS: list[str] = packaged("headings.yml")["questions"]
OTHER_OPTION = re.compile(
    rf"(?:{'|'.join(packaged('headings.yml')['other'])})(?:s|r|reasons?)?(?:,?please.*|[^\w].*)?"
)
# around what is asked: 【必須】, 3., (複数選択可), をお答えください, *
BEFORE = re.compile(
    r"^(?:[(\[【](?:必須|任意|required|optional)[)\]】]|[*※■◆●▼貴]|[(\[【<〔]\d{1,3}[)\]】>〕]"
    r"|第\d{1,3}問|\d{1,3}(?:-\d{1,2}|[.):、](?!\d))|[(\[【<〔]?(?:[fq]|問|設問|質問)\d{1,3}"
    r"(?:-\d{1,2})?問?[.):、\]】>〕]*|please(?:enter|select|choose|give|state|indicate)(?:the|your)?)+"
)
LONGEST = 500  # letters of a heading; the pattern below would be slow on a page of text
BEHIND = re.compile(
    r"(?:[*※:。]|は?\?|[(\[【](?:必須|任意|required|optional|プルダウン|いくつでも|\d桁|(?:複数|単一|択一)(?:選択|回答)可?"
    r"|(?:半角|[あ当]てはまるもの|該当するもの|[1一]つだけ|[○◯〇]は(?!い)|自由記述|(?:select|check)all)[^()\[\]【】]*"
    r"|(?:最大)?[\d一]つ(?:まで|以内|選択)?"
    r"|[^()\[\]【】]*(?:ください|下さい))[)\]】]"
    r"|について|(?:を|について|は)、?[ごお]?(?:選択|選|入力|記入|回答|教え|答え).{0,5}(?:下さい|ください|願います|願いします))+$"
)
# the words beside an option "other": 問2 その他の内容, Q2 - Other (please specify)
OTHER_WORDS = re.compile(
    r"(?:その他|other)[)\]」』]?(?:の?(?:内容|場合|記述|詳細|説明|回答|具体|自由|記).*|text|,?(?:please)?specify.*"
    r"|[_(\[【:-].*)?"
)
OTHER, BETWEEN = re.compile("その他|other"), re.compile(r"[\[(_:./|-]")  # a question and its option
OVERRIDE, ID, TEXT, PREFIX, LIKELY = 4, 3, 2, 1, 0


@lru_cache(maxsize=2**14)
def normalise(text: str) -> str:
    """Headings that look the same are the same: width, spaces, line breaks and case folded.

    >>> normalise("問１３　業務改革\\n の取組み")
    '問13業務改革の取組み'
    >>> normalise("問3①")
    '問3(1)'
    """
    return normal(text, "circled", "radicals", "width", "case", "spaces", "dashes")


def unique_heads(header: np.ndarray) -> dict[int, str]:
    """The headings that stand several times in the last row, each with the one above it.

    A heading stands over the columns to its right, up to the next one. Those that are the same all
    the same have a number, in their order.

    >>> unique_heads(np.array([["", "国", "", "県", ""], ["名", "計", "率", "計", "率"]], object))
    {1: '国 / 計', 2: '国 / 率', 3: '県 / 計', 4: '県 / 率'}
    >>> unique_heads(np.array([["団体名", "人数", "人数"]], object))
    {1: '人数 (1)', 2: '人数 (2)'}
    """
    *above, last = [[re.sub(r"\s+", " ", text) for text in row] for row in header.tolist()]
    times = Counter(last)
    twice = [c for c, text in enumerate(last) if text and times[text] > 1]
    if not twice:
        return {}
    over = [[*accumulate(row, _own_or_left)] for row in above]
    parts = {c: [*(row[c] for row in over), last[c]] for c in twice}
    whole = {c: " / ".join(dict.fromkeys(filter(None, of))) for c, of in parts.items()}
    of_same = {text: count(1) for text, n in Counter(whole.values()).items() if n > 1}
    return {c: f"{t} ({next(of_same[t])})" if t in of_same else t for c, t in whole.items()}


def _own_or_left(left: str, own: str) -> str:
    return own or left


def yaml_key(target: str) -> str:
    """What a column means as a key in YAML, where ``@name`` has quotes: for hints to be pasted.

    >>> yaml_key("@name"), yaml_key("Q1")
    ("'@name'", 'Q1')
    """
    return f"'{target}'" if target.startswith("@") else target


@cache
def _set_aside() -> tuple[frozenset[str], re.Pattern[str]]:
    """The headings that tools and offices keep for themselves, and what personal ones look like."""
    known = packaged("set_aside.yml")

    def one_of(*lists: str) -> str:
        words = {normalise(word) for name in lists for word in known["personal"][name]}
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

    whose, what = one_of("whose", "about"), one_of("what")
    own = rf"(?:ご?(?:{whose})様?(?:の|'s)?)"
    personal = rf"{own}?(?:[おご]?(?:{what})[・/]?)+|{own}(?:{one_of('of_a_person')})"
    return (
        frozenset(map(normalise, known["technical"])),
        re.compile(rf"(?:{personal}|ご?(?:{one_of('whose')})様?)\d*"),
    )


# around what a person is asked for: お名前をご記入ください。, What is your name?
ASKED_FOR = re.compile(
    r"^(?:(?:whatis|please(?:enter|give|provide)|enter)(?=your)|wie(?:ist|lautet)(?:deine?|ihre?))"
    r"|(?:を[ごお]?(?:入力|記入|記載|教え|書|知らせ).*|[(\[【※*].*|[:。?])$"
)


def is_technical(text: str) -> bool:
    """Whether a heading is one that tools and offices keep for themselves."""
    return normalise(text) in _set_aside()[0]


def is_personal(text: str) -> bool:
    """Whether a column so headed holds who filled in the form, or how to reach them.

    >>> [is_personal(text) for text in ("問1 ご担当者様のお名前をご記入ください。", "Your name")]
    [True, True]
    >>> [is_personal(text) for text in ("団体名", "name", "職員のメールの利用", "担当者数")]
    [False, False, False, False]
    """
    key = normalise(text).replace("_", "")
    numbered = NUMBERED.match(key)
    key = numbered[3].lstrip("-_:.、)") if numbered else key
    return _set_aside()[1].fullmatch(ASKED_FOR.sub("", key)) is not None


class Meaning(NamedTuple):
    """What a heading means: a question id or a variable, and how sure that is."""

    target: str
    rank: int


@dataclass(frozen=True)
class Headings:
    """The headings that a codebook knows, with those that ``wave.yml`` adds.

    >>> book = Codebook.parse({
    ...     "id": "tiny", "title": {"ja": "小調査", "en": "Tiny"}, "version": "1",
    ...     "sections": [{"id": "A", "ja": "属性", "en": "Profile"}],
    ...     "questions": [{"id": "Q07", "section": "A", "type": "binary", "role": "outcome",
    ...                    "ja": "実施の有無", "en": "Done?"}]})
    >>> Headings(book).meaning("問７ 実施の有無").target
    'Q07'
    """

    book: Codebook
    header: Mapping[str, tuple[str, ...]] | None = None
    ignore: tuple[str, ...] = ()
    own: OwnRegister | None = None

    def named_in(self, text: str, *, known: bool = False) -> str:
        """The municipality, or the body of the wave's own register, that a whole cell names.

        See `analysis.codebook.municipality.named_in`.
        """
        if self.own is not None:
            return self.own.named_in(text)
        return municipality.named_in(text, known=known)

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The headings, normalised, of columns that are no questions, and their cells."""
        return frozenset(map(normalise, (*self.ignore, *self.book.ignore)))

    @cached_property
    def _given(self) -> dict[str, str]:
        """The targets that ``wave.yml`` gives to cells, such as A5, and to headings, normalised."""
        pairs = [(key, target) for target, texts in (self.header or {}).items()
                 for text in texts for key in (text, normalise(text))]  # fmt: skip
        return dict(reversed(pairs))

    def given(self, text: str, cell: str) -> str | None:
        """The question or variable that ``wave.yml`` gives to a cell, or to its heading."""
        return self._given.get(cell) or self._given.get(normalise(text) or cell)

    def set_aside(self, text: str, cell: str) -> str:
        """``ignored`` or ``personal`` where a column so headed is no question, else empty."""
        if normalise(text) in self.ignored or normalise(cell) in self.ignored:
            return "ignored"
        return "personal" if is_personal(text) and self.meaning(text) is None else ""

    @cached_property
    def known(self) -> dict[str, Meaning]:
        """Normalised heading -> its meaning; the surer one where two are possible."""
        pairs: list[tuple[str, str, int]] = []
        for question in self.book:
            pairs += [(name, name, ID) for name in (question.id, *question.variables)]
            units = question.unit and [f"({text})" for text in (question.unit.ja, question.unit.en)]
            pairs += [(text + unit, question.id, TEXT) for text in _words(question)
                      for unit in ("", *(units or ()))]  # fmt: skip
            for item in question.items:
                pairs += [(text, item.id, TEXT) for text in item.words]
        for identity, texts in IDENTITY.items():
            target = self.book.identifying(identity)[0]
            pairs += [(text, target, PREFIX) for text in texts]
        for target, words in (self.header or {}).items():
            pairs += [(text, target, OVERRIDE) for text in words]
        meanings: dict[str, Meaning] = {}
        for text, target, rank in pairs:
            key = normalise(text)
            if key and (key not in meanings or meanings[key].rank < rank):
                meanings[key] = Meaning(target, rank)
        return meanings

    def apart(self, header: np.ndarray) -> dict[int, str]:
        """The columns with a heading that stands several times, where a question tells them apart.

        See `unique_heads`.
        """
        known = {c: self.known.get(normalise(text)) for c, text in unique_heads(header).items()}
        return {column: meaning.target for column, meaning in known.items() if meaning}

    def below(self, head: np.ndarray) -> dict[tuple[int, int], Meaning]:
        """The cells whose column is a question by its place under a heading of several columns."""
        under = [
            (normalise(q.under), q.at, q.id) for q in self.book if q.under and q.at is not None
        ]
        texts = np.argwhere(head != "").tolist() if under else []
        keys = [(row, column, normalise(head[row, column])) for row, column in texts]
        return {
            (row, column + at): Meaning(id, OVERRIDE - 1)
            for heading, at, id in under
            for row, column, key in keys
            if key == heading and column + at < head.shape[1]
        }

    @cached_property
    def _by_bare(self) -> dict[str, Meaning]:
        """What is asked, without what is around it -> its meaning, where no other asks the same."""
        meanings: dict[str, set[Meaning]] = {}
        for key, meaning in self.known.items():
            if meaning.rank != ID:  # its numbers stay: R5年度の職員数 is not R4年度の職員数
                likely = Meaning(meaning.target, min(PREFIX, meaning.rank - 1))
                meanings.setdefault(BEHIND.sub("", key).replace("_", ""), set()).add(likely)
        return {key: means.pop() for key, means in meanings.items() if key and len(means) == 1}

    @property
    def who(self) -> set[str]:
        """The targets that say which municipality replied."""
        return {*self.book.identifying("code", "name")}

    def who_of(self, texts: Iterable[str]) -> str:
        """What a column of codes, or of names, says of who replied."""
        codes = self.own.parse_code if self.own else re.compile(r"([\d.-]+)").fullmatch
        what = "code" if all((codes(text) or [""])[0] for text in texts) else "name"
        return self.book.identifying(what)[0]

    def check_header(self, file: str) -> None:
        """Refuse entries under ``header`` that name no question."""
        known = {*self.book.variables, *(q.id for q in self.book), *(f"@{i}" for i in IDENTITY)}
        if lost := next((target for target in self.header or {} if target not in known), None):
            about = {"target": lost, "id": self.book.id, "path": file}
            raise refusal("wave.header_of_none", file="wave.yml", **about)

    @cached_property
    def _numbers(self) -> dict[int, Question]:
        """Question by number, where ids are one letter and a number, and no two have the same."""
        ids = ((re.fullmatch(r"[A-Za-z]+(\d+)", question.id), question) for question in self.book)
        pairs = [(int(match[1]), question) for match, question in ids if match]
        return dict(pairs) if len(dict(pairs)) == len(pairs) else {}

    @cached_property
    def meaning(self) -> Callable[[str], Meaning | None]:
        """The question or variable that a heading means, if any."""
        return lru_cache(maxsize=2**14)(self._find)  # asked of each name of a column of names, too

    def _find(self, text: str) -> Meaning | None:
        key = normalise(text)
        if not key or key in self.ignored:
            return None
        if meaning := self.known.get(key):
            return meaning
        if key.isdecimal():  # an answer, as a rule
            return self._by_bare.get(key)
        if variable := self._part(key):
            return Meaning(variable, TEXT)
        if words := self._beside_other(key):
            return Meaning(words, TEXT)
        numbered = NUMBERED.match(key)
        if numbered and int(numbered[1]) in self._numbers:
            question = self._numbers[int(numbered[1])]
            # the words beside an option, as Qualtrics names them, and as our forms do
            if re.fullmatch(r"_text|_other(?![a-z0-9_]).*", numbered[3]):
                words = f"{question.id}_other"
                return Meaning(words, ID) if words in self.book else None
            rest = _asked(numbered[3])
            if numbered[2]:  # 問4(2) and the words of another item: these decide
                variable = _numbered_variable(question, int(numbered[2]))
                return (
                    Meaning(self._choices(question).get(rest, variable), ID) if variable else None
                )
            meaning = self.known.get(rest) or self._by_bare.get(_bare(rest))
            if meaning and meaning.target != question.id:
                return meaning  # an item, or numbered otherwise in the file: what it asks decides
            if meaning is None and SUB_QUESTION.match(numbered[3]):
                return None
            if meaning is None and question.type in {"multi", "battery"}:
                variable = self.choice(question, numbered[3].strip("-_:.、"))
                if variable:
                    return Meaning(variable, TEXT)
            return Meaning(question.id, PREFIX if numbered[3] else ID)
        if meaning := self._by_bare.get(_bare(key)):
            return meaning
        head = re.match(r"([a-z][a-z0-9_]*)[:.\-(/|]", key)
        if head and head[1] in self.known and self.known[head[1]].rank >= ID:
            return Meaning(self.known[head[1]].target, PREFIX)
        rest = key.lstrip("0123456789")  # 3 職員数
        bare = self._by_bare.get(_bare(rest)) if rest != key else None
        return bare and Meaning(bare.target, LIKELY)

    def _beside_other(self, key: str) -> str | None:
        """The words beside the option "other" of the question before them: 問2 その他の内容."""
        for sign in OTHER.finditer(key):
            question = self._whole(key[: sign.start()].rstrip("-_:.、/([【「『"))
            rest, words = key[sign.start() :], f"{question.id}_other" if question else ""
            if question and words in self.book and OTHER_WORDS.fullmatch(rest):
                return (question.type == "multi" and self.choice(question, rest)) or words
        return None

    def _part(self, key: str) -> str | None:
        """The option or item behind its question: 問4 取組 [研修], 取組（研修）, Q4[SQ001]."""
        parts = (self._choices(question).get(part) for question, part in self._behind(key)
                 if question.type in {"multi", "battery"})  # fmt: skip
        return next(filter(None, parts), None)

    def _behind(self, key: str) -> Iterator[tuple[Question, str]]:
        """Each question with which a heading begins, and what stands behind it."""
        for sign in BETWEEN.finditer(key):
            if (question := self._whole(key[: sign.start()])) is not None:
                end = {"[": "]", "(": ")"}.get(sign[0], "")
                yield question, key[sign.end() :].removesuffix(end)

    def asked(self, text: str) -> Question | None:
        """The question that a text names by all its words, or by its id or number."""
        return self._whole(normalise(text))

    def _whole(self, key: str) -> Question | None:
        """The question that a text names by its words, its id or its number."""
        if meaning := self.known.get(key) or self._by_bare.get(_bare(key)):
            return next((question for question in self.book if question.id == meaning.target), None)
        numbered = NUMBERED.match(key)
        question = self._numbers.get(int(numbered[1])) if numbered and not numbered[2] else None
        if question is None or numbered is None or not numbered[3]:
            return question
        meaning = self.known.get(_asked(numbered[3]))
        return question if meaning and meaning.target == question.id else None

    def behind(self, text: str, target: str) -> str:
        """What stands in a cell behind the words of a heading: 120人 of 問3 職員数：120人.

        Behind a colon the heading may be known by its number alone.
        """
        if self._whole(normalise(text)):
            return ""
        question = self.book.question_of.get(target)
        items = self._choices(question) if question and question.type == "battery" else {}
        begins = text[:LONGEST]  # no heading is longer
        for sign in reversed([*re.finditer(r"\s*[:：\n]\s*|\s+|(?=[(（\[［【])", begins)]):
            head = text[: sign.start()].rstrip("。?？")
            key = normalise(head)
            whole, known = self._whole(key), self.known.get(key)
            if known is None and ":" in normalise(sign[0]):
                known = self.meaning(head)
            lettered = items.get(normalise(LETTER.sub("", head)))
            if target in {whole and whole.id, known and known.target, lettered}:
                return text[sign.end() :].strip()
        return ""

    def by_number_alone(self, text: str) -> Question | None:
        """The question whose number a heading bears though its words are of something else.

        As 問1 指定避難所の数, where Q1 asks for the staff of libraries; not 問1 職員数（図書館）.
        """
        numbered = NUMBERED.match(normalise(text))
        meaning = self.meaning(text)
        if numbered is None or meaning is None or meaning.rank != PREFIX or not numbered[3]:
            return None
        if re.fullmatch(r"(\[\w+\])+", numbered[3], re.A):  # a form tool's own code, no words
            return None
        question = self._numbers.get(int(numbered[1]))
        if question is None or question.id != meaning.target:
            return None
        parts = (*question.items, *question.options)
        texts = [*_words(question), *(words for part in parts for words in (part.ja, part.en))]
        own = _pairs(numbered[3])  # a third of which is in one of the texts
        shared = any(len(own & _pairs(normalise(text))) * 3 >= len(own) for text in texts)
        return None if shared or not own else question

    def closest(self, target: str, texts: Sequence[str]) -> int | None:
        """Which of some headings says most of what a question asks, by pairs of letters.

        None where none says anything of it; the first of equals.
        """
        if (question := self.book.question_of.get(target)) is None:
            return None
        pairs = set().union(*(_pairs(normalise(words)) for words in _words(question)))
        if target != question.id:
            label = self.book.label(target)
            pairs = _pairs(normalise(label.ja)) | _pairs(normalise(label.en)) or pairs
        shared = [len(_pairs(normalise(text)) & pairs) for text in texts]
        return shared.index(max(shared)) if any(shared) else None

    @cached_property
    def _sources(self) -> dict[str, str]:
        """A heading that the codebook lists under ``source`` of one option or item alone."""
        variables: dict[str, set[str]] = {}
        for question in self.book:
            for variable, part in zip(question.variables, _parts(question), strict=False):
                for text in part.source if question.type in {"multi", "battery"} else ():
                    variables.setdefault(normalise(text), set()).add(variable)
        return {text: min(names) for text, names in variables.items() if len(names) == 1}

    def by_source(self, text: str) -> str | None:
        """The variable of an option or item whose ``source`` is the whole of a heading."""
        return self._sources.get(normalise(text))

    def choice(self, question: Question, text: str) -> str | None:
        """The variable that an option or item label under a question's heading means."""
        known, key = self._choices(question), normalise(text)
        lettered = normalise(LETTER.sub("", text))  # ア 研修, a) 研修
        if variable := key and (known.get(key) or known.get(lettered)):
            return variable
        if (match := CHOICE.match(key)) is None:
            return None
        variable, rest = _numbered_variable(question, int(match[1])), match[2].strip(".:、")
        if rest and not re.search(r"[^\W\d_]", AMONG.sub("", rest)):
            return None  # "1、3" and "1か2" are answers
        # "1 業務改革" must agree with the codebook in number and in label, if it knows the label
        return variable if not rest or known.get(rest) in (variable, None) else None

    def knows(self, question: Question, text: str) -> bool:
        """Whether the words of a text, with or without a number, are those of an option or item."""
        words = {normalise(text), without_number(text)}
        return not self._choices(question).keys().isdisjoint(words)

    @cached_property
    def _offered(self) -> dict[str, dict[str, int]]:
        """The words of an option -> the questions that offer it, each with the option's code."""
        offers: dict[str, dict[str, int]] = {}
        for question in self.book:
            for word, code in ((word, code) for code, own in choices_of(question) for word in own):
                offers.setdefault(normalise(word), {}).setdefault(question.id, code)
        return offers

    def option(self, question: Question, text: str) -> int | None:
        """The code of the option whose words, with or without its number, are the whole text."""
        key, words = normalise(text), without_number(text)
        exact, code = (self._offered.get(own, {}).get(question.id) for own in (key, words))
        numbered = key.startswith((str(code), f"({code}")) or question.type == "binary"
        return code if exact is None and (numbered or not re.match(r"[(\[]?\d", key)) else exact

    def other(self, question: Question, text: str) -> int | None:
        """The code of the option "other" with more behind it: 4．その他（広報）, その他：."""
        head = re.split(r"(?<!^)[(（:：]", text.strip())[0]
        keys = {normalise(head), without_number(head)}
        for option in question.options if re.search(r".[(（:：]", text) else ():
            bare = {normalise(re.split(r"[(（]", words)[0]) for words in option.words}
            if (option.other or OTHER.match(normalise(option.ja))) and bare & keys:
                return option.code
        return None

    def of_one_choice(self, text: str) -> list[str]:
        """The questions of one choice of which a heading is an option, alone or behind them.

        As 直営, 1 直営, Q1-1 直営 or 運営形態［直営］, where each option has a column of its own.
        """
        key, words = normalise(text), without_number(text)
        offer = self._offered.get(key, {}) | self._offered.get(words, {})
        pairs = [*self._behind(key), *((self.book[id], text) for id in offer)]
        numbered = NUMBERED.match(key)
        if numbered and int(numbered[1]) in self._numbers:
            pairs.append((self._numbers[int(numbered[1])], numbered[3]))
        return [question.id for question, part in pairs if question.type in {"single", "ordinal"}
                and self.option(question, part) is not None]  # fmt: skip

    def _choices(self, question: Question) -> dict[str, str]:
        """The words of options or items, normalised -> their variables."""
        return {
            normalise(text): variable
            for variable, part in zip(question.variables, _parts(question), strict=True)
            for text in (*part.words, variable)
        }


def without_number(text: str) -> str:
    """The words of an option or item, normalised, without the number or letter before them.

    >>> [without_number(text) for text in ("1. 研修", "(2)研修", "③研修", "[4] 研修", "5研修")]
    ['研修', '研修', '研修', '研修', '研修']
    >>> [without_number(text) for text in ("ア）研修", "a) 研修", "・ 研修", "3", "AI研修")]
    ['研修', '研修', '研修', '3', 'ai研修']
    """
    key = normalise(text)
    words = OPTION_NUMBER.sub("", key)
    return normalise(LETTER.sub("", text)) if words == key else words


def choices_of(question: Question) -> list[tuple[int, tuple[str, ...]]]:
    """The code of each option with its words; of yes or no also the usual ones."""
    own = {option.code: option.words for option in question.options}
    if question.type == "binary":
        usual = {word: yes for word, yes in tick_words().items() if len(word) > 1 or word >= "ぁ"}
        both = {code: [word for word in usual if usual[word] is bool(code)] for code in (1, 0)}
        own = {code: (*own.get(code, ()), *words) for code, words in both.items()}
    return [*own.items()]


def _words(question: Question) -> list[str]:
    """The texts of a question, without those of its options and items."""
    short = [question.short.ja, question.short.en] if question.short else []
    return [question.ja, question.en, *question.source, *short]


def _parts(question: Question) -> Sequence[Item | Option]:
    """What the variables of a question are: its items, else its options."""
    return question.items if question.type == "battery" else question.options


def _bare(key: str) -> str:
    """What is asked, without its number, whether it must be answered, and the request to do so.

    >>> _bare("3.図書館の職員数(必須)をご記入ください。"), _bare("【任意】課題*")
    ('図書館の職員数', '課題')
    """
    return key if len(key) > LONGEST else BEHIND.sub("", BEFORE.sub("", key)).replace("_", "")


def _asked(rest: str) -> str:
    """What is asked, without the signs between it and the number; its own bracket stays."""
    return rest.lstrip("-_:.、)").rstrip("-_:.、")


def _pairs(key: str) -> set[str]:
    """The words of a text: pairs of kanji or katakana, which carry what is asked, and English."""
    words = set(re.findall(r"[a-z]{3,}", key))
    rest = re.sub(r"[\W\d_a-zぁ-ん]", " ", key)
    return words | {a + b for part in rest.split() for a, b in itertools.pairwise(part)}


def _numbered_variable(question: Question, number: int) -> str | None:
    """The variable of an option by its code, of an item by the number that its id ends in."""
    names = question.variables
    if question.type == "multi":
        return next((name for name in names if name == f"{question.id}_{number}"), None)
    if question.type == "battery":
        exact = [name for name in names if re.search(rf"(?<!\d)0*{number}$", name)]
        return next(iter(exact or names[max(number - 1, 0) : number]), None)
    return None
