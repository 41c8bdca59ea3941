"""Where things lie, and how files are written so that none is ever half there."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from analysis.errors import InputError, Message, refusal

AUDIENCES = ("internal", "committee", "public")  # of the editions of a run
# how the names of run folders end, see `workbench.run.record.Edition`, and names of other things
EDITIONS = frozenset({*AUDIENCES[1:], "en", "incomplete", "profiles"})
# hidden files, and what Office, a Mac and Windows put beside others by themselves
LEFTOVER = re.compile(r"\.|~\$|~WR|__MACOSX|(eh)?thumbs\.db$|desktop\.ini$|icon\r$", re.IGNORECASE)
# all others are typed, drawn or noted into by people, who would miss that
MADE_AGAIN = {".html", ".ipynb", ".json", ".parquet", ".yml"}
# hidden, but somebody's: a repository that publishes a report, rules of a web server, data of R
SOMEBODYS = re.compile(r"(.*/)?\.(git|hg|ht|nojekyll|RData|svn|well-known)")
UNFINISHED = re.compile(r"\..+\.part")  # folders that get their name when they are whole
WRITTEN = ".written"  # what notebooks wrote into a folder by hand, a line each
SETTLED_AT_ONCE = 16  # files that are waited for together
OTHERS = frozenset({"compare", "index.html", "by-hand", ".cache"})


written: set[str] = set()  # by `write_atomic` in this process, as a run's notebooks report it


def root() -> Path:
    """``WORKBENCH_ROOT``, else the nearest folder upwards with data/raw and notebooks."""
    setting = os.environ.get("WORKBENCH_ROOT")
    if setting:
        return Path(setting).resolve()
    try:
        here = Path.cwd().resolve()
    except FileNotFoundError:
        raise refusal("project.gone") from None
    for start in (here, Path(__file__).resolve()):
        for folder in (start, *start.parents):
            if (folder / "data" / "raw").is_dir() and (folder / "notebooks").is_dir():
                return folder
    raise refusal("project.none")


def refuse_other_code() -> None:
    """Refuse a project whose own code, in src, is not the one that runs, as in a copied folder."""
    try:
        own = root() / "src" / "analysis" / "paths.py"
    except InputError:  # outside a project
        return
    if own.is_file() and not own.samefile(__file__):
        other = Path(__file__).resolve().parents[1]
        raise refusal("project.other_code", file=own.parents[1], other=other)


def raw(wave: str) -> Path:
    """The files of a wave as received; errors as of `wave_name`."""
    return root() / "data" / "raw" / wave_name(wave)


def processed(wave: str) -> Path:
    """The cleaned data of a wave; errors as of `wave_name`."""
    return root() / "data" / "processed" / wave_name(wave)


def waves() -> list[Path]:
    """The folders of all waves whose name is one of a wave."""
    folders = []
    for file in sorted((root() / "data" / "raw").glob("[!.]*/wave.yml")):
        with contextlib.suppress(InputError):
            folders.append(raw(file.parent.name))
    return folders


def wave_name(name: str) -> str:
    """The name, unless files of this wave would lie where another wave's are.

    Raises InputError: it is no name of one folder, or that of an edition or output of another wave.

    >>> wave_name("demo-2019.b")
    'demo-2019.b'
    >>> wave_name("demo-2019.public")
    Traceback (most recent call last):
    ...
    analysis.errors.InputError: a wave cannot be called 'demo-2019.public', ...
    """
    _, *parts = name.lower().lstrip(".").split(".")
    ends = sorted(EDITIONS.intersection(parts))
    if ends:
        where = Message("the reports of another wave end in .{end}", end=ends[0])
    elif name.lower() in OTHERS or re.search(r"-(queries|dataset)(\.|$)", name.lower()):
        where = Message("files of this project have this name")
    elif re.search(r"^$|[/\\\0-\x1f]|^\s|\s$|^\.(?!.+\.[0-9a-f]{8}\.part$)", name):  # that is made
        where = Message("it is the name of no single folder")
    else:
        return name
    raise refusal("project.wave_name", name=name, where=where)


def reports() -> Path:
    """All run folders; ``WORKBENCH_REPORTS`` moves them elsewhere."""
    return _folder("WORKBENCH_REPORTS", "reports")


def edition(wave: str, audience: str, language: str) -> str:
    """The name of the folder of an edition of a wave: ``demo-2019``, ``demo-2019.public.en``."""
    ending = "" if audience == AUDIENCES[0] else f".{audience}"
    return f"{wave}{ending}{'' if language == 'ja' else f'.{language}'}"


def cache() -> Path:
    """Results that take long, kept until data or code change; ``WORKBENCH_CACHE`` moves them."""
    return _folder("WORKBENCH_CACHE", "data/processed/.cache")


def _folder(variable: str, usual: str) -> Path:
    """The folder that a variable of the environment names, else the usual one of the project."""
    place = Path(os.environ.get(variable) or root() / usual).absolute()
    refuse_received(place)
    return place


def notebooks() -> Path:
    """The notebooks as committed."""
    return root() / "notebooks"


def codebooks() -> Path:
    """The codebooks."""
    return root() / "data" / "codebooks"


def registration(wave: str) -> Path:
    """Where the primary hypotheses of a wave are on record."""
    return codebooks() / "registered" / f"{wave}.yml"


def read_text(file: Path) -> str:
    """The text of a file in UTF-8.

    Raises InputError: it is a pipe, at which one would wait for ever, or no file at all. Where
    there is nothing, or no UTF-8, the errors of Python.
    """
    if file.exists() and not file.is_file():
        raise refusal("file.pipe", file=file)
    return file.read_text(encoding="utf-8")


def is_below(name: str) -> bool:
    """Whether the path of a file in a folder leads nowhere else.

    >>> is_below("figures/a.svg"), is_below("a/../../b"), is_below("/b")
    (True, False, False)
    """
    return not Path(name).anchor and ".." not in Path(name).parts


def is_leftover(name: str) -> bool:
    """Whether a file is what programs keep beside others: neither read as data nor hashed as such.

    >>> [is_leftover(name) for name in ("a.xlsx", "Thumbs.db", "~$a.xlsx", "x/.DS_Store")]
    [False, True, True, True]
    """
    return any(map(LEFTOVER.match, name.split("/")))


def is_unfinished(folder: Path) -> bool:
    """Whether a folder is, or lies in, one of ours that gets its name when it is whole."""
    return any(map(UNFINISHED.fullmatch, folder.parts))


def refuse_received(place: Path) -> None:
    """Refuse a place in data/raw, also where a link leads there, or other letters (``DATA/Raw``).

    Raises InputError: it is in data/raw.
    """
    try:
        folder = root() / "data" / "raw"
    except InputError:  # outside a project
        return
    if any(is_same(one, folder) for one in around(place)):
        raise refusal("project.received", file=place)


def around(place: Path) -> Iterator[Path]:
    """A place and the folders that it lies in, also by way of a link."""
    for path in {place.parent.resolve() / place.name, place.resolve()}:
        yield from (path, *path.parents)


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one place, as files: a Mac or Windows has one for DATA and data."""
    with contextlib.suppress(OSError):  # there is none
        return one == other or one.samefile(other)
    return False


def write_atomic(path: Path, content: bytes | str, *, received: bool = False) -> None:
    """Write a whole file beside its place, then rename it there.

    It then outlasts a power failure, but for one in a folder that is not whole yet: see `settle`.
    Only what is `received`, or invented in its place, goes into data/raw.

    Raises InputError: another file would go there, or its place has a pipe or a device.
    """
    if not received:
        refuse_received(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise refusal("file.pipe", file=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = beside(path)
    try:
        with part.open("wb") as handle:
            handle.write(content.encode("utf-8") if isinstance(content, str) else content)
            if received or not is_unfinished(path.parent):
                handle.flush()
                os.fsync(handle.fileno())  # opened anew it would count as read by a notebook
        part.replace(path)
        written.add(str(path))
    finally:
        part.unlink(missing_ok=True)


def write_output(folder: Path, name: str, content: bytes) -> None:
    """Write a file of a notebook, by its name in the notebook's folder of output.

    A run gives it a new folder. By hand it writes over nothing but what notebooks wrote there
    before, by the list `WRITTEN` of the folder, and not where somebody has typed into it since.

    Raises InputError: another file, or a link, has the name; and as of `write_atomic`.
    """
    place = folder / name
    if not is_unfinished(folder):
        refuse_received(place)
        notes = folder / WRITTEN
        if link := next((file for file in (place, notes) if file.is_symlink()), None):
            raise refusal("output.link", file=link)
        if notes.exists() and not notes.is_file():
            raise refusal("file.pipe", file=notes)
        known = set(notes.read_text("utf-8").splitlines()) if notes.is_file() else set()
        if place.is_file() and _note(name, place.read_bytes()) not in known:
            raise refusal("output.by_hand", file=place)
        if (note := _note(name, content)) not in known:
            folder.mkdir(parents=True, exist_ok=True)
            with notes.open("a", encoding="utf-8", newline="\n") as handle:  # whole, beside others
                handle.write(f"{note}\n")
    write_atomic(place, content)


def _note(name: str, content: bytes) -> str:
    """The line of a file as `sha256sum` writes it."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}"


def settle(files: Iterable[Path]) -> None:
    """Wait until files are on the disk; for many at once that takes hardly longer than for one."""

    def wait(file: Path) -> None:
        with file.open("rb+" if os.name == "nt" else "rb") as handle:  # Windows would refuse "rb"
            os.fsync(handle.fileno())

    with ThreadPoolExecutor(SETTLED_AT_ONCE) as pool:
        list(pool.map(wait, files))


def beside(place: Path, ending: Literal["part", "old"] = "part") -> Path:
    """A hidden place for a file or folder that is not whole yet, or is no longer needed.

    Nobody else has it; `recover_folder` knows it by its name.
    """
    return place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.{ending}")


def refuse_foreign(folder: Path, mark: str, own: Mapping[str, str] | None = None) -> None:
    """Refuse a place for a folder of ours where something else is.

    Parameters
    ----------
    mark : the file that every folder of ours has there.
    own : the other files that we wrote there, by their path in it, with their sha256 where it is
        known; any others if not given, or where its record cannot be read (see `swap_folder`).

    Raises InputError: it is in data/raw, a link, a file, or a folder that holds anything else, or a
    file of ours that somebody has changed, but for `MADE_AGAIN`.
    """
    refuse_received(folder)
    foreign = folder.is_dir() and any(folder.iterdir()) and not (folder / mark).exists()
    if foreign or folder.is_symlink() or folder.is_file():
        raise refusal("project.foreign", file=folder)
    about = {"place": f"{folder.parent.name}/{folder.name}"}
    if own and (name := next(_strays(folder, {mark, *own}), "")):
        raise refusal("project.stray", name=name, **about)
    if own and (name := next(_changed(folder, own), "")):
        raise refusal("project.typed_into", name=name, **about)


def _changed(folder: Path, own: Mapping[str, str]) -> Iterator[str]:
    """Files of our own that somebody changed; no pages and records, and none that is empty."""
    for name, digest in own.items():
        file = folder / name
        if digest and file.suffix not in MADE_AGAIN and file.is_file():
            content = file.read_bytes()
            if content and hashlib.sha256(content).hexdigest() != digest:
                yield name


def _strays(folder: Path, own: Set[str]) -> Iterator[str]:
    """Files of a folder that are not our `own`, nor what programs keep beside others."""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        of_programs = is_leftover(name) and not SOMEBODYS.match(name)
        if (file.is_file() or file.is_symlink()) and name not in own and not of_programs:
            yield name


def swap_folder(new: Path, final: Path, mark: str, own: Mapping[str, str] | None = None) -> None:
    """Put a complete folder in the place of an older one, which stays until then.

    One of which nobody can say which files are ours (`own` is empty) is kept under another name.
    `mark`, `own` and errors: as of `refuse_foreign`.
    """
    settle(file for file in new.rglob("*") if file.is_file())  # which may take seconds
    refuse_foreign(final, mark, own)
    final.parent.mkdir(parents=True, exist_ok=True)
    kept = own is not None and not own
    old = beside(final, "old")
    if kept:
        old = final.with_name(f"{final.name}.{uuid.uuid4().hex[:8]}.damaged")
    if final.exists():
        final.replace(old)
    try:
        new.replace(final)
    except OSError:
        if old.exists():
            old.replace(final)
        raise
    if not kept:
        shutil.rmtree(old, ignore_errors=True)


def recover_folder(final: Path) -> None:
    """Finish or undo the swap of a folder during which a process was killed."""
    mark, name = "[0-9a-f]" * 8, glob.escape(final.name)
    for old in sorted(final.parent.glob(f".{name}.{mark}.old")):
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.replace(final)
    for part in final.parent.glob(f".{name}.{mark}.part"):
        shutil.rmtree(part, ignore_errors=True)
