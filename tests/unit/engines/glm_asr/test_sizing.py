from __future__ import annotations

import pytest
import torch
from transformers import GlmAsrConfig, GlmAsrForConditionalGeneration

from tests.unit.engines.glm_asr.conftest import Lab
from workers.engines.glm_asr.attention import PlainAttention
from workers.engines.glm_asr.decoder import Decoder
from workers.engines.glm_asr.graphs import bucket_for, buckets_up_to
from workers.engines.glm_asr.prompt import Prompt
from workers.engines.glm_asr.sizing import CPU_SLOTS, MOST_SLOTS, Needs, Plan, positions_for

GIB = 1024**3
CUDA = torch.device("cuda:0")
CPU = torch.device("cpu")
WEIGHTS = 5 * GIB
"""Of the published checkpoint in half precision, and the driver's own."""
PROMPT = Prompt(before=(1, 2, 3), after=tuple(range(12)))


@pytest.fixture(scope="module")
def needs() -> Needs:
    """Of the true size: the configuration's own defaults."""
    return Needs.of(GlmAsrConfig(), PROMPT, torch.float16)


def plan(needs: Needs, card: int, most: int | None = None) -> Plan:
    return Plan.of(CUDA, needs, free_bytes=card * GIB - WEIGHTS, most=most)


class TestNeeds:
    def test_of_a_slot_hold_its_keys_and_values(self, lab: Lab, prompt: Prompt) -> None:
        decoder = Decoder(lab.network, PlainAttention(), positions=positions_for(prompt))
        cache = decoder.new_cache(3)

        needs = Needs.of(lab.network.config, prompt, torch.float32)

        assert cache.nbytes / 3 < needs.slot < 2 * cache.nbytes / 3

    def test_of_the_true_size_are_near_the_arithmetic(self, needs: Needs) -> None:
        """56 KiB of keys and values for each of 839 positions; see docs/engine.md."""
        assert needs.slot / 1024**2 == pytest.approx(839 * 56 / 1024, rel=0.05)


class TestPlan:
    def test_of_a_large_card_is_bound_by_the_slots_that_pay(self, needs: Needs) -> None:
        assert plan(needs, 141).slots == MOST_SLOTS

    @pytest.mark.parametrize("card", [8, 12, 16, 24, 48, 80, 141])
    def test_fits_into_the_card(self, needs: Needs, card: int) -> None:
        made = plan(needs, card)

        assert made.slots * needs.slot + made.windows * needs.window < (card * GIB - WEIGHTS) * 0.86
        assert made.slots >= 8

    def test_grows_with_the_card(self, needs: Needs) -> None:
        slots = [plan(needs, card).slots for card in (8, 12, 24, 48, 141)]

        assert slots == sorted(slots)
        assert slots[0] < slots[-1]

    def test_records_a_graph_for_every_number_of_slots(self, needs: Needs) -> None:
        made = plan(needs, 24)

        assert made.slot_buckets[-1] == made.slots
        assert all(bucket_for(count, made.slot_buckets) >= count for count in range(1, made.slots + 1))
        assert max(made.window_buckets) <= made.windows

    @pytest.mark.parametrize("device", [CPU, CUDA])
    @pytest.mark.parametrize("most", [1, 5])
    def test_holds_no_more_than_it_may(self, needs: Needs, device: torch.device, most: int) -> None:
        made = Plan.of(device, needs, free_bytes=100 * GIB, most=most)

        assert (made.slots, made.windows) == (most, most)
        assert made.slot_buckets[-1] == most

    def test_fills_its_slots_with_two_device_batches(self, needs: Needs) -> None:
        made = plan(needs, 141)

        assert 2 * made.batch_chunks == made.slots
        assert Plan.of(CPU, needs, free_bytes=0).batch_chunks == CPU_SLOTS

    def test_of_a_cpu_asks_for_no_memory(self, needs: Needs) -> None:
        made = Plan.of(CPU, needs, free_bytes=0)

        assert (made.slots, made.steps_per_launch) == (CPU_SLOTS, 1)

    def test_of_no_room_at_all_still_tries_one(self, needs: Needs) -> None:
        assert Plan.of(CUDA, needs, free_bytes=0).slots == 1


class TestBuckets:
    @pytest.mark.parametrize(
        ("most", "least", "expected"),
        [
            (256, 32, (32, 64, 128, 256)),
            (8, 1, (1, 2, 4, 8)),
            (5, 1, (1, 2, 4, 5)),
            (1, 1, (1,)),
            (20, 32, (20,)),
        ],
    )
    def test_are_powers_of_two_and_the_most(self, most: int, least: int, expected: tuple[int, ...]) -> None:
        assert buckets_up_to(most, least=least) == expected


class TestConfiguration:
    def test_defaults_are_the_published_size(self) -> None:
        with torch.device("meta"):
            network = GlmAsrForConditionalGeneration(GlmAsrConfig())

        assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(2.136e9, rel=0.001)
