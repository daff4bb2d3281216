"""Which brokers may be named, and what becomes of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr, ValidationError

from core.broker import create_app
from core.broker_address import address_of
from core.errors import BrokerRefused
from core.settings import BrokerAccess, BrokerOptions

SENTINELS: Final = "sentinel://user:pass%2Fword@one:26379/2;sentinel://two:26379;sentinel://three"
NAMED: Final = BrokerOptions(master_name="main")
SECRET: Final = "swordfish"


def access(url: str, options: BrokerOptions | None = None) -> BrokerAccess:
    return BrokerAccess(broker_url=SecretStr(url), broker=options or BrokerOptions())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.pem"
    path.touch()
    return path


class TestUrl:
    @pytest.mark.parametrize(
        "url", ["redis://here", "redis://:secret@here:6379/0", "rediss://user:secret@here:6380/3"]
    )
    def test_one_server_stays_as_it_is(self, url: str) -> None:
        assert address_of(access(url)).url == url

    def test_every_sentinel_gets_the_account_and_the_number(self) -> None:
        assert address_of(access(SENTINELS, NAMED)).url.split(";") == [
            "sentinel://user:pass%2Fword@one:26379/2",
            "sentinel://user:pass%2Fword@two:26379/2",
            "sentinel://user:pass%2Fword@three/2",
        ]

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            (f"amqp://:{SECRET}@here", "begins with"),
            (f"redis+socket://:{SECRET}@here", "begins with"),
            (f"{SECRET}@here", "form"),
            (f"redis://:{SECRET}@", "form"),
            (f"redis://:{SECRET}/@here", "form"),
            (f"redis://:1/{SECRET}@here", "form"),
            (f"redis://:{SECRET}@here:port", "form"),
            (f"redis://:{SECRET}@here:6379/name", "form"),
            (f"rediss://:{SECRET}@here?ssl_cert_reqs=none", "BROKER__"),
            (f"redis+cluster://:{SECRET}@here:7000", "Cluster"),
            (f"rediss-cluster://:{SECRET}@here:7000", "Cluster"),
            (f"redis://:{SECRET}@here;redis://there", "several"),
            (f"sentinel://:{SECRET}@here;redis://there", "begins with"),
            (f"sentinel://here;sentinel://:{SECRET}@there", "first sentinel"),
        ],
    )
    def test_what_cannot_work_is_refused_without_repeating_it(self, url: str, reason: str) -> None:
        options = NAMED if "sentinel" in url else None

        with pytest.raises(BrokerRefused, match=reason) as refused:
            create_app(access(url, options))

        assert refused.value.code == "broker_refused"
        assert SECRET not in str(refused.value)


class TestTls:
    def test_is_verified_by_default(self) -> None:
        tls = address_of(access("rediss://here")).tls

        assert tls == {"ssl_cert_reqs": "required", "ssl_check_hostname": True}

    def test_takes_an_authority_and_a_certificate_of_its_own(self, file: Path) -> None:
        options = BrokerOptions(ca_file=file, certificate_file=file, key_file=file)

        tls = address_of(access("rediss://here", options)).tls

        assert tls is not None
        assert [tls[name] for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")] == [str(file)] * 3

    def test_is_not_there_unless_asked_for(self) -> None:
        assert address_of(access("redis://here")).tls is None

    @pytest.mark.parametrize("name", ["ca_file", "certificate_file", "key_file"])
    def test_certificates_that_nobody_would_look_at_are_refused(self, file: Path, name: str) -> None:
        options = BrokerOptions.model_validate({name: file})

        with pytest.raises(BrokerRefused, match="rediss://"):
            address_of(access("redis://here", options))

    def test_a_certificate_without_its_key_is_refused(self, file: Path) -> None:
        with pytest.raises(BrokerRefused, match="key"):
            address_of(access("rediss://here", BrokerOptions(certificate_file=file)))

    def test_a_file_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            BrokerOptions.model_validate({"ca_file": "/nowhere/ca.pem"})


class TestSentinel:
    def test_needs_the_name_of_the_master(self) -> None:
        with pytest.raises(BrokerRefused, match="CALLSCRIBE_BROKER__MASTER_NAME"):
            address_of(access("sentinel://here"))

    def test_is_the_only_one_that_takes_it(self) -> None:
        with pytest.raises(BrokerRefused, match="sentinel://"):
            address_of(access("redis://here", NAMED))

    def test_shows_nobody_the_sentinels_own_password(self) -> None:
        options = BrokerOptions(
            master_name="main", sentinel_username="me", sentinel_password=SecretStr(SECRET)
        )

        address = address_of(access("sentinel://here", options))

        kept = address.transport_options["sentinel_kwargs"]
        assert isinstance(kept, dict)
        assert kept["credential_provider"].get_credentials() == ("me", SECRET)
        assert SECRET not in f"{address} {kept['credential_provider'].__json__()}"
