"""Texts that exist in Japanese and in English, always both."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, StrictStr

Language = Literal["ja", "en"]


class Text(BaseModel):
    """One text in both languages.

    Examples
    --------
    >>> Text(ja="指定都市", en="designated city")["en"]
    'designated city'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ja: StrictStr
    en: StrictStr

    def __getitem__(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en
