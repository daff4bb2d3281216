"""A tiny GLM-ASR of random numbers, and what transformers makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GlmAsrForConditionalGeneration, GlmAsrProcessor, WhisperFeatureExtractor

from tests.conformance import tiny_glm_asr
from tests.unit.engines.generating import Ending, decode
from workers.engines.base import SAMPLE_RATE, Samples, no_beat
from workers.engines.decoding import Decoded
from workers.engines.glm_asr.prompt import Prompt
from workers.engines.glm_asr.runner import Runner
from workers.engines.glm_asr.sizing import Plan
from workers.engines.glm_asr.slots import Rules
from workers.engines.log_mel import LogMel

CPU = torch.device("cpu")
EOS = (0, 1)
MOST_TOKENS = 40


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("glm")
    tiny_glm_asr.build(directory)
    return directory


@pytest.fixture(scope="session")
def processor(directory: Path) -> GlmAsrProcessor:
    return GlmAsrProcessor.from_pretrained(directory)


@pytest.fixture(scope="session")
def prompt(processor: GlmAsrProcessor) -> Prompt:
    return Prompt.of(processor)


def loaded(directory: Path) -> GlmAsrForConditionalGeneration:
    return GlmAsrForConditionalGeneration.from_pretrained(directory, dtype=torch.float32).eval()


@pytest.fixture
def network(directory: Path) -> GlmAsrForConditionalGeneration:
    """To be spoilt by one test."""
    return loaded(directory)


def plan_of(slots: int, *, windows: int = 3, steps_per_launch: int = 1) -> Plan:
    return Plan(slots, windows, (slots,), (), steps_per_launch)


@dataclass(frozen=True)
class Lab:
    """Makes runners on one network, and asks transformers for what they should say."""

    network: GlmAsrForConditionalGeneration
    processor: GlmAsrProcessor
    prompt: Prompt

    def runner(self, plan: Plan, rules: Rules = Rules(EOS, MOST_TOKENS)) -> Runner:  # noqa: B008
        log_mel = LogMel(WhisperFeatureExtractor(feature_size=128).mel_filters, CPU)
        return Runner(self.network, log_mel, self.prompt, plan=plan, rules=rules)

    def expected(self, clip: Samples, cap: int) -> Decoded:
        """Heard alone, by `generate`."""
        request = self.processor.apply_transcription_request([clip])
        length = request["input_ids"].shape[1]
        with torch.inference_mode():
            (decoded,) = decode(
                self.network,
                request,
                prompt_length=length,
                ending=Ending(eos=EOS, caps=(cap,)),
                config={},
                beat=no_beat,
            )
        return decoded


@pytest.fixture(scope="session")
def lab(directory: Path, processor: GlmAsrProcessor, prompt: Prompt) -> Lab:
    return Lab(loaded(directory), processor, prompt)


@pytest.fixture
def spoilt(network: GlmAsrForConditionalGeneration, processor: GlmAsrProcessor, prompt: Prompt) -> Lab:
    """Its network may be changed."""
    return Lab(network, processor, prompt)


def clips(seconds: Sequence[float], *, seed: int = 1) -> list[Samples]:
    """Noise: a random network makes as much of it as of speech."""
    random = np.random.default_rng(seed)
    return [random.normal(0, 0.1, int(each * SAMPLE_RATE)).astype(np.float32) for each in seconds]
