"""The `parameters` cell of a notebook is its schema: names, types, defaults, help, choices.

A line reads ``name: type = default  # help | 日本語 {choice, choice} [low..high]``.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import paths
from analysis.errors import InputError

TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool, "None": type(None)}


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
        ranged = self.low is not None and self.high is not None and given is not None
        if ranged and not self.low <= given <= self.high:  # type: ignore[operator]
            raise self._wrong(value, f"a number from {self.low:g} to {self.high:g}")
        return given

    def _converted(self, value: Any) -> Any:
        if value is None and "None" in self.types:
            return None
        if isinstance(value, str) and "str" not in self.types:
            text = value.strip()
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
            raise self._wrong(value, " or ".join(self.types))
        if isinstance(value, bool) and "bool" not in self.types:
            raise self._wrong(value, " or ".join(self.types))
        if not any(isinstance(value, TYPES[kind]) for kind in self.types if kind in TYPES):
            raise self._wrong(value, " or ".join(self.types))
        return value

    def _wrong(self, value: Any, allowed: str) -> InputError:
        return InputError(f"the parameter {self.name} cannot be {value!r}", hint=f"give {allowed}")


def schema(notebook: Path) -> list[Parameter]:
    """The parameters of a notebook, read without running anything."""
    return declared(json.loads(notebook.read_text(encoding="utf-8")), notebook)


def declared(content: Mapping[str, Any], notebook: Path) -> list[Parameter]:
    """The parameters in a notebook's content; `notebook` is named in errors."""
    for cell in content["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return _read("".join(cell["source"]), notebook)
    return []


def _read(source: str, notebook: Path) -> list[Parameter]:
    lines = source.splitlines()
    found = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign | ast.Assign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        assert isinstance(target, ast.Name)
        try:
            default = ast.literal_eval(node.value)  # type: ignore[arg-type]
        except ValueError:
            raise InputError(
                f"the parameter {target.id} is not a constant", file=notebook
            ) from None
        if isinstance(node, ast.AnnAssign):
            types = tuple(part.strip() for part in ast.unparse(node.annotation).split("|"))
        else:
            types = (type(default).__name__,)
        line = lines[(node.end_lineno or node.lineno) - 1]
        comment = line.partition("#")[2].strip() if "#" in line else ""
        choices = re.search(r"\{([^}]*)\}", comment)
        span = re.search(r"\[(-?[\d.]+?)\.\.(-?[\d.]+)\]", comment)
        found.append(
            Parameter(
                target.id,
                types,
                default,
                re.sub(r"\s*(\{[^}]*\}|\[[^\]]*\])", "", comment),
                tuple(c.strip() for c in choices[1].split(",")) if choices else (),
                float(span[1]) if span else None,
                float(span[2]) if span else None,
            )
        )
    return found


def checked(notebook: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values that this notebook takes, as their types."""
    known = {parameter.name: parameter for parameter in schema(notebook)}
    return {name: known[name].check(value) for name, value in given.items() if name in known}


def refuse_unknown(notebooks: list[Path], given: Mapping[str, Any]) -> None:
    """A name that no notebook takes is an error, with the nearest one that exists."""
    known = {parameter.name for notebook in notebooks for parameter in schema(notebook)}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            raise InputError(f"no notebook has a parameter {name!r}", hint=hint)


def secret(value: str) -> str:
    """The value of ``env:NAME`` from the environment; the notebook keeps only the reference."""
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in os.environ:
        raise InputError(f"the environment has no variable {name}", hint="set it before the run")
    return os.environ[name]


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
        allowed = f" ({', '.join(p.choices)})" if p.choices else ""
        span = f" [{p.low:g} to {p.high:g}]" if p.low is not None and p.high is not None else ""
        lines.append(
            f"{p.name}: {' | '.join(p.types)} = {p.default!r}{allowed}{span}\n    {p.help}"
        )
    return "\n".join(lines)
