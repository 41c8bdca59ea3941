"""The ministry's rules of machine readability and reasons why a file cannot be read, as data."""

from __future__ import annotations

from importlib.resources import files

import yaml

from analysis.text import Model, Text


class Rule(Model):
    """One check item: what is asked, and what to do about a breach."""

    id: str
    title: Text
    advice: Text


class Unreadable(Model):
    """Why a file cannot be read, and what the office can do, in Japanese."""

    reason: str
    advice: str


_DATA = yaml.safe_load(
    files("analysis").joinpath("data/readability.yml").read_text(encoding="utf-8")
)
RULES = {id: Rule(id=id, **entry) for id, entry in _DATA["rules"].items()}
UNREADABLE = {id: Unreadable(**entry) for id, entry in _DATA["unreadable"].items()}
