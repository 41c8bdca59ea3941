"""Who replied: municipalities by code and name, replies that replace others, and the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.cleaning.findings import Note
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import Match, fold
from analysis.codebook.questions import Question
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake.cells import Received
from analysis.text import Text, say_both


@dataclass
class Identified:
    """The municipality of each record.

    `codes` and `names` per record ("" where unknown); `kept`: the records that count;
    `blank`: those that hold no answer, which are no replies; `superseded`: earlier record -> the
    later one that replaces it; `variables` hold who it is.
    """

    codes: np.ndarray
    names: list[str]
    received: np.ndarray
    variables: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    unidentified: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    superseded: dict[int, int] = field(default_factory=dict)
    same_date: set[int] = field(default_factory=set)


def identify(
    received: Received,
    wave: Wave,
    codebook: Codebook,
    arrived: np.ndarray,
    times: np.ndarray,
    answered: np.ndarray,
) -> Identified:
    """Find the municipality of every record; a name that could be several is never picked.

    Parameters
    ----------
    arrived : the date of each reply, None where it is not known.
    times : its time as a part of the day, NaN where it is not known.
    answered : whether it holds anything but who it is from.
    """
    at = {what: _variable(received, codebook, what) for what in ("code", "name", "prefecture")}
    n = received.n
    who = Identified(np.full(n, "", object), [""] * n, arrived)
    who.variables = [variable for variable in at.values() if variable is not None]
    nothing = np.full(n, "", object)
    codes, names, prefectures = (
        nothing if variable is None else received.texts(variable) for variable in at.values()
    )
    if any(file.codes == "order" for file in wave.files):
        who.codes = np.array(municipality.align(list(names)), object)
        who.names = list(municipality.register()["name"])
        who.kept = list(range(n))
        return who
    if at["code"] is None and at["name"] is None:
        raise InputError(
            "no column tells which municipality a reply is from",
            file=received.sources["file"].iloc[0],
            hint="name the column of codes or names under header in wave.yml",
        )
    if at["code"] is not None:
        codes = _with_zeros(codes, received.formats(at["code"]))
    reader = _Reader(wave, at)
    found: dict[tuple[str, str, str], tuple[str, str, list[Note]]] = {}
    for i, key in enumerate(zip(codes, names, prefectures, strict=True)):
        if key not in found:
            found[key] = reader.read(*(str(part) for part in key))
        code, name, notes = found[key]
        who.codes[i], who.names[i] = code, name
        who.notes += [note._replace(record=i) for note in notes]
    _settle(who, times, answered)
    return who


def _variable(received: Received, codebook: Codebook, what: str) -> str | None:
    """The column that holds the code, name or prefecture."""
    known = codebook.identifying(what)
    return next((name for name in known if name in received.positions), None)


def _with_zeros(codes: np.ndarray, formats: dict[int, str]) -> np.ndarray:
    """Codes with the leading zeros that their cells show and their numbers lack."""
    codes = codes.copy()
    for i, shown in formats.items():
        if set(shown) == {"0"}:
            codes[i] = codes[i].removesuffix(".0").zfill(len(shown))
    return codes


class _Reader:
    """Reads one pair of code and name; fictional places come from the wave's own list."""

    def __init__(self, wave: Wave, at: Mapping[str, str | None]) -> None:
        self.wave, self.own, self.code_at, self.name_at = wave, wave.own, at["code"], at["name"]
        self.prefecture_at = at["prefecture"]
        invited = wave.invited if isinstance(wave.invited, tuple) else ()
        self.invited = {one.code: one.name for one in invited}
        self.by_name: dict[str, list[str]] = {}
        self.by_stem: dict[str, list[str]] = {}
        for one in invited:
            self.by_name.setdefault(fold(one.name), []).append(one.code)
            self.by_stem.setdefault(fold(one.name)[:-1], []).append(one.code)

    def read(self, code_text: str, name_text: str, prefecture: str) -> tuple[str, str, list[Note]]:
        """Code, official name, and the notes, which are of no record yet."""
        notes: list[Note] = []

        def note(variable: str | None, rule: str, value: str = "", more: str | Text = "") -> None:
            if variable is not None:
                notes.append(Note(-1, variable, rule, value, more))

        code = self._code(code_text) if code_text else ""
        invented = code.startswith("99") and self.wave.invented and not self.invited
        known = code in self.invited or _place_of(self.wave, code) is not None
        if not known and not invented:
            code = ""
        told = prefecture if self.own else municipality.prefecture_named(prefecture)
        elsewhere = bool(code) and self._elsewhere(code, told)
        if elsewhere:
            note(self.prefecture_at, "code-and-name", self._place(code))
        match = self._by_name(name_text, "" if elsewhere else told)
        by_name = match.code
        at = self.code_at or self.name_at
        if code:
            if code_text.strip() != code:
                note(at, "code-repaired", code)
            namesake = match.how == "ambiguous" and code in match.options
            if known and name_text.strip() and by_name != code and not namesake:
                note(self.name_at, "code-and-name", self._place(code))
        elif by_name:
            code = by_name
            if code_text:
                meant = code in self._readings(code_text)
                note(at, "code-repaired" if meant else "code-wrong", code)
        else:
            readings = self._readings(code_text)
            if match.how == "unknown" and not readings and told:  # of another prefecture
                bare = self._by_name(name_text, "")
                readings = bare.options or tuple(filter(None, [bare.code]))
            city = "" if self.own else municipality.city_of_ward(code_text)
            if readings and match.how == "unknown":
                match = Match("", "", "ambiguous", readings)
            elif city and match.how == "unknown":
                match = Match("", "", "ward", (city,))
            note(at if code_text else self.name_at or at, "who", more=self._advice(match))
            return "", "", notes
        official = self._official(code, name_text)
        if by_name == code and name_text != official:
            rule = "renamed" if match.how == "renamed" else "name-variant"
            note(self.name_at, rule, official)
        if match.how == "ambiguous" and by_name == code and not code_text:
            note(self.name_at, "namesake", self._place(code))
        if self.invited and code not in self.invited:
            note(at, "not-invited", official)
        return code, official, notes

    def _code(self, text: str) -> str:
        """The code that a text gives, as it is on the wave's date; empty where it gives none."""
        if self.own is not None:
            return self.own.parse_code(text)[0]
        code = municipality.parse_code(text)[0]
        return code if code in self.invited else municipality.current(code, self.wave.as_of)

    def _readings(self, text: str) -> tuple[str, ...]:
        return () if self.own is not None else municipality.code_readings(text)

    def _elsewhere(self, code: str, prefecture: str) -> bool:
        """Whether a code of the register lies in another prefecture than is told."""
        there = _place_of(self.wave, code)
        return bool(prefecture) and there is not None and fold(there[0]) != fold(prefecture)

    def _official(self, code: str, told: str = "") -> str:
        """Its name by the list of the invited or the register; of an invented one as it is told."""
        if code in self.invited:
            return self.invited[code]
        there = _place_of(self.wave, code)
        return there[1] if there else told.strip() or code

    def _by_name(self, text: str, prefecture: str) -> Match:
        """Who bears a name: among those invited, and in the whole country."""
        if not text.strip():
            return Match("", "", "unknown")
        folded = fold(text)
        names = (folded, folded.removesuffix("役所"), folded.removesuffix("役場"))
        codes = next((self.by_name[name] for name in names if name in self.by_name), [])
        codes = codes or self.by_stem.get(folded, [])
        codes = [code for code in codes if not self._elsewhere(code, prefecture)]
        if self.own is not None:
            return self.own.resolve(text, prefecture)
        match = municipality.resolve(text, prefecture or None, self.wave.as_of)
        if match.how == "ambiguous":  # the list of those invited may decide, and that is said
            codes = [code for code in match.options if code in self.invited]
        elif match.code or not codes:
            return match
        if len(codes) == 1:
            return Match(codes[0], self.invited[codes[0]], match.how)
        return Match("", "", "ambiguous", match.options or tuple(codes))

    def _place(self, code: str) -> str:
        there = _place_of(self.wave, code)
        name = self._official(code)
        if self.own is not None:
            return f"{name} ({there[0]})" if there and there[0] else name
        return (there[0] if there else "") + name

    def _advice(self, match: Match) -> Text:
        """What the office is asked where a name was not decided."""
        places = [self._place(code) for code in match.options]
        if len(set(places)) < len(places):  # only the code tells them apart
            places = [f"{a}（{code}）" for a, code in zip(places, match.options, strict=True)]
        return say_both("cleaning/which_municipality", ward=match.how == "ward", places=places)


def _settle(who: Identified, times: np.ndarray, answered: np.ndarray) -> None:
    """Of several replies of one municipality the latest counts, then the last to arrive.

    The time of the day decides where all its replies have one. A blank form, or a row of a list of
    all that were asked, is no reply and replaces none.
    """
    replies: dict[str, list[int]] = {}
    for i, code in enumerate(who.codes):
        if not code:
            who.unidentified.append(i)
        elif not answered[i]:
            who.blank.append(i)
        else:
            replies.setdefault(code, []).append(i)
    for of_one in replies.values():
        dated = [i for i in of_one if who.received[i] is not None]
        timed = not np.isnan(times[dated]).any()
        sent = {i: (who.received[i], times[i] if timed else 0.0) for i in dated}
        latest = max(dated, key=lambda i, sent=sent: (sent[i], i), default=-1)  # type: ignore[misc]
        last = max(i for i in of_one if i not in sent or i == latest)
        who.kept.append(last)
        for i in of_one:
            if i != last:
                who.superseded[i] = last
                if i not in sent or last not in sent or sent[i] == sent[last]:
                    who.same_date.add(i)
    who.kept.sort()


def register_of(
    wave: Wave, who: Identified, order: np.ndarray, told: Sequence[str | None]
) -> pd.DataFrame:
    """The invited and whoever else replied, by code.

    Of a register of one's own, prefecture is its group and size_class its size.

    `order`: the records that count. `told`: the size class that each record gives. Columns: name,
    prefecture, size_class (of the list of the invited, else of the law on the wave's date, else as
    told), invited (true of all where no list says who was), replied, received.
    """
    replied = {str(who.codes[i]): int(i) for i in order}
    rows = _asked(wave)
    asked = set(rows) or set(replied)
    for code, i in replied.items():
        if code not in rows:
            there = _place_of(wave, code)
            prefecture = there[0] if there else ""
            rows[code] = {"name": who.names[i], "prefecture": prefecture, "size_class": None}
    for code, row in rows.items():
        reply = replied.get(code)
        row["size_class"] = row["size_class"] or _size_of(wave, code)
        row["size_class"] = row["size_class"] or (None if reply is None else told[reply])
        row["invited"], row["replied"] = code in asked, reply is not None
        day = None if reply is None else who.received[reply]
        row["received"] = None if day is None else np.datetime64(day, "s")
    texts = ["name", "prefecture", "size_class"]
    columns = [*texts, "invited", "replied", "received"]
    register = pd.DataFrame.from_dict(rows, orient="index", columns=columns).sort_index()
    register.index = register.index.astype("str").rename("code")
    register[texts] = register[texts].astype("str")
    register["received"] = pd.to_datetime(register["received"]).astype("datetime64[s]")
    return register.astype({"invited": bool, "replied": bool})


def invited(wave: Wave, register: pd.DataFrame) -> int | None:
    """How many were asked; None where nobody knows."""
    if wave.invited is None or isinstance(wave.invited, int):
        return wave.invited
    return int(register["invited"].sum())


def _place_of(wave: Wave, code: str) -> tuple[str, str] | None:
    """Prefecture (or group) and name by the wave's register."""
    return wave.own.place(code) if wave.own else municipality.place(code, wave.as_of)


def _size_of(wave: Wave, code: str) -> str | None:
    if wave.own is None:
        return municipality.size_class(code, wave.as_of)
    return str(wave.own.table.at[code, "size"]) or None if code in wave.own.table.index else None


def _asked(wave: Wave) -> dict[str, dict[str, Any]]:
    if isinstance(wave.invited, tuple):
        return {
            i.code: {"name": i.name, "prefecture": i.prefecture, "size_class": i.size_class}
            for i in wave.invited
        }
    if wave.invited != "all":
        return {}
    everybody = municipality.register() if wave.own is None else wave.own.table
    places = everybody["prefecture" if wave.own is None else "group"]
    return {
        str(code): {"name": name, "prefecture": place, "size_class": None}
        for code, name, place in zip(everybody.index, everybody["name"], places, strict=True)
    }


def size_class_told(question: Question, value: Any) -> str | None:
    """The size class that an answer to the question on it stands for; None where it is none."""
    if value is None:
        return None
    label = question.option(int(value)).ja
    return next(
        (kind for kind, text in municipality.SIZE_CLASSES.items() if text.ja == label), None
    )
