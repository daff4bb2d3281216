from __future__ import annotations

import torch

from workers.engines.glm_asr import attention
from workers.engines.glm_asr.attention import Packed, PlainAttention

CPU = torch.device("cpu")
HEADS, KEY_HEADS, SIZE, POSITIONS = 8, 2, 16, 24


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def spelled_out(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """One query (H, D) over keys and values (positions, K, D), head by head."""
    group = q.shape[0] // k.shape[1]
    heard = []
    for head, query in enumerate(q):
        weights = (k[:, head // group] @ query / SIZE**0.5).softmax(dim=0)
        heard.append(weights @ v[:, head // group])
    return torch.stack(heard)


class TestPlainAttention:
    def test_sees_the_valid_keys_of_its_own_slot(self) -> None:
        q, kv = normal(3, HEADS, SIZE), normal(3, POSITIONS, 2, KEY_HEADS, SIZE)
        valid = torch.tensor([1, 7, 20], dtype=torch.int32)

        heard = PlainAttention().decode(q, kv[:, :, 0], kv[:, :, 1], valid)

        for slot, count in enumerate(valid.tolist()):
            expected = spelled_out(q[slot], kv[slot, :count, 0], kv[slot, :count, 1])
            torch.testing.assert_close(heard[slot], expected)

    def test_sees_nothing_of_what_lies_behind_them(self) -> None:
        q, kv = normal(2, HEADS, SIZE), normal(2, POSITIONS, 2, KEY_HEADS, SIZE)
        valid = torch.tensor([5, 9], dtype=torch.int32)
        before = PlainAttention().decode(q, kv[:, :, 0], kv[:, :, 1], valid)

        kv[0, 5:] = 1e4
        kv[1, 9:] = 1e4

        torch.testing.assert_close(PlainAttention().decode(q, kv[:, :, 0], kv[:, :, 1], valid), before)

    def test_of_packed_prompts_is_causal_within_each(self) -> None:
        lengths = (5, 1, 9)
        q, kv = normal(15, HEADS, SIZE), normal(15, 2, KEY_HEADS, SIZE)

        heard = PlainAttention().prefill(q, kv[:, 0], kv[:, 1], Packed.of(lengths, CPU))

        start = 0
        for length in lengths:
            for place in range(start, start + length):
                seen = kv[start : place + 1]
                torch.testing.assert_close(heard[place], spelled_out(q[place], seen[:, 0], seen[:, 1]))
            start += length


class TestPacked:
    def test_knows_where_each_sequence_begins_and_the_last_ends(self) -> None:
        packed = Packed.of([3, 1, 4], CPU)

        assert packed.bounds.tolist() == [0, 3, 4, 8]
        assert packed.bounds.dtype is torch.int32


class TestChoice:
    def test_on_a_cpu_is_the_plain_way(self) -> None:
        way = attention.chosen(CPU, torch.float32, heads=HEADS, key_heads=KEY_HEADS, size=SIZE)

        assert isinstance(way, PlainAttention)
