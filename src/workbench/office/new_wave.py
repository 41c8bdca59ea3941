"""A new wave: files are copied as received, never moved or changed, and get a wave.yml."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import yaml

from analysis import paths
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave, WaveFile
from analysis.errors import InputError
from analysis.intake import read, tools
from analysis.intake.files import read_file
from analysis.intake.headings import Headings
from analysis.text import LANGUAGES, label

TAKES = "it takes a label such as 団体コード or 団体名, in a form with the answer beside it"
LAYOUTS: tuple[str, ...] = get_args(WaveFile.model_fields["layout"].annotation)


def new_wave(
    wave: str,
    files: Sequence[Path],
    codebook: str,
    as_of: str | None = None,
    title: str | None = None,
    publisher: str | None = None,
    invited: str | None = None,
    population: str | None = None,
    layout: str | None = None,
    tool: str | None = None,
    invented: bool = False,
) -> str:
    """Make data/raw/WAVE from files as received and say what to check.

    Where a wave.yml was committed without its data (the national table), the files are added to it.
    A table is read as a table, and its error raised; only where the files show none is every layout
    tried in turn.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", wave):
        raise InputError(
            f"a wave cannot be called {wave!r}",
            hint="use ASCII letters, digits, - and _ (it becomes a folder's name)",
        )
    for file in files:
        if not file.exists():
            raise InputError("there is no such file", file=file)
    twice = [name for name, n in Counter(file.name for file in files).items() if n > 1]
    if twice:
        hint = "rename one of them: a wave keeps all its files in one folder"
        raise InputError("two files have the same name", file=twice[0], hint=hint)
    book = Codebook.read(codebook)
    folder = paths.raw(wave)
    if (folder / "wave.yml").is_file():
        return _fill(folder, files, codebook, as_of)
    content = {
        "title": {
            name: title or label("new_wave.title", name, title=book.title[name], wave=wave)
            for name in LANGUAGES
        },
        "as_of": _date(as_of),
        "publisher": {name: publisher or label("new_wave.open", name) for name in LANGUAGES},
        "codebook": codebook,
        "data": "invented" if invented else "real",
        "invited": _invited(invited),
        "population": population,
        "files": [],
    }
    content["tools"], aside = _tools(files, tool)
    try:
        with _beside(folder) as part:
            for file in files:
                _copy(file, part)
            by_tool = "rows" if content["tools"] else None
            chosen = _write_layout(part, content, files, layout or by_tool, book)
    except (OSError, shutil.Error) as error:
        raise _not_copied(folder, error) from None
    return (
        f"data/raw/{wave}: {len(files)} file(s) copied as received, {chosen}; "
        "wave.yml written.\n"
        + "".join(f"{line}\n" for line in aside)
        + f"Check data/raw/{wave}/wave.yml (title, publisher, date, number invited; its numbers "
        f"stand for: {_stands(content)}), "
        f"then run: workbench clean {wave}, and workbench refresh {wave}"
    )


def _fill(folder: Path, files: Sequence[Path], codebook: str, as_of: str | None) -> str:
    """Add the data files that a committed wave.yml names."""
    known = Wave.read(folder)
    if known.codebook != codebook or (as_of and _date(as_of) != known.as_of):
        raise InputError(
            f"the wave exists with codebook {known.codebook} and date {known.as_of}",
            file=folder / "wave.yml",
            hint="choose another name for the new wave",
        )
    missing = {f.path for f in known.files if not (folder / f.path).exists()}
    given = {file.name for file in files}
    if not missing or given != missing:
        lacks = f"waits for: {', '.join(sorted(missing))}" if missing else "is complete"
        raise InputError(
            f"the wave {folder.name} already exists and {lacks}",
            file=folder / "wave.yml",
            hint="choose another name for a new wave",
        )
    try:
        for file in files:
            _copy(file, folder)
    except (OSError, shutil.Error) as error:
        raise _not_copied(folder, error) from None
    return f"data/raw/{folder.name}: {len(files)} file(s) added to the wave.yml that was there"


def _tools(files: Sequence[Path], tool: str | None) -> tuple[dict[str, str], list[str]]:
    """The form tool of each file that one wrote, and what to say of it: what is not kept, too.

    `tool`: the one that wrote them all, ``none`` where none did; else found by content.
    """
    found: dict[str, str] = {}
    lines: list[str] = []
    for file in files if tool != "none" else ():
        try:
            read = None if file.is_dir() else tools.choose(read_file(file), tool)
        except InputError:
            if tool is not None:
                raise
            continue  # what cannot be read is refused below
        if read is None:
            continue
        export = read[1]
        found[file.name] = export.tool
        personal = [export.columns[i].heading for i in export.of_kind("personal")]
        for language in LANGUAGES:
            name = label(f"tool.{export.tool}", language)
            line = f"{file.name}: {label('intake.read_as', language, tool=name)}"
            if personal:
                line += "; " + label("intake.not_kept", language, columns=", ".join(personal))
            lines.append(line)
    return found, lines


@dataclass(frozen=True)
class _Reading:
    """What the files give in one layout, or the `error` for which they cannot be read.

    `replies`: how many; `named`: how many of them say from which municipality. `alone`: each is a
    column of a sheet of its own, which may be a form.
    """

    layout: str
    replies: int = 0
    named: int = 0
    alone: bool = False
    error: str = ""

    @property
    def share(self) -> float:
        """Of the replies, those that say from which municipality."""
        return self.named / self.replies if self.replies else 0.0

    @property
    def refusal(self) -> str:
        """Why the layout is not taken."""
        some = f"only {self.named:,} of {self.replies:,} replies say"
        who = f"{some if self.named else 'nothing tells'} from which municipality a reply is"
        return self.error or f"{who}; {TAKES}"

    @property
    def summary(self) -> str:
        """What is read."""
        unsaid = self.replies - self.named
        more = f" ({unsaid:,} do not say from which municipality)" if unsaid else ""
        return f"layout {self.layout}, {self.replies:,} replies{more}"


def _write_layout(
    part: Path, content: dict[str, Any], files: Sequence[Path], layout: str | None, book: Codebook
) -> str:
    """Write the wave.yml of the layout that the files show, and say what is read.

    A table of several municipalities is read as that, or its error is raised. Otherwise the first
    layout is taken in which most replies say who they are: one reply may be a form or a table of
    one, and a form of several columns a table whose "replies" are mostly its labels.
    """
    shown = {} if layout else _shown(part, content, files, book)
    layouts = [layout] if layout else list(shown) or LAYOUTS
    readings: list[_Reading] = []
    for candidate in layouts:
        _write(part, content, files, candidate, "column")
        readings.append(_reading(part, candidate, book))
        if readings[-1].share > 0.5 and not readings[-1].alone:
            break
    best = max(reversed(readings), key=lambda reading: reading.share)
    for candidate in () if best.named else layouts:
        _write(part, content, files, candidate, "order")
        ordered = _reading(part, candidate, book)
        if ordered.replies == len(municipality.register()):
            # only the whole register can be in its order
            content["invited"] = content["invited"] or "all"
            _write(part, content, files, candidate, "order")
            return f"layout {candidate}, {ordered.replies:,} replies"
    if best.share <= (0.0 if layout else 0.5):  # a guess that is more likely wrong is not made
        raise InputError(_refusal(readings, shown, files, layout))
    _write(part, content, files, best.layout, "column")
    return best.summary


def _reading(part: Path, layout: str, book: Codebook) -> _Reading:
    """What the reader makes of the wave.yml that was written."""
    try:
        raw = read.read(Wave.read(part), book)
    except InputError as error:
        return _Reading(layout, error=str(error))
    who = [name for name in raw.variables if name in Headings(book).who]
    known = [[bool(municipality.named_in(text)) for text in raw.texts(name)] for name in who]
    named = int(np.any(known, axis=0).sum()) if known else 0
    sheets = len(set(raw.sources.itertuples(index=False, name=None)))
    return _Reading(layout, raw.n, named, layout == "columns" and raw.n == sheets)


def _refusal(
    readings: Sequence[_Reading], shown: dict[str, int], files: Sequence[Path], layout: str | None
) -> str:
    """Why none of the layouts tried is taken, by the likeliest of them."""
    errors = {reading.error for reading in readings}
    if layout or (len(errors) == 1 and not shown and readings[0].error):
        return readings[0].refusal  # also a file that cannot be read in any layout
    likely = "form" if any(file.is_dir() for file in files) else "rows"
    tried = next((r for r in readings if r.layout == (next(iter(shown), likely))), readings[0])
    if shown:
        return f"{tried.refusal} (read as {tried.layout}, of {shown[tried.layout]:,} replies)"
    return f"{tried.refusal} (read as {tried.layout}; --layout gives another)"


def _shown(
    part: Path, content: dict[str, Any], files: Sequence[Path], book: Codebook
) -> dict[str, int]:
    """Layouts in which the files are tables, with the number of replies; empty where none."""
    _write(part, content, files, LAYOUTS[0], "column")
    wave, headings = Wave.read(part), Headings(book)
    found = dict.fromkeys(("rows", "columns"), 0)
    for file in wave.files:
        for path, name in read.paths_of(wave.folder, file):
            try:
                sheets = read_file(path, name=name, encoding=file.encoding)
            except InputError:
                return {}  # what the reader refuses in every layout
            for sheet in sheets:
                found["rows"] += len(read.listed(sheet, headings))
                found["columns"] += len(read.listed(sheet.turned, headings))
    if min(found.values()) >= 2:
        raise InputError(
            f"the files can be read as rows ({found['rows']:,} municipalities below a heading) and "
            f"as columns ({found['columns']:,} beside one)",
            hint="say which with --layout rows or --layout columns",
        )
    return {layout: n for layout, n in found.items() if n}


def _write(
    part: Path, content: dict[str, Any], files: Sequence[Path], layout: str, codes: str
) -> None:
    known = content["tools"]
    content["files"] = [
        {"path": file.name, "layout": layout, "codes": codes}
        | ({"tool": known[file.name]} if file.name in known else {})
        for file in files
    ]
    written = {key: value for key, value in content.items() if key != "tools"}
    text = yaml.safe_dump(
        written | {"population": _stands(content)}, allow_unicode=True, sort_keys=False
    )
    paths.write_atomic(part / "wave.yml", text, received=True)


def _stands(content: dict[str, Any]) -> str:
    """What the numbers stand for: where it is not said, for nobody who was not asked."""
    return content["population"] or ("nation" if content["invited"] == "all" else "invited")


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder that gets its name only when everything in it is right."""
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    part.mkdir(parents=True)
    try:
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _not_copied(folder: Path, error: OSError) -> InputError:
    """A full or protected disk, or a file that may not be read; nothing half-made is left."""
    # of a folder copytree gives a list: from, to, why
    why = error.strerror or re.sub(r"^\[Errno \d+\] |: '.*$", "", str(error.args[0][0][2]))
    hint = "make room, or ask for the right to read the files and write there"
    return InputError(f"the files cannot be copied ({why})", file=folder, hint=hint)


def _copy(file: Path, folder: Path) -> None:
    if file.is_dir():
        shutil.copytree(file, folder / file.name)
        return
    beside = folder / f".{file.name}.part"
    try:
        shutil.copyfile(file, beside)
        beside.rename(folder / file.name)
    finally:
        beside.unlink(missing_ok=True)


def _date(text: str | None) -> dt.date:
    if text is None:
        return dt.date.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date", hint="write --as-of 2023-04-01") from None


def _invited(text: str | None) -> int | str | None:
    if text is None or text == "all":
        return text
    if text.isdigit():
        return int(text)
    raise InputError(f"--invited takes a number or all, not {text!r}")
