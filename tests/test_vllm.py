"""vLLM in a cohort, as far as that can be seen without vLLM: what is asked of it, and how its replies are read."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.backends import vllm
from simulator.backends.conformance import request
from simulator.backends.transformers import TransformersBackend
from simulator.backends.vllm import VllmBackend
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Request
from tests import vllm_stand_in
from tests.hugging_face import needs
from tests.tiny_models import tiny_model

needs("torch", "transformers")

LABELS = ("1", "10", "yes and no", " the")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def backend(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VllmBackend]:
    monkeypatch.setattr(vllm, "library", vllm_stand_in.module)
    made = VllmBackend("tiny", path=str(folder), context=512)
    asyncio.run(made.open())  # which tries every ability
    yield made
    asyncio.run(made.close())


def asked(backend: Any, wanted: list[Request]) -> list[Completion]:
    async def gather() -> list[Completion]:
        return await asyncio.gather(*map(backend.complete, wanted))

    return asyncio.run(gather())


def test_replies_and_likelihoods_are_read_as_those_of_transformers(backend: VllmBackend, folder: Path) -> None:
    other = TransformersBackend("tiny", path=str(folder), device="cpu", context=512)
    greedy = Decoding(do_sample=False, max_tokens=12)
    wanted = [request(f"Question {n}?", seed=n, decoding=greedy) for n in range(6)]
    for one, two in zip(asked(backend, wanted), asked(other, wanted), strict=True):
        assert one.last.error is None
        assert (one.text, one.last.prompt_tokens) == (two.text, two.last.prompt_tokens)
        assert one.last.finish_reason == two.last.finish_reason
        assert one.last.logprob == pytest.approx(two.last.logprob, abs=1e-3)
    for ability in ("label_logprobs", "score"):
        wanted = [request(f"Question {n}?", ability=ability, labels=LABELS) for n in range(2)]
        for one, two in zip(asked(backend, wanted), asked(other, wanted), strict=True):
            assert one.logprobs is not None and two.logprobs is not None
            assert list(one.logprobs) == list(two.logprobs)
            for label, values in two.logprobs.items():
                assert one.logprobs[label] == pytest.approx(values, abs=1e-4)
            assert one.outside == (None if two.outside is None else pytest.approx(two.outside, abs=1e-4))
    asyncio.run(other.close())


def test_sampled_replies_hang_on_their_own_seed(backend: VllmBackend) -> None:
    wanted = [request(seed=n, decoding=Decoding(temperature=1.5, max_tokens=8)) for n in (1, 2, 1)]
    first, second, again = (reply.text for reply in asked(backend, wanted))
    assert first == again != second


def test_an_end_of_turn_that_the_models_configuration_leaves_out_ends_a_reply_too(backend: VllmBackend) -> None:
    ends = backend._vocabulary.ends.tolist()
    assert len(ends) == 2  # <|im_end|> of the configuration, and <|endoftext|>
    wishes = vllm.sampling(Decoding(), 0, (), ends)
    assert vllm_stand_in.SamplingParams(**wishes).stop_token_ids == ends


def test_what_it_does_not_do_is_said(backend: VllmBackend) -> None:
    too_long = request("so " * 600)
    free = request(constraint=Constraint(("yes", "no"), suffix=" ", free_tokens=4))
    first, second = asked(backend, [too_long, free])
    assert first.last.error_kind == "context"
    assert (second.last.error_kind, "llama_cpp" in str(second.last.error)) == ("rejected", True)
    disobeyed = asked(backend, [request(constraint=Constraint(("yes", "no")))])[0]  # the stand-in ignores choices
    assert (disobeyed.last.error_kind, disobeyed.text) == ("malformed", None)
    assert set(backend.card().missing) == {"num_beams", "best_of"}


def test_an_engine_that_died_fails_requests_and_not_the_cohort(
    backend: VllmBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_stand_in.AsyncLLMEngine, "dead", True)
    reply = asked(backend, [request()])[0]
    assert (reply.last.error_kind, "EngineDeadError" in str(reply.last.error)) == ("server", True)
