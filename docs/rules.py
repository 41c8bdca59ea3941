"""Writes docs/rules.md from the rules of cleaning: python docs/rules.py."""

from pathlib import Path

from analysis.cleaning.findings import RULES


def page() -> str:
    """The whole page."""
    lines = [
        "# Rules of cleaning",
        "",
        "Made by `python docs/rules.py` from data/cleaning_rules.yml.",
        "",
        "- **noted**: of no answer; nothing was changed.",
        "- **repaired**: the meaning was never in doubt.",
        "- **doubtful**: a value was taken (or an answer left out); the office should confirm it.",
        "- **refused**: nothing was guessed; the cell's text stands in the finding (of a reply",
        "  that is nobody's: the beginning of its answers, and its first and last cell).",
        "",
        "| rule | severity | what (en) | 内容 (ja) |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{r.id}` | {r.severity} | {r.title.en} | {r.title.ja} |" for r in RULES.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("rules.md").write_text(page(), encoding="utf-8")
