"""What a text in the cell of a choice is beside the words of its options: a tick, words, neither.

A tick says yes or no. Words of one's own explain the option "other"; a number, a reference to
another answer and words that there is no answer are none.
"""

from __future__ import annotations

import re
from collections.abc import Container
from difflib import SequenceMatcher
from functools import lru_cache

from analysis.cleaning.texts import tidy
from analysis.codebook.questions import tick_words
from analysis.intake.forms.marks import BOXES, CIRCLED, MARKS
from analysis.intake.headings import OR

# without ◎, which says more than ○ where both are written
TICK_SIGNS = (frozenset(MARKS) | {*"☒✅"}) - {"◎", "◉"}
BLANKS = frozenset(BOXES)
CROSSES = frozenset("×xX✕✖✗✘☓")


@lru_cache(maxsize=2**14)
def folded(text: str) -> str:
    """A text without space, in one width and case."""
    return re.sub(r"\s", "", tidy(text)).casefold().replace("〜", "~")  # which NFKC leaves apart


def tick(plain: str) -> bool | None:
    """Whether a text stands for chosen or yes, or for not chosen or no; None for any other.

    >>> [tick(text) for text in ("○", "1.0", "未選択", "×", "-", "検討中")]
    [True, True, False, False, None, None]
    """
    words = folded(plain).removesuffix(".0")
    if plain in TICK_SIGNS or words in {"1", "true"}:
        return True
    if plain in CROSSES | BLANKS or words in {"0", "false"}:
        return False
    return tick_words().get(words)


# a code, perhaps with words, or one of several: 7, 7 広報, 1か2
CODE_FIRST = re.compile(rf"\(?\d+(?:$|[\s).:、,番]|(?:{OR})\d)")

ELSEWHERE = re.compile(  # words that leave the answer to another cell, year or paper
    r"(?:同[上左右]|[〃々]+|(?:前|昨)(?:回|年度?)(?:の?回答)?(?:の?(?:とお|通)り|[とに]同[じ様])"
    r"|(?:上記|別紙|[上下左右]記|備考欄?|欄外|別添|添付)(?:の(?:とお|通)り|と同じ|(?:を|に)?(?:参照|記載))?|↑同じ|前回同様|ditto|same(?:asabove|aslastyear|asbefore)"
    r"|asabove|see(?:attach|comment|note|above|below)\w*|(?:設?問|質問|q)[\d-]+(?:の(?:とお|通)り|と同じ|を?参照))(?:です)?[。.]?"
)


DECLINED = re.compile(  # words that there is no answer, also where the codebook does not list them
    r"(?:ご?回答|お?答え)(?:を|は)?"
    r"(?:拒否|なし|不可|しない|しません|(?:でき|られ)(?:ない|ません)|(?:差し?)?控え(?:る|ます))(?:です)?[。.]?"
    r"|(?:[無未]回答|空欄|ブランク|blank)[。.]?|(?:refused?|declined?)(?:toanswer)?|prefernottoanswer|no(?:answer|response)|unanswered"
)


LATER = re.compile(  # words that the answer is still to come, or is not known
    r"(?:未(?:確認|記入|回答|定)|無回答|不明|空白|対象外|該当せず|unknown|(?:分|わ)から(?:ない|ず)|把握して(?:い(?:ない|ません)|おりません)"
    r"|(?:現在|ただ今)?(?:確認|照会|問い?合わ?せ|集計|精査|調整|調査)中|(?:後日|追って)(?:ご?回答|連絡|報告|提出)"
    r"(?:し?ます|する|予定)?|tobe(?:confirmed|determined)|tb[cd]|pending)(?:です)?[。.]?"
)
EVERY = re.compile(  # words for all options at once, or for none of them
    r"(?:(?:(?:上記|以上|選択肢|項目)の?)?(?:全て|すべて|全部|いずれも)に?(?:該当|実施|対応)?(?:する)?"
    r"|(?:いずれ|どれ|どちら)(?:に|で)?も(?:なし|ない|該当(?:なし|し(?:ない|ません)|せず)|(?:あてはま|当てはま)(?:らない|りません))"
    r"|(?:特に|とくに|取り?組み?|設置|実施|該当|対応|予定|導入)?(?:は|して)?(?:なし|無し|な[いく]|無い|いない|おりません|ありません)"
    r"|未(?:実施|設置|導入|対応|着手|策定)|検討中|0件?|all(?:of(?:theabove|them))?|none(?:of(?:theabove|them))?|neither"
    r"|n\.?/?a\.?|notapplicable)(?:です)?[。.]?"
)
# a number of no option, by what counts or dates it: 2名, R6.4.1, 住民案内2; not 2のみ, 設問3
COUNTS = re.compile(
    r"(?:\d{4}|(?<![a-z])[rhs]\d+)(?:[./-]\d+)*|(?:第|(?<![a-z])(?!no|to|or|and|item|opt)[a-z]{2,4})\d+"
    r"|(?<=[一-鿿]{2})(?<![部肢問号目答分型類欄例])\d+$|(?<!\d)\d{1,9}(?:\.\d+)?(?:"
    r"[人名件年月日回度台社市町村区県国時分週割%万千百億円級号条次期種階課係部班校館点本個枚通冊組者倍歳]"
    r"|[かヶヵカケ箇][所国年月]|つ(?!目)|団体|項目|自治体|施設|st|nd|rd|th|(?!and|to|[ovx])[a-z])"
)
# letters or numerals in the place of options: ア・ウ, A and C, Ⅰ、Ⅲ
LETTERS = re.compile(
    r"(?:(?:[a-zァ-ヶ一二三四五六七八九十]|[ivx]+)(?:[\W_]+|と|及び|又は|or|and|$))+"
)
PLAIN_NOT, POLITE = re.compile("(?:おり)?ません"), re.compile("です$")
LIKENESS = 0.85  # of 直営職員 and 直営の職員: 0.89; of 市の職員 and 町の職員: 0.75


def names_number(text: str, codes: Container[str]) -> bool:
    """Whether a text has one of these numbers of options that counts nothing in it.

    >>> [names_number(text, {"1", "2", "3"}) for text in ("2のみ", "①③等", "職員2名", "3か所")]
    [True, True, False, False]
    """
    rest = COUNTS.sub(" ", folded(CIRCLED.sub(r"/\g<0>/", text)))  # ①③ is no 13
    return any(number in codes for number in re.findall(r"\d+", rest))


def is_like(text: str, words: str) -> bool:
    """Whether one of two texts, `folded`, holds the other, or they differ in a sign or two."""
    text, words = (PLAIN_NOT.sub("ない", POLITE.sub("", one)) for one in (text, words))
    if text in words or words in text:
        return True
    near = abs(len(text) - len(words)) * 4 <= len(words)
    return near and SequenceMatcher(None, text, words).ratio() >= LIKENESS


def explains(text: str) -> bool:
    """Whether a text has words of its own; ア, v, なし, 同上, 7 広報, 全て, 確認中 have none."""
    plain, own = tidy(text), folded(text)
    worded = len(plain) > 1 and re.search(r"[^\W\d]", plain) and not CODE_FIRST.match(plain)
    said = own in tick_words() or tick(plain) is not None
    none = any(words.fullmatch(own) for words in (ELSEWHERE, DECLINED, LATER, EVERY))
    none = none or LETTERS.fullmatch(own) is not None
    return bool(worded) and not said and not none
