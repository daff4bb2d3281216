"""callscribe api"""

from __future__ import annotations

from typing import Annotated

import typer

from api.server import serve


def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 if left out.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8080 if left out.")] = None,
) -> None:
    """Serve the HTTP API."""
    serve(host, port)
