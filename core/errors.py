"""Every error this service raises on purpose.

ServiceError
├── PermanentError              trying again cannot help; the caller must act
│   ├── InvalidRequest
│   │   ├── UnknownModel
│   │   ├── UnsupportedOption
│   │   ├── UnsupportedMediaType
│   │   ├── IdempotencyKeyReused
│   │   ├── MalformedBody
│   │   ├── AddressForbidden
│   │   ├── ImportForbidden
│   │   └── UnreadableSource    what a batch's items are read from
│   ├── Unauthenticated
│   │   └── ApiKeyExpired
│   ├── NotFound
│   │   └── ObjectMissing
│   ├── Gone
│   ├── Conflict
│   │   ├── IdempotencyInFlight
│   │   ├── DuplicateCustomId
│   │   ├── TranscriptNotReady
│   │   ├── UploadIncomplete
│   │   └── UploadMismatch
│   ├── PayloadTooLarge
│   ├── FetchRefused
│   ├── FetchFailed
│   ├── RecordingRejected       the audio itself is at fault
│   │   ├── EmptyRecording
│   │   ├── UndecodableRecording
│   │   ├── UnsupportedFormat
│   │   ├── TooManyChannels
│   │   ├── RecordingTooLong
│   │   └── DecoderLimitExceeded
│   ├── ChunkTooLarge
│   ├── CheckpointUnavailable
│   ├── DeviceUnavailable
│   ├── BrokerRefused
│   ├── ServiceNotStarted
│   ├── StateDirectoryRefused
│   ├── ServerUnknown
│   ├── SignatureRejected
│   ├── LibraryMissing
│   ├── PostgresProgramMissing
│   ├── PostgresProgramFailed
│   ├── BackupDirectoryRefused
│   ├── BackupDamaged
│   ├── RestoreRefused
│   ├── RestoredStateDiffers
│   └── WorkerLost
├── TransientError              nobody's fault; retried with backoff
│   ├── StorageUnavailable
│   ├── ServerBusy
│   ├── DatabaseUnavailable
│   ├── ServerUnreachable
│   ├── DecoderUnavailable
│   ├── EngineOverloaded
│   └── RemoteFailure           a server that a caller named
│       ├── RemoteNameUnknown
│       ├── RemoteRefused
│       ├── RemoteTlsFailed
│       ├── RemoteTimeout
│       ├── RemoteDisconnected
│       ├── RemoteMalformed
│       └── ResponseTooLarge
├── JobNotDone                  it goes on, but whoever waited waits no longer
├── LeaseLost                   the row is not this worker's, or no longer; stop quietly
└── EngineBroken                the device is in no state to go on; the process must end
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"
    """Stable, machine-readable; the same for API problems and failed jobs."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class PermanentError(ServiceError):
    """This cannot succeed as it stands."""

    code = "permanent_error"


class InvalidRequest(PermanentError):
    """The request is not valid."""

    code = "invalid_request"


class UnknownModel(InvalidRequest):
    """No such model is served here."""

    code = "unknown_model"


class UnsupportedOption(InvalidRequest):
    """The model does not support this option."""

    code = "unsupported_option"


class UnsupportedMediaType(InvalidRequest):
    """The body is of a kind that this resource does not take."""

    code = "unsupported_media_type"


class IdempotencyKeyReused(InvalidRequest):
    """This Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"


class MalformedBody(InvalidRequest):
    """The request body could not be read."""

    code = "malformed_body"


class AddressForbidden(InvalidRequest):
    """This server may not connect to that address."""

    code = "address_forbidden"
    address: str | None = None
    """Where the name led, once that is known."""
    status: int | None = None


class ImportForbidden(InvalidRequest):
    """This installation does not read recordings from there."""

    code = "import_forbidden"


class UnreadableSource(InvalidRequest):
    """The items of this batch cannot be read, or no further."""

    code = "unreadable_source"


class Unauthenticated(PermanentError):
    """A valid API key is required."""

    code = "unauthenticated"


class ApiKeyExpired(Unauthenticated):
    """The API key has expired."""

    code = "api_key_expired"


class ScopeMissing(PermanentError):
    """The API key may not be used for this."""

    code = "scope_missing"


class NotFound(PermanentError):
    """No such resource."""

    code = "not_found"


class ObjectMissing(NotFound):
    """The object is not in storage, or no longer."""

    code = "object_missing"


class Gone(PermanentError):
    """The resource was deleted."""

    code = "gone"


class Conflict(PermanentError):
    """The resource is not in a state that allows this."""

    code = "conflict"


class IdempotencyInFlight(Conflict):
    """A request under this Idempotency-Key is being answered; send it again in a moment."""

    code = "idempotency_in_flight"


class DuplicateCustomId(Conflict):
    """The batch has an item of this `custom_id` already."""

    code = "duplicate_custom_id"


class TranscriptNotReady(Conflict):
    """The job has no transcript yet."""

    code = "transcript_not_ready"


class UploadIncomplete(Conflict):
    """Nothing has been put at the upload's address yet, or its parts are not put together."""

    code = "upload_incomplete"


class UploadMismatch(Conflict):
    """What was put there is not of the size or the SHA-256 that was announced; begin a new upload."""

    code = "upload_mismatch"


class PayloadTooLarge(PermanentError):
    """The recording is larger than this server accepts."""

    code = "payload_too_large"


class FetchRefused(PermanentError):
    """The server that the recording was to be fetched from does not hand it out."""

    code = "fetch_refused"


class FetchFailed(PermanentError):
    """The recording could not be fetched, however often it was tried; it may be possible later."""

    code = "fetch_failed"


class RecordingRejected(PermanentError):
    """The recording cannot be transcribed."""

    code = "recording_rejected"


class EmptyRecording(RecordingRejected):
    """The recording holds no audio."""

    code = "audio_empty"


class UndecodableRecording(RecordingRejected):
    """The recording could not be decoded."""

    code = "audio_undecodable"


class UnsupportedFormat(RecordingRejected):
    """The recording is in no format that this server decodes."""

    code = "audio_unsupported_format"


class TooManyChannels(RecordingRejected):
    """The recording has more channels than a call can have."""

    code = "audio_too_many_channels"


class RecordingTooLong(RecordingRejected):
    """The recording is longer than this server accepts."""

    code = "audio_too_long"


class DecoderLimitExceeded(RecordingRejected):
    """Decoding the recording took more time, memory or space than allowed."""

    code = "decoder_limit_exceeded"


class ChunkTooLarge(PermanentError):
    """One chunk alone does not fit the engine's device."""

    code = "engine_out_of_memory"


class CheckpointUnavailable(PermanentError):
    """The model's checkpoint could not be found or loaded."""

    code = "checkpoint_unavailable"


class DeviceUnavailable(PermanentError):
    """The device that an engine was to run on is not there."""

    code = "device_unavailable"


class BrokerRefused(PermanentError):
    """The broker is set up in a way that cannot work."""

    code = "broker_refused"


class ServiceNotStarted(PermanentError):
    """A server of the embedded stack could not be started."""

    code = "service_not_started"


class StateDirectoryRefused(PermanentError):
    """The state directory belongs to another user; choose another with CALLSCRIBE_STATE_DIR."""

    code = "state_directory_refused"


class ServerUnknown(PermanentError):
    """No server is known: start `callscribe up`, or set CALLSCRIBE_API_URL and CALLSCRIBE_API_KEY."""

    code = "server_unknown"


class SignatureRejected(PermanentError):
    """The delivery was not signed with this secret."""

    code = "signature_rejected"


class LibraryMissing(PermanentError):
    """A library that this needs is an extra, and is not installed."""

    code = "library_missing"


class PostgresProgramMissing(PermanentError):
    """No pg_dump and pg_restore of the server's version or a newer one are on this machine."""

    code = "postgres_program_missing"


class PostgresProgramFailed(PermanentError):
    """pg_dump or pg_restore did not come to its end."""

    code = "postgres_program_failed"


class BackupDirectoryRefused(PermanentError):
    """A backup begins in a directory that is empty or not there yet."""

    code = "backup_directory_refused"


class BackupDamaged(PermanentError):
    """The backup is not whole, or not as it was written."""

    code = "backup_damaged"


class RestoreRefused(PermanentError):
    """A backup is restored into an empty database and an empty bucket, and nowhere else."""

    code = "restore_refused"


class RestoredStateDiffers(PermanentError):
    """What lies in the database and the bucket is not what the backup holds."""

    code = "restored_state_differs"


class WorkerLost(PermanentError):
    """The worker was lost each time it worked on this recording."""

    code = "worker_lost"


class TransientError(ServiceError):
    """A dependency failed; the same call may succeed later."""

    code = "temporarily_unavailable"


class RateLimited(TransientError):
    """This key has made too many requests; it may make more in a while."""

    code = "rate_limited"


class QuotaExceeded(TransientError):
    """This owner has as much as it may have; there may be room in a while."""

    code = "quota_exceeded"


class StorageUnavailable(TransientError):
    """Object storage did not answer."""

    code = "storage_unavailable"


class ServerBusy(TransientError):
    """More recordings are coming in than this server takes at once; send this one again."""

    code = "server_busy"


class ServerUnreachable(TransientError):
    """The Callscribe server does not answer."""

    code = "server_unreachable"


class DatabaseUnavailable(TransientError):
    """The database did not answer."""

    code = "database_unavailable"


class DecoderUnavailable(TransientError):
    """The decoder could not be started."""

    code = "decoder_unavailable"


class EngineOverloaded(TransientError):
    """The device batch does not fit the engine's device."""

    code = "engine_overloaded"


class RemoteFailure(TransientError):
    """The other server could not be asked."""

    code = "remote_failed"
    address: str | None = None
    """Where the connection led, or was tried."""
    status: int | None = None
    """HTTP status, if the answer came that far."""


class RemoteNameUnknown(RemoteFailure):
    """The other server's name leads to no address."""

    code = "remote_name_unknown"


class RemoteRefused(RemoteFailure):
    """The other server took no connection."""

    code = "remote_refused"


class RemoteTlsFailed(RemoteFailure):
    """No secure connection came about, or the other server's certificate is not trusted."""

    code = "remote_tls_failed"


class RemoteTimeout(RemoteFailure):
    """The other server did not answer in time."""

    code = "remote_timeout"


class RemoteDisconnected(RemoteFailure):
    """The other server closed the connection before its answer was whole."""

    code = "remote_disconnected"


class RemoteMalformed(RemoteFailure):
    """The other server's answer was no HTTP."""

    code = "remote_malformed"


class ResponseTooLarge(RemoteFailure):
    """The other server's answer was longer than anybody wants to read."""

    code = "response_too_large"


class JobNotDone(ServiceError):
    """The job goes on, but its caller was kept waiting long enough."""

    code = "job_not_done"


class LeaseLost(ServiceError):
    """The work is not this worker's, or no longer."""

    code = "lease_lost"


class EngineBroken(ServiceError):
    """The engine's device failed and only a new process can use it again."""

    code = "engine_broken"
