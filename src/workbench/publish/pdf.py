"""Pages printed to PDF through an installed Chromium, fonts embedded."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lxml import html

from analysis import paths
from analysis.errors import refusal
from workbench import outputs

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
SECONDS = 120  # for one page


def browser() -> str:
    """The Chromium that prints.

    Raises InputError: none is installed.
    """
    path = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    if path is None:
        raise refusal("pdf.no_browser")
    return path


def print_page(page: Path, target: Path, *, date: str) -> None:
    """Print a page; `date` (YYYY-MM-DD) stands in the file in place of the clock.

    Raises InputError: no Chromium is installed, or it printed nothing.
    """
    program = browser()
    with tempfile.TemporaryDirectory(dir=outputs.temporary()) as folder:
        printed = Path(folder) / "page.pdf"
        command = [program, "--headless", "--disable-gpu", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update"]
        command += [f"--user-data-dir={folder}", "--no-pdf-header-footer"]
        command += ["--generate-pdf-document-outline"]  # a bookmark a heading
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses its sandbox to root
        command += [f"--print-to-pdf={printed}", page.resolve().as_uri()]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        content = printed.read_bytes() if printed.is_file() else b""
    if not content:
        raise refusal("pdf.not_printed", file=page)
    paths.write_atomic(target, _dated(content, date))


def print_whole(pages: Sequence[Path], target: Path, *, date: str) -> None:
    """Print several pages as one file, numbered through, with the headings as bookmarks."""
    joined = target.with_suffix(".part.html")
    joined.write_text(whole(pages), encoding="utf-8")
    try:
        print_page(joined, target, date=date)
    finally:
        joined.unlink()


def whole(pages: Sequence[Path]) -> str:
    """Pages one after another as one page; links between them lead to their places in it."""
    first, *others = (_chapter(page, [other.name for other in pages]) for page in pages)
    for root in others:
        for part in root.xpath("//body/header | //body/main"):
            if part.tag == "header":
                part.set("style", "break-before:page")
            first.body.append(part)
    for footer in first.xpath("//body/footer"):  # what the run was stands once, at the end
        first.body.append(footer)
    return str(html.tostring(first, encoding="unicode", doctype="<!DOCTYPE html>"))


def _chapter(page: Path, names: Sequence[str]) -> html.HtmlElement:
    """A page whose places have its name before theirs, and whose links know those of the others."""
    root = html.document_fromstring(page.read_text(encoding="utf-8"))
    for part in root.xpath("//nav | //details | //a[@class='skip']"):
        part.drop_tree()
    for part in root.xpath("//*[@id]"):
        part.set("id", f"{page.name}-{part.get('id')}")
    for heading in root.xpath("//h1"):
        heading.set("id", page.name)
    for link in root.xpath("//a[@href]"):
        name, mark, place = link.get("href").partition("#")
        name = name or page.name
        if name in names:
            link.set("href", f"#{name}-{place}" if mark else f"#{name}")
    return root


def _dated(content: bytes, date: str) -> bytes:
    """The same file with this date as the time it was made: as many bytes, so all stays in place.

    Examples
    --------
    >>> _dated(b"/CreationDate (D:20261125071640+00'00')", "2026-01-02")
    b"/CreationDate (D:20260102000000+00'00')"
    """
    digits = f"{date.replace('-', '')}000000".encode("ascii")
    return re.sub(rb"(Date \(D:)\d{14}", lambda match: match[1] + digits, content)
