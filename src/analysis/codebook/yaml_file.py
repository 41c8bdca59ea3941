"""The content of a YAML file, unchecked, unless it could fill the memory or end the process."""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analysis import paths
from analysis.errors import InputError, Message

DEPTH = 50  # of entries within entries; the loader in C ends the process where it is some thousand
WIDE = re.compile(r"\s*[\w-]+：|[ -]*[\u3000\u00a0]")  # a colon or a space of full width
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
                raise _fault(Message("the entry {key} is there twice", key=key.value), key)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        found: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return found

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """A date, which must be one that there is."""
        try:
            return super().construct_yaml_timestamp(node)  # type: ignore[misc]
        except ValueError:  # 30 February
            raise _fault(Message("there is no day {day}", day=node.value), node) from None


Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_timestamp)


def _fault(what: Message, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, what, node.start_mark)


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
                endless = math.inf if any(anchor == name for name, _ in within) else 0
                anchor, size = None, sizes.get(anchor, endless)
            sizes[anchor] = size + 1
            within[-1] = (within[-1][0], within[-1][1] + size + 1)
        if len(within) > DEPTH or within[-1][1] > number + ENTRIES:
            many = "more than {deep} entries within entries, or more than {entries:,} by aliases"
            raise yaml.YAMLError(Message(many, deep=DEPTH, entries=ENTRIES))
    return pickle.dumps(yaml.load(text, Loader=Loader))


def load(file: Path, such_as: str = Message("entries such as title and files")) -> dict[str, Any]:
    """The entries of a YAML file.

    Raises InputError: it is no YAML, or no mapping.
    """
    try:
        found = read(paths.read_text(file))
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError(
            "the file is not UTF-8", file=file, hint="save it with the encoding UTF-8"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(error, file) from None
    if not isinstance(found, dict):
        raise InputError("the file must hold {such_as}", file=file, such_as=such_as)
    return found


def line_of(file: Path, place: Sequence[int | str]) -> int:
    """The line of an entry of a readable file, or of what it is in; of a note: of its header."""
    node, line = next(yaml.compose_all(paths.read_text(file), Loader=Loader)), 0
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node, line = value, key.start_mark.line + 1
    return line


def _unreadable(error: Exception, file: Path) -> InputError:
    """What is wrong with the YAML, in words for who wrote it: those of the parser are not."""
    what = getattr(error, "problem", None) or next(iter(error.args), None)
    context = str(getattr(error, "context", None))
    opened = context.startswith(("while scanning a ", "while parsing a flow"))
    mark = getattr(error, "context_mark" if opened else "problem_mark", None)
    if isinstance(what, Message):
        said = "line {line}: {fault}" if mark else "this is not readable YAML ({fault})"
        return InputError(said, file=file, fault=what, line=mark and mark.line + 1)
    hint = Message("put a text with : # @ % or & in quotes, close each quote and bracket, and "
                   "indent with spaces")  # fmt: skip
    if mark is None:
        return InputError("this is not readable YAML", file=file, hint=hint)
    lines, line = file.read_text("utf-8").split("\n"), mark.line
    wide = (n for n in (line, line - 1) if WIDE.match("".join(lines[n : n + 1])))
    if (at := next(wide, None)) is not None:
        line, hint = at, Message("write spaces and the colon in half width")
    text = "".join(lines[line : line + 1])
    if text.lstrip(" ").startswith("\t"):
        said, hint = "line {line} begins with a tab", Message("indent with spaces")
        return InputError(said, file=file, hint=hint, line=line + 1)
    said, text = "line {line} is not readable as YAML: {text}", text.strip()[:60]
    return InputError(said, file=file, hint=hint, line=line + 1, text=text)
