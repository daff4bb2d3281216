"""How a recording is to be transcribed, as callers say it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from models.chinese_script import ChineseScript
from models.states import Lane
from submission.fields import Flag, Metadata, Moment, Roles, Text


class JobOptions(BaseModel):
    """How a recording is to be transcribed. What is not listed here is refused, never ignored."""

    # Its fields' docstrings are the API's documentation.
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    model: Text | None = None
    """One of `GET /v1/models`; the server's default if left out."""
    language: Text | None = None
    """What is spoken, as one of the model's codes; left out, the model finds out."""
    script: ChineseScript = ChineseScript.AS_IS
    """Chinese in simplified (`hans`) or traditional (`hant`) characters, or as the engine writes it."""
    lane: Lane = Lane.LIVE
    """`live` is worked on before all `bulk`."""
    roles: Roles = Field(default_factory=dict)
    """Who speaks on which channel: `["agent", "customer"]` or `{"1": "agent"}`; names are `[a-z_]{1,32}`."""
    metadata: Metadata = Field(default_factory=dict)
    """The caller's own JSON object of at most 16 kB, handed back with the job."""
    expires_at: Moment | None = None
    """Deadline as in RFC 3339, at most a year ahead: a job that is not over by then ends `expired`."""
    reuse: Flag = False
    """Take over the transcript of one's own job of the same bytes, model, language, script and roles."""
    webhook_url: Text | None = Field(default=None, max_length=2_048)
    """Where to be told of this job's end, beside the webhooks that hear of every job."""
