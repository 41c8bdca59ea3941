"""Writes docs/reference.md and reference.ja.md from the commands' help: python docs/commands.py."""

import argparse
from pathlib import Path

from workbench import cli

HEADS = {
    "en": """# Commands

*[日本語](reference.ja.md)*

Made by `python docs/commands.py` from `workbench --help`; a test keeps it in step.
Exit status: 0 ok, 1 a notebook failed, 2 bad input or usage. `--debug` shows an error's traceback.
""",
    "ja": """# コマンド

*[English](reference.md)*

`python docs/commands.py` が `workbench --help` から作ります（テストで一致を確かめています）。
終了コード：0 は正常、1 はノートブックの失敗、2 は入力又は指定の誤り。
誤りの詳細は `--debug` で出ます。
""",
}


def page(language: str = "en") -> str:
    """The whole page."""
    actions = cli.parser(language)._actions
    commands = next(a for a in actions if isinstance(a, argparse._SubParsersAction))
    parts, ja = [HEADS[language]], language == "ja"
    for name, sub in commands.choices.items():
        options = [a for a in sub._actions if a.dest not in {"help", "debug"}]
        words = " ".join(_word(a) for a in options if not a.option_strings)
        parts.append(f"\n## workbench {name}\n\n{sub.description}{'。' if ja else '.'}\n")
        parts.append(f"\n    workbench {name} {words} [options]\n\n")
        for action in options:
            shown = ", ".join(action.option_strings) or action.dest
            choices = f" ({' / '.join(map(str, action.choices))})" if action.choices else ""
            parts.append(f"- `{shown}`{choices}{'：' if ja else ': '}{action.help}\n")
    return "".join(parts)


def _word(action: argparse.Action) -> str:
    return f"{action.dest.upper()}{'...' if action.nargs == '+' else ''}"


if __name__ == "__main__":
    for language, name in (("en", "reference.md"), ("ja", "reference.ja.md")):
        Path(__file__).with_name(name).write_text(page(language), encoding="utf-8")
