"""A GLM-ASR of 300 thousand random numbers: the same classes and prompt, a vocabulary of made-up words.

It understands nothing, but what it writes depends on every sample it was given, so it tells
whether padding, neighbours or order change what a chunk is heard as.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GlmAsrConfig,
    GlmAsrForConditionalGeneration,
    GlmAsrProcessor,
    PreTrainedTokenizerFast,
    WhisperFeatureExtractor,
)

SPECIALS: Final = (
    "<|endoftext|>",
    "<|user|>",
    "<|assistant|>",
    "<|begin_of_audio|>",
    "<|end_of_audio|>",
    "<|pad|>",
    "<|unknown|>",
)
SYLLABLES: Final = tuple("".join(pair) for pair in product("bdgklmnprst", "aeiou"))
WORDS: Final = tuple("".join(pair) for pair in product(SYLLABLES[:16], SYLLABLES[:16]))
CHAT_TEMPLATE: Final = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{% for c in m['content'] %}"
    "{% if c['type'] == 'audio' %}<|begin_of_audio|><|pad|><|end_of_audio|><|user|>\n"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
LIVELINESS: Final = 10.0
"""How much larger the random weights are than usual; with less the audio hardly changes the text."""


def build(directory: Path, *, loudness: float = 1.0) -> None:
    """Write a checkpoint; `loudness` scales the encoder until it leaves the range of float16."""
    tokenizer = _tokenizer()
    processor = GlmAsrProcessor(
        WhisperFeatureExtractor(feature_size=128), tokenizer, chat_template=CHAT_TEMPLATE
    )
    torch.manual_seed(2)
    network = GlmAsrForConditionalGeneration(_config(tokenizer))
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.mul_(LIVELINESS if weight.dim() > 1 else 1.0)
            if name.endswith("audio_tower.layers.0.mlp.fc2.weight"):
                weight.mul_(loudness)
    network.save_pretrained(directory)
    processor.save_pretrained(directory)


def _tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate((*SPECIALS, *WORDS))}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<|unknown|>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        eos_token="<|endoftext|>",
        pad_token="<|pad|>",
        unk_token="<|unknown|>",
        additional_special_tokens=list(SPECIALS),
        padding_side="left",
    )


def _config(tokenizer: PreTrainedTokenizerFast) -> GlmAsrConfig:
    return GlmAsrConfig(
        audio_config={
            "hidden_size": 64,
            "intermediate_size": 256,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "max_position_embeddings": 8192,
            "eos_token_id": [SPECIALS.index("<|endoftext|>"), SPECIALS.index("<|user|>")],
        },
        audio_token_id=SPECIALS.index("<|pad|>"),
        tie_word_embeddings=False,  # tied random weights would say one word for ever
    )
