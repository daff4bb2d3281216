"""How pg_dump and pg_restore are told where to connect."""

from __future__ import annotations

from pydantic import SecretStr

from backups.programs import connection_parameters


def parameters_of(url: str) -> tuple[dict[str, str], str]:
    parameters = connection_parameters(SecretStr(url))
    return dict(parameters.environment), parameters.rest


class TestConnection:
    def test_is_the_one_of_our_own_processes_tls_and_all(self) -> None:
        environment, _ = parameters_of(
            "postgresql://calls:p%40ss%27%20word@db.example:6432/live"
            "?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=/etc/me.pem&sslkey=/etc/me.key"
            "&options=-c%20search_path%3Dpublic&target_session_attrs=read-write"
        )

        assert environment == {
            "PGHOST": "db.example",
            "PGPORT": "6432",
            "PGDATABASE": "live",
            "PGUSER": "calls",
            "PGPASSWORD": "p@ss' word",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "/etc/ca.pem",
            "PGSSLCERT": "/etc/me.pem",
            "PGSSLKEY": "/etc/me.key",
            "PGOPTIONS": "-c search_path=public",
            "PGTARGETSESSIONATTRS": "read-write",
        }

    def test_says_on_the_command_line_what_no_variable_is_for_but_no_secret(self) -> None:
        _, rest = parameters_of(
            "postgresql://calls:hush@db.example/live?keepalives_idle=10&sslpassword=hush&tcp_user_timeout=5"
        )

        assert "keepalives_idle='10'" in rest
        assert "tcp_user_timeout='5'" in rest
        assert "hush" not in rest
