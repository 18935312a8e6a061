"""Models of a few thousand random weights in the format of Hugging Face, made by the tests that need them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

END, TURN, PAD = "<|endoftext|>", "<|im_end|>", "<|pad|>"
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = "the of and to in is you that it he was for on are as with his they I at be this have from or one had by word"
STRETCH = {"llama": 12.0, "gemma2": 8.0, "t5": 0.6, "bart": 6.0, "mamba": 3.0}
"""By what the weights of each family are multiplied where tokens go in and logits come out."""
SIZES: dict[str, Any] = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2}


def tokenizer(template: str | None = CHATML, texts: Sequence[str] = (WORDS,) * 5, size: int = 400) -> Any:
    """Byte-level BPE of all bytes and what is frequent in some texts, ``size`` tokens at most."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END, "<|im_start|>", TURN, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    found = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=TURN, pad_token=PAD)
    found.chat_template = template
    return found


def tiny_model(
    folder: Path, family: str = "llama", template: str | None = CHATML, inner: int = 96, heads: int = 4
) -> Path:
    """A model with random weights and its tokenizer, saved to a folder; a llama's inner width and heads vary."""
    import torch
    import transformers as hf

    words = tokenizer(template)
    size, ends = len(words) + 5, {"eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    torch.manual_seed(7)
    match family:
        case "llama":
            config = hf.LlamaConfig(
                vocab_size=size,
                intermediate_size=inner,
                num_key_value_heads=2,
                max_position_embeddings=1024,
                **SIZES | {"num_attention_heads": heads},
                **ends,
            )
            model: Any = hf.LlamaForCausalLM(config)
        case "gemma2":  # looks through a window of few tokens in every other layer
            config = hf.Gemma2Config(
                vocab_size=size,
                intermediate_size=96,
                num_key_value_heads=2,
                head_dim=16,
                sliding_window=8,
                max_position_embeddings=1024,
                **SIZES,
                **ends,
            )
            model = hf.Gemma2ForCausalLM(config)
        case "t5":
            config = hf.T5Config(
                vocab_size=size,
                d_model=64,
                d_kv=16,
                d_ff=96,
                num_layers=2,
                num_heads=4,
                decoder_start_token_id=3,
                **ends,
            )
            model = hf.T5ForConditionalGeneration(config)
        case "bart":
            config = hf.BartConfig(
                vocab_size=size,
                d_model=64,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=96,
                decoder_ffn_dim=96,
                max_position_embeddings=512,
                decoder_start_token_id=3,
                forced_eos_token_id=None,
                bos_token_id=None,
                **ends,
            )
            model = hf.BartForConditionalGeneration(config)
        case "mamba":
            config = hf.MambaConfig(vocab_size=size, hidden_size=32, num_hidden_layers=2, state_size=8, **ends)
            model = hf.MambaForCausalLM(config)
    with torch.no_grad():  # random logits are flat; stretched, they prefer some tokens as a trained model's do
        for name, weights in model.named_parameters():
            if "embed" in name or "shared" in name or "lm_head" in name:
                weights.mul_(STRETCH[family])
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
