"""The real API over a real connection, and what workers would do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from pydantic import SecretStr

from api.app import create_app
from api.server import ApiServer
from api.settings import ApiSettings
from client import Access, Client
from core.database import SessionFactory
from tests.integration.batches.conftest import process
from tests.integration.cli.owners import issue_key
from tests.integration.cli.stand_in import Crew
from workers.process import Process

__all__ = ["process"]


@pytest.fixture(scope="module")
def address(database_url: SecretStr, environment: dict[str, str]) -> Iterator[str]:
    """Where an API of its own answers."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("CALLSCRIBE_MODELS", '["scripted", "whisper-base"]')
        patch.setenv("CALLSCRIBE_UPLOAD_PART_BYTES", str(5 * 1024 * 1024))
        app = create_app(ApiSettings())
    listener = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5), app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def key(sessions: SessionFactory) -> str:
    return issue_key(sessions, "tests")


@pytest.fixture
def client(address: str, key: str) -> Iterator[Client]:
    with Client(Access(address, key)) as client:
        yield client


@pytest.fixture
def crew(client: Client, process: Process) -> Crew:
    return Crew(client, process)
