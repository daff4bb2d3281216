"""One recording's whole way, broken off after each of its effects, and walked again."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chaos import checks
from chaos.crash_points import Point, Trouble, Walked, Walker
from chaos.ledger import Ledger, Promise
from chaos.receiver import Receiver
from chaos.recordings import KnownRecording, known_recordings
from core.database import SessionFactory
from core.storage import ObjectStorage
from models import WebhookEndpoint, WebhookSecret
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository

pytestmark = pytest.mark.timeout(600)

SETTINGS = {
    "CALLSCRIBE_MODELS": '["scripted"]',
    "CALLSCRIBE_OUTBOUND__ALLOWED_HOSTS": '["127.0.0.1"]',
    # Once a walk, however long it takes: all walks have the same effects.
    "CALLSCRIBE_REAP_EVERY": "PT1H",
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEED = 20261122
SOME = 5
"""Of about forty."""
MOST_WALKS = 4
"""Until everything must have come to its end."""

OPEN_ENDS = """
SELECT (SELECT count(*) FROM jobs WHERE finished_at IS NULL) + (SELECT 1 - count(*) FROM jobs)
     + (SELECT count(*) FROM deliveries WHERE ended_at IS NULL)
"""
TIME_PASSES = (
    "UPDATE jobs SET lease_expires_at = lease_expires_at - interval '1 hour', available_at = now()",
    "UPDATE chunks SET lease_expires_at = lease_expires_at - interval '1 hour'",
    "UPDATE device_batches SET lease_expires_at = lease_expires_at - interval '1 hour'",
    "UPDATE deliveries SET lease_expires_at = lease_expires_at - interval '1 hour', available_at = now()",
)


@dataclass(frozen=True, slots=True)
class World:
    """One caller with one recording and one receiver."""

    walker: Walker
    receiver: Receiver
    sessions: SessionFactory
    database_url: SecretStr
    storage: ObjectStorage

    def begin(self) -> Walker:
        """Empty, but for the caller."""
        with self.sessions.begin() as session:
            session.execute(text("TRUNCATE jobs, recordings, events, deliveries, device_batches CASCADE"))
        self.storage.delete_all("recordings/")
        self.storage.delete_all("prepared/")
        self.receiver.mailbox.bodies.clear()
        self.receiver.mailbox.jobs.clear()
        return Walker(self.walker.environment, self.walker.recording, self.walker.api_key, str(uuid.uuid4()))

    def go_on(self, walker: Walker) -> None:
        """As often as it takes; between two walks every lease runs out."""
        for _ in range(MOST_WALKS):
            if not self._open_ends():
                return
            with self.sessions.begin() as session:
                for statement in TIME_PASSES:
                    session.execute(text(statement))
            walker.walk()

    def found_wrong(self) -> dict[str, int]:
        with psycopg.connect(self.database_url.get_secret_value()) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM jobs").fetchall()]
            ledger = Ledger({job_id: Promise(self.walker.recording.name) for job_id in ids})
            recordings = {self.walker.recording.name: self.walker.recording}
            breaches = checks.judge(connection, ledger, recordings).breaches
        told = self.receiver.mailbox.jobs
        wrong = {
            **breaches,
            "jobs beside the one": len(ids) - 1,
            "ends not told of, or told of twice": sum(told[str(job_id)] != 1 for job_id in ids),
        }
        return {name: count for name, count in wrong.items() if count}

    def _open_ends(self) -> int:
        with self.sessions.begin() as session:
            count: int = session.execute(text(OPEN_ENDS)).scalar_one()
        return count


@pytest.fixture(scope="module")
def recording() -> KnownRecording:
    return known_recordings(count=1)["piece-0"]


@pytest.fixture
def world(
    recording: KnownRecording,
    sessions: SessionFactory,
    database_url: SecretStr,
    storage: ObjectStorage,
    environment: dict[str, str],
) -> Iterator[World]:
    with Receiver(seed=0) as receiver:
        receiver.is_calm.set()
        receiver.secrets.append(SECRET)
        with sessions.begin() as session:
            owner = OwnerRepository(session).named("caller")
            key = ApiKeyRepository(session).issue(owner, name="walk").shown
            endpoint = WebhookEndpoint(owner_id=owner.id, url=receiver.url, event_types=[])
            session.add(endpoint)
            session.flush()
            session.add(WebhookSecret(endpoint_id=endpoint.id, secret=SECRET))
        yield World(
            Walker({**environment, **SETTINGS}, recording, key, ""), receiver, sessions, database_url, storage
        )


@pytest.mark.parametrize("trouble", Trouble)
class TestCrashPoints:
    def test_some_lead_to_the_same_end(self, world: World, trouble: Trouble) -> None:
        chance = random.Random(f"{SEED} {trouble}")  # noqa: S311 - no secret

        found = try_points(world, trouble, lambda count: chance.sample(range(1, count + 1), SOME))

        assert found == {}

    @pytest.mark.long
    def test_every_one_leads_to_the_same_end(self, world: World, trouble: Trouble) -> None:
        assert try_points(world, trouble, lambda count: range(1, count + 1)) == {}


def try_points(
    world: World, trouble: Trouble, choose: Callable[[int], Iterable[int]]
) -> dict[tuple[int, str], dict[str, int]]:
    """What is wrong in the end, by the number and kind of the effect at which the trouble came."""
    undisturbed = world.begin().walk()
    assert (undisturbed.status, world.found_wrong()) == (0, {})
    found = {}
    for effect in choose(len(undisturbed.effects)):
        walker = world.begin()
        walked = walker.walk(Point(effect, trouble))
        assert met_trouble(walked, effect, trouble)
        world.go_on(walker)
        if wrong := world.found_wrong():
            found[effect, str(undisturbed.effects[effect - 1])] = wrong
    return found


def met_trouble(walked: Walked, effect: int, trouble: Trouble) -> bool:
    """So that a walk that has grown shorter is not taken for one that was disturbed."""
    if trouble is Trouble.CRASH:
        return walked.status == -9 and len(walked.effects) == effect
    return len(walked.effects) >= effect
