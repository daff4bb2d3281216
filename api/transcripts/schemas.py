"""What can be asked of a transcript. Its own shape is in models/transcript_content.py."""

from __future__ import annotations

from pydantic import ConfigDict

from api.jobs.schemas import Described
from models.transcript_forms import TranscriptForm


class TranscriptQuery(Described):
    model_config = ConfigDict(extra="forbid")

    format: TranscriptForm = TranscriptForm.JSON
    """`text` is the dialogue, `srt` and `vtt` are captions; `json` has everything."""
