"""Computations on several cores give what one core gives, whatever happens to those that help."""

import os
import signal
import time
from functools import partial

import pandas as pd
import psutil
import pytest

from analysis import Survey
from analysis.cores import CORES, on_all_cores
from analysis.errors import InputError, refusal
from analysis.results import types
from analysis.typology.classifier import Classifier


@pytest.fixture(autouse=True)
def _three_cores(monkeypatch):
    monkeypatch.setenv(CORES, "3")


@pytest.fixture
def left():
    """The processes that this one started and that are still there."""
    before = {*psutil.Process().children()}
    return lambda: {*psutil.Process().children()} - before


def in_a_fork(here: int) -> bool:
    return os.getpid() != here


def test_results_are_in_the_order_of_the_calls(left):
    assert on_all_cores([partial(pow, i, 2) for i in range(200)]) == [i**2 for i in range(200)]
    assert on_all_cores([]) == []
    assert not left()


def test_a_call_that_fails_raises_its_own_error_wherever_it_ran(left):
    def fail():
        raise refusal("typology.nothing_left")

    with pytest.raises(InputError, match="nothing"):
        on_all_cores([partial(pow, 1, 1), fail, fail, fail])
    assert not left()


def test_what_a_killed_process_had_to_do_is_done_here():
    here, number = os.getpid(), 30

    def call(i: int) -> int:
        if in_a_fork(here):
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    assert on_all_cores([partial(call, i) for i in range(number)]) == [*range(number)]


def test_the_processes_share_the_work():
    def call() -> int:
        time.sleep(0.05)
        return os.getpid()

    assert len(set(on_all_cores([call] * 12))) == 3


def test_typologies_are_the_same_on_one_core_and_on_several(monkeypatch):
    survey = Survey.load("demo-2019", files=False)
    monkeypatch.setattr(Classifier, "_cache", lambda self, function: function)  # compute both
    quick = {"n_bootstrap": 5, "n_null": 9, "multiverse": False}
    readings = [quick, {"adjust": "gradient", **quick}, {"adjust": "size_class", **quick}]
    several = types.typologies(survey, *readings)
    monkeypatch.setenv(CORES, "1")
    for one, other in zip(several, types.typologies(survey, *readings), strict=True):
        pd.testing.assert_series_equal(one.labels, other.labels, check_exact=True)
        pd.testing.assert_frame_equal(one.coassignment, other.coassignment, check_exact=True)
        assert one.evidence == other.evidence
