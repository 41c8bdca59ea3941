"""The waves of a project, unchecked: which comes before which; `analysis.codebook.wave` checks one.

Imports nothing heavy, so that a refresh with nothing to do answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unicodedata import normalize

from analysis import paths
from analysis.errors import InputError, localize, refusal, unknown
from analysis.yaml_file import load

SUFFIXES = {  # of files that are read, by kind
    "workbook": {".xlsx", ".xlsm"},
    "text": {".csv", ".tsv", ".txt"},
    "sav": {".sav", ".zsav"},
    "dta": {".dta"},
}
# a reply may come in these, too, but a text beside the others is a note of one's own
OF_REPLIES = set[str]().union(*SUFFIXES.values(), {".xls", ".ods", ".zip"}) - {".txt"}
NOT_READ = "data/raw/{wave} holds files that wave.yml does not name; they are no replies: {files}"


def content(wave: str | Path) -> dict[str, Any]:
    """The content of the wave.yml of a wave's name or of a folder.

    Raises InputError: there is no such wave, or its file is no YAML mapping.
    """
    folder = wave if isinstance(wave, Path) else paths.raw(wave)
    file = folder / "wave.yml"
    # where letters do not differ by case (Mac, Windows), reports would be of another wave
    if not file.is_file() or folder.name not in [one.name for one in folder.parent.iterdir()]:
        raise absent(file.parent)
    return load(file)


def not_read(wave: str) -> str:
    """The sentence on files of replies in a wave's folder that wave.yml does not name.

    Such as late replies that somebody put beside the others. Empty where there are none.
    """
    about, folder = content(wave), paths.raw(wave)
    entries = [part for part in about.get("files") or () if isinstance(part, dict)]
    named = {str(one.get(key)) for one in entries for key in ("path", "blank")}
    named |= {str(about.get("register")), "corrections", "visits"}
    read = tuple(f"{normalize('NFC', one).removeprefix('./').rstrip('/')}/" for one in named)
    found = [file for file in folder.rglob("*.*") if file.suffix.lower() in OF_REPLIES]
    there = [one.relative_to(folder).as_posix() for one in found if not paths.is_leftover(one.name)]
    files = sorted(path for path in there if not f"{normalize('NFC', path)}/".startswith(read))
    return localize(NOT_READ, wave=wave, files=", ".join(files)) if files else ""


def absent(folder: Path) -> InputError:
    """The error for a folder that holds no wave."""
    known, name = [file.parent.name for file in folder.parent.glob("[!.]*/wave.yml")], folder.name
    if same := [one for one in known if normalize("NFC", one) == normalize("NFC", name)]:
        return refusal("wave.look_alike", file=folder.with_name(same[0]), name=name)
    hint = "there are: {known}; `workbench new-wave` makes one"
    return unknown("wave", name, sorted(known), hint)


def names_before(wave: str) -> dict[str, Any]:
    """The names of types that the earlier waves of a codebook give by the code of a member.

    Unchecked; of two names for one municipality the later wave's.
    """
    names: dict[str, Any] = {}
    book = content(wave).get("codebook")
    while latest := latest_before(wave):
        wave = latest[-1]
        before = content(wave)
        if before.get("codebook") != book:
            break
        types = before.get("names") or {}
        names = {code: name for code, name in types.items() if isinstance(code, str)} | names
    return names


def crosswalks() -> dict[tuple[str, str], Path]:
    """The file of each crosswalk, by the codebooks before and after (see `crosswalk`).

    Raises InputError: two files have the same codebooks, such as a copy kept beside the other.
    """
    files = dict[tuple[str, str], Path]()
    for file in sorted((paths.codebooks() / "crosswalks").glob("[!.~]*.yml")):
        content = load(file)
        books = str(content.get("before")), str(content.get("after"))
        if (other := files.setdefault(books, file)) != file:
            before, after = books
            raise refusal(
                "codebook.two_crosswalks", file=file, other=other.name, before=before, after=after
            )
    return files


def earlier(wave: str) -> str:
    """The latest wave before this one that can be compared with it; empty where there is none.

    It has the same codebook, or one from which a crosswalk leads to it, and is invented if this is.

    Raises InputError: there are two of one day, such as a copy kept beside the other.

    >>> earlier("demo-2020")
    'demo-2019'
    """
    latest = latest_before(wave)
    if len(latest) > 1:
        raise refusal("wave.two_before", wave=wave, waves=latest, as_of=content(latest[0])["as_of"])
    return latest[0] if latest else ""


def latest_before(wave: str) -> list[str]:
    """The waves of the latest day before this one that can be compared with it, by name."""
    here, others = content(wave), dict[str, list[str]]()
    books = {str(here.get("codebook"))}
    books |= {before for before, after in crosswalks() if after in books}
    for folder in paths.waves():
        try:
            other = load(folder / "wave.yml")
        except (InputError, OSError):  # a fault of another wave is reported where that one is read
            continue
        book, as_of = str(other.get("codebook")), str(other.get("as_of"))
        alike = (other.get("data") == "invented") == (here.get("data") == "invented")
        if folder.name != wave and alike and book in books and as_of < str(here.get("as_of")):
            others.setdefault(as_of, []).append(folder.name)
    return others[max(others)] if others else []
