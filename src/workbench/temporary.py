"""The folder for temporary files of one process, which no later run finds in its way.

It is removed when the process ends. One that was killed leaves it; its lock is then free, and the
next process that asks for a folder of its own removes it.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import uuid
from multiprocessing import resource_tracker
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "workbench-"
_held: list[tuple[Path, FileLock]] = []
_making = threading.Lock()


def folder() -> Path:
    """The folder for temporary files of this process, made when it is first asked for."""
    with _making:
        if not _held or not _held[0][0].is_dir():
            parent = Path(tempfile.gettempdir())
            for old in parent.glob(f"{PREFIX}{'[0-9a-f]' * 8}.lock"):  # and no workbench-env.lock
                _remove(old.with_suffix(""), FileLock(old))
            place = parent / f"{PREFIX}{uuid.uuid4().hex[:8]}"
            lock = FileLock(place.with_suffix(".lock"), thread_local=False)  # for other threads
            lock.acquire()  # before there is a folder that another process could take for left
            place.mkdir(mode=0o700)
            atexit.register(_remove, place, lock)
            # that of multiprocessing, too: its fork server has a socket there
            multiprocessing.current_process()._config.setdefault("tempdir", str(place))  # type: ignore[attr-defined]
            _held[:] = [(place, lock)]
        return _held[0][0]


def _remove(place: Path, lock: FileLock) -> None:
    """Remove a folder, unless the process that holds its lock is alive."""
    with contextlib.suppress(OSError, Timeout):  # a folder of another user, or in use
        lock.acquire(timeout=0)
        _end_processes(place)
        shutil.rmtree(place, ignore_errors=True)
        Path(lock.lock_file).unlink()
        lock.release(force=True)


def _end_processes(place: Path) -> None:
    """End what kernels started and left, also in sessions of their own (Linux alone)."""
    mark = f"TMPDIR={place}".encode()
    # that of multiprocessing ends by itself, when this process has told it what it gave back
    own = os.getpid(), resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            variables = (process / "environ").read_bytes().split(b"\0")
            if mark in variables and int(process.name) not in own:
                os.kill(int(process.name), signal.SIGKILL)
