"""`workbench profiles WAVE`: one page a municipality, made only where its inputs changed.

The pages of a run are gathered in a hidden folder with a journal, a line for each that is ready,
and swapped in whole when all have been tried; a run that was killed is carried on from there.
This module imports nothing heavy until there is something to make.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import parameters as schema
from analysis import paths
from analysis.errors import InputError
from analysis.refresh import Edition, Plan
from analysis.runs import Options, Ran, lock, read_record, write_record

if TYPE_CHECKING:
    from analysis.fanout import Made

NOTEBOOK = "profile"
OWN = {"wave", "audience", "language", "output", "municipality"}
JOURNAL = "pages.jsonl"
TOLD = 5  # failures of one kind that are named


@dataclass(frozen=True)
class Summary:
    """What became of the profiles that were asked for."""

    folder: Path
    asked: int
    rans: list[Ran]  # those of them that were tried now or stand from before
    stopped: str = ""  # why the run ended early

    @property
    def ok(self) -> bool:
        """Whether every page that was asked for is there."""
        return len(self.rans) == self.asked and all(ran.status == "ok" for ran in self.rans)

    def text(self) -> str:
        """What the terminal says at the end: how many, which failed and why, where to look."""
        good = [ran for ran in self.rans if ran.status == "ok"]
        old = sum(ran.reused for ran in good)
        lines = [
            f"{len(good):,} of {self.asked:,} profiles complete "
            f"({len(good) - old:,} made now, {old:,} unchanged)"
        ]
        failures: dict[str, list[Ran]] = {}
        for ran in self.rans:
            if ran.status != "ok":
                failures.setdefault(f"{ran.status}: {ran.error}", []).append(ran)
        for why, those in sorted(failures.items(), key=lambda item: -len(item[1])):
            named = ", ".join(
                f"{ran.name} (cell {ran.last_cell} of {ran.cells})" for ran in those[:TOLD]
            )
            more = f" and {len(those) - TOLD:,} more" if len(those) > TOLD else ""
            lines.append(f"  {len(those):,} {why}\n    {named}{more}")
        if self.stopped:
            left = self.asked - len(self.rans)
            lines.append(
                f"Stopped ({self.stopped}); {left:,} are still to make, nothing was published. "
                "The same command carries on."
            )
        else:
            where = self.folder / "index.html"
            with contextlib.suppress(ValueError):
                where = where.relative_to(paths.root())
            lines.append(f"Open {where} in a browser.")
        return "\n".join(lines)


def profiles(
    wave: str,
    municipality: Sequence[str] | None = None,
    *,
    scheduler: str | None = None,
    target: str | None = None,
    **asked: Any,
) -> Summary:
    """Make the pages whose inputs changed, publish them with their overview.

    Parameters
    ----------
    municipality : codes (or names that are unique in the wave); all that replied if not given.
    scheduler : address of a dask.distributed scheduler; threads of this process if not given.
    target : where a copy is published as well, an fsspec URL (``file://``, ``s3://``).
    asked : see `analysis.runs.Options`.

    Raises
    ------
    InputError : the wave, a parameter or a municipality is wrong; the edition may not show single
        respondents; the scheduler or the target cannot be reached; the disk is full.
    """
    options = Options(**asked)
    edition = options.edition(wave)
    plan, notebook = _plan(edition, options.given)
    shelf = Shelf(edition.profiles, plan, notebook)
    with lock(shelf.where):
        summary = shelf.unchanged(municipality) if not (options.force or target) else None
        if summary:
            return summary
        from analysis import fanout

        return fanout.run(shelf, municipality, options, scheduler=scheduler, target=target)


def _plan(edition: Edition, given: dict[str, Any]) -> tuple[Plan, Path]:
    """The notebook's plan; its parameters are checked before anything starts."""
    plan = Plan.make(edition, {}, None)
    if edition.audience == "public" and not plan.content.get("named"):
        raise InputError(
            f"a profile shows one respondent, and the data of {edition.wave} are not open "
            "(`named` in its wave.yml)",
            hint="use --audience internal or committee",
        )
    notebook = paths.notebooks() / f"{NOTEBOOK}.ipynb"
    if not notebook.is_file():
        raise InputError("there is no notebook profile", file=notebook)
    if OWN & given.keys():
        raise InputError(f"{min(OWN & given.keys())} is set by the command itself, not with -p")
    schema.refuse_unknown([notebook], given)
    plan = replace(plan, notebooks=[notebook], given=given)
    plan.values(notebook)
    return plan, notebook


class Shelf:
    """The pages of one edition: those published, and those ready for the next publication."""

    def __init__(self, where: Edition, plan: Plan, notebook: Path) -> None:
        self.where, self.plan, self.notebook = where, plan, notebook
        self.key = json.dumps(plan.key(notebook), sort_keys=True)
        self.final = where.folder
        self.beside = where.incomplete
        self.next = self.final.with_name(f".{where.name}.next")
        self.ready: dict[str, Ran] = {}

    # --- what stands from before -------------------------------------------------------------

    def unchanged(self, asked: Sequence[str] | None) -> Summary | None:
        """The summary where all that is asked for is published already; None where not."""
        record = read_record(self.final)
        if record is None or record.get("key") != self.key or not record["complete"]:
            return None
        there = {ran.name: replace(ran, reused=True) for ran in _rans(record)}
        wanted = list(asked) if asked else record["members"]
        for code in wanted:
            ran = there.get(code)
            if ran is None or not self._stands(ran, self.final):
                return None
        return Summary(self.final, len(wanted), [there[code] for code in wanted])

    def open(self) -> None:
        """Take up what an earlier run left ready, and clear away what no longer counts."""
        self.next.mkdir(parents=True, exist_ok=True)
        journal = self.next / JOURNAL
        if journal.is_file():
            for line in journal.read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError):  # the line of the moment it died
                    ran = _ran(json.loads(line))
                    if self._stands(ran, self.next):
                        self.ready[ran.name] = replace(ran, reused=True)
        kept = {ran.html for ran in self.ready.values()}
        for path in self.next.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in kept:
                path.unlink()
        lines = [json.dumps(asdict(ran), ensure_ascii=False) for ran in self.ready.values()]
        paths.write_atomic(journal, "".join(f"{line}\n" for line in lines))
        for folder in (self.beside, self.final):
            for ran in _rans(read_record(folder)):
                if ran.name not in self.ready and self._stands(ran, folder):
                    _link(folder / ran.html, self.next / ran.html)
                    self.ready[ran.name] = replace(ran, reused=True)

    def _stands(self, ran: Ran, folder: Path) -> bool:
        return ran.status == "ok" and ran.key == self.key and (folder / ran.html).is_file()

    # --- what is made now --------------------------------------------------------------------

    def put(self, made: Made) -> None:
        """Keep one page; from here on it is ready, whatever happens to this process."""
        ran = made.ran
        paths.write_atomic(self.next / ran.html, made.html)
        if made.executed:
            paths.write_atomic(self.next / "notebooks" / f"{ran.name}.ipynb", made.executed)
        with (self.next / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(asdict(ran), ensure_ascii=False) + "\n")
        self.ready[ran.name] = ran

    def earlier(self, codes: Set[str]) -> Iterator[Ran]:
        """Pages of an earlier state of the data, taken along where no newer one is ready."""
        for ran in _rans(read_record(self.final)):
            file = self.final / ran.html
            if ran.name in codes and ran.status == "ok" and file.is_file():
                _link(file, self.next / ran.html)
                yield replace(ran, reused=True)

    def publish(self, record: dict[str, Any]) -> Path:
        """Swap all in; beside the last complete pages if a page failed."""
        write_record(record, self.next)
        (self.next / JOURNAL).unlink(missing_ok=True)
        good = record["status"] == "ok"
        last = read_record(self.final)
        place = self.final if good or last is None or last["status"] != "ok" else self.beside
        paths.swap_folder(self.next, place)
        if good:
            shutil.rmtree(self.beside, ignore_errors=True)
        return place


def _rans(record: Mapping[str, Any] | None) -> list[Ran]:
    return [_ran(entry) for entry in (record or {"notebooks": []})["notebooks"]]


def _ran(entry: Mapping[str, Any]) -> Ran:
    known = {field.name for field in fields(Ran)}
    return Ran(**{name: value for name, value in entry.items() if name in known})


def _link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the disk has no links."""
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        shutil.copy2(source, target)
