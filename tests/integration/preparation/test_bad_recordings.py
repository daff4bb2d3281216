from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import (
    DecoderLimitExceeded,
    EmptyRecording,
    RecordingRejected,
    RecordingTooLong,
    TooManyChannels,
    UndecodableRecording,
    UnsupportedFormat,
)
from tests.integration.preparation.calls import recording_of
from tests.integration.preparation.fake_decoders import fake_decoder
from tests.integration.preparation.family import decoders
from tests.unit.preparation.recordings import Format, film, silent_opus, tone, wav, write
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare
from workers.preparation.recording import PreparedRecording

LIMITS = DecoderLimits()
DASH = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
  profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">
  <Representation id="1"><BaseURL>{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
MP3 = Format("mp3", "mp3", "libmp3lame", rate=44_100)
CONTAINERS = [
    Format("wav", "wav", "adpcm_ms"),
    Format("flac", "flac", "flac"),
    Format("m4a", "ipod", "aac", rate=44_100),
    Format("ogg", "ogg", "libopus", rate=48_000),
    Format("mkv", "matroska", "libopus", rate=48_000),
    Format("amr", "amr", "libopencore_amrnb"),
    MP3,
]


class Desk:
    """Where one recording is prepared."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.folder = folder
        self.nursery = nursery
        self.source = folder / "call.wav"
        self.workdir = folder / "work"
        self.workdir.mkdir()

    def prepare(self, content: bytes, limits: DecoderLimits = LIMITS) -> PreparedRecording:
        self.source.write_bytes(content)
        return prepare(self.source, self.workdir, limits, nursery=self.nursery)

    def refusal_of(self, content: bytes, limits: DecoderLimits = LIMITS) -> type[RecordingRejected]:
        with pytest.raises(RecordingRejected) as refusal:
            self.prepare(content, limits)
        return refusal.type

    def encoded(self, form: Format, *, seconds: float = 2.0, rate: int | None = None) -> bytes:
        path = write(self.folder / f"call.{form.suffix}", form, tone(seconds=seconds, rate=rate or form.rate))
        content = path.read_bytes()
        path.unlink()
        return content


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    """Whatever came of it, no decoder stays and nothing lies outside the working directory."""
    desk = Desk(tmp_path, nursery)
    yield desk
    assert decoders() == []
    assert set(tmp_path.iterdir()) <= {desk.source, desk.workdir}


class TestNoAudio:
    def test_an_empty_file(self, desk: Desk) -> None:
        assert desk.refusal_of(b"") is EmptyRecording

    def test_a_header_without_samples(self, desk: Desk) -> None:
        assert desk.refusal_of(wav(b"")) is EmptyRecording

    def test_a_decoder_that_finds_nothing(self, desk: Desk) -> None:
        desk.source.write_bytes(b"recording")

        with (
            closing(fake_decoder("ready(); describe(); verdict()")) as nursery,
            pytest.raises(EmptyRecording),
        ):
            prepare(desk.source, desk.workdir, LIMITS, nursery=nursery)

    def test_a_film_without_sound(self, desk: Desk) -> None:
        content = film(desk.workdir / "film.mp4").read_bytes()

        assert desk.refusal_of(content) is EmptyRecording


class TestMasquerade:
    """Text that makes FFmpeg open other files, if it is let. The canary is a call that would decode."""

    def test_ffmpeg_left_to_itself_opens_the_canary(self, desk: Desk) -> None:
        (desk.workdir / "canary.wav").write_bytes(recording_of("call_en").read_bytes())
        (desk.workdir / "call.wav").write_text("ffconcat version 1.0\nfile canary.wav\n")

        with av.open(desk.workdir / "call.wav") as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > 300_000

    @pytest.mark.parametrize(
        "text",
        [
            "Dear sirs, please find the recording attached.\n",
            "ffconcat version 1.0\nfile {canary}\n",
            "ffconcat version 1.0\nfile {relative}\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\n{canary}\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\nconcat:{canary}|{canary}\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\nhttp://127.0.0.1:9/call.wav\n#EXT-X-ENDLIST\n",
            DASH,
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=call\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
            "concat:{canary}|{canary}",
            "subfile,,start,0,end,0,,:{canary}",
        ],
    )
    def test_is_in_no_format_and_opens_nothing(self, text: str, desk: Desk) -> None:
        canary = recording_of("call_en")
        (desk.workdir / "canary.wav").write_bytes(canary.read_bytes())
        content = text.format(canary=canary, relative="work/canary.wav").encode()

        assert desk.refusal_of(content) is UnsupportedFormat


class TestForgedHeaders:
    def test_no_channel(self, desk: Desk) -> None:
        assert desk.refusal_of(wav(bytes(16_000), channels=0)) is UndecodableRecording

    @pytest.mark.parametrize("channels", [3, 7])
    def test_more_channels_than_a_call_has(self, channels: int, desk: Desk) -> None:
        assert desk.refusal_of(wav(bytes(16_000 * channels), channels=channels)) is TooManyChannels

    @pytest.mark.parametrize("rate", [0, 1, 2**31 - 1, 2**32 - 1])
    def test_an_absurd_sample_rate(self, rate: int, desk: Desk) -> None:
        assert desk.refusal_of(wav(bytes(16_000), rate=rate)) is UndecodableRecording

    @pytest.mark.parametrize("claimed_bytes", [0x7FFF_FFF0, 0xFFFF_FFFF])
    def test_a_length_that_is_a_lie_does_no_harm(self, claimed_bytes: int, desk: Desk) -> None:
        recording = desk.prepare(wav(tone().tobytes(), claimed_bytes=claimed_bytes))

        assert recording.duration_ms == 2_000


class TestDamage:
    def test_half_an_mp3_is_half_a_recording(self, desk: Desk) -> None:
        content = desk.encoded(MP3, seconds=8)

        recording = desk.prepare(content[: len(content) // 2])

        assert 3_000 < recording.duration_ms < 5_000

    def test_the_first_bytes_of_an_mp3_are_none(self, desk: Desk) -> None:
        assert desk.refusal_of(desk.encoded(MP3)[:100]) is UndecodableRecording

    def test_an_mp4_without_its_end_is_none(self, desk: Desk) -> None:
        content = desk.encoded(Format("m4a", "ipod", "aac", rate=44_100))

        assert desk.refusal_of(content[: len(content) // 2]) is UndecodableRecording

    @pytest.mark.parametrize("form", CONTAINERS, ids=str)
    def test_whatever_is_damaged_ends_as_a_recording_or_a_named_error(self, form: Format, desk: Desk) -> None:
        generator = np.random.default_rng(5)
        sound = np.frombuffer(desk.encoded(form), np.uint8)

        for _ in range(3):
            content = sound.copy()
            places = generator.integers(0, len(content), 40) // generator.choice([1, 20])
            content[places] = generator.integers(0, 256, 40)
            try:
                recording = desk.prepare(content.tobytes())
            except RecordingRejected:
                continue
            assert recording.duration_ms > 0


class TestBombs:
    def test_a_day_of_silence_is_too_long_before_it_is_decoded(self, desk: Desk) -> None:
        content = silent_opus(desk.workdir / "day.opus", hours=24).read_bytes()

        assert len(content) < 20_000_000
        assert desk.refusal_of(content) is RecordingTooLong
        assert [path.name for path in desk.workdir.iterdir()] == ["day.opus"]

    def test_what_does_not_say_how_long_it_is_stops_at_the_limit(self, desk: Desk) -> None:
        content = desk.encoded(MP3, seconds=20)

        assert desk.refusal_of(content * 10, DecoderLimits(audio_seconds=60)) is RecordingTooLong
        assert sum(path.stat().st_size for path in desk.workdir.iterdir()) <= 61 * 32_000

    def test_too_much_work_ends_with_the_processor_time(self, desk: Desk) -> None:
        content = desk.encoded(MP3, seconds=20)

        assert desk.refusal_of(content * 300, DecoderLimits(cpu_seconds=1)) is DecoderLimitExceeded

    def test_too_much_memory_ends_it(self, desk: Desk) -> None:
        limits = DecoderLimits(memory_bytes=2**20)

        refusal = desk.refusal_of(desk.encoded(MP3), limits)

        # Where not even the error finds memory, the decoder just dies: rare, and named too.
        assert refusal in {DecoderLimitExceeded, UndecodableRecording}

    def test_too_much_time_ends_it(self, desk: Desk) -> None:
        limits = DecoderLimits(wall_seconds=0.5)
        flood = fake_decoder("ready(); describe()\nwhile True: audio(b'')")
        desk.source.write_bytes(b"recording")

        with closing(flood), pytest.raises(DecoderLimitExceeded):
            prepare(desk.source, desk.workdir, limits, nursery=flood)
