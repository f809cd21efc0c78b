"""The media of a user's content, with all their versions.

A signed upload can begin until the time in the content item (`uploadsUntil`), also after the user's items are
deleted. So this store comes before them, and is not done before that time: a later run deletes what arrived
in the meantime. No upload is signed after the erasure has begun.
"""

from typing import Any

from userprofiles.lifecycle.erasure.stores.batches import read_pages
from userprofiles.lifecycle.erasure.stores.files import FileStore
from userprofiles.lifecycle.erasure.stores.store import StoreWork
from userprofiles.social import content
from userprofiles.table import record

_WAIT = "waitUntil"


class MediaStore(FileStore):
    """All versions and delete markers below the media prefix of a user.

    Args:
        client: A botocore client of S3.
        bucket: Name of the bucket with media.
        dynamodb: A botocore client of DynamoDB.
        users_table: Name of the users table.
    """

    # The underscore keeps it apart from stores of the team, whose names can't have one.
    name = "media_files"

    def __init__(self, client: Any, bucket: str, dynamodb: Any, users_table: str) -> None:
        super().__init__(client, bucket)
        self._dynamodb = dynamodb
        self._users_table = users_table

    def prefixes(self, sub: str) -> tuple[str, ...]:
        """Return the prefix of a user's media."""
        return (content.media_prefix(sub),)

    def erase(self, work: StoreWork) -> bool:
        """Delete all media. Return False until no upload can begin any more. See `ErasureStore.erase`."""
        wait_until = self._wait_until(work)
        return super().erase(work) and wait_until <= record.timestamp(work.clock())

    def _wait_until(self, work: StoreWork) -> str:
        """Return the time that the receipt has. The first run of an erasure records it.

        Another run can have deleted the content items already, so only the receipt is right.
        """
        if _WAIT in work.entry:
            return str(work.entry[_WAIT])
        times = [work.receipt.started_at, *self._upload_times(work.sub)]
        work.receipts.record(work.receipt, self.name, _WAIT, max(times))
        receipt = work.receipts.read(work.sub)
        return str(receipt.stores[self.name][_WAIT]) if receipt else max(times)

    def _upload_times(self, sub: str) -> list[str]:
        pages = read_pages(
            self._dynamodb.query,
            TableName=self._users_table,
            KeyConditionExpression="PK = :user AND begins_with(SK, :prefix)",
            ExpressionAttributeValues={
                ":user": {"S": record.partition_key(sub)},
                ":prefix": {"S": content.PREFIX},
            },
            ProjectionExpression="uploadsUntil",
            ConsistentRead=True,
        )
        return [item["uploadsUntil"]["S"] for page in pages for item in page["Items"] if item]
