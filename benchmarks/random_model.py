"""A model with random weights and all that requests need of it: as fast as a real one of its shape, and as large."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.backends.logits.grammar import Grammars
from simulator.backends.logits.template import ChatTemplate
from simulator.backends.transformers.network import Network
from simulator.backends.transformers.tools import Tools
from simulator.backends.transformers.vocabulary import HubVocabulary
from tests.tiny_models import tokenizer

LLAMA_8B = {
    "vocab_size": 128_256,
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131_072,
}
SMOLLM2 = {
    "vocab_size": 49_152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
}
SMALL = {
    "vocab_size": 8192,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 16_384,
}


@dataclass
class Model:
    """A random model and what requests need of it."""

    network: Network
    tools: Tools
    shape: dict[str, Any]
    each: int
    """Bytes of a weight."""

    @property
    def multiplied(self) -> tuple[int, int]:
        """Weights that every token is multiplied with: those of all layers, and those behind which logits come."""
        layers = sum(one.numel() for one in self.network.model.model.layers.parameters())
        return layers, self.network.model.lm_head.weight.numel()


def random_model(shape: dict[str, Any], device: str) -> Model:
    """Weights drawn on the device, and a tokenizer that cuts English as those of such models do."""
    import torch
    import transformers

    each = 2 if device == "cuda" else 4
    torch.manual_seed(0)
    with torch.device(device):
        torch.set_default_dtype(torch.bfloat16 if device == "cuda" else torch.float32)
        config = transformers.LlamaConfig(**shape, eos_token_id=None, bos_token_id=None)
        llama: Any = transformers.LlamaForCausalLM
        network = Network(llama(config).eval())
        torch.set_default_dtype(torch.float32)
    words = english()
    vocabulary = HubVocabulary(words, network.n_vocab)
    tools = Tools(
        vocabulary=vocabulary,
        template=ChatTemplate(vocabulary, words.chat_template),
        grammars=Grammars(vocabulary),
        size=network.size,
        encodes=False,
        around=([], []),
        endpoint="random",
        clock=time.perf_counter,
    )
    return Model(network, tools, shape, each)


def english() -> Any:
    """A tokenizer that cuts English as those of trained models do."""
    pages = sorted((Path(__file__).resolve().parents[1] / "docs").glob("*.md"))
    return tokenizer(texts=[page.read_text(encoding="utf-8") for page in pages], size=8000)


def random_folder(shape: dict[str, Any], folder: Path, device: str) -> Path:
    """A model with random weights in bfloat16 and its tokenizer, saved to a folder."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.LlamaConfig(**shape, eos_token_id=None, bos_token_id=None, dtype="bfloat16")
    llama: Any = transformers.LlamaForCausalLM
    with torch.device(device):
        torch.set_default_dtype(torch.bfloat16)
        llama(config).save_pretrained(folder)
        torch.set_default_dtype(torch.float32)
    english().save_pretrained(folder)
    return folder
