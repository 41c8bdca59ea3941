"""The documentation: it builds without a warning, opens offline, and its commands exist."""

import importlib.util
import re
import shlex
import textwrap
import warnings
from pathlib import Path

import pytest
import yaml
from project import commands as every_command

from analysis.codebook import model as model_module
from analysis.codebook.model import Feature, Hypothesis
from analysis.codebook.rules import FUNCTIONS, Expression
from analysis.text import Model
from workbench.cli import parser

ROOT = Path(__file__).parents[1]
BOOK = {"analysis.codebook.model", "analysis.codebook.questions"}
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("README*.md"), ROOT / "CONTRIBUTING.md"])


def commands(page):
    text = page.read_text(encoding="utf-8")
    fenced = "\n".join(re.findall(r"^```(?:sh|bash|shell|console)?\n(.*?)^```", text, re.M | re.S))
    return re.findall(r"^(?: {4,})(workbench .+)$", text, re.M) + re.findall(
        r"^(workbench .+)$", fenced, re.M
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_that_is_shown_exists_with_its_options(page):
    if page.name.startswith("reference"):  # made from the command line itself
        return
    for line in commands(page):
        typed = line.partition(" > ")[0].partition("  #")[0]
        try:
            parser().parse_args(shlex.split(typed)[1:])
        except SystemExit as end:
            assert end.code == 0, line


def test_the_tutorial_says_the_same_in_both_languages():
    english, japanese = (ROOT / "docs" / name for name in ("own-survey.md", "tutorial.ja.md"))
    assert [c.removesuffix(" --language en") for c in commands(english)] == commands(japanese)
    heads = [re.findall(r"^## (\d)\.", p.read_text("utf-8"), re.M) for p in (english, japanese)]
    assert heads[0] == heads[1]


def test_every_command_has_its_how_to_or_its_place_in_the_tutorial():
    told = "\n".join(
        line for page in PAGES if not page.name.startswith("reference") for line in commands(page)
    )
    missing = [name for name in every_command() if f"workbench {name} " not in told]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.skipif(not importlib.util.find_spec("sphinx"), reason="sphinx is not installed")
@pytest.mark.slow
def test_the_pages_build_without_a_warning_and_load_nothing(tmp_path, capsys):
    from sphinx.cmd.build import build_main

    site = tmp_path / "site"
    given = ["-q", "-W", "-b", "html", "-d", tmp_path / "trees", ROOT / "docs", site]
    with warnings.catch_warnings():  # of Sphinx's own packages; those of the pages are -W
        warnings.simplefilter("ignore")
        failed = build_main([*map(str, given)])  # here, where all that it imports is there
    assert not failed, capsys.readouterr().err
    reference = (site / "api.html").read_text(encoding="utf-8")
    for name in ("Survey.load", "study", "Ledger", "permutation"):
        assert name in reference, name
    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|href)="https?://[^"]+\.(?:js|css|woff2?)', text), page.name


def test_the_codebook_guide_names_every_key_and_its_examples_are_read():
    known = [model for model in vars(model_module).values()
             if isinstance(model, type) and issubclass(model, Model)]  # fmt: skip
    keys = {key for model in known for key in model.model_fields if model.__module__ in BOOK}
    for name in ("codebook.md", "codebook.ja.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert not [key for key in sorted(keys) if f"`{key}`" not in text and f"{key}:" not in text]
        assert not [f for f in FUNCTIONS if f"`{f}`" not in text]
        blocks = re.findall(r"(?:^ {4}.*\n?)+", text, re.M)
        read = [yaml.safe_load(textwrap.dedent(block)) for block in blocks]
        features = next(one["features"] for one in read if "features" in one)
        assert [Feature.model_validate(one).id for one in features] == ["partners", "posting_years"]
        (h1,) = next(one["hypotheses"] for one in read if "hypotheses" in one)
        assert Hypothesis.model_validate(h1).primary
        table = [line for line in text.splitlines() if line.startswith("| ")]
        for rule in re.findall(
            r"`((?:Q\d|(?:any|count|highest|mean|log1p)\()[^`]+)`", "\n".join(table)
        ):
            if " " in rule or "(" in rule:  # not a name of a column
                Expression(rule)
