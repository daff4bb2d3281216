"""The application: rooms, problems, request ids, and what lives as long as the process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from api import errors
from api.audio.routes import router as audio
from api.batches.routes import router as batches
from api.description import DescribedApp
from api.docs.routes import router as docs
from api.errors import LastResort
from api.events.routes import router as events
from api.health.routes import router as health
from api.jobs.routes import router as jobs
from api.limits.headers import RateHeaders
from api.models.routes import router as models
from api.request_ids import RequestIds
from api.resources import opened
from api.safe_headers import SafeHeaders
from api.settings import ApiSettings
from api.transcripts.routes import router as transcripts
from api.uploads.routes import router as uploads
from api.webhooks.routes import router as webhooks


def create_app(settings: ApiSettings) -> FastAPI:
    """Nothing is opened before the application is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = settings.api_threads
        with opened(settings) as resources:
            app.state.resources = resources
            yield

    app = DescribedApp(
        title="Callscribe",
        summary="Turns recordings of calls into transcripts.",
        version="1",
        lifespan=lifespan,
        # `api.docs` has a page of our own in their place: these load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    errors.register(app)
    # The last one added is the outermost.
    app.add_middleware(LastResort)
    app.add_middleware(RateHeaders)
    app.add_middleware(RequestIds)
    app.add_middleware(SafeHeaders)
    for router in (jobs, batches, transcripts, uploads, webhooks, events, audio, models, health, docs):
        app.include_router(router)
    return app
