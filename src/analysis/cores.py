"""Independent computations on several cores, with the same results whatever their number.

The run of a notebook says how many there are (`CORES`): it knows that each BLAS has one thread, and
ends what a kernel leaves. Anywhere else all is computed by one process.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from typing import IO, TypeVar

T = TypeVar("T")
CORES = "WORKBENCH_CORES"  # in the environment
MOST = 256  # calls: the number of each is one byte


def on_all_cores(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of the calls, in their order.

    Forks of this process make some of them, each one after the other. What fails in one of them, or
    is lost because it was killed, is called here, so that errors are raised as without them.

    >>> on_all_cores([lambda: 1, lambda: 2])
    [1, 2]
    """
    cores = int(os.environ.get(CORES, 1)) if sys.platform == "linux" else 1
    helpers = min(cores, len(calls)) - 1 if len(calls) <= MOST else 0
    if helpers < 1:
        return [call() for call in calls]
    numbers, end = os.pipe()  # who reads the number of a call makes it
    os.write(end, bytes(range(len(calls))))
    os.close(end)
    forks = [_fork(calls, numbers) for _ in range(helpers)]
    try:
        done = _work(calls, numbers)
        for _, answer in forks:
            with contextlib.suppress(EOFError, pickle.UnpicklingError):
                done |= pickle.load(answer)
    finally:
        os.close(numbers)
        for pid, answer in forks:
            answer.close()
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return [done[i] if i in done else call() for i, call in enumerate(calls)]


def _work(calls: Sequence[Callable[[], T]], numbers: int) -> dict[int, T]:
    """The results of the calls that this process made, by their numbers."""
    done = {}
    while number := os.read(numbers, 1):
        with contextlib.suppress(Exception):
            done[number[0]] = calls[number[0]]()
    return done


def _fork(calls: Sequence[Callable[[], T]], numbers: int) -> tuple[int, IO[bytes]]:
    """The number of a process that helps, and where its results can be read."""
    answer, give = os.pipe()
    if pid := os.fork():
        os.close(give)
        return pid, os.fdopen(answer, "rb")
    try:
        gc.disable()  # the search would copy the memory of all that is imported
        os.environ[CORES] = "1"
        with os.fdopen(give, "wb") as file:
            pickle.dump(_work(calls, numbers), file)
    finally:
        os._exit(0)
