"""Cleaned data: cleaned anew where they are out of date, kept as Parquet with CSV beside it."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis import fingerprints, paths
from analysis.cleaning.clean import Cleaned, Ledger, clean
from analysis.codebook import registration
from analysis.codebook.model import Codebook
from analysis.codebook.questions import code_table, csv_column
from analysis.codebook.wave import Wave
from analysis.errors import refusal
from analysis.fingerprints import (
    CLEANED,
    TABLES,
    cleaned_key,
    combine,
    hash_file,
    hash_folder,
    hash_tables,
    installed,
    is_cleaned,
    package_files,
)
from analysis.intake import read
from analysis.spreadsheet import quoted, to_csv

LISTS = {"findings", "outside"}  # without a code a row
KEPT = 60  # days
LOADED = package_files("analysis")  # the code that runs here, whatever becomes of its files
VERBATIM = ("raw", "value", "text")  # their columns of what was written and read


def prepared(wave: str, *, force: bool = False) -> tuple[Cleaned, Wave, Codebook]:
    """The cleaned data of a wave, its wave.yml and codebook, all of one state of the files.

    Cleaned anew where files, codebook or cleaning code changed, or by `force`; not kept where the
    code was replaced in this process. An InputError where they change meanwhile.
    """
    paths.refuse_other_code()
    about = Wave.read(wave)
    before = _states(about)  # of which a change is seen that was undone before the end
    now = key(about)  # before anything that is used is read, and again after it
    of_run = fingerprints.of_run()[1].get(wave, now)
    if of_run != now or package_files("analysis") != LOADED:  # as in JupyterLab after a git pull
        raise refusal("wave.changed_in_use", wave=wave)
    about = Wave.read(wave)
    book, folder, patched = about.book(), paths.processed(wave), fingerprints.is_patched()
    kept = not (force or patched) and is_cleaned(folder, now)
    cleaned = load(folder) if kept else anew(about, book)
    if kept and not is_cleaned(folder, now):  # it was swapped for another while it was read
        kept, cleaned = False, anew(about, book)
    if (not kept and key(about) != now) or _states(about) != before:
        raise refusal("wave.changed_in_use", wave=wave)
    if not (kept or patched):
        write(cleaned, folder, now, book)
    if not patched:  # also where a command ended just before, or what was on record was removed
        registration.put_on_record(wave, book, cleaned.register.query("replied")["received"])
    return cleaned, about, book


def anew(wave: Wave, book: Codebook) -> Cleaned:
    """The data cleaned from the files as they came; all cells are accounted for."""
    cleaned = clean(read.read(wave, book), wave, book)
    cleaned.ledger.check()
    return cleaned


def replies(wave: str) -> tuple[Cleaned, Wave, Codebook]:
    """`prepared`, refused where no reply counts: nothing can be said of such a wave."""
    data = prepared(wave)
    if data[0].responses.empty:
        raise refusal("wave.no_reply_counts", wave=wave)
    return data


def key(wave: Wave) -> str:
    """What the cleaned data depend on, see `analysis.fingerprints.cleaned_key`."""
    book = paths.codebooks() / f"{wave.codebook}.yml"
    return cleaned_key(hash_folder(wave.folder), hash_file(book), package_files("analysis"))


def _states(wave: Wave) -> object:
    """What differs once a file that `key` is made of was saved, those of the package aside."""
    return fingerprints.states(wave.folder, paths.codebooks() / f"{wave.codebook}.yml")


def package_key() -> str:
    """Hash of what typologies that are kept beside the data depend on, besides their arguments.

    That is the code of `analysis` with its thresholds and words, as it runs here and as it lies on
    the disk, and the libraries.
    """
    code = {"runs": combine(LOADED), "lies": combine(package_files("analysis"))}
    return combine({**code, **installed()})[:16]


def kept() -> Path:
    """The folder of typologies kept for this state of the package and of the libraries.

    Those of states that nobody has used for `KEPT` days are removed.
    """
    place = paths.cache() / package_key()
    with contextlib.suppress(OSError):  # it may only be read
        place.mkdir(parents=True, exist_ok=True)
        os.utime(place)
        if pipe := next(filter(Path.is_fifo, place.rglob("*")), None):  # joblib would wait for ever
            raise refusal("file.pipe", file=pipe)
        for old in paths.cache().glob("[0-9a-f]" * 16):
            unused = old.stat().st_mtime < time.time() - KEPT * 86400
            # other programs may have folders of such names
            if unused and [*old.glob("analysis/typology"), *old.glob("*/analysis/typology")]:
                shutil.rmtree(old, ignore_errors=True)
    return place


def _written(folder: Path) -> dict[str, str]:
    """The files of cleaned data, with the hashes of those that are in a folder, where known."""
    known = dict.fromkeys(CLEANED, "")
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
        known |= json.loads(paths.read_text(folder / "ledger.json"))["files"]
    return known


def write(cleaned: Cleaned, folder: Path, key: str, book: Codebook) -> None:
    """Write everything beside, then swap; a reader never sees half of it."""
    part = paths.beside(folder)
    try:
        for name, content in files_of(cleaned, book):
            paths.write_atomic(part / name, content)
        counts = json.loads(cleaned.ledger.counts.to_json(orient="records", force_ascii=False))
        about = {"key": key, "files": (hashes := hash_tables(part))}
        if not all(hashes.values()):  # another command removed them as what a killed one left
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), part)
        ledger = {**about, "received": cleaned.ledger.received, "counts": counts}
        ledger |= {"sha256": fingerprints.sha(json.dumps(ledger))}  # its counts stand on a page
        text = json.dumps(ledger, ensure_ascii=False, indent=1)
        paths.write_atomic(part / "ledger.json", text + "\n")
        paths.swap_folder(part, folder, "ledger.json", _written(folder))
    except OSError as error:
        fault = error.strerror or error
        raise refusal("wave.cleaned_not_written", file=folder, strerror=fault) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def files_of(cleaned: Cleaned, book: Codebook) -> Iterator[tuple[str, bytes | str]]:
    """The name and content of each table, one after the other.

    The CSV files meet the rules of machine readability: codes.csv explains the codes, and what
    others wrote stands in quotation marks. Parquet has it word for word.
    """
    for name in TABLES:
        frame: pd.DataFrame = getattr(cleaned, name)
        buffer = io.BytesIO()
        frame.to_parquet(buffer, engine="pyarrow", compression="zstd")
        yield f"{name}.parquet", buffer.getvalue()
        of = book.question_of if name == "responses" else {}
        columns = {v: csv_column(frame[v], q) for v, q in of.items() if v in frame}
        if name in LISTS:
            columns = {column: quoted(frame[column]) for column in VERBATIM if column in frame}
        yield f"{name}.csv", to_csv(frame.assign(**columns), index=name not in LISTS)
    variables = {v: q for q in book for v in q.variables if v in cleaned.responses}
    yield "codes.csv", to_csv(code_table(variables))


def load(folder: Path) -> Cleaned:
    """The cleaned data as they were written."""
    frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    content = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    counts = pd.DataFrame(content["counts"], columns=["file", "sheet", "place", "cells"])
    return Cleaned(**frames, ledger=Ledger(counts, content["received"]))
