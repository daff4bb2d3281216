"""Callers who hand over recordings all the time, and note what they are promised."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import httpx

from chaos.ledger import Ledger, Promise
from chaos.recordings import KnownRecording

ACKNOWLEDGED: Final = 202
WORTH_REPEATING: Final = (409, 429, 500, 503)
"""In flight already, or too much, or something is away. 500 is a bug, but loses nothing."""
LIVE_SHARE: Final = 0.2
REUSE_SHARE: Final = 0.6
"""Of those who would be content with an earlier transcript of the same bytes."""
CANCEL_SHARE: Final = 0.03
ERASE_SHARE: Final = 0.03
DEADLINE_SHARE: Final = 0.03
DEADLINE: Final = timedelta(seconds=5)
PATIENCE: Final = httpx.Timeout(20.0, connect=5.0)
ERASING_S: Final = 180.0
"""As long as faults last, and then some."""
PAUSE_S: Final = 0.2
"""After a refusal, and while the system has enough to do."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who submits, and how much may be under way at once."""

    api_url: str
    keys: Sequence[str]
    """Of the owners; the first ones submit more than the last ones."""
    callers: int = 6
    most_under_way: int = 150


class Load:
    """Runs from entering to leaving the context. Every caller repeats what was not acknowledged."""

    def __init__(
        self,
        crowd: Crowd,
        ledger: Ledger,
        recordings: Mapping[str, KnownRecording],
        *,
        seed: int,
        under_way: Callable[[], int],
    ) -> None:
        self.promised_twice: list[uuid.UUID] = []
        self.rejected = 0
        """Submissions that were refused for good, although nothing was wrong with them."""
        self._crowd = crowd
        self._ledger = ledger
        self._recordings = list(recordings.values())
        self._under_way = under_way
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, args=(f"{seed} {number}",), name=f"caller {number}")
            for number in range(crowd.callers)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, seed: str) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        weights = [1 / rank for rank in range(1, len(self._crowd.keys) + 1)]
        with ExitStack() as closing:
            clients = [closing.enter_context(self._client(key)) for key in self._crowd.keys]
            while not self._stopped.is_set():
                if self._under_way() >= self._crowd.most_under_way:
                    self._stopped.wait(PAUSE_S)
                    continue
                client = chance.choices(clients, weights)[0]
                self._hand_over(client, chance)

    def _client(self, key: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self._crowd.api_url, headers=headers, timeout=PATIENCE, trust_env=False)

    def _hand_over(self, client: httpx.Client, chance: random.Random) -> None:
        recording = chance.choice(self._recordings)
        promise = Promise(recording.name, may_expire=chance.random() < DEADLINE_SHARE)
        fields = {"lane": "live" if chance.random() < LIVE_SHARE else "bulk"}
        if promise.may_expire:
            fields["expires_at"] = (datetime.now(UTC) + DEADLINE).isoformat()
        if chance.random() < REUSE_SHARE:
            fields["reuse"] = "true"
        key = str(uuid.UUID(int=chance.getrandbits(128)))
        while not self._stopped.is_set():
            answer = self._answer_to(client, recording, fields, key)
            if answer is not None and answer.status_code == ACKNOWLEDGED:
                job_id = uuid.UUID(answer.json()["id"])
                self._note(job_id, promise)
                self._regret(client, job_id, promise, chance)
                return
            if answer is not None and answer.status_code not in WORTH_REPEATING:
                # Once its deadline has passed, a recording need not be taken any more.
                self.rejected += not promise.may_expire
                return
            self._ledger.refuse()
            self._stopped.wait(PAUSE_S)

    def _answer_to(
        self, client: httpx.Client, recording: KnownRecording, fields: Mapping[str, str], key: str
    ) -> httpx.Response | None:
        """None if there was none."""
        files = {"file": (f"{recording.name}.wav", recording.content)}
        headers = {"Idempotency-Key": key}
        try:
            return client.post("/v1/jobs", data=dict(fields), files=files, headers=headers)
        except httpx.TransportError:
            return None

    def _note(self, job_id: uuid.UUID, promise: Promise) -> None:
        if not self._ledger.acknowledge(job_id, promise):
            self.promised_twice.append(job_id)

    def _regret(
        self, client: httpx.Client, job_id: uuid.UUID, promise: Promise, chance: random.Random
    ) -> None:
        """Some callers change their mind, at any moment."""
        mood = chance.random()
        if mood >= CANCEL_SHARE + ERASE_SHARE:
            return
        time.sleep(chance.uniform(0, 1))
        if mood >= CANCEL_SHARE:
            promise.may_be_erased = True
            self._erase(client, job_id)
            return
        promise.may_be_canceled = True
        with suppress(httpx.TransportError):
            # Whether it arrived is not known, and need not be.
            client.post(f"/v1/jobs/{job_id}/cancel")

    def _erase(self, client: httpx.Client, job_id: uuid.UUID) -> None:
        """Until it is done: what broke off in the middle has left the audio to its caller's repetition."""
        give_up_at = time.monotonic() + ERASING_S
        while time.monotonic() < give_up_at:
            with suppress(httpx.TransportError):
                if client.delete(f"/v1/jobs/{job_id}").status_code not in WORTH_REPEATING:
                    return
            time.sleep(PAUSE_S)
