"""Files of statistics packages, read in the tests' own process.

The process of its own, which a damaged file may end, costs half a second each time; it is tried in
tests/analysis/intake/test_files.py.
"""

import contextlib
import io
import subprocess
from types import SimpleNamespace
from unittest import mock

from analysis.intake import spss_stata


def _run(command, **_):
    """In the place of `subprocess.run`."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        spss_stata._main(command[-1])
    return SimpleNamespace(stdout=out.getvalue())


def patched():
    here = SimpleNamespace(**{**vars(subprocess), "run": _run})
    return mock.patch.object(spss_stata, "subprocess", here)
