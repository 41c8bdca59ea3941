"""The table of rules: complete, in both languages, and the page of the docs made from it."""

import re
from pathlib import Path

import pytest

from analysis.rules import RULES, page

ROOT = Path(__file__).parents[1]


def test_the_page_of_the_docs_is_the_table():
    shown = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert shown == page(), "run: python -m analysis.rules"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_finding_reads_in_both_languages(rule):
    parts = {"raw": "RAW", "value": "VALUE", "more": "MORE"}
    ja, en = (rule.message(language, **parts) for language in ("ja", "en"))
    assert re.search("[ぁ-ん]", ja) and not re.search("[ぁ-ん一-龥]", en)
    assert "{" not in ja + en
    # what a person must confirm is named in both
    for name in ("RAW", "VALUE", "MORE"):
        assert (name in ja) == (name in en), (rule.id, name)


@pytest.mark.parametrize("rule", [r for r in RULES.values() if r.severity != "repaired"],
                         ids=lambda rule: rule.id)  # fmt: skip
def test_a_doubt_says_what_to_do(rule):
    if rule.id in {"hidden", "unmatched", "who"}:  # for the office itself
        return
    assert "ください" in rule.text.ja and re.search(r"Please|Which|or say", rule.text.en)


def test_rules_are_used_where_answers_are_read():
    sources = [
        (ROOT / "src" / "analysis" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("parse", "clean", "identity", "findings")
    ]
    unused = [rule for rule in RULES if not any(f'"{rule}"' in source for source in sources)]
    assert unused == []
