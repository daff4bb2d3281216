"""The likeliest next token, for many rows at once, until each is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch

from workers.engines import loops
from workers.engines.base import Beat, FinishReason
from workers.engines.decoding import Decoded
from workers.engines.whisper.decoder import Decoder
from workers.engines.whisper.memory import Memory

_REASONS: Final = (FinishReason.LENGTH, FinishReason.LOOP, FinishReason.EOS)
"""Where several hold at once the last one counts."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """What each row begins with; prompts end together, shorter ones stand further right."""

    tokens: torch.Tensor
    """Shape (rows, longest)."""
    counts: torch.Tensor
    """True where a row's prompt is; the same shape."""

    @property
    def length(self) -> int:
        return self.tokens.shape[1]

    @property
    def is_even(self) -> bool:
        return bool(self.counts.all())

    @property
    def positions(self) -> torch.Tensor:
        return (self.counts.cumsum(dim=1) - 1).clamp(min=0)

    @property
    def mask(self) -> torch.Tensor:
        """True where a position may look: at its row's prompt so far; shape (rows, 1, longest, longest)."""
        causal = torch.ones(self.length, self.length, dtype=torch.bool, device=self.tokens.device).tril()
        # What stands left of a prompt looks at itself: looking at nothing gives no number.
        itself = torch.eye(self.length, dtype=torch.bool, device=self.tokens.device)
        return ((causal & self.counts[:, None]) | itself)[:, None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be written, and how much."""

    end: int
    caps: tuple[int, ...]
    """The most new tokens of each row."""
    bias: torch.Tensor | None
    """Added to every word's score: minus infinity for what may not be written."""
    bias_at_first: torch.Tensor | None


def forbidding(tokens: Sequence[int], vocabulary: int, like: torch.Tensor) -> torch.Tensor | None:
    """The bias that keeps tokens from being written; None if there are none."""
    if not tokens:
        return None
    bias = torch.zeros(vocabulary, device=like.device, dtype=like.dtype)
    bias[list(tokens)] = -torch.inf
    return bias


def write(decoder: Decoder, memory: Memory, prompts: Prompts, rules: Rules, *, beat: Beat) -> list[Decoded]:
    """Decode every row; `NonFinite` if the scores are not numbers."""
    states = decoder(prompts.tokens, memory, start=0, positions=prompts.positions, mask=prompts.mask)
    scores = decoder.scores(states[:, -1], rules.bias_at_first)
    paper = Paper(prompts, rules, memory)
    for step in range(max(rules.caps)):
        beat()
        tokens = paper.note(step, scores)
        if paper.is_full:
            break
        states = decoder(
            tokens[:, None],
            memory,
            start=prompts.length + step,
            positions=paper.positions + step,
            mask=paper.mask(prompts.length + step + 1),
        )
        scores = decoder.scores(states[:, 0], rules.bias)
    return paper.decoded()


class Paper:
    """What has been written in the rows that go on, and what became of the others.

    A row that is over gives its place to the last one, so those that go on stay together at the front.
    """

    def __init__(self, prompts: Prompts, rules: Rules, memory: Memory) -> None:
        device = prompts.tokens.device
        rows, longest = len(rules.caps), max(rules.caps)
        self._end = rules.end
        self._memory = memory
        self._caps = torch.tensor(rules.caps, device=device)
        self._first = prompts.counts.sum(dim=1, keepdim=True)
        """Position of each row's first new token."""
        self._counts = None if prompts.is_even else prompts.counts.clone()
        self._tokens = torch.zeros(rows, longest, dtype=torch.long, device=device)
        self._logprobs = torch.zeros(rows, longest, device=device)
        self._order = list(range(rows))
        """Which row stands at each place."""
        self._results: dict[int, Decoded] = {}

    @property
    def is_full(self) -> bool:
        return not self._order

    @property
    def positions(self) -> torch.Tensor:
        return self._first[: len(self._order)]

    def mask(self, length: int) -> torch.Tensor | None:
        """True where a row has text, shape (rows, 1, 1, length); None where all have it everywhere."""
        if self._counts is None:
            return None
        prompts = self._counts[: len(self._order)]
        return torch.nn.functional.pad(prompts, (0, length - prompts.shape[1]), value=True)[:, None, None]

    def note(self, step: int, scores: torch.Tensor) -> torch.Tensor:
        """Choose the next token of each row; answers those of the rows that go on."""
        rows = len(self._order)
        best, tokens = scores.max(dim=-1)
        self._tokens[:rows, step] = tokens
        self._logprobs[:rows, step] = best - scores.logsumexp(dim=-1)
        verdicts = self._verdicts(step + 1)
        if bool(verdicts.any()):
            self._take_out(verdicts.tolist(), step + 1)
        return self._tokens[: len(self._order), step]

    def _verdicts(self, length: int) -> torch.Tensor:
        """0 for a row that goes on, else 1 + the number of its reason."""
        rows = len(self._order)
        written = self._tokens[:rows, :length]
        verdicts = (self._caps[:rows] <= length).long()
        if length >= loops.FEWEST_TOKENS:
            verdicts[loops.looping(written)] = 1 + _REASONS.index(FinishReason.LOOP)
        verdicts[written[:, -1] == self._end] = 1 + _REASONS.index(FinishReason.EOS)
        return verdicts

    def _take_out(self, verdicts: Sequence[int], length: int) -> None:
        for place in reversed(range(len(verdicts))):
            if verdicts[place]:
                row, reason = self._order[place], _REASONS[verdicts[place] - 1]
                tokens, logprobs = self._tokens[place, :length], self._logprobs[place, :length]
                self._results[row] = Decoded.of(tokens.tolist(), logprobs.tolist(), reason)
                self._fill(place)

    def _fill(self, place: int) -> None:
        last = len(self._order) - 1
        self._order[place] = self._order[last]
        self._order.pop()
        if place == last:
            return
        self._memory.move(last, place)
        per_row = (self._tokens, self._logprobs, self._caps, self._first, self._counts)
        for values in (each for each in per_row if each is not None):
            values[place] = values[last]

    def decoded(self) -> list[Decoded]:
        return [self._results[row] for row in sorted(self._results)]
