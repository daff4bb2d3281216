"""The OpenAPI document, with the schemas that routes only name since they read their bodies by themselves."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api.audio.errors import OpenAiProblem
from api.audio.options import TranscriptionRequest
from api.batches.schemas import BatchCreate, ItemsAdd
from api.jobs.schemas import JobCreate, JobForm
from api.problems import Problem
from api.uploads.schemas import UploadComplete, UploadCreate
from api.webhooks.schemas import ReplayRequest, WebhookCreate, WebhookUpdate
from submission.batches.item import ItemRequest

NAMED = (
    JobForm,
    JobCreate,
    BatchCreate,
    ItemsAdd,
    ItemRequest,
    TranscriptionRequest,
    UploadCreate,
    UploadComplete,
    WebhookCreate,
    WebhookUpdate,
    ReplayRequest,
    Problem,
    OpenAiProblem,
)


class DescribedApp(FastAPI):
    def openapi(self) -> dict[str, object]:
        if self.openapi_schema is None:
            _, named = models_json_schema(
                [(kind, "validation") for kind in NAMED], ref_template="#/components/schemas/{model}"
            )
            super().openapi()["components"]["schemas"].update(named["$defs"])
        return super().openapi()
