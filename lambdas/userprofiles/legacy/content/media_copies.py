"""Copies all media of several records by many threads."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from userprofiles.legacy.content.content_plan import MediaPlan, elsewhere_entry, media_key, missing_entry
from userprofiles.legacy.content.media_errors import CopyFailedError, DeadLinkError
from userprofiles.legacy.content.media_source import MediaSource
from userprofiles.legacy.content.stored_object import StoredObject
from userprofiles.legacy.content.url_rules import NO_RULE, OldFile
from userprofiles.social.content import media_entry


@dataclass
class CopiedMedia:
    """The media of one record or user.

    Attributes:
        entries: The objects for `media`, in the order of the files.
        failure: Why a file could not be copied this time; empty if none failed.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""


class MediaCopies:
    """Copies media. Its methods may be called by any thread.

    Args:
        source: Copies one file.
        threads: Files that are copied at the same time.
    """

    def __init__(self, source: MediaSource, threads: int = 16) -> None:
        self._source = source
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="media")

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def copy(self, plans: Sequence[MediaPlan]) -> list[CopiedMedia]:
        """Copy the files of plans. Return the media of each plan, in the same order.

        Raises:
            BucketRefusedError: A bucket refuses an operation. What was copied is kept.
            StoppedError: A stop was requested.
        """
        futures = [[(old_file, self._start(plan, old_file)) for old_file in plan.files] for plan in plans]
        try:
            return [_collect(copies) for copies in futures]
        except BaseException:
            for copies in futures:
                for _, future in copies:
                    if future is not None:
                        future.cancel()
            raise

    def _start(self, plan: MediaPlan, old_file: OldFile) -> Future[StoredObject] | None:
        if old_file.problem:
            return None
        return self._pool.submit(self._source.copy, old_file, media_key(plan, old_file))


def _collect(copies: Sequence[tuple[OldFile, Future[StoredObject] | None]]) -> CopiedMedia:
    media = CopiedMedia()
    for old_file, future in copies:
        if old_file.problem == NO_RULE:
            media.entries.append(elsewhere_entry(old_file))
        elif future is None:
            media.entries.append(missing_entry(old_file, old_file.problem))
        else:
            try:
                media.entries.append(_ready_entry(old_file, future.result()))
            except DeadLinkError as error:
                media.entries.append(missing_entry(old_file, error.reason))
            except CopyFailedError as error:
                media.failure = error.reason
    return media


def _ready_entry(old_file: OldFile, stored: StoredObject) -> dict[str, Any]:
    sha256 = stored.checksums.get("SHA256")
    return media_entry(old_file.media_id, stored.content_type, size=stored.size, sha256=sha256)
