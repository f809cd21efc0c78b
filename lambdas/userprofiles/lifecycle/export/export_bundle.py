"""The bundle of an export: all data of a user as one JSON document.

It has three members:

* `manifest`: format, user, time, template, and for each part its size and SHA-256
* `parts`: `account`, `profile`, `items` (the other items of the user's partition), `cognito` and `files`
* `links`: signed URLs of the files. They differ in each export, so they are not in a part

Account and profile have all attributes except the bookkeeping of the table. `export_values` describes how
values are written. The hash of a part is the SHA-256 of its canonical JSON: UTF-8, names sorted by code
point, no spaces, and no escapes except those that RFC 8259 requires.

A function uses this module, so it does not import the JSON Schema compiler.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from userprofiles.api.export_schema import BOOKKEEPING, FORMAT, PARTS
from userprofiles.lifecycle.export import export_values
from userprofiles.table import audit, record
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.table.item_upgrade import TEMPLATE_VERSION
from userprofiles.table.record import Item
from userprofiles.template_version import FIRST_VERSION

Bundle = dict[str, Any]


@dataclass(frozen=True)
class UserData:
    """All data of a user.

    Attributes:
        account: The item of the account.
        profile: The item of the profile.
        items: The other items of the user's partition, in DynamoDB's typed JSON.
        cognito: The user in Cognito, as JSON; empty if the pool has no such user.
        files: Key and size of each file of the user.
        links: Signed URLs of the files, by key.
    """

    account: Item
    profile: Item
    items: Sequence[Mapping[str, AttributeValue]] = ()
    cognito: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Mapping[str, Any]] = ()
    links: Mapping[str, str] = field(default_factory=dict)


def build(sub: str, data: UserData, *, template: str, moment: datetime) -> Bundle:
    """Build the bundle of a user.

    Args:
        sub: The user's sub.
        data: The user's data.
        template: Name of the template.
        moment: The time of the export.
    """
    parts = {
        "account": _exported_fields(data.account),
        "profile": _exported_fields(data.profile),
        "items": [
            export_values.encode_item({name: value for name, value in item.items() if name != "PK"})
            for item in data.items
        ],
        "cognito": dict(data.cognito),
        "files": list(data.files),
    }
    manifest = {
        "format": FORMAT,
        "userId": sub,
        "createdAt": record.timestamp(moment),
        "template": template,
        "templateVersion": str(data.account.get(TEMPLATE_VERSION, FIRST_VERSION)),
        "parts": [describe_part(name, parts[name]) for name in PARTS],
    }
    if "createdBy" in data.account:
        manifest["createdBy"] = data.account["createdBy"]
    return {"manifest": manifest, "parts": parts, "links": dict(data.links)}


def _exported_fields(item: Item) -> dict[str, Any]:
    return export_values.encode_fields(
        {name: value for name, value in item.items() if name not in BOOKKEEPING}
    )


def describe_part(name: str, part: Any) -> dict[str, Any]:
    """Return the manifest's entry of a part: its name, size, hash and number of fields or items."""
    text = canonical_json(part)
    return {"name": name, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest(), "items": len(part)}


def canonical_json(document: Any) -> bytes:
    """Return the canonical JSON of a document.

    Raises:
        UnicodeEncodeError: A text has an unpaired surrogate.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def to_bytes(bundle: Bundle) -> bytes:
    """Return a bundle as compact JSON in UTF-8, with the manifest first."""
    return json.dumps(bundle, separators=(",", ":"), ensure_ascii=False).encode()


def digest(bundle: Bundle) -> str:
    """Return the SHA-256 of a bundle's manifest, which contains the hashes of all parts."""
    return audit.digest(bundle["manifest"])
