"""Files that are made to do harm, handed in beside good calls."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Job, JobState
from tests.acceptance.waiting import acknowledged, all_ended, until
from tests.integration.preparation.hostile.corpus import CORPUS
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.standing import missing_walls

FILES: Final = {
    "ffconcat of a local file": "audio_unsupported_format",
    "a gzip bomb": "audio_unsupported_format",
    "WAV of 255 channels": "audio_too_many_channels",
    "WAV at 4294967295 Hz": "audio_undecodable",
    "MP4 with 4 billion times": "decoder_limit_exceeded",
    "MP4 of 1,000,000 empty atoms": "audio_undecodable",
    "Matroska that unpacks to 64 MiB": "audio_empty",
    "Ogg of 1,000 recordings at once": "decoder_limit_exceeded",
    "a day of silence in FLAC that says so": "audio_too_long",
    "a day of silence in FLAC, 160 kB": "audio_too_long",
    "floats of 64 bits that are no numbers": None,
    "MP4 of 100,000 fragments": None,
}
"""A few of the corpus, and the error that its caller gets; None where it completes."""


class TestHostileAudio:
    def test_hostile_recordings_fail_by_name_and_calls_complete(
        self, client: Client, sessions: SessionFactory, short_call: Path, tmp_path: Path
    ) -> None:
        calls, hostile = [], {}
        for name in FILES:
            path = tmp_path / "call.wav"
            path.write_bytes(CORPUS[name]())
            hostile[acknowledged(client, path)] = name
            calls.append(acknowledged(client, short_call))

        until(all_ended(sessions, [*hostile, *calls]))

        with sessions.begin() as session:
            ended = {job.id: job for job in session.scalars(select(Job))}
        assert {name: ended[job].error_code for job, name in hostile.items()} == FILES
        assert {ended[job].state for job in calls} == {JobState.COMPLETED}
        assert {ended[job].crash_count for job in [*hostile, *calls]} == {0}

    def test_readyz_tells_what_this_machine_does_not_allow(self, system: System) -> None:
        missing = missing_walls(DecoderLimits(), Nursery())
        assert missing is not None
        expected = {"workers": 1, "missing_walls": sorted(missing)}

        def is_told() -> bool:
            answer = httpx.get(f"{system.api_url}/readyz", trust_env=False)
            return answer.is_success and answer.json()["decoders"] == expected

        until(is_told)
