"""The rules of cleaning, read from data/cleaning_rules.yml; docs/rules.md is made from them.

``repaired``: the meaning was never in doubt. ``doubtful``: a value was taken, or an answer left
out, and the office should confirm it. ``refused``: no value; the text stands in the finding.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import yaml

from analysis.text import Language, Model, Text

Severity = Literal["repaired", "doubtful", "refused"]


class Rule(Model):
    """One rule of cleaning.

    `text` is the sentence of a finding, with places for the cell's text ({raw}), for what was read
    ({value}) and for what else the sentence needs ({more}).
    """

    id: str
    severity: Severity
    title: Text
    text: Text

    def message(self, language: Language, **parts: str | Text) -> str:
        """The sentence of a finding.

        Examples
        --------
        >>> RULES["thousands"].message("en", raw="1,200", value="1200")
        '1,200 was read as 1200 (separators dropped).'
        """
        sentence = self.text[language]
        for name in ("raw", "value", "more"):
            part = parts.get(name, "")
            sentence = sentence.replace(
                f"{{{name}}}", part[language] if isinstance(part, Text) else part
            )
        return sentence.strip()


def _read() -> dict[str, Rule]:
    content = files("analysis").joinpath("data/cleaning_rules.yml").read_text(encoding="utf-8")
    entries = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {id: Rule(id=id, **entry) for id, entry in entries.items()}


RULES = _read()


def page() -> str:
    """docs/rules.md."""
    lines = [
        "# Rules of cleaning",
        "",
        "Made by `python -m analysis.cleaning.rules` from data/cleaning_rules.yml.",
        "",
        "- **repaired**: the meaning was never in doubt.",
        "- **doubtful**: a value was taken (or an answer left out); the office should confirm it.",
        "- **refused**: nothing was guessed; the cell's text stands in the finding.",
        "",
        "| rule | severity | what (en) | 内容 (ja) |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{r.id}` | {r.severity} | {r.title.en} | {r.title.ja} |" for r in RULES.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from pathlib import Path

    (Path(__file__).parents[3] / "docs" / "rules.md").write_text(page(), encoding="utf-8")
