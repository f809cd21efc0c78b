"""Reads the data of a user for an export: the items of the table, the user in Cognito, and the files in S3.

Every read names the user: the partition `USER#<sub>`, one user of the pool, and keys that contain the sub. An
item of the partition that names another user, such as FRIEND#<sub>, has only what the item contains.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from userprofiles.api.avatars import CLAIMED_PREFIX, URL_SECONDS
from userprofiles.api.picture_key import PREFIX as UPLOADS_PREFIX
from userprofiles.social.content import MEDIA_PREFIX
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.table.store import store_error

EXPORTS_PREFIX = "exports/"
FILE_PREFIXES = (UPLOADS_PREFIX, f"{CLAIMED_PREFIX}{UPLOADS_PREFIX}")

_CREATED_ITEMS = tuple(record.SORT_KEYS.values())


def read_items(
    client: Any, users_table: str, sub: str, on_page: Callable[[int], None]
) -> Iterator[dict[str, AttributeValue]]:
    """Yield the items of a user's partition except account and profile, in DynamoDB's typed JSON.

    Args:
        client: A botocore client of DynamoDB.
        users_table: Name of the users table.
        sub: The user's sub.
        on_page: Called after each page, at most 1 MB, with the number of items so far. It can raise an error.

    Raises:
        userprofiles.table.store_errors.StoreError: DynamoDB returned an error.
    """
    items = 0
    start: dict[str, Any] = {}
    while True:
        try:
            response = client.query(
                TableName=users_table,
                KeyConditionExpression="PK = :user",
                ExpressionAttributeValues={":user": {"S": record.partition_key(sub)}},
                ConsistentRead=True,
                **start,
            )
        except (ClientError, BotoCoreError) as error:
            raise store_error(error) from None
        for item in response["Items"]:
            if item["SK"]["S"] not in _CREATED_ITEMS:
                yield item
                items += 1
        on_page(items)
        if not response.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}


def read_cognito_user(client: Any, pool_id: str, sub: str, name: str) -> dict[str, Any]:
    """Return a user of the pool as JSON; empty if the pool has no user with this name and sub.

    Args:
        client: A botocore client of Cognito.
        pool_id: The user pool.
        sub: The user's sub.
        name: The user name. Another user may have got it in the meantime.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: Cognito returned another error.
    """
    try:
        user = client.admin_get_user(UserPoolId=pool_id, Username=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "UserNotFoundException":
            return {}
        raise
    attributes = {entry["Name"]: entry.get("Value", "") for entry in user.get("UserAttributes", ())}
    if attributes.get("sub") != sub:
        return {}
    times = {"createdAt": user.get("UserCreateDate"), "updatedAt": user.get("UserLastModifiedDate")}
    return {
        "userName": user.get("Username", name),
        "status": user.get("UserStatus", ""),
        "enabled": user.get("Enabled") is not False,
        **{name: record.timestamp(time) for name, time in times.items() if time},
        "attributes": attributes,
        "secondFactors": list(user.get("UserMFASettingList", ())),
    }


def find_user_name(client: Any, pool_id: str, sub: str) -> str | None:
    """Return the user name of a user; None if the pool has no user with this sub.

    The user name of a federated user is not the sub (Amazon Cognito, AdminGetUser).

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: Cognito returned an error.
    """
    response = client.list_users(UserPoolId=pool_id, Filter=f'sub = "{sub}"', Limit=1)
    return next((user["Username"] for user in response.get("Users", ())), None)


@dataclass(frozen=True)
class StoredExport:
    """A bundle in S3.

    Attributes:
        key: Key of the object.
        version_id: Version of the object; None in a bucket without versions.
    """

    key: str
    version_id: str | None


class UserFiles:
    """The files of users in a bucket, such as uploads, claimed pictures and large bundles.

    Its methods raise botocore's errors.

    Args:
        bucket: Name of the bucket.
        client: A botocore client of S3 that signs with Signature Version 4.
        prefixes: Beginnings of the keys of users' files; the sub follows.
    """

    def __init__(self, bucket: str, client: Any, prefixes: tuple[str, ...] = FILE_PREFIXES) -> None:
        self._bucket = bucket
        self._client = client
        self._prefixes = prefixes

    def find(self, sub: str) -> list[dict[str, Any]]:
        """Return key and size of a user's files below the prefixes."""
        files = []
        for prefix in self._prefixes:
            position: dict[str, str] = {}
            while True:
                response = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=f"{prefix}{sub}/", **position
                )
                files += [
                    {"key": file["Key"], "bytes": file["Size"]} for file in response.get("Contents", ())
                ]
                if not response.get("IsTruncated"):
                    break
                position = {"ContinuationToken": response["NextContinuationToken"]}
        return files

    def sign(self, key: str) -> str:
        """Return a signed URL of an object, which is valid for `URL_SECONDS`.

        A function's credentials can expire earlier, and the URL with them (Amazon S3 User Guide, "Download
        and upload objects with presigned URLs").
        """
        url: str = self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=URL_SECONDS
        )
        return url

    def store(self, sub: str, bundle: bytes) -> StoredExport:
        """Store a bundle below `exports/<sub>/`. The bucket deletes it after some days."""
        key = f"{EXPORTS_PREFIX}{sub}/{uuid.uuid4().hex}.json"
        response: Mapping[str, Any] = self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=bundle,
            ContentType="application/json",
            CacheControl="no-store",
        )
        return StoredExport(key, response.get("VersionId"))

    def delete(self, stored: StoredExport) -> None:
        """Delete a stored bundle, without a delete marker."""
        version = {"VersionId": stored.version_id} if stored.version_id else {}
        self._client.delete_object(Bucket=self._bucket, Key=stored.key, **version)


def media_files(bucket: str, client: Any) -> UserFiles:
    """Return the media of users' content.

    Args:
        bucket: Name of the bucket with media.
        client: A botocore client of S3 that signs with Signature Version 4.
    """
    return UserFiles(bucket, client, (MEDIA_PREFIX,))
