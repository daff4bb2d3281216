"""From a recording to its transcript in one process: same decoder, resampler, network, cuts and engine."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from benchmarks.plain_service.channel import HeldChannel
from workers.engines.base import Chunk
from workers.engines.scripted import ScriptedEngine
from workers.preparation.cutting import cut_chunks
from workers.preparation.loudness import listening_gain
from workers.preparation.resampling import Resampler
from workers.preparation.speech_spans import find_speech
from workers.preparation.voice_activity import load_detector


class Hearing:
    """Holds what is loaded once."""

    def __init__(self) -> None:
        self._detector = load_detector()
        self._engine = ScriptedEngine()

    def transcript_of(self, recording: Path) -> dict[str, object]:
        channels = decoded(recording)
        gain = listening_gain(channels)
        segments = [
            segment
            for index, channel in enumerate(channels)
            for segment in self._segments_of(index, channel, gain)
        ]
        return {"segments": segments, "text": " ".join(str(segment["text"]) for segment in segments)}

    def _segments_of(self, index: int, channel: HeldChannel, gain: float) -> list[dict[str, object]]:
        probabilities = self._detector.probabilities(channel, gain=gain)
        speech = find_speech(probabilities, duration_ms=channel.duration_ms)
        cuts = cut_chunks(speech, probabilities, duration_ms=channel.duration_ms)
        spans = [(cut.start_ms, cut.end_ms) for cut in cuts]
        heard = self._engine.recognize([Chunk(channel.stretch(*span)) for span in spans])
        return [
            {"channel": index, "start_ms": start, "end_ms": end, "text": hypothesis.text}
            for (start, end), hypothesis in zip(spans, heard, strict=True)
        ]


def decoded(recording: Path) -> list[HeldChannel]:
    """Each track of the recording at 16 kHz."""
    with av.open(recording) as container:
        frames = list(container.decode(audio=0))
    # To packed 16-bit samples, whatever the codec gives.
    converter = av.AudioResampler(format="s16")
    packed = [part for frame in [*frames, None] for part in converter.resample(frame)]
    count = packed[0].layout.nb_channels
    samples = np.concatenate([part.to_ndarray().reshape(-1, count) for part in packed])
    resampler = Resampler(packed[0].sample_rate, count)
    tracks = np.concatenate([resampler.feed(samples), resampler.finish()])
    return [HeldChannel(np.ascontiguousarray(track)) for track in tracks.T]
