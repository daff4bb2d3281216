"""What transformers' own `generate` writes: what our decode loops are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MethodType
from typing import Final

import torch
from transformers import (
    GenerationConfig,
    GenerationMixin,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from workers.engines import loops
from workers.engines.base import Beat, FinishReason
from workers.engines.decoding import Decoded

_RUNNING: Final = 0
_REASONS: Final = (FinishReason.EOS, FinishReason.LOOP, FinishReason.LENGTH)


@dataclass(frozen=True, slots=True)
class Ending:
    """When a row is over."""

    eos: tuple[int, ...]
    caps: tuple[int, ...]
    """The most new tokens of each row."""


def decode(
    model: PreTrainedModel,
    inputs: Mapping[str, object],
    *,
    prompt_length: int,
    ending: Ending,
    config: Mapping[str, object],
    beat: Beat,
) -> list[Decoded]:
    """The likeliest next token, until each row is over; `NonFinite` if the scores are not numbers.

    The chosen tokens' log-probabilities are taken at each step: all scores of a batch would be
    rows × steps × vocabulary numbers, a gigabyte for 64 rows of Whisper.
    """
    scribe = _Scribe(beat)
    umpire = _Umpire(ending, prompt_length, model.device)
    generation = GenerationConfig(
        **config,
        do_sample=False,
        num_beams=1,
        max_new_tokens=max(ending.caps),
        eos_token_id=list(ending.eos),
        pad_token_id=ending.eos[0],
    )
    # Whisper's own `generate` would detect languages and cut segments again; this is the one below it.
    generate = MethodType(GenerationMixin.generate, model)
    written = generate(
        **inputs,
        generation_config=generation,
        logits_processor=LogitsProcessorList([scribe]),
        stopping_criteria=StoppingCriteriaList([umpire]),
    )
    return umpire.verdicts(written[:, prompt_length:], scribe.logprobs())


class _Scribe(LogitsProcessor):
    """Notes the likelihood of each token that greedy decoding is about to choose."""

    def __init__(self, beat: Beat) -> None:
        self._beat = beat
        self._steps: list[torch.Tensor] = []

    def __call__(self, _input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._beat()
        self._steps.append(scores.amax(dim=-1) - scores.logsumexp(dim=-1))
        return scores

    def logprobs(self) -> torch.Tensor:
        """Shape (rows, steps), float32, on the CPU."""
        return torch.stack(self._steps, dim=1).float().cpu()


class _Umpire(StoppingCriteria):
    """Stops each row for its own reason, and remembers when and why."""

    def __init__(self, ending: Ending, prompt_length: int, device: torch.device) -> None:
        self._prompt_length = prompt_length
        self._eos = torch.tensor(ending.eos, device=device)
        self._caps = torch.tensor(ending.caps, device=device)
        self._reasons = torch.full_like(self._caps, _RUNNING)
        self._lengths = torch.zeros_like(self._caps)

    def __call__(self, input_ids: torch.Tensor, _scores: torch.Tensor, **_kwargs: object) -> torch.Tensor:
        written = input_ids[:, self._prompt_length :]
        running = self._reasons == _RUNNING
        self._lengths += running
        # The last one wins, so the best reason comes last.
        self._stop(running & (self._lengths >= self._caps), FinishReason.LENGTH)
        self._stop(running & loops.looping(written), FinishReason.LOOP)
        self._stop(running & torch.isin(written[:, -1], self._eos), FinishReason.EOS)
        return self._reasons != _RUNNING

    def _stop(self, rows: torch.Tensor, reason: FinishReason) -> None:
        self._reasons[rows] = _REASONS.index(reason) + 1

    def verdicts(self, written: torch.Tensor, logprobs: torch.Tensor) -> list[Decoded]:
        rows = zip(
            written.tolist(), logprobs.tolist(), self._lengths.tolist(), self._reasons.tolist(), strict=True
        )
        return [
            Decoded.of(tokens[:length], likelihoods[:length], _REASONS[reason - 1])
            for tokens, likelihoods, length, reason in rows
        ]
