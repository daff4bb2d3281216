from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DecoderLimitExceeded, UndecodableRecording
from workers.preparation.decoder.block_reader import BlockReader
from workers.preparation.decoder.blocks import (
    BLOCK_HEADER,
    MAX_BLOCK_BYTES,
    BlockKind,
    BlockWriter,
    SourceFormat,
    Verdict,
)
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.walls import Wall

IMPATIENT = DecoderLimits(stall_seconds=0.01)


FIELDS = ("container", "codec", "sample_rate", "channels", "expected_ms")


def form_of(**changes: object) -> bytes:
    form = {"container": "wav", "codec": "pcm", "sample_rate": 8_000, "channels": 1, "expected_ms": None}
    return json.dumps(form | changes).encode()


class Pipe:
    """Both ends, for one test."""

    def __init__(self) -> None:
        self.output, self.input = os.pipe()
        self.writer = BlockWriter(self.input)

    def close_input(self) -> None:
        if self.input >= 0:
            os.close(self.input)
            self.input = -1

    def close(self) -> None:
        self.close_input()
        os.close(self.output)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


class TestBlocks:
    def test_arrive_as_they_were_sent(self, pipe: Pipe) -> None:
        source = SourceFormat("wav", "pcm_mulaw", 8_000, 2, expected_ms=None)
        pipe.writer.ready([Wall.FILES, Wall.LANDLOCK])
        pipe.writer.format(source)
        pipe.writer.audio(b"\1\2\3\4")
        pipe.writer.verdict(Verdict(skipped_packets=3))
        pipe.close_input()

        with BlockReader(pipe.output, DecoderLimits()) as reader:
            blocks = list(iter(reader.read, None))

        assert [kind for kind, _ in blocks] == list(BlockKind)
        assert blocks[0][1] == b"files landlock"
        assert SourceFormat.from_json(blocks[1][1]) == source
        assert blocks[2][1] == b"\1\2\3\4"
        assert Verdict.from_json(blocks[3][1]) == Verdict(None, 3)

    def test_long_audio_comes_in_blocks_of_bounded_size(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.mktemp("blocks") / "blocks"
        with path.open("wb") as file:
            BlockWriter(file.fileno()).audio(bytes(MAX_BLOCK_BYTES + 1))

        with path.open("rb") as file:
            first = file.read(BLOCK_HEADER.size)

        assert BLOCK_HEADER.unpack(first) == (BlockKind.AUDIO, MAX_BLOCK_BYTES)
        assert path.stat().st_size == MAX_BLOCK_BYTES + 1 + 2 * BLOCK_HEADER.size

    @pytest.mark.parametrize("sent", [b"", b"\3\0", b"\3\0\0\0\4\1\2"])
    def test_an_output_that_stops_short_has_no_next_block(self, sent: bytes, pipe: Pipe) -> None:
        os.write(pipe.input, sent)
        pipe.close_input()

        with BlockReader(pipe.output, DecoderLimits()) as reader:
            assert reader.read() is None

    @pytest.mark.parametrize("sent", [b"\0\0\0\0\0", b"\x09\0\0\0\0", b"\3\xff\xff\xff\xff"])
    def test_what_no_decoder_of_ours_would_say_ends_the_reading(self, sent: bytes, pipe: Pipe) -> None:
        os.write(pipe.input, sent)

        with BlockReader(pipe.output, DecoderLimits()) as reader, pytest.raises(UndecodableRecording):
            reader.read()

    @pytest.mark.parametrize("sent", [b"", b"\3\0\0\0\4\1\2"])
    def test_silence_is_waited_for_only_so_long(self, sent: bytes, pipe: Pipe) -> None:
        os.write(pipe.input, sent)

        with BlockReader(pipe.output, IMPATIENT) as reader, pytest.raises(DecoderLimitExceeded):
            reader.read()

    def test_what_never_stops_ends_with_the_time_for_the_whole(self, pipe: Pipe) -> None:
        pipe.writer.ready([])
        pipe.writer.audio(b"\1\2")

        with BlockReader(pipe.output, DecoderLimits(wall_seconds=0.0)) as reader:
            assert reader.read_first() == (BlockKind.READY, b"")
            with pytest.raises(DecoderLimitExceeded):
                reader.read()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=6,
)


class TestSourceFormat:
    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"\xff",
            b"{}",
            b"[]",
            b'{"container": "wav"}',
            b'{"container":"","codec":"","sample_rate":"x"}',
            b"[" * 100_000,
            form_of(sample_rate=float("inf")),
            form_of(channels=1e999),
            form_of(expected_ms=2**63),
            form_of(container="a\0b"),
            form_of(codec="\ud800"),
            form_of(codec="x" * 33),
        ],
    )
    def test_anything_else_is_refused(self, payload: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - whichever of them
            SourceFormat.from_json(payload)

    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)) | JSON)
    def test_is_one_that_can_be_kept_or_is_refused(self, fields: object) -> None:
        try:
            source = SourceFormat.from_json(json.dumps(fields).encode())
        except ValueError:
            return

        assert (source.container + source.codec).isidentifier() or (source.container + source.codec).isalnum()
        assert max(source.sample_rate, source.channels, source.expected_ms or 0) < 2**63


class TestVerdict:
    @given(st.fixed_dictionaries({}, optional={"code": JSON, "skipped_packets": JSON}) | JSON)
    def test_is_one_or_is_refused(self, fields: object) -> None:
        try:
            verdict = Verdict.from_json(json.dumps(fields).encode())
        except ValueError:
            return

        assert verdict.code is None or len(verdict.code) <= 32
        assert abs(verdict.skipped_packets) < 2**63
