"""The layers of imports, as pyproject.toml states them (import-linter), and names."""

import ast
import re
from collections import defaultdict

from importlinter.cli import lint_imports
from project import ROOT


def test_imports_go_downwards_only(capsys):
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def test_one_name_stands_for_one_class_or_type():
    places = defaultdict(list)
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = [node.name] if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.Assign):  # an alias of a type: CamelCase
                named = [t.id for t in node.targets if isinstance(t, ast.Name)]
            for name in named:
                if re.fullmatch(r"_?[A-Z][a-z]\w*", name):
                    places[name.lstrip("_")].append(path.relative_to(ROOT).as_posix())
    assert not {name: where for name, where in places.items() if len(where) > 1}
