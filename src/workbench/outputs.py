"""Files that a command writes where its user says: it writes over nothing but its own earlier ones.

What was written is noted with its hash, so that an earlier output is known as such, and one that
was changed since, such as a workbook into which an office has typed, is not.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from analysis import paths
from analysis.errors import InputError

NOTES = "outputs.json"


def refuse_others(places: Iterable[Path], command: str) -> None:
    """Refuse places where something is that `command` did not write, before it does its work.

    Parameters
    ----------
    places : files, or the folders that they go into.
    command : its name, such as ``queries``.

    Raises
    ------
    InputError : a place is in data/raw, is a link, is a folder in the place of a file, or has a
        file that is no earlier output of the same command, or was changed since.
    """
    noted = _noted()
    for place in places:
        paths.refuse_received(place)
        if place.is_symlink():
            raise InputError(
                "this is a link, and what it leads to stays as it is",
                file=place,
                hint="name a new file",
            )
        if place.is_file() and noted.get(_key(place)) != [command, _hash(place.read_bytes())]:
            raise InputError(
                "there is a file of this name that `workbench {command}` did not write, or "
                "that was changed since; it stays as it is",
                file=place,
                hint="name another one, or delete it first",
                command=command,
            )


def write(contents: Mapping[Path, bytes | str], command: str) -> None:
    """Write files, or none of them; errors as of `refuse_others`.

    Raises
    ------
    InputError : also where they cannot be written.
    """
    refuse_others(contents, command)
    for place, content in contents.items():
        if place.is_dir():
            raise InputError("this is a folder", file=place, hint="name a file")
        try:
            paths.write_atomic(place, content)
        except OSError as error:
            raise InputError(
                "it cannot be written ({strerror})",
                file=place,
                hint="name another place",
                strerror=error.strerror or error,
            ) from None
    made = {_key(place): [command, _hash(content)] for place, content in contents.items()}
    kept = {place: note for place, note in _noted().items() if Path(place).is_file()}
    with contextlib.suppress(OSError, InputError):  # no project here: it is not known later on
        paths.write_atomic(paths.cache() / NOTES, json.dumps(kept | made, indent=1))


def _noted() -> dict[str, Any]:
    """Place -> command and hash of what it wrote there last."""
    with contextlib.suppress(OSError, ValueError, InputError):
        found = json.loads(paths.read_text(paths.cache() / NOTES))
        return found if isinstance(found, dict) else {}
    return {}


def _key(place: Path) -> str:
    return str(place.parent.resolve() / place.name)


def _hash(content: bytes | str) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
