"""A batch's source, ready to be read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ObjectMissing, PayloadTooLarge, UnreadableSource
from models.batch import Batch, SourceKind
from submission.batches.imports import Place, check_import
from workers.batches.archive import Archive
from workers.batches.sources import zip_members
from workers.batches.sources.manifest import MANIFESTS, ManifestFormat
from workers.batches.sources.page import Source
from workers.batches.sources.prefix import PrefixListing
from workers.process import Process


@contextmanager
def opened(process: Process, batch: Batch) -> Iterator[Source]:
    """Raises `UnreadableSource`, `ImportForbidden` and `StorageUnavailable`."""
    source = batch.source or {}
    with tempfile.TemporaryDirectory(prefix="batch-", dir=process.settings.scratch_dir) as directory:
        scratch = Path(directory)
        match SourceKind(str(source["type"])):
            case SourceKind.MANIFEST:
                yield MANIFESTS[ManifestFormat(str(source["format"]))](_fetched(process, batch, scratch))
            case SourceKind.ZIP:
                with Archive.opened(process.storage, str(batch.source_key)) as archive:
                    yield zip_members.of_archive(archive, scratch)
            case SourceKind.PREFIX:
                yield _listing(process, batch)


def _fetched(process: Process, batch: Batch, scratch: Path) -> Path:
    path = scratch / "manifest"
    try:
        process.storage.download(str(batch.source_key), path, limit_bytes=zip_members.LARGEST_MANIFEST)
    except ObjectMissing as error:
        raise UnreadableSource("The manifest was not uploaded.") from error
    except PayloadTooLarge as error:
        raise UnreadableSource(f"A manifest may have {zip_members.LARGEST_MANIFEST} bytes.") from error
    return path


def _listing(process: Process, batch: Batch) -> PrefixListing:
    source = batch.source or {}
    place = Place.of(str(source["url"]))
    check_import(place, process.settings.storage.import_from, own_bucket=process.storage.bucket)
    suffixes = source.get("suffixes")
    return PrefixListing(process.storage, place, suffixes=suffixes if isinstance(suffixes, list) else ())
