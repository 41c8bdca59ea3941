"""The table of rules: complete, in both languages, and the page of the docs made from it."""

import re
import runpy
from pathlib import Path

import pytest

from analysis.cleaning.findings import RULES

ROOT = Path(__file__).parents[3]


def test_the_page_of_the_docs_is_the_table():
    shown = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    page = runpy.run_path(str(ROOT / "docs" / "rules.py"))["page"]
    assert shown == page(), "run: python docs/rules.py"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_finding_reads_in_both_languages(rule):
    parts = {"raw": "RAW", "value": "VALUE", "more": "MORE"}
    ja, en = (rule.message(language, **parts) for language in ("ja", "en"))
    assert re.search("[ぁ-ん]", ja) and not re.search("[ぁ-ん一-龥]", en)
    assert "{" not in ja + en
    # what a person must confirm is named in both
    for name in ("RAW", "VALUE", "MORE"):
        assert (name in ja) == (name in en), (rule.id, name)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_is_doubted_or_refused_says_what_was_done_and_what_to_do(rule):
    ja, en = (rule.message(language, raw="RAW") for language in ("ja", "en"))
    if rule.severity in {"noted", "repaired"}:
        return
    assert re.search("ください|か。$", ja) or rule.id == "who", ja  # `more` says it there
    assert re.search(r"Please|\?$", en) or rule.id == "who", en
    if rule.severity == "refused" and rule.id != "error-value":
        assert re.search("値にしていません|採っていません", ja), ja
        assert re.search(
            "not turned into a value|n(one|ot) was taken|was not taken|none was", en
        ), en


def test_a_sentence_ends_where_it_ends():
    assert RULES["who"].message("en", raw="1") == RULES["who"].message("en", raw="1").strip()


def test_rules_are_used_where_answers_are_read():
    files = (ROOT / "src" / "analysis").rglob("*.py")
    sources = [file.read_text("utf-8") for file in files]
    unused = [rule for rule in RULES if not any(f'"{rule}"' in source for source in sources)]
    assert unused == []
