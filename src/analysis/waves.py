"""What a wave.yml says, as it stands there; `analysis.wave` checks it. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from analysis import paths
from analysis.errors import InputError


def content(wave: str) -> dict[str, Any]:
    """The content of a wave's wave.yml.

    Raises
    ------
    InputError : there is no such wave, or its file is no YAML mapping.
    """
    file = paths.raw(wave) / "wave.yml"
    if not file.is_file():
        known = ", ".join(p.parent.name for p in sorted(paths.raw("").glob("*/wave.yml")))
        raise InputError(f"there is no wave {wave!r}", hint=f"there are: {known or 'none'}")
    return load(file)


class _Loader(yaml.SafeLoader):
    """Of two entries with one name YAML keeps the last; here the second is refused.

    Not the loader in C: entries nested very deep end the whole process there.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the entry {key.value} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def load(file: Path) -> dict[str, Any]:
    """The entries of a YAML file.

    Raises
    ------
    InputError : it is no YAML, or no mapping.
    """
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: 30 February
        fault = " ".join(str(error).replace('in "<unicode string>", ', "").split())[:160]
        raise InputError(f"this is not readable YAML ({fault})", file=file) from None
    if not isinstance(found, dict):
        raise InputError(f"{file.name} must hold entries such as title and files", file=file)
    return found


def earlier(wave: str) -> str:
    """The latest wave before this one with the same codebook; empty where there is none.

    Examples
    --------
    >>> earlier("demo-2020")
    'demo-2019'
    """
    here, others = content(wave), []
    for file in sorted(paths.raw("").glob("*/wave.yml")):
        name = file.parent.name
        try:
            other = content(name)
        except InputError:  # another wave's fault is told where that wave is read
            continue
        same = name != wave and other.get("codebook") == here.get("codebook")
        if same and str(other.get("as_of")) < str(here.get("as_of")):
            others.append((str(other.get("as_of")), name))
    return max(others, default=("", ""))[1]
