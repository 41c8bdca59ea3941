"""Who replied: municipalities by code and name, replies that replace others, and the register."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from analysis.cleaning.findings import Note
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import Match, fold
from analysis.codebook.questions import Question
from analysis.codebook.wave import Wave, WaveFile
from analysis.errors import InputError, refusal
from analysis.intake.cells import Received
from analysis.intake.headings import Headings
from analysis.intake.layout import who_beside
from analysis.text import Text, say_both

# between the names of a joint reply
BETWEEN = r"[、，,・･;；/／&＆＋+\s]+|及び|並びに|と"
ENDS = "市区町村都道府県"  # of a name, which a reply may leave out
LONG_AGO = dt.date(1970, 1, 1)  # when every municipality that merged since was there


@dataclass
class Identified:
    """The municipality of each record.

    `codes` and `names` per record ("" where unknown), and the day it was `received`, NaT where that
    is not known; `counting`: the records that count; `blank`: those that hold no answer, which are
    no replies; `superseded`: earlier record -> the later one that replaces it; `variables` hold who
    it is; `dissolved`: the former code under which it came, of one that is part of another now.
    """

    codes: np.ndarray
    names: list[str]
    received: np.ndarray
    variables: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    counting: list[int] = field(default_factory=list)
    unidentified: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    superseded: dict[int, int] = field(default_factory=dict)
    same_date: set[int] = field(default_factory=set)
    dissolved: list[str] = field(default_factory=list)


def identify(
    received: Received,
    wave: Wave,
    codebook: Codebook,
    days: np.ndarray,
    times: np.ndarray,
    answered: np.ndarray,
) -> Identified:
    """Find the municipality of every record; a name that could be several is never picked.

    Parameters
    ----------
    days : the date of each reply, NaT where it is not known.
    times : its time as a part of the day, NaN where it is not known.
    answered : whether it holds anything but who it is from.
    """
    at = {
        what: next((v for v in codebook.identifying(what) if v in received.positions), None)
        for what in ("code", "name", "prefecture")
    }
    n = received.n
    who = Identified(np.full(n, "", object), [""] * n, days, dissolved=[""] * n)
    who.variables = [variable for variable in at.values() if variable is not None]
    texts = (np.full(n, "", object) if v is None else received.texts(v) for v in at.values())
    codes, names, prefectures = texts
    cells = received.cells[received.cells["covered"] != ""]
    beside = cells.loc[cells["variable"] == at["prefecture"], ["record", "covered"]]
    for i, text in beside.itertuples(index=False, name=None):  # one cell beside all of its towns
        prefectures[i] = prefectures[i] or text.partition(": ")[2]
    if any(file.codes == "order" for file in wave.files):
        who.codes = np.array(municipality.align(list(names)), object)
        who.names = list(municipality.register()["name"])
        who.counting = list(range(n))
        return who
    if at["code"] is None and at["name"] is None:
        raise _nobody_named(received, wave.files[0], Headings(codebook, own=wave.own))
    for i, look in received.formats(at["code"]).items() if at["code"] else ():
        if set(look) == {"0"}:  # leading zeros that the cell shows and its number lacks
            codes[i] = codes[i].removesuffix(".0").zfill(len(look))
    find = lru_cache(4096)(_Identity(wave, at).read)
    for i, row in enumerate(zip(codes, names, prefectures, strict=True)):
        who.codes[i], who.names[i], who.dissolved[i], notes = find(*row)
        who.notes += [note._replace(record=i) for note in notes]
    _settle(who, times, answered, {r.record for r in received.remarks if r.rule == "unfinished"})
    _check_repeated(who, received)
    return who


def _nobody_named(received: Received, file: WaveFile, headings: Headings) -> InputError:
    """The refusal of replies without a column of who sent them, with the line that names one."""
    if beside := who_beside(received, headings, file.layout):
        return refusal("wave.who_beside", file=file.path, target=beside[0], head=beside[1])
    return refusal("wave.nobody_named", file=file.path)


class _Identity:
    """Reads one pair of code and name; fictional places come from the wave's own list."""

    def __init__(self, wave: Wave, at: Mapping[str, str | None]) -> None:
        self.wave, self.own, self.code_at, self.name_at = wave, wave.own, at["code"], at["name"]
        self.prefecture_at = at["prefecture"]
        self.invited: dict[str, str] = {}
        self.by_name: dict[str, tuple[str, ...]] = {}
        for one in wave.invited if isinstance(wave.invited, tuple) else ():
            self.invited[one.code], name = one.name, fold(one.name)
            self.by_name[name] = (*self.by_name.get(name, ()), one.code)

    def read(
        self, code_text: str, name_text: str, prefecture: str
    ) -> tuple[str, str, str, list[Note]]:
        """Code, official name, `Identified.dissolved`, and the notes, of no record yet."""
        notes: list[Note] = []
        code = self._code(code_text) if code_text else ""
        invented = code.startswith("99") and self.wave.invented and not self.invited
        known = code in self.invited or self.wave.place(code) is not None
        if not known and not invented:
            code = ""
        former = municipality.parse_code(code_text)[0] if code else ""

        def note(variable: str | None, rule: str, value: str = "", more: str | Text = "") -> None:
            if variable is not None:
                notes.append(Note(-1, variable, rule, value, more))

        area = prefecture if self.own else municipality.prefecture_named(prefecture)
        elsewhere = bool(code) and self._elsewhere(code, area)
        if elsewhere:
            note(self.prefecture_at, "code-and-name", self._place(code))
        match = self._by_name(name_text, "" if elsewhere else area)
        at = self.code_at or self.name_at
        if code:
            if code_text.strip() != code:
                note(at, "code-repaired", code)
            namesake = match.how in {"ambiguous", "body"} and code in match.options
            if known and name_text.strip() and match.code != code and not namesake:
                note(self.name_at, "code-and-name", self._place(code))
        elif match.code:
            code = match.code
            if code_text:
                fits = code in self._readings(code_text)
                note(at, "code-repaired" if fits else "code-wrong", code)
        else:
            perhaps = self._perhaps(match, code_text, name_text, area)
            note(at if code_text else self.name_at or at, "who", more=self._advice(perhaps))
            return "", "", "", notes
        official = self._official(code, name_text)
        if match.code == code and name_text != official:
            rule = "renamed" if match.how == "renamed" else "name-variant"
            note(self.name_at, rule, official)
            if rule == "renamed" and not former:
                former = municipality.resolve(name_text, area, LONG_AGO).code
        if match.how == "ambiguous" and match.code and not code_text:
            note(self.name_at, "namesake", self._place(code))
        if self.invited and code not in self.invited:
            note(at, "not-invited", official)
        merged = former != code and municipality.place(former, LONG_AGO) is not None
        return code, official, former if merged and self.own is None else "", notes

    def _code(self, text: str) -> str:
        """The code that a text gives, as it is on the wave's date; empty where it gives none."""
        if self.own is not None:
            return self.own.parse_code(text)[0]
        code = municipality.parse_code(text)[0]
        return code if code in self.invited else municipality.current(code, self.wave.as_of)

    def _readings(self, text: str) -> tuple[str, ...]:
        return () if self.own is not None else municipality.code_readings(text)

    def _elsewhere(self, code: str, prefecture: str) -> bool:
        """Whether a code of the register lies in another prefecture than the reply says."""
        there = self.wave.place(code) if prefecture else None
        return there is not None and fold(there[0]) != fold(prefecture)

    def _official(self, code: str, text: str = "") -> str:
        """Its name by the list of the invited or the register; an invented one as written."""
        if code in self.invited:
            return self.invited[code]
        there = self.wave.place(code)
        return there[1] if there else text.strip() or code

    def _by_name(self, text: str, prefecture: str) -> Match:
        """Who bears a name: among those invited, and in the whole country."""
        if not text.strip():
            return Match("", "", "unknown")
        if self.own is not None:
            return self.own.resolve(text, prefecture)
        match = municipality.resolve(text, prefecture or None, self.wave.as_of)
        if match.how == "ambiguous":  # the list of those invited may decide, and that is said
            codes = [code for code in match.options if code in self.invited]
        else:
            name = fold(text)
            names = (name, name.removesuffix("役所"), name.removesuffix("役場"))
            bearers = next((self.by_name[name] for name in names if name in self.by_name), ())
            codes = [*bearers] or [c for end in ENDS for c in self.by_name.get(name + end, ())]
            codes = [code for code in codes if not self._elsewhere(code, prefecture)]
            if match.code or not codes:
                return match
        if len(codes) == 1:
            return Match(codes[0], self.invited[codes[0]], match.how)
        return Match("", "", "ambiguous", match.options or tuple(codes))

    def _perhaps(self, match: Match, code_text: str, name_text: str, prefecture: str) -> Match:
        """Who an unknown name could be: by its code, or by its name in another prefecture."""
        if match.how != "unknown":
            return match
        options = self._readings(code_text)
        if not options and prefecture:
            bare = self._by_name(name_text, "")
            options = bare.options or tuple(filter(None, [bare.code]))
        several = self._several(code_text) or self._several(name_text)
        if len(several) > 1:
            return Match("", "", "several", several)
        city = "" if self.own else municipality.city_of_ward(code_text)
        if options:
            return Match("", "", "ambiguous", options)
        return Match("", "", "ward", (city,)) if city else match

    def _several(self, text: str) -> tuple[str, ...]:
        """The municipalities that a text names, if it names nothing else: A市、B町."""
        parts = [part for part in re.split(BETWEEN, text.strip()) if part]
        codes = (self._code(part) or self._by_name(part, "").code for part in parts)
        own = [*codes] if len(parts) > 1 else []
        return tuple(dict.fromkeys(own)) if all(own) else ()

    def _advice(self, match: Match) -> Text:
        """What the office is asked where a name was not decided."""
        places = [self._place(code) for code in match.options]
        if len(set(places)) < len(places):  # only the code tells them apart
            places = [f"{a}（{code}）" for a, code in zip(places, match.options, strict=True)]
        part = match.how if match.how in {"ward", "body", "several"} else ""
        own = self.own is not None
        return say_both("cleaning/which_municipality", own, part=part, places=places)

    def _place(self, code: str) -> str:
        """Its name with its prefecture or group."""
        there, name = self.wave.place(code), self._official(code)
        if self.own is not None:
            return f"{name} ({there[0]})" if there and there[0] else name
        return (there[0] if there else "") + name


def _settle(who: Identified, times: np.ndarray, answered: np.ndarray, begun: set[int]) -> None:
    """Of several replies of one municipality the latest counts, then the last to arrive.

    The time of the day decides where all its replies have one. A blank form, or a row of a list of
    all that were asked, is no reply and replaces none; one only `begun` replaces none completed,
    one of a municipality that is part of this one now (`dissolved`) none under its own code.
    """
    known = who.codes != ""
    who.unidentified = np.flatnonzero(~known).tolist()
    who.blank = np.flatnonzero(known & ~answered).tolist()
    replies = pd.Series(who.codes)[known & answered]
    several = replies.duplicated(keep=False)
    who.counting = replies.index[~several].tolist()
    for of_one in map(list, replies[several].groupby(replies[several]).groups.values()):
        own = [i for i in of_one if not who.dissolved[i]] or of_one
        ended = [i for i in own if i not in begun] or own
        dated = [i for i in of_one if not np.isnat(who.received[i])]
        timed = not np.isnan(times[dated]).any()
        when = {i: (who.received[i], times[i] if timed else 0.0) for i in dated}
        latest = max(((*when[i], i) for i in ended if i in when), default=(0, 0, -1))[-1]
        last = max(i for i in ended if i not in when or i == latest)
        who.counting.append(last)
        for i in of_one:
            if i != last:
                who.superseded[i] = last
                unsure = i not in when or last not in when or when[i] == when[last]
                if unsure and (i not in begun or last in begun):
                    who.same_date.add(i)
    who.counting.sort()


def _check_repeated(who: Identified, received: Received) -> None:
    """Refuse a sheet with two rows or more of each municipality, of which no date says the last."""
    if not who.same_date:
        return
    replies = received.sources.loc[[*who.counting, *who.superseded]]
    replies = replies.assign(code=who.codes[replies.index])
    for (file, sheet), own in replies.groupby(["file", "sheet"], observed=True):
        rows = own["code"].value_counts()
        undated = {*own.index} & {*who.superseded} <= who.same_date
        if len(rows) > 1 and rows.min() > 1 and undated:
            counts = {"n": len(rows), "rows": len(own)}
            raise refusal("replies.several_rows_each", file=file, sheet=sheet, **counts)


def register_of(
    wave: Wave, who: Identified, order: np.ndarray, own_sizes: Sequence[str | None]
) -> pd.DataFrame:
    """The invited and whoever else replied, by code.

    Of a register of one's own, prefecture is its group and size_class its size.

    `order`: the records that count. `own_sizes`: the size class that each record gives. Columns:
    name, prefecture, size_class (of the list of the invited, else of the law on the wave's date,
    else its own), invited (true of all where no list says who was), replied, received.
    """
    replied = {str(who.codes[i]): int(i) for i in order}
    asked, rows = _invited(wave), []
    codes = sorted({*asked, *replied})
    for code in codes:
        reply = replied.get(code)
        if code in asked:
            name, prefecture, size = asked[code]
        else:
            name, size = who.names[replied[code]], None
            prefecture = (wave.place(code) or ("", ""))[0]
        size = size or wave.size_of(code) or (None if reply is None else own_sizes[reply])
        day = np.datetime64("NaT", "s") if reply is None else who.received[reply]
        rows.append((name, prefecture, size, code in asked or not asked, reply is not None, day))
    columns = ["name", "prefecture", "size_class", "invited", "replied", "received"]
    register = pd.DataFrame(rows, pd.Index(codes, dtype="str", name="code"), columns)
    types = dict.fromkeys(columns[:3], "str") | dict.fromkeys(columns[3:5], bool)
    return register.astype(types | {"received": "datetime64[s]"})


def invited(wave: Wave, register: pd.DataFrame) -> int | None:
    """How many were asked; None where nobody knows."""
    if wave.invited is None or isinstance(wave.invited, int):
        return wave.invited
    return int(register["invited"].sum())


def _invited(wave: Wave) -> dict[str, tuple[str, str, str | None]]:
    """Name, prefecture and size class of those who were asked, by code; none where unknown."""
    if isinstance(wave.invited, tuple):
        return {one.code: (one.name, one.prefecture, one.size_class) for one in wave.invited}
    if wave.invited != "all":
        return {}
    everybody = municipality.register() if wave.own is None else wave.own.table
    places = everybody["prefecture" if wave.own is None else "group"]
    rows = zip(everybody.index, everybody["name"], places, strict=True)
    return {str(code): (name, place, None) for code, name, place in rows}


def sizes_of_answers(question: Question, answers: Sequence[Any]) -> list[str | None]:
    """The size classes that answers to the question on it stand for; None where one is none."""
    kinds = {text.ja: kind for kind, text in municipality.SIZE_CLASSES.items()}
    by_code = {option.code: kinds.get(option.ja) for option in question.options}
    return [None if pd.isna(answer) else by_code[int(answer)] for answer in answers]
