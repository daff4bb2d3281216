"""/v1/models"""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.dependencies import ProcessResources, authenticate
from api.models import service
from api.models.schemas import ModelList
from api.responses import problems_of

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(authenticate)])


@router.get("", responses=problems_of())
def list_models(resources: ProcessResources) -> ModelList:
    """Which speech models jobs may ask for."""
    return ModelList(data=service.served(resources.settings.models))
