"""The broker: names of queues and tasks, and how Celery is set up to carry hints.

Every message is a hint: a task name and an id. Postgres is the truth, so a message that is lost,
doubled or late does no harm, and the settings below choose liveness over delivery promises that
the Redis transport cannot keep (celery#4354, kombu#305).
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypeVar

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from core.broker_address import NO_CLUSTER, address_of
from core.errors import BrokerRefused
from core.settings import BrokerAccess

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class TaskName(StrEnum):
    PREPARE = "prepare.recording"
    TRANSCRIBE = "transcribe.batch"
    FINISH = "finish.job"
    DELIVER = "deliver.webhook"
    ADMIT = "admit.batch"


PREPARE_QUEUE: Final = "prepare"
PREPARE_LIVE_QUEUE: Final = "prepare.live"
"""Workers take from both in turn: a live recording waits for no hint of the bulk."""
FINISH_QUEUE: Final = "finish"
DELIVER_QUEUE: Final = "deliver"
ADMIT_QUEUE: Final = "admit"


def transcribe_queue(model: str) -> str:
    """Each model has its own queue: a worker loads one engine."""
    return f"transcribe.{model}"


_MARKER: Final = "marker"
"""A key that is there as long as nobody flushed the broker or restarted it empty."""

SETTINGS: Final[dict[str, Any]] = {
    # A transcribe worker sets its own, see workers/transcription/appetite.py; Celery would after a reconnect.
    "worker_enable_prefetch_count_reduction": False,
    # A worker that dies keeps its message unacknowledged instead of having taken it too early;
    # with a prefetch of one nothing is hidden behind a running task (celery#1933, #6500).
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    # True would run a poisonous task for ever; crashes are counted in Postgres.
    "task_reject_on_worker_lost": False,
    # Results live in Postgres. A result backend only grows (celery#7801).
    "task_ignore_result": True,
    "result_backend": None,
    "task_store_errors_even_if_ignored": False,
    # Whoever can write to the broker must not be able to run code: no pickle, anywhere.
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_accept_content": ["json"],
    "event_serializer": "json",
    # Flower lives on these.
    "worker_send_task_events": True,
    "task_send_sent_event": True,
    # The default of 4 s kills a respawned child that is slow to import, again and again (celery#1715, #4323).
    "worker_proc_alive_timeout": 60,
    "worker_lost_wait": 10,
    # A broker blip must not kill work on a device; the fence makes a double harmless.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # The dispatcher publishes again by itself: it must learn of a failure at once, not hang.
    "broker_pool_acquire_timeout": 5,
    "task_publish_retry": False,
    "broker_transport_options": {
        # Recovery is the lease's duty (60 s). Redelivery would only run long tasks twice (celery#5935).
        "visibility_timeout": 43_200,
        # Without these a half-open connection hangs a worker for ever.
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "retry_on_timeout": False,
        "global_keyprefix": "callscribe:",
        "client_name": "callscribe",
    },
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_pool": "prefork",
    "enable_utc": True,
}


ASK_AGAIN_S: Final = 1.0


def create_app(access: BrokerAccess) -> Celery:
    """A Celery application on this broker; connects when first used. Raises `BrokerRefused`."""
    address = address_of(access)
    app = Celery("callscribe", broker=address.url, set_as_current=False)
    app.conf.update(SETTINGS)
    app.conf.broker_transport_options = SETTINGS["broker_transport_options"] | address.transport_options
    app.conf.broker_use_ssl = address.tls
    return app


def await_server(app: Celery) -> None:
    """Wait until the broker answers, however long that takes. Raises `BrokerRefused`, as below."""
    while True:
        try:
            return check_server(app)
        except OperationalError as error:
            logger.warning("broker away", extra={"reason": str(error)})
            time.sleep(ASK_AGAIN_S)


def check_server(app: Celery) -> None:
    """Raises `BrokerRefused` if what answers can never be the broker, `OperationalError` if nothing does."""
    # Not from the pool: a worker forks after this.
    with app.connection_for_write() as connection:
        try:
            mode = _asked(connection, lambda client: client.info("cluster"))
        except OperationalError as error:
            _refuse_who_is_not_let_in(error.__cause__)
            raise
    if mode.get("cluster_enabled"):
        raise BrokerRefused(NO_CLUSTER)


def publish(app: Celery, task: TaskName, subject: uuid.UUID, *, queue: str, summary: str) -> None:
    """Send one hint. Raises kombu's `OperationalError` when the broker is away.

    The summary is what Flower shows as the task's arguments; a device batch is its own task id.
    """
    task_id = str(subject) if task is TaskName.TRANSCRIBE else f"{task.name.lower()}-{subject}"
    app.send_task(
        task.value, args=[str(subject)], task_id=task_id, queue=queue, kwargsrepr=summary, retry=False
    )


def length(app: Celery, queue: str) -> int:
    """How many messages of a queue nobody has taken. Raises `OperationalError` when the broker is away."""
    pool: Any = app.pool
    with pool.acquire(block=True, timeout=5) as connection:
        return int(_asked(connection, lambda client: client.llen(queue)))


def was_emptied(app: Celery) -> bool:
    """Whether the broker has lost all its keys since the last call; true at the first one too.

    Raises kombu's `OperationalError` when the broker is away.
    """
    pool: Any = app.pool  # the type stub takes it for a pool of producers
    with pool.acquire(block=True, timeout=5) as connection:
        return bool(_asked(connection, lambda client: client.set(_MARKER, "1", nx=True)))


def _asked(connection: Any, question: Callable[[Any], Answer]) -> Answer:
    """What the server behind says, through Celery's own way to it: one server, TLS or Sentinel."""
    connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=5)
    try:
        return question(connection.default_channel.client)
    except RedisError as error:
        raise OperationalError(str(error)) from error


def _refuse_who_is_not_let_in(error: BaseException | None) -> None:
    if isinstance(error, AuthenticationError):
        raise BrokerRefused("The broker does not accept this user and password.") from error
    if isinstance(error, NoPermissionError):
        raise BrokerRefused(f"The broker's user lacks a right: {error}") from error
