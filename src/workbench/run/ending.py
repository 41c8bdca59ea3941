"""Ends this process when its parent has ended: imported first by the fork server of the kernels.

The server looks whether its parent is alive only when all that kernels need has been imported,
which takes seconds. Linux only, and without effect elsewhere. Imports nothing heavy.
"""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1

if sys.platform == "linux" and "multiprocessing.forkserver" in sys.modules:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
