from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from cli.answers import Job
from cli.following import LOOK_EVERY, PATIENCE, follow
from core.errors import NotFound, ServerUnreachable, ServiceError
from tests.unit.cli.scripted_api import COMPLETED, JOB_ID, job

JOB = uuid.UUID(JOB_ID)


class Looks:
    """What is seen of a job, look by look."""

    def __init__(self, looks: Sequence[Job | ServiceError]) -> None:
        self.looks = list(looks)
        self.pauses: list[float] = []

    def job(self, job_id: uuid.UUID, *, wait: float = 0) -> Job:
        look = self.looks.pop(0)
        if isinstance(look, ServiceError):
            raise look
        return look

    def seen(self) -> list[str]:
        return [job.status for job in follow(self, JOB, pause=self.pauses.append)]


def standing(**changes: object) -> Job:
    return Job.model_validate(job(**changes))


class TestFollow:
    def test_tells_of_every_look_until_the_job_has_ended(self) -> None:
        looks = Looks([standing(), standing(status="processing"), standing(**COMPLETED)])

        assert looks.seen() == ["queued", "processing", "completed"]

    @pytest.mark.parametrize("status", ["completed", "failed", "canceled", "expired"])
    def test_ends_however_the_job_ends(self, status: str) -> None:
        assert Looks([standing(status=status)]).seen() == [status]

    def test_rides_out_a_server_that_is_restarted(self) -> None:
        looks = Looks(
            [*[ServerUnreachable()] * PATIENCE, standing(), ServerUnreachable(), standing(**COMPLETED)]
        )

        assert looks.seen() == ["queued", "completed"]
        assert looks.pauses == [LOOK_EVERY] * (PATIENCE + 1)

    def test_gives_up_on_a_server_that_stays_away(self) -> None:
        with pytest.raises(ServerUnreachable):
            Looks([ServerUnreachable()] * (PATIENCE + 1)).seen()

    def test_gives_up_at_once_on_what_cannot_change(self) -> None:
        with pytest.raises(NotFound):
            Looks([NotFound()]).seen()
