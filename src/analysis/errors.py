"""The one error a user is meant to read: what is wrong, where, and what to do, in two languages."""

from __future__ import annotations

import difflib
import locale
import os
import traceback
from collections.abc import Iterable, Sequence
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal


class Message(str):
    """A short text for the user: it is its English, and says itself in Japanese.

    The English template is the key of its Japanese in ``text/ja/messages.yml`` (gettext's
    convention), so that it is read where it is raised or printed; of a `refusal` both stand in
    ``text/errors.yml``. A value may be a `Message` itself; one of several texts is joined with the
    comma of the language.

    >>> text = Message("there are: {known}", known=["2019", "2020"])
    >>> print(text, text.say("ja"))
    there are: 2019, 2020 次のものがある：2019、2020
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Message:
        """Fill the places of the English template."""
        if isinstance(template, Message):
            return template
        for name, value in values.items():
            if isinstance(value, Iterable) and not isinstance(value, str):
                values[name] = tuple(value)
        self = super().__new__(cls, _fill(template, values, "en") if values else template)
        self.template, self.values = template, values
        return self

    def say(self, language: str) -> str:
        """The text in a language; a text that has no Japanese stays English."""
        template = japanese().get(self.template) if language == "ja" else None
        return _fill(template, self.values, "ja") if template else str(self)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        """Survive the trip between processes."""
        return (self.template,), self.values


def _fill(template: str, values: dict[str, Any], language: str) -> str:
    comma = "、" if language == "ja" else ", "

    def text(value: Any) -> Any:
        if isinstance(value, tuple):
            return comma.join(str(text(one)) for one in value)
        return value.say(language) if isinstance(value, Message) else value

    return template.format(**{name: text(value) for name, value in values.items()})


@cache
def _catalogue(*path: str) -> Any:
    """The content of a file of texts."""
    import yaml  # only now: `workbench --help` answers at once

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(files("analysis").joinpath("text", *path).read_text(encoding="utf-8"), loader)


@cache
def japanese() -> dict[str, str]:
    """The Japanese of each English template."""
    errors = (error for section in _catalogue("errors.yml").values() for error in section.values())
    texts = {text["en"]: text["ja"] for error in errors for text in error.values()}
    return texts | _catalogue("ja", "messages.yml")


_notebook: Literal["ja", "en"] = "en"  # the language of the survey that a notebook loaded last


def follow(language: Literal["ja", "en"]) -> None:
    """Messages are in this language where the environment names none: that of the open notebook."""
    global _notebook
    _notebook = language


def spoken(otherwise: Literal["ja", "en", ""] = "") -> Literal["ja", "en"]:
    """The language of messages: what the environment asks for, as gettext reads it.

    The first of LANGUAGE (set by ``--language``), LC_ALL, LC_MESSAGES and LANG that is not empty,
    else the locale of the system (Windows has none of them). Where it names no language, such as
    ``C.UTF-8``: `otherwise`, else what `follow` was given.
    """
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    # elsewhere than on Windows Python gives en_US for a system that names no language
    system = locale.getlocale()[0] if os.name == "nt" else None
    setting = next(filter(None, map(os.environ.get, names)), None) or system or "C"
    if setting.lower().startswith("ja"):
        return "ja"
    return (otherwise or _notebook) if setting.startswith(("C", "POSIX")) else "en"


def localize(template: str, /, **values: Any) -> str:
    """A message as a command prints it, in the language of messages."""
    return Message(template, **values).say(spoken())


class InputError(ValueError):
    """Input that cannot be used as it stands.

    Parameters
    ----------
    what : one sentence that says what is wrong, a template with named places (see `Message`).
    file, sheet, cell : where it is wrong, as far as known.
    hint : what the user can do about it, a template too.
    reason : why a file cannot be read, as an id of data/readability.yml; empty for other errors.
    values : what the places of both templates are filled with.

    >>> error = InputError("there is no sheet {sheet_name!r}", file="replies.xlsx",
    ...                    hint="there are: {known}", sheet_name="回答", known=["1", "2"])
    >>> print(error)
    replies.xlsx: there is no sheet '回答'; there are: 1, 2
    >>> print(error.say("ja"))
    replies.xlsx：「回答」という名前のシートがない。次のものがある：1、2。
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | Path | None = None,
        sheet: str | None = None,
        cell: str | None = None,
        hint: str | None = None,
        reason: str = "",
        **values: Any,
    ) -> None:
        self.file, self.sheet, self.cell, self.reason = file, sheet, cell, reason
        self.what = Message(what, **values)
        self.hint = Message(hint, **values) if hint else None
        super().__init__(self.say("en"))

    def __str__(self) -> str:
        """As a traceback in a notebook shows it: in the language of messages."""
        return self.say(spoken())

    def say(self, language: str) -> str:
        """Place, fault and advice in a language."""
        ja = language == "ja"
        file = Path(self.file) if self.file is not None else Path()
        place = [
            # each wave has one, and a refresh reads those of others, too
            "/".join(file.parts[-2:]) if file.name == "wave.yml" else file.name,
            (f"シート「{self.sheet}」" if ja else f"sheet {self.sheet}") if self.sheet else "",
            (f"セル{self.cell}" if ja else f"cell {self.cell}") if self.cell else "",
        ]
        where = ("、" if ja else ", ").join(filter(None, place))
        sentences = [part.say(language) for part in (self.what, self.hint) if part]
        text = ("。" if ja else "; ").join(sentences)
        text += "。" if ja and "\n" not in text else ""  # a list of faults ends without full stop
        return ("：" if ja else ": ").join(filter(None, [where, text]))

    def _render_traceback_(self) -> list[str]:
        """As IPython shows it under a cell: the line there and the sentence, no code of ours."""
        frames = traceback.extract_tb(self.__traceback__)
        cell = [f"----> {at.lineno} {at.line}" for at in frames if at.name == "<module>"]
        return [*cell[:1], f"InputError: {self}"]

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip between processes with all fields."""
        return partial(InputError, **vars(self)), ()


def refusal(id: str, /, **about: Any) -> InputError:
    """The error whose words stand under an id in ``text/errors.yml``, in both languages.

    `about`: where it is wrong and what the places of its words are filled with, as of `InputError`.

    >>> print(refusal("output.folder", file="reports/queries.xlsx"))
    queries.xlsx: this is a folder; name a file
    >>> print(refusal("output.folder", file="data/raw/2020/wave.yml"))
    2020/wave.yml: this is a folder; name a file
    """
    section, _, name = id.partition(".")
    words = {part: text["en"] for part, text in _catalogue("errors.yml")[section][name].items()}
    return InputError(**words, **about)


class AttributeInputError(InputError, AttributeError):
    """An attribute that is not there, as `hasattr` and IPython expect it."""


def unknown(
    what: str,
    name: str,
    known: Sequence[str],
    otherwise: str = "",
    error: type[InputError] = InputError,
) -> InputError:
    """The error for a name that is not there: it gives the near matches, else `otherwise`.

    >>> print(unknown("index", "cooperatoin", ["cooperation", "management"]))
    there is no index 'cooperatoin'; did you mean cooperation?
    """
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = "did you mean {near}?" if near else otherwise or "there are: {known}"
    return error(
        "there is no {kind} {name!r}",
        hint=hint,
        kind=Message(what),
        name=name,
        near=near,
        known=known or Message("none"),
    )
