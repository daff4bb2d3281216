"""Mixed calls and their truth."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import soundfile

from benchmarks.dialogues import NOISE_DBFS, Dialogue, dialogue_of
from benchmarks.spoken_clips import RATE, Clip, clip_of, levels_of, loud_spans
from workers.finishing.metrics.spans import Span


def burst(*lengths_ms: int) -> Clip:
    """Loud parts with 200 ms of silence between them."""
    parts = [np.full(length * RATE // 1000, 0.2, np.float32) for length in lengths_ms]
    pause = np.zeros(RATE // 5, np.float32)
    return clip_of(np.concatenate([piece for part in parts for piece in (pause, part)]), above=0.01)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - no secret


class TestClip:
    def test_begins_and_ends_with_speech(self) -> None:
        clip = burst(300, 500)

        assert clip.speech == (Span(0, 300), Span(500, 1_000))
        assert (clip.duration_ms, len(clip.samples)) == (1_000, RATE)

    def test_its_pieces_stand_alone(self) -> None:
        assert [piece.speech for piece in burst(300, 500).pieces()] == [(Span(0, 300),), (Span(0, 500),)]

    def test_short_pauses_are_part_of_it(self) -> None:
        sound = np.full(RATE, 0.2, np.float32)
        sound[4_000:4_720] = 0

        assert loud_spans(sound, above=0.01) == [Span(0, 1_000)]


class TestDialogue:
    def test_tells_when_each_party_speaks(self) -> None:
        dialogue = Dialogue([], placed=[(0, 1_000, burst(300, 500)), (1, 1_800, burst(400))])

        agent, customer = dialogue.truth.voices

        assert agent.speech == [Span(1_000, 1_300), Span(1_500, 2_000)]
        assert customer.speech == [Span(1_800, 2_200)]

    def test_sounds_as_it_tells(self, tmp_path: Path) -> None:
        dialogue = dialogue_of([[burst(3_000, 2_000), burst(4_000)]] * 2, chance(1))

        sound, rate = soundfile.read(dialogue.write(tmp_path / "call.wav", chance(2)), dtype="float32")

        assert rate == RATE
        hiss = 10 ** (NOISE_DBFS[1] / 20)
        for voice in dialogue.truth.voices:
            heard = levels_of(sound[:, voice.channel]) > 4 * hiss
            true = np.zeros(len(heard), bool)
            for span in voice.speech:
                true[span.start_ms // 10 : -(-span.end_ms // 10)] = True
            assert np.mean(heard == true) > 0.99

    def test_lets_no_party_talk_over_itself(self) -> None:
        voices = [[burst(3_000, 500), burst(1_700)], [burst(600, 1_700)]]

        for seed in range(20):
            for voice in dialogue_of(voices, chance(seed)).truth.voices:
                in_order = sorted(voice.speech)
                assert all(one.end_ms <= other.start_ms for one, other in pairwise(in_order))

    def test_is_the_same_for_the_same_chance(self) -> None:
        voices = [[burst(3_000, 2_000)], [burst(4_000)]]

        assert dialogue_of(voices, chance(3)).truth == dialogue_of(voices, chance(3)).truth
