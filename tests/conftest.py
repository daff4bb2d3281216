"""What every test may use."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import trustme

from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack
from tests.receiver import NAME, Receiver

# Whoever runs the tests in the background has Ctrl-C ignored, and all that they start would ignore it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's affair, and how busy it is.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    """Postgres, Valkey and SeaweedFS, new and empty, or the user's own where the environment names them."""
    state_dir = tmp_path_factory.mktemp("callscribe")
    with EmbeddedStack(EmbeddedSettings(state_dir=state_dir)) as stack:
        yield stack


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who vouches for the receivers of the tests."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def receiver(authority: trustme.CA) -> Iterator[Receiver]:
    """A server of somebody else's, with a certificate."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(NAME, "localhost", "127.0.0.1", "::1").configure_cert(tls)
    with Receiver(tls) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def environment(stack: EmbeddedStack) -> dict[str, str]:
    """The settings by which every process finds those servers."""
    return stack.environment
