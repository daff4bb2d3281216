from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from transformers import GlmAsrConfig

from benchmarks import glm_roofline as roofline
from benchmarks.glm_random import forced_tokens, windows
from benchmarks.glm_roofline import Chip
from workers.engines.base import SAMPLE_RATE
from workers.engines.glm_asr.stages import Stage

ROOT = Path(__file__).parents[3]
FULL = np.zeros(30 * SAMPLE_RATE, np.float32)
CONFIG = GlmAsrConfig()


class TestFlops:
    """The figures of docs/engine.md, which were counted by hand."""

    def test_of_the_encoder_are_2_3_tera_for_a_window(self) -> None:
        assert roofline.flops_by_stage(CONFIG, [FULL])[Stage.ENCODE] == pytest.approx(2.296e12, rel=0.01)

    def test_of_the_prefill_are_1_07_tera_for_a_full_window(self) -> None:
        assert roofline.flops_by_stage(CONFIG, [FULL])[Stage.PREFILL] == pytest.approx(1.071e12, rel=0.02)

    def test_of_a_decoded_token_are_3_05_giga(self) -> None:
        decode = roofline.flops_by_stage(CONFIG, [FULL])[Stage.DECODE] / forced_tokens(30.0, 448)

        assert decode == pytest.approx(3.05e9, rel=0.01)

    def test_grow_with_every_window(self) -> None:
        one, three = (roofline.flops_by_stage(CONFIG, [FULL] * count) for count in (1, 3))

        assert all(three[stage] == pytest.approx(3 * one[stage]) for stage in one)


class TestDecodeBytes:
    def test_are_the_weights_and_the_keys_of_what_was_said(self) -> None:
        """2.94 GB of weights a step, 56 KiB of keys and values a position."""
        tokens = forced_tokens(30.0, 448)

        found = roofline.decode_bytes(CONFIG, [FULL], slots=256) / tokens

        assert found == pytest.approx(2.944e9 / 256 + 57_344 * 450, rel=0.01)


class TestShares:
    def test_are_of_the_measured_rate(self) -> None:
        shares = roofline.shares_of_limit(
            Chip(flops=100.0, bytes=1.0), {Stage.ENCODE: 300.0}, {Stage.ENCODE: 4.0, Stage.MEL: 1.0}
        )

        assert shares == {Stage.ENCODE: 0.75}


class TestWindows:
    @pytest.mark.parametrize(
        ("mix", "shortest", "longest"), [("full", 30.0, 30.0), ("vad", 5.0, 30.0), ("short", 2.0, 8.0)]
    )
    def test_are_as_long_as_their_mix(self, mix: str, shortest: float, longest: float) -> None:
        seconds = [len(clip) / SAMPLE_RATE for clip in windows(mix, 200)]

        assert len(seconds) == 200
        assert min(seconds) >= shortest - 0.001
        assert max(seconds) <= longest


class TestBareMachine:
    @pytest.mark.parametrize("module", ["benchmarks.engine", "benchmarks.feed", "tests.gpu.laboratory"])
    def test_needs_nothing_of_the_rest_of_the_project(self, module: str) -> None:
        unwanted = "pydantic_settings", "sqlalchemy", "celery", "boto3", "psycopg", "fastapi"
        program = f"import sys, {module}; print([name for name in {unwanted!r} if name in sys.modules])"

        answer = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert answer.stdout.strip() == "[]"
