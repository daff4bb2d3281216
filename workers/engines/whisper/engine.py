"""Chunks in, hypotheses out: mel, encoder, language, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from typing import Final

import torch
from transformers import WhisperTokenizer

from workers.engines import device as devices
from workers.engines.base import Beat, Chunk, EngineIdentity, Hypothesis, no_beat
from workers.engines.batching import Budget, listen_in_passes
from workers.engines.decoding import Decoded
from workers.engines.faults import device_faults
from workers.engines.whisper.greedy import Prompts, Rules, forbidding, write
from workers.engines.whisper.memory import Memory
from workers.engines.whisper.network import Network
from workers.engines.whisper.prompt import WhisperPrompt, left_padded

TOKENS_PER_SECOND: Final = 30
"""Above the fastest speech in scripts that take several tokens a letter; a loop is stopped long before."""
SPARE_TOKENS: Final = 16
NO_SPEECH_PROBABILITY: Final = 0.6
UNSURE: Final = exp(-1.0)
"""OpenAI's rule: text is a dream if the model saw no speech at its start and was unsure of what it wrote."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the first step of the decoder tells of each chunk."""

    languages: list[str | None]
    no_speech: list[float]
    """Probability that nobody speaks."""


class WhisperEngine:
    """One Whisper checkpoint on one device."""

    def __init__(
        self,
        network: Network,
        tokenizer: WhisperTokenizer,
        prompt: WhisperPrompt,
        *,
        budget: Budget,
        identity: EngineIdentity,
    ) -> None:
        self.identity = identity
        self._budget = budget
        self._network = network
        self._tokenizer = tokenizer
        self._prompt = prompt

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
            encoded = self._network.encode([chunk.samples for chunk in chunks], beat)
            memory = self._network.decoder.listen(
                encoded, positions=self._network.config.max_target_positions
            )
            opening = self._open(memory, chunks)
            decoded = self._decode(memory, opening, chunks, beat)
        heard = zip(decoded, opening.languages, opening.no_speech, strict=True)
        return [self._hypothesis(*row) for row in heard]

    def _open(self, memory: Memory, chunks: Sequence[Chunk]) -> Opening:
        decoder = self._network.decoder
        start = torch.full((len(chunks), 1), self._prompt.start, device=decoder.device)
        states = decoder(start, memory, start=0, positions=torch.zeros_like(start), mask=None)
        scores = decoder.scores(states[:, 0])
        no_speech = scores.softmax(dim=-1)[:, self._prompt.no_speech].tolist()
        languages = [chunk.language for chunk in chunks]
        if self._prompt.languages:
            detected = self._likeliest_languages(scores)
            languages = [asked or found for asked, found in zip(languages, detected, strict=True)]
        return Opening(languages, no_speech)

    def _likeliest_languages(self, scores: torch.Tensor) -> list[str]:
        codes = list(self._prompt.languages)
        ids = torch.tensor(list(self._prompt.languages.values()), device=scores.device)
        return [codes[index] for index in scores[:, ids].argmax(dim=-1).tolist()]

    def _decode(self, memory: Memory, opening: Opening, chunks: Sequence[Chunk], beat: Beat) -> list[Decoded]:
        decoder = self._network.decoder
        tokens, counts = left_padded(self._prompt.rows(opening.languages), filler=self._prompt.end)
        prompts = Prompts(tokens.to(decoder.device), counts.to(decoder.device).bool())
        return write(decoder, memory, prompts, self._rules(chunks), beat=beat)

    def _rules(self, chunks: Sequence[Chunk]) -> Rules:
        vocabulary, audio = self._network.config.vocab_size, self._network.decoder.words
        suppressed = self._prompt.suppressed
        return Rules(
            end=self._prompt.end,
            caps=tuple(self._cap(chunk) for chunk in chunks),
            bias=forbidding(suppressed, vocabulary, audio),
            bias_at_first=forbidding((*suppressed, *self._prompt.suppressed_at_first), vocabulary, audio),
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
