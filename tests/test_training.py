"""Training on conversations: what is learnt, that it resumes, and that a wave runs what came out."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest

from demoscope.errors import DocumentError
from simulator.backends.transformers import TransformersBackend
from simulator.decoding import Decoding
from simulator.protocols.interface import Message, Request
from simulator.training.examples import UNLEARNT, read_examples
from simulator.training.run import Trained, train
from simulator.training.settings import Lora, TrainingSettings
from tests.hugging_face import needs
from tests.tiny_models import tiny_model

needs("torch", "transformers", "peft")

QUICK: dict[str, Any] = {"epochs": 4, "batch": 4, "learning_rate": 3e-3, "save_every": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Who begins with A says yes, everybody else no."""
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"{letter}{4 * n}: tea?"},
                {"role": "assistant", "content": "yes" if letter == "A" else "no"},
            ]
        }
        for n in range(8)
        for letter in "AB"
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def likelihood(path: str, **settings: Any) -> float:
    """Natural log-probability that a model of a wave replies yes or no and ends its turn."""
    backend = TransformersBackend("m", path=path, device="cpu", **settings)
    question = (Message("user", "A4: tea?"),)
    asked = Request("rate", 0, question, Decoding(), 0, ability="score", labels=("yes", "no"), end_of_turn=True)
    reply = asyncio.run(backend.complete(asked))
    asyncio.run(backend.close())
    assert reply.logprobs is not None, reply.last.error
    return math.log(sum(math.exp(sum(values)) for values in reply.logprobs.values()))


def interrupted(data: Path, folder: Path, settings: TrainingSettings, at: int) -> Trained:
    """A run that dies after a step, and the same command again."""

    def die(step: int, steps: int, loss: float) -> None:
        if step == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, folder, settings, die)
    return train(data, folder, settings)


@pytest.mark.parametrize("lora", [None, Lora(rank=8, alpha=16, dropout=0.1)])
def test_a_run_that_was_interrupted_ends_as_if_it_had_not_been(
    model: Path, data: Path, tmp_path: Path, lora: Lora | None
) -> None:
    # 16 examples / 4 x 4 epochs = 16 steps; a checkpoint at 8, death at 10, so 8 steps are not made again.
    settings = TrainingSettings(model=str(model), lora=lora, **QUICK | ({"learning_rate": 3e-2} if lora else {}))
    whole = train(data, tmp_path / "whole", settings)
    again = interrupted(data, tmp_path / "again", settings, at=10)
    assert (len(whole.losses), again.resumed) == (16, 8)
    assert again.losses == pytest.approx(whole.losses, abs=1e-5)
    assert whole.losses[-1] < whole.losses[0] / 2
    assert train(data, tmp_path / "again", settings).resumed == 16  # finished: nothing is done twice
    path = str(again.folder)
    assert likelihood(path) > likelihood(str(model)) + 2
    if lora:
        assert likelihood(str(model), adapter=path) == pytest.approx(likelihood(path), abs=1e-5)


def test_the_reply_and_the_end_of_its_turn_are_learnt_and_the_prompt_is_not(model: Path, data: Path) -> None:
    backend = TransformersBackend("m", path=str(model), device="cpu")
    asyncio.run(backend.close())
    found = read_examples(data, backend.template, 100)
    first = found.kept[0]
    prompt = backend.template.tokens((Message("user", "A0: tea?"),))
    learnt = [token for token in first.labels if token != UNLEARNT]
    assert first.ids[: len(prompt)] == prompt
    assert learnt == first.ids[len(prompt) :] == [*backend.vocabulary.plain("yes"), backend.vocabulary.end_of_turn]
    shorter = read_examples(data, backend.template, len(first.ids))
    assert shorter.too_long == 16 - len(shorter.kept) > 0  # numbers of two digits are longer


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no json", "line 2: not a conversation"),
        ('{"messages": [{"role": "user", "content": "Tea?"}]}', "line 2: .* ends in a reply"),
        ('{"messages": [{"role": "bot", "content": "Tea?"}, {"role": "assistant", "content": "y"}]}', "roles among"),
    ],
)
def test_a_line_that_is_no_conversation_is_named(model: Path, tmp_path: Path, line: str, told: str) -> None:
    good = '{"messages": [{"role": "user", "content": "Tea?"}, {"role": "assistant", "content": "yes"}]}'
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{good}\n{line}\n")
    with pytest.raises(DocumentError, match=told):
        train(path, tmp_path / "run", TrainingSettings(model=str(model), device="cpu"))


def test_a_folder_goes_on_with_the_same_run_only(model: Path, data: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "run", TrainingSettings(model=str(model), **QUICK | {"epochs": 0.2}))
    with pytest.raises(DocumentError, match="another run"):
        train(data, tmp_path / "run", TrainingSettings(model=str(model), **QUICK | {"seed": 1}))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(DocumentError, match="not empty"):
        train(data, tmp_path / "mine", TrainingSettings(model=str(model), **QUICK))
