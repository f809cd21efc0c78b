"""Scans a users table in several segments at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from userprofiles.analytics.statistics import Statistics
from userprofiles.analytics.user_counter import UserCounter, attribute_names
from userprofiles.backfill.error_messages import TableLocation
from userprofiles.backfill.errors import BackfillFailedError, ErrorKind, StoppedError
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection, scan
from userprofiles.table import record
from userprofiles.template import Template


class TableScan:
    """One scan of a users table.

    Args:
        client: A botocore client of DynamoDB.
        location: The table.
        template: Defines roles and completion.
        segments: Number of segments, each scanned by one thread.
        stop: Ends the scan.
        limits: Sizes and times.
        on_page: Called after each page with the number of rows and users so far.
    """

    def __init__(
        self,
        client: Any,
        location: TableLocation,
        template: Template,
        *,
        segments: int,
        stop: Stop,
        limits: Limits,
        on_page: Callable[[int, int], None],
    ) -> None:
        self._client = client
        self._location = location
        self._template = template
        self._segments = segments
        self._stop = stop
        self._limits = limits
        self._on_page = on_page
        self._lock = threading.Lock()
        self._rows = 0
        self._users = 0

    def execute(self) -> Statistics:
        """Scan the table.

        Raises:
            StoppedError: A stop was requested.
            BackfillFailedError: The table can't be read.
        """
        statistics = Statistics()
        with ThreadPoolExecutor(min(self._segments, self._limits.threads)) as pool:
            futures = [pool.submit(self._scan_segment, number) for number in range(self._segments)]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            if any(future.exception() for future in finished):
                self._stop.request()
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            # A segment that stopped because another one failed has no message of its own.
            raise next((error for error in errors if not isinstance(error, StoppedError)), errors[0])
        if self._stop.is_requested:
            raise StoppedError("stopped at the end of the scan")
        for future in futures:
            statistics.add(future.result())
        return statistics

    def _scan_segment(self, segment: int) -> Statistics:
        calls = Calls(self._client, self._location, self._stop, self._limits)
        counter = UserCounter(self._template)
        try:
            for response in scan(calls, **self._parameters(segment)):
                if self._stop.is_requested:
                    raise StoppedError("stopped during the scan")
                users_before = counter.statistics.users
                counter.add_rows(response["Items"])
                self._report(response.get("ScannedCount", 0), counter.statistics.users - users_before)
        except BackfillFailedError as error:
            if error.kind is ErrorKind.RIGHTS:
                raise access_denied_error(self._location) from error
            raise
        counter.finish_user()
        return counter.statistics

    def _parameters(self, segment: int) -> dict[str, Any]:
        parameters = projection(attribute_names(self._template))
        sort_key = next(
            alias for alias, name in parameters["ExpressionAttributeNames"].items() if name == "SK"
        )
        parameters |= {
            "Limit": self._limits.page_rows,
            "FilterExpression": f"{sort_key} IN (:account, :profile)",
            "ExpressionAttributeValues": {
                f":{kind}": {"S": value} for kind, value in record.SORT_KEYS.items()
            },
        }
        if self._segments > 1:
            parameters |= {"Segment": segment, "TotalSegments": self._segments}
        return parameters

    def _report(self, rows: int, users: int) -> None:
        with self._lock:
            self._rows += rows
            self._users += users
            self._on_page(self._rows, self._users)


def access_denied_error(location: TableLocation) -> BackfillFailedError:
    """Return the error for a missing permission to scan."""
    return BackfillFailedError(
        ErrorKind.RIGHTS,
        f"Access Denied (dynamodb:Scan on table {location.table!r})\n"
        "Ensure the IAM user or role has the permission dynamodb:Scan on the table.",
    )
