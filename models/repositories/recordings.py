"""SQL on recordings and their channels."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.channel import Channel
from models.recording import Recording


class RecordingRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, recording: Recording) -> Recording:
        self.session.add(recording)
        self.session.flush()
        return recording

    def get(self, recording_id: uuid.UUID) -> Recording:
        return self.session.get_one(Recording, recording_id)

    def is_stored(self, recording: Recording) -> bool:
        """Whether the transaction that added it was committed, after the answer to its COMMIT was lost.

        That transaction may still be at it: only another insert of the same row waits for its end.
        Raises `DatabaseUnavailable` where that takes too long.
        """
        columns = {"id": recording.id, "owner_id": recording.owner_id, "object_key": "", "size_bytes": 0}
        attempt = self.session.begin_nested()
        added = self.session.execute(
            insert(Recording).values(columns).on_conflict_do_nothing().returning(Recording.id)
        ).scalar()
        attempt.rollback()
        return added is None

    def by_id(self, recording_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Recording]:
        """For pages of jobs: one query, whatever their number."""
        query = select(Recording).where(Recording.id.in_(list(recording_ids)))
        return {recording.id: recording for recording in self.session.scalars(query)}

    def add_channels(self, channels: Iterable[Channel]) -> None:
        self.session.add_all(channels)

    def channels_by_job(self, job_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Channel]]:
        """For pages of jobs; a job that is not prepared has none."""
        query = select(Channel).where(Channel.job_id.in_(list(job_ids))).order_by(Channel.index)
        channels: dict[uuid.UUID, list[Channel]] = {}
        for channel in self.session.scalars(query):
            channels.setdefault(channel.job_id, []).append(channel)
        return channels

    def channels_of(self, job_id: uuid.UUID) -> Sequence[Channel]:
        query = select(Channel).where(Channel.job_id == job_id).order_by(Channel.index)
        return self.session.scalars(query).all()
