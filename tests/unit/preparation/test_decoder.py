from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from core.errors import DecoderLimitExceeded, EmptyRecording, UndecodableRecording, UnsupportedFormat
from tests.unit.preparation.recordings import TONE_HZ, Format, film, pitch, silent_opus, tone, wav, write
from workers.preparation.decoder.blocks import BLOCK_HEADER, BlockKind, BlockWriter, SourceFormat, Verdict
from workers.preparation.decoder.program import DECODERS, DEMUXERS, decode, judge

FORMATS = [
    Format("wav", "wav", "pcm_s16le", channels=2),
    Format("wav", "wav", "pcm_mulaw", channels=2),
    Format("wav", "wav", "pcm_alaw"),
    Format("wav", "wav", "pcm_u8", rate=11_025),
    Format("wav", "wav", "pcm_s24le", rate=48_000, channels=2),
    Format("wav", "wav", "pcm_f32le", rate=16_000),
    Format("wav", "wav", "adpcm_ms"),
    Format("wav", "wav", "adpcm_ima_wav"),
    Format("wav", "wav", "adpcm_g726"),
    Format("wav", "wav", "gsm"),
    Format("gsm", "raw", "gsm"),
    Format("au", "au", "pcm_mulaw"),
    Format("aiff", "aiff", "pcm_s16be", rate=44_100),
    Format("mp3", "mp3", "libmp3lame", rate=44_100, channels=2),
    Format("flac", "flac", "flac", rate=48_000, channels=2),
    Format("opus", "ogg", "libopus", rate=48_000, channels=2),
    Format("ogg", "ogg", "vorbis", rate=44_100, channels=2),
    Format("m4a", "ipod", "aac", rate=44_100, channels=2),
    Format("m4a", "ipod", "alac", rate=44_100, channels=2),
    Format("aac", "adts", "aac", rate=44_100),
    Format("amr", "amr", "libopencore_amrnb"),
    Format("3gp", "3gp", "libopencore_amrnb"),
    Format("webm", "webm", "libopus", rate=48_000, channels=2),
    Format("mp4", "mp4", "aac", rate=48_000, channels=2, picture=True),
    Format("mov", "mov", "aac", rate=48_000, channels=2, picture=True),
    Format("mkv", "matroska", "libopus", rate=48_000, picture=True),
]


class Decoded:
    """What the decoder wrote about one file."""

    def __init__(self, path: Path, blocks: Path) -> None:
        with opened(path) as source, blocks.open("wb") as output:
            self.skipped = decode(source, BlockWriter(output.fileno()))
        self.blocks = list(blocks_in(blocks.read_bytes()))
        self.format = SourceFormat.from_json(self.blocks[0][1])

    @property
    def samples(self) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
        audio = b"".join(payload for kind, payload in self.blocks if kind is BlockKind.AUDIO)
        return np.frombuffer(audio, np.int16).reshape(-1, self.format.channels)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    source = os.open(path, os.O_RDONLY)
    try:
        yield source
    finally:
        os.close(source)


def blocks_in(stream: bytes) -> Iterator[tuple[BlockKind, bytes]]:
    place = 0
    while place < len(stream):
        kind, size = BLOCK_HEADER.unpack_from(stream, place)
        start = place + BLOCK_HEADER.size
        place = start + size
        yield BlockKind(kind), stream[start:place]


def verdict_on(path: Path) -> Verdict:
    with opened(path) as source, Path(os.devnull).open("wb") as nowhere:
        return judge(source, BlockWriter(nowhere.fileno()))


def refusal_of(content: bytes, folder: Path) -> str | None:
    path = folder / "recording.wav"
    path.write_bytes(content)
    return verdict_on(path).code


class TestDecoder:
    @pytest.mark.parametrize("form", FORMATS, ids=str)
    def test_reads_what_calls_come_in(self, form: Format, tmp_path: Path) -> None:
        original = tone(rate=form.rate, channels=form.channels)
        path = write(tmp_path / f"call.{form.suffix}", form, original)

        decoded = Decoded(path, tmp_path / "blocks")

        assert (decoded.format.sample_rate, decoded.format.channels) == (form.rate, form.channels)
        assert decoded.skipped == 0
        assert len(decoded.samples) == pytest.approx(len(original), rel=0.06)
        for channel in range(form.channels):
            heard = pitch(decoded.samples[:, channel], rate=form.rate)
            assert heard == pytest.approx(TONE_HZ[channel], abs=1)

    def test_plain_samples_come_out_as_they_went_in(self, tmp_path: Path) -> None:
        original = tone(channels=2)
        path = tmp_path / "call.wav"
        path.write_bytes(wav(original.tobytes(), channels=2))

        decoded = Decoded(path, tmp_path / "blocks")

        np.testing.assert_array_equal(decoded.samples, original)
        assert decoded.format == SourceFormat("wav", "pcm_s16le", 8_000, 2, expected_ms=2_000)

    def test_believes_the_samples_rather_than_the_claimed_length(self, tmp_path: Path) -> None:
        for claimed in (0, 100, 0x7FFF_FFF0, 0xFFFF_FFFF):
            path = tmp_path / "call.wav"
            path.write_bytes(wav(tone().tobytes(), claimed_bytes=claimed))

            decoded = Decoded(path, tmp_path / "blocks")

            assert len(decoded.samples) in {50, 16_000}

    def test_keeps_what_is_there_of_a_truncated_recording(self, tmp_path: Path) -> None:
        for form in (
            Format("mp3", "mp3", "libmp3lame", rate=44_100),
            Format("flac", "flac", "flac"),
            Format("ogg", "ogg", "libopus", rate=48_000),
        ):
            path = write(tmp_path / "call", form, tone(seconds=8, rate=form.rate))
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

            decoded = Decoded(path, tmp_path / "blocks")

            assert 1.5 < len(decoded.samples) / form.rate < 6

    def test_leaves_damage_out_and_keeps_the_time_of_what_follows(self, tmp_path: Path) -> None:
        form = Format("m4a", "ipod", "aac", rate=44_100)
        path = write(tmp_path / "call.m4a", form, tone(seconds=8, rate=44_100))
        content = path.read_bytes()
        middle = len(content) // 2
        path.write_bytes(content[:middle] + b"\xff" * 5_000 + content[middle + 5_000 :])

        decoded = Decoded(path, tmp_path / "blocks")

        assert decoded.skipped > 5
        assert len(decoded.samples) / 44_100 == pytest.approx(8, abs=0.05)

    def test_knows_how_long_a_recording_says_it_is(self, tmp_path: Path) -> None:
        path = silent_opus(tmp_path / "day.opus", hours=0.01)

        decoded = Decoded(path, tmp_path / "blocks")

        assert decoded.format.expected_ms == pytest.approx(36_000, abs=120)


class TestRefusals:
    def test_memory_that_runs_out_is_a_limit(self, tmp_path: Path) -> None:
        class Greedy(BlockWriter):
            def format(self, source: SourceFormat) -> None:
                raise MemoryError

        (tmp_path / "call.wav").write_bytes(wav(tone().tobytes()))

        with opened(tmp_path / "call.wav") as source:
            assert judge(source, Greedy(-1)) == Verdict(DecoderLimitExceeded.code)

    def test_text_is_in_no_format(self, tmp_path: Path) -> None:
        text = b"Dear sirs, please find the recording attached.\n" * 50

        assert refusal_of(text, tmp_path) == UnsupportedFormat.code

    def test_a_picture_is_in_no_format(self, tmp_path: Path) -> None:
        assert refusal_of(b"\x89PNG\r\n\x1a\n" + bytes(1_000), tmp_path) == UnsupportedFormat.code

    def test_a_container_that_is_not_listed_is_in_no_format(self, tmp_path: Path) -> None:
        path = write(tmp_path / "call.avi", Format("avi", "avi", "pcm_s16le"), tone())

        assert "avi" not in DEMUXERS
        assert verdict_on(path) == Verdict(UnsupportedFormat.code)

    def test_a_codec_that_is_not_listed_is_in_no_format(self, tmp_path: Path) -> None:
        path = write(tmp_path / "call.mkv", Format("mkv", "matroska", "eac3", rate=48_000), tone(rate=48_000))

        assert "eac3" not in DECODERS
        assert verdict_on(path) == Verdict(UnsupportedFormat.code)

    def test_half_a_header_cannot_be_decoded(self, tmp_path: Path) -> None:
        assert refusal_of(wav(b"")[:30], tmp_path) == UndecodableRecording.code

    @pytest.mark.parametrize("channels", [0, 2_000])
    def test_an_impossible_number_of_channels_cannot_be_decoded(self, channels: int, tmp_path: Path) -> None:
        assert refusal_of(wav(bytes(8_000), channels=channels), tmp_path) == UndecodableRecording.code

    def test_a_hundred_bytes_of_mp3_cannot_be_decoded(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "call.mp3", Format("mp3", "mp3", "libmp3lame", rate=44_100), tone(rate=44_100)
        )

        assert refusal_of(path.read_bytes()[:100], tmp_path) == UndecodableRecording.code

    def test_a_header_without_samples_holds_no_audio(self, tmp_path: Path) -> None:
        assert refusal_of(wav(b""), tmp_path) == EmptyRecording.code

    def test_a_film_without_sound_holds_no_audio(self, tmp_path: Path) -> None:
        assert verdict_on(film(tmp_path / "film.mp4")) == Verdict(EmptyRecording.code)
