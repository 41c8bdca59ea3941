"""A new wave: files are copied as received, never moved or changed, and get a wave.yml."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, get_args
from unicodedata import normalize

import numpy as np
import pandas as pd

from analysis import paths
from analysis.cleaning.clean import holds_answers
from analysis.codebook import municipality
from analysis.codebook.model import Codebook, Issue
from analysis.codebook.wave import Wave, WaveFile
from analysis.errors import InputError, Message, localize, refusal, spoken
from analysis.intake import own_sheets, read, tools
from analysis.intake.cells import Received, addresses
from analysis.intake.files import read_file
from analysis.intake.headings import Headings, is_technical
from analysis.intake.layout import READ_AS, Layout, asked_in, issue_of, layout_of, who_beside
from analysis.intake.sheet import Sheet
from analysis.intake.tools import Export
from analysis.text import LANGUAGES, Language, label
from analysis.yaml_file import text_of
from workbench.run.record import one_at_a_time

LAYOUTS: tuple[str, ...] = get_args(WaveFile.model_fields["layout"].annotation)
DONE = "data/raw/{wave}: {n} file(s) copied as received, {chosen}; wave.yml written."
THEN = (
    "Check data/raw/{wave}/wave.yml (title, publisher, date, number invited; its numbers stand "
    "for: {stands}), then run: workbench clean {wave}, and workbench refresh {wave}"
)


def new_wave(
    wave: str | None,
    files: Sequence[Path],
    codebook: str,
    as_of: str | None = None,
    title: str | None = None,
    publisher: str | None = None,
    invited: str | None = None,
    population: str | None = None,
    register: Path | None = None,
    layout: str | None = None,
    blank: Path | None = None,
    tool: str | None = None,
    invented: bool = False,
    check: Sequence[Path] = (),
    language: Language = "ja",
) -> str:
    """Make data/raw/WAVE from files as received and say what to check.

    `check`: files of which is only said what would be read: the layout, the replies, what each
    column is; without `as_of` the municipalities are those of today.
    `register`: a CSV of those who can be asked, where they are not the municipalities of Japan.
    `blank`: of forms, the form as it was sent.
    Where a wave.yml was committed without its data (the national table), the files are added to it.

    Raises InputError: the files cannot be read. Where they have the headings of the codebook and
    leave something open, the files and the wave.yml stay, to be corrected there.
    """
    name, kept = "check" if check else wave, not check
    if not name or not (files or check):
        raise refusal("new_wave.name_and_files")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise refusal("new_wave.name", wave=name)
    on, folder = _date(as_of), paths.raw(name)
    # each by its own name, also where it is given as ``.``
    files = [f if f.name not in ("", "..") else f.resolve() for f in check or files]
    entries = {
        "title": title and dict.fromkeys(LANGUAGES, title),
        "publisher": publisher and dict.fromkeys(LANGUAGES, publisher),
        "data": invented and "invented",
        "invited": _invited(invited),
        "population": population,
    }
    if blank and layout not in (None, "form"):
        raise refusal("new_wave.blank")
    layout = "form" if blank else layout
    beside = {"register": register, "blank": blank}
    with one_at_a_time(folder):
        if kept and (folder / "wave.yml").is_file():
            return _fill(folder, files, codebook, on)
        if kept and (folder.is_symlink() or folder.is_file() or [*folder.glob("*")]):
            raise refusal("new_wave.in_the_way", wave=wave)
        new = _New(name, files, codebook, beside, tool, on, entries, keep=kept)
        with _copied(new.all, folder, keep=new.keep) as part:
            received, read_as = new.read_in(part, layout)
    if not kept:
        columns = _columns(received, new.ignore, new.book, language)
        return "\n".join([read_as.say(spoken()), *new.remarks, *columns])
    if new.ignore:
        new.remarks.append(label("new_wave.ignored", spoken(), columns=", ".join(new.ignore)))
    n = sum(one.is_file() for file in files for one in (file, *file.rglob("*")))
    done = localize(DONE, wave=wave, n=n, chosen=read_as)
    return "\n".join([done, *new.remarks, localize(THEN, wave=wave, stands=new.stands_for)])


class UnfinishedError(InputError):
    """The files cannot be read until their wave.yml is completed; they stay where they were put."""


class _New:
    """A wave in the making: its files, and what its wave.yml says, to `keep` or only to look at.

    Attributes
    ----------
    blank : the form as it was sent; it is no reply, but `beside` them, as the register is.
    tools : of each file that a form tool wrote, the tool.
    noted : the headings of what the tools note for themselves, by which replies are ranked.
    remarks : what to say of the files.
    chosen, ignore : the layout, and the headings of columns that are no questions.
    """

    def __init__(
        self,
        wave: str,
        files: Sequence[Path],
        codebook: str,
        beside: Mapping[str, Path | None],
        tool: str | None,
        as_of: dt.date | None,
        entries: Mapping[str, Any],
        *,
        keep: bool,
    ) -> None:
        self.files, self.all = files, [*files, *filter(None, beside.values())]
        self.wave, self.keep, self.blank = wave, keep, beside["blank"]
        _check_files(self.all)
        book = Codebook.read(codebook)
        issue = _issue(files, book, as_of) if book.issues else None
        self.book = book.for_issue(issue)
        as_of = issue.as_of if issue else as_of
        if not as_of and keep:
            raise refusal("new_wave.no_date")
        self.sheet = issue.sheet if issue else None
        title = {
            of: label("new_wave.title", of, title=book.title[of], wave=wave) for of in LANGUAGES
        }
        self.content: dict[str, Any] = {
            "title": title,
            "as_of": as_of or dt.date.today(),
            "publisher": {name: label("new_wave.open", name) for name in LANGUAGES},
            "codebook": codebook,
            "data": "real",
            "invited": None,
            "population": None,
            "files": [],
        }
        register = beside["register"]
        more = {**entries, "issue": issue and issue.id, "register": register and register.name}
        self.content |= {entry: value for entry, value in more.items() if value}
        exports, self.remarks = _tools(files, tool)
        self.tools = {name: export.tool for name, export in exports.items()}
        self.noted = {part for export in exports.values()
                      for i in export.of_kind("record", "received")
                      for part in export.columns[i].heading.split(" / ")}  # fmt: skip
        self.chosen, self.ignore = Layout(LAYOUTS[0]), list[str]()
        self.sheets = dict[str, list[str]]()  # of a file with several, those that hold replies

    @property
    def stands_for(self) -> str:
        """The population that the numbers describe, else those invited; the nation if all were."""
        whom = "nation" if self.content["invited"] == "all" else "invited"
        return self.content["population"] or whom

    def read_in(self, part: Path, layout: str | None) -> tuple[Received, Message]:
        """Write the wave.yml of the layout that the files show, read them, and say what is read.

        Raises UnfinishedError: the files have the headings of the codebook, and wave.yml must say
        more of them. InputError: they are no files of this codebook, or cannot be read at all.
        """
        asked_for, layout = layout, layout or ("rows" if self.tools else None)
        wave = self._write(part, Layout(layout or LAYOUTS[0]))
        sheets = [s for file in wave.files for of in read.books_of(part, file) for s in of]
        if own_sheets.ids_of(sheets):
            layout = "form"
        headings = Headings(self.book, own=wave.own)
        try:
            chosen = layout_of(sheets, headings, layout)
            received = read.read(self._write(part, chosen), self.book, part)
            who = _named(received, headings)
            replies = _replies(received, who, chosen, headings)
        except InputError as error:
            raise self._unfinished(error, part, sheets, headings, asked_for) from None
        if chosen.codes == "order":  # only the whole register is in its order
            self.content["invited"] = self.content["invited"] or "all"
        heads = received.outside["text"][received.outside["reason"] == "header"]
        plain = Headings(self.book)
        self.ignore = [text for text in dict.fromkeys(heads) if is_technical(text)
                       and plain.meaning(text) is None and text not in self.noted]  # fmt: skip
        self._write(part, chosen)
        n, invited = len({*who[who != ""]}), self.content["invited"]
        if isinstance(invited, int) and n > invited:
            self.remarks.append(label("new_wave.too_many", spoken(), n=n, asked=invited))
        return received, Message("layout {layout}, {replies}", layout=READ_AS[chosen.layout],
                                 replies=replies)  # fmt: skip

    def _unfinished(
        self,
        error: InputError,
        part: Path,
        sheets: Sequence[Sheet],
        headings: Headings,
        asked_for: str | None,
    ) -> InputError:
        """The error of files that cannot be read, which says whether they stay, to be corrected."""
        if error.reason:  # wave.yml can say nothing of it
            return error
        visible, layout = [s for s in sheets if not s.hidden] or sheets, self.chosen.layout
        matches = max((len(asked_in(sheet, headings, who=True)) for sheet in visible), default=0)
        if 2 * matches < len(self.book.questions) and not asked_for:
            more = (
                "{hint}; nothing was written: if {book} is the codebook of the files, add "
                "--layout {layout}, and they and a wave.yml stay to be corrected"
            )
            hint = Message(more, hint=error.hint, book=self.book.id, layout=layout)
            return InputError(**{**vars(error), "hint": hint})
        if rivals := error.what.values.get("rivals"):  # several sheets of replies
            self.sheets = {str(error.file): rivals}
            self._write(part, self.chosen)
            error.hint = Message(
                "new-wave writes an entry for each into wave.yml: remove those of sheets "
                "without replies"
            )
        if self.keep:
            more = (
                "{hint}; the files and wave.yml (layout: {layout}) are in data/raw/{wave}: "
                "correct wave.yml there, then run workbench clean {wave}"
            )
            error.hint = Message(more, hint=error.hint, layout=layout, wave=self.wave)
        return UnfinishedError(**vars(error))

    def _write(self, part: Path, chosen: Layout) -> Wave:
        """The wave.yml with this layout."""
        self.chosen = chosen
        files = [
            {"path": file.name, "layout": chosen.layout, "codes": chosen.codes}
            | ({"sheet": sheet} if sheet else {})
            | ({"ignore": self.ignore} if self.ignore else {})
            | ({"tool": self.tools[file.name]} if file.name in self.tools else {})
            | ({"blank": self.blank.name} if self.blank else {})
            for file in self.files
            for sheet in self.sheets.get(file.name, [self.sheet])
        ]
        content = self.content | {"population": self.stands_for, "files": files}
        text = text_of(content)
        paths.write_atomic(part / "wave.yml", text, received=True)
        return Wave.read(part)


def _issue(files: Sequence[Path], book: Codebook, as_of: dt.date | None) -> Issue:
    """The issue of a yearly publication that the files are.

    Raises InputError: they are of none, of several, or of another day than `as_of`.
    """
    issues: dict[str, Issue] = {}
    for file in files:
        tables = read.books_of(file.parent, WaveFile(path=file.name))
        if len(tables) > 1:
            ours = []
            for sheets in tables:
                with suppress(InputError):
                    ours += [sheets[0].file] if issue_of(sheets, book) else []
            right = ours or Message("the table of the codebook")
            raise refusal("new_wave.several_tables", file=file, n=len(tables), right=right)
        if known := issue_of(tables[0], book):
            issues[known.id] = known
    issue, *others = issues.values()
    if others:
        raise refusal("new_wave.issues")
    if as_of not in (None, issue.as_of):
        raise refusal(
            "new_wave.other_date", file=files[0], issue=issue.id, observed=issue.as_of, as_of=as_of
        )
    return issue


def _check_files(files: Sequence[Path]) -> None:
    """Refuse files that are not there, and two of one name, as a Mac or Windows takes names."""
    names = [normalize("NFC", file.name).casefold() for file in files]
    for file, name in zip(files, names, strict=True):
        if not file.exists():
            raise refusal("new_wave.no_file", file=file)
        every = (file, *file.rglob("*"))
        if odd := next((p for p in every if not (p.is_file() or p.is_dir())), None):
            raise refusal("new_wave.odd_file", file=odd)
        if file.name != file.name.encode(errors="replace").decode():
            raise refusal("new_wave.file_name", file=ascii(file.name))
        if names.count(name) > 1:
            raise refusal("new_wave.same_name", file=file.name)


def _fill(folder: Path, files: Sequence[Path], codebook: str, as_of: dt.date | None) -> str:
    """Add the data files that a committed wave.yml names."""
    known, names = Wave.read(folder), {file.name for file in files}
    lacks = {f.path for f in known.files if not os.path.lexists(folder / f.path)}  # nor a link
    same = known.codebook == codebook and as_of in (None, known.as_of)
    if not (same and lacks and names == lacks):
        about = {"codebook": known.codebook, "as_of": known.as_of}
        about["lacks"] = sorted(lacks) or Message("none")
        raise refusal("new_wave.exists", file=folder / "wave.yml", name=folder.name, **about)
    with _copied(files, folder, keep=False) as part:
        for file in files:
            (part / file.name).rename(folder / file.name)
    added = "data/raw/{wave}: {n} file(s) added to the wave.yml that was there"
    return localize(added, wave=folder.name, n=len(files))


def _tools(files: Sequence[Path], tool: str | None) -> tuple[dict[str, Export], list[str]]:
    """The export of each file that a form tool wrote, and what to say of it: what is not kept, too.

    `tool`: the one that wrote them all, ``none`` where none did; else found by content.
    """
    exports, lines, language = dict[str, Export](), list[str](), spoken()
    for file in files if tool != "none" else ():
        try:
            sheets = [] if file.is_dir() else read_file(file)
        except InputError:
            if tool is not None:
                raise
            continue  # what cannot be read is refused below
        if (known := tools.choose(sheets, tool)) is not None:
            exports[file.name] = export = known[1]
            name = label(f"tool.{export.tool}", language)
            lines.append(f"{file.name}: {label('intake.read_as', language, tool=name)}")
            if personal := [export.columns[i].heading for i in export.of_kind("personal")]:
                lines.append(label("intake.not_kept", language, columns=", ".join(personal)))
    return exports, lines


def _replies(received: Received, who: np.ndarray, chosen: Layout, headings: Headings) -> Message:
    """How many replies there are and how many of them are blank, if most say whose they are."""
    n, named = received.n, int((who != "").sum())
    there = n if headings.own is None else min(n, len(headings.own.table))  # others are nobody's
    if chosen.codes == "column" and 2 * named <= there:
        id = "new_wave.few_named" if named else "new_wave.none_named"
        error = refusal(id, named=named, n=n, layout=READ_AS[chosen.layout])
        ward, city = _ward(received, headings)
        if beside := who_beside(received, headings, chosen.layout):
            more = (
                "the column of {head} says who most are: write header: {{'{target}': [{head}]}} "
                "for this file in wave.yml"
            )
            error.hint = Message(more, target=beside[0], head=beside[1])
        elif ward:
            more = (
                "{ward} is a ward of {city}: write the city where the reply is the city's; a "
                "survey of wards needs a list of them, --register"
            )
            error.hint = Message(more, ward=ward, city=city)
        raise error
    doubts = {
        "{n:,} do not say from which municipality": (n - named) * (chosen.codes == "column"),
        "{n:,} are blank": n - int(holds_answers(received, headings.book).sum()),
    }
    if parts := [Message(template, n=count) for template, count in doubts.items() if count]:
        return Message("{n:,} replies ({doubts})", n=n, doubts=parts)
    return Message("{n:,} replies", n=n)


def _named(received: Received, headings: Headings) -> np.ndarray:
    """The municipality that each reply says it is from, as a key to count by; else empty."""
    keys = np.full(received.n, "", object)
    for variable in (name for name in received.variables if name in headings.who):
        at, different = pd.factorize(received.texts(variable))
        names = np.array([headings.named_in(text) for text in different], object)
        keys = np.where(keys == "", names[at], keys)
    return keys


def _ward(received: Received, headings: Headings) -> tuple[str, str]:
    """The first code that is of a ward, and the city that has it; else empty."""
    who = (name for name in received.variables if name in headings.who and headings.own is None)
    for text in (text for name in who for text in received.texts(name)):
        if city := municipality.city_of_ward(text):
            return text, municipality.register().at[city, "name"]
    return "", ""


def _columns(
    received: Received, ignored: Sequence[str], book: Codebook, language: Language
) -> list[str]:
    """A line a column: its first cell, what it is, and what stands there."""
    lines, cells = [], received.cells
    for variable, at in received.positions.items():
        first = addresses(cells.iloc[[at[at >= 0][0]]])[0]
        words = variable.removeprefix("@")
        if variable in book.by_name:
            own = variable in book.question_of
            text = book.label(variable) if own else book[variable].label
            words += f" {text[language]}"
        example = next(filter(None, received.texts(variable)), "")
        lines.append(f"  {first}: {words} ({example})")
    beside = cells[cells["record"] < 0]
    heads = beside[beside["reason"] == "header"]
    for reason in ("ignored", "personal", "record", "unmatched", "unsure", "another"):
        own = beside[beside["reason"] == reason]
        if len(own):
            named = heads.loc[heads["column"].isin(own["column"]), "text"]
            names = ", ".join(dict.fromkeys(named) or addresses(own)[:5])
            lines.append(f"  {label(f'ledger.{reason}', language)}: {names}")
    if ignored:
        proposed = label("new_wave.proposed", language, columns=", ".join(ignored))
        lines.append(f"  {proposed}")
    return lines


@contextmanager
def _copied(files: Sequence[Path], folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """Copies of files in a folder that gets its name when they can be read, or be corrected there.

    Without `keep` it never does; whatever goes wrong, nothing half-made is left.
    """
    part = paths.beside(folder)
    try:
        part.mkdir(parents=True)
        for file in files:
            for source in [file, *file.rglob("*")]:
                copy = part / file.name / source.relative_to(file)
                if source.is_dir():
                    copy.mkdir()
                else:
                    shutil.copyfile(source, copy)
        try:
            yield part
        except UnfinishedError:
            if keep:
                part.rename(folder)
            raise
        if keep:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _date(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise refusal("new_wave.date", text=text) from None


def _invited(text: str | None) -> int | str | None:
    if text is None or text == "all":
        return text
    if text.isdecimal():
        return int(text)
    raise refusal("new_wave.invited", text=text)
