"""Who may see what: pseudonyms, what is left out at the source, and small cells.

Data are minimised before a notebook sees them, so nothing downstream can leak what is not there.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from analysis import paths
from analysis.codebook import Codebook

if TYPE_CHECKING:
    from analysis.clean import Cleaned, Ledger

Audience = Literal["internal", "committee", "public"]
AUDIENCES = ("internal", "committee", "public")
SMALLEST = 3  # cells under this count are suppressed for the public


@dataclass(frozen=True)
class Shown:
    """What an edition may use; `alias` maps codes to pseudonyms, empty where names may be shown."""

    responses: pd.DataFrame
    status: pd.DataFrame
    register: pd.DataFrame
    findings: pd.DataFrame
    ledger: Ledger
    alias: dict[str, str]


def minimise(cleaned: Cleaned, codebook: Codebook, *, audience: Audience, named: bool) -> Shown:
    """The cleaned data without what the audience may not see.

    Internal: all. Committee: names, but no free text, no raw text of findings, and no sensitive
    answer. Public: pseudonyms as well, unless the wave is open data whose places may be named.
    """
    responses, status = cleaned.responses, cleaned.status
    register, findings, alias = cleaned.register, cleaned.findings, {}
    if audience != "internal":
        hidden = [
            v
            for q in codebook
            if q.free or q.identity in {"code", "name", "received"}
            for v in q.variables
            if v in responses
        ]
        responses, status = responses.drop(columns=hidden), status.drop(columns=hidden)
        findings = findings.assign(raw="", value="", file="", sheet="", cell="", ja="", en="")
    if audience == "public" and not named:
        key = pseudonym_key()
        alias = {code: pseudonym(code, key) for code in register.index}
        order = {code: alias[code] for code in responses.index}
        rank = sorted(responses.index, key=lambda code: order[code])
        responses = responses.loc[rank].rename(index=alias)
        status = status.loc[rank].rename(index=alias)
        register = register.rename(index=alias).sort_index()
        register = register.assign(name=register.index, prefecture="")
        if "received" in register:
            register = register.assign(received=pd.NaT)
        findings = findings.assign(
            code=findings["code"].map(alias).fillna(""), name=findings["code"].map(alias).fillna("")
        )
    return Shown(responses, status, register, findings, cleaned.ledger, alias)


def pseudonym_key() -> bytes:
    """The key of this project's pseudonyms, made once; it stays outside reports and git."""
    file = paths.root() / ".workbench" / "pseudonym.key"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(32))
    return file.read_bytes()


def pseudonym(code: str, key: bytes) -> str:
    """A stable name that cannot be computed without the key.

    Examples
    --------
    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"k" * 32)
    True
    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"x" * 32)
    False
    """
    digest = hmac.new(key, code.encode("ascii"), hashlib.sha256).hexdigest()
    return f"M{digest[:6].upper()}"


def suppress(counts: pd.DataFrame, smallest: int = SMALLEST) -> pd.DataFrame:
    """A table of counts (without margins) in which small cells cannot be recovered from totals.

    Cells of 1 to `smallest` - 1 are hidden (NA). As row and column totals are published too, each
    row and column with exactly one hidden cell gets its next smallest cell hidden as well
    (complementary suppression), until no hidden cell stands alone.

    Examples
    --------
    >>> table = pd.DataFrame([[1, 9, 4], [8, 7, 6], [5, 3, 9]])
    >>> int(suppress(table).isna().sum().sum())
    4
    """
    values = counts.to_numpy(float)
    hidden = (values > 0) & (values < smallest)
    changed = True
    while changed:
        changed = False
        for axis in (0, 1):
            view = hidden if axis == 0 else hidden.T
            numbers = values if axis == 0 else values.T
            for i in range(len(view)):
                if view[i].sum() != 1 or view.shape[1] == 1:
                    continue
                # a cell whose other line already hides something closes a rectangle: cheaper
                alone = ~np.delete(view, i, axis=0).any(axis=0)
                cost = np.lexsort((numbers[i], alone, numbers[i] == 0, view[i]))
                view[i, cost[0]] = True
                changed = True
    return counts.astype("Int64").mask(pd.DataFrame(hidden, counts.index, counts.columns))
