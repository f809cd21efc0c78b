"""Checks a bundle: its JSON Schema, the hash of each part, and values that DynamoDB can't store.

The hashes find damaged and edited files. They are not a signature:
a person who edits a part can write a new hash.
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastjsonschema

from userprofiles import template_document
from userprofiles.api import export_schema
from userprofiles.api.export_schema import PARTS
from userprofiles.lifecycle.export import export_bundle, export_values
from userprofiles.lifecycle.export.export_bundle import Bundle
from userprofiles.lifecycle.export.export_values import ExportValueError
from userprofiles.table import record
from userprofiles.table.attribute_value import AttributeValue
from userprofiles.table.item_upgrade import TEMPLATE_VERSION
from userprofiles.table.record import Item
from userprofiles.template_version import FIRST_VERSION


class UnreadableBundleError(ValueError):
    """A file can't be read or is not JSON. The message says why."""


class InvalidBundleError(ValueError):
    """A bundle has problems.

    Args:
        problems: One sentence for each problem, without values of the user.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class CheckedBundle:
    """A bundle without problems.

    Attributes:
        sub: The user's sub.
        template: Name of the template.
        account: The fields of the account.
        profile: The fields of the profile.
        items: The other items in DynamoDB's typed JSON, with PK.
        digest: SHA-256 of the manifest.
    """

    sub: str
    template: str
    account: Item
    profile: Item
    items: Sequence[Mapping[str, AttributeValue]]
    digest: str


def read_file(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UnreadableBundleError: The file can't be read or is not JSON.
    """
    try:
        return template_document.parse(path.read_bytes())
    except OSError as error:
        raise UnreadableBundleError(f"{path}: the file can't be read: {error.strerror}") from error
    except ValueError as error:
        raise UnreadableBundleError(f"{path}: the file is not JSON in UTF-8: {error}") from error


def check(document: Any) -> CheckedBundle:
    """Check a bundle.

    Raises:
        InvalidBundleError: The bundle has problems.
    """
    try:
        problems = list(_schema_problems(document)) or list(_content_problems(document))
    except RecursionError:
        problems = ["the bundle has more levels than a DynamoDB item can have"]
    if problems:
        raise InvalidBundleError(problems)
    manifest, parts = document["manifest"], document["parts"]
    key = {"PK": {"S": record.partition_key(manifest["userId"])}}
    return CheckedBundle(
        sub=manifest["userId"],
        template=manifest["template"],
        account=export_values.decode_fields(parts["account"]),
        profile=export_values.decode_fields(parts["profile"]),
        items=[{**key, **export_values.decode_item(item)} for item in parts["items"]],
        digest=export_bundle.digest(document),
    )


@functools.cache
def _validator() -> Callable[[Any], Any]:
    validate: Callable[[Any], Any] = fastjsonschema.compile(export_schema.create_schema(), fast_fail=False)
    return validate


def _schema_problems(document: Any) -> Iterator[str]:
    try:
        _validator()(document)
    except fastjsonschema.JsonSchemaValuesException as error:
        for violation in error.errors:
            yield violation.message.removeprefix("data.")


def _content_problems(bundle: Bundle) -> Iterator[str]:
    manifest, parts = bundle["manifest"], bundle["parts"]
    entries = {entry["name"]: entry for entry in manifest["parts"]}
    for name in PARTS:
        yield from _part_problems(name, parts[name], entries.get(name))
    user_in_cognito = parts["cognito"].get("attributes", {}).get("sub", manifest["userId"])
    if user_in_cognito != manifest["userId"]:
        yield "manifest.userId must be the attribute sub of parts.cognito"
    if manifest["templateVersion"] != parts["account"].get(TEMPLATE_VERSION, FIRST_VERSION):
        yield f"manifest.templateVersion must be the {TEMPLATE_VERSION} of parts.account"
    yield from _value_problems(parts)
    yield from _key_problems(parts["items"])


def _part_problems(name: str, part: Any, entry: Mapping[str, Any] | None) -> Iterator[str]:
    if entry is None:
        yield f"manifest.parts must have an entry for the part {name}"
        return
    try:
        actual = export_bundle.describe_part(name, part)
    except UnicodeEncodeError:
        yield f"parts.{name} has a text with an unpaired surrogate, which UTF-8 can't encode"
        return
    for value in ("sha256", "bytes", "items"):
        if actual[value] != entry[value]:
            yield f"parts.{name} was changed: {value} is {actual[value]}, the manifest has {entry[value]}"


def _value_problems(parts: Mapping[str, Any]) -> Iterator[str]:
    for kind in record.SORT_KEYS:
        for name, value in parts[kind].items():
            try:
                export_values.decode_fields({name: value})
            except ExportValueError as error:
                yield f"parts.{kind}.{name}: {error}"
    for number, item in enumerate(parts["items"]):
        try:
            export_values.decode_item(item)
        except ExportValueError as error:
            yield f"parts.items[{number}]: {error}"


def _key_problems(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    sort_keys = set(record.SORT_KEYS.values())
    for number, item in enumerate(items):
        sort_key = item["SK"]["S"]
        if sort_key in sort_keys:
            yield f"parts.items[{number}].SK must be unique, and not that of the account or the profile"
        sort_keys.add(sort_key)
