"""Requests to one server: sent, sent again where that does no harm, and their refusals raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import httpx
from pydantic import JsonValue, ValidationError

from client.access import Access
from client.answers import Answer
from client.patience import Patience
from client.refusals import error_in
from core.errors import IdempotencyInFlight, PermanentError, ServerUnreachable, ServiceError, TransientError

ANSWER_WITHIN: Final = 60.0
"""Seconds, beyond what a request says that it waits. The server stores a recording before it answers."""
CONNECT_WITHIN: Final = 5.0
LOOPBACK: Final = ("all://localhost", "all://127.0.0.1", "all://[::1]")

Known = TypeVar("Known", bound=Answer)
Query: TypeAlias = Mapping[str, str | Sequence[str]]
Body: TypeAlias = Mapping[str, JsonValue]
OnRetry: TypeAlias = Callable[[ServiceError], None]
NOTHING: Final[Query] = {}


def ignore(_: object) -> None:
    """For those who do not want to hear of it."""


@dataclass(frozen=True, slots=True)
class _Failure:
    error: TransientError | IdempotencyInFlight
    retry_after: str | None


class Transport:
    """Every method raises the `ServiceError` that the server raised, or `ServerUnreachable`."""

    def __init__(
        self, access: Access, patience: Patience, network: httpx.BaseTransport | None = None
    ) -> None:
        self.patience = patience
        self._url = access.api_url
        self.http = http_client(
            access.api_url, headers={"Authorization": f"Bearer {access.api_key}"}, network=network
        )

    def close(self) -> None:
        self.http.close()

    def get(self, kind: type[Known], path: str, query: Query = NOTHING, *, wait: float = 0) -> Known:
        return self.known(kind, self.fetch(path, query, wait=wait).content)

    def fetch(self, path: str, query: Query = NOTHING, *, wait: float = 0) -> httpx.Response:
        timeout = httpx.Timeout(ANSWER_WITHIN + wait, connect=CONNECT_WITHIN)
        return self.answer(lambda: self.http.build_request("GET", path, params=query, timeout=timeout))

    def post(
        self, kind: type[Known], path: str, body: Body | None = None, *, key: str | None = None, repeat: bool
    ) -> Known:
        """`repeat` only what does no harm when it is done twice, by a key or by its nature."""
        headers = {} if key is None else {"Idempotency-Key": key}
        request = self.http.build_request("POST", path, json=body, headers=headers)
        return self.known(kind, self.answer(lambda: request, repeat=repeat).content)

    def delete(self, path: str) -> None:
        """Repeating it does no harm."""
        self.answer(lambda: self.http.build_request("DELETE", path))

    @contextmanager
    def stream(self, path: str, query: Query) -> Iterator[Iterator[bytes]]:
        """An answer piece by piece, of any length. Once it has begun it is not asked for again."""
        request = self.http.build_request("GET", path, params=query)
        answer = self.answer(lambda: request, stream=True)
        try:
            yield self._pieces(answer)
        finally:
            answer.close()

    def answer(
        self,
        build: Callable[[], httpx.Request],
        *,
        repeat: bool = True,
        stream: bool = False,
        on_retry: OnRetry = ignore,
    ) -> httpx.Response:
        """`build` makes the request anew for each try, as its body may have been read."""
        for pause in self.patience.pauses if repeat else ():
            answer = self._try(build(), stream=stream)
            if isinstance(answer, httpx.Response):
                return answer
            on_retry(answer.error)
            self.patience.pause(self.patience.before_next(pause, answer.retry_after))
        answer = self._try(build(), stream=stream)
        if isinstance(answer, _Failure):
            raise answer.error
        return answer

    def known(self, kind: type[Known], content: bytes) -> Known:
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            raise PermanentError(f"{self._url} does not answer as Callscribe does.") from error

    def _try(self, request: httpx.Request, *, stream: bool) -> httpx.Response | _Failure:
        try:
            answer = self.http.send(request, stream=stream)
            if answer.is_success:
                return answer
            answer.read()
        except httpx.TransportError as error:
            return _Failure(self._unreachable(error), None)
        refusal = error_in(answer)
        if isinstance(refusal, TransientError | IdempotencyInFlight):
            return _Failure(refusal, answer.headers.get("Retry-After"))
        raise refusal

    def _pieces(self, answer: httpx.Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_bytes()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.TransportError) -> ServerUnreachable:
        unreachable = ServerUnreachable(f"{self._url} does not answer.")
        unreachable.__cause__ = error
        return unreachable


def http_client(
    url: str = "", *, headers: Mapping[str, str] = {}, network: httpx.BaseTransport | None = None
) -> httpx.Client:
    return httpx.Client(
        base_url=url,
        headers=dict(headers),
        timeout=httpx.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN),
        # A proxy of the environment has no way to this machine's own loopback.
        mounts=dict.fromkeys(LOOPBACK) if network is None else None,
        transport=network,
    )
