"""The decoder: a caller's recording on stdin, its samples on stdout, nothing else in reach.

As a program it is the nursery, which forks one for each recording. Whoever reads what comes out of
here, workers/preparation/decoder/decoding.py, trusts nothing of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Final, cast

import av
import av.subtitles.stream  # PyAV wants it when it opens a file, and by then nothing can be read
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import ArgumentError, FFmpegError

from core.errors import (
    DecoderLimitExceeded,
    EmptyRecording,
    RecordingRejected,
    UndecodableRecording,
    UnsupportedFormat,
)
from workers.preparation.decoder.blocks import BlockWriter, SourceFormat, Verdict
from workers.preparation.decoder.confinement import confine
from workers.preparation.decoder.nursery_process import serve
from workers.preparation.decoder.seclusion import seclude
from workers.preparation.decoder.walls import Wall
from workers.preparation.pcm_track import PcmTrack

STDIN: Final = 0
STDOUT: Final = 1
DEMUXERS: Final = ("wav", "mp3", "flac", "ogg", "mov", "matroska", "aac", "amr", "gsm", "aiff", "au")
"""What calls come in. None of them opens a second file, unlike playlists and concatenations."""
DECODERS: Final = (
    *("pcm_s16le", "pcm_s16be", "pcm_u8", "pcm_s8", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_mulaw", "pcm_alaw"),
    *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "g726", "g722", "gsm", "gsm_ms"),
    *("amrnb", "amrwb", "mp3float", "mp3", "mp2", "flac", "alac", "aac", "opus", "vorbis", "ac3"),
)
"""Audio only: a video track is not even probed by the code that would decode it."""
SIGNATURES: Final = (b"RIFF", b"ID3", b"fLaC", b"OggS", b"\x1a\x45\xdf\xa3", b"#!AMR", b"FORM", b".snd")
"""How files of these formats begin, MP3 and AAC without tags and MP4 aside."""
WAV_PROBE_BYTES: Final = 2**13
"""How far a WAV file is searched for another format that poses as PCM; FFmpeg would take 4 ms for it."""


def main(
    walls: frozenset[Wall], cpu_seconds: int, memory_bytes: int
) -> None:  # pragma: no cover - confines its process for good
    """Decode stdin, behind the nursery's walls and its own; the verdict goes the same way as the samples."""
    walls |= confine(cpu_seconds=cpu_seconds, memory_bytes=memory_bytes)
    output = BlockWriter(STDOUT)
    output.ready(walls)
    output.verdict(judge(STDIN, output))


def judge(source: int, output: BlockWriter) -> Verdict:
    try:
        return Verdict(skipped_packets=decode(source, output))
    except MemoryError:
        return Verdict(DecoderLimitExceeded.code)
    except RecordingRejected as refusal:
        return Verdict(refusal.code)


def decode(source: int, output: BlockWriter) -> int:
    """Write the format and all samples; return how many packets had to be left out."""
    track: PcmTrack | None = None
    skipped = 0
    with open_container(source) as container:
        stream = first_track(container)
        for frames in decoded(container, stream):
            skipped += frames is None
            for frame in frames or ():
                if track is None:
                    output.format(describe(container, stream, frame))
                    track = PcmTrack(output.audio, like=frame, origin=origin_of(container))
                track.write(frame)
    if track is None:
        raise UndecodableRecording if skipped else EmptyRecording
    track.close()
    return skipped


def open_container(source: int) -> InputContainer:
    """The recording behind a file descriptor, if its format is one of ours."""
    start = os.pread(source, 16, 0)
    options = {
        "fd": str(source),
        "protocol_whitelist": "fd",
        "format_whitelist": ",".join(DEMUXERS),
        "codec_whitelist": ",".join(DECODERS),
    }
    if start.startswith(b"RIFF"):
        options["probesize"] = str(WAV_PROBE_BYTES)
    try:
        return av.open("fd:", mode="r", options=options, metadata_errors="replace")
    except ArgumentError as error:  # recognized, and not on the list
        raise UnsupportedFormat from error
    except FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise (UndecodableRecording if is_familiar(start) else UnsupportedFormat) from error


def is_familiar(start: bytes) -> bool:
    """Whether a file that cannot be opened at least begins like one that could."""
    is_frame = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    return is_frame or start[4:8] == b"ftyp" or start.startswith(SIGNATURES)


def first_track(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        # FFmpeg looks past tracks that claim no channel or no rate.
        raise UndecodableRecording if container.streams.audio else EmptyRecording
    # PyAV types the context as never None; it is, for a codec that FFmpeg does not know.
    codec = getattr(stream.codec_context, "name", None)
    if codec not in DECODERS:
        raise UnsupportedFormat
    stream.codec_context.thread_count = 1
    return stream


def origin_of(container: InputContainer) -> Fraction | None:
    """When the recording begins by its own clock, in seconds; its audio may begin later than its picture."""
    # PyAV types it as never None; it is, where the format has no time stamps.
    start_time = cast("int | None", container.start_time)
    return None if start_time is None else Fraction(start_time, av.time_base)


def decoded(container: InputContainer, stream: AudioStream) -> Iterator[list[av.AudioFrame] | None]:
    """The frames of each packet; None for a packet that is damaged, and for an end that is missing."""
    try:
        for packet in container.demux(stream):
            yield frames_of(packet)
    except FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        yield None


def frames_of(packet: av.Packet[AudioStream]) -> list[av.AudioFrame] | None:
    try:
        return packet.decode()
    except FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return None


def describe(container: InputContainer, stream: AudioStream, frame: av.AudioFrame) -> SourceFormat:
    """Rate and channels as they are decoded: containers get them wrong (HE-AAC)."""
    duration = container.duration
    return SourceFormat(
        container=container.format.name.split(",")[0],
        codec=stream.codec_context.name,
        sample_rate=frame.sample_rate,
        channels=frame.layout.nb_channels,
        expected_ms=None if duration is None else duration * 1000 // av.time_base,
    )


if __name__ == "__main__":  # pragma: no cover - as above
    # The last thing that opens or reads a file.
    serve(partial(main, seclude()))
