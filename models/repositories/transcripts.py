"""SQL on transcripts."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from models.transcript import Transcript


class TranscriptRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, transcript: Transcript) -> None:
        """A second transcript for a job breaks the primary key: that would be a lost fence."""
        self.session.add(transcript)
        self.session.flush()

    def find(self, job_id: uuid.UUID) -> Transcript | None:
        return self.session.get(Transcript, job_id)
