"""/healthz and /readyz, for whoever runs this; no key is asked for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response

from api import problems
from api.dependencies import ProcessResources
from api.health import service
from api.health.schemas import Health, Readiness
from api.responses import problem_at

router = APIRouter(tags=["health"])

NOT_READY: Final = "not_ready"


@router.get("/healthz")
async def is_alive() -> Health:
    """This process lives. It asks nobody else."""
    return Health()


@router.get(
    "/readyz",
    response_model=Readiness,
    responses=problem_at(HTTPStatus.SERVICE_UNAVAILABLE, f"`{NOT_READY}`: `errors` names what is away."),
)
async def is_ready(request: Request, resources: ProcessResources) -> Readiness | Response:
    """Database and storage answer, so requests can be served; and what decoders are confined by."""
    away = await service.away(resources)
    if not away:
        return Readiness(decoders=await service.decoders(resources))
    return problems.answer(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        code=NOT_READY,
        detail=f"Away: {', '.join(part.pointer.removeprefix('/') for part in away)}.",
        errors=away,
        headers={"Retry-After": "5"},
    )
