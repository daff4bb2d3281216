"""The ways to run GLM-ASR that are compared, each over the same windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import BatchFeature, StoppingCriteria, StoppingCriteriaList

from benchmarks.glm_random import PROMPT, RandomGlm, forced_tokens
from workers.engines.base import SAMPLE_RATE, Chunk, Hypothesis, Samples
from workers.engines.glm_asr.engine import GlmAsrEngine
from workers.engines.glm_asr.prompt import audio_tokens
from workers.engines.glm_asr.sizing import MOST_TOKENS


@dataclass(frozen=True, slots=True)
class Run:
    """One contender over some windows."""

    audio_seconds: float
    seconds: float
    tokens: int
    host_seconds: float
    """Of the thread that drives the device."""
    peak_bytes: int
    """Of device memory; 0 on a CPU."""

    @property
    def rtfx(self) -> float:
        return self.audio_seconds / self.seconds


def measured(work: Callable[[Sequence[Samples]], int], clips: Sequence[Samples]) -> Run:
    """`work` gives the number of tokens it wrote."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    begun, host = time.perf_counter(), time.thread_time()
    tokens = work(clips)
    if on_gpu:
        torch.cuda.synchronize()
    return Run(
        audio_seconds=sum(len(clip) for clip in clips) / SAMPLE_RATE,
        seconds=time.perf_counter() - begun,
        tokens=tokens,
        host_seconds=time.thread_time() - host,
        peak_bytes=torch.cuda.max_memory_allocated() if on_gpu else 0,
    )


def generate(glm: RandomGlm, clips: Sequence[Samples], *, rows: int, by_length: bool) -> int:
    """transformers' own way, as the model's articles show it, or as leaderboards do: sorted."""
    order = sorted(clips, key=len, reverse=True) if by_length else list(clips)
    tokens = 0
    for start in range(0, len(order), rows):
        batch = order[start : start + rows]
        caps = [forced_tokens(len(clip) / SAMPLE_RATE, MOST_TOKENS) for clip in batch]
        with torch.inference_mode():
            written = glm.network.generate(
                **request(glm, batch),
                do_sample=False,
                num_beams=1,
                max_new_tokens=max(caps),
                eos_token_id=None,
                stopping_criteria=StoppingCriteriaList([ForcedLengths(caps, glm.network.device)]),
            )
        written.cpu()
        tokens += sum(caps)
    return tokens


def request(glm: RandomGlm, batch: Sequence[Samples]) -> BatchFeature:
    """What GlmAsrProcessor makes: features on the CPU, prompts padded on the left."""
    heard = glm.features(
        list(batch), sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True
    )
    audio = glm.network.config.audio_token_id
    prompts = [[*PROMPT.before, *[audio] * audio_tokens(len(clip)), *PROMPT.after] for clip in batch]
    longest = max(map(len, prompts))
    ids = torch.zeros(len(batch), longest, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) :] = torch.tensor(prompt)
        mask[row, longest - len(prompt) :] = 1
    inputs = {
        "input_ids": ids,
        "attention_mask": mask,
        "input_features": heard.input_features,
        "input_features_mask": heard.attention_mask,
    }
    return BatchFeature(inputs).to(glm.network.device, dtype=glm.network.dtype)


class ForcedLengths(StoppingCriteria):
    """Each row is over after its own number of tokens, as if it had said so; the batch with its last."""

    def __init__(self, caps: Sequence[int], device: torch.device) -> None:
        self._caps = torch.tensor(caps, device=device)
        self._steps = 0

    def __call__(self, _input_ids: torch.Tensor, _scores: torch.Tensor, **_: object) -> torch.Tensor:
        self._steps += 1
        return self._caps <= self._steps


def continuous(engine: GlmAsrEngine, clips: Sequence[Samples]) -> int:
    """Ours; all windows are there from the beginning, in arrival order."""
    for key, clip in enumerate(clips):
        engine.add(key, Chunk(clip))
    tokens = 0
    while not engine.is_idle:
        for outcome in engine.step():
            if not isinstance(outcome.result, Hypothesis):
                raise outcome.result
            tokens += len(outcome.result.token_logprobs)
    return tokens
