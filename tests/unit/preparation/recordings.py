"""Recordings made for tests: every format a call comes in, and some that lie."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import soundfile
from av.audio.stream import AudioStream
from av.container import OutputContainer

from workers.preparation.channel_file import ChannelFile

Pcm = npt.NDArray[np.int16]

TONE_HZ = (440, 880)


def tone(*, seconds: float = 2.0, rate: int = 8_000, channels: int = 1) -> Pcm:
    """A tone per channel, an octave apart; shape (samples, channels)."""
    times = np.arange(int(seconds * rate)) / rate
    waves = [np.sin(2 * np.pi * TONE_HZ[channel % 2] * times) for channel in range(channels)]
    return (np.stack(waves, axis=1) * 10_000).astype(np.int16)


def pitch(samples: npt.NDArray[np.int16], *, rate: int) -> float:
    """The strongest frequency of one channel."""
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing a call down."""

    suffix: str
    container: str
    codec: str
    rate: int = 8_000
    channels: int = 1
    picture: bool = False

    def __str__(self) -> str:
        return f"{self.codec}-in-{self.suffix}"


def write(path: Path, form: Format, samples: Pcm) -> Path:
    """Encode with FFmpeg's own encoders, or libsndfile's where FFmpeg has none (GSM)."""
    if form.codec == "gsm":
        soundfile.write(path, samples, form.rate, format=form.container.upper(), subtype="GSM610")
        return path
    with av.open(path, "w", format=form.container) as container:
        sound = add_sound(container, form)
        if form.picture:
            write_picture(container, seconds=len(samples) / form.rate)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=sound.layout.name)
        frame.sample_rate = form.rate
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def add_sound(container: OutputContainer, form: Format) -> AudioStream:
    # Without "strict" FFmpeg's Vorbis encoder refuses to work: it calls itself an experiment.
    stream = container.add_stream(form.codec, form.rate, options={"strict": "-2"})
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = "mono" if form.channels == 1 else "stereo"
    return stream


def write_picture(container: OutputContainer, *, seconds: float) -> None:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    for number in range(int(seconds * 10)):
        frame = av.VideoFrame(64, 64, "yuv420p")
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def wav(
    samples: bytes, *, channels: int = 1, rate: int = 8_000, bits: int = 16, claimed_bytes: int | None = None
) -> bytes:
    """A WAV file that claims what it is told to claim."""
    align = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align % 2**32, align, bits)
    size = len(samples) if claimed_bytes is None else claimed_bytes
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def film(path: Path) -> Path:
    """A second of picture without sound."""
    with av.open(path, "w") as container:
        write_picture(container, seconds=1)
    return path


def silent_opus(path: Path, *, hours: float) -> Path:
    """Silence of any length, fast: one encoded packet over and over."""
    with av.open(path, "w", format="ogg") as container:
        options = {"frame_duration": "120"}
        stream = container.add_stream("libopus", rate=48_000, layout="mono", options=options)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), format="s16", layout="mono")
        silence.sample_rate = 48_000
        packets = stream.encode(silence) + stream.encode(None)
        payload, frame_samples = bytes(packets[5]), stream.codec_context.frame_size
        for number in range(int(hours * 3600 * 48_000 / frame_samples)):
            packet = av.Packet(payload)
            packet.stream = stream
            packet.time_base = packets[0].time_base
            packet.pts = packet.dts = number * frame_samples
            packet.duration = frame_samples
            container.mux(packet)
    return path


def channel_file(path: Path, samples: Pcm) -> ChannelFile:
    """A channel as it lies on disk halfway through preparation."""
    channel = ChannelFile(path)
    channel.append(samples)
    channel.finish()
    return channel
