"""Error families and their statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from api.errors import status_of
from core import errors
from core.errors import ServiceError


def kinds(parent: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from kinds(child)


class TestStatuses:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (errors.MalformedBody, 400),
            (errors.ApiKeyExpired, 401),
            (errors.NotFound, 404),
            (errors.TranscriptNotReady, 409),
            (errors.UploadIncomplete, 409),
            (errors.Gone, 410),
            (errors.PayloadTooLarge, 413),
            (errors.UnsupportedMediaType, 415),
            (errors.UnknownModel, 422),
            (errors.EmptyRecording, 422),
            (errors.DatabaseUnavailable, 503),
            (errors.WorkerLost, 500),
            (errors.LeaseLost, 500),
        ],
    )
    def test_the_nearest_family_decides(self, kind: type[ServiceError], status: int) -> None:
        assert status_of(kind) == status

    def test_no_two_errors_share_a_code(self) -> None:
        counts = Counter(kind.code for kind in kinds())

        assert [code for code, count in counts.items() if count > 1] == []
