"""The plan of a run: which notebooks it has, what each depends on, and which are up to date.

Reads only small files and imports nothing heavy, so that a refresh with nothing to do answers at
once.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from analysis import fingerprints, paths, yaml_file
from analysis.codebook import waves
from analysis.errors import InputError, Message, refusal, unknown
from workbench.run import parameters
from workbench.run.record import (
    OWN_FILES,
    Edition,
    Ran,
    RunFolder,
    Status,
    is_linked_rightly,
)

OF_PAGES = "[0-9][0-9]_*.ipynb"
# what a notebook may require of a survey (`requires` in its metadata), and how a user is told
REQUIRED = {
    "features": Message("the codebook has no features for a typology"),
    "hypotheses": Message("the codebook has no hypotheses"),
    "visits": Message("the codebook has no topics for visits"),
    "prefectures": Message("the wave is not of all municipalities by name"),
    "inside": Message("a guide for those who ask the questions is no page for the public"),
    "earlier": Message("there is no earlier wave of this codebook"),
    "shortage": Message("no question of the codebook measures shortage"),
    "no report": Message("the codebook has the report on shortage"),
}
KINDS = ("figures", "tables")
OWN = frozenset({"wave", "audience", "language", "output"})  # parameters that a run sets itself
DATA, PACKAGE, CODEBOOK = "the data of the wave", "the package", "the codebook"
LIBRARIES = "the installed libraries"
NAMES = "the names that earlier waves give types"
BEFORE = "which wave is the one before"
MODULES = "the modules in the folder of the project"
REGISTERED = "the hypotheses on record"
COMPARED = "the wave it compares with"
# where run.json has the hash of each file, and the version of each library
RECORDED = {DATA: "inputs", PACKAGE: "code", LIBRARIES: "versions"}


class Notebook:
    """A notebook as committed; its file is read once.

    Attributes
    ----------
    name : of the file, without its ending. title : in each language. words : title and lead of the
        codebook, where it has them. declares : what it says of itself: title, needs, reads,
        requires, compares, figures, tables. parameters : by their names.
    """

    def __init__(self, path: Path, words: Mapping[str, Any] | None = None) -> None:
        """Read it.

        Raises InputError: it is no notebook, what it declares of itself is unknown, or its
        parameters cell declares something else than constants.
        """
        self.path, self.name, self.words = path, path.stem, words or {}
        try:
            self.content: Mapping[str, Any] = json.loads(paths.read_text(path))
            self.parameters = {p.name: p for p in parameters.declared(self.content, path)}
            self.declares: Mapping[str, Any] = self.content["metadata"].get("workbench", {})
            own = self.declares.get("title", {"ja": self.name, "en": self.name})
            self.title: dict[str, str] = self.words.get("title") or own
            fingerprints.source_hash(self.content)
            self._check()
        except InputError:
            raise
        except Exception as error:  # whatever is wrong with it, also no Python, or far too deep
            fault = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            raise refusal("run.no_notebook", file=path, fault=fault) from None

    def _check(self) -> None:
        """Raise a TypeError where an entry of what it declares is of another kind, or unknown."""
        lists = [self.declares.get(name, []) for name in ("needs", "reads", "requires", *KINDS)]
        if not all(isinstance(one, list) and all(isinstance(e, str) for e in one) for one in lists):
            raise TypeError("needs, reads, requires, figures and tables are lists of texts")
        if strange := set(self.declares.get("requires", ())) - REQUIRED.keys():
            raise TypeError(f"requires: {min(strange)}")
        if not isinstance(self.declares.get("compares", ""), str):
            raise TypeError("compares: the name of a parameter")
        if not all(isinstance(self.title[language], str) for language in ("ja", "en")):
            raise TypeError("title: ja, en")

    def with_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters it runs with, except its output folder."""
        defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        return {name: value for name, value in {**defaults, **values}.items() if name != "output"}


@dataclass(frozen=True)
class Plan:
    """The notebooks of an edition in order, and everything their results depend on.

    `settings`: parameters from outside, `common` the hashes that all notebooks share, by name,
    `files` those of the single files within them, `wave` the content of wave.yml, `only` the names
    of the notebooks that may run (empty: all).
    """

    edition: Edition
    notebooks: list[Notebook]
    settings: dict[str, Any]
    common: dict[str, str]
    wave: dict[str, Any]
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    only: frozenset[str] = frozenset()

    @classmethod
    def make(
        cls,
        edition: Edition,
        settings: dict[str, Any],
        only: Sequence[str] | None = None,
        *,
        pages: str = OF_PAGES,
        own: frozenset[str] = OWN,
    ) -> Plan:
        """Read the wave and its notebooks, check the parameters of all.

        Parameters
        ----------
        settings : parameters from outside, of which the run sets `own` itself.
        only : names of the notebooks that may run; all if not given.
        pages : the files of the notebooks, as a pattern.

        Raises InputError: there is no such wave, notebook or parameter, or a value is not allowed.
        """
        said = fingerprints.hash_file(paths.raw(edition.wave) / "wave.yml")
        wave = waves.content(edition.wave)
        asked = fingerprints.hash_file(codebook(wave))
        book = _content(codebook(wave))
        files = {f.stem: f for f in sorted(paths.notebooks().glob(pages), key=attrgetter("stem"))}
        names = frozenset(Path(name).stem for name in only or ())
        if lost := names - files.keys():
            raise unknown("notebook", min(lost), [*files])
        if fixed := own & settings.keys():
            raise refusal("parameter.set_by_run", parameter=min(fixed))
        with _well_formed(wave):
            words = book.get("pages") or {}
            every = [Notebook(file, words.get(name)) for name, file in files.items()]
        every_name = [file.stem for file in sorted(paths.notebooks().glob("*.ipynb"))]
        for need in (need for notebook in every for need in notebook.declares.get("needs", ())):
            if need not in every_name:
                raise unknown("notebook", need, every_name)
        known = sorted({name for notebook in every for name in notebook.parameters})
        if strange := sorted(settings.keys() - known):
            raise unknown("parameter of a notebook", strange[0], known)
        with _well_formed(wave):
            lacking = {n.name: _lacking(n, edition, wave, book, settings) for n in every}
        if without := [name for name in sorted(names) if lacking[name]]:
            raise refusal(
                "run.no_page", page=without[0], wave=edition.wave, lacking=lacking[without[0]]
            )
        notebooks = [n for n in every if not lacking[n.name]]
        _tell_titles_apart(notebooks)
        taken = {name for notebook in notebooks for name in notebook.parameters}
        # whatever their order: as the footer of every page shows them
        settings = {name: settings[name] for name in sorted(settings.keys() & taken)}
        plan = cls(edition, notebooks, settings, {}, wave, only=names)
        for notebook in notebooks:
            plan.values(notebook)
        common, by_file = _common(edition, wave)  # which may make the key of pseudonyms
        if (by_file[DATA].get("wave.yml"), common[CODEBOOK]) != (said, asked):
            raise refusal("wave.changed_in_use", wave=edition.wave)
        return replace(plan, common=common, files=by_file)

    @property
    def asked(self) -> list[Notebook]:
        """The notebooks that may run."""
        return [n for n in self.notebooks if not self.only or n.name in self.only]

    def values(self, notebook: Notebook) -> dict[str, Any]:
        """The given parameters that a notebook takes, checked and in their types."""
        settings, known = asdict(self.edition) | self.settings, notebook.parameters
        return {name: known[name].check(value) for name, value in settings.items() if name in known}

    def parameters(self, notebook: Notebook) -> dict[str, Any]:
        """All that a notebook runs with, defaults included, as run.json shows them."""
        return self.shown(notebook.with_defaults(self.values(notebook)))

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as pages and run.json show them.

        A text may name a municipality: for the public only choices and ids such as Q13 are shown.
        """
        if self.edition.audience != "public" or self.wave.get("named"):
            return dict(values)
        known = {name: p for notebook in self.notebooks for name, p in notebook.parameters.items()}
        return {
            name: value
            for name, value in values.items()
            if (name in known and ("str" not in known[name].types or known[name].choices))
            or re.fullmatch(r"[A-Za-z_]\w*", str(value), re.ASCII)
        }

    @cached_property
    def keys(self) -> dict[str, str]:
        """The key of each notebook: the hash of everything its result depends on, as JSON."""
        return {n.name: json.dumps(self._key(n), sort_keys=True) for n in self.notebooks}

    def _key(self, notebook: Notebook) -> dict[str, str]:
        values = self.values(notebook)
        # 05 is 5, but pages show it as it was given
        given = {name: self.settings[name] for name in values if name in self.settings}
        text = json.dumps([values, given], sort_keys=True, ensure_ascii=False, default=str)
        if secrets := parameters.secrets(values):  # of which nobody may confirm a guess
            text += fingerprints.fingerprint(json.dumps(sorted(secrets)))
        reads = {
            f"{name} (which it reads)": for_edition(
                self.edition, fingerprints.hash_path(paths.root() / name)
            )
            for name in notebook.declares.get("reads", [])
        }
        if "hypotheses" in notebook.declares.get("requires", []):
            reads[REGISTERED] = fingerprints.hash_file(paths.registration(self.edition.wave))
        if other := self._compared(notebook):
            names = dict[str, Any]()
            with contextlib.suppress(InputError):  # the notebook that reads it reports a fault
                names = waves.names_before(other)
            digest = fingerprints.sha(other + self._cleaned(other) + repr(names))
            reads[COMPARED] = for_edition(self.edition, digest)
        return {
            "its source": fingerprints.source_hash(notebook.content),
            "its parameters": for_edition(self.edition, fingerprints.sha(text)),
            **self.common,
            **reads,
        }

    def _compared(self, notebook: Notebook) -> str:
        """The other wave that a notebook reads; it declares the parameter with its name."""
        parameter = notebook.declares.get("compares")
        if parameter is None:
            return ""
        other = notebook.with_defaults(self.values(notebook)).get(parameter)
        return str(other or "") or waves.earlier(self.edition.wave)

    def known(self, notebook: Notebook) -> list[str]:
        """The files and folders of the project whose hashes are part of a notebook's key."""
        places = ["src/analysis", "src/workbench", *notebook.declares.get("reads", [])]
        for wave in filter(None, {self.edition.wave, self._compared(notebook)}):
            places += [f"data/raw/{wave}", f"data/processed/{wave}"]
            with contextlib.suppress(InputError):
                places.append(f"data/codebooks/{waves.content(wave).get('codebook')}.yml")
        totals = _content(codebook(self.wave)).get("published") or "visits"
        others = ["visits", "crosswalks", totals]
        if REGISTERED in _parts(self.keys[notebook.name]):
            others.append(f"registered/{self.edition.wave}.yml")
        return [*places, *(f"data/codebooks/{name}" for name in others)]

    @property
    def state(self) -> str:
        """One hash of what all notebooks depend on: data, codebook, package, libraries."""
        return fingerprints.combine(self.common)

    def is_state_of(self, ran: Ran) -> bool:
        """Whether a notebook was run on the data, codebook and code of this plan."""
        return self.common.items() <= _parts(ran.key).items()

    @cached_property
    def inputs(self) -> dict[str, str]:
        """The keys of the cleaned data that the notebooks read, by wave; they refuse others.

        One of all that they depend on is in it, too: what is kept in memory is of one run.
        """
        others = {wave for n in self.notebooks if (wave := self._compared(n))}
        keys = {wave: self._cleaned(wave) for wave in sorted({self.edition.wave, *others})}
        return {**keys, "": fingerprints.sha(" ".join(self.keys.values()))}

    def _cleaned(self, wave: str) -> str:
        if wave == self.edition.wave:
            data, book = fingerprints.combine(self.files[DATA]), self.common[CODEBOOK]
        else:
            data, book = fingerprints.hash_folder(paths.raw(wave)), ""
            with contextlib.suppress(InputError):  # the notebook that reads it reports a fault
                book = fingerprints.hash_file(codebook(waves.content(wave)))
        return fingerprints.cleaned_key(data, book, self.files[PACKAGE])

    @property
    def uncleaned(self) -> bool:
        """Whether the cleaned data of the wave are missing, or not of its files as they are."""
        wave = self.edition.wave
        return not fingerprints.is_cleaned(paths.processed(wave), self.inputs[wave])

    def changed(self, rans: Iterable[Ran]) -> dict[str, list[str]]:
        """Notebook -> what changed since the plan read it, or one of `rans` read it by itself."""
        try:
            wave = waves.content(self.edition.wave)
            common, files = _common(self.edition, wave)
            notebooks = [Notebook(n.path) for n in self.notebooks]
            now = replace(self, notebooks=notebooks, common=common, files=files, wave=wave).keys
        except (InputError, OSError, ValueError) as error:
            return {name: [str(error)] for name in self.keys}
        parts = {name: _differing(_parts(self.keys[name]), _parts(now[name])) for name in now}
        changes: dict[str, list[str]] = {
            name: [Message(part) for part in those] for name, those in parts.items() if those
        }
        return changes | {ran.name: [Message(OWN_FILES)] for ran in rans if ran.read_anew}

    # --- what is up to date ------------------------------------------------------------------

    def valid(self, *, again: Set[str] = frozenset()) -> dict[str, Path]:
        """Notebooks that are complete and up to date, and the run folder that has each.

        None of those that are to run `again`, nor what needs one of them.

        The published run counts, and what is complete in one that failed or was stopped. Beside
        each must be those that it needs, up to date: it may have read what they wrote.
        """
        places: dict[str, Path] = {}
        others = (self.edition.incomplete, self.edition.part)
        for run in (self.last, *(RunFolder(folder, self.edition) for folder in others)):
            rans = run.notebooks.items()
            now = (pair for pair in rans if pair[0] not in again)
            own = {name for name, ran in now if ran.key == self.keys.get(name) and run.has(ran)}
            while lone := {n.name for n in self.notebooks if not own >= self._needed(n)} & own:
                own -= lone
            places = dict.fromkeys(own, run.folder) | places
        return places

    def _needed(self, notebook: Notebook) -> set[str]:
        """The notebooks of the plan that a notebook needs."""
        return self.keys.keys() & notebook.declares.get("needs", ())

    @cached_property
    def last(self) -> RunFolder:
        """The published run."""
        return RunFolder(self.edition.folder, self.edition)

    def published(self, valid: Mapping[str, Path]) -> list[Ran] | None:
        """The notebooks of the published run if it is whole and has just these, all valid."""
        last, rans = self.last, self.last.notebooks
        same = list(rans) == list(self.keys) and valid == dict.fromkeys(rans, last.folder)
        if last.record.get("status") != Status.OK or not (same and last.hashes) or last.damaged:
            return None
        if not is_linked_rightly(last, self.edition) or RunFolder(self.edition.incomplete).hashes:
            return None  # pages of municipalities came or went, or a run that failed was undone
        return [replace(ran, reused=True) for ran in rans.values()]

    @property
    def unregistered(self) -> bool:
        """Whether cleaning will put hypotheses on record on which the keys of notebooks depend."""
        there = paths.registration(self.edition.wave).exists()
        return not there and any(REGISTERED in _parts(key) for key in self.keys.values())

    def reason(self, notebook: Notebook) -> Message:
        """Why a notebook would run."""
        if not self.last.record:
            return Message("there is no complete run yet")
        ran = self.last.notebooks.get(notebook.name)
        if ran is None or not ran.ok:
            return Message("it is not complete in the last run")
        changed: dict[str, str] = {}
        for name in _differing(_parts(ran.key), _parts(self.keys[notebook.name])):
            was, now = self.last.record.get(RECORDED.get(name, "")) or {}, self.files.get(name, {})
            if name == "its parameters":
                was, now = ran.parameters, self.parameters(notebook)
                details = [f"{k} {was.get(k)!r} → {now.get(k)!r}" for k in _differing(was, now)]
            else:  # which file, if the record has it
                inside = was and now and self.last.record["audience"] == "internal"
                details = sorted(_differing(was, now)) if inside else []
            changed[name] = _listed(details)
        if files := ran.read_anew:
            changed[OWN_FILES] = _listed(files) if self.edition.audience == "internal" else ""
        if not changed and self.last.has(ran):
            names = sorted(self._needed(notebook))
            return Message("what it needs is made anew ({names})", names=names)
        if not changed:
            return Message("its files in the report are missing or were edited")
        why = [Message("{part}{details}", part=Message(k), details=v) for k, v in changed.items()]
        return Message("changed: {changed}", changed=why)


def _tell_titles_apart(notebooks: list[Notebook]) -> None:
    """Add the file's name to a title that an earlier notebook has, as the copy of one does."""
    known = set[str]()
    for notebook in notebooks:
        if not known.isdisjoint(notebook.title.values()):
            notebook.title = {k: f"{own} ({notebook.name})" for k, own in notebook.title.items()}
        known.update(notebook.title.values())


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The names whose values are not the same."""
    return [name for name in {**now, **was} if was.get(name) != now.get(name)]


def _content(file: Path) -> dict[str, Any]:
    """The content of a codebook; empty where it is not there, which who reads it whole tells."""
    return yaml_file.load(file) if file.is_file() else {}


@contextlib.contextmanager
def _well_formed(wave: Mapping[str, Any]) -> Iterator[None]:
    """Where a codebook or the topics are not as expected, let those who read them whole say so."""
    try:
        yield
    except (AttributeError, LookupError, TypeError):
        from analysis.codebook.model import Codebook  # heavy, as are the topics
        from analysis.results.guide import guide

        Codebook.read(str(wave.get("codebook")))
        guide.cache_clear()  # it may have been read before it was edited
        guide()
        raise


def _lacking(
    notebook: Notebook,
    edition: Edition,
    wave: Mapping[str, Any],
    book: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> str:
    """Why a survey has no such page; empty where it has one.

    The codebook may leave a page out; a notebook requires what it is about.
    """
    pages = book.get("pages") or {}
    if pages.get(notebook.name) is False:
        return Message("the codebook leaves it out")
    short = any(question.get("measures") == "shortage" for question in book.get("questions") or ())
    before = notebook.declares.get("compares", "")
    others: dict[str, Callable[[], Any]] = {  # beside parts of the codebook
        "visits": lambda: _topics(book.get("id")),
        "prefectures": lambda: wave.get("named") and wave.get("invited") == "all",
        "inside": lambda: edition.audience != "public",
        "shortage": lambda: short or notebook.name in pages,
        "no report": lambda: not short and "06_report" not in pages,
        "earlier": lambda: settings.get(before) or waves.earlier(edition.wave),
    }
    for name in notebook.declares.get("requires", []):
        if not (others[name]() if name in others else book.get(name)):
            return REQUIRED[name]
    return ""


def _topics(book: Any) -> bool:
    """Whether a topic of visits has questions of a codebook, given by its id."""
    file = paths.codebooks() / "visits" / "topics.yml"
    topics = yaml_file.load(file).get("topics", ()) if file.is_file() else ()
    return any(topic["questions"].get(book) for topic in topics)


def codebook(wave: Mapping[str, Any]) -> Path:
    """The file of the codebook that a wave.yml names."""
    return paths.codebooks() / f"{wave.get('codebook')}.yml"


def for_edition(edition: Edition, digest: str) -> str:
    """A hash as an edition may give it: outside, it must not serve to confirm a guess."""
    return digest if edition.audience == "internal" else fingerprints.fingerprint(digest)


def changed_since(edition: Edition, record: Mapping[str, Any]) -> list[Message]:
    """Which changed since a run of the edition: the files of the wave, its codebook, or none."""
    data = for_edition(edition, fingerprints.hash_folder(paths.raw(edition.wave)))
    book = fingerprints.hash_file(codebook(waves.content(edition.wave)))
    now = {DATA: (data, "data_sha256"), CODEBOOK: (book, "codebook_sha256")}
    return [Message(part) for part, (hash, name) in now.items() if record.get(name) != hash]


def outdated(edition: Edition, run: RunFolder) -> list[Message]:
    """What changed since a run of the edition, of all on which its pages depend.

    Not seen: another wave with which a notebook compares as told by a parameter that run.json
    does not show.
    """
    rans = {name: parts for name, ran in run.notebooks.items() if (parts := _parts(ran.key))}
    if (changed := changed_since(edition, run.record)) or not rans:
        return changed
    shown = run.record.get("parameters", {}).items()
    given = {name: v for name, v in shown if not str(v).startswith(parameters.REFERENCE)}
    now = {name: _parts(key) for name, key in Plan.make(edition, given).keys.items()}
    both = rans.keys() & now.keys()
    differing = {part for name in both for part in _differing(rans[name], now[name])}
    if "its parameters" in differing:  # the run's are not shown
        differing -= {"its parameters", COMPARED}
    elif rans.keys() != now.keys():
        differing.add("the notebooks")
    if run.read_since(edition):
        differing.add(OWN_FILES)
    return [Message(part) for part in sorted(differing)]


def _common(
    edition: Edition, wave: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The hashes of what all notebooks depend on, and those of the single files within."""
    files = {
        DATA: fingerprints.hash_files(paths.raw(edition.wave)),
        PACKAGE: fingerprints.package_files(),
        LIBRARIES: fingerprints.installed(),
    }
    totals = str(_content(codebook(wave)).get("published") or "")
    common = {
        DATA: for_edition(edition, fingerprints.combine(files[DATA])),
        PACKAGE: fingerprints.combine(files[PACKAGE]),
        LIBRARIES: fingerprints.combine(files[LIBRARIES]),
        CODEBOOK: fingerprints.hash_file(codebook(wave)),
        NAMES: for_edition(edition, fingerprints.sha(repr(waves.names_before(edition.wave)))),
        BEFORE: for_edition(edition, fingerprints.sha(repr(waves.latest_before(edition.wave)))),
        MODULES: fingerprints.sha(repr(_modules(paths.root()))),
        "the published totals": fingerprints.hash_file(paths.codebooks() / totals),
        "the crosswalks": fingerprints.hash_path(paths.codebooks() / "crosswalks"),
        "the topics of visits": fingerprints.hash_path(paths.codebooks() / "visits"),
        "requirements.lock": fingerprints.hash_file(paths.root() / "requirements.lock"),
    }
    return common, files


def _modules(folder: Path) -> list[str]:
    """The names of the modules in a folder: a notebook may have looked for one not there."""
    places = [p for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()]
    return sorted(place.name for place in places)


def _listed(items: Sequence[str], most: int = 3) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return f" ({', '.join(items[:most])}{more})" if items else ""


def _parts(key: str) -> dict[str, str]:
    with contextlib.suppress(ValueError, TypeError):
        return dict(json.loads(key))
    return {}
