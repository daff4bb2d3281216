"""GLM-ASR's engine on a GPU: flash attention, recorded graphs, pinned copies, half precision."""

from __future__ import annotations

import pytest
import torch

from tests.gpu.laboratory import (
    DEVICE,
    TOKENS,
    agreement,
    clips,
    engine_of,
    features,
    generated,
    heard,
    plan_of,
    runner_of,
)
from workers.engines.base import SAMPLE_RATE, Chunk
from workers.engines.glm_asr import attention
from workers.engines.glm_asr.attention import VarlenAttention
from workers.engines.glm_asr.graphs import EagerSteps
from workers.engines.glm_asr.runner import Admission
from workers.engines.log_mel import LogMel

pytestmark = pytest.mark.gpu

HALVES = [torch.float16, torch.bfloat16]
LOGPROB_TOLERANCE = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""Of a chosen token, against `generate`: products of other shapes are summed in another order."""
MIXED = clips([0.3, 4.0, 1.2, 11.0, 0.5, 2.5, 7.7, 30.0, 0.9, 3.1, 14.0, 22.0])
BATCHES = 1000
SETTLED_AFTER = 50


class TestLogMel:
    def test_on_the_device_equals_the_extractor(self) -> None:
        """Largest difference 1e-3 in units of the mel, whose range is about 2."""
        expected = features()(MIXED, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features

        found = LogMel(features().mel_filters, DEVICE)(MIXED).cpu()

        torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


class TestAttention:
    @pytest.mark.parametrize("dtype", HALVES)
    def test_is_the_fast_way_here(self, dtype: torch.dtype) -> None:
        way = attention.chosen(DEVICE, dtype, heads=16, key_heads=4, size=128)

        assert isinstance(way, VarlenAttention)


class TestEngine:
    @pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
    def test_hears_what_generate_hears(self, dtype: torch.dtype) -> None:
        engine = engine_of(dtype, slots=5)

        pairs = zip(heard(engine, MIXED), (generated(dtype, clip) for clip in MIXED), strict=True)
        agreements = [agreement(found, expected) for found, expected in pairs]

        assert max(difference for _, difference in agreements) < LOGPROB_TOLERANCE[dtype]
        if dtype is torch.float32:
            # In half precision a near tie may fall the other way, and the rest of that text with it.
            assert [same for same, _ in agreements] == [TOKENS] * len(MIXED)
        engine.close()

    @pytest.mark.parametrize("dtype", HALVES)
    def test_hears_a_chunk_beside_others_as_alone(self, dtype: torch.dtype) -> None:
        engine = engine_of(dtype, slots=8)
        alone = [heard(engine, [clip])[0] for clip in MIXED[:8]]

        together = heard(engine, MIXED[:8])

        agreements = [agreement(*pair) for pair in zip(together, alone, strict=True)]
        assert max(difference for _, difference in agreements) < LOGPROB_TOLERANCE[dtype]
        engine.close()

    def test_takes_no_more_memory_however_long_it_runs(self) -> None:
        engine = engine_of(torch.float16, slots=8)
        chunks = [Chunk(clip) for clip in clips([0.3, 1.0, 2.0])]
        marks = []
        for batch in range(BATCHES):
            engine.recognize(chunks)
            if batch in {SETTLED_AFTER, BATCHES - 1}:
                torch.cuda.synchronize()
                marks.append((torch.cuda.memory_allocated(), torch.cuda.memory_reserved()))

        assert marks[0] == marks[1]
        engine.close()

    def test_takes_smaller_portions_when_memory_is_short(self) -> None:
        engine = engine_of(torch.float16, slots=16)
        expected = [each.tokens for each in heard(engine, MIXED[:1])]
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(DEVICE).total_memory
        # Room for a few windows beside what is held, not for sixteen.
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 300e6) / total)

        try:
            found = heard(engine, [MIXED[0]] * 16)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)

        assert len(found) == 16
        assert [each.tokens for each in heard(engine, MIXED[:1])] == expected
        engine.close()


class TestGraphs:
    @pytest.mark.parametrize("penalised", [False, True])
    def test_replay_what_runs_eagerly(self, *, penalised: bool) -> None:
        plan = plan_of(torch.float16, slots=6)
        texts = []
        for eager in (False, True):
            runner = runner_of(torch.float16, plan)
            if eager:
                runner._steps = EagerSteps(runner.slots.step)
            with torch.inference_mode():
                runner.admit([Admission(slot, clip, TOKENS) for slot, clip in enumerate(MIXED[:6])])
                for _ in range(TOKENS):
                    runner.step(6, penalised=penalised)
            texts.append((runner.slots.written[:, :TOKENS].cpu(), runner.slots.logprobs[:, :TOKENS].cpu()))

        (recorded, recorded_logprobs), (run, run_logprobs) = texts
        assert torch.equal(recorded, run)
        torch.testing.assert_close(recorded_logprobs, run_logprobs, atol=1e-3, rtol=0)
