"""The unchecked content of wave.yml and other YAML files; `analysis.codebook.wave` checks it.

Imports nothing heavy, so that a refresh with nothing to do answers at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from analysis import paths
from analysis.errors import InputError

DEEP = re.compile(r"([\[{]\s*){100}")


def content(wave: str) -> dict[str, Any]:
    """The content of a wave's wave.yml.

    Raises
    ------
    InputError : there is no such wave, or its file is no YAML mapping.
    """
    file = paths.raw(wave) / "wave.yml"
    if not file.is_file():
        known = ", ".join(folder.name for folder in paths.waves())
        raise InputError(f"there is no wave {wave!r}", hint=f"there are: {known or 'none'}")
    return load(file)


class _Unique:
    """Refuses the second of two entries with the same name, of which YAML keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the entry {key.value} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        found: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return found


class _Plain(_Unique, yaml.SafeLoader):
    pass


class Loader(_Unique, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The loader in C where it was built: seven times as fast."""


def load(file: Path, such_as: str = "entries such as title and files") -> dict[str, Any]:
    """The entries of a YAML file.

    Raises
    ------
    InputError : it is no YAML, or no mapping.
    """
    try:
        text = file.read_text(encoding="utf-8")
        # entries nested very deep end the process of the loader in C
        found = yaml.load(text, Loader=_Plain if DEEP.search(text) else Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 30 February
        if isinstance(error, UnicodeDecodeError):
            raise InputError(
                "the file is not UTF-8", file=file, hint="save it with the encoding UTF-8"
            ) from None
        fault = " ".join(str(error).replace('in "<unicode string>", ', "").split())[:160]
        raise InputError(f"this is not readable YAML ({fault})", file=file) from None
    if not isinstance(found, dict):
        raise InputError(f"the file must hold {such_as}", file=file)
    return found


def earlier(wave: str) -> str:
    """The latest wave before this one with the same codebook; empty where there is none.

    Examples
    --------
    >>> earlier("demo-2020")
    'demo-2019'
    """
    here, others = content(wave), []
    for name in (folder.name for folder in paths.waves()):
        try:
            other = content(name)
        except InputError:  # a fault of another wave is reported where that one is read
            continue
        same = name != wave and other.get("codebook") == here.get("codebook")
        if same and str(other.get("as_of")) < str(here.get("as_of")):
            others.append((str(other.get("as_of")), name))
    return max(others, default=("", ""))[1]
