"""Pages printed to PDF through an installed Chromium, fonts embedded."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from analysis.errors import InputError

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
SECONDS = 120  # for one page


def browser() -> str:
    """The Chromium that prints.

    Raises
    ------
    InputError : none is installed.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise InputError(
            "PDF needs Chromium, Chrome or Edge, and none is installed",
            hint="install one, or leave --pdf out: the HTML pages print as well",
        )
    return found


def print_page(page: Path, target: Path, *, date: str) -> None:
    """Print a page; `date` (YYYY-MM-DD) stands in the file in place of the clock.

    Raises
    ------
    InputError : no Chromium is installed, or it printed nothing.
    """
    program = browser()
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "page.pdf"
        command = [program, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += [f"--user-data-dir={folder}", "--no-pdf-header-footer"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses its sandbox to root
        command += [f"--print-to-pdf={printed}", page.resolve().as_uri()]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        content = printed.read_bytes() if printed.is_file() else b""
    if not content:
        raise InputError("Chromium could not print the page", file=page)
    beside = target.with_name(f".{target.name}.part")
    beside.write_bytes(_dated(content, date))
    beside.replace(target)


def _dated(content: bytes, date: str) -> bytes:
    """The same file with this date as the time it was made: as many bytes, so all stays in place.

    Examples
    --------
    >>> _dated(b"/CreationDate (D:20261125071640+00'00')", "2026-01-02")
    b"/CreationDate (D:20260102000000+00'00')"
    """
    digits = f"{date.replace('-', '')}000000".encode("ascii")
    return re.sub(rb"(Date \(D:)\d{14}", lambda match: match[1] + digits, content)
