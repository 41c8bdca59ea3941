"""The `parameters` cell of a notebook is its schema: names, types, defaults, help, choices.

A line reads ``name: type = default  # help | 日本語 {choice, choice} [low..high]``; a bound of the
range may be left out. Types are str, int, float, bool and None, joined by ``|``.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import os
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import paths
from analysis.errors import InputError

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "None": (type(None),),
}
CHOICES = re.compile(r"\{([^}]*)\}")
SPAN = re.compile(r"\[(-?[\d.]+?)?\.\.(-?[\d.]+)?\]")
REFERENCE = "env:"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook."""

    name: str
    types: tuple[str, ...]
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    def check(self, value: Any) -> Any:
        """The value as this parameter's type, or an error that says what is allowed."""
        given = self._converted(value)
        if self.choices and str(given) not in self.choices:
            raise self._wrong(value, f"one of {', '.join(self.choices)}")
        if isinstance(given, float) and not math.isfinite(given):
            raise self._wrong(value, "a number that is finite")
        if self.span and isinstance(given, int | float):
            low, high = (-math.inf if self.low is None else self.low), self.high
            if not low <= given <= (math.inf if high is None else high):
                raise self._wrong(value, f"a number {self.span}")
        if isinstance(given, str):
            self._check_text(given)
        return given

    @property
    def span(self) -> str:
        """The range in words; empty where there is none."""
        low = f"from {self.low:g}" if self.low is not None else ""
        high = f"to {self.high:g}" if self.high is not None else ""
        return f"{low} {high}".strip()

    def _converted(self, value: Any) -> Any:
        if value is None and "None" in self.types:
            return None
        if isinstance(value, str) and "str" not in self.types:
            return self._from_text(value.strip())
        if isinstance(value, bool) and "bool" not in self.types:
            raise self._wrong(value, " or ".join(self.types))
        if not any(isinstance(value, TYPES[kind]) for kind in self.types):
            raise self._wrong(value, " or ".join(self.types))
        return value

    def _from_text(self, text: str) -> Any:
        if "None" in self.types and text.lower() in {"", "none", "null"}:
            return None
        if "bool" in self.types and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        for kind in ("int", "float"):
            if kind in self.types:
                try:
                    return int(text) if kind == "int" else float(text)
                except ValueError:
                    continue
        raise self._wrong(text, " or ".join(self.types))

    def _check_text(self, text: str) -> None:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise self._wrong(text, "text that is valid Unicode") from None
        if text.startswith(REFERENCE):
            secret(text)

    def _wrong(self, value: Any, allowed: str) -> InputError:
        return InputError(f"the parameter {self.name} cannot be {value!r}", hint=f"give {allowed}")


def schema(notebook: Path) -> list[Parameter]:
    """The parameters of a notebook, read without running anything.

    Raises
    ------
    InputError : a line of the cell is no constant, has a type that cannot be given from outside, or
        a default that its own type, choices or range refuse.
    """
    return declared(json.loads(notebook.read_text(encoding="utf-8")), notebook)


def declared(content: Mapping[str, Any], notebook: Path) -> list[Parameter]:
    """The parameters in a notebook's content; `notebook` is named in errors."""
    for cell in content["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return list(_read("".join(cell["source"]), notebook))
    return []


def _read(source: str, notebook: Path) -> Iterable[Parameter]:
    comments = _comments(source)
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        name = ast.unparse(target)
        try:
            assert isinstance(target, ast.Name) and node.value is not None
            default = ast.literal_eval(node.value)
        except (ValueError, AssertionError):
            raise InputError(f"the parameter {name} is not a constant", file=notebook) from None
        types = _types(node, default)
        if not set(types) <= TYPES.keys():
            raise InputError(
                f"the parameter {name} has the type {' | '.join(types)}",
                file=notebook,
                hint=f"use {', '.join(TYPES)}, joined by |",
            )
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        comment = " ".join(comments[at] for at in lines if at in comments)
        choices, span = CHOICES.search(comment), SPAN.search(comment)
        low, high = (float(b) if b else None for b in span.groups()) if span else (None, None)
        found = Parameter(
            name,
            types,
            default,
            SPAN.sub("", CHOICES.sub("", comment)).strip(),
            tuple(c.strip() for c in choices[1].split(",")) if choices else (),
            low,
            high,
        )
        found.check(default)
        yield found


def _comments(source: str) -> dict[int, str]:
    """The comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def _types(node: ast.AnnAssign | ast.Assign, default: Any) -> tuple[str, ...]:
    if isinstance(node, ast.Assign):
        return (type(default).__name__.replace("NoneType", "None"),)
    annotation = node.annotation
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        written = annotation.value  # "int | None" in quotes
    else:
        written = ast.unparse(annotation)
    optional = re.fullmatch(r"(?:typing\.)?Optional\[(.*)\]", written)
    written = f"{optional[1]} | None" if optional else written
    return tuple(part.strip() for part in written.split("|"))


def checked(notebook: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values that this notebook takes, as their types."""
    known = {parameter.name: parameter for parameter in schema(notebook)}
    return {name: known[name].check(value) for name, value in given.items() if name in known}


def effective(notebook: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters a notebook runs with, defaults included; its output folder is no parameter."""
    defaults = {parameter.name: parameter.default for parameter in schema(notebook)}
    return {name: value for name, value in {**defaults, **values}.items() if name != "output"}


def refuse_unknown(notebooks: Iterable[Path], given: Mapping[str, Any]) -> None:
    """A name that no notebook takes is an error, with the nearest one that exists."""
    known = {parameter.name for notebook in notebooks for parameter in schema(notebook)}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            raise InputError(f"no notebook has a parameter {name!r}", hint=hint)


def secret(value: str) -> str:
    """The value of ``env:NAME`` from the environment; the notebook keeps only the reference.

    Raises
    ------
    InputError : there is no such variable.

    Examples
    --------
    >>> secret("no reference"), secret("env:PATH") == os.environ["PATH"]
    ('no reference', True)
    """
    if not value.startswith(REFERENCE):
        return value
    name = value.removeprefix(REFERENCE)
    if not os.environ.get(name):
        raise InputError(f"the environment has no variable {name}", hint="set it before the run")
    return os.environ[name]


def secrets(values: Mapping[str, Any]) -> dict[str, str]:
    """What must not be seen, and the reference that stands for it."""
    return {secret(v): v for v in values.values() if isinstance(v, str) and v.startswith(REFERENCE)}


def describe(notebook: str) -> str:
    """The parameters of a notebook as a table for the terminal."""
    path = Path(notebook)
    if path.suffix != ".ipynb":
        path = paths.notebooks() / f"{notebook}.ipynb"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in paths.notebooks().glob("*.ipynb")))
        raise InputError(f"there is no notebook {notebook!r}", hint=f"there are: {known}")
    lines = []
    for p in schema(path):
        allowed = f"  {{{', '.join(p.choices)}}}" if p.choices else ""
        span = f"  [{p.span}]" if p.span else ""
        lines += [f"{p.name}: {' | '.join(p.types)} = {p.default!r}{allowed}{span}"]
        lines += [f"    {part.strip()}" for part in p.help.split("|") if part.strip()]
    return "\n".join(lines) or "This notebook has no parameters."
