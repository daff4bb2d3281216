"""A decoder that waits for its recording."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import DecoderUnavailable, UndecodableRecording
from tests.unit.preparation.recordings import Format, tone, write
from workers.preparation.decoding import decoding
from workers.preparation.limits import DecoderLimits
from workers.preparation.spare_decoder import SpareDecoder

LIMITS = DecoderLimits()
PATIENCE_S = 10.0
"""Until a process is seen to have ended."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(tmp_path / "recording", Format("wav", "wav", "pcm_s16le"), tone(seconds=1.0))


@contextmanager
def spare_decoder() -> Iterator[SpareDecoder]:
    spare = SpareDecoder(LIMITS)
    try:
        yield spare
    finally:
        spare.close()


def decoders() -> list[psutil.Process]:
    """Those of this process; other tests have their servers running."""
    return [
        each
        for each in psutil.Process().children()
        if each.status() != psutil.STATUS_ZOMBIE and "workers.preparation.decoder" in each.cmdline()
    ]


def samples(source: Path, spare: SpareDecoder | None = None) -> list[int]:
    with decoding(source, LIMITS, spare=spare) as recording:
        return np.concatenate(list(recording.blocks())).ravel().tolist()


class TestSpareDecoder:
    def test_hears_what_a_fresh_one_hears(self, recording: Path) -> None:
        with spare_decoder() as spare:
            spare.get_ready()

            assert samples(recording, spare) == samples(recording)

    def test_serves_one_recording_after_the_other_each_with_a_process_of_its_own(
        self, recording: Path
    ) -> None:
        seen: set[int] = set()
        with spare_decoder() as spare:
            for _ in range(2):
                spare.get_ready()
                with decoding(recording, LIMITS, spare=spare):
                    seen.update(process.pid for process in decoders())

        assert len(seen) == 2

    def test_is_started_on_the_spot_where_none_waits(self, recording: Path) -> None:
        with spare_decoder() as spare:
            assert len(samples(recording, spare)) == len(samples(recording))

    def test_one_that_died_while_it_waited_is_replaced(self, recording: Path) -> None:
        with spare_decoder() as spare:
            spare.get_ready()
            [waiting] = decoders()
            waiting.kill()
            psutil.wait_procs([waiting], timeout=PATIENCE_S)

            assert len(samples(recording, spare)) == len(samples(recording))

    def test_a_bad_recording_is_as_bad_as_with_a_fresh_one(self, tmp_path: Path) -> None:
        path = tmp_path / "recording"
        path.write_bytes(b"RIFF, and then nothing of the kind")

        with spare_decoder() as spare:
            spare.get_ready()
            with pytest.raises(UndecodableRecording):
                samples(path, spare)

    def test_none_is_left_when_it_is_closed(self) -> None:
        with spare_decoder() as spare:
            spare.get_ready()
            [waiting] = decoders()

        assert not waiting.is_running()

    def test_one_whose_owner_is_killed_ends_by_itself(self) -> None:
        owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
        with owner:
            assert owner.stdout is not None
            waiting = psutil.Process(int(owner.stdout.readline()))
            owner.kill()

        _, alive = psutil.wait_procs([waiting], timeout=PATIENCE_S)
        assert not alive

    def test_a_machine_that_cannot_start_one_is_to_blame(self, recording: Path) -> None:
        spare = SpareDecoder(LIMITS, command=["/nowhere/decoder"])

        spare.get_ready()

        with pytest.raises(DecoderUnavailable), spare.running(recording):
            pass


OWNER = """
import psutil
from workers.preparation.limits import DecoderLimits
from workers.preparation.spare_decoder import SpareDecoder

spare = SpareDecoder(DecoderLimits())
spare.get_ready()
print(psutil.Process().children()[0].pid, flush=True)
input()
"""
