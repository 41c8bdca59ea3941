"""Messages: every one has its Japanese, and a command speaks the language that is asked for."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from types import SimpleNamespace

import pytest
import yaml

from analysis import show
from analysis.errors import InputError, Message, japanese, spoken, unknown

SRC = Path(__file__).parents[2] / "src"
MAKES = {"InputError", "ExpressionError", "Message", "localize", "unknown", "error", "_errors"}
OWN = {"file", "sheet", "cell", "hint", "reason", "at", "what"}  # of an error, not of its texts


def texts(node: ast.expr) -> list[ast.expr]:
    """The texts that an argument may be: of a choice each."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) + texts(node.orelse)
    return (
        [part for v in node.values for part in texts(v)] if isinstance(node, ast.BoolOp) else [node]
    )


def named_before(node: ast.Assign) -> list[ast.expr]:
    """The texts that are assigned to `what` and `hint`; single words are none."""
    found = []
    for target in node.targets:
        both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
        pairs = zip(target.elts, node.value.elts, strict=True) if both else [(target, node.value)]
        for name, value in pairs:
            if isinstance(name, ast.Name) and name.id in {"what", "hint"}:
                found += [t for t in texts(value) if " " in str(getattr(t, "value", ""))]
    return found


def templates() -> list[tuple[str, ast.expr, set[str]]]:
    """Where, the text and the names given to it, of every message in the source."""
    found = []
    for file in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assign):  # a text or its hint under a name, before the error
                where = f"{file.relative_to(SRC)}:{node.lineno}"
                found += [(where, text, {"**"}) for text in named_before(node)]
            name = getattr(node, "func", None)
            name = getattr(name, "id", getattr(name, "attr", ""))
            if not isinstance(node, ast.Call) or name not in MAKES:
                continue
            given = {k.arg or "**" for k in node.keywords}
            if name == "error" and "hint" not in given:
                continue  # a logger's
            hints = [k.value for k in node.keywords if k.arg == "hint"]
            first = node.args[:1] + (node.args[3:4] if name == "unknown" else [])
            where = f"{file.relative_to(SRC)}:{node.lineno}"
            found += [(where, text, given) for a in first + hints for text in texts(a)]
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_every_message_has_its_japanese() -> None:
    lacking, formatted = [], []
    for where, text, given in templates():
        if isinstance(text, ast.JoinedStr):
            formatted.append(where)
        elif isinstance(text, ast.Constant) and isinstance(text.value, str):
            if text.value and text.value not in japanese():
                lacking.append((where, text.value))
            if not given & {"**", "place"} and "errors.py" not in where and given - OWN:
                assert fields(text.value) <= given, where
    assert not formatted, "a message is a template with named places, no f-string"
    assert not lacking, "add it to src/analysis/text/ja/messages.yml"


def test_every_refusal_has_its_words_and_every_words_a_refusal() -> None:
    catalogue = yaml.safe_load((SRC / "analysis/text/errors.yml").read_text("utf-8"))
    words = {f"{of}.{name}": one for of, own in catalogue.items() for name, one in own.items()}
    used = set[str]()
    for file in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            name = getattr(node, "func", None)
            if isinstance(node, ast.Constant) and node.value in words:
                used.add(node.value)
            elif getattr(name, "id", getattr(name, "attr", "")) == "refusal":
                ids = [text.value for text in texts(node.args[0]) if isinstance(text, ast.Constant)]
                assert {*ids} <= words.keys(), f"add it to src/analysis/text/errors.yml: {ids}"
                given = {k.arg or "**" for k in node.keywords}
                places = {p for id in ids for t in words[id].values() for p in fields(t["en"])}
                assert "**" in given or places <= given, (file, ids)
    assert words.keys() == used


def test_a_sentence_has_one_translation() -> None:
    catalogue = yaml.safe_load((SRC / "analysis/text/errors.yml").read_text("utf-8"))
    errors = [text for own in catalogue.values() for one in own.values() for text in one.values()]
    assert [text["en"] for text in errors if japanese()[text["en"]] != text["ja"]] == []


def test_both_languages_of_a_message_have_the_same_places() -> None:
    assert [en for en, ja in japanese().items() if fields(en) != fields(ja)] == []


def test_an_error_says_place_fault_and_advice_in_both_languages() -> None:
    error = InputError(
        "there is no sheet {sheet_name!r}",
        file="data/replies.xlsx",
        sheet="回答",
        cell="B3",
        hint="there are: {known}",
        sheet_name="票",
        known=["一", "二"],
    )
    there = "replies.xlsx, sheet 回答, cell B3: there is no sheet '票'; there are: 一, 二"
    assert str(error) == error.say("en") == there
    ja = "replies.xlsx、シート「回答」、セルB3：「票」という名前のシートがない。" + (
        "次のものがある：一、二。"
    )
    assert error.say("ja") == pickle.loads(pickle.dumps(error)).say("ja") == ja
    assert unknown("index", "cooperatoin", ["cooperation"]).say("ja") == (
        "「cooperatoin」という指標はない。近いもの：cooperation。"
    )
    assert Message("this is no message").say("ja") == "this is no message"


@pytest.mark.parametrize(
    ("set_to", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_environment_says_the_language(
    set_to: dict[str, str], language: str, locale: Callable[..., None]
) -> None:
    locale(**set_to)
    assert spoken() == language


def test_errors_are_in_the_language_of_the_open_notebook_where_the_environment_names_none(
    monkeypatch: pytest.MonkeyPatch, locale: Callable[..., None]
) -> None:
    locale()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr("analysis.errors._notebook", "en")
    error = unknown("variable", "Q8", ["Q08"])
    for environment, language, start in (
        ("C.UTF-8", "ja", "「Q8」という変数はない"),
        ("en_US.UTF-8", "ja", "there is no variable"),
        ("C.UTF-8", "en", "there is no variable"),
    ):
        monkeypatch.setenv("LANG", environment)
        show.only_language(language)
        assert str(error).startswith(start)
