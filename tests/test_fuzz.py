"""The fuzzer itself, and a few spoiled inputs for everything that it feeds."""

import pytest

from benchmarks.fuzz import Target, finding, fuzz, input_of
from benchmarks.fuzz_targets import parsers, readers
from demoscope.errors import DocumentError
from simulator.parsing import parse
from surveys import Question
from surveys.presentation import present


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return parsers() | readers(tmp_path_factory.mktemp("fuzz"))


def test_every_target_reads_a_good_input_without_an_error(targets):
    """What only ever sees refusals would fuzz the first line of a reader."""
    for name, target in targets.items():
        read = 0
        for seed in target.seeds:
            try:
                target.read(seed)
                read += 1
            except target.told:
                continue
        assert read, f"no good input of {name} is read"


def test_spoiled_inputs_are_read_or_refused_in_so_many_words(targets):
    state = {}
    fuzz(targets, state, inputs=50, seconds=120)
    assert not {name: found["findings"] for name, found in state.items() if found["findings"]}
    assert {found["inputs"] for found in state.values()} == {50, 5, 1}  # parsers, readers, two slow readers


def test_an_input_is_the_same_every_time_and_the_count_goes_on(targets):
    target = targets["replies"]
    assert input_of("replies", target, 7) == input_of("replies", target, 7)
    assert len({input_of("replies", target, n) for n in range(50)}) > 40
    state = {}
    fuzz({"replies": target}, state, inputs=10, seconds=60)
    fuzz({"replies": target}, state, inputs=15, seconds=60)
    assert state == {"replies": {"inputs": 15, "findings": {}}}


def test_a_traceback_is_a_finding_and_a_told_mistake_is_none():
    def crash(content):
        raise KeyError(content)

    def refuse(content):
        raise DocumentError("no")

    assert "KeyError" in finding(Target((b"a",), crash), b"a")
    assert finding(Target((b"a",), refuse), b"a") is None


def test_a_reply_with_a_number_beyond_all_bounds_is_invalid():
    """Found by the fuzzer: 400 nines are infinity as a float, and no whole number can be made of it."""
    question = Question(id="n", text="How many?", kind="number", whole=True)
    found = parse("Answer: " + "9" * 400, question, present(question, None))
    assert (found.status, found.reason) == ("invalid", "the number is too large to be kept")
