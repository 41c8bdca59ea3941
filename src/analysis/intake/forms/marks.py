"""What an office writes into a form: marks at options, and answers amid printed words.

Of texts alone; where they stand on the form is for `labels`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from analysis.codebook.questions import AMOUNTS, Question, tick_words
from analysis.intake.headings import Headings, choices_of, normalise

OPEN, FILLED = "○◯〇", "●◉"
RINGS = OPEN + FILLED + "◎⭕レﾚ✓✔"  # marks that an office writes
MARKS = RINGS + "☑■◼▣"  # and printed boxes that it fills
BOXES, FILLED_BOXES = "☐□◻", "☑☒■◼▣"
ALL_BOXES = BOXES + FILLED_BOXES
# a mark, an open box or brackets with or without a mark before an option's words
BOXED = re.compile(rf"^(?:[{ALL_BOXES}]|[(（\[［【〔]\s*(?:[{MARKS}]\s*)?[)）\]］】〕])\s*(?=\S)")
# before an option's words or behind them, where others have none
RINGED = re.compile(rf"^[{RINGS}]\s*(?=\S)|(?<=\S)\s*[{RINGS}]$")
MARK = re.compile(rf"[{MARKS}☒vVｖＶ]|該当")  # a whole cell: the option beside it is chosen
TICKED = re.compile(rf"[(（\[［【〔]?\s*[{MARKS}☒]")  # before a remark
AROUND = re.compile(r"[\s\ufe0f()（）\[\]［］【】〔〕]")  # brackets, the style of an emoji
FRAME = re.compile(r"\s*[(（\[［【〔]([^)）\]］】〕]*)[)）\]］】〕]\s*(\D{0,4})")
CIRCLED = re.compile("[①-⑳]")
SIGN = rf"(?:(?:[(（\[［【〔]\s*)?[{MARKS}{BOXES}☒](?:\s*[)）\]］】〕])?|[(（\[［]\s*[)）\]］])"
SIGNED = re.compile(rf"{SIGN}|{CIRCLED.pattern}")
BEHIND = re.compile(  # a sign at the words before it
    rf"[^\S\n]*(?:[:=→-][^\S\n]*)?({SIGN})[\s・、，,/／|｜;；]"
)
CROSS = re.compile("[×✕✖✗xX]")  # not chosen
ENCLOSED = re.compile("[㊀-㊰]")  # a word in a ring: ㊒, which would become 有
# a mark at the end of an option's words, and one before the box of the next option
TOUCHES = re.compile(rf"(?:[(（]\s*)?([{RINGS}])(?:\s*[)）])?(?=[\s・、，,/／|｜;；]|$)")
AT_THE_END = re.compile(rf"[(（]?\s?[{RINGS}]\s?[)）]?$")
AN_OPTION = 3  # what is before an option, its words, what is behind
OPEN_BOX = rf"(?:[{BOXES}]|[(\[]\s*[)\]])"
BEFORE_BOX = re.compile(rf"\s+[{RINGS}]{OPEN_BOX}\s*")
ARROWS = "→⇒⇨➡"
ARROW = re.compile(f"[{ARROWS}]")
CLOSES = re.compile(rf"[{ARROWS}]|\s*([)\]】〕」』>}}])")
PARTS = re.compile(r"[\s・、，,/／|｜;；.．:：=-]|\([\s_]*\)")  # prints between options
# printed where a number or a day is to be filled in
BLANK = re.compile(r"[\s_＿.,、・…:：()（）\[\]［］【】〔〕]")
COUNTED = re.compile(r"約|合?計|総数|全体|延べ?|人|名|件|台|回|校|館|か所|箇所|千?円|時間|分|[%％]")
DATED = re.compile(r"令和|平成|昭和|西暦|年|月|日|頃|[RHS/／-]")
PRINTED = re.compile(  # a heading or a request, which nobody writes as an answer
    r"^\s*(?:[※【◆◇▼Ⅰ-Ⅹ]|■\s*\S|(?:注\d*|凡例)[)）:：]|第.{1,3}[章部節]|以下|次の)"
    r"|^(?=[(（].*[)）]$).*(?:自由記述|任意|字以内|複数|具体的に|場合|のみ|除く|含む)|について$|場合は"
    r"|ください|下さい|願い|ありがとう|ご(?:記入|回答|協力|了承|提出)|提出(?:先|期限)|締切|please|thank",
    re.I,
)
# printed where the words of "other" are to be filled in
ASKED = re.compile(
    r"(?:具体的(?:に|な?内容)|(?:その他の?)?内容|詳細|自由記述|(?:please )?specify)"
    r"\s*(?:[:：]\s*|$)",
    re.I,
)
PLACEHOLDER = re.compile(  # what a list to choose from shows before anything is chosen
    r"[▼▽↓※*(\[【<〈-]*(?:.{0,8}(?:から|より))?(?:[1一]つ)?お?(?:選択(?:して)?|選んで|選び)(?:ください|下さい)?[▼▽)\]】>〉.。…-]*"
    r"|-*(?:please)?(?:select|choose)(?:one|anoption|ananswer|fromthelist)?[.:…-]*"
)
NUMBER = re.compile(r"(?:約|およそ|延べ|[△▲-])?\d[\d,.]*(?!\d)")
DAY = re.compile(
    r"(?:令和|平成|昭和|西暦|[rhs])?\.?(?:元|\d{1,4})[年./-]\d{1,2}(?:[月./-](?:\d{1,2}日?)?)?"
)
LONGEST_REQUEST = 40  # letters of a request to choose
LISTED = r"[、，,､；;・\s]+"


def read_signs(signs: Mapping[int, str], *, circles: bool = True) -> tuple[list[int], list[int]]:
    """Of signs at options those that say more than is printed, and those that are marks.

    Numbers beside all options are printed, of which ① or ○1 is marked; so are open circles where
    every option has a circle, of which ● is marked; open ones alone are marks without `circles`.

    >>> read_signs({1: "○", 2: "", 3: ""}), read_signs({1: "1", 2: "②", 3: "3"})
    (([1], [1]), ([2], [2]))
    >>> read_signs({1: "1", 2: "", 3: "3"})
    ([1, 3], [])
    >>> read_signs({1: "○", 2: "●", 3: "○"}), read_signs({1: "☑", 2: "☐"})
    (([2], [2]), ([1], [1]))
    >>> read_signs({1: "○", 2: "○"})
    ([], [])
    >>> read_signs({1: "無", 2: "有", 3: "無"}), read_signs({1: "選択", 2: "", 3: "未定"})
    (([2], [2]), ([1, 3], []))
    """
    plain = {c: "" if is_placeholder(s) else AROUND.sub("", s) for c, s in signs.items()}
    said = {code: said_by(sign) for code, sign in plain.items() if sign}
    if True in said.values() and None not in said.values():  # はい at one, いいえ at the others
        yes = [code for code in said if said[code]]
        return yes, yes
    numbers = {code for code, sign in plain.items() if normalise(sign) == str(code)}
    rings = {c for c, s in plain.items() if number_of(s.lstrip(MARKS)) == str(c)} - numbers
    if not numbers:  # all are printed with rings
        rings, numbers = set(), rings
    printed = numbers if len(numbers | rings) > 1 and all(plain.values()) else set()
    opened = {code for code, sign in plain.items() if sign and sign in OPEN}
    if len(plain) > 1 and all(sign and sign in OPEN + FILLED for sign in plain.values()):
        printed |= opened if circles or len(opened) < len(plain) else set()
    more = [c for c, s in plain.items() if s and s not in {*BOXES} and c not in printed]
    return more, [c for c in more if c in rings or MARK.fullmatch(plain[c])]


def said_by(sign: str) -> bool | None:
    """Whether a word at an option says that it is chosen, or that it is not: 有, 未選択."""
    key = normalise(sign)
    return tick_words().get(key, {"true": True, "false": False}.get(key))


def is_placeholder(text: str) -> bool:
    """Whether a text only asks to choose, as a list does of which nothing was chosen.

    >>> [is_placeholder(text) for text in ("▼選択してください", "-- Select --", "選択", "未選択")]
    [True, True, False, False]
    """
    key = normalise(text)
    return len(text) < LONGEST_REQUEST and key != "選択" and PLACEHOLDER.fullmatch(key) is not None


def number_of(text: str) -> str:
    """A number without what is around it."""
    return normalise(text).strip("().")


def signs_in(text: str, question: Question) -> dict[int, str] | None:
    """Option -> its sign, of a cell that lists two options or more and says nothing else.

    A sign stands before the words of its option; behind them, where none stands before the first.
    In a list of lines it belongs to the option of its line.

    >>> from analysis.codebook.questions import Question
    >>> q = Question(id="Q1", section="A", type="binary", role="context", ja="有無", en="Is it?")
    >>> signs_in("○有・無", q), signs_in("有（○）・無", q), signs_in("□はい ☑いいえ", q)
    ({1: '○', 0: ''}, {1: '(○)', 0: ''}, {1: '□', 0: '☑'})
    >>> signs_in("有\\n○ 無", q), signs_in("有 ○ 無", q), signs_in("有、人員は無", q)
    ({1: '', 0: '○'}, None, None)
    """
    if CIRCLED.search(text) and re.search(r"(?<!\d)\d(?!\d)", text):  # 1 ある ② ない
        text = CIRCLED.sub(r"○\g<0>", text)
    text = ENCLOSED.sub(r"○\g<0>", text)
    plain = unicodedata.normalize("NFKC", list_and_words(text, question)[0]).strip()
    words = {unicodedata.normalize("NFKC", w).strip(): code for code, own in choices_of(question)
             for w in own}  # fmt: skip
    listed = "|".join(map(re.escape, sorted(filter(None, words), key=len, reverse=True)))
    lines = [re.split(f"({listed})", line) for line in plain.split("\n") if listed and line.strip()]
    if len(lines) > 1 and all(len(line) == AN_OPTION for line in lines):
        plain = "\n".join(map(_signs_first, lines))
    before, *pieces = re.split(f"({listed})", plain) if listed else [plain]
    codes, gaps = [words[own] for own in pieces[::2]], [before, *pieces[1::2]]
    rest = re.sub(SIGN, "", "".join(gaps))
    more = re.search(r"[^\W\d]|[△▲?]", rest)  # words, or in part, or in doubt
    if len({*codes}) < 2 or len(codes) > len({*codes}) or more:
        return None
    if (shared := _marks_behind(gaps)) is None or is_uneven(shared):
        return None
    gaps = shared
    signs = ["".join(re.findall(SIGN, gap)) for gap in gaps]
    if re.search(rf"(?:{SIGN}|{CROSS.pattern})\s*:", "".join(gaps)):  # ○：直営、委託
        return None
    lone = gaps[0].rpartition("\n")[0] + gaps[-1].partition("\n")[2]
    beyond = re.search(SIGN, lone)  # on a line without an option
    gaps[-1] += " "
    behind = [match[1] if (match := BEHIND.match(gap)) else "" for gap in gaps[1:]]
    unseen = {code for code, _ in choices_of(question)} - {*codes}
    unseen -= {option.code for option in question.options if option.other}

    def doubtful(own: Sequence[str], around: Sequence[str]) -> bool:
        """Whether one of a few options has no sign, while others have: 直営、委託○."""
        none = (not sign and not CROSS.search(gap) for sign, gap in zip(own, around, strict=True))
        return bool(unseen) and any(own) and any(none)

    between = any(map(_is_between, gaps[1:-1]))  # whose it is, is not clear
    if not signs[0] and any(behind):
        clear = [*filter(None, behind)] == [*filter(None, signs)] and not doubtful(behind, gaps[1:])
        of_last = behind[-1] or CROSS.search(gaps[-1])  # so that all are behind
        if not clear or beyond or (between and not of_last):
            return None
        return dict(zip(codes, behind, strict=True))
    if beyond or doubtful(signs[:-1], gaps[:-1]) or signs[-1] or (not signs[0] and between):
        return None
    return dict(zip(codes, signs, strict=False))


def _signs_first(line: Sequence[str]) -> str:
    """A line with one option, parted at its words: a mark behind these is put before them."""
    before, option, behind = line
    marks = "".join(re.findall(SIGN, behind))
    if not marks or re.search(f"[{MARKS}]", before):
        return "".join(line)
    return re.sub(OPEN_BOX, "", before) + marks + option + re.sub(SIGN, "", behind)


def _is_between(gap: str) -> bool:
    """Whether a sign stands midway between two options: 有 ○ 無, and not 有○ 無 or 有、○無."""
    if (match := re.fullmatch(rf"(.*?){SIGN}(.*)", gap, re.S)) is None:
        return False
    left = "" if re.search("[:=→-]", match[1]) else match[1]
    lines = ["\n" in text for text in match.groups()]
    if any(lines):
        return all(lines)
    sides = [text and ("blank" if text.isspace() else "sign") for text in (left, match[2])]
    return sides[0] == sides[1]


def marked_box(text: str) -> str:
    """An option with an open box before it and a mark behind it, as one with a ticked box.

    >>> marked_box("□研修 ○"), marked_box("□研修"), marked_box("☑研修○")
    ('☑研修', '□研修', '☑研修○')
    """
    box, mark = BOXED.match(text), AT_THE_END.search(text)
    if box is None or mark is None or re.search(f"[{MARKS}]", box[0]):
        return text
    return FILLED_BOXES[0] + text[box.end() : mark.start()].rstrip()


def _marks_behind(gaps: Sequence[str]) -> list[str] | None:
    """What is before each option and behind the last, with a mark behind an option at its box.

    Where each option has a box before it: of □有○ □無 the ○ is at 有. None where it is not clear at
    which box a mark is.
    """
    gaps = [*gaps]
    if not all(re.search(f"[{FILLED_BOXES}]|{OPEN_BOX}", gap) for gap in gaps[:-1]):
        return gaps
    for at, gap in enumerate(gaps[1:], 1):
        if mark := TOUCHES.match(gap):
            gaps[at] = gap[mark.end() :]
            gaps[at - 1] = re.sub(OPEN_BOX, mark[1], gaps[at - 1])
        elif re.search(f"[{RINGS}]", gap) and not BEFORE_BOX.fullmatch(gap):
            return None
    return gaps


def is_uneven(gaps: Sequence[str]) -> bool:
    """Whether more than a mark sets one of several options apart, by what is before each of them.

    And behind the last: a box that is missing, brackets around one, a cross alone. Somebody wrote
    that, but what it says is not clear.

    >>> [is_uneven(gaps) for gaps in (["(1 ", "2 ", ")"], ["", "・(", ")"], ["□", "", ""])]
    [False, True, True]
    """
    boxes = [len(re.findall(f"[{ALL_BOXES}]", gap)) for gap in gaps[:-1]]
    marked = any(re.search(f"[{MARKS}]", gap) for gap in gaps)
    crossed = any(CROSS.search(gap) for gap in gaps) and not marked
    rest = [re.sub(rf"{SIGN}|{CROSS.pattern}", "", re.sub(r"\d+", "#", gap)) for gap in gaps]
    close = [CLOSES.match(text) for text in rest[1:]]
    behind = [(match[1] or "") if match else "" for match in close]
    after = [
        text[match.end() if match else 0 :] for text, match in zip(rest[1:], close, strict=True)
    ]
    before = [PARTS.sub("", text) for text in (rest[0], *after)]
    if before[0].startswith("(") and behind[-1] == ")" and not behind[0]:  # around the whole list
        before[0], behind[-1] = before[0][1:], ""
    *own, last = before
    if not any(boxes):  # a number may be printed at some alone
        own = [text.replace("#", "") for text in own]
    other = len({*own}) > 1 or len({*behind}) > 1 or last != ""
    return crossed or other or (not marked and len({*boxes}) > 1)


def list_and_words(text: str, question: Question) -> tuple[str, str]:
    """A list of options without what is in brackets behind "other", and the words in these.

    >>> from analysis.codebook.questions import Question
    >>> options = [{"code": 1, "ja": "有", "en": "yes"},
    ...            {"code": 9, "ja": "その他", "en": "other", "other": True}]
    >>> q = Question(id="Q1", section="A", type="single", role="context", ja="有無", en="Is it?",
    ...              options=options)
    >>> list_and_words("□有 ☑その他（広報）", q), list_and_words("☑有 □その他（　）", q)
    (('□有 ☑その他', '広報'), ('☑有 □その他', ''))
    """
    for words in (words for option in question.options if option.other for words in option.words):
        if match := re.search(rf"({re.escape(words)})\s*[(（]([^()（）]*)[)）]", text):
            inner = ASKED.sub("", match[2].strip()).strip()
            own = re.search(r"[^\W\d]", inner) and not MARK.fullmatch(inner)
            if own or (not inner and re.match(SIGN, text.strip())):  # else room for a mark
                return text[: match.end(1)] + text[match.end() :], inner
    return text, ""


def is_print(text: str, question: Question | None) -> bool:
    """Whether nothing was written into a cell: （　）人, 令和　年　月　日, 1.有 2.無.

    >>> from analysis.codebook.questions import Question
    >>> q = Question(id="Q1", section="A", type="integer", role="context", ja="職員", en="Staff")
    >>> is_print("（　　）人", q), is_print("（　3　）人", q), is_print("未定", q)
    (True, False, False)
    >>> q = Question(id="Q1", section="A", type="binary", role="context", ja="有無", en="Is it?")
    >>> is_print("■体制", q), is_print("■はい　□いいえ", q), is_print("■はい", q)
    (True, False, False)
    """
    rest = BLANK.sub("", text)
    if question is None or not rest or question.type == "text":
        return not rest
    if is_placeholder(text):
        return True
    if PRINTED.search(text):
        return not _marks_option(text, question)
    if ARROW.search(text) and choices_of(question):
        return not _pointed(text)
    if question.type in {"integer", "ratio", "date"}:
        rest = unicodedata.normalize("NFKC", rest)
        for word in [question.unit.ja, question.unit.en] if question.unit else []:
            rest = rest.replace(unicodedata.normalize("NFKC", BLANK.sub("", word)), "")
        return not (DATED if question.type == "date" else COUNTED).sub("", rest)
    if list_and_words(text, question)[1]:
        return False  # words beside "other"
    signs, one = signs_in(text, question), question.type != "multi"
    if signs is None or len(signs) < len(choices_of(question)) or read_signs(signs, circles=one)[0]:
        return False
    return question.type != "multi" or re.search("[、，,;；]", text) is None


def _marks_option(text: str, question: Question) -> bool:
    """Whether a cell marks an option, in a list of several or alone: ■はい is no heading."""
    if read_signs(signs_in(text, question) or {}, circles=question.type != "multi")[1]:
        return True
    words = (normalise(word) for _, own in choices_of(question) for word in own)
    alone = normalise(BOXED.sub("", text)) if BOXED.match(text) else ""
    return bool(alone) and alone.startswith(tuple(filter(None, words)))


def _pointed(text: str) -> str:
    """What stands behind the options in their own cell: 2 of 1.有 2.無 → 2."""
    return ARROW.split(text)[-1].strip()


def is_request(text: str) -> bool:
    """Whether a text is what only a form prints: a unit, an arrow, a heading or a request."""
    return bool(PRINTED.search(text) or ARROW.search(text)) or is_filler(text)


def is_filler(text: str) -> bool:
    """Whether a text is a unit, the name of an era and the like, printed where one fills in."""
    return not DATED.sub("", COUNTED.sub("", BLANK.sub("", unicodedata.normalize("NFKC", text))))


def answer_in(text: str, question: Question, headings: Headings) -> str:
    """The answer that a cell holds, amid what is printed around it; empty where it holds none.

    Such as 120人 of （120）人.
    """
    before, *behind = ARROW.split(text)
    if behind and choices_of(question) and not _is_answer(before, question, headings):
        text = _pointed(text)  # 1→3 may be what was and what will be
    framed = FRAME.fullmatch(text)
    inner = (
        f"{framed[1].strip()}{framed[2]}" if framed and question.type != "text" else text.strip()
    )
    if not inner or is_print(text, question) or not _is_answer(inner, question, headings):
        return ""
    return inner


def _is_answer(text: str, question: Question, headings: Headings) -> bool:
    """Whether a text reads like an answer to a question, whatever stands around it."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if question.type in AMOUNTS:
        return NUMBER.match(plain) is not None and re.search("[年月]", plain) is None
    if question.type == "date":
        return DAY.match(re.sub(r"\s", "", plain.casefold())) is not None
    if question.type == "text":
        return re.search(r"\w", text) is not None
    if _marks_option(text, question):
        return True
    codes = {str(code) for code, _ in choices_of(question)}
    parts = re.split(LISTED, text.strip()) if question.type == "multi" else [plain]
    return all(
        normalise(part).strip("()") in codes or headings.option(question, part) is not None
        for part in parts
    )
