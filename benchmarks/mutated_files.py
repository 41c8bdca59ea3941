"""Damaged files through every command that reads what an office sent.

Each file is a workbook, a text file or an SPSS file with a few mutations: bytes changed, taken out
or repeated, inside the parts of the archive as well (cells, shared strings, styles, relations,
dimensions). It goes through `workbench audit`, `codebook draft` and the reading of a wave. A file
must be read or refused in a sentence, within 20 s of processor and 2 GB, and every filled cell that
openpyxl sees must be in the frame of cells.

    python benchmarks/mutated_files.py --files 5000 [--seed 1]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import re
import resource
import shutil
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.intake import read
from workbench.office import audit
from workbench.office.draft import draft

SECONDS, BYTES = 20, 2 * 2**30
PIECES = (
    *(b"<c <c ", b"<row <row ", b'<c s="1"', b"<from><col>9</col>", b"</c>", b"</row>", b"<v>"),
    *(
        b"9" * 12,
        b"-1",
        b"&x;",
        b"&#0;",
        b"]]>",
        b"\xff\xfe",
        b"\x00",
        b'"',
        b"'",
        b"<",
        b",",
        b"\r",
    ),
    *(b't="s"', b't="e"', b'r="XFD1048576"', b'<dimension ref="A1:XFD1048576"/>', b"\xe2\x80\xae"),
)
WAVE = """
title: {ja: 調査, en: Survey}
as_of: 2019-04-01
publisher: {ja: 研究会, en: Group}
codebook: it-staffing
data: invented
"""


@dataclass
class Outcome:
    """What became of the files that were tried."""

    files: int = 0
    refused: int = 0
    read: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The bytes with one to four changes."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(data) + 1), chance.choice((1, 4, 40, 400))
        match chance.randrange(5):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))
            case 3:
                data[at:at] = chance.choice(PIECES) * chance.choice((1, 1, 3, 2_500))
            case 4:
                other = chance.randrange(len(data) + 1)
                data[at : at + length] = data[other : other + length]
    return bytes(data)


def mutated_workbook(content: bytes, chance: random.Random) -> bytes:
    """A workbook with changes inside its parts, or in the archive itself."""
    if chance.random() < 0.1:
        return mutated(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(chance.randint(1, 2)):
        name = chance.choice(sorted(parts))
        if chance.random() < 0.05:
            parts.pop(name)
        elif chance.random() < 0.3 and b'"' in parts[name]:  # the value of an attribute
            places = [match.span() for match in re.finditer(rb'"[^"<>]*"', parts[name])]
            start, end = chance.choice(places)
            parts[name] = parts[name][: start + 1] + chance.choice(PIECES) + parts[name][end - 1 :]
        else:
            parts[name] = mutated(parts[name], chance)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def attempt(root: Path, file: Path, book: Codebook, outcome: Outcome) -> None:
    """Put one file through the commands, and note what must not be."""
    start, before = sum(os.times()[:4]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    commands: dict[str, Callable[[], object]] = {
        "audit": lambda: audit.report([file], language="en"),
        "draft": lambda: draft(file),
        "read": lambda: _read(file, book),
    }
    for name, command in commands.items():
        try:
            command()
            outcome.read += 1
        except InputError as error:
            outcome.refused += 1
            if "\n" in str(error):
                outcome.faults.append(f"{file.name} {name}: a refusal of several lines")
        except Exception as error:
            outcome.faults.append(f"{file.name} {name}: {type(error).__name__}: {error}"[:300])
    seconds = sum(os.times()[:4]) - start  # of processor: a busy machine is no fault
    outcome.slowest = max(outcome.slowest, seconds)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if seconds > SECONDS or grown > BYTES:
        outcome.faults.append(f"{file.name}: {seconds:.0f} s, {grown / 2**20:.0f} MB")


def _read(file: Path, book: Codebook) -> None:
    """Read a file as that of a wave; each filled cell must be somewhere in the frame."""
    wave = Wave.read(file.parent.name)
    entry = wave.files[0].model_copy(update={"path": file.name})
    received = read.read(wave.model_copy(update={"files": (entry,)}), book)
    if file.suffix == ".xlsx":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pages = openpyxl.load_workbook(io.BytesIO(file.read_bytes())).worksheets
        except Exception:
            return  # what openpyxl cannot read says nothing
        seen = Counter(
            (page.title, cell.row, cell.column)
            for page in pages[:1]
            for row in page.iter_rows()
            for cell in row
            if cell.value is not None and str(cell.value).strip()
        )
        cells = received.cells
        own = set(zip(cells["sheet"], cells["row"], cells["column"], strict=True))
        lost = [place for place in seen if place not in own]
        if lost:
            raise AssertionError(f"cells that are nowhere: {lost[:5]}")


def bases(demo: Path, root: Path) -> dict[str, bytes]:
    """The files that are damaged."""
    frame = pd.read_excel(demo, header=None, dtype=str, engine="calamine").iloc[2:12, :12]
    text = frame.fillna("").to_csv(index=False, header=False)
    names = [f"Q{at:02}" for at in range(frame.shape[1])]
    pyreadstat.write_sav(frame.fillna("").set_axis(names, axis=1), root / "d.sav")
    return {
        "a.xlsx": demo.read_bytes(),
        "b.csv": text.encode("utf-8-sig"),
        "c.csv": text.encode("cp932", "replace"),
        "d.sav": (root / "d.sav").read_bytes(),
    }


def run(demo: Path, files: int, seed: int, root: Path) -> Outcome:
    """Try so many files; `root` has data/codebooks and gets data/raw/w."""
    folder = root / "data/raw/w"
    folder.mkdir(parents=True)
    (folder / "wave.yml").write_text(WAVE + "files: [{path: a.xlsx}]\n", encoding="utf-8")
    book, outcome, chance = Codebook.read("it-staffing"), Outcome(), random.Random(seed)
    given = bases(demo, root)
    with contextlib.suppress(KeyboardInterrupt):  # what was tried counts
        for number in range(files):
            # an SPSS file is read in a process of its own, which takes a second
            (name,) = chance.choices(sorted(given), weights=(60, 20, 18, 2))
            change = mutated_workbook if name.endswith("xlsx") else mutated
            file = folder / f"{number}{Path(name).suffix}"
            file.write_bytes(change(given[name], chance))
            attempt(root, file, book, outcome)
            file.unlink()
            outcome.files += 1
    return outcome


def main() -> None:
    """Print how many files were tried and what was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(here / "data/codebooks", root / "data/codebooks")
        os.environ["WORKBENCH_ROOT"] = str(root)
        demo = here / "data/raw/demo-2019/replies.xlsx"
        outcome = run(demo, given.files, given.seed, root)
    print(
        f"{outcome.files} files: {outcome.read} times read, {outcome.refused} times refused, "
        f"slowest {outcome.slowest:.1f} s, {len(outcome.faults)} faults"
    )
    print("\n".join(outcome.faults))


if __name__ == "__main__":
    main()
