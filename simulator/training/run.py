"""One training run in one folder: begun, continued where it was interrupted, or found finished."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from demoscope.errors import BackendError, DocumentError
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.transformers import library, places
from simulator.backends.transformers.network import read
from simulator.backends.transformers.settings import TransformersSettings
from simulator.backends.transformers.vocabulary import HubVocabulary
from simulator.training.examples import UNLEARNT, Examples, Tokens, read_examples
from simulator.training.settings import TrainingSettings

ABOUT, LOSSES = "training.json", "losses.csv"
"""Files of a run: what it is, and the loss of every step."""
KEPT = 2
"""Checkpoints that are kept, so that one is whole when a run dies while it writes the other."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a run."""

    folder: Path
    """Holds the model, or the adapter, and its tokenizer; ``path`` of the backend ``transformers``."""
    examples: int
    too_long: int
    """Examples that were left out for their length."""
    losses: tuple[float, ...]
    """Mean loss of every step, in nats a token."""
    resumed: int
    """Steps that an earlier run had made."""


def train(
    data: Path, folder: Path, settings: TrainingSettings, tell: Callable[[int, int, float], None] | None = None
) -> Trained:
    """Train until the end, from the last checkpoint in the folder if there is one.

    Parameters
    ----------
    data : Path
        Chat JSONL.
    folder : Path
        Of this run alone; made if missing.
    settings : TrainingSettings
        What the run is; a folder is continued by the same settings and examples only.
    tell : callable, optional
        Told the step, the number of steps and the loss after every step.

    Raises
    ------
    BackendError
        If a package or the model is missing, or memory runs out.
    DocumentError
        If the examples cannot be used, or the folder holds another run.
    """
    if settings.batch % settings.accumulate:
        raise DocumentError(f"accumulate {settings.accumulate} must divide batch {settings.batch}.")
    found = TransformersSettings(path=settings.model, device=settings.device, dtype="float32")
    place = places.find(found)
    model, tokenizer = read(found, place)
    if model.config.is_encoder_decoder:
        raise BackendError("Only causal models are trained; this one has an encoder.")
    ends = model.generation_config.eos_token_id
    known = [] if ends is None else ends if isinstance(ends, list) else [ends]
    vocabulary = HubVocabulary(tokenizer, model.config.get_text_config().vocab_size, known)
    template = tokenizer.chat_template
    examples = read_examples(
        data, ChatTemplate(vocabulary, template if isinstance(template, str) else None), settings.max_length
    )
    about = _about(settings, examples, places.digest(place))
    _claim(folder, about)
    if (folder / LOSSES).is_file():
        losses = _read_losses(folder)
        return Trained(folder, len(examples.kept), examples.too_long, losses, len(losses))
    trainer = _trainer(_prepared(model, settings, place), examples, folder, settings, tell)
    last = max(_checkpoints(folder), key=_step, default=None)
    resumed = _step(last) if last else 0
    try:
        with library.among_themselves():
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except (RuntimeError, MemoryError) as error:
        if not library.is_short_of_memory(error):
            raise
        raise BackendError(
            "Memory ran out. Raise `accumulate` or set `checkpointing`, with which the same folder goes on; or train "
            "an adapter (lora) or lower max_length, in a new folder."
        ) from None
    trainer.save_model(str(folder))
    tokenizer.save_pretrained(str(folder))
    losses = tuple(float(row["loss"]) for row in trainer.state.log_history if "loss" in row)
    _write_losses(folder, losses)
    return Trained(folder, len(examples.kept), examples.too_long, losses, resumed)


def _about(settings: TrainingSettings, examples: Examples, digest: str) -> dict[str, Any]:
    """What a run is, for its folder."""
    packages = {name: version(name) for name in ("torch", "transformers", "peft")}
    return {
        "settings": settings.model_dump(mode="json", exclude={"save_every", "accumulate", "checkpointing", "device"}),
        "model": digest,
        "examples": examples.digest,
        "kept": len(examples.kept),
        "too_long": examples.too_long,
        "versions": packages,
    }


def _claim(folder: Path, about: dict[str, Any]) -> None:
    """Write what the run is into a new folder; refuse one that holds another run."""
    path = folder / ABOUT
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in about if key != "versions" and before.get(key) != about[key])
        if changed:
            raise DocumentError(
                f"{folder} holds another run ({', '.join(changed)} differ). Name another folder, or run with what "
                f"{ABOUT} there says."
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise DocumentError(f"{folder} is not empty and holds no run; name a folder of its own.")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _prepared(model: Any, settings: TrainingSettings, place: places.Place) -> Any:
    """The model with what is learnt switched on."""
    model.requires_grad_(settings.lora is None)
    if settings.lora is None:
        return model.train()
    library.transformers().set_seed(settings.seed)  # of the adapter's first weights
    peft = library.peft()
    adapter = peft.LoraConfig(
        r=settings.lora.rank,
        lora_alpha=settings.lora.alpha,
        lora_dropout=settings.lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with library.among_themselves():
        found = peft.get_peft_model(model, adapter)
    named = place.folder / place.gguf if place.gguf else place.folder
    found.peft_config["default"].base_model_name_or_path = str(named.resolve())
    return found


def _trainer(
    model: Any,
    examples: Examples,
    folder: Path,
    settings: TrainingSettings,
    tell: Callable[[int, int, float], None] | None,
) -> Any:
    hf, device = library.transformers(), library.device_of(settings.device)
    bf16 = settings.dtype == "bfloat16" or (settings.dtype == "auto" and device == "cuda")
    arguments = hf.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=settings.warmup,
        weight_decay=0.0,
        per_device_train_batch_size=settings.batch // settings.accumulate,
        gradient_accumulation_steps=settings.accumulate,
        activation_checkpointing=settings.checkpointing,
        bf16=bf16,
        use_cpu=device == "cpu",
        seed=settings.seed,
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=KEPT,
        logging_steps=1,
        logging_first_step=True,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=device == "cuda",
    )
    pad = int(model.config.pad_token_id or 0)

    def on_log(self: Any, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if tell and logs and "loss" in logs:
            tell(int(state.global_step), int(state.max_steps), float(logs["loss"]))

    telling = type("Telling", (hf.TrainerCallback,), {"on_log": on_log})
    trainer = hf.Trainer(
        model=model,
        args=arguments,
        train_dataset=list(examples.kept),
        data_collator=lambda some: _together(some, pad),
        callbacks=[telling()],
    )
    trainer.remove_callback(hf.trainer_callback.PrinterCallback)
    return trainer


def _together(some: list[Tokens], pad: int) -> dict[str, Any]:
    """Examples as tensors, padded on the right."""
    torch, longest = library.torch(), max(len(one.ids) for one in some)
    return {
        "input_ids": torch.tensor([one.ids + [pad] * (longest - len(one.ids)) for one in some]),
        "attention_mask": torch.tensor([[1] * len(one.ids) + [0] * (longest - len(one.ids)) for one in some]),
        "labels": torch.tensor([one.labels + [UNLEARNT] * (longest - len(one.labels)) for one in some]),
    }


def _checkpoints(folder: Path) -> list[Path]:
    """Checkpoints that were written to their ends; the trainer's state is written last."""
    return [path.parent for path in folder.glob("checkpoint-*/trainer_state.json") if _whole(path)]


def _whole(state: Path) -> bool:
    try:
        json.loads(state.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _write_losses(folder: Path, losses: tuple[float, ...]) -> None:
    with (folder / LOSSES).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["step", "loss"])
        rows.writerows(enumerate(losses, start=1))


def _read_losses(folder: Path) -> tuple[float, ...]:
    with (folder / LOSSES).open(newline="", encoding="utf-8") as file:
        return tuple(float(row["loss"]) for row in csv.DictReader(file))
