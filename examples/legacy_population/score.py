"""Compares what an import has left behind with the truth."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from legacy_population.expectation import Expectation
from legacy_population.imported import Imported


@dataclass(frozen=True)
class Row:
    """One line of the truth table.

    Attributes:
        name: What is counted.
        expected: How many there must be.
        lost: Those that are missing.
        duplicated: Those that are there more than once.
        extra: Those that must not be there.
        example: One that is missing; empty if none is.
    """

    name: str
    expected: int
    lost: int = 0
    duplicated: int = 0
    extra: int = 0
    example: str = ""

    @property
    def is_true(self) -> bool:
        """Whether the truth holds."""
        return not (self.lost or self.duplicated or self.extra)


def score(expectation: Expectation, imported: Imported) -> list[Row]:
    """Return the truth table."""
    kinds = {"friends": "friends, both directions", "subscribers": "subscribers", "blocked_users": "blocks"}
    contents = expectation.contents.items()
    return [
        _compare("users with account and profile", expectation.users, imported.users),
        _compare("users in the pool, confirmed", expectation.users, imported.confirmed),
        _compare("biographs, each with its owner", contents, imported.contents),
        Row(
            "files in the bucket",
            expectation.files,
            lost=expectation.files - len(imported.file_entries & imported.files),
            extra=len(imported.files - imported.file_entries - imported.pictures),
        ),
        Row(
            "pictures in the bucket",
            expectation.pictures,
            lost=expectation.pictures - len(imported.pictures & imported.files),
            extra=len(imported.pictures - imported.files),
        ),
        *(
            _compare(
                name,
                [link for link in expectation.links if link[0] == kind],
                Counter({link: count for link, count in imported.links.items() if link[0] == kind}),
            )
            for kind, name in kinds.items()
        ),
        Row("links that only one of both users has", 0, extra=imported.mirrors_missing),
        _compare("paid plans, none ends early or late", expectation.plans.items(), _counted(imported.plans)),
        Row("biographs with URLs of old hosts", 0, extra=imported.old_urls),
    ]


def _counted(plans: dict[str, Any]) -> Counter[Any]:
    return Counter(plans.items())


def _compare(name: str, expected: Iterable[Any], actual: Counter[Any]) -> Row:
    keys = set(expected)
    lost = [key for key in keys if not actual[key]]
    return Row(
        name,
        len(keys),
        lost=len(lost),
        duplicated=sum(max(0, actual[key] - 1) for key in keys),
        extra=sum(count for key, count in actual.items() if key not in keys),
        example=str(min(lost)) if lost else "",
    )
