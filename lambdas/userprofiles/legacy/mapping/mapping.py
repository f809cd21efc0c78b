"""The mapping of an old application: reads users, content and links from its documents."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from userprofiles.legacy.errors import MappingError
from userprofiles.legacy.mapping.field import Field
from userprofiles.legacy.mapping.mapping_check import find_problems
from userprofiles.legacy.mapping.mapping_file import read_mapping_file
from userprofiles.legacy.mapping.records import LegacyContent, LegacyLink, LegacyPremium, LegacyUser
from userprofiles.legacy.mapping.targets import (
    CONTENT_TARGETS,
    LINK_KINDS,
    LINK_TARGETS,
    USER_TARGETS,
    Target,
)

_UNDIGESTED = frozenset({"updated_at"})
"""Many applications change it at each sign-in, so it says nothing about the other values."""


@dataclass(frozen=True)
class CollectionMapping:
    """The mapping of a collection.

    Attributes:
        collection: The name of the collection.
        fields: The values that are read.
        ignored: The paths of fields that are left out on purpose.
        kind: The kind of a collection of links; empty for other collections.
    """

    collection: str
    fields: tuple[Field, ...]
    ignored: tuple[str, ...] = ()
    kind: str = ""

    def read(self, document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the values of a document by target, and the problems."""
        problems: list[str] = []
        values = {field.name: field.read(document, problems) for field in self.fields}
        problems += [
            f"{field.name}: {' or '.join(field.sources)} is required"
            for field in self.fields
            if field.target.is_required and not values[field.name] and field.is_missing(document)
        ]
        return values, tuple(dict.fromkeys(problems))


class LegacyMapping:
    """The mapping of an old application. One object serves all threads.

    Args:
        document: The mapping as a document that has no problems.

    Attributes:
        source_name: The name of the application, a part of the keys of what an import creates.
        digest: The SHA-256 of the document, for plans.
        users: The mapping of the users.
        content: The mapping of each collection of content.
        links: The mapping of each collection of links.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.source_name: str = document["sourceName"]
        self.digest = _sha256(document)
        self.users = _collection_mapping(document["users"], USER_TARGETS)
        self.content = {
            entry["collection"]: _collection_mapping(entry, CONTENT_TARGETS)
            for entry in document.get("content", ())
        }
        self.links = {
            entry["collection"]: _collection_mapping(entry, LINK_TARGETS)
            for entry in document.get("links", ())
        }

    @classmethod
    def load(cls, name: str) -> "LegacyMapping":
        """Load a mapping.

        Args:
            name: The path of a file (`….json`), or the name of a preset, such as `biograph`.

        Raises:
            MappingError: There is no such mapping, or it is not valid. The error has all problems.
        """
        document = read_mapping_file(name)
        problems = list(find_problems(document))
        if problems:
            raise MappingError(name, problems)
        return cls(document)

    @property
    def users_collection(self) -> str:
        """The collection of the users."""
        return self.users.collection

    @property
    def content_collections(self) -> Sequence[str]:
        """The collections of content, in the order of the mapping."""
        return list(self.content)

    @property
    def link_collections(self) -> Sequence[str]:
        """The collections of links, in the order of the mapping."""
        return list(self.links)

    @property
    def users_list_links(self) -> bool:
        """Whether documents of users have lists of friends, subscribers or blocks."""
        return bool(self._link_lists())

    @property
    def users_list_friends(self) -> bool:
        """Whether friends are lists of users only. Then a friendship that one user lists is one-sided."""
        kinds = {mapping.kind for mapping in self.links.values()}
        return "friends" in self._link_lists() and "friends" not in kinds

    def _link_lists(self) -> set[str]:
        return {field.name for field in self.users.fields if field.name in LINK_KINDS and field.sources}

    @property
    def collections(self) -> Sequence[CollectionMapping]:
        """The mappings of all collections, the users first."""
        return [self.users, *self.content.values(), *self.links.values()]

    def read_user(self, document: Mapping[str, Any]) -> LegacyUser:
        """Read a user. What does not fit is in `problems`; it never raises because of data."""
        values, problems = self.users.read(document)
        digest = _digest(values)
        premium = LegacyPremium(
            values.pop("premium_plan"), values.pop("premium_start"), values.pop("premium_end")
        )
        has_dates = bool(premium.start or premium.end) and not self._has_free_plan(document)
        has_premium = bool(premium.plan) or has_dates
        return LegacyUser(
            **values, premium=premium if has_premium else None, digest=digest, problems=problems
        )

    def _has_free_plan(self, document: Mapping[str, Any]) -> bool:
        """Return whether the mapping translates the name of the plan to an empty text."""
        field = next(field for field in self.users.fields if field.name == "premium_plan")
        if not field.values or field.is_missing(document):
            return False
        problems: list[str] = []
        return not field.read(document, problems) and not problems

    def read_content(self, collection: str, document: Mapping[str, Any]) -> LegacyContent:
        """Read a record of content. What does not fit is in `problems`; it never raises because of data."""
        values, problems = self.content[collection].read(document)
        return LegacyContent(**values, collection=collection, digest=_digest(values), problems=problems)

    def read_link(self, collection: str, document: Mapping[str, Any]) -> LegacyLink:
        """Read a link. What does not fit is in `problems`; it never raises because of data."""
        mapping = self.links[collection]
        values, problems = mapping.read(document)
        return LegacyLink(**values, kind=mapping.kind, problems=problems)


def _collection_mapping(entry: Mapping[str, Any], targets: Mapping[str, Target]) -> CollectionMapping:
    fields = tuple(_field(name, target, entry["fields"].get(name)) for name, target in targets.items())
    return CollectionMapping(
        entry["collection"], fields, tuple(entry.get("ignored", ())), entry.get("kind", "")
    )


def _field(name: str, target: Target, entry: Any) -> Field:
    if entry is None:
        return Field(name, target, default=target.default)
    if isinstance(entry, (str, list)):
        entry = {"from": entry}
    sources = entry.get("from", ())
    return Field(
        name,
        target,
        sources=(sources,) if isinstance(sources, str) else tuple(sources),
        default=entry.get("default", target.default),
        values=entry.get("values", {}),
        unit=entry.get("unit", ""),
        item=entry.get("item", ""),
    )


def _digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of mapped values. The order of fields and of entries of a list does not matter."""
    return _sha256(
        {
            name: sorted(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if name not in _UNDIGESTED
        }
    )


def _sha256(document: Any) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
