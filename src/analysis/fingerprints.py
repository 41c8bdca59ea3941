"""Hashes (sha256) of what a result depends on: data, codebook, notebooks, code, git commit.

Those made with this project's key, such as pseudonyms, cannot be recomputed without it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import platform
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache, cached_property, partialmethod
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from types import FunctionType
from typing import Any

from analysis import paths
from analysis.errors import refusal

# the environment variable in which a run gives its notebooks the keys of the cleaned waves, as JSON
INPUTS = "WORKBENCH_INPUTS"
AUDIENCE = "WORKBENCH_AUDIENCE"  # and for whom it is, see `of_run`
KEY = 32  # bytes of the key of pseudonyms
TABLES = ("responses", "status", "register", "findings", "outside")  # of cleaned data
CLEANED = ["codes.csv", *(f"{name}.{kind}" for name in TABLES for kind in ("csv", "parquet"))]
METHODS = {FunctionType, partialmethod, property, classmethod, staticmethod, cached_property}
# of each module, see `is_patched`
_first: dict[tuple[str, int], list[tuple[Mapping[str, Any], str, Any]]] = {}


def of_run() -> tuple[str, dict[str, str]]:
    """For whom the run is that this process belongs to, and the keys of its cleaned waves.

    Outside of a run it is for those who may see all, and no wave has a key.

    Raises InputError: the environment has something else there than a run puts.
    """
    audience, inputs = os.environ.get(AUDIENCE, paths.AUDIENCES[0]), None
    with contextlib.suppress(ValueError, RecursionError):
        inputs = json.loads(os.environ.get(INPUTS, "{}"))
    if audience not in paths.AUDIENCES:
        raise refusal("project.environment", name=AUDIENCE)
    if not isinstance(inputs, dict):
        raise refusal("project.environment", name=INPUTS)
    return audience, inputs


def sha(text: str) -> str:
    """sha256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def hash_file(path: Path) -> str:
    """sha256 of a file's content; empty if there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as handle:  # piece by piece: it may be larger than the memory
        return hashlib.file_digest(handle, "sha256").hexdigest()


def hash_files(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its path there; folders that are links count, too.

    Left out: what nobody reads as data, see `analysis.paths.is_leftover`.
    """
    return {name.as_posix(): hash_file(path) for name, path in sorted(_below(folder).items())}


def _below(folder: Path) -> dict[Path, Path]:
    """The files below a folder by their path there, see `hash_files`."""
    by_name, reals = dict[Path, Path](), set[str]()
    for place, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in reals:  # a link that leads back
            folders.clear()
            continue
        reals.add(real)
        folders[:] = sorted(name for name in folders if not paths.is_leftover(name))
        files = [Path(place, name) for name in names if not paths.is_leftover(name)]
        by_name |= {p.relative_to(folder): p for p in files if p.is_file()}
    return by_name


def states(folder: Path, *files: Path) -> dict[Path, tuple[int, ...]]:
    """What differs once one of these files, or one below a folder, was saved or took its place.

    Also where that was undone since: nobody can put back the time of the last change. It does not
    differ where Excel keeps a hidden file beside one that somebody opens.
    """
    known = dict[Path, tuple[int, ...]]()
    for path in (*_below(folder).values(), *files):
        with contextlib.suppress(OSError):
            about = path.stat()
            known[path] = about.st_mtime_ns, about.st_ctime_ns, about.st_size
    return known


def hash_folder(folder: Path) -> str:
    """One hash of the names and contents of all files below a folder."""
    return combine(hash_files(folder))


def hash_path(path: Path) -> str:
    """The hash of a file or folder."""
    return hash_folder(path) if path.is_dir() else hash_file(path)


def hash_read(path: Path) -> str:
    """The hash of a file, or of the names of what lies in a folder; empty if it cannot be read."""
    try:
        if not path.is_dir():
            return hash_file(path)
        names = [entry.name for entry in path.iterdir()]
    except OSError:  # no rights, or no name of a file: who opened it got the error
        return ""
    return sha("\n".join(sorted(name for name in names if not paths.is_leftover(name))))


def combine(files: Mapping[str, str]) -> str:
    """One hash of many files, from their names and hashes."""
    return sha("\n".join(f"{name} {digest}" for name, digest in files.items()))


def package_files(*packages: str) -> dict[str, str]:
    """sha256 of the code, tables and templates of `packages`, by default of both.

    By default also the names of the modules of one's own beside them, without a hash: a notebook
    may have looked for one that was not there.

    >>> "analysis/fingerprints.py" in package_files("analysis")
    True
    """
    src, names = Path(__file__).parents[1], packages or ("analysis", "workbench")
    files = {
        p.relative_to(src).as_posix(): hash_file(p)
        for package in names
        for p in sorted((src / package).rglob("*"))
        if p.is_file() and p.suffix != ".pyc" and p.name != "README.md"
    }
    beside = [] if packages or src.name != "src" else sorted(p.name for p in src.iterdir())
    own = (name for name in beside if name.removesuffix(".py").isidentifier())
    return files | {name: "" for name in own if name not in {*names, "__pycache__"}}


def installed() -> dict[str, str]:
    """The versions of Python, of the packages that this project needs, and of what those need.

    Also of pyreadstat, an extra by which SPSS and Stata files are read, where it is there. They are
    looked for again where a folder changed in which Python looks: a package has one in it that is
    named after its version.

    >>> "pandas" in installed() and "mistune" in installed()  # nbconvert needs it for pages
    True
    """
    folders = [folder for folder in map(Path, sys.path) if folder.is_dir()]
    return _installed(tuple((folder, folder.stat().st_mtime_ns) for folder in folders))


@cache
def _installed(folders: tuple[tuple[Path, int], ...]) -> dict[str, str]:
    versions, waiting = {"python": platform.python_version()}, ["analysis"]
    for package in waiting:  # to which those that it needs are added
        try:
            about = metadata(package)
        except PackageNotFoundError:
            if package == "analysis":
                raise
            continue
        if package != "analysis":
            versions[package] = about["Version"]
        needed = about.get_all("Requires-Dist") or []
        lines = [line for line in needed if "extra ==" not in line or "pyreadstat" in line]
        names = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines}
        names = {re.sub(r"[-_.]+", "-", name).lower() for name in names}
        waiting += sorted(names - {*waiting})
    return versions


def cleaned_key(data: str, codebook: str, package: Mapping[str, str]) -> str:
    """What cleaned data depend on: files as received, codebook, code of `analysis`, libraries.

    Parameters
    ----------
    data, codebook : their hashes.
    package : the files of the package and their hashes, see `package_files`.
    """
    code = {name: digest for name, digest in package.items() if name.startswith("analysis/")}
    return f"{data} {codebook} {combine({**code, **installed()})}"


def is_cleaned(folder: Path, key: str) -> bool:
    """Whether the folder holds the complete cleaned data of just this key, as it was written."""
    try:
        content = json.loads(paths.read_text(folder / "ledger.json"))
        whole = content["key"] == key and content["files"] == hash_tables(folder)
        return bool(whole and content.pop("sha256") == sha(json.dumps(content)))
    except (OSError, ValueError, LookupError, TypeError):  # there is none, or it is damaged
        return False


def hash_tables(folder: Path) -> dict[str, str]:
    """The hash of each table of cleaned data, and of what is written of it for other programs."""
    return {name: hash_file(folder / name) for name in CLEANED}


def is_patched() -> bool:
    """Whether this process replaced code or constants of `analysis`, as a cell does for a try.

    What it computes then is of no state of the package: nothing is kept, and nothing kept is read.
    It is compared with what there was when this was asked first, which `analysis.survey` does.
    """
    for of, module in [m for m in [*sys.modules.items()] if m[0].startswith("analysis.")]:
        names: Mapping[str, Any] = vars(module)
        at = of, len(names)  # more than before: its import had not ended
        if at not in _first:
            own = [vars(v) for v in names.values() if isinstance(v, type) and v.__module__ == of]
            parts = [(names, n, v) for n, v in [*names.items()] if callable(v) or n.isupper()]
            parts += [(c, n, v) for c in own for n, v in c.items() if type(v) in METHODS]
            _first[at] = [(where, name, _code(value)) for where, name, value in parts]
    every = itertools.chain.from_iterable(_first.values())
    return any(_code(where.get(n)) is not first or first is None for where, n, first in every)


def _code(value: Any) -> Any:
    """What a function does, also where it was given other code; None of one of a notebook."""
    if type(value) is not FunctionType:
        return value
    return value.__code__ if value.__module__ != "__main__" else None


def source_hash(notebook: Mapping[str, Any]) -> str:
    """The hash of a notebook's cells, their tags and pictures, and its declarations; no outputs."""
    cells = [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in notebook["cells"]
    ]
    pasted = [attached for cell in notebook["cells"] if (attached := cell.get("attachments"))]
    about = [cells, notebook["metadata"].get("workbench", {}), *pasted]
    return sha(json.dumps(about, sort_keys=True))


def revision() -> dict[str, Any]:
    """The git commit, and whether the working tree is clean; empty and None outside git."""
    git = ["git", "-C", str(paths.root())]
    outputs = []
    for command in (["rev-parse", "HEAD"], ["status", "--porcelain"]):
        try:
            process = subprocess.run([*git, *command], capture_output=True, timeout=10, check=True)
        except (OSError, subprocess.SubprocessError):
            return {"commit": "", "clean": None}
        outputs.append(process.stdout.decode("utf-8", "replace").strip())
    return {"commit": outputs[0], "clean": not outputs[1]}


def pseudonym_key() -> bytes:
    """The key of this project's pseudonyms, made once; it stays outside reports and git.

    Raises InputError: it is damaged; with an empty one anybody could compute them.
    """
    file = paths.root() / ".workbench" / "pseudonym.key"
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=file.parent)  # readable by its owner alone
        with os.fdopen(handle, "wb") as opened:
            opened.write(secrets.token_bytes(KEY))
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(beside, file)
        Path(beside).unlink()
    key = file.read_bytes() if file.is_file() else b""
    if len(key) != KEY:
        raise refusal("project.key", file=file)
    return key


def pseudonym(code: str, key: bytes) -> str:
    """A stable name that cannot be computed without the key; no two of 1,741 are alike.

    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"k" * 32)
    True
    >>> pseudonym("282014", b"k" * 32) == pseudonym("282014", b"x" * 32)
    False
    """
    digest = hmac.new(key, code.encode("ascii"), hashlib.sha256).digest()
    return "M" + base64.b32encode(digest[:5]).decode("ascii")


def fingerprint(text: str) -> str:
    """A hash that changes with the text, for editions that leave the house.

    A plain hash of answers would let anyone who guesses them confirm the guess.
    """
    return hmac.new(pseudonym_key(), b"hash " + text.encode("utf-8"), hashlib.sha256).hexdigest()
