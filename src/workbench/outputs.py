"""Files that a command writes where its user says: it writes over nothing but its own earlier ones.

What was written is noted with its hash, so that an earlier output is known as such, and one that
was changed since, such as a workbook into which an office has typed, is not. A published folder
goes to an fsspec URL as well.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis import fingerprints, paths
from analysis.errors import InputError, refusal
from workbench.run.record import RECORD, RunFolder, one_at_a_time

NOTES = "outputs.json"
FILES_LIST = "files.json"  # of a target
# what follows the name of a wave in those of the folders of its editions
OF_EDITION = re.compile(rf"(\.({'|'.join(sorted(paths.EDITIONS))})){{0,9}}$")
BUCKETS = {"s3", "gs", "abfs"}  # stores without folders


def refuse_others(places: Iterable[Path], command: str) -> None:
    """Refuse places where something is that `command` did not write, before it does its work.

    Parameters
    ----------
    places : files, or the folders that they go into.
    command : its name, such as ``queries``.

    Raises InputError: a place is in data/raw or in a folder that is made as a whole, is a link, is
    a folder in the place of a file, or has a file that is no earlier output of the same command, or
    was changed since.
    """
    noted = _noted()
    for place in places:
        paths.refuse_received(place)
        _refuse_whole(place)
        if place.is_symlink():
            raise refusal("output.link", file=place)
        wrote, *hashes = noted.get(_key(place), [""])
        ours = wrote == command and place.is_file() and _hash(place.read_bytes()) in hashes
        if place.is_file() and not ours:
            raise refusal("output.not_ours", file=place, command=command)


def _refuse_whole(place: Path) -> None:
    """Refuse a place among the files of a report, a release or cleaned data.

    Each is made as a whole: the next command would find there what it does not know.
    """
    try:
        root, reports = paths.root(), paths.reports()
    except InputError:  # outside a project
        return
    homes, received = (reports, root / "data" / "processed"), root / "data" / "raw"
    for folder in paths.around(place):
        run = (folder / RECORD).is_file() and any(paths.is_same(f, reports) for f in folder.parents)
        of_wave = (received / OF_EDITION.sub("", folder.name) / "wave.yml").is_file()
        at_home = of_wave and any(paths.is_same(folder.parent, home) for home in homes)
        if run or at_home or paths.is_same(folder, root / "releases"):
            raise refusal("output.whole", file=place, name=folder.name)


def write(contents: Mapping[Path, bytes | str], command: str) -> None:
    """Write files, or none of them; errors as of `refuse_others`.

    Raises InputError: also where they cannot be written. OSError: no room is left for the notes.
    """
    with _notes_locked():  # or another could write between the check and the writing
        refuse_others(contents, command)
        if folder := next(filter(Path.is_dir, contents), None):
            raise refusal("output.folder", file=folder)
        _note(contents, command)  # before, so that those that a killed command wrote are known
        for place, content in contents.items():
            try:
                paths.write_atomic(place, content)
            except OSError as error:
                fault = error.strerror or error
                raise refusal("output.not_written", file=place, strerror=fault) from None


@contextlib.contextmanager
def _notes_locked() -> Iterator[None]:
    """Let one command at a time note and write: two at once would lose notes of each other."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(InputError):  # `_note` says what cannot be written
            held.enter_context(one_at_a_time(paths.cache() / NOTES))
        yield


def _note(contents: Mapping[Path, bytes | str], command: str) -> None:
    """Note what a command is about to write, and what of its own it writes over."""
    noted = {key: note for key, note in _noted().items() if (_home() / key).is_file()}
    for place, content in contents.items():
        before = [_hash(place.read_bytes())] if place.is_file() else []
        noted[_key(place)] = [command, _hash(content), *before]
    try:
        paths.write_atomic(paths.cache() / NOTES, json.dumps(noted, indent=1))
    except (OSError, InputError) as error:  # where there is no project, it is not known later on
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise


def _noted() -> dict[str, Any]:
    """Place, see `_key` -> command and hashes of what it wrote there last, and before."""
    with contextlib.suppress(OSError, ValueError, InputError):
        notes = json.loads(paths.read_text(paths.cache() / NOTES))
        notes = notes if isinstance(notes, dict) else {}
        return {_key(_home() / key): note for key, note in notes.items()}  # earlier ones are whole
    return {}


def _key(place: Path) -> str:
    """The path of a file in the project, which may be moved; of one elsewhere the whole path."""
    whole, home = place.parent.resolve() / place.name, _home()
    return whole.relative_to(home).as_posix() if whole.is_relative_to(home) else str(whole)


def _home() -> Path:
    """The folder of the project; none where there is no project, or others may share the notes."""
    with contextlib.suppress(InputError):
        home = paths.root().resolve()
        if paths.cache().resolve().is_relative_to(home):
            return home
    return Path()


def _hash(content: bytes | str) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


# --- a published folder at a URL ---------------------------------------------------------------


def send(folder: Path, target: str) -> tuple[int, int]:
    """Bring `target` to the state of a published folder; how many files were sent, how many kept.

    What lies there is looked at first. Nothing is sent, and nothing removed, where a file was not
    sent by this command or is not as it was sent, see `_there`; one that is missing is sent again,
    and those that the folder no longer has are removed. The list of files with their sha256
    (``files.json``) has that of before and that of after for a file that is on its way: where the
    sending was interrupted, the same command carries on. In a folder of this machine all is looked
    at once more before the list is written.
    """
    place, root = _filesystem(target)
    now, listed = fingerprints.hash_files(folder), f"{root}/{FILES_LIST}"
    try:
        before = json.loads(place.cat_file(listed)) if place.exists(listed) else {}
        if before and not (isinstance(before, dict) and _ours(place, root, folder, before, now)):
            raise refusal("target.other_pages", place=target)
        for name in {*before, *now, FILES_LIST}:
            if not paths.is_below(name) or _is_link(place, root, name):
                raise refusal("target.outside", name=name, place=target)
        there = {}
        for name, digest in _there(place, root, folder, before, now):
            if digest not in before.get(name, "").split():
                why = "target.changed" if name in before else "target.not_ours"
                raise refusal(why, name=name, place=target)
            there[name] = digest
        changed = [name for name, digest in now.items() if there.get(name) != digest]
        if changed or now != before:
            on_its_way = {name: f"{there.get(name, '')} {now[name]}" for name in changed}
            _put(place, listed, json.dumps(before | on_its_way, indent=1).encode())
            for name in sorted(changed, key=lambda name: name != RECORD):  # it says whose they are
                _put(place, f"{root}/{name}", (folder / name).read_bytes())
            for name in there.keys() - now.keys():
                place.rm_file(f"{root}/{name}")
            if _is_local(place):  # another project may have sent its own pages meanwhile
                lying = {name: fingerprints.hash_file(Path(root, name)) for name in sorted(now)}
                if apart := [name for name, digest in lying.items() if digest != now[name]]:
                    raise refusal("target.meanwhile", name=apart[0], place=target)
            _put(place, listed, json.dumps(now, indent=1).encode())
    except InputError:
        raise
    except Exception as error:  # each kind of store has errors of its own
        fault = " ".join(str(error).split())[:200] or type(error).__name__
        about = {"place": target, "folder": folder.name, "fault": fault}
        raise refusal("target.not_published", **about) from None
    return len(changed), len(now) - len(changed)


def _there(
    place: Any, root: str, folder: Path, before: Mapping[str, str], now: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The files of a target that were sent or are to be: name and sha256.

    On this machine all are read. In a store elsewhere those are read that would be written over or
    removed; one that is to stay counts as what was sent if it is there and as large.
    """
    sizes: dict[str, Any] = {}
    if not _is_local(place):
        place.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            found = place.find(root, detail=True).items()
            sizes = {path.removeprefix(f"{root}/"): about.get("size") for path, about in found}
    for name in sorted({*before, *now}):
        path, digest = f"{root}/{name}", now.get(name, "")
        if _is_local(place):
            if Path(path).exists():
                yield name, fingerprints.hash_file(Path(path)) or "of no file"
        elif digest == before.get(name) and sizes.get(name) == (folder / name).stat().st_size:
            yield name, digest
        elif name in sizes or place.exists(path):
            yield name, _hash(place.cat_file(path))


def _is_local(place: Any) -> bool:
    return type(place).__name__ == "LocalFileSystem"


def _is_link(place: Any, root: str, name: str) -> bool:
    """Whether a link leads from this file of a target, on this machine, to another."""
    return _is_local(place) and Path(root, name).resolve() != Path(root).resolve() / name


def _ours(
    place: Any, root: str, folder: Path, listed: Mapping[str, str], now: Mapping[str, str]
) -> bool:
    """Whether the pages listed in a target are of the wave, audience and language of a folder.

    Where its record is missing, a page tells that was sent from this folder and is the same today.
    """
    own, sent = RunFolder(folder).record, listed.get(RECORD, "")
    if own and not place.exists(f"{root}/{RECORD}"):
        same = (name for name, digest in now.items() if listed.get(name) == digest)
        return " " in sent or any(name.endswith(".html") for name in same)  # or on its way
    content = place.cat_file(f"{root}/{RECORD}") if sent else b"{}"
    if sent and _hash(content) not in sent.split():  # which `send` refuses
        return True
    there = json.loads(content)
    return all(there.get(name) == own.get(name) for name in ("wave", "audience", "language"))


def refuse_target(target: str) -> None:
    """Refuse a target that is a link, or lies in data/raw."""
    place, root = _filesystem(target)
    if _is_local(place):
        refuse_others([Path(root)], "profiles")


def _put(place: Any, path: str, content: bytes) -> None:
    """Write a file, in a folder made for it; a bucket is never made: its name may be mistyped."""
    if _is_local(place):
        return paths.write_atomic(Path(path), content)
    protocols = {place.protocol} if isinstance(place.protocol, str) else {*place.protocol}
    if not protocols & BUCKETS:
        place.makedirs(path.rpartition("/")[0], exist_ok=True)
    place.pipe_file(path, content)


def _filesystem(url: str) -> tuple[Any, str]:
    if "::" in url:  # such as simplecache::file://, by way of which data/raw could be written
        raise refusal("target.chain", url=url)
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise refusal("target.no_extra") from None
    if not url:  # of a variable of the shell that is not set: it would be the folder one is in
        raise refusal("target.url", url="--target", fault="''")
    try:
        place, root = url_to_fs(url)
    except Exception as error:  # each kind of store has errors of its own
        raise refusal("target.url", url=url, fault=error) from None
    return place, root.rstrip("/")
