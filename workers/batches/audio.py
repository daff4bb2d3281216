"""Where the audio of an item is, and how it comes to lie where recordings lie."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock

from core.errors import Conflict, Gone, InvalidRequest, NotFound, ObjectMissing, StorageUnavailable
from models.batch import Batch, SourceKind
from models.batch_item import BatchItem
from models.job import Job
from models.recording import Recording
from models.repositories import clock
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.uploads import UploadRepository
from models.upload import Upload
from submission.arrivals import arrived
from submission.batches.imports import Place, check_import
from submission.batches.item import restored
from submission.fetching import SCHEMES, check_fetch, to_fetch
from submission.recordings import check_size, place_of
from workers.batches.archive import Archive
from workers.process import Process

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A recording that lies in storage, and is nobody's yet."""

    recording: Recording
    is_copy: bool
    """Made for this item: of no use if there is to be no job."""
    retry_of: uuid.UUID | None = None


class AudioFinder:
    """For items of one batch; its methods may be called from several threads."""

    def __init__(self, process: Process, batch: Batch, closing: ExitStack) -> None:
        self._process = process
        self._batch = batch
        self._closing = closing
        self._archive: Archive | None = None
        self._opening = Lock()
        self._uploads: dict[uuid.UUID, Upload] = {}
        self._earlier: dict[uuid.UUID, tuple[Job, Recording]] = {}
        self._now = batch.created_at

    def look_up(self, items: Sequence[BatchItem]) -> None:
        """What the database knows of them, at once instead of one by one."""
        requests = [restored(str(item.custom_id), item.request) for item in items]
        uploads = [request.upload_id for request in requests if request.upload_id is not None]
        jobs = [item.job_id for item in items if item.job_id is not None]
        with self._process.sessions.begin() as session:
            found = UploadRepository(session).by_id(uploads, owner_id=self._batch.owner_id)
            self._now = clock.now(session)
            self._uploads = found
            earlier = JobRepository(session).by_id(jobs)
            recordings = RecordingRepository(session).by_id(job.recording_id for job in earlier.values())
            self._earlier = {key: (job, recordings[job.recording_id]) for key, job in earlier.items()}

    def find(self, item: BatchItem) -> Audio:
        """Raises what is wrong with it, and `StorageUnavailable`."""
        if item.job_id is not None:
            return self._again(item.job_id)
        request = restored(str(item.custom_id), item.request)
        if request.upload_id is not None:
            return self._uploaded(request.upload_id)
        if request.url is not None and request.url.startswith(SCHEMES):
            check_fetch(request.url, self._process.settings)
            return Audio(to_fetch(request.url, owner_id=self._batch.owner_id), is_copy=False)
        if request.url is not None:
            return self._imported(request.url)
        return self._unpacked(str(request.file))

    def discard(self, audio: Audio) -> None:
        if audio.is_copy:
            try:
                self._process.storage.delete(audio.recording.object_key)
            except StorageUnavailable:
                # The sweep of storage finds it.
                logger.warning("object was left in storage", extra={"object_key": audio.recording.object_key})

    def _uploaded(self, upload_id: uuid.UUID) -> Audio:
        upload = self._uploads.get(upload_id)
        if upload is None:
            raise NotFound(f"No upload {upload_id}.")
        upload.check_usable(now=self._now)
        limit = self._process.settings.max_recording_bytes
        size_bytes = arrived(self._process.sessions, self._process.storage, upload, limit=limit)
        recording = Recording(owner_id=self._batch.owner_id, size_bytes=size_bytes, filename=upload.filename)
        return Audio(recording, is_copy=False)

    def _imported(self, url: str) -> Audio:
        storage = self._process.storage
        place = Place.of(url)
        check_import(place, self._process.settings.storage.import_from, own_bucket=storage.bucket)
        size_bytes = storage.of_bucket(place.bucket).head(place.key).size_bytes
        check_size(size_bytes, limit=self._process.settings.max_recording_bytes)
        recording = self._new_recording(size_bytes, PurePosixPath(place.key).name)
        storage.copy(place.key, recording.object_key, from_bucket=place.bucket)
        return Audio(recording, is_copy=True)

    def _unpacked(self, member: str) -> Audio:
        if (self._batch.source or {}).get("type") != SourceKind.ZIP:
            raise InvalidRequest("`file` names a member of the batch's zip archive, and it has none.")
        # A ZipFile is read by one thread at a time.
        with self._opening:
            if self._archive is None:
                self._archive = self._closing.enter_context(
                    Archive.opened(self._process.storage, str(self._batch.source_key))
                )
            recording = self._new_recording(0, PurePosixPath(member).name)
            limit = self._process.settings.max_recording_bytes
            recording.size_bytes, recording.sha256 = self._archive.unpack(
                member, recording.object_key, limit=limit
            )
        check_size(recording.size_bytes, limit=limit)
        return Audio(recording, is_copy=True)

    def _again(self, job_id: uuid.UUID) -> Audio:
        job, source = self._earlier.get(job_id, (None, None))
        if job is None or source is None or job.erased_at is not None:
            raise Gone(f"Job {job_id} was deleted.")
        if not job.is_final:
            raise Conflict(f"Job {job_id} goes on.")
        if source.erased_at is not None:
            raise Gone(f"The recording of job {job_id} is not kept any more.")
        recording = self._new_recording(source.size_bytes, source.filename)
        recording.sha256, recording.source_url = source.sha256, source.source_url
        if source.source_url is not None:
            return Audio(recording, is_copy=False, retry_of=job_id)
        try:
            self._process.storage.copy(source.object_key, recording.object_key)
        except ObjectMissing as error:
            raise Gone(f"The recording of job {job_id} is gone.") from error
        return Audio(recording, is_copy=True, retry_of=job_id)

    def _new_recording(self, size_bytes: int, filename: str | None) -> Recording:
        recording = Recording(
            id=uuid.uuid4(), owner_id=self._batch.owner_id, size_bytes=size_bytes, filename=filename
        )
        recording.object_key = place_of(recording)
        return recording
