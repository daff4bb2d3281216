"""One run: callers all the time, one fault after another, then quiet, then the reckoning."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, LiteralString, Self

import httpx
import psycopg
from pydantic import SecretStr

from chaos import audit, checks, evidence
from chaos.checks import Verdict
from chaos.faults import FAULTS, Scene, inflict
from chaos.ledger import Ledger
from chaos.load import Crowd, Load
from chaos.receiver import Receiver
from chaos.recordings import known_recordings
from chaos.stage import SERVERS, Stage, Wishes
from core.database import engine_of, open_sessions
from core.settings import StorageSettings
from core.storage import ObjectStorage
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository
from models.webhook_endpoint import LONGEST_PAUSE
from workers.upkeep.sweep_storage import sweep_storage

OWNERS: Final = 4
LOOK_EVERY_S: Final = 0.5
QUIET_S: Final = LONGEST_PAUSE.total_seconds() + 60.0
"""What waits for a webhook that failed several times in a row waits for the end of its pause."""
LONGEST_PAUSE_S: Final = 1.5
LIE_RATE: Final = 0.002

STORAGE: Final = "CALLSCRIBE_STORAGE__"
JOBS_UNDER_WAY: Final = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"
DELIVERIES_UNDER_WAY: Final = "SELECT count(*) FROM deliveries WHERE ended_at IS NULL"

Say = Callable[[str], None]
Enough = Callable[[Ledger, psycopg.Connection], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a run is made of; the same seed makes the same decisions."""

    seed: int
    seconds: float
    faults: Sequence[str] = tuple(FAULTS)
    wishes: Wishes | None = None
    callers: int = 6
    most_under_way: int = 150
    enough: Enough | None = None
    """Ends the faults before their time is over: what the run was for has happened."""
    longest_pause_s: float = LONGEST_PAUSE_S
    """Between two faults; the shortest is none."""
    patience_s: float = QUIET_S
    """How long everything that is under way may take to end once nothing breaks any more."""

    def what_goes_wrong_inside(self) -> Wishes:
        return self.wishes or Wishes(seed=self.seed, lie_rate=LIE_RATE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to the system, and what it made of it."""

    faults: Mapping[str, int]
    acknowledged: int
    refused: int
    """Submissions that had to be repeated."""
    seconds_to_quiet: float
    """From the last fault until every job had ended."""
    verdict: Verdict

    @property
    def fault_count(self) -> int:
        return sum(self.faults.values())


def conduct(scenario: Scenario, directory: Path, *, say: Say) -> Outcome:
    """Raises what keeps the system from starting; everything after that is in the outcome."""
    say("listening to the recordings")
    recordings = known_recordings()
    say("starting the system")
    with (
        Stage(directory, scenario.what_goes_wrong_inside()) as stage,
        Receiver(seed=scenario.seed) as receiver,
    ):
        database = stage.direct[SERVERS["postgres"]]
        with psycopg.connect(database) as connection:
            audit.install(connection)
        ledger = Ledger()
        crowd = _crowd(scenario, stage, database, receiver)
        with Gauge(database) as gauge:
            with Load(crowd, ledger, recordings, seed=scenario.seed, under_way=gauge.read) as load:
                faults = _inflict_all(scenario, stage, ledger, say=say)
            receiver.is_calm.set()
            say(f"{len(ledger)} jobs; waiting for all of them to end")
            seconds = gauge.seconds_until_quiet(patience=scenario.patience_s)
        with psycopg.connect(database) as connection:
            verdict = checks.judge(connection, ledger, recordings)
            told = checks.judge_mailbox(connection, receiver.mailbox)
            say("sweeping storage")
            _sweep(stage, database)
            stored = checks.judge_storage(connection, stage.direct)
            breaches = {
                **verdict.breaches,
                "promised twice": len(load.promised_twice),
                "refused for nothing": load.rejected,
                **told,
                **stored,
                **audit.breaches(connection),
            }
            if any(breaches.values()):
                mailbox = receiver.mailbox
                evidence.collect(directory, connection, breaches=breaches, ledger=ledger, mailbox=mailbox)
        faults["lies"] = stage.lies()
        say("stopping the system")
    return Outcome(
        faults=faults,
        acknowledged=len(ledger),
        refused=ledger.refusals,
        seconds_to_quiet=seconds,
        verdict=replace(verdict, breaches=breaches),
    )


def _sweep(stage: Stage, database: str) -> None:
    """The duty itself, at a time when nothing is young enough to be spared."""
    sessions = open_sessions(SecretStr(database), process="chaos")
    settings = {
        name.removeprefix(STORAGE).lower(): value
        for name, value in stage.direct.items()
        if name.startswith(STORAGE)
    }
    storage = ObjectStorage(StorageSettings.model_validate(settings))
    try:
        sweep_storage(sessions, storage, grace=timedelta(0))
    finally:
        engine_of(sessions).dispose()


def _crowd(scenario: Scenario, stage: Stage, database: str, receiver: Receiver) -> Crowd:
    """Owners with keys, each of whom wants to be told of everything."""
    keys = _keys(database)
    for key in keys:
        receiver.secrets.append(_subscribed(stage.system.api_url, key, receiver.url))
    return Crowd(stage.system.api_url, keys, callers=scenario.callers, most_under_way=scenario.most_under_way)


def _subscribed(api_url: str, key: str, url: str) -> str:
    """The secret of the new webhook."""
    answer = httpx.post(
        f"{api_url}/v1/webhooks",
        json={"url": url, "event_types": [f"job.{end}" for end in sorted(checks.ENDED)]},
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
    )
    secret: str = answer.raise_for_status().json()["secret"]
    return secret


def _inflict_all(scenario: Scenario, stage: Stage, ledger: Ledger, *, say: Say) -> Counter[str]:
    chance = random.Random(scenario.seed)  # noqa: S311 - no secret
    scene = Scene(stage, chance)
    inflicted: Counter[str] = Counter()
    end = time.monotonic() + scenario.seconds
    while time.monotonic() < end and not _is_enough(scenario, stage, ledger):
        time.sleep(chance.uniform(0, scenario.longest_pause_s))
        name = chance.choice(scenario.faults)
        say(f"{len(ledger)} jobs; {name}")
        inflicted[name] += inflict(name, scene)
    for proxy in stage.proxies.values():
        proxy.heal()
    return inflicted


def _is_enough(scenario: Scenario, stage: Stage, ledger: Ledger) -> bool:
    if scenario.enough is None:
        return False
    with psycopg.connect(stage.direct[SERVERS["postgres"]]) as connection:
        return scenario.enough(ledger, connection)


def _keys(database: str) -> list[str]:
    sessions = open_sessions(SecretStr(database), process="chaos")
    try:
        with sessions.begin() as session:
            keys = ApiKeyRepository(session)
            owners = [OwnerRepository(session).named(f"owner {number}") for number in range(OWNERS)]
            return [keys.issue(owner, name="chaos").shown for owner in owners]
    finally:
        engine_of(sessions).dispose()


class Gauge:
    """How many jobs are under way, as far as the database tells; and when deliveries are over, too."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._count = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="gauge")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def read(self) -> int:
        return self._count

    def seconds_until_quiet(self, *, patience: float) -> float:
        """Until neither jobs nor deliveries are under way, or until patience ends."""
        begin = time.monotonic()
        while time.monotonic() - begin < patience:
            with suppress(psycopg.OperationalError):
                if self._looked(JOBS_UNDER_WAY) + self._looked(DELIVERIES_UNDER_WAY) == 0:
                    break
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - begin

    def _keep_looking(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            with suppress(psycopg.OperationalError):
                self._count = self._looked(JOBS_UNDER_WAY)

    def _looked(self, query: LiteralString) -> int:
        with psycopg.connect(self._database, connect_timeout=2) as connection:
            count: int = connection.execute(query).fetchall()[0][0]
            return count
