"""What can be done to a running system. Each fault is over when its function returns."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import psutil
import redis

from chaos.proxy import FaultProxy
from chaos.stage import LEASE_S, SERVERS, Stage

LONGEST_S: Final = 4.0
"""Of the faults that last: how long connections are refused, slowed or not answered."""
SLOW_S: Final = 0.2
BEYOND_LEASE_S: Final = LEASE_S + 2.0
"""How long a process is stopped so that it loses what it holds."""
OURS: Final = ("api", "dispatcher", "worker")

Fault = Callable[["Scene"], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault happens, and the chance that decides the rest."""

    stage: Stage
    chance: random.Random

    def any_of(self, *beginnings: str) -> str:
        return self.chance.choice(self.stage.names(*beginnings))

    def any_proxy(self) -> FaultProxy:
        return self.stage.proxies[self.chance.choice(sorted(self.stage.proxies))]

    def a_while(self) -> None:
        time.sleep(self.chance.uniform(0.5, LONGEST_S))


def _signal_one(*beginnings: str, number: signal.Signals) -> Fault:
    return lambda scene: scene.stage.process(scene.any_of(*beginnings)).send_signal(number)


def _signal_child(beginning: str, *, number: signal.Signals = signal.SIGKILL) -> Fault:
    """One of the processes that a process has started: an engine, a forked worker, a Postgres backend."""

    def act(scene: Scene) -> None:
        children = scene.stage.descendants(scene.any_of(beginning))
        if children:
            scene.chance.choice(children).send_signal(number)

    return act


def _stop_for_a_while(beginning: str, *, seconds: float = BEYOND_LEASE_S) -> Fault:
    """The whole family stands still and then goes on as if nothing had been."""

    def act(scene: Scene) -> None:
        name = scene.any_of(beginning)
        family = [scene.stage.process(name), *scene.stage.descendants(name)]
        for process in family:
            _send(process, signal.SIGSTOP)
        time.sleep(seconds)
        for process in family:
            _send(process, signal.SIGCONT)

    return act


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _flush_broker(scene: Scene) -> None:
    with redis.Redis.from_url(scene.stage.direct[SERVERS["valkey"]], socket_timeout=5) as broker:
        broker.flushall()


def _restart_broker_empty(scene: Scene) -> None:
    scene.stage.process("valkey").kill()
    scene.stage.empty_broker_files()


def _cut(scene: Scene) -> None:
    scene.any_proxy().cut()


def _half_open(scene: Scene) -> None:
    scene.any_proxy().swallow()


def _do_not_answer(scene: Scene) -> None:
    proxy = scene.any_proxy()
    proxy.swallow(new_ones=True)
    scene.a_while()
    proxy.heal()


def _refuse(scene: Scene) -> None:
    proxy = scene.any_proxy()
    proxy.refuse()
    proxy.cut()
    scene.a_while()
    proxy.heal()


def _slow(scene: Scene) -> None:
    proxy = scene.any_proxy()
    proxy.slow(SLOW_S)
    scene.a_while()
    proxy.heal()


_kill = partial(_signal_one, number=signal.SIGKILL)

FAULTS: Final[Mapping[str, Fault]] = {
    "kill API": _kill("api"),
    "kill dispatcher": _kill("dispatcher"),
    "kill worker": _kill("worker"),
    "kill child of prepare worker": _signal_child("worker-prepare"),
    "kill engine": _signal_child("worker-scripted"),
    "kill Postgres": _kill("postgres"),
    "kill a backend of Postgres": _signal_child("postgres"),
    "kill Valkey": _kill("valkey"),
    "kill SeaweedFS": _kill("seaweedfs"),
    "terminate one of ours": _signal_one(*OURS, number=signal.SIGTERM),
    "SIGQUIT to a worker": _signal_one("worker", number=signal.SIGQUIT),
    "stop transcribe worker beyond its lease": _stop_for_a_while("worker-scripted"),
    "stop prepare worker beyond its lease": _stop_for_a_while("worker-prepare"),
    "stop dispatcher": _stop_for_a_while("dispatcher"),
    "stop deliver worker": _stop_for_a_while("worker-deliver"),
    "stop API": _stop_for_a_while("api", seconds=2.0),
    "FLUSHALL": _flush_broker,
    "restart Valkey empty": _restart_broker_empty,
    "cut connections": _cut,
    "half-open connections": _half_open,
    "connections that are not answered": _do_not_answer,
    "connections refused": _refuse,
    "slow connections": _slow,
}


def inflict(name: str, scene: Scene) -> bool:
    """Whether it could be done: what is to be hit may be away because of the fault before."""
    try:
        FAULTS[name](scene)
    except (psutil.Error, redis.RedisError):
        return False
    return True
