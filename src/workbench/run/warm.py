"""What the fork server of the kernels does before it forks any: it imports what notebooks import.

It also computes what the kernels of a run share, which is kept in memory by the key of the data
(`analysis.survey.keep`), so that a kernel takes it only where nothing changed. Whatever fails here
is left to the notebooks, which say why. Nothing heavy is imported before the server ends with its
parent: by itself it looks for its parent only when all this is done, which takes seconds.
"""

import atexit
import contextlib
import ctypes
import gc
import json
import os
import signal
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from workbench.run import TO_WARM

PR_SET_PDEATHSIG = 1


def warm(parent: int, modules: Sequence[str], ahead: Mapping[str, Any] | None) -> None:
    """Import `modules` and compute what all kernels share (`ahead`, see `_compute`); Linux only.

    `parent` is the process that started this one.
    """
    atexit.register(_end_kernels, os.getpid())
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    stops = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which says so
    if os.getppid() == parent:
        gc.disable()  # imports leave little garbage, and the search takes a fifth of their time
        for name in modules:
            with contextlib.suppress(ImportError):
                import_module(name)
        gc.freeze()  # nor is any looked for in them later on
        gc.enable()
        if ahead:
            _compute(**ahead)
    # from here on the server itself looks for its parent, and not for the thread that started it
    prctl(PR_SET_PDEATHSIG, 0)
    signal.signal(signal.SIGINT, stops)


def _end_kernels(server: int) -> None:
    """End the kernels with all that they started: one that computes in C sees no end by itself."""
    if os.getpid() == server:
        for kernel in Path(f"/proc/{server}/task/{server}/children").read_text().split():
            with contextlib.suppress(OSError):
                os.killpg(int(kernel), signal.SIGKILL)


def _compute(wave: str, pages: Mapping[str, Any] | None = None, **edition: Any) -> None:
    """Load the survey and keep it in memory; compile the templates of outputs.

    `edition` : audience and language. `pages` : what `analysis.results.profile.ahead` takes, where
    pages of municipalities are to be made.
    """
    import matplotlib as mpl
    from threadpoolctl import threadpool_limits

    from analysis import paths, show, survey
    from analysis.results import profile
    from workbench.run.record import one_at_a_time

    # the process that asked wants the same: one of them computes it, the other reads it
    alone = one_at_a_time(paths.processed(wave))
    # a parallel region of OpenMP run here would hang the same region in every kernel
    with contextlib.suppress(Exception), threadpool_limits(1), alone:
        loaded = survey.Survey.load(wave, **edition)
        if pages is not None:
            profile.ahead(loaded, **pages)
        show.Answer("")._repr_mimebundle_()
        survey.keep(loaded)
    mpl.rc_file_defaults()  # a kernel's own figures begin without the style of the survey


if TO_WARM in os.environ:
    warm(**json.loads(os.environ[TO_WARM]))
