"""A wave: one data refresh, a folder with the files as received and a ``wave.yml``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import ConfigDict, Discriminator, Field, StrictInt, StrictStr, Tag
from pydantic.dataclasses import dataclass

from analysis import paths
from analysis.codebook import municipality, waves
from analysis.codebook.model import Codebook
from analysis.codebook.own_register import OwnRegister
from analysis.errors import InputError, Message, refusal
from analysis.text import Language, Model, Text
from analysis.yaml_file import duplicates, validate

Stands = Literal["invited", "class", "nation", "beyond"]


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Invited:
    """One invited municipality, or one body of a register of one's own by its id.

    No `Model`: of hundreds of thousands each would take three times the memory.
    """

    code: StrictStr = Field(min_length=1)
    name: StrictStr = Field()
    prefecture: StrictStr = ""
    size_class: municipality.SizeClass | None = None


Tool = Literal[
    "google-forms", "ms-forms", "logo", "kintone", "limesurvey", "qualtrics", "surveymonkey",
    "redcap", "odk"
]  # fmt: skip


class WaveFile(Model):
    """One file (or folder of workbooks) as received, and how to read it.

    `tool`: the form tool whose export it is; its header is read as that tool writes it.
    """

    path: StrictStr
    sheet: StrictStr | None = None
    layout: Literal["rows", "columns", "form"] = "rows"
    header: dict[StrictStr, tuple[StrictStr, ...]] = Field(default_factory=dict)
    ignore: tuple[StrictStr, ...] = ()  # headings (or their cells) of columns that are no questions
    encoding: StrictStr | None = None
    codes: Literal["column", "order"] = "column"
    tool: Tool | None = None
    blank: StrictStr | None = None  # of forms: the form as it was sent, beside wave.yml
    unfinished: Literal["count", "leave out"] = "count"  # what a tool exports as not completed


def _how_invited(value: Any) -> str | None:
    """Which form of `invited` is meant, so that pydantic reports a fault in a list at its entry."""
    if isinstance(value, list | tuple):
        return "list"
    return "all" if value == "all" else "number" if type(value) is int else None


class Wave(Model):
    """What ``wave.yml`` says.

    `name` is the folder's name. `invited` is a number, the list of the invited, ``all``
    municipalities of the register, or empty where it is not known (then there is no response rate).
    `population`: what the numbers stand for, see `analysis.stats.population`. `names`: of the types
    of the reports, each by its number or by the code of one of its municipalities. `register`: the
    CSV file beside wave.yml of those who can be asked (see `analysis.codebook.own_register`), where
    they are not the municipalities of Japan; ``all`` and the nation then are all of them.
    `language`: of its reports and messages, where a command asks for none.

    >>> Wave.read("no-such-wave")
    Traceback (most recent call last):
    ...
    analysis.errors.InputError: there is no wave 'no-such-wave'...
    """

    name: StrictStr
    title: Text
    as_of: dt.date
    publisher: Text
    codebook: StrictStr
    data: Literal["invented", "real"]
    named: bool = False
    invited: (
        Annotated[
            Annotated[int, Field(ge=0), Tag("number")]
            | Annotated[Literal["all"], Tag("all")]
            | Annotated[tuple[Invited, ...], Tag("list")],
            Discriminator(_how_invited),
        ]
        | None
    ) = None
    population: Stands | None = None
    register_file: StrictStr | None = Field(default=None, alias="register")
    files: tuple[WaveFile, ...] = Field(min_length=1)
    note: Text | None = None
    mode: Text | None = None  # how it was asked, such as by a form sent by e-mail
    contact: Text | None = None  # whom readers may ask
    language: Language = "ja"
    licence: StrictStr | None = None  # of the answers where they are given out, such as CC-BY-4.0
    names: dict[StrictInt | StrictStr, Text] = Field(default_factory=dict)  # of types
    issue: StrictStr | None = None  # of the codebook, where that has a table for every year

    @classmethod
    def read(cls, wave: str | Path) -> Wave:
        """Read the ``wave.yml`` of a wave's name or of a folder."""
        folder = wave if isinstance(wave, Path) else paths.raw(wave)
        about = validate(cls, {"name": folder.name, **waves.content(wave)}, folder / "wave.yml")
        for fault, hint in _faults(about, folder.name):
            raise InputError(fault, file=folder / "wave.yml", hint=hint)
        return about

    def book(self) -> Codebook:
        """The codebook as it is for the files of this wave.

        Raises InputError: there is none, or its issue was observed on another day than the wave.
        """
        book = Codebook.read(self.codebook)
        issue = book.issue(self.issue)
        if issue is not None and issue.as_of != self.as_of:
            about = {"issue": issue.id, "observed": issue.as_of, "as_of": self.as_of}
            raise refusal("wave.other_date", file=self.folder / "wave.yml", **about)
        return book.for_issue(issue)

    @cached_property
    def own(self) -> OwnRegister | None:
        """The register of one's own, if the wave has one."""
        name = self.register_file
        return None if name is None else OwnRegister.read(self.folder / Path(name).name, name)

    def codes_of(self, text: str, register: pd.DataFrame) -> list[str]:
        """The codes of a register of this wave that a code or a name means: several of a namesake.

        A code may lack its leading zero or check digit, or be one that its town had before; a name
        is read as those of replies are.
        """
        if text in register.index:
            return [text]
        names, key = register["name"].map(municipality.fold), municipality.fold(text)
        if bearers := list(register.index[names == key]):
            return bearers
        if self.own is not None:
            match, codes = self.own.resolve(text), [self.own.parse_code(text)[0]]
        else:
            code, match = municipality.parse_code(text)[0], municipality.resolve(text)
            codes = [*municipality.code_readings(text), municipality.current(code, self.as_of)]
        codes += [match.code, *match.options]
        return [code for code in dict.fromkeys(codes) if code in register.index]

    @property
    def size_classes(self) -> pd.Series:
        """How many of those who can be asked are in each size class, on the wave's date."""
        if self.own is None:
            return municipality.size_classes(self.as_of)
        sizes = self.own.table["size"]
        return sizes[sizes != ""].value_counts().sort_index()

    def place(self, code: str) -> tuple[str, str] | None:
        """Prefecture (or group) and name of a code by the register; None where it is not there."""
        return self.own.place(code) if self.own else municipality.place(code, self.as_of)

    def size_of(self, code: str) -> str | None:
        """The size class of a code by the wave's register on its date; None where none is known."""
        if self.own is None:
            return municipality.size_class(code, self.as_of)
        return str(self.own.table["size"].get(code, "")) or None

    @property
    def listed(self) -> tuple[Invited, ...]:
        """The invited one by one, where they are listed."""
        return self.invited if isinstance(self.invited, tuple) else ()

    @property
    def everybody(self) -> int:
        """How many can be asked."""
        return len(municipality.register() if self.own is None else self.own.table)

    @property
    def folder(self) -> Path:
        """Where the files as received lie."""
        return paths.raw(self.name)

    @property
    def invented(self) -> bool:
        """Whether the answers are invented; every output must say so."""
        return self.data == "invented"


def _faults(wave: Wave, folder: str) -> Iterator[tuple[Message, Message]]:
    """What is wrong with a wave.yml beyond its shape, each with what to do about it."""
    if wave.name != folder:
        what = "the wave calls itself {name!r} but lies in the folder {folder}"
        hint = Message("remove the entry name; the folder's name is the wave's")
        yield Message(what, name=wave.name, folder=folder), hint
    files = (name for part in wave.files for name in (part.path, part.blank))
    for path in filter(None, (*files, wave.register_file)):
        parts = [part for part in Path(path).parts if part != ".." and part[:2] != "~$"]
        if any(map(paths.is_leftover, parts)):  # ~$: refused where it is read
            what = "{path} is hidden, so that nobody would notice when it changes"
            hint = Message("give it a name that does not begin with a point")
            yield Message(what, path=path), hint
    again = Message("remove one of the entries")
    for path, _ in duplicates((part.path, part.sheet) for part in wave.files):
        yield Message("files names {path} twice", path=path), again
    for code in duplicates(one.code for one in wave.listed):
        yield Message("invited has the code {code} twice", code=code), again
    if wave.own is not None and any(part.codes == "order" for part in wave.files):
        what = "codes: order is for the municipalities of Japan, and the wave has a register"
        hint = Message("remove codes: order, and give a column of ids or names")
        yield Message(what), hint
    parse, hint = municipality.parse_code, Message("give its six digits with the check digit")
    if wave.own is not None:
        parse, hint = wave.own.parse_code, Message("give its id as in the register")
    for one in wave.listed:
        if parse(one.code) != (one.code, "exact"):
            what = "invited gives {name} the code {code!r}, which does not exist"
            yield Message(what, name=one.name, code=one.code), hint
    yield from _of_population(wave)


def _of_population(wave: Wave) -> Iterator[tuple[Message, Message]]:
    """The nation where only some were asked: nobody drew them, so they stand for no other.

    Of a number or a list those count that there are; the codes of the list are known to be real.
    """
    invited = len(wave.invited) if isinstance(wave.invited, tuple) else wave.invited
    if wave.population == "nation" and invited != "all" and (invited or 0) < wave.everybody:
        who = Message("nobody noted who was")
        if invited is not None:
            who = Message("{asked:,} of {there:,} were", asked=invited, there=wave.everybody)
        hint = Message("write invited: all where everybody was asked, else population: invited")
        yield Message("population is nation, but {who} asked", who=who), hint
    if wave.population == "class" and not all(
        one.size_class or wave.size_of(one.code) for one in wave.listed
    ):
        what = "population is class, but the size class of some of the invited is not known"
        yield (
            Message(what),
            Message("give each of the invited its size_class, or write population: invited"),
        )
