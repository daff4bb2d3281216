"""Puts a recording on disk as the models want it: one file per channel, 16 kHz, 16 bit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from workers.preparation.channel_file import ChannelFile
from workers.preparation.decoder.decoding import DecodedRecording, Pcm
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.progress import Progress
from workers.preparation.resampling import Resampler


def split_channels(
    recording: DecodedRecording, workdir: Path, limits: DecoderLimits, progress: Progress
) -> list[ChannelFile]:
    """All of the recording, a block at a time: the decoder waits while a block is resampled and written."""
    source = recording.source
    expected_ms = source.expected_ms or limits.audio_seconds * 1000
    resampler = Resampler(source.sample_rate, source.channels)
    paths = [workdir / f"channel-{index}.pcm" for index in range(source.channels)]
    with ExitStack() as stack:
        files = [stack.enter_context(ChannelFile(path)) for path in paths]
        for block in recording.blocks():
            _append(files, resampler.feed(block))
            progress.report(files[0].duration_ms / expected_ms)
        _append(files, resampler.finish())
        for file in files:
            file.finish()
    return files


def _append(files: Sequence[ChannelFile], block: Pcm) -> None:
    for file, samples in zip(files, block.T, strict=True):
        file.append(samples)
