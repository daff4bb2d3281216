"""OpenAI's Whisper family, through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Final

import torch
from transformers import (
    Cache,
    DynamicCache,
    EncoderDecoderCache,
    GenerationConfig,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)
from transformers.modeling_outputs import BaseModelOutput

from workers.engines import device as devices
from workers.engines.base import Beat, Chunk, EngineIdentity, Hypothesis, no_beat
from workers.engines.batching import Budget, listen_in_passes
from workers.engines.checkpoints import Checkpoint
from workers.engines.decoding import Decoded, Ending, decode
from workers.engines.faults import device_faults
from workers.engines.log_mel import LogMel
from workers.engines.settings import EngineSettings
from workers.engines.weights import load_network
from workers.engines.whisper_prompt import WhisperPrompt, left_padded

TOKENS_PER_SECOND: Final = 30
"""Above the fastest speech in scripts that take several tokens a letter; a loop is stopped long before."""
SPARE_TOKENS: Final = 16
NO_SPEECH_PROBABILITY: Final = 0.6
UNSURE: Final = exp(-1.0)
"""OpenAI's rule: text is a dream if the model saw no speech at its start and was unsure of what it wrote."""


def load(settings: EngineSettings, checkpoint: Checkpoint) -> WhisperEngine:
    """`CheckpointUnavailable` if the files are not a Whisper checkpoint."""
    devices.use_threads(settings)
    device = devices.chosen_device(settings)
    dtype = devices.chosen_dtype(settings, device)
    network = load_network(WhisperForConditionalGeneration, checkpoint, dtype=dtype, device=device)
    processor = WhisperProcessor.from_pretrained(checkpoint.path, local_files_only=True)
    rows = devices.affordable_rows(device, row_bytes(network))
    identity = EngineIdentity(
        model=checkpoint.model,
        version=devices.version_with(checkpoint),
        device=devices.name_of(device),
        dtype=devices.name_of_dtype(dtype),
    )
    budget = Budget.of(settings, rows=rows, passes=devices.passes(device))
    prompt = WhisperPrompt.of(network.generation_config, processor.tokenizer, settings.whisper_hints)
    return WhisperEngine(network, processor, prompt, budget=budget, identity=identity)


def row_bytes(network: WhisperForConditionalGeneration) -> int:
    """Device memory that one more chunk in a batch takes at most."""
    config = network.config
    frames = config.max_source_positions
    cache = 2 * config.decoder_layers * config.d_model * (frames + config.max_target_positions)
    # One encoder layer's states and feed-forward at a time; before the second convolution twice the frames.
    encoder = 2 * frames * (4 * config.d_model + config.encoder_ffn_dim)
    scores = 4 * config.vocab_size
    return (cache + encoder + scores) * network.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first step of the decoder tells of each chunk."""

    languages: list[str | None]
    no_speech: list[float]
    """Probability that nobody speaks."""
    audio_cache: Cache
    """Keys and values of the audio for every layer of the decoder."""


class WhisperEngine:
    """One Whisper checkpoint on one device."""

    def __init__(
        self,
        network: WhisperForConditionalGeneration,
        processor: WhisperProcessor,
        prompt: WhisperPrompt,
        *,
        budget: Budget,
        identity: EngineIdentity,
    ) -> None:
        self.identity = identity
        self._budget = budget
        self._network = network
        self._tokenizer = processor.tokenizer
        self._log_mel = LogMel(processor.feature_extractor.mel_filters, network.device)
        self._prompt = prompt
        # The prompt holds what it said; what is left here would be merged into every call's own.
        network.generation_config = GenerationConfig()

    @property
    def max_batch_seconds(self) -> float:
        return self._budget.seconds

    @property
    def max_batch_chunks(self) -> int:
        return self._budget.chunks

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        self._budget.refuse_oversize(chunks)
        return listen_in_passes(chunks, partial(self._listen, beat=beat), rows=self._budget.rows)

    def close(self) -> None:
        del self._network
        devices.free_memory()

    def _listen(self, chunks: Sequence[Chunk], *, beat: Beat) -> list[Hypothesis]:
        with torch.inference_mode(), device_faults():
            mel = self._log_mel([chunk.samples for chunk in chunks])
            encoded = self._network.get_encoder()(mel.to(self._network.dtype))
            beat()
            opening = self._open(encoded, chunks)
            decoded = self._decode(encoded, opening, chunks, beat)
        heard = zip(decoded, opening.languages, opening.no_speech, strict=True)
        return [self._hypothesis(*row) for row in heard]

    def _open(self, encoded: BaseModelOutput, chunks: Sequence[Chunk]) -> Opening:
        start = torch.full((len(chunks), 1), self._prompt.start, device=self._network.device)
        output = self._network(encoder_outputs=encoded, decoder_input_ids=start, use_cache=True)
        scores = output.logits[:, 0].float()
        no_speech = scores.softmax(dim=-1)[:, self._prompt.no_speech].tolist()
        languages = [chunk.language for chunk in chunks]
        if self._prompt.languages:
            detected = self._likeliest_languages(scores)
            languages = [asked or found for asked, found in zip(languages, detected, strict=True)]
        return Opening(languages, no_speech, output.past_key_values.cross_attention_cache)

    def _likeliest_languages(self, scores: torch.Tensor) -> list[str]:
        codes = list(self._prompt.languages)
        ids = torch.tensor(list(self._prompt.languages.values()), device=scores.device)
        return [codes[index] for index in scores[:, ids].argmax(dim=-1).tolist()]

    def _decode(
        self, encoded: BaseModelOutput, opening: Opening, chunks: Sequence[Chunk], beat: Beat
    ) -> list[Decoded]:
        rows = self._prompt.rows(opening.languages)
        prompts, counts = left_padded(rows, filler=self._prompt.end)
        return decode(
            self._network,
            {
                "encoder_outputs": encoded,
                # Whisper masks nothing of the audio; without it `generate` would guess a mask, and warn.
                "attention_mask": counts.to(self._network.device),
                "decoder_input_ids": prompts.to(self._network.device),
                "decoder_attention_mask": counts.to(self._network.device),
                # The first step's own tokens are forgotten, what it computed of the audio is not.
                "past_key_values": EncoderDecoderCache(DynamicCache(), opening.audio_cache),
            },
            prompt_length=prompts.shape[1],
            ending=Ending(eos=(self._prompt.end,), caps=tuple(self._cap(chunk) for chunk in chunks)),
            config={
                "decoder_start_token_id": self._prompt.start,
                "suppress_tokens": list(self._prompt.suppressed) or None,
                "begin_suppress_tokens": list(self._prompt.suppressed_at_first) or None,
            },
            beat=beat,
        )

    def _cap(self, chunk: Chunk) -> int:
        room = self._network.config.max_target_positions - self._prompt.longest
        return min(room, int(chunk.seconds * TOKENS_PER_SECOND) + SPARE_TOKENS)

    def _hypothesis(self, decoded: Decoded, language: str | None, no_speech: float) -> Hypothesis:
        text = self._tokenizer.decode(decoded.tokens, skip_special_tokens=True)
        hypothesis = Hypothesis(
            # A cap can fall inside a letter.
            text=text.strip().rstrip("\ufffd"),
            token_logprobs=decoded.logprobs,
            finish_reason=decoded.finish_reason,
            language=language,
        )
        unsure = hypothesis.confidence is None or hypothesis.confidence < UNSURE
        if unsure and no_speech > NO_SPEECH_PROBABILITY:
            return Hypothesis(text="", language=language)
        return hypothesis
