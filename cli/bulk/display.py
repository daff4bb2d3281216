"""Two bars: what has been sent of the recordings, and what has been heard of them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Final, Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from cli.bulk.plan import Piece
from cli.clock import span
from client import Batch, Client

LOOK_EVERY_S: Final = 2.0
"""Seconds between two looks at the batch while recordings are still being sent."""

BAR: Final = 20
"""Characters, so that what stands beside it fits on 80."""


class _Facts(ProgressColumn):
    """What there is to say beside a bar; made when it is drawn, as it tells the speed."""

    def render(self, task: Task) -> Text:
        facts: Callable[[Task], Sequence[str]] = task.fields["facts"]
        return Text(" · ".join(facts(task)))


class Display:
    """Draws nothing where nobody watches. Told of bytes by several threads."""

    def __init__(self, console: Console, client: Client) -> None:
        self._client = client
        columns = (
            TextColumn("{task.description}"),
            BarColumn(BAR),
            _Facts(table_column=Column(no_wrap=True)),
        )
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._counting = threading.Lock()
        self._sent: dict[str, int] = {}
        self._bytes = 0
        self._files = (0, 0)
        self._sending: TaskID | None = None
        self._hearing: TaskID | None = None
        self._batch: Batch | None = None
        self._looked_at = 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, pieces: Sequence[Piece], *, total: int) -> None:
        """These are to be sent, of so many altogether."""
        size = sum(_size(piece) for piece in pieces)
        self._files = (total - len(pieces), total)
        self._sending = self._bars.add_task("sending", total=size, facts=self._of_sending)

    def on_sent(self, piece: Piece, sent: int) -> None:
        with self._counting:
            # A file that is sent again begins anew.
            self._bytes += sent - self._sent.get(piece.custom_id, 0)
            self._sent[piece.custom_id] = sent
            self._update(self._bytes)

    def on_uploaded(self) -> None:
        with self._counting:
            done, total = self._files
            self._files = (done + 1, total)

    def on_look(self, batch_id: uuid.UUID) -> None:
        if self._bars.disable or time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        self.show(self._client.batches.get(batch_id))

    def show(self, batch: Batch) -> None:
        """Where the batch stands now."""
        self._batch = batch
        if self._hearing is None:
            self._hearing = self._bars.add_task("hearing", total=1.0, facts=self._of_hearing)
        self._bars.update(self._hearing, completed=batch.progress)

    def follow(self, batch: Batch) -> Batch:
        """The batch once it is over."""
        for seen in self._client.batches.follow(batch.id):
            batch = seen
            self.show(batch)
        return batch

    def _update(self, sent: int) -> None:
        if self._sending is not None:
            self._bars.update(self._sending, completed=sent)

    def _of_sending(self, task: Task) -> Sequence[str]:
        done, total = self._files
        size = decimal(int(task.total or 0))
        facts = [f"{done}/{total} files", f"{decimal(int(task.completed))}/{size}"]
        if task.speed and not task.finished:
            facts.append(f"{decimal(int(task.speed))}/s")
        if task.time_remaining and not task.finished:
            facts.append(f"{span(task.time_remaining)} left")
        return facts

    def _of_hearing(self, _: Task) -> Sequence[str]:
        return facts_of(self._batch) if self._batch else []


def facts_of(batch: Batch) -> list[str]:
    """In a few words, how far a batch is."""
    counts, audio = batch.request_counts, batch.audio_seconds
    facts = [f"{counts.over}/{counts.total} calls"]
    if audio is not None:
        facts.append(f"{audio.completed / 3600:.1f}/{audio.known / 3600:.1f} h")
    if batch.rtfx is not None:
        facts.append(f"RTFx {batch.rtfx:.0f}")
    if batch.eta_seconds is not None and not batch.is_final:
        facts.append(f"{span(batch.eta_seconds)} left")
    return facts


def _size(piece: Piece) -> int:
    try:
        return piece.path.stat().st_size if piece.path else 0
    except OSError:
        return 0
