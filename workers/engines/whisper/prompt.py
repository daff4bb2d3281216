"""The tokens that tell a Whisper checkpoint what to do, and those that it must not write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from transformers import GenerationConfig, WhisperTokenizer

from core.errors import UnsupportedOption


@dataclass(frozen=True, slots=True)
class WhisperPrompt:
    """Ids as the checkpoint's own generation config lists them."""

    start: int
    no_timestamps: int
    end: int
    transcribe: int | None
    """None in the English models, which were taught no tasks and no languages."""
    languages: dict[str, int]
    hints: dict[str, tuple[int, ...]]
    """By language, what stands before the start token."""
    suppressed: tuple[int, ...]
    suppressed_at_first: tuple[int, ...]

    @classmethod
    def of(cls, config: GenerationConfig, tokenizer: WhisperTokenizer, hints: Mapping[str, str]) -> Self:
        listed = config.to_dict()
        end = listed["eos_token_id"]
        languages: dict[str, int] = listed.get("lang_to_id") or {}
        return cls(
            start=listed["decoder_start_token_id"],
            no_timestamps=listed["no_timestamps_token_id"],
            end=end[0] if isinstance(end, list) else end,
            transcribe=(listed.get("task_to_id") or {}).get("transcribe"),
            languages={token.strip("<|>"): number for token, number in languages.items()},
            hints={
                language: tuple(tokenizer.get_prompt_ids(text).tolist())
                for language, text in hints.items()
                if f"<|{language}|>" in languages
            },
            suppressed=tuple(listed.get("suppress_tokens") or ()),
            suppressed_at_first=tuple(listed.get("begin_suppress_tokens") or ()),
        )

    @property
    def no_speech(self) -> int:
        """Its likelihood after the start token is the model's guess that nobody speaks."""
        return self.no_timestamps - 1

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt."""
        return max(len(self._row(language)) for language in (None, *self.languages))

    def rows(self, languages: Sequence[str | None]) -> list[list[int]]:
        """One prompt per chunk.

        The task is always told: without it Mandarin has been seen to loop.
        """
        return [self._row(language) for language in languages]

    def _row(self, language: str | None) -> list[int]:
        if language is None or self.transcribe is None:
            return [self.start, self.no_timestamps]
        if language not in self.languages:
            raise UnsupportedOption(f"This checkpoint knows no language {language!r}.")
        told = [self.start, self.languages[language], self.transcribe, self.no_timestamps]
        return [*self.hints.get(language, ()), *told]


def left_padded(rows: Sequence[Sequence[int]], *, filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompts that end together, and which of their tokens count; shapes (rows, longest)."""
    longest = max(len(row) for row in rows)
    tokens = [[filler] * (longest - len(row)) + list(row) for row in rows]
    counts = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(tokens), torch.tensor(counts)
