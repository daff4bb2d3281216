"""POST of a batch: made once, however often it is asked for under one Idempotency-Key."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api.acting import note
from api.batches.schemas import BatchCreate, BatchRead, PrefixSource
from api.batches.service import presented
from api.idempotency import Asked
from api.settings import ApiSettings
from core.errors import IdempotencyKeyReused
from models.audit_entry import AuditAction
from models.batch import Batch
from models.repositories import clock, notices
from models.repositories.batches import BatchRepository
from models.repositories.idempotency_keys import IdempotencyKeyRepository
from models.repositories.uploads import UploadRepository
from submission.batches.adding import add_items
from submission.batches.imports import Place, check_import
from submission.checks import check_language, check_script, deadline, served_model


def make(
    session: Session, asked: Asked, request: BatchCreate, settings: ApiSettings
) -> tuple[BatchRead, bool]:
    """The batch, and whether it is one that an earlier request of this key has made.

    A batch is known by its key for good. Raises `IdempotencyInFlight`, `IdempotencyKeyReused`, and what is
    wrong with the request as a whole; what is wrong with an item is told of the item.
    """
    batches = BatchRepository(session)
    fingerprint = asked.fingerprint(request)
    if asked.key is not None:
        IdempotencyKeyRepository(session).hold(asked.owner_id, asked.key)
        earlier = batches.with_key(asked.owner_id, asked.key)
        if earlier is not None:
            if earlier.fingerprint != fingerprint:
                raise IdempotencyKeyReused
            return presented(session, earlier), True
    _check_defaults(session, request, settings)
    batch = batches.add(_batch_of(session, asked, request, settings))
    batch.fingerprint = fingerprint
    note(session, AuditAction.BATCH_MADE, batch.id)
    if request.items:
        add_items(session, batch, request.items)
    if not request.open:
        batch.close(at=clock.now(session))
        # One whose items were all refused is over at once.
        notices.work_is_waiting(session)
    return presented(session, batch), False


def _check_defaults(session: Session, request: BatchCreate, settings: ApiSettings) -> None:
    """What is wrong with all items is told at once."""
    model = served_model(request.defaults.model, settings.models)
    check_language(request.defaults.language, model)
    check_script(request.defaults.script, request.defaults.language, model)
    deadline(request.defaults.expires_at, now=clock.now(session))


def _batch_of(session: Session, asked: Asked, request: BatchCreate, settings: ApiSettings) -> Batch:
    batch = Batch(
        owner_id=asked.owner_id,
        key=asked.key,
        name=request.name,
        details=request.metadata,
        defaults=request.defaults.model_dump(mode="json", exclude_unset=True)
        | {"lane": request.defaults.lane},
    )
    if request.source is not None:
        batch.source = request.source.model_dump(mode="json", exclude={"upload_id"})
        batch.source_read = False
        batch.expect_admission()
        if isinstance(request.source, PrefixSource):
            place = Place.of(request.source.url)
            check_import(place, settings.storage.import_from, own_bucket=settings.storage.bucket)
        else:
            upload = UploadRepository(session).locked(request.source.upload_id, owner_id=asked.owner_id)
            upload.use(now=clock.now(session))
            batch.source_key = upload.object_key
    return batch
