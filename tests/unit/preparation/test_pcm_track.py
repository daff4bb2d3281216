from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from tests.unit.preparation.recordings import Pcm, pitch, tone
from workers.preparation.pcm_track import FLUSH_BYTES, PcmTrack

RATE = 8_000


def frame(samples: Pcm, *, at_ms: int | None, rate: int = RATE) -> av.AudioFrame:
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    result = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
    result.sample_rate = rate
    result.time_base = Fraction(1, 1000)
    result.pts = at_ms
    return result


def played(*frames: av.AudioFrame, origin: Fraction | None = None) -> Pcm:
    written = bytearray()
    track = PcmTrack(written.extend, like=frames[0], origin=origin)
    for each in frames:
        track.write(each)
    track.close()
    return np.frombuffer(written, np.int16).reshape(-1, frames[0].layout.nb_channels)


class TestPcmTrack:
    def test_frames_follow_each_other(self) -> None:
        original = tone(seconds=0.2)

        samples = played(frame(original[:800], at_ms=0), frame(original[800:], at_ms=100))

        np.testing.assert_array_equal(samples, original)

    def test_a_stretch_that_was_never_recorded_becomes_silence(self) -> None:
        original = tone(seconds=0.2)

        samples = played(frame(original[:800], at_ms=0), frame(original[800:], at_ms=1_100))

        assert len(samples) == 1_200 * 8 - 0
        np.testing.assert_array_equal(samples[:800], original[:800])
        assert not samples[800:8_800].any()
        np.testing.assert_array_equal(samples[8_800:], original[800:])

    def test_a_track_that_starts_late_starts_with_silence(self) -> None:
        samples = played(frame(tone(seconds=0.1), at_ms=3_500), origin=Fraction(3))

        assert not samples[:4_000].any()
        assert len(samples) == 4_800

    def test_wandering_time_stamps_are_no_gap(self) -> None:
        original = tone(seconds=0.2)

        samples = played(frame(original[:800], at_ms=0), frame(original[800:], at_ms=190))

        np.testing.assert_array_equal(samples, original)

    def test_time_stamps_that_go_back_are_not_believed(self) -> None:
        original = tone(seconds=0.2)

        samples = played(frame(original[:800], at_ms=5_000), frame(original[800:], at_ms=0))

        np.testing.assert_array_equal(samples, original)

    def test_frames_without_time_stamps_follow_each_other(self) -> None:
        original = tone(seconds=0.2)

        samples = played(frame(original[:800], at_ms=None), frame(original[800:], at_ms=None))

        np.testing.assert_array_equal(samples, original)

    def test_a_rate_that_changes_halfway_keeps_time_and_pitch(self) -> None:
        samples = played(frame(tone(), at_ms=0), frame(tone(rate=16_000), at_ms=2_000, rate=16_000))

        assert len(samples) == pytest.approx(4 * RATE, abs=20)
        assert pitch(samples[-RATE:, 0], rate=RATE) == pytest.approx(440, abs=2)

    def test_channels_that_come_or_go_halfway_are_fitted_to_the_first(self) -> None:
        samples = played(frame(tone(channels=2), at_ms=0), frame(tone(), at_ms=2_000))

        assert samples.shape == (4 * RATE, 2)
        assert samples[-RATE:].any(axis=0).all()

    def test_a_forged_time_stamp_is_filled_in_small_pieces(self) -> None:
        class Enough(Exception):
            pass

        pieces: list[int] = []

        def take(piece: bytes) -> None:
            pieces.append(len(piece))
            if len(pieces) > 100:
                raise Enough

        first = frame(tone(seconds=0.1), at_ms=0)
        track = PcmTrack(take, like=first)
        track.write(first)

        with pytest.raises(Enough):
            track.write(frame(tone(seconds=0.1), at_ms=2**40))

        assert max(pieces) <= FLUSH_BYTES
