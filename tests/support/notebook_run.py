"""A notebook of this project run cell by cell in this process, with what its cells show."""

import ast
import json
from dataclasses import dataclass, field
from typing import Any

import blank
from project import ROOT

from analysis.show import Answer, Figure, Frame, NotAvailable, Prose, Table


@dataclass
class Shown:
    """What the cells of a notebook showed, by kind; `names`: the variables at its end.

    `cells`: what each code cell showed, by its id.
    """

    names: dict[str, Any] = field(default_factory=dict)
    outputs: list[Any] = field(default_factory=list)
    cells: dict[str, list[Any]] = field(default_factory=dict)

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.outputs if isinstance(one, kind)]

    @property
    def answer(self) -> Answer:
        return self.of(Answer)[0]

    @property
    def tables(self) -> dict[str, Table]:
        return {one.name: one for one in self.of(Table)}

    @property
    def figures(self) -> dict[str, Figure]:
        return {one.name: one for one in self.of(Figure)}

    @property
    def absent(self) -> dict[str, NotAvailable]:
        return {one.name: one for one in self.of(NotAvailable)}

    @property
    def frames(self) -> list[Frame]:
        return self.of(Frame)

    @property
    def prose(self) -> str:
        """All computed paragraphs, in their order."""
        return "\n\n".join(one.markdown for one in self.of(Prose))


def run(
    name: str,
    /,
    *,
    until: str = "",
    skip: str = "",
    only: tuple[str, ...] = (),
    given: dict[str, Any] | None = None,
    **parameters: Any,
):
    """Run notebooks/NAME.ipynb with these parameters.

    `until`: the id of the last cell to run, `skip` of one to leave out, `only`: those to run beside
    the parameters. `given`: objects by name that replace what the cells assign to these names (a
    survey made by a test). Pictures are laid out, refused where nobody could read them, and blank,
    which is enough here and costs half.
    """
    content = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    shown, given = Shown(), given or {}
    shown.names |= {"display": lambda *them: shown.outputs.extend(them), **given}
    for cell in content["cells"]:
        if cell["cell_type"] != "code" or cell["id"] == skip:
            continue
        if only and cell["id"] not in ("parameters", *only):
            continue
        known = len(shown.outputs)
        with blank.pictures(checked=True):
            last = _run("".join(cell["source"]), shown.names, given)
        if "parameters" in cell["metadata"].get("tags", []):
            shown.names |= parameters
        if last is not None:
            shown.outputs.append(last)
        shown.cells[cell["id"]] = shown.outputs[known:]
        if cell["id"] == until:
            break
    return shown


def _run(source: str, names: dict[str, Any], given: dict[str, Any]) -> Any:
    """Run a cell as IPython does; the value of its last expression."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    for statement in body:
        targets = getattr(statement, "targets", [])
        if any(isinstance(t, ast.Name) and t.id in given for t in targets):
            continue
        exec(compile(ast.Module([statement], []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
