"""A network ready to run: its towers, its slots, and its recorded work, in one precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import GlmAsrForConditionalGeneration

from workers.engines.base import Samples
from workers.engines.glm_asr import attention as attentions
from workers.engines.glm_asr.attention import Packed
from workers.engines.glm_asr.decoder import Decoder
from workers.engines.glm_asr.encoder import Encoder
from workers.engines.glm_asr.graphs import EagerSteps, RecordedEncoder, RecordedSteps, Step
from workers.engines.glm_asr.prompt import Prompt, audio_tokens
from workers.engines.glm_asr.sizing import Plan, positions_for
from workers.engines.glm_asr.slots import Rules, Slots, Start
from workers.engines.glm_asr.stages import NoClock, Stage, StageClock
from workers.engines.glm_asr.transfers import to_device
from workers.engines.log_mel import WINDOW, LogMel


@dataclass(frozen=True, slots=True)
class Admission:
    """A chunk and the slot it goes to."""

    slot: int
    samples: Samples
    cap: int
    """The most tokens of its text."""
    penalty: float = 1.0


class Runner:
    """Everything that touches the device. Its memory is taken here, but for one encoder batch's."""

    def __init__(
        self,
        network: GlmAsrForConditionalGeneration,
        log_mel: LogMel,
        prompt: Prompt,
        *,
        plan: Plan,
        rules: Rules,
        clock: StageClock | None = None,
    ) -> None:
        network.requires_grad_(False)
        if network.device.type == "cuda":
            torch.cuda.set_device(network.device)
        text = network.config.text_config
        self.device, self.dtype = network.device, network.dtype
        attention = attentions.chosen(
            self.device,
            self.dtype,
            heads=text.num_attention_heads,
            key_heads=text.num_key_value_heads,
            size=text.head_dim,
        )
        self.clock = clock or NoClock()
        self._log_mel = log_mel
        self._prompt = prompt
        self._decoder = Decoder(network, attention, positions=positions_for(prompt))
        encoder = Encoder(network)
        self._after = torch.tensor(prompt.after[:-1], dtype=torch.int64)
        self._before = torch.tensor(prompt.before, dtype=torch.int64)
        with torch.inference_mode():
            self.slots = Slots(self._decoder, plan.slots, rules, self.device)
            self._encode: Callable[[torch.Tensor], torch.Tensor] = encoder
            self._steps: Step = EagerSteps(self.slots.step)
            if self.device.type == "cuda":
                mel = torch.zeros(
                    1, log_mel.bins, encoder.window_frames, dtype=self.dtype, device=self.device
                )
                self._encode = RecordedEncoder(encoder, mel, plan.window_buckets)
                self._steps = RecordedSteps(self.slots.step, plan.slot_buckets)

    def admit(self, admissions: Sequence[Admission]) -> None:
        """Encode the chunks and read their prompts into their slots, which then run."""
        lengths = [audio_tokens(len(each.samples)) for each in admissions]
        with self.clock.during(Stage.MEL):
            mel = self._log_mel.of_waves(self._waves([each.samples for each in admissions]))
        with self.clock.during(Stage.ENCODE):
            heard = self._encode(mel.to(self.dtype))
        with self.clock.during(Stage.PREFILL):
            self._prefill(admissions, [rows[:length] for rows, length in zip(heard, lengths, strict=True)])
        self.slots.begin([self._start(each) for each in admissions])

    def step(self, slots: int, *, penalised: bool) -> None:
        """One token in each of the first `slots` that run."""
        with self.clock.during(Stage.DECODE):
            self._steps(slots, penalised=penalised)

    def _start(self, admission: Admission) -> Start:
        length = len(self._prompt.before) + audio_tokens(len(admission.samples)) + len(self._after)
        return Start(admission.slot, self._prompt.after[-1], length, admission.cap, admission.penalty)

    def _waves(self, clips: Sequence[Samples]) -> torch.Tensor:
        """Shape (clips, 480000), float32, on the device; silence behind each clip."""
        waves = torch.zeros((len(clips), WINDOW), device=self.device)
        for wave, clip in zip(waves, clips, strict=True):
            # Samples may be a read-only view of a file's or another process' memory.
            wave[: len(clip)] = to_device(torch.from_numpy(np.array(clip)), self.device)
        return waves

    def _prefill(self, admissions: Sequence[Admission], audio: Sequence[torch.Tensor]) -> None:
        before = self._decoder.embed(to_device(self._before, self.device))
        after = self._decoder.embed(to_device(self._after, self.device))
        x = torch.cat([part for rows in audio for part in (before, rows, after)])
        lengths = [len(before) + len(rows) + len(after) for rows in audio]
        positions = torch.cat([torch.arange(length) for length in lengths])
        first = torch.tensor([each.slot * self._decoder.positions for each in admissions])
        at = positions + first.repeat_interleave(torch.tensor(lengths))
        self._decoder.prefill(
            x,
            self.slots.cache,
            packed=Packed.of(lengths, self.device),
            positions=to_device(positions, self.device),
            at=to_device(at, self.device),
        )
