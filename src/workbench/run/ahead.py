"""Computes what the kernels of a run share: imported last by the fork server of the kernels.

What it computes is kept in memory by the key of the data (`analysis.survey.keep`), so that a kernel
takes it only where nothing changed. Whatever fails here is left to the notebooks, which say why.
"""

import contextlib
import json
import os

from threadpoolctl import threadpool_limits

from analysis.results import profile
from workbench.run.kernels import AHEAD

if asked := json.loads(os.environ.get(AHEAD, "null")):
    # a parallel region of OpenMP run here would hang the same region in every kernel
    with contextlib.suppress(Exception), threadpool_limits(1):
        profile.ahead(**asked)
