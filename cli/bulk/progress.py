"""How far a submission has come, as its journal tells."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from cli.bulk.records import Added, Begun, Closed, Opened, Opening, Record, Uploaded


@dataclass(slots=True)
class Progress:
    digest: str | None = None
    key: str | None = None
    """Under which the present batch was asked for, or is to be."""
    batch_id: uuid.UUID | None = None
    is_closed: bool = False
    uploads: dict[str, Uploaded] = field(default_factory=dict)
    """Those that are in storage and in no batch yet, by `custom_id`."""
    added: set[str] = field(default_factory=set)
    """What this batch has."""
    refused: dict[str, str] = field(default_factory=dict)
    """What it was not to have, by `custom_id`, and why."""
    earlier: set[str] = field(default_factory=set)
    """What an earlier batch of the same submission has, or was not to have."""

    def is_settled(self, custom_id: str) -> bool:
        """It is not to be sent again."""
        return custom_id in self.added or custom_id in self.refused or custom_id in self.earlier

    def apply(self, record: Record) -> None:
        match record:
            case Begun(digest=digest):
                self.digest = digest
            case Opening(key=key):
                self.key, self.batch_id, self.is_closed = key, None, False
                self.earlier |= self.added | self.refused.keys()
                self.added, self.refused = set(), {}
            case Opened(batch_id=batch_id):
                self.batch_id = batch_id
            case Uploaded(custom_id=custom_id):
                self.uploads[custom_id] = record
            case Added(custom_ids=custom_ids, refused=refused):
                self.added.update(custom_ids)
                self.refused.update(refused)
                for custom_id in (*custom_ids, *refused):
                    self.uploads.pop(custom_id, None)
            case Closed():
                self.is_closed = True
