from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GlmAsrProcessor

from core.errors import CheckpointUnavailable, UnsupportedOption
from tests.unit.engines.glm_asr.conftest import clips
from workers.engines.base import SAMPLE_RATE
from workers.engines.glm_asr.prompt import MOST_AUDIO_TOKENS, Prompt, audio_tokens, refuse_context


class TestPrompt:
    @pytest.mark.parametrize("seconds", [0.1, 0.5, 3.33, 17.0, 30.0])
    def test_is_what_the_processor_would_write(
        self, processor: GlmAsrProcessor, prompt: Prompt, seconds: float
    ) -> None:
        (clip,) = clips([seconds])
        expected = processor.apply_transcription_request([clip])["input_ids"][0].tolist()

        audio = [processor.audio_token_id] * audio_tokens(len(clip))

        assert [*prompt.before, *audio, *prompt.after] == expected

    def test_of_a_full_window_is_the_longest(self, prompt: Prompt) -> None:
        assert audio_tokens(30 * SAMPLE_RATE) == MOST_AUDIO_TOKENS
        assert prompt.longest == len(prompt.before) + MOST_AUDIO_TOKENS + len(prompt.after)

    def test_without_a_place_for_the_audio_is_refused(self, directory: Path) -> None:
        deaf = GlmAsrProcessor.from_pretrained(directory)
        deaf.chat_template = deaf.chat_template.replace("<|pad|>", "")

        with pytest.raises(CheckpointUnavailable):
            Prompt.of(deaf)


class TestAudioTokens:
    def test_are_counted_as_the_processor_counts_them(self, processor: GlmAsrProcessor) -> None:
        lengths = np.random.default_rng(3).integers(1_600, 480_001, 300)
        frames = torch.tensor([len(range(0, int(length), 160)) for length in lengths])

        expected = processor._get_audio_token_length(frames).tolist()

        assert [audio_tokens(int(length)) for length in lengths] == expected


class TestContextWords:
    def test_are_refused_where_the_checkpoint_is_not_known_to_heed_them(self) -> None:
        with pytest.raises(UnsupportedOption, match="not known to honour"):
            refuse_context("glm-asr-nano-2512", ["Callscribe"])

    def test_that_nobody_gave_are_no_fault(self) -> None:
        refuse_context("glm-asr-nano-2512", [])
