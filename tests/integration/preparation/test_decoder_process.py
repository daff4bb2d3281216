from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.errors import (
    DecoderLimitExceeded,
    DecoderUnavailable,
    RecordingTooLong,
    ServiceError,
    TooManyChannels,
    UndecodableRecording,
)
from tests.integration.preparation.fake_decoders import fake_decoder
from tests.integration.preparation.family import is_over
from workers.preparation.decoder.decoding import decoding
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery

IMPATIENT = DecoderLimits(stall_seconds=0.2)
LIMITS = DecoderLimits(audio_seconds=60)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "recording"
    path.write_bytes(b"what a fake decoder does not read")
    return path


def decoded(source: Path, program: str, limits: DecoderLimits = LIMITS) -> list[int]:
    """All samples that the fake decoder sends."""
    with closing(fake_decoder(program)) as nursery, decoding(source, limits, nursery) as recording:
        return np.concatenate(list(recording.blocks())).ravel().tolist()


def error_of(source: Path, program: str, limits: DecoderLimits = LIMITS) -> type[ServiceError]:
    with pytest.raises(ServiceError) as error:
        decoded(source, program, limits)
    return error.type


class TestDecoding:
    def test_hands_on_what_a_good_decoder_says(self, source: Path) -> None:
        program = "ready(); describe(); audio(b'\\1\\0\\2\\0'); audio(b'\\3\\0'); verdict()"

        assert decoded(source, program) == [1, 2, 3]

    def test_a_decoder_that_hangs_is_ended(self, source: Path) -> None:
        assert error_of(source, "ready(); signal.pause()", IMPATIENT) is DecoderLimitExceeded

    def test_a_decoder_that_hangs_halfway_is_ended(self, source: Path) -> None:
        program = "ready(); describe(); audio(b'\\1\\0'); signal.pause()"

        assert error_of(source, program, IMPATIENT) is DecoderLimitExceeded

    def test_a_decoder_that_closes_its_output_and_stays_is_ended(self, source: Path) -> None:
        assert error_of(source, "ready(); os.close(1); signal.pause()", IMPATIENT) is DecoderLimitExceeded

    def test_a_decoder_that_ignores_every_polite_signal_is_ended(self, source: Path, tmp_path: Path) -> None:
        program = f"""
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN)
open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
ready()
signal.pause()
"""
        error_of(source, program, IMPATIENT)

        assert is_over(int((tmp_path / "pid").read_text()))

    def test_its_children_end_with_it(self, source: Path, tmp_path: Path) -> None:
        program = f"""
if os.fork() == 0:
    os.close(1)
    open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
    os.close(0)
    signal.pause()
os.read(0, 1)
while not os.path.exists({str(tmp_path / "pid")!r}) or not open({str(tmp_path / "pid")!r}).read():
    pass
ready(); describe(); audio(b"\\1\\0"); verdict()
"""
        assert decoded(source, program) == [1]

        assert is_over(int((tmp_path / "pid").read_text()))

    @pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"])
    def test_a_crash_is_the_recordings_fault(self, name: str, source: Path) -> None:
        program = f"ready(); os.kill(os.getpid(), signal.{name})"

        assert error_of(source, program) is UndecodableRecording

    @pytest.mark.parametrize("name", ["SIGKILL", "SIGXCPU", "SIGXFSZ"])
    def test_what_the_kernel_ends_has_taken_too_much(self, name: str, source: Path) -> None:
        program = (
            f"signal.signal(signal.{name}, signal.SIG_DFL) if {name!r} != 'SIGKILL' else None;"
            f"ready(); describe(); os.kill(os.getpid(), signal.{name})"
        )

        assert error_of(source, program) is DecoderLimitExceeded

    def test_an_exit_without_a_verdict_is_the_recordings_fault(self, source: Path) -> None:
        assert error_of(source, "ready(); describe(); audio(b'\\1\\0'); sys.exit(0)") is UndecodableRecording

    @pytest.mark.parametrize("program", ["sys.exit(1)", "import nonsense", "say(3, b'')"])
    def test_what_goes_wrong_before_it_is_ready_is_our_fault(self, program: str, source: Path) -> None:
        assert error_of(source, program) is DecoderUnavailable

    def test_a_machine_too_slow_to_start_it_is_our_fault(self, source: Path) -> None:
        assert error_of(source, "signal.pause()", DecoderLimits(start_seconds=0.2)) is DecoderUnavailable

    def test_a_missing_program_is_our_fault(self, source: Path) -> None:
        with pytest.raises(DecoderUnavailable), decoding(source, LIMITS, Nursery(command=["/nowhere"])):
            pass

    def test_endless_audio_is_too_long(self, source: Path) -> None:
        program = "ready(); describe()\nwhile True: audio(bytes(2**18))"

        assert error_of(source, program) is RecordingTooLong

    @pytest.mark.parametrize(
        "program",
        [
            "ready(); say(2, b'{')",
            "ready(); say(2, b'[]')",
            "ready(); describe(channels='two')",
            "ready(); describe(channels=0); verdict()",
            "ready(); describe(channels=-1); verdict()",
            "ready(); describe(sample_rate=0); verdict()",
            "ready(); describe(sample_rate=2**31); verdict()",
            "ready(); audio(b'\\1\\0')",
            "ready(); describe(); audio(b'\\1')",
            "ready(); describe(); describe()",
            "ready(); describe(); verdict('no_such_error')",
            "ready(); describe(); verdict('lease_lost')",
            "ready(); describe(); say(4, b'null')",
            "ready(); describe(); os.write(1, b'\\3\\xff\\xff\\xff\\xff')",
        ],
    )
    def test_a_decoder_that_was_taken_over_is_not_believed(self, program: str, source: Path) -> None:
        assert error_of(source, program) is UndecodableRecording

    def test_more_channels_than_a_call_has_are_refused_at_once(self, source: Path) -> None:
        program = "ready(); describe(channels=7); signal.pause()"

        assert error_of(source, program) is TooManyChannels

    @pytest.mark.parametrize("container", ["ogg", "matroska", "mov", "flac"])
    def test_a_duration_that_is_written_down_is_refused_at_once(self, container: str, source: Path) -> None:
        program = f"ready(); describe(container={container!r}, expected_ms=61_000); signal.pause()"

        assert error_of(source, program) is RecordingTooLong

    def test_a_duration_that_is_a_guess_is_not_believed(self, source: Path) -> None:
        program = "ready(); describe(container='mp3', expected_ms=10**9); audio(b'\\1\\0'); verdict()"

        assert decoded(source, program) == [1]

    def test_gets_none_of_our_secrets(
        self, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", "postgresql://user:secret@host/name")
        path = tmp_path / "environment"
        program = f"""
json.dump(dict(os.environ), open({str(path)!r}, "w"))
ready(); describe(); audio(b"\\1\\0"); verdict()
"""
        decoded(source, program)

        assert set(json.loads(path.read_text())) <= {
            "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LC_CTYPE",
        }  # fmt: skip

    def test_holds_no_file_of_ours_and_none_of_its_nursery(self, source: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        program = f"""
held = os.listdir("/dev/fd")
open({str(tmp_path / "open")!r}, "w").write(" ".join(held))
ready(); describe(); audio(b"\\1\\0"); verdict()
"""
        with secret.open("w"):
            decoded(source, program)

        # The last is the one that was opened to look.
        assert (tmp_path / "open").read_text().split() == ["0", "1", "2", "3"]
