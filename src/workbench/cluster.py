"""Pages beyond one machine: made by a dask.distributed cluster, published to an fsspec URL.

Workers need this package and nothing else: what they read (the wave, its codebook, the notebook)
comes with the work. They publish nothing; pages come back to the process that asked, so that a page
is written once whatever became of the worker that made it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tempfile
import threading
import time
import zipfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from analysis import paths
from analysis.errors import InputError
from analysis.fingerprints import INPUTS, package_hash
from workbench import outputs
from workbench.page_work import Made, Work
from workbench.run.kernels import Kernels
from workbench.run.record import RECORD, read_record

AHEAD = 2  # pages submitted for each thread of the cluster
CONNECTING = 10  # seconds to reach the scheduler
PATIENCE = 60  # seconds without any worker
LISTED, SENDING = "files.json", ".sending.json"
BUCKETS = {"s3", "gs", "abfs"}  # stores without folders


# --- the process that asks -------------------------------------------------------------------


def packed(wave: str, reads: Iterable[str] = ()) -> bytes:
    """An archive of what workers read, each file in its place in the project.

    It holds a wave, the codebooks, what other waves say of themselves (names of types), and the
    files and folders that the notebook `reads`.
    """
    buffer = io.BytesIO()
    places = [paths.raw(wave), paths.processed(wave), paths.codebooks()]
    places += [folder / "wave.yml" for folder in paths.waves()]
    places += [paths.root() / name for name in reads]
    files = {file for place in places for file in (place, *place.rglob("*")) if file.is_file()}
    with zipfile.ZipFile(
        buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False
    ) as archive:
        for file in sorted(files):
            archive.write(file, file.relative_to(paths.root()))
    return buffer.getvalue()


def remote(
    scheduler: str, work: Work, todo: Iterable[tuple[str, str]], *, data: bytes, kernels: Kernels
) -> Generator[Made]:
    """The pages of `todo` (code, name) as a cluster makes them, until `kernels` are stopped.

    `data`, see `packed`, hold the answers: they go to the workers alone, and lie nowhere else.

    A page whose worker died is made again by another one; one that takes several workers with it
    is given up as killed.

    Raises
    ------
    InputError : the scheduler cannot be reached, or it has no workers.
    """
    from distributed import Client, wait
    from distributed.scheduler import KilledWorker

    try:
        client = Client(scheduler, timeout=CONNECTING)
    except (OSError, ValueError) as error:
        raise InputError(
            "there is no scheduler at {scheduler} ({text})",
            hint="start one with `dask scheduler` and workers with `dask worker tcp://HOST:8786`",
            scheduler=scheduler,
            text=" ".join(str(error).split())[:160],
        ) from None
    with client:
        waiting, seen = iter(todo), time.monotonic()
        sent = client.submit(bytes, data, pure=False)  # made again where its worker has died
        running: dict[Any, tuple[str, str]] = {}
        while not kernels.stopped:
            threads = sum(client.nthreads().values())
            seen = time.monotonic() if threads else seen
            if time.monotonic() - seen > PATIENCE:
                raise InputError(
                    "the cluster at {scheduler} has no workers",
                    hint="start some",
                    scheduler=scheduler,
                )
            while len(running) < max(1, AHEAD * threads):
                code, name = next(waiting, ("", ""))
                if not code:
                    break
                job = client.submit(make_there, work, sent.key, sent, code, name, pure=False)
                running[job] = (code, name)
            if not running:
                return
            with contextlib.suppress(TimeoutError):
                wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
            for job in [job for job in running if job.done()]:
                code, name = running.pop(job)
                try:
                    made = job.result()
                except KilledWorker as error:
                    why = f"{error.allowed_failures + 1} workers died while they made it"
                    made = work.give_up(code, name, why)
                job.release()
                yield made


# --- a worker --------------------------------------------------------------------------------


_sites: dict[str, tuple[Path, Kernels]] = {}  # run -> what this process has unpacked for it
_guard = threading.Lock()


def make_there(work: Work, run: str, data: bytes, code: str, name: str) -> Made:
    """Make one page on a worker; `run` tells the data of one run from another's."""
    with _guard:
        if run not in _sites:
            _sites.clear()
            _sites[run] = _unpacked(work, data)
        folder, kernels = _sites[run]
    return work.make(code, name, kernels=kernels, scratch=folder / "scratch")


def _unpacked(work: Work, data: bytes) -> tuple[Path, Kernels]:
    """The folder of the data on this machine, which dask clears away with the worker."""
    from distributed import get_worker

    if package_hash() != work.package:
        raise InputError(
            "a worker has another version of this package than the process that asked",
            hint="install the same on all machines",
        )
    folder = Path(tempfile.mkdtemp(prefix="workbench-site-", dir=get_worker().local_directory))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    (folder / "scratch").mkdir()
    kernels = Kernels(
        fork=work.options.fork,
        memory_mb=work.options.memory_mb,
        environment={"WORKBENCH_ROOT": str(folder), INPUTS: json.dumps(work.inputs)},
    )
    kernels.warm(work.ahead)
    return folder, kernels


# --- where it is published -------------------------------------------------------------------


def send(folder: Path, target: str) -> int:
    """Bring `target` to the state of a published folder; how many files were written.

    Files that are there as they should be are not sent again. The list of files with their sha256
    (``files.json``) is written last: while it does not match, the sending was interrupted, and the
    same command carries on. Files that are no longer listed are then removed. A file that is there
    and was not sent by this command is never written over.
    """
    place, root = _filesystem(target)
    now = {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    listed, sending = f"{root}/{LISTED}", f"{root}/{SENDING}"
    with _errors(folder, target):
        before, begun = (
            json.loads(place.cat_file(file)) if place.exists(file) else {}
            for file in (listed, sending)
        )
        if not all(isinstance(one, dict) for one in (before, begun)):
            raise InputError("pages of another wave, edition or program are there")
        _refuse_elsewhere(place, root, {*before, *begun, *now, LISTED, SENDING})
        if before and not _ours(place, root, folder, before):
            raise InputError("pages of another wave, edition or program are there")
        changed = [name for name, digest in now.items() if before.get(name) != digest]
        for name in changed:
            if name not in {*before, *begun} and place.exists(f"{root}/{name}"):
                raise InputError(
                    "{name} is there already, and was not published from here", name=name
                )
        if changed:
            _put(place, sending, json.dumps({**begun, **now}).encode())
        for name in changed:
            _put(place, f"{root}/{name}", (folder / name).read_bytes())
        if now != before:
            _put(place, listed, json.dumps(now, indent=1).encode())
        if place.exists(sending):
            place.rm_file(sending)
        for name in before.keys() - now.keys():
            with contextlib.suppress(FileNotFoundError):
                place.rm_file(f"{root}/{name}")
    return len(changed)


def _refuse_elsewhere(place: Any, root: str, names: Iterable[str]) -> None:
    """Refuse files that do not lie in the target: by their path, or by way of a link in it."""
    local = type(place).__name__ == "LocalFileSystem"
    for name in names:
        if not paths.is_below(name) or (
            local and Path(root, name).resolve() != Path(root).resolve() / name
        ):
            raise InputError("{name} leads out of this place", name=name)


def _ours(place: Any, root: str, folder: Path, listed: dict[str, str]) -> bool:
    """Whether the pages listed in a target are of the wave, audience and language of a folder."""
    own = read_record(folder) or {}
    there = json.loads(place.cat_file(f"{root}/{RECORD}")) if RECORD in listed else {}
    return all(there.get(name) == own.get(name) for name in ("wave", "audience", "language"))


def refuse_received(target: str) -> None:
    """Refuse a target that is a link, or lies in data/raw."""
    place, root = _filesystem(target)
    if type(place).__name__ == "LocalFileSystem":
        outputs.refuse_others([Path(root)], "profiles")


def _put(place: Any, path: str, content: bytes) -> None:
    """Write a file, in a folder made for it; a bucket is never made: its name may be mistyped."""
    protocols = {place.protocol} if isinstance(place.protocol, str) else {*place.protocol}
    if not protocols & BUCKETS:
        place.makedirs(path.rpartition("/")[0], exist_ok=True)
    place.pipe_file(path, content)


@contextlib.contextmanager
def _errors(folder: Path, target: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each kind of store has errors of its own
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            "cannot publish to {place} ({fault})",
            hint="the pages are complete in {folder}; the same command tries again",
            place=target,
            fault=text,
            folder=folder.name,
        ) from None


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise InputError(
            "clusters and URLs need the extra `cluster`", hint="pip install 'analysis[cluster]'"
        ) from None
    try:
        place, root = url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError(
            "{url} cannot be used ({fault})", hint="file:// or s3://", url=url, fault=error
        ) from None
    return place, root.rstrip("/")
