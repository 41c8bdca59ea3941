"""Names and fingerprints that nobody can recompute without this project's key."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from analysis import paths


def pseudonym_key() -> bytes:
    """The key of this project's pseudonyms, made once; it stays outside reports and git."""
    file = paths.root() / ".workbench" / "pseudonym.key"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent)  # readable by its owner alone
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(beside, file)
        Path(beside).unlink()
    return file.read_bytes()


def pseudonym(code: str, key: bytes) -> str:
    """A stable name that cannot be computed without the key; no two of 1,741 are alike.

    Examples
    --------
    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"k" * 32)
    True
    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"x" * 32)
    False
    """
    digest = hmac.new(key, code.encode("ascii"), hashlib.sha256).digest()
    return "M" + base64.b32encode(digest[:5]).decode("ascii")


def fingerprint(text: str) -> str:
    """A hash that changes with the text, for editions that leave the house.

    A plain hash of answers would let anyone who guesses them confirm the guess.
    """
    return hmac.new(pseudonym_key(), b"hash " + text.encode("utf-8"), hashlib.sha256).hexdigest()
