"""What was given out: an edition kept as it left the house, and a line in releases.yml for each.

Editions for others hide small numbers. Two of them side by side may tell what neither does: where a
number of municipalities differs by one or two, whoever has both learns the answer of those that
were added, dropped or corrected. A later release is therefore compared with all earlier ones of its
wave and audience, and refused where they differ so.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from analysis import fingerprints, paths
from analysis.codebook import yaml_file
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.stats.thresholds import SMALLEST_CELL
from analysis.text import Language, label
from analysis.view import Audience
from workbench.run.record import Edition, Status, last_record

RESULTS = "results"  # of a run folder: its numbers with ids in the place of words


def release(wave: str, *, by: str, audience: Audience = "public", language: Language = "ja") -> str:
    """Keep the published edition as a release; the sentence to print.

    The run folder is copied to ``releases/NAME/NUMBER`` and a line is added to
    ``releases/releases.yml``: what was given out, to whom, when, which hashes, and who said so.

    Raises
    ------
    InputError
        The edition is internal, or not refreshed in full; nobody is named; it is released already;
        or it would disclose single answers together with an earlier release.
    """
    edition = Edition(wave, audience, language)
    record = _complete(edition, by)
    shelf = paths.root() / "releases"
    book = shelf / "releases.yml"
    lines, files = _lines(book), fingerprints.hash_files(edition.folder)
    digest = fingerprints.combined(files)
    _refuse_again(edition, digest, lines, shelf)
    number = 1 + sum(line["edition"] == edition.name for line in lines)
    place = shelf / edition.name / str(number)
    line = {
        "edition": edition.name,
        "number": number,
        **{"wave": wave, "audience": audience, "language": language},
        "date": dt.date.today().isoformat(),
        "by": by.strip(),
        "folder": f"{edition.name}/{number}",
        "run": record["finished"],
        **{name: record[name] for name in ("data_sha256", "code_sha256")},
        "files": len(files),
        "sha256": digest,
    }
    part = place.with_name(f".{number}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(edition.folder, part)
    part.rename(place)
    text = yaml.safe_dump({"releases": [*lines, line]}, allow_unicode=True, sort_keys=False)
    paths.write_atomic(book, text)
    return label("release.written", language, name=edition.name, number=number, place=place)


def _complete(edition: Edition, by: str) -> dict[str, Any]:
    """The record of an edition that may be released by somebody."""
    if edition.audience == "internal":
        raise InputError(
            "the internal edition stays inside and is never released",
            hint="give --audience committee or --audience public",
        )
    if not by.strip():
        raise InputError("nobody is named as responsible", hint="give --by and a name")
    record = last_record(edition)
    if record is None or record["status"] != Status.OK:
        raise InputError(
            "there is no complete edition {name}",
            hint="run workbench refresh {wave} --audience {audience} --language {language}",
            name=edition.name,
            wave=edition.wave,
            audience=edition.audience,
            language=edition.language,
        )
    return record


def _refuse_again(edition: Edition, digest: str, lines: list[dict[str, Any]], shelf: Path) -> None:
    """Refuse what is released already, or would disclose answers beside an earlier release."""
    for line in lines:
        if (line["wave"], line["audience"]) != (edition.wave, edition.audience):
            continue
        if (line["edition"], line["sha256"]) == (edition.name, digest):
            raise InputError(
                "{name} is released already, on {date}",
                file=shelf / "releases.yml",
                name=edition.name,
                date=line["date"],
            )
        if not Wave.read(edition.wave).named:
            _refuse_difference(shelf / line["folder"], edition.folder, line)


def _lines(book: Path) -> list[dict[str, Any]]:
    """The releases so far, oldest first."""
    lines = yaml_file.load(book).get("releases", []) if book.is_file() else []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise InputError("this is no list of releases", file=book, hint="restore it from git")
    return lines


def _refuse_difference(earlier: Path, now: Path, line: dict[str, Any]) -> None:
    """Refuse numbers of municipalities that differ by one or two from those of a release."""
    if not earlier.is_dir():
        raise InputError(
            "the release {edition} no. {number} is not in its folder, so nobody can say what "
            "this one would disclose beside it",
            file=earlier,
            hint="bring the folder back",
            edition=line["edition"],
            number=line["number"],
        )
    for name, place, before, after in _differences(earlier / RESULTS, now / RESULTS):
        raise InputError(
            "with the release no. {number} of {date} this one would disclose single "
            "answers: {place} in {name} was {before:g} and is {after:g}",
            hint="keep to that release, or release again when {smallest_cell} or more differ",
            number=line["number"],
            date=line["date"],
            place=place,
            name=name,
            before=before,
            after=after,
            smallest_cell=SMALLEST_CELL,
        )


def _differences(before: Path, after: Path) -> Iterator[tuple[str, str, float, float]]:
    """Counts of the same thing in two releases that differ by fewer than may be shown."""
    for file in sorted(before.rglob("*.csv")):
        name = file.relative_to(before).as_posix()
        if not (after / name).is_file():
            continue
        then, now = _numbers(file), _numbers(after / name)
        if len(then) == len(now):  # a row in another language, or called otherwise, is in its place
            known = then.index.isin(now.index) | now.index.isin(then.index)
            now = now.set_axis(now.index.where(known, then.index))
        old, new = _counts(then), _counts(now)
        both = pd.concat([old, new], axis=1, keys=["old", "new"]).dropna()
        small = both[(both["old"] - both["new"]).abs().between(1, SMALLEST_CELL - 1)]
        for key, row in small.iterrows():
            yield name, " / ".join(map(str, key)), row["old"], row["new"]


def _numbers(file: Path) -> pd.DataFrame:
    """The columns of whole numbers of a table by the texts of each row."""
    frame = pd.read_csv(file)
    numbers = frame.select_dtypes("number")
    whole = [c for c in numbers if (numbers[c].dropna() % 1 == 0).all()]
    words = frame.drop(columns=numbers.columns).fillna("").astype(str).agg(" / ".join, axis=1)
    words = words if len(frame.columns) > len(numbers.columns) else frame.index.astype(str)
    return numbers[whole].set_axis(pd.Index(words, name="row"), axis=0)


def _counts(numbers: pd.DataFrame) -> pd.Series:
    """Each number of such a table by its row and its column."""
    counts = numbers.stack()
    return counts[~counts.index.duplicated()]
