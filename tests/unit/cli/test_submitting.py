from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.answers import Job
from cli.client import OnSent, SubmitOptions, ignore
from cli.submitting import PAUSES, submit_once
from core.errors import (
    EmptyRecording,
    Gone,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    ServerUnreachable,
    ServiceError,
    StorageUnavailable,
)
from tests.unit.cli.scripted_api import job

RECORDING = Path("call.wav")
ACCEPTED = Job.model_validate(job())


class Desk:
    """Answers each try with the next of these."""

    def __init__(self, answers: Sequence[Job | ServiceError]) -> None:
        self.answers = list(answers)
        self.keys: list[str | None] = []
        self.pauses: list[float] = []
        self.failures: list[ServiceError] = []

    def submit(
        self, recording: Path, options: SubmitOptions, *, key: str | None = None, on_sent: OnSent = ignore
    ) -> Job:
        self.keys.append(key)
        answer = self.answers.pop(0)
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    def accept(self) -> Job:
        return submit_once(
            self, RECORDING, SubmitOptions(), on_retry=self.failures.append, pause=self.pauses.append
        )


class TestSubmitOnce:
    def test_names_each_recording_with_a_key_of_its_own(self) -> None:
        desk = Desk([ACCEPTED, ACCEPTED])

        desk.accept()
        desk.accept()

        assert None not in desk.keys
        assert len(set(desk.keys)) == 2

    def test_sends_again_under_the_same_key_while_the_server_fails(self) -> None:
        failures = [ServerUnreachable(), IdempotencyInFlight(), StorageUnavailable()]
        desk = Desk([*failures, ACCEPTED])

        accepted = desk.accept()

        assert accepted == ACCEPTED
        assert len(set(desk.keys)) == 1
        assert (desk.failures, desk.pauses) == (failures, list(PAUSES[:3]))

    def test_gives_up_on_a_server_that_goes_on_failing(self) -> None:
        desk = Desk([ServerUnreachable()] * (len(PAUSES) + 1))

        with pytest.raises(ServerUnreachable):
            desk.accept()

        assert desk.pauses == list(PAUSES)

    @pytest.mark.parametrize("refusal", [EmptyRecording(), IdempotencyKeyReused(), Gone()])
    def test_does_not_repeat_what_is_refused(self, refusal: ServiceError) -> None:
        desk = Desk([refusal])

        with pytest.raises(type(refusal)):
            desk.accept()

        assert desk.pauses == []
