from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.channel_finding import FindingCode
from tests.integration.preparation.calls import NAMES, quieter, recording_of, samples_of, turns_of
from tests.unit.preparation.recordings import wav
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare
from workers.preparation.recording import ChunkSpan, PreparedChannel, PreparedRecording
from workers.prepared_audio import read_chunk

LIMITS = DecoderLimits()


Prepare = Callable[[Path, Path], PreparedRecording]


@pytest.fixture
def prepared(nursery: Nursery) -> Prepare:
    """What becomes of a recording; its files are left in a working directory."""

    def prepare_in(source: Path, workdir: Path) -> PreparedRecording:
        workdir.mkdir(exist_ok=True)
        return prepare(source, workdir, LIMITS, nursery=nursery)

    return prepare_in


def heard(channel: PreparedChannel, chunk: ChunkSpan) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    blob = channel.path.read_bytes()[chunk.first_byte : chunk.last_byte + 1]
    return read_chunk(blob, first_sample=chunk.first_sample, start_ms=chunk.start_ms, end_ms=chunk.end_ms)


def covered_share(recording: PreparedRecording, name: str) -> float:
    """How much of the turns' time lies in chunks of their own channel."""
    covered = total = 0
    for turn in turns_of(name):
        total += turn.end_ms - turn.start_ms
        covered += sum(
            max(0, min(chunk.end_ms, turn.end_ms) - max(chunk.start_ms, turn.start_ms))
            for chunk in recording.channels[turn.channel].chunks
        )
    return covered / total


def speech_around(recording: PreparedRecording, name: str) -> list[ChunkSpan]:
    """The chunk whose speech surrounds each turn's middle."""
    return [
        chunk
        for turn in turns_of(name)
        for chunk in recording.channels[turn.channel].chunks
        if chunk.speech[0].start_ms <= turn.middle_ms <= chunk.speech[-1].end_ms
    ]


@pytest.mark.parametrize("name", NAMES)
class TestSampleCalls:
    def test_every_turn_is_one_chunk(self, name: str, tmp_path: Path, prepared: Prepare) -> None:
        recording = prepared(recording_of(name), tmp_path)

        turns = turns_of(name)
        assert [len(channel.chunks) for channel in recording.channels] == [4, 4]
        assert len(set(speech_around(recording, name))) == len(turns)
        assert covered_share(recording, name) >= 0.95

    def test_turns_begin_and_end_when_they_do(self, name: str, tmp_path: Path, prepared: Prepare) -> None:
        recording = prepared(recording_of(name), tmp_path)

        errors_ms = [
            abs(difference)
            for turn, chunk in zip(turns_of(name), speech_around(recording, name), strict=True)
            for difference in (
                chunk.speech[0].start_ms - turn.start_ms,
                chunk.speech[-1].end_ms - turn.end_ms,
            )
        ]

        assert np.median(errors_ms) <= 100
        assert max(errors_ms) <= 300

    @pytest.mark.parametrize("decibels", [20, 30, 40])
    def test_a_quiet_call_is_heard_as_well(
        self, name: str, decibels: float, tmp_path: Path, prepared: Prepare
    ) -> None:
        source = quieter(name, tmp_path / "quiet.wav", decibels=decibels)

        recording = prepared(source, tmp_path / "work")

        assert recording.listening_gain > 2
        assert len(set(speech_around(recording, name))) == len(turns_of(name))
        assert covered_share(recording, name) >= 0.95

    def test_chunks_hold_the_samples_of_their_time(
        self, name: str, tmp_path: Path, prepared: Prepare
    ) -> None:
        recording = prepared(recording_of(name), tmp_path)
        original = samples_of(name) / 32_768

        for channel in recording.channels:
            for chunk in channel.chunks:
                samples = heard(channel, chunk)
                expected = original[chunk.start_ms * 8 : chunk.end_ms * 8, channel.index]
                assert len(samples) == (chunk.end_ms - chunk.start_ms) * 16
                assert np.corrcoef(samples[::2][: len(expected)], expected)[0, 1] > 0.99


class TestFindings:
    def test_there_are_none_of_a_plain_call(self, tmp_path: Path, prepared: Prepare) -> None:
        recording = prepared(recording_of("call_en"), tmp_path)

        assert [channel.findings for channel in recording.channels] == [(), ()]

    def test_dual_mono_has_chunks_on_one_channel_and_says_so_on_both(
        self, tmp_path: Path, prepared: Prepare
    ) -> None:
        mixed = samples_of("call_en").sum(axis=1).astype(np.int16)
        (tmp_path / "call.wav").write_bytes(wav(np.stack([mixed, mixed], axis=1).tobytes(), channels=2))

        first, second = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        assert len(first.chunks) > 0
        assert second.chunks == ()
        assert second.speech_ms == first.speech_ms > 30_000
        assert [codes(first), codes(second)] == [[FindingCode.DUAL_MONO]] * 2

    def test_a_faint_channel_is_raised_and_the_other_left_as_it_is(
        self, tmp_path: Path, prepared: Prepare
    ) -> None:
        samples = samples_of("call_en") * [1.0, 10 ** (-18 / 20)]
        (tmp_path / "call.wav").write_bytes(wav(np.rint(samples).astype(np.int16).tobytes(), channels=2))

        usual, faint = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        [found] = faint.findings
        gain = 10 ** (found.measures["raised_db"] / 20)
        assert (codes(usual), found.code) == ([], FindingCode.LOW_LEVEL)
        assert found.measures["raised_db"] == pytest.approx(29.2 + 18 - 26, abs=1)
        for channel, factor in ((usual, 1.0), (faint, gain)):
            for chunk in channel.chunks:
                there = samples[chunk.start_ms * 8 : chunk.end_ms * 8, channel.index] / 32_768
                here = heard(channel, chunk)[::2][: len(there)]
                assert np.std(here) == pytest.approx(factor * np.std(there), rel=0.03)

    def test_what_a_file_claims_is_held_against_what_it_holds(
        self, tmp_path: Path, prepared: Prepare
    ) -> None:
        blown_up = samples_of("call_en").repeat(6, axis=0)
        (tmp_path / "call.wav").write_bytes(wav(blown_up.tobytes(), channels=2, rate=48_000))

        channels = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        assert [codes(channel) for channel in channels] == [[FindingCode.NARROWBAND]] * 2


def codes(channel: PreparedChannel) -> list[FindingCode]:
    return [finding.code for finding in channel.findings]


class TestPrepare:
    def test_says_what_the_recording_is(self, tmp_path: Path, prepared: Prepare) -> None:
        recording = prepared(recording_of("call_en"), tmp_path)

        assert (recording.container, recording.codec, recording.sample_rate) == ("wav", "pcm_mulaw", 8_000)
        assert recording.duration_ms == 42_474
        assert recording.skipped_packets == 0
        assert [channel.index for channel in recording.channels] == [0, 1]
        assert [channel.duration_ms for channel in recording.channels] == [42_474, 42_474]
        assert [channel.speech_ms for channel in recording.channels] == pytest.approx(
            [21_500, 14_100], abs=500
        )

    def test_leaves_one_file_per_channel_and_nothing_else(self, tmp_path: Path, prepared: Prepare) -> None:
        recording = prepared(recording_of("call_en"), tmp_path)

        assert sorted(tmp_path.iterdir()) == [channel.path for channel in recording.channels]

    def test_a_silent_channel_has_no_chunks(self, tmp_path: Path, prepared: Prepare) -> None:
        samples = samples_of("call_en")
        samples[:, 1] = 0
        (tmp_path / "call.wav").write_bytes(wav(samples.tobytes(), channels=2))

        speaking, silent = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        assert len(speaking.chunks) == 4
        assert (silent.chunks, silent.speech_ms) == ((), 0)
        assert silent.path.is_file()

    def test_a_mono_call_is_one_channel(self, tmp_path: Path, prepared: Prepare) -> None:
        mixed = samples_of("call_en").mean(axis=1).astype(np.int16)
        (tmp_path / "call.wav").write_bytes(wav(mixed.tobytes()))

        [channel] = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        assert channel.speech_ms > 34_000
        assert max(chunk.end_ms - chunk.start_ms for chunk in channel.chunks) <= 30_000

    def test_is_the_same_every_time(self, tmp_path: Path, prepared: Prepare) -> None:
        first = prepared(recording_of("call_zh"), tmp_path / "first")
        second = prepared(recording_of("call_zh"), tmp_path / "second")

        for one, other in zip(first.channels, second.channels, strict=True):
            assert one.chunks == other.chunks
            assert one.path.read_bytes() == other.path.read_bytes()

    def test_progress_never_falls_and_ends_at_one(self, tmp_path: Path, nursery: Nursery) -> None:
        shares: list[float] = []

        prepare(recording_of("call_en"), tmp_path, LIMITS, nursery=nursery, on_progress=shares.append)

        assert shares == sorted(shares)
        assert shares[0] < 0.2
        assert shares[-1] == pytest.approx(1.0)

    def test_one_sample_is_a_recording(self, tmp_path: Path, prepared: Prepare) -> None:
        (tmp_path / "call.wav").write_bytes(wav(b"\1\0"))

        [channel] = prepared(tmp_path / "call.wav", tmp_path / "work").channels

        assert (channel.duration_ms, channel.chunks) == (1, ())
