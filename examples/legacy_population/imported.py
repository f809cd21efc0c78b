"""What an import has left behind: read from pool, table and bucket, without any code of the import."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_LINKS = {"FRIEND": "friends", "SUBSCRIBER": "subscribers", "BLOCK": "blocked_users"}
_MIRRORS = {"FRIEND": "FRIEND", "SUBSCRIBER": "SUBSCRIPTION", "BLOCK": "BLOCKED_BY"}
_USER = "USER#"


@dataclass
class Imported:
    """The records of an import.

    Attributes:
        subs: The sub of each user by old ID.
        users: How often an old ID has an account.
        confirmed: How often an old ID has a confirmed user in the pool.
        contents: How often a biograph is there, by its old ID and the old ID of its owner.
        files: The keys of the files in the bucket.
        file_entries: The keys that the biographs name.
        links: How often a link is there: its kind, the user who has it, and the other user.
        mirrors_missing: Links that only one of both users has.
        plans: The end of each paid plan by the user's old ID.
        old_urls: URLs of the old application's hosts that clients would see.
    """

    subs: dict[str, str] = field(default_factory=dict)
    users: Counter[str] = field(default_factory=Counter)
    confirmed: Counter[str] = field(default_factory=Counter)
    contents: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: set[str] = field(default_factory=set)
    file_entries: set[str] = field(default_factory=set)
    links: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    mirrors_missing: int = 0
    plans: dict[str, datetime | None] = field(default_factory=dict)
    old_urls: int = 0


def read_imported(client: Any, outputs: Mapping[str, Any], old_hosts: tuple[str, ...]) -> Imported:
    """Read what an import has left behind.

    Args:
        client: Returns a client of a service by its name.
        outputs: The stack's outputs.
        old_hosts: Hosts of the old application.
    """
    items = list(_scan(client("dynamodb"), outputs["usersTableName"]))
    imported = Imported()
    old_ids: dict[str, str] = {}
    for item in items:
        if item["SK"] == {"S": "ACCOUNT#MAIN"} and "S" in item.get("old_user_id", {}):
            sub, old_id = item["PK"]["S"].removeprefix(_USER), item["old_user_id"]["S"]
            old_ids[sub] = old_id
            imported.users[old_id] += 1
            imported.subs[old_id] = sub
            imported.old_urls += _count_old_urls(item.get("profile_picture"), old_hosts)
    keys = {(item["PK"]["S"], item["SK"]["S"]) for item in items}
    for item in items:
        old_id = old_ids.get(item["PK"]["S"].removeprefix(_USER))
        if old_id is not None:
            _read_item(imported, item, old_id, old_ids, keys)
            imported.old_urls += _count_old_urls(item.get("text"), old_hosts)
    for user in _list_users(client("cognito-idp"), outputs["userPoolId"]):
        attributes = {entry["Name"]: entry["Value"] for entry in user["Attributes"]}
        if user["UserStatus"] == "CONFIRMED" and attributes["sub"] in old_ids:
            imported.confirmed[old_ids[attributes["sub"]]] += 1
    imported.files = set(_list_keys(client("s3"), outputs["mediaBucketName"]))
    return imported


def _read_item(
    imported: Imported,
    item: Mapping[str, Any],
    old_id: str,
    old_ids: Mapping[str, str],
    keys: set[tuple[str, str]],
) -> None:
    sort_key = item["SK"]["S"]
    kind, _, rest = sort_key.partition("#")
    if kind == "CONTENT" and "old_biograph_id" in item:
        imported.contents[item["old_biograph_id"]["S"], old_id] += 1
        sub = item["PK"]["S"].removeprefix(_USER)
        for entry in item["media"]["L"]:
            if entry["M"]["state"] == {"S": "ready"}:
                imported.file_entries.add(f"media/{sub}/{rest}/{entry['M']['id']['S']}")
    elif kind in _LINKS:
        imported.links[_LINKS[kind], old_id, old_ids.get(rest, rest)] += 1
        mirror = (f"{_USER}{rest}", f"{_MIRRORS[kind]}#{item['PK']['S'].removeprefix(_USER)}")
        imported.mirrors_missing += mirror not in keys
    elif sort_key == "PREMIUM#MAIN":
        end = item.get("ends_at", {}).get("S")
        imported.plans[old_id] = None if end is None else datetime.fromisoformat(end)


def _count_old_urls(attribute: Mapping[str, Any] | None, old_hosts: tuple[str, ...]) -> int:
    text = (attribute or {}).get("S", "")
    return sum(host in text for host in old_hosts)


def _scan(dynamodb: Any, table: str) -> Iterator[Mapping[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _list_users(cognito: Any, pool_id: str) -> Iterator[Mapping[str, Any]]:
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool_id):
        yield from page["Users"]


def _list_keys(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="media/"):
        for entry in page.get("Contents", ()):
            yield entry["Key"]
