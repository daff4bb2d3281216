"""What the device knows of each slot: all of a decode step but the model, without a word to the host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import torch

from workers.engines import loops
from workers.engines.glm_asr.decoder import Decoder
from workers.engines.glm_asr.transfers import to_device

NEVER: Final = 1 << 30
"""More rounds of a loop than any text has."""


class State(IntEnum):
    """Of a slot; all but RUNNING stand still."""

    RUNNING = 0
    EOS = 1
    LOOP = 2
    LENGTH = 3
    BROKEN = 4
    """Scores that are no numbers."""
    FREE = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """When a text is over."""

    eos: tuple[int, ...]
    most_tokens: int
    """Of any text; each has a cap of its own as well."""
    stop_loops: bool = True


@dataclass(frozen=True, slots=True)
class Start:
    """A prompt that lies in a slot, but for its last token."""

    slot: int
    last_token: int
    length: int
    """Positions of the prompt without its last token."""
    cap: int
    penalty: float = 1.0
    """Divides the score of what was written before, if positive, else multiplies it (Keskar et
    al. 2019, arXiv 1909.05858); 1 changes nothing."""


class Slots:
    """Greedy decoding in place; every tensor's first dimension is the slot."""

    def __init__(self, decoder: Decoder, slots: int, rules: Rules, device: torch.device) -> None:
        self.count = slots
        self.device = device
        self.cache = decoder.new_cache(slots)
        self._decoder = decoder
        self._dump = rules.most_tokens
        """Column and position where slots that stand still write."""
        self.state = _numbers(slots).fill_(State.FREE).to(device)
        self.counts = _numbers(slots).to(device)
        self.written = _numbers(slots, self._dump + 1).to(device)
        self.logprobs = torch.zeros((slots, self._dump + 1), dtype=torch.float32, device=device)
        self._tokens = _numbers(slots).to(device)
        self._lengths = _numbers(slots).to(device)
        self._caps = _numbers(slots).to(device)
        self._recent = _numbers(slots, loops.LONGEST_PHRASE).to(device)
        """The newest token first; -1 before the first."""
        self._rounds = _numbers(slots, loops.LONGEST_PHRASE).to(device)
        """How many tokens in a row equal the one so many places before them."""
        self._penalties = torch.ones(slots, dtype=torch.float32, device=device)
        self._seen = torch.zeros((slots, decoder.vocabulary), dtype=torch.bool, device=device)
        self._eos = torch.tensor(rules.eos, dtype=torch.int64, device=device)
        self._loop = torch.tensor(_rounds_of_a_loop(rules), device=device)

    def begin(self, starts: Sequence[Start]) -> None:
        numbers = [(each.slot, each.last_token, each.length, each.cap) for each in starts]
        slots, tokens, lengths, caps = to_device(torch.tensor(numbers).T.contiguous(), self.device)
        penalties = to_device(torch.tensor([each.penalty for each in starts]), self.device)
        self._tokens.index_copy_(0, slots, tokens)
        self._lengths.index_copy_(0, slots, lengths)
        self._caps.index_copy_(0, slots, caps)
        self._penalties.index_copy_(0, slots, penalties)
        self._recent.index_fill_(0, slots, -1)
        self._rounds.index_fill_(0, slots, 0)
        self.counts.index_fill_(0, slots, 0)
        self.state.index_fill_(0, slots, State.RUNNING)
        for each in starts:
            if each.penalty != 1.0:
                self._seen[each.slot].zero_()

    def free(self, slots: Sequence[int]) -> None:
        self.state.index_fill_(0, to_device(torch.tensor(slots), self.device), State.FREE)

    def step(self, slots: int, *, penalised: bool) -> None:
        """The next token of each running one of the first `slots`; nothing here depends on values,
        so that it can be recorded once and replayed."""
        # masked_fill, here and below: torch.where would copy a Python number to the device each time,
        # which a recording cannot hold.
        still = self.state[:slots] != State.RUNNING
        lengths = self._lengths[:slots]
        scores = self._decoder.step(
            self._tokens[:slots],
            # Past every text's last position, where a slot that stands still does no harm.
            lengths.masked_fill(still, self._decoder.positions - 1),
            (lengths + 1).masked_fill(still, 1),
            self.cache[:, :slots],
        )
        tokens = (self._penalise(scores, slots) if penalised else scores).argmax(dim=-1)
        logprobs = scores.log_softmax(dim=-1, dtype=torch.float32).gather(1, tokens[:, None])[:, 0]
        self._note(tokens, logprobs, still)
        self._tokens[:slots] = tokens
        lengths += ~still

    def _penalise(self, scores: torch.Tensor, slots: int) -> torch.Tensor:
        # The step's own input is what was chosen last.
        seen, recent = self._seen[:slots], self._recent[:slots, :1]
        seen.scatter_(1, recent.clamp(min=0), seen.gather(1, recent.clamp(min=0)) | (recent >= 0))
        factor = self._penalties[:slots, None]
        return torch.where(seen, torch.where(scores > 0, scores / factor, scores * factor), scores)

    def _note(self, tokens: torch.Tensor, logprobs: torch.Tensor, still: torch.Tensor) -> None:
        slots = len(tokens)
        counts, recent, rounds = self.counts[:slots], self._recent[:slots], self._rounds[:slots]
        column = counts.masked_fill(still, self._dump)[:, None]
        self.written[:slots].scatter_(1, column, tokens[:, None])
        self.logprobs[:slots].scatter_(1, column, logprobs[:, None])
        counts += ~still
        rounds += 1
        rounds *= recent == tokens[:, None]
        recent.copy_(torch.cat((tokens[:, None], recent[:, :-1]), dim=1))
        verdict = torch.zeros_like(tokens)
        # The last one wins, so the best reason comes last.
        verdict.masked_fill_(counts >= self._caps[:slots], State.LENGTH)
        verdict.masked_fill_((rounds >= self._loop).any(dim=1), State.LOOP)
        verdict.masked_fill_((tokens[:, None] == self._eos).any(dim=1), State.EOS)
        verdict.masked_fill_(~(logprobs <= 0.0), State.BROKEN)  # NaN is not
        state = self.state[:slots]
        state.copy_(torch.where(still, state, verdict))


def _numbers(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.int64)


def _rounds_of_a_loop(rules: Rules) -> list[int]:
    """By the length of its phrase, how many tokens repeat one before them in a loop."""
    if not rules.stop_loops:
        return [NEVER] * loops.LONGEST_PHRASE
    return [size * (loops.repeats_of(size) - 1) for size in range(1, loops.LONGEST_PHRASE + 1)]
