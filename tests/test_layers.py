"""The layers of imports, as pyproject.toml states them (import-linter), and names."""

import ast
import re
from collections import defaultdict

from importlinter.cli import lint_imports
from project import ROOT


def test_imports_go_downwards_only(capsys):
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def test_one_name_stands_for_one_class_or_type_and_one_constant_that_others_import():
    places, imported = defaultdict(list), set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        imported |= {name.name for node in imports for name in node.names}
        for node in tree.body:
            named = [node.name] if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                named = [target.id for target in targets if isinstance(target, ast.Name)]
            for name in named:
                places[name.lstrip("_")].append(path.relative_to(ROOT).as_posix())
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not {
        name: where
        for name, where in twice.items()
        if re.fullmatch("[A-Z][a-z].*", name) or (name.isupper() and name in imported)
    }
