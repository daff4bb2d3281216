"""What of the sample calls is heard right: words, characters, roles, turns. Through the whole system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

import jiwer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.references import SAMPLES, Turn, english, mandarin, turns_of
from benchmarks.systems import client_of, running_system
from cli.checkpoints import ensure_checkpoint
from cli.steps import Steps
from client import Client, SubmitOptions, Transcript, Utterance
from core.catalog import model_named

MODELS: Final = ("whisper-base", "whisper-tiny.en")
MARKS: Final = (
    Mark("base_english_wer_percent", at_most=5.0),
    Mark("base_mandarin_cer_percent", at_most=20.0),
    Mark("turns_with_right_role_percent", at_least=100.0),
)
PACKAGES: Final = ("torch", "transformers", "jiwer", "opencc")


def main() -> None:
    benchmark = Benchmark("accuracy")
    for model in MODELS:
        ensure_checkpoint(benchmark.console, model_named(model))
    with Steps(benchmark.console) as steps, running_system(steps, models=MODELS) as system:
        steps.begin("transcribing")
        with client_of(system) as client:
            figures = measure(client)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def measure(client: Client) -> dict[str, object]:
    """Rates in percent; the language is detected where it is not named as given."""
    english_turns, mandarin_turns = turns_of("call_en"), turns_of("call_zh")
    english_call = heard(client, "call_en", model="whisper-base")
    mandarin_call = heard(client, "call_zh", model="whisper-base")
    both = [(english_turns, english_call), (mandarin_turns, mandarin_call)]
    return {
        "base_english_wer_percent": word_error_rate(english_turns, english_call),
        "base_mandarin_cer_percent": character_error_rate(mandarin_turns, mandarin_call),
        "base_english_wer_language_given_percent": word_error_rate(
            english_turns, heard(client, "call_en", model="whisper-base", language="en")
        ),
        "base_mandarin_cer_language_given_percent": character_error_rate(
            mandarin_turns, heard(client, "call_zh", model="whisper-base", language="zh")
        ),
        "tiny_en_english_wer_percent": word_error_rate(
            english_turns, heard(client, "call_en", model="whisper-tiny.en")
        ),
        "turns_with_right_role_percent": percent(
            sum(has_right_role(turn, call) for turns, call in both for turn in turns)
            / sum(len(turns) for turns, _ in both)
        ),
        "turn_boundary_error_median_ms": median(
            error for turns, call in both for turn in turns for error in boundary_errors_ms(turn, call)
        ),
    }


def heard(client: Client, call: str, *, model: str, language: str | None = None) -> Transcript:
    options = SubmitOptions(model=model, language=language, lane="live", roles="agent,customer")
    job = client.submit(SAMPLES / f"{call}.wav", options)
    ended = client.wait(job.id)
    return client.transcript(ended.id)


def word_error_rate(turns: Sequence[Turn], call: Transcript) -> float:
    return percent(jiwer.wer(*by_channel(turns, call, english)))


def character_error_rate(turns: Sequence[Turn], call: Transcript) -> float:
    return percent(jiwer.cer(*by_channel(turns, call, mandarin)))


def by_channel(
    turns: Sequence[Turn], call: Transcript, normalised: Callable[[str], str]
) -> tuple[list[str], list[str]]:
    """What each party said and what was heard of it: overlapping talk has no order across parties."""
    channels = sorted({turn.channel for turn in turns})
    said = [" ".join(turn.text for turn in turns if turn.channel == one) for one in channels]
    heard = [
        " ".join(each.text for each in call.utterances if each.channel == channel) for channel in channels
    ]
    return [normalised(text) for text in said], [normalised(text) for text in heard]


def overlap(turn: Turn, utterance: Utterance) -> float:
    """Seconds that both last; negative when they are apart."""
    return min(turn.end, utterance.end_ms / 1000) - max(turn.start, utterance.start_ms / 1000)


def matching(turn: Turn, call: Transcript) -> Utterance:
    return max(call.utterances, key=lambda utterance: overlap(turn, utterance))


def has_right_role(turn: Turn, call: Transcript) -> bool:
    found = matching(turn, call)
    return (found.channel, found.role) == (turn.channel, turn.speaker)


def boundary_errors_ms(turn: Turn, call: Transcript) -> list[float]:
    found = matching(turn, call)
    return [abs(found.start_ms - 1000 * turn.start), abs(found.end_ms - 1000 * turn.end)]


def percent(share: float) -> float:
    return round(100 * share, 1)


if __name__ == "__main__":
    main()
