"""The content of a YAML file, and what is wrong with it: a sentence each with line and entry."""

from __future__ import annotations

import math
import pickle
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from analysis import paths
from analysis.errors import InputError, Message, refusal

if TYPE_CHECKING:
    from pydantic import BaseModel

DEPTH = 50  # of entries within entries; the loader in C ends the process where it is some thousand
WIDE = re.compile(r"\s*[\w-]+：|[ -]*[\u3000\u00a0]")  # a colon or a space of full width
ENTRIES = 1_000_000  # that aliases repeat and merge keys take over, counted each time


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses a repeated key, of which YAML would keep the last value without a word.

    In C where that was built: seven times as fast.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The entries of a mapping."""
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise _fault(Message("the entry {key} is there twice", key=key.value), key)
            keys.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[misc]
        return mapping

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


@lru_cache(maxsize=1000)
def _parsed(text: str) -> bytes:
    """The content, pickled: a command reads the same files again and again."""
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


@cache
def packaged(name: str, package: str = "analysis") -> Any:
    """A YAML file that comes with a package, read once; nobody changes what is in it."""
    text = files(package).joinpath("data", name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=Loader)


def text_of(content: Any, width: int = 80) -> str:
    """Content as YAML; the library in C, where there is one, takes a tenth of the time.

    >>> text_of({"files": ["a.xlsx"]})
    'files:\\n- a.xlsx\\n'
    """
    writer = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(content, None, writer, allow_unicode=True, sort_keys=False, width=width))


def load(file: Path, such_as: str = Message("entries such as title and files")) -> dict[str, Any]:
    """The entries of a YAML file.

    Raises InputError: it is no YAML, or no mapping.
    """
    try:
        content = read(paths.read_text(file))
    except InputError:
        raise
    except UnicodeDecodeError:
        raise refusal("yaml.encoding", file=file) from None
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(error, file) from None
    if not isinstance(content, dict):
        raise refusal("yaml.content", file=file, such_as=such_as)
    return content


def _unreadable(error: Exception, file: Path) -> InputError:
    """What is wrong with the YAML, in words for who wrote it: those of the parser are not."""
    what = getattr(error, "problem", None) or next(iter(error.args), None)
    context = str(getattr(error, "context", None))
    opened = context.startswith(("while scanning a ", "while parsing a flow"))
    mark = getattr(error, "context_mark" if opened else "problem_mark", None)
    if isinstance(what, Message):
        id = "yaml.fault_in_line" if mark else "yaml.fault"
        return refusal(id, file=file, fault=what, line=mark and mark.line + 1)
    if mark is None:
        return refusal("yaml.unreadable", file=file)
    lines, line = file.read_text("utf-8").split("\n"), mark.line
    wide = (n for n in (line, line - 1) if WIDE.match("".join(lines[n : n + 1])))
    at = next(wide, None)
    line = line if at is None else at
    text = "".join(lines[line : line + 1])
    if text.lstrip(" ").startswith("\t"):
        return refusal("yaml.tab", file=file, line=line + 1)
    id = "yaml.line" if at is None else "yaml.full_width"
    return refusal(id, file=file, line=line + 1, text=text.strip()[:60])


# --- the shape of a content ----------------------------------------------------------------------

# the fault as pydantic names it, or the first word of that -> what it means for who writes the file
NO_MAPPING = Message("it should have entries of its own, each with a name")
NO_SUCH_ENTRY = Message("there is no entry of this name; check its spelling, or remove it")
FAULTS = {
    **dict.fromkeys(("extra_forbidden", "unexpected_keyword_argument"), NO_SUCH_ENTRY),
    "missing": Message("this entry is lacking; add it"),
    "string_too_short": Message("it is empty; write a value, or remove the entry"),
    "too_short": Message("it is empty or too short; give at least {min_length}"),
    "too_long": Message("it has too many entries; give {max_length}"),
    "greater_than_equal": Message("it should not be below {ge}"),
    "invalid_key": Message("its name should be a text; put it in quotes"),
    "string_pattern_mismatch": Message("it takes ASCII letters, digits and _, a letter first"),
    "union_tag_not_found": Message("it should be a number, all, or a list of code and name"),
    "string": Message("it should be a text"),
    "int": Message("it should be a whole number"),
    "float": Message("it should be a number"),
    "bool": Message("it should be true or false"),
    "date": Message("it should be a date such as 2020-10-03"),
    "tuple": Message("it should be a list"),
    "list": Message("it should be a list"),
    **dict.fromkeys(("dict", "model", "dataclass"), NO_MAPPING),
}
Shaped = TypeVar("Shaped", bound="BaseModel")


def validate(model: type[Shaped], content: Any, file: Path) -> Shaped:
    """The content of a YAML file in its right shape.

    Raises InputError: its first fault in one sentence that names line and entry.
    """
    from pydantic import ValidationError  # only now: a refresh with nothing to do answers at once

    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        is_code = fault["loc"][-1:] == ("code",)
        hint = Message("put a code in quotes, such as '012025'") if is_code else None
        what = with_line(describe(fault, content), fault["loc"], file)
        raise InputError(what, file=file, hint=hint) from None


def with_line(fault: Message, place: Sequence[int | str], file: Path | None) -> Message:
    """A fault after the line of its entry, if it is in a file.

    `place`: the names of the entries around it, outermost first; in a list the number or id.
    """
    line, node = 0, _header(paths.read_text(file)) if file else None
    for part in place:
        inside: dict[int | str | None, tuple[yaml.Node, yaml.Node]] = {}
        if isinstance(node, yaml.MappingNode):
            inside = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            inside = {_id(one): (one, one) for one in node.value}
            inside |= {number: (one, one) for number, one in enumerate(node.value)}
        if entry := inside.get(part):
            line, node = entry[0].start_mark.line + 1, entry[1]
    return Message("line {line}: {fault}", line=line, fault=fault) if line else fault


@lru_cache(maxsize=1)
def _header(text: str) -> yaml.Node:
    """The nodes of a YAML file, of a note those of its header; kept for the other faults of it."""
    node: yaml.Node = next(yaml.compose_all(text, Loader=Loader))
    return node


def _id(node: yaml.Node) -> str | None:
    """The id of an entry of a list, if it has one."""
    entries = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value.value for key, value in entries if key.value == "id"), None)


def describe(fault: Any, content: Any) -> Message:
    """A fault that pydantic reports in one sentence that names the entry."""
    place: list[str] = []
    node, type, about = content, fault["type"], fault.get("ctx", {})
    for part in fault["loc"]:
        lacks = node is not None and not (isinstance(node, dict) and part in node)
        if part == "[key]" or (isinstance(part, str) and lacks and type != "missing"):
            continue  # of several kinds of value the one that was meant
        listed = isinstance(node, list) and isinstance(part, int)
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        names = ("id", "code", "path") if listed and isinstance(node, dict) else ()
        own = (str(node[name]) for name in names if node.get(name) is not None)
        place.append(next(own, str(part + 1 if listed else part)))
    value = fault.get("input")
    what = FAULTS.get(type) or FAULTS.get(type.partition("_")[0])
    if isinstance(value, bool) and what != NO_SUCH_ENTRY and type != "union_tag_not_found":
        what = Message("an unquoted yes/no/on/off is a YAML boolean, put it in quotes")
    elif type == "string_type" and isinstance(value, int | float):
        text = "this is a number and should be a text; write '{given}' in quotes"
        what = Message(text, given=value)
    elif value is None:
        what = FAULTS["string_too_short"]
    elif type == "literal_error":
        known = re.findall("'([^']*)'", about["expected"])
        what = Message("there is no value {given!r}; there are: {known}", given=value, known=known)
    elif about.get("class_name") == "Text":
        what = Message("it should have ja and en, the text in both languages")
    elif what is None:
        what = Message("{given!r} is no value of it", given=value)
    else:
        what = Message(what.template, **about)
    return at(" > ".join(place) or Message("the file"), what)


def at(where: str, what: Message) -> Message:
    """A fault after the place where it is."""
    return Message("{where}: {fault}", where=where, fault=what)


def entry(what: str, id: str) -> Message:
    """Which question, feature or other entry a fault is in."""
    return Message("{what} {id}", what=Message(what), id=id)


def duplicate_faults(what: str, values: Iterable[object]) -> Iterator[Message]:
    """A fault for each value that is there more than once."""
    for value in duplicates(values):
        yield Message("{what} {value!r} stands more than once", what=Message(what), value=value)


def duplicates(values: Iterable[Any]) -> list[Any]:
    """The values that are there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
