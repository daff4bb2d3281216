"""/docs: Swagger UI from this server alone: nothing of it may come from elsewhere, or go there."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

from core.errors import NotFound

router = APIRouter(prefix="/docs", include_in_schema=False)

OWN: Final = Path(__file__).parent
SWAGGER_UI: Final = Path(str(files("fastapi_swagger.resources")))
"""Of that package only these files are used: they are Swagger UI's own, unchanged."""
FILES: Final = {"begin.js": OWN} | dict.fromkeys(
    ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"), SWAGGER_UI
)
"""What the page asks for, and where it lies."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pictures in Swagger UI's style sheet are `data:`."""
FRESH: Final = {"Cache-Control": "no-cache"}


@router.get("")
def read_page() -> FileResponse:
    return FileResponse(OWN / "page.html", headers=FRESH | {"Content-Security-Policy": POLICY})


@router.get("/{name}")
def read_file(name: str) -> FileResponse:
    if name not in FILES:
        raise NotFound
    return FileResponse(FILES[name] / name, headers=FRESH)
