"""What raising a faint voice does for recognition: clips at falling levels, as they are and raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import jiwer
import numpy as np
from rich.progress import track

from benchmarks.companding import mu_law
from benchmarks.conclusion import Benchmark
from benchmarks.known_calls import Wave, add_noise, at_level
from benchmarks.marks import Mark
from benchmarks.p56 import active_speech_level
from benchmarks.references import english
from benchmarks.speech_mixes import Clip, mixes
from core.catalog import model_named
from core.settings import ModelStoreSettings
from workers.engines import base, registry
from workers.engines.base import SAMPLE_RATE, Engine
from workers.engines.settings import EngineSettings
from workers.preparation.findings.level import MOST_GAIN_DB, NOMINAL_DBFS

MODEL: Final = "whisper-tiny.en"
SEED: Final = 20_261_122
LEVELS_DBFS: Final = (-46.0, -56.0, -66.0, -76.0)
MU_LAW_BELOW_DBFS: Final = -66.0
"""Fainter voices are gone in mu-law, whose smallest step is at -78 dBFS."""
NOISE_DBFS: Final = -65.0
NOISY_BELOW_DBFS: Final = -56.0
MARKS: Final = (Mark("raised_wer_percent", at_most=10.0), Mark("conditions_made_worse_by_3_words", at_most=0))
PACKAGES: Final = ("torch", "jiwer", "numpy")

Line = Callable[[Wave], Wave]
"""What the way from the voice to the file does to it; shape (samples,)."""


def main() -> None:
    benchmark = Benchmark("faint")
    engine = registry.load(model_named(MODEL), EngineSettings(device="cpu"), ModelStoreSettings())
    clips = mixes()["turns"]
    rng = np.random.default_rng(SEED)
    figures: dict[str, object] = {"clips": len(clips), "words": sum(len(_words(clip.text)) for clip in clips)}
    figures["usual_level_errors"] = errors(clips, engine, partial(_faint, level=NOMINAL_DBFS, line=pcm))
    totals = {"as_it_is": 0, "raised": 0}
    worse = 0
    conditions = list(_conditions(rng))
    for name, make in track(conditions, "listening", console=benchmark.console, transient=True):
        as_it_is = errors(clips, engine, make)
        raised = errors(clips, engine, partial(_after, first=make))
        figures[f"{name}_errors"], figures[f"{name}_raised_errors"] = as_it_is, raised
        totals["as_it_is"] += as_it_is
        totals["raised"] += raised
        worse += raised - as_it_is >= 3
    words = len(conditions) * sum(len(_words(clip.text)) for clip in clips)
    figures |= {f"{case}_wer_percent": round(100 * count / words, 1) for case, count in totals.items()}
    figures["conditions_made_worse_by_3_words"] = worse
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def _conditions(rng: np.random.Generator) -> Iterator[tuple[str, Line]]:
    for level in LEVELS_DBFS:
        yield f"pcm_{-level:.0f}", partial(_faint, level=level, line=pcm)
        if level >= MU_LAW_BELOW_DBFS:
            yield f"mulaw_{-level:.0f}", partial(_faint, level=level, line=mu_law)
        if level >= NOISY_BELOW_DBFS:
            yield f"noise_{-level:.0f}", partial(_faint, level=level, line=partial(_noisy, rng=rng))


def pcm(wave: Wave) -> Wave:
    """Sixteen bits."""
    return np.rint(wave * 32_768) / 32_768


def _noisy(wave: Wave, *, rng: np.random.Generator) -> Wave:
    return pcm(add_noise(wave, rng, NOISE_DBFS))


def _faint(wave: Wave, *, level: float, line: Line) -> Wave:
    return line(at_level(wave, level, rate=SAMPLE_RATE))


def _after(wave: Wave, *, first: Line) -> Wave:
    return _raised(first(wave))


def _raised(wave: Wave) -> Wave:
    """As preparation does it: to the usual level, by so much at most, and what exceeds full scale is cut."""
    try:
        gain_db = min(NOMINAL_DBFS - active_speech_level(wave, rate=SAMPLE_RATE), MOST_GAIN_DB)
    except ValueError:
        # Nobody can be told from the noise.
        gain_db = MOST_GAIN_DB
    return np.clip(wave * 10 ** (gain_db / 20), -1, 1)


def errors(clips: Sequence[Clip], engine: Engine, line: Line) -> int:
    """Words that are wrong, missing or too many, of all clips."""
    count = 0
    for clip in clips:
        samples = np.asarray(line(clip.samples.astype(np.float64)), np.float32)
        (heard,) = engine.recognize([base.Chunk(samples)])
        measured = jiwer.process_words(english(clip.text), english(heard.text))
        count += measured.substitutions + measured.deletions + measured.insertions
    return count


def _words(text: str) -> list[str]:
    return english(text).split()


if __name__ == "__main__":
    main()
