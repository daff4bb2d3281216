"""/v1/models"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.dependencies import ProcessResources, authenticate
from api.models import service
from api.models.schemas import ModelList, ModelRead
from api.responses import problems_of
from core.errors import NotFound

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(authenticate)])


@router.get("", responses=problems_of())
def list_models(resources: ProcessResources) -> ModelList:
    """Which speech models jobs may ask for."""
    return ModelList(data=service.served(resources.settings.models))


@router.get("/{name}", responses=problems_of(NotFound))
def read_model(name: str, resources: ProcessResources) -> ModelRead:
    """One of them."""
    return service.named(name, resources.settings.models)
