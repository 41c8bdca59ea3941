"""What was given out: an edition kept as it left the house, and a line in releases.yml for each.

Two editions side by side may tell what neither does: where a number differs by one or two, whoever
has both learns the answers of those added, dropped or corrected; where the same answers are
withheld otherwise, one gives what the other keeps back. A release is therefore compared with all
earlier ones of its wave or of a copy of it, for whatever audience (a committee reads the public).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from analysis import fingerprints, paths, yaml_file
from analysis.codebook.wave import Wave
from analysis.errors import refusal, spoken
from analysis.stats.disclosure import Audience
from analysis.stats.thresholds import SMALLEST_CELL
from analysis.text import Language, label
from workbench.run.plan import outdated
from workbench.run.record import (
    FILES,
    RECORD,
    Edition,
    RunFolder,
    Status,
    lock,
    one_at_a_time,
    text_of,
)

TEXTS = {"edition", "wave", "audience", "language", "folder", "sha256"}  # of each release
RELEASES = "releases"  # the list in releases.yml
# the link of an index to the pages of single municipalities, which are no part of a release
PROFILES = re.compile(r'<section class="profiles">.*?</section>\n')
RESULTS = "results"  # of a run folder: its numbers with ids in the place of words


def release(wave: str, *, by: str, audience: Audience = "public", language: Language = "ja") -> str:
    """Keep the published edition as a release; the sentence to print.

    The run folder is copied to ``releases/NAME/NUMBER`` and a line is added to
    ``releases/releases.yml``: what was given out, to whom, when, which hashes, and who said so.

    Raises InputError: the edition is internal, not refreshed in full, or of before something on its
    pages changed; nobody is named; it is released already; or
    it would disclose single answers together with an earlier release.
    """
    edition, releases = Edition(wave, audience, language), paths.root() / "releases"
    with one_at_a_time(releases), lock(edition):  # what is compared is what is copied
        number, place = _release(edition, by, releases)
    return label("release.written", spoken(), name=edition.name, number=number, place=place)


def _release(edition: Edition, by: str, releases: Path) -> tuple[int, Path]:
    """Number and folder of the new release, which no refresh changes meanwhile."""
    if edition.audience == "internal":
        raise refusal("release.internal")
    if not by.strip():
        raise refusal("release.nobody")
    run = RunFolder(edition.folder, edition)
    if run.record.get("status") != Status.OK or not run.hashes or run.damaged:
        raise refusal("release.incomplete", name=edition.name, **asdict(edition))
    if changed := outdated(edition, run):  # a question may have become sensitive
        raise refusal("release.out_of_date", changed=changed, name=edition.name, **asdict(edition))
    every, own = fingerprints.hash_files(edition.folder), {RECORD, *run.hashes}
    files = {name: digest for name, digest in every.items() if name in own}
    ours = _without_profiles(run)
    given_out = files | {name: fingerprints.sha(text) for name, text in ours.items()}
    book = releases / "releases.yml"
    lines = _lines(book)
    digest = fingerprints.combine(given_out)
    _refuse_again(edition, digest, lines, releases)
    number = 1 + sum(line["edition"] == edition.name for line in lines)
    place = releases / edition.name / str(number)
    for folder in (releases, place.parent, place):
        paths.refuse_foreign(folder, ".")  # whatever is in it, but no link
    line = {
        "edition": edition.name,
        "number": number,
        **asdict(edition),
        "date": dt.date.today().isoformat(),
        "by": by.strip(),
        "folder": f"{edition.name}/{number}",
        "run": run.record["finished"],
        **{name: run.record[name] for name in ("data_sha256", "code_sha256")},
        "files": len(files),
        "sha256": digest,
    }
    text = _with(book, lines, line)
    if not place.exists():
        _copy(edition, files, place, ours)
    elif fingerprints.hash_files(place) != given_out:  # or it is of this release, which was killed
        raise refusal("release.not_listed", file=place)
    paths.write_atomic(book, text)
    return number, place


def _with(book: Path, lines: list[dict[str, Any]], line: dict[str, Any]) -> str:
    """The list with one line more at its end; comments and entries that somebody added stay."""
    text = yaml_file.text_of({RELEASES: [line]})
    if not book.exists():
        return text
    text = paths.read_text(book).rstrip() + text.removeprefix(f"{RELEASES}:")
    with contextlib.suppress(yaml.YAMLError, ValueError):
        if yaml_file.read(text) == {**yaml_file.load(book), RELEASES: [*lines, line]}:
            return text
    raise refusal("release.not_at_end", file=book)


def _without_profiles(run: RunFolder) -> dict[str, str]:
    """The index without a link to pages of municipalities, and run.json, if the run has that link.

    They are texts by the name of their file.
    """
    index = paths.read_text(run.folder / "index.html")
    without = PROFILES.sub("", index)
    if without == index:
        return {}
    hashes = {**run.hashes, "index.html": fingerprints.sha(without)}
    return {"index.html": without, RECORD: text_of({**run.record, FILES: hashes})}


def _copy(edition: Edition, files: dict[str, str], place: Path, ours: dict[str, str]) -> None:
    """Copy the files of an edition, given with their hashes, to the place of a release.

    `ours`: the texts of those that stand there otherwise.
    """
    part = place.with_name(f".{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for name in files:  # and not what hides beside them, such as Office's notes of who has one open
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(edition.folder / name, part / name)
    if fingerprints.hash_files(part) != files:
        shutil.rmtree(part)
        raise refusal("release.changed", name=edition.name, wave=edition.wave)
    for name, text in ours.items():
        paths.write_atomic(part / name, text)
    part.rename(place)


def _refuse_again(
    edition: Edition, digest: str, lines: list[dict[str, Any]], releases: Path
) -> None:
    """Refuse what is released already, or would disclose answers beside an earlier release."""
    own = _survey_in(edition.folder)
    for line in lines:
        earlier = releases / line["folder"]
        copy = own is not None and own == _survey_in(earlier)  # one wave under two names
        if line["wave"] != edition.wave and not copy:
            continue
        if (line["edition"], line["sha256"]) == (edition.name, digest):
            book = releases / "releases.yml"
            raise refusal("release.again", file=book, name=edition.name, date=line["date"])
        if not Wave.read(edition.wave).named:
            _refuse_difference(earlier, edition, line)


def _survey_in(folder: Path) -> tuple[str, str] | None:
    """Codebook and date of what a folder holds: a copy of a wave has those of the wave."""
    about, book = RunFolder(folder).record, folder / "codebook.yml"
    if not about or not book.is_file():
        return None
    return str(yaml_file.load(book).get("id")), str(about.get("as_of"))


def _lines(book: Path) -> list[dict[str, Any]]:
    """The releases so far, oldest first."""
    lines = yaml_file.load(book).get(RELEASES, []) if book.exists() else []
    whole = isinstance(lines, list) and all(
        isinstance(line, dict)
        and {"number", "date"} <= line.keys()
        and all(isinstance(line.get(name), str) for name in TEXTS)
        and paths.is_below(line["folder"])
        for line in lines
    )
    if not whole:
        raise refusal("release.no_list", file=book)
    return lines


def _refuse_difference(earlier: Path, edition: Edition, line: dict[str, Any]) -> None:
    """Refuse an edition whose numbers give away single answers beside those of a release."""
    now, alike = edition.folder, line["audience"] == edition.audience  # these withhold the same
    about = {"number": line["number"], "edition": line["edition"], "date": line["date"]}
    if fingerprints.combine(fingerprints.hash_files(earlier)) != line["sha256"]:
        raise refusal("release.earlier_lost", file=earlier, **about)
    for file in sorted((earlier / RESULTS).rglob("*.csv")):
        name = file.relative_to(earlier / RESULTS).as_posix()
        if name == "codes.csv" or not (now / RESULTS / name).is_file():
            continue
        then = _numbers(file)
        today = named = _numbers(now / RESULTS / name)
        if alike and len(then) == len(today):
            # a row in another language, or called otherwise, is in its place
            known = then.index.isin(today.index) | today.index.isin(then.index)
            named = today.set_axis(today.index.where(known, then.index))
        both = pd.concat([then.stack(), named.stack()], axis=1, keys=["old", "new"]).dropna()
        near = both[(both["old"] - both["new"]).abs().between(1, SMALLEST_CELL - 1)]
        for key, row in near.iterrows():
            raise refusal(
                "release.discloses_number",
                **about,
                place=" / ".join(map(str, key)),
                name=name,
                before=row["old"],
                after=row["new"],
                smallest_cell=SMALLEST_CELL,
            )
        frames = [named, today] if line["language"] == edition.language else [named]
        otherwise = (_withheld_otherwise(then, frame) for frame in frames if alike)
        if place := next(filter(None, otherwise), ""):
            raise refusal("release.discloses_withheld", **about, place=place, name=name)


def _withheld_otherwise(then: pd.DataFrame, now: pd.DataFrame) -> str:
    """The row of a question whose known numbers are as before, while others are withheld."""
    old, new = (
        dict([*frame.groupby(frame.index.str.partition(" / ").get_level_values(0))])
        for frame in (then, now)
    )
    for question in old.keys() & new.keys():
        columns = old[question].columns.intersection(new[question].columns)
        before, after = old[question][columns], new[question][columns]
        rows = before.index.intersection(after.index)
        here, there = before.loc[rows], after.loc[rows]
        if ((here == there) | here.isna() | there.isna()).all(axis=None):
            differing = here.index[(here.isna() != there.isna()).any(axis=1)]
            grouped = before.index.symmetric_difference(after.index)
            of = [{*part["n"].dropna()} if "n" in part else {""} for part in (before, after)]
            otherwise = of[0] == of[1] and not _worded_otherwise(before, after)
            if len(differing) or (len(grouped) and otherwise):
                return str([*differing, *grouped][0])
    return ""


def _worded_otherwise(before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Whether two tables of the same numbers differ in words alone, as an option corrected.

    Each row joins as many answers as before, and every answer that both name is in the same row.
    """
    alike = np.array_equal(before.to_numpy(float), after.to_numpy(float), equal_nan=True)
    old, new = ([str(row).split(" / ") for row in frame.index] for frame in (before, after))
    both = {*itertools.chain(*old)} & {*itertools.chain(*new)}
    return alike and all(
        len(a) == len(b) and both.intersection(a) == both.intersection(b)
        for a, b in zip(old, new, strict=True)
    )


def _numbers(file: Path) -> pd.DataFrame:
    """The columns of whole numbers of a table by the texts of each row."""
    frame = pd.read_csv(file)
    numbers = frame.select_dtypes("number")
    whole = [c for c in numbers if (numbers[c].dropna() % 1 == 0).all()]
    texts = frame.drop(columns=numbers.columns).fillna("").astype(str)
    words = (
        texts.agg(" / ".join, axis=1) if len(texts.columns) else frame.index.to_series().astype(str)
    )
    again = words.groupby(words).cumcount()  # rows that are called alike, in their order
    words = words.where(again == 0, words + " / " + again.astype(str))
    return numbers[whole].set_axis(pd.Index(words, name="row"), axis=0)
