"""Where decoders come from, and what becomes of it when one of the family dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import DecoderLimitExceeded, DecoderUnavailable, UndecodableRecording
from tests.integration.preparation.fake_decoders import fake_decoder
from tests.integration.preparation.family import all_over, decoders, nurseries
from tests.unit.preparation.recordings import Format, tone, write
from workers.preparation.decoder.decoding import decoding
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery

LIMITS = DecoderLimits()
ENDLESS = "ready(); describe()\nwhile True: audio(bytes(2**14))"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording", Format("wav", "wav", "pcm_s16le"), tone(seconds=1.0))


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with closing(Nursery()) as nursery:
        yield nursery


def samples(source: Path, nursery: Nursery) -> list[int]:
    with decoding(source, LIMITS, nursery) as recording:
        return np.concatenate(list(recording.blocks())).ravel().tolist()


class TestNursery:
    def test_gives_each_recording_a_process_of_its_own(self, recording: Path, nursery: Nursery) -> None:
        seen: list[int] = []

        for _ in range(3):
            with decoding(recording, LIMITS, nursery):
                seen += [each.pid for each in decoders()]

        assert len(set(seen)) == len(seen) == 3

    def test_is_started_once(self, recording: Path, nursery: Nursery) -> None:
        samples(recording, nursery)
        before = nurseries()

        samples(recording, nursery)

        assert nurseries() == before

    def test_leaves_no_decoder_behind(self, recording: Path, nursery: Nursery) -> None:
        with decoding(recording, LIMITS, nursery):
            [decoder] = decoders()

        assert not decoder.is_running()

    def test_starts_nothing_until_there_is_a_recording(self, nursery: Nursery) -> None:
        assert nurseries() == []

    def test_ends_when_it_is_closed(self, recording: Path, nursery: Nursery) -> None:
        samples(recording, nursery)

        nursery.close()

        assert nurseries() == []

    def test_can_be_used_again_after_that(self, recording: Path, nursery: Nursery) -> None:
        expected = samples(recording, nursery)

        nursery.close()

        assert samples(recording, nursery) == expected

    def test_a_machine_that_cannot_start_it_is_to_blame(self, recording: Path) -> None:
        nursery = Nursery(command=["/nowhere/nursery"])

        with pytest.raises(DecoderUnavailable), nursery.decoder(recording, LIMITS):
            pass

    def test_one_that_ends_at_once_is_to_blame(self, recording: Path) -> None:
        with (
            closing(Nursery(command=[sys.executable, "-c", ""])) as nursery,
            pytest.raises(DecoderUnavailable),
        ):
            samples(recording, nursery)

    def test_a_bad_recording_does_no_harm_to_the_next(
        self, recording: Path, tmp_path: Path, nursery: Nursery
    ) -> None:
        bad = tmp_path / "bad"
        bad.write_bytes(b"RIFF, and then nothing of the kind")
        expected = samples(recording, nursery)

        with pytest.raises(UndecodableRecording):
            samples(bad, nursery)

        assert samples(recording, nursery) == expected


class TestDeathInTheFamily:
    def test_a_nursery_that_died_between_two_recordings_is_replaced(
        self, recording: Path, nursery: Nursery
    ) -> None:
        expected = samples(recording, nursery)
        [process] = nurseries()
        process.kill()
        assert all_over([process])

        assert samples(recording, nursery) == expected

    def test_a_nursery_that_dies_takes_its_decoder_along_and_is_not_the_recordings_fault(
        self, recording: Path
    ) -> None:
        with closing(fake_decoder(ENDLESS)) as nursery, decoding(recording, LIMITS, nursery) as decoded:
            family = nurseries() + decoders()
            family[0].kill()

            with pytest.raises(DecoderUnavailable):
                list(decoded.blocks())

            assert len(family) == 2
            assert all_over(family)

    def test_one_whose_decoder_finished_without_it_is_replaced(
        self, recording: Path, nursery: Nursery
    ) -> None:
        with decoding(recording, LIMITS, nursery) as decoded:
            list(decoded.blocks())
            [process] = nurseries()
            process.kill()
            assert all_over([process])

        assert nurseries() == []

    @pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGXCPU])
    def test_a_decoder_that_died_of_its_recording_is_the_last_of_its_nursery(
        self, number: signal.Signals, recording: Path
    ) -> None:
        """Their memory is laid out alike: what crashes one must not learn from it for the next try."""
        program = f"ready(); os.kill(os.getpid(), {number:d})"
        with closing(fake_decoder(program)) as nursery:
            with pytest.raises((UndecodableRecording, DecoderLimitExceeded)):
                samples(recording, nursery)

            assert nurseries() == []

    def test_a_worker_that_is_killed_leaves_nothing_of_it_behind(self, recording: Path) -> None:
        command = [sys.executable, "-c", WORKER, str(recording), ENDLESS]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as worker:
            assert worker.stdout is not None
            family = [psutil.Process(int(pid)) for pid in worker.stdout.readline().split()]
            worker.kill()

        assert len(family) == 2
        assert all_over(family)


WORKER = """
import sys
from pathlib import Path

import psutil
from tests.integration.preparation.fake_decoders import fake_decoder
from workers.preparation.decoder.decoding import decoding
from workers.preparation.decoder.limits import DecoderLimits

with decoding(Path(sys.argv[1]), DecoderLimits(), fake_decoder(sys.argv[2])):
    print(*(each.pid for each in psutil.Process().children(recursive=True)), flush=True)
    sys.stdin.read()
"""
