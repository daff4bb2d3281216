"""Whether what is trusted less was heard worse: clips under noise, their word errors, and their trust."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
import soundfile
from rich.progress import track

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.references import english
from benchmarks.speech_mixes import Clip, mixes
from core.catalog import model_named
from core.settings import ModelStoreSettings
from models.channel import Channel
from models.chunk import Chunk
from models.hypothesis import Hypothesis
from models.quality_content import QualityContent
from workers.engines import base, registry
from workers.engines.base import SAMPLE_RATE, Engine, Samples
from workers.engines.settings import EngineSettings
from workers.finishing.joining import join_texts
from workers.finishing.reviewing import quality_of
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare
from workers.preparation.recording import ChunkSpan, PreparedChannel, PreparedRecording

MODEL: Final = "whisper-tiny.en"
SEED: Final = 20_261_122
NOISE_DB: Final = (10.0, 0.0)
"""Signal to noise, by mean power over the clip."""
AROUND: Final = np.zeros(SAMPLE_RATE // 2, np.float32)
TRUSTED: Final = 0.9
DOUBTED: Final = 0.6
MARKS: Final = (Mark("right_order_percent", at_least=75.0), Mark("trusted_wer_percent", at_most=15.0))
PACKAGES: Final = ("torch", "silero-vad", "jiwer", "numpy")


@dataclass(frozen=True, slots=True)
class Judged:
    """A clip, how wrong its text is, and what is said of it."""

    words: int
    errors: int
    quality: QualityContent
    confidence: float | None
    """Of its only chunk; None if it has several."""

    @property
    def trust(self) -> float:
        """Nothing was heard of what there was: nothing is trusted."""
        return self.quality["trust"] or 0.0

    @property
    def error_rate(self) -> float:
        return self.errors / self.words


def main() -> None:
    benchmark = Benchmark("trust")
    engine = registry.load(model_named(MODEL), EngineSettings(device="cpu"), ModelStoreSettings())
    clips = list(noisy(mixes()["turns"]))
    judged = [
        judge(clip, engine, nursery)
        for nursery in [Nursery()]
        for clip in track(clips, "listening", console=benchmark.console, transient=True)
    ]
    benchmark.conclude(figures_of(judged), marks=MARKS, packages=PACKAGES)


def noisy(clips: Sequence[Clip]) -> Iterator[Clip]:
    """Each clip as it is, then at each level under hiss and under the others' voices."""
    rng = np.random.default_rng(SEED)
    for place, clip in enumerate(clips):
        voices = np.concatenate([each.samples for each in (*clips[:place], *clips[place + 1 :])])
        yield clip
        for noise_db in NOISE_DB:
            hiss = rng.standard_normal(len(clip.samples)).astype(np.float32)
            yield Clip(_mixed(clip.samples, hiss, noise_db), clip.text)
            starts = rng.integers(0, len(voices) - len(clip.samples), 4)
            babble = sum((voices[at : at + len(clip.samples)] for at in starts), np.zeros_like(clip.samples))
            yield Clip(_mixed(clip.samples, babble, noise_db), clip.text)


def _mixed(speech: Samples, noise: Samples, noise_db: float) -> Samples:
    power = float(np.mean(speech**2)) / 10 ** (noise_db / 10)
    mixed = speech + noise * np.sqrt(power / max(float(np.mean(noise**2)), 1e-12))
    return np.asarray(mixed * min(1.0, 0.9 / float(np.abs(mixed).max())), np.float32)


def judge(clip: Clip, engine: Engine, nursery: Nursery) -> Judged:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "clip.wav"
        soundfile.write(path, np.concatenate([AROUND, clip.samples, AROUND]), SAMPLE_RATE)
        prepared = prepare(path, Path(name), DecoderLimits(), nursery=nursery)
        heard = list(hear(prepared, engine))
    channels = [_channel(each) for each in prepared.channels]
    said = english(join_texts(hypothesis.text for _, hypothesis in heard))
    truth = english(clip.text)
    measured = jiwer.process_words(truth, said)
    logprobs = [hypothesis.token_logprobs for _, hypothesis in heard]
    return Judged(
        words=len(truth.split()),
        errors=measured.substitutions + measured.deletions + measured.insertions,
        quality=quality_of(channels, heard),
        confidence=float(np.exp(np.mean(logprobs[0]))) if len(logprobs) == 1 and logprobs[0] else None,
    )


def hear(prepared: PreparedRecording, engine: Engine) -> Iterator[tuple[Chunk, Hypothesis]]:
    for channel in prepared.channels:
        samples, _ = soundfile.read(channel.path, dtype="float32")
        for index, span in enumerate(channel.chunks):
            first, last = (ms * SAMPLE_RATE // 1000 for ms in (span.start_ms, span.end_ms))
            (heard,) = engine.recognize([base.Chunk(samples[first:last])])
            yield _chunk(channel, index, span), _hypothesis(heard)


def figures_of(judged: Sequence[Judged]) -> dict[str, object]:
    """Word errors in percent of the words of what is trusted, what is doubted, and what is between."""
    trusted = [each for each in judged if each.trust >= TRUSTED]
    doubted = [each for each in judged if each.trust < DOUBTED]
    errors = sum(each.errors for each in judged)
    return {
        "clips": len(judged),
        "wer_percent": error_rate_percent(judged),
        "trusted_clips": len(trusted),
        "trusted_wer_percent": error_rate_percent(trusted),
        "doubted_clips": len(doubted),
        "doubted_wer_percent": error_rate_percent(doubted),
        "errors_outside_trusted_percent": round(100 * (1 - sum(each.errors for each in trusted) / errors), 1),
        "right_order_percent": right_order_percent(judged),
        "faultless_clips_flagged": sum(bool(each.quality["flags"]) for each in judged if each.errors == 0),
        "faultless_clips": sum(each.errors == 0 for each in judged),
    }


def error_rate_percent(judged: Sequence[Judged]) -> float:
    words = sum(each.words for each in judged)
    return round(100 * sum(each.errors for each in judged) / words, 1) if words else 0.0


def right_order_percent(judged: Sequence[Judged]) -> float:
    """Of all pairs that differ in both, those of which the one with fewer errors is trusted more."""
    pairs = [
        (one.error_rate < other.error_rate) == (one.trust > other.trust)
        for one, other in combinations(judged, 2)
        if one.error_rate != other.error_rate and one.trust != other.trust
    ]
    return round(100 * sum(pairs) / len(pairs), 1) if pairs else 0.0


def _channel(channel: PreparedChannel) -> Channel:
    return Channel(
        index=channel.index,
        duration_ms=channel.duration_ms,
        speech_ms=channel.speech_ms,
        findings=[each.as_json() for each in channel.findings],
    )


def _chunk(channel: PreparedChannel, index: int, span: ChunkSpan) -> Chunk:
    return Chunk(
        channel=channel.index,
        index=index,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        speech_ms=[edge for each in span.speech for edge in (each.start_ms, each.end_ms)],
    )


def _hypothesis(heard: base.Hypothesis) -> Hypothesis:
    return Hypothesis(
        text=heard.text, token_logprobs=list(heard.token_logprobs), finish_reason=heard.finish_reason.value
    )


if __name__ == "__main__":
    main()
