"""Imported by the fork server alone: what notebooks import, once for all kernels.

Imports only: a parallel region of OpenMP run here would hang the same region in every child, a
figure drawn here would tie matplotlib to this process, and `matplotlib_inline` must stay out, or
its hook never meets the kernel's shell and figures vanish in silence.
"""

import builtins
import contextlib
import gc
import importlib
import pkgutil
import sys

PATH = list(sys.path)
MODULES = (
    "analysis.kernels",
    "ipykernel.kernelapp",
    "pandas",
    "pyarrow.parquet",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "seaborn",
    "scipy.stats",
    "sklearn.cluster",
    "analysis.survey",
    "analysis.typology.study",
    "analysis.report",
)


class _Shell:
    """Stands in for the kernel's shell: pandas chooses its display width at import."""

    kernel = None


builtins.get_ipython = _Shell  # type: ignore[attr-defined]
try:
    for name in MODULES:
        with contextlib.suppress(ImportError):  # the kernel that needs it will say so
            importlib.import_module(name)
    for found in pkgutil.iter_modules(sys.modules["analysis.report"].__path__, "analysis.report."):
        importlib.import_module(found.name)
finally:
    del builtins.get_ipython  # type: ignore[attr-defined]
# what is imported stays: each kernel would look through it for garbage, and so copy its memory
gc.collect()
gc.freeze()
