"""A decoder that was taken over may write what it likes: it can spoil its own recording, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import RecordingRejected
from tests.integration.preparation.fake_decoders import fake_decoder
from workers.preparation.decoder.blocks import BLOCK_HEADER, BlockKind
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare

LIMITS: Final = DecoderLimits(audio_seconds=60, wall_seconds=5, stall_seconds=5)
ECHO: Final = "ready(); os.write(1, os.read(0, 2**16))"
"""Writes what it is given for a recording."""
NUMBERS: Final = st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, 2, 8_000, 16_000]) | st.floats()
WORDS: Final = st.text(max_size=40) | st.sampled_from(["wav", "\0", "\ud800"])
GOOD_FORMAT: Final[dict[str, object]] = {
    "container": "wav",
    "codec": "pcm_s16le",
    "sample_rate": 8_000,
    "channels": 1,
    "expected_ms": None,
}
FORMATS: Final[st.SearchStrategy[Mapping[str, object]]] = st.dictionaries(
    st.sampled_from(sorted(GOOD_FORMAT)), NUMBERS | WORDS, max_size=2
).map(lambda lies: GOOD_FORMAT | lies)
VERDICTS: Final[st.SearchStrategy[Mapping[str, object]]] = st.fixed_dictionaries(
    {"code": st.none() | WORDS, "skipped_packets": NUMBERS}
)


def block(kind: int, payload: bytes, claimed: int | None = None) -> bytes:
    return BLOCK_HEADER.pack(kind, len(payload) if claimed is None else claimed) + payload


def of_json(kind: BlockKind, contents: st.SearchStrategy[Mapping[str, object]]) -> st.SearchStrategy[bytes]:
    return contents.map(lambda content: block(kind, json.dumps(content).encode()))


BLOCKS: Final = st.one_of(
    of_json(BlockKind.FORMAT, FORMATS),
    of_json(BlockKind.VERDICT, VERDICTS),
    st.binary(max_size=600).map(lambda samples: block(BlockKind.AUDIO, samples)),
    st.builds(block, st.integers(0, 255), st.binary(max_size=64), st.none() | st.integers(0, 2**32 - 1)),
    st.binary(max_size=32),
)
SAYINGS: Final = st.lists(BLOCKS, max_size=6).map(b"".join)
SOUND_SO_FAR: Final = st.tuples(of_json(BlockKind.FORMAT, FORMATS), SAYINGS).map(b"".join)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with closing(fake_decoder(ECHO)) as nursery:
        yield nursery


class TestHostileDecoder:
    @given(saying=SAYINGS | SOUND_SO_FAR)
    @settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_is_not_believed(self, saying: bytes, nursery: Nursery, tmp_path: Path) -> None:
        source, workdir = tmp_path / "recording", tmp_path / "work"
        source.write_bytes(saying + b"\0")
        workdir.mkdir(exist_ok=True)
        for left in workdir.iterdir():
            left.unlink()

        try:
            recording = prepare(source, workdir, LIMITS, nursery=nursery)
        except RecordingRejected:
            return

        assert recording.duration_ms <= LIMITS.audio_seconds * 1000
        (recording.container + recording.codec).encode("ascii")
