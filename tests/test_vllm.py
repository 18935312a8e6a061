"""A real vLLM in the cohort: it writes and rates as ``transformers`` does on the same weights."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from demoscope.errors import BackendError
from demoscope.store_file import read_only
from simulator.backends.conformance import check, request
from simulator.backends.interface import Backend
from simulator.backends.transformers import TransformersBackend
from simulator.backends.vllm import VllmBackend
from simulator.constraint import Constraint, JsonConstraint
from simulator.decoding import Decoding
from simulator.protocols.interface import Completion, Request
from tests.test_cli import ROOT, demoscope
from tests.tiny_models import tiny_model

pytest.importorskip("torch", reason="needs torch: docs/gpu.md")
pytest.importorskip("vllm", reason="needs vllm: docs/gpu.md says how")

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore")]  # vLLM uses what others deprecate
LABELS = ("1", "10", "yes and no", " the")
GREEDY = Decoding(do_sample=False, max_tokens=12)
CHOICES = Constraint(("1: yes", "2: no", "3: not at all"), prefix="I say ")
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def settings(**changes: Any) -> dict[str, Any]:
    """Small, exact and quick to start; on the GPU where there is one."""
    import torch

    gpus = min(1, torch.cuda.device_count())
    small = {"context": 512, "dtype": "float32", "memory": 0.2 if gpus else 0.05, "batch": 16, "enforce_eager": True}
    return {"num_gpus": gpus, **small, **changes}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny"), heads=2)  # vLLM wants heads of 32 numbers at least


@pytest.fixture(scope="module")
def loop() -> Iterator[Run]:
    """An engine belongs to the event loop in which it was first asked."""
    with closing(asyncio.new_event_loop()) as found:
        yield found.run_until_complete


@pytest.fixture(scope="module")
def backend(folder: Path, loop: Run) -> Iterator[VllmBackend]:
    made = VllmBackend("tiny", path=str(folder), **settings())
    loop(made.open())  # which tries every ability
    yield made
    loop(made.close())


@pytest.fixture(scope="module")
def other(folder: Path, loop: Run) -> Iterator[TransformersBackend]:
    made = TransformersBackend("tiny", path=str(folder), device="cpu", dtype="float32", context=512)
    yield made
    loop(made.close())


async def asked(backend: Backend, wanted: list[Request]) -> list[Completion]:
    return await asyncio.gather(*map(backend.complete, wanted))


def test_it_keeps_every_rule_of_backends(backend: VllmBackend, loop: Run) -> None:
    assert loop(check(backend, context=512)) == []


@pytest.mark.parametrize(
    ("decoding", "constraint"),
    [
        (GREEDY, None),
        (Decoding(do_sample=False, max_tokens=12, repetition_penalty=1.3), None),
        (Decoding(do_sample=False, max_tokens=8, num_beams=3), None),
        (Decoding(do_sample=False, max_tokens=6, num_beams=2, repetition_penalty=1.3), None),
        (Decoding(temperature=0.8, top_k=20, max_tokens=8, num_beams=2), None),
        (Decoding(max_tokens=6, num_beams=2), None),
        (Decoding(temperature=1.5), CHOICES),
        (Decoding(do_sample=False, repetition_penalty=1.5), CHOICES),
        (Decoding(do_sample=False, num_beams=2, repetition_penalty=1.5), CHOICES),
        (Decoding(temperature=1.5), Constraint(("red", "green", "blue"), most=3)),
        (Decoding(), Constraint(minimum=1900, maximum=2010)),
        (GREEDY, Constraint(("1: yes", "2: no"), suffix=" because ", free_tokens=6)),
        (Decoding(do_sample=False, num_beams=2), Constraint(("1: yes", "2: no"), suffix=" for ", free_tokens=4)),
    ],
    ids=lambda value: value.width if isinstance(value, Decoding) else None,
)
def test_greedy_texts_beams_and_constrained_answers_are_those_of_transformers(
    backend: VllmBackend,
    other: TransformersBackend,
    loop: Run,
    decoding: Decoding,
    constraint: Constraint | None,
) -> None:
    wanted = [request(f"Question {n}?", seed=n, decoding=decoding, constraint=constraint) for n in range(4)]
    for one, two in zip(loop(asked(backend, wanted)), loop(asked(other, wanted)), strict=True):
        assert one.last.error is None
        assert (one.text, one.last.finish_reason, one.last.applied) == (
            two.text,
            two.last.finish_reason,
            two.last.applied,
        )
        assert (one.last.prompt_tokens, one.last.completion_tokens) == (
            two.last.prompt_tokens,
            two.last.completion_tokens,
        )
        assert one.last.logprob == pytest.approx(two.last.logprob, abs=1e-3)


def test_likelihoods_are_those_of_transformers(backend: VllmBackend, other: TransformersBackend, loop: Run) -> None:
    many = tuple(map(str, range(150)))  # more than vLLM tells of at once
    for ability, labels in (("label_logprobs", LABELS), ("label_logprobs", many), ("score", LABELS)):
        wanted = [request(f"Question {n}?", ability=ability, labels=labels) for n in range(2)]
        for one, two in zip(loop(asked(backend, wanted)), loop(asked(other, wanted)), strict=True):
            assert one.logprobs is not None and two.logprobs is not None
            assert list(one.logprobs) == list(labels)
            for label, values in two.logprobs.items():
                assert one.logprobs[label] == pytest.approx(values, abs=1e-4)
            assert one.outside == (None if two.outside is None else pytest.approx(two.outside, abs=1e-4))


def test_beams_and_likelihoods_asked_at_once_do_not_disturb_each_other(
    backend: VllmBackend, other: TransformersBackend, loop: Run
) -> None:
    beams = Decoding(do_sample=False, max_tokens=8, num_beams=3)
    wanted = [
        request(f"Question {n}?", ability="label_logprobs", labels=LABELS)
        if n % 2
        else request(f"Question {n}?", seed=n, decoding=beams)
        for n in range(10)
    ]
    for one, two in zip(loop(asked(backend, wanted)), loop(asked(other, wanted)), strict=True):
        assert (one.last.error, one.text) == (None, two.text)
        for label, values in (two.logprobs or {}).items():
            assert one.logprobs is not None
            assert one.logprobs[label] == pytest.approx(values, abs=1e-4)


def test_a_sampled_reply_hangs_on_its_own_seed_in_any_company(backend: VllmBackend, loop: Run) -> None:
    for decoding in (Decoding(temperature=1.5, max_tokens=8), Decoding(temperature=1.5, max_tokens=8, best_of=3)):
        wanted = [request(f"Question {n}?", seed=n, decoding=decoding) for n in range(12)]
        together = [reply.text for reply in loop(asked(backend, wanted))]
        alone = [loop(backend.complete(one)).text for one in wanted]
        assert together == alone
        assert len(set(together)) > 6


def test_the_best_of_several_replies_is_likelier_than_one(backend: VllmBackend, loop: Run) -> None:
    def means(best_of: int | None) -> list[float]:
        decoding = Decoding(temperature=1.5, max_tokens=8, best_of=best_of)
        found = loop(asked(backend, [request(seed=n, decoding=decoding) for n in range(20)]))
        return [(reply.last.logprob or 0.0) / reply.last.completion_tokens for reply in found]

    assert sum(means(8)) > sum(means(None))


def test_json_obeys_its_schema(backend: VllmBackend, loop: Run) -> None:
    schema = {
        "type": "object",
        "properties": {
            "trust": {"type": "integer", "minimum": 1, "maximum": 5},
            "why": {"type": "string", "maxLength": 8},
        },
        "required": ["trust", "why"],
    }
    wanted = [
        request(seed=n, constraint=JsonConstraint.of(schema), decoding=Decoding(max_tokens=60)) for n in range(6)
    ]
    for reply in loop(asked(backend, wanted)):
        assert reply.last.error is None
        assert set(json.loads(str(reply.text))) == {"trust", "why"}


def test_what_does_not_fit_is_refused(backend: VllmBackend, loop: Run) -> None:
    reply = loop(backend.complete(request("so " * 600)))
    assert reply.last.error_kind == "context"


def test_a_file_that_it_cannot_read_is_refused_before_it_starts(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(60))
    with pytest.raises(BackendError, match="does not read GGUF"):
        VllmBackend("tiny", path=str(file))


def test_an_adapter_is_put_on_the_model(folder: Path, tmp_path: Path, other: TransformersBackend, loop: Run) -> None:
    peft = pytest.importorskip("peft")
    hf = pytest.importorskip("transformers")
    wished = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    peft.get_peft_model(hf.AutoModelForCausalLM.from_pretrained(folder), wished).save_pretrained(tmp_path)
    with_adapter = VllmBackend("tiny", path=str(folder), adapter=str(tmp_path), **settings())
    loop(with_adapter.open())
    same = TransformersBackend("tiny", path=str(folder), adapter=str(tmp_path), device="cpu", context=512)
    wanted = [request(f"Question {n}?", ability="label_logprobs", labels=LABELS) for n in range(2)]
    one, two, plain = (loop(asked(which, wanted))[0].logprobs for which in (with_adapter, same, other))
    assert one is not None and two is not None and plain is not None
    assert one["1"] == pytest.approx(two["1"], abs=1e-4)
    assert one["1"] != pytest.approx(plain["1"], abs=1e-3)
    assert with_adapter.card().digest == same.card().digest
    loop(with_adapter.close())
    loop(same.close())


def test_an_engine_that_was_killed_fails_requests_and_does_not_hang(folder: Path, loop: Run) -> None:
    psutil = pytest.importorskip("psutil")
    before = set(psutil.Process().children(recursive=True))
    doomed = VllmBackend("tiny", path=str(folder), **settings())
    loop(doomed.open())
    for process in set(psutil.Process().children(recursive=True)) - before:
        os.kill(process.pid, signal.SIGKILL)
    replies = loop(asked(doomed, [request(seed=n, decoding=GREEDY) for n in range(3)]))
    assert [reply.last.error_kind for reply in replies] == ["server"] * 3
    loop(doomed.close())
    del doomed
    gc.collect()  # a dead engine's sockets are not closed by vLLM; here their warnings are ignored


STARTS = """
import asyncio, json, sys
from simulator.backends.vllm import VllmBackend

async def main():
    backend = VllmBackend("tiny", path=sys.argv[1], **json.loads(sys.argv[2]))
    await backend.open()
    print("started", flush=True)
    await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_cohort_that_was_killed_leaves_no_engine_behind(folder: Path, tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    script = tmp_path / "starts.py"
    script.write_text(STARTS)
    cohort = subprocess.Popen(
        [sys.executable, str(script), str(folder), json.dumps(settings())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert cohort.stdout is not None
    assert any("started" in line for line in cohort.stdout)
    left = psutil.Process(cohort.pid).children(recursive=True)
    assert len(left) > 1
    os.kill(cohort.pid, signal.SIGKILL)
    cohort.wait()
    cohort.stdout.close()
    assert psutil.wait_procs(left, timeout=60)[1] == []


def test_a_wave_runs_through_it_in_a_cohort_actor(folder: Path, tmp_path: Path) -> None:
    document = {
        "name": "cohort",
        "seed": 3,
        "respondents": 4,
        "population": "us_adults_2018",
        "questionnaire": "gss_spending",
        "models": [{"name": "tiny", "backend": "vllm", "settings": settings(path=str(folder), context=1024)}],
        "conditions": [{"name": "probe", "protocol": "probe", "settings": {"methods": ["token", "sequence"]}}],
        "execution": {"executor": "ray"},
    }
    wave = tmp_path / "cohort.yaml"
    wave.write_text(json.dumps(document), encoding="utf-8")
    done = demoscope("run", wave, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)  # nothing of vLLM's own is among it
    with read_only(tmp_path / "cohort.sqlite") as store:
        (answers,) = store.execute("SELECT count(*) FROM answers WHERE status = 'answered'").fetchone()
    assert answers == 4 * 19 * 2  # by each method
