"""The parameters of a notebook: names, types, defaults, help and allowed values.

They are declared in the cell tagged ``parameters``, as papermill reads it, a line each:
``name: type = default  # help | 日本語 {choice, choice} [low..high]``. A bound of the range may be
left out. Types are str, int, float, bool and None, joined by ``|``.

`papermill.inspect_notebook` reads the same lines (a test compares the two), but importing papermill
takes 1.8 s, several times as long as a whole refresh with nothing to do, and it does not evaluate
defaults.
"""

from __future__ import annotations

import ast
import contextlib
import io
import math
import os
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import InputError, Message, refusal

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "None": (type(None),),
}
# how the text of the command line becomes a value, tried in this order
FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "None": lambda text: {"": None, "none": None, "null": None}[text.lower()],
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "int": int,
    "float": float,
}
CHOICES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"\[(-?[\d.]{1,30}?)?\.\.(-?[\d.]{1,30})?\]")
REFERENCE = "env:"
SHORTEST = 6  # letters of a secret: wherever they are in what is shown, its name is shown instead


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook; `low` and `high` are the bounds of its range, if it has any."""

    name: str
    types: tuple[str, ...]
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    @property
    def range(self) -> str:
        """The range in words, such as ``from 2 to 8``; empty if there is none."""
        ends = {"from": self.low, "to": self.high}
        return " ".join(f"{word} {end:g}" for word, end in ends.items() if math.isfinite(end))

    def check(self, value: Any) -> Any:
        """The value in this parameter's type; text is converted.

        Raises InputError: it is of another type, outside the choices or the range, not finite, not
        valid Unicode, or refers to an environment variable that does not exist.

        >>> Parameter("n_types", ("int", "None"), None, "number of types").check("3")
        3
        """
        converted = self._converted(value)
        if self.choices and str(converted) not in self.choices:
            raise self._refused(value, Message("one of {choices}", choices=self.choices))
        if isinstance(converted, float) and not math.isfinite(converted):
            raise self._refused(value, Message("a number that is finite"))
        if isinstance(converted, int | float) and not self.low <= converted <= self.high:
            raise self._refused(value, Message("a number {range}", range=self.range))
        if isinstance(converted, str):
            if not converted.isascii() and converted.encode(errors="ignore").decode() != converted:
                raise self._refused(value, Message("text that is valid Unicode"))
            secret(converted)
        return converted

    def _converted(self, value: Any) -> Any:
        if isinstance(value, str) and "str" not in self.types:
            for kind, convert in FROM_TEXT.items():
                if kind in self.types:
                    with contextlib.suppress(ValueError, KeyError):
                        return convert(value.strip())
        elif isinstance(value, bool):  # which Python counts among the integers
            if "bool" in self.types:
                return value
        elif any(isinstance(value, TYPES[kind]) for kind in self.types):
            return value
        raise self._refused(value, " or ".join(self.types))

    def _refused(self, value: Any, allowed: str) -> InputError:
        return refusal("parameter.value", name=self.name, value=value, allowed=allowed)


# --- reading ---------------------------------------------------------------------------------


def declared(content: Mapping[str, Any], notebook: Path) -> list[Parameter]:
    """The parameters in a notebook's content; `notebook` is named in errors.

    Raises InputError: a line of the cell is no constant, has a type that cannot be given from
    outside, or a default that its own type, choices or range refuse.
    """
    for cell in content["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return list(_read("".join(cell["source"]), notebook))
    return []


def _read(source: str, notebook: Path) -> Iterator[Parameter]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    for node in ast.parse(source, "parameters").body:
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        name = ast.unparse(target)
        try:
            assert isinstance(target, ast.Name) and node.value is not None
            default = ast.literal_eval(node.value)
        except (ValueError, AssertionError):
            raise refusal("parameter.no_constant", file=notebook, name=name) from None
        types: tuple[str, ...] = (type(default).__name__.replace("NoneType", "None"),)
        if isinstance(node, ast.AnnAssign):  # such as int | None, perhaps in quotes
            types = tuple(map(str.strip, ast.unparse(node.annotation).strip("'\"").split("|")))
        if not set(types) <= TYPES.keys():
            about = {"name": name, "types": " | ".join(types), "known": TYPES}
            raise refusal("parameter.type", file=notebook, **about)
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        comment = " ".join(comments[at] for at in lines if at in comments)
        choices, bounds = CHOICES.search(comment), RANGE.search(comment)
        low, high = bounds.groups() if bounds else (None, None)
        parameter = Parameter(
            name,
            types,
            default,
            RANGE.sub("", CHOICES.sub("", comment)).strip(),
            tuple(c.strip() for c in choices[1].split(",")) if choices else (),
            float(low or -math.inf),
            float(high or math.inf),
        )
        parameter.check(default)
        yield parameter


# --- secrets ---------------------------------------------------------------------------------


def secret(value: str) -> str:
    """The value of ``env:NAME`` from the environment; the notebook keeps only the reference.

    Raises InputError: there is no such variable, or its value is so short that it is elsewhere,
    too.

    >>> secret("no reference"), secret("env:PATH") == os.environ["PATH"]
    ('no reference', True)
    """
    if not value.startswith(REFERENCE):
        return value
    name = value.removeprefix(REFERENCE)
    if not os.environ.get(name):
        raise refusal("parameter.no_variable", name=name)
    if len(value := os.environ[name]) < SHORTEST:
        raise refusal("parameter.short_secret", name=name)
    return value


def secrets(values: Mapping[str, Any]) -> dict[str, str]:
    """Each secret among the values, and the reference that is shown in its place."""
    return {secret(v): v for v in values.values() if isinstance(v, str) and v.startswith(REFERENCE)}
