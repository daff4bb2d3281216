from __future__ import annotations

from datetime import UTC, datetime

from client import SubmitOptions


class TestOptions:
    def test_what_is_not_given_is_not_sent(self) -> None:
        assert SubmitOptions().form() == SubmitOptions().body() == {}

    def test_are_text_in_a_form_and_values_in_json(self) -> None:
        options = SubmitOptions(
            roles="agent,customer",
            metadata={"queue": "退款", "rank": 1},
            expires_at=datetime(2026, 11, 22, tzinfo=UTC),
            reuse=True,
        )

        assert options.body() == {
            "roles": ["agent", "customer"],
            "metadata": {"queue": "退款", "rank": 1},
            "expires_at": "2026-11-22T00:00:00+00:00",
            "reuse": True,
        }
        assert options.form() == {
            "roles": "agent,customer",
            "metadata": '{"queue": "\\u9000\\u6b3e", "rank": 1}',
            "expires_at": "2026-11-22T00:00:00+00:00",
            "reuse": "true",
        }

    def test_roles_may_be_given_by_channel(self) -> None:
        options = SubmitOptions(roles={"1": "customer"})

        assert options.body() == {"roles": {"1": "customer"}}
        assert options.form() == {"roles": '{"1": "customer"}'}
