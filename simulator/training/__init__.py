"""Teaching a language model from conversations: full training or an adapter, resumable, by transformers and peft."""
