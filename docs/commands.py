"""Writes docs/reference.md from the command line's own help: python docs/commands.py."""

import argparse
from pathlib import Path

from workbench import cli

HEAD = """# Commands

Made by `python docs/commands.py` from `workbench --help`; a test keeps it in step.
Exit status: 0 ok, 1 a notebook failed, 2 bad input or usage. `--debug` shows an error's traceback.
"""


def page() -> str:
    """The whole page."""
    actions = cli.parser()._actions
    commands = next(a for a in actions if isinstance(a, argparse._SubParsersAction))
    parts = [HEAD]
    for name, sub in commands.choices.items():
        options = [a for a in sub._actions if a.dest not in {"help", "debug"}]
        words = " ".join(_word(a) for a in options if not a.option_strings)
        parts.append(f"\n## workbench {name}\n\n{sub.description}.\n")
        parts.append(f"\n    workbench {name} {words} [options]\n\n")
        for action in options:
            shown = ", ".join(action.option_strings) or action.dest
            choices = f" ({' / '.join(map(str, action.choices))})" if action.choices else ""
            parts.append(f"- `{shown}`{choices}: {action.help or LANGUAGE_OR_WAVE[action.dest]}\n")
    return "".join(parts)


LANGUAGE_OR_WAVE = {
    "language": "language of what is written (default ja)",
    "wave": "name of a folder in data/raw",
    "seed": "seed of the random numbers (default 20191003)",
}


def _word(action: argparse.Action) -> str:
    return f"{action.dest.upper()}{'...' if action.nargs == '+' else ''}"


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(page(), encoding="utf-8")
