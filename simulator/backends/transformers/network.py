"""A loaded model: its passes, as tensors, whatever its family."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demoscope.errors import BackendError
from simulator.backends.transformers.library import among_themselves, device_of, peft, torch, transformers
from simulator.backends.transformers.places import Place
from simulator.backends.transformers.settings import TransformersSettings


class Network:
    """Weights on their device, and how this family is given tokens."""

    def __init__(self, model: Any) -> None:
        self.model: Any = model
        """A model of transformers, ready to be asked."""
        config = model.config
        self.device: str = str(model.device)
        """Where tokens go in and logits come out."""
        self.encodes = bool(config.is_encoder_decoder)
        """Whether an encoder reads the prompt and a decoder writes the reply."""
        self.recurrent = bool(getattr(model, "_is_stateful", False))
        """Whether the model keeps a state that cannot be padded, copied or cut like keys and values."""
        text = config.get_text_config()
        self.size = next(
            (
                int(n)
                for name in ("max_position_embeddings", "n_positions", "max_seq_len")
                if (n := getattr(text, name, 0))
            ),
            0,
        )
        """Tokens of context it was made for; 0 where its configuration names no limit."""
        self.n_vocab = int(text.vocab_size)
        """Tokens of which it gives logits."""
        self.start: int | None = self._start()
        """Token with which a decoder begins; ``None`` without an encoder."""
        known = inspect.signature(model.forward).parameters
        self._positions, self._keep = "position_ids" in known, "logits_to_keep" in known

    def unload(self) -> None:
        """Give the memory of the weights back; idempotent."""
        self.model = None
        if self.device.startswith("cuda"):
            torch().cuda.empty_cache()

    @property
    def ends(self) -> tuple[int, ...]:
        """Tokens that its own configuration calls ends."""
        found = self.model.generation_config.eos_token_id
        if found is None:
            return ()
        return tuple(int(token) for token in (found if isinstance(found, list) else [found]))

    def tensor(self, numbers: Any) -> Any:
        """Whole numbers as a tensor on the device."""
        return torch().tensor(numbers, dtype=torch().long, device=self.device)

    def encode(self, ids: Any, mask: Any) -> Any:
        """What the encoder makes of prompts."""
        return self.model.get_encoder()(input_ids=ids, attention_mask=mask)

    def cache(self) -> Any:
        """An empty cache that keeps every key and value, whatever window the model looks through."""
        hf = transformers()
        if self.encodes:
            return hf.EncoderDecoderCache(hf.DynamicCache(), hf.DynamicCache())
        return hf.DynamicCache()

    def read(self, ids: Any, mask: Any, positions: Any, cache: Any, last: int = 0) -> Any:
        """Logits in float32 after tokens that follow what the cache holds; only after the ``last`` ones, unless 0."""
        given = {"position_ids": positions} if self._positions else {}
        given |= {"logits_to_keep": last} if self._keep and last else {}
        found = self.model(
            input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=cache is not None, **given
        )
        return found.logits[:, -last:].float()

    def write(self, ids: Any, encoded: Any, mask: Any, cache: Any) -> Any:
        """Logits in float32 after each token that a decoder is given, ``mask`` being that of the prompts."""
        found = self.model(
            encoder_outputs=encoded, attention_mask=mask, decoder_input_ids=ids, past_key_values=cache, use_cache=True
        )
        return found.logits.float()

    def _start(self) -> int | None:
        if not self.encodes:
            return None
        configs = (self.model.generation_config, self.model.config)
        names = ("decoder_start_token_id", "bos_token_id")
        found = next((n for name in names for one in configs if (n := getattr(one, name, None)) is not None), None)
        if found is None:
            raise BackendError(
                "The model's configuration names no decoder_start_token_id, so nobody knows how its replies begin. "
                "Add it to generation_config.json."
            )
        return int(found)


def load(settings: TransformersSettings, place: Place) -> tuple[Network, Any]:
    """The model of these files, with its adapter on it, and its tokenizer; nothing is fetched.

    Raises
    ------
    BackendError
        If transformers cannot read them, or memory is short.
    """
    model, tokenizer = read(settings, place)
    if place.adapter:
        with _told(place.adapter), among_themselves():
            model = peft().PeftModel.from_pretrained(model, str(place.adapter))
            model = model.get_base_model() if settings.quantization else model.merge_and_unload()
    model.requires_grad_(False)
    return Network(model.eval()), tokenizer


def read(settings: TransformersSettings, place: Place) -> tuple[Any, Any]:
    """The model of these files without its adapter, and its tokenizer.

    Raises
    ------
    BackendError
        If transformers cannot read them, or memory is short.
    """
    hf = transformers()
    where: dict[str, Any] = {"local_files_only": True} | ({"gguf_file": place.gguf} if place.gguf else {})
    torch().set_num_threads(settings.threads)
    with _told(place.folder / (place.gguf or "")):
        config = hf.AutoConfig.from_pretrained(place.folder, **where)
        kind = hf.AutoModelForSeq2SeqLM if config.is_encoder_decoder else hf.AutoModelForCausalLM
        model = kind.from_pretrained(place.folder, **where, **_how(settings))
        return model, hf.AutoTokenizer.from_pretrained(place.folder, **where)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell whatever transformers comes to when it reads a model."""
    try:
        yield
    except BackendError:
        raise
    except Exception as error:  # many kinds, of files, of packages and of devices
        raise BackendError(
            f"{path}: transformers cannot load this model ({type(error).__name__}: {str(error).strip()}). Its files "
            "may be incomplete, its family unknown to the installed transformers, or memory short."
        ) from None


def _how(settings: TransformersSettings) -> dict[str, Any]:
    """Arguments that decide where a model is put, and in which numbers."""
    device = device_of(settings.device)
    usual = "float32" if device == "cpu" else "auto"
    found: dict[str, Any] = {
        "dtype": usual if settings.dtype == "auto" else settings.dtype,
        "device_map": settings.device_map or {"": device},
    }
    if settings.attention:
        found["attn_implementation"] = settings.attention
    if settings.quantization:
        if device == "mps":
            raise BackendError(
                f"quantization: {settings.quantization} is done by bitsandbytes, which does not know mps. Leave it "
                "out, or set `device: cpu`."
            )
        try:
            import bitsandbytes  # type: ignore[import-not-found]  # noqa: F401
        except ImportError:
            raise BackendError(
                f"quantization: {settings.quantization} needs bitsandbytes. Install it (`pip install bitsandbytes`), "
                "or leave quantization out."
            ) from None
        found["quantization_config"] = transformers().BitsAndBytesConfig(
            load_in_8bit=settings.quantization == "8bit",
            load_in_4bit=settings.quantization == "4bit",
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch().bfloat16,
        )
    return found
