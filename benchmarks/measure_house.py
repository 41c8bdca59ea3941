"""How large the package is, and how many functions one Excel cell passes on its way to a page.

    python benchmarks/measure_house.py [--list]

Prints lines and files by folder, the longest files and functions, and two ways, traced on a wave of
three replies to one question: from the file as received to the published page, and from the answers
to one figure. Of each, the distinct functions and modules of the project that are called; of the
first also those that the cell itself passes: its number is among what they are given or return.
Modules are imported beforehand, so that what runs at import does not count; lambdas and
comprehensions belong to the function around them.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SRC = Path(__file__).parents[1] / "src"
PACKAGES = ("analysis", "workbench")
LONGEST = 12
BOOK = """
id: house
title: {ja: 小調査, en: Small survey}
version: "1"
sections: [{id: A, ja: 甲, en: A}]
questions:
  - {id: Q1, section: A, type: integer, role: outcome, ja: 職員数, en: Staff}
"""
WAVE = """
title: {ja: 小調査, en: Small survey}
as_of: 2026-04-01
publisher: {ja: 研究会, en: Group}
codebook: house
data: invented
invited: 3
files: [{path: replies.xlsx}]
"""
CELL = "739155"  # a number that stands in no other place
REPLIES = [("団体名", "問1 職員数"), ("姫路市", 12), ("千葉市", 25), ("大津市", int(CELL))]
PARAMETERS = 'wave: str = "house"\nlanguage: str = "ja"\naudience: str = "internal"'


def rooms() -> None:
    """Lines and files by folder, then the longest files and functions."""
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    long_files, functions = [], []
    for package in PACKAGES:
        for path in sorted((SRC / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            n, inside = text.count("\n"), path.relative_to(SRC)
            for room in {package, "/".join(inside.parts[:2]) if len(inside.parts) > 2
                         else f"{package}/*.py"}:  # fmt: skip
                lines[room] += n
                files[room] += 1
            long_files.append((n, str(inside)))
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = (node.end_lineno or node.lineno) - node.lineno + 1
                    functions.append((length, f"{inside}:{node.lineno} {node.name}"))
    print(f"{'room':32}{'lines':>8}{'files':>7}")
    for room in sorted(lines):
        print(f"{room:32}{lines[room]:8,}{files[room]:7}")
    total = sum(lines[p] for p in PACKAGES), sum(files[p] for p in PACKAGES)
    print(f"{'together':32}{total[0]:8,}{total[1]:7}\n")
    for title, found in (("longest files", long_files), ("longest functions", functions)):
        print(title)
        for n, name in sorted(found, reverse=True)[:LONGEST]:
            print(f"{n:8,}  {name}")
    print()


@contextmanager
def traced() -> Iterator[tuple[set[str], set[str]]]:
    """The functions of the project called meanwhile (``module name``), and those CELL passes."""
    called: set[str] = set()
    passed: set[str] = set()
    inside = tuple(str(SRC / package) + os.sep for package in PACKAGES)

    def follow(frame: Any, event: str, given: Any) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(inside):
            return
        name = code.co_qualname.partition(".<locals>")[0]
        if name.startswith("<") or not code.co_filename.endswith(".py"):
            return
        function = f"{code.co_filename.removeprefix(str(SRC) + os.sep)} {name}"
        called.add(function)
        if function not in passed:
            sys.setprofile(None)  # what prints a value is not on the way
            values = given if event == "return" else list(frame.f_locals.values())
            with suppress(Exception):  # an object that is still being made
                if CELL in repr(values).replace(",", ""):
                    passed.add(function)
            sys.setprofile(follow)

    sys.setprofile(follow)
    try:
        yield called, passed
    finally:
        sys.setprofile(None)


def way(name: str, walk: Callable[[], object], *, listed: bool = False) -> None:
    """Trace a walk and print how much of the project it passed; `listed`: with every function."""
    with traced() as found:
        walk()
    for functions, what in zip(found, ("called", "passed by the cell itself"), strict=True):
        modules = {function.split()[0] for function in functions}
        print(f"{name}, {what}: {len(functions)} functions in {len(modules)} modules")
        if listed:
            print("\n".join(f"    {function}" for function in sorted(functions)))


def wave(root: Path) -> None:
    """A project with one wave: three replies to one question in a workbook."""
    import openpyxl

    folder = root / "data" / "raw" / "house"
    folder.mkdir(parents=True)
    (root / "data" / "codebooks").mkdir()
    (root / "data" / "codebooks" / "house.yml").write_text(BOOK, encoding="utf-8")
    (folder / "wave.yml").write_text(WAVE, encoding="utf-8")
    book = openpyxl.Workbook()
    for row in REPLIES:
        book.active.append(row)
    book.save(folder / "replies.xlsx")


def page(root: Path) -> Callable[[], None]:
    """From the workbook to a page: clean, run one notebook here, publish it."""
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from workbench.publish.page import export

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False  # type: ignore[union-attr]
    cells = ["from analysis import Survey\nsurvey = Survey.load(wave)", 'survey.table("Q1")']
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(s) for s in (PARAMETERS, *cells)]
    )
    notebook.cells[0].metadata["tags"] = ["parameters"]
    context = {"language": "ja", "audience": "internal", "wave": "house", "before": [],
               "wave_title": {"ja": "小調査", "en": "Small survey"}, "invented": True}  # fmt: skip

    def walk() -> None:
        for cell in notebook.cells:
            with shell.display_trap, capture_output() as caught:
                shell.run_cell(cell.source).raise_error()
            cell.execution_count = 1
            cell.outputs = [
                nbformat.v4.new_output("display_data", data=o.data) for o in caught.outputs
            ]
        nbformat.write(notebook, root / "page.ipynb")
        export(root / "page.ipynb", root / "page.html", context=context)

    return walk


def main() -> None:
    rooms()
    for package in (p for p in PACKAGES if (SRC / p).is_dir()):
        for found in pkgutil.walk_packages([str(SRC / package)], f"{package}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    from analysis import Survey

    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_ROOT"] = folder
        wave(Path(folder))
        listed = "--list" in sys.argv
        way("one Excel cell to a page", page(Path(folder)), listed=listed)
        survey = Survey.load("house", files=False)
        way("one figure", lambda: survey.figure("Q1"), listed=listed)


if __name__ == "__main__":
    main()
