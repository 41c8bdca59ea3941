"""Long texts of one sign, as an answer and as a heading, through audit, draft and cleaning.

A regular expression that runs back and forth takes minutes for one of them. Run:
python benchmarks/long_texts.py --length 60000
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from analysis import paths
from analysis.cleaning import clean
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read
from workbench.office.audit import audit
from workbench.office.draft import draft

SIGNS = (
    *"([<（「“①1%+、市",
    *("単位", "その他 ", "年1", "1万"),
    *("a ", "a_", "a;", "a/", "a:", "a@", "a - ", "a [", "(a)", "[a]", "(a ", "1,", "1(", "1 ("),
    *("1-", "1〜", "1.1.", "R1.", "→ ", "x\n", "\u3000", "1、"),
)


def texts(length: int) -> list[str]:
    """The texts: a sign over and over, white space within brackets and words."""
    made = [sign * (length // len(sign)) for sign in SIGNS]
    return [*made, "(" + " " * length, "x" + " " * length + "x", "1、" * (length // 2) + ")"]


def tables(text: str) -> dict[str, list[list[str]]]:
    """The demo wave of 2020 with the text in every answer of a reply, or as one more heading."""
    content = (paths.raw("demo-2020") / "replies.csv").read_text(encoding="cp932")
    rows = list(csv.reader(io.StringIO(content)))
    answers = [*rows[:3], [*rows[3][:3], *[text] * (len(rows[3]) - 3)], *rows[4:]]
    return {"answer": answers, "heading": [[*rows[0], text], *([*row, "1"] for row in rows[1:])]}


def seconds(work: Callable[[], object]) -> float:
    """The processor time of some work, which may refuse the file in a sentence."""
    begun = time.process_time()
    with contextlib.suppress(InputError):
        work()
    return time.process_time() - begun


def run(length: int) -> list[tuple[float, str, str, str]]:
    """Seconds, what was done, where the text was and how it begins, the slowest first."""
    book, found = Codebook.read("it-staffing"), []
    about = (paths.raw("demo-2020") / "wave.yml").read_text(encoding="utf-8")
    for text in texts(length):
        for place, rows in tables(text).items():
            with tempfile.TemporaryDirectory() as made:
                file = Path(made, "x", "replies.csv")
                file.parent.mkdir()
                with file.open("w", newline="", encoding="utf-8") as handle:
                    csv.writer(handle).writerows(rows)
                file.with_name("wave.yml").write_text(about.replace("cp932", "utf-8"))

                def cleaned(folder: Path = file.parent) -> object:
                    wave = Wave.read(folder)
                    return clean.clean(read.read(wave, book, folder), wave, book)

                works = {
                    "audit": lambda file=file: audit([file]),
                    "draft": lambda file=file: draft(file),
                    "clean": cleaned,
                }
                found += [(seconds(work), n, place, text[:6]) for n, work in works.items()]
    return sorted(found, reverse=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=20_000)
    slowest = run(parser.parse_args().length)
    print(f"{len(slowest)} times; the slowest, in seconds of processor:")
    for took, work, place, begins in slowest[:8]:
        print(f"{took:6.1f} {work} {place} {begins!r}")
