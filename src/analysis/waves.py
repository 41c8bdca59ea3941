"""What a wave.yml says, as it stands there; `analysis.wave` checks it. Imports nothing heavy."""

from __future__ import annotations

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
    try:
        found = yaml.load(
            file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"wave.yml cannot be read ({error})", file=file) from None
    if not isinstance(found, dict):
        raise InputError("wave.yml is not a list of settings", file=file)
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
