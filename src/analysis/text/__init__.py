"""Texts that exist in Japanese and in English, always both."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, StrictStr

Language = Literal["ja", "en"]
FULL_WIDTH = ("。", "）", "」", "？", "！")  # carry their own space


class Model(BaseModel):
    """An object read from a YAML file: never changed, and no entry that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class Text(Model):
    """One text in both languages.

    Examples
    --------
    >>> Text(ja="指定都市", en="designated city")["en"]
    'designated city'
    """

    ja: StrictStr
    en: StrictStr

    def __getitem__(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en


def gap(sentence: str) -> str:
    """What stands between a sentence and the next: a space, but nothing after a Japanese one.

    Examples
    --------
    >>> gap("There are 3 types."), gap("3つの型がある。")
    (' ', '')
    """
    return "" if sentence.endswith(FULL_WIDTH) else " "
