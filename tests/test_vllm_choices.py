"""What vLLM is asked for at a step is enough to choose as with the logits of all tokens; no vLLM is needed for it."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demoscope.errors import BackendError
from simulator.backends.logits.beams import Beam, Way, ways_on
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.grammar import Grammar
from simulator.backends.logits.requests import Refused
from simulator.backends.logits.sampling import choose
from simulator.backends.logits.scoring import logprobs_of
from simulator.backends.vllm import guardian
from simulator.backends.vllm.engine import RANKS, room_for, spread
from simulator.backends.vllm.guardian import born
from simulator.backends.vllm.writing import asked_for, sampling
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from tests.test_json_constraint import Toy

VOCABULARY = Toy()
SIZE = len(VOCABULARY.pieces)


def told(row: np.ndarray, tokens: list[int] | None, count: int | None) -> np.ndarray:
    """The row that becomes of what vLLM tells."""
    known = tokens if tokens is not None else np.argsort(-row, kind="stable")[: count or SIZE].tolist()
    return spread(dict(zip(known, logprobs_of(row, known), strict=True)), SIZE)


def begun(decoding: Decoding, constraint: Constraint | None = None) -> Generation:
    grammar = None if constraint is None else Grammar(constraint, VOCABULARY)
    return Generation(VOCABULARY, decoding, [1, 2, 3], np.random.default_rng(0), grammar=grammar)


@given(
    seed=st.integers(0, 10**6),
    beams=st.integers(1, 4),
    top_k=st.none() | st.integers(1, 60),
    sample=st.booleans(),
    penalty=st.sampled_from([None, 1.4]),
    temperature=st.sampled_from([0.3, 1.0, 2.0]),
)
def test_beams_find_the_same_ways_on(
    seed: int, beams: int, top_k: int | None, sample: bool, penalty: float | None, temperature: float
) -> None:
    decoding = Decoding(
        num_beams=beams, top_k=top_k, do_sample=sample, repetition_penalty=penalty, temperature=temperature
    )
    rng = np.random.default_rng(seed)
    going = [Beam(begun(decoding), -float(n)) for n in range(beams)]
    rows = [rng.normal(0, 3, SIZE).astype(np.float32) for _ in going]
    tokens, count = asked_for(going[0].reply, decoding)
    assert tokens is None
    less = [told(row, tokens, count) for row in rows]

    def found(of: list[np.ndarray]) -> list[Way]:
        return list(ways_on(going, of, decoding, np.random.default_rng(seed)))

    for one, two in zip(found(rows), found(less), strict=True):
        assert (one.beam, one.token) == (two.beam, two.token)
        assert (one.logprob, one.score) == pytest.approx((two.logprob, two.score), abs=1e-4)


@given(seed=st.integers(0, 10**6), top_p=st.sampled_from([1.0, 0.6]), temperature=st.sampled_from([0.5, 3.0]))
def test_constrained_answers_need_the_allowed_tokens_alone(seed: int, top_p: float, temperature: float) -> None:
    decoding = Decoding(top_p=top_p, temperature=temperature)
    reply = begun(decoding, Constraint(("apple", "banana", "avocado")))
    logits = np.random.default_rng(seed).normal(0, 3, SIZE).astype(np.float32)
    tokens, count = asked_for(reply, decoding)
    assert reply.allowed is not None
    assert (tokens, count) == (reply.allowed.tolist(), None)
    one, other = (
        choose(row, decoding, reply.seen, np.random.default_rng(seed), reply.allowed)
        for row in (logits, told(logits, tokens, count))
    )
    assert one == other


@pytest.mark.parametrize("temperature", [0.005, 2.5])
def test_a_temperature_that_vllm_would_change_is_refused(temperature: float) -> None:
    with pytest.raises(Refused, match="takes temperatures"):
        sampling(Decoding(temperature=temperature), 0, [])


@pytest.mark.parametrize("told_so", [True, False])
def test_processes_of_an_engine_outlive_nobody_who_could_end_them(told_so: bool) -> None:
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    reused = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    charges = [f"{engine.pid}:{born(engine.pid)!r}", f"{reused.pid}:{(born(reused.pid) or 0) - 5!r}"]
    watching = subprocess.Popen([sys.executable, guardian.__file__, *charges], stdin=subprocess.PIPE, text=True)
    watching.communicate("ended\n" if told_so else "")
    if not told_so:
        assert engine.wait() == -signal.SIGKILL
    assert (engine.poll(), reused.poll()) == (None if told_so else -signal.SIGKILL, None)
    for process in (engine, reused):
        process.kill()
        process.wait()


def test_all_of_the_vocabulary_is_asked_for_only_where_all_of_it_has_a_say() -> None:
    for decoding, wanted in (
        (Decoding(do_sample=False, num_beams=3), 6),
        (Decoding(num_beams=3, top_k=50), 50),
        (Decoding(num_beams=3, top_k=2), 6),
        (Decoding(num_beams=3), None),
        (Decoding(num_beams=3, top_p=0.9), None),
        (Decoding(num_beams=3, top_k=5000), None),
        (Decoding(do_sample=False, num_beams=3, repetition_penalty=1.2), None),
    ):
        assert asked_for(begun(decoding), decoding) == (None, wanted)


def test_free_text_in_the_words_of_vllm() -> None:
    assert sampling(Decoding(temperature=0.7, top_k=40, top_p=0.9, repetition_penalty=1.1), 5, [2]) == {
        "temperature": 0.7,
        "top_k": 40,
        "top_p": 0.9,
        "min_p": 0.0,
        "repetition_penalty": 1.1,
        "seed": 5,
        "stop_token_ids": [2],
    }


def test_adapters_get_the_smallest_room_that_holds_them() -> None:
    assert [room_for(rank) for rank in (1, 8, 9, 512)] == [8, 8, 16, 512]
    with pytest.raises(BackendError, match=f"up to rank {RANKS[-1]}"):
        room_for(513)
