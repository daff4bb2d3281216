"""callscribe worker"""

from __future__ import annotations

from typing import Annotated

import typer

from core import logging
from core.broker import (
    ADMIT_QUEUE,
    DELIVER_QUEUE,
    FINISH_QUEUE,
    PREPARE_LIVE_QUEUE,
    PREPARE_QUEUE,
    await_server,
    transcribe_queue,
)
from core.catalog import model_named
from core.database_address import warn_unless_verified
from core.settings import ModelStoreSettings, hand_down, hand_down_unless_set

CPU_QUEUES = {"prepare": (PREPARE_LIVE_QUEUE, PREPARE_QUEUE, ADMIT_QUEUE), "finish": (FINISH_QUEUE,)}
"""What a worker of each kind takes hints from."""
TRANSCRIBE = "transcribe"
SENDERS = 32
"""Threads that send webhooks. They wait for receivers nearly all the time, so cores do not bound them;
a receiver that hangs holds one of them for 30 s, and four only until its first failure. Half as many as
the dispatcher announces at once, so that there is always a next one."""
PATIENCE = {"GOMP_SPINCOUNT": "5000"}
"""How often a thread of torch looks for work before it sleeps. By default it spins for milliseconds, on a
core that others may need: beside one busy process on two cores Whisper took three times as long. Alone
it takes some 4 % longer so; see docs/engine.md."""


def worker(
    queue: Annotated[str, typer.Option(help="prepare, finish, prepare,finish, transcribe or deliver.")],
    model: Annotated[str | None, typer.Option(help="For transcribe: the model to load.")] = None,
    device: Annotated[str, typer.Option(help="For transcribe: auto, cpu or cuda:N.")] = "auto",
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help=f"For prepare and finish: processes (1). For deliver: threads ({SENDERS})."),
    ] = None,
) -> None:
    """Work on one or more queues. SIGTERM lets running work end first."""
    kinds = queue.split(",")
    if kinds == [TRANSCRIBE]:
        _transcribe(model, device)
    elif set(kinds) <= set(CPU_QUEUES):
        queues = [queue for kind in kinds for queue in CPU_QUEUES[kind]]
        _run(queues, node="-".join(kinds), pool="prefork", concurrency=concurrency or 1)
    elif kinds == [DELIVER_QUEUE]:
        _run([DELIVER_QUEUE], node=DELIVER_QUEUE, pool="threads", concurrency=concurrency or SENDERS)
    else:
        raise typer.BadParameter(
            "one of prepare, finish, prepare,finish, transcribe or deliver", param_hint="--queue"
        )


def _transcribe(model: str | None, device: str) -> None:
    if model is None:
        raise typer.BadParameter("a transcribe worker needs one", param_hint="--model")
    _check_checkpoint(model)
    hand_down({"CALLSCRIBE_WORKER_MODEL": model, "CALLSCRIBE_ENGINE__DEVICE": device})
    hand_down_unless_set(PATIENCE)
    from workers.transcription.appetite import MOST_AT_ONCE  # noqa: PLC0415 - as in _run

    # The engine is in a process of its own; these threads claim, read and commit.
    _run(
        [transcribe_queue(model)],
        node=f"{TRANSCRIBE}.{model}.{device.replace(':', '')}",
        pool="threads",
        concurrency=MOST_AT_ONCE,
    )


def _check_checkpoint(model: str) -> None:
    """Better to say here what is missing than in the log of a process."""
    from workers.engines import checkpoints  # noqa: PLC0415 - the queues of the CPU need none of it

    entry = model_named(model)
    if entry.hub_id is not None:
        checkpoints.locate(entry, ModelStoreSettings())


def _run(queues: list[str], *, node: str, pool: str, concurrency: int) -> None:
    from workers.app import app  # noqa: PLC0415 - reads the settings that were just handed down
    from workers.settings import WorkerSettings  # noqa: PLC0415 - as above

    settings = WorkerSettings()
    logging.configure(settings.log_level)
    warn_unless_verified(settings.database_url)
    await_server(app)
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(queues)}",
            f"--hostname={node}@%h",
            f"--pool={pool}",
            f"--concurrency={concurrency}",
            "--loglevel=INFO",
            # Both cost seconds at every reconnect and are of no use here.
            "--without-mingle",
            "--without-gossip",
        ]
    )
