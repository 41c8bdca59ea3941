"""What a notebook shows: figures, tables, paragraphs and answers as data, not as HTML.

Each object shows itself in JupyterLab, and carries its content in a mime type of its own that the
publisher renders and escapes. Nothing that came out of a survey is ever trusted as HTML.
"""

from __future__ import annotations

import base64
import re
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import pandas as pd
from markupsafe import Markup

from analysis import grid
from analysis.text import escape as escape
from analysis.text import gap

VENDOR = "application/vnd.workbench."


class _Output:
    kind: ClassVar[str]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            f"{VENDOR}{self.kind}+json": self._data(),
            "text/html": grid.STYLE + self._html(),
            "text/plain": self._plain(),
        }

    def _data(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]

    def _html(self) -> Markup:
        """The same HTML as on a published page, without what only a page can offer."""
        raise NotImplementedError

    def _plain(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._plain()


@dataclass(frozen=True, repr=False)
class Answer(_Output):
    """The one sentence a page answers its question with, which the index shows; then the rest.

    `about`: the municipalities that the page takes as its example, where it is on single ones.
    """

    kind = "answer"
    text: str
    more: str = ""
    about: str = ""

    @classmethod
    def first(cls, paragraph: str) -> Answer:
        """A computed paragraph whose first sentence is the answer.

        >>> Answer.first("There are 3 clear types (p=0.01). They are stable.").text
        'There are 3 clear types (p=0.01).'
        """
        text, *more = re.split(r"(?<=。)|(?<=\. )", paragraph, maxsplit=1)
        return cls(text.strip(), *more)

    @property
    def paragraph(self) -> str:
        """The sentence and the rest as one text."""
        return f"{self.text}{gap(self.text)}{self.more}".strip()

    def _html(self) -> Markup:
        return grid.part("answer", text=self.text, gap=gap(self.text), more=self.more)

    def _plain(self) -> str:
        return self.paragraph


@dataclass(frozen=True, repr=False)
class Prose(_Output):
    """A computed paragraph or list, in Markdown; see `escape` for what comes from answers."""

    kind = "prose"
    markdown: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            f"{VENDOR}prose+json": self._data(),
            "text/markdown": self.markdown,
            "text/plain": self._plain(),
        }

    def _plain(self) -> str:
        return self.markdown


@dataclass(frozen=True, repr=False)
class NotAvailable(_Output):
    """A declared figure or table that this wave's codebook cannot give, and why."""

    kind = "not-available"
    name: str
    reason: str

    def _html(self) -> Markup:
        return grid.part("unavailable", reason=self.reason)

    def _plain(self) -> str:
        return self.reason


@dataclass(frozen=True, repr=False)
class Figure(_Output):
    """A checked and exported figure."""

    kind = "figure"
    name: str
    title: str
    alt: str
    caption: str
    n: int
    denominator: str
    source: str
    png: str = field(repr=False)  # base64
    csv: str = field(repr=False)
    key: bool = False

    def _html(self) -> Markup:
        picture = grid.part("image", alt=self.alt, png=self.png, size=None)
        return grid.part("figure", id="", title=self.title, caption=self.caption, picture=picture)

    def _plain(self) -> str:
        return f"{self.title} ({self.caption})\n{self.alt}"

    @property
    def image(self) -> bytes:
        """The PNG."""
        return base64.b64decode(self.png)


@dataclass(frozen=True, repr=False)
class Table(_Output):
    """A table with its denominator and notes."""

    kind = "table"
    name: str
    title: str
    caption: str
    n: int
    notes: list[str]
    columns: list[dict[str, Any]]  # {"label": str, "numeric": bool}
    rows: list[list[str]]
    csv: str = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as text, as it is shown."""
        return pd.DataFrame(self.rows, columns=[column["label"] for column in self.columns])

    def _html(self) -> Markup:
        return grid.table(asdict(self), most=len(self.rows))

    def _plain(self) -> str:
        return f"{self.title} ({self.caption})\n{self.frame.to_string(index=False)}"
