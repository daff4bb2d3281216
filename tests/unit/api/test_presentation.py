"""Rows of a job as callers see them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from api.jobs.presentation import present, progress, timings
from core.errors import StorageUnavailable, UndecodableRecording
from models.channel import Channel
from models.channel_finding import ChannelFinding
from models.chinese_script import ChineseScript
from models.job import Job
from models.recording import Recording
from models.states import JobStage, JobState, Lane

FAINT: ChannelFinding = {"code": "low_level", "severity": "info", "message": "Faint.", "measures": {}}
SAME: ChannelFinding = {"code": "dual_mono", "severity": "warning", "message": "Same.", "measures": {}}
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def job(state: JobState = JobState.QUEUED, stage: JobStage | None = None, **columns: object) -> Job:
    values: dict[str, object] = {
        "id": uuid.UUID(int=1),
        "state": state,
        "stage": stage,
        "model": "scripted",
        "script": ChineseScript.AS_IS,
        "lane": Lane.LIVE,
        "roles": {},
        "may_reuse": False,
        "details": {},
        "created_at": START,
        "crash_count": 0,
        "retry_count": 0,
        "chunks_total": 0,
        "chunks_done": 0,
    }
    return Job(**values | columns)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class TestProgress:
    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            (job(), 0.0),
            (job(JobState.PROCESSING, JobStage.PREPARING), 0.01),
            (job(JobState.PROCESSING, JobStage.TRANSCRIBING, chunks_total=4, chunks_done=0), 0.01),
            (job(JobState.PROCESSING, JobStage.TRANSCRIBING, chunks_total=4, chunks_done=3), 0.75),
            (job(JobState.PROCESSING, JobStage.FINISHING, chunks_total=4, chunks_done=4), 0.99),
            (job(JobState.PROCESSING, JobStage.FINISHING), 0.99),
            (job(JobState.COMPLETED), 1.0),
            (job(JobState.CANCELED, chunks_total=4, chunks_done=4), 0.99),
        ],
    )
    def test_follows_the_chunks_and_is_whole_only_with_the_transcript(
        self, row: Job, expected: float
    ) -> None:
        assert progress(row) == expected


class TestTimings:
    def test_are_the_gaps_between_the_rows_times_in_milliseconds(self) -> None:
        row = job(
            started_at=at(0.05),
            prepared_at=at(1),
            recognizing_at=at(3),
            transcribed_at=at(7),
            finished_at=at(7.25),
        )

        assert timings(row).model_dump() == {
            "queued": 50,
            "preparing": 950,
            "waiting": 2000,
            "transcribing": 4000,
            "finishing": 250,
            "total": 7250,
        }

    def test_are_null_for_stages_that_are_not_over_or_never_were(self) -> None:
        silent = job(started_at=at(1), prepared_at=at(2), transcribed_at=at(2))

        assert timings(silent).model_dump(exclude_none=True) == {"queued": 1000, "preparing": 1000}


class TestPresentation:
    def test_attempt_counts_crashes_and_retries_from_one(self) -> None:
        assert present(job(), Recording(size_bytes=1)).attempt == 1
        assert present(job(crash_count=1, retry_count=2), Recording(size_bytes=1)).attempt == 4

    def test_each_channel_has_the_role_that_it_was_given(self) -> None:
        row = job(roles={"1": "customer"})

        shown = present(row, Recording(size_bytes=1, channel_count=2))

        assert [(channel.index, channel.role) for channel in shown.channels] == [(0, None), (1, "customer")]

    def test_each_channel_has_what_was_found_about_it(self) -> None:
        rows = [Channel(index=index, findings=[each]) for index, each in enumerate([FAINT, SAME])]

        shown = present(job(roles={"0": "agent", "1": "customer"}), Recording(size_bytes=1), rows)

        assert [channel.findings for channel in shown.channels] == [[FAINT], [SAME]]
        assert [channel.role for channel in shown.channels] == ["agent", None]

    def test_findings_are_null_where_nothing_was_looked_at(self) -> None:
        shown = present(job(), Recording(size_bytes=1, channel_count=1))

        assert [channel.findings for channel in shown.channels] == [None]

    @pytest.mark.parametrize(
        ("code", "retryable"), [(StorageUnavailable.code, True), (UndecodableRecording.code, False)]
    )
    def test_a_failure_says_whether_trying_again_may_help(self, code: str, retryable: bool) -> None:
        row = job(JobState.FAILED, error_code=code, error_message="Why.")

        error = present(row, Recording(size_bytes=1)).error

        assert error is not None
        assert (error.code, error.message, error.retryable) == (code, "Why.", retryable)
