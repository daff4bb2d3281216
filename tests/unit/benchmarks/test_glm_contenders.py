"""Every contender of `callscribe bench engine` does the same work, at a ten-thousandth of the size."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from benchmarks import glm_contenders as contenders
from benchmarks.glm_contenders import measured
from benchmarks.glm_random import RandomGlm, build, forced_tokens, windows
from workers.engines.base import SAMPLE_RATE

CLIPS = windows("short", 3)
TOKENS = sum(forced_tokens(len(clip) / SAMPLE_RATE, 448) for clip in CLIPS)


@pytest.fixture(scope="module")
def glm() -> RandomGlm:
    return build(device="cpu", dtype=torch.float32, tiny=True)


class TestContenders:
    @pytest.mark.parametrize("by_length", [False, True])
    def test_of_transformers_write_four_tokens_a_second(self, glm: RandomGlm, *, by_length: bool) -> None:
        run = measured(partial(contenders.generate, glm, rows=2, by_length=by_length), CLIPS)

        assert run.tokens == TOKENS
        assert run.audio_seconds == pytest.approx(sum(map(len, CLIPS)) / SAMPLE_RATE)

    def test_of_ours_writes_as_many(self, glm: RandomGlm) -> None:
        run = measured(partial(contenders.continuous, glm.engine()), CLIPS)

        assert run.tokens == TOKENS
        assert run.rtfx > 0


class TestForcedLengths:
    def test_end_each_row_after_its_own_number_of_tokens(self) -> None:
        ending = contenders.ForcedLengths([1, 3], torch.device("cpu"))
        ids = torch.zeros(2, 1)

        assert [ending(ids, ids).tolist() for _ in range(3)] == [[True, False], [True, False], [True, True]]
