"""Workbooks that the workbench wrote and an office filled in: hidden cells say where answers go.

A form of ``workbench questionnaire`` has a hidden sheet. Its first row names the codebook, its
second the sheet to fill in and the heading of the column of answers. From the third on it has, side
by side and independent of each other, the variables with what marks their row on the form, and
every text that is printed with the number of its column. Rows that an office moved or inserted do
no harm: an answer is beside the mark of its row.

A query sheet has hidden columns: file, sheet and cell of each answer that it asks about, whose it
is, to which question, a hash of what it was, and hashes of what the row prints: an office may have
sorted the columns that it sees, which leaves these behind, or typed over what is printed. In the
wave's folder ``corrections``, where ``workbench queries WAVE --returned`` keeps it, its name begins
with the day on which it came; each reply takes the place of that answer, which stays in the ledger
as corrected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook
from analysis.codebook.questions import ONE_CHOICE, Question
from analysis.codebook.waves import SUFFIXES
from analysis.errors import refusal
from analysis.fingerprints import sha
from analysis.intake.cells import ANSWER, REASONS, Piece, Remark
from analysis.intake.files import read_file
from analysis.intake.forms.marks import answer_in
from analysis.intake.headings import Headings, normalise
from analysis.intake.sheet import CellKind, Look, Place, Sheet, place_of
from analysis.intake.workbook import PARTLY, STRUCK, fill_of, is_struck
from analysis.paths import is_leftover
from analysis.text import LANGUAGES, Language, label, labels
from analysis.yaml_file import packaged

IDS = "workbench"  # the name of the hidden sheet of a form
FORM = "workbench questionnaire"  # its first cell
TICK = "○"
YES = {"yes": 1, "no": 0}
FOLDER = "corrections"
QUERIES = "workbench queries"  # heads the hidden columns of a query sheet
WHOSE = ["code", "question", "was"]  # head the next of them, which sheets of earlier versions lack
AS_PRINTED = "printed"  # heads the last
CODE = re.compile(r"(\d{6}) ")  # of a municipality begins the name of its sheet
NUMBERS = re.compile(r"\d+([ ,;/、・]+\d+)*")  # of options
NEXT = re.compile(r" / (?=\d+ )")  # begins the next option that a query sheet prints
_WORDS = packaged("replies.yml")
CONFIRMED, BEFORE, BEHIND = (re.compile("|".join(_WORDS[k])) for k in ("stays", "before", "behind"))

# --- forms --------------------------------------------------------------------------------------


def ids_of(sheets: Sequence[Sheet]) -> Sheet | None:
    """The hidden sheet of a form of the workbench, if the workbook has one."""
    return next((s for s in sheets if s.shape[1] > 4 and s.text.iat[0, 0] == FORM), None)


def form_pieces(sheets: Sequence[Sheet], headings: Headings) -> list[Piece]:
    """What the sheets of such a form give: the reply, and what was written beside it.

    Raises InputError: the form is of another codebook, a row asks otherwise than its codebook now
    does, or the row of a question is gone or there twice.
    """
    ids = ids_of(sheets)
    if ids is None:
        return []
    name = ids.text.iat[0, 1]
    if name != headings.book.id:
        raise ids.refusal("form.other_codebook", codebook=name, expected=headings.book.id)
    printed = {(str(row[3]), str(row[4])) for row in ids.text.iloc[2:].itertuples(index=False)}
    language: Language = "en" if ids.text.iat[0, 3] == "en" else "ja"
    codes = _codes(headings.book, language)
    others = [sheet for sheet in sheets if sheet is not ids]
    # an office may have renamed it
    filled_in = others[0].sheet if len(others) == 1 else ids.text.iat[1, 0]
    if filled_in not in [sheet.sheet for sheet in others]:
        raise ids.refusal("form.no_sheet", name=filled_in)
    pieces = []
    for sheet in others:
        mark = np.full(sheet.shape, REASONS.index("note"), np.uint8)
        piece = Piece(sheet, mark)
        own = sheet.sheet == filled_in
        if own:
            _check_asked(sheet, printed, headings, language)
        for row, column in np.argwhere(sheet.kind != CellKind.EMPTY).tolist():
            if not own or (str(column), sheet.text.iat[row, column]) not in printed:
                mark[row, column] = REASONS.index("unmatched")
        for variable, place in _places(sheet, ids, headings) if own else ():
            piece.answers[variable] = (np.array([place[0]]), np.array([place[1]]))
            mark[place] = ANSWER
            if code := codes.get((variable, sheet.text.iat[place])):
                piece.stands_for[variable] = code
        for question in headings.book if own else ():
            if lacks := question.lacking(piece.answers):
                name = min(lacks)
                says = question.parts[name].text[language]
                raise sheet.refusal("form.no_option", variable=name, label=says)
        if own:
            _take_doubtful(piece, headings.book)
        pieces.append(piece)
    return pieces


def _take_doubtful(piece: Piece, book: Codebook) -> None:
    """Of a question without an answer, what an office may have marked by its look alone.

    That is an option, or a part of those listed in one cell, which is refused; and an empty cell
    with a colour of its own.
    """
    sheet = piece.sheet
    places = {name: (int(row[0]), int(at[0])) for name, (row, at) in piece.answers.items()}
    fills = {name: fill_of(sheet.looks.get(place, ())) for name, place in places.items()}
    usual = max(fills.values(), key=[*fills.values()].count, default="")
    for question in book:
        own = [name for name in question.variables if name in places]
        filled = [name for name in own if sheet.kind[places[name]] != CellKind.EMPTY]
        looks = {name: sheet.looks.get((places[name][0], 1), ()) for name in own}  # of the labels
        if filled:
            multi = question.type == "multi"
            one_more = _one_more(looks, filled, fills, usual) if multi else []
        else:
            coloured = (name for name in own if fills[name] not in {"", usual})
            piece.coloured.extend((0, name) for name in coloured)
            seen = Counter(looks.values())
            apart = (name for name in own if question.type == "multi" and len(seen) > 1
                     and looks[name] == min(seen, key=lambda look: seen[look]))  # fmt: skip
            partly = (name for name in own if not {STRUCK, PARTLY}.isdisjoint(looks[name]))
            one_more = [*apart, *partly]
        for name in one_more[:1]:
            row, column = places[name][0], 1
            piece.answers[name] = np.array([row]), np.array([column])
            piece.kinds[name], piece.mark[row, column] = CellKind.UNCLEAR, ANSWER


def _one_more(
    looks: Mapping[str, Look], filled: Sequence[str], fills: Mapping[str, str], usual: str
) -> list[str]:
    """Options beside the `filled` ones that may be marked by their look, or filled and struck out.

    `looks`: of the words of the options; `fills`: of the cells of the answers, `usual` of most.
    """
    seen = Counter(looks.values())
    plain = {max(seen, key=lambda look: seen[look]), *(looks[name] for name in filled)}
    blank = {"", usual, *(fills[name] for name in filled)}
    struck = [name for name in filled if is_struck(looks[name])]
    return struck + [
        name for name, look in looks.items() if name not in filled
        and (fills[name] not in blank or not (look in plain or is_struck(look)))
    ]  # fmt: skip


def _check_asked(
    sheet: Sheet, printed: Container[tuple[str, str]], headings: Headings, language: Language
) -> None:
    """Refuse a row, as it was sent, of an id under which the codebook now asks something else.

    Also one with another unit, or with an option that would now be words of the option "other".
    """
    book = headings.book
    now = {q.id: q.text for q in book}
    now |= {name: part.text for q in book for name, part in q.parts.items()}
    whole = sheet.text.reindex(columns=range(4), fill_value="")  # an office may delete columns
    for mark, text, _, hint in whole.itertuples(index=False):
        if mark not in now or ("1", text) not in printed:
            continue
        (asks, *_), (asked, *offered) = (t.split("\n・") for t in (now[mark][language], text))
        pairs, question = [(asks, asked)], book.by_name[mark]
        if mark == question.id and ("3", hint) in printed:
            pairs.append(_units(question, hint, language))
        for asks, asked in pairs:
            if normalise(asks) != normalise(asked) and headings.given(asked, "") != mark:
                raise sheet.refusal("form.asks_otherwise", mark=mark, asked=asked, asks=asks)
        if question.other_option and question.type in ONE_CHOICE:
            words = {word for option in question.options for word in option.words}
            known = {normalise(word) for word in (*words, *entries(book, question, language))}
            for option in (one for one in offered if normalise(one) not in known):
                raise sheet.refusal("form.offers_otherwise", mark=mark, option=option)


def _units(question: Question, hint: str, language: Language) -> tuple[str, str]:
    """How the form would name the unit of a question now, and how it did; empty without one."""
    named = partial(label, "questionnaire.unit", language)
    now = named(unit=question.unit[language]) if question.unit else ""
    comma = "、" if language == "ja" else ", "
    said = hint.replace("\n", comma) + comma
    if now and f"{now}{comma}" in said:  # also a unit with a comma
        return now, now
    return now, next((part for part in said.split(comma) if part.startswith(named(unit=""))), "")


def entries(book: Codebook, question: Question, language: Language) -> dict[str, int]:
    """What may be chosen in a cell of the question, each with its code.

    A label that would read as no answer goes with its code; yes and no have no label of their own.
    """
    if question.type == "multi":
        return {TICK: 1}
    if question.type == "binary" and not question.options:
        return {label(f"questionnaire.{word}", language): code for word, code in YES.items()}
    texts = ((option.code, option.text[language]) for option in question.options)
    return {f"{code} {text}" if text in book.tokens else text: code for code, text in texts}


def _codes(book: Codebook, language: Language) -> dict[tuple[str, str], str]:
    """Variable and entry -> the code of its option, where the entry is not the option's words."""
    return {
        (variable, entry): str(code)
        for question in book
        for entry, code in entries(book, question, language).items()
        if all(entry != option.text[language] for option in question.options)
        for variable in question.variables
    }


def _places(sheet: Sheet, ids: Sheet, headings: Headings) -> Iterator[tuple[str, Place]]:
    """Each variable with the cell of its answer."""
    text = sheet.text.to_numpy(object)
    heads = np.argwhere(text == ids.text.iat[1, 1])
    if len(heads) != 1:
        raise sheet.refusal("form.answers", heading=ids.text.iat[1, 1], n=len(heads))
    column = int(heads[0][1])
    for variable, mark in ids.text.iloc[2:, [0, 1]].itertuples(index=False):
        if not variable:
            continue
        if not variable.startswith("@") and variable not in headings.book.question_of:
            about = {"codebook": headings.book.id, "variable": variable}
            raise sheet.refusal("form.not_in_codebook", **about)
        rows = np.flatnonzero(text[:, 0] == mark)
        if (n := len(rows)) != 1:
            raise sheet.refusal("form.rows", n=n, mark=mark)
        yield variable, (int(rows[0]), column)


# --- query sheets -------------------------------------------------------------------------------


class Correction(NamedTuple):
    """A reply on a query sheet: what it says, where, and the place of the answer it corrects."""

    sheet: Sheet
    row: int
    column: int
    text: str
    answer: tuple[str, str, str]  # file, sheet and cell
    whose: tuple[str, str] = ("", "")  # the code of the municipality and the question
    was: str = ""  # `hash_of` the answer as it was when it was asked about
    confirms: bool = False  # it says that all may stay as it is

    @property
    def cell(self) -> str:
        """The name of the cell of the reply."""
        return self.sheet.address(self.row, self.column)

    @property
    def there(self) -> tuple[str, str, str]:
        """Where it stands itself: file, sheet and cell."""
        return self.sheet.file, self.sheet.sheet, self.cell

    @property
    def asked(self) -> str:
        """The answer that it is about, as the sheet shows it."""
        texts = self.sheet.text.iloc[self.row]
        return next((text for text in texts if self.was == hash_of(text)), "…")

    @property
    def place(self) -> str:
        """Its file, whose name begins with the day on which it came, sheet and cell."""
        return f"{self.sheet.file} {self.sheet.sheet} {self.cell}"


def hash_of(text: str) -> str:
    """A short hash of an answer as received, whose words an office might edit."""
    return sha(normalise(text))[:12]


def waves_of(sheets: Iterable[Sheet]) -> set[str]:
    """The waves whose query sheets these are."""
    return {sheet.text.iat[row, column + 1] for sheet in sheets for row, column in _heads(sheet)}


def replies(sheet: Sheet, wrong: Container[Place]) -> list[Correction]:
    """What a municipality wrote into a query sheet.

    `wrong`: what is `misplaced` there.
    """
    as_is = {normalise(label("queries.as_is", language)) for language in LANGUAGES}
    none = {label("queries.none", language) for language in LANGUAGES}
    corrections = []
    for head, column in _heads(sheet):
        for row in range(head + 1, sheet.shape[0]):
            text = sheet.text.iat[row, column - 1].strip()
            key = normalise(text).rstrip("。.!")
            stays = key in as_is or bool(CONFIRMED.fullmatch(key))
            blank = column > 2 and sheet.text.iat[row, column - 3] in none  # there is no answer yet
            stays = stays and not (blank and key in {"はい", "yes"})
            if text and (row, column - 1) not in wrong:
                file, page, cell = sheet.text.iloc[row, column : column + 3]
                given, named = _hidden(sheet, head, row, column), CODE.match(sheet.sheet)
                code = given.get("code", named[1] if named else "")
                whose, was = (str(code), given.get("question", "")), given.get("was", "")
                at, answer = (row, column - 1), (file, page, cell)
                corrections.append(Correction(sheet, *at, text, answer, whose, was, stays))
    return corrections


def misplaced(sheet: Sheet) -> list[Place]:
    """Where an office wrote into a query sheet what is no reply to the question of its row.

    Beside or below the table, over a printed text; or as a reply that is struck out, or in a row
    that no longer prints what it asked about: office staff sort the rows that they see, and it may
    be about another one.
    """
    filled = np.argwhere(sheet.kind != CellKind.EMPTY).tolist()
    headings, changed = tuple(_shown()), list[Place]()
    please = [label("queries.please", language) for language in LANGUAGES]
    for head, column in _heads(sheet):
        heads = sheet.text.iloc[head].tolist()
        shown = [j for j, text in enumerate(heads[:column]) if text.startswith(headings)]
        behind = (j for j, text in enumerate(heads) if text in (*WHOSE, AS_PRINTED))
        known = {*shown, *range(column, column + 3), *behind}
        below = range(head + 1, sheet.shape[0])
        asked = [row for row in below if sheet.text.iloc[row, column : column + 3].any()]
        beside = ((row, j) for row, j in filled if j not in known or row not in asked)
        changed += [(row, j) for row, j in beside if row > head or (row < head and j)]
        own = enumerate(heads[:column])
        changed += [(head, j) for j, text in own if text not in (*headings, "")]
        above = ((row, sheet.text.iat[row, 0]) for row in range(head))
        changed += [(row, 0) for row, text in above if any(p in text and p != text for p in please)]
        hidden = (_hidden(sheet, head, row, column).get(AS_PRINTED, "") for row in asked)
        printed = {row: hashes.split() for row, hashes in zip(asked, hidden, strict=True)}
        changed += _typed_over(sheet, shown, printed, column - 1)
        struck = ((row, column - 1) for row in asked if (row, column - 1) in sheet.struck)
        changed += [at for at in struck if sheet.text.iat[at] and at not in changed]
    return changed


def _typed_over(
    sheet: Sheet, shown: Sequence[int], printed: Mapping[int, Sequence[str]], reply: int
) -> Iterator[Place]:
    """The cells of rows that say something else than was printed, and replies in doubt by that.

    `printed`: row -> hashes of its texts, in the columns `shown`. A text of the same column of
    another row was moved there; a row that is another one as it is was moved as a whole.
    """
    others = {(i, hash) for own in printed.values() for i, hash in enumerate(own)}
    whole = [own[1:] for own in printed.values()]  # without their number
    for row, hashes in printed.items():
        now = [hash_of(sheet.text.iat[row, j]) for j in shown[: len(hashes)]]
        differ = [i for i, is_now in enumerate(now) if is_now != hashes[i]]
        moved, replied = {i for i in differ if (i, now[i]) in others}, sheet.text.iat[row, reply]
        if now[1:] not in whole:
            over = (shown[i] for i in differ if i and not (replied and i in moved))
            yield from ((row, j) for j in over if sheet.text.iat[row, j])
        if replied and (moved or {*differ} & {*range(1, 5)}):  # not only what is to be confirmed
            yield row, reply


def added_sheets(sheets: Iterable[Sheet]) -> list[Sheet]:
    """Those that an office put into a workbook of query sheets, behind the list in front."""
    named = [[*labels("queries_list", language).values()] for language in LANGUAGES]
    return [
        sheet
        for sheet in sheets
        if not _heads(sheet)
        and not any(
            row[: len(own)] == own for row in sheet.text.to_numpy().tolist() for own in named
        )
        and (sheet.kind != CellKind.EMPTY).any()
    ]


def _shown() -> set[str]:
    """The headings of a query sheet: number, place, question, two of the answer, text and reply."""
    return {text for language in LANGUAGES for text in labels("queries_column", language).values()}


def _hidden(sheet: Sheet, head: int, row: int, column: int) -> dict[str, str]:
    """What the hidden columns of a query sheet say of a row, but for the place of the answer."""
    heads, own = sheet.text.iloc[[head, row], column + 3 :].to_numpy().tolist()
    return dict(zip(heads, own, strict=True))


def in_words(one: Correction, variable: str, headings: Headings) -> str:
    """A reply by number, in the words that its sheet printed where the codebook has others."""
    question = headings.book.question_of.get(variable)
    bare = normalise(BEHIND.sub("", BEFORE.sub("", one.text)).strip())
    asked = [part for cell in one.sheet.text.iloc[one.row] for part in str(cell).split("\n")]
    if question is None or not NUMBERS.fullmatch(bare):
        return one.text
    now = {str(o.code): {normalise(word) for word in o.words} for o in question.options}
    heads = tuple(label("queries.options", language) for language in LANGUAGES)
    printed = (
        NEXT.split(part.removeprefix(head))
        for part in asked
        for head in heads
        if part.startswith(head)
    )
    moved = {
        code: words
        for code, _, words in (option.partition(" ") for option in next(printed, ()))
        if normalise(words) not in now.get(code, ())
    }
    said = re.sub(r"\d+", lambda number: moved.get(number[0], number[0]), bare)
    return said if said != bare else one.text


def _says_other(text: str, question: Question) -> bool:
    """Whether a reply names the option "other", behind which are an office's own words.

    Words alone may as well be about the query: 両方です, 取り消します.
    """
    said = normalise(text)
    other = [option for option in question.options if option.other]
    by_number = any(re.search(rf"(?<!\d){option.code}(?!\d)", said) for option in other)
    return by_number or any(normalise(word) in said for option in other for word in option.words)


def corrected(text: str, old: str, variable: str, headings: Headings) -> str:
    """The answer that a reply gives in place of `old`: 13 of →13, of 12→13 or of 正しくは13です.

    Empty where it is none, and would take the place of one.
    """
    book = headings.book
    question = book.question_of.get(variable)
    if question is None or question.type == "text" or _says_other(text, question):
        return text
    if question.type == "multi" and variable != question.id:
        return text  # a tick
    if normalise(text) in map(normalise, book.tokens | {*question.missing_codes}):
        return text
    bare = BEFORE.sub("", text).strip()
    for own in (BEHIND.sub("", bare).strip(), bare):
        if answer_in(own, question, headings):
            return own
    free = any(option.other for option in question.options)  # any words would count as its own
    return "" if free or answer_in(old, question, headings) else text


def _heads(sheet: Sheet) -> list[list[int]]:
    """The cell that heads the hidden columns of a query sheet; none in other sheets."""
    places = np.argwhere(sheet.text.to_numpy(object) == QUERIES).tolist()
    return [place for place in places if 0 < place[1] < sheet.shape[1] - 2]


def returned(folder: Path, more: Mapping[str, Path] = {}) -> tuple[list[Piece], list[Correction]]:
    """All cells of the query sheets that came back for a wave, and the replies in them by day.

    They may be called .XLSX, or have been saved in another format that a reply may have.
    `more`: those that are not kept yet, by the names that they would have.
    """
    pieces, corrections, kinds = [], [], set[str]().union(*SUFFIXES.values())
    there = {p.name: p for p in (folder / FOLDER).glob("*") if p.suffix.lower() in kinds}
    for name, path in sorted({**there, **more}.items()):
        for sheet in () if is_leftover(name) else read_file(path, name=f"{FOLDER}/{name}"):
            mark = np.full(sheet.shape, REASONS.index("note"), np.uint8)
            for place in (wrong := misplaced(sheet)):
                mark[place] = REASONS.index("unmatched")
            pieces.append(Piece(sheet, mark))
            corrections += replies(sheet, wrong)
    return pieces, corrections


def correct(
    cells: pd.DataFrame, corrections: Iterable[Correction], headings: Headings
) -> list[Remark]:
    """Put replies in the place of the answers that they correct, in `cells` itself.

    One that is about no answer, or none itself where one is, is left as a cell of no question,
    which is a finding; so is one that may say that all is right, or be an answer. One that says
    what the one before it said, as in a copy of its file, is passed over, and a finding names the
    copy.

    Raises InputError: neither what one corrects nor what it says stands there now.
    """
    remarks = list[Remark]()
    now = dict[tuple[str, str, str], int]()  # where an answer stands, once corrected
    first = dict[tuple[str, str, str], Correction]()  # the last correction of an answer
    for one in corrections:
        if one.confirms:
            if _is_answer_too(one, cells, now.get(one.answer), headings):
                cells.loc[_index(cells, one.there), "reason"] = "unmatched"
            continue
        same = first.get(one.answer, one)
        if same is not one and (same.text, same.was, same.whose) == (one.text, one.was, one.whose):
            if one.sheet.file not in {same.sheet.file, *(remark.file for remark in remarks)}:
                remarks.append(Remark("copied", *one.there, one.text, more=same.place))
            continue
        first[one.answer] = one
        (own,) = _index(cells, one.there)
        there = [now[one.answer]] if one.answer in now else _index(cells, one.answer)
        there = [i for i in there if cells.at[i, "record"] >= 0]
        old = there[0] if len(there) == 1 else own
        record, variable = int(cells.at[old, "record"]), str(cells.at[old, "variable"])
        before = str(cells.at[old, "text"])
        said = in_words(one, variable, headings)
        text = "" if old == own else corrected(said, before, variable, headings)
        if not text:
            cells.at[own, "reason"] = "unmatched"
            continue
        received = cells.loc[_index(cells, one.answer)]  # whatever corrected it before
        whole = filter(None, received["stands_for"])
        now_there = {hash_of(str(of)) for of in (*received["text"], *whole)}
        if one.was and now_there.isdisjoint({one.was, hash_of(text)}):
            about = {"asked": one.asked, "now": received["text"].iat[0], "code": one.whose[0]}
            place = " ".join(filter(None, one.answer))
            raise refusal("wave.answer_changed", file=one.place, place=place, **about)
        if text != one.text:
            known = cells["stands_for"].cat
            cells["stands_for"] = known.set_categories(known.categories.union([text], sort=False))
            cells.at[own, "stands_for"] = text
        now[one.answer] = own
        of = record, variable, one.whose
        remarks.append(Remark("corrected", *one.answer, before, one.text, one.place, *of))
        columns = ["record", "variable", "reason"]
        cells.loc[own, columns] = record, variable, None
        cells.loc[old, columns] = -1, None, "corrected"
    return remarks


def _is_answer_too(
    one: Correction, cells: pd.DataFrame, corrected: int | None, headings: Headings
) -> bool:
    """Whether a reply that all may stay is an answer to its question, too, and another.

    Such as はい beside いいえ（予定）. `corrected`: the row of `cells` in which that answer
    stands, where a reply corrected it.
    """
    places = _index(cells, one.answer) if corrected is None else [corrected]
    for there in cells.loc[places].query("record >= 0").itertuples():
        question = headings.book.question_of.get(str(there.variable))
        stands = normalise(str(there.text)).startswith(normalise(one.text).rstrip("。.!"))
        if question is not None and question.type != "text" and not stands:
            return bool(answer_in(one.text.rstrip("。.!"), question, headings))
    return False


def is_left(cells: pd.DataFrame, one: Correction) -> bool:
    """Whether a reply, once `correct` has looked at it, is a cell of no question."""
    (own,) = _index(cells, one.there)
    return bool(cells.at[own, "reason"] == "unmatched")


def _index(cells: pd.DataFrame, place: tuple[str, str, str]) -> list[int]:
    """The rows of `cells` at a place in the files."""
    if (at := place_of(place[2])) is None:
        return []
    same = (cells["file"] == place[0]) & (cells["sheet"] == place[1])
    same &= (cells["row"] == at[0] + 1) & (cells["column"] == at[1] + 1)
    return cells.index[same].tolist()
