from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import cast

import pytest
import torch

from tests.conformance import tiny_glm_asr
from workers.engines import precision
from workers.engines.checkpoints import Checkpoint
from workers.engines.glm_asr.loading import Loader, log_probabilities
from workers.engines.precision import Errors


def loader(directory: Path, *, loudness: float) -> Loader:
    tiny_glm_asr.build(directory, loudness=loudness)
    return Loader(Checkpoint("tiny", directory, "random", "0"), torch.device("cpu"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    return loader(tmp_path_factory.mktemp("sound"), loudness=1.0)


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """Its encoder leaves the range of float16 and stays in that of bfloat16."""
    return loader(tmp_path_factory.mktemp("loud"), loudness=1e5)


def settled(loader: Loader, wanted: torch.dtype) -> torch.dtype:
    network = precision.settle(loader.network, partial(log_probabilities, loader.processor), wanted)
    return cast("torch.dtype", network.dtype)


class TestSettle:
    def test_keeps_float16_where_it_works(self, sound: Loader) -> None:
        assert settled(sound, torch.float16) is torch.float16

    def test_falls_back_to_bfloat16_where_float16_overflows(
        self, loud: Loader, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING):
            assert settled(loud, torch.float16) is torch.bfloat16

        assert "float16 garbles this model, using bfloat16" in caplog.messages

    @pytest.mark.parametrize("wanted", [torch.bfloat16, torch.float32])
    def test_does_not_question_another_precision(self, loud: Loader, wanted: torch.dtype) -> None:
        assert settled(loud, wanted) is wanted

    def test_starts_again_from_the_checkpoint_after_an_overflow(self, loud: Loader) -> None:
        network = precision.settle(loud.network, partial(log_probabilities, loud.processor), torch.float16)

        assert all(bool(weight.isfinite().all()) for weight in network.parameters())


class TestCastWeights:
    def test_leaves_rotary_frequencies_in_full_precision(self, sound: Loader) -> None:
        network = precision.cast_weights(sound.network(torch.bfloat16), torch.float16)

        assert {weight.dtype for weight in network.parameters()} == {torch.float16}
        assert {buffer.dtype for buffer in network.buffers()} == {torch.float32}


class TestErrors:
    def test_float16_is_not_trusted_when_it_errs_more_than_the_coarser_precision(self) -> None:
        assert Errors(float16=0.001, bfloat16=0.008).trusts_float16
        assert not Errors(float16=0.009, bfloat16=0.008).trusts_float16
        assert not Errors(float16=float("inf"), bfloat16=float("inf")).trusts_float16
