"""The two packages and their layers, as pyproject.toml states them (import-linter)."""

from importlinter.cli import lint_imports


def test_imports_go_downwards_only(capsys):
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out
