"""The backend for models of Hugging Face, on tiny models with random weights that the tests make."""

import asyncio
import codecs
import math
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from demoscope import seeds
from demoscope.errors import BackendError
from simulator.backends.conformance import check, request
from simulator.backends.interface import Resources, find_backend
from simulator.backends.llama_cpp.settings import EMBEDDED
from simulator.backends.logits.beams import Beam, Extension, Way, beam_search, ways_on
from simulator.backends.logits.generation import Generation
from simulator.backends.logits.sampling import choose
from simulator.constraint import Constraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Message, Request
from tests.hugging_face import needs
from tests.tiny_models import tiny_model

needs("torch", "transformers")

import torch  # noqa: E402

from simulator.backends.transformers import TransformersBackend, choosing  # noqa: E402
from simulator.backends.transformers.engine import Engine  # noqa: E402
from simulator.backends.transformers.settings import TransformersSettings  # noqa: E402

FAMILIES = ("llama", "gemma2", "t5", "bart", "mamba")
OPTIONS = Constraint(("1: very", "2: rather or so", "not at all"), prefix="I say ", suffix=" for ", free_tokens=3)
Make = Callable[..., TransformersBackend]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {family: tiny_model(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture
def make(models: dict[str, Path]) -> Iterator[Make]:
    opened: list[TransformersBackend] = []

    def made(family: str = "llama", **settings: Any) -> TransformersBackend:
        given = {"path": str(models.get(family, family)), "device": "cpu", "batch": 8} | settings
        opened.append(TransformersBackend("tiny", **given))
        return opened[-1]

    yield made
    for backend in opened:
        asyncio.run(backend.close())


def asked(backend: TransformersBackend, wanted: list[Request]) -> list[Completion]:
    """All of them at the same time."""

    async def gather() -> list[Completion]:
        return await asyncio.gather(*map(backend.complete, wanted))

    return asyncio.run(gather())


def texts(replies: list[Completion]) -> list[str]:
    assert not [reply.last.error for reply in replies if reply.last.error]
    return [str(reply.text) for reply in replies]


def many(decode: Callable[[int], Decoding], count: int = 12, **changes: Any) -> list[Request]:
    """Requests of very different lengths."""
    return [request("so " * (5 * n) + f"question {n}?", seed=n, decoding=decode(n), **changes) for n in range(count)]


def mixed(n: int) -> Decoding:
    """Greedy, sampled, searching and best-of-n decodings in turn, with settings of their own."""
    kinds = [
        Decoding(do_sample=False, max_tokens=10),
        Decoding(temperature=0.5 + n / 10, max_tokens=7),
        Decoding(temperature=0.8, top_k=20 + n, top_p=0.9, min_p=0.01, repetition_penalty=1.2, max_tokens=8),
        Decoding(num_beams=3, do_sample=False, max_tokens=6),
        Decoding(num_beams=2, temperature=0.7, top_p=0.95, max_tokens=6),
        Decoding(best_of=3, max_tokens=5),
    ]
    return kinds[n % len(kinds)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_conformance_test_finds_nothing(make: Make, family: str) -> None:
    backend = make(family, context=512, batch=2 if family == "mamba" else 8)
    asyncio.run(backend.open())
    assert asyncio.run(check(backend, context=512)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reply_in_a_padded_batch_is_the_reply_alone(make: Make, family: str) -> None:
    wanted = many(mixed, 6 if family == "mamba" else 12)  # mamba goes text by text, and is slow
    if family != "mamba":
        beams = 1 if make(family).network.encodes else 3
        wanted += many(lambda n: Decoding(num_beams=beams, do_sample=False, max_tokens=8), 4, constraint=OPTIONS)
    together = asked(make(family, batch=16), wanted)
    alone = [asked(make(family, batch=1), [one])[0] for one in wanted[::3]]
    assert texts(together)[::3] == texts(alone)
    for one, other in zip(together[::3], alone, strict=True):
        assert one.last.logprob == pytest.approx(other.last.logprob, abs=1e-3)


def test_sampled_text_repeats_in_any_company_and_order(make: Make) -> None:
    wanted = many(mixed, 18)
    order = np.random.default_rng(0).permutation(18).tolist()
    first = texts(asked(make(batch=32), wanted))
    shuffled = texts(asked(make(batch=5), [wanted[n] for n in order]))
    assert [shuffled[order.index(n)] for n in range(18)] == first
    assert len(set(first)) > 12


@pytest.mark.parametrize("family", ["llama", "gemma2", "t5", "bart"])
@pytest.mark.parametrize("beams", [1, 2, 4])
def test_greedy_and_beam_text_is_that_of_generate(make: Make, family: str, beams: int) -> None:
    backend = make(family)
    model, tools = backend.network.model, backend._tools
    wanted = many(lambda n: Decoding(num_beams=beams, do_sample=False, max_tokens=12), 5)
    for one, reply in zip(wanted, asked(backend, wanted), strict=True):
        prompt = [*tools.around[0], *backend.template.tokens(one.messages), *tools.around[1]]
        with torch.no_grad():
            found = model.generate(
                torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                num_beams=beams,
                do_sample=False,
                max_new_tokens=12,
                length_penalty=1.0,
                early_stopping=False,
                eos_token_id=backend.vocabulary.ends.tolist(),
            )[0].tolist()
        written = found[1:] if backend.network.encodes else found[len(prompt) :]
        kept = [token for token in written if token not in backend.vocabulary.end_set and token != 3]
        whole_characters = codecs.getincrementaldecoder("utf-8")("replace")
        assert reply.text == whole_characters.decode(backend.vocabulary.bytes_of(kept))


def test_sampled_beams_are_distributed_as_those_of_generate(make: Make) -> None:
    # Two tokens end a reply here, so generate draws three ways on for each beam and keeps three tokens at least.
    backend = make(batch=96)
    assert len(backend.vocabulary.ends) == 2
    decoding = Decoding(num_beams=2, temperature=0.7, top_k=2, max_tokens=2)
    draws = 600
    wanted = [request(seed=n, decoding=decoding) for n in range(draws)]
    ours = Counter(texts(asked(backend, wanted)))
    prompt = torch.tensor([backend.template.tokens(wanted[0].messages)] * draws)
    torch.manual_seed(0)
    with torch.no_grad():
        found = backend.network.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            num_beams=2,
            do_sample=True,
            temperature=0.7,
            top_k=2,
            top_p=1.0,
            max_new_tokens=2,
            length_penalty=1.0,
            early_stopping=False,
            eos_token_id=backend.vocabulary.ends.tolist(),
        )[:, prompt.shape[1] :].tolist()
    ended = backend.vocabulary.end_set
    whole_characters = codecs.getincrementaldecoder("utf-8")("replace")
    theirs = Counter(
        whole_characters.decode(backend.vocabulary.bytes_of([one for one in reply if one not in ended]))
        for reply in found
    )
    often = [text for text in ours | theirs if ours[text] + theirs[text] >= 10]
    assert len(often) >= 4
    table = [[counted[text] for text in often] for counted in (ours, theirs)]
    rare = [draws - sum(row) for row in table]
    table = [[*row, other] for row, other in zip(table, rare, strict=True)] if sum(rare) >= 10 else table
    assert chi2_contingency(table).pvalue > 0.001


def test_likelihoods_are_those_of_one_pass_over_prompt_and_continuation(make: Make) -> None:
    for family in ("llama", "gemma2", "mamba"):
        backend = make(family)
        labels = ("1", "10", "yes and no", " the")
        wanted = many(lambda n: Decoding(), 4, ability="score", labels=labels, end_of_turn=True)
        for one, reply in zip(wanted, asked(backend, wanted), strict=True):
            prompt = backend.template.tokens(one.messages)
            for label in labels:
                path = [*backend.vocabulary.continuation(label.encode()), backend.vocabulary.end_of_turn]
                with torch.no_grad():
                    logits = backend.network.model(torch.tensor([[*prompt, *path]])).logits[0].log_softmax(-1)
                expected = [float(logits[len(prompt) - 1 + n, token]) for n, token in enumerate(path)]
                assert reply.logprobs is not None
                assert reply.logprobs[label] == pytest.approx(expected, abs=1e-4)


def test_constrained_beams_are_those_of_the_search_with_every_text_in_full(make: Make) -> None:
    # Options of different lengths: a beam whose option is spelt out waits for the others, without a gap in its text.
    for family in ("llama", "gemma2"):
        backend = make(family)
        wanted = many(lambda n: Decoding(num_beams=3, do_sample=False, max_tokens=8), 3, constraint=OPTIONS)
        for one, reply in zip(wanted, asked(backend, wanted), strict=True):
            prompt, tools = backend.template.tokens(one.messages), backend._tools
            chance = seeds.generator(one.seed, "sampling")
            decoding = one.decoding
            start = Generation(backend.vocabulary, decoding, prompt, chance, grammar=tools.grammars.of(OPTIONS))
            search = beam_search(start, decoding, chance)
            extensions = next(search)
            while True:
                with torch.no_grad():
                    rows = [
                        backend.network.model(torch.tensor([[*prompt, *line.reply.tokens]])).logits[0, -1].numpy()
                        for line in extensions
                    ]
                try:
                    extensions = search.send(rows)
                except StopIteration as done:
                    assert reply.text == done.value.text
                    break


def test_many_rows_are_chosen_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 3, (60, 300)).astype(np.float32)
    decodings = [
        Decoding(
            temperature=float(rng.uniform(0.3, 2)),
            top_k=int(rng.integers(1, 300)) if n % 2 else None,
            top_p=float(rng.uniform(0.2, 1)) if n % 3 else 1.0,
            min_p=float(rng.uniform(0, 0.3)) if n % 5 == 0 else None,
            repetition_penalty=1.5 if n % 4 == 0 else None,
            do_sample=n % 7 > 0,
        )
        for n in range(60)
    ]
    seen = [rng.integers(0, 300, 20) for _ in range(60)]
    expected = [
        choose(row, decoding, before, seeds.generator(n, "draw"))
        for n, (row, decoding, before) in enumerate(zip(logits, decodings, seen, strict=True))
    ]
    wishes = [
        choosing.Pick(decoding, before.tolist(), seeds.generator(n, "draw"))
        for n, (decoding, before) in enumerate(zip(decodings, seen, strict=True))
    ]
    assert [token for token, _ in choosing.pick(torch.tensor(logits), wishes)] == expected


def test_the_ways_on_of_many_searches_are_those_of_each() -> None:
    class Reply:
        allowed, seen, ends = None, np.array([3, 5]), 2

    rng = np.random.default_rng(2)
    searches, expected, rows = [], [], []
    for n in range(12):
        beams = 1 + n % 4
        decoding = Decoding(
            num_beams=beams,
            do_sample=n % 3 > 0,
            temperature=0.4 if n % 2 else 1.0,
            top_k=3 if n == 7 else None,
            top_p=0.7 if n % 5 == 1 else 1.0,
            repetition_penalty=1.3 if n % 4 == 2 else None,
        )
        logits = rng.normal(0, 4, (beams, 40)).astype(np.float32)
        lines = [Extension(0, [], Reply(), float(rng.normal())) for _ in range(beams)]  # type: ignore[arg-type]
        alone = [Beam(line.reply, line.score) for line in lines]
        expected.append(ways_on(alone, logits, decoding, seeds.generator(n, "draw")))
        searches.append(choosing.Search(lines, decoding, seeds.generator(n, "draw")))
        rows.append(logits)
    found = choosing.ways(torch.tensor(np.concatenate(rows)), searches)
    for one, other in zip(found, expected, strict=True):
        assert [(way.beam, way.token) for way in one] == [(way.beam, way.token) for way in other]
        assert [way.score for way in one] == pytest.approx([way.score for way in other], abs=1e-4)
        assert all(isinstance(way, Way) for way in one)


@pytest.mark.parametrize("decoding", [Decoding(num_beams=2), Decoding(best_of=4, temperature=3.0)])
def test_several_replies_behind_an_encoder_are_not_held_to_a_constraint(make: Make, decoding: Decoding) -> None:
    backend = make("t5")
    choices = ("red wine", "red beer", "xylophone quartets 1", "xylophone quartets 2", "zzzz")
    refused, after = asked(backend, [request(decoding=decoding, constraint=Constraint(choices)), request()])
    assert (refused.last.error_kind, "encoder-decoder" in str(refused.last.error)) == ("rejected", True)
    assert after.last.error is None


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_batch_that_memory_does_not_hold_is_halved_and_goes_on(
    make: Make, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    wanted = many(mixed, 12)
    expected = texts(asked(make(family, batch=16), wanted))
    backend = make(family, batch=16)
    name = "write" if backend.network.encodes else "read"
    whole = getattr(backend.network, name)

    def short(ids: Any, *more: Any, **others: Any) -> Any:
        if ids.shape[0] > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(ids, *more, **others)

    monkeypatch.setattr(backend.network, name, short)
    assert texts(asked(backend, wanted)) == expected
    assert 1 <= backend.engine.most <= 5
    assert backend.engine.shrunk >= 1
    assert asked(backend, [request(ability="score", labels=("a", "b"))])[0].logprobs is not None


def test_what_memory_never_holds_fails_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = make(batch=2)
    whole = backend.network.read

    def short(ids: Any, *more: Any, **others: Any) -> Any:
        if ids.shape[1] > 200:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried too much")
        return whole(ids, *more, **others)

    monkeypatch.setattr(backend.network, "read", short)
    short_one, long_one = asked(backend, [request("Hello?"), request("so " * 200)])
    assert short_one.last.error is None
    assert long_one.last.error_kind == "context"
    assert "memory of the device" in str(long_one.last.error)
    assert asked(backend, [request("Hello?")])[0].last.error is None
    assert backend.engine.most >= 1


def test_numbers_that_are_none_end_their_own_request_only(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = make()
    whole = backend.network.read

    def overflowing(ids: Any, *more: Any, **others: Any) -> Any:
        found = whole(ids, *more, **others)
        found[(ids == 1).sum(-1) == 4] = math.nan  # the prompt of four turns
        return found

    monkeypatch.setattr(backend.network, "read", overflowing)
    sound, broken = request("Hello?"), request("Hello?")
    turns = (*broken.messages, Message("user", "And now?"))
    other = Request("answer", 1, turns, Decoding(max_tokens=5), seed=1)
    replies = asked(backend, [sound, other])
    assert replies[0].last.error is None
    assert replies[1].last.error_kind == "server"
    assert "not numbers" in str(replies[1].last.error)


def test_markup_in_a_message_stays_text_and_a_base_model_gets_the_texts_alone(make: Make, tmp_path: Path) -> None:
    backend = make()
    tokens = backend.template.tokens((Message("user", "<|im_end|> hi"),))
    assert tokens.count(backend.vocabulary.controls["<|im_end|>"]) == 1
    base = make(str(tiny_model(tmp_path, template=None)))
    tokens = base.template.tokens((Message("system", "Be brief."), Message("user", "Tea?")))
    assert base.vocabulary.bytes_of(tokens) == b"Be brief.\nTea?"
    assert asked(base, [request()])[0].last.error is None


def test_tokens_of_sentencepiece_are_told_as_bytes() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from simulator.backends.transformers.vocabulary import HubVocabulary

    pieces = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"<0x{byte:02X}>": 3 + byte for byte in range(256)}
    for piece in ("▁", "▁t", "▁te", "e", "a", "t"):
        pieces[piece] = len(pieces)
    made = Tokenizer(models.BPE(pieces, [("▁", "t"), ("▁t", "e")], byte_fallback=True, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    vocabulary = HubVocabulary(tokenizer, 300)
    for text in ("tea", " tea", "té 茶", "1: a"):
        assert vocabulary.bytes_of(vocabulary.continuation(text.encode())) == text.encode()
    assert len(vocabulary.pieces) == 300


def test_a_hub_id_opens_no_connection_unless_the_wave_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    with pytest.raises(BackendError, match="download: true"):
        TransformersBackend("m", path="nobody/has-this-model", device="cpu")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"path": "/nowhere/model"}, "no such model"),
        ({"path": "."}, "no config.json"),
        ({"path": "x/y", "adapter": "."}, "no adapter_config.json"),
        ({"path": "m", "device_map": "auto"}, "num_gpus"),
        ({"path": "m", "quantization": "4bit", "device": "mps"}, "does not know mps"),
        ({"path": "m", "batch": 0}, "batch"),
    ],
)
def test_what_cannot_be_loaded_is_told_with_what_to_do(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(BackendError, match=told):
        TransformersBackend("m", **settings)


@pytest.mark.skipif(find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed")
def test_smaller_weights_without_bitsandbytes_are_told_with_what_to_install(models: dict[str, Path]) -> None:
    with pytest.raises(BackendError, match="pip install bitsandbytes"):
        TransformersBackend("m", path=str(models["llama"]), device="cpu", quantization="4bit")


@pytest.mark.filterwarnings("ignore:MatMul8bitLt")
@pytest.mark.parametrize(("quantization", "most"), [("8bit", 0.5), ("4bit", 4)])
def test_smaller_weights_give_about_the_same_numbers(
    make: Make, tmp_path: Path, quantization: str, most: float
) -> None:
    pytest.importorskip("bitsandbytes", reason="needs bitsandbytes: pip install bitsandbytes")
    folder = str(tiny_model(tmp_path, inner=128))  # 4 bits come in blocks of 64
    wanted = [request(ability="score", labels=("a", "b")), request(decoding=Decoding(num_beams=2, max_tokens=4))]
    whole, small = (asked(make(folder, **more), wanted) for more in ({}, {"quantization": quantization}))
    assert not [reply.last.error for reply in small if reply.last.error]
    assert whole[0].logprobs is not None and small[0].logprobs is not None
    for label, values in whole[0].logprobs.items():
        apart = abs(small[0].logprobs[label][0] - values[0])
        assert 0 < apart < most


def test_a_context_beyond_the_models_own_is_refused(make: Make) -> None:
    with pytest.raises(BackendError, match=r"1,024 tokens"):
        make(context=4096)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_named(models: dict[str, Path]) -> None:
    with pytest.raises(BackendError, match="`device: cuda`"):
        TransformersBackend("m", path=str(models["llama"]), device="cuda")


@pytest.mark.parametrize(
    ("settings", "reserved"),
    [
        ({"device": "cpu", "threads": 2}, Resources(cpus=2, gpus=0)),
        ({"device": "cuda"}, Resources(cpus=1, gpus=1)),
        ({"device": "cuda", "num_gpus": 0.25}, Resources(cpus=1, gpus=0.25)),
        ({"device_map": "auto", "num_gpus": 4}, Resources(cpus=1, gpus=4)),
    ],
)
def test_an_engine_reserves_its_threads_and_gpus(settings: dict[str, Any], reserved: Resources) -> None:
    validated = TransformersSettings(path=EMBEDDED, **settings).model_dump(mode="json")
    assert find_backend("transformers").resources(validated) == reserved


def test_the_card_holds_what_changes_numbers(make: Make) -> None:
    one, other = make("llama"), make("gemma2")
    assert one.card().digest != other.card().digest
    assert one.card().settings["dtype"] == "float32"
    assert one.card().settings["family"] == "LlamaForCausalLM"


def test_a_cancelled_request_and_a_closed_model_hold_nobody_up(make: Make) -> None:
    backend = make()

    async def cancelled() -> None:
        slow = asyncio.create_task(backend.complete(request(decoding=Decoding(max_tokens=800))))
        await asyncio.sleep(0.05)
        slow.cancel()
        assert (await backend.complete(request())).last.error is None

    asyncio.run(cancelled())
    asyncio.run(backend.close())
    assert asyncio.run(backend.complete(request())).last.error_kind == "rejected"
    assert isinstance(backend.engine, Engine)
