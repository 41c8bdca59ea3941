"""The one error a user is meant to read: what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import partial
from pathlib import Path


class InputError(ValueError):
    """Input that cannot be used as it stands.

    Parameters
    ----------
    what : one sentence that says what is wrong.
    file, sheet, cell : where it is wrong, as far as known.
    hint : what the user can do about it.
    reason : why a file cannot be read, as an id of data/readability.yml; empty for other errors.

    Examples
    --------
    >>> print(InputError("the sheet is missing", file="replies.xlsx", hint="check wave.yml"))
    replies.xlsx: the sheet is missing; check wave.yml
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
    ) -> None:
        self.what, self.file, self.sheet, self.cell, self.hint = what, file, sheet, cell, hint
        self.reason = reason
        place = ", ".join(
            part
            for part in (
                Path(file).name if file is not None else "",
                f"sheet {sheet}" if sheet else "",
                f"cell {cell}" if cell else "",
            )
            if part
        )
        super().__init__(f"{place + ': ' if place else ''}{what}{'; ' + hint if hint else ''}")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip between processes with all fields."""
        return partial(InputError, **vars(self)), ()


def unknown(what: str, name: str, known: Sequence[str], otherwise: str = "") -> InputError:
    """The error for a name that is not there: it gives the near matches, else `otherwise`.

    Examples
    --------
    >>> print(unknown("index", "cooperatoin", ["cooperation", "management"]))
    there is no index 'cooperatoin'; did you mean cooperation?
    """
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else otherwise
    return InputError(f"there is no {what} {name!r}", hint=hint or f"there are: {', '.join(known)}")
