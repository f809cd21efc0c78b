"""Values of look-ups that are not supported."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi_localaws.engine.unknown_results import build_unknown_value
from pulumi_localaws.resources.unknown_values import UNKNOWN


@pulumi.output_type
class Block:
    def __init__(self, *, cidr: str) -> None:
        pulumi.set(self, "cidr", cidr)

    @property
    @pulumi.getter
    def cidr(self) -> str:
        return str(pulumi.get(self, "cidr"))


@pulumi.output_type
class LookupResult:
    """A result as the SDK defines it."""

    def __init__(self, name: str, blocks: list[Any]) -> None:
        pulumi.set(self, "name", name)
        pulumi.set(self, "blocks", blocks)

    @property
    @pulumi.getter
    def name(self) -> str:
        return str(pulumi.get(self, "name"))

    @property
    @pulumi.getter
    def blocks(self) -> Sequence[Block]:
        return list(pulumi.get(self, "blocks"))


@pytest.mark.parametrize(
    ("value_type", "expected"),
    [
        (str, UNKNOWN),
        (str | None, UNKNOWN),
        (bool, False),
        (int, 0),
        (Sequence[str], [UNKNOWN] * 3),
        (Mapping[str, str], {}),
        (Any, None),
    ],
)
def test_value_has_its_type(value_type: Any, expected: Any) -> None:
    assert build_unknown_value(value_type) == expected


def test_result_of_a_look_up_has_unknown_texts() -> None:
    result = build_unknown_value(LookupResult)

    assert result.name == UNKNOWN
    assert [block.cidr for block in result.blocks] == [UNKNOWN] * 3
