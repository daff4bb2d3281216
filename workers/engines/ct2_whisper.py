"""Turn a CTranslate2 Whisper checkpoint into the layout of transformers. Deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperProcessor,
    WhisperTokenizer,
)
from transformers.models.whisper.tokenization_whisper import LANGUAGES

from workers.engines import ct2_file, ct2_weights
from workers.engines.ct2_weights import Weights

END: Final = "<|endoftext|>"
MULTILINGUAL_VOCABULARY: Final = 51_865
"""The smallest with languages to ask for; the English models' vocabulary has one token less."""


class Ct2Config(BaseModel):
    """The part of CTranslate2's config.json that is not in the weights."""

    suppress_ids: list[int]
    suppress_ids_begin: list[int]
    alignment_heads: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Ids of the tokens that have a meaning of their own."""

    tokenizer: Tokenizer

    def __getitem__(self, token: str) -> int:
        found = self.tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"The tokenizer has no {token}.")
        return found

    def __contains__(self, token: str) -> bool:
        return self.tokenizer.token_to_id(token) is not None

    def specials(self) -> list[str]:
        """Every token up to <|notimestamps|>: the one after the last is taken for 0.00 s when decoding."""
        ids = range(self[END], self["<|notimestamps|>"] + 1)
        return [token for token in map(self.tokenizer.id_to_token, ids) if token is not None]


def convert(source: Path, destination: Path) -> None:
    """Write config, float16 weights, generation config and processor for `from_pretrained`."""
    tensors = ct2_file.read(source / "model.bin", spec="WhisperSpec")
    settings = Ct2Config.model_validate_json((source / "config.json").read_bytes())
    vocabulary = Vocabulary(Tokenizer.from_file(str(source / "tokenizer.json")))
    weights = ct2_weights.renamed(tensors)
    config = _config(weights, vocabulary, settings, heads=int(tensors["encoder/num_heads"].item()))

    destination.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(destination)
    _generation_config(config, vocabulary, settings).save_pretrained(destination)
    _processor(source / "tokenizer.json", vocabulary, config.num_mel_bins).save_pretrained(destination)
    save_file(weights, destination / "model.safetensors", metadata={"format": "pt"})
    (destination / "model.safetensors").chmod(
        0o644
    )  # other processes of this machine may run as another user


def _config(weights: Weights, vocabulary: Vocabulary, settings: Ct2Config, *, heads: int) -> WhisperConfig:
    width, mel_bins, _ = weights["model.encoder.conv1.weight"].shape
    end = vocabulary[END]
    return WhisperConfig(
        architectures=["WhisperForConditionalGeneration"],
        dtype="float16",
        vocab_size=weights["model.decoder.embed_tokens.weight"].shape[0],
        num_mel_bins=mel_bins,
        d_model=width,
        encoder_layers=_depth(weights, "encoder"),
        decoder_layers=_depth(weights, "decoder"),
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=weights["model.encoder.layers.0.fc1.weight"].shape[0],
        decoder_ffn_dim=weights["model.decoder.layers.0.fc1.weight"].shape[0],
        decoder_start_token_id=vocabulary["<|startoftranscript|>"],
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=settings.suppress_ids,
        begin_suppress_tokens=settings.suppress_ids_begin,
    )


def _depth(weights: Weights, side: str) -> int:
    return len({name.split(".")[3] for name in weights if name.startswith(f"model.{side}.layers.")})


def _generation_config(
    config: WhisperConfig, vocabulary: Vocabulary, settings: Ct2Config
) -> GenerationConfig:
    return GenerationConfig(
        decoder_start_token_id=config.decoder_start_token_id,
        bos_token_id=config.bos_token_id,
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
        suppress_tokens=settings.suppress_ids,
        begin_suppress_tokens=settings.suppress_ids_begin,
        max_length=448,
        no_timestamps_token_id=vocabulary["<|notimestamps|>"],
        prev_sot_token_id=vocabulary["<|startofprev|>"],
        alignment_heads=settings.alignment_heads,
        max_initial_timestamp_index=50,
        return_timestamps=False,
        **_languages_and_tasks(config, vocabulary),
    )


def _languages_and_tasks(config: WhisperConfig, vocabulary: Vocabulary) -> dict[str, object]:
    """The English models have the tokens too, but were never taught them."""
    if config.vocab_size < MULTILINGUAL_VOCABULARY:
        return {"is_multilingual": False}
    tokens = [f"<|{code}|>" for code in LANGUAGES]
    return {
        "is_multilingual": True,
        "lang_to_id": {token: vocabulary[token] for token in tokens if token in vocabulary},
        "task_to_id": {task: vocabulary[f"<|{task}|>"] for task in ("transcribe", "translate")},
        "task": "transcribe",
    }


def _processor(tokenizer_file: Path, vocabulary: Vocabulary, mel_bins: int) -> WhisperProcessor:
    tokenizer = WhisperTokenizer(
        tokenizer_file=str(tokenizer_file),
        unk_token=END,
        bos_token=END,
        eos_token=END,
        pad_token=END,
        additional_special_tokens=vocabulary.specials(),
        model_max_length=448,
        errors="replace",
    )
    return WhisperProcessor(WhisperFeatureExtractor(feature_size=mel_bins), tokenizer)
