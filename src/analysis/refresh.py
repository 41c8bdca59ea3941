"""Plan the notebooks of a wave: what changed is run again, and nothing else.

This module reads only small files (no pandas, no papermill), so that a refresh with nothing to do
answers at once; `analysis.execute` does the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis import fingerprints, paths, waves
from analysis import parameters as schema
from analysis import pdf as printing
from analysis.errors import InputError
from analysis.pseudonyms import fingerprint
from analysis.runs import Edition, Options, Ran, RunRecord, last_record, lock, read_record, stands

__all__ = ["Edition", "Plan", "Ran", "RunRecord", "last_record", "lock", "refresh", "why"]
PAGES = "[0-9][0-9]_*.ipynb"
OWN = {"wave", "audience", "language", "output"}


def refresh(
    wave: str, *, notebooks: Sequence[str] | None = None, pdf: bool = False, **asked: Any
) -> RunRecord:
    """Rerun what changed for a wave and publish it when it is complete.

    Parameters
    ----------
    notebooks : only these; all if not given.
    pdf : print the pages as well (Chromium).
    asked : see `Options`.
    """
    options = Options(**asked)
    edition = options.edition(wave)
    if pdf:
        printing.browser()  # none: said before anything runs
    plan = Plan.make(edition, options.given, notebooks)
    with lock(edition):
        valid = {} if options.force else plan.valid()
        todo = [n for n in plan.asked if n.stem not in valid]
        before = last_record(edition)
        if before and plan.is_published(before, valid) and not (todo or pdf):
            return _recorded(before, edition)
        from analysis import execute

        return execute.run(plan, todo, options, valid=valid, pdf=pdf)


def why(wave: str, **asked: Any) -> str:
    """What a refresh would run, and why, in words; `asked`: see `Options`."""
    options = Options(**asked)
    edition = options.edition(wave)
    plan = Plan.make(edition, options.given, None)
    valid, lines = plan.valid(), []
    for notebook in plan.notebooks:
        source = valid.get(notebook.stem)
        if source is None:
            said = f"would run; {plan.reason(notebook, last_record(edition))}"
        elif source == edition.folder:
            said = "unchanged, would not run"
        else:
            said = "would not run: complete already, in a run that failed or was stopped"
        lines.append(f"{notebook.stem}: {said}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Plan:
    """The notebooks of an edition in order, with what decides whether each runs again."""

    edition: Edition
    notebooks: list[Path]
    given: dict[str, Any]
    parts: dict[str, str]  # what all notebooks depend on, by name
    content: dict[str, Any]  # wave.yml
    files: dict[str, dict[str, str]] = field(default_factory=dict)  # the hashes within the parts
    only: frozenset[str] = frozenset()

    @classmethod
    def make(cls, edition: Edition, given: dict[str, Any], only: Sequence[str] | None) -> Plan:
        """Read the wave and its notebooks, check the parameters of all that is to run.

        Raises
        ------
        InputError : there is no such wave, notebook or parameter, or a value is not allowed.
        """
        content = waves.content(edition.wave)
        notebooks = sorted(paths.notebooks().glob(PAGES))
        names = frozenset(Path(name).stem for name in only or ())
        if unknown := names - {n.stem for n in notebooks}:
            raise InputError(
                f"there is no notebook {min(unknown)!r}",
                hint=f"there are: {', '.join(n.stem for n in notebooks)}",
            )
        if OWN & given.keys():
            raise InputError(f"{min(OWN & given.keys())} is set by the refresh itself, not with -p")
        schema.refuse_unknown(notebooks, given)
        book = paths.codebooks() / f"{content.get('codebook')}.yml"
        files = {
            "the data of the wave": fingerprints.hash_files(paths.raw(edition.wave)),
            "the package": fingerprints.package_files(),
        }
        parts = {
            **{name: fingerprints.combined(each) for name, each in files.items()},
            "the codebook": fingerprints.hash_file(book),
            "requirements.lock": fingerprints.hash_file(paths.root() / "requirements.lock"),
        }
        data = "the data of the wave"
        parts[data] = outside(edition, parts[data])
        plan = cls(edition, notebooks, given, parts, content, files, names)
        for notebook in notebooks:
            plan.values(notebook)
        return plan

    @property
    def asked(self) -> list[Path]:
        """The notebooks that may run."""
        return [n for n in self.notebooks if not self.only or n.stem in self.only]

    def values(self, notebook: Path) -> dict[str, Any]:
        """The parameters of one notebook, checked."""
        base = {
            "wave": self.edition.wave,
            "audience": self.edition.audience,
            "language": self.edition.language,
        }
        return schema.checked(notebook, {**base, **self.given})

    def parameters(self, notebook: Path) -> dict[str, Any]:
        """All that a notebook runs with, defaults included, as run.json shows them."""
        return self.shown(schema.effective(notebook, self.values(notebook)))

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as pages and run.json show them.

        A text may name a municipality: for the public only choices and ids such as Q13 are shown.
        """
        if self.edition.audience != "public" or self.content.get("named"):
            return dict(values)
        known = {p.name: p for notebook in self.notebooks for p in schema.schema(notebook)}
        return {
            name: value
            for name, value in values.items()
            if "str" not in known[name].types
            or known[name].choices
            or re.fullmatch(r"[A-Za-z_]\w*", str(value), re.ASCII)
        }

    def key(self, notebook: Path) -> dict[str, str]:
        """Everything that the result depends on, by name."""
        values = json.dumps(self.values(notebook), sort_keys=True, ensure_ascii=False, default=str)
        reads = {
            f"{name} (which it reads)": fingerprints.hash_path(paths.root() / name)
            for name in self.metadata(notebook).get("reads", [])
        }
        if other := self._compared(notebook):
            digest = fingerprints.sha(other + fingerprints.hash_folder(paths.raw(other)))
            reads["the wave it compares with"] = outside(self.edition, digest)
        return {
            "its source": fingerprints.source_hash(notebook),
            "its parameters": outside(self.edition, fingerprints.sha(values)),
            **self.parts,
            **reads,
        }

    def _compared(self, notebook: Path) -> str:
        """The other wave that a notebook reads; it declares its parameter's name as `compares`."""
        parameter = self.metadata(notebook).get("compares")
        if parameter is None:
            return ""
        given = schema.effective(notebook, self.values(notebook)).get(parameter)
        return str(given or "") or waves.earlier(self.edition.wave)

    def metadata(self, notebook: Path) -> dict[str, Any]:
        """The notebook's own declarations: title, needs, reads, figures, tables."""
        content = json.loads(notebook.read_text(encoding="utf-8"))
        found: dict[str, Any] = content["metadata"].get("workbench", {})
        return found

    # --- what stands from before -------------------------------------------------------------

    @cached_property
    def keys(self) -> dict[str, dict[str, str]]:
        """The key of each notebook by name."""
        return {n.stem: self.key(n) for n in self.notebooks}

    def valid(self) -> dict[str, Path]:
        """Notebooks that are complete and unchanged, and the run folder that has each.

        The published run counts, and what is complete in one that failed or was stopped.
        """
        found: dict[str, Path] = {}
        edition = self.edition
        for folder in (edition.folder, edition.incomplete, edition.part, edition.stopped):
            for ran in (read_record(folder) or {"notebooks": []})["notebooks"]:
                name = ran.get("name")
                same = name in self.keys and _key(ran) == self.keys[name]
                if same and name not in found and stands(ran, folder):
                    found[name] = folder
        return found

    def is_published(self, before: Mapping[str, Any], valid: Mapping[str, Path]) -> bool:
        """Whether the published report is complete and just this."""
        names = [n.stem for n in self.notebooks]
        return (
            before["status"] == "ok"
            and [ran["name"] for ran in before["notebooks"]] == names
            and all(valid.get(name) == self.edition.folder for name in names)
        )

    def reason(self, notebook: Path, before: Mapping[str, Any] | None) -> str:
        """Why the notebook would run; empty where nothing changed since it was last complete."""
        if before is None:
            return "there is no complete run yet"
        known = {ran["name"]: ran for ran in before["notebooks"]}
        ran = known.get(notebook.stem)
        if ran is None or ran["status"] != "ok":
            return "it is not complete in the last run"
        was, now = _key(ran), self.keys[notebook.stem]
        names = [*now, *(name for name in was if name not in now)]
        changed = [
            name + self._within(name, notebook, ran, before)
            for name in names
            if was.get(name) != now.get(name)
        ]
        return f"changed: {', '.join(changed)}" if changed else ""

    def _within(
        self, name: str, notebook: Path, ran: Mapping[str, Any], before: Mapping[str, Any]
    ) -> str:
        """Which file or parameter it was, where the record knows."""
        if name == "its parameters":
            was, now = ran.get("parameters", {}), self.parameters(notebook)
            return _named([f"{k} {was.get(k)!r} → {now[k]!r}" for k in now if was.get(k) != now[k]])
        old = {"the data of the wave": "inputs", "the package": "code"}.get(name)
        was, now = before.get(old or "") or {}, self.files.get(name, {})
        if not was or not now or before["audience"] != "internal":
            return ""
        return _named([k for k in sorted({*was, *now}) if was.get(k) != now.get(k)])


def outside(edition: Edition, digest: str) -> str:
    """A hash as its edition may give it: only inside can it be compared with a guess."""
    return digest if edition.audience == "internal" else fingerprint(digest)


def _named(items: Sequence[str], most: int = 3) -> str:
    if not items:
        return ""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return f" ({', '.join(items[:most])}{more})"


def _key(ran: Mapping[str, Any]) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(ran["key"])
        return found
    except (KeyError, ValueError, TypeError):
        return {}


def _recorded(before: Mapping[str, Any], edition: Edition) -> RunRecord:
    notebooks = [Ran(**{**ran, "reused": True}) for ran in before["notebooks"]]
    return RunRecord(edition, before["status"], notebooks, {}, str(edition.folder))
