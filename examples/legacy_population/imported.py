"""What an import has left behind: read from pool, table and bucket, without any code of the import."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_LINKS = {"FRIEND": "friends", "SUBSCRIBER": "subscribers", "BLOCK": "blocked_users"}
_MIRRORS = {"FRIEND": "FRIEND", "SUBSCRIBER": "SUBSCRIPTION", "BLOCK": "BLOCKED_BY"}
_USER = "USER#"
_PICTURE = "19700101T000000000Z-"  # no content has this time; see `legacy.content.pictures_stage`
_LEGACY = "LEGACY#"
_BOTH_ITEMS = ("ACCOUNT#MAIN", "PROFILE#MAIN")


@dataclass
class Imported:
    """The records of an import.

    Attributes:
        subs: The sub of each user by old ID.
        users: How often an old ID has an account and a profile.
        confirmed: How often an old ID has a confirmed user in the pool.
        contents: How often a biograph is there, by its old ID and the old ID of its owner.
        files: The keys of the files in the bucket.
        file_entries: The keys that the biographs name.
        links: How often a link is there: its kind, the user who has it, and the other user.
        mirrors_missing: Links that only one of both users has.
        plans: The end of each paid plan by the user's old ID.
        old_urls: Biographs whose text leads to a host of the old application.
        pictures: The keys of the files of users' pictures, as their redirects name them.
        old_pictures: Users whose picture is at a host of the old application.
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
    pictures: set[str] = field(default_factory=set)
    old_pictures: int = 0


def read_imported(
    client: Any, outputs: Mapping[str, Any], known_ids: Collection[str], old_hosts: tuple[str, ...]
) -> Imported:
    """Read what an import has left behind.

    Args:
        client: Returns a client of a service by its name.
        outputs: The stack's outputs.
        known_ids: The old IDs of all users of the population. The stack can have other users, too.
        old_hosts: Hosts of the old application.
    """
    items = list(_scan(client("dynamodb"), outputs["usersTableName"]))
    keys = {(item["PK"]["S"], item["SK"]["S"]) for item in items}
    imported = Imported()
    old_ids: dict[str, str] = {}
    for partition, sort_key in keys:
        source, _, old_id = sort_key.removeprefix(_LEGACY).partition("#")
        if sort_key.startswith(_LEGACY) and source and old_id in known_ids and partition.startswith(_USER):
            sub = partition.removeprefix(_USER)
            old_ids[sub] = old_id
            imported.subs[old_id] = sub
            imported.users[old_id] += {(partition, sort) for sort in _BOTH_ITEMS} <= keys
    for item in items:
        if item.get("contentId", {}).get("S", "").startswith(_PICTURE):
            imported.pictures.add(item["mediaKey"]["S"])
        old_id = old_ids.get(item["PK"]["S"].removeprefix(_USER), "")
        if old_id:
            _read_item(imported, item, old_id, old_ids, keys)
            imported.old_urls += _has_old_url(item.get("text"), old_hosts)
            imported.old_pictures += _has_old_url(item.get("profile_picture"), old_hosts)
    for user in _list_users(client("cognito-idp"), outputs["userPoolId"]):
        attributes = {entry["Name"]: entry["Value"] for entry in user["Attributes"]}
        if user["UserStatus"] == "CONFIRMED" and attributes["sub"] in old_ids:
            imported.confirmed[old_ids[attributes["sub"]]] += 1
    keys_of_files = _list_keys(client("s3"), outputs["mediaBucketName"])
    imported.files = {key for key in keys_of_files if key.split("/")[1] in old_ids}
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


def _has_old_url(attribute: Mapping[str, Any] | None, old_hosts: tuple[str, ...]) -> bool:
    text = (attribute or {}).get("S", "")
    return any(host in text for host in old_hosts)


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
