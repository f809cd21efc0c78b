"""Reads one table for a command: pages, retries, actionable errors, and an end on request."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from userprofiles.backfill.error_messages import TableLocation, rejected_error
from userprofiles.backfill.errors import (
    BackfillFailedError,
    DeniedError,
    ErrorKind,
    InvalidRequestError,
    StoppedError,
)
from userprofiles.backfill.limits import Limits
from userprofiles.backfill.stop import Stop
from userprofiles.backfill.tables.calls import Calls
from userprofiles.backfill.tables.table_scan import projection
from userprofiles.table import record

Page = dict[str, Any]


@dataclass(frozen=True)
class TableReader:
    """Reads a table. Its methods may run in several threads at the same time.

    All methods raise a `BackfillFailedError` if the table can't be read, and a `StoppedError` if a stop was
    requested.

    Attributes:
        client: A botocore client of DynamoDB.
        table: Name of the table.
        stop: Ends the reads between two calls.
        limits: Sizes and times.
    """

    client: Any
    table: str
    stop: Stop
    limits: Limits

    def call(self, operation: str, **parameters: Any) -> Page:
        """Call an operation on the table and return the response."""
        return self._call(self._calls(), operation, **parameters)

    def pages(self, operation: str, **parameters: Any) -> Iterator[Page]:
        """Yield the responses of a query or scan."""
        calls = self._calls()
        while True:
            response = self._call(calls, operation, **parameters)
            yield response
            if not response.get("LastEvaluatedKey"):
                return
            parameters["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def account_pages(self, names: Iterable[str], start: Page | None = None) -> Iterator[Page]:
        """Yield the responses of a scan of all accounts, with these attributes and PK.

        Args:
            names: The attributes.
            start: The key after which the scan starts; None for all accounts.
        """
        parameters = projection(dict.fromkeys(("PK", "SK", *names)))
        parameters["FilterExpression"] = "#1 = :account AND begins_with(#0, :user)"
        parameters["ExpressionAttributeValues"] = {
            ":account": {"S": record.SORT_KEYS["account"]},
            ":user": {"S": record.USER_PREFIX},
        }
        if start is not None:
            parameters["ExclusiveStartKey"] = start
        yield from self.pages("Scan", Limit=self.limits.page_rows, **parameters)

    def item_count(self) -> int | None:
        """Return DynamoDB's item count of the table, which is up to six hours old; None if it has none."""
        return self._calls().item_count()

    def _calls(self) -> Calls:
        meta = self.client.meta
        location = TableLocation(self.table, meta.region_name, meta.endpoint_url, has_connection_options=True)
        return Calls(self.client, location, self.stop, self.limits)

    def _call(self, calls: Calls, operation: str, **parameters: Any) -> Page:
        if self.stop.is_requested:
            raise StoppedError("Stopped. Run the command again.")
        try:
            response = calls.call(operation, TableName=self.table, **parameters)
        except DeniedError as error:
            raise BackfillFailedError(
                ErrorKind.RIGHTS,
                f"Access Denied (dynamodb:{operation} on table {self.table!r})\n"
                f"Ensure the IAM user or role has the permission dynamodb:{operation} on the table.",
            ) from error
        except InvalidRequestError as error:
            raise rejected_error(operation, calls.location) from error
        calls.record_success()
        return response
