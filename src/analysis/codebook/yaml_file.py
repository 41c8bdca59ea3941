"""The content of a YAML file, unchecked, unless it could fill the memory or end the process."""

from __future__ import annotations

import math
import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analysis import paths
from analysis.errors import InputError, Message

DEPTH = 50  # of entries within entries; the loader in C ends the process where it is some thousand
ENTRIES = 1_000_000  # that aliases repeat and merge keys take over, counted each time


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses the second of two entries with the same name, of which YAML keeps the last.

    In C where that was built: seven times as fast.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The entries of a mapping."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the entry {key.value} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        found: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return found


def read(text: str) -> Any:
    """The content of a YAML text, unless it could fill the memory or end the process.

    Raises yaml.YAMLError: it is no YAML, or has too many entries within entries, or by its aliases.

    >>> read("files: [a.xlsx]")
    {'files': ['a.xlsx']}
    >>> read("[" * 60)
    Traceback (most recent call last):
    ...
    yaml.error.YAMLError: more than 50 entries within entries, or more than 1,000,000 by aliases
    """
    return pickle.loads(_parsed(text))  # a content of one's own, in a tenth of the time


@lru_cache(maxsize=16)
def _parsed(text: str) -> bytes:
    """The content, pickled: a command reads the same few files again and again."""
    sizes: dict[str | None, float] = {}  # of what has an anchor
    within: list[tuple[str | None, float]] = [(None, 0)]  # anchor and size so far of what is open
    for number, event in enumerate(yaml.parse(text, Loader=Loader)):
        anchor, size = getattr(event, "anchor", None), 0.0
        if isinstance(event, yaml.CollectionStartEvent):
            within.append((anchor, 0))
        elif isinstance(event, yaml.CollectionEndEvent | yaml.ScalarEvent | yaml.AliasEvent):
            if isinstance(event, yaml.CollectionEndEvent):
                anchor, size = within.pop()
            elif isinstance(event, yaml.AliasEvent):  # one that is within itself has no end
                anchor, size = None, sizes.get(anchor, math.inf)
            sizes[anchor] = size + 1
            within[-1] = (within[-1][0], within[-1][1] + size + 1)
        if len(within) > DEPTH or within[-1][1] > number + ENTRIES:
            many = f"more than {DEPTH} entries within entries, or more than {ENTRIES:,} by aliases"
            raise yaml.YAMLError(many)
    return pickle.dumps(yaml.load(text, Loader=Loader))


def load(file: Path, such_as: str = Message("entries such as title and files")) -> dict[str, Any]:
    """The entries of a YAML file.

    Raises InputError: it is no YAML, or no mapping.
    """
    try:
        found = read(paths.read_text(file))
    except InputError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # ValueError: 30 February
        if isinstance(error, UnicodeDecodeError):
            raise InputError(
                "the file is not UTF-8", file=file, hint="save it with the encoding UTF-8"
            ) from None
        line: Any = getattr(getattr(error, "problem_mark", None), "line", None)
        rest = [] if line is None else file.read_text(encoding="utf-8").split("\n")[line:]
        if rest and rest[0].lstrip(" ").startswith("\t"):
            raise InputError(
                "line {line} begins with a tab",
                file=file,
                hint="indent with spaces",
                line=line + 1,
            ) from None
        fault = " ".join(str(error).replace('in "<unicode string>", ', "").split())[:160]
        raise InputError("this is not readable YAML ({fault})", file=file, fault=fault) from None
    if not isinstance(found, dict):
        raise InputError("the file must hold {such_as}", file=file, such_as=such_as)
    return found
