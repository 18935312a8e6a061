"""Failures that may be the beginning of the end are kept back until the model does anything else."""

from dataclasses import replace

import pytest

from demoscope.errors import WavePaused
from simulator.doubts import FAILURES, RESPONDENTS, Doubts
from simulator.protocols.interface import Attempt, Completion
from simulator.records import Records

FINE = Completion((Attempt("Hello."),))


def failed(kind="server"):
    return Completion((Attempt(error="no", error_kind=kind),))


def test_what_hangs_on_a_failure_waits_until_the_model_replies_again():
    doubts, well = Doubts("m"), Records()
    assert not doubts.heard(1, failed("timeout"), doubts.open)
    doubts.records(1, well).answers.append(("of the failure",))
    doubts.records(2, well).answers.append(("of another",))
    assert well.answers == [("of another",)]
    assert doubts.finished(1)
    assert not doubts.finished(2)
    assert doubts.heard(2, FINE, doubts.open)
    records, finished = doubts.taken()
    assert (records.answers, finished) == ([("of the failure",)], [1])
    assert not doubts.open
    assert doubts.records(1, well) is well


def test_a_failure_of_the_requests_own_is_no_doubt():
    doubts = Doubts("m")
    for kind in ("rejected", "context", "malformed", "filtered", "refusal", "truncated"):
        doubts.heard(1, failed(kind), doubts.open)
        assert not doubts.open


def test_requests_that_were_under_way_when_the_first_failed_count_as_one():
    doubts = Doubts("m")
    for n in range(10 * FAILURES):
        doubts.heard(n, failed(), False)
    for n in range(FAILURES - 1):
        doubts.heard(n, failed(), doubts.open)
    with pytest.raises(WavePaused, match="'m' does nothing any more but fail: no"):
        doubts.heard(FAILURES, failed(), doubts.open)


def test_what_fails_for_one_or_two_respondents_alone_never_pauses_the_wave():
    doubts = Doubts("m")
    for n in range(10 * FAILURES):
        doubts.heard(n % 2, failed(), doubts.open)
    assert doubts.open
    with pytest.raises(WavePaused):
        doubts.heard(RESPONDENTS, failed(), doubts.open)


def test_a_failure_after_which_the_model_was_found_well_ends_the_doubt():
    doubts, found_well = Doubts("m"), replace(failed(), found_well=True)
    assert not doubts.heard(1, found_well, doubts.open)
    assert not doubts.open
    doubts.heard(1, failed(), doubts.open)
    assert doubts.heard(2, found_well, doubts.open)
